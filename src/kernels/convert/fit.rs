//! Finds numbers that do not fit the type that they are converted to.
//!
//! A word of each number is tested first: its bits, or those of a float that have its sign and exponent. One loop for each type
//! of words, compiled for each level, finds whether all pass. Where one does not, a plain loop asks the rule, number by number.

use core::marker::PhantomData;

use crate::format::{Fault, Half, Native, To, Truth, fault};

use crate::kernels::multiversion::{Compiled, Loop, compiled};

use super::move_numbers::Packed;

/// The checks of a pair of types, for numbers in the machine's byte order, at any address.
#[derive(Clone, Copy)]
pub(super) struct Check {
    /// Whether the words of as many numbers pass. If not, the numbers may still fit.
    test: Test,
    /// Whether numbers fit.
    fit: unsafe fn(*const u8, usize) -> bool,
    /// Why a number does not.
    fault: unsafe fn(*const u8) -> Fault,
}

impl Check {
    /// `None` where every number fits.
    pub(super) fn new<S: Words + To<T>, T: Range>() -> Option<Self> {
        let check = Self { test: S::test(T::BITS, T::SIGNED), fit: fit::<S, T>, fault: fault_at::<S> };
        (!<S as To<T>>::ALWAYS).then_some(check)
    }

    /// The first of `count` contiguous numbers that does not fit, and why.
    ///
    /// # Safety
    /// Of W1 and W3 what concerns these numbers.
    #[inline]
    pub(super) unsafe fn misfit(&self, src: *const u8, count: usize) -> Option<(usize, Fault)> {
        // SAFETY: the caller passes on W1 and W3.
        unsafe { if (self.test.contiguous)((src, count, self.test.terms)) { None } else { self.search(src, count) } }
    }

    /// Whether the words of numbers `stride` bytes apart pass. If not, the numbers may still fit.
    ///
    /// # Safety
    /// As [`misfit`](Self::misfit).
    #[inline]
    pub(super) unsafe fn surely_fit(&self, src: *const u8, count: usize, stride: isize) -> bool {
        // SAFETY: the caller passes on W1 and W3.
        unsafe { (self.test.spaced)(src, count, stride, self.test.terms) }
    }

    /// The same as [`misfit`](Self::misfit), if not all words pass.
    ///
    /// # Safety
    /// As it.
    #[cold]
    unsafe fn search(&self, src: *const u8, count: usize) -> Option<(usize, Fault)> {
        // SAFETY: the caller passes on W1 and W3, for a part of the numbers.
        unsafe {
            if (self.fit)(src, count) {
                return None;
            }
            let size = self.test.terms.size;
            let (mut start, mut count) = (0, count);
            while count > 1 {
                let half = count / 2;
                if (self.fit)(src.wrapping_add(start * size), half) {
                    start += half;
                    count -= half;
                } else {
                    count = half;
                }
            }
            Some((start, (self.fault)(src.wrapping_add(start * size))))
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
    /// Whether numbers have fractions.
    const FRACTIONS: bool = false;

    /// The test of numbers that are to fit integers of `bits` bits.
    fn test(bits: u32, signed: bool) -> Test;
}

/// A test of the words of numbers.
#[derive(Clone, Copy)]
pub(super) struct Test {
    /// Whether those of contiguous numbers pass; all such loops have this type.
    contiguous: Compiled<Sums<u8>>,
    /// Whether those of numbers so many bytes apart do.
    spaced: unsafe fn(*const u8, usize, isize, Terms) -> bool,
    terms: Terms,
}

/// What a word passes by: what its bits in the mask and the start add up to has none of the excess bits.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    /// The bytes of a number.
    size: usize,
    mask: u64,
    start: u64,
    excess: u64,
}

/// Whether the words of contiguous numbers pass, which are all their bits.
struct Sums<T>(PhantomData<T>);

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
                fn test(bits: u32, signed: bool) -> Test {
                    // All numbers of a signed type, moved to the start of the unsigned ones.
                    let start: $unsigned = if signed { (1 as $unsigned).checked_shl(bits).unwrap_or(0) } else { 0 };
                    let bits = if signed { bits + 1 } else { bits.min(<$signed>::BITS - 1) };
                    let terms = Terms { start: start.into(), ..<$unsigned>::terms(bits) };
                    Test { terms, ..<$unsigned>::test(0, false) }
                }
            }

            impl Words for $unsigned {
                fn test(bits: u32, _: bool) -> Test {
                    let contiguous = compiled::<Sums<$unsigned>>();
                    Test { contiguous, spaced: spaced::<$unsigned>, terms: <$unsigned>::terms(bits) }
                }
            }

            impl Integer for $unsigned {
                fn terms(bits: u32) -> Terms {
                    let excess = <$unsigned>::MAX.checked_shl(bits).unwrap_or(0).into();
                    Terms { size: size_of::<$unsigned>(), mask: u64::MAX, start: 0, excess }
                }
            }

            impl Loop for Sums<$unsigned> {
                type On = (*const u8, usize, Terms);
                type Out = bool;

                /// # Safety
                /// Of W1 what concerns `count` contiguous numbers.
                #[inline(always)]
                unsafe fn run((src, count, terms): (*const u8, usize, Terms)) -> bool {
                    // SAFETY: the caller guarantees W1 for `count` numbers. What is packed needs no alignment.
                    let words = unsafe { core::slice::from_raw_parts(src.cast::<Packed<$unsigned>>(), count) };
                    let start = terms.start as $unsigned;
                    let all = words.iter().fold(0, |all: $unsigned, word| all | { word.0 }.wrapping_add(start));
                    u64::from(all) & terms.excess == 0
                }
            }
        )*
    };
}

/// Integers as words.
trait Integer: Words + Into<u64> {
    /// For numbers of so many bits.
    fn terms(bits: u32) -> Terms;
}

integers! { i8, u8; i16, u16; i32, u32; i64, u64; }

/// The sign of the upper half of a float.
const SIGN: u64 = 1 << 15;

/// Whether the words of contiguous floats pass, which are their uppermost 16 bits: as integers, these are in the order of the
/// magnitudes, and no more is needed to compare one with a power of two. The flag says whether numbers may be negative.
struct Tops<const SIGNED: bool>;

impl<const SIGNED: bool> Loop for Tops<SIGNED> {
    type On = (*const u8, usize, Terms);
    type Out = bool;

    /// # Safety
    /// Of W1 what concerns `count` contiguous numbers.
    #[inline(always)]
    unsafe fn run((src, count, terms): (*const u8, usize, Terms)) -> bool {
        /// As many 16-bit parts as a few vectors have, of whole numbers. What is found of other parts than the words is not used.
        const PARTS: usize = 64;
        /// The most parts of a number.
        const MOST: usize = 4;
        // In the order of signed integers, for which all vectors have a maximum: numbers below 0 after all others if there must
        // be none.
        let key = |part: i16| if SIGNED { part & i16::MAX } else { part ^ i16::MIN };
        let end = key((SIGN - terms.start) as i16);
        let in_number = terms.size / size_of::<i16>();
        // SAFETY: the caller guarantees W1 for `count` numbers. What is packed needs no alignment.
        let parts = unsafe { core::slice::from_raw_parts(src.cast::<Packed<i16>>(), count * in_number) };
        let greatest = parts.as_chunks::<PARTS>().0.iter().fold([i16::MIN; PARTS], |mut greatest, parts| {
            for (greatest, part) in greatest.iter_mut().zip(parts) {
                *greatest = key(part.0).max(*greatest);
            }
            greatest
        });
        let mut all = [i16::MIN; MOST];
        for greatest in greatest.as_chunks::<MOST>().0 {
            for (all, greatest) in all.iter_mut().zip(greatest) {
                *all = *greatest.max(all);
            }
        }
        let word = top(terms.size) / size_of::<i16>();
        let pass = all.iter().zip(0..).all(|(greatest, at)| at & (in_number - 1) != word || *greatest < end);
        let rest = count % PARTS.checked_div(in_number).unwrap_or(1).max(1);
        let start = (count - rest) * terms.size;
        // SAFETY: the caller guarantees W1 for what is left.
        pass && unsafe { spaced_tops(src.wrapping_add(start), rest, terms.size.cast_signed(), terms) }
    }
}

/// Where the uppermost 16 bits of a number are.
#[inline(always)]
fn top(size: usize) -> usize {
    if cfg!(target_endian = "little") { size.saturating_sub(2) } else { 0 }
}

macro_rules! floats {
    ($($float:ty: fraction $fraction:literal, exponents $bias:literal to $greatest:literal;)*) => {
        $(
            impl Range for $float {}

            impl Words for $float {
                const FRACTIONS: bool = true;

                fn test(bits: u32, signed: bool) -> Test {
                    // The exponent of 2 to the power of `bits`, or of infinity.
                    let exponent = u64::from(bits).saturating_add($bias).min($greatest);
                    let start = SIGN - (exponent << ($fraction + 16 - 8 * size_of::<$float>()));
                    let mask = if signed { SIGN - 1 } else { u64::MAX };
                    let excess = u64::MAX << SIGN.trailing_zeros();
                    let contiguous = if signed { compiled::<Tops<true>>() } else { compiled::<Tops<false>>() };
                    Test { contiguous, spaced: spaced_tops, terms: Terms { size: size_of::<$float>(), mask, start, excess } }
                }
            }
        )*
    };
}

floats! {
    Half: fraction 10, exponents 15 to 31;
    f32: fraction 23, exponents 127 to 255;
    f64: fraction 52, exponents 1023 to 2047;
}

impl Range for Truth {}

impl Words for Truth {
    fn test(_: u32, _: bool) -> Test {
        u8::test(u8::BITS, false)
    }
}

/// Whether the words of numbers `stride` bytes apart pass.
///
/// # Safety
/// Of W1 what concerns `count` words.
unsafe fn spaced<T: Copy + Into<u64>>(src: *const u8, count: usize, stride: isize, terms: Terms) -> bool {
    let (mut src, mut all) = (src, 0);
    for _ in 0..count {
        // SAFETY: the caller guarantees W1.
        let word: u64 = unsafe { src.cast::<T>().read_unaligned() }.into();
        all |= (word & terms.mask).wrapping_add(terms.start);
        src = src.wrapping_offset(stride);
    }
    all & terms.excess == 0
}

/// The same for floats.
///
/// # Safety
/// Of W1 what concerns `count` numbers.
unsafe fn spaced_tops(src: *const u8, count: usize, stride: isize, terms: Terms) -> bool {
    // SAFETY: the caller guarantees W1 for the numbers, of which these are parts.
    unsafe { spaced::<u16>(src.wrapping_add(top(terms.size)), count, stride, terms) }
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
