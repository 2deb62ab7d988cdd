//! The slot in which a thread's pending error stands. `indicator` gives it meaning; this file only keeps it, below
//! `refs`, so that dropping a reference can set it aside.

use core::ffi::{CStr, c_char};
use core::ptr::{NonNull, null, null_mut};

use crate::abi::object::PyObject;
use crate::error::Kind;

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

/// `struct pybuffer__slot` of `glue.c`, which is all zero in a new thread: nothing is pending.
#[repr(C)]
struct Slot {
    /// The text of `Pending::Fixed`, else NULL.
    text: *const c_char,
    /// The exception of `Pending::Instance`, else NULL.
    exception: *mut PyObject,
    /// The kind of `Pending::Fixed`, as its place in `KINDS`.
    kind: usize,
}

const _: () = assert!(size_of::<Slot>() == 3 * size_of::<*const ()>());

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

unsafe extern "C" {
    fn pybuffer__thread_slot() -> *mut Slot;
}

/// What is pending in this thread.
pub(crate) fn get() -> Pending {
    // SAFETY: this thread's own slot, which lives as long as the thread and is used in this file only; the text in it
    // is one that `swap` was given.
    unsafe {
        let slot = &*pybuffer__thread_slot();
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
    let none = Slot { text: null(), exception: null_mut(), kind: 0 };
    let slot = match new {
        Pending::None => none,
        Pending::Fixed(kind, text) => {
            let kind = KINDS.iter().position(|&known| known == kind).unwrap_or(KINDS.len());
            Slot { text: text.as_ptr(), kind, ..none }
        }
        Pending::Instance(exception) => Slot { exception: exception.as_ptr(), ..none },
    };
    // SAFETY: as in `get`.
    unsafe { pybuffer__thread_slot().write(slot) };
    old
}

/// Whether anything is pending in this thread.
pub(crate) fn is_any() -> bool {
    // SAFETY: as in `get`.
    unsafe {
        let slot = &*pybuffer__thread_slot();
        !slot.exception.is_null() || !slot.text.is_null()
    }
}
