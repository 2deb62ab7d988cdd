//! One value of an item: decoding its bytes, and comparing it as Python compares.
//!
//! CPython's counterparts are the `unpackfunc`s of `_struct.c`, and `long_richcompare` and `float_richcompare`.

use super::codes::{Kind, Order};
use super::parse::Element;

/// What `struct.unpack` gives for one element. `==` is Python's: by value, across types, and NaN equals nothing.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// `b h i l q n`.
    Signed(i64),
    /// `B H I L Q N P`.
    Unsigned(u64),
    /// `?`, which equals 0 or 1.
    Bool(bool),
    /// `e f d`; every half and single is exactly a double.
    Float(f64),
    /// `c s p`.
    Bytes(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The value of the element at the start of this memory, and the memory behind it; `None` if there is too little.
    // Always inline, as `eq`: a `Value` that passes through memory halves the speed of a comparison.
    #[inline(always)]
    pub(super) fn split_first(element: Element, memory: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (bytes, rest) = memory.split_at_checked(element.size)?;
        let value = match element.kind {
            Kind::Pad => return None,
            Kind::Char | Kind::Bytes => Self::Bytes(bytes),
            Kind::Pascal => Self::Bytes(pascal(bytes)),
            Kind::Signed => Self::Signed(signed(bytes, element.order)?),
            Kind::Unsigned => Self::Unsigned(unsigned(bytes, element.order)?),
            Kind::Bool => Self::Bool(bytes.iter().any(|&byte| byte != 0)),
            Kind::Float => Self::Float(float(bytes, element.order)?),
        };
        Some((value, rest))
    }
}

impl PartialEq for Value<'_> {
    #[inline(always)]
    fn eq(&self, other: &Self) -> bool {
        match (self.widened(), other.widened()) {
            (Self::Signed(a), Self::Signed(b)) => a == b,
            (Self::Unsigned(a), Self::Unsigned(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Signed(a), Self::Unsigned(b)) | (Self::Unsigned(b), Self::Signed(a)) => u64::try_from(a) == Ok(b),
            (Self::Signed(a), Self::Float(b)) | (Self::Float(b), Self::Signed(a)) => signed_equals_float(a, b),
            (Self::Unsigned(a), Self::Float(b)) | (Self::Float(b), Self::Unsigned(a)) => unsigned_equals_float(a, b),
            _ => false,
        }
    }
}

impl Value<'_> {
    /// The same value, with a bool as the integer that it is in Python.
    fn widened(self) -> Self {
        if let Self::Bool(value) = self { Self::Unsigned(value.into()) } else { self }
    }
}

/// 2**63 and 2**64, the first doubles that the integer types do not reach.
const SIGNED_END: f64 = (1_u64 << 63) as f64;
const UNSIGNED_END: f64 = SIGNED_END * 2.0;

/// Without rounding: a double that is an integer in range converts exactly, and no other one equals an integer.
fn signed_equals_float(integer: i64, float: f64) -> bool {
    // The conversion saturates, so 2**63 has to be kept out; all else that is out of range does not convert back.
    let truncated = float as i64;
    float < SIGNED_END && truncated as f64 == float && truncated == integer
}

/// As [`signed_equals_float`].
fn unsigned_equals_float(integer: u64, float: f64) -> bool {
    let truncated = float as u64;
    float < UNSIGNED_END && truncated as f64 == float && truncated == integer
}

fn unsigned(bytes: &[u8], order: Order) -> Option<u64> {
    Some(match (bytes.len(), order) {
        (1, _) => u8::from_ne_bytes(*bytes.first_chunk()?).into(),
        (2, Order::Little) => u16::from_le_bytes(*bytes.first_chunk()?).into(),
        (2, Order::Big) => u16::from_be_bytes(*bytes.first_chunk()?).into(),
        (4, Order::Little) => u32::from_le_bytes(*bytes.first_chunk()?).into(),
        (4, Order::Big) => u32::from_be_bytes(*bytes.first_chunk()?).into(),
        (8, Order::Little) => u64::from_le_bytes(*bytes.first_chunk()?),
        (8, Order::Big) => u64::from_be_bytes(*bytes.first_chunk()?),
        _ => return None,
    })
}

fn signed(bytes: &[u8], order: Order) -> Option<i64> {
    let raw = unsigned(bytes, order)?;
    Some(match bytes.len() {
        1 => i64::from(raw as i8),
        2 => i64::from(raw as i16),
        4 => i64::from(raw as i32),
        _ => raw.cast_signed(),
    })
}

fn float(bytes: &[u8], order: Order) -> Option<f64> {
    let raw = unsigned(bytes, order)?;
    match bytes.len() {
        2 => Some(half(raw as u16)),
        4 => Some(f32::from_bits(raw as u32).into()),
        8 => Some(f64::from_bits(raw)),
        _ => None,
    }
}

/// The double with the value of an IEEE 754 half (`PyFloat_Unpack2`): 1 bit of sign, 5 of exponent, 10 of fraction.
fn half(bits: u16) -> f64 {
    /// The unit of a subnormal half, 2**-24.
    const UNIT: f64 = 1.0 / 16_777_216.0;
    let fraction = bits & 0x3ff;
    let magnitude = match (bits >> 10) & 0x1f {
        0 => f64::from(fraction) * UNIT,
        0x1f if fraction == 0 => f64::INFINITY,
        0x1f => f64::NAN,
        // The exponents are biased by 15 and by 1023; five bits and 1008 stay far below eleven bits.
        exponent => f64::from_bits((u64::from(exponent).wrapping_add(1008) << 52) | (u64::from(fraction) << 42)),
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}

/// The bytes in use of a Pascal string: at most what its memory has room for.
fn pascal(bytes: &[u8]) -> &[u8] {
    match bytes.split_first() {
        Some((&length, text)) => text.get(..usize::from(length)).unwrap_or(text),
        None => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_53: f64 = 9_007_199_254_740_992.0;

    #[test]
    fn integers_and_floats_compare_without_rounding() {
        assert_eq!(Value::Signed(1 << 53), Value::Float(TWO_53));
        assert_ne!(Value::Signed((1 << 53) + 1), Value::Float(TWO_53));
        assert_ne!(Value::Unsigned((1 << 53) + 1), Value::Float(TWO_53));
        assert_eq!(Value::Signed(i64::MIN), Value::Float(-SIGNED_END));
        assert_ne!(Value::Signed(i64::MIN), Value::Float(-UNSIGNED_END));
        assert_ne!(Value::Signed(i64::MAX), Value::Float(SIGNED_END));
        assert_eq!(Value::Unsigned(1 << 63), Value::Float(SIGNED_END));
        assert_ne!(Value::Unsigned(u64::MAX), Value::Float(UNSIGNED_END));
        assert_ne!(Value::Unsigned(0), Value::Float(-0.5));
        assert_ne!(Value::Unsigned(0), Value::Float(-1.0));
        assert_ne!(Value::Signed(0), Value::Float(0.5));
        for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for integer in
                [Value::Signed(0), Value::Signed(i64::MAX), Value::Signed(i64::MIN), Value::Unsigned(u64::MAX)]
            {
                assert_ne!(integer, Value::Float(float));
                assert_ne!(Value::Float(float), integer);
            }
        }
    }

    #[test]
    fn zero_has_many_forms() {
        let zeros = [Value::Signed(0), Value::Unsigned(0), Value::Bool(false), Value::Float(0.0), Value::Float(-0.0)];
        for a in zeros {
            for b in zeros {
                assert_eq!(a, b);
            }
            assert_ne!(a, Value::Bytes(b"\0"));
        }
    }

    #[test]
    fn signs_bools_and_bytes() {
        assert_ne!(Value::Signed(-1), Value::Unsigned(u64::MAX));
        assert_eq!(Value::Signed(7), Value::Unsigned(7));
        assert_eq!(Value::Bool(true), Value::Float(1.0));
        assert_ne!(Value::Bool(true), Value::Signed(2));
        assert_ne!(Value::Float(f64::NAN), Value::Float(f64::NAN));
        assert_eq!(Value::Bytes(b"ab"), Value::Bytes(b"ab"));
        assert_ne!(Value::Bytes(b"ab"), Value::Bytes(b"ab\0"));
    }

    #[test]
    fn halves_are_exact() {
        assert_eq!(half(0x3c00), 1.0);
        assert_eq!(half(0xc000), -2.0);
        assert_eq!(half(0x7bff), 65504.0);
        assert_eq!(half(0x0400), 2_f64.powi(-14));
        assert_eq!(half(0x0001), 2_f64.powi(-24));
        assert_eq!(half(0x83ff), -1023.0 * 2_f64.powi(-24));
        assert!(half(0x8000).is_sign_negative());
        assert_eq!(half(0xfc00), f64::NEG_INFINITY);
        assert!(half(0x7c01).is_nan());
    }

    #[test]
    fn integers_of_each_size_keep_their_sign() {
        assert_eq!(signed(&[0xfe], Order::Big), Some(-2));
        assert_eq!(signed(&[0xff, 0xfe], Order::Big), Some(-2));
        assert_eq!(signed(&[0xfe, 0xff, 0xff, 0xff], Order::Little), Some(-2));
        assert_eq!(signed(&[0x80, 0, 0, 0, 0, 0, 0, 0], Order::Big), Some(i64::MIN));
        assert_eq!(unsigned(&[1, 2, 3, 4], Order::Big), Some(0x0102_0304));
        assert_eq!(unsigned(&[1, 2, 3], Order::Big), None);
    }

    #[test]
    fn pascal_strings_end_with_their_memory() {
        assert_eq!(pascal(b""), b"");
        assert_eq!(pascal(b"\x05"), b"");
        assert_eq!(pascal(b"\x05ab"), b"ab");
        assert_eq!(pascal(b"\x01ab"), b"a");
    }
}
