//! Tiles with AVX2: half a cache line is one register, so that a tile is several small transposes.

use core::arch::x86_64::*;

use super::tile::{Kernel, LINE, Plane, Tile, items, run};

/// The function for items of this size. It may be called at the level `Avx2`.
pub(super) fn kernel(unit: usize) -> Option<Kernel> {
    let run = match unit {
        1 => plane::<Units<1>>,
        2 => plane::<Units<2>>,
        4 => plane::<Units<4>>,
        8 => plane::<Units<8>>,
        16 => plane::<Units<16>>,
        _ => return None,
    };
    Some(Kernel { run, whole_lines: true })
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

/// One round of a transpose: the units of the first half of the rows and of the second half, one by one in turn. As many
/// rounds as the number of rows has bits transpose.
macro_rules! round {
    ($low:ident, $high:ident, [$($a:ident)*], [$($b:ident)*]) => {
        // SAFETY: the instructions are there, see `Tile`.
        [$(unsafe { $low($a, $b) }, unsafe { $high($a, $b) }),*]
    };
}

/// Transposes 8 by 8 units of 2 bytes.
#[inline(always)]
fn words(rows: [__m128i; 8]) -> [__m128i; 8] {
    let round =
        |[a, b, c, d, e, f, g, h]: [__m128i; 8]| round!(_mm_unpacklo_epi16, _mm_unpackhi_epi16, [a b c d], [e f g h]);
    round(round(round(rows)))
}

/// Transposes 16 by 16 bytes.
#[inline(always)]
fn bytes(rows: [__m128i; 16]) -> [__m128i; 16] {
    let round = |[a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]: [__m128i; 16]| round!(_mm_unpacklo_epi8, _mm_unpackhi_epi8, [a b c d e f g h], [i j k l m n o p]);
    round(round(round(round(rows))))
}

/// Items of this size.
struct Units<const UNIT: usize>;

impl<const UNIT: usize> Units<UNIT> {
    /// Items along each side of a small transpose.
    const SIDE: usize = match UNIT {
        1 => 16,
        2 | 4 => 8,
        8 => 4,
        _ => 1,
    };

    /// One small transpose.
    ///
    /// # Safety
    /// W1 and W2 for `SIDE` rows and columns; the processor has AVX2.
    #[inline(always)]
    unsafe fn small<const STREAM: bool>(src: *const u8, rows: *const isize, dst: *mut u8, columns: *const isize) {
        // SAFETY: the function's contract. Where lines are streamed, they and so their parts are aligned.
        unsafe {
            let from = |row: usize| src.wrapping_offset(*rows.wrapping_add(row));
            let to = |column: usize| dst.wrapping_offset(*columns.wrapping_add(column));
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

    /// As many small transposes as these rows and columns are.
    ///
    /// # Safety
    /// W1 and W2 for the rows and columns, multiples of `SIDE`; the processor has AVX2.
    #[inline(always)]
    unsafe fn all<const STREAM: bool>(src: *const u8, rows: &[isize], dst: *mut u8, columns: &[isize]) {
        let mut from = src;
        for columns in columns.chunks_exact(Self::SIDE) {
            let mut to = dst;
            for rows in rows.chunks_exact(Self::SIDE) {
                // SAFETY: the function's contract.
                unsafe { Self::small::<STREAM>(from, rows.as_ptr(), to, columns.as_ptr()) };
                to = to.wrapping_add(Self::SIDE.wrapping_mul(UNIT));
            }
            from = from.wrapping_add(Self::SIDE.wrapping_mul(UNIT));
        }
    }
}

impl<const UNIT: usize> Tile for Units<UNIT> {
    const UNIT: usize = UNIT;
    const ROWS: usize = LINE / UNIT;
    const COLUMNS: usize = LINE / UNIT;

    #[inline(always)]
    unsafe fn whole<const STREAM: bool>(src: *const u8, rows: *const isize, dst: *mut u8, columns: *const isize) {
        // SAFETY: the function's contract: the tables have that many entries.
        unsafe {
            let rows = core::slice::from_raw_parts(rows, Self::ROWS);
            let columns = core::slice::from_raw_parts(columns, Self::COLUMNS);
            Self::all::<STREAM>(src, rows, dst, columns);
        }
    }

    #[inline(always)]
    unsafe fn part(src: *const u8, rows: &[isize], dst: *mut u8, columns: &[isize]) {
        let whole = |len: usize| len.wrapping_sub(len % Self::SIDE);
        let (down, across) = (whole(rows.len()), whole(columns.len()));
        let Some(((rows, last_rows), (columns, last_columns))) =
            rows.split_at_checked(down).zip(columns.split_at_checked(across))
        else {
            return;
        };
        let below = |address: *mut u8, count: usize| address.wrapping_add(count.wrapping_mul(UNIT));
        // SAFETY: the function's contract; the parts cover all items once.
        unsafe {
            Self::all::<false>(src, rows, dst, columns);
            items::<UNIT>(src, last_rows, below(dst, down), columns);
            let src = src.wrapping_add(across.wrapping_mul(UNIT));
            items::<UNIT>(src, rows, dst, last_columns);
            items::<UNIT>(src, last_rows, below(dst, down), last_columns);
        }
    }
}
