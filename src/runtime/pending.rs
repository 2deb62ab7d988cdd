//! The slot in which a thread's pending error stands. `indicator` gives it meaning; this file only keeps it, below
//! `refs`, so that dropping a reference can set it aside.

use core::ffi::CStr;
use core::ptr::NonNull;

use crate::abi::object::PyObject;
use crate::error::Kind;

use super::thread::{self, Slot};

/// What is pending.
#[derive(Clone, Copy)]
pub(crate) enum Pending {
    /// Nothing.
    None,
    /// An error of this library's own, for which no memory was needed.
    Fixed(Kind, &'static CStr),
    /// An exception: an owned reference, which whoever takes it out of the slot has to drop.
    Instance(NonNull<PyObject>),
}

const KINDS: [Kind; 9] = [
    Kind::Buffer,
    Kind::Value,
    Kind::Type,
    Kind::Index,
    Kind::Overflow,
    Kind::NotImplemented,
    Kind::Runtime,
    Kind::Memory,
    Kind::System,
];

/// What is pending in this thread.
pub(crate) fn get() -> Pending {
    // SAFETY: this thread's own slot, which lives as long as the thread and is used in this file only; the text in it
    // is one that `swap` was given.
    unsafe {
        let slot = &(*thread::own()).slot;
        match (NonNull::new(slot.exception), slot.text.is_null()) {
            (Some(exception), _) => Pending::Instance(exception),
            (None, true) => Pending::None,
            (None, false) => {
                let kind = KINDS.get(slot.kind).copied().unwrap_or(Kind::System);
                Pending::Fixed(kind, CStr::from_ptr(slot.text))
            }
        }
    }
}

/// Puts something else there; gives what was.
pub(crate) fn swap(new: Pending) -> Pending {
    let old = get();
    let slot = match new {
        Pending::None => Slot::NONE,
        Pending::Fixed(kind, text) => {
            let kind = KINDS.iter().position(|&known| known == kind).unwrap_or(KINDS.len());
            Slot { text: text.as_ptr(), kind, ..Slot::NONE }
        }
        Pending::Instance(exception) => Slot { exception: exception.as_ptr(), ..Slot::NONE },
    };
    // SAFETY: as in `get`.
    unsafe { (*thread::own()).slot = slot };
    old
}

/// Whether anything is pending in this thread.
pub(crate) fn is_any() -> bool {
    // SAFETY: as in `get`.
    unsafe { (*thread::own()).slot.is_any() }
}
