//! Planes of two axes, without tables: the strides stay in registers, and squares cover the plane as it is.
//!
//! Planes that the caches hold are copied so, since filling two tables takes longer than tiles of whole cache lines save.

use super::squares::Square;
use super::tables::{DirectPlane, Lines};

/// A square of a plane.
#[derive(Clone, Copy)]
struct DirectSquare {
    src: *const u8,
    by_row: isize,
    dst: *mut u8,
    by_column: isize,
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
/// As [`CopyDirect`](super::tables::CopyDirect); the processor has the instructions of `S`.
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
            unsafe { S::square(DirectSquare { src, by_row, dst, by_column }) };
            column += S::SIDE;
        }
        row += S::SIDE;
    }
}
