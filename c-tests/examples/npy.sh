#!/usr/bin/env bash
# The example npy.c on the committed arrays: what it prints and writes, and its errors for corrupt files. Built
# with address and undefined-behaviour sanitizers; what it does without errors runs under valgrind, too. PYBUFFER_CFLAGS and PYBUFFER_LIBS say where the
# library is. Output is TAP.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CC=${CC:-cc}
data=$root/examples/data
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
read -ra cflags <<<"${PYBUFFER_CFLAGS:?}"
read -ra libs <<<"${PYBUFFER_LIBS:?}"

# shellcheck source=../support/tap.sh
. "$root/c-tests/support/tap.sh"

build() { # output flag...
    local output=$1
    shift
    "$CC" -std=c99 -O1 -g -Wall -Wextra -Wpedantic -Werror "$@" "${cflags[@]}" "$root"/examples/npy{,_io,_header}.c \
        "${libs[@]}" -o "$output"
}

both() { # argument...: the same from both programs, on standard output
    local output
    output=$("$directory/sanitized" "$@") || return
    diff <(printf '%s\n' "$output") \
        <("${memcheck[@]}" "$directory/plain" "$@") >&2 || return
    printf '%s\n' "$output"
}

csv() { # file field expected-lines: how the field of the first items is written
    both "$data/$1" "$2" "$directory/csv" >/dev/null || return
    diff <(printf '%s\n' "$3") <(head -n "$(wc -l <<<"$3")" "$directory/csv")
}

shows() { # file expected-part: what is printed
    both "$data/$1" | tr -s ' ' | grep -qF -- "$2" || { both "$data/$1"; return 1; }
}

rows() { # rows columns: of the array of two axes
    both "$data/chelsea-brightness.npy" . "$directory/csv" >/dev/null || return
    awk -F, -v rows="$1" -v columns="$2" 'NF != columns { exit 1 } END { exit NR != rows }' "$directory/csv"
}

refuses() { # message field of-bytes: a file of these bytes, which is refused for this reason
    local output
    printf "$3" >"$directory/spoiled.npy"
    if output=$(both "$directory/spoiled.npy" "$2" 2>&1); then
        echo "it was not refused"
        return 1
    fi
    grep -qF -- "$1" <<<"$output" || { echo "$output"; return 1; }
    ! grep -qE 'Sanitizer|runtime error' <<<"$output"
}

# A file of version 1.0 with this header, whose length is one byte, and two bytes of items.
npy() { # header
    printf '\\x93NUMPY\\1\\0\\x%02x\\0%sab' ${#1} "$1"
}

find_checkers
test_that "the example is built with sanitizers" build "$directory/sanitized" "${sanitizers[@]}"
test_that "and without" build "$directory/plain"

test_that "numbers of records are written" csv planets.npy mass $'0.33\n4.87\n5.97\n0.642\n1898\n568\n86.8\n102'
test_that "text is written" csv planets.npy name $'"Mercury"\n"Venus"\n"Earth"'
test_that "big-endian numbers in a nested record are written" csv planets.npy orbit/period $'88\n224.7\n365.2\n687'
test_that "sub-arrays are written" csv planets.npy orbit/range $'46,69.8\n107.5,108.9'
test_that "nested records are written" csv planets.npy orbit $'57.9,46,69.8,88,0.206'
test_that "whole items are written" csv planets.npy . $'"Mercury",0.33,4879,57.9,46,69.8,88,0.206,167,0,false'
test_that "fields are described" shows planets.npy ' orbit 48 32 record T'
test_that "and those of records in records" shows planets.npy ' range 8 4 float f (2) little'
test_that "items are shown" shows planets.npy \
    '[2] ("Earth", 5.97, 12756, (149.6, [147.1, 152.1], 365.2, 0.017), 15, 1, false)'
test_that "an array in Fortran order has its strides" shows chelsea-brightness.npy 'strides (4, 80)'
test_that "its items are in C order" shows chelsea-brightness.npy '[0, 1] 137.10883'
test_that "and its rows are lines" rows 20 30

whole="{'descr':'|i1','fortran_order':False,'shape':(2,)}"
test_that "a field that is not there is an error" refuses "there is no field 'a'" a "$(npy "$whole")"
test_that "another file is an error" refuses "no .npy file" . 'P6\n1 1\n255\nabcdefghij'
test_that "an unknown version is an error" refuses "a version" . '\x93NUMPY\4\0\1\0{}'
test_that "a cut header is an error" refuses "the header is cut off" . '\x93NUMPY\1\0\377\0{}'
test_that "missing items are an error" refuses "promises 3 bytes, but 2 follow" . "$(npy "${whole/2,/3,}")"
test_that "a missing key is an error" refuses "is missing" . "$(npy "{'descr':'|i1'}")"
test_that "Python objects are an error" refuses "Python objects" . "$(npy "${whole/i1/O}")"
test_that "too large a number is an error" refuses "too large" . "$(npy "${whole/2,/99999999999999999999,}")"
test_that "too large an array is an error" refuses "too large" . \
    "$(npy "${whole/2,/4294967296,4294967296,}")"
test_that "deep nesting is an error" refuses "nest too deep" . \
    "$(npy "{'descr':$(printf "[('a',%.0s" {1..40})")"

tap_end
