//! Skips tests and records the reason.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// Records that the calling test is skipped because a tool of `tests/tools.sh` is missing: for `make test`, which counts
/// such tests (`PYBUFFER_RESULTS` is the folder of its results), or else on standard error. The test has to return. With
/// `CI=true` it fails here.
pub(crate) fn skip(tool: &str) {
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "no {tool}, and CI=true (`make tools`)");
    skip_optional(tool);
}

/// Skips a test whose tool may be missing even with `CI=true`.
pub(crate) fn skip_optional(tool: &str) {
    let program = env::args_os().next().unwrap_or_default();
    let program = Path::new(&program).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    // Without cargo's hash.
    let program = program.rsplit_once('-').map_or(program.as_str(), |(name, _)| name);
    // A test's thread has its name.
    let thread = std::thread::current();
    let name = format!("{program}::{}", thread.name().unwrap_or("main"));
    let written = env::var_os("PYBUFFER_RESULTS").and_then(|results| {
        let mut file = OpenOptions::new().create(true).append(true).open(Path::new(&results).join("skipped")).ok()?;
        file.write_all(format!("rust\tno {tool}\t{name}\n").as_bytes()).ok()
    });
    if written.is_none() {
        // Not eprintln!, which the harness swallows when a test passes. There is nothing to do if this fails.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {name}: no {tool} (`make tools`)");
    }
}
