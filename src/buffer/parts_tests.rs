//! Walks by the addresses that they reach, compared with all their index tuples: of random structure, over memory that is full of
//! pointers into it.
#![expect(clippy::indexing_slicing, reason = "tests")]

use core::ops::ControlFlow;
use core::ptr::{null_mut, without_provenance_mut};
use std::collections::{BTreeMap, BTreeSet};
use std::vec;
use std::vec::Vec;

use crate::error::{Error, Result};
use crate::kernels;
use crate::layout::{Axis, Enough, FEW_BEHIND_POINTERS, MAX_NDIM, Order, Pair, Structure};

use super::parts::{Part, are_apart, by_addresses, in_parts};

const NO_ROOM: Error = Error::bad_argument();

/// A small generator is enough.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: isize) -> isize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound.unsigned_abs() as u64).cast_signed() as isize
    }

    fn one_in(&mut self, times: isize) -> bool {
        self.below(times) == 0
    }

    fn shuffle(&mut self, numbers: &mut [isize]) {
        (1..numbers.len()).for_each(|at| numbers.swap(at, self.below(at.cast_signed() + 1).unsigned_abs()));
    }
}

const WORD: isize = size_of::<usize>().cast_signed();

/// Words, each of which is a pointer to one of a few places in the middle.
fn memory(random: &mut Random) -> Vec<*mut u8> {
    let mut words = vec![null_mut::<u8>(); 2048];
    let start = words.as_mut_ptr().cast::<u8>();
    let targets = 1 + random.below(9);
    let spacing = [1, 2, 30][random.below(3).unsigned_abs()];
    for word in &mut words {
        *word = start.wrapping_offset((900 + random.below(targets) * spacing) * WORD);
    }
    words
}

#[derive(Debug)]
struct View {
    strides: Vec<isize>,
    suboffsets: Vec<isize>,
}

impl View {
    /// Strides that lead to pointers are whole words; those after the last pointer any.
    fn new(random: &mut Random, ndim: usize, pointers: usize) -> Self {
        let mut view = Self { strides: vec![], suboffsets: vec![] };
        for axis in 0..ndim {
            let step = if random.one_in(5) { 0 } else { random.below(7) - 3 };
            view.strides.push(if axis < pointers { step * WORD } else { step * (1 + random.below(2)) });
            let follows = axis + 1 == pointers || (axis < pointers && random.one_in(2));
            view.suboffsets.push(if follows { random.below(3) * WORD } else { -1 });
        }
        view
    }

    fn structure<'a>(&'a self, shape: &'a [isize]) -> Structure<'a> {
        Structure {
            ndim: shape.len(),
            len: shape.iter().product(),
            itemsize: 1,
            shape: Some(shape),
            strides: Some(&self.strides),
            suboffsets: self.suboffsets.iter().any(|&suboffset| suboffset >= 0).then_some(&self.suboffsets),
        }
    }

    /// Where each index tuple leads, in C order.
    fn addresses(&self, shape: &[isize], start: *mut u8) -> Vec<usize> {
        let mut reached = vec![start];
        for (axis, &len) in shape.iter().enumerate() {
            let (stride, suboffset) = (self.strides[axis], self.suboffsets[axis]);
            let along = |from: &*mut u8| {
                let from = *from;
                (0..len).map(move |index| {
                    let place = from.wrapping_offset(index * stride);
                    if suboffset < 0 {
                        return place;
                    }
                    // SAFETY: as the tests make it, there is a pointer.
                    unsafe { place.cast::<*mut u8>().read_unaligned() }.wrapping_offset(suboffset)
                })
            };
            reached = reached.iter().flat_map(along).collect();
        }
        reached.iter().map(|place| place.addr()).collect()
    }
}

type Pairs = Vec<(usize, usize)>;

fn firsts(pairs: &Pairs) -> Pairs {
    let mut seen = BTreeSet::new();
    pairs.iter().copied().filter(|&(src, _)| seen.insert(src)).collect()
}

fn lasts(pairs: &Pairs) -> Pairs {
    let mut seen = BTreeSet::new();
    let mut lasts: Pairs = pairs.iter().rev().copied().filter(|&(_, dst)| seen.insert(dst)).collect();
    lasts.reverse();
    lasts
}

/// The addresses of each set of those that are equal where all pairs are, the first operand's apart from the second's.
fn groups(pairs: &Pairs) -> BTreeSet<BTreeSet<(u8, usize)>> {
    let mut of: BTreeMap<(u8, usize), usize> = BTreeMap::new();
    let mut groups: Vec<BTreeSet<(u8, usize)>> = vec![];
    for &(src, dst) in pairs {
        let [a, b] = [(0, src), (1, dst)].map(|end| {
            *of.entry(end).or_insert_with(|| {
                groups.push(BTreeSet::from([end]));
                groups.len() - 1
            })
        });
        if a != b {
            let moved = core::mem::take(&mut groups[b]);
            moved.iter().for_each(|&end| {
                of.insert(end, a);
            });
            groups[a].extend(moved);
        }
    }
    groups.into_iter().filter(|group| !group.is_empty()).collect()
}

/// All pairs of a part, in C order, each as often as it counts.
fn pairs_of(part: Part<'_>, pairs: &mut Vec<((usize, usize), usize)>) -> ControlFlow<()> {
    let Part { pair, src, dst, times } = part;
    let items = pair.items();
    let Some(plan) = pair.in_index_order() else { return ControlFlow::Continue(()) };
    let before = pairs.len();
    // SAFETY: as the tests make it, there are pointers where the walk leads; nothing else is read.
    let flow = unsafe {
        kernels::visit(&plan, src, dst, |src, dst| {
            pairs.push(((src.addr(), dst.addr()), times));
            ControlFlow::Continue(())
        })
    };
    assert_eq!(pairs.len() - before, items);
    flow
}

const ALL: [Enough; 4] = [Enough::First, Enough::Last, Enough::Equal, Enough::Counted];

/// Checks that what was visited is enough.
fn check(enough: Enough, visited: &[((usize, usize), usize)], all: &Pairs, what: &dyn core::fmt::Debug) {
    let pairs: Pairs = visited.iter().map(|&(pair, _)| pair).collect();
    if enough != Enough::Counted {
        let known: BTreeSet<_> = all.iter().collect();
        assert!(pairs.iter().all(|pair| known.contains(pair)), "{enough:?} {what:?}");
    }
    match enough {
        Enough::First => assert_eq!(firsts(&pairs), firsts(all), "{what:?}"),
        Enough::Last => assert_eq!(lasts(&pairs), lasts(all), "{what:?}"),
        Enough::Equal => assert_eq!(groups(&pairs), groups(all), "{what:?}"),
        Enough::Counted => {
            let (mut counted, mut met) = (BTreeMap::<usize, usize>::new(), BTreeMap::<usize, usize>::new());
            visited.iter().for_each(|&((src, _), times)| *counted.entry(src).or_default() += times);
            all.iter().for_each(|&(src, _)| *met.entry(src).or_default() += 1);
            assert_eq!(counted, met, "{what:?}");
        }
    }
}

#[test]
fn what_is_reached_is_enough() -> Result<()> {
    let random = &mut Random(20);
    let mut fewer = 0;
    for _ in 0..if cfg!(miri) { 20 } else { 4000 } {
        let mut words = memory(random);
        let start = words.as_mut_ptr().wrapping_add(1000).cast::<u8>();
        let ndim = random.below(6).unsigned_abs();
        let long = random.one_in(4);
        let shape: Vec<isize> = (0..ndim).map(|_| 1 + random.below(if long && ndim < 4 { 9 } else { 4 })).collect();
        let pointers = |random: &mut Random| random.below(ndim.cast_signed() + 1).unsigned_abs();
        let few = pointers(random);
        let (a, b) = (View::new(random, ndim, few), pointers(random));
        let b = if random.one_in(4) { None } else { Some(View::new(random, ndim, b)) };
        let of_a = a.structure(&shape);
        // Another view, or the number of the tuple.
        let (dst, numbers) = (start.wrapping_offset(random.below(40) * WORD), (0..of_a.items()).collect());
        let (dst, to) = b.as_ref().map_or((null_mut(), numbers), |b| (dst, b.addresses(&shape, dst)));
        let all: Pairs = a.addresses(&shape, start).into_iter().zip(to).collect();
        for enough in ALL {
            let room = &mut [Axis::NONE; MAX_NDIM];
            let pair = match &b {
                Some(b) => Pair::of_views(room, &of_a, &b.structure(&shape)),
                None => Pair::to_array(room, &of_a, 1, Order::C),
            };
            let mut pair = pair.ok_or(NO_ROOM)?;
            let times = pair.leave(enough);
            let (mut visited, alone) = (vec![], pair.direct().is_empty());
            let whole = Part { pair, src: start, dst, times };
            // SAFETY: wherever the walk leads, within a few hundred words of the middle, there are pointers.
            unsafe { by_addresses(whole, 0, enough, &mut |part| pairs_of(part, &mut visited)) }?;
            check(enough, &visited, &all, &(&shape, &a, &b));
            fewer += usize::from(alone && visited.len() < all.len() / 2);
        }
    }
    assert!(cfg!(miri) || fewer > 100, "{fewer}");
    Ok(())
}

/// How many pairs are run of a walk over two views that start at these words.
fn sizes(enough: Enough, shape: &[isize], views: [(&View, *mut u8); 2]) -> Result<(usize, usize)> {
    let room = &mut [Axis::NONE; MAX_NDIM];
    let [(a, src), (b, dst)] = views;
    let pair = Pair::of_views(room, &a.structure(shape), &b.structure(shape)).ok_or(NO_ROOM)?;
    let (mut parts, mut items) = (0, 0);
    let mut count = |part: Part<'_>| {
        parts += 1;
        items += part.pair.items();
        ControlFlow::Continue(())
    };
    // SAFETY: there are pointers where the tests say so; no item is read.
    unsafe { in_parts(pair, enough, (src, dst), &mut count) }?;
    Ok((parts, items))
}

/// The pairs that are run first, as they are, since what is looked for is often among them: of these shapes, all that may be.
fn ahead(enough: Enough) -> usize {
    if matches!(enough, Enough::First | Enough::Equal) { FEW_BEHIND_POINTERS } else { 0 }
}

#[test]
fn tables_that_lead_to_one_table_are_walked_once() -> Result<()> {
    // Each word leads to the first one: 4096 tables of 4096 pointers, and again.
    let mut words = vec![null_mut::<u8>(); 4096];
    let start = words.as_mut_ptr().cast::<u8>();
    words.fill(start);
    let view = View { strides: vec![WORD; 4], suboffsets: vec![0; 4] };
    for enough in ALL {
        let (parts, items) = sizes(enough, &[4096; 4], [(&view, start); 2])?;
        assert_eq!((parts, items - ahead(enough)), (parts, 1), "{enough:?}");
        // All rows behind them are one.
        let rows = View { strides: vec![WORD, WORD, WORD, 1], suboffsets: vec![0, 0, 0, -1] };
        let (parts, items) = sizes(enough, &[4096; 4], [(&rows, start); 2])?;
        assert_eq!((parts, items - ahead(enough)), (parts, 4096), "{enough:?}");
        // So are all windows, which are taken apart only where they are larger than memory: these are half as large.
        let windows = View { strides: vec![WORD, WORD, WORD, 32, 1], suboffsets: vec![0, 0, 0, -1, -1] };
        let (parts, items) = sizes(enough, &[4096, 4096, 4096, 128, 64], [(&windows, start); 2])?;
        assert_eq!((parts, items - ahead(enough)), (parts, 8192), "{enough:?}");
    }
    Ok(())
}

#[test]
fn windows_of_tables_are_as_large_as_the_tables() -> Result<()> {
    let mut words = vec![null_mut::<u8>(); 4096];
    let start = words.as_mut_ptr().cast::<u8>();
    // Each word leads to the next one.
    for (at, word) in words.iter_mut().enumerate() {
        *word = start.wrapping_add((at + 1) % 4096 * size_of::<usize>());
    }
    let suboffsets = |more: usize| [vec![-1; 39], vec![0], vec![-1; more]].concat();
    // 5 * 255 steps of a word.
    let strides = |more: &[isize]| (0..40).map(|axis| WORD << (axis % 8)).chain(more.iter().copied()).collect();
    let windows = View { strides: strides(&[]), suboffsets: suboffsets(0) };
    for enough in ALL {
        let (parts, items) = sizes(enough, &[2; 40], [(&windows, start); 2])?;
        assert_eq!(items - ahead(enough), 1276, "{enough:?}");
        // Where any order will do, in one line.
        assert!(enough != Enough::Equal || parts == 2, "{parts}");
        // Rows that overlap behind them: each starts a word later than the one before.
        let shape = [vec![2; 40], vec![100_000]].concat();
        let rows = View { strides: strides(&[1]), suboffsets: suboffsets(1) };
        let (_, items) = sizes(enough, &shape, [(&rows, start); 2])?;
        assert_eq!(items - ahead(enough), 100_000 + 1275 * WORD.unsigned_abs(), "{enough:?}");
        // And windows of each row.
        let shape = [vec![2; 40], vec![1000; 2]].concat();
        let rows = View { strides: strides(&[1, 1]), suboffsets: suboffsets(2) };
        let (_, items) = sizes(enough, &shape, [(&rows, start); 2])?;
        assert!((12_199..1276 * 3000).contains(&items), "{enough:?} {items}");
    }
    Ok(())
}

/// Axes that no two of fold have as many pairs as there are places; comparisons, as the places of both that have a pair, but for one in
/// each tree.
#[test]
fn axes_of_any_strides_have_no_more_pairs_than_places() -> Result<()> {
    let (upwards, downwards): (Vec<isize>, Vec<isize>) = (1..=62).map(|stride| (stride, 31 - stride)).unzip();
    let reversed: Vec<isize> = upwards.iter().rev().copied().collect();
    let (still, ones) = (vec![0; 62], vec![1; 62]);
    let bytes = |strides: &[isize]| 1 + strides.iter().map(|stride| stride.unsigned_abs()).sum::<usize>();
    let sizes = |enough, strides: [&Vec<isize>; 2]| {
        let views = strides.map(|strides| View { strides: strides.clone(), suboffsets: vec![-1; 62] });
        let memory = without_provenance_mut(1 << 20);
        sizes(enough, &[2; 62], [(&views[0], memory), (&views[1], memory)])
    };
    for enough in [Enough::First, Enough::Last, Enough::Counted] {
        for strides in [&upwards, &downwards, &reversed, &ones] {
            let (parts, items) = sizes(enough, [strides, strides])?;
            assert!(parts <= items && items == bytes(strides), "{enough:?} {strides:?}: {parts} parts, {items} pairs");
        }
    }
    for (a, b, most_parts) in [
        (&upwards, &upwards, 1),
        (&downwards, &downwards, 1),
        (&upwards, &still, 1),
        (&ones, &downwards, usize::MAX),
        (&upwards, &downwards, usize::MAX),
        (&upwards, &reversed, usize::MAX),
    ] {
        let (parts, items) = sizes(Enough::Equal, [a, b])?;
        let places = if a == b { bytes(a) + 1 } else { bytes(a) + bytes(b) };
        assert!(
            parts <= most_parts.min(items) && items < places,
            "{a:?} {b:?}: {parts} parts, {items} pairs of {places} places"
        );
    }
    Ok(())
}

#[test]
fn pairs_that_are_counted_stand_for_all_along_axes_that_do_not_move() -> Result<()> {
    let still = View { strides: vec![0, 1, 0], suboffsets: vec![-1; 3] };
    let shape = [1 << 30, 9, 1 << 20];
    let room = &mut [Axis::NONE; MAX_NDIM];
    let pair = Pair::of_views(room, &still.structure(&shape), &still.structure(&shape)).ok_or(NO_ROOM)?;
    let (mut items, mut times) = (0, 0);
    let mut count = |part: Part<'_>| {
        items += part.pair.items();
        times += part.times * part.pair.items();
        ControlFlow::Continue(())
    };
    // SAFETY: there are no pointers, and no item is read.
    unsafe { in_parts(pair, Enough::Counted, (without_provenance_mut(8), without_provenance_mut(8)), &mut count) }?;
    assert_eq!((items, times), (9, 9 << 50));
    Ok(())
}

/// Memory that is as large as its items is walked as it is, however its rows lie.
#[test]
fn rows_in_any_order_are_one_part() -> Result<()> {
    let random = &mut Random(14);
    let rows = vec![0_u8; 300 << 9];
    for order in 0..4 {
        let mut places: Vec<isize> = (0..300).map(|row| row << 9).collect();
        match order {
            0 => {}
            1 => places.reverse(),
            _ => random.shuffle(&mut places),
        }
        // Of columns, which have all their items between those of others.
        let columns = order == 3;
        let mut table: Vec<*const u8> = places
            .iter()
            .map(|&place| rows.as_ptr().wrapping_offset(if columns { place >> 9 } else { place }))
            .collect();
        let start = table.as_mut_ptr().cast::<u8>();
        let view = View { strides: vec![WORD, if columns { 300 } else { 1 }], suboffsets: vec![0, -1] };
        for enough in ALL {
            let (parts, items) = sizes(enough, &[300, 512], [(&view, start); 2])?;
            let again = if columns { ahead(enough) } else { 0 };
            assert!(
                parts <= 3 && (300 * 512..=300 * 512 + again).contains(&items),
                "{order} {enough:?}: {parts} parts, {items} pairs"
            );
        }
    }
    Ok(())
}

/// Each row starts a byte later than another one.
#[test]
fn rows_that_overlap_are_walked_once_in_any_order() -> Result<()> {
    let mut places: Vec<isize> = (0..1000).collect();
    Random(15).shuffle(&mut places);
    let memory = without_provenance_mut::<u8>(1 << 20);
    let mut table: Vec<*mut u8> = places.iter().map(|&place| memory.wrapping_offset(place)).collect();
    let start = table.as_mut_ptr().cast::<u8>();
    let view = View { strides: vec![WORD, 1], suboffsets: vec![0, -1] };
    for enough in ALL {
        let (_, items) = sizes(enough, &[1000, 100_000], [(&view, start); 2])?;
        assert_eq!(items - ahead(enough), 100_999, "{enough:?}");
    }
    Ok(())
}

#[test]
fn what_is_apart_is_so_behind_tables_of_tables() -> Result<()> {
    // All pointers of a table, which windows reach, lead to the next one, and those to the items: far too many tuples to walk them one by
    // one.
    let mut tables = [const { [null_mut::<u8>(); 300] }; 4];
    let starts = tables.each_mut().map(|table| table.as_mut_ptr().cast::<u8>());
    let [of_src, next, of_dst, other] = starts;
    let windows = [51, 51, 51, 51, 51, 50];
    let view =
        View { strides: [vec![WORD; 6], vec![WORD, 1]].concat(), suboffsets: [vec![-1; 5], vec![0, 3, -1]].concat() };
    let shape = [&windows[..], &[300, 1000]].concat();
    let mut apart = |src: usize, dst: usize| {
        let [a, b, c, d] = &mut tables;
        a.fill(next);
        b.fill(without_provenance_mut(src - 3));
        c.fill(other);
        d.fill(without_provenance_mut(dst - 3));
        let room = &mut [Axis::NONE; MAX_NDIM];
        let pair = Pair::of_views(room, &view.structure(&shape), &view.structure(&shape)).ok_or(NO_ROOM)?;
        // SAFETY: there are pointers in the tables, within the shape.
        unsafe { are_apart(&pair, of_src, of_dst) }
    };
    for (dst, expected) in [(5000, false), (5999, false), (6000, true), (4001, false), (4000, true)] {
        assert_eq!(apart(5000, dst)?, expected, "{dst}");
    }
    // Not apart from the first operand's pointers either, of any table; the second operand's own do not matter.
    for table in [of_src, next] {
        let end = table.addr() + 300 * size_of::<usize>();
        for (dst, expected) in [(table.addr() - 999, false), (end - 1, false), (table.addr(), false)] {
            assert_eq!(apart(5000, dst)?, expected, "{dst}");
        }
    }
    let end = starts.iter().map(|start| start.addr()).max().unwrap_or(0) + 300 * size_of::<usize>();
    assert!(apart(5000, end)?);
    assert!(!apart(usize::MAX - 500, 5000)?);
    Ok(())
}
