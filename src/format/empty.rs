//! Values without a byte: `0s`, `0p`, `0t`. An item may have any number of them, whatever its size.
//!
//! The format alone decides what such a value is, an empty string or no bits, so items are compared by stretches of them.
//! A stretch is a string over these two letters, mostly of one only. Loops repeat it up to 2**63 times, so its
//! fingerprint ([`Print`]) stands for it, which is combined from those of its parts in as many steps as the format has.

use super::codec::Form;
use super::compile::Op;
use super::value_walk::ValueWalk;

/// The fingerprint of a stretch: the functions `x * factor + sum`, modulo two primes, that its letters compose to. A letter is
/// `x * BASE + letter`. Equal stretches have equal prints; different ones of one length have with a probability of 2**-60.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Print([Function; 2]);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Function {
    factor: u64,
    sum: u64,
}

const PRIMES: [Prime; 2] = [Prime { bits: 61, less: 1 }, Prime { bits: 63, less: 25 }];
const BASES: [u64; 2] = [0x0a5f_2c61_93d7_e84b, 0x5bd1_e995_7f4a_7c15];

/// `2**bits - less`.
#[derive(Clone, Copy)]
struct Prime {
    bits: u32,
    less: u8,
}

impl Prime {
    /// `x * factor + sum` modulo the prime, of which all three are less.
    fn apply(self, x: u64, factor: u64, sum: u64) -> u64 {
        let (power, less) = (1_u64 << self.bits, u64::from(self.less));
        // `2**bits` is `less`, modulo the prime. After the second time less than two primes are left.
        let fold = |number: u128| (number & u128::from(power - 1)) + (number >> self.bits) * u128::from(less);
        let all = fold(fold(u128::from(x) * u128::from(factor) + u128::from(sum))) as u64;
        let prime = power - less;
        if all < prime { all } else { all - prime }
    }
}

impl Print {
    /// The print of an empty stretch.
    const NOTHING: Self = Self([Function { factor: 1, sum: 0 }; 2]);

    /// The print of one value of this form.
    fn of(form: Form) -> Self {
        Self(BASES.map(|factor| Function { factor, sum: if form == Form::Bits { 2 } else { 1 } }))
    }

    /// The print of this stretch followed by another.
    fn then(self, next: Self) -> Self {
        let mut both = self;
        for ((function, next), prime) in both.0.iter_mut().zip(next.0).zip(PRIMES) {
            function.factor = prime.apply(function.factor, next.factor, 0);
            function.sum = prime.apply(function.sum, next.factor, next.sum);
        }
        both
    }

    /// The print of this stretch repeated `count` times.
    fn repeated(self, mut count: usize) -> Self {
        let (mut all, mut power) = (Self::NOTHING, self);
        loop {
            if count & 1 != 0 {
                all = all.then(power);
            }
            count >>= 1;
            if count == 0 {
                return all;
            }
            power = power.then(power);
        }
    }
}

/// How many values without a byte some steps start with, and whether these are all values. From `enough` on
/// the count may stop early, so that it takes no more steps than it counts values, for each depth.
/// Recursion is as deep as the format's.
fn count(ops: &[Op], enough: usize) -> (usize, bool) {
    let mut count = 0_usize;
    for (op, body) in steps(ops) {
        if count >= enough {
            return (count, false);
        }
        let ((each, whole), rounds) = match body {
            Some(body) => (self::count(body, enough), op.count),
            None if op.is_empty() => ((1, true), op.count),
            None => ((0, false), 0),
        };
        count = count.saturating_add(each.saturating_mul(if whole { rounds } else { 1 }));
        if !whole {
            return (count, false);
        }
    }
    (count, true)
}

/// The print of some steps that have no other values. Recursion is as deep as the format's.
fn print(ops: &[Op]) -> Print {
    steps(ops).fold(Print::NOTHING, |all, (op, body)| {
        let part = body.map_or_else(|| Print::of(op.codec.form), print);
        all.then(part.repeated(op.count))
    })
}

/// The steps outside of loops; with each loop come its inner steps.
fn steps(mut ops: &[Op]) -> impl Iterator<Item = (&Op, Option<&[Op]>)> {
    core::iter::from_fn(move || {
        let (op, rest) = ops.split_first()?;
        let (body, rest) = rest.split_at_checked(op.inner)?;
        ops = rest;
        Some((op, (op.codec.form == Form::Loop).then_some(body)))
    })
}

impl Op {
    /// Whether its elements are values without a byte.
    fn is_empty(&self) -> bool {
        match self.codec.form {
            Form::Bytes => self.size == 0,
            Form::Bits => self.codec.bits_size(1) == 0,
            _ => false,
        }
    }
}

/// Whether any values are without a byte.
pub(super) fn has_empty(ops: &[Op]) -> bool {
    ops.iter().any(Op::is_empty)
}

/// After so many consecutive runs of values without a byte, counting how many more there are pays.
const PATIENCE: usize = 32;

/// The search for how many values without a byte come next goes on for so many times as many.
const FURTHER: usize = 16;

/// Whether two items with as many values have equal ones, in time proportional to their bytes and to the steps of their
/// formats.
pub(super) fn equal(a: &mut ValueWalk<'_>, a_item: &[u8], b: &mut ValueWalk<'_>, b_item: &[u8]) -> bool {
    a.restart();
    b.restart();
    loop {
        let (left, right) = match settle_both(a, b) {
            Some((Some(left), Some(right))) => (left, right),
            Some((left, right)) => return left.is_none() && right.is_none(),
            None => return false,
        };
        match (a.take(left, a_item), b.take(right, b_item)) {
            (Some(left), Some(right)) if left == right => {}
            _ => return false,
        }
    }
}

/// Moves two walks in step to the steps of their next values, past those that are the same value without a byte in both, in time
/// proportional to the steps of the formats. `None` where there are values without a byte further on that are not the same.
pub(super) fn settle_both<'a, 'b>(
    a: &mut ValueWalk<'a>,
    b: &mut ValueWalk<'b>,
) -> Option<(Option<&'a Op>, Option<&'b Op>)> {
    let mut runs: usize = 0;
    loop {
        let (left, right) = match (a.settle(), b.settle()) {
            (Some(left), Some(right)) if left.is_empty() && right.is_empty() => (left, right),
            next => return Some(next),
        };
        if left.codec.form != right.codec.form {
            return None;
        }
        let run = a.left(left).min(b.left(right));
        a.pass(run);
        b.pass(run);
        runs += 1;
        if runs == PATIENCE {
            runs = 0;
            let stretch = empty_ahead(a, b);
            if a.pass_empty(stretch) != b.pass_empty(stretch) {
                return None;
            }
        }
    }
}

/// How many values without a byte come next in both. Neither side is searched further than [`FURTHER`] times the other, since one of the
/// two may have many ahead, and the other one few, again and again.
fn empty_ahead(a: &ValueWalk<'_>, b: &ValueWalk<'_>) -> usize {
    let mut enough = PATIENCE;
    loop {
        let stretch = a.empty_ahead(enough).min(b.empty_ahead(enough));
        if stretch < enough || enough == usize::MAX {
            return stretch;
        }
        enough = enough.saturating_mul(FURTHER);
    }
}

impl<'o> ValueWalk<'o> {
    /// The steps from `first` up to `end`.
    fn steps(&self, first: usize, end: usize) -> &'o [Op] {
        self.ops.get(first..end).unwrap_or(&[])
    }

    /// How many values without a byte come next; from `enough` on, at least so many.
    fn empty_ahead(&self, enough: usize) -> usize {
        let (mut at, mut behind, mut all) = (self.at, self.index, 0_usize);
        for round in self.rounds.get(..self.depth).unwrap_or(&[]).iter().rev() {
            let (rest, whole) = count(self.steps(at, round.end), enough.saturating_add(behind));
            all = all.saturating_add(rest.saturating_sub(behind));
            if !whole {
                return all;
            }
            if round.left != 0 {
                let (each, whole) = count(self.steps(round.first, round.end), enough);
                all = all.saturating_add(each.saturating_mul(if whole { round.left } else { 1 }));
                if !whole {
                    return all;
                }
            }
            (at, behind) = (round.end, 0);
        }
        let (rest, _) = count(self.steps(at, self.ops.len()), enough.saturating_add(behind));
        all.saturating_add(rest.saturating_sub(behind))
    }

    /// Skips so many of them, by whole loops and rounds where possible, and returns their print.
    fn pass_empty(&mut self, mut values: usize) -> Print {
        let mut all = Print::NOTHING;
        while values != 0 {
            if let Some(round) = self.ended_round() {
                let body = self.steps(round.first, round.end);
                let rounds = match count(body, values.saturating_add(1)) {
                    (each, true) => {
                        let rounds = values.checked_div(each).unwrap_or(0).min(round.left);
                        values -= each * rounds;
                        rounds
                    }
                    _ => 0,
                };
                if rounds != 0 {
                    all = all.then(print(body).repeated(rounds));
                    self.pass_rounds(rounds);
                }
                // Only the innermost loop: whole rounds of the outer ones may follow.
                self.close_round();
                continue;
            }
            let Some(op) = self.ops.get(self.at) else { break };
            if op.codec.form == Form::Loop {
                if self.open_before(op).is_none() {
                    break;
                }
                continue;
            }
            let run = self.left(op).min(values);
            all = all.then(Print::of(op.codec.form).repeated(run));
            values -= run;
            self.pass(run);
            self.leave(op);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn remainders_are_those_of_a_division() {
        for prime in PRIMES {
            let modulus = (1 << prime.bits) - u64::from(prime.less);
            let mut number = 1_u64;
            let mut next = || {
                number = number.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
                (number ^ (number >> 32)) % modulus
            };
            let random: Vec<u64> = core::iter::repeat_with(&mut next).take(30).collect();
            let numbers: Vec<u64> = [0, 1, 2, 25, modulus - 2, modulus - 1].into_iter().chain(random).collect();
            for &x in &numbers {
                for &factor in &numbers {
                    for &sum in &numbers {
                        let expected = (u128::from(x) * u128::from(factor) + u128::from(sum)) % u128::from(modulus);
                        assert_eq!(u128::from(prime.apply(x, factor, sum)), expected, "{x} * {factor} + {sum}");
                    }
                }
            }
        }
    }
}
