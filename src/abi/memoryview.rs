//! The managed buffer and the memoryview. CPython: `cpython/memoryobject.h`.

use core::ffi::c_int;

use super::buffer::Py_buffer;
use super::object::{Py_hash_t, Py_ssize_t, PyObject, PyVarObject};

/// State flag of a managed buffer: the exporter's view has been released.
pub const _Py_MANAGED_BUFFER_RELEASED: c_int = 0x001;
/// State flag of a managed buffer: `master.format` is its own memory.
pub const _Py_MANAGED_BUFFER_FREE_FORMAT: c_int = 0x002;

/// State flag of a memoryview: released; it gives no access any more.
pub const _Py_MEMORYVIEW_RELEASED: c_int = 0x001;
/// State flag of a memoryview: C-contiguous.
pub const _Py_MEMORYVIEW_C: c_int = 0x002;
/// State flag of a memoryview: Fortran-contiguous.
pub const _Py_MEMORYVIEW_FORTRAN: c_int = 0x004;
/// State flag of a memoryview: no axes, one item.
pub const _Py_MEMORYVIEW_SCALAR: c_int = 0x008;
/// State flag of a memoryview: has suboffsets (the layout of PIL, the Python Imaging Library).
pub const _Py_MEMORYVIEW_PIL: c_int = 0x010;
/// State flag of a memoryview: gives out no new references to its buffer.
pub const _Py_MEMORYVIEW_RESTRICTED: c_int = 0x020;

/// A subscript that is an index: `start`, negative from the end. It removes the axis.
pub const PYBUFFER_SUBSCRIPT_INDEX: c_int = 0;
/// A subscript that is a slice: every `step`th place from `start` to before `stop`.
pub const PYBUFFER_SUBSCRIPT_SLICE: c_int = 1;
/// A subscript that stands for all axes that no other one is for.
pub const PYBUFFER_SUBSCRIPT_ELLIPSIS: c_int = 2;
/// A subscript that makes a new axis of one item.
pub const PYBUFFER_SUBSCRIPT_NEWAXIS: c_int = 3;

/// A subscript of a memoryview. The macros `PYBUFFER_AT`, `PYBUFFER_SLICE`, `PYBUFFER_ALL`, `PYBUFFER_ELLIPSIS` and
/// `PYBUFFER_NEWAXIS` initialize one, and `pybuffer_at`, `pybuffer_slice` and so on return one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pybuffer_subscript {
    /// `PYBUFFER_SUBSCRIPT_*`.
    pub kind: c_int,
    /// The index; of a slice the start, or `PYBUFFER_ABSENT`.
    pub start: Py_ssize_t,
    /// Of a slice: the end, which is excluded, or `PYBUFFER_ABSENT`.
    pub stop: Py_ssize_t,
    /// Of a slice: the step, or `PYBUFFER_ABSENT` for 1.
    pub step: Py_ssize_t,
}

/// The arrays of a view, which the program keeps for as long as it uses the view: `pybuffer_view_select` and its kin write
/// `ndim` entries of each.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pybuffer_view_storage {
    /// Items along each axis.
    pub shape: [Py_ssize_t; 64],
    /// Bytes from one item to the next along each axis.
    pub strides: [Py_ssize_t; 64],
    /// Where not negative: follow the pointer there, then add this.
    pub suboffsets: [Py_ssize_t; 64],
}

/// The one snapshot of an exporter's view that all memoryviews derived from it share. An exporter may answer two
/// requests differently; memoryviews of memoryviews must not notice, so only the first one asks it.
#[repr(C)]
pub struct _PyManagedBufferObject {
    /// The head that every object has. The memoryviews that `exports` counts share one reference.
    pub ob_base: PyObject,
    /// `_Py_MANAGED_BUFFER_*`.
    pub flags: c_int,
    /// The number of memoryviews on this buffer that have not been released, and of those that are being read.
    pub exports: Py_ssize_t,
    /// The view as the exporter filled it; released when the last memoryview is released.
    pub master: Py_buffer,
}

/// A memoryview. Read it through `PyMemoryView_GET_BUFFER` and `PyMemoryView_GET_BASE`; never write to it.
#[repr(C)]
pub struct PyMemoryViewObject {
    /// The head that every object of varying size has.
    pub ob_base: PyVarObject,
    /// The shared snapshot, which lives as long as the memoryview.
    pub mbuf: *mut _PyManagedBufferObject,
    /// The hash once it has been asked for, else -1.
    pub hash: Py_hash_t,
    /// `_Py_MEMORYVIEW_*`.
    pub flags: c_int,
    /// The number of views of this memoryview that consumers hold.
    pub exports: Py_ssize_t,
    /// The view with shape and strides always present (pointing into `ob_array`) and format never NULL; `obj` is
    /// borrowed from the managed buffer.
    pub view: Py_buffer,
    /// CPython's list of weak references; not used here.
    pub weakreflist: *mut PyObject,
    /// shape, strides, suboffsets: three arrays of `view.ndim` each.
    pub ob_array: [Py_ssize_t; 1],
}

const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<pybuffer_view_storage>() == 3 * 64 * 8);
    assert!(size_of::<_PyManagedBufferObject>() == 112);
    assert!(offset_of!(_PyManagedBufferObject, exports) == 24);
    assert!(offset_of!(_PyManagedBufferObject, master) == 32);
    assert!(size_of::<PyMemoryViewObject>() == 152);
    assert!(offset_of!(PyMemoryViewObject, mbuf) == 24);
    assert!(offset_of!(PyMemoryViewObject, flags) == 40);
    assert!(offset_of!(PyMemoryViewObject, exports) == 48);
    assert!(offset_of!(PyMemoryViewObject, view) == 56);
    assert!(offset_of!(PyMemoryViewObject, ob_array) == 144);
};
