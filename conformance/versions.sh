#!/usr/bin/env bash
# The executable of a CPython of the version named as argument, as 3.13, with headers and tests: the one that `make pythons` has
# fetched, else the newest that pyenv has, else one on the PATH. Nothing where there is none.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for python in "$(dirname "$here")/target/pythons/$1/bin/python3" $(ls -d "${PYENV_ROOT:-$(pyenv root 2>/dev/null)}"/versions/"$1".*/bin/python3 2>/dev/null | sort -rV) \
    "$(command -v "python$1" 2>/dev/null)"; do
    if [ -x "$python" ] && "$python" -c '
import importlib.util, pathlib, sysconfig, _testbuffer, _testcapi
assert pathlib.Path(sysconfig.get_path("include"), "Python.h").exists()
assert importlib.util.find_spec("test.test_buffer")
' 2>/dev/null; then
        echo "$python"
        break
    fi
done
