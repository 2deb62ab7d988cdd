//! Old buffer objects
//!
//! Python 2's `buffer`: a region of an exporter's bytes, or memory of the program, as a sequence. It holds a
//! reference to its base and uses the memory that the base has at each call: a bytearray may be resized in between, and the
//! region is then clipped to the bytes that are left. CPython: 2.7; where its documentation and its code differ, the
//! documentation holds here.
//!
//! An old buffer exports its bytes, and its base does not move while there are views of it. Those that are not read-only
//! can be written by `PySequence_SetItem` and `PySequence_SetSlice`; the others have the hash of a bytes object with the
//! same content, which is computed once, at the first call. `PyObject_RichCompareBool` orders old buffers as
//! bytes; with bytearrays and memoryviews the other type decides; they are unequal to bytes objects, as in
//! Python 2.

use core::ffi::{c_int, c_void};

use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::Result;
use crate::objects::oldbuffer::{self, OldBuffer};
use crate::runtime::boundary::{boundary, non_null};
use crate::runtime::refs::Owned;
use crate::runtime::richcompare::compare;

/// A read-only old buffer: the `size` bytes from `offset` on of what `base` exports, or as many as there are; all of them
/// with `Py_END_OF_BUFFER`. One of another old buffer refers to the base of that one, and stays within it. A new reference.
///
/// NULL with `TypeError` where `base` exports no plain bytes, `ValueError` for a negative `offset`, or a negative
/// `size` that is not `Py_END_OF_BUFFER`, whatever else the exporter raises, `MemoryError`, or `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_FromObject(
    base: *mut PyObject,
    offset: Py_ssize_t,
    size: Py_ssize_t,
) -> *mut PyObject {
    // SAFETY: O1.
    boundary(|| unsafe { of_object(base, offset, size, true) })
}

/// `PyBuffer_FromObject` for bytes that may be written: `TypeError` also where `base` has none, such as a bytes object or a
/// read-only old buffer. CPython 2.7 fails only when they are used, and writes through a read-only old buffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_FromReadWriteObject(
    base: *mut PyObject,
    offset: Py_ssize_t,
    size: Py_ssize_t,
) -> *mut PyObject {
    // SAFETY: O1.
    boundary(|| unsafe { of_object(base, offset, size, false) })
}

/// # Safety
/// NULL or O1.
unsafe fn of_object(
    base: *mut PyObject,
    offset: Py_ssize_t,
    size: Py_ssize_t,
    readonly: bool,
) -> Result<Owned<OldBuffer>> {
    let base = non_null(base)?;
    // SAFETY: the caller guarantees O1, for what is not NULL.
    unsafe { oldbuffer::from_object(base, offset, size, readonly) }
}

/// A read-only old buffer of `size` bytes at `ptr`, which must live as long as the object. A new reference.
///
/// NULL with `ValueError` for a negative size (`Py_END_OF_BUFFER`, too, which CPython 2.7 accepts), `MemoryError`, or
/// `SystemError` for a NULL `ptr`, unless the size is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_FromMemory(ptr: *mut c_void, size: Py_ssize_t) -> *mut PyObject {
    // SAFETY: the program keeps `size` bytes at `ptr` for as long as the object lives.
    boundary(|| unsafe { oldbuffer::from_memory(ptr.cast(), size, true) })
}

/// `PyBuffer_FromMemory` for memory that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_FromReadWriteMemory(ptr: *mut c_void, size: Py_ssize_t) -> *mut PyObject {
    // SAFETY: the program keeps `size` bytes at `ptr`, which may be written, for as long as the object lives.
    boundary(|| unsafe { oldbuffer::from_memory(ptr.cast(), size, false) })
}

/// An old buffer with `size` bytes of its own, which are 0 and may be written. A new reference; NULL with `ValueError` for a
/// negative size, `MemoryError`. CPython 2.7: they are uninitialised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_New(size: Py_ssize_t) -> *mut PyObject {
    boundary(|| oldbuffer::new(size))
}

/// Compares two objects as Python 2 did, any that `PyObject_RichCompareBool` can order: `*result` becomes -1, 0 or 1.
///
/// Returns 0; -1 with an error set, and then nothing is written: `TypeError` where the two have no order (Python 2 orders
/// by the names of the types), `SystemError` for NULL, or what a slot raises.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_Cmp(o1: *mut PyObject, o2: *mut PyObject, result: *mut c_int) -> c_int {
    boundary(|| {
        let (o1, o2, result) = (non_null(o1)?, non_null(o2)?, non_null(result)?);
        // SAFETY: O1; `result` may be written.
        unsafe { result.write(compare(o1.as_ptr(), o2.as_ptr())? as c_int) };
        Ok(())
    })
}

/// `PyObject_Cmp` that returns the result; -1 may also be an error (`PyErr_Occurred` tells).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_Compare(o1: *mut PyObject, o2: *mut PyObject) -> c_int {
    boundary(|| {
        let (o1, o2) = (non_null(o1)?, non_null(o2)?);
        // SAFETY: O1.
        unsafe { Ok(compare(o1.as_ptr(), o2.as_ptr())? as c_int) }
    })
}
