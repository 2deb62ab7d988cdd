//! An item of a format, and the items of formats that are a single code.

use core::ffi::CStr;

use super::codes::{ByteOrder, Kind, Mode, lookup};

/// A part of the format's text, as byte positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextSpan {
    /// The first byte.
    pub start: usize,
    /// One past the last.
    pub end: usize,
}

/// The item of a native format that is one code of the struct module's, with a value; `None` for every other letter.
#[must_use]
pub const fn common_item(letter: u8) -> Option<Item> {
    let Some(row) = lookup(letter) else { return None };
    if !row.kind.is_scalar() {
        return None;
    }
    Some(Item {
        kind: if letter == b'P' { Kind::Pointer } else { row.kind },
        code: [letter, 0],
        order: ByteOrder::NATIVE,
        native: true,
        aligned: true,
        offset: 0,
        size: row.native_size as usize,
        align: row.native_align as usize,
        elements: 1,
        length: 1,
        first_bit: 0,
        name: None,
    })
}

/// The item of a format that is one such code, with or without a prefix of the struct module's, unless its size
/// depends on the prefix.
#[must_use]
pub(super) fn lone_item(format: &CStr) -> Option<Item> {
    let (mode, letter) = match *format.to_bytes() {
        [letter] => (Mode::NATIVE, letter),
        [prefix, letter] => (Mode::of_prefix(prefix)?, letter),
        _ => return None,
    };
    let item = common_item(letter)?;
    if mode.native {
        return Some(item);
    }
    let size = lookup(letter)?.standard_size?.into();
    Some(Item { order: mode.order, native: false, aligned: false, size, align: 1, ..item })
}

/// An item that has been read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What an element of it is.
    pub kind: Kind,
    /// The format code; two letters for `Zd` and its kin, else the second is 0.
    pub code: [u8; 2],
    /// The byte order of its numbers.
    pub order: ByteOrder,
    /// Whether its sizes are native ones, and whether it is aligned natively (`@`).
    pub native: bool,
    /// See `native`.
    pub aligned: bool,
    /// Where it starts, in bytes from the start of what encloses it.
    pub offset: usize,
    /// The bytes of one element.
    pub size: usize,
    /// The alignment of an element: 1 unless it is aligned.
    pub align: usize,
    /// The number of elements: the product of the shape.
    pub elements: usize,
    /// The count of a code for which it is a length: bytes of `s` and `p`, units of `u` and `w`, bits of `t`; else 1.
    pub length: usize,
    /// For bits: the number of the first one, counted from the one that a byte is filled from.
    pub first_bit: usize,
    /// Its name in the text.
    pub name: Option<TextSpan>,
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;
    use std::format;
    use std::vec::Vec;

    use super::super::tree::{Sink, walk};
    use super::*;

    struct Items(Vec<Item>);

    impl Sink for Items {
        fn begin(&mut self) {}
        fn axis(&mut self, _: usize) {}
        fn cancel(&mut self) {}
        fn end(&mut self, item: &Item) {
            self.0.push(*item);
        }
    }

    /// The short way knows all codes of the struct module's that are one element, and what it knows is what the parser reads.
    #[test]
    fn a_lone_code_is_read_as_the_parser_reads_it() {
        let mut known = Vec::new();
        for prefix in ["", "@", "=", "<", ">", "!", "^"] {
            for letter in ' '..='~' {
                let Ok(text) = CString::new(format!("{prefix}{letter}")) else { continue };
                let Some(item) = lone_item(&text) else { continue };
                let mut items = Items(Vec::new());
                assert!(walk(&text, &mut items).is_ok(), "{text:?}");
                assert_eq!(items.0, [item], "{text:?}");
                known.push(format!("{prefix}{letter}"));
            }
        }
        for code in "bBhHiIlLqQef?d".chars() {
            for prefix in ["", "@", "=", "<", ">", "!"] {
                assert!(known.contains(&format!("{prefix}{code}")), "{prefix}{code}");
            }
        }
        for others in [c"", c"ii", c"<ii", c"  i", c"<<i"] {
            assert_eq!(lone_item(others), None, "{others:?}");
        }
    }
}
