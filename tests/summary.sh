#!/usr/bin/env bash
# The closing lines of `make test`: how many tests passed, failed and were skipped, with the missing tools. Argument: the folder with
# the results. In it are `log` (all output), `tap` (the output of TAP programs), `skipped` (lines of a count,
# a reason and a name, by tests/tools.sh; of "rust", a reason and a name, by tests/common/skip.rs, where the test counts as
# passed in the log) and `failed` (the targets that failed). Fails if there are any.
set -u
results=$1
export LC_ALL=C

{
    # The totals of the runners: cargo test, Python's unittest, conformance/run.py.
    sed -n \
        -e 's/^test result: [A-Za-z]*\. \([0-9]*\) passed; \([0-9]*\) failed; \([0-9]*\) ignored;.*/count \1 \2 \3 marked #[ignore]/p' \
        -e 's/^Ran \([0-9]*\) tests\{0,1\} in .*/count \1 0 0 -/p' \
        -e 's/^.*: \([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped (.* objects of the library.*/count \1 \2 \3 by conformance\/skips.toml or the suite itself/p' \
        "$results/log"
    cat "$results"/tap/* 2>/dev/null | sed -n \
        -e 's/^ok.*# SKIP *\(.*\)/count 0 0 1 \1/p' -e '/# SKIP/d' \
        -e 's/^ok.*/count 1 0 0 -/p' -e 's/^not ok.*/count 0 1 0 -/p'
    sed 's/^/skip\t/' "$results/skipped" 2>/dev/null
} | awk -F '\t' '
    /^count/ {
        split($0, words, " ")
        passed += words[2]; failed += words[3]; skipped += words[4]
        sub(/^count [0-9]+ [0-9]+ [0-9]+ /, "")
        if (words[4] > 0) reasons[$0] += words[4]
    }
    # A test that calls others, and one that lacks two tools, counts once.
    /^skip/ && $2 == "rust" { if (names[$4]++) next; passed--; skipped++; reasons[$3]++ }
    /^skip/ && $2 != "rust" { skipped += $2; reasons[$3] += $2 }
    END {
        print passed + 0 " passed, " failed + 0 " failed, " skipped + 0 " skipped"
        for (reason in reasons) print "  " reasons[reason] " skipped: " reason | "sort -rn"
    }'
if [ -s "$results/failed" ]; then
    echo "FAILED: $(paste -sd ' ' "$results/failed")"
    exit 1
fi
