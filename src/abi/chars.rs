//! C's `char`, which is signed on some machines and unsigned on others.

use core::ffi::c_char;

/// The byte that a `char` is.
pub(crate) const fn byte(character: c_char) -> u8 {
    character as u8
}

/// The `char` that a byte is.
pub(crate) const fn char_of(byte: u8) -> c_char {
    byte as c_char
}
