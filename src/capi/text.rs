//! Text of memoryviews
//!
//! There are no strings here: the text is ASCII in a new bytes object, with a NUL after it as every bytes object has one,
//! so that `PyBytes_AsString` gives a C string. No thread may write the memory meanwhile; a release in another one takes
//! effect afterwards.

use core::ffi::c_int;

use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Error, Result};
use crate::objects::memoryview::{self, Separator};
use crate::runtime::boundary::{boundary, non_null};

/// The separator that a number stands for; `None` if it is negative.
fn separator_of(character: c_int, bytes: Py_ssize_t) -> Result<Option<Separator>> {
    match u8::try_from(character) {
        Ok(character) if character.is_ascii() => Ok(Some((character, bytes))),
        _ if character < 0 => Ok(None),
        _ => Err(Error::value(c"sep must be ASCII.")),
    }
}

/// The bytes of the items in C order, two lower-case hexadecimal digits for each.
///
/// `separator` is a character that is put between groups of `bytes_per_separator` bytes, or negative for none. The groups
/// are counted from the right, so that the first may be smaller; where the number is negative, from the left. With 0
/// there is no separator. Of the bytes 1 2 3, with ':': "01:0203" for 2, "0102:03" for -2, "01:02:03" for 1 and -1.
///
/// A new bytes object; NULL with an error set: `ValueError` where `separator` is above 127, or the memoryview has been
/// released, `TypeError` if `view` is not a memoryview, `MemoryError`, `SystemError` for NULL. CPython: the method
/// `memoryview.hex()`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_hex(
    view: *mut PyObject,
    separator: c_int,
    bytes_per_separator: Py_ssize_t,
) -> *mut PyObject {
    boundary(|| {
        let (view, separator) = (non_null(view)?, separator_of(separator, bytes_per_separator)?);
        // SAFETY: O1.
        unsafe { memoryview::hex(view, separator) }
    })
}

/// The `repr` of a memoryview in Python: "<memory at 0x7f0123456789>", or "<released memory at 0x7f0123456789>". The address is
/// that of the object.
///
/// A new bytes object; NULL with `TypeError` if `view` is not a memoryview, `MemoryError`, `SystemError` for NULL. CPython:
/// `repr()` of a memoryview.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_repr(view: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1.
        unsafe { memoryview::repr(view) }
    })
}

/// The items, as Python writes the lists that `memoryview.tolist()` gives: "[[0, 1], [2, 3]]". For a view of no axes it is the
/// one item.
///
/// Every format that `pybuffer_format_parse` takes is shown, record or not: an item of one value as that value, one of
/// several as "(1, 2.0)", one of none as "()", without names and without the nesting of records. A value is written as
/// by Python's `repr`: integers (addresses and bits, too) in decimal, floats with the fewest digits that lead back to the
/// same double ("0.1", "1e+16", "-0.0", "inf", "nan"; halves and singles as the doubles that they are, a long double as the
/// nearest double), "(1+2j)", "True", "b'bytes\x00'". Units of text are strings of length 1, everything beyond ASCII
/// escaped as by `ascii()`: "'a'", "'\xe9'", "'\u20ac'", "'\U0001f40d'".
///
/// At most `limit` items are shown, the first ones in C order; a negative limit means all. A list with more items than are
/// shown ends with "..."; a list of which nothing is shown is part of the "..." of the outer one. Of the items [[0, 1, 2, 3],
/// [4, 5, 6, 7]]:
///
/// * limit 3: "[[0, 1, 2, ...], ...]"
/// * limit 4: "[[0, 1, 2, 3], ...]"
/// * limit 5: "[[0, 1, 2, 3], [4, ...]]"
/// * limit 0: "[...]" (without axes: "...")
///
/// Where there are no items ("[]", "[[], []]"), empty lists count in their place.
///
/// A new bytes object; NULL with an error set: `ValueError` where the memoryview has been released, the format is invalid,
/// or an item is smaller than its format, `TypeError` if `view` is not a memoryview, `MemoryError`, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_text(view: *mut PyObject, limit: Py_ssize_t) -> *mut PyObject {
    boundary(|| {
        let view = non_null(view)?;
        // SAFETY: O1.
        unsafe { memoryview::text(view, usize::try_from(limit).ok()) }
    })
}
