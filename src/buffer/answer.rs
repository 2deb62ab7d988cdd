//! Answers requests: makes the view that a request asks for from the full description of the memory.
//!
//! The whole matrix of flags is in [`unmet`] and [`write_answer`], for memoryviews and for every other exporter. CPython:
//! `memory_getbuf`.

use core::ffi::{CStr, c_char};
use core::ptr::null_mut;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::layout::{MAX_NDIM, Order, Structure};
use crate::runtime::refs;
use crate::runtime::types;

use super::fill_info::{UNSIGNED_BYTES, keep_asked};
use super::request::Request;
use super::view::{NEGATIVE, structure};

/// The properties of memory that requests ask for.
#[derive(Clone, Copy)]
pub(crate) struct Contiguity {
    /// Contiguous in C order.
    pub(crate) c: bool,
    /// Contiguous in Fortran order.
    pub(crate) fortran: bool,
    /// Reached by pointers, and then neither of the two.
    pub(crate) indirect: bool,
}

impl Contiguity {
    /// As CPython works it out for a memoryview (`init_flags`), from a structure that has shape and strides: for one
    /// axis it checks the stride even where there are no items, unlike `PyBuffer_IsContiguous`.
    #[inline(always)]
    pub(crate) fn of(structure: &Structure<'_>) -> Self {
        if structure.suboffsets.is_some() {
            return Self { c: false, fortran: false, indirect: true };
        }
        let (c, fortran) = match (structure.ndim, structure.shape, structure.strides) {
            (1, Some(&[items]), Some(&[stride])) => return Self::of_line(items, stride, structure.itemsize),
            _ => (structure.is_contiguous(Order::C), structure.is_contiguous(Order::Fortran)),
        };
        Self { c, fortran, indirect: false }
    }

    /// The same of one axis without pointers.
    #[inline(always)]
    pub(crate) const fn of_line(items: Py_ssize_t, stride: Py_ssize_t, itemsize: Py_ssize_t) -> Self {
        let contiguous = items == 1 || stride == itemsize;
        Self { c: contiguous, fortran: contiguous, indirect: false }
    }
}

/// The first condition of the request that the memory does not meet, as a text about an exporter, with one `%.200s`. `base` has
/// all that the memory has: format, and shape and strides where it has axes.
#[inline(always)]
fn unmet(base: &Py_buffer, contiguity: Contiguity, request: Request) -> Option<&'static CStr> {
    let Contiguity { c, fortran, indirect } = contiguity;
    if request.writable() && base.readonly != 0 {
        return Some(c"%.200s: underlying buffer is not writable");
    }
    if request.takes_any() {
        return None;
    }
    if request.may_name_an_order() {
        if request.c_contiguous() && !c {
            return Some(c"%.200s: underlying buffer is not C-contiguous");
        }
        if request.f_contiguous() && !fortran {
            return Some(c"%.200s: underlying buffer is not Fortran contiguous");
        }
        if request.any_contiguous() && !c && !fortran {
            return Some(c"%.200s: underlying buffer is not contiguous");
        }
    }
    if indirect || !c {
        if !request.indirect() && indirect {
            return Some(c"%.200s: underlying buffer requires suboffsets");
        }
        if !request.strides() && !c {
            return Some(c"%.200s: underlying buffer is not C-contiguous");
        }
    }
    // A format without a shape makes no sense: plain bytes have none.
    if !request.shape() && request.format() && !base.format.is_null() {
        return Some(c"%.200s: cannot cast to unsigned bytes if the format flag is present");
    }
    None
}

/// Whether the memory meets the request's conditions.
#[inline(always)]
pub(crate) fn can_answer(base: &Py_buffer, contiguity: Contiguity, request: Request) -> bool {
    unmet(base, contiguity, request).is_none()
}

/// The error where it does not, about an exporter of the type with this name.
pub(crate) fn check_answer(
    base: &Py_buffer,
    contiguity: Contiguity,
    request: Request,
    name: *const c_char,
) -> Result<()> {
    match unmet(base, contiguity, request) {
        Some(text) => Err(Error::with(ErrorKind::Buffer, text, Argument::Text(name), Argument::None)),
        None => Ok(()),
    }
}

/// Fills the view as the request asks, which has been checked, with this in `obj`.
///
/// # Safety
/// `view` may be written, and is not `base`.
#[inline(always)]
pub(crate) unsafe fn write_answer(view: *mut Py_buffer, obj: *mut PyObject, base: &Py_buffer, request: Request) {
    // SAFETY: the caller lends the view, which may be uninitialised, so it is written before fields of it are.
    unsafe {
        core::ptr::copy_nonoverlapping(base, view, 1);
        (*view).obj = obj;
        keep_asked(view, request);
    }
}

/// The structure of a memory that an exporter describes, checked more strictly than what others hand out
/// (`Structure::check`): every field that is there has to fit the others. Suboffsets that are all negative are none.
///
/// # Safety
/// B1.
pub(crate) unsafe fn described(description: &Py_buffer) -> Result<Structure<'_>> {
    let refused = |condition: bool, text| if condition { Err(Error::buffer(text)) } else { Ok(()) };
    refused(usize::try_from(description.ndim).is_ok_and(|ndim| ndim > MAX_NDIM), c"ndim must not exceed 64")?;
    // SAFETY: the caller guarantees B1.
    let mut structure = unsafe { structure(description) }.ok_or(NEGATIVE)?;
    structure.check()?;
    structure.suboffsets = structure.suboffsets.filter(|suboffsets| suboffsets.iter().any(|&suboffset| suboffset >= 0));
    refused(structure.suboffsets.is_some() && structure.strides.is_none(), c"suboffsets need strides")?;
    match structure.shape {
        Some(_) => {
            refused(structure.bytes() != structure.len.unsigned_abs(), c"product(shape) * itemsize is less than len")?
        }
        // One axis, see `check`; an `itemsize` of 0 stands beside a `len` of 0.
        None => refused(
            structure.len.checked_rem(structure.itemsize).is_some_and(|rest| rest != 0),
            c"len is not a multiple of itemsize",
        )?,
    }
    refused(description.buf.is_null() && structure.len != 0, c"buf must not be NULL where len is not 0")?;
    Ok(structure)
}

/// `pybuffer_fill_view`: fills a view, with a new reference to the exporter, as the request asks; on failure its `obj`
/// is NULL.
///
/// # Safety
/// O1; `view` may be written and is not moved while it is filled (B2); B1 for the description, whose arrays, format and
/// memory the exporter keeps (B3).
pub(crate) unsafe fn fill_view(
    view: *mut Py_buffer,
    exporter: *mut PyObject,
    description: &Py_buffer,
    request: Request,
) -> Result<()> {
    // SAFETY: the caller guarantees O1, B2 and B3, and B1 for the description.
    unsafe {
        let description = complete(view, description);
        fill(view, exporter, description.as_ref().map_err(|error| *error), request)
    }
}

/// As [`fill_view`], for a description that is complete and has been checked.
///
/// # Safety
/// As [`fill_view`].
pub(crate) unsafe fn fill_complete(
    view: *mut Py_buffer,
    exporter: *mut PyObject,
    description: &Py_buffer,
    request: Request,
) -> Result<()> {
    // SAFETY: the caller guarantees O1, B2 and B3, and B1 for the description.
    unsafe { fill(view, exporter, Ok(description), request) }
}

/// Fills a view as the request asks, with this in `obj`, as the exporter's answer from a complete description.
///
/// # Safety
/// As [`fill_view`]; nothing is counted.
pub(crate) unsafe fn answer_complete(
    view: *mut Py_buffer,
    obj: *mut PyObject,
    exporter: *mut PyObject,
    description: &Py_buffer,
    request: Request,
) -> Result<()> {
    // SAFETY: the caller guarantees O1 and B2, and B1 for the description.
    unsafe { answer_named(view, obj, (*types::type_of(exporter)).tp_name, description, request) }
}

/// As [`answer_complete`], for an exporter of the type with this name.
///
/// # Safety
/// As [`answer_complete`]; a C string.
unsafe fn answer_named(
    view: *mut Py_buffer,
    obj: *mut PyObject,
    name: *const c_char,
    description: &Py_buffer,
    request: Request,
) -> Result<()> {
    // SAFETY: the caller guarantees B2, and B1 for the description.
    unsafe {
        let structure = structure(description).ok_or(Error::bad_argument())?;
        check_answer(description, Contiguity::of(&structure), request, name)?;
        write_answer(view, obj, description, request);
        Ok(())
    }
}

/// `pybuffer_view_answer`: as [`fill_view`], for an exporter that is not an object of this library.
///
/// # Safety
/// As [`fill_view`], but for O1; a C string.
pub(crate) unsafe fn answer_described(
    view: *mut Py_buffer,
    name: *const c_char,
    description: &Py_buffer,
    request: Request,
) -> Result<()> {
    // SAFETY: the caller guarantees B2 and B3, and B1 for the description. The view may be uninitialised, so it is only written.
    unsafe {
        complete(view, description)
            .and_then(|base| answer_named(view, null_mut(), name, &base, request))
            .inspect_err(|_| (&raw mut (*view).obj).write(null_mut()))
    }
}

/// # Safety
/// As [`fill_view`]; the description, where there is one, is complete.
unsafe fn fill(
    view: *mut Py_buffer,
    exporter: *mut PyObject,
    description: Result<&Py_buffer>,
    request: Request,
) -> Result<()> {
    // SAFETY: the caller guarantees O1, B2 and B3, and B1 for the description. The view may be uninitialised, so it is only
    // written.
    unsafe {
        match description.and_then(|base| answer_complete(view, exporter, exporter, base, request)) {
            Ok(()) => {
                refs::incref(exporter);
                Ok(())
            }
            Err(error) => {
                (&raw mut (*view).obj).write(null_mut());
                Err(error)
            }
        }
    }
}

/// The description with defaults for missing fields that the view has a place for: the number of bytes
/// as the length of the one axis, and the size of an item as its stride, as in `PyBuffer_FillInfo`.
///
/// # Safety
/// B1 for the description; `view` may be written.
unsafe fn complete(view: *mut Py_buffer, description: &Py_buffer) -> Result<Py_buffer> {
    let refused = |condition: bool, text| if condition { Err(Error::buffer(text)) } else { Ok(()) };
    // SAFETY: the caller guarantees B1, and has the view to write to. The two fields have the values that they will have in the
    // view.
    unsafe {
        let structure = described(description)?;
        let mut base = *description;
        if base.format.is_null() {
            base.format = UNSIGNED_BYTES;
        }
        if structure.suboffsets.is_none() {
            base.suboffsets = null_mut();
        }
        match structure.ndim {
            0 => (base.shape, base.strides) = (null_mut(), null_mut()),
            1 => {
                if structure.shape.is_none() {
                    refused(structure.itemsize != 1, c"shape must be given where items are not single bytes")?;
                    (&raw mut (*view).len).write(base.len);
                    base.shape = &raw mut (*view).len;
                }
                if structure.strides.is_none() {
                    (&raw mut (*view).itemsize).write(base.itemsize);
                    base.strides = &raw mut (*view).itemsize;
                }
            }
            _ => refused(structure.strides.is_none(), c"strides must be given where there are several axes")?,
        }
        Ok(base)
    }
}
