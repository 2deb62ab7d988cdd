//! Which lines and planes are found in a plan: what `Plan::lines` and `Plan::take_sides` choose, at each of their limits. Another
//! choice gives the same bytes, only later.

use pybuffer::layout::{Axis, Lines, Offset, Order, Pair, Plan, Purpose, Side, Sides, Structure};

use crate::support::symbolic::room;

/// An axis: its items, and the strides of the two operands.
type Sizes = (isize, isize, isize);

fn sizes(axis: &Axis) -> Sizes {
    (axis.len, axis.src.stride, axis.dst.stride)
}

/// The plan that has these axes, which are in its order and do not merge.
fn plan(itemsize: isize, axes: &[Sizes]) -> Plan<'static> {
    let shape: Vec<_> = axes.iter().map(|axis| axis.0).collect();
    let strides = [axes.iter().map(|axis| axis.1).collect::<Vec<_>>(), axes.iter().map(|axis| axis.2).collect()];
    let [src, dst] = strides.each_ref().map(|strides| Structure {
        ndim: shape.len(),
        len: isize::MAX,
        itemsize,
        shape: Some(&shape),
        strides: Some(strides),
        suboffsets: None,
    });
    let pair = Pair::of_views(room(shape.len()), &src, &dst).expect("the shapes are the same");
    let plan = pair.plan(Purpose::Once, Order::C).expect("there are items");
    assert_eq!(plan.direct().iter().map(sizes).collect::<Vec<_>>(), axes, "the axes are in the order of a plan");
    plan
}

/// The line and the period, if any, and the positions of both.
fn lines(axes: &[Sizes], most: isize) -> Option<(Sizes, Sizes, u64)> {
    let Lines { line, period, taken } = plan(1, axes).lines(most)?;
    Some((sizes(&line), sizes(&period), taken))
}

const NONE: Sizes = (1, 0, 0);

#[test]
fn a_line_has_a_period_where_one_side_is_short() {
    // One axis, whatever the strides.
    assert_eq!(lines(&[(50, 3, 1)], 16), Some(((50, 3, 1), NONE, 1)));
    // The last one is short, and becomes the period of the one before it.
    let short = [(9, 100, 900), (50, 1, 16), (16, 300, 1)];
    assert_eq!(lines(&short, 16), Some(((50, 1, 16), (16, 300, 1), 0b110)));
    // One more, and neither side is; the axis along which the source moves least is another.
    assert_eq!(lines(&short, 15), None);
    // Or that one is short, wherever it is.
    let near = [(9, 100, 900), (16, 1, 50), (50, 300, 1)];
    assert_eq!(lines(&near, 16), Some(((50, 300, 1), (16, 1, 50), 0b110)));
    assert_eq!(lines(&near, 15), None);
    let far = [(16, 1, 900), (18, 100, 50), (50, 300, 1)];
    assert_eq!(lines(&far, 16), Some(((50, 300, 1), (16, 1, 900), 0b101)));
    assert_eq!(lines(&far, 15), None);
    // The operands agree about the fastest axis: there is one line, even where another axis is short.
    let agreed = [(3, 200, 100), (50, 2, 1)];
    assert_eq!(lines(&agreed, 16), Some(((50, 2, 1), NONE, 0b10)));
    assert_eq!(lines(&agreed, 2), Some(((50, 2, 1), NONE, 0b10)));
    // Axes along which the source does not move do not count, unless none moves; of two that are the same, the inner one does.
    assert_eq!(lines(&[(3, 0, 100), (50, 2, 1)], 16), Some(((50, 2, 1), NONE, 0b10)));
    assert_eq!(lines(&[(3, 2, 100), (50, 2, 1)], 16), Some(((50, 2, 1), NONE, 0b10)));
    assert_eq!(lines(&[(3, -2, 100), (50, 2, 1)], 16), Some(((50, 2, 1), NONE, 0b10)));
    assert_eq!(lines(&[(3, 1, 100), (50, 0, 1)], 16), Some(((50, 0, 1), (3, 1, 100), 0b11)));
    assert_eq!(lines(&[(50, 0, 1)], 16), Some(((50, 0, 1), NONE, 1)));
    assert_eq!(lines(&[], 16), None);
}

#[test]
fn a_plane_has_lines_of_both_operands() {
    let axes = |axes: &[Sizes], itemsize| plan(itemsize, axes).plane_axes();
    assert_eq!(axes(&[(9, 4, 80), (20, 36, 4)], 4), Some((0, 1)));
    assert_eq!(axes(&[(9, 4, 800), (10, 180, 80), (20, 36, 4)], 4), Some((0, 2)));
    assert_eq!(axes(&[(10, 180, 800), (9, -4, 80), (20, 36, 4)], 4), Some((1, 2)));
    // No line of the source, or of what is written, or the same.
    assert_eq!(axes(&[(9, 8, 80), (20, 72, 4)], 4), None);
    assert_eq!(axes(&[(9, 4, 160), (20, 36, 8)], 4), None);
    assert_eq!(axes(&[(9, 100, 80), (20, 4, 4)], 4), None);
    assert_eq!(axes(&[(20, 4, 4)], 4), None);
    assert_eq!(axes(&[], 4), None);
    // Tables tell half of an address.
    let most = isize::try_from(Offset::MAX).expect("it fits");
    assert_eq!(axes(&[(9, 1, 80), (20, most, 1)], 1), Some((0, 1)));
    assert_eq!(axes(&[(9, 1, 80), (20, most + 1, 1)], 1), None);
    assert_eq!(axes(&[(9, 1, most), (20, 36, 1)], 1), Some((0, 1)));
    assert_eq!(axes(&[(9, 1, most + 1), (20, 36, 1)], 1), None);
}

/// A side: how many items the table holds, how many more there are after them, and the table.
type Seen = (usize, usize, Vec<Offset>);

fn seen(side: &Side<'_>) -> Seen {
    let (offsets, beyond) = side.offsets();
    (side.width(), beyond, offsets.to_vec())
}

/// The sides of a plane of items of one byte, rows first, and the axes that are left.
fn sides(axes: &[Sizes], line: usize, most: usize, room: [usize; 2]) -> Option<([Seen; 2], Vec<Sizes>)> {
    let mut plan = plan(1, axes);
    let [mut rows, mut columns] = room.map(|items| vec![-1; items]);
    let Sides { rows, columns } = plan.take_sides(line, most, [&mut rows, &mut columns])?;
    Some(([seen(&rows), seen(&columns)], plan.direct().iter().map(sizes).collect()))
}

/// The widths of the two sides, and the numbers of the positions after the rows.
fn widths(axes: &[Sizes], line: usize, most: usize, room: [usize; 2]) -> Option<(usize, usize, usize, usize)> {
    let ([rows, columns], left) = sides(axes, line, most, room)?;
    assert_eq!(rows.2.len(), rows.0 + rows.1);
    assert_eq!((columns.1, columns.2.len()), (0, columns.0));
    Some((rows.0, rows.1, columns.0, left.len()))
}

fn steps(count: usize, step: Offset) -> Vec<Offset> {
    (0..count).scan(0, |at, _| Some(core::mem::replace(at, *at + step))).collect()
}

#[test]
fn a_transpose_has_a_table_for_each_side() {
    // Five rows of seven: the rows go on with those of the next lines, as far as there is room.
    let axes = [(7, 1, 5), (5, 7, 1)];
    let next = [0, 7, 14, 21, 28, 1, 8, 15, 22, 29];
    let columns = (7, 0, steps(7, 5));
    assert_eq!(sides(&axes, 4, 5, [10, 8]), Some(([(5, 5, next.to_vec()), columns.clone()], vec![])));
    assert_eq!(sides(&axes, 4, 5, [8, 8]), Some(([(5, 3, next[..8].to_vec()), columns.clone()], vec![])));
    assert_eq!(sides(&axes, 4, 8, [12, 8]), Some(([(5, 5, next.to_vec()), columns.clone()], vec![])));
    // No room for more than the rows may be.
    assert_eq!(sides(&axes, 4, 8, [8, 8]), Some(([(5, 0, next[..5].to_vec()), columns.clone()], vec![])));
    // There are more rows than the table holds, so the next line does not follow.
    assert_eq!(sides(&axes, 4, 4, [8, 8]), Some(([(4, 0, next[..4].to_vec()), columns.clone()], vec![])));
    // Lines that are not adjacent.
    assert_eq!(sides(&[(7, 1, 6), (5, 7, 1)], 4, 5, [10, 8]).map(|(sides, _)| sides[0].1), Some(0));
    // Tables for one item are none.
    assert_eq!(sides(&axes, 4, 1, [10, 8]), None);
    assert_eq!(sides(&axes, 4, 5, [10, 1]), None);
    assert!(sides(&axes, 4, 2, [10, 2]).is_some());
}

#[test]
fn what_follows_the_rows_is_as_near_as_offsets_tell() {
    let most = isize::try_from(Offset::MAX).expect("it fits");
    assert_eq!(widths(&[(7, 1, 2), (2, most - 1, 1)], 4, 2, [4, 8]), Some((2, 2, 7, 0)));
    assert_eq!(widths(&[(7, 1, 2), (2, most, 1)], 4, 2, [4, 8]), Some((2, 0, 7, 0)));
    // Nothing follows rows that are not all there, even where it is adjacent.
    assert_eq!(widths(&[(7, 1, 4), (9, 30, 1)], 4, 4, [8, 8]), Some((4, 0, 7, 0)));
    // As many steps as fit, and no axis after one that does not fit.
    assert_eq!(widths(&[(10, 1, most / 2), (4, 3, 5000), (3, 40, 1)], 4, 3, [3, 64]), Some((3, 0, 3, 1)));
    assert_eq!(widths(&[(7, 1, 9), (9, most / 2, 1)], 4, 9, [9, 8]), Some((3, 0, 7, 0)));
    assert_eq!(widths(&[(7, 1, 9), (9, most / 2 + 1, 1)], 4, 9, [9, 8]), Some((2, 0, 7, 0)));
    // What the axes before have taken is taken.
    let columns = |far| widths(&[(2, 1, 1 << 30), (4, 2, far), (3, 8, 1)], 16, 3, [3, 64]);
    assert_eq!(columns((1 << 30) - 1), Some((3, 0, 4, 0)));
    assert_eq!(columns((1 << 29) - 1), Some((3, 0, 6, 0)));
}

#[test]
fn sides_are_made_of_as_many_axes_as_a_cache_line_takes() {
    // Each side starts with one axis and has another that continues it.
    let axes = |columns: isize, rows: isize| {
        let further = (4, columns, 5000);
        let [inner, outer] = [(columns, 1, 700), (3, 40_000, rows)];
        [further, inner, outer, (rows, 300, 1)]
    };
    // Columns: four lines.
    assert_eq!(widths(&axes(11, 16), 16, 16, [16, 64]), Some((16, 0, 44, 1)));
    assert_eq!(widths(&axes(12, 16), 16, 16, [16, 64]), Some((16, 0, 48, 1)));
    assert_eq!(widths(&axes(63, 16), 16, 16, [16, 255]), Some((16, 0, 252, 1)));
    assert_eq!(widths(&axes(64, 16), 16, 16, [16, 255]), Some((16, 0, 64, 2)));
    assert_eq!(widths(&axes(65, 16), 16, 16, [16, 255]), Some((16, 0, 65, 2)));
    // Rows: as many as there may be.
    assert_eq!(widths(&axes(64, 16), 16, 48, [48, 64]), Some((48, 0, 64, 1)));
    assert_eq!(widths(&axes(64, 16), 16, 17, [48, 64]), Some((16, 0, 64, 1)));
    assert_eq!(widths(&axes(64, 5), 16, 12, [48, 64]), Some((10, 0, 64, 1)));
    assert_eq!(widths(&axes(64, 20), 16, 17, [48, 64]), Some((17, 0, 64, 2)));
}

/// The items of each part of the columns, and its start in both operands.
fn parts(axes: &[Sizes], room: usize, shift: usize) -> Vec<(usize, isize, isize)> {
    let mut plan = plan(1, axes);
    let (mut rows, mut columns) = ([0; 8], vec![0; room]);
    let sides = plan.take_sides(4, 8, [&mut rows, &mut columns]).expect("there is a plane");
    let parts = sides.columns.parts(shift).map(|part| (part.offsets.len(), part.src, part.dst));
    parts.collect()
}

#[test]
fn the_first_part_of_a_side_is_shorter_by_the_shift() {
    let line = [(19, 1, 5), (5, 30, 1)];
    assert_eq!(parts(&line, 8, 0), [(8, 0, 0), (8, 8, 40), (3, 16, 80)]);
    assert_eq!(parts(&line, 8, 3), [(5, 0, 0), (8, 5, 25), (6, 13, 65)]);
    assert_eq!(parts(&line, 8, 7), [(1, 0, 0), (8, 1, 5), (8, 9, 45), (2, 17, 85)]);
    // A shift of a whole part or more is none.
    assert_eq!(parts(&line, 8, 8), parts(&line, 8, 0));
    assert_eq!(parts(&line, 8, 9), parts(&line, 8, 0));
    assert_eq!(parts(&line, 19, 4), [(15, 0, 0), (4, 15, 75)]);
    // Nor has a side of several axes one, whose parts are steps along the last one.
    let axes = [(6, 4, 500), (4, 1, 50), (5, 300, 1)];
    assert_eq!(parts(&axes, 8, 0), [(8, 0, 0), (8, 8, 1000), (8, 16, 2000)]);
    assert_eq!(parts(&axes, 8, 1), parts(&axes, 8, 0));
    // Backwards.
    assert_eq!(parts(&[(5, -1, 5), (5, 30, 1)], 4, 0), [(4, -4, 20), (1, 0, 0)]);
}
