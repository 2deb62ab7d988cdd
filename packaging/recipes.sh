#!/usr/bin/env bash
# Makes recipes that can be used as they are: packaging/recipes.sh ARCHIVE FOLDER, with the archive of `make dist`. Each gets the
# archive, which it builds from, the version in Cargo.toml, and the addresses in packaging/project:
#
#   FOLDER/debian/pybuffer-VERSION    the unpacked sources with debian/, and pybuffer_VERSION.orig.tar.gz beside them
#   FOLDER/conan/conanfile.py         with test_package/ beside it
#   FOLDER/conda/recipe.yaml
#   FOLDER/vcpkg/pybuffer             a port
set -euo pipefail
export LC_ALL=C

archive=$(realpath "${1:?the archive}")
mkdir -p "${2:?the folder}"
cd "$2"
rm -rf debian conan conda vcpkg
mkdir -p debian conda vcpkg/pybuffer

tar -xzf "$archive" -C debian
sources=$(echo debian/pybuffer-*)
version=${sources##*-}
cp "$archive" "debian/pybuffer_$version.orig.tar.gz"
# shellcheck source=project
. "$sources/packaging/project"
# When it was made.
date=$(date -u -R -r "$sources/Cargo.toml")

fill() { # source destination
    sed -e "s|@VERSION@|$version|g" -e "s|@HOMEPAGE@|$HOMEPAGE|g" -e "s|@MAINTAINER@|$MAINTAINER|g" -e "s|@DATE@|$date|g" "$1" >"$2"
}

cp -r "$sources/packaging/debian" "$sources/debian"
for file in control changelog; do
    fill "$sources/packaging/debian/$file" "$sources/debian/$file"
done
cp -r "$sources/packaging/conan" conan
fill "$sources/packaging/conan/conanfile.py" conan/conanfile.py
fill "$sources/packaging/conda/recipe.yaml" conda/recipe.yaml
for file in vcpkg.json portfile.cmake; do
    fill "$sources/packaging/vcpkg/$file" "vcpkg/pybuffer/$file"
done
for folder in conan conda vcpkg/pybuffer; do
    cp "$archive" "$folder/pybuffer-$version.tar.gz"
done
