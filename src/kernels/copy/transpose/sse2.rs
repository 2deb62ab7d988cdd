//! Tiles with SSE2, which every x86-64 has: a quarter of a cache line is one register. This is the level `Portable` of x86-64.

use core::arch::x86_64::*;

use crate::kernels::prefetch::LINE;

use super::direct;
use super::scalar;
use super::squares::{self, Rows, Square, Streamed};
use super::strips::{CopyLine, strip};
use super::tables::{Ahead, DirectKernel, DirectPlane, Kernel, Lines, MicroKernel, Tile, Whole};

/// The micro-kernels, and those only for planes that are streamed. In other tiles, larger items move as fast one by one.
static TILES: [MicroKernel; 3] = [of::<1>(), of::<2>(), of::<4>()];
static STREAMED: [MicroKernel; 4] = [strip_of::<1>(), strip_of::<2>(), of::<8>(), of::<16>()];

/// The kernel for items of this size.
pub(super) fn kernel(unit: usize) -> Option<Kernel> {
    let kernel = Kernel::find(&TILES, &STREAMED, unit).or_else(|| {
        let past = STREAMED.iter().find(|kernel| kernel.unit == unit);
        scalar::kernel(unit).map(|kernel| Kernel { past, ..kernel })
    })?;
    Some(Kernel { direct: direct(unit), ..kernel })
}

/// The kernel for planes without tables.
pub(super) fn direct(unit: usize) -> Option<DirectKernel> {
    const fn of<const UNIT: usize>() -> DirectKernel {
        DirectKernel { copy: plane::<UNIT>, side: <Transposes as Square<UNIT>>::SIDE }
    }
    Some(match unit {
        1 => of::<1>(),
        2 => of::<2>(),
        4 => of::<4>(),
        8 => of::<8>(),
        16 => of::<16>(),
        _ => return None,
    })
}

const fn of<const UNIT: usize>() -> MicroKernel {
    // Small items are streamed in strips.
    let all: Option<Whole> = if UNIT <= 2 { None } else { Some(streamed::<UNIT>) };
    MicroKernel::square(UNIT, LINE / UNIT, whole::<UNIT>, all, part::<UNIT>)
}

/// # Safety
/// As [`Whole`].
unsafe fn whole<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the tiles; every x86-64 has the instructions.
    unsafe { squares::whole::<Transposes, UNIT>(tile, ahead) }
}

/// # Safety
/// As [`Whole`], for aligned destination lines.
unsafe fn streamed<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the tiles, and aligned lines; every x86-64 has the instructions.
    unsafe { squares::streamed::<Transposes, UNIT>(tile, ahead) }
}

/// # Safety
/// As [`CopyPart`](super::tables::CopyPart).
unsafe fn part<const UNIT: usize>(tile: &Tile<'_>, stream: bool) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the part, aligned where it is to `stream`; every x86-64 has the
    // instructions.
    unsafe { squares::streamed_part::<Transposes, UNIT>(tile, stream) }
}

/// # Safety
/// As [`CopyDirect`](super::tables::CopyDirect).
unsafe fn plane<const UNIT: usize>(plane: &DirectPlane) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the plane; every x86-64 has the instructions.
    unsafe { direct::copy::<Transposes, UNIT>(plane) }
}

const fn strip_of<const UNIT: usize>() -> MicroKernel {
    strip(UNIT, whole::<UNIT>, strips::<UNIT>, part_of_strip::<UNIT>)
}

/// # Safety
/// As [`Whole`].
unsafe fn strips<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the tiles, and aligned destination lines; every x86-64 has the
    // instructions.
    unsafe { super::strips::whole::<Transposes, UNIT>(tile, ahead) }
}

/// # Safety
/// As [`CopyPart`](super::tables::CopyPart).
unsafe fn part_of_strip<const UNIT: usize>(tile: &Tile<'_>, _: bool) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the part. Nothing is streamed.
    unsafe { of::<UNIT>().copy(*tile, false) }
}

/// Transposes as many rows as a register has units of `UNIT` bytes.
#[inline(always)]
pub(super) fn transpose<const UNIT: usize, A: Rows<__m128i>>(rows: A) -> A {
    // SAFETY: every x86-64 has the instructions.
    rows.transposed(|a, b| unsafe {
        match UNIT {
            1 => (_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b)),
            2 => (_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b)),
            4 => (_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b)),
            _ => (_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b)),
        }
    })
}

/// Writes a register.
///
/// # Safety
/// 16 bytes may be written, which are aligned where they are to be streamed.
#[inline(always)]
unsafe fn put<const STREAM: bool>(to: *mut u8, line: __m128i) {
    // SAFETY: the caller guarantees W2 for 16 bytes, aligned where they are streamed.
    unsafe { if STREAM { _mm_stream_si128(to.cast(), line) } else { _mm_storeu_si128(to.cast(), line) } }
}

/// Copies a square of `SIDE` items of `UNIT` bytes each way.
///
/// # Safety
/// W1 to W4 for the items.
#[inline(always)]
pub(super) unsafe fn square<L: Lines, const UNIT: usize, const SIDE: usize>(lines: L)
where
    [__m128i; SIDE]: Rows<__m128i>,
{
    // SAFETY: the caller guarantees W1 to W4 for the square, whose lines are one register.
    unsafe {
        let rows: [__m128i; SIDE] = core::array::from_fn(|row| _mm_loadu_si128(lines.from(row).cast()));
        for (column, line) in transpose::<UNIT, _>(rows).into_iter().enumerate() {
            put::<false>(lines.to(column), line);
        }
    }
}

/// The transposes for each size.
struct Transposes;

impl<const UNIT: usize> Square<UNIT> for Transposes {
    // At least four items, so that there are few squares.
    const SIDE: usize = if UNIT >= 4 { 4 } else { size_of::<__m128i>() / UNIT };

    #[inline(always)]
    unsafe fn square<L: Lines>(lines: L) {
        // SAFETY: the caller guarantees W1 to W4 for the square; every x86-64 has the instructions.
        unsafe {
            match UNIT {
                1 => square::<_, 1, 16>(lines),
                2 => square::<_, 2, 8>(lines),
                4 => square::<_, 4, 4>(lines),
                8 => {
                    for (column, row) in [(0, 0), (0, 2), (2, 0), (2, 2)] {
                        let rows = [row, row + 1]
                            .map(|row| _mm_loadu_si128(lines.from(row).wrapping_add(column * UNIT).cast()));
                        for (at, line) in transpose::<8, _>(rows).into_iter().enumerate() {
                            put::<false>(lines.to(column + at).wrapping_add(row * UNIT), line);
                        }
                    }
                }
                _ => {
                    // One register is one item; four of them are a cache line each way.
                    for row in 0..4 {
                        for column in 0..4 {
                            let item = _mm_loadu_si128(lines.from(row).cast::<__m128i>().wrapping_add(column));
                            _mm_storeu_si128(lines.to(column).cast::<__m128i>().wrapping_add(row), item);
                        }
                    }
                }
            }
        }
    }
}

impl<const UNIT: usize> Streamed<UNIT> for Transposes {
    const ACROSS: usize = if UNIT <= 8 { 2 } else { 1 };

    #[inline(always)]
    unsafe fn lines(tile: Tile<'_>) {
        // SAFETY: the caller guarantees W1 to W4 for the lines, which are aligned; every x86-64 has the instructions.
        unsafe {
            // Both items of two rows, or an item of 8 or 16 bytes of a row and the next one.
            let pair = |row| {
                let low = _mm_load_sd(tile.from(row).cast());
                _mm_castpd_ps(_mm_loadh_pd(low, tile.from(row + 1).cast()))
            };
            let row = |row| _mm_loadu_si128(tile.from(row).cast());
            let (first, second): ([__m128i; 4], [__m128i; 4]) = match UNIT {
                4 => {
                    let pairs: [(__m128, __m128); 4] = core::array::from_fn(|at| (pair(4 * at), pair(4 * at + 2)));
                    (
                        pairs.map(|(a, b)| _mm_castps_si128(_mm_shuffle_ps::<0b10_00_10_00>(a, b))),
                        pairs.map(|(a, b)| _mm_castps_si128(_mm_shuffle_ps::<0b11_01_11_01>(a, b))),
                    )
                }
                8 => {
                    let pairs: [(__m128i, __m128i); 4] = core::array::from_fn(|at| (row(2 * at), row(2 * at + 1)));
                    (pairs.map(|(a, b)| _mm_unpacklo_epi64(a, b)), pairs.map(|(a, b)| _mm_unpackhi_epi64(a, b)))
                }
                _ => (core::array::from_fn(row), [_mm_setzero_si128(); 4]),
            };
            for (column, line) in [first, second].into_iter().take(<Self as Streamed<UNIT>>::ACROSS).enumerate() {
                let to = tile.to(column).cast::<__m128i>();
                for (at, quarter) in line.into_iter().enumerate() {
                    put::<true>(to.wrapping_add(at).cast(), quarter);
                }
            }
        }
    }
}

impl CopyLine for Transposes {
    #[inline(always)]
    unsafe fn copy_line<const STREAM: bool>(from: *const u8, to: *mut u8) {
        let (from, to) = (from.cast::<__m128i>(), to.cast::<__m128i>());
        // SAFETY: the caller guarantees W1 to W4 for the four quarters of the cache line, which is aligned where it is
        // streamed.
        unsafe {
            for quarter in 0..4 {
                put::<STREAM>(to.wrapping_add(quarter).cast(), _mm_loadu_si128(from.wrapping_add(quarter)));
            }
        }
    }
}
