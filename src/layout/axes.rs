//! The axes of a walk over two operands, in memory that the caller provides.

/// How one operand moves along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Bytes from one item to the next.
    pub stride: isize,
    /// Where present: the address reached holds a pointer; follow it and add this.
    pub suboffset: Option<isize>,
}

impl Step {
    /// No step.
    pub const NONE: Self = Self { stride: 0, suboffset: None };

    /// So many bytes, and no pointer.
    pub(super) const fn direct(stride: isize) -> Self {
        Self { stride, suboffset: None }
    }

    /// The bytes of the pointers that are followed on an axis of `len` items, at least one, as offsets from the first pointer;
    /// `None` where none are. Offsets that do not fit become the whole range.
    #[must_use]
    pub fn pointers(&self, len: isize) -> Option<(isize, isize)> {
        let bounds = reach(0, size_of::<usize>(), core::iter::once((len, self.stride)));
        self.suboffset.map(|_| bounds.unwrap_or((isize::MIN, isize::MAX)))
    }
}

/// One axis of a walk: how many items, and how each operand moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Axis {
    /// The number of items.
    pub len: isize,
    /// The operand that is read.
    pub src: Step,
    /// The operand that is written, or the second one that is read.
    pub dst: Step,
}

impl Axis {
    /// A placeholder for an axis.
    pub const NONE: Self = Self { len: 0, src: Step::NONE, dst: Step::NONE };

    /// An axis of one item.
    pub const SINGLE: Self = Self { len: 1, ..Self::NONE };

    /// Whether either operand has pointers to follow on this axis.
    #[must_use]
    pub fn is_indirect(&self) -> bool {
        self.src.suboffset.is_some() || self.dst.suboffset.is_some()
    }

    /// Reverses the axis; returns how far its start moves in each operand.
    pub(super) fn turn(&mut self) -> (isize, isize) {
        let last = self.len - 1;
        let moved = (last.wrapping_mul(self.src.stride), last.wrapping_mul(self.dst.stride));
        self.src.stride = self.src.stride.wrapping_neg();
        self.dst.stride = self.dst.stride.wrapping_neg();
        moved
    }

    /// Whether stepping once along this axis is the same as walking all of `inner`, so that the two are one axis.
    pub(super) fn continues(&self, inner: &Self) -> bool {
        inner.src.stride.checked_mul(inner.len) == Some(self.src.stride)
            && inner.dst.stride.checked_mul(inner.len) == Some(self.dst.stride)
    }

    /// Sort key: the axis with the greatest step of the second operand is outermost.
    pub(super) fn step_size(&self) -> (usize, usize) {
        (self.dst.stride.unsigned_abs(), self.src.stride.unsigned_abs())
    }
}

/// The number of index tuples; 0 if an axis has no items, however long the others are. Saturates.
pub(super) fn tuples(axes: &[Axis]) -> usize {
    axes.iter().fold(1_usize, |tuples, axis| tuples.saturating_mul(axis.len.unsigned_abs()))
}

/// The bytes that items of `size` bytes take, as offsets: the first byte, and one past the last. Each axis is given as its
/// number of items, at least one, and its step. `None` where the offsets do not fit.
pub(super) fn reach(
    base: isize,
    size: usize,
    mut axes: impl Iterator<Item = (isize, isize)>,
) -> Option<(isize, isize)> {
    let range = (base, base.checked_add_unsigned(size)?);
    axes.try_fold(range, |(first, end), (len, stride)| {
        let reach = len.checked_sub(1)?.checked_mul(stride)?;
        Some((first.checked_add(reach.min(0))?, end.checked_add(reach.max(0))?))
    })
}

/// Axes in memory that the caller provides.
#[derive(Debug)]
pub(super) struct Axes<'m> {
    room: &'m mut [Axis],
    used: usize,
}

impl<'m> Axes<'m> {
    pub(super) fn new(room: &'m mut [Axis]) -> Self {
        Self { room, used: 0 }
    }

    /// The same axes in other memory; `None` where there is too little.
    pub(super) fn copied<'s>(&self, room: &'s mut [Axis]) -> Option<Axes<'s>> {
        let axes = self.as_slice();
        room.get_mut(..axes.len())?.iter_mut().zip(axes).for_each(|(to, axis)| *to = *axis);
        Some(Axes { used: axes.len(), room })
    }

    pub(super) fn as_slice(&self) -> &[Axis] {
        self.room.get(..self.used).unwrap_or(&[])
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [Axis] {
        self.room.get_mut(..self.used).unwrap_or(&mut [])
    }

    pub(super) fn has_room(&self) -> bool {
        self.used < self.room.len()
    }

    /// Appends an axis; `false` if there is no room.
    pub(super) fn push(&mut self, axis: Axis) -> bool {
        match self.room.get_mut(self.used) {
            Some(free) => {
                *free = axis;
                self.used += 1;
                true
            }
            None => false,
        }
    }

    /// Removes the last axis, if there is one.
    pub(super) fn pop(&mut self) {
        self.used = self.used.saturating_sub(1);
    }

    /// Removes the axis at `position`, if there is one.
    pub(super) fn remove(&mut self, position: usize) -> Option<Axis> {
        let tail = self.as_mut_slice().get_mut(position..)?;
        let removed = *tail.first()?;
        tail.rotate_left(1);
        self.used -= 1;
        Some(removed)
    }

    /// Inserts an axis at `position`, which must not be past the end; the caller has made room.
    pub(super) fn insert(&mut self, position: usize, axis: Axis) {
        if self.push(axis)
            && let Some(tail @ [_, ..]) = self.as_mut_slice().get_mut(position..)
        {
            tail.rotate_right(1);
        }
    }
}
