"""Builds the Python package: the library by cargo, its symbols with a prefix by objcopy, and the extension module that contains it.

The library is that of this repository, or of the source distribution, which has what it is built from in the folder `library`.
LIBPYBUFFER_PREFIXED names a folder that `make prefixed` has filled; then neither cargo nor objcopy is called.
"""

import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

# The name of the package stands here alone.
NAME = "pybuffer"

HERE = pathlib.Path(__file__).resolve().parent
# What the library is built from.
SOURCES = ["Cargo.toml", "Cargo.lock", "build.rs", "src", "include/pybuffer/pybuffer.h", "prefixed/header.awk", "tests/exports.txt"]
LICENSES = ["LICENSE-MIT", "LICENSE-APACHE"]


def library():
    """The folder with the library's sources."""
    for folder in HERE / "library", HERE.parent:
        if all((folder / name).exists() for name in SOURCES):
            return folder
    sys.exit(f"{NAME}: the sources of libpybuffer are neither in {HERE / 'library'} nor in {HERE.parent}")


def version():
    return re.search(r'^version = "(.*)"', (library() / "Cargo.toml").read_text(), re.M).group(1)


def refuse_other_interpreters():
    if sys.implementation.name != "cpython":
        sys.exit(f"{NAME}: CPython is required, whose objects the library knows; this is {sys.implementation.name}")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        sys.exit(f"{NAME}: free-threaded builds of CPython are not supported: the extension module relies on the GIL")
    if not sys.platform.startswith("linux"):
        sys.exit(f"{NAME}: only Linux is supported; this is {sys.platform}")


def run(*command, **options):
    """Runs a program; one that is missing or fails ends the build with a sentence."""
    try:
        subprocess.run([str(part) for part in command], check=True, **options)
    except FileNotFoundError:
        sys.exit(f"{NAME}: '{command[0]}' is needed to build the library, and is not there (Rust from rustup, binutils, awk)")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{NAME}: '{' '.join(map(str, command[:3]))}' fails with status {error.returncode}")


def build_prefixed(folder):
    """As `make prefixed`: the static library and its header, with a prefix before each exported name."""
    source = library()
    header = folder / "include/pybuffer/pybuffer_prefixed.h"
    archive = folder / "libpybuffer_prefixed.a"
    header.parent.mkdir(parents=True, exist_ok=True)
    exports = (source / "tests/exports.txt").read_text().split()
    (folder / "names").write_text("".join(f"{name} pyb_{name}\n" for name in exports))
    run(
        os.environ.get("CARGO", "cargo"), "rustc", "--locked", "--release", "--lib", "--no-default-features",
        "--crate-type", "staticlib", "--manifest-path", source / "Cargo.toml", "--target-dir", folder / "target",
        cwd=source,
    )
    objcopy = os.environ.get("OBJCOPY", "objcopy")
    # Without LLVM's bitcode, which linkers' plugins of another version would read.
    run(
        objcopy, f"--redefine-syms={folder / 'names'}", "--strip-debug", "--remove-section=.llvmbc",
        "--remove-section=.llvmcmd", folder / "target/release/libpybuffer.a", archive,
    )
    with open(header, "w") as file:
        run("awk", "-f", source / "prefixed/header.awk", source / "tests/exports.txt", source / "include/pybuffer/pybuffer.h", stdout=file)
    return archive, header.parent.parent


class Build(build_ext):
    def build_extension(self, extension):
        refuse_other_interpreters()
        given = os.environ.get("LIBPYBUFFER_PREFIXED")
        if given:
            folder = pathlib.Path(given).resolve()
            archive, include = folder / "libpybuffer_prefixed.a", folder / "include"
        else:
            archive, include = build_prefixed(pathlib.Path(self.build_temp).resolve() / "library")
        extension.include_dirs.append(str(include))
        extension.extra_objects.append(str(archive))
        extension.depends.append(str(archive))
        super().build_extension(extension)


class Distribution(sdist):
    """The source distribution has the library's sources, too."""

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        source = library()
        for name in SOURCES + LICENSES:
            target = pathlib.Path(base_dir, "library", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if (source / name).is_dir():
                shutil.copytree(source / name, target, dirs_exist_ok=True)
            else:
                shutil.copy(source / name, target)


def sources(pattern):
    return sorted(os.path.relpath(name, HERE) for name in glob.glob(str(HERE / pattern)))


setup(
    name=NAME,
    version=version(),
    description="Python's buffer protocol, checked: exporters, consumers, and a memoryview of any array",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    license="MIT OR Apache-2.0",
    python_requires=">=3.10",
    packages=[NAME],
    package_dir={NAME: "package"},
    package_data={NAME: ["py.typed", "*.pyi"]},
    ext_modules=[
        Extension(
            f"{NAME}._core",
            sources("binding/*.c") + sources("module/*.c"),
            include_dirs=["binding", "module"],
            depends=sources("binding/*.h") + sources("module/*.h"),
            define_macros=[("PACKAGE", f'"{NAME}"')],
            extra_compile_args=["-std=gnu11", "-Wall", "-Wextra", "-fvisibility=hidden"],
            # What the module exports is its initialization alone.
            extra_link_args=["-pthread", "-Wl,--exclude-libs,ALL", "-Wl,-z,relro,-z,now"],
        )
    ],
    entry_points={"pytest11": [f"{NAME} = {NAME}.plugin"]},
    cmdclass={"build_ext": Build, "sdist": Distribution},
    zip_safe=False,
)
