#!/usr/bin/env bash
# Installs the library into a temporary prefix and builds the README's program there as a user would: with pkg-config,
# shared and static, in C and in C++. Then uninstalls, and looks for what is left. Output is TAP.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CC=${CC:-cc}
CXX=${CXX:-c++}
warnings=(-Wall -Wextra -Wpedantic -Werror)
expected=$'11 21 31\n12 22 32\n13 23 33\n14 24 34'

prefix=$(mktemp -d) || exit 1
stage=$(mktemp -d) || exit 1
trap 'rm -rf "$prefix" "$stage"' EXIT
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig

# shellcheck source=../support/tap.sh
. "$root/c-tests/support/tap.sh"

# What the README shows is the program in examples/, to the letter.
readme_program() {
    awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$root/README.md" | diff - "$root/examples/minimal.c"
}

# shellcheck disable=SC2046  # pkg-config prints words
shared() { # compiler standard
    "$1" "-std=$2" -x "$(language "$2")" "${warnings[@]}" $(pkg-config --cflags pybuffer) "$root/examples/minimal.c" \
        -x none $(pkg-config --libs pybuffer) "-Wl,-rpath,$prefix/lib" -o "$prefix/shared" || return
    readelf -d "$prefix/shared" | grep -q 'NEEDED.*libpybuffer\.so\.0\]' || { echo "not linked with the library"; return 1; }
    prints_the_transpose "$prefix/shared"
}

# The installed C++ header, and the adapters, which say what to include before them.
# shellcheck disable=SC2046
cxx_header() {
    local adapter
    cat >"$prefix/program.cpp" <<'END'
#include <pybuffer/pybuffer.hpp>
#include <iostream>
int main()
{
    std::cout << pybuffer::own(std::vector<int>{1, 2, 3})[pybuffer::slice(1, 3)] << "\n";
    return 0;
}
END
    "$CXX" -std=c++17 "${warnings[@]}" $(pkg-config --cflags pybuffer) "$prefix/program.cpp" $(pkg-config --libs pybuffer) \
        "-Wl,-rpath,$prefix/lib" -o "$prefix/program" && [ "$("$prefix/program")" = "[2, 3]" ] || return
    for adapter in eigen opencv; do
        echo "#include <pybuffer/$adapter.hpp>" | "$CXX" -std=c++17 $(pkg-config --cflags pybuffer) -fsyntax-only -x c++ - 2>&1 |
            grep -q "error.*before <pybuffer/$adapter.hpp>" || { echo "pybuffer/$adapter.hpp does not say what it needs"; return 1; }
    done
    rm "$prefix/program" "$prefix/program.cpp"
    [ -e "$prefix/include/pybuffer/mdspan.hpp" ]
}

# shellcheck disable=SC2046
static() { # compiler standard
    local libs
    libs=$(pkg-config --static --libs pybuffer)
    "$1" "-std=$2" -x "$(language "$2")" "${warnings[@]}" $(pkg-config --cflags pybuffer) "$root/examples/minimal.c" \
        -x none ${libs/-lpybuffer/-l:libpybuffer.a} -o "$prefix/static" || return
    if readelf -d "$prefix/static" | grep -q libpybuffer; then
        echo "linked with the shared library"
        return 1
    fi
    prints_the_transpose "$prefix/static"
}

language() { # standard
    case $1 in *++*) echo c++ ;; *) echo c ;; esac
}

prints_the_transpose() { # program
    [ "$("$1")" = "$expected" ] || { "$1"; return 1; }
}

static_has_no_bitcode() {
    ! readelf -SW "$prefix/lib/libpybuffer.a" | grep -F .llvmbc
}

version_agrees() {
    local version
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
    [ "$(pkg-config --modversion pybuffer)" = "$version" ] &&
        grep -q "^#define PYBUFFER_VERSION \"$version\"\$" "$prefix/include/pybuffer/pybuffer.h"
}

links_lead_to_the_library() {
    local lib=$prefix/lib
    [ "$(readlink "$lib/libpybuffer.so")" = libpybuffer.so.0 ] && [ -f "$lib/libpybuffer.so.0" ] &&
        readelf -d "$lib/libpybuffer.so" | grep -q 'SONAME.*libpybuffer\.so\.0\]'
}

both_show_the_same_names() {
    nm -D --defined-only "$prefix/lib/libpybuffer.so" | awk '{ print $3 }' | LC_ALL=C sort >"$prefix/shared.names" &&
        nm -g --defined-only "$prefix/lib/libpybuffer.a" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort |
        diff "$prefix/shared.names" - && rm "$prefix/shared.names"
}

install_into() { # make arguments
    make --no-print-directory -C "$root" install "$@"
}

nothing_is_left() { # directory
    local left
    left=$(find "$1" -type f -o -type l)
    [ -z "$left" ] || { echo "$left"; return 1; }
}

staged() {
    install_into PREFIX=/opt/elsewhere "DESTDIR=$stage" && [ -f "$stage/opt/elsewhere/lib/libpybuffer.a" ] &&
        grep -q '^prefix=/opt/elsewhere$' "$stage/opt/elsewhere/lib/pkgconfig/pybuffer.pc" &&
        make --no-print-directory -C "$root" uninstall PREFIX=/opt/elsewhere "DESTDIR=$stage" && nothing_is_left "$stage"
}

uninstall_leaves_nothing() {
    rm -f "$prefix/shared" "$prefix/static"
    make --no-print-directory -C "$root" uninstall "PREFIX=$prefix" && nothing_is_left "$prefix"
}

test_that "the README's program is examples/minimal.c" readme_program
test_that "make install into a prefix" install_into "PREFIX=$prefix"
test_that "the links lead to the library, whose SONAME is libpybuffer.so.0" links_lead_to_the_library
test_that "the static library shows the same names as the shared one" both_show_the_same_names
test_that "the static library has no LLVM bitcode, which plugins of binutils would read" static_has_no_bitcode
test_with pkg-config "pkg-config and the header know the version" version_agrees
test_with pkg-config "a C99 program links with the shared library" shared "$CC" c99
test_with pkg-config "a C11 program links with the shared library" shared "$CC" c11
test_with "pkg-config,C++ compiler" "a C++11 program links with the shared library" shared "$CXX" c++11
test_with "pkg-config,C++ compiler" "a C++20 program links with the shared library" shared "$CXX" c++20
test_with "pkg-config,C++ compiler" "a C++17 program with the C++ header" cxx_header
test_with pkg-config "a C99 program links with the static library" static "$CC" c99
test_with "pkg-config,C++ compiler" "a C++20 program links with the static library" static "$CXX" c++20
test_that "make uninstall leaves nothing" uninstall_leaves_nothing
test_that "DESTDIR and PREFIX go together" staged
tap_end
