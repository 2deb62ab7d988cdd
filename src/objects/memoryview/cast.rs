//! Casts: the same bytes with another format and shape. CPython: `memory_cast`.

use core::ffi::{CStr, c_char};
use core::ptr::NonNull;

use crate::abi::chars::byte;
use crate::abi::memoryview::{_Py_MEMORYVIEW_C, _Py_MEMORYVIEW_FORTRAN, PyMemoryViewObject};
use crate::abi::object::PyObject;
use crate::error::{Error, Result};
use crate::format;
use crate::layout::{Order, fill_strides};
use crate::runtime::refs::Owned;

use super::access::Access;
use super::parts::line;
use super::view::{Laid, Unfinished, check_ndim, downcast, flags, unrestricted};

const fn refused(text: &'static CStr) -> Error {
    Error::wrong_type(text)
}

/// Whether an item of this format is one plain byte. (The text is read as far as this takes; its length takes longer.)
///
/// # Safety
/// A C string.
unsafe fn is_byte(format: *const c_char) -> bool {
    // SAFETY: no byte after the end is read.
    unsafe {
        let letter = if byte(format.read()) == b'@' { format.add(1) } else { format };
        matches!(byte(letter.read()), b'B' | b'b' | b'c') && letter.add(1).read() == 0
    }
}

/// `memoryview.cast(format, shape, order=...)`; without a shape, one axis.
///
/// # Safety
/// O1.
pub(crate) unsafe fn cast(
    op: NonNull<PyObject>,
    format: &CStr,
    shape: Option<&[isize]>,
    order: Order,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1.
    let access = unsafe { Access::of_memoryview(downcast(op)?)? };
    let structure = access.structure()?;
    // SAFETY: `Access` keeps the memoryview.
    let state = unsafe { flags(access.memoryview()) };
    let to_one_axis = shape.is_none_or(|shape| shape.len() == 1);
    if state & _Py_MEMORYVIEW_C == 0 && (state & _Py_MEMORYVIEW_FORTRAN == 0 || !to_one_axis) {
        return Err(refused(c"memoryview: casts are restricted to C-contiguous views"));
    }
    if (shape.is_some() || structure.ndim != 1) && structure.shape.is_some_and(|shape| shape.contains(&0)) {
        return Err(refused(c"memoryview: cannot cast view with zeros in shape or strides"));
    }
    if let Some(shape) = shape {
        check_ndim(shape.len())?;
        if structure.ndim != 1 && shape.len() != 1 {
            return Err(refused(c"memoryview: cast must be 1D -> ND or ND -> 1D"));
        }
    }
    let itemsize = format::size(format)?;
    // SAFETY: a memoryview's format is a C string, which the managed buffer keeps (B1).
    if unsafe { !is_byte(access.view().format) && !is_byte(format.as_ptr()) } {
        return Err(refused(c"memoryview: cannot cast between two non-byte formats"));
    }
    let len = access.view().len;
    if itemsize == 0 {
        return Err(Error::value(c"memoryview: destination format must have items of at least one byte"));
    }
    if len.checked_rem(itemsize) != Some(0) {
        return Err(refused(c"memoryview: length is not a multiple of itemsize"));
    }
    if let Some(shape) = shape {
        let mut bytes = itemsize;
        for &items in shape {
            if items <= 0 {
                return Err(Error::value(c"memoryview.cast(): elements of shape must be integers > 0"));
            }
            bytes = bytes.checked_mul(items).ok_or(Error::value(c"memoryview.cast(): product(shape) > SSIZE_MAX"))?;
        }
        if bytes != len {
            return Err(refused(c"memoryview: product(shape) * itemsize != buffer size"));
        }
    }
    // A format of one letter is static, so no part needs a copy of it.
    let letter = format::letter(format);
    let kept = if letter.is_some() { None } else { Some(format) };
    let change = |laid: Laid| Laid {
        itemsize,
        len,
        format: letter.map_or(laid.format, |text| text.as_ptr().cast_mut().cast()),
        ..laid
    };
    // SAFETY: as many bytes as before, adjacent (B1). `Access` keeps the memoryview; the new one has room for the axes, all of
    // which are written.
    unsafe {
        let shape = match shape {
            None | Some([_]) => {
                return line(access, kept, len.checked_div(itemsize).unwrap_or(0), itemsize, change);
            }
            Some(shape) => shape,
        };
        unrestricted(access.memoryview())?;
        let view = &(*access.memoryview().as_ptr()).view;
        let new = Unfinished::new(shape.len(), kept)?;
        let axes = new.axes();
        axes.shape.iter_mut().zip(shape).for_each(|(to, &items)| *to = items);
        fill_strides(shape, itemsize, order, axes.strides);
        Ok(new.finish(access.into_share(), view, change(Laid::of(view)), &axes, false))
    }
}
