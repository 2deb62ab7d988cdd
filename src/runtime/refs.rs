//! Reference counts, and owned references that drop themselves.

use core::ffi::c_ulong;
use core::ptr::{NonNull, null_mut, with_exposed_provenance_mut};
use core::sync::atomic::{AtomicI32, Ordering};

use crate::abi::object::{Py_ssize_t, PyObject, PyVarObject};
use crate::abi::types::{PyTypeObject, TPFLAGS_LEAF, TPFLAGS_OWN};

use super::pending::{self, Pending};
use super::thread::{self, Thread};
use super::word::Word;

/// A struct that starts with a `PyObject`, so that a pointer to it is a pointer to an object.
///
/// # Safety
/// The struct is `repr(C)` and its first field is a `PyObject` or another implementor.
pub(crate) unsafe trait Object {}

// SAFETY: the struct is a `PyObject` itself.
unsafe impl Object for PyObject {}
// SAFETY: `repr(C)`, and its first field is a `PyObject`.
unsafe impl Object for PyVarObject {}
// SAFETY: `repr(C)`, and its first field is a `PyVarObject`.
unsafe impl Object for PyTypeObject {}

/// A word that other threads may change at the same time.
///
/// # Safety
/// `value` is valid and aligned, and for the life of the result changed through atomics only (O3).
#[inline(always)]
pub(crate) unsafe fn atomic<'a>(value: *mut Py_ssize_t) -> &'a Word {
    // SAFETY: the caller guarantees that `value` is valid, aligned and changed through atomics only (O3).
    unsafe { Word::from_ptr(value) }
}

/// The same for the flags of an object, which only whoever has the object to itself, or has claimed it, changes.
///
/// # Safety
/// As [`atomic`].
pub(crate) unsafe fn atomic_flags<'a>(value: *mut i32) -> &'a AtomicI32 {
    // SAFETY: the caller guarantees O3.
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
        // Relaxed is enough: the caller has a reference already.
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// `PyUnstable_TryIncRef`: adds a reference unless none is left, so that the object is being destroyed. Returns whether it has.
///
/// # Safety
/// O1, or the object is being destroyed.
pub(crate) unsafe fn try_incref(op: *mut PyObject) -> bool {
    // SAFETY: O1; counts are changed atomically. A dead object has no count above 0, see `set_next`.
    let count = unsafe { atomic(&raw mut (*op).ob_refcnt) };
    let one_more = |count: Py_ssize_t| match count {
        ..=0 => None,
        immortal if is_immortal(immortal) => Some(immortal),
        _ => Some(count + 1),
    };
    count.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more).is_ok()
}

/// `Py_SET_REFCNT`, which immortal objects ignore.
///
/// # Safety
/// O1 and O3.
pub(crate) unsafe fn set_count(op: *mut PyObject, to: Py_ssize_t) {
    // SAFETY: O1, O3.
    let count = unsafe { atomic(&raw mut (*op).ob_refcnt) };
    if !is_immortal(count.load(Ordering::Relaxed)) {
        count.store(to, Ordering::Relaxed);
    }
}

/// `Py_DECREF`: the object is deallocated with the last reference.
///
/// # Safety
/// O1, and the caller gives up one reference.
pub(crate) unsafe fn decref(op: *mut PyObject) {
    // SAFETY: the caller guarantees O1, and gives up a reference.
    if unsafe { give_up(op) } {
        // SAFETY: that was the last reference, so this thread has the object to itself.
        unsafe { dealloc(op) };
    }
}

/// Gives up a reference. Returns whether it was the last one, so that the caller must deallocate the object.
///
/// # Safety
/// As [`decref`].
pub(crate) unsafe fn give_up(op: *mut PyObject) -> bool {
    // SAFETY: O1; counts are changed atomically.
    let count = unsafe { atomic(&raw mut (*op).ob_refcnt) };
    // Release and acquire: what this thread did with the object happens before another thread frees it. One step, also where the
    // reference is the only one: another thread may be making one by `try_incref`.
    !is_immortal(count.load(Ordering::Relaxed)) && count.fetch_sub(1, Ordering::AcqRel) == 1
}

/// `_Py_Dealloc`: calls the type's `tp_dealloc`. A pending error is left as it is.
///
/// # Safety
/// O1, and no reference to the object is left.
pub(crate) unsafe fn dealloc(op: *mut PyObject) {
    const LEAF: c_ulong = TPFLAGS_OWN | TPFLAGS_LEAF;
    // SAFETY: O1. A type without `tp_dealloc` has not been through `PyType_Ready`; its memory cannot be told from any
    // other, so it is left alone rather than freed in the wrong way. O4: the slot takes over the object.
    unsafe {
        let ty = (*op).ob_type;
        let Some(tp_dealloc) = (*ty).tp_dealloc else { return };
        if (*ty).tp_flags & LEAF == LEAF { tp_dealloc(op) } else { destroy(op, tp_dealloc) }
    }
}

/// How many destructions of this library's objects may be nested in a thread.
const DEPTH: usize = 16;

/// The limit for objects of a program's types. These are put off last, since a program may rely on when they are
/// destroyed: only where this many are nested without an object of the library among the last ones.
const FOREIGN_DEPTH: usize = 32;

/// Destroys an object by this function; what that raises is dropped where an error is pending, and stays where none is.
///
/// An object may own the last reference to another, that one to the next: a chain of any length, each of which is destroyed
/// by the one before. So that the stack does not grow with it, what is to be destroyed at a certain depth is put off: it is
/// appended to a list, linked through the reference counts, which are not needed any more. The outermost call destroys what is
/// in the list before it returns, in the order that it would have been destroyed in, as far as possible: what an object puts
/// off comes before what was put off after that object. What these raise is dropped.
///
/// # Safety
/// O1, and no reference to the object is left; the function is a `tp_dealloc` for it.
pub(crate) unsafe fn destroy(op: *mut PyObject, tp_dealloc: Dealloc) {
    // SAFETY: the caller guarantees O1, and no reference is left; O4: the function takes over the object. The type is read
    // first, since it may be freed with the object.
    unsafe {
        let thread = thread::own();
        let depth = (*thread).depth;
        let is_own = (*(*op).ob_type).tp_flags & TPFLAGS_OWN == TPFLAGS_OWN;
        if depth >= if is_own { DEPTH } else { FOREIGN_DEPTH } {
            return put_off(thread, op);
        }
        (*thread).depth = depth + 1;
        // This library's own raise nothing.
        if is_own || !(*thread).slot.is_any() {
            tp_dealloc(op);
        } else {
            set_aside(|| tp_dealloc(op));
        }
        if depth == 0 && !(*thread).first.is_null() {
            destroy_rest(thread);
        }
        (*thread).depth = depth;
    }
}

/// `tp_dealloc` of a type.
type Dealloc = unsafe extern "C" fn(*mut PyObject);

/// Appends an object to those that are destroyed later.
///
/// # Safety
/// As [`destroy`]; `thread` is this thread's own.
#[cold]
unsafe fn put_off(thread: *mut Thread, op: *mut PyObject) {
    // SAFETY: the caller guarantees that the object is dead and the thread is this one.
    unsafe {
        set_next(op, null_mut());
        if (*thread).first.is_null() {
            (*thread).first = op;
        } else {
            set_next((*thread).last, op);
        }
        (*thread).last = op;
    }
}

/// Destroys the objects that have been put off, and those that are put off meanwhile.
///
/// # Safety
/// `thread` is this thread's own; called by the outermost destruction, which still counts.
#[cold]
unsafe fn destroy_rest(thread: *mut Thread) {
    // SAFETY: what is in the list has no reference left, and no other code has it.
    unsafe {
        // The last round may leave an exception pending, which is destroyed, too.
        while !(*thread).first.is_null() {
            let saved = pending::swap(Pending::None);
            while let Some(op) = NonNull::new((*thread).first) {
                let op = op.as_ptr();
                let (rest, last) = (next(op), (*thread).last);
                ((*thread).first, (*thread).last) = (null_mut(), null_mut());
                atomic(&raw mut (*op).ob_refcnt).store(0, Ordering::Relaxed);
                if let Some(tp_dealloc) = (*(*op).ob_type).tp_dealloc {
                    tp_dealloc(op);
                }
                if rest.is_null() {
                    continue;
                }
                if (*thread).first.is_null() {
                    (*thread).first = rest;
                } else {
                    set_next((*thread).last, rest);
                }
                (*thread).last = last;
            }
            replace_pending(saved);
        }
    }
}

/// The object after this one in the list.
///
/// # Safety
/// It is in the list.
unsafe fn next(op: *mut PyObject) -> *mut PyObject {
    // SAFETY: a dead object in the list: only this thread has it (O3).
    let link = unsafe { atomic(&raw mut (*op).ob_refcnt) }.load(Ordering::Relaxed);
    with_exposed_provenance_mut(link.wrapping_neg().cast_unsigned())
}

/// Sets the object after this one. A program that reads the count, against the rules, finds it not above 0.
///
/// # Safety
/// It is dead.
unsafe fn set_next(op: *mut PyObject, next: *mut PyObject) {
    let link = next.expose_provenance().cast_signed().wrapping_neg();
    // SAFETY: a dead object: only this thread has it (O3).
    unsafe { atomic(&raw mut (*op).ob_refcnt) }.store(link, Ordering::Relaxed);
}

/// Runs the part of a `tp_dealloc` that may run foreign code. Meanwhile the object has a reference, so that code that has kept
/// its address without one does not destroy it a second time. Returns whether it is to be freed: not if other code has kept a
/// reference, with which the object is destroyed then. The part has to leave the object empty, since it runs again in that
/// case.
///
/// # Safety
/// O1, and no reference to the object is left.
#[must_use]
pub(crate) unsafe fn emptied(op: *mut PyObject, part: impl FnOnce()) -> bool {
    // SAFETY: the caller guarantees O1, and no reference is left.
    unsafe {
        atomic(&raw mut (*op).ob_refcnt).store(1, Ordering::Relaxed);
        part();
        give_up(op)
    }
}

/// Calls a foreign slot that must not disturb a pending error: what it raises is dropped where one was pending, and stays
/// where none was. The slots of this library's own types do not raise.
///
/// # Safety
/// `thread` is this thread's own.
unsafe fn undisturbed(thread: *mut Thread, slot: impl FnOnce()) {
    // SAFETY: the caller guarantees that `thread` is this thread's own.
    if unsafe { !(*thread).slot.is_any() } {
        return slot();
    }
    set_aside(slot);
}

/// Calls a slot while the pending error is set aside.
#[cold]
fn set_aside(slot: impl FnOnce()) {
    let saved = pending::swap(Pending::None);
    slot();
    replace_pending(saved);
}

/// Calls a foreign `bf_releasebuffer`, which does not disturb a pending error, for the view at this address; not from within
/// another such call for the same view. Returns whether it was called.
pub(crate) fn releasing(view: *const (), slot: impl FnOnce()) -> bool {
    let thread = thread::own();
    // SAFETY: this thread's own.
    unsafe { thread::once(thread, view, || undisturbed(thread, slot)) }
}

/// Replaces what is pending in this thread, and drops it.
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

    /// Takes over a reference.
    ///
    /// # Safety
    /// O1 and O2, and the reference is the caller's to give.
    pub(crate) unsafe fn from_non_null(object: NonNull<T>) -> Self {
        Self(object)
    }

    /// A new reference to an object that somebody else holds.
    ///
    /// # Safety
    /// O1 and O2.
    pub(crate) unsafe fn share(object: NonNull<T>) -> Self {
        // SAFETY: the caller guarantees O1 and O2.
        unsafe { incref(object.as_ptr().cast()) };
        Self(object)
    }

    /// The object; the reference stays here.
    pub(crate) fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// As [`as_ptr`](Self::as_ptr), known not to be NULL.
    pub(crate) fn as_non_null(&self) -> NonNull<T> {
        self.0
    }

    /// The object; the caller takes over the reference.
    pub(crate) fn into_raw(self) -> *mut T {
        let object = self.0.as_ptr();
        core::mem::forget(self);
        object
    }

    /// The same reference as one to a plain object.
    pub(crate) fn upcast(self) -> Owned<PyObject> {
        // SAFETY: every object starts with a PyObject.
        unsafe { self.cast() }
    }

    /// The same reference as one to another struct.
    ///
    /// # Safety
    /// O2 for that struct.
    pub(crate) unsafe fn cast<U: Object>(self) -> Owned<U> {
        let object = self.0.cast();
        core::mem::forget(self);
        Owned(object)
    }

    /// The object as C sees it; the caller takes over the reference.
    pub(crate) fn into_object(self) -> *mut PyObject {
        self.into_raw().cast()
    }
}

impl<T: Object> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: this value owns one reference, and it ends here.
        unsafe { decref_out_of_line(self.0.as_ptr().cast()) };
    }
}

/// [`decref`], not inlined: references are dropped in very many places, most of which seldom run.
///
/// # Safety
/// As [`decref`].
#[inline(never)]
unsafe fn decref_out_of_line(op: *mut PyObject) {
    // SAFETY: the caller guarantees O1, and gives up one reference.
    unsafe { decref(op) };
}
