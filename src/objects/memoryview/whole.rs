//! A view that leaves nothing out, and views made from it: what the operations of a memoryview work on. Nothing here knows
//! of the memoryview object, so the functions for views without objects (`pybuffer_view_*`) run the same code.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null_mut;

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::pybuffer_view_storage;
use crate::abi::object::Py_ssize_t;
use crate::buffer::{self, Request};
use crate::error::{Error, Result};
use crate::format::{CompiledFormat, letter};
use crate::layout::{AxesMut, MAX_NDIM, Structure, bytes_of};
use crate::objects::format::{CompiledFor, with_compiled_for};

use super::managed::MOST_AXES;

/// The error for items that are smaller than their format.
pub(super) const SMALLER: Error = Error::value(c"memoryview: an item is smaller than its format");

/// Cannot happen for a part, which has no more items than the whole.
const TOO_LARGE: Error = Error::buffer(c"product(shape) * itemsize is too large");

/// A view that has a format and, with any axes, shape and strides, and whose structure has been checked.
#[repr(transparent)]
pub(crate) struct Whole(Py_buffer);

impl Whole {
    /// The view as such.
    ///
    /// # Safety
    /// It leaves nothing out, and its structure has been checked; B1, for as long as the result is used.
    pub(super) const unsafe fn of(view: &Py_buffer) -> &Self {
        // SAFETY: `repr(transparent)`.
        unsafe { &*core::ptr::from_ref(view).cast() }
    }

    /// The view.
    pub(crate) const fn view(&self) -> &Py_buffer {
        &self.0
    }

    /// The structure of the view.
    pub(super) fn structure(&self) -> Result<Structure<'_>> {
        // SAFETY: B1: the view is complete, and its arrays live as long as `self`.
        unsafe { buffer::structure(&self.0) }.ok_or(Error::bad_argument())
    }

    /// Checks that an item has as many bytes as its format; otherwise a `ValueError`.
    pub(super) fn holds(&self, size: usize) -> Result<()> {
        if size > self.0.itemsize.unsigned_abs() { Err(SMALLER) } else { Ok(()) }
    }

    /// The format.
    pub(super) fn format(&self) -> &CStr {
        // SAFETY: B1.
        unsafe { buffer::format_of(&self.0) }
    }

    /// Runs `act` with the compiled format, as one of items of this size.
    pub(super) fn with_format<R>(&self, act: impl FnOnce(&CompiledFormat<'_>) -> Result<R>) -> Result<R> {
        with_compiled_for(self.format(), CompiledFor::Items(self.0.itemsize), act)
    }
}

/// What a new view has of its own, besides the axes; the rest is that of the one that it is made from.
#[derive(Clone, Copy)]
pub(super) struct Laid {
    pub(super) buf: *mut c_void,
    pub(super) len: Py_ssize_t,
    pub(super) itemsize: Py_ssize_t,
    pub(super) readonly: c_int,
    /// Of a memoryview, used where it has no copy of its own.
    pub(super) format: *mut c_char,
}

impl Laid {
    /// What another view has.
    #[inline(always)]
    pub(super) const fn of(view: &Py_buffer) -> Self {
        let &Py_buffer { buf, len, itemsize, readonly, format, .. } = view;
        Self { buf, len, itemsize, readonly, format }
    }
}

/// A `len` that [`lay_out`] computes.
const NOT_COUNTED: isize = -1;

/// Writes the axes of a new view, and sets what else differs.
pub(super) type Lay<'a> = dyn FnMut(&Structure<'_>, &mut AxesMut<'_>, &mut Laid) -> Result<()> + 'a;

/// What a view becomes whose axes `lay` writes, and whether it has suboffsets. `len` is computed here, unless `lay` sets it.
pub(super) fn lay_out(of: &Whole, axes: &mut AxesMut<'_>, lay: &mut Lay<'_>) -> Result<(Laid, bool)> {
    let structure = of.structure()?;
    let mut laid = Laid { len: NOT_COUNTED, ..Laid::of(of.view()) };
    lay(&structure, axes, &mut laid)?;
    if laid.len == NOT_COUNTED {
        laid.len = bytes_of(axes.shape, laid.itemsize).ok_or(TOO_LARGE)?;
    }
    // An exporter's array of negative suboffsets is kept, as in CPython; pointers that have been followed are dropped.
    let follows = |all: &[isize]| all.iter().any(|&suboffset| suboffset >= 0);
    let pointers = structure.suboffsets.is_some_and(|given| !follows(given) || follows(axes.suboffsets));
    Ok((laid, pointers))
}

/// A format for a new view. One letter is in memory that lives for ever, so nothing needs a copy of it.
#[derive(Clone, Copy)]
pub(super) struct NewFormat<'a> {
    /// The text, where it is to be copied.
    pub(super) copied: Option<&'a CStr>,
    text: *mut c_char,
}

impl<'a> NewFormat<'a> {
    pub(super) fn new(format: &'a CStr) -> Self {
        match letter(format) {
            Some(text) => Self { copied: None, text: text.as_ptr().cast_mut().cast() },
            None => Self { copied: Some(format), text: format.as_ptr().cast_mut() },
        }
    }

    /// The text, which lives as long as that which the format was made from, or for ever.
    pub(super) const fn text(self) -> *mut c_char {
        self.text
    }
}

/// A view with arrays of its own, on the stack.
pub(crate) struct Stacked {
    view: Py_buffer,
    axes: pybuffer_view_storage,
}

impl Stacked {
    /// Empty.
    pub(crate) const fn empty() -> Self {
        let axes = pybuffer_view_storage { shape: [0; MAX_NDIM], strides: [0; MAX_NDIM], suboffsets: [-1; MAX_NDIM] };
        Self { view: Py_buffer::EMPTY, axes }
    }

    /// A program's view, checked as an exporter's answer is, with nothing left out.
    ///
    /// # Safety
    /// B1 for the view, as far as that can be checked, for as long as the result is used. Called once.
    #[inline(never)]
    pub(crate) unsafe fn complete(&mut self, given: &Py_buffer) -> Result<&Whole> {
        // SAFETY: the caller guarantees B1.
        unsafe {
            buffer::obeys(given, Request::FULL_RO)?;
            let structure = buffer::checked_structure(given)?;
            self.view = *given;
            if given.format.is_null() {
                self.view.format = buffer::UNSIGNED_BYTES;
            }
            let axes = self.axes(structure.ndim)?;
            structure.complete(axes.shape, axes.strides, axes.suboffsets);
            self.point(structure.suboffsets.is_some());
            Ok(Whole::of(&self.view))
        }
    }

    /// The view of `ndim` axes that `lay` makes of another one. It owns no reference.
    ///
    /// # Safety
    /// B1 for what `lay` makes of the view. Called once.
    #[inline(never)]
    pub(super) unsafe fn lay(&mut self, of: &Whole, ndim: usize, lay: &mut Lay<'_>) -> Result<&Whole> {
        let mut axes = self.axes(ndim)?;
        let (laid, pointers) = lay_out(of, &mut axes, lay)?;
        self.view = Py_buffer {
            buf: laid.buf,
            len: laid.len,
            itemsize: laid.itemsize,
            readonly: laid.readonly,
            // At most `MAX_NDIM`.
            ndim: ndim as c_int,
            format: laid.format,
            ..Py_buffer::EMPTY
        };
        self.point(pointers);
        // SAFETY: the caller guarantees B1; the axes are written.
        Ok(unsafe { Whole::of(&self.view) })
    }

    /// Lets the view point to the arrays, where it has axes.
    fn point(&mut self, pointers: bool) {
        let there = self.view.ndim != 0;
        let array = |array: *mut Py_ssize_t, there: bool| if there { array } else { null_mut() };
        self.view.shape = array(self.axes.shape.as_mut_ptr(), there);
        self.view.strides = array(self.axes.strides.as_mut_ptr(), there);
        self.view.suboffsets = array(self.axes.suboffsets.as_mut_ptr(), there && pointers);
    }

    /// The arrays of so many axes.
    fn axes(&mut self, ndim: usize) -> Result<AxesMut<'_>> {
        MOST_AXES.check(ndim)?;
        let pybuffer_view_storage { shape, strides, suboffsets } = &mut self.axes;
        let none = Error::bad_argument();
        Ok(AxesMut {
            shape: shape.get_mut(..ndim).ok_or(none)?,
            strides: strides.get_mut(..ndim).ok_or(none)?,
            suboffsets: suboffsets.get_mut(..ndim).ok_or(none)?,
        })
    }
}
