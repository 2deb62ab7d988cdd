#!/usr/bin/env bash
# The example exporter.c: what it prints. See example.sh. Output is TAP.
set -u

# shellcheck source=../support/example.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/example.sh" exporter.c

prints() { # line
    both | grep -qxF -- "$1" || { both; return 1; }
}

test_that "consumers see the readings" prints "celsius  [11.5, 10.25, 9.75, 12.0, 16.5, 19.25, ...]"
test_that "the recording does not grow under a view" prints "refused: 1 views of the recording exist: it cannot grow"
test_that "it keeps the rules of the protocol" prints "No rule of the protocol is broken."

tap_end
