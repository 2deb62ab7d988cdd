//! A walk over two operands with normalised axes: made by the planner (`plan`), run by kernels.

use super::axes::{Axes, Axis, reach, tuples};

/// A normalised walk.
#[derive(Debug)]
pub struct Plan<'m> {
    /// The number of axes before the direct ones.
    pub(super) indirect: usize,
    pub(super) axes: Axes<'m>,
    /// Bytes that each visit covers in both operands: an item's, or as many of its first ones as are wanted.
    pub unit: usize,
    /// The start of the walk, in bytes from the first operand's base.
    pub src_offset: isize,
    /// The start in the second operand.
    pub dst_offset: isize,
    /// Whether the axes must be walked exactly in the given order.
    pub ordered: bool,
}

impl<'m> Plan<'m> {
    /// The walk over two axes, the outer one first, in any order. The second operand's step is not smaller along the outer one.
    #[must_use]
    pub fn of_plane(room: &'m mut [Axis; 2], plane: [Axis; 2], unit: usize) -> Self {
        let mut axes = Axes::new(room);
        for axis in plane {
            // There is room for both.
            let _: bool = axis.len == 1 || axes.push(axis);
        }
        Self { indirect: 0, axes, unit, src_offset: 0, dst_offset: 0, ordered: false }
    }
}

impl Plan<'_> {
    /// Keeps one pair of items, for work that finds the same in all of them.
    pub fn leave_one(&mut self) {
        self.indirect = 0;
        while !self.axes.as_slice().is_empty() {
            self.axes.pop();
        }
    }

    /// The leading axes, in index order, up to the last one that follows a pointer. Empty for plain strided memory.
    #[must_use]
    pub fn indirect(&self) -> &[Axis] {
        self.axes.as_slice().get(..self.indirect).unwrap_or(&[])
    }

    /// The axes after them: plain steps, outermost first.
    #[must_use]
    pub fn direct(&self) -> &[Axis] {
        self.axes.as_slice().get(self.indirect..).unwrap_or(&[])
    }

    /// The direct axes, split before the two innermost.
    #[must_use]
    pub fn planes(&self) -> (&[Axis], &[Axis]) {
        let direct = self.direct();
        direct.split_at_checked(direct.len().saturating_sub(2)).unwrap_or((direct, &[]))
    }

    /// The bytes that each operand touches behind one index tuple of the indirect axes, as offsets from the address that the
    /// tuple leads to; see [`Pair::bounds`](super::Pair::bounds).
    #[must_use]
    pub fn direct_bounds(&self) -> Option<[(isize, isize); 2]> {
        let bounds =
            |stride: fn(&Axis) -> isize| reach(0, self.unit, self.direct().iter().map(|axis| (axis.len, stride(axis))));
        Some([bounds(|axis| axis.src.stride)?, bounds(|axis| axis.dst.stride)?])
    }

    /// The bytes that the walk covers in each operand.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.unit.saturating_mul(tuples(self.axes.as_slice()))
    }

    /// Merges an innermost axis that is contiguous in both operands into the unit. Only for work on bytes: work on
    /// items must not use it.
    pub fn take_block(&mut self) {
        if let Some(inner) = self.direct().last()
            && inner.src.stride == self.unit.cast_signed()
            && inner.dst.stride == inner.src.stride
        {
            self.unit *= inner.len.unsigned_abs();
            self.axes.pop();
        }
    }

    /// Removes and returns the innermost axis; an axis of one item if there is none.
    pub fn take_line(&mut self) -> Axis {
        let line = self.direct().last().copied();
        if line.is_some() {
            self.axes.remove(self.axes.as_slice().len() - 1);
        }
        line.unwrap_or(Axis::SINGLE)
    }

    /// The position of the direct axis along which the first operand moves least, where that is another one than the innermost
    /// and the order is free: then the walk is a transpose.
    fn fastest_apart(&self) -> Option<usize> {
        let direct = self.direct();
        let last = direct.len().checked_sub(1)?;
        let fastest = direct.iter().enumerate().min_by_key(|(at, axis)| (axis.src.stride.unsigned_abs(), last - *at));
        fastest.map(|(at, _)| at).filter(|&at| at != last && !self.ordered)
    }

    /// Whether the walk is a transpose, see [`Plan::tile`].
    #[must_use]
    pub fn is_transpose(&self) -> bool {
        self.fastest_apart().is_some()
    }

    /// Moves the axis along which the first operand moves least next to the innermost one, if they differ. Then the walk is a
    /// transpose, in tiles over these two. Returns whether it is one.
    pub fn tile(&mut self) -> bool {
        let Some(fastest) = self.fastest_apart() else { return false };
        if let Some(axis) = self.axes.remove(self.indirect + fastest) {
            self.axes.insert(self.axes.as_slice().len() - 1, axis);
        }
        true
    }

    /// Removes the direct axes that have a bit in `taken`.
    pub fn remove_direct(&mut self, taken: u64) {
        for at in (0..self.direct().len()).rev() {
            if u32::try_from(at).ok().and_then(|at| taken.checked_shr(at)).is_some_and(|bits| bits & 1 == 1) {
                self.axes.remove(self.indirect + at);
            }
        }
    }
}
