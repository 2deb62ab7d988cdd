//! Finding the CPython that tests compare this library with.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::skip::{skip, skip_optional};

/// The version that everything is compared with.
pub(crate) const ORACLE: &str = "3.13";

/// The version that Python 2's buffer objects are compared with.
pub(crate) const ORACLE_2: &str = "2.7";

/// The prefix (with `bin`, `include` and `lib` in it) of a CPython of this version, such as "3.13".
///
/// Takes the one that ORACLE (or ORACLE_2, for 2.7) names, or looks in pyenv's versions, newest first, then for `python3.13` on
/// the PATH, then among those that `make pythons` has fetched, as `c-tests/support/oracle.sh` does. Without one a test has nothing to compare with, and is skipped.
pub(crate) fn prefix(version: &str) -> Option<PathBuf> {
    let found = find(version);
    if found.is_none() {
        skip_version(version);
    }
    found
}

/// The headers of a CPython of this version, which it need not have. Without them the test is skipped.
pub(crate) fn headers(version: &str) -> Option<PathBuf> {
    let found = find(version).map(|prefix| prefix.join(format!("include/python{version}")));
    let found = found.filter(|include| include.join("Python.h").is_file());
    if found.is_none() {
        skip_version(version);
    }
    found
}

/// Where `CI=true` a missing [`ORACLE`] or [`ORACLE_2`] is a failure; other versions may be missing there, too.
fn skip_version(version: &str) {
    let tool = format!("CPython {version}");
    if version == ORACLE || version == ORACLE_2 { skip(&tool) } else { skip_optional(&tool) }
}

fn find(version: &str) -> Option<PathBuf> {
    let given = match version {
        ORACLE => env::var_os("ORACLE"),
        ORACLE_2 => env::var_os("ORACLE_2"),
        _ => None,
    };
    given
        .filter(|prefix| !prefix.is_empty())
        .map(PathBuf::from)
        .or_else(|| pyenv_prefix(version))
        .or_else(|| path_prefix(version))
        .or_else(|| fetched_prefix(version))
}

/// What `make pythons` has fetched.
fn fetched_prefix(version: &str) -> Option<PathBuf> {
    let prefix = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pythons").join(version);
    prefix.is_dir().then_some(prefix)
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
    output(python.args(["-c", "import sys; print(getattr(sys, 'base_prefix', sys.prefix))"])).map(PathBuf::from)
}

/// What a program prints, without the line's end; `None` if there is no such program or it fails.
fn output(command: &mut Command) -> Option<OsString> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end().into())
}
