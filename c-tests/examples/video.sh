#!/usr/bin/env bash
# The example video.c: its output compared with that of NumPy for the same files (video.py), and with OpenCV's colours, and its
# errors for corrupt files. See example.sh. Output is TAP.
set -u

# shellcheck source=../support/example.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/example.sh" video.c y4m_io.c file.c
video=$data/chelsea.y4m

# ---- What it makes of video ---------------------------------------------------------------------------------

oracle() { # argument...
    numpy "$root/c-tests/examples/video.py" "$@"
}

as_the_oracle() { # file program...
    local file=$1 expected=$directory/expected made=$directory/made how
    rm -rf "$expected" && mkdir "$expected" || return
    shift
    oracle expect "$file" "$expected" || return
    for how in "$@"; do
        rm -rf "$made"
        "$how" "$file" "$made" >"$directory/printed" && diff -r "$expected" "$made" || return
    done
}

# Some run under valgrind, too.
compared=(420-64x48 420-33x21 420jpeg-64x48 420jpeg-33x21 420paldv-64x48 420paldv-33x21 422-64x48 422-33x21 444-64x48 444-33x21
    411-64x48 411-33x21 mono-64x48 mono-33x21 444alpha-64x48 444alpha-33x21 420p10-64x48 420p10-33x21 422p12-64x48 422p12-33x21
    444p16-64x48 444p16-33x21 420p9-64x48 420p9-33x21 mono16-64x48 mono16-33x21 mono10-64x48 mono10-33x21 420mpeg2-1x1
    420mpeg2-2x1 420mpeg2-1x2 420mpeg2-3x5 420mpeg2-31x2 one-frame many-frames no-color comments)
if has_numpy; then
    mkdir "$directory/kinds"
    test_that "NumPy writes the files to compare" oracle make "$video" "$directory/kinds"
    test_that "every one of them is compared" diff <(printf '%s.y4m\n' "${compared[@]}" | sort) \
        <(cd "$directory/kinds" && printf '%s\n' *.y4m | sort)
    test_that "chelsea: NumPy makes the same of it" as_the_oracle "$video" sanitized checked
    for kind in "${compared[@]}"; do
        case $kind in
            420-33x21 | 411-33x21 | 444alpha-33x21 | 420p10-33x21 | mono16-33x21 | 420mpeg2-1x1) how=(sanitized checked) ;;
            *) how=(sanitized) ;;
        esac
        test_that "$kind: NumPy makes the same of it" as_the_oracle "$directory/kinds/$kind.y4m" "${how[@]}"
    done
else
    for kind in chelsea "${compared[@]}"; do
        skip_that "$kind: NumPy makes the same of it" "no NumPy"
    done
fi

# OpenCV is there where `make bench-peers` has installed it.
opencv=${PYBUFFER_OPENCV_PYTHON:-$root/target/bench-peers/bin/python}
as_opencv() {
    rm -rf "$directory/made"
    sanitized "$video" "$directory/made" >"$directory/printed" &&
        "$opencv" "$root/c-tests/examples/video.py" opencv "$video" "$directory/made"
}

if "$opencv" -c 'import cv2' 2>/dev/null; then
    test_that "OpenCV finds the same colours in what is written" as_opencv
else
    CI="" skip_that "OpenCV finds the same colours in what is written" "no OpenCV (make bench-peers)"
fi

prints() { # expected-row: words of a row, for the committed video
    sanitized "$video" "$directory/made" >"$directory/printed" || return
    tr -s ' ' <"$directory/printed" | grep -qxF -- "$1" || { cat "$directory/printed"; return 1; }
}

test_that "a plane is a view with the line size as stride" prints "U 72 x 88 strides 128, 1"
test_that "and that of a frame from bottom to top with a negative one" prints "U 72 x 88 strides -128, 1"
test_that "the picture is pieces of rows behind pointers" prints "picture 432 x 88 strides 8, 1, behind pointers"

# ---- What it refuses ----------------------------------------------------------------------------------------

refuses() { # message of-bytes: in which printf's escapes stand for what they mean
    # shellcheck disable=SC2059
    printf "$2" >"$directory/spoiled.y4m"
    refused "$1" "$directory/spoiled.y4m" "$directory/made"
}

accepts() { # bytes
    # shellcheck disable=SC2059
    printf "$1" >"$directory/good.y4m"
    sanitized "$directory/good.y4m" "$directory/made"
}

# The valid file from which the others differ in one thing.
good='YUV4MPEG2 W2 H2 F25:1 C420\nFRAME\nabcdef'
test_that "a small file is accepted" accepts "$good"
test_that "and one of no rate" accepts "${good/ F25:1/}"
test_that "a file that is not there is an error" refused "No such file" "$directory/nowhere.y4m" "$directory/made"
test_that "a directory is an error" refused "no regular file" "$directory" "$directory/made"
test_that "a file in the place of the output directory is an error" refused "Not a directory" "$video" "$directory/good.y4m"
test_that "an empty file is an error" refuses "cut off" ''
test_that "another file is an error" refuses "no YUV4MPEG2 file" 'P6\n1 1\n255\nabcdefghij'
test_that "an older version is an error" refuses "no YUV4MPEG2 file" "${good/MPEG2/MPEG}"
test_that "a longer name is an error" refuses "no YUV4MPEG2 file" "${good/MPEG2/MPEG22}"
test_that "no width is an error" refuses "width and height must be" "${good/W2 /}"
test_that "no height is an error" refuses "width and height must be" "${good/H2 /}"
test_that "a width of 0 is an error" refuses "width and height must be" "${good/W2/W0}"
test_that "a negative height is an error" refuses "width and height must be" "${good/H2/H-2}"
test_that "a width that is too large is an error" refuses "width and height must be" "${good/W2/W32769}"
test_that "a width that overflows is an error" refuses "width and height must be" "${good/W2/W18446744073709551618}"
test_that "a width that is no number is an error" refuses "width and height must be" "${good/W2/W2x}"
test_that "an unknown colour space is an error" refuses "unknown colour space 421" "${good/420/421}"
test_that "8 bits after a p are an error" refuses "unknown colour space 420p8" "${good/420/420p8}"
test_that "17 bits are an error" refuses "unknown colour space 420p17" "${good/420/420p17}"
test_that "a number of bits with a sign is an error" refuses "unknown colour space 420p+10" "${good/420/420p+10}"
test_that "no frame is an error" refuses "there is no frame" 'YUV4MPEG2 W2 H2 C420\n'
test_that "a frame of another name is an error" refuses "does not start with FRAME" "${good/FRAME/FRAMES}"
test_that "a frame that is cut off is an error" refuses "a frame is cut off" "${good%f}"
test_that "a second frame that is cut off is an error" refuses "a frame is cut off" "$good"'FRAME\nabcde'
test_that "bytes after the last frame are an error" refuses "cut off, too long" "$good"'g'
test_that "a NUL in the header is an error" refuses "no text" "${good/F25:1/F\\0}"
test_that "a line that is too long is an error" refuses "too long" "${good/F25:1/X$(printf 'x%.0s' {1..250})}"
test_that "a picture with less than it promises is an error" refuses "a frame is cut off" "${good/W2 H2/W32768 H32768}"

# ---- Files that are cut or changed anywhere -----------------------------------------------------------------

cut_anywhere_is_refused() {
    local length
    for ((length = 0; length < $(wc -c <"$directory/good.y4m"); length++)); do
        head -c "$length" "$directory/good.y4m" >"$directory/cut.y4m"
        ! sanitized "$directory/cut.y4m" "$directory/made" 2>"$directory/printed" &&
            grep -q '^ValueError: .*cut.y4m: ' "$directory/printed" || { echo "$length"; cat "$directory/printed"; return 1; }
    done
}

accepts "$good" >/dev/null
test_that "a file that is cut off anywhere is refused" cut_anywhere_is_refused
changes_do_no_harm {} "$directory/made" -- "$directory/good.y4m" \
    $([ ! -d "$directory/kinds" ] || echo "$directory"/kinds/{420mpeg2-3x5,420p10-33x21,444alpha-33x21,mono16-33x21,comments}.y4m)

tap_end
