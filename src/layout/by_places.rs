//! Walks of far more index tuples than there are places, run place by place: of each place the index tuple that is wanted (`ranks`), or
//! pairs of places from which all others follow (`forest`).

use core::ops::ControlFlow;

use super::axes::{Axis, Step, tuples};
use super::places::{Enough, Places};
use super::plan::Pair;
use super::{MAX_NDIM, forest, ranks};

/// A walk to be run place by place, with a table.
#[derive(Debug)]
pub struct ByPlaces<'m> {
    pair: Pair<'m>,
    table: Table,
}

/// What there is a table of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    /// The first index tuple that leads the first operand to each place.
    Firsts(Places),
    /// The last one that leads the second operand there.
    Lasts(Places),
    /// Pairs of both operands' places.
    Pairs(Places, Places),
}

impl Table {
    /// The number of places.
    pub(super) const fn places(&self) -> usize {
        match self {
            Self::Firsts(places) | Self::Lasts(places) => places.count,
            Self::Pairs(src, dst) => src.count.saturating_add(dst.count),
        }
    }
}

impl<'m> Pair<'m> {
    /// The walk, to be run by the places of those operands whose items are [`Enough`]. Behind pointers, that is done for each index
    /// tuple of the axes that lead to them. `None` where places are too far, or index tuples have no numbers.
    #[must_use]
    pub fn by_places(mut self, enough: Enough) -> Option<ByPlaces<'m>> {
        if enough == Enough::Equal {
            // From the first place on, and along the shortest steps first, a forest grows at one end: its pairs come in long lines.
            let indirect = self.indirect();
            self.flip(indirect);
            self.sort(indirect);
        }
        let table = self.table_for(enough)?;
        Some(ByPlaces { pair: self, table })
    }

    pub(super) fn table_for(&self, enough: Enough) -> Option<Table> {
        let [src, dst]: [fn(&Axis) -> isize; 2] = [|axis| axis.src.stride, |axis| axis.dst.stride];
        let ranked = |_: &Places| isize::try_from(tuples(self.axes.as_slice())).is_ok();
        match enough {
            Enough::First => self.places_along(src).filter(ranked).map(Table::Firsts),
            Enough::Last => self.places_along(dst).filter(ranked).map(Table::Lasts),
            Enough::Equal => Some(Table::Pairs(self.places_along(src)?, self.places_along(dst)?)),
        }
    }
}

impl ByPlaces<'_> {
    /// The entries of the table that [`run`](Self::run) needs.
    #[must_use]
    pub const fn entries(&self) -> usize {
        match self.table {
            Table::Firsts(_) | Table::Lasts(_) => self.table.places(),
            Table::Pairs(..) => forest::entries(self.table.places()),
        }
    }

    /// Runs walks, one after the other, of the pairs that are enough, in C order where that matters. The table may have any values.
    #[cold]
    pub fn run(mut self, table: &mut [usize], run: &mut dyn FnMut(Pair<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let room = &mut [Axis::NONE; MAX_NDIM];
        let (places, last) = match self.table {
            Table::Firsts(places) => (places, false),
            Table::Lasts(places) => (places, true),
            Table::Pairs(src, dst) => {
                let pairs = forest::spanning(self.pair.direct(), [&src, &dst], table);
                self.pair.leave_indirect();
                return self.run_pairs(pairs, [&src, &dst], room, run);
            }
        };
        let ranks = ranks::ranks(self.pair.direct(), &places, last, table);
        self.run_ranks(ranks, room, run)
    }

    /// Runs index tuples of the direct axes, for each of the others.
    fn run_ranks(
        &self,
        ranks: &[usize],
        room: &mut [Axis],
        run: &mut dyn FnMut(Pair<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let axes = self.pair.axes.as_slice();
        let tuples = tuples(self.pair.direct());
        for outer in 0..self.pair.items().checked_div(tuples).unwrap_or(0) {
            let mut ranks = ranks;
            while let Some(&first) = ranks.first() {
                let (Some(mut part), mut before, mut len) = (self.pair.copied(room), outer * tuples + first, 1) else {
                    break;
                };
                for (position, axis) in axes.iter().enumerate().rev() {
                    let along = axis.len.unsigned_abs();
                    let index = before.checked_rem(along).unwrap_or(0);
                    before = before.checked_div(along).unwrap_or(0);
                    let innermost = position + 1 == axes.len();
                    // Consecutive ranks along the innermost axis are one walk.
                    while innermost && index + len < along && ranks.get(len) == Some(&(first + len)) {
                        len += 1;
                    }
                    part.narrow(position, index.cast_signed(), if innermost { len.cast_signed() } else { 1 });
                }
                run(part)?;
                ranks = ranks.get(len..).unwrap_or(&[]);
            }
        }
        ControlFlow::Continue(())
    }

    /// Runs pairs of places, with those at one distance as one walk. The direct axes have been taken away.
    fn run_pairs(
        &self,
        mut pairs: &[[usize; 2]],
        [src, dst]: [&Places; 2],
        room: &mut [Axis],
        run: &mut dyn FnMut(Pair<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let apart = |(a, b): (&[usize; 2], &[usize; 2])| {
            [b[0].wrapping_sub(a[0]).cast_signed(), b[1].wrapping_sub(a[1]).cast_signed()]
        };
        while let [first, tail @ ..] = pairs {
            let mut steps = pairs.iter().zip(tail).map(apart);
            let (step, mut len) = steps.next().map_or(([0, 0], 1), |step| (step, 2));
            len += steps.take_while(|next| *next == step).count();
            let Some(mut part) = self.pair.copied(room) else { break };
            let along = |step: isize, places: &Places| Step::direct(step.wrapping_mul(places.step));
            let axis = Axis { len: len.cast_signed(), src: along(step[0], src), dst: along(step[1], dst) };
            part.walk_along(axis, src.offset(first[0]), dst.offset(first[1]));
            run(part)?;
            pairs = pairs.get(len..).unwrap_or(&[]);
        }
        ControlFlow::Continue(())
    }
}
