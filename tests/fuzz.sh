#!/usr/bin/env bash
# Random harnesses (c-tests/random) guided by the coverage of the library: libFuzzer decides what a round does, the naive model judges.
#
#   fuzz.sh FAMILY...    for SECONDS (default: 60) each, at the level PYBUFFER_CPU; all families without an argument
#
# It needs a clang with libFuzzer's runtime. Everything goes to target/fuzz, but for the fewest inputs that reach as many branches
# as all that were ever found there, which are committed (fuzz/corpus/FAMILY.hex) and run by `make test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p target/fuzz
clang=
for candidate in clang $(compgen -c clang- | grep -E '^clang-[0-9]+$' | sort -rV); do
    if echo 'int LLVMFuzzerTestOneInput(const char *d, long s) { return *d && s; }' |
        "$candidate" -fsanitize=fuzzer -x c - -o target/fuzz/probe 2>/dev/null; then
        clang=$candidate
        break
    fi
done
if [ -z "$clang" ]; then
    echo 'fuzzing needs a clang with libFuzzer (Debian: clang-N libclang-rt-N-dev)' >&2
    exit 1
fi

# Counters at each branch, and the operands of comparisons. The library itself is the one that is released.
triple=$(rustc -vV | sed -n 's/^host: //p')
coverage=(-Cpasses=sancov-module -Ccodegen-units=1)
for option in level=4 inline-8bit-counters pc-table trace-compares; do
    coverage+=("-Cllvm-args=-sanitizer-coverage-$option")
done
RUSTFLAGS=${coverage[*]} cargo rustc --quiet --release --lib --no-default-features --crate-type staticlib --target "$triple" \
    --target-dir target/fuzz --config profile.release.lto=false --config profile.release.strip=false

families=("$@")
if [ "${#families[@]}" -eq 0 ]; then
    mapfile -t families < <(sed -n 's/^const Family [a-z]* = {"\([a-z]*\)".*/\1/p' c-tests/random/*.c)
fi
executions=0 operations=0
count() { # family pattern: the number in its log
    sed -n "s/$2/\1/p" "target/fuzz/$1.log" | tail -n 1
}
for family in "${families[@]}"; do
    arguments=(--no-print-directory -s -C c-tests/random "FAMILY=$family" "BUILD=$PWD/target/fuzz" "CORPUS=$PWD/target/fuzz/corpus"
        "FUZZ_CC=$clang" "FUZZ_LIBRARY=$PWD/target/fuzz/$triple/release/libpybuffer.a" "PYBUFFER_CFLAGS=-I$PWD/include")
    if ! make "${arguments[@]}" fuzz "SECONDS=${SECONDS_EACH:-60}" >"target/fuzz/$family.log" 2>&1; then
        tail -40 "target/fuzz/$family.log"
        echo "fuzz: $family has found something: target/fuzz/found-*"
        exit 1
    fi
    # An execution is a round, of one operation that is compared with the model or of several.
    executed=$(count "$family" '^stat::number_of_executed_units: \(.*\)')
    compared=$(count "$family" '^# \([0-9]*\) operations in .*')
    make "${arguments[@]}" least >>"target/fuzz/$family.log" 2>&1
    executions=$((executions + executed)) operations=$((operations + compared))
    echo "fuzz: $family at ${PYBUFFER_CPU:-the best level}: $executed executions, $compared operations," \
        "$(wc -l <"fuzz/corpus/$family.hex") inputs reach $(count "$family" '.* \([0-9]*\) new coverage edges$') branches"
done
echo "fuzz: $executions executions, $operations operations, nothing found"
