//! Format strings: the size of an item, the values in it, and whether two items hold equal values. Layer 1.
//!
//! All of PEP 3118; `tree` documents the decisions where it leaves a choice. Nothing here allocates, uses objects or follows
//! a pointer, and recursion is bounded by `MAX_DEPTH`: a format is a C string, an item is a slice of bytes, aligned or
//! not. The comparison of items is that of `Objects/memoryobject.c`, which knows the struct module's half only
//! (`Modules/_struct.c`); `parse` says which formats these are.
//!
//! What does not live here: walking from item to item (`kernels`), shape and strides (`layout`), and the parsed format
//! that C walks (`objects::format`).
//!
//! | file | what lives there |
//! | --- | --- |
//! | `codes` | the one table of format codes, and byte order |
//! | `parse` | what the readers of a format share; [`is_of_struct`] |
//! | `hint` | names of types that are no formats |
//! | `tree` | all of it, to the tree of its items; [`walk`] |
//! | `float` | halves, and numbers whatever their layout, by integer arithmetic |
//! | `long_double` | [`LongDouble`]: C's `long double` by software |
//! | `value` | [`Value`], and Python's `==` |
//! | `coerce` | what a value is taken for when it is packed, and what a number becomes in another type |
//! | `codec` | the bytes of one element, of any kind, from and to a value |
//! | `adapt` | what an element takes of other types of values, and what becomes of it |
//! | `repr` | [`write_repr`]: a value as Python's `repr` writes it |
//! | `compile` | [`compile`]: from the text to the steps of a compiled format |
//! | `compiled` | [`CompiledFormat`]: to unpack and pack many items |
//! | `number` | which compiled formats are plain numbers |
//! | `fields` | what follows each other in an item, and how two formats pair up |
//! | `value_walk` | [`ValueWalk`]: the values of an item one after the other |
//! | `empty` | stretches of values without a byte |
//! | `comparer` | [`Comparer`]: `==` of two items in two formats |
//! | `converter` | items of one format as items of another, value by value |
//! | `codec_tests` | the tests of `codec`, which need compiled formats |

#![forbid(unsafe_code)]

// Each file uses only those above it; the empty lines keep rustfmt from sorting them.
mod codes;
mod parse;

mod hint;

mod item;
mod tree;

mod float;

mod long_double;

mod value;

mod coerce;

mod codec;

mod adapt;

mod repr;

mod compile;

mod compiled;

mod number;

mod fields;

mod value_walk;

mod empty;

mod comparer;

mod converter;

#[cfg(test)]
mod codec_tests;

use core::ffi::CStr;

use crate::error::Result;

pub use codes::{ByteOrder, Kind};
pub(crate) use coerce::{CNumber, Fault, Half, Native, To, Truth, fault};
pub use comparer::{ByValues, Comparer};
pub(crate) use comparer::{Column, Pairs};
pub use compile::{Counts, Op, compile, compile_as, compile_or_count, count_ops, count_ops_as};
pub use compiled::CompiledFormat;
pub(crate) use converter::Converter;
pub(crate) use fields::{Conversions, Elements, Fields, Joint, JointField, JointParts};
pub use item::{Item, TextSpan, common_item};
pub use long_double::LongDouble;
pub(crate) use number::{CType, Numbers, Scalar};
pub use parse::is_of_struct;
pub(crate) use repr::write_bytes_repr;
pub use repr::write_repr;
pub use tree::{MAX_DEPTH, MAX_SHAPE, Reading, Sink, SizeAlign, walk, walk_as};
pub use value::Value;
pub(crate) use value::{signed_equals_float, unsigned_equals_float};
pub use value_walk::ValueWalk;

/// The same text with its NUL, in memory that lives for ever, where it is one letter.
pub(crate) fn letter(format: &CStr) -> Option<&'static [u8; 2]> {
    /// Each character with its NUL.
    #[expect(clippy::indexing_slicing, reason = "a constant: what is out of bounds does not compile")]
    static LETTERS: [[u8; 2]; 128] = {
        let mut all = [[0; 2]; 128];
        let mut at = 0;
        while at < all.len() {
            all[at][0] = at as u8;
            at += 1;
        }
        all
    };
    let &[letter] = format.to_bytes() else { return None };
    LETTERS.get(usize::from(letter))
}

/// The size in bytes of an item of this format: `PyBuffer_SizeFromFormat`. For what the struct module knows it is
/// `struct.calcsize`.
///
/// # Errors
/// `ValueError` for an invalid format; the message says what was expected and at which byte.
pub fn size(format: &CStr) -> Result<isize> {
    // Nearly every format is one native code; all others take the slow path.
    if let &[letter] = format.to_bytes()
        && let Some(code) = codes::lookup(letter)
    {
        return Ok(isize::from(code.native_size));
    }
    let size = match struct_size(format.to_bytes()) {
        Some(size) => size,
        None => tree::extent(Reading::ALONE, format)?.size,
    };
    Ok(size.cast_signed())
}

/// The size of an item of the format of a view with this itemsize: see [`Reading::of_items`].
///
/// # Errors
/// As [`size`].
pub(crate) fn size_of_items(format: &CStr, itemsize: isize) -> Result<isize> {
    let alone = size(format)?;
    let reading = Reading::ALONE.of_items(format, alone.unsigned_abs(), itemsize.max(0).unsigned_abs());
    Ok(if reading == Reading::ALONE { alone } else { itemsize })
}

/// The size of a format in the struct module's syntax without spaces; `None` for all others, valid or not.
fn struct_size(text: &[u8]) -> Option<usize> {
    let prefix = text.split_first().and_then(|(&first, rest)| Some((codes::Mode::of_prefix(first)?, rest)));
    let (mode, rest) = prefix.unwrap_or((codes::Mode::NATIVE, text));
    let mut end = 0;
    let mut count = None;
    for &byte in rest {
        if let Some(value) = parse::digit(byte) {
            count = Some(count.unwrap_or(0_usize).checked_mul(10)?.checked_add(value)?);
            continue;
        }
        let code = codes::lookup(byte)?;
        let size = if mode.native { code.native_size } else { code.standard_size? };
        let align = if mode.aligned { code.native_align } else { 1 };
        // A length, or a number of elements.
        (_, end) = parse::place(end, align.into(), size.into(), count.take().unwrap_or(1))?;
    }
    if count.is_none() { Some(end) } else { None }
}

/// The code of a native format of one element, `None` for every other format: `get_native_fmtchar` in memoryobject.c.
///
/// Such a format is an optional `@` and one of `cbBhHiIlLqQnNefd?P`. No format at all means `B`.
#[must_use]
pub fn native_code(format: Option<&CStr>) -> Option<u8> {
    let Some(format) = format else { return Some(b'B') };
    match *format.to_bytes() {
        [letter] | [b'@', letter] if codes::lookup(letter)?.kind.is_scalar() => Some(letter),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn one_letter_is_kept_for_ever() {
        for letter in [c"B", c"i", c"?", c"\x7f"] {
            assert_eq!(super::letter(letter).map(<[u8; 2]>::as_slice), Some(letter.to_bytes_with_nul()));
        }
        for other in [c"", c"@i", c"ii", c"\x80"] {
            assert_eq!(super::letter(other), None, "{other:?}");
        }
    }

    #[test]
    fn one_code_has_its_native_size() {
        assert_eq!(size(c"B"), Ok(1));
        assert_eq!(size(c"x"), Ok(1));
        assert_eq!(size(c"e"), Ok(2));
        assert_eq!(size(c"d"), Ok(8));
        assert_eq!(size(c"P"), Ok(size_of::<usize>().cast_signed()));
    }

    #[test]
    fn both_ways_come_to_the_same_size() {
        // Every text of up to four characters that matter to it, and some that are longer.
        let alphabet = b"@<=02xhdPns ^";
        let of = |mut number: usize| {
            core::iter::from_fn(move || {
                let letter = alphabet.get(number.checked_sub(1)? % alphabet.len())?;
                number = (number - 1) / alphabet.len();
                Some(*letter)
            })
        };
        let long: [&[u8]; 4] = [b"<i4x2d", b"@bh0q3s", b">9223372036854775808x", b"<9223372036854775807x2b"];
        let mut known = 0;
        for text in (0..40_000).map(|number| of(number).collect()).chain(long.map(<[u8]>::to_vec)) {
            let size = struct_size(&text);
            let text = std::ffi::CString::new(text).unwrap_or_default();
            if let Some(size) = size {
                assert_eq!(tree::extent(Reading::ALONE, &text).map(|extent| extent.size), Ok(size), "{text:?}");
                known += 1;
            }
        }
        assert!(known > 1000, "{known}");
    }

    #[test]
    fn one_character_that_is_no_code() {
        for empty in [c"", c" ", c"\x0b", c"@", c"=", c"<", c">", c"!"] {
            assert_eq!(size(empty), Ok(0), "{empty:?}");
        }
        for invalid in [c"1", c"y", c"\x01", c"\x7f", c"\x80", c"\xff"] {
            assert_eq!(size(invalid).err().and_then(|error| error.kind()), Some(ErrorKind::Value), "{invalid:?}");
        }
    }

    #[test]
    fn native_codes_are_one_scalar_with_an_optional_at() {
        assert_eq!(native_code(None), Some(b'B'));
        for letter in 1..=u8::MAX {
            let expected = b"cbBhHiIlLqQnNefd?P".contains(&letter).then_some(letter);
            for text in [&[letter, 0][..], &[b'@', letter, 0]] {
                assert_eq!(native_code(CStr::from_bytes_with_nul(text).ok()), expected, "{text:?}");
            }
        }
        for other in [c"", c"@", c"@@B", c"=B", c"<i", c"1B", c"BB", c" B", c"B "] {
            assert_eq!(native_code(Some(other)), None, "{other:?}");
        }
    }
}
