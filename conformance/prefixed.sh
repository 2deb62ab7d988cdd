#!/usr/bin/env bash
# The prefixed build: what it exports and imports, that its header compiles alone and behind Python.h, that it works beside the
# library itself, and that the extension module takes nothing of buffers and memoryviews from the interpreter. Output is TAP.
#
# From the environment: PREFIXED (the directory with the build), PYBUFFER_CFLAGS and PYBUFFER_LIBS (the library itself), MODULES
# (the directories of the built extension modules), PYTHONS (the interpreters that they are for).
set -u
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CC=${CC:-cc}
CXX=${CXX:-c++}
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
library=${PREFIXED:?}/libpybuffer_prefixed.so
read -ra cflags <<<"${PYBUFFER_CFLAGS:?}"
read -ra libs <<<"${PYBUFFER_LIBS:?}"
read -ra modules <<<"${MODULES:-}"
read -ra pythons <<<"${PYTHONS:-}"
warnings=(-Wall -Wextra -Werror)

# shellcheck source=../c-tests/support/tap.sh
. "$root/c-tests/support/tap.sh"

undefined() { # file: the names that it takes from others, without the versions of libc's symbols
    nm --dynamic --undefined-only --format=posix "$1" | cut -d' ' -f1 | cut -d@ -f1 | sort -u
}

exports_are_prefixed() {
    diff <(sed 's/^/pyb_/' "$root/tests/exports.txt" | sort) \
        <(nm --dynamic --defined-only --format=posix "$library" | cut -d' ' -f1 | sort)
}

# What the library itself takes, which tests/house/library.rs has looked at.
imports_are_the_librarys() {
    diff <(undefined "$root/target/release/libpybuffer.so") <(undefined "$library") &&
        ! undefined "$library" | grep -E '^(_?Py|pyb)'
}

needs_libc_only() {
    ! readelf --wide --dynamic "$library" | grep NEEDED | grep -v -F -e '[libc.so.' -e '[ld-linux'
}

linked_as_the_library() {
    local dynamic
    dynamic=$(readelf --wide --dynamic "$library")
    grep -q 'SONAME.*\[libpybuffer_prefixed\.so\.0\]' <<<"$dynamic" && grep -q BIND_NOW <<<"$dynamic" &&
        grep -q NODELETE <<<"$dynamic" && ! grep -q -e SYMBOLIC -e TEXTREL <<<"$dynamic" &&
        readelf --wide --segments "$library" | grep -q GNU_RELRO
}

# Each exported name is declared, or a name of its own in the macros, and none without its prefix.
header_declares_all() {
    local words
    words=$(grep -oE '[A-Za-z_][A-Za-z0-9_]*' "$PREFIXED/include/pybuffer/pybuffer_prefixed.h" | sort -u)
    [ -z "$(comm -13 <(echo "$words") <(sed 's/^/pyb_/' "$root/tests/exports.txt" | sort))" ] &&
        [ -z "$(comm -12 <(echo "$words") <(sort "$root/tests/exports.txt"))" ]
}

header_compiles() { # compiler standard language flag...
    local compiler=$1 standard=$2 language=$3
    shift 3
    printf '#include <pybuffer/pybuffer_prefixed.h>\n#include <pybuffer/pybuffer_prefixed.h>\n' |
        "$compiler" "-std=$standard" -x "$language" "${warnings[@]}" "$@" -I"$PREFIXED/include" -fsyntax-only -
}

beside() { # flag-for-the-prefixed-library...
    "$CC" -std=c99 -g "${warnings[@]}" "${cflags[@]}" -c "$root/conformance/beside.c" -o "$directory/beside.o" &&
        "$CC" -std=c99 -g "${warnings[@]}" -I"$PREFIXED/include" -c "$root/conformance/beside_prefixed.c" \
            -o "$directory/beside_prefixed.o" &&
        "$CC" "$directory/beside.o" "$directory/beside_prefixed.o" "$@" "${libs[@]}" -o "$directory/beside" &&
        [ "$("$directory/beside")" = ok ] &&
        "${memcheck[@]}" ${memcheck[0]:+--errors-for-leak-kinds=definite} "$directory/beside"
}

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

find_checkers
test_that "exports are the library's, prefixed" exports_are_prefixed
test_that "imports are the library's, and none is Python's" imports_are_the_librarys
test_that "it needs libc only" needs_libc_only
test_that "it is linked as the library is" linked_as_the_library
test_that "the header has all names with the prefix, and none without" header_declares_all
test_that "the header compiles alone in C99" header_compiles "$CC" c99 c -Wpedantic
test_with "C++ compiler" "the header compiles alone in C++11" header_compiles "$CXX" c++11 c++ -Wpedantic
for python in "${pythons[@]}"; do
    include=-I$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    test_that "the header compiles behind Python.h of $python" header_compiles "$CC" c11 c "$include" -include Python.h
    test_with "C++ compiler" "and in C++" header_compiles "$CXX" c++17 c++ "$include" -include Python.h -Wno-register
done
test_that "the shared one works beside the library" beside "$library" "-Wl,-rpath,$(realpath "$PREFIXED")"
test_that "the static one works beside the library" beside "$PREFIXED/libpybuffer_prefixed.a" -lpthread
test_that "the list of the module's imports has nothing of buffers" list_has_no_buffers
for module in "${modules[@]}"; do
    test_that "the module for CPython $(basename "$module") takes of it what is in the list" \
        module_takes_the_object_api_only "$module/pybuffer_binding.so"
    test_that "and uses the prefixed library" module_uses_the_prefixed_library "$module/pybuffer_binding.so"
done
tap_end
