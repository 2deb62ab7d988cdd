//! Memoryviews
//!
//! A memoryview is an object that holds a view: it can be shared, kept, and asked for views itself. It takes a full view
//! of its exporter once; memoryviews made from it use the same snapshot, and the exporter's view is released when the
//! last of them is released or destroyed. A memoryview always has shape, strides and format.

use core::ffi::{CStr, c_char, c_int};

use crate::abi::buffer as c;
use crate::abi::buffer::Py_buffer;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Error, Result};
use crate::objects::memoryview;
use crate::runtime::boundary::{boundary, non_null};

use super::buffer::{definite_order_of, order_of, slice_of};

/// What `PyBUF_READ` or `PyBUF_WRITE` as an argument say.
fn is_writable(flags: c_int) -> Result<bool> {
    match flags {
        c::PyBUF_READ => Ok(false),
        c::PyBUF_WRITE => Ok(true),
        _ => Err(Error::system(c"flags must be PyBUF_READ or PyBUF_WRITE")),
    }
}

/// A memoryview of what `obj` exports; where `obj` is a memoryview, another one on the same snapshot. A new reference.
///
/// NULL with an error set: `TypeError` where `obj` exports nothing, `ValueError` for a memoryview that has been released
/// or more than 64 axes, `BufferError` where the exporter's answer is wrong (see "Buffers"), `MemoryError`, and
/// whatever the exporter raises.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMemoryView_FromObject(obj: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1.
        unsafe { memoryview::from_object(obj) }
    })
}

/// A memoryview of `size` bytes at `mem`, which the program keeps alive. `flags` is `PyBUF_READ` or `PyBUF_WRITE`. A new
/// reference. NULL with `MemoryError`, or `SystemError` for a NULL `mem` where `size` is not 0, a negative size or other
/// flags.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMemoryView_FromMemory(mem: *mut c_char, size: Py_ssize_t, flags: c_int) -> *mut PyObject {
    boundary(|| {
        if mem.is_null() && size > 0 {
            return Err(Error::NullArgument);
        }
        let writable = is_writable(flags)?;
        if size < 0 {
            return Err(Error::bad_argument());
        }
        // SAFETY: the program keeps `size` bytes at `mem` for as long as the view is used.
        unsafe { memoryview::from_memory(mem.cast(), size, writable) }
    })
}

/// A memoryview of the memory that `info` describes. The three arrays are copied; the memory and the format stay the
/// program's, which keeps them alive; `info->obj` is not used, and `info` need not be released on its account. `shape` may
/// be NULL for one axis, and `strides` for C order. The format is not parsed before it is used. A new reference.
///
/// NULL with an error set: `ValueError` for a NULL `info->buf` or more than 64 axes, `BufferError` where `info`
/// contradicts itself, `MemoryError`, `SystemError` for NULL. A `len` above `product(shape) * itemsize` is not an error, as in
/// CPython: copies of all bytes are then `len` bytes long.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMemoryView_FromBuffer(info: *const Py_buffer) -> *mut PyObject {
    boundary(|| {
        let info = non_null(info.cast_mut())?;
        // SAFETY: B1; the program guarantees that the memory and the format outlive the view.
        unsafe { memoryview::from_buffer(info.as_ref()) }
    })
}

/// A memoryview of what `obj` exports, contiguous in `order`: of the memory itself if it is contiguous already, else (for
/// `PyBUF_READ` only) of a copy in a bytes object, with the same format and shape. A new reference. If new memory
/// is needed, `pybuffer_memoryview_copy` always makes it.
///
/// NULL with an error set: `BufferError` where `PyBUF_WRITE` cannot be satisfied, those of
/// `PyMemoryView_FromObject`, `OverflowError` for a copy too large for a bytes object, `SystemError` for another `buffertype`
/// or `order`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMemoryView_GetContiguous(
    obj: *mut PyObject,
    buffertype: c_int,
    order: c_char,
) -> *mut PyObject {
    boundary(|| {
        let (obj, writable, order) = (non_null(obj)?, is_writable(buffertype)?, order_of(order)?);
        // SAFETY: O1.
        unsafe { memoryview::get_contiguous(obj, writable, order) }
    })
}

/// A memoryview of new memory, all 0 and writable, as items of `format` in `ndim` axes of this shape, contiguous in `order`:
/// 'C' or 'F'. The memory belongs to a bytearray, the view's base. `shape` may be NULL where `ndim` is 0. A new reference.
///
/// NULL with `ValueError` for an invalid format, a negative shape or more than 64 axes, `MemoryError`, `SystemError` for
/// NULL, a negative `ndim` or another order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_new(
    format: *const c_char,
    ndim: c_int,
    shape: *const Py_ssize_t,
    order: c_char,
) -> *mut PyObject {
    boundary(|| {
        let (format, order) = (non_null(format.cast_mut())?, definite_order_of(order)?);
        // SAFETY: not NULL, so the program guarantees a C string, and as many entries.
        unsafe { memoryview::new(CStr::from_ptr(format.as_ptr()), slice_of(shape, ndim)?, order) }
    })
}

/// A memoryview of new, writable memory with the items of another memoryview, contiguous in `order` ('C', 'F', or 'A' for
/// Fortran order where the view is Fortran-contiguous and C order else), of the same format and shape. A new reference.
///
/// NULL with `TypeError` if `view` is not a memoryview, `ValueError` where it has been released, `MemoryError`, `SystemError`
/// for NULL or another order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_copy(view: *mut PyObject, order: c_char) -> *mut PyObject {
    boundary(|| {
        let (view, order) = (non_null(view)?, order_of(order)?);
        // SAFETY: O1.
        unsafe { memoryview::copy(view, order) }
    })
}

/// Gives the memory up before the object is destroyed; every later use is an error. Releasing twice is not an error.
///
/// Returns 0; -1 with `BufferError` while consumers hold views of this memoryview (nothing is changed then), `TypeError`
/// if `view` is not a memoryview, `SystemError` for NULL. CPython: the method `memoryview.release()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_release(view: *mut PyObject) -> c_int {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1.
        unsafe { memoryview::release(view) }
    })
}

/// Whether a memoryview has been released: 1 or 0; -1 with `TypeError` if it is not a memoryview, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_is_released(view: *mut PyObject) -> c_int {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1.
        unsafe { memoryview::is_released(view) }
    })
}

/// Whether a memoryview and what `b` exports have the same shape and equal items, whatever their formats: 1 or 0.
///
/// Two items are equal if they have the same number of values, which are equal by Python's `==`: integers, floats,
/// bools and complex numbers by value, without rounding, units of text with each other, bytes with bytes. NaN equals
/// nothing. Names and the nesting of records do not count, nor does padding. `PyObject_RichCompareBool` does the same for
/// the struct module's formats, as CPython does, and treats views of any other (records, sub-arrays, complex numbers, long
/// doubles, text) as unequal. Two native "?" are compared by their truth here.
///
/// A memoryview that has been released is equal to itself only, a view of an invalid format to none. No thread may write the
/// memory meanwhile.
///
/// -1 with an error set: `TypeError` if `a` is not a memoryview, or `b` exports nothing, what its exporter raises,
/// `ValueError` where an item is smaller than its format, `MemoryError` for a format of many items, or windows that overlap along many
/// axes, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_equal(a: *mut PyObject, b: *mut PyObject) -> c_int {
    boundary(|| {
        let (a, b) = (non_null(a)?, non_null(b)?);
        // SAFETY: O1.
        unsafe { memoryview::equal_values(a, b) }
    })
}
