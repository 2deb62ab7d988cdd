//! Objects and types
//!
//! A program makes an exporter of its own by defining a struct that starts with `PyObject_HEAD` and a static
//! `PyTypeObject` for it. Reference counts are atomic; static types and the singletons are immortal.

use core::ffi::{c_int, c_uint, c_ulong};
use core::ptr::NonNull;

use crate::abi::object::{IMMORTAL_REFCNT, Py_hash_t, Py_ssize_t, PyObject, PyVarObject};
use crate::abi::types::PyTypeObject;
use crate::error::Error;
use crate::objects::bytes;
use crate::runtime::boundary::{boundary, non_null};
use crate::runtime::richcompare::{Operator, rich_compare_bool};
use crate::runtime::{object, ready, refs, types};

/// Adds a reference to `op`; NULL is left alone. The function behind `Py_XINCREF`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn Py_IncRef(op: *mut PyObject) {
    if !op.is_null() {
        // SAFETY: O1.
        unsafe { refs::incref(op) };
    }
}

/// Drops a reference to `op`, and the object with the last one; NULL is left alone. The function behind `Py_XDECREF`.
/// A pending error is left as it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn Py_DecRef(op: *mut PyObject) {
    if !op.is_null() {
        // SAFETY: O1; the caller gives up a reference.
        unsafe { refs::decref(op) };
    }
}

/// `Py_IncRef`, as the limited API of 3.12 and later calls it for `Py_INCREF`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _Py_IncRef(op: *mut PyObject) {
    // SAFETY: NULL or O1.
    unsafe { Py_IncRef(op) };
}

/// `Py_DecRef`, as the limited API of 3.12 and later calls it for `Py_DECREF`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _Py_DecRef(op: *mut PyObject) {
    // SAFETY: NULL, or O1 and the caller gives up a reference.
    unsafe { Py_DecRef(op) };
}

/// The function behind `Py_TYPE`.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C" fn Py_TYPE(op: *mut PyObject) -> *mut PyTypeObject {
    // SAFETY: O1.
    boundary(|| unsafe { Ok(types::type_of(non_null(op)?.as_ptr())) })
}

/// The function behind `Py_REFCNT`.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C" fn Py_REFCNT(op: *mut PyObject) -> Py_ssize_t {
    // SAFETY: O1.
    boundary(|| unsafe { Ok(refs::count(non_null(op)?.as_ptr())) })
}

/// The function behind `Py_SIZE`.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C" fn Py_SIZE(op: *mut PyObject) -> Py_ssize_t {
    // SAFETY: O1; the program guarantees an object of varying size.
    boundary(|| unsafe { Ok((*non_null(op)?.cast::<PyVarObject>().as_ptr()).ob_size) })
}

/// The function behind `Py_IS_TYPE`.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C" fn Py_IS_TYPE(op: *mut PyObject, ty: *mut PyTypeObject) -> c_int {
    // SAFETY: O1.
    (!op.is_null() && unsafe { types::type_of(op) } == ty).into()
}

/// The function behind `Py_SET_SIZE`.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub unsafe extern "C" fn Py_SET_SIZE(op: *mut PyVarObject, size: Py_ssize_t) {
    if !op.is_null() {
        // SAFETY: the program guarantees an object that no other code has seen (O3).
        unsafe { (*op).ob_size = size };
    }
}

/// The function behind `Py_SET_REFCNT` in the limited API of 3.13 and later: for an object that no other code has seen yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _Py_SetRefcnt(op: *mut PyObject, count: Py_ssize_t) {
    if !op.is_null() {
        // SAFETY: O1; the program guarantees O3.
        unsafe { refs::set_count(op, count) };
    }
}

/// Whether the object is immortal: 1 or 0; 0 for NULL. CPython 3.14.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyUnstable_IsImmortal(op: *mut PyObject) -> c_int {
    // SAFETY: O1.
    (!op.is_null() && refs::is_immortal(unsafe { refs::count(op) })).into()
}

/// Makes an object immortal, to which the caller has the only reference: it is never freed. Returns 1, or 0 where there
/// are other references, it was immortal already, or for NULL. CPython 3.15.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyUnstable_SetImmortal(op: *mut PyObject) -> c_int {
    // SAFETY: O1; the only reference is the caller's (O3).
    unsafe {
        let is_alone = !op.is_null() && refs::count(op) == 1;
        if is_alone {
            refs::set_count(op, IMMORTAL_REFCNT);
        }
        is_alone.into()
    }
}

/// Whether the caller's reference is the only one to the object: 1 or 0; 0 for an immortal object and for NULL. CPython
/// 3.14.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyUnstable_Object_IsUniquelyReferenced(op: *mut PyObject) -> c_int {
    // SAFETY: O1.
    (!op.is_null() && unsafe { refs::count(op) } == 1).into()
}

/// Adds a reference to an object that may have none left, but whose memory the program knows to be there still: within its
/// `tp_dealloc`, or, of a type of the program's own, in a table from which its `tp_dealloc` removes it under a lock, whichever
/// thread drops the last reference meanwhile. Returns 1; 0 where there was none left, or for NULL. CPython 3.14.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyUnstable_TryIncRef(op: *mut PyObject) -> c_int {
    // SAFETY: O1, or the object is being destroyed.
    (!op.is_null() && unsafe { refs::try_incref(op) }).into()
}

/// Does nothing: `PyUnstable_TryIncRef` works for every object. CPython 3.14.
#[unsafe(no_mangle)]
pub extern "C" fn PyUnstable_EnableTryIncRef(op: *mut PyObject) {
    let _ = op;
}

/// A new reference to a constant by its number (`Py_CONSTANT_NONE` and the like). The constants are immortal. NULL with
/// `SystemError` for any other number: the ellipsis, 0, 1, "" and () of CPython do not exist here. CPython 3.13.
#[unsafe(no_mangle)]
pub extern "C" fn Py_GetConstant(constant_id: c_uint) -> *mut PyObject {
    Py_GetConstantBorrowed(constant_id)
}

/// A borrowed reference to a constant, as `Py_GetConstant`. CPython 3.13.
#[unsafe(no_mangle)]
pub extern "C" fn Py_GetConstantBorrowed(constant_id: c_uint) -> *mut PyObject {
    const EMPTY_BYTES: c_uint = 8;
    boundary(|| match constant_id {
        EMPTY_BYTES => Ok(bytes::empty().into_object()),
        number => types::constant(number).map(NonNull::as_ptr).ok_or(Error::bad_argument()),
    })
}

/// Destroys an object whose last reference has been dropped: calls `tp_dealloc` of its type, now or, where destructions are
/// nested deeply, before the outermost one ends. For `Py_DECREF`, not for programs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _Py_Dealloc(op: *mut PyObject) {
    if !op.is_null() {
        // SAFETY: O1; no reference is left.
        unsafe { refs::dealloc(op) };
    }
}

/// Completes a type object: fills open slots from `tp_base` (`object` where that is NULL) and makes it immortal.
/// Must be called once for each static type before its first use; further calls do nothing.
///
/// Returns 0; -1 with `SystemError` where `tp_name` is missing, `TypeError` where a size is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyType_Ready(ty: *mut PyTypeObject) -> c_int {
    boundary(|| {
        let ty = non_null(ty)?;
        // SAFETY: the program guarantees a type object that no other thread uses yet (O3).
        unsafe { ready::ready(ty.as_ptr()) }
    })
}

/// The flags of a type, its `tp_flags`, as the limited API asks for them; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyType_GetFlags(ty: *mut PyTypeObject) -> c_ulong {
    // SAFETY: NULL or a type object.
    unsafe { ty.as_ref() }.map_or(0, |ty| ty.tp_flags)
}

/// Whether `ty` is `base` or derives from it, through `tp_base`: 1 or 0. NULL derives from nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyType_IsSubtype(ty: *mut PyTypeObject, base: *mut PyTypeObject) -> c_int {
    // SAFETY: both are NULL or type objects.
    (!ty.is_null() && !base.is_null() && unsafe { types::is_subtype(ty, base) }).into()
}

/// Initialises the head of a new object in memory of the caller: one reference, of type `ty`. Returns `op`.
///
/// A NULL `op` counts as a failed allocation: NULL with `MemoryError`. A NULL `ty` is a `SystemError`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_Init(op: *mut PyObject, ty: *mut PyTypeObject) -> *mut PyObject {
    boundary(|| {
        if op.is_null() {
            return Err(Error::no_memory());
        }
        let ty = non_null(ty)?;
        // SAFETY: the program guarantees memory for an instance, and a type object.
        unsafe { object::init(op, ty.as_ptr()) };
        Ok(op)
    })
}

/// `PyObject_Init` for an object of varying size, with `size` items. Returns `op`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_InitVar(
    op: *mut PyVarObject,
    ty: *mut PyTypeObject,
    size: Py_ssize_t,
) -> *mut PyVarObject {
    boundary(|| {
        if op.is_null() {
            return Err(Error::no_memory());
        }
        let ty = non_null(ty)?;
        // SAFETY: the program guarantees memory for an instance, and a type object.
        unsafe { object::init_var(op, ty.as_ptr(), size) };
        Ok(op)
    })
}

/// A new object of type `ty`: memory from `PyObject_Malloc` and the head, nothing else is initialised. The function
/// behind `PyObject_New(TYPE, ty)`. NULL with `MemoryError`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyObject_New(ty: *mut PyTypeObject) -> *mut PyObject {
    boundary(|| {
        let ty = non_null(ty)?;
        // SAFETY: a type object.
        unsafe { object::allocate(ty.as_ptr(), 0) }
    })
}

/// A new object with `items` items of `tp_itemsize` bytes each after the struct. The function behind
/// `PyObject_NewVar(TYPE, ty, items)`. NULL with `MemoryError`; a negative count is a `SystemError`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyObject_NewVar(ty: *mut PyTypeObject, items: Py_ssize_t) -> *mut PyVarObject {
    boundary(|| {
        let ty = non_null(ty)?;
        if items < 0 {
            return Err(Error::bad_argument());
        }
        // SAFETY: a type object; fresh memory of the size that the type says.
        unsafe {
            let op: *mut PyVarObject = object::allocate(ty.as_ptr(), items)?.as_ptr().cast();
            (*op).ob_size = items;
            Ok(op)
        }
    })
}

/// The hash of an object; equal objects have equal hashes. That of bytes, and of read-only memoryviews of bytes, depends
/// on a random key of the process; the environment variable PYTHONHASHSEED fixes it, as in CPython, and so does
/// `pybuffer_set_hash_key`.
///
/// -1 with an error set: `TypeError` where the type has no hash, and for an old buffer that can be written; `ValueError` for a
/// memoryview that is writable, released or not of format "B", "b" or "c"; what the base of an old buffer raises.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_Hash(op: *mut PyObject) -> Py_hash_t {
    boundary(|| {
        let op = non_null(op)?;
        // SAFETY: O1.
        unsafe { object::hash(op.as_ptr()) }
    })
}

/// Compares two objects by `operation`, one of `Py_LT` to `Py_GE`: 1 or 0. An object equals itself without being asked.
/// bytes, bytearrays and old buffers (among each other) are ordered as bytes; memoryviews have only `Py_EQ` and `Py_NE`, and
/// compare by shape and value, across formats of the struct module (`pybuffer_memoryview_equal`: of all formats).
///
/// -1 with an error set: `TypeError` where neither object defines the order, `MemoryError` for memoryviews of a format with
/// many items, else what a slot raised.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_RichCompareBool(a: *mut PyObject, b: *mut PyObject, operation: c_int) -> c_int {
    boundary(|| {
        let (a, b) = (non_null(a)?, non_null(b)?);
        let operator = Operator::from_c(operation).ok_or(Error::bad_argument())?;
        // SAFETY: O1.
        unsafe { rich_compare_bool(a.as_ptr(), b.as_ptr(), operator) }
    })
}

/// The length of an object: bytes of a bytes, bytearray or old buffer object, items along the first axis of a memoryview.
/// -1 with an error set: `TypeError` where it has none (also a memoryview of no axes), `ValueError` for a released memoryview,
/// what the base of an old buffer raises.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_Size(op: *mut PyObject) -> Py_ssize_t {
    boundary(|| {
        let op = non_null(op)?;
        // SAFETY: O1.
        unsafe { object::size(op.as_ptr()) }
    })
}

/// The length of a sequence: as `PyObject_Size`, but a mapping is a `TypeError`, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PySequence_Size(op: *mut PyObject) -> Py_ssize_t {
    boundary(|| {
        let op = non_null(op)?;
        // SAFETY: O1.
        unsafe { object::sequence_size(op.as_ptr()) }
    })
}

/// Another name for `PySequence_Size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PySequence_Length(op: *mut PyObject) -> Py_ssize_t {
    // SAFETY: the caller's argument is passed on: NULL or O1.
    unsafe { PySequence_Size(op) }
}

/// Another name for `PyObject_Size`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_Length(op: *mut PyObject) -> Py_ssize_t {
    // SAFETY: the caller's argument is passed on: NULL or O1.
    unsafe { PyObject_Size(op) }
}
