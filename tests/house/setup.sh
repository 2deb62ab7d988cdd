#!/usr/bin/env bash
# How tests/tools.sh reports and installs missing tools, on simulated machines: a PATH with nothing but basic commands and
# an apt-get that records its arguments. And how tests/prove.sh judges programs, with and without prove, and
# tests/summary.sh counts. Output is TAP.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT

# shellcheck source=../../c-tests/support/tap.sh
. "$root/c-tests/support/tap.sh"

# ---- Tools --------------------------------------------------------------------------------------------------

mkdir "$directory/bin"
for command in awk bash basename cat cut dirname env grep head ls mktemp paste rm sed sort tail tee; do
    ln -s "$(command -v "$command")" "$directory/bin/$command"
done

# Tools that are found without PATH are hidden, too.
sed -e 's|/usr/lib|/nowhere|g' -e "s|^here=.*|here='$root/tests'|" "$root/tests/tools.sh" >"$directory/tools.sh"

fake() { # command line...: what it does
    printf '%s\n' '#!/bin/bash' "${@:2}" >"$directory/bin/$1"
    chmod +x "$directory/bin/$1"
}

# A machine with apt-get, on which a user works. `calls` is how apt-get was called.
machine() { # user apt-get's-status
    rm -f "$directory/calls"
    fake id "echo $1"
    fake apt-get "echo \"\$*\" >>'$directory/calls'" "exit $2"
    # It knows no CPython.
    fake apt-cache 'for name; do case $name in show|-*|*python3.13*|*python2.7*) ;; *) echo "Package: $name" ;; esac' \
        '[ "$name" != libclang-dev ] || echo "Depends: libclang-77-dev (>= 1:77)"; done'
}

tools() { # variable=value... -- argument...
    local variables=()
    while [ "$1" != -- ]; do
        variables+=("$1")
        shift
    done
    shift
    env -i PATH="$directory/bin" HOME="$directory" PYBUFFER_NUMPY_PYTHON=/nowhere "${variables[@]}" bash "${script:-$directory/tools.sh}" "$@"
}

each_is_reported_once() {
    local report tool count
    machine 1000 0
    report=$(tools -- report) || { echo "it fails"; return 1; }
    for tool in valgrind prove pkg-config python3 NumPy "C++ compiler" "CPython 3.13" "CPython 2.7" Rust make libclang; do
        count=$(grep -c "^  $tool  *[A-Za-z]" <<<"$report")
        [ "$count" = 1 ] || { echo "$tool: $count times"; echo "$report"; return 1; }
    done
    # One command of each kind, which names all of them once.
    [ "$(grep -c '^ *apt-get install' <<<"$report")" = 1 ] && [ "$(grep -o ' valgrind' <<<"$report" | wc -l)" -ge 2 ] &&
        grep -q 'apt-get install .* g++ .*valgrind perl pkg-config cmake meson ninja-build man-db groff-base abigail-tools libclang1-77 libclang-common-77-dev ' <<<"$report" &&
        grep -q 'pyenv install 3.13 2.7$' <<<"$report" || { echo "$report"; return 1; }
}

is_a_failure_in_ci() {
    machine 1000 0
    ! tools CI=true -- report
}

root_installs() {
    local said
    machine 0 0
    said=$(tools -- install) || return
    grep -q '^Installing: .* valgrind' <<<"$said" && grep -qx 'update -qq' "$directory/calls" &&
        grep '^install ' "$directory/calls" | grep ' g++ ' | grep -q ' valgrind ' || { echo "$said"; cat "$directory/calls"; return 1; }
}

nothing_is_installed() { # user variable=value...
    machine "$1" 0
    shift
    tools "$@" -- install && [ ! -e "$directory/calls" ]
}

apt_may_fail() {
    machine 0 100
    tools -- install
}

what_apt_lacks_is_not_asked_for_again() {
    machine 0 0
    # Everything but CPython is installed, and apt does not know that: an update would be useless each time.
    sed "s/^has() .*/&\\n    case \$1 in CPython*) return 1 ;; *) return 0 ;; esac/" "$directory/tools.sh" >"$directory/all.sh"
    script=$directory/all.sh tools -- report | grep -q '^  CPython 2.7 ' &&
        script=$directory/all.sh tools -- install && [ ! -e "$directory/calls" ]
}

skip_is_written_down() {
    rm -f "$directory/skipped"
    tools PYBUFFER_RESULTS="$directory" -- skip valgrind some 7 && [ "$(cat "$directory/skipped")" = $'7\tno valgrind\tsome' ]
}

skip_fails_in_ci() {
    ! tools CI=true -- skip valgrind some
}

test_that "each tool that is missing is reported once, with the command that installs it" each_is_reported_once
test_that "it is a failure with CI=true" is_a_failure_in_ci
test_that "root installs what apt-get has, and it is said before" root_installs
test_that "nothing is installed with PYBUFFER_NO_INSTALL" nothing_is_installed 0 PYBUFFER_NO_INSTALL=1
test_that "nor by others than root" nothing_is_installed 1000
test_that "an apt-get that fails is no failure" apt_may_fail
test_that "what apt does not have is not looked for again" what_apt_lacks_is_not_asked_for_again
test_that "a skipped test is written down" skip_is_written_down
test_that "and is a failure with CI=true" skip_fails_in_ci

# ---- The runner of TAP programs -----------------------------------------------------------------------------

program() { # name line...
    printf '%s\n' "${@:2}" >"$directory/$1.sh"
}

program good 'echo "ok 1 - a"; echo "ok 2 # SKIP no valgrind"; echo 1..2'
program plan_first 'echo 1..1; echo "ok 1"'
program windows 'printf "ok 1 - a\r\nok 2 # SKIP why\r\n1..2\r\n"'
program failing 'echo 1..2; echo "ok 1"; echo "not ok 2 - b"; echo "# why"'
program short 'echo 1..2; echo "ok 1"'
program long 'echo 1..1; echo "ok 1"; echo "ok 2"'
program misnumbered 'echo 1..2; echo "ok 1"; echo "ok 3"'
program without_plan 'echo "ok 1"'
program silent 'true'
program with_status 'echo 1..1; echo "ok 1"; exit 3'
program killed 'echo 1..1; echo "ok 1"; kill -KILL $$'
program bailing 'echo 1..1; echo "ok 1"; echo "Bail out! no more"'

verdicts() { # variable=value: of all programs
    local name
    for name in good plan_first windows failing short long misnumbered without_plan silent with_status killed bailing; do
        if env -u PYBUFFER_RESULTS "$1" bash "$root/tests/prove.sh" "$directory/$name.sh" >/dev/null 2>&1; then
            echo "$name passes"
        else
            echo "$name fails"
        fi
    done
}

plain_verdicts() {
    diff <(verdicts PYBUFFER_PROVE=none) <(
        printf '%s passes\n' good plan_first windows
        printf '%s fails\n' failing short long misnumbered without_plan silent with_status killed bailing
    )
}

same_verdicts() {
    diff <(verdicts PYBUFFER_PROVE=none) <(verdicts PYBUFFER_PROVE=)
}

plain_counts() {
    [ "$(env -u PYBUFFER_RESULTS PYBUFFER_PROVE=none bash "$root/tests/prove.sh" "$directory/good.sh" | tail -n 1)" = \
        "1 passed, 0 failed, 1 skipped" ]
}

test_that "the runner that stands in for prove finds what is wrong" plain_verdicts
test_with prove "and nothing that prove does not" same_verdicts
test_that "it counts" plain_counts

# ---- The summary --------------------------------------------------------------------------------------------

summary_counts() {
    local results=$directory/results
    mkdir -p "$results/tap"
    PYBUFFER_RESULTS=$results bash "$root/tests/prove.sh" "$directory/good.sh" "$directory/failing.sh" >"$results/log" 2>&1
    PYBUFFER_RESULTS=$results CI=false bash "$root/tests/prove.sh" --skip libclang "$directory/good.sh" unknown || return
    printf '%s\n' "test result: ok. 10 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s" \
        "Ran 5 tests in 0.003s" \
        "CPython 3.13.0: 20 passed, 0 failed, 4 skipped (99 objects of the library, 2 tests without any, 3 s)" >>"$results/log"
    printf 'rust\tno NumPy\t%s\n' a::b a::b a::c >>"$results/skipped"
    printf 'rust\tno libclang\ta::c\n' >>"$results/skipped"
    diff - <(bash "$root/tests/summary.sh" "$results") <<'END'
35 passed, 1 failed, 11 skipped
  4 skipped: by conformance/skips.toml or the suite itself
  3 skipped: no libclang
  2 skipped: no NumPy
  1 skipped: no valgrind
  1 skipped: marked #[ignore]
END
}

summary_fails() {
    echo test-c >"$directory/results/failed"
    ! bash "$root/tests/summary.sh" "$directory/results"
}

test_that "the summary counts what passed, failed and was skipped" summary_counts
test_that "and fails where a part has failed" summary_fails
tap_end
