//! The flags of the general exporter, and its state. The values of the flags are those of CPython's
//! `_testbuffer` (`ND_WRITABLE` and so on).

use core::ffi::c_int;

use super::buffer::Py_buffer;
use super::object::Py_ssize_t;

/// The most axes of an ndarray. Consumers follow `PyBUF_MAX_NDIM`, half of it.
pub const PYBUFFER_ND_MAX_NDIM: c_int = 128;

/// Read-only, strides in C order, nothing special.
pub const PYBUFFER_ND_DEFAULT: c_int = 0x000;
/// Only when it is made: its layout may be changed (by a push) while views of it are held.
pub const PYBUFFER_ND_VAREXPORT: c_int = 0x001;
/// The memory may be written.
pub const PYBUFFER_ND_WRITABLE: c_int = 0x002;
/// Without strides: Fortran order. Set by the library where an array is Fortran-contiguous.
pub const PYBUFFER_ND_FORTRAN: c_int = 0x004;
/// One item without axes. Set by the library.
pub const PYBUFFER_ND_SCALAR: c_int = 0x008;
/// The first axis holds pointers (suboffsets). Set by the library where there is an array of suboffsets.
pub const PYBUFFER_ND_PIL: c_int = 0x010;
/// Of an ndarray of another exporter: requests are passed on, so that views have that one as their `obj`.
pub const PYBUFFER_ND_REDIRECT: c_int = 0x020;
/// Every request fails with a `BufferError`.
pub const PYBUFFER_ND_GETBUF_FAIL: c_int = 0x040;
/// With `PYBUFFER_ND_GETBUF_FAIL`: a request that fails leaves an invalid address in `obj`, where NULL belongs.
pub const PYBUFFER_ND_GETBUF_UNDEFINED: c_int = 0x080;
/// Set by the library where an array is C-contiguous.
pub const PYBUFFER_ND_C: c_int = 0x100;

/// The state of an ndarray: the base on the top of its stack.
#[repr(C)]
pub struct pybuffer_ndarray_state {
    /// The full description of the base, as a request for everything is answered, except for `obj`, which is the exporter that
    /// an ndarray of another one, or a part, is of (borrowed), and else NULL. It lives until the base is popped, or is
    /// no longer on the top and its last view is released.
    pub base: *const Py_buffer,
    /// `PYBUFFER_ND_*`, without `PYBUFFER_ND_VAREXPORT`.
    pub flags: c_int,
    /// 1 where the object is of another exporter or a part, so that nothing can be pushed; else 0.
    pub reexports: c_int,
    /// Bytes from the start of the memory to the item at index 0; 0 with pointers, -1 where `reexports` is 1.
    pub offset: Py_ssize_t,
    /// The bytes of its memory, including the leading pointers; -1 where `reexports` is 1.
    pub memlen: Py_ssize_t,
    /// The views of this base that are held.
    pub exports: Py_ssize_t,
    /// The number of bases, including those that only a view keeps.
    pub bases: Py_ssize_t,
}

const _: () = assert!(core::mem::size_of::<pybuffer_ndarray_state>() == 48);
