//! The memoryview object: how it is made from another's view, released and freed.

use core::ffi::{CStr, c_char, c_void};
use core::mem::{offset_of, size_of};
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use crate::abi::buffer::{Py_buffer, PyBUF_FULL_RO};
use crate::abi::memoryview::{
    _Py_MEMORYVIEW_C, _Py_MEMORYVIEW_FORTRAN, _Py_MEMORYVIEW_PIL, _Py_MEMORYVIEW_RELEASED, _Py_MEMORYVIEW_RESTRICTED,
    _Py_MEMORYVIEW_SCALAR, _PyManagedBufferObject, PyMemoryViewObject,
};
use crate::abi::object::{Py_ssize_t, PyObject, PyVarObject};
use crate::abi::slots::PySequenceMethods;
use crate::buffer::{self, Contiguity};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::layout::{AxesMut, Structure};
use crate::runtime::alloc;
use crate::runtime::boundary::boundary;
use crate::runtime::object;
use crate::runtime::refs::{Object, Owned, atomic, atomic_flags, decref, destroy, emptied, incref};
use crate::runtime::types::{self, object_dealloc};

use super::PyMemoryView_Type;
use super::managed::{self, Share};

// SAFETY: `repr(C)`, and its first field is a `PyVarObject`.
unsafe impl Object for PyMemoryViewObject {}

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

/// `PyMemoryView_FromObject`: a view of what the exporter has; of a memoryview, another view of the same snapshot.
///
/// # Safety
/// O1.
pub(crate) unsafe fn from_object(obj: NonNull<PyObject>) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1; O2 after the check.
    unsafe {
        if check(obj.as_ptr()) {
            let view: NonNull<PyMemoryViewObject> = obj.cast();
            usable(view)?;
            // Counted first, so that a release in another thread cannot come in between.
            let share = Share::another(mbuf(view)).ok_or(released())?;
            return counted(share, &(*view.as_ptr()).view, own_format(view));
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
        counted(managed, &*master, None)
    }
}

/// A memoryview with this share in a managed buffer, with the structure of `src` made complete, and a copy of the format where
/// `src` does not keep it for long enough.
///
/// # Safety
/// O1, O2; B1 for `src`, which the managed buffer keeps alive and whose structure has been checked.
pub(super) unsafe fn counted(
    managed: Share,
    src: &Py_buffer,
    format: Option<&CStr>,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1 and O2, and B1 for `src`.
    unsafe {
        let structure = buffer::structure(src).ok_or(buffer::NEGATIVE)?;
        let view = allocate(structure.ndim, format)?;
        complete(&view, src, &structure);
        (*view.as_ptr()).mbuf = managed.into_raw();
        Ok(view)
    }
}

/// A memoryview has at most as many axes as `PyBUF_MAX_NDIM` says.
pub(super) fn check_ndim(ndim: usize) -> Result<()> {
    managed::MOST_AXES.check(ndim)
}

/// State flag of this library's: the format is text after the arrays, and lives as long as the memoryview.
const OWN_FORMAT: i32 = 0x1_0000;

/// A memoryview of nothing, with room for the three arrays and without a managed buffer; with a format, where one is
/// given, of which it keeps a copy.
pub(super) fn allocate(ndim: usize, format: Option<&CStr>) -> Result<Owned<PyMemoryViewObject>> {
    let entries = ndim.saturating_mul(3);
    let text = format.map_or(&[][..], CStr::to_bytes_with_nul);
    let size = entries
        .saturating_mul(size_of::<Py_ssize_t>())
        .saturating_add(offset_of!(PyMemoryViewObject, ob_array))
        .saturating_add(text.len())
        .max(size_of::<PyMemoryViewObject>());
    let head = PyMemoryViewObject {
        ob_base: PyVarObject {
            ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut PyMemoryView_Type },
            ob_size: entries.cast_signed(),
        },
        mbuf: null_mut(),
        hash: -1,
        flags: 0,
        exports: 0,
        view: Py_buffer::EMPTY,
        weakreflist: null_mut(),
        ob_array: [0],
    };
    // SAFETY: the head has one reference and a static type; the size is that of the head, the arrays and the text, which
    // are written before anything is read there.
    unsafe {
        let object = object::new(size, head)?;
        let array: *mut Py_ssize_t = (&raw mut (*object.as_ptr()).ob_array).cast();
        let view = &mut (*object.as_ptr()).view;
        // `ndim` is at most 64, see `check_ndim`.
        view.ndim = i32::try_from(ndim).unwrap_or(0);
        view.shape = array;
        view.strides = array.add(ndim);
        view.suboffsets = array.add(ndim.saturating_mul(2));
        core::ptr::write_bytes(array, 0, entries);
        if format.is_some() {
            let copy: *mut c_char = array.add(entries).cast();
            core::ptr::copy_nonoverlapping(text.as_ptr(), copy.cast(), text.len());
            view.format = copy;
            (*object.as_ptr()).flags = OWN_FORMAT;
        }
        Ok(object)
    }
}

/// Fills in the view of a new memoryview: as in `src`, with shape, strides and format made up where they are missing.
///
/// # Safety
/// The memoryview is the caller's alone (O3), with room for `structure.ndim` axes; `structure` is that of `src`.
unsafe fn complete(object: &Owned<PyMemoryViewObject>, src: &Py_buffer, structure: &Structure<'_>) {
    // SAFETY: O3: the memoryview is the caller's alone, with room for the axes.
    unsafe {
        let view = &mut (*object.as_ptr()).view;
        view.obj = src.obj;
        view.buf = src.buf;
        view.len = src.len;
        view.itemsize = src.itemsize;
        view.readonly = src.readonly;
        if view.format.is_null() {
            view.format = if src.format.is_null() { buffer::UNSIGNED_BYTES } else { src.format };
        }
        view.internal = src.internal;
        let AxesMut { shape, strides, suboffsets } = axes_of(view, structure.ndim);
        structure.complete(shape, strides, suboffsets);
        if structure.suboffsets.is_none() {
            view.suboffsets = null_mut();
        }
        if structure.ndim == 0 {
            (view.shape, view.strides, view.suboffsets) = (null_mut(), null_mut(), null_mut());
        }
        set_flags(object);
    }
}

/// The three arrays of a memoryview that is being made.
///
/// # Safety
/// The view is that of a fresh memoryview with room for `ndim` axes, whose pointers `allocate` has set.
pub(super) unsafe fn axes_of<'a>(view: &Py_buffer, ndim: usize) -> AxesMut<'a> {
    // SAFETY: the caller's view is one that `allocate` has prepared for `ndim` axes: three adjacent arrays.
    unsafe {
        AxesMut {
            shape: core::slice::from_raw_parts_mut(view.shape, ndim),
            strides: core::slice::from_raw_parts_mut(view.strides, ndim),
            suboffsets: core::slice::from_raw_parts_mut(view.suboffsets, ndim),
        }
    }
}

/// Works out the state flags of a memoryview that is being made. CPython: `init_flags`.
///
/// # Safety
/// The memoryview is the caller's alone (O3), and its view is filled in.
pub(super) unsafe fn set_flags(object: &Owned<PyMemoryViewObject>) {
    // SAFETY: O3: the memoryview is the caller's alone.
    unsafe {
        let object = &mut *object.as_ptr();
        let Some(structure) = buffer::structure(&object.view) else { return };
        let mut flags = 0;
        if structure.ndim == 0 {
            flags |= _Py_MEMORYVIEW_SCALAR;
        }
        let Contiguity { c, fortran, indirect } = Contiguity::of(&structure);
        flags |= if c { _Py_MEMORYVIEW_C } else { 0 };
        flags |= if fortran { _Py_MEMORYVIEW_FORTRAN } else { 0 };
        flags |= if indirect { _Py_MEMORYVIEW_PIL } else { 0 };
        object.flags = flags | object.flags & OWN_FORMAT;
    }
}

/// The format of a memoryview, where it lives no longer than this.
///
/// # Safety
/// O1, O2, for as long as the result is used.
pub(super) unsafe fn own_format<'a>(view: NonNull<PyMemoryViewObject>) -> Option<&'a CStr> {
    // SAFETY: O2; the text stands in the memoryview.
    unsafe { (flags(view) & OWN_FORMAT != 0).then(|| CStr::from_ptr((*view.as_ptr()).view.format)) }
}

/// The error for every use of a memoryview that has been released.
pub(super) fn released() -> Error {
    Error::value(c"operation forbidden on released memoryview object")
}

/// The state flags.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn flags(view: NonNull<PyMemoryViewObject>) -> i32 {
    // SAFETY: O2; the flags change atomically.
    unsafe { atomic_flags(&raw mut (*view.as_ptr()).flags) }.load(Ordering::Acquire)
}

/// The contiguity that the flags record.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn contiguity(view: NonNull<PyMemoryViewObject>) -> Contiguity {
    // SAFETY: the caller guarantees O1 and O2.
    let has = |flag| unsafe { flags(view) } & flag != 0;
    Contiguity { c: has(_Py_MEMORYVIEW_C), fortran: has(_Py_MEMORYVIEW_FORTRAN), indirect: has(_Py_MEMORYVIEW_PIL) }
}

/// Whether the memoryview, or the managed buffer behind it, has been released.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn inaccessible(view: NonNull<PyMemoryViewObject>) -> bool {
    // SAFETY: O2.
    unsafe { flags(view) & _Py_MEMORYVIEW_RELEASED != 0 || managed::is_released(mbuf(view)) }
}

/// `ValueError` where the memoryview gives no access.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn usable(view: NonNull<PyMemoryViewObject>) -> Result<()> {
    // SAFETY: O2.
    unsafe {
        if inaccessible(view) {
            return Err(released());
        }
        if flags(view) & _Py_MEMORYVIEW_RESTRICTED != 0 {
            return Err(Error::value(c"cannot create new view on restricted memoryview"));
        }
        Ok(())
    }
}

/// The managed buffer behind a memoryview, which keeps it: by its count, or by a reference once it has been released.
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
pub(super) unsafe fn downcast(op: NonNull<PyObject>) -> Result<NonNull<PyMemoryViewObject>> {
    // SAFETY: O1.
    unsafe {
        object::expect_type(op.as_ptr(), &raw mut PyMemoryView_Type, c"a memoryview is required, not '%.200s'")?;
    }
    Ok(op.cast())
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
            // Another thread is releasing it; or has, and what is counted is a request that it will refuse.
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
