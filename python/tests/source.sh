#!/usr/bin/env bash
# Makes a source distribution, and installs it in a new environment, where pip calls cargo and objcopy: it has what it is built from.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(realpath "$here/../..")
# shellcheck source=../../c-tests/support/oracle.sh
. "$project/c-tests/support/oracle.sh"
python=$(find_oracle 3.13)/bin/python3.13
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$python" -m venv "$work/environment"
pip=("$work/environment/bin/pip" install -q --disable-pip-version-check)
"${pip[@]}" setuptools wheel
cd "$project/python"
"$work/environment/bin/python" setup.py -q sdist -d "$work" >/dev/null
# Far from the checkout.
"${pip[@]}" --no-build-isolation "$work"/*.tar.gz
cd "$work"
"$work/environment/bin/python" -W error::ResourceWarning -m unittest discover -s "$here" -t "$here"
