//! The exception types and their instances.

use core::ffi::{CStr, c_char};
use core::mem::size_of;
use core::ptr::{NonNull, null_mut};

use crate::abi::object::PyObject;
use crate::abi::types::{PyTypeObject, TPFLAGS_BASE_EXC_SUBCLASS, TPFLAGS_BASETYPE, TPFLAGS_OWN, TPFLAGS_READY};
use crate::error::ErrorKind;

use super::alloc::{self, Domain};
use super::refs::{self, Object, Owned};
use super::types::{self, PyBaseObject_Type, object_dealloc};

/// An instance of an exception type. Opaque to C. The message stands after the instance, in the same allocation.
#[repr(C)]
pub(crate) struct Exception {
    ob_base: PyObject,
    /// The object that `PyErr_SetObject` was given, an owned reference, or NULL.
    argument: *mut PyObject,
    /// The message, never NULL.
    message: *const c_char,
}

// SAFETY: `repr(C)`, and its first field is a `PyObject`.
unsafe impl Object for Exception {}

/// Defines an exception type and the pointer to it that C knows.
macro_rules! exception {
    ($(#[$doc:meta])* $exported:ident, $ty:ident, $name:literal, $base:ident) => {
        static mut $ty: PyTypeObject = PyTypeObject {
            tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_BASETYPE | TPFLAGS_BASE_EXC_SUBCLASS,
            tp_base: &raw mut $base,
            tp_dealloc: Some(exception_dealloc),
            ..types::derived($name, size_of::<Exception>(), 0)
        };
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub static mut $exported: *mut PyObject = (&raw mut $ty).cast();
    };
}

exception!(
    /// The type that every exception type derives from.
    PyExc_BaseException, BASE_EXCEPTION, c"BaseException", PyBaseObject_Type
);
exception!(
    /// Derives from `BaseException`; the type that ordinary errors derive from.
    PyExc_Exception, EXCEPTION, c"Exception", BASE_EXCEPTION
);
exception!(
    /// The exporter cannot satisfy a request, or memory that others hold views of was to be changed.
    PyExc_BufferError, BUFFER_ERROR, c"BufferError", EXCEPTION
);
exception!(
    /// An argument of the right type with a value that it must not have.
    PyExc_ValueError, VALUE_ERROR, c"ValueError", EXCEPTION
);
exception!(
    /// An object of the wrong type.
    PyExc_TypeError, TYPE_ERROR, c"TypeError", EXCEPTION
);
exception!(
    /// A missing key or index.
    PyExc_LookupError, LOOKUP_ERROR, c"LookupError", EXCEPTION
);
exception!(
    /// An index out of range. Derives from `LookupError`.
    PyExc_IndexError, INDEX_ERROR, c"IndexError", LOOKUP_ERROR
);
exception!(
    /// A calculation that has no result.
    PyExc_ArithmeticError, ARITHMETIC_ERROR, c"ArithmeticError", EXCEPTION
);
exception!(
    /// A number too large. Derives from `ArithmeticError`.
    PyExc_OverflowError, OVERFLOW_ERROR, c"OverflowError", ARITHMETIC_ERROR
);
exception!(
    /// The allocator has no memory left.
    PyExc_MemoryError, MEMORY_ERROR, c"MemoryError", EXCEPTION
);
exception!(
    /// An error that fits no other type.
    PyExc_RuntimeError, RUNTIME_ERROR, c"RuntimeError", EXCEPTION
);
exception!(
    /// Something that is not implemented. Derives from `RuntimeError`.
    PyExc_NotImplementedError, NOT_IMPLEMENTED_ERROR, c"NotImplementedError", RUNTIME_ERROR
);
exception!(
    /// The caller broke the contract of a C function.
    PyExc_SystemError, SYSTEM_ERROR, c"SystemError", EXCEPTION
);

/// The instance of `MemoryError` that is used when none can be allocated.
static mut LAST_RESORT: Exception =
    Exception { ob_base: PyObject::immortal(&raw mut MEMORY_ERROR), argument: null_mut(), message: c"".as_ptr() };

/// The exception type of a kind of error.
pub(crate) fn type_of_kind(kind: ErrorKind) -> *mut PyTypeObject {
    match kind {
        ErrorKind::Buffer => &raw mut BUFFER_ERROR,
        ErrorKind::Value => &raw mut VALUE_ERROR,
        ErrorKind::Type => &raw mut TYPE_ERROR,
        ErrorKind::Index => &raw mut INDEX_ERROR,
        ErrorKind::Overflow => &raw mut OVERFLOW_ERROR,
        ErrorKind::NotImplemented => &raw mut NOT_IMPLEMENTED_ERROR,
        ErrorKind::Runtime => &raw mut RUNTIME_ERROR,
        ErrorKind::Memory => &raw mut MEMORY_ERROR,
        ErrorKind::System => &raw mut SYSTEM_ERROR,
    }
}

/// The instance that stands for `MemoryError` when none can be made.
pub(crate) fn last_resort() -> Owned<Exception> {
    // SAFETY: a static object, immortal (O5).
    unsafe { Owned::share(NonNull::new_unchecked(&raw mut LAST_RESORT)) }
}

/// A new instance of an exception type with room for a message of `length` bytes and a NUL, and where that room is.
/// `None` where there is no memory.
///
/// # Safety
/// `ty` is an exception type that is ready, derived from one of those above.
pub(crate) unsafe fn instance(ty: *mut PyTypeObject, length: usize) -> Option<(Owned<Exception>, *mut u8)> {
    // SAFETY: the caller's type is an exception type that is ready: the type may be read. A type that derives from ours starts
    // with our struct.
    let size = unsafe { (*ty).tp_basicsize }.unsigned_abs().max(size_of::<Exception>());
    let memory: *mut u8 = alloc::calloc(Domain::Object, 1, size.checked_add(length)?.checked_add(1)?).cast();
    let object: *mut Exception = memory.cast();
    let message = memory.wrapping_add(size);
    let exception = NonNull::new(object)?;
    // SAFETY: fresh memory of at least this size, aligned for anything; an instance holds a reference to a heap type.
    unsafe {
        exception.write(Exception {
            ob_base: PyObject { ob_refcnt: 1, ob_type: ty },
            argument: null_mut(),
            message: message.cast(),
        });
        if (*ty).tp_flags & crate::abi::types::TPFLAGS_HEAPTYPE != 0 {
            refs::incref(ty.cast());
        }
        Some((Owned::from_raw(object)?, message))
    }
}

impl Owned<Exception> {
    /// Stores the object that the exception is about.
    pub(crate) fn set_argument(&self, argument: Owned<PyObject>) {
        // SAFETY: called on a fresh instance, which this thread has to itself (O3).
        unsafe { (*self.as_ptr()).argument = argument.into_raw() };
    }
}

/// The message of an exception, and the object it was set with (NULL where there is none). Both live as long as the
/// exception.
///
/// # Safety
/// O1; `op` is an exception.
pub(crate) unsafe fn contents<'a>(op: *mut PyObject) -> (&'a CStr, *mut PyObject) {
    // SAFETY: every exception starts with our struct, whose message is never NULL and never changes.
    unsafe {
        let exception: *mut Exception = op.cast();
        (CStr::from_ptr((*exception).message), (*exception).argument)
    }
}

unsafe extern "C" fn exception_dealloc(op: *mut PyObject) {
    // SAFETY: O1, O2; no reference is left, so this thread has the object to itself.
    unsafe {
        let argument = &raw mut (*op.cast::<Exception>()).argument;
        if refs::emptied(op, || drop(Owned::from_raw(argument.replace(null_mut())))) {
            object_dealloc(op);
        }
    }
}
