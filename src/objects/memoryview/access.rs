//! Access to the memory of a memoryview: checked once, and protected from a release meanwhile.

use core::ffi::CStr;
use core::ptr::NonNull;

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::buffer;
use crate::error::{Error, Result};
use crate::format::CompiledFormat;
use crate::layout::Structure;
use crate::objects::format::{CompiledFor, with_compiled_for};

use super::managed::Share;
use super::view::{Unmade, downcast, inaccessible, mbuf};

/// The error for items that are smaller than their format.
pub(super) const SMALLER: Error = Error::value(c"memoryview: an item is smaller than its format");

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

    /// Its view, which is complete: it has a format, and with any axes shape and strides.
    pub(super) fn view(&self) -> &Py_buffer {
        // SAFETY: `new`'s contract: the object lives. Its view does not change once it is made.
        unsafe { &(*self.memoryview.as_ptr()).view }
    }

    /// The structure of the view, which was checked when the memoryview was made.
    pub(super) fn structure(&self) -> Result<Structure<'_>> {
        // SAFETY: B1: the memoryview's own view is complete, and lives as long as `self`.
        unsafe { buffer::structure(self.view()) }.ok_or(Error::bad_argument())
    }

    /// Checks that an item has as many bytes as its format; otherwise a `ValueError`.
    pub(super) fn holds(&self, size: usize) -> Result<()> {
        if size > self.view().itemsize.unsigned_abs() { Err(SMALLER) } else { Ok(()) }
    }

    /// The format.
    pub(super) fn format(&self) -> &CStr {
        // SAFETY: B1; the exporter, or the managed buffer, keeps it.
        unsafe { buffer::format_of(self.view()) }
    }

    /// Runs `act` with the compiled format, as one of items of this size.
    pub(super) fn with_format<R>(&self, act: impl FnOnce(&CompiledFormat<'_>) -> Result<R>) -> Result<R> {
        with_compiled_for(self.format(), CompiledFor::Items(self.view().itemsize), act)
    }
}
