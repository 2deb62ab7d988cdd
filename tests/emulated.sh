#!/usr/bin/env bash
# The tests that need no CPython, for another machine, under qemu: tests/emulated.sh ARCH, for aarch64 or s390x.
#
# The Rust tests run with overflow checks, at each instruction level of the architecture; the C tests run with
# the release library. Rust's std is built from its source, which needs a toolchain that has it (Debian: rust-web-src or
# rust-src), and RUSTC_BOOTSTRAP, since Cargo's option for that is not stable. Everything goes to target/emulated.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

arch=${1:?the architecture: aarch64 or s390x}
triple=$arch-unknown-linux-gnu
cross=$arch-linux-gnu
emulator="qemu-$arch -L /usr/$cross"
# The tests that compare with models.
tests=(copies extreme fuzz_corpus kernels layout memoryview numbers plan_elements value_equality)
# Not those for NULL, whose script runs them without the emulator, not those in C++, and not
# the one that forks while it has threads, which qemu's user mode does not survive.
without="null_% cxx% hpp% single_thread%"

# shellcheck source=rust.sh
. tests/rust.sh

lacking=()
need() { # package command
    command -v "$2" >/dev/null || lacking+=("$2 (Debian: $1)")
}
need qemu-user "qemu-$arch"
need "gcc-${arch/_/-}-linux-gnu" "$cross-gcc"
[ -e "/usr/$cross/include/stdio.h" ] || lacking+=("/usr/$cross/include (Debian: libc6-dev-${arch/aarch64/arm64}-cross)")
[ -n "$rust" ] || lacking+=("a Rust with the source of std (Debian: rustc-web cargo-web rust-web-src)")
if [ "${#lacking[@]}" -gt 0 ]; then
    echo "the tests for $arch cannot be run; what is missing:" >&2
    printf '  %s\n' "${lacking[@]}" >&2
    exit 1
fi

upper=$(echo "$triple" | tr 'a-z-' 'A-Z_')
export "CARGO_TARGET_${upper}_LINKER=$cross-gcc" "CARGO_TARGET_${upper}_RUNNER=$emulator" "CC_${triple//-/_}=$cross-gcc"
export RUSTC=$rust/rustc RUSTDOC=$rust/rustdoc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=target/emulated
# How tests run themselves again; and without oracles, which are built for this machine.
export PYBUFFER_TEST_RUNNER=$emulator PYBUFFER_NUMPY_PYTHON=none CI=false

cargo_test() { # argument...
    # Tests need unwinding, and std can be built in one way only.
    "$rust/cargo" test --quiet -Zbuild-std --target "$triple" \
        --config 'profile.dev.panic="unwind"' --config profile.dev.opt-level=1 "$@"
}
cargo_test --lib
cargo_test --test model -- "${tests[@]/%/::}"

"$rust/cargo" rustc --quiet --release --lib --no-default-features --crate-type cdylib -Zbuild-std=core --target "$triple"
library=$PWD/target/emulated/$triple/release
ln -sf libpybuffer.so "$library/libpybuffer.so.0"
make --no-print-directory -C c-tests check-plain CC="$cross-gcc" WITHOUT="$without" \
    PYBUFFER_CFLAGS="-I$PWD/include" PYBUFFER_LIBS="-L$library -Wl,-rpath,$library -lpybuffer" \
    BUILD="$PWD/target/emulated/$triple/c-tests"
make --no-print-directory -C c-tests/random run CC="$cross-gcc" STEPS=2000 BUILD="$PWD/target/emulated/$triple/random" \
    PYBUFFER_CFLAGS="-I$PWD/include" PYBUFFER_LIBS="-L$library -Wl,-rpath,$library -lpybuffer"
