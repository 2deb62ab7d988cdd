# For shell tests: a test is a command that succeeds. Source it, call test_that, test_with or skip_that for each, end with
# tap_end.
tap_number=0
tap_failures=0
tap_tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/../../tests/tools.sh
declare -A tap_has

has() { # tool: of those in tests/tools.sh
    if [ -z "${tap_has[$1]:-}" ]; then
        tap_has[$1]=no
        bash "$tap_tools" has "$1" && tap_has[$1]=yes
    fi
    [ "${tap_has[$1]}" = yes ]
}

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

skip_that() { # name reason: a failure with CI=true
    tap_number=$((tap_number + 1))
    if [ "${CI:-}" = true ]; then
        tap_failures=$((tap_failures + 1))
        echo "not ok $tap_number - $1: $2"
    else
        echo "ok $tap_number - $1 # SKIP $2"
    fi
}

test_with() { # tool,... name command...: skipped where one of the tools is missing
    local tools=$1 tool
    shift
    while [ -n "$tools" ]; do
        tool=${tools%%,*}
        tools=${tools#"$tool"} tools=${tools#,}
        if ! has "$tool"; then
            skip_that "$1" "no $tool"
            return
        fi
    done
    test_that "$@"
}

# For programs that are run both with gcc's sanitizers and under valgrind: `sanitizers` are flags, `memcheck` is a command. Where
# one is missing that is a skipped test, and the programs are run without.
find_checkers() {
    sanitizers=() memcheck=()
    if has sanitizers; then
        sanitizers=(-fsanitize=address,undefined -fno-sanitize-recover=all)
    else
        skip_that "the programs are built with sanitizers" "no sanitizers"
    fi
    if has valgrind; then
        memcheck=(valgrind -q --error-exitcode=99 --leak-check=full)
    else
        skip_that "the programs run under valgrind" "no valgrind"
    fi
}

tap_end() {
    echo "1..$tap_number"
    [ "$tap_failures" -eq 0 ]
}
