//! bytearray
//!
//! A sequence of bytes that can be written and resized, with a NUL after the last. It cannot be resized while consumers
//! hold views of it. Its pointer (`PyByteArray_AsString`) is good until the next resize.

use core::ffi::{c_char, c_int};

use crate::abi::object::{Py_ssize_t, PyObject};
use crate::objects::bytearray;
use crate::runtime::boundary::{boundary, non_null};

/// A bytearray with a copy of what `obj` exports, in C order. A new reference; NULL with `TypeError` where it exports
/// nothing, what the exporter raises, `BufferError` where its answer is wrong (see "Buffers"), `MemoryError`, or
/// `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyByteArray_FromObject(obj: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1.
        unsafe { bytearray::from_object(obj) }
    })
}

/// A bytearray with a copy of the `size` bytes at `bytes`, uninitialised where that is NULL. A new reference; NULL with
/// `SystemError` for a negative size, `OverflowError` as `PyBytes_FromStringAndSize`, `MemoryError`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyByteArray_FromStringAndSize(bytes: *const c_char, size: Py_ssize_t) -> *mut PyObject {
    // SAFETY: the program guarantees that `bytes` is NULL or has `size` bytes.
    boundary(|| unsafe { bytearray::from_memory(bytes.cast(), size) })
}

/// A new bytearray with the bytes of two exporters. A new reference; NULL with `TypeError` where one exports no plain
/// bytes, `MemoryError`, or `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyByteArray_Concat(a: *mut PyObject, b: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let (a, b) = (non_null(a)?, non_null(b)?);
        // SAFETY: O1.
        unsafe { bytearray::concat(a, b) }
    })
}

/// The number of bytes; -1 with `TypeError` if `obj` is not a bytearray, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyByteArray_Size(obj: *mut PyObject) -> Py_ssize_t {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; O2 after the downcast.
        unsafe { Ok(bytearray::length(bytearray::downcast(obj)?)) }
    })
}

/// The bytes themselves, until the next resize; NULL with `TypeError` if `obj` is not a bytearray, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyByteArray_AsString(obj: *mut PyObject) -> *mut c_char {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; O2 after the downcast.
        unsafe { Ok(bytearray::start(bytearray::downcast(obj)?)) }
    })
}

/// Resizes a bytearray; new bytes are uninitialised.
///
/// Returns 0; -1 with an error set, and then nothing is changed: `BufferError` while consumers hold views of it,
/// `ValueError` for a negative size, `MemoryError`, `TypeError` if it is not a bytearray, `SystemError` for NULL. While a call of the
/// library reads the bytearray in another thread, a resize waits (see "Threads").
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyByteArray_Resize(obj: *mut PyObject, size: Py_ssize_t) -> c_int {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; O2 after the downcast.
        unsafe { bytearray::resize(bytearray::downcast(obj)?, size) }
    })
}
