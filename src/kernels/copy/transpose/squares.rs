//! Tiles made of small square transposes, for registers of less than a cache line.

use crate::kernels::prefetch::LINE;

use super::scalar::items;
use super::tables::{Ahead, Lines, Tile};

/// Transposes of a few items of `UNIT` bytes each way. The function is inlined into one that has the instructions that it
/// needs.
pub(super) trait Square<const UNIT: usize> {
    /// Items along each side.
    const SIDE: usize;
    /// Items along each side of a tile, which are some squares: a cache line, or as near to one as squares come.
    const TILE: usize = LINE / UNIT;

    /// Copies the items of `SIDE` rows and columns.
    ///
    /// # Safety
    /// W1 to W4 for these items; the processor has the instructions.
    unsafe fn square<L: Lines>(lines: L);
}

/// Transposes that write whole cache lines with non-temporal stores, one after the other: the processor has few buffers for lines
/// of which parts are missing, and another thread on its core may have taken some of them.
#[cfg(target_arch = "x86_64")]
pub(super) trait Streamed<const UNIT: usize>: Square<UNIT> {
    /// Lines that are written at a time, of which some number are as many as `SIDE`.
    const ACROSS: usize;

    /// Copies as many items of as many rows as fill a cache line.
    ///
    /// # Safety
    /// W1 to W4 for these items; destination lines are aligned; the processor has the instructions.
    unsafe fn lines(tile: Tile<'_>);
}

/// Copies a tile of as many squares as fit into it.
///
/// # Safety
/// W1 to W4 for its items; the processor has the instructions.
#[inline(always)]
pub(super) unsafe fn squares<S: Square<UNIT>, const UNIT: usize>(tile: Tile<'_>) {
    let mut src = tile.src;
    for columns in tile.columns.chunks_exact(S::SIDE) {
        for tile in (Tile { src, columns, ..tile }).tiles(S::SIDE, UNIT) {
            // SAFETY: the caller guarantees W1 to W4 for the tile, in which the square lies, and the instructions.
            unsafe { S::square(tile) };
        }
        src = src.wrapping_add(const { S::SIDE * UNIT });
    }
}

/// The same for a tile whose rows fill one cache line of each column, with non-temporal stores.
///
/// # Safety
/// As [`squares`], for aligned destination lines.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn lines<S: Streamed<UNIT>, const UNIT: usize>(tile: Tile<'_>) {
    let mut src = tile.src;
    for columns in tile.columns.chunks_exact(S::ACROSS) {
        // SAFETY: the caller guarantees W1 to W4 for the tile, in which the lines lie, which are aligned, and the instructions.
        unsafe { S::lines(Tile { src, columns, ..tile }) };
        src = src.wrapping_add(const { S::ACROSS * UNIT });
    }
}

/// Copies whole tiles.
///
/// # Safety
/// As [`Whole`](super::tables::Whole); the processor has the instructions.
#[inline(always)]
pub(super) unsafe fn whole<S: Square<UNIT>, const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    let side = const { S::TILE };
    // Constant numbers of rows and columns, so that the compiler unrolls the loops over the squares.
    let Some(columns) = tile.columns.get(..side) else { return };
    for tile in (Tile { columns, ..*tile }).tiles(side, UNIT) {
        ahead.step();
        // SAFETY: the caller guarantees W1 to W4 for all tiles, and the instructions.
        unsafe { squares::<S, UNIT>(tile) };
    }
}

/// The same with non-temporal stores.
///
/// # Safety
/// As [`whole`], for aligned destination lines.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) unsafe fn streamed<S: Streamed<UNIT>, const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    let side = const { LINE / UNIT };
    let Some(columns) = tile.columns.get(..side) else { return };
    for tile in (Tile { columns, ..*tile }).tiles(side, UNIT) {
        ahead.step();
        // SAFETY: the caller guarantees W1 to W4 for all tiles, aligned lines, and the instructions.
        unsafe { lines::<S, UNIT>(tile) };
    }
}

/// Copies a part of a tile: whole squares as such, what is left item by item.
///
/// # Safety
/// As [`CopyPart`](super::tables::CopyPart), where nothing is streamed; the processor has the instructions.
#[inline(always)]
pub(super) unsafe fn part<S: Square<UNIT>, const UNIT: usize>(tile: &Tile<'_>) {
    let whole = |len: usize| len - len % S::SIDE;
    let (upper, lower) = tile.split_rows(whole(tile.rows.len()), UNIT);
    let (inner, right) = upper.split_columns(whole(tile.columns.len()), UNIT);
    // SAFETY: the caller guarantees W1 to W4 for the tile, whose items the three parts cover once, and the instructions.
    unsafe {
        squares::<S, UNIT>(inner);
        // Most parts are whole squares.
        if !right.columns.is_empty() {
            items::<UNIT>(&right);
        }
        if !lower.rows.is_empty() {
            items::<UNIT>(&lower);
        }
    }
}

/// Copies a part of a tile whose rows may fill one cache line of each column, which is streamed then.
///
/// # Safety
/// As [`CopyPart`](super::tables::CopyPart); the processor has the instructions.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) unsafe fn streamed_part<S: Streamed<UNIT>, const UNIT: usize>(tile: &Tile<'_>, stream: bool) {
    let streams = stream && tile.rows.len() == LINE / UNIT;
    let count = if streams { tile.columns.len() - tile.columns.len() % S::ACROSS } else { 0 };
    let (inner, right) = tile.split_columns(count, UNIT);
    // SAFETY: the caller guarantees W1 to W4 for the tile, whose items both parts cover once, aligned lines where it is to
    // `stream`, and the instructions.
    unsafe {
        if streams {
            lines::<S, UNIT>(inner);
        }
        part::<S, UNIT>(&right);
    }
}

/// Rows that are transposed. (All steps are written out, since the compiler would leave some loops over the rows, and the rows in
/// memory.)
pub(super) trait Rows<R: Copy>: Sized {
    /// Makes of each row of the first half and its counterpart in the second half two rows, by `zip`.
    fn round(self, zip: &impl Fn(R, R) -> (R, R)) -> Self;

    /// Transposes as many rows as each has units. `zip` gives the units of the first halves of two rows in turn, then those of the
    /// second halves: as many rounds of it as the number of rows has bits.
    fn transposed(self, zip: impl Fn(R, R) -> (R, R)) -> Self;
}

macro_rules! rows {
    ($($side:literal: $($first:ident)* / $($second:ident)* / $($round:ident)*;)*) => {$(
        impl<R: Copy> Rows<R> for [R; $side] {
            #[inline(always)]
            fn round(self, zip: &impl Fn(R, R) -> (R, R)) -> Self {
                let [$($first,)* $($second),*] = self;
                $(let ($first, $second) = zip($first, $second);)*
                [$($first, $second),*]
            }

            #[inline(always)]
            fn transposed(self, zip: impl Fn(R, R) -> (R, R)) -> Self {
                self$(.$round(&zip))*
            }
        }
    )*};
}

rows! {
    2: a / b / round;
    4: a b / c d / round round;
    8: a b c d / e f g h / round round round;
    16: a b c d e f g h / i j k l m n o p / round round round round;
}
