//! Fields of records by their names: `orbit.radius`, or `#0` for the first one.

use core::ffi::CStr;

use crate::abi::format::{PYBUFFER_KIND_RECORD, pybuffer_item};
use crate::error::{Argument, Error, ErrorKind, Result};

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
