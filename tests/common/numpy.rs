//! Finding the NumPy that this library is compared with.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python with NumPy: `PYBUFFER_NUMPY_PYTHON`, or what `make` puts into target/numpy-venv. Without one the test is
/// skipped and says so, but where `CI=true`, it fails.
pub(crate) fn python() -> Option<PathBuf> {
    let made = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/numpy-venv/bin/python");
    let python = env::var_os("PYBUFFER_NUMPY_PYTHON").map_or_else(made, PathBuf::from);
    let mut version = Command::new(&python);
    let version = version.args(["-c", "import numpy; print(numpy.__version__)"]).output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    // What tells a reshape without a copy came with 2.1.
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let is_new = parts.next().zip(parts.next()).is_some_and(|version| version >= (2, 1));
    if is_new {
        return Some(python);
    }
    let message = format!("no NumPy >= 2.1 in {} (`make numpy-venv`)", python.display());
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{message}, and CI=true");
    // Not eprintln!, which the harness swallows when a test passes. There is nothing to do if this fails.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {message}");
    None
}
