//! Parts of ndarrays, which are ndarrays of them, and assignment to parts. CPython: `ndarray_subscript`, `copy_buffer`.

use core::ffi::c_int;
use core::ptr::{NonNull, null_mut};

use crate::abi::buffer::Py_buffer;
use crate::abi::object::PyObject;
use crate::buffer::{self, Acquired, Request, Within};
use crate::error::{Error, Result};
use crate::layout::{self, AxesMut, Order, Structure, Subscript, axes_left, bytes_of, squeeze};
use crate::runtime::refs::Owned;

use super::base::{Loose, MAX_NDIM};
use super::lock::{Locked, PinnedBase};
use super::{NdArrayObject, downcast, of_exporter, source};

/// All items of a view, of any number of axes, in C order to as many bytes as its `len` says.
///
/// # Safety
/// B1 and W3; `len` bytes may be written, which are not memory of the view.
pub(super) unsafe fn copy_out(to: *mut u8, view: &Py_buffer) -> Result<()> {
    // SAFETY: the caller guarantees B1 and W3; W4: the bytes are not memory of the view; with fewer axes it is a view of the
    // same items.
    unsafe {
        let structure = buffer::structure(view).ok_or(Error::bad_argument())?;
        if structure.is_contiguous(Order::C) {
            core::ptr::copy_nonoverlapping(view.buf.cast(), to, view.len.unsigned_abs());
            return Ok(());
        }
        if structure.ndim <= layout::MAX_NDIM {
            return buffer::to_fresh(to, view, Order::C);
        }
        let mut arrays = [[0; layout::MAX_NDIM]; 3];
        let [shape, strides, suboffsets] = &mut arrays;
        let ndim = squeeze(&structure, &mut AxesMut { shape, strides, suboffsets })?;
        let fewer = Py_buffer {
            ndim: c_int::try_from(ndim).map_err(|_| Error::bad_argument())?,
            shape: shape.as_mut_ptr(),
            strides: strides.as_mut_ptr(),
            suboffsets: if structure.suboffsets.is_some() { suboffsets.as_mut_ptr() } else { null_mut() },
            ..*view
        };
        buffer::to_fresh(to, &fewer, Order::C)
    }
}

/// `ndarray[...]`: an ndarray of the part that the subscripts select.
///
/// # Safety
/// O1.
pub(crate) unsafe fn subscript(
    op: NonNull<PyObject>,
    subscripts: impl Iterator<Item = Subscript> + Clone,
) -> Result<Owned<NdArrayObject>> {
    // SAFETY: O1; O2 after the downcast. The new object keeps the view, and is not shared yet (O3). What is selected lies
    // within the view (B1).
    unsafe {
        downcast(op)?;
        let object = of_exporter(op, Request::FULL_RO)?;
        let source = source(&object)?;
        let given = buffer::structure(source).ok_or(Error::bad_argument())?;
        let (mut shape, mut strides) = ([0; MAX_NDIM], [0; MAX_NDIM]);
        let (Some(shape), Some(strides)) = (shape.get_mut(..given.ndim), strides.get_mut(..given.ndim)) else {
            return Err(Error::bad_argument());
        };
        given.complete(shape, strides, &mut []);
        let structure = Structure { shape: Some(shape), strides: Some(strides), ..given };
        let ndim = axes_left(given.ndim, subscripts.clone(), MAX_NDIM)?;
        let mut part = Loose::of_part(source, ndim)?;
        let base = part.get();
        let mut axes = base.axes(ndim);
        axes.suboffsets.fill(-1);
        let buf = buffer::select_from(&structure, source.buf.cast(), subscripts, &mut axes)?;
        let len = bytes_of(axes.shape, given.itemsize).ok_or(Error::bad_argument())?;
        base.view.buf = buf.cast();
        base.view.len = len;
        // As in CPython, an array of suboffsets is kept, even where none of its pointers is left.
        base.lay(ndim, given.suboffsets.is_some());
        base.mark();
        Locked::new(object.as_non_null()).push(part);
        Ok(object)
    }
}

/// `ndarray[...] = source`: the items of an exporter, of the same format and shape, as if through a temporary.
///
/// # Safety
/// O1 for both, and W3.
pub(crate) unsafe fn assign(
    op: NonNull<PyObject>,
    subscripts: impl Iterator<Item = Subscript> + Clone,
    source: NonNull<PyObject>,
) -> Result<()> {
    let writable = |view: &Py_buffer| match view.readonly {
        0 => Ok(()),
        _ => Err(Error::wrong_type(c"ndarray is not writable")),
    };
    let look = |view: &mut Acquired| {
        // SAFETY: O1; neither of the two views below is moved; a copy allocates, and nothing else.
        unsafe { view.look(source.as_ptr(), Request::FULL_RO, Within::Allocations) }
    };
    // SAFETY: the caller guarantees O1 and W3; O2 after the downcast. The part is this function's alone. The exporters vouch
    // for the memory (B1).
    unsafe {
        writable(&PinnedBase::new(downcast(op)?)?.view())?;
        let mut first = Acquired::empty();
        look(&mut first)?;
        // For the part another exporter may be asked, so the first look ends here, and a second one follows.
        let looks_again = first.is_look();
        if looks_again {
            first = Acquired::empty();
        }
        let part = subscript(op, subscripts)?;
        let mut second = Acquired::empty();
        if looks_again {
            look(&mut second)?;
        }
        let src = if looks_again { &second } else { &first };
        let to = &(*(*part.as_ptr()).head).view;
        // Another base may be on the top by now.
        writable(to)?;
        let (from, into) = (buffer::checked_structure(src.view())?, buffer::checked_structure(to)?);
        if buffer::format_of(src.view()) != buffer::format_of(to)
            || from.itemsize != into.itemsize
            || !from.has_shape_of(&into)
        {
            return Err(Error::value(c"ndarray assignment: lvalue and rvalue have different structures"));
        }
        buffer::copy_view(src.view(), to)
    }
}
