//! Numbers of memoryviews through the C functions, in real memory, compared with converting number after number.
//!
//! Each case builds an arena (see `tests/common/memory.rs`), works out byte by byte what it should hold afterwards, calls one
//! function, and compares all of it. What numbers become is worked out by `support/number.rs`; and, where it is defined
//! there, by NumPy (`numbers_oracle.py`).

use std::ffi::c_int;

use proptest::prelude::*;
use pybuffer::abi::buffer::Py_buffer;
use pybuffer::layout::Order;

use crate::common::capi::{
    pybuffer_memoryview_from_double, pybuffer_memoryview_from_float, pybuffer_memoryview_from_int64,
    pybuffer_memoryview_from_uint64, pybuffer_memoryview_to_double, pybuffer_memoryview_to_float,
    pybuffer_memoryview_to_int64, pybuffer_memoryview_to_uint64, take_error,
};
use crate::common::levels;
use crate::common::memory::{Arena, Builder, Placed, View, difference};
use crate::common::model::{Layout, config, layout, shapes};
use crate::common::numpy;
use crate::common::random::Random;
use crate::common::script;
use crate::support::number::{self, CTYPES, CType, Exact, Fault, Format, format, interesting};

/// Calls the function that fills an array of this type.
fn to_array(view: &View, array: *mut u8, count: usize, ctype: CType) -> c_int {
    let (view, count) = (view.0, count.cast_signed());
    // SAFETY: a memoryview of memory in the arena, and an array of that many numbers elsewhere in it.
    unsafe {
        match ctype {
            CType::Double => pybuffer_memoryview_to_double(view, array.cast(), count),
            CType::Float => pybuffer_memoryview_to_float(view, array.cast(), count),
            CType::Int64 => pybuffer_memoryview_to_int64(view, array.cast(), count),
            CType::Uint64 => pybuffer_memoryview_to_uint64(view, array.cast(), count),
        }
    }
}

/// Calls the function that reads an array of this type.
fn from_array(view: &View, array: *const u8, count: usize, ctype: CType) -> c_int {
    let (view, count) = (view.0, count.cast_signed());
    // SAFETY: as in `to_array`.
    unsafe {
        match ctype {
            CType::Double => pybuffer_memoryview_from_double(view, array.cast(), count),
            CType::Float => pybuffer_memoryview_from_float(view, array.cast(), count),
            CType::Int64 => pybuffer_memoryview_from_int64(view, array.cast(), count),
            CType::Uint64 => pybuffer_memoryview_from_uint64(view, array.cast(), count),
        }
    }
}

/// How many of the numbers may fail to convert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    None,
    One,
    All,
}

fn moods() -> impl Strategy<Value = Mood> {
    prop_oneof![2 => Just(Mood::None), 1 => Just(Mood::One), 1 => Just(Mood::All)]
}

/// A number that fits every type, or any number.
struct Draws {
    mood: Mood,
    wild: usize,
}

impl Draws {
    fn new(mood: Mood, count: usize, random: &mut Random) -> Self {
        Self { mood, wild: random.below(count.max(1)) }
    }

    fn number(&self, at: usize, end_of_tame: usize, random: &mut Random) -> Exact {
        match self.mood {
            Mood::One if at == self.wild => interesting(random),
            Mood::All => interesting(random),
            _ => Exact::Int(random.below(end_of_tame) as i128),
        }
    }
}

/// A view and an array in one arena.
struct Setting {
    arena: Arena,
    view: Placed,
    array: usize,
    count: usize,
}

impl Setting {
    fn new(format: &Format, layout: &Layout, shift: usize, ctype: CType) -> Self {
        let count = layout.items().unsigned_abs() * format.fields.len();
        let mut builder = Builder::default();
        let view = builder.place(layout, shift);
        let array = builder.block(count * ctype.size(), 8 * (shift % 3)).unsigned_abs();
        Self { arena: builder.finish(), view, array, count }
    }

    fn memoryview(&mut self, format: &Format) -> View {
        let info = self.arena.buffer(&mut self.view);
        View::new(&Py_buffer { format: format.text.as_ptr().cast_mut(), ..info })
    }

    /// The array's bytes, number by number.
    fn numbers(&self, ctype: CType) -> impl Iterator<Item = std::ops::Range<usize>> {
        let (array, size) = (self.array, ctype.size());
        (0..self.count).map(move |at| array + at * size..array + (at + 1) * size)
    }
}

fn assert_read(format: &Format, layout: &Layout, shift: usize, ctype: CType, mood: Mood, seed: u64) {
    let mut random = Random(seed);
    let mut setting = Setting::new(format, layout, shift, ctype);
    let draws = Draws::new(mood, setting.count, &mut random);
    let places = setting.arena.items(&setting.view, Order::C);
    let mut bytes = setting.arena.bytes();
    let mut at = 0;
    for &place in &places {
        for field in &format.fields {
            let number = draws.number(at, field.end_of_tame(), &mut random);
            // Numbers that do not fit the format are not written; the memory may hold anything.
            let _ = field.store(number, &mut bytes[place..]);
            at += 1;
        }
    }
    setting.arena.fill(&bytes);
    let mut expected = bytes.clone();
    let mut faults: Vec<Fault> = vec![];
    let numbers: Vec<_> = setting.numbers(ctype).collect();
    let values = places.iter().flat_map(|&place| format.fields.iter().map(move |field| (place, field)));
    for (range, (place, field)) in numbers.iter().zip(values) {
        match ctype.store(field.load(&bytes[place..])) {
            Ok(number) => expected[range.clone()].copy_from_slice(&number),
            Err(fault) => faults.push(fault),
        }
    }
    let view = setting.memoryview(format);
    let result = to_array(&view, setting.arena.at(setting.array.cast_signed()), setting.count, ctype);
    let actual = setting.arena.bytes();
    if faults.is_empty() {
        assert_eq!(result, 0, "{:?}", take_error());
    } else {
        assert_eq!(result, -1);
        let error = take_error();
        assert!(faults.iter().any(|fault| fault.name() == error), "{error}, not one of {faults:?}");
    }
    for range in numbers {
        let (is, should) = (&actual[range.clone()], &expected[range.clone()]);
        if !faults.is_empty() || (ctype.is_nan(is) && ctype.is_nan(should)) {
            // A failure may have written anything, but into the array only; a NaN has any payload.
            let is = is.to_vec();
            expected[range].copy_from_slice(&is);
        }
    }
    assert_eq!(difference(&setting.arena, &expected), None);
}

fn assert_written(format: &Format, layout: &Layout, shift: usize, ctype: CType, mood: Mood, seed: u64) {
    let mut random = Random(seed);
    let mut setting = Setting::new(format, layout, shift, ctype);
    let draws = Draws::new(mood, setting.count, &mut random);
    let mut bytes = setting.arena.bytes();
    let numbers: Vec<_> = setting.numbers(ctype).collect();
    let ends = format.fields.iter().map(number::Field::end_of_tame).cycle();
    for ((at, range), end) in numbers.iter().enumerate().zip(ends) {
        let number = loop {
            if let Ok(number) = ctype.store(draws.number(at, end, &mut random)) {
                break number;
            }
        };
        bytes[range.clone()].copy_from_slice(&number);
    }
    setting.arena.fill(&bytes);
    let mut expected = bytes.clone();
    let mut fault: Option<Fault> = None;
    let mut numbers = numbers.into_iter();
    for place in setting.arena.items(&setting.view, Order::C) {
        if !format.fields.is_empty() {
            expected[place..place + format.size].fill(0);
        }
        for field in &format.fields {
            let range = numbers.next().expect("a number for each value");
            let result = field.store(ctype.load(&bytes[range]), &mut expected[place..]);
            fault = fault.or(result.err());
        }
    }
    let view = setting.memoryview(format);
    let result = from_array(&view, setting.arena.at(setting.array.cast_signed()), setting.count, ctype);
    match fault {
        None => assert_eq!(result, 0, "{:?}", take_error()),
        Some(fault) => {
            assert_eq!((result, &*take_error()), (-1, fault.name()));
            expected = bytes;
        }
    }
    assert_eq!(difference(&setting.arena, &expected), None);
}

/// A format, and views with items of its size or a little more.
fn cases(shapes: impl Strategy<Value = Vec<isize>>) -> impl Strategy<Value = (Format, Layout)> {
    let slack = prop_oneof![4 => Just(0usize), 1 => 1..=9usize];
    (shapes, any::<u64>(), slack).prop_flat_map(|(shape, seed, slack)| {
        let format = format(&mut Random(seed));
        let itemsize = (format.size + slack).cast_signed();
        (Just(format), layout(shape, itemsize))
    })
}

/// Shapes with more items than are converted at a time.
fn large_shapes() -> impl Strategy<Value = Vec<isize>> {
    prop_oneof![
        prop::collection::vec(1..=1500isize, 1),
        prop::collection::vec(1..=70isize, 2),
        (1..=5isize, 1..=40isize, 1..=20isize).prop_map(|(a, b, c)| vec![a, b, c]),
        (1..=600isize, 1..=3isize).prop_map(|(a, b)| vec![a, b]),
    ]
}

fn ctypes() -> impl Strategy<Value = CType> {
    prop::sample::select(CTYPES.to_vec())
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn arrays_get_what_the_values_become(
        (format, layout) in cases(shapes()), shift in 0..16usize, ctype in ctypes(), mood in moods(), seed in any::<u64>(),
    ) {
        assert_read(&format, &layout, shift, ctype, mood, seed);
    }

    #[test]
    fn items_get_what_the_numbers_become_or_stay_as_they_are(
        (format, layout) in cases(shapes()), shift in 0..16usize, ctype in ctypes(), mood in moods(), seed in any::<u64>(),
    ) {
        assert_written(&format, &layout, shift, ctype, mood, seed);
    }
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn many_items_are_read_in_parts(
        (format, layout) in cases(large_shapes()), shift in 0..16usize, ctype in ctypes(), mood in moods(), seed in any::<u64>(),
    ) {
        assert_read(&format, &layout, shift, ctype, mood, seed);
    }

    #[test]
    fn many_items_are_written_in_parts(
        (format, layout) in cases(large_shapes()), shift in 0..16usize, ctype in ctypes(), mood in moods(), seed in any::<u64>(),
    ) {
        assert_written(&format, &layout, shift, ctype, mood, seed);
    }
}

/// Every code in both orders to and from every type, whatever the random cases have drawn, in a plane of several tiles
/// that is transposed, and in lines that are as long.
#[test]
fn every_pair_of_types_has_its_loop() {
    let mut random = Random(3118);
    let mut codes = std::collections::BTreeSet::new();
    for round in 0..4000 {
        let format = format(&mut random);
        if format.fields.len() != 1 || !codes.insert(format.text.clone()) {
            continue;
        }
        let size = format.size.cast_signed();
        for ctype in CTYPES {
            for mood in [Mood::None, Mood::One, Mood::All] {
                for (shape, strides) in [
                    (vec![19, 37], vec![size, 19 * size]),
                    (vec![19, 37], vec![37 * size, size]),
                    (vec![600], vec![-size - 1]),
                    (vec![200, 3], vec![5 * size, size]),
                ] {
                    let layout =
                        Layout { itemsize: size, shape, strides: Some(strides), suboffsets: None, bare: false };
                    assert_read(&format, &layout, round % 16, ctype, mood, random.next());
                    assert_written(&format, &layout, round % 16, ctype, mood, random.next());
                }
            }
        }
    }
    // Eighteen codes with up to six spellings.
    assert!(codes.len() > 60, "only {} formats", codes.len());
}

/// NumPy's `astype`, for numbers that both types have room for, of every native and standard format.
#[test]
fn numpy_converts_alike() {
    let Some(python) = numpy::python() else { return };
    let mut formats = std::collections::BTreeSet::new();
    for line in script::run(&python, "model/numbers_oracle.py", &["3118", "300"], String::new()).lines() {
        let words: Vec<_> = line.split(' ').collect();
        let &[format, ctype, items, numbers, direction] = words.as_slice() else { panic!("{line}") };
        let case = format!("{direction} {ctype}, {format}");
        let (mut items, mut numbers) = (script::unhex(items), script::unhex(numbers));
        let ctype = match ctype {
            "double" => CType::Double,
            "float" => CType::Float,
            "int64" => CType::Int64,
            _ => CType::Uint64,
        };
        let count = numbers.len() / ctype.size();
        let itemsize = items.len() / count;
        formats.insert(format.to_owned());
        let text = std::ffi::CString::new(format).expect("no NUL");
        let expected = (items.clone(), numbers.clone());
        if direction == "to" {
            numbers.fill(0xee)
        } else {
            items.fill(0xee)
        }
        let mut shape = [count.cast_signed()];
        let view = View::new(&Py_buffer {
            buf: items.as_mut_ptr().cast(),
            obj: std::ptr::null_mut(),
            len: items.len().cast_signed(),
            itemsize: itemsize.cast_signed(),
            readonly: 0,
            ndim: 1,
            format: text.as_ptr().cast_mut(),
            shape: shape.as_mut_ptr(),
            strides: std::ptr::null_mut(),
            suboffsets: std::ptr::null_mut(),
            internal: std::ptr::null_mut(),
        });
        let result = match direction {
            "to" => to_array(&view, numbers.as_mut_ptr(), count, ctype),
            _ => from_array(&view, numbers.as_ptr(), count, ctype),
        };
        drop(view);
        assert_eq!(result, 0, "{case}: {}", take_error());
        assert_eq!(numbers, expected.1, "{case}");
        if format.ends_with('g') {
            // After ten bytes, or before them, NumPy leaves anything.
            for (is, should) in items.chunks(itemsize).zip(expected.0.chunks(itemsize)) {
                let value = if format.starts_with(['>', '!']) { 6..16 } else { 0..10 };
                assert_eq!(is[value.clone()], should[value], "{case}");
            }
        } else {
            assert_eq!(items, expected.0, "{case}");
        }
    }
    assert!(formats.len() > 80, "only {} formats", formats.len());
}

#[test]
fn at_every_level() {
    levels::run_at_every_level(module_path!());
}
