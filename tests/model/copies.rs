//! The copies through the C functions, in real memory, compared with copying item after item.
//!
//! Each case builds an arena (see `tests/common/memory.rs`), works out byte by byte what it should hold afterwards, calls one
//! function, and compares all of it.

use std::ffi::{c_char, c_int};
use std::ptr::null_mut;

use proptest::prelude::*;
use pybuffer::abi::buffer::{Py_buffer, PyBUF_READ, PyBUF_WRITE};
use pybuffer::layout::Order;

use crate::common::capi::{
    PyBuffer_FromContiguous, PyBuffer_GetPointer, PyBuffer_IsContiguous, PyBuffer_ToContiguous, PyErr_Clear,
    PyErr_ExceptionMatches, PyExc_BufferError, PyMemoryView_GetContiguous, PyObject_CopyData, PyObject_RichCompareBool,
};
use crate::common::levels;
use crate::common::memory::{Arena, Builder, Placed, View, difference, shifts};
use crate::common::model::{Layout, config, indices, layout, orders, shapes};

/// `PyObject_RichCompareBool`'s operators.
const EQ: c_int = 2;
const NE: c_int = 3;

/// The character that names an order.
fn letter(order: Order) -> c_char {
    let letter = match order {
        Order::C => b'C',
        Order::Fortran => b'F',
        Order::Any => b'A',
    };
    letter as c_char
}

/// The order in which a copy has the items: for 'A' as they lie, where they are contiguous, else that of C.
fn as_copied(layout: &Layout, order: Order) -> Order {
    match order {
        Order::Any if layout.is_contiguous(Order::Fortran) && !layout.is_contiguous(Order::C) => Order::Fortran,
        Order::Any => Order::C,
        order => order,
    }
}

/// Takes the pending error, which must be a `BufferError`.
fn take_buffer_error() {
    // SAFETY: an error is pending, or the function says that there is none.
    unsafe {
        assert_eq!(PyErr_ExceptionMatches(PyExc_BufferError), 1);
        PyErr_Clear();
    }
}

fn itemsizes() -> impl Strategy<Value = isize> {
    prop_oneof![2 => prop::sample::select(vec![1isize, 2, 4, 8, 16]), 3 => 1..=40isize]
}

fn views() -> impl Strategy<Value = Layout> {
    (shapes(), itemsizes()).prop_flat_map(|(shape, itemsize)| layout(shape, itemsize))
}

/// Views of two shapes, or of one shape and two item sizes, that have items. Shapes with none are the same up to the
/// first axis of none, and there is nothing to copy or compare then.
fn other_views() -> impl Strategy<Value = [Layout; 2]> {
    let full = || shapes().prop_map(|shape| shape.iter().map(|&len| len.max(1)).collect::<Vec<_>>());
    (full(), full(), any::<bool>(), itemsizes(), itemsizes()).prop_flat_map(|(a, b, alike, size_a, size_b)| {
        let b = if alike { a.clone() } else { b };
        [layout(a, size_a), layout(b, size_b)]
    })
}

fn view_pairs() -> impl Strategy<Value = [Layout; 2]> {
    (shapes(), itemsizes())
        .prop_flat_map(|(shape, itemsize)| [layout(shape.clone(), itemsize), layout(shape, itemsize)])
}

/// Copies the item at each place of `from` to the place at the same position of `to`.
fn copy_items(bytes: &mut [u8], from: &[u8], places: &[(usize, usize)], itemsize: isize) {
    let size = itemsize.unsigned_abs();
    for &(src, dst) in places {
        bytes[dst..dst + size].copy_from_slice(&from[src..src + size]);
    }
}

/// Positions of contiguous items from `start`.
fn run(start: isize, itemsize: isize) -> impl Iterator<Item = usize> {
    (start.unsigned_abs()..).step_by(itemsize.unsigned_abs())
}

/// `PyBuffer_ToContiguous` of one view. `slack` bytes beyond the items are copied only where it is a plain copy.
fn assert_gathered(layout: &Layout, order: Order, (shift, dst_shift): (usize, usize), slack: isize) {
    let mut builder = Builder::default();
    let mut view = builder.place(layout, shift);
    let len = layout.len() + slack;
    let dst = builder.block(len.unsigned_abs(), dst_shift);
    let arena = builder.finish();
    let mut expected = arena.bytes();
    let before = expected.clone();
    if layout.is_contiguous(order) {
        let src = view.origin.unsigned_abs();
        expected[dst.unsigned_abs()..(dst + len).unsigned_abs()]
            .copy_from_slice(&before[src..src + len.unsigned_abs()]);
    } else {
        let places = arena.items(&view, as_copied(layout, order));
        let places: Vec<_> = places.into_iter().zip(run(dst, layout.itemsize)).collect();
        copy_items(&mut expected, &before, &places, layout.itemsize);
    }
    let info = Py_buffer { len, ..arena.buffer(&mut view) };
    // SAFETY: the view is one of memory in the arena, where `dst` has `len` bytes.
    let result = unsafe { PyBuffer_ToContiguous(arena.at(dst).cast(), &info, len, letter(order)) };
    assert_eq!(result, 0);
    assert_eq!(difference(&arena, &expected), None);
}

/// `PyBuffer_FromContiguous` of `len` bytes to one view.
fn assert_scattered(layout: &Layout, order: Order, (shift, src_shift): (usize, usize), len: isize) {
    let mut builder = Builder::default();
    let mut view = builder.place(layout, shift);
    let src = builder.block(len.unsigned_abs(), src_shift);
    let arena = builder.finish();
    let mut expected = arena.bytes();
    let before = expected.clone();
    let used = len.min(layout.len());
    if layout.is_contiguous(order) {
        // Bytes, not items.
        let (src, dst, used) = (src.unsigned_abs(), view.origin.unsigned_abs(), used.unsigned_abs());
        expected[dst..dst + used].copy_from_slice(&before[src..src + used]);
    } else {
        let count = (used / layout.itemsize).unsigned_abs();
        let places = arena.items(&view, as_copied(layout, order)).into_iter().take(count);
        let places: Vec<_> = run(src, layout.itemsize).zip(places).collect();
        copy_items(&mut expected, &before, &places, layout.itemsize);
    }
    let info = arena.buffer(&mut view);
    // SAFETY: the view is one of memory in the arena, where `src` has `len` bytes.
    let result = unsafe { PyBuffer_FromContiguous(&info, arena.at(src).cast(), len, letter(order)) };
    assert_eq!(result, 0);
    assert_eq!(difference(&arena, &expected), None);
}

/// `PyObject_CopyData` between two views of one arena: all of the source is read before anything is written.
fn assert_copied(arena: &Arena, src: &mut Placed, dst: &mut Placed, slack: isize) {
    let mut expected = arena.bytes();
    let before = expected.clone();
    let alike = |order| src.layout.is_contiguous(order) && dst.layout.is_contiguous(order);
    let too_long = src.layout.len() > dst.layout.len();
    let bytes = !too_long && (alike(Order::C) || alike(Order::Fortran));
    let items = !too_long && src.layout.shape == dst.layout.shape && src.layout.itemsize == dst.layout.itemsize;
    let len = src.layout.len() + slack;
    if bytes && len != 0 {
        let (from, to, len) = (src.origin.unsigned_abs(), dst.origin.unsigned_abs(), len.unsigned_abs());
        expected[to..to + len].copy_from_slice(&before[from..from + len]);
    } else if items {
        let places: Vec<_> = arena.items(src, Order::C).into_iter().zip(arena.items(dst, Order::C)).collect();
        copy_items(&mut expected, &before, &places, src.layout.itemsize);
    }
    let from = View::new(&Py_buffer { len, readonly: 1, ..arena.buffer(src) });
    let to = View::new(&Py_buffer { len: dst.layout.len() + slack, ..arena.buffer(dst) });
    // SAFETY: both are memoryviews of memory in the arena.
    let result = unsafe { PyObject_CopyData(to.0, from.0) };
    assert_eq!(result, if bytes || items { 0 } else { -1 });
    if result != 0 {
        take_buffer_error();
    }
    assert_eq!(difference(arena, &expected), None);
}

/// `PyMemoryView_GetContiguous`: the memory itself where it is contiguous, else a copy, which cannot be written.
fn assert_contiguous_view(layout: &Layout, shift: usize, order: Order, writable: bool) {
    let mut builder = Builder::default();
    let mut placed = builder.place(layout, shift);
    let arena = builder.finish();
    let before = arena.bytes();
    let view = View::new(&arena.buffer(&mut placed));
    let flags = if writable { PyBUF_WRITE } else { PyBUF_READ };
    // SAFETY: it is a memoryview of memory in the arena.
    let result = unsafe { PyMemoryView_GetContiguous(view.0, flags, letter(order)) };
    let contiguous = layout.is_contiguous(order);
    if writable && !contiguous {
        assert!(result.is_null());
        return take_buffer_error();
    }
    assert!(!result.is_null());
    let result = View(result);
    let info = result.buffer();
    assert_eq!(info.buf == arena.at(placed.origin).cast(), contiguous);
    assert_eq!((info.len, info.itemsize), (layout.len(), layout.itemsize));
    let axes = layout.shape.len();
    assert_eq!(info.ndim.unsigned_abs() as usize, axes);
    if axes != 0 {
        // SAFETY: a memoryview has a shape of as many entries.
        assert_eq!(unsafe { core::slice::from_raw_parts(info.shape, axes) }, layout.shape);
    }
    // SAFETY: the memoryview has that many bytes.
    let bytes = unsafe { core::slice::from_raw_parts(info.buf.cast::<u8>(), info.len.unsigned_abs()) };
    let mut expected = vec![0; bytes.len()];
    let places: Vec<_> =
        arena.items(&placed, as_copied(layout, order)).into_iter().zip(run(0, layout.itemsize)).collect();
    copy_items(&mut expected, &before, &places, layout.itemsize);
    assert_eq!(bytes, expected);
    // SAFETY: it is a complete view.
    assert_eq!(unsafe { PyBuffer_IsContiguous(info, letter(order)) }, 1);
    assert_eq!(difference(&arena, &before), None);
}

/// A format of this size: a native integer where there is one, if so asked, else what the struct module unpacks.
fn format_of(size: usize, native: bool) -> String {
    let code = match size {
        1 => "B",
        2 => "H",
        4 => "i",
        8 => "Q",
        _ => "",
    };
    if native && !code.is_empty() { code.to_owned() } else { format!("{size}s") }
}

/// `PyObject_RichCompareBool` of two views of one arena, by a format of `size` bytes. Items may be larger; their other bytes
/// do not count.
fn assert_compared(arena: &Arena, views: &mut [Placed; 2], size: usize, native: bool) {
    let bytes = arena.bytes();
    let items = |view: &Placed| -> Vec<&[u8]> {
        arena.items(view, Order::C).into_iter().map(|at| &bytes[at..at + size]).collect()
    };
    let equal = views[0].layout.shape == views[1].layout.shape && items(&views[0]) == items(&views[1]);
    let format = std::ffi::CString::new(format_of(size, native)).expect("no NUL");
    let [a, b] =
        views.each_mut().map(|view| View::new(&Py_buffer { format: format.as_ptr().cast_mut(), ..arena.buffer(view) }));
    // SAFETY: both are memoryviews of memory in the arena.
    let answers = unsafe { [PyObject_RichCompareBool(a.0, b.0, EQ), PyObject_RichCompareBool(b.0, a.0, NE)] };
    assert_eq!(answers, [c_int::from(equal), c_int::from(!equal)]);
    assert_eq!(difference(arena, &bytes), None);
}

/// Bytes of a view more than its items have, as in one of 14 bytes in items of 4.
fn slack_of(layout: &Layout, slack: isize) -> isize {
    if layout.items() == 0 { 0 } else { slack.min(layout.itemsize - 1) }
}

fn slacks() -> impl Strategy<Value = isize> {
    prop_oneof![9 => Just(0isize), 1 => 1..=39isize]
}

proptest! {
    #![proptest_config(config(1200))]

    #[test]
    fn to_contiguous_gathers_the_items_in_order(
        layout in views(), order in orders(), shifts in shifts(), slack in slacks(),
    ) {
        assert_gathered(&layout, order, shifts, slack_of(&layout, slack));
    }

    #[test]
    fn from_contiguous_scatters_as_many_items_as_there_are(
        layout in views(), order in orders(), shifts in shifts(), part in any::<prop::sample::Index>(), all in any::<bool>(),
    ) {
        let len = layout.len();
        let len = if all { len } else { part.index(len.unsigned_abs() + 8).cast_signed() };
        assert_scattered(&layout, order, shifts, len);
    }

    #[test]
    fn copy_data_copies_item_by_item([src, dst] in view_pairs(), shifts in shifts(), slack in slacks()) {
        let mut builder = Builder::default();
        let slack = slack_of(&src, slack);
        let (mut src, mut dst) = (builder.place(&src, shifts.0), builder.place(&dst, shifts.1));
        assert_copied(&builder.finish(), &mut src, &mut dst, slack);
    }

    #[test]
    fn copy_data_reads_all_before_it_writes(
        [src, dst] in view_pairs(), shift in 0..16usize, apart in 0..48usize, slack in slacks(), swapped in any::<bool>(),
    ) {
        let [src, dst] = [src, dst].map(|layout| Layout { suboffsets: None, ..layout });
        let mut builder = Builder::default();
        let [mut a, mut b] = builder.place_together([&src, &dst], apart, shift);
        let (src, dst) = if swapped { (&mut b, &mut a) } else { (&mut a, &mut b) };
        let slack = slack_of(&src.layout, slack);
        assert_copied(&builder.finish(), src, dst, slack);
    }

    #[test]
    fn copy_data_reverses_memory_behind_pointers(layout in views(), shift in 0..16usize) {
        let mut builder = Builder::default();
        let mut src = builder.place(&layout, shift);
        let mut dst = src.reversed();
        assert_copied(&builder.finish(), &mut src, &mut dst, 0);
    }

    #[test]
    fn copy_data_takes_other_structures_only_where_bytes_are_copied([a, b] in other_views(), shifts in shifts()) {
        let mut builder = Builder::default();
        let (mut src, mut dst) = (builder.place(&a, shifts.0), builder.place(&b, shifts.1));
        assert_copied(&builder.finish(), &mut src, &mut dst, 0);
    }

    #[test]
    fn get_contiguous_gives_the_memory_or_a_copy(
        layout in views(), shift in 0..16usize, order in orders(), writable in prop::bool::weighted(0.2),
    ) {
        assert_contiguous_view(&layout, shift, order, writable);
    }

    #[test]
    fn views_are_equal_where_all_items_are(
        [a, b] in view_pairs(), shifts in shifts(), native in any::<bool>(),
        covered in prop::option::weighted(0.4, any::<prop::sample::Index>()),
        changed in prop::bool::weighted(0.6), at in any::<prop::sample::Index>(), at_end in prop::bool::weighted(0.3),
    ) {
        let mut builder = Builder::default();
        let mut views = [builder.place(&a, shifts.0), builder.place(&b, shifts.1)];
        let arena = builder.finish();
        // Make them equal (where the second one's items do not overlap), then change one byte of one item, or none.
        let [from, to] = views.each_ref().map(|view| arena.items(view, Order::C));
        let mut bytes = arena.bytes();
        let places: Vec<_> = from.into_iter().zip(to.iter().copied()).collect();
        copy_items(&mut bytes, &arena.bytes(), &places, a.itemsize);
        let itemsize = a.itemsize.unsigned_abs();
        if changed && !to.is_empty() {
            let last = to.len() * itemsize - 1;
            let at = if at_end { last } else { at.index(last + 1) };
            bytes[to[at / itemsize] + at % itemsize] ^= 0x10;
        }
        arena.fill(&bytes);
        let size = covered.map_or(itemsize, |covered| covered.index(itemsize) + 1);
        assert_compared(&arena, &mut views, size, native);
    }

    #[test]
    fn views_of_other_structures_are_compared_by_shape_and_items([a, b] in other_views()) {
        let mut builder = Builder::default();
        let mut views = [builder.place(&a, 0), builder.place(&b, 0)];
        let size = a.itemsize.min(b.itemsize).unsigned_abs();
        assert_compared(&builder.finish(), &mut views, size, true);
    }

    #[test]
    fn is_contiguous_says_what_enumerates_in_order(layout in views(), order in orders()) {
        let mut builder = Builder::default();
        let mut view = builder.place(&layout, 0);
        let info = builder.finish().buffer(&mut view);
        // SAFETY: a consistent view, whose memory is not looked at.
        let answer = unsafe { PyBuffer_IsContiguous(&info, letter(order)) };
        prop_assert_eq!(answer, c_int::from(layout.is_contiguous(order)));
    }

    #[test]
    fn get_pointer_leads_to_each_item(layout in views(), shift in 0..16usize) {
        let mut builder = Builder::default();
        let mut view = builder.place(&layout, shift);
        let arena = builder.finish();
        let places: Vec<_> = indices(&layout.shape, Order::C)
            .into_iter()
            .map(|index| (arena.item(&view, &index).cast_signed(), index))
            .collect();
        let info = arena.buffer(&mut view);
        for (place, index) in places {
            // SAFETY: a view of memory in the arena, and indices within its shape.
            prop_assert_eq!(unsafe { PyBuffer_GetPointer(&info, index.as_ptr()) }, arena.at(place).cast());
        }
    }

    #[test]
    fn items_behind_pointers_to_shared_memory_are_written_in_order(
        rows in 2..5isize, columns in 2..6isize, itemsize in 1..9isize, apart in prop::collection::vec(0..12isize, 4),
        order in orders(), shift in 0..16usize,
    ) {
        let layout = Layout {
            itemsize,
            shape: vec![rows, columns],
            strides: Some(vec![8, itemsize]),
            suboffsets: Some(vec![3, -1]),
            bare: false,
        };
        let mut builder = Builder::default();
        let block = builder.block((12 + columns * itemsize).unsigned_abs(), shift);
        let table = builder.block(4 * 8, shift);
        for (row, apart) in (0..rows).zip(apart) {
            builder.point(table + 8 * row, block + apart - 3);
        }
        let src = builder.block(layout.len().unsigned_abs(), 0);
        let mut view = Placed { layout, origin: table };
        let arena = builder.finish();
        let before = arena.bytes();
        let mut expected = before.clone();
        let places = arena.items(&view, as_copied(&view.layout, order));
        let places: Vec<_> = run(src, itemsize).zip(places).collect();
        copy_items(&mut expected, &before, &places, itemsize);
        let info = arena.buffer(&mut view);
        // SAFETY: a view of memory in the arena, where `src` has `len` bytes.
        let result = unsafe { PyBuffer_FromContiguous(&info, arena.at(src).cast(), info.len, letter(order)) };
        prop_assert_eq!(result, 0);
        prop_assert_eq!(difference(&arena, &expected), None);
    }
}

/// Every specialised unit, and some that are not, over planes that are not multiples of a tile: transposed, with rows
/// that are blocks, with gaps, reversed, and with a third axis outside and inside.
#[test]
fn tiles_cover_planes_of_every_size() {
    for unit in [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 40] {
        for (rows, columns) in [(37, 53), (64, 64), (65, 3), (3, 65), (1, 100), (33, 31), (16, 17), (2, 2)] {
            let plane = |strides: [isize; 2]| view(unit, &[rows, columns], &strides);
            let transposed = plane([unit, rows * unit]);
            let gaps = plane([unit, (rows + 1) * unit]);
            let reversed = plane([-unit, rows * unit]);
            let turned = plane([unit, -rows * unit]);
            // The unit is a row of three items.
            let blocks = (unit % 3 == 0).then(|| view(unit / 3, &[rows, columns, 3], &[unit, rows * unit, unit / 3]));
            let outside = (rows * columns < 700)
                .then(|| view(unit, &[2, rows, columns], &[rows * columns * unit, unit, rows * unit]));
            let between = (rows * columns < 700)
                .then(|| view(unit, &[rows, 2, columns], &[unit, rows * columns * unit, rows * unit]));
            let planes = [transposed, gaps, reversed, turned].into_iter().chain(blocks).chain(outside).chain(between);
            for layout in planes {
                let shifts = ((rows % 16).unsigned_abs(), (unit % 16).unsigned_abs());
                assert_gathered(&layout, Order::C, shifts, 0);
                assert_scattered(&layout, Order::C, shifts, layout.len());
            }
        }
    }
}

fn view(itemsize: isize, shape: &[isize], strides: &[isize]) -> Layout {
    Layout { itemsize, shape: shape.to_vec(), strides: Some(strides.to_vec()), suboffsets: None, bare: false }
}

/// A view of no axes is one item, in every order, even where its exporter says (needlessly) that it follows no pointers.
#[test]
fn a_view_of_no_axes_is_one_item() {
    for order in [Order::C, Order::Fortran, Order::Any] {
        for suboffsets in [None, Some(vec![])] {
            let layout = Layout { itemsize: 5, shape: vec![], strides: Some(vec![]), suboffsets, bare: false };
            assert_gathered(&layout, order, (1, 2), 0);
            assert_scattered(&layout, order, (1, 2), 5);
            assert_scattered(&layout, order, (1, 2), 7);
        }
    }
}

/// Pointers that the copy writes over are read before, whichever comes first.
#[test]
fn pointers_among_the_memory_that_is_written_are_followed_first() {
    let rows = [*b"one item", *b"the next"];
    let (mut shape, mut strides, mut suboffsets) = ([2, 8], [8, 1], [0, -1]);
    let mut upwards = [-8, 1];
    let mut table = rows.each_ref().map(|row| row.as_ptr());
    let info = Py_buffer {
        buf: table.as_mut_ptr().cast(),
        obj: null_mut(),
        len: 16,
        itemsize: 1,
        readonly: 0,
        ndim: 2,
        format: null_mut(),
        shape: shape.as_mut_ptr(),
        strides: strides.as_mut_ptr(),
        suboffsets: suboffsets.as_mut_ptr(),
        internal: null_mut(),
    };
    // The last pointer first.
    let last = table.as_mut_ptr().wrapping_add(1).cast();
    let from = View::new(&info);
    let to = View::new(&Py_buffer { buf: last, strides: upwards.as_mut_ptr(), suboffsets: null_mut(), ..info });
    // SAFETY: both are memoryviews of memory that lives.
    assert_eq!(unsafe { PyObject_CopyData(to.0, from.0) }, 0);
    // SAFETY: two pointers are 16 bytes, which the copy has written.
    let written = unsafe { table.as_ptr().cast::<[[u8; 8]; 2]>().read() };
    assert_eq!(written, [rows[1], rows[0]]);
}

#[test]
fn at_every_level() {
    levels::run_at_every_level(module_path!());
}
