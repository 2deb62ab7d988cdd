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
        let ranked = |_: &Places| isize::try_from(tuples(self.direct())).is_ok();
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
        let indirect = self.pair.indirect();
        let direct = self.pair.axes.split_off(indirect);
        let (places, last) = match self.table {
            Table::Firsts(places) => (places, false),
            Table::Lasts(places) => (places, true),
            Table::Pairs(src, dst) => {
                return self.run_pairs(forest::spanning(direct, [&src, &dst], table), [&src, &dst], room, run);
            }
        };
        self.run_ranks(direct, ranks::ranks(direct, &places, last, table), room, run)
    }

    /// Runs index tuples of the direct axes, which have been taken away, for each of those that are left.
    fn run_ranks(
        &self,
        direct: &[Axis],
        ranks: &[usize],
        room: &mut [Axis],
        run: &mut dyn FnMut(Pair<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let innermost = direct.last().copied().unwrap_or(Axis::SINGLE);
        for outer in 0..self.pair.items() {
            let mut ranks = ranks;
            while let Some(&first) = ranks.first() {
                let Some(mut part) = self.pair.copied(room) else { break };
                let mut before = outer;
                for position in (0..self.pair.axes.as_slice().len()).rev() {
                    let index = last_index(&mut before, self.pair.axes.as_slice().get(position));
                    part.narrow(position, index, 1);
                }
                let (mut before, mut src, mut dst) = (first, 0_isize, 0_isize);
                for axis in direct.iter().rev() {
                    let index = last_index(&mut before, Some(axis));
                    src = src.wrapping_add(index.wrapping_mul(axis.src.stride));
                    dst = dst.wrapping_add(index.wrapping_mul(axis.dst.stride));
                }
                // Consecutive ranks along the innermost axis are one walk.
                let index = last_index(&mut { first }, Some(&innermost));
                let consecutive = ranks.iter().enumerate().take_while(|(at, rank)| **rank == first + at);
                let len = consecutive.count().min((innermost.len - index).unsigned_abs());
                part.walk_along(Axis { len: len.cast_signed(), ..innermost }, src, dst);
                run(part)?;
                ranks = ranks.get(len..).unwrap_or(&[]);
            }
        }
        ControlFlow::Continue(())
    }

    /// Runs pairs of places, with those at one distance as one walk, for all index tuples that are left.
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

/// The index along the innermost axis of the tuple with this number, which becomes that of the tuple of the others.
fn last_index(number: &mut usize, axis: Option<&Axis>) -> isize {
    let len = axis.map_or(1, |axis| axis.len.unsigned_abs());
    let index = number.checked_rem(len).unwrap_or(0);
    *number = number.checked_div(len).unwrap_or(0);
    index.cast_signed()
}
