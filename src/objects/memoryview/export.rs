//! A memoryview as exporter: it answers the full matrix of requests, see `buffer/answer.rs`. CPython: `memory_getbuf`,
//! `memory_releasebuf`.

use core::ffi::c_int;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::{_Py_MEMORYVIEW_RELEASED, PyMemoryViewObject};
use crate::abi::object::PyObject;
use crate::abi::slots::PyBufferProcs;
use crate::buffer::{self, Ending, LookProcs, Request};
use crate::error::{Error, Result, cold_path};
use crate::runtime::boundary::boundary;
use crate::runtime::holds::Pin;
use crate::runtime::refs::{self, atomic};

use super::managed::Share;
use super::view::{contiguity, flags, is_usable, mbuf, released, usable};

/// The buffer slots of memoryviews.
pub(super) static mut BUFFER: LookProcs = LookProcs {
    procs: PyBufferProcs { bf_getbuffer: Some(getbuffer), bf_releasebuffer: Some(releasebuffer) },
    look,
    end: end_look,
};

unsafe extern "C" fn getbuffer(op: *mut PyObject, view: *mut Py_buffer, request: c_int) -> c_int {
    // SAFETY: O1, O2: a slot of this type; `view` may be written. A refused request is not counted, except briefly where a
    // release came first, which ignores it (`release_view`).
    unsafe {
        let memoryview = NonNull::new_unchecked(op.cast::<PyMemoryViewObject>());
        let asked = Request::of_slot(request);
        if view.is_null() || !can_answer(memoryview, asked) || !count(memoryview) {
            return refuse(op, view, request);
        }
        refs::incref(op);
        buffer::write_answer(view, op, &(*memoryview.as_ptr()).view, asked);
        0
    }
}

/// Raises the error of a request that is refused.
///
/// # Safety
/// O1, O2; the view is NULL or may be written.
#[cold]
#[inline(never)]
unsafe fn refuse(op: *mut PyObject, view: *mut Py_buffer, request: c_int) -> c_int {
    boundary(|| {
        if view.is_null() {
            return Err(Error::buffer(c"memoryview: view==NULL argument is obsolete"));
        }
        // SAFETY: the caller guarantees O1 and O2, and the view may be written.
        unsafe {
            (&raw mut (*view).obj).write(null_mut());
            check(NonNull::new_unchecked(op.cast()), Request::of_slot(request))?;
        }
        // It could have been answered, had it not been released then.
        Err::<(), _>(released())
    })
}

/// Whether the memoryview can answer a request.
///
/// # Safety
/// O1, O2.
#[inline(always)]
unsafe fn can_answer(memoryview: NonNull<PyMemoryViewObject>, request: Request) -> bool {
    // SAFETY: O2; the view does not change once it is made.
    unsafe {
        let state = flags(memoryview);
        is_usable(memoryview, state) && buffer::can_answer(&(*memoryview.as_ptr()).view, contiguity(state), request)
    }
}

/// The error where it cannot.
///
/// # Safety
/// O1, O2.
unsafe fn check(memoryview: NonNull<PyMemoryViewObject>, request: Request) -> Result<()> {
    // SAFETY: O2; the view does not change once it is made.
    unsafe {
        let state = usable(memoryview)?;
        buffer::check_answer(&(*memoryview.as_ptr()).view, contiguity(state), request, c"memoryview".as_ptr())
    }
}

/// Counts an export, so that a release is refused from now on. Returns whether it has: not if a release came first.
///
/// # Safety
/// O1, O2.
#[inline(always)]
pub(super) unsafe fn count(memoryview: NonNull<PyMemoryViewObject>) -> bool {
    // SAFETY: O2. A negative count says that a release is under way; the flag, that one came between.
    unsafe {
        let exports = atomic(&raw mut (*memoryview.as_ptr()).exports);
        if exports.fetch_add(1, Ordering::Acquire) >= 0 && flags(memoryview) & _Py_MEMORYVIEW_RELEASED == 0 {
            return true;
        }
        cold_path();
        exports.fetch_sub(1, Ordering::Release);
        false
    }
}

unsafe extern "C" fn releasebuffer(op: *mut PyObject, _view: *mut Py_buffer) {
    // SAFETY: O1, O2: a slot of this type; called once for each successful `getbuffer`.
    unsafe { end(NonNull::new_unchecked(op.cast())) };
}

/// Ends an export.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn end(memoryview: NonNull<PyMemoryViewObject>) {
    // SAFETY: O2.
    let exports = unsafe { atomic(&raw mut (*memoryview.as_ptr()).exports) };
    // Also for views that an exporter has filled itself, with this object in `obj`: those have not been counted.
    let end = |count: isize| (count > 0).then(|| count - 1);
    let _ = exports.fetch_update(Ordering::Release, Ordering::Relaxed, end);
}

/// A look holds a share in the managed buffer, as `Access` does: a release takes effect after it.
///
/// # Safety
/// O1, O2, and B2 for the view.
unsafe fn look(op: *mut PyObject, view: *mut Py_buffer, request: Request, _: Pin) -> Result<Ending> {
    // SAFETY: the caller guarantees O1, O2 and B2.
    unsafe {
        let memoryview = NonNull::new_unchecked(op.cast::<PyMemoryViewObject>());
        if !can_answer(memoryview, request) {
            check(memoryview, request)?;
        }
        Share::another(mbuf(memoryview)).ok_or_else(released)?.into_raw();
        buffer::write_answer(view, null_mut(), &(*memoryview.as_ptr()).view, request);
        Ok(Ending::Share)
    }
}

/// # Safety
/// O1, O2; a look has a share of it.
unsafe fn end_look(op: *mut PyObject, _view: &Py_buffer) {
    // SAFETY: the caller guarantees O1 and O2; the look keeps the memoryview.
    drop(unsafe { Share::of_memoryview(mbuf(NonNull::new_unchecked(op.cast()))) });
}
