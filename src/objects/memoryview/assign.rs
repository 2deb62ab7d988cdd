//! Assignment to parts: from another exporter's items, and from one item.

use core::ptr::NonNull;

use crate::abi::buffer::Py_buffer;
use crate::abi::format::pybuffer_value;
use crate::abi::object::PyObject;
use crate::buffer::{self, Acquired, Request, Within};
use crate::error::{Error, ErrorKind, Result};
use crate::layout::{MAX_NDIM, Structure, Subscript};
use crate::runtime::note::{Note, with_note};

use super::access::Access;
use super::items::check_writable;
use super::parts::select;
use super::whole::{Stacked, Whole};

/// `memoryview[...] = object`: the items of an exporter, of the same format and shape, as if through a temporary.
///
/// # Safety
/// O1 for both, and W3.
pub(crate) unsafe fn assign(
    op: NonNull<PyObject>,
    subscripts: impl Iterator<Item = Subscript> + Clone,
    source: NonNull<PyObject>,
) -> Result<()> {
    let mut part = Stacked::empty();
    // SAFETY: the caller guarantees O1 and W3; the views stay where they are. The exporters vouch for the memory (B1).
    with_note(|note| unsafe {
        let access = Access::new(op)?;
        access.writable()?;
        let to = select(&mut part, &access, subscripts)?;
        // It ends before the access, since the end of that may release the exporter's view.
        let mut src = Acquired::empty();
        src.look(source.as_ptr(), Request::FULL_RO, Within::Allocations)?;
        copied(src.view(), to.view(), note)
    })
}

/// Copies the items of one view to another of the same format and shape.
///
/// # Safety
/// B1 for both, and W3.
#[inline(never)]
unsafe fn copied(from: &Py_buffer, to: &Py_buffer, note: &mut Note) -> Result<()> {
    // SAFETY: the caller guarantees B1 and W3 for both.
    unsafe {
        let (a, b) = (buffer::checked_structure(from)?, buffer::checked_structure(to)?);
        if !buffer::same_format(from, to) || !a.has_shape_of(&b) {
            return Err(different(&a, from, &b, to, note));
        }
        buffer::copy_view(from, to)
    }
}

/// `pybuffer_view_copy`.
///
/// # Safety
/// B1 for both, and W3.
pub(crate) unsafe fn copy_between(from: &Py_buffer, to: &Py_buffer) -> Result<()> {
    // SAFETY: the caller guarantees B1 and W3 for both.
    with_note(|note| unsafe {
        check_writable(to)?;
        copied(from, to, note)
    })
}

/// The error for views of different structures: CPython's text, and what they are.
///
/// # Safety
/// B1 for both.
#[cold]
unsafe fn different(a: &Structure<'_>, from: &Py_buffer, b: &Structure<'_>, to: &Py_buffer, note: &mut Note) -> Error {
    note.push(b"memoryview assignment: lvalue and rvalue have different structures: ");
    // SAFETY: the caller guarantees B1 for both.
    unsafe {
        note.format(buffer::format_of(to));
        note.push(b" of shape ");
        note.shape(b.shape_or_implied(&mut [0]));
        note.push(b" and ");
        note.format(buffer::format_of(from));
        note.push(b" of shape ");
        note.shape(a.shape_or_implied(&mut [0]));
    }
    note.error(ErrorKind::Value)
}

/// Copies one item to all places of a part.
///
/// # Safety
/// O1 and W3; what `read_value` needs of the values.
pub(crate) unsafe fn fill(
    op: NonNull<PyObject>,
    subscripts: impl Iterator<Item = Subscript> + Clone,
    values: &[pybuffer_value],
) -> Result<()> {
    let mut part = Stacked::empty();
    // SAFETY: the caller guarantees O1 and W3; its values are what `read_value` needs.
    unsafe {
        let access = Access::new(op)?;
        access.writable()?;
        select(&mut part, &access, subscripts)?.fill(values)
    }
}

impl Whole {
    /// Copies one item to all places.
    ///
    /// # Safety
    /// W3; what `read_value` needs of the values.
    pub(crate) unsafe fn fill(&self, values: &[pybuffer_value]) -> Result<()> {
        self.writable()?;
        let structure = self.structure()?;
        // SAFETY: the caller guarantees W3; its values are what `read_value` needs; the item is new memory, and each place has as
        // many bytes as it.
        unsafe {
            // Without items there is no memory that would justify packing an item of any size.
            if structure.items() == 0 {
                return self.check_packed(values);
            }
            self.with_packed(values, |item, size| {
                let dst = Structure { itemsize: size.cast_signed(), ..structure };
                let strides = [0; MAX_NDIM];
                let src = Structure { strides: strides.get(..dst.ndim), suboffsets: None, ..dst };
                buffer::copy_apart(item, &src, self.view().buf.cast(), &dst)
            })
        }
    }
}
