//! Real memory for the copies: blocks with guard bytes between them, at any alignment, and tables of pointers.
//!
//! Everything that a C function may touch lies in one arena. A test works out what the whole arena should hold
//! afterwards, so that a byte changed anywhere, in a gap, in a source, in a table of pointers, is found.

use std::alloc::{alloc, dealloc, handle_alloc_error};
use std::ptr::null_mut;

use proptest::prelude::*;
use pybuffer::abi::buffer::Py_buffer;
use pybuffer::abi::memoryview::PyMemoryViewObject;
use pybuffer::abi::object::PyObject;
use pybuffer::layout::Order;

use super::model::{Layout, indices};

unsafe extern "C" {
    fn PyMemoryView_FromBuffer(info: *const Py_buffer) -> *mut PyObject;
    fn Py_DecRef(op: *mut PyObject);
}

/// Bytes between blocks.
const GUARD: usize = 64;
const ALIGNMENT: usize = 64;
const POINTER: usize = size_of::<*mut u8>();

/// A structure and the place of its item at index 0, from the arena's first byte.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) layout: Layout,
    pub(crate) origin: isize,
}

impl Placed {
    /// The same items with the first axis walked the other way.
    pub(crate) fn reversed(&self) -> Self {
        let mut strides = self.layout.steps();
        let mut origin = self.origin;
        if let (Some(stride), Some(&len)) = (strides.first_mut(), self.layout.shape.first()) {
            origin += *stride * (len - 1).max(0);
            *stride = -*stride;
        }
        Self { layout: Layout { strides: Some(strides), bare: false, ..self.layout.clone() }, origin }
    }
}

/// The arena before it has an address: pointers are stored as offsets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Builder {
    bytes: Vec<u8>,
    /// The places of pointers, and their targets.
    pointers: Vec<(isize, isize)>,
}

impl Builder {
    /// A block of `len` bytes, `shift` bytes past the arena's alignment, with guard bytes on both sides.
    pub(crate) fn block(&mut self, len: usize, shift: usize) -> isize {
        let start = (self.bytes.len() + GUARD).next_multiple_of(ALIGNMENT) + shift;
        // Neighbouring bytes differ, and so do those a few strides apart.
        let pattern = (self.bytes.len()..start + len + GUARD).map(|at| (at ^ (at >> 7).wrapping_mul(29)) as u8);
        self.bytes.extend(pattern);
        start.cast_signed()
    }

    /// Places two structures without pointers in one block, `apart` bytes from each other: their items may overlap.
    pub(crate) fn place_together(&mut self, layouts: [&Layout; 2], apart: usize, shift: usize) -> [Placed; 2] {
        let [(first, first_end), (second, second_end)] = layouts.map(extent);
        let start = self.block((first_end - first).max(second_end - second).unsigned_abs() + apart, shift);
        let [a, b] = layouts.map(Layout::clone);
        [
            Placed { layout: a, origin: start - first },
            Placed { layout: b, origin: start - second + apart.cast_signed() },
        ]
    }

    /// Places a structure: the block that its first axes lead to, and those after the pointers that stand there.
    pub(crate) fn place(&mut self, layout: &Layout, shift: usize) -> Placed {
        Placed { layout: layout.clone(), origin: self.place_axes(layout, 0, shift) }
    }

    /// Places the axes from `first` on; the origin of their block.
    fn place_axes(&mut self, layout: &Layout, first: usize, shift: usize) -> isize {
        let suboffset = |axis: &usize| layout.suboffsets.as_ref().map(|all| all[*axis]).filter(|&offset| offset >= 0);
        let axes = layout.shape.len();
        let pointer = (first..axes).find(|axis| suboffset(axis).is_some());
        let end = pointer.map_or(axes, |axis| axis + 1);
        let size = if pointer.is_some() { POINTER.cast_signed() } else { layout.itemsize };
        let segment = Layout {
            itemsize: size,
            shape: layout.shape[first..end].to_vec(),
            strides: Some(layout.steps()[first..end].to_vec()),
            suboffsets: None,
            bare: false,
        };
        let (low, high) = extent(&segment);
        let origin = self.block((high - low).unsigned_abs(), shift) - low;
        if let Some(axis) = pointer {
            for index in indices(&segment.shape, Order::C) {
                let slot = origin + segment.offset(&index) as isize;
                if !self.pointers.iter().any(|&(at, _)| at == slot) {
                    let target = self.place_axes(layout, end, shift) - suboffset(&axis).unwrap_or(0);
                    self.point(slot, target);
                }
            }
        }
        origin
    }

    /// Puts a pointer to `target` at `slot`.
    pub(crate) fn point(&mut self, slot: isize, target: isize) {
        self.pointers.push((slot, target));
    }

    /// The content of the arena, except for the pointers.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The content, to be changed.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// The places of pointers, and their targets.
    pub(crate) fn pointers(&self) -> &[(isize, isize)] {
        &self.pointers
    }

    pub(crate) fn finish(self) -> Arena {
        let layout = std::alloc::Layout::from_size_align(self.bytes.len() + GUARD, ALIGNMENT).expect("a small size");
        // SAFETY: the size is not 0.
        let base = unsafe { alloc(layout) };
        if base.is_null() {
            handle_alloc_error(layout);
        }
        let arena = Arena { base, layout, len: self.bytes.len() };
        arena.fill(&self.bytes);
        for (slot, target) in self.pointers {
            // SAFETY: a slot lies in a block of the arena.
            unsafe { arena.at(slot).cast::<*mut u8>().write_unaligned(arena.at(target)) };
        }
        arena
    }
}

/// The first byte of a structure without pointers and one past its last, from the item at index 0.
fn extent(layout: &Layout) -> (isize, isize) {
    let places = || indices(&layout.shape, Order::C).into_iter().map(|index| layout.offset(&index) as isize);
    (places().min().unwrap_or(0), places().max().map_or(0, |last| last + layout.itemsize))
}

/// Memory that C functions are given pointers into. It is only ever reached through raw pointers.
pub(crate) struct Arena {
    base: *mut u8,
    layout: std::alloc::Layout,
    len: usize,
}

impl Arena {
    /// The address of an offset, which need not be within the arena.
    pub(crate) fn at(&self, offset: isize) -> *mut u8 {
        self.base.wrapping_offset(offset)
    }

    /// The current content of the arena.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        // SAFETY: all `len` bytes are written; nobody writes them meanwhile.
        unsafe { core::slice::from_raw_parts(self.base, self.len) }.to_vec()
    }

    /// Fills the arena with these bytes.
    pub(crate) fn fill(&self, bytes: &[u8]) {
        assert_eq!(bytes.len(), self.len);
        // SAFETY: the arena has that many bytes.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), self.base, self.len) };
    }

    /// PEP 3118: where the item at `index` is, from the arena's first byte.
    pub(crate) fn item(&self, view: &Placed, index: &[isize]) -> usize {
        let strides = view.layout.steps();
        let mut at = view.origin;
        for axis in 0..index.len() {
            at += strides[axis] * index[axis];
            if let Some(suboffset) = view.layout.suboffsets.as_ref().map(|all| all[axis]).filter(|&offset| offset >= 0)
            {
                // SAFETY: the builder has put a pointer there.
                let target = unsafe { self.at(at).cast::<*mut u8>().read_unaligned() };
                at = target.addr().wrapping_sub(self.base.addr()).cast_signed() + suboffset;
            }
        }
        at.unsigned_abs()
    }

    /// Where all items are, by index tuples in order.
    pub(crate) fn items(&self, view: &Placed, order: Order) -> Vec<usize> {
        indices(&view.layout.shape, order).iter().map(|index| self.item(view, index)).collect()
    }

    /// The view as C has it. It borrows the arrays of `view` and must not outlive them.
    pub(crate) fn buffer(&self, view: &mut Placed) -> Py_buffer {
        let array = |entries: Option<&mut Vec<isize>>| entries.map_or(null_mut(), |entries| entries.as_mut_ptr());
        let layout = &mut view.layout;
        Py_buffer {
            buf: self.at(view.origin).cast(),
            obj: null_mut(),
            len: layout.len(),
            itemsize: layout.itemsize,
            readonly: 0,
            ndim: i32::try_from(layout.shape.len()).expect("few axes"),
            format: null_mut(),
            shape: array((!layout.bare).then_some(&mut layout.shape)),
            strides: array(layout.strides.as_mut()),
            suboffsets: array(layout.suboffsets.as_mut()),
            internal: null_mut(),
        }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(self.base, self.layout) };
    }
}

/// A memoryview of memory in an arena; dropped before it.
pub(crate) struct View(pub(crate) *mut PyObject);

impl View {
    pub(crate) fn new(info: &Py_buffer) -> Self {
        // SAFETY: the view is a consistent one of memory in the arena, where the format, if any, is a static string.
        let object = unsafe { PyMemoryView_FromBuffer(info) };
        assert!(!object.is_null());
        Self(object)
    }

    pub(crate) fn buffer(&self) -> &Py_buffer {
        // SAFETY: it is a memoryview.
        unsafe { &(*self.0.cast::<PyMemoryViewObject>()).view }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: the reference is owned.
        unsafe { Py_DecRef(self.0) };
    }
}

/// Offsets from the arena's alignment, on which nothing may depend.
pub(crate) fn shifts() -> impl Strategy<Value = (usize, usize)> {
    (0..16usize, 0..16usize)
}

/// The first difference between the arena and its expected content: the place, the byte there, and the expected one.
pub(crate) fn difference(arena: &Arena, expected: &[u8]) -> Option<(usize, u8, u8)> {
    let bytes = arena.bytes();
    (0..bytes.len()).find(|&at| bytes[at] != expected[at]).map(|at| (at, bytes[at], expected[at]))
}
