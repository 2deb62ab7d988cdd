//! What a plan says about a walk: whether its order is free, which axes are tiled and merged, how far it reaches; and how few pairs
//! a walk over windows is left with. Another answer gives the same bytes, only later.

use std::ops::ControlFlow;

use pybuffer::layout::{
    AxesMut, Axis, Enough, MAX_NDIM, Operand, Order, Pair, Places, Plan, Purpose, Step, Structure, reshape,
};

use crate::support::symbolic::room;

/// An axis: its items, and the strides of the two operands.
type Sizes = (isize, isize, isize);

fn sizes(axis: &Axis) -> Sizes {
    (axis.len, axis.src.stride, axis.dst.stride)
}

/// The walk over axes in this order, with pointers along some in the first operand or the second.
fn walk(itemsize: isize, axes: &[Sizes], suboffsets: [&[isize]; 2]) -> Pair<'static> {
    let shape: Vec<_> = axes.iter().map(|axis| axis.0).collect();
    let strides = [axes.iter().map(|axis| axis.1).collect::<Vec<_>>(), axes.iter().map(|axis| axis.2).collect()];
    let [src, dst] = [0, 1].map(|side| Structure {
        ndim: shape.len(),
        len: isize::MAX,
        itemsize,
        shape: Some(&shape),
        strides: Some(&strides[side]),
        suboffsets: (!suboffsets[side].is_empty()).then_some(suboffsets[side]),
    });
    Pair::of_views(room(shape.len() + 1), &src, &dst).expect("the shapes are the same")
}

fn pair(itemsize: isize, axes: &[Sizes]) -> Pair<'static> {
    walk(itemsize, axes, [&[], &[]])
}

fn plan(itemsize: isize, axes: &[Sizes], purpose: Purpose) -> Plan<'static> {
    pair(itemsize, axes).plan(purpose, Order::C).expect("there are items")
}

fn direct(plan: &Plan<'_>) -> Vec<Sizes> {
    plan.direct().iter().map(sizes).collect()
}

#[test]
fn writes_are_free_where_no_two_items_share_memory() {
    let ordered = |axes: &[Sizes]| plan(4, axes, Purpose::Write).ordered;
    // Contiguous in either order, or in any; with gaps; backwards.
    let free: [&[Sizes]; 10] = [
        &[(5, 9, 4)],
        &[(5, 9, 4), (7, 50, 20)],
        &[(7, 50, 20), (5, 9, 4)],
        &[(7, 9, 12), (3, 70, 4), (5, 90, 84)],
        &[(5, 90, 84), (3, 70, 4), (7, 9, 12)],
        &[(3, 70, 4), (5, 90, 84), (7, 9, 12)],
        &[(3, 70, 5), (5, 90, 100), (7, 9, 14)],
        &[(3, 70, -4), (5, 90, -84), (7, 9, 12)],
        // Just beyond the smaller steps.
        &[(3, 70, 4), (5, 90, 12)],
        &[(3, 70, 5), (5, 90, 14)],
    ];
    for axes in free {
        assert!(!ordered(axes), "{axes:?}");
    }
    let shared: [&[Sizes]; 9] = [
        &[(5, 9, 3)],
        &[(5, 9, -3)],
        &[(3, 70, 4), (5, 90, 11)],
        &[(5, 90, 11), (3, 70, 4)],
        &[(3, 70, 4), (5, 90, 4)],
        &[(3, 70, 4), (5, 90, -4)],
        &[(3, 70, 4), (5, 90, 12), (2, 7, 12)],
        &[(3, 70, 4), (5, 90, 60), (2, 7, 60), (2, 8, 600)],
        // Further than addresses reach.
        &[(5, 8, isize::MAX / 2)],
    ];
    for axes in shared {
        assert!(ordered(axes), "{axes:?}");
        assert!(!plan(4, axes, Purpose::Once).ordered && !plan(4, axes, Purpose::Read).ordered);
    }
}

#[test]
fn axes_of_a_free_walk_are_flipped_sorted_and_merged() {
    let planned = |axes: &[Sizes], purpose| {
        let plan = plan(1, axes, purpose);
        (direct(&plan), plan.src_offset, plan.dst_offset)
    };
    let once = |axes: &[Sizes]| planned(axes, Purpose::Once);
    // Flipped where the second operand moves downwards, or the first alone moves, downwards.
    assert_eq!(once(&[(5, 1, -2)]), (vec![(5, -1, 2)], 4, -8));
    assert_eq!(once(&[(5, -1, -2)]), (vec![(5, 1, 2)], -4, -8));
    assert_eq!(once(&[(5, -1, 2)]), (vec![(5, -1, 2)], 0, 0));
    assert_eq!(once(&[(5, -1, 0)]), (vec![(5, 1, 0)], -4, 0));
    assert_eq!(once(&[(5, 1, 0)]), (vec![(5, 1, 0)], 0, 0));
    assert_eq!(once(&[(5, 0, 0)]), (vec![(5, 0, 0)], 0, 0));
    // Sorted by the second operand, then by the first.
    assert_eq!(once(&[(2, 1, 3), (2, 7, 30), (2, 3, 3)]).0, [(2, 7, 30), (2, 3, 3), (2, 1, 3)]);
    // Merged where both continue.
    assert_eq!(once(&[(3, 8, 4), (4, 2, 1)]).0, [(12, 2, 1)]);
    assert_eq!(once(&[(3, 8, 5), (4, 2, 1)]).0, [(3, 8, 5), (4, 2, 1)]);
    assert_eq!(once(&[(3, 9, 4), (4, 2, 1)]).0, [(3, 9, 4), (4, 2, 1)]);
    assert_eq!(once(&[(3, 0, 4), (4, 0, 1)]).0, [(12, 0, 1)]);
    assert_eq!(once(&[(2, 24, 12), (3, 8, 4), (4, 2, 1)]).0, [(24, 2, 1)]);
    assert_eq!(once(&[(3, -8, -4), (4, -2, -1)]), (vec![(12, 2, 1)], -22, -11));
    // One visit of what does not move.
    assert_eq!(planned(&[(3, 8, 4), (9, 0, 0)], Purpose::Read).0, [(3, 8, 4)]);
    assert_eq!(planned(&[(3, 8, 4), (9, 0, 0)], Purpose::Each).0, [(3, 8, 4), (9, 0, 0)]);
    assert_eq!(planned(&[(3, 8, 4), (9, 1, 0)], Purpose::Write), (vec![(3, 8, 4)], 8, 0));
}

#[test]
fn contiguous_axes_become_the_unit() {
    let block = |itemsize, axes: &[Sizes]| {
        let mut plan = plan(itemsize, axes, Purpose::Once);
        plan.take_block();
        (plan.unit, direct(&plan))
    };
    assert_eq!(block(4, &[(5, 4, 4)]), (20, vec![]));
    assert_eq!(block(4, &[(2, 30, 40), (5, 4, 4)]), (20, vec![(2, 30, 40)]));
    assert_eq!(block(4, &[(5, -4, 4)]), (4, vec![(5, -4, 4)]));
    assert_eq!(block(4, &[(5, 4, 8)]), (4, vec![(5, 4, 8)]));
    assert_eq!(block(4, &[(5, 8, 8)]), (4, vec![(5, 8, 8)]));
    assert_eq!(block(4, &[]), (4, vec![]));
}

#[test]
fn the_axis_of_tiles_comes_next_to_the_last() {
    let tiled = |axes: &[Sizes], purpose| {
        let mut plan = plan(1, axes, purpose);
        let is_transpose = plan.is_transpose();
        assert_eq!(plan.tile(), is_transpose);
        is_transpose.then(|| direct(&plan))
    };
    let once = |axes: &[Sizes]| tiled(axes, Purpose::Once);
    let (near, far) = ((9, 1, 70), (5, 90, 14));
    assert_eq!(once(&[near, (3, 30, 1)]), Some(vec![near, (3, 30, 1)]));
    assert_eq!(once(&[near, far, (3, 30, 1)]), Some(vec![far, near, (3, 30, 1)]));
    assert_eq!(once(&[(2, 31, 700), near, (3, 30, 1)]), Some(vec![(2, 31, 700), near, (3, 30, 1)]));
    let four = [near, (2, 31, 60), far, (3, 30, 1)];
    assert_eq!(once(&four), Some(vec![(2, 31, 60), far, near, (3, 30, 1)]));
    // The source moves least along the last axis, or as little along another one.
    assert_eq!(once(&[far, (3, 30, 1)]), None);
    assert_eq!(once(&[(5, 30, 14), (3, 30, 1)]), None);
    assert_eq!(once(&[(5, -30, 14), (3, 30, 1)]), None);
    assert_eq!(once(&[(3, 30, 1)]), None);
    assert_eq!(once(&[]), None);
    // Of two others that are the same, the inner one.
    assert_eq!(once(&[(2, 1, 700), near, (3, 30, 1)]), Some(vec![(2, 1, 700), near, (3, 30, 1)]));
    // An order that must be kept is.
    assert_eq!(tiled(&[(5, 1, 2), (3, 30, 1)], Purpose::Write), None);
}

/// The first byte, and one past the last.
type Bounds = Option<[(isize, isize); 2]>;

#[test]
fn bounds_are_those_of_all_items() {
    let bounds = |axes: &[Sizes]| -> (Bounds, Bounds) {
        let direct = plan(4, axes, Purpose::Each).direct_bounds();
        (pair(4, axes).bounds(), direct)
    };
    let both = |bounds| (Some(bounds), Some(bounds));
    assert_eq!(bounds(&[]), both([(0, 4); 2]));
    assert_eq!(bounds(&[(3, 8, 4)]), both([(0, 20), (0, 12)]));
    assert_eq!(bounds(&[(3, -8, 4), (2, 100, 50)]), both([(-16, 104), (0, 62)]));
    assert_eq!(bounds(&[(2, isize::MAX, 4)]), (None, None));
    assert_eq!(bounds(&[(2, 4, isize::MAX)]), (None, None));
    // The plan starts where the second operand has its lowest byte.
    assert_eq!(bounds(&[(3, 8, -4)]), (Some([(0, 20), (-8, 4)]), Some([(-16, 4), (0, 12)])));

    assert_eq!(pair(4, &[(0, 8, 4)]).bounds(), None);
    assert_eq!(pair(4, &[(3, 8, 4), (0, 8, 4)]).bounds(), None);
    let axes = [(3, 8, 16), (2, 4, 4)];
    for (suboffsets, writes) in [([&[0, -1][..], &[]], false), ([&[], &[0, -1]], true), ([&[-1, -1], &[-1, -1]], false)]
    {
        let pair = walk(4, &axes, suboffsets);
        let indirect = suboffsets.concat().contains(&0);
        assert_eq!((pair.is_indirect(), pair.writes_indirectly()), (indirect, writes));
        assert_eq!(pair.bounds().is_none(), indirect);
        let plan = pair.plan(Purpose::Once, Order::C).expect("there are items");
        assert_eq!((plan.indirect().len(), direct(&plan).len()), if indirect { (1, 1) } else { (0, 2) });
        let behind = plan.direct_bounds();
        assert_eq!(behind, Some(if indirect { [(0, 8); 2] } else { [(0, 24), (0, 40)] }));
    }
}

#[test]
fn pointers_of_an_axis_take_their_bytes() {
    let pointers = |len, stride, suboffset| Step { stride, suboffset }.pointers(len);
    assert_eq!(pointers(3, 8, Some(0)), Some((0, 24)));
    assert_eq!(pointers(3, -16, Some(5)), Some((-32, 8)));
    assert_eq!(pointers(3, 8, None), None);
    assert_eq!(pointers(3, isize::MAX, Some(0)), Some((isize::MIN, isize::MAX)));
    assert_eq!(pointers(3, isize::MAX, None), None);
}

#[test]
fn a_walk_has_room_for_the_axes_that_it_says() {
    let view = |shape| Structure { ndim: 1, len: 3, itemsize: 1, shape: Some(shape), strides: None, suboffsets: None };
    for (axes, has_room) in [(1, false), (2, true), (3, true), (MAX_NDIM, true)] {
        let pair = || Pair::of_views(room(axes), &view(&[3]), &view(&[3])).expect("there is room");
        assert_eq!(pair().has_room(), has_room, "{axes}");
        assert_eq!(pair().by_element(2, 1, (1, 1)).map(|pair| pair.items()), has_room.then_some(6));
        assert_eq!(pair().by_element(1, 1, (1, 1)).map(|pair| pair.items()), Some(3));
    }
    assert!(Pair::of_views(room(0), &view(&[3]), &view(&[3])).is_none());
}

#[test]
fn one_pair_is_left_without_axes() {
    let mut pair =
        walk(4, &[(3, 8, 16), (2, 5, 6)], [&[0, -1], &[]]).plan(Purpose::Each, Order::C).expect("there are items");
    pair.leave_one();
    assert_eq!((pair.indirect().len(), pair.direct().len(), pair.bytes()), (0, 0, 4));
}

/// How many parts and pairs are left of a walk.
fn parts(itemsize: isize, axes: &[Sizes], enough: Enough) -> (usize, usize) {
    let (mut parts, mut items) = (0, 0);
    let _ = pair(itemsize, axes).in_parts(enough, &mut |part| {
        parts += 1;
        items += part.items();
        ControlFlow::Continue(())
    });
    (parts, items)
}

#[test]
fn walks_that_are_no_larger_than_memory_are_run_as_they_are() {
    // Up to 4096 pairs, whatever the memory.
    for enough in [Enough::First, Enough::Last, Enough::Equal] {
        assert_eq!(parts(1, &[(64, 1, 1), (64, 1, 1)], enough), (1, 4096));
        assert_ne!(parts(1, &[(65, 1, 1), (64, 1, 1)], enough), (1, 65 * 64));
    }
    // From half as many bytes as pairs have on: of the operand of which the items are enough, or of both.
    let (shape, apart) = ((128, 64), (1 << 20, 1 << 30));
    let walk = |itemsize, src: (isize, isize), dst: (isize, isize), enough| {
        let axes = [(shape.0, src.0, dst.0), (shape.1, src.1, dst.1)];
        parts(itemsize, &axes, enough) == (1, 128 * 64)
    };
    for itemsize in [1, 3] {
        // From the first item to the last: 127 * 32 + 63 bytes and one item are more than half of all.
        let (large, small) = ((32 * itemsize, itemsize), (32 * itemsize - itemsize, itemsize));
        for (src, dst, whole) in [
            (apart, apart, [true; 3]),
            (large, large, [true; 3]),
            (small, apart, [false, true, true]),
            (apart, small, [true, false, true]),
            (small, small, [false; 3]),
        ] {
            for (enough, whole) in [Enough::First, Enough::Last, Enough::Equal].into_iter().zip(whole) {
                assert_eq!(walk(itemsize, src, dst, enough), whole, "{itemsize} {src:?} {dst:?} {enough:?}");
            }
        }
    }
    // Exactly half, and one byte less.
    assert_eq!(parts(1, &[(4096, 1, 1), (2, 1, 0)], Enough::First), (1, 8192));
    assert_eq!(parts(1, &[(4096, 1, 1), (2, 0, 0)], Enough::First), (1, 4096));
}

/// The places that axes lead the first operand to: from the first one to the last, from one to the next, and how many.
fn places(axes: &[(isize, isize)]) -> Option<(usize, usize, usize)> {
    let axes: Vec<Sizes> = axes.iter().map(|&(len, src)| (len, src, 9)).collect();
    let places = Places::of(pair(1, &axes).direct(), Operand::Src)?;
    Some((places.span, places.step, places.count()))
}

#[test]
fn places_are_evenly_spaced() {
    assert_eq!(places(&[(65, 2), (64, 2)]), Some((254, 2, 128)));
    assert_eq!(places(&[(65, -2), (64, 2)]), Some((254, 2, 128)));
    assert_eq!(places(&[(65, 4), (64, 6)]), Some((634, 2, 318)));
    // Axes of one item, and those that do not move, have no step.
    assert_eq!(places(&[(1, 3), (65, 2), (64, 2)]), Some((254, 2, 128)));
    assert_eq!(places(&[(65, 2), (1, -7), (64, 0)]), Some((128, 2, 65)));
    assert_eq!(places(&[(65, 0), (64, 0)]), Some((0, 0, 1)));
    assert_eq!(places(&[]), Some((0, 0, 1)));
    // Not further apart than strides say.
    let most = isize::MAX.unsigned_abs();
    assert_eq!(places(&[(2, isize::MAX), (5000, 0)]), Some((most, most, 2)));
    assert_eq!(places(&[(2, isize::MAX), (2, -isize::MAX)]), Some((2 * most, most, 3)));
    assert_eq!(places(&[(2, isize::MAX), (2, 1)]), None);
}

#[test]
fn pairs_are_counted_by_their_places_where_these_are_few() {
    let counted = |axes: &[(isize, isize)]| {
        let axes: Vec<Sizes> = axes.iter().map(|&(len, src)| (len, src, 9)).collect();
        let mut pair = pair(1, &axes);
        let _ = pair.leave(Enough::Counted);
        pair.in_parts(Enough::Counted, &mut |_| ControlFlow::Continue(())).is_some()
    };
    assert!(counted(&[(65, 2), (64, 2)]) && counted(&[(65, -2), (64, 2)]) && counted(&[(65, 4), (64, 6)]));
    // More pairs than a few, and four for each place, without axes that do not move.
    assert!(!counted(&[(64, 2), (64, 2)]) && !counted(&[(4100, 1), (4, 0)]));
    assert!(counted(&[(1025, 1), (5, 1)]) && !counted(&[(1025, 1), (4, 1)]));
}

/// The tables that axes with pointers lead to first; what is behind them may lead anywhere.
#[test]
fn walks_behind_pointers_may_be_tangled_where_they_are_larger_than_the_first_table() {
    let tangled = |axes: &[Sizes], [src, dst]: [&[isize]; 2], pairs, enough| {
        walk(1, axes, [src, dst]).may_be_tangled(pairs, enough)
    };
    let rows = [(1000, 8, 8), (1000, 1, 1)];
    let (pointers, direct): (&[isize], &[isize]) = (&[0, -1], &[]);
    for enough in [Enough::First, Enough::Last, Enough::Equal, Enough::Counted] {
        // Without pointers nothing is.
        assert!(!tangled(&rows, [direct; 2], usize::MAX, enough), "{enough:?}");
        assert!(tangled(&rows, [pointers; 2], 128_001, enough) && !tangled(&rows, [pointers; 2], 128_000, enough));
    }
    // An operand without pointers is as large as its axes make it: it decides alone, or for both.
    for (views, expected) in [([pointers, direct], [true, false, false]), ([direct, pointers], [false, true, false])] {
        for (enough, expected) in [Enough::First, Enough::Last, Enough::Equal].into_iter().zip(expected) {
            assert_eq!(tangled(&rows, views, 200_000, enough), expected, "{views:?} {enough:?}");
        }
    }
    // Windows of a table are as large as the table, and few of its pointers are as many as they are.
    let windows = [(1000, 8, 8), (1000, 8, 8)];
    assert!(tangled(&windows, [&[-1, 0]; 2], 1999 * 128 + 1, Enough::First));
    assert!(!tangled(&windows, [&[-1, 0]; 2], 1999 * 128, Enough::First));
    assert!(tangled(&[(3, 8 << 20, 8), (9, 1, 1)], [&[0, -1]; 2], 1 << 20, Enough::First));
    // Few pairs are walked in any case.
    assert!(
        !tangled(&rows[..1], [&[0]; 2], 1 << 16, Enough::First)
            && !tangled(&[(1, 8, 8)], [&[0]; 2], 1 << 16, Enough::First)
    );
    assert!(tangled(&[(1, 8, 8)], [&[0]; 2], (1 << 16) + 1, Enough::First));
}

#[test]
fn windows_are_taken_apart_where_that_leaves_pairs_out() {
    // The first row, and of each other one the last item.
    assert_eq!(parts(1, &[(100, 1, 9), (100, 1, 77)], Enough::First), (2, 199));
    assert_eq!(parts(1, &[(100, 9, 1), (100, 77, 1)], Enough::Last), (2, 199));
    // Where one operand does not move at all, the other one decides.
    assert_eq!(parts(1, &[(100, 0, 1), (100, 0, 1)], Enough::Equal), (2, 199));
    assert_eq!(parts(1, &[(100, 1, 0), (100, 1, 0)], Enough::Equal), (2, 199));
    assert_eq!(parts(1, &[(100, 1, 1), (100, 1, 1)], Enough::Equal), (2, 199));
    // A row that is as long as the way back, or shorter, is needed as a whole: there is nothing to take apart.
    for way in [70, 71, 100] {
        for enough in [Enough::First, Enough::Last, Enough::Equal] {
            assert_eq!(parts(8, &[(70, way, way), (70, 1, 1)], enough), (1, 4900), "{way} {enough:?}");
        }
    }
    for enough in [Enough::First, Enough::Last] {
        assert_eq!(parts(8, &[(70, 69, 69), (70, 1, 1)], enough), (2, 70 + 69 * 69), "{enough:?}");
    }
    // Few pairs behind a range of the first axis are not taken apart further.
    assert_eq!(parts(1, &[(200, 1, 9), (64, 1, 77)], Enough::First), (2, 200 * 64));
    assert_eq!(parts(1, &[(200, 1, 9), (65, 1, 77)], Enough::First), (2, 65 + 199));
    // For equality both operands have to be smaller than their pairs.
    assert_eq!(parts(1, &[(3, 1, 1 << 30), (100, 1, 1), (100, 1, 1)], Enough::Equal), (1, 30_000));
    assert_eq!(parts(1, &[(3, 1 << 30, 1), (100, 1, 1), (100, 1, 1)], Enough::Equal), (1, 30_000));
    // An axis before a pointer is no part of it.
    let all = [(3, 8, 8), (100, 1, 9), (100, 1, 77)];
    let (mut parts, mut items) = (0, 0);
    let _ = walk(1, &all, [&[0, -1, -1], &[]]).in_parts(Enough::First, &mut |part| {
        parts += 1;
        items += part.items();
        ControlFlow::Continue(())
    });
    assert_eq!((parts, items), (6, 3 * 199));
}

/// Boxes where they have few pairs and are soon found, places otherwise.
#[test]
fn windows_are_walked_place_by_place_where_boxes_are_many() {
    let by_places = |axes: &[Sizes], enough| {
        let mut parts = 0;
        let walk = pair(1, axes).in_parts(enough, &mut |_| {
            parts += 1;
            ControlFlow::Continue(())
        });
        // Nothing has been run then.
        assert_eq!(walk.is_some(), parts == 0, "{axes:?} {enough:?}");
        walk.is_some()
    };
    // Strides that no two axes lead back by.
    let apart = |axes: isize| (1..=axes).map(|axis| (2, 100 + axis, 100 + axis)).collect::<Vec<_>>();
    for enough in [Enough::First, Enough::Last, Enough::Equal] {
        // Sixteen times as many pairs as 4096 places.
        assert!(!by_places(&apart(16), enough), "{enough:?}");
        assert!(by_places(&apart(17), enough), "{enough:?}");
        // Two axes, or three, have few boxes.
        assert!(!by_places(&[(300, 1, 1), (300, 1, 1)], enough), "{enough:?}");
        assert!(!by_places(&[(300, 1, 2), (300, 2, 1), (5, 3, 3)], enough), "{enough:?}");
        // Of very many, it takes longer to find them.
        assert!(by_places(&[(2, 1, 1); 60], enough), "{enough:?}");
        // As many as an operand has places are no windows.
        let rows = [apart(17), vec![(2, 1 << 20, 1 << 20)]].concat();
        assert!(!by_places(&rows, enough), "{enough:?}");
    }
    // An operand that does not move has one place.
    let still: Vec<Sizes> = apart(17).iter().map(|&(len, src, _)| (len, src, 0)).collect();
    assert!(by_places(&still, Enough::Equal));
}

/// Axes of one item are anywhere.
#[test]
fn a_line_is_reshaped_without_a_copy() {
    let line = Structure { ndim: 1, len: 6, itemsize: 1, shape: Some(&[6]), strides: Some(&[3]), suboffsets: None };
    for (shape, expected) in [
        (&[6][..], &[3][..]),
        (&[6, 1], &[3]),
        (&[1, 6], &[18, 3]),
        (&[2, 3], &[9, 3]),
        (&[2, 3, 1, 1], &[9, 3]),
        (&[2, 1, 3, 1], &[9, 9, 3]),
    ] {
        let (mut a, mut b, mut c) = ([0; 4], [0; 4], [0; 4]);
        let count = shape.len();
        let mut to = AxesMut { shape: &mut a[..count], strides: &mut b[..count], suboffsets: &mut c[..count] };
        assert_eq!(reshape(&line, shape, Order::C, &mut to), Ok(()), "{shape:?}");
        assert_eq!(to.shape, shape);
        assert_eq!(to.strides[..expected.len()], *expected, "{shape:?}");
    }
}
