//! Tiles with AVX-512: one cache line is one register.
//!
//! All sizes come down to one transpose of 4-, 8- or 16-byte units. Smaller items are joined first: the same column of 4 (or 2)
//! adjacent rows becomes one unit of 4 bytes. Items of 3, 6 and 12 bytes are widened to 4, 8 and 16 when they are read, and
//! narrowed when they are written.

use core::arch::x86_64::*;
use core::mem::MaybeUninit;

use super::avx512_strips::Strip;
use super::scalar::items;
use super::tables::{Ahead, Kernel, Lines, MicroKernel, Tile};

/// The micro-kernels, and those only for planes that are streamed.
static TILES: [MicroKernel; 8] = [
    Joined::<4>::KERNEL,
    Joined::<2>::KERNEL,
    Narrow::<3>::KERNEL,
    Units::<4>::KERNEL,
    Narrow::<6>::KERNEL,
    Units::<8>::KERNEL,
    Narrow::<12>::KERNEL,
    Units::<16>::KERNEL,
];
static BYTES: MicroKernel = Joined::<4>::KERNEL;
static WORDS: MicroKernel = Joined::<2>::KERNEL;
static STRIPS: [MicroKernel; 2] =
    [Strip::<1, 4>::kernel(&BYTES, part_of_strip::<4>), Strip::<2, 2>::kernel(&WORDS, part_of_strip::<2>)];

/// The kernel for items of this size. It is for the level `Avx512`.
pub(super) fn kernel(unit: usize) -> Option<Kernel> {
    Kernel::find(&TILES, &STRIPS, unit)
}

/// What strips leave over, in tiles.
///
/// # Safety
/// As [`CopyPart`](super::tables::CopyPart), at the level `Avx512`.
unsafe fn part_of_strip<const JOIN: usize>(tile: &Tile<'_>, stream: bool) {
    let smaller = if JOIN == 4 { &BYTES } else { &WORDS };
    // SAFETY: the caller guarantees W1 to W4 for the items of the part, aligned where it is to `stream`, and the level.
    unsafe { smaller.copy(*tile, stream) }
}

/// The lowest `count` bits.
const fn ones(count: usize) -> u64 {
    if count >= 64 { u64::MAX } else { (1_u64 << count) - 1 }
}

/// An array of a function's results for each of these. (An iterator would call the function without the instructions.)
macro_rules! each {
    ($make:expr; $($at:literal)*) => { [$($make($at)),*] };
}

/// Calls a function with each element of an array and its place.
macro_rules! give {
    ($take:expr, $array:expr; $($name:ident $at:literal)*) => {{
        let [$($name),*] = $array;
        $($take($at, $name);)*
    }};
}

/// Transposes 4 by 4 units of 16 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
fn quarters([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
    let (even_ab, odd_ab) = (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xdd>(a, b));
    let (even_cd, odd_cd) = (_mm512_shuffle_i32x4::<0x88>(c, d), _mm512_shuffle_i32x4::<0xdd>(c, d));
    [
        _mm512_shuffle_i32x4::<0x88>(even_ab, even_cd),
        _mm512_shuffle_i32x4::<0x88>(odd_ab, odd_cd),
        _mm512_shuffle_i32x4::<0xdd>(even_ab, even_cd),
        _mm512_shuffle_i32x4::<0xdd>(odd_ab, odd_cd),
    ]
}

/// Transposes 8 by 8 units of 8 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
fn eighths([a, b, c, d, e, f, g, h]: [__m512i; 8]) -> [__m512i; 8] {
    let low = |a, b| _mm512_unpacklo_epi64(a, b);
    let high = |a, b| _mm512_unpackhi_epi64(a, b);
    let [c0, c2, c4, c6] = quarters([low(a, b), low(c, d), low(e, f), low(g, h)]);
    let [c1, c3, c5, c7] = quarters([high(a, b), high(c, d), high(e, f), high(g, h)]);
    [c0, c1, c2, c3, c4, c5, c6, c7]
}

/// Of 4 rows of 4-byte units: for each of the 4 columns of a 16-byte part, the units of the 4 rows, adjacent.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
fn side_by_side(a: __m512i, b: __m512i, c: __m512i, d: __m512i) -> [__m512i; 4] {
    let (low_ab, high_ab) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (low_cd, high_cd) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(low_ab, low_cd),
        _mm512_unpackhi_epi64(low_ab, low_cd),
        _mm512_unpacklo_epi64(high_ab, high_cd),
        _mm512_unpackhi_epi64(high_ab, high_cd),
    ]
}

/// Transposes 16 by 16 units of 4 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
fn sixteenths(rows: [__m512i; 16]) -> [__m512i; 16] {
    let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15] = rows;
    let [a0, a1, a2, a3] = side_by_side(r0, r1, r2, r3);
    let [b0, b1, b2, b3] = side_by_side(r4, r5, r6, r7);
    let [c0, c1, c2, c3] = side_by_side(r8, r9, r10, r11);
    let [d0, d1, d2, d3] = side_by_side(r12, r13, r14, r15);
    let [o0, o4, o8, o12] = quarters([a0, b0, c0, d0]);
    let [o1, o5, o9, o13] = quarters([a1, b1, c1, d1]);
    let [o2, o6, o10, o14] = quarters([a2, b2, c2, d2]);
    let [o3, o7, o11, o15] = quarters([a3, b3, c3, d3]);
    [o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15]
}

/// Writes a line.
///
/// # Safety
/// 64 bytes may be written at `to`, which is aligned where it is to be streamed.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
unsafe fn store(to: *mut u8, line: __m512i, stream: bool) {
    // SAFETY: the caller guarantees W2 for 64 bytes, aligned where they are streamed.
    unsafe { if stream { _mm512_stream_si512(to.cast(), line) } else { _mm512_storeu_si512(to.cast(), line) } }
}

/// Indices that widen 3/4 of a line to a line, `unit` bytes to `4 / 3 * unit`, or narrow it again.
const fn indices(unit: usize, widen: bool) -> [u8; 64] {
    let wide = unit + unit / 3;
    let mut index = [0; 64];
    let mut at = 0;
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    while at < 64 {
        let (here, there) = if widen { (wide, unit) } else { (unit, wide) };
        let byte = at % here;
        let place = at / here * there + byte;
        index[at] = if place < 64 && byte < there { place as u8 } else { 0 };
        at += 1;
    }
    index
}

/// Items of 4, 8 and 16 bytes, and those that are widened to them.
struct Units<const UNIT: usize>;

impl<const UNIT: usize> Units<UNIT> {
    const NARROW: bool = UNIT.is_multiple_of(3);
    const SIDE: usize = if Self::NARROW { 48 / UNIT } else { 64 / UNIT };
    const WIDENING: [u8; 64] = indices(UNIT, true);
    const NARROWING: [u8; 64] = indices(UNIT, false);

    /// Reads a whole tile, or a part of one where it is not `WHOLE`, and passes on its columns, which are not narrowed.
    ///
    /// # Safety
    /// W1 for the items of the tile.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn transpose<const WHOLE: bool>(tile: Tile<'_>, put: impl Fn(usize, __m512i)) {
        let read = ones(if WHOLE { Self::SIDE * UNIT } else { tile.columns.len() * UNIT });
        let load = |row: usize| {
            if !WHOLE && row >= tile.rows.len() {
                return _mm512_setzero_si512();
            }
            // SAFETY: W1: the row is there; what the mask leaves out is not read.
            unsafe {
                if Self::NARROW {
                    let widening = _mm512_loadu_si512(Self::WIDENING.as_ptr().cast());
                    _mm512_permutexvar_epi8(widening, _mm512_maskz_loadu_epi8(read, tile.from(row).cast()))
                } else if WHOLE {
                    _mm512_loadu_si512(tile.from(row).cast())
                } else {
                    _mm512_maskz_loadu_epi8(read, tile.from(row).cast())
                }
            }
        };
        match Self::SIDE {
            16 => give!(put, sixteenths(each!(load; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15));
                a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7 i 8 j 9 k 10 l 11 m 12 n 13 o 14 p 15),
            8 => give!(put, eighths(each!(load; 0 1 2 3 4 5 6 7)); a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7),
            _ => give!(put, quarters(each!(load; 0 1 2 3)); a 0 b 1 c 2 d 3),
        }
    }

    /// Copies a whole tile, or a part of one where it is not `WHOLE`.
    ///
    /// # Safety
    /// W1 to W4 for the items of the tile; where it is to `stream`, destination lines are aligned.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn copy<const WHOLE: bool>(tile: Tile<'_>, stream: bool) {
        let written = ones(if WHOLE { Self::SIDE * UNIT } else { tile.rows.len() * UNIT });
        let put = |column: usize, line: __m512i| {
            if !WHOLE && column >= tile.columns.len() {
                return;
            }
            // SAFETY: W2: the column is there; what the mask leaves out is not written.
            unsafe {
                if Self::NARROW {
                    let narrowing = _mm512_loadu_si512(Self::NARROWING.as_ptr().cast());
                    let line = _mm512_permutexvar_epi8(narrowing, line);
                    _mm512_mask_storeu_epi8(tile.to(column).cast(), written, line);
                } else if WHOLE || (stream && tile.rows.len() == Self::SIDE) {
                    store(tile.to(column), line, stream);
                } else {
                    _mm512_mask_storeu_epi8(tile.to(column).cast(), written, line);
                }
            }
        };
        // SAFETY: the caller guarantees W1 for the items of the tile; `put` writes them under W2.
        unsafe { Self::transpose::<WHOLE>(tile, put) }
    }
}

impl<const UNIT: usize> Units<UNIT> {
    const KERNEL: MicroKernel =
        MicroKernel::square(UNIT, Self::SIDE, Self::whole::<false>, Some(Self::whole::<true>), Self::part);

    /// # Safety
    /// As [`Whole`](super::tables::Whole), at the level `Avx512`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn whole<const STREAM: bool>(tile: &Tile<'_>, ahead: &mut Ahead) {
        for tile in tile.tiles(Self::SIDE, UNIT) {
            ahead.step();
            // SAFETY: the caller guarantees W1 to W4 for all tiles, aligned where it is to `STREAM`.
            unsafe { Self::copy::<true>(tile, STREAM) };
        }
    }

    /// # Safety
    /// As [`CopyPart`](super::tables::CopyPart), at the level `Avx512`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn part(tile: &Tile<'_>, stream: bool) {
        // SAFETY: the caller guarantees W1 to W4 for the part, aligned where it is to `stream`. A few items take less time one
        // by one than as a tile.
        unsafe {
            if tile.rows.len() * tile.columns.len() * 8 <= Self::SIDE * Self::SIDE {
                items::<UNIT>(tile);
            } else {
                Self::copy::<false>(*tile, stream);
            }
        }
    }
}

/// Items of 3, 6 and 12 bytes. Four squares, one below the other, fill three cache lines of each column.
struct Narrow<const UNIT: usize>;

/// Indices that narrow two squares' columns and join them into line `line` of three: 64 is the first byte of the second.
const fn fusing(unit: usize, line: usize) -> [u8; 64] {
    let wide = unit + unit / 3;
    let mut index = [0; 64];
    let mut at = 0;
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    while at < 64 {
        // 48 bytes of each square: line 0 starts with the first byte of one, line 1 with byte 16, line 2 with byte 32.
        let byte = line * 16 + at;
        let (square, byte) = (byte / 48, byte % 48);
        index[at] = (square * 64 + byte / unit * wide + byte % unit) as u8;
        at += 1;
    }
    index
}

impl<const UNIT: usize> Narrow<UNIT> {
    const SIDE: usize = 48 / UNIT;
    const FUSING: [[u8; 64]; 3] = [fusing(UNIT, 0), fusing(UNIT, 1), fusing(UNIT, 2)];

    /// Copies four squares.
    ///
    /// # Safety
    /// As [`whole`](Self::whole).
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn copy(tile: Tile<'_>, stream: bool) {
        let mut scratch = [const { MaybeUninit::<__m512i>::uninit() }; 64];
        let scratch = scratch.as_mut_ptr().cast::<__m512i>();
        for (square, tile) in tile.tiles(Self::SIDE, UNIT).take(4).enumerate() {
            // SAFETY: the caller guarantees W1; there are 4 times `SIDE` lines of scratch memory.
            unsafe {
                Units::<UNIT>::transpose::<true>(tile, |column, line| {
                    scratch.wrapping_add(square * Self::SIDE + column).write(line);
                });
            }
        }
        for column in 0..Self::SIDE {
            // SAFETY: these lines have been written; W2 for three lines of each column.
            unsafe {
                let kept = |square: usize| scratch.wrapping_add(square * Self::SIDE + column).read();
                let to = tile.to(column);
                let [first, second, third] = &Self::FUSING;
                let index = |index: &[u8; 64]| _mm512_loadu_si512(index.as_ptr().cast());
                let (a, b, c, d) = (kept(0), kept(1), kept(2), kept(3));
                store(to, _mm512_permutex2var_epi8(a, index(first), b), stream);
                store(to.wrapping_add(64), _mm512_permutex2var_epi8(b, index(second), c), stream);
                store(to.wrapping_add(128), _mm512_permutex2var_epi8(c, index(third), d), stream);
            }
        }
    }
}

impl<const UNIT: usize> Narrow<UNIT> {
    const KERNEL: MicroKernel = MicroKernel {
        unit: UNIT,
        rows: 4 * Self::SIDE,
        columns: Self::SIDE,
        steps: 1,
        whole: Self::whole::<false>,
        streamed: Some(Self::whole::<true>),
        part: Self::part,
        own_driver: None,
        smaller: None,
    };

    /// # Safety
    /// As [`Whole`](super::tables::Whole), at the level `Avx512`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn whole<const STREAM: bool>(tile: &Tile<'_>, ahead: &mut Ahead) {
        for tile in tile.tiles(4 * Self::SIDE, UNIT) {
            ahead.step();
            // SAFETY: the caller guarantees W1 to W4 for all tiles, aligned where it is to `STREAM`.
            unsafe { Self::copy(tile, STREAM) };
        }
    }

    /// # Safety
    /// As [`CopyPart`](super::tables::CopyPart), at the level `Avx512`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn part(tile: &Tile<'_>, stream: bool) {
        let mut left = *tile;
        while !left.rows.is_empty() {
            let (square, below) = left.split_rows(Self::SIDE, UNIT);
            // SAFETY: the caller guarantees W1 to W4 for the part, in which the square lies. (Such squares are never streamed.)
            unsafe { Units::<UNIT>::part(&square, stream) };
            left = below;
        }
    }
}

/// Items of 1 and 2 bytes: `JOIN` rows become one of units of 4 bytes.
///
/// A tile needs more registers than the processor has, and twice as many lines as a cache set where rows are a power of two
/// apart. So it is collected in scratch memory first, for which each source line is read once.
struct Joined<const JOIN: usize>;

/// Where the bytes of 4 (or 2) rows go, of which a line has 16 (or 32) each.
const fn joining(join: usize) -> [u8; 64] {
    let unit = 4 / join;
    let mut index = [0; 64];
    let mut at = 0;
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    while at < 64 {
        let (column, row, byte) = (at / 4, at % 4 / unit, at % unit);
        index[at] = (row * (64 / join) + column * unit + byte) as u8;
        at += 1;
    }
    index
}

impl<const JOIN: usize> Joined<JOIN> {
    const ITEM: usize = 4 / JOIN;
    const SIDE: usize = 16 * JOIN;
    const JOINING: [u8; 64] = joining(JOIN);

    /// Copies a whole tile, or a part of one where it is not `WHOLE`.
    ///
    /// # Safety
    /// W1 to W4 for the items of the tile; where it is to `stream`, destination lines are aligned.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn copy<const WHOLE: bool>(tile: Tile<'_>, stream: bool) {
        let mut scratch = [const { MaybeUninit::<__m512i>::uninit() }; 64];
        let scratch = scratch.as_mut_ptr().cast::<__m512i>();
        let bytes = |count: usize| ones(count * Self::ITEM);
        let (read, written) = (bytes(tile.columns.len()), bytes(tile.rows.len()));
        let load = |row: usize| {
            if !WHOLE && row >= tile.rows.len() {
                return _mm512_setzero_si512();
            }
            // SAFETY: W1: the row is there; what the mask leaves out is not read.
            unsafe {
                if WHOLE {
                    _mm512_loadu_si512(tile.from(row).cast())
                } else {
                    _mm512_maskz_loadu_epi8(read, tile.from(row).cast())
                }
            }
        };
        // SAFETY: the constant has 64 bytes.
        let joining = unsafe { _mm512_loadu_si512(Self::JOINING.as_ptr().cast()) };
        for at in 0..16 {
            // SAFETY: there are `16 * JOIN` lines of scratch memory.
            let keep = |part: usize, line: __m512i| unsafe {
                scratch.wrapping_add(part * 16 + at).write(_mm512_permutexvar_epi8(joining, line));
            };
            if JOIN == 4 {
                let first = 4 * at;
                give!(keep, quarters([load(first), load(first + 1), load(first + 2), load(first + 3)]); a 0 b 1 c 2 d 3);
            } else {
                let (a, b) = (load(2 * at), load(2 * at + 1));
                keep(0, _mm512_shuffle_i64x2::<0x44>(a, b));
                keep(1, _mm512_shuffle_i64x2::<0xee>(a, b));
            }
        }
        let columns = if WHOLE { Self::SIDE } else { tile.columns.len() };
        for part in (0..JOIN).take_while(|part| part * 16 < columns) {
            // SAFETY: these lines have been written.
            let kept = |at: usize| unsafe { scratch.wrapping_add(part * 16 + at).read() };
            let put = |at: usize, line: __m512i| {
                let column = part * 16 + at;
                // SAFETY: W2: the column is there; what the mask leaves out is not written.
                unsafe {
                    if WHOLE || (stream && tile.rows.len() == Self::SIDE && column < columns) {
                        store(tile.to(column), line, stream);
                    } else if column < columns {
                        _mm512_mask_storeu_epi8(tile.to(column).cast(), written, line);
                    }
                }
            };
            give!(put, sixteenths(each!(kept; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15));
                a 0 b 1 c 2 d 3 e 4 f 5 g 6 h 7 i 8 j 9 k 10 l 11 m 12 n 13 o 14 p 15);
        }
    }
}

impl<const JOIN: usize> Joined<JOIN> {
    const KERNEL: MicroKernel =
        MicroKernel::square(Self::ITEM, Self::SIDE, Self::whole::<false>, Some(Self::whole::<true>), Self::part);

    /// # Safety
    /// As [`Whole`](super::tables::Whole), at the level `Avx512`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn whole<const STREAM: bool>(tile: &Tile<'_>, ahead: &mut Ahead) {
        for tile in tile.tiles(Self::SIDE, Self::ITEM) {
            ahead.step();
            // SAFETY: the caller guarantees W1 to W4 for all tiles, aligned where it is to `STREAM`.
            unsafe { Self::copy::<true>(tile, STREAM) };
        }
    }

    /// # Safety
    /// As [`CopyPart`](super::tables::CopyPart), at the level `Avx512`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
    unsafe fn part(tile: &Tile<'_>, stream: bool) {
        // SAFETY: the caller guarantees W1 to W4 for the part, aligned where it is to `stream`. A few items take less time one
        // by one than as a tile.
        unsafe {
            if tile.rows.len() * tile.columns.len() > 128 {
                Self::copy::<false>(*tile, stream);
            } else if JOIN == 4 {
                items::<1>(tile);
            } else {
                items::<2>(tile);
            }
        }
    }
}
