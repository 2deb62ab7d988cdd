//! The request flags, and an empty `Py_buffer`. PEP 3118; CPython: `pybuffer.h`.

use core::ffi::c_int;

pub use super::object::Py_buffer;

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
