//! Random sequences of operations on memoryviews, compared with CPython 3.13's: after each step, everything that can be
//! observed, and after each change, all memory.
//!
//! What CPython's memoryview does not support (parts of several axes, formats other than native ones of one code)
//! is not compared here, but in `ndarray.rs` and `numpy.rs`.

use pybuffer::layout::Order;

use crate::common::format;
use crate::common::random::Random;
use crate::support::contest::{Sequence, compare};
use crate::support::draw::{
    FOREIGN, NATIVE, random_end, random_index, random_memory, random_shape, random_slice, random_value, sample_of,
};
use crate::support::play::{Answer, Op, Player, Register, World, is_native};
use crate::support::sample;
use crate::support::views::{Key, View, c_string};

/// A sequence that is being made: each operation is chosen to fit the state after those before.
struct Maker {
    random: Random,
    world: World,
    ops: Vec<Op>,
    answers: Vec<Answer>,
    next: Register,
    /// Registers of bytes objects and bytearrays, iterators with their views, and exports.
    objects: Vec<Register>,
    iterators: Vec<(Register, Register)>,
    exports: Vec<Register>,
}

impl Maker {
    fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            world: World::new(Player::CPython),
            ops: vec![],
            answers: vec![],
            next: 0,
            objects: vec![],
            iterators: vec![],
            exports: vec![],
        }
    }

    fn register(&mut self) -> Register {
        self.next += 1;
        self.next
    }

    fn play(&mut self, op: Op) {
        self.answers.push(self.world.step(&op));
        self.ops.push(op);
    }

    /// An object or a structure, and a view of it.
    fn begin(&mut self) {
        let to = self.register();
        match self.random.below(8) {
            kind @ 0..3 => {
                let len = self.random.pick(&[0, 1, 2, 7, 8, 12, 16, 24, 24, 32, 48]);
                let content = match self.random.below(2) {
                    0 => self.random.bytes(len),
                    _ => (0..len).map(|_| self.random.pick(&[0, 1, 1, 2, 255])).collect(),
                };
                self.play(if kind == 0 { Op::Bytes(to, content) } else { Op::ByteArray(to, content) });
                self.objects.push(to);
                let view = self.register();
                self.play(Op::View(view, to));
            }
            _ => {
                let prefixed = |code: &str| format!("@{code}");
                let format = match self.random.below(10) {
                    0 => None,
                    1 => Some(self.random.pick(FOREIGN).to_string()),
                    2..4 => Some(prefixed(self.random.pick(NATIVE))),
                    4..6 => Some(self.random.pick(&["B", "b", "c"]).to_string()),
                    _ => Some(self.random.pick(NATIVE).to_string()),
                };
                let exporter = self.random.pick(&["buffer", "ndarray"]);
                let shape = random_shape(&mut self.random);
                let memory = random_memory(&mut self.random, format.as_deref(), shape, exporter);
                self.play(Op::Memory(to, memory));
            }
        }
    }

    /// The register of some view, most often of one that is as asked.
    fn some_view(&mut self, asked: impl Fn(&View) -> bool) -> Option<Register> {
        let views = self.world.views();
        let good: Vec<_> = views.iter().filter(|(_, view)| !view.is_released() && asked(view)).collect();
        if good.is_empty() || self.random.chance(12) {
            let at = self.random.below(views.len().max(1));
            return views.get(at).map(|&(register, _)| register);
        }
        Some(good[self.random.below(good.len())].0)
    }

    fn view(&self, of: Register) -> &View {
        self.world.view(of).expect("it was there")
    }

    fn native(&self, of: Register) -> bool {
        is_native(self.view(of).format().to_bytes())
    }

    /// Indices of an item, rarely too few or too many.
    fn indices(&mut self, of: Register) -> Vec<isize> {
        let mut shape = self.view(of).shape().to_vec();
        match self.random.below(20) {
            0 => shape.push(1),
            1 => _ = shape.pop(),
            _ => (),
        }
        let mut indices: Vec<_> = shape.iter().map(|&len| random_index(&mut self.random, len)).collect();
        if let Some(index) = indices.last_mut().filter(|_| self.random.chance(10)) {
            *index = random_end(&mut self.random, 3);
        }
        indices
    }

    /// A value that the view has, or some value.
    fn wanted(&mut self, of: Register) -> sample::Sample {
        let values = self.view(of).values().unwrap_or_default();
        if values.is_empty() || self.random.chance(25) {
            let format = self.view(of).format().to_bytes().to_vec();
            return random_value(&mut self.random, &format);
        }
        sample_of(&self.random.pick(&values))
    }

    fn cast(&mut self, of: Register) -> Op {
        let to = self.register();
        let view = self.view(of);
        let (len, is_byte) = (view.buffer().len.unsigned_abs(), view.buffer().itemsize == 1);
        let format = match self.random.below(20) {
            0 => self.random.pick(&["", "@", "ii", "Z", "x", "y", "@@i", "i ", "1", "é", "Bé", "\u{1}"]).to_string(),
            1 => self.random.pick(FOREIGN).to_string(),
            2 => format!("@{}", self.random.pick(NATIVE)),
            // One of the two has to be a byte format.
            _ if is_byte && self.random.chance(80) => {
                let code = self.random.pick(NATIVE);
                let size = format::Format::parse(&c_string(code)).map_or(1, |format| format.itemsize());
                if len.is_multiple_of(size) { code } else { self.random.pick(NATIVE) }.to_string()
            }
            _ => self.random.pick(&["B", "b", "c", "@B"]).to_string(),
        };
        let format = c_string(&format);
        let shape = self.random.chance(60).then(|| {
            let itemsize = format::Format::parse(&format).map_or(1, |format| format.itemsize().max(1));
            let mut left = len / itemsize;
            let mut shape = vec![];
            // Factors of the number of items, in several axes or in one.
            for _ in 0..self.random.pick(&[0, 0, 1, 2, 3, 6]) {
                let factor = self.random.pick(&[1, 2, 2, 3, 4]);
                if left.is_multiple_of(factor) {
                    shape.push(factor.cast_signed());
                    left /= factor;
                }
            }
            if left != 1 || self.random.chance(20) {
                shape.push(left.cast_signed());
            }
            if self.random.chance(12) {
                let wrong = self.random.pick(&[0, -1, 7, 1 << 40, isize::MAX, isize::MIN]);
                let at = self.random.below(shape.len() + 1);
                shape.insert(at, wrong);
            }
            if self.random.chance(2) {
                shape.extend([1; 65]);
            }
            shape
        });
        Op::Cast(to, of, format, shape)
    }

    /// To one axis only, where CPython can do it, and usually as many items of the same format.
    fn assign(&mut self, to: Register) -> Option<Op> {
        if self.view(to).ndim() != 1 || !self.native(to) {
            return None;
        }
        let len = self.view(to).shape()[0];
        let format = self.view(to).format().to_bytes().to_vec();
        let alike = |view: &View| view.ndim() == 1 && view.format().to_bytes() == format && view.shape()[0] <= len;
        let mut sources: Vec<_> =
            self.world.views().into_iter().filter(|(_, view)| alike(view)).map(|(at, _)| at).collect();
        if sources.is_empty() || self.random.chance(15) {
            sources = self.world.views().into_iter().map(|(at, _)| at).collect();
            sources.extend(&self.objects);
        }
        let source = self.random.pick(&sources);
        let count = self.world.view(source).and_then(|view| view.shape().first().copied());
        let key = match count.filter(|&count| count > 0 && count <= len) {
            Some(count) if self.random.chance(85) => {
                let step =
                    1 + self.random.below(((len - 1) / (count - 1).max(1)).clamp(1, 4).unsigned_abs()).cast_signed();
                let span = (count - 1) * step + 1;
                let start = self.random.below((len - span).max(0).unsigned_abs() + 1).cast_signed();
                if self.random.chance(70) {
                    Key::Slice([Some(start), Some(start + span), Some(step)])
                } else {
                    let stop = (start > 0).then(|| start - 1);
                    Key::Slice([Some(start + span - 1), stop, Some(-step)])
                }
            }
            _ => random_slice(&mut self.random, len),
        };
        Some(Op::Assign(to, vec![key], source))
    }

    /// An operation, if there is anything to do it with.
    fn some(&mut self) -> Option<Op> {
        let kind = self.random.below(100);
        let of = match kind {
            30..58 => self.some_view(|view| view.buffer().readonly == 0 && view.buffer().len > 0),
            58..72 => self.some_view(|view| view.is_flagged_contiguous(Order::C) && view.buffer().len > 0),
            _ => self.some_view(|_| true),
        }?;
        let first = self.view(of).shape().first().copied().unwrap_or(3);
        Some(match kind {
            0..18 => Op::Slice(self.register(), of, random_slice(&mut self.random, first)),
            18..30 => {
                let indices = self.indices(of);
                Op::Get(of, indices)
            }
            30..45 if self.native(of) => {
                let indices = self.indices(of);
                let format = self.view(of).format().to_bytes().to_vec();
                Op::Set(of, indices, random_value(&mut self.random, &format))
            }
            45..58 => self.assign(of)?,
            58..72 => self.cast(of),
            72..74 => Op::ReadOnly(self.register(), of),
            74..76 => Op::View(self.register(), of),
            76..79 if self.view(of).values_of_an_item() == 1 => {
                let item = self.wanted(of);
                Op::Count(of, item)
            }
            79..83 if self.view(of).values_of_an_item() == 1 => {
                let item = self.wanted(of);
                let (mut start, mut stop) = (0, isize::MAX);
                if self.random.chance(60) {
                    start = random_end(&mut self.random, first);
                    stop = random_end(&mut self.random, first);
                }
                Op::Index(of, item, start, stop)
            }
            83..85 => {
                let to = self.register();
                self.iterators.push((to, of));
                Op::Iter(to, of)
            }
            85..89 if !self.iterators.is_empty() => {
                let (iterator, of) = self.random.pick(&self.iterators);
                // Up to the end and beyond, and after the end of the view.
                for _ in 0..self.random.pick(&[0, 0, 1, 4]) {
                    self.play(Op::Next(iterator));
                }
                if self.random.chance(15) { Op::Release(of) } else { Op::Next(iterator) }
            }
            89..93 => {
                let mut all: Vec<_> = self.world.views().into_iter().map(|(at, _)| at).collect();
                all.extend(&self.objects);
                let other = self.random.pick(&all);
                if self.random.chance(50) { Op::Equal(of, other) } else { Op::Equal(other, of) }
            }
            93..95 => Op::Hash(of),
            95 => {
                let to = self.register();
                self.exports.push(to);
                Op::Export(to, of)
            }
            96 if !self.exports.is_empty() => {
                let at = self.random.below(self.exports.len());
                Op::Drop(self.exports.swap_remove(at))
            }
            97..99 => Op::Release(of),
            99 if self.random.chance(30) => Op::Drop(of),
            _ => return None,
        })
    }

    /// `steps` operations, and a final check of all objects.
    fn finish(mut self, seed: u64, steps: usize) -> Sequence {
        self.begin();
        while self.ops.len() < steps {
            if self.random.chance(3) || self.world.views().is_empty() {
                self.begin();
            }
            if let Some(op) = self.some() {
                self.play(op);
            }
        }
        let views: Vec<_> = self.world.views().into_iter().map(|(at, _)| at).collect();
        views.into_iter().for_each(|at| self.play(Op::Look(at)));
        Sequence { seed, ops: self.ops, answers: self.answers }
    }
}

#[test]
fn memoryviews_do_what_those_of_cpython_do() {
    let first: u64 = std::env::var("PYBUFFER_SEED").map_or(0, |seed| seed.parse().expect("a number"));
    let sequences = (first..first + 1200).map(|seed| Maker::new(seed).finish(seed, 30)).collect();
    compare(Player::CPython, sequences, 85);
}
