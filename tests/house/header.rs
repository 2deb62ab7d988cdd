//! `include/pybuffer/pybuffer.h` is what cbindgen makes of the sources, and it compiles alone in every dialect.
//!
//! `make header` (that is, this test with `PYBUFFER_WRITE_HEADER=1`) writes it; otherwise the test compares.
//!
//! The header is put together section by section: the first comment of the section's file in `src/capi` opens it, then
//! come the structs and constants that cbindgen finds in `src/abi`, what C needs as macros and inline functions
//! (`src/capi/header/*.h`, written by hand), the data symbols, and the functions that cbindgen finds in `src/capi`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cbindgen::{Builder, Config, DocumentationStyle, ItemType, Language, Layout, Style};

use crate::common::skip::skip;

/// A section of the header: the file of `src/capi` that it is named for, the files with its structs and constants, and
/// those with its data symbols (and functions that slots of the library hold, which have to be the exported ones).
struct Section {
    name: &'static str,
    structs: &'static [&'static str],
    data: &'static [&'static str],
}

const SECTIONS: &[Section] = &[
    Section { name: "object", structs: &["abi/object.rs"], data: &["runtime/types.rs", "runtime/hash.rs"] },
    Section { name: "allocators", structs: &["abi/allocators.rs"], data: &[] },
    Section { name: "error", structs: &[], data: &[] },
    Section { name: "buffer", structs: &["abi/buffer.rs", "abi/object.rs"], data: &[] },
    Section { name: "memoryview", structs: &["abi/memoryview.rs"], data: &["objects/memoryview/mod.rs"] },
    Section { name: "items", structs: &[], data: &[] },
    Section { name: "parts", structs: &[], data: &[] },
    Section { name: "numbers", structs: &[], data: &[] },
    Section { name: "text", structs: &[], data: &[] },
    Section { name: "picklebuffer", structs: &[], data: &["objects/picklebuffer.rs"] },
    Section { name: "views", structs: &[], data: &[] },
    Section { name: "exporting", structs: &["abi/exporting.rs"], data: &["objects/memory.rs"] },
    Section { name: "ndarray", structs: &["abi/ndarray.rs"], data: &["objects/ndarray/mod.rs"] },
    Section { name: "format", structs: &["abi/format.rs"], data: &["objects/format/mod.rs"] },
    Section { name: "interop", structs: &["abi/interop.rs"], data: &[] },
    Section { name: "planes", structs: &["abi/planes.rs"], data: &[] },
    Section { name: "bytes", structs: &["abi/bytes.rs"], data: &["objects/bytes.rs"] },
    Section { name: "bytearray", structs: &[], data: &["objects/bytearray.rs"] },
    Section { name: "sequence", structs: &[], data: &[] },
    Section { name: "oldbuffer", structs: &[], data: &["objects/oldbuffer.rs"] },
    Section { name: "library", structs: &[], data: &[] },
];

/// The file whose types refer to each other.
const RECURSIVE: &str = "abi/object.rs";

/// Structs that are in the file of another section, since they refer to its structs, and their own section.
const MOVED: &[(&str, &str)] = &[("Py_buffer", "buffer")];

/// The structs of the header, and their tags where those are not the names: CPython's, for programs that declare them
/// forward, and for C++, which puts them into the names of functions.
const STRUCTS: &[(&str, &str)] = &[
    ("PyObject", "_object"),
    ("PyVarObject", "PyVarObject"),
    ("PyTypeObject", "_typeobject"),
    ("PyNumberMethods", "PyNumberMethods"),
    ("PySequenceMethods", "PySequenceMethods"),
    ("PyMappingMethods", "PyMappingMethods"),
    ("PyAsyncMethods", "PyAsyncMethods"),
    ("PyBufferProcs", "PyBufferProcs"),
    ("PyMethodDef", "PyMethodDef"),
    ("PyMemberDef", "PyMemberDef"),
    ("PyGetSetDef", "PyGetSetDef"),
    ("PyMemAllocatorEx", "PyMemAllocatorEx"),
    ("Py_buffer", "Py_buffer"),
    ("_PyManagedBufferObject", "_PyManagedBufferObject"),
    ("PyMemoryViewObject", "PyMemoryViewObject"),
    ("pybuffer_subscript", "pybuffer_subscript"),
    ("pybuffer_view_storage", "pybuffer_view_storage"),
    ("pybuffer_item", "pybuffer_item"),
    ("pybuffer_bytes", "pybuffer_bytes"),
    ("pybuffer_value", "pybuffer_value"),
    ("pybuffer_ndarray_state", "pybuffer_ndarray_state"),
    ("pybuffer_array_interface", "pybuffer_array_interface"),
    ("pybuffer_plane", "pybuffer_plane"),
    ("pybuffer_finding", "pybuffer_finding"),
    ("PyBytesObject", "PyBytesObject"),
    ("PyByteArrayObject", "PyByteArrayObject"),
    ("PyBytesWriter", "PyBytesWriter"),
];

/// Structs of other protocols, which C knows by their tags alone.
const TAGS: &[&str] = &["DLManagedTensor", "DLManagedTensorVersioned", "ArrowArray", "ArrowSchema"];

/// The longest line of a declaration.
const WIDTH: usize = 110;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn source(path: &str) -> String {
    let path = root().join("src").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What cbindgen makes of the items of some kinds in one file, types only of the names given.
fn bindings(path: &str, items: &[ItemType], names: &[String]) -> String {
    let mut config = Config {
        language: Language::C,
        style: Style::Tag,
        no_includes: true,
        usize_is_size_t: true,
        documentation_style: DocumentationStyle::Doxy,
        tab_width: 4,
        ..Config::default()
    };
    config.export.item_types = items.to_vec();
    // Otherwise only what a function of the same file mentions.
    config.export.include = names.to_vec();
    config.export.exclude = public_names(path).into_iter().filter(|name| !names.contains(name)).collect();
    config.function.args = Layout::Horizontal;
    let mut text = Vec::new();
    Builder::new()
        .with_src(root().join("src").join(path))
        .with_config(config)
        .generate()
        .unwrap_or_else(|error| panic!("cbindgen cannot read {path}: {error}"))
        .write(&mut text);
    typedef_names(&String::from_utf8(text).expect("cbindgen writes UTF-8"))
}

/// The types that a file defines for C.
fn public_names(path: &str) -> Vec<String> {
    source(path)
        .lines()
        .filter_map(|line| ["pub struct ", "pub union ", "pub type "].iter().find_map(|kind| line.strip_prefix(kind)))
        .map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect())
        .collect()
}

/// Constants, then types of a file. Types that refer to each other are generated one by one, in the order of the source:
/// cbindgen orders them as it finds them, even where one is the first member of another.
fn types(path: &str, names: &[String]) -> String {
    let types = [ItemType::Structs, ItemType::Unions, ItemType::Typedefs];
    if path != RECURSIVE {
        return bindings(path, &[&[ItemType::Constants], &types[..]].concat(), names);
    }
    let mut text = bindings(path, &[ItemType::Constants], &[]);
    for name in names {
        writeln!(text, "\n{}", bindings(path, &types, std::slice::from_ref(name)).trim()).unwrap();
    }
    text
}

/// The types of a file that belong to a section: those moved to it, and in the first section with the file all others.
fn names_in(section: &Section, path: &str) -> Vec<String> {
    let home = SECTIONS.iter().find(|section| section.structs.contains(&path)).expect("a section with the file").name;
    let moved = |name: &str| MOVED.iter().find(|(moved, _)| *moved == name).map_or(home, |(_, section)| *section);
    public_names(path).into_iter().filter(|name| moved(name) == section.name).collect()
}

/// Gives structs their tags where they are defined, and their typedef names everywhere else.
fn typedef_names(text: &str) -> String {
    let mut named = String::new();
    for line in text.lines() {
        let mut line = line.to_owned();
        for (name, tag) in STRUCTS {
            if line == format!("struct {name} {{") {
                line = format!("struct {tag} {{");
            } else {
                line = line.replace(&format!("struct {name} "), &format!("{name} "));
            }
        }
        let is_comment = line.trim_start().starts_with('*');
        for tag in TAGS.iter().filter(|_| !is_comment) {
            line = line.replace(&format!("{tag} *"), &format!("struct {tag} *"));
        }
        writeln!(named, "{}", if is_comment { line } else { wrapped(&must_be_used(line)) }).unwrap();
    }
    short_comments_on_one_line(&named)
}

fn short_comments_on_one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut joined = String::new();
    let mut rest = &lines[..];
    while let Some((line, after)) = rest.split_first() {
        rest = after;
        match after {
            [text, end, behind @ ..] if line.trim() == "/**" && end.trim() == "*/" && text.len() < WIDTH => {
                let indent = line.len() - line.trim_start().len();
                writeln!(joined, "{:indent$}/** {} */", "", text.trim().trim_start_matches("* ")).unwrap();
                rest = behind;
            }
            _ => writeln!(joined, "{line}").unwrap(),
        }
    }
    joined
}

/// What functions return that is a new reference, and what says whether they have failed.
const REFERENCES: &[&str] =
    &["PyObject *", "PyVarObject *", "PyBytesWriter *", "struct DLManagedTensor", "pybuffer_array_interface *"];
const RESULTS: &[&str] = &["int ", "Py_ssize_t ", "Py_hash_t "];

/// Functions whose result is always NULL, or an argument.
const WITHOUT_REFERENCE: &[&str] = &["PyErr_", "PyObject_Init"];

/// The functions of CPython's that say whether they have failed and whose result must be used: without it a program goes on with memory
/// that it does not have, or with a writer that has not written. Of the others (PyType_Ready, PyObject_Size) programs that are written
/// for CPython often ignore it.
const OF_CPYTHON: &[&str] = &[
    "PyObject_GetBuffer",
    "PyBuffer_FillInfo",
    "PyBuffer_ToContiguous",
    "PyBuffer_FromContiguous",
    "PyBuffer_SizeFromFormat",
    "PyObject_CopyData",
    "PyObject_CopyToObject",
    "PyObject_AsReadBuffer",
    "PyObject_AsWriteBuffer",
    "PyObject_AsCharBuffer",
    "PyBytes_AsStringAndSize",
    "_PyBytes_Resize",
    "PyByteArray_Resize",
    "PyBytesWriter_WriteBytes",
    "PyBytesWriter_Resize",
    "PyBytesWriter_Grow",
];

/// Marks the declaration of a function whose result must not be ignored.
fn must_be_used(line: String) -> String {
    let name = |results: &[&str]| results.iter().find_map(|result| line.strip_prefix(result)).map(str::to_owned);
    let starts = |name: &str, names: &[&str]| names.iter().any(|known| name.starts_with(known));
    let marked = name(REFERENCES).is_some_and(|name| !starts(&name, WITHOUT_REFERENCE))
        || name(RESULTS).is_some_and(|name| {
            (name.starts_with("pybuffer_") && !name.starts_with("pybuffer_version")) || starts(&name, OF_CPYTHON)
        });
    match line.strip_suffix(");") {
        Some(declaration) if marked => format!("{declaration}) PYBUFFER_WARN_UNUSED;"),
        _ => line,
    }
}

/// Breaks the parameters of a declaration over lines where they do not fit on one.
fn wrapped(line: &str) -> String {
    match (line.len() > WIDTH).then(|| line[..WIDTH].rfind(", ")).flatten() {
        Some(at) => format!("{}\n    {}", &line[..=at], wrapped(&line[at + 2..])),
        None => line.to_owned(),
    }
}

/// The module comment of a file, as the C comment that opens a section.
fn opening(path: &str) -> String {
    let source = source(path);
    let comment: Vec<&str> = source.lines().map_while(|line| line.strip_prefix("//!")).collect();
    let (title, text) = comment.split_first().expect("a module comment");
    let rule = "=".repeat(110 - 3);
    let mut opening = format!("/* {rule}\n *{title}\n");
    for line in text {
        writeln!(opening, " *{line}").unwrap();
    }
    opening + " */\n"
}

/// The hand-written part of a section, if there is one.
fn by_hand(section: &str) -> Option<String> {
    let path = format!("capi/header/{section}.h");
    root().join("src").join(&path).exists().then(|| source(&path))
}

fn generated() -> String {
    let mut header = source("capi/header/begin.h");
    for section in SECTIONS {
        let capi = format!("capi/{}.rs", section.name);
        let parts = [opening(&capi)]
            .into_iter()
            .chain(section.structs.iter().map(|path| types(path, &names_in(section, path))))
            .chain(by_hand(section.name))
            .chain(
                section
                    .data
                    .iter()
                    .map(|path| bindings(path, &[ItemType::Globals, ItemType::Functions], &public_names(path))),
            )
            .chain([bindings(&capi, &[ItemType::Functions], &public_names(&capi))]);
        for part in parts.filter(|part| !part.trim().is_empty()) {
            header += "\n";
            header += part.trim();
            header += "\n";
        }
    }
    header += &source("capi/header/end.h");
    header
}

fn header_path() -> PathBuf {
    root().join("include/pybuffer/pybuffer.h")
}

#[test]
fn header_is_up_to_date() {
    let generated = generated();
    if std::env::var_os("PYBUFFER_WRITE_HEADER").is_some() {
        fs::write(header_path(), &generated).expect("the header can be written");
    }
    let committed = fs::read_to_string(header_path()).expect("the header is there");
    let differing = committed.lines().zip(generated.lines()).position(|(a, b)| a != b);
    assert!(
        committed == generated,
        "include/pybuffer/pybuffer.h is not what the sources say (first at line {:?}): run `make header`",
        differing.map(|line| line + 1)
    );
}

#[test]
fn header_is_plain_ascii() {
    assert!(generated().is_ascii(), "some compilers and tools read headers in other encodings");
}

/// A compiler, by the variable that names it: a program, perhaps with arguments.
fn compiler(variable: &str, default: &str) -> Command {
    let named = std::env::var(variable).unwrap_or_default();
    let mut words = named.split_whitespace();
    let mut compiler = Command::new(words.next().unwrap_or(default));
    compiler.args(words);
    compiler
}

/// Compiles a program that includes the header twice and nothing else.
fn compiles(compiler: Command, header: &str, language: &str, standard: &str) {
    let include = format!("#include <pybuffer/{header}>\n");
    let text = format!("{include}{include}int pybuffer_unused;\n");
    compiles_as(compiler, &format!("include-{header}-{standard}"), &text, language, standard);
}

/// Compiles a program without a warning.
fn compiles_as(compiler: Command, name: &str, text: &str, language: &str, standard: &str) {
    let complaints = complaints(compiler, name, text, language, standard);
    assert!(complaints.is_empty(), "{name}:\n{complaints}");
}

/// What a compiler says of a program that it refuses, warnings included; nothing of one that it compiles.
fn complaints(mut compiler: Command, name: &str, text: &str, language: &str, standard: &str) -> String {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = directory.join(format!("{name}.{language}"));
    fs::write(&program, text).unwrap();
    let output = compiler
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Wundef"])
        .args(["-Wcast-qual", if language == "c" { "-Wstrict-prototypes" } else { "-Wold-style-cast" }])
        .arg(format!("-std={standard}"))
        .arg("-I")
        .arg(root().join("include"))
        .arg("-I")
        .arg(root().join("c-tests/support"))
        .arg("-c")
        .arg(&program)
        .arg("-o")
        .arg(directory.join(format!("{name}.o")))
        .output()
        .unwrap_or_else(|error| panic!("{compiler:?}: {error}"));
    if output.status.success() {
        String::new()
    } else {
        format!("{compiler:?}:\n{}", String::from_utf8_lossy(&output.stderr))
    }
}

#[test]
fn header_compiles_alone_and_twice_in_every_dialect_of_c() {
    for standard in ["c99", "c11", "c17", "c2x"] {
        compiles(compiler("CC", "cc"), "pybuffer.h", "c", standard);
    }
}

#[test]
fn header_compiles_alone_and_twice_in_every_dialect_of_cxx() {
    if compiler("CXX", "c++").arg("--version").output().is_err() {
        return skip("C++ compiler");
    }
    for standard in ["c++11", "c++14", "c++17", "c++20", "c++2b"] {
        compiles(compiler("CXX", "c++"), "pybuffer.h", "cpp", standard);
    }
    for standard in ["c++17", "c++20", "c++2b"] {
        compiles(compiler("CXX", "c++"), "pybuffer.hpp", "cpp", standard);
    }
}

#[test]
fn a_result_that_is_not_used_is_a_warning_unless_it_is_turned_off() {
    let ignoring = |call: &str| {
        format!(
            "#include <pybuffer/pybuffer.h>\nvoid f(PyObject *op);\nvoid f(PyObject *op)\n{{\n    (void)op;\n    {call};\n}}\n"
        )
    };
    for call in [
        "pybuffer_memoryview_convert(op, op)",
        "PyMemoryView_FromObject(op)",
        "PyBytes_FromFormat(\"%d\", 1)",
        "PyBytesWriter_Create(1)",
        "PyBytesWriter_Format(NULL, \"%d\", 1)",
        "PyBytesWriter_Grow(NULL, 1)",
        "pybuffer_dlpack_export(op, 0)",
        "pybuffer_array_interface_export(op)",
    ] {
        let warned = complaints(compiler("CC", "cc"), "ignoring", &ignoring(call), "c", "c99");
        assert!(warned.contains("-Wunused-result") || warned.contains("-Werror=unused-result"), "{call}: {warned}");
        let mut quiet = compiler("CC", "cc");
        quiet.arg("-DPYBUFFER_NO_WARN_UNUSED");
        compiles_as(quiet, "ignoring-quietly", &ignoring(call), "c", "c99");
    }
    for call in ["PyErr_NoMemory()", "PyErr_Format(op, \"%zd\", (Py_ssize_t)1)", "PyObject_Size(op)"] {
        compiles_as(compiler("CC", "cc"), "not-ignoring", &ignoring(call), "c", "c99");
    }
}

#[test]
fn an_argument_of_another_type_than_its_code_is_a_warning() {
    let text = "#include <pybuffer/pybuffer.h>\nvoid f(PyObject *op);\nvoid f(PyObject *op)\n{\n    PyErr_Format(op, \"%s\", 1);\n}\n";
    let warned = complaints(compiler("CC", "cc"), "wrong-code", text, "c", "c99");
    assert!(warned.contains("%s"), "{warned}");
}

#[test]
fn the_header_says_what_it_does_not_support() {
    let text = "#include <pybuffer/pybuffer.h>\nint pybuffer_unused;\n";
    let mut cases =
        vec![(["-U__GNUC__", "-U__clang__"], "needs gcc, clang, or a compiler with their atomic built-in functions")];
    if cfg!(target_arch = "x86_64") {
        cases.push((["-m32", "-ffreestanding"], "supports machines with 64-bit pointers only"));
    }
    for (flags, sentence) in cases {
        let mut other = compiler("CC", "cc");
        other.args(flags);
        let refused = complaints(other, "unsupported", text, "c", "c99");
        assert!(refused.contains(sentence), "{refused}");
    }
}

/// What a program does with each struct, of its own header and of ours.
const USE: &str = "
struct DLManagedTensorVersioned *tensor_of(PyObject *op);
PyObject *view_of(DLManagedTensor *tensor, struct ArrowArray *array, struct ArrowSchema *schema);

struct DLManagedTensorVersioned *tensor_of(PyObject *op)
{
    DLManagedTensorVersioned *tensor = pybuffer_dlpack_export(op, 0);
    if (tensor != NULL && tensor->deleter != NULL && tensor->dl_tensor.ndim > 64) {
        tensor->deleter(tensor);
    }
    return tensor;
}

PyObject *view_of(DLManagedTensor *tensor, struct ArrowArray *array, struct ArrowSchema *schema)
{
    schema->flags |= ARROW_FLAG_NULLABLE;
    return array->length == 0 ? pybuffer_dlpack_import_unversioned(tensor, 0) : pybuffer_arrow_import(array, schema);
}
";

#[test]
fn headers_of_other_protocols_may_come_before_and_after() {
    let ours = "#include <pybuffer/pybuffer.h>\n";
    let theirs = "#include \"dlpack.h\"\n#include \"arrow.h\"\n";
    for (name, includes) in [("before", [theirs, ours].concat()), ("after", [ours, theirs, ours].concat())] {
        let text = format!("{includes}{USE}");
        compiles_as(compiler("CC", "cc"), &format!("protocols-{name}"), &text, "c", "c99");
        compiles_as(compiler("CC", "cc"), &format!("protocols-{name}"), &text, "c", "c2x");
        if compiler("CXX", "c++").arg("--version").output().is_err() {
            return skip("C++ compiler");
        }
        compiles_as(compiler("CXX", "c++"), &format!("protocols-{name}"), &text, "cpp", "c++11");
        compiles_as(compiler("CXX", "c++"), &format!("protocols-{name}"), &text, "cpp", "c++20");
    }
}
