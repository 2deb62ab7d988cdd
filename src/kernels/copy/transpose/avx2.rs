//! Tiles with AVX2: half a cache line is one register, so that a tile is several small transposes.

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use crate::layout::Offset;

use crate::kernels::prefetch::LINE;

use super::driver::{Ahead, Kernel, Plane, Run, Tile, in_smaller, run};
use super::squares::{Square, Squares, transposed};

/// The function for items of this size. It may be called at the level `Avx2`.
pub(super) fn kernel(unit: usize) -> Option<Kernel> {
    let (near, past) = match unit {
        1 => (of::<Bytes>(), of::<Strip>()),
        2 => (of::<Squares<Transposes, 2>>(), of::<Squares<Transposes, 2>>()),
        4 => (of::<Squares<Transposes, 4>>(), of::<Squares<Transposes, 4>>()),
        8 => (of::<Squares<Transposes, 8>>(), of::<Squares<Transposes, 8>>()),
        16 => (of::<Squares<Transposes, 16>>(), of::<Squares<Transposes, 16>>()),
        _ => return None,
    };
    Some(Kernel { near, past: Some(past) })
}

/// The function for this tile.
fn of<T: Tile>() -> Run {
    Run { copy: plane::<T>, rows: T::ROWS }
}

/// # Safety
/// As [`run`].
#[target_feature(enable = "avx2")]
unsafe fn plane<T: Tile>(plane: &Plane<'_>) {
    // SAFETY: the function's contract; the instructions are enabled.
    unsafe { run::<T>(plane) }
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
    unsafe fn square<const STREAM: bool>(src: *const u8, rows: *const Offset, dst: *mut u8, columns: *const Offset) {
        // SAFETY: the function's contract. Where lines are streamed, they and so their parts are aligned.
        unsafe {
            let from = |row: usize| src.wrapping_offset(*rows.wrapping_add(row) as isize);
            let to = |column: usize| dst.wrapping_offset(*columns.wrapping_add(column) as isize);
            let long = |row| _mm256_loadu_si256(from(row).cast());
            let short = |row| _mm_loadu_si128(from(row).cast());
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

/// Bytes, four lines of the destination long, for memory that no cache holds: lines that are written past the caches have to
/// be whole, and to lie side by side. So the small transposes go from scratch memory, to which each source line is read once
/// though a set of the cache may not hold all of them, to other scratch memory.
struct Strip;

/// The tile that strips are made of.
type Bytes = Squares<Transposes, 1>;

impl Strip {
    const LINES: usize = 4;

    /// Copies a strip.
    ///
    /// # Safety
    /// As `Tile::whole`; the processor has AVX2.
    #[inline(always)]
    unsafe fn copy<const STREAM: bool>(
        src: *const u8,
        rows: &[Offset],
        dst: *mut u8,
        columns: &[Offset],
        ahead: &mut Ahead,
    ) {
        const HALVES: usize = 2 * Strip::LINES;
        /// Rows of a small transpose.
        const SIDE: usize = <Transposes as Square<1>>::SIDE;
        let mut scratch = [const { MaybeUninit::<[__m256i; HALVES]>::uninit() }; LINE];
        let scratch = scratch.as_mut_ptr().cast::<[__m256i; HALVES]>();
        let places: [Offset; LINE] = core::array::from_fn(|column| (column * Self::LINES * LINE) as Offset);
        let mut packed = [const { MaybeUninit::<[__m256i; 2]>::uninit() }; SIDE];
        let packed = packed.as_mut_ptr().cast::<[__m256i; 2]>();
        let lines: [Offset; SIDE] = core::array::from_fn(|row| (row * LINE) as Offset);
        // SAFETY: the function's contract; there is scratch memory for all columns, which is written before it is read.
        unsafe {
            let mut to = scratch.cast::<u8>();
            for (part, rows) in rows.chunks_exact(SIDE).enumerate() {
                if part.is_multiple_of(LINE / SIDE) {
                    ahead.step();
                }
                for (at, &row) in rows.iter().enumerate() {
                    let from = src.wrapping_offset(row as isize).cast::<__m256i>();
                    let line = [_mm256_loadu_si256(from), _mm256_loadu_si256(from.wrapping_add(1))];
                    packed.wrapping_add(at).write(line);
                }
                Bytes::all::<false>(packed.cast_const().cast(), &lines, to, &places);
                to = to.wrapping_add(SIDE);
            }
            for (at, &column) in columns.iter().enumerate() {
                let from = scratch.wrapping_add(at).cast::<__m256i>();
                let to = dst.wrapping_offset(column as isize).cast::<__m256i>();
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
}

impl Tile for Strip {
    const UNIT: usize = 1;
    const ROWS: usize = Self::LINES * LINE;
    const COLUMNS: usize = LINE;
    const STEPS: usize = Self::LINES;

    #[inline(always)]
    unsafe fn whole<const STREAM: bool>(
        src: *const u8,
        rows: *const Offset,
        dst: *mut u8,
        columns: *const Offset,
        ahead: &mut Ahead,
    ) {
        // SAFETY: the function's contract: the tables have that many entries.
        unsafe {
            let rows = core::slice::from_raw_parts(rows, Self::ROWS);
            let columns = core::slice::from_raw_parts(columns, Self::COLUMNS);
            Self::copy::<STREAM>(src, rows, dst, columns, ahead);
        }
    }

    #[inline(always)]
    unsafe fn part<const STREAM: bool>(src: *const u8, rows: &[Offset], dst: *mut u8, columns: &[Offset]) {
        // SAFETY: the function's contract. Smaller tiles cannot write whole lines past the caches.
        unsafe { in_smaller::<Bytes, false>(src, rows, dst, columns) }
    }
}
