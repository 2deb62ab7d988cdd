//! Walks of far more index tuples than there are items: windows that overlap, rows that are compared with columns.
//!
//! Along two axes there is a way back: some steps along the one, and some along the other, lead an operand to the
//! same item again. So on long axes nearly all index tuples share their items with others. Such a walk is
//! taken apart into few boxes (parts of it along some axes) of those pairs that are [`Enough`], so that it takes no longer than its
//! operands are large. That needs no memory, and boxes run as fast as any walk. But they are found two axes at a time: where the
//! strides are in no ratio of numbers smaller than the axes are long, or the axes are many, so are the boxes. Then the walk is run
//! place by place, which takes memory, and a few hundred instructions for each place and axis (`buffer::parts`).

use core::ops::ControlFlow;

use super::MAX_NDIM;
use super::axes::{Axis, tuples};
use super::places::{Enough, FEW_PAIRS, MORE_PAIRS, Operand, common_divisor, spread};
use super::plan::Pair;

/// A part of a walk, of which there may be as many as an axis is long, is run as it is if it has this part of those.
const FEWER: usize = 64;

/// Two axes of which not all pairs of indices are needed.
#[derive(Clone, Copy, Debug)]
struct Fold {
    /// So many outer indices, the first ones or for [`Enough::Last`] the last, are needed with all inner ones;
    whole: isize,
    /// the others with the first so many inner ones,
    low: isize,
    /// and with the last so many.
    high: isize,
}

/// A part of an axis: the first index, and how many there are.
type Range = (isize, isize);

/// The shortest way back along two axes of these strides: forwards along the first, or forwards along the second alone. `None`
/// where the operand moves along neither.
fn way_back(outer: isize, inner: isize) -> Option<(isize, isize)> {
    match (outer, inner) {
        (0, 0) => None,
        (_, 0) => Some((0, 1)),
        _ => {
            let common = common_divisor(outer.unsigned_abs(), inner.unsigned_abs());
            // A number that does not fit is longer than any axis.
            let steps = |stride: isize| {
                let steps = stride.unsigned_abs().checked_div(common).and_then(|steps| isize::try_from(steps).ok());
                steps.unwrap_or(isize::MAX)
            };
            let back = steps(outer);
            Some((steps(inner), if (outer < 0) == (inner < 0) { -back } else { back }))
        }
    }
}

impl<'m> Pair<'m> {
    /// Runs, one after the other, walks of which the pairs are enough: the whole one, unless its operands are much smaller. Where
    /// these have far more pairs than there are places, or are more, none is run, and the walk is returned to be run by its places.
    pub fn in_parts(mut self, enough: Enough, run: &mut dyn FnMut(Pair<'_>) -> ControlFlow<()>) -> Option<Self> {
        if !self.is_larger_than_memory(enough) {
            _ = run(self);
            return None;
        }
        // Only axes along which an operand moves are as short as its memory.
        _ = self.leave(enough);
        if self.is_for_places(enough) {
            return Some(self);
        }
        _ = self.in_boxes(enough, FEW_PAIRS, run);
        None
    }

    /// Whether a walk that is larger than memory has no few boxes: these have far more pairs than there are places, finding that out
    /// takes longer, or pairs are counted.
    #[must_use]
    pub fn is_for_places(&self, enough: Enough) -> bool {
        if enough == Enough::Counted {
            return true;
        }
        let Some(places) = self.places(enough) else { return false };
        // Behind pointers, for each index tuple that leads there.
        let axes = self.axes.as_slice();
        let places = places.max(FEW_PAIRS).saturating_mul(tuples(self.outer()));
        let mut left = places.saturating_mul(MORE_PAIRS);
        if self.items() <= left {
            return false;
        }
        let mut count = |part: Pair<'_>| match left.checked_sub(part.items()) {
            Some(rest) => {
                left = rest;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        };
        // A step looks at pairs of axes.
        let steps = places.checked_div(axes.len() * axes.len()).unwrap_or(0);
        self.boxes(enough, FEW_PAIRS, steps, &mut count).is_break()
    }

    /// Takes the walk apart whatever the size of its operands, unless it has at most `few` pairs. Along each direct axis of more than
    /// one item the operand moves that decides what is [`Enough`], or one of both: [`leave`](Self::leave) has been called.
    #[cold]
    #[inline(never)]
    pub fn in_boxes(
        &self,
        enough: Enough,
        few: usize,
        run: &mut dyn FnMut(Pair<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.boxes(enough, few, usize::MAX, run)
    }

    /// As [`in_boxes`](Self::in_boxes); breaks as soon as it has taken more than `most` steps.
    fn boxes(
        &self,
        enough: Enough,
        few: usize,
        most: usize,
        run: &mut dyn FnMut(Pair<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // As the pair may have, there is room for one more axis.
        let (ranges, room) = (&mut [(0, 0); MAX_NDIM], &mut [Axis::NONE; MAX_NDIM]);
        Boxes { pair: self, indirect: self.indirect(), enough, few, left: most, ranges, room, run }.run()
    }

    /// Whether the direct axes lead to far more items than the operands have that decide.
    #[must_use]
    pub fn is_larger_than_memory(&self, enough: Enough) -> bool {
        let items = tuples(self.direct());
        if items <= FEW_PAIRS {
            return false;
        }
        if enough == Enough::Counted {
            return self.has_few_places();
        }
        let covered = items.saturating_mul(self.itemsize.max(1)) / 2;
        let is_less = |&operand: &Operand| {
            let span = spread(self.direct().iter(), |axis| operand.step(axis).stride);
            span.is_some_and(|span| span < covered)
        };
        enough.operands().iter().all(is_less)
    }
}

/// A walk that is being taken apart.
struct Boxes<'b> {
    pair: &'b Pair<'b>,
    /// So many axes, the first ones, lead to pointers.
    indirect: usize,
    enough: Enough,
    few: usize,
    /// So many steps may still be taken.
    left: usize,
    /// Which indices of each axis are in the box.
    ranges: &'b mut [Range; MAX_NDIM],
    room: &'b mut [Axis],
    run: &'b mut dyn FnMut(Pair<'_>) -> ControlFlow<()>,
}

impl Boxes<'_> {
    fn count(&self) -> usize {
        self.pair.axes.as_slice().len()
    }

    fn len(&self, position: usize) -> isize {
        self.pair.axes.as_slice().get(position).map_or(0, |axis| axis.len)
    }

    fn set(&mut self, position: usize, range: Range) {
        if let Some(slot) = self.ranges.get_mut(position) {
            *slot = range;
        }
    }

    /// Which pairs of indices are needed of two direct axes; `None` where all are. Those that are not stand for what earlier
    /// ones in C order do (for [`Enough::Last`], later ones), wherever in the whole walk these are.
    fn fold(&self, outer: usize, inner: usize) -> Option<Fold> {
        let (axes, enough) = (self.pair.axes.as_slice(), self.enough);
        let (a, b) = (axes.get(outer)?, axes.get(inner)?);
        if outer < self.indirect {
            return None;
        }
        let (src, dst) = (|| way_back(a.src.stride, b.src.stride), || way_back(a.dst.stride, b.dst.stride));
        let ways = match enough {
            Enough::First | Enough::Counted => [src(), None],
            Enough::Last => [dst(), None],
            // The same way back leads both operands to the same pair.
            Enough::Equal => match (src(), dst()) {
                (src, dst) if src == dst => [src, None],
                ways => ways.into(),
            },
        };
        let mut fold = Fold { whole: 0, low: 0, high: 0 };
        for (along, back) in ways.into_iter().flatten() {
            fold.whole = fold.whole.saturating_add(along);
            let end = if (back > 0) == (enough != Enough::Last) { &mut fold.low } else { &mut fold.high };
            *end = end.saturating_add(back.saturating_abs());
        }
        let leaves_out = fold.whole < a.len && fold.low.saturating_add(fold.high) < b.len;
        (leaves_out && ways != [None; 2]).then_some(fold)
    }

    /// Whether a fold of the axis at `outer` with so many whole indices leaves out inner ones where the box is. Its range is on one
    /// side, see [`Boxes::next`].
    fn is_behind(&self, whole: isize, outer: usize) -> bool {
        let (start, _) = self.ranges.get(outer).copied().unwrap_or((0, 0));
        match self.enough {
            Enough::Last => start < self.len(outer) - whole,
            _ => start >= whole,
        }
    }

    /// The next range of needed indices along the axis at `position`, from one index on, where those of the axes before it are
    /// given. Ranges end where more or fewer indices of an axis after it are needed.
    fn next(&self, position: usize, from: isize) -> Option<Range> {
        let len = self.len(position);
        if from >= len {
            return None;
        }
        let (mut start, mut end) = (from, len);
        let mut found = false;
        while !found {
            (found, end) = (true, len);
            let mut moved = false;
            for outer in self.indirect..position {
                // Along each axis an operand moves, so the first (last) outer index is needed with all inner ones, which spares
                // most folds: they are not kept, and take their time.
                if !self.is_behind(1, outer) {
                    continue;
                }
                let fold = self.fold(outer, position);
                let Some(fold) = fold.filter(|fold| self.is_behind(fold.whole, outer)) else { continue };
                if start < fold.low {
                    end = end.min(fold.low);
                } else if start < len - fold.high {
                    (moved, start) = (true, len - fold.high);
                    if start >= len {
                        return None;
                    }
                }
                // Past a fold without a low part, it leaves out nothing more.
                found &= fold.low == 0;
            }
            found |= !moved;
        }
        for inner in position + 1..self.count() {
            if end - start <= 1 {
                break;
            }
            let Some(fold) = self.fold(position, inner) else { continue };
            let border = if self.enough == Enough::Last { len - fold.whole } else { fold.whole };
            if start < border {
                end = end.min(border);
            }
        }
        Some((start, end - start))
    }

    /// Whether the needed indices from the axis at `position` on are one box, which it then is; few pairs are one in any case.
    fn settle(&mut self, position: usize) -> bool {
        let axes = self.pair.axes.as_slice().get(position..).unwrap_or(&[]);
        let few = tuples(axes) <= if position == 0 { self.few } else { self.few / FEWER };
        for at in position..self.count() {
            let all = (0, self.len(at));
            let range = if few { Some(all) } else { self.next(at, 0) };
            let range = range.filter(|(start, len)| few || self.next(at, start + *len).is_none());
            let Some(range) = range else { return false };
            self.set(at, range);
        }
        true
    }

    /// Runs the boxes of the needed indices, in a loop over the axes, since there may be many: after a box, the range of the last axis that
    /// is not settled goes on where it ended.
    fn run(&mut self) -> ControlFlow<()> {
        self.step()?;
        if self.settle(0) {
            return self.run_box();
        }
        let mut at = 0;
        self.set(at, (0, 0));
        loop {
            let (last, len) = self.ranges.get(at).copied().unwrap_or((0, 0));
            let Some((start, len)) = self.next(at, last + len) else {
                let Some(before) = at.checked_sub(1) else { return ControlFlow::Continue(()) };
                at = before;
                continue;
            };
            self.step()?;
            self.set(at, (start, len));
            let behind = at + 1;
            let mut settled = self.settle(behind);
            if !settled && len != 1 && self.enough != Enough::Equal {
                // Consecutive boxes are in index order only if they differ in one index.
                self.set(at, (start, 1));
                settled = self.settle(behind);
            }
            if settled {
                self.run_box()?;
            } else {
                at = behind;
                self.set(at, (0, 0));
            }
        }
    }

    fn step(&mut self) -> ControlFlow<()> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => return ControlFlow::Break(()),
        }
        ControlFlow::Continue(())
    }

    fn run_box(&mut self) -> ControlFlow<()> {
        let Some(mut part) = self.pair.copied(self.room) else { return ControlFlow::Continue(()) };
        for (position, &(start, len)) in self.ranges.iter().take(self.pair.axes.as_slice().len()).enumerate() {
            part.narrow(position, start, len);
        }
        (self.run)(part)
    }
}
