//! The layout algebra compared with brute force: contiguity, strides, checks, bounds, and above all the planner, whose
//! every plan must visit exactly the pairs of items that enumerating the index tuples gives.
//!
//! Memory is symbolic here, so structures with pointers, and strides that no memory could have, are walked like all others.

use proptest::prelude::*;
use pybuffer::layout::{Axis, MAX_NDIM, Order, Pair, Plan, Purpose, Structure, fill_strides};

use crate::common::model::{Kind, Layout, config, contiguous_strides, draws, indices, kinds, lay, orders, shapes};
use crate::support::symbolic::{Address, Pointers, pair_of, room, set, sorted, stands, structure, written};

/// Whether a view has items that are reached by a pointer along an axis.
fn follows(view: &Layout, axis: usize) -> bool {
    view.itemsize != 0 && view.suboffsets.as_ref().is_some_and(|suboffsets| suboffsets[axis] >= 0)
}

/// Suboffsets as exporters fill them in: left out, or negative along most axes.
fn suboffsets(axes: usize) -> impl Strategy<Value = Option<Vec<isize>>> {
    let suboffset = prop_oneof![6 => Just(-1isize), 1 => isize::MIN..=-1, 4 => 0..=40isize];
    prop::option::weighted(0.3, prop::collection::vec(suboffset, axes))
}

fn layout(shape: Vec<isize>, itemsize: isize) -> impl Strategy<Value = Layout> {
    let axes = shape.len();
    let wide = prop_oneof![Just(isize::MIN), Just(isize::MIN + 1), Just(isize::MAX), Just(1 << 62), any::<isize>()];
    let wide = prop::option::weighted(0.05, prop::collection::vec(prop_oneof![wide, -9..=9isize], axes));
    (kinds(), draws(axes), wide, prop::bool::weighted(0.1), suboffsets(axes), any::<bool>()).prop_map(
        move |(kind, draws, wide, missing, suboffsets, bare)| {
            let strides = wide.unwrap_or_else(|| lay(kind, &shape, itemsize, &draws));
            let strides = (!missing).then_some(strides);
            // Items of no size cannot be counted without a shape.
            let bare = bare && missing && axes <= 1 && itemsize > 0;
            Layout { itemsize, shape: shape.clone(), strides, suboffsets, bare }
        },
    )
}

fn itemsizes() -> impl Strategy<Value = isize> {
    prop_oneof![9 => 1..=6isize, 1 => Just(0)]
}

fn views() -> impl Strategy<Value = Layout> {
    (shapes(), itemsizes()).prop_flat_map(|(shape, itemsize)| layout(shape, itemsize))
}

/// Two views of the same shape and item size; sometimes one view twice, so that its axes merge in both.
fn view_pairs() -> impl Strategy<Value = (Layout, Layout)> {
    (shapes(), itemsizes(), prop::bool::weighted(0.2)).prop_flat_map(|(shape, itemsize, same)| {
        (layout(shape.clone(), itemsize), layout(shape, itemsize))
            .prop_map(move |(src, dst)| if same { (src.clone(), src) } else { (src, dst) })
    })
}

fn directed_orders() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::C), Just(Order::Fortran)]
}

/// Whether two neighbours of a plan are one axis, in arithmetic that cannot overflow.
fn continues(outer: &Axis, inner: &Axis) -> bool {
    [(outer.src, inner.src), (outer.dst, inner.dst)]
        .iter()
        .all(|(outer, step)| step.stride as i128 * inner.len as i128 == outer.stride as i128)
}

/// Checks that a plan is normalised; of some axes it may visit only one index.
fn assert_normalised(plan: &Plan<'_>, (src, dst): (&Layout, &Layout), once: impl Fn(usize) -> bool) {
    let indirect = (0..src.shape.len()).rev().find(|&axis| follows(src, axis) || follows(dst, axis));
    let lens: Vec<isize> = plan.indirect().iter().map(|axis| axis.len).collect();
    let before = 0..indirect.map_or(0, |last| last + 1);
    let expected: Vec<isize> = before.map(|axis| if once(axis) { 1 } else { src.shape[axis] }).collect();
    assert_eq!(lens, expected, "axes before a pointer stay as they are");

    let direct = plan.direct();
    assert!(direct.iter().all(|axis| axis.len > 1), "an axis of one item is left: {direct:?}");
    assert!(!direct.windows(2).any(|axes| continues(&axes[0], &axes[1])), "axes could be merged: {direct:?}");
    assert!(direct.iter().all(|axis| !axis.is_indirect()), "a pointer among the direct axes: {direct:?}");
    if !plan.ordered {
        let size = |axis: &Axis| (axis.dst.stride.unsigned_abs(), axis.src.stride.unsigned_abs());
        assert!(direct.windows(2).all(|axes| size(&axes[0]) >= size(&axes[1])), "not sorted: {direct:?}");
        // The lowest stride is its own negative.
        let down = |stride: isize| stride < 0 && stride != isize::MIN;
        let backward = |axis: &Axis| down(axis.dst.stride) || (axis.dst.stride == 0 && down(axis.src.stride));
        assert!(!direct.iter().any(backward), "walked downwards: {direct:?}");
    }
}

/// The walk over two views, planned; and that there is a plan exactly where there is something to do.
fn planned(src: &Layout, dst: &Layout, purpose: Purpose, order: Order) -> Option<Plan<'static>> {
    let pair = pair_of(src, dst);
    let idle = src.items() == 0 || (src.itemsize == 0 && purpose == Purpose::Write);
    let plan = pair.plan(purpose, order);
    assert_eq!(plan.is_none(), idle);
    plan
}

/// Whether two items share a byte.
fn overlaps(pairs: &[(Address, Address)], itemsize: isize) -> bool {
    written(pairs, itemsize).len() != pairs.len() * itemsize.unsigned_abs()
}

/// Whether the plan promises to write in this order. Axes that lead through pointers are walked in C order only; for
/// Fortran order there is one plan for each of `fortran_lines`.
fn keeps(plan: &Plan<'_>, order: Order) -> bool {
    order != Order::Fortran || plan.indirect().is_empty()
}

/// A plan to read visits the pairs of the model, and none of them more often than it has to; one in which each pair counts,
/// each as often as it is there.
fn assert_reads(src: &Layout, dst: &Layout) {
    let all = sorted(Pointers::Apart.pairs(src, dst, Order::C));
    let distinct = Pointers::Apart.distinct(src, dst);
    if let Some(plan) = planned(src, dst, Purpose::Read, Order::C) {
        assert!(!plan.ordered, "the order in which items are read never matters");
        let (a, b) = (stands(src), stands(dst));
        assert_normalised(&plan, (src, dst), |axis| a[axis] && b[axis]);
        let visits = Pointers::Apart.visits(&plan, src.itemsize);
        assert!(visits.len() <= distinct.len(), "{} visits, {} would do", visits.len(), distinct.len());
        assert_eq!(set(visits), set(all.clone()));
    }
    if let Some(plan) = planned(src, dst, Purpose::Each, Order::C) {
        assert!(!plan.ordered);
        assert_normalised(&plan, (src, dst), |_| false);
        assert_eq!(sorted(Pointers::Apart.visits(&plan, src.itemsize)), all);
    }
}

/// A plan to write visits the last pairs of the model, each once, and so do the forms that the copy gives it; and in such an
/// order that each byte keeps what is written last in index order.
fn assert_writes(src: &Layout, dst: &Layout, order: Order, pointers: Pointers) {
    let itemsize = src.itemsize;
    let Some(mut plan) = planned(src, dst, Purpose::Write, order) else { return };
    let still = stands(dst);
    assert_normalised(&plan, (src, dst), |axis| still[axis]);
    let expected = pointers.last(src, dst, order);
    let last = written(&pointers.pairs(src, dst, order), itemsize);
    assert_eq!(written(&expected, itemsize), last, "what is written over does not count");
    let overlapping = overlaps(&expected, itemsize);
    if plan.indirect().is_empty() {
        assert!(plan.ordered || !overlapping, "items share memory, but their order is not kept");
        assert!(!plan.ordered || pointers.visits(&plan, itemsize) == expected, "not the order of the indices");
    }
    let expected = sorted(expected);
    let agrees = |plan: &Plan<'_>| {
        let visits = pointers.visits(plan, itemsize);
        assert!(
            !overlapping || !keeps(plan, order) || written(&visits, itemsize) == last,
            "another one was written last"
        );
        assert_eq!(sorted(visits), expected);
    };
    agrees(&plan);

    let one_block = |axis: &Axis| axis.src.stride == itemsize && axis.dst.stride == itemsize;
    let taken = plan.direct().last().filter(|axis| one_block(axis)).map_or(1, |axis| axis.len);
    plan.take_block();
    agrees(&plan);
    assert_eq!(plan.unit.cast_signed(), itemsize * taken, "the innermost axis is a block, or it is not");

    let before = plan.direct().to_vec();
    let tiled = plan.tile();
    agrees(&plan);
    assert_tiled(&before, &plan, tiled);
}

/// A tiled plan has the axis along which the source moves least next to the innermost one; others are left alone.
fn assert_tiled(before: &[Axis], after: &Plan<'_>, tiled: bool) {
    let step = |axis: &Axis| axis.src.stride.unsigned_abs();
    let least = before.iter().map(step).min();
    let transposed = before.last().is_some_and(|last| Some(step(last)) != least);
    assert_eq!(tiled, transposed && !after.ordered);
    assert_eq!(after.direct().last(), before.last());
    if tiled {
        assert_eq!(after.direct().iter().rev().nth(1).map(step), least);
    } else {
        assert_eq!(after.direct(), before);
    }
}

/// The walks of `prefix` together visit the first `count` pairs in `order`, and the last writer of a byte is among them
/// the same. Behind pointers, Fortran order takes the walks of `fortran_lines`.
fn assert_prefix((src, dst): (&Layout, &Layout), count: usize, order: Order, pointers: Pointers) {
    let (itemsize, axes) = (src.itemsize, src.shape.len());
    let pair = pair_of(src, dst);
    // Without bytes there is nothing to write, but still pairs to count.
    let purpose = if itemsize == 0 { Purpose::Each } else { Purpose::Write };
    let indirect = (0..axes).any(|axis| follows(dst, axis));
    assert_eq!(pair.writes_indirectly(), indirect);
    let (lines, all) = (order == Order::Fortran && indirect, pair.items());
    let (mut items, mut kept, mut visits) = (0, true, vec![]);
    let mut run = |part: Pair<'_>| {
        items += part.items();
        let plan = part.plan(purpose, order).expect("a part has items");
        kept &= keeps(&plan, order);
        visits.extend(pointers.visits(&plan, itemsize));
    };
    let mut parts = 0;
    pair.prefix(count, order, room(axes), &mut |part| {
        parts += 1;
        if lines { part.fortran_lines(room(axes), &mut run) } else { run(part) }
    });
    assert!(parts <= axes.max(1), "one walk for each axis at most");
    assert_eq!(items, count.min(all));
    let mut expected = pointers.pairs(src, dst, order);
    expected.truncate(count);
    if lines || kept {
        assert_eq!(written(&visits, itemsize), written(&expected, itemsize), "another one was written last");
    }
    if purpose == Purpose::Write && !stands(dst).contains(&true) {
        assert_eq!(sorted(visits), sorted(expected));
    } else {
        assert!(set(visits).is_subset(&set(expected)), "a pair that is not among the first ones");
    }
}

/// The slabs from one number to another visit the pairs between them, in order, and are few.
fn assert_slabs((src, dst): (&Layout, &Layout), (start, stop): (usize, usize), order: Order) {
    let axes = src.shape.len();
    let pair = pair_of(src, dst);
    let (mut at, mut slabs, mut visits) = (start, 0, vec![]);
    while let Some((slab, next)) = pair.slab(at, stop, order, room(axes)) {
        assert_eq!(slab.items(), next - at);
        let plan = slab.in_index_order().expect("a slab has items");
        // In Fortran order a slab has the same pairs in another order.
        let pairs = Pointers::Apart.visits(&plan, src.itemsize);
        visits.extend(if order == Order::Fortran { sorted(pairs) } else { pairs });
        (at, slabs) = (next, slabs + 1);
    }
    assert!(slabs <= (2 * axes).max(1), "{slabs} slabs of {axes} axes");
    let all = Pointers::Apart.pairs(src, dst, order);
    let stop = stop.min(all.len());
    let expected = if start < stop { all[start..stop].to_vec() } else { vec![] };
    if order == Order::Fortran {
        assert_eq!(sorted(visits), sorted(expected));
    } else {
        assert_eq!(visits, expected);
    }
}

/// Lengths that are too large to be walked, along axes that move nothing.
fn lengths() -> impl Strategy<Value = isize> {
    let powers =
        prop_oneof![Just(31), Just(32), Just(33), Just(60), Just(61), Just(62)].prop_map(|power| 1isize << power);
    let primes = prop_oneof![Just(2147483647isize), Just(4294967291), Just(2305843009213693951), Just(3), Just(7)];
    prop_oneof![3 => powers, 2 => primes, 2 => 0..=3isize, 1 => Just(isize::MAX), 1 => Just(6148914691236517206)]
}

/// A layout with another shape, as the library sees it, with the greatest `len`.
fn unmeasured<'a>(view: &'a Layout, shape: &'a [isize], steps: &'a [isize]) -> Structure<'a> {
    Structure {
        ndim: shape.len(),
        len: isize::MAX,
        itemsize: view.itemsize,
        shape: Some(shape),
        strides: Some(steps),
        suboffsets: view.suboffsets.as_deref(),
    }
}

/// Properties that the plans of the same walk over longer and shorter axes share.
type Shown = Option<(Vec<Axis>, Vec<Axis>, usize, bool)>;

fn shown(plan: Option<Plan<'_>>) -> Shown {
    plan.map(|plan| (plan.indirect().to_vec(), plan.direct().to_vec(), plan.unit, plan.ordered))
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn contiguous_is_what_enumerates_in_order(view in views()) {
        for order in [Order::C, Order::Fortran, Order::Any] {
            prop_assert_eq!(structure(&view).is_contiguous(order), view.is_contiguous(order), "{:?}", order);
        }
    }

    #[test]
    fn filled_strides_are_the_sizes_of_faster_axes(
        shape in prop::collection::vec(prop_oneof![4 => 0..=5isize, 1 => any::<isize>()], 0..=70),
        itemsize in prop_oneof![4 => 0..=40isize, 1 => any::<isize>()],
        order in orders(),
        unused in 0..3usize,
    ) {
        let mut strides = vec![7; shape.len() + unused];
        fill_strides(&shape, itemsize, order, &mut strides);
        let (filled, rest) = strides.split_at(shape.len());
        prop_assert_eq!(filled, contiguous_strides(&shape, itemsize, order));
        prop_assert!(rest.iter().all(|&stride| stride == 7), "entries past the shape are left alone");
    }

    #[test]
    fn check_finds_what_wide_arithmetic_finds(
        shape in prop::option::weighted(0.8, prop::collection::vec(
            prop_oneof![12 => 1..=3isize, 3 => 0..=4isize, 1 => Just(-1isize), 1 => 1..=isize::MAX], 0..=70)),
        axes_without_shape in 0..=2usize,
        itemsize in prop_oneof![1 => -1..=0isize, 8 => 0..=9isize, 1 => any::<isize>()],
        off in prop_oneof![3 => Just(0isize), 2 => -1..=13isize, 1 => any::<isize>()],
    ) {
        let items = shape.as_ref().map(|shape| match shape.contains(&0) {
            true => 0,
            false => shape.iter().fold(1i128, |items, &len| items.saturating_mul(len as i128)),
        });
        let bytes = items.unwrap_or(1).saturating_mul(itemsize as i128);
        let len = isize::try_from(bytes).unwrap_or(isize::MAX).saturating_add(off);
        let ndim = shape.as_ref().map_or(axes_without_shape, Vec::len);
        let view = Structure { ndim, len, itemsize, shape: shape.as_deref(), strides: None, suboffsets: None };
        let countable = items.is_none_or(|items| items <= isize::MAX as i128);
        let valid = itemsize >= 0 && len >= 0 && match &shape {
            Some(shape) => ndim <= 64 && shape.iter().all(|&len| len >= 0) && countable && bytes <= len as i128,
            None => match ndim {
                0 => len == itemsize,
                1 => itemsize > 0 || len == 0,
                _ => false,
            },
        };
        prop_assert_eq!(view.check().is_ok(), valid);
    }

    #[test]
    fn shapes_are_compared_up_to_the_first_axis_of_no_items(
        a in shapes(), b in shapes(), same in 0..=2u8, at in any::<prop::sample::Index>(), bare in any::<bool>(),
    ) {
        // Either the same shape, or one that differs along one axis, or another altogether.
        let mut b = if same == 0 { b } else { a.clone() };
        if same == 2 && !b.is_empty() {
            let axis = at.index(b.len());
            b[axis] += 1;
        }
        let seen = |shape: &[isize]| -> Vec<isize> {
            let empty = shape.iter().position(|&len| len == 0);
            shape[..empty.map_or(shape.len(), |axis| axis + 1)].to_vec()
        };
        let expected = a.len() == b.len() && seen(&a) == seen(&b);
        let view = |shape: &[isize], itemsize, bare| {
            Layout { itemsize, shape: shape.to_vec(), strides: None, suboffsets: None, bare: bare && shape.len() <= 1 }
        };
        let (a, b) = (view(&a, 2, bare), view(&b, 3, false));
        prop_assert_eq!(structure(&a).has_shape_of(&structure(&b)), expected);
        prop_assert_eq!(structure(&b).has_shape_of(&structure(&a)), expected);
        let pair = Pair::of_views(room(a.shape.len()), &structure(&a), &structure(&b));
        prop_assert_eq!(pair.is_some(), expected);
    }

    #[test]
    fn bounds_are_the_first_and_last_byte_of_all_items((src, dst) in view_pairs()) {
        let range = |view: &Layout| {
            let places: Vec<i128> = indices(&view.shape, Order::C).iter().map(|index| view.offset(index)).collect();
            let end = places.iter().max()? + view.itemsize as i128;
            Some((isize::try_from(*places.iter().min()?).ok()?, isize::try_from(end).ok()?))
        };
        // Items without bytes are not moved, and so have no more than one place.
        let still = |view: &Layout| match view.itemsize {
            0 => Layout { strides: Some(vec![0; view.shape.len()]), ..view.clone() },
            _ => view.clone(),
        };
        let (src, dst) = (still(&src), still(&dst));
        let pair = pair_of(&src, &dst);
        let indirect = (0..src.shape.len()).any(|axis| follows(&src, axis) || follows(&dst, axis));
        prop_assert_eq!(pair.is_indirect(), indirect);
        prop_assert_eq!(pair.items(), src.items().unsigned_abs());
        let expected = if indirect { None } else { range(&src).zip(range(&dst)).map(|(src, dst)| [src, dst]) };
        prop_assert_eq!(pair.bounds(), expected);
    }

    #[test]
    fn a_plan_to_read_visits_each_pair_once((src, dst) in view_pairs()) {
        assert_reads(&src, &dst);
    }

    #[test]
    fn a_plan_to_write_visits_each_pair_once((src, dst) in view_pairs(), order in directed_orders()) {
        assert_writes(&src, &dst, order, Pointers::Apart);
    }

    #[test]
    fn the_last_item_in_index_order_wins_behind_pointers_to_shared_memory(
        (src, dst) in view_pairs(), order in directed_orders(),
    ) {
        assert_writes(&src, &dst, order, Pointers::Shared);
    }

    #[test]
    fn contiguous_memory_is_laid_out_in_order(view in views(), order in orders()) {
        let direction = if order == Order::Fortran { Order::Fortran } else { Order::C };
        let strides = Some(contiguous_strides(&view.shape, view.itemsize, direction));
        let flat = Layout { strides, suboffsets: None, bare: false, ..view.clone() };
        let plans = |pair: Option<Pair<'_>>, (src, dst): (&Layout, &Layout), purpose: Purpose| {
            let plan = pair.and_then(|pair| pair.plan(purpose, order));
            let plan = if view.itemsize == 0 && purpose == Purpose::Once {
                assert!(plan.is_none(), "there is nothing to write");
                return;
            } else {
                plan
            };
            assert!(plan.as_ref().is_none_or(|plan| !plan.ordered));
            let visits = plan.map_or(vec![], |plan| Pointers::Apart.visits(&plan, view.itemsize));
            let expected = Pointers::Apart.pairs(src, dst, Order::C);
            if purpose == Purpose::Read {
                assert_eq!(set(visits), set(expected));
            } else {
                assert_eq!(sorted(visits), sorted(expected));
            }
        };
        let axes = view.shape.len();
        for purpose in [Purpose::Once, Purpose::Each, Purpose::Read] {
            plans(Pair::to_contiguous(room(axes), &structure(&view), order), (&view, &flat), purpose);
        }
        plans(Pair::from_contiguous(room(axes), &structure(&view), order), (&flat, &view), Purpose::Read);
    }

    #[test]
    fn a_prefix_is_the_first_pairs_in_order(
        (src, dst) in view_pairs(), order in orders(), count in any::<prop::sample::Index>(),
        pointers in prop_oneof![Just(Pointers::Apart), Just(Pointers::Shared)],
    ) {
        // Sometimes more than there are.
        let count = count.index(pair_of(&src, &dst).items() + 3);
        assert_prefix((&src, &dst), count, order, pointers);
    }

    #[test]
    fn slabs_are_the_pairs_between_two_numbers(
        (src, dst) in view_pairs(), order in directed_orders(),
        start in any::<prop::sample::Index>(), stop in any::<prop::sample::Index>(),
    ) {
        let items = pair_of(&src, &dst).items();
        assert_slabs((&src, &dst), (start.index(items + 2), stop.index(items + 3)), order);
    }

    #[test]
    fn the_first_of_each_stands_for_as_many_as_there_are((src, dst) in view_pairs()) {
        let still = stands(&src);
        let mut pair = pair_of(&src, &dst);
        let all = pair.items();
        let times = pair.leave_first();
        prop_assert_eq!(pair.items().checked_mul(times), Some(all));
        let first = |index: &[isize]| (0..index.len()).all(|axis| !still[axis] || index[axis] == 0);
        let expected = Pointers::Apart.pairs_where(&src, &dst, Order::C, first);
        let visits = pair.in_index_order().map_or(vec![], |plan| Pointers::Apart.visits(&plan, src.itemsize));
        prop_assert_eq!(visits, expected);
    }

    #[test]
    fn axes_along_which_nothing_moves_may_be_of_any_length(
        (src, dst) in view_pairs(), lens in prop::collection::vec(lengths(), 64), order in directed_orders(),
    ) {
        let axes = src.shape.len();
        let still: Vec<bool> = stands(&src).iter().zip(stands(&dst)).map(|(a, b)| *a && b).collect();
        let shape: Vec<isize> = (0..axes).map(|axis| if still[axis] { lens[axis] } else { src.shape[axis] }).collect();
        let (src_steps, dst_steps) = (src.steps(), dst.steps());
        let (long_src, long_dst) = (unmeasured(&src, &shape, &src_steps), unmeasured(&dst, &shape, &dst_steps));
        let items = match shape.contains(&0) {
            true => 0,
            false => shape.iter().fold(1i128, |items, &len| items.saturating_mul(len as i128)),
        };
        let fits = |number: i128| number <= isize::MAX as i128;
        prop_assert_eq!(long_src.items() as i128, if fits(items) { items } else { usize::MAX as i128 });
        let valid = fits(items) && fits(items.saturating_mul(src.itemsize as i128));
        prop_assert_eq!(long_src.check().is_ok(), valid);
        if !valid || items == 0 || src.shape.contains(&0) {
            return Ok(());
        }
        for purpose in [Purpose::Read, Purpose::Write] {
            let plan = |src: &Structure<'_>, dst: &Structure<'_>| {
                shown(Pair::of_views(room(axes), src, dst).expect("the shapes are the same").plan(purpose, order))
            };
            let (short_src, short_dst) = (unmeasured(&src, &src.shape, &src_steps), unmeasured(&dst, &dst.shape, &dst_steps));
            prop_assert_eq!(plan(&long_src, &long_dst), plan(&short_src, &short_dst));
        }
    }

    #[test]
    fn slices_of_contiguous_memory_are_never_taken_for_overlapping(
        (shape, draws) in shapes().prop_flat_map(|shape| { let axes = shape.len(); (Just(shape), draws(axes)) }),
        itemsize in 1..=6isize, order in directed_orders(),
    ) {
        let view = |strides| Layout { itemsize, shape: shape.clone(), strides, suboffsets: None, bare: false };
        let (src, dst) = (view(None), view(Some(lay(Kind::Sliced, &shape, itemsize, &draws))));
        let plan = planned(&src, &dst, Purpose::Write, order);
        prop_assert!(plan.is_none_or(|plan| !plan.ordered));
    }

    #[test]
    fn the_same_dense_memory_on_both_sides_is_one_block(
        (shape, draws) in shapes().prop_flat_map(|shape| { let axes = shape.len(); (Just(shape), draws(axes)) }),
        itemsize in 1..=6isize,
    ) {
        // All axes nested without gaps, in any order and direction.
        let mut dense = draws;
        dense.iter_mut().for_each(|draw| draw.step = 1);
        let strides = Some(lay(Kind::Sliced, &shape, itemsize, &dense));
        let view = Layout { itemsize, shape, strides, suboffsets: None, bare: false };
        if let Some(mut plan) = planned(&view, &view, Purpose::Write, Order::C) {
            prop_assert!(plan.direct().len() <= 1);
            plan.take_block();
            prop_assert!(plan.direct().is_empty());
            prop_assert_eq!(plan.unit, view.len().unsigned_abs());
        }
    }
}

/// Walks have room for the axes that they were made for, and for no more.
#[test]
fn too_many_axes_are_refused() {
    for axes in 0..=70 {
        let shape = vec![1; axes];
        let view = Layout { itemsize: 2, shape, strides: None, suboffsets: None, bare: false };
        let view = structure(&view);
        assert_eq!(view.check().is_ok(), axes <= 64, "{axes}");
        for axes_of_room in [0, 8, MAX_NDIM] {
            assert_eq!(walks(&view, axes_of_room), [axes <= axes_of_room; 3], "{axes} in {axes_of_room}");
        }
    }
}

/// Whether there are walks in that much room between the view and itself, and to and from contiguous memory.
fn walks(view: &Structure<'_>, axes: usize) -> [bool; 3] {
    [
        Pair::of_views(room(axes), view, view).is_some(),
        Pair::to_contiguous(room(axes), view, Order::C).is_some(),
        Pair::from_contiguous(room(axes), view, Order::Fortran).is_some(),
    ]
}
