//! PickleBuffers
//!
//! A PickleBuffer stands for another exporter: it holds a full, read-only view of it, and passes requests on to it.

use core::ffi::c_int;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::PyObject;
use crate::objects::picklebuffer;
use crate::runtime::boundary::{boundary, non_null};

/// A PickleBuffer for what `base` exports. A new reference; NULL with what the exporter raises, `TypeError` where it is not
/// an exporter, `BufferError` where its answer is wrong (see "Buffers"), `MemoryError`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyPickleBuffer_FromObject(base: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let base = non_null(base)?;
        // SAFETY: O1.
        unsafe { picklebuffer::from_object(base) }
    })
}

/// The view that a PickleBuffer holds: not to be released by the caller, and valid until `PyPickleBuffer_Release`. NULL with
/// `ValueError` once it has been released, `TypeError` if `picklebuffer` is not a PickleBuffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyPickleBuffer_GetBuffer(picklebuffer: *mut PyObject) -> *const Py_buffer {
    boundary(|| {
        let picklebuffer = non_null(picklebuffer)?;
        // SAFETY: O1.
        unsafe { picklebuffer::view(picklebuffer) }
    })
}

/// Releases the view before the object is destroyed. Releasing again is not an error, in any thread, even in the exporter's
/// `bf_releasebuffer` of that view. Returns 0; -1 with `TypeError` if `picklebuffer` is not a PickleBuffer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyPickleBuffer_Release(picklebuffer: *mut PyObject) -> c_int {
    boundary(|| {
        let picklebuffer = non_null(picklebuffer)?;
        // SAFETY: O1.
        unsafe { picklebuffer::release(picklebuffer) }
    })
}
