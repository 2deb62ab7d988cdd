#!/usr/bin/env bash
# The example wav.c: its output compared with that of CPython's wave and array modules for the same files (wav.py), and its
# errors for corrupt files. See example.sh. Output is TAP.
set -u

# shellcheck source=../support/example.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/example.sh" wav.c wav_io.c file.c
sound=$data/rock-hit.wav

# ---- What it makes of sound ---------------------------------------------------------------------------------

oracle() { # argument...
    "$prefix/bin/python3.13" "$root/c-tests/examples/wav.py" "$@"
}

as_the_oracle() { # file program...
    local file=$1 expected=$directory/expected made=$directory/made how
    rm -rf "$expected" && mkdir "$expected" || return
    shift
    oracle expect "$file" "$expected" >"$directory/expected-peaks" || return
    for how in "$@"; do
        rm -rf "$made"
        "$how" "$file" "$made" >"$directory/printed" || return
        diff -r "$expected" "$made" || return
        awk 'peaks && !NF { exit } peaks { $1 = $1; print } $1 == "channel" { peaks = 1 }' "$directory/printed" |
            diff "$directory/expected-peaks" - || return
    done
}

prints() { # expected-row: words of a row of the table, for the committed sound
    "$directory/plain" "$sound" "$directory/made" >"$directory/printed" || return
    tr -s ' ' <"$directory/printed" | grep -qxF -- "$1" || { cat "$directory/printed"; return 1; }
}

# What is not broken, and what is taken for what it was meant to be. Some run under valgrind, too.
compared=(mono six-channels sixty-four-channels one-frame clipped 8-bit 8-bit-odd 24-bit 24-bit-clipped 32-bit 32-bit-clipped
    extensible tagged float float-64 float-clipped float-not-finite float-as-it-should-be float-extensible extensible-24-in-32
    extensible-valid-0 more-format unknown-length unknown-length-of-half-a-frame length-never-written length-of-sox
    riff-too-long riff-too-short truncated truncated-in-a-frame truncated-before-the-first half-a-frame no-samples
    no-samples-8-bit no-samples-24-bit no-samples-float no-pad-byte no-pad-byte-before-a-chunk no-pad-byte-before-the-data
    rest-of-a-chunk next-chunk-cut-off)
prefix=$(find_oracle)
if [ -n "$prefix" ] && [ -x "$prefix/bin/python3.13" ]; then
    mkdir "$directory/kinds"
    test_that "CPython writes the files to compare" oracle make "$sound" "$directory/kinds"
    test_that "every one of them is compared" diff <(printf '%s.wav\n' "${compared[@]}" | sort) \
        <(cd "$directory/kinds" && printf '%s\n' *.wav | sort)
    test_that "rock-hit: CPython makes the same of it" as_the_oracle "$sound" sanitized checked
    for kind in "${compared[@]}"; do
        case $kind in
            one-frame | 8-bit-odd | 24-bit-clipped | float-clipped | no-samples | no-pad-byte | truncated) how=(sanitized checked) ;;
            *) how=(sanitized) ;;
        esac
        test_that "$kind: CPython makes the same of it" as_the_oracle "$directory/kinds/$kind.wav" "${how[@]}"
    done
else
    for kind in rock-hit "${compared[@]}"; do
        skip_that "$kind: CPython makes the same of it" "no CPython 3.13"
    done
fi

test_that "a channel is a view with the stride of a frame" prints "channel-2 20083 4"
test_that "the reversed sound is a view with a negative stride" prints "reversed 20083 x 2 -4, 2"

# ---- What it refuses ----------------------------------------------------------------------------------------

refuses() { # message of-bytes: in which printf's escapes stand for what they mean
    # shellcheck disable=SC2059
    printf "$2" >"$directory/spoiled.wav"
    refused "$1" "$directory/spoiled.wav" "$directory/made"
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

data_chunk=$(chunk data abcdefgh)
form=$(fmt 1 2 8000 4 16)
good=$(riff "$form$data_chunk")

accepts() { # bytes
    # shellcheck disable=SC2059
    printf "$1" >"$directory/good.wav"
    sanitized "$directory/good.wav" "$directory/made"
}

# The valid file from which the others differ in one thing.
test_that "a small file is accepted" accepts "$good"
test_that "and an extensible one" accepts "$(riff "$(extensible 16 1)$data_chunk")"

test_that "a file that is not there is an error" refused "No such file" "$directory/nowhere.wav" "$directory/made"
test_that "a directory is an error" refused "no regular file" "$directory" "$directory/made"
test_that "a file in the place of the output directory is an error" refused "Not a directory" "$sound" "$directory/good.wav"
test_that "an empty file is an error" refuses "no RIFF WAVE file" ''
test_that "another file is an error" refuses "no RIFF WAVE file" 'P6\n1 1\n255\nabcdefghij'
test_that "another RIFF file is an error" refuses "no RIFF WAVE file" "${good/WAVE/AVI }"
test_that "big-endian RIFF is an error" refuses "no RIFF WAVE file" "${good/RIFF/RIFX}"
test_that "RIFF of 64 bits is an error" refuses "no RIFF WAVE file" "${good/RIFF/RF64}"
test_that "no fmt chunk is an error" refuses "there is no fmt chunk" "$(riff "$data_chunk")"
test_that "no data chunk is an error" refuses "there is no data chunk" "$(riff "$form")"
test_that "nor one that is hidden by one that is too long" refuses "there is no data chunk" \
    "$(riff "$form$(chunk LIST a 2147483647)$data_chunk")"
test_that "two fmt chunks are an error" refuses "two fmt" "$(riff "$form$form$data_chunk")"
test_that "two data chunks are an error" refuses "two fmt or two data" "$(riff "$form$data_chunk$data_chunk")"
test_that "a fmt chunk that is too short is an error" refuses "the fmt chunk is too short" \
    "$(riff "$(chunk 'fmt ' "$(le 2 1 2)$(le 4 8000 32000)$(le 2 4)")$data_chunk")"
test_that "another format is an error" refuses "samples of format 6 and 8 bits" "$(riff "$(fmt 6 2 8000 2 8)$data_chunk")"
test_that "MP3 is an error" refuses "samples of format 85 and 0 bits" "$(riff "$(fmt 85 2 8000 1 0)$data_chunk")"
test_that "an extensible format that is cut off is an error" refuses "the fmt chunk is too short" \
    "$(riff "$(fmt 65534 2 8000 4 16)$data_chunk")"
test_that "an extensible format that is another one is an error" refuses "samples of format 7 and 16 bits" \
    "$(riff "$(extensible 16 7)$data_chunk")"
test_that "and one in itself" refuses "samples of format 65534 and 16 bits" "$(riff "$(extensible 16 65534)$data_chunk")"
test_that "one of another family is an error" refuses "extensible format that is not known" \
    "$(riff "$(extensible 16 1 | sed 's/161$/162/')$data_chunk")"
test_that "an extensible format that says too little is an error" refuses "extension of the format is too short" \
    "$(riff "$(extensible 16 1 0)$data_chunk")"
test_that "more valid bits than bits are an error" refuses "more valid bits" "$(riff "$(extensible 17 1)$data_chunk")"
test_that "no channels are an error" refuses "0 channels, not 1 to 64" "$(riff "$(fmt 1 0 8000 0 16)$data_chunk")"
test_that "too many channels are an error" refuses "65535 channels, not 1 to 64" \
    "$(riff "$(fmt 1 65535 1 65534 16)$data_chunk")"
test_that "12 bits a sample are an error" refuses "and 12 bits" "$(riff "$(fmt 1 2 8000 4 12)$data_chunk")"
test_that "floats of 16 bits are an error" refuses "samples of format 3 and 16 bits" "$(riff "$(fmt 3 2 8000 4 16)$data_chunk")"
test_that "no bits a sample are an error" refuses "and 0 bits" "$(riff "$(fmt 1 2 8000 0 0)$data_chunk")"
test_that "frames of another size are an error" refuses "frames of 6 bytes, not of 2 channels of 16 bits" \
    "$(riff "$(fmt 1 2 8000 6 16)$data_chunk")"
test_that "frames of no size are an error" refuses "frames of 0 bytes" "$(riff "$(fmt 1 2 8000 0 16)$data_chunk")"
test_that "no frames a second are an error" refuses "0 frames a second" "$(riff "$(fmt 1 2 0 4 16)$data_chunk")"
test_that "too many frames a second are an error" refuses "4294967295 frames a second" \
    "$(riff "$(fmt 1 2 4294967295 4 16)$data_chunk")"

# ---- Files that are cut or changed anywhere -----------------------------------------------------------------

header_cut_anywhere_is_refused() {
    local length
    for length in {0..43}; do
        head -c "$length" "$directory/good.wav" >"$directory/cut.wav"
        ! sanitized "$directory/cut.wav" "$directory/made" 2>"$directory/printed" &&
            grep -q '^ValueError: .*cut.wav: ' "$directory/printed" || { echo "$length"; cat "$directory/printed"; return 1; }
    done
}

accepts "$good" >/dev/null
test_that "a file that is cut off anywhere in the header is refused" header_cut_anywhere_is_refused
cp "$directory/good.wav" "$directory/small.wav"
accepts "$(riff "$(extensible 16 1)$data_chunk$(chunk LIST odd)")" >/dev/null
changes_do_no_harm {} "$directory/made" -- "$directory/small.wav" "$directory/good.wav" \
    $([ ! -d "$directory/kinds" ] || echo "$directory"/kinds/{24-bit-clipped,8-bit-odd,float,no-pad-byte,tagged}.wav)

tap_end
