//! Running a Python script of the tests, whichever Python it is for.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a script prints; its path starts at `tests`.
pub(crate) fn run(python: &Path, script: &str, arguments: &[&str], input: String) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    let mut child = Command::new(python)
        .arg("-I")
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the interpreter starts");
    let mut stdin = child.stdin.take().expect("it was piped");
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("the interpreter runs");
    // The script need not read its input.
    let _ = writer.join().expect("the writer does not panic");
    assert!(output.status.success(), "the oracle failed");
    String::from_utf8(output.stdout).expect("the oracle answers in ASCII")
}

/// Bytes that are hexadecimal; "-" and "''" are none.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits = if text == "-" || text == "''" { "" } else { text };
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("two digits"))
        .collect()
}
