//! `PyObject`, `PyTypeObject`, the slots of a type, and `Py_buffer`: an object points to its type, that to its slots, those
//! take views, and a view points to an object, so they are in one file. Constants and constructors are in the files below it.

use core::ffi::{c_char, c_int, c_uchar, c_uint, c_ulong, c_ushort, c_void};

/// A size, count, index or stride, in the unit that the function names; as wide as `size_t`, but signed.
pub type Py_ssize_t = isize;

/// The hash of an object; -1 is never a hash, it means that hashing failed.
pub type Py_hash_t = isize;

/// Every object starts with this head; a pointer to any object is a `PyObject *`.
/// CPython counterpart: `PyObject` (there the count sits in a union, at the same place and of the same size).
#[repr(C)]
pub struct PyObject {
    /// The number of references to the object. Atomic where this library changes it; use the `Py_INCREF` family.
    pub ob_refcnt: Py_ssize_t,
    /// The object's type; read it with `Py_TYPE`.
    pub ob_type: *mut PyTypeObject,
}

/// The head of an object whose size varies from instance to instance.
#[repr(C)]
pub struct PyVarObject {
    /// The head that every object has.
    pub ob_base: PyObject,
    /// The number of items in the variable part; read it with `Py_SIZE`.
    pub ob_size: Py_ssize_t,
}

/// A view of an exporter's memory: where it starts, what an item is, and how the items lie.
///
/// The consumer owns the struct; the exporter owns everything that it points to, and keeps it alive and unchanged until
/// `PyBuffer_Release`. The address of the item at indices `i, j, ...` is `buf + i*strides[0] + j*strides[1] + ...`; where
/// `suboffsets[k] >= 0`, the address reached after axis `k` holds a pointer, which is followed and `suboffsets[k]` added
/// (`PyBuffer_GetPointer` does all that).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Py_buffer {
    /// The address of the item at index 0 of every axis; not necessarily the lowest address of the memory.
    pub buf: *mut c_void,
    /// The exporter: an owned reference that `PyBuffer_Release` drops; NULL where the view has no exporter.
    pub obj: *mut PyObject,
    /// `product(shape) * itemsize`: the bytes that a contiguous copy would take.
    pub len: Py_ssize_t,
    /// The size of one item in bytes. It keeps its value where `format` was not asked for.
    pub itemsize: Py_ssize_t,
    /// Not 0 where the memory must not be written.
    pub readonly: c_int,
    /// The number of axes, 0 (one item) to `PyBUF_MAX_NDIM`; the length of the three arrays.
    pub ndim: c_int,
    /// The item's format in the syntax of PEP 3118; NULL means "B", unsigned bytes.
    pub format: *mut c_char,
    /// The number of items along each axis; NULL where it was not asked for.
    pub shape: *mut Py_ssize_t,
    /// The bytes from one item to the next along each axis; may be negative or zero; NULL means C-contiguous.
    pub strides: *mut Py_ssize_t,
    /// See above; NULL where no axis holds pointers.
    pub suboffsets: *mut Py_ssize_t,
    /// The exporter's own.
    pub internal: *mut c_void,
}

/// Slot of one operand that gives a new object.
pub type unaryfunc = Option<unsafe extern "C" fn(*mut PyObject) -> *mut PyObject>;
/// Slot of two operands that gives a new object.
pub type binaryfunc = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject>;
/// Slot of three operands that gives a new object.
pub type ternaryfunc = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject>;
/// Slot that answers yes (1), no (0) or failure (-1).
pub type inquiry = Option<unsafe extern "C" fn(*mut PyObject) -> c_int>;
/// Slot that gives a length, or -1.
pub type lenfunc = Option<unsafe extern "C" fn(*mut PyObject) -> Py_ssize_t>;
/// Slot of an object and an index that gives a new object.
pub type ssizeargfunc = Option<unsafe extern "C" fn(*mut PyObject, Py_ssize_t) -> *mut PyObject>;
/// Slot that assigns to an index.
pub type ssizeobjargproc = Option<unsafe extern "C" fn(*mut PyObject, Py_ssize_t, *mut PyObject) -> c_int>;
/// Slot that assigns to a key.
pub type objobjargproc = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int>;
/// Slot that tests for membership.
pub type objobjproc = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> c_int>;
/// Function that a `traverseproc` calls for each contained object.
pub type visitproc = Option<unsafe extern "C" fn(*mut PyObject, *mut c_void) -> c_int>;
/// Slot that visits the contained objects (garbage collection; not called by this library).
pub type traverseproc = Option<unsafe extern "C" fn(*mut PyObject, visitproc, *mut c_void) -> c_int>;
/// `tp_free`: gives an object's memory back.
pub type freefunc = Option<unsafe extern "C" fn(*mut c_void)>;
/// `tp_dealloc`: called when the last reference has been dropped.
pub type destructor = Option<unsafe extern "C" fn(*mut PyObject)>;
/// Attribute look-up by C string (not called by this library).
pub type getattrfunc = Option<unsafe extern "C" fn(*mut PyObject, *mut c_char) -> *mut PyObject>;
/// Attribute look-up by object (not called by this library).
pub type getattrofunc = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject>;
/// Attribute assignment by C string (not called by this library).
pub type setattrfunc = Option<unsafe extern "C" fn(*mut PyObject, *mut c_char, *mut PyObject) -> c_int>;
/// Attribute assignment by object (not called by this library).
pub type setattrofunc = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int>;
/// Text of an object (not called by this library).
pub type reprfunc = Option<unsafe extern "C" fn(*mut PyObject) -> *mut PyObject>;
/// `tp_hash`: the hash of an object, or -1 with an error set.
pub type hashfunc = Option<unsafe extern "C" fn(*mut PyObject) -> Py_hash_t>;
/// `tp_richcompare`: `Py_True`, `Py_False` or `Py_NotImplemented` (a new reference), or NULL with an error set.
pub type richcmpfunc = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject, c_int) -> *mut PyObject>;
/// An iterator over an object; a new reference.
pub type getiterfunc = Option<unsafe extern "C" fn(*mut PyObject) -> *mut PyObject>;
/// The next item of an iterator; a new reference, or NULL without an error at the end.
pub type iternextfunc = Option<unsafe extern "C" fn(*mut PyObject) -> *mut PyObject>;
/// Descriptor protocol (not called by this library).
pub type descrgetfunc = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject>;
/// Descriptor protocol (not called by this library).
pub type descrsetfunc = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int>;
/// `tp_init` (not called by this library).
pub type initproc = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int>;
/// `tp_new` (not called by this library).
pub type newfunc = Option<unsafe extern "C" fn(*mut PyTypeObject, *mut PyObject, *mut PyObject) -> *mut PyObject>;
/// `tp_alloc` (not called by this library).
pub type allocfunc = Option<unsafe extern "C" fn(*mut PyTypeObject, Py_ssize_t) -> *mut PyObject>;
/// `tp_vectorcall` (not called by this library).
pub type vectorcallfunc =
    Option<unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, usize, *mut PyObject) -> *mut PyObject>;
/// A C function in a method table (not called by this library).
pub type PyCFunction = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject>;
/// Reads an attribute (not called by this library).
pub type getter = Option<unsafe extern "C" fn(*mut PyObject, *mut c_void) -> *mut PyObject>;
/// Writes an attribute (not called by this library).
pub type setter = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut c_void) -> c_int>;
/// `am_send` (not called by this library; the result is CPython's `PySendResult`).
pub type sendfunc = Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut *mut PyObject) -> c_int>;

/// `bf_getbuffer`: fills `view` as the request flags ask and returns 0, with a new reference to the exporter in
/// `view->obj`; or sets an error, sets `view->obj` to NULL and returns -1. It is called without any lock, from any
/// thread. PEP 3118, "The Py_buffer structure".
pub type getbufferproc = Option<unsafe extern "C" fn(*mut PyObject, *mut Py_buffer, c_int) -> c_int>;
/// `bf_releasebuffer`: called once for each successful `bf_getbuffer`, before the reference in `view->obj` is dropped.
/// It must not change the reference count of the exporter. It may be NULL.
pub type releasebufferproc = Option<unsafe extern "C" fn(*mut PyObject, *mut Py_buffer)>;

/// How a type exports its memory: the `tp_as_buffer` of its type object.
#[repr(C)]
pub struct PyBufferProcs {
    /// Answers a request; NULL where the type exports nothing.
    pub bf_getbuffer: getbufferproc,
    /// Told when a view is released; may be NULL.
    pub bf_releasebuffer: releasebufferproc,
}

/// The sequence slots. This library calls `sq_length`, `sq_concat`, `sq_repeat`, `sq_item` and `sq_ass_item`.
#[repr(C)]
#[expect(missing_docs, reason = "slots that this library carries for source and binary compatibility")]
pub struct PySequenceMethods {
    pub sq_length: lenfunc,
    pub sq_concat: binaryfunc,
    pub sq_repeat: ssizeargfunc,
    pub sq_item: ssizeargfunc,
    pub was_sq_slice: *mut c_void,
    pub sq_ass_item: ssizeobjargproc,
    pub was_sq_ass_slice: *mut c_void,
    pub sq_contains: objobjproc,
    pub sq_inplace_concat: binaryfunc,
    pub sq_inplace_repeat: ssizeargfunc,
}

/// The mapping slots. This library calls `mp_length`.
#[repr(C)]
#[expect(missing_docs, reason = "slots that this library carries for source and binary compatibility")]
pub struct PyMappingMethods {
    pub mp_length: lenfunc,
    pub mp_subscript: binaryfunc,
    pub mp_ass_subscript: objobjargproc,
}

/// The asynchronous slots (not called by this library).
#[repr(C)]
#[expect(missing_docs, reason = "slots that this library carries for source and binary compatibility")]
pub struct PyAsyncMethods {
    pub am_await: unaryfunc,
    pub am_aiter: unaryfunc,
    pub am_anext: unaryfunc,
    pub am_send: sendfunc,
}

/// The number slots. This library calls `nb_bool`.
#[repr(C)]
#[expect(missing_docs, reason = "slots that this library carries for source and binary compatibility")]
pub struct PyNumberMethods {
    pub nb_add: binaryfunc,
    pub nb_subtract: binaryfunc,
    pub nb_multiply: binaryfunc,
    pub nb_remainder: binaryfunc,
    pub nb_divmod: binaryfunc,
    pub nb_power: ternaryfunc,
    pub nb_negative: unaryfunc,
    pub nb_positive: unaryfunc,
    pub nb_absolute: unaryfunc,
    pub nb_bool: inquiry,
    pub nb_invert: unaryfunc,
    pub nb_lshift: binaryfunc,
    pub nb_rshift: binaryfunc,
    pub nb_and: binaryfunc,
    pub nb_xor: binaryfunc,
    pub nb_or: binaryfunc,
    pub nb_int: unaryfunc,
    pub nb_reserved: *mut c_void,
    pub nb_float: unaryfunc,
    pub nb_inplace_add: binaryfunc,
    pub nb_inplace_subtract: binaryfunc,
    pub nb_inplace_multiply: binaryfunc,
    pub nb_inplace_remainder: binaryfunc,
    pub nb_inplace_power: ternaryfunc,
    pub nb_inplace_lshift: binaryfunc,
    pub nb_inplace_rshift: binaryfunc,
    pub nb_inplace_and: binaryfunc,
    pub nb_inplace_xor: binaryfunc,
    pub nb_inplace_or: binaryfunc,
    pub nb_floor_divide: binaryfunc,
    pub nb_true_divide: binaryfunc,
    pub nb_inplace_floor_divide: binaryfunc,
    pub nb_inplace_true_divide: binaryfunc,
    pub nb_index: unaryfunc,
    pub nb_matrix_multiply: binaryfunc,
    pub nb_inplace_matrix_multiply: binaryfunc,
}

/// A row of a type's method table (not read by this library).
#[repr(C)]
#[expect(missing_docs, reason = "carried for source and binary compatibility")]
pub struct PyMethodDef {
    pub ml_name: *const c_char,
    pub ml_meth: PyCFunction,
    pub ml_flags: c_int,
    pub ml_doc: *const c_char,
}

/// A row of a type's member table (not read by this library).
#[repr(C)]
#[expect(missing_docs, reason = "carried for source and binary compatibility")]
pub struct PyMemberDef {
    pub name: *const c_char,
    pub r#type: c_int,
    pub offset: Py_ssize_t,
    pub flags: c_int,
    pub doc: *const c_char,
}

/// A row of a type's attribute table (not read by this library).
#[repr(C)]
#[expect(missing_docs, reason = "carried for source and binary compatibility")]
pub struct PyGetSetDef {
    pub name: *const c_char,
    pub get: getter,
    pub set: setter,
    pub doc: *const c_char,
    pub closure: *mut c_void,
}

/// A type object. A C program defines one as a static variable that starts with `PyVarObject_HEAD_INIT(NULL, 0)`, fills
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
    /// Called by `PyBytes_Join`. Inherited.
    pub tp_iter: getiterfunc,
    /// Called by `PyIter_NextItem` and `PyBytes_Join`. Inherited.
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

/// The reference count of an object that lives for ever (PEP 683): the low 32 bits are negative as an `int32_t`. The
/// value is CPython 3.13's, so that its header's inline `Py_INCREF` leaves it alone, too.
pub(crate) const IMMORTAL_REFCNT: Py_ssize_t = 0xFFFF_FFFF;

impl PyObject {
    /// The head of a static object of the type `ob_type`: immortal.
    pub(crate) const fn immortal(ob_type: *mut PyTypeObject) -> Self {
        Self { ob_refcnt: IMMORTAL_REFCNT, ob_type }
    }
}

const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<PyObject>() == 16);
    assert!(offset_of!(PyObject, ob_type) == 8);
    assert!(size_of::<PyVarObject>() == 24);
    assert!(offset_of!(PyVarObject, ob_size) == 16);
    assert!(size_of::<Py_buffer>() == 80);
    assert!(offset_of!(Py_buffer, obj) == 8);
    assert!(offset_of!(Py_buffer, len) == 16);
    assert!(offset_of!(Py_buffer, itemsize) == 24);
    assert!(offset_of!(Py_buffer, readonly) == 32);
    assert!(offset_of!(Py_buffer, ndim) == 36);
    assert!(offset_of!(Py_buffer, format) == 40);
    assert!(offset_of!(Py_buffer, shape) == 48);
    assert!(offset_of!(Py_buffer, strides) == 56);
    assert!(offset_of!(Py_buffer, suboffsets) == 64);
    assert!(offset_of!(Py_buffer, internal) == 72);
    assert!(offset_of!(PyTypeObject, tp_name) == 24);
    assert!(offset_of!(PyTypeObject, tp_dealloc) == 48);
    assert!(offset_of!(PyTypeObject, tp_as_buffer) == 160);
    assert!(offset_of!(PyTypeObject, tp_flags) == 168);
    assert!(offset_of!(PyTypeObject, tp_base) == 256);
    assert!(offset_of!(PyTypeObject, tp_free) == 320);
    assert!(offset_of!(PyTypeObject, tp_vectorcall) == 400);
    assert!(size_of::<PyTypeObject>() == 416);
};
