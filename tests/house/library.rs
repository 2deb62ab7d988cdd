//! The built C library: what it exports and needs, how the linker made it, and that no panicking code is in it.
//!
//! It is built as `make` builds it, but for its symbol table, which `nm` reads here. `tests/exports.txt` is the list of
//! the exported names; `PYBUFFER_WRITE_EXPORTS=1` writes it. `tests/house/abi.rs` compares that list with the header.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::library::library;

/// The functions that the library may import, and why.
const IMPORTS: &[(&str, &str)] = &[
    ("malloc", "allocator"),
    ("calloc", "allocator"),
    ("realloc", "allocator"),
    ("free", "allocator"),
    ("memcpy", "copies"),
    ("memmove", "copies"),
    ("memset", "copies"),
    ("memcmp", "comparison"),
    ("bcmp", "comparison"),
    ("madvise", "large copies"),
    ("strlen", "formats"),
    ("strnlen", "messages"),
    ("write", "PyErr_Print"),
    ("getenv", "PYTHONHASHSEED, PYBUFFER_CPU"),
    ("getrandom", "hashing"),
    ("clock_gettime", "hashing"),
    ("sched_yield", "waiting"),
    ("syscall", "waiting: a sleep in which no thread is cancelled"),
    ("__libc_single_threaded", "counts, weakly: without locked instructions while there is one thread"),
    ("__tls_get_addr", "errors"),
    ("pthread_key_create", "errors"),
    ("pthread_key_delete", "errors"),
    ("pthread_setspecific", "errors"),
    ("__cxa_finalize", "linking"),
    ("__gmon_start__", "linking"),
    ("_ITM_registerTMCloneTable", "linking"),
    ("_ITM_deregisterTMCloneTable", "linking"),
];

/// Parts of the names of functions that only code which can panic has.
const PANICKING: &[&str] = &[
    "panic",
    "rust_begin_unwind",
    "rust_eh_personality",
    "_fail",
    "slice_index",
    "handle_alloc_error",
    "_Unwind_",
    "__rust_",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What a program prints.
fn output(command: &mut Command) -> String {
    let output = command
        .env("LC_ALL", "C")
        .output()
        .unwrap_or_else(|error| panic!("{:?}: {error}; nm and readelf are in binutils", command.get_program()));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The names that `nm` prints with these arguments, without the versions of libc's symbols.
fn symbols(arguments: &[&str]) -> BTreeSet<String> {
    let text = output(Command::new("nm").args(["--format=posix", "--no-demangle"]).args(arguments).arg(library()));
    let names: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(|name| name.split('@').next().unwrap_or_default().to_owned())
        .collect();
    assert!(!names.is_empty(), "nm {arguments:?} prints nothing");
    names
}

/// Which of the names (demangled) belong to code that can panic, or to a library that this one is built without.
fn unwanted<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let starts_path = |name: &str, start: &str| {
        name.match_indices(start).any(|(at, _)| {
            let before = name.get(..at).and_then(|before| before.chars().next_back());
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
        })
    };
    let is_unwanted = |name: &str| {
        PANICKING.iter().any(|part| name.contains(part)) || starts_path(name, "alloc::") || starts_path(name, "std::")
    };
    names.into_iter().filter(|name| is_unwanted(name)).collect()
}

/// A line of `readelf` with this in it, or all that it printed.
fn line<'a>(text: &'a str, part: &str) -> &'a str {
    text.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part} in\n{text}"))
}

#[test]
fn exports_are_those_of_the_list() {
    let exported = symbols(&["--dynamic", "--defined-only"]);
    let text: String = exported.iter().map(|name| format!("{name}\n")).collect();
    if env::var_os("PYBUFFER_WRITE_EXPORTS").is_some() {
        fs::write(root().join("tests/exports.txt"), &text).expect("the list can be written");
    }
    let list = read("tests/exports.txt");
    let listed: BTreeSet<String> = list.lines().map(str::to_owned).collect();
    assert!(
        text == list,
        "new: {:?}, gone: {:?} (sorted, a name a line); PYBUFFER_WRITE_EXPORTS=1 rewrites tests/exports.txt",
        exported.difference(&listed).collect::<Vec<_>>(),
        listed.difference(&exported).collect::<Vec<_>>()
    );
    let is_ours = |name: &&String| ["Py", "_Py", "pybuffer_"].iter().any(|prefix| name.starts_with(prefix));
    let foreign: Vec<_> = exported.iter().filter(|name| !is_ours(name)).collect();
    assert!(foreign.is_empty(), "exported under names that are not the library's: {foreign:?}");
}

#[test]
fn nothing_in_it_can_panic_and_no_std_is_in_it() {
    let text = output(Command::new("nm").arg("--demangle").arg(library()));
    // Address (none for what is undefined), type, and the name, which may have spaces in it.
    let names: Vec<&str> = text.lines().filter_map(|line| Some(line.get(19..)?.trim())).collect();
    assert!(names.iter().any(|name| name.starts_with("pybuffer::")), "nm --demangle shows no Rust functions");
    assert_eq!(unwanted(names), Vec::<&str>::new(), "code that can panic, or of std or alloc");
}

/// An intrinsic that is a function of its own is called for each vector, and passes it through memory; a closure of a kernel that is one
/// is compiled without the instructions of the function that it belongs to. Neither changes a result.
#[test]
fn instructions_of_a_level_are_inlined() {
    let text = output(Command::new("nm").arg("--demangle").arg(library()));
    let is_alone =
        |name: &str| name.contains("core_arch") || (name.contains("::kernels::") && name.contains("{{closure}}"));
    let alone: Vec<&str> = text.lines().filter_map(|line| line.get(19..)).filter(|name| is_alone(name)).collect();
    assert_eq!(alone, Vec::<&str>::new(), "not inlined");
}

/// The test of panicking code can fail.
#[test]
fn panicking_code_is_recognised() {
    let clean = ["pybuffer::runtime::alloc::allocate", "core::str::converts::from_utf8", "PyMem_Malloc", "strnlen"];
    assert_eq!(unwanted(clean), Vec::<&str>::new());
    let dirty = [
        "core::panicking::panic_fmt",
        "core::slice::index::slice_index_fail",
        "core::option::unwrap_failed",
        "rust_eh_personality",
        "alloc::raw_vec::handle_error",
        "<alloc::string::String as core::fmt::Write>::write_str",
        "std::io::stdio::_print",
        "_RNvNtCsabc_4core9panicking18panic_bounds_check",
    ];
    assert_eq!(unwanted(dirty), dirty);
}

#[test]
fn imports_are_a_few_functions_of_libc() {
    let allowed: BTreeSet<String> = IMPORTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let undefined = symbols(&["--dynamic", "--undefined-only"]);
    let unknown: Vec<_> = undefined.difference(&allowed).collect();
    assert!(unknown.is_empty(), "it imports {unknown:?}");

    let dynamic = output(Command::new("readelf").args(["--wide", "--dynamic"]).arg(library()));
    let needed = dynamic.lines().filter(|line| line.contains("(NEEDED)"));
    for needed in needed {
        assert!(needed.contains("[libc.so.") || needed.contains("[ld-linux"), "{needed}");
    }
}

#[test]
fn linker_flags_are_in_force() {
    let dynamic = output(Command::new("readelf").args(["--wide", "--dynamic"]).arg(library()));
    assert!(line(&dynamic, "(SONAME)").contains("[libpybuffer.so.0]"), "{dynamic}");
    assert!(line(&dynamic, "(FLAGS)").contains("BIND_NOW"), "{dynamic}");
    assert!(line(&dynamic, "(FLAGS_1)").contains("NODELETE"), "{dynamic}");
    // With it functions alone bind to the library's own definitions; the addresses of data must not.
    assert!(!dynamic.contains("SYMBOLIC") && !dynamic.contains("TEXTREL"), "{dynamic}");

    let segments = output(Command::new("readelf").args(["--wide", "--segments"]).arg(library()));
    line(&segments, "GNU_RELRO");
    let stack = line(&segments, "GNU_STACK");
    assert!(stack.contains(" RW ") && !stack.contains("RWE"), "executable stack: {stack}");
}

/// The entries of a section of `Cargo.toml`.
fn section<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let header = format!("[{name}]");
    manifest.lines().skip_while(|line| *line != header).skip(1).take_while(|line| !line.starts_with('[')).collect()
}

#[test]
fn release_profile_is_small_and_aborts() {
    let manifest = read("Cargo.toml");
    let profile = section(&manifest, "profile.release");
    for entry in ["lto = true", "strip = true", "panic = \"abort\""] {
        assert!(profile.contains(&entry), "{entry} is missing in {profile:?}");
    }
}

#[test]
fn readme_names_the_oldest_rust_that_cargo_accepts() {
    let manifest = read("Cargo.toml");
    let package = section(&manifest, "package");
    let oldest = package.iter().find_map(|line| line.strip_prefix("rust-version = ")).expect("a rust-version");
    let readme = read("README.md");
    let named: Vec<&str> =
        readme.split("Rust 1.").skip(1).filter_map(|rest| rest.split([' ', '.', ',']).next()).collect();
    assert!(!named.is_empty(), "README.md names no version of Rust");
    for minor in named {
        assert_eq!(oldest.trim_matches('"'), format!("1.{minor}"), "rust-version, and README.md");
    }
}
