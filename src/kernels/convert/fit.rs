//! Finds numbers that do not fit the type that they are converted to.
//!
//! The bits of each number are tested first: as integers, those of floats are in the order of the magnitudes, and no more is needed
//! to compare one with a power of two. One loop for each type of words, compiled for each level, finds whether all pass. Where one
//! does not, a plain loop asks the rule, number by number.

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

/// The tests of numbers that are contiguous words, of which every so many have their own, as the numbers of records have.
pub(super) struct Periodic {
    /// The words of a record.
    period: usize,
    mask: [u64; LANES],
    start: [u64; LANES],
    kept: [u64; LANES],
    excess: [u64; LANES],
}

/// Some vectors of words, of records of one, two, three, four, six, eight, 12 or 16.
const LANES: usize = 48;

impl Periodic {
    /// The most words of a record.
    pub(super) const MOST: usize = 16;

    /// For records of so many words; none is tested yet. `None` where they are more, or some lanes would be left over.
    pub(super) fn new(period: usize) -> Option<Self> {
        let none = [0; LANES];
        let fits = period <= Self::MOST && LANES.checked_rem(period)? == 0;
        fits.then_some(Self { period, mask: none, start: none, kept: none, excess: none })
    }

    /// Has a word of each record tested by `check`; `false` where that is for words of another size.
    pub(super) fn test(&mut self, word: usize, check: &Check) -> bool {
        let terms = check.test.terms;
        let lanes = self.mask.iter_mut().zip(&mut self.start).zip(self.kept.iter_mut().zip(&mut self.excess));
        for ((mask, start), (kept, excess)) in lanes.skip(word).step_by(self.period.max(1)) {
            (*mask, *start, *kept, *excess) = (terms.mask, terms.start, terms.kept, terms.excess);
        }
        terms.size == size_of::<u64>()
    }

    /// Whether the words of so many contiguous records pass. If not, the numbers may still fit.
    ///
    /// # Safety
    /// Of W1 what concerns the words.
    pub(super) unsafe fn surely_fit(&self, src: *const u8, records: usize) -> bool {
        // SAFETY: the caller guarantees W1. What is packed needs no alignment.
        let words = unsafe { core::slice::from_raw_parts(src.cast::<Packed<u64>>(), records * self.period) };
        let (whole, rest) = words.as_chunks();
        // A word of 0 passes every test.
        let mut last = [Packed(0); LANES];
        last.iter_mut().zip(rest).for_each(|(to, word)| *to = *word);
        let run = compiled::<Self>();
        // SAFETY: slices and tests outlive the call.
        unsafe { run((whole, self)) && run((&[last], self)) }
    }
}

impl Loop for Periodic {
    type On = (*const [[Packed<u64>; LANES]], *const Self);
    type Out = bool;

    /// # Safety
    /// Words and tests may be read.
    #[inline(always)]
    unsafe fn run((words, tests): (*const [[Packed<u64>; LANES]], *const Self)) -> bool {
        // SAFETY: the caller guarantees that they may be read.
        let (words, tests) = unsafe { (&*words, &*tests) };
        let mut all = 0;
        for part in words {
            for at in 0..LANES {
                let of = |values: &[u64; LANES]| values.get(at).copied().unwrap_or(0);
                let word = part.get(at).map_or(0, |word| word.0);
                let sum = (word & of(&tests.mask)).wrapping_add(of(&tests.start));
                all |= (sum | (word & of(&tests.kept))) & of(&tests.excess);
            }
        }
        all == 0
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

/// What a word passes by: none of the excess bits is in what its bits in the mask and the start add up to, nor among its own that
/// are to be kept.
#[derive(Clone, Copy)]
pub(super) struct Terms {
    /// The bytes of a number.
    size: usize,
    mask: u64,
    start: u64,
    kept: u64,
    excess: u64,
}

/// Whether the words of contiguous integers pass, all of whose bits are in the mask, and none are kept.
struct Sums<T>(PhantomData<T>);

/// Whether the words of contiguous floats pass, which may be negative where `SIGNED`.
struct Magnitudes<T, const SIGNED: bool>(PhantomData<T>);

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
                    Terms { size: size_of::<$unsigned>(), mask: u64::MAX, start: 0, kept: 0, excess }
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

macro_rules! floats {
    ($($float:ty, $word:ty: fraction $fraction:literal, exponents $bias:literal to $greatest:literal;)*) => {
        $(
            impl Range for $float {}

            impl Words for $float {
                const FRACTIONS: bool = true;

                fn test(bits: u32, signed: bool) -> Test {
                    const SIGN: u64 = 1 << (<$word>::BITS - 1);
                    // The exponent of 2 to the power of `bits`, or of infinity.
                    let exponent = u64::from(bits).saturating_add($bias).min($greatest);
                    let terms = Terms {
                        size: size_of::<$word>(),
                        mask: SIGN - 1,
                        start: SIGN - (exponent << $fraction),
                        kept: if signed { 0 } else { SIGN },
                        excess: SIGN,
                    };
                    let contiguous =
                        if signed { compiled::<Magnitudes<$word, true>>() } else { compiled::<Magnitudes<$word, false>>() };
                    Test { contiguous, spaced: spaced::<$word>, terms }
                }
            }

            impl<const SIGNED: bool> Loop for Magnitudes<$word, SIGNED> {
                type On = (*const u8, usize, Terms);
                type Out = bool;

                /// # Safety
                /// Of W1 what concerns `count` contiguous numbers.
                #[inline(always)]
                unsafe fn run((src, count, terms): (*const u8, usize, Terms)) -> bool {
                    // SAFETY: the caller guarantees W1 for `count` numbers. What is packed needs no alignment.
                    let words = unsafe { core::slice::from_raw_parts(src.cast::<Packed<$word>>(), count) };
                    let (mask, start) = (terms.mask as $word, terms.start as $word);
                    let all = words.iter().fold(0, |all: $word, word| {
                        // The sign needs no mask where it makes a number fail.
                        let kept = if SIGNED { 0 } else { word.0 };
                        all | (if SIGNED { word.0 & mask } else { word.0 }).wrapping_add(start) | kept
                    });
                    u64::from(all) & terms.excess == 0
                }
            }
        )*
    };
}

floats! {
    Half, u16: fraction 10, exponents 15 to 31;
    f32, u32: fraction 23, exponents 127 to 255;
    f64, u64: fraction 52, exponents 1023 to 2047;
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
        all |= (word & terms.mask).wrapping_add(terms.start) | (word & terms.kept);
        src = src.wrapping_offset(stride);
    }
    all & terms.excess == 0
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
    #![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

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

    /// Each word of a record is tested by its own check, wherever it is.
    #[test]
    fn words_of_records_have_their_own_tests() {
        let checks = [
            None,
            Check::new::<f64, i8>(),
            Check::new::<f64, u8>(),
            Check::new::<f64, i32>(),
            Check::new::<f64, u64>(),
            Check::new::<i64, u16>(),
            Check::new::<u64, i64>(),
        ];
        // Numbers of the same type and place that fit, and that do not.
        let float = |number: f64| number.to_bits();
        let few = [!0, float(-127.0), float(255.0), float(-2e9), float(1e19), 65535, 5];
        let many = [0, float(128.0), float(-1.0), float(f64::NAN), float(-3.0), -1_i64 as u64, 1 << 63];
        for period in [1, 2, 3, 4, 6, 8, 12, 16] {
            let kind = |word: usize| (word * 5 + period) % checks.len();
            let mut tests = Periodic::new(period).expect("a record is short");
            for word in 0..period {
                assert!(checks[kind(word)].is_none_or(|check| tests.test(word, &check)));
            }
            for records in [1, 2, 3, 16, 25, 49] {
                let words: Vec<u64> = (0..records * period).map(|word| few[kind(word % period)]).collect();
                // SAFETY: a vector may be read.
                let fit = |words: &[u64]| unsafe { tests.surely_fit(words.as_ptr().cast(), records) };
                assert!(fit(&words), "{period} {records}");
                for place in (0..words.len()).step_by(1 + words.len() / 97) {
                    let mut words = words.clone();
                    words[place] = many[kind(place % period)];
                    assert_eq!(fit(&words), checks[kind(place % period)].is_none(), "{period} {records} {place}");
                }
            }
        }
        assert!([0, 5, 7, 24, 48].iter().all(|&period| Periodic::new(period).is_none()));
        let mut tests = Periodic::new(2).expect("a record is short");
        assert!(Check::new::<f32, i8>().is_some_and(|check| !tests.test(0, &check)));
    }
}
