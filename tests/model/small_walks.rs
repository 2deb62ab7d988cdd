//! Which walks are run without a plan, and in which units: `SmallPlane` and `Small` against what their comments say, in wide
//! arithmetic. Every other way to the same bytes is slower, so no copy shows which way was taken.

use pybuffer::layout::{FEW, Order, SMALL, SMALL_TRANSPOSE, Small, SmallAxis, SmallPlane, Structure};

const ORDERS: [Order; 3] = [Order::C, Order::Fortran, Order::Any];

/// A view whose `len` is what its shape says, where that can be said, or else 0.
fn view<'a>(itemsize: isize, shape: &'a [isize], strides: &'a [isize]) -> Structure<'a> {
    let bytes = shape.iter().try_fold(itemsize, |bytes, &len| bytes.checked_mul(len)).unwrap_or(0);
    Structure { ndim: shape.len(), len: bytes, itemsize, shape: Some(shape), strides: Some(strides), suboffsets: None }
}

/// The number of bytes of a walk that is small: some, and fewer than `most`, with no number above [`SMALL`].
fn small_bytes(view: &Structure<'_>, most: usize) -> Option<i128> {
    let sizes = view.shape?.iter().copied().chain([view.itemsize]);
    let bytes = sizes
        .map(|size| size as i128)
        .try_fold(1_i128, |bytes, size| bytes.checked_mul(size).filter(|_| 0 < size && size <= SMALL as i128))?;
    (bytes < most as i128 && bytes == view.len as i128 && view.suboffsets.is_none()).then_some(bytes)
}

/// The axes from the slowest to the fastest, without those of one item.
fn axes(view: &Structure<'_>, order: Order) -> Vec<(isize, isize)> {
    let pairs = view.shape.expect("a shape").iter().zip(view.strides.expect("strides"));
    let mut axes: Vec<_> = pairs.map(|(&len, &stride)| (len, stride)).filter(|axis| axis.0 != 1).collect();
    if order == Order::Fortran {
        axes.reverse();
    }
    axes
}

/// The bytes of the items that lie together at each place, and how many of the fastest axes that takes.
fn block(view: &Structure<'_>, order: Order) -> (isize, usize) {
    let (mut bytes, mut count) = (view.itemsize, 0);
    for (len, stride) in axes(view, order).into_iter().rev() {
        if stride != bytes {
            break;
        }
        bytes = bytes.wrapping_mul(len);
        count += 1;
    }
    (bytes, count)
}

/// Views of few axes around each limit: none, one, or as many items as are still small, or more; contiguous in either order,
/// with gaps along either axis, backwards, repeated.
fn each_view(mut check: impl FnMut(&Structure<'_>)) {
    let sizes = [-1_isize, 0, 1, 2, 3, 31, 32, 33, 341, 342, 511, 512, 1023, 1024, 1025, 1 << 32, isize::MAX];
    for itemsize in sizes {
        check(&view(itemsize, &[], &[]));
        for len in sizes {
            for stride in [itemsize, itemsize.wrapping_add(1), itemsize.wrapping_neg(), 0] {
                check(&view(itemsize, &[len], &[stride]));
            }
        }
    }
    for itemsize in [0_isize, 1, 2, 5, 1023, 1024] {
        for (rows, columns) in sizes.iter().flat_map(|&rows| sizes.map(|columns| (rows, columns))) {
            let (row, column) = (itemsize.wrapping_mul(columns), itemsize.wrapping_mul(rows));
            for strides in [
                [row, itemsize],
                [row.wrapping_add(7), itemsize],
                [row, itemsize + 1],
                [itemsize, column],
                [itemsize, column.wrapping_add(7)],
                [itemsize + 1, column],
                [row.wrapping_neg(), itemsize],
                [itemsize, itemsize],
                [0, itemsize],
                [0, 0],
            ] {
                check(&view(itemsize, &[rows, columns], &strides));
            }
        }
    }
}

#[test]
fn a_small_plane_is_two_axes_of_few_bytes() {
    let mut planes = 0;
    each_view(|view| {
        for order in ORDERS {
            let plane = SmallPlane::to_contiguous(view, order);
            planes += i32::from(is_right(plane, view, order, SMALL));
            let back = SmallPlane::from_contiguous(view, order);
            assert_eq!(back.map(same), plane.map(turned), "{view:?} {order:?}");
        }
    });
    assert!(planes > 500, "{planes}");
}

#[test]
fn a_transpose_may_have_more_bytes() {
    let mut planes = 0;
    each_view(|view| {
        for order in ORDERS {
            let Some(plane) = SmallPlane::transpose(view, order) else {
                let missed = small_bytes(view, SMALL_TRANSPOSE).is_some() && left(view, order).len() == 2;
                assert!(!missed || order == Order::Any, "{view:?} {order:?}");
                continue;
            };
            assert!(plane.rows.len > 1 && plane.line.len > 1, "{view:?} {order:?}");
            planes += i32::from(is_right(Some(plane), view, order, SMALL_TRANSPOSE));
            assert_eq!(same(plane.turned()), turned(plane));
        }
    });
    assert!(planes > 200, "{planes}");
}

/// From the slowest to the fastest, the axes of a walk in units of what lies together.
fn left(view: &Structure<'_>, order: Order) -> Vec<(isize, isize)> {
    let (mut axes, (_, merged)) = (axes(view, order), block(view, order));
    axes.truncate(axes.len() - merged);
    axes
}

/// Whether there is a plane; it must be what the walk of fewer than `most` bytes is.
fn is_right(plane: Option<SmallPlane>, view: &Structure<'_>, order: Order, most: usize) -> bool {
    let of_c = left(view, order).is_empty();
    let expected = small_bytes(view, most).filter(|_| order != Order::Any || of_c);
    assert_eq!(plane.is_some(), expected.is_some(), "{view:?} {order:?}");
    let (Some(plane), Some(bytes)) = (plane, expected) else { return false };
    let (unit, _) = block(view, order);
    // A line is there first, rows only beside a line.
    let ours: Vec<_> = [plane.rows, plane.line].iter().map(|axis| (axis.len, axis.src)).collect();
    let expected = match left(view, order)[..] {
        [] => [(1, 0), (1, 0)],
        [line] => [(1, plane.rows.src), line],
        [rows, line] => [rows, line],
        _ => panic!("{view:?}"),
    };
    assert_eq!(ours, expected, "{view:?} {order:?}");
    assert_eq!(plane.unit.cast_signed(), unit, "{view:?} {order:?}");
    let written = [plane.line, plane.rows].iter().fold(unit, |size, axis| {
        assert!(axis.len == 1 || axis.dst == size, "{view:?} {order:?}");
        size * axis.len
    });
    assert_eq!(written as i128, bytes);
    true
}

type Numbers = ([(isize, isize, isize); 2], usize);

fn same(plane: SmallPlane) -> Numbers {
    ([plane.rows, plane.line].map(|axis: SmallAxis| (axis.len, axis.src, axis.dst)), plane.unit)
}

fn turned(plane: SmallPlane) -> Numbers {
    ([plane.rows, plane.line].map(|axis: SmallAxis| (axis.len, axis.dst, axis.src)), plane.unit)
}

#[test]
fn pointers_and_more_axes_are_no_small_plane() {
    let pointers = Structure { suboffsets: Some(&[0]), ..view(1, &[4], &[8]) };
    let cube = view(1, &[2, 2, 2], &[4, 2, 1]);
    let bare = Structure { strides: None, ..view(1, &[4], &[1]) };
    let shapeless = Structure { shape: None, ..view(1, &[4], &[1]) };
    let short = Structure { len: 3, ..view(1, &[4], &[1]) };
    for order in ORDERS {
        for view in [&pointers, &cube, &bare, &shapeless, &short] {
            assert!(SmallPlane::to_contiguous(view, order).is_none(), "{view:?}");
            assert!(SmallPlane::from_contiguous(view, order).is_none(), "{view:?}");
            assert!(SmallPlane::transpose(view, order).is_none(), "{view:?}");
        }
        for view in [&pointers, &bare, &shapeless, &short] {
            assert!(Small::to_contiguous(view, order, &mut [0; FEW]).is_none(), "{view:?}");
        }
        assert!(Small::to_contiguous(&cube, order, &mut [0; FEW]).is_some());
    }
}

/// The number of axes without the fastest ones of C order that lie together, those of one item among them.
fn kept(view: &Structure<'_>) -> usize {
    let (shape, strides) = (view.shape.expect("a shape"), view.strides.expect("strides"));
    let mut bytes = view.itemsize;
    let apart = (0..shape.len()).rev().find(|&axis| {
        let ends = shape[axis] != 1 && strides[axis] != bytes;
        bytes *= shape[axis];
        ends
    });
    apart.map_or(0, |axis| axis + 1)
}

/// Compares with the walk that has all axes but those that lie together.
fn check_small(view: &Structure<'_>) -> bool {
    let mut found = false;
    let shape = view.shape.expect("a shape");
    for order in ORDERS {
        let (mut room, mut other) = ([0; FEW], [0; FEW]);
        let small = Small::to_contiguous(view, order, &mut room);
        let (unit, merged) = block(view, order);
        let whole = axes(view, order).len() == merged;
        let expected = small_bytes(view, SMALL).filter(|_| shape.len() <= FEW && (order != Order::Any || whole));
        assert_eq!(small.is_some(), expected.is_some(), "{view:?} {order:?}");
        let back = Small::from_contiguous(view, order, &mut other);
        let Some(small) = small else {
            assert!(back.is_none());
            continue;
        };
        found = true;
        // In Fortran order what lies together is only made one unit where that is all.
        let unit = if order == Order::Fortran && !whole { view.itemsize } else { unit };
        assert_eq!(small.unit.cast_signed(), unit, "{view:?} {order:?}");
        let items: isize = small.shape.iter().product();
        assert_eq!(Some((items * unit) as i128), expected, "{view:?} {order:?}");
        assert_eq!(small.shape, &shape[..small.shape.len()]);
        assert_eq!(small.src, &view.strides.expect("strides")[..small.shape.len()]);
        let mut size = view.itemsize;
        let mut packed = vec![0; shape.len()];
        let mut axes: Vec<usize> = (0..shape.len()).rev().collect();
        if order == Order::Fortran {
            axes.reverse();
        }
        for axis in axes {
            packed[axis] = size;
            size *= shape[axis];
        }
        assert_eq!(small.dst, &packed[..small.shape.len()], "{view:?} {order:?}");
        assert_eq!(
            small.shape.len(),
            if order == Order::Fortran { shape.len() * usize::from(!whole) } else { kept(view) }
        );
        let matters = order == Order::Fortran && small.shape.len() > 1;
        assert_eq!(back.is_none(), matters, "{view:?} {order:?}");
        if let Some(back) = back {
            assert_eq!((back.shape, back.src, back.dst, back.unit), (small.shape, small.dst, small.src, small.unit));
        }
    }
    found
}

#[test]
fn a_small_walk_has_few_axes_and_few_bytes() {
    each_view(|view| _ = check_small(view));
    // Numbers whose product is small only where it wraps.
    let inverse = 7_905_747_460_161_236_407;
    for shape in [[7, inverse], [inverse, 7]] {
        let wrapped = Structure { len: 1, ..view(1, &shape, &[1, 7]) };
        assert!(ORDERS.iter().all(|&order| Small::to_contiguous(&wrapped, order, &mut [0; FEW]).is_none()));
    }
    let empty = Structure { len: 0, ..view(1, &[1 << 32; 2], &[1, 1]) };
    assert!(ORDERS.iter().all(|&order| Small::to_contiguous(&empty, order, &mut [0; FEW]).is_none()));
    assert!(check_small(&view(1, &[2; 8], &[128, 64, 32, 16, 8, 4, 2, 1])));
    assert!(check_small(&view(1, &[2; 8], &[1, 2, 4, 8, 16, 32, 64, 128])));
    assert!(check_small(&view(2, &[2, 3, 5], &[100, 10, 2])));
    assert!(check_small(&view(2, &[2, 3, 5], &[2, 4, 13])));
    assert!(check_small(&view(2, &[5, 1, 1], &[2, 77, -3])));
    assert!(!check_small(&view(1, &[1; 9], &[1; 9])));
}

/// Two views of the same items: the walk over them has all axes but the inner ones that are blocks in both.
#[test]
fn a_small_walk_between_views_takes_blocks_as_units() {
    let walk = |src: &Structure<'_>, dst: &Structure<'_>| {
        Small::of_views(src, dst).map(|walk| (walk.shape.to_vec(), walk.src.to_vec(), walk.dst.to_vec(), walk.unit))
    };
    let plain = |strides: &'static [isize]| view(2, &[3, 4], strides);
    assert_eq!(walk(&plain(&[8, 2]), &plain(&[8, 2])), Some((vec![], vec![], vec![], 24)));
    assert_eq!(walk(&plain(&[8, 2]), &plain(&[9, 2])), Some((vec![3], vec![8], vec![9], 8)));
    assert_eq!(walk(&plain(&[8, 2]), &plain(&[8, 3])), Some((vec![3, 4], vec![8, 2], vec![8, 3], 2)));
    assert_eq!(walk(&plain(&[8, 3]), &plain(&[8, 2])), Some((vec![3, 4], vec![8, 3], vec![8, 2], 2)));
    assert_eq!(walk(&plain(&[8, 3]), &plain(&[8, 3])), Some((vec![3, 4], vec![8, 3], vec![8, 3], 2)));
    let single = |strides: &'static [isize]| view(2, &[3, 1], strides);
    assert_eq!(walk(&single(&[2, 5]), &single(&[2, 7])), Some((vec![], vec![], vec![], 6)));
    assert_eq!(walk(&single(&[3, 5]), &single(&[2, 7])), Some((vec![3], vec![3], vec![2], 2)));

    for (itemsize, len, expected) in
        [(1, 1023, true), (1, 1024, false), (1, 1025, false), (4, 255, true), (4, 256, false)]
    {
        let (shape, one, two) = ([len], [itemsize], [2 * itemsize]);
        let (a, b) = (view(itemsize, &shape, &one), view(itemsize, &shape, &two));
        assert_eq!([walk(&a, &b), walk(&b, &a)].map(|walk| walk.is_some()), [expected; 2], "{len} items of {itemsize}");
    }
    let sides = [(2, [511, 512], true), (2, [512, 512], false), (1, [1 << 18, 1], false), (1, [1 << 17, 3], true)];
    for (itemsize, shape, expected) in sides {
        let (by_row, by_column) = ([itemsize, itemsize * shape[0]], [itemsize * shape[1], itemsize]);
        let (a, b) = (view(itemsize, &shape, &by_row), view(itemsize, &shape, &by_column));
        let walk = Small::transpose_of_views(&a, &b);
        assert_eq!(walk.is_some(), expected, "{shape:?}");
        let Some(walk) = walk else { continue };
        let unit = itemsize.unsigned_abs();
        assert_eq!((walk.shape, walk.src, walk.dst, walk.unit), (&shape[..], &by_row[..], &by_column[..], unit));
    }
    // A view may have more bytes than items.
    let long = Structure { len: 1024, ..plain(&[8, 2]) };
    assert!(walk(&long, &plain(&[8, 2])).is_none() && walk(&plain(&[8, 2]), &long).is_none());
    let pointers = Structure { suboffsets: Some(&[0, -1]), ..plain(&[8, 2]) };
    assert!(walk(&pointers, &plain(&[8, 2])).is_none() && walk(&plain(&[8, 2]), &pointers).is_none());
    assert!(Small::transpose_of_views(&pointers, &plain(&[8, 2])).is_none());
    let (nothing, nobody) = (view(0, &[3], &[1]), view(2, &[3, 0], &[2, 2]));
    assert!(walk(&nothing, &nothing).is_none() && walk(&nobody, &nobody).is_none());
    let bare = Structure { strides: None, ..plain(&[8, 2]) };
    assert!(walk(&bare, &plain(&[8, 2])).is_none() && walk(&plain(&[8, 2]), &bare).is_none());

    // Bounds: the bytes from the first to the last, whichever way the axes run.
    let back = walk_bounds(&plain(&[-8, 2]), &plain(&[10, -3]));
    assert_eq!(back, Some([(-16, 8), (-9, 22)]));
    assert_eq!(walk_bounds(&plain(&[isize::MAX, 2]), &plain(&[8, 2])), None);
}

fn walk_bounds(src: &Structure<'_>, dst: &Structure<'_>) -> Option<[(isize, isize); 2]> {
    Small::of_views(src, dst).expect("it is small").bounds()
}
