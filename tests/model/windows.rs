//! Walks of far more index tuples than items, taken apart into the pairs that are enough (`layout::Enough`), compared with what
//! all pairs do; memory is symbolic.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

use proptest::prelude::*;
use pybuffer::layout::{Enough, Order, Pair, Purpose, Structure};

use crate::common::model::{Layout, config};
use crate::support::symbolic::{Address, Pointers, pair_of, room, set, written};

type Pairs = Vec<(Address, Address)>;

/// The pairs that the parts of a walk visit, one part after the other.
fn visits(mut pair: Pair<'_>, few: usize, enough: Enough, pointers: Pointers, itemsize: isize) -> (usize, Pairs) {
    let (mut parts, mut visits) = (0, vec![]);
    let _ = pair.leave(enough);
    let _ = pair.in_boxes(enough, few, &mut |part| {
        parts += 1;
        let items = part.items();
        let plan = match enough {
            Enough::First => part.in_index_order(),
            Enough::Last => part.plan(Purpose::Write, Order::C),
            Enough::Equal | Enough::Counted => part.plan(Purpose::Read, Order::C),
        };
        let here = pointers.visits(&plan.expect("no part is empty"), itemsize);
        assert_eq!(here.len(), items, "each pair of a part is one visit");
        visits.extend(here);
        ControlFlow::Continue(())
    });
    (parts, visits)
}

/// Of each item of the first operand the first pair, in order.
fn firsts(pairs: &Pairs) -> Pairs {
    let mut seen = BTreeSet::new();
    pairs.iter().copied().filter(|&(src, _)| seen.insert(src)).collect()
}

/// The items of each set of those that are equal where all pairs are, the first operand's apart from the second's.
fn groups(pairs: &Pairs) -> BTreeSet<BTreeSet<(u8, Address)>> {
    let mut of: HashMap<(u8, Address), usize> = HashMap::new();
    let mut groups: Vec<BTreeSet<(u8, Address)>> = vec![];
    for &(src, dst) in pairs {
        let ends = [(0, src), (1, dst)];
        let [a, b] = ends.map(|end| {
            *of.entry(end).or_insert_with(|| {
                groups.push(BTreeSet::from([end]));
                groups.len() - 1
            })
        });
        if a != b {
            let moved = std::mem::take(&mut groups[b]);
            moved.iter().for_each(|&end| {
                of.insert(end, a);
            });
            groups[a].extend(moved);
        }
    }
    groups.into_iter().filter(|group| !group.is_empty()).collect()
}

/// Strides of windows: small ones, so that many index tuples lead to the same item.
fn strides(axes: usize) -> impl Strategy<Value = Vec<isize>> {
    let stride = prop_oneof![1 => Just(0isize), 6 => -3..=3isize, 2 => -9..=9isize, 1 => -60..=60isize];
    prop::collection::vec(stride, axes)
}

/// Shapes with an axis or two that are longer than strides are.
fn shapes() -> impl Strategy<Value = Vec<isize>> {
    let small = prop::collection::vec(1..=4isize, 0..=5);
    let plane = prop::collection::vec(1..=30isize, 2);
    let behind =
        (1..=4isize, prop::collection::vec(10..=24isize, 2)).prop_map(|(len, plane)| [vec![len], plane].concat());
    let cube = prop::collection::vec(1..=9isize, 3);
    let pairs = (1..=9usize).prop_map(|axes| vec![2; axes]);
    prop_oneof![2 => small, 4 => plane, 2 => behind, 2 => cube, 1 => pairs]
}

fn windows(shape: Vec<isize>, itemsize: isize) -> impl Strategy<Value = Layout> {
    let axes = shape.len();
    let suboffset = prop_oneof![5 => Just(-1isize), 1 => 0..=9isize];
    let suboffsets = prop::option::weighted(0.2, prop::collection::vec(suboffset, axes));
    (strides(axes), suboffsets, any::<bool>()).prop_map(move |(strides, suboffsets, whole)| {
        let strides = strides.iter().map(|stride| if whole { stride * itemsize } else { *stride }).collect();
        Layout { itemsize, shape: shape.clone(), strides: Some(strides), suboffsets, bare: false }
    })
}

fn pairs_of_windows() -> impl Strategy<Value = (Layout, Layout)> {
    let alike = prop_oneof![3 => Just(false), 1 => Just(true)];
    (shapes(), 1..=4isize, alike).prop_flat_map(|(shape, itemsize, alike)| {
        (windows(shape.clone(), itemsize), windows(shape, itemsize)).prop_map(move |(src, dst)| {
            if alike { (src.clone(), Layout { suboffsets: None, ..src }) } else { (src, dst) }
        })
    })
}

fn is_direct(views: [&Layout; 2]) -> bool {
    views.iter().all(|view| view.suboffsets.iter().flatten().all(|&suboffset| suboffset < 0))
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn each_item_is_first_met_where_it_is_met_first(
        (src, dst) in pairs_of_windows(), few in prop_oneof![4 => Just(0usize), 1 => 1..=20usize],
    ) {
        for pointers in [Pointers::Apart, Pointers::Shared] {
            let all = pointers.pairs(&src, &dst, Order::C);
            let (_, visits) = visits(pair_of(&src, &dst), few, Enough::First, pointers, src.itemsize);
            prop_assert!(set(visits.clone()).is_subset(&set(all.clone())));
            // Pairs have no two items in the same place for another reason, but pointers to shared memory.
            if pointers == Pointers::Apart {
                prop_assert_eq!(firsts(&visits), firsts(&all));
            }
            let places = |pairs: &Pairs| pairs.iter().map(|pair| pair.0).collect::<BTreeSet<_>>();
            prop_assert_eq!(places(&visits), places(&all));
            if few == 0 && src.shape.len() == 2 && is_direct([&src, &dst]) {
                prop_assert_eq!(visits.len(), places(&all).len());
            }
        }
    }

    #[test]
    fn what_is_written_last_stays(
        (src, dst) in pairs_of_windows(), few in prop_oneof![4 => Just(0usize), 1 => 1..=20usize],
    ) {
        for pointers in [Pointers::Apart, Pointers::Shared] {
            let all = pointers.pairs(&src, &dst, Order::C);
            let (_, visits) = visits(pair_of(&src, &dst), few, Enough::Last, pointers, src.itemsize);
            prop_assert!(set(visits.clone()).is_subset(&set(all.clone())));
            prop_assert_eq!(written(&visits, src.itemsize), written(&all, src.itemsize));
            if few == 0 && src.shape.len() == 2 && is_direct([&src, &dst]) {
                let places: BTreeSet<_> = all.iter().map(|pair| pair.1).collect();
                prop_assert_eq!(visits.len(), places.len());
            }
        }
    }

    #[test]
    fn what_is_equal_where_all_pairs_are_is_so_where_these_are(
        (src, dst) in pairs_of_windows(), few in prop_oneof![4 => Just(0usize), 1 => 1..=20usize],
    ) {
        let all = Pointers::Apart.pairs(&src, &dst, Order::C);
        let (_, visits) = visits(pair_of(&src, &dst), few, Enough::Equal, Pointers::Apart, src.itemsize);
        prop_assert!(set(visits.clone()).is_subset(&set(all.clone())));
        prop_assert_eq!(groups(&visits), groups(&all));
    }
}

/// Items of one byte, as many as there may be.
fn whole<'a>(shape: &'a [isize], strides: &'a [isize]) -> Structure<'a> {
    Structure {
        ndim: shape.len(),
        len: isize::MAX,
        itemsize: 1,
        shape: Some(shape),
        strides: Some(strides),
        suboffsets: None,
    }
}

/// How many parts and pairs are run of windows of the second operand that are written, or of both that are compared.
fn sizes(shape: &[isize], [src, dst]: [&[isize]; 2], enough: Enough) -> (usize, usize) {
    let (mut parts, mut items) = (0, 0);
    let pair =
        Pair::of_views(room(shape.len()), &whole(shape, src), &whole(shape, dst)).expect("the shapes are the same");
    let mut count = |part: Pair<'_>| {
        parts += 1;
        items += part.items();
        ControlFlow::Continue(())
    };
    let _ = pair.in_parts(enough, &mut count);
    (parts, items)
}

/// Whatever the number of index tuples, there are about as many pairs as bytes.
#[test]
fn there_are_as_few_pairs_as_memory_is_small() {
    let n = 1 << 20;
    let planes: [(&[isize], usize); 6] =
        [(&[1, 1], 2), (&[-1, 1], 2), (&[1, -1], 2), (&[1, 2], 3), (&[2, 3], 5), (&[-7, 3], 10)];
    for enough in [Enough::First, Enough::Last] {
        for (strides, bytes) in planes {
            let (parts, items) = sizes(&[n, n], [strides, strides], enough);
            assert!(parts <= 3 && items <= bytes * n.unsigned_abs(), "{strides:?}: {parts} parts, {items} pairs");
        }
        let (parts, items) = sizes(&[n; 3], [&[1; 3]; 2], enough);
        assert!(parts <= 3 && items <= 3 * n.unsigned_abs(), "{parts} parts, {items} pairs");
        // Of many axes, it takes longer to find boxes: they are left to be walked place by place.
        assert_eq!(sizes(&[2; 60], [&[1; 60]; 2], enough), (0, 0));
        // The outer axis moves by itself.
        let (parts, items) = sizes(&[50, n, n], [&[4 << 20, 1, 1]; 2], enough);
        assert!(parts <= 100 && items <= 100 * n.unsigned_abs(), "{parts} parts, {items} pairs");
    }
    for (a, b) in [([1, 1], [1, 2]), ([1, 1], [-1, 1]), ([2, 3], [3, 2]), ([0, 1], [1, 0]), ([1, 1], [1, 1])] {
        let (parts, items) = sizes(&[n, n], [&a, &b], Enough::Equal);
        assert!(parts <= 3 && items <= 11 * n.unsigned_abs(), "{a:?} {b:?}: {parts} parts, {items} pairs");
    }
    assert_eq!(sizes(&[2; 60], [&[1; 60], &[3; 60]], Enough::Equal), (0, 0));
}

/// An axis along which nothing moves that matters has one index, however many axes are such.
#[test]
fn axes_that_do_not_move_are_walked_once() {
    let shape = [5, 7, 3];
    for strides in [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0], [3, 0, 1], [0, 3, 1], [7, 1, 0], [21, 3, 1]] {
        let moving =
            shape.iter().zip(&strides).map(|(len, stride)| if *stride == 0 { 1 } else { *len }).product::<isize>();
        let view = whole(&shape, &strides);
        for purpose in [Purpose::Write, Purpose::Read] {
            let pair = Pair::of_views(room(3), &view, &view).expect("the shapes are the same");
            let plan = pair.plan(purpose, Order::C).expect("there are items");
            let visits = Pointers::Apart.visits(&plan, 1);
            assert_eq!(visits.len(), moving.unsigned_abs(), "{strides:?}, {purpose:?}");
        }
    }
}

/// However long the other axes are: of no items there is nothing to take apart, or to count.
#[test]
fn an_axis_without_items_has_no_pairs() {
    for shape in [[1 << 60, 1 << 60, 0], [0, 1 << 62, 1 << 62], [1 << 62, 0, 1 << 62]] {
        for enough in [Enough::First, Enough::Last, Enough::Equal] {
            assert_eq!(sizes(&shape, [&[1; 3], &[2; 3]], enough), (1, 0), "{shape:?}");
        }
    }
}

/// Memory that is as large as its items is walked as it is.
#[test]
fn arrays_are_one_part() {
    for strides in [[1 << 12, 1], [1, 1 << 12], [-(1 << 12), 1], [1 << 13, 2]] {
        for enough in [Enough::First, Enough::Last, Enough::Equal] {
            assert_eq!(sizes(&[1 << 12; 2], [&strides; 2], enough), (1, 1 << 24), "{strides:?}");
        }
    }
}
