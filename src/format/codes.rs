//! The table of format codes, and the prefixes, which choose its columns and the byte order.
//!
//! CPython's counterparts are `native_table`, `bigendian_table`, `lilendian_table` and `whichtable` in `_struct.c`.

use core::ffi::{c_int, c_long, c_longlong, c_short, c_void};

use crate::platform;

/// What the bytes of an element mean. The numbers are those of `PYBUFFER_KIND_*` in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// `x`: bytes without a value.
    Pad,
    /// `c`: one byte, as bytes of length 1.
    Char,
    /// An integer in two's complement.
    Signed,
    /// An unsigned integer or an address.
    Unsigned,
    /// `?`: true unless all bytes are zero.
    Bool,
    /// IEEE 754, of 2, 4 or 8 bytes.
    Float,
    /// `s`: the count is a length, and the whole is one value.
    Bytes,
    /// `p`: like `s`, with the length in use in the first byte.
    Pascal,
    /// `Z` and a code for floats, `F`, `D`, `G`: a real part and an imaginary part after it.
    Complex,
    /// `u` (UCS-2) and `w` (UCS-4): the count is a length, and the whole is one value.
    Text,
    /// `t`: the count is a number of bits.
    Bits,
    /// `&` and an item: the address of such an item; `z` and `Z` alone: of a string.
    Pointer,
    /// `O`: the address of a Python object.
    Object,
    /// `X{}`: the address of a function.
    Function,
    /// `T{}`: contiguous items.
    Record,
}

impl Kind {
    /// Whether each element is a value of its own, so that the count before the code is a number of values.
    pub(super) const fn is_scalar(self) -> bool {
        !matches!(self, Self::Pad | Self::Bytes | Self::Pascal | Self::Text | Self::Bits)
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) kind: Kind,
    /// Size with `@` or no prefix.
    pub(super) native_size: u8,
    /// Alignment with `@` or no prefix.
    pub(super) native_align: u8,
    /// Size with any other prefix; there is no alignment then. `None`: the code is native only.
    pub(super) standard_size: Option<u8>,
}

/// The row of a code, if there is such a code.
#[inline]
pub(super) const fn lookup(letter: u8) -> Option<Code> {
    Some(match letter {
        b'x' => row::<u8>(Kind::Pad, Some(1)),
        b'c' => row::<u8>(Kind::Char, Some(1)),
        b'b' => row::<i8>(Kind::Signed, Some(1)),
        b'B' => row::<u8>(Kind::Unsigned, Some(1)),
        b'?' => row::<bool>(Kind::Bool, Some(1)),
        b'h' => row::<c_short>(Kind::Signed, Some(2)),
        b'H' => row::<c_short>(Kind::Unsigned, Some(2)),
        b'i' => row::<c_int>(Kind::Signed, Some(4)),
        b'I' => row::<c_int>(Kind::Unsigned, Some(4)),
        b'l' => row::<c_long>(Kind::Signed, Some(4)),
        b'L' => row::<c_long>(Kind::Unsigned, Some(4)),
        b'q' => row::<c_longlong>(Kind::Signed, Some(8)),
        b'Q' => row::<c_longlong>(Kind::Unsigned, Some(8)),
        b'n' => row::<isize>(Kind::Signed, None),
        b'N' => row::<usize>(Kind::Unsigned, None),
        b'P' => row::<*mut c_void>(Kind::Unsigned, None),
        b'e' => row::<c_short>(Kind::Float, Some(2)),
        b'f' => row::<f32>(Kind::Float, Some(4)),
        b'd' => row::<f64>(Kind::Float, Some(8)),
        b's' => row::<u8>(Kind::Bytes, Some(1)),
        b'p' => row::<u8>(Kind::Pascal, Some(1)),
        _ => return None,
    })
}

/// The row of a code that PEP 3118 adds to the struct module's. `Z` and `&`, which say more with what follows, are rows
/// of pointers here.
pub(super) const fn lookup_addition(letter: u8) -> Option<Code> {
    Some(match letter {
        b'g' => LONG_DOUBLE,
        b'u' => row::<u16>(Kind::Text, Some(2)),
        b'w' => row::<u32>(Kind::Text, Some(4)),
        b't' => row::<u8>(Kind::Bits, Some(1)),
        b'F' => part(b'f'),
        b'D' => part(b'd'),
        b'G' => part(b'g'),
        b'&' | b'z' | b'Z' => row::<*mut c_void>(Kind::Pointer, Some(size_of::<*mut c_void>() as u8)),
        b'O' => row::<*mut c_void>(Kind::Object, Some(size_of::<*mut c_void>() as u8)),
        b'X' => row::<*mut c_void>(Kind::Function, Some(size_of::<*mut c_void>() as u8)),
        _ => return None,
    })
}

/// The row of a complex number whose parts have this code for floats.
pub(super) const fn part(letter: u8) -> Code {
    let float = match letter {
        b'e' => row::<c_short>(Kind::Float, Some(2)),
        b'f' => row::<f32>(Kind::Float, Some(4)),
        b'd' => row::<f64>(Kind::Float, Some(8)),
        _ => LONG_DOUBLE,
    };
    let standard_size = match float.standard_size {
        Some(size) => Some(size.saturating_mul(2)),
        None => None,
    };
    Code { kind: Kind::Complex, native_size: float.native_size.saturating_mul(2), standard_size, ..float }
}

/// C's `long double`: `g`. It has no standard size; its native one holds whatever the prefix says.
const LONG_DOUBLE: Code = {
    let (size, align) = platform::LONG_DOUBLE_SIZE;
    Code { kind: Kind::Float, native_size: size, native_align: align, standard_size: Some(size) }
};

/// The row of a code whose native form is the C type `T`.
const fn row<T>(kind: Kind, standard_size: Option<u8>) -> Code {
    const { assert!(size_of::<T>() <= 8 && align_of::<T>() <= 8) };
    Code { kind, native_size: size_of::<T>() as u8, native_align: align_of::<T>() as u8, standard_size }
}

/// The order of the bytes of a number in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// The least significant byte first.
    Little,
    /// The most significant byte first.
    Big,
}

impl ByteOrder {
    /// The byte order of this machine.
    pub const NATIVE: Self = if cfg!(target_endian = "big") { Self::Big } else { Self::Little };

    /// The prefix that stands for it: `<` or `>`.
    #[must_use]
    pub const fn sign(self) -> u8 {
        match self {
            Self::Little => b'<',
            Self::Big => b'>',
        }
    }

    /// The opposite byte order.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Little => Self::Big,
            Self::Big => Self::Little,
        }
    }
}

/// What a prefix selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mode {
    /// Native sizes rather than standard ones.
    pub(super) native: bool,
    /// Native alignment rather than none.
    pub(super) aligned: bool,
    pub(super) order: ByteOrder,
}

impl Mode {
    /// `@`, and what holds without a prefix.
    pub(super) const NATIVE: Self = Self { native: true, aligned: true, order: ByteOrder::NATIVE };
    /// `^`, which PEP 3118 adds: native sizes without alignment.
    pub(super) const PACKED: Self = Self { native: true, aligned: false, order: ByteOrder::NATIVE };

    /// The mode that this character stands for, if it is a prefix of the struct module's or of PEP 3118's.
    pub(super) fn of_any_prefix(character: u8) -> Option<Self> {
        if character == b'^' { Some(Self::PACKED) } else { Self::of_prefix(character) }
    }

    /// The mode that this character stands for, if it is a prefix of the struct module's.
    pub(super) const fn of_prefix(character: u8) -> Option<Self> {
        match character {
            b'@' => Some(Self::NATIVE),
            b'=' => Some(Self { native: false, aligned: false, order: ByteOrder::NATIVE }),
            b'<' => Some(Self { native: false, aligned: false, order: ByteOrder::Little }),
            b'>' | b'!' => Some(Self { native: false, aligned: false, order: ByteOrder::Big }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_size_that_value_can_decode() {
        for code in (0..=u8::MAX).filter_map(lookup) {
            let sizes: &[u8] = match code.kind {
                Kind::Signed | Kind::Unsigned => &[1, 2, 4, 8],
                Kind::Float => &[2, 4, 8],
                _ => &[1],
            };
            assert!(sizes.contains(&code.native_size), "{code:?}");
            assert!(code.standard_size.is_none_or(|size| sizes.contains(&size)), "{code:?}");
            assert!(code.native_align.is_power_of_two(), "{code:?}");
        }
    }
}
