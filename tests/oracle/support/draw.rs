//! Random views, subscripts and values for the tests that compare with an oracle.

use std::ffi::CString;
use std::rc::Rc;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use pybuffer::abi::format as abi;
use pybuffer::abi::format::pybuffer_value;

use crate::common::format::{Format, bytes, number};
use crate::common::memory::Builder;
use crate::common::model::{Layout, layout, shapes};
use crate::common::random::Random;
use crate::support::play::Memory;
use crate::support::sample::{Sample, random_fitting, random_sample};
use crate::support::views::{Key, c_string};

/// The formats of one code that CPython's memoryview knows.
pub(crate) const NATIVE: &[&str] =
    &["c", "b", "B", "?", "h", "H", "i", "I", "l", "L", "q", "Q", "n", "N", "e", "f", "d", "P"];

/// Some that it does not know, but the struct module does.
pub(crate) const FOREIGN: &[&str] = &["<i", ">h", "=d", "2s", "ih", ">e", "!Q", "3B", "<hxi", "5p", "??"];

/// More items take too long.
const MAX_ITEMS: isize = 48;

/// Draws from a strategy of proptest.
pub(crate) fn draw<S: Strategy>(random: &mut Random, strategy: S) -> S::Value {
    let rng = TestRng::from_seed(RngAlgorithm::XorShift, &random.bytes(16));
    let mut runner = TestRunner::new_with_rng(proptest::test_runner::Config::default(), rng);
    strategy.new_tree(&mut runner).expect("all that is drawn is taken").current()
}

/// Some shape of few items.
pub(crate) fn random_shape(random: &mut Random) -> Vec<isize> {
    if random.chance(25) {
        return vec![random.below(12).cast_signed()];
    }
    loop {
        let shape = draw(random, shapes());
        if shape.iter().product::<isize>() <= MAX_ITEMS {
            return shape;
        }
    }
}

/// Memory of some structure, with and without pointers, for items of a format and a shape.
pub(crate) fn random_memory(
    random: &mut Random,
    format: Option<&str>,
    shape: Vec<isize>,
    exporter: &'static str,
) -> Rc<Memory> {
    let format = format.map(c_string);
    let itemsize = match &format {
        Some(format) => Format::parse(format).expect("a format").itemsize().cast_signed(),
        // Unsigned bytes, whatever the size says.
        None => random.pick(&[1, 1, 1, 2, 4]),
    };
    let structure = draw(random, layout(shape, itemsize));
    memory_of(random, &structure, format, exporter)
}

/// Memory of a structure, usually with few different values.
pub(crate) fn memory_of(
    random: &mut Random,
    structure: &Layout,
    format: Option<CString>,
    exporter: &'static str,
) -> Rc<Memory> {
    let mut builder = Builder::default();
    let placed = builder.place(structure, random.below(4));
    let few = random.bytes(3);
    let content = match random.below(3) {
        0 => random.bytes(builder.bytes().len()),
        _ => (0..builder.bytes().len()).map(|_| random.pick(&[0, 0, 1, few[0], few[1], few[2]])).collect(),
    };
    builder.bytes_mut().copy_from_slice(&content);
    Rc::new(Memory { builder, placed, format, readonly: random.chance(25), exporter })
}

/// A number near 0 or the length, or a huge one.
pub(crate) fn random_end(random: &mut Random, len: isize) -> isize {
    match random.below(12) {
        0 => random.pick(&[isize::MAX, isize::MAX - 1, isize::MIN + 1, isize::MIN + 2, 1 << 62, -(1 << 62)]),
        _ => {
            let len = len.min(1 << 40);
            random.below(2 * len.unsigned_abs() + 5).cast_signed() - len - 2
        }
    }
}

/// A slice of an axis.
pub(crate) fn random_slice(random: &mut Random, len: isize) -> Key {
    let mut end = |percent| (!random.chance(percent)).then(|| random_end(random, len));
    let (start, stop) = (end(35), end(35));
    let step = match random.below(20) {
        0..7 => None,
        7..10 => Some(-1),
        10 => Some(if random.chance(40) { 0 } else { random_end(random, len) }),
        _ => Some(random.pick(&[1, 2, 2, 3, -2, -3, 5, -7])),
    };
    Key::Slice([start, stop, step])
}

/// An index of an axis, within its bounds where it has any items.
pub(crate) fn random_index(random: &mut Random, len: isize) -> isize {
    if len == 0 {
        return random_end(random, len);
    }
    let len = len.min(1 << 40);
    random.below(2 * len.unsigned_abs()).cast_signed() - len
}

/// A value for a format, most often one that fits.
pub(crate) fn random_value(random: &mut Random, format: &[u8]) -> Sample {
    let code = match format.last() {
        Some(b'l' | b'n') => b'q',
        Some(b'L' | b'N' | b'P') => b'Q',
        Some(&code) => code,
        None => b'B',
    };
    if random.chance(85) { random_fitting(random, code) } else { random_sample(random) }
}

/// A value that was read, but for long doubles.
pub(crate) fn sample_of(value: &pybuffer_value) -> Sample {
    let (i, u, [real, imaginary]) = number(value);
    match value.kind {
        abi::PYBUFFER_KIND_SIGNED => Sample::Signed(i),
        abi::PYBUFFER_KIND_BOOL => Sample::Bool(u != 0),
        abi::PYBUFFER_KIND_FLOAT => Sample::Float(real),
        abi::PYBUFFER_KIND_COMPLEX => Sample::Complex(real, imaginary),
        abi::PYBUFFER_KIND_BYTES => Sample::Bytes(bytes(value).to_vec()),
        _ => Sample::Unsigned(u),
    }
}
