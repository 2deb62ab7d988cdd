//! Tiles made of small square transposes, for registers of less than a cache line.

use core::marker::PhantomData;

use crate::layout::Offset;

use crate::kernels::prefetch::LINE;

use super::driver::{Ahead, Tile, items};

/// Transposes of a few items of `UNIT` bytes each way. The function is inlined into one that has the instructions that it
/// needs.
pub(super) trait Square<const UNIT: usize> {
    /// Items along each side, of which some number make a cache line.
    const SIDE: usize;

    /// Copies the items of `SIDE` rows and columns. `STREAM` says to write past the caches, for which destination lines are
    /// aligned.
    ///
    /// # Safety
    /// W1 to W4 for these items; the processor has the instructions.
    unsafe fn square<const STREAM: bool>(src: *const u8, rows: *const Offset, dst: *mut u8, columns: *const Offset);
}

/// A tile of one cache line each way, of as many small transposes as it takes.
pub(super) struct Squares<S, const UNIT: usize>(PhantomData<S>);

impl<const UNIT: usize, S: Square<UNIT>> Squares<S, UNIT> {
    /// As many small transposes as these rows and columns are.
    ///
    /// # Safety
    /// W1 to W4 for their items, of which there are multiples of `SIDE` each way; the processor has the instructions.
    #[inline(always)]
    pub(super) unsafe fn all<const STREAM: bool>(src: *const u8, rows: &[Offset], dst: *mut u8, columns: &[Offset]) {
        let side = S::SIDE.wrapping_mul(UNIT);
        let mut from = src;
        for columns in columns.chunks_exact(S::SIDE) {
            let mut to = dst;
            for rows in rows.chunks_exact(S::SIDE) {
                // SAFETY: the function's contract.
                unsafe { S::square::<STREAM>(from, rows.as_ptr(), to, columns.as_ptr()) };
                to = to.wrapping_add(side);
            }
            from = from.wrapping_add(side);
        }
    }
}

impl<const UNIT: usize, S: Square<UNIT>> Tile for Squares<S, UNIT> {
    const UNIT: usize = UNIT;
    const ROWS: usize = LINE / UNIT;
    const COLUMNS: usize = LINE / UNIT;

    #[inline(always)]
    unsafe fn whole<const STREAM: bool>(
        src: *const u8,
        rows: *const Offset,
        dst: *mut u8,
        columns: *const Offset,
        ahead: &mut Ahead,
    ) {
        ahead.step();
        // SAFETY: the function's contract: the tables have that many entries.
        unsafe {
            let rows = core::slice::from_raw_parts(rows, Self::ROWS);
            let columns = core::slice::from_raw_parts(columns, Self::COLUMNS);
            Self::all::<STREAM>(src, rows, dst, columns);
        }
    }

    #[inline(always)]
    unsafe fn part<const STREAM: bool>(src: *const u8, rows: &[Offset], dst: *mut u8, columns: &[Offset]) {
        let whole = |len: usize| len.wrapping_sub(len % S::SIDE);
        let (down, across) = (whole(rows.len()), whole(columns.len()));
        let Some(((rows, last_rows), (columns, last_columns))) =
            rows.split_at_checked(down).zip(columns.split_at_checked(across))
        else {
            return;
        };
        let bytes = |count: usize| count.wrapping_mul(UNIT);
        let (right, below) = (src.wrapping_add(bytes(across)), dst.wrapping_add(bytes(down)));
        // SAFETY: the function's contract; the parts cover all items once.
        unsafe {
            if STREAM && down == Self::ROWS {
                Self::all::<true>(src, rows, dst, columns);
            } else {
                Self::all::<false>(src, rows, dst, columns);
            }
            items::<UNIT>(src, last_rows, below, columns);
            items::<UNIT>(right, rows, dst, last_columns);
            items::<UNIT>(right, last_rows, below, last_columns);
        }
    }
}

/// Transposes as many rows as each has units. `zip` gives the units of the first halves of two rows in turn, then those of the
/// second halves. Doing so with each row of the first half and its fellow of the second half is one round, and as many rounds
/// as the number of rows has bits transpose.
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
