//! Creates objects, and has the operations that all objects support.

use core::ffi::CStr;
use core::ptr::NonNull;

use crate::abi::object::{Py_hash_t, Py_ssize_t, PyObject, PyVarObject};
use crate::abi::types::{PyTypeObject, TPFLAGS_HEAPTYPE, TPFLAGS_READY};
use crate::error::{Argument, Error, ErrorKind, Result};

use super::alloc::{self, Domain};
use super::hash;
use super::ready;
use super::refs::{self, Object, Owned};
use super::types::{self, _Py_FalseStruct, _Py_NoneStruct, _Py_TrueStruct};

/// `PyObject_Init`: the head of a new object, with one reference.
///
/// # Safety
/// `op` points to memory for an instance of the type; `ty` points to a type object.
pub(crate) unsafe fn init(op: *mut PyObject, ty: *mut PyTypeObject) {
    // SAFETY: the caller has memory for an instance, and the type is a type object. An instance keeps a heap type alive.
    unsafe {
        op.write(PyObject { ob_refcnt: 1, ob_type: ty });
        if (*ty).tp_flags & TPFLAGS_HEAPTYPE != 0 {
            refs::incref(ty.cast());
        }
    }
}

/// `_PyObject_New` and `_PyObject_NewVar`: memory for an instance with `items` items, with its head; the rest is not
/// initialised.
///
/// # Safety
/// `ty` points to a type object that is ready.
pub(crate) unsafe fn allocate(ty: *mut PyTypeObject, items: Py_ssize_t) -> Result<NonNull<PyObject>> {
    // SAFETY: the caller guarantees that `ty` points to a type object.
    let (basic, item) = unsafe { ((*ty).tp_basicsize, (*ty).tp_itemsize) };
    let size = items.checked_mul(item).and_then(|variable| variable.checked_add(basic)).ok_or(Error::no_memory())?;
    let size = usize::try_from(size).map_err(|_| Error::bad_argument())?;
    // Whole words, as in CPython, so that data of a program after the items is aligned; at least a head.
    let size =
        size.max(size_of::<PyVarObject>()).checked_next_multiple_of(size_of::<usize>()).ok_or(Error::no_memory())?;
    let op: *mut PyObject = alloc::malloc(Domain::Object, size).cast();
    let op = NonNull::new(op).ok_or(Error::no_memory())?;
    // SAFETY: fresh memory of the instance's size.
    unsafe { init(op.as_ptr(), ty) };
    Ok(op)
}

/// A new object of one of this library's types: `size` bytes, of which `value` initialises the first.
///
/// # Safety
/// `value` starts with a head that has one reference and a static type; `size` is not less than that of `T`, padding
/// included.
pub(crate) unsafe fn new<T: Object>(size: usize, value: T) -> Result<Owned<T>> {
    let memory: *mut T = alloc::malloc(Domain::Object, size).cast();
    let object = NonNull::new(memory).ok_or(Error::no_memory())?;
    // SAFETY: fresh memory of at least the size of `T`, aligned for anything; the reference in the head is the one taken.
    unsafe {
        object.write(value);
        Owned::from_raw(memory).ok_or(Error::no_memory())
    }
}

/// `PyObject_InitVar`: [`init`] for an object of varying size.
///
/// # Safety
/// As [`init`].
pub(crate) unsafe fn init_var(op: *mut PyVarObject, ty: *mut PyTypeObject, items: Py_ssize_t) {
    // SAFETY: the caller has memory for an instance, and the type is a type object.
    unsafe {
        init(op.cast(), ty);
        (*op).ob_size = items;
    }
}

/// `PyObject_Hash`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn hash(op: *mut PyObject) -> Result<Py_hash_t> {
    // SAFETY: O1; O4 for the slot.
    unsafe {
        let ty = types::type_of(op);
        if (*ty).tp_hash.is_none() && (*ty).tp_flags & TPFLAGS_READY == 0 {
            ready::ready(ty)?;
        }
        let slot = (*ty).tp_hash.unwrap_or(hash::PyObject_HashNotImplemented);
        match slot(op) {
            -1 => Err(Error::Raised),
            hash => Ok(hash),
        }
    }
}

/// Checks that an object is hashable. If another object vouches for it, that one is asked in its
/// place, and so on: in a loop, so that a chain of them takes no stack.
///
/// # Safety
/// O1.
#[inline]
pub(crate) unsafe fn vouch(op: *mut PyObject) -> Result<()> {
    // SAFETY: the caller guarantees O1.
    unsafe {
        match types::Links::of(op).voucher {
            None => hash(op).map(|_| ()),
            Some(_) => vouch_for_chain(op),
        }
    }
}

/// # Safety
/// O1.
#[cold]
unsafe fn vouch_for_chain(op: *mut PyObject) -> Result<()> {
    let mut behind: Option<Owned<PyObject>> = None;
    loop {
        let this = behind.as_ref().map_or(op, Owned::as_ptr);
        // SAFETY: O1; the link is the object's.
        unsafe {
            let Some(voucher) = types::Links::of(this).voucher else { return hash(this).map(|_| ()) };
            behind = voucher(this)?;
        }
        if behind.is_none() {
            return Ok(());
        }
    }
}

/// The text of the error for a type without a length, with one `%s`.
const NO_LENGTH: &CStr = c"object of type '%.200s' has no len()";

/// `PyObject_Size`: by the sequence slot, else by the mapping slot.
///
/// # Safety
/// O1.
pub(crate) unsafe fn size(op: *mut PyObject) -> Result<Py_ssize_t> {
    // SAFETY: O1; the slot tables are NULL or valid; O4 for the slots.
    unsafe {
        let ty = types::type_of(op);
        let (sequence, mapping) = lengths(ty);
        let none = Error::type_name(NO_LENGTH, (*ty).tp_name);
        length_by(sequence.or(mapping).ok_or(none)?, op)
    }
}

/// `PySequence_Size`: by the sequence slot only.
///
/// # Safety
/// O1.
pub(crate) unsafe fn sequence_size(op: *mut PyObject) -> Result<Py_ssize_t> {
    // SAFETY: O1; the slot tables are NULL or valid; O4 for the slots.
    unsafe {
        let ty = types::type_of(op);
        let text = match lengths(ty) {
            (Some(slot), _) => return length_by(slot, op),
            (None, Some(_)) => c"%.200s is not a sequence",
            (None, None) => NO_LENGTH,
        };
        Err(Error::type_name(text, (*ty).tp_name))
    }
}

type LengthSlot = unsafe extern "C" fn(*mut PyObject) -> Py_ssize_t;

/// The slots for the length: as sequence, and as mapping.
///
/// # Safety
/// `ty` points to a type object, whose slot tables are NULL or valid.
unsafe fn lengths(ty: *mut PyTypeObject) -> (Option<LengthSlot>, Option<LengthSlot>) {
    // SAFETY: the caller guarantees that the type's slot tables are NULL or valid.
    unsafe {
        let sequence = (*ty).tp_as_sequence.as_ref().and_then(|slots| slots.sq_length);
        (sequence, (*ty).tp_as_mapping.as_ref().and_then(|slots| slots.mp_length))
    }
}

/// # Safety
/// O1; O4 for the slot, which is of the object's type.
unsafe fn length_by(slot: LengthSlot, op: *mut PyObject) -> Result<Py_ssize_t> {
    // SAFETY: the caller guarantees O1, and O4 for the slot.
    match unsafe { slot(op) } {
        length if length < 0 => Err(Error::Raised),
        length => Ok(length),
    }
}

/// `TypeError` unless the object is of the type or of one derived from it. The text holds one `%s`, for the name of the
/// type that the object is of.
///
/// # Safety
/// O1; `ty` points to a type object.
pub(crate) unsafe fn expect_type(
    op: *mut PyObject,
    ty: *mut PyTypeObject,
    text: &'static core::ffi::CStr,
) -> Result<()> {
    // SAFETY: the caller guarantees O1, and `ty` points to a type object.
    unsafe {
        if types::is_instance(op, ty) { Ok(()) } else { Err(Error::type_name(text, (*types::type_of(op)).tp_name)) }
    }
}

/// The `TypeError` of an operation on two objects; the text holds two `%s`.
///
/// # Safety
/// O1 for both.
pub(crate) unsafe fn type_mismatch(text: &'static core::ffi::CStr, a: *mut PyObject, b: *mut PyObject) -> Error {
    // SAFETY: O1.
    let name = |op: *mut PyObject| Argument::Text(unsafe { (*types::type_of(op)).tp_name });
    Error::with(ErrorKind::Type, text, name(a), name(b))
}

/// Whether an object counts as true: the singletons, then `nb_bool`, then the length. CPython: `PyObject_IsTrue`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn is_true(op: *mut PyObject) -> Result<bool> {
    if op == &raw mut _Py_TrueStruct {
        return Ok(true);
    }
    if op == &raw mut _Py_FalseStruct || op == &raw mut _Py_NoneStruct {
        return Ok(false);
    }
    // SAFETY: O1; the slot tables are NULL or valid; O4 for the slots.
    unsafe {
        let ty = types::type_of(op);
        let number = (*ty).tp_as_number.as_ref().and_then(|slots| slots.nb_bool);
        let (sequence, mapping) = lengths(ty);
        let answer: Py_ssize_t = match (number, mapping.or(sequence)) {
            (Some(slot), _) => slot(op) as Py_ssize_t,
            (None, Some(slot)) => slot(op),
            (None, None) => 1,
        };
        if answer < 0 { Err(Error::Raised) } else { Ok(answer != 0) }
    }
}
