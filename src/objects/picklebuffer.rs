//! PickleBuffer: an exporter that stands for another one. CPython: `picklebufobject.c`.

use core::ffi::c_int;
use core::mem::size_of;
use core::ptr::NonNull;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::PyObject;
use crate::abi::slots::PyBufferProcs;
use crate::abi::types::PyTypeObject;
use crate::buffer::{self, Kept, MostAxes, Request};
use crate::error::{Error, Result};
use crate::runtime::boundary::boundary;
use crate::runtime::object;
use crate::runtime::refs::{self, Object, Owned};
use crate::runtime::types::{self, Links, object_dealloc};

/// A PickleBuffer. Opaque to C; the view is where CPython has it.
#[repr(C)]
pub(crate) struct PyPickleBufferObject {
    ob_base: PyObject,
    kept: Kept,
}

// SAFETY: `repr(C)`, and its first field is a `PyObject`.
unsafe impl Object for PyPickleBufferObject {}

/// The type of PickleBuffer objects.
#[unsafe(no_mangle)]
pub static mut PyPickleBuffer_Type: PyTypeObject = PyTypeObject {
    tp_dealloc: Some(picklebuffer_dealloc),
    tp_as_buffer: &raw mut BUFFER,
    tp_subclasses: LINKS.slot(),
    ..types::derived(c"pickle.PickleBuffer", size_of::<PyPickleBufferObject>(), 0)
};

static LINKS: Links = Links { answerer: Some(answerer), ..Links::NONE };

static mut BUFFER: PyBufferProcs =
    PyBufferProcs { bf_getbuffer: Some(picklebuffer_getbuffer), bf_releasebuffer: Some(picklebuffer_releasebuffer) };

/// The object as PickleBuffer, or a `TypeError`.
///
/// # Safety
/// O1.
unsafe fn downcast(op: NonNull<PyObject>) -> Result<NonNull<PyPickleBufferObject>> {
    // SAFETY: O1.
    unsafe { object::expect_type(op.as_ptr(), &raw mut PyPickleBuffer_Type, c"expected PickleBuffer, %.200s found")? };
    Ok(op.cast())
}

/// `PyPickleBuffer_FromObject`: holds a full, read-only view of the exporter.
///
/// # Safety
/// O1.
pub(crate) unsafe fn from_object(base: NonNull<PyObject>) -> Result<Owned<PyPickleBufferObject>> {
    // SAFETY: the head has one reference and a static type; the view lies in the object and so is never moved (B2).
    unsafe {
        let picklebuffer = object::new(
            size_of::<PyPickleBufferObject>(),
            PyPickleBufferObject {
                ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut PyPickleBuffer_Type },
                kept: Kept::EMPTY,
            },
        )?;
        let kept = &raw mut (*picklebuffer.as_ptr()).kept;
        Kept::fill(kept, base, Request::FULL_RO, MostAxes::OF_WALKS)?;
        Ok(picklebuffer)
    }
}

/// `PyPickleBuffer_GetBuffer`: the view, which the object keeps.
///
/// # Safety
/// O1.
pub(crate) unsafe fn view(op: NonNull<PyObject>) -> Result<*mut Py_buffer> {
    // SAFETY: O1; O2 after the downcast.
    unsafe {
        let picklebuffer = downcast(op)?;
        // As in CPython, a view without an exporter counts as released.
        answerer(op.as_ptr())?;
        Ok(Kept::view(&raw mut (*picklebuffer.as_ptr()).kept).ok_or(RELEASED)?.as_ptr())
    }
}

const RELEASED: Error = Error::value(c"operation forbidden on released PickleBuffer object");

/// `PyPickleBuffer_Release`: releases the view. Releasing twice is not an error.
///
/// # Safety
/// O1.
pub(crate) unsafe fn release(op: NonNull<PyObject>) -> Result<()> {
    // SAFETY: O1; O2 after the downcast.
    unsafe { Kept::give_back(&raw mut (*downcast(op)?.as_ptr()).kept, op) };
    Ok(())
}

/// The exporter behind it, which answers requests itself, so it is in `view->obj`.
///
/// # Safety
/// O1, O2.
unsafe fn answerer(op: *mut PyObject) -> Result<Option<Owned<PyObject>>> {
    // SAFETY: O1, O2.
    unsafe {
        let holder = NonNull::new_unchecked(op);
        Kept::exporter(&raw mut (*op.cast::<PyPickleBufferObject>()).kept, holder).ok_or(RELEASED).map(Some)
    }
}

unsafe extern "C" fn picklebuffer_dealloc(op: *mut PyObject) {
    // SAFETY: O1, O2; no reference is left, so this thread has the object to itself.
    unsafe {
        let kept = &raw mut (*op.cast::<PyPickleBufferObject>()).kept;
        if refs::emptied(op, || Kept::give_back_at_last(kept)) {
            object_dealloc(op);
        }
    }
}

unsafe extern "C" fn picklebuffer_getbuffer(op: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int {
    boundary(|| {
        // SAFETY: O1, O2: a slot of this type. The exporter is held, since it may release this object meanwhile.
        unsafe {
            let exporter = answerer(op)?.ok_or(RELEASED)?;
            buffer::hand_on(exporter.as_ptr(), view, Request::new(flags)?)
        }
    })
}

/// Never called for a view that `picklebuffer_getbuffer` gave, whose `obj` is the exporter behind; CPython has the slot too.
unsafe extern "C" fn picklebuffer_releasebuffer(_op: *mut PyObject, _view: *mut Py_buffer) {}
