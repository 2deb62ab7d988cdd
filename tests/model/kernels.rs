//! The kernels of strided copies, at every instruction level, with inaccessible pages on both sides of the memory that
//! is read and of what is written.
//!
//! Every copy is compared, byte by byte of the whole mapping, with copying item after item.
#![cfg(target_os = "linux")]

use std::ffi::c_char;
use std::ptr::null_mut;

use pybuffer::abi::buffer::Py_buffer;

use crate::common::capi::{PyBuffer_FromContiguous, PyBuffer_ToContiguous};
use crate::common::levels;
use crate::common::model::enough;
use crate::common::random::Random;
use crate::support::guarded::{Guarded, PAGE};

/// A strided structure.
#[derive(Clone, Debug)]
struct Layout {
    itemsize: usize,
    shape: Vec<isize>,
    strides: Vec<isize>,
}

impl Layout {
    fn items(&self) -> usize {
        self.shape.iter().product::<isize>().unsigned_abs()
    }

    /// The first byte and one past the last, from the item at index 0.
    fn extent(&self) -> (isize, isize) {
        let reach = || self.shape.iter().zip(&self.strides).map(|(&len, &stride)| (len - 1) * stride);
        let low: isize = reach().map(|reach| reach.min(0)).sum();
        let high: isize = reach().map(|reach| reach.max(0)).sum();
        (low, high + self.itemsize.cast_signed())
    }

    /// Calls `act` with the place of each item, in C or Fortran order.
    fn each(&self, fortran: bool, mut act: impl FnMut(isize)) {
        let axes: Vec<usize> =
            if fortran { (0..self.shape.len()).collect() } else { (0..self.shape.len()).rev().collect() };
        let mut index = vec![0; self.shape.len()];
        let mut place = 0;
        for _ in 0..self.items() {
            act(place);
            for &axis in &axes {
                index[axis] += 1;
                place += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                place -= self.shape[axis] * self.strides[axis];
                index[axis] = 0;
            }
        }
    }
}

/// Copies to and from contiguous memory, each between guard pages.
fn check(layout: &Layout, fortran: bool, random: &mut Random) {
    check_aligned(1, layout, fortran, random);
}

/// The same at addresses of so many bytes' alignment, a power of two.
fn check_aligned(alignment: usize, layout: &Layout, fortran: bool, random: &mut Random) {
    let (low, high) = layout.extent();
    let (span, len) = ((high - low).unsigned_abs(), layout.items() * layout.itemsize);
    let room = random.below(64);
    let (mut strided, mut packed) = (Guarded::new(span + room), Guarded::new(len + room));
    let (strided_at, packed_at) =
        (strided.place(span, random) & !(alignment - 1), packed.place(len, random) & !(alignment - 1));
    let origin = (strided_at.cast_signed() - low).unsigned_abs();
    strided.fill(1);
    packed.fill(77);
    let order = if fortran { b'F' } else { b'C' } as c_char;
    let (mut shape, mut strides) = (layout.shape.clone(), layout.strides.clone());
    let mut view = |memory: &mut Guarded| Py_buffer {
        buf: memory.bytes().as_mut_ptr().wrapping_add(origin).cast(),
        obj: null_mut(),
        len: len.cast_signed(),
        itemsize: layout.itemsize.cast_signed(),
        readonly: 0,
        ndim: i32::try_from(layout.shape.len()).expect("few axes"),
        format: null_mut(),
        shape: shape.as_mut_ptr(),
        strides: strides.as_mut_ptr(),
        suboffsets: null_mut(),
        internal: null_mut(),
    };
    let size = layout.itemsize;
    let at = |place: isize| origin.wrapping_add_signed(place);

    let before = strided.bytes().to_vec();
    let mut expected = packed.bytes().to_vec();
    let mut to = packed_at;
    layout.each(fortran, |place| {
        expected[to..to + size].copy_from_slice(&before[at(place)..at(place) + size]);
        to += size;
    });
    let target = packed.bytes().as_mut_ptr().wrapping_add(packed_at);
    // SAFETY: the view is one of the mapping, and the target has as many bytes.
    assert_eq!(unsafe { PyBuffer_ToContiguous(target.cast(), &view(&mut strided), len.cast_signed(), order) }, 0);
    assert!(packed.bytes() == expected, "to contiguous: {layout:?}, Fortran: {fortran}");
    assert!(strided.bytes() == before, "the source of {layout:?} has changed");

    packed.fill(1234);
    let before = packed.bytes().to_vec();
    let mut expected = strided.bytes().to_vec();
    let mut from = packed_at;
    layout.each(fortran, |place| {
        expected[at(place)..at(place) + size].copy_from_slice(&before[from..from + size]);
        from += size;
    });
    let source = packed.bytes().as_mut_ptr().wrapping_add(packed_at);
    // SAFETY: as above.
    assert_eq!(unsafe { PyBuffer_FromContiguous(&view(&mut strided), source.cast(), len.cast_signed(), order) }, 0);
    assert!(strided.bytes() == expected, "from contiguous: {layout:?}, Fortran: {fortran}");
    assert!(packed.bytes() == before, "the source for {layout:?} has changed");
}

/// Strides of memory in which the axes lie in this order, the last one fastest: each so many steps apart, with so many bytes
/// more between them, some backwards.
fn nested(itemsize: usize, shape: &[isize], order: &[usize], steps: impl Fn(usize) -> (isize, isize, bool)) -> Layout {
    let mut strides = vec![0; shape.len()];
    let mut size = itemsize.cast_signed();
    for &axis in order.iter().rev() {
        let (step, gap, flip) = steps(axis);
        let stride = size * step + gap;
        strides[axis] = if flip { -stride } else { stride };
        size = stride * shape[axis].max(1);
    }
    Layout { itemsize, shape: shape.to_vec(), strides }
}

const UNITS: [usize; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 40, 64, 100];
/// Lengths around the sides of tiles and the widths of vectors.
const LENGTHS: [isize; 20] = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 129, 300];

#[test]
fn structures_of_any_kind_are_copied() {
    let mut random = Random(3118);
    for _ in 0..enough(1500) {
        let itemsize = UNITS[random.below(UNITS.len())];
        let axes = 1 + random.below(4);
        let mut shape: Vec<isize> = (0..axes).map(|_| LENGTHS[random.below(LENGTHS.len())]).collect();
        while shape.iter().product::<isize>() * itemsize.cast_signed() > 1 << 16 {
            let longest = (0..axes).max_by_key(|&axis| shape[axis]).expect("an axis");
            shape[longest] /= 2;
        }
        let mut order: Vec<usize> = (0..axes).collect();
        for at in (1..axes).rev() {
            order.swap(at, random.below(at + 1));
        }
        let any: Vec<(isize, isize, bool)> = (0..axes)
            .map(|_| {
                let step = [1, 1, 1, 2, 3, 4][random.below(6)];
                let gap = [0, 0, 0, 0, 1, 4, 64][random.below(7)];
                (step, gap, random.below(4) == 0)
            })
            .collect();
        let layout = nested(itemsize, &shape, &order, |axis| any[axis]);
        check(&layout, random.below(2) == 0, &mut random);
    }
}

#[test]
fn transposes_of_all_sizes_around_those_of_tiles_are_copied() {
    let mut random = Random(7);
    for itemsize in [1_usize, 2, 3, 4, 6, 8, 12, 16, 24, 32] {
        let side = (64 / itemsize).max(2).cast_signed();
        for rows in [2, side - 1, side, side + 1, 2 * side, 3 * side + 2, 257] {
            for columns in [2, 3, side - 1, side, 2 * side + 1, 65, 130] {
                if rows < 1 || columns < 1 {
                    continue;
                }
                let gap = if random.below(2) == 0 { 0 } else { random.below(70).cast_signed() };
                let flips = [random.below(4) == 0, random.below(4) == 0];
                let layout = nested(itemsize, &[columns, rows], &[1, 0], |axis| {
                    (1, if axis == 1 { gap } else { 0 }, flips[axis])
                });
                check(&layout, false, &mut random);
            }
        }
    }
}

#[test]
fn lines_of_small_steps_are_copied() {
    let mut random = Random(11);
    for itemsize in [1, 2, 3, 4, 5, 6, 8, 12, 16] {
        for step in [-5_isize, -4, -3, -2, -1, 2, 3, 4, 5] {
            let items = (9000 / itemsize + random.below(200)).cast_signed();
            let layout =
                Layout { itemsize, shape: vec![items], strides: vec![step * itemsize.cast_signed() + (step & 1)] };
            // Overlapping items cannot be written; one byte more separates them.
            if layout.strides[0].unsigned_abs() >= itemsize {
                check(&layout, false, &mut random);
            }
        }
    }
}

#[test]
fn channels_are_split_and_interleaved() {
    let mut random = Random(13);
    for itemsize in [1_usize, 2, 3, 4, 8] {
        for channels in [2_isize, 3, 4, 5] {
            for pixels in [700_isize, 1920, 4099] {
                let size = itemsize.cast_signed();
                let planes = Layout { itemsize, shape: vec![channels, pixels], strides: vec![size, channels * size] };
                let backwards =
                    Layout { itemsize, shape: vec![pixels, channels], strides: vec![channels * size, -size] };
                let mirrored =
                    Layout { itemsize, shape: vec![pixels, channels], strides: vec![-channels * size, size] };
                let fewer =
                    Layout { itemsize, shape: vec![pixels, channels], strides: vec![(channels + 1) * size, size] };
                let mixed = Layout {
                    itemsize,
                    shape: vec![channels, 3, pixels],
                    strides: vec![size, channels * size * (pixels + 1), channels * size],
                };
                for layout in [planes, backwards, mirrored, fewer, mixed] {
                    check(&layout, false, &mut random);
                    check(&layout, true, &mut random);
                }
            }
        }
    }
}

#[test]
fn axes_of_two_are_copied_in_any_order() {
    let mut random = Random(17);
    for itemsize in [1, 2, 4, 8, 3, 12, 32] {
        for axes in [3, 8, 13] {
            for shuffle in 0..4 {
                let mut order: Vec<usize> = (0..axes).rev().collect();
                for at in (1..axes).rev().filter(|_| shuffle != 0) {
                    order.swap(at, random.below(at + 1));
                }
                check(&nested(itemsize, &vec![2; axes], &order, |_| (1, 0, false)), false, &mut random);
            }
        }
    }
    // The most axes.
    let shape: Vec<isize> = (0..64).map(|axis| if axis % 6 == 1 { 3 } else { 1 }).collect();
    let order: Vec<usize> = (0..64).rev().collect();
    check(&nested(1, &shape, &order, |_| (1, 0, false)), false, &mut random);
}

/// Copies with non-temporal stores, from any address.
#[test]
fn large_structures_are_copied() {
    let mut random = Random(19);
    for (itemsize, shape, order, steps) in [
        (4_usize, [2100_isize, 2048], [1_usize, 0], [1_isize, 1]),
        (8, [1024, 2100], [1, 0], [1, 1]),
        (16, [1031, 1024], [1, 0], [1, 1]),
        (2, [4096, 2048], [1, 0], [1, 1]),
        (12, [1500, 1000], [1, 0], [1, 1]),
        (4, [3, 1_500_000], [1, 0], [1, 1]),
        (8, [1, 2_200_000], [0, 1], [1, 2]),
        (16, [1100, 1000], [0, 1], [1, 3]),
        (100, [1000, 180], [0, 1], [2, 1]),
        (4, [2000, 2200], [0, 1], [2, 1]),
        // Strips, and what is left over by them.
        (1, [4200, 4100], [1, 0], [1, 1]),
        // Adjacent lines, each too short to fill a cache line; few lines of few items.
        (4, [64, 66_000], [1, 0], [1, 1]),
        (2, [96, 90_000], [0, 1], [1, 1]),
        (4, [7, 600_100], [1, 0], [1, 1]),
        (3, [2400, 2350], [1, 0], [1, 1]),
    ] {
        let flip = random.below(2) == 0;
        check(&nested(itemsize, &shape, &order, |axis| (steps[axis], 0, flip)), false, &mut random);
    }
    for order in [[0, 2, 1], [2, 1, 0], [1, 2, 0]] {
        check(&nested(4, &[160, 144, 192], &order, |_| (1, 0, false)), false, &mut random);
    }
}

/// Non-temporal stores need aligned lines: channels that are split and joined, every second item, items of which vectors hold
/// three quarters.
#[test]
fn large_structures_are_streamed_where_they_are_aligned() {
    let mut random = Random(31);
    for (itemsize, shape, order, step) in [
        (1_usize, [2_isize, 8_400_000], [1_usize, 0], 1_isize),
        (2, [3, 2_800_000], [1, 0], 1),
        (4, [4, 1_050_000], [1, 0], 1),
        (1, [1, 16_800_000], [0, 1], 2),
        (2, [1, 8_400_000], [0, 1], 2),
        (8, [1, 2_100_000], [0, 1], 2),
        (3, [2400, 2368], [1, 0], 1),
        (6, [1700, 1696], [1, 0], 1),
        (12, [1200, 1184], [1, 0], 1),
    ] {
        let layout = nested(itemsize, &shape, &order, |axis| (if axis == 1 { step } else { 1 }, 0, false));
        // From where a line starts, and from any item.
        for alignment in [64, itemsize & itemsize.wrapping_neg()] {
            check_aligned(alignment, &layout, false, &mut random);
        }
    }
}

/// Planes whose destination lines are adjacent, from any address, of lines of any length.
#[test]
fn lines_behind_each_other_are_copied() {
    let mut random = Random(29);
    for itemsize in [1_usize, 2, 3, 4, 6, 8, 12, 16, 24, 32] {
        let line = 64 / itemsize.cast_signed();
        for (rows, columns) in [(line, 2000), (2 * line, 3000), (4 * line, 700), (700, 4 * line), (64, 600), (192, 200)]
        {
            let layout = nested(itemsize, &[columns.max(2), rows.max(2)], &[1, 0], |_| (1, 0, false));
            check(&layout, false, &mut random);
            check(&layout, true, &mut random);
        }
    }
}

/// A page that has no byte of an item is not touched, though one before and one after it have.
#[test]
fn pages_between_items_are_left_alone() {
    let step = 2 * PAGE;
    for (size, backwards) in [(1, false), (4, true), (8, false), (16, false), (16, true), (24, false), (32, true)] {
        for place in [0, PAGE - size] {
            let items = 1100;
            let mut spread = Guarded::new(items * step);
            spread.fill(3);
            let (memory, mut packed) = (spread.bytes().to_vec(), vec![0_u8; items * size]);
            let from = spread.bytes().as_mut_ptr();
            let close = |protection| {
                for item in 0..items {
                    let page = from.wrapping_add(item * step + PAGE);
                    // SAFETY: a page of the mapping that nobody uses meanwhile.
                    assert_eq!(unsafe { libc::mprotect(page.cast(), PAGE, protection) }, 0);
                }
            };
            close(libc::PROT_NONE);
            let at = |item: usize| (if backwards { items - 1 - item } else { item }) * step + place;
            let stride = step.cast_signed();
            let (mut shape, mut strides) = ([items.cast_signed()], [if backwards { -stride } else { stride }]);
            let view = Py_buffer {
                buf: from.wrapping_add(at(0)).cast(),
                obj: null_mut(),
                len: packed.len().cast_signed(),
                itemsize: size.cast_signed(),
                readonly: 0,
                ndim: 1,
                format: null_mut(),
                shape: shape.as_mut_ptr(),
                strides: strides.as_mut_ptr(),
                suboffsets: null_mut(),
                internal: null_mut(),
            };
            let order = b'C' as c_char;
            // SAFETY: the items are in open pages of the mapping, and the vector has as many bytes.
            assert_eq!(unsafe { PyBuffer_ToContiguous(packed.as_mut_ptr().cast(), &view, view.len, order) }, 0);
            let items_are = |bytes: &[u8], packed: &[u8]| {
                packed.chunks(size).enumerate().all(|(item, copy)| *copy == bytes[at(item)..at(item) + size])
            };
            assert!(items_are(&memory, &packed), "items of {size} bytes at {place} are not what they were");
            packed.iter_mut().for_each(|byte| *byte ^= 0x5a);
            // SAFETY: as above.
            assert_eq!(unsafe { PyBuffer_FromContiguous(&view, packed.as_ptr().cast(), view.len, order) }, 0);
            close(libc::PROT_READ);
            assert!(items_are(spread.bytes(), &packed), "items of {size} bytes at {place} are not what was copied");
        }
    }
}

/// A repeated item is many.
#[test]
fn repeated_items_are_read() {
    let mut random = Random(23);
    for itemsize in [1, 2, 3, 4, 5, 8, 12, 16, 32, 100] {
        for (shape, strides) in [(vec![5000], vec![0]), (vec![70, 90], vec![0, 1]), (vec![70, 90], vec![1, 0])] {
            let strides: Vec<isize> = strides.iter().map(|stride| stride * itemsize as isize).collect();
            let layout = Layout { itemsize, shape, strides };
            // Which of the items that share memory is written last depends on the order: see copies.rs.
            check_gather(&layout, &mut random);
        }
    }
    // With non-temporal stores.
    for itemsize in [1_isize, 3, 8] {
        let (shape, strides) = (vec![3, 6_000_000 / itemsize], vec![itemsize, 0]);
        check_gather(&Layout { itemsize: itemsize.unsigned_abs(), shape, strides }, &mut random);
    }
}

/// As `check`, one way.
fn check_gather(layout: &Layout, random: &mut Random) {
    let (low, high) = layout.extent();
    let (span, len) = ((high - low).unsigned_abs(), layout.items() * layout.itemsize);
    let (mut source, mut target) = (Guarded::new(span), Guarded::new(len));
    let (source_at, target_at) = (source.place(span, random), target.place(len, random));
    source.fill(5);
    let mut expected = target.bytes().to_vec();
    let mut to = target_at;
    let memory = source.bytes().to_vec();
    layout.each(false, |place| {
        let from = source_at.wrapping_add_signed(place - low);
        expected[to..to + layout.itemsize].copy_from_slice(&memory[from..from + layout.itemsize]);
        to += layout.itemsize;
    });
    let (mut shape, mut strides) = (layout.shape.clone(), layout.strides.clone());
    let view = Py_buffer {
        buf: source.bytes().as_mut_ptr().wrapping_add(source_at.wrapping_add_signed(-low)).cast(),
        obj: null_mut(),
        len: len.cast_signed(),
        itemsize: layout.itemsize.cast_signed(),
        readonly: 1,
        ndim: i32::try_from(layout.shape.len()).expect("few axes"),
        format: null_mut(),
        shape: shape.as_mut_ptr(),
        strides: strides.as_mut_ptr(),
        suboffsets: null_mut(),
        internal: null_mut(),
    };
    let to = target.bytes().as_mut_ptr().wrapping_add(target_at);
    // SAFETY: the view is one of the mapping, and the target has as many bytes.
    assert_eq!(unsafe { PyBuffer_ToContiguous(to.cast(), &view, len.cast_signed(), b'C' as c_char) }, 0);
    assert!(target.bytes() == expected, "{layout:?}");
}

#[test]
fn at_every_level() {
    levels::run_at_every_level(module_path!());
}
