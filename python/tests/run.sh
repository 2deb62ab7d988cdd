#!/usr/bin/env bash
# The package's tests on CPythons: each gets an environment in target/python with setuptools, NumPy, Pillow, pytest and the exporters of
# known_bad.txt from PyPI, in which the package is installed from the checkout, on the library that `make prefixed` has built. A CPython
# that `make pythons` has fetched runs in a folder without pip and compiler: for it the module is compiled, and packages are
# unpacked, from outside.
#
#   run.sh VERSION...
#
# From the environment: LIBPYBUFFER_PREFIXED (the folder of the prefixed build).
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(realpath "$here/../..")
folder=$project/target/python
status=0
# shellcheck source=../../c-tests/support/oracle.sh
. "$project/c-tests/support/oracle.sh"
# shellcheck source=../../conformance/headers.sh
. "$project/conformance/headers.sh"
mapfile -t packages < <(printf 'numpy\npillow\n'; grep -o '^[^ #]*' "$here/known_bad.txt")

skip() { # tool what
    bash "$project/tests/tools.sh" skip "$1" "$2" || status=1
}

# Runs a command for each package; a package that is not to be had is a skip by name, later. Done again where the list has changed.
with_packages() { # place command...
    local place=$1 package
    shift
    [ -z "${PYBUFFER_NO_INSTALL:-}" ] || return 0
    [ "$(cat "$place.packages" 2>/dev/null)" != "${packages[*]}" ] || return 0
    for package in "${packages[@]}"; do
        "$@" "$package" || true
    done >>"$place.log" 2>&1
    echo "${packages[*]}" >"$place.packages"
}

# An environment with pip in it.
in_environment() { # version python
    local environment=$folder/$1 log=$folder/$1.log
    if ! "$environment/bin/python" -c 'import setuptools' 2>/dev/null; then
        rm -rf "$environment" "$environment.packages"
        if [ -n "${PYBUFFER_NO_INSTALL:-}" ] ||
            ! { "$2" -m venv "$environment" && "$environment/bin/pip" install -q setuptools wheel; } >"$log" 2>&1; then
            rm -rf "$environment"
            skip "setuptools (PyPI)" "the Python package on CPython $1"
            return 1
        fi
        "$environment/bin/pip" install -q --only-binary :all: pytest >>"$log" 2>&1 || true
    fi
    with_packages "$environment" "$environment/bin/pip" install -q --only-binary :all:
    if ! "$environment/bin/pip" install -q --no-build-isolation --no-deps --no-index --force-reinstall "$project/python" >>"$log" 2>&1; then
        tail -n 20 "$log"
        echo "the Python package cannot be installed on CPython $1"
        status=1
        return 1
    fi
    python=$environment/bin/python
}

# A folder of modules, for an interpreter that was fetched. (Wheels are chosen by its version, whatever that of the pip.)
from_outside() { # version python
    local site=$folder/$1 log=$folder/$1.log name
    name=$(sed -n 's/^NAME = "\(.*\)"/\1/p' "$project/python/setup.py")
    mkdir -p "$site/$name"
    with_packages "$site" python3 -m pip install -q --target "$site" --python-version "$1" --only-binary :all: --ignore-requires-python --upgrade
    cp "$project"/python/package/* "$site/$name/"
    # shellcheck disable=SC2046  # the headers' folder has no spaces
    if ! "${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -fvisibility=hidden -fPIC -shared -pthread "-DPACKAGE=\"$name\"" \
        -I"$project/python/binding" -I"$project/python/module" -I"$LIBPYBUFFER_PREFIXED/include" -I$(headers "$2") \
        "$project"/python/binding/*.c "$project"/python/module/*.c "$LIBPYBUFFER_PREFIXED/libpybuffer_prefixed.a" \
        -Wl,--exclude-libs,ALL -Wl,-z,relro,-z,now -o "$site/$name/_core.so" >>"$log" 2>&1; then
        tail -n 20 "$log"
        echo "the Python package cannot be compiled for CPython $1"
        status=1
        return 1
    fi
    python=$2
    export PYTHONPATH=$site
}

mkdir -p "$folder"
# Out of the folder with the package, so that it is the installed one that is tested.
cd "$folder" || exit 1
for version in "$@"; do
    unset PYTHONPATH
    prefix=$(find_oracle "$version")
    python=$prefix/bin/python$version
    if [ -n "$prefix" ] && [ -x "$prefix/run" ]; then
        from_outside "$version" "$python" || continue
    elif "$python" -c 'import ensurepip, os, sysconfig; assert os.path.exists(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null; then
        in_environment "$version" "$python" || continue
    else
        case $version in
        3.11 | 3.13) skip "CPython $version" "the Python package on it" ;;
        *) CI='' skip "CPython $version" "the Python package on it" ;;
        esac
        continue
    fi
    echo "CPython $version:"
    for package in numpy PIL pytest glm pygame pyarrow mlx.core; do
        "$python" -c "import $package" >/dev/null 2>&1 ||
            CI='' skip "$package (PyPI)" "tests of the Python package that use it, on CPython $version"
    done
    "$python" -W error::ResourceWarning -X faulthandler -m unittest discover -s "$here" -t "$here" 2>&1 || status=1
done
exit "$status"
