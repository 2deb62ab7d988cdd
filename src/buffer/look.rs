//! Looks: views of this library's own exporters for the length of one of its own calls, invisible to consumers.
//!
//! A look keeps the memory where it is, as a view does, but is not counted as one: what views refuse (a resize, a release, a
//! pop) waits for its end, or takes effect after it. Hence while there is one, only code of the library runs, with
//! the C library's allocator at most. Where foreign code runs, an exporter's slot or an allocator of the program, it has to
//! be a view, which refuses, as in CPython: `Acquired` decides.

use core::ffi::c_ulong;
use core::ptr::null_mut;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::PyObject;
use crate::abi::slots::PyBufferProcs;
use crate::abi::types::{PyTypeObject, TPFLAGS_LOOKS, TPFLAGS_OWN};
use crate::error::Result;
use crate::runtime::holds::Pin;
use crate::runtime::types;

use super::request::Request;

/// The flags of a type whose table has the slot. Other types may have only one of the two.
const LOOKS: c_ulong = TPFLAGS_OWN | TPFLAGS_LOOKS;

/// The buffer slots of a type of this library's that can be looked at; `TPFLAGS_LOOKS` says that they are these.
#[repr(C)]
pub(crate) struct LookProcs {
    pub(crate) procs: PyBufferProcs,
    pub(crate) look: Look,
    pub(crate) end: End,
}

/// Fills the view as `bf_getbuffer` does, but with no reference in `obj`, and says how that ends. It runs no foreign code and
/// raises nothing: where it would have to, it is `Ending::Release`, and nothing has happened.
///
/// # Safety
/// O1, O2, for as long as the look lasts; the view may be written, and is not moved meanwhile (B2).
pub(crate) type Look = unsafe fn(op: *mut PyObject, view: *mut Py_buffer, request: Request, pin: Pin) -> Result<Ending>;

/// Ends a look at the object, where there is something to end.
///
/// # Safety
/// The view is that of a look at it that has not ended.
pub(crate) type End = unsafe fn(op: *mut PyObject, view: &Py_buffer);

/// How a view or look ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By `PyBuffer_Release`: it is a view, or empty.
    Release,
    /// Not at all: nothing is counted.
    Nothing,
    /// By `end_look`; a claim waits for it, and no foreign code runs in it.
    Unpin,
    /// By `end_look`; no claim waits for it, and foreign code may run in it.
    Share,
}

/// For types whose looks end in `Ending::Nothing`.
///
/// # Safety
/// As [`End`].
pub(crate) unsafe fn nothing_to_end(_op: *mut PyObject, _view: &Py_buffer) {}

/// Looks at an object, unless foreign code would have to run.
///
/// # Safety
/// As [`Look`], but for O2.
#[inline]
pub(crate) unsafe fn look(op: *mut PyObject, view: *mut Py_buffer, request: Request, pin: Pin) -> Result<Ending> {
    // SAFETY: O1; the flag says what the table is.
    unsafe {
        match table(op) {
            Some(own) => (own.look)(op, view, request, pin),
            None => Ok(Ending::Release),
        }
    }
}

/// Ends a look.
///
/// # Safety
/// As [`End`].
#[inline]
pub(crate) unsafe fn end_look(op: *mut PyObject, view: &Py_buffer) {
    // SAFETY: the caller passes on what `End` asks for; what has been looked at has a table.
    unsafe {
        if let Some(own) = table(op) {
            (own.end)(op, view);
        }
    }
}

/// The table by which an object can be looked at.
///
/// # Safety
/// O1.
#[inline]
unsafe fn table<'a>(op: *mut PyObject) -> Option<&'a LookProcs> {
    // SAFETY: O1; the flag says what the table is, which lives as long as the type.
    unsafe {
        let ty = types::type_of(op);
        let table = if (*ty).tp_flags & LOOKS == LOOKS { (*ty).tp_as_buffer } else { inherited(ty) };
        table.cast::<LookProcs>().as_ref()
    }
}

/// The table of the type of this library from which a type has inherited all its buffer slots; NULL if there is none.
///
/// # Safety
/// `ty` points to a type object.
unsafe fn inherited(ty: *mut PyTypeObject) -> *mut PyBufferProcs {
    // SAFETY: the caller guarantees that `ty` points to a type object (O1); bases are type objects, and tables live as long as
    // their types.
    unsafe {
        let procs = (*ty).tp_as_buffer;
        let mut own = ty;
        while (*own).tp_flags & LOOKS != LOOKS {
            own = (*own).tp_base;
            if own.is_null() {
                return null_mut();
            }
        }
        let table = (*own).tp_as_buffer;
        let slots = |procs: *mut PyBufferProcs| {
            let PyBufferProcs { bf_getbuffer, bf_releasebuffer } = &*procs;
            (bf_getbuffer.map(|slot| slot as usize), bf_releasebuffer.map(|slot| slot as usize))
        };
        let same = procs == table || !procs.is_null() && slots(procs) == slots(table);
        if same { table } else { null_mut() }
    }
}
