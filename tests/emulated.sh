#!/usr/bin/env bash
# The tests that need no CPython, for another machine under qemu, or for Windows under wine: tests/emulated.sh ARCH [PART...].
#
# ARCH is aarch64, ppc64le, riscv64, s390x or windows (x86-64); the parts are
#   unit    the unit tests, with overflow checks
#   model   the tests of models, with overflow checks, at each instruction level of the architecture
#   c       the C tests, with the release library as `make` links it
#   random  the random harnesses, with the same library
# (default: all; for windows c). Rust's core and std are built from their sources, which needs a toolchain that has them (Debian:
# rust-web-src or rust-src), and RUSTC_BOOTSTRAP, since Cargo's option for that is not stable. Everything goes to
# target/emulated. STEPS is the number of operations of each random family, PYBUFFER_TEST_CASES the most cases of each property of the
# Rust tests (a hundred where cases are random formats). The status is 77 where a tool is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

arch=${1:?the architecture: aarch64, ppc64le, riscv64, s390x or windows}
shift
# The compiler's name for the machine, and Debian's.
triple=$arch-unknown-linux-gnu cross=$arch-linux-gnu debian=$arch qemu=qemu-$arch
case $arch in
aarch64) debian=arm64 ;;
ppc64le) triple=powerpc64le-unknown-linux-gnu cross=powerpc64le-linux-gnu debian=ppc64el ;;
riscv64) triple=riscv64gc-unknown-linux-gnu ;;
s390x) ;;
windows) triple=x86_64-pc-windows-gnu cross=x86_64-w64-mingw32 ;;
*) echo "no machine $arch" >&2; exit 2 ;;
esac

# C tests that are not run there are counted, and named with the reason.
without=
leave_out() { # reason program...
    local reason=$1 program
    shift
    without+=" $*"
    for program in "$@"; do
        if [ -n "${PYBUFFER_RESULTS:-}" ]; then
            printf '1\t%s\t%s\n' "$reason" "$program" >>"$PYBUFFER_RESULTS/skipped"
        else
            echo "SKIPPED: $program: $reason" >&2
        fi
    done
}

# The tests that compare with models.
tests=(copies extreme fuzz_corpus kernels layout memoryview numbers plan_elements value_equality)
if [ "$arch" = windows ]; then
    # A program's own `operator new` is not that of another DLL, which tests replace.
    emulator=wine libraries=-static-libstdc++ cxx=$cross-g++-posix exe=.exe
    # Of C's printf, and gcc's idea of it, which is that of Windows's own.
    flags="-D__USE_MINGW_ANSI_STDIO=1 -Wno-format -Wno-format-extra-args"
    [ "$#" -gt 0 ] || set -- c
else
    emulator="$qemu -L /usr/$cross" libraries=-ldl flags= cxx=$cross-g++ exe=
    [ "$#" -gt 0 ] || set -- unit model c random
fi

# shellcheck source=rust.sh
. tests/rust.sh

lacking=()
need() { # package command
    command -v "$2" >/dev/null || lacking+=("$2 (Debian: $1)")
}
if [ "$arch" = windows ]; then
    need wine64 wine
    need gcc-mingw-w64-x86-64 "$cross-gcc"
else
    need qemu-user "$qemu"
    need "gcc-${cross//_/-}" "$cross-gcc"
    [ -e "/usr/$cross/include/stdio.h" ] || lacking+=("/usr/$cross/include (Debian: libc6-dev-$debian-cross)")
fi
[ -n "$rust" ] || lacking+=("a Rust with the source of std (Debian: rustc-web cargo-web rust-web-src)")
if [ "${#lacking[@]}" -gt 0 ]; then
    echo "the tests for $arch cannot be run; what is missing:" >&2
    printf '  %s\n' "${lacking[@]}" >&2
    exit 77
fi

upper=$(echo "$triple" | tr 'a-z-' 'A-Z_')
export "CARGO_TARGET_${upper}_LINKER=$cross-gcc" "CARGO_TARGET_${upper}_RUNNER=$emulator" "CC_${triple//-/_}=$cross-gcc"
export RUSTC=$rust/rustc RUSTDOC=$rust/rustdoc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=target/emulated
# Threads that wait for each other are slow there, and so are random layouts: fewer of both. How tests run themselves again; and
# without oracles, which are built for this machine.
export PYBUFFER_TEST_OPERATIONS=${PYBUFFER_TEST_OPERATIONS:-20000} PYBUFFER_TEST_CASES=${PYBUFFER_TEST_CASES:-100}
export PYBUFFER_TEST_RUNNER=$emulator PYBUFFER_NUMPY_PYTHON=none CI=false
if [ "$arch" = windows ]; then
    # Wine says much about itself; its folder; and where it looks for libraries.
    export WINEDEBUG=-all WINEPREFIX=$PWD/target/emulated/wine
    export WINEPATH="$PWD/target/emulated/$triple/release;/usr/$cross/lib;$(dirname "$("$cxx" -print-file-name=libstdc++-6.dll)")"
fi

cargo_test() { # argument...
    # Tests need unwinding, and std can be built in one way only. What no test here calls is not optimised: that would take longer
    # than all the rest.
    "$rust/cargo" test -Zbuild-std --target "$triple" \
        --config 'profile.dev.panic="unwind"' --config profile.dev.opt-level=1 \
        --config=profile.dev.package.{syn,bindgen,cbindgen}.opt-level=0 "$@"
}

library=$PWD/target/emulated/$triple/release
build_library() {
    make --no-print-directory libraries "TRIPLE=$triple" "CARGO=$rust/cargo" CARGO_FLAGS=-Zbuild-std=core \
        "CC=$cross-gcc" "LD=$cross-ld" "AR=$cross-ar" "NM=$cross-nm" "OBJCOPY=$cross-objcopy"
}

for part in "$@"; do
    case $part in
    unit)
        cargo_test --quiet --lib
        ;;
    model)
        # With the names and times: a run that is stopped says what has passed.
        cargo_test --test model -- "${tests[@]/%/::}" -Zunstable-options --report-time
        echo "emulated: at most $PYBUFFER_TEST_CASES cases of each property"
        ;;
    c)
        build_library
        mkdir -p target/emulated
        if [ "$arch" = windows ]; then
            leave_out "needs fork" every library single_thread stack
            leave_out "about ELF" identity-pie identity-no-pie complete.sh
        fi
        leave_out "builds for this machine" single_thread.sh
        make --no-print-directory -C c-tests check-plain CC="$cross-gcc" CXX="$cxx" NM="$cross-nm" EXE=$exe \
            WITHOUT="$without" SYSTEM_LIBS=$libraries \
            PYBUFFER_CFLAGS="-I$PWD/include $flags" PYBUFFER_LIBS="-L$library -Wl,-rpath,$library -lpybuffer" \
            BUILD="$PWD/target/emulated/$triple/c-tests"
        ;;
    random)
        build_library
        make --no-print-directory -C c-tests/random run CC="$cross-gcc" STEPS="${STEPS:-2000}" BUILD="$PWD/target/emulated/$triple/random" \
            PYBUFFER_CFLAGS="-I$PWD/include $flags" PYBUFFER_LIBS="-L$library -Wl,-rpath,$library -lpybuffer"
        ;;
    *) echo "no part $part" >&2; exit 2 ;;
    esac
done
