//! bytes: an immutable sequence of bytes. CPython: `bytesobject.c`.
//!
//! As in CPython, the empty object and those of one byte are immortal singletons.

use core::ffi::{c_char, c_int};
use core::mem::{offset_of, size_of};
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::bytes::{BYTES_BASIC_SIZE, PyBytesObject};
use crate::abi::object::{Py_hash_t, Py_ssize_t, PyObject, PyVarObject};
use crate::abi::slots::{PyBufferProcs, PySequenceMethods};
use crate::abi::types::{
    PyTypeObject, TPFLAGS_BASETYPE, TPFLAGS_BYTES_SUBCLASS, TPFLAGS_LEAF, TPFLAGS_LOOKS, TPFLAGS_OWN, TPFLAGS_READY,
};
use crate::buffer::{self, Acquired, CANNOT_CONCAT, Concatenation, Ending, LookProcs, Refusal, Request, Within};
use crate::error::{Error, ErrorKind, Result};
use crate::format::write_bytes_repr;
use crate::kernels;
use crate::layout::{self, Order};
use crate::runtime::alloc::{self, Domain};
use crate::runtime::boundary::{boundary, boundary_of, non_null};
use crate::runtime::hash;
use crate::runtime::holds::Pin;
use crate::runtime::message::MessageWriter;
use crate::runtime::object;
use crate::runtime::refs::{self, Object, Owned, atomic};
use crate::runtime::richcompare::Operator;
use crate::runtime::types::{self, answer};

// SAFETY: `repr(C)`, and its first field is a `PyVarObject`.
unsafe impl Object for PyBytesObject {}

/// The type of bytes objects.
#[unsafe(no_mangle)]
pub static mut PyBytes_Type: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_LEAF | TPFLAGS_LOOKS | TPFLAGS_BASETYPE | TPFLAGS_BYTES_SUBCLASS,
    tp_hash: Some(bytes_hash),
    tp_richcompare: Some(bytes_richcompare),
    tp_as_sequence: &raw mut SEQUENCE,
    tp_as_buffer: (&raw mut BUFFER).cast(),
    ..types::derived(c"bytes", BYTES_BASIC_SIZE, 1)
};

static mut SEQUENCE: PySequenceMethods = PySequenceMethods {
    sq_concat: Some(bytes_concat),
    sq_repeat: Some(bytes_repeat),
    sq_item: Some(bytes_item),
    ..PySequenceMethods::of_length(Some(bytes_length))
};

static mut BUFFER: LookProcs = LookProcs {
    procs: PyBufferProcs { bf_getbuffer: Some(bytes_getbuffer), bf_releasebuffer: None },
    look: bytes_look,
    end: buffer::nothing_to_end,
};

/// The head of a bytes object. `PyBytesObject` has a byte more and is padded, so it is larger than a short object.
#[repr(C)]
struct Head {
    ob_base: PyVarObject,
    ob_shash: Py_hash_t,
}

const _: () = assert!(size_of::<Head>() == offset_of!(PyBytesObject, ob_sval));

// SAFETY: `repr(C)`, and its first field is a `PyVarObject`.
unsafe impl Object for Head {}

/// A bytes object of at most one byte, in static memory.
#[repr(C)]
struct Short {
    ob_base: PyVarObject,
    ob_shash: Py_hash_t,
    ob_sval: [u8; 8],
}

const _: () = assert!(offset_of!(Short, ob_sval) == offset_of!(PyBytesObject, ob_sval));

impl Short {
    const fn new(size: Py_ssize_t, byte: u8) -> Self {
        Self {
            ob_base: PyVarObject { ob_base: PyObject::immortal(&raw mut PyBytes_Type), ob_size: size },
            ob_shash: -1,
            ob_sval: [byte, 0, 0, 0, 0, 0, 0, 0],
        }
    }
}

static mut EMPTY: Short = Short::new(0, 0);
static mut SINGLE: [Short; 256] = {
    let mut all = [const { Short::new(1, 0) }; 256];
    let mut rest: &mut [Short] = &mut all;
    let mut byte = 0;
    while let Some((first, others)) = rest.split_first_mut() {
        first.ob_sval = [byte, 0, 0, 0, 0, 0, 0, 0];
        // Wraps to 0 after the last one.
        byte = byte.wrapping_add(1);
        rest = others;
    }
    all
};

/// The empty object.
pub(crate) fn empty() -> Owned<PyBytesObject> {
    // SAFETY: an immortal bytes object.
    unsafe { Owned::share(NonNull::new_unchecked((&raw mut EMPTY).cast())) }
}

/// The object of this byte.
pub(crate) fn single(byte: u8) -> Owned<PyBytesObject> {
    // SAFETY: an immortal bytes object; a byte is within the array.
    unsafe { Owned::share(NonNull::new_unchecked((&raw mut SINGLE).cast::<Short>().add(byte.into()).cast())) }
}

/// Whether the object is a bytes object. CPython: `PyBytes_Check`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn check(op: *mut PyObject) -> bool {
    // SAFETY: O1.
    unsafe { (*types::type_of(op)).tp_flags & TPFLAGS_BYTES_SUBCLASS != 0 }
}

/// Whether it is one and not of a derived type. CPython: `PyBytes_CheckExact`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn check_exact(op: *mut PyObject) -> bool {
    // SAFETY: O1.
    unsafe { types::type_of(op) == &raw mut PyBytes_Type }
}

/// The object as bytes object, or a `TypeError`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn downcast(op: NonNull<PyObject>) -> Result<NonNull<PyBytesObject>> {
    // SAFETY: O1.
    unsafe { object::expect_type(op.as_ptr(), &raw mut PyBytes_Type, c"expected bytes, %.200s found")? };
    Ok(op.cast())
}

/// The bytes of the object.
///
/// # Safety
/// O1 and O2; they are not written meanwhile.
pub(crate) unsafe fn content<'a>(op: NonNull<PyBytesObject>) -> &'a [u8] {
    // SAFETY: O2: `ob_size` bytes stand after the head.
    unsafe {
        let length = (*op.as_ptr()).ob_base.ob_size.unsigned_abs();
        core::slice::from_raw_parts(start(op).cast(), length)
    }
}

/// Where the bytes start.
///
/// # Safety
/// O2.
pub(crate) unsafe fn start(op: NonNull<PyBytesObject>) -> *mut c_char {
    // SAFETY: O2.
    unsafe { (&raw mut (*op.as_ptr()).ob_sval).cast() }
}

/// The size of an object of this many bytes; `None` if it overflows.
fn size_with(length: Py_ssize_t) -> Option<usize> {
    length.checked_add(BYTES_BASIC_SIZE.cast_signed()).map(isize::unsigned_abs)
}

/// The error of most functions for a length that is too large.
pub(crate) const TOO_LARGE: Error = Error::new(ErrorKind::Overflow, c"byte string is too large");

/// A new object of `length` uninitialised bytes, never one of the shared ones unless it is empty.
pub(crate) fn uninitialised(length: Py_ssize_t) -> Result<Owned<PyBytesObject>> {
    sized(length, TOO_LARGE)
}

/// As [`uninitialised`], with another error for a length that is too large.
fn sized(length: Py_ssize_t, too_large: Error) -> Result<Owned<PyBytesObject>> {
    if length == 0 {
        return Ok(empty());
    }
    let size = size_with(length).ok_or(too_large)?;
    let head = Head {
        ob_base: PyVarObject { ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut PyBytes_Type }, ob_size: length },
        ob_shash: -1,
    };
    // SAFETY: the head has one reference and a static type; the size is that of the head, the bytes and the NUL.
    unsafe {
        let object = object::new(size, head)?.cast::<PyBytesObject>();
        start(object.as_non_null()).offset(length).write(0);
        Ok(object)
    }
}

/// `PyBytes_FromStringAndSize`: `length` bytes from `bytes`, or uninitialised where that is NULL.
///
/// # Safety
/// `bytes` is NULL or `length` bytes may be read there.
pub(crate) unsafe fn from_memory(bytes: *const u8, length: Py_ssize_t) -> Result<Owned<PyBytesObject>> {
    if length < 0 {
        return Err(Error::system(c"Negative size passed to PyBytes_FromStringAndSize"));
    }
    if length == 1 && !bytes.is_null() {
        // SAFETY: one byte may be read.
        return Ok(single(unsafe { bytes.read() }));
    }
    let object = uninitialised(length)?;
    if !bytes.is_null() && length != 0 {
        // SAFETY: a fresh object of `length` bytes; the caller guarantees that `length` bytes may be read at `bytes`.
        unsafe {
            let to = start(object.as_non_null()).cast::<u8>();
            core::ptr::copy_nonoverlapping(bytes, to, length.unsigned_abs());
        }
    }
    Ok(object)
}

/// `PyBytes_FromObject`: the same object where it is a bytes object, else a copy of what it exports, in C order.
///
/// # Safety
/// O1.
pub(crate) unsafe fn from_object(op: NonNull<PyObject>) -> Result<Owned<PyBytesObject>> {
    // SAFETY: O1; the view stays where it is.
    unsafe {
        if check_exact(op.as_ptr()) {
            return Ok(Owned::share(op.cast()));
        }
        if !buffer::is_exporter(op.as_ptr()) {
            let name = (*types::type_of(op.as_ptr())).tp_name;
            return Err(Error::type_name(c"cannot convert '%.200s' object to bytes", name));
        }
        let mut view = Acquired::empty();
        view.look(op.as_ptr(), Request::FULL_RO, Within::Allocations)?;
        let object = uninitialised(view.view().len)?;
        let to = start(object.as_non_null()).cast();
        buffer::to_fresh(to, view.view(), Order::C)?;
        Ok(object)
    }
}

/// `a + b` for two exporters.
///
/// # Safety
/// O1 for both.
pub(crate) unsafe fn concat(a: NonNull<PyObject>, b: NonNull<PyObject>) -> Result<Owned<PyBytesObject>> {
    let mut both = Concatenation::empty();
    // SAFETY: O1; the views stay where they are; a new object has as many bytes as the two together.
    unsafe {
        let (left, right) = both.acquire(a.as_ptr(), b.as_ptr())?;
        if left == 0 && check_exact(b.as_ptr()) {
            return Ok(Owned::share(b.cast()));
        }
        if right == 0 && check_exact(a.as_ptr()) {
            return Ok(Owned::share(a.cast()));
        }
        let object = uninitialised(left.checked_add(right).ok_or(Error::no_memory())?)?;
        both.write(start(object.as_non_null()).cast());
        Ok(object)
    }
}

/// `PyBytes_Concat`: as [`concat`], with the reference to `a` taken over. As in CPython, where it is the only one, the memory of `a`
/// grows: else many appends would copy all bytes each time.
///
/// # Safety
/// O1 for both.
pub(crate) unsafe fn append(a: Owned<PyObject>, b: NonNull<PyObject>) -> Result<Owned<PyBytesObject>> {
    let first = a.as_ptr();
    // SAFETY: O1; O2 after the check. The view stays where it is; while it lives nothing runs but allocations. With one reference,
    // the caller's, this thread has `a` to itself (O3), which is not `b`; it is none of those that are shared, and what is
    // written lies within its new length.
    unsafe {
        if !check_exact(first) || first == b.as_ptr() || refs::count(first) != 1 {
            return concat(NonNull::new_unchecked(first), b);
        }
        let mut view = Acquired::empty();
        view.look(b.as_ptr(), Request::SIMPLE, Within::Allocations)
            .map_err(|_| object::type_mismatch(CANNOT_CONCAT, b.as_ptr(), first))?;
        let (mut grown, added) = (a.cast::<PyBytesObject>(), view.view().len);
        let length = (*grown.as_ptr()).ob_base.ob_size;
        if added != 0 {
            reallocate(&mut grown, length.checked_add(added).ok_or(Error::no_memory())?)?;
            let to = start(grown.as_non_null()).offset(length).cast();
            core::ptr::copy_nonoverlapping(view.view().buf.cast::<u8>(), to, added.unsigned_abs());
        }
        Ok(grown)
    }
}

/// `part * count`; a negative count is 0. The errors are for a length that overflows, and for one that no object
/// can have.
pub(crate) fn repeated(
    part: &[u8],
    count: Py_ssize_t,
    overflow: Error,
    too_large: Error,
) -> Result<Owned<PyBytesObject>> {
    let count = count.max(0);
    let length = part.len().cast_signed().checked_mul(count).ok_or(overflow)?;
    let object = sized(length, too_large)?;
    // SAFETY: a fresh object of `length` bytes.
    unsafe { kernels::repeat(part, count.unsigned_abs(), start(object.as_non_null()).cast()) };
    Ok(object)
}

/// `bytes[first:stop]`; the whole of an object of exactly this type is the object itself.
///
/// # Safety
/// O1 and O2.
pub(crate) unsafe fn slice(op: NonNull<PyBytesObject>, first: isize, stop: isize) -> Result<Owned<PyObject>> {
    // SAFETY: O1, O2; a clipped slice is within the bytes.
    unsafe {
        let length = (*op.as_ptr()).ob_base.ob_size;
        let part = layout::clip(Some(first), Some(stop), None, length)?;
        if part.count == length && check_exact(op.as_ptr().cast()) {
            return Ok(Owned::share(op).upcast());
        }
        Ok(from_memory(start(op).cast::<u8>().cast_const().wrapping_offset(part.start), part.count)?.upcast())
    }
}

/// `_PyBytes_Resize`: an object of `length` bytes with the start of the old one's, whose reference is taken over.
///
/// # Safety
/// O1 and O2; no other thread uses the object.
pub(crate) unsafe fn resize(object: Owned<PyBytesObject>, length: Py_ssize_t) -> Result<Owned<PyBytesObject>> {
    // SAFETY: O1, O2; with one reference, the caller's, this thread has the object to itself (O3).
    unsafe {
        let raw = object.as_ptr();
        let old = (*raw).ob_base.ob_size;
        if length < 0 {
            return Err(Error::bad_argument());
        }
        if old == length {
            return Ok(object);
        }
        if length == 0 {
            return Ok(empty());
        }
        if old == 0 {
            return uninitialised(length);
        }
        if refs::count(raw.cast()) != 1 {
            // It is shared, so it must not change.
            let new = uninitialised(length)?;
            let to: *mut u8 = start(new.as_non_null()).cast();
            let kept = old.min(length).unsigned_abs();
            core::ptr::copy_nonoverlapping(start(NonNull::new_unchecked(raw)).cast(), to, kept);
            return Ok(new);
        }
        let mut object = object;
        reallocate(&mut object, length)?;
        Ok(object)
    }
}

/// Gives an object that no other code has seen another length, above 0, perhaps at another place; on failure it stays as it is.
///
/// # Safety
/// O1 and O2; the reference is the only one, and the object not one of those that are shared.
pub(crate) unsafe fn reallocate(object: &mut Owned<PyBytesObject>, length: Py_ssize_t) -> Result<()> {
    let size = size_with(length).ok_or(TOO_LARGE)?;
    // SAFETY: the caller has the object to itself (O3). What moves is the object, with its reference.
    unsafe {
        let moved = alloc::realloc(Domain::Object, object.as_ptr().cast(), size).cast::<PyBytesObject>();
        let moved = Owned::from_raw(moved).ok_or(Error::no_memory())?;
        (*moved.as_ptr()).ob_base.ob_size = length;
        (*moved.as_ptr()).ob_shash = -1;
        start(moved.as_non_null()).offset(length).write(0);
        core::mem::forget(core::mem::replace(object, moved));
        Ok(())
    }
}

/// `PyBytes_Repr`, as a bytes object.
///
/// # Safety
/// O1 and O2.
pub(crate) unsafe fn repr(op: NonNull<PyBytesObject>, smart_quotes: bool) -> Result<Owned<PyBytesObject>> {
    // SAFETY: O1, O2; the text has the length that was measured.
    unsafe {
        let content = content(op);
        let mut measured = MessageWriter::measure();
        let write = |to: &mut MessageWriter| {
            write_bytes_repr(content, smart_quotes, &mut |text| {
                to.push(text);
                Ok(())
            })
        };
        write(&mut measured)?;
        let length = isize::try_from(measured.length).ok().filter(|&length| size_with(length).is_some());
        let too_large = Error::new(ErrorKind::Overflow, c"bytes object is too large to make repr");
        let text = uninitialised(length.ok_or(too_large)?)?;
        write(&mut MessageWriter::write(start(text.as_non_null()).cast(), measured.length))?;
        Ok(text)
    }
}

unsafe extern "C" fn bytes_length(op: *mut PyObject) -> Py_ssize_t {
    // SAFETY: O1, O2: a slot of this type.
    unsafe { (*op.cast::<PyBytesObject>()).ob_base.ob_size }
}

unsafe extern "C" fn bytes_concat(op: *mut PyObject, other: *mut PyObject) -> *mut PyObject {
    // SAFETY: O1: a slot of this type.
    boundary(|| unsafe { concat(non_null(op)?, non_null(other)?) })
}

/// `sq_repeat`: an object of exactly this type, once, is itself.
unsafe extern "C" fn bytes_repeat(op: *mut PyObject, count: Py_ssize_t) -> *mut PyObject {
    // SAFETY: O1, O2: a slot of this type.
    boundary(|| unsafe {
        let object = non_null(op)?.cast();
        let content = content(object);
        if check_exact(op) && (count == 1 || content.is_empty()) {
            return Ok(Owned::share(object));
        }
        let overflow = Error::new(ErrorKind::Overflow, c"repeated bytes are too long");
        repeated(content, count, overflow, Error::no_memory())
    })
}

unsafe extern "C" fn bytes_item(op: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
    // SAFETY: O1, O2: a slot of this type.
    boundary(|| unsafe {
        let content = content(non_null(op)?.cast());
        let byte = usize::try_from(index).ok().and_then(|index| content.get(index).copied());
        Ok(single(byte.ok_or(Error::index(c"index out of range"))?))
    })
}

unsafe extern "C" fn bytes_getbuffer(op: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int {
    // SAFETY: O1, O2: a slot of this type.
    boundary_of(unsafe { fill(op, view, op, flags) })
}

/// # Safety
/// O1, O2, and B2 for the view. It is read-only and does not move, so nothing is counted.
unsafe fn bytes_look(op: *mut PyObject, view: *mut Py_buffer, request: Request, _: Pin) -> Result<Ending> {
    // SAFETY: the caller guarantees O1, O2 and B2.
    unsafe { Ok(fill(op, view, null_mut(), request.flags()).map(|()| Ending::Nothing)?) }
}

/// Fills a view of the bytes, with a reference to this object or to none.
///
/// # Safety
/// O1, O2, and B2 for the view.
#[inline(always)]
unsafe fn fill(
    op: *mut PyObject,
    view: *mut Py_buffer,
    obj: *mut PyObject,
    flags: c_int,
) -> core::result::Result<(), Refusal> {
    // SAFETY: the caller guarantees O1, O2 and B2.
    unsafe {
        let bytes: *mut PyBytesObject = op.cast();
        let start = (&raw mut (*bytes).ob_sval).cast();
        buffer::fill_info(view, obj, start, (*bytes).ob_base.ob_size, 1, flags)
    }
}

unsafe extern "C" fn bytes_hash(op: *mut PyObject) -> Py_hash_t {
    // SAFETY: O1, O2: a slot of this type; the hash is kept atomically, and all threads compute the same.
    unsafe {
        let kept = atomic(&raw mut (*op.cast::<PyBytesObject>()).ob_shash);
        match kept.load(Ordering::Relaxed) {
            -1 => {
                let hash = hash::of_bytes(content(NonNull::new_unchecked(op.cast())));
                kept.store(hash, Ordering::Relaxed);
                hash
            }
            hash => hash,
        }
    }
}

unsafe extern "C" fn bytes_richcompare(a: *mut PyObject, b: *mut PyObject, operator: c_int) -> *mut PyObject {
    // SAFETY: O1; O2 where `check` says so.
    unsafe {
        match (check(a), check(b), Operator::from_c(operator)) {
            (true, true, Some(operator)) => {
                let content = |op: *mut PyObject| content(NonNull::new_unchecked(op.cast()));
                answer(Some(operator.holds_of(content(a), content(b))))
            }
            _ => answer(None),
        }
    }
}
