#!/usr/bin/env bash
# Builds the benchmark programs, runs them and their peers in turn, and prints the medians, and how many times faster this
# library is than the faster of the others.
# From the environment: CC, PYBUFFER_CFLAGS, PYBUFFER_LIBS, BENCH_BUILD (output directory), ROUNDS (default 5; 3 with
# QUICK=1), ORACLE (prefix of CPython 3.13; otherwise the newest under PYENV_ROOT or `pyenv root`),
# PYBUFFER_NUMPY_PYTHON (an interpreter with NumPy; without one its column is left out).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CC=${CC:-cc}
rounds=${ROUNDS:-5}
[ -z "${QUICK:-}" ] || rounds=3
root=${PYENV_ROOT:-$(pyenv root 2>/dev/null || true)}
oracle=${ORACLE:-$(ls -d "$root"/versions/3.13.* 2>/dev/null | sort -V | tail -n 1)}
[ -n "$oracle" ] || { echo "no CPython 3.13 found (set ORACLE or PYENV_ROOT)" >&2; exit 1; }
numpy=${PYBUFFER_NUMPY_PYTHON:-}
"${numpy:-false}" -c 'import numpy' 2>/dev/null || { numpy=; echo "no NumPy: its column is empty" >&2; }
out=$BENCH_BUILD
mkdir -p "$out"

flags=(-std=c11 -O2 -Wall -Wextra -Wpedantic -Werror)
for program in bench formats numbers copies; do
    # shellcheck disable=SC2086  # lists of words
    $CC "${flags[@]}" $PYBUFFER_CFLAGS "$here/$program.c" $PYBUFFER_LIBS -o "$out/$program.ours"
done
for program in bench copies; do
    "$CC" "${flags[@]}" -DNDEBUG -DBENCH_PYTHON_H -isystem "$oracle/include/python3.13" "$here/$program.c" \
        "-L$oracle/lib" "-Wl,-rpath,$oracle/lib" -lpython3.13 -o "$out/$program.cpython"
done

rm -f "$out"/*.times
: >"$out/numpy.times"
for _ in $(seq "$rounds"); do
    { "$out/bench.cpython"; "$oracle/bin/python3.13" "$here/peers.py" cpython; } >>"$out/cpython.times"
    [ -z "$numpy" ] || "$numpy" "$here/peers.py" numpy >>"$out/numpy.times"
    { "$out/bench.ours"; "$out/formats.ours"; "$out/numbers.ours"; } >>"$out/ours.times"
done

awk -F '\t' '
    function median(list, n,    i, j, swap) {
        for (i = 2; i <= n; i++)
            for (j = i; j > 1 && list[j - 1] > list[j]; j--) { swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap }
        return list[int((n + 1) / 2)]
    }
    function time(ns) {
        if (!ns) return "-"
        return ns < 1e4 ? sprintf("%.1f ns", ns) : ns < 1e7 ? sprintf("%.1f us", ns / 1e3) : sprintf("%.1f ms", ns / 1e6)
    }
    { who = FILENAME; sub(/.*\//, "", who); sub(/\.times$/, "", who) }
    who == "ours" && !($1 in seen) { seen[$1] = 1; order[++names] = $1 }
    { times[who, $1, ++count[who, $1]] = $2 }
    END {
        printf "| workload | CPython 3.13 | NumPy | libpybuffer | times faster |\n| --- | ---: | ---: | ---: | ---: |\n"
        split("cpython numpy ours", columns, " ")
        for (i = 1; i <= names; i++) {
            best = 0
            for (c = 1; c <= 3; c++) {
                n = count[columns[c], order[i]]
                for (j = 1; j <= n; j++) list[j] = times[columns[c], order[i], j]
                result[c] = n ? median(list, n) : 0
                if (c < 3 && result[c] && (!best || result[c] < best)) best = result[c]
            }
            printf "| %s | %s | %s | %s | %s |\n", order[i], time(result[1]), time(result[2]), time(result[3]), best ? sprintf("%.1f", best / result[3]) : "-"
        }
    }' "$out/cpython.times" "$out/numpy.times" "$out/ours.times"

# Copies beside memcpy: 1.00 is its speed.
"$out/copies.ours" >"$out/ours.copies"
QUICK=1 "$out/copies.cpython" >"$out/cpython.copies"
: >"$out/numpy.copies"
[ -z "$numpy" ] || LIST=1 "$out/copies.ours" | "$numpy" "$here/peers.py" copies >"$out/numpy.copies"
awk -F '\t' '
    BEGIN {
        printf "\n| copy | memcpy, us | CPython 3.13, us | NumPy, us | libpybuffer, us | memcpy / libpybuffer |\n"
        printf "| --- | ---: | ---: | ---: | ---: | ---: |\n"
    }
    FILENAME ~ /cpython/ { cpython[$1] = $3; next }
    FILENAME ~ /numpy/ { numpy[$1] = $3; next }
    { printf "| %s | %s | %s | %s | %s | %s |\n", $1, $2, cpython[$1], numpy[$1] ? numpy[$1] : "-", $3, $4 }
' "$out/cpython.copies" "$out/numpy.copies" "$out/ours.copies"
