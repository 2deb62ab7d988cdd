//! bytes
//!
//! An immutable sequence of bytes, with a NUL after the last. Its memory must not be written once another reference to it
//! exists. The empty object, and that of each single byte, are immortal singletons.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::{NonNull, null_mut};

use crate::abi::bytes::PyBytesObject;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::Error;
use crate::objects::bytes;
use crate::runtime::boundary::{boundary, non_null};
use crate::runtime::refs::Owned;

/// A bytes object with a copy of the `size` bytes at `bytes`. Where that is NULL they are uninitialised and must be written
/// before any other code sees the object. A new reference; NULL with `SystemError` for a negative size, `OverflowError` for
/// one that exceeds `PY_SSIZE_T_MAX` together with the object's head, `MemoryError`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_FromStringAndSize(bytes: *const c_char, size: Py_ssize_t) -> *mut PyObject {
    // SAFETY: the program guarantees that `bytes` is NULL or has `size` bytes.
    boundary(|| unsafe { bytes::from_memory(bytes.cast(), size) })
}

/// A bytes object with a copy of a C string, without its NUL. A new reference; NULL with `MemoryError`, or `SystemError`
/// for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_FromString(string: *const c_char) -> *mut PyObject {
    boundary(|| {
        let string = non_null(string.cast_mut())?;
        // SAFETY: not NULL, so the program guarantees a C string.
        unsafe {
            let string = CStr::from_ptr(string.as_ptr()).to_bytes();
            bytes::from_memory(string.as_ptr(), string.len().cast_signed())
        }
    })
}

/// `obj` itself where it is a bytes object, else one with a copy of what it exports, in C order. A new reference; NULL
/// with `TypeError` where it exports nothing, what the exporter raises, `BufferError` where its answer is wrong (see
/// "Buffers"), `MemoryError`, `OverflowError` as `PyBytes_FromStringAndSize`, or `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_FromObject(obj: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let obj = NonNull::new(obj).ok_or(Error::bad_argument())?;
        // SAFETY: O1.
        unsafe { bytes::from_object(obj) }
    })
}

/// The number of bytes; -1 with `TypeError` if `obj` is not a bytes object, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_Size(obj: *mut PyObject) -> Py_ssize_t {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; O2 after the downcast.
        unsafe { Ok(bytes::content(bytes::downcast(obj)?).len().cast_signed()) }
    })
}

/// The bytes themselves, which live as long as the object; NULL with `TypeError` if `obj` is not a bytes object,
/// `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_AsString(obj: *mut PyObject) -> *mut c_char {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; O2 after the downcast.
        unsafe { Ok(bytes::start(bytes::downcast(obj)?)) }
    })
}

/// The bytes in `*string` and their number in `*length`. Where `length` is NULL there must be no NUL among them.
///
/// Returns 0; -1 with `TypeError` if `obj` is not a bytes object, `ValueError` for a NUL where `length` is NULL (`*string` is
/// written anyway), `SystemError` for a NULL `obj` or `string`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_AsStringAndSize(
    obj: *mut PyObject,
    string: *mut *mut c_char,
    length: *mut Py_ssize_t,
) -> c_int {
    boundary(|| {
        let (string, obj) = (non_null(string)?, non_null(obj)?);
        // SAFETY: O1; O2 after the downcast; `string` may be written, and `length` is NULL or may be written.
        unsafe {
            let object = bytes::downcast(obj)?;
            let content = bytes::content(object);
            string.write(bytes::start(object));
            if !length.is_null() {
                length.write(content.len().cast_signed());
            } else if content.contains(&0) {
                return Err(Error::value(c"embedded null byte"));
            }
        }
        Ok(())
    })
}

/// Replaces `*bytes` by a bytes object with its bytes and those of `other` (any exporter). The
/// reference to the old object is taken over. On failure `*bytes` is NULL, and an error is set: `TypeError` where one exports
/// no plain bytes, `MemoryError` (also for a sum above `PY_SSIZE_T_MAX`), `OverflowError` as `PyBytes_FromStringAndSize`.
/// Nothing happens where `*bytes` is NULL; with a NULL `other` it becomes NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_Concat(bytes: *mut *mut PyObject, other: *mut PyObject) {
    boundary(|| {
        let place = non_null(bytes)?;
        // SAFETY: `*bytes` is an owned reference or NULL, O1. It leaves its place first, so that no code sees it there while it
        // is being dropped.
        unsafe {
            let Some(first) = Owned::from_raw(place.replace(null_mut())) else { return Ok(()) };
            if let Ok(other) = non_null(other) {
                place.write(bytes::concat(non_null(first.as_ptr())?, other)?.into_object());
            }
        }
        Ok(())
    })
}

/// `PyBytes_Concat`, and drops the reference to `other`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_ConcatAndDel(bytes: *mut *mut PyObject, other: *mut PyObject) {
    // SAFETY: `*bytes` is an owned reference or NULL, O1, and `other` is NULL or an owned reference.
    unsafe {
        PyBytes_Concat(bytes, other);
        drop(Owned::from_raw(other));
    }
}

/// Resizes a bytes object that no other code has seen yet: `*bytes`, whose reference is taken over and which may
/// move. New bytes are uninitialised. Where others hold references to it, it is copied.
///
/// Returns 0; -1 with `*bytes` NULL and an error set: `MemoryError`, `SystemError` if it is not a bytes object or the size
/// is negative. Where a new object is made (for a size of 0 or 1, or where others hold references), also `OverflowError`
/// as `PyBytes_FromStringAndSize`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyBytes_Resize(bytes: *mut *mut PyObject, newsize: Py_ssize_t) -> c_int {
    boundary(|| {
        let place = non_null(bytes)?;
        // SAFETY: `*bytes` is an owned reference, O1; O2 after the check.
        unsafe {
            let old = Owned::from_raw(place.replace(null_mut())).ok_or(Error::NullArgument)?;
            if !bytes::check(old.as_ptr()) {
                return Err(Error::bad_argument());
            }
            place.write(bytes::resize(old.cast::<PyBytesObject>(), newsize)?.into_object());
        }
        Ok(())
    })
}
