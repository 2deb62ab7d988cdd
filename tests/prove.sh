#!/usr/bin/env bash
# Runs programs that print TAP, two at a time with perl's prove, or one after the other without it.
#
#   prove.sh [--exec COMMAND] PROGRAM...             COMMAND (words) runs each program, such as valgrind
#   prove.sh --skip TOOL PROGRAM...                  the programs are not run, since the tool is missing
#
# In `make test` (PYBUFFER_RESULTS) their output is kept, to be counted. PYBUFFER_PROVE=none disables prove.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
results=${PYBUFFER_RESULTS:-}

# A script has no need to be executable. The status is that of the program.
run() { # program
    local -a command
    read -ra command <<<"${PYBUFFER_TAP_COMMAND:-}"
    case $1 in *.sh) command=(bash) ;; esac
    local kept=/dev/null
    [ -z "$results" ] || kept=$(mktemp "$results/tap/$(basename "$1").XXXXXX")
    # Lines of Windows programs end with a carriage return, too.
    ${command[@]+"${command[@]}"} "$1" | tr -d '\r' | tee "$kept"
    return "${PIPESTATUS[0]}"
}

# Counts as many skipped tests as the program had when it was last run, or one if that is unknown.
skip() { # tool program...
    local tool=$1 program kept count status=0
    shift
    for program in "$@"; do
        kept=$(ls "$results/tap/$(basename "$program")".?????? 2>/dev/null | head -n 1)
        count=$([ -z "$kept" ] || grep -c '^ok ' "$kept")
        bash "$here/tools.sh" skip "$tool" "$program" "${count:-1}" || status=1
    done
    return "$status"
}

# Prints what is wrong with the output of a program, and how many of its tests passed, failed and were skipped.
judge() { # status-of-the-program
    awk -v status="$1" '
        /^1\.\.[0-9]+/ { plan = substr($1, 4); plans++ }
        /^(not )?ok/ {
            number = $1 == "not" ? $3 : $2
            if (number ~ /^[0-9]+$/ && number != seen + 1) wrong = wrong "; test " seen + 1 " is number " number
            seen++
            if ($1 == "not" && !/# TODO/) { failed++; print }
            else if (/# SKIP/) skipped++
            else passed++
        }
        /^Bail out!/ { wrong = wrong "; " $0 }
        # Diagnostics follow the test that failed.
        /^#/ && failed { print }
        END {
            if (plans != 1) wrong = wrong "; " plans + 0 " plans"
            else if (plan != seen) wrong = wrong "; " plan " tests were planned, " seen + 0 " run"
            if (status != 0) wrong = wrong "; status " status
            if (wrong != "") print "# " substr(wrong, 3)
            print "counts", passed + 0, failed + 0, skipped + 0, wrong != "" || failed ? 1 : 0
        }'
}

run_all() { # program...
    local program output passed=0 failed=0 skipped=0 bad=0 counts
    for program in "$@"; do
        output=$(run "$program"; echo "status $?")
        output=$(sed '$d' <<<"$output" | judge "${output##*status }")
        read -ra counts <<<"${output##*counts }"
        if [ "${counts[3]}" = 0 ]; then
            echo "$program .. ok"
        else
            echo "$program .. FAILED"
            sed '$d' <<<"$output"
            bad=1
            # A program that fails as a whole.
            [ "${counts[1]}" -gt 0 ] || counts[1]=1
        fi
        passed=$((passed + counts[0])) failed=$((failed + counts[1])) skipped=$((skipped + counts[2]))
    done
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$bad" = 0 ]
}

case ${1:-} in
--one) # this is called by prove
    run "$2"
    exit
    ;;
--skip)
    shift
    skip "$@"
    exit
    ;;
--exec)
    export PYBUFFER_TAP_COMMAND=$2
    shift 2
    ;;
esac
if [ "${PYBUFFER_PROVE:-}" != none ] && command -v prove >/dev/null; then
    exec prove -j 2 --exec "bash $here/prove.sh --one" "$@"
fi
run_all "$@"
