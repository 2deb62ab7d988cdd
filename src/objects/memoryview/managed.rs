//! The managed buffer: one snapshot of an exporter's view, shared by memoryviews.
//!
//! `exports` is the number of memoryviews that have not been released, starting with the one that the managed buffer is
//! made for, and of those that are being read. The decrement to 0 releases the exporter's view; the count never grows from 0,
//! so this is final. All that are counted share one reference to the managed buffer, which is dropped with the
//! last count: so a part of a memoryview takes one locked instruction to make, and one to free. A memoryview that has been
//! released has a reference of its own.

use core::ffi::CStr;
use core::mem::size_of;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::{_Py_MANAGED_BUFFER_FREE_FORMAT, _Py_MANAGED_BUFFER_RELEASED, _PyManagedBufferObject};
use crate::abi::object::PyObject;
use crate::buffer::{self, MostAxes, Request};
use crate::error::Result;
use crate::layout::MAX_NDIM;
use crate::runtime::alloc::{self, Domain, Scratch};
use crate::runtime::object;
use crate::runtime::refs::{Object, atomic, atomic_flags, decref};
use crate::runtime::types::object_dealloc;

use super::_PyManagedBuffer_Type;

// SAFETY: `repr(C)`, and its first field is a `PyObject`.
unsafe impl Object for _PyManagedBufferObject {}

/// A managed buffer with this view, whose reference to the exporter, if it has one, it takes over.
///
/// # Safety
/// B1; the arrays that the view points to outlive it, and none lies in the view itself (B2).
pub(super) unsafe fn new(master: Py_buffer) -> Result<Share> {
    // SAFETY: the head has one reference and a static type; the reference is that of the first count.
    unsafe {
        let managed = object::new(
            size_of::<_PyManagedBufferObject>(),
            _PyManagedBufferObject {
                ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut _PyManagedBuffer_Type },
                flags: 0,
                exports: 1,
                master,
            },
        )?;
        Ok(Share(NonNull::new_unchecked(managed.into_raw())))
    }
}

/// A memoryview has at most as many axes as `PyBUF_MAX_NDIM` says.
pub(super) const MOST_AXES: MostAxes =
    MostAxes { number: MAX_NDIM, text: c"memoryview: number of dimensions must not exceed %zd" };

/// A managed buffer with a full, read-only view of the exporter, which has been checked.
///
/// # Safety
/// O1.
pub(super) unsafe fn of_exporter(exporter: NonNull<PyObject>) -> Result<Share> {
    // SAFETY: the view is filled in the object and so is never moved (B2).
    unsafe {
        let managed = new(Py_buffer::EMPTY)?;
        let master = &raw mut (*managed.as_ptr()).master;
        buffer::acquire(exporter.as_ptr(), master, Request::FULL_RO, MOST_AXES)?;
        Ok(managed)
    }
}

/// Sets a copy of this format as the managed buffer's own.
///
/// # Safety
/// The caller has the object to itself (O3).
pub(super) unsafe fn copy_format(managed: &Share, format: &CStr) -> Result<()> {
    let bytes = format.to_bytes_with_nul();
    let copy = Scratch::new(bytes.len())?;
    // SAFETY: O3: the caller has the object to itself; the memory has the size of the text.
    unsafe {
        core::ptr::copy_nonoverlapping(bytes.as_ptr(), copy.as_ptr(), bytes.len());
        let managed = &mut *managed.as_ptr();
        managed.master.format = copy.into_raw().cast();
        managed.flags |= _Py_MANAGED_BUFFER_FREE_FORMAT;
    }
    Ok(())
}

/// A count: while it lives, the exporter's view is not released, whatever other threads, or foreign code that is called
/// meanwhile, release. A memoryview that has not been released has one, and so has what reads one.
pub(super) struct Share(NonNull<_PyManagedBufferObject>);

impl Share {
    /// Another count; `None` if the exporter's view has been released, or is being released.
    ///
    /// # Safety
    /// O1, O2.
    pub(super) unsafe fn another(managed: NonNull<_PyManagedBufferObject>) -> Option<Self> {
        // SAFETY: O2.
        unsafe { atomic(&raw mut (*managed.as_ptr()).exports) }
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| (count > 0).then(|| count + 1))
            .ok()
            .map(|_| Self(managed))
    }

    /// Takes over the count of a memoryview.
    ///
    /// # Safety
    /// O1, O2; it is counted, and no other code gives the count up.
    pub(super) unsafe fn of_memoryview(managed: NonNull<_PyManagedBufferObject>) -> Self {
        Self(managed)
    }

    /// Gives up the count of a memoryview without other references, so that no thread can be counting another from it.
    pub(super) fn end(self) {
        let managed = self.into_raw();
        // SAFETY: the count keeps the managed buffer. Where it is the only one, no other thread can come by another, which it
        // would count from a memoryview, or in reading one: no need for a locked instruction.
        unsafe {
            let exports = atomic(&raw mut (*managed).exports);
            let is_last = if exports.load(Ordering::Acquire) == 1 {
                exports.store(0, Ordering::Relaxed);
                true
            } else {
                exports.fetch_sub(1, Ordering::AcqRel) == 1
            };
            if is_last {
                give_back(managed);
            }
        }
    }

    /// The managed buffer; the count stays here.
    pub(super) fn as_ptr(&self) -> *mut _PyManagedBufferObject {
        self.0.as_ptr()
    }

    /// The managed buffer; the caller takes over the count.
    pub(super) fn into_raw(self) -> *mut _PyManagedBufferObject {
        let managed = self.0.as_ptr();
        core::mem::forget(self);
        managed
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let managed = self.0.as_ptr();
        // SAFETY: the count keeps the managed buffer, and it ends here.
        unsafe {
            if atomic(&raw mut (*managed).exports).fetch_sub(1, Ordering::AcqRel) == 1 {
                give_back(managed);
            }
        }
    }
}

/// Gives up the count of a memoryview without other references, unless it is the only count. Returns whether it has. If it is
/// the only one, no thread can be counting another.
///
/// # Safety
/// O1, O2; it is counted, and no other code gives the count up.
pub(super) unsafe fn end_unless_last(managed: NonNull<_PyManagedBufferObject>) -> bool {
    // SAFETY: O2.
    unsafe { atomic(&raw mut (*managed.as_ptr()).exports) }
        .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| (count > 1).then(|| count - 1))
        .is_ok()
}

/// Whether the exporter's view has been released.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn is_released(managed: NonNull<_PyManagedBufferObject>) -> bool {
    // SAFETY: O2; the flags change atomically.
    let flags = unsafe { atomic_flags(&raw mut (*managed.as_ptr()).flags) }.load(Ordering::Acquire);
    flags & _Py_MANAGED_BUFFER_RELEASED != 0
}

/// Releases the exporter's view, and gives up the reference that all counts share.
///
/// # Safety
/// O1, O2; the caller has brought the count to 0, which happens once.
unsafe fn give_back(managed: *mut _PyManagedBufferObject) {
    // SAFETY: O2; no other code changes the flags any more.
    unsafe {
        let flags = atomic_flags(&raw mut (*managed).flags);
        flags.store(flags.load(Ordering::Relaxed) | _Py_MANAGED_BUFFER_RELEASED, Ordering::Release);
        buffer::release(&raw mut (*managed).master);
        decref(managed.cast());
    }
}

/// `tp_dealloc`.
///
/// # Safety
/// O1, O2; no reference is left.
pub(super) unsafe extern "C" fn dealloc(op: *mut PyObject) {
    // SAFETY: O1 and O2: no reference is left; this thread has the object to itself. A format of its own came from this domain.
    unsafe {
        let managed: *mut _PyManagedBufferObject = op.cast();
        let format = (*managed).master.format;
        if (*managed).flags & _Py_MANAGED_BUFFER_FREE_FORMAT != 0 {
            alloc::free(Domain::Mem, format.cast());
        }
        object_dealloc(op);
    }
}
