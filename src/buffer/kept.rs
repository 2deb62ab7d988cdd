//! A view that an object keeps, and releases exactly once, whatever other threads and the exporter do meanwhile.
//!
//! `bf_releasebuffer`, like all foreign code, may use the object that the view is kept in: release it again, ask it for a
//! view, drop the last reference to it; and so may other threads. So the object first becomes empty, and
//! then releases the view. `state` records this, not `view.obj`: the exporter gets the view where it filled it (B2),
//! with `obj` as it filled it.
//!
//! Views outside of objects need no state: one on the stack (`Acquired`) is released at the end of its scope, one of a
//! consumer by the consumer, and `release` prevents the exporter from releasing it from within. A managed
//! buffer counts its users in `exports`, see `memoryview::managed`, where the last one claims the view.

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::Result;
use crate::runtime::refs::{Owned, atomic};

use super::request::Request;
use super::view::{MostAxes, acquire, release};

/// A view in an object. It is used by its address, since it must not be moved once it has been filled (B2).
#[repr(C)]
pub(crate) struct Kept {
    view: Py_buffer,
    /// `KEPT`, and `USE` for each use; 0 before the view has been filled, and once it has been released. Atomic (O3).
    state: Py_ssize_t,
}

const KEPT: Py_ssize_t = 1;
const USE: Py_ssize_t = 2;

impl Kept {
    /// No view.
    pub(crate) const EMPTY: Self = Self { view: Py_buffer::EMPTY, state: 0 };

    /// Asks the exporter, and keeps the view where it is what was asked for. Until then nothing is kept.
    ///
    /// # Safety
    /// O1; `kept` is empty, in an object that is being made, and does not move afterwards.
    pub(crate) unsafe fn fill(
        kept: *mut Self,
        exporter: NonNull<PyObject>,
        request: Request,
        most: MostAxes,
    ) -> Result<()> {
        // SAFETY: the caller guarantees O1; its object has `kept` in its final place (B2).
        unsafe {
            acquire(exporter.as_ptr(), &raw mut (*kept).view, request, most)?;
            atomic(&raw mut (*kept).state).store(KEPT, Ordering::Release);
        }
        Ok(())
    }

    /// The view; `None` if there is none (any more).
    ///
    /// # Safety
    /// `kept` lives.
    pub(crate) unsafe fn view(kept: *mut Self) -> Option<NonNull<Py_buffer>> {
        // SAFETY: the caller guarantees that `kept` lives; its state is atomic (O3).
        unsafe {
            let state = atomic(&raw mut (*kept).state).load(Ordering::Acquire);
            (state & KEPT != 0).then(|| NonNull::new_unchecked(&raw mut (*kept).view))
        }
    }

    /// The exporter, also while other threads release the view; `None` once it has been released.
    ///
    /// # Safety
    /// `holder` is the object that `kept` is in, and lives until this returns.
    pub(crate) unsafe fn exporter(kept: *mut Self, holder: NonNull<PyObject>) -> Option<Owned<PyObject>> {
        // SAFETY: the caller keeps the holder alive; the state is atomic (O3). The use keeps the view, whose `obj` is NULL or
        // an owned reference.
        unsafe {
            let state = atomic(&raw mut (*kept).state);
            let begin = |state: Py_ssize_t| (state & KEPT != 0).then(|| state + USE);
            state.fetch_update(Ordering::Acquire, Ordering::Relaxed, begin).ok()?;
            let exporter = NonNull::new((*kept).view.obj).map(|exporter| Owned::share(exporter));
            if state.fetch_sub(USE, Ordering::AcqRel) == USE {
                Self::give_back_claimed(kept, holder);
            }
            exporter
        }
    }

    /// Releases the view, now or with the last use, unless it has been released.
    ///
    /// # Safety
    /// `holder` is the object that `kept` is in, and lives until this is called.
    pub(crate) unsafe fn give_back(kept: *mut Self, holder: NonNull<PyObject>) {
        // SAFETY: the caller keeps the holder alive; the state is atomic (O3). The claim is made once, and there is no use that
        // would do the rest.
        unsafe {
            if atomic(&raw mut (*kept).state).fetch_and(!KEPT, Ordering::AcqRel) == KEPT {
                Self::give_back_claimed(kept, holder);
            }
        }
    }

    /// Releases the view when the holder is destroyed.
    ///
    /// # Safety
    /// Nobody else uses the holder, which lives until this returns, whatever the exporter drops (`refs::emptied`).
    pub(crate) unsafe fn give_back_at_last(kept: *mut Self) {
        // SAFETY: O3: nobody else uses the holder: no need for a locked instruction. No use outlives the call that it is made
        // in.
        unsafe {
            let state = atomic(&raw mut (*kept).state);
            if state.load(Ordering::Acquire) == KEPT {
                state.store(0, Ordering::Relaxed);
                release(&raw mut (*kept).view);
            }
        }
    }

    /// # Safety
    /// As [`give_back`](Self::give_back); the state has become 0, which it does once.
    unsafe fn give_back_claimed(kept: *mut Self, holder: NonNull<PyObject>) {
        // SAFETY: the caller keeps the holder alive, and has the claim. The exporter may drop the last reference to the holder
        // that is not this one.
        unsafe {
            let holder = Owned::share(holder);
            release(&raw mut (*kept).view);
            drop(holder);
        }
    }
}
