#!/usr/bin/env bash
# The documentation as a site (`make docs`): no link leads nowhere, no exported name is without a comment, and a broken link is found.
# Output is TAP.
set -u

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
python=$root/target/docs-venv/bin/python
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
# shellcheck source=../support/tap.sh
. "$root/c-tests/support/tap.sh"

# In a copy of the pages with a link that leads nowhere, and one of the header with a function without a comment.
finds() { # message file expression
    mkdir -p "$directory/copy/tests" && cp -r docs include ARCHITECTURE.md "$directory/copy" && cp tests/exports.txt "$directory/copy/tests" &&
        sed -i "$3" "$directory/copy/$2" || return
    ! "$python" "$directory/copy/docs/site/site.py" "$directory/site" >"$directory/out" 2>&1 && grep -qF -- "$1" "$directory/out" ||
        { cat "$directory/out"; return 1; }
}

if "$python" -c 'import markdown' 2>/dev/null; then
    test_that "links lead somewhere, and every exported name has a comment" "$python" docs/site/site.py "$directory/site"
    test_that "the pages need no network" test -z "$(grep -rlE '(src|href)="[a-z]+:' "$directory/site")"
    test_that "a link that leads nowhere is found" finds "nowhere.html leads nowhere" docs/guide/layout.md 's/^# .*/&\n\n[x](nowhere.html)/'
    test_that "a name without a comment is found" finds pybuffer_new_name tests/exports.txt '$apybuffer_new_name'
else
    CI= skip_that "the documentation as a site" "no Python-Markdown (make docs)"
fi
tap_end
