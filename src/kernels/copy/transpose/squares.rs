//! Tiles made of small square transposes, for registers of less than a cache line.

use crate::kernels::prefetch::LINE;

use super::scalar::items;
use super::tables::{Ahead, Lines, Tile};

/// Transposes of a few items of `UNIT` bytes each way. The function is inlined into one that has the instructions that it
/// needs.
pub(super) trait Square<const UNIT: usize> {
    /// Items along each side, of which some number make a cache line.
    const SIDE: usize;

    /// Copies the items of `SIDE` rows and columns. `STREAM` says to use non-temporal stores, for which destination lines are
    /// aligned.
    ///
    /// # Safety
    /// W1 to W4 for these items; the processor has the instructions.
    unsafe fn square<L: Lines, const STREAM: bool>(lines: L);
}

/// Copies a tile of as many squares as fit into it.
///
/// # Safety
/// W1 to W4 for its items; the processor has the instructions.
#[inline(always)]
pub(super) unsafe fn squares<S: Square<UNIT>, const UNIT: usize, const STREAM: bool>(tile: Tile<'_>) {
    let mut src = tile.src;
    for columns in tile.columns.chunks_exact(S::SIDE) {
        for tile in (Tile { src, columns, ..tile }).tiles(S::SIDE, UNIT) {
            // SAFETY: the caller guarantees W1 to W4 for the tile, in which the square lies, aligned lines where it is to
            // `STREAM`, and the instructions.
            unsafe { S::square::<_, STREAM>(tile) };
        }
        src = src.wrapping_add(const { S::SIDE * UNIT });
    }
}

/// Copies whole tiles of one cache line each way.
///
/// # Safety
/// As [`Whole`](super::tables::Whole); the processor has the instructions.
#[inline(always)]
pub(super) unsafe fn whole<S: Square<UNIT>, const UNIT: usize, const STREAM: bool>(tile: &Tile<'_>, ahead: &mut Ahead) {
    let side = const { LINE / UNIT };
    // Constant numbers of rows and columns, so that the compiler unrolls the loops over the squares.
    let Some(columns) = tile.columns.get(..side) else { return };
    for tile in (Tile { columns, ..*tile }).tiles(side, UNIT) {
        ahead.step();
        // SAFETY: the caller guarantees W1 to W4 for all tiles, aligned lines where it is to `STREAM`, and the instructions.
        unsafe { squares::<S, UNIT, STREAM>(tile) };
    }
}

/// Copies a part of a tile: whole squares as such, what is left item by item.
///
/// # Safety
/// As [`CopyPart`](super::tables::CopyPart); the processor has the instructions.
#[inline(always)]
pub(super) unsafe fn part<S: Square<UNIT>, const UNIT: usize>(tile: &Tile<'_>, stream: bool) {
    let whole = |len: usize| len - len % S::SIDE;
    let (upper, lower) = tile.split_rows(whole(tile.rows.len()), UNIT);
    let (inner, right) = upper.split_columns(whole(tile.columns.len()), UNIT);
    // SAFETY: the caller guarantees W1 to W4 for the tile, whose items the three parts cover once, aligned lines where it is to
    // `stream`, and the instructions.
    unsafe {
        if stream && inner.rows.len() == LINE / UNIT {
            squares::<S, UNIT, true>(inner);
        } else {
            squares::<S, UNIT, false>(inner);
        }
        items::<UNIT>(&right);
        items::<UNIT>(&lower);
    }
}

/// Transposes as many rows as each has units. `zip` gives the units of the first halves of two rows in turn, then those of the
/// second halves. Doing so with each row of the first half and its counterpart in the second half is one round, and as many
/// rounds as the number of rows has bits transpose.
#[inline(always)]
pub(super) fn transposed<R: Copy, const SIDE: usize>(mut rows: [R; SIDE], zip: impl Fn(R, R) -> (R, R)) -> [R; SIDE] {
    for _ in 0..SIDE.trailing_zeros() {
        let before = rows;
        let halves = before.iter().zip(before.iter().skip(SIDE / 2));
        for (pair, (first, second)) in rows.chunks_exact_mut(2).zip(halves) {
            if let [low, high] = pair {
                (*low, *high) = zip(*first, *second);
            }
        }
    }
    rows
}
