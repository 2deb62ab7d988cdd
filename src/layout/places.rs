//! Where the items of an operand are: on evenly spaced places, of which there may be far fewer than index tuples.

use super::axes::{Axes, Axis, Step, reach, tuples};
use super::plan::Pair;

/// A walk of so few pairs is run as it is: finding out which are enough takes as long.
pub const FEW_PAIRS: usize = 1 << 12;

/// A walk whose boxes have so many times more pairs than there are places is run place by place.
pub const MORE_PAIRS: usize = 16;

/// As [`FEW_PAIRS`], for walks behind pointers, of which it takes longer.
pub const FEW_BEHIND_POINTERS: usize = 1 << 16;

/// So many pairs for each pointer of the first table are no more than memory may be large.
const PAIRS_FOR_A_POINTER: usize = 1 << 7;

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
    /// Of each item of the first operand one pair, with the number of all.
    Counted,
}

/// The greatest common divisor; of 0 and another number, the other one.
#[must_use]
pub fn common_divisor(mut a: usize, mut b: usize) -> usize {
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

/// Where the items are that axes lead to, as offsets of their first bytes: how far the greatest is after the least. `None` where the
/// offsets do not fit.
pub(super) fn spread<'a>(axes: impl Iterator<Item = &'a Axis>, stride: impl Fn(&Axis) -> isize) -> Option<usize> {
    let (first, end) = reach(0, 0, axes.map(|axis| (axis.len, stride(axis))))?;
    Some(end.abs_diff(first))
}

/// One of the two operands of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// The first, which is read.
    Src,
    /// The second.
    Dst,
}

impl Operand {
    /// How it moves along an axis.
    #[must_use]
    pub const fn step(self, axis: &Axis) -> Step {
        match self {
            Self::Src => axis.src,
            Self::Dst => axis.dst,
        }
    }
}

impl Enough {
    /// The operands of which the items decide. Where there are two, a walk is as long as the larger one may make it.
    #[must_use]
    pub const fn operands(self) -> &'static [Operand] {
        match self {
            Self::First | Self::Counted => &[Operand::Src],
            Self::Last => &[Operand::Dst],
            Self::Equal => &[Operand::Src, Operand::Dst],
        }
    }
}

/// The evenly spaced places that hold all items of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// Bytes from the first one to the last.
    pub span: usize,
    /// Bytes from one to the next; 0 where there is one.
    pub step: usize,
}

impl Places {
    /// The places that axes lead to, but for the pointers that these follow; `None` where they lead too far.
    // Not inlined, for the size of the library: there are few calls that need it.
    #[must_use]
    #[inline(never)]
    pub fn of(axes: &[Axis], operand: Operand) -> Option<Self> {
        let moving = || axes.iter().filter(|axis| axis.len > 1);
        let stride = |axis: &Axis| operand.step(axis).stride;
        let step = moving().fold(0, |step, axis| common_divisor(stride(axis).unsigned_abs(), step));
        spread(moving(), stride).map(|span| Self { span, step })
    }

    /// The number of places; some may have no item.
    #[must_use]
    pub fn count(&self) -> usize {
        self.span.checked_div(self.step).unwrap_or(0).saturating_add(1)
    }
}

impl Pair<'_> {
    /// The axes up to the last one that follows a pointer.
    #[must_use]
    pub fn outer(&self) -> &[Axis] {
        self.axes.as_slice().get(..self.indirect()).unwrap_or(&[])
    }

    /// The axes after it.
    #[must_use]
    pub fn direct(&self) -> &[Axis] {
        self.axes.as_slice().get(self.indirect()..).unwrap_or(&[])
    }

    /// Lets the direct axes lead upwards, along the longest steps first: pairs of places come in long lines then.
    pub fn sort_direct(&mut self) {
        let indirect = self.indirect();
        self.flip(indirect);
        self.sort(indirect);
    }

    /// The number of places that the direct axes lead to, of all operands that decide; `None` where they lead too far.
    pub(super) fn places(&self, enough: Enough) -> Option<usize> {
        let count = |&operand: &Operand| Places::of(self.direct(), operand).map(|places| places.count());
        enough.operands().iter().map(count).try_fold(0_usize, |all, count| Some(all.saturating_add(count?)))
    }

    /// The places that the direct axes lead an operand to, and how many pairs are run there at most, in boxes if they are too many; `None`
    /// where they lead too far.
    #[must_use]
    pub fn behind_each(&self, operand: Operand) -> Option<(Places, usize)> {
        let places = Places::of(self.direct(), operand)?;
        let boxes = places.count().max(FEW_PAIRS).saturating_mul(MORE_PAIRS);
        Some((places, tuples(self.direct()).min(boxes)))
    }

    /// Whether there are much fewer places of the first operand's items than index tuples that lead there.
    pub(super) fn has_few_places(&self) -> bool {
        self.places(Enough::Counted).is_some_and(|count| count <= tuples(self.direct()) / 4)
    }

    /// Whether the operands may be much smaller than so many pairs, since axes lead to the same pointers, or pointers to the same
    /// memory. If not, there are not many for each pointer of the first table, or each item before one, of an operand that decides.
    #[must_use]
    pub fn may_be_tangled(&self, pairs: usize, enough: Enough) -> bool {
        let axes = self.axes.as_slice();
        let most = |&operand: &Operand| {
            let table = axes.iter().position(|axis| operand.step(axis).suboffset.is_some());
            let table = axes.get(..table.map_or(axes.len(), |at| at + 1)).unwrap_or(&[]);
            let places = Places::of(table, operand).map_or(usize::MAX, |places| places.count().min(tuples(table)));
            places.saturating_mul(PAIRS_FOR_A_POINTER)
        };
        self.is_indirect()
            && pairs > FEW_BEHIND_POINTERS
            && enough.operands().iter().all(|operand| pairs > most(operand))
    }

    /// Keeps one index of each axis along which no operand moves that decides what is enough. Returns how many pairs each pair that
    /// is left stands for, where they are counted.
    pub fn leave(&mut self, enough: Enough) -> usize {
        match enough {
            Enough::First | Enough::Counted => return self.leave_first(),
            Enough::Last => self.leave_last(),
            Enough::Equal => self.leave_distinct(),
        }
        1
    }

    /// The walk over one more axis and, if they are `kept`, the direct axes, from addresses on that the others have led to. `None` where
    /// there is too little room.
    #[must_use]
    pub fn behind<'s>(&self, line: Axis, kept: bool, room: &'s mut [Axis]) -> Option<Pair<'s>> {
        let mut axes = Axes::new(room);
        let direct = if kept { self.direct() } else { &[] };
        let has_room = (line.len == 1 || axes.push(line)) && direct.iter().all(|&axis| axes.push(axis));
        has_room.then_some(Pair { axes, itemsize: self.itemsize, src_offset: 0, dst_offset: 0 })
    }

    /// Where the walk starts, in bytes from the bases of the two operands.
    #[must_use]
    pub fn start(&self) -> (isize, isize) {
        (self.src_offset, self.dst_offset)
    }
}
