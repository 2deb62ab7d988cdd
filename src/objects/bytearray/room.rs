//! Resizes of bytearrays: what is done under the claim, and what without it.

use core::ffi::c_char;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::abi::bytes::PyByteArrayObject;
use crate::abi::object::Py_ssize_t;
use crate::error::{Error, Result};
use crate::runtime::alloc::{self, Domain, Scratch};
use crate::runtime::refs::atomic;

use super::{LONGEST, holds, memory, nothing};

/// Runs a function with exclusive access to all but the head of the object (O3), or fails where there are views.
///
/// # Safety
/// O1 and O2; the body runs no foreign code and does not wait.
pub(super) unsafe fn claimed<T>(op: NonNull<PyByteArrayObject>, body: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: O1, O2.
    let holds = unsafe { holds(op) };
    if !holds.claim() {
        return Err(Error::buffer(c"Existing exports of data: object cannot be re-sized"));
    }
    let result = body();
    holds.end_claim();
    result
}

/// Changes the length of the object, and lets `fill` move the bytes: from the old memory, of this length, to the new. That may be the
/// same, from its start or after the bytes that `front` takes off. Memory is allocated and freed without a claim, since the
/// program's own functions may do that; if it is not enough any more by then, this starts again.
///
/// # Safety
/// O1 and O2; what `fill` writes lies within the new length, and `front` is not more than what the old one has too many.
pub(super) unsafe fn rebuilt(
    op: NonNull<PyByteArrayObject>,
    new_length: impl Fn(Py_ssize_t) -> Result<Py_ssize_t>,
    front: impl Fn(Py_ssize_t) -> Py_ssize_t,
    fill: impl Fn(*mut u8, Py_ssize_t, *mut u8),
) -> Result<()> {
    let mut room: Option<(Scratch, usize)> = None;
    // SAFETY: the caller guarantees O1 and O2, and what `fill` writes is within the length; under the claim this thread has the
    // object to itself. What it had in the room's place came from the same domain, and is unused when the room is
    // dropped.
    unsafe {
        loop {
            let missing = claimed(op, || {
                let object = op.as_ptr();
                let (old, old_length) = memory(op);
                let length = new_length(old_length)?;
                match (other_room(op, length.unsigned_abs())?, room.take()) {
                    (None, unused) => {
                        room = unused;
                        let start = (*object).ob_start.wrapping_offset(front(old_length));
                        fill(old, old_length, start.cast());
                        set_start(op, start);
                    }
                    (Some(0), _) => {
                        let before = NonNull::new((*object).ob_bytes.cast());
                        set_memory(op, null_mut(), 0);
                        room = before.map(|before| (Scratch::from_raw(before), 0));
                    }
                    (Some(size), Some((new, have))) if have >= size => {
                        let before = NonNull::new((*object).ob_bytes.cast());
                        let new = new.into_raw();
                        fill(old, old_length, new);
                        set_memory(op, new.cast(), have);
                        room = before.map(|before| (Scratch::from_raw(before), 0));
                    }
                    (Some(size), unused) => {
                        room = unused;
                        return Ok(Some(size));
                    }
                }
                set_length(op, length);
                Ok(None)
            })?;
            match missing {
                None => return Ok(()),
                Some(size) => room = Some((Scratch::new(size.saturating_add(1))?, size)),
            }
        }
    }
}

/// For how many bytes an object should have memory at another length, with a NUL after them; `None` if its memory is fine.
/// CPython 3.15's choice.
///
/// # Safety
/// O2, and this thread has claimed the object.
unsafe fn other_room(op: NonNull<PyByteArrayObject>, size: usize) -> Result<Option<usize>> {
    // SAFETY: the caller guarantees O2; its claim is O3's exclusive access.
    let (room, offset) = unsafe {
        let object = op.as_ptr();
        if (*object).ob_bytes.is_null() {
            return possible(size).map(|size| if size == 0 { None } else { Some(size) });
        }
        ((*object).ob_alloc.unsigned_abs(), (*object).ob_start.addr().wrapping_sub((*object).ob_bytes.addr()))
    };
    let fits = size.checked_add(offset).is_some_and(|end| end <= room);
    if fits && size != 0 && size >= room >> 1 {
        return Ok(None);
    }
    // It grows a little, and probably will again. Otherwise exactly that much.
    possible(if !fits && size <= room.saturating_add(room >> 3) {
        size.saturating_add(size >> 3).saturating_add(if size < 9 { 3 } else { 6 })
    } else {
        size
    })
    .map(Some)
}

/// A `MemoryError` if no bytearray can have memory for so many bytes.
fn possible(size: usize) -> Result<usize> {
    if size <= LONGEST.unsigned_abs() { Ok(size) } else { Err(Error::no_memory()) }
}

/// Resizes with the C library's allocator; `false` where the content does not start at the start of the memory.
///
/// # Safety
/// As [`resize`](super::resize), and this thread has claimed the object; `length` is not negative.
pub(super) unsafe fn resize_claimed(op: NonNull<PyByteArrayObject>, length: Py_ssize_t) -> Result<bool> {
    // SAFETY: the caller guarantees O2; its claim is O3's exclusive access.
    unsafe {
        if let Some(alloc) = other_room(op, length.unsigned_abs())? {
            let object = op.as_ptr();
            if !(*object).ob_bytes.is_null() && (*object).ob_start != (*object).ob_bytes {
                return Ok(false);
            }
            let before = (*object).ob_bytes.cast();
            if alloc == 0 {
                set_memory(op, null_mut(), 0);
                alloc::free(Domain::Mem, before);
            } else {
                let memory: *mut c_char = alloc::realloc(Domain::Mem, before, alloc + 1).cast();
                if memory.is_null() {
                    return Err(Error::no_memory());
                }
                set_memory(op, memory, alloc);
            }
        }
        set_length(op, length);
        Ok(true)
    }
}

/// Replaces the memory, by none where it is NULL.
///
/// # Safety
/// O2, and this thread has claimed the object; `alloc` bytes of the domain `Mem` and one for the NUL, which become the
/// object's.
unsafe fn set_memory(op: NonNull<PyByteArrayObject>, memory: *mut c_char, alloc: usize) {
    // SAFETY: the caller guarantees O2; its claim is O3's exclusive access.
    unsafe {
        let object = op.as_ptr();
        (*object).ob_bytes = memory;
        set_start(op, if memory.is_null() { nothing() } else { memory });
        (*object).ob_alloc = alloc.cast_signed();
    }
}

/// Sets where the bytes start, which other threads may read.
///
/// # Safety
/// O2, and this thread has claimed the object, whose memory that is.
unsafe fn set_start(op: NonNull<PyByteArrayObject>, start: *mut c_char) {
    // SAFETY: the caller guarantees O2; its claim is O3's exclusive access.
    unsafe { AtomicPtr::from_ptr(&raw mut (*op.as_ptr()).ob_start) }.store(start, Ordering::Relaxed);
}

/// Sets the length, and the NUL after it.
///
/// # Safety
/// O2, and this thread has claimed the object, which has memory for that.
unsafe fn set_length(op: NonNull<PyByteArrayObject>, length: Py_ssize_t) {
    // SAFETY: the caller guarantees O2; its claim is O3's exclusive access.
    unsafe {
        atomic(&raw mut (*op.as_ptr()).ob_base.ob_size).store(length, Ordering::Relaxed);
        if length != 0 {
            (*op.as_ptr()).ob_start.offset(length).write(0);
        }
    }
}
