#!/usr/bin/env bash
# Runs the C tests with a library in between that notes which errors functions make, and compares them with the header and with
# docs/errors.md (TAP). `--write` writes that table. PYBUFFER_CFLAGS, PYBUFFER_LIBS and BUILD as for ../Makefile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

build=${BUILD:?}/errors
header=../../include/pybuffer/pybuffer.h
# Whose errors depend on what other threads do, or that end by a signal; and whose threads stand still, maybe within the library in
# between.
without='cxx% hpp% identity% progress threads single_thread'

skip() {
    bash ../../tests/tools.sh skip "$1" 'the errors that functions make'
    echo '1..0'
    exit
}
command -v python3 >/dev/null || skip python3
# Calls with variable arguments are passed on by a function that only gcc has.
cc=${CC:-cc}
"$cc" --version 2>/dev/null | grep -q 'Free Software Foundation' || skip gcc

mkdir -p "$build"
rm -f "$build/log"
"$cc" -E -P -DPYBUFFER_NO_WARN_UNUSED ${PYBUFFER_CFLAGS:-} "$header" -o "$build/header.i"
python3 recorder.py "$build/header.i" ../../tests/exports.txt >"$build/recorder.c"
"$cc" -shared -fPIC -O1 -Wall -Wextra -Wno-unused-parameter -Werror ${PYBUFFER_CFLAGS:-} "$build/recorder.c" -o "$build/librecorder.so" -ldl
# Their results have been counted where they were run by themselves.
env -u PYBUFFER_RESULTS make --no-print-directory -s -C .. check-plain WITHOUT="$without" \
    PYBUFFER_CFLAGS="${PYBUFFER_CFLAGS:-}" PYBUFFER_LIBS="${PYBUFFER_LIBS:-}" BUILD="$BUILD" \
    PYBUFFER_TEST_RUNNER="env LD_PRELOAD=$build/librecorder.so PYBUFFER_ERRORS=$build/log PYBUFFER_TEST_OPERATIONS=20000" \
    >"$build/output" 2>&1 || { tail -40 "$build/output" | sed 's/^/# /'; echo '1..1'; echo 'not ok 1 - the C tests'; exit 1; }
python3 report.py "$@" "$header" "$build/log" ../../docs/errors.md
