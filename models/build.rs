//! Compiles what the library has in C, but for the variable of each thread, which the models have one of for each of loom's.

fn main() {
    let glue = "../src/abi/glue.c";
    println!("cargo:rerun-if-changed={glue}");
    println!("cargo:rerun-if-changed=../src");
    cc::Build::new().file(glue).std("c99").compile("pybuffer_glue");
}
