#!/usr/bin/env bash
# The interpreters to run CPython's tests with: the newest of each of 3.13, 3.12 and 3.11 with headers and tests, from pyenv or
# the PATH. One to a line: the version as 3.13, a space, the executable.
set -u
for version in 3.13 3.12 3.11; do
    for python in $(ls -d "${PYENV_ROOT:-$(pyenv root 2>/dev/null)}"/versions/"$version".*/bin/python3 2>/dev/null | sort -rV) \
        "$(command -v "python$version" 2>/dev/null)"; do
        [ -n "$python" ] && "$python" -c '
import importlib.util, pathlib, sysconfig, _testbuffer
assert pathlib.Path(sysconfig.get_path("include"), "Python.h").exists()
assert importlib.util.find_spec("test.test_buffer")
' 2>/dev/null || continue
        echo "$version $python"
        break
    done
done
