#!/usr/bin/env bash
# The program pybuffer (tools/), built with sanitizers: compared with NumPy (compare.py), on spoiled files, and what it says of mistakes.
# Output is TAP.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
plain=$root/target/tools/pybuffer
tool=$root/target/tools/checked/pybuffer
data=$root/examples/data
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
export ASAN_OPTIONS=exitcode=99:detect_leaks=1:handle_sigbus=0 UBSAN_OPTIONS=exitcode=99

# shellcheck source=../support/tap.sh
. "$root/c-tests/support/tap.sh"
# shellcheck source=../support/oracle.sh
. "$root/c-tests/support/oracle.sh"
has sanitizers || skip_that "the program is built with sanitizers" "no sanitizers"

# ---- As NumPy ------------------------------------------------------------------------------------------------------

numpy() { # argument...
    "${PYBUFFER_NUMPY_PYTHON:-$root/target/numpy-venv/bin/python}" "$@"
}

compare() { # case [tool]: in a folder of its own
    mkdir -p "$directory/$1" && numpy c-tests/tools/compare.py "$1" "${2:-$tool}" "$directory/$1" && rm -rf "${directory:?}/$1"
}

cases=(npy_is_copied parts_are_selected values_are_converted raw_memory_is_read pictures_are_converted sounds_are_converted
    dtypes_agree structs_compile interrupted_work_leaves_nothing files_that_become_shorter_are_an_error progress_is_for_terminals
    drawings_are_right tables_are_right large_files_open_at_once)
if numpy -c 'import numpy' 2>/dev/null; then
    test_that "every case of compare.py is run" diff <(printf '%s\n' "${cases[@]}" | sort) \
        <(sed -n 's/^def \([a-z_]*\)():$/\1/p' c-tests/tools/compare.py | grep -v '^arrays$' | sort)
    for case in "${cases[@]}"; do
        # What makes many files, or much work, runs without sanitizers.
        case $case in
        npy_is_copied | values_are_converted | interrupted* | progress* | large*) how=$plain ;;
        *) how=$tool ;;
        esac
        test_that "${case//_/ }" compare "$case" "$how"
    done
else
    for case in "${cases[@]}"; do
        skip_that "${case//_/ }" "no NumPy"
    done
fi

# ---- What it prints -------------------------------------------------------------------------------------------------

prints() { # expected argument...
    local expected=$1
    shift
    diff <(echo "$expected") <("$tool" "$@")
}

refuses() { # status message argument...: one line, and nothing else
    local status=$1 message=$2 got
    shift 2
    "$tool" "$@" >"$directory/out" 2>"$directory/error"
    got=$?
    [ "$got" -eq "$status" ] && [ ! -s "$directory/out" ] && [ "$(wc -l <"$directory/error")" -eq 1 ] &&
        grep -qF -- "pybuffer: " "$directory/error" && grep -qF -- "$message" "$directory/error" ||
        { echo "status $got"; cat "$directory/out" "$directory/error"; return 1; }
}

table=$(
    cat <<'END'
planets.npy: NumPy array (.npy, version 1.0), 1,088 bytes, mapped
items    4 items of 4 bytes, not contiguous
shape    (2, 2)
strides  (-176, 4)
offset   1,056
format   f (32-bit float, little-endian)

index     [0]     [1]
    0  4471.1  4558.9
    1  1357.6  1506.5
END
)
shows_a_field() {
    (cd "$data" && prints "$table" show planets.npy -f orbit.range -s ':3:-2')
}

shows_no_control_characters() {
    printf '\x93NUMPY\1\0\x76\0%-117s\n' "{'descr': [('a\\x1b[31m', '<i4'), ('b\\n', '|S3')], 'fortran_order': False, 'shape': (1,), }" >"$directory/$1"
    printf '\1\0\0\0\x1b[m' >>"$directory/$1"
    "$tool" show "$directory/$1" >"$directory/shown" && "$tool" draw "$directory/$1" >>"$directory/shown" &&
        "$tool" draw "$directory/$1" -o "$directory/drawn.svg" && cat "$directory/drawn.svg" >>"$directory/shown"
    grep -qF 'a\x1b[31m' "$directory/shown" && ! LC_ALL=C grep -q $'[\001-\010\013-\037\177]' "$directory/shown" ||
        { cat -v "$directory/shown"; return 1; }
}

draws_a_column() {
    printf '\1\2\3\4\5\6' | "$tool" draw - --format b --shape 2,3 -s '::-1, 1' >"$directory/drawn" &&
        diff - "$directory/drawn" <<'END'
standard input [::-1, 1]: shape (2,), strides (-3,), format b

  ┌───┬───┬───┐
0 │ 1 │ 2 │ 3 │
  └───┴───┴───┘
       [1]
  ┌───┬───┬───┐
3 │ 4 │ 5 │ 6 │
  └───┴───┴───┘
       [0]
axis 0: [0] ▲ [1], 3 bytes back
END
}

test_that "a field of records is shown" shows_a_field
test_that "control characters are escaped, in names, in values and in drawings" shows_no_control_characters $'a\x1bname'
test_that "a column is drawn" draws_a_column
test_that "values are shown from bytes" grep -qx '(1, 2.5)' <("$tool" format 'T{<i:x:d:y:}' --bytes 01000000:0000000000000440)
describes_many_fields() { # last field, format
    timeout 60 "$tool" format "$2" >"$directory/out" && grep -qF -- "$1" "$directory/out" || { tail -c 300 "$directory/out"; return 1; }
}
test_that "5000 fields without names are described" describes_many_fields "('f4999', '|u1')" "$(printf 'B%.0s' {1..5000})"
test_that "and 5000 whose names C does not have" describes_many_fields " bits_4999[1];" "$(printf 'tB%.0s' {1..5000})"
test_that "bits are shown from bytes" grep -qx '(5, 1)' <("$tool" format '3t5t' --bytes 0d)

test_that "no command is a mistake" refuses 2 "expected a command"
test_that "an unknown command is one" refuses 2 "unknown command 'shew'" shew "$data/planets.npy"
test_that "an unknown option is one" refuses 2 "'--astype' is no option of show" show --astype d "$data/planets.npy"
test_that "a missing argument is one" refuses 2 "--limit needs an argument" show "$data/planets.npy" --limit
test_that "a number that is none is one" refuses 2 "'4x' is not a number" show -n 4x "$data/planets.npy"
test_that "a number out of range is one" refuses 2 "out of range" show --offset 9999999999999999999 "$data/planets.npy"
test_that "a limit of 0 is one" refuses 2 "less than 1" show -n 0 "$data/planets.npy"
test_that "a limit that no terminal has is one" refuses 2 "more than 100000" show -n 100001 "$data/planets.npy"
test_that "a letter that is none of a short option is one" refuses 2 "'-F' is no option of show" show -F B "$data/planets.npy"
test_that "a short option of another command is one" refuses 2 "'-o' is no option of show" show -o x "$data/planets.npy"
test_that "an argument that an option does not take is one" refuses 2 "--json takes no argument" format i --json=1
test_that "a short option's missing argument is one" refuses 2 "--limit needs an argument" show "$data/planets.npy" -n
test_that "no file is one" refuses 2 "show takes FILE" show
test_that "two files are one" refuses 2 "show takes FILE" show a b
test_that "another order is one" refuses 2 "--order is C or F" convert a b.npy --order A
test_that "a kind that is not known is one" refuses 2 "--to says what kind" convert "$data/planets.npy" "$directory/x.txt"
test_that "an order that a file does not have is an error" refuses 1 "items in C order" convert "$data/chelsea.ppm" "$directory/x.ppm" --order F
test_that "a file that is not there is an error" refuses 1 "No such file" show "$directory/nowhere"
test_that "and its name is on one line" refuses 1 'a\nb: No such file' show $'a\nb'
test_that "a folder is an error" refuses 1 "directory" show "$directory"
test_that "a folder that is not there is an error" refuses 1 "No such file" convert "$data/planets.npy" "$directory/nowhere/x.npy"
test_that "a file of another kind is an error" refuses 1 "neither .npy" show "$root/Makefile"
refuses_a_pipe_without_end() { # at its first bytes, while it stays open
    mkfifo "$directory/pipe" && exec 3<>"$directory/pipe" && echo "text of no kind" >&3 || return 1
    timeout 20 "$tool" show - <&3 >"$directory/out" 2>&1
    grep -qF "standard input: neither .npy" "$directory/out" || { cat "$directory/out"; return 1; }
    exec 3>&-
}
test_that "input of no kind is refused before it ends" refuses_a_pipe_without_end
shows_the_start_of_a_pipe_without_end() { # as many bytes as the shape takes, while it stays open
    mkfifo "$directory/stream" && exec 4<>"$directory/stream" && printf 'abcdefgh' >&4 || return 1
    timeout 20 "$tool" show - --format B --shape 2,3 --offset 1 <&4 >"$directory/out" 2>&1 || { cat "$directory/out"; return 1; }
    exec 4>&-
    grep -q '\b103\b' "$directory/out" && ! grep -q '\b104\b' "$directory/out" || { cat "$directory/out"; return 1; }
}
test_that "no more of raw input is read than the shape takes" shows_the_start_of_a_pipe_without_end
test_that "a field that is not there is an error" refuses 1 "weight" show "$data/planets.npy" -f weight
test_that "a subscript that is none is an error" refuses 1 "expected" show "$data/planets.npy" -s '1:x'
test_that "an index out of bounds is an error" refuses 1 "out of bounds" show "$data/planets.npy" -s 8
test_that "an invalid format is an error" refuses 1 "expected" format 'T{i'
test_that "a format of too many bytes is an error" refuses 1 "too large" format '(4294967296,4294967296)d'
test_that "bytes that are no item are an error" refuses 1 "the item has 4 bytes, not 3" format '<i' --bytes 010203
test_that "values of too many brackets are an error" refuses 1 "too long to be shown" format '(1000000000000,0)B' --bytes ''
test_that "and in JSON" refuses 1 "too long to be shown" format 'T{(1000000000000,0)B}' --bytes '' --json
test_that "values that do not convert are an error" refuses 1 "" convert "$data/planets.npy" "$directory/x.npy" --astype d
test_that "and leave no file" test ! -e "$directory/x.npy"

raw_refuses() { # message option...: of 16 bytes
    local message=$1
    shift
    head -c 16 /dev/zero >"$directory/raw" && refuses 1 "$message" show "$directory/raw" "$@"
}

test_that "items past the end are an error" raw_refuses "reach 4 bytes past the end" --format i --shape 5
test_that "and with strides" raw_refuses "reach 1 byte past the end" --format i --shape 2 --strides 13
test_that "items before the start are an error" raw_refuses "reach 4 bytes before the start" --format i --shape 2 --strides -4
test_that "an offset past the end is an error" raw_refuses "outside of the file" --offset 17
test_that "a negative offset is an error" raw_refuses "outside of the file" --offset -1
test_that "a shape that wraps is an error" raw_refuses "further than memory" --format i --shape 4294967296,4294967296
test_that "and one whose last items wrap" raw_refuses "further than memory" --shape 2,2 --strides 9223372036854775807,9223372036854775807
test_that "and one that wraps to nothing" raw_refuses "further than memory" --format d --shape 2305843009213693952
test_that "the lowest stride is an error" raw_refuses "further than memory" --shape 3 --strides -9223372036854775808
for options in "--shape 2 --strides=-9223372036854775808" "--shape 3 --strides=-4611686018427387904"; do
    # shellcheck disable=SC2086
    test_that "and so is the lowest byte: $options" raw_refuses "9,223,372,036,854,775,808 bytes before the start" --format B $options
done
test_that "the lowest offset is outside" raw_refuses "outside of the file" --offset=-9223372036854775808
test_that "a negative length is an error" raw_refuses "negative" --shape -2
test_that "items of no bytes without a length are an error" raw_refuses "no bytes" --format 0s
test_that "strides without a shape are an error" raw_refuses "must say all" --strides 4
test_that "too few strides are an error" raw_refuses "as many numbers" --shape 2,2 --strides 4
test_that "more than 64 axes are an error" raw_refuses "64 axes" --shape "$(printf '1,%.0s' {1..64})1"

# Shapes whose items are many, but take no bytes, or the same ones.
holds() { # command option...: within a second or so
    head -c 4096 /dev/zero >"$directory/raw" && timeout 60 "$tool" "$1" "$directory/raw" "${@:2}" >"$directory/out"
}
takes_little_memory() { # command option...: of 100 MB that end with a letter
    truncate -s 100000000 "$directory/large" && printf x >>"$directory/large" &&
        (ulimit -v 400000 && "$plain" "$1" "$directory/large" "${@:2}") >"$directory/out" && rm "$directory/large"
}
nested='x0s:a:'
for _ in {1..8}; do
    nested="(8)T{$nested}"
done
for command in show draw; do
    test_that "$command: items without bytes" holds $command --format 0s --shape 4611686018427387904
    test_that "$command: one item, repeated" holds $command --format i --shape 1073741824,1073741824 --strides 0,0
    test_that "$command: no items along an axis" holds $command --format i --shape 0,9223372036854775807 --strides 1,1
    test_that "$command: an item of many values" holds $command --format '(1000000000000)0s(2)q'
    test_that "$command: no items, where the lengths wrap" holds $command --format B --shape 2,0,9223372036854775807
    test_that "$command: and in another order" holds $command --format d --shape 9223372036854775807,2,0
    test_that "$command: the lowest stride of one item" holds $command --format i --shape 4,1 --strides=4,-9223372036854775808
    test_that "$command: 60 axes whose items overlap" holds $command --format B --shape "$(printf '2,%.0s' {1..59})2" \
        --strides "$(printf '1,%.0s' {1..59})1"
    test_that "$command: records of padding" takes_little_memory $command --format "$nested" --shape 1
    test_that "$command: one item of 100 MB" takes_little_memory $command --format 100000001s
    test_that "$command: a cell of many values" holds $command --format '(4096)B' --shape 1000,1000 --strides 0,0 -n 1000
    test_that "$command: 64 axes" holds $command --format b --shape "$(printf '1,%.0s' {1..60})2,2,2,2"
done

# ---- Spoiled files ----------------------------------------------------------------------------------------------------

any_python() {
    local python prefix
    prefix=$(find_oracle)
    for python in "$prefix/bin/python3.13" python3; do
        "$python" -c '' 2>/dev/null && echo "$python" && return
    done
}

survives() { # argument... -- file...
    "$(any_python)" c-tests/examples/fuzz.py "${FUZZ:-60}" "${SEED:-1}" "$directory/changed" "$tool" "$@"
}

head -c 2000 "$data/rock-hit.wav" >"$directory/s.wav"
printf 'P6 2 2 255 abcdefghijkl' >"$directory/s.ppm"
printf 'P5 2 2 300 abcdefgh' >"$directory/s.pgm"
printf 'BM\x3e\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\2\0\0\0\1\0\x18\0%032dabcdefgh' 0 | tr 0 '\0' >"$directory/s.bmp"
files=("$data/planets.npy" "$data/chelsea-brightness.npy" "$directory/s.wav" "$directory/s.ppm" "$directory/s.pgm" "$directory/s.bmp")
if [ -n "$(any_python)" ]; then
    test_that "files that are changed at random are shown or refused" survives show {} -- "${files[@]}"
    test_that "and drawn" survives draw {} -s '..., ::-1' -- "${files[@]}"
    test_that "and converted" survives convert {} "$directory/changed.npy" -- "${files[@]}"
else
    skip_that "files that are changed at random are shown, drawn and converted, or refused" "no Python"
fi

# ---- As it is installed -------------------------------------------------------------------------------------------------

documented() { # file: every option that the help names, in it
    local command option
    for command in show draw convert format; do
        for option in $("$tool" help $command | grep -o -- '--[a-z]*' | sort -u); do
            sed 's/\\-/-/g' "$1" | grep -qF -- "$option" || { echo "$option of $command"; return 1; }
        done
    done
}

completes() {
    # shellcheck source=/dev/null
    (. tools/completion.bash && COMP_WORDS=(pybuffer convert --o) COMP_CWORD=2 && _pybuffer && [ "${COMPREPLY[*]}" = "--offset --order" ] &&
        COMP_WORDS=(pybuffer d) COMP_CWORD=1 && _pybuffer && [ "${COMPREPLY[*]}" = draw ] &&
        COMP_WORDS=(pybuffer convert --to p) COMP_CWORD=3 && _pybuffer && [ "${COMPREPLY[*]}" = "pgm ppm" ])
}

installed() {
    make --no-print-directory install-tool "PREFIX=$directory/prefix" "LIBDIR=$root/target/release" >"$directory/log" 2>&1 || { cat "$directory/log"; return 1; }
    (unset LD_LIBRARY_PATH && "$directory/prefix/bin/pybuffer" --version | grep -qx 'pybuffer [0-9.]*') &&
        [ -f "$directory/prefix/share/man/man1/pybuffer.1" ] &&
        make --no-print-directory uninstall-tool "PREFIX=$directory/prefix" >"$directory/log" 2>&1 &&
        [ -z "$(find "$directory/prefix" -type f)" ]
}

test_that "the manual page names every option" documented tools/pybuffer.1
test_that "the completion of bash names every option" documented tools/completion.bash
test_that "the completion of zsh names every option" documented tools/completion.zsh
test_that "bash completes" completes
if command -v zsh >/dev/null; then
    test_that "zsh reads its completion" zsh -n tools/completion.zsh
else
    CI= skip_that "zsh reads its completion" "no zsh"
fi
if command -v groff >/dev/null; then
    test_that "the manual page is clean" test -z "$(groff -man -Tutf8 -ww tools/pybuffer.1 2>&1 >/dev/null)"
else
    CI= skip_that "the manual page is clean" "no groff"
fi
test_that "it is installed, finds the library there, and is uninstalled" installed
tap_end
