//! Tiles with AVX2: half a cache line is one register, so that a tile is several small transposes.

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use crate::kernels::prefetch::LINE;
use crate::layout::Offset;

use super::squares::{self, Square, squares, transposed};
use super::tables::{Ahead, Kernel, MicroKernel, Tile};

/// The micro-kernels, and those of their own for what is streamed.
static TILES: [MicroKernel; 5] = [of::<1>(), of::<2>(), of::<4>(), of::<8>(), of::<16>()];
static STRIPS: [MicroKernel; 1] = [Strip::KERNEL];

/// The kernel for items of this size. It is for the level `Avx2`.
pub(super) fn kernel(unit: usize) -> Option<Kernel> {
    Kernel::find(&TILES, &STRIPS, unit)
}

const fn of<const UNIT: usize>() -> MicroKernel {
    MicroKernel::square(UNIT, LINE / UNIT, whole::<UNIT, false>, Some(whole::<UNIT, true>), part::<UNIT>)
}

/// # Safety
/// As [`Whole`](super::tables::Whole), at the level `Avx2`.
#[target_feature(enable = "avx2")]
unsafe fn whole<const UNIT: usize, const STREAM: bool>(tile: &Tile<'_>, ahead: &mut Ahead) {
    // SAFETY: the function's contract; the instructions are enabled.
    unsafe { squares::whole::<Transposes, UNIT, STREAM>(tile, ahead) }
}

/// # Safety
/// As [`CopyPart`](super::tables::CopyPart), at the level `Avx2`.
#[target_feature(enable = "avx2")]
unsafe fn part<const UNIT: usize>(tile: &Tile<'_>, stream: bool) {
    // SAFETY: the function's contract; the instructions are enabled.
    unsafe { squares::part::<Transposes, UNIT>(tile, stream) }
}

/// Transposes 4 by 4 units of 8 bytes.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn quarters([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    // SAFETY: the function's contract.
    unsafe {
        let (low_ab, high_ab) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
        let (low_cd, high_cd) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
        [
            _mm256_permute2x128_si256::<0x20>(low_ab, low_cd),
            _mm256_permute2x128_si256::<0x20>(high_ab, high_cd),
            _mm256_permute2x128_si256::<0x31>(low_ab, low_cd),
            _mm256_permute2x128_si256::<0x31>(high_ab, high_cd),
        ]
    }
}

/// Transposes 8 by 8 units of 4 bytes.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn eighths([a, b, c, d, e, f, g, h]: [__m256i; 8]) -> [__m256i; 8] {
    // SAFETY: the function's contract.
    unsafe {
        let low = |a, b| _mm256_unpacklo_epi32(a, b);
        let high = |a, b| _mm256_unpackhi_epi32(a, b);
        // In each half, the units of rows 0 to 3 (4 to 7) of one column side by side.
        let four = |a, b, c, d| {
            let (low_ab, high_ab, low_cd, high_cd) = (low(a, b), high(a, b), low(c, d), high(c, d));
            [
                _mm256_unpacklo_epi64(low_ab, low_cd),
                _mm256_unpackhi_epi64(low_ab, low_cd),
                _mm256_unpacklo_epi64(high_ab, high_cd),
                _mm256_unpackhi_epi64(high_ab, high_cd),
            ]
        };
        let ([p0, p1, p2, p3], [q0, q1, q2, q3]) = (four(a, b, c, d), four(e, f, g, h));
        let first = |p, q| _mm256_permute2x128_si256::<0x20>(p, q);
        let second = |p, q| _mm256_permute2x128_si256::<0x31>(p, q);
        [
            first(p0, q0),
            first(p1, q1),
            first(p2, q2),
            first(p3, q3),
            second(p0, q0),
            second(p1, q1),
            second(p2, q2),
            second(p3, q3),
        ]
    }
}

/// Transposes 8 by 8 units of 2 bytes.
#[inline(always)]
fn words(rows: [__m128i; 8]) -> [__m128i; 8] {
    // SAFETY: every x86-64 has the instructions.
    transposed(rows, |a, b| unsafe { (_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b)) })
}

/// Transposes 16 by 16 bytes.
#[inline(always)]
fn bytes(rows: [__m128i; 16]) -> [__m128i; 16] {
    // SAFETY: every x86-64 has the instructions.
    transposed(rows, |a, b| unsafe { (_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b)) })
}

/// The transposes for each size.
struct Transposes;

impl<const UNIT: usize> Square<UNIT> for Transposes {
    const SIDE: usize = match UNIT {
        1 => 16,
        2 | 4 => 8,
        8 => 4,
        _ => 1,
    };

    #[inline(always)]
    unsafe fn square<const STREAM: bool>(tile: Tile<'_>) {
        // SAFETY: the function's contract. Where lines are streamed, they and so their parts are aligned.
        unsafe {
            let to = |column| tile.to(column);
            let long = |row| _mm256_loadu_si256(tile.from(row).cast());
            let short = |row| _mm_loadu_si128(tile.from(row).cast());
            let put_long = |(column, line): (usize, __m256i)| {
                if STREAM {
                    _mm256_stream_si256(to(column).cast(), line);
                } else {
                    _mm256_storeu_si256(to(column).cast(), line);
                }
            };
            let put_short = |(column, line): (usize, __m128i)| {
                if STREAM {
                    _mm_stream_si128(to(column).cast(), line);
                } else {
                    _mm_storeu_si128(to(column).cast(), line);
                }
            };
            match UNIT {
                1 => bytes(core::array::from_fn(short)).into_iter().enumerate().for_each(put_short),
                2 => words(core::array::from_fn(short)).into_iter().enumerate().for_each(put_short),
                4 => eighths(core::array::from_fn(long)).into_iter().enumerate().for_each(put_long),
                8 => quarters(core::array::from_fn(long)).into_iter().enumerate().for_each(put_long),
                _ => put_short((0, short(0))),
            }
        }
    }
}

/// Bytes, four lines of the destination long, for memory that no cache holds: lines that are written with non-temporal stores
/// have to be whole, and contiguous. So the small transposes go from scratch memory, to which each source line is read once though
/// a set of the cache may not hold all of them, to other scratch memory.
struct Strip;

impl Strip {
    const LINES: usize = 4;
    const HALVES: usize = 2 * Self::LINES;
    /// Rows of a small transpose.
    const SIDE: usize = <Transposes as Square<1>>::SIDE;

    const KERNEL: MicroKernel = MicroKernel {
        unit: 1,
        rows: Self::LINES * LINE,
        columns: LINE,
        steps: Self::LINES,
        whole: Self::whole::<false>,
        streamed: Some(Self::whole::<true>),
        part: Self::part,
        smaller: None,
    };

    /// # Safety
    /// As [`Whole`](super::tables::Whole), at the level `Avx2`.
    #[target_feature(enable = "avx2")]
    unsafe fn whole<const STREAM: bool>(tile: &Tile<'_>, ahead: &mut Ahead) {
        for tile in tile.tiles(Self::KERNEL.rows, 1) {
            // SAFETY: the function's contract.
            unsafe { Self::copy::<STREAM>(tile, ahead) };
        }
    }

    /// Copies a strip.
    ///
    /// # Safety
    /// As [`whole`](Self::whole).
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn copy<const STREAM: bool>(tile: Tile<'_>, ahead: &mut Ahead) {
        const HALVES: usize = Strip::HALVES;
        let mut scratch = [const { MaybeUninit::<[__m256i; HALVES]>::uninit() }; LINE];
        let scratch = scratch.as_mut_ptr().cast::<[__m256i; HALVES]>();
        let columns: [Offset; LINE] = core::array::from_fn(|column| (column * Self::LINES * LINE) as Offset);
        let mut packed = [const { MaybeUninit::<[__m256i; 2]>::uninit() }; Strip::SIDE];
        let packed = packed.as_mut_ptr().cast::<[__m256i; 2]>();
        let rows: [Offset; Strip::SIDE] = core::array::from_fn(|row| (row * LINE) as Offset);
        // SAFETY: the function's contract; there is scratch memory for all columns, which is written before it is read.
        unsafe {
            let mut dst = scratch.cast::<u8>();
            for (at, tile) in tile.tiles(Self::SIDE, 1).enumerate() {
                if at.is_multiple_of(LINE / Self::SIDE) {
                    ahead.step();
                }
                for row in 0..Self::SIDE {
                    let from = tile.from(row).cast::<__m256i>();
                    let line = [_mm256_loadu_si256(from), _mm256_loadu_si256(from.wrapping_add(1))];
                    packed.wrapping_add(row).write(line);
                }
                squares::<Transposes, 1, false>(Tile {
                    src: packed.cast_const().cast(),
                    rows: &rows,
                    dst,
                    columns: &columns,
                });
                dst = dst.wrapping_add(Self::SIDE);
            }
            for column in 0..LINE {
                let from = scratch.wrapping_add(column).cast::<__m256i>();
                let to = tile.to(column).cast::<__m256i>();
                for half in 0..HALVES {
                    let line = from.wrapping_add(half).read();
                    if STREAM {
                        _mm256_stream_si256(to.wrapping_add(half), line);
                    } else {
                        _mm256_storeu_si256(to.wrapping_add(half), line);
                    }
                }
            }
        }
    }

    /// # Safety
    /// As [`CopyPart`](super::tables::CopyPart), at the level `Avx2`.
    unsafe fn part(tile: &Tile<'_>, _: bool) {
        let [bytes, ..] = &TILES;
        // SAFETY: the function's contract. Smaller tiles are parts of cache lines, which are not streamed.
        unsafe { bytes.copy(*tile, false) }
    }
}
