#!/usr/bin/env bash
# The example npy.c: what it makes of the committed arrays and of those that NumPy writes (npy.py), and its errors for corrupt
# files. See example.sh. Output is TAP.
set -u

# shellcheck source=../support/example.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/example.sh" npy.c npy_io.c npy_header.c file.c

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

as_numpy() { # name
    sanitized "$directory/kinds/$1.npy" . "$directory/csv" >"$directory/printed" || return
    diff "$directory/kinds/$1.csv" "$directory/csv"
}

refuses() { # message field of-bytes: a file of these bytes, which is refused for this reason
    # shellcheck disable=SC2059
    printf "$3" >"$directory/spoiled.npy"
    refused "$1" "$directory/spoiled.npy" "$2"
}

# A file of version 1.0 with this header, whose length is one byte, and two bytes of items.
npy() { # header
    printf '\\x93NUMPY\\1\\0\\x%02x\\0%sab' ${#1} "$1"
}

test_that "numbers of records are written" csv planets.npy mass $'0.33\n4.87\n5.97\n0.642\n1898\n568\n86.8\n102'
test_that "text is written" csv planets.npy name $'"Mercury"\n"Venus"\n"Earth"'
test_that "big-endian numbers in a nested record are written" csv planets.npy orbit.period $'88\n224.7\n365.2\n687'
test_that "sub-arrays are written" csv planets.npy orbit.range $'46,69.8\n107.5,108.9'
test_that "nested records are written" csv planets.npy orbit $'57.9,46,69.8,88,0.206'
test_that "whole items are written" csv planets.npy . $'"Mercury",0.33,4879,57.9,46,69.8,88,0.206,167,0,false'
test_that "fields are described" shows planets.npy ' orbit 48 32 record T'
test_that "and those of records in records" shows planets.npy ' range 8 4 float f (2) little'
test_that "the first items are shown" shows planets.npy '"Earth",5.97,12756,149.6,147.1,152.1,365.2,0.017,15,1,false'
test_that "an array in Fortran order has its strides" shows chelsea-brightness.npy 'strides (4, 80)'
test_that "its items are in C order" shows chelsea-brightness.npy '138.01965,137.10883,'
test_that "and its rows are lines" rows 20 30

# ---- Arrays of many kinds ------------------------------------------------------------------------------------------

if has_numpy; then
    mkdir "$directory/kinds"
    test_that "NumPy writes the arrays to compare" numpy "$root/c-tests/examples/npy.py" "$directory/kinds"
    for file in "$directory"/kinds/*.npy; do
        kind=$(basename "$file" .npy)
        test_that "$kind: NumPy has the same items" as_numpy "$kind"
    done
else
    skip_that "NumPy has the same items" "no NumPy"
fi

# ---- What it refuses -----------------------------------------------------------------------------------------------

whole="{'descr':'|i1','fortran_order':False,'shape':(2,)}"
test_that "a field of no record is an error" refuses "no field 'a'" a "$(npy "$whole")"
test_that "a field that is not there is an error" refused "no field 'a'" "$data/planets.npy" a
test_that "a file that cannot be written is an error" refused "No such file" "$data/planets.npy" . "$directory/no/where"
test_that "a full disk is an error" refused "No space left" "$data/planets.npy" . /dev/full
test_that "another file is an error" refuses "no .npy file" . 'P6\n1 1\n255\nabcdefghij'
test_that "an unknown version is an error" refuses "a version" . '\x93NUMPY\4\0\1\0{}'
test_that "a cut header is an error" refuses "the header is cut off" . '\x93NUMPY\1\0\377\0{}'
test_that "missing items are an error" refuses "promises 3 bytes, but 2 follow" . "$(npy "${whole/2,/3,}")"
test_that "a missing key is an error" refuses "is missing" . "$(npy "{'descr':'|i1'}")"
test_that "Python objects are an error" refuses "Python objects" . "$(npy "${whole/i1/O}")"
test_that "too large a number is an error" refuses "too large" . "$(npy "${whole/2,/99999999999999999999,}")"
test_that "too large an array is an error" refuses "more bytes than memory has" . \
    "$(npy "${whole/2,/4294967296,4294967296,}")"
test_that "deep nesting is an error" refuses "nest too deep" . \
    "$(npy "{'descr':$(printf "[('a',%.0s" {1..40})")"
test_that "a negative number is an error" refuses "expected a number" . "$(npy "${whole/2,/-2,}")"
test_that "a shape whose product wraps to 0 is an error" refuses "more bytes than memory has" . \
    "$(npy "${whole/2,/4611686018427387904,4,}")"
test_that "items of no bytes are an error" refuses "a type of no bytes" . "$(npy "${whole/i1/S0}")"
test_that "and fields" refuses "a type of no bytes" . "$(npy "${whole/\'|i1\'/[(\'a\',\'|V00\')]}")"
test_that "a record without fields is an error" refuses "expected a field" . "$(npy "${whole/\'|i1\'/[]}")"
test_that "a sub-array without elements is an error" refuses "without elements" . \
    "$(npy "${whole/\'|i1\'/[(\'a\',\'|i1\',(0,))]}")"
test_that "elements that are too many are an error" refuses "too large" . \
    "$(npy "${whole/\'|i1\'/(\'|i8\',(4611686018427387904,))}")"
test_that "a name with a colon is an error" refuses "names with a colon" . "$(npy "${whole/\'|i1\'/[(\':\',\'|i1\')]}")"
test_that "a NUL in a string is an error" refuses "a NUL" . "$(npy "${whole/|i1/|i1\\\\x00}")"
test_that "a string without an end is an error" refuses "end of a string" . "$(npy "{'descr")"
test_that "an unknown type is an error" refuses "unknown type" . "$(npy "${whole/i1/q1}")"
test_that "a length that is none is an error" refuses "expected a length" . "$(npy "${whole/i1/S1x}")"
test_that "something behind the header is an error" refuses "behind the dictionary" . "$(npy "$whole 1")"
test_that "a repeated key is an error" refuses "repeated key" . "$(npy "{'shape':(),'shape':()}")"
test_that "too many axes are an error" refuses "too many dimensions" . "$(npy "${whole/2,/$(printf '1,%.0s' {1..65})}")"

if has_numpy; then
    changes_do_no_harm {} . "$directory/out" -- "$directory"/kinds/{records,floats-big-c16,void,three-axes,titles,text}.npy \
        "$directory"/kinds/{unicode-names,long-sub-array,records-in-arrays}.npy "$data/planets.npy"
else
    changes_do_no_harm {} . "$directory/out" -- "$data/planets.npy"
fi

tap_end
