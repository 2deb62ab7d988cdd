//! Strips with AVX-512: tiles of one cache line each way, in four parts of 16 bytes of every source line.
//!
//! A register takes 16 bytes of each of four rows that are a quarter of a destination line apart, so that after a transpose
//! within the quarters of the registers each of them is a destination line. Loads do half of the work then, and few
//! destination lines are written in turn.

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use crate::kernels::prefetch::LINE;

use super::tables::{Ahead, CopyPart, Lines, MicroKernel, Tile};

/// Strips of items of 1 or 2 bytes, `LINES` cache lines of the destination long, for memory that no cache holds.
///
/// The source lines are copied together first: each is read once, though a cache set may not hold all of them.
pub(super) struct Strip<const UNIT: usize, const LINES: usize>;

/// One round of a transpose: units of the first half of the rows and of the second half in turn. As many rounds as the number
/// of rows has bits transpose.
macro_rules! round {
    ($low:ident, $high:ident, [$($a:ident)*], [$($b:ident)*]) => { [$($low($a, $b), $high($a, $b)),*] };
}

/// Transposes 16 by 16 bytes in each quarter.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
fn bytes(rows: [__m512i; 16]) -> [__m512i; 16] {
    macro_rules! step {
        ($rows:expr) => {{
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = $rows;
            round!(_mm512_unpacklo_epi8, _mm512_unpackhi_epi8, [a b c d e f g h], [i j k l m n o p])
        }};
    }
    step!(step!(step!(step!(rows))))
}

/// Transposes 8 by 8 units of 2 bytes in each quarter.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
fn words(rows: [__m512i; 8]) -> [__m512i; 8] {
    macro_rules! step {
        ($rows:expr) => {{
            let [a, b, c, d, e, f, g, h] = $rows;
            round!(_mm512_unpacklo_epi16, _mm512_unpackhi_epi16, [a b c d], [e f g h])
        }};
    }
    step!(step!(step!(rows)))
}

/// A line of 16 bytes of each of four places.
///
/// # Safety
/// 16 bytes may be read at each.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
unsafe fn gather([a, b, c, d]: [*const u8; 4]) -> __m512i {
    // SAFETY: the caller guarantees that 16 bytes may be read at each of the four places (W1).
    unsafe {
        let line = _mm512_castsi128_si512(_mm_loadu_si128(a.cast()));
        let line = _mm512_mask_broadcast_i32x4(line, 0x00f0, _mm_loadu_si128(b.cast()));
        let line = _mm512_mask_broadcast_i32x4(line, 0x0f00, _mm_loadu_si128(c.cast()));
        _mm512_mask_broadcast_i32x4(line, 0xf000, _mm_loadu_si128(d.cast()))
    }
}

impl<const UNIT: usize, const LINES: usize> Strip<UNIT, LINES> {
    /// Items of a line, and of 16 bytes.
    const SIDE: usize = LINE / UNIT;
    const QUARTER: usize = 16 / UNIT;

    /// The micro-kernel, with what copies parts of strips, and planes of fewer rows.
    pub(super) const fn kernel(smaller: &'static MicroKernel, part: CopyPart) -> MicroKernel {
        MicroKernel {
            unit: UNIT,
            rows: LINES * Self::SIDE,
            columns: Self::SIDE,
            steps: 4 * LINES,
            whole: Self::whole::<false>,
            streamed: Some(Self::whole::<true>),
            part,
            own_driver: None,
            smaller: Some(smaller),
        }
    }

    /// # Safety
    /// As [`Whole`](super::tables::Whole), at the level `Avx512`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn whole<const STREAM: bool>(tile: &Tile<'_>, ahead: &mut Ahead) {
        for tile in tile.tiles(const { LINES * Self::SIDE }, UNIT) {
            // SAFETY: the caller guarantees W1 to W4 for all strips, aligned where it is to `STREAM`.
            unsafe { Self::copy::<STREAM>(tile, ahead) };
        }
    }

    /// Transposes one line of the destination long and 16 bytes of the source wide.
    ///
    /// # Safety
    /// For `SIDE` rows `from` gives where 16 bytes may be read; `put` may be called with each of `QUARTER` columns.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn quarter(from: impl Fn(usize) -> *const u8, put: impl Fn(usize, __m512i)) {
        let load = |row: usize| {
            let row = |quarter: usize| from(row + quarter * Self::QUARTER);
            // SAFETY: the caller guarantees that 16 bytes may be read of each of `SIDE` rows, of which these are four.
            unsafe { gather([row(0), row(1), row(2), row(3)]) }
        };
        macro_rules! put {
            ($transpose:ident; $($name:ident $at:literal)*) => {{
                let [$($name),*] = $transpose([$(load($at)),*]);
                $(put($at, $name);)*
            }};
        }
        match UNIT {
            1 => put!(bytes; a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7 i 8 j 9 k 10 l 11 m 12 n 13 o 14 p 15),
            _ => put!(words; a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7),
        }
    }

    /// Copies a strip.
    ///
    /// # Safety
    /// As [`whole`](Self::whole).
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn copy<const STREAM: bool>(tile: Tile<'_>, ahead: &mut Ahead) {
        // SAFETY: W2: `quarter` calls it with lines of the columns, which are aligned where they are streamed.
        let put = |to: *mut u8, line: __m512i| unsafe {
            if STREAM { _mm512_stream_si512(to.cast(), line) } else { _mm512_storeu_si512(to.cast(), line) }
        };
        let mut scratch = [const { [const { MaybeUninit::<__m512i>::uninit() }; LINES] }; 64];
        let scratch = scratch.as_mut_ptr().cast::<__m512i>();
        for row in 0..LINES * Self::SIDE {
            // SAFETY: the caller guarantees W1; there is a line of scratch memory for each row.
            unsafe { scratch.wrapping_add(row).write(_mm512_loadu_si512(tile.from(row).cast())) };
        }
        for part in 0..4 {
            for line in 0..LINES {
                ahead.step();
                let kept = scratch.wrapping_add(line * Self::SIDE).cast::<u8>().cast_const();
                // SAFETY: these lines have been written; W2 for the columns.
                unsafe {
                    let from = |row| kept.wrapping_add(row * LINE + part * 16);
                    let to = |column| tile.to(part * Self::QUARTER + column).wrapping_add(line * LINE);
                    Self::quarter(from, |column, line| put(to(column), line));
                }
            }
        }
    }
}
