//! `PyTypeObject`: what the library knows of an object's type, and the flags of `tp_flags`.

use core::ffi::{c_char, c_uchar, c_uint, c_ulong, c_ushort, c_void};

use super::object::{Py_ssize_t, PyObject, PyVarObject};
use super::slots::{
    PyAsyncMethods, PyBufferProcs, PyGetSetDef, PyMappingMethods, PyMemberDef, PyMethodDef, PyNumberMethods,
    PySequenceMethods, allocfunc, descrgetfunc, descrsetfunc, destructor, freefunc, getattrfunc, getattrofunc,
    getiterfunc, hashfunc, initproc, inquiry, iternextfunc, newfunc, reprfunc, richcmpfunc, setattrfunc, setattrofunc,
    ternaryfunc, traverseproc, vectorcallfunc,
};

/// A type object. A C program defines one as a static variable that begins with `PyVarObject_HEAD_INIT(NULL, 0)`, fills
/// the slots that it needs, leaves the others zero, and passes it to `PyType_Ready` once before the first use.
/// This library reads the slots whose comment says so; all others are carried so that the layout is CPython's.
#[repr(C)]
#[expect(missing_docs, reason = "slots that this library carries for source and binary compatibility")]
pub struct PyTypeObject {
    pub ob_base: PyVarObject,
    /// The name for messages. Required.
    pub tp_name: *const c_char,
    /// The size of an instance in bytes, without its items.
    pub tp_basicsize: Py_ssize_t,
    /// The size of one item of the variable part in bytes, or 0.
    pub tp_itemsize: Py_ssize_t,
    /// Called when the last reference to an instance has been dropped. Inherited; the default calls `tp_free`.
    pub tp_dealloc: destructor,
    pub tp_vectorcall_offset: Py_ssize_t,
    pub tp_getattr: getattrfunc,
    pub tp_setattr: setattrfunc,
    pub tp_as_async: *mut PyAsyncMethods,
    pub tp_repr: reprfunc,
    /// This library calls `nb_bool`.
    pub tp_as_number: *mut PyNumberMethods,
    /// This library calls `sq_length`, `sq_concat`, `sq_repeat`, `sq_item` and `sq_ass_item`.
    pub tp_as_sequence: *mut PySequenceMethods,
    /// This library calls `mp_length`.
    pub tp_as_mapping: *mut PyMappingMethods,
    /// Called by `PyObject_Hash`. Inherited together with `tp_richcompare` where a type defines neither.
    pub tp_hash: hashfunc,
    pub tp_call: ternaryfunc,
    pub tp_str: reprfunc,
    pub tp_getattro: getattrofunc,
    pub tp_setattro: setattrofunc,
    /// The buffer protocol of the instances; NULL where they export nothing. Inherited.
    pub tp_as_buffer: *mut PyBufferProcs,
    /// `Py_TPFLAGS_*`; `Py_TPFLAGS_DEFAULT` for a type of a program's own.
    pub tp_flags: c_ulong,
    /// A description for people, or NULL.
    pub tp_doc: *const c_char,
    pub tp_traverse: traverseproc,
    pub tp_clear: inquiry,
    /// Called by `PyObject_RichCompareBool`.
    pub tp_richcompare: richcmpfunc,
    pub tp_weaklistoffset: Py_ssize_t,
    pub tp_iter: getiterfunc,
    pub tp_iternext: iternextfunc,
    pub tp_methods: *mut PyMethodDef,
    pub tp_members: *mut PyMemberDef,
    pub tp_getset: *mut PyGetSetDef,
    /// The type that this one derives from; `PyType_Ready` makes it `&PyBaseObject_Type` where it is NULL.
    pub tp_base: *mut PyTypeObject,
    pub tp_dict: *mut PyObject,
    pub tp_descr_get: descrgetfunc,
    pub tp_descr_set: descrsetfunc,
    pub tp_dictoffset: Py_ssize_t,
    pub tp_init: initproc,
    pub tp_alloc: allocfunc,
    pub tp_new: newfunc,
    /// Gives an instance's memory back. Inherited; the default is `PyObject_Free`.
    pub tp_free: freefunc,
    pub tp_is_gc: inquiry,
    pub tp_bases: *mut PyObject,
    pub tp_mro: *mut PyObject,
    pub tp_cache: *mut PyObject,
    pub tp_subclasses: *mut c_void,
    pub tp_weaklist: *mut PyObject,
    pub tp_del: destructor,
    pub tp_version_tag: c_uint,
    pub tp_finalize: destructor,
    pub tp_vectorcall: vectorcallfunc,
    pub tp_watched: c_uchar,
    pub tp_versions_used: c_ushort,
}

/// The type is this library's own: both bits. CPython marks its own static types with the first one, and no type with both.
pub(crate) const TPFLAGS_OWN: c_ulong = 0x8002;
/// Destroying an object of the type, one of this library's, runs no foreign code but the allocator's, and destroys nothing
/// else, or sees to the depth of it by itself (`runtime::refs::destroy`).
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

const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(offset_of!(PyTypeObject, tp_name) == 24);
    assert!(offset_of!(PyTypeObject, tp_dealloc) == 48);
    assert!(offset_of!(PyTypeObject, tp_as_buffer) == 160);
    assert!(offset_of!(PyTypeObject, tp_flags) == 168);
    assert!(offset_of!(PyTypeObject, tp_base) == 256);
    assert!(offset_of!(PyTypeObject, tp_free) == 320);
    assert!(offset_of!(PyTypeObject, tp_vectorcall) == 400);
    assert!(size_of::<PyTypeObject>() == 416);
};
