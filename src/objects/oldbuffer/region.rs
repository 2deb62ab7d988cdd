//! The region of an old buffer, and looks at it.

use core::ops::Deref;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::buffer::{self, Acquired, AskedBoth, Both, Request, Which, Within};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::exceptions::type_of_kind;
use crate::runtime::indicator;
use crate::runtime::refs::Owned;
use crate::runtime::types;

/// `Py_END_OF_BUFFER`: up to the end of the memory of the base.
pub(super) const END_OF_BUFFER: Py_ssize_t = -1;

pub(super) const READ_ONLY: Error = Error::wrong_type(c"buffer is read-only");
pub(super) const NO_EXPORTER: Error = Error::wrong_type(c"bad argument type for built-in operation");

/// The region of memory that an old buffer shows. It does not change until the object is destroyed.
#[derive(Clone, Copy)]
pub(super) struct Region {
    /// The exporter of the memory, an owned reference; NULL for memory of the program or of the old buffer itself.
    pub(super) base: *mut PyObject,
    /// The start of the memory that has no exporter.
    pub(super) start: *mut u8,
    /// The number of bytes, or `END_OF_BUFFER`.
    pub(super) size: Py_ssize_t,
    /// The start in the memory of the base.
    pub(super) offset: Py_ssize_t,
    pub(super) readonly: bool,
}

impl Region {
    /// Turns a region of another old buffer into one of its base, if it has one. Returns `false` if the other is read-only and
    /// this one is not.
    #[must_use]
    pub(super) fn refer_to_base_of(&mut self, other: &Self) -> bool {
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
        // An offset after the end of all memory is as good as one after the end of this one.
        self.offset = self.offset.saturating_add(other.offset);
        true
    }

    /// The region of the exporter that finally answers requests. The base may stand for another exporter, which may be an old
    /// buffer again, and so on: in a loop, so that a chain of them takes no stack.
    ///
    /// # Safety
    /// The old buffer lives as long as the result.
    #[inline]
    pub(super) unsafe fn resolved(&self) -> Result<Resolved> {
        // SAFETY: the old buffer owns a reference to its base (O1).
        match self.base.is_null() || unsafe { !buffer::may_stand_for_another(self.base) } {
            true => Ok(Resolved { region: *self, _keeper: None }),
            // SAFETY: the caller keeps the old buffer alive (O1).
            false => unsafe { self.followed() },
        }
    }

    /// # Safety
    /// As [`resolved`](Self::resolved).
    #[cold]
    unsafe fn followed(&self) -> Result<Resolved> {
        let mut region = *self;
        // SAFETY: the old buffer owns a reference to its base (O1), and so on; O2 after the check.
        let keeper = unsafe {
            buffer::last_answerer(self.base, |answerer| {
                region.base = answerer;
                if super::check(answerer) && !region.refer_to_base_of(super::region_of(answerer)) {
                    return Err(Error::buffer(c"buffer is read-only"));
                }
                Ok(region.base)
            })?
        };
        Ok(Resolved { region, _keeper: keeper })
    }

    /// As [`resolved`](Self::resolved), for looks of this library, with the errors of Python 2.
    ///
    /// # Safety
    /// As [`resolved`](Self::resolved).
    pub(super) unsafe fn found(&self) -> Result<Resolved> {
        // SAFETY: the caller keeps the old buffer alive (O1).
        unsafe { self.resolved() }.map_err(|error| refused(error, self.request()))
    }

    /// The request to the base.
    pub(super) const fn request(&self) -> Request {
        if self.readonly { Request::SIMPLE } else { Request::WRITABLE }
    }

    /// Looks at the base, if there is one.
    ///
    /// # Safety
    /// As `Acquired::look`; the old buffer lives as long.
    pub(super) unsafe fn look(&self, view: &mut Acquired, within: Within) -> Result<()> {
        if self.base.is_null() {
            return Ok(());
        }
        let request = self.request();
        // SAFETY: the old buffer owns a reference to its base (O1).
        unsafe { view.look(self.base, request, within) }.map_err(|error| refused(error, request))
    }

    /// Looks at the base as the first of two.
    ///
    /// # Safety
    /// As [`look`](Self::look).
    pub(super) unsafe fn look_first(&self, both: &mut Both, within: Within) -> Result<()> {
        if self.base.is_null() {
            return Ok(());
        }
        let request = self.request();
        // SAFETY: the old buffer owns a reference to its base (O1).
        unsafe { both.look_first(self.base, request, within) }.map_err(|error| refused(error, request))
    }

    /// Looks at the base as the second of two; `to_first` is the request to the first.
    ///
    /// # Safety
    /// As [`look`](Self::look).
    pub(super) unsafe fn look_second(&self, both: &mut Both, to_first: Request, within: Within) -> Result<()> {
        if self.base.is_null() {
            return Ok(());
        }
        let request = self.request();
        // SAFETY: the old buffer owns a reference to its base (O1).
        of_either(unsafe { both.look_second(self.base, request, within) }, to_first, request)
    }

    /// Refuses what it cannot meet, before the base counts a view for it.
    pub(super) fn meets(&self, request: Request) -> Result<()> {
        if self.readonly && request.writable() { Err(buffer::Refusal::NotWritable.into()) } else { Ok(()) }
    }

    /// The address and number of the bytes, given the view of the base.
    pub(super) fn place(&self, view: &Py_buffer) -> (*mut u8, Py_ssize_t) {
        if self.base.is_null() {
            return (self.start, self.size);
        }
        let offset = self.offset.min(view.len);
        let left = view.len.saturating_sub(offset);
        let size = if self.size == END_OF_BUFFER { left } else { self.size.min(left) };
        (view.buf.cast::<u8>().wrapping_offset(offset), size)
    }

    /// The bytes, given the view of the base.
    ///
    /// # Safety
    /// They are not written while the result is used (W3); the view is held as long.
    pub(super) unsafe fn bytes<'a>(&self, view: &'a Acquired) -> &'a [u8] {
        match self.place(view.view()) {
            (_, 0) => &[],
            // SAFETY: the base vouches for its memory (B1), and the program for its own.
            (start, size) => unsafe { core::slice::from_raw_parts(start, size.unsigned_abs()) },
        }
    }

    /// Writes bytes at a place. They may overlap the region.
    ///
    /// # Safety
    /// There are as many from the place on; the base was asked for memory that may be written; W3.
    pub(super) unsafe fn write(&self, view: &Acquired, place: isize, from: &Acquired) {
        let (start, _) = self.place(view.view());
        let from = from.view();
        // SAFETY: the caller guarantees that there are as many bytes from the place on, which may be written (B1, W3). Where
        // there is nothing to write an address may be NULL.
        unsafe {
            if from.len > 0 {
                core::ptr::copy(from.buf.cast::<u8>(), start.wrapping_offset(place), from.len.unsigned_abs());
            }
        }
    }
}

/// A region of the exporter that finally answers requests, which is kept alive. A look at it has to end before.
pub(super) struct Resolved {
    region: Region,
    _keeper: Option<Owned<PyObject>>,
}

impl Deref for Resolved {
    type Target = Region;

    fn deref(&self) -> &Region {
        &self.region
    }
}

/// The error of the operand that failed.
pub(super) fn of_either(asked: AskedBoth, to_first: Request, to_second: Request) -> Result<()> {
    asked.map_err(|(operand, error)| match operand {
        Which::First => refused(error, to_first),
        Which::Second => refused(error, to_second),
    })
}

/// The error of a request for bytes. If an exporter has no contiguous or no writable bytes, it is a `TypeError`, as in
/// Python 2.
fn refused(error: Error, request: Request) -> Error {
    let refusal = type_of_kind(ErrorKind::Buffer);
    let refused = match error {
        // SAFETY: the type of a pending error is a type object.
        Error::Raised => unsafe { types::is_subtype(indicator::occurred(), refusal) },
        error => error.kind() == Some(ErrorKind::Buffer),
    };
    match (refused, request) {
        (false, _) => error,
        (true, Request::WRITABLE) => Error::wrong_type(c"writable buffer object expected"),
        (true, _) => Error::wrong_type(c"single-segment buffer object expected"),
    }
}

/// The other operand, which has to be an exporter.
///
/// # Safety
/// NULL or O1.
pub(super) unsafe fn operand(op: *mut PyObject) -> Result<*mut PyObject> {
    // SAFETY: the caller guarantees O1, for what is not NULL.
    if op.is_null() || !unsafe { buffer::is_exporter(op) } { Err(NO_EXPORTER) } else { Ok(op) }
}

/// Looks at the other operand, which has to be an exporter, as the first of two.
///
/// # Safety
/// As `Acquired::look`, but that the operand may be NULL.
pub(super) unsafe fn look_at_operand(both: &mut Both, op: *mut PyObject, within: Within) -> Result<()> {
    // SAFETY: the caller guarantees O1, for as long as the look lasts; `operand` refuses NULL.
    unsafe { both.look_first(operand(op)?, Request::SIMPLE, within) }.map_err(|error| refused(error, Request::SIMPLE))
}
