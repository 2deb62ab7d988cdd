//! Walks of far more index tuples than there are places, run place by place: of each place the index tuple that is wanted (`ranks`), or
//! pairs of places from which all others follow (`forest`).

use core::ops::ControlFlow;

use super::axes::{Axis, Step, tuples};
use super::places::{Enough, Places};
use super::plan::Pair;
use super::{forest, ranks, with_room};

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
    /// tuple of the axes that lead to them. `None` where there are no such places, or index tuples that have no numbers.
    #[must_use]
    pub fn by_places(self, enough: Enough) -> Option<ByPlaces<'m>> {
        let table = self.table_for(enough)?;
        Some(ByPlaces { pair: self, table })
    }

    pub(super) fn table_for(&self, enough: Enough) -> Option<Table> {
        let (src, dst) = (|axis: &Axis| axis.src.stride, |axis: &Axis| axis.dst.stride);
        let ranked = || isize::try_from(tuples(self.axes.as_slice())).is_ok();
        match enough {
            Enough::First => self.places_along(src).filter(|_| ranked()).map(Table::Firsts),
            Enough::Last => self.places_along(dst).filter(|_| ranked()).map(Table::Lasts),
            Enough::Equal => Some(Table::Pairs(self.any_places_along(src)?, self.any_places_along(dst)?)),
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
        match self.table {
            Table::Firsts(places) => self.run_ranks(ranks::ranks(self.pair.direct(), &places, false, table), run),
            Table::Lasts(places) => self.run_ranks(ranks::ranks(self.pair.direct(), &places, true, table), run),
            Table::Pairs(src, dst) => {
                // Along the shortest steps first, a forest grows from one end to the other, and its pairs come in longer lines.
                self.pair.sort(self.pair.indirect());
                let pairs = forest::spanning(self.pair.direct().iter().rev(), [&src, &dst], table);
                self.pair.leave_indirect();
                self.run_pairs(pairs, [&src, &dst], run)
            }
        }
    }

    fn run_ranks(&self, ranks: &[usize], run: &mut dyn FnMut(Pair<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let axes = self.pair.axes.as_slice();
        let tuples = tuples(self.pair.direct());
        with_room!(axes.len(), room => {
            for outer in 0..self.pair.items().checked_div(tuples).unwrap_or(0) {
                let mut ranks = ranks;
                while let Some(&first) = ranks.first() {
                    let (Some(mut part), mut before, mut len) = (self.pair.copied(room), outer * tuples + first, 1) else { break };
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
        })
    }

    /// Runs pairs of places, with those at one distance as one walk. The axes that lead to pointers are left.
    fn run_pairs(
        &self,
        mut pairs: &[[usize; 2]],
        [src, dst]: [&Places; 2],
        run: &mut dyn FnMut(Pair<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let apart = |(a, b): (&[usize; 2], &[usize; 2])| {
            [b[0].wrapping_sub(a[0]).cast_signed(), b[1].wrapping_sub(a[1]).cast_signed()]
        };
        with_room!(self.pair.axes.as_slice().len().saturating_add(1), room => {
            while let [first, tail @ ..] = pairs {
                let steps = || pairs.iter().zip(tail).map(apart);
                let step = steps().next().unwrap_or_default();
                let more = steps().take_while(|next| *next == step).count();
                let Some(mut part) = self.pair.copied(room) else { break };
                let [along_src, along_dst] = [step[0].wrapping_mul(src.step), step[1].wrapping_mul(dst.step)];
                let len = more.cast_signed() + 1;
                let axis = Axis { len, src: Step::direct(along_src), dst: Step::direct(along_dst) };
                part.walk_along(axis, src.offset(first[0]), dst.offset(first[1]));
                run(part)?;
                pairs = tail.get(more..).unwrap_or(&[]);
            }
            ControlFlow::Continue(())
        })
    }
}
