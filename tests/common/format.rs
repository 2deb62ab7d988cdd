//! The exported functions of formats, as tests in Rust call them; the fuzz targets, too.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::NonNull;

use pybuffer::abi::format::{pybuffer_item, pybuffer_value, pybuffer_value_as};
use pybuffer::abi::object::{Py_ssize_t, PyObject};

// SAFETY: the prototypes of include/pybuffer/pybuffer.h, which tests/house/abi.rs compares with the definitions.
unsafe extern "C" {
    fn pybuffer_format_parse(format: *const c_char) -> *mut PyObject;
    fn pybuffer_format_parse_sized(format: *const c_char, itemsize: Py_ssize_t) -> *mut PyObject;
    fn pybuffer_format_root(format: *mut PyObject) -> *const pybuffer_item;
    fn pybuffer_format_itemsize(format: *mut PyObject) -> Py_ssize_t;
    fn pybuffer_format_alignment(format: *mut PyObject) -> Py_ssize_t;
    fn pybuffer_format_text(format: *mut PyObject) -> *const c_char;
    fn pybuffer_format_canonical(format: *mut PyObject) -> *mut PyObject;
    fn pybuffer_format_equivalent(a: *mut PyObject, b: *mut PyObject, names: c_int) -> c_int;
    fn pybuffer_format_value_count(format: *mut PyObject) -> Py_ssize_t;
    fn pybuffer_format_unpack(format: *mut PyObject, item: *const c_void, values: *mut pybuffer_value) -> c_int;
    fn pybuffer_format_pack(format: *mut PyObject, item: *mut c_void, values: *const pybuffer_value) -> c_int;
    fn PyBytes_AsString(obj: *mut PyObject) -> *mut c_char;
    fn Py_DecRef(op: *mut PyObject);
    fn PyErr_Clear();
    fn pybuffer_error_name() -> *const c_char;
    fn pybuffer_error_message() -> *const c_char;
}

/// A value before it is unpacked.
pub(crate) const NO_VALUE: pybuffer_value =
    pybuffer_value { kind: -1, r#as: pybuffer_value_as { long_double: [0; 16] } };

/// Clears the pending error and returns it, as "ValueError: ...".
fn take_error() -> String {
    // SAFETY: both texts are C strings that live until the error is cleared.
    unsafe {
        let [name, message] = [pybuffer_error_name(), pybuffer_error_message()].map(|text| {
            assert!(!text.is_null(), "a call failed without an error");
            CStr::from_ptr(text).to_string_lossy().into_owned()
        });
        PyErr_Clear();
        format!("{name}: {message}")
    }
}

/// A parsed format.
pub(crate) struct Format(NonNull<PyObject>);

impl Format {
    pub(crate) fn parse(format: &CStr) -> Result<Self, String> {
        // SAFETY: a C string.
        NonNull::new(unsafe { pybuffer_format_parse(format.as_ptr()) }).map(Self).ok_or_else(take_error)
    }

    /// The format of items of this size.
    pub(crate) fn parse_sized(format: &CStr, itemsize: usize) -> Result<Self, String> {
        // SAFETY: a C string.
        let parsed = unsafe { pybuffer_format_parse_sized(format.as_ptr(), itemsize.cast_signed()) };
        NonNull::new(parsed).map(Self).ok_or_else(take_error)
    }

    pub(crate) fn itemsize(&self) -> usize {
        // SAFETY: a format.
        usize::try_from(unsafe { pybuffer_format_itemsize(self.0.as_ptr()) })
            .unwrap_or_else(|_| panic!("{}", take_error()))
    }

    pub(crate) fn alignment(&self) -> usize {
        // SAFETY: a format.
        usize::try_from(unsafe { pybuffer_format_alignment(self.0.as_ptr()) })
            .unwrap_or_else(|_| panic!("{}", take_error()))
    }

    pub(crate) fn root(&self) -> &pybuffer_item {
        // SAFETY: a format, whose items live as long as it does.
        unsafe { pybuffer_format_root(self.0.as_ptr()).as_ref() }.unwrap_or_else(|| panic!("{}", take_error()))
    }

    pub(crate) fn text(&self) -> &CStr {
        // SAFETY: a format, whose text lives as long as it does.
        unsafe { CStr::from_ptr(pybuffer_format_text(self.0.as_ptr())) }
    }

    pub(crate) fn canonical(&self) -> CString {
        // SAFETY: a format; the bytes object is ours, and no format has a NUL in it.
        unsafe {
            let text = pybuffer_format_canonical(self.0.as_ptr());
            assert!(!text.is_null(), "{}", take_error());
            let copy = CStr::from_ptr(PyBytes_AsString(text)).to_owned();
            Py_DecRef(text);
            copy
        }
    }

    pub(crate) fn is_equivalent(&self, other: &Self, names: bool) -> bool {
        // SAFETY: two formats.
        match unsafe { pybuffer_format_equivalent(self.0.as_ptr(), other.0.as_ptr(), names.into()) } {
            -1 => panic!("{}", take_error()),
            answer => answer != 0,
        }
    }

    pub(crate) fn value_count(&self) -> Result<usize, String> {
        // SAFETY: a format.
        usize::try_from(unsafe { pybuffer_format_value_count(self.0.as_ptr()) }).map_err(|_| take_error())
    }

    /// The values of the item at the start of `item`; some point into it.
    pub(crate) fn unpack(&self, item: &[u8]) -> Result<Vec<pybuffer_value>, String> {
        assert!(item.len() >= self.itemsize());
        let mut values = vec![NO_VALUE; self.value_count()?];
        // SAFETY: the memory has an item; there is room for as many values as it has.
        match unsafe { pybuffer_format_unpack(self.0.as_ptr(), item.as_ptr().cast(), values.as_mut_ptr()) } {
            0 => Ok(values),
            _ => Err(take_error()),
        }
    }

    /// Writes the values at the start of `item`.
    pub(crate) fn pack(&self, item: &mut [u8], values: &[pybuffer_value]) -> Result<(), String> {
        assert!(item.len() >= self.itemsize() && values.len() >= self.value_count()?);
        // SAFETY: the memory has room for an item; there are as many values as it has, whose bytes are alive.
        match unsafe { pybuffer_format_pack(self.0.as_ptr(), item.as_mut_ptr().cast(), values.as_ptr()) } {
            0 => Ok(()),
            _ => Err(take_error()),
        }
    }
}

impl Drop for Format {
    fn drop(&mut self) {
        // SAFETY: the reference is ours.
        unsafe { Py_DecRef(self.0.as_ptr()) };
    }
}

/// The fields of a record, or what a pointer points to.
pub(crate) fn fields(item: &pybuffer_item) -> impl Iterator<Item = &pybuffer_item> {
    // SAFETY: each field leads to the next one, and lives as long as the item.
    let (first, next) = unsafe { (item.fields.as_ref(), |field: &&pybuffer_item| field.next.as_ref()) };
    std::iter::successors(first, next)
}

pub(crate) fn shape(item: &pybuffer_item) -> &[Py_ssize_t] {
    let ndim = usize::try_from(item.ndim).expect("no item has a negative number of axes");
    // SAFETY: there are `ndim` lengths.
    if ndim == 0 { &[] } else { unsafe { std::slice::from_raw_parts(item.shape, ndim) } }
}

pub(crate) fn name(item: &pybuffer_item) -> Option<&CStr> {
    // SAFETY: NULL or a C string that lives as long as the item.
    (!item.name.is_null()).then(|| unsafe { CStr::from_ptr(item.name) })
}

/// The bytes that a value points to.
pub(crate) fn bytes(value: &pybuffer_value) -> &[u8] {
    // SAFETY: the callers ask for values that are bytes only, which the format has unpacked.
    unsafe {
        let bytes = value.r#as.bytes;
        let length = usize::try_from(bytes.length).expect("no value has a negative length");
        if length == 0 { &[] } else { std::slice::from_raw_parts(bytes.start.cast(), length) }
    }
}

/// The number of a value that is an integer, and its parts where it is a float or complex.
pub(crate) fn number(value: &pybuffer_value) -> (i64, u64, [f64; 2]) {
    // SAFETY: the callers use what the kind says; all bits of these members are values, and `NO_VALUE` is as large.
    unsafe { (value.r#as.i, value.r#as.u, value.r#as.parts) }
}

/// The bytes of a value that is a long double.
pub(crate) fn long_double(value: &pybuffer_value) -> [u8; 16] {
    // SAFETY: as in `number`.
    unsafe { value.r#as.long_double }
}
