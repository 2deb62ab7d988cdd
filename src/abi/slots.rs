//! The function types of a type's slots, and the tables that group them.

use core::ffi::{c_char, c_int, c_void};

use super::buffer::Py_buffer;
use super::object::{Py_hash_t, Py_ssize_t, PyObject};
use super::types::PyTypeObject;

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
/// Iteration (not called by this library).
pub type getiterfunc = Option<unsafe extern "C" fn(*mut PyObject) -> *mut PyObject>;
/// Iteration (not called by this library).
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

impl PySequenceMethods {
    /// The slots of a type that has a length, and of a sequence nothing else.
    pub(crate) const fn of_length(sq_length: lenfunc) -> Self {
        Self {
            sq_length,
            sq_concat: None,
            sq_repeat: None,
            sq_item: None,
            was_sq_slice: core::ptr::null_mut(),
            sq_ass_item: None,
            was_sq_ass_slice: core::ptr::null_mut(),
            sq_contains: None,
            sq_inplace_concat: None,
            sq_inplace_repeat: None,
        }
    }
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
