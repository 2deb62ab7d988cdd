//! The shared library, built as `make` builds it, but for its symbol table, which is kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where it is. It is built once.
pub(crate) fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("library");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["rustc", "--quiet", "--offline", "--release", "--lib", "--no-default-features"]);
        cargo.args(["--crate-type", "cdylib", "--config", "profile.release.strip=false", "--target-dir"]).arg(&target);
        let link =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/link.mk")).expect("link.mk");
        let code = link.lines().find_map(|line| line.strip_prefix("CODE := ")).expect("how make has code generated");
        cargo.arg("--").args(code.split_whitespace());
        // Those of the tests are not the library's, such as for coverage.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("CARGO_BUILD_TARGET");
        let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo runs");
        assert!(status.success(), "{cargo:?} fails");
        target.join("release/libpybuffer.so")
    })
}
