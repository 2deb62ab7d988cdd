//! The driver of all transposes: planes in which the two operands disagree about the fastest axis, of two axes or of many.
//!
//! A plane has source lines (rows), each of them contiguous, and destination lines (columns), each of them contiguous: item
//! (row, column) is at `rows[row] + column * unit` of the first operand and at `columns[column] + row * unit` of the second.
//! The two tables of offsets are what makes one driver serve any number of axes. A plane is copied in tiles of one cache line
//! each way, so that every cache line that is read is used in full, and every one that is written is written whole. What copies
//! a tile is a micro-kernel (`tables.rs`): which one is all that differs between sizes of items and levels of instructions.

use crate::kernels::copy::thresholds::BLOCK;
use crate::kernels::prefetch::{LINE, SECOND, prefetch};
use crate::layout::Offset;

use super::tables::{Ahead, MicroKernel, Plane, Reach, Tile};

/// Where the tiles along a side start.
///
/// A tile that would reach past the end starts earlier, and the one before the first cache line reaches into it: some items are
/// copied twice, in less time than a part of a tile takes. Where it is `exact` they are not.
#[derive(Clone, Copy)]
struct Starts {
    at: usize,
    head: usize,
    len: usize,
    side: usize,
    /// Where the last whole tile after the head ends.
    last: usize,
    exact: bool,
}

/// A tile along a side, or several adjacent ones.
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    count: usize,
    /// Whether it starts where a cache line does.
    aligned: bool,
}

impl Starts {
    fn new(len: usize, side: usize, head: usize, exact: bool) -> Self {
        let head = head.min(len);
        let last = len - (len - head).checked_rem(side).unwrap_or(0);
        Self { at: 0, head, len, side, last, exact }
    }

    /// The next tile. Where it is not `exact`, the line is no shorter than a tile.
    #[inline(always)]
    fn next(&mut self) -> Option<Span> {
        if self.at >= self.len {
            return None;
        }
        let start = if self.exact { self.at } else { self.at.min(self.len.saturating_sub(self.side)) };
        let aligned = start == self.at && start >= self.head;
        let full = start + self.side;
        let end = full.min(if self.at < self.head { self.head } else { self.len });
        self.at = end;
        Some(Span { start, count: if self.exact { end - start } else { self.side }, aligned })
    }

    /// The next tile, and those after it that are like it, whole and aligned, as far as here, where a tile ends.
    #[inline(always)]
    fn next_run(&mut self, until: usize) -> Option<Span> {
        let mut run = self.next()?;
        if run.aligned && run.count == self.side {
            self.at = self.at.max(self.last.min(until));
            run.count = self.at - run.start;
        }
        Some(run)
    }

    /// The starts after that many tiles.
    #[inline(always)]
    fn after(mut self, tiles: usize) -> Self {
        if tiles >= self.len {
            // Each tile has an item.
            self.at = self.len;
        }
        for _ in 0..tiles {
            if self.next().is_none() {
                break;
            }
        }
        self
    }

    fn is_done(&self) -> bool {
        self.at >= self.len
    }
}

/// Copies a plane in tiles.
///
/// # Safety
/// W1 to W4 for the items of the plane; the level is the micro-kernel's.
pub(super) unsafe fn copy(kernel: &MicroKernel, plane: &Plane<'_>) {
    let kernel = kernel.smaller.filter(|_| plane.rows.len() < kernel.rows).unwrap_or(kernel);
    let kept = kernel.own_driver.unwrap_or(|kernel, plane, block| {
        // SAFETY: W1 to W4 for the plane, and the level: it is called below with what this function is called with.
        unsafe { tiles(kernel, plane, false, block) }
    });
    let is_narrow = plane.rows.len() < kernel.rows || plane.columns.len() < kernel.columns;
    // SAFETY: the caller guarantees W1 to W4 for the plane, and the level. Unless it streams, `tiles` is called only where both
    // sides are as long as a tile's.
    unsafe {
        match plane.reach {
            Reach::Past => tiles(kernel, plane, true, BLOCK / 2),
            _ if is_narrow => narrow(kernel, plane),
            Reach::Near => kept(kernel, plane, usize::MAX),
            Reach::Far => kept(kernel, plane, BLOCK),
            Reach::Beyond => kept(kernel, plane, 2 * BLOCK),
        }
    }
}

/// Copies a plane that is smaller than a tile on one side.
///
/// # Safety
/// As [`copy`].
unsafe fn narrow(kernel: &MicroKernel, plane: &Plane<'_>) {
    let Plane { src, rows, dst, columns, .. } = *plane;
    let mut left = Tile { src, rows, dst, columns };
    while !left.columns.is_empty() {
        let (tile, right) = left.split_columns(kernel.columns, kernel.unit);
        // SAFETY: the caller guarantees W1 to W4 for the plane, of which this is a part, and the level; nothing is streamed.
        unsafe { kernel.copy(tile, false) };
        left = right;
    }
}

/// # Safety
/// As [`copy`], and both sides are as long as those of a tile, except where it is to `stream`. `block` is how many bytes of a
/// destination line are copied before the next ones; where that is not all of them, what comes next is prefetched.
#[inline(never)]
unsafe fn tiles(kernel: &MicroKernel, plane: &Plane<'_>, stream: bool, block: usize) {
    let whole = if stream { kernel.streamed.unwrap_or(kernel.whole) } else { kernel.whole };
    // SAFETY: the caller guarantees W1 to W4 for the plane, and the level of the micro-kernel, whose functions these are.
    unsafe {
        drive(kernel, plane, stream, block, |tile, ahead| whole(tile, ahead), |tile, ahead| (kernel.whole)(tile, ahead))
    }
}

/// The driver for planes that are not streamed, compiled for one micro-kernel, with whose `whole` it is inlined.
///
/// # Safety
/// As [`copy`], and both sides are as long as those of a tile; `whole` is the micro-kernel's.
#[inline(always)]
pub(super) unsafe fn drive_one(
    kernel: &MicroKernel,
    plane: &Plane<'_>,
    block: usize,
    whole: impl Fn(&Tile<'_>, &mut Ahead) + Copy,
) {
    // SAFETY: the caller guarantees W1 to W4 for the plane, and the level.
    unsafe { drive(kernel, plane, false, block, whole, whole) }
}

/// # Safety
/// As [`tiles`]; `streamed` copies whole tiles that are aligned, `whole` all others.
#[inline(always)]
unsafe fn drive(
    kernel: &MicroKernel,
    plane: &Plane<'_>,
    stream: bool,
    block: usize,
    streamed: impl Fn(&Tile<'_>, &mut Ahead),
    whole: impl Fn(&Tile<'_>, &mut Ahead),
) {
    let MicroKernel { unit, rows: height, columns: width, .. } = *kernel;
    let far = block != usize::MAX;
    // Tiles of a block each way, how many cache lines of a source line that is, and how many source lines are prefetched at a time.
    let (mut down, mut across, mut fetched, mut share) = (usize::MAX, usize::MAX, 0, 0);
    if far {
        let quotient = |bytes: usize, line: usize| bytes.checked_div(line).unwrap_or(1).max(1);
        let (line_down, line_across) = (height * unit, width * unit);
        (down, across) = if line_down > LINE {
            (1, quotient(BLOCK, line_across))
        } else {
            (quotient(block, line_down), quotient(if stream { BLOCK } else { BLOCK / 2 }, line_across))
        };
        across = across.min(quotient(plane.columns.len() + width - 1, width));
        fetched = (across * line_across).div_ceil(LINE);
        share = height.div_ceil((across * kernel.steps).max(1));
    }
    let mut rows = Starts::new(plane.rows.len(), height, plane.head_rows, stream);
    let first = Starts::new(plane.columns.len(), width, plane.head_columns, stream);
    while !rows.is_done() {
        let below = rows.after(down);
        let mut columns = first;
        while !columns.is_done() {
            let mut ahead = Ahead::nothing();
            if far {
                let right = columns.after(across);
                let count = down.saturating_mul(height);
                let of = |src: *const u8, rows: &[Offset], row: usize| {
                    let rows = rows.get(row..).unwrap_or(&[]);
                    Ahead { src, rows: rows.as_ptr(), left: rows.len().min(count), lines: fetched, share }
                };
                ahead = if !right.is_done() {
                    of(plane.src.wrapping_add(right.at * unit), plane.rows, rows.at)
                } else if !below.is_done() {
                    of(plane.src, plane.rows, below.at)
                } else {
                    of(plane.next.0, plane.next.1, 0)
                };
                if stream {
                    let of_block = plane.columns.get(columns.at..right.at).unwrap_or(&[]);
                    if rows.at == 0 && plane.head_rows != 0 {
                        prefetch_ends(plane.dst, of_block);
                    }
                    let end = plane.dst.wrapping_add(plane.rows.len() * unit);
                    if below.is_done() && !end.addr().is_multiple_of(LINE) {
                        prefetch_ends(end.wrapping_sub(1), of_block);
                    }
                }
            }
            for _ in 0..across {
                let Some(column) = columns.next() else { break };
                let is_part = column.count < width;
                let mut rows = rows;
                while rows.at < below.at {
                    let Some(row) = rows.next_run(if is_part { 0 } else { below.at }) else { break };
                    let sides = (
                        plane.rows.get(row.start..row.start + row.count),
                        plane.columns.get(column.start..column.start + column.count),
                    );
                    let (Some(rows), Some(columns)) = sides else { return };
                    let src = plane.src.wrapping_add(column.start * unit);
                    let dst = plane.dst.wrapping_add(row.start * unit);
                    let tile = Tile { src, rows, dst, columns };
                    // SAFETY: the caller guarantees W1 to W4 for the plane, in which all tiles lie, and the level; only tiles
                    // with aligned rows are streamed.
                    unsafe {
                        if is_part || row.count < height {
                            ahead.step();
                            (kernel.part)(&tile, row.aligned);
                        } else if stream && row.aligned {
                            streamed(&tile, &mut ahead);
                        } else {
                            whole(&tile, &mut ahead);
                        }
                    }
                }
            }
        }
        rows = below;
    }
}

/// Prefetches the cache lines that are written in part, among others that are written with non-temporal stores. Otherwise each
/// would stall.
fn prefetch_ends(dst: *mut u8, columns: &[Offset]) {
    for &column in columns {
        prefetch::<SECOND>(dst.wrapping_offset(column as isize));
    }
}
