//! Lines whose items are adjacent in both operands, and run backwards in the first.

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::*;

#[cfg(target_arch = "x86_64")]
use crate::kernels::cpu::{Level, level};
#[cfg(target_arch = "x86_64")]
use crate::kernels::multiversion::{Loop, compiled_at};

/// Bytes of a word.
const WORD: usize = size_of::<u64>();

/// Whether [`reverse`] copies lines of so many items.
pub(super) fn is_reversible<const UNIT: usize>(len: usize) -> bool {
    match UNIT {
        1 | 2 | 4 => len >= WORD / UNIT,
        // A word is an item.
        #[cfg(target_arch = "x86_64")]
        8 => len >= VECTORS / UNIT,
        _ => false,
    }
}

/// Copies a line of so many bytes, which starts at the end of the source. The last items may be written twice.
///
/// # Safety
/// W1 to W4 for the items; their number [`is_reversible`].
#[inline(always)]
pub(super) unsafe fn reverse<const UNIT: usize>(end: *const u8, to: *mut u8, bytes: usize) {
    // SAFETY: the caller passes on W1 to W4; the line is as long as it must be.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        if UNIT == 8 || bytes >= VECTORS {
            return vectors::<UNIT>(end, to, bytes);
        }
        words::<UNIT>(end, to, bytes);
    }
}

/// [`reverse`] word by word.
///
/// # Safety
/// As it.
#[inline(always)]
unsafe fn words<const UNIT: usize>(end: *const u8, to: *mut u8, bytes: usize) {
    /// Words in one round of the loop: several, but where the compiler makes vectors of such rounds.
    const fn at_once(unit: usize) -> usize {
        if unit == 2 { 1 } else { 4 }
    }
    let word = |from: *const u8, to: *mut u8| {
        // SAFETY: W1 and W2: 8 bytes of the line, as far from its start in the second operand as from its end in the first; the last
        // ones may overlap those before them.
        unsafe { to.cast::<u64>().write_unaligned(turn::<UNIT>(from.cast::<u64>().read_unaligned())) };
    };
    let (mut from, mut dst) = (end, to);
    let mut next = || {
        from = from.wrapping_sub(WORD);
        word(from, dst);
        dst = dst.wrapping_add(WORD);
    };
    for _ in 0..bytes / const { at_once(UNIT) * WORD } {
        for _ in 0..const { at_once(UNIT) } {
            next();
        }
    }
    for _ in 0..bytes % const { at_once(UNIT) * WORD } / WORD {
        next();
    }
    if !bytes.is_multiple_of(WORD) {
        word(end.wrapping_sub(bytes), to.wrapping_add(bytes - WORD));
    }
}

/// Reverses the units of a word.
const fn turn<const UNIT: usize>(items: u64) -> u64 {
    match UNIT {
        1 => items.swap_bytes(),
        2 => {
            let halves = items.rotate_left(32);
            (halves >> 16 & 0x0000_ffff_0000_ffff) | (halves & 0x0000_ffff_0000_ffff) << 16
        }
        _ => items.rotate_left(32),
    }
}

/// Bytes of a line from which on it is copied vector by vector.
#[cfg(target_arch = "x86_64")]
const VECTORS: usize = 256;

/// [`reverse`] vector by vector, for at least [`VECTORS`] bytes.
///
/// # Safety
/// As it.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
unsafe fn vectors<const UNIT: usize>(end: *const u8, to: *mut u8, bytes: usize) {
    // SAFETY: the caller passes on W1 to W4; the line is as long as it must be.
    unsafe {
        let level = level();
        if UNIT == 1 && level == Level::Portable {
            // Vectors of every x86-64 reverse bytes in more steps.
            return words::<UNIT>(end, to, bytes);
        }
        compiled_at::<Vectors<UNIT>>(level)((end, to, bytes));
    }
}

/// See [`vectors`].
#[cfg(target_arch = "x86_64")]
struct Vectors<const UNIT: usize>;

#[cfg(target_arch = "x86_64")]
impl<const UNIT: usize> Loop for Vectors<UNIT> {
    type On = (*const u8, *mut u8, usize);
    type Out = ();

    /// # Safety
    /// As [`vectors`].
    #[inline(always)]
    unsafe fn run((end, to, bytes): (*const u8, *mut u8, usize)) {
        const VECTOR: usize = size_of::<__m128i>();
        const AT_ONCE: usize = 4;
        let last = bytes - VECTOR;
        let (mut from, mut dst) = (end.wrapping_sub(VECTOR), to);
        // SAFETY: W1 and W2: each is 16 bytes of the line, as far from its start in the second operand as from its end in the
        // first; the last ones may overlap those before them.
        unsafe {
            for _ in 0..last / const { AT_ONCE * VECTOR } {
                for at in 0..AT_ONCE {
                    vector::<UNIT>(from.wrapping_sub(at * VECTOR), dst.wrapping_add(at * VECTOR));
                }
                from = from.wrapping_sub(AT_ONCE * VECTOR);
                dst = dst.wrapping_add(AT_ONCE * VECTOR);
            }
            for _ in 0..(last % const { AT_ONCE * VECTOR }).div_ceil(VECTOR) {
                vector::<UNIT>(from, dst);
                from = from.wrapping_sub(VECTOR);
                dst = dst.wrapping_add(VECTOR);
            }
            vector::<UNIT>(end.wrapping_sub(bytes), to.wrapping_add(last));
        }
    }
}

/// Copies a vector, its items reversed.
///
/// # Safety
/// W1 and W2 for 16 bytes.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn vector<const UNIT: usize>(from: *const u8, to: *mut u8) {
    /// Halves of a vector, the four parts of one or of one of its halves, in reverse order.
    const HALVES: i32 = 0b01_00_11_10;
    const FOURS: i32 = 0b00_01_10_11;
    // SAFETY: the caller guarantees W1 and W2 for the vector; every x86-64 has the instructions.
    unsafe {
        let items = _mm_loadu_si128(from.cast());
        let turned = match UNIT {
            1 => _mm_shuffle_epi32::<HALVES>(bytes_reversed::<u64>(items)),
            2 => _mm_shuffle_epi32::<HALVES>(_mm_shufflehi_epi16::<FOURS>(_mm_shufflelo_epi16::<FOURS>(items))),
            4 => _mm_shuffle_epi32::<FOURS>(items),
            _ => _mm_shuffle_epi32::<HALVES>(items),
        };
        _mm_storeu_si128(to.cast(), turned);
    }
}

/// A vector of numbers with their bytes reversed, without a shuffle of bytes: by those of 16 bits, and shifts.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(in crate::kernels) fn bytes_reversed<T>(vector: __m128i) -> __m128i {
    /// The two or four 16-bit parts of a number in reverse order.
    const PAIRS: i32 = 0b10_11_00_01;
    const FOURS: i32 = 0b00_01_10_11;
    // SAFETY: every x86-64 has the instructions.
    unsafe {
        let vector = match size_of::<T>() {
            2 => vector,
            4 => _mm_shufflehi_epi16::<PAIRS>(_mm_shufflelo_epi16::<PAIRS>(vector)),
            _ => _mm_shufflehi_epi16::<FOURS>(_mm_shufflelo_epi16::<FOURS>(vector)),
        };
        _mm_or_si128(_mm_slli_epi16::<8>(vector), _mm_srli_epi16::<8>(vector))
    }
}
