//! Planes in parts.

use crate::layout::{Axis, Step};

/// Calls `act` with each part of a plane, of at most so many rows and columns, row by row, and with the addresses of its first
/// pair, until it fails.
///
/// # Safety
/// `act` may be called with each part of the plane.
#[inline(always)]
pub(super) unsafe fn each_part<E>(
    [rows, line]: [Axis; 2],
    [height, width]: [usize; 2],
    (src, dst): (*const u8, *mut u8),
    mut act: impl FnMut([Axis; 2], (*const u8, *mut u8)) -> Result<(), E>,
) -> Result<(), E> {
    let (all, columns) = (rows.len.unsigned_abs(), line.len.unsigned_abs());
    for row in (0..all).step_by(height.max(1)) {
        for column in (0..columns).step_by(width.max(1)) {
            let at = |row_step: Step, step: Step| {
                let down = row_step.stride.wrapping_mul(row.cast_signed());
                down.wrapping_add(step.stride.wrapping_mul(column.cast_signed()))
            };
            let part = [part_of(rows, height.min(all - row)), part_of(line, width.min(columns - column))];
            let src = src.wrapping_offset(at(rows.src, line.src));
            act(part, (src, dst.wrapping_offset(at(rows.dst, line.dst))))?;
        }
    }
    Ok(())
}

fn part_of(axis: Axis, len: usize) -> Axis {
    Axis { len: len.cast_signed(), ..axis }
}
