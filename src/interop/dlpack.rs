//! DLPack: tensors of version 1 (`DLManagedTensorVersioned`) and those before it (`DLManagedTensor`).
#![expect(non_upper_case_globals, reason = "DLPack's names")]

use core::ffi::{c_int, c_void};
use core::mem::size_of;
use core::ptr::{NonNull, null_mut};

use crate::abi::buffer::Py_buffer;
use crate::abi::dlpack::{
    DLDataType, DLDevice, DLManagedTensor, DLManagedTensorVersioned, DLPACK_FLAG_BITMASK_READ_ONLY, DLPACK_VERSION,
    DLTensor, kDLBfloat, kDLBool, kDLCPU, kDLComplex, kDLFloat, kDLFloat8_e3m4, kDLFloat8_e8m0fnu, kDLInt, kDLUInt,
};
use crate::abi::interop::{PYBUFFER_DLPACK_BFLOAT16, PYBUFFER_DLPACK_INTEGERS, PYBUFFER_DLPACK_WRITABLE};
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::buffer;
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::layout::{MAX_NDIM, bytes_of};
use crate::objects::{memory, memoryview};
use crate::runtime::alloc::Scratch;
use crate::runtime::indicator;
use crate::runtime::refs::Owned;

use super::element::{Element, Kind};

/// One of the two structs.
pub(crate) trait Managed: Sized {
    /// The struct around an exported tensor, whose deleter is [`delete_export`].
    fn new(tensor: DLTensor, readonly: bool) -> Result<Self>;

    /// The tensor of an import, and whether it is read-only.
    ///
    /// # Safety
    /// P1.
    unsafe fn contents<'a>(this: NonNull<Self>) -> Result<(&'a DLTensor, bool)>;

    /// The deleter, if there is one.
    ///
    /// # Safety
    /// P1.
    unsafe fn deleter(this: NonNull<Self>) -> Option<unsafe extern "C" fn(*mut Self)>;

    /// Calls the deleter, if there is one.
    ///
    /// # Safety
    /// P1; nothing uses the tensor from here on.
    unsafe fn delete(this: NonNull<Self>) {
        // SAFETY: P1: the deleter may be called, once.
        unsafe {
            if let Some(deleter) = Self::deleter(this) {
                deleter(this.as_ptr());
            }
        }
    }
}

impl Managed for DLManagedTensorVersioned {
    fn new(dl_tensor: DLTensor, readonly: bool) -> Result<Self> {
        Ok(Self {
            version: DLPACK_VERSION,
            manager_ctx: null_mut(),
            deleter: Some(delete_export::<Self>),
            flags: if readonly { DLPACK_FLAG_BITMASK_READ_ONLY } else { 0 },
            dl_tensor,
        })
    }

    unsafe fn contents<'a>(this: NonNull<Self>) -> Result<(&'a DLTensor, bool)> {
        // SAFETY: P1. With another major version only the members up to the deleter are where they are here.
        unsafe {
            let this = this.as_ptr();
            let major = (*this).version.major;
            if major != DLPACK_VERSION.major {
                let major = Argument::count(major as usize);
                let text = c"DLPack: the tensor has version %zd, not 1";
                return Err(Error::with(ErrorKind::Buffer, text, major, Argument::None));
            }
            Ok((&(*this).dl_tensor, (*this).flags & DLPACK_FLAG_BITMASK_READ_ONLY != 0))
        }
    }

    unsafe fn deleter(this: NonNull<Self>) -> Option<unsafe extern "C" fn(*mut Self)> {
        // SAFETY: P1.
        unsafe { (*this.as_ptr()).deleter }
    }
}

impl Managed for DLManagedTensor {
    fn new(dl_tensor: DLTensor, readonly: bool) -> Result<Self> {
        if readonly {
            return Err(Error::buffer(c"DLPack: only versioned tensors can say that memory is read-only"));
        }
        Ok(Self { dl_tensor, manager_ctx: null_mut(), deleter: Some(delete_export::<Self>) })
    }

    unsafe fn contents<'a>(this: NonNull<Self>) -> Result<(&'a DLTensor, bool)> {
        // SAFETY: P1.
        Ok(unsafe { (&(*this.as_ptr()).dl_tensor, false) })
    }

    unsafe fn deleter(this: NonNull<Self>) -> Option<unsafe extern "C" fn(*mut Self)> {
        // SAFETY: P1.
        unsafe { (*this.as_ptr()).deleter }
    }
}

/// An export. The tensor comes first, so that its address is that of the allocation; shape and strides follow.
#[repr(C)]
struct Exported<T> {
    tensor: T,
    /// It keeps the memory.
    _view: Owned<PyMemoryViewObject>,
}

/// The deleter of an export.
///
/// # Safety
/// P2.
unsafe extern "C" fn delete_export<T: Managed>(tensor: *mut T) {
    let Some(exported) = NonNull::new(tensor.cast::<Exported<T>>()) else { return };
    // SAFETY: P2: `export` has made it, and it is no longer used.
    unsafe { Scratch::end(exported) };
}

/// Refuses flags other than these.
fn check_flags(flags: c_int, known: c_int) -> Result<()> {
    if flags & !known != 0 {
        return Err(Error::system(c"DLPack: unknown flags"));
    }
    Ok(())
}

/// `pybuffer_dlpack_export`: a tensor of the object's memory.
///
/// # Safety
/// O1; P2 for the tensor.
pub(crate) unsafe fn export<T: Managed>(obj: NonNull<PyObject>, flags: c_int) -> Result<NonNull<T>> {
    check_flags(flags, PYBUFFER_DLPACK_WRITABLE | PYBUFFER_DLPACK_BFLOAT16)?;
    // SAFETY: O1. A memoryview has a format, shape and strides (B1), which stay while there is a reference to it.
    unsafe {
        let memoryview = memoryview::from_object(obj)?;
        let view = &(*memoryview.as_ptr()).view;
        let structure = buffer::structure(view).ok_or(buffer::NEGATIVE)?;
        if structure.suboffsets.is_some() {
            return Err(Error::not_implemented(c"DLPack: memory behind pointers (suboffsets) has no strides"));
        }
        let readonly = view.readonly != 0;
        if readonly && flags & PYBUFFER_DLPACK_WRITABLE != 0 {
            return Err(Error::buffer(c"DLPack: the memory is read-only"));
        }
        let dtype = data_type(Element::of_view(view)?, flags)?;
        let (shape, strides) = (structure.shape.unwrap_or_default(), structure.strides.unwrap_or_default());
        let is_empty = view.len == 0;
        let size = size_of::<Exported<T>>() + (shape.len() + strides.len()) * size_of::<i64>();
        let memory = Scratch::new(size)?;
        let exported: *mut Exported<T> = memory.as_ptr().cast();
        let to_shape: *mut i64 = exported.add(1).cast();
        let to_strides = to_shape.add(shape.len());
        for (axis, (&items, &stride)) in shape.iter().zip(strides).enumerate() {
            let is_used = items > 1 && !is_empty;
            if is_used && stride.checked_rem(view.itemsize) != Some(0) {
                let (stride, itemsize) = (Argument::Size(stride), Argument::Size(view.itemsize));
                let text = c"DLPack: a stride of %zd bytes is no multiple of the itemsize of %zd";
                return Err(Error::with(ErrorKind::Buffer, text, stride, itemsize));
            }
            to_shape.add(axis).write(items as i64);
            to_strides.add(axis).write(stride.checked_div(view.itemsize).unwrap_or(0) as i64);
        }
        let tensor = T::new(
            DLTensor {
                data: if is_empty { null_mut() } else { view.buf },
                device: DLDevice { device_type: kDLCPU, device_id: 0 },
                ndim: view.ndim,
                dtype,
                shape: to_shape,
                strides: to_strides,
                byte_offset: 0,
            },
            readonly,
        )?;
        exported.write(Exported { tensor, _view: memoryview });
        memory.into_raw();
        Ok(NonNull::new_unchecked(exported).cast())
    }
}

/// The type of a tensor of these items.
fn data_type(element: Option<Element>, flags: c_int) -> Result<DLDataType> {
    let of = |code, size: usize| Ok(DLDataType { code, bits: (size * 8) as u8, lanes: 1 });
    let element = element.ok_or(NO_TYPE)?;
    if !element.is_native() {
        return Err(Error::buffer(c"DLPack: numbers must have the byte order of the machine"));
    }
    match (element.kind, element.size) {
        (Kind::Void | Kind::Bytes | Kind::Unsigned, 2) if flags & PYBUFFER_DLPACK_BFLOAT16 != 0 => of(kDLBfloat, 2),
        _ if flags & PYBUFFER_DLPACK_BFLOAT16 != 0 => {
            Err(Error::buffer(c"DLPack: items to export as bfloat16 must be '2x', '2s' or 'H'"))
        }
        (Kind::Signed, size @ 1..=8) => of(kDLInt, size),
        (Kind::Unsigned, size @ 1..=8) => of(kDLUInt, size),
        (Kind::Float, size @ 2..=8) => of(kDLFloat, size),
        (Kind::Complex, size @ 4..=16) => of(kDLComplex, size),
        (Kind::Bool, 1) => of(kDLBool, 1),
        _ => Err(NO_TYPE),
    }
}

const NO_TYPE: Error = Error::buffer(
    c"DLPack: items must be integers, floats of up to 8 bytes, complex numbers of these, or truth values",
);

/// `pybuffer_dlpack_import`: a memoryview of a tensor, which is taken over: on failure it has been deleted.
///
/// # Safety
/// P1.
pub(crate) unsafe fn import<T: Managed>(tensor: NonNull<T>, flags: c_int) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: P1. On failure no object has the tensor; the deleter, which is foreign code, does not disturb the pending error.
    unsafe { view_of(tensor, flags).inspect_err(|_| indicator::quietly(|| T::delete(tensor))) }
}

/// `destroy` of an import's memory.
///
/// # Safety
/// P1; called once.
unsafe extern "C" fn delete_import<T: Managed>(tensor: *mut c_void) {
    if let Some(tensor) = NonNull::new(tensor.cast()) {
        // SAFETY: P1: the memory of the tensor is no longer used.
        unsafe { T::delete(tensor) };
    }
}

/// A memoryview that owns the tensor. On failure it does not.
///
/// # Safety
/// P1.
unsafe fn view_of<T: Managed>(managed: NonNull<T>, flags: c_int) -> Result<Owned<PyMemoryViewObject>> {
    check_flags(flags, PYBUFFER_DLPACK_INTEGERS)?;
    // SAFETY: P1: the arrays are NULL or have `ndim` entries.
    unsafe {
        let (tensor, readonly) = T::contents(managed)?;
        if tensor.device.device_type != kDLCPU {
            let device = Argument::Size(tensor.device.device_type as isize);
            let text = c"DLPack: the memory is on a device of type %zd, not on the CPU (1)";
            return Err(Error::with(ErrorKind::Buffer, text, device, Argument::None));
        }
        let element = element_of(tensor.dtype, flags)?;
        let lanes = usize::from(tensor.dtype.lanes);
        let axes = usize::try_from(tensor.ndim).map_err(|_| Error::value(c"DLPack: ndim must not be negative"))?;
        let ndim = axes + usize::from(lanes > 1);
        if ndim > MAX_NDIM {
            return Err(Error::value(c"DLPack: more than 64 axes, vectors included"));
        }
        if axes != 0 && tensor.shape.is_null() {
            return Err(Error::value(c"DLPack: the shape is NULL"));
        }
        let (mut shape, mut strides) = ([lanes.cast_signed(); MAX_NDIM], [element.size.cast_signed(); MAX_NDIM]);
        let step = (element.size * lanes).cast_signed();
        for (axis, (items, stride)) in shape.iter_mut().zip(&mut strides).take(axes).enumerate() {
            *items = tensor.shape.add(axis).read() as isize;
            if *items < 0 {
                return Err(Error::value(c"DLPack: the shape must not be negative"));
            }
            if !tensor.strides.is_null() {
                let elements = tensor.strides.add(axis).read() as isize;
                *stride = elements.checked_mul(step).ok_or(Error::value(c"DLPack: a stride is too large"))?;
            }
        }
        let format = element.format().ok_or(Error::bad_argument())?;
        let itemsize = element.size.cast_signed();
        let counted = shape.get(..ndim).unwrap_or_default();
        let len = bytes_of(counted, itemsize).ok_or(Error::value(c"DLPack: the shape is too large"))?;
        if len != 0 && tensor.data.is_null() {
            return Err(Error::value(c"DLPack: data is NULL"));
        }
        let offset = isize::try_from(tensor.byte_offset);
        let offset = offset.map_err(|_| Error::value(c"DLPack: byte_offset is too large"))?;
        let description = Py_buffer {
            // Memory of no bytes may have no address.
            buf: if tensor.data.is_null() { null_mut() } else { tensor.data.wrapping_byte_offset(offset) },
            len,
            itemsize,
            readonly: readonly.into(),
            ndim: ndim as c_int,
            format: format.as_ptr().cast_mut(),
            shape: shape.as_mut_ptr(),
            strides: if tensor.strides.is_null() { null_mut() } else { strides.as_mut_ptr() },
            ..Py_buffer::EMPTY
        };
        let memory = memory::new(&description, Some(delete_import::<T>), managed.as_ptr().cast())?;
        memoryview::of_memory(memory)
    }
}

/// The items that a lane of this type is.
fn element_of(dtype: DLDataType, flags: c_int) -> Result<Element> {
    let DLDataType { code, bits, lanes } = dtype;
    if lanes == 0 {
        return Err(Error::value(c"DLPack: lanes must not be 0"));
    }
    let size = usize::from(bits / 8);
    let opaque = if flags & PYBUFFER_DLPACK_INTEGERS != 0 { Kind::Unsigned } else { Kind::Void };
    let kind = match (code, bits) {
        (kDLInt, 8 | 16 | 32 | 64) => Kind::Signed,
        (kDLUInt, 8 | 16 | 32 | 64) => Kind::Unsigned,
        (kDLFloat, 16 | 32 | 64) => Kind::Float,
        (kDLComplex, 32 | 64 | 128) => Kind::Complex,
        (kDLBool, 8) => Kind::Bool,
        (kDLBfloat, 16) | (kDLFloat8_e3m4..=kDLFloat8_e8m0fnu, 8) => opaque,
        _ => {
            let (code, bits) = (Argument::Size(code.into()), Argument::Size(bits.into()));
            let text = c"DLPack: no items have the type code %zd with %zd bits";
            return Err(Error::with(ErrorKind::Buffer, text, code, bits));
        }
    };
    Ok(Element::native(kind, size))
}
