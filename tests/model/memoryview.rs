//! Parts, arrangements, items and assignments of memoryviews, over random structures with and without pointers, compared
//! with nested lists of places (`support/nested.rs`).

use std::ffi::{CStr, c_char, c_int};
use std::ptr::{NonNull, null};

use proptest::prelude::*;
use pybuffer::abi::buffer::Py_buffer;
use pybuffer::abi::format as kinds;
use pybuffer::abi::format::pybuffer_value;
use pybuffer::abi::memoryview::{self as c, pybuffer_subscript};
use pybuffer::abi::object::PyObject;
use pybuffer::layout::Order;

use crate::common::capi::{
    PyBytes_AsString, PyBytes_Size, PyErr_Clear, PyErr_Occurred, PyMemoryView_GetContiguous, PyObject_RichCompareBool,
    pybuffer_memoryview_assign, pybuffer_memoryview_broadcast, pybuffer_memoryview_cast, pybuffer_memoryview_count,
    pybuffer_memoryview_fill, pybuffer_memoryview_flip, pybuffer_memoryview_get_item, pybuffer_memoryview_index,
    pybuffer_memoryview_item_pointer, pybuffer_memoryview_iter, pybuffer_memoryview_next, pybuffer_memoryview_permute,
    pybuffer_memoryview_reshape, pybuffer_memoryview_set_item, pybuffer_memoryview_subscript,
    pybuffer_memoryview_tobytes, pybuffer_memoryview_values, take_error,
};
use crate::common::format::{Format, NO_VALUE, bytes, long_double, number};
use crate::common::memory::{Arena, Builder, Placed, View, difference};
use crate::common::model::{self, Layout, config, indices, layout, shapes};
use crate::support::nested::{Nested, Refusal, Subscript, slice};

const EQ: c_int = 2;

/// The number of entries, as C takes it.
fn count<T>(entries: &[T]) -> c_int {
    c_int::try_from(entries.len()).expect("few entries")
}

/// A memoryview that a function has made, or the name of its error.
fn made(object: *mut PyObject) -> Result<View, String> {
    NonNull::new(object).map(|object| View(object.as_ptr())).ok_or_else(take_error)
}

fn done(status: c_int) -> Result<(), String> {
    if status == 0 { Ok(()) } else { Err(take_error()) }
}

fn as_c(subscripts: &[Subscript]) -> Vec<pybuffer_subscript> {
    let end = |bound: Option<isize>| bound.unwrap_or(isize::MIN);
    let none = pybuffer_subscript { kind: c::PYBUFFER_SUBSCRIPT_INDEX, start: 0, stop: 0, step: 0 };
    let one = |subscript: &Subscript| match *subscript {
        Subscript::Index(start) => pybuffer_subscript { start, ..none },
        Subscript::Slice(start, stop, step) => pybuffer_subscript {
            kind: c::PYBUFFER_SUBSCRIPT_SLICE,
            start: end(start),
            stop: end(stop),
            step: end(step),
        },
        Subscript::Ellipsis => pybuffer_subscript { kind: c::PYBUFFER_SUBSCRIPT_ELLIPSIS, ..none },
        Subscript::NewAxis => pybuffer_subscript { kind: c::PYBUFFER_SUBSCRIPT_NEWAXIS, ..none },
    };
    subscripts.iter().map(one).collect()
}

fn subscript(view: &View, subscripts: &[Subscript]) -> Result<View, String> {
    let subscripts = as_c(subscripts);
    // SAFETY: a memoryview and as many subscripts.
    made(unsafe { pybuffer_memoryview_subscript(view.0, subscripts.as_ptr(), count(&subscripts)) })
}

/// The item's place in the arena, or the name of the error.
fn place(arena: &Arena, view: &View, index: &[isize]) -> Result<usize, String> {
    // SAFETY: a memoryview and as many indices.
    let pointer = unsafe { pybuffer_memoryview_item_pointer(view.0, index.as_ptr(), count(index)) };
    if pointer.is_null() { Err(take_error()) } else { Ok(pointer.addr() - arena.at(0).addr()) }
}

/// The view has the shape of the list, and its items are where the list says, by index, in the bytes of all, and row by
/// row. The arrays of the view say the same.
fn assert_same(arena: &Arena, view: &View, list: &Nested) {
    let info = view.buffer();
    assert_eq!(info.ndim, count(&list.shape));
    // SAFETY: a memoryview's shape has as many entries.
    let shape = (0..list.shape.len()).map(|axis| unsafe { *info.shape.add(axis) }).collect::<Vec<_>>();
    assert_eq!(shape, list.shape);
    assert_eq!(info.len, list.places.len().cast_signed() * info.itemsize);
    let memory = arena.bytes();
    let size = info.itemsize.unsigned_abs();
    let mut expected = vec![];
    for (index, &at) in indices(&list.shape, Order::C).iter().zip(&list.places) {
        assert_eq!(place(arena, view, index), Ok(at));
        let from_the_end: Vec<_> = index.iter().zip(&list.shape).map(|(&at, &len)| at - len).collect();
        assert_eq!(place(arena, view, &from_the_end), Ok(at));
        expected.extend_from_slice(&memory[at..at + size]);
    }
    if let Some(&len) = list.shape.first() {
        let mut outside = vec![0; list.shape.len()];
        for beyond in [len, -len - 1, isize::MIN, isize::MAX] {
            outside[0] = beyond;
            assert_eq!(place(arena, view, &outside), Err("IndexError".into()));
        }
    }
    // SAFETY: a memoryview; a bytes object with that many bytes.
    unsafe {
        let all = pybuffer_memoryview_tobytes(view.0, b'C' as c_char);
        let len = PyBytes_Size(all).unsigned_abs();
        assert_eq!(core::slice::from_raw_parts(PyBytes_AsString(all).cast::<u8>(), len), expected);
        drop(View(all));
    }
    if list.shape.len() > 1 && list.shape[0] > 0 {
        // SAFETY: a memoryview.
        let iterator = unsafe { pybuffer_memoryview_iter(view.0) };
        for row in 0..list.shape[0] {
            // SAFETY: an iterator.
            match made(unsafe { pybuffer_memoryview_next(iterator) }) {
                Ok(next) => {
                    let row = list.subscript(&[Subscript::Index(row)]).expect("it is there");
                    let first = vec![0; row.shape.len()];
                    if let Some(&at) = row.places.first() {
                        assert_eq!(place(arena, &next, &first), Ok(at));
                    }
                }
                Err(error) => assert!(error == "NotImplementedError" && !info.suboffsets.is_null(), "{error}"),
            }
        }
        // SAFETY: an iterator, whose reference is owned; without an error it is at its end.
        unsafe {
            assert!(pybuffer_memoryview_next(iterator).is_null() && PyErr_Occurred().is_null());
            drop(View(iterator));
        }
    }
}

/// A view of a structure, and the places of its items.
struct Case {
    view: View,
    list: Nested,
    placed: Box<Placed>,
    arena: Arena,
}

impl Case {
    fn new(layout: &Layout, shift: usize, format: &'static CStr) -> Self {
        let mut builder = Builder::default();
        let mut placed = Box::new(builder.place(layout, shift));
        let arena = builder.finish();
        let info = Py_buffer { format: format.as_ptr().cast_mut(), ..arena.buffer(&mut placed) };
        let list = Nested { shape: layout.shape.clone(), places: arena.items(&placed, Order::C) };
        Self { view: View::new(&info), list, placed, arena }
    }

    fn has_pointers(&self) -> bool {
        self.placed.layout.suboffsets.iter().flatten().any(|&suboffset| suboffset >= 0)
    }
}

/// An operation on a view.
#[derive(Clone, Debug)]
enum Step {
    Part(Vec<Subscript>),
    Permute(Vec<i32>),
    Flip(c_int),
    Broadcast(Vec<isize>),
    Reshape(Vec<isize>, Order),
}

fn letter(order: Order) -> c_char {
    (if order == Order::Fortran { b'F' } else { b'C' }) as c_char
}

impl Step {
    fn on_view(&self, view: &View) -> Result<View, String> {
        // SAFETY: a memoryview, and arrays with their number of entries.
        unsafe {
            match self {
                Self::Part(subscripts) => subscript(view, subscripts),
                Self::Permute(axes) => made(pybuffer_memoryview_permute(view.0, axes.as_ptr(), count(axes))),
                Self::Flip(axis) => made(pybuffer_memoryview_flip(view.0, *axis)),
                Self::Broadcast(shape) => made(pybuffer_memoryview_broadcast(view.0, count(shape), shape.as_ptr())),
                Self::Reshape(shape, order) => {
                    made(pybuffer_memoryview_reshape(view.0, count(shape), shape.as_ptr(), letter(*order)))
                }
            }
        }
    }

    fn on_list(&self, list: &Nested) -> Result<Nested, Refusal> {
        match self {
            Self::Part(subscripts) => list.subscript(subscripts),
            Self::Permute(axes) => list.permute(axes),
            Self::Flip(axis) => {
                let ndim = list.shape.len().cast_signed() as c_int;
                let axis = if *axis < 0 { axis + ndim } else { *axis };
                if !(0..ndim).contains(&axis) {
                    return Err(Refusal::Value);
                }
                let mut all = vec![Subscript::Slice(None, None, None); axis as usize];
                all.push(Subscript::Slice(None, None, Some(-1)));
                list.subscript(&all)
            }
            Self::Broadcast(shape) => list.broadcast(shape),
            Self::Reshape(shape, order) => list.reshape(shape, *order),
        }
    }
}

/// An index or bound: mostly near the axis, now and then far from everything.
fn bounds() -> impl Strategy<Value = isize> {
    prop_oneof![12 => -6..=6isize, 1 => prop::sample::select(vec![isize::MAX, isize::MIN + 1, 1 << 40, -(1 << 40)])]
}

fn subscripts() -> impl Strategy<Value = Subscript> {
    let bound = || prop::option::weighted(0.6, bounds());
    prop_oneof![
        4 => (-4..=3isize).prop_map(Subscript::Index),
        8 => (bound(), bound(), prop::option::weighted(0.6, prop_oneof![9 => -3..=3isize, 1 => bounds()]))
            .prop_map(|(start, stop, step)| Subscript::Slice(start, stop, step)),
        2 => Just(Subscript::Ellipsis),
        1 => Just(Subscript::NewAxis),
    ]
}

/// Steps that often suit a view of about `ndim` axes of these lengths.
fn steps(shape: Vec<isize>) -> impl Strategy<Value = Step> {
    let ndim = shape.len();
    let permutation = Just((0..ndim as i32).collect::<Vec<_>>()).prop_shuffle();
    let spoiled = (permutation, 0..12usize).prop_map(|(mut axes, spoil)| {
        if let Some(axis) = axes.get_mut(spoil) {
            *axis -= 1;
        }
        axes
    });
    let broad = (prop::collection::vec(0..4isize, 0..3), prop::collection::vec(1..4isize, ndim)).prop_map({
        let shape = shape.clone();
        move |(new, many)| {
            // The most that the model can enumerate.
            let mut items: isize = shape.iter().chain(&new).map(|&len| len.max(1)).product();
            let repeated = |(&own, many): (&isize, isize)| {
                let more = own == 1 && items * many < 1000;
                items *= if more { many } else { 1 };
                if more { many } else { own }
            };
            let repeated: Vec<_> = shape.iter().zip(many).map(repeated).collect();
            new.into_iter().chain(repeated).collect()
        }
    });
    let items: isize = shape.iter().product();
    let factors = prop::collection::vec(prop::sample::select(vec![-1, 1, 1, 2, 2, 3, 3, 4, 5]), 0..5);
    let reshaped = (factors, any::<bool>()).prop_map(move |(mut new, split)| {
        // Most often with as many items: what is left is the last axis, or two of the old ones become one.
        let known: isize = new.iter().filter(|&&len| len > 0).product();
        if split && !new.contains(&-1) && items % known == 0 {
            new.push(items / known);
        }
        new
    });
    let merged = (0..ndim.max(1)).prop_map(move |at| {
        let mut new = shape.clone();
        if at + 1 < new.len() {
            let inner = new.remove(at + 1);
            new[at] *= inner;
        }
        new
    });
    let order = || prop::sample::select(vec![Order::C, Order::Fortran]);
    prop_oneof![
        8 => prop::collection::vec(subscripts(), 0..=ndim.min(6) + 1).prop_map(Step::Part),
        3 => spoiled.prop_map(Step::Permute),
        2 => (-4..=3).prop_map(Step::Flip),
        2 => broad.prop_map(Step::Broadcast),
        2 => (reshaped, order()).prop_map(|(shape, order)| Step::Reshape(shape, order)),
        2 => (merged, order()).prop_map(|(shape, order)| Step::Reshape(shape, order)),
    ]
}

fn name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Index => "IndexError",
        Refusal::Value => "ValueError",
        Refusal::Type => "TypeError",
    }
}

/// A view taken through steps, each compared with the same on the list.
fn assert_steps(layout: &Layout, shift: usize, steps: &[Step]) {
    let case = Case::new(layout, shift, c"B");
    let before = case.arena.bytes();
    let mut now: Option<View> = None;
    let mut list = case.list.clone();
    assert_same(&case.arena, &case.view, &list);
    for step in steps {
        let result = step.on_view(now.as_ref().unwrap_or(&case.view));
        match (result, step.on_list(&list)) {
            (Ok(view), Ok(after)) => {
                assert_same(&case.arena, &view, &after);
                (now, list) = (Some(view), after);
            }
            // Errors about pointers may be found before others.
            (Err(error), Err(refusal)) => {
                let first = error == "NotImplementedError" && case.has_pointers() && matches!(step, Step::Part(_));
                assert!(error == name(refusal) || first, "{step:?}: {error}, not {refusal:?}");
            }
            // Not expressible by strides and suboffsets.
            (Err(error), Ok(after)) => match (step, error.as_str()) {
                (Step::Reshape(..), "BufferError") => assert!(case.has_pointers() || !after.is_strided(), "{step:?}"),
                (Step::Part(_) | Step::Permute(_) | Step::Flip(_), "NotImplementedError") => {
                    assert!(case.has_pointers(), "{step:?}");
                }
                (_, error) => assert!(after.shape.len() > 64 && error == "ValueError", "{step:?}: {error}"),
            },
            (Ok(_), Err(refusal)) => panic!("{step:?} is no {refusal:?}"),
        }
    }
    assert_eq!(difference(&case.arena, &before), None);
}

fn structures() -> impl Strategy<Value = Layout> {
    (shapes(), prop::sample::select(vec![1isize, 2, 3, 8, 16]))
        .prop_flat_map(|(shape, itemsize)| layout(shape, itemsize))
}

/// Formats with all kinds of values, some with several.
const FORMATS: &[&CStr] = &[
    c"B",
    c"b",
    c"c",
    c"?",
    c"h",
    c"H",
    c"i",
    c"I",
    c"l",
    c"L",
    c"q",
    c"Q",
    c"n",
    c"N",
    c"e",
    c"f",
    c"d",
    c"P",
    c">h",
    c">I",
    c">q",
    c"<d",
    c">f",
    c">e",
    c"=L",
    c"g",
    c"Zf",
    c"Zd",
    c">D",
    c"3s",
    c"5p",
    c"u",
    c">w",
    c"2w",
    c"t",
    c"<ihd",
    c"T{b:a:>h:b:}",
    c"(2,3)B",
    c"T{(2)T{<Hxb}3s}",
    c"3t5t9t",
    c"O",
    c"&d",
    c"BBB",
    c"0s",
    c"2x",
];

/// A value as something that can be compared: kind and bits, but for NaN, which is like any other.
fn comparable(value: &pybuffer_value) -> (c_int, Vec<u8>) {
    let bits = match value.kind {
        kinds::PYBUFFER_KIND_BYTES => bytes(value).to_vec(),
        kinds::PYBUFFER_KIND_LONG_DOUBLE => long_double(value).to_vec(),
        kinds::PYBUFFER_KIND_COMPLEX => number(value).2.iter().flat_map(|part| part.to_bits().to_ne_bytes()).collect(),
        _ => number(value).1.to_ne_bytes().to_vec(),
    };
    (value.kind, bits)
}

/// Items as values, one and all, in and out, against the items' format by itself.
fn assert_items(layout: &Layout, shift: usize, text: &'static CStr, seed: u64) {
    let format = Format::parse(text).expect("a good format");
    let each = format.value_count().expect("a good format");
    let size = format.itemsize().cast_signed();
    // Only a shape gives the number of items without bytes.
    let layout = Layout { itemsize: size, bare: layout.bare && size != 0, ..layout.clone() };
    let case = Case::new(&layout, shift, text);
    let (size, memory) = (format.itemsize(), case.arena.bytes());
    let items: Vec<Vec<pybuffer_value>> =
        case.list.places.iter().map(|&at| format.unpack(&memory[at..at + size]).expect("it unpacks")).collect();
    let mut all = vec![NO_VALUE; each * items.len() + 1];
    // SAFETY: a memoryview, and room for as many values.
    unsafe {
        let values = all.as_mut_ptr();
        let wrong = pybuffer_memoryview_values(case.view.0, values, (each * items.len()).cast_signed() + 1);
        assert_eq!(done(wrong), Err("ValueError".into()));
        assert_eq!(pybuffer_memoryview_values(case.view.0, values, (each * items.len()).cast_signed()), 0);
    }
    let expected: Vec<_> = items.iter().flatten().map(comparable).collect();
    assert_eq!(all.iter().take(each * items.len()).map(comparable).collect::<Vec<_>>(), expected);
    let every = indices(&case.list.shape, Order::C);
    let Some(chosen) = (seed as usize).checked_rem(items.len()) else { return };
    let (index, values) = (&every[chosen], &mut all[..each]);
    // SAFETY: a memoryview, as many indices, and room for as many values.
    unsafe {
        let status =
            pybuffer_memoryview_get_item(case.view.0, index.as_ptr(), count(index), values.as_mut_ptr(), count(values));
        assert_eq!(status, 0);
        assert_eq!(
            values.iter().map(comparable).collect::<Vec<_>>(),
            items[chosen].iter().map(comparable).collect::<Vec<_>>()
        );
        // Values that are equal are found; NaN equals nothing.
        let found = items.iter().filter(|item| same(item, &items[chosen])).count().cast_signed();
        assert_eq!(pybuffer_memoryview_count(case.view.0, values.as_ptr(), count(values)), found);
        let first = items.iter().position(|item| same(item, &items[chosen]));
        if !every[0].is_empty() {
            let index = pybuffer_memoryview_index(case.view.0, values.as_ptr(), count(values), 0, isize::MAX);
            assert_eq!(index, first.map_or(-1, usize::cast_signed));
            PyErr_Clear();
        }
    }
    // The last item is copied to the chosen place; its bytes do not move while they are read.
    let source = items.last().expect("there are items");
    let mut item = vec![0; size];
    let packed = format.pack(&mut item, source);
    let mut expected = memory.clone();
    // SAFETY: a memoryview, as many indices, and as many values, whose bytes are those of `memory`.
    let set = done(unsafe {
        pybuffer_memoryview_set_item(case.view.0, index.as_ptr(), count(index), source.as_ptr(), count(source))
    });
    match packed {
        Ok(()) => {
            assert_eq!(set, Ok(()));
            expected[case.list.places[chosen]..][..size].copy_from_slice(&item);
        }
        Err(error) => assert!(error.starts_with(&set.expect_err("it does not pack either"))),
    }
    assert_eq!(difference(&case.arena, &expected), None);
}

/// Whether a `long double` is not NaN.
fn is_number(long_double: [u8; 16]) -> bool {
    let bits = u128::from_ne_bytes(long_double);
    if cfg!(target_arch = "x86_64") {
        // x87: NaN where the exponent is all ones, or the leading one is missing; no infinity is drawn here.
        let (leading, exponent) = (bits >> 63 & 1, bits >> 64 & 0x7fff);
        exponent == 0 || (exponent != 0x7fff && leading == 1)
    } else {
        // Quadruple precision.
        bits << 1 <= 0x7fff << 113
    }
}

/// Whether two items have equal values, as Python says.
fn same(a: &[pybuffer_value], b: &[pybuffer_value]) -> bool {
    a.iter().zip(b).all(|(a, b)| match a.kind {
        kinds::PYBUFFER_KIND_FLOAT => {
            let (a, b) = (number(a).2[0], number(b).2[0]);
            a == b
        }
        kinds::PYBUFFER_KIND_COMPLEX => number(a).2 == number(b).2,
        kinds::PYBUFFER_KIND_LONG_DOUBLE => {
            let (a, b) = (long_double(a), long_double(b));
            // Zeros are not drawn: both signs are equal.
            a == b && is_number(a)
        }
        _ => comparable(a) == comparable(b),
    })
}

/// Assignment to a part from the same part of the view turned round along some axes, of the same memory: all is read
/// before anything is written, and the last of the items that share memory wins.
fn assert_assigned(layout: &Layout, shift: usize, subscripts: &[Subscript], flips: &[c_int], other: bool) {
    let case = Case::new(layout, shift, c"B");
    let before = case.arena.bytes();
    let mut source = (subscript(&case.view, &[]).expect("all of it"), case.list.clone());
    for &axis in flips {
        let flip = Step::Flip(axis);
        if let (Ok(view), Ok(list)) = (flip.on_view(&source.0), flip.on_list(&source.1)) {
            source = (view, list);
        }
    }
    let subscripts_from = if other { &[][..] } else { subscripts };
    let (Ok(to), Ok(from)) = (case.list.subscript(subscripts), source.1.subscript(subscripts_from)) else { return };
    let Ok(view) = subscript(&source.0, subscripts_from) else { return };
    let part = as_c(subscripts);
    // SAFETY: two memoryviews, and as many subscripts.
    let result = done(unsafe { pybuffer_memoryview_assign(case.view.0, part.as_ptr(), count(&part), view.0) });
    let mut expected = before.clone();
    let size = layout.itemsize.unsigned_abs();
    let no_items = to.places.is_empty() && from.places.is_empty();
    match result {
        Ok(()) => {
            // After the first axis without items nothing matters, as in CPython.
            assert!(from.shape == to.shape || no_items);
            for (&src, &dst) in from.places.iter().zip(&to.places) {
                expected[dst..dst + size].copy_from_slice(&before[src..src + size]);
            }
        }
        Err(error) if error == "NotImplementedError" => assert!(case.has_pointers()),
        Err(error) => assert!(error == "ValueError" && from.shape != to.shape, "{error}"),
    }
    assert_eq!(difference(&case.arena, &expected), None);
}

/// Fills a part with one item.
fn assert_filled(layout: &Layout, shift: usize, text: &'static CStr, subscripts: &[Subscript]) {
    let format = Format::parse(text).expect("a good format");
    let size = format.itemsize().cast_signed();
    // Only a shape gives the number of items without bytes.
    let layout = Layout { itemsize: size, bare: layout.bare && size != 0, ..layout.clone() };
    let case = Case::new(&layout, shift, text);
    let (size, memory) = (format.itemsize(), case.arena.bytes());
    let (Ok(part), Some(&first)) = (case.list.subscript(subscripts), case.list.places.first()) else { return };
    let values = format.unpack(&memory[first..first + size]).expect("it unpacks");
    let mut item = vec![0; size];
    let packed = format.pack(&mut item, &values);
    let chosen = as_c(subscripts);
    // SAFETY: a memoryview, and as many subscripts and values, whose bytes are those of `memory`.
    let result = done(unsafe {
        pybuffer_memoryview_fill(case.view.0, chosen.as_ptr(), count(&chosen), values.as_ptr(), count(&values))
    });
    let mut expected = memory.clone();
    match (result, packed) {
        (Ok(()), Ok(())) => {
            part.places.iter().for_each(|&at| expected[at..at + size].copy_from_slice(&item));
        }
        (Err(error), Err(other)) if other.starts_with(&error) => {}
        (Err(error), _) => assert!(error == "NotImplementedError" && case.has_pointers(), "{error}"),
        (Ok(()), Err(error)) => panic!("it does not pack: {error}"),
    }
    assert_eq!(difference(&case.arena, &expected), None);
}

/// Casts of contiguous memory: to bytes, from bytes to a format and shape in either order, and back.
fn assert_cast(layout: &Layout, shift: usize, text: &CStr, shape: &[isize], order: Order) {
    let case = Case::new(layout, shift, c"B");
    let no_axes = case.list.shape.contains(&0) || layout.itemsize != 1;
    let flat = |view: &View| {
        // SAFETY: a memoryview and a C string.
        made(unsafe { pybuffer_memoryview_cast(view.0, c"B".as_ptr(), 0, null(), b'C' as c_char) })
    };
    let contiguous = [Order::C, Order::Fortran].into_iter().find(|&order| layout.is_contiguous(order));
    let (bytes, contiguous) = match (flat(&case.view), contiguous) {
        (Ok(bytes), Some(contiguous)) => (bytes, contiguous),
        (Err(error), found) => {
            assert!(error == "TypeError" && (found.is_none() || no_axes), "{error}");
            return;
        }
        (Ok(_), None) => panic!("it is not contiguous"),
    };
    // As the memory lies.
    let places: Vec<usize> = match contiguous {
        Order::Fortran => {
            indices(&case.list.shape, Order::Fortran).iter().map(|index| case.arena.item(&case.placed, index)).collect()
        }
        _ => case.list.places.clone(),
    };
    if layout.itemsize == 1 {
        assert_same(&case.arena, &bytes, &Nested { shape: vec![places.len().cast_signed()], places: places.clone() });
    }
    let format = Format::parse(text).expect("a good format");
    let (size, len) = (format.itemsize().cast_signed(), layout.len());
    let items: isize = shape.iter().product();
    // SAFETY: a memoryview, a C string, and as many entries.
    let result =
        made(unsafe { pybuffer_memoryview_cast(bytes.0, text.as_ptr(), count(shape), shape.as_ptr(), letter(order)) });
    match result {
        Ok(view) => {
            assert!(size > 0 && items * size == len);
            let start = places.first().copied().unwrap_or(0);
            let place = |at: usize| start + at * size.unsigned_abs();
            let mut list = Nested { shape: shape.to_vec(), places: vec![0; items.unsigned_abs()] };
            let c_order = indices(shape, Order::C);
            for (at, index) in indices(shape, order).iter().enumerate() {
                let position = c_order.iter().position(|other| other == index).expect("it is one of them");
                list.places[position] = place(at);
            }
            assert_same(&case.arena, &view, &list);
            let back = flat(&view).expect("it is contiguous");
            assert_eq!(back.buffer().buf, bytes.buffer().buf);
            assert_eq!(back.buffer().len, len);
        }
        Err(error) => {
            let fits = size > 0 && shape.iter().all(|&len| len > 0) && items * size == len;
            assert!(!fits && (error == "TypeError" || error == "ValueError"), "{error}");
        }
    }
}

/// A part equals its copy, and no longer where an item has changed.
fn assert_equal_to_copy(layout: &Layout, shift: usize, subscripts: &[Subscript], seed: u64) {
    let case = Case::new(&Layout { itemsize: 2, ..layout.clone() }, shift, c">H");
    let (Ok(part), Ok(list)) = (subscript(&case.view, subscripts), case.list.subscript(subscripts)) else { return };
    // SAFETY: memoryviews.
    unsafe {
        let copy = made(PyMemoryView_GetContiguous(part.0, pybuffer::abi::buffer::PyBUF_READ, b'F' as c_char));
        let copy = copy.expect("there is memory");
        assert_eq!(PyObject_RichCompareBool(part.0, copy.0, EQ), 1);
        let Some(chosen) = (seed as usize).checked_rem(list.places.len()) else { return };
        let item = case.arena.at(list.places[chosen].cast_signed());
        item.write(item.read() ^ 1);
        // Where the memory was contiguous it is its own copy.
        let own = copy.buffer().buf == part.buffer().buf;
        assert_eq!(PyObject_RichCompareBool(part.0, copy.0, EQ), c_int::from(own));
    }
}

#[test]
fn slices_have_the_places_that_the_model_says() {
    // A check of the model itself.
    assert_eq!(slice(None, None, None, 3), Ok(vec![0, 1, 2]));
    assert_eq!(slice(None, None, Some(-2), 5), Ok(vec![4, 2, 0]));
    assert_eq!(slice(Some(-2), Some(9), None, 3), Ok(vec![1, 2]));
    assert_eq!(slice(Some(9), Some(-9), Some(-3), 4), Ok(vec![3, 0]));
    assert_eq!(slice(None, None, Some(0), 4), Err(Refusal::Value));
}

fn chains() -> impl Strategy<Value = (Layout, usize, Vec<Step>)> {
    structures().prop_flat_map(|layout| {
        let steps = prop::collection::vec(steps(layout.shape.clone()), 1..4);
        (Just(layout), 0..16usize, steps)
    })
}

fn parts() -> impl Strategy<Value = Vec<Subscript>> {
    prop::collection::vec(subscripts(), 0..5)
}

fn formats() -> impl Strategy<Value = &'static CStr> {
    prop::sample::select(FORMATS)
}

/// Contiguous bytes of up to three axes.
fn bytes_to_cast() -> impl Strategy<Value = Layout> {
    let shape = prop::collection::vec(prop_oneof![1 => Just(0isize), 9 => 1..=6isize], 0..4);
    let kind = prop::sample::select(vec![model::Kind::C, model::Kind::Fortran, model::Kind::Nearly]);
    (shape, kind, prop_oneof![9 => Just(1isize), 1 => Just(4)]).prop_flat_map(|(shape, kind, itemsize)| {
        model::draws(shape.len()).prop_map(move |draws| Layout {
            itemsize,
            shape: shape.clone(),
            strides: Some(model::lay(kind, &shape, itemsize, &draws)),
            suboffsets: None,
            bare: false,
        })
    })
}

/// A format, and a shape that suits these bytes or nearly does.
fn targets(layout: Layout) -> impl Strategy<Value = (Layout, &'static CStr, Vec<isize>, Order)> {
    let len = layout.len();
    let factors = prop::collection::vec(1..=4isize, 0..3);
    let order = prop::sample::select(vec![Order::C, Order::Fortran]);
    (Just(layout), formats(), factors, 0..8usize, order).prop_map(move |(layout, text, mut shape, spoil, order)| {
        let size = Format::parse(text).map_or(1, |format| format.itemsize().max(1)).cast_signed();
        let known: isize = shape.iter().product();
        shape.push(len / size / known);
        if let Some(axis) = shape.get_mut(spoil) {
            *axis -= 1;
        }
        (layout, text, shape, order)
    })
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn parts_and_arrangements_have_the_items_of_the_lists((layout, shift, steps) in chains()) {
        assert_steps(&layout, shift, &steps);
    }

    #[test]
    fn items_have_the_values_of_their_format(
        layout in structures(), shift in 0..16usize, text in formats(), seed in any::<u64>(),
    ) {
        assert_items(&layout, shift, text, seed);
    }

    #[test]
    fn assignment_reads_everything_before_it_writes(
        layout in structures(),
        shift in 0..16usize,
        part in parts(),
        flips in prop::collection::vec(-3..=3 as c_int, 0..3),
        other in prop::bool::weighted(0.1),
    ) {
        assert_assigned(&layout, shift, &part, &flips, other);
    }

    #[test]
    fn one_item_fills_a_part(layout in structures(), shift in 0..16usize, text in formats(), part in parts()) {
        assert_filled(&layout, shift, text, &part);
    }

    #[test]
    fn casts_have_the_items_that_the_bytes_make(
        shift in 0..16usize, (layout, text, shape, order) in bytes_to_cast().prop_flat_map(targets),
    ) {
        assert_cast(&layout, shift, text, &shape, order);
    }

    #[test]
    fn a_part_equals_its_copy_until_an_item_changes(
        layout in structures(), shift in 0..16usize, part in parts(), seed in any::<u64>(),
    ) {
        assert_equal_to_copy(&layout, shift, &part, seed);
    }
}
