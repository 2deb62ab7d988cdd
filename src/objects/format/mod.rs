//! Parsed formats as objects: immutable, counted, one allocation each.
//!
//! An object holds, one after the other, its head, the compiled format that unpacks and packs items, the items of the
//! tree, the lengths of their axes, the names and the text. It is built in two walks over the format for the tree and
//! two for the compiled format: one counts, one writes.

mod build;

mod spell;

mod equivalence;

mod values;

mod path;

use core::ffi::c_char;
use core::mem::size_of;

use crate::abi::format::pybuffer_item;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::abi::types::{PyTypeObject, TPFLAGS_LEAF, TPFLAGS_OWN, TPFLAGS_READY};
use crate::format::Op;
use crate::runtime::refs::Object;
use crate::runtime::types;

pub(crate) use build::{downcast, parse, parse_sized};
pub(crate) use equivalence::equivalent;
pub(crate) use path::{follow, number_of_record};
pub(crate) use spell::{canonical, format_of_elements, format_of_item};
pub(crate) use values::{
    CompiledFor, NO_VALUE, count_items, pack, pack_items, read_value, unpack, with_compiled_for, write_values,
};

/// A parsed format. Opaque to C, which walks it from `pybuffer_format_root`.
#[repr(C)]
pub(crate) struct FormatObject {
    ob_base: PyObject,
    pub(crate) root: *const pybuffer_item,
    /// The text that was parsed.
    pub(crate) text: *const c_char,
    /// Bytes of an item as a whole.
    pub(crate) size: Py_ssize_t,
    /// The largest alignment in it.
    pub(crate) align: Py_ssize_t,
    /// Values of an item.
    pub(crate) values: Py_ssize_t,
    /// The steps of the compiled format; NULL for a format that is one native code.
    ops: *const Op,
    nops: usize,
}

// SAFETY: `repr(C)`, and its first field is a `PyObject`.
unsafe impl Object for FormatObject {}

/// The type of parsed formats, the objects that `pybuffer_format_parse` makes.
#[unsafe(no_mangle)]
pub static mut pybuffer_format_type: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_LEAF,
    ..types::derived(c"pybuffer.format", size_of::<FormatObject>(), 0)
};
