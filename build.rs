//! Compiles the C files of the library (see there why they exist), and says how Cargo links a shared library of it, for tests;
//! the one that is installed is linked in the same way by packaging/link.mk.

fn main() {
    let sources = ["src/abi/glue.c", "src/platform/thread.c"];
    for source in sources {
        println!("cargo:rerun-if-changed={source}");
    }
    cc::Build::new().files(sources).std("c99").warnings(true).extra_warnings(true).compile("pybuffer_glue");

    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let arguments: &[&str] = match os.as_str() {
        "windows" => &[],
        "macos" => &["-Wl,-install_name,@rpath/libpybuffer.0.dylib"],
        // packaging/link.mk has the reasons.
        _ => &["-Wl,-soname,libpybuffer.so.0", "-Wl,-Bsymbolic-functions", "-Wl,-z,nodelete", "-Wl,-z,relro,-z,now"],
    };
    for argument in arguments {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
}
