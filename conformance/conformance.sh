#!/usr/bin/env bash
# CPython's own tests on the library's memoryview, and the library's memoryview compared with CPython's. Called by make, which says
# where the prefixed library is (PREFIXED). VERSIONS (3.13 3.12 3.11) can be fewer, SUITES can name some of those in suites.py, and
# REPEAT (3) is how often the two about memoryviews are run, each time with other random numbers.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CC=${CC:-cc}
prefixed=$(realpath "${PREFIXED:?}")
build=$(realpath "$prefixed/..")/conformance
VERSIONS=${VERSIONS:-3.13 3.12 3.11}
read -ra suites <<<"${SUITES:-}"
# The library and CPython have the same hashes where both take the key from here.
export PYTHONHASHSEED=${PYTHONHASHSEED:-$((RANDOM * 32768 + RANDOM))}
export PYTHONDONTWRITEBYTECODE=1
status=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

failed() { # message...
    echo "$*"
    status=1
}

lacking() { # tool what: where nothing may be missing that is a failure
    bash "$here/../tests/tools.sh" skip "$1" "$2" || status=1
}

# shellcheck source=headers.sh
. "$here/headers.sh"

build_module() { # python directory
    mkdir -p "$2" &&
        "$CC" -std=gnu11 -O2 -g -DNDEBUG -Wall -Wextra -Werror -fPIC -shared -I"$(headers "$1")" -I"$prefixed/include" \
            -I"$here/../python/binding" "$here"/../python/binding/*.c "$here"/binding/*.c -o "$2/pybuffer_binding.so" -L"$prefixed" -lpybuffer_prefixed -Wl,-rpath,"$prefixed"
}

compare() { # python directory
    (cd "$work" && "$1" -W ignore -X faulthandler "$here/consumers.py" "$2")
}

modules=() pythons=()
for version in $VERSIONS; do
    python=$(bash "$here/versions.sh" "$version")
    if [ -z "$python" ]; then
        lacking "CPython $version" "CPython's own tests of memoryviews and buffers, of $version"
        continue
    fi
    if ! build_module "$python" "$build/$version"; then
        failed "the module for CPython $version does not compile"
        continue
    fi
    modules+=("$build/$version")
    pythons+=("$python")
done
PYTHONS="${pythons[*]}" MODULES="${modules[*]}" bash "$here/../tests/prove.sh" "$here/modules.sh" || status=1
if [ ${#pythons[@]} = 0 ]; then
    echo "None of CPython's own tests were run."
    exit "$status"
fi

echo "PYTHONHASHSEED=$PYTHONHASHSEED"
# A Python 3 runs the tests of 2.7.
export PYTHON2_TESTS=
for directory in "${PYENV_ROOT:-$(pyenv root 2>/dev/null)}"/versions/2.7.*/lib/python2.7/test; do
    # Where each of the interpreters finds it.
    [ -f "$directory/test_buffer.py" ] && PYTHON2_TESTS=$work/python2 && mkdir -p "$PYTHON2_TESTS" &&
        cp "$directory/test_buffer.py" "$PYTHON2_TESTS"
done
[ -n "$PYTHON2_TESTS" ] || lacking "CPython 2.7" "CPython's own tests of buffers, of 2.7"
for i in "${!pythons[@]}"; do
    [ "$i" = 0 ] && { (cd "$here" && "${pythons[0]}" test_run.py 2>&1 | tail -n 1 | grep -x OK >"$work/ok") || failed "test_run.py fails"; }
    # The tests leave files where they are run.
    (cd "$work" && "${pythons[i]}" -W ignore -X faulthandler "$here/run.py" "${modules[i]}" "$here/skips.toml" "${suites[@]}") \
        2>"$work/errors" ||
        failed "CPython's tests fail on ${pythons[i]}: $(tail -n 20 "$work/errors")"
    compare "${pythons[i]}" "${modules[i]}" || failed "consumers.py fails on ${pythons[i]}"
done

# Again with NumPy and Pillow, if a Python has them.
if ! [ -x "${NUMPY_PYTHON:-}" ]; then
    lacking NumPy "NumPy's exporters and consumers"
elif ! [ -f "$(headers "$NUMPY_PYTHON")/Python.h" ]; then
    lacking python3 "NumPy's exporters and consumers, for which its Python needs headers"
else
    if build_module "$NUMPY_PYTHON" "$build/numpy"; then
        compare "$NUMPY_PYTHON" "$build/numpy" || failed "consumers.py fails on $NUMPY_PYTHON"
    else
        failed "the module for $NUMPY_PYTHON does not compile"
    fi
fi
[ "$status" = 0 ] && echo "Conformance tests passed."
exit "$status"
