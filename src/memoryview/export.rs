//! A memoryview as exporter: it answers the full matrix of requests, see `buffer::answer`. CPython: `memory_getbuf`, `memory_releasebuf`.

use core::ffi::c_int;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::abi::slots::PyBufferProcs;
use crate::buffer::{self, Request};
use crate::error::Error;
use crate::runtime::boundary::boundary;
use crate::runtime::refs::{self, atomic};

use super::view::{contiguity, released, usable};

/// The buffer slots of memoryviews.
pub(super) static mut BUFFER: PyBufferProcs =
    PyBufferProcs { bf_getbuffer: Some(getbuffer), bf_releasebuffer: Some(releasebuffer) };

unsafe extern "C" fn getbuffer(op: *mut PyObject, view: *mut Py_buffer, request: c_int) -> c_int {
    boundary(|| {
        if view.is_null() {
            return Err(Error::buffer(c"memoryview: view==NULL argument is obsolete"));
        }
        // SAFETY: O1, O2: a slot of this type; `view` may be written. Counting comes first, so that a release in another
        // thread either sees it or has been seen.
        unsafe {
            let memoryview = NonNull::new_unchecked(op.cast::<PyMemoryViewObject>());
            let exports = atomic(&raw mut (*memoryview.as_ptr()).exports);
            let before = exports.fetch_add(1, Ordering::Acquire);
            // A negative count says that a release is under way.
            let live = if before < 0 { Err(released()) } else { usable(memoryview) };
            let request = Request::of_slot(request);
            let base = &(*memoryview.as_ptr()).view;
            match live.and_then(|()| buffer::answer(base, contiguity(memoryview), request, c"memoryview".as_ptr())) {
                Ok(answer) => {
                    refs::incref(op);
                    view.write(Py_buffer { obj: op, ..answer });
                    Ok(0)
                }
                Err(error) => {
                    (&raw mut (*view).obj).write(null_mut());
                    exports.fetch_sub(1, Ordering::Release);
                    Err(error)
                }
            }
        }
    })
}

unsafe extern "C" fn releasebuffer(op: *mut PyObject, _view: *mut Py_buffer) {
    // SAFETY: O1, O2: a slot of this type; called once for each successful `getbuffer`.
    unsafe { atomic(&raw mut (*op.cast::<PyMemoryViewObject>()).exports) }.fetch_sub(1, Ordering::Release);
}
