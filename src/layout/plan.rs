//! The planner: normalises the axes of a walk over two operands. A copy is planned,
//! then run. Every walk of the library goes through it: to and from contiguous memory, between two views, to compare.
//!
//! [`Pair`] is the walk as the caller states it: axes in index order. [`Plan`] is the same set of item pairs in the
//! order that is best for memory: axes of one item dropped, negative steps flipped, the smallest steps innermost, axes
//! that continue each other merged. Axes up to the last one that follows a pointer keep their place and order.
//!
//! An axis may be much longer than the memory: along one with a stride of 0, all items are one item. Where visiting a pair
//! again would change nothing, it is visited once, so that a walk takes no longer than its operands are large. Items
//! without bytes have no place, so all axes of an operand that has only such are of this kind.

use super::axes::{Axes, Axis, Step, reach, tuples};
use super::planned::Plan;
use super::structure::{Order, Structure};

/// A walk over pairs of items, axes in index order.
#[derive(Debug)]
pub struct Pair<'m> {
    pub(super) axes: Axes<'m>,
    pub(super) itemsize: usize,
    pub(super) src_offset: isize,
    pub(super) dst_offset: isize,
}

/// What the second operand is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is written. Where several of its items share memory, the last one in index order must win.
    Write,
    /// It is written, and no two of its items share memory, as in an array. The order does not matter.
    Once,
    /// It is only read, so the order never matters, and one index is enough along an axis on which neither
    /// operand moves.
    Read,
    /// The order does not matter, and each pair counts.
    Each,
}

impl<'m> Pair<'m> {
    /// The walk that pairs each item of `src` with the item of `dst` at the same indices. `None` where the shapes
    /// differ or there is not room for all axes. Both have passed `Structure::check`; for a walk that writes, their
    /// itemsizes are equal.
    #[must_use]
    pub fn of_views(room: &'m mut [Axis], src: &Structure<'_>, dst: &Structure<'_>) -> Option<Self> {
        if !src.has_shape_of(dst) {
            return None;
        }
        let mut pair = Self::of_shape(room, src)?;
        pair.lay(src, |axis| &mut axis.src);
        pair.lay(dst, |axis| &mut axis.dst);
        Some(pair)
    }

    /// The walk that reads `view` and writes contiguous memory in `order` (`Any` is C here: the caller has dealt with
    /// memory that can be taken as it lies). `None` where there is not room for all axes.
    #[must_use]
    pub fn to_contiguous(room: &'m mut [Axis], view: &Structure<'_>, order: Order) -> Option<Self> {
        Self::to_array(room, view, view.itemsize, order)
    }

    /// As [`to_contiguous`](Self::to_contiguous), where each item becomes an element of `size` bytes. The array must not be
    /// larger than memory.
    #[must_use]
    pub fn to_array(room: &'m mut [Axis], view: &Structure<'_>, size: isize, order: Order) -> Option<Self> {
        let mut pair = Self::of_shape(room, view)?;
        pair.lay(view, |axis| &mut axis.src);
        pair.lay_contiguous(size, order, |axis| &mut axis.dst);
        Some(pair)
    }

    /// The walk that reads contiguous memory in `order` and writes `view`. `None` where there is not room for all axes.
    #[must_use]
    pub fn from_contiguous(room: &'m mut [Axis], view: &Structure<'_>, order: Order) -> Option<Self> {
        Self::from_array(room, view, view.itemsize, order)
    }

    /// As [`from_contiguous`](Self::from_contiguous), where each item is made of an element of `size` bytes.
    #[must_use]
    pub fn from_array(room: &'m mut [Axis], view: &Structure<'_>, size: isize, order: Order) -> Option<Self> {
        let mut pair = Self::of_shape(room, view)?;
        pair.lay_contiguous(size, order, |axis| &mut axis.src);
        pair.lay(view, |axis| &mut axis.dst);
        Some(pair)
    }

    /// The same walk from element to element of the items, where each is `count` elements of `size` bytes in the view, and
    /// both operands move by these steps from one to the next. `None` if there is no room for another axis.
    #[must_use]
    pub fn by_element(mut self, count: usize, size: usize, (src, dst): (isize, isize)) -> Option<Self> {
        self.itemsize = size;
        let axis = Axis { len: count.cast_signed(), src: Step::direct(src), dst: Step::direct(dst) };
        (count == 1 || self.axes.push(axis)).then_some(self)
    }

    /// Whether there is room for one more axis.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.axes.has_room()
    }

    fn of_shape(room: &'m mut [Axis], view: &Structure<'_>) -> Option<Self> {
        let itemsize = view.itemsize.unsigned_abs();
        let mut pair = Self { axes: Axes::new(room), itemsize, src_offset: 0, dst_offset: 0 };
        let mut implied = [0];
        view.shape_or_implied(&mut implied)
            .iter()
            .all(|&len| pair.axes.push(Axis { len, ..Axis::default() }))
            .then_some(pair)
    }

    /// Lays one operand's strides and suboffsets over the axes. Items without bytes do not move.
    fn lay(&mut self, view: &Structure<'_>, side: impl Fn(&mut Axis) -> &mut Step) {
        if view.itemsize == 0 {
            return;
        }
        match view.strides {
            Some(strides) => {
                for (axis, &stride) in self.axes.as_mut_slice().iter_mut().zip(strides) {
                    side(axis).stride = stride;
                }
            }
            None => self.lay_contiguous(view.itemsize, Order::C, &side),
        }
        for (axis, &suboffset) in self.axes.as_mut_slice().iter_mut().zip(view.suboffsets.unwrap_or(&[])) {
            side(axis).suboffset = (suboffset >= 0).then_some(suboffset);
        }
    }

    fn lay_contiguous(&mut self, itemsize: isize, order: Order, side: impl Fn(&mut Axis) -> &mut Step) {
        let mut step = itemsize;
        let mut next = |axis: &mut Axis| {
            side(axis).stride = step;
            // Invariant 3 bounds the product; where an axis has no items nothing is walked and the value is not used.
            step = step.wrapping_mul(axis.len);
        };
        let axes = self.axes.as_mut_slice().iter_mut();
        if order == Order::Fortran { axes.for_each(&mut next) } else { axes.rev().for_each(&mut next) }
    }

    /// Whether either operand follows pointers.
    #[must_use]
    pub fn is_indirect(&self) -> bool {
        self.axes.as_slice().iter().any(Axis::is_indirect)
    }

    /// The number of axes up to the last one that follows a pointer.
    pub(super) fn indirect(&self) -> usize {
        self.axes.as_slice().iter().rposition(Axis::is_indirect).map_or(0, |last| last + 1)
    }

    /// Whether the second operand follows pointers.
    #[must_use]
    pub fn writes_indirectly(&self) -> bool {
        self.axes.as_slice().iter().any(|axis| axis.dst.suboffset.is_some())
    }

    /// The bytes of one item.
    #[must_use]
    pub fn itemsize(&self) -> usize {
        self.itemsize
    }

    /// The number of item pairs.
    #[must_use]
    pub fn items(&self) -> usize {
        // Invariant 3: it fits, unless an axis has no items, and then it is 0.
        tuples(self.axes.as_slice())
    }

    /// The bytes of all items, one for each pair. Saturates.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.items().saturating_mul(self.itemsize)
    }

    /// The bytes that each operand touches, as offsets from its base: first byte, and one past the last; first operand
    /// first. `None` where pointers are followed, nothing is touched, or the offsets do not fit.
    #[must_use]
    pub fn bounds(&self) -> Option<[(isize, isize); 2]> {
        if self.is_indirect() || self.items() == 0 {
            return None;
        }
        let bounds = |base: isize, stride: fn(&Axis) -> isize| {
            reach(base, self.itemsize, self.axes.as_slice().iter().map(|axis| (axis.len, stride(axis))))
        };
        Some([bounds(self.src_offset, |axis| axis.src.stride)?, bounds(self.dst_offset, |axis| axis.dst.stride)?])
    }

    /// The same walk with its axes in other memory; `None` where that is too little.
    #[must_use]
    pub fn copied<'s>(&self, room: &'s mut [Axis]) -> Option<Pair<'s>> {
        Some(Pair { axes: self.axes.copied(room)?, ..*self })
    }

    /// The walks that together cover the first `items` pairs, counted in `order`: at most one for each axis, whole
    /// slabs first, then what is left of the next slab. `room` is for as many axes as there are.
    pub fn prefix(&self, items: usize, order: Order, room: &mut [Axis], run: &mut impl FnMut(Pair<'_>)) {
        let mut at = 0;
        while let Some((slab, next)) = self.slab(at, items, order, room) {
            run(slab);
            at = next;
        }
    }

    /// The longest walk over pairs that are consecutive in `order`, from the one with number `at` on and before `stop`, that
    /// is a part along one axis of whole slabs of all faster axes; and the number of the pair after it. `None` where there is
    /// no such pair, or too little room. Whatever the two numbers, there are at most two such walks for each axis between them.
    #[must_use]
    pub fn slab<'s>(&self, at: usize, stop: usize, order: Order, room: &'s mut [Axis]) -> Option<(Pair<'s>, usize)> {
        let mut slab = self.items();
        let wanted = stop.min(slab).checked_sub(at).filter(|&wanted| wanted != 0)?;
        let mut part = self.copied(room)?;
        let count = self.axes.as_slice().len();
        for step in 0..count {
            let position = if order == Order::Fortran { count - step - 1 } else { step };
            let len = self.axes.as_slice().get(position)?.len.unsigned_abs();
            slab = slab.checked_div(len)?;
            let index = at.checked_div(slab)?.checked_rem(len)?;
            if slab <= wanted && at.checked_rem(slab)? == 0 {
                let slabs = wanted.checked_div(slab)?.min(len.checked_sub(index)?);
                part.narrow(position, index.cast_signed(), slabs.cast_signed());
                return Some((part, at.checked_add(slabs.checked_mul(slab)?)?));
            }
            part.narrow(position, index.cast_signed(), 1);
        }
        // No axes: the one item.
        Some((part, 1))
    }

    /// The walks along axis 0 that together, one after the other, cover all pairs in Fortran order. One plan cannot have that
    /// order where the second operand follows pointers, whose axes keep their place.
    pub fn fortran_lines(&self, room: &mut [Axis], run: &mut impl FnMut(Pair<'_>)) {
        let lens = |position: usize| self.axes.as_slice().get(position).map_or(1, |axis| axis.len.unsigned_abs());
        for line in 0..self.items().checked_div(lens(0)).unwrap_or(0) {
            let Some(mut part) = self.copied(room) else { return };
            let mut rest = line;
            for position in 1..self.axes.as_slice().len() {
                let index = rest.checked_rem(lens(position)).unwrap_or(0);
                rest = rest.checked_div(lens(position)).unwrap_or(0);
                part.narrow(position, index.cast_signed(), 1);
            }
            run(part);
        }
    }

    /// Narrows the walk to `len` items along one axis, from `start`.
    pub(super) fn narrow(&mut self, position: usize, start: isize, len: isize) {
        if let Some(axis) = self.axes.as_mut_slice().get_mut(position) {
            axis.len = len;
            let (src, dst) = (start.wrapping_mul(axis.src.stride), start.wrapping_mul(axis.dst.stride));
            self.shift(position, src, dst);
        }
    }

    /// Moves the start of the axis at `position`. After a pointer axis that axis's suboffset moves instead of the
    /// base.
    pub(super) fn shift(&mut self, position: usize, src: isize, dst: isize) {
        let before = self.axes.as_mut_slice().get_mut(..position).unwrap_or(&mut []);
        let (mut src_base, mut dst_base) = (&mut self.src_offset, &mut self.dst_offset);
        for axis in before {
            src_base = axis.src.suboffset.as_mut().unwrap_or(src_base);
            dst_base = axis.dst.suboffset.as_mut().unwrap_or(dst_base);
        }
        *src_base = src_base.wrapping_add(src);
        *dst_base = dst_base.wrapping_add(dst);
    }

    /// Keeps only the first index of each axis along which the first operand does not move. Returns how many pairs each pair
    /// that is left stands for.
    pub fn leave_first(&mut self) -> usize {
        let mut times = 1_usize;
        for axis in self.axes.as_mut_slice() {
            if axis.src.stride == 0 && axis.len > 1 {
                times = times.saturating_mul(axis.len.unsigned_abs());
                axis.len = 1;
            }
        }
        times
    }

    /// Keeps only the last index of each axis along which the second operand does not move: in every index order, that is the
    /// pair that is written last.
    pub fn leave_last(&mut self) {
        for position in 0..self.axes.as_slice().len() {
            if let Some(axis) = self.axes.as_slice().get(position)
                && axis.dst.stride == 0
                && axis.len > 1
            {
                self.narrow(position, axis.len - 1, 1);
            }
        }
    }

    /// Keeps one index of each axis along which neither operand moves.
    pub fn leave_distinct(&mut self) {
        for axis in self.axes.as_mut_slice() {
            if axis.src.stride == 0 && axis.dst.stride == 0 && axis.len > 1 {
                axis.len = 1;
            }
        }
    }

    /// Replaces the second operand by contiguous memory in C order.
    #[must_use]
    pub fn to_temporary(mut self) -> Self {
        self.axes.as_mut_slice().iter_mut().for_each(|axis| axis.dst = Step::NONE);
        self.dst_offset = 0;
        self.lay_contiguous(self.itemsize.cast_signed(), Order::C, |axis| &mut axis.dst);
        self
    }

    /// Replaces the first operand by contiguous memory in C order.
    #[must_use]
    pub fn from_temporary(mut self) -> Self {
        self.axes.as_mut_slice().iter_mut().for_each(|axis| axis.src = Step::NONE);
        self.src_offset = 0;
        self.lay_contiguous(self.itemsize.cast_signed(), Order::C, |axis| &mut axis.src);
        self
    }

    /// The normalised walk; `None` where there is nothing to walk. `order` is the index order in which writes must
    /// appear to happen where several items of the second operand share memory.
    #[must_use]
    pub fn plan(mut self, purpose: Purpose, order: Order) -> Option<Plan<'m>> {
        let (mut items, mut still) = (1_usize, false);
        for axis in self.axes.as_slice() {
            items = items.saturating_mul(axis.len.unsigned_abs());
            still |= axis.dst.stride == 0;
        }
        let writes = matches!(purpose, Purpose::Write | Purpose::Once);
        if items == 0 || (self.itemsize == 0 && writes) {
            return None;
        }
        if still {
            match purpose {
                Purpose::Write => self.leave_last(),
                Purpose::Read => self.leave_distinct(),
                Purpose::Once | Purpose::Each => {}
            }
        }
        let indirect = self.indirect();
        self.drop_single(indirect);
        let ordered = purpose == Purpose::Write && !self.is_injective(indirect);
        if !ordered {
            self.flip(indirect);
            self.sort(indirect);
        } else if order == Order::Fortran {
            self.axes.as_mut_slice().get_mut(indirect..).unwrap_or(&mut []).reverse();
        }
        self.merge(indirect);
        Some(self.planned(indirect, ordered))
    }

    /// The walk in index order, for work that depends on that order. `None` where there is
    /// nothing to walk.
    #[must_use]
    pub fn in_index_order(mut self) -> Option<Plan<'m>> {
        if self.items() == 0 {
            return None;
        }
        let indirect = self.indirect();
        self.drop_single(indirect);
        Some(self.planned(indirect, true))
    }

    fn planned(self, indirect: usize, ordered: bool) -> Plan<'m> {
        Plan {
            indirect,
            axes: self.axes,
            unit: self.itemsize,
            src_offset: self.src_offset,
            dst_offset: self.dst_offset,
            ordered,
        }
    }

    /// Drops direct axes of one item, which move nothing.
    fn drop_single(&mut self, indirect: usize) {
        let mut position = indirect;
        while let Some(axis) = self.axes.as_slice().get(position) {
            if axis.len == 1 {
                self.axes.remove(position);
            } else {
                position += 1;
            }
        }
    }

    /// Whether no two index tuples of the direct axes lead the second operand to the same byte. May be `false` where the answer
    /// is yes (for interleaved axes), but never the reverse.
    fn is_injective(&self, indirect: usize) -> bool {
        let axes = self.axes.as_slice().get(indirect..).unwrap_or(&[]);
        let mut reach = self.itemsize;
        let mut passed = 0;
        // From the smallest step to the largest: each must reach beyond all smaller ones. Of two that are the same, the other one
        // is never found.
        while passed < axes.len() {
            let steps = axes.iter().filter(|axis| axis.dst.stride.unsigned_abs() >= reach);
            let Some(axis) = steps.min_by_key(|axis| axis.dst.stride.unsigned_abs()) else { return false };
            let span = axis.len.unsigned_abs().checked_sub(1);
            let span = span.and_then(|steps| steps.checked_mul(axis.dst.stride.unsigned_abs()));
            match span.and_then(|span| span.checked_add(reach)) {
                Some(end) => reach = end,
                None => return false,
            }
            passed += 1;
        }
        true
    }

    /// Reverses axes along which the second operand moves downwards (or the first, where the second does not move).
    pub(super) fn flip(&mut self, indirect: usize) {
        let count = self.axes.as_slice().len();
        for position in indirect..count {
            let Some(axis) = self.axes.as_mut_slice().get_mut(position) else { return };
            if axis.dst.stride < 0 || (axis.dst.stride == 0 && axis.src.stride < 0) {
                let (src, dst) = axis.turn();
                self.shift(position, src, dst);
            }
        }
    }

    /// Sorts the direct axes by falling steps. An insertion sort, since there are few, mostly in order.
    pub(super) fn sort(&mut self, indirect: usize) {
        let axes = self.axes.as_mut_slice().get_mut(indirect..).unwrap_or(&mut []);
        for end in 1..axes.len() + 1 {
            let Some(head) = axes.get_mut(..end) else { return };
            let Some((last, sorted)) = head.split_last() else { return };
            let key = last.step_size();
            let place = sorted.iter().rposition(|axis| axis.step_size() >= key).map_or(0, |at| at + 1);
            if let Some(tail @ [_, _, ..]) = head.get_mut(place..) {
                tail.rotate_right(1);
            }
        }
    }

    /// Merges neighbouring axes that continue each other.
    fn merge(&mut self, indirect: usize) {
        let mut position = indirect;
        while let Some([outer, inner]) = self.axes.as_slice().get(position..).and_then(|rest| rest.first_chunk()) {
            if !outer.continues(inner) {
                position += 1;
                continue;
            }
            // The outer neighbour of the merged axis is that of its outer half, which has been tried, so there is no way back.
            let merged = Axis { len: outer.len * inner.len, ..*inner };
            self.axes.remove(position);
            if let Some(axis) = self.axes.as_mut_slice().get_mut(position) {
                *axis = merged;
            }
        }
    }
}
