//! Views and looks that are released at the end of their scope: one, or the two of a call.

use core::ptr::null_mut;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::PyObject;
use crate::error::{Error, Result};
use crate::runtime::alloc;
use crate::runtime::holds::Pin;

use super::look::{Ending, end_look, look};
use super::request::Request;
use super::view::{MostAxes, acquire, is_as_most, keeps_promises, release};

/// A view that is released at the end of its scope, or a look that ends there. It is filled in place and must stay there
/// (B2), so it is made empty and then asked to acquire.
pub(crate) struct Acquired {
    view: Py_buffer,
    /// How it ends.
    ending: Ending,
    /// The object that was asked for a look.
    looked_at: *mut PyObject,
}

/// What runs between the start and the end of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Within {
    /// Nothing is allocated or freed, and no foreign code runs.
    Walks,
    /// Something may be allocated or freed, but no other foreign code runs.
    Allocations,
}

impl Within {
    /// Whether only code of this library runs.
    pub(crate) fn is_own(self) -> bool {
        self == Self::Walks || !alloc::is_foreign()
    }
}

impl Acquired {
    /// A view of nothing.
    pub(crate) const fn empty() -> Self {
        Self { view: Py_buffer::EMPTY, ending: Ending::Release, looked_at: null_mut() }
    }

    /// Asks the exporter, see [`acquire`].
    ///
    /// # Safety
    /// O1; called once; the value is not moved afterwards.
    #[inline(always)]
    pub(crate) unsafe fn acquire(&mut self, obj: *mut PyObject, request: Request) -> Result<()> {
        // SAFETY: the caller guarantees O1, and does not move the value afterwards (B2).
        unsafe { acquire(obj, &raw mut self.view, request, MostAxes::OF_WALKS) }
    }

    /// Asks for the length of a call; does not count as a view if no foreign code runs meanwhile.
    ///
    /// # Safety
    /// O1 for as long as the value lives; called once; the value is not moved afterwards; `within` is so.
    pub(crate) unsafe fn look(&mut self, obj: *mut PyObject, request: Request, within: Within) -> Result<()> {
        // SAFETY: the caller guarantees O1, for as long as the value lives, and it is not moved afterwards (B2).
        unsafe {
            if within.is_own() && self.has_looked(obj, request, Pin::First)? {
                return Ok(());
            }
            self.acquire(obj, request)
        }
    }

    /// Looks, unless that would run foreign code. Returns whether it has looked.
    ///
    /// # Safety
    /// As [`look`](Self::look), where it has looked.
    #[inline(always)]
    unsafe fn has_looked(&mut self, obj: *mut PyObject, request: Request, pin: Pin) -> Result<bool> {
        // SAFETY: the caller guarantees O1, for as long as the value lives, and it is not moved afterwards (B2). What was
        // filled is a view (B1) of an exporter that may be false to what it was asked: a memoryview says what a program has
        // said.
        unsafe {
            self.ending = look(obj, &raw mut self.view, request, pin)?;
            self.looked_at = obj;
            if self.ending == Ending::Release {
                return Ok(false);
            }
            if !is_as_most(&self.view, request, MostAxes::OF_WALKS) {
                keeps_promises(&self.view, request, MostAxes::OF_WALKS, true)?;
            }
            Ok(true)
        }
    }

    /// The view.
    pub(crate) fn view(&self) -> &Py_buffer {
        &self.view
    }

    /// The bytes of a view that was asked for without a shape.
    ///
    /// # Safety
    /// They are not written while the result is used (W3).
    pub(crate) unsafe fn bytes(&self) -> &[u8] {
        match self.view.len {
            0 => &[],
            // SAFETY: the exporter vouches for its memory (B1).
            len => unsafe { core::slice::from_raw_parts(self.view.buf.cast::<u8>().cast_const(), len.unsigned_abs()) },
        }
    }

    /// Whether it has looked, so that it does not count as a view.
    pub(crate) fn is_look(&self) -> bool {
        self.ending != Ending::Release
    }

    /// Ends a look that others may wait for; views and other looks stay.
    fn unpin(&mut self) {
        if self.ending == Ending::Unpin {
            // SAFETY: the look has not ended.
            unsafe { end_look(self.looked_at, &self.view) };
            self.ending = Ending::Nothing;
        }
    }
}

impl Drop for Acquired {
    fn drop(&mut self) {
        // SAFETY: empty, or filled by an exporter and released only here; a look that has not ended.
        unsafe {
            match self.ending {
                Ending::Release => release(&raw mut self.view),
                Ending::Nothing => {}
                Ending::Unpin | Ending::Share => end_look(self.looked_at, &self.view),
            }
        }
    }
}

/// Two views or looks of one call.
///
/// Both are looks, or both are views, so that no exporter's own code runs while a claim could be waiting: if the second one
/// cannot be looked at, the first one is asked for a view instead.
pub(crate) struct Both {
    pub(crate) first: Acquired,
    pub(crate) second: Acquired,
    /// The request to the first one.
    asked: (*mut PyObject, Request),
}

/// The operand that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    First,
    Second,
}

/// The result of asking two, with the operand that failed.
pub(crate) type AskedBoth = core::result::Result<(), (Which, Error)>;

impl Both {
    /// Views of nothing.
    pub(crate) const fn empty() -> Self {
        Self { first: Acquired::empty(), second: Acquired::empty(), asked: (null_mut(), Request::SIMPLE) }
    }

    /// Asks the first one, then the second one, as [`Acquired::look`] does.
    ///
    /// # Safety
    /// As [`Acquired::look`].
    #[inline]
    pub(crate) unsafe fn look(&mut self, requests: [(*mut PyObject, Request); 2], within: Within) -> AskedBoth {
        let [(first, to_first), (second, to_second)] = requests;
        // SAFETY: the caller guarantees O1, for as long as the value lives, and it is not moved afterwards (B2).
        unsafe {
            self.look_first(first, to_first, within).map_err(|error| (Which::First, error))?;
            self.look_second(second, to_second, within)
        }
    }

    /// Asks the first one.
    ///
    /// # Safety
    /// As [`Acquired::look`].
    pub(crate) unsafe fn look_first(&mut self, obj: *mut PyObject, request: Request, within: Within) -> Result<()> {
        self.asked = (obj, request);
        // SAFETY: the caller guarantees O1, for as long as the value lives, and it is not moved afterwards (B2).
        unsafe { self.first.look(obj, request, within) }
    }

    /// Asks the second one. The first one may have to answer again, so its old view must not be used after this.
    ///
    /// # Safety
    /// As [`Acquired::look`].
    pub(crate) unsafe fn look_second(&mut self, obj: *mut PyObject, request: Request, within: Within) -> AskedBoth {
        let is_look = self.first.is_look();
        let is_nothing = !is_look && self.first.view.obj.is_null();
        let of_second = |error| (Which::Second, error);
        // SAFETY: the caller guarantees O1, for as long as the value lives, and it is not moved afterwards (B2). A look that
        // ends leaves an empty value.
        unsafe {
            if within.is_own() && (is_look || is_nothing) {
                let pin = if is_look { Pin::Second } else { Pin::First };
                if self.second.has_looked(obj, request, pin).map_err(of_second)? {
                    return Ok(());
                }
            }
            if is_look {
                self.first = Acquired::empty();
                let (first, to_first) = self.asked;
                self.first.acquire(first, to_first).map_err(|error| (Which::First, error))?;
            }
            self.second.acquire(obj, request).map_err(of_second)
        }
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        // The others may run foreign code at their end.
        self.first.unpin();
        self.second.unpin();
    }
}
