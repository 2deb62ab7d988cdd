//! The items of anything that can be iterated over, one after the other, by the slots of its type. CPython: `PyObject_GetIter`,
//! `PyIter_NextItem`, and the iterator over what has items by number (`iterobject.c`).

use core::ffi::CStr;
use core::ptr::NonNull;

use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::exceptions;
use crate::runtime::indicator;
use crate::runtime::refs::Owned;
use crate::runtime::types;

use super::{item, made, slots};

/// `PyIter_NextItem`: `None` at the end.
///
/// # Safety
/// O1.
pub(crate) unsafe fn next_item(iterator: NonNull<PyObject>) -> Result<Option<Owned<PyObject>>> {
    // SAFETY: O1; O4 for the slot, which returns a new reference or NULL.
    unsafe {
        let ty = types::type_of(iterator.as_ptr());
        let Some(slot) = (*ty).tp_iternext else {
            return Err(Error::type_name(c"expected an iterator, got '%.200s'", (*ty).tp_name));
        };
        match Owned::from_raw(slot(iterator.as_ptr())) {
            None if !indicator::occurred().is_null() => Err(Error::Raised),
            item => Ok(item),
        }
    }
}

/// The items of an object.
pub(super) enum Items {
    /// Those of an iterator.
    Iterator(Owned<PyObject>),
    /// Those by number, up to an `IndexError`, and the next number.
    Sequence(Owned<PyObject>, Py_ssize_t),
}

impl Items {
    /// `iter(op)`. The error for an object without items is given.
    ///
    /// # Safety
    /// O1.
    pub(super) unsafe fn of(op: NonNull<PyObject>, none: &'static CStr) -> Result<Self> {
        // SAFETY: O1; O4 for the slot, which returns a new reference or NULL.
        unsafe {
            match (*types::type_of(op.as_ptr())).tp_iter {
                Some(slot) => {
                    let iterator = made(slot(op.as_ptr()))?;
                    let ty = types::type_of(iterator.as_ptr());
                    if (*ty).tp_iternext.is_none() {
                        return Err(Error::type_name(none, (*ty).tp_name));
                    }
                    Ok(Self::Iterator(iterator))
                }
                None if slots(op).is_some_and(|slots| slots.sq_item.is_some()) => {
                    Ok(Self::Sequence(Owned::share(op), 0))
                }
                None => Err(Error::wrong_type(none)),
            }
        }
    }

    /// The next one; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Owned<PyObject>>> {
        // SAFETY: O1: references of this value.
        unsafe {
            match self {
                Self::Iterator(iterator) => next_item(iterator.as_non_null()),
                Self::Sequence(sequence, next) => {
                    let this = item(sequence.as_non_null(), *next);
                    *next = next.checked_add(1).ok_or(Error::new(ErrorKind::Overflow, c"iter index too large"))?;
                    let is_end = types::is_subtype(indicator::occurred(), exceptions::type_of_kind(ErrorKind::Index));
                    if this.is_err() && is_end {
                        indicator::clear();
                        return Ok(None);
                    }
                    this.map(Some)
                }
            }
        }
    }
}
