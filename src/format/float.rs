//! IEEE 754 numbers for which Rust has no type, by integer arithmetic: halves, and what others are made of.
//!
//! CPython's counterparts are `PyFloat_Pack2` and `PyFloat_Unpack2` in `floatobject.c`.

use crate::platform;

/// The widths in bits of the two fields of a binary floating-point format, besides its sign.
#[derive(Clone, Copy, Debug)]
pub(super) struct Widths {
    pub(super) exponent: u32,
    pub(super) fraction: u32,
}

const HALF: Widths = Widths { exponent: 5, fraction: 10 };
const SINGLE: Widths = Widths { exponent: 8, fraction: 23 };
const DOUBLE: Widths = Widths { exponent: 11, fraction: 52 };

/// The fields of a number in some layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) negative: bool,
    pub(super) exponent: u32,
    pub(super) fraction: u128,
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

    pub(super) fn read(self, Fields { negative, exponent, fraction }: Fields) -> Real {
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
    pub(super) fn round(self, real: Real) -> Fields {
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
    pub(super) fn join(self, fields: Fields) -> u128 {
        let sign = u128::from(fields.negative) << (self.exponent + self.fraction);
        sign | (u128::from(fields.exponent) << self.fraction) | fields.fraction
    }

    pub(super) fn split(self, bits: u128) -> Fields {
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
    pub(super) fn plus(self, other: Self) -> Self {
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
    pub(super) fn to_f64(self) -> f64 {
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

/// The double with the value of a single. A NaN keeps its sign, on every machine.
#[inline(always)]
pub(super) fn single_to_double(single: f32) -> f64 {
    let double = f64::from(single);
    if platform::NAN_LOSES_SIGN {
        return f64::from_bits(double.to_bits() | (u64::from(single.to_bits() & (1 << 31)) << 32));
    }
    double
}

/// The single nearest to a double, of two the even one; infinite if the double is too large for any. A NaN keeps its sign,
/// as above.
#[inline(always)]
pub(super) fn single_of_double(double: f64) -> f32 {
    let single = double as f32;
    if platform::NAN_LOSES_SIGN {
        return f32::from_bits(single.to_bits() | ((double.to_bits() >> 32) as u32 & (1 << 31)));
    }
    single
}

/// The double with the value of a half (`PyFloat_Unpack2`): 1 bit of sign, 5 of exponent, 10 of fraction.
pub(super) fn half(bits: u16) -> f64 {
    single_to_double(half_to_single(bits))
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn sums_are_exact_up_to_127_bits() {
        let power = |exponent: i32| Real::Finite { negative: false, mantissa: 1, exponent };
        let sum = |a: f64, b: f64| Real::from(a).plus(Real::from(b));
        let exact = |mantissa, exponent| Real::Finite { negative: false, mantissa, exponent };
        for bits in [1, 40, 60, 74, 75, 80, 100, 125, 126] {
            let small = power(-bits).to_f64();
            assert_eq!(sum(1.0, small), exact((1 << bits) + 1, -bits), "{bits}");
            assert_eq!(sum(small, 1.0), exact((1 << bits) + 1, -bits), "{bits}");
            assert_eq!(sum(1.0, -small), exact((1 << bits) - 1, -bits), "{bits}");
        }
        // One bit more is cut off, so that the sum equals no number of fewer bits.
        let is_odd = |real: Real| matches!(real, Real::Finite { mantissa, .. } if mantissa & 1 == 1);
        for small in [power(-127).to_f64(), 1.5 * power(-126).to_f64(), 1.25 * power(-125).to_f64(), 1e-300] {
            assert!(is_odd(sum(1.0, small)) && is_odd(sum(1.0, -small)) && is_odd(sum(-small, 1.0)), "{small}");
        }
        // With a carry, too, the highest bit stays free.
        for (a, b, all) in [(1.0, 1.0, 2.0), (1.5, 1.75, 3.25), (f64::MAX, f64::MAX, f64::INFINITY)] {
            let sum = sum(a, b);
            assert_eq!(sum.to_f64(), all);
            assert!(matches!(sum, Real::Finite { mantissa, .. } if mantissa < 1 << 127), "{sum:?}");
        }
        let (most, least) = (f64::INFINITY, f64::NEG_INFINITY);
        assert_eq!((sum(most, 1.0).to_f64(), sum(-1.0, least).to_f64(), sum(most, most).to_f64()), (most, least, most));
        for (a, b) in [(most, least), (most, f64::NAN), (f64::NAN, least), (1.0, f64::NAN), (f64::NAN, 0.0)] {
            assert!(sum(a, b).to_f64().is_nan() && sum(b, a).to_f64().is_nan(), "{a} + {b}");
        }
    }

    #[test]
    fn numbers_are_equal_by_value() {
        let numbers =
            [0.0, -0.0, 0.5, 1.0, -1.0, 3.0, 6.0, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        for a in numbers {
            for b in numbers {
                assert_eq!(Real::from(a) == Real::from(b), a == b, "{a} {b}");
            }
        }
        assert_ne!(Real::from(-1_i64), Real::from(1_u64));
        assert_eq!(Real::from(4_u64), Real::from(4.0));
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
            assert_eq!((half_of_double(nan), half_of_single(single_of_double(nan))), (bits, bits));
        }
    }

    #[test]
    fn nans_keep_their_sign_in_every_width() {
        for (negative, bits, single, double) in
            [(false, 0x7e00, f32::NAN, f64::NAN), (true, 0xfe00, -f32::NAN, -f64::NAN)]
        {
            // What the compiler knows it need not ask the machine for.
            let (single, double) = (core::hint::black_box(single), core::hint::black_box(double));
            let (wide, narrow) = (single_to_double(single), single_of_double(double));
            assert!(wide.is_nan() && narrow.is_nan());
            let signs = [half(bits).is_sign_negative(), wide.is_sign_negative(), narrow.is_sign_negative()];
            assert_eq!(signs, [negative; 3]);
        }
        for single in [0.0, -0.0, 1.5, -1.5, f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY, 1e-45] {
            assert_eq!(single_to_double(single).to_bits(), f64::from(single).to_bits());
            assert_eq!(single_of_double(single.into()).to_bits(), single.to_bits());
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

    pub(in crate::format) const DOUBLES: [f64; 14] = [
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
}
