//! The state of a thread: its pending error, its nested destructions, and the views that it is
//! releasing. `pending` and `refs` give it meaning.
//!
//! The memory is a variable in C (`platform/thread.c`), since Rust has no such variables without its standard library.

use core::ffi::c_char;
use core::ptr::{null, null_mut};

use crate::abi::object::PyObject;

/// `struct pybuffer__thread` of `platform/thread.c`, which is all zero in a new thread.
#[repr(C)]
pub(super) struct Thread {
    /// What is pending.
    pub(super) slot: Slot,
    /// The number of nested destructions.
    pub(super) depth: usize,
    /// The objects whose destruction has been put off, from the first to the last; both NULL where there are none.
    pub(super) first: *mut PyObject,
    pub(super) last: *mut PyObject,
    /// The innermost running call that releases a view.
    releasing: *const Releasing,
}

/// See `pending`.
#[repr(C)]
pub(super) struct Slot {
    /// The text of `Pending::Fixed`, else NULL.
    pub(super) text: *const c_char,
    /// The exception of `Pending::Instance`, else NULL.
    pub(super) exception: *mut PyObject,
    /// The kind of `Pending::Fixed`, as its place in `KINDS`.
    pub(super) kind: usize,
}

impl Slot {
    /// Nothing is pending.
    pub(super) const NONE: Self = Self { text: null(), exception: null_mut(), kind: 0 };

    /// Whether anything is pending.
    pub(super) const fn is_any(&self) -> bool {
        !self.exception.is_null() || !self.text.is_null()
    }
}

const _: () = assert!(size_of::<Thread>() == 7 * size_of::<*const ()>());

unsafe extern "C" {
    fn pybuffer__thread() -> *mut Thread;
}

/// The state of this thread, which lives as long as the thread. No reference to it is held across a call.
pub(super) fn own() -> *mut Thread {
    // SAFETY: the C function takes nothing and always succeeds.
    unsafe { pybuffer__thread() }
}

/// A call that releases a view, on the stack.
#[repr(C)]
struct Releasing {
    /// The address of the view.
    view: *const (),
    /// The call around it.
    outer: *const Self,
}

/// Runs a function that releases a view, unless this thread is already releasing it: an exporter's `bf_releasebuffer` may
/// release the view that it was called for. Returns whether it has run.
///
/// # Safety
/// `thread` is this thread's own.
pub(super) unsafe fn once(thread: *mut Thread, view: *const (), body: impl FnOnce()) -> bool {
    // SAFETY: the caller guarantees that `thread` is this thread's own; the calls that are under way are on this stack.
    unsafe {
        let outer = (*thread).releasing;
        let mut next = outer;
        while let Some(releasing) = next.as_ref() {
            if releasing.view == view {
                return false;
            }
            next = releasing.outer;
        }
        let releasing = Releasing { view, outer };
        (*thread).releasing = &raw const releasing;
        body();
        (*thread).releasing = outer;
        true
    }
}
