//! pybuffer.memory: memory of the program, with a function that is called when it is no longer needed.
//!
//! One allocation: the object, its three arrays, and its format.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::size_of;
use core::ptr::null_mut;

use crate::abi::buffer::Py_buffer;
use crate::abi::exporting::pybuffer_destroy;
use crate::abi::object::{Py_hash_t, Py_ssize_t, PyObject};
use crate::abi::slots::PyBufferProcs;
use crate::abi::types::{PyTypeObject, TPFLAGS_LOOKS, TPFLAGS_OWN, TPFLAGS_READY};
use crate::buffer::{self, Ending, LookProcs, Request};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::format::{self, size_of_items};
use crate::layout::{MAX_NDIM, bytes_of, too_many_axes};
use crate::runtime::boundary::boundary;
use crate::runtime::hash::PyObject_HashNotImplemented;
use crate::runtime::holds::Pin;
use crate::runtime::indicator;
use crate::runtime::object;
use crate::runtime::refs::{self, Object, Owned};
use crate::runtime::types::{self, identity_hash, object_dealloc};

/// An exporter of memory of the program. Opaque to C. It does not change until it is destroyed.
#[repr(C)]
pub(crate) struct MemoryObject {
    ob_base: PyObject,
    /// The full description. The arrays and the format follow this struct; `obj` is an owned reference or NULL.
    description: Py_buffer,
    destroy: pybuffer_destroy,
    context: *mut c_void,
    /// The memory has been returned to the program: the object is being destroyed.
    gone: bool,
}

// SAFETY: `repr(C)`, and its first field is a `PyObject`.
unsafe impl Object for MemoryObject {}

/// The type of the objects that `pybuffer_memory_new` makes. Those of read-only memory have a hash, so that memoryviews of
/// them have one, too.
#[unsafe(no_mangle)]
pub static mut pybuffer_memory_type: PyTypeObject = PyTypeObject {
    tp_dealloc: Some(memory_dealloc),
    tp_hash: Some(memory_hash),
    tp_as_buffer: (&raw mut BUFFER).cast(),
    tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_LOOKS,
    ..types::derived(c"pybuffer.memory", size_of::<MemoryObject>(), 0)
};

static mut BUFFER: LookProcs = LookProcs {
    procs: PyBufferProcs { bf_getbuffer: Some(memory_getbuffer), bf_releasebuffer: None },
    look: memory_look,
    end: buffer::nothing_to_end,
};

/// `pybuffer_memory_new`: an exporter of the memory that is described.
///
/// # Safety
/// B1 for the description; its memory lives until `destroy` is called with `context`, which may be done once, from any
/// thread.
pub(crate) unsafe fn new(
    description: &Py_buffer,
    destroy: pybuffer_destroy,
    context: *mut c_void,
) -> Result<Owned<MemoryObject>> {
    // SAFETY: the caller guarantees B1 for the description: NULL or a C string.
    let given = unsafe { (!description.format.is_null()).then(|| CStr::from_ptr(description.format)) };
    // SAFETY: the caller guarantees B1 for the description.
    let structure = unsafe { buffer::described(description) }?;
    // Without a format nothing is said about the items, as in the answer to a request without `PyBUF_FORMAT`.
    let size = given.map_or(Ok(structure.itemsize), |format| size_of_items(format, structure.itemsize))?;
    if size != structure.itemsize {
        let (size, itemsize) = (Argument::Size(size), Argument::Size(structure.itemsize));
        return Err(Error::with(ErrorKind::Buffer, c"itemsize is %zd, but that of the format is %zd", itemsize, size));
    }
    let format = given.unwrap_or(c"B").to_bytes_with_nul();
    let entries = structure.ndim.saturating_mul(3);
    let size = size_of::<MemoryObject>()
        .saturating_add(entries.saturating_mul(size_of::<Py_ssize_t>()))
        .saturating_add(format.len());
    let head = MemoryObject {
        ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut pybuffer_memory_type },
        description: Py_buffer { obj: null_mut(), ..*description },
        destroy,
        context,
        gone: false,
    };
    // SAFETY: the head has one reference and a static type; the size is that of the head, the arrays and the text, which
    // are written here before anything is read. From here on nothing fails.
    unsafe {
        let object = object::new(size, head)?;
        let arrays: *mut Py_ssize_t = object.as_ptr().add(1).cast();
        arrays.write_bytes(0, entries);
        let text: *mut c_char = arrays.add(entries).cast();
        core::ptr::copy_nonoverlapping(format.as_ptr().cast(), text, format.len());
        let array = |number: usize| arrays.add(structure.ndim.saturating_mul(number));
        let slice = |number| core::slice::from_raw_parts_mut(array(number), structure.ndim);
        structure.complete(slice(0), slice(1), slice(2));
        let own = &mut (*object.as_ptr()).description;
        own.format = text;
        let has_axes = structure.ndim != 0;
        own.shape = if has_axes { array(0) } else { null_mut() };
        own.strides = if has_axes { array(1) } else { null_mut() };
        own.suboffsets = if structure.suboffsets.is_some() { array(2) } else { null_mut() };
        if !description.obj.is_null() {
            refs::incref(description.obj);
            own.obj = description.obj;
        }
        Ok(object)
    }
}

/// `pybuffer_memoryview_wrap`: an exporter of items of this format, without `strides` in C order.
///
/// # Safety
/// As [`new`]; `strides` is NULL or has as many entries as the shape.
pub(crate) unsafe fn wrap(
    data: *mut c_void,
    format: &CStr,
    shape: &[Py_ssize_t],
    strides: *const Py_ssize_t,
    readonly: bool,
    destroy: pybuffer_destroy,
    context: *mut c_void,
) -> Result<Owned<MemoryObject>> {
    let itemsize = format::size(format)?;
    let ndim = c_int::try_from(shape.len()).ok().filter(|_| shape.len() <= MAX_NDIM).ok_or(too_many_axes(MAX_NDIM))?;
    if shape.iter().any(|&items| items < 0) {
        return Err(Error::value(c"shape must not be negative"));
    }
    let description = Py_buffer {
        buf: data,
        len: bytes_of(shape, itemsize).ok_or(Error::buffer(c"product(shape) * itemsize is too large"))?,
        itemsize,
        readonly: readonly.into(),
        ndim,
        format: format.as_ptr().cast_mut(),
        shape: if ndim == 0 { null_mut() } else { shape.as_ptr().cast_mut() },
        strides: if ndim == 0 { null_mut() } else { strides.cast_mut() },
        ..Py_buffer::EMPTY
    };
    // SAFETY: the caller guarantees B1 for the strides; all else is that of Rust, and what is copied.
    unsafe { new(&description, destroy, context) }
}

/// Makes the object forget its `destroy`, if it could not be returned: the memory stays the caller's.
pub(crate) fn disown(object: &Owned<MemoryObject>) {
    // SAFETY: no code but the caller has seen the object (O3).
    unsafe { (*object.as_ptr()).destroy = None };
}

unsafe extern "C" fn memory_dealloc(op: *mut PyObject) {
    // SAFETY: O1, O2; no reference is left, so this thread has the object to itself. The contract of `new`: `destroy` may
    // be called, once. Errors that it leaves pending are dropped. The object of the description is dropped after it, since the
    // memory may be that one's. Both are the object's no more before foreign code runs.
    unsafe {
        let memory: *mut MemoryObject = op.cast();
        let empty = || {
            (*memory).gone = true;
            let destroy = (&raw mut (*memory).destroy).replace(None);
            let behind = Owned::from_raw((&raw mut (*memory).description.obj).replace(null_mut()));
            if let Some(destroy) = destroy {
                let context = (*memory).context;
                indicator::quietly(|| destroy(context));
            }
            drop(behind);
        };
        if refs::emptied(op, empty) {
            object_dealloc(op);
        }
    }
}

/// The description that answers requests for views and looks; not while the object is being destroyed.
///
/// # Safety
/// O1, O2, for as long as the result is used.
#[inline]
unsafe fn description_of<'a>(op: *mut PyObject) -> Result<&'a Py_buffer> {
    // SAFETY: O1, O2.
    let memory = unsafe { &*op.cast::<MemoryObject>() };
    if memory.gone {
        return Err(Error::buffer(c"pybuffer.memory: the memory is being destroyed"));
    }
    Ok(&memory.description)
}

unsafe extern "C" fn memory_getbuffer(op: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int {
    boundary(|| {
        if view.is_null() {
            return Err(Error::buffer(c"pybuffer.memory: view==NULL argument is obsolete"));
        }
        // SAFETY: O1, O2: a slot of this type; `view` may be written. The description is complete.
        unsafe {
            let description = description_of(op).inspect_err(|_| (&raw mut (*view).obj).write(null_mut()))?;
            buffer::fill_complete(view, op, description, Request::of_slot(flags))
        }
    })
}

/// Nothing is counted: the memory lives as long as the object.
///
/// # Safety
/// O1, O2, and B2 for the view.
unsafe fn memory_look(op: *mut PyObject, view: *mut Py_buffer, request: Request, _: Pin) -> Result<Ending> {
    // SAFETY: the caller guarantees O1, O2 and B2. The description is complete, and has no object in the answer.
    unsafe { buffer::answer_complete(view, null_mut(), op, description_of(op)?, request).map(|()| Ending::Nothing) }
}

/// `tp_hash`: writable memory may change, so it has no hash.
unsafe extern "C" fn memory_hash(op: *mut PyObject) -> Py_hash_t {
    // SAFETY: O1, O2: a slot of this type, whose description does not change.
    unsafe {
        if (*op.cast::<MemoryObject>()).description.readonly == 0 {
            PyObject_HashNotImplemented(op)
        } else {
            identity_hash(op)
        }
    }
}
