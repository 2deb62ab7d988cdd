//! Static types of this library, and the flags of `tp_flags`.

use core::ffi::{c_char, c_ulong};

pub use super::object::PyTypeObject;
use super::object::{PyObject, PyVarObject};

/// The type is this library's own: both bits. CPython marks its own static types with the first one, and no type with both.
pub(crate) const TPFLAGS_OWN: c_ulong = 0x8002;
/// Destroying an object of the type, one of this library's, runs no foreign code but the allocator's, and destroys nothing
/// else, or limits its own depth (`runtime::refs::destroy`).
pub(crate) const TPFLAGS_LEAF: c_ulong = 1 << 16;
/// The table of buffer slots of the type, one of this library's, has one more: `buffer::LookProcs`.
pub(crate) const TPFLAGS_LOOKS: c_ulong = 1 << 2;
/// The type is on the heap and counts references of its instances.
pub(crate) const TPFLAGS_HEAPTYPE: c_ulong = 1 << 9;
/// Other types may derive from it.
pub(crate) const TPFLAGS_BASETYPE: c_ulong = 1 << 10;
/// `PyType_Ready` has been through.
pub(crate) const TPFLAGS_READY: c_ulong = 1 << 12;
/// `bytes` or derived from it.
pub(crate) const TPFLAGS_BYTES_SUBCLASS: c_ulong = 1 << 27;
/// An exception type.
pub(crate) const TPFLAGS_BASE_EXC_SUBCLASS: c_ulong = 1 << 30;
/// A type of types.
pub(crate) const TPFLAGS_TYPE_SUBCLASS: c_ulong = 1 << 31;

/// The flags that a type has in common with its base without saying so.
pub(crate) const TPFLAGS_INHERITED: c_ulong =
    TPFLAGS_BYTES_SUBCLASS | TPFLAGS_BASE_EXC_SUBCLASS | TPFLAGS_TYPE_SUBCLASS;

impl PyTypeObject {
    /// A static type of this library with no slot filled: immortal, ready, derived from nothing.
    pub(crate) const fn empty(metatype: *mut Self, name: *const c_char, basicsize: usize, itemsize: usize) -> Self {
        let null = core::ptr::null_mut();
        Self {
            ob_base: PyVarObject { ob_base: PyObject::immortal(metatype), ob_size: 0 },
            tp_name: name,
            tp_basicsize: basicsize.cast_signed(),
            tp_itemsize: itemsize.cast_signed(),
            tp_dealloc: None,
            tp_vectorcall_offset: 0,
            tp_getattr: None,
            tp_setattr: None,
            tp_as_async: core::ptr::null_mut(),
            tp_repr: None,
            tp_as_number: core::ptr::null_mut(),
            tp_as_sequence: core::ptr::null_mut(),
            tp_as_mapping: core::ptr::null_mut(),
            tp_hash: None,
            tp_call: None,
            tp_str: None,
            tp_getattro: None,
            tp_setattro: None,
            tp_as_buffer: core::ptr::null_mut(),
            tp_flags: TPFLAGS_READY | TPFLAGS_OWN,
            tp_doc: core::ptr::null(),
            tp_traverse: None,
            tp_clear: None,
            tp_richcompare: None,
            tp_weaklistoffset: 0,
            tp_iter: None,
            tp_iternext: None,
            tp_methods: core::ptr::null_mut(),
            tp_members: core::ptr::null_mut(),
            tp_getset: core::ptr::null_mut(),
            tp_base: core::ptr::null_mut(),
            tp_dict: null,
            tp_descr_get: None,
            tp_descr_set: None,
            tp_dictoffset: 0,
            tp_init: None,
            tp_alloc: None,
            tp_new: None,
            tp_free: None,
            tp_is_gc: None,
            tp_bases: null,
            tp_mro: null,
            tp_cache: null,
            tp_subclasses: core::ptr::null_mut(),
            tp_weaklist: null,
            tp_del: None,
            tp_version_tag: 0,
            tp_finalize: None,
            tp_vectorcall: None,
            tp_watched: 0,
            tp_versions_used: 0,
        }
    }
}
