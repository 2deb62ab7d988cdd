//! The memory of a memoryview that is being made, and what can go wrong.

use core::ffi::{CStr, c_char, c_int};
use core::mem::{offset_of, size_of};
use core::ptr::{NonNull, null_mut};

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::{
    _Py_MEMORYVIEW_C, _Py_MEMORYVIEW_FORTRAN, _Py_MEMORYVIEW_PIL, _Py_MEMORYVIEW_SCALAR, PyMemoryViewObject,
};
use crate::abi::object::{Py_ssize_t, PyObject, PyVarObject};
use crate::buffer::Contiguity;
use crate::error::Error;
use crate::layout::{AxesMut, Structure};
use crate::runtime::alloc::{self, Domain};
use crate::runtime::refs::{Object, Owned};

use super::PyMemoryView_Type;
use super::managed::Share;
use super::whole::Laid;

// SAFETY: `repr(C)`, and its first field is a `PyVarObject`.
unsafe impl Object for PyMemoryViewObject {}

/// The error for every use of a memoryview that has been released.
#[cold]
#[inline(never)]
pub(super) fn released() -> Error {
    Error::value(c"operation forbidden on released memoryview object")
}

/// Why there is no new memoryview of another. Unlike an [`Error`], which it becomes at the boundary, it is returned in
/// registers, even in the place of a pointer, as it has the size of one.
#[derive(Clone, Copy)]
#[repr(usize)]
pub(super) enum Unmade {
    Released,
    Restricted,
    NoMemory,
}

impl From<Unmade> for Error {
    #[cold]
    #[inline(never)]
    fn from(unmade: Unmade) -> Self {
        match unmade {
            Unmade::Released => released(),
            Unmade::Restricted => Self::value(c"cannot create new view on restricted memoryview"),
            Unmade::NoMemory => Self::no_memory(),
        }
    }
}

/// State flag of this library's: the format is text after the arrays, and lives as long as the memoryview.
pub(super) const OWN_FORMAT: i32 = 0x1_0000;

/// The memory of a memoryview that is being made, which nobody else has seen. The axes and the format of its own are written
/// where they stay; the head is written at the end, once.
pub(super) struct Unfinished {
    memory: NonNull<PyMemoryViewObject>,
    pub(super) ndim: usize,
    /// A copy of the format, after the arrays; or NULL.
    format: *mut c_char,
}

impl Unfinished {
    /// Memory for `ndim` axes, at most 64, and for a copy of the format, where one is given.
    #[inline(always)]
    pub(super) fn new(ndim: usize, format: Option<&CStr>) -> core::result::Result<Self, Unmade> {
        let text = format.map_or(&[][..], CStr::to_bytes_with_nul);
        let size = ndim
            .saturating_mul(3 * size_of::<Py_ssize_t>())
            .saturating_add(offset_of!(PyMemoryViewObject, ob_array))
            .saturating_add(text.len())
            .max(size_of::<PyMemoryViewObject>());
        let memory = NonNull::new(alloc::malloc(Domain::Object, size).cast()).ok_or(Unmade::NoMemory)?;
        let mut new = Self { memory, ndim, format: null_mut() };
        if format.is_some() {
            // SAFETY: there is room for the text after the arrays.
            unsafe {
                new.format = new.array().add(ndim * 3).cast();
                core::ptr::copy_nonoverlapping(text.as_ptr(), new.format.cast(), text.len());
            }
        }
        Ok(new)
    }

    /// Where the three arrays are, one after the other. They are not written yet.
    #[inline(always)]
    pub(super) fn array(&self) -> *mut Py_ssize_t {
        // SAFETY: only the address is computed, in the object's memory.
        unsafe { (&raw mut (*self.memory.as_ptr()).ob_array).cast() }
    }

    /// The three arrays, filled with 0, suboffsets with -1.
    ///
    /// # Safety
    /// Called once; used as long as this lives.
    #[inline(always)]
    pub(super) unsafe fn axes<'a>(&self) -> AxesMut<'a> {
        let (array, ndim) = (self.array(), self.ndim);
        // SAFETY: the memory has room for three arrays, which are written before they are lent. The caller calls this once, so
        // nothing else refers to them.
        unsafe {
            match ndim {
                1 => array.cast::<[Py_ssize_t; 3]>().write([0, 0, -1]),
                2 => array.cast::<[Py_ssize_t; 6]>().write([0, 0, 0, 0, -1, -1]),
                _ => {
                    array.write_bytes(0, ndim * 2);
                    array.add(ndim * 2).write_bytes(0xFF, ndim);
                }
            }
            AxesMut {
                shape: core::slice::from_raw_parts_mut(array, ndim),
                strides: core::slice::from_raw_parts_mut(array.add(ndim), ndim),
                suboffsets: core::slice::from_raw_parts_mut(array.add(ndim * 2), ndim),
            }
        }
    }

    /// The memoryview, with this share, of what `src` shows, except for what is `laid`. `pointers` says whether it has
    /// suboffsets.
    ///
    /// # Safety
    /// B1 for what comes out; `axes` are those of this memoryview, and written.
    #[inline(always)]
    pub(super) unsafe fn finish(
        self,
        share: Share,
        src: &Py_buffer,
        laid: Laid,
        axes: &AxesMut<'_>,
        pointers: bool,
    ) -> Owned<PyMemoryViewObject> {
        let structure = Structure {
            ndim: self.ndim,
            len: laid.len,
            itemsize: laid.itemsize,
            shape: Some(axes.shape),
            strides: Some(axes.strides),
            suboffsets: if pointers && self.ndim != 0 { Some(axes.suboffsets) } else { None },
        };
        let state = state(self.ndim, Contiguity::of(&structure));
        // SAFETY: the caller guarantees B1 for the result, and has written the arrays; `state` was computed from them.
        unsafe { self.write(share, src, laid, pointers, state) }
    }

    /// As [`finish`](Self::finish), for one axis without pointers, which need not be written before.
    ///
    /// # Safety
    /// B1 for what comes out; this is memory for one axis.
    #[inline(always)]
    pub(super) unsafe fn finish_line(
        self,
        share: Share,
        src: &Py_buffer,
        laid: Laid,
        items: Py_ssize_t,
        stride: Py_ssize_t,
    ) -> Owned<PyMemoryViewObject> {
        // SAFETY: the caller guarantees B1 for the result, and room for one axis, which is written here.
        unsafe {
            self.array().cast::<[Py_ssize_t; 3]>().write([items, stride, -1]);
            let state = state(1, Contiguity::of_line(items, stride, laid.itemsize));
            self.write(share, src, laid, false, state)
        }
    }

    /// Writes the head.
    ///
    /// # Safety
    /// The arrays are written; `state` says what the view is.
    #[inline(always)]
    pub(super) unsafe fn write(
        self,
        share: Share,
        src: &Py_buffer,
        laid: Laid,
        pointers: bool,
        state: c_int,
    ) -> Owned<PyMemoryViewObject> {
        let (memory, ndim, own) = (self.memory, self.ndim, self.format);
        let (array, none) = (self.array(), null_mut());
        core::mem::forget(self);
        let view = Py_buffer {
            buf: laid.buf,
            obj: src.obj,
            len: laid.len,
            itemsize: laid.itemsize,
            readonly: laid.readonly,
            // At most 64.
            ndim: ndim as c_int,
            format: if own.is_null() { laid.format } else { own },
            shape: if ndim == 0 { none } else { array },
            strides: if ndim == 0 { none } else { array.wrapping_add(ndim) },
            suboffsets: if ndim == 0 || !pointers { none } else { array.wrapping_add(ndim * 2) },
            internal: src.internal,
        };
        // SAFETY: fresh memory of the object's size, all of which is written with this. The reference in the head is the one
        // taken.
        unsafe {
            let object = memory.as_ptr();
            (&raw mut (*object).ob_base).write(PyVarObject {
                ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut PyMemoryView_Type },
                ob_size: (ndim * 3).cast_signed(),
            });
            (&raw mut (*object).mbuf).write(share.into_raw());
            (&raw mut (*object).hash).write(-1);
            (&raw mut (*object).flags).write(if own.is_null() { state } else { state | OWN_FORMAT });
            (&raw mut (*object).exports).write(0);
            (&raw mut (*object).view).write(view);
            (&raw mut (*object).weakreflist).write(null_mut());
            Owned::from_non_null(memory)
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // SAFETY: it came from this domain, and nobody else has seen it.
        unsafe { alloc::free(Domain::Object, self.memory.as_ptr().cast()) };
    }
}

/// The state flags of a memoryview of so many axes. CPython: `init_flags`.
#[inline(always)]
pub(super) const fn state(ndim: usize, contiguity: Contiguity) -> c_int {
    let Contiguity { c, fortran, indirect } = contiguity;
    (if ndim == 0 { _Py_MEMORYVIEW_SCALAR } else { 0 })
        | (if c { _Py_MEMORYVIEW_C } else { 0 })
        | (if fortran { _Py_MEMORYVIEW_FORTRAN } else { 0 })
        | (if indirect { _Py_MEMORYVIEW_PIL } else { 0 })
}
