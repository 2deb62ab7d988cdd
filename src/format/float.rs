//! IEEE 754 numbers for which Rust has no type, by integer arithmetic: halves, and C's `long double`.
//!
//! CPython's counterparts are `PyFloat_Pack2` and `PyFloat_Unpack2` in `floatobject.c`; for `long double` it has none.

use crate::platform;

/// The widths in bits of the two fields of a binary floating-point format, besides its sign.
#[derive(Clone, Copy, Debug)]
struct Widths {
    exponent: u32,
    fraction: u32,
}

const HALF: Widths = Widths { exponent: 5, fraction: 10 };
const SINGLE: Widths = Widths { exponent: 8, fraction: 23 };
const DOUBLE: Widths = Widths { exponent: 11, fraction: 52 };
/// The x87's, whose bit for the integer part is not counted here.
const EXTENDED: Widths = Widths { exponent: 15, fraction: 63 };
const QUAD: Widths = Widths { exponent: 15, fraction: 112 };

/// The fields of a number in some layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fields {
    negative: bool,
    exponent: u32,
    fraction: u128,
}

/// What a number means, whatever its layout.
#[derive(Clone, Copy, Debug)]
pub(super) enum Real {
    /// The payload's first bit, which makes the NaN a quiet one, is the highest of these.
    Nan {
        negative: bool,
        payload: u128,
    },
    Infinite {
        negative: bool,
    },
    /// `mantissa * 2**exponent`; the mantissa has at most 127 bits. The sum of two doubles, which may have more, is cut off there;
    /// then its last bit is 1 (see [`Real::plus`]).
    Finite {
        negative: bool,
        mantissa: u128,
        exponent: i32,
    },
}

impl Widths {
    /// The exponent field of infinities and NaNs.
    const fn last(self) -> u32 {
        (1_u32 << self.exponent) - 1
    }

    /// The exponent of a fraction's lowest bit in subnormal numbers and in those with 1 in the exponent field.
    const fn lowest(self) -> i32 {
        let bias = self.last() >> 1;
        1 - bias.cast_signed() - self.fraction.cast_signed()
    }

    /// The integer part, a bit above the fraction.
    const fn one(self) -> u128 {
        1_u128 << self.fraction
    }

    /// How far a payload is from the top of an integer.
    const fn payload_shift(self) -> u32 {
        u128::BITS - self.fraction
    }

    fn read(self, Fields { negative, exponent, fraction }: Fields) -> Real {
        if exponent == self.last() {
            if fraction == 0 {
                return Real::Infinite { negative };
            }
            return Real::Nan { negative, payload: fraction << self.payload_shift() };
        }
        let above = exponent.saturating_sub(1);
        let mantissa = if exponent == 0 { fraction } else { fraction | self.one() };
        Real::Finite { negative, mantissa, exponent: self.lowest().saturating_add_unsigned(above) }
    }

    /// The nearest number of this layout; of two, the even one. A finite number that is too large becomes infinite.
    fn round(self, real: Real) -> Fields {
        match real {
            Real::Nan { negative, payload } => {
                let quiet = payload | (1 << 127);
                Fields { negative, exponent: self.last(), fraction: quiet >> self.payload_shift() }
            }
            Real::Infinite { negative } => Fields { negative, exponent: self.last(), fraction: 0 },
            Real::Finite { negative, mantissa: 0, .. } => Fields { negative, exponent: 0, fraction: 0 },
            Real::Finite { negative, mantissa, exponent } => {
                // The exponent that the result's lowest bit has unless rounding carries into the next power of two.
                let unit = exponent
                    .saturating_add_unsigned(mantissa.ilog2())
                    .saturating_sub_unsigned(self.fraction)
                    .max(self.lowest());
                let rounded = shift_right_to_even(mantissa, unit.saturating_sub(exponent));
                // A normal number has its integer bit in here, which counts one in the exponent field.
                let field = self.lowest().abs_diff(unit);
                if field >= self.last() {
                    return self.round(Real::Infinite { negative });
                }
                let fields = rounded.saturating_add(u128::from(field) << self.fraction);
                let exponent = (fields >> self.fraction) as u32;
                if exponent >= self.last() {
                    return self.round(Real::Infinite { negative });
                }
                Fields { negative, exponent, fraction: fields & (self.one() - 1) }
            }
        }
    }

    /// Sign, exponent and fraction from the highest bit downwards.
    fn join(self, fields: Fields) -> u128 {
        let sign = u128::from(fields.negative) << (self.exponent + self.fraction);
        sign | (u128::from(fields.exponent) << self.fraction) | fields.fraction
    }

    fn split(self, bits: u128) -> Fields {
        let high = (bits >> self.fraction) as u32;
        Fields {
            negative: (high >> self.exponent) & 1 != 0,
            exponent: high & self.last(),
            fraction: bits & (self.one() - 1),
        }
    }
}

/// `mantissa / 2**places` to the nearest integer, of two to the even one. Places below 0 shift to the left.
fn shift_right_to_even(mantissa: u128, places: i32) -> u128 {
    let count = places.unsigned_abs();
    if places <= 0 {
        return mantissa.checked_shl(count).unwrap_or(0);
    }
    let Some(quotient) = mantissa.checked_shr(count) else { return 0 };
    let half = 1_u128 << (count - 1);
    let rest = mantissa & (half | (half - 1));
    let up = rest > half || (rest == half && quotient & 1 == 1);
    quotient.saturating_add(up.into())
}

impl From<f64> for Real {
    fn from(double: f64) -> Self {
        DOUBLE.read(DOUBLE.split(double.to_bits().into()))
    }
}

impl From<i64> for Real {
    fn from(integer: i64) -> Self {
        Self::Finite { negative: integer < 0, mantissa: integer.unsigned_abs().into(), exponent: 0 }
    }
}

impl From<u64> for Real {
    fn from(integer: u64) -> Self {
        Self::Finite { negative: false, mantissa: integer.into(), exponent: 0 }
    }
}

impl Real {
    /// The sum, exact where it has at most 127 bits. Any other is cut off towards zero, and its last bit is 1, so that it
    /// still rounds as the exact sum does, and equals no number of fewer bits.
    fn plus(self, other: Self) -> Self {
        let (a, b) = if self.top() < other.top() { (other, self) } else { (self, other) };
        let Self::Finite { negative, mantissa: large, exponent: large_exponent } = a else {
            // Of infinities with two signs there is no sum.
            let Self::Infinite { negative } = a else { return a };
            let opposite = matches!(b, Self::Infinite { negative: other } if other != negative);
            return if opposite { Self::Nan { negative: false, payload: 1 << 127 } } else { a };
        };
        let Self::Finite { negative: b_negative, mantissa: small, exponent: small_exponent } = b else { return b };
        if small == 0 {
            // Two zeros are a negative one only together.
            return Self::Finite {
                negative: negative && (large != 0 || b_negative),
                mantissa: large,
                exponent: large_exponent,
            };
        }
        // The larger one from bit 126 downwards, the smaller one beside it.
        let shift = large.leading_zeros().saturating_sub(1);
        let exponent = large_exponent.saturating_sub_unsigned(shift);
        let large = large << shift;
        let below = exponent.saturating_sub(small_exponent);
        let (small, cut) = match below {
            // Its highest bit is not above that of the larger one.
            ..=0 => (small << below.unsigned_abs(), false),
            1..=127 => (small >> below, small & ((1 << below) - 1) != 0),
            _ => (0, true),
        };
        if negative == b_negative {
            let sum = large + small;
            let carry = (sum >> 127) as u32;
            let mantissa = (sum >> carry) | (sum & u128::from(carry)) | u128::from(cut);
            return Self::Finite { negative, mantissa, exponent: exponent.saturating_add_unsigned(carry) };
        }
        // What is cut off makes the difference less than that of the rest.
        let (negative, difference) =
            if large >= small { (negative, large - small - u128::from(cut)) } else { (!negative, small - large) };
        let mantissa = difference | u128::from(cut);
        Self::Finite { negative: negative && mantissa != 0, mantissa, exponent }
    }

    /// An order by magnitude: that of the highest bit. NaN is the highest, 0 the lowest.
    fn top(self) -> i32 {
        match self {
            Self::Nan { .. } => i32::MAX,
            Self::Infinite { .. } => i32::MAX - 1,
            Self::Finite { mantissa: 0, .. } => i32::MIN,
            Self::Finite { mantissa, exponent, .. } => exponent.saturating_add_unsigned(mantissa.ilog2()),
        }
    }

    /// The nearest double; see [`Widths::round`].
    fn to_f64(self) -> f64 {
        f64::from_bits(DOUBLE.join(DOUBLE.round(self)) as u64)
    }

    /// The nearest single; see [`Widths::round`].
    pub(super) fn to_f32(self) -> f32 {
        f32::from_bits(SINGLE.join(SINGLE.round(self)) as u32)
    }

    /// The nearest half; see [`Widths::round`].
    pub(super) fn to_half(self) -> u16 {
        HALF.join(HALF.round(self)) as u16
    }

    /// Whether it is negative, and the magnitude without its fraction, at most the largest integer there is; `None` for NaN.
    pub(super) fn truncated(self) -> Option<(bool, u128)> {
        match self {
            Self::Nan { .. } => None,
            Self::Infinite { negative } => Some((negative, u128::MAX)),
            Self::Finite { negative, mantissa, exponent } => {
                let places = exponent.unsigned_abs();
                let magnitude = if exponent <= 0 {
                    mantissa.checked_shr(places).unwrap_or(0)
                } else if mantissa.leading_zeros() >= places {
                    mantissa.checked_shl(places).unwrap_or(0)
                } else if mantissa == 0 {
                    0
                } else {
                    u128::MAX
                };
                Some((negative, magnitude))
            }
        }
    }
}

/// By value: zeros are equal, NaNs are not.
impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Infinite { negative: a }, Self::Infinite { negative: b }) => a == b,
            (
                Self::Finite { negative: a_negative, mantissa: a, exponent: a_exponent },
                Self::Finite { negative: b_negative, mantissa: b, exponent: b_exponent },
            ) => {
                let odd = |mantissa: u128, exponent: i32| {
                    let places = mantissa.trailing_zeros();
                    (mantissa >> places, exponent.saturating_add_unsigned(places))
                };
                (a == 0 && b == 0)
                    || (a != 0 && b != 0 && a_negative == b_negative && odd(a, a_exponent) == odd(b, b_exponent))
            }
            _ => false,
        }
    }
}

/// The double with the value of a half (`PyFloat_Unpack2`): 1 bit of sign, 5 of exponent, 10 of fraction.
pub(super) fn half(bits: u16) -> f64 {
    half_to_single(bits).into()
}

/// The single with the value of a half. As in CPython, a NaN keeps its sign only.
// Here and in the two functions below every path is computed and one is selected, so that loops over them are vectorised.
// A path that wraps is never the selected one.
#[inline(always)]
pub(super) fn half_to_single(bits: u16) -> f32 {
    /// The unit of a subnormal half, 2**-24.
    const UNIT: f32 = 1.0 / 16_777_216.0;
    let magnitude = u32::from(bits & 0x7fff);
    let subnormal = magnitude.cast_signed() as f32 * UNIT;
    // The exponents are biased by 15 and by 127.
    let normal = f32::from_bits((magnitude << 13) + (112 << 23));
    let finite = if magnitude < 0x400 { subnormal } else { normal };
    let other = if magnitude == 0x7c00 { f32::INFINITY } else { f32::NAN };
    let value = if magnitude < 0x7c00 { finite } else { other };
    f32::from_bits(value.to_bits() | (u32::from(bits & 0x8000) << 16))
}

/// The half nearest to a double, of two the even one; infinite if the double is too large for any. As in CPython, a NaN
/// keeps its sign only.
#[inline(always)]
pub(super) fn half_of_double(double: f64) -> u16 {
    /// 2**28: the unit of doubles from there on is that of a subnormal half, so that adding it rounds to one.
    const ROUNDER: f64 = 268_435_456.0;
    let bits = double.to_bits();
    let magnitude = bits & (u64::MAX >> 1);
    let subnormal = (f64::from_bits(magnitude) + ROUNDER).to_bits() - ROUNDER.to_bits();
    // The exponents are biased by 1023 and by 15. Rounding may carry into them, as far as to infinity.
    let below_half = (1_u64 << 41) - 1 + ((magnitude >> 42) & 1);
    let normal = magnitude.wrapping_sub(1008 << 52).wrapping_add(below_half) >> 42;
    let finite = if magnitude < 1009 << 52 { subnormal } else { normal };
    let number = if magnitude >= 1039 << 52 { 0x7c00 } else { finite };
    let half = if magnitude > 0x7ff << 52 { 0x7e00 } else { number };
    half as u16 | ((bits >> 48) as u16 & 0x8000)
}

/// The half nearest to a single, as [`half_of_double`].
#[inline(always)]
pub(super) fn half_of_single(single: f32) -> u16 {
    /// As in [`half_of_double`].
    const ROUNDER: f32 = 0.5;
    let bits = single.to_bits();
    let magnitude = bits & (u32::MAX >> 1);
    let subnormal = (f32::from_bits(magnitude) + ROUNDER).to_bits() - ROUNDER.to_bits();
    let below_half = 0xfff_u32 + ((magnitude >> 13) & 1);
    let normal = magnitude.wrapping_sub(112 << 23).wrapping_add(below_half) >> 13;
    let finite = if magnitude < 113 << 23 { subnormal } else { normal };
    let number = if magnitude >= 143 << 23 { 0x7c00 } else { finite };
    let half = if magnitude > 0xff << 23 { 0x7e00 } else { number };
    half as u16 | ((bits >> 16) as u16 & 0x8000)
}

/// The half nearest to a double (`PyFloat_Pack2`); `None` if a finite double is too large for any.
pub(super) fn to_half(double: f64) -> Option<u16> {
    let bits = half_of_double(double);
    (!double.is_finite() || bits & 0x7fff != 0x7c00).then_some(bits)
}

/// How a platform stores its `long double`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Storage {
    /// The x87's ten bytes, then padding.
    Extended,
    Quad,
    Double,
    /// Two doubles whose sum it is, the first of which is the nearest to it.
    Pair,
}

const PLATFORM: Storage = match platform::LONG_DOUBLE {
    platform::LongDouble::Extended => Storage::Extended,
    platform::LongDouble::Quad => Storage::Quad,
    platform::LongDouble::Double => Storage::Double,
    platform::LongDouble::Pair => Storage::Pair,
};

impl Storage {
    fn load(self, bytes: [u8; 16]) -> Real {
        let bits = u128::from_ne_bytes(bytes);
        match self {
            Self::Quad => QUAD.read(QUAD.split(bits)),
            Self::Double => Real::from(doubles(bytes).0),
            Self::Pair => {
                let (first, second) = doubles(bytes);
                // An infinity, a NaN or a zero is in the first one alone.
                if first.is_finite() && first != 0.0 { Real::from(first).plus(second.into()) } else { first.into() }
            }
            Self::Extended => {
                let mantissa = bits as u64;
                let high = (bits >> 64) as u32;
                let (negative, exponent) = (high & 0x8000 != 0, high & 0x7fff);
                let fraction = u128::from(mantissa & (u64::MAX >> 1));
                let integer = mantissa >> 63 != 0;
                match (exponent, integer) {
                    // As on the x87: without its integer bit, a number that is not subnormal is invalid.
                    (1.., false) => Real::Nan { negative, payload: 1 << 127 },
                    // A subnormal number with that bit has the value of the normal one.
                    (0, true) => EXTENDED.read(Fields { negative, exponent: 1, fraction }),
                    _ => EXTENDED.read(Fields { negative, exponent, fraction }),
                }
            }
        }
    }

    fn store(self, real: Real) -> [u8; 16] {
        match self {
            Self::Quad => QUAD.join(QUAD.round(real)).to_ne_bytes(),
            Self::Double => pair(real.to_f64(), 0.0),
            Self::Pair => {
                let first = real.to_f64();
                let rest = if first.is_finite() { real.plus((-first).into()).to_f64() } else { 0.0 };
                pair(first, rest)
            }
            Self::Extended => {
                let Fields { negative, exponent, fraction } = EXTENDED.round(real);
                let high = (u128::from(negative) << 15) | u128::from(exponent);
                ((high << 64) | (u128::from(exponent != 0) << 63) | fraction).to_ne_bytes()
            }
        }
    }
}

/// The doubles in the first and in the last eight bytes.
fn doubles(bytes: [u8; 16]) -> (f64, f64) {
    let double = |half: Option<&[u8; 8]>| half.map_or(0.0, |half| f64::from_ne_bytes(*half));
    (double(bytes.first_chunk()), double(bytes.last_chunk()))
}

fn pair(first: f64, second: f64) -> [u8; 16] {
    let (first, second) = (u128::from(first.to_bits()), u128::from(second.to_bits()));
    let bits = if cfg!(target_endian = "little") { first | (second << 64) } else { (first << 64) | second };
    bits.to_ne_bytes()
}

/// A C `long double` of this platform: its bytes in memory, in the machine's order.
///
/// That is the x87's number of 80 bits on x86-64 (six bytes of padding after it), IEEE 754's of 128 bits on AArch64 and
/// others, two doubles whose sum it is on PowerPC, and a double in the first eight bytes elsewhere: with MSVC and on Apple's
/// AArch64. `==` is by value, without rounding; the sum of two doubles counts to its 127th bit.
#[derive(Clone, Copy, Debug)]
pub struct LongDouble {
    bytes: [u8; 16],
}

impl LongDouble {
    /// `sizeof(long double)`.
    pub const SIZE: usize = platform::LONG_DOUBLE_SIZE.0 as usize;

    /// The number that a C `long double` with these bytes is. Only the first [`SIZE`](Self::SIZE) count.
    #[must_use]
    pub const fn from_ne_bytes(bytes: [u8; 16]) -> Self {
        Self { bytes }
    }

    /// The bytes of the C `long double`. From the padding on they are as given, or 0.
    #[must_use]
    pub const fn to_ne_bytes(self) -> [u8; 16] {
        self.bytes
    }

    /// The nearest double, of two the even one: C's `(double)`. Infinite if the number is too large for a double.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.real().to_f64()
    }

    pub(super) fn real(self) -> Real {
        PLATFORM.load(self.bytes)
    }
}

impl From<f64> for LongDouble {
    /// Exact.
    fn from(double: f64) -> Self {
        Real::from(double).into()
    }
}

impl From<Real> for LongDouble {
    /// The nearest, of two the even one. Integers of 64 bits are exact unless `long double` is a double.
    fn from(real: Real) -> Self {
        Self { bytes: PLATFORM.store(real) }
    }
}

impl PartialEq for LongDouble {
    fn eq(&self, other: &Self) -> bool {
        self.real() == other.real()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_equal_by_value() {
        let numbers =
            [0.0, -0.0, 0.5, 1.0, -1.0, 3.0, 6.0, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        for a in numbers {
            for b in numbers {
                assert_eq!(Real::from(a) == Real::from(b), a == b, "{a} {b}");
                assert_eq!(LongDouble::from(a) == LongDouble::from(b), a == b, "{a} {b}");
            }
        }
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
    fn every_half_comes_back() {
        for bits in 0..=u16::MAX {
            let expected = if half(bits).is_nan() { bits & 0x8000 | 0x7e00 } else { bits };
            assert_eq!(to_half(half(bits)), Some(expected), "{bits:#x}");
        }
    }

    #[test]
    fn halves_are_what_the_general_rule_makes_of_them() {
        let general = |real: Real| HALF.join(HALF.round(real)) as u16;
        for bits in 0..=u16::MAX {
            let exact = HALF.read(HALF.split(bits.into())).to_f64();
            assert!(half(bits).to_bits() == exact.to_bits() || (half(bits).is_nan() && exact.is_nan()), "{bits:#x}");
            if half(bits).is_nan() {
                continue;
            }
            // Singles have room for the middle of two halves and for its neighbours.
            let middle = f64::midpoint(half(bits), half(bits & 0x8000 | (bits & 0x7fff).saturating_add(1).min(0x7bff)));
            let single = middle as f32;
            for double in [middle, middle.next_up(), middle.next_down(), middle * 1.000_1, single.next_up().into()] {
                assert_eq!(half_of_double(double), general(double.into()), "{double:e}");
                assert_eq!(half_of_single(double as f32), general(f64::from(double as f32).into()), "{double:e}");
            }
        }
        for double in DOUBLES.into_iter().chain([65519.99, 65520.0, -65536.0, 1e38, -1e39]) {
            assert_eq!(half_of_double(double), general(double.into()), "{double:e}");
            assert_eq!(half_of_single(double as f32), general(f64::from(double as f32).into()), "{double:e}");
        }
        for (nan, bits) in [(f64::NAN, 0x7e00), (-f64::NAN, 0xfe00)] {
            assert_eq!((half_of_double(nan), half_of_single(nan as f32)), (bits, bits));
        }
    }

    #[test]
    fn between_two_halves_the_nearer_or_the_even_one() {
        for bits in 0..0x7bff_u16 {
            let middle = f64::midpoint(half(bits), half(bits.saturating_add(1)));
            assert_eq!(to_half(middle), Some(bits.saturating_add(bits & 1)), "{bits:#x}");
            assert_eq!(to_half(middle.next_down()), Some(bits), "{bits:#x}");
            assert_eq!(to_half(-middle.next_up()), Some(bits.saturating_add(1) | 0x8000), "{bits:#x}");
        }
        assert_eq!(to_half(65519.99), Some(0x7bff));
        assert_eq!(to_half(65520.0), None);
        assert_eq!(to_half(f64::MAX), None);
        assert_eq!(to_half(5e-324), Some(0));
        assert_eq!(to_half(-5e-324), Some(0x8000));
    }

    const DOUBLES: [f64; 14] = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1,
        5e-324,
        -2.225_073_858_507_201e-308,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e300,
        core::f64::consts::PI,
        -9_007_199_254_740_993.0,
    ];

    #[test]
    fn doubles_survive_every_long_double() {
        for storage in [Storage::Extended, Storage::Quad, Storage::Double, Storage::Pair] {
            for double in DOUBLES {
                let back = storage.load(storage.store(double.into())).to_f64();
                assert_eq!(back.to_bits(), double.to_bits(), "{double} as {storage:?}");
            }
            let nan = f64::from_bits(0xfff8_0000_0000_1234);
            assert_eq!(storage.load(storage.store(nan.into())).to_f64().to_bits(), nan.to_bits(), "{storage:?}");
            let signalling = f64::from_bits(0x7ff0_0000_0000_1234);
            let quiet = storage.load(storage.store(signalling.into())).to_f64().to_bits();
            assert_eq!(quiet, 0x7ff8_0000_0000_1234, "{storage:?}");
        }
    }

    fn extended(high: u16, mantissa: u64) -> Real {
        Storage::Extended.load(((u128::from(high) << 64) | u128::from(mantissa)).to_ne_bytes())
    }

    #[test]
    fn extended_numbers_have_the_documented_bits() {
        let bits = |double: f64| u128::from_ne_bytes(Storage::Extended.store(double.into()));
        assert_eq!(bits(1.0), 0x3fff_8000_0000_0000_0000);
        assert_eq!(bits(-2.5), 0xc000_a000_0000_0000_0000);
        assert_eq!(bits(f64::INFINITY), 0x7fff_8000_0000_0000_0000);
        assert_eq!(bits(f64::NAN), 0x7fff_c000_0000_0000_0000);
        assert_eq!(bits(5e-324), 0x3bcd_8000_0000_0000_0000);
        assert_eq!(extended(0x403e, u64::MAX), Real::from(u64::MAX), "a mantissa of 64 bits");
        assert_eq!(extended(0xc03e, 1 << 63), Real::from(i64::MIN));
        assert_eq!(extended(0, 1 << 63), extended(1, 1 << 63), "a pseudo-denormal");
        assert!(extended(0x3fff, 1).to_f64().is_nan(), "an unnormal");
        assert!(extended(0x7fff, 0).to_f64().is_nan(), "a pseudo-infinity");
    }

    fn sum(first: f64, second: f64) -> Real {
        Storage::Pair.load(pair(first, second))
    }

    #[test]
    fn pairs_are_sums() {
        let two_53 = 9_007_199_254_740_992.0;
        assert_eq!(sum(two_53, 1.0), Real::from(9_007_199_254_740_993_u64));
        assert_eq!(sum(two_53, -1.0), Real::from(9_007_199_254_740_991_u64));
        assert_eq!(sum(-two_53, 1.0), Real::from(-9_007_199_254_740_991_i64));
        // Pairs that no arithmetic makes.
        assert_eq!(sum(1.0, 1.0), Real::from(2.0));
        assert_eq!(sum(1.0, -2.5), Real::from(-1.5));
        assert_eq!(sum(3.0, -3.0), Real::from(0.0));
        assert_eq!(sum(1.0, two_53), Real::from(9_007_199_254_740_993_u64));
        assert_eq!(sum(f64::MAX, f64::MAX).to_f64(), f64::INFINITY);
        assert!(matches!(sum(0.0, 1.0), Real::Finite { mantissa: 0, negative: false, .. }));
        assert!(matches!(sum(-0.0, 0.0), Real::Finite { mantissa: 0, negative: true, .. }));
        assert!(matches!(sum(f64::INFINITY, f64::NEG_INFINITY), Real::Infinite { negative: false }));
        assert!(matches!(sum(1.0, f64::NEG_INFINITY), Real::Infinite { negative: true }));
        assert!(sum(f64::NAN, 1.0).to_f64().is_nan() && sum(1.0, f64::NAN).to_f64().is_nan());
    }

    #[test]
    fn pairs_far_apart_keep_their_side() {
        let one = Real::from(1.0);
        for tiny in [2_f64.powi(-126), 2_f64.powi(-127), 2_f64.powi(-128), 2_f64.powi(-300), 5e-324] {
            for (above, below) in [(sum(1.0, tiny), sum(1.0, -tiny)), (sum(1.0, tiny * 3.0), sum(1.0, tiny * -3.0))] {
                assert_ne!(above, one, "{tiny:e}");
                assert_ne!(below, one, "{tiny:e}");
                assert_ne!(above, below, "{tiny:e}");
                assert_eq!((above.to_f64(), below.to_f64()), (1.0, 1.0), "{tiny:e}");
                assert_eq!((above.truncated(), below.truncated()), (Some((false, 1)), Some((false, 0))), "{tiny:e}");
            }
        }
        // Half of the last place, and a little more or less.
        let half = f64::EPSILON / 2.0;
        assert_eq!(sum(1.0, half).to_f64(), 1.0);
        assert_eq!(sum(1.0, half.next_up()).to_f64(), 1.0_f64.next_up());
        let (single, tie) = (1.0 + f64::from(f32::EPSILON), f64::from(f32::EPSILON) / 2.0);
        assert_eq!(sum(1.0 + tie, 0.0).to_f32(), 1.0);
        assert_eq!(f64::from(sum(1.0 + tie, 5e-324).to_f32()), single);
        assert_eq!(sum(1.0 + tie, -5e-324).to_f32(), 1.0);
        assert_eq!(sum(18_446_744_073_709_551_616.0, -5e-324).truncated(), Some((false, u64::MAX.into())));
    }

    #[test]
    fn integers_become_pairs_without_loss() {
        for integer in [u64::MAX, u64::MAX - 1, (1 << 53) + 1, 1 << 63, (1 << 63) + 1, 3, 0] {
            let bytes = Storage::Pair.store(integer.into());
            assert_eq!(Storage::Pair.load(bytes), Real::from(integer), "{integer}");
            let (first, second) = doubles(bytes);
            assert_eq!((first, first + second), (integer as f64, first), "the first is the nearest: {integer}");
        }
        for integer in [i64::MIN, i64::MIN + 1, i64::MAX, -(1 << 53) - 1] {
            assert_eq!(Storage::Pair.load(Storage::Pair.store(integer.into())), Real::from(integer), "{integer}");
        }
        for (first, second) in [(1.0, f64::EPSILON / 4.0), (0.1, -5e-19), (f64::MAX, -1e291), (1e-300, 5e-324)] {
            assert_eq!(doubles(Storage::Pair.store(sum(first, second))), (first, second));
        }
    }

    #[test]
    fn doubles_of_long_doubles_are_rounded_to_even() {
        assert_eq!(extended(0x3fff, (1 << 63) | (1 << 10)).to_f64(), 1.0);
        assert_eq!(extended(0x3fff, (1 << 63) | (1 << 10) | 1).to_f64(), 1.0_f64.next_up());
        assert_eq!(extended(0x3fff, (1 << 63) | (3 << 10)).to_f64(), 1.0_f64.next_up().next_up());
        assert_eq!(extended(0x3fff, u64::MAX).to_f64(), 2.0, "a carry");
        assert_eq!(extended(0x43fe, u64::MAX).to_f64(), f64::INFINITY, "a carry out of range");
        assert_eq!(extended(0x7ffe, 1 << 63).to_f64(), f64::INFINITY);
        assert_eq!(extended(0x3bcc, 1 << 63).to_f64(), 0.0, "half of the smallest double");
        assert_eq!(extended(0x3bcc, (1 << 63) | 1).to_f64(), 5e-324);
        assert_eq!(extended(0, 1).to_f64(), 0.0);
        let quad = |bits: u128| Storage::Quad.load(bits.to_ne_bytes()).to_f64();
        assert_eq!(quad(0x3fff << 112), 1.0);
        assert_eq!(quad((0x3fff << 112) | (1 << 59)), 1.0);
        assert_eq!(quad((0x3fff << 112) | (1 << 59) | 1), 1.0_f64.next_up());
        assert_eq!(quad(1), 0.0);
        assert_eq!(quad(0x7fff << 112), f64::INFINITY);
    }

    #[test]
    fn singles_of_reals_are_rounded_once() {
        // Rounded to a double first, it would be in the middle of two singles.
        let real = Real::from((1_i64 << 61) | (1 << 37) | 1);
        assert_eq!(real.to_f32(), ((1_i64 << 61) | (1 << 38)) as f32);
        assert_eq!(Real::from(1e39).to_f32(), f32::INFINITY);
        assert_eq!(Real::from(-1e-46).to_f32().to_bits(), 1 << 31);
        assert!(Real::from(f64::NAN).to_f32().is_nan());
        for double in DOUBLES {
            assert_eq!(Real::from(double).to_f32().to_bits(), (double as f32).to_bits(), "{double:e}");
        }
    }

    #[test]
    fn truncation_is_towards_zero() {
        assert_eq!(Real::from(-1.75).truncated(), Some((true, 1)));
        assert_eq!(Real::from(5e-324).truncated(), Some((false, 0)));
        assert_eq!(Real::from(-0.0).truncated(), Some((true, 0)));
        assert_eq!(Real::from(1e18).truncated(), Some((false, 1_000_000_000_000_000_000)));
        assert_eq!(Real::from(2_f64.powi(127)).truncated(), Some((false, 1 << 127)));
        assert_eq!(Real::from(2_f64.powi(128)).truncated(), Some((false, u128::MAX)));
        assert_eq!(Real::from(f64::NEG_INFINITY).truncated(), Some((true, u128::MAX)));
        assert_eq!(Real::from(f64::NAN).truncated(), None);
        assert_eq!(Real::Finite { negative: false, mantissa: 0, exponent: 200 }.truncated(), Some((false, 0)));
    }

    #[test]
    fn long_doubles_compare_exactly() {
        assert_eq!(LongDouble::from(0.0), LongDouble::from(-0.0));
        assert_ne!(LongDouble::from(f64::NAN), LongDouble::from(f64::NAN));
        assert_ne!(LongDouble::from(f64::INFINITY), LongDouble::from(f64::NEG_INFINITY));
        assert_ne!(extended(0x3fff, (1 << 63) | 1), extended(0x3fff, 1 << 63));
        assert_ne!(Real::from(-1_i64), Real::from(1_u64));
        assert_eq!(Real::from(4_u64), Real::from(4.0));
    }
}
