#!/usr/bin/env bash
# The newest CPythons as oracles, without installing them: packages of Debian's unstable suite are unpacked into one directory under
# target/pythons, and their programs run there by chroot, with a C library of their own. `make pythons` fetches them (80 MB),
# `make test` and `make conformance` use them if they are there.
#
#   pythons.sh fetch [VERSION...]    fetches 3.13, 3.14 and 3.15, or these
#   pythons.sh run PROGRAM ARG...    runs a program of this project or of that directory there: same folder, same environment
#
# Each version gets a folder that looks like the prefix of an installed one: target/pythons/3.15 has bin/python3 (which calls `run`),
# include/python3.15 and lib/libpython3.15.so. Its file `run` runs a program that was linked with that library.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname "$here")
pythons=$project/target/pythons
root=$pythons/root

stop() { # message...
    echo "$*" >&2
    exit 1
}

# Everything that apt reads and writes is in the folder, apart from the keys.
configured() { # command argument...
    local command=$1
    shift
    "$command" -q -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::Etc::preferencesparts=/dev/null -o Dir::State="$apt" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" \
        -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=true "$@"
}

# The machine's own mirror of Debian.
mirror() {
    local found
    found=$(sed -n -e 's/^URIs: *\([^ ]*\/debian\)\/* *$/\1/p' \
        -e 's/^deb \(\[.*\] \)\{0,1\}\(https*:\/\/[^ ]*\/debian\)\/* .*/\2/p' \
        /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
    echo "${found:-http://deb.debian.org/debian}"
}

fetch() { # version...
    local version packages=() package
    [ "$#" -gt 0 ] || set -- 3.13 3.14 3.15
    for package in apt-get dpkg unshare chroot; do
        command -v "$package" >/dev/null || stop "$package is needed to fetch and to run them"
    done
    apt=$pythons/apt
    rm -rf "$apt" "$root"
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$root" || exit 1
    : >"$apt/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) unstable main" >"$apt/sources.list"
    for version in "$@"; do
        packages+=("python$version" "libpython$version-dev" "libpython$version-testsuite")
    done
    configured apt-get -q update >"$apt/log" 2>&1 || stop "$(tail -n 5 "$apt/log")"
    # Nothing counts as installed, so this brings everything that they depend on, the C library included.
    configured apt-get install -y -d --no-install-recommends base-files dash "${packages[@]}" >"$apt/log" 2>&1 ||
        stop "$(tail -n 5 "$apt/log")"
    # The links from /lib to /usr/lib come first. Headers of the C library must not be found beside Python's.
    for package in "$apt"/archives/base-files_*.deb "$apt"/archives/*.deb; do
        case ${package##*/} in
        libc6-dev_* | linux-libc-dev_*) ;;
        *) dpkg -x "$package" "$root" || stop "${package##*/} cannot be unpacked" ;;
        esac
    done
    rm -rf "$apt"
    for version in "$@"; do
        as_prefix "$version"
        echo "$("$pythons/$version/bin/python3" --version): $pythons/$version"
    done
}

as_prefix() { # version
    local prefix=$pythons/$1 name
    rm -rf "$prefix"
    mkdir -p "$prefix/bin" "$prefix/lib" "$prefix/include"
    cp -r "$root/usr/include/python$1" "$prefix/include/" || stop "python$1 has no headers"
    # Debian's own includes that of the machine.
    cp "$root"/usr/include/*-linux-gnu*/"python$1/pyconfig.h" "$prefix/include/python$1/pyconfig.h"
    for name in "$root"/usr/lib/*-linux-gnu*/"libpython$1.so.1.0"; do
        ln -s "$name" "$prefix/lib/libpython$1.so"
    done
    printf '#!/bin/sh\nexec bash %q run "$@"\n' "$here/pythons.sh" >"$prefix/run"
    printf '#!/bin/sh\nexec bash %q run /usr/bin/python%s "$@"\n' "$here/pythons.sh" "$1" >"$prefix/bin/python3"
    chmod +x "$prefix/run" "$prefix/bin/python3"
    ln -s python3 "$prefix/bin/python$1"
}

run() { # program argument...
    local options=(--mount)
    [ "$(id -u)" = 0 ] || options+=(--map-root-user)
    # shellcheck disable=SC2016  # expanded by the inner shell
    exec unshare "${options[@]}" bash -c '
        root=$1 project=$2 folder=$PWD
        shift 2
        for shared in "$project" /tmp /proc /dev; do
            mkdir -p "$root$shared" && mount --rbind "$shared" "$root$shared" || exit 126
        done
        exec chroot "$root" /bin/sh -c '\''cd "$1" && shift && exec "$@"'\'' sh "$folder" "$@"' bash "$root" "$project" "$@"
}

case ${1:-} in
fetch | run) "$@" ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
