//! Compiles the one C file of the library (`src/abi/glue.c`, see there why it exists) and names the shared
//! library for the dynamic linker.

fn main() {
    println!("cargo:rerun-if-changed=src/abi/glue.c");
    cc::Build::new().file("src/abi/glue.c").std("c99").warnings(true).extra_warnings(true).compile("pybuffer_glue");

    // The SONAME is the ABI's name: it changes when a program that was linked before would no longer work.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libpybuffer.so.0");
    // Functions bind to this library's own definitions. Data must not: a non-PIE executable holds copies of the type
    // objects (copy relocations), and the library has to reach those, hence not plain -Bsymbolic.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-Bsymbolic-functions");
    // Types must outlive their instances, so an explicit dlclose() does not unmap the library.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,relro,-z,now");
}
