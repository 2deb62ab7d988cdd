//! Asking an exporter for a view, giving it back, and reading what came.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::null_mut;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::abi::slots::PyBufferProcs;
use crate::error::{Error, Result};
use crate::layout::{AxesMut, Structure, Subscript, select};
use crate::runtime::boundary::slot_succeeded;
use crate::runtime::refs::{self, Owned};
use crate::runtime::types::{self, Links};

use super::request::Request;

/// A `bf_getbuffer` that is there.
pub(super) type GetBuffer = unsafe extern "C" fn(*mut PyObject, *mut Py_buffer, c_int) -> c_int;

/// The buffer slots of an object's type, where it has them.
///
/// # Safety
/// O1.
unsafe fn procs<'a>(obj: *mut PyObject) -> Option<&'a PyBufferProcs> {
    // SAFETY: O1; `tp_as_buffer` is NULL or a table that lives as long as the type.
    unsafe { (*types::type_of(obj)).tp_as_buffer.as_ref() }
}

/// `PyObject_CheckBuffer`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn is_exporter(obj: *mut PyObject) -> bool {
    // SAFETY: O1.
    unsafe { procs(obj) }.is_some_and(|procs| procs.bf_getbuffer.is_some())
}

/// The slot that answers requests, or a `TypeError`.
///
/// # Safety
/// O1.
pub(super) unsafe fn getbuffer_slot(obj: *mut PyObject) -> Result<GetBuffer> {
    // SAFETY: O1.
    unsafe {
        procs(obj).and_then(|procs| procs.bf_getbuffer).ok_or_else(|| {
            Error::type_name(c"a bytes-like object is required, not '%.100s'", (*types::type_of(obj)).tp_name)
        })
    }
}

/// Whether [`answerer`] may have another object.
///
/// # Safety
/// O1.
#[inline]
pub(crate) unsafe fn may_stand_for_another(obj: *mut PyObject) -> bool {
    // SAFETY: O1.
    unsafe { Links::of(obj).answerer.is_some() }
}

/// The object that answers requests in the place of this one, which stands for it; `None` where it answers itself.
///
/// # Safety
/// O1.
pub(crate) unsafe fn answerer(obj: *mut PyObject) -> Result<Option<Owned<PyObject>>> {
    // SAFETY: O1; the link is the object's.
    unsafe { Links::of(obj).answerer.map_or(Ok(None), |answerer| answerer(obj)) }
}

/// `PyObject_GetBuffer`.
///
/// # Safety
/// O1; `view` may be written, and is not moved while it is filled (B2).
pub(crate) unsafe fn get_buffer(obj: *mut PyObject, view: *mut Py_buffer, request: Request) -> Result<()> {
    // SAFETY: O1; O4 for the slot.
    unsafe {
        let getbuffer = getbuffer_slot(obj)?;
        if view.is_null() {
            return Err(Error::buffer(c"PyObject_GetBuffer: view==NULL argument is obsolete"));
        }
        slot_succeeded(getbuffer(obj, view, request.flags()))
    }
}

/// `PyBuffer_Release`. A pending error is left as it is. What foreign code is called on the way may release the view once
/// more, which does nothing.
///
/// # Safety
/// B1; the view is not used any more.
pub(crate) unsafe fn release(view: *mut Py_buffer) {
    // SAFETY: B1: `obj` is NULL or an owned reference; O4 for the slot.
    unsafe {
        let obj = (*view).obj;
        if obj.is_null() {
            return;
        }
        if let Some(releasebuffer) = procs(obj).and_then(|procs| procs.bf_releasebuffer) {
            if types::is_own(obj) {
                // The library's own slots look at `internal` only.
                (*view).obj = null_mut();
                releasebuffer(obj, view);
            } else if !refs::releasing(view.cast_const().cast(), || releasebuffer(obj, view)) {
                return;
            }
        }
        (*view).obj = null_mut();
        refs::decref(obj);
    }
}

/// A view that is released at the end of its scope. It is filled in place and must stay there (B2), so it is made empty
/// and then asked to acquire.
pub(crate) struct Acquired(Py_buffer);

impl Acquired {
    /// A view of nothing.
    pub(crate) const fn empty() -> Self {
        Self(Py_buffer::EMPTY)
    }

    /// Asks the exporter. What comes back satisfies `Structure::check`, or the exporter is told off.
    ///
    /// # Safety
    /// O1; called once; the value is not moved afterwards.
    pub(crate) unsafe fn acquire(&mut self, obj: *mut PyObject, request: Request) -> Result<()> {
        // SAFETY: the function's contract.
        if let Err(error) = unsafe { get_buffer(obj, &raw mut self.0, request) } {
            // Whatever the exporter left there, it is not a view.
            self.0.obj = null_mut();
            return Err(error);
        }
        if !request.shape() {
            // Plain bytes: an exporter may leave `ndim` as it is and only drop the arrays (NumPy does).
            return if self.0.len < 0 { Err(Error::buffer(c"len must not be negative")) } else { Ok(()) };
        }
        // SAFETY: the exporter has filled it (B1).
        unsafe { checked_structure(&self.0) }.map(|_| ())
    }

    /// The view.
    pub(crate) fn view(&self) -> &Py_buffer {
        &self.0
    }

    /// The bytes of a view that was asked for without a shape.
    ///
    /// # Safety
    /// They are not written while the result is used (W3).
    pub(crate) unsafe fn bytes(&self) -> &[u8] {
        match self.0.len {
            0 => &[],
            // SAFETY: the exporter vouches for its memory (B1).
            len => unsafe { core::slice::from_raw_parts(self.0.buf.cast::<u8>().cast_const(), len.unsigned_abs()) },
        }
    }
}

impl Drop for Acquired {
    fn drop(&mut self) {
        // SAFETY: empty, or filled by an exporter and given back here only.
        unsafe { release(&raw mut self.0) };
    }
}

/// What is wrong with a view that has no structure.
pub(crate) const NEGATIVE: Error = Error::buffer(c"ndim must not be negative");

/// The structure of a view, as it stands there. `None` where `ndim` is negative.
///
/// # Safety
/// B1.
#[inline]
pub(crate) unsafe fn structure(view: &Py_buffer) -> Option<Structure<'_>> {
    let ndim = usize::try_from(view.ndim).ok()?;
    let array = |entries: *mut Py_ssize_t| {
        if ndim == 0 {
            return Some(&[][..]);
        }
        // SAFETY: B1: NULL or `ndim` entries.
        (!entries.is_null()).then(|| unsafe { core::slice::from_raw_parts(entries.cast_const(), ndim) })
    };
    Some(Structure {
        ndim,
        len: view.len,
        itemsize: view.itemsize,
        shape: array(view.shape),
        strides: array(view.strides),
        suboffsets: if view.suboffsets.is_null() { None } else { array(view.suboffsets) },
    })
}

/// The structure of a view, checked, so that it may be walked.
///
/// # Safety
/// B1.
pub(crate) unsafe fn checked_structure(view: &Py_buffer) -> Result<Structure<'_>> {
    // SAFETY: the function's contract.
    let structure = unsafe { structure(view) }.ok_or(NEGATIVE)?;
    structure.check()?;
    Ok(structure)
}

/// The format of a view; none means bytes.
///
/// # Safety
/// B1, for as long as the result is used.
pub(crate) unsafe fn format_of(view: &Py_buffer) -> &CStr {
    // SAFETY: B1: NULL or a C string.
    if view.format.is_null() { c"B" } else { unsafe { CStr::from_ptr(view.format) } }
}

/// `PyBuffer_GetPointer`: the address of the item at `indices`. Strides that are missing are those of C-contiguous
/// memory.
///
/// # Safety
/// B1; `indices` has `ndim` entries, each within the shape.
pub(crate) unsafe fn item_pointer(view: &Py_buffer, indices: *const Py_ssize_t) -> Result<*mut c_void> {
    // SAFETY: B1.
    let structure = unsafe { structure(view) }.ok_or(Error::bad_argument())?;
    if structure.ndim != 0 && indices.is_null() {
        return Err(Error::NullArgument);
    }
    let indices: &[Py_ssize_t] = match structure.ndim {
        0 => &[],
        // SAFETY: the function's contract.
        ndim => unsafe { core::slice::from_raw_parts(indices, ndim) },
    };
    let mut pointer = view.buf.cast::<u8>();
    let Some(strides) = structure.strides else {
        let shape = match structure.shape {
            Some(shape) => shape,
            None if structure.ndim == 1 => &[0],
            None => return Err(Error::bad_argument()),
        };
        let items = indices
            .iter()
            .zip(shape)
            .fold(0isize, |items, (&index, &length)| items.wrapping_mul(length).wrapping_add(index));
        return Ok(pointer.wrapping_offset(items.wrapping_mul(view.itemsize)).cast());
    };
    for (axis, (&index, &stride)) in indices.iter().zip(strides).enumerate() {
        pointer = pointer.wrapping_offset(stride.wrapping_mul(index));
        if let Some(&suboffset) = structure.suboffsets.and_then(|suboffsets| suboffsets.get(axis))
            && suboffset >= 0
        {
            // SAFETY: B1: a suboffset says that a pointer stands here.
            pointer = unsafe { pointer.cast::<*mut u8>().read_unaligned() }.wrapping_offset(suboffset);
        }
    }
    Ok(pointer.cast())
}

/// Where the pointers lead that [`select`] follows at once: the address of the part.
///
/// # Safety
/// B1, for the view that is selected from, of which `buf` is the base.
pub(crate) unsafe fn select_from(
    view: &Structure<'_>,
    buf: *mut u8,
    subscripts: impl Iterator<Item = Subscript> + Clone,
    part: &mut AxesMut<'_>,
) -> Result<*mut u8> {
    let mut base = buf;
    let offset = select(view, subscripts, part, |offset, suboffset| {
        // SAFETY: B1: there are items, the indices are within the shape, and a suboffset says that a pointer stands here.
        base = unsafe { base.wrapping_offset(offset).cast::<*mut u8>().read_unaligned() }.wrapping_offset(suboffset);
    })?;
    Ok(base.wrapping_offset(offset))
}
