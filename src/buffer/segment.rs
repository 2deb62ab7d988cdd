//! The single-segment questions of Python 2: an exporter's memory as plain bytes, for callers that keep no view.

use core::ffi::c_void;

use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Error, Kind, Result};
use crate::runtime::indicator;

use super::request::Request;
use super::view::Acquired;

/// `PyObject_CheckReadBuffer`: whether the object answers a request for plain bytes.
///
/// # Safety
/// O1.
pub(crate) unsafe fn is_readable(obj: *mut PyObject) -> bool {
    // SAFETY: the function's contract.
    indicator::quietly(|| unsafe { read_segment(obj) }).is_ok()
}

/// `PyObject_AsReadBuffer`: where the bytes are, and how many. The view is given back at once, so the caller has to know
/// that the memory stays.
///
/// # Safety
/// O1.
pub(crate) unsafe fn read_segment(obj: *mut PyObject) -> Result<(*mut c_void, Py_ssize_t)> {
    let mut view = Acquired::empty();
    // SAFETY: O1; the view stays where it is.
    unsafe { view.acquire(obj, Request::SIMPLE)? };
    Ok((view.view().buf, view.view().len))
}

/// `PyObject_AsWriteBuffer`: the same for memory that may be written. As in CPython, every failure is a `TypeError`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn write_segment(obj: *mut PyObject) -> Result<(*mut c_void, Py_ssize_t)> {
    let mut view = Acquired::empty();
    // SAFETY: O1; the view stays where it is.
    unsafe { view.acquire(obj, Request::WRITABLE) }
        .map_err(|_| Error::new(Kind::Type, c"expected a writable bytes-like object"))?;
    Ok((view.view().buf, view.view().len))
}
