//! The one table of format codes, and the prefixes that say which of its columns hold and in which byte order.
//!
//! CPython's counterparts are `native_table`, `bigendian_table`, `lilendian_table` and `whichtable` in `_struct.c`.

use core::ffi::{c_int, c_long, c_longlong, c_short, c_void};

/// What the bytes of an element mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
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
}

impl Kind {
    /// Whether each element is a value of its own, so that the count before the code is a number of values.
    pub(super) const fn is_scalar(self) -> bool {
        !matches!(self, Self::Pad | Self::Bytes | Self::Pascal)
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

/// The row of a code whose native form is the C type `T`.
const fn row<T>(kind: Kind, standard_size: Option<u8>) -> Code {
    const { assert!(size_of::<T>() <= 8 && align_of::<T>() <= 8) };
    Code { kind, native_size: size_of::<T>() as u8, native_align: align_of::<T>() as u8, standard_size }
}

/// The order of the bytes of a number in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The byte order of this machine.
    pub(super) const NATIVE: Self = if cfg!(target_endian = "big") { Self::Big } else { Self::Little };
}

/// What a prefix decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mode {
    /// Native sizes and alignment rather than standard sizes and none.
    pub(super) native: bool,
    pub(super) order: Order,
}

impl Mode {
    /// `@`, and what holds without a prefix.
    pub(super) const NATIVE: Self = Self { native: true, order: Order::NATIVE };

    /// The mode that this character stands for, if it is a prefix.
    pub(super) const fn of_prefix(character: u8) -> Option<Self> {
        match character {
            b'@' => Some(Self::NATIVE),
            b'=' => Some(Self { native: false, order: Order::NATIVE }),
            b'<' => Some(Self { native: false, order: Order::Little }),
            b'>' | b'!' => Some(Self { native: false, order: Order::Big }),
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
