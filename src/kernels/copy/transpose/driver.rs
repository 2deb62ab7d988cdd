//! Planes in which the two operands disagree about the fastest axis: transposes, of two axes or of many.
//!
//! A plane has source lines (rows), each of them contiguous, and destination lines (columns), each of them contiguous: item
//! (row, column) is at `rows[row] + column * UNIT` of the first operand and at `columns[column] + row * UNIT` of the second.
//! The two tables of offsets are what makes one kernel serve any number of axes. A plane is copied in tiles of one cache
//! line each way, so that every line that is fetched is used up, and every line that is written is written whole.

use crate::layout::Offset;

use crate::kernels::copy::thresholds::BLOCK;
use crate::kernels::prefetch::{LINE, SECOND, prefetch};

/// A plane, and how to go about it.
#[derive(Clone, Copy)]
pub(super) struct Plane<'t> {
    pub(super) src: *const u8,
    /// For each source line, where it begins, from `src`.
    pub(super) rows: &'t [Offset],
    pub(super) dst: *mut u8,
    /// For each destination line, where it begins, from `dst`.
    pub(super) columns: &'t [Offset],
    /// Rows before the first one at which lines of the destination begin in the cache, too; 0 where they never all do.
    pub(super) head_rows: usize,
    /// The same for columns and lines of the source.
    pub(super) head_columns: usize,
    pub(super) reach: Reach,
    /// The source lines of the plane that is copied next.
    pub(super) next: (*const u8, &'t [Offset]),
}

/// How far away the memory is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The caches near the processor hold it.
    Near,
    /// They do not: what comes next is fetched ahead.
    Far,
    /// No cache does.
    Beyond,
    /// No cache does, and whole lines are written past them. They all are aligned behind the first rows.
    Past,
}

/// What copies planes of items of one size.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    pub(super) near: Run,
    /// The same for planes that are written past the caches, where that can be: the rows of a tile fill lines, and there are
    /// instructions for it.
    pub(super) past: Option<Run>,
}

/// A function that copies planes, compiled for one level.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// It may be called where the processor has its instructions, with W1 to W4 for the items of the plane.
    pub(super) copy: unsafe fn(&Plane<'_>),
    /// Source lines of a tile.
    pub(super) rows: usize,
}

/// A kernel for tiles of one size. Its functions are inlined into one that has the instructions that they need.
pub(super) trait Tile {
    /// Bytes of an item.
    const UNIT: usize;
    /// Source lines of a tile, and items of a destination line.
    const ROWS: usize;
    /// Destination lines of a tile, and items of a source line.
    const COLUMNS: usize;
    /// How often `whole` has something fetched ahead.
    const STEPS: usize = 1;

    /// Copies a whole tile. `STREAM` says to write past the caches, for which destination lines are aligned.
    ///
    /// # Safety
    /// W1 to W4 for the items of `ROWS` rows and `COLUMNS` columns; the processor has the instructions.
    unsafe fn whole<const STREAM: bool>(
        src: *const u8,
        rows: *const Offset,
        dst: *mut u8,
        columns: *const Offset,
        ahead: &mut Ahead,
    );

    /// Copies a part of a tile, of at most `ROWS` rows and `COLUMNS` columns. `STREAM` says that it may write past the caches.
    ///
    /// # Safety
    /// As `whole`, for the items that there are.
    #[inline(always)]
    unsafe fn part<const STREAM: bool>(src: *const u8, rows: &[Offset], dst: *mut u8, columns: &[Offset]) {
        macro_rules! of {
            ($($unit:literal)*) => {
                match Self::UNIT {
                    // SAFETY: the function's contract; a constant unit is the unit itself.
                    $($unit => unsafe { items::<$unit>(src, rows, dst, columns) },)*
                    _ => {}
                }
            };
        }
        of!(1 2 3 4 6 8 12 16 24 32);
    }
}

/// Copies item after item.
///
/// # Safety
/// W1 to W4 for the items of these rows and columns of `UNIT` bytes.
#[inline(always)]
pub(super) unsafe fn items<const UNIT: usize>(src: *const u8, rows: &[Offset], dst: *mut u8, columns: &[Offset]) {
    let mut from = src;
    for &column in columns {
        let mut to = dst.wrapping_offset(column as isize);
        for &row in rows {
            // SAFETY: W1 and W2; an array of bytes needs no alignment.
            unsafe { to.cast::<[u8; UNIT]>().write(from.wrapping_offset(row as isize).cast::<[u8; UNIT]>().read()) };
            to = to.wrapping_add(UNIT);
        }
        from = from.wrapping_add(UNIT);
    }
}

/// Where the tiles along a side begin.
///
/// A tile that would reach over the end begins earlier, and the one before the first line of the cache reaches into it: some
/// items are copied twice, in less time than a part of a tile takes. Where it is `EXACT` they are not.
#[derive(Clone, Copy)]
struct Starts<const EXACT: bool> {
    at: usize,
    head: usize,
    len: usize,
    side: usize,
}

/// A tile along a side.
struct Span {
    start: usize,
    count: usize,
    /// Whether it begins where a line does.
    aligned: bool,
}

impl<const EXACT: bool> Starts<EXACT> {
    fn new(len: usize, side: usize, head: usize) -> Self {
        Self { at: 0, head: head.min(len), len, side }
    }

    /// The next tile.
    #[inline(always)]
    fn next(&mut self) -> Option<Span> {
        if self.at >= self.len {
            return None;
        }
        let start = if EXACT { self.at } else { self.at.min(self.len.wrapping_sub(self.side)) };
        let aligned = start == self.at && start >= self.head;
        let full = start.wrapping_add(self.side);
        let end = full.min(if self.at < self.head { self.head } else { self.len });
        self.at = end;
        Some(Span { start, count: if EXACT { end.wrapping_sub(start) } else { self.side }, aligned })
    }

    /// The same further on.
    #[inline(always)]
    fn after(mut self, tiles: usize) -> Self {
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
/// W1 to W4 for the items of the plane; the processor has the instructions of the tile.
#[inline(always)]
pub(super) unsafe fn run<T: Tile>(plane: &Plane<'_>) {
    // SAFETY: the function's contract.
    unsafe {
        if plane.reach != Reach::Past && (plane.rows.len() < T::ROWS || plane.columns.len() < T::COLUMNS) {
            return narrow::<T>(plane);
        }
        match plane.reach {
            Reach::Near => tiles::<T, false, false>(plane, usize::MAX),
            Reach::Far => tiles::<T, true, false>(plane, BLOCK),
            Reach::Beyond => tiles::<T, true, false>(plane, 2 * BLOCK),
            Reach::Past => tiles::<T, true, true>(plane, BLOCK / 2),
        }
    }
}

/// Copies a plane that is smaller than a tile on one side.
///
/// # Safety
/// As [`run`].
#[inline(always)]
unsafe fn narrow<T: Tile>(plane: &Plane<'_>) {
    let mut src = plane.src;
    for columns in plane.columns.chunks(T::COLUMNS) {
        // SAFETY: the function's contract.
        unsafe { in_smaller::<T, false>(src, plane.rows, plane.dst, columns) };
        src = src.wrapping_add(columns.len().wrapping_mul(T::UNIT));
    }
}

/// Copies some columns, at most those of a tile, in tiles below each other.
///
/// # Safety
/// W1 to W4 for their items; the processor has the instructions of the tile. Where it is to `STREAM`, the lines of the
/// destination are aligned.
#[inline(always)]
pub(super) unsafe fn in_smaller<T: Tile, const STREAM: bool>(
    src: *const u8,
    rows: &[Offset],
    dst: *mut u8,
    columns: &[Offset],
) {
    let mut dst = dst;
    for rows in rows.chunks(T::ROWS) {
        // SAFETY: the function's contract.
        unsafe {
            if rows.len() == T::ROWS && columns.len() == T::COLUMNS {
                T::whole::<STREAM>(src, rows.as_ptr(), dst, columns.as_ptr(), &mut Ahead::nothing());
            } else {
                T::part::<STREAM>(src, rows, dst, columns);
            }
        }
        dst = dst.wrapping_add(rows.len().wrapping_mul(T::UNIT));
    }
}

/// # Safety
/// As [`run`], and both sides are as long as those of a tile, but where it is to `STREAM`. `block` is how many bytes of a
/// destination line are copied before the next ones.
#[inline(always)]
unsafe fn tiles<T: Tile, const FAR: bool, const STREAM: bool>(plane: &Plane<'_>, block: usize) {
    // Tiles of a block each way.
    let all_down = plane.rows.len().div_ceil(T::ROWS).max(1);
    let all_across = plane.columns.len().div_ceil(T::COLUMNS).max(1);
    let (line_down, line_across) = (T::ROWS * T::UNIT, T::COLUMNS * T::UNIT);
    let (down, across) = if !FAR {
        (usize::MAX, usize::MAX)
    } else if line_down > LINE {
        (1, BLOCK / line_across)
    } else {
        (block / line_down, if STREAM { BLOCK } else { BLOCK / 2 } / line_across)
    };
    let (down, across) = (down.clamp(1, all_down), across.clamp(1, all_across));
    let mut rows = Starts::<STREAM>::new(plane.rows.len(), T::ROWS, plane.head_rows);
    let first = Starts::<STREAM>::new(plane.columns.len(), T::COLUMNS, plane.head_columns);
    while !rows.is_done() {
        let mut columns = first;
        while !columns.is_done() {
            let mut ahead = Ahead::nothing();
            if FAR {
                let (below, right) = (rows.after(down), columns.after(across));
                let lines = across.wrapping_mul(T::COLUMNS * T::UNIT).div_ceil(LINE);
                let share = T::ROWS.div_ceil(across.wrapping_mul(T::STEPS));
                let count = down.wrapping_mul(T::ROWS);
                let of = |src: *const u8, rows: &[Offset], row: usize| {
                    let rows = rows.get(row..).unwrap_or(&[]);
                    Ahead { src, rows: rows.as_ptr(), left: rows.len().min(count), lines, share }
                };
                ahead = if !right.is_done() {
                    of(plane.src.wrapping_add(right.at.wrapping_mul(T::UNIT)), plane.rows, rows.at)
                } else if !below.is_done() {
                    of(plane.src, plane.rows, below.at)
                } else {
                    of(plane.next.0, plane.next.1, 0)
                };
            }
            if STREAM {
                let (from, to) = (columns.at, columns.after(across).at);
                let of_block = plane.columns.get(from.min(to)..to.max(from)).unwrap_or(&[]);
                if rows.at == 0 && plane.head_rows != 0 {
                    fetch_ends(plane.dst, of_block);
                }
                let end = plane.dst.wrapping_add(plane.rows.len().wrapping_mul(T::UNIT));
                if rows.after(down).is_done() && !end.addr().is_multiple_of(LINE) {
                    fetch_ends(end.wrapping_sub(1), of_block);
                }
            }
            for _ in 0..across {
                let Some(column) = columns.next() else { break };
                let mut rows = rows;
                for _ in 0..down {
                    let Some(row) = rows.next() else { break };
                    let src = plane.src.wrapping_add(column.start.wrapping_mul(T::UNIT));
                    let dst = plane.dst.wrapping_add(row.start.wrapping_mul(T::UNIT));
                    let rows = plane.rows.as_ptr().wrapping_add(row.start);
                    let columns = plane.columns.as_ptr().wrapping_add(column.start);
                    // SAFETY: the function's contract: all tiles lie within the plane.
                    unsafe {
                        if STREAM && (row.count < T::ROWS || column.count < T::COLUMNS) {
                            let rows = core::slice::from_raw_parts(rows, row.count);
                            let columns = core::slice::from_raw_parts(columns, column.count);
                            ahead.step();
                            if row.aligned {
                                T::part::<true>(src, rows, dst, columns);
                            } else {
                                T::part::<false>(src, rows, dst, columns);
                            }
                        } else if STREAM && row.aligned {
                            T::whole::<true>(src, rows, dst, columns, &mut ahead);
                        } else {
                            T::whole::<false>(src, rows, dst, columns, &mut ahead);
                        }
                    }
                }
            }
        }
        rows = rows.after(down);
    }
}

/// Source lines that are to be fetched to the second cache.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    src: *const u8,
    rows: *const Offset,
    left: usize,
    /// How many lines of the cache of each of them.
    lines: usize,
    /// How many of them at a time.
    share: usize,
}

impl Ahead {
    /// No lines.
    pub(super) fn nothing() -> Self {
        Self { src: core::ptr::null(), rows: core::ptr::null(), left: 0, lines: 0, share: 0 }
    }

    /// Has some more of them fetched.
    #[inline(always)]
    pub(super) fn step(&mut self) {
        for _ in 0..self.share.min(self.left) {
            // SAFETY: so many rows are left in the table.
            let row = self.src.wrapping_offset(unsafe { *self.rows } as isize);
            for line in 0..self.lines {
                prefetch::<SECOND>(row.wrapping_add(line.wrapping_mul(LINE)));
            }
            self.rows = self.rows.wrapping_add(1);
            self.left = self.left.wrapping_sub(1);
        }
    }
}

/// Has those lines of the cache fetched that are written in part, among others that are written past it. Otherwise each of
/// them would be waited for.
#[inline(always)]
fn fetch_ends(dst: *mut u8, columns: &[Offset]) {
    for &column in columns {
        prefetch::<SECOND>(dst.wrapping_offset(column as isize));
    }
}
