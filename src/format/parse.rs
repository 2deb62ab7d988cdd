//! What the readers of a format share, and which formats are the struct module's.
//!
//! CPython's counterpart is `prepare_s` in `_struct.c`. `tree` reads all of PEP 3118; here is only what tells the struct
//! module's half of it, since the equality of memoryviews knows no more than that half.

use core::ffi::CStr;

use super::codes::{Mode, lookup};

/// No item can be larger than this (`PY_SSIZE_T_MAX`); a `usize` that passed this check fits an `isize`.
pub(super) const MAX: usize = isize::MAX.cast_unsigned();

/// Whether a valid format is one that the struct module of CPython 3.15 takes, too: a prefix at its start, codes with a count,
/// and space before and after these.
#[must_use]
pub fn is_of_struct(format: &CStr) -> bool {
    let text = format.to_bytes();
    let prefix = text.split_first().and_then(|(&first, rest)| Some((Mode::of_prefix(first)?, rest)));
    let (mode, mut rest) = prefix.unwrap_or((Mode::NATIVE, text));
    let mut counted = false;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        // What follows the two letters of a complex number.
        let complex = after.split_first().filter(|(letter, _)| byte == b'Z' && matches!(letter, b'f' | b'd'));
        counted = match (digit(byte), lookup(byte), complex) {
            (Some(_), ..) => true,
            (_, Some(code), _) if mode.native || code.standard_size.is_some() => false,
            _ if matches!(byte, b'F' | b'D') => false,
            (.., Some((_, behind))) => {
                rest = behind;
                false
            }
            _ if is_space(byte) && !counted => false,
            _ => return false,
        };
    }
    !counted
}

/// The start and the end of `count` elements that follow `offset` bytes; `None` if they end beyond [`MAX`].
pub(super) fn place(offset: usize, align: usize, size: usize, count: usize) -> Option<(usize, usize)> {
    let mask = align - 1;
    let start = offset.checked_add(mask)? & !mask;
    let end = size.checked_mul(count)?.checked_add(start)?;
    (end <= MAX).then_some((start, end))
}

/// C's `isspace` in the C locale: `Py_ISSPACE`.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

pub(super) fn digit(byte: u8) -> Option<usize> {
    byte.is_ascii_digit().then(|| usize::from(byte - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_separates_codes_and_nothing_else() {
        for format in
            [c"", c" \t\n\x0b\x0c\rb 2b ", c"@ b", c"<", c">3x0s0p", c"@nNP", c"nNP", c"<FD", c"2Zf Zd", c"<Zf"]
        {
            assert!(is_of_struct(format), "{format:?}");
        }
        for format in [c"2 b", c"3\t2b", c"2", c" @b", c"b\x85", c"@@b", c"b12", c"<bn", c"<P"] {
            assert!(!is_of_struct(format), "{format:?}");
        }
    }

    #[test]
    fn what_pep_3118_adds_is_not_known() {
        for format in [
            c"T{i}", c"i:x:", c"(2)i", c"Ze", c"Zg", c"Z", c"G", c"Z d", c"g", c"w", c"u", c"t", c"O", c"&i", c"X{}",
            c"^i", c"<i>i",
        ] {
            assert!(!is_of_struct(format), "{format:?}");
        }
    }
}
