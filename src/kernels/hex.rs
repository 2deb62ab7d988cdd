//! Hexadecimal digits of bytes.

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::*;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

#[cfg(target_arch = "x86_64")]
use super::cpu::{Level, level};
use super::multiversion::{Loop, compiled};

/// A character between groups of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grouping {
    /// The character.
    pub(crate) separator: u8,
    /// The bytes of a group, not 0.
    pub(crate) bytes: usize,
    /// Whether it is the first group that has fewer bytes, rather than the last.
    pub(crate) from_right: bool,
}

/// The length of the text that [`hex`] writes; `None` if it overflows.
pub(crate) fn hex_length(bytes: usize, grouping: Option<Grouping>) -> Option<usize> {
    let separators = grouping.map_or(0, |grouping| bytes.saturating_sub(1).checked_div(grouping.bytes).unwrap_or(0));
    bytes.checked_mul(2)?.checked_add(separators)
}

/// Writes two lower-case digits for each byte, and a separator between groups, as far as there is room.
pub(crate) fn hex(bytes: &[u8], grouping: Option<Grouping>, text: &mut [MaybeUninit<u8>]) {
    let Some(Grouping { separator, bytes: size, from_right }) = grouping else {
        return digits_of(bytes, text);
    };
    let first = if from_right { bytes.len().checked_rem(size).filter(|&rest| rest != 0) } else { None };
    let (first, rest) = bytes.split_at_checked(first.unwrap_or(size)).unwrap_or((bytes, &[]));
    let (room, text) = text.split_at_mut_checked(first.len() * 2).unwrap_or_default();
    digits_of(first, room);
    let whole = rest.len().checked_rem(size).map_or(0, |left| rest.len() - left);
    let (whole, last) = rest.split_at_checked(whole).unwrap_or((rest, &[]));
    let length = whole.len().checked_div(size).and_then(|groups| groups.checked_add(whole.len().checked_mul(2)?));
    let (room, text) = text.split_at_mut_checked(length.unwrap_or(0)).unwrap_or_default();
    if size <= SMALL {
        small_groups(whole, size, separator, room);
    } else {
        large_groups(whole, size, separator, room);
    }
    large_groups(last, last.len(), separator, text);
}

/// Groups of `size` bytes, each of them preceded by a separator; the text has exactly this size.
fn large_groups(bytes: &[u8], size: usize, separator: u8, text: &mut [MaybeUninit<u8>]) {
    // SAFETY: the loop is a safe function.
    unsafe { compiled::<Groups<'_>>()((bytes, size, separator, text)) }
}

/// [`large_groups`].
struct Groups<'a>(PhantomData<&'a ()>);

impl<'a> Loop for Groups<'a> {
    type On = (&'a [u8], usize, u8, &'a mut [MaybeUninit<u8>]);
    type Out = ();

    #[inline(always)]
    unsafe fn run((bytes, size, separator, text): Self::On) {
        let size = size.max(1);
        for (group, text) in bytes.chunks(size).zip(text.chunks_mut(size.saturating_mul(2) | 1)) {
            if let Some((place, room)) = text.split_first_mut() {
                place.write(separator);
                digits(group, room);
            }
        }
    }
}

/// The most bytes of a group whose digits are written elsewhere first, and moved as vectors.
const SMALL: usize = 256;
/// The digits of a vector; a group that has more is moved as vectors of more.
const WIDTH: usize = 16;
const WIDE: usize = 2 * WIDTH;
/// Bytes whose digits are written at a time, before they are moved.
const PART: usize = 1024;

/// Groups of `size` bytes, at most [`SMALL`], each of them preceded by a separator; the text has exactly this size.
fn small_groups(bytes: &[u8], size: usize, separator: u8, mut text: &mut [MaybeUninit<u8>]) {
    let spread = Spread::new(size, separator);
    let part = (PART - PART.checked_rem(size).unwrap_or(0)).max(1);
    // The vector of the last group may have more than its digits.
    let mut room = [MaybeUninit::new(0); 2 * PART + WIDE];
    for part in bytes.chunks(part) {
        digits_of(part, &mut room);
        let groups = part.len().checked_div(size).unwrap_or(0);
        let done = spread.run(&room, groups, text);
        let [width, step] = spread.steps;
        let rest = text.get_mut(done * step..).unwrap_or_default();
        let digits = room.get(done * width..).unwrap_or_default();
        // The rest.
        for (group, place) in digits.chunks(width.max(1)).zip(rest.chunks_mut(step.max(1))).take(groups - done) {
            if let Some((place, room)) = place.split_first_mut() {
                place.write(separator);
                room.iter_mut().zip(group).for_each(|(place, digit)| *place = *digit);
            }
        }
        text = text.get_mut(groups * step..).unwrap_or_default();
    }
}

/// Moves the digits of some groups at once to their places after the separators.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "there are vectors of many groups on x86-64 only"))]
struct Spread {
    /// The digits of a group, and one more.
    steps: [usize; 2],
    /// The groups of a vector, and the digits that are moved at once.
    groups: usize,
    reach: usize,
    separator: u8,
    /// For each byte after the first separator, which digit of the first group it is, or of which it is a separator: 0x80.
    index: [u8; WIDTH],
    separators: [u8; WIDTH],
    vectors: unsafe fn(&Self, *const u8, *mut u8, usize),
}

impl Spread {
    fn new(size: usize, separator: u8) -> Self {
        let steps @ [width, step] = [size * 2, size * 2 + 1];
        let (index, separators) = ([0; WIDTH], [0; WIDTH]);
        let mut spread = Self { steps, groups: 1, reach: WIDTH, separator, index, separators, vectors: Self::plain };
        if width > WIDTH {
            spread.reach = width.next_multiple_of(WIDE);
            spread.vectors = Self::wide;
            return spread;
        }
        #[cfg(target_arch = "x86_64")]
        if level() != Level::Portable {
            spread.groups = (WIDTH + 1).checked_div(step).unwrap_or(1);
            spread.vectors = Self::avx2;
        }
        let mut digit = 0_u8;
        for (at, (index, between)) in spread.index.iter_mut().zip(&mut spread.separators).enumerate() {
            if at.checked_rem(step) == Some(width) {
                (*index, *between) = (0x80, separator);
            } else {
                *index = digit;
                digit += 1;
            }
        }
        spread
    }

    /// Moves the digits of the first `groups` groups, except for the last ones, which have no room for a vector; returns how
    /// many it has moved. Bytes after them may be written, too.
    fn run(&self, digits: &[MaybeUninit<u8>], groups: usize, text: &mut [MaybeUninit<u8>]) -> usize {
        let [width, step] = self.steps.map(|step| step * self.groups);
        let fit = |len: usize, vector: usize, step: usize| {
            len.checked_sub(vector).and_then(|last| last.checked_div(step)).map_or(0, |vectors| vectors + 1)
        };
        let vectors = groups.checked_div(self.groups).unwrap_or(0);
        let vectors = vectors.min(fit(digits.len(), self.reach, width)).min(fit(text.len(), self.reach + 1, step));
        // SAFETY: there are as many vectors in both slices; the processor is of this level.
        unsafe { (self.vectors)(self, digits.as_ptr().cast(), text.as_mut_ptr().cast(), vectors) };
        vectors * self.groups
    }

    /// # Safety
    /// Both places have room for as many vectors, which are some groups apart; the second one for a separator before each.
    unsafe fn plain(&self, mut digits: *const u8, mut text: *mut u8, vectors: usize) {
        let [width, step] = self.steps;
        for _ in 0..vectors {
            // SAFETY: the caller has room for as many vectors at both places. Bytes need no alignment.
            unsafe {
                text.write(self.separator);
                text.add(1).cast::<[u8; WIDTH]>().write(digits.cast::<[u8; WIDTH]>().read());
            }
            digits = digits.wrapping_add(width);
            text = text.wrapping_add(step);
        }
    }

    /// # Safety
    /// As [`plain`](Self::plain), for groups of many digits.
    unsafe fn wide(&self, mut digits: *const u8, mut text: *mut u8, vectors: usize) {
        let [width, step] = self.steps;
        for _ in 0..vectors {
            // SAFETY: the caller has room for as many vectors at both places. Bytes need no alignment.
            unsafe {
                text.write(self.separator);
                for at in (0..width).step_by(WIDE) {
                    let digits = digits.add(at).cast::<[u8; WIDE]>().read();
                    text.add(1).add(at).cast::<[u8; WIDE]>().write(digits);
                }
            }
            digits = digits.wrapping_add(width);
            text = text.wrapping_add(step);
        }
    }

    /// # Safety
    /// As [`plain`](Self::plain), at the level `Avx2`.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn avx2(&self, mut digits: *const u8, mut text: *mut u8, vectors: usize) {
        let [width, step] = self.steps.map(|step| step * self.groups);
        // SAFETY: the caller has room for as many vectors at both places, and the level. These loads and stores need no
        // alignment.
        unsafe {
            let index = _mm_loadu_si128(self.index.as_ptr().cast());
            let separators = _mm_loadu_si128(self.separators.as_ptr().cast());
            for _ in 0..vectors {
                let spread = _mm_shuffle_epi8(_mm_loadu_si128(digits.cast()), index);
                text.write(self.separator);
                _mm_storeu_si128(text.add(1).cast(), _mm_or_si128(spread, separators));
                digits = digits.wrapping_add(width);
                text = text.wrapping_add(step);
            }
        }
    }
}

/// Two digits for each byte.
fn digits_of(bytes: &[u8], text: &mut [MaybeUninit<u8>]) {
    // SAFETY: the loop is a safe function.
    unsafe { compiled::<Digits<'_>>()((bytes, text)) }
}

/// [`digits_of`].
struct Digits<'a>(PhantomData<&'a ()>);

impl<'a> Loop for Digits<'a> {
    type On = (&'a [u8], &'a mut [MaybeUninit<u8>]);
    type Out = ();

    #[inline(always)]
    unsafe fn run((bytes, text): Self::On) {
        digits(bytes, text);
    }
}

/// Two digits for each byte.
// Arithmetic on lanes of 16 bits, without a table or a branch, so that the compiler vectorises it.
#[inline(always)]
fn digits(bytes: &[u8], text: &mut [MaybeUninit<u8>]) {
    let (pairs, _) = text.as_chunks_mut::<2>();
    for (&byte, pair) in bytes.iter().zip(pairs) {
        let byte = u16::from(byte);
        // The high half first.
        let halves = byte >> 4 | (byte & 0x0f) << 8;
        // 1 where the half is a letter.
        let letters = ((halves + 0x0606) >> 4) & 0x0101;
        let text = halves + 0x3030 + letters * u16::from(b'a' - b'9' - 1);
        *pair = text.to_le_bytes().map(MaybeUninit::new);
    }
}
