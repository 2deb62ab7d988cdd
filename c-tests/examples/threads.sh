#!/usr/bin/env bash
# The example threads.c: its picture compared with NumPy's (image.py) for several numbers of threads. See example.sh.
# Output is TAP.
set -u

# shellcheck source=../support/example.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/example.sh" threads.c image_io.c file.c

as_numpy() { # file threads
    local expected=$directory/expected made=$directory/made how
    rm -rf "$expected" && mkdir "$expected" || return
    numpy "$root/c-tests/examples/image.py" blur "$1" "$expected" || return
    for how in sanitized checked; do
        rm -rf "$made"
        "$how" "$1" "$made" "$2" || return
        diff -r "$expected" "$made" || return
    done
}

usage() { # threads
    sanitized "$data/chelsea.ppm" "$directory/made" "$1"
    [ $? -eq 2 ]
}

if has_numpy; then
    mkdir "$directory/kinds"
    numpy "$root/c-tests/examples/image.py" make "$data/chelsea.ppm" "$directory/kinds"
    test_that "chelsea.ppm: four threads make what NumPy makes of it" as_numpy "$data/chelsea.ppm" 4
    for kind in gray.pgm 16-bit.ppm one-pixel.ppm one-row.ppm one-column.pgm bottom-up-3.bmp; do
        test_that "$kind: seven threads make what NumPy makes of it" as_numpy "$directory/kinds/$kind" 7
    done
    test_that "there may be more threads than rows" as_numpy "$directory/kinds/plain.ppm" 64
else
    skip_that "threads make what NumPy makes of a picture" "no NumPy"
fi
test_that "no threads are an error" usage 0
test_that "too many threads are an error" usage 65
test_that "a file that is not there is an error" refused "No such file" "$directory/nowhere" "$directory/made"

tap_end
