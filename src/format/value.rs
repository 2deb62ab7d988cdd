//! One value of an item, and comparing it as Python compares.
//!
//! CPython's counterparts are `long_richcompare` and `float_richcompare`.

use super::float::Real;
use super::long_double::LongDouble;

/// What one element holds, or one unit of text. `==` is Python's: by value, across types, and NaN equals nothing.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// `b h i l q n`.
    Signed(i64),
    /// `B H I L Q N`, and `P` as the struct module sees it.
    Unsigned(u64),
    /// `?`, which equals 0 or 1.
    Bool(bool),
    /// `e f d`; every half and single is exactly a double.
    Float(f64),
    /// `c s p`, and `x` where it is an item.
    Bytes(&'a [u8]),
    /// `Ze Zf Zd Zg F D G`: the real and the imaginary part. Those of `Zg` and `G` are rounded to doubles.
    Complex(f64, f64),
    /// One unit of `u` or `w`, a Python string of length 1. No surrogates are paired, and what memory holds may be no code
    /// point at all, above 0x10FFFF; packing refuses these.
    CodePoint(u32),
    /// `P & X O z Z`: an address, which compares and packs as the integer that it is.
    Address(u64),
    /// `t`: that many bits, as the integer that they are.
    Bits(u64),
    /// `g`, unrounded; it compares so, too.
    LongDouble(LongDouble),
}

impl PartialEq for Value<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::CodePoint(a), Self::CodePoint(b)) => a == b,
            (Self::Complex(..) | Self::LongDouble(_), _) | (_, Self::Complex(..) | Self::LongDouble(_)) => {
                equal_wide(*self, *other)
            }
            (a, b) => a.widened().equal_plain(b.widened()),
        }
    }
}

impl Value<'_> {
    /// `==` of two plain values: see `Codec::is_plain`.
    // The other kinds of values would make a comparison 10 % slower.
    #[inline(always)]
    pub(super) fn equal_plain(self, other: Self) -> bool {
        match (self.bool_widened(), other.bool_widened()) {
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

    /// The same value, with a bool as the integer that it is in Python.
    #[inline(always)]
    fn bool_widened(self) -> Self {
        if let Self::Bool(value) = self { Self::Unsigned(value.into()) } else { self }
    }

    /// The same value, with an address or bits as the integer that they are.
    fn widened(self) -> Self {
        if let Self::Address(value) | Self::Bits(value) = self { Self::Unsigned(value) } else { self }
    }

    /// The number without rounding, if it is a real one.
    pub(super) fn real(self) -> Option<Real> {
        match self {
            Self::Signed(value) => Some(value.into()),
            Self::Unsigned(value) | Self::Address(value) | Self::Bits(value) => Some(value.into()),
            Self::Bool(value) => Some(u64::from(value).into()),
            Self::Float(value) => Some(value.into()),
            Self::LongDouble(value) => Some(value.real()),
            Self::Complex(..) | Self::Bytes(_) | Self::CodePoint(_) => None,
        }
    }
}

/// `==` if one of the values is complex or a long double.
#[cold]
#[inline(never)]
fn equal_wide(a: Value<'_>, b: Value<'_>) -> bool {
    /// A real number, and the imaginary part beside it.
    fn parts(value: Value<'_>) -> Option<(Real, f64)> {
        if let Value::Complex(real, imaginary) = value {
            return Some((real.into(), imaginary));
        }
        Some((value.real()?, 0.0))
    }
    match (parts(a), parts(b)) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

/// 2**32.
const HALF: f64 = (1_u64 << 32) as f64;

/// Without rounding: the float is the double next to the integer, and what it is more than the upper half of that is the lower
/// half. Only integers are next to integers, so that this difference is exact.
// Without a conversion to integers, which are no vector instructions where they keep in range.
#[inline(always)]
pub(crate) fn signed_equals_float(integer: i64, float: f64) -> bool {
    let (upper, lower) = ((integer >> 32) as i32, integer as u32);
    (integer as f64 == float) & (float - f64::from(upper) * HALF == f64::from(lower))
}

/// As [`signed_equals_float`].
#[inline(always)]
pub(crate) fn unsigned_equals_float(integer: u64, float: f64) -> bool {
    let (upper, lower) = ((integer >> 32) as u32, integer as u32);
    (integer as f64 == float) & (float - f64::from(upper) * HALF == f64::from(lower))
}

/// The bytes in use of a Pascal string: at most what its memory has room for.
pub(super) fn pascal(bytes: &[u8]) -> &[u8] {
    match bytes.split_first() {
        Some((&length, text)) => text.get(..usize::from(length)).unwrap_or(text),
        None => bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2**63 and 2**64, the first doubles that the integer types do not reach.
    const SIGNED_END: f64 = (1_u64 << 63) as f64;
    const UNSIGNED_END: f64 = SIGNED_END * 2.0;

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
    fn complex_numbers_equal_real_ones_without_imaginary_part() {
        let one = Value::Complex(1.0, -0.0);
        for real in [Value::Signed(1), Value::Unsigned(1), Value::Bool(true), Value::Float(1.0), Value::Bits(1), one] {
            assert_eq!(one, real);
            assert_eq!(real, one);
            assert_ne!(real, Value::Complex(1.0, 1.0));
        }
        assert_ne!(Value::Complex(TWO_53, 0.0), Value::Signed((1 << 53) + 1));
        assert_ne!(Value::Complex(f64::NAN, 0.0), Value::Complex(f64::NAN, 0.0));
        assert_ne!(Value::Complex(97.0, 0.0), Value::CodePoint(97));
        assert_ne!(Value::Complex(0.0, 0.0), Value::Bytes(b""));
    }

    #[test]
    fn integers_of_64_bits_equal_doubles_without_rounding() {
        for power in 0..64 {
            for near in -3..=3_i64 {
                let number = (1_u64 << power).wrapping_add_signed(near);
                for sign in [1, -1] {
                    let signed = number.cast_signed().wrapping_mul(sign);
                    let double = signed as f64;
                    for float in [double, double.next_up(), double.next_down(), -double, double + 0.5, double * 2.0] {
                        // All of these are in the range of i128.
                        let exact = float.fract() == 0.0 && float as i128 == i128::from(signed);
                        assert_eq!(signed_equals_float(signed, float), exact, "{signed} {float}");
                        let exact = float.fract() == 0.0 && float as i128 == i128::from(number);
                        assert_eq!(unsigned_equals_float(number, float), exact, "{number} {float}");
                    }
                }
            }
        }
        for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 5e-324] {
            for integer in [0, 1, -1, i64::MIN, i64::MAX] {
                assert!(!signed_equals_float(integer, float) && !unsigned_equals_float(integer.cast_unsigned(), float));
            }
        }
        assert!(signed_equals_float(0, -0.0) && unsigned_equals_float(0, -0.0));
    }

    #[test]
    fn long_doubles_compare_as_they_are() {
        let third = Value::LongDouble(LongDouble::from(1.0 / 3.0));
        assert_eq!(third, Value::Float(1.0 / 3.0));
        assert_eq!(third, third);
        assert_eq!(Value::LongDouble(2.0.into()), Value::Signed(2));
        assert_eq!(Value::Complex(2.0, 0.0), Value::LongDouble(2.0.into()));
        assert_ne!(Value::LongDouble(UNSIGNED_END.into()), Value::Unsigned(u64::MAX));
        if LongDouble::SIZE == 16 {
            let exact = Value::LongDouble(LongDouble::from(Real::from(u64::MAX)));
            assert_eq!(exact, Value::Unsigned(u64::MAX));
            assert_ne!(exact, Value::Float(UNSIGNED_END));
        }
    }

    #[test]
    fn code_points_equal_code_points_and_addresses_integers() {
        assert_eq!(Value::CodePoint(97), Value::CodePoint(97));
        assert_ne!(Value::CodePoint(97), Value::Unsigned(97));
        assert_ne!(Value::CodePoint(97), Value::Bytes(b"a"));
        assert_eq!(Value::Address(u64::MAX), Value::Unsigned(u64::MAX));
        assert_eq!(Value::Bits(5), Value::Float(5.0));
        assert_ne!(Value::Address(u64::MAX), Value::Signed(-1));
    }

    #[test]
    fn pascal_strings_end_with_their_memory() {
        assert_eq!(pascal(b""), b"");
        assert_eq!(pascal(b"\x05"), b"");
        assert_eq!(pascal(b"\x05ab"), b"ab");
        assert_eq!(pascal(b"\x01ab"), b"a");
    }
}
