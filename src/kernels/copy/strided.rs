//! Two axes of any strides, item by item: for planes that no other kernel takes, and for what the other kernels leave over.

use crate::kernels::page_rule::may_cover;
use crate::kernels::prefetch::LINE;
use crate::layout::{Axis, Small, SmallAxis, SmallPlane};

use super::reversed::{is_reversible, reverse};

/// The two innermost axes of a walk; a missing axis has one item.
#[derive(Clone, Copy)]
pub(super) struct StridedPlane {
    pub(super) rows: PlaneAxis,
    pub(super) line: PlaneAxis,
    pub(super) unit: usize,
}

/// Copies a part of a plane.
type CopyRows = unsafe fn(&StridedPlane, *const u8, *mut u8, isize, isize);

/// A direct axis. (An [`Axis`] is read field by field, as it has just been written: a wider load would wait for these stores.)
type PlaneAxis = SmallAxis;

fn direct(axis: &Axis) -> PlaneAxis {
    PlaneAxis { len: axis.len, src: axis.src.stride, dst: axis.dst.stride }
}

/// Items of a line from which on it is long.
const LONG_LINE: isize = 16;

/// Three times a step, which the compiler does not know: else it would make the address of each item of that of the one before it, one
/// after the other, which takes longer than copying them.
#[inline(never)]
const fn thrice(step: isize) -> isize {
    step.wrapping_mul(3)
}

/// Lines near each other that are copied together.
const NEAR_LINES: isize = 64;

/// Items along each side of a tile: as many as one 64-byte cache line holds, within limits.
const fn tile_side(unit: usize) -> isize {
    match unit {
        0..=2 => 32,
        3..=4 => 16,
        5..=8 => 8,
        _ => 4,
    }
}

impl StridedPlane {
    pub(super) fn new(axes: &[Axis], unit: usize) -> Self {
        match axes {
            [rows, line, ..] => Self { rows: direct(rows), line: direct(line), unit },
            [line] => Self { rows: PlaneAxis::SINGLE, line: direct(line), unit },
            [] => Self { rows: PlaneAxis::SINGLE, line: PlaneAxis::SINGLE, unit },
        }
    }

    /// A small walk over two axes.
    #[inline(always)]
    pub(super) const fn of_plane(plane: &SmallPlane) -> Self {
        let &SmallPlane { rows, line, unit } = plane;
        Self { rows, line, unit }
    }

    /// The two innermost axes of a small walk.
    #[inline]
    pub(super) fn of_small(small: &Small<'_>) -> Self {
        let (rows, line) = match (small.shape, small.src, small.dst) {
            (&[.., rows, line], &[.., src_row, src], &[.., dst_row, dst]) => {
                (PlaneAxis { len: rows, src: src_row, dst: dst_row }, PlaneAxis { len: line, src, dst })
            }
            (&[len], &[src], &[dst]) => (PlaneAxis::SINGLE, PlaneAxis { len, src, dst }),
            _ => (PlaneAxis::SINGLE, PlaneAxis::SINGLE),
        };
        Self { rows, line, unit: small.unit }
    }

    /// Where the items of lines are adjacent in both operands, forwards in one and backwards in the other: the same plane with
    /// lines that run forwards in the second operand, and the distance to their first items.
    fn turned(&self, unit: isize) -> Option<(isize, Self)> {
        let PlaneAxis { len, src, dst } = self.line;
        let from = match (src, dst) {
            // The smallest `isize` is its own negative.
            _ if src != dst.wrapping_neg() => return None,
            _ if dst == unit => 0,
            _ if src == unit => unit * (len - 1),
            _ => return None,
        };
        Some((from, Self { line: PlaneAxis { len, src: -unit, dst: unit }, ..*self }))
    }

    /// Whether lines are short, and so near each other that one item of many lines takes less time than all items of one, as in
    /// pixels. Where items of the second operand share memory, the order is kept.
    fn has_near_lines(&self) -> bool {
        let is_near = |stride: isize| stride.unsigned_abs() <= LINE;
        let reach = |axis: &PlaneAxis| (axis.len.unsigned_abs() - 1).saturating_mul(axis.dst.unsigned_abs());
        matches!(self.line.len, 2..=3)
            && self.rows.len >= 16
            && is_near(self.rows.src)
            && is_near(self.rows.dst)
            && (self.rows.dst.unsigned_abs() >= reach(&self.line).saturating_add(self.unit)
                || self.line.dst.unsigned_abs() >= reach(&self.rows).saturating_add(self.unit))
    }

    /// The same plane, lines being rows.
    fn across(&self) -> Self {
        Self { rows: self.line, line: self.rows, ..*self }
    }

    /// Copies the plane.
    ///
    /// # Safety
    /// W1 to W4 for the walk over the two axes.
    pub(super) unsafe fn copy(&self, src: *const u8, dst: *mut u8, tiled: bool) {
        // SAFETY: the caller guarantees W1 to W4 for the plane; each constant is the unit.
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
            if is_reversible::<UNIT>(self.line.len.unsigned_abs())
                && let Some((from, turned)) = self.turned(UNIT.cast_signed())
            {
                // SAFETY: the caller guarantees W1 to W4 for the plane; these are the same lines from the other end.
                return unsafe { turned.backwards::<UNIT>(src.wrapping_offset(from), dst.wrapping_offset(-from)) };
            }
            if UNIT == 1
                && let Some((from, to, pixels)) = self.reversed_pixels()
            {
                // SAFETY: the caller guarantees W1 to W4 for the plane; these are its lines, each an item, from the end written first.
                return unsafe { pixels.threes::<true>(src.wrapping_offset(from), dst.wrapping_offset(to)) };
            }
            if UNIT == 3
                && let Some((from, turned)) = self.overlapping()
            {
                // SAFETY: the caller guarantees W1 to W4 for the plane; these are the same lines from the end written first.
                return unsafe { turned.threes::<false>(src.wrapping_offset(from), dst.wrapping_offset(-from)) };
            }
            if self.has_near_lines() {
                // SAFETY: the caller guarantees W1 to W4 for the plane, which is the same with its axes exchanged.
                return unsafe { self.across().tiles(NEAR_LINES, Self::part::<UNIT>, src, dst) };
            }
            // SAFETY: the caller guarantees W1 to W4 for the plane, all of which is copied.
            return unsafe { self.part::<UNIT>(src, dst, self.rows.len, self.line.len) };
        }
        // SAFETY: the caller guarantees W1 to W4 for the plane; `part` is for the same unit.
        unsafe { self.tiles(tile_side(UNIT), Self::part::<UNIT>, src, dst) }
    }

    /// Copies the plane in tiles of `side` units each way.
    ///
    /// # Safety
    /// As `run`; `part` is [`part`](Self::part) for the unit.
    // Not inlined: planes without tiles are mostly small, and their code stays together.
    #[inline(never)]
    unsafe fn tiles(&self, side: isize, part: CopyRows, src: *const u8, dst: *mut u8) {
        let mut row = 0;
        while row < self.rows.len {
            let rows = side.min(self.rows.len - row);
            let mut column = 0;
            while column < self.line.len {
                let columns = side.min(self.line.len - column);
                let at = |axes: fn(&PlaneAxis) -> isize| row * axes(&self.rows) + column * axes(&self.line);
                // SAFETY: the part lies within both axes, so the contract covers it.
                unsafe {
                    part(
                        self,
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
        if matches!(UNIT, 1 | 2 | 4 | 8) && columns >= LONG_LINE {
            // SAFETY: the caller passes on the contract.
            return unsafe { self.long_lines::<UNIT>(src, dst, rows, columns) };
        }
        let (by_src, by_dst) = (self.line.src, self.line.dst);
        let (mut src_row, mut dst_row) = (src, dst);
        for _ in 0..rows {
            let (mut from, mut to) = (src_row, dst_row);
            let mut item = || {
                // SAFETY: W1 and W2: `from` and `to` belong to an index tuple; an array of bytes needs no alignment.
                unsafe { to.cast::<[u8; UNIT]>().write(from.cast::<[u8; UNIT]>().read()) };
                from = from.wrapping_offset(by_src);
                to = to.wrapping_offset(by_dst);
            };
            // Many lines are short, and a loop of few rounds takes more time than its items.
            let mut left = columns;
            while left >= 4 {
                item();
                item();
                item();
                item();
                left -= 4;
            }
            if left > 0 {
                item();
            }
            if left > 1 {
                item();
            }
            if left > 2 {
                item();
            }
            src_row = src_row.wrapping_offset(self.rows.src);
            dst_row = dst_row.wrapping_offset(self.rows.dst);
        }
    }

    /// As [`part`](Self::part), for long lines.
    ///
    /// # Safety
    /// As it.
    #[inline(never)]
    unsafe fn long_lines<const UNIT: usize>(&self, src: *const u8, dst: *mut u8, rows: isize, columns: isize) {
        let (by_src, by_dst) = (self.line.src, self.line.dst);
        let (third_src, third_dst) = (thrice(by_src), thrice(by_dst));
        let (mut src_row, mut dst_row) = (src, dst);
        for _ in 0..rows {
            let (mut from, mut to) = (src_row, dst_row);
            let item = |from: *const u8, to: *mut u8| {
                // SAFETY: W1 and W2: `from` and `to` belong to an index tuple; an array of bytes needs no alignment.
                unsafe { to.cast::<[u8; UNIT]>().write(from.cast::<[u8; UNIT]>().read()) };
            };
            for _ in 0..columns / 4 {
                item(from, to);
                item(from.wrapping_offset(by_src), to.wrapping_offset(by_dst));
                item(from.wrapping_offset(by_src.wrapping_mul(2)), to.wrapping_offset(by_dst.wrapping_mul(2)));
                item(from.wrapping_offset(third_src), to.wrapping_offset(third_dst));
                from = from.wrapping_offset(by_src.wrapping_mul(4));
                to = to.wrapping_offset(by_dst.wrapping_mul(4));
            }
            // SAFETY: W1 and W2: what is left of the line.
            unsafe { self.part::<UNIT>(from, to, 1, columns % 4) };
            src_row = src_row.wrapping_offset(self.rows.src);
            dst_row = dst_row.wrapping_offset(self.rows.dst);
        }
    }

    /// Copies lines whose items are adjacent in both operands, backwards in the first and forwards in the second.
    ///
    /// # Safety
    /// As `run`, for lines of these steps, whose items are [reversible](is_reversible).
    unsafe fn backwards<const UNIT: usize>(&self, src: *const u8, dst: *mut u8) {
        let (mut end, mut to) = (src.wrapping_add(UNIT), dst);
        for _ in 0..self.rows.len {
            // SAFETY: W1 to W4 for the line.
            unsafe { reverse::<UNIT>(end, to, self.line.len.unsigned_abs() * UNIT) };
            end = end.wrapping_offset(self.rows.src);
            to = to.wrapping_offset(self.rows.dst);
        }
    }

    /// The plane, and the distance to its first items, if [`threes`](Self::threes) copies it.
    fn overlapping(&self) -> Option<(isize, Self)> {
        let (from, plane) = self.turned(3).unwrap_or((0, *self));
        let gap = plane.line.src.unsigned_abs().checked_sub(3);
        (plane.line.dst == 3 && plane.line.len >= 4 && gap.is_some_and(may_cover)).then_some((from, plane))
    }

    /// Where lines are 3 bytes that run forwards in one operand and backwards in the other, as when RGB becomes BGR: one line of these
    /// pixels, and the distances to its first ones, if [`threes`](Self::threes) copies it.
    fn reversed_pixels(&self) -> Option<(isize, isize, Self)> {
        if self.line.len != 3 {
            return None;
        }
        let (from, _) = self.turned(1)?;
        let pixels = Self { rows: PlaneAxis::SINGLE, line: self.rows, unit: 3 };
        let (first, pixels) = pixels.overlapping()?;
        // A pixel starts at the last of its bytes that run backwards.
        Some((from - 2 + first, -from - first, pixels))
    }

    /// Copies lines of items of 3 bytes that are adjacent and run forwards in the second operand: 4 bytes at a time, the last of
    /// which is a byte of the next item or of those between the two, and is overwritten by that item. The bytes of each item are
    /// reversed where that is to `TURN` them.
    ///
    /// # Safety
    /// As `run`, for lines of at least two such items; [`may_cover`] allows the gaps between them.
    unsafe fn threes<const TURN: bool>(&self, src: *const u8, dst: *mut u8) {
        let PlaneAxis { len, src: step, .. } = self.line;
        // The one item of the source after whose bytes there may be none: the last, or the first of a line that runs backwards.
        let (head, count) = if step < 0 { (1, len - 2) } else { (0, len - 1) };
        let (mut src_row, mut dst_row) = (src, dst);
        for _ in 0..self.rows.len {
            let (mut from, mut to) = (src_row.wrapping_offset(step * head), dst_row.wrapping_offset(3 * head));
            // SAFETY: W1 and W2: the first item where it is copied by itself; then all but the last one, after each of which there
            // are bytes up to another item of the source, and another item of the destination, which is written next; then the
            // last one.
            unsafe {
                let one = |from: *const u8, to: *mut u8| {
                    let [a, b, c] = from.cast::<[u8; 3]>().read();
                    to.cast::<[u8; 3]>().write(if TURN { [c, b, a] } else { [a, b, c] });
                };
                if head != 0 {
                    one(src_row, dst_row);
                }
                let mut item = || {
                    let bytes = u32::from_le_bytes(from.cast::<[u8; 4]>().read());
                    let bytes = if TURN { bytes.swap_bytes() >> 8 } else { bytes };
                    to.cast::<[u8; 4]>().write(bytes.to_le_bytes());
                    from = from.wrapping_offset(step);
                    to = to.wrapping_add(3);
                };
                for _ in 0..count / 4 {
                    item();
                    item();
                    item();
                    item();
                }
                for _ in 0..count % 4 {
                    item();
                }
                one(from, to);
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

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// Also where items share memory: then the last one in index order is what is found there.
    #[test]
    fn short_lines_are_copied_in_index_order() {
        let steps: Vec<isize> = (-7..=7).chain([-64, 64, 65, 300]).collect();
        for (rows, line) in [(16, 2), (17, 3), (150, 3), (150, 2), (15, 3), (70, 1), (66, 4)] {
            for (at, &by_row) in steps.iter().enumerate() {
                for &by_item in &steps {
                    for (unit, sign) in [1, 2, 3, 4].into_iter().flat_map(|unit| [(unit, 1), (unit, -1)]) {
                        let from = steps.iter().copied().cycle().nth(at + 5 * unit).unwrap_or(1);
                        let plane = StridedPlane {
                            rows: PlaneAxis { len: rows, src: from, dst: by_row },
                            line: PlaneAxis { len: line, src: by_item, dst: sign * by_item },
                            unit,
                        };
                        agrees(&plane);
                    }
                }
            }
        }
    }

    /// RGB to BGR, between pixels of any size and in both directions of both operands.
    #[test]
    fn pixels_are_reversed() {
        for (pixels, by_pixel) in
            [(2, 3), (4, 3), (5, -3), (16, 3), (33, 3), (64, -3), (47, 4), (40, -4), (50, 2), (50, 1)]
        {
            for other in [-64, -9, -4, -3, -2, 0, 1, 2, 3, 4, 6, 64, 300] {
                for (by_src, by_dst) in [(other, by_pixel), (by_pixel, other)] {
                    for src in [1, -1] {
                        let rows = PlaneAxis { len: pixels, src: by_src, dst: by_dst };
                        agrees(&StridedPlane { rows, line: PlaneAxis { len: 3, src, dst: -src }, unit: 1 });
                    }
                }
            }
        }
    }

    /// Lines of all lengths that words and vectors may leave a rest of, where rows overlap those before them, too.
    #[test]
    fn lines_are_reversed() {
        for unit in [1_usize, 2, 3, 4, 6, 8, 16] {
            for bytes in (0..140).chain([255, 256, 257, 319, 320, 321, 335, 400, 1000, 4099]) {
                let len = 1 + bytes / unit.cast_signed();
                for (by_src, by_dst) in [(-1, 1), (1, -1)] {
                    for apart in [len + 1, 1] {
                        let line =
                            PlaneAxis { len, src: by_src * unit.cast_signed(), dst: by_dst * unit.cast_signed() };
                        let rows = PlaneAxis { len: 3, src: 7, dst: apart * unit.cast_signed() };
                        agrees(&StridedPlane { rows, line, unit });
                    }
                }
            }
        }
    }

    /// Asserts that the plane is copied as by two loops.
    fn agrees(plane: &StridedPlane) {
        let StridedPlane { rows, line, unit } = *plane;
        let reach = |of: fn(&PlaneAxis) -> isize| {
            let ends = [(rows.len - 1) * of(&rows), (line.len - 1) * of(&line)];
            let lowest: isize = ends.iter().map(|end| *end.min(&0)).sum();
            let highest: isize = ends.iter().map(|end| *end.max(&0)).sum();
            (lowest.unsigned_abs(), (highest - lowest).unsigned_abs() + unit)
        };
        let ((src_first, src_size), (dst_first, dst_size)) = (reach(|axis| axis.src), reach(|axis| axis.dst));
        let src: Vec<u8> = (0..src_size).map(|at| (at % 251) as u8).collect();
        let (mut copied, mut expected) = (std::vec![255; dst_size], std::vec![255; dst_size]);
        for row in 0..rows.len {
            for item in 0..line.len {
                let at = |first: usize, of: fn(&PlaneAxis) -> isize| {
                    first.wrapping_add_signed(row * of(&rows) + item * of(&line))
                };
                let (from, to) = (at(src_first, |axis| axis.src), at(dst_first, |axis| axis.dst));
                for (to, from) in expected.iter_mut().skip(to).zip(src.iter().skip(from)).take(unit) {
                    *to = *from;
                }
            }
        }
        // SAFETY: all items of the plane lie in the two vectors.
        unsafe { plane.copy(src.as_ptr().add(src_first), copied.as_mut_ptr().add(dst_first), false) };
        assert_eq!(copied, expected, "{rows:?} {line:?} {unit}");
    }
}
