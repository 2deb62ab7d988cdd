#!/usr/bin/env bash
# Type-checks the library for systems and machines that nothing here can link for: tests/targets.sh [TRIPLE...]. A warning is a
# failure. Its C files are compiled by clang, with clang's own headers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# shellcheck source=rust.sh
. tests/rust.sh
clang=$(compgen -c clang- | grep -E '^clang-[0-9]+$' | sort -Vr | head -n 1 || true)
[ -n "$rust" ] && [ -n "$clang" ] || {
    echo "it needs a Rust with the source of std (Debian: rustc-web cargo-web rust-web-src), and clang" >&2
    exit 1
}
[ "$#" -gt 0 ] || set -- {x86_64,aarch64}-apple-darwin {x86_64,aarch64,powerpc64le,riscv64gc}-unknown-freebsd \
    {x86_64,aarch64}-pc-windows-msvc x86_64-pc-windows-gnu {x86_64,aarch64,riscv64gc,powerpc64le,s390x}-unknown-linux-musl \
    {aarch64,riscv64gc,powerpc64le,s390x,loongarch64}-unknown-linux-gnu

export RUSTC=$rust/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=target/targets AR
# Warnings in the library itself; those of std are not ours.
check=("$rust/cargo" check --quiet --lib --no-default-features -Zbuild-std=core -Zwarnings --config 'build.warnings="deny"')
status=0
for triple in "$@"; do
    # As clang spells it. For MSVC the flags are those of its own compiler.
    case $triple in
    *-msvc) mode=--driver-mode=cl AR=llvm-lib-${clang#clang-} ;;
    *) mode="-ffreestanding -nostdlibinc" AR=ar ;;
    esac
    export CC="$clang --target=${triple/riscv64gc/riscv64} $mode"
    if output=$("${check[@]}" --target "$triple" 2>&1); then
        echo "$triple: type-checks"
    else
        echo "$triple: FAILS"
        # A build script's failure starts with what it asked Cargo to watch.
        grep -vE '^  (cargo:rerun|[A-Za-z0-9_-]+ = )' <<<"$output" | head -n "${LINES_SHOWN:-30}"
        status=1
    fi
done
# What is not supported says so.
if output=$(AR=ar CC="$clang --target=i686-linux-gnu -ffreestanding -nostdlibinc" "${check[@]}" --target i686-unknown-linux-gnu 2>&1) || ! grep -q "supports machines with 64-bit pointers only" <<<"$output"; then
    echo "i686-unknown-linux-gnu: does NOT say that it is not supported"
    status=1
else
    echo "i686-unknown-linux-gnu: says that it is not supported"
fi
exit "$status"
