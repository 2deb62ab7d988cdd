#!/usr/bin/env bash
# Builds packages by the recipes that packaging/recipes.sh makes of what is committed, each with its own tools, and uses the packages:
# test-recipes.sh [debian] [conan] [conda] [vcpkg] (default: all). A tool that is missing is a skipped test. Each part compiles the
# library anew, Conan and vcpkg shared and static. Output is TAP.
#
# RECIPES_PYTHON is a Python with Conan and rattler-build (make recipes-venv), VCPKG_ROOT a checkout of vcpkg, whose scripts are used
# without its program. The packages stay in target/recipes-test.
set -u
export LC_ALL=C
# No downloads of toolchains. It is the packages that are tested here, and a library that is optimised less is made in a third of the time.
export RUSTUP_AUTO_INSTALL=0 CARGO_PROFILE_RELEASE_OPT_LEVEL=${CARGO_PROFILE_RELEASE_OPT_LEVEL:-1}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$root/target/recipes-test
python=${RECIPES_PYTHON:-python3}
# shellcheck source=../c-tests/support/tap.sh
. "$root/c-tests/support/tap.sh"

[ "$#" -gt 0 ] || set -- debian conan conda vcpkg
rm -rf "$work" && mkdir -p "$work" || exit 1

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$root/Cargo.toml" | head -n 1)
expected=$'11 21 31\n12 22 32\n13 23 33\n14 24 34'

makes_the_recipes() {
    bash "$root/packaging/dist.sh" "$work" && bash "$root/packaging/recipes.sh" "$work/pybuffer-$version.tar.gz" "$work"
}

# The addresses, which are placeholders, are in one file.
addresses_are_in_one_place() {
    [ "$(cd "$root" && git grep -lE 'example[.]org' -- packaging)" = packaging/project ]
}

# ---- Debian --------------------------------------------------------------------------------------------------------------

# Without rustc and cargo as packages, a Rust of another source builds.
debian_builds() {
    cd "$work/debian/pybuffer-$version" && dpkg-buildpackage --no-sign --no-check-builddeps || return
    cd .. && for package in *.deb; do
        dpkg -x "$package" installed || return
    done
}

# What needs an upload is no fault: the bug that it closes.
lintian_is_content() {
    cd "$work/debian" && lintian --allow-root --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs pybuffer_*.changes
}

debian_packages_work() {
    local usr=$work/debian/installed/usr lib
    lib=$(dirname "$(find "$usr/lib" -name libpybuffer.so)")
    "${CC:-cc}" "$root/examples/minimal.c" -I"$usr/include" -L"$lib" -lpybuffer -o "$work/debian/minimal" || return
    [ "$(LD_LIBRARY_PATH=$lib "$work/debian/minimal")" = "$expected" ] &&
        LD_LIBRARY_PATH=$lib "$usr/bin/pybuffer" format '<id' && [ -f "$usr/share/zsh/vendor-completions/_pybuffer" ]
}

debian() {
    if ! command -v dh >/dev/null || ! command -v dpkg-buildpackage >/dev/null; then
        skip_that "dpkg-buildpackage builds Debian's packages" "no debhelper"
        return
    fi
    test_that "dpkg-buildpackage builds Debian's packages" debian_builds
    test_that "they can be used" debian_packages_work
    if command -v lintian >/dev/null; then
        test_that "lintian is content with sources and packages" lintian_is_content
    else
        skip_that "lintian is content with sources and packages" "no lintian"
    fi
}

# ---- Conan ---------------------------------------------------------------------------------------------------------------

# With a home of its own, and without remotes.
conan_creates() { # option...
    export CONAN_HOME=$work/conan-home
    local conan
    conan=$(dirname "$python")/conan
    # It knows compilers by their names, and not `cc`.
    [ -e "$CONAN_HOME/profiles/default" ] || env -u CC -u CXX "$conan" profile detect || return
    "$conan" create "$work/conan" --no-remote "$@"
}

conan() {
    local shared
    for shared in True False; do
        if [ ! -x "$(dirname "$python")/conan" ]; then
            skip_that "conan create, shared=$shared" "no Conan (make recipes-venv)"
        else
            test_that "conan create, shared=$shared" conan_creates -o "pybuffer/*:shared=$shared"
        fi
    done
}

# ---- conda ---------------------------------------------------------------------------------------------------------------

conda_renders() {
    "$python" - "$work/conda/recipe.yaml" "$version" <<'END'
import pathlib
import sys
import rattler_build as rb

path, version = sys.argv[1:]
platform = rb.PlatformConfig(target_platform="linux-64")
variants = rb.VariantConfig.from_yaml("c_compiler: [gcc]\ncxx_compiler: [gxx]\nrust_compiler: [rust]\n")
(variant,) = rb.Stage0Recipe.from_file(path).render(variants, rb.RenderConfig(platform=platform))
recipe = variant.recipe.to_dict()
print(recipe)
assert recipe["package"]["name"] == "libpybuffer" and recipe["package"]["version"] == version
assert (pathlib.Path(path).parent / f"pybuffer-{version}.tar.gz").exists()
assert len(recipe["requirements"]["build"]) == 4 and recipe["about"]["license"] == "MIT OR Apache-2.0"
END
}

conda() {
    if ! "$python" -c 'import rattler_build' 2>/dev/null; then
        skip_that "rattler-build reads conda's recipe" "no rattler-build (make recipes-venv)"
    else
        test_that "rattler-build reads conda's recipe" conda_renders
    fi
    skip_that "rattler-build builds conda's package" "its compilers are packages of a channel"
}

# ---- vcpkg ---------------------------------------------------------------------------------------------------------------

vcpkg_manifest_is_right() {
    python3 - "$work/vcpkg/pybuffer/vcpkg.json" "$version" <<'END'
import json
import re
import sys

path, version = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    text = file.read()
manifest = json.loads(text)
assert manifest["name"] == "pybuffer" and re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", manifest["name"])
assert manifest["version"] == version and manifest["license"] == "MIT OR Apache-2.0"
# As `vcpkg format-manifest` writes it.
assert text == json.dumps(manifest, indent=2) + "\n"
order = ["name", "version", "description", "homepage", "license", "supports"]
assert list(manifest) == order, list(manifest)
END
}

# As the program runs it, with its own scripts.
vcpkg_builds() { # linkage
    local out=$work/vcpkg/$1 package
    mkdir -p "$out/buildtrees/pybuffer" "$out/packages" "$out/installed/x64-test" "$out/downloads"
    printf 'set(VCPKG_TARGET_ARCHITECTURE x64)\nset(VCPKG_CRT_LINKAGE dynamic)\nset(VCPKG_LIBRARY_LINKAGE %s)\nset(VCPKG_CMAKE_SYSTEM_NAME Linux)\n' \
        "$1" >"$out/x64-test.cmake"
    cmake -DCMD=BUILD -DPORT=pybuffer -DVERSION="$version" -DFEATURES=core -DALL_FEATURES= \
        -DCURRENT_PORT_DIR="$work/vcpkg/pybuffer" -D_HOST_TRIPLET=x64-test -DTARGET_TRIPLET=x64-test \
        -DTARGET_TRIPLET_FILE="$out/x64-test.cmake" -DVCPKG_BASE_VERSION=2026-01-01 -DVCPKG_CONCURRENCY=2 \
        -DVCPKG_ROOT_DIR="$VCPKG_ROOT" -DPACKAGES_DIR="$out/packages" -DBUILDTREES_DIR="$out/buildtrees" \
        -D_VCPKG_INSTALLED_DIR="$out/installed" -DDOWNLOADS="$out/downloads" -DVCPKG_MANIFEST_INSTALL=OFF -DGIT=git \
        -P "$VCPKG_ROOT/scripts/ports.cmake" || return
    package=$out/packages/pybuffer_x64-test
    [ -f "$package/share/pybuffer/copyright" ] && [ -f "$package/share/pybuffer/pybufferConfig.cmake" ] &&
        [ ! -e "$package/lib/cmake" ] && [ -f "$package/lib/pkgconfig/pybuffer.pc" ] || return
    cp -r "$root/packaging/conan/test_package" "$out/program"
    cmake -S "$out/program" -B "$out/program/build" "-Dpybuffer_DIR=$package/share/pybuffer" && cmake --build "$out/program/build" &&
        [ "$("$out/program/build/version")" = "$version" ]
}

vcpkg() {
    local linkage
    test_that "vcpkg's manifest is right" vcpkg_manifest_is_right
    for linkage in dynamic static; do
        if [ ! -f "${VCPKG_ROOT:-}/scripts/ports.cmake" ]; then
            skip_that "vcpkg's scripts build the port, $linkage" "no checkout of vcpkg (VCPKG_ROOT)"
        elif ! command -v cmake >/dev/null || ! command -v patchelf >/dev/null; then
            # The scripts would fetch patchelf.
            skip_that "vcpkg's scripts build the port, $linkage" "no cmake and patchelf"
        else
            test_that "vcpkg's scripts build the port, $linkage" vcpkg_builds "$linkage"
        fi
    done
}

test_that "make recipes" makes_the_recipes
test_that "addresses are in packaging/project only" addresses_are_in_one_place
for part in "$@"; do
    case $part in
    debian | conan | conda | vcpkg) "$part" ;;
    *) echo "no part $part" >&2; exit 2 ;;
    esac
done
tap_end
