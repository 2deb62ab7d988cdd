//! `PyType_Ready`: what a type object that a C program has filled inherits from its base.

use core::ptr::null_mut;

use crate::abi::object::IMMORTAL_REFCNT;
use crate::abi::types::{PyTypeObject, TPFLAGS_HEAPTYPE, TPFLAGS_INHERITED, TPFLAGS_READY};
use crate::error::{Error, Result};

use super::hash;
use super::types::PyBaseObject_Type;

/// `PyType_Ready`: completes a type object that a C program has filled.
///
/// # Safety
/// `ty` points to a type object that lives as long as the program and that no other thread uses yet; the types that it
/// derives from likewise, or they are ready.
pub(crate) unsafe fn ready(ty: *mut PyTypeObject) -> Result<()> {
    // SAFETY: O3: the caller guarantees that this thread has the types to itself: this thread has the types to itself. They are
    // linked by a field that nothing else uses, from the last base on that is not ready, so that a chain of them takes no
    // stack.
    unsafe {
        let (mut next, mut derived) = (ty, null_mut::<PyTypeObject>());
        let result = loop {
            if (*next).tp_flags & TPFLAGS_READY != 0 {
                break Ok(());
            }
            if let Err(error) = check(&*next) {
                break Err(error);
            }
            if (*next).tp_base.is_null() {
                (*next).tp_base = &raw mut PyBaseObject_Type;
            }
            (*next).tp_subclasses = derived.cast();
            derived = next;
            next = (*next).tp_base;
        };
        while let Some(ty) = derived.as_mut() {
            derived = ty.tp_subclasses.cast();
            ty.tp_subclasses = null_mut();
            if result.is_ok() {
                complete(ty);
            }
        }
        result
    }
}

/// What is wrong with a type before it is completed.
fn check(ty: &PyTypeObject) -> Result<()> {
    if ty.tp_name.is_null() {
        return Err(Error::system(c"Type does not define the tp_name field."));
    }
    if ty.tp_basicsize < 0 || ty.tp_itemsize < 0 {
        return Err(Error::type_name(c"type '%.200s' has a negative tp_basicsize or tp_itemsize", ty.tp_name));
    }
    Ok(())
}

/// Completes a type whose base is ready.
///
/// # Safety
/// This thread has the type to itself, and the base may be read.
unsafe fn complete(ty: &mut PyTypeObject) {
    // SAFETY: O3: the caller guarantees that this thread has the type to itself, and the base may be read.
    unsafe {
        let base = &*ty.tp_base;
        if ty.ob_base.ob_base.ob_type.is_null() {
            ty.ob_base.ob_base.ob_type = base.ob_base.ob_base.ob_type;
        }
        inherit(ty, base);
        if ty.tp_flags & TPFLAGS_HEAPTYPE == 0 {
            ty.ob_base.ob_base.ob_refcnt = IMMORTAL_REFCNT;
        }
        ty.tp_flags |= TPFLAGS_READY;
    }
}

/// Inherits from the base what the type leaves open.
///
/// # Safety
/// The slot tables that both point to are valid, and this thread has the type's own to itself.
unsafe fn inherit(ty: &mut PyTypeObject, base: &PyTypeObject) {
    if ty.tp_basicsize == 0 {
        ty.tp_basicsize = base.tp_basicsize;
    }
    if ty.tp_itemsize == 0 {
        ty.tp_itemsize = base.tp_itemsize;
    }
    ty.tp_flags |= base.tp_flags & TPFLAGS_INHERITED;
    ty.tp_dealloc = ty.tp_dealloc.or(base.tp_dealloc);
    ty.tp_free = ty.tp_free.or(base.tp_free);
    ty.tp_alloc = ty.tp_alloc.or(base.tp_alloc);
    ty.tp_iter = ty.tp_iter.or(base.tp_iter);
    ty.tp_iternext = ty.tp_iternext.or(base.tp_iternext);
    // Equality and hash belong together: a type that redefines one must not inherit the other.
    if ty.tp_hash.is_none() && ty.tp_richcompare.is_none() {
        ty.tp_hash = base.tp_hash;
        ty.tp_richcompare = base.tp_richcompare;
    } else if ty.tp_hash.is_none() {
        ty.tp_hash = Some(hash::PyObject_HashNotImplemented);
    }
    // SAFETY: the caller guarantees that both tables are NULL or valid, and the type's own is this thread's (O3).
    unsafe {
        inherit_table(&mut ty.tp_as_sequence, base.tp_as_sequence, |own, base| {
            own.sq_length = own.sq_length.or(base.sq_length);
            own.sq_concat = own.sq_concat.or(base.sq_concat);
            own.sq_repeat = own.sq_repeat.or(base.sq_repeat);
            own.sq_item = own.sq_item.or(base.sq_item);
            own.sq_ass_item = own.sq_ass_item.or(base.sq_ass_item);
        });
        inherit_table(&mut ty.tp_as_mapping, base.tp_as_mapping, |own, base| {
            own.mp_length = own.mp_length.or(base.mp_length);
        });
        inherit_table(&mut ty.tp_as_number, base.tp_as_number, |own, base| {
            own.nb_bool = own.nb_bool.or(base.nb_bool);
        });
        inherit_table(&mut ty.tp_as_buffer, base.tp_as_buffer, |own, base| {
            own.bf_getbuffer = own.bf_getbuffer.or(base.bf_getbuffer);
            own.bf_releasebuffer = own.bf_releasebuffer.or(base.bf_releasebuffer);
        });
    }
}

/// A table of slots is inherited whole where the type has none, else slot by slot (those that this library calls).
///
/// # Safety
/// Both are NULL or valid, and this thread has the type's own to itself.
unsafe fn inherit_table<T>(own: &mut *mut T, base: *mut T, slot_by_slot: impl FnOnce(&mut T, &T)) {
    if own.is_null() {
        *own = base;
    } else if !base.is_null() && *own != base {
        // SAFETY: the caller guarantees that both tables are valid, and the type's own is this thread's (O3); they are not the
        // same table.
        unsafe { slot_by_slot(&mut **own, &*base) };
    }
}
