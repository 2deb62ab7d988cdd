//! A base: one array, its memory and its description. An ndarray has a stack of them.
//!
//! One allocation: the struct, room for the three arrays, the format, the table of pointers, the memory.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::{NonNull, null_mut};

use crate::abi::buffer::Py_buffer;
use crate::abi::ndarray as c;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::buffer::{self, MostAxes};
use crate::error::{Error, Result};
use crate::format;
use crate::layout::{Order, Placed, Pointers, Structure, fill_strides};
use crate::runtime::alloc::{self, Domain};

/// The most axes.
pub(crate) const MAX_NDIM: usize = c::PYBUFFER_ND_MAX_NDIM.unsigned_abs() as usize;

/// The most axes of a view of another exporter.
pub(super) const MOST_AXES: MostAxes = MostAxes { number: MAX_NDIM, text: c"ndim must not exceed %zd" };

/// The description of a base to be made.
#[derive(Clone, Copy)]
pub(crate) struct Layout<'a> {
    pub(crate) format: &'a CStr,
    pub(crate) shape: &'a [isize],
    /// `None`: contiguous, in the order that the flags say.
    pub(crate) strides: Option<&'a [isize]>,
    /// From the start of the memory to the item at index 0.
    pub(crate) offset: isize,
    pub(crate) flags: c_int,
}

impl Layout<'_> {
    /// The bytes of an item, which has some.
    pub(crate) fn itemsize(&self) -> Result<isize> {
        match format::size(self.format)? {
            0 => Err(Error::value(c"itemsize must not be zero")),
            size => Ok(size),
        }
    }

    /// The bytes of contiguous memory for all items, and for one where there are none.
    pub(crate) fn memlen(&self) -> Result<isize> {
        let itemsize = self.itemsize()?;
        let placed = Placed { memlen: 0, itemsize, shape: self.shape, strides: &[], offset: 0 };
        if self.shape.iter().any(|&len| len < 0) {
            return Err(Placed::NEGATIVE);
        }
        Ok(placed.bytes().ok_or(Error::no_memory())?.max(itemsize))
    }
}

/// One array. The fields after `view` change under the lock of the ndarray that it belongs to.
pub(super) struct Base {
    /// The full description; `internal` is the address of this struct.
    pub(super) view: Py_buffer,
    /// `PYBUFFER_ND_*`.
    pub(super) flags: c_int,
    /// The bytes of the memory, with the pointers; -1 where it is another exporter's.
    pub(super) memlen: isize,
    /// From the start of the memory to the item at index 0; -1 where it is another exporter's.
    pub(super) offset: isize,
    /// The views that are held.
    pub(super) exports: isize,
    /// The looks of this library's own.
    pub(super) pins: isize,
    /// It has left the stack, and is freed with the last look.
    pub(super) is_loose: bool,
    /// The one below, and the one above.
    pub(super) next: *mut Base,
    pub(super) prev: *mut Base,
    /// Room for shape, strides and suboffsets, in this order.
    arrays: *mut Py_ssize_t,
}

/// A base that belongs to no ndarray: freed at the end of its scope.
pub(super) struct Loose(NonNull<Base>);

impl Drop for Loose {
    fn drop(&mut self) {
        // SAFETY: allocated by `allocate`, in this domain; no other code has it.
        unsafe { alloc::free(Domain::Mem, self.0.as_ptr().cast()) };
    }
}

impl Loose {
    /// Takes back a base from [`into_raw`](Self::into_raw).
    ///
    /// # Safety
    /// No ndarray has it any more, and no view of it is held.
    pub(super) unsafe fn from_raw(base: NonNull<Base>) -> Self {
        Self(base)
    }

    /// The base; the caller takes it over.
    pub(super) fn into_raw(self) -> *mut Base {
        let base = self.0.as_ptr();
        core::mem::forget(self);
        base
    }

    /// The base, to which there is no other pointer.
    pub(super) fn get(&mut self) -> &mut Base {
        // SAFETY: owned, and written by `allocate`.
        unsafe { self.0.as_mut() }
    }

    /// A base with room for the arrays, and `behind` zero bytes of memory, aligned for anything. Returns where they are.
    fn allocate(view: &Py_buffer, ndim: usize, format: Option<&CStr>, behind: usize) -> Result<(Self, *mut u8)> {
        let text = format.map_or(&[][..], CStr::to_bytes_with_nul);
        let entries = ndim.saturating_mul(3);
        let head = size_of::<Base>()
            .saturating_add(entries.saturating_mul(size_of::<Py_ssize_t>()))
            .saturating_add(text.len())
            .checked_next_multiple_of(ALIGNMENT)
            .ok_or(Error::no_memory())?;
        let size = head.checked_add(behind).ok_or(Error::no_memory())?;
        let block: *mut Base = alloc::calloc(Domain::Mem, 1, size).cast();
        let base = NonNull::new(block).ok_or(Error::no_memory())?;
        // SAFETY: fresh memory for all that is written, aligned for anything.
        unsafe {
            let arrays: *mut Py_ssize_t = block.add(1).cast();
            let to: *mut c_char = arrays.add(entries).cast();
            core::ptr::copy_nonoverlapping(text.as_ptr().cast(), to, text.len());
            block.write(Base {
                view: Py_buffer {
                    format: if text.is_empty() { view.format } else { to },
                    internal: block.cast(),
                    ..*view
                },
                flags: if view.readonly == 0 { c::PYBUFFER_ND_WRITABLE } else { 0 },
                memlen: -1,
                offset: -1,
                exports: 0,
                pins: 0,
                is_loose: false,
                next: null_mut(),
                prev: null_mut(),
                arrays,
            });
            Ok((Self(base), block.cast::<u8>().add(head)))
        }
    }

    /// A base of a view that an exporter has filled, with its arrays, and with what the view is as its flags.
    ///
    /// # Safety
    /// B1; the view stays filled until the base is freed.
    pub(super) unsafe fn of_view(view: &Py_buffer) -> Result<Self> {
        let ndim = usize::try_from(view.ndim).map_err(|_| buffer::NEGATIVE)?;
        let (mut base, _) = Self::allocate(view, ndim, None, 0)?;
        // SAFETY: the caller guarantees B1.
        unsafe { base.get().mark() };
        Ok(base)
    }

    /// As [`of_view`](Self::of_view), with room for so many axes, to be written: see [`Base::axes`] and [`Base::lay`].
    pub(super) fn of_part(view: &Py_buffer, ndim: usize) -> Result<Self> {
        Self::allocate(view, ndim, None, 0).map(|(base, _)| base)
    }

    /// A base with memory of its own, `memlen` bytes, which are 0 until `fill` has written them.
    pub(super) fn of_memory(
        memlen: isize,
        layout: &Layout<'_>,
        fill: impl FnOnce(&mut [u8]) -> Result<()>,
    ) -> Result<Self> {
        let Layout { format, shape, strides, offset, flags } = *layout;
        let has = |flag: c_int| flags & flag != 0;
        check(layout)?;
        let itemsize = layout.itemsize()?;
        let ndim = shape.len();
        let mut own = [0; MAX_NDIM];
        let own = own.get_mut(..ndim).ok_or(Error::bad_argument())?;
        match strides {
            Some(given) => own.iter_mut().zip(given).for_each(|(to, &from)| *to = from),
            None => {
                let order = if has(c::PYBUFFER_ND_FORTRAN) { Order::Fortran } else { Order::C };
                fill_strides(shape, itemsize, order, own);
            }
        }
        let placed = Placed { memlen, itemsize, shape, strides: own, offset };
        // In CPython's order, since the errors are of different types.
        placed.verify_offset()?;
        if ndim == 0 && has(c::PYBUFFER_ND_PIL) {
            return Err(Error::wrong_type(c"ndim = 0 cannot be used in conjunction with PYBUFFER_ND_PIL"));
        }
        placed.verify()?;
        let len = placed.bytes().ok_or(Placed::DOES_NOT_FIT)?;
        let pointers = match has(c::PYBUFFER_ND_PIL) {
            true => Some(placed.pointers().ok_or(Error::no_memory())?),
            false => None,
        };
        let table = pointers.map_or(0, |pointers| pointers.size);
        let behind = table.checked_add(memlen).ok_or(Error::no_memory())?;
        let view = Py_buffer { len, itemsize, readonly: (!has(c::PYBUFFER_ND_WRITABLE)).into(), ..Py_buffer::EMPTY };
        let (mut loose, start) = Self::allocate(&view, ndim, Some(format), behind.unsigned_abs())?;
        // SAFETY: there are as many bytes after the base, which are 0, and no other code has them.
        let memory = unsafe { core::slice::from_raw_parts_mut(start.offset(table), memlen.unsigned_abs()) };
        fill(memory)?;
        let base = loose.get();
        base.memlen = behind;
        base.offset = offset;
        base.flags = flags;
        base.view.buf = start.wrapping_offset(offset).cast();
        let axes = base.axes(ndim);
        axes.shape.iter_mut().zip(shape).for_each(|(to, &from)| *to = from);
        axes.strides.iter_mut().zip(own).for_each(|(to, &mut from)| *to = from);
        // SAFETY: the arrays have been written; the table has room for the pointers.
        unsafe {
            base.lay(ndim, false);
            base.mark();
            if let Some(pointers) = pointers {
                base.point(start, &pointers);
            }
        }
        Ok(loose)
    }
}

/// The alignment of the memory.
const ALIGNMENT: usize = 16;

/// Every flag that a program may give.
const FLAGS: c_int = c::PYBUFFER_ND_WRITABLE
    | c::PYBUFFER_ND_FORTRAN
    | c::PYBUFFER_ND_SCALAR
    | c::PYBUFFER_ND_PIL
    | c::PYBUFFER_ND_REDIRECT
    | c::PYBUFFER_ND_GETBUF_FAIL
    | c::PYBUFFER_ND_GETBUF_UNDEFINED
    | c::PYBUFFER_ND_C;

/// Checks that the parts of the description are consistent.
fn check(layout: &Layout<'_>) -> Result<()> {
    let has = |flag: c_int| layout.flags & flag != 0;
    if layout.flags & !FLAGS != 0 {
        return Err(Error::value(c"unknown ndarray flags"));
    }
    MOST_AXES.check(layout.shape.len())?;
    match layout.strides {
        Some([]) | None => Ok(()),
        Some(_) if has(c::PYBUFFER_ND_FORTRAN) => {
            Err(Error::wrong_type(c"PYBUFFER_ND_FORTRAN cannot be used together with strides"))
        }
        Some(strides) if strides.len() != layout.shape.len() => Err(Error::bad_argument()),
        Some(_) => Ok(()),
    }
}

/// The arrays of a base that is being made.
pub(super) use crate::layout::AxesMut;

impl Base {
    /// The exporter that requests are passed on to.
    pub(super) fn redirects_to(&self) -> Option<NonNull<PyObject>> {
        NonNull::new(self.view.obj).filter(|_| self.flags & c::PYBUFFER_ND_REDIRECT != 0)
    }

    /// The places of its own arrays, for as many axes as it was allocated for.
    pub(super) fn axes(&mut self, ndim: usize) -> AxesMut<'_> {
        let array = |number: usize| {
            // SAFETY: after the struct there is room for three arrays, which were zeroed; only this reference to each.
            unsafe { core::slice::from_raw_parts_mut(self.arrays.add(ndim.saturating_mul(number)), ndim) }
        };
        AxesMut { shape: array(0), strides: array(1), suboffsets: array(2) }
    }

    /// Lets the view use the base's own arrays.
    ///
    /// # Safety
    /// It was allocated for this many axes, and the arrays have been written.
    pub(super) unsafe fn lay(&mut self, ndim: usize, suboffsets: bool) {
        // SAFETY: the caller guarantees that the base was allocated for as many axes: the addresses lie in the allocation.
        let array = |number: usize| unsafe { self.arrays.add(ndim.saturating_mul(number)) };
        let has_axes = ndim != 0;
        // At most `MAX_NDIM`.
        self.view.ndim = c_int::try_from(ndim).unwrap_or(0);
        self.view.shape = if has_axes { array(0) } else { null_mut() };
        self.view.strides = if has_axes { array(1) } else { null_mut() };
        self.view.suboffsets = if has_axes && suboffsets { array(2) } else { null_mut() };
    }

    /// Adds the flags that follow from the view. CPython: `init_flags`.
    ///
    /// # Safety
    /// B1 for the view.
    pub(super) unsafe fn mark(&mut self) {
        // SAFETY: the caller guarantees B1.
        let Some(structure) = (unsafe { buffer::structure(&self.view) }) else { return };
        let Structure { ndim, suboffsets, .. } = structure;
        let is = |is: bool, flag: c_int| if is { flag } else { 0 };
        self.flags |= is(ndim == 0, c::PYBUFFER_ND_SCALAR)
            | is(suboffsets.is_some(), c::PYBUFFER_ND_PIL)
            | is(structure.is_contiguous(Order::C), c::PYBUFFER_ND_C)
            | is(structure.is_contiguous(Order::Fortran), c::PYBUFFER_ND_FORTRAN);
    }

    /// Sets all suboffsets to -1, which follow nothing.
    pub(super) fn add_suboffsets(&mut self, ndim: usize) {
        self.axes(ndim).suboffsets.fill(-1);
        // SAFETY: there is room for three arrays of this length.
        self.view.suboffsets = unsafe { self.arrays.add(ndim.saturating_mul(2)) };
        self.flags &= !(c::PYBUFFER_ND_C | c::PYBUFFER_ND_FORTRAN);
    }

    /// Replaces the first axis by pointers.
    ///
    /// # Safety
    /// The table at `start` has room for them.
    unsafe fn point(&mut self, start: *mut u8, pointers: &Pointers) {
        let table: *mut *mut u8 = start.cast();
        let mut target = start.wrapping_offset(pointers.first);
        for index in 0..pointers.count {
            // SAFETY: the caller guarantees that the table has room for them; the memory is aligned for anything.
            unsafe { table.offset(index).write(target) };
            target = target.wrapping_offset(pointers.step);
        }
        let ndim = usize::try_from(self.view.ndim).unwrap_or(0);
        self.add_suboffsets(ndim);
        let axes = self.axes(ndim);
        if let (Some(suboffset), Some(stride)) = (axes.suboffsets.first_mut(), axes.strides.first_mut()) {
            (*suboffset, *stride) = (pointers.suboffset, pointers.stride);
        }
        self.view.buf = start.wrapping_offset(pointers.start).cast();
        self.offset = 0;
    }
}
