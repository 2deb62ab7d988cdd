#!/usr/bin/env bash
# Builds every twin program four times and compares what the four print:
#   (a) CPython's headers, CPython's library: the oracle
#   (b) our header, our library
#   (c) CPython's headers, our library: what a program built for CPython 3 gets
#   (d) the same with NDEBUG
# A program with a comment "since: 3.14" is skipped with an older CPython.
#
# Output is TAP. From the environment:
#   CC, CFLAGS        the compiler (default: cc) and flags for all three builds
#   TWIN_BUILD        where programs and outputs go (default: a temporary directory, removed afterwards)
#   PYBUFFER_CFLAGS   flags that find our header
#   PYBUFFER_LIBS     flags that link our library; when neither is set only the oracle is built and run
#   TWIN_PYTHON       the CPython to compare with: 3.13 (the default) or later runs the programs here, 2.7 those in python2/
#   ORACLE            prefix of a CPython of that version with headers and a shared library; otherwise the newest under
#                     $PYENV_ROOT/versions or `pyenv root`, or else python3.13 on the PATH, or one from `make pythons`
#   ORACLE_2          the same for 2.7
#   TWIN_TIMEOUT      seconds that one run may take (default: 60)
# Arguments: names of the programs to compare (default: all).
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CC=${CC:-cc}
CFLAGS=${CFLAGS:--O1 -g}
timeout_seconds=${TWIN_TIMEOUT:-60}
version=${TWIN_PYTHON:-3.13}
jobs_at_once=2
warnings=(-std=c11 -Wall -Wextra -Wpedantic -Werror)
case $version in
    3.1[3-9]) sources=$here ;;
    2.7) sources=$here/python2 ;;
    *) echo "Bail out! no programs for CPython $version"; exit 1 ;;
esac

if [ "$#" -gt 0 ]; then
    programs=("$@")
else
    programs=()
    for source in "$sources"/*.c; do
        programs+=("$(basename "$source" .c)")
    done
fi

# One test for each program and hash seed.
tests=()
for program in "${programs[@]}"; do
    tests+=("$program 0")
    if [ "$program" = hash ]; then
        tests+=("$program 1" "$program 42")
    fi
done

# shellcheck source=../support/oracle.sh
. "$here/../support/oracle.sh"

oracle=$(find_oracle_to_link "$version")

echo "1..${#tests[@]}"
if [ -z "$oracle" ]; then
    number=0
    missing="no CPython $version"
    for test in "${tests[@]}"; do
        number=$((number + 1))
        if [ "${CI:-}" = true ]; then
            echo "not ok $number - ${test% *}: $missing"
        else
            echo "ok $number - ${test% *} # SKIP $missing"
        fi
    done
    [ "${CI:-}" = true ] && exit 1
    exit 0
fi

include=$oracle/include/python$version
# As 0x030f02. Where CPython has changed, and this library follows the newest, a program leaves out what an older one prints.
hexversion() { # major minor micro
    printf '0x%02x%02x%02x' "$1" "${2:-0}" "${3:-0}"
}
full=$(sed -n 's/^#define PY_VERSION[[:space:]]*"\([0-9.]*\).*/\1/p' "$include/patchlevel.h")
# shellcheck disable=SC2086  # words
twin_version=$(hexversion ${full//./ })
python_cflags=(-DTWIN_PYTHON_H -isystem "$include")
# One that `make pythons` has fetched needs another C library, with which `run` runs the program.
python_libs=("-L$oracle/lib" "-Wl,-rpath,$oracle/lib" "-lpython$version" -Wl,--allow-shlib-undefined)
enter=()
[ ! -x "$oracle/run" ] || enter=("$oracle/run")
builds=(oracle)
if [ -n "${PYBUFFER_CFLAGS:-}${PYBUFFER_LIBS:-}" ]; then
    builds+=(ours)
    # The structs of Python 2 are others.
    [ "$version" = 2.7 ] || builds+=(mixed mixed-ndebug)
fi

if [ -n "${TWIN_BUILD:-}" ]; then
    out=$TWIN_BUILD
    mkdir -p "$out" || exit 1
else
    out=$(mktemp -d) || exit 1
    trap 'rm -rf "$out"' EXIT
fi

# CFLAGS, PYBUFFER_CFLAGS and PYBUFFER_LIBS are lists of words.
# shellcheck disable=SC2086
build() { # program build
    local program=$1 kind=$2 flags=() libs=()
    case $kind in
        oracle) flags=("${python_cflags[@]}"); libs=("${python_libs[@]}") ;;
        ours) flags=(${PYBUFFER_CFLAGS:-}); libs=(${PYBUFFER_LIBS:-}) ;;
        # With the assertions of CPython's headers, and without.
        mixed) flags=("${python_cflags[@]}"); libs=(${PYBUFFER_LIBS:-}) ;;
        mixed-ndebug) flags=(-DNDEBUG "${python_cflags[@]}"); libs=(${PYBUFFER_LIBS:-}) ;;
    esac
    flags+=("-DTWIN_VERSION=$twin_version")
    rm -f "$out/$program.$kind"
    $CC $CFLAGS "${warnings[@]}" ${flags[@]+"${flags[@]}"} "$sources/$program.c" ${libs[@]+"${libs[@]}"} \
        -o "$out/$program.$kind" >"$out/$program.$kind.log" 2>&1
}

# The version that a program needs, where the oracle is older.
needs_newer() { # program
    local since
    since=$(sed -n 's/^.*since: \(3\.[0-9]*\).*/\1/p' "$sources/$1.c" | head -n 1)
    # shellcheck disable=SC2086  # words
    [ -n "$since" ] && [[ $twin_version < $(hexversion ${since//./ }) ]] && echo "$since"
}

build_one_program() {
    local kind
    ! needs_newer "$1" >/dev/null || return 0
    for kind in "${builds[@]}"; do
        build "$1" "$kind"
    done
}

for program in "${programs[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs_at_once" ]; do
        wait -n
    done
    build_one_program "$program" &
done
wait

run() { # program build seed -> exit status; output in files
    local program=$1 kind=$2 seed=$3 within=()
    [ "$kind" != oracle ] || within=(${enter[@]+"${enter[@]}"})
    env -u PYTHONMALLOC -u PYTHONHOME -u PYTHONPATH PYTHONHASHSEED="$seed" \
        timeout "$timeout_seconds" ${within[@]+"${within[@]}"} "$out/$program.$kind" \
        >"$out/$program.$kind.$seed.out" 2>"$out/$program.$kind.$seed.err"
}

# Prints why the test fails, as comments; says nothing when all is well.
check() { # program seed
    local program=$1 seed=$2 kind status lines expected=$out/$1.oracle.$2.out actual
    for kind in "${builds[@]}"; do
        if [ ! -x "$out/$program.$kind" ]; then
            echo "# the $kind build failed:"
            head -n 20 "$out/$program.$kind.log" | sed 's/^/#   /'
            continue
        fi
        run "$program" "$kind" "$seed"
        status=$?
        actual=$out/$program.$kind.$seed.out
        if [ "$status" -ne 0 ]; then
            echo "# the $kind build exits with status $status after $(wc -l <"$actual") lines"
            tail -n 5 "$out/$program.$kind.$seed.err" | cut -c 1-300 | sed 's/^/#   /'
        fi
        if [ "$kind" = oracle ]; then
            [ -s "$actual" ] || echo "# the oracle prints nothing"
        elif ! cmp -s "$expected" "$actual"; then
            lines=$(diff -a "$expected" "$actual" | grep -a -c '^[<>]')
            echo "# the $kind build differs from the oracle in $lines lines:"
            diff -a -U 1 --label oracle --label "$kind" "$expected" "$actual" | head -n 24 | cut -c 1-400 |
                sed 's/^/#   /'
        fi
    done
}

failures=0
number=0
for test in "${tests[@]}"; do
    number=$((number + 1))
    program=${test% *}
    seed=${test#* }
    name="$program: "
    [ "$seed" = 0 ] || name="$program, hash seed $seed: "
    if [ "${#builds[@]}" -eq 1 ]; then
        name+="builds and runs on the oracle"
    else
        name+="prints the same on CPython and on this library"
    fi
    if since=$(needs_newer "$program"); then
        echo "ok $number - $name # SKIP functions of CPython $since, and this is $full"
        continue
    fi
    reasons=$(check "$program" "$seed")
    if [ -z "$reasons" ]; then
        echo "ok $number - $name"
    else
        failures=$((failures + 1))
        echo "not ok $number - $name"
        echo "$reasons"
    fi
done
[ "$failures" -eq 0 ]
