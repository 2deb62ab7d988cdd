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

use super::view::{flags, usable};

/// The buffer slots of memoryviews.
pub(super) static mut BUFFER: PyBufferProcs =
    PyBufferProcs { bf_getbuffer: Some(getbuffer), bf_releasebuffer: Some(releasebuffer) };

unsafe extern "C" fn getbuffer(op: *mut PyObject, view: *mut Py_buffer, request: c_int) -> c_int {
    boundary(|| {
        // SAFETY: O1, O2: a slot of this type. `PyObject_GetBuffer` has checked that there is a view to fill; counting
        // comes first, so that a release in another thread either sees it or has been seen.
        unsafe {
            let memoryview = NonNull::from(&mut *op).cast::<PyMemoryViewObject>();
            let view = view.as_mut().ok_or(Error::buffer(c"memoryview: view==NULL argument is obsolete"))?;
            let exports = atomic(&raw mut (*memoryview.as_ptr()).exports);
            exports.fetch_add(1, Ordering::Acquire);
            let answered = usable(memoryview).and_then(|()| {
                answer(view, &(*memoryview.as_ptr()).view, flags(memoryview), Request::of_slot(request))
            });
            match answered {
                Ok(()) => {
                    refs::incref(op);
                    view.obj = op;
                }
                Err(_) => {
                    view.obj = null_mut();
                    exports.fetch_sub(1, Ordering::Release);
                }
            }
            answered.map(|()| 0)
        }
    })
}

/// Fills in what the request asks for, without a reference; or says which of its conditions the memory does not meet.
fn answer(view: &mut Py_buffer, base: &Py_buffer, state: i32, request: Request) -> Result<()> {
    let c_contiguous = state & _Py_MEMORYVIEW_C != 0;
    let f_contiguous = state & _Py_MEMORYVIEW_FORTRAN != 0;
    let refused = |condition: bool, text| if condition { Err(Error::buffer(text)) } else { Ok(()) };

    *view = Py_buffer { obj: null_mut(), ..*base };
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
    Ok(())
}

unsafe extern "C" fn releasebuffer(op: *mut PyObject, _view: *mut Py_buffer) {
    // SAFETY: O1, O2: a slot of this type; called once for each successful `getbuffer`.
    unsafe { atomic(&raw mut (*op.cast::<PyMemoryViewObject>()).exports) }.fetch_sub(1, Ordering::Release);
}
