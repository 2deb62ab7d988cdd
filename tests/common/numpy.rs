//! Finding the NumPy that this library is compared with.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::skip::skip;

/// A Python with NumPy: `PYBUFFER_NUMPY_PYTHON`, or what `make` puts into target/numpy-venv. Without one the test is
/// skipped.
pub(crate) fn python() -> Option<PathBuf> {
    let made = || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/numpy-venv/bin/python");
    let python = env::var_os("PYBUFFER_NUMPY_PYTHON").map_or_else(made, PathBuf::from);
    let mut version = Command::new(&python);
    let version = version.args(["-c", "import numpy; print(numpy.__version__)"]).output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    // What tells a reshape without a copy came with 2.1.
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    let is_new = parts.next().zip(parts.next()).is_some_and(|version| version >= (2, 1));
    if !is_new {
        skip("NumPy");
        return None;
    }
    Some(python)
}
