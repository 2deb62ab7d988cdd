//! Answering requests: from the full description of a memory to the view that a request asks for.
//!
//! The whole matrix of flags stands in [`answer`], for memoryviews and for every other exporter. CPython: `memory_getbuf`.

use core::ffi::c_char;
use core::ptr::null_mut;

use crate::abi::buffer::Py_buffer;
use crate::error::{Argument, Error, Kind, Result};
use crate::layout::{Order, Structure};

use super::request::Request;

/// What a memory is, as far as requests ask for it.
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
    /// As CPython works it out for a memoryview (`init_flags`), from a structure that has shape and strides: in one
    /// dimension it looks at the stride even where there are no items, unlike `PyBuffer_IsContiguous`.
    pub(crate) fn of(structure: &Structure<'_>) -> Self {
        if structure.suboffsets.is_some() {
            return Self { c: false, fortran: false, indirect: true };
        }
        let (c, fortran) = match (structure.ndim, structure.shape, structure.strides) {
            (1, Some(&[items]), Some(&[stride])) => {
                let contiguous = items == 1 || stride == structure.itemsize;
                (contiguous, contiguous)
            }
            _ => (structure.is_contiguous(Order::C), structure.is_contiguous(Order::Fortran)),
        };
        Self { c, fortran, indirect: false }
    }
}

/// The view that the request asks for, without a reference; or which of its conditions the memory does not meet, said
/// of an exporter of the type with this name. `base` has all that the memory has: format, and shape and strides where it
/// has axes.
pub(crate) fn answer(
    base: &Py_buffer,
    contiguity: Contiguity,
    request: Request,
    name: *const c_char,
) -> Result<Py_buffer> {
    let Contiguity { c, fortran, indirect } = contiguity;
    let refused = |condition: bool, text| {
        if condition {
            return Err(Error::with(Kind::Buffer, text, Argument::Text(name), Argument::None));
        }
        Ok(())
    };

    let mut view = *base;
    refused(request.writable() && base.readonly != 0, c"%.200s: underlying buffer is not writable")?;
    if !request.format() {
        // The data count as bytes now; `itemsize` keeps its value.
        view.format = null_mut();
    }
    refused(request.c_contiguous() && !c, c"%.200s: underlying buffer is not C-contiguous")?;
    refused(request.f_contiguous() && !fortran, c"%.200s: underlying buffer is not Fortran contiguous")?;
    refused(request.any_contiguous() && !c && !fortran, c"%.200s: underlying buffer is not contiguous")?;
    refused(!request.indirect() && indirect, c"%.200s: underlying buffer requires suboffsets")?;
    if !request.strides() {
        refused(!c, c"%.200s: underlying buffer is not C-contiguous")?;
        view.strides = null_mut();
    }
    if !request.shape() {
        // A format without a shape makes no sense: plain bytes have none.
        refused(!view.format.is_null(), c"%.200s: cannot cast to unsigned bytes if the format flag is present")?;
        view.ndim = 1;
        view.shape = null_mut();
    }
    Ok(view)
}
