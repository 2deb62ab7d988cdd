//! The error indicator: at most one pending error in each thread.
//!
//! An error of this library with a fixed text is stored as a type and the text, so that raising it needs no memory.
//! Everything else is an instance of an exception type. Where there is no memory for one, the error becomes a
//! `MemoryError`, as in CPython.

use core::ffi::{CStr, c_void};
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::abi::object::PyObject;
use crate::abi::types::PyTypeObject;
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::platform::Key;

use super::exceptions;
use super::message::{self, Arguments, MessageWriter};
use super::pending::{self, Pending};
use super::refs::{Owned, replace_pending};
use super::types;

/// Makes an exception pending; the indicator takes over the reference.
///
/// # Safety
/// The object is an exception.
pub(crate) unsafe fn set(exception: Owned<PyObject>) {
    if let Some(exception) = NonNull::new(exception.into_raw()) {
        clear_at_thread_end();
        replace_pending(Pending::Instance(exception));
    }
}

/// Raises an error of this library's own. [`Error::Raised`] says that the indicator is as it should be already.
pub(crate) fn raise(error: Error) {
    let (kind, text, arguments) = match error {
        Error::Raised => return,
        Error::NullArgument if pending::is_any() => return,
        Error::NullArgument => {
            return replace_pending(Pending::Fixed(ErrorKind::System, c"null argument to internal routine"));
        }
        Error::New { kind, text, arguments } => (kind, text, arguments),
    };
    if arguments == [Argument::None; 2] {
        return replace_pending(Pending::Fixed(kind, text));
    }
    // SAFETY: an error is made with arguments that fit its text (`Error::with`); the type is one of ours.
    let made = unsafe { formatted(exceptions::type_of_kind(kind), text, &mut arguments.iter(), &mut arguments.iter()) };
    match made {
        // SAFETY: an exception.
        Ok(exception) => unsafe { set(exception) },
        Err(_) => replace_pending(Pending::Fixed(ErrorKind::Memory, c"")),
    }
}

/// A new exception with a message made from a format. The arguments are read twice, hence passed twice.
///
/// # Errors
/// `MemoryError`, and those of [`message::render`].
///
/// # Safety
/// `ty` is an exception type that is ready; the contract of [`message::render`].
pub(crate) unsafe fn formatted(
    ty: *mut PyTypeObject,
    format: &CStr,
    measured: &mut dyn Arguments,
    written: &mut dyn Arguments,
) -> Result<Owned<PyObject>> {
    let mut length = MessageWriter::measure();
    // SAFETY: the caller's arguments fit the text.
    unsafe { message::render(format, measured, &mut length)? };
    // SAFETY: the caller's arguments fit the text; `instance` gives as much room as was asked for.
    unsafe {
        let (exception, room) = exceptions::instance(ty, length.length).ok_or(Error::no_memory())?;
        message::render(format, written, &mut MessageWriter::write(room, length.length))?;
        Ok(exception.upcast())
    }
}

/// A new exception with this message.
///
/// # Safety
/// `ty` is an exception type that is ready.
pub(crate) unsafe fn with_message(ty: *mut PyTypeObject, text: &CStr) -> Result<Owned<PyObject>> {
    let text = text.to_str().map_err(|_| Error::value(c"the message is not UTF-8"))?.as_bytes();
    // SAFETY: the caller's type is an exception type that is ready; `instance` gives as much room as was asked for, zeroed.
    unsafe {
        let (exception, room) = exceptions::instance(ty, text.len()).ok_or(Error::no_memory())?;
        MessageWriter::write(room, text.len()).push(text);
        Ok(exception.upcast())
    }
}

/// A new exception about an object, which may be missing.
///
/// # Safety
/// `ty` is an exception type that is ready.
pub(crate) unsafe fn about(ty: *mut PyTypeObject, argument: Option<Owned<PyObject>>) -> Result<Owned<PyObject>> {
    // SAFETY: the caller's type is an exception type that is ready.
    let (exception, _) = unsafe { exceptions::instance(ty, 0) }.ok_or(Error::no_memory())?;
    if let Some(argument) = argument {
        exception.set_argument(argument);
    }
    Ok(exception.upcast())
}

/// `PyErr_Occurred`: the type of the pending error, borrowed, or NULL.
pub(crate) fn occurred() -> *mut PyTypeObject {
    match pending::get() {
        Pending::None => null_mut(),
        Pending::Fixed(kind, _) => exceptions::type_of_kind(kind),
        // SAFETY: the indicator holds a reference to the exception.
        Pending::Instance(exception) => unsafe { types::type_of(exception.as_ptr()) },
    }
}

/// The pending error's message, and the object that it is about (borrowed, or NULL).
pub(crate) fn contents<'a>() -> Option<(&'a CStr, *mut PyObject)> {
    match pending::get() {
        Pending::None => None,
        Pending::Fixed(_, text) => Some((text, null_mut())),
        // SAFETY: the indicator holds a reference to the exception.
        Pending::Instance(exception) => Some(unsafe { exceptions::contents(exception.as_ptr()) }),
    }
}

/// Runs a function, drops its errors, and keeps the pending error.
pub(crate) fn quietly<T>(body: impl FnOnce() -> T) -> T {
    let saved = pending::swap(Pending::None);
    let result = body();
    replace_pending(saved);
    result
}

/// `PyErr_Clear`.
pub(crate) fn clear() {
    replace_pending(Pending::None);
}

/// Removes the pending error and returns it as an exception; as a `MemoryError` if there is no memory for one.
pub(crate) fn take() -> Option<Owned<PyObject>> {
    match pending::swap(Pending::None) {
        Pending::None => None,
        Pending::Fixed(kind, text) => {
            // SAFETY: one of our types.
            let made = unsafe { with_message(exceptions::type_of_kind(kind), text) };
            Some(made.unwrap_or_else(|_| exceptions::last_resort().upcast()))
        }
        // SAFETY: the indicator owned the reference, and it has let go of it.
        Pending::Instance(exception) => unsafe { Owned::from_raw(exception.as_ptr()) },
    }
}

/// The key whose destructor clears a thread's indicator when the thread ends, plus one; 0 before it is made.
static KEY: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn thread_ends(_: *mut c_void) {
    clear();
}

/// Arranges that the pending exception is dropped when the thread ends. If the system has no key left, an exception
/// that is still pending then leaks.
fn clear_at_thread_end() {
    let mut key = KEY.load(Ordering::Acquire);
    if key == 0 {
        let Some(made) = Key::new(thread_ends) else { return };
        let ours = made.number() + 1;
        key = match KEY.compare_exchange(0, ours, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => ours,
            Err(theirs) => {
                // Another thread was first; no other code has seen this key.
                made.delete();
                theirs
            }
        };
    }
    Key::numbered(key - 1).set();
}
