//! C's `long double`, however the platform stores it. CPython has no counterpart: its `struct` does not know the format `g`.

use super::float::{Fields, Real, Widths};
use crate::platform;

/// The x87's, whose bit for the integer part is not counted here.
const EXTENDED: Widths = Widths { exponent: 15, fraction: 63 };
const QUAD: Widths = Widths { exponent: 15, fraction: 112 };

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
    use super::super::float::tests::DOUBLES;
    use super::*;

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
    fn long_doubles_compare_exactly() {
        assert_eq!(LongDouble::from(0.0), LongDouble::from(-0.0));
        assert_eq!(LongDouble::from(0.5), LongDouble::from(0.5));
        assert_ne!(LongDouble::from(3.0), LongDouble::from(6.0));
        assert_ne!(LongDouble::from(f64::NAN), LongDouble::from(f64::NAN));
        assert_ne!(LongDouble::from(f64::INFINITY), LongDouble::from(f64::NEG_INFINITY));
        assert_ne!(extended(0x3fff, (1 << 63) | 1), extended(0x3fff, 1 << 63));
    }
}
