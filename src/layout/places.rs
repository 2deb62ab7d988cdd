//! Where the items of an operand are: on evenly spaced places, of which there may be far fewer than index tuples.

use super::axes::{Axis, Step, reach, tuples};
use super::plan::Pair;

/// A walk of so few pairs is run as it is: finding out which are enough takes as long.
pub(super) const FEW_PAIRS: usize = 1 << 12;

/// Which pairs of a walk are as good as all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enough {
    /// Of each item of the first operand the first pair in C order.
    First,
    /// Of each item of the second operand the last pair in C order, whose write is the one that stays.
    Last,
    /// All pairs are equal where these are. Equality is transitive: of four pairs in which two items of one operand meet two
    /// of the other, the fourth is equal where the others are.
    Equal,
}

/// The greatest common divisor; of 0 and another number, the other one.
pub(super) fn common_divisor(mut a: usize, mut b: usize) -> usize {
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

/// Where the items are that axes lead to, as offsets of their first bytes: the least, and how far the greatest is after it.
/// `None` where the offsets do not fit.
pub(super) fn spread<'a>(
    axes: impl Iterator<Item = &'a Axis>,
    stride: impl Fn(&Axis) -> isize,
) -> Option<(isize, usize)> {
    let (first, end) = reach(0, 0, axes.map(|axis| (axis.len, stride(axis))))?;
    Some((first, end.abs_diff(first)))
}

/// The evenly spaced places that hold all items of an operand.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// Bytes from one to the next.
    pub(super) step: isize,
    /// The number of places; some may have no item.
    pub count: usize,
    /// Where the first one is, in bytes from the item at index 0.
    pub(super) first: isize,
}

impl Places {
    /// How far it is from the first place to the item at index 0, in places.
    pub(super) fn origin(&self) -> usize {
        self.first.unsigned_abs().checked_div(self.step.unsigned_abs()).unwrap_or(0)
    }

    /// Where a place is, in bytes from the item at index 0.
    pub(super) fn offset(&self, place: usize) -> isize {
        self.first.wrapping_add(place.cast_signed().wrapping_mul(self.step))
    }
}

impl Pair<'_> {
    /// The axes after the last one that follows a pointer.
    pub(super) fn direct(&self) -> &[Axis] {
        self.axes.as_slice().get(self.indirect()..).unwrap_or(&[])
    }

    /// The places that the direct axes lead to by these strides, one where they do not move; `None` where they lead too far.
    // Not inlined, for the size of the library: there are few calls that need it.
    #[inline(never)]
    pub(super) fn places_along(&self, stride: fn(&Axis) -> isize) -> Option<Places> {
        let moving = || self.direct().iter().filter(|axis| stride(axis) != 0 && axis.len > 1);
        let step = moving().fold(0, |step, axis| common_divisor(stride(axis).unsigned_abs(), step)).max(1);
        let (first, span) = spread(moving(), stride)?;
        let count = span.checked_div(step)?.checked_add(1)?;
        isize::try_from(span).is_ok().then_some(Places { step: step.cast_signed(), count, first })
    }

    /// The places of the first operand's items, where there are more than one, and much fewer than index tuples that lead there.
    #[must_use]
    pub fn places(&self) -> Option<Places> {
        let items = tuples(self.direct());
        let places = self.places_along(|axis| axis.src.stride);
        places.filter(|places| items > FEW_PAIRS && places.count > 1 && places.count <= items / 4)
    }

    /// How many index tuples of the direct axes lead to each of the places, to a table of as many zeros.
    pub fn count_places(&self, places: &Places, table: &mut [usize]) {
        let mut far = 0_usize;
        if let Some(begin) = table.first_mut() {
            *begin = 1;
        }
        // No count exceeds the number of all tuples, which fits.
        for axis in self.direct() {
            let (len, step) = (axis.len.unsigned_abs(), axis.src.stride.unsigned_abs());
            let Some(step) = step.checked_div(places.step.unsigned_abs()).filter(|&step| step != 0) else {
                table.iter_mut().take(far + 1).for_each(|count| *count *= len);
                continue;
            };
            far += (len - 1) * step;
            // The sums of all steps backwards, and of those that are more than the axis has taken away again.
            for at in step..far + 1 {
                let before = table.get(at - step).copied().unwrap_or(0);
                if let Some(count) = table.get_mut(at) {
                    *count += before;
                }
            }
            let window = len * step;
            for at in (window..far + 1).rev() {
                let before = table.get(at - window).copied().unwrap_or(0);
                if let Some(count) = table.get_mut(at) {
                    *count -= before;
                }
            }
        }
    }

    /// The walk over the places, with the number of each as the second operand, from 0 on. Not every place has an item.
    pub fn over_places(&mut self, places: &Places) {
        let indirect = self.indirect();
        while self.axes.as_slice().len() > indirect {
            self.axes.pop();
        }
        self.axes.as_mut_slice().iter_mut().for_each(|axis| axis.dst = Step::NONE);
        self.dst_offset = 0;
        let axis = Axis { len: places.count.cast_signed(), src: Step::direct(places.step), dst: Step::direct(1) };
        self.walk_along(axis, places.first, 0);
    }

    /// Walks along one more axis, from so many bytes after the items on to which the others lead. There is room: places are those of
    /// at least one axis.
    pub(super) fn walk_along(&mut self, axis: Axis, src: isize, dst: isize) {
        let position = self.axes.as_slice().len();
        self.axes.push(axis);
        self.shift(position, src, dst);
    }
}
