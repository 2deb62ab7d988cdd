//! Views of more items than any memory has, in little memory: lengths of zero, one, powers of two and primes along axes that
//! do not move. Counts, searches, comparisons and copies are compared with a model that enumerates the axes which move, and
//! multiplies in arithmetic that cannot overflow. A function that visited every item would never end.

use std::ffi::{CStr, c_int};
use std::ptr::{null, null_mut};
use std::sync::Mutex;

use proptest::prelude::*;
use pybuffer::abi::buffer::Py_buffer;
use pybuffer::abi::format::{self as kinds, pybuffer_bytes, pybuffer_value, pybuffer_value_as};
use pybuffer::abi::object::PyObject;

use crate::common::capi::{
    Py_DecRef, PyErr_Clear, PyErr_Occurred, PyMemoryView_FromBuffer, PyObject_CopyData, PyObject_RichCompareBool,
    pybuffer_memoryview_count, pybuffer_memoryview_equal, pybuffer_memoryview_fill, pybuffer_memoryview_index,
    pybuffer_memoryview_values, take_error,
};
use crate::common::model::config;

// SAFETY: the prototype of the C library.
unsafe extern "C" {
    safe fn alarm(seconds: u32) -> u32;
}

/// The running cases, in threads of their own.
static RUNNING: Mutex<u32> = Mutex::new(0);

/// A case that ends the program where a call does not end: some minutes after the last case has started, though one takes
/// milliseconds. Other tests of the program take as long as they do: while no case is run, nothing ends it.
struct Watched;

impl Watched {
    fn new() -> Self {
        let mut running = RUNNING.lock().expect("nothing panics with it");
        *running += 1;
        alarm(900);
        Self
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut running = RUNNING.lock().expect("nothing panics with it");
        *running -= 1;
        if *running == 0 {
            alarm(0);
        }
    }
}

const MOST: i128 = isize::MAX as i128;
const EQ: c_int = 2;

/// Bytes of the memory, with the item at index 0 in the middle.
const MEMORY: usize = 512;
const MIDDLE: isize = 256;

/// An axis: its length, and the steps of two views along it, in items.
#[derive(Clone, Copy, Debug)]
struct Axis {
    len: isize,
    steps: [isize; 2],
}

fn axis() -> impl Strategy<Value = Axis> {
    let powers = prop_oneof![Just(20), Just(31), Just(32), Just(33), Just(60), Just(61), Just(62)];
    let powers = powers.prop_map(|power| 1isize << power);
    let primes = prop_oneof![Just(2147483647isize), Just(4294967291), Just(2305843009213693951), Just(5), Just(7)];
    let long = prop_oneof![4 => powers, 2 => primes, 1 => Just(0isize), 3 => 1..=3isize, 1 => Just(isize::MAX),
        1 => Just(6148914691236517206)];
    let step = || prop_oneof![2 => Just(0isize), 3 => -8..=8isize];
    prop_oneof![
        3 => long.prop_map(|len| Axis { len, steps: [0, 0] }),
        4 => (1..=4isize, step(), step()).prop_map(|(len, a, b)| Axis { len, steps: [a, b] }),
    ]
}

/// Two views of one shape.
#[derive(Clone, Debug)]
struct Views {
    axes: Vec<Axis>,
    itemsize: isize,
    bytes: Vec<u8>,
}

fn views() -> impl Strategy<Value = Views> {
    // Bytes of few values, most of them the same, so that items are found, and are equal.
    let byte = prop_oneof![7 => Just(0u8), 1 => Just(1)];
    let bytes = prop_oneof![1 => Just(vec![0; MEMORY]), 3 => prop::collection::vec(byte, MEMORY)];
    let itemsize = prop_oneof![1 => Just(0isize), 2 => Just(1), 2 => Just(2)];
    (prop::collection::vec(axis(), 0..=5), itemsize, bytes).prop_map(|(axes, itemsize, bytes)| Views {
        axes,
        itemsize,
        bytes,
    })
}

/// A memoryview, whose arrays it has copied.
struct View(*mut PyObject);

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: the reference is owned.
        unsafe { Py_DecRef(self.0) };
    }
}

impl Views {
    fn format(&self) -> &'static CStr {
        match self.itemsize {
            0 => c"0s",
            1 => c"B",
            _ => c"h",
        }
    }

    fn shape(&self) -> Vec<isize> {
        self.axes.iter().map(|axis| axis.len).collect()
    }

    /// The number of items, or `None` if it is more than a view may have.
    fn items(&self) -> Option<i128> {
        if self.axes.iter().any(|axis| axis.len == 0) {
            return Some(0);
        }
        let items = self.axes.iter().fold(1i128, |items, axis| items.saturating_mul(axis.len as i128));
        Some(items).filter(|&items| items.saturating_mul(self.itemsize.max(1) as i128) <= MOST)
    }

    /// One of the two views, over this memory; `None` where there are too many items.
    fn view(&self, which: usize, memory: &mut [u8]) -> Option<View> {
        let shape = self.shape();
        let strides: Vec<isize> = self.axes.iter().map(|axis| axis.steps[which] * self.itemsize).collect();
        let items = self.items();
        let info = Py_buffer {
            buf: memory.as_mut_ptr().wrapping_offset(MIDDLE).cast(),
            len: isize::try_from(items.unwrap_or(MOST)).expect("it fits").saturating_mul(self.itemsize),
            itemsize: self.itemsize,
            readonly: 0,
            ndim: c_int::try_from(shape.len()).expect("few axes"),
            format: self.format().as_ptr().cast_mut(),
            shape: if shape.is_empty() { null::<isize>() } else { shape.as_ptr() }.cast_mut(),
            strides: if shape.is_empty() { null::<isize>() } else { strides.as_ptr() }.cast_mut(),
            obj: null_mut(),
            suboffsets: null_mut(),
            internal: null_mut(),
        };
        // SAFETY: all items lie in the memory.
        let view = unsafe { PyMemoryView_FromBuffer(&raw const info) };
        if items.is_none() {
            assert!(view.is_null());
            assert_eq!(take_error(), "BufferError");
            return None;
        }
        assert!(!view.is_null());
        Some(View(view))
    }

    /// Whether items are in another place at another index of an axis.
    fn moves(&self, axis: usize, which: usize) -> bool {
        self.itemsize != 0 && self.axes[axis].steps[which] != 0
    }

    /// The indices of axes along which one of these views moves, in C order; 0 along all others.
    fn indices(&self, which: &[usize]) -> Vec<Vec<isize>> {
        let mut tuples = vec![vec![]];
        for (at, axis) in self.axes.iter().enumerate() {
            let len = if which.iter().any(|&which| self.moves(at, which)) { axis.len } else { axis.len.min(1) };
            tuples = tuples.iter().flat_map(|head| (0..len).map(move |at| [head.as_slice(), &[at]].concat())).collect();
        }
        tuples
    }

    fn place(&self, which: usize, index: &[isize]) -> usize {
        let steps: isize = self.axes.iter().zip(index).map(|(axis, &at)| axis.steps[which] * at).sum();
        usize::try_from(MIDDLE + steps * self.itemsize).expect("it is in the memory")
    }

    fn item<'m>(&self, memory: &'m [u8], which: usize, index: &[isize]) -> &'m [u8] {
        let at = self.place(which, index);
        &memory[at..at + self.itemsize.unsigned_abs()]
    }

    fn value(&self, item: &[u8]) -> pybuffer_value {
        match *item {
            [] => pybuffer_value {
                kind: kinds::PYBUFFER_KIND_BYTES,
                r#as: pybuffer_value_as { bytes: pybuffer_bytes { start: c"".as_ptr(), length: 0 } },
            },
            [byte] => integer(byte.into()),
            [first, second, ..] => integer(i16::from_ne_bytes([first, second]).into()),
        }
    }

    /// The first number from `start` on of an item with this index along the axes that move, and any along the others.
    fn first_from(&self, index: &[isize], start: i128) -> Option<i128> {
        let count = self.axes.len();
        let mut weights = vec![1i128; count + 1];
        (0..count).rev().for_each(|axis| weights[axis] = weights[axis + 1] * self.axes[axis].len as i128);
        let digit = |axis: usize| start / weights[axis + 1] % self.axes[axis].len as i128;
        let fixed = |axis: usize| self.moves(axis, 0).then_some(index[axis] as i128);
        if start >= weights[0] {
            return None;
        }
        // As `start` for as long as possible, then one index more, then all as small as possible.
        for same in (0..=count).rev() {
            if (0..same).any(|axis| fixed(axis).is_some_and(|fixed| fixed != digit(axis))) {
                continue;
            }
            let mut number: i128 = (0..same).map(|axis| digit(axis) * weights[axis + 1]).sum();
            if same < count {
                let more = fixed(same).unwrap_or(digit(same) + 1);
                if more <= digit(same) || more >= self.axes[same].len as i128 {
                    continue;
                }
                number += more * weights[same + 1];
            }
            return Some(
                number + (same + 1..count).map(|axis| fixed(axis).unwrap_or(0) * weights[axis + 1]).sum::<i128>(),
            );
        }
        None
    }
}

fn integer(number: i64) -> pybuffer_value {
    pybuffer_value { kind: kinds::PYBUFFER_KIND_SIGNED, r#as: pybuffer_value_as { i: number } }
}

fn assert_found(views: &Views, bounds: &[(i128, i128)], chosen: usize) {
    let mut memory = views.bytes.clone();
    let Some(view) = views.view(0, &mut memory) else { return };
    let items = views.items().expect("there is a view");
    let moving = views.indices(&[0]);
    let still = (0..views.axes.len()).filter(|&axis| !views.moves(axis, 0));
    let times = if items == 0 { 0 } else { still.map(|axis| views.axes[axis].len as i128).product() };
    let some = vec![1; views.itemsize.unsigned_abs()];
    let wanted = moving.get(chosen % moving.len().max(1)).map_or(some, |at| views.item(&memory, 0, at).to_vec());
    let value = views.value(&wanted);
    let matching: Vec<_> = moving.iter().filter(|at| views.item(&views.bytes, 0, at) == wanted).collect();
    // SAFETY: a memoryview, and one value.
    unsafe {
        let count = pybuffer_memoryview_count(view.0, &raw const value, 1);
        assert_eq!(count as i128, matching.len() as i128 * times);
    }
    for &(start, stop) in bounds {
        let clip = |bound: i128| if bound < 0 { bound + items } else { bound }.clamp(0, items);
        let places = matching.iter().filter_map(|at| views.first_from(at, clip(start)));
        let expected = if items == 0 { None } else { places.min().filter(|&place| place < clip(stop)) };
        let [start, stop] = [start, stop].map(|bound| isize::try_from(bound).expect("it fits"));
        // SAFETY: a memoryview, and one value.
        let found = unsafe { pybuffer_memoryview_index(view.0, &raw const value, 1, start, stop) };
        if found == -1 {
            assert_eq!(take_error(), if views.axes.is_empty() { "TypeError" } else { "ValueError" });
        }
        let expected = if views.axes.is_empty() { None } else { expected };
        assert_eq!(found as i128, expected.unwrap_or(-1), "[{start}:{stop}]");
    }
}

fn assert_equal(views: &Views) {
    let mut memory = views.bytes.clone();
    let (Some(a), Some(b)) = (views.view(0, &mut memory), views.view(1, &mut memory)) else { return };
    let both = views.indices(&[0, 1]);
    let expected = both.iter().all(|at| views.item(&memory, 0, at) == views.item(&memory, 1, at));
    // SAFETY: memoryviews.
    unsafe {
        for (a, b) in [(&a, &b), (&b, &a)] {
            assert_eq!(pybuffer_memoryview_equal(a.0, b.0), expected.into());
            assert_eq!(PyObject_RichCompareBool(a.0, b.0, EQ), expected.into());
            assert_eq!(pybuffer_memoryview_equal(a.0, a.0), 1);
        }
    }
}

fn assert_copied(views: &Views, apart: bool) {
    let mut from = views.bytes.clone();
    let mut to: Vec<u8> = (0..MEMORY).map(|at| at as u8 | 0x80).collect();
    let target = if apart { &mut to } else { &mut from };
    let mut expected = target.clone();
    // Along axes that move neither view, every index is the last one.
    for index in views.indices(&[0, 1]) {
        let at = views.place(1, &index);
        expected[at..at + views.itemsize.unsigned_abs()].copy_from_slice(views.item(&views.bytes, 0, &index));
    }
    let Some(dst) = views.view(1, target) else { return };
    let target = target.as_ptr();
    let Some(src) = views.view(0, &mut from) else { return };
    // SAFETY: memoryviews; the memory is as large as the copy of it.
    unsafe {
        assert_eq!(PyObject_CopyData(dst.0, src.0), 0);
        assert_eq!(std::slice::from_raw_parts(target, MEMORY), expected);
        let value = views.value(&vec![5; views.itemsize.unsigned_abs()]);
        assert_eq!(pybuffer_memoryview_fill(dst.0, null(), 0, &raw const value, 1), 0);
        for index in views.indices(&[1]) {
            let at = views.place(1, &index);
            expected[at..at + views.itemsize.unsigned_abs()].fill(5);
        }
        assert_eq!(std::slice::from_raw_parts(target, MEMORY), expected);
        // All values, where they are few.
        let items = views.items().expect("there is a view");
        let mut values = [integer(0); 300];
        let room = isize::try_from(items.min(300)).expect("it fits");
        let done = pybuffer_memoryview_values(dst.0, values.as_mut_ptr(), room);
        assert_eq!(done == 0, items <= 300);
        assert_eq!(PyErr_Occurred().is_null(), done == 0);
        PyErr_Clear();
    }
}

/// Bounds of a search: small ones, large ones, and around products of lengths.
fn bounds() -> impl Strategy<Value = Vec<(i128, i128)>> {
    let bound = || {
        prop_oneof![
            3 => -9..=9i128,
            2 => (0..63u32, -2..=2i128).prop_map(|(power, off)| ((1i128 << power) + off).min(MOST)),
            2 => (0..63u32, -2..=2i128).prop_map(|(power, off)| (-(1i128 << power) + off).max(-MOST)),
            1 => any::<i64>().prop_map(i128::from),
            1 => Just(MOST), 1 => Just(isize::MIN as i128),
        ]
    };
    prop::collection::vec((bound(), bound()), 1..8)
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn items_are_found_as_often_as_they_are_there(views in views(), bounds in bounds(), chosen in any::<usize>()) {
        let _watched = Watched::new();
        assert_found(&views, &bounds, chosen);
    }

    #[test]
    fn views_are_equal_where_all_pairs_are(views in views()) {
        let _watched = Watched::new();
        assert_equal(&views);
    }

    #[test]
    fn copies_leave_the_last_of_what_shares_memory(views in views(), apart in any::<bool>()) {
        let _watched = Watched::new();
        assert_copied(&views, apart);
    }
}
