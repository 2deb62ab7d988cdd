//! Items of memoryviews
//!
//! Items are named by `nindices` indices, one for each axis; negative ones count from the end. A view of no axes has one
//! item and takes no indices (`indices` may be NULL then). The values of an item are those of its format, see "Formats":
//! for a format like "d" one, for "<ihd" three. Items may have any format of this library, and lie anywhere. The other
//! properties of the view, its number of axes, shape, strides and so on, are in `PyMemoryView_GET_BUFFER(view)`; its length
//! along the first axis is `PyObject_Length(view)`.
//!
//! Errors that every function here may set: `ValueError` for a memoryview that has been released, or whose items are
//! smaller than its format says, or whose format is invalid; `TypeError` for an object that is not a memoryview, or another
//! number of indices; `IndexError` that names the axis, counted from 1, for an index out of bounds; `SystemError` for NULL
//! or a negative count; `MemoryError`.

use core::ffi::{c_char, c_int, c_void};

use crate::abi::format::pybuffer_value;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::format::CNumber;
use crate::objects::memoryview;
use crate::runtime::boundary::{boundary, non_null};

use super::buffer::{count_of, order_of, slice_of};

/// The address of an item, in the memory of the view. It may be used for as long as this view, or another one of the same
/// snapshot (made from it, or that it was made from), has not been released.
///
/// CPython: `PyBuffer_GetPointer`, which does not check that the indices are within the shape.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_item_pointer(
    view: *mut PyObject,
    indices: *const Py_ssize_t,
    nindices: c_int,
) -> *mut c_void {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1, W3; `nindices` indices may be read.
        unsafe { memoryview::item_pointer(view, slice_of(indices, nindices)?) }
    })
}

/// Unpacks an item to `values`, as many as its format has, which `nvalues` must be. Bytes stay in the memory of the view,
/// and are pointed to: they may be used for as long as the address of an item, see `pybuffer_memoryview_item_pointer`.
///
/// Returns 0; -1 also with `ValueError` for another number of values. CPython: `view[i, j]`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_get_item(
    view: *mut PyObject,
    indices: *const Py_ssize_t,
    nindices: c_int,
    values: *mut pybuffer_value,
    nvalues: c_int,
) -> c_int {
    boundary(|| {
        let (view, values) = (non_null(view)?, non_null(values)?);
        let count = count_of(nvalues)?;
        // SAFETY: O1, W3; `nindices` indices may be read, and `nvalues` values written.
        unsafe { memoryview::get_item(view, slice_of(indices, nindices)?, values.as_ptr(), count) }
    })
}

/// Packs an item from `values`, as many as its format has, which `nvalues` must be: each is checked as by
/// `pybuffer_format_pack`, and padding becomes 0.
///
/// Returns 0; -1 also with `TypeError` where the memory is read-only or a value is of the wrong kind, `ValueError` for
/// another number of values or one that is out of range. Nothing is written then. CPython: `view[i, j] = value`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_set_item(
    view: *mut PyObject,
    indices: *const Py_ssize_t,
    nindices: c_int,
    values: *const pybuffer_value,
    nvalues: c_int,
) -> c_int {
    boundary(|| {
        let (view, values) = (non_null(view)?, non_null(values.cast_mut())?);
        // SAFETY: O1, W3; `nindices` indices and `nvalues` values may be read.
        unsafe {
            let values = slice_of(values.as_ptr(), nvalues)?;
            memoryview::set_item(view, slice_of(indices, nindices)?, values)
        }
    })
}

/// The body of `pybuffer_memoryview_get_int64` and its kin.
///
/// # Safety
/// O1; `nindices` indices; a number may be written.
unsafe fn get<T: CNumber>(view: *mut PyObject, indices: *const Py_ssize_t, nindices: c_int, number: *mut T) -> c_int {
    boundary(|| {
        let (view, number) = (non_null(view)?, non_null(number)?);
        // SAFETY: the caller guarantees O1, and has `nindices` indices, and room for a number.
        unsafe { number.write(memoryview::get_number(view, slice_of(indices, nindices)?)?) };
        Ok(())
    })
}

/// The body of `pybuffer_memoryview_set_int64` and its kin.
///
/// # Safety
/// O1; `nindices` indices.
unsafe fn set<T: CNumber>(view: *mut PyObject, indices: *const Py_ssize_t, nindices: c_int, number: T) -> c_int {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: the caller guarantees O1, and has `nindices` indices.
        unsafe { memoryview::set_number(view, slice_of(indices, nindices)?, number) }
    })
}

/// Reads an item as a number, converted as in C: a float is truncated towards zero. The format
/// must have one value, a number: an integer, '?', a float, bits or an address.
///
/// Returns 0; -1 also with `TypeError` if the item is not a number, `ValueError` where it has another number of values or
/// is NaN, `OverflowError` where the number does not fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_get_int64(
    view: *mut PyObject,
    indices: *const Py_ssize_t,
    nindices: c_int,
    number: *mut i64,
) -> c_int {
    // SAFETY: O1, W3; `nindices` indices may be read, and `number` is NULL or may be written.
    unsafe { get(view, indices, nindices, number) }
}

/// `pybuffer_memoryview_get_int64` for an unsigned number; a negative one does not fit.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_get_uint64(
    view: *mut PyObject,
    indices: *const Py_ssize_t,
    nindices: c_int,
    number: *mut u64,
) -> c_int {
    // SAFETY: O1, W3; `nindices` indices may be read, and `number` is NULL or may be written.
    unsafe { get(view, indices, nindices, number) }
}

/// `pybuffer_memoryview_get_int64` for a double: integers and long doubles round to the nearest one, and NaN stays NaN.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_get_double(
    view: *mut PyObject,
    indices: *const Py_ssize_t,
    nindices: c_int,
    number: *mut f64,
) -> c_int {
    // SAFETY: O1, W3; `nindices` indices may be read, and `number` is NULL or may be written.
    unsafe { get(view, indices, nindices, number) }
}

/// Writes a number to an item, converted as in C; all but 0 is true in a '?'. Padding becomes 0.
///
/// Returns 0; -1 also with `TypeError` where the memory is read-only or the item is not a number, `ValueError` where it has
/// another number of values, `OverflowError` where the number does not fit. Nothing is written then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_set_int64(
    view: *mut PyObject,
    indices: *const Py_ssize_t,
    nindices: c_int,
    number: i64,
) -> c_int {
    // SAFETY: O1, W3; `nindices` indices may be read.
    unsafe { set(view, indices, nindices, number) }
}

/// `pybuffer_memoryview_set_int64` with an unsigned number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_set_uint64(
    view: *mut PyObject,
    indices: *const Py_ssize_t,
    nindices: c_int,
    number: u64,
) -> c_int {
    // SAFETY: O1, W3; `nindices` indices may be read.
    unsafe { set(view, indices, nindices, number) }
}

/// `pybuffer_memoryview_set_int64` with a double: truncated towards zero for an integer (`ValueError` for NaN), rounded for a
/// smaller float, which becomes infinite if it is too large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_set_double(
    view: *mut PyObject,
    indices: *const Py_ssize_t,
    nindices: c_int,
    number: f64,
) -> c_int {
    // SAFETY: O1, W3; `nindices` indices may be read.
    unsafe { set(view, indices, nindices, number) }
}

/// Unpacks all items, in C order (the last index fastest), to `values`; `nvalues` must be as many as all items have. The
/// shape of the view says how they nest. Bytes stay in the memory of the view, and are pointed to.
///
/// Returns 0; -1 also with `ValueError` for another number of values. CPython: `memoryview.tolist()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_values(
    view: *mut PyObject,
    values: *mut pybuffer_value,
    nvalues: Py_ssize_t,
) -> c_int {
    boundary(|| {
        let (view, values) = (non_null(view)?, non_null(values)?);
        let count = count_of(nvalues)?;
        // SAFETY: O1, W3; `nvalues` values may be written.
        unsafe { memoryview::values(view, values.as_ptr(), count) }
    })
}

/// Packs all items, in C order, from `values`; `nvalues` must be as many as all items have. All values are checked, as by
/// `pybuffer_format_pack`, before anything is written. None may be bytes in the memory of the view.
///
/// Returns 0; -1 also with `TypeError` where the memory is read-only or a value is of the wrong kind, `ValueError` for
/// another number of values or one that is out of range. Nothing is written then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_set_values(
    view: *mut PyObject,
    values: *const pybuffer_value,
    nvalues: Py_ssize_t,
) -> c_int {
    boundary(|| {
        let (view, values) = (non_null(view)?, non_null(values.cast_mut())?);
        let count = count_of(nvalues)?;
        // SAFETY: O1, W3; `nvalues` values may be read.
        unsafe { memoryview::set_values(view, values.as_ptr(), count) }
    })
}

/// All items as they are in memory, contiguous in `order`: 'C', 'F', or 'A' for Fortran order where the view is
/// Fortran-contiguous and C order else. A new bytes object. NULL also with `SystemError` for another order, and
/// `OverflowError` for more bytes than a bytes object can have.
/// CPython: `memoryview.tobytes(order)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_tobytes(view: *mut PyObject, order: c_char) -> *mut PyObject {
    boundary(|| {
        let (view, order) = (non_null(view)?, order_of(order)?);
        // SAFETY: O1.
        unsafe { memoryview::to_bytes(view, order) }
    })
}

/// How many items have these values (`nvalues`, as many as the format has); numbers are equal by value, whatever their
/// types, and NaN equals nothing. -1 also with `ValueError` for another number of values, `TypeError` for a value of unknown
/// kind. CPython 3.14: `memoryview.count`, for one axis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_count(
    view: *mut PyObject,
    values: *const pybuffer_value,
    nvalues: c_int,
) -> Py_ssize_t {
    boundary(|| {
        let (view, values) = (non_null(view)?, non_null(values.cast_mut())?);
        // SAFETY: O1, W3; `nvalues` values may be read.
        unsafe { memoryview::count(view, slice_of(values.as_ptr(), nvalues)?) }
    })
}

/// The place of the first item that has these values, as `pybuffer_memoryview_count` compares, from `start` to before
/// `stop`; items are counted in C order, and negative places count from the end. `PY_SSIZE_T_MAX` as `stop` is the end.
///
/// -1 also with `ValueError` if there is no such item, and `TypeError` for a view of no axes. CPython 3.14: `memoryview.index`,
/// for one axis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_index(
    view: *mut PyObject,
    values: *const pybuffer_value,
    nvalues: c_int,
    start: Py_ssize_t,
    stop: Py_ssize_t,
) -> Py_ssize_t {
    boundary(|| {
        let (view, values) = (non_null(view)?, non_null(values.cast_mut())?);
        // SAFETY: O1, W3; `nvalues` values may be read.
        unsafe { memoryview::index(view, slice_of(values.as_ptr(), nvalues)?, start, stop) }
    })
}

/// An iterator over the first axis, which keeps the memoryview. Threads may share it: each place is visited once. A new
/// reference; NULL also with `TypeError` for a view of no axes. CPython: `iter(view)`, for one axis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_iter(view: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1.
        unsafe { memoryview::iterate(view) }
    })
}

/// A memoryview of the next place along the first axis: a row of a matrix, a view of no axes where there is only one. A new
/// reference; NULL without an error at the end. A place that could not be returned because of an error is skipped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_next(iterator: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let iterator = non_null(iterator)?;
        // SAFETY: O1.
        unsafe { memoryview::next(iterator) }
    })
}

/// Unpacks the next item of a view of one axis to `values`, as `pybuffer_memoryview_get_item` does. Returns 1; 0 at the
/// end; -1 with an error. An item that could not be returned because of an error is skipped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_next_item(
    iterator: *mut PyObject,
    values: *mut pybuffer_value,
    nvalues: c_int,
) -> c_int {
    boundary(|| {
        let (iterator, values) = (non_null(iterator)?, non_null(values)?);
        let count = count_of(nvalues)?;
        // SAFETY: O1, W3; `nvalues` values may be written.
        unsafe { memoryview::next_item(iterator, values.as_ptr(), count) }
    })
}
