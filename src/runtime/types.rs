//! The types of types and of plain objects, the singletons, and questions about types.

use core::ffi::{CStr, c_int, c_uint, c_ulong, c_void};
use core::mem::size_of;
use core::ptr::{NonNull, null_mut};

use crate::abi::object::{Py_hash_t, PyObject};
use crate::abi::types::{
    PyTypeObject, TPFLAGS_BASE_EXC_SUBCLASS, TPFLAGS_BASETYPE, TPFLAGS_HEAPTYPE, TPFLAGS_LEAF, TPFLAGS_OWN,
    TPFLAGS_READY, TPFLAGS_TYPE_SUBCLASS,
};
use crate::error::Result;

use super::alloc::{self, Domain};
use super::refs::{self, Owned};

/// A static type of this library that derives from `object` and inherits from it.
pub(crate) const fn derived(name: &CStr, basicsize: usize, itemsize: usize) -> PyTypeObject {
    PyTypeObject {
        tp_base: &raw mut PyBaseObject_Type,
        tp_dealloc: Some(object_dealloc),
        tp_free: Some(object_free),
        tp_hash: Some(identity_hash),
        tp_richcompare: Some(identity_compare),
        ..PyTypeObject::empty(&raw mut PyType_Type, name.as_ptr(), basicsize, itemsize)
    }
}

/// The type of all type objects.
#[unsafe(no_mangle)]
pub static mut PyType_Type: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_BASETYPE | TPFLAGS_TYPE_SUBCLASS,
    ..derived(c"type", size_of::<PyTypeObject>(), 0)
};

/// The type that every other type derives from. Its instances have no state.
#[unsafe(no_mangle)]
pub static mut PyBaseObject_Type: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_BASETYPE,
    tp_base: null_mut(),
    ..derived(c"object", size_of::<PyObject>(), 0)
};

/// The type of integers. There are none here: it exists for what `Python.h` mentions in programs.
#[unsafe(no_mangle)]
pub static mut PyLong_Type: PyTypeObject = derived(c"int", size_of::<PyObject>(), 0);

/// The type of `Py_True` and `Py_False`.
#[unsafe(no_mangle)]
pub static mut PyBool_Type: PyTypeObject =
    PyTypeObject { tp_base: &raw mut PyLong_Type, ..derived(c"bool", size_of::<PyObject>(), 0) };

static mut NONE_TYPE: PyTypeObject = derived(c"NoneType", size_of::<PyObject>(), 0);
static mut NOT_IMPLEMENTED_TYPE: PyTypeObject = derived(c"NotImplementedType", size_of::<PyObject>(), 0);

/// Defines a singleton: immortal, without content.
macro_rules! singleton {
    ($(#[$doc:meta])* $exported:ident, $ty:ident) => {
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub static mut $exported: PyObject = PyObject::immortal(&raw mut $ty);
    };
}

singleton!(
    /// The object behind `Py_None`.
    _Py_NoneStruct, NONE_TYPE
);
singleton!(
    /// The object behind `Py_NotImplemented`: what a `tp_richcompare` slot returns for operands that it cannot compare.
    _Py_NotImplementedStruct, NOT_IMPLEMENTED_TYPE
);
singleton!(
    /// The object behind `Py_True`.
    _Py_TrueStruct, PyBool_Type
);
singleton!(
    /// The object behind `Py_False`.
    _Py_FalseStruct, PyBool_Type
);

/// `Py_GetConstantBorrowed`: the singleton of this number; `None` for those that do not exist here.
pub(crate) fn constant(number: c_uint) -> Option<NonNull<PyObject>> {
    NonNull::new(match number {
        0 => &raw mut _Py_NoneStruct,
        1 => &raw mut _Py_FalseStruct,
        2 => &raw mut _Py_TrueStruct,
        4 => &raw mut _Py_NotImplementedStruct,
        _ => null_mut(),
    })
}

/// The answer of a `tp_richcompare` slot, a new reference (to an immortal object); `None` is `NotImplemented`.
pub(crate) fn answer(truth: Option<bool>) -> *mut PyObject {
    match truth {
        Some(true) => &raw mut _Py_TrueStruct,
        Some(false) => &raw mut _Py_FalseStruct,
        None => &raw mut _Py_NotImplementedStruct,
    }
}

/// `tp_richcompare` of objects that are equal to themselves only. `!=` inverts `==`, by the slot of the type.
///
/// # Safety
/// O1 for both.
unsafe extern "C" fn identity_compare(a: *mut PyObject, b: *mut PyObject, operation: c_int) -> *mut PyObject {
    const EQUAL: c_int = 2;
    const NOT_EQUAL: c_int = 3;
    match operation {
        EQUAL => answer((a == b).then_some(true)),
        NOT_EQUAL => {
            // SAFETY: O1; O4 for the slot.
            let equal = unsafe {
                match (*type_of(a)).tp_richcompare {
                    Some(slot) => slot(a, b, EQUAL),
                    None => answer(None),
                }
            };
            if equal == &raw mut _Py_TrueStruct {
                answer(Some(false))
            } else if equal == &raw mut _Py_FalseStruct {
                answer(Some(true))
            } else {
                equal
            }
        }
        _ => answer(None),
    }
}

/// `tp_dealloc` of a type that has none of its own: frees the memory.
///
/// # Safety
/// O1, and no reference to the object is left.
pub(crate) unsafe extern "C" fn object_dealloc(op: *mut PyObject) {
    // SAFETY: O1; the type is kept alive by the reference that a heap type counts for its instance, dropped last.
    unsafe {
        let ty = (*op).ob_type;
        match (*ty).tp_free {
            Some(tp_free) => tp_free(op.cast()),
            None => object_free(op.cast()),
        }
        if (*ty).tp_flags & TPFLAGS_HEAPTYPE != 0 {
            refs::decref(ty.cast());
        }
    }
}

/// `tp_free` of a type that has none of its own: `PyObject_Free`.
///
/// # Safety
/// As `PyObject_Free`.
pub(crate) unsafe extern "C" fn object_free(memory: *mut c_void) {
    // SAFETY: the caller frees memory that `PyObject_Malloc` gave, once.
    unsafe { alloc::free(Domain::Object, memory) };
}

/// `tp_hash` of objects that are equal to themselves only. CPython: `Py_HashPointer`.
///
/// # Safety
/// Any pointer; it is not followed.
pub(crate) unsafe extern "C" fn identity_hash(op: *mut PyObject) -> Py_hash_t {
    // The low bits of addresses hardly differ.
    hash_of_bits((op.addr() as u64).rotate_right(4))
}

/// A hash from 64 bits. -1 says that hashing failed, so no object has it.
pub(crate) fn hash_of_bits(bits: u64) -> Py_hash_t {
    match bits.cast_signed() as Py_hash_t {
        -1 => -2,
        hash => hash,
    }
}

/// `Py_TYPE`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn type_of(op: *mut PyObject) -> *mut PyTypeObject {
    // SAFETY: O1.
    unsafe { (*op).ob_type }
}

/// Whether the object is of one of this library's types, and not of one derived from them.
///
/// # Safety
/// O1.
#[inline]
pub(crate) unsafe fn is_own(op: *mut PyObject) -> bool {
    // SAFETY: O1.
    unsafe { (*type_of(op)).tp_flags & TPFLAGS_OWN == TPFLAGS_OWN }
}

/// Whether destroying an object of its type destroys nothing else, see [`TPFLAGS_LEAF`].
///
/// # Safety
/// O1.
pub(crate) unsafe fn is_leaf(op: *mut PyObject) -> bool {
    const LEAF: c_ulong = TPFLAGS_OWN | TPFLAGS_LEAF;
    // SAFETY: O1.
    unsafe { (*type_of(op)).tp_flags & LEAF == LEAF }
}

/// How to get from an object to the one that it stands for. Objects may stand for each other in chains of any length, which
/// are followed in a loop, one link at a time.
pub(crate) struct Links {
    /// The object that answers requests in this one's place, `None` where it answers itself.
    pub(crate) answerer: Option<Link>,
    /// The object whose hash guarantees that this one will not change; `None` if no other has to be asked. An error
    /// if it has no hash.
    pub(crate) voucher: Option<Link>,
}

/// # Safety
/// O1; the object is of the type that the link is of.
pub(crate) type Link = unsafe fn(*mut PyObject) -> Result<Option<Owned<PyObject>>>;

impl Links {
    /// The links of objects that stand for themselves.
    pub(crate) const NONE: Self = Self { answerer: None, voucher: None };

    /// The field of a type of this library that holds them; CPython uses it internally.
    pub(crate) const fn slot(&'static self) -> *mut c_void {
        (&raw const *self).cast_mut().cast()
    }

    /// The links of an object.
    ///
    /// # Safety
    /// O1.
    #[inline]
    pub(crate) unsafe fn of(op: *mut PyObject) -> &'static Self {
        // SAFETY: O1; in this library's types the field is NULL or what `slot` gave.
        unsafe { if is_own(op) { (*type_of(op)).tp_subclasses.cast::<Self>().as_ref() } else { None } }
            .unwrap_or(&Self::NONE)
    }
}

/// `PyType_IsSubtype`: whether `ty` is `base` or derives from it.
///
/// # Safety
/// Both point to type objects that have been through `PyType_Ready`, or to NULL.
pub(crate) unsafe fn is_subtype(ty: *mut PyTypeObject, base: *mut PyTypeObject) -> bool {
    let mut ty = ty;
    while !ty.is_null() {
        if ty == base {
            return true;
        }
        // SAFETY: `ty` is a type object; `tp_base` is the next one or NULL.
        ty = unsafe { (*ty).tp_base };
    }
    // As in CPython, a type that is not ready counts as derived from `object`.
    base == &raw mut PyBaseObject_Type
}

/// Whether the object is of the type or of one derived from it. CPython: `PyObject_TypeCheck`.
///
/// # Safety
/// O1; `ty` points to a type object.
pub(crate) unsafe fn is_instance(op: *mut PyObject, ty: *mut PyTypeObject) -> bool {
    // SAFETY: the caller guarantees O1, and `ty` points to a type object.
    unsafe { is_subtype(type_of(op), ty) }
}

/// Whether the object is an exception type. CPython: `PyExceptionClass_Check`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn is_exception_type(op: *mut PyObject) -> bool {
    // SAFETY: O1; a type object that is not ready has no type yet. The flag of its type says that it is a type object,
    // so its own flags may be read.
    unsafe {
        let ty = type_of(op);
        !ty.is_null()
            && (*ty).tp_flags & TPFLAGS_TYPE_SUBCLASS != 0
            && (*op.cast::<PyTypeObject>()).tp_flags & TPFLAGS_BASE_EXC_SUBCLASS != 0
    }
}

/// Whether the object is an instance of an exception type. CPython: `PyExceptionInstance_Check`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn is_exception(op: *mut PyObject) -> bool {
    // SAFETY: O1.
    unsafe { type_of(op).as_ref() }.is_some_and(|ty| ty.tp_flags & TPFLAGS_BASE_EXC_SUBCLASS != 0)
}
