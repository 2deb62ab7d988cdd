//! bytes and bytearray. CPython: `cpython/bytesobject.h`, `cpython/bytearrayobject.h`.

use core::ffi::c_char;

use super::object::{Py_hash_t, Py_ssize_t, PyVarObject};

/// An immutable sequence of bytes; `ob_size` of them, and a NUL after the last.
#[repr(C)]
pub struct PyBytesObject {
    /// The head; `ob_size` is the length.
    pub ob_base: PyVarObject,
    /// The hash once it has been asked for, else -1.
    pub ob_shash: Py_hash_t,
    /// The bytes and the NUL.
    pub ob_sval: [c_char; 1],
}

/// A sequence of bytes that can change and be resized; `ob_size` of them, and a NUL after the last.
#[repr(C)]
pub struct PyByteArrayObject {
    /// The head; `ob_size` is the length.
    pub ob_base: PyVarObject,
    /// For how many bytes there is memory at `ob_bytes`, with a NUL after them, which CPython counts until 3.14.
    pub ob_alloc: Py_ssize_t,
    /// The allocated memory; NULL where nothing is.
    pub ob_bytes: *mut c_char,
    /// Where the content starts; never NULL.
    pub ob_start: *mut c_char,
    /// The number of views that consumers hold; it cannot be resized while there are any. The library changes it atomically,
    /// and uses its high bits during a call that reads or moves the memory.
    pub ob_exports: Py_ssize_t,
}

/// Bytes that are being written (CPython 3.15, PEP 782). Opaque to C.
///
/// cbindgen:ignore
#[repr(C)]
pub struct PyBytesWriter {
    opaque: [u8; 0],
}

/// The size of a bytes object with no bytes: head, hash and NUL.
pub(crate) const BYTES_BASIC_SIZE: usize = core::mem::offset_of!(PyBytesObject, ob_sval) + 1;

const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(offset_of!(PyBytesObject, ob_sval) == 32);
    assert!(size_of::<PyByteArrayObject>() == 56);
    assert!(offset_of!(PyByteArrayObject, ob_exports) == 48);
};
