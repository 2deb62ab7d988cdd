//! An exporter as a program would write it. Each view has memory of its own, with another byte in it, which is freed with the view: so a
//! view that is released twice, used afterwards, or never released, is found.

use std::ffi::c_int;
use std::ptr::{null_mut, with_exposed_provenance_mut};

use crate::abi::buffer::Py_buffer;
use crate::abi::object::PyObject;
use crate::abi::slots::PyBufferProcs;
use crate::abi::types::{PyTypeObject, TPFLAGS_READY};
use crate::runtime::types;

/// What a view of the exporter has.
pub const SIZE: usize = 8;

#[repr(C)]
struct Exporter {
    ob_base: PyObject,
    /// How many views there have been.
    views: u8,
}

static mut BUFFER: PyBufferProcs =
    PyBufferProcs { bf_getbuffer: Some(getbuffer), bf_releasebuffer: Some(releasebuffer) };

static mut TYPE: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY,
    tp_dealloc: Some(dealloc),
    tp_as_buffer: &raw mut BUFFER,
    ..types::derived(c"model.Exporter", size_of::<Exporter>(), 0)
};

/// An exporter.
pub fn new() -> *mut PyObject {
    // SAFETY: the memory has the size of an exporter.
    unsafe {
        let memory: *mut Exporter = core::malloc(size_of::<Exporter>()).cast();
        memory.write(Exporter { ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut TYPE }, views: 0 });
        memory.cast()
    }
}

unsafe extern "C" fn dealloc(op: *mut PyObject) {
    // SAFETY: a slot of this type.
    unsafe { core::free(op.cast()) };
}

unsafe extern "C" fn getbuffer(op: *mut PyObject, view: *mut Py_buffer, _: c_int) -> c_int {
    // SAFETY: a slot of this type; loom's threads do not run at the same time.
    unsafe {
        let exporter: *mut Exporter = op.cast();
        (*exporter).views += 1;
        let memory: *mut u8 = core::malloc(SIZE).cast();
        memory.write_bytes((*exporter).views, SIZE);
        super::models::Py_IncRef(op);
        let shape = &raw mut (*view).len;
        view.write(Py_buffer {
            buf: memory.cast(),
            obj: op,
            len: SIZE.cast_signed(),
            itemsize: 1,
            readonly: 1,
            ndim: 1,
            format: null_mut(),
            shape,
            strides: &raw mut (*view).itemsize,
            suboffsets: null_mut(),
            internal: null_mut(),
        });
    }
    0
}

unsafe extern "C" fn releasebuffer(_: *mut PyObject, view: *mut Py_buffer) {
    // SAFETY: a slot of this type, called once for each view.
    unsafe {
        (*view).buf.cast::<u8>().write_bytes(0xFF, SIZE);
        core::free((*view).buf);
    }
}
