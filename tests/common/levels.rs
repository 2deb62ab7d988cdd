//! Runs tests at lower instruction levels, each in a process of its own, since the level is chosen once.

use std::env;
use std::process::Command;

/// The values of PYBUFFER_CPU on this architecture. Where there is one level only, all tests are run at it anyway.
const LEVELS: &[&str] = if cfg!(target_arch = "x86_64") {
    &["portable", "avx2", "avx512"]
} else if cfg!(target_arch = "aarch64") {
    &["portable", "neon"]
} else {
    &[]
};

/// This program, to be run once more: by what PYBUFFER_TEST_RUNNER says, an emulator and its options, if it is for another
/// machine than this one.
fn this_program() -> Command {
    let program = env::current_exe().expect("a test is a program");
    let runner = env::var("PYBUFFER_TEST_RUNNER").unwrap_or_default();
    let mut words = runner.split_whitespace();
    match words.next() {
        None => Command::new(program),
        Some(emulator) => {
            let mut command = Command::new(emulator);
            command.args(words).arg(program);
            command
        }
    }
}

/// Runs the tests of a module once more at each level, but for its test named `at_every_level`, which calls this with
/// `module_path!()`.
pub(crate) fn run_at_every_level(module: &str) {
    if env::var_os("PYBUFFER_CPU").is_some() {
        return;
    }
    // Names of tests do not start with that of the program.
    let (_, module) = module.split_once("::").expect("a module of the program");
    let (tests, own) = (format!("{module}::"), format!("{module}::at_every_level"));
    for level in LEVELS {
        let mut program = this_program();
        let output =
            program.env("PYBUFFER_CPU", level).args([&*tests, "--skip", &*own]).output().expect("it can be run");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "at the level {level}:\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains(" 0 passed"), "at the level {level} nothing was run");
    }
}
