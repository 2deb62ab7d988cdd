//! Parts of several axes, compared with the ndarray of CPython 3.13's `_testbuffer` module, which knows tuples of
//! slices, rows by an integer, and memory behind pointers; assignment to such parts; and slices alone, with Python's.
//!
//! Not compared is the assignment of overlapping memory, where that ndarray copies items onto items that are still to be
//! read.

use std::path::Path;
use std::process::Command;

use pybuffer::abi::buffer::Py_buffer;

use crate::common::random::Random;
use crate::support::contest::{Sequence, compare};
use crate::support::draw::{FOREIGN, NATIVE, random_end, random_index, random_memory, random_shape, random_slice};
use crate::support::interpreter;
use crate::support::play::{Answer, Op, Player, Register, World};
use crate::support::views::{Key, View, keys_to_c};

/// Whether a suboffset would be negative once the first of the slices are taken. The ndarray takes slice after slice, and
/// such a suboffset for none.
fn has_negative_suboffset(view: &View, keys: &[Key]) -> bool {
    let refused =
        |count| matches!(view.subscript(&keys_to_c(&keys[..count])), Err(error) if error == "NotImplementedError");
    (1..=keys.len()).any(refused)
}

/// A sequence that is being made.
struct Maker {
    random: Random,
    world: World,
    ops: Vec<Op>,
    answers: Vec<Answer>,
    next: Register,
    format: &'static str,
    refused: usize,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        let formats: Vec<_> = NATIVE.iter().chain(FOREIGN).copied().collect();
        let format = random.pick(&formats);
        Self { random, world: World::new(Player::CPython), ops: vec![], answers: vec![], next: 0, format, refused: 0 }
    }

    fn register(&mut self) -> Register {
        self.next += 1;
        self.next
    }

    fn play(&mut self, op: Op) {
        if let Op::Part(_, of, keys) | Op::Assign(of, keys, _) = &op
            && self.world.view(*of).is_some_and(|view| has_negative_suboffset(view, keys))
        {
            self.refused += 1;
            return;
        }
        self.answers.push(self.world.step(&op));
        self.ops.push(op);
    }

    /// Integers for the first axes and slices for others. Not more than there are axes, which the ndarray does not notice.
    fn keys(&mut self, shape: &[isize]) -> Vec<Key> {
        let mut keys = vec![];
        let mut integers = self.random.chance(35);
        for &len in shape {
            if !keys.is_empty() && self.random.chance(20) {
                break;
            }
            integers &= self.random.chance(60);
            keys.push(match integers {
                true if self.random.chance(5) => Key::Index(random_end(&mut self.random, len)),
                true => Key::Index(random_index(&mut self.random, len)),
                // Rarely an empty part.
                false if shape.len() > 3 && self.random.chance(50) => Key::ALL,
                false => random_slice(&mut self.random, len),
            });
        }
        keys
    }

    /// Slices that leave as many items along each axis as there are in `wanted`.
    fn fitting(&mut self, shape: &[isize], wanted: &[isize]) -> Vec<Key> {
        let fit = |(&len, &count): (&isize, &isize)| {
            if count == 0 || count > len {
                return random_slice(&mut self.random, len);
            }
            let step = 1 + self.random.below(((len - 1) / (count - 1).max(1)).clamp(1, 3).unsigned_abs()).cast_signed();
            let span = (count - 1) * step + 1;
            let start = self.random.below((len - span).unsigned_abs() + 1).cast_signed();
            if self.random.chance(60) {
                return Key::Slice([Some(start), Some(start + span), Some(step)]);
            }
            Key::Slice([Some(start + span - 1), (start > 0).then(|| start - 1), Some(-step)])
        };
        shape.iter().zip(wanted).map(fit).collect()
    }

    fn some_view(&mut self) -> Register {
        let views = self.world.views();
        let full: Vec<_> = views.iter().filter(|(_, view)| view.buffer().len > 0).collect();
        if full.is_empty() || self.random.chance(10) {
            return views[self.random.below(views.len())].0;
        }
        full[self.random.below(full.len())].0
    }

    /// From memory that has nothing in common with that of the view, most often in a shape that fits.
    fn assign(&mut self, to: Register, roots: &[Register]) -> Option<Op> {
        let shape = self.world.view(to)?.shape().to_vec();
        let fits = |view: &View| {
            view.ndim() == shape.len() && view.shape().iter().zip(&shape).all(|(wanted, len)| wanted <= len)
        };
        let apart = self.world.views().into_iter().filter(|&(from, _)| roots[to] != roots[from]);
        let (good, others): (Vec<_>, Vec<_>) = apart.partition(|(_, view)| fits(view));
        let from = if good.is_empty() || self.random.chance(5) { others } else { good };
        let &(from, source) = from.get(self.random.below(from.len().max(1)))?;
        if shape.is_empty() {
            return None;
        }
        let wanted = source.shape().to_vec();
        let keys = if wanted.len() == shape.len() && self.random.chance(90) {
            self.fitting(&shape, &wanted)
        } else {
            self.keys(&shape)
        };
        keys.iter().all(|key| matches!(key, Key::Slice(_))).then_some(Op::Assign(to, keys, from))
    }

    fn finish(mut self, seed: u64, steps: usize) -> (Sequence, usize) {
        // Which memory each register belongs to.
        let mut roots = vec![0];
        let mut shape = random_shape(&mut self.random);
        for _ in 0..2 {
            let to = self.register();
            roots.push(to);
            let memory = random_memory(&mut self.random, Some(self.format), shape.clone(), "plain-ndarray");
            self.play(Op::Memory(to, memory));
            // The other one fits into parts of this one.
            for len in &mut shape {
                *len -= self.random.below(3).cast_signed().min((*len - 1).max(0));
            }
        }
        while self.ops.len() < steps {
            let of = self.some_view();
            if self.random.chance(35) {
                if let Some(op) = self.assign(of, &roots) {
                    self.play(op);
                }
                continue;
            }
            let shape = self.world.view(of).map(|view| view.shape().to_vec()).unwrap_or_default();
            if shape.is_empty() {
                self.play(Op::Look(of));
                continue;
            }
            let to = self.register();
            roots.push(roots[of]);
            let keys = self.keys(&shape);
            self.play(Op::Part(to, of, keys));
        }
        (Sequence { seed, ops: self.ops, answers: self.answers }, self.refused)
    }
}

#[test]
fn parts_of_several_axes_are_those_of_an_ndarray() {
    let first: u64 = std::env::var("PYBUFFER_SEED").map_or(0, |seed| seed.parse().expect("a number"));
    let (sequences, refused): (Vec<_>, Vec<_>) =
        (first..first + 1000).map(|seed| Maker::new(seed).finish(seed, 14)).unzip();
    println!("{} parts that suboffsets cannot express", refused.iter().sum::<usize>());
    compare(Player::CPython, sequences, 85);
}

/// A view of as many items of one byte, wherever they are: none of them is read.
fn bytes_at(address: usize, len: isize) -> View {
    let mut shape = len;
    // SAFETY: pointers and integers, for which 0 is a value.
    let empty: Py_buffer = unsafe { std::mem::zeroed() };
    let info = Py_buffer {
        buf: std::ptr::without_provenance_mut(address),
        len,
        itemsize: 1,
        readonly: 1,
        ndim: 1,
        shape: &raw mut shape,
        ..empty
    };
    // SAFETY: nobody uses the memory.
    unsafe { View::of_buffer(&info) }.expect("a view")
}

/// A clipped slice: first place, step and number of items, as the view of its part has them.
fn clipped(ends: [Option<isize>; 3], len: isize) -> String {
    let base = 1 << 40;
    match bytes_at(base, len).subscript(&[Key::Slice(ends).to_c()]) {
        Err(error) => format!("!{error}"),
        Ok(part) => {
            let start = part.buffer().buf.addr().wrapping_sub(base).cast_signed();
            format!("{start} {} {}", part.strides()[0], part.shape()[0])
        }
    }
}

#[test]
fn slices_are_clipped_as_python_clips() {
    let Some(python) = interpreter::interpreter() else { return };
    let mut cases = vec![];
    for len in 0..=5 {
        let ends: Vec<_> = (-len - 2..=len + 2).map(Some).chain([None]).collect();
        for &start in &ends {
            for &stop in &ends {
                cases.extend((-3..=3).map(Some).chain([None]).map(|step| ([start, stop, step], len)));
            }
        }
    }
    let exhaustive = cases.len();
    let mut random = Random(5);
    let huge = [isize::MAX, isize::MAX - 1, isize::MAX / 2, 1 << 62, 1 << 32, 3, 1, 0];
    for _ in 0..30_000 {
        let len = match random.below(3) {
            0 => random.below(20).cast_signed(),
            1 => random.pick(&huge),
            _ => (random.next() >> (1 + random.below(63))) as isize,
        };
        let mut end = || match random.below(8) {
            0 | 1 => None,
            2 => Some(random.pick(&huge)),
            // Not the least number, which means a missing one.
            3 => Some(-random.pick(&huge)),
            4 => Some(len.wrapping_add(random.below(5).cast_signed() - 2).max(-isize::MAX)),
            5 => Some((-len).wrapping_add(random.below(5).cast_signed() - 2)).map(|end| end.max(-isize::MAX)),
            6 => Some(random.below(9).cast_signed() - 4),
            _ => Some(random.next() as isize >> random.below(62)).map(|end| end.max(-isize::MAX)),
        };
        cases.push(([end(), end(), end()], len));
    }
    let word = |end: &Option<isize>| end.map_or("-".into(), |end| end.to_string());
    let question = |(ends, len): &([Option<isize>; 3], isize)| {
        format!("{} {len}", ends.iter().map(word).collect::<Vec<_>>().join(" "))
    };
    let mut script = Command::new(python);
    script.arg("-I").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/memoryview_oracle.py")).arg("slices");
    let answers = interpreter::ask_interpreter(&mut script, cases.iter().map(question).collect());
    let mut errors = 0;
    for (&(ends, len), answer) in cases.iter().zip(&answers) {
        assert_eq!(&clipped(ends, len), answer, "{ends:?} of {len} items");
        errors += usize::from(answer.starts_with('!'));
    }
    println!("{exhaustive} slices of up to 5 items, {} others; {errors} have a step of 0", cases.len() - exhaustive);
    assert!(exhaustive > 4_000 && errors > 500);
}
