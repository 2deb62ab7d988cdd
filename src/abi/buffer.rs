//! `Py_buffer` and the request flags. PEP 3118; CPython: `pybuffer.h`.

use core::ffi::{c_char, c_int, c_void};

use super::object::{Py_ssize_t, PyObject};

/// A view of an exporter's memory: where it begins, what an item is, and how the items lie.
///
/// The consumer owns the struct; the exporter owns everything that it points to, and keeps it alive and unchanged until
/// `PyBuffer_Release`. The address of the item at indices `i, j, ...` is `buf + i*strides[0] + j*strides[1] + ...`; where
/// `suboffsets[k] >= 0`, the address reached after axis `k` holds a pointer, which is followed and `suboffsets[k]` added
/// (`PyBuffer_GetPointer` does all that).
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Py_buffer {
    /// The address of the item at index 0 of every axis; not necessarily the lowest address of the memory.
    pub buf: *mut c_void,
    /// The exporter: an owned reference that `PyBuffer_Release` drops; NULL where no object stands behind the view.
    pub obj: *mut PyObject,
    /// `product(shape) * itemsize`: the bytes that a contiguous copy would take.
    pub len: Py_ssize_t,
    /// The size of one item in bytes. It keeps its value where `format` was not asked for.
    pub itemsize: Py_ssize_t,
    /// Not 0 where the memory must not be written.
    pub readonly: c_int,
    /// The number of axes, 0 (one item) to `PyBUF_MAX_NDIM`; the length of the three arrays.
    pub ndim: c_int,
    /// The item's format in the syntax of PEP 3118; NULL means "B", unsigned bytes.
    pub format: *mut c_char,
    /// The number of items along each axis; NULL where it was not asked for.
    pub shape: *mut Py_ssize_t,
    /// The bytes from one item to the next along each axis; may be negative or zero; NULL means C-contiguous.
    pub strides: *mut Py_ssize_t,
    /// See above; NULL where no axis holds pointers.
    pub suboffsets: *mut Py_ssize_t,
    /// The exporter's own.
    pub internal: *mut c_void,
}

impl Py_buffer {
    /// A view of nothing, to be filled.
    pub(crate) const EMPTY: Self = Self {
        buf: core::ptr::null_mut(),
        obj: core::ptr::null_mut(),
        len: 0,
        itemsize: 0,
        readonly: 0,
        ndim: 0,
        format: core::ptr::null_mut(),
        shape: core::ptr::null_mut(),
        strides: core::ptr::null_mut(),
        suboffsets: core::ptr::null_mut(),
        internal: core::ptr::null_mut(),
    };
}

/// The most axes that a memoryview, or a copy through this library, can have.
pub const PyBUF_MAX_NDIM: c_int = 64;

/// Plain bytes: `buf` and `len`, C-contiguous, nothing else.
pub const PyBUF_SIMPLE: c_int = 0;
/// The memory must be writable.
pub const PyBUF_WRITABLE: c_int = 0x0001;
/// The old spelling of `PyBUF_WRITABLE`.
pub const PyBUF_WRITEABLE: c_int = PyBUF_WRITABLE;
/// `format` is filled in.
pub const PyBUF_FORMAT: c_int = 0x0004;
/// `shape` is filled in.
pub const PyBUF_ND: c_int = 0x0008;
/// `strides` is filled in (and `shape`).
pub const PyBUF_STRIDES: c_int = 0x0010 | PyBUF_ND;
/// The memory must be C-contiguous (last index fastest).
pub const PyBUF_C_CONTIGUOUS: c_int = 0x0020 | PyBUF_STRIDES;
/// The memory must be Fortran-contiguous (first index fastest).
pub const PyBUF_F_CONTIGUOUS: c_int = 0x0040 | PyBUF_STRIDES;
/// The memory must be contiguous in one of the two orders.
pub const PyBUF_ANY_CONTIGUOUS: c_int = 0x0080 | PyBUF_STRIDES;
/// `suboffsets` is filled in where the exporter needs it.
pub const PyBUF_INDIRECT: c_int = 0x0100 | PyBUF_STRIDES;
/// Writable, with shape; C-contiguous.
pub const PyBUF_CONTIG: c_int = PyBUF_ND | PyBUF_WRITABLE;
/// With shape; C-contiguous.
pub const PyBUF_CONTIG_RO: c_int = PyBUF_ND;
/// Writable, with strides.
pub const PyBUF_STRIDED: c_int = PyBUF_STRIDES | PyBUF_WRITABLE;
/// With strides.
pub const PyBUF_STRIDED_RO: c_int = PyBUF_STRIDES;
/// Writable, with strides and format.
pub const PyBUF_RECORDS: c_int = PyBUF_STRIDES | PyBUF_WRITABLE | PyBUF_FORMAT;
/// With strides and format.
pub const PyBUF_RECORDS_RO: c_int = PyBUF_STRIDES | PyBUF_FORMAT;
/// Writable, with everything there is.
pub const PyBUF_FULL: c_int = PyBUF_INDIRECT | PyBUF_WRITABLE | PyBUF_FORMAT;
/// Everything there is.
pub const PyBUF_FULL_RO: c_int = PyBUF_INDIRECT | PyBUF_FORMAT;

/// Argument of `PyMemoryView_FromMemory` and `PyMemoryView_GetContiguous`, not a request flag: read-only.
pub const PyBUF_READ: c_int = 0x100;
/// Argument of `PyMemoryView_FromMemory` and `PyMemoryView_GetContiguous`, not a request flag: writable.
pub const PyBUF_WRITE: c_int = 0x200;

const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<Py_buffer>() == 80);
    assert!(offset_of!(Py_buffer, obj) == 8);
    assert!(offset_of!(Py_buffer, len) == 16);
    assert!(offset_of!(Py_buffer, itemsize) == 24);
    assert!(offset_of!(Py_buffer, readonly) == 32);
    assert!(offset_of!(Py_buffer, ndim) == 36);
    assert!(offset_of!(Py_buffer, format) == 40);
    assert!(offset_of!(Py_buffer, shape) == 48);
    assert!(offset_of!(Py_buffer, strides) == 56);
    assert!(offset_of!(Py_buffer, suboffsets) == 64);
    assert!(offset_of!(Py_buffer, internal) == 72);
};
