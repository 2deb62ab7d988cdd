#!/usr/bin/env bash
# The package's tests on CPythons: each gets an environment in target/python with setuptools, NumPy, Pillow and pytest from PyPI, in which
# the package is installed from the checkout, on the library that `make prefixed` has built.
#
#   run.sh VERSION...
#
# From the environment: LIBPYBUFFER_PREFIXED (the folder of the prefixed build).
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(realpath "$here/../..")
status=0
# shellcheck source=../../c-tests/support/oracle.sh
. "$project/c-tests/support/oracle.sh"

skip() { # tool what
    bash "$project/tests/tools.sh" skip "$1" "$2" || status=1
}

for version in "$@"; do
    prefix=$(find_oracle "$version")
    python=$prefix/bin/python$version
    if ! "$python" -c 'import ensurepip, os, sysconfig; assert os.path.exists(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null; then
        skip "CPython $version" "the Python package on it"
        continue
    fi
    environment=$project/target/python/$version
    log=$environment.log
    mkdir -p "$project/target/python"
    if ! "$environment/bin/python" -c 'import setuptools' 2>/dev/null; then
        rm -rf "$environment"
        if [ -n "${PYBUFFER_NO_INSTALL:-}" ] ||
            ! { "$python" -m venv "$environment" && "$environment/bin/pip" install -q setuptools wheel; } >"$log" 2>&1; then
            rm -rf "$environment"
            skip "setuptools (PyPI)" "the Python package on CPython $version"
            continue
        fi
        for package in numpy pillow pytest $(grep -o '^[^ #]*' "$here/known_bad.txt"); do
            "$environment/bin/pip" install -q --only-binary :all: "$package" >>"$log" 2>&1 || true
        done
    fi
    # Out of the folder with the package, so that it is the installed one that is tested.
    cd "$project/target/python" || exit 1
    if ! "$environment/bin/pip" install -q --no-build-isolation --no-deps --no-index --force-reinstall "$project/python" >>"$log" 2>&1; then
        tail -n 20 "$log"
        echo "the Python package cannot be installed on CPython $version"
        status=1
        continue
    fi
    echo "CPython $version:"
    for package in numpy PIL pytest glm pygame; do
        "$environment/bin/python" -c "import $package" >/dev/null 2>&1 ||
            CI='' skip "$package (PyPI)" "tests of the Python package that use it, on CPython $version"
    done
    "$environment/bin/python" -W error::ResourceWarning -X faulthandler -m unittest discover -s "$here" -t "$here" 2>&1 || status=1
done
exit "$status"
