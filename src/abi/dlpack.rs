//! DLPack's structs, version 1, and those before it. C has them from dlpack.h; our header only names them.

use core::ffi::c_void;

/// The version of the layout: another `major` has another one.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct DLPackVersion {
    /// Changes with the layout of all but the members before `dl_tensor`.
    pub major: u32,
    /// Changes with new codes.
    pub minor: u32,
}

/// Where memory is.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct DLDevice {
    /// `kDLCPU` and others.
    pub device_type: i32,
    /// 0 for the memory of processors.
    pub device_id: i32,
}

/// The type of an element: `lanes` numbers of `bits` bits each.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct DLDataType {
    /// `kDLInt` and others.
    pub code: u8,
    /// Of one lane.
    pub bits: u8,
    /// 1, or more for vectors.
    pub lanes: u16,
}

/// An array.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct DLTensor {
    /// Its memory, from which `byte_offset` counts.
    pub data: *mut c_void,
    /// Where it is.
    pub device: DLDevice,
    /// The number of axes.
    pub ndim: i32,
    /// The type of its elements.
    pub dtype: DLDataType,
    /// Elements along each axis.
    pub shape: *mut i64,
    /// Elements, not bytes, from one index to the next; NULL is C order.
    pub strides: *mut i64,
    /// The bytes from `data` to the element at index 0.
    pub byte_offset: u64,
}

/// An array with what frees it, as it was before version 1.
#[repr(C)]
pub struct DLManagedTensor {
    /// The array.
    pub dl_tensor: DLTensor,
    /// The producer's.
    pub manager_ctx: *mut c_void,
    /// Frees the array and this struct.
    pub deleter: Option<unsafe extern "C" fn(*mut DLManagedTensor)>,
}

/// An array with what frees it.
#[repr(C)]
pub struct DLManagedTensorVersioned {
    /// The version that the producer has.
    pub version: DLPackVersion,
    /// The producer's.
    pub manager_ctx: *mut c_void,
    /// Frees the array and this struct.
    pub deleter: Option<unsafe extern "C" fn(*mut DLManagedTensorVersioned)>,
    /// `DLPACK_FLAG_BITMASK_*`.
    pub flags: u64,
    /// The array.
    pub dl_tensor: DLTensor,
}

/// The version that is written.
pub const DLPACK_VERSION: DLPackVersion = DLPackVersion { major: 1, minor: 0 };
/// The memory must not be written.
pub const DLPACK_FLAG_BITMASK_READ_ONLY: u64 = 1;

/// Memory of the processor.
pub const kDLCPU: i32 = 1;

/// Signed integers.
pub const kDLInt: u8 = 0;
/// Unsigned integers.
pub const kDLUInt: u8 = 1;
/// IEEE 754.
pub const kDLFloat: u8 = 2;
/// bfloat16.
pub const kDLBfloat: u8 = 4;
/// Two floats.
pub const kDLComplex: u8 = 5;
/// A byte, 0 or 1.
pub const kDLBool: u8 = 6;
/// The first of the floats of 8 bits.
pub const kDLFloat8_e3m4: u8 = 7;
/// The last of them.
pub const kDLFloat8_e8m0fnu: u8 = 14;

const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<DLDataType>() == 4 && size_of::<DLDevice>() == 8 && size_of::<DLTensor>() == 48);
    assert!(offset_of!(DLTensor, device) == 8 && offset_of!(DLTensor, ndim) == 16);
    assert!(offset_of!(DLTensor, dtype) == 20 && offset_of!(DLTensor, shape) == 24);
    assert!(offset_of!(DLTensor, strides) == 32 && offset_of!(DLTensor, byte_offset) == 40);
    assert!(size_of::<DLManagedTensor>() == 64 && offset_of!(DLManagedTensor, deleter) == 56);
    assert!(size_of::<DLManagedTensorVersioned>() == 80 && offset_of!(DLManagedTensorVersioned, deleter) == 16);
    assert!(offset_of!(DLManagedTensorVersioned, dl_tensor) == 32);
};
