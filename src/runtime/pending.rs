//! The slot for a thread's pending error. `indicator` gives it meaning; this file only stores it, below
//! `refs`, so that dropping a reference can set it aside.

use core::ffi::CStr;
use core::ptr::NonNull;

use crate::abi::object::PyObject;
use crate::error::ErrorKind;

use super::thread::{self, Slot};

/// What is pending.
#[derive(Clone, Copy)]
pub(crate) enum Pending {
    /// Nothing.
    None,
    /// An error of this library's own, for which no memory was needed.
    Fixed(ErrorKind, &'static CStr),
    /// An exception: an owned reference, which belongs to the code that takes it out of the slot.
    Instance(NonNull<PyObject>),
}

const KINDS: [ErrorKind; 9] = [
    ErrorKind::Buffer,
    ErrorKind::Value,
    ErrorKind::Type,
    ErrorKind::Index,
    ErrorKind::Overflow,
    ErrorKind::NotImplemented,
    ErrorKind::Runtime,
    ErrorKind::Memory,
    ErrorKind::System,
];

/// What is pending in this thread.
pub(crate) fn get() -> Pending {
    // SAFETY: this thread's own slot, which lives as long as the thread.
    unsafe { read(&(*thread::own()).slot) }
}

/// # Safety
/// The slot is a thread's.
unsafe fn read(slot: &Slot) -> Pending {
    match (NonNull::new(slot.exception), slot.text.is_null()) {
        (Some(exception), _) => Pending::Instance(exception),
        (None, true) => Pending::None,
        (None, false) => {
            let kind = KINDS.get(slot.kind).copied().unwrap_or(ErrorKind::System);
            // SAFETY: slots are written in `swap` only, with a text that it was given.
            Pending::Fixed(kind, unsafe { CStr::from_ptr(slot.text) })
        }
    }
}

/// Replaces the pending error, and returns the old one.
pub(crate) fn swap(new: Pending) -> Pending {
    let new = match new {
        Pending::None => Slot::NONE,
        Pending::Fixed(kind, text) => {
            let kind = KINDS.iter().position(|&known| known == kind).unwrap_or(KINDS.len());
            Slot { text: text.as_ptr(), kind, ..Slot::NONE }
        }
        Pending::Instance(exception) => Slot { exception: exception.as_ptr(), ..Slot::NONE },
    };
    // SAFETY: as in `get`; nothing else uses the slot meanwhile.
    unsafe {
        let slot = &raw mut (*thread::own()).slot;
        read(&slot.replace(new))
    }
}

/// Whether anything is pending in this thread.
pub(crate) fn is_any() -> bool {
    // SAFETY: as in `get`.
    unsafe { (*thread::own()).slot.is_any() }
}
