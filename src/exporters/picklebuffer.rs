//! PickleBuffer: an exporter that stands for another one. CPython: `picklebufobject.c`.
#![deny(clippy::arithmetic_side_effects)]

use core::ffi::c_int;
use core::mem::size_of;
use core::ptr::{NonNull, null_mut};

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::PyPickleBufferObject;
use crate::abi::object::PyObject;
use crate::abi::slots::PyBufferProcs;
use crate::abi::types::PyTypeObject;
use crate::buffer::{self, Request};
use crate::error::{Error, Result};
use crate::runtime::boundary::boundary;
use crate::runtime::object;
use crate::runtime::refs::{Object, Owned};
use crate::runtime::types::{self, object_dealloc};

// SAFETY: begins with a PyObject.
unsafe impl Object for PyPickleBufferObject {}

/// The type of PickleBuffer objects.
#[unsafe(no_mangle)]
pub static mut PyPickleBuffer_Type: PyTypeObject = PyTypeObject {
    tp_dealloc: Some(picklebuffer_dealloc),
    tp_as_buffer: &raw mut BUFFER,
    ..types::derived(c"pickle.PickleBuffer", size_of::<PyPickleBufferObject>(), 0)
};

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
                view: Py_buffer::EMPTY,
                weakreflist: null_mut(),
            },
        )?;
        let view = &raw mut (*picklebuffer.as_ptr()).view;
        if let Err(error) = buffer::get_buffer(base.as_ptr(), view, Request::FULL_RO) {
            (*view).obj = null_mut();
            return Err(error);
        }
        buffer::checked_structure(&*view)?;
        Ok(picklebuffer)
    }
}

/// `PyPickleBuffer_GetBuffer`: the view, which stays the object's.
///
/// # Safety
/// O1.
pub(crate) unsafe fn view(op: NonNull<PyObject>) -> Result<*mut Py_buffer> {
    // SAFETY: O1; O2 after the downcast.
    unsafe {
        let view = &raw mut (*downcast(op)?.as_ptr()).view;
        if (*view).obj.is_null() {
            return Err(Error::value(c"operation forbidden on released PickleBuffer object"));
        }
        Ok(view)
    }
}

/// `PyPickleBuffer_Release`: gives the view back. Doing so twice is no error.
///
/// # Safety
/// O1; no other thread uses the object.
pub(crate) unsafe fn release(op: NonNull<PyObject>) -> Result<()> {
    // SAFETY: the function's contract; O2 after the downcast.
    unsafe { buffer::release(&raw mut (*downcast(op)?.as_ptr()).view) };
    Ok(())
}

unsafe extern "C" fn picklebuffer_dealloc(op: *mut PyObject) {
    // SAFETY: O1, O2; no reference is left, so this thread has the object to itself.
    unsafe {
        buffer::release(&raw mut (*op.cast::<PyPickleBufferObject>()).view);
        object_dealloc(op);
    }
}

unsafe extern "C" fn picklebuffer_getbuffer(op: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int {
    boundary(|| {
        // SAFETY: O1, O2: a slot of this type. The exporter behind answers itself, so `view->obj` is that one.
        unsafe {
            let held = self::view(NonNull::new_unchecked(op))?;
            buffer::get_buffer((*held).obj, view, Request::new(flags)?).map(|()| 0)
        }
    })
}

/// Never called for a view that `picklebuffer_getbuffer` gave, whose `obj` is the exporter behind; CPython has the slot too.
unsafe extern "C" fn picklebuffer_releasebuffer(_op: *mut PyObject, _view: *mut Py_buffer) {}
