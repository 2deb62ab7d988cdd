//! Arrow's names of types.

use core::ffi::CStr;

use crate::error::{Argument, Error, ErrorKind, Result};

use super::super::element::{Element, Kind};
use super::super::text::Text;

/// A type that can be viewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// Items next to each other.
    Items(Element),
    /// Lists of so many items of the child.
    Lists(usize),
}

/// The greatest size that Arrow's libraries take where a name has one in it: theirs is an `int32_t`.
pub(super) const MOST: usize = i32::MAX as usize;

/// A name with a size in it.
pub(super) fn sized(prefix: &[u8], size: usize) -> Text<32> {
    let mut text = Text::of(prefix);
    text.push_number(size);
    text
}

/// The name of a type of items; `None` where Arrow has none with this layout.
pub(super) fn name_of(element: Element) -> Option<Text<32>> {
    let letter = match (element.kind, element.size) {
        _ if !element.is_native() => return None,
        (Kind::Signed, 1) => b'c',
        (Kind::Unsigned, 1) => b'C',
        (Kind::Signed, 2) => b's',
        (Kind::Unsigned, 2) => b'S',
        (Kind::Signed, 4) => b'i',
        (Kind::Unsigned, 4) => b'I',
        (Kind::Signed, 8) => b'l',
        (Kind::Unsigned, 8) => b'L',
        (Kind::Float, 2) => b'e',
        (Kind::Float, 4) => b'f',
        (Kind::Float, 8) => b'g',
        (Kind::Bytes | Kind::Void, size) if size <= MOST => return Some(sized(b"w:", size)),
        _ => return None,
    };
    Some(Text::of(&[letter]))
}

/// The type with this name. Dates, times, timestamps, durations and months are the integers that they are stored as.
pub(super) fn parse(name: &CStr) -> Result<Type> {
    let items = |kind, size| Ok(Type::Items(Element::native(kind, size)));
    match name.to_bytes() {
        b"c" => items(Kind::Signed, 1),
        b"C" => items(Kind::Unsigned, 1),
        b"s" => items(Kind::Signed, 2),
        b"S" => items(Kind::Unsigned, 2),
        b"i" | b"tdD" | b"tts" | b"ttm" | b"tiM" => items(Kind::Signed, 4),
        b"I" => items(Kind::Unsigned, 4),
        b"l" | b"tdm" | b"ttu" | b"ttn" | b"tDs" | b"tDm" | b"tDu" | b"tDn" => items(Kind::Signed, 8),
        [b't', b's', b's' | b'm' | b'u' | b'n', b':', ..] => items(Kind::Signed, 8),
        b"L" => items(Kind::Unsigned, 8),
        b"e" => items(Kind::Float, 2),
        b"f" => items(Kind::Float, 4),
        b"g" => items(Kind::Float, 8),
        b"b" => Err(Error::buffer(c"Arrow: truth values are bits, which have no address")),
        [b'w', b':', digits @ ..] => items(Kind::Bytes, size(digits)?),
        [b'+', b'w', b':', digits @ ..] => Ok(Type::Lists(size(digits)?)),
        _ => {
            let name = Argument::Text(name.as_ptr());
            let text = c"Arrow: arrays of the type '%.40s' have no items of one size next to each other";
            Err(Error::with(ErrorKind::Buffer, text, name, Argument::None))
        }
    }
}

/// A size, in decimal digits.
fn size(digits: &[u8]) -> Result<usize> {
    let number = core::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'));
    let number = number.and_then(|digits| digits.parse().ok()).filter(|&size| size <= MOST);
    number.ok_or(Error::value(c"Arrow: a type has an invalid size in its name"))
}
