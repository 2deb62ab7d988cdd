//! Planes for walks in which the two operands disagree about the fastest axis.
//!
//! A plane has two sides: the axes that make a line of the first operand, and the axes that make a line of the second. A side
//! behaves as one axis, however many it is made of: along the line the items are contiguous, and a table says where
//! each of them is in the other operand.

use super::axes::Axis;
use super::planned::Plan;

/// Where an item is in the other operand, in bytes from the first one. Items that are further away are not in the table: half
/// the bytes for each means twice as many items on the stack.
pub type Offset = i32;

/// One side of a plane.
#[derive(Debug)]
pub struct Side<'m> {
    /// Where each item of the line is in the other operand, in bytes from the first one.
    offsets: &'m mut [Offset],
    /// The greatest distance of an item in the table.
    far: usize,
    /// The number of items in the table.
    len: usize,
    /// Items of the axes that are completely in the table.
    inner: usize,
    /// The last axis: the table holds `len / inner` steps along it.
    last: Axis,
    /// The start of the line in each operand, which is not at index 0 where axes have been reversed.
    base: (isize, isize),
    /// Which direct axes are in it, by position.
    taken: u64,
    /// The most items that the table may hold.
    most: usize,
    /// The number of offsets beyond those of the items.
    beyond: usize,
}

/// A part of a side: its part of the table, and its start.
#[derive(Clone, Copy, Debug)]
pub struct SidePart<'s> {
    /// Where each item of the line is in the other operand, in bytes from the first one.
    pub offsets: &'s [Offset],
    /// Its start in the first operand.
    pub src: isize,
    /// Its start in the second operand.
    pub dst: isize,
}

/// The stride of an axis in the operand that has the line, and in the other one.
type StridesOf = fn(&Axis) -> (isize, isize);

impl<'m> Side<'m> {
    fn new(offsets: &'m mut [Offset], most: usize) -> Self {
        let most = offsets.len().min(most);
        let last = Axis::SINGLE;
        let side = Self { offsets, far: 0, len: 1, inner: 1, last, base: (0, 0), taken: 0, most, beyond: 0 };
        if let Some(first) = side.offsets.first_mut() {
            *first = 0;
        }
        side
    }

    /// Whether the table holds all items of the line so far.
    fn is_whole(&self) -> bool {
        self.inner * self.last.len.unsigned_abs() == self.len
    }

    /// Adds axes that continue the line until there are `wanted` items. Axes that are `taken` are left out.
    fn extend(&mut self, axes: &[Axis], unit: usize, strides: StridesOf, wanted: usize, taken: u64) {
        while self.len < wanted && self.is_whole() {
            let step = unit * self.len;
            let free =
                |at: usize| (self.taken | taken).checked_shr(u32::try_from(at).unwrap_or(64)).unwrap_or(1) & 1 == 0;
            let next = axes.iter().enumerate().find(|(at, axis)| strides(axis).0.unsigned_abs() == step && free(*at));
            let Some((at, axis)) = next else { return };
            self.add(at, *axis, strides);
        }
    }

    /// How many steps of `stride`, the first one of which leads nowhere, offsets can express.
    fn steps_that_fit(&self, stride: isize) -> usize {
        let left = (Offset::MAX as usize).saturating_sub(self.far);
        left.checked_div(stride.unsigned_abs()).unwrap_or(usize::MAX).saturating_add(1)
    }

    /// Adds an axis, reversed if necessary so that the line runs upwards.
    fn add(&mut self, at: usize, mut axis: Axis, strides: StridesOf) {
        if strides(&axis).0 < 0 {
            let (src, dst) = axis.turn();
            self.base = (self.base.0.wrapping_add(src), self.base.1.wrapping_add(dst));
        }
        let (_, stride) = strides(&axis);
        self.taken |= 1_u64.checked_shl(u32::try_from(at).unwrap_or(64)).unwrap_or(0);
        self.last = axis;
        self.inner = self.len;
        let most = self.most.checked_div(self.inner).unwrap_or(0);
        let steps = axis.len.unsigned_abs().min(most).min(self.steps_that_fit(stride));
        self.far += (steps - 1) * stride.unsigned_abs();
        let mut offset = 0;
        let mut filled = self.inner;
        for _ in 1..steps {
            // It fits: see above.
            offset += stride as Offset;
            let Some((known, free)) = self.offsets.split_at_mut_checked(filled) else { return };
            free.iter_mut().zip(known.iter().take(self.inner)).for_each(|(to, from)| *to = from + offset);
            filled += self.inner;
        }
        self.len = filled;
    }

    /// Whether the table has room for more than the items.
    fn has_room(&self) -> bool {
        self.most < self.offsets.len()
    }

    /// Continues after the last item with the first ones of the next line, which starts so many bytes further in the other
    /// operand.
    fn go_on(&mut self, step: usize) {
        if self.steps_that_fit(step.cast_signed()) > 1
            && let Some((known, free)) = self.offsets.split_at_mut_checked(self.len)
        {
            free.iter_mut().zip(known).for_each(|(to, from)| *to = *from + step as Offset);
            self.beyond = self.len.min(free.len());
        }
    }

    /// Whether the lines of the second operand, which start where this line of the first one has its items, are all `step`
    /// bytes apart. Then they are one axis, of which a plan makes no more.
    fn is_even(&self, step: isize) -> bool {
        self.inner == 1 && self.last.dst.stride == step
    }

    /// The places of the items of the line in the other operand, then those of so many more after its last one, on
    /// the next line: none unless the table holds all items, and the lines are adjacent.
    #[must_use]
    pub fn offsets(&self) -> (&[Offset], usize) {
        (self.offsets.get(..self.len + self.beyond).unwrap_or(&[]), self.beyond)
    }

    /// The number of items that the table holds.
    #[must_use]
    pub fn width(&self) -> usize {
        self.len
    }

    /// The parts of the side. The first one has `shift` items less (a number of steps along the last axis, where it is the
    /// only one), so that the others start where cache lines do.
    pub fn parts(&self, shift: usize) -> impl Iterator<Item = SidePart<'_>> {
        let whole = self.len.checked_div(self.inner).unwrap_or(0);
        let mut left = self.last.len.unsigned_abs();
        let mut at = 0_isize;
        let mut shift = if self.inner == 1 && shift < whole { shift } else { 0 };
        core::iter::from_fn(move || {
            let steps = left.min(whole - core::mem::take(&mut shift));
            let offsets = self.offsets.get(..steps * self.inner).filter(|offsets| !offsets.is_empty())?;
            let (src, dst) = (at.wrapping_mul(self.last.src.stride), at.wrapping_mul(self.last.dst.stride));
            let (src, dst) = (src.wrapping_add(self.base.0), dst.wrapping_add(self.base.1));
            at += steps.cast_signed();
            left -= steps;
            Some(SidePart { offsets, src, dst })
        })
    }
}

/// The two sides of a plane. Item (row, column) is row-th on a line of the second operand, column-th on one of the first.
#[derive(Debug)]
pub struct Sides<'m> {
    /// Along a line of the second operand: the starts of the lines of the first one.
    pub rows: Side<'m>,
    /// Along a line of the first operand: the starts of the lines of the second one.
    pub columns: Side<'m>,
}

/// Lines with a period of a few items.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// From period to period.
    pub line: Axis,
    /// From item to item of a period.
    pub period: Axis,
    /// Which direct axes these are, by position.
    pub taken: u64,
}

impl Plan<'_> {
    /// The innermost axis as a line, or two axes as a line with a period of at most `most` items; `None` where the operands
    /// disagree about the fastest axis and both sides are long.
    #[must_use]
    pub fn lines(&self, most: isize) -> Option<Lines> {
        let direct = self.direct();
        let last = direct.len().checked_sub(1)?;
        let moves = direct.iter().enumerate().rev().filter(|(_, axis)| axis.src.stride != 0);
        let fastest = moves.min_by_key(|(_, axis)| axis.src.stride.unsigned_abs()).map_or(last, |(at, _)| at);
        let len = |at: usize| direct.get(at).map_or(0, |axis| axis.len);
        let (line, period) = match last.checked_sub(1) {
            Some(next) if len(last) <= most => (next, Some(last)),
            Some(_) if fastest != last && len(fastest) <= most => (last, Some(fastest)),
            _ if fastest == last => (last, None),
            _ => return None,
        };
        let bit = |at: usize| u32::try_from(at).ok().and_then(|at| 1_u64.checked_shl(at)).unwrap_or(0);
        Some(Lines {
            line: *direct.get(line)?,
            period: period.and_then(|at| direct.get(at).copied()).unwrap_or(Axis::SINGLE),
            taken: bit(line) | period.map_or(0, bit),
        })
    }

    /// The positions of the two direct axes along which a plane has lines, of the first operand and of the second. `None` where
    /// the operands agree about the fastest axis, either has no line, or the next line is further away than offsets can say.
    #[must_use]
    pub fn plane_axes(&self) -> Option<(usize, usize)> {
        let (last, others) = self.direct().split_last()?;
        let at = others.iter().position(|axis| axis.src.stride.unsigned_abs() == self.unit)?;
        let fits = |stride: isize| Offset::try_from(stride.unsigned_abs()).is_ok();
        let is_plane = !self.ordered
            && last.dst.stride == self.unit.cast_signed()
            && fits(last.src.stride)
            && fits(others.get(at)?.dst.stride);
        is_plane.then_some((at, others.len()))
    }

    /// Removes a plane from the direct axes, where the two operands disagree about the fastest axis and both have lines.
    /// `line` is the size of a cache line. The tables are written to `rooms`. There are at most `most` rows; the rest of the
    /// room is for rows after them.
    pub fn take_sides<'m>(&mut self, line: usize, most: usize, rooms: [&'m mut [Offset]; 2]) -> Option<Sides<'m>> {
        let unit = self.unit;
        let (fastest, last) = self.plane_axes()?;
        let direct = self.direct();
        let [rows, columns] = rooms;
        let (mut rows, mut columns) = (Side::new(rows, most), Side::new(columns, usize::MAX));
        let (by_dst, by_src): (StridesOf, StridesOf) =
            (|axis| (axis.dst.stride, axis.src.stride), |axis| (axis.src.stride, axis.dst.stride));
        rows.add(last, *direct.get(last)?, by_dst);
        columns.add(fastest, *direct.get(fastest)?, by_src);
        if rows.len == 1 || columns.len == 1 {
            // A table has no room for two items.
            return None;
        }
        let lines = line.checked_div(unit)?.max(2);
        // First a line of the second operand, then some of the first one, then more if the axes allow it.
        rows.extend(direct, unit, by_dst, lines, columns.taken);
        columns.extend(direct, unit, by_src, lines * 4, rows.taken);
        rows.extend(direct, unit, by_dst, rows.most, columns.taken);
        if rows.has_room() && rows.is_whole() && columns.is_even((unit * rows.len).cast_signed()) {
            rows.go_on(unit);
        }
        self.remove_direct(rows.taken | columns.taken);
        Some(Sides { rows, columns })
    }
}
