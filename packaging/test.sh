#!/usr/bin/env bash
# Installs the library into a temporary prefix, moves the tree elsewhere, and uses it there as packages and programs do: with
# pkg-config, CMake and Meson, shared, static and prefixed, in C and C++, in an extension module of CPython and in plug-ins
# beside it (examples/consumers). Then uninstalls, and looks for what is left. Output is TAP.
set -u
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CC=${CC:-cc}
CXX=${CXX:-c++}
warnings=(-Wall -Wextra -Wpedantic -Werror)
expected=$'11 21 31\n12 22 32\n13 23 33\n14 24 34'

# Where it is installed, and where that is moved to.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
installed=$work/installed prefix=$work/moved/here stage=$work/stage
mkdir -p "$work/moved" "$stage" "$work/build"
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig

# shellcheck source=../c-tests/support/tap.sh
. "$root/c-tests/support/tap.sh"
# shellcheck source=../c-tests/support/oracle.sh
. "$root/c-tests/support/oracle.sh"

pkg_config() {
    pkg-config --define-prefix "$@"
}

# What the README shows is the program in examples/, to the letter.
readme_program() {
    awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$root/README.md" | diff - "$root/examples/minimal.c"
}

# shellcheck disable=SC2046  # pkg-config prints words
shared() { # compiler standard
    "$1" "-std=$2" -x "$(language "$2")" "${warnings[@]}" $(pkg_config --cflags pybuffer) "$root/examples/minimal.c" \
        -x none $(pkg_config --libs pybuffer) "-Wl,-rpath,$prefix/lib" -o "$work/shared" || return
    readelf -d "$work/shared" | grep -q 'NEEDED.*libpybuffer\.so\.0\]' || { echo "not linked with the library"; return 1; }
    prints_the_transpose "$work/shared"
}

# The C++ header, and the adapters, which say what to include before them.
# shellcheck disable=SC2046
cxx_header() {
    local adapter
    "$CXX" -std=c++17 -x c++ "${warnings[@]}" $(pkg_config --cflags pybuffer) - -x none $(pkg_config --libs pybuffer) \
        "-Wl,-rpath,$prefix/lib" -o "$work/cxx_header" <<'END' || return
#include <pybuffer/pybuffer.hpp>
#include <iostream>
int main()
{
    std::cout << pybuffer::own(std::vector<int>{1, 2, 3})[pybuffer::slice(1, 3)] << "\n";
}
END
    [ "$("$work/cxx_header")" = "[2, 3]" ] || return
    for adapter in eigen opencv; do
        echo "#include <pybuffer/$adapter.hpp>" | "$CXX" -std=c++17 $(pkg_config --cflags pybuffer) -fsyntax-only -x c++ - 2>&1 |
            grep -q "error.*before <pybuffer/$adapter.hpp>" || { echo "pybuffer/$adapter.hpp does not say what it needs"; return 1; }
    done
    [ -e "$prefix/include/pybuffer/mdspan.hpp" ]
}

# shellcheck disable=SC2046
static() { # compiler standard
    local libs
    libs=$(pkg_config --static --libs pybuffer)
    "$1" "-std=$2" -x "$(language "$2")" "${warnings[@]}" $(pkg_config --cflags pybuffer) "$root/examples/minimal.c" \
        -x none ${libs/-lpybuffer/-l:libpybuffer.a} -o "$work/static" || return
    if readelf -d "$work/static" | grep -q libpybuffer; then
        echo "linked with the shared library"
        return 1
    fi
    prints_the_transpose "$work/static"
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

# The one in Cargo.toml is the source.
version_agrees() {
    local version number
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
    number=$(awk -F. '{ print $1 * 1000000 + $2 * 1000 + $3 }' <<<"$version")
    grep -q "^#define PYBUFFER_VERSION \"$version\"\$" "$prefix/include/pybuffer/pybuffer.h" &&
        grep -q "^#define PYBUFFER_VERSION_NUMBER $number\$" "$prefix/include/pybuffer/pybuffer.h" &&
        grep -q "^Version: $version\$" "$prefix/lib/pkgconfig/pybuffer.pc" &&
        grep -q "^Version: $version\$" "$prefix/lib/pkgconfig/pybuffer-prefixed.pc" &&
        grep -q "^set(PACKAGE_VERSION \"$version\")\$" "$prefix/lib/cmake/pybuffer/pybufferConfigVersion.cmake" &&
        grep -q "libpybuffer $version" "$prefix/share/man/man3/pybuffer.3" &&
        grep -q "^## $version\b" "$root/CHANGELOG.md" &&
        grep -q "PYBUFFER_${version%.*} {" "$root/packaging/pybuffer.map" &&
        [ -f "$prefix/lib/libpybuffer.so.$version" ] || return
    "$CC" -x c - -I"$prefix/include" -o "$work/version" -L"$prefix/lib" -Wl,-rpath,"$prefix/lib" -lpybuffer <<'END' || return
#include <pybuffer/pybuffer.h>
#include <stdio.h>
int main(void) { printf("%s %d\n", pybuffer_version(), pybuffer_version_number()); }
END
    [ "$("$work/version")" = "$version $number" ]
}

links_lead_to_the_library() {
    local lib=$prefix/lib
    [ "$(readlink "$lib/libpybuffer.so")" = libpybuffer.so.0 ] && [ -f "$lib/libpybuffer.so.0" ] &&
        readelf -d "$lib/libpybuffer.so" | grep -q 'SONAME.*libpybuffer\.so\.0\]'
}

# What ARCHITECTURE.md promises for x86-64; elsewhere there are other instructions.
is_small_enough() { # library
    [ "$(uname -m)" != x86_64 ] || [ "$(stat -c %s "$1")" -le 1250000 ] ||
        { echo "$1 has $(stat -c %s "$1") bytes, and may have 1,250,000"; return 1; }
}

names() { # what nm prints: the names of what is defined, without versions
    awk 'NF == 3 && $2 != "A" { sub(/@.*/, "", $3); print $3 }' | sort
}

shows_the_exports() { # nm's arguments
    nm "$@" | names | diff "$root/tests/exports.txt" -
}

# Each of CPython's names has the version of CPython's names, each other one the library's, and they are defaults.
symbols_have_versions() { # library
    local wrong
    wrong=$(nm -D --with-symbol-versions --defined-only "$1" | awk '$2 != "A" { print $3 }' |
        grep -v -E -e '^pybuffer_\w+@@PYBUFFER_[0-9.]+$' -e '^_?Py\w+@@PYBUFFER_CPYTHON_[0-9.]+$' \
            -e '^pyb_\w+@@PYBUFFER_PREFIXED_[0-9.]+$')
    [ -z "$wrong" ] || { echo "$wrong"; return 1; }
}

# The linker's flags that the library depends on (packaging/link.mk).
linked_as_it_should_be() { # library soname
    local dynamic
    dynamic=$(readelf --wide --dynamic "$1")
    grep -qF "[$2]" <<<"$dynamic" && grep -q BIND_NOW <<<"$dynamic" && grep -q NODELETE <<<"$dynamic" &&
        ! grep -q -e SYMBOLIC -e TEXTREL <<<"$dynamic" && readelf --wide --segments "$1" | grep -q GNU_RELRO &&
        ! readelf --wide --segments "$1" | grep GNU_STACK | grep RWE &&
        ! grep NEEDED <<<"$dynamic" | grep -v -F -e '[libc.so.' -e '[ld-linux'
}

# Of the symbols that the object shows, none can be seen outside of what links it.
static_is_hidden() { # archive
    [ "$(readelf --wide --symbols "$1" | awk '$5 ~ /GLOBAL|WEAK/ && $7 != "UND" { print $6 }' | sort -u)" = HIDDEN ]
}

# Each crate that is linked in is named with its version and licence in what is installed.
licences_are_installed() {
    local crates line
    crates=$(cd "$root" && ${CARGO:-cargo} tree --quiet --offline --edges normal --prefix none --no-default-features \
        --format '{p} {l}' | sed -e '1d' -e 's/ v/ /' | sort -u) && [ -n "$crates" ] || return
    while read -r line; do
        sed 's/  */ /g' "$prefix/share/doc/pybuffer/THIRD-PARTY" | grep -qF " $line" || { echo "not there: $line"; return 1; }
    done <<<"$crates"
    cmp "$root/LICENSE-MIT" "$prefix/share/doc/pybuffer/LICENSE-MIT" &&
        cmp "$root/LICENSE-APACHE" "$prefix/share/doc/pybuffer/LICENSE-APACHE"
}

man_page_is_right() {
    local said
    said=$(man --warnings --local-file "$prefix/share/man/man3/pybuffer.3" 2>&1 >/dev/null)
    [ -z "$said" ] || { echo "$said"; return 1; }
}

# ---- Consumers --------------------------------------------------------------------------------------------------------

print_the_column() { # program...
    local program
    for program in "$@"; do
        [ "$("$program")" = "709 2011 93" ] || { echo "$program"; "$program"; return 1; }
    done
}

# The names of programs in a folder, with the folder.
in_folder() { # folder name...
    printf "$1/%s\n" "${@:2}"
}

consumer() { # folder make-argument...
    make --no-print-directory -C "$root/examples/consumers/$1" "BUILD=$work/build" "PKG_CONFIG=pkg-config --define-prefix" "${@:2}"
}

# shellcheck disable=SC2046  # words
by_make() { # target program...
    consumer make "$1" && print_the_column $(in_folder "$work/build" "${@:2}")
}

# shellcheck disable=SC2046
by_cmake() {
    cmake -S "$root/examples/consumers/cmake" -B "$work/cmake" "-DCMAKE_PREFIX_PATH=$prefix" && cmake --build "$work/cmake" &&
        print_the_column $(in_folder "$work/cmake" shared static prefixed prefixed_static shared_cpp static_cpp)
}

# Requests for other versions are refused, and names of the caller's are left alone.
cmake_checks_the_version() {
    cat >"$work/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.13)
project(versions C)
set(prefix mine)
foreach(wrong 0.0.9 0.2 1.0 99)
  find_package(pybuffer ${wrong} CONFIG QUIET)
  if(pybuffer_FOUND)
    message(FATAL_ERROR "found as ${wrong}")
  endif()
endforeach()
find_package(pybuffer 0.1.0 EXACT CONFIG REQUIRED)
find_package(pybuffer CONFIG REQUIRED)
if(NOT prefix STREQUAL mine)
  message(FATAL_ERROR "prefix is ${prefix}")
endif()
END
    cmake -S "$work" -B "$work/versions" "-DCMAKE_PREFIX_PATH=$prefix"
}

# shellcheck disable=SC2046
by_meson() {
    # Meson takes a program without arguments.
    printf '#!/bin/sh\nexec pkg-config --define-prefix "$@"\n' >"$work/pkg-config" && chmod +x "$work/pkg-config" &&
        PKG_CONFIG=$work/pkg-config meson setup "$work/meson" "$root/examples/consumers/meson" &&
        ninja -C "$work/meson" && print_the_column $(in_folder "$work/meson" shared static prefixed shared_cpp)
}

extension_module() {
    local output
    output=$(consumer extension -s run "PYTHON=$oracle/bin/python3.13") || { echo "$output"; return 1; }
    [ "$(tail -n 1 <<<"$output")" = "709 2011 93" ]
}

plugins_are_built() {
    consumer plugin all "PYTHON_CFLAGS=-I$oracle/include/python3.13" "PYTHON_LIBS=-L$oracle/lib -Wl,-rpath,$oracle/lib -lpython3.13"
}

plugin_exports_its_own_only() { # plug-in
    nm -D --defined-only "$1" | names | grep -E -e '^_?Py' -e '^pybuffer_' && return 1
    nm -D --defined-only "$1" | names | grep -qx plugin_sum
}

host_runs() { # which is first
    [ "$(PYTHONHOME=$oracle "$work/build/host" "$1" "$work/build/plugin.so" "$work/build/plugin_cpp.so" 2>"$work/said")" = ok ] ||
        { cat "$work/said"; return 1; }
}

# ---- Install and uninstall -----------------------------------------------------------------------------------------------

install_into() { # make arguments
    make --no-print-directory -C "$root" install "$@"
}

installs_and_moves() {
    install_into "PREFIX=$installed" && mv "$installed" "$prefix"
}

# It finds the library next to it.
tool_runs() {
    [ "$("$prefix/bin/pybuffer" format '<id' | head -n 1)" = "$("$root/target/tools/pybuffer" format '<id' | head -n 1)" ] &&
        readelf -d "$prefix/bin/pybuffer" | grep -qF 'RUNPATH' && [ -f "$prefix/share/man/man1/pybuffer.1" ]
}

# Into a folder that has the usual folders and a file of somebody else's; they are all that is there afterwards. Libraries in a
# folder of the machine's are found, too.
uninstall_leaves_nothing() {
    local lib=$stage/opt/elsewhere/lib variables
    variables=(PREFIX=/opt/elsewhere LIBDIR=/opt/elsewhere/lib/machine "DESTDIR=$stage")
    mkdir -p "$lib/machine/pkgconfig" "$lib/machine/cmake" "$stage/opt/elsewhere/"{include,bin} \
        "$stage/opt/elsewhere/share/"{doc,man/man1,man/man3,bash-completion/completions,zsh/site-functions}
    touch "$lib/machine/pkgconfig/other.pc"
    find "$stage" | sort >"$work/before"
    install_into "${variables[@]}" && [ -f "$lib/machine/libpybuffer.a" ] &&
        grep -qx 'prefix=/opt/elsewhere' "$lib/machine/pkgconfig/pybuffer.pc" &&
        grep -qx 'libdir=${prefix}/lib/machine' "$lib/machine/pkgconfig/pybuffer.pc" || return
    if has cmake; then
        mkdir -p "$work/machine" && cat >"$work/machine/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.13)
project(machine C)
find_package(pybuffer CONFIG REQUIRED)
get_target_property(include pybuffer::prefixed INTERFACE_INCLUDE_DIRECTORIES)
if(NOT EXISTS "${include}/pybuffer/pybuffer.hpp")
  message(FATAL_ERROR "no headers in ${include}")
endif()
END
        cmake -S "$work/machine" -B "$work/machine/build" "-Dpybuffer_DIR=$lib/machine/cmake/pybuffer" || return
    fi
    make --no-print-directory -C "$root" uninstall "${variables[@]}" && find "$stage" | sort | diff "$work/before" -
}

# ---- Source packages -------------------------------------------------------------------------------------------------------

archive_is_the_same_twice() {
    bash "$root/packaging/dist.sh" "$work/once" && bash "$root/packaging/dist.sh" "$work/twice" &&
        cmp "$work"/once/pybuffer-*.tar.gz "$work"/twice/pybuffer-*.tar.gz
}

# Without what Cargo has downloaded before. The build itself takes minutes, so that this only checks the sources.
archive_needs_no_network() {
    mkdir "$work/source" && tar -xzf "$work"/once/pybuffer-*.tar.gz -C "$work/source" --strip-components=1 &&
        cd "$work/source" && [ ! -e vendor/bindgen ] &&
        CARGO_HOME=$work/cargo CARGO_NET_OFFLINE=true CARGO_TARGET_DIR=$work/target \
            "${CARGO:-cargo}" check --quiet --locked --lib --no-default-features &&
        make --no-print-directory --dry-run all | grep -q 'cargo rustc --release'
}

# Each has it from Cargo.toml, and nothing is left to fill in.
recipes_know_the_version() {
    local version recipes=$work/recipes
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
    bash "$root/packaging/recipes.sh" "$work"/once/pybuffer-*.tar.gz "$recipes" &&
        grep -q "^pybuffer ($version-1) " "$recipes/debian/pybuffer-$version/debian/changelog" &&
        grep -q "^    version = \"$version\"\$" "$recipes/conan/conanfile.py" &&
        grep -q "^  version: \"$version\"\$" "$recipes/conda/recipe.yaml" &&
        grep -q "^  \"version\": \"$version\"," "$recipes/vcpkg/pybuffer/vcpkg.json" || return
    ! grep -rE '@(VERSION|HOMEPAGE|MAINTAINER|DATE)@' "$recipes"/{conan,conda,vcpkg} "$recipes"/debian/*/debian
}

cargo_package_verifies() {
    (cd "$root" && "${CARGO:-cargo}" package --quiet --offline --locked --allow-dirty --target-dir target/package)
}

oracle=
if has "CPython 3.13"; then
    oracle=$(find_oracle_to_link 3.13)
fi

test_that "the README's program is examples/minimal.c" readme_program
test_that "make install into a prefix, which is then moved" installs_and_moves
test_that "the links lead to the library, whose SONAME is libpybuffer.so.0" links_lead_to_the_library
for library in libpybuffer libpybuffer_prefixed; do
    test_that "$library.so is linked as it should be" linked_as_it_should_be "$prefix/lib/$library.so" "$library.so.0"
    test_that "the symbols of $library.so have versions" symbols_have_versions "$prefix/lib/$library.so"
    test_that "those of $library.a are hidden" static_is_hidden "$prefix/lib/$library.a"
done
test_that "the shared library has at most 1.25 MB" is_small_enough "$prefix/lib/libpybuffer.so.0"
test_that "the shared library shows what is in the list" shows_the_exports -D --defined-only "$prefix/lib/libpybuffer.so"
test_that "the static library does, to the linker" shows_the_exports -g --defined-only "$prefix/lib/libpybuffer.a"
test_that "the static library has no LLVM bitcode, which plugins of binutils would read" static_has_no_bitcode
test_with abidiff "none of the last release's symbols is gone or changed" make --no-print-directory -C "$root" abi
test_that "all know the same version" version_agrees
test_that "the licences of all that is linked in are installed" licences_are_installed
test_with man "the manual page has no mistakes" man_page_is_right
test_with "C++ compiler" "the program pybuffer runs where the tree was moved to" tool_runs
test_with pkg-config "a C99 program links with the shared library" shared "$CC" c99
test_with pkg-config "a C11 program links with the shared library" shared "$CC" c11
test_with "pkg-config,C++ compiler" "a C++11 program links with the shared library" shared "$CXX" c++11
test_with "pkg-config,C++ compiler" "a C++20 program links with the shared library" shared "$CXX" c++20
test_with "pkg-config,C++ compiler" "a C++17 program with the C++ header" cxx_header
test_with pkg-config "a C99 program links with the static library" static "$CC" c99
test_with "pkg-config,C++ compiler" "a C++20 program links with the static library" static "$CXX" c++20
test_with pkg-config "consumers in C by make and pkg-config" by_make c shared static prefixed
test_with "pkg-config,C++ compiler" "consumers in C++" by_make cplusplus shared_cpp static_cpp
test_with "cmake,C++ compiler" "consumers by CMake" by_cmake
test_with cmake "CMake finds the version that is asked for, and no other" cmake_checks_the_version
test_with "meson,pkg-config,C++ compiler" "consumers by Meson" by_meson
test_with "CPython 3.13,pkg-config" "an extension module of CPython" extension_module
test_with "CPython 3.13,pkg-config,C++ compiler" "plug-ins with the static library, and a program with CPython" plugins_are_built
for plugin in plugin plugin_cpp; do
    test_with "CPython 3.13,pkg-config,C++ compiler" "$plugin.so does not export the library" \
        plugin_exports_its_own_only "$work/build/$plugin.so"
done
test_with "CPython 3.13,pkg-config,C++ compiler" "plug-ins loaded before CPython works" host_runs plugin
test_with "CPython 3.13,pkg-config,C++ compiler" "plug-ins loaded after CPython works" host_runs python
if git -C "$root" rev-parse --quiet --verify HEAD >/dev/null 2>&1; then
    test_that "make dist makes the same archive twice" archive_is_the_same_twice
    test_that "it needs no network and no crates of the tests" archive_needs_no_network
    test_that "the recipes have the version and nothing that is left to fill in" recipes_know_the_version
else
    skip_that "the recipes have the version and nothing that is left to fill in" "no git checkout"
    skip_that "make dist makes the same archive twice" "no git checkout"
    skip_that "it needs no network and no crates of the tests" "no git checkout"
fi
test_that "cargo package makes a package that builds" cargo_package_verifies
test_that "with DESTDIR and PREFIX; make uninstall leaves nothing" uninstall_leaves_nothing
tap_end
