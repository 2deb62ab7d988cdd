//! NumPy's array interface as a struct: what `__array_struct__` has in its capsule.

use core::ffi::{c_char, c_int, c_void};
use core::mem::size_of;
use core::ptr::{NonNull, null_mut};

use crate::abi::buffer::Py_buffer;
use crate::abi::exporting::pybuffer_destroy;
use crate::abi::interop::{
    PYBUFFER_ARRAY_ALIGNED, PYBUFFER_ARRAY_C_CONTIGUOUS, PYBUFFER_ARRAY_F_CONTIGUOUS, PYBUFFER_ARRAY_NOTSWAPPED,
    PYBUFFER_ARRAY_WRITEABLE, pybuffer_array_interface,
};
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::buffer::{self, Contiguity};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::format::ByteOrder;
use crate::layout::{MAX_NDIM, Structure, bytes_of};
use crate::objects::{memory, memoryview};
use crate::runtime::alloc::Scratch;
use crate::runtime::refs::Owned;

use super::element::{Element, Kind};

/// An export: the struct comes first, so that its address is that of the allocation; shape and strides follow.
#[repr(C)]
struct Exported {
    interface: pybuffer_array_interface,
    /// It keeps the memory.
    _view: Owned<PyMemoryViewObject>,
}

/// `pybuffer_array_interface_free`.
///
/// # Safety
/// P2, or NULL.
pub(crate) unsafe fn free(interface: *mut c_void) {
    let Some(exported) = NonNull::new(interface.cast::<Exported>()) else { return };
    // SAFETY: P2: `export` has made it, and it is no longer used.
    unsafe { Scratch::end(exported) };
}

/// `pybuffer_array_interface_export`: the struct for the object's memory.
///
/// # Safety
/// O1; P2 for the struct.
pub(crate) unsafe fn export(obj: NonNull<PyObject>) -> Result<NonNull<pybuffer_array_interface>> {
    // SAFETY: O1. A memoryview has a format, shape and strides (B1), which stay while there is a reference to it.
    unsafe {
        let memoryview = memoryview::from_object(obj)?;
        let view = &(*memoryview.as_ptr()).view;
        let structure = buffer::structure(view).ok_or(buffer::NEGATIVE)?;
        if structure.suboffsets.is_some() {
            return Err(Error::not_implemented(c"array interface: memory behind pointers (suboffsets) has no strides"));
        }
        let element = Element::of_view(view)?;
        let element = element.ok_or(Error::buffer(
            c"array interface: items must be numbers, truth values, bytes, UCS-4 text, records or padding",
        ))?;
        let itemsize = c_int::try_from(view.itemsize);
        let itemsize = itemsize.map_err(|_| Error::buffer(c"array interface: the itemsize does not fit in an int"))?;
        let (shape, strides) = (structure.shape.unwrap_or_default(), structure.strides.unwrap_or_default());
        let size = size_of::<Exported>() + (shape.len() + strides.len()) * size_of::<Py_ssize_t>();
        let memory = Scratch::new(size)?;
        let exported: *mut Exported = memory.as_ptr().cast();
        let to_shape: *mut Py_ssize_t = exported.add(1).cast();
        let to_strides = to_shape.add(shape.len());
        core::ptr::copy_nonoverlapping(shape.as_ptr(), to_shape, shape.len());
        core::ptr::copy_nonoverlapping(strides.as_ptr(), to_strides, strides.len());
        let interface = pybuffer_array_interface {
            two: 2,
            nd: view.ndim,
            typekind: letter(element.kind) as c_char,
            itemsize,
            flags: flags(view, &structure, element),
            shape: to_shape,
            strides: to_strides,
            data: view.buf,
            descr: null_mut(),
        };
        exported.write(Exported { interface, _view: memoryview });
        memory.into_raw();
        Ok(NonNull::new_unchecked(exported).cast())
    }
}

/// `PYBUFFER_ARRAY_*` of a view without suboffsets.
fn flags(view: &Py_buffer, structure: &Structure<'_>, element: Element) -> c_int {
    let contiguity = Contiguity::of(structure);
    let part = element.part();
    let strides = structure.strides.unwrap_or_default();
    let fits = |place: usize| place.checked_rem(part) == Some(0);
    let is_aligned = fits(view.buf.addr()) && strides.iter().all(|stride| fits(stride.unsigned_abs()));
    let flag = |condition: bool, flag| if condition { flag } else { 0 };
    flag(contiguity.c, PYBUFFER_ARRAY_C_CONTIGUOUS)
        | flag(contiguity.fortran, PYBUFFER_ARRAY_F_CONTIGUOUS)
        | flag(is_aligned, PYBUFFER_ARRAY_ALIGNED)
        | flag(element.is_native(), PYBUFFER_ARRAY_NOTSWAPPED)
        | flag(view.readonly == 0, PYBUFFER_ARRAY_WRITEABLE)
}

/// NumPy's letters.
const fn letter(kind: Kind) -> u8 {
    match kind {
        Kind::Bool => b'b',
        Kind::Signed => b'i',
        Kind::Unsigned => b'u',
        Kind::Float => b'f',
        Kind::Complex => b'c',
        Kind::Bytes => b'S',
        Kind::Text => b'U',
        Kind::Void => b'V',
    }
}

const KINDS: [Kind; 8] =
    [Kind::Bool, Kind::Signed, Kind::Unsigned, Kind::Float, Kind::Complex, Kind::Bytes, Kind::Text, Kind::Void];

/// `pybuffer_array_interface_import`: a memoryview of what the struct describes. On failure `destroy` is not called.
///
/// # Safety
/// P1, where the deleter is `destroy` with the context.
pub(crate) unsafe fn import(
    interface: &pybuffer_array_interface,
    destroy: pybuffer_destroy,
    context: *mut c_void,
) -> Result<Owned<PyMemoryViewObject>> {
    let refused = |condition: bool, text| if condition { Err(Error::value(text)) } else { Ok(()) };
    refused(interface.two != 2, c"array interface: the first member is not 2")?;
    let ndim = usize::try_from(interface.nd).map_err(|_| Error::value(c"array interface: nd must not be negative"))?;
    refused(ndim > MAX_NDIM, c"array interface: more than 64 axes")?;
    refused(ndim != 0 && interface.shape.is_null(), c"array interface: the shape is NULL")?;
    let size = usize::try_from(interface.itemsize);
    let size = size.map_err(|_| Error::value(c"array interface: the itemsize must not be negative"))?;
    let is_native = interface.flags & PYBUFFER_ARRAY_NOTSWAPPED != 0;
    let order = if is_native { ByteOrder::NATIVE } else { ByteOrder::NATIVE.other() };
    let kind = KINDS.into_iter().find(|&kind| letter(kind) as c_char == interface.typekind);
    let element = kind.map(|kind| Element::native(kind, size));
    let element = element.map(|element| if element.part() > 1 { Element { order, ..element } } else { element });
    let format = element.and_then(Element::format).ok_or(Error::with(
        ErrorKind::Buffer,
        c"array interface: no items have the typekind %zd (a character) with %zd bytes",
        Argument::Size(interface.typekind as isize),
        Argument::Size(interface.itemsize as isize),
    ))?;
    // SAFETY: P1: the arrays are NULL or have `nd` entries.
    unsafe {
        let shape = if ndim == 0 { &[][..] } else { core::slice::from_raw_parts(interface.shape.cast_const(), ndim) };
        refused(shape.iter().any(|&items| items < 0), c"array interface: the shape must not be negative")?;
        let itemsize = interface.itemsize as Py_ssize_t;
        let len = bytes_of(shape, itemsize).ok_or(Error::value(c"array interface: the shape is too large"))?;
        refused(len != 0 && interface.data.is_null(), c"array interface: data is NULL")?;
        let description = Py_buffer {
            buf: interface.data,
            len,
            itemsize,
            readonly: (interface.flags & PYBUFFER_ARRAY_WRITEABLE == 0).into(),
            ndim: interface.nd,
            format: format.as_ptr().cast_mut(),
            shape: interface.shape,
            strides: interface.strides,
            ..Py_buffer::EMPTY
        };
        let memory = memory::new(&description, destroy, context)?;
        memoryview::of_memory(memory)
    }
}
