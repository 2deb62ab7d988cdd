//! Planes in which the two operands disagree about the fastest axis: transposes, of two axes or of many.
//!
//! A plane has source lines (rows), each of them contiguous, and destination lines (columns), each of them contiguous: item
//! (row, column) is at `rows[row] + column * UNIT` of the first operand and at `columns[column] + row * UNIT` of the second.
//! The two tables of offsets are what makes one kernel serve any number of axes. A plane is copied in tiles of one cache
//! line each way, so that every line that is fetched is used up, and every line that is written is written whole.

use super::prefetch::{SECOND, prefetch};

/// A plane, and how to go about it.
#[derive(Clone, Copy)]
pub(super) struct Plane<'t> {
    pub(super) src: *const u8,
    /// For each source line, where it begins, from `src`.
    pub(super) rows: &'t [isize],
    pub(super) dst: *mut u8,
    /// For each destination line, where it begins, from `dst`.
    pub(super) columns: &'t [isize],
    /// Whether the memory is more than the caches near the processor hold: what comes next is fetched ahead.
    pub(super) far: bool,
    /// Rows before the first one at which lines of the destination begin in the cache, too; 0 where they never all do.
    pub(super) head_rows: usize,
    /// The same for columns and lines of the source.
    pub(super) head_columns: usize,
    /// Whether whole lines are written past the caches. They all are aligned then behind the first rows.
    pub(super) stream: bool,
}

/// What copies planes of items of one size.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    /// It may be called where the processor has its instructions, with W1 to W4 for the items of the plane.
    pub(super) run: unsafe fn(&Plane<'_>),
    /// Whether it can write lines past the caches: the rows of a tile fill lines, and there are instructions for it.
    pub(super) whole_lines: bool,
}

/// Bytes of a line of the cache.
pub(super) const LINE: usize = 64;

/// How many steps of so many bytes it takes from an address to where a line of the cache begins; `None` where that is never
/// so.
pub(super) fn steps_to_line(address: usize, step: isize) -> Option<usize> {
    let missing = address.wrapping_neg() % LINE;
    let twos = step.trailing_zeros().min(LINE.trailing_zeros());
    // The odd part of the step has an inverse, modulo 64 this one.
    let odd = step.cast_unsigned() >> twos;
    let inverse = odd.wrapping_mul(2_usize.wrapping_sub(odd.wrapping_mul(odd)));
    let steps = (missing >> twos).wrapping_mul(inverse) % (LINE >> twos).max(1);
    let reached = address.wrapping_add_signed(step.wrapping_mul(steps.cast_signed()));
    reached.is_multiple_of(LINE).then_some(steps)
}

/// A kernel for tiles of one size. Its functions are inlined into one that has the instructions that they need.
pub(super) trait Tile {
    /// Bytes of an item.
    const UNIT: usize;
    /// Source lines of a tile, and items of a destination line.
    const ROWS: usize;
    /// Destination lines of a tile, and items of a source line.
    const COLUMNS: usize;

    /// Copies a whole tile. `STREAM` says to write past the caches, for which destination lines are aligned.
    ///
    /// # Safety
    /// W1 to W4 for the items of `ROWS` rows and `COLUMNS` columns; the processor has the instructions.
    unsafe fn whole<const STREAM: bool>(src: *const u8, rows: *const isize, dst: *mut u8, columns: *const isize);

    /// Copies a part of a tile, of at most `ROWS` rows and `COLUMNS` columns.
    ///
    /// # Safety
    /// As `whole`, for the items that there are.
    #[inline(always)]
    unsafe fn part(src: *const u8, rows: &[isize], dst: *mut u8, columns: &[isize]) {
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
pub(super) unsafe fn items<const UNIT: usize>(src: *const u8, rows: &[isize], dst: *mut u8, columns: &[isize]) {
    let mut from = src;
    for &column in columns {
        let mut to = dst.wrapping_offset(column);
        for &row in rows {
            // SAFETY: W1 and W2; an array of bytes needs no alignment.
            unsafe { to.cast::<[u8; UNIT]>().write(from.wrapping_offset(row).cast::<[u8; UNIT]>().read()) };
            to = to.wrapping_add(UNIT);
        }
        from = from.wrapping_add(UNIT);
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
        match (plane.stream, plane.far) {
            (true, _) => tiles::<T, true, true>(plane),
            (false, true) => tiles::<T, true, false>(plane),
            (false, false) => tiles::<T, false, false>(plane),
        }
    }
}

/// # Safety
/// As [`run`].
#[inline(always)]
unsafe fn tiles<T: Tile, const FAR: bool, const STREAM: bool>(plane: &Plane<'_>) {
    let (head, rows) = plane.rows.split_at_checked(plane.head_rows).unwrap_or((plane.rows, &[]));
    let (first, others) = plane.columns.split_at_checked(plane.head_columns).unwrap_or((plane.columns, &[]));
    // SAFETY: the function's contract: all tiles lie within the plane.
    let tile = |rows: &[isize], columns: &[isize], src: *const u8, dst: *mut u8| unsafe {
        if rows.len() == T::ROWS && columns.len() == T::COLUMNS {
            T::whole::<STREAM>(src, rows.as_ptr(), dst, columns.as_ptr());
        } else {
            T::part(src, rows, dst, columns);
        }
    };
    let row_tiles = || head.chunks(T::ROWS).chain(rows.chunks(T::ROWS));
    let column_tiles = || first.chunks(T::COLUMNS).chain(others.chunks(T::COLUMNS));
    let bytes = |side: &[isize]| side.len().wrapping_mul(T::UNIT);
    if STREAM {
        // Lines of few pages are written in turn.
        let right = bytes(plane.columns);
        let mut dst = plane.dst;
        for rows in row_tiles() {
            let mut src = plane.src;
            for columns in column_tiles() {
                fetch(src.wrapping_add(right), rows);
                tile(rows, columns, src, dst);
                src = src.wrapping_add(bytes(columns));
            }
            dst = dst.wrapping_add(bytes(rows));
        }
    } else {
        // Lines are written one behind the other.
        let mut src = plane.src;
        for columns in column_tiles() {
            let right = bytes(columns);
            let mut dst = plane.dst;
            for rows in row_tiles() {
                if FAR {
                    fetch(src.wrapping_add(right), rows);
                }
                tile(rows, columns, src, dst);
                dst = dst.wrapping_add(bytes(rows));
            }
            src = src.wrapping_add(right);
        }
    }
}

/// Has these rows fetched to the second cache, from `src` on: to the right of the columns that are copied, whose turn comes
/// after all rows.
#[inline(always)]
fn fetch(src: *const u8, rows: &[isize]) {
    for &row in rows {
        prefetch::<SECOND>(src.wrapping_offset(row));
    }
}

/// A tile for any machine: item by item, all lines in the cache.
struct Portable<const UNIT: usize>;

impl<const UNIT: usize> Tile for Portable<UNIT> {
    const UNIT: usize = UNIT;
    const ROWS: usize = if UNIT > LINE / 4 { 4 } else { LINE / UNIT };
    const COLUMNS: usize = Self::ROWS;

    #[inline(always)]
    unsafe fn whole<const STREAM: bool>(src: *const u8, rows: *const isize, dst: *mut u8, columns: *const isize) {
        // SAFETY: the function's contract: the tables have that many entries.
        unsafe {
            let rows = core::slice::from_raw_parts(rows, Self::ROWS);
            let columns = core::slice::from_raw_parts(columns, Self::COLUMNS);
            items::<UNIT>(src, rows, dst, columns);
        }
    }
}

/// The function for items of this size on any machine.
pub(super) fn portable(unit: usize) -> Option<Kernel> {
    let run = match unit {
        1 => run::<Portable<1>>,
        2 => run::<Portable<2>>,
        3 => run::<Portable<3>>,
        4 => run::<Portable<4>>,
        6 => run::<Portable<6>>,
        8 => run::<Portable<8>>,
        12 => run::<Portable<12>>,
        16 => run::<Portable<16>>,
        24 => run::<Portable<24>>,
        32 => run::<Portable<32>>,
        _ => return None,
    };
    Some(Kernel { run, whole_lines: false })
}
