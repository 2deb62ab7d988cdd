//! Sequences
//!
//! Items, slices, concatenation and repetition of bytes, bytearrays and old buffers, and by the slots of any type
//! (`sq_concat`, `sq_repeat`, `sq_item`, `sq_ass_item`). There are no ints here: an item of a bytearray or bytes object is
//! a bytes object of length 1, as in Python 2. Memoryviews have functions of their own, see "Items" and "Parts".
//!
//! Negative indices count from the end; CPython adds the length of a bytearray to them twice, and so does this library.
//! Slices are clipped, and empty where they end before they begin.

use core::ffi::c_int;
use core::ptr::{NonNull, null_mut};

use crate::abi::object::{Py_ssize_t, PyObject};
use crate::objects::sequence;
use crate::runtime::boundary::{boundary, non_null};
use crate::runtime::refs::Owned;

/// Whether the object's type has items by number (`sq_item`): 1 or 0. NULL is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PySequence_Check(o: *mut PyObject) -> c_int {
    // SAFETY: O1.
    NonNull::new(o).is_some_and(|o| unsafe { sequence::check(o) }).into()
}

/// `o1 + o2`, by `sq_concat` of the type of `o1`. A bytes object and any exporter are a bytes object, a bytearray and any
/// exporter a bytearray, an old buffer and any exporter a bytes object (but where it is empty, `o2` itself, as in Python
/// 2). A new reference.
///
/// NULL with `TypeError` where the type cannot or `o2` exports no plain bytes, `MemoryError` (also for a sum above
/// `PY_SSIZE_T_MAX`), `OverflowError` (bytes and old buffers) as `PyBytes_FromStringAndSize`, `SystemError` for NULL, or
/// what the slot raises. CPython: tries `nb_add`, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PySequence_Concat(o1: *mut PyObject, o2: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let (o1, o2) = (non_null(o1)?, non_null(o2)?);
        // SAFETY: O1.
        unsafe { sequence::concat(o1, o2) }
    })
}

/// `o * count`, by `sq_repeat`: an object of the same type; of an old buffer a bytes object. A negative `count` is 0. A new
/// reference.
///
/// NULL with `TypeError` where the type cannot, `MemoryError` for a length that does not fit in memory,
/// `OverflowError` for bytes longer than `PY_SSIZE_T_MAX` and, of an old buffer, as `PyBytes_FromStringAndSize`;
/// `SystemError` for NULL, or what the slot raises. CPython: tries `nb_multiply`, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PySequence_Repeat(o: *mut PyObject, count: Py_ssize_t) -> *mut PyObject {
    boundary(|| {
        let o = non_null(o)?;
        // SAFETY: O1.
        unsafe { sequence::repeat(o, count) }
    })
}

/// `o[i]`, by `sq_item`. A new reference.
///
/// NULL with `IndexError` where there is no such item, `TypeError` where the type has none, `SystemError` for NULL, or what
/// the slot raises. CPython 3: an int of a bytes or bytearray object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PySequence_GetItem(o: *mut PyObject, i: Py_ssize_t) -> *mut PyObject {
    boundary(|| {
        let o = non_null(o)?;
        // SAFETY: O1.
        unsafe { sequence::item(o, i) }
    })
}

/// `o[i1:i2]`: a bytes object of a bytes object or old buffer, a bytearray of a bytearray. A new reference.
///
/// NULL with `TypeError` for an object of another type, `MemoryError`, `SystemError` for NULL, or what the base of an old
/// buffer raises. CPython: of every type that has subscripts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PySequence_GetSlice(o: *mut PyObject, i1: Py_ssize_t, i2: Py_ssize_t) -> *mut PyObject {
    boundary(|| {
        let o = non_null(o)?;
        // SAFETY: O1.
        unsafe { sequence::slice(o, i1, i2) }
    })
}

/// `o[i] = v`, by `sq_ass_item`; a NULL `v` is `PySequence_DelItem`. To an item of an old buffer any exporter of one byte
/// may be assigned, to one of a bytearray a bytes object of length 1. The reference to `v` stays the caller's.
///
/// Returns 0; -1 with `IndexError` where there is no such item, `TypeError` where nothing can be assigned, or not this
/// value, `ValueError` for a bytes object of another length, `SystemError` for a NULL `o`, or what the slot raises.
/// CPython 3: to an item of a bytearray an int.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PySequence_SetItem(o: *mut PyObject, i: Py_ssize_t, v: *mut PyObject) -> c_int {
    boundary(|| {
        let o = non_null(o)?;
        // SAFETY: O1.
        unsafe { sequence::set_item(o, i, NonNull::new(v)) }
    })
}

/// `del o[i]`, by `sq_ass_item`: of the library's types bytearrays only.
///
/// Returns 0; -1 with `IndexError` where there is no such item, `TypeError` where none can be deleted, `BufferError` while
/// consumers hold views of a bytearray, `MemoryError`, `SystemError` for NULL, or what the slot raises.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PySequence_DelItem(o: *mut PyObject, i: Py_ssize_t) -> c_int {
    boundary(|| {
        let o = non_null(o)?;
        // SAFETY: O1.
        unsafe { sequence::set_item(o, i, None) }
    })
}

/// `o[i1:i2] = v`, the bytes of any exporter; a NULL `v` is `PySequence_DelSlice`. A bytearray grows or shrinks with it; in
/// an old buffer the slice must be as long as `v`. The two may share memory. The reference to `v` stays the caller's.
///
/// Returns 0; -1 with `TypeError` where `o` is neither or read-only, or `v` has another length or is not an exporter,
/// `BufferError` while consumers hold views of a bytearray that would change its length, `MemoryError`, `SystemError` for a
/// NULL `o`, or what an exporter raises. CPython: of every type that has subscripts, and with any iterable of ints.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PySequence_SetSlice(
    o: *mut PyObject,
    i1: Py_ssize_t,
    i2: Py_ssize_t,
    v: *mut PyObject,
) -> c_int {
    boundary(|| {
        let o = non_null(o)?;
        // SAFETY: O1.
        unsafe { sequence::set_slice(o, i1, i2, NonNull::new(v)) }
    })
}

/// `del o[i1:i2]`, of a bytearray.
///
/// Returns 0; -1 with `TypeError` for an object of another type, `BufferError` while consumers hold views of it,
/// `MemoryError`, or `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PySequence_DelSlice(o: *mut PyObject, i1: Py_ssize_t, i2: Py_ssize_t) -> c_int {
    boundary(|| {
        let o = non_null(o)?;
        // SAFETY: O1.
        unsafe { sequence::set_slice(o, i1, i2, None) }
    })
}

/// The next item of an iterator (`tp_iternext`) in `*item`, a new reference. Returns 1; 0 at the end, and -1 with an error set,
/// both with `*item` NULL: `TypeError` where it is no iterator, `SystemError` for NULL, or what it raises. The items of
/// `pybuffer_memoryview_iter` are those of `pybuffer_memoryview_next`. CPython 3.14.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyIter_NextItem(iter: *mut PyObject, item: *mut *mut PyObject) -> c_int {
    boundary(|| {
        let place = non_null(item)?;
        // SAFETY: `item` may be written; O1.
        unsafe {
            place.write(null_mut());
            let next = sequence::next_item(non_null(iter)?)?;
            let is_any = next.is_some();
            place.write(next.map_or(null_mut(), Owned::into_object));
            Ok(is_any)
        }
    })
}
