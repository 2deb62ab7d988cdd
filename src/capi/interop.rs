//! Other protocols
//!
//! Bridges to three other protocols for arrays: DLPack (tensors, of PyTorch, JAX, NumPy and others), Arrow's C data interface
//! (columns, of PyArrow, Polars, DuckDB and others), and NumPy's array interface (`__array_struct__`). No item is copied: both
//! sides have the same memory, and the program must synchronize access to it.
//!
//! An export keeps the memory with a memoryview of its own, as `PyMemoryView_FromObject` makes it, until its deleter
//! is called, which any thread may do, once, and which leaves a pending error as it is. A memoryview that was exported may be
//! released meanwhile; the object behind it stays exported.
//!
//! An import is a memoryview (of a `pybuffer.memory` object), whose last release, or that of the last view of the memory, calls
//! the producer's deleter, once, in the thread that it happens in. What structs say is checked for contradictions; that their
//! pointers lead to as much as they say is up to the producer.
//!
//! What DLPack calls a tensor: dlpack.h may be included before or after this header, which only names its structs; the structs
//! of version 1 and those before it (`_unversioned`) are known. Strides are counted in elements, may be negative in both
//! directions (not all consumers take them), and NULL is C order. Items are
//!
//!     DLPack                               format
//!     kDLInt, kDLUInt, 8 to 64 bits        b h i q, B H I Q (from: also l n, L N)
//!     kDLFloat, 16, 32, 64 bits            e f d
//!     kDLComplex, 32, 64, 128 bits         Ze Zf Zd
//!     kDLBool, 8 bits                      ?
//!     kDLBfloat, 16 bits                   2x, with PYBUFFER_DLPACK_INTEGERS H (from: see PYBUFFER_DLPACK_BFLOAT16)
//!     kDLFloat8_*, 8 bits                  1x, with PYBUFFER_DLPACK_INTEGERS B (from: none)
//!
//! and several lanes are one more axis, the last.
//!
//! What Arrow calls an array: ArrowArray and ArrowSchema are defined here as Arrow's specification says, with its guard. An array
//! has one axis; a second one are fixed-size lists (`+w:`), and several more than one are the extension type
//! arrow.fixed_shape_tensor, whose storage is fixed-size lists. Nested lists, and tensors, are axes of an import; the axes of a
//! tensor are those of its memory, also where its metadata names a permutation of them. Items are
//!
//!     Arrow                                format
//!     c s i l, C S I L                     b h i q, B H I Q (from: also l n, L N)
//!     e f g                                e f d
//!     w:N, N bytes                         Ns (from: also c, Nx and records, without their fields)
//!     tdD tts ttm tiM, 32 bits             i (from: none)
//!     tdm ttu ttn ts* tD*, 64 bits         q (from: none)

use core::ffi::{c_int, c_void};

use crate::abi::arrow::{ArrowArray, ArrowSchema};
use crate::abi::dlpack::{DLManagedTensor, DLManagedTensorVersioned};
use crate::abi::exporting::pybuffer_destroy;
use crate::abi::interop::pybuffer_array_interface;
use crate::abi::object::PyObject;
use crate::error::Error;
use crate::interop;
use crate::runtime::boundary::{boundary, non_null};

/// A tensor of the memory of `obj`, a bytes-like object: the caller's, who calls `tensor->deleter(tensor)`, or hands it to a
/// consumer that does. Read-only memory has `DLPACK_FLAG_BITMASK_READ_ONLY`. `flags`: 0, `PYBUFFER_DLPACK_WRITABLE`,
/// `PYBUFFER_DLPACK_BFLOAT16`. Its version is 1.0, its device the CPU, and `byte_offset` 0, so `data` may have any alignment.
/// A tensor without items has NULL for `data`; its strides, and those of axes of one item, may mean nothing.
///
/// NULL with an error set, and nothing is kept: `TypeError` where `obj` exports nothing; `BufferError` for items that are not in
/// the table above, numbers in the other byte order, strides that are no multiples of the itemsize, and read-only memory with
/// `PYBUFFER_DLPACK_WRITABLE`; `NotImplementedError` for suboffsets; `ValueError` for an invalid format, a released memoryview and
/// more than 64 axes; whatever the exporter raises; `MemoryError`, `SystemError` for NULL or other flags. Sub-arrays ("2f") are
/// axes of `pybuffer_memoryview_elements`. NumPy: `ndarray.__dlpack__`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_dlpack_export(obj: *mut PyObject, flags: c_int) -> *mut DLManagedTensorVersioned {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; the program guarantees P2 for the tensor.
        unsafe { interop::dlpack_export::<DLManagedTensorVersioned>(obj, flags) }
    })
}

/// `pybuffer_dlpack_export` to the struct from before version 1. NULL also with `BufferError` for read-only memory, of
/// which it cannot tell.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_dlpack_export_unversioned(obj: *mut PyObject, flags: c_int) -> *mut DLManagedTensor {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; the program guarantees P2 for the tensor.
        unsafe { interop::dlpack_export::<DLManagedTensor>(obj, flags) }
    })
}

/// A memoryview of a tensor, which is taken over in any case: where this fails, its deleter has been called. (A tensor of another
/// version can be used for nothing else, and no caller needs a path for a tensor left over.) A NULL deleter is not called.
/// The memoryview is read-only where the tensor is. `flags`: 0 or `PYBUFFER_DLPACK_INTEGERS`. A new reference.
///
/// NULL with an error set: `BufferError` for another major version than 1, another device than the CPU (also for memory that
/// the CPU shares with one), and types that are not in the table above; `ValueError` for what contradicts itself: 0 lanes, a
/// negative ndim, shapes or offsets that memory cannot have, NULL for a shape or for memory that is not empty; also for more than
/// 64 axes; `MemoryError`, `SystemError` for NULL or other flags. NumPy: `from_dlpack`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_dlpack_import(tensor: *mut DLManagedTensorVersioned, flags: c_int) -> *mut PyObject {
    boundary(|| {
        let tensor = non_null(tensor)?;
        // SAFETY: the program guarantees P1.
        unsafe { interop::dlpack_import(tensor, flags) }
    })
}

/// `pybuffer_dlpack_import` from the struct from before version 1. The memoryview is writable: whether the memory may be
/// written, the struct does not say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_dlpack_import_unversioned(
    tensor: *mut DLManagedTensor,
    flags: c_int,
) -> *mut PyObject {
    boundary(|| {
        let tensor = non_null(tensor)?;
        // SAFETY: the program guarantees P1.
        unsafe { interop::dlpack_import(tensor, flags) }
    })
}

/// Writes an array of the C-contiguous memory of `obj`, a bytes-like object, and its schema, into structs of the caller's, who
/// calls the `release` of each or hands them to a consumer that does. The offset is 0, and nothing is null (the schema says
/// that it could be, as most producers' do). Consumers must not write to the memory, whether it is writable or not.
///
/// Returns 0; -1 with an error set, and then `release` is NULL in both: `TypeError` where `obj` exports nothing; `BufferError`
/// for memory that is not C-contiguous, items that are not in the table above (truth values, which Arrow packs into bits, and
/// complex numbers among them), numbers in the other byte order, no axes, and more than 2147483647 items or bytes where Arrow
/// has an `int32_t`; `NotImplementedError` for suboffsets; `ValueError` for an invalid format and a released memoryview; whatever
/// the exporter raises; `MemoryError`, `SystemError` for NULL. PyArrow: `Array._export_to_c`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_arrow_export(
    obj: *mut PyObject,
    array: *mut ArrowArray,
    schema: *mut ArrowSchema,
) -> c_int {
    boundary(|| {
        // SAFETY: O1; the program guarantees that the structs may be written, and P2 for what they get.
        unsafe {
            if let Some(array) = array.as_mut() {
                core::ptr::write(array, ArrowArray::RELEASED);
            }
            if let Some(schema) = schema.as_mut() {
                core::ptr::write(schema, ArrowSchema::RELEASED);
            }
            let (obj, array, schema) = (non_null(obj)?, non_null(array)?, non_null(schema)?);
            let made = interop::arrow_export(obj)?;
            array.write(made.0);
            schema.write(made.1);
            Ok(())
        }
    })
}

/// A read-only memoryview of an array. Both structs are moved, as Arrow's specification calls it, in any case: their `release` is
/// NULL afterwards. The schema has been released when this returns; the array is with the memoryview, and has been where
/// this fails. (Neither is, where one of the pointers is NULL.) A new reference.
///
/// The first axis is the array, from its offset on; lists of a fixed size are further ones. Bitmaps of validity are read where the
/// number of nulls is not 0.
///
/// NULL with an error set: `BufferError` for types that are not in the table above (truth values are bits), dictionaries, and
/// nulls among the items; `ValueError` for a struct that has been released, and for what contradicts itself: negative counts, other
/// numbers of buffers and children than the type has, NULL where there is something, a child that is too short, metadata of a
/// tensor that does not fit; also for more than 64 axes; `MemoryError`, `SystemError` for NULL. PyArrow: `Array._import_from_c`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_arrow_import(array: *mut ArrowArray, schema: *mut ArrowSchema) -> *mut PyObject {
    boundary(|| {
        let (array, schema) = (non_null(array)?, non_null(schema)?);
        // SAFETY: the program guarantees P1, and that the structs may be written.
        unsafe { interop::arrow_import(array, schema) }
    })
}

/// The array interface of the memory of `obj`, a bytes-like object: a new struct with arrays of its own, to be freed by
/// `pybuffer_array_interface_free`. Numbers of either byte order, records (as void, without their fields), bytes and UCS-4 text
/// have one, too. Flags say what the layout is; `descr` is NULL.
///
/// NumPy's reader of these structs (2.4) takes the itemsize of text for a number of characters, four times as many, also
/// where NumPy has made the struct: hand it the memory of text in another way.
///
/// NULL with an error set: `TypeError` where `obj` exports nothing; `BufferError` for other items (addresses, bits, UCS-2,
/// sub-arrays) and an itemsize that does not fit in an int; `NotImplementedError` for suboffsets; `ValueError` for an invalid format
/// and a released memoryview; whatever the exporter raises; `MemoryError`, `SystemError` for NULL.
/// NumPy: `ndarray.__array_struct__`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_array_interface_export(obj: *mut PyObject) -> *mut pybuffer_array_interface {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; the program guarantees P2 for the struct.
        unsafe { interop::array_interface_export(obj) }
    })
}

/// Frees a struct that `pybuffer_array_interface_export` made, and drops its view of the memory. From any thread; NULL is
/// ignored. (It takes a `void *`, so that it can be the `destroy` of an import, or called by the destructor of a capsule.)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_array_interface_free(array: *mut c_void) {
    // SAFETY: the program guarantees P2, or NULL.
    unsafe { interop::array_interface_free(array) }
}

/// A memoryview of the memory that the struct describes, which is read now and never again. The struct has no deleter of its own,
/// so the memory is the caller's as with `pybuffer_memoryview_wrap`: `destroy(context)` is called when the last memoryview, and
/// the last view, of the memory has been released; it may be NULL, and typically drops the object that had the capsule. A new
/// reference.
///
/// Void ('V') is "Nx", with or without `descr`; text is "Nw", bytes are "Ns". Without `PYBUFFER_ARRAY_NOTSWAPPED` numbers have
/// the other byte order, without `PYBUFFER_ARRAY_WRITEABLE` the memory is read-only; the other flags are not looked at. NULL for
/// `strides` is C order.
///
/// NULL with an error set, and then `destroy` is not called: `BufferError` for other kinds of items ('O', 'm', 'M', 't') and
/// sizes that a kind does not have; `ValueError` where `two` is not 2, for negative counts, a NULL shape, NULL for memory that
/// is not empty, a shape that memory cannot have, and more than 64 axes; `MemoryError`, `SystemError` for NULL.
/// NumPy: `asarray` of an object with `__array_struct__`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_array_interface_import(
    array: *const pybuffer_array_interface,
    destroy: pybuffer_destroy,
    context: *mut c_void,
) -> *mut PyObject {
    boundary(|| {
        // SAFETY: the program guarantees P1, where `destroy` is the deleter.
        unsafe {
            let array = array.as_ref().ok_or(Error::NullArgument)?;
            interop::array_interface_import(array, destroy, context)
        }
    })
}
