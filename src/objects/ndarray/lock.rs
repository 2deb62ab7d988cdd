//! The lock of an ndarray, and pins of its bases.

use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::runtime::refs::atomic;
use crate::runtime::wait::Wait;

use super::NdArrayObject;
use super::base::{Base, Loose};

/// The mutable part of an ndarray, for one thread at a time.
pub(super) struct Locked(NonNull<NdArrayObject>);

impl Locked {
    /// # Safety
    /// O1, O2, for as long as the result lives.
    #[inline]
    pub(super) unsafe fn new(nd: NonNull<NdArrayObject>) -> Self {
        // SAFETY: the caller guarantees O1 and O2, for as long as the result lives; the lock is changed atomically.
        let lock = unsafe { atomic(&raw mut (*nd.as_ptr()).lock) };
        let mut wait = Wait::new();
        while lock.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_err() {
            wait.pause();
        }
        Self(nd)
    }

    /// The base on the top.
    pub(super) fn head(&mut self) -> Result<&mut Base> {
        // SAFETY: an ndarray has a base, which no other thread uses while this lives (O3). Foreign code that is called while
        // the object is made or destroyed finds none.
        unsafe { (*self.0.as_ptr()).head.as_mut() }.ok_or(Error::buffer(c"the ndarray is being destroyed"))
    }

    /// Pushes a base on the stack.
    pub(super) fn push(&mut self, base: Loose) {
        let base = base.into_raw();
        // SAFETY: as in `head`; there may be no base yet.
        unsafe {
            let head = &raw mut (*self.0.as_ptr()).head;
            (*base).next = *head;
            if let Some(below) = (*head).as_mut() {
                below.prev = base;
            }
            *head = base;
            let bases = &raw mut (*self.0.as_ptr()).bases;
            *bases += 1;
        }
    }

    /// Removes a base from the stack; returns it unless it is pinned, to be dropped without the lock.
    ///
    /// # Safety
    /// It is in the stack, no view of it is held, and it is not the only one unless the ndarray is destroyed.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn take(&mut self, base: NonNull<Base>) -> Option<Loose> {
        // SAFETY: the caller guarantees that the base is in the stack and no view of it is held; as in `head`.
        unsafe {
            let Base { next, prev, pins, .. } = *base.as_ptr();
            match prev.as_mut() {
                Some(above) => above.next = next,
                None => (*self.0.as_ptr()).head = next,
            }
            if let Some(below) = next.as_mut() {
                below.prev = prev;
            }
            let bases = &raw mut (*self.0.as_ptr()).bases;
            *bases -= 1;
            (*base.as_ptr()).is_loose = true;
            (pins == 0).then(|| Loose::from_raw(base))
        }
    }

    /// Ends a view of a base, and returns the base if it is not needed any more.
    ///
    /// # Safety
    /// A view of it is held.
    pub(super) unsafe fn end_view(&mut self, base: NonNull<Base>) -> Option<Loose> {
        // SAFETY: the caller guarantees that a view of the base is held; as in `head`. What has a view is in the stack.
        unsafe {
            let exports = &raw mut (*base.as_ptr()).exports;
            *exports -= 1;
            if *exports == 0 && base.as_ptr() != (*self.0.as_ptr()).head { self.take(base) } else { None }
        }
    }

    /// Ends a pin of a base, and returns the base if it is not needed any more.
    ///
    /// # Safety
    /// It is pinned.
    pub(super) unsafe fn unpin(&mut self, base: NonNull<Base>) -> Option<Loose> {
        // SAFETY: the caller guarantees that the base is pinned; as in `head`.
        unsafe {
            let pins = &raw mut (*base.as_ptr()).pins;
            *pins -= 1;
            (*pins == 0 && (*base.as_ptr()).is_loose).then(|| Loose::from_raw(base))
        }
    }

    /// A `BufferError` where the stack may not change.
    pub(super) fn changeable(&mut self, held: bool) -> Result<()> {
        // SAFETY: this does not change.
        if unsafe { (*self.0.as_ptr()).reexports } {
            return Err(Error::buffer(c"structure of re-exporting object is immutable"));
        }
        match self.head()?.exports {
            exports @ 1.. if held => {
                let plural = if exports == 1 { c"" } else { c"s" };
                Err(Error::with(
                    ErrorKind::Buffer,
                    c"cannot change structure: %zd exported buffer%s",
                    Argument::Size(exports),
                    Argument::Text(plural.as_ptr()),
                ))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // SAFETY: `new`'s contract: the object lives.
        unsafe { atomic(&raw mut (*self.0.as_ptr()).lock) }.store(0, Ordering::Release);
    }
}

/// A base that stays for as long as this lives.
pub(super) struct PinnedBase {
    nd: NonNull<NdArrayObject>,
    base: NonNull<Base>,
}

impl PinnedBase {
    /// The base on the top.
    ///
    /// # Safety
    /// O1, O2, for as long as the result lives.
    pub(super) unsafe fn new(nd: NonNull<NdArrayObject>) -> Result<Self> {
        // SAFETY: the caller guarantees O1 and O2, for as long as the result lives.
        let mut locked = unsafe { Locked::new(nd) };
        let base = locked.head()?;
        base.pins += 1;
        Ok(Self { nd, base: NonNull::from(base) })
    }

    /// Takes over a pin of a base.
    ///
    /// # Safety
    /// As [`new`](Self::new); the base is pinned, and no other code ends that pin.
    pub(super) unsafe fn of(nd: NonNull<NdArrayObject>, base: NonNull<Base>) -> Self {
        Self { nd, base }
    }

    /// A copy of its view, which may be used as long as this lives.
    pub(super) fn view(&self) -> Py_buffer {
        // SAFETY: `new`'s contract.
        let _locked = unsafe { Locked::new(self.nd) };
        // SAFETY: pinned.
        unsafe { (*self.base.as_ptr()).view }
    }
}

impl Drop for PinnedBase {
    fn drop(&mut self) {
        // SAFETY: `new`'s contract; this counts as a pin.
        unsafe {
            let mut locked = Locked::new(self.nd);
            let unused = locked.unpin(self.base);
            drop(locked);
            drop(unused);
        }
    }
}
