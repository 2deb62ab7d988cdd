"""Recipe for Conan 2. The sources are the archive of `make dist` beside it; it builds with a Rust that is installed."""
import os

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.files import copy, unzip


class PybufferConan(ConanFile):
    name = "pybuffer"
    version = "@VERSION@"
    license = "MIT OR Apache-2.0"
    homepage = "@HOMEPAGE@"
    description = "Python's buffer protocol (PEP 3118) and memoryviews, without an interpreter"
    topics = ("buffer", "memoryview", "pep3118", "ndarray")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False]}
    default_options = {"shared": True}
    exports_sources = f"pybuffer-{version}.tar.gz"

    def validate(self):
        if self.settings.os != "Linux" or self.settings.arch not in ("x86_64", "armv8", "ppc64le", "s390x", "riscv64"):
            raise ConanInvalidConfiguration("this recipe is for 64-bit Linux")

    def configure(self):
        self.settings.rm_safe("compiler.libcxx")
        self.settings.rm_safe("compiler.cppstd")

    def package_id(self):
        # The library is the same, however the program that links it is built.
        self.info.settings.rm_safe("compiler")
        self.info.settings.rm_safe("build_type")

    def build(self):
        unzip(self, os.path.join(self.source_folder, f"pybuffer-{self.version}.tar.gz"), strip_root=True)
        self.run("make libraries prefixed")

    def package(self):
        self.run(f'make install PREFIX="{self.package_folder}"')
        copy(self, "LICENSE-*", self.build_folder, os.path.join(self.package_folder, "licenses"))
        copy(self, "THIRD-PARTY", os.path.join(self.build_folder, "packaging"), os.path.join(self.package_folder, "licenses"))
        self.run(f'rm -f "{self.package_folder}"/lib/*.{"a" if self.options.shared else "so*"}')

    def package_info(self):
        # The package's own files of CMake have the targets, under the names that they have without Conan.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.set_property("pkg_config_name", "pybuffer")
        self.cpp_info.builddirs = ["lib/cmake/pybuffer"]
        self.cpp_info.libs = ["pybuffer"]
        if not self.options.shared:
            self.cpp_info.system_libs = ["pthread"]
