//! bytes
//!
//! An immutable sequence of bytes, with a NUL after the last. Its memory must not be written once another reference to it
//! exists. The empty object, and that of each single byte, are immortal singletons.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::{NonNull, null_mut};

use crate::abi::bytes::{PyBytesObject, PyBytesWriter};
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Error, Result};
use crate::objects::{bytes, bytes_writer, sequence};
use crate::platform::assembly::{jump, name_for_glue};
use crate::runtime::boundary::{boundary, non_null};
use crate::runtime::refs::Owned;
use crate::runtime::variadic::{
    VariadicArguments, pybuffer__bytes_format, pybuffer__bytes_format_v, pybuffer__writer_format,
};

/// A bytes object with a copy of the `size` bytes at `bytes`. Where that is NULL they are uninitialised and must be written
/// before any other code sees the object. A new reference; NULL with `SystemError` for a negative size, `OverflowError` for
/// one that exceeds `PY_SSIZE_T_MAX` together with the object's head, `MemoryError`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_FromStringAndSize(bytes: *const c_char, size: Py_ssize_t) -> *mut PyObject {
    // SAFETY: the program guarantees that `bytes` is NULL or has `size` bytes.
    boundary(|| unsafe { bytes::from_memory(bytes.cast(), size) })
}

/// A bytes object with a copy of a C string, without its NUL. A new reference; NULL with `MemoryError`, or `SystemError`
/// for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_FromString(string: *const c_char) -> *mut PyObject {
    boundary(|| {
        let string = non_null(string.cast_mut())?;
        // SAFETY: not NULL, so the program guarantees a C string.
        unsafe {
            let string = CStr::from_ptr(string.as_ptr()).to_bytes();
            bytes::from_memory(string.as_ptr(), string.len().cast_signed())
        }
    })
}

/// `obj` itself where it is a bytes object, else one with a copy of what it exports, in C order. A new reference; NULL
/// with `TypeError` where it exports nothing, what the exporter raises, `BufferError` where its answer is wrong (see
/// "Buffers"), `MemoryError`, `OverflowError` as `PyBytes_FromStringAndSize`, or `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_FromObject(obj: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let obj = NonNull::new(obj).ok_or(Error::bad_argument())?;
        // SAFETY: O1.
        unsafe { bytes::from_object(obj) }
    })
}

/// The number of bytes; -1 with `TypeError` if `obj` is not a bytes object, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_Size(obj: *mut PyObject) -> Py_ssize_t {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; O2 after the downcast.
        unsafe { Ok(bytes::content(bytes::downcast(obj)?).len().cast_signed()) }
    })
}

/// The bytes themselves, which live as long as the object; NULL with `TypeError` if `obj` is not a bytes object,
/// `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_AsString(obj: *mut PyObject) -> *mut c_char {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; O2 after the downcast.
        unsafe { Ok(bytes::start(bytes::downcast(obj)?)) }
    })
}

/// The bytes in `*string` and their number in `*length`. Where `length` is NULL there must be no NUL among them.
///
/// Returns 0; -1 with `TypeError` if `obj` is not a bytes object, `ValueError` for a NUL where `length` is NULL (`*string` is
/// written anyway), `SystemError` for a NULL `obj` or `string`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_AsStringAndSize(
    obj: *mut PyObject,
    string: *mut *mut c_char,
    length: *mut Py_ssize_t,
) -> c_int {
    boundary(|| {
        let (string, obj) = (non_null(string)?, non_null(obj)?);
        // SAFETY: O1; O2 after the downcast; `string` may be written, and `length` is NULL or may be written.
        unsafe {
            let object = bytes::downcast(obj)?;
            let content = bytes::content(object);
            string.write(bytes::start(object));
            if !length.is_null() {
                length.write(content.len().cast_signed());
            } else if content.contains(&0) {
                return Err(Error::value(c"embedded null byte"));
            }
        }
        Ok(())
    })
}

/// Replaces `*bytes` by a bytes object with its bytes and those of `other` (any exporter). The
/// reference to the old object is taken over. On failure `*bytes` is NULL, and an error is set: `TypeError` where one exports
/// no plain bytes, `MemoryError` (also for a sum above `PY_SSIZE_T_MAX`), `OverflowError` as `PyBytes_FromStringAndSize`.
/// Nothing happens where `*bytes` is NULL; with a NULL `other` it becomes NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_Concat(bytes: *mut *mut PyObject, other: *mut PyObject) {
    boundary(|| {
        let place = non_null(bytes)?;
        // SAFETY: `*bytes` is an owned reference or NULL, O1. It leaves its place first, so that no code sees it there while it
        // is being dropped.
        unsafe {
            let Some(first) = Owned::from_raw(place.replace(null_mut())) else { return Ok(()) };
            if let Ok(other) = non_null(other) {
                place.write(bytes::append(first, other)?.into_object());
            }
        }
        Ok(())
    })
}

/// `PyBytes_Concat`, and drops the reference to `other`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_ConcatAndDel(bytes: *mut *mut PyObject, other: *mut PyObject) {
    // SAFETY: `*bytes` is an owned reference or NULL, O1, and `other` is NULL or an owned reference.
    unsafe {
        PyBytes_Concat(bytes, other);
        drop(Owned::from_raw(other));
    }
}

/// Resizes a bytes object that no other code has seen yet: `*bytes`, whose reference is taken over and which may
/// move. New bytes are uninitialised. Where others hold references to it, it is copied.
///
/// Returns 0; -1 with `*bytes` NULL and an error set: `MemoryError`, `OverflowError` as `PyBytes_FromStringAndSize`,
/// `SystemError` if it is not a bytes object or the size is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyBytes_Resize(bytes: *mut *mut PyObject, newsize: Py_ssize_t) -> c_int {
    boundary(|| {
        let place = non_null(bytes)?;
        // SAFETY: `*bytes` is an owned reference, O1; O2 after the check.
        unsafe {
            let old = Owned::from_raw(place.replace(null_mut())).ok_or(Error::NullArgument)?;
            if !bytes::check(old.as_ptr()) {
                return Err(Error::bad_argument());
            }
            place.write(bytes::resize(old.cast::<PyBytesObject>(), newsize)?.into_object());
        }
        Ok(())
    })
}

/// The bytes of all items of `iterable`, with those of `sep` between each two: what any iterator gives (`tp_iter`), or what has
/// items by number (`sq_item`); each item exports plain bytes. All items are taken before the first one is asked for them. A
/// single bytes object is returned itself. A new reference. CPython 3.14.
///
/// NULL with `TypeError` where `sep` is not a bytes object, `iterable` cannot be iterated over, or an item exports no plain
/// bytes, `OverflowError` for a result above `PY_SSIZE_T_MAX`, `MemoryError`, what the iterator raises, or `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_Join(sep: *mut PyObject, iterable: *mut PyObject) -> *mut PyObject {
    boundary(|| {
        let (sep, iterable) = (non_null(sep)?, non_null(iterable)?);
        // SAFETY: O1; O2 after the downcast; W3.
        unsafe { sequence::join(bytes::downcast(sep)?, iterable) }
    })
}

/// A bytes object as Python writes it: `b'it\'s'`; with `smartquotes` in double quotes where that spares backslashes:
/// `b"it's"`. A bytes object, since there is no str. A new reference; NULL with `OverflowError` where it would be too
/// large, `MemoryError`, `TypeError` where `obj` is not a bytes object, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytes_Repr(obj: *mut PyObject, smartquotes: c_int) -> *mut PyObject {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; O2 after the downcast.
        unsafe { bytes::repr(bytes::downcast(obj)?, smartquotes != 0) }
    })
}

/// What `glue.c` calls as `pybuffer__make_formatted`.
unsafe extern "C" fn make_formatted(format: *const c_char, arguments: &mut VariadicArguments) -> *mut PyObject {
    boundary(|| {
        let (format, mut arguments) = (non_null(format.cast_mut())?, arguments);
        // SAFETY: the contract of `PyBytes_FromFormat`.
        unsafe { bytes_writer::formatted(CStr::from_ptr(format.as_ptr()), &mut arguments) }
    })
}

name_for_glue!("pybuffer__make_formatted", make_formatted);

/// A bytes object of what `format` makes of the arguments after it.
///
/// The codes are documented where the header declares it, in `header/bytes.h`.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn PyBytes_FromFormat() {
    core::arch::naked_asm!(jump!(), target = sym pybuffer__bytes_format)
}

/// `PyBytes_FromFormat` with a `va_list`.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn PyBytes_FromFormatV() {
    core::arch::naked_asm!(jump!(), target = sym pybuffer__bytes_format_v)
}

/// Starts to write bytes, which become an object when they are finished: `size` of them, uninitialised. CPython 3.15, as all
/// functions of writers.
///
/// A writer is for one thread at a time. It ends with `PyBytesWriter_Finish` or one of its kin, even where that fails, or with
/// `PyBytesWriter_Discard`. NULL with `ValueError` for a negative size, `OverflowError` as `PyBytes_FromStringAndSize`,
/// `MemoryError`.
#[unsafe(no_mangle)]
pub extern "C" fn PyBytesWriter_Create(size: Py_ssize_t) -> *mut PyBytesWriter {
    boundary(|| bytes_writer::create(size))
}

/// Ends a writer without an object. Does nothing for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytesWriter_Discard(writer: *mut PyBytesWriter) {
    if let Some(writer) = NonNull::new(writer) {
        // SAFETY: the program gives up a writer of its own.
        unsafe { bytes_writer::discard(writer) };
    }
}

/// Ends a writer: a bytes object of all its bytes. A new reference; NULL with `MemoryError`, or `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytesWriter_Finish(writer: *mut PyBytesWriter) -> *mut PyObject {
    // SAFETY: the program gives up a writer of its own.
    unsafe { finish(writer, |writer| Ok(writer.length())) }
}

/// `PyBytesWriter_Finish` with the first `size` bytes only; `ValueError` where there are fewer, or for a negative size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytesWriter_FinishWithSize(writer: *mut PyBytesWriter, size: Py_ssize_t) -> *mut PyObject {
    // SAFETY: the program gives up a writer of its own.
    unsafe { finish(writer, |_| Ok(size)) }
}

/// `PyBytesWriter_Finish` with the bytes before `buf` only, which points into the writer's bytes or to their end;
/// `ValueError` for any other, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytesWriter_FinishWithPointer(
    writer: *mut PyBytesWriter,
    buf: *mut c_void,
) -> *mut PyObject {
    // SAFETY: the program gives up a writer of its own.
    unsafe { finish(writer, |writer| Ok(writer.place(non_null(buf)?.cast()))) }
}

/// Ends a writer with as many bytes as `size` says.
///
/// # Safety
/// NULL or a writer, which the caller gives up.
unsafe fn finish(
    writer: *mut PyBytesWriter,
    size: impl FnOnce(&mut bytes_writer::Writer) -> Result<Py_ssize_t>,
) -> *mut PyObject {
    boundary(|| {
        let done = non_null(writer)?;
        // SAFETY: the caller gives up a writer.
        unsafe {
            match size(bytes_writer::writer(done)) {
                Ok(size) => bytes_writer::finish(done, size),
                Err(error) => {
                    bytes_writer::discard(done);
                    Err(error)
                }
            }
        }
    })
}

/// Where the bytes start. They move where there are more of them. NULL with `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytesWriter_GetData(writer: *mut PyBytesWriter) -> *mut c_void {
    // SAFETY: the program guarantees a writer of its own.
    boundary(|| unsafe { Ok(bytes_writer::writer(non_null(writer)?).data().cast()) })
}

/// The number of bytes; -1 with `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytesWriter_GetSize(writer: *mut PyBytesWriter) -> Py_ssize_t {
    // SAFETY: the program guarantees a writer of its own.
    boundary(|| unsafe { Ok(bytes_writer::writer(non_null(writer)?).length()) })
}

/// Appends `size` bytes; those of a C string where `size` is negative. They are not the writer's own.
///
/// Returns 0; -1 with `MemoryError`, `OverflowError` as `PyBytes_FromStringAndSize`, or `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytesWriter_WriteBytes(
    writer: *mut PyBytesWriter,
    bytes: *const c_void,
    size: Py_ssize_t,
) -> c_int {
    boundary(|| {
        let writer = non_null(writer)?;
        if bytes.is_null() && size != 0 {
            return Err(Error::NullArgument);
        }
        // SAFETY: the program guarantees a writer of its own, and as many bytes.
        unsafe { bytes_writer::writer(writer).write(bytes.cast(), size) }
    })
}

/// What `glue.c` calls as `pybuffer__append_formatted`.
unsafe extern "C" fn append_formatted(
    writer: *mut PyBytesWriter,
    format: *const c_char,
    arguments: &mut VariadicArguments,
) -> c_int {
    boundary(|| {
        let (writer, format, mut arguments) = (non_null(writer)?, non_null(format.cast_mut())?, arguments);
        // SAFETY: the contract of `PyBytesWriter_Format`.
        unsafe { bytes_writer::writer(writer).format(CStr::from_ptr(format.as_ptr()), &mut arguments) }
    })
}

name_for_glue!("pybuffer__append_formatted", append_formatted);

/// Appends what `PyBytes_FromFormat` would make.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub unsafe extern "C" fn PyBytesWriter_Format() {
    core::arch::naked_asm!(jump!(), target = sym pybuffer__writer_format)
}

/// Makes the bytes so many; new ones are uninitialised. More is reserved than is asked for, so that appending is cheap.
///
/// Returns 0; -1 with an error set, and then nothing is changed: `ValueError` for a negative size, `MemoryError`,
/// `OverflowError` as `PyBytes_FromStringAndSize`, or `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytesWriter_Resize(writer: *mut PyBytesWriter, size: Py_ssize_t) -> c_int {
    // SAFETY: the program guarantees a writer of its own.
    boundary(|| unsafe { bytes_writer::writer(non_null(writer)?).resize(size) })
}

/// `PyBytesWriter_Resize` by the difference, which may be negative; `MemoryError` for a size above `PY_SSIZE_T_MAX`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytesWriter_Grow(writer: *mut PyBytesWriter, size: Py_ssize_t) -> c_int {
    // SAFETY: the program guarantees a writer of its own.
    boundary(|| unsafe { bytes_writer::writer(non_null(writer)?).grow(size) })
}

/// `PyBytesWriter_Grow` for a program that keeps a pointer into the bytes, or to their end: returns the pointer to the same
/// place, wherever the bytes are now. NULL with an error set, and then nothing is changed; `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyBytesWriter_GrowAndUpdatePointer(
    writer: *mut PyBytesWriter,
    size: Py_ssize_t,
    buf: *mut c_void,
) -> *mut c_void {
    boundary(|| {
        let (writer, buf) = (non_null(writer)?, non_null(buf)?);
        // SAFETY: the program guarantees a writer of its own.
        let writer = unsafe { bytes_writer::writer(writer) };
        let place = writer.place(buf.cast());
        writer.grow(size)?;
        Ok(writer.data().wrapping_offset(place).cast())
    })
}
