#!/usr/bin/env bash
# The guide (docs/guide): its programs are compiled and run, its commands run, and what they print is compared; its drawings are up to
# date. Output is TAP.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
# shellcheck source=../support/tap.sh
. "$root/c-tests/support/tap.sh"

is_needed() { # drawing: a chapter makes it
    grep -q "drawings/$(basename "$1")" docs/guide/*.md
}

for chapter in docs/guide/*.md; do
    test_with python3 "$(basename "$chapter"): its programs and commands print what it says" \
        python3 c-tests/tools/guide.py "$chapter" target/tools/pybuffer
done
for drawing in docs/guide/drawings/*.svg; do
    test_that "$(basename "$drawing") is in a chapter" is_needed "$drawing"
done
tap_end
