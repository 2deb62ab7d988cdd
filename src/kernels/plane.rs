//! Two axes of any steps, item by item. What is left when nothing better fits, and what the other kernels leave over.

use crate::layout::Axis;

/// The two innermost axes of a walk; an axis that is not there has one item.
#[derive(Clone, Copy)]
pub(super) struct Plane {
    rows: Steps,
    line: Steps,
    unit: usize,
}

/// A direct axis. (An [`Axis`] is copied field by field: it has just been written so, and must not wait for that.)
#[derive(Clone, Copy)]
struct Steps {
    len: isize,
    src: isize,
    dst: isize,
}

impl Steps {
    fn of(axis: &Axis) -> Self {
        Self { len: axis.len, src: axis.src.stride, dst: axis.dst.stride }
    }
}

/// Items along each side of a tile: as many as one 64-byte line of the cache holds, within reason.
const fn tile_side(unit: usize) -> isize {
    match unit {
        0..=2 => 32,
        3..=4 => 16,
        5..=8 => 8,
        _ => 4,
    }
}

impl Plane {
    pub(super) fn new(axes: &[Axis], unit: usize) -> Self {
        let single = Steps { len: 1, src: 0, dst: 0 };
        match axes {
            [rows, line, ..] => Self { rows: Steps::of(rows), line: Steps::of(line), unit },
            [line] => Self { rows: single, line: Steps::of(line), unit },
            [] => Self { rows: single, line: single, unit },
        }
    }

    /// The plane from the item with these indices on, of so many rows.
    ///
    /// # Safety
    /// W1 to W4 for the walk over the two axes.
    pub(super) unsafe fn copy(&self, src: *const u8, dst: *mut u8, tiled: bool) {
        // SAFETY: the function's contract, passed on; a constant unit is the unit itself.
        unsafe {
            match self.unit {
                1 => self.run::<1>(src, dst, tiled),
                2 => self.run::<2>(src, dst, tiled),
                3 => self.run::<3>(src, dst, tiled),
                4 => self.run::<4>(src, dst, tiled),
                6 => self.run::<6>(src, dst, tiled),
                8 => self.run::<8>(src, dst, tiled),
                12 => self.run::<12>(src, dst, tiled),
                16 => self.run::<16>(src, dst, tiled),
                24 => self.run::<24>(src, dst, tiled),
                32 => self.run::<32>(src, dst, tiled),
                _ => self.blocks(src, dst),
            }
        }
    }

    /// # Safety
    /// As `copy`, and `UNIT` is the unit.
    unsafe fn run<const UNIT: usize>(&self, src: *const u8, dst: *mut u8, tiled: bool) {
        if !tiled {
            // SAFETY: the function's contract.
            return unsafe { self.part::<UNIT>(src, dst, self.rows.len, self.line.len) };
        }
        let side = tile_side(UNIT);
        let mut row = 0;
        while row < self.rows.len {
            let rows = side.min(self.rows.len - row);
            let mut column = 0;
            while column < self.line.len {
                let columns = side.min(self.line.len - column);
                let at = |axes: fn(&Steps) -> isize| row * axes(&self.rows) + column * axes(&self.line);
                // SAFETY: the part lies within both axes, so the contract covers it.
                unsafe {
                    self.part::<UNIT>(
                        src.wrapping_offset(at(|axis| axis.src)),
                        dst.wrapping_offset(at(|axis| axis.dst)),
                        rows,
                        columns,
                    );
                }
                column += columns;
            }
            row += rows;
        }
    }

    /// Copies the first `rows` times `columns` units, in index order.
    ///
    /// # Safety
    /// As `run`, and the counts are within the axes.
    unsafe fn part<const UNIT: usize>(&self, src: *const u8, dst: *mut u8, rows: isize, columns: isize) {
        let (mut src_row, mut dst_row) = (src, dst);
        for _ in 0..rows {
            let (mut from, mut to) = (src_row, dst_row);
            for _ in 0..columns {
                // SAFETY: W1 and W2: `from` and `to` belong to an index tuple; an array of bytes needs no alignment.
                unsafe { to.cast::<[u8; UNIT]>().write(from.cast::<[u8; UNIT]>().read()) };
                from = from.wrapping_offset(self.line.src);
                to = to.wrapping_offset(self.line.dst);
            }
            src_row = src_row.wrapping_offset(self.rows.src);
            dst_row = dst_row.wrapping_offset(self.rows.dst);
        }
    }

    /// Copies units of any size, each a block.
    ///
    /// # Safety
    /// As `copy`.
    unsafe fn blocks(&self, src: *const u8, dst: *mut u8) {
        for row in 0..self.rows.len {
            for column in 0..self.line.len {
                let from = src
                    .wrapping_offset(row.wrapping_mul(self.rows.src))
                    .wrapping_offset(column.wrapping_mul(self.line.src));
                let to = dst
                    .wrapping_offset(row.wrapping_mul(self.rows.dst))
                    .wrapping_offset(column.wrapping_mul(self.line.dst));
                // SAFETY: W1 and W2 for an index tuple; W4: the two do not overlap.
                unsafe { core::ptr::copy_nonoverlapping(from, to, self.unit) };
            }
        }
    }
}
