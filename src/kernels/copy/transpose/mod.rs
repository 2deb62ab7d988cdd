//! Walks in which the two operands disagree about the fastest axis, as planes that are copied in tiles.

use crate::layout::{Offset, Plan, Sides, SmallAxis};

use crate::kernels::cpu::{Level, by_level};
use crate::kernels::odometer::walk;
use crate::kernels::prefetch::{LINE, steps_to_line};

use super::contiguous::stream_end;
use super::thresholds::{
    ALIGNED, APART, CROWDED_SHIFT, DIRECT, DIRECT_CROWDED, DIRECT_LEAST, FAR, LARGE, LONG_TABLE, MIDDLE_TABLE,
    ROWS_BEYOND, SET, SHORT_TABLE, STREAMED,
};

mod tables;

mod driver;

mod scalar;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod squares;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod direct;

#[cfg(target_arch = "x86_64")]
mod strips;

#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(target_arch = "x86_64")]
mod avx2_narrow;

#[cfg(target_arch = "x86_64")]
mod avx2;

#[cfg(target_arch = "x86_64")]
mod avx512_strips;

#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(target_arch = "aarch64")]
mod neon;

use tables::{DirectKernel, DirectPlane, Kernel, MicroKernel, Plane, Reach};

/// A way to copy a plan in tiles: the kernel, and how long the tables of rows and columns are.
#[derive(Clone, Copy)]
pub(super) struct Transpose {
    kernel: Kernel,
    tables: Tables,
    /// Where there are no tables: the two axes, by position.
    direct: Option<(DirectKernel, usize, usize)>,
}

/// How many rows and columns a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tables {
    /// Few, for walks whose tiles are not aligned.
    Short,
    /// Few, with room for rows of the next column.
    Aligned,
    /// Many, but not of rows.
    Middle,
    /// Many.
    Long,
}

impl Transpose {
    /// `None` where there is no plane that [`Plan::take_sides`] could take out of the plan, or no kernel for the items.
    pub(super) fn of(plan: &Plan<'_>, level: Level) -> Option<Self> {
        let (fastest, last) = plan.plane_axes()?;
        let kernel = tile_kernel(level, plan.unit)?;
        let direct = kernel.direct.filter(|direct| is_near(plan, fastest, last, direct.side));
        let direct = direct.map(|kernel| (kernel, fastest, last));
        let tables = match plan.bytes() {
            LARGE.. if plan.unit == 1 => Tables::Middle,
            LARGE.. => Tables::Long,
            ALIGNED.. => Tables::Aligned,
            _ => Tables::Short,
        };
        Some(Self { kernel, tables, direct })
    }

    /// Copies the plan that it was made for. Says whether it has: a plan that gives no plane is left as it is.
    ///
    /// # Safety
    /// W1 to W4; the level that it was made for is that of the processor.
    pub(super) unsafe fn copy(self, plan: &mut Plan<'_>, src: *const u8, dst: *mut u8) -> bool {
        const SHORT: usize = SHORT_TABLE;
        const MIDDLE: usize = MIDDLE_TABLE;
        const LONG: usize = LONG_TABLE;
        const BEYOND: usize = ROWS_BEYOND;
        // SAFETY: the caller guarantees W1 to W4 for the plan, and that the processor has the kernel's level.
        unsafe {
            if let Some((kernel, fastest, last)) = self.direct {
                return in_planes(kernel, fastest, last, plan, src, dst);
            }
            match self.tables {
                Tables::Short => in_tables::<SHORT, SHORT, SHORT>(self.kernel, plan, src, dst),
                Tables::Aligned => in_tables::<SHORT, { SHORT + BEYOND }, SHORT>(self.kernel, plan, src, dst),
                Tables::Middle => in_tables::<MIDDLE, { MIDDLE + BEYOND }, MIDDLE>(self.kernel, plan, src, dst),
                Tables::Long => in_tables::<LONG, { LONG + BEYOND + APART }, MIDDLE>(self.kernel, plan, src, dst),
            }
        }
    }
}

#[cfg(test)]
impl Transpose {
    /// The kernel in words.
    pub(super) fn name(&self) -> std::string::String {
        match self.direct {
            Some((kernel, ..)) => std::format!("squares of {} rows", kernel.side),
            None => std::format!("tiles of {} rows, {:?}", self.kernel.near.rows, self.tables),
        }
    }

    /// Whether planes that no cache holds are written with non-temporal stores.
    pub(super) fn may_stream(&self) -> bool {
        self.kernel.past.is_some()
    }
}

/// Whether planes of two axes are copied without tables: the other axes do not continue a line, and the caches hold the planes.
fn is_near(plan: &Plan<'_>, fastest: usize, last: usize, side: usize) -> bool {
    let direct = plan.direct();
    let (Some(columns), Some(rows)) = (direct.get(fastest), direct.get(last)) else { return false };
    let lens = [rows.len, columns.len].map(isize::unsigned_abs);
    let [many_rows, many_columns] = lens;
    // Tables take many small planes together.
    let is_small = direct.len() > 2 && plan.unit * many_rows * many_columns < DIRECT_LEAST;
    columns.src.stride == plan.unit.cast_signed()
        && is_near_plane(lens, plan.unit, columns.dst.stride, side)
        && plan.bytes() < FAR
        && !is_small
}

/// Whether a plane of so many rows and columns, which are written so many bytes apart, is copied without tables.
fn is_near_plane([rows, columns]: [usize; 2], unit: usize, by_column: isize, side: usize) -> bool {
    let bytes = unit * rows * columns;
    let is_crowded = by_column.trailing_zeros() >= CROWDED_SHIFT && bytes > DIRECT_CROWDED;
    rows >= side && columns >= side && bytes <= DIRECT && !is_crowded
}

/// Copies a plane that is no walk of a plan, of fewer bytes than [`DIRECT`], if it is copied without tables; says whether it has. Items
/// are adjacent along columns where they are read, along rows where they are written.
///
/// # Safety
/// W1 to W4 for the walk over the two axes; the level is that of the processor.
pub(super) unsafe fn copy_near(
    level: Level,
    unit: usize,
    [rows, columns]: [SmallAxis; 2],
    src: *const u8,
    dst: *mut u8,
) -> bool {
    let (by_row, by_column, lens) = (rows.src, columns.dst, [rows.len, columns.len].map(isize::unsigned_abs));
    let [rows, columns] = lens;
    let Some(kernel) = direct_kernel(level, unit, lens) else { return false };
    // Columns that share items, of which the last must win, are left to others.
    if by_column.unsigned_abs() < rows * unit || !is_near_plane(lens, unit, by_column, kernel.side) {
        return false;
    }
    // SAFETY: the caller guarantees W1 to W4 for the plane, which is no smaller than a square, and the level.
    unsafe { (kernel.copy)(&DirectPlane { src, by_row, rows, dst, by_column, columns }) };
    true
}

/// What copies a plane of so many rows and columns without tables, with squares that it has room for, if there are such.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables, reason = "squares have one size"))]
fn direct_kernel(level: Level, unit: usize, [rows, columns]: [usize; 2]) -> Option<DirectKernel> {
    #[cfg(target_arch = "x86_64")]
    let narrow = || avx2::direct(unit).filter(|kernel| kernel.side <= rows.min(columns)).or_else(|| sse2::direct(unit));
    by_level! {
        level;
        // Wider tiles make up for their tables in larger planes, but for 4 bytes (measured on Zen 4).
        avx512: narrow().filter(|_| unit == 4 || unit * rows * columns < DIRECT_LEAST),
        avx2: narrow(),
        neon: neon::direct(unit),
        portable: baseline_direct(unit),
    }
}

/// Copies planes of these two axes without tables.
///
/// # Safety
/// As [`Transpose::copy`], for what [`is_near`].
unsafe fn in_planes(
    kernel: DirectKernel,
    fastest: usize,
    last: usize,
    plan: &mut Plan<'_>,
    src: *const u8,
    dst: *mut u8,
) -> bool {
    let direct = plan.direct();
    let (Some(columns), Some(rows)) = (direct.get(fastest).copied(), direct.get(last).copied()) else { return false };
    plan.remove_direct(1 << fastest | 1 << last);
    // SAFETY: the caller guarantees W1 to W4 for each plane, which is no smaller than a square (`is_near`), and the level.
    unsafe {
        walk(plan, src, dst, |src, dst| {
            (kernel.copy)(&DirectPlane {
                src,
                by_row: rows.src.stride,
                rows: rows.len.unsigned_abs(),
                dst,
                by_column: columns.dst.stride,
                columns: columns.len.unsigned_abs(),
            });
        });
    }
    true
}

/// Copies with planes of at most so many rows and columns. The table of rows may be longer, for rows of the next column, and to
/// start where it is [`apart`] from the destination.
///
/// # Safety
/// As [`Transpose::copy`].
// Not inlined: tables of only one size are on the stack.
#[inline(never)]
unsafe fn in_tables<const ROWS: usize, const TABLE: usize, const COLUMNS: usize>(
    kernel: Kernel,
    plan: &mut Plan<'_>,
    src: *const u8,
    dst: *mut u8,
) -> bool {
    let bytes = plan.bytes();
    let (mut rows, mut columns) = ([0; TABLE], [0; COLUMNS]);
    let rows = if TABLE >= ROWS + ROWS_BEYOND + APART { apart(&mut rows, dst) } else { &mut rows };
    let Some(sides) = plan.take_sides(LINE, ROWS, [rows, &mut columns]) else { return false };
    let mut runner = Runner::new(&sides, plan.unit, kernel, bytes);
    // SAFETY: the caller guarantees W1 to W4 for the two sides at each pair of addresses, and the level.
    unsafe {
        walk(plan, src, dst, |src, dst| runner.copy(src, dst));
        runner.finish();
    }
    true
}

/// The table without its first offsets, if it starts where the destination does, apart from the page. With items of the size of an
/// offset, each offset would be read at the place in its page at which a line has just been written in its own: to a processor
/// that compares only these bits first it seems to be what was written, and waits for it. A non-temporal store then ends in the
/// middle of its cache line, which takes seven times as long.
fn apart(table: &mut [Offset], dst: *const u8) -> &mut [Offset] {
    const ROOM: usize = APART * size_of::<Offset>();
    let ahead = table.as_ptr().addr().wrapping_sub(dst.addr()).wrapping_add(ROOM / 2);
    let skipped = if ahead % (SET as usize) < ROOM { APART } else { 0 };
    table.get_mut(skipped..).unwrap_or_default()
}

/// The kernel for tiles of items of this size.
fn tile_kernel(level: Level, unit: usize) -> Option<Kernel> {
    let of_level = by_level! {
        level;
        avx512: avx512::kernel(unit),
        avx2: avx2::kernel(unit),
        neon: neon::kernel(unit),
        portable: baseline_kernel(unit),
    };
    of_level.or_else(|| scalar::kernel(unit))
}

/// The kernel for the vectors that every processor of this architecture has.
#[cfg(target_arch = "x86_64")]
use sse2::{direct as baseline_direct, kernel as baseline_kernel};

/// The same where there are none.
#[cfg(not(target_arch = "x86_64"))]
fn baseline_kernel(_: usize) -> Option<Kernel> {
    None
}

/// The same where there are none.
#[cfg(not(target_arch = "x86_64"))]
fn baseline_direct(_: usize) -> Option<DirectKernel> {
    None
}

/// Copies planes in tiles.
struct Runner<'s> {
    sides: &'s Sides<'s>,
    unit: usize,
    kernel: &'static MicroKernel,
    reach: Reach,
    /// Whether cache lines start at the same items in all rows, and in all columns.
    rows_alike: bool,
    columns_alike: bool,
    /// The plane that is copied once the next one is known.
    waiting: Option<Plane<'s>>,
}

impl<'s> Runner<'s> {
    fn new(sides: &'s Sides<'s>, unit: usize, kernel: Kernel, bytes: usize) -> Self {
        let lines = |side: &[Offset]| side.iter().all(|offset| offset % LINE as Offset == 0);
        // Where cache lines start does not matter for what L1 holds.
        let even = bytes >= ALIGNED;
        let rows_alike = even && sides.rows.parts(0).next().is_some_and(|part| lines(part.offsets));
        let columns_alike = even && sides.columns.parts(0).next().is_some_and(|part| lines(part.offsets));
        let crowded = kernel.crowded.filter(|_| {
            bytes >= FAR
                && sides.rows.parts(0).next().is_some_and(|part| part.offsets.iter().all(|offset| offset % SET == 0))
        });
        let kernel = crowded.map_or(kernel, |near| Kernel { near, past: None, ..kernel });
        let (reach, kernel) = match (bytes, kernel.past) {
            (STREAMED.., Some(past)) if columns_alike => (Reach::Past, past),
            (STREAMED.., _) => (Reach::Beyond, kernel.near),
            (FAR.., _) => (Reach::Far, kernel.near),
            _ => (Reach::Near, kernel.near),
        };
        Self { sides, unit, kernel, reach, rows_alike, columns_alike, waiting: None }
    }

    /// Items from this address to the first one that starts a cache line; `None` where none does.
    fn head(&self, address: usize, alike: bool) -> Option<usize> {
        if alike { steps_to_line(address, self.unit.cast_signed()) } else { None }
    }

    /// How many items a part of `width` has beyond one that ends with a cache line.
    fn shift(&self, address: usize, width: usize, alike: bool, side: usize) -> usize {
        let line = (LINE >> self.unit.trailing_zeros().min(LINE.trailing_zeros())).max(side);
        let head = self.head(address, alike).filter(|head| *head < width);
        head.and_then(|head| (width - head).checked_rem(line)).unwrap_or(0)
    }

    /// The plane of these rows and columns.
    fn plane(&self, src: *const u8, rows: &'s [Offset], dst: *mut u8, columns: &'s [Offset]) -> Plane<'s> {
        let head_rows = self.head(dst.addr(), self.columns_alike);
        let head_columns = self.head(src.addr(), self.rows_alike).unwrap_or(0);
        let reach = if self.reach == Reach::Past && head_rows.is_none() { Reach::Beyond } else { self.reach };
        Plane { src, rows, dst, columns, head_rows: head_rows.unwrap_or(0), head_columns, reach, next: (src, rows) }
    }

    /// Copies the planes of the two sides, except the last one, which waits.
    ///
    /// # Safety
    /// W1 to W4 for the items of the two sides, and for the plane that waits.
    unsafe fn copy(&mut self, src: *const u8, dst: *mut u8) {
        // SAFETY: the caller guarantees W1 to W4 for the two sides, and for the plane that waits.
        unsafe {
            match self.head(dst.addr(), self.columns_alike) {
                Some(head) if 0 < head && head <= self.sides.rows.offsets().1 => self.copy_turned(src, dst, head),
                _ => self.copy_parts(src, dst),
            }
        }
    }

    /// # Safety
    /// As [`copy`](Self::copy).
    unsafe fn copy_parts(&mut self, src: *const u8, dst: *mut u8) {
        let Sides { rows, columns } = self.sides;
        let row_shift = self.shift(dst.addr(), rows.width(), self.columns_alike, self.kernel.rows);
        let column_shift = self.shift(src.addr(), columns.width(), self.rows_alike, 1);
        for rows in rows.parts(row_shift) {
            for columns in columns.parts(column_shift) {
                let src = src.wrapping_offset(columns.src.wrapping_add(rows.src));
                let dst = dst.wrapping_offset(columns.dst.wrapping_add(rows.dst));
                // SAFETY: the caller guarantees W1 to W4 for the two sides, of which this plane is a part, and for the plane
                // that waits.
                unsafe { self.submit(self.plane(src, rows.offsets, dst, columns.offsets)) };
            }
        }
    }

    /// As [`copy_parts`](Self::copy_parts), where destination lines are adjacent: each starts `head` items later, at a cache
    /// line, and ends with the first items of the next one.
    ///
    /// # Safety
    /// As [`copy`](Self::copy).
    unsafe fn copy_turned(&mut self, src: *const u8, dst: *mut u8, head: usize) {
        let Sides { rows, columns } = self.sides;
        let (table, count) = (rows.offsets().0, rows.width());
        let (Some(start), Some((heads, _)), Some(turned)) =
            (rows.parts(0).next(), table.split_at_checked(head), table.get(head..head + count))
        else {
            return;
        };
        // As many of the rows that belong to their own column as make whole tiles, and the rows after them.
        let behind = count - head;
        let whole = behind - behind.checked_rem(self.kernel.rows).unwrap_or(0);
        let Some((own, mixed)) = turned.split_at_checked(whole) else { return };
        let unit = self.unit;
        let bytes = |items: usize| items * unit;
        let mut parts = columns.parts(self.shift(src.addr(), columns.width(), self.rows_alike, 1)).peekable();
        let mut heads = Some(heads);
        while let Some(part) = parts.next() {
            let src = src.wrapping_offset(part.src.wrapping_add(start.src));
            let dst = dst.wrapping_offset(part.dst.wrapping_add(start.dst));
            let columns = part.offsets;
            let last = columns.len() - 1;
            let (Some(first), Some((others, end))) = (columns.get(..1), columns.split_at_checked(last)) else { return };
            // SAFETY: the caller guarantees W1 to W4 for the two sides. Turned rows end in the next column; of the last column
            // only its own rows are copied.
            unsafe {
                if let Some(heads) = heads.take() {
                    self.submit(self.plane(src, heads, dst, first));
                }
                let dst = dst.wrapping_add(bytes(head));
                if parts.peek().is_some() {
                    self.submit(self.plane(src, turned, dst, columns));
                } else {
                    let below = dst.wrapping_add(bytes(whole));
                    self.submit(self.plane(src, own, dst, columns));
                    self.submit(self.plane(src, mixed, below, others));
                    let mixed = mixed.get(..behind - whole).unwrap_or(&[]);
                    self.submit(self.plane(src.wrapping_add(bytes(last)), mixed, below, end));
                }
            }
        }
    }

    /// Copies the plane that waits, and has this one wait.
    ///
    /// # Safety
    /// W1 to W4 for the items of both.
    unsafe fn submit(&mut self, plane: Plane<'s>) {
        if plane.rows.is_empty() || plane.columns.is_empty() {
            return;
        }
        if self.reach == Reach::Near {
            // SAFETY: the caller guarantees W1 to W4 for the plane; the kernel is for this level.
            return unsafe { driver::copy(self.kernel, &plane) };
        }
        if let Some(waiting) = self.waiting.replace(plane) {
            // SAFETY: the caller guarantees W1 to W4 for the plane that waited; the kernel is for this level.
            unsafe { driver::copy(self.kernel, &Plane { next: (plane.src, plane.rows), ..waiting }) };
        }
    }

    /// Copies the plane that waits.
    ///
    /// # Safety
    /// W1 to W4 for its items.
    unsafe fn finish(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            // SAFETY: the caller guarantees W1 to W4 for the plane that waited; the kernel is for this level.
            unsafe { driver::copy(self.kernel, &waiting) };
        }
        if self.reach == Reach::Past {
            stream_end();
        }
    }
}
