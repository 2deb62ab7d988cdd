//! The slow model that layout and copies are compared with, and the random structures that both tests draw.
//!
//! The model knows index tuples and nothing else: it enumerates all of them in order and works out each item's place
//! from PEP 3118's sentence about strides. It never sorts, merges, flips or takes a short cut.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use pybuffer::layout::Order;

/// The most items of a random structure: what the model can enumerate quickly.
const MAX_ITEMS: isize = 120;
/// An axis of no items comes after axes of no more than that many.
const FEW_ITEMS: isize = 6;

/// As many cases, or fewer where the machine is emulated: `PYBUFFER_TEST_CASES` says how many are enough there.
pub(crate) fn enough(cases: u32) -> u32 {
    cases.min(std::env::var("PYBUFFER_TEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(u32::MAX))
}

/// At least `cases` cases, from a fixed seed. The environment asks for more (`PROPTEST_CASES`) or others
/// (`PROPTEST_RNG_SEED`), or for fewer (see [`enough`]).
pub(crate) fn config(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: enough(asked.cases.max(cases)),
        max_shrink_iters: asked.max_shrink_iters.min(4000),
        failure_persistence: None,
        rng_seed: if asked.rng_seed == RngSeed::Random { RngSeed::Fixed(3118) } else { asked.rng_seed },
        ..asked
    }
}

/// A structure that owns its arrays. What is `None` is left out of the view; strides are then those of C order.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) itemsize: isize,
    pub(crate) shape: Vec<isize>,
    pub(crate) strides: Option<Vec<isize>>,
    pub(crate) suboffsets: Option<Vec<isize>>,
    /// Whether the view leaves out its shape, too: one axis at most, and no strides.
    pub(crate) bare: bool,
}

impl Layout {
    pub(crate) fn items(&self) -> isize {
        self.shape.iter().product()
    }

    pub(crate) fn len(&self) -> isize {
        self.items() * self.itemsize
    }

    /// The strides, computed where they are left out.
    pub(crate) fn steps(&self) -> Vec<isize> {
        self.strides.clone().unwrap_or_else(|| contiguous_strides(&self.shape, self.itemsize, Order::C))
    }

    /// Where an item is without pointers, in bytes from the item at index 0.
    pub(crate) fn offset(&self, index: &[isize]) -> i128 {
        self.steps().iter().zip(index).map(|(&step, &at)| i128::from(step as i64) * i128::from(at as i64)).sum()
    }

    /// By definition: the items are adjacent in the order of their index tuples. PEP 3118 adds that no bytes are always
    /// contiguous, memory behind pointers never.
    pub(crate) fn is_contiguous(&self, order: Order) -> bool {
        let in_order = |order| {
            let places = indices(&self.shape, order).into_iter().map(|index| self.offset(&index));
            places.zip((0i128..).map(|at| at * self.itemsize as i128)).all(|(place, expected)| place == expected)
        };
        self.suboffsets.is_none()
            && (self.len() == 0
                || match order {
                    Order::Any => in_order(Order::C) || in_order(Order::Fortran),
                    order => in_order(order),
                })
    }
}

/// All index tuples; in C order the last index changes fastest, in Fortran order the first.
pub(crate) fn indices(shape: &[isize], order: Order) -> Vec<Vec<isize>> {
    let mut axes = shape.to_vec();
    if order == Order::Fortran {
        axes.reverse();
    }
    let mut tuples = vec![vec![]];
    for len in axes {
        tuples = tuples.iter().flat_map(|head| (0..len).map(move |at| [head.as_slice(), &[at]].concat())).collect();
    }
    if order == Order::Fortran {
        tuples.iter_mut().for_each(|index| index.reverse());
    }
    tuples
}

/// By definition: each stride is the item size times the lengths of all axes that change faster.
pub(crate) fn contiguous_strides(shape: &[isize], itemsize: isize, order: Order) -> Vec<isize> {
    let size = |faster: &[isize]| faster.iter().fold(itemsize, |size, &len| size.wrapping_mul(len));
    let stride = |axis: usize| match order {
        Order::Fortran => size(&shape[..axis]),
        _ => size(&shape[axis + 1..]),
    };
    (0..shape.len()).map(stride).collect()
}

pub(crate) fn orders() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::C), Just(Order::Fortran), Just(Order::Any)]
}

/// Shapes of 0 to 6 axes, now and then up to 64; lengths 0 and 1 are frequent.
pub(crate) fn shapes() -> impl Strategy<Value = Vec<isize>> {
    let ndim = prop_oneof![2 => 0..=1usize, 14 => 2..=6usize, 1 => 7..=9usize, 1 => 10..=64usize];
    let len = prop_oneof![1 => Just(0isize), 8 => Just(1), 12 => Just(2), 8 => Just(3), 6 => 4..=9isize];
    ndim.prop_flat_map(move |ndim| prop::collection::vec(len.clone(), ndim)).prop_map(|mut shape| {
        let mut items = 1;
        for len in &mut shape {
            // Most shapes of many axes would have no items if every axis had a chance to have none.
            if items * *len > MAX_ITEMS || (items > FEW_ITEMS && *len == 0) {
                *len = 1;
            }
            items *= (*len).max(1);
        }
        shape
    })
}

/// The kinds of strides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Contiguous memory in C order.
    C,
    /// Contiguous memory in Fortran order.
    Fortran,
    /// Contiguous memory sliced, reversed and transposed: no two items share a byte.
    Sliced,
    /// Contiguous in C order but for one axis.
    Nearly,
    /// Anything: repeated, overlapping, interleaved items.
    Stray,
}

/// The chances of one axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    /// The axes of sliced memory nest by rank.
    rank: u8,
    /// The step of a slice.
    pub(crate) step: isize,
    flip: bool,
    stray: isize,
}

pub(crate) fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        2 => Just(Kind::C),
        2 => Just(Kind::Fortran),
        5 => Just(Kind::Sliced),
        2 => Just(Kind::Nearly),
        3 => Just(Kind::Stray)
    ]
}

pub(crate) fn draws(axes: usize) -> impl Strategy<Value = Vec<Draw>> {
    let rank = prop_oneof![2 => Just(0u8), 3 => any::<u8>()];
    let step = prop_oneof![5 => Just(1isize), 1 => 2..=3isize];
    let stray = prop_oneof![2 => Just(0isize), 3 => -4..=4isize, 3 => -24..=24isize];
    let draw = (rank, step, prop::bool::weighted(0.3), stray);
    prop::collection::vec(draw.prop_map(|(rank, step, flip, stray)| Draw { rank, step, flip, stray }), axes)
}

/// The strides of axes of this shape.
pub(crate) fn lay(kind: Kind, shape: &[isize], itemsize: isize, draws: &[Draw]) -> Vec<isize> {
    match kind {
        Kind::C => contiguous_strides(shape, itemsize, Order::C),
        Kind::Fortran => contiguous_strides(shape, itemsize, Order::Fortran),
        Kind::Sliced => {
            let mut nested: Vec<usize> = (0..shape.len()).rev().collect();
            nested.sort_by_key(|&axis| draws[axis].rank);
            let mut strides = vec![0; shape.len()];
            let mut size = itemsize;
            for axis in nested {
                let draw = draws[axis];
                // Memory would grow without bounds along many axes.
                let stride = if size > 1 << 12 { size } else { size * draw.step };
                strides[axis] = if draw.flip { -stride } else { stride };
                size = stride * shape[axis].max(1);
            }
            strides
        }
        Kind::Nearly => {
            let mut strides = contiguous_strides(shape, itemsize, Order::C);
            let other = draws.iter().map(|draw| usize::from(draw.rank)).sum::<usize>().checked_rem(shape.len());
            if let Some(axis) = other {
                strides[axis] = strides[axis] * draws[axis].step + draws[axis].stray;
            }
            strides
        }
        Kind::Stray => {
            draws.iter().map(|draw| if draw.stray.abs() <= 4 { draw.stray * itemsize } else { draw.stray }).collect()
        }
    }
}

/// Structures of this shape as exporters have them: with pointers along some axes, arrays left out.
pub(crate) fn layout(shape: Vec<isize>, itemsize: isize) -> impl Strategy<Value = Layout> {
    let axes = shape.len();
    let suboffset = prop_oneof![3 => Just(-1isize), 1 => 0..=24isize];
    let suboffsets = prop::option::weighted(0.3, prop::collection::vec(suboffset, axes));
    // A memoryview of no axes has no suboffsets either.
    let suboffsets = suboffsets.prop_map(|suboffsets| suboffsets.filter(|all| !all.is_empty()));
    let rarely = || prop::bool::weighted(0.1);
    (kinds(), draws(axes), suboffsets, rarely(), any::<bool>(), rarely()).prop_map(
        move |(kind, draws, suboffsets, missing, bare, repeated)| {
            let pointers = suboffsets.iter().flatten().any(|&suboffset| suboffset >= 0);
            let missing = missing && !pointers;
            // A table of pointers after the other, items last.
            let mut strides = vec![];
            while strides.len() < axes {
                let first = strides.len();
                let pointer = suboffsets.as_ref().and_then(|all| (first..axes).find(|&axis| all[axis] >= 0));
                let end = pointer.map_or(axes, |axis| axis + 1);
                // Two pointers must not share bytes, unless they are one.
                let (kind, size) = if pointer.is_some() { (Kind::Sliced, 8) } else { (kind, itemsize) };
                strides.extend(lay(kind, &shape[first..end], size, &draws[first..end]));
                if pointer.is_some() && repeated {
                    strides[first] = 0;
                }
            }
            let strides = (!missing).then_some(strides);
            let bare = bare && missing && axes <= 1 && suboffsets.is_none();
            Layout { itemsize, shape: shape.clone(), strides, suboffsets, bare }
        },
    )
}
