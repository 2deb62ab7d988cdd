#!/usr/bin/env bash
# The example wav.c: its output compared with that of CPython's wave and array modules for the same files (wav.py), and its
# errors for corrupt files. Built with address and undefined-behaviour sanitizers, and without for valgrind.
# PYBUFFER_CFLAGS and PYBUFFER_LIBS say where the library is. Output is TAP.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CC=${CC:-cc}
sound=$root/examples/data/rock-hit.wav
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
read -ra cflags <<<"${PYBUFFER_CFLAGS:?}"
read -ra libs <<<"${PYBUFFER_LIBS:?}"
# Another status than the example's own.
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99

# shellcheck source=../support/tap.sh
. "$root/c-tests/support/tap.sh"
# shellcheck source=../support/oracle.sh
. "$root/c-tests/support/oracle.sh"

build() { # output flag...
    local output=$1
    shift
    "$CC" -std=c99 -O1 -g -Wall -Wextra -Wpedantic -Werror "$@" "${cflags[@]}" "$root"/examples/wav{,_io}.c "${libs[@]}" \
        -o "$output"
}

sanitized() { # argument...
    "$directory/sanitized" "$@"
}

checked() { # argument...
    "${memcheck[@]}" "$directory/plain" "$@"
}

# ---- What it makes of sound ---------------------------------------------------------------------------------

oracle() { # argument...
    "$prefix/bin/python3.13" "$root/c-tests/examples/wav.py" "$@"
}

as_the_oracle() { # file
    local expected=$directory/expected made=$directory/made how
    rm -rf "$expected" && mkdir "$expected" || return
    oracle expect "$1" "$expected" >"$directory/expected-peaks" || return
    for how in sanitized checked; do
        rm -rf "$made"
        "$how" "$1" "$made" >"$directory/printed" || return
        diff -r "$expected" "$made" || return
        awk 'peaks && !NF { exit } peaks { $1 = $1; print } $1 == "channel" { peaks = 1 }' "$directory/printed" |
            diff "$directory/expected-peaks" - || return
    done
}

prints() { # expected-row: words of a row of the table, for the committed sound
    "$directory/plain" "$sound" "$directory/made" >"$directory/printed" || return
    tr -s ' ' <"$directory/printed" | grep -qxF -- "$1" || { cat "$directory/printed"; return 1; }
}

find_checkers
test_that "the example is built with sanitizers" build "$directory/sanitized" "${sanitizers[@]}"
test_that "and without" build "$directory/plain"

compared=(mono six-channels sixty-four-channels one-frame clipped 8-bit 8-bit-odd 24-bit 24-bit-clipped 32-bit extensible
    tagged)
prefix=$(find_oracle)
if [ -n "$prefix" ] && [ -x "$prefix/bin/python3.13" ]; then
    mkdir "$directory/kinds"
    test_that "CPython writes the files to compare" oracle make "$sound" "$directory/kinds"
    test_that "every one of them is compared" diff <(printf '%s.wav\n' "${compared[@]}" | sort) \
        <(cd "$directory/kinds" && printf '%s\n' *.wav | sort)
    test_that "rock-hit: CPython makes the same of it" as_the_oracle "$sound"
    for kind in "${compared[@]}"; do
        test_that "$kind: CPython makes the same of it" as_the_oracle "$directory/kinds/$kind.wav"
    done
else
    for kind in rock-hit "${compared[@]}"; do
        skip_that "$kind: CPython makes the same of it" "no CPython 3.13"
    done
fi

test_that "a channel is a view with the stride of a frame" prints "channel-2 20083 4 view 0"
test_that "the reversed sound is a view with a negative stride" prints "reversed 20083 x 2 -4, 2 view 0"
test_that "the swapped sound is one along the other axis" prints "swapped 20083 x 2 4, -2 view 0"
test_that "a channel alone is a copy" prints " in C order 20083 2 copy 40166"

# ---- What it refuses ----------------------------------------------------------------------------------------

refused() { # message directory file: by both programs, with status 1 and this message
    local how output status
    for how in sanitized checked; do
        output=$("$how" "$3" "$2" 2>&1)
        status=$?
        [ "$status" -eq 1 ] && grep -qF -- "$1" <<<"$output" || { echo "$how, $status: $output"; return 1; }
    done
}

refuses() { # message of-bytes: in which printf's escapes stand for what they mean
    # shellcheck disable=SC2059
    printf "$2" >"$directory/spoiled.wav"
    refused "$1" "$directory/made" "$directory/spoiled.wav"
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

chunk() { # name bytes [length]: a length that is not given is the right one
    # shellcheck disable=SC2059
    printf '%s%s%s' "$1" "$(le 4 "${3:-$(printf "$2" | wc -c)}")" "$2"
}

fmt() { # tag channels rate frame-size bits [further bytes]
    chunk 'fmt ' "$(le 2 "$1" "$2")$(le 4 "$3" $(($3 * $4)))$(le 2 "$4" "$5")${6:-}"
}

extensible() { # valid-bits subformat [extension-size]
    fmt 65534 2 8000 4 16 "$(le 2 "${3:-22}" "$1")$(le 4 3)$(le 2 "$2")\\0\\0\\0\\0\\20\\0\\200\\0\\0\\252\\0\\070\\233\\161"
}

riff() { # chunks [length]
    chunk RIFF "WAVE$1" "${2:-}"
}

data=$(chunk data abcdefgh)
form=$(fmt 1 2 8000 4 16)
good=$(riff "$form$data")

accepts() { # bytes
    # shellcheck disable=SC2059
    printf "$1" >"$directory/good.wav"
    sanitized "$directory/good.wav" "$directory/made"
}

# The valid file from which the others differ in one thing.
test_that "a small file is accepted" accepts "$good"
test_that "and an extensible one" accepts "$(riff "$(extensible 16 1)$data")"

test_that "a file that is not there is an error" refused "No such file" "$directory/made" "$directory/nowhere.wav"
test_that "a directory is an error" refused "no regular file" "$directory/made" "$directory"
test_that "a file in the place of the output directory is an error" refused "Not a directory" "$directory/good.wav" "$sound"
test_that "an empty file is an error" refuses "no RIFF WAVE file" ''
test_that "another file is an error" refuses "no RIFF WAVE file" 'P6\n1 1\n255\nabcdefghij'
test_that "another RIFF file is an error" refuses "no RIFF WAVE file" "${good/WAVE/AVI }"
test_that "big-endian RIFF is an error" refuses "no RIFF WAVE file" "${good/RIFF/RIFX}"
test_that "more than the file has is an error" refuses "says that 1000 bytes follow, but 44 do" "$(riff "$form$data" 1000)"
test_that "so is the largest size" refuses "says that 4294967295 bytes follow" "$(riff "$form$data" 4294967295)"
test_that "a size that leaves no chunk is an error" refuses "no fmt chunk" "$(riff "$form$data" 0)"
test_that "a size that ends in the head of a chunk is an error" refuses "the head of a chunk is cut off" \
    "$(riff "$form$data" 31)"
test_that "data that are too long are an error" refuses "chunk at byte 36 says that 9 bytes follow, but 8 do" \
    "$(riff "$form$(chunk data abcdefgh 9)")"
test_that "so are data without a length" refuses "says that 4294967295 bytes follow" \
    "$(riff "$form$(chunk data abcdefgh 4294967295)")"
test_that "a fmt chunk that is too long is an error" refuses "chunk at byte 12" "$(riff "$(chunk 'fmt ' abc 2147483647)")"
test_that "another chunk that is too long is an error" refuses "chunk at byte 52" "$(riff "$form$data$(chunk LIST a 9)")"
test_that "no fmt chunk is an error" refuses "there is no fmt chunk" "$(riff "$data")"
test_that "no data chunk is an error" refuses "there is no data chunk" "$(riff "$form")"
test_that "two fmt chunks are an error" refuses "two fmt" "$(riff "$form$form$data")"
test_that "two data chunks are an error" refuses "two data" "$(riff "$form$data$data")"
test_that "a fmt chunk that is too short is an error" refuses "the fmt chunk is too short" \
    "$(riff "$(chunk 'fmt ' "$(le 2 1 2)$(le 4 8000 32000)$(le 2 4)")$data")"
test_that "another format is an error" refuses "not PCM, but format 3" "$(riff "$(fmt 3 2 8000 8 32)$data")"
test_that "an extensible format that is cut off is an error" refuses "the fmt chunk is too short" \
    "$(riff "$(fmt 65534 2 8000 4 16)$data")"
test_that "an extensible format that is another one is an error" refuses "extensible format that is not PCM" \
    "$(riff "$(extensible 16 3)$data")"
test_that "an extensible format that says too little is an error" refuses "extensible format that is not PCM" \
    "$(riff "$(extensible 16 1 0)$data")"
test_that "bits that are not used are an error" refuses "do not use all their bits" "$(riff "$(extensible 12 1)$data")"
test_that "no channels are an error" refuses "0 channels, not 1 to 64" "$(riff "$(fmt 1 0 8000 0 16)$data")"
test_that "too many channels are an error" refuses "65535 channels, not 1 to 64" "$(riff "$(fmt 1 65535 1 65534 16)$data")"
test_that "12 bits a sample are an error" refuses "samples of 12 bits" "$(riff "$(fmt 1 2 8000 4 12)$data")"
test_that "no bits a sample are an error" refuses "samples of 0 bits" "$(riff "$(fmt 1 2 8000 0 0)$data")"
test_that "frames of another size are an error" refuses "frames of 6 bytes, where 2 channels of 16 bits" \
    "$(riff "$(fmt 1 2 8000 6 16)$data")"
test_that "frames of no size are an error" refuses "frames of 0 bytes" "$(riff "$(fmt 1 2 8000 0 16)$data")"
test_that "no frames a second are an error" refuses "0 frames a second" "$(riff "$(fmt 1 2 0 4 16)$data")"
test_that "too many frames a second are an error" refuses "4294967295 frames a second" \
    "$(riff "$(fmt 1 2 4294967295 4 16)$data")"
test_that "no samples are an error" refuses "there are no samples" "$(riff "$form$(chunk data '')")"
test_that "an odd number of bytes is an error" refuses "7 bytes of data are no whole frames of 4" \
    "$(riff "$form$(chunk data abcdefg)\\0")"
test_that "half a frame is an error" refuses "6 bytes of data are no whole frames of 4" \
    "$(riff "$form$(chunk data abcdef)")"

# ---- Files that are cut or changed anywhere -----------------------------------------------------------------

cut() { # file length [mended]: where the file says how long it is now
    head -c "$2" "$1" >"$directory/cut.wav"
    if [ -n "${3:-}" ] && [ "$2" -ge 8 ]; then
        # shellcheck disable=SC2059
        printf "$(le 4 $(($2 - 8)))" | dd of="$directory/cut.wav" bs=1 seek=4 conv=notrunc status=none
    fi
}

small_cut_anywhere_is_refused() { # [mended]
    local length status whole
    whole=$(wc -c <"$directory/good.wav")
    for ((length = 0; length < whole; length++)); do
        cut "$directory/good.wav" "$length" "${1:-}"
        sanitized "$directory/cut.wav" "$directory/made" >"$directory/printed" 2>&1
        status=$?
        [ "$status" -eq 1 ] || { echo "$length: $status"; cat "$directory/printed"; return 1; }
    done
}

cut_is_refused() { # length...: of the committed sound
    local length
    for length in "$@"; do
        cut "$sound" "$length"
        refused "$(basename "$directory")/cut.wav: " "$directory/made" "$directory/cut.wav" || return
    done
}

a_changed_byte_is_no_crash() {
    local place byte status refusals=0
    for ((place = 0; place < 44; place++)); do
        for byte in 00 ff; do
            cp "$directory/good.wav" "$directory/cut.wav"
            # shellcheck disable=SC2059
            printf "\\x$byte" | dd of="$directory/cut.wav" bs=1 seek="$place" conv=notrunc status=none
            sanitized "$directory/cut.wav" "$directory/made" >"$directory/printed" 2>&1
            status=$?
            [ "$status" -le 1 ] || { echo "$place, $byte: $status"; cat "$directory/printed"; return 1; }
            refusals=$((refusals + status))
        done
    done
    [ "$refusals" -gt 50 ] || { echo "only $refusals were refused"; return 1; }
}

accepts "$good" >/dev/null
test_that "a small file that is cut off anywhere is refused" small_cut_anywhere_is_refused
accepts "$good" >/dev/null
test_that "also where it says how long it is" small_cut_anywhere_is_refused mended
accepts "$(riff "$(extensible 16 1)$data")" >/dev/null
test_that "and where its format is extensible" small_cut_anywhere_is_refused mended
test_that "the sound that is cut off is refused" cut_is_refused 1 12 36 44 46 40000 80376 80467
accepts "$good" >/dev/null
test_that "a changed byte in the header is refused or does no harm" a_changed_byte_is_no_crash

tap_end
