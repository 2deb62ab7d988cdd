//! The iterator over the first axis. CPython: `memory_iterator`, which knows one axis only.

use core::mem::size_of;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use crate::abi::format::pybuffer_value;
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::abi::types::PyTypeObject;
use crate::error::{Error, Result};
use crate::layout::Subscript;
use crate::objects::format::write_values;
use crate::runtime::boundary::{boundary, non_null};
use crate::runtime::object;
use crate::runtime::refs::{self, Object, Owned, atomic};
use crate::runtime::types::{self, object_dealloc};

use super::access::Access;
use super::items::bytes_of;
use super::parts::part_of;

/// An iterator. Opaque to C.
#[repr(C)]
pub(crate) struct Iterator {
    ob_base: PyObject,
    /// An owned reference; NULL while this is being destroyed.
    memoryview: *mut PyMemoryViewObject,
    /// The next place; changed atomically.
    next: isize,
}

// SAFETY: `repr(C)`, and its first field is a `PyObject`.
unsafe impl Object for Iterator {}

static mut TYPE: PyTypeObject = PyTypeObject {
    tp_dealloc: Some(dealloc),
    tp_iter: Some(iter),
    tp_iternext: Some(iternext),
    ..types::derived(c"memory_iterator", size_of::<Iterator>(), 0)
};

/// `tp_iter`: an iterator is its own.
unsafe extern "C" fn iter(op: *mut PyObject) -> *mut PyObject {
    // SAFETY: O1: a slot of this type.
    unsafe { refs::incref(op) };
    op
}

/// `tp_iternext`: NULL without an error at the end.
unsafe extern "C" fn iternext(op: *mut PyObject) -> *mut PyObject {
    // SAFETY: O1: a slot of this type.
    boundary(|| unsafe { next(non_null(op)?) })
}

unsafe extern "C" fn dealloc(op: *mut PyObject) {
    // SAFETY: O2: a slot of this type; no reference is left, so this thread has the object to itself.
    unsafe {
        let memoryview = &raw mut (*op.cast::<Iterator>()).memoryview;
        if refs::emptied(op, || drop(Owned::from_raw(memoryview.replace(null_mut())))) {
            object_dealloc(op);
        }
    }
}

/// `iter(memoryview)`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn iterate(op: NonNull<PyObject>) -> Result<Owned<Iterator>> {
    // SAFETY: O1; the head has one reference and a static type.
    unsafe {
        let access = Access::new(op)?;
        if access.structure()?.ndim == 0 {
            return Err(Error::wrong_type(c"invalid indexing of 0-dim memory"));
        }
        let memoryview = Owned::share(access.memoryview());
        let head = Iterator {
            ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut TYPE },
            memoryview: memoryview.as_ptr(),
            next: 0,
        };
        let iterator = object::new(size_of::<Iterator>(), head)?;
        // The iterator owns it from here on.
        let _: *mut PyMemoryViewObject = memoryview.into_raw();
        Ok(iterator)
    }
}

/// Takes the next place along the first axis, and returns it with the memoryview; `None` at the end.
///
/// # Safety
/// O1, for as long as the result lives.
unsafe fn take(op: NonNull<PyObject>) -> Result<Option<(Access, isize)>> {
    // SAFETY: O1; O2 after the check. The iterator holds a reference to its memoryview.
    unsafe {
        object::expect_type(op.as_ptr(), &raw mut TYPE, c"a memory_iterator is required, not '%.200s'")?;
        let iterator: *mut Iterator = op.as_ptr().cast();
        let Some(memoryview) = NonNull::new((*iterator).memoryview) else { return Ok(None) };
        // The arrays of a memoryview live as long as it does; this one has an axis, see `iterate`.
        let len = (*memoryview.as_ptr()).view.shape.read();
        let next = atomic(&raw mut (*iterator).next);
        // The end stays the end when the memoryview is released, as in CPython.
        if next.load(Ordering::Relaxed) >= len {
            return Ok(None);
        }
        let access = Access::of_memoryview(memoryview)?;
        let place = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| (next < len).then(|| next + 1));
        Ok(place.ok().map(|place| (access, place)))
    }
}

/// The memoryview of the next row, or of the next item; `None` at the end.
///
/// # Safety
/// O1.
pub(crate) unsafe fn next(op: NonNull<PyObject>) -> Result<Option<Owned<PyMemoryViewObject>>> {
    // SAFETY: O1.
    unsafe {
        let Some((access, place)) = take(op)? else { return Ok(None) };
        part_of(access, core::iter::once(Subscript::Index(place))).map(Some)
    }
}

/// The values of the next item of a view of one axis; `false` at the end.
///
/// # Safety
/// O1 and W3; `count` values may be written.
pub(crate) unsafe fn next_item(op: NonNull<PyObject>, values: *mut pybuffer_value, count: usize) -> Result<bool> {
    // SAFETY: the caller guarantees O1 and W3, and has room for the values; the item has as many bytes as the compiled format
    // needs.
    unsafe {
        let Some((access, place)) = take(op)? else { return Ok(false) };
        let item = access.item(&[place])?;
        access.with_compiled(count, |compiled, size| write_values(compiled, bytes_of(item, size), values))?;
        Ok(true)
    }
}
