//! buffer: the old buffer objects of Python 2, a part of an exporter's memory, or memory of the program's, as a sequence
//! of bytes. CPython: `bufferobject.c` of 2.7.
//!
//! The part is one of whatever memory the base has when it is looked at: the base is asked for each operation and given its
//! view back after it, so that a bytearray may be resized in between. A view of an old buffer holds one of the base.
#![deny(clippy::arithmetic_side_effects)]

use core::cmp::Ordering as Comparison;
use core::ffi::{c_int, c_void};
use core::mem::size_of;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::{Py_hash_t, Py_ssize_t, PyObject};
use crate::abi::slots::{PyBufferProcs, PySequenceMethods};
use crate::abi::types::PyTypeObject;
use crate::buffer::{self, Acquired, Request};
use crate::bytes;
use crate::error::{Error, Kind, Result};
use crate::layout;
use crate::runtime::alloc::Scratch;
use crate::runtime::boundary::boundary;
use crate::runtime::compare::Operator;
use crate::runtime::exceptions::type_of_kind;
use crate::runtime::hash;
use crate::runtime::indicator;
use crate::runtime::object;
use crate::runtime::refs::{self, Object, Owned, atomic};
use crate::runtime::types::{self, answer, object_dealloc};

/// An old buffer. Opaque to C.
#[repr(C)]
pub(crate) struct OldBuffer {
    ob_base: PyObject,
    part: Part,
    /// -1 until it has been asked for.
    hash: Py_hash_t,
}

/// What it is a part of. It does not change between making and destroying the object.
#[derive(Clone, Copy)]
struct Part {
    /// The exporter that it is a part of, an owned reference; NULL where it is memory of the program's or its own.
    base: *mut PyObject,
    /// That memory.
    start: *mut u8,
    /// How many bytes, or `END_OF_BUFFER`.
    size: Py_ssize_t,
    /// Where it begins in the memory of the base.
    offset: Py_ssize_t,
    readonly: bool,
}

// The memory behind the struct is aligned for anything.
const _: () = assert!(size_of::<OldBuffer>().is_multiple_of(16));

// SAFETY: begins with a PyObject.
unsafe impl Object for OldBuffer {}

/// `Py_END_OF_BUFFER`: as far as the memory of the base goes.
const END_OF_BUFFER: Py_ssize_t = -1;

/// The type of old buffers, Python 2's `buffer`.
#[unsafe(no_mangle)]
pub static mut PyBuffer_Type: PyTypeObject = PyTypeObject {
    tp_dealloc: Some(oldbuffer_dealloc),
    tp_hash: Some(oldbuffer_hash),
    tp_richcompare: Some(oldbuffer_richcompare),
    tp_as_sequence: &raw mut SEQUENCE,
    tp_as_buffer: &raw mut BUFFER,
    ..types::derived(c"buffer", size_of::<OldBuffer>(), 0)
};

static mut SEQUENCE: PySequenceMethods = PySequenceMethods {
    sq_concat: Some(oldbuffer_concat),
    sq_repeat: Some(oldbuffer_repeat),
    sq_item: Some(oldbuffer_item),
    sq_ass_item: Some(oldbuffer_ass_item),
    ..PySequenceMethods::of_length(Some(oldbuffer_length))
};

static mut BUFFER: PyBufferProcs =
    PyBufferProcs { bf_getbuffer: Some(oldbuffer_getbuffer), bf_releasebuffer: Some(oldbuffer_releasebuffer) };

const READ_ONLY: Error = Error::new(Kind::Type, c"buffer is read-only");
const NO_EXPORTER: Error = Error::new(Kind::Type, c"bad argument type for built-in operation");
const NEGATIVE_SIZE: Error = Error::value(c"size must be zero or positive");

/// Whether the object is an old buffer. CPython: `PyBuffer_Check`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn check(op: *mut PyObject) -> bool {
    // SAFETY: O1. No type derives from this one.
    unsafe { types::type_of(op) == &raw mut PyBuffer_Type }
}

/// A new object, with `room` bytes behind it.
fn make(part: Part, room: usize) -> Result<Owned<OldBuffer>> {
    let size = size_of::<OldBuffer>().checked_add(room).ok_or(Error::no_memory())?;
    let head = PyObject { ob_refcnt: 1, ob_type: &raw mut PyBuffer_Type };
    // SAFETY: the head has one reference and a static type; the size is that of the struct and more.
    unsafe { object::new(size, OldBuffer { ob_base: head, part, hash: -1 }) }
}

/// `PyBuffer_FromObject` and `PyBuffer_FromReadWriteObject`: `size` bytes of what `base` exports, from `offset` on.
///
/// # Safety
/// O1.
pub(crate) unsafe fn from_object(
    base: NonNull<PyObject>,
    offset: Py_ssize_t,
    size: Py_ssize_t,
    readonly: bool,
) -> Result<Owned<OldBuffer>> {
    let mut part = Part { base: base.as_ptr(), start: null_mut(), size, offset, readonly };
    // SAFETY: O1; O2 after the check; the view stays where it is.
    unsafe {
        if !buffer::is_exporter(part.base) {
            return Err(Error::new(Kind::Type, c"buffer object expected"));
        }
        if offset < 0 {
            return Err(Error::value(c"offset must be zero or positive"));
        }
        if size < 0 && size != END_OF_BUFFER {
            return Err(NEGATIVE_SIZE);
        }
        if check(part.base) && !part.refer_to_base_of(part_of(part.base)) {
            return Err(READ_ONLY);
        }
        let mut view = Acquired::empty();
        part.look(&mut view)?;
        let base = part.base;
        let object = make(part, 0)?;
        refs::incref(base);
        Ok(object)
    }
}

/// `PyBuffer_FromMemory` and `PyBuffer_FromReadWriteMemory`: `size` bytes at `memory`.
///
/// # Safety
/// As many bytes may be read there, and written where it is not read-only, for as long as the object lives.
pub(crate) unsafe fn from_memory(memory: *mut u8, size: Py_ssize_t, readonly: bool) -> Result<Owned<OldBuffer>> {
    if size < 0 {
        return Err(NEGATIVE_SIZE);
    }
    if memory.is_null() && size > 0 {
        return Err(Error::NullArgument);
    }
    make(Part { base: null_mut(), start: memory, size, offset: 0, readonly }, 0)
}

/// `PyBuffer_New`: `size` bytes of its own, which are 0.
pub(crate) fn new(size: Py_ssize_t) -> Result<Owned<OldBuffer>> {
    let room = usize::try_from(size).map_err(|_| NEGATIVE_SIZE)?;
    let object = make(Part { base: null_mut(), start: null_mut(), size, offset: 0, readonly: false }, room)?;
    // SAFETY: a fresh object, which this thread has to itself (O3), with that many bytes behind the struct.
    unsafe {
        let start: *mut u8 = object.as_ptr().add(1).cast();
        start.write_bytes(0, room);
        (*object.as_ptr()).part.start = start;
    }
    Ok(object)
}

/// Asks an exporter for its bytes. That it has none in one piece, or none to write, is a `TypeError`, as in Python 2.
///
/// # Safety
/// As `Acquired::acquire`.
unsafe fn acquire(view: &mut Acquired, obj: *mut PyObject, request: Request) -> Result<()> {
    // SAFETY: the function's contract.
    unsafe { view.acquire(obj, request) }.map_err(|error| refused(error, request))
}

/// The error of an exporter that does not give its bytes.
fn refused(error: Error, request: Request) -> Error {
    let refused = match error {
        // SAFETY: the type of a pending error is a type object.
        Error::Raised => unsafe { types::is_subtype(indicator::occurred(), type_of_kind(Kind::Buffer)) },
        error => error.kind() == Some(Kind::Buffer),
    };
    match (refused, request) {
        (false, _) => error,
        (true, Request::WRITABLE) => Error::new(Kind::Type, c"writable buffer object expected"),
        (true, _) => Error::new(Kind::Type, c"single-segment buffer object expected"),
    }
}

/// Asks the other operand, which has to be an exporter.
///
/// # Safety
/// As `Acquired::acquire`, but that the operand may be NULL.
unsafe fn acquire_operand(view: &mut Acquired, operand: *mut PyObject) -> Result<()> {
    // SAFETY: the function's contract.
    unsafe {
        if operand.is_null() || !buffer::is_exporter(operand) {
            return Err(NO_EXPORTER);
        }
        acquire(view, operand, Request::SIMPLE)
    }
}

/// The part that an old buffer is.
///
/// # Safety
/// O1 and O2, for as long as the result is used.
unsafe fn part_of<'a>(op: *mut PyObject) -> &'a Part {
    // SAFETY: the function's contract; it does not change.
    unsafe { &(*op.cast::<OldBuffer>()).part }
}

impl Part {
    /// Makes a part of another old buffer one of that one's base, where it has one. Says no where that one is read-only and
    /// this one is not.
    #[must_use]
    fn refer_to_base_of(&mut self, other: &Self) -> bool {
        if other.readonly && !self.readonly {
            return false;
        }
        if other.base.is_null() {
            return true;
        }
        if other.size != END_OF_BUFFER {
            let left = other.size.saturating_sub(self.offset).max(0);
            self.size = if self.size == END_OF_BUFFER { left } else { self.size.min(left) };
        }
        self.base = other.base;
        // Behind the end of all memory is like behind the end of this one.
        self.offset = self.offset.saturating_add(other.offset);
        true
    }

    /// The same part, of what answers requests in the end. The base may stand for another exporter, which may be an old buffer
    /// again, and so on: in a loop, so that a chain of them takes no stack. `held` is what keeps the base of the result.
    ///
    /// # Safety
    /// The old buffer lives meanwhile.
    #[inline]
    unsafe fn resolved(&self, held: &mut Option<Owned<PyObject>>) -> Result<Self> {
        // SAFETY: the old buffer owns a reference to its base (O1).
        match self.base.is_null() || unsafe { !buffer::may_stand_for_another(self.base) } {
            true => Ok(*self),
            // SAFETY: the function's contract.
            false => unsafe { self.followed(held) },
        }
    }

    /// # Safety
    /// As [`resolved`](Self::resolved).
    #[cold]
    unsafe fn followed(&self, held: &mut Option<Owned<PyObject>>) -> Result<Self> {
        let mut part = *self;
        // SAFETY: the old buffer owns a reference to its base (O1), and so on; O2 after the check.
        unsafe {
            while let Some(answerer) = buffer::answerer(part.base)? {
                part.base = answerer.as_ptr();
                *held = Some(answerer);
                if check(part.base) && !part.refer_to_base_of(part_of(part.base)) {
                    return Err(Error::buffer(c"buffer is read-only"));
                }
            }
        }
        Ok(part)
    }

    /// What it asks its base for.
    const fn request(&self) -> Request {
        if self.readonly { Request::SIMPLE } else { Request::WRITABLE }
    }

    /// Asks the base, where there is one. Gives the part that this is of what has answered.
    ///
    /// # Safety
    /// The view is empty and is not moved afterwards (B2).
    unsafe fn look(&self, view: &mut Acquired) -> Result<Self> {
        // SAFETY: the old buffer owns a reference to its base (O1).
        unsafe {
            if !self.base.is_null() {
                if buffer::may_stand_for_another(self.base) {
                    return self.look_behind(view);
                }
                acquire(view, self.base, self.request())?;
            }
            Ok(*self)
        }
    }

    /// The same where the base may stand for another exporter.
    ///
    /// # Safety
    /// As [`look`](Self::look).
    #[cold]
    unsafe fn look_behind(&self, view: &mut Acquired) -> Result<Self> {
        let mut held = None;
        // SAFETY: `held`, or the old buffer, owns a reference to the base (O1).
        unsafe {
            let part = self.followed(&mut held).map_err(|error| refused(error, self.request()))?;
            acquire(view, part.base, self.request())?;
            Ok(part)
        }
    }

    /// Where the bytes are and how many, in the view of the base that was asked for.
    fn place(&self, view: &Py_buffer) -> (*mut u8, Py_ssize_t) {
        if self.base.is_null() {
            return (self.start, self.size);
        }
        let offset = self.offset.min(view.len);
        let left = view.len.saturating_sub(offset);
        let size = if self.size == END_OF_BUFFER { left } else { self.size.min(left) };
        (view.buf.cast::<u8>().wrapping_offset(offset), size)
    }

    /// The bytes, in the view of the base that was asked for.
    ///
    /// # Safety
    /// They are not written while the result is used (W3); the view is held as long.
    unsafe fn bytes<'a>(&self, view: &'a Acquired) -> &'a [u8] {
        match self.place(view.view()) {
            (_, 0) => &[],
            // SAFETY: the base vouches for its memory (B1), and the program for its own.
            (start, size) => unsafe { core::slice::from_raw_parts(start, size.unsigned_abs()) },
        }
    }

    /// Writes bytes at a place. They may be its own.
    ///
    /// # Safety
    /// There are as many from the place on; the base was asked for memory that may be written; W3.
    unsafe fn write(&self, view: &Acquired, place: isize, from: &Acquired) {
        let (start, _) = self.place(view.view());
        let from = from.view();
        // SAFETY: the function's contract. Where there is nothing to write an address may be NULL.
        unsafe {
            if from.len > 0 {
                core::ptr::copy(from.buf.cast::<u8>(), start.wrapping_offset(place), from.len.unsigned_abs());
            }
        }
    }
}

/// `buffer[start:stop]`, a bytes object.
///
/// # Safety
/// O1 and O2.
pub(crate) unsafe fn slice(op: NonNull<PyObject>, start: isize, stop: isize) -> Result<Owned<PyObject>> {
    let mut view = Acquired::empty();
    // SAFETY: O1, O2; the view stays where it is; a clipped slice is within the bytes, and
    // has some only where they are not at NULL.
    unsafe {
        let part = part_of(op.as_ptr()).look(&mut view)?;
        let (memory, size) = part.place(view.view());
        let slice = layout::clip(Some(start), Some(stop), None, size)?;
        Ok(bytes::from_memory(memory.wrapping_offset(slice.start), slice.count)?.upcast())
    }
}

/// `buffer[start:stop] = value`. A NULL `value` is an error: nothing can be deleted.
///
/// # Safety
/// O1 and O2, and W3.
pub(crate) unsafe fn set_slice(op: NonNull<PyObject>, start: isize, stop: isize, value: *mut PyObject) -> Result<()> {
    let (mut view, mut from) = (Acquired::empty(), Acquired::empty());
    // SAFETY: O1, O2; the views stay where they are.
    unsafe {
        let part = part_of(op.as_ptr());
        if part.readonly {
            return Err(READ_ONLY);
        }
        acquire_operand(&mut from, value)?;
        let part = part.look(&mut view)?;
        let slice = layout::clip(Some(start), Some(stop), None, part.place(view.view()).1)?;
        if slice.count != from.view().len {
            return Err(Error::new(Kind::Type, c"right operand length must match slice length"));
        }
        part.write(&view, slice.start, &from);
        Ok(())
    }
}

unsafe extern "C" fn oldbuffer_dealloc(op: *mut PyObject) {
    // SAFETY: O1, O2; no reference is left, so this thread has the object to itself.
    unsafe {
        let part = &raw mut (*op.cast::<OldBuffer>()).part;
        let empty = || {
            let nothing = Part { base: null_mut(), start: null_mut(), size: 0, offset: 0, readonly: true };
            drop(Owned::from_raw(part.replace(nothing).base));
        };
        if refs::emptied(op, empty) {
            object_dealloc(op);
        }
    }
}

unsafe extern "C" fn oldbuffer_length(op: *mut PyObject) -> Py_ssize_t {
    let mut view = Acquired::empty();
    // SAFETY: O1, O2: a slot of this type; the view stays where it is.
    boundary(|| unsafe {
        let part = part_of(op).look(&mut view)?;
        Ok(part.place(view.view()).1)
    })
}

/// `sq_concat`: a bytes object; but where this one is empty, the other operand itself, as in Python 2.
unsafe extern "C" fn oldbuffer_concat(op: *mut PyObject, other: *mut PyObject) -> *mut PyObject {
    let (mut left, mut right) = (Acquired::empty(), Acquired::empty());
    // SAFETY: O1, O2: a slot of this type; the views stay where they are; a new object has as many bytes as the two together.
    boundary(|| unsafe {
        acquire_operand(&mut right, other)?;
        let part = part_of(op).look(&mut left)?;
        let first = part.bytes(&left);
        if first.is_empty() {
            refs::incref(other);
            return Ok(other);
        }
        let second = right.bytes();
        let joined = bytes::uninitialised(first.len().checked_add(second.len()).and_then(fits).ok_or(TOO_LARGE)?)?;
        let to: *mut u8 = bytes::start(joined.as_non_null()).cast();
        core::ptr::copy_nonoverlapping(first.as_ptr(), to, first.len());
        core::ptr::copy_nonoverlapping(second.as_ptr(), to.add(first.len()), second.len());
        Ok(joined.into_object())
    })
}

const TOO_LARGE: Error = Error::new(Kind::Memory, c"result too large");

/// A size as C has it.
fn fits(size: usize) -> Option<Py_ssize_t> {
    Py_ssize_t::try_from(size).ok()
}

unsafe extern "C" fn oldbuffer_repeat(op: *mut PyObject, count: Py_ssize_t) -> *mut PyObject {
    let mut view = Acquired::empty();
    // SAFETY: O1, O2: a slot of this type; the view stays where it is.
    boundary(|| unsafe {
        let part = part_of(op).look(&mut view)?;
        Ok(bytes::repeated(part.bytes(&view), count, TOO_LARGE, bytes::TOO_LARGE)?.into_object())
    })
}

unsafe extern "C" fn oldbuffer_item(op: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
    let mut view = Acquired::empty();
    // SAFETY: O1, O2: a slot of this type; the view stays where it is.
    boundary(|| unsafe {
        let part = part_of(op).look(&mut view)?;
        let byte = usize::try_from(index).ok().and_then(|index| part.bytes(&view).get(index).copied());
        let byte = byte.ok_or(Error::new(Kind::Index, c"buffer index out of range"))?;
        Ok(bytes::single(byte).into_object())
    })
}

unsafe extern "C" fn oldbuffer_ass_item(op: *mut PyObject, index: Py_ssize_t, value: *mut PyObject) -> c_int {
    let (mut view, mut from) = (Acquired::empty(), Acquired::empty());
    // SAFETY: O1, O2: a slot of this type; the views stay where they are.
    boundary(|| unsafe {
        let part = part_of(op);
        if part.readonly {
            return Err(READ_ONLY);
        }
        let part = part.look(&mut view)?;
        if !(0..part.place(view.view()).1).contains(&index) {
            return Err(Error::new(Kind::Index, c"buffer assignment index out of range"));
        }
        acquire_operand(&mut from, value)?;
        if from.view().len != 1 {
            return Err(Error::new(Kind::Type, c"right operand must be a single byte"));
        }
        part.write(&view, index, &from);
        Ok(0)
    })
}

/// `tp_hash`: of the bytes as they were when it was asked for first; that of a bytes object with the same.
unsafe extern "C" fn oldbuffer_hash(op: *mut PyObject) -> Py_hash_t {
    let mut view = Acquired::empty();
    // SAFETY: O1, O2: a slot of this type; the view stays where it is; the hash is kept atomically.
    boundary(|| unsafe {
        if !part_of(op).readonly {
            return Err(Error::new(Kind::Type, c"writable buffers are not hashable"));
        }
        let kept = atomic(&raw mut (*op.cast::<OldBuffer>()).hash);
        match kept.load(Ordering::Relaxed) {
            -1 => {
                let part = part_of(op).look(&mut view)?;
                let hash = hash::of_bytes(part.bytes(&view));
                // Another thread may have met other bytes: the first one decides.
                Ok(kept.compare_exchange(-1, hash, Ordering::Relaxed, Ordering::Relaxed).err().unwrap_or(hash))
            }
            hash => Ok(hash),
        }
    })
}

/// `tp_richcompare`: by the bytes, with other old buffers only. bytearrays and memoryviews know what to make of one.
unsafe extern "C" fn oldbuffer_richcompare(a: *mut PyObject, b: *mut PyObject, operator: c_int) -> *mut PyObject {
    // SAFETY: O1; O2 after the checks.
    boundary(|| unsafe {
        match (check(a) && check(b), Operator::from_c(operator)) {
            (true, Some(operator)) => Ok(answer(Some(operator.holds(compare(part_of(a), part_of(b))?)))),
            _ => Ok(answer(None)),
        }
    })
}

/// # Safety
/// W3 for the bytes of both.
unsafe fn compare(a: &Part, b: &Part) -> Result<Comparison> {
    let (mut left, mut right) = (Acquired::empty(), Acquired::empty());
    // SAFETY: the function's contract; the views stay where they are.
    unsafe {
        let (a, b) = (a.look(&mut left)?, b.look(&mut right)?);
        Ok(a.bytes(&left).cmp(b.bytes(&right)))
    }
}

unsafe extern "C" fn oldbuffer_getbuffer(op: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int {
    boundary(|| {
        if view.is_null() {
            return Err(Error::buffer(c"buffer: view==NULL argument is obsolete"));
        }
        // SAFETY: O1, O2: a slot of this type; `view` may be written. What is held of the base is found in `internal` by the
        // release, and dropped here where there will be none.
        unsafe {
            (&raw mut (*view).obj).write(null_mut());
            let part = part_of(op);
            let mut keeper = None;
            let resolved = part.resolved(&mut keeper)?;
            let held = Held::of(&resolved)?;
            let (start, size) = resolved.place(held.view());
            buffer::fill_info(view, op, start.cast(), size, part.readonly.into(), flags)?;
            (*view).internal = held.into_raw();
            Ok(0)
        }
    })
}

unsafe extern "C" fn oldbuffer_releasebuffer(_op: *mut PyObject, view: *mut Py_buffer) {
    // SAFETY: O1, O2: a slot of this type; called once for each successful `oldbuffer_getbuffer`. The base's exporter may
    // release this view again, in which nothing is held any more.
    drop(unsafe { Held::from_raw((&raw mut (*view).internal).replace(null_mut())) });
}

/// A view of the base in memory of its own, or nothing where there is no base.
struct Held(*mut Acquired);

impl Held {
    /// Asks the base. Its errors stay what they are: to a request a refusal is a `BufferError`.
    ///
    /// # Safety
    /// The base lives meanwhile.
    unsafe fn of(part: &Part) -> Result<Self> {
        if part.base.is_null() {
            return Ok(Self(null_mut()));
        }
        let memory: *mut Acquired = Scratch::new(size_of::<Acquired>())?.into_raw().cast();
        // SAFETY: fresh memory of that size, aligned for anything, where the view stays (B2); the function's
        // contract (O1).
        unsafe {
            memory.write(Acquired::empty());
            let held = Self(memory);
            (*memory).acquire(part.base, part.request())?;
            Ok(held)
        }
    }

    /// The view; an empty one where there is no base.
    fn view(&self) -> &Py_buffer {
        const EMPTY: &Py_buffer = &Py_buffer::EMPTY;
        // SAFETY: NULL or a view, see `of`.
        unsafe { self.0.as_ref() }.map_or(EMPTY, Acquired::view)
    }

    fn into_raw(self) -> *mut c_void {
        let memory = self.0;
        core::mem::forget(self);
        memory.cast()
    }

    /// # Safety
    /// From `into_raw`, once.
    unsafe fn from_raw(memory: *mut c_void) -> Self {
        Self(memory.cast())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(memory) = NonNull::new(self.0) {
            // SAFETY: a view in memory of the domain of `Scratch`, see `of`; nobody else has it.
            unsafe {
                memory.drop_in_place();
                drop(Scratch::from_raw(memory.cast()));
            }
        }
    }
}
