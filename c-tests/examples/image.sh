#!/usr/bin/env bash
# The example image.c: its pictures compared with NumPy's (image.py), and its errors for corrupt files. See example.sh.
# Output is TAP.
set -u

# shellcheck source=../support/example.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/example.sh" image.c image_io.c file.c

# ---- What it makes of pictures -----------------------------------------------------------------------------------

as_numpy() { # file program...
    local file=$1 expected=$directory/expected made=$directory/made how
    rm -rf "$expected" && mkdir "$expected" || return
    shift
    numpy "$root/c-tests/examples/image.py" expect "$file" "$expected" || return
    for how in "$@"; do
        rm -rf "$made"
        "$how" "$file" "$made" >"$directory/printed" || return
        diff -r "$expected" "$made" || return
    done
}

prints() { # row: words of a row of the table, for the committed picture
    sanitized "$data/chelsea.ppm" "$directory/made" >"$directory/printed" || return
    tr -s ' ' <"$directory/printed" | grep -qxF -- "$1" || { cat "$directory/printed"; return 1; }
}

compared=(plain.ppm gray.pgm 16-bit.ppm 16-bit.pgm maximum-1.pgm maximum-100.ppm maximum-256.ppm maximum-1023.ppm comments.ppm
    comments-cr.ppm comments-crlf.ppm comment-last.ppm pixels-like-white-space.pgm one-pixel.ppm one-row.ppm one-column.pgm
    something-after.ppm bottom-up-1.bmp bottom-up-2.bmp bottom-up-3.bmp bottom-up-4.bmp top-down.bmp offset.bmp)
if has_numpy; then
    mkdir "$directory/kinds"
    test_that "NumPy writes the pictures to compare" numpy "$root/c-tests/examples/image.py" make "$data/chelsea.ppm" \
        "$directory/kinds"
    test_that "every one of them is compared" diff <(printf '%s\n' "${compared[@]}" | sort) <(ls "$directory/kinds" | sort)
    test_that "chelsea.ppm: NumPy makes the same of it" as_numpy "$data/chelsea.ppm" sanitized checked
    for kind in "${compared[@]}"; do
        test_that "$kind: NumPy makes the same of it" as_numpy "$directory/kinds/$kind" sanitized
    done
else
    for kind in chelsea.ppm "${compared[@]}"; do
        skip_that "$kind: NumPy makes the same of it" "no NumPy"
    done
fi

test_that "upside down is a view with a negative stride" prints "upside-down B 300 x 451 x 3 -1353, 3, 1"
test_that "turned right is one with the axes exchanged" prints "turned-right B 451 x 300 x 3 3, -1353, 1"

# ---- What it refuses -----------------------------------------------------------------------------------------------

refuses() { # message of-bytes: in which printf's escapes stand for what they mean
    # shellcheck disable=SC2059
    printf "$2" >"$directory/spoiled"
    refused "$1" "$directory/spoiled" "$directory/made"
}

accepts() { # bytes
    # shellcheck disable=SC2059
    printf "$1" >"$directory/good"
    sanitized "$directory/good" "$directory/made"
}

le() { # bytes number...: little-endian
    local bytes=$1 number i
    shift
    for number in "$@"; do
        for ((i = 0; i < bytes; i++)); do
            printf '\\x%02x' $((number >> 8 * i & 255))
        done
    done
}

bmp() { # width height [bits [compression [offset]]]: with four bytes of pixels
    echo "BM$(le 4 58 0 "${5:-54}" 40 "$1" "$2")$(le 2 1 "${3:-24}")$(le 4 "${4:-0}" 0 0 0 0 0)abcd"
}

test_that "a small PPM is accepted" accepts 'P6 1 1 255 abc'
test_that "and a small BMP" accepts "$(bmp 1 1)"
test_that "a file that is not there is an error" refused "No such file" "$directory/nowhere" "$directory/made"
test_that "a directory is an error" refused "no regular file" "$directory" "$directory/made"
test_that "a file in the place of the output directory is an error" refused "Not a directory" "$data/chelsea.ppm" \
    "$directory/good"
test_that "too long a path is an error" refused "File name too long" "$directory/good" \
    "$directory/$(printf 'x%.0s' {1..900})"
test_that "an empty file is an error" refuses "neither binary PPM" ''
test_that "another file is an error" refuses "neither binary PPM" 'GIF89a'
test_that "a PPM of digits is an error" refuses "neither binary PPM" 'P3 1 1 255 1 2 3'
test_that "a header that ends is an error" refuses "lacks a number" 'P6 1 1 '
test_that "and within a number" refuses "does not end" 'P6 1 1 255'
test_that "and within a comment" refuses "lacks a number" 'P6 1 1 #255 abc'
test_that "a letter in a number is an error" refuses "does not end" 'P6 1a 1 255 abc'
test_that "a negative number is an error" refuses "lacks a number" 'P6 -1 1 255 abc'
test_that "too large a number is an error" refuses "too large" 'P6 99999999999999999999 1 255 abc'
test_that "no rows are an error" refuses "no pixels" 'P6 1 0 255 abc'
test_that "no columns are an error" refuses "no pixels" 'P6 0 1 255 abc'
test_that "a maximum of 0 is an error" refuses "a maximum of 0" 'P6 1 1 0 abc'
test_that "a maximum of 65536 is an error" refuses "a maximum of 65536" 'P6 1 1 65536 abcdef'
test_that "missing pixels are an error" refuses "promises 6 bytes, but 3 follow" 'P6 1 1 256 abc'
test_that "the largest picture is an error" refuses "promises 5999999988000000006 bytes, but 3 follow" \
    'P6 999999999 999999999 65535 abc'
test_that "a BMP without its header is an error" refuses "the header is cut off" 'BM'
test_that "a BMP with a palette is an error" refuses "only uncompressed BMP" "$(bmp 1 1 8)"
test_that "a compressed BMP is an error" refuses "only uncompressed BMP" "$(bmp 1 1 24 1)"
test_that "missing rows are an error" refuses "promises 8 bytes, but 4 follow" "$(bmp 1 2)"
test_that "and with the top row first" refuses "promises 8 bytes, but 4 follow" "$(bmp 1 -2)"
test_that "the largest height is an error" refuses "but 4 follow" "$(bmp 1 2147483647)"
test_that "the lowest height is an error" refuses "promises 8589934592 bytes, but 4 follow" "$(bmp 1 -2147483648)"
test_that "more bytes than a number counts are an error" refuses "promises more bytes than memory has" \
    "$(bmp 2147483647 2147483647)"
test_that "a negative width is an error" refuses "no pixels" "$(bmp -1 1)"
test_that "pixels beyond the file are an error" refuses "but 0 follow" "$(bmp 1 1 24 0 4294967295)"

accepts 'P6 2 2 255 abcdefghijkl' >/dev/null
cp "$directory/good" "$directory/good.ppm"
accepts 'P5 2 2 300 abcdefgh' >/dev/null
cp "$directory/good" "$directory/good.pgm"
accepts "$(bmp 1 -1)" >/dev/null
changes_do_no_harm {} "$directory/made" -- "$directory/good.ppm" "$directory/good.pgm" "$directory/good"

tap_end
