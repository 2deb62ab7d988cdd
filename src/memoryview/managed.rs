//! The managed buffer: one snapshot of an exporter's view, shared by memoryviews.
//!
//! `exports` is the number of memoryviews that have not been released, beginning with the one that the managed buffer is
//! made for. Whoever brings it to 0 gives the exporter's view back; it never grows from 0, so that this is for good.

use core::ffi::CStr;
use core::mem::size_of;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::{_Py_MANAGED_BUFFER_FREE_FORMAT, _Py_MANAGED_BUFFER_RELEASED, _PyManagedBufferObject};
use crate::abi::object::PyObject;
use crate::buffer::{self, Request};
use crate::error::Result;
use crate::runtime::alloc::{self, Domain, Scratch};
use crate::runtime::object;
use crate::runtime::refs::{Object, Owned, atomic, atomic_flags};
use crate::runtime::types::object_dealloc;

use super::_PyManagedBuffer_Type;

// SAFETY: begins with a PyObject.
unsafe impl Object for _PyManagedBufferObject {}

/// A managed buffer with this view, whose reference to the exporter, if it has one, it takes over.
///
/// # Safety
/// B1; the arrays that the view points to outlive it, and none lies in the view itself (B2).
pub(super) unsafe fn new(master: Py_buffer) -> Result<Owned<_PyManagedBufferObject>> {
    // SAFETY: the head has one reference and a static type.
    unsafe {
        object::new(
            size_of::<_PyManagedBufferObject>(),
            _PyManagedBufferObject {
                ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut _PyManagedBuffer_Type },
                flags: 0,
                exports: 1,
                master,
            },
        )
    }
}

/// A managed buffer with a full, read-only view of the exporter.
///
/// # Safety
/// O1.
pub(super) unsafe fn of_exporter(exporter: NonNull<PyObject>) -> Result<Owned<_PyManagedBufferObject>> {
    // SAFETY: the view is filled in the object and so is never moved (B2).
    unsafe {
        let managed = new(Py_buffer::EMPTY)?;
        let master = &raw mut (*managed.as_ptr()).master;
        if let Err(error) = buffer::get_buffer(exporter.as_ptr(), master, Request::FULL_RO) {
            // Whatever the exporter left there, it is not a view.
            (*master).obj = core::ptr::null_mut();
            return Err(error);
        }
        Ok(managed)
    }
}

/// Gives the managed buffer a format of its own, a copy of this one.
///
/// # Safety
/// The caller has the object to itself (O3).
pub(super) unsafe fn copy_format(managed: &Owned<_PyManagedBufferObject>, format: &CStr) -> Result<()> {
    let bytes = format.to_bytes_with_nul();
    let copy = Scratch::new(bytes.len())?;
    // SAFETY: the function's contract; the memory has the size of the text.
    unsafe {
        core::ptr::copy_nonoverlapping(bytes.as_ptr(), copy.as_ptr(), bytes.len());
        let managed = &mut *managed.as_ptr();
        managed.master.format = copy.into_raw().cast();
        managed.flags |= _Py_MANAGED_BUFFER_FREE_FORMAT;
    }
    Ok(())
}

/// Counts a further memoryview; says no where the exporter's view has been given back, or is just being.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn add_another(managed: NonNull<_PyManagedBufferObject>) -> bool {
    // SAFETY: O2.
    unsafe { atomic(&raw mut (*managed.as_ptr()).exports) }
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| (count > 0).then(|| count.wrapping_add(1)))
        .is_ok()
}

/// Uncounts a memoryview. With the last one the exporter's view is given back.
///
/// # Safety
/// O1, O2; the memoryview was counted, and does not use the view any more.
pub(super) unsafe fn remove(managed: NonNull<_PyManagedBufferObject>) {
    // SAFETY: O2.
    unsafe {
        if atomic(&raw mut (*managed.as_ptr()).exports).fetch_sub(1, Ordering::AcqRel) == 1 {
            give_back(managed);
        }
    }
}

/// Keeps the exporter's view from being given back while a memoryview is being read, whatever other threads, or foreign
/// code that is called meanwhile, release.
pub(super) struct Pinned(NonNull<_PyManagedBufferObject>);

impl Pinned {
    /// `None` where the view has been given back.
    ///
    /// # Safety
    /// O1, O2, for as long as the result lives.
    pub(super) unsafe fn new(managed: NonNull<_PyManagedBufferObject>) -> Option<Self> {
        // SAFETY: the function's contract.
        unsafe { add_another(managed) }.then_some(Self(managed))
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // SAFETY: counted by `new`, whose contract keeps the object alive.
        unsafe { remove(self.0) };
    }
}

/// Whether the exporter's view has been given back.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn is_released(managed: NonNull<_PyManagedBufferObject>) -> bool {
    // SAFETY: O2; the flags change atomically.
    let flags = unsafe { atomic_flags(&raw mut (*managed.as_ptr()).flags) }.load(Ordering::Acquire);
    flags & _Py_MANAGED_BUFFER_RELEASED != 0
}

/// Gives the exporter's view back, once.
///
/// # Safety
/// O1, O2; nobody uses the view any more.
unsafe fn give_back(managed: NonNull<_PyManagedBufferObject>) {
    // SAFETY: O2; whoever sets the flag does it.
    unsafe {
        let flags = atomic_flags(&raw mut (*managed.as_ptr()).flags);
        if flags.fetch_or(_Py_MANAGED_BUFFER_RELEASED, Ordering::AcqRel) & _Py_MANAGED_BUFFER_RELEASED == 0 {
            buffer::release(&raw mut (*managed.as_ptr()).master);
        }
    }
}

/// `tp_dealloc`.
///
/// # Safety
/// O1, O2; no reference is left.
pub(super) unsafe extern "C" fn dealloc(op: *mut PyObject) {
    // SAFETY: the function's contract: this thread has the object to itself. A format of its own came from this domain.
    unsafe {
        let managed: *mut _PyManagedBufferObject = op.cast();
        let format = (*managed).master.format;
        give_back(NonNull::new_unchecked(managed));
        if (*managed).flags & _Py_MANAGED_BUFFER_FREE_FORMAT != 0 {
            alloc::free(Domain::Mem, format.cast());
        }
        object_dealloc(op);
    }
}
