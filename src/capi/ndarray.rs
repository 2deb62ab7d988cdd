//! The general exporter
//!
//! An ndarray exports any array that PEP 3118 can describe: every format, up to 128 axes, strides of any sign, pointers
//! (suboffsets); memory of its own, or the answer of another exporter to any request. `pybuffer_ndarray_zeros` is for a
//! program that needs an array to fill; its items are accessed through a memoryview of it. The rest makes it an
//! exporter to test consumers with, which can misbehave on demand. CPython: `_testbuffer.ndarray`, an extension
//! module of its own tests; `PYBUFFER_ND_*` have the values of its `ND_*`.
//!
//! An ndarray with memory of its own has a stack of bases, each an array, of which the one on the top answers requests.
//! `pybuffer_ndarray_push` puts another one on it, `pybuffer_ndarray_pop` frees it. Each base counts its views; one that is
//! no longer on the top is freed with its last view, and one that has had none stays below.
//!
//! The `flags` of a base: `PYBUFFER_ND_WRITABLE`, `PYBUFFER_ND_FORTRAN`, `PYBUFFER_ND_PIL`, and for tests
//! `PYBUFFER_ND_GETBUF_FAIL` and `PYBUFFER_ND_GETBUF_UNDEFINED`. `PYBUFFER_ND_C` claims that an array is contiguous in
//! C order, `PYBUFFER_ND_SCALAR` in both orders; if that is false, most requests fail with a
//! `BufferError`.
//! `PYBUFFER_ND_VAREXPORT` is for the object as a whole, when it is made.
//!
//! The arguments that describe a base: `format` may be NULL ("B"); `shape` may be NULL where `ndim` is 0; `strides` may be
//! NULL, which means contiguous, in C order or, with `PYBUFFER_ND_FORTRAN`, in Fortran order. All is copied. Errors about them
//! are `ValueError` for a format that is invalid or has no bytes, a negative length, more than 128 axes, unknown flags, and for
//! an array that does not lie in its memory (see `pybuffer_verify_structure`) or has more bytes than memory can; `TypeError`
//! for `PYBUFFER_ND_PIL` without axes and for `PYBUFFER_ND_FORTRAN` with strides.
//!
//! All of this may be done from several threads at once. The program must synchronize access to the bytes of the memory, and
//! must not pop a base while it uses what `pybuffer_ndarray_get_state` points to.

use core::ffi::{CStr, c_char, c_int, c_void};

use crate::abi::format::pybuffer_value;
use crate::abi::memoryview::pybuffer_subscript;
use crate::abi::ndarray as c;
use crate::abi::ndarray::pybuffer_ndarray_state;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Error, Result};
use crate::layout::Placed;
use crate::objects::format;
use crate::objects::ndarray::{self, Layout};
use crate::runtime::boundary::{boundary, non_null};

use super::buffer::{count_of, slice_of};
use super::parts::subscripts;

/// The arguments that describe a base.
///
/// # Safety
/// The format is NULL or a C string; the arrays are NULL or have `ndim` entries.
unsafe fn layout<'a>(
    format: *const c_char,
    ndim: c_int,
    shape: *const Py_ssize_t,
    strides: *const Py_ssize_t,
    offset: Py_ssize_t,
    flags: c_int,
) -> Result<Layout<'a>> {
    // SAFETY: the caller's format is NULL or a C string, and its arrays are NULL or have `ndim` entries.
    unsafe {
        Ok(Layout {
            format: if format.is_null() { c"B" } else { CStr::from_ptr(format) },
            shape: slice_of(shape, ndim)?,
            strides: if strides.is_null() { None } else { Some(slice_of(strides, ndim)?) },
            offset,
            flags,
        })
    }
}

/// Bytes that C gives.
///
/// # Safety
/// NULL, or as many as `nbytes` says.
unsafe fn bytes<'a>(items: *const c_void, nbytes: Py_ssize_t) -> Result<&'a [u8]> {
    let start = non_null(items.cast_mut().cast::<u8>())?;
    let count = count_of(nbytes)?;
    // SAFETY: `start` is not NULL, so the caller guarantees that it has `nbytes` bytes.
    Ok(unsafe { core::slice::from_raw_parts(start.as_ptr(), count) })
}

/// Values that C gives, and the bytes of the items that they make.
///
/// # Safety
/// NULL, or as many as `nvalues` says.
unsafe fn values<'a>(
    values: *const pybuffer_value,
    nvalues: Py_ssize_t,
    layout: &Layout<'_>,
) -> Result<(&'a [pybuffer_value], Py_ssize_t)> {
    let start = non_null(values.cast_mut())?;
    let count = count_of(nvalues)?;
    let items = format::count_items(layout.format, count)?;
    let memlen = layout.itemsize()?.checked_mul(items.cast_signed()).ok_or(Error::no_memory())?;
    // SAFETY: `start` is not NULL, so the caller guarantees that it has `nvalues` values.
    Ok((unsafe { core::slice::from_raw_parts(start.as_ptr(), count) }, memlen))
}

/// An ndarray of a copy of the `nbytes` bytes at `items`, in which the item at index 0 of every axis starts at `offset`. A
/// new reference.
///
/// NULL with an error set: those of the description of a base (see above), `MemoryError`, `SystemError` for a NULL or a
/// negative count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_ndarray_new(
    items: *const c_void,
    nbytes: Py_ssize_t,
    format: *const c_char,
    ndim: c_int,
    shape: *const Py_ssize_t,
    strides: *const Py_ssize_t,
    offset: Py_ssize_t,
    flags: c_int,
) -> *mut PyObject {
    boundary(|| {
        // SAFETY: the program guarantees `nbytes` bytes, a C string or NULL, and arrays that are NULL or have `ndim` entries.
        let (items, layout) = unsafe { (bytes(items, nbytes)?, layout(format, ndim, shape, strides, offset, flags)?) };
        ndarray::new(nbytes, &layout, copy_of(items))
    })
}

/// `pybuffer_ndarray_new` from values, packed contiguously by the format: all of an item in the order of the format, as
/// `pybuffer_format_pack` takes them. CPython: `ndarray(items, shape=..., ...)`.
///
/// NULL also with `ValueError` where the values do not make whole items, one does not fit, or items of the format have
/// none; `TypeError` for a value of the wrong kind.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_ndarray_from_values(
    values: *const pybuffer_value,
    nvalues: Py_ssize_t,
    format: *const c_char,
    ndim: c_int,
    shape: *const Py_ssize_t,
    strides: *const Py_ssize_t,
    offset: Py_ssize_t,
    flags: c_int,
) -> *mut PyObject {
    boundary(|| {
        // SAFETY: the program guarantees `nvalues` values, a C string or NULL, and arrays that are NULL or have `ndim` entries.
        unsafe {
            let layout = layout(format, ndim, shape, strides, offset, flags)?;
            let (values, memlen) = self::values(values, nvalues, &layout)?;
            ndarray::new(memlen, &layout, |memory| format::pack_items(layout.format, values, memory))
        }
    })
}

/// An ndarray of this format and shape with new memory, all of it 0, contiguous in C order or, with `PYBUFFER_ND_FORTRAN`, in
/// Fortran order, aligned to 16 bytes (after the pointers with `PYBUFFER_ND_PIL` to 8). It is writable, whatever the flags
/// say. A new reference. NumPy: `zeros`.
///
/// NULL with an error set: those of the description of a base, `MemoryError`, `SystemError` for a NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_ndarray_zeros(
    format: *const c_char,
    ndim: c_int,
    shape: *const Py_ssize_t,
    flags: c_int,
) -> *mut PyObject {
    boundary(|| {
        // SAFETY: the program guarantees a C string or NULL, and an array that is NULL or has `ndim` entries.
        let layout = unsafe { layout(format, ndim, shape, core::ptr::null(), 0, flags | c::PYBUFFER_ND_WRITABLE)? };
        ndarray::new(layout.memlen()?, &layout, |_| Ok(()))
    })
}

/// An ndarray that exports again what the exporter `obj` answers to the request `PyBUF_*`, which may be any: fields that were
/// not asked for are missing, and requests for them fail with a `BufferError`. It holds the view, so that nothing can be
/// pushed on it. With `PYBUFFER_ND_REDIRECT`, the only other flag there is here, requests are passed on to the object of the
/// view. A new reference. CPython: `ndarray(obj, getbuf=..., flags=...)`.
///
/// NULL with an error set: `TypeError` where `obj` exports nothing or for other flags, whatever the exporter raises,
/// `BufferError` where its answer contradicts itself or the request, `ValueError` for more than 128 axes,
/// `MemoryError`, `SystemError` for NULL or `PyBUF_READ` and `PyBUF_WRITE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_ndarray_from_object(
    obj: *mut PyObject,
    request: c_int,
    flags: c_int,
) -> *mut PyObject {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1.
        unsafe { ndarray::from_object(obj, request, flags) }
    })
}

/// Pushes another base on the stack, described as for `pybuffer_ndarray_new`.
///
/// Returns 0; -1 with `BufferError` where views of the base on the top are held and the ndarray was made without
/// `PYBUFFER_ND_VAREXPORT`, or where it is one of another exporter or a part; `ValueError` for `PYBUFFER_ND_VAREXPORT`;
/// `TypeError` if `nd` is not an ndarray; those of `pybuffer_ndarray_new`. CPython: `ndarray.push`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_ndarray_push(
    nd: *mut PyObject,
    items: *const c_void,
    nbytes: Py_ssize_t,
    format: *const c_char,
    ndim: c_int,
    shape: *const Py_ssize_t,
    strides: *const Py_ssize_t,
    offset: Py_ssize_t,
    flags: c_int,
) -> c_int {
    boundary(|| {
        let nd = non_null(nd)?;
        // SAFETY: O1; the program guarantees `nbytes` bytes, a C string or NULL, and arrays that are NULL or have `ndim`
        // entries.
        unsafe {
            let (items, layout) = (bytes(items, nbytes)?, layout(format, ndim, shape, strides, offset, flags)?);
            ndarray::push(nd, nbytes, &layout, copy_of(items))
        }
    })
}

/// `pybuffer_ndarray_push` from values, as for `pybuffer_ndarray_from_values`.
///
/// Returns 0; -1 with the errors of the two.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_ndarray_push_values(
    nd: *mut PyObject,
    values: *const pybuffer_value,
    nvalues: Py_ssize_t,
    format: *const c_char,
    ndim: c_int,
    shape: *const Py_ssize_t,
    strides: *const Py_ssize_t,
    offset: Py_ssize_t,
    flags: c_int,
) -> c_int {
    boundary(|| {
        let nd = non_null(nd)?;
        // SAFETY: O1; the program guarantees `nvalues` values, a C string or NULL, and arrays that are NULL or have `ndim`
        // entries.
        unsafe {
            let layout = layout(format, ndim, shape, strides, offset, flags)?;
            let (values, memlen) = self::values(values, nvalues, &layout)?;
            let pack = |memory: &mut [u8]| format::pack_items(layout.format, values, memory);
            ndarray::push(nd, memlen, &layout, pack)
        }
    })
}

/// Frees the base on the top of the stack; the one below answers requests from then on.
///
/// Returns 0; -1 with `BufferError` where views of the base are held (with `PYBUFFER_ND_VAREXPORT`, too), it is the only one,
/// or the ndarray is one of another exporter or a part; `TypeError` if `nd` is not an ndarray, `SystemError` for NULL.
/// CPython: `ndarray.pop`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_ndarray_pop(nd: *mut PyObject) -> c_int {
    boundary(|| {
        let nd = non_null(nd)?;
        // SAFETY: O1.
        unsafe { ndarray::pop(nd) }
    })
}

/// The current state of the ndarray: the base on the top, with its full description, and its counts.
///
/// Returns 0; -1 with `TypeError` if `nd` is not an ndarray, `SystemError` for NULL. CPython: the attributes of `ndarray`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_ndarray_get_state(nd: *mut PyObject, state: *mut pybuffer_ndarray_state) -> c_int {
    boundary(|| {
        let (nd, state) = (non_null(nd)?, non_null(state)?);
        // SAFETY: O1; `state` is not NULL, so it may be written.
        unsafe { state.write(ndarray::state(nd)?) };
        Ok(())
    })
}

/// An ndarray of the part that `count` subscripts select, as `pybuffer_memoryview_subscript` takes them. It holds a view of
/// the ndarray, and shares its memory. `subscripts` may be NULL where `count` is 0. An array of suboffsets is kept, also
/// where no pointer is left in it. A new reference. CPython: `ndarray[...]`, which takes slices, or one index.
///
/// NULL with `TypeError` if `nd` is not an ndarray, `BufferError` where it does not answer `PyBUF_FULL_RO`, the errors of
/// `pybuffer_memoryview_subscript` (of which there may be 128 axes), `MemoryError`, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_ndarray_subscript(
    nd: *mut PyObject,
    subscripts: *const pybuffer_subscript,
    count: c_int,
) -> *mut PyObject {
    boundary(|| {
        let nd = non_null(nd)?;
        // SAFETY: O1; `count` subscripts may be read.
        unsafe { ndarray::subscript(nd, self::subscripts(subscripts, count)?) }
    })
}

/// Copies the items of `source`, any exporter, to the part that the subscripts select: the same shape and the same text of
/// the format. The two may share memory: it is as if the items went through a temporary.
///
/// Returns 0; -1 with `TypeError` where the memory is read-only or `source` exports nothing, `ValueError` where the
/// structures differ or have more than 64 axes, those of `pybuffer_ndarray_subscript`, and whatever the exporter raises.
/// Nothing is written then. CPython: `ndarray[...] = source`, which copies row by row, so that an overlap may give
/// another result.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_ndarray_assign(
    nd: *mut PyObject,
    subscripts: *const pybuffer_subscript,
    count: c_int,
    source: *mut PyObject,
) -> c_int {
    boundary(|| {
        let (nd, source) = (non_null(nd)?, non_null(source)?);
        // SAFETY: O1 for both, W3; `count` subscripts may be read.
        unsafe { ndarray::assign(nd, self::subscripts(subscripts, count)?, source) }
    })
}

/// Adds suboffsets to the base on the top, all negative and so without effect on addresses. With them it no longer counts as
/// contiguous. Views that are held do not change.
///
/// Returns 0; -1 with `TypeError` where it has suboffsets, or no strides, or `nd` is not an ndarray; `SystemError` for NULL.
/// CPython: `ndarray.add_suboffsets`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_ndarray_add_suboffsets(nd: *mut PyObject) -> c_int {
    boundary(|| {
        let nd = non_null(nd)?;
        // SAFETY: O1.
        unsafe { ndarray::add_suboffsets(nd) }
    })
}

/// Whether an array lies in `memlen` bytes of memory, by the rules of CPython's documentation ("NumPy-style: shape and
/// strides"): `offset`, from the start of the memory to the item at index 0 of every axis, and each stride is a multiple of
/// `itemsize`; there is room for an item at `offset`, and for all items unless an axis has none. Sizes and lengths below 0, and
/// items of 0 bytes, give 0. Sizes that do not fit in 64 bits do not fit in memory. Both arrays have `ndim` entries, and
/// may be NULL where that is 0.
///
/// 1 or 0; -1 with `SystemError` for another NULL. A negative `ndim` gives 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_verify_structure(
    memlen: Py_ssize_t,
    itemsize: Py_ssize_t,
    ndim: Py_ssize_t,
    shape: *const Py_ssize_t,
    strides: *const Py_ssize_t,
    offset: Py_ssize_t,
) -> c_int {
    boundary(|| {
        let (shape, strides): (&[Py_ssize_t], &[Py_ssize_t]) = match usize::try_from(ndim) {
            Err(_) => return Ok(false),
            Ok(0) => (&[], &[]),
            // SAFETY: the program guarantees that both arrays have `ndim` entries.
            Ok(count) => unsafe {
                let array = |start| core::slice::from_raw_parts(start, count);
                (
                    array(non_null(shape.cast_mut())?.as_ptr().cast_const()),
                    array(non_null(strides.cast_mut())?.as_ptr().cast_const()),
                )
            },
        };
        Ok(Placed { memlen, itemsize, shape, strides, offset }.verify().is_ok())
    })
}

/// A function that fills memory with a copy of these bytes.
fn copy_of(items: &[u8]) -> impl FnOnce(&mut [u8]) -> Result<()> {
    move |memory| {
        // SAFETY: as many as both have; the memory is new.
        unsafe {
            core::ptr::copy_nonoverlapping(items.as_ptr(), memory.as_mut_ptr(), items.len().min(memory.len()));
        }
        Ok(())
    }
}
