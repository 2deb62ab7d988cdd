//! Errors
//!
//! A function reports failure with its return value and leaves an error pending in the calling thread: an exception
//! type and a message. Each thread has its own, one at most. A function that succeeds leaves the pending error alone, so
//! look at the return value first. `Py_DECREF` and `PyBuffer_Release` never disturb a pending error.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::{NonNull, null, null_mut};

use crate::abi::object::PyObject;
use crate::abi::types::PyTypeObject;
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::objects::bytes;
use crate::platform;
use crate::platform::assembly::{jump, name_for_glue};
use crate::runtime::boundary::boundary;
use crate::runtime::message::MessageWriter;
use crate::runtime::refs::Owned;
use crate::runtime::variadic::{VariadicArguments, pybuffer__err_format, pybuffer__err_format_v};
use crate::runtime::{indicator, types};

/// The exception type that C passed, or a `SystemError`.
///
/// # Safety
/// NULL or O1.
unsafe fn exception_type(exception: *mut PyObject) -> Result<*mut PyTypeObject> {
    // SAFETY: O1 where it is not NULL.
    if exception.is_null() || !unsafe { types::is_exception_type(exception) } {
        return Err(Error::system(c"exception is not a BaseException subclass"));
    }
    Ok(exception.cast())
}

/// Makes an exception pending, or the error that prevented making it.
fn set(made: impl FnOnce() -> Result<Owned<PyObject>>) {
    boundary(|| {
        // SAFETY: the callers below make exceptions.
        unsafe { indicator::set(made()?) };
        Ok(())
    })
}

/// Makes an error pending: of the type `exception`, with a copy of the C string `message`, in UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_SetString(exception: *mut PyObject, message: *const c_char) {
    // SAFETY: O1; the program guarantees that `message` is NULL or a C string.
    set(|| unsafe {
        let ty = exception_type(exception)?;
        if message.is_null() {
            return Err(Error::NullArgument);
        }
        indicator::with_message(ty, CStr::from_ptr(message))
    });
}

/// Makes an error without a message pending.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_SetNone(exception: *mut PyObject) {
    // SAFETY: the caller's argument is passed on: NULL or O1.
    unsafe { PyErr_SetObject(exception, null_mut()) };
}

/// Makes an error pending that is about `value` (a new reference is taken; NULL for none). Where `value` is an instance
/// of `exception` itself, that very exception becomes pending. Where it is a bytes object, its content is the message.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_SetObject(exception: *mut PyObject, value: *mut PyObject) {
    // SAFETY: NULL or O1 for both.
    set(|| unsafe { exception_from(exception_type(exception)?, share(value)) });
}

/// A new reference to an object that may be missing.
///
/// # Safety
/// NULL or O1.
unsafe fn share(op: *mut PyObject) -> Option<Owned<PyObject>> {
    // SAFETY: the caller guarantees O1, for what is not NULL.
    NonNull::new(op).map(|op| unsafe { Owned::share(op) })
}

/// An exception of the type about the value; the value itself where it is one.
///
/// # Safety
/// An exception type; O1.
unsafe fn exception_from(ty: *mut PyTypeObject, value: Option<Owned<PyObject>>) -> Result<Owned<PyObject>> {
    // SAFETY: the caller guarantees O1; its type is an exception type.
    unsafe {
        match value {
            Some(value) if types::is_exception(value.as_ptr()) && types::is_instance(value.as_ptr(), ty) => Ok(value),
            value => indicator::about(ty, value),
        }
    }
}

/// Makes a `MemoryError` pending; needs no memory. Returns NULL, so that a function can end with
/// `return PyErr_NoMemory();`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_NoMemory() -> *mut PyObject {
    indicator::raise(Error::no_memory());
    null_mut()
}

/// Makes a `TypeError` about a bad argument pending. Returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_BadArgument() -> c_int {
    indicator::raise(Error::wrong_type(c"bad argument type for built-in operation"));
    0
}

/// Makes a `SystemError` pending: the caller broke the contract of a function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_BadInternalCall() {
    indicator::raise(Error::bad_argument());
}

/// `PyErr_BadInternalCall` with a source file and line, as CPython's macro of that name calls it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyErr_BadInternalCall(filename: *const c_char, lineno: c_int) {
    if filename.is_null() {
        return indicator::raise(Error::bad_argument());
    }
    indicator::raise(Error::with(
        ErrorKind::System,
        c"%s:%zd: bad argument to internal function",
        Argument::Text(filename),
        Argument::Size(lineno as isize),
    ));
}

/// The type of the pending error (a borrowed reference), or NULL where none is pending.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_Occurred() -> *mut PyObject {
    indicator::occurred().cast()
}

/// Whether the pending error is of the type `exception` or one derived from it: 1 or 0; 0 where none is pending.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_ExceptionMatches(exception: *mut PyObject) -> c_int {
    // SAFETY: O1 for `exception`; what is pending is an exception type.
    unsafe { PyErr_GivenExceptionMatches(indicator::occurred().cast(), exception) }
}

/// Whether `given`, an exception or an exception type, is of the type `exception` or one derived from it: 1 or 0. NULL
/// matches nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_GivenExceptionMatches(given: *mut PyObject, exception: *mut PyObject) -> c_int {
    if given.is_null() || exception.is_null() {
        return 0;
    }
    // SAFETY: O1.
    unsafe {
        let given = if types::is_exception_type(given) || !types::is_exception(given) {
            given
        } else {
            types::type_of(given).cast()
        };
        let both = types::is_exception_type(given) && types::is_exception_type(exception);
        (if both { types::is_subtype(given.cast(), exception.cast()) } else { given == exception }).into()
    }
}

/// Clears the pending error, if there is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_Clear() {
    indicator::clear();
}

/// Takes the pending error out of the thread: its type, its exception, and NULL where CPython has a traceback. The
/// references are the caller's. All three are NULL where none is pending.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_Fetch(ty: *mut *mut PyObject, value: *mut *mut PyObject, traceback: *mut *mut PyObject) {
    let exception = indicator::take();
    // SAFETY: O1; each pointer is NULL or may be written.
    unsafe {
        let of = exception.as_ref().and_then(|exception| share(types::type_of(exception.as_ptr()).cast()));
        for (to, object) in [(ty, of), (value, exception), (traceback, None)] {
            if !to.is_null() {
                to.write(object.map_or(null_mut(), Owned::into_raw));
            }
        }
    }
}

/// Makes pending what `PyErr_Fetch` returned, replacing any pending error; takes over all three references. With a
/// NULL `ty` nothing is pending afterwards. A `traceback` is dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_Restore(ty: *mut PyObject, value: *mut PyObject, traceback: *mut PyObject) {
    // SAFETY: each is NULL or an owned reference that the caller gives up.
    unsafe {
        let (ty, value) = (Owned::from_raw(ty), Owned::from_raw(value));
        drop(Owned::from_raw(traceback));
        match ty {
            None => indicator::clear(),
            Some(ty) => set(|| exception_from(exception_type(ty.as_ptr())?, value)),
        }
    }
}

/// Writes the pending error to standard error as `Name: message` and clears it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyErr_Print() {
    let (name, message) = (pybuffer_error_name(), pybuffer_error_message());
    if name.is_null() {
        return;
    }
    // One write, so that lines of several threads do not mix; longer ones are cut.
    let mut line = [0u8; 1024];
    // SAFETY: both are C strings; the array may be written for its size.
    let length = unsafe {
        let mut sink = MessageWriter::write(line.as_mut_ptr(), line.len() - 1);
        sink.push(CStr::from_ptr(name).to_bytes());
        let message = CStr::from_ptr(message).to_bytes();
        if !message.is_empty() {
            sink.push(b": ");
            sink.push(message);
        }
        sink.length.min(line.len() - 1)
    };
    if let Some(end) = line.get_mut(length) {
        *end = b'\n';
    }
    platform::write_error(line.get(..=length).unwrap_or(&line));
    indicator::clear();
}

/// The name of the pending error's type, such as "BufferError"; NULL where none is pending. It lives as long as the type.
#[unsafe(no_mangle)]
pub extern "C" fn pybuffer_error_name() -> *const c_char {
    match NonNull::new(indicator::occurred()) {
        // SAFETY: an exception type (O5, or kept alive by the pending exception).
        Some(ty) => unsafe { (*ty.as_ptr()).tp_name },
        None => null(),
    }
}

/// The message of the pending error, in UTF-8, "" where it has none; NULL where no error is pending. It lives until the
/// pending error of this thread changes.
#[unsafe(no_mangle)]
pub extern "C" fn pybuffer_error_message() -> *const c_char {
    let Some((message, argument)) = indicator::contents() else { return null() };
    // SAFETY: the exception keeps its argument alive; O2 after the check.
    unsafe {
        match NonNull::new(argument) {
            Some(argument) if bytes::check(argument.as_ptr()) => bytes::start(argument.cast()),
            _ => message.as_ptr(),
        }
    }
}

/// What `glue.c` calls as `pybuffer__raise_formatted`.
unsafe extern "C" fn raise_formatted(
    exception: *mut PyObject,
    format: *const c_char,
    measured: &mut VariadicArguments,
    written: &mut VariadicArguments,
) -> *mut PyObject {
    // SAFETY: the contract of `PyErr_Format`.
    set(|| unsafe {
        let ty = exception_type(exception)?;
        if format.is_null() {
            return Err(Error::NullArgument);
        }
        let (mut measured, mut written) = (measured, written);
        indicator::formatted(ty, CStr::from_ptr(format), &mut measured, &mut written)
    });
    null_mut()
}

name_for_glue!("pybuffer__raise_formatted", raise_formatted);

/// Makes an error of the type `exception` pending, with a message made from `format` and the arguments after it. Returns
/// NULL.
///
/// The codes are documented where the header declares it, in `header/error.h`.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn PyErr_Format() {
    core::arch::naked_asm!(jump!(), target = sym pybuffer__err_format)
}

/// `PyErr_Format` with a `va_list`.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn PyErr_FormatV() {
    core::arch::naked_asm!(jump!(), target = sym pybuffer__err_format_v)
}
