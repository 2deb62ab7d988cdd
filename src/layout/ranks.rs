//! Walks that many axes of different steps lead through few places: which index tuple is the first, or the last, that leads to
//! each place is computed axis by axis.
//!
//! A tuple has a rank, its number in C order. Of the axes from one on, the inner ones, a table has for each place the rank that is
//! [`Enough`]. With one more axis before them, a place is reached by each of its indices from another place, and the outermost index
//! decides: for the first rank the smallest index with a rank, for the last one the greatest. Along the axis these are the nearest or
//! the farthest place with a rank, which a window of as many places as the axis is long finds as it moves.

use core::ops::ControlFlow;

use super::axes::{Axis, reach, tuples};
use super::plan::Pair;
use super::with_room;

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

/// No index tuple leads to the place.
const NOWHERE: usize = usize::MAX;

/// A walk to be run place by place.
#[derive(Debug)]
pub struct Ranked<'m> {
    pair: Pair<'m>,
    enough: Enough,
    places: Places,
}

impl<'m> Pair<'m> {
    /// The walk, to be run by the places of the operand whose items are [`Enough`]; `None` where there are no such places: behind
    /// pointers, for both operands at once, or where index tuples are more than numbers.
    #[must_use]
    pub fn by_ranks(self, enough: Enough) -> Option<Ranked<'m>> {
        let places = self.places_that_are(enough)?;
        Some(Ranked { pair: self, enough, places })
    }

    /// The axes after the last one that follows a pointer.
    pub(super) fn direct(&self) -> &[Axis] {
        self.axes.as_slice().get(self.indirect()..).unwrap_or(&[])
    }

    /// The places that the direct axes lead to by these strides; `None` where they do not move, or too far.
    pub(super) fn places_along(&self, stride: impl Fn(&Axis) -> isize) -> Option<Places> {
        let moving = || self.direct().iter().filter(|axis| stride(axis) != 0 && axis.len > 1);
        let step = moving().fold(0, |step, axis| common_divisor(stride(axis).unsigned_abs(), step));
        let (first, span) = spread(moving(), &stride)?;
        let count = span.checked_div(step)?.checked_add(1)?;
        isize::try_from(span).is_ok().then_some(Places { step: step.cast_signed(), count, first })
    }

    /// The places of the operand whose items are enough.
    pub(super) fn places_that_are(&self, enough: Enough) -> Option<Places> {
        isize::try_from(tuples(self.axes.as_slice())).ok().filter(|_| self.indirect() == 0)?;
        match enough {
            Enough::First => self.places_along(|axis| axis.src.stride),
            Enough::Last => self.places_along(|axis| axis.dst.stride),
            Enough::Equal => None,
        }
    }
}

impl Ranked<'_> {
    /// The entries of the table that [`run`](Self::run) needs.
    #[must_use]
    pub const fn entries(&self) -> usize {
        self.places.count
    }

    /// Runs walks, one after the other, of the pairs that are enough, in C order. The table may have any values.
    #[cold]
    pub fn run(&self, table: &mut [usize], run: &mut dyn FnMut(Pair<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut ranks = self.ranks(table);
        let count = self.pair.axes.as_slice().len();
        with_room!(count.saturating_add(1), room => {
            while let Some(&first) = ranks.first() {
                let (Some(mut part), mut before, mut len) = (self.pair.copied(room), first, 1) else { break };
                for position in (0..count).rev() {
                    let along = self.pair.axes.as_slice().get(position).map_or(1, |axis| axis.len.unsigned_abs());
                    let index = before.checked_rem(along).unwrap_or(0);
                    before = before.checked_div(along).unwrap_or(0);
                    let innermost = position + 1 == count;
                    // Consecutive ranks along the innermost axis are one walk.
                    while innermost && index + len < along && ranks.get(len) == Some(&(first + len)) {
                        len += 1;
                    }
                    part.narrow(position, index.cast_signed(), if innermost { len.cast_signed() } else { 1 });
                }
                run(part)?;
                ranks = ranks.get(len..).unwrap_or(&[]);
            }
            ControlFlow::Continue(())
        })
    }

    /// The ranks that are enough, in order, at the start of the table.
    fn ranks<'t>(&self, table: &'t mut [usize]) -> &'t [usize] {
        table.fill(NOWHERE);
        if let Some(begin) = table.first_mut() {
            *begin = 0;
        }
        let last = self.enough == Enough::Last;
        // The farthest place so far, and the number of index tuples of the axes so far, which fits.
        let (mut far, mut tuples) = (0_usize, 1_usize);
        for axis in self.pair.axes.as_slice().iter().rev() {
            let Axis { len, src, dst } = *axis;
            let (len, stride) = (len.unsigned_abs(), if last { dst.stride } else { src.stride });
            let steps = stride.unsigned_abs().checked_div(self.places.step.unsigned_abs()).unwrap_or(0);
            if steps == 0 || len <= 1 {
                let index = if last { len.saturating_sub(1) } else { 0 };
                let reached = table.iter_mut().take(far + 1).filter(|rank| **rank != NOWHERE);
                reached.for_each(|rank| *rank += index * tuples);
            } else {
                far += (len - 1) * steps;
                let upwards = stride > 0;
                // How many steps before the place that is reached is the one that it is reached from, by which index.
                let add = |rank: usize, apart: usize| rank + if upwards { apart } else { len - 1 - apart } * tuples;
                for first in 0..steps.min(far + 1) {
                    let chain = Chain { table, first, steps, count: (far - first).checked_div(steps).unwrap_or(0) + 1 };
                    if upwards == last { chain.farthest(len, add) } else { chain.nearest(len, add) }
                }
            }
            tuples *= len;
        }
        let mut count = 0;
        for at in 0..table.len() {
            let rank = table.get(at).copied().unwrap_or(NOWHERE);
            if let Some(slot) = table.get_mut(count).filter(|_| rank != NOWHERE) {
                *slot = rank;
                count += 1;
            }
        }
        let ranks = table.get_mut(..count).unwrap_or_default();
        sort(ranks);
        ranks
    }
}

/// Sorts by a heap, without other memory. (That of core can panic.)
fn sort(ranks: &mut [usize]) {
    let swap = |ranks: &mut [usize], a: usize, b: usize| {
        if let Ok([a, b]) = ranks.get_disjoint_mut([a, b]) {
            core::mem::swap(a, b);
        }
    };
    /// Lets the rank at `at` sink below greater ones, where all behind it do not.
    fn sink(ranks: &mut [usize], mut at: usize, swap: impl Fn(&mut [usize], usize, usize)) {
        loop {
            let below = [2 * at + 1, 2 * at + 2].into_iter().filter(|&child| child < ranks.len());
            let Some(greatest) = below.max_by_key(|&child| ranks.get(child)) else { return };
            if ranks.get(at) >= ranks.get(greatest) {
                return;
            }
            swap(ranks, at, greatest);
            at = greatest;
        }
    }
    for at in (0..ranks.len() / 2).rev() {
        sink(ranks, at, swap);
    }
    for end in (1..ranks.len()).rev() {
        swap(ranks, 0, end);
        sink(ranks.get_mut(..end).unwrap_or_default(), 0, swap);
    }
}

/// The places that an axis leads through from one of them on.
struct Chain<'t> {
    table: &'t mut [usize],
    first: usize,
    steps: usize,
    count: usize,
}

impl Chain<'_> {
    fn rank(&self, at: usize) -> Option<usize> {
        self.table.get(self.first + at * self.steps).copied().filter(|&rank| rank != NOWHERE)
    }

    fn set(&mut self, at: usize, rank: Option<usize>) {
        if let Some(slot) = self.table.get_mut(self.first + at * self.steps) {
            *slot = rank.unwrap_or(NOWHERE);
        }
    }

    /// Gives each place what `add` makes of the nearest rank up to `len` places before it or there, and how far that is.
    fn nearest(mut self, len: usize, add: impl Fn(usize, usize) -> usize) {
        let mut found = None;
        for at in 0..self.count {
            found = self.rank(at).map(|rank| (at, rank)).or(found);
            let within = found.filter(|(from, _)| at - from < len);
            self.set(at, within.map(|(from, rank)| add(rank, at - from)));
        }
    }

    /// As [`nearest`](Self::nearest) with the farthest rank.
    fn farthest(mut self, len: usize, add: impl Fn(usize, usize) -> usize) {
        // The least place with a rank from `bound` on; downwards, so that those before a place are what they were.
        let (mut farthest, mut bound) = (None, self.count);
        for at in (0..self.count).rev() {
            while bound > at.saturating_sub(len - 1) {
                bound -= 1;
                farthest = self.rank(bound).map(|_| bound).or(farthest);
            }
            let from = farthest.filter(|&from| from <= at);
            self.set(at, from.and_then(|from| Some(add(self.rank(from)?, at - from))));
        }
    }
}
