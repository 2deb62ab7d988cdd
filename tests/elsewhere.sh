#!/usr/bin/env bash
# All that tests/emulated.sh can run on this machine, one after another: tests/elsewhere.sh [ARCH/PART...] (default: all).
#
# A line for each says how many programs and tests there were, and the lines below it what was skipped and why; an architecture that
# lacks a tool is skipped with the tool's name. Logs and results are in target/elsewhere. WRITE=1 puts all that are there into the table
# of docs/platforms.md.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C

out=target/elsewhere
document=docs/platforms.md
commit=$(git describe --always --exclude '*' --dirty=+ 2>/dev/null || echo unknown)
[ "$#" -gt 0 ] || set -- {s390x,aarch64,ppc64le,riscv64}/{unit,c,random,model} windows/c

# Puts rows, given on standard input, into the table, in place of those of the same architecture and part.
write_table() {
    awk -F ' *[|] *' '
        NR == FNR { row[$2, $3] = $0; order[++rows] = $2 SUBSEP $3; next }
        /^<!-- elsewhere -->$/ { table = 1 }
        /^<!-- end -->$/ {
            for (i = 1; i <= rows; i++) if (order[i] in row) print row[order[i]]
            table = 0
        }
        table && ($2, $3) in row { print row[$2, $3]; delete row[$2, $3]; next }
        { print }' - "$document" >"$out/document" && cp "$out/document" "$document"
}

status=0 total=(0 0 0)
for run in "$@"; do
    arch=${run%/*} part=${run#*/} results=$out/$arch-$part
    rm -rf "$results" && mkdir -p "$results/tap" || exit 1
    PYBUFFER_RESULTS=$PWD/$results bash tests/emulated.sh "$arch" "$part" >"$results/log" 2>&1
    case $? in
    0) ;;
    77) printf '1\tno %s\t%s\n' "$(sed -n 's/^  //p' "$results/log" | paste -sd ';' | sed 's/;/, /g')" "$run" >>"$results/skipped" ;;
    *) echo "$results/log" >"$results/failed" ;;
    esac
    # Its program is one, and prints TAP.
    [ "$part" != random ] || ! grep -q '^1\.\.' "$results/log" || cp "$results/log" "$results/tap/random"

    summary=$(bash tests/summary.sh "$results")
    read -r passed _ failed _ skipped _ <<<"$summary"
    # And programs that have died, which have no plan. A build, or Rust's tests, may fail as a whole.
    failed=$((failed + $(find "$results/tap" -type f -exec grep -L '^1\.\.' {} + | wc -l)))
    [ ! -e "$results/failed" ] || [ "$failed" -gt 0 ] || failed=1
    [ "$failed" = 0 ] || status=1
    total=($((total[0] + passed)) $((total[1] + failed)) $((total[2] + skipped)))
    programs=$(($(find "$results/tap" -type f | wc -l) + $(grep -c '^test result: ' "$results/log")))
    reasons=$(sed -n 's/^  \([0-9]* \)skipped: /\1/p' <<<"$summary" | paste -sd ';' | sed 's/;/; /g')
    detail=$(sed -n -e 's/^# \([0-9]* operations\) in .* failed$/\1/p' -e 's/^emulated: //p' "$results/log" | tail -n 1)

    echo "$run: programs $programs, passed $passed, failed $failed, skipped $skipped${detail:+ ($detail)}"
    sed 1d <<<"$summary"
    echo "| $arch | $part | $programs | $passed${detail:+ ($detail)} | $failed | ${reasons:-0} | $commit |" >"$results/row"
done
[ -z "${WRITE:-}" ] || cat "$out"/*/row | write_table
echo "${total[0]} passed, ${total[1]} failed, ${total[2]} skipped"
exit "$status"
