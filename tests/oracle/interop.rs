//! The bridges to other protocols with NumPy and PyArrow, in a Python process that has loaded the library, too: arrays of all
//! types and layouts, both ways.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use crate::common::library::library;
use crate::common::numpy;
use crate::common::skip::skip_optional;

#[test]
fn numpy_and_pyarrow_exchange_arrays_with_the_library() {
    let Some(python) = numpy::python() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/interop_oracle.py");
    let output = Command::new(python).arg("-I").arg(script).arg(library()).output().expect("the interpreter runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let count = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().parse::<usize>().ok()
    };
    assert!(count("DLPack").is_some_and(|count| count > 250), "{text}");
    assert!(count("array interface").is_some_and(|count| count > 350), "{text}");
    match count("Arrow") {
        Some(count) => assert!(count > 120, "{text}"),
        None => skip_optional("PyArrow"),
    }
}
