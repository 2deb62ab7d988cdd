//! The checker of exporters on those of CPython and NumPy, in a Python process that has loaded the library, too: it finds
//! no fault with those that are used every day, and those that are known with ctypes'.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::Command;

use crate::common::library::library;
use crate::common::numpy;

/// Known faults. (ctypes answers every request in the same way, and without strides.)
const KNOWN: &[(&str, &[&str])] = &[
    (
        "ctypes array",
        &[
            "PyBUF_INDIRECT|PyBUF_FORMAT: strides is NULL though it was asked for",
            "PyBUF_INDIRECT: format is not NULL though it was not asked for",
            "PyBUF_FORMAT: shape is not NULL though it was not asked for",
        ],
    ),
    ("ctypes structure", &["PyBUF_INDIRECT: format is not NULL though it was not asked for"]),
    (
        "ctypes structure, old",
        &[
            // Padding is missing.
            "PyBUF_INDIRECT|PyBUF_FORMAT: format 'T{<i:a:<d:b:}' has items of 12 bytes, but itemsize is 16",
            "PyBUF_INDIRECT: format is not NULL though it was not asked for",
        ],
    ),
];

/// Builds the C file, and returns the output of the script.
fn run(python: &Path) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    let shim = Path::new(env!("CARGO_TARGET_TMPDIR")).join("live_exporters.so");
    let mut compiler = Command::new(env::var_os("CC").unwrap_or("cc".into()));
    compiler.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"]).arg(&shim);
    let status = compiler.arg(tests.join("live_exporters.c")).arg("-ldl").status().expect("the compiler runs");
    assert!(status.success(), "live_exporters.c does not compile");
    let mut script = Command::new(python);
    script.arg("-I").arg(tests.join("live_exporters.py")).arg(shim).arg(library());
    let output = script.output().expect("the interpreter runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the script prints UTF-8")
}

#[test]
fn exporters_of_every_day_break_no_rule() {
    let Some(python) = numpy::python() else { return };
    let text = run(&python);
    let known: BTreeMap<&str, &[&str]> = KNOWN.iter().copied().collect();
    let mut count = 0;
    for line in text.lines() {
        let mut fields = line.split('\t');
        let name = fields.next().unwrap_or_default();
        let faults: Vec<&str> = fields.collect();
        assert_eq!(faults, known.get(name).copied().unwrap_or_default(), "{name}");
        count += 1;
    }
    assert!(count >= 26, "{count} exporters:\n{text}");
}
