# For shell tests: a test is a command that succeeds. Source it, call test_that (or skip_that) for each, end with
# tap_end.
tap_number=0
tap_failures=0

test_that() { # name command...: ok where the command succeeds
    local name=$1 output
    shift
    tap_number=$((tap_number + 1))
    if output=$("$@" 2>&1); then
        echo "ok $tap_number - $name"
    else
        tap_failures=$((tap_failures + 1))
        echo "not ok $tap_number - $name"
        printf '%s\n' "$output" | tail -n 20 | sed 's/^/# /'
    fi
}

skip_that() { # name reason: a failure with CI=true, where nothing may be missing
    tap_number=$((tap_number + 1))
    if [ "${CI:-}" = true ]; then
        tap_failures=$((tap_failures + 1))
        echo "not ok $tap_number - $1: $2"
    else
        echo "ok $tap_number - $1 # SKIP $2"
    fi
}

tap_end() {
    echo "1..$tap_number"
    [ "$tap_failures" -eq 0 ]
}
