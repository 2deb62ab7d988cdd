//! An iterator over the values of an item, for two formats that are walked in step, which a visitor cannot do.
//!
//! CPython's counterpart is `s_unpack_internal` in `_struct.c`, which fills a tuple. [`CompiledFormat::unpack`] is
//! faster where only one format is read.

use core::ops::Range;

use super::codec::{Codec, Form};
use super::compile::Op;
use super::compiled::CompiledFormat;
use super::tree::MAX_DEPTH;
use super::value::Value;

/// A walk over the values of items, which can start again for the next item.
#[derive(Clone, Debug)]
pub struct ValueWalk<'o> {
    pub(super) ops: &'o [Op],
    /// The next step, how many of its elements have been visited, and where the element of the loop around it starts.
    pub(super) at: usize,
    pub(super) index: usize,
    base: usize,
    /// The loops around it, at most one for each nested record.
    pub(super) rounds: [Round; MAX_DEPTH + 1],
    pub(super) depth: usize,
}

/// A loop in progress.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    /// Its steps.
    pub(super) first: usize,
    pub(super) end: usize,
    /// How many rounds are left.
    pub(super) left: usize,
    /// Where the element of the loop around it starts.
    outer: usize,
}

impl Round {
    /// The bytes from one round to the next. (The step before the first one of the loop says so: kept here, it would be kept 65 times.)
    fn size(&self, ops: &[Op]) -> usize {
        ops.get(self.first.wrapping_sub(1)).map_or(0, |op| op.size)
    }
}

/// What has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    Round,
    Loop,
}

impl<'o> CompiledFormat<'o> {
    /// The walk over the values of this format, before the first one.
    #[must_use]
    pub fn values(&self) -> ValueWalk<'o> {
        ValueWalk { ops: self.ops(), at: 0, index: 0, base: 0, rounds: [Round::default(); MAX_DEPTH + 1], depth: 0 }
    }
}

impl<'o> ValueWalk<'o> {
    /// The values of an item, from the first one. It ends early where the memory is smaller than the item.
    pub fn of<'w, 'a>(&'w mut self, item: &'a [u8]) -> impl Iterator<Item = Value<'a>> + use<'w, 'a, 'o> {
        self.restart();
        core::iter::from_fn(move || self.settle().and_then(|op| self.take(op, item)))
    }

    pub(super) fn restart(&mut self) {
        (self.at, self.index, self.base, self.depth) = (0, 0, 0, 0);
    }

    /// Moves to the step of the next value.
    #[inline]
    pub(super) fn settle(&mut self) -> Option<&'o Op> {
        loop {
            self.close_rounds();
            let op = self.ops.get(self.at)?;
            if op.codec.form == Form::Loop {
                self.open_round(op)?;
            } else if self.index < op.count {
                return Some(op);
            } else {
                self.leave(op);
            }
        }
    }

    /// The next value, which is one of this step.
    #[inline]
    pub(super) fn take<'a>(&mut self, op: &Op, item: &'a [u8]) -> Option<Value<'a>> {
        let (codec, bytes) = self.place(op)?;
        codec.decode(item.get(bytes)?)
    }

    /// Where in the item the next value is, which is one of this step; the next one comes after it.
    #[inline]
    pub(super) fn place(&mut self, op: &Op) -> Option<(Codec, Range<usize>)> {
        let index = self.index;
        self.index = index + 1;
        let (offset, codec, size) = if op.codec.form == Form::Bits {
            let (offset, codec) = op.codec.nth_bits(index);
            (offset, codec, codec.bits_size(1))
        } else {
            (op.size.checked_mul(index)?, op.codec, op.size)
        };
        let start = self.base.checked_add(op.offset)?.checked_add(offset)?;
        Some((codec, start..start.checked_add(size)?))
    }

    /// How many elements of the next step, which is not a loop, are left.
    pub(super) fn left(&self, op: &Op) -> usize {
        op.count.saturating_sub(self.index)
    }

    /// Skips so many of them.
    pub(super) fn pass(&mut self, elements: usize) {
        self.index += elements;
    }

    /// Moves to the next step, if all elements of this one have been visited.
    #[inline]
    pub(super) fn leave(&mut self, op: &Op) {
        if self.index >= op.count {
            self.at += 1;
            self.index = 0;
        }
    }

    /// The innermost loop, if its steps are done.
    pub(super) fn ended_round(&self) -> Option<Round> {
        let last = self.depth.checked_sub(1)?;
        self.rounds.get(last).copied().filter(|round| round.end == self.at)
    }

    /// Skips so many rounds of it.
    pub(super) fn pass_rounds(&mut self, rounds: usize) {
        if let Some(round) = self.depth.checked_sub(1).and_then(|last| self.rounds.get_mut(last)) {
            round.left = round.left.saturating_sub(rounds);
            self.base = self.base.wrapping_add(round.size(self.ops).wrapping_mul(rounds));
        }
    }

    /// Moves to where the round before the first one of this loop would end. Its base may wrap below 0; the next one's does
    /// not.
    pub(super) fn open_before(&mut self, op: &Op) -> Option<()> {
        self.open_round(op)?;
        let round = self.rounds.get_mut(self.depth.checked_sub(1)?)?;
        round.left = op.count;
        self.base = self.base.wrapping_sub(op.size);
        self.at = round.end;
        Some(())
    }

    /// Starts the next round of the loops whose steps are done, or leaves them.
    #[inline]
    fn close_rounds(&mut self) {
        while self.close_round() == Some(Closed::Loop) {}
    }

    /// Starts the next round of the innermost loop, or leaves it, if its steps are done.
    #[inline]
    pub(super) fn close_round(&mut self) -> Option<Closed> {
        let last = self.depth.checked_sub(1)?;
        let round = self.rounds.get_mut(last).filter(|round| round.end == self.at)?;
        Some(match round.left.checked_sub(1) {
            Some(left) => {
                round.left = left;
                self.base = self.base.wrapping_add(round.size(self.ops));
                self.at = round.first;
                Closed::Round
            }
            None => {
                self.base = round.outer;
                self.depth = last;
                Closed::Loop
            }
        })
    }

    fn open_round(&mut self, op: &Op) -> Option<()> {
        let first = self.at + 1;
        *self.rounds.get_mut(self.depth)? =
            Round { first, end: first + op.inner, left: op.count - 1, outer: self.base };
        self.depth += 1;
        self.base += op.offset;
        self.at = first;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;
    use std::ffi::CString;
    use std::{vec, vec::Vec};

    use super::super::compile::{compile, count_ops};
    use super::*;

    /// The values that the walk yields, which must be those that the compiled format visits. It runs twice, to test the
    /// restart.
    fn values<'a>(format: &CStr, item: &'a [u8]) -> Option<Vec<Value<'a>>> {
        let counts = count_ops(format).ok()?;
        let mut ops = vec![Op::default(); counts.ops];
        compile(format, &mut ops).ok()?;
        let compiled = CompiledFormat::new(&ops, counts);
        let mut visited = vec![];
        compiled
            .unpack(item, &mut |value| {
                visited.push(value);
                Ok(())
            })
            .ok()?;
        let mut walk = compiled.values();
        assert_eq!(walk.of(item).take(2).count(), visited.len().min(2));
        let values: Vec<_> = walk.of(item).collect();
        assert_eq!(values, visited, "{format:?}");
        assert_eq!(values.len(), counts.values);
        assert!(walk.of(item.get(..item.len().saturating_sub(1)).unwrap_or(item)).count() <= values.len());
        Some(values)
    }

    #[test]
    fn values_are_those_that_are_visited() {
        let item: Vec<u8> = (0..=255).collect();
        for format in [
            c"",
            c"2x",
            c"0i",
            c"<ihq",
            c"2s0scc3p",
            c"?3B",
            c"T{i}",
            c"3T{BT{H}B}B",
            c"2T{2T{B}2T{2T{B}2T{B}}B}B",
            c"(2,3)T{<hT{>h}2x}",
            c"0T{i}B",
            c"(2)T{2uw}",
            c"t(3)3t6tB",
            c"2T{3t7t}",
            c"&iOX{}z",
            c">Q:a:x:b:",
            c"2T{2T{2T{}}B}",
        ] {
            assert!(values(format, &item).is_some(), "{format:?}");
        }
    }

    #[test]
    fn loops_are_as_deep_as_records() {
        for depth in [1, 7, 12] {
            let text = ["2T{".repeat(depth), "B".into(), "}".repeat(depth)].concat();
            let count = CString::new(text).ok().and_then(|text| values(&text, &[7; 4096]).map(|values| values.len()));
            assert_eq!(count, Some(1 << depth));
        }
        let deep = ["1T{".repeat(MAX_DEPTH - 1), "2T{B}".into(), "}".repeat(MAX_DEPTH - 1)].concat();
        let count = CString::new(deep).ok().and_then(|text| values(&text, &[7; 4096]).map(|values| values.len()));
        assert_eq!(count, Some(2));
    }

    #[test]
    fn too_little_memory_ends_it() {
        let format = c"2T{hh}";
        let counts = count_ops(format).unwrap_or_default();
        let mut ops = vec![Op::default(); counts.ops];
        assert_eq!(compile(format, &mut ops), Ok(counts));
        let mut walk = CompiledFormat::new(&ops, counts).values();
        let item = [0; 8];
        let mut count = |len| item.get(..len).map(|item| walk.of(item).count());
        assert_eq!([0, 1, 2, 6, 7, 8].map(&mut count), [0, 0, 1, 3, 3, 4].map(Some));
    }
}
