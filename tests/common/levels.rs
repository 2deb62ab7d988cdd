//! The kernels of a processor with fewer instructions, in a process of its own: the level is chosen once.

use std::env;
use std::process::Command;

/// What PYBUFFER_CPU can say.
const LEVELS: [&str; 3] = ["portable", "avx2", "avx512"];

/// Runs all tests of this program once more at each level, but for the one named `own`, which calls this.
pub(crate) fn run_at_every_level(own: &str) {
    if env::var_os("PYBUFFER_CPU").is_some() {
        return;
    }
    let program = env::current_exe().expect("a test is a program");
    for level in LEVELS {
        let output =
            Command::new(&program).env("PYBUFFER_CPU", level).args(["--skip", own]).output().expect("it can be run");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "at the level {level}:\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(!text.contains(" 0 passed"), "at the level {level} nothing was run");
    }
}
