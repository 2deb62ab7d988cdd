//! What a micro-kernel is: the functions that copy tiles of one size at one level, and the tile that they are given.
//!
//! There is one driver (`driver.rs`) for all of them. It calls a micro-kernel for a whole column of tiles, so that the call
//! through a pointer costs little even where tiles are small.

use crate::kernels::prefetch::{LINE, SECOND, prefetch};
use crate::layout::Offset;

/// The lines of a tile, or of several tiles one below the other. Item (row, column) is at `rows[row] + column * unit` of the
/// first operand and at `columns[column] + row * unit` of the second.
#[derive(Clone, Copy)]
pub(super) struct Tile<'t> {
    pub(super) src: *const u8,
    /// For each source line, where it starts, from `src`.
    pub(super) rows: &'t [Offset],
    pub(super) dst: *mut u8,
    /// For each destination line, where it starts, from `dst`.
    pub(super) columns: &'t [Offset],
}

/// Where the lines of a square start.
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    allow(dead_code, reason = "there are no vectors that lines are loaded to")
)]
pub(super) trait Lines: Copy {
    /// Where a source line starts.
    ///
    /// # Safety
    /// The square has the row.
    unsafe fn from(&self, row: usize) -> *const u8;

    /// Where a destination line starts.
    ///
    /// # Safety
    /// The square has the column.
    unsafe fn to(&self, column: usize) -> *mut u8;
}

#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    allow(dead_code, reason = "there are no vectors that lines are loaded to")
)]
impl<'t> Tile<'t> {
    /// The first rows, at most so many, and those below them.
    #[inline(always)]
    pub(super) fn split_rows(self, count: usize, unit: usize) -> (Self, Self) {
        let (rows, others) = self.rows.split_at_checked(count).unwrap_or((self.rows, &[]));
        let below = self.dst.wrapping_add(rows.len() * unit);
        (Self { rows, ..self }, Self { rows: others, dst: below, ..self })
    }

    /// The first columns, at most so many, and those to the right of them.
    #[inline(always)]
    pub(super) fn split_columns(self, count: usize, unit: usize) -> (Self, Self) {
        let (columns, others) = self.columns.split_at_checked(count).unwrap_or((self.columns, &[]));
        let right = self.src.wrapping_add(columns.len() * unit);
        (Self { columns, ..self }, Self { columns: others, src: right, ..self })
    }

    /// The tiles of `rows` rows each, one below the other; rows that do not fill a tile are left out.
    #[inline(always)]
    pub(super) fn tiles(self, rows: usize, unit: usize) -> impl Iterator<Item = Self> {
        let mut dst = self.dst;
        self.rows.chunks_exact(rows).map(move |rows| {
            let tile = Self { rows, dst, ..self };
            dst = dst.wrapping_add(rows.len() * unit);
            tile
        })
    }
}

impl Lines for Tile<'_> {
    #[inline(always)]
    unsafe fn from(&self, row: usize) -> *const u8 {
        // SAFETY: the caller guarantees that the tile, and so the table, has the row.
        self.src.wrapping_offset(unsafe { *self.rows.get_unchecked(row) } as isize)
    }

    #[inline(always)]
    unsafe fn to(&self, column: usize) -> *mut u8 {
        // SAFETY: the caller guarantees that the tile, and so the table, has the column.
        self.dst.wrapping_offset(unsafe { *self.columns.get_unchecked(column) } as isize)
    }
}

/// A plane, and how it is copied.
#[derive(Clone, Copy)]
pub(super) struct Plane<'t> {
    pub(super) src: *const u8,
    /// For each source line, where it starts, from `src`.
    pub(super) rows: &'t [Offset],
    pub(super) dst: *mut u8,
    /// For each destination line, where it starts, from `dst`.
    pub(super) columns: &'t [Offset],
    /// Rows before the first one at which destination lines start where cache lines do; 0 where they never all do.
    pub(super) head_rows: usize,
    /// Columns before the first one at which source lines start where cache lines do; 0 where they never all do.
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
    /// They do not: what comes next is prefetched.
    Far,
    /// No cache does.
    Beyond,
    /// No cache does, and whole lines are written with non-temporal stores. They all are aligned after the first rows.
    Past,
}

/// Copies whole tiles: any number of times the rows of one, and its columns. It has something prefetched for each of them. It may
/// be called at the level that it is for, with W1 to W4 for the items of the tiles.
pub(super) type Whole = unsafe fn(&Tile<'_>, &mut Ahead);

/// Copies a part of a tile, at most its rows and columns; the flag says that it may use non-temporal stores for whole lines, which
/// are aligned then. It may be called as a [`Whole`].
pub(super) type CopyPart = unsafe fn(&Tile<'_>, bool);

/// Drives a micro-kernel over a plane that is not streamed, in blocks of so many bytes of a destination line.
pub(super) type OwnDriver = unsafe fn(&MicroKernel, &Plane<'_>, usize);

/// A micro-kernel for tiles of one size.
pub(super) struct MicroKernel {
    /// Bytes of an item.
    pub(super) unit: usize,
    /// Source lines of a tile, and items of a destination line.
    pub(super) rows: usize,
    /// Destination lines of a tile, and items of a source line.
    pub(super) columns: usize,
    /// How often `whole` prefetches something for each tile.
    pub(super) steps: usize,
    pub(super) whole: Whole,
    /// The same with non-temporal stores, for aligned destination lines, where the level has such stores and the rows of a tile
    /// fill cache lines.
    pub(super) streamed: Option<Whole>,
    pub(super) part: CopyPart,
    /// A driver of its own, with which `whole` is inlined; `None` where the common one is as fast.
    pub(super) own_driver: Option<OwnDriver>,
    /// What copies planes of fewer rows than a tile has; `None` where this one does.
    pub(super) smaller: Option<&'static MicroKernel>,
}

impl MicroKernel {
    /// Tiles of `side` items of `unit` bytes each way, each copied in one go.
    pub(super) const fn square(
        unit: usize,
        side: usize,
        whole: Whole,
        streamed: Option<Whole>,
        part: CopyPart,
    ) -> Self {
        Self { unit, rows: side, columns: side, steps: 1, whole, streamed, part, own_driver: None, smaller: None }
    }

    /// Copies any number of rows of some columns, at most those of a tile.
    ///
    /// # Safety
    /// W1 to W4 for the items; the level is the micro-kernel's; where it is to `stream`, destination lines are aligned.
    pub(super) unsafe fn copy(&self, mut tile: Tile<'_>, stream: bool) {
        let rows = tile.rows.len();
        if tile.columns.len() == self.columns && rows >= self.rows {
            let (tiles, below) = tile.split_rows(rows - rows.checked_rem(self.rows).unwrap_or(0), self.unit);
            let whole = self.streamed.filter(|_| stream).unwrap_or(self.whole);
            // SAFETY: the caller guarantees W1 to W4 for the items, the level, and aligned lines where it is to `stream`; these
            // are whole tiles.
            unsafe { whole(&tiles, &mut Ahead::nothing()) };
            tile = below;
        }
        while !tile.rows.is_empty() {
            let (part, below) = tile.split_rows(self.rows, self.unit);
            // SAFETY: the caller guarantees W1 to W4 for the items, the level, and aligned lines where it is to `stream`; this
            // is at most a tile.
            unsafe { (self.part)(&part, stream) };
            tile = below;
        }
    }
}

/// A plane of two axes: item (row, column) is at `src + row * by_row + column * unit` of the first operand and at
/// `dst + column * by_column + row * unit` of the second.
#[cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    allow(dead_code, reason = "there are no vectors that lines are loaded to")
)]
#[derive(Clone, Copy)]
pub(super) struct DirectPlane {
    pub(super) src: *const u8,
    pub(super) by_row: isize,
    pub(super) rows: usize,
    pub(super) dst: *mut u8,
    pub(super) by_column: isize,
    pub(super) columns: usize,
}

/// Copies a plane that has at least as many rows and columns as the kernel's squares. It may be called at the level that it is for,
/// with W1 to W4 for the items.
pub(super) type CopyDirect = unsafe fn(&DirectPlane);

/// The kernel of a level for items of one size.
#[derive(Clone, Copy)]
pub(super) struct DirectKernel {
    pub(super) copy: CopyDirect,
    /// The fewest rows and columns.
    pub(super) side: usize,
}

/// What copies planes of items of one size.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    pub(super) near: &'static MicroKernel,
    /// The same for planes that are written with non-temporal stores, where that is possible.
    pub(super) past: Option<&'static MicroKernel>,
    /// The same for planes too large for L2, the rows of which all start in one set of L1; `None` where those above do.
    pub(super) crowded: Option<&'static MicroKernel>,
    /// What copies planes of two axes that the caches hold, without tables.
    pub(super) direct: Option<DirectKernel>,
}

impl Kernel {
    /// The micro-kernels of a level for items of this size: those of the first table, and for planes that are streamed those of
    /// the second one, where it has any.
    pub(super) fn find(near: &'static [MicroKernel], past: &'static [MicroKernel], unit: usize) -> Option<Self> {
        let of_unit = |table: &'static [MicroKernel]| table.iter().find(|kernel| kernel.unit == unit);
        let near = of_unit(near)?;
        let past = of_unit(past).or(Some(near).filter(|near| near.streamed.is_some()));
        Some(Self { near, past, crowded: None, direct: None })
    }
}

/// Source lines that are to be prefetched to L2.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    pub(super) src: *const u8,
    pub(super) rows: *const Offset,
    pub(super) left: usize,
    /// How many cache lines of each of them.
    pub(super) lines: usize,
    /// How many of them at a time.
    pub(super) share: usize,
}

impl Ahead {
    /// No lines.
    pub(super) fn nothing() -> Self {
        Self { src: core::ptr::null(), rows: core::ptr::null(), left: 0, lines: 0, share: 0 }
    }

    /// Prefetches some more of them.
    #[inline(always)]
    pub(super) fn step(&mut self) {
        for _ in 0..self.share.min(self.left) {
            // SAFETY: so many rows are left in the table.
            let row = self.src.wrapping_offset(unsafe { *self.rows } as isize);
            for line in 0..self.lines {
                prefetch::<SECOND>(row.wrapping_add(line * LINE));
            }
            self.rows = self.rows.wrapping_add(1);
            self.left -= 1;
        }
    }
}
