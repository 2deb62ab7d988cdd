#!/usr/bin/env bash
# A program compiled with the headers of each CPython that is installed, or that `make pythons` has fetched, links with the library
# and runs: with and without NDEBUG, and with the limited API of 3.11 to 3.15. Output is TAP. From the environment: CC,
# PYBUFFER_LIBS (link the library). Headers that are missing are skipped; where CI=true, those of 3.13 must be there.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CC=${CC:-cc}
read -ra libs <<<"${PYBUFFER_LIBS:?}"
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT

# shellcheck source=../support/tap.sh
. "$here/../support/tap.sh"
# shellcheck source=../support/oracle.sh
. "$here/../support/oracle.sh"

links() { # include flag...
    local include=$1 level
    shift
    for level in -O0 -O2; do
        "$CC" -std=c11 "$level" -Wall -Werror -isystem "$include" "$@" "$here/program.c" "${libs[@]}" -o "$directory/program" &&
            [ "$("$directory/program")" = ok ] || return 1
    done
}

# The folders of headers, a line each: every installed version, and the fetched ones beside it.
includes() { # version
    local prefix
    for prefix in "$(find_oracle "$1")" "$here/../../target/pythons/$1"; do
        [ ! -e "$prefix/include/python$1/Python.h" ] || realpath "$prefix/include/python$1"
    done | sort -u
}

# Whether headers have the limited API of a version: it is not newer than they are.
has_limited_api() { # headers limited
    [ "${1#3.}" -ge "${2#3.}" ]
}

for version in 3.10 3.11 3.12 3.13 3.14 3.15; do
    found=$(includes "$version")
    if [ -z "$found" ]; then
        required=${CI:-}
        [ "$version" = 3.13 ] || required=
        CI=$required skip_that "a program with the headers of CPython $version" "no headers of CPython $version"
        continue
    fi
    while read -r include; do
        full=$(sed -n 's/^#define PY_VERSION  *"\([^"]*\)".*/\1/p' "$include/patchlevel.h")
        test_that "a program with the headers of CPython $full" links "$include"
        test_that "and NDEBUG" links "$include" -DNDEBUG
        for limited in 3.11 3.12 3.13 3.14 3.15; do
            ! has_limited_api "$version" "$limited" ||
                test_that "and the limited API of $limited" links "$include" \
                    "-DPy_LIMITED_API=$(printf '0x03%02x0000' "${limited#3.}")"
        done
    done <<<"$found"
done
tap_end
