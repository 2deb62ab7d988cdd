//! Asks CPython many questions at once, and sets its hash key.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::common::capi::pybuffer_set_hash_key;
use crate::common::cpython;
use crate::common::skip::skip;

/// The answers of a Python script, a line for each line that it reads; `None` if there is no CPython.
pub(crate) fn ask(script: &str, questions: Vec<String>) -> Option<Vec<String>> {
    let mut python = Command::new(interpreter()?);
    Some(ask_interpreter(python.args(["-I", "-c", script]), questions))
}

/// The interpreter of the CPython that everything is compared with, which has CPython's module for tests of buffers.
pub(crate) fn interpreter() -> Option<PathBuf> {
    static HAS_MODULES: OnceLock<bool> = OnceLock::new();
    let prefix = cpython::prefix(cpython::ORACLE)?;
    let python = prefix.join(format!("bin/python{}", cpython::ORACLE));
    let has_modules = || {
        let output = Command::new(&python).args(["-I", "-c", "import ctypes, _testbuffer"]).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !HAS_MODULES.get_or_init(has_modules) {
        skip(&format!("CPython {}", cpython::ORACLE));
        return None;
    }
    Some(python)
}

/// The answers of a program, a line for each line that it reads.
pub(crate) fn ask_interpreter(python: &mut Command, questions: Vec<String>) -> Vec<String> {
    let count = questions.len();
    let mut python = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the interpreter starts");
    let mut stdin = python.stdin.take().expect("it was piped");
    let writer = std::thread::spawn(move || stdin.write_all((questions.join("\n") + "\n").as_bytes()));
    let output = python.wait_with_output().expect("the interpreter runs");
    let written = writer.join().expect("the writer does not panic");
    assert!(output.status.success(), "the oracle failed: {}", output.status);
    written.expect("the interpreter reads all questions");
    let answers = String::from_utf8(output.stdout).expect("the oracle answers in ASCII");
    let answers: Vec<_> = answers.lines().map(String::from).collect();
    assert_eq!(answers.len(), count);
    answers
}

/// Gives hashes the key with which they are those of CPython with PYTHONHASHSEED=0. A process has one key, which its first hash
/// fixes: each test that hashes calls this first.
pub(crate) fn hash_as_cpython() {
    // SAFETY: no pointers.
    assert_eq!(unsafe { pybuffer_set_hash_key(0, 0) }, 0);
}

/// Bytes as Python's `bytes.fromhex` reads them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all");
        text
    })
}
