//! Finds numbers that do not fit the type that they are converted to.
//!
//! One loop for each pair of types, compiled for each level, combines a word of each number: where the words have no other bits
//! than allowed ones all numbers fit. Where they have, a plain loop asks the rule, number by number.

use core::marker::PhantomData;

use crate::format::{Fault, Half, Native, To, Truth, fault};

use crate::kernels::multiversion::{Loop, compiled};

/// The checks of a pair of types, for contiguous numbers in the machine's byte order, at any address.
#[derive(Clone, Copy)]
pub(super) struct Check {
    /// Whether as many numbers fit. If not, they may still.
    quick: unsafe fn((*const u8, usize)) -> bool,
    /// Whether they do.
    fit: unsafe fn(*const u8, usize) -> bool,
    /// Why a number does not.
    fault: unsafe fn(*const u8) -> Fault,
    size: usize,
}

impl Check {
    /// `None` where every number fits.
    pub(super) fn new<S: Words + To<T>, T: Range>() -> Option<Self> {
        let quick = compiled::<Quick<S, T>>();
        let check = Self { quick, fit: fit::<S, T>, fault: fault_at::<S>, size: size_of::<S::Bytes>() };
        (!<S as To<T>>::ALWAYS).then_some(check)
    }

    /// The first of `count` contiguous numbers that does not fit, and why.
    ///
    /// # Safety
    /// Of W1 and W3 what concerns these numbers.
    #[inline]
    pub(super) unsafe fn misfit(&self, src: *const u8, count: usize) -> Option<(usize, Fault)> {
        // SAFETY: the caller passes on W1 and W3.
        unsafe { if (self.quick)((src, count)) { None } else { self.search(src, count) } }
    }

    /// The same, if not all bits are allowed ones.
    ///
    /// # Safety
    /// As [`misfit`](Self::misfit).
    #[cold]
    unsafe fn search(&self, src: *const u8, count: usize) -> Option<(usize, Fault)> {
        // SAFETY: the caller passes on W1 and W3, for a part of the numbers.
        unsafe {
            if (self.fit)(src, count) {
                return None;
            }
            let (mut start, mut count) = (0, count);
            while count > 1 {
                let half = count / 2;
                if (self.fit)(src.wrapping_add(start * self.size), half) {
                    start += half;
                    count -= half;
                } else {
                    count = half;
                }
            }
            Some((start, (self.fault)(src.wrapping_add(start * self.size))))
        }
    }
}

/// The range of a type of integers: how many bits a magnitude has, and whether it may be negative. All others have every number.
pub(super) trait Range {
    const BITS: u32 = 0;
    const SIGNED: bool = false;
}

/// Words of numbers.
pub(super) trait Words: Native {
    type Word: Copy + PartialEq + core::ops::BitOr<Output = Self::Word> + core::ops::BitAnd<Output = Self::Word>;

    const ZERO: Self::Word;

    /// Whether numbers have fractions.
    const FRACTIONS: bool = false;

    /// The word of a number, for integers of `bits` bits.
    fn word(self, bits: u32, signed: bool) -> Self::Word;

    /// The bits that a word has only if its number does not fit; or perhaps not, if it is a float.
    fn excess(bits: u32, signed: bool) -> Self::Word;
}

macro_rules! integers {
    ($($signed:ty, $unsigned:ty;)*) => {
        $(
            impl Range for $signed {
                const BITS: u32 = <$signed>::BITS - 1;
                const SIGNED: bool = true;
            }

            impl Range for $unsigned {
                const BITS: u32 = <$unsigned>::BITS;
            }

            impl Words for $signed {
                type Word = $unsigned;
                const ZERO: $unsigned = 0;

                #[inline(always)]
                fn word(self, bits: u32, signed: bool) -> $unsigned {
                    // All numbers of a signed type, moved to the start of the unsigned ones.
                    let start: $unsigned = if signed { (1 as $unsigned).checked_shl(bits).unwrap_or(0) } else { 0 };
                    self.cast_unsigned().wrapping_add(start)
                }

                #[inline(always)]
                fn excess(bits: u32, signed: bool) -> $unsigned {
                    let bits = if signed { bits + 1 } else { bits.min(<$signed>::BITS - 1) };
                    <$unsigned>::MAX.checked_shl(bits).unwrap_or(0)
                }
            }

            impl Words for $unsigned {
                type Word = $unsigned;
                const ZERO: $unsigned = 0;

                #[inline(always)]
                fn word(self, _: u32, _: bool) -> $unsigned {
                    self
                }

                #[inline(always)]
                fn excess(bits: u32, _: bool) -> $unsigned {
                    <$unsigned>::MAX.checked_shl(bits).unwrap_or(0)
                }
            }
        )*
    };
}

integers! { i8, u8; i16, u16; i32, u32; i64, u64; }

/// Floats, by their bits: as integers, these are in the order of the magnitudes. A magnitude that is too large by half of the
/// integers sets the sign, so that the greatest one of a signed type, which only a negative number may have, does, too.
macro_rules! floats {
    ($($float:ty as $word:ty: $of_bits:expr, fraction $fraction:literal, exponents $bias:literal to $greatest:literal;)*) => {
        $(
            impl Range for $float {}

            impl Words for $float {
                type Word = $word;
                const ZERO: $word = 0;
                const FRACTIONS: bool = true;

                #[inline(always)]
                fn word(self, bits: u32, signed: bool) -> $word {
                    const SIGN: $word = !(<$word>::MAX >> 1);
                    let number: $word = $of_bits(self);
                    // Of 2 to the power of `bits`, or of infinity.
                    let exponent = <$word>::from(bits as u8).saturating_add($bias).min($greatest);
                    let rest = SIGN - (exponent << $fraction);
                    if signed { (number & !SIGN).wrapping_add(rest) } else { number.wrapping_add(rest) | number }
                }

                #[inline(always)]
                fn excess(_: u32, _: bool) -> $word {
                    !(<$word>::MAX >> 1)
                }
            }
        )*
    };
}

floats! {
    Half as u16: |number: Half| u16::from_ne_bytes(number.to_bytes()), fraction 10, exponents 15 to 31;
    f32 as u32: f32::to_bits, fraction 23, exponents 127 to 255;
    f64 as u64: f64::to_bits, fraction 52, exponents 1023 to 2047;
}

impl Range for Truth {}

impl Words for Truth {
    type Word = u8;
    const ZERO: u8 = 0;

    #[inline(always)]
    fn word(self, _: u32, _: bool) -> u8 {
        0
    }

    #[inline(always)]
    fn excess(_: u32, _: bool) -> u8 {
        0
    }
}

/// Whether as many numbers have words without excess.
struct Quick<S, T>(PhantomData<(S, T)>);

impl<S: Words, T: Range> Loop for Quick<S, T> {
    type On = (*const u8, usize);
    type Out = bool;

    /// # Safety
    /// Of W1 what concerns `count` contiguous numbers.
    #[inline(always)]
    unsafe fn run((src, count): (*const u8, usize)) -> bool {
        // SAFETY: the caller guarantees W1 for `count` numbers. Bytes need no alignment.
        let src = unsafe { core::slice::from_raw_parts(src.cast::<S::Bytes>(), count) };
        let words = src.iter().fold(S::ZERO, |all, from| all | S::from_bytes(*from).word(T::BITS, T::SIGNED));
        words & S::excess(T::BITS, T::SIGNED) == S::ZERO
    }
}

/// Whether as many numbers fit.
///
/// # Safety
/// Of W1 what concerns `count` contiguous numbers.
unsafe fn fit<S: Native + To<T>, T>(src: *const u8, count: usize) -> bool {
    // SAFETY: the caller guarantees W1 for `count` numbers. Bytes need no alignment.
    let src = unsafe { core::slice::from_raw_parts(src.cast::<S::Bytes>(), count) };
    src.iter().all(|from| To::<T>::fits(S::from_bytes(*from)))
}

/// # Safety
/// A number may be read there.
unsafe fn fault_at<S: Native>(src: *const u8) -> Fault {
    // SAFETY: the caller guarantees that a number may be read there (W1).
    fault(S::from_bytes(unsafe { src.cast::<S::Bytes>().read() }))
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// Asserts that the check of numbers finds what the rule says, each alone and among others.
    fn agrees<S: Words + To<T>, T: Range>(numbers: &[S::Bytes]) {
        let Some(check) = Check::new::<S, T>() else { return };
        let fits = |number: &S::Bytes| To::<T>::fits(S::from_bytes(*number));
        let (good, bad): (Vec<_>, Vec<_>) = numbers.iter().copied().partition(fits);
        assert!(!good.is_empty() && !bad.is_empty());
        // SAFETY: slices may be read.
        let misfit = |numbers: &[S::Bytes]| unsafe { check.misfit(numbers.as_ptr().cast(), numbers.len()) };
        assert!(good.iter().all(|&number| misfit(&[number]).is_none()));
        assert!(misfit(&good).is_none());
        for (at, &number) in bad.iter().enumerate() {
            assert!(misfit(&[number]).is_some());
            let mut among = good.clone();
            among.insert(at % good.len(), number);
            assert_eq!(misfit(&among).map(|(place, _)| place), Some(at % good.len()));
        }
    }

    fn to_all<S>(numbers: &[S::Bytes])
    where
        S: Words + To<i8> + To<i16> + To<i32> + To<u8> + To<u16> + To<u32> + To<i64> + To<u64>,
    {
        agrees::<S, i8>(numbers);
        agrees::<S, i16>(numbers);
        agrees::<S, i32>(numbers);
        agrees::<S, u8>(numbers);
        agrees::<S, u16>(numbers);
        agrees::<S, u32>(numbers);
        agrees::<S, i64>(numbers);
        agrees::<S, u64>(numbers);
    }

    #[test]
    fn words_tell_what_the_rules_say() {
        let powers =
            (0..64).flat_map(|power| (0..5).map(move |near| (1_u64 << power).wrapping_add(near).wrapping_sub(2)));
        let integers: Vec<u64> = powers.flat_map(|number| [number, number.wrapping_neg()]).collect();
        let mut doubles: Vec<f64> = std::vec![f64::NAN, -f64::NAN, f64::INFINITY, f64::MAX, 5e-324, 0.0, 0.5, 1e20];
        doubles.extend(integers.iter().map(|&number| number.cast_signed() as f64));
        doubles.extend(integers.iter().map(|&number| number as f64));
        let near = |double: f64| [double, double.next_up(), double.next_down(), double - 0.75, -double, 0.5 - double];
        let doubles: Vec<f64> = doubles.into_iter().flat_map(near).collect();
        to_all::<f64>(&doubles.iter().map(|double| double.to_ne_bytes()).collect::<Vec<_>>());
        to_all::<f32>(&doubles.iter().map(|&double| (double as f32).to_ne_bytes()).collect::<Vec<_>>());
        let halves: Vec<_> = (0..=u16::MAX).step_by(7).chain(0x7bfe..0x7c03).map(u16::to_ne_bytes).collect();
        agrees::<Half, i64>(&halves);
        agrees::<Half, u64>(&halves);
        let bytes: Vec<_> = integers.iter().map(|integer| integer.to_ne_bytes()).collect();
        agrees::<i64, i8>(&bytes);
        agrees::<i64, i16>(&bytes);
        agrees::<i64, i32>(&bytes);
        agrees::<i64, u8>(&bytes);
        agrees::<i64, u16>(&bytes);
        agrees::<i64, u32>(&bytes);
        agrees::<i64, u64>(&bytes);
        agrees::<u64, i8>(&bytes);
        agrees::<u64, i16>(&bytes);
        agrees::<u64, i32>(&bytes);
        agrees::<u64, u8>(&bytes);
        agrees::<u64, u16>(&bytes);
        agrees::<u64, u32>(&bytes);
        agrees::<u64, i64>(&bytes);
        agrees::<i32, u64>(&integers.iter().map(|&integer| (integer as i32).to_ne_bytes()).collect::<Vec<_>>());
        agrees::<i16, u64>(&integers.iter().map(|&integer| (integer as i16).to_ne_bytes()).collect::<Vec<_>>());
        agrees::<i8, u64>(&integers.iter().map(|&integer| (integer as i8).to_ne_bytes()).collect::<Vec<_>>());
    }
}
