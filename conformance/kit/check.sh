#!/usr/bin/env bash
# The kit's expected lines: they are of the twin programs as they are, and where `make pythons` has fetched CPython 3.15 they are what it
# prints. Output is TAP.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(realpath "$here/../..")
newest=3.15
prefix=$root/target/pythons/$newest
out=$root/target/kit/$newest

# shellcheck source=../../c-tests/support/tap.sh
. "$root/c-tests/support/tap.sh"

# Compiled from outside: there is no compiler where it runs.
is_built() {
    python3 "$here/kit.py" build "$out" --include "$prefix/include/python$newest"
}

is_what_it_prints() {
    "$prefix/bin/python3" "$here/kit.py" expect "$out" --check
}

# A function whose lines differ is found by its name: two results, of which one has other lines.
finds_the_function() {
    python3 "$here/test_kit.py"
}

if ! command -v python3 >/dev/null; then
    skip_that "the expected lines are of these twin programs" "no Python"
    tap_end
    exit
fi
test_that "the expected lines are of these twin programs" python3 "$here/kit.py" sources
test_that "differences are counted by function" finds_the_function
if [ -x "$prefix/run" ]; then
    test_that "the cases compile for CPython $newest" is_built
    test_that "the expected lines are what CPython $newest prints" is_what_it_prints
else
    CI= skip_that "the expected lines are what CPython $newest prints" "no CPython $newest (make pythons)"
fi
tap_end
