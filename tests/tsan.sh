#!/usr/bin/env bash
# The C and C++ tests with threads, with ThreadSanitizer inside the library, too.
#
# Rust's std is built with it, which needs a toolchain that has its source (Debian: rust-web-src or rust-src), and a clang of
# the same LLVM, whose runtime both sides use. Everything goes to target/tsan. PYBUFFER_TEST_OPERATIONS as in the tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tests=(robustness/threads.c robustness/pins.c api/hpp_threads.cpp api/hpp.cpp)

# shellcheck source=rust.sh
. tests/rust.sh

lacking=()
llvm=
clang=
if [ -n "$rust" ]; then
    triple=$("$rust/rustc" -vV | sed -n 's/^host: //p')
    llvm=$("$rust/rustc" -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
    for candidate in "clang-$llvm" clang; do
        if "$candidate" --version 2>/dev/null | grep -q "version $llvm\."; then
            clang=$candidate
            break
        fi
    done
else
    lacking+=("a Rust with the source of std (Debian: rustc-web cargo-web rust-web-src)")
fi
if [ -z "$clang" ]; then
    lacking+=("clang ${llvm:-of the LLVM of that Rust} (Debian: clang-${llvm:-N})")
else
    mkdir -p target/tsan
    echo 'int main(void) { return 0; }' | "$clang" -fsanitize=thread -x c - -o target/tsan/probe 2>/dev/null \
        || lacking+=("ThreadSanitizer's runtime for clang (Debian: libclang-rt-$llvm-dev)")
fi
if [ "${#lacking[@]}" -gt 0 ]; then
    echo "the tests with ThreadSanitizer cannot be run; what is missing:" >&2
    printf '  %s\n' "${lacking[@]}" >&2
    exit 1
fi

export RUSTC=$rust/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=target/tsan
RUSTFLAGS="-Zsanitizer=thread -Zexternal-clangrt -Clinker=$clang" "$rust/cargo" rustc --quiet --lib --crate-type cdylib \
    -Zbuild-std=std,panic_abort --target "$triple" --config profile.dev.opt-level=1
library=$PWD/target/tsan/$triple/debug
ln -sf libpybuffer.so "$library/libpybuffer.so.0"
flags=(-O1 -g -Wall -Wextra -Werror -fsanitize=thread -pthread -Iinclude -Ic-tests/support)
libraries=("-L$library" "-Wl,-rpath,$library" -lpybuffer -ldl)
for test in "${tests[@]}"; do
    program=target/tsan/$(basename "$test")
    case $test in
    *.c) "$clang" -std=c11 "${flags[@]}" "c-tests/$test" -o "$program" "${libraries[@]}" ;;
    *.cpp)
        units=("c-tests/$test" c-tests/"${test%.cpp}"_unit.cpp)
        [ -e "${units[1]}" ] || unset 'units[1]'
        # Linked as C: clang++ would add an operator new of its own, which the tests define.
        "$clang" -std=c++20 "${flags[@]}" "${units[@]}" -o "$program" "${libraries[@]}" -lstdc++ -lm
        ;;
    esac
done
status=0
for test in "${tests[@]}"; do
    echo "ThreadSanitizer, $test:"
    TSAN_OPTIONS="halt_on_error=0:exitcode=66${TSAN_OPTIONS:+:$TSAN_OPTIONS}" \
    PYBUFFER_TEST_OPERATIONS=${PYBUFFER_TEST_OPERATIONS:-200000} "target/tsan/$(basename "$test")" || status=$?
done
exit "$status"
