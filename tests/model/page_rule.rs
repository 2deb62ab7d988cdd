//! The page rule of `src/kernels/mod.rs`: nothing is read or written before the first item or after the last one, whatever the
//! items' size, the gaps between them, the direction and the number of items, at every instruction level.
//!
//! Each operand ends where an inaccessible page starts, or starts where one ends. Copies are compared with a loop
//! over all items, and so are the bytes between the items. All sizes and gaps are tried each time; the rest of a case
//! is drawn: other cases by PYBUFFER_SEED, more of them by PYBUFFER_ROUNDS.
#![cfg(target_os = "linux")]

use std::env;
use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr::null_mut;

use pybuffer::abi::buffer::Py_buffer;
use pybuffer::abi::object::PyObject;

use crate::common::capi::{
    self, Py_DecRef, PyBuffer_FromContiguous, PyBuffer_ToContiguous, PyBytes_AsString, PyBytes_FromStringAndSize,
    PyBytes_Size, PyMemoryView_FromBuffer, PyObject_CopyData, PyObject_Hash, PyObject_RichCompareBool,
    pybuffer_memoryview_equal, pybuffer_memoryview_from_double, pybuffer_memoryview_from_int64,
    pybuffer_memoryview_hex, pybuffer_memoryview_to_double, pybuffer_memoryview_to_int64,
};
use crate::common::levels;
use crate::common::random::Random;
use crate::support::guarded::Guarded;

/// `PyObject_RichCompareBool`'s operator.
const EQ: c_int = 2;

/// The most bytes between items, which is more than are ever read with them.
const GAPS: usize = 288;

/// The most bytes of an operand.
const ROOM: usize = 1 << 21;

/// Bytes around the items that are checked, too, where they can be accessed.
const BESIDE: usize = 64;

/// Whether this process has one level, so that its tests run once for each. The process that starts the others runs none.
fn at_a_level() -> bool {
    env::var_os("PYBUFFER_CPU").is_some()
}

/// How often each test makes its cases, and the numbers for them.
fn rounds(test: u64) -> impl Iterator<Item = Random> {
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (seed, rounds) = (number("PYBUFFER_SEED").unwrap_or(0), number("PYBUFFER_ROUNDS").unwrap_or(1));
    (0..if at_a_level() { rounds } else { 0 }).map(move |round| Random((seed + round) << 8 | test))
}

/// Where the items of a view are.
#[derive(Clone, Debug)]
struct Layout {
    size: usize,
    shape: Vec<isize>,
    strides: Vec<isize>,
}

impl Layout {
    fn line(size: usize, count: usize, stride: isize) -> Self {
        Self { size, shape: vec![count.cast_signed()], strides: vec![stride] }
    }

    /// C-contiguous items.
    fn contiguous(size: usize, shape: &[isize]) -> Self {
        let mut step = size.cast_signed();
        let mut strides = vec![0; shape.len()];
        for (stride, len) in strides.iter_mut().zip(shape).rev() {
            (*stride, step) = (step, step * len);
        }
        Self { size, shape: shape.to_vec(), strides }
    }

    fn bytes(&self) -> usize {
        self.size * self.shape.iter().product::<isize>().unsigned_abs()
    }

    /// How far the item at index 0 is after the first byte, and all bytes from the first to the last.
    fn reach(&self) -> (usize, usize) {
        let steps = || self.shape.iter().zip(&self.strides).map(|(len, stride)| (len - 1) * stride);
        let below: isize = steps().filter(|step| *step < 0).sum();
        let above: isize = steps().filter(|step| *step > 0).sum();
        (below.unsigned_abs(), (above - below).unsigned_abs() + self.size)
    }

    /// Where each item is, from the item at index 0, in index order.
    fn places(&self) -> Vec<isize> {
        let mut places = vec![0];
        for (len, stride) in self.shape.iter().zip(&self.strides) {
            places = places.iter().flat_map(|place| (0..*len).map(move |at| place + at * stride)).collect();
        }
        places
    }
}

/// Memory for one operand, between pages that cannot be accessed.
struct Room {
    memory: Guarded,
    /// Bytes to fill it with.
    pattern: Vec<u8>,
}

/// Items in it.
#[derive(Clone, Debug)]
struct Placed {
    layout: Layout,
    /// Where the first byte is, and the item at index 0.
    start: usize,
    origin: usize,
    span: usize,
}

impl Room {
    fn new(seed: u64) -> Self {
        Self { memory: Guarded::new(ROOM), pattern: Random(seed).bytes(ROOM + 64) }
    }

    /// Puts items at the start of the memory, or at its end, and fills what is there.
    fn place(&mut self, layout: Layout, random: &mut Random) -> Placed {
        let (below, span) = layout.reach();
        assert!(span <= ROOM, "{layout:?}");
        let start = if random.below(2) == 0 { 0 } else { ROOM - span };
        let placed = Placed { layout, start, origin: start + below, span };
        let other = random.below(64);
        let around = placed.around();
        let from = &self.pattern[other..][around.clone()];
        self.memory.bytes()[around].copy_from_slice(from);
        placed
    }

    fn start(&mut self, placed: &Placed) -> *mut u8 {
        self.memory.bytes().as_mut_ptr().wrapping_add(placed.origin)
    }

    fn item(&mut self, placed: &Placed, place: isize) -> &mut [u8] {
        &mut self.memory.bytes()[placed.at(place)..][..placed.layout.size]
    }

    /// Calls `act` with a view of the items.
    fn with_info<R>(&mut self, placed: &Placed, format: Option<&CStr>, act: impl FnOnce(&Py_buffer) -> R) -> R {
        let Layout { size, mut shape, mut strides } = placed.layout.clone();
        act(&Py_buffer {
            buf: self.start(placed).cast(),
            obj: null_mut(),
            len: placed.layout.bytes().cast_signed(),
            itemsize: size.cast_signed(),
            readonly: 0,
            ndim: shape.len() as c_int,
            format: format.map_or(null_mut(), |format| format.as_ptr().cast_mut()),
            shape: shape.as_mut_ptr(),
            strides: strides.as_mut_ptr(),
            suboffsets: null_mut(),
            internal: null_mut(),
        })
    }

    /// Runs a function with a memoryview of placed items; a read-only one has a hash.
    fn with_view<R>(
        &mut self,
        placed: &Placed,
        format: Option<&CStr>,
        readonly: bool,
        act: impl FnOnce(*mut PyObject) -> R,
    ) -> R {
        self.with_info(placed, format, |info| {
            let info = Py_buffer { readonly: readonly.into(), ..*info };
            // SAFETY: a consistent view; memory and format outlive it, the arrays are copied; its reference is ours.
            unsafe {
                let view = PyMemoryView_FromBuffer(&raw const info);
                assert!(!view.is_null(), "{placed:?}");
                let result = act(view);
                Py_DecRef(view);
                result
            }
        })
    }
}

impl Placed {
    fn at(&self, place: isize) -> usize {
        self.origin.wrapping_add_signed(place)
    }

    /// The bytes that are checked.
    fn around(&self) -> std::ops::Range<usize> {
        self.start.saturating_sub(BESIDE)..(self.start + self.span + BESIDE).min(ROOM)
    }
}

/// Copies, and compares with a loop.
fn copy(rooms: &mut [Room; 2], src: Layout, dst: Layout, random: &mut Random) {
    let [from, to] = rooms;
    let (src, dst) = (from.place(src, random), to.place(dst, random));
    let (before, around) = (from.memory.bytes()[src.around()].to_vec(), dst.around());
    let mut expected = to.memory.bytes()[around.clone()].to_vec();
    let size = src.layout.size;
    for (x, y) in src.layout.places().into_iter().zip(dst.layout.places()) {
        let (x, y) = (src.at(x) - src.around().start, dst.at(y) - around.start);
        expected[y..y + size].copy_from_slice(&before[x..x + size]);
    }
    let is_contiguous =
        |placed: &Placed| placed.layout.strides == Layout::contiguous(size, &placed.layout.shape).strides;
    let (len, order) = (src.layout.bytes().cast_signed(), b'C' as c_char);
    let (source, target) = (from.start(&src), to.start(&dst));
    // SAFETY: the views are of open memory, and what is contiguous has as many bytes.
    let done = unsafe {
        if is_contiguous(&dst) {
            from.with_info(&src, None, |view| PyBuffer_ToContiguous(target.cast(), view, len, order))
        } else if is_contiguous(&src) {
            to.with_info(&dst, None, |view| PyBuffer_FromContiguous(view, source.cast(), len, order))
        } else {
            let format = CString::new(format!("{size}s")).expect("no NUL");
            from.with_view(&src, Some(&format), false, |source| {
                to.with_view(&dst, Some(&format), false, |target| PyObject_CopyData(target, source))
            })
        }
    };
    assert_eq!(done, 0, "{src:?} {dst:?}");
    assert!(to.memory.bytes()[around] == expected, "{src:?} {dst:?}");
    assert!(from.memory.bytes()[src.around()] == before, "the source has changed: {src:?} {dst:?}");
}

/// How many items: a few, more, or more than any threshold.
fn items(random: &mut Random) -> usize {
    match random.below(5) {
        0 | 1 => 1 + random.below(40),
        2 => 40 + random.below(985),
        _ => 1025 + random.below(300),
    }
}

fn sign(random: &mut Random) -> isize {
    if random.below(2) == 0 { 1 } else { -1 }
}

fn rooms() -> [Room; 2] {
    [Room::new(1), Room::new(2)]
}

/// All sizes of items and gaps; which operand has the gap, or both.
#[test]
fn lines_are_copied() {
    let mut rooms = rooms();
    for mut random in rounds(1) {
        for size in 1..49 {
            for gap in 1..GAPS + 1 {
                let random = &mut random;
                let (count, step) = (items(random), (size + gap).cast_signed() * sign(random));
                let line = Layout::line(size, count, step);
                let contiguous = Layout::line(size, count, size.cast_signed());
                // In the other direction, by steps of items, or by any.
                let steps = size * (1 + random.below(8));
                let other = [size, steps, size + random.below(GAPS)][random.below(3)].cast_signed();
                let other = Layout::line(size, count, other * if random.below(3) == 0 { 1 } else { -1 });
                let (src, dst) = match random.below(6) {
                    0 | 1 => (line, contiguous),
                    2 | 3 => (contiguous, line),
                    4 => (line, other),
                    _ => (other, line),
                };
                copy(&mut rooms, src, dst, random);
            }
        }
    }
}

/// Two axes in any order, with gaps between the items, between the rows, or none: transposes, channels, rows.
#[test]
fn planes_are_copied() {
    let mut rooms = rooms();
    for mut random in rounds(2) {
        for size in 1..49_usize {
            for _ in 0..60 {
                let random = &mut random;
                let side = |random: &mut Random| match random.below(4) {
                    0 => 1 + random.below(5),
                    1 => 1 + random.below(40),
                    2 => 64 / size + random.below(3),
                    _ => 41 + random.below(200),
                };
                let mut shape = [side(random).max(1), side(random).max(1)];
                while shape[0] * shape[1] * (size + 80) > ROOM / 2 {
                    shape = shape.map(|len| len.div_ceil(2));
                }
                if random.below(5) == 0 {
                    // More than L1 holds, in lines without gaps.
                    shape = [64 + random.below(130), 64 + random.below(130)];
                }
                let shape = shape.map(usize::cast_signed);
                let mut layout = |transposed: bool| {
                    let item_gap = if random.below(3) == 0 { random.below(80) } else { 0 };
                    let item = if shape[0] * shape[1] > 10_000 { size } else { size + item_gap }.cast_signed();
                    let (inner, outer) = if transposed { (0, 1) } else { (1, 0) };
                    let row_gap = if random.below(2) == 0 { random.below(GAPS + 1) } else { 0 };
                    let mut strides = vec![0; 2];
                    strides[inner] = item * if random.below(4) == 0 { -1 } else { 1 };
                    strides[outer] =
                        (item * shape[inner] + row_gap.cast_signed()) * if random.below(4) == 0 { -1 } else { 1 };
                    Layout { size, shape: shape.to_vec(), strides }
                };
                let (one, other) = (layout(true), layout(false));
                let (one, other) = match random.below(4) {
                    0 => (one, Layout::contiguous(size, &shape)),
                    1 => (Layout::contiguous(size, &shape), one),
                    2 => (other, one),
                    _ => (one, other),
                };
                copy(&mut rooms, one, other, random);
            }
        }
    }
}

/// Formats by the size of their items.
const FORMATS: [&CStr; 14] =
    [c"B", c"?", c"h", c"i", c"f", c"q", c"d", c">h", c">i", c">d", c"3s", c"12s", c"<ihd", c"<d3x"];

fn size_of(format: &CStr) -> usize {
    // SAFETY: a C string.
    unsafe { capi::PyBuffer_SizeFromFormat(format.as_ptr()) }.unsigned_abs()
}

/// Two lines that are equal, and then are not.
#[test]
fn lines_are_compared() {
    let [mut left, mut right] = rooms();
    for mut random in rounds(3) {
        for format in FORMATS {
            let size = size_of(format);
            for gap in 0..GAPS {
                let random = &mut random;
                let many = if random.below(2) == 0 { (1 << 13) / size } else { 0 };
                let count =
                    many.min(5000) + if random.below(3) == 0 { 1 + random.below(600) } else { 1 + random.below(40) };
                let one = (size + gap).cast_signed() * sign(random);
                let other = [one, -one, size.cast_signed(), (size + random.below(GAPS)).cast_signed()][random.below(4)];
                let x = left.place(Layout::line(size, count, one), random);
                let y = right.place(Layout::line(size, count, other), random);
                for (from, to) in x.layout.places().into_iter().zip(y.layout.places()) {
                    let item = left.item(&x, from);
                    // No NaN, and truth that is 1.
                    item.iter_mut().for_each(|byte| *byte &= if format == c"?" { 1 } else { 0x3f });
                    let item = item.to_vec();
                    right.item(&y, to).copy_from_slice(&item);
                }
                let mut compare = |right: &mut Room| {
                    left.with_view(&x, Some(format), false, |a| {
                        right.with_view(&y, Some(format), false, |b| {
                            // SAFETY: two memoryviews.
                            unsafe { [pybuffer_memoryview_equal(a, b), PyObject_RichCompareBool(a, b, EQ)] }
                        })
                    })
                };
                assert_eq!(compare(&mut right), [1, 1], "{format:?} {x:?} {y:?}");
                let place = y.layout.places()[[0, count - 1, random.below(count)][random.below(3)]];
                right.item(&y, place)[0] ^= 1;
                assert_eq!(compare(&mut right), [0, 0], "{format:?} {x:?} {y:?}");
            }
        }
    }
}

/// Numbers from an array to items and back.
#[test]
fn lines_of_numbers_are_converted() {
    let [mut items_room, mut array] = rooms();
    for mut random in rounds(4) {
        for format in [c"B", c"b", c"H", c"i", c"q", c"f", c"d", c">h", c">I", c">q", c">d", c"e"] {
            let size = size_of(format);
            for gap in 0..GAPS {
                let random = &mut random;
                let count = items(random);
                let step = (size + gap).cast_signed() * sign(random);
                let line = items_room.place(Layout::line(size, count, step), random);
                let numbers = array.place(Layout::line(8, count, 8), random);
                let double = random.below(2) == 0;
                let number = |at: usize| (at * 7 % 100) as u8;
                let fill = |array: &mut Room| {
                    for at in 0..count {
                        let bytes = if double {
                            f64::from(number(at)).to_ne_bytes()
                        } else {
                            i64::from(number(at)).to_ne_bytes()
                        };
                        array.item(&numbers, at.cast_signed() * 8).copy_from_slice(&bytes);
                    }
                    array.memory.bytes()[numbers.around()].to_vec()
                };
                let all = fill(&mut array);
                let before = items_room.memory.bytes()[line.around()].to_vec();
                let start = array.start(&numbers);
                let mut convert = |back: bool| {
                    items_room.with_view(&line, Some(format), false, |view| {
                        let len = count.cast_signed();
                        // SAFETY: a memoryview, and an array of as many numbers.
                        unsafe {
                            match (double, back) {
                                (true, false) => pybuffer_memoryview_from_double(view, start.cast(), len),
                                (true, true) => pybuffer_memoryview_to_double(view, start.cast(), len),
                                (false, false) => pybuffer_memoryview_from_int64(view, start.cast(), len),
                                (false, true) => pybuffer_memoryview_to_int64(view, start.cast(), len),
                            }
                        }
                    })
                };
                assert_eq!(convert(false), 0, "{format:?} {line:?}");
                array.memory.bytes()[numbers.start..][..numbers.span].fill(0xee);
                assert_eq!(convert(true), 0, "{format:?} {line:?}");
                assert!(array.memory.bytes()[numbers.around()] == all, "there and back: {format:?} {line:?}");
                // Between the items nothing has changed.
                let mut after = items_room.memory.bytes()[line.around()].to_vec();
                for place in line.layout.places() {
                    let at = line.at(place) - line.around().start;
                    after[at..at + size].copy_from_slice(&before[at..at + size]);
                }
                assert!(after == before, "between items: {format:?} {line:?}");
            }
        }
    }
}

/// Bytes with steps: their hash, and their digits.
#[test]
fn lines_are_hashed_and_written_as_digits() {
    let [mut room, _] = rooms();
    for mut random in rounds(5) {
        for gap in 0..GAPS {
            for size in [1, 1 + random.below(48)] {
                let random = &mut random;
                let most = [40, 1200, 4100, 8000][random.below(4)] / size;
                let count = most.max(30).min(ROOM / (size + gap)) - random.below(20);
                let step = (size + gap).cast_signed() * sign(random);
                // Rows of bytes.
                let shape = vec![count.cast_signed(), size.cast_signed()];
                let line = room.place(Layout { size: 1, shape, strides: vec![step, 1] }, random);
                let content: Vec<u8> =
                    line.layout.places().iter().map(|place| room.memory.bytes()[line.at(*place)]).collect();
                room.with_view(&line, None, true, |view| {
                    // SAFETY: a memoryview; the bytes objects are ours.
                    unsafe {
                        let same = PyBytes_FromStringAndSize(content.as_ptr().cast(), content.len().cast_signed());
                        assert_eq!(PyObject_Hash(view), PyObject_Hash(same), "{line:?}");
                        Py_DecRef(same);
                        let group = [0, 1, 3, 4, 9, 16, 300][random.below(7)];
                        let text = pybuffer_memoryview_hex(view, b':'.into(), group);
                        let bytes = std::slice::from_raw_parts(
                            PyBytes_AsString(text).cast::<u8>(),
                            PyBytes_Size(text).unsigned_abs(),
                        );
                        assert!(bytes == digits(&content, group.unsigned_abs()), "groups of {group}: {line:?}");
                        Py_DecRef(text);
                    }
                });
            }
        }
    }
}

/// `bytes.hex` with groups counted from the end.
fn digits(bytes: &[u8], group: usize) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Vec::with_capacity(3 * bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if at != 0 && group != 0 && (bytes.len() - at).is_multiple_of(group) {
            text.push(b':');
        }
        text.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
    text
}

/// Copies with non-temporal stores, with gaps.
#[test]
fn large_lines_are_copied() {
    for mut random in rounds(6) {
        for _ in 0..2 {
            let size = [1_usize, 2, 4, 8, 16, 3, 12, 5][random.below(8)];
            let count = (17 << 20) / size + random.below(100);
            let gap = [0, size, 2 * size, 1, 8][random.below(5)];
            let step = (size + gap).cast_signed() * sign(&mut random);
            let (spread, packed) = (Layout::line(size, count, step), Layout::line(size, count, size.cast_signed()));
            let (src, dst) = if random.below(2) == 0 { (spread, packed) } else { (packed, spread) };
            let mut guarded = [&src, &dst].map(|layout| {
                let (below, span) = layout.reach();
                let mut memory = Guarded::new(span);
                memory.fill(size);
                let start = memory.place(span, &mut random);
                (memory, start + below)
            });
            let [(from, x), (to, y)] = &mut guarded;
            let view = |layout: &mut Layout, start: *mut u8| Py_buffer {
                buf: start.cast(),
                obj: null_mut(),
                len: (size * count).cast_signed(),
                itemsize: size.cast_signed(),
                readonly: 0,
                ndim: 1,
                format: null_mut(),
                shape: layout.shape.as_mut_ptr(),
                strides: layout.strides.as_mut_ptr(),
                suboffsets: null_mut(),
                internal: null_mut(),
            };
            let (source, target) =
                (from.bytes().as_mut_ptr().wrapping_add(*x), to.bytes().as_mut_ptr().wrapping_add(*y));
            let (len, order) = ((size * count).cast_signed(), b'C' as c_char);
            // SAFETY: the views are of open memory, and what is contiguous has as many bytes.
            let done = unsafe {
                if dst.strides[0] == size.cast_signed() {
                    PyBuffer_ToContiguous(target.cast(), &view(&mut src.clone(), source), len, order)
                } else {
                    PyBuffer_FromContiguous(&view(&mut dst.clone(), target), source.cast(), len, order)
                }
            };
            assert_eq!(done, 0);
            for at in 0..count.cast_signed() {
                let place = |origin: usize, layout: &Layout| origin.wrapping_add_signed(at * layout.strides[0]);
                let (x, y) = (place(*x, &src), place(*y, &dst));
                if from.bytes()[x..x + size] != to.bytes()[y..y + size] {
                    assert_eq!(from.bytes()[x..x + size], to.bytes()[y..y + size], "{at} {src:?} {dst:?}");
                }
            }
        }
    }
}

/// The cases with which the rule was found to be broken: vectors of the destination that had no byte of an item.
#[test]
fn what_was_read_behind_the_source() {
    let mut rooms = rooms();
    for mut random in rounds(7) {
        for _ in 0..8 {
            copy(&mut rooms, Layout::line(32, 1500, 32), Layout::line(32, 1500, -160), &mut random);
            copy(&mut rooms, Layout::line(8, 1500, -64), Layout::line(8, 1500, 160), &mut random);
        }
    }
}

#[test]
fn at_every_level() {
    levels::run_at_every_level(module_path!());
}
