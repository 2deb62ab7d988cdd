//! Access to the memory of a memoryview: checked once, and protected from a release meanwhile.

use core::ops::Deref;
use core::ptr::NonNull;

use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::error::Result;

use super::managed::Share;
use super::view::{Unmade, downcast, inaccessible, mbuf};
use super::whole::Whole;

/// A memoryview whose memory stays for as long as this lives, whatever other threads, or foreign code that is called
/// meanwhile, release.
pub(super) struct Access {
    memoryview: NonNull<PyMemoryViewObject>,
    share: Share,
}

impl Access {
    /// `TypeError` where the object is no memoryview, `ValueError` where it has been released.
    ///
    /// # Safety
    /// O1, for as long as the result lives.
    #[inline(never)]
    pub(super) unsafe fn new(op: NonNull<PyObject>) -> Result<Self> {
        // SAFETY: O1; O2 after the downcast.
        unsafe { Ok(Self::of_memoryview(downcast(op)?)?) }
    }

    /// Access to an object that is known to be a memoryview. Unlike [`new`](Self::new) inlined, for calls of a few
    /// instructions.
    ///
    /// # Safety
    /// O1, O2, for as long as the result lives.
    #[inline(always)]
    pub(super) unsafe fn of_memoryview(memoryview: NonNull<PyMemoryViewObject>) -> core::result::Result<Self, Unmade> {
        // SAFETY: the caller guarantees O1 and O2, for as long as the result lives; a memoryview keeps its managed buffer.
        unsafe {
            if inaccessible(memoryview) {
                return Err(Unmade::Released);
            }
            let share = Share::another(mbuf(memoryview)).ok_or(Unmade::Released)?;
            Ok(Self { memoryview, share })
        }
    }

    /// The share in the managed buffer, for another memoryview.
    pub(super) fn into_share(self) -> Share {
        self.share
    }

    /// The memoryview.
    pub(super) fn memoryview(&self) -> NonNull<PyMemoryViewObject> {
        self.memoryview
    }
}

/// Its view does not change once it is made.
impl Deref for Access {
    type Target = Whole;

    fn deref(&self) -> &Whole {
        // SAFETY: `new`'s contract: the object lives. Its view is complete, and was checked when it was made; the exporter, or the
        // managed buffer, keeps the format (B1).
        unsafe { Whole::of(&(*self.memoryview.as_ptr()).view) }
    }
}
