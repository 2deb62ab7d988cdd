//! bytearray: a sequence of bytes that can change and be resized. CPython: `bytearrayobject.c`.
//!
//! `ob_exports` counts what holds the memory where it is (`runtime::holds`): consumers' views, which keep it from being
//! resized; pins, the short looks of this library, which a resize waits for; and the claim of a resize, which they wait for.
//! No foreign code runs under a pin or a claim: if the program has set an allocator of its own, code that allocates takes
//! a view in place of a pin, and a resize asks for memory before its claim and frees the old after it.

mod room;

use core::ffi::{c_char, c_int};
use core::mem::size_of;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::abi::buffer::Py_buffer;
use crate::abi::bytes::{BYTES_BASIC_SIZE, PyByteArrayObject};
use crate::abi::object::{Py_ssize_t, PyObject, PyVarObject};
use crate::abi::slots::{PyBufferProcs, PySequenceMethods};
use crate::abi::types::{PyTypeObject, TPFLAGS_BASETYPE, TPFLAGS_LEAF, TPFLAGS_LOOKS, TPFLAGS_OWN, TPFLAGS_READY};
use crate::buffer::{self, Acquired, Both, Concatenation, Ending, LookProcs, Request, Within};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::kernels;
use crate::layout::{self, Order};
use crate::objects::bytes;
use crate::runtime::alloc::{self, Domain, Scratch};
use crate::runtime::boundary::{boundary, boundary_of, non_null};
use crate::runtime::hash;
use crate::runtime::holds::{Holds, Pin};
use crate::runtime::indicator;
use crate::runtime::object;
use crate::runtime::refs::{Object, Owned, atomic};
use crate::runtime::richcompare::Operator;
use crate::runtime::types::{self, answer, object_dealloc};

use room::{claimed, rebuilt, resize_claimed};

// SAFETY: `repr(C)`, and its first field is a `PyVarObject`.
unsafe impl Object for PyByteArrayObject {}

/// The type of bytearray objects.
#[unsafe(no_mangle)]
pub static mut PyByteArray_Type: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_LEAF | TPFLAGS_LOOKS | TPFLAGS_BASETYPE,
    tp_dealloc: Some(bytearray_dealloc),
    tp_hash: Some(hash::PyObject_HashNotImplemented),
    tp_richcompare: Some(bytearray_richcompare),
    tp_as_sequence: &raw mut SEQUENCE,
    tp_as_buffer: (&raw mut BUFFER).cast(),
    ..types::derived(c"bytearray", size_of::<PyByteArrayObject>(), 0)
};

static mut SEQUENCE: PySequenceMethods = PySequenceMethods {
    sq_concat: Some(bytearray_concat),
    sq_repeat: Some(bytearray_repeat),
    sq_item: Some(bytearray_item),
    sq_ass_item: Some(bytearray_ass_item),
    ..PySequenceMethods::of_length(Some(bytearray_length))
};

static mut BUFFER: LookProcs = LookProcs {
    procs: PyBufferProcs { bf_getbuffer: Some(bytearray_getbuffer), bf_releasebuffer: Some(bytearray_releasebuffer) },
    look: bytearray_look,
    end: bytearray_end_look,
};

/// A NUL, aligned as memory that has been allocated.
#[repr(C, align(16))]
pub struct AlignedNul([c_char; 1]);

/// The content of a bytearray without memory of its own: the NUL that ends it. CPython: the same name.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub static mut _PyByteArray_empty_string: AlignedNul = AlignedNul([0]);

/// Where the bytes of a bytearray without memory start.
fn nothing() -> *mut c_char {
    (&raw mut _PyByteArray_empty_string).cast()
}

/// What holds the memory of a bytearray.
///
/// # Safety
/// O1 and O2, for as long as the result is used.
unsafe fn holds<'a>(op: NonNull<PyByteArrayObject>) -> Holds<'a> {
    // SAFETY: the caller guarantees O1 and O2; `Holds` alone changes the word.
    unsafe { Holds::of(&raw mut (*op.as_ptr()).ob_exports) }
}

/// Where the bytes start, and how many there are.
///
/// # Safety
/// O1 and O2, and something holds the memory.
#[inline]
unsafe fn memory(op: NonNull<PyByteArrayObject>) -> (*mut u8, Py_ssize_t) {
    // SAFETY: the caller guarantees O1 and O2; the two do not change meanwhile.
    unsafe { (start(op).cast(), (*op.as_ptr()).ob_base.ob_size) }
}

/// Keeps a bytearray from being resized while it lives.
struct Pinned {
    op: NonNull<PyByteArrayObject>,
    /// It is a view, since foreign code may run.
    is_view: bool,
}

impl Pinned {
    /// Waits for a running resize.
    ///
    /// # Safety
    /// O1 and O2, for as long as the value lives; `within` is what runs meanwhile.
    unsafe fn new(op: NonNull<PyByteArrayObject>, within: Within) -> Self {
        let is_view = !within.is_own();
        // SAFETY: O1, O2.
        let holds = unsafe { holds(op) };
        if is_view {
            holds.add_view()
        } else {
            holds.pin(Pin::First)
        }
        Self { op, is_view }
    }

    /// Where the bytes start, and how many there are.
    fn memory(&self) -> (*mut u8, Py_ssize_t) {
        // SAFETY: see `new`.
        unsafe { memory(self.op) }
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // SAFETY: O1, O2, see `new`.
        let holds = unsafe { holds(self.op) };
        if self.is_view { holds.end_view() } else { holds.unpin() }
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

/// `PyByteArray_AsString`: where the bytes start.
///
/// # Safety
/// O1, O2; the result is good as long as no other thread resizes the object.
#[inline]
pub(crate) unsafe fn start(op: NonNull<PyByteArrayObject>) -> *mut c_char {
    // SAFETY: O2; a resize in another thread changes the field.
    let start = unsafe { AtomicPtr::from_ptr(&raw mut (*op.as_ptr()).ob_start) }.load(Ordering::Relaxed);
    // A program may have zeroed an object of a type of its own.
    if start.is_null() { nothing() } else { start }
}

/// `PyByteArray_Size`.
///
/// # Safety
/// O1, O2.
pub(crate) unsafe fn length(op: NonNull<PyByteArrayObject>) -> Py_ssize_t {
    // SAFETY: O2; a resize in another thread changes the field.
    unsafe { atomic(&raw mut (*op.as_ptr()).ob_base.ob_size) }.load(Ordering::Relaxed)
}

/// The greatest length, as in CPython, where the bytes are those of a bytes object.
const LONGEST: Py_ssize_t = Py_ssize_t::MAX - BYTES_BASIC_SIZE.cast_signed();

/// Whether a bytearray can be so long.
fn is_possible(length: &Py_ssize_t) -> bool {
    *length <= LONGEST
}

/// A new object of `length` uninitialised bytes. One of no bytes has no memory.
fn uninitialised(length: Py_ssize_t) -> Result<Owned<PyByteArrayObject>> {
    if !is_possible(&length) {
        return Err(bytes::TOO_LARGE);
    }
    let memory = if length == 0 { None } else { Some(Scratch::new(length.unsigned_abs() + 1)?) };
    // SAFETY: the head has one reference and a static type; the size is that of the struct and of the field after it.
    let object = unsafe {
        let object = object::new(
            size_of::<PyByteArrayObject>() + size_of::<*mut PyObject>(),
            PyByteArrayObject {
                ob_base: PyVarObject {
                    ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut PyByteArray_Type },
                    ob_size: length,
                },
                ob_alloc: length,
                ob_bytes: null_mut(),
                ob_start: nothing(),
                ob_exports: 0,
            },
        )?;
        // CPython 3.15 has one more field, for the object that owns the bytes.
        object.as_ptr().add(1).cast::<*mut PyObject>().write(null_mut());
        object
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

/// `PyByteArray_FromStringAndSize`: `length` bytes from `bytes`, or uninitialised where that is NULL.
///
/// # Safety
/// `bytes` is NULL or `length` bytes may be read there.
pub(crate) unsafe fn from_memory(bytes: *const u8, length: Py_ssize_t) -> Result<Owned<PyByteArrayObject>> {
    if length < 0 {
        return Err(Error::system(c"Negative size passed to PyByteArray_FromStringAndSize"));
    }
    let object = uninitialised(length)?;
    if !bytes.is_null() && length != 0 {
        // SAFETY: a fresh object of `length` bytes; the caller guarantees that `length` bytes may be read at `bytes`.
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
        view.look(op.as_ptr(), Request::FULL_RO, Within::Allocations)?;
        let length = Some(view.view().len).filter(is_possible).ok_or(Error::no_memory())?;
        let object = uninitialised(length)?;
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
        let object = uninitialised(left.checked_add(right).filter(is_possible).ok_or(Error::no_memory())?)?;
        both.write(start(object.as_non_null()).cast());
        Ok(object)
    }
}

/// `PyByteArray_Resize`: small growth reserves more than is asked for, so that appending is cheap. Without bytes there is no
/// memory, so that what follows `PyByteArray_AS_STRING` of any version finds the same NUL.
///
/// # Safety
/// O1 and O2.
pub(crate) unsafe fn resize(op: NonNull<PyByteArrayObject>, length: Py_ssize_t) -> Result<()> {
    if length < 0 {
        let text = c"Can only resize to positive sizes, got %zd";
        return Err(Error::with(ErrorKind::Value, text, Argument::Size(length), Argument::None));
    }
    // SAFETY: O1, O2. In other memory there is room for the bytes that are kept.
    unsafe {
        if self::length(op) == length {
            return Ok(());
        }
        if !alloc::is_foreign() && claimed(op, || resize_claimed(op, length))? {
            return Ok(());
        }
        rebuilt(
            op,
            |_| Ok(length),
            |_| 0,
            |old, old_length, new| {
                if new != old {
                    core::ptr::copy_nonoverlapping(old, new, old_length.min(length).unsigned_abs());
                }
            },
        )
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
        let pinned = Pinned::new(op, Within::Allocations);
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
                return Err(Error::wrong_type(c"can assign only bytes and buffers"));
            }
            Some(value) => Some(from_object(value)?),
            None => None,
        };
        let new = copied.as_ref().map_or(&[][..], |copied| {
            core::slice::from_raw_parts(start(copied.as_non_null()).cast(), length(copied.as_non_null()).unsigned_abs())
        });
        let new_length = |length: Py_ssize_t| {
            let slice = layout::clip(Some(first), Some(stop), None, length)?;
            let kept = length - slice.count;
            kept.checked_add(new.len().cast_signed()).ok_or(Error::no_memory())
        };
        {
            let pinned = Pinned::new(op, Within::Walks);
            let (memory, length) = pinned.memory();
            let slice = layout::clip(Some(first), Some(stop), None, length)?;
            // If the length stays, there may be views.
            if slice.count.unsigned_abs() == new.len() {
                core::ptr::copy_nonoverlapping(new.as_ptr(), memory.wrapping_offset(slice.start), new.len());
                return Ok(());
            }
        }
        // As in CPython, what is taken off the front leaves the rest where it is: a queue would be slow otherwise.
        let front = |length: Py_ssize_t| match layout::clip(Some(first), Some(stop), None, length) {
            Ok(slice) if slice.start == 0 => (slice.count - new.len().cast_signed()).max(0),
            _ => 0,
        };
        // In place, the tail must be moved first.
        rebuilt(op, new_length, front, |old, length, memory| {
            let Ok(slice) = layout::clip(Some(first), Some(stop), None, length) else { return };
            let stop = slice.start + slice.count;
            let place = memory.wrapping_offset(slice.start);
            let (before, after) = (old.wrapping_offset(stop), place.wrapping_add(new.len()));
            if before != after {
                core::ptr::copy(before, after, (length - stop).unsigned_abs());
            }
            core::ptr::copy_nonoverlapping(new.as_ptr(), place, new.len());
            if memory != old {
                core::ptr::copy_nonoverlapping(old, memory, slice.start.unsigned_abs());
            }
        })
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
    boundary(|| unsafe { concat(non_null(op)?, non_null(other)?) })
}

unsafe extern "C" fn bytearray_repeat(op: *mut PyObject, count: Py_ssize_t) -> *mut PyObject {
    // SAFETY: O1, O2: a slot of this type; a fresh object of as many bytes as are written.
    boundary(|| unsafe {
        let pinned = Pinned::new(non_null(op)?.cast(), Within::Allocations);
        let (memory, length) = pinned.memory();
        let count = count.max(0);
        let object = uninitialised(length.checked_mul(count).filter(is_possible).ok_or(Error::no_memory())?)?;
        let part = core::slice::from_raw_parts(memory, length.unsigned_abs());
        kernels::repeat(part, count.unsigned_abs(), start(object.as_non_null()).cast());
        Ok(object)
    })
}

/// The place of an index within the length. As in CPython a negative one counts from the end here, too, so that
/// `PySequence_GetItem` does it twice.
fn place(index: Py_ssize_t, length: Py_ssize_t) -> Result<Py_ssize_t> {
    let place = if index < 0 { index + length } else { index };
    let known = (0..length).contains(&place);
    if known { Ok(place) } else { Err(Error::index(c"bytearray index out of range")) }
}

/// `sq_item`: a bytes object, since there are no ints.
unsafe extern "C" fn bytearray_item(op: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
    // SAFETY: O1, O2: a slot of this type; the place is within the bytes.
    boundary(|| unsafe {
        let pinned = Pinned::new(non_null(op)?.cast(), Within::Walks);
        let (memory, length) = pinned.memory();
        Ok(bytes::single(memory.wrapping_offset(place(index, length)?).read()))
    })
}

/// `sq_ass_item`: the value is a bytes object of one byte, as Python 2 allows; NULL deletes the item.
unsafe extern "C" fn bytearray_ass_item(op: *mut PyObject, index: Py_ssize_t, value: *mut PyObject) -> c_int {
    // SAFETY: O1, O2: a slot of this type; O2 after the check; the place is within the bytes.
    boundary(|| unsafe {
        let bytearray = non_null(op)?.cast();
        let pinned = Pinned::new(bytearray, Within::Walks);
        let (memory, length) = pinned.memory();
        let place = place(index, length)?;
        let Some(value) = NonNull::new(value) else {
            drop(pinned);
            return set_slice(bytearray, place, place + 1, None);
        };
        if !bytes::check_exact(value.as_ptr()) {
            return Err(Error::wrong_type(c"a bytes object of size 1 is required"));
        }
        match bytes::content(value.cast()) {
            &[byte] => memory.wrapping_offset(place).write(byte),
            _ => return Err(Error::value(c"bytes must be of size 1")),
        }
        Ok(())
    })
}

unsafe extern "C" fn bytearray_getbuffer(op: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int {
    // SAFETY: O1, O2: a slot of this type. Once the request is known nothing fails, so that no request is counted that is
    // refused. The view keeps the object from being resized, until it is released.
    boundary_of(buffer::requested(view, flags).map(|request| unsafe {
        let bytearray = NonNull::new_unchecked(op.cast());
        if !holds(bytearray).has_added_view() {
            return answer_later(bytearray, view, request);
        }
        fill(bytearray, op, view, request);
    }))
}

/// Answers a request once other threads have made their claims.
///
/// # Safety
/// O1, O2, and B2 for the view.
#[cold]
#[inline(never)]
unsafe fn answer_later(bytearray: NonNull<PyByteArrayObject>, view: *mut Py_buffer, request: Request) {
    // SAFETY: the caller guarantees O1, O2 and B2; the view keeps the object from being resized.
    unsafe {
        holds(bytearray).add_view();
        fill(bytearray, bytearray.as_ptr().cast(), view, request);
    }
}

/// Fills a view of the bytes, with a reference to this object or to none.
///
/// # Safety
/// O1, O2, and B2 for the view; something holds the memory where it is.
#[inline(always)]
unsafe fn fill(bytearray: NonNull<PyByteArrayObject>, obj: *mut PyObject, view: *mut Py_buffer, request: Request) {
    // SAFETY: the caller guarantees O1, O2 and B2.
    unsafe {
        let (memory, length) = memory(bytearray);
        buffer::fill_bytes(view, obj, memory.cast(), length, 0, request);
    }
}

unsafe extern "C" fn bytearray_releasebuffer(op: *mut PyObject, _view: *mut Py_buffer) {
    // SAFETY: O1, O2: a slot of this type; called once for each successful `bytearray_getbuffer`.
    unsafe { holds(NonNull::new_unchecked(op.cast())) }.end_view();
}

/// # Safety
/// O1, O2, and B2 for the view.
unsafe fn bytearray_look(op: *mut PyObject, view: *mut Py_buffer, request: Request, pin: Pin) -> Result<Ending> {
    // SAFETY: the caller guarantees O1, O2 and B2. Memory that may be written meets every request.
    unsafe {
        let bytearray = NonNull::new_unchecked(op.cast());
        holds(bytearray).pin(pin);
        fill(bytearray, null_mut(), view, request);
        Ok(Ending::Unpin)
    }
}

/// # Safety
/// O1, O2; it is pinned by a look.
unsafe fn bytearray_end_look(op: *mut PyObject, _view: &Py_buffer) {
    // SAFETY: the caller guarantees O1 and O2; its look has pinned it.
    unsafe { holds(NonNull::new_unchecked(op.cast())) }.unpin();
}

unsafe extern "C" fn bytearray_richcompare(a: *mut PyObject, b: *mut PyObject, operator: c_int) -> *mut PyObject {
    let mut both = Both::empty();
    // SAFETY: O1; the views stay where they are; the exporters vouch for the bytes (B1).
    unsafe {
        let requests = [(a, Request::SIMPLE), (b, Request::SIMPLE)];
        let acquired = indicator::quietly(|| both.look(requests, Within::Walks));
        match (acquired, Operator::from_c(operator)) {
            (Ok(()), Some(operator)) => answer(Some(operator.holds_of(both.first.bytes(), both.second.bytes()))),
            // An operand that exports no bytes is not comparable, which is not an error.
            _ => answer(None),
        }
    }
}

#[cfg(test)]
#[expect(clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// How a look at a bytearray that is made one of this type ends.
    fn ending(ty: *mut PyTypeObject) -> Ending {
        // SAFETY: the type has the layout of a bytearray's, and lives as long as the object is of it.
        unsafe {
            let Ok(object) = from_memory(b"bytes".as_ptr(), 5) else { panic!("there is memory") };
            let op = object.as_ptr().cast::<PyObject>();
            (*op).ob_type = ty;
            let mut view = Py_buffer::EMPTY;
            let ending = buffer::look(op, &raw mut view, Request::SIMPLE, Pin::First);
            if ending != Ok(Ending::Release) {
                assert_eq!(view.len, 5);
                buffer::end_look(op, &view);
            }
            (*op).ob_type = &raw mut PyByteArray_Type;
            ending.unwrap_or(Ending::Release)
        }
    }

    /// A slot that is never called.
    unsafe extern "C" fn another(_: *mut PyObject, _: *mut Py_buffer) {}

    #[test]
    fn what_inherits_all_buffer_slots_is_looked_at() {
        // SAFETY: types are not changed any more; copies of one are types of the same layout, with slots as long as the test.
        unsafe {
            let base = &raw mut PyByteArray_Type;
            assert_eq!(ending(base), Ending::Unpin);
            let derive = |base: *mut PyTypeObject, procs: *mut PyBufferProcs| {
                let mut ty = base.read();
                ty.tp_base = base;
                ty.tp_flags &= !(TPFLAGS_LOOKS | TPFLAGS_OWN);
                ty.tp_as_buffer = procs;
                ty
            };
            let own = (*base).tp_as_buffer;
            let mut derived = derive(base, own);
            assert_eq!(ending(&raw mut derived), Ending::Unpin);
            let mut further = derive(&raw mut derived, own);
            assert_eq!(ending(&raw mut further), Ending::Unpin);
            // A table of its own with the same slots, with another one, or none.
            let PyBufferProcs { bf_getbuffer, bf_releasebuffer } = *own;
            let mut copied = PyBufferProcs { bf_getbuffer, bf_releasebuffer };
            assert_eq!(ending(&mut derive(base, &raw mut copied)), Ending::Unpin);
            let mut other = PyBufferProcs { bf_getbuffer, bf_releasebuffer: Some(another) };
            assert_eq!(ending(&mut derive(base, &raw mut other)), Ending::Release);
            assert_eq!(ending(&mut derive(base, null_mut())), Ending::Release);
        }
    }
}
