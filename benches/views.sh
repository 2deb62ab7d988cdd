#!/usr/bin/env bash
# Times the loops of views.cpp with each C++ compiler that is given, and counts their instructions where there is valgrind:
# both beside those of the loop over raw pointers.
#
#   PYBUFFER_CFLAGS=... PYBUFFER_LIBS=... BENCH_BUILD=... benches/views.sh g++ clang++
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

instructions() { # program loop rounds
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$1" "$2" "$3" 2>&1 | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

for compiler in "$@"; do
    program=$BENCH_BUILD/views-${compiler##*/}
    # shellcheck disable=SC2086  # words
    "$compiler" -std=c++17 -O3 -Wall -Wextra -Werror $PYBUFFER_CFLAGS benches/views.cpp -o "$program" $PYBUFFER_LIBS
    echo "$compiler, least times:"
    "$program"
    command -v valgrind >/dev/null || continue
    echo "$compiler, instructions:"
    raw=1
    "$program" --list | while read -r loop; do
        count=$(($(instructions "$program" "$loop" 11) - $(instructions "$program" "$loop" 1)))
        case $loop in *"raw pointers") raw=$count ;; esac
        awk -v loop="$loop" -v count="$count" -v raw="$raw" \
            'BEGIN { printf "%-48s %8d     %.2f\n", loop, count / 10, count / raw }'
    done
done
