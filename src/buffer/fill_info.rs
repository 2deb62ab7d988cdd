//! Filling a view of plain bytes.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Error, Result};
use crate::runtime::refs;

use super::request::Request;

/// The format of unsigned bytes. The field in C is not const, but must not be written through.
pub(crate) const UNSIGNED_BYTES: *mut c_char = c"B".as_ptr().cast_mut();

/// The error for a missing view.
pub(crate) const NO_VIEW: Error = Error::buffer(c"PyBuffer_FillInfo: view==NULL argument is obsolete");

/// The error for a request to write to read-only memory.
pub(crate) const NOT_WRITABLE: Error = Error::buffer(c"Object is not writable.");

/// `PyBuffer_FillInfo`: `len` bytes at `buf` as one axis of unsigned bytes. The flags are as C passes them, to this function
/// or to a slot: invalid ones are a `SystemError`.
///
/// # Safety
/// `view` is NULL or may be written; `obj` is NULL or O1.
#[inline]
pub(crate) unsafe fn fill_info(
    view: *mut Py_buffer,
    obj: *mut PyObject,
    buf: *mut c_void,
    len: Py_ssize_t,
    readonly: c_int,
    flags: c_int,
) -> Result<()> {
    if view.is_null() {
        return Err(NO_VIEW);
    }
    let request = Request::new(flags)?;
    if request.writable() && readonly != 0 {
        return Err(NOT_WRITABLE);
    }
    // SAFETY: the caller guarantees O1, and the view may be written. The view owns a reference to the exporter. It may be
    // uninitialised, so it is only written.
    unsafe {
        if !obj.is_null() {
            refs::incref(obj);
        }
        view.write(Py_buffer {
            buf,
            obj,
            len,
            itemsize: 1,
            readonly,
            ndim: 1,
            format: if request.format() { UNSIGNED_BYTES } else { null_mut() },
            shape: if request.shape() { &raw mut (*view).len } else { null_mut() },
            strides: if request.strides() { &raw mut (*view).itemsize } else { null_mut() },
            suboffsets: null_mut(),
            internal: null_mut(),
        });
    }
    Ok(())
}
