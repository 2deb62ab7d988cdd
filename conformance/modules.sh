#!/usr/bin/env bash
# The header of the prefixed build after Python.h, and the imports of the extension modules from the interpreter: nothing about buffers and
# memoryviews. Output is TAP.
#
# From the environment: PREFIXED (the directory with the prefixed build), MODULES (the directories of the built extension modules),
# PYTHONS (the interpreters that they are for).
set -u
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CC=${CC:-cc}
CXX=${CXX:-c++}
read -ra modules <<<"${MODULES:-}"
read -ra pythons <<<"${PYTHONS:-}"

# shellcheck source=../c-tests/support/tap.sh
. "$root/c-tests/support/tap.sh"
# shellcheck source=../prefixed/checks.sh
. "$root/prefixed/checks.sh"
# shellcheck source=headers.sh
. "$root/conformance/headers.sh"

# CPython's names among the imports are in the list, and the list has nothing of buffers and memoryviews in it.
module_takes_the_object_api_only() { # module
    local theirs unlisted
    theirs=$(undefined "$1" | grep -E '^_?Py')
    unlisted=$(comm -23 <(echo "$theirs") <(sort "$root/conformance/binding/imports.txt"))
    [ -n "$theirs" ] && [ -z "$unlisted" ] || { echo "not in imports.txt: $unlisted"; return 1; }
}

list_has_no_buffers() {
    ! grep -E 'Buffer_|MemoryView|PickleBuffer|ByteArray|ManagedBuffer|_CheckBuffer|_GetBuffer|ReadBuffer|WriteBuffer|CopyData' \
        "$root/conformance/binding/imports.txt"
}

module_uses_the_prefixed_library() { # module
    undefined "$1" | grep -q '^pyb_PyMemoryView_FromObject$' &&
        readelf --wide --dynamic "$1" | grep -q 'NEEDED.*\[libpybuffer_prefixed\.so\.0\]'
}

for python in "${pythons[@]}"; do
    include=-I$(headers "$python")
    test_that "the header compiles behind Python.h of $python" header_compiles "$CC" c11 c "$include" -include Python.h
    test_with "C++ compiler" "and in C++" header_compiles "$CXX" c++17 c++ "$include" -include Python.h -Wno-register
done
test_that "the list of the module's imports has nothing of buffers" list_has_no_buffers
for module in "${modules[@]}"; do
    test_that "the module for CPython $(basename "$module") takes of it what is in the list" \
        module_takes_the_object_api_only "$module/pybuffer_binding.so"
    test_that "and uses the prefixed library" module_uses_the_prefixed_library "$module/pybuffer_binding.so"
done
tap_end
