//! The allocator's interface. CPython: `cpython/pymem.h`.

use core::ffi::{c_int, c_void};

/// The functions of one allocation domain. All four are called with `ctx` first; they may be called from any thread,
/// two at a time. Each result must be aligned for any type, and not NULL for a size of 0 unless memory has run out.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PyMemAllocatorEx {
    /// Passed to each function.
    pub ctx: *mut c_void,
    /// As C's `malloc`.
    pub malloc: Option<unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void>,
    /// As C's `calloc`.
    pub calloc: Option<unsafe extern "C" fn(*mut c_void, usize, usize) -> *mut c_void>,
    /// As C's `realloc`.
    pub realloc: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> *mut c_void>,
    /// As C's `free`.
    pub free: Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>,
}

impl PyMemAllocatorEx {
    /// No functions.
    pub(crate) const NONE: Self =
        Self { ctx: core::ptr::null_mut(), malloc: None, calloc: None, realloc: None, free: None };

    /// Whether all four functions are there.
    pub(crate) const fn is_complete(&self) -> bool {
        self.malloc.is_some() && self.calloc.is_some() && self.realloc.is_some() && self.free.is_some()
    }
}

/// The allocation domains of `PyMem_GetAllocator` and `PyMem_SetAllocator`.
pub type PyMemAllocatorDomain = c_int;

const _: () = assert!(core::mem::size_of::<PyMemAllocatorEx>() == 40);
