//! Views without objects
//!
//! What a memoryview does, for programs that have objects of their own, with another layout or none: another implementation
//! of Python, a language with handles, a server. A `Py_buffer` comes in and a `Py_buffer` comes out; layout, formats and copies
//! are this library's, and they are the code that its memoryviews run. `examples/engine.c` is such a program.
//!
//! A view that comes in is a description of memory: `buf`, `len`, `itemsize`, `ndim`, `readonly`, and what is known of `format`
//! (NULL is "B"), `shape` (NULL is one axis of all items), `strides` (NULL is C order) and `suboffsets`. `obj` and `internal` are
//! the program's: no function here reads, counts or calls them, so they may be anything. Each view is checked as what an
//! exporter answers to `PyBUF_FULL_RO` is, also where nothing is read: a contradiction is a `BufferError`, more than 64 axes are
//! a `ValueError`. That `buf`, `format` and the arrays point to what they should is the program's word. A format is read by the
//! functions that need to know it, and only these say that it is invalid; `PyBuffer_SizeFromFormat` tells before.
//!
//! A view that comes out borrows: its `obj` and `internal` are NULL, and there is nothing to release. Its arrays are in the
//! `pybuffer_view_storage` that the program passes, its memory and its format are those of the view that it was made from. So
//! keep storage and exporter for as long as it is used, and do not move the storage. It has all fields: a format, and with any
//! axes shape and strides. `result` and `storage` may be those of the view that comes in; where a call fails they are as they were.
//!
//! What needs no function of its own: `PyBuffer_ToContiguous`, `PyBuffer_FromContiguous`, `PyBuffer_IsContiguous`,
//! `PyBuffer_GetPointer` and `PyBuffer_FillContiguousStrides` take any `Py_buffer`; items reversed along an axis are a slice
//! with step -1; a read-only view has another `readonly`; an array of numbers to convert to or from is a view of the same
//! shape. How many values an item has says `pybuffer_format_value_count` of its parsed format
//! (`pybuffer_format_parse_sized`), which is an object of this library.
//! `pybuffer_view_field` and `pybuffer_view_elements` parse the format in memory from the allocator, which they free; the others
//! allocate only for temporaries, such as for views that overlap.
//!
//! Errors that every function here may set: those above, `SystemError` for NULL or a negative count, `MemoryError`.

use core::ffi::{CStr, c_char, c_int};
use core::mem::MaybeUninit;
use core::ptr::{NonNull, null_mut};

use crate::abi::buffer::Py_buffer;
use crate::abi::format::pybuffer_value;
use crate::abi::memoryview::{pybuffer_subscript, pybuffer_view_storage};
use crate::abi::object::{Py_hash_t, Py_ssize_t};
use crate::buffer::{self, Request};
use crate::error::{Error, Result};
use crate::layout::{Order, SubscriptText};
use crate::objects::memoryview::{self, PartsOf, Stacked, Whole};
use crate::runtime::boundary::{boundary, non_null};

use super::buffer::{count_of, definite_order_of, slice_of};
use super::parts::subscripts;

/// Runs `act` with a program's view. (Not inlined, as what follows: the code is there once.)
///
/// # Safety
/// NULL, or B1, as far as that can be checked.
#[inline(never)]
unsafe fn with_view(view: *const Py_buffer, act: &mut dyn FnMut(&Whole) -> Result<()>) -> Result<()> {
    let view = non_null(view.cast_mut())?;
    let mut room = Stacked::empty();
    // SAFETY: not NULL, so the caller guarantees B1.
    unsafe { act(room.complete(view.as_ref())?) }
}

/// A program's view, checked, with what it leaves out. (Operations that take it as it is need less of the stack.)
///
/// # Safety
/// NULL, or B1, as far as that can be checked, for as long as the result is used.
unsafe fn checked<'a>(view: *const Py_buffer) -> Result<&'a Py_buffer> {
    // SAFETY: not NULL, so the caller guarantees B1.
    unsafe {
        let view = non_null(view.cast_mut())?.as_ref();
        buffer::obeys(view, Request::FULL_RO)?;
        Ok(view)
    }
}

/// What makes a view of another, on the stack.
type Make<'a> = dyn for<'s> FnMut(&'s mut Stacked, &'s Whole) -> Result<&'s Whole> + 'a;

/// Writes the view that `make` makes of the program's.
///
/// # Safety
/// As [`with_view`]; `result` and `storage` are NULL or may be written.
#[inline(never)]
unsafe fn derive(
    result: *mut Py_buffer,
    storage: *mut pybuffer_view_storage,
    view: *const Py_buffer,
    make: &mut Make<'_>,
) -> c_int {
    boundary(|| {
        let (result, storage) = (non_null(result)?, non_null(storage)?);
        // SAFETY: the caller guarantees NULL or B1 for the view, and lends the result and its storage.
        unsafe {
            with_view(view, &mut |whole| {
                let mut made = Stacked::empty();
                write(make(&mut made, whole)?.view(), result, storage);
                Ok(())
            })
        }
    })
}

/// Writes a view, with its arrays in the storage.
///
/// # Safety
/// B1 for the view, which is complete; the result and the storage may be written, and are not where the arrays of the view are.
unsafe fn write(view: &Py_buffer, result: NonNull<Py_buffer>, storage: NonNull<pybuffer_view_storage>) {
    let ndim = view.ndim.unsigned_abs() as usize;
    let array = |from: *mut Py_ssize_t, to: *mut [Py_ssize_t; 64]| {
        if from.is_null() {
            return null_mut();
        }
        // SAFETY: the caller guarantees `ndim` entries, which are at most 64, and room for them elsewhere.
        unsafe { core::ptr::copy_nonoverlapping(from, to.cast(), ndim) };
        to.cast()
    };
    // SAFETY: the caller lends the storage and the result.
    unsafe {
        let storage = storage.as_ptr();
        let shape = array(view.shape, &raw mut (*storage).shape);
        let strides = array(view.strides, &raw mut (*storage).strides);
        let suboffsets = array(view.suboffsets, &raw mut (*storage).suboffsets);
        result.write(Py_buffer { obj: null_mut(), shape, strides, suboffsets, internal: null_mut(), ..*view });
    }
}

/// The view with nothing left out: a missing shape is one axis of all items, missing strides are those of C order, a missing
/// format is "B".
///
/// Returns 0; -1 with the errors above. CPython: `PyMemoryView_FromBuffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_complete(
    result: *mut Py_buffer,
    storage: *mut pybuffer_view_storage,
    view: *const Py_buffer,
) -> c_int {
    // SAFETY: the program guarantees B1, and lends the result and its storage.
    unsafe { derive(result, storage, view, &mut |_, whole| Ok(whole)) }
}

/// Whether a view is what a request with these flags asked for: what every consumer in this library checks of what an exporter
/// answers, before it believes it. Fields that were not asked for may be there, where a consumer may ignore them.
///
/// Returns 0; -1 with `BufferError` that says which rule the view breaks, `ValueError` for more than 64 axes, `SystemError` for
/// PyBUF_READ or PyBUF_WRITE alone. PEP 3118: "Access to the memory"; CPython's consumers check nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_check(view: *const Py_buffer, flags: c_int) -> c_int {
    boundary(|| {
        let view = non_null(view.cast_mut())?;
        // SAFETY: the program guarantees B1, as far as it cannot be checked.
        unsafe { buffer::obeys(view.as_ref(), Request::new(flags)?) }
    })
}

/// Answers a request: fills `answer` as the flags ask, from the full description of the memory, by the matrix of PEP 3118 as a
/// memoryview has it. It is `pybuffer_fill_view` for exporters that are not objects of this library: `answer->obj` is NULL, for
/// the program to set, and `internal` is that of the description. `name` is the name of the exporter's type in messages.
/// The description has a shape where items are not single bytes, and strides where there are several axes: what
/// `pybuffer_view_complete` makes has all. The answer points to its arrays and its format, which must stay where they are until
/// the answer is released; of one axis without strides it points into itself, and must not be moved. `PyBuffer_Release` is only
/// for answers whose `obj` the program has set to an object of this library's layout, or left NULL.
///
/// Returns 0; -1 with `answer->obj` NULL and an error set: `BufferError` where the memory cannot meet the request, or the
/// description is incomplete; `SystemError` for PyBUF_READ or PyBUF_WRITE alone. CPython: `memoryview`'s `bf_getbuffer`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_answer(
    answer: *mut Py_buffer,
    description: *const Py_buffer,
    flags: c_int,
    name: *const c_char,
) -> c_int {
    boundary(|| {
        let answer = non_null(answer)?.as_ptr();
        let checked = || Ok((non_null(description.cast_mut())?, Request::new(flags)?, non_null(name.cast_mut())?));
        // SAFETY: the program guarantees B1 for the description, B2 for the answer, B3, and a C string. The description is copied
        // first: it may be the answer itself.
        unsafe {
            let none = |_: &Error| (&raw mut (*answer).obj).write(null_mut());
            let (description, request, name) = checked().inspect_err(none)?;
            let description = description.read();
            buffer::obeys(&description, Request::FULL_RO).inspect_err(none)?;
            buffer::answer_described(answer, name.as_ptr(), &description, request)
        }
    })
}

/// The part of a view that `count` subscripts select, as `pybuffer_memoryview_subscript`. `subscripts` may be NULL where `count`
/// is 0.
///
/// Returns 0; -1 also with `IndexError` for an index out of bounds, and for a second ellipsis; `ValueError` for a step of 0;
/// `TypeError` for more subscripts than axes; `NotImplementedError` for what suboffsets cannot express. CPython: `view[...]`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_subscript(
    result: *mut Py_buffer,
    storage: *mut pybuffer_view_storage,
    view: *const Py_buffer,
    subscripts: *const pybuffer_subscript,
    count: c_int,
) -> c_int {
    // SAFETY: the program guarantees B1 and W3, has `count` subscripts, and lends the result and its storage.
    unsafe {
        derive(result, storage, view, &mut |made, whole| {
            memoryview::select(made, whole, self::subscripts(subscripts, count)?)
        })
    }
}

/// `pybuffer_view_subscript` with subscripts in Python's syntax, such as "1:-1, ::2, ..., None, 0"; see
/// `pybuffer_memoryview_select`. -1 also with `ValueError` that says what was expected at which byte of the text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_select(
    result: *mut Py_buffer,
    storage: *mut pybuffer_view_storage,
    view: *const Py_buffer,
    subscripts: *const c_char,
) -> c_int {
    // SAFETY: the program guarantees B1 and W3, and a C string, and lends the result and its storage.
    unsafe {
        derive(result, storage, view, &mut |made, whole| {
            let text = CStr::from_ptr(non_null(subscripts.cast_mut())?.as_ptr());
            memoryview::select(made, whole, SubscriptText::new(text)?)
        })
    }
}

/// The items with the axes in another order, as `pybuffer_memoryview_permute`: axis `i` is axis `axes[i]` of the view; NULL for
/// `axes` reverses them, whatever `count` is.
///
/// Returns 0; -1 also with `ValueError` where `axes` does not name each axis once, `NotImplementedError` where axes on both
/// sides of a pointer would change places. NumPy: `transpose`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_permute(
    result: *mut Py_buffer,
    storage: *mut pybuffer_view_storage,
    view: *const Py_buffer,
    axes: *const c_int,
    count: c_int,
) -> c_int {
    // SAFETY: the program guarantees B1, has `count` entries or none, and lends the result and its storage.
    unsafe {
        derive(result, storage, view, &mut |made, whole| {
            let axes = if axes.is_null() { None } else { Some(slice_of(axes, count)?) };
            memoryview::permute_whole(made, whole, axes)
        })
    }
}

/// The items repeated to a shape, as `pybuffer_memoryview_broadcast`; `readonly` is 1 where anything is repeated. `shape` may be
/// NULL where `ndim` is 0.
///
/// Returns 0; -1 also with `ValueError` where the shape of the view does not allow it. NumPy: `broadcast_to`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_broadcast(
    result: *mut Py_buffer,
    storage: *mut pybuffer_view_storage,
    view: *const Py_buffer,
    ndim: c_int,
    shape: *const Py_ssize_t,
) -> c_int {
    // SAFETY: the program guarantees B1, has `ndim` lengths, and lends the result and its storage.
    unsafe {
        derive(result, storage, view, &mut |made, whole| {
            memoryview::broadcast_whole(made, whole, slice_of(shape, ndim)?)
        })
    }
}

/// The items in another shape, without a copy, as `pybuffer_memoryview_reshape`: `order` is 'C' or 'F', and one entry of `shape`
/// may be -1. `shape` may be NULL where `ndim` is 0.
///
/// Returns 0; -1 also with `ValueError` where the numbers of items differ, `BufferError` where strides cannot express the
/// shape, `SystemError` for another order. NumPy: `reshape`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_reshape(
    result: *mut Py_buffer,
    storage: *mut pybuffer_view_storage,
    view: *const Py_buffer,
    ndim: c_int,
    shape: *const Py_ssize_t,
    order: c_char,
) -> c_int {
    // SAFETY: the program guarantees B1, has `ndim` lengths, and lends the result and its storage.
    unsafe {
        derive(result, storage, view, &mut |made, whole| {
            memoryview::reshape_whole(made, whole, slice_of(shape, ndim)?, definite_order_of(order)?)
        })
    }
}

/// The same bytes as items of another format and shape, as `pybuffer_memoryview_cast`; NULL for `shape` is one axis of all
/// items, whatever `ndim` and `order` are. A Fortran-contiguous view can be cast to one axis, in the order of memory. The result
/// points to the text of `format`, unless that is one letter: keep it for as long as the result is used.
///
/// Returns 0; -1 also with `TypeError` where the view is not contiguous so, both formats are of more than single bytes, or
/// the bytes do not add up; `ValueError` for an invalid format, an item without bytes or an entry of `shape` below 1;
/// `SystemError` for another order than 'C' or 'F'. CPython: `memoryview.cast`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_cast(
    result: *mut Py_buffer,
    storage: *mut pybuffer_view_storage,
    view: *const Py_buffer,
    format: *const c_char,
    ndim: c_int,
    shape: *const Py_ssize_t,
    order: c_char,
) -> c_int {
    // SAFETY: the program guarantees B1 and a C string, has `ndim` lengths, and lends the result and its storage.
    unsafe {
        derive(result, storage, view, &mut |made, whole| {
            let format = CStr::from_ptr(non_null(format.cast_mut())?.as_ptr());
            // Without a shape the order does not matter.
            let order = if shape.is_null() { Order::C } else { definite_order_of(order)? };
            let shape = if shape.is_null() { None } else { Some(slice_of(shape, ndim)?) };
            memoryview::cast_whole(made, whole, format, shape, order)
        })
    }
}

/// The body of the two functions below.
///
/// # Safety
/// As [`derive`]; `size` bytes may be written at `format`.
unsafe fn parts(
    result: *mut Py_buffer,
    storage: *mut pybuffer_view_storage,
    view: *const Py_buffer,
    which: Result<PartsOf<'_>>,
    format: *mut c_char,
    size: Py_ssize_t,
) -> c_int {
    // SAFETY: the caller passes on what `derive` needs, and has room for the format.
    unsafe {
        derive(result, storage, view, &mut |made, whole| {
            let room: &mut [MaybeUninit<u8>] = match count_of(size)? {
                0 => &mut [],
                size => core::slice::from_raw_parts_mut(non_null(format)?.as_ptr().cast(), size),
            };
            memoryview::parts_of_whole(made, whole, which?, room)
        })
    }
}

/// A field of all records, as `pybuffer_memoryview_field`: "mass", "orbit.radius", "#0". The format of the field is written to
/// `format`, which has `size` bytes, and the result points there; where it is one letter the result points to a constant,
/// and nothing is written. `format` may be NULL where `size` is 0.
///
/// Returns 0; -1 also with `ValueError` where there is no such field or its format does not fit (the message says how many
/// bytes it takes), for an invalid format, or items that are smaller than it says; `TypeError` where the items are no records,
/// or the field is bits. NumPy: `a["orbit"]["radius"]`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_field(
    result: *mut Py_buffer,
    storage: *mut pybuffer_view_storage,
    view: *const Py_buffer,
    path: *const c_char,
    format: *mut c_char,
    size: Py_ssize_t,
) -> c_int {
    // SAFETY: the program guarantees B1 and a C string, has room for the format, and lends the result and its storage.
    unsafe {
        let path = non_null(path.cast_mut()).map(|path| PartsOf::Field(CStr::from_ptr(path.as_ptr())));
        parts(result, storage, view, path, format, size)
    }
}

/// The equal elements that each item consists of, along axes that follow those of the view, as
/// `pybuffer_memoryview_elements`. `format` and `size` are those of `pybuffer_view_field`.
///
/// Returns 0; -1 also with `TypeError` for records of other kinds, and for bits; `ValueError` for an invalid format, items that
/// are smaller than it says, a format that does not fit, or more than 64 axes. NumPy: `a.view(...).reshape(...)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_elements(
    result: *mut Py_buffer,
    storage: *mut pybuffer_view_storage,
    view: *const Py_buffer,
    format: *mut c_char,
    size: Py_ssize_t,
) -> c_int {
    // SAFETY: the program guarantees B1, has room for the format, and lends the result and its storage.
    unsafe { parts(result, storage, view, Ok(PartsOf::Elements), format, size) }
}

/// Unpacks the item at these indices to `values`, as `pybuffer_memoryview_get_item`. Bytes stay in the memory of the view, and
/// are pointed to. A view of no axes takes no indices, and `indices` may be NULL then.
///
/// Returns 0; -1 also with `IndexError` that names the axis; `TypeError` for another number of indices, `ValueError` for another
/// number of values, an invalid format, or an item that is smaller than it says. CPython: `view[i, j]`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_get_item(
    view: *const Py_buffer,
    indices: *const Py_ssize_t,
    nindices: c_int,
    values: *mut pybuffer_value,
    nvalues: c_int,
) -> c_int {
    // SAFETY: the program guarantees B1 and W3, has `nindices` indices, and room for `nvalues` values.
    boundary(|| unsafe {
        let (values, count) = (non_null(values)?, count_of(nvalues)?);
        with_view(view, &mut |view| view.get_item(slice_of(indices, nindices)?, values.as_ptr(), count))
    })
}

/// Packs the item at these indices from `values`, as `pybuffer_memoryview_set_item`. Returns 0; -1 with the errors of
/// `pybuffer_view_get_item`, and `TypeError` where the view is read-only or a value is of the wrong kind, `ValueError` for one
/// that is out of range. Nothing is written then. CPython: `view[i, j] = value`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_set_item(
    view: *const Py_buffer,
    indices: *const Py_ssize_t,
    nindices: c_int,
    values: *const pybuffer_value,
    nvalues: c_int,
) -> c_int {
    // SAFETY: the program guarantees B1 and W3, has `nindices` indices and `nvalues` values.
    boundary(|| unsafe {
        let values = slice_of(non_null(values.cast_mut())?.as_ptr(), nvalues)?;
        with_view(view, &mut |view| view.set_item(slice_of(indices, nindices)?, values))
    })
}

/// Unpacks all items, in C order, to `values`, of which there must be as many as all items have, as
/// `pybuffer_memoryview_values`. Returns 0; -1 also with `ValueError` for another number of values, an invalid format, or items
/// that are smaller than it says. CPython: `memoryview.tolist()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_values(
    view: *const Py_buffer,
    values: *mut pybuffer_value,
    nvalues: Py_ssize_t,
) -> c_int {
    // SAFETY: the program guarantees B1 and W3, and has room for `nvalues` values.
    boundary(|| unsafe {
        let (values, count) = (non_null(values)?, count_of(nvalues)?);
        with_view(view, &mut |view| view.values(values.as_ptr(), count))
    })
}

/// Writes one item, packed from its values, to all places of the view, as `pybuffer_memoryview_fill`. Returns 0; -1 with the
/// errors of `pybuffer_view_set_item`, but for those of indices. NumPy: `a[...] = item`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_fill(
    view: *const Py_buffer,
    values: *const pybuffer_value,
    nvalues: c_int,
) -> c_int {
    // SAFETY: the program guarantees B1 and W3, and has `nvalues` values.
    boundary(|| unsafe {
        let values = slice_of(non_null(values.cast_mut())?.as_ptr(), nvalues)?;
        with_view(view, &mut |view| view.fill(values))
    })
}

/// Copies the items of `source` to `dest`: the same shape, and the same format but for a leading '@'. The two may share memory:
/// it is as if the items went through a temporary.
///
/// Returns 0; -1 also with `TypeError` where `dest` is read-only, `ValueError` where the structures differ. Nothing is written
/// then. CPython: `view[...] = source`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_copy(dest: *const Py_buffer, source: *const Py_buffer) -> c_int {
    // SAFETY: the program guarantees B1 and W3 for both.
    boundary(|| unsafe {
        let dest = checked(dest)?;
        memoryview::copy_between(checked(source)?, dest)
    })
}

/// Copies the items of `source` to `dest`, converted to the format of that, as `pybuffer_memoryview_convert`: the same shape, any
/// layouts, which may share memory. With a view of an array as `dest` or `source` it converts items to C's numbers and
/// back.
///
/// Returns 0; -1 with the errors of `pybuffer_memoryview_convert`: `TypeError` where `dest` is read-only or values have no
/// counterpart, `ValueError` for other shapes or another number of values, `OverflowError` for a value out of range. All values
/// are checked before the first is written. NumPy: `dest[...] = source`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_convert(dest: *const Py_buffer, source: *const Py_buffer) -> c_int {
    // SAFETY: the program guarantees B1 and W3 for both.
    boundary(|| unsafe {
        // With all that they leave out, which depends on the size of an item, and not on that of the part that is converted.
        with_view(dest, &mut |dest| {
            with_view(source, &mut |source| memoryview::convert_between(source.view(), dest.view()))
        })
    })
}

/// Whether two views have the same shape and equal values, whatever their formats and layouts: 1 or 0. Where `all_formats` is 1
/// it is `pybuffer_memoryview_equal`. Where it is 0 it is CPython's `==`, for which views of formats that the struct module does
/// not know, such as records, are unequal, also to themselves.
///
/// -1 also with `ValueError` where items are smaller than their format says. CPython: `memoryview.__eq__`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_equal(a: *const Py_buffer, b: *const Py_buffer, all_formats: c_int) -> c_int {
    // SAFETY: the program guarantees B1 and W3 for both.
    boundary(|| unsafe { memoryview::equal_views(checked(a)?, checked(b)?, all_formats != 0) })
}

/// The hash of a read-only view of single bytes (`B`, `b` or `c`): that of a bytes object with the same content, see
/// `PyObject_Hash`. CPython also asks the exporter for its hash, so that only memory that does not change has one: that is
/// for the program to do.
///
/// -1 with `ValueError` where the view is not read-only or has another format. CPython: `memoryview.__hash__`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_view_hash(view: *const Py_buffer) -> Py_hash_t {
    // SAFETY: the program guarantees B1 and W3.
    boundary(|| unsafe { memoryview::hash_view(checked(view)?) })
}
