#!/usr/bin/env bash
# `make demo` and `make test` on a freshly installed machine: the smallest Debian or Ubuntu that debootstrap makes, with gcc,
# make, libc6-dev and this machine's Rust, in target/fresh. Once as a user without network, where nothing can be installed, and once
# as root with apt, with this machine's configuration. And .ci/run, as root, in a clone on one that has nothing but Rust and the CPythons
# of this machine's pyenv, with the libraries that these are linked with.
#
#   fresh.sh [user] [root] [ci]     which runs (default: user and root)
#
# SUITE is the release (default: this machine's), MIRROR where it comes from (default: this machine's Debian; for Ubuntu the address of
# its archive), RUST the packages of its own Rust, used in place of this machine's ("rustc cargo" in unstable,
# "rustc-web cargo-web" in Debian 13, "rustc-1.89 cargo-1.89" in Ubuntu 24.04), TEST_PARTS those of `make test` (default: all). KEEP=1
# keeps the new machines for the next run, or for inspection. It needs root and debootstrap. The logs stay in target/fresh.
#
# All mounts are made in a mount namespace of its own, which ends with the runs: outside there is nothing to unmount, and before a
# folder is removed it is checked that nothing is mounted in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$PWD/target/fresh
suite=${SUITE:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
read -ra rust <<<"${RUST:-}"
base=$work/base-$suite${rust:+-${rust[0]}}
# Environment variables and files that configure the network.
variables=(http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY SSL_CERT_FILE REQUESTS_CA_BUNDLE CURL_CA_BUNDLE
    PIP_CERT PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_TRUSTED_HOST PIP_PROXY PIP_DEFAULT_TIMEOUT)

remove() { # folder
    [ -e "$1" ] || return 0
    if grep -qF " $1" /proc/self/mountinfo; then
        echo "$1 is left: something is mounted in it" >&2
        return 1
    fi
    rm -rf --one-file-system "$1"
}

# ---- In the namespace ---------------------------------------------------------------------------------------

# The network as it is here. The mirror may be a copy from another day, whose lists have expired.
copy_network() { # root
    local root=$1 file variable
    { apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries)' || true
        echo 'Acquire::Check-Valid-Until "false";'; } >"$root/etc/apt/apt.conf.d/99network"
    mkdir -p "$root/etc/ssl/certs"
    for file in /etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
        [ ! -e "$file" ] || cp -L "$file" "$root$file"
    done
    for variable in "${variables[@]}"; do
        file=${!variable:-}
        if [ -f "$file" ]; then
            # Not where it is here: packages write their own certificates there.
            mkdir -p "$root/opt/network$(dirname "$file")"
            cp -L "$file" "$root/opt/network$file"
        fi
    done
}

# Where packages come from: updates of the same release, too, where they are known.
sources() { # mirror
    local sources
    if [ "$(. "$base/etc/os-release" && echo "$ID")" = ubuntu ]; then
        # A default Ubuntu has both components.
        printf "deb $1 %s main universe\n" "$suite" "$suite-updates" "$suite-security"
        return
    fi
    sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
        awk -v suite="$suite" '$3 ~ "^" suite' | sort -u)
    echo "${sources:-deb $1 $suite main}"
}

make_base() { # packages, with commas
    local mirror=${MIRROR:-} script options=(--variant=minbase "--include=$1")
    [ ! -e "$base/made" ] || return 0
    remove "$base"
    [ -n "$mirror" ] || mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' |
        grep -v -e security -e backports | head -n 1)
    # A release may be newer than debootstrap. And Debian 12 has no package of Ubuntu's keys.
    script=/usr/share/debootstrap/scripts/$suite
    case $mirror in
    *ubuntu*)
        [ -e "$script" ] || script=${script%/*}/gutsy
        if [ ! -e /usr/share/keyrings/ubuntu-archive-keyring.gpg ]; then
            echo "the signature of $suite is not checked: there is no ubuntu-archive-keyring.gpg"
            options+=(--no-check-gpg)
        fi
        ;;
    *) [ -e "$script" ] || script=${script%/*}/sid ;;
    esac
    echo "debootstrap $suite: a few minutes"
    debootstrap "${options[@]}" "$suite" "$base" "$mirror" "$script" >"$work/debootstrap.log" 2>&1 ||
        { tail -n 5 "$work/debootstrap.log"; return 1; }
    sources "$mirror" >"$base/etc/apt/sources.list"
    if [ "${#rust[@]}" -gt 0 ]; then
        copy_network "$base"
        chroot "$base" bash -c 'export DEBIAN_FRONTEND=noninteractive
            apt-get update -q && apt-get install -q -y --no-install-recommends "$@" && apt-get clean' - "${rust[@]}" \
            >>"$work/debootstrap.log" 2>&1 || { tail -n 5 "$work/debootstrap.log"; return 1; }
    fi
    touch "$base/made"
}

# The oracles, in the same place as here: their programs name it.
pythons=$(pyenv root 2>/dev/null || echo "${PYENV_ROOT:-}")

# The packages that they are linked with.
libraries_of_pythons() {
    find "$pythons"/versions/{2.7,3.13}.* -name '*.so*' -exec ldd {} + 2>/dev/null | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | sort -u |
        grep -vF "$pythons" | xargs -r -n 1 readlink -f | sed 'p; s/^\/usr//' | xargs -r dpkg -S 2>/dev/null | cut -d: -f1 |
        sort -u | paste -sd ,
}

new_machine() { # name user
    local root=$work/$1 device
    remove "$root"
    cp -a "$base" "$root"
    mount -t proc proc "$root/proc"
    mount -t tmpfs -o mode=755 tmpfs "$root/dev"
    mkdir -m 1777 "$root/dev/shm"
    mkdir "$root/dev/pts"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    for device in null zero full random urandom; do
        touch "$root/dev/$device"
        mount --bind "/dev/$device" "$root/dev/$device"
    done
    ln -s /proc/self/fd "$root/dev/fd"
    if [ "${#rust[@]}" = 0 ]; then
        mkdir -p "$root/opt/rust"
        mount --bind "$(rustc --print sysroot)" "$root/opt/rust"
        mount -o remount,bind,ro "$root/opt/rust"
    fi

    copy_network "$root"
    if [ "$1" = ci ]; then
        mkdir -p "$root$pythons"
        mount --bind "$pythons" "$root$pythons"
        mount -o remount,bind,ro "$root$pythons"
        git clone -q . "$root/root/pybuffer"
        return
    fi
    chroot "$root" useradd --create-home tester
    mkdir -p "$root/home/tester/pybuffer" "$root/home/tester/.cargo"
    git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf - -T - |
        tar -xf - -C "$root/home/tester/pybuffer"
    cp -a "${CARGO_HOME:-$HOME/.cargo}/registry" "$root/home/tester/.cargo/"
    chroot "$root" chown -R "$2:" /home/tester
}

# The variables that configure the network, as they are in a machine.
network() {
    local variable
    for variable in "${variables[@]}"; do
        [ -z "${!variable:-}" ] || echo "$variable=$([ ! -f "${!variable}" ] || echo /opt/network)${!variable}"
    done
}

# Both commands. As the user there is no network at all.
commands() { # user
    local root=$work/$1 path=/opt/rust/bin environment=(HOME=/home/tester LANG=C.UTF-8) enter=() configured
    # A Rust whose package has its version in its name.
    [ "${#rust[@]}" = 0 ] || path=/usr/lib/rust-${rust[0]#rustc-}/bin
    environment+=("PATH=$path:/usr/sbin:/usr/bin:/sbin:/bin")
    environment+=(CARGO_NET_OFFLINE=true CI=false ${TEST_PARTS:+"TEST_PARTS=$TEST_PARTS"})
    if [ "$1" = user ]; then
        enter=(unshare --net chroot --userspec=tester:tester)
    else
        enter=(chroot)
        mapfile -t configured < <(network)
        environment+=("${configured[@]}")
    fi
    "${enter[@]}" "$root" env -i "${environment[@]}" bash -c '
        set -e
        cd ~/pybuffer
        rustc --version
        cc --version | head -n 1
        for target in demo test; do
            SECONDS=0
            make "$target" ${TEST_PARTS:+"TEST_PARTS=$TEST_PARTS"} || { echo "fresh: make $target FAILS after $SECONDS s"; exit 1; }
            echo "fresh: make $target passes in $SECONDS s"
        done' </dev/null
}

packages() { # machine
    chroot "$work/$1" dpkg-query --show
}

check() { # whether it holds, and what
    if [ "$1" = 0 ]; then
        echo "fresh: $2"
    else
        echo "fresh: NOT SO: $2"
        failures=1
    fi
}

# Nothing has been installed, and the tests pass without.
run_user() {
    local tool reported=0
    new_machine user tester
    packages user >"$work/packages"
    commands user 2>&1 | tee "$work/user.log" || failures=1
    packages user | cmp -s - "$work/packages" && check 0 "nothing has been installed" || check 1 "nothing has been installed"
    for tool in git "C++ compiler" valgrind prove pkg-config cmake meson man abidiff libclang python3 NumPy "CPython 3.13" "CPython 2.7"; do
        [ "$(grep -c "^  $tool  " "$work/user.log")" = 1 ] || reported=1
    done
    check "$reported" "each missing tool has been reported once"
}

# The packages that apt has are installed and used.
run_root() {
    local tool unused=0
    new_machine root root
    commands root 2>&1 | tee "$work/root.log" || failures=1
    for tool in git "C++ compiler" valgrind prove pkg-config cmake meson man abidiff libclang python3; do
        ! grep -q -e "^  $tool  " -e "skipped: no $tool\$" "$work/root.log" || unused=1
    done
    check "$unused" "what apt has is installed and used"
}

# What a machine of a CI service needs.
run_ci() {
    local configured
    [ -d "$pythons/versions" ] || { echo "there is no pyenv with the CPythons" >&2; failures=1; return; }
    (
        base+=-bare
        make_base "$(libraries_of_pythons)"
        new_machine ci root
    )
    mapfile -t configured < <(network)
    SECONDS=0
    chroot "$work/ci" env -i "${configured[@]}" HOME=/root LANG=C.UTF-8 PATH=/opt/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        "PYENV_ROOT=$pythons" CI=true "MAKEFLAGS=${TEST_PARTS:+-- TEST_PARTS=${TEST_PARTS// /\\ }}" bash -c 'cd && bash pybuffer/.ci/run' </dev/null \
        2>&1 | tee "$work/ci.log" || failures=1
    check "$failures" ".ci/run passes in $SECONDS s"
}

if [ "${1:-}" = --inside ]; then
    shift
    failures=0
    for run in "$@"; do
        [ "$run" = ci ] || make_base gcc,make,libc6-dev
        echo "fresh: $suite, $run"
        "run_$run"
    done
    exit "$failures"
fi

# ---- Outside ------------------------------------------------------------------------------------------------

[ "$(id -u)" = 0 ] || { echo "test-fresh needs root" >&2; exit 1; }
for tool in debootstrap unshare; do
    command -v "$tool" >/dev/null || { echo "test-fresh needs $tool: apt-get install debootstrap util-linux" >&2; exit 1; }
done
[ "$#" -gt 0 ] || set -- user root
for run in "$@"; do
    case $run in
    user | root | ci) ;;
    *) echo "no run $run" >&2; exit 2 ;;
    esac
done

cargo fetch --locked --quiet
mkdir -p "$work"
status=0
unshare --mount --propagation private --pid --fork --kill-child --mount-proc bash tests/fresh.sh --inside "$@" &
namespace=$!
# The first process of a namespace ignores other signals. When it ends, so do all others, and the mounts.
trap 'kill -KILL "$namespace"' INT TERM
wait "$namespace" || status=$?
trap - INT TERM
[ "$status" -lt 128 ] || sleep 1
for run in "$@"; do
    [ -n "${KEEP:-}" ] || remove "$work/$run" || status=1
done
[ -n "${KEEP:-}" ] || { remove "$base" && remove "$base-bare"; } || status=1
exit "$status"
