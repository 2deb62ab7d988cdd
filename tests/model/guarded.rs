//! Comparisons, conversions, hashes and texts of items with pages that must not be touched before the first and after
//! the last, at every instruction level; with enough items for loops to run in parts, and a difference at any place.
#![cfg(target_os = "linux")]

use std::collections::HashMap;
use std::ffi::{CStr, c_int};
use std::ptr::null_mut;

use pybuffer::abi::buffer::Py_buffer;
use pybuffer::abi::object::PyObject;
use pybuffer::format::{Comparer, Value, is_of_struct};

use crate::common::capi::{
    Py_DecRef, PyBytes_AsString, PyBytes_FromStringAndSize, PyBytes_Size, PyMemoryView_FromBuffer, PyObject_Hash,
    PyObject_RichCompareBool, pybuffer_memoryview_equal, pybuffer_memoryview_from_double,
    pybuffer_memoryview_from_int64, pybuffer_memoryview_hex, pybuffer_memoryview_to_double,
    pybuffer_memoryview_to_int64, take_error,
};
use crate::common::levels;
use crate::common::random::Random;
use crate::support::compiled::Compiled;
use crate::support::guarded::Guarded;

/// `PyObject_RichCompareBool`'s operator.
const EQ: c_int = 2;

/// Around the sizes of the parts that loops work in.
const COUNTS: [usize; 20] =
    [1, 2, 15, 16, 17, 63, 64, 65, 145, 146, 147, 255, 256, 257, 511, 512, 513, 600, 1025, 2100];

/// The size from which masks and programs are prepared.
const LONG: usize = 1 << 13;

impl Compiled {
    fn pack(&self, values: &[Value<'_>]) -> Option<Vec<u8>> {
        let mut item = vec![0; self.counts.size];
        self.plan().pack(&mut item, values.iter().copied()).is_ok().then_some(item)
    }

    /// An item of small numbers.
    fn tame(&self, at: usize) -> Vec<u8> {
        let template = vec![0; self.counts.size];
        let mut values = self.values(&template);
        for (place, value) in values.iter_mut().enumerate() {
            let small = ((at + place) % 3) as u64;
            *value = match *value {
                Value::Signed(_) => Value::Signed(small.cast_signed()),
                Value::Unsigned(_) => Value::Unsigned(small),
                Value::Bool(_) => Value::Bool(small > 1),
                Value::Float(_) => Value::Float(small as f64),
                Value::Complex(..) => Value::Complex(small as f64, 1.0),
                Value::Bytes(_) => Value::Bytes(b"a"),
                Value::CodePoint(_) => Value::CodePoint(small as u32),
                Value::Address(_) => Value::Address(small),
                other => other,
            };
        }
        self.pack(&values).unwrap_or_else(|| panic!("{:?} {values:?}", self.text))
    }

    /// Which bytes of an item have no value.
    fn padding(&self) -> Vec<bool> {
        let item = vec![0; self.counts.size];
        let comparer = Comparer::new(self.plan(), self.plan());
        let flipped = |at: usize| {
            let mut other = item.clone();
            other[at] ^= 1;
            other
        };
        (0..item.len()).map(|at| comparer.equal(&item, &flipped(at))).collect()
    }
}

/// Items so many bytes apart, between inaccessible pages.
struct Items<'f> {
    memory: Guarded,
    /// The place of the first item.
    origin: usize,
    format: &'f Compiled,
    count: usize,
    stride: isize,
}

impl<'f> Items<'f> {
    fn new(format: &'f Compiled, count: usize, stride: isize, random: &mut Random) -> Self {
        let reach = (count - 1) * stride.unsigned_abs();
        let span = reach + format.counts.size;
        let mut memory = Guarded::new(span + random.below(64));
        memory.fill(random.below(1000));
        let start = memory.place(span, random);
        let origin = if stride < 0 { start + reach } else { start };
        Self { memory, origin, format, count, stride }
    }

    /// An item's bytes.
    fn item(&mut self, at: usize) -> &mut [u8] {
        let start = self.origin.wrapping_add_signed(self.stride * at.cast_signed());
        &mut self.memory.bytes()[start..start + self.format.counts.size]
    }

    /// Makes a value of an item this number, where it is a float, and the imaginary part of it, where it is complex.
    fn set(&mut self, at: usize, value: usize, number: f64) {
        let item = self.item(at).to_vec();
        let mut values = self.format.values(&item);
        match values.get_mut(value) {
            Some(value @ Value::Float(_)) => *value = Value::Float(number),
            Some(value @ Value::Complex(..)) => *value = Value::Complex(1.0, number),
            _ => return,
        }
        if let Some(packed) = self.format.pack(&values) {
            self.item(at).copy_from_slice(&packed);
        }
    }

    fn with_view<R>(&mut self, readonly: bool, act: impl FnOnce(*mut PyObject) -> R) -> R {
        let (mut shape, mut strides) = ([self.count.cast_signed()], [self.stride]);
        let size = self.format.counts.size;
        let info = Py_buffer {
            buf: self.memory.bytes().as_mut_ptr().wrapping_add(self.origin).cast(),
            obj: null_mut(),
            len: (self.count * size).cast_signed(),
            itemsize: size.cast_signed(),
            readonly: readonly.into(),
            ndim: 1,
            format: self.format.text.as_ptr().cast_mut(),
            shape: shape.as_mut_ptr(),
            strides: strides.as_mut_ptr(),
            suboffsets: null_mut(),
            internal: null_mut(),
        };
        // SAFETY: a consistent view; memory and format outlive it, the arrays are copied; its reference is ours.
        unsafe {
            let view = PyMemoryView_FromBuffer(&raw const info);
            assert!(!view.is_null(), "{:?}", self.format.text);
            let result = act(view);
            Py_DecRef(view);
            result
        }
    }
}

/// Strides of both sides: the same most often, with gaps or without, some downwards.
fn strides(sizes: [usize; 2], random: &mut Random) -> [isize; 2] {
    let largest = sizes[0].max(sizes[1]);
    let gap = random.pick(&[0, 0, 0, 1, 2, 7, largest, 60, 250]);
    let same = random.below(4) != 0;
    let mut strides =
        sizes.map(|size| (if same { largest + gap } else { size + random.pick(&[0, 3, gap]) }).cast_signed());
    match random.below(8) {
        0 => strides = strides.map(|stride| -stride),
        1 => strides[random.below(2)] *= -1,
        _ => {}
    }
    strides
}

/// Formats of both sides.
const RECORDS: [[&str; 2]; 44] = [
    ["d", "d"],
    ["f", "f"],
    ["B", "B"],
    ["h", "h"],
    ["i", "i"],
    ["q", "q"],
    ["?", "?"],
    [">d", ">d"],
    [">f", ">f"],
    [">i", ">i"],
    ["<e", "<e"],
    ["<d", ">d"],
    ["<i", ">i"],
    ["<H", ">H"],
    ["<f", ">f"],
    ["<i", "<d"],
    ["<B", "<f"],
    ["<f", "<d"],
    ["<q", "<d"],
    ["<Q", ">q"],
    ["<b", "<q"],
    ["<?", "<B"],
    ["3s", "3s"],
    ["<ihd", "<ihd"],
    ["<ihd", ">ihd"],
    [">ihd", ">ihd"],
    ["<i4xd", "<i4xd"],
    ["<i4xd", "<id"],
    ["<2xd3x", "<2xd3x"],
    ["<dd", "<dd"],
    ["<3f2x", "<3f2x"],
    ["<20dh", "<20dh"],
    ["<20fh", "<20dh"],
    ["<16dB", "<16dB"],
    ["<17f", ">17f"],
    ["<hx2Bf5s", "<hx2Bf5s"],
    ["<iBh", "<iBh"],
    ["<iBh", "<ixBh"],
    ["<Zd?", "<Zd?"],
    ["<Zf2i", ">Zd2q"],
    ["<qd", "<dq"],
    ["<2uf", "<2uf"],
    ["<b100xd", "<b100xd"],
    ["<b300xd", "<b300xd"],
];

/// Values that equal others with other bytes, or not even themselves, or that look as if they did.
const FLOATS: [[f64; 2]; 8] = [
    [f64::NAN, f64::NAN],
    [-f64::NAN, -f64::NAN],
    [0.0, -0.0],
    [f64::INFINITY, f64::INFINITY],
    [f64::INFINITY, f64::NEG_INFINITY],
    [f64::MAX, f64::MAX],
    [-1.5, -1.5],
    [2.5, -2.5],
];

/// The same values but for one place, and padding that differs.
#[test]
fn records_are_equal_where_all_their_values_are() {
    let mut random = Random(3118);
    let mut answers: HashMap<bool, usize> = HashMap::new();
    for case in 0..RECORDS.len() * 40 {
        let [a, b] = RECORDS[case % RECORDS.len()].map(Compiled::new);
        // Few, or enough for a mask or program to pay.
        let many = LONG / a.counts.size + random.pick(&[1, 2, 16, 100, 600]);
        let count = if random.chance(50) { random.pick(&COUNTS) } else { many };
        let [a_stride, b_stride] = strides([a.counts.size, b.counts.size], &mut random);
        let mut left = Items::new(&a, count, a_stride, &mut random);
        let mut right = Items::new(&b, count, b_stride, &mut random);
        let paddings = [a.padding(), b.padding()];
        // Every third item is equal to the others.
        let samples: Vec<[Vec<u8>; 2]> = (0..3)
            .map(|at| {
                let item = a.tame(at);
                let other = b.pack(&a.values(&item)).unwrap_or_else(|| b.tame(at));
                [item, other]
            })
            .collect();
        for (at, [item, other]) in samples.iter().cycle().take(count).enumerate() {
            for (items, item, padding) in [(&mut left, item, &paddings[0]), (&mut right, other, &paddings[1])] {
                let places = items.item(at).iter_mut().zip(item).zip(padding);
                places.filter(|(_, padding)| !**padding).for_each(|((to, from), _)| *to = *from);
            }
        }
        // One item, usually near the end of a part.
        let anywhere = random.below(count);
        let place = random.pick(&[0, count / 2, count - 1, anywhere, anywhere]);
        match random.below(4) {
            0 => {}
            1 => {
                let byte = random.below(b.counts.size);
                right.item(place)[byte] ^= random.pick(&[1, 0x80, 0xff]);
            }
            _ => {
                let [x, y] = random.pick(&FLOATS);
                let values = a.values(left.item(place)).len();
                let value = random.below(values);
                left.set(place, value, x);
                right.set(place, value, y);
            }
        }
        let comparer = Comparer::new(a.plan(), b.plan());
        let expected = (0..count).all(|at| comparer.equal(left.item(at), right.item(at)));
        let answer = left.with_view(true, |x| {
            right.with_view(true, |y| {
                // SAFETY: two memoryviews.
                unsafe { [pybuffer_memoryview_equal(x, y), PyObject_RichCompareBool(x, y, EQ)] }
            })
        });
        let described = format!("{:?} {:?}: {count} items {a_stride} {b_stride} apart, {place}", a.text, b.text);
        assert_eq!(answer[0], expected.into(), "{described}");
        // Text is no format of the struct module, nor are all complex numbers.
        let known = is_of_struct(&a.text) && is_of_struct(&b.text);
        assert_eq!(answer[1], (expected && known).into(), "{described}");
        *answers.entry(expected).or_default() += 1;
    }
    assert!(answers.values().all(|&count| count > 300), "{answers:?}");
}

/// Rows of records behind pointers: what a column has before it does not move the pointers.
#[test]
fn records_behind_pointers_are_equal_where_all_their_values_are() {
    let mut random = Random(60);
    for [a, b] in RECORDS {
        for equal in [true, false] {
            let formats = [a, b].map(Compiled::new);
            let (rows, count) = (3_usize, random.pick(&[1_usize, 3, 17, 600]));
            let mut sides = formats.each_ref().map(|format| {
                let stride = format.counts.size.cast_signed();
                let mut items: Vec<Items<'_>> =
                    (0..rows).map(|_| Items::new(format, count, stride, &mut random)).collect();
                for at in 0..rows * count {
                    items[at / count].item(at % count).copy_from_slice(&format.tame(at % 3));
                }
                items
            });
            if !equal {
                sides[1][rows - 1].item(count - 1).iter_mut().for_each(|byte| *byte ^= 0x55);
            }
            let comparer = Comparer::new(formats[0].plan(), formats[1].plan());
            let [left, right] = &mut sides;
            let expected = (0..rows * count)
                .all(|at| comparer.equal(left[at / count].item(at % count), right[at / count].item(at % count)));
            let views = sides.each_mut().map(|items| {
                let mut table: Vec<*mut u8> = items.iter_mut().map(|row| row.item(0).as_mut_ptr()).collect();
                let format = items[0].format;
                let size = format.counts.size.cast_signed();
                let (mut shape, mut strides) = ([rows.cast_signed(), count.cast_signed()], [8, size]);
                let mut suboffsets = [0, -1];
                let info = Py_buffer {
                    buf: table.as_mut_ptr().cast(),
                    obj: null_mut(),
                    len: size * (rows * count).cast_signed(),
                    itemsize: size,
                    readonly: 1,
                    ndim: 2,
                    format: format.text.as_ptr().cast_mut(),
                    shape: shape.as_mut_ptr(),
                    strides: strides.as_mut_ptr(),
                    suboffsets: suboffsets.as_mut_ptr(),
                    internal: null_mut(),
                };
                // SAFETY: a consistent view; its memory, kept beside it, outlives it, the arrays are copied.
                (unsafe { PyMemoryView_FromBuffer(&raw const info) }, table)
            });
            // SAFETY: two memoryviews, whose references are ours.
            unsafe {
                let answer = pybuffer_memoryview_equal(views[0].0, views[1].0);
                assert_eq!(answer, c_int::from(expected), "{a} {b}: {rows} rows of {count}");
                views.iter().for_each(|(view, _)| Py_DecRef(*view));
            }
        }
    }
}

/// Small numbers there and back, and one that does not fit, which changes nothing.
#[test]
fn numbers_are_converted() {
    let mut random = Random(57);
    for format in ["B", "b", "h", "i", "q", "Q", "e", "f", "d", "?", ">h", ">i", ">q", ">f", ">d", ">e"] {
        let format = Compiled::new(format);
        for _ in 0..40 {
            let count = if random.chance(60) { random.pick(&COUNTS) } else { LONG / format.counts.size + 17 };
            let size = format.counts.size.cast_signed();
            let stride = random.pick(&[1, 1, 2, 3, 4, -1, -2, 9]) * size + random.pick(&[0, 0, 0, 1]);
            // Some share memory: the last number wins.
            let stride = if random.chance(10) { random.pick(&[0, 1, -1]) } else { stride };
            let shared = stride.unsigned_abs() < format.counts.size;
            let mut items = Items::new(&format, count, stride, &mut random);
            let numbers = Compiled::new(if random.below(2) == 0 { "d" } else { "q" });
            let is_double = numbers.text.to_bytes() == b"d";
            let mut array = Items::new(&numbers, count, 8, &mut random);
            let small = |at: usize| (at % 2) as u64;
            for at in 0..count {
                let number = if is_double { (small(at) as f64).to_ne_bytes() } else { small(at).to_ne_bytes() };
                array.item(at).copy_from_slice(&number);
            }
            let all = array.memory.bytes().to_vec();
            let convert = |items: &mut Items<'_>, array: &mut Items<'_>, back: bool| {
                let start = array.item(0).as_mut_ptr();
                let count = count.cast_signed();
                // SAFETY: a memoryview, and an array of as many numbers.
                items.with_view(false, |view| unsafe {
                    match (is_double, back) {
                        (true, false) => pybuffer_memoryview_from_double(view, start.cast(), count),
                        (true, true) => pybuffer_memoryview_to_double(view, start.cast(), count),
                        (false, false) => pybuffer_memoryview_from_int64(view, start.cast(), count),
                        (false, true) => pybuffer_memoryview_to_int64(view, start.cast(), count),
                    }
                })
            };
            let mut expected = items.memory.bytes().to_vec();
            for at in 0..count {
                let template = vec![0; format.counts.size];
                let value = match format.values(&template)[0] {
                    Value::Signed(_) => Value::Signed(small(at).cast_signed()),
                    Value::Unsigned(_) => Value::Unsigned(small(at)),
                    Value::Bool(_) => Value::Bool(small(at) != 0),
                    _ => Value::Float(small(at) as f64),
                };
                let packed = format.pack(&[value]).expect("every type has 0 and 1");
                let start = items.origin.wrapping_add_signed(items.stride * at.cast_signed());
                expected[start..start + packed.len()].copy_from_slice(&packed);
            }
            let described = format!("{:?} {count} items {} apart, double: {is_double}", format.text, items.stride);
            assert_eq!(convert(&mut items, &mut array, false), 0, "{described}");
            assert!(items.memory.bytes() == expected, "from an array: {described}");
            assert!(array.memory.bytes() == all, "the array has changed: {described}");
            if !shared {
                array.memory.bytes().fill(0xee);
                assert_eq!(convert(&mut items, &mut array, true), 0, "{described}");
                let numbers = array.origin..array.origin + 8 * count;
                assert!(array.memory.bytes()[numbers.clone()] == all[numbers], "to an array: {described}");
                assert!(items.memory.bytes() == expected, "the items have changed: {described}");
            }
            // One that does not fit integers; all floats and truths fit.
            let anywhere = random.below(count);
            let place = random.pick(&[0, count / 2, count - 1, anywhere]);
            for at in 0..count {
                let number = if is_double { 1_f64.to_ne_bytes() } else { 1_u64.to_ne_bytes() };
                array.item(at).copy_from_slice(&number);
            }
            let wrong = if is_double { f64::NAN.to_ne_bytes() } else { i64::MIN.to_ne_bytes() };
            array.item(place).copy_from_slice(&wrong);
            let code = *format.text.to_bytes().last().expect("a code");
            let fits = b"efd?".contains(&code) || (code == b'q' && !is_double);
            assert_eq!(convert(&mut items, &mut array, false), if fits { 0 } else { -1 }, "{described} {place}");
            if !fits {
                assert_eq!(take_error(), if is_double { "ValueError" } else { "OverflowError" });
                assert!(items.memory.bytes() == expected, "a failure has changed items: {described} {place}");
            }
        }
    }
}

/// As the bytes object with the same bytes; and their digits.
#[test]
fn bytes_are_hashed_and_written_as_digits() {
    let mut random = Random(58);
    let format = Compiled::new("B");
    for _ in 0..400 {
        let count = random.pick(&[1, 2, 7, 8, 9, 100, 1023, 1024, 1025, 4095, 4096, 4097, 8200, 20_000]);
        let stride = random.pick(&[1, 1, 2, 3, 5, 63, 64, 65, -1, -2, -64]);
        let mut items = Items::new(&format, count, stride, &mut random);
        let content: Vec<u8> = (0..count).map(|at| items.item(at)[0]).collect();
        let separator = random.pick(b": ");
        let group = random.pick(&[0_isize, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 33, 255, 256, 257, 5000])
            * random.pick(&[1, -1]);
        let expected = digits(&content, separator, group);
        items.with_view(true, |view| {
            // SAFETY: a memoryview; the bytes objects are ours.
            unsafe {
                let same = PyBytes_FromStringAndSize(content.as_ptr().cast(), count.cast_signed());
                assert_eq!(PyObject_Hash(view), PyObject_Hash(same), "{count} bytes {stride} apart");
                Py_DecRef(same);
                let text = pybuffer_memoryview_hex(view, separator.into(), group);
                let start = PyBytes_AsString(text);
                assert_eq!(PyBytes_Size(text), expected.len().cast_signed());
                assert!(
                    CStr::from_ptr(start).to_bytes() == expected,
                    "{count} bytes {stride} apart, groups of {group}"
                );
                Py_DecRef(text);
            }
        });
    }
}

/// Rows that lie apart, of which the hash is that of a bytes object with the same bytes.
#[test]
fn rows_are_hashed() {
    let mut random = Random(59);
    let format = Compiled::new("B");
    for _ in 0..200 {
        let width = random.pick(&[1_usize, 3, 8, 60, 63, 64, 65, 71, 100, 255, 1000, 4099]);
        let rows = 1 + random.below(if width < 100 { 300 } else { 9 });
        let step = (width + random.pick(&[0, 1, 5, 64])).cast_signed() * random.pick(&[1, 1, -1]);
        // As items, then as rows: the last one ends where the memory does.
        let mut items = Items::new(&format, (rows - 1) * step.unsigned_abs() + width, 1, &mut random);
        let first = items.origin + if step < 0 { (rows - 1) * step.unsigned_abs() } else { 0 };
        let bytes = items.memory.bytes();
        let row = |row: usize| &bytes[first.wrapping_add_signed(step * row.cast_signed())..][..width];
        let content: Vec<u8> = (0..rows).flat_map(row).copied().collect();
        let (mut shape, mut strides) = ([rows.cast_signed(), width.cast_signed()], [step, 1]);
        let info = Py_buffer {
            buf: bytes.as_mut_ptr().wrapping_add(first).cast(),
            obj: null_mut(),
            len: content.len().cast_signed(),
            itemsize: 1,
            readonly: 1,
            ndim: 2,
            format: null_mut(),
            shape: shape.as_mut_ptr(),
            strides: strides.as_mut_ptr(),
            suboffsets: null_mut(),
            internal: null_mut(),
        };
        // SAFETY: a consistent view; its memory outlives it, the arrays are copied; the references are ours.
        unsafe {
            let view = PyMemoryView_FromBuffer(&raw const info);
            let same = PyBytes_FromStringAndSize(content.as_ptr().cast(), content.len().cast_signed());
            assert_eq!(PyObject_Hash(view), PyObject_Hash(same), "{rows} rows of {width}, {step} apart");
            Py_DecRef(view);
            Py_DecRef(same);
        }
    }
}

/// `bytes.hex`.
fn digits(bytes: &[u8], separator: u8, group: isize) -> Vec<u8> {
    let mut text = vec![];
    for (at, byte) in bytes.iter().enumerate() {
        let counted = if group > 0 { bytes.len() - at } else { at };
        if at != 0 && group != 0 && counted.is_multiple_of(group.unsigned_abs()) {
            text.push(separator);
        }
        text.extend(format!("{byte:02x}").bytes());
    }
    text
}

#[test]
fn at_every_level() {
    levels::run_at_every_level(module_path!());
}
