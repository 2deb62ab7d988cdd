#!/usr/bin/env bash
# Which lines and branches of the library the tests reach, those in Rust and those in C together.
#
#   coverage.sh [PART...]     rust (unit and model tests), c, random, twins; all without an argument, and then the table
#   coverage.sh --table       the table of what has been run so far
#
# It needs llvm-cov and llvm-profdata of the LLVM of the Rust that builds the library. Everything goes to target/coverage.
# Only the library has counters. They are in files that all processes map, so that those of a process that ends without
# exit count, too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

out=$PWD/target/coverage
llvm=$(rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
for tool in cov profdata; do
    if ! command -v "llvm-$tool-$llvm" >/dev/null; then
        echo "coverage needs llvm-$tool-$llvm (Debian: llvm-$llvm)" >&2
        exit 1
    fi
done

mkdir -p "$out"
# Branches are an unstable option.
export RUSTC_BOOTSTRAP=1 RUSTC_WORKSPACE_WRAPPER=$PWD/tests/coverage-rustc.sh
options=(--quiet --target-dir "$out" --config profile.dev.opt-level=1 --config profile.dev.debug=0)
library=$out/debug/deps

table() {
    local profiles=("$out"/*.profraw) objects=() program
    "llvm-profdata-$llvm" merge --failure-mode=warn -o "$out/all.profdata" "${profiles[@]}"
    objects=("$library/libpybuffer.so")
    for program in "$out"/programs/*; do
        [ -e "$program" ] && objects+=(-object "$program")
    done
    "llvm-cov-$llvm" export --instr-profile="$out/all.profdata" --skip-expansions "${objects[@]}" >"$out/all.json"
    python3 tests/coverage.py "$out/all.json" tests/coverage.txt
}

profile() { # name: where the counters of what is run next are
    export LLVM_PROFILE_FILE="$out/$1-%m%c.profraw"
}

# The library, and the programs of the Rust tests; Cargo compiles the library once for all of its kinds, and once more for its
# unit tests.
build() {
    local program
    mkdir -p "$out/programs"
    for program in lib model; do
        case $program in lib) set -- --lib ;; *) set -- --test "$program" ;; esac
        cargo test "${options[@]}" "$@" --no-run --message-format=json |
            sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1 >"$out/$program.path"
        ln -sf "$(cat "$out/$program.path")" "$out/programs/$program"
    done
    ln -sf libpybuffer.so "$library/libpybuffer.so.0"
}

arguments=(CFLAGS_plain=-O0 "PYBUFFER_CFLAGS=-I$PWD/include" "PYBUFFER_LIBS=-L$library -Wl,-rpath,$library -lpybuffer")

part_rust() {
    local program
    profile rust
    for program in lib model; do
        "$out/programs/$program" --quiet
    done
}

part_c() {
    profile c
    # The stack that the counters take is not the library's.
    PYBUFFER_TEST_STACK=0 make --no-print-directory -s -C c-tests check-plain WITHOUT="${WITHOUT:-}" "${arguments[@]}" "BUILD=$out/c-tests"
}

part_random() {
    profile random
    make --no-print-directory -s -C c-tests/random check "${arguments[@]}" "BUILD=$out/random"
}

part_twins() {
    profile twins
    env "${arguments[@]}" "TWIN_BUILD=$out/twins" bash tests/prove.sh c-tests/twins/compare.sh
    env "${arguments[@]}" TWIN_PYTHON=2.7 "TWIN_BUILD=$out/twins-2.7" bash tests/prove.sh c-tests/twins/compare.sh
}

if [ "${1:-}" = --table ]; then
    table
    exit
fi
parts=("$@")
if [ "${#parts[@]}" -eq 0 ]; then
    parts=(rust c random twins)
    rm -f "$out"/*.profraw
fi
build
status=0
for part in "${parts[@]}"; do
    "part_$part" || status=1
done
table || status=1
exit "$status"
