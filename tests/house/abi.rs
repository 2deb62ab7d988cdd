//! The ABI is CPython's: what bindgen reads in our header, against the Rust definitions and against each `Python.h`.
//!
//! Compared are the size and alignment of every struct, offset and type of every field, the value of every constant, and
//! the C types in every prototype and variable that both sides have. Where a CPython differs, [`KNOWN`] says how and
//! why; a difference that is not in that table is a failure, and so is a row of it that is not found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::mem::offset_of;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::bindings::{self, Field, Header, Struct};
use crate::common::cpython;

/// Constants that C computes with casts, which bindgen leaves out: each is given a variable of this prefix.
const VALUES: &str = "
#ifdef _Py_IMMORTAL_REFCNT
#define PYBUFFER_IMMORTAL_REFCNT _Py_IMMORTAL_REFCNT
#endif
#ifdef PYBUFFER_IMMORTAL_REFCNT
static const Py_ssize_t value_of_PYBUFFER_IMMORTAL_REFCNT = PYBUFFER_IMMORTAL_REFCNT;
#endif
static const Py_ssize_t value_of_PY_SSIZE_T_MAX = PY_SSIZE_T_MAX;
static const Py_ssize_t value_of_PY_SSIZE_T_MIN = PY_SSIZE_T_MIN;
#ifndef PYBUFFER_ABSENT
#define PYBUFFER_ABSENT PY_SSIZE_T_MIN
#endif
static const Py_ssize_t value_of_PYBUFFER_ABSENT = PYBUFFER_ABSENT;
";

/// Macros of our header without parameters that are not integers.
const NO_INTEGERS: &[&str] = &[
    "ARROW_C_DATA_INTERFACE",
    "PYBUFFER_ALL",
    "PYBUFFER_ELLIPSIS",
    "PYBUFFER_NEWAXIS",
    "PYBUFFER_PYBUFFER_H",
    "PYBUFFER_VERSION",
    "PyObject_HEAD",
    "PyObject_VAR_HEAD",
    "Py_False",
    "Py_None",
    "Py_NotImplemented",
    "Py_RETURN_FALSE",
    "Py_RETURN_NONE",
    "Py_RETURN_NOTIMPLEMENTED",
    "Py_RETURN_TRUE",
    "Py_True",
];

/// How CPythons (3.8 to 3.15, by the second number) differ from this library: the difference, and why it may be.
const KNOWN: &[(RangeInclusive<u8>, &str, &str)] = &[
    (8..=8, "PyTypeObject.tp_print: only there, at 408", "a slot of Python 2's; for source compatibility in 3.8 only"),
    (8..=11, "PyTypeObject.tp_watched: only here, at 408", "new in 3.12; behind all others, and not read here"),
    (8..=12, "PyTypeObject.tp_versions_used: only here, at 410", "new in 3.13; behind all others, and not read here"),
    (9..=11, "PyTypeObject: 416 bytes, there 408", "neither tp_print nor tp_watched; behind all that is read here"),
    (
        8..=11,
        "PyTypeObject.tp_subclasses: *mut c_void, there *mut PyObject",
        "declared void * since 3.12; not read here",
    ),
    (8..=9, "PyAsyncMethods.am_send: only here, at 24", "new in 3.10; behind all others, and not read here"),
    (8..=9, "PyAsyncMethods: 32 bytes, there 24", "am_send"),
    (12..=13, "PyObject.ob_refcnt_split: only there, at 0", "halves of ob_refcnt, for CPython's own inline functions"),
    (8..=8, "PyByteArrayObject.ob_exports: c_long, there c_int", "wider since 3.9, in what was padding"),
    (8..=9, "Py_TPFLAGS_DEFAULT: 0, there 262144", "had Py_TPFLAGS_HAVE_VERSION_TAG in it; not read here"),
    (8..=15, "PyMem_GetAllocator: (c_int,*mut PyMemAllocatorEx), there (c_uint,*mut PyMemAllocatorEx)", DOMAIN),
    (8..=15, "PyMem_SetAllocator: (c_int,*mut PyMemAllocatorEx), there (c_uint,*mut PyMemAllocatorEx)", DOMAIN),
    (8..=15, "_Py_FalseStruct: PyObject, there PyLongObject", "an int there; only its address matters"),
    (8..=15, "_Py_TrueStruct: PyObject, there PyLongObject", "an int there; only its address matters"),
    (8..=8, "PyBuffer_SizeFromFormat: (*const c_char)->c_long, there (*const c_char)->c_int", "a mistake until 3.8"),
    (
        8..=10,
        "PyBuffer_FromContiguous: (*const Py_buffer,*const c_void,c_long,c_char)->c_int, \
         there (*mut Py_buffer,*mut c_void,c_long,c_char)->c_int",
        CONST,
    ),
    (
        8..=10,
        "PyBuffer_ToContiguous: (*mut c_void,*const Py_buffer,c_long,c_char)->c_int, \
         there (*mut c_void,*mut Py_buffer,c_long,c_char)->c_int",
        CONST,
    ),
    (
        8..=10,
        "PyBuffer_GetPointer: (*const Py_buffer,*const c_long)->*mut c_void, \
         there (*mut Py_buffer,*mut c_long)->*mut c_void",
        CONST,
    ),
    (
        8..=10,
        "PyMemoryView_FromBuffer: (*const Py_buffer)->*mut PyObject, there (*mut Py_buffer)->*mut PyObject",
        CONST,
    ),
    (13..=15, "PyObject_AsCharBuffer: missing there", OLD_PROTOCOL),
    (13..=15, "PyObject_AsReadBuffer: missing there", OLD_PROTOCOL),
    (13..=15, "PyObject_AsWriteBuffer: missing there", OLD_PROTOCOL),
    (13..=15, "PyObject_CheckReadBuffer: missing there", OLD_PROTOCOL),
    (13..=15, "PyObject_CopyToObject: missing there", "PEP 3118's; no CPython has it"),
    (13..=15, "PyBuffer_FromMemory: missing there", PYTHON_2),
    (13..=15, "PyBuffer_FromObject: missing there", PYTHON_2),
    (13..=15, "PyBuffer_FromReadWriteMemory: missing there", PYTHON_2),
    (13..=15, "PyBuffer_FromReadWriteObject: missing there", PYTHON_2),
    (13..=15, "PyBuffer_New: missing there", PYTHON_2),
    (13..=15, "PyBuffer_Type: missing there", PYTHON_2),
    (13..=15, "PyObject_Cmp: missing there", PYTHON_2),
    (13..=15, "PyObject_Compare: missing there", PYTHON_2),
    (13..=15, "Py_END_OF_BUFFER: missing there", PYTHON_2),
    (13..=15, "_PyManagedBuffer_Type: missing there", "moved into CPython's internal headers, and still exported"),
    (14..=15, "PyObject._aligner: only there, at 0", SPLIT),
    (14..=15, "PyObject.ob_refcnt: only here, at 0", SPLIT),
    (14..=15, "PyObject.ob_refcnt_full: only there, at 0", SPLIT),
    (
        14..=15,
        "value_of_PYBUFFER_IMMORTAL_REFCNT: missing there",
        "another number; any with this sign is immortal to both",
    ),
    (15..=15, "PyByteArrayObject.ob_bytes_object: only there, at 56", "NULL here, where the library makes the object"),
    (15..=15, "PyByteArrayObject: 56 bytes, there 64", "ob_bytes_object"),
    (15..=15, "PyTypeObject._tp_iteritem: only there, at 416", "behind all others, and not read here"),
    (15..=15, "PyTypeObject: 416 bytes, there 424", "_tp_iteritem"),
    (15..=15, "_PyByteArray_empty_string: missing there", "ob_start is never NULL, so its header needs it no longer"),
    (13..=13, "PyBytes_Join: missing there", NEW),
    (13..=13, "PyIter_NextItem: missing there", NEW),
    (13..=13, "PyUnstable_EnableTryIncRef: missing there", NEW),
    (13..=13, "PyUnstable_IsImmortal: missing there", NEW),
    (13..=13, "PyUnstable_Object_IsUniquelyReferenced: missing there", NEW),
    (13..=13, "PyUnstable_TryIncRef: missing there", NEW),
    (13..=13, "Py_REFCNT: missing there", NEW),
    (13..=13, "Py_TYPE: missing there", NEW),
    (13..=14, "PyBytesWriter_Create: missing there", NEW),
    (13..=14, "PyBytesWriter_Discard: missing there", NEW),
    (13..=14, "PyBytesWriter_Finish: missing there", NEW),
    (13..=14, "PyBytesWriter_FinishWithPointer: missing there", NEW),
    (13..=14, "PyBytesWriter_FinishWithSize: missing there", NEW),
    (13..=14, "PyBytesWriter_Format: missing there", NEW),
    (13..=14, "PyBytesWriter_GetData: missing there", NEW),
    (13..=14, "PyBytesWriter_GetSize: missing there", NEW),
    (13..=14, "PyBytesWriter_Grow: missing there", NEW),
    (13..=14, "PyBytesWriter_GrowAndUpdatePointer: missing there", NEW),
    (13..=14, "PyBytesWriter_Resize: missing there", NEW),
    (13..=14, "PyBytesWriter_WriteBytes: missing there", NEW),
    (13..=14, "PyUnstable_SetImmortal: missing there", NEW),
    (13..=14, "Py_IS_TYPE: missing there", NEW),
    (13..=14, "Py_SET_SIZE: missing there", NEW),
    (13..=14, "Py_SIZE: missing there", NEW),
];

const NEW: &str = "of a newer version";
const SPLIT: &str = "the low half is the count, as here; the flags in the other half stay 0";

const DOMAIN: &str = "an enumeration there; gcc and clang pass either as the same 32 bits";
const CONST: &str = "const since 3.11";
const PYTHON_2: &str = "Python 2's; compared with its header below";
const OLD_PROTOCOL: &str = "the protocol before PEP 3118; no longer declared since 3.13";

/// From this CPython on a missing item is a difference, too.
const COMPLETE: u8 = 13;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn header_text() -> String {
    fs::read_to_string(root().join("include/pybuffer/pybuffer.h")).expect("the header is there")
}

/// Our header; `None` without libclang.
fn ours() -> Option<&'static Header> {
    static OURS: OnceLock<Header> = OnceLock::new();
    bindings::libclang().then(|| {
        OURS.get_or_init(|| {
            let text = format!("#include <pybuffer/pybuffer.h>\n{VALUES}");
            let mut header = Header::read(&text, &root().join("include"), "value_of_.*", ".*/pybuffer/pybuffer\\.h");
            // The compiler's own, such as what a va_list is.
            header.structs.retain(|name, _| !name.starts_with("__"));
            header
        })
    })
}

/// The headers of CPython 3.`minor`. Where `CI=true` the newest must be there, but no other.
fn include(minor: u8) -> Option<PathBuf> {
    cpython::headers(&format!("3.{minor}"))
}

/// The same items of a CPython's header, for those that our header has.
fn theirs(minor: u8, ours: &Header) -> Option<Header> {
    let include = include(minor)?;
    let names = ours.structs.keys().chain(ours.constants.keys()).chain(ours.functions.keys()).chain(ours.data.keys());
    // PyLongObject is what some variables are there.
    let names: Vec<&str> = names.map(String::as_str).chain(["PyLongObject"]).collect();
    // PyMemberDef was in a header of its own before 3.12.
    let text = format!("#include <Python.h>\n#include <structmember.h>\n{VALUES}");
    Some(Header::read(&text, &include, &names.join("|"), ""))
}

/// The Rust definitions of structs of `pybuffer::abi`.
macro_rules! structs {
    ($($module:ident :: $name:ident { $($field:ident,)* })*) => {
        [$({
            use pybuffer::abi::$module::$name;
            let fields = [$((stringify!($field), offset_of!($name, $field), type_of(|it: &$name| &it.$field))),*];
            (stringify!($name), size_of::<$name>(), align_of::<$name>(), fields.to_vec())
        }),*]
    };
}

/// The Rust definitions of constants of `pybuffer::abi`.
macro_rules! constants {
    ($($module:ident { $($name:ident,)* })*) => {
        [$($((stringify!($name), i128::from(pybuffer::abi::$module::$name)),)*)*]
    };
}

/// The name of the type of a field.
fn type_of<S, F>(_: fn(&S) -> &F) -> &'static str {
    std::any::type_name::<F>()
}

/// The Rust definitions of what is in our header, as if they had been read in one.
fn rust(header: &Header) -> Header {
    let mut rust = Header::default();
    for (name, size, alignment, fields) in rust_structs() {
        let fields = fields.into_iter().map(|(field, offset, ty)| {
            (field.trim_start_matches("r#").to_owned(), Field { offset, ty: bindings::rust_type(ty) })
        });
        rust.structs.insert(name.to_owned(), Struct { size, alignment, fields: fields.collect() });
    }
    rust.constants.extend(rust_constants().into_iter().map(|(name, value)| (name.to_owned(), value)));
    // These are private, and one of them has no name in C.
    let types = fs::read_to_string(root().join("src/abi/types.rs")).expect("src/abi/types.rs is there");
    for line in types.lines() {
        let flag = line.strip_prefix("pub(crate) const ").and_then(|rest| rest.split_once(": c_ulong = 1 << "));
        let Some((name, bit)) = flag else { continue };
        let (name, bit) =
            (format!("Py_{name}"), bit.trim_end_matches(';').parse::<u32>().expect("the number of a bit"));
        if header.constants.contains_key(&name) {
            rust.constants.insert(name, 1 << bit);
        }
    }
    rust
}

/// Name, size, alignment; for each field, its name, offset and type.
type RustStruct = (&'static str, usize, usize, Vec<(&'static str, usize, &'static str)>);

fn rust_structs() -> Vec<RustStruct> {
    Vec::from(structs! {
        object::PyObject {
            ob_refcnt, ob_type,
        }
        object::PyVarObject {
            ob_base, ob_size,
        }
        slots::PyBufferProcs {
            bf_getbuffer, bf_releasebuffer,
        }
        slots::PySequenceMethods {
            sq_length, sq_concat, sq_repeat, sq_item, was_sq_slice, sq_ass_item, was_sq_ass_slice, sq_contains,
            sq_inplace_concat, sq_inplace_repeat,
        }
        slots::PyMappingMethods {
            mp_length, mp_subscript, mp_ass_subscript,
        }
        slots::PyAsyncMethods {
            am_await, am_aiter, am_anext, am_send,
        }
        slots::PyNumberMethods {
            nb_add, nb_subtract, nb_multiply, nb_remainder, nb_divmod, nb_power, nb_negative, nb_positive,
            nb_absolute, nb_bool, nb_invert, nb_lshift, nb_rshift, nb_and, nb_xor, nb_or, nb_int, nb_reserved,
            nb_float, nb_inplace_add, nb_inplace_subtract, nb_inplace_multiply, nb_inplace_remainder,
            nb_inplace_power, nb_inplace_lshift, nb_inplace_rshift, nb_inplace_and, nb_inplace_xor,
            nb_inplace_or, nb_floor_divide, nb_true_divide, nb_inplace_floor_divide, nb_inplace_true_divide,
            nb_index, nb_matrix_multiply, nb_inplace_matrix_multiply,
        }
        slots::PyMethodDef {
            ml_name, ml_meth, ml_flags, ml_doc,
        }
        slots::PyMemberDef {
            name, r#type, offset, flags, doc,
        }
        slots::PyGetSetDef {
            name, get, set, doc, closure,
        }
        types::PyTypeObject {
            ob_base, tp_name, tp_basicsize, tp_itemsize, tp_dealloc, tp_vectorcall_offset, tp_getattr,
            tp_setattr, tp_as_async, tp_repr, tp_as_number, tp_as_sequence, tp_as_mapping, tp_hash, tp_call,
            tp_str, tp_getattro, tp_setattro, tp_as_buffer, tp_flags, tp_doc, tp_traverse, tp_clear,
            tp_richcompare, tp_weaklistoffset, tp_iter, tp_iternext, tp_methods, tp_members, tp_getset, tp_base,
            tp_dict, tp_descr_get, tp_descr_set, tp_dictoffset, tp_init, tp_alloc, tp_new, tp_free, tp_is_gc,
            tp_bases, tp_mro, tp_cache, tp_subclasses, tp_weaklist, tp_del, tp_version_tag, tp_finalize,
            tp_vectorcall, tp_watched, tp_versions_used,
        }
        allocators::PyMemAllocatorEx {
            ctx, malloc, calloc, realloc, free,
        }
        buffer::Py_buffer {
            buf, obj, len, itemsize, readonly, ndim, format, shape, strides, suboffsets, internal,
        }
        memoryview::_PyManagedBufferObject {
            ob_base, flags, exports, master,
        }
        memoryview::PyMemoryViewObject {
            ob_base, mbuf, hash, flags, exports, view, weakreflist, ob_array,
        }
        ndarray::pybuffer_ndarray_state {
            base, flags, reexports, offset, memlen, exports, bases,
        }
        arrow::ArrowSchema {
            format, name, metadata, flags, n_children, children, dictionary, release, private_data,
        }
        arrow::ArrowArray {
            length, null_count, offset, n_buffers, n_children, buffers, children, dictionary, release, private_data,
        }
        interop::pybuffer_array_interface {
            two, nd, typekind, itemsize, flags, shape, strides, data, descr,
        }
        planes::pybuffer_plane {
            data, line_size, rows, columns, components, format,
        }
        exporting::pybuffer_finding {
            rule, severity, flags, request, message, expected, source,
        }
        bytes::PyBytesObject {
            ob_base, ob_shash, ob_sval,
        }
        bytes::PyByteArrayObject {
            ob_base, ob_alloc, ob_bytes, ob_start, ob_exports,
        }
        format::pybuffer_item {
            name, kind, byteorder, code, offset, itemsize, alignment, elements, length, first_bit, ndim, shape,
            nfields, fields, next,
        }
        memoryview::pybuffer_subscript {
            kind, start, stop, step,
        }
        memoryview::pybuffer_view_storage {
            shape, strides, suboffsets,
        }
        format::pybuffer_bytes {
            start, length,
        }
        format::pybuffer_value {
            kind, r#as,
        }
    })
}

fn rust_constants() -> Vec<(&'static str, i128)> {
    Vec::from(constants! {
        buffer {
            PyBUF_MAX_NDIM, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBUF_WRITEABLE, PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES,
            PyBUF_C_CONTIGUOUS, PyBUF_F_CONTIGUOUS, PyBUF_ANY_CONTIGUOUS, PyBUF_INDIRECT, PyBUF_CONTIG,
            PyBUF_CONTIG_RO, PyBUF_STRIDED, PyBUF_STRIDED_RO, PyBUF_RECORDS, PyBUF_RECORDS_RO, PyBUF_FULL,
            PyBUF_FULL_RO, PyBUF_READ, PyBUF_WRITE,
        }
        format {
            PYBUFFER_KIND_PAD, PYBUFFER_KIND_CHAR, PYBUFFER_KIND_SIGNED, PYBUFFER_KIND_UNSIGNED,
            PYBUFFER_KIND_BOOL, PYBUFFER_KIND_FLOAT, PYBUFFER_KIND_BYTES, PYBUFFER_KIND_PASCAL,
            PYBUFFER_KIND_COMPLEX, PYBUFFER_KIND_TEXT, PYBUFFER_KIND_BITS, PYBUFFER_KIND_POINTER,
            PYBUFFER_KIND_OBJECT, PYBUFFER_KIND_FUNCTION, PYBUFFER_KIND_RECORD, PYBUFFER_KIND_LONG_DOUBLE,
        }
        memoryview {
            _Py_MANAGED_BUFFER_RELEASED, _Py_MANAGED_BUFFER_FREE_FORMAT, _Py_MEMORYVIEW_RELEASED,
            _Py_MEMORYVIEW_C, _Py_MEMORYVIEW_FORTRAN, _Py_MEMORYVIEW_SCALAR, _Py_MEMORYVIEW_PIL,
            _Py_MEMORYVIEW_RESTRICTED,
        }
        ndarray {
            PYBUFFER_ND_MAX_NDIM, PYBUFFER_ND_DEFAULT, PYBUFFER_ND_VAREXPORT, PYBUFFER_ND_WRITABLE,
            PYBUFFER_ND_FORTRAN, PYBUFFER_ND_SCALAR, PYBUFFER_ND_PIL, PYBUFFER_ND_REDIRECT,
            PYBUFFER_ND_GETBUF_FAIL, PYBUFFER_ND_GETBUF_UNDEFINED, PYBUFFER_ND_C,
        }
        arrow {
            ARROW_FLAG_DICTIONARY_ORDERED, ARROW_FLAG_NULLABLE, ARROW_FLAG_MAP_KEYS_SORTED,
        }
        interop {
            PYBUFFER_DLPACK_WRITABLE, PYBUFFER_DLPACK_BFLOAT16, PYBUFFER_DLPACK_INTEGERS, PYBUFFER_ARRAY_C_CONTIGUOUS,
            PYBUFFER_ARRAY_F_CONTIGUOUS, PYBUFFER_ARRAY_ALIGNED, PYBUFFER_ARRAY_NOTSWAPPED, PYBUFFER_ARRAY_WRITEABLE,
            PYBUFFER_ARRAY_HAS_DESCR,
        }
        planes {
            PYBUFFER_MAX_PLANES,
        }
    })
}

/// How many items of each kind have been compared.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    structs: usize,
    fields: usize,
    constants: usize,
    prototypes: usize,
    variables: usize,
}

/// All differences between two headers, in words. Further items of `theirs` are ignored; missing ones count if
/// `complete`.
fn compare(ours: &Header, theirs: &Header, complete: bool) -> (BTreeSet<String>, Counts) {
    let mut differences = BTreeSet::new();
    let mut counts = Counts::default();
    for (name, here) in &ours.structs {
        if let Some(there) = theirs.structs.get(name) {
            counts.structs += 1;
            counts.fields += compare_structs(name, here, there, &mut differences);
        } else if complete && !is_our_own(name) {
            differences.insert(format!("{name}: missing there"));
        }
    }
    counts.constants = compare_values(&ours.constants, &theirs.constants, complete, &mut differences);
    counts.prototypes = compare_values(&ours.functions, &theirs.functions, complete, &mut differences);
    counts.variables = compare_values(&ours.data, &theirs.data, complete, &mut differences);
    (differences, counts)
}

fn compare_structs(name: &str, ours: &Struct, theirs: &Struct, differences: &mut BTreeSet<String>) -> usize {
    if ours.size != theirs.size {
        differences.insert(format!("{name}: {} bytes, there {}", ours.size, theirs.size));
    }
    if ours.alignment != theirs.alignment {
        differences.insert(format!("{name}: aligned to {}, there to {}", ours.alignment, theirs.alignment));
    }
    for (field, there) in &theirs.fields {
        if !ours.fields.contains_key(field) {
            differences.insert(format!("{name}.{field}: only there, at {}", there.offset));
        }
    }
    let mut count = 0;
    for (field, here) in &ours.fields {
        let Some(there) = theirs.fields.get(field) else {
            differences.insert(format!("{name}.{field}: only here, at {}", here.offset));
            continue;
        };
        count += 1;
        if here.offset != there.offset {
            differences.insert(format!("{name}.{field}: at {}, there at {}", here.offset, there.offset));
        }
        // The members of a union have no type in the table.
        if here.ty != there.ty && !there.ty.is_empty() {
            differences.insert(format!("{name}.{field}: {}, there {}", here.ty, there.ty));
        }
    }
    count
}

/// Whether a name is of this library's own family, or of a protocol that has nothing to do with Python, so that CPython need not
/// have it.
fn is_our_own(name: &str) -> bool {
    ["pybuffer_", "PYBUFFER_", "Arrow", "ARROW_"].iter().any(|family| name.starts_with(family))
}

fn compare_values<T: PartialEq + std::fmt::Display>(
    ours: &BTreeMap<String, T>,
    theirs: &BTreeMap<String, T>,
    complete: bool,
    differences: &mut BTreeSet<String>,
) -> usize {
    let mut count = 0;
    for (name, here) in ours {
        match theirs.get(name) {
            Some(there) => {
                count += 1;
                if here != there {
                    differences.insert(format!("{name}: {here}, there {there}"));
                }
            }
            None if complete && !is_our_own(name) => {
                differences.insert(format!("{name}: missing there"));
            }
            None => {}
        }
    }
    count
}

/// Compares our header with that of CPython 3.`minor`.
fn cpython_agrees(minor: u8) {
    let Some(ours) = ours() else { return };
    let Some(theirs) = theirs(minor, ours) else { return };
    let (found, counts) = compare(ours, &theirs, minor >= COMPLETE);
    println!("CPython 3.{minor}: {counts:?}, {} differences", found.len());
    let known: BTreeSet<String> =
        KNOWN.iter().filter(|(minors, ..)| minors.contains(&minor)).map(|(_, text, _)| (*text).into()).collect();
    let unknown: Vec<_> = found.difference(&known).collect();
    let vanished: Vec<_> = known.difference(&found).collect();
    assert!(unknown.is_empty() && vanished.is_empty(), "3.{minor} differs: {unknown:#?}\nbut not in {vanished:#?}");
    assert!(counts.structs >= 15 && counts.fields >= 150, "bindgen found next to nothing: {counts:?}");
    assert!(counts.constants >= 40 && counts.prototypes >= 70, "bindgen found next to nothing: {counts:?}");
}

#[test]
fn cpython_3_8_has_this_abi() {
    cpython_agrees(8);
}

#[test]
fn cpython_3_9_has_this_abi() {
    cpython_agrees(9);
}

#[test]
fn cpython_3_10_has_this_abi() {
    cpython_agrees(10);
}

#[test]
fn cpython_3_11_has_this_abi() {
    cpython_agrees(11);
}

#[test]
fn cpython_3_12_has_this_abi() {
    cpython_agrees(12);
}

#[test]
fn cpython_3_13_has_this_abi() {
    cpython_agrees(13);
}

#[test]
fn cpython_3_14_has_this_abi() {
    cpython_agrees(14);
}

#[test]
fn cpython_3_15_has_this_abi() {
    cpython_agrees(15);
}

/// What no CPython 3 has is declared as CPython 2.7 declares it, and so is what works on it. Structs are not the same.
#[test]
fn cpython_2_7_has_the_functions_of_old_buffers() {
    let Some(ours) = ours() else { return };
    let Some(include) = cpython::headers(cpython::ORACLE_2) else { return };
    let is_shared = |name: &&String| {
        name.starts_with("PySequence_")
            || ["ReadBuffer", "WriteBuffer", "CharBuffer"].iter().any(|end| name.ends_with(end))
            || KNOWN.iter().any(|(_, text, why)| *why == PYTHON_2 && text.starts_with(&format!("{name}:")))
    };
    let shared: Vec<&String> =
        ours.functions.keys().chain(ours.constants.keys()).chain(ours.data.keys()).filter(is_shared).collect();
    let names: Vec<&str> = shared.iter().map(|name| name.as_str()).collect();
    let theirs = Header::read("#include <Python.h>", &include, &names.join("|"), "");
    let of = |all: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        all.iter().filter(|(name, _)| shared.contains(name)).map(|(name, ty)| (name.clone(), ty.clone())).collect()
    };
    let mut differences = BTreeSet::new();
    let count = compare_values(&of(&ours.functions), &theirs.functions, true, &mut differences)
        + compare_values(&of(&ours.data), &theirs.data, true, &mut differences);
    assert_eq!(theirs.constants.get("Py_END_OF_BUFFER"), ours.constants.get("Py_END_OF_BUFFER"));
    println!("CPython 2.7: {count} names");
    assert!(differences.is_empty(), "2.7 differs: {differences:#?}");
    assert!(count >= 23, "bindgen found next to nothing: {count}");
}

#[test]
fn rust_definitions_have_the_layout_of_the_header() {
    let Some(ours) = ours() else { return };
    let rust = rust(ours);
    let (differences, counts) = compare(&rust, ours, true);
    println!("Rust: {counts:?}");
    assert!(differences.is_empty(), "between Rust (here) and the header (there): {differences:#?}");
    // And the other way round: nothing of the header is missing in the lists above.
    let in_abi = |name: &&String| {
        ["PyBUF_", "_Py_M", "PYBUFFER_KIND_", "PYBUFFER_ND_"].iter().any(|begin| name.starts_with(begin))
    };
    let unlisted: Vec<&String> = ours
        .structs
        .keys()
        // A union's members have no places to compare; its size is checked with the struct that it is in.
        .filter(|name| !rust.structs.contains_key(*name) && *name != "pybuffer_value_as")
        .chain(ours.constants.keys().filter(in_abi).filter(|name| !rust.constants.contains_key(*name)))
        .collect();
    assert!(unlisted.is_empty(), "not in the lists of this test: {unlisted:?}");
}

#[test]
fn every_macro_that_is_an_integer_is_compared() {
    let Some(ours) = ours() else { return };
    for line in header_text().lines() {
        let Some(definition) = line.strip_prefix("#define ") else { continue };
        let name = definition.split_whitespace().next().unwrap_or_default();
        let is_compared = ours.constants.contains_key(name) || ours.constants.contains_key(&format!("value_of_{name}"));
        assert!(name.contains('(') || NO_INTEGERS.contains(&name) != is_compared, "{name}");
    }
}

#[test]
fn header_declares_what_the_library_exports() {
    let Some(ours) = ours() else { return };
    // tests/house/library.rs compares the library itself with that list.
    let list = fs::read_to_string(root().join("tests/exports.txt")).expect("tests/exports.txt is there");
    let exported: BTreeSet<&str> = list.lines().collect();
    let declared: BTreeSet<&str> = ours.functions.keys().chain(ours.data.keys()).map(String::as_str).collect();
    println!("{} functions, {} variables", ours.functions.len(), ours.data.len());
    assert_eq!(exported.difference(&declared).collect::<Vec<_>>(), Vec::<&&str>::new(), "exported, not declared");
    assert_eq!(declared.difference(&exported).collect::<Vec<_>>(), Vec::<&&str>::new(), "declared, not exported");
}

/// This test can fail: two headers as bindgen would write them, with a difference of each kind.
#[test]
fn every_kind_of_difference_is_found() {
    let here = Header::parse(
        r#"pub const LIMIT : u32 = 64 ; pub const LOWEST : i32 = - 1 ; pub const GONE : u32 = 1 ; pub type Size = isize ;
        pub struct _pair { pub first : * mut :: std :: os :: raw :: c_char , pub length : Size , pub flags : [u32 ; 2usize] , }
        pub type Pair = _pair ;
        const _ : () = { ["Size of _pair"] [size_of :: < _pair > () - 24usize] ; ["Alignment of _pair"] [x - 8usize] ;
        ["Offset of field: _pair::first"] [offset_of ! (_pair , first) - 0usize] ;
        ["Offset of field: _pair::length"] [offset_of ! (_pair , length) - 8usize] ;
        ["Offset of field: _pair::flags"] [offset_of ! (_pair , flags) - 16usize] ; } ;
        unsafe extern "C" { pub fn same (pair : * const Pair , n : Size) -> Size ; pub fn other (n : Size , ...) ;
        pub static mut table : [Pair ; 1usize] ; }"#,
    );
    let there = Header::parse(
        r#"pub const LIMIT : u32 = 32 ; pub const LOWEST : i32 = - 1 ;
        # [derive (Copy , Clone)] pub union Pair__bindgen_ty_1 { pub first : u64 , pub begin : u64 , }
        pub struct Pair { pub __bindgen_anon_1 : Pair__bindgen_ty_1 , pub length : i32 , }
        const _ : () = { ["Size of Pair__bindgen_ty_1"] [x - 8usize] ; ["Size of Pair"] [x - 12usize] ;
        ["Alignment of Pair"] [x - 4usize] ; ["Offset of field: Pair::__bindgen_anon_1"] [x - 4usize] ;
        ["Offset of field: Pair__bindgen_ty_1::first"] [x - 0usize] ;
        ["Offset of field: Pair__bindgen_ty_1::begin"] [x - 0usize] ; ["Offset of field: Pair::length"] [x - 8usize] ; } ;
        unsafe extern "C" { pub fn same (arg1 : * const Pair , arg2 : i64) -> :: std :: os :: raw :: c_long ;
        pub fn other (n : isize) ; pub static mut table : [Pair ; 2usize] ; }"#,
    );
    assert_eq!(here.functions["same"], "(*const Pair,c_long)->c_long");
    let (differences, counts) = compare(&here, &there, true);
    assert_eq!(
        differences.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "GONE: missing there",
            "LIMIT: 64, there 32",
            "Pair.begin: only there, at 4",
            "Pair.first: at 0, there at 4",
            "Pair.flags: only here, at 16",
            "Pair.length: c_long, there c_int",
            "Pair: 24 bytes, there 12",
            "Pair: aligned to 8, there to 4",
            "other: (c_long,...), there (c_long)",
            "table: [Pair;1], there [Pair;2]",
        ]
    );
    assert_eq!(counts, Counts { structs: 1, fields: 2, constants: 2, prototypes: 2, variables: 1 });
}
