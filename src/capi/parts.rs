//! Parts of memoryviews
//!
//! A part of a memoryview, or another arrangement of its axes, is a memoryview on the same memory: no item is copied, and
//! writing to one writes to the other. It remains valid when the memoryview that it was made from is released or
//! destroyed. All of them work on strides of any sign, on axes without items, and on memory behind pointers (suboffsets),
//! where they say `NotImplementedError` for what suboffsets cannot express.
//!
//! Errors that every function here may set: `ValueError` for a memoryview that has been released, `TypeError` for an object
//! that is not one, `SystemError` for NULL or a negative count, `MemoryError`.

use core::ffi::{CStr, c_char, c_int};

use crate::abi::format::pybuffer_value;
use crate::abi::memoryview as c;
use crate::abi::memoryview::pybuffer_subscript;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Error, Result};
use crate::layout::{Order, Subscript, SubscriptText};
use crate::objects::memoryview;
use crate::runtime::boundary::{boundary, non_null};

use super::buffer::{definite_order_of, slice_of};

/// The subscripts that C gives.
///
/// # Safety
/// NULL, or as many as `count` says.
pub(super) unsafe fn subscripts<'a>(
    start: *const pybuffer_subscript,
    count: c_int,
) -> Result<impl Iterator<Item = Subscript> + Clone + 'a> {
    // SAFETY: the caller guarantees that `start` is NULL or has `count` entries.
    let given: &'a [pybuffer_subscript] = unsafe { slice_of(start, count)? };
    if given.iter().any(|one| !(c::PYBUFFER_SUBSCRIPT_INDEX..=c::PYBUFFER_SUBSCRIPT_NEWAXIS).contains(&one.kind)) {
        return Err(Error::system(c"unknown subscript kind"));
    }
    let end = |given: Py_ssize_t| (given != Py_ssize_t::MIN).then_some(given);
    Ok(given.iter().map(move |one| match one.kind {
        c::PYBUFFER_SUBSCRIPT_INDEX => Subscript::Index(one.start),
        c::PYBUFFER_SUBSCRIPT_SLICE => {
            Subscript::Slice { start: end(one.start), stop: end(one.stop), step: end(one.step) }
        }
        c::PYBUFFER_SUBSCRIPT_ELLIPSIS => Subscript::Ellipsis,
        _ => Subscript::NewAxis,
    }))
}

/// The part that `count` subscripts select, one for each axis from the first on; what they leave out is taken whole.
/// Integers remove an axis, slices keep it, and are clipped as in Python; an ellipsis stands for the axes in the middle
/// that are left out, and a new axis has one item. With an index for each axis the part has no axes. `subscripts` may be
/// NULL where `count` is 0. A new reference.
///
/// NULL also with `IndexError` that names the axis (counted from 1) for an index out of bounds, and for a second ellipsis;
/// `ValueError` for a step of 0 or more than 64 axes; `TypeError` for more subscripts than axes; `NotImplementedError`
/// where indices would leave two pointers to follow in succession, or a part begins before where its pointers lead.
/// CPython: `view[...]`, which returns the value of an item instead of a view of no axes; slices of one axis only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_subscript(
    view: *mut PyObject,
    subscripts: *const pybuffer_subscript,
    count: c_int,
) -> *mut PyObject {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1, W3; `count` subscripts may be read.
        unsafe { memoryview::subscript(view, self::subscripts(subscripts, count)?) }
    })
}

/// The part that subscripts in Python's syntax select, such as "1:-1, ::2, ..., None, 0": indices, slices, `...` and `None` (or
/// `newaxis`), with commas between them, as in `pybuffer_memoryview_subscript`. Numbers are decimal; the ends of a slice
/// may be left out, or `None`. A new reference.
///
/// NULL with `ValueError` that says what was expected at which byte of the text, counted from 0, and with the errors of
/// `pybuffer_memoryview_subscript`. NumPy: `a[1:-1, ::2, ..., None, 0]`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_select(view: *mut PyObject, subscripts: *const c_char) -> *mut PyObject {
    boundary(|| {
        let (view, subscripts) = (non_null(view)?, non_null(subscripts.cast_mut())?);
        // SAFETY: O1, W3; not NULL, so the program guarantees a C string.
        unsafe { memoryview::subscript(view, SubscriptText::new(CStr::from_ptr(subscripts.as_ptr()))?) }
    })
}

/// A field of all records of a memoryview. The path names it: "mass", and in records of records "orbit.radius"; "#0" is the
/// first field of a record, whatever its name. Of a name with dots in it the longest one that fits counts. Where the field,
/// or a record on the way, is a sub-array, its axes follow those of the view. A new reference.
///
/// The format is that of the field: of a number in the machine's byte order its native code. Fields of any layout
/// can be had, of pointers the addresses.
///
/// NULL also with `ValueError` where there is no such field, or the view would have more than 64 axes; for an invalid format, or
/// items that are smaller than it says; `TypeError` where the items are no records, or the field is bits (`t`), which
/// have no address. NumPy: `a["orbit"]["radius"]`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_field(view: *mut PyObject, path: *const c_char) -> *mut PyObject {
    boundary(|| {
        let (view, path) = (non_null(view)?, non_null(path.cast_mut())?);
        // SAFETY: O1; not NULL, so the program guarantees a C string.
        unsafe { memoryview::field(view, CStr::from_ptr(path.as_ptr())) }
    })
}

/// The equal elements that each item consists of, as items of axes that follow those of the view: of "3f" three `f` along
/// one axis, of "(2,3)d" six `d` along two, of a complex number its two parts, of text ("5w") its code units, of a record of
/// equal numbers without padding ("fff") these. Where an item is one element no axis is added. A new reference.
///
/// NULL also with `TypeError` for records of other kinds, and for bits (`t`), which have no addresses; `ValueError` for an
/// invalid format, items that are smaller than it says, or more than 64 axes. NumPy: `a.view(...).reshape(...)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_elements(view: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1.
        unsafe { memoryview::elements(view) }
    })
}

/// Copies the items of `source`, any exporter, to the part that the subscripts select: the same shape, and the same format
/// but for a leading '@'. The two may share memory: it is as if the items went through a temporary.
///
/// Returns 0; -1 with `TypeError` where the memory is read-only or `source` exports nothing, `ValueError` where the
/// structures differ, those of `pybuffer_memoryview_subscript`, and whatever the exporter raises. Nothing is written then.
/// CPython: `view[...] = source`, for one axis.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_assign(
    view: *mut PyObject,
    subscripts: *const pybuffer_subscript,
    count: c_int,
    source: *mut PyObject,
) -> c_int {
    boundary(|| {
        let (view, source) = (non_null(view)?, non_null(source)?);
        // SAFETY: O1 for both, W3; `count` subscripts may be read.
        unsafe { memoryview::assign(view, self::subscripts(subscripts, count)?, source) }
    })
}

/// Writes one item to all places of the part that the subscripts select, packed from its values as by
/// `pybuffer_memoryview_set_item`.
///
/// Returns 0; -1 with the errors of that function and of `pybuffer_memoryview_subscript`. Nothing is written then.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_fill(
    view: *mut PyObject,
    subscripts: *const pybuffer_subscript,
    count: c_int,
    values: *const pybuffer_value,
    nvalues: c_int,
) -> c_int {
    boundary(|| {
        let (view, values) = (non_null(view)?, non_null(values.cast_mut())?);
        // SAFETY: O1, W3; `count` subscripts and `nvalues` values may be read.
        unsafe {
            let values = slice_of(values.as_ptr(), nvalues)?;
            memoryview::fill(view, self::subscripts(subscripts, count)?, values)
        }
    })
}

/// The items in reverse order along one axis; a negative axis counts from the last. A new reference; NULL also with
/// `ValueError` where there is no such axis, `NotImplementedError` as `pybuffer_memoryview_subscript`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_flip(view: *mut PyObject, axis: c_int) -> *mut PyObject {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1.
        unsafe { memoryview::flip(view, axis as Py_ssize_t) }
    })
}

/// The items with the axes in another order: axis `i` of the new view is axis `axes[i]` of the old one, negative ones
/// counting from the last; `axes` has as many entries as the view has axes. NULL for `axes` reverses the order, which
/// transposes a matrix. A new reference.
///
/// NULL also with `ValueError` where `axes` does not name each axis once, `NotImplementedError` where axes on both sides
/// of a pointer would change places. NumPy: `transpose`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_permute(
    view: *mut PyObject,
    axes: *const c_int,
    count: c_int,
) -> *mut PyObject {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1; `axes` is NULL or has `count` entries.
        unsafe {
            let axes = if axes.is_null() { None } else { Some(slice_of(axes, count)?) };
            memoryview::permute(view, axes)
        }
    })
}

/// The items repeated to a shape: axes of one item get as many as `shape` says, all in the same place, and so do missing
/// leading axes. The new view is read-only where anything is repeated, since one item stands for many. `shape`
/// may be NULL where `ndim` is 0. A new reference.
///
/// NULL also with `ValueError` where the shape of the view does not allow it, or the result is larger than memory.
/// NumPy: `broadcast_to`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_broadcast(
    view: *mut PyObject,
    ndim: c_int,
    shape: *const Py_ssize_t,
) -> *mut PyObject {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1; `shape` has `ndim` entries.
        unsafe { memoryview::broadcast(view, slice_of(shape, ndim)?) }
    })
}

/// The items in another shape, counted in `order`: 'C', the last index fastest, or 'F', the first. One entry of
/// `shape` may be -1: it is what the others leave. It takes no copy: where that would be needed, it fails. `shape` may be
/// NULL where `ndim` is 0. A new reference.
///
/// NULL also with `ValueError` where the numbers of items differ, `BufferError` where
/// strides cannot express the shape (`PyMemoryView_GetContiguous` makes a copy that can), `SystemError` for another order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_reshape(
    view: *mut PyObject,
    ndim: c_int,
    shape: *const Py_ssize_t,
    order: c_char,
) -> *mut PyObject {
    boundary(|| {
        let (view, order) = (non_null(view)?, definite_order_of(order)?);
        // SAFETY: O1; `shape` has `ndim` entries.
        unsafe { memoryview::reshape(view, slice_of(shape, ndim)?, order) }
    })
}

/// The same bytes as items of another format and shape. A contiguous view becomes one of one axis, or one of one axis
/// becomes one of `ndim` axes in `order`, 'C' or 'F'; one of the two formats is a byte format (`B`, `b` or `c`), the
/// other one may be any. NULL for `shape` means one axis, of all items, and `ndim` and `order` do not
/// matter. A new reference.
///
/// NULL also with `TypeError` where the view is not C-contiguous (a Fortran-contiguous one is fine where the new one has one
/// axis), has an axis without items, neither shape has one axis, neither format is a byte format, or the bytes do not add up
/// to whole items or to the shape; `ValueError` for an invalid format, an item without bytes, an entry of `shape`
/// below 1, or more than 64 axes; `SystemError` for another order.
/// CPython: `memoryview.cast`, which takes native formats of one code only; the order, and Fortran-contiguous views, are
/// those of CPython 3.16.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_cast(
    view: *mut PyObject,
    format: *const c_char,
    ndim: c_int,
    shape: *const Py_ssize_t,
    order: c_char,
) -> *mut PyObject {
    boundary(|| {
        let (view, format) = (non_null(view)?, non_null(format.cast_mut())?);
        // Without a shape the order does not matter. An array of no entries is a shape, too.
        let order = if shape.is_null() { Order::C } else { definite_order_of(order)? };
        // SAFETY: O1; a C string, and `shape` is NULL or has `ndim` entries.
        unsafe {
            let shape = if shape.is_null() { None } else { Some(slice_of(shape, ndim)?) };
            memoryview::cast(view, CStr::from_ptr(format.as_ptr()), shape, order)
        }
    })
}

/// The same memory, read-only through the new view. A new reference. CPython: `memoryview.toreadonly()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_toreadonly(view: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1.
        unsafe { memoryview::to_readonly(view) }
    })
}
