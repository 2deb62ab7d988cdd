//! The functions of the header that several tests call, and the pending error.

use std::ffi::{CStr, c_char, c_int, c_void};

use pybuffer::abi::buffer::Py_buffer;
use pybuffer::abi::format::pybuffer_value;
use pybuffer::abi::memoryview::pybuffer_subscript;
use pybuffer::abi::object::PyObject;

// SAFETY: the prototypes of include/pybuffer/pybuffer.h, which tests/house/abi.rs compares with the definitions.
unsafe extern "C" {
    pub(crate) fn PyBuffer_FromContiguous(
        view: *const Py_buffer,
        buf: *const c_void,
        len: isize,
        order: c_char,
    ) -> c_int;
    pub(crate) fn PyBuffer_GetPointer(view: *const Py_buffer, indices: *const isize) -> *mut c_void;
    pub(crate) fn PyBuffer_IsContiguous(view: *const Py_buffer, order: c_char) -> c_int;
    pub(crate) fn PyBuffer_Release(view: *mut Py_buffer);
    pub(crate) fn PyBuffer_SizeFromFormat(format: *const c_char) -> isize;
    pub(crate) fn PyBuffer_ToContiguous(buf: *mut c_void, view: *const Py_buffer, len: isize, order: c_char) -> c_int;
    pub(crate) fn PyByteArray_AsString(obj: *mut PyObject) -> *mut c_char;
    pub(crate) fn PyByteArray_FromStringAndSize(bytes: *const c_char, size: isize) -> *mut PyObject;
    pub(crate) fn PyBytes_AsString(obj: *mut PyObject) -> *mut c_char;
    pub(crate) fn PyBytes_AsStringAndSize(obj: *mut PyObject, start: *mut *mut c_char, size: *mut isize) -> c_int;
    pub(crate) fn PyBytes_FromStringAndSize(bytes: *const c_char, size: isize) -> *mut PyObject;
    pub(crate) fn PyBytes_Size(obj: *mut PyObject) -> isize;
    pub(crate) fn PyErr_Clear();
    pub(crate) fn PyErr_ExceptionMatches(exception: *mut PyObject) -> c_int;
    pub(crate) fn PyErr_Occurred() -> *mut PyObject;
    pub(crate) safe static PyExc_BufferError: *mut PyObject;
    pub(crate) fn PyMemoryView_FromBuffer(info: *const Py_buffer) -> *mut PyObject;
    pub(crate) fn PyMemoryView_FromObject(obj: *mut PyObject) -> *mut PyObject;
    pub(crate) fn PyMemoryView_GetContiguous(obj: *mut PyObject, buffertype: c_int, order: c_char) -> *mut PyObject;
    pub(crate) fn PyObject_CopyData(dest: *mut PyObject, src: *mut PyObject) -> c_int;
    pub(crate) fn PyObject_GetBuffer(obj: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int;
    pub(crate) fn PyObject_Hash(obj: *mut PyObject) -> isize;
    pub(crate) fn PyObject_Length(obj: *mut PyObject) -> isize;
    pub(crate) fn PyObject_RichCompareBool(a: *mut PyObject, b: *mut PyObject, operator: c_int) -> c_int;
    pub(crate) fn Py_DecRef(op: *mut PyObject);
    pub(crate) fn pybuffer_error_message() -> *const c_char;
    pub(crate) fn pybuffer_error_name() -> *const c_char;
    pub(crate) fn pybuffer_memoryview_assign(
        view: *mut PyObject,
        subscripts: *const pybuffer_subscript,
        count: c_int,
        source: *mut PyObject,
    ) -> c_int;
    pub(crate) fn pybuffer_memoryview_broadcast(view: *mut PyObject, ndim: c_int, shape: *const isize)
    -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_cast(
        view: *mut PyObject,
        format: *const c_char,
        ndim: c_int,
        shape: *const isize,
        order: c_char,
    ) -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_count(
        view: *mut PyObject,
        values: *const pybuffer_value,
        nvalues: c_int,
    ) -> isize;
    pub(crate) fn pybuffer_memoryview_equal(a: *mut PyObject, b: *mut PyObject) -> c_int;
    pub(crate) fn pybuffer_memoryview_fill(
        view: *mut PyObject,
        subscripts: *const pybuffer_subscript,
        count: c_int,
        values: *const pybuffer_value,
        nvalues: c_int,
    ) -> c_int;
    pub(crate) fn pybuffer_memoryview_flip(view: *mut PyObject, axis: c_int) -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_from_double(view: *mut PyObject, numbers: *const f64, count: isize) -> c_int;
    pub(crate) fn pybuffer_memoryview_from_float(view: *mut PyObject, numbers: *const f32, count: isize) -> c_int;
    pub(crate) fn pybuffer_memoryview_from_int64(view: *mut PyObject, numbers: *const i64, count: isize) -> c_int;
    pub(crate) fn pybuffer_memoryview_from_uint64(view: *mut PyObject, numbers: *const u64, count: isize) -> c_int;
    pub(crate) fn pybuffer_memoryview_get_item(
        view: *mut PyObject,
        indices: *const isize,
        nindices: c_int,
        values: *mut pybuffer_value,
        nvalues: c_int,
    ) -> c_int;
    pub(crate) fn pybuffer_memoryview_hex(
        view: *mut PyObject,
        separator: c_int,
        bytes_per_separator: isize,
    ) -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_index(
        view: *mut PyObject,
        values: *const pybuffer_value,
        nvalues: c_int,
        start: isize,
        stop: isize,
    ) -> isize;
    pub(crate) fn pybuffer_memoryview_is_released(view: *mut PyObject) -> c_int;
    pub(crate) fn pybuffer_memoryview_item_pointer(
        view: *mut PyObject,
        indices: *const isize,
        nindices: c_int,
    ) -> *mut c_void;
    pub(crate) fn pybuffer_memoryview_iter(view: *mut PyObject) -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_next(iterator: *mut PyObject) -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_next_item(
        iterator: *mut PyObject,
        values: *mut pybuffer_value,
        nvalues: c_int,
    ) -> c_int;
    pub(crate) fn pybuffer_memoryview_permute(view: *mut PyObject, axes: *const c_int, count: c_int) -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_release(view: *mut PyObject) -> c_int;
    pub(crate) fn pybuffer_memoryview_reshape(
        view: *mut PyObject,
        ndim: c_int,
        shape: *const isize,
        order: c_char,
    ) -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_set_item(
        view: *mut PyObject,
        indices: *const isize,
        nindices: c_int,
        values: *const pybuffer_value,
        nvalues: c_int,
    ) -> c_int;
    pub(crate) fn pybuffer_memoryview_subscript(
        view: *mut PyObject,
        subscripts: *const pybuffer_subscript,
        count: c_int,
    ) -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_text(view: *mut PyObject, limit: isize) -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_to_double(view: *mut PyObject, numbers: *mut f64, count: isize) -> c_int;
    pub(crate) fn pybuffer_memoryview_to_float(view: *mut PyObject, numbers: *mut f32, count: isize) -> c_int;
    pub(crate) fn pybuffer_memoryview_to_int64(view: *mut PyObject, numbers: *mut i64, count: isize) -> c_int;
    pub(crate) fn pybuffer_memoryview_to_uint64(view: *mut PyObject, numbers: *mut u64, count: isize) -> c_int;
    pub(crate) fn pybuffer_memoryview_tobytes(view: *mut PyObject, order: c_char) -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_toreadonly(view: *mut PyObject) -> *mut PyObject;
    pub(crate) fn pybuffer_memoryview_values(view: *mut PyObject, values: *mut pybuffer_value, nvalues: isize)
    -> c_int;
    pub(crate) fn pybuffer_set_hash_key(k0: u64, k1: u64) -> c_int;
}

/// The name of the pending error, which is cleared.
pub(crate) fn take_error() -> String {
    // SAFETY: the name is a C string that lives until the error is cleared.
    unsafe {
        let name = pybuffer_error_name();
        assert!(!name.is_null(), "a call failed without an error");
        let name = CStr::from_ptr(name).to_string_lossy().into_owned();
        PyErr_Clear();
        name
    }
}
