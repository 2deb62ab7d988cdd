//! `PyMemoryView_GetContiguous`: the memory itself where it is contiguous, else a copy in a bytes object. And copies of the simplest kind.

use core::ffi::CStr;
use core::ptr::{NonNull, null};

use crate::abi::buffer::Py_buffer;
use crate::abi::bytes::PyBytesObject;
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::buffer;
use crate::error::{Error, Result};
use crate::format;
use crate::kernels;
use crate::layout::{MAX_NDIM, Order, Structure, fill_strides};
use crate::objects::bytearray;
use crate::objects::bytes;
use crate::runtime::refs::Owned;

use super::access::Access;
use super::managed;
use super::view::{check, contiguity, counted, flags, from_object};

/// `PyMemoryView_GetContiguous`.
///
/// # Safety
/// O1, and W3.
pub(crate) unsafe fn get_contiguous(
    obj: NonNull<PyObject>,
    writable: bool,
    order: Order,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1 and W3; a memoryview's view is complete (B1).
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
        frozen_copy(view, order)
    }
}

/// Copies the bytes of one memoryview to another, where both are of one axis and contiguous, which takes a third of the time of asking
/// both for their views. Returns `false`, and does nothing, where there is more to ask, or an error to raise.
///
/// # Safety
/// O1, and W3.
pub(crate) unsafe fn copy_line(dest: NonNull<PyObject>, src: NonNull<PyObject>) -> bool {
    /// The bytes of such a memoryview, of which a release changes nothing.
    ///
    /// # Safety
    /// O1, O2.
    #[inline(always)]
    unsafe fn line(memoryview: NonNull<PyMemoryViewObject>) -> Option<usize> {
        // SAFETY: O2; the view is complete (B1), and does not change.
        unsafe {
            let view = &(*memoryview.as_ptr()).view;
            if view.ndim != 1 || !contiguity(flags(memoryview)).c {
                return None;
            }
            // A program may have said anything.
            let len = view.shape.read().checked_mul(view.itemsize).filter(|&len| len == view.len);
            len.and_then(|len| usize::try_from(len).ok())
        }
    }
    // SAFETY: the caller guarantees O1 and W3; O2 for what is a memoryview. The exporters vouch for the memory (B1).
    unsafe {
        if !check(dest.as_ptr()) || !check(src.as_ptr()) {
            return false;
        }
        let (dest, src) = (dest.cast::<PyMemoryViewObject>(), src.cast::<PyMemoryViewObject>());
        let (Some(room), Some(bytes)) = (line(dest), line(src)) else { return false };
        if (*dest.as_ptr()).view.readonly != 0 || bytes > room {
            return false;
        }
        let (Ok(to), Ok(from)) = (Access::of_memoryview(dest), Access::of_memoryview(src)) else { return false };
        kernels::copy_block(from.view().buf.cast::<u8>(), to.view().buf.cast::<u8>(), bytes);
        true
    }
}

/// `memoryview.tobytes(order)`: a bytes object with the items in `order`.
///
/// # Safety
/// O1, and W3.
pub(crate) unsafe fn to_bytes(op: NonNull<PyObject>, order: Order) -> Result<Owned<PyBytesObject>> {
    // SAFETY: the caller guarantees O1 and W3; a memoryview's view is complete (B1).
    unsafe { bytes_object(Access::new(op)?.view(), order) }
}

/// # Safety
/// B1 and W3.
unsafe fn bytes_object(view: &Py_buffer, order: Order) -> Result<Owned<PyBytesObject>> {
    // SAFETY: the caller guarantees B1 and W3; new memory of that size.
    unsafe {
        let bytes = bytes::uninitialised(view.len)?;
        buffer::to_fresh(bytes::start(bytes.as_non_null()).cast(), view, order)?;
        Ok(bytes)
    }
}

/// A memoryview of a bytes object with the same items in `order`, with the same format and shape.
///
/// # Safety
/// B1 and W3.
unsafe fn frozen_copy(view: &Py_buffer, order: Order) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees B1 and W3.
    unsafe {
        let shape = buffer::checked_structure(view)?.shape.unwrap_or(&[]);
        let memory = bytes_object(view, order)?.upcast();
        laid_over(&memory, CStr::from_ptr(view.format), view.itemsize, shape, order)
    }
}

/// A memoryview of new memory that may be written, with the same items in `order`, and with the same format and shape.
///
/// # Safety
/// O1, and W3.
pub(crate) unsafe fn copy(op: NonNull<PyObject>, order: Order) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1 and W3; a memoryview's view is complete (B1); new memory of that size.
    unsafe {
        let access = Access::new(op)?;
        let (view, structure) = (access.view(), access.structure()?);
        let order = order_of_copy(&structure, order);
        let memory = bytearray::from_memory(null(), view.len)?;
        buffer::to_fresh(bytearray::start(memory.as_non_null()).cast(), view, order)?;
        laid_over(&memory.upcast(), access.format(), view.itemsize, structure.shape.unwrap_or(&[]), order)
    }
}

/// The order in which a copy of all items lies: for `Any` that of the items, where they lie in Fortran order, else C.
pub(super) fn order_of_copy(structure: &Structure<'_>, order: Order) -> Order {
    match order {
        Order::Any if structure.is_contiguous(Order::C) => Order::C,
        Order::Any if structure.is_contiguous(Order::Fortran) => Order::Fortran,
        Order::Any => Order::C,
        order => order,
    }
}

/// A memoryview of new memory, all 0, of this format and shape.
pub(crate) fn new(format: &CStr, shape: &[isize], order: Order) -> Result<Owned<PyMemoryViewObject>> {
    let itemsize = format::size(format)?;
    if shape.iter().any(|&items| items < 0) {
        return Err(Error::value(c"shape must not be negative"));
    }
    let structure =
        Structure { ndim: shape.len(), len: isize::MAX, itemsize, shape: Some(shape), strides: None, suboffsets: None };
    // A size that overflows is a failed allocation.
    structure.check().map_err(|error| if shape.len() > MAX_NDIM { error } else { Error::no_memory() })?;
    let len = structure.bytes();
    // SAFETY: new memory of that size, which no other code uses yet.
    unsafe {
        let memory = bytearray::from_memory(null(), len.cast_signed())?;
        bytearray::start(memory.as_non_null()).write_bytes(0, len);
        laid_over(&memory.upcast(), format, itemsize, shape, order)
    }
}

/// A memoryview of all bytes of an exporter, as items of this format and shape in `order`.
///
/// # Safety
/// O1; the exporter is one of plain bytes, as many as the shape needs.
pub(super) unsafe fn laid_over(
    memory: &Owned<PyObject>,
    format: &CStr,
    itemsize: isize,
    shape: &[isize],
    order: Order,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1; its exporter has as many bytes as the shape needs; no other code has seen the managed
    // buffer (O3).
    unsafe {
        let managed = managed::of_exporter(memory.as_non_null())?;
        managed::copy_format(&managed, format)?;
        let mut strides = [0; MAX_NDIM];
        fill_strides(shape, itemsize, order, &mut strides);
        let view = Py_buffer {
            itemsize,
            // At most `MAX_NDIM`, which the callers have checked.
            ndim: i32::try_from(shape.len()).unwrap_or(0),
            shape: shape.as_ptr().cast_mut(),
            strides: strides.as_mut_ptr(),
            ..(*managed.as_ptr()).master
        };
        counted(managed, &view)
    }
}
