//! Sequences: the operations behind `PySequence_*`, by the slots of a type. CPython: `abstract.c`.
//!
//! Items, concatenation and repetition have slots. Slices had slots in Python 2; in Python 3 they are subscripts, objects that
//! this library does not have. So only the library's own sequences, and types that derive from them, can be sliced.

mod iterate;

mod join;

use core::ffi::CStr;
use core::ptr::{NonNull, null_mut};

use crate::abi::object::{Py_ssize_t, PyObject};
use crate::abi::slots::{PyMappingMethods, PySequenceMethods};
use crate::error::{Error, Result};
use crate::objects::bytes;
use crate::objects::{bytearray, oldbuffer};
use crate::runtime::boundary::slot_succeeded;
use crate::runtime::refs::Owned;
use crate::runtime::types;

pub(crate) use iterate::next_item;
pub(crate) use join::join;

/// The sequence slots of an object's type, where it has them.
///
/// # Safety
/// O1.
unsafe fn slots<'a>(op: NonNull<PyObject>) -> Option<&'a PySequenceMethods> {
    // SAFETY: O1; the table is NULL or lives as long as the type.
    unsafe { (*types::type_of(op.as_ptr())).tp_as_sequence.as_ref() }
}

/// The `TypeError` for an object that cannot do something; the text holds one `%s`.
///
/// # Safety
/// O1.
unsafe fn cannot(op: NonNull<PyObject>, text: &'static CStr) -> Error {
    // SAFETY: O1.
    Error::type_name(text, unsafe { (*types::type_of(op.as_ptr())).tp_name })
}

/// The `TypeError` for an operation on items; a mapping is told that it has none by number.
///
/// # Safety
/// O1.
unsafe fn cannot_by_index(
    op: NonNull<PyObject>,
    text: &'static CStr,
    maps: impl FnOnce(&PyMappingMethods) -> bool,
) -> Error {
    // SAFETY: O1; the table is NULL or lives as long as the type.
    unsafe {
        let mapping = (*types::type_of(op.as_ptr())).tp_as_mapping.as_ref();
        cannot(op, if mapping.is_some_and(maps) { c"%.200s is not a sequence" } else { text })
    }
}

/// Takes over the result of a slot.
///
/// # Safety
/// A new reference, or NULL with an error pending.
unsafe fn made(object: *mut PyObject) -> Result<Owned<PyObject>> {
    // SAFETY: `object` is NULL or a new reference, which this takes over.
    unsafe { Owned::from_raw(object) }.ok_or(Error::Raised)
}

/// `PySequence_Check`: whether the type has items by number.
///
/// # Safety
/// O1.
pub(crate) unsafe fn check(op: NonNull<PyObject>) -> bool {
    // SAFETY: O1.
    unsafe { slots(op) }.is_some_and(|slots| slots.sq_item.is_some())
}

/// `PySequence_Concat`.
///
/// # Safety
/// O1 for both.
pub(crate) unsafe fn concat(a: NonNull<PyObject>, b: NonNull<PyObject>) -> Result<Owned<PyObject>> {
    // SAFETY: O1; O4 for the slot.
    unsafe {
        match slots(a).and_then(|slots| slots.sq_concat) {
            Some(slot) => made(slot(a.as_ptr(), b.as_ptr())),
            None => Err(cannot(a, c"'%.200s' object can't be concatenated")),
        }
    }
}

/// `PySequence_Repeat`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn repeat(op: NonNull<PyObject>, count: Py_ssize_t) -> Result<Owned<PyObject>> {
    // SAFETY: O1; O4 for the slot.
    unsafe {
        match slots(op).and_then(|slots| slots.sq_repeat) {
            Some(slot) => made(slot(op.as_ptr(), count)),
            None => Err(cannot(op, c"'%.200s' object can't be repeated")),
        }
    }
}

/// An index as slots take it: negative ones count from the end, where the type has a length. It may still be negative.
///
/// # Safety
/// O1, and the slots are those of the object's type.
unsafe fn from_the_end(op: NonNull<PyObject>, slots: &PySequenceMethods, index: Py_ssize_t) -> Result<Py_ssize_t> {
    match slots.sq_length {
        Some(length) if index < 0 => {
            // SAFETY: O1; O4 for the slot.
            let length = unsafe { length(op.as_ptr()) };
            if length < 0 { Err(Error::Raised) } else { Ok(index + length) }
        }
        _ => Ok(index),
    }
}

/// `PySequence_GetItem`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn item(op: NonNull<PyObject>, index: Py_ssize_t) -> Result<Owned<PyObject>> {
    // SAFETY: O1; O4 for the slot.
    unsafe {
        match slots(op).and_then(|slots| Some((slots, slots.sq_item?))) {
            Some((slots, slot)) => made(slot(op.as_ptr(), from_the_end(op, slots, index)?)),
            None => Err(cannot_by_index(op, c"'%.200s' object does not support indexing", |mapping| {
                mapping.mp_subscript.is_some()
            })),
        }
    }
}

/// `PySequence_SetItem`, and `PySequence_DelItem` where there is no value.
///
/// # Safety
/// O1 for both.
pub(crate) unsafe fn set_item(
    op: NonNull<PyObject>,
    index: Py_ssize_t,
    value: Option<NonNull<PyObject>>,
) -> Result<()> {
    // SAFETY: O1; O4 for the slot, which takes NULL for a deletion.
    unsafe {
        match slots(op).and_then(|slots| Some((slots, slots.sq_ass_item?))) {
            Some((slots, slot)) => {
                let value = value.map_or(null_mut(), NonNull::as_ptr);
                slot_succeeded(slot(op.as_ptr(), from_the_end(op, slots, index)?, value))
            }
            None => {
                let text = match value {
                    Some(_) => c"'%.200s' object does not support item assignment",
                    None => c"'%.200s' object doesn't support item deletion",
                };
                Err(cannot_by_index(op, text, |mapping| mapping.mp_ass_subscript.is_some()))
            }
        }
    }
}

/// `PySequence_GetSlice`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn slice(op: NonNull<PyObject>, start: isize, stop: isize) -> Result<Owned<PyObject>> {
    // SAFETY: O1; O2 after the checks.
    unsafe {
        if bytes::check(op.as_ptr()) {
            bytes::slice(op.cast(), start, stop)
        } else if bytearray::check(op.as_ptr()) {
            Ok(bytearray::slice(op.cast(), start, stop)?.upcast())
        } else if oldbuffer::check(op.as_ptr()) {
            oldbuffer::slice(op, start, stop)
        } else {
            Err(cannot(op, c"'%.200s' object is unsliceable"))
        }
    }
}

/// `PySequence_SetSlice`, and `PySequence_DelSlice` where there is no value.
///
/// # Safety
/// O1 for both, and W3.
pub(crate) unsafe fn set_slice(
    op: NonNull<PyObject>,
    start: isize,
    stop: isize,
    value: Option<NonNull<PyObject>>,
) -> Result<()> {
    // SAFETY: O1; O2 after the checks.
    unsafe {
        if bytearray::check(op.as_ptr()) {
            bytearray::set_slice(op.cast(), start, stop, value)
        } else if oldbuffer::check(op.as_ptr()) {
            oldbuffer::set_slice(op, start, stop, value.map_or(null_mut(), NonNull::as_ptr))
        } else {
            Err(cannot(
                op,
                match value {
                    Some(_) => c"'%.200s' object doesn't support slice assignment",
                    None => c"'%.200s' object doesn't support slice deletion",
                },
            ))
        }
    }
}
