//! Memoryviews of parts of items: a field of records, the elements of sub-arrays. No item is touched.

use core::ffi::{CStr, c_char};
use core::ptr::NonNull;

use crate::abi::chars::{byte, char_of};
use crate::abi::format::{
    PYBUFFER_KIND_BITS, PYBUFFER_KIND_COMPLEX, PYBUFFER_KIND_FLOAT, PYBUFFER_KIND_RECORD, PYBUFFER_KIND_TEXT,
    pybuffer_item,
};
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::format::{letter, size as size_of_format};
use crate::layout::{AddedAxes, narrow};
use crate::objects::bytes;
use crate::objects::format::{self, follow, format_of_elements, number_of_record};
use crate::runtime::refs::Owned;

use super::access::Access;
use super::parts::derived;

/// The field of all items that a path leads to; the axes of sub-arrays on the way follow those of the view.
///
/// # Safety
/// O1.
pub(crate) unsafe fn field(op: NonNull<PyObject>, path: &CStr) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1; the parsed format keeps its items as long as it lives.
    unsafe {
        let access = Access::new(op)?;
        let parsed = format::parse_sized(access.format(), access.view().itemsize.unsigned_abs())?;
        let root = &*(*parsed.as_ptr()).root;
        let (mut offset, mut last) = (0_isize, NonNull::from(root));
        follow(root, path, &mut |item| {
            offset = offset.wrapping_add(item.offset);
            last = NonNull::from(item);
        })?;
        let last = last.as_ref();
        if last.kind == PYBUFFER_KIND_BITS {
            let path = Argument::Text(path.as_ptr());
            let text = c"the field '%s' is bits, which have no address of their own";
            return Err(Error::with(ErrorKind::Type, text, path, Argument::None));
        }
        let axes = |push: &mut dyn FnMut(isize, isize)| {
            // It has been followed before.
            let _: Result<()> = follow(root, path, &mut |item| axes_of(item, push));
        };
        part_of_items(access, offset, last, &axes)
    }
}

/// The equal elements that each item consists of, along the axes of the sub-array that they make, which follow those of the view.
/// An item that is one element adds no axis.
///
/// # Safety
/// O1.
pub(crate) unsafe fn elements(op: NonNull<PyObject>) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1; the parsed format keeps its items as long as it lives.
    unsafe {
        let access = Access::new(op)?;
        let itemsize = access.view().itemsize;
        let parsed = format::parse_sized(access.format(), itemsize.unsigned_abs())?;
        let root = &*(*parsed.as_ptr()).root;
        if root.kind == PYBUFFER_KIND_BITS {
            return Err(Error::wrong_type(c"the items are bits, which have no addresses of their own"));
        }
        let in_line = |count: isize, size: isize| move |push: &mut dyn FnMut(isize, isize)| push(count, size);
        let size = |count: isize| root.itemsize.checked_div(count).unwrap_or(0);
        match root.kind {
            _ if root.ndim != 0 => part_of_items(access, 0, root, &|push| axes_of(root, push)),
            PYBUFFER_KIND_COMPLEX => {
                let float = pybuffer_item {
                    kind: PYBUFFER_KIND_FLOAT,
                    code: part_of_complex(root),
                    itemsize: size(2),
                    ..*root
                };
                part_of_items(access, 0, &float, &in_line(2, size(2)))
            }
            PYBUFFER_KIND_TEXT if root.length != 1 => {
                // Text of no units has no bytes that would say how wide they are.
                let [code, ..] = root.code.map(byte);
                let of_code = size_of_format(if code == b'u' { c"u" } else { c"w" })?;
                let size = root.itemsize.checked_div(root.length).unwrap_or(of_code);
                let unit = pybuffer_item { length: 1, itemsize: size, ..*root };
                part_of_items(access, 0, &unit, &in_line(root.length, size))
            }
            PYBUFFER_KIND_RECORD => {
                let first = number_of_record(root)
                    .ok_or(Error::wrong_type(c"the items are records of other things than equal numbers"))?;
                let count = root.itemsize.checked_div(first.itemsize).unwrap_or(0);
                part_of_items(access, 0, first, &in_line(count, first.itemsize))
            }
            _ => part_of_items(access, 0, root, &|_| {}),
        }
    }
}

/// The axes of an item's sub-array.
///
/// # Safety
/// The item belongs to a format.
unsafe fn axes_of(item: &pybuffer_item, push: &mut dyn FnMut(isize, isize)) {
    let mut stride = item.itemsize.wrapping_mul(item.elements);
    for axis in 0..item.ndim {
        // SAFETY: the caller guarantees that the item belongs to a format: the shape has `ndim` entries.
        let len = unsafe { item.shape.offset(axis).read() };
        // Without elements no stride is used.
        stride = stride.checked_div(len).unwrap_or(0);
        push(len, stride);
    }
}

/// The code of the parts of a complex number.
fn part_of_complex(item: &pybuffer_item) -> [c_char; 3] {
    let [first, second, _] = item.code.map(byte);
    [char_of(if second == 0 { first.to_ascii_lowercase() } else { second }), 0, 0]
}

/// A memoryview of the elements of an item, so many bytes after the start of each item of the view.
///
/// # Safety
/// O1; the item belongs to the format of the view, or has the size and the code of a part of such.
unsafe fn part_of_items(
    of: Access,
    offset: isize,
    item: &pybuffer_item,
    axes: &AddedAxes<'_>,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1, and that the elements lie within the items (B1). The text is NUL-terminated, as every
    // bytes object is.
    unsafe {
        let text = format_of_elements(item)?;
        let text = CStr::from_ptr(bytes::start(text.as_non_null()));
        let letter = letter(text);
        let mut added = 0_usize;
        axes(&mut |_, _| added += 1);
        let ndim = of.structure()?.ndim.saturating_add(added);
        derived(of, ndim, if letter.is_some() { None } else { Some(text) }, |structure, to, laid| {
            laid.buf = laid.buf.wrapping_byte_offset(narrow(structure, offset, axes, to)?);
            laid.itemsize = item.itemsize;
            if let Some(letter) = letter {
                laid.format = letter.as_ptr().cast_mut().cast();
            }
            Ok(())
        })
    }
}
