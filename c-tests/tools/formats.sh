#!/usr/bin/env bash
# The test vectors of docs/format-vectors.json are what the library says, and where struct and NumPy differ, what these say. Output is
# TAP.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
# shellcheck source=../support/tap.sh
. "$root/c-tests/support/tap.sh"

numpy=${PYBUFFER_NUMPY_PYTHON:-$root/target/numpy-venv/bin/python}
vectors() { # python
    "$1" c-tests/tools/vectors.py check target/tools/checked/pybuffer docs/format-vectors.json
}

if "$numpy" -c 'import numpy' 2>/dev/null; then
    test_that "the vectors are what the library, struct and NumPy say" vectors "$numpy"
else
    skip_that "the vectors are what NumPy says" "no NumPy"
    test_with python3 "the vectors are what the library and struct say" vectors python3
fi

test_with python3 "the grammar of the page recognizes what the library does" \
    python3 c-tests/tools/grammar.py target/tools/pybuffer "${GRAMMAR:-300}" "${SEED:-1}"

# Every code and prefix of the page is in a vector.
mentions_all() {
    local code
    for code in x c b B '?' h H i I l L q Q n N e f d g s p P O u w t z Z F D '@' '^' '=' '<' '>' '!' '&' 'X{' 'T{'; do
        grep -F '"format": "' docs/format-vectors.json | sed 's/.*"format": "\([^"]*\)".*/\1/' | grep -qF -- "$code" || { echo "$code"; return 1; }
    done
}
test_that "every code and prefix has a vector" mentions_all
tap_end
