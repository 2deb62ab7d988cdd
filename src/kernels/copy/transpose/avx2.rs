//! Tiles with AVX2: half a cache line is one register, so that a tile is several small transposes.

use core::arch::x86_64::*;

use crate::kernels::prefetch::LINE;

use super::avx2_narrow::{self, halves, narrow, quarters, streamed_narrow};
use super::direct;
use super::driver::drive_one;
use super::scalar;
use super::squares::{self, Square, Streamed};
use super::sse2;
use super::strips::{CopyLine, strip};
use super::tables::{Ahead, DirectKernel, DirectPlane, Kernel, Lines, MicroKernel, OwnDriver, Plane, Tile, Whole};

/// The micro-kernels, and those only for planes that are streamed.
static TILES: [MicroKernel; 8] = [
    of::<1>(),
    of::<2>(),
    narrow_of::<3>(),
    of::<4>(),
    narrow_of::<6>(),
    of::<8>(),
    narrow_of::<12>(),
    // Nothing is shuffled, and the scalar tiles write fewer lines in turn.
    scalar::of::<16>(),
];
static STRIPS: [MicroKernel; 6] = [
    strip_of::<1>(),
    strip_of::<2>(),
    streamed_narrow_of::<3>(),
    streamed_narrow_of::<6>(),
    streamed_narrow_of::<12>(),
    of::<16>(),
];

/// The kernel for items of this size. It is for the level `Avx2`.
pub(super) fn kernel(unit: usize) -> Option<Kernel> {
    // Rows of 12-byte items are read 48 bytes at a time, a part of a cache line, which has been evicted when the next part is
    // read, unless few rows share a set.
    let crowded = if unit == 12 { scalar::kernel(unit).map(|any| any.near) } else { None };
    let direct = direct(unit);
    Kernel::find(&TILES, &STRIPS, unit).map(|kernel| Kernel { crowded, direct, ..kernel })
}

/// The kernel for planes without tables.
pub(super) fn direct(unit: usize) -> Option<DirectKernel> {
    const fn of<const UNIT: usize>() -> DirectKernel {
        DirectKernel { copy: plane::<UNIT>, side: <NearTransposes as Square<UNIT>>::SIDE }
    }
    Some(match unit {
        1 => of::<1>(),
        2 => of::<2>(),
        4 => of::<4>(),
        8 => of::<8>(),
        _ => return sse2::direct(unit),
    })
}

/// # Safety
/// As [`CopyDirect`](super::tables::CopyDirect), at the level `Avx2`.
#[target_feature(enable = "avx2")]
unsafe fn plane<const UNIT: usize>(plane: &DirectPlane) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the plane; the instructions are enabled.
    unsafe { direct::copy::<NearTransposes, UNIT>(plane) }
}

const fn of<const UNIT: usize>() -> MicroKernel {
    // Small items are streamed in strips.
    let all: Option<Whole> = if UNIT <= 2 { None } else { Some(streamed::<UNIT>) };
    let own_driver: Option<OwnDriver> = if UNIT == 4 { Some(drive::<UNIT>) } else { None };
    let square = MicroKernel::square(UNIT, LINE / UNIT, whole::<UNIT>, all, part::<UNIT>);
    MicroKernel { own_driver, ..square }
}

/// # Safety
/// As [`OwnDriver`], at the level `Avx2`.
#[target_feature(enable = "avx2")]
unsafe fn drive<const UNIT: usize>(kernel: &MicroKernel, plane: &Plane<'_>, block: usize) {
    // SAFETY: the caller guarantees W1 to W4 for the plane; the instructions are enabled.
    unsafe {
        drive_one(kernel, plane, block, |tile, ahead| squares::whole::<Transposes, UNIT>(tile, ahead));
    }
}

const fn narrow_of<const UNIT: usize>() -> MicroKernel {
    narrow::<UNIT>(narrow_whole::<UNIT>, narrow_part::<UNIT>)
}

const fn streamed_narrow_of<const UNIT: usize>() -> MicroKernel {
    streamed_narrow::<UNIT>(narrow_whole::<UNIT>, narrow_streamed::<UNIT>, narrow_part::<UNIT>)
}

/// # Safety
/// As [`Whole`], at the level `Avx2`.
#[target_feature(enable = "avx2")]
unsafe fn narrow_streamed<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the tiles, and aligned destination lines; the instructions are
    // enabled.
    unsafe { avx2_narrow::streamed::<UNIT>(tile, ahead) }
}

/// # Safety
/// As [`Whole`], at the level `Avx2`.
#[target_feature(enable = "avx2")]
unsafe fn narrow_whole<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the tiles; the instructions are enabled.
    unsafe { avx2_narrow::whole::<UNIT>(tile, ahead) }
}

/// # Safety
/// As [`CopyPart`](super::tables::CopyPart), at the level `Avx2`.
#[target_feature(enable = "avx2")]
unsafe fn narrow_part<const UNIT: usize>(tile: &Tile<'_>, _: bool) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the part; the instructions are enabled.
    unsafe { avx2_narrow::part::<UNIT>(tile) }
}

const fn strip_of<const UNIT: usize>() -> MicroKernel {
    strip(UNIT, whole::<UNIT>, strips::<UNIT>, part_of_strip::<UNIT>)
}

/// # Safety
/// As [`Whole`], at the level `Avx2`.
#[target_feature(enable = "avx2")]
unsafe fn strips<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the tiles, and aligned destination lines; the instructions are
    // enabled.
    unsafe { super::strips::whole::<Transposes, UNIT>(tile, ahead) }
}

/// # Safety
/// As [`CopyPart`](super::tables::CopyPart), at the level `Avx2`.
unsafe fn part_of_strip<const UNIT: usize>(tile: &Tile<'_>, _: bool) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the part, and the level. Nothing is streamed.
    unsafe { of::<UNIT>().copy(*tile, false) }
}

/// # Safety
/// As [`Whole`], at the level `Avx2`.
#[target_feature(enable = "avx2")]
unsafe fn whole<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the tiles; the instructions are enabled.
    unsafe { squares::whole::<Transposes, UNIT>(tile, ahead) }
}

/// # Safety
/// As [`Whole`], for aligned destination lines, at the level `Avx2`.
#[target_feature(enable = "avx2")]
unsafe fn streamed<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the tiles, and aligned lines; the instructions are enabled.
    unsafe { squares::streamed::<Transposes, UNIT>(tile, ahead) }
}

/// # Safety
/// As [`CopyPart`](super::tables::CopyPart), at the level `Avx2`.
#[target_feature(enable = "avx2")]
unsafe fn part<const UNIT: usize>(tile: &Tile<'_>, stream: bool) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the part, aligned where it is to `stream`; the instructions are
    // enabled.
    unsafe { squares::streamed_part::<Transposes, UNIT>(tile, stream) }
}

/// Writes half a cache line.
///
/// # Safety
/// 32 bytes may be written, which are aligned where they are to be streamed; the processor has AVX2.
#[inline(always)]
unsafe fn put<const STREAM: bool>(to: *mut u8, line: __m256i) {
    // SAFETY: the caller guarantees W2 for 32 bytes, aligned where they are streamed, and AVX2.
    unsafe { if STREAM { _mm256_stream_si256(to.cast(), line) } else { _mm256_storeu_si256(to.cast(), line) } }
}

/// Transposes 4 by 4 units of 8 bytes.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn fourths([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    // SAFETY: the caller guarantees AVX2; only registers are used.
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
    // SAFETY: the caller guarantees AVX2; only registers are used.
    unsafe {
        // In each half, the units of rows 0 to 3 (4 to 7) of one column are adjacent.
        let ([p0, p1, p2, p3], [q0, q1, q2, q3]) = (quarters([a, b, c, d]), quarters([e, f, g, h]));
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
    unsafe fn square<L: Lines>(lines: L) {
        // SAFETY: the caller guarantees W1 to W4 for the square, and AVX2.
        unsafe {
            match UNIT {
                1 => sse2::square::<_, 1, 16>(lines),
                2 => sse2::square::<_, 2, 8>(lines),
                4 => {
                    let row = |row| _mm256_loadu_si256(lines.from(row).cast());
                    for (column, line) in eighths(core::array::from_fn(row)).into_iter().enumerate() {
                        put::<false>(lines.to(column), line);
                    }
                }
                8 => {
                    let row = |row| _mm256_loadu_si256(lines.from(row).cast());
                    for (column, line) in fourths(core::array::from_fn(row)).into_iter().enumerate() {
                        put::<false>(lines.to(column), line);
                    }
                }
                _ => _mm_storeu_si128(lines.to(0).cast(), _mm_loadu_si128(lines.from(0).cast())),
            }
        }
    }
}

impl<const UNIT: usize> Streamed<UNIT> for Transposes {
    const ACROSS: usize = match UNIT {
        4 => 4,
        8 => 2,
        _ => 1,
    };

    #[inline(always)]
    unsafe fn lines(tile: Tile<'_>) {
        // SAFETY: the caller guarantees W1 to W4 for the lines, which are aligned, and AVX2.
        unsafe {
            // The items of a row, and those of the row as far below it as half a register has items.
            let rows = |row| halves(tile.from(row), tile.from(row + size_of::<__m128i>() / UNIT));
            let put_line = |column, first, second| {
                let to = tile.to(column).cast::<__m256i>();
                put::<true>(to.cast(), first);
                put::<true>(to.wrapping_add(1).cast(), second);
            };
            match UNIT {
                4 => {
                    let [a, b, c, d] = quarters([rows(0), rows(1), rows(2), rows(3)]);
                    let [e, f, g, h] = quarters([rows(8), rows(9), rows(10), rows(11)]);
                    put_line(0, a, e);
                    put_line(1, b, f);
                    put_line(2, c, g);
                    put_line(3, d, h);
                }
                8 => {
                    let (a, b, c, d) = (rows(0), rows(1), rows(4), rows(5));
                    put_line(0, _mm256_unpacklo_epi64(a, b), _mm256_unpacklo_epi64(c, d));
                    put_line(1, _mm256_unpackhi_epi64(a, b), _mm256_unpackhi_epi64(c, d));
                }
                _ => put_line(0, rows(0), rows(2)),
            }
        }
    }
}

impl CopyLine for Transposes {
    #[inline(always)]
    unsafe fn copy_line<const STREAM: bool>(from: *const u8, to: *mut u8) {
        let (from, to) = (from.cast::<__m256i>(), to.cast::<__m256i>());
        // SAFETY: the caller guarantees W1 to W4 for the two halves of the cache line, which is aligned where it is streamed,
        // and AVX2.
        unsafe {
            for half in 0..2 {
                put::<STREAM>(to.wrapping_add(half).cast(), _mm256_loadu_si256(from.wrapping_add(half)));
            }
        }
    }
}

/// As [`Transposes`], where the rows are in L1 or L2: those of the lower half go to the upper half of registers when they are
/// loaded, so that nothing crosses the middle afterwards. That takes twice the loads and half the shuffles.
struct NearTransposes;

impl<const UNIT: usize> Square<UNIT> for NearTransposes {
    const SIDE: usize = <Transposes as Square<UNIT>>::SIDE;

    #[inline(always)]
    unsafe fn square<L: Lines>(lines: L) {
        // SAFETY: the caller guarantees W1 to W4 for the square, and AVX2.
        unsafe {
            match UNIT {
                4 => {
                    for left in [0, 4] {
                        let row = |row| {
                            let at = |row| lines.from(row).wrapping_add(left * UNIT);
                            halves(at(row), at(row + 4))
                        };
                        let [a, b, c, d] = quarters([row(0), row(1), row(2), row(3)]);
                        put::<false>(lines.to(left), a);
                        put::<false>(lines.to(left + 1), b);
                        put::<false>(lines.to(left + 2), c);
                        put::<false>(lines.to(left + 3), d);
                    }
                }
                8 => {
                    for left in [0, 2] {
                        let row = |row| {
                            let at = |row| lines.from(row).wrapping_add(left * UNIT);
                            halves(at(row), at(row + 2))
                        };
                        let (first, second) = (row(0), row(1));
                        put::<false>(lines.to(left), _mm256_unpacklo_epi64(first, second));
                        put::<false>(lines.to(left + 1), _mm256_unpackhi_epi64(first, second));
                    }
                }
                _ => <Transposes as Square<UNIT>>::square(lines),
            }
        }
    }
}
