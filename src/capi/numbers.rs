//! Numbers of memoryviews
//!
//! All numbers of a memoryview at once, whatever their format and layout, to and from a plain array of a C type. The array
//! has them in C order (the last index changes fastest); where an item has several, such as `3f` or a record, they follow
//! each other in the order of the format. Numbers are integers, `?`, `e f d g`, bits (`t`), and addresses (`P`), which are
//! integers; a format with anything else in it (`c s p u w`, complex numbers, `O & X z Z`) is a `TypeError`.
//!
//! Numbers are converted by value, as in C, but checked. An integer or a float without its fraction that is out of
//! range is an `OverflowError`, and so is an infinite one; NaN, where an integer is needed, is a `ValueError`. Numbers that
//! become floats are rounded once, to the nearest, with ties to even; a float that is too large becomes infinite; NaN stays
//! NaN, but its payload need not. All but zero is true, NaN too.
//!
//! `pybuffer_memoryview_convert` does the same between two views, and `pybuffer_memoryview_astype` into new memory: each value of
//! an item becomes the value at the same place of the other format, however both nest. Beside numbers they take complex numbers (a
//! real number becomes one, but not the reverse; the parts of a `Zg` count as the doubles nearest to them), text, whose code
//! units have to fit, and bytes of the same kind and length.
//!
//! `count` is the number of all values: items times values of an item. The array must not share memory with the view. No other
//! thread may write what is read, or touch what is written, meanwhile; a release of the memoryview takes effect afterwards.

use core::ffi::{CStr, c_char, c_int};

use crate::abi::object::{Py_ssize_t, PyObject};
use crate::format::CType;
use crate::objects::memoryview;
use crate::runtime::boundary::{boundary, non_null};

use super::buffer::order_of;

/// # Safety
/// The contract of the functions of this section.
unsafe fn to_array<T>(view: *mut PyObject, numbers: *mut T, count: Py_ssize_t, ctype: CType) -> c_int {
    boundary(|| {
        let (view, numbers) = (non_null(view)?, non_null(numbers)?);
        // SAFETY: O1, W3; `count` numbers may be written, which are not memory of the view (W4).
        unsafe { memoryview::to_array(view, numbers.cast(), count, ctype) }
    })
}

/// # Safety
/// The contract of the functions of this section.
unsafe fn from_array<T>(view: *mut PyObject, numbers: *const T, count: Py_ssize_t, ctype: CType) -> c_int {
    boundary(|| {
        let (view, numbers) = (non_null(view)?, non_null(numbers.cast_mut())?);
        // SAFETY: O1, W3; `count` numbers may be read, which are not memory of the view (W4).
        unsafe { memoryview::from_array(view, numbers.cast(), count, ctype) }
    })
}

/// Converts all numbers of a memoryview to `double` and writes them to `numbers`, an array of `count`. Integers of 64 bits
/// and long doubles are rounded to the nearest one.
///
/// Returns 0; -1 with an error set: `ValueError` for another `count` (the message says both), a released memoryview, an
/// invalid format, or items that are smaller than it says; `TypeError` for a format with anything but numbers (the message
/// says what), or if `view` is not a memoryview; `MemoryError`, for formats of many parts only; `SystemError` for NULL, also
/// where `count` is 0. CPython has no counterpart; NumPy's is `astype`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_to_double(
    view: *mut PyObject,
    numbers: *mut f64,
    count: Py_ssize_t,
) -> c_int {
    // SAFETY: the caller's arguments are passed on: O1, and `count` numbers may be written.
    unsafe { to_array(view, numbers, count, CType::Double) }
}

/// Converts all numbers of a memoryview to `float` and writes them to `numbers`, an array of `count`. Integers and doubles are
/// rounded to the nearest one; a double that is too large becomes infinite.
///
/// Returns 0; -1 with the errors of `pybuffer_memoryview_to_double`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_to_float(
    view: *mut PyObject,
    numbers: *mut f32,
    count: Py_ssize_t,
) -> c_int {
    // SAFETY: the caller's arguments are passed on: O1, and `count` numbers may be written.
    unsafe { to_array(view, numbers, count, CType::Float) }
}

/// Converts all numbers of a memoryview to `int64_t` and writes them to `numbers`, an array of `count`.
///
/// Returns 0; -1 with the errors of `pybuffer_memoryview_to_double`, `OverflowError` for a number out of the range of
/// `int64_t`, infinite ones included, and `ValueError` for NaN. The message of these two says which number it is, counted
/// from 0 (if there are several, any of them), and part of the array may be written then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_to_int64(
    view: *mut PyObject,
    numbers: *mut i64,
    count: Py_ssize_t,
) -> c_int {
    // SAFETY: the caller's arguments are passed on: O1, and `count` numbers may be written.
    unsafe { to_array(view, numbers, count, CType::Int64) }
}

/// Converts all numbers of a memoryview to `uint64_t` and writes them to `numbers`, an array of `count`.
///
/// Returns 0; -1 with the errors of `pybuffer_memoryview_to_int64`, for the range of `uint64_t`: -0.9 is 0, and -1 is out of
/// range.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_to_uint64(
    view: *mut PyObject,
    numbers: *mut u64,
    count: Py_ssize_t,
) -> c_int {
    // SAFETY: the caller's arguments are passed on: O1, and `count` numbers may be written.
    unsafe { to_array(view, numbers, count, CType::Uint64) }
}

/// Converts `count` numbers of type `double` to the format of a memoryview and writes them to its items. Bytes that
/// belong to no value, such as padding, become 0 in items that have values; bytes of an item beyond its format are left as
/// they are. Where several items share memory, the last one in index order wins.
///
/// All numbers are checked before the first is written, so a call that fails changes nothing. Returns 0; -1 with an error
/// set: `OverflowError` for a number out of the range of its value, and `ValueError` for NaN where that is an integer
/// (the message says which number is the first such, counted from 0); `ValueError` for another `count` (the message says
/// both), a released memoryview, an invalid format, or items that are smaller than it says; `TypeError` for read-only
/// memory, for a format with anything but numbers (the message says what), or if `view` is not a memoryview;
/// `MemoryError`, for formats of many parts only; `SystemError` for NULL, also where `count` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_from_double(
    view: *mut PyObject,
    numbers: *const f64,
    count: Py_ssize_t,
) -> c_int {
    // SAFETY: the caller's arguments are passed on: O1, and `count` numbers may be read.
    unsafe { from_array(view, numbers, count, CType::Double) }
}

/// As `pybuffer_memoryview_from_double`, with the same errors, for numbers of type `float`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_from_float(
    view: *mut PyObject,
    numbers: *const f32,
    count: Py_ssize_t,
) -> c_int {
    // SAFETY: the caller's arguments are passed on: O1, and `count` numbers may be read.
    unsafe { from_array(view, numbers, count, CType::Float) }
}

/// As `pybuffer_memoryview_from_double`, with the same errors but that for NaN, for numbers of type `int64_t`. They are
/// rounded once, also to a `float`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_from_int64(
    view: *mut PyObject,
    numbers: *const i64,
    count: Py_ssize_t,
) -> c_int {
    // SAFETY: the caller's arguments are passed on: O1, and `count` numbers may be read.
    unsafe { from_array(view, numbers, count, CType::Int64) }
}

/// As `pybuffer_memoryview_from_int64`, for numbers of type `uint64_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_from_uint64(
    view: *mut PyObject,
    numbers: *const u64,
    count: Py_ssize_t,
) -> c_int {
    // SAFETY: the caller's arguments are passed on: O1, and `count` numbers may be read.
    unsafe { from_array(view, numbers, count, CType::Uint64) }
}

/// Converts the values of all items of `source`, any exporter, to the format of `dest`, a memoryview of the same shape, and writes them
/// to its items. Records become records with as many values, in the order of the fields. The two may have any layout, and may
/// share memory: it is as if the values went through a temporary. Bytes that belong to no value, such as padding, become 0;
/// bytes of an item beyond its format are left as they are. Where several items share memory, the last one in index order wins.
///
/// All values are checked before the first is written, so a call that fails changes nothing. Returns 0; -1 with an error
/// set: `OverflowError` for a value out of the range of its item, and `ValueError` for NaN where that is an integer (the
/// message says the value and the format); `ValueError` where the shapes, or the numbers of values of an item, differ (the message
/// says both), for a released memoryview, an invalid format, or items that are smaller than it says, and for bytes of
/// different lengths; `TypeError` for read-only memory, for formats whose values do not convert to each other (the message
/// says why), if `dest` is not a memoryview or `source` exports nothing; what its exporter raises; `MemoryError`;
/// `SystemError` for NULL. NumPy: `dest[...] = source`. `PyObject_CopyData` copies bytes, whatever the formats.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_convert(dest: *mut PyObject, source: *mut PyObject) -> c_int {
    boundary(|| {
        let (dest, source) = (non_null(dest)?, non_null(source)?);
        // SAFETY: O1 for both, and W3.
        unsafe { memoryview::convert(dest, source) }
    })
}

/// A memoryview of new, writable memory with the values of another one, converted to this format as by
/// `pybuffer_memoryview_convert`, of the same shape, and contiguous in `order` ('C', 'F', or 'A' for Fortran order where the view is
/// Fortran-contiguous and C order else). A new reference.
///
/// NULL with the errors of `pybuffer_memoryview_convert`, and `SystemError` for another order. NumPy: `astype`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_astype(
    view: *mut PyObject,
    format: *const c_char,
    order: c_char,
) -> *mut PyObject {
    boundary(|| {
        let (view, format, order) = (non_null(view)?, non_null(format.cast_mut())?, order_of(order)?);
        // SAFETY: O1, and W3; not NULL, so the program guarantees a C string.
        unsafe { memoryview::as_type(view, CStr::from_ptr(format.as_ptr()), order) }
    })
}
