#!/usr/bin/env bash
# Makes a source archive that builds without network: packaging/dist.sh FOLDER writes FOLDER/pybuffer-VERSION.tar.gz, of what is
# committed. It has the crates that the library itself needs, and not those of its Rust tests, which Cargo.toml there does
# not name. The same commit gives the same bytes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C TZ=UTC
umask 022

version=$(git show HEAD:Cargo.toml | sed -n 's/^version = "\(.*\)"/\1/p' | head -n 1)
name=pybuffer-$version
time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
mkdir -p "${1:?the folder}"
out=$(realpath "$1")/$name.tar.gz
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

git archive --prefix="$name/" HEAD | tar -x -C "$work"
cd "$work/$name"
rm -rf .ci

# Cargo wants to see every crate that the manifest names, also where it builds none of the tests.
awk '/^\[/ { skipped = $0 == "[dev-dependencies]" } !skipped' Cargo.toml >Cargo.toml.new
mv Cargo.toml.new Cargo.toml
mkdir .cargo
# Cargo drops from the lock file what is not needed any more, and changes nothing else.
"${CARGO:-cargo}" metadata --quiet --format-version 1 >/dev/null
# Quiet, it would not say what belongs into its configuration.
"${CARGO:-cargo}" vendor --locked vendor >.cargo/config.toml 2>"$work/said" || { cat "$work/said" >&2; exit 1; }
grep -q vendored-sources .cargo/config.toml

cd ..
tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
    --mtime="@$time" -cf - "$name" | gzip -9n >"$out.new"
mv "$out.new" "$out"
echo "$out"
