//! Reference counts, and owned references that drop themselves.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicI32, AtomicIsize, Ordering};

use crate::abi::object::{Py_ssize_t, PyObject, PyVarObject};
use crate::abi::types::{PyTypeObject, TPFLAGS_OWN};

use super::pending::{self, Pending};

/// A struct that begins with a `PyObject`, so that a pointer to it is a pointer to an object.
///
/// # Safety
/// The struct is `repr(C)` and its first field is a `PyObject` or another implementor.
pub(crate) unsafe trait Object {}

// SAFETY: it is one.
unsafe impl Object for PyObject {}
// SAFETY: begins with a PyObject.
unsafe impl Object for PyVarObject {}
// SAFETY: begins with a PyVarObject.
unsafe impl Object for PyTypeObject {}

/// An `isize` that other threads may change at the same time.
///
/// # Safety
/// `value` is valid and aligned, and for the life of the result changed through atomics only (O3).
pub(crate) unsafe fn atomic<'a>(value: *mut Py_ssize_t) -> &'a AtomicIsize {
    // SAFETY: the function's contract.
    unsafe { AtomicIsize::from_ptr(value) }
}

/// The same for the flags of an object.
///
/// # Safety
/// As [`atomic`].
pub(crate) unsafe fn atomic_flags<'a>(value: *mut i32) -> &'a AtomicI32 {
    // SAFETY: the function's contract.
    unsafe { AtomicI32::from_ptr(value) }
}

/// Whether a reference count says that its object is never freed (PEP 683): the low 32 bits are negative.
#[expect(clippy::cast_possible_truncation, reason = "the low 32 bits are what is looked at")]
pub(crate) const fn is_immortal(count: Py_ssize_t) -> bool {
    (count as i32) < 0
}

/// `Py_REFCNT`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn count(op: *mut PyObject) -> Py_ssize_t {
    // SAFETY: O1; counts are changed atomically.
    unsafe { atomic(&raw mut (*op).ob_refcnt) }.load(Ordering::Acquire)
}

/// `Py_INCREF`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn incref(op: *mut PyObject) {
    // SAFETY: O1; counts are changed atomically.
    let count = unsafe { atomic(&raw mut (*op).ob_refcnt) };
    if !is_immortal(count.load(Ordering::Relaxed)) {
        // Relaxed is enough: whoever makes a new reference has one already.
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// `Py_DECREF`: the object is deallocated with the last reference.
///
/// # Safety
/// O1, and the caller gives up one reference.
pub(crate) unsafe fn decref(op: *mut PyObject) {
    // SAFETY: the function's contract.
    if unsafe { give_up(op) } {
        // SAFETY: that was the last reference, so this thread has the object to itself.
        unsafe { dealloc(op) };
    }
}

/// Gives up a reference, and says whether it was the last one, so that the object is to be deallocated.
///
/// # Safety
/// As [`decref`].
pub(crate) unsafe fn give_up(op: *mut PyObject) -> bool {
    // SAFETY: O1; counts are changed atomically.
    let count = unsafe { atomic(&raw mut (*op).ob_refcnt) };
    match count.load(Ordering::Acquire) {
        // The one reference is the caller's, so nobody can be making another: no need for a locked instruction.
        1 => {
            count.store(0, Ordering::Relaxed);
            true
        }
        immortal if is_immortal(immortal) => false,
        // Release and acquire: what this thread did with the object happens before another thread frees it.
        _ => count.fetch_sub(1, Ordering::AcqRel) == 1,
    }
}

/// `_Py_Dealloc`: calls the type's `tp_dealloc`. A pending error is left as it is.
///
/// # Safety
/// O1, and no reference to the object is left.
pub(crate) unsafe fn dealloc(op: *mut PyObject) {
    // SAFETY: O1. A type without `tp_dealloc` has not been through `PyType_Ready`; its memory cannot be told from any
    // other, so it is left alone rather than freed in the wrong way. O4: the slot takes over the object.
    unsafe {
        let ty = (*op).ob_type;
        if let Some(tp_dealloc) = (*ty).tp_dealloc {
            undisturbed(ty, || tp_dealloc(op));
        }
    }
}

/// Calls a slot of a type that must not disturb a pending error: what it raises is dropped where one was pending, and
/// stays where none was. The slots of this library's own types do not raise, and call others by this function.
///
/// # Safety
/// `ty` points to a type object.
pub(crate) unsafe fn undisturbed(ty: *mut PyTypeObject, slot: impl FnOnce()) {
    // SAFETY: the function's contract.
    if unsafe { (*ty).tp_flags } & TPFLAGS_OWN != 0 || !pending::is_any() {
        return slot();
    }
    let saved = pending::swap(Pending::None);
    slot();
    replace_pending(saved);
}

/// Puts something new in the place of what is pending in this thread, which is dropped.
pub(super) fn replace_pending(new: Pending) {
    if let Pending::Instance(exception) = pending::swap(new) {
        // SAFETY: the indicator owned the reference, and it has let go of it.
        unsafe { decref(exception.as_ptr()) };
    }
}

/// An owned reference.
pub(crate) struct Owned<T: Object>(NonNull<T>);

impl<T: Object> Owned<T> {
    /// Takes over a reference from C; `None` where it is NULL.
    ///
    /// # Safety
    /// NULL, or O1 and O2 and the reference is the caller's to give.
    pub(crate) unsafe fn from_raw(object: *mut T) -> Option<Self> {
        NonNull::new(object).map(Self)
    }

    /// A new reference to an object that somebody else holds.
    ///
    /// # Safety
    /// O1 and O2.
    pub(crate) unsafe fn share(object: NonNull<T>) -> Self {
        // SAFETY: the function's contract.
        unsafe { incref(object.as_ptr().cast()) };
        Self(object)
    }

    /// The object; the reference stays here.
    pub(crate) fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// The same, known not to be NULL.
    pub(crate) fn as_non_null(&self) -> NonNull<T> {
        self.0
    }

    /// The object; the reference goes to the caller.
    pub(crate) fn into_raw(self) -> *mut T {
        let object = self.0.as_ptr();
        core::mem::forget(self);
        object
    }

    /// The same reference as one to a plain object.
    pub(crate) fn upcast(self) -> Owned<PyObject> {
        // SAFETY: every object begins with a PyObject.
        unsafe { self.cast() }
    }

    /// The same reference as one to another struct.
    ///
    /// # Safety
    /// O2: the object has that layout.
    pub(crate) unsafe fn cast<U: Object>(self) -> Owned<U> {
        let object = self.0.cast();
        core::mem::forget(self);
        Owned(object)
    }

    /// The object as C sees it; the reference goes to the caller.
    pub(crate) fn into_object(self) -> *mut PyObject {
        self.into_raw().cast()
    }
}

impl<T: Object> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: this value owns one reference, and it ends here.
        unsafe { decref(self.0.as_ptr().cast()) };
    }
}
