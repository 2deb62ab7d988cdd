#!/bin/sh
# The programs null_* call every function, and so does the program `every`: their lists against the header's declarations and against
# what the library exports. The operations of hpp_oom.cpp against the C++ header.
#
# From the environment: NULL_PROGRAMS and EVERY (built), CC, NM, PYBUFFER_CFLAGS, PYBUFFER_TEST_RUNNER. Output is TAP.
set -u
export LC_ALL=C

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0
status=0
# An emulator, in words.
run=${PYBUFFER_TEST_RUNNER:-}

# name, then the two lists; lines of the first that the second has not are failures
contained() {
    number=$((number + 1))
    comm -23 "$2" "$3" >"$work/missing"
    if [ -s "$2" ] && [ ! -s "$work/missing" ]; then
        echo "ok $number - $1"
    else
        status=1
        echo "not ok $number - $1"
        sed 's/^/# /' "$work/missing"
    fi
}

skip() {
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}

echo "1..7"
for program in $NULL_PROGRAMS; do
    $run "$program" --functions
done >"$work/called"
sort "$work/called" >"$work/tested"
$run "$EVERY" --functions | sort >"$work/every"
library=$($run "$program" --library)

# Declarations are what is left without the bodies of inline functions and without typedefs, one to a line.
echo '#include <pybuffer/pybuffer.h>' |
    ${CC:-cc} ${PYBUFFER_CFLAGS:-} -x c -E -P - |
    tr '\n' ' ' |
    sed 's/{[^{}]*}/;/g; s/{[^{}]*}/;/g; s/;/;\n/g' |
    grep -v -e typedef -e 'static inline' |
    sed -n 's/.*[ *]\(_*Py[A-Za-z_]*\|pybuffer_[a-z0-9_]*\)(.*);$/\1/p' |
    sort -u >"$work/declared"

contained "every function of the header is called with NULL" "$work/declared" "$work/tested"
contained "only functions of the header are" "$work/tested" "$work/declared"
contained "every function of the header is called with little memory that says much of it" "$work/declared" "$work/every"
contained "only functions of the header are there, either" "$work/every" "$work/declared"
what="every function of the C++ header that may throw is called without memory"
if ! command -v python3 >/dev/null; then
    skip "$what" "no python3"
else
    number=$((number + 1))
    if python3 "${0%/*}/hpp_complete.py" "${0%/*}/../../include/pybuffer/pybuffer.hpp" "${0%/*}/../api/hpp_oom.cpp" 2>"$work/missing"; then
        echo "ok $number - $what"
    else
        status=1
        echo "not ok $number - $what"
        sed 's/^/# /' "$work/missing"
    fi
fi
if ! command -v "${NM:-nm}" >/dev/null; then
    skip "every function that the library exports is in the header" "no binutils"
    skip "every function of the header is exported by the library" "no binutils"
    exit "$status"
fi
"${NM:-nm}" -D --defined-only "$library" | awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' | sort >"$work/exported"
case $library in
*pybuffer*) contained "every function that the library exports is in the header" "$work/exported" "$work/declared" ;;
*) skip "every function that the library exports is in the header" "$library has more" ;;
esac
contained "every function of the header is exported by the library" "$work/declared" "$work/exported"
exit "$status"
