//! Random subscripts, transposes, repetitions, flips and reshapes of random strided memory, and assignment to parts of it,
//! compared with NumPy: shape, strides of axes of more than one item, the place of the first item, and the items.
//!
//! Invalid operations must fail in both, with the same exception only for an index out of bounds.

use pybuffer::layout::Order;

use crate::common::model::{self, Layout, draws, kinds, lay};
use crate::common::random::Random;
use crate::support::contest::{Sequence, compare};
use crate::support::draw::{draw, memory_of, random_end, random_index, random_shape, random_slice};
use crate::support::play::{Answer, Op, Player, Register, World};
use crate::support::sample::Sample;
use crate::support::views::{self, Key, View, keys_to_c};

/// More items take too long.
const MAX_ITEMS: isize = 300;

/// Whether two items of a view share a byte. The order of NumPy's writes there is undefined.
fn has_overlap(view: &View) -> bool {
    if view.count() == 0 {
        return false;
    }
    let layout = Layout {
        itemsize: view.buffer().itemsize,
        shape: view.shape().to_vec(),
        strides: Some(view.strides().to_vec()),
        suboffsets: None,
        bare: false,
    };
    let mut places: Vec<_> =
        model::indices(&layout.shape, Order::C).into_iter().map(|index| layout.offset(&index)).collect();
    places.sort_unstable();
    places.windows(2).any(|pair| pair[1] - pair[0] < layout.itemsize as i128)
}

/// Whether there would be too many items if there were any: NumPy makes no such array.
fn is_empty_and_huge(view: &View) -> bool {
    let mut others = view.shape().iter().filter(|&&len| len != 0);
    view.count() == 0 && others.try_fold(view.buffer().itemsize, |size, &len| size.checked_mul(len)).is_none()
}

/// A sequence that is being made.
struct Maker {
    random: Random,
    world: World,
    ops: Vec<Op>,
    answers: Vec<Answer>,
    next: Register,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let world = World::new(Player::NumPy);
        Self { random: Random(seed), world, ops: vec![], answers: vec![], next: 0 }
    }

    fn register(&mut self) -> Register {
        self.next += 1;
        self.next
    }

    fn play(&mut self, op: Op) {
        let mut answer = self.world.step(&op);
        // A second ellipsis is an IndexError, too.
        if let Op::Part(_, _, keys) | Op::Assign(_, keys, _) | Op::Fill(_, keys, _) = &op
            && keys.iter().filter(|key| matches!(key, Key::Ellipsis)).count() > 1
            && answer.text == "!IndexError"
        {
            answer.text = "!".into();
        }
        if let Op::Broadcast(to, ..) | Op::Reshape(to, ..) = op
            && self.world.view(to).is_some_and(is_empty_and_huge)
        {
            answer.beyond = Some("no items, though the other axes are too long for NumPy");
        }
        self.answers.push(answer);
        self.ops.push(op);
    }

    /// Integers, slices, ellipses and new axes, now and then too many.
    fn keys(&mut self, shape: &[isize]) -> Vec<Key> {
        let mut keys = vec![];
        // Which axis the next one is for: that is clear only before an ellipsis.
        let mut axes = shape.iter();
        while !self.random.chance(8) {
            let key = match self.random.below(20) {
                0..3 => Key::NewAxis,
                3 if keys.iter().all(|key| !matches!(key, Key::Ellipsis)) || self.random.chance(15) => Key::Ellipsis,
                kind => match axes.next() {
                    Some(&len) if kind == 4 => Key::Index(random_end(&mut self.random, len)),
                    Some(&len) if kind < 10 => Key::Index(random_index(&mut self.random, len)),
                    Some(_) if kind < 14 => Key::ALL,
                    Some(&len) => random_slice(&mut self.random, len),
                    None if self.random.chance(4) => Key::Index(0),
                    None => break,
                },
            };
            keys.push(key);
        }
        if self.random.chance(1) {
            keys.extend([Key::NewAxis; 64]);
        }
        keys
    }

    fn permutation(&mut self, ndim: usize) -> Option<Vec<i32>> {
        if self.random.chance(15) {
            return None;
        }
        let mut axes: Vec<_> = (0..ndim as i32).collect();
        for end in (1..ndim).rev() {
            axes.swap(end, self.random.below(end + 1));
        }
        for axis in &mut axes {
            *axis -= if self.random.chance(20) { ndim as i32 } else { 0 };
        }
        match self.random.below(12) {
            0 => axes.push(self.random.below(3) as i32),
            1 => _ = axes.pop(),
            2 if ndim > 0 => axes[self.random.below(ndim)] = self.random.below(2 * ndim + 3) as i32 - ndim as i32 - 1,
            _ => (),
        }
        Some(axes)
    }

    /// Usually a shape that the view can be repeated to.
    fn wider(&mut self, shape: &[isize]) -> Vec<isize> {
        let mut wide: Vec<_> = shape.to_vec();
        for len in wide.iter_mut().filter(|len| **len == 1) {
            *len = self.random.pick(&[0, 1, 1, 2, 3, 5]);
        }
        for _ in 0..self.random.below(3) {
            wide.insert(0, self.random.pick(&[0, 1, 1, 2, 3]));
        }
        match self.random.below(25) {
            0 => wide.insert(0, self.random.pick(&[-1, 1 << 40, 1 << 62, isize::MAX, -2])),
            1 => _ = wide.pop(),
            2 if !wide.is_empty() => {
                let at = self.random.below(wide.len());
                wide[at] += self.random.pick(&[-1, 1]);
            }
            3 => wide.splice(0..0, [1; 60]).for_each(drop),
            _ => (),
        }
        wide
    }

    /// A shape of as many items, most often.
    fn reshaped(&mut self, shape: &[isize]) -> Vec<isize> {
        // Axes are split and joined, and axes of one item come and go.
        let mut new = vec![];
        for &len in shape {
            match self.random.below(6) {
                0 if !new.is_empty() => {
                    if let Some(last) = new.last_mut() {
                        *last = isize::saturating_mul(*last, len);
                    }
                }
                1 if len < 100 => {
                    let factors: Vec<_> = (1..=len.max(1)).filter(|factor| len % factor == 0).collect();
                    let factor = self.random.pick(&factors);
                    new.extend([factor, len / factor]);
                }
                2 if len == 1 => (),
                3 => new.extend([1, len]),
                _ => new.push(len),
            }
        }
        if self.random.chance(15) {
            new = vec![if shape.contains(&0) { 0 } else { shape.iter().product() }];
        }
        if self.random.chance(25) && !new.is_empty() {
            let at = self.random.below(new.len());
            new[at] = -1;
        }
        if self.random.chance(8) {
            let wrong = self.random.pick(&[-1, 0, 2, 3, -2, 1 << 40, isize::MAX, isize::MIN]);
            let at = self.random.below(new.len() + 1);
            new.insert(at, wrong);
        }
        new
    }

    fn begin(&mut self) {
        let to = self.register();
        let itemsize = self.random.pick(&[1, 1, 2, 3, 4, 8]);
        let shape = random_shape(&mut self.random);
        let axes = shape.len();
        let (kind, chances) = draw(&mut self.random, (kinds(), draws(axes)));
        let strides = Some(lay(kind, &shape, itemsize, &chances));
        let layout = Layout { itemsize, shape, strides, suboffsets: None, bare: false };
        let memory = memory_of(&mut self.random, &layout, Some(views::c_string(&format!("{itemsize}s"))), "buffer");
        self.play(Op::Memory(to, memory));
    }

    fn some_view(&mut self) -> Register {
        let views = self.world.views();
        let full: Vec<_> = views.iter().filter(|(_, view)| (1..MAX_ITEMS).contains(&view.buffer().len)).collect();
        if full.is_empty() || self.random.chance(5) {
            return views[self.random.below(views.len())].0;
        }
        full[self.random.below(full.len())].0
    }

    /// A part that may be written to in any order, and what fits there if it is known. Overlaps are as if through a
    /// temporary here and there.
    fn written(&mut self, to: Register) -> Option<Op> {
        let view = self.world.view(to)?;
        let (shape, itemsize) = (view.shape().to_vec(), view.buffer().itemsize);
        let keys = self.keys(&shape);
        let part = self.world.view(to)?.subscript(&keys_to_c(&keys));
        if part.as_ref().is_ok_and(|part| part.buffer().len > MAX_ITEMS || has_overlap(part)) {
            return None;
        }
        if self.random.chance(25) {
            return Some(Op::Fill(to, keys, Sample::Bytes(self.random.bytes(itemsize.unsigned_abs()))));
        }
        let fits = |view: &View| {
            view.buffer().itemsize == itemsize && part.as_ref().is_ok_and(|part| part.shape() == view.shape())
        };
        let views = self.world.views();
        let fitting: Vec<_> = views.iter().filter(|(_, view)| fits(view)).map(|&(at, _)| at).collect();
        if fitting.is_empty() {
            // That part itself can be the source of a later one.
            let part = self.register();
            return Some(Op::Part(part, to, keys));
        }
        let source = self.random.pick(&fitting);
        Some(Op::Assign(to, keys, source))
    }

    fn finish(mut self, seed: u64, steps: usize) -> Sequence {
        self.begin();
        while self.ops.len() < steps {
            let of = self.some_view();
            let Some(view) = self.world.view(of) else { continue };
            let shape = view.shape().to_vec();
            let op = match self.random.below(20) {
                0..6 => {
                    let keys = self.keys(&shape);
                    Some(Op::Part(self.register(), of, keys))
                }
                6..8 => {
                    let axes = self.permutation(shape.len());
                    Some(Op::Permute(self.register(), of, axes))
                }
                8..10 => {
                    let wide = self.wider(&shape);
                    Some(Op::Broadcast(self.register(), of, wide))
                }
                10 => {
                    let axis = self.random.below(2 * shape.len() + 3) as i32 - shape.len() as i32 - 1;
                    Some(Op::Flip(self.register(), of, axis))
                }
                11..16 => {
                    let new = self.reshaped(&shape);
                    let order = self.random.pick(&['C', 'C', 'F']);
                    Some(Op::Reshape(self.register(), of, new, order))
                }
                // The script keeps the first rows only.
                16 if shape.first().is_none_or(|&len| len <= 40) => {
                    let iterator = self.register();
                    self.play(Op::Iter(iterator, of));
                    for _ in 0..self.random.below(4) {
                        let row = self.register();
                        self.play(Op::Row(row, iterator));
                    }
                    None
                }
                _ => self.written(of),
            };
            if let Some(op) = op {
                self.play(op);
            }
        }
        Sequence { seed, ops: self.ops, answers: self.answers }
    }
}

#[test]
fn parts_and_arrangements_are_those_of_numpy() {
    let first: u64 = std::env::var("PYBUFFER_SEED").map_or(0, |seed| seed.parse().expect("a number"));
    let sequences = (first..first + 1500).map(|seed| Maker::new(seed).finish(seed, 16)).collect();
    compare(Player::NumPy, sequences, 95);
}
