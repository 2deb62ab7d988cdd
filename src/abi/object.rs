//! `PyObject` and `PyVarObject`: the head of every object.

use super::types::PyTypeObject;

/// A size, count, index or stride, in the unit that the function names; as wide as `size_t`, but signed.
pub type Py_ssize_t = isize;

/// The hash of an object; -1 is never a hash, it means that hashing failed.
pub type Py_hash_t = isize;

/// Every object begins with this head; a pointer to any object is a `PyObject *`.
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
};
