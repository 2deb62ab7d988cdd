//! Memoryviews of parts of items: a field of records, the elements of sub-arrays. No item is touched.

use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crate::abi::chars::{byte, char_of};
use crate::abi::format::{
    PYBUFFER_KIND_BITS, PYBUFFER_KIND_COMPLEX, PYBUFFER_KIND_FLOAT, PYBUFFER_KIND_RECORD, PYBUFFER_KIND_TEXT,
    pybuffer_item,
};
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::format::size as size_of_format;
use crate::layout::{AddedAxes, AxesMut, Structure, narrow};
use crate::objects::bytes;
use crate::objects::format::{self, follow, format_of_elements, number_of_record};
use crate::runtime::refs::Owned;

use super::access::Access;
use super::parts::derived;
use super::whole::{Laid, NewFormat, Stacked, Whole};

/// Parts of all items of a view: the elements of an item, so many bytes after the start of each item of the view, along axes
/// that follow those of the view.
struct Parts<'a> {
    offset: isize,
    /// It belongs to the format of the view, or has the size and the code of a part of such.
    item: &'a pybuffer_item,
    axes: &'a AddedAxes<'a>,
}

impl Parts<'_> {
    /// How many axes follow.
    fn added(&self) -> usize {
        let mut added = 0_usize;
        (self.axes)(&mut |_, _| added += 1);
        added
    }

    /// What lays them out, with this format.
    fn laying(&self, format: *mut c_char) -> impl FnMut(&Structure<'_>, &mut AxesMut<'_>, &mut Laid) -> Result<()> {
        move |structure, to, laid| {
            laid.buf = laid.buf.wrapping_byte_offset(narrow(structure, self.offset, self.axes, to)?);
            laid.itemsize = self.item.itemsize;
            laid.format = format;
            Ok(())
        }
    }
}

/// Which parts of the items: a field, or all elements.
#[derive(Clone, Copy)]
pub(crate) enum PartsOf<'a> {
    Field(&'a CStr),
    Elements,
}

/// The field of all items that a path leads to; the axes of sub-arrays on the way follow those of the view.
///
/// # Safety
/// O1.
pub(crate) unsafe fn field(op: NonNull<PyObject>, path: &CStr) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1.
    unsafe { memoryview_of(op, PartsOf::Field(path)) }
}

/// The equal elements that each item consists of, along the axes of the sub-array that they make, which follow those of the view.
/// An item that is one element adds no axis.
///
/// # Safety
/// O1.
pub(crate) unsafe fn elements(op: NonNull<PyObject>) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1.
    unsafe { memoryview_of(op, PartsOf::Elements) }
}

/// # Safety
/// O1.
unsafe fn memoryview_of(op: NonNull<PyObject>, which: PartsOf<'_>) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1, and the elements lie within the items (B1). The text is NUL-terminated, as every bytes
    // object is.
    unsafe {
        let mut made = Err(Error::bad_argument());
        let access = Access::new(op)?;
        with_parts(&access, which, &mut |parts| {
            let text = format_of_elements(parts.item)?;
            let format = NewFormat::new(CStr::from_ptr(bytes::start(text.as_non_null())));
            let ndim = access.structure()?.ndim.saturating_add(parts.added());
            made = derived(Access::new(op)?, ndim, format.copied, &mut parts.laying(format.text()));
            Ok(())
        })?;
        made
    }
}

/// Parts of all items of a view, as a view on the stack. Its format, unless it is one letter, is written to `room`; where it does
/// not fit, a `ValueError`.
///
/// # Safety
/// B1; the room may be written, and is not that of the view's format or of the path.
pub(crate) unsafe fn parts_of_whole<'a>(
    to: &'a mut Stacked,
    of: &Whole,
    which: PartsOf<'_>,
    room: &mut [MaybeUninit<u8>],
) -> Result<&'a Whole> {
    // SAFETY: the caller guarantees B1; the elements lie within the items.
    unsafe {
        let mut to = Some(to);
        let mut made = Err(Error::bad_argument());
        with_parts(of, which, &mut |parts| {
            let Some(to) = to.take() else { return Ok(()) };
            let text = format_of_elements(parts.item)?;
            let format = NewFormat::new(CStr::from_ptr(bytes::start(text.as_non_null())));
            let ndim = of.structure()?.ndim.saturating_add(parts.added());
            // Written last, so that nothing is where this fails.
            let (copied, place) = match format.copied {
                None => (&[][..], format.text()),
                Some(text) => (text.to_bytes_with_nul(), place_for(text, room)?),
            };
            made = to.lay(of, ndim, &mut parts.laying(place));
            if made.is_ok() {
                room.iter_mut().zip(copied).for_each(|(to, &byte)| *to = MaybeUninit::new(byte));
            }
            Ok(())
        })?;
        made
    }
}

/// Runs `act` with the parts.
///
/// # Safety
/// B1.
unsafe fn with_parts(of: &Whole, which: PartsOf<'_>, act: &mut dyn FnMut(&Parts<'_>) -> Result<()>) -> Result<()> {
    // SAFETY: the caller guarantees B1; the parsed format keeps its items as long as it lives.
    unsafe {
        let parsed = format::parse_sized(of.format(), of.view().itemsize.unsigned_abs())?;
        let root = &*(*parsed.as_ptr()).root;
        match which {
            PartsOf::Field(path) => with_field(root, path, act),
            PartsOf::Elements => with_elements(root, act),
        }
    }
}

/// # Safety
/// The item belongs to a format.
unsafe fn with_field(root: &pybuffer_item, path: &CStr, act: &mut dyn FnMut(&Parts<'_>) -> Result<()>) -> Result<()> {
    // SAFETY: the caller guarantees that the item belongs to a format, as its fields do then.
    unsafe {
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
        act(&Parts { offset, item: last, axes: &axes })
    }
}

/// # Safety
/// The item belongs to a format.
unsafe fn with_elements(root: &pybuffer_item, act: &mut dyn FnMut(&Parts<'_>) -> Result<()>) -> Result<()> {
    if root.kind == PYBUFFER_KIND_BITS {
        return Err(Error::wrong_type(c"the items are bits, which have no addresses of their own"));
    }
    let mut parts = |item: &pybuffer_item, axes: &AddedAxes<'_>| act(&Parts { offset: 0, item, axes });
    let in_line = |count: isize, size: isize| move |push: &mut dyn FnMut(isize, isize)| push(count, size);
    let size = |count: isize| root.itemsize.checked_div(count).unwrap_or(0);
    match root.kind {
        // SAFETY: the caller guarantees that the item belongs to a format.
        _ if root.ndim != 0 => parts(root, &|push| unsafe { axes_of(root, push) }),
        PYBUFFER_KIND_COMPLEX => {
            let float =
                pybuffer_item { kind: PYBUFFER_KIND_FLOAT, code: part_of_complex(root), itemsize: size(2), ..*root };
            parts(&float, &in_line(2, size(2)))
        }
        PYBUFFER_KIND_TEXT if root.length != 1 => {
            // Text of no units has no bytes that would say how wide they are.
            let [code, ..] = root.code.map(byte);
            let of_code = size_of_format(if code == b'u' { c"u" } else { c"w" })?;
            let size = root.itemsize.checked_div(root.length).unwrap_or(of_code);
            let unit = pybuffer_item { length: 1, itemsize: size, ..*root };
            parts(&unit, &in_line(root.length, size))
        }
        PYBUFFER_KIND_RECORD => {
            // SAFETY: the caller guarantees that the item belongs to a format.
            let first = unsafe { number_of_record(root) }
                .ok_or(Error::wrong_type(c"the items are records of other things than equal numbers"))?;
            let count = root.itemsize.checked_div(first.itemsize).unwrap_or(0);
            parts(first, &in_line(count, first.itemsize))
        }
        _ => parts(root, &|_| {}),
    }
}

/// Where a text is to be copied to.
fn place_for(text: &CStr, room: &mut [MaybeUninit<u8>]) -> Result<*mut c_char> {
    let (size, given) = (text.to_bytes_with_nul().len(), room.len());
    if size > given {
        let message = c"the format takes %zd bytes, and there is room for %zd";
        return Err(Error::with(ErrorKind::Value, message, Argument::count(size), Argument::count(given)));
    }
    Ok(room.as_mut_ptr().cast())
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
