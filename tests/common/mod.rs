//! What the tests share: finding the CPython that they compare this library with.

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version that everything is compared with.
pub(crate) const ORACLE: &str = "3.13";

/// The version that Python 2's buffer objects are compared with.
#[allow(dead_code, reason = "not every test that has this module needs it")]
pub(crate) const ORACLE_2: &str = "2.7";

/// The prefix (with `bin`, `include` and `lib` in it) of a CPython of this version, such as "3.13".
///
/// Looks in pyenv's versions, newest first, then for `python3.13` on the PATH. Without one a test has nothing to compare with:
/// it is skipped, and says so on standard error even if the harness captures output. Where `CI=true` a missing [`ORACLE`]
/// or [`ORACLE_2`] is a failure; other versions may be missing there, too.
pub(crate) fn cpython(version: &str) -> Option<PathBuf> {
    let found = pyenv_prefix(version).or_else(|| path_prefix(version));
    if found.is_none() {
        let message = format!("no CPython {version} in $PYENV_ROOT, `pyenv root` or as python{version} on the PATH");
        let in_ci = env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!in_ci || (version != ORACLE && version != ORACLE_2), "{message}, and CI=true");
        // Not eprintln!, which the harness swallows when a test passes. There is nothing to do if this fails.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {message}");
    }
    found
}

fn pyenv_prefix(version: &str) -> Option<PathBuf> {
    let root = env::var_os("PYENV_ROOT").or_else(|| output(Command::new("pyenv").arg("root")))?;
    let patch = |prefix: &Path| -> Option<u32> {
        let name = prefix.file_name()?.to_str()?.strip_prefix(version)?;
        if name.is_empty() { Some(0) } else { name.strip_prefix('.')?.parse().ok() }
    };
    std::fs::read_dir(Path::new(&root).join("versions"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|prefix| prefix.join(format!("bin/python{version}")).is_file())
        .filter_map(|prefix| Some((patch(&prefix)?, prefix)))
        .max()
        .map(|(_, prefix)| prefix)
}

fn path_prefix(version: &str) -> Option<PathBuf> {
    let mut python = Command::new(format!("python{version}"));
    output(python.args(["-c", "import sys; print(sys.base_prefix)"])).map(PathBuf::from)
}

/// What a program prints, without the line's end; `None` if there is no such program or it fails.
fn output(command: &mut Command) -> Option<OsString> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end().into())
}
