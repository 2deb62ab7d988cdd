#!/usr/bin/env bash
# Installs the packages of exporters.txt from PyPI into target/survey, and writes docs/survey.md. A package that cannot be installed is
# listed there as not checked. From the environment: LIBPYBUFFER_PREFIXED (the folder of the prefixed build).
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(realpath "$here/../..")
environment=$project/target/survey
# shellcheck source=../../c-tests/support/oracle.sh
. "$project/c-tests/support/oracle.sh"
python=$(find_oracle 3.13)/bin/python3.13
[ -x "$python" ] || { echo "CPython 3.13 is needed for the survey"; exit 1; }

[ -x "$environment/bin/pip" ] || "$python" -m venv "$environment" || exit 1
pip=("$environment/bin/pip" install -q --disable-pip-version-check)
"${pip[@]}" setuptools || exit 1
grep -v '^#' "$here/exporters.txt" | cut -f1 | grep -vxF -e - -e '' | sort -u | while read -r package; do
    "${pip[@]}" --only-binary :all: "$package" >/dev/null 2>&1 || echo "$package cannot be installed"
done
cd "$project/target" || exit 1
"${pip[@]}" --no-build-isolation --no-deps --no-index --force-reinstall "$project/python" || exit 1
"$environment/bin/python" "$here/survey.py" "$here/exporters.txt" "$project/docs/survey.md"
