//! bytearray: a sequence of bytes that can change and be resized. CPython: `bytearrayobject.c`.
//!
//! `ob_exports` is also the lock between a resize and everything else that looks at the memory: a resize claims the
//! object by setting it from 0 to `CLAIMED`; whoever wants the memory meanwhile waits for the few instructions (and at
//! worst one `realloc`) that a resize takes.
#![deny(clippy::arithmetic_side_effects)]

use core::ffi::{c_char, c_int};
use core::mem::size_of;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::bytes::PyByteArrayObject;
use crate::abi::object::{Py_ssize_t, PyObject, PyVarObject};
use crate::abi::slots::{PyBufferProcs, PySequenceMethods};
use crate::abi::types::{PyTypeObject, TPFLAGS_BASETYPE, TPFLAGS_LEAF, TPFLAGS_OWN, TPFLAGS_READY};
use crate::buffer::{self, Acquired, Concatenation, Request};
use crate::bytes;
use crate::error::{Error, Kind, Result};
use crate::kernels;
use crate::layout::{self, Order};
use crate::runtime::alloc::{self, Domain, Scratch};
use crate::runtime::boundary::{boundary, non_null};
use crate::runtime::compare::Operator;
use crate::runtime::hash;
use crate::runtime::indicator;
use crate::runtime::object;
use crate::runtime::refs::{Object, Owned, atomic};
use crate::runtime::types::{self, answer, object_dealloc};

// SAFETY: begins with a PyVarObject.
unsafe impl Object for PyByteArrayObject {}

/// The type of bytearray objects.
#[unsafe(no_mangle)]
pub static mut PyByteArray_Type: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_LEAF | TPFLAGS_BASETYPE,
    tp_dealloc: Some(bytearray_dealloc),
    tp_hash: Some(hash::PyObject_HashNotImplemented),
    tp_richcompare: Some(bytearray_richcompare),
    tp_as_sequence: &raw mut SEQUENCE,
    tp_as_buffer: &raw mut BUFFER,
    ..types::derived(c"bytearray", size_of::<PyByteArrayObject>(), 0)
};

static mut SEQUENCE: PySequenceMethods = PySequenceMethods {
    sq_concat: Some(bytearray_concat),
    sq_repeat: Some(bytearray_repeat),
    sq_item: Some(bytearray_item),
    sq_ass_item: Some(bytearray_ass_item),
    ..PySequenceMethods::of_length(Some(bytearray_length))
};

static mut BUFFER: PyBufferProcs =
    PyBufferProcs { bf_getbuffer: Some(bytearray_getbuffer), bf_releasebuffer: Some(bytearray_releasebuffer) };

/// What a bytearray without memory of its own shows: the NUL that ends it. CPython: the same name.
#[unsafe(no_mangle)]
pub static mut _PyByteArray_empty_string: [c_char; 1] = [0];

/// The value of `ob_exports` while a resize has the object.
const CLAIMED: Py_ssize_t = Py_ssize_t::MIN;

/// Keeps a bytearray from being resized while it lives.
struct Pinned(NonNull<PyByteArrayObject>);

impl Pinned {
    /// Waits for a resize that is under way.
    ///
    /// # Safety
    /// O1 and O2, for as long as the value lives.
    unsafe fn new(op: NonNull<PyByteArrayObject>) -> Self {
        // SAFETY: O1, O2.
        let exports = unsafe { atomic(&raw mut (*op.as_ptr()).ob_exports) };
        while exports
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |count| (count >= 0).then(|| count.wrapping_add(1)))
            .is_err()
        {
            core::hint::spin_loop();
        }
        Self(op)
    }

    /// Where the bytes begin, and how many there are.
    fn memory(&self) -> (*mut u8, Py_ssize_t) {
        // SAFETY: O1, O2, see `new`; nobody changes the two meanwhile.
        unsafe { (start(self.0).cast(), (*self.0.as_ptr()).ob_base.ob_size) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // SAFETY: O1, O2, see `new`.
        unsafe { atomic(&raw mut (*self.0.as_ptr()).ob_exports) }.fetch_sub(1, Ordering::Release);
    }
}

/// Whether the object is a bytearray. CPython: `PyByteArray_Check`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn check(op: *mut PyObject) -> bool {
    // SAFETY: O1.
    unsafe { types::is_instance(op, &raw mut PyByteArray_Type) }
}

/// The object as bytearray, or a `TypeError`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn downcast(op: NonNull<PyObject>) -> Result<NonNull<PyByteArrayObject>> {
    // SAFETY: O1.
    unsafe { object::expect_type(op.as_ptr(), &raw mut PyByteArray_Type, c"expected bytearray, %.200s found")? };
    Ok(op.cast())
}

/// `PyByteArray_AsString`: where the bytes begin.
///
/// # Safety
/// O1, O2; no other thread resizes the object meanwhile.
pub(crate) unsafe fn start(op: NonNull<PyByteArrayObject>) -> *mut c_char {
    // SAFETY: the function's contract.
    unsafe {
        if (*op.as_ptr()).ob_base.ob_size != 0 {
            (*op.as_ptr()).ob_start
        } else {
            (&raw mut _PyByteArray_empty_string).cast()
        }
    }
}

/// `PyByteArray_Size`.
///
/// # Safety
/// O1, O2.
pub(crate) unsafe fn length(op: NonNull<PyByteArrayObject>) -> Py_ssize_t {
    // SAFETY: O2; a resize in another thread changes the field.
    unsafe { atomic(&raw mut (*op.as_ptr()).ob_base.ob_size) }.load(Ordering::Relaxed)
}

/// A new object of `length` bytes, not yet written. One of no bytes has no memory.
fn uninitialised(length: Py_ssize_t) -> Result<Owned<PyByteArrayObject>> {
    let alloc = match length {
        0 => 0,
        _ => length.checked_add(1).ok_or(Error::no_memory())?,
    };
    let memory = if alloc == 0 { None } else { Some(Scratch::new(alloc.unsigned_abs())?) };
    // SAFETY: the head has one reference and a static type.
    let object = unsafe {
        object::new(
            size_of::<PyByteArrayObject>(),
            PyByteArrayObject {
                ob_base: PyVarObject {
                    ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut PyByteArray_Type },
                    ob_size: length,
                },
                ob_alloc: alloc,
                ob_bytes: null_mut(),
                ob_start: null_mut(),
                ob_exports: 0,
            },
        )?
    };
    if let Some(memory) = memory {
        let memory = memory.into_raw();
        // SAFETY: a fresh object, which this thread has to itself (O3); the memory ends with room for the NUL.
        unsafe {
            memory.offset(length).write(0);
            (*object.as_ptr()).ob_bytes = memory.cast();
            (*object.as_ptr()).ob_start = memory.cast();
        }
    }
    Ok(object)
}

/// `PyByteArray_FromStringAndSize`: `length` bytes from `bytes`, or not yet written where that is NULL.
///
/// # Safety
/// `bytes` is NULL or `length` bytes may be read there.
pub(crate) unsafe fn from_memory(bytes: *const u8, length: Py_ssize_t) -> Result<Owned<PyByteArrayObject>> {
    if length < 0 {
        return Err(Error::system(c"Negative size passed to PyByteArray_FromStringAndSize"));
    }
    let object = uninitialised(length)?;
    if !bytes.is_null() && length != 0 {
        // SAFETY: a fresh object of `length` bytes; the function's contract.
        unsafe { core::ptr::copy_nonoverlapping(bytes, (*object.as_ptr()).ob_start.cast(), length.unsigned_abs()) };
    }
    Ok(object)
}

/// `PyByteArray_FromObject`: a copy of what the object exports, in C order.
///
/// # Safety
/// O1.
pub(crate) unsafe fn from_object(op: NonNull<PyObject>) -> Result<Owned<PyByteArrayObject>> {
    // SAFETY: O1; the view stays where it is; a fresh object of the view's length.
    unsafe {
        if !buffer::is_exporter(op.as_ptr()) {
            let name = (*types::type_of(op.as_ptr())).tp_name;
            return Err(Error::type_name(c"cannot convert '%.200s' object to bytearray", name));
        }
        let mut view = Acquired::empty();
        view.acquire(op.as_ptr(), Request::FULL_RO)?;
        let object = uninitialised(view.view().len)?;
        buffer::to_fresh(start(object.as_non_null()).cast(), view.view(), Order::C)?;
        Ok(object)
    }
}

/// `PyByteArray_Concat`: a new bytearray with the bytes of two exporters.
///
/// # Safety
/// O1 for both.
pub(crate) unsafe fn concat(a: NonNull<PyObject>, b: NonNull<PyObject>) -> Result<Owned<PyByteArrayObject>> {
    let mut both = Concatenation::empty();
    // SAFETY: O1; the views stay where they are; a new object has as many bytes as the two together.
    unsafe {
        let (left, right) = both.acquire(a.as_ptr(), b.as_ptr())?;
        let object = uninitialised(left.checked_add(right).ok_or(Error::no_memory())?)?;
        both.write(start(object.as_non_null()).cast());
        Ok(object)
    }
}

/// `PyByteArray_Resize`: the memory grows by more than is asked for where it grows a little, so that appending is cheap.
///
/// # Safety
/// O1 and O2.
pub(crate) unsafe fn resize(op: NonNull<PyByteArrayObject>, length: Py_ssize_t) -> Result<()> {
    if length < 0 {
        return Err(Error::with(
            crate::error::Kind::System,
            c"Can only resize to positive sizes, got %zd",
            crate::error::Argument::Size(length),
            crate::error::Argument::None,
        ));
    }
    // SAFETY: O1, O2.
    unsafe {
        if self::length(op) == length {
            return Ok(());
        }
        claimed(op, || resize_claimed(op, length))
    }
}

/// Runs something that has everything but the head of the object to itself (O3), or refuses where there are views.
///
/// # Safety
/// O1 and O2.
unsafe fn claimed(op: NonNull<PyByteArrayObject>, body: impl FnOnce() -> Result<()>) -> Result<()> {
    // SAFETY: O1, O2.
    let exports = unsafe { atomic(&raw mut (*op.as_ptr()).ob_exports) };
    while let Err(others) = exports.compare_exchange(0, CLAIMED, Ordering::Acquire, Ordering::Relaxed) {
        if others > 0 {
            return Err(Error::buffer(c"Existing exports of data: object cannot be re-sized"));
        }
        core::hint::spin_loop();
    }
    let result = body();
    exports.store(0, Ordering::Release);
    result
}

/// How much memory an object should have for another length; `None` where what it has will do.
///
/// # Safety
/// O2, and this thread has claimed the object.
unsafe fn other_room(op: NonNull<PyByteArrayObject>, size: usize) -> Result<Option<usize>> {
    // SAFETY: the function's contract.
    let (room, offset) = unsafe {
        let object = op.as_ptr();
        ((*object).ob_alloc.unsigned_abs(), (*object).ob_start.addr().wrapping_sub((*object).ob_bytes.addr()))
    };
    let needed = size.checked_add(1).ok_or(Error::no_memory())?;
    let fits = needed.checked_add(offset).is_some_and(|end| end <= room);
    if fits && size >= room >> 1 {
        return Ok(None);
    }
    // A little more than there was: likely not the last time. Much more, or much less: exactly that.
    Ok(Some(if !fits && size <= room.saturating_add(room >> 3) {
        size.saturating_add(size >> 3).saturating_add(if size < 9 { 3 } else { 6 })
    } else {
        needed
    }))
}

/// # Safety
/// As [`resize`], and this thread has claimed the object; `length` is not negative.
unsafe fn resize_claimed(op: NonNull<PyByteArrayObject>, length: Py_ssize_t) -> Result<()> {
    // SAFETY: the function's contract.
    unsafe {
        let object = op.as_ptr();
        let size = length.unsigned_abs();
        let Some(alloc) = other_room(op, size)? else {
            set_length(op, length);
            return Ok(());
        };
        let offset = (*object).ob_start.addr().wrapping_sub((*object).ob_bytes.addr());
        let start: *mut c_char = if offset == 0 {
            alloc::realloc(Domain::Mem, (*object).ob_bytes.cast(), alloc).cast()
        } else {
            alloc::malloc(Domain::Mem, alloc).cast()
        };
        if start.is_null() {
            return Err(Error::no_memory());
        }
        if offset != 0 {
            let kept = size.min((*object).ob_base.ob_size.unsigned_abs());
            core::ptr::copy_nonoverlapping((*object).ob_start, start, kept);
            alloc::free(Domain::Mem, (*object).ob_bytes.cast());
        }
        (*object).ob_bytes = start;
        (*object).ob_start = start;
        (*object).ob_alloc = alloc.cast_signed();
        set_length(op, length);
        Ok(())
    }
}

/// Sets the length, and the NUL behind it.
///
/// # Safety
/// O2, and this thread has claimed the object, which has memory for that.
unsafe fn set_length(op: NonNull<PyByteArrayObject>, length: Py_ssize_t) {
    // SAFETY: the function's contract.
    unsafe {
        atomic(&raw mut (*op.as_ptr()).ob_base.ob_size).store(length, Ordering::Relaxed);
        (*op.as_ptr()).ob_start.offset(length).write(0);
    }
}

/// `bytearray[first:stop]`.
///
/// # Safety
/// O1 and O2, and W3.
pub(crate) unsafe fn slice(
    op: NonNull<PyByteArrayObject>,
    first: isize,
    stop: isize,
) -> Result<Owned<PyByteArrayObject>> {
    // SAFETY: O1, O2; a clipped slice is within the bytes.
    unsafe {
        let pinned = Pinned::new(op);
        let (memory, length) = pinned.memory();
        let slice = layout::clip(Some(first), Some(stop), None, length)?;
        from_memory(memory.wrapping_offset(slice.start), slice.count)
    }
}

/// `bytearray[first:stop] = value`, with the bytes of any exporter; without one they are deleted.
///
/// # Safety
/// O1 and O2, and W3.
pub(crate) unsafe fn set_slice(
    op: NonNull<PyByteArrayObject>,
    first: isize,
    stop: isize,
    value: Option<NonNull<PyObject>>,
) -> Result<()> {
    // SAFETY: O1, O2; a clipped slice is within the bytes. The new ones are a copy, since the exporter may be this object.
    unsafe {
        let copied = match value {
            Some(value) if !buffer::is_exporter(value.as_ptr()) => {
                return Err(Error::new(Kind::Type, c"can assign only bytes and buffers"));
            }
            Some(value) => Some(from_object(value)?),
            None => None,
        };
        let new = copied.as_ref().map_or(&[][..], |copied| {
            core::slice::from_raw_parts(start(copied.as_non_null()).cast(), length(copied.as_non_null()).unsigned_abs())
        });
        {
            let pinned = Pinned::new(op);
            let (memory, length) = pinned.memory();
            let slice = layout::clip(Some(first), Some(stop), None, length)?;
            // What keeps its length may have views.
            if slice.count.unsigned_abs() == new.len() {
                core::ptr::copy_nonoverlapping(new.as_ptr(), memory.wrapping_offset(slice.start), new.len());
                return Ok(());
            }
        }
        claimed(op, || replace_claimed(op, first, stop, new))
    }
}

/// # Safety
/// As [`set_slice`], and this thread has claimed the object; the new bytes are others' memory.
unsafe fn replace_claimed(op: NonNull<PyByteArrayObject>, first: isize, stop: isize, new: &[u8]) -> Result<()> {
    // SAFETY: the function's contract. In place the tail is moved first; in other memory all is copied before the old goes.
    unsafe {
        let object = op.as_ptr();
        let length = (*object).ob_base.ob_size;
        let slice = layout::clip(Some(first), Some(stop), None, length)?;
        let old: *mut u8 = start(op).cast();
        let tail = old.wrapping_offset(slice.start).wrapping_offset(slice.count);
        let kept = length.wrapping_sub(slice.count);
        let tail_length = kept.wrapping_sub(slice.start).unsigned_abs();
        let length = kept.checked_add(new.len().cast_signed()).ok_or(Error::no_memory())?;
        let alloc = other_room(op, length.unsigned_abs())?;
        let memory = match alloc {
            None => old,
            Some(alloc) => Scratch::new(alloc)?.into_raw(),
        };
        let place = memory.wrapping_offset(slice.start);
        core::ptr::copy(tail, place.wrapping_add(new.len()), tail_length);
        core::ptr::copy_nonoverlapping(new.as_ptr(), place, new.len());
        if let Some(alloc) = alloc {
            core::ptr::copy_nonoverlapping(old, memory, slice.start.unsigned_abs());
            alloc::free(Domain::Mem, (*object).ob_bytes.cast());
            (*object).ob_bytes = memory.cast();
            (*object).ob_start = memory.cast();
            (*object).ob_alloc = alloc.cast_signed();
        }
        set_length(op, length);
        Ok(())
    }
}

unsafe extern "C" fn bytearray_dealloc(op: *mut PyObject) {
    // SAFETY: O1, O2; no reference is left, so this thread has the object to itself.
    unsafe {
        alloc::free(Domain::Mem, (*op.cast::<PyByteArrayObject>()).ob_bytes.cast());
        object_dealloc(op);
    }
}

unsafe extern "C" fn bytearray_length(op: *mut PyObject) -> Py_ssize_t {
    // SAFETY: O1, O2: a slot of this type.
    unsafe { length(NonNull::new_unchecked(op.cast())) }
}

unsafe extern "C" fn bytearray_concat(op: *mut PyObject, other: *mut PyObject) -> *mut PyObject {
    // SAFETY: O1: a slot of this type.
    boundary(|| unsafe { Ok(concat(non_null(op)?, non_null(other)?)?.into_object()) })
}

unsafe extern "C" fn bytearray_repeat(op: *mut PyObject, count: Py_ssize_t) -> *mut PyObject {
    // SAFETY: O1, O2: a slot of this type; a fresh object of as many bytes as are written.
    boundary(|| unsafe {
        let pinned = Pinned::new(non_null(op)?.cast());
        let (memory, length) = pinned.memory();
        let count = count.max(0);
        let object = uninitialised(length.checked_mul(count).ok_or(Error::no_memory())?)?;
        let part = core::slice::from_raw_parts(memory, length.unsigned_abs());
        kernels::repeat(part, count.unsigned_abs(), start(object.as_non_null()).cast());
        Ok(object.into_object())
    })
}

/// The place of an index within the length. As in CPython a negative one counts from the end here, too, so that
/// `PySequence_GetItem` does it twice.
fn place(index: Py_ssize_t, length: Py_ssize_t) -> Result<Py_ssize_t> {
    let place = if index < 0 { index.wrapping_add(length) } else { index };
    let known = (0..length).contains(&place);
    if known { Ok(place) } else { Err(Error::new(Kind::Index, c"bytearray index out of range")) }
}

/// `sq_item`: a bytes object, since there are no ints.
unsafe extern "C" fn bytearray_item(op: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
    // SAFETY: O1, O2: a slot of this type; the place is within the bytes.
    boundary(|| unsafe {
        let pinned = Pinned::new(non_null(op)?.cast());
        let (memory, length) = pinned.memory();
        Ok(bytes::single(memory.wrapping_offset(place(index, length)?).read()).into_object())
    })
}

/// `sq_ass_item`: the value is a bytes object of one byte, as it may be in Python 2; NULL deletes the item.
unsafe extern "C" fn bytearray_ass_item(op: *mut PyObject, index: Py_ssize_t, value: *mut PyObject) -> c_int {
    // SAFETY: O1, O2: a slot of this type; O2 after the check; the place is within the bytes.
    boundary(|| unsafe {
        let bytearray = non_null(op)?.cast();
        let pinned = Pinned::new(bytearray);
        let (memory, length) = pinned.memory();
        let place = place(index, length)?;
        let Some(value) = NonNull::new(value) else {
            drop(pinned);
            return set_slice(bytearray, place, place.wrapping_add(1), None).map(|()| 0);
        };
        if !bytes::check_exact(value.as_ptr()) {
            return Err(Error::new(Kind::Type, c"a bytes object of size 1 is required"));
        }
        match bytes::content(value.cast()) {
            &[byte] => memory.wrapping_offset(place).write(byte),
            _ => return Err(Error::value(c"bytes must be of size 1")),
        }
        Ok(0)
    })
}

unsafe extern "C" fn bytearray_getbuffer(op: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int {
    boundary(|| {
        // SAFETY: O1, O2: a slot of this type. The view keeps it from being resized, until it is released.
        unsafe {
            let pinned = Pinned::new(non_null(op)?.cast());
            let (memory, length) = pinned.memory();
            buffer::fill_info(view, op, memory.cast(), length, 0, flags)?;
            core::mem::forget(pinned);
            Ok(0)
        }
    })
}

unsafe extern "C" fn bytearray_releasebuffer(op: *mut PyObject, _view: *mut Py_buffer) {
    // SAFETY: O1, O2: a slot of this type; called once for each successful `bytearray_getbuffer`.
    unsafe { atomic(&raw mut (*op.cast::<PyByteArrayObject>()).ob_exports) }.fetch_sub(1, Ordering::Release);
}

unsafe extern "C" fn bytearray_richcompare(a: *mut PyObject, b: *mut PyObject, operator: c_int) -> *mut PyObject {
    let (mut left, mut right) = (Acquired::empty(), Acquired::empty());
    // SAFETY: O1; the views stay where they are; the exporters vouch for the bytes (B1).
    unsafe {
        let acquired =
            indicator::quietly(|| left.acquire(a, Request::SIMPLE).and_then(|()| right.acquire(b, Request::SIMPLE)));
        match (acquired, Operator::from_c(operator)) {
            (Ok(()), Some(operator)) => answer(Some(operator.holds(left.bytes().cmp(right.bytes())))),
            // What cannot be seen as bytes is not comparable; that is no error.
            _ => answer(None),
        }
    }
}
