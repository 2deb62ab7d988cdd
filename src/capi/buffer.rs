//! Buffers
//!
//! The buffer protocol of PEP 3118. A consumer asks an exporter for a view with request flags (`PyObject_GetBuffer`),
//! uses the memory, and releases the view (`PyBuffer_Release`), once for each success. An exporter answers a request
//! exactly or refuses it with a `BufferError`.
//!
//! `PyObject_GetBuffer` passes on the exporter's answer, right or wrong, as CPython does. Where this library itself
//! reads or writes an exporter's memory (`PyMemoryView_FromObject`, `PyBytes_FromObject`, `PyObject_CopyData`,
//! concatenation, old buffers and all others that take an exporter), it checks the answer first. A wrong answer is
//! released, and is a `BufferError`, or what the function says of an exporter that refuses. An answer is wrong where
//!
//!   - it is read-only though writable memory was asked for;
//!   - it is not contiguous, or has suboffsets, though the request excluded that;
//!   - `ndim`, `itemsize`, `len` or an entry of `shape` is negative;
//!   - `buf` is NULL and `len` is not 0, or `shape` is NULL for several axes;
//!   - `len` is not `product(shape) * itemsize` (for one axis it may be more, by less than one item).
//!
//! More than 64 axes are a `ValueError`. Fields that were not asked for may be filled in. The existence of the memory is up to
//! the exporter.
//!
//! `order` is 'C' (last index fastest), 'F' (first index fastest) or 'A' (as the memory lies, where it is contiguous in
//! either; else as 'C').

use core::ffi::{CStr, c_char, c_int, c_void};

use crate::abi::buffer::Py_buffer;
use crate::abi::chars::byte;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::buffer;
use crate::error::{Error, Result};
use crate::format;
use crate::layout::{Order, fill_strides};
use crate::objects::memoryview;
use crate::runtime::boundary::{boundary, boundary_of, non_null};

/// The order that a character names.
pub(super) fn order_of(order: c_char) -> Result<Order> {
    Order::from_char(byte(order)).ok_or(Error::system(c"order must be 'C', 'F' or 'A'"))
}

/// 'C' or 'F'.
pub(super) fn definite_order_of(order: c_char) -> Result<Order> {
    let definite = Order::from_char(byte(order)).filter(|&order| order != Order::Any);
    definite.ok_or(Error::system(c"order must be 'C' or 'F'"))
}

/// A count that C gives.
pub(super) fn count_of(given: impl TryInto<usize>) -> Result<usize> {
    given.try_into().map_err(|_| Error::bad_argument())
}

/// An array that C gives. It may be NULL if it has no entries.
///
/// # Safety
/// NULL, or as many entries as `count` says, for as long as the result is used.
pub(super) unsafe fn slice_of<'a, T>(start: *const T, count: c_int) -> Result<&'a [T]> {
    match count_of(count)? {
        0 => Ok(&[]),
        // SAFETY: `start` is not NULL, so the caller guarantees that it has `count` entries.
        count => Ok(unsafe { core::slice::from_raw_parts(non_null(start.cast_mut())?.as_ptr(), count) }),
    }
}

/// The bytes at a pointer that may be NULL where there are none.
fn bytes_at(memory: *const c_void, len: Py_ssize_t) -> Result<*mut u8> {
    if memory.is_null() && len > 0 { Err(Error::NullArgument) } else { Ok(memory.cast_mut().cast()) }
}

/// Whether the object's type exports buffers: 1 or 0. A request may still fail.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_CheckBuffer(obj: *mut PyObject) -> c_int {
    // SAFETY: O1.
    (!obj.is_null() && unsafe { buffer::is_exporter(obj) }).into()
}

/// Asks `obj` for a view of its memory. `flags` are `PyBUF_*` request flags (not `PyBUF_READ` or `PyBUF_WRITE`). What the
/// exporter answers is not checked, see above; `pybuffer_check_exporter` does that.
///
/// Returns 0: `view` is filled, with a reference to the exporter, and must be released and not moved; or -1 with
/// an error set, and `view` must not be released: `TypeError` where `obj` exports nothing, `BufferError` where it
/// cannot answer the request or `view` is NULL, `SystemError` for a NULL `obj` or invalid flags. What a faulty
/// exporter returns is passed on: a status other than 0 and -1, a failure without an error, a success with one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_GetBuffer(obj: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int {
    // SAFETY: NULL or O1; the program guarantees that the view may be written and is not moved (B2).
    unsafe { buffer::get_buffer(obj, view, flags) }
}

/// Releases a view: tells the exporter, drops the reference and sets `view->obj` to NULL. A view without exporter, one
/// that has been released, and NULL are left alone; so is a view whose `bf_releasebuffer` is running in this thread and
/// releases it again. A pending error is left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_Release(view: *mut Py_buffer) {
    if !view.is_null() {
        // SAFETY: B1.
        unsafe { buffer::release(view) };
    }
}

/// The address of the item at `indices`, an array of `view->ndim` entries, each within the shape (which is not checked).
/// NULL with `SystemError` for a NULL argument or a view without the fields that it takes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_GetPointer(view: *const Py_buffer, indices: *const Py_ssize_t) -> *mut c_void {
    boundary(|| {
        let view = non_null(view.cast_mut())?;
        // SAFETY: B1; the program guarantees that the indices are within the shape.
        unsafe { buffer::item_pointer(view.as_ref(), indices) }
    })
}

/// The size in bytes of an item of this format, in the syntax of PEP 3118 (see "Formats" below). For what Python's struct
/// module knows it is `struct.calcsize`: no padding follows the last item. It allocates nothing.
///
/// -1 with `ValueError` that names what was expected and at which byte, `SystemError` for NULL.
/// CPython: the same sizes; it knows the struct module's syntax only, and raises that module's errors.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_SizeFromFormat(format: *const c_char) -> Py_ssize_t {
    boundary(|| {
        let format = non_null(format.cast_mut())?;
        // SAFETY: not NULL, so the program guarantees a C string.
        format::size(unsafe { CStr::from_ptr(format.as_ptr()) })
    })
}

/// Whether the items of a view lie without gaps in `order`: 1 or 0. A view of no bytes is contiguous in every order; axes
/// of one item do not count; memory behind pointers never is; any other `order`, NULL, and a negative `ndim` are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_IsContiguous(view: *const Py_buffer, order: c_char) -> c_int {
    // SAFETY: NULL or B1.
    let structure = || unsafe { view.as_ref().and_then(|view| buffer::structure(view)) };
    let is = |order| structure().is_some_and(|structure| structure.is_contiguous(order));
    match Order::from_char(byte(order)) {
        // The order that is asked for most has code of its own.
        Some(Order::C) => is(Order::C),
        Some(order) => is(order),
        None => false,
    }
    .into()
}

/// Writes to `strides` the strides of contiguous memory of `ndims` axes with this `shape` and `itemsize`, in 'F' order or
/// else in C order. Nothing happens for NULL or a negative `ndims`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_FillContiguousStrides(
    ndims: c_int,
    shape: *mut Py_ssize_t,
    strides: *mut Py_ssize_t,
    itemsize: c_int,
    order: c_char,
) {
    let Ok(ndims) = usize::try_from(ndims) else { return };
    if shape.is_null() || strides.is_null() {
        return;
    }
    let order = if byte(order) == b'F' { Order::Fortran } else { Order::C };
    // SAFETY: the program guarantees: both have `ndims` entries, and they are not the same array.
    unsafe {
        let shape = core::slice::from_raw_parts(shape, ndims);
        fill_strides(shape, itemsize as isize, order, core::slice::from_raw_parts_mut(strides, ndims));
    }
}

/// For exporters of plain bytes: fills `view` with `len` bytes at `buf` as the request `flags` ask, and with a new
/// reference to `obj` (which may be NULL). Any `readonly` but 0 means that the memory must not be written. `view->shape`
/// and `view->strides` point into the view, which is why a filled view must not be moved.
///
/// Returns 0; -1 with `BufferError` where writable memory is asked for but `readonly` is set, or `view` is NULL, and
/// `SystemError` for invalid flags; `view` is then unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_FillInfo(
    view: *mut Py_buffer,
    obj: *mut PyObject,
    buf: *mut c_void,
    len: Py_ssize_t,
    readonly: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: O1 for `obj`; the view is NULL or may be written.
    boundary_of(unsafe { buffer::fill_info(view, obj, buf, len, readonly, flags) })
}

/// Copies all items of a view to contiguous memory at `buf`, in `order`. `len` must be `view->len`. Missing shape and
/// strides get their defaults; pointers are followed. `buf` must not be memory of the view.
///
/// Returns 0; -1 with `ValueError` for another `len` or more than 64 axes, `BufferError` where the view contradicts
/// itself, `SystemError` for a NULL argument or another `order`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_ToContiguous(
    buf: *mut c_void,
    view: *const Py_buffer,
    len: Py_ssize_t,
    order: c_char,
) -> c_int {
    boundary(|| {
        let view = non_null(view.cast_mut())?;
        let (buf, order) = (bytes_at(buf, len)?, order_of(order)?);
        // SAFETY: B1, W3; `len` bytes may be written at `buf`, which is not memory of the view (W4).
        unsafe { buffer::to_contiguous(buf, view.as_ref(), len, order) }
    })
}

/// Copies contiguous memory at `buf`, `len` bytes of items in `order`, to the items of a view. Bytes
/// beyond `view->len` are ignored. If `len` is less, only the whole items in it are written, or all its bytes where the view
/// is contiguous in that order.
/// Missing shape and strides get their defaults; pointers are followed. The view's memory must be writable, which is not
/// checked, and `buf` must not be part of it.
///
/// Returns 0; -1 with `BufferError` where the view contradicts itself, `ValueError` for more than 64 axes, `SystemError`
/// for a NULL argument, a negative `len` or another `order`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBuffer_FromContiguous(
    view: *const Py_buffer,
    buf: *const c_void,
    len: Py_ssize_t,
    order: c_char,
) -> c_int {
    boundary(|| {
        let view = non_null(view.cast_mut())?;
        let (buf, order) = (bytes_at(buf, len)?, order_of(order)?);
        // SAFETY: B1, W3; `len` bytes may be read at `buf`, which is not memory of the view (W4).
        unsafe { buffer::from_contiguous(view.as_ref(), buf, len, order) }
    })
}

/// Copies the items of `src` to the items of `dest`, as if through a temporary where they overlap. Where both are
/// contiguous in the same order the bytes of `src` are copied, whatever the shapes; else shape and itemsize must agree.
/// Formats are not looked at, and no value is converted: that does `pybuffer_memoryview_convert`.
///
/// Returns 0; -1 with `TypeError` if one is not an exporter, `BufferError` where `dest` is too small, not writable or of
/// another structure, or where an exporter's answer is not what was asked for, `MemoryError` where the temporary
/// cannot be allocated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_CopyData(dest: *mut PyObject, src: *mut PyObject) -> c_int {
    boundary(|| {
        let (dest, src) = (non_null(dest)?, non_null(src)?);
        // SAFETY: O1.
        unsafe {
            if memoryview::copy_line(dest, src) { Ok(()) } else { buffer::copy_data(dest.as_ptr(), src.as_ptr()) }
        }
    })
}

/// Copies contiguous memory at `buf`, `len` bytes of items in `order`, to the memory that `obj` exports.
///
/// Returns 0; -1 with an error set: what the exporter raises where it has no writable memory, `BufferError` where that is
/// smaller than `len`, and those of `PyBuffer_FromContiguous`. CPython: documented by Python 2.7 only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_CopyToObject(
    obj: *mut PyObject,
    buf: *mut c_void,
    len: Py_ssize_t,
    order: c_char,
) -> c_int {
    boundary(|| {
        let obj = non_null(obj)?;
        let (buf, order) = (bytes_at(buf, len)?, order_of(order)?);
        // SAFETY: O1, W3; `len` bytes may be read at `buf`.
        unsafe { buffer::copy_to_object(obj.as_ptr(), buf, len, order) }
    })
}

/// Whether the object answers a request for plain bytes: 1 or 0. It sets no error. CPython: removed from the headers in 3.13,
/// still in its ABI, like the three functions below.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_CheckReadBuffer(obj: *mut PyObject) -> c_int {
    // SAFETY: O1.
    (!obj.is_null() && unsafe { buffer::is_readable(obj) }).into()
}

/// Where the bytes of `obj` are, and how many, in `*buffer` and `*buffer_len`. The view is released before the function
/// returns: the caller has to know that the memory stays where it is.
///
/// Returns 0; -1 with an error set, and then nothing is written: what the exporter raises, `TypeError` if it is not an
/// exporter, `SystemError` for a NULL argument.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_AsReadBuffer(
    obj: *mut PyObject,
    buffer: *mut *const c_void,
    buffer_len: *mut Py_ssize_t,
) -> c_int {
    boundary(|| {
        let (obj, buffer, buffer_len) = (non_null(obj)?, non_null(buffer)?, non_null(buffer_len)?);
        // SAFETY: O1; both may be written.
        unsafe {
            let (start, length) = buffer::read_segment(obj.as_ptr())?;
            buffer.write(start.cast_const());
            buffer_len.write(length);
        }
        Ok(())
    })
}

/// `PyObject_AsReadBuffer` for memory that may be written. Every failure of the exporter is a `TypeError`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_AsWriteBuffer(
    obj: *mut PyObject,
    buffer: *mut *mut c_void,
    buffer_len: *mut Py_ssize_t,
) -> c_int {
    boundary(|| {
        let (obj, buffer, buffer_len) = (non_null(obj)?, non_null(buffer)?, non_null(buffer_len)?);
        // SAFETY: O1; both may be written.
        unsafe {
            let (start, length) = buffer::write_segment(obj.as_ptr())?;
            buffer.write(start);
            buffer_len.write(length);
        }
        Ok(())
    })
}

/// `PyObject_AsReadBuffer` with the pointer as one to characters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_AsCharBuffer(
    obj: *mut PyObject,
    buffer: *mut *const c_char,
    buffer_len: *mut Py_ssize_t,
) -> c_int {
    // SAFETY: the caller's arguments are passed on: O1, and both pointers are NULL or may be written.
    unsafe { PyObject_AsReadBuffer(obj, buffer.cast(), buffer_len) }
}
