//! buffer: the old buffer objects of Python 2, a region of an exporter's memory, or memory of the program, as a sequence
//! of bytes. CPython: `bufferobject.c` of 2.7.
//!
//! The region is one of the memory that the base has at the moment: each operation asks the base for a view and releases
//! it, so that a bytearray may be resized in between. A view of an old buffer holds one of the base.

mod region;

use core::cmp::Ordering as Comparison;
use core::ffi::{c_int, c_void};
use core::mem::size_of;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::{Py_hash_t, Py_ssize_t, PyObject};
use crate::abi::slots::{PyBufferProcs, PySequenceMethods};
use crate::abi::types::{PyTypeObject, TPFLAGS_LOOKS, TPFLAGS_OWN, TPFLAGS_READY};
use crate::buffer::{self, Acquired, Both, Ending, LookProcs, Request, Within};
use crate::error::{Error, ErrorKind, Result};
use crate::layout;
use crate::objects::bytes;
use crate::runtime::alloc::Scratch;
use crate::runtime::boundary::boundary;
use crate::runtime::hash;
use crate::runtime::holds::Pin;
use crate::runtime::object;
use crate::runtime::refs::{self, Object, Owned, atomic};
use crate::runtime::richcompare::Operator;
use crate::runtime::types::{self, answer, object_dealloc};

use region::{END_OF_BUFFER, READ_ONLY, Region, look_at_operand, of_either, operand};

/// An old buffer. Opaque to C.
#[repr(C)]
pub(crate) struct OldBuffer {
    ob_base: PyObject,
    region: Region,
    /// -1 until it has been asked for.
    hash: Py_hash_t,
}

// The memory after the struct is aligned for anything.
const _: () = assert!(size_of::<OldBuffer>().is_multiple_of(16));

// SAFETY: `repr(C)`, and its first field is a `PyObject`.
unsafe impl Object for OldBuffer {}

/// The type of old buffers, Python 2's `buffer`.
#[unsafe(no_mangle)]
pub static mut PyBuffer_Type: PyTypeObject = PyTypeObject {
    tp_dealloc: Some(oldbuffer_dealloc),
    tp_hash: Some(oldbuffer_hash),
    tp_richcompare: Some(oldbuffer_richcompare),
    tp_as_sequence: &raw mut SEQUENCE,
    tp_as_buffer: (&raw mut BUFFER).cast(),
    tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_LOOKS,
    ..types::derived(c"buffer", size_of::<OldBuffer>(), 0)
};

static mut SEQUENCE: PySequenceMethods = PySequenceMethods {
    sq_concat: Some(oldbuffer_concat),
    sq_repeat: Some(oldbuffer_repeat),
    sq_item: Some(oldbuffer_item),
    sq_ass_item: Some(oldbuffer_ass_item),
    ..PySequenceMethods::of_length(Some(oldbuffer_length))
};

static mut BUFFER: LookProcs = LookProcs {
    procs: PyBufferProcs { bf_getbuffer: Some(oldbuffer_getbuffer), bf_releasebuffer: Some(oldbuffer_releasebuffer) },
    look: oldbuffer_look,
    end: oldbuffer_end_look,
};

const NEGATIVE_SIZE: Error = Error::value(c"size must be zero or positive");

/// Whether the object is an old buffer. CPython: `PyBuffer_Check`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn check(op: *mut PyObject) -> bool {
    // SAFETY: O1. No type derives from this one.
    unsafe { types::type_of(op) == &raw mut PyBuffer_Type }
}

/// A new object, with `room` bytes after it.
fn make(region: Region, room: usize) -> Result<Owned<OldBuffer>> {
    let size = size_of::<OldBuffer>().checked_add(room).ok_or(Error::no_memory())?;
    let head = PyObject { ob_refcnt: 1, ob_type: &raw mut PyBuffer_Type };
    // SAFETY: the head has one reference and a static type; the size is that of the struct and more.
    unsafe { object::new(size, OldBuffer { ob_base: head, region, hash: -1 }) }
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
    let mut region = Region { base: base.as_ptr(), start: null_mut(), size, offset, readonly };
    // SAFETY: O1; O2 after the check; the view stays where it is.
    unsafe {
        if !buffer::is_exporter(region.base) {
            return Err(Error::wrong_type(c"buffer object expected"));
        }
        if offset < 0 {
            return Err(Error::value(c"offset must be zero or positive"));
        }
        if size < 0 && size != END_OF_BUFFER {
            return Err(NEGATIVE_SIZE);
        }
        if check(region.base) && !region.refer_to_base_of(region_of(region.base)) {
            return Err(READ_ONLY);
        }
        let mut view = Acquired::empty();
        region.look(&mut view, Within::Allocations)?;
        let base = region.base;
        let object = make(region, 0)?;
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
    make(Region { base: null_mut(), start: memory, size, offset: 0, readonly }, 0)
}

/// `PyBuffer_New`: `size` bytes of its own, which are 0.
pub(crate) fn new(size: Py_ssize_t) -> Result<Owned<OldBuffer>> {
    let room = usize::try_from(size).map_err(|_| NEGATIVE_SIZE)?;
    let object = make(Region { base: null_mut(), start: null_mut(), size, offset: 0, readonly: false }, room)?;
    // SAFETY: a fresh object, which this thread has to itself (O3), with that many bytes after the struct.
    unsafe {
        let start: *mut u8 = object.as_ptr().add(1).cast();
        start.write_bytes(0, room);
        (*object.as_ptr()).region.start = start;
    }
    Ok(object)
}

/// The region of an old buffer.
///
/// # Safety
/// O1 and O2, for as long as the result is used.
unsafe fn region_of<'a>(op: *mut PyObject) -> &'a Region {
    // SAFETY: the caller guarantees O1 and O2; it does not change.
    unsafe { &(*op.cast::<OldBuffer>()).region }
}

/// `buffer[start:stop]`, a bytes object.
///
/// # Safety
/// O1 and O2.
pub(crate) unsafe fn slice(op: NonNull<PyObject>, start: isize, stop: isize) -> Result<Owned<PyObject>> {
    // SAFETY: O1, O2; the view stays where it is; a clipped slice is within the bytes, and
    // has some only where they are not at NULL.
    unsafe {
        let region = region_of(op.as_ptr()).found()?;
        let mut view = Acquired::empty();
        region.look(&mut view, Within::Allocations)?;
        let (memory, size) = region.place(view.view());
        let slice = layout::clip(Some(start), Some(stop), None, size)?;
        Ok(bytes::from_memory(memory.wrapping_offset(slice.start), slice.count)?.upcast())
    }
}

/// `buffer[start:stop] = value`. A NULL `value` is an error: nothing can be deleted.
///
/// # Safety
/// O1 and O2, and W3.
pub(crate) unsafe fn set_slice(op: NonNull<PyObject>, start: isize, stop: isize, value: *mut PyObject) -> Result<()> {
    // SAFETY: O1, O2; the views stay where they are.
    unsafe {
        let region = region_of(op.as_ptr());
        if region.readonly {
            return Err(READ_ONLY);
        }
        let region = region.found()?;
        let mut both = Both::empty();
        look_at_operand(&mut both, value, Within::Walks)?;
        region.look_second(&mut both, Request::SIMPLE, Within::Walks)?;
        let (from, view) = (&both.first, &both.second);
        let slice = layout::clip(Some(start), Some(stop), None, region.place(view.view()).1)?;
        if slice.count != from.view().len {
            return Err(Error::wrong_type(c"right operand length must match slice length"));
        }
        region.write(view, slice.start, from);
        Ok(())
    }
}

unsafe extern "C" fn oldbuffer_dealloc(op: *mut PyObject) {
    // SAFETY: O1, O2; no reference is left, so this thread has the object to itself.
    unsafe {
        let region = &raw mut (*op.cast::<OldBuffer>()).region;
        let empty = || {
            let nothing = Region { base: null_mut(), start: null_mut(), size: 0, offset: 0, readonly: true };
            drop(Owned::from_raw(region.replace(nothing).base));
        };
        if refs::emptied(op, empty) {
            object_dealloc(op);
        }
    }
}

unsafe extern "C" fn oldbuffer_length(op: *mut PyObject) -> Py_ssize_t {
    // SAFETY: O1, O2: a slot of this type; the view stays where it is.
    boundary(|| unsafe {
        let region = region_of(op).found()?;
        let mut view = Acquired::empty();
        region.look(&mut view, Within::Walks)?;
        Ok(region.place(view.view()).1)
    })
}

/// `sq_concat`: a bytes object; but where this one is empty, the other operand itself, as in Python 2.
unsafe extern "C" fn oldbuffer_concat(op: *mut PyObject, other: *mut PyObject) -> *mut PyObject {
    // SAFETY: O1, O2: a slot of this type; the views stay where they are; a new object has as many bytes as the two together.
    boundary(|| unsafe {
        let region = region_of(op).found()?;
        let mut both = Both::empty();
        look_at_operand(&mut both, other, Within::Allocations)?;
        region.look_second(&mut both, Request::SIMPLE, Within::Allocations)?;
        let first = region.bytes(&both.second);
        if first.is_empty() {
            refs::incref(other);
            return Ok(other);
        }
        let second = both.first.bytes();
        let joined = bytes::uninitialised(first.len().checked_add(second.len()).and_then(fits).ok_or(TOO_LARGE)?)?;
        let to: *mut u8 = bytes::start(joined.as_non_null()).cast();
        core::ptr::copy_nonoverlapping(first.as_ptr(), to, first.len());
        core::ptr::copy_nonoverlapping(second.as_ptr(), to.add(first.len()), second.len());
        Ok(joined.into_object())
    })
}

const TOO_LARGE: Error = Error::new(ErrorKind::Memory, c"result too large");

/// A size as C has it.
fn fits(size: usize) -> Option<Py_ssize_t> {
    Py_ssize_t::try_from(size).ok()
}

unsafe extern "C" fn oldbuffer_repeat(op: *mut PyObject, count: Py_ssize_t) -> *mut PyObject {
    // SAFETY: O1, O2: a slot of this type; the view stays where it is.
    boundary(|| unsafe {
        let region = region_of(op).found()?;
        let mut view = Acquired::empty();
        region.look(&mut view, Within::Allocations)?;
        bytes::repeated(region.bytes(&view), count, TOO_LARGE, bytes::TOO_LARGE)
    })
}

unsafe extern "C" fn oldbuffer_item(op: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
    // SAFETY: O1, O2: a slot of this type; the view stays where it is.
    boundary(|| unsafe {
        let region = region_of(op).found()?;
        let mut view = Acquired::empty();
        region.look(&mut view, Within::Walks)?;
        let byte = usize::try_from(index).ok().and_then(|index| region.bytes(&view).get(index).copied());
        let byte = byte.ok_or(Error::index(c"buffer index out of range"))?;
        Ok(bytes::single(byte))
    })
}

unsafe extern "C" fn oldbuffer_ass_item(op: *mut PyObject, index: Py_ssize_t, value: *mut PyObject) -> c_int {
    // SAFETY: O1, O2: a slot of this type; the views stay where they are.
    boundary(|| unsafe {
        let region = region_of(op);
        if region.readonly {
            return Err(READ_ONLY);
        }
        let region = region.found()?;
        let mut both = Both::empty();
        let in_range = |view: &Acquired| {
            let known = (0..region.place(view.view()).1).contains(&index);
            if known { Ok(()) } else { Err(Error::index(c"buffer assignment index out of range")) }
        };
        region.look_first(&mut both, Within::Walks)?;
        in_range(&both.first)?;
        let looked = both.look_second(operand(value)?, Request::SIMPLE, Within::Walks);
        of_either(looked, region.request(), Request::SIMPLE)?;
        let (view, from) = (&both.first, &both.second);
        in_range(view)?;
        if from.view().len != 1 {
            return Err(Error::wrong_type(c"right operand must be a single byte"));
        }
        region.write(view, index, from);
        Ok(())
    })
}

/// `tp_hash`: of the bytes at the first call; that of a bytes object with the same content.
unsafe extern "C" fn oldbuffer_hash(op: *mut PyObject) -> Py_hash_t {
    // SAFETY: O1, O2: a slot of this type; the view stays where it is; the hash is kept atomically.
    boundary(|| unsafe {
        if !region_of(op).readonly {
            return Err(Error::wrong_type(c"writable buffers are not hashable"));
        }
        let kept = atomic(&raw mut (*op.cast::<OldBuffer>()).hash);
        match kept.load(Ordering::Relaxed) {
            -1 => {
                let region = region_of(op).found()?;
                let mut view = Acquired::empty();
                region.look(&mut view, Within::Walks)?;
                let hash = hash::of_bytes(region.bytes(&view));
                // Another thread may have hashed other bytes: the first result stays.
                Ok(kept.compare_exchange(-1, hash, Ordering::Relaxed, Ordering::Relaxed).err().unwrap_or(hash))
            }
            hash => Ok(hash),
        }
    })
}

/// `tp_richcompare`: by the bytes, with other old buffers only. bytearrays and memoryviews compare themselves with one.
unsafe extern "C" fn oldbuffer_richcompare(a: *mut PyObject, b: *mut PyObject, operator: c_int) -> *mut PyObject {
    // SAFETY: O1; O2 after the checks.
    boundary(|| unsafe {
        match (check(a) && check(b), Operator::from_c(operator)) {
            (true, Some(operator)) => Ok(answer(Some(operator.holds(compare(region_of(a), region_of(b))?)))),
            _ => Ok(answer(None)),
        }
    })
}

/// # Safety
/// W3 for the bytes of both.
unsafe fn compare(a: &Region, b: &Region) -> Result<Comparison> {
    // SAFETY: the caller guarantees W3 for the bytes of both; the views stay where they are.
    unsafe {
        let (a, b) = (a.found()?, b.found()?);
        let mut both = Both::empty();
        a.look_first(&mut both, Within::Walks)?;
        b.look_second(&mut both, a.request(), Within::Walks)?;
        Ok(a.bytes(&both.first).cmp(b.bytes(&both.second)))
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
            let region = region_of(op);
            region.meets(Request::new(flags)?)?;
            let resolved = region.resolved()?;
            let held = Held::of(&resolved)?;
            let (start, size) = resolved.place(held.view());
            buffer::fill_info(view, op, start.cast(), size, region.readonly.into(), flags)?;
            (*view).internal = held.into_raw();
            Ok(())
        }
    })
}

unsafe extern "C" fn oldbuffer_releasebuffer(_op: *mut PyObject, view: *mut Py_buffer) {
    // SAFETY: O1, O2: a slot of this type; called once for each successful `oldbuffer_getbuffer`. The base's exporter may
    // release this view again, in which nothing is held any more.
    drop(unsafe { Held::from_raw((&raw mut (*view).internal).replace(null_mut())) });
}

/// A look at the base, narrowed to the region.
///
/// # Safety
/// O1, O2, and B2 for the view.
unsafe fn oldbuffer_look(op: *mut PyObject, view: *mut Py_buffer, request: Request, pin: Pin) -> Result<Ending> {
    // SAFETY: the caller guarantees O1, O2 and B2; the old buffer owns a reference to its base. What the base finds in
    // `internal` at the end stays there. After the first line nothing fails.
    unsafe {
        let region = region_of(op);
        region.meets(request)?;
        let mut ending = Ending::Nothing;
        let mut given = Py_buffer::EMPTY;
        if !region.base.is_null() {
            ending = buffer::look(region.base, view, region.request(), pin)?;
            if ending == Ending::Release {
                return Ok(ending);
            }
            given = *view;
        }
        let (start, size) = region.place(&given);
        buffer::fill_info(view, null_mut(), start.cast(), size, region.readonly.into(), request.flags())?;
        (*view).internal = given.internal;
        Ok(ending)
    }
}

/// # Safety
/// O1, O2; the view is that of a look at it, hence at its base.
unsafe fn oldbuffer_end_look(op: *mut PyObject, view: &Py_buffer) {
    // SAFETY: the caller guarantees O1 and O2; the old buffer owns a reference to its base, which finds in `internal` what it
    // put there.
    unsafe { buffer::end_look(region_of(op).base, view) };
}

/// A view of the base in memory of its own, or nothing where there is no base.
struct Held(*mut Acquired);

impl Held {
    /// Asks the base. Its errors are passed on: a refused request is a `BufferError`.
    ///
    /// # Safety
    /// The base lives meanwhile.
    unsafe fn of(region: &Region) -> Result<Self> {
        if region.base.is_null() {
            return Ok(Self(null_mut()));
        }
        let memory: *mut Acquired = Scratch::new(size_of::<Acquired>())?.into_raw().cast();
        // SAFETY: fresh memory of that size, aligned for anything, where the view stays (B2); the
        // caller keeps the base alive (O1).
        unsafe {
            memory.write(Acquired::empty());
            let held = Self(memory);
            (*memory).acquire(region.base, region.request())?;
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
            // SAFETY: a view in memory of the domain of `Scratch`, see `of`; no other code has it.
            unsafe {
                memory.drop_in_place();
                drop(Scratch::from_raw(memory.cast()));
            }
        }
    }
}
