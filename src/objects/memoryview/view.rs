//! The memoryview object: how it is made from another's view, released and freed.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use crate::abi::buffer::{Py_buffer, PyBUF_FULL_RO};
use crate::abi::memoryview::{
    _Py_MEMORYVIEW_C, _Py_MEMORYVIEW_FORTRAN, _Py_MEMORYVIEW_PIL, _Py_MEMORYVIEW_RELEASED, _Py_MEMORYVIEW_RESTRICTED,
    _Py_MEMORYVIEW_SCALAR, _PyManagedBufferObject, PyMemoryViewObject,
};
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::abi::slots::PySequenceMethods;
use crate::buffer::{self, Contiguity};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::objects::memory::{self, MemoryObject};
use crate::runtime::alloc;
use crate::runtime::boundary::boundary;
use crate::runtime::object;
use crate::runtime::refs::{Owned, atomic, atomic_flags, decref, destroy, emptied, incref};
use crate::runtime::types::{self, object_dealloc};

use super::PyMemoryView_Type;
use super::managed::{self, Share};
use super::unfinished::OWN_FORMAT;
use super::whole::Laid;

pub(super) use super::unfinished::{Unfinished, Unmade, released};

/// The sequence slots of memoryviews.
pub(super) static mut SEQUENCE: PySequenceMethods = PySequenceMethods::of_length(Some(length));

/// The offset of `exports` during a release, so that no other thread counts as the first.
const CLAIMED: Py_ssize_t = Py_ssize_t::MIN;

/// Whether the object is a memoryview. CPython: `PyMemoryView_Check`.
///
/// # Safety
/// O1.
pub(super) unsafe fn check(op: *mut PyObject) -> bool {
    // SAFETY: O1.
    unsafe { types::type_of(op) == &raw mut PyMemoryView_Type }
}

/// A memoryview of a memory object that no other code has seen, which it holds the only reference to. On failure the object's
/// `destroy` is not called: the memory stays the caller's.
#[inline]
pub(crate) fn of_memory(object: Owned<MemoryObject>) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1.
    unsafe { from_object(object.as_non_null().cast()).inspect_err(|_| memory::disown(&object)) }
}

/// `PyMemoryView_FromObject`: a view of what the exporter has; of a memoryview, another view of the same snapshot.
///
/// # Safety
/// O1.
#[inline]
pub(crate) unsafe fn from_object(obj: NonNull<PyObject>) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1; O2 after the check.
    unsafe {
        if check(obj.as_ptr()) {
            let view: NonNull<PyMemoryViewObject> = obj.cast();
            return Ok(again(view, (*view.as_ptr()).view.readonly)?);
        }
        if !buffer::is_exporter(obj.as_ptr()) {
            let name = (*types::type_of(obj.as_ptr())).tp_name;
            return Err(Error::type_name(c"memoryview: a bytes-like object is required, not '%.200s'", name));
        }
        snapshot(managed::of_exporter(obj)?)
    }
}

/// `PyMemoryView_FromMemory`: a view of plain bytes without an exporter.
///
/// # Safety
/// `size` bytes may be read at `memory`, and written where `writable`, for as long as the view is used.
pub(crate) unsafe fn from_memory(
    memory: *mut c_void,
    size: Py_ssize_t,
    writable: bool,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller lends the memory for as long as the view is used; the view is filled where it stays (B2).
    unsafe {
        let managed = managed::new(Py_buffer::EMPTY)?;
        let master = &raw mut (*managed.as_ptr()).master;
        buffer::fill_info(master, null_mut(), memory, size, (!writable).into(), PyBUF_FULL_RO)?;
        snapshot(managed)
    }
}

/// `PyMemoryView_FromBuffer`: a view of what the program describes. It holds no reference to `info.obj`, and copies the
/// arrays; the memory and the format stay the program's.
///
/// # Safety
/// B1; memory and format outlive the view.
pub(crate) unsafe fn from_buffer(info: &Py_buffer) -> Result<Owned<PyMemoryViewObject>> {
    if info.buf.is_null() {
        return Err(Error::value(c"PyMemoryView_FromBuffer(): info->buf must not be NULL"));
    }
    // SAFETY: the caller guarantees B1. The arrays of `master` are read here for the last time, so it does not matter that they
    // may lie in `info`.
    unsafe {
        check_ndim(usize::try_from(info.ndim).map_err(|_| buffer::NEGATIVE)?)?;
        buffer::checked_structure(info)?;
        snapshot(managed::new(Py_buffer { obj: null_mut(), ..*info })?)
    }
}

/// The first memoryview of a new managed buffer, as the exporter describes it.
///
/// # Safety
/// O1, O2; B1 for the managed buffer's view, whose structure has been checked.
unsafe fn snapshot(managed: Share) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1 and O2, and B1 for the managed buffer's view.
    unsafe {
        let master = &raw const (*managed.as_ptr()).master;
        counted(managed, &*master)
    }
}

/// A memoryview with this share in a managed buffer, with the structure of `src` made complete.
///
/// # Safety
/// O1, O2; B1 for `src`, whose structure has been checked, and whose format the managed buffer keeps alive.
pub(super) unsafe fn counted(managed: Share, src: &Py_buffer) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1, O2, and B1 for `src`: arrays that are not NULL have `ndim` entries, for as many of
    // which `new` has room.
    unsafe {
        let format = if src.format.is_null() { buffer::UNSIGNED_BYTES } else { src.format };
        if src.ndim == 1 && !src.shape.is_null() && !src.strides.is_null() && src.suboffsets.is_null() {
            let new = Unfinished::new(1, None)?;
            return Ok(new.finish_line(
                managed,
                src,
                Laid { format, ..Laid::of(src) },
                src.shape.read(),
                src.strides.read(),
            ));
        }
        let structure = buffer::structure(src).ok_or(buffer::NEGATIVE)?;
        let new = Unfinished::new(structure.ndim, None)?;
        let axes = new.axes();
        structure.complete(axes.shape, axes.strides, axes.suboffsets);
        Ok(new.finish(managed, src, Laid { format, ..Laid::of(src) }, &axes, structure.suboffsets.is_some()))
    }
}

/// A memoryview of the same items as another, which may be written or not: everything else is the same.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn again(
    of: NonNull<PyMemoryViewObject>,
    readonly: c_int,
) -> core::result::Result<Owned<PyMemoryViewObject>, Unmade> {
    const KEPT: c_int = _Py_MEMORYVIEW_C | _Py_MEMORYVIEW_FORTRAN | _Py_MEMORYVIEW_PIL | _Py_MEMORYVIEW_SCALAR;
    // SAFETY: O2. Counted first, so that a release in another thread cannot come in between. The arrays of both have as many
    // entries.
    unsafe {
        let state = usable(of)?;
        let share = Share::another(mbuf(of)).ok_or(Unmade::Released)?;
        let src = &(*of.as_ptr()).view;
        let new = Unfinished::new(src.ndim.unsigned_abs() as usize, own_format(of))?;
        let from: *const Py_ssize_t = (&raw const (*of.as_ptr()).ob_array).cast();
        if new.ndim == 1 {
            new.array().cast::<[Py_ssize_t; 3]>().write(from.cast::<[Py_ssize_t; 3]>().read());
        } else {
            core::ptr::copy_nonoverlapping(from, new.array(), new.ndim * 3);
        }
        let laid = Laid { readonly, ..Laid::of(src) };
        Ok(new.write(share, src, laid, !src.suboffsets.is_null(), state & KEPT))
    }
}

/// A memoryview has at most as many axes as `PyBUF_MAX_NDIM` says.
pub(super) fn check_ndim(ndim: usize) -> Result<()> {
    managed::MOST_AXES.check(ndim)
}

/// The format of a memoryview, where it lives no longer than this.
///
/// # Safety
/// O1, O2, for as long as the result is used.
pub(super) unsafe fn own_format<'a>(view: NonNull<PyMemoryViewObject>) -> Option<&'a CStr> {
    // SAFETY: O2; the text stands in the memoryview.
    unsafe { (flags(view) & OWN_FORMAT != 0).then(|| CStr::from_ptr((*view.as_ptr()).view.format)) }
}

/// The state flags.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn flags(view: NonNull<PyMemoryViewObject>) -> i32 {
    // SAFETY: O2; the flags change atomically.
    unsafe { atomic_flags(&raw mut (*view.as_ptr()).flags) }.load(Ordering::Acquire)
}

/// What the state flags say of the memory.
pub(super) const fn contiguity(state: c_int) -> Contiguity {
    Contiguity {
        c: state & _Py_MEMORYVIEW_C != 0,
        fortran: state & _Py_MEMORYVIEW_FORTRAN != 0,
        indirect: state & _Py_MEMORYVIEW_PIL != 0,
    }
}

/// Whether the memoryview, or its managed buffer, has been released. A memoryview that has not been is counted by its managed
/// buffer; but a program may have marked that one itself, as in CPython.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn inaccessible(view: NonNull<PyMemoryViewObject>) -> bool {
    // SAFETY: O2.
    unsafe { flags(view) & _Py_MEMORYVIEW_RELEASED != 0 || managed::is_released(mbuf(view)) }
}

/// The state flags; `ValueError` where the memoryview gives no access, or no other memoryviews.
///
/// # Safety
/// O1, O2.
#[inline(always)]
pub(super) unsafe fn usable(view: NonNull<PyMemoryViewObject>) -> core::result::Result<c_int, Unmade> {
    // SAFETY: O2.
    unsafe {
        let state = flags(view);
        if is_usable(view, state) { Ok(state) } else { Err(unusable(view)) }
    }
}

/// Whether a memoryview of this state gives access, and other memoryviews.
///
/// # Safety
/// O1, O2.
#[inline(always)]
pub(super) unsafe fn is_usable(view: NonNull<PyMemoryViewObject>, state: c_int) -> bool {
    // SAFETY: the caller guarantees O1 and O2.
    state & (_Py_MEMORYVIEW_RELEASED | _Py_MEMORYVIEW_RESTRICTED) == 0 && unsafe { !managed::is_released(mbuf(view)) }
}

/// The error of a memoryview that is not [`usable`].
///
/// # Safety
/// O1, O2.
#[cold]
#[inline(never)]
unsafe fn unusable(view: NonNull<PyMemoryViewObject>) -> Unmade {
    // SAFETY: the caller guarantees O1 and O2.
    unsafe { if inaccessible(view) { Unmade::Released } else { Unmade::Restricted } }
}

/// `ValueError` where there must be no other memoryviews of one that is known to give access.
///
/// # Safety
/// O1, O2.
#[inline(always)]
pub(super) unsafe fn unrestricted(view: NonNull<PyMemoryViewObject>) -> core::result::Result<(), Unmade> {
    // SAFETY: O2.
    if unsafe { flags(view) } & _Py_MEMORYVIEW_RESTRICTED != 0 { Err(Unmade::Restricted) } else { Ok(()) }
}

/// The managed buffer of a memoryview, which keeps it: by its count, or by a reference once it has been released.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn mbuf(view: NonNull<PyMemoryViewObject>) -> NonNull<_PyManagedBufferObject> {
    // SAFETY: O2; every finished memoryview has one, for good.
    unsafe { NonNull::new_unchecked((*view.as_ptr()).mbuf) }
}

/// The object as memoryview, or a `TypeError`.
///
/// # Safety
/// O1.
#[inline(always)]
pub(super) unsafe fn downcast(op: NonNull<PyObject>) -> Result<NonNull<PyMemoryViewObject>> {
    // SAFETY: O1.
    unsafe {
        if !check(op.as_ptr()) {
            expect(op)?;
        }
    }
    Ok(op.cast())
}

/// `TypeError` unless the object is of a type that derives from that of memoryviews.
///
/// # Safety
/// O1.
#[cold]
#[inline(never)]
unsafe fn expect(op: NonNull<PyObject>) -> Result<()> {
    // SAFETY: O1.
    unsafe { object::expect_type(op.as_ptr(), &raw mut PyMemoryView_Type, c"a memoryview is required, not '%.200s'") }
}

/// `memoryview.release()`: gives up the memory before the object is destroyed. `BufferError` while consumers hold views of it;
/// releasing it twice is not an error.
///
/// # Safety
/// O1.
pub(crate) unsafe fn release(op: NonNull<PyObject>) -> Result<()> {
    // SAFETY: O1; O2 after the downcast.
    unsafe { release_view(downcast(op)?) }
}

/// # Safety
/// O1, O2.
unsafe fn release_view(view: NonNull<PyMemoryViewObject>) -> Result<()> {
    // SAFETY: O2. The claim keeps `export` from handing out a view meanwhile, and a second release from doing it again.
    unsafe {
        if flags(view) & _Py_MEMORYVIEW_RELEASED != 0 {
            return Ok(());
        }
        let exports = atomic(&raw mut (*view.as_ptr()).exports);
        match exports.compare_exchange(0, CLAIMED, Ordering::Acquire, Ordering::Acquire) {
            Ok(_) => {
                let flags = atomic_flags(&raw mut (*view.as_ptr()).flags);
                let before = flags.load(Ordering::Relaxed);
                flags.store(before | _Py_MEMORYVIEW_RELEASED, Ordering::Release);
                exports.fetch_sub(CLAIMED, Ordering::Release);
                if before & _Py_MEMORYVIEW_RELEASED == 0 {
                    // Without a count it has a reference.
                    incref((*view.as_ptr()).mbuf.cast());
                    drop(Share::of_memoryview(mbuf(view)));
                }
                Ok(())
            }
            // Another thread is releasing it; or has released it, and the count is of a request that will be refused.
            Err(count) if count < 0 || flags(view) & _Py_MEMORYVIEW_RELEASED != 0 => Ok(()),
            Err(count) => Err(Error::with(
                ErrorKind::Buffer,
                if count == 1 { c"memoryview has %zd exported buffer" } else { c"memoryview has %zd exported buffers" },
                Argument::Size(count),
                Argument::None,
            )),
        }
    }
}

/// Whether the memoryview has been released.
///
/// # Safety
/// O1.
pub(crate) unsafe fn is_released(op: NonNull<PyObject>) -> Result<bool> {
    // SAFETY: O1; O2 after the downcast.
    unsafe { Ok(inaccessible(downcast(op)?)) }
}

/// `tp_dealloc`.
///
/// # Safety
/// O1, O2; no reference is left, hence no consumer holds a view of it.
pub(super) unsafe extern "C" fn dealloc(op: *mut PyObject) {
    // SAFETY: O1 and O2; no reference is left; this thread has the object to itself. One that was never finished has no managed
    // buffer.
    unsafe {
        let view: *mut PyMemoryViewObject = op.cast();
        if let Some(managed) = NonNull::new((*view).mbuf) {
            let is_released = (*view).flags & _Py_MEMORYVIEW_RELEASED != 0;
            if alloc::is_foreign() || !(is_released || is_plain((*view).view.obj)) {
                // With the last one the exporter's view is released, which may run any code; and functions that free memory may
                // use it.
                if is_released || !managed::end_unless_last(managed) {
                    return destroy(op, dealloc_last);
                }
            } else if is_released {
                decref(managed.as_ptr().cast());
            } else {
                Share::of_memoryview(managed).end();
            }
        }
        object_dealloc(op);
    }
}

/// Whether releasing a view of an exporter runs no foreign code and destroys nothing else: it is a bytes object, a
/// bytearray, or there is none.
///
/// # Safety
/// O1, or NULL.
unsafe fn is_plain(exporter: *mut PyObject) -> bool {
    // SAFETY: the caller guarantees O1, for what is not NULL.
    unsafe { exporter.is_null() || types::is_leaf(exporter) && !check(exporter) }
}

/// `tp_dealloc` of the last memoryview of a managed buffer, or of one that has been released before. From now on it has been,
/// for code that obtains its address meanwhile.
unsafe extern "C" fn dealloc_last(op: *mut PyObject) {
    // SAFETY: as in `dealloc`. One that had been released has a reference in the place of a count.
    unsafe {
        let view: *mut PyMemoryViewObject = op.cast();
        let end = || {
            let is_released = (*view).flags & _Py_MEMORYVIEW_RELEASED != 0;
            (*view).flags |= _Py_MEMORYVIEW_RELEASED;
            match NonNull::new((&raw mut (*view).mbuf).replace(null_mut())) {
                Some(managed) if is_released => decref(managed.as_ptr().cast()),
                Some(managed) => Share::of_memoryview(managed).end(),
                None => {}
            }
        };
        if emptied(op, end) {
            object_dealloc(op);
        }
    }
}

unsafe extern "C" fn length(op: *mut PyObject) -> Py_ssize_t {
    boundary(|| {
        // SAFETY: O1, O2: a slot of this type.
        unsafe {
            let view = NonNull::new_unchecked(op.cast::<PyMemoryViewObject>());
            if inaccessible(view) {
                return Err(released());
            }
            let shape = (*view.as_ptr()).view.shape;
            if (*view.as_ptr()).view.ndim == 0 {
                return Err(Error::wrong_type(c"0-dim memory has no length"));
            }
            Ok(shape.read())
        }
    })
}
