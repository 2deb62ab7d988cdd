//! Writing exporters
//!
//! A type exports memory by its slot `bf_getbuffer`. Its objects keep one full description of their memory, a `Py_buffer`
//! of their own, and `pybuffer_fill_view` makes the answer to each request from it. Memory that needs no type of its own
//! gets an object from `pybuffer_memory_new`. `pybuffer_check_exporter` tells whether an exporter, however it is
//! written, keeps the rules of the protocol.
//!
//! A full description has `buf`, `len`, `itemsize`, `ndim`, `readonly` and, where it has axes, `shape` and `strides`;
//! `format` may be NULL ("B"), and `suboffsets` where no axis holds pointers (all negative is the same, and is passed on
//! as NULL); `internal` is passed on. `len` is `product(shape) * itemsize`.

use core::ffi::{CStr, c_char, c_int, c_void};

use crate::abi::buffer::Py_buffer;
use crate::abi::exporting::{pybuffer_destroy, pybuffer_find, pybuffer_report, pybuffer_settle};
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::buffer::{self, Listener, Request};
use crate::error::Error;
use crate::objects::{memory, memoryview};
use crate::runtime::boundary::{boundary, non_null};

use super::buffer::slice_of;

/// For `bf_getbuffer`: fills `view` as the request `flags` ask, from the full description of the exporter's memory, with a
/// new reference to `exporter`. It does what a memoryview of that memory does: fields that the flags do not ask for are left
/// out; without `PyBUF_ND` the answer is one axis without a shape, and `PyBUF_FORMAT` is refused then. `description->obj` is
/// not used. The arrays, the format and the memory must stay where they are until the view is released.
///
/// Of one axis the description may leave out the strides (contiguous items), and for single bytes also the shape;
/// the view then points into itself, and like every view it must not be moved. Of several axes it has both.
///
/// Returns 0; -1 with `view->obj` NULL and an error set: `BufferError` where the memory cannot meet the request, which
/// starts with the name of the exporter's type, where the description is incomplete or contradicts itself, or where
/// `view` is NULL; `SystemError` for another NULL or invalid flags.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_fill_view(
    view: *mut Py_buffer,
    exporter: *mut PyObject,
    description: *const Py_buffer,
    flags: c_int,
) -> c_int {
    boundary(|| {
        if view.is_null() {
            return Err(Error::buffer(c"pybuffer_fill_view: view==NULL argument is obsolete"));
        }
        // SAFETY: the program guarantees O1, B1 for the description, B2 for the view, and B3. The description is copied first:
        // it may be the view itself.
        unsafe {
            let checked = non_null(exporter).and_then(|exporter| {
                let description = *non_null(description.cast_mut())?.as_ref();
                Ok((exporter, description, Request::new(flags)?))
            });
            match checked {
                Ok((exporter, description, request)) => {
                    buffer::fill_view(view, exporter.as_ptr(), &description, request)
                }
                Err(error) => {
                    (&raw mut (*view).obj).write(core::ptr::null_mut());
                    Err(error)
                }
            }
        }
    })
}

/// An exporter of memory of the program (a pybuffer.memory object): a new reference. The arrays and the format of the
/// description are copied; a missing shape (of one axis) and missing strides (C order) are added; a new reference to
/// `description->obj` is kept where it is not NULL.
///
/// When the object is destroyed, which is after the last view of it has been released, `destroy(context)` is called, once,
/// by the thread that drops the last reference, and then the reference to `description->obj` is dropped; a pending error is
/// left as it is. `destroy` may be NULL. Read-only memory has a hash, by identity, so that memoryviews of it have theirs (of
/// the bytes); writable memory is unhashable.
///
/// NULL with an error set, and then `destroy` is not called: `BufferError` where the description is incomplete or
/// contradicts itself, also where items of a format that is not NULL do not have `itemsize` bytes; `ValueError` for an invalid format;
/// `MemoryError`, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memory_new(
    description: *const Py_buffer,
    destroy: pybuffer_destroy,
    context: *mut c_void,
) -> *mut PyObject {
    boundary(|| {
        let description = non_null(description.cast_mut())?;
        // SAFETY: B1 for the description; the program guarantees that the memory lives until `destroy` is called.
        unsafe { memory::new(description.as_ref(), destroy, context) }
    })
}

/// A memoryview of such an object, which it holds the only reference to: `destroy(context)` is called when the last
/// memoryview, and the last view, of the memory has been released. A new reference; NULL as with `pybuffer_memory_new`,
/// and then `destroy` is not called.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_from_memory(
    description: *const Py_buffer,
    destroy: pybuffer_destroy,
    context: *mut c_void,
) -> *mut PyObject {
    boundary(|| {
        let description = non_null(description.cast_mut())?;
        // SAFETY: B1 for the description; the program guarantees that the memory lives until `destroy` is called; no other code
        // has seen the object.
        unsafe { memoryview::of_memory(memory::new(description.as_ref(), destroy, context)?) }
    })
}

/// A memoryview of memory of the program: items of `format` (NULL is "B"), whose size follows from it, in `ndim` axes of this
/// shape, `strides` bytes apart; NULL for `strides` is C order. `data` is the item at index 0 of every axis. `shape` may be NULL
/// where `ndim` is 0. `destroy(context)` is called when the last memoryview, and the last view, of the memory has been
/// released; `destroy` may be NULL. A new reference.
///
/// NULL with an error set, and then `destroy` is not called: `ValueError` for an invalid format, a negative shape or more than 64
/// axes; `BufferError` where `data` is NULL though there are items, or they take more bytes than memory has; `MemoryError`,
/// `SystemError` for a NULL `shape` or a negative `ndim`. NumPy: `ndarray(shape, dtype, buffer, strides=...)`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_memoryview_wrap(
    data: *mut c_void,
    format: *const c_char,
    ndim: c_int,
    shape: *const Py_ssize_t,
    strides: *const Py_ssize_t,
    readonly: c_int,
    destroy: pybuffer_destroy,
    context: *mut c_void,
) -> *mut PyObject {
    boundary(|| {
        // SAFETY: the program guarantees a C string or NULL, and as many entries; its memory lives until `destroy` is called; no
        // other code has seen the object.
        unsafe {
            let format = if format.is_null() { c"B" } else { CStr::from_ptr(format) };
            let shape = slice_of(shape, ndim)?;
            let memory = memory::wrap(data, format, shape, strides, readonly != 0, destroy, context)?;
            memoryview::of_memory(memory)
        }
    })
}

/// Checks an exporter: sends each request that PEP 3118 and CPython name, each with and without `PyBUF_WRITABLE` and
/// `PyBUF_FORMAT`, twice by itself, once while another view is held, and some with several views held that are released
/// in another order. `report`, where it is not NULL, is called for each broken rule, once, with the first request
/// that shows it. For tests of exporters.
///
/// The rules are those of PEP 3118 and CPython's documentation. Where these leave a choice: without `PyBUF_ND`, `itemsize`
/// is 1 or what it is with it, and `ndim` 0, 1 or what it is; `PyBUF_FORMAT` without `PyBUF_ND` may be refused, and "B"
/// answers it; with it NULL is right for items of one byte; after a failure `obj` may be as it was; strides that are not used,
/// for axes of one item and memory of no bytes, may be any, and such memory may count as contiguous or not; an
/// exporter may refuse while others hold views what it answers alone. Reference counts that have changed are a leak where all
/// requests are sent again and they change again; what an exporter keeps for its next answer is none.
///
/// Returns the number of broken rules, 0 for a correct exporter; -1 with an error set where it cannot be checked:
/// `TypeError` where `obj` exports nothing, `MemoryError` where the exporter raises that, `SystemError` for a NULL `obj`.
/// A pending error is left as it is. `report` may use the library; no other thread may use `obj` meanwhile.
///
/// It survives a faulty exporter as long as that keeps what no consumer can check: what `obj`, `format` and the arrays point
/// to is there until the view is released, with `ndim` entries where that is 0 to 64.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_check_exporter(
    obj: *mut PyObject,
    report: pybuffer_report,
    context: *mut c_void,
) -> Py_ssize_t {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; the program guarantees that no other thread uses the object, and `report` may be called.
        unsafe { Ok(buffer::check_exporter(obj, Listener::Report(report), None, context)? as Py_ssize_t) }
    })
}

/// `pybuffer_check_exporter`, with all that there is to say of a broken rule, and for exporters of another interpreter: `find`,
/// where it is not NULL, is called for each broken rule; `settle`, where it is not NULL, after each call of the exporter's slots,
/// before the error indicator is read. The result and the errors are the same.
///
/// The prefixed library in a CPython process checks CPython's exporters. A CPython exporter raises in CPython; `settle` clears
/// the error there and raises this library's of the same name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_find_faults(
    obj: *mut PyObject,
    find: pybuffer_find,
    settle: pybuffer_settle,
    context: *mut c_void,
) -> Py_ssize_t {
    boundary(|| {
        let obj = non_null(obj)?;
        // SAFETY: O1; the program guarantees that no other thread uses the object, and the functions may be called.
        unsafe { Ok(buffer::check_exporter(obj, Listener::Find(find), settle, context)? as Py_ssize_t) }
    })
}
