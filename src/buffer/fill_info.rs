//! Filling a view of plain bytes.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::cold_path;
use crate::runtime::refs;

use super::request::{Refusal, Request};

/// The format of unsigned bytes. The field in C is not const, but must not be written through.
pub(crate) const UNSIGNED_BYTES: *mut c_char = c"B".as_ptr().cast_mut();

/// The request of these flags, as C passes them to `PyBuffer_FillInfo` or to a slot, for a view that is to be filled.
#[inline(always)]
pub(crate) fn requested(view: *mut Py_buffer, flags: c_int) -> Result<Request, Refusal> {
    if view.is_null() { Err(Refusal::NoView) } else { Request::new(flags) }
}

/// `PyBuffer_FillInfo`: `len` bytes at `buf` as one axis of unsigned bytes.
///
/// # Safety
/// `view` is NULL or may be written; `obj` is NULL or O1.
#[inline(always)]
pub(crate) unsafe fn fill_info(
    view: *mut Py_buffer,
    obj: *mut PyObject,
    buf: *mut c_void,
    len: Py_ssize_t,
    readonly: c_int,
    flags: c_int,
) -> Result<(), Refusal> {
    let request = requested(view, flags)?;
    if request.writable() && readonly != 0 {
        return Err(Refusal::NotWritable);
    }
    // SAFETY: the caller guarantees O1, and a view that is not NULL may be written.
    unsafe { fill_bytes(view, obj, buf, len, readonly, request) };
    Ok(())
}

/// As [`fill_info`], for a request that the memory meets.
///
/// # Safety
/// `view` may be written; `obj` is NULL or O1.
#[inline(always)]
pub(crate) unsafe fn fill_bytes(
    view: *mut Py_buffer,
    obj: *mut PyObject,
    buf: *mut c_void,
    len: Py_ssize_t,
    readonly: c_int,
    request: Request,
) {
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
            format: UNSIGNED_BYTES,
            shape: &raw mut (*view).len,
            strides: &raw mut (*view).itemsize,
            suboffsets: null_mut(),
            internal: null_mut(),
        });
        keep_asked(view, request);
    }
}

/// Empties the fields of a view that the request does not ask for.
///
/// # Safety
/// `view` is filled, and may be written.
#[inline(always)]
pub(super) unsafe fn keep_asked(view: *mut Py_buffer, request: Request) {
    // SAFETY: the caller lends the view. Most requests ask for all, so a jump takes less than three selections.
    unsafe {
        if !request.format() {
            cold_path();
            // The data are plain bytes now; `itemsize` keeps its value.
            (*view).format = null_mut();
        }
        if !request.strides() {
            cold_path();
            (*view).strides = null_mut();
        }
        if !request.shape() {
            cold_path();
            (*view).ndim = 1;
            (*view).shape = null_mut();
        }
    }
}
