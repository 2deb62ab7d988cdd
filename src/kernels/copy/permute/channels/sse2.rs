//! With SSE2, which has no shuffle by an index.
//!
//! A perfect shuffle takes items from the first and the second half of some registers in turn. It moves item `i` of `n` to
//! place `2 * i` modulo `n - 1`. In `channels` registers of `side` items, an item is at place `period * channels + channel`.
//! `side` is a power of two: as many shuffles as its logarithm multiply places by it, so that the item is at `channel * side +
//! period`, and the channels are split. As many in the other direction interleave them.

use core::arch::x86_64::*;

use super::{ChannelCopier, CopyBlocks, REGISTER, Way};

/// The function for items of `unit` bytes, and for so many channels.
pub(super) fn blocks(way: Way, unit: usize, channels: isize) -> Option<CopyBlocks> {
    Some(match (way, unit, channels) {
        (Way::Second, 1, _) => every_second::<1>,
        (Way::Second, 2, _) => every_second::<2>,
        (Way::Second, 4, _) => every_second::<4>,
        (Way::Second, 8, _) => every_second::<8>,
        (Way::Split, 1, 2) => split::<1, 2>,
        (Way::Split, 1, 3) => split::<1, 3>,
        (Way::Split, 1, 4) => split::<1, 4>,
        (Way::Split, 2, 2) => split::<2, 2>,
        (Way::Split, 2, 3) => split::<2, 3>,
        (Way::Split, 2, 4) => split::<2, 4>,
        (Way::Split, 4, 2) => split::<4, 2>,
        (Way::Split, 4, 3) => split::<4, 3>,
        (Way::Split, 4, 4) => split::<4, 4>,
        (Way::Join, 1, 2) => join::<1, 2>,
        (Way::Join, 1, 3) => join::<1, 3>,
        (Way::Join, 1, 4) => join::<1, 4>,
        (Way::Join, 2, 2) => join::<2, 2>,
        (Way::Join, 2, 3) => join::<2, 3>,
        (Way::Join, 2, 4) => join::<2, 4>,
        (Way::Join, 4, 2) => join::<4, 2>,
        (Way::Join, 4, 3) => join::<4, 3>,
        (Way::Join, 4, 4) => join::<4, 4>,
        _ => return None,
    })
}

/// The items of the lower halves of two registers in turn.
#[inline(always)]
fn low<const UNIT: usize>(a: __m128i, b: __m128i) -> __m128i {
    // SAFETY: every x86-64 has the instructions.
    unsafe {
        match UNIT {
            1 => _mm_unpacklo_epi8(a, b),
            2 => _mm_unpacklo_epi16(a, b),
            _ => _mm_unpacklo_epi32(a, b),
        }
    }
}

/// The items of the upper halves of two registers in turn.
#[inline(always)]
fn high<const UNIT: usize>(a: __m128i, b: __m128i) -> __m128i {
    // SAFETY: every x86-64 has the instructions.
    unsafe {
        match UNIT {
            1 => _mm_unpackhi_epi8(a, b),
            2 => _mm_unpackhi_epi16(a, b),
            _ => _mm_unpackhi_epi32(a, b),
        }
    }
}

/// The even items of two registers, or the odd ones where `ODD_A` and `ODD_B` say so.
#[inline(always)]
fn every_other<const UNIT: usize, const ODD_A: bool, const ODD_B: bool>(a: __m128i, b: __m128i) -> __m128i {
    // Each item in twice its bytes, so that packing with saturation leaves it unchanged.
    let wide = |items: __m128i, odd: bool| {
        // SAFETY: every x86-64 has the instructions.
        unsafe {
            match (UNIT, odd) {
                (1, false) => _mm_and_si128(items, _mm_set1_epi16(0xff)),
                (1, true) => _mm_srli_epi16::<8>(items),
                (_, false) => _mm_srai_epi32::<16>(_mm_slli_epi32::<16>(items)),
                (_, true) => _mm_srai_epi32::<16>(items),
            }
        }
    };
    // SAFETY: every x86-64 has the instructions.
    unsafe {
        match UNIT {
            1 => _mm_packus_epi16(wide(a, ODD_A), wide(b, ODD_B)),
            2 => _mm_packs_epi32(wide(a, ODD_A), wide(b, ODD_B)),
            _ => {
                let (a, b) = (_mm_castsi128_ps(a), _mm_castsi128_ps(b));
                _mm_castps_si128(match (ODD_A, ODD_B) {
                    (false, false) => _mm_shuffle_ps::<0x88>(a, b),
                    (true, true) => _mm_shuffle_ps::<0xdd>(a, b),
                    (false, true) => _mm_shuffle_ps::<0xd8>(a, b),
                    (true, false) => _mm_shuffle_ps::<0x8d>(a, b),
                })
            }
        }
    }
}

/// A perfect shuffle of the items of some registers.
#[inline(always)]
fn shuffled<const UNIT: usize, const CHANNELS: usize>(registers: [__m128i; 4]) -> [__m128i; 4] {
    let [a, b, c, d] = registers;
    // SAFETY: every x86-64 has the instructions.
    let upper = |register| unsafe { _mm_unpackhi_epi64(register, register) };
    match CHANNELS {
        2 => [low::<UNIT>(a, b), high::<UNIT>(a, b), c, d],
        3 => [low::<UNIT>(a, upper(b)), low::<UNIT>(upper(a), c), low::<UNIT>(b, upper(c)), d],
        _ => [low::<UNIT>(a, c), high::<UNIT>(a, c), low::<UNIT>(b, d), high::<UNIT>(b, d)],
    }
}

/// A perfect shuffle of three registers undone: even items first, then odd ones.
#[inline(always)]
fn unshuffled<const UNIT: usize>([a, b, c, d]: [__m128i; 4]) -> [__m128i; 4] {
    [
        every_other::<UNIT, false, false>(a, b),
        every_other::<UNIT, false, true>(c, a),
        every_other::<UNIT, true, true>(b, c),
        d,
    ]
}

/// As many rounds as the logarithm of `count`, a power of two up to 16. (Written out, since the compiler would leave some loops.)
#[inline(always)]
fn rounds(count: usize, registers: [__m128i; 4], round: impl Fn([__m128i; 4]) -> [__m128i; 4]) -> [__m128i; 4] {
    let mut registers = registers;
    if count >= 2 {
        registers = round(registers);
    }
    if count >= 4 {
        registers = round(registers);
    }
    if count >= 8 {
        registers = round(registers);
    }
    if count >= 16 {
        registers = round(registers);
    }
    registers
}

/// Writes a register.
///
/// # Safety
/// 16 bytes may be written at `to`, which is aligned where they are to `STREAM`.
#[inline(always)]
unsafe fn put<const STREAM: bool>(to: *mut u8, register: __m128i) {
    // SAFETY: the caller guarantees that 16 bytes may be written (W2), and their alignment where they are to `STREAM`.
    unsafe { if STREAM { _mm_stream_si128(to.cast(), register) } else { _mm_storeu_si128(to.cast(), register) } }
}

/// The items of a block, in a register for each channel.
///
/// # Safety
/// As many registers may be read as there are channels.
#[inline(always)]
unsafe fn split_block<const UNIT: usize, const CHANNELS: usize>(src: *const u8) -> [__m128i; 4] {
    // SAFETY: the caller guarantees that `CHANNELS` registers may be read (W1); every x86-64 has the instructions.
    let registers = unsafe {
        let mut registers = [_mm_setzero_si128(); 4];
        for (at, register) in registers.iter_mut().take(CHANNELS).enumerate() {
            *register = _mm_loadu_si128(src.wrapping_add(at * REGISTER).cast());
        }
        registers
    };
    rounds(const { REGISTER / UNIT }, registers, shuffled::<UNIT, CHANNELS>)
}

/// # Safety
/// As [`CopyBlocks`], with W1 to W4 for the items: a [`Way::Split`] of so many channels.
unsafe fn split<const UNIT: usize, const CHANNELS: usize>(
    copier: &ChannelCopier,
    mut src: *const u8,
    mut dst: *mut u8,
    blocks: usize,
    stream: bool,
) {
    let apart = copier.period.dst.stride;
    // One whole cache line of each channel after the other: non-temporal stores of parts of lines are slow.
    let lines = if stream { blocks / 4 } else { 0 };
    for _ in 0..lines {
        let mut line = [[[0; REGISTER]; 4]; 4];
        // SAFETY: the caller guarantees W1 and W2 for four blocks of the first operand, and a cache line of each channel of the
        // second.
        unsafe {
            for (block, line) in line.iter_mut().enumerate() {
                let registers = split_block::<UNIT, CHANNELS>(src.wrapping_add(block * CHANNELS * REGISTER));
                for (register, bytes) in registers.into_iter().zip(line) {
                    _mm_storeu_si128(bytes.as_mut_ptr().cast(), register);
                }
            }
            for channel in 0..CHANNELS {
                let to = dst.wrapping_offset(apart.wrapping_mul(channel.cast_signed()));
                for (block, line) in line.iter().enumerate() {
                    let Some(bytes) = line.get(channel) else { continue };
                    _mm_stream_si128(to.wrapping_add(block * REGISTER).cast(), _mm_loadu_si128(bytes.as_ptr().cast()));
                }
            }
        }
        src = src.wrapping_add(4 * CHANNELS * REGISTER);
        dst = dst.wrapping_add(4 * REGISTER);
    }
    for _ in 0..blocks - 4 * lines {
        // SAFETY: the caller guarantees W1 and W2: the first operand has `CHANNELS` registers, the second has one in each
        // channel.
        unsafe {
            let mut to = dst;
            for register in split_block::<UNIT, CHANNELS>(src).into_iter().take(CHANNELS) {
                _mm_storeu_si128(to.cast(), register);
                to = to.wrapping_offset(apart);
            }
        }
        src = src.wrapping_add(CHANNELS * REGISTER);
        dst = dst.wrapping_add(REGISTER);
    }
}

/// # Safety
/// As [`CopyBlocks`], with W1 to W4 for the items: a [`Way::Join`] of so many channels.
unsafe fn join<const UNIT: usize, const CHANNELS: usize>(
    copier: &ChannelCopier,
    src: *const u8,
    dst: *mut u8,
    blocks: usize,
    stream: bool,
) {
    let apart = copier.period.src.stride;
    // SAFETY: the caller passes on the contract.
    unsafe {
        if stream {
            join_blocks::<UNIT, CHANNELS, true>(apart, src, dst, blocks);
        } else {
            join_blocks::<UNIT, CHANNELS, false>(apart, src, dst, blocks);
        }
    }
}

/// Joins channels whose items are so far apart.
///
/// # Safety
/// As [`join`].
#[inline(always)]
unsafe fn join_blocks<const UNIT: usize, const CHANNELS: usize, const STREAM: bool>(
    apart: isize,
    mut src: *const u8,
    mut dst: *mut u8,
    blocks: usize,
) {
    for _ in 0..blocks {
        // SAFETY: the caller guarantees W1 and W2: the second operand has `CHANNELS` registers, the first has one in each
        // channel.
        unsafe {
            let mut registers = [_mm_setzero_si128(); 4];
            let mut from = src;
            for register in registers.iter_mut().take(CHANNELS) {
                *register = _mm_loadu_si128(from.cast());
                from = from.wrapping_offset(apart);
            }
            let registers = if CHANNELS == 3 {
                rounds(const { REGISTER / UNIT }, registers, unshuffled::<UNIT>)
            } else {
                // Shuffles that multiply places by two or four: fewer than undoing those that split.
                rounds(CHANNELS, registers, shuffled::<UNIT, CHANNELS>)
            };
            for (at, register) in registers.into_iter().take(CHANNELS).enumerate() {
                put::<STREAM>(dst.wrapping_add(at * REGISTER), register);
            }
        }
        src = src.wrapping_add(REGISTER);
        dst = dst.wrapping_add(CHANNELS * REGISTER);
    }
}

/// # Safety
/// As [`CopyBlocks`], with W1 to W4 for the items, and another one after them: a [`Way::Second`].
unsafe fn every_second<const UNIT: usize>(
    _: &ChannelCopier,
    src: *const u8,
    dst: *mut u8,
    blocks: usize,
    stream: bool,
) {
    // SAFETY: the caller passes on the contract.
    unsafe {
        if stream {
            second_blocks::<UNIT, true>(src, dst, blocks);
        } else {
            second_blocks::<UNIT, false>(src, dst, blocks);
        }
    }
}

/// # Safety
/// As [`every_second`].
#[inline(always)]
unsafe fn second_blocks<const UNIT: usize, const STREAM: bool>(mut src: *const u8, mut dst: *mut u8, blocks: usize) {
    let mut block = || {
        // SAFETY: the caller guarantees W1 and W2. The page rule, which `new` has asked, covers the bytes between two items,
        // and those after the last item of the blocks, since another item follows.
        unsafe {
            let (first, second) = (_mm_loadu_si128(src.cast()), _mm_loadu_si128(src.wrapping_add(REGISTER).cast()));
            let items = match UNIT {
                8 => _mm_unpacklo_epi64(first, second),
                _ => every_other::<UNIT, false, false>(first, second),
            };
            put::<STREAM>(dst, items);
        }
        src = src.wrapping_add(2 * REGISTER);
        dst = dst.wrapping_add(REGISTER);
    };
    for _ in 0..blocks / 4 {
        block();
        block();
        block();
        block();
    }
    for _ in 0..blocks % 4 {
        block();
    }
}
