//! `PyMemoryView_GetContiguous`: the memory itself where it is contiguous, else a copy in a bytes object.

use core::ffi::CStr;
use core::ptr::NonNull;

use crate::abi::buffer::Py_buffer;
use crate::abi::bytes::PyBytesObject;
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::buffer;
use crate::error::{Error, Result};
use crate::exporters::bytes;
use crate::layout::{MAX_NDIM, Order, fill_strides};
use crate::runtime::refs::Owned;

use super::access::Access;
use super::managed;
use super::view::{counted, from_object};

/// `PyMemoryView_GetContiguous`.
///
/// # Safety
/// O1, and W3.
pub(crate) unsafe fn get_contiguous(
    obj: NonNull<PyObject>,
    writable: bool,
    order: Order,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the function's contract; a memoryview's view is complete (B1).
    unsafe {
        let memoryview = from_object(obj)?;
        let view = &(*memoryview.as_ptr()).view;
        if writable && view.readonly != 0 {
            return Err(Error::buffer(c"underlying buffer is not writable"));
        }
        if buffer::checked_structure(view)?.is_contiguous(order) {
            return Ok(memoryview);
        }
        if writable {
            return Err(Error::buffer(c"writable contiguous buffer requested for a non-contiguous object."));
        }
        copy(&memoryview, order)
    }
}

/// `memoryview.tobytes(order)`: a bytes object with the items in `order`.
///
/// # Safety
/// O1, and W3.
pub(crate) unsafe fn to_bytes(op: NonNull<PyObject>, order: Order) -> Result<Owned<PyBytesObject>> {
    // SAFETY: the function's contract; a memoryview's view is complete (B1).
    unsafe { bytes_object(Access::new(op)?.view(), order) }
}

/// # Safety
/// B1 and W3.
unsafe fn bytes_object(view: &Py_buffer, order: Order) -> Result<Owned<PyBytesObject>> {
    // SAFETY: the function's contract; new memory of that size.
    unsafe {
        let bytes = bytes::uninitialised(view.len)?;
        buffer::to_fresh(bytes::start(bytes.as_non_null()).cast(), view, order)?;
        Ok(bytes)
    }
}

/// A memoryview of a bytes object with the same items in `order`, with the same format and shape.
///
/// # Safety
/// W3.
unsafe fn copy(memoryview: &Owned<PyMemoryViewObject>, order: Order) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the function's contract. All that is written to is new and not yet shared (O3).
    unsafe {
        let src = &(*memoryview.as_ptr()).view;
        let structure = buffer::checked_structure(src)?;
        let bytes = bytes_object(src, order)?;
        let managed = managed::of_exporter(bytes.as_non_null().cast())?;
        managed::copy_format(&managed, CStr::from_ptr(src.format))?;
        let mut strides = [0; MAX_NDIM];
        fill_strides(structure.shape.unwrap_or(&[]), src.itemsize, order, &mut strides);
        let copied = Py_buffer {
            itemsize: src.itemsize,
            ndim: src.ndim,
            shape: src.shape,
            strides: strides.as_mut_ptr(),
            ..(*managed.as_ptr()).master
        };
        counted(managed, &copied, None)
    }
}
