#!/usr/bin/env bash
# Builds bench.c with CPython 3.13 and with this library, runs the two in turn, and prints the medians and their ratio.
# From the environment: CC, PYBUFFER_CFLAGS, PYBUFFER_LIBS, BENCH_BUILD (output directory), ROUNDS (default 5; 3 with
# QUICK=1), ORACLE (prefix of CPython 3.13; otherwise the newest under PYENV_ROOT or `pyenv root`).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CC=${CC:-cc}
rounds=${ROUNDS:-5}
[ -z "${QUICK:-}" ] || rounds=3
root=${PYENV_ROOT:-$(pyenv root 2>/dev/null || true)}
oracle=${ORACLE:-$(ls -d "$root"/versions/3.13.* 2>/dev/null | sort -V | tail -n 1)}
[ -n "$oracle" ] || { echo "no CPython 3.13 found (set ORACLE or PYENV_ROOT)" >&2; exit 1; }
out=$BENCH_BUILD
mkdir -p "$out"

flags=(-std=c11 -O2 -Wall -Wextra -Wpedantic -Werror)
# shellcheck disable=SC2086  # lists of words
$CC "${flags[@]}" $PYBUFFER_CFLAGS "$here/bench.c" $PYBUFFER_LIBS -o "$out/ours"
"$CC" "${flags[@]}" -DNDEBUG -DBENCH_PYTHON_H -isystem "$oracle/include/python3.13" "$here/bench.c" \
    "-L$oracle/lib" "-Wl,-rpath,$oracle/lib" -lpython3.13 -o "$out/cpython"

rm -f "$out"/*.times
for _ in $(seq "$rounds"); do
    "$out/cpython" >>"$out/cpython.times"
    "$out/ours" >>"$out/ours.times"
done

awk -F '\t' '
    function median(list, n,    i, j, swap) {
        for (i = 2; i <= n; i++)
            for (j = i; j > 1 && list[j - 1] > list[j]; j--) { swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap }
        return list[int((n + 1) / 2)]
    }
    function time(ns) { return ns < 1e4 ? sprintf("%.1f ns", ns) : ns < 1e7 ? sprintf("%.1f us", ns / 1e3) : sprintf("%.1f ms", ns / 1e6) }
    FNR == 1 { file++ }
    !(($1) in seen) { seen[$1] = 1; order[++names] = $1 }
    { times[file, $1, ++count[file, $1]] = $2 }
    END {
        printf "| workload | CPython 3.13 | libpybuffer | times faster |\n| --- | ---: | ---: | ---: |\n"
        for (i = 1; i <= names; i++) {
            for (f = 1; f <= 2; f++) {
                n = count[f, order[i]]
                for (j = 1; j <= n; j++) list[j] = times[f, order[i], j]
                result[f] = median(list, n)
            }
            printf "| %s | %s | %s | %.1f |\n", order[i], time(result[1]), time(result[2]), result[1] / result[2]
        }
    }' "$out/cpython.times" "$out/ours.times"
