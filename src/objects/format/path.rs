//! Fields of records: by their names, `orbit.radius`, or `#0` for the first one; and those that are equal numbers.

use core::ffi::CStr;

use crate::abi::format::{
    PYBUFFER_KIND_BOOL, PYBUFFER_KIND_COMPLEX, PYBUFFER_KIND_FLOAT, PYBUFFER_KIND_POINTER, PYBUFFER_KIND_RECORD,
    PYBUFFER_KIND_SIGNED, PYBUFFER_KIND_UNSIGNED, pybuffer_item,
};
use crate::error::{Argument, Error, ErrorKind, Result};

use super::spell::{is_code, orders, standard_code};

/// Calls `visit` with each item on the way to a field, from the root to the field itself.
///
/// A name may contain dots: of several that fit the longest counts, and of equal ones the first.
///
/// # Safety
/// The root belongs to a format, and the path is a C string; both for as long as the error is used.
pub(crate) unsafe fn follow(root: &pybuffer_item, path: &CStr, visit: &mut dyn FnMut(&pybuffer_item)) -> Result<()> {
    let (mut item, mut rest) = (root, path.to_bytes_with_nul());
    visit(item);
    loop {
        let missing = |kind, text| Err(Error::with(kind, text, Argument::Text(rest.as_ptr().cast()), Argument::None));
        if item.kind != PYBUFFER_KIND_RECORD {
            return missing(ErrorKind::Type, c"no field '%s': only records have fields");
        }
        // SAFETY: the caller guarantees that the root belongs to a format, and so do its fields.
        let Some((field, length)) = (unsafe { named(item, rest).or_else(|| numbered(item, rest)) }) else {
            return missing(ErrorKind::Value, c"the record has no field '%s'");
        };
        item = field;
        visit(item);
        match rest.get(length..) {
            Some(after @ [b'.', ..]) => rest = after.get(1..).unwrap_or(&[]),
            _ => return Ok(()),
        }
    }
}

/// The fields of a record.
///
/// # Safety
/// The item belongs to a format.
unsafe fn fields(record: &pybuffer_item) -> impl Iterator<Item = &pybuffer_item> {
    // SAFETY: the caller guarantees that the item belongs to a format: each field leads to the next.
    core::iter::successors(unsafe { record.fields.as_ref() }, |field| unsafe { field.next.as_ref() })
}

/// Whether a path, whose NUL is part of it, has a whole step of that many bytes.
fn is_step(path: &[u8], length: usize) -> bool {
    matches!(path.get(length), Some(b'.' | 0))
}

/// The field with the longest name that the path starts with, and the bytes of that.
///
/// # Safety
/// The item belongs to a format.
unsafe fn named<'f>(record: &'f pybuffer_item, path: &[u8]) -> Option<(&'f pybuffer_item, usize)> {
    let mut longest: Option<(&pybuffer_item, usize)> = None;
    // SAFETY: the caller guarantees that the item belongs to a format: a name is NULL or a C string.
    unsafe {
        for field in fields(record).filter(|field| !field.name.is_null()) {
            let name = CStr::from_ptr(field.name).to_bytes();
            let fits = path.starts_with(name) && is_step(path, name.len());
            if fits && longest.is_none_or(|(_, length)| length < name.len()) {
                longest = Some((field, name.len()));
            }
        }
    }
    longest
}

/// The field whose number the path starts with, and the bytes of that.
///
/// # Safety
/// The item belongs to a format.
unsafe fn numbered<'f>(record: &'f pybuffer_item, path: &[u8]) -> Option<(&'f pybuffer_item, usize)> {
    let digits = path.strip_prefix(b"#")?;
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let length = count.checked_add(1).filter(|&length| count != 0 && is_step(path, length))?;
    let number = digits
        .get(..count)?
        .iter()
        .try_fold(0_usize, |number, digit| number.checked_mul(10)?.checked_add(usize::from(digit - b'0')))?;
    // SAFETY: the caller guarantees that the item belongs to a format.
    unsafe { fields(record) }.nth(number).map(|field| (field, length))
}

/// The first number of a record, if it consists of such numbers, without a byte besides.
///
/// # Safety
/// The item belongs to a format.
pub(crate) unsafe fn number_of_record(record: &pybuffer_item) -> Option<&pybuffer_item> {
    // SAFETY: the caller guarantees that the item belongs to a format.
    unsafe { first_number(record).filter(|first| are_like(record, first)) }
}

/// The fields of a record that have bytes.
///
/// # Safety
/// The item belongs to a format.
unsafe fn used_fields(record: &pybuffer_item) -> impl Iterator<Item = &pybuffer_item> {
    // SAFETY: the caller guarantees that the item belongs to a format.
    unsafe { fields(record) }.filter(|field| field.elements != 0 && field.itemsize != 0)
}

/// The first number of a record, if it starts with one. Recursion is as deep as the format's.
///
/// # Safety
/// The item belongs to a format.
unsafe fn first_number(record: &pybuffer_item) -> Option<&pybuffer_item> {
    // SAFETY: the caller guarantees that the item belongs to a format, and so do its fields.
    let first = unsafe {
        used_fields(record).find_map(|field| match field.kind {
            PYBUFFER_KIND_RECORD => first_number(field),
            _ => Some(field),
        })
    };
    first.filter(|item| match item.kind {
        PYBUFFER_KIND_BOOL
        | PYBUFFER_KIND_SIGNED
        | PYBUFFER_KIND_UNSIGNED
        | PYBUFFER_KIND_FLOAT
        | PYBUFFER_KIND_COMPLEX => true,
        // An address alone is a number, too.
        PYBUFFER_KIND_POINTER => is_code(item, b"P"),
        _ => false,
    })
}

/// Whether a record consists of numbers like this one, without a byte besides. Recursion is as deep as the format's.
///
/// # Safety
/// The record belongs to a format.
unsafe fn are_like(record: &pybuffer_item, number: &pybuffer_item) -> bool {
    let mut end = 0;
    // SAFETY: the caller guarantees that the item belongs to a format, and so do its fields.
    let alike = unsafe {
        used_fields(record).all(|field| {
            let follows = field.offset == end;
            end = field.offset.wrapping_add(field.itemsize.wrapping_mul(field.elements));
            follows
                && if field.kind == PYBUFFER_KIND_RECORD {
                    are_like(field, number)
                } else {
                    field.kind == number.kind
                        && standard_code(field) == standard_code(number)
                        && (field.byteorder == number.byteorder || !orders(number))
                }
        })
    };
    alike && end == record.itemsize
}
