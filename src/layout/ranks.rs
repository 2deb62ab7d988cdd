//! Which index tuple is the first, or the last, that leads to each place of an operand: computed axis by axis, for many axes of
//! different steps that lead through few places.
//!
//! A tuple has a rank, its number in C order. Of the axes from one on, the inner ones, a table has for each place the rank that is
//! wanted. With one more axis before them, a place is reached by each of its indices from another place, and the outermost index
//! decides: for the first rank the smallest index with a rank, for the last one the greatest. Along the axis these are the nearest or
//! the farthest place with a rank, which a window of as many places as the axis is long finds as it moves.

use super::axes::Axis;
use super::places::Places;

/// No index tuple leads to the place.
const NOWHERE: usize = usize::MAX;

/// The rank of the first index tuple of these axes that leads the first operand to each place, or of the `last` one that leads the
/// second operand there, in order, at the start of the table. The number of tuples fits. The table, for as many numbers as there are
/// places, may have any values.
pub(super) fn ranks<'t>(axes: &[Axis], places: &Places, last: bool, table: &'t mut [usize]) -> &'t [usize] {
    table.fill(NOWHERE);
    if let Some(begin) = table.first_mut() {
        *begin = 0;
    }
    // The farthest place so far, and the number of index tuples of the axes so far, which fits.
    let (mut far, mut tuples) = (0_usize, 1_usize);
    for axis in axes.iter().rev() {
        let Axis { len, src, dst } = *axis;
        let (len, stride) = (len.unsigned_abs(), if last { dst.stride } else { src.stride });
        let steps = stride.unsigned_abs().checked_div(places.step.unsigned_abs()).unwrap_or(0);
        if steps == 0 || len <= 1 {
            let index = if last { len.saturating_sub(1) } else { 0 };
            let reached = table.iter_mut().take(far + 1).filter(|rank| **rank != NOWHERE);
            reached.for_each(|rank| *rank += index * tuples);
        } else {
            far += (len - 1) * steps;
            let upwards = stride > 0;
            // How many steps before the place that is reached is the one that it is reached from, by which index.
            let add = |rank: usize, apart: usize| rank + if upwards { apart } else { len - 1 - apart } * tuples;
            for first in 0..steps {
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
