//! Memoryviews made from memoryviews: parts, rearranged axes, read-only ones. No item is touched.

use core::ffi::CStr;
use core::ptr::NonNull;

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::buffer;
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::layout::{
    self, AxesMut, Clipped, MAX_NDIM, NO_PERMUTATION, Order, Structure, Subscript, axes_left,
    broadcast as broadcast_axes, clip,
};
use crate::runtime::note::{Note, with_note};
use crate::runtime::refs::Owned;

use super::access::Access;
use super::view::{Unfinished, again, check_ndim, downcast, own_format, unrestricted};
use super::whole::{Laid, Lay, Stacked, Whole, lay_out};

/// A memoryview of `ndim` axes on the snapshot of another, with a copy of `format`; without one, it uses the other's format,
/// which must not be in the other memoryview itself. `lay` writes the axes, see [`lay_out`].
///
/// # Safety
/// B1 for what `lay` makes of the view.
pub(super) unsafe fn derived(
    of: Access,
    ndim: usize,
    format: Option<&CStr>,
    lay: &mut Lay<'_>,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: `Access` keeps the memoryview and its managed buffer; the new object is not shared yet (O3).
    unsafe {
        unrestricted(of.memoryview())?;
        check_ndim(ndim)?;
        let view = &(*of.memoryview().as_ptr()).view;
        let new = Unfinished::new(ndim, format)?;
        let mut axes = new.axes();
        let (laid, pointers) = lay_out(&of, &mut axes, lay)?;
        Ok(new.finish(of.into_share(), view, laid, &axes, pointers))
    }
}

/// `memoryview[...]`, along any number of axes: always a memoryview, of no axes where each has an index.
///
/// # Safety
/// O1.
pub(crate) unsafe fn subscript(
    op: NonNull<PyObject>,
    subscripts: impl Iterator<Item = Subscript> + Clone,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1; the memoryview's view is complete (B1).
    unsafe { part_of(Access::of_memoryview(downcast(op)?)?, subscripts) }
}

/// # Safety
/// As [`subscript`].
pub(super) unsafe fn part_of(
    access: Access,
    subscripts: impl Iterator<Item = Subscript> + Clone,
) -> Result<Owned<PyMemoryViewObject>> {
    let mut all = subscripts.clone();
    if let (Some(Subscript::Slice { start, stop, step }), None) = (all.next(), all.next())
        && is_line(access.view())
    {
        // SAFETY: the caller guarantees O1; `is_line` has found that the view is a line.
        return unsafe { slice_of_line(access, start, stop, step) };
    }
    let ndim = axes_selected(&access, subscripts.clone())?;
    // SAFETY: the caller guarantees O1, for as long as the access lives; what is selected lies within the view.
    unsafe {
        let memoryview = access.memoryview();
        derived(access, ndim, own_format(memoryview), &mut selecting(subscripts))
    }
}

/// The number of axes of a part. (Not inlined: it is there once for each kind of subscripts.)
#[inline(never)]
fn axes_selected(of: &Whole, subscripts: impl Iterator<Item = Subscript> + Clone) -> Result<usize> {
    axes_left(of.structure()?.ndim, subscripts, MAX_NDIM)
}

/// What lays out a part.
///
/// # Safety
/// B1 for the views that it is called with, and W3 for their pointers.
unsafe fn selecting(
    subscripts: impl Iterator<Item = Subscript> + Clone,
) -> impl FnMut(&Structure<'_>, &mut AxesMut<'_>, &mut Laid) -> Result<()> {
    move |structure, axes, laid| {
        // SAFETY: the caller guarantees B1 and W3.
        laid.buf = unsafe { buffer::select_from(structure, laid.buf.cast(), subscripts.clone(), axes)? }.cast();
        Ok(())
    }
}

/// A part as a view on the stack.
///
/// # Safety
/// B1, and W3 for the pointers.
pub(crate) unsafe fn select<'a>(
    part: &'a mut Stacked,
    of: &Whole,
    subscripts: impl Iterator<Item = Subscript> + Clone,
) -> Result<&'a Whole> {
    let ndim = axes_selected(of, subscripts.clone())?;
    // SAFETY: the caller guarantees B1 and W3; what is selected lies within the view.
    unsafe { part.lay(of, ndim, &mut selecting(subscripts)) }
}

/// Whether a memoryview's view has one axis, and no pointers.
const fn is_line(view: &Py_buffer) -> bool {
    view.ndim == 1 && view.suboffsets.is_null()
}

/// [`derived`] for one axis of so many items without pointers: no axes to write first, and little to compute.
///
/// # Safety
/// B1 for what comes out.
pub(super) unsafe fn line(
    of: Access,
    format: Option<&CStr>,
    items: isize,
    stride: isize,
    change: impl FnOnce(Laid) -> Laid,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees B1 for the result; `Access` keeps the memoryview (O1, O2); `new` has room for one axis.
    unsafe {
        unrestricted(of.memoryview())?;
        let view = &(*of.memoryview().as_ptr()).view;
        let new = Unfinished::new(1, format)?;
        Ok(new.finish_line(of.into_share(), view, change(Laid::of(view)), items, stride))
    }
}

/// One slice of a line.
///
/// # Safety
/// As [`subscript`]; the view is a line.
unsafe fn slice_of_line(
    of: Access,
    start: Option<isize>,
    stop: Option<isize>,
    step: Option<isize>,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1, and a line, whose shape and strides have one entry (B1). The slice lies within the
    // view, so it has no more bytes.
    unsafe {
        let (view, memoryview) = (of.view(), of.memoryview());
        let (items, stride) = (view.shape.read(), view.strides.read());
        let Clipped { start, step, count } = clip(start, stop, step, items)?;
        line(of, own_format(memoryview), count, step.wrapping_mul(stride), |laid| Laid {
            buf: laid.buf.wrapping_byte_offset(start.wrapping_mul(stride)),
            len: count.wrapping_mul(laid.itemsize),
            ..laid
        })
    }
}

/// The same items, the last first along one axis.
///
/// # Safety
/// O1.
pub(crate) unsafe fn flip(op: NonNull<PyObject>, axis: isize) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1.
    unsafe {
        let access = Access::of_memoryview(downcast(op)?)?;
        let ndim = access.structure()?.ndim;
        let place = if axis < 0 { axis + ndim.cast_signed() } else { axis };
        let Some(before) = usize::try_from(place).ok().filter(|&before| before < ndim) else {
            return Err(Error::with(
                ErrorKind::Value,
                if ndim == 1 {
                    c"axis %zd is out of bounds for a view of %zd axis"
                } else {
                    c"axis %zd is out of bounds for a view of %zd axes"
                },
                Argument::Size(axis),
                Argument::Size(ndim.cast_signed()),
            ));
        };
        if is_line(access.view()) {
            return slice_of_line(access, None, None, Some(-1));
        }
        if access.view().suboffsets.is_null() {
            let memoryview = access.memoryview();
            return derived(access, ndim, own_format(memoryview), &mut |structure, axes, laid| {
                laid.buf = laid.buf.wrapping_byte_offset(layout::flip(structure, before, axes)?);
                Ok(())
            });
        }
        let backwards = Subscript::Slice { start: None, stop: None, step: Some(-1) };
        part_of(access, core::iter::repeat_n(Subscript::ALL, before).chain([backwards]))
    }
}

/// The axes in another order; without one, reversed.
///
/// # Safety
/// O1.
pub(crate) unsafe fn permute(op: NonNull<PyObject>, order: Option<&[i32]>) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1; the same items, under other axes.
    with_note(|note| unsafe {
        let access = Access::of_memoryview(downcast(op)?)?;
        let (memoryview, ndim) = (access.memoryview(), access.structure()?.ndim);
        derived(access, ndim, own_format(memoryview), &mut permuting(order, note))
    })
}

/// What lays out the axes in another order.
fn permuting(
    order: Option<&[i32]>,
    note: &mut Note,
) -> impl FnMut(&Structure<'_>, &mut AxesMut<'_>, &mut Laid) -> Result<()> {
    move |structure, axes, _| {
        let ndim = structure.ndim;
        if order.is_some_and(|order| order.len() != ndim) {
            return Err(with_axes(NO_PERMUTATION, structure, order, note));
        }
        let old = |new: usize| match order {
            Some(order) => order.get(new).map_or(isize::MAX, |&axis| axis as isize),
            None => (ndim - new - 1).cast_signed(),
        };
        layout::permute(structure, old, axes).map_err(|error| with_axes(error, structure, order, note))
    }
}

/// The error of axes that are no permutation, with these and the shape of the view.
#[cold]
fn with_axes(error: Error, view: &Structure<'_>, axes: Option<&[i32]>, note: &mut Note) -> Error {
    if error != NO_PERMUTATION {
        return error;
    }
    note.push(b"the axes ");
    note.tuple(axes.unwrap_or(&[]).iter().map(|&axis| axis as isize));
    note.push(b" do not name each axis of a view of shape ");
    note.shape(view.shape.unwrap_or(&[]));
    note.push(b" once");
    note.error(ErrorKind::Value)
}

/// [`permute`] of a view, as a view on the stack.
///
/// # Safety
/// B1.
pub(crate) unsafe fn permute_whole<'a>(to: &'a mut Stacked, of: &Whole, order: Option<&[i32]>) -> Result<&'a Whole> {
    let ndim = of.structure()?.ndim;
    // SAFETY: the caller guarantees B1; the same items, under other axes.
    with_note(|note| unsafe { to.lay(of, ndim, &mut permuting(order, note)) })
}

/// The items repeated along axes of one item, and along new leading ones. Read-only where anything is repeated.
///
/// # Safety
/// O1.
pub(crate) unsafe fn broadcast(op: NonNull<PyObject>, shape: &[isize]) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1; the same items, under other axes.
    with_note(|note| unsafe {
        let access = Access::of_memoryview(downcast(op)?)?;
        let memoryview = access.memoryview();
        derived(access, shape.len(), own_format(memoryview), &mut broadcasting(shape, note))
    })
}

/// What lays out repeated items.
fn broadcasting(
    shape: &[isize],
    note: &mut Note,
) -> impl FnMut(&Structure<'_>, &mut AxesMut<'_>, &mut Laid) -> Result<()> {
    move |structure, axes, laid| {
        let repeats = broadcast_axes(structure, shape, axes);
        if repeats.map_err(|error| with_shapes(error, structure, b" cannot be broadcast to ", shape, note))? {
            laid.readonly = 1;
        }
        Ok(())
    }
}

/// [`broadcast`] of a view, as a view on the stack.
///
/// # Safety
/// B1.
pub(crate) unsafe fn broadcast_whole<'a>(to: &'a mut Stacked, of: &Whole, shape: &[isize]) -> Result<&'a Whole> {
    // SAFETY: the caller guarantees B1; the same items, under other axes.
    with_note(|note| unsafe { to.lay(of, shape.len(), &mut broadcasting(shape, note)) })
}

/// The error of a view that cannot have a shape, with its own shape and that one.
#[cold]
fn with_shapes(error: Error, view: &Structure<'_>, text: &[u8], shape: &[isize], note: &mut Note) -> Error {
    let (kind, after) = match error {
        _ if error == layout::NO_SUCH_SHAPE => (ErrorKind::Value, &b""[..]),
        _ if error == layout::NEEDS_COPY => (ErrorKind::Buffer, &b" without a copy"[..]),
        other => return other,
    };
    note.push(b"a view of shape ");
    note.shape(view.shape.unwrap_or(&[]));
    note.push(text);
    note.shape(shape);
    note.push(after);
    note.error(kind)
}

/// The items in another shape, where that needs no copy.
///
/// # Safety
/// O1.
pub(crate) unsafe fn reshape(
    op: NonNull<PyObject>,
    shape: &[isize],
    order: Order,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1; the same items, under other axes.
    with_note(|note| unsafe {
        let access = Access::of_memoryview(downcast(op)?)?;
        let memoryview = access.memoryview();
        derived(access, shape.len(), own_format(memoryview), &mut reshaping(shape, order, note))
    })
}

/// What lays out another shape.
fn reshaping(
    shape: &[isize],
    order: Order,
    note: &mut Note,
) -> impl FnMut(&Structure<'_>, &mut AxesMut<'_>, &mut Laid) -> Result<()> {
    move |structure, axes, _| {
        let done = layout::reshape(structure, shape, order, axes);
        done.map_err(|error| with_shapes(error, structure, b" cannot be reshaped to ", shape, note))
    }
}

/// [`reshape`] of a view, as a view on the stack.
///
/// # Safety
/// B1.
pub(crate) unsafe fn reshape_whole<'a>(
    to: &'a mut Stacked,
    of: &Whole,
    shape: &[isize],
    order: Order,
) -> Result<&'a Whole> {
    // SAFETY: the caller guarantees B1; the same items, under other axes.
    with_note(|note| unsafe { to.lay(of, shape.len(), &mut reshaping(shape, order, note)) })
}

/// `memoryview.toreadonly()`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn to_readonly(op: NonNull<PyObject>) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1.
    unsafe { Ok(again(downcast(op)?, 1)?) }
}
