//! Planes of two axes, without tables: the strides stay in registers, and squares cover the plane as it is.
//!
//! Planes that the caches hold are copied so, since filling two tables takes longer than tiles of whole cache lines save.

use super::squares::Square;

/// A plane of two axes: item (row, column) is at `src + row * by_row + column * unit` of the first operand and at
/// `dst + column * by_column + row * unit` of the second.
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

/// A square of a plane.
#[derive(Clone, Copy)]
struct DirectSquare {
    src: *const u8,
    by_row: isize,
    dst: *mut u8,
    by_column: isize,
}

/// Where the lines of a square start.
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

impl Lines for DirectSquare {
    #[inline(always)]
    unsafe fn from(&self, row: usize) -> *const u8 {
        self.src.wrapping_offset(self.by_row.wrapping_mul(row.cast_signed()))
    }

    #[inline(always)]
    unsafe fn to(&self, column: usize) -> *mut u8 {
        self.dst.wrapping_offset(self.by_column.wrapping_mul(column.cast_signed()))
    }
}

/// Copies a plane in squares, those of one row of squares after the other. The last ones along a side start earlier and copy some
/// items twice.
///
/// # Safety
/// As [`CopyDirect`]; the processor has the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn copy<S: Square<UNIT>, const UNIT: usize>(plane: &DirectPlane) {
    let DirectPlane { src, by_row, rows, dst, by_column, columns } = *plane;
    let (last_row, last_column) = (rows.saturating_sub(S::SIDE), columns.saturating_sub(S::SIDE));
    let mut row = 0;
    while row < rows {
        let top = row.min(last_row);
        let src = src.wrapping_offset(by_row.wrapping_mul(top.cast_signed()));
        let dst = dst.wrapping_add(top * UNIT);
        let mut column = 0;
        while column < columns {
            let left = column.min(last_column);
            let src = src.wrapping_add(left * UNIT);
            let dst = dst.wrapping_offset(by_column.wrapping_mul(left.cast_signed()));
            // SAFETY: the caller guarantees W1 to W4 for the plane, in which the square lies, since neither side is shorter,
            // and the instructions.
            unsafe { S::square::<_, false>(DirectSquare { src, by_row, dst, by_column }) };
            column += S::SIDE;
        }
        row += S::SIDE;
    }
}
