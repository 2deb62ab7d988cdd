//! The memoryview and the managed buffer behind it. CPython: `memoryobject.c`.
//!
//! A memoryview never asks an exporter twice: the first one takes a full view, and the managed buffer keeps that
//! snapshot for all memoryviews made from each other, until the last one is released. References: a memoryview owns one
//! to its managed buffer; the managed buffer's view owns one to the exporter; a consumer's view of a memoryview owns one
//! to the memoryview. `view.obj` of a memoryview is borrowed from the managed buffer.
//!
//! The type objects stand here, since they name the slots in the files below, which in turn name the types.
#![deny(clippy::arithmetic_side_effects)]

mod managed;

mod view;

mod export;

mod compare;

mod contiguous;

use core::mem::{offset_of, size_of};

use crate::abi::memoryview::{_PyManagedBufferObject, PyMemoryViewObject};
use crate::abi::types::{PyTypeObject, TPFLAGS_READY};
use crate::runtime::hash;
use crate::runtime::types::{PyBaseObject_Type, PyType_Type, object_free};

pub(crate) use contiguous::get_contiguous;
pub(crate) use view::{from_buffer, from_memory, from_object, is_released, release};

/// The type of managed buffers.
#[unsafe(no_mangle)]
pub static mut _PyManagedBuffer_Type: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY,
    tp_base: &raw mut PyBaseObject_Type,
    tp_dealloc: Some(managed::dealloc),
    tp_free: Some(object_free),
    tp_hash: Some(hash::not_implemented),
    ..PyTypeObject::empty(&raw mut PyType_Type, c"managedbuffer".as_ptr(), size_of::<_PyManagedBufferObject>(), 0)
};

/// The type of memoryviews.
#[unsafe(no_mangle)]
pub static mut PyMemoryView_Type: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY,
    tp_base: &raw mut PyBaseObject_Type,
    tp_dealloc: Some(view::dealloc),
    tp_free: Some(object_free),
    tp_hash: Some(compare::hash),
    tp_richcompare: Some(compare::richcompare),
    tp_as_sequence: &raw mut view::SEQUENCE,
    tp_as_buffer: &raw mut export::BUFFER,
    ..PyTypeObject::empty(
        &raw mut PyType_Type,
        c"memoryview".as_ptr(),
        offset_of!(PyMemoryViewObject, ob_array),
        size_of::<isize>(),
    )
};
