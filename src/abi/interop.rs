//! What the bridges to other protocols take: flags, and NumPy's struct under a name of our own.

use core::ffi::{c_char, c_int, c_void};

use super::object::{Py_ssize_t, PyObject};

/// For exports: refuse memory that is read-only, instead of saying so.
pub const PYBUFFER_DLPACK_WRITABLE: c_int = 1;
/// For exports: items of two bytes without a type ("2x", "2s") and `H` are bfloat16.
pub const PYBUFFER_DLPACK_BFLOAT16: c_int = 2;
/// For imports: bfloat16 is `H` and floats of 8 bits are `B`, the integers with the same bits; else they are the opaque items
/// "2x" and "1x".
pub const PYBUFFER_DLPACK_INTEGERS: c_int = 4;

/// NumPy's `PyArrayInterface`, what the capsule of `__array_struct__` points to. NumPy: `numpy/ndarraytypes.h`.
#[repr(C)]
pub struct pybuffer_array_interface {
    /// 2, by which a consumer knows the struct.
    pub two: c_int,
    /// The number of axes.
    pub nd: c_int,
    /// The kind of the items: 'b' truth value, 'i' signed, 'u' unsigned integer, 'f' float, 'c' complex number, 'S' bytes, 'U'
    /// text (UCS-4), 'V' void.
    pub typekind: c_char,
    /// The bytes of an item.
    pub itemsize: c_int,
    /// `PYBUFFER_ARRAY_*`.
    pub flags: c_int,
    /// Items along each axis.
    pub shape: *mut Py_ssize_t,
    /// Bytes from one index of an axis to the next.
    pub strides: *mut Py_ssize_t,
    /// The item at index 0 of every axis.
    pub data: *mut c_void,
    /// With `PYBUFFER_ARRAY_HAS_DESCR`, Python's description of the items; not used here.
    pub descr: *mut PyObject,
}

/// Contiguous in C order. NumPy: `NPY_ARRAY_C_CONTIGUOUS`.
pub const PYBUFFER_ARRAY_C_CONTIGUOUS: c_int = 0x1;
/// Contiguous in Fortran order. NumPy: `NPY_ARRAY_F_CONTIGUOUS`.
pub const PYBUFFER_ARRAY_F_CONTIGUOUS: c_int = 0x2;
/// Each number is at a multiple of its size. NumPy: `NPY_ARRAY_ALIGNED`.
pub const PYBUFFER_ARRAY_ALIGNED: c_int = 0x100;
/// Numbers have the byte order of the machine. NumPy: `NPY_ARRAY_NOTSWAPPED`.
pub const PYBUFFER_ARRAY_NOTSWAPPED: c_int = 0x200;
/// The memory may be written. NumPy: `NPY_ARRAY_WRITEABLE`.
pub const PYBUFFER_ARRAY_WRITEABLE: c_int = 0x400;
/// `descr` is there. NumPy: `NPY_ARR_HAS_DESCR`.
pub const PYBUFFER_ARRAY_HAS_DESCR: c_int = 0x800;

const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<pybuffer_array_interface>() == 56 && offset_of!(pybuffer_array_interface, itemsize) == 12);
    assert!(offset_of!(pybuffer_array_interface, shape) == 24 && offset_of!(pybuffer_array_interface, descr) == 48);
};
