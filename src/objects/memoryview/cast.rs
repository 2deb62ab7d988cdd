//! Casts: the same bytes with another format and shape. CPython: `memory_cast`.

use core::ffi::{CStr, c_char};
use core::ptr::NonNull;

use crate::abi::chars::byte;
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::buffer::Contiguity;
use crate::error::{Error, Result};
use crate::format;
use crate::layout::{AxesMut, Order, fill_strides};
use crate::runtime::refs::Owned;

use super::access::Access;
use super::parts::line;
use super::view::{Unfinished, check_ndim, contiguity, downcast, flags, unrestricted};
use super::whole::{Laid, NewFormat, Stacked, Whole};

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

/// Checks a cast; gives the size of the new items.
///
/// # Safety
/// B1.
#[inline]
unsafe fn check(of: &Whole, memory: Contiguity, format: &CStr, shape: Option<&[isize]>) -> Result<isize> {
    let structure = of.structure()?;
    let to_one_axis = shape.is_none_or(|shape| shape.len() == 1);
    if !(memory.c || memory.fortran && to_one_axis) {
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
    // SAFETY: the caller guarantees B1: a format is a C string.
    if unsafe { !is_byte(of.view().format) && !is_byte(format.as_ptr()) } {
        return Err(refused(c"memoryview: cannot cast between two non-byte formats"));
    }
    let len = of.view().len;
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
    Ok(itemsize)
}

/// Writes the axes of a cast.
fn write_axes(axes: &mut AxesMut<'_>, shape: &[isize], itemsize: isize, order: Order) {
    axes.shape.iter_mut().zip(shape).for_each(|(to, &items)| *to = items);
    fill_strides(shape, itemsize, order, axes.strides);
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
    // SAFETY: O1; the memoryview's view is complete (B1), and has as many bytes as before, adjacent. The new one has room for the
    // axes, all of which are written.
    unsafe {
        let access = Access::of_memoryview(downcast(op)?)?;
        let itemsize = check(&access, contiguity(flags(access.memoryview())), format, shape)?;
        let (len, new) = (access.view().len, NewFormat::new(format));
        // What is copied is set where the copy is.
        let change = |laid: Laid| Laid { itemsize, len, format: new.text(), ..laid };
        let shape = match shape {
            None | Some([_]) => {
                return line(access, new.copied, len.checked_div(itemsize).unwrap_or(0), itemsize, change);
            }
            Some(shape) => shape,
        };
        unrestricted(access.memoryview())?;
        let view = &(*access.memoryview().as_ptr()).view;
        let made = Unfinished::new(shape.len(), new.copied)?;
        let mut axes = made.axes();
        write_axes(&mut axes, shape, itemsize, order);
        Ok(made.finish(access.into_share(), view, change(Laid::of(view)), &axes, false))
    }
}

/// [`cast`] of a view, as a view on the stack, which uses the text of the format where it is not one letter.
///
/// # Safety
/// B1.
pub(crate) unsafe fn cast_whole<'a>(
    to: &'a mut Stacked,
    of: &Whole,
    format: &CStr,
    shape: Option<&[isize]>,
    order: Order,
) -> Result<&'a Whole> {
    // SAFETY: the caller guarantees B1; as many bytes as before, adjacent.
    unsafe {
        let itemsize = check(of, Contiguity::of(&of.structure()?), format, shape)?;
        let len = of.view().len;
        let line = [len.checked_div(itemsize).unwrap_or(0)];
        let shape = shape.unwrap_or(&line);
        to.lay(of, shape.len(), &mut |_, axes, laid| {
            write_axes(axes, shape, itemsize, order);
            *laid = Laid { itemsize, len, format: NewFormat::new(format).text(), ..*laid };
            Ok(())
        })
    }
}
