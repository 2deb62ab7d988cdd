//! Tiles of items of 3, 6 and 12 bytes with AVX2.
//!
//! Half a register takes 12 bytes of a row: `SIDE / 4` items, each widened to 4, 8 or 16 bytes. As many rows are transposed
//! within the halves. That gives 12 bytes of each column, and four times as many make three quarters of a cache line.

use core::arch::x86_64::*;

use super::squares::{self, Square};
use super::tables::{Ahead, CopyPart, Lines, MicroKernel, Tile, Whole};

/// The micro-kernel for items of `UNIT` bytes.
pub(super) const fn narrow<const UNIT: usize>(whole: Whole, part: CopyPart) -> MicroKernel {
    MicroKernel::square(UNIT, side(UNIT), whole, None, part)
}

/// The one for planes that are streamed: four squares, one below the other, fill three cache lines of each column.
pub(super) const fn streamed_narrow<const UNIT: usize>(whole: Whole, streamed: Whole, part: CopyPart) -> MicroKernel {
    MicroKernel {
        unit: UNIT,
        rows: 4 * side(UNIT),
        columns: side(UNIT),
        steps: 4,
        whole,
        streamed: Some(streamed),
        part,
        own_driver: None,
        smaller: None,
    }
}

/// Items of `unit` bytes in 48 bytes.
const fn side(unit: usize) -> usize {
    48 / unit
}

/// Copies whole tiles.
///
/// # Safety
/// As [`Whole`]; the processor has AVX2.
#[inline(always)]
pub(super) unsafe fn whole<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    for square in tile.tiles(side(UNIT), UNIT) {
        ahead.step();
        // SAFETY: the caller guarantees W1 to W4 for the tile, in which the square lies, and AVX2.
        unsafe { <Narrow as Square<UNIT>>::square(square) };
    }
}

/// Copies tiles of four squares, one below the other, with non-temporal stores.
///
/// # Safety
/// As [`Whole`] for aligned destination lines; the processor has AVX2.
#[inline(always)]
pub(super) unsafe fn streamed<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    for squares in tile.tiles(4 * side(UNIT), UNIT) {
        for half in 0..2 {
            // Half the columns of all four, so that few lines are written in turn.
            for square in squares.tiles(side(UNIT), UNIT) {
                if half == 0 {
                    ahead.step();
                }
                // SAFETY: the caller guarantees W1 to W4 for the tile, in which the square lies, aligned destination lines, and
                // AVX2.
                unsafe { copy_half::<UNIT, true>(square, half) };
            }
        }
    }
}

/// Copies a part of a tile.
///
/// # Safety
/// As [`CopyPart`]; the processor has AVX2.
#[inline(always)]
pub(super) unsafe fn part<const UNIT: usize>(tile: &Tile<'_>) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the part, and AVX2; nothing is streamed.
    unsafe { squares::part::<Narrow, UNIT>(tile) }
}

/// Items that are narrower than a power of two.
struct Narrow;

/// An index that gives 0.
const NONE: u8 = 0x80;

/// Indices that widen items of `unit` bytes, the first of which is at byte `first`.
const fn widening(unit: usize, first: usize) -> [u8; 16] {
    let wide = unit + unit / 3;
    let mut index = [NONE; 16];
    let mut at = 0;
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    while at < 16 {
        if at % wide < unit {
            index[at] = (first + at / wide * unit + at % wide) as u8;
        }
        at += 1;
    }
    index
}

/// Indices for quarter `quarter` of a destination line, of three, from the bytes of piece `piece`, of four: they narrow the items and
/// put them where they belong.
const fn narrowing(unit: usize, quarter: usize, piece: usize) -> [u8; 16] {
    let wide = unit + unit / 3;
    let mut index = [NONE; 16];
    let mut at = 0;
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    while at < 16 {
        let byte = quarter * 16 + at;
        if byte / 12 == piece {
            index[at] = (byte % 12 / unit * wide + byte % 12 % unit) as u8;
        }
        at += 1;
    }
    index
}

/// 16 bytes of two places, each in half a register.
///
/// # Safety
/// They may be read; the processor has AVX2.
#[inline(always)]
pub(super) unsafe fn halves(low: *const u8, high: *const u8) -> __m256i {
    // SAFETY: the caller guarantees that 16 bytes may be read at both places (W1), and AVX2.
    unsafe {
        let low = _mm256_castsi128_si256(_mm_loadu_si128(low.cast()));
        _mm256_inserti128_si256::<1>(low, _mm_loadu_si128(high.cast()))
    }
}

/// 16 bytes of two parts of a row, each shuffled.
///
/// # Safety
/// They may be read; the processor has AVX2.
#[inline(always)]
unsafe fn load(row: *const u8, [low, high]: [usize; 2], index: __m256i) -> __m256i {
    // SAFETY: the caller guarantees that 16 bytes may be read at both places (W1), and AVX2.
    unsafe { _mm256_shuffle_epi8(halves(row.wrapping_add(low), row.wrapping_add(high)), index) }
}

/// Copies the first or the second half of the columns of a square.
///
/// # Safety
/// W1 to W4 for the items of the square; where it is to `STREAM`, destination lines are aligned to 16 bytes. The processor has
/// AVX2.
#[inline(always)]
unsafe fn copy_half<const UNIT: usize, const STREAM: bool>(lines: impl Lines, half: usize) {
    const {
        assert!(UNIT == 3 || UNIT == 6 || UNIT == 12);
    }
    let count = const { 12 / UNIT };
    // SAFETY: the caller guarantees W1 for the 48 bytes of each row, within which four parts of 12 are read as 16, and W2 for
    // the 48 bytes of each column.
    unsafe {
        // The last part is read from 4 bytes before it. (Loops and functions, since closures over vectors are not always
        // inlined.)
        let (parts, widening) = if half == 0 {
            ([0, 12], [const { &widening(UNIT, 0) }; 2])
        } else {
            ([24, 32], [const { &widening(UNIT, 0) }, const { &widening(UNIT, 4) }])
        };
        let [low, high] = widening;
        let widening = halves(low.as_ptr(), high.as_ptr());
        let mut pieces = [[_mm256_setzero_si256(); 4]; 4];
        for (piece, columns) in pieces.iter_mut().enumerate() {
            let row = piece * count;
            *columns = match UNIT {
                3 => quarters([
                    load(lines.from(row), parts, widening),
                    load(lines.from(row + 1), parts, widening),
                    load(lines.from(row + 2), parts, widening),
                    load(lines.from(row + 3), parts, widening),
                ]),
                6 => {
                    let first = load(lines.from(row), parts, widening);
                    let second = load(lines.from(row + 1), parts, widening);
                    let low = _mm256_unpacklo_epi64(first, second);
                    [low, _mm256_unpackhi_epi64(first, second), low, low]
                }
                _ => [load(lines.from(row), parts, widening); 4],
            };
        }
        for column in 0..count {
            let left = half * 2 * count + column;
            let (low, high) = (lines.to(left), lines.to(left + count));
            for quarter in 0..3 {
                let (Some(first), Some(second)) = (pieces.get(quarter), pieces.get(quarter + 1)) else { return };
                let (Some(first), Some(second)) = (first.get(column), second.get(column)) else { return };
                let [first_index, second_index] = match quarter {
                    0 => const { [narrowing(UNIT, 0, 0), narrowing(UNIT, 0, 1)] },
                    1 => const { [narrowing(UNIT, 1, 1), narrowing(UNIT, 1, 2)] },
                    _ => const { [narrowing(UNIT, 2, 2), narrowing(UNIT, 2, 3)] },
                };
                let line = _mm256_or_si256(
                    _mm256_shuffle_epi8(*first, halves(first_index.as_ptr(), first_index.as_ptr())),
                    _mm256_shuffle_epi8(*second, halves(second_index.as_ptr(), second_index.as_ptr())),
                );
                let (low, high) = (low.wrapping_add(16 * quarter), high.wrapping_add(16 * quarter));
                let (first, others) = (_mm256_castsi256_si128(line), _mm256_extracti128_si256::<1>(line));
                if STREAM {
                    _mm_stream_si128(low.cast(), first);
                    _mm_stream_si128(high.cast(), others);
                } else {
                    _mm_storeu_si128(low.cast(), first);
                    _mm_storeu_si128(high.cast(), others);
                }
            }
        }
    }
}

impl<const UNIT: usize> Square<UNIT> for Narrow {
    const SIDE: usize = side(UNIT);

    #[inline(always)]
    unsafe fn square<L: Lines>(lines: L) {
        // SAFETY: the caller guarantees W1 to W4 for the square, which the two halves make up, and AVX2.
        unsafe {
            copy_half::<UNIT, false>(lines, 0);
            copy_half::<UNIT, false>(lines, 1);
        }
    }
}

/// Transposes 4 by 4 units of 4 bytes in each half.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
pub(super) unsafe fn quarters([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    // SAFETY: the caller guarantees AVX2; only registers are used.
    unsafe {
        let (low_ab, high_ab) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
        let (low_cd, high_cd) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
        [
            _mm256_unpacklo_epi64(low_ab, low_cd),
            _mm256_unpackhi_epi64(low_ab, low_cd),
            _mm256_unpacklo_epi64(high_ab, high_cd),
            _mm256_unpackhi_epi64(high_ab, high_cd),
        ]
    }
}
