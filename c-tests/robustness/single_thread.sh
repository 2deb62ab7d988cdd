#!/usr/bin/env bash
# single_thread.c in other ways: as an executable at a fixed address, which has a copy of glibc's variable; without asking for
# threads; in a plugin that is opened with the library, before and after a second thread starts; with the static library, and
# with a C library that has no such variable.
#
# From the environment: CC, PYBUFFER_CFLAGS, PYBUFFER_LIBS. Output is TAP.
set -u
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../support/tap.sh
. "$here/../support/tap.sh"
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export PYBUFFER_TEST_OPERATIONS=${PYBUFFER_TEST_OPERATIONS:-100000}

read -ra cflags <<<"${PYBUFFER_CFLAGS:-}"
read -ra libs <<<"${PYBUFFER_LIBS:-}"
folder=
for flag in "${libs[@]}"; do
    case $flag in -L*) folder=${flag#-L} ;; esac
done

# compiler, name, then more flags and libraries
build() {
    local compiler=$1 name=$2
    shift 2
    "$compiler" -std=c11 -O2 -g -Wall -Wextra -Wpedantic -Werror "${cflags[@]}" -I"$here/../support" -pthread \
        "$here/single_thread.c" -o "$work/$name" "$@"
}

runs() {
    build "${CC:-cc}" "$@" && "$work/$1"
}

# The library refers to the variable weakly, so that it can be loaded without it.
is_weak() {
    readelf --wide --dyn-syms "$folder/libpybuffer.so" | grep '__libc_single_threaded' | grep -q ' WEAK '
}

# A program that never asks needs no variable.
always_atomic_runs() {
    runs always -DPYBUFFER_ALWAYS_ATOMIC -DCOUNTS_AS_ONE=0 "${libs[@]}" &&
        ! readelf --wide --symbols "$work/always" | grep '__libc_single_threaded'
}

plugin_runs() { # how many threads the program starts before it opens the plugin
    build "${CC:-cc}" plugin.so -DPLUGIN -DCOUNTS_AS_ONE=-1 -shared -fPIC "${libs[@]}" || return
    cat >"$work/opens.c" <<'END'
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static void *asleep(void *nothing) { for (;;) pause(); return nothing; }
int main(int argc, char **argv)
{
    pthread_t thread;
    void *plugin;
    union { void *data; int (*function)(void); } tests;
    for (int left = argc > 2 ? atoi(argv[2]) : 0; left > 0; left--) {
        if (pthread_create(&thread, NULL, asleep, NULL) != 0) return 2;
    }
    plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (plugin == NULL) { fprintf(stderr, "%s\n", dlerror()); return 2; }
    tests.data = dlsym(plugin, "single_thread_tests");
    return tests.function();
}
END
    "${CC:-cc}" -O2 -Wall -Wextra -Werror "$work/opens.c" -o "$work/opens" -pthread -ldl && "$work/opens" "$work/plugin.so" "$1"
}

# With musl the header must not need anything of glibc's; the static library refers to nothing that musl lacks.
musl_runs() {
    build musl-gcc musl -static "$folder/libpybuffer.a" && "$work/musl"
}

test_that "the library refers to glibc's variable weakly" is_weak
test_that "at a fixed address, with a copy of the variable" runs no-pie -no-pie -fno-pie "${libs[@]}"
test_that "with inline functions that never ask" always_atomic_runs
test_that "in a plugin of a program with one thread" plugin_runs 0
test_that "in a plugin of a program with several threads" plugin_runs 2
# The static library as `make` builds it is one object.
if [ -f "$folder/pybuffer.o" ]; then
    test_that "with the static library" runs static-library "$folder/libpybuffer.a"
    test_that "in a static program" runs static -DCOUNTS_AS_ONE=-1 -static "$folder/libpybuffer.a"
    if command -v musl-gcc >/dev/null; then
        test_that "with musl, which has no such variable" musl_runs
    else
        echo "# musl-gcc is missing: the test of a C library without the variable is skipped"
    fi
fi
tap_end
