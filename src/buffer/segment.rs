//! The single-segment functions of Python 2: an exporter's memory as plain bytes, for callers that keep no view.

use core::ffi::{CStr, c_void};

use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Error, Result};
use crate::runtime::indicator;
use crate::runtime::object;

use super::acquired::{Acquired, Both, Within};
use super::request::Request;

/// What is said where one of two operands exports no plain bytes.
pub(crate) const CANNOT_CONCAT: &CStr = c"can't concat %.100s to %.100s";

/// Two exporters' memory as plain bytes, one after the other.
pub(crate) struct Concatenation(Both);

impl Concatenation {
    /// Empty; the views are filled in place.
    pub(crate) const fn empty() -> Self {
        Self(Both::empty())
    }

    /// Asks both exporters, and returns the two lengths. As in CPython, every failure is a `TypeError`.
    ///
    /// # Safety
    /// O1 for both; called once; the value is not moved afterwards (B2). While it lives nothing runs but allocations.
    pub(crate) unsafe fn acquire(&mut self, a: *mut PyObject, b: *mut PyObject) -> Result<(Py_ssize_t, Py_ssize_t)> {
        // SAFETY: the caller guarantees O1 for both, and B2.
        unsafe {
            self.0
                .look([(a, Request::SIMPLE), (b, Request::SIMPLE)], Within::Allocations)
                .map_err(|_| object::type_mismatch(CANNOT_CONCAT, b, a))?;
        }
        Ok((self.0.first.view().len, self.0.second.view().len))
    }

    /// Writes the bytes of both.
    ///
    /// # Safety
    /// As many bytes as the two lengths together may be written at `to`, which is memory of neither; W3.
    pub(crate) unsafe fn write(&self, to: *mut u8) {
        let (left, right) = (self.0.first.view(), self.0.second.view());
        // SAFETY: the caller guarantees W3 and the room at `to`; the exporters vouch for their memory (B1).
        unsafe {
            core::ptr::copy_nonoverlapping(left.buf.cast(), to, left.len.unsigned_abs());
            core::ptr::copy_nonoverlapping(right.buf.cast(), to.wrapping_offset(left.len), right.len.unsigned_abs());
        }
    }
}

/// `PyObject_CheckReadBuffer`: whether the object answers a request for plain bytes.
///
/// # Safety
/// O1.
pub(crate) unsafe fn is_readable(obj: *mut PyObject) -> bool {
    // SAFETY: the caller guarantees O1.
    indicator::quietly(|| unsafe { read_segment(obj) }).is_ok()
}

/// `PyObject_AsReadBuffer`: where the bytes are, and how many. The view is released at once, so the caller has to know
/// that the memory stays.
///
/// # Safety
/// O1.
pub(crate) unsafe fn read_segment(obj: *mut PyObject) -> Result<(*mut c_void, Py_ssize_t)> {
    let mut view = Acquired::empty();
    // SAFETY: O1; the view stays where it is.
    unsafe { view.look(obj, Request::SIMPLE, Within::Walks)? };
    Ok((view.view().buf, view.view().len))
}

/// `PyObject_AsWriteBuffer`: [`read_segment`] for memory that may be written. As in CPython, every failure is a `TypeError`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn write_segment(obj: *mut PyObject) -> Result<(*mut c_void, Py_ssize_t)> {
    let mut view = Acquired::empty();
    // SAFETY: O1; the view stays where it is.
    unsafe { view.look(obj, Request::WRITABLE, Within::Walks) }
        .map_err(|_| Error::wrong_type(c"expected a writable bytes-like object"))?;
    Ok((view.view().buf, view.view().len))
}
