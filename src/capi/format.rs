//! Formats
//!
//! The syntax of PEP 3118: Python's struct module's, and with it `^` (native, unaligned), prefixes anywhere, `g` (long
//! double), `Zf Zd Zg Ze F D G` (complex), `u w` (code units of text), `t` (bits), `O & X{} z Z` (pointers), `(k1,k2)`
//! (sub-arrays, which nest: `(k1)(k2)`), `T{...}` (records) and `:name:`. A parsed format is an object; it never changes
//! and may be used from all threads. Its items are structs that a program walks and does not own.
//!
//! Where producers of formats disagree: a prefix holds until the next one, through records; `@` aligns and, in force
//! at the end of a record, pads it to its alignment, as C does (a format as a whole is not padded, as in the struct
//! module); `g O P & X z Z` have their native size with every prefix, and addresses the byte order of the machine. `u` has two
//! bytes in a format by itself. In a view it has four, as in ctypes' `wchar_t`, if the format has the view's itemsize with four
//! bytes and not with two. `x` is padding, and has no value, unless it has a name or the format is padding alone, as NumPy's
//! `3x` is: then it is bytes.
//! (`==` and `pybuffer_ndarray` follow CPython, and see no value in either.)

use core::ffi::{CStr, c_char, c_int, c_void};

use crate::abi::format::{pybuffer_item, pybuffer_value};
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::objects::format::{self, FormatObject};
use crate::runtime::boundary::{Failure, boundary, non_null};

use super::buffer::count_of;

/// What one field of a format says. A pointer, since a reference would cover the reference count as well (O3).
///
/// # Safety
/// NULL or O1.
unsafe fn field<T: Failure>(format: *mut PyObject, read: impl FnOnce(*mut FormatObject) -> T) -> T {
    boundary(|| {
        let format = non_null(format)?;
        // SAFETY: O1; O2 after the downcast.
        unsafe { Ok(read(format::downcast(format)?.as_ptr())) }
    })
}

/// Parses a format. A new reference; for a single native code of the struct module an immortal object, for
/// which no memory is needed.
///
/// NULL with `ValueError` that names what was expected and at which byte, `MemoryError`, or `SystemError` for NULL. Items that
/// take no bytes may have more elements, or more values, than a `Py_ssize_t` can count: such a format has a size
/// (`PyBuffer_SizeFromFormat`), but cannot be described, which is a `ValueError`, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_parse(format: *const c_char) -> *mut PyObject {
    boundary(|| {
        let format = non_null(format.cast_mut())?;
        // SAFETY: not NULL, so the program guarantees a C string.
        format::parse(unsafe { CStr::from_ptr(format.as_ptr()) })
    })
}

/// Parses the format of a view, whose items have `itemsize` bytes. The itemsize decides whether `u` has two bytes or four
/// (see above); a `u` of four bytes is described as a `w`. A new reference, or NULL, as `pybuffer_format_parse`;
/// `ValueError` also where the format needs more bytes than `itemsize`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_parse_sized(format: *const c_char, itemsize: Py_ssize_t) -> *mut PyObject {
    boundary(|| {
        let format = non_null(format.cast_mut())?;
        let itemsize = count_of(itemsize)?;
        // SAFETY: not NULL, so the program guarantees a C string.
        format::parse_sized(unsafe { CStr::from_ptr(format.as_ptr()) }, itemsize)
    })
}

/// The item that the format describes: if there is only one, that one; otherwise a record without a code, whose fields are the
/// items. It lives as long as the format. NULL with `TypeError` if `format` is not a format, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_root(format: *mut PyObject) -> *const pybuffer_item {
    // SAFETY: NULL or O1; the object is a format (O2), whose fields do not change.
    unsafe { field(format, |format| (*format).root.cast_mut()) }
}

/// The bytes of an item as a whole: what `PyBuffer_SizeFromFormat` says. -1 with `TypeError` if `format` is not a format,
/// `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_itemsize(format: *mut PyObject) -> Py_ssize_t {
    // SAFETY: NULL or O1; the object is a format (O2), whose fields do not change.
    unsafe { field(format, |format| (*format).size) }
}

/// The largest alignment of an item that is aligned natively, at least 1. -1 with `TypeError` if `format` is not a format,
/// `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_alignment(format: *mut PyObject) -> Py_ssize_t {
    // SAFETY: NULL or O1; the object is a format (O2), whose fields do not change.
    unsafe { field(format, |format| (*format).align) }
}

/// The text that was parsed. It lives as long as the format. NULL with `TypeError` if `format` is not a format, `SystemError`
/// for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_text(format: *mut PyObject) -> *const c_char {
    // SAFETY: NULL or O1; the object is a format (O2), whose fields do not change.
    unsafe { field(format, |format| (*format).text.cast_mut()) }
}

/// The canonical spelling, as a bytes object: standard codes, a prefix where the byte order matters and changes, padding
/// written out. It describes the same item on every machine with pointers of the same size, and parses to it. A new
/// reference; NULL with `TypeError` if `format` is not a format, `MemoryError`, or `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_canonical(format: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let format = non_null(format)?;
        // SAFETY: O1; O2 after the downcast.
        unsafe { format::canonical(format::downcast(format)?) }
    })
}

/// The format of one item of a parsed format, with its shape and without its name, as text that means the same wherever it is
/// put: a bytes object with the canonical spelling. A new reference; NULL with `MemoryError`, or `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_item_format(item: *const pybuffer_item) -> *mut PyObject {
    boundary(|| {
        let item = non_null(item.cast_mut())?;
        // SAFETY: not NULL, so it is an item of a format that lives.
        unsafe { format::format_of_item(item.as_ref()) }
    })
}

/// Whether two formats describe the same item: the same values in the same bytes, and, if `names` is not 0, with the
/// same names. 1 or 0; -1 with `TypeError` if one is not a format, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_equivalent(a: *mut PyObject, b: *mut PyObject, names: c_int) -> c_int {
    boundary(|| {
        let (a, b) = (non_null(a)?, non_null(b)?);
        // SAFETY: O1; O2 after the downcasts.
        unsafe {
            let (a, b) = (format::downcast(a)?, format::downcast(b)?);
            Ok(format::equivalent(a, b, names != 0))
        }
    })
}

/// The number of values that an item has: each element of a sub-array and each code unit of text is one, and all bytes of
/// an `s` or `p` together; padding has none unless it is an item (see above), and the value of a pointer is the address. -1
/// with `TypeError` if `format` is not a format, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_value_count(format: *mut PyObject) -> Py_ssize_t {
    // SAFETY: NULL or O1; the object is a format (O2), whose fields do not change.
    unsafe { field(format, |format| (*format).values) }
}

/// Unpacks one item: reads as many bytes as its size says at `item`, at any alignment, and writes as many values as there
/// are to `values`, in the order of the format. Bytes stay in the item, and are pointed to.
///
/// Returns 0; -1 with `TypeError` if `format` is not a format, `MemoryError` where so many values cannot fit in memory, and
/// `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_unpack(
    format: *mut PyObject,
    item: *const c_void,
    values: *mut pybuffer_value,
) -> c_int {
    // SAFETY: the caller's arguments are passed on: O1, one item to read, and room for its values.
    unsafe { pybuffer_format_unpack_items(format, item, 0, 1, values) }
}

/// Unpacks `count` items, each `stride` bytes after the one before, whose values follow each other in `values`.
///
/// Returns 0; -1 with `TypeError` if `format` is not a format, `MemoryError` where so many values cannot fit in memory, and
/// `SystemError` for NULL or a negative count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_unpack_items(
    format: *mut PyObject,
    items: *const c_void,
    stride: Py_ssize_t,
    count: Py_ssize_t,
    values: *mut pybuffer_value,
) -> c_int {
    boundary(|| {
        let (format, items, values) = (non_null(format)?, non_null(items.cast_mut())?, non_null(values)?);
        let count = count_of(count)?;
        // SAFETY: O1; O2 after the downcast; `count` items may be read, and their values written.
        unsafe {
            let format = format::downcast(format)?;
            format::unpack(format, items.as_ptr().cast_const().cast(), stride, count, values.as_ptr())
        }
    })
}

/// Packs one item from its values, which are checked as Python's `struct.pack` checks its arguments; padding becomes 0.
/// No value may be bytes in the item itself.
///
/// Returns 0; -1 with an error set, and then nothing is written: `TypeError` for a value of the wrong kind or where
/// `format` is not a format, `ValueError` for one that is out of range, `MemoryError` where so many values cannot fit in
/// memory, and `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_format_pack(
    format: *mut PyObject,
    item: *mut c_void,
    values: *const pybuffer_value,
) -> c_int {
    boundary(|| {
        let (format, item, values) = (non_null(format)?, non_null(item)?, non_null(values.cast_mut())?);
        // SAFETY: O1; O2 after the downcast; the item may be written, and its values read.
        unsafe { format::pack(format::downcast(format)?, item.as_ptr().cast(), values.as_ptr()) }
    })
}
