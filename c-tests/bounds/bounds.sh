#!/usr/bin/env bash
# Counts the instructions that each function takes for hostile arguments (robustness/every.c) under callgrind, and compares them with
# docs/bounds.md (TAP). `--write` writes that table. PYBUFFER_CFLAGS, PYBUFFER_LIBS and BUILD as for ../Makefile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

build=${BUILD:?}/bounds
for tool in python3 valgrind; do
    if ! command -v "$tool" >/dev/null; then
        bash ../../tests/tools.sh skip "$tool" 'the time that functions take'
        echo '1..0'
        exit
    fi
done
if [ "$(uname -m)" != x86_64 ]; then
    CI= bash ../../tests/tools.sh skip x86-64 'the time that functions take'
    echo '1..0'
    exit
fi
mkdir -p "$build"
"${CC:-cc}" -std=c11 -O1 -g ${PYBUFFER_CFLAGS:-} -I../support ../robustness/every.c -o "$build/every" ${PYBUFFER_LIBS:-} -pthread
# Which loops run is not to depend on the machine.
count() { # part first end
    PYBUFFER_CPU=portable valgrind -q --tool=callgrind --callgrind-out-file="$build/counts$1" --combine-dumps=yes \
        --toggle-collect=measured --dump-after=measured "$build/every" --count "$2" "$3" >"$build/calls$1" 2>"$build/errors$1" || {
        tail -5 "$build/errors$1" | sed 's/^/# /'
        echo '1..1'
        echo 'not ok 1 - every function'
        exit 1
    }
}
# Two parts take about as long.
rm -f "$build"/counts*
count 1 0 14 &
count 2 14 99
wait $!
write=() && [ "${1:-}" != --write ] || write=(--write)
python3 report.py ${write[@]+"${write[@]}"} ../../docs/bounds.md "$build"/{calls,counts}1 "$build"/{calls,counts}2
