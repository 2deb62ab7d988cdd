#!/usr/bin/env bash
# The prefixed build: what it exports and imports, that its header compiles, and that it works beside the library itself. Output
# is TAP. From the environment: PREFIXED (the directory with the build), PYBUFFER_CFLAGS and PYBUFFER_LIBS (the library itself).
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

# shellcheck source=../c-tests/support/tap.sh
. "$root/c-tests/support/tap.sh"
# shellcheck source=checks.sh
. "$root/prefixed/checks.sh"

exports_are_prefixed() {
    diff <(sed 's/^/pyb_/' "$root/tests/exports.txt" | sort) \
        <(exported "$library")
}

# The imports of the library itself, which tests/house/library.rs checks.
imports_are_the_librarys() {
    diff <(undefined "$root/target/release/libpybuffer.so") <(undefined "$library") &&
        ! undefined "$library" | grep -E '^(_?Py|pyb)'
}

# Each exported name is declared, or a name of its own in the macros, and none without its prefix that is not a macro, too.
header_declares_all() {
    local words macros
    macros=$(sed -n 's/^ *# *define \([A-Za-z_0-9]*\)(.*/\1/p' "$PREFIXED/include/pybuffer/pybuffer_prefixed.h" | sort -u)
    words=$(grep -oE '[A-Za-z_][A-Za-z0-9_]*' "$PREFIXED/include/pybuffer/pybuffer_prefixed.h" | sort -u)
    [ -z "$(comm -13 <(echo "$words") <(sed 's/^/pyb_/' "$root/tests/exports.txt" | sort))" ] &&
        [ -z "$(comm -12 <(echo "$words") <(sort "$root/tests/exports.txt") | comm -23 - <(echo "$macros"))" ]
}

beside() { # flag-for-the-prefixed-library...
    "$CC" -std=c99 -g "${warnings[@]}" "${cflags[@]}" -c "$root/prefixed/beside.c" -o "$directory/beside.o" &&
        "$CC" -std=c99 -g "${warnings[@]}" -I"$PREFIXED/include" -c "$root/prefixed/beside_prefixed.c" \
            -o "$directory/beside_prefixed.o" &&
        "$CC" "$directory/beside.o" "$directory/beside_prefixed.o" "$@" "${libs[@]}" -o "$directory/beside" &&
        [ "$("$directory/beside")" = ok ] &&
        "${memcheck[@]}" ${memcheck[0]:+--errors-for-leak-kinds=definite} "$directory/beside"
}

static_has_no_bitcode() {
    ! readelf -SW "$PREFIXED/libpybuffer_prefixed.a" | grep -F .llvmbc
}

find_checkers
test_that "exports are the library's, prefixed" exports_are_prefixed
test_that "imports are the library's, and none is Python's" imports_are_the_librarys
test_that "the static one has no LLVM bitcode, which plugins of binutils would read" static_has_no_bitcode
test_that "the header has all names with the prefix, and none without" header_declares_all
test_that "the header compiles alone in C99" header_compiles "$CC" c99 c -Wpedantic
test_with "C++ compiler" "the header compiles alone in C++11" header_compiles "$CXX" c++11 c++ -Wpedantic
test_that "the shared one works beside the library" beside "$library" "-Wl,-rpath,$(realpath "$PREFIXED")"
test_that "the static one works beside the library" beside "$PREFIXED/libpybuffer_prefixed.a" -lpthread
tap_end
