//! Symbolic memory, for walks that no real memory could have: an address is a block and an offset in it; a pointer that stands
//! at an address leads to a block that is a function of the address.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use pybuffer::layout::{Axis, Order, Pair, Plan, Step, Structure};

use crate::common::model::{Layout, indices};

/// A layout as the library sees it.
pub(crate) fn structure(view: &Layout) -> Structure<'_> {
    Structure {
        ndim: view.shape.len(),
        len: view.len(),
        itemsize: view.itemsize,
        shape: (!view.bare).then_some(&view.shape),
        strides: view.strides.as_deref(),
        suboffsets: view.suboffsets.as_deref(),
    }
}

/// A block of symbolic memory, and an offset in it.
pub(crate) type Address = (u64, isize);

pub(crate) const SRC: Address = (0, 0);
pub(crate) const DST: Address = (1, 0);

/// Where pointers lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pointers {
    /// Each to a block of its own.
    Apart,
    /// Few blocks, so that items behind different pointers share memory.
    Shared,
}

impl Pointers {
    pub(crate) fn follow(self, at: Address) -> Address {
        let mut hasher = DefaultHasher::new();
        at.hash(&mut hasher);
        let hash = hasher.finish();
        match self {
            Self::Apart => (hash, 0),
            Self::Shared => (at.0 % 2 + 2, (hash % 9).cast_signed() as isize),
        }
    }

    /// The address after a step of `bytes` and, with a suboffset, through the pointer there.
    pub(crate) fn step(self, at: Address, bytes: isize, suboffset: Option<isize>) -> Address {
        let at = (at.0, at.1.wrapping_add(bytes));
        match suboffset {
            Some(suboffset) => {
                let target = self.follow(at);
                (target.0, target.1.wrapping_add(suboffset))
            }
            None => at,
        }
    }

    /// PEP 3118: the address of the item at `index`. Items without bytes are all at the base.
    pub(crate) fn item(self, view: &Layout, base: Address, index: &[isize]) -> Address {
        if view.itemsize == 0 {
            return base;
        }
        let (steps, none) = (view.steps(), vec![-1; index.len()]);
        let suboffsets = view.suboffsets.as_ref().unwrap_or(&none);
        (0..index.len()).fold(base, |at, axis| {
            let suboffset = Some(suboffsets[axis]).filter(|&suboffset| suboffset >= 0);
            self.step(at, steps[axis].wrapping_mul(index[axis]), suboffset)
        })
    }

    /// All pairs of items of two views, in index order.
    pub(crate) fn pairs(self, src: &Layout, dst: &Layout, order: Order) -> Vec<(Address, Address)> {
        self.pairs_where(src, dst, order, |_| true)
    }

    /// The items at these indices only.
    pub(crate) fn pairs_where(
        self,
        src: &Layout,
        dst: &Layout,
        order: Order,
        wanted: impl Fn(&[isize]) -> bool,
    ) -> Vec<(Address, Address)> {
        let pair = |index: Vec<isize>| (self.item(src, SRC, &index), self.item(dst, DST, &index));
        indices(&src.shape, order).into_iter().filter(|index| wanted(index)).map(pair).collect()
    }

    /// The pairs that a walk which reads has to visit: of an axis along which neither view moves one index is enough.
    pub(crate) fn distinct(self, src: &Layout, dst: &Layout) -> Vec<(Address, Address)> {
        let still: Vec<bool> = stands(src).iter().zip(stands(dst)).map(|(a, b)| *a && b).collect();
        self.pairs_where(src, dst, Order::C, |index| (0..index.len()).all(|axis| !still[axis] || index[axis] == 0))
    }

    /// The pairs that a walk which writes has to visit: of an axis along which nothing moves that is written, the last index.
    pub(crate) fn last(self, src: &Layout, dst: &Layout, order: Order) -> Vec<(Address, Address)> {
        let still = stands(dst);
        self.pairs_where(src, dst, order, |index| {
            (0..index.len()).all(|axis| !still[axis] || index[axis] == src.shape[axis] - 1)
        })
    }

    /// The pairs of items that a plan visits, in its order.
    pub(crate) fn visits(self, plan: &Plan<'_>, itemsize: isize) -> Vec<(Address, Address)> {
        let mut units = vec![((SRC.0, plan.src_offset), (DST.0, plan.dst_offset))];
        for axis in plan.indirect().iter().chain(plan.direct()) {
            let go =
                |at: Address, step: Step, index: isize| self.step(at, step.stride.wrapping_mul(index), step.suboffset);
            let along = |(src, dst)| (0..axis.len).map(move |at| (go(src, axis.src, at), go(dst, axis.dst, at)));
            units = units.into_iter().flat_map(along).collect();
        }
        let unit = plan.unit.cast_signed();
        assert_eq!(unit.checked_rem(itemsize).unwrap_or(0), 0, "a unit is made of whole items");
        let items = unit.checked_div(itemsize).unwrap_or(1);
        let within = |(src, dst): (Address, Address)| {
            (0..items)
                .map(move |at| ((src.0, src.1.wrapping_add(at * itemsize)), (dst.0, dst.1.wrapping_add(at * itemsize))))
        };
        units.into_iter().flat_map(within).collect()
    }
}

/// Along which axes all items of a view are in the same place.
pub(crate) fn stands(view: &Layout) -> Vec<bool> {
    view.steps().iter().map(|&step| step == 0 || view.itemsize == 0).collect()
}

pub(crate) fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort_unstable();
    items
}

/// For each byte that is written, the byte that it comes from in the end.
pub(crate) fn written(pairs: &[(Address, Address)], itemsize: isize) -> HashMap<Address, Address> {
    let bytes = |&(src, dst): &(Address, Address)| {
        (0..itemsize).map(move |at| ((dst.0, dst.1.wrapping_add(at)), (src.0, src.1.wrapping_add(at))))
    };
    pairs.iter().flat_map(bytes).collect()
}

/// Room for the axes of a walk, of a test that ends soon.
pub(crate) fn room(axes: usize) -> &'static mut [Axis] {
    Box::leak(vec![Axis::NONE; axes].into_boxed_slice())
}

/// The walk over two views of a test's.
pub(crate) fn pair_of(src: &Layout, dst: &Layout) -> Pair<'static> {
    Pair::of_views(room(src.shape.len()), &structure(src), &structure(dst)).expect("the shapes are the same")
}

pub(crate) fn set<T: Ord>(items: Vec<T>) -> BTreeSet<T> {
    items.into_iter().collect()
}
