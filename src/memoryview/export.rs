//! A memoryview as exporter: the full matrix of requests. CPython: `memory_getbuf`, `memory_releasebuf`.

use core::ffi::c_int;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::{_Py_MEMORYVIEW_C, _Py_MEMORYVIEW_FORTRAN, _Py_MEMORYVIEW_PIL, PyMemoryViewObject};
use crate::abi::object::PyObject;
use crate::abi::slots::PyBufferProcs;
use crate::buffer::Request;
use crate::error::{Error, Result};
use crate::runtime::boundary::boundary;
use crate::runtime::refs::{self, atomic};

use super::view::{flags, released, usable};

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
            match live.and_then(|()| answer(&(*memoryview.as_ptr()).view, flags(memoryview), request)) {
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

/// What the request asks for, without a reference; or which of its conditions the memory does not meet.
fn answer(base: &Py_buffer, state: i32, request: Request) -> Result<Py_buffer> {
    let c_contiguous = state & _Py_MEMORYVIEW_C != 0;
    let f_contiguous = state & _Py_MEMORYVIEW_FORTRAN != 0;
    let refused = |condition: bool, text| if condition { Err(Error::buffer(text)) } else { Ok(()) };

    let mut view = *base;
    refused(request.writable() && base.readonly != 0, c"memoryview: underlying buffer is not writable")?;
    if !request.format() {
        // The data count as bytes now; `itemsize` keeps its value.
        view.format = null_mut();
    }
    refused(request.c_contiguous() && !c_contiguous, c"memoryview: underlying buffer is not C-contiguous")?;
    refused(request.f_contiguous() && !f_contiguous, c"memoryview: underlying buffer is not Fortran contiguous")?;
    refused(
        request.any_contiguous() && !c_contiguous && !f_contiguous,
        c"memoryview: underlying buffer is not contiguous",
    )?;
    refused(
        !request.indirect() && state & _Py_MEMORYVIEW_PIL != 0,
        c"memoryview: underlying buffer requires suboffsets",
    )?;
    if !request.strides() {
        refused(!c_contiguous, c"memoryview: underlying buffer is not C-contiguous")?;
        view.strides = null_mut();
    }
    if !request.shape() {
        // A format without a shape makes no sense: plain bytes have none.
        refused(!view.format.is_null(), c"memoryview: cannot cast to unsigned bytes if the format flag is present")?;
        view.ndim = 1;
        view.shape = null_mut();
    }
    Ok(view)
}

unsafe extern "C" fn releasebuffer(op: *mut PyObject, _view: *mut Py_buffer) {
    // SAFETY: O1, O2: a slot of this type; called once for each successful `getbuffer`.
    unsafe { atomic(&raw mut (*op.cast::<PyMemoryViewObject>()).exports) }.fetch_sub(1, Ordering::Release);
}
