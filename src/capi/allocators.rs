//! Allocators
//!
//! Every allocation of the library goes through the functions of one of three domains: RAW, MEM (buffers and arrays) and
//! OBJ (objects). They are the C library's until a program sets its own, which it must do before it uses anything
//! else. Memory is freed in the domain that it came from. A size of 0 also gives memory, distinct from any other; a size
//! over `PY_SSIZE_T_MAX` gives NULL. None of these functions sets an error.

use core::ffi::c_void;

use crate::abi::allocators::{PyMemAllocatorDomain, PyMemAllocatorEx};
use crate::runtime::alloc::{self, Domain};

/// `size` bytes of the domain RAW, uninitialised; NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMem_RawMalloc(size: usize) -> *mut c_void {
    alloc::malloc(Domain::Raw, size)
}

/// `count` times `size` bytes of the domain RAW, zeroed; NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMem_RawCalloc(count: usize, size: usize) -> *mut c_void {
    alloc::calloc(Domain::Raw, count, size)
}

/// The memory at `memory` (NULL for none) with `size` bytes, moved or not; NULL on failure, and then `memory`
/// is unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMem_RawRealloc(memory: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the program passes NULL or live memory of the domain.
    unsafe { alloc::realloc(Domain::Raw, memory, size) }
}

/// Frees memory of the domain RAW; does nothing for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMem_RawFree(memory: *mut c_void) {
    // SAFETY: the program passes NULL or live memory of the domain.
    unsafe { alloc::free(Domain::Raw, memory) };
}

/// `size` bytes of the domain MEM, uninitialised; NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMem_Malloc(size: usize) -> *mut c_void {
    alloc::malloc(Domain::Mem, size)
}

/// `count` times `size` bytes of the domain MEM, zeroed; NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMem_Calloc(count: usize, size: usize) -> *mut c_void {
    alloc::calloc(Domain::Mem, count, size)
}

/// The memory at `memory` (NULL for none) with `size` bytes, moved or not; NULL on failure, and then `memory`
/// is unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMem_Realloc(memory: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the program passes NULL or live memory of the domain.
    unsafe { alloc::realloc(Domain::Mem, memory, size) }
}

/// Frees memory of the domain MEM; does nothing for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMem_Free(memory: *mut c_void) {
    // SAFETY: the program passes NULL or live memory of the domain.
    unsafe { alloc::free(Domain::Mem, memory) };
}

/// `size` bytes of the domain OBJ, uninitialised; NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_Malloc(size: usize) -> *mut c_void {
    alloc::malloc(Domain::Object, size)
}

/// `count` times `size` bytes of the domain OBJ, zeroed; NULL on failure.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_Calloc(count: usize, size: usize) -> *mut c_void {
    alloc::calloc(Domain::Object, count, size)
}

/// The memory at `memory` (NULL for none) with `size` bytes, moved or not; NULL on failure, and then `memory`
/// is unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_Realloc(memory: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: the program passes NULL or live memory of the domain.
    unsafe { alloc::realloc(Domain::Object, memory, size) }
}

/// Frees memory of the domain OBJ; does nothing for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_Free(memory: *mut c_void) {
    // SAFETY: the program passes NULL or live memory of the domain.
    unsafe { alloc::free(Domain::Object, memory) };
}

/// Writes the functions of a domain to `allocator`; all NULL for a domain that does not exist.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMem_GetAllocator(domain: PyMemAllocatorDomain, allocator: *mut PyMemAllocatorEx) {
    let hooks = Domain::from_c(domain).map_or(PyMemAllocatorEx::NONE, alloc::allocator);
    if !allocator.is_null() {
        // SAFETY: `allocator` is not NULL, so it may be written.
        unsafe { allocator.write(hooks) };
    }
}

/// Sets the functions of a domain, which are copied from `allocator`. Does nothing for a domain that does not exist, or
/// where `allocator` or one of its functions is NULL.
///
/// Threads: no other thread may be inside the library meanwhile. The functions may be called from any thread, even two
/// at a time, and must be able to free memory from the functions that they replace. They may use all objects of the library,
/// even the bytearray that they allocate memory for, and may wait for other threads that do so. They must leave no error
/// pending. While they run, a bytearray that the call reads counts as viewed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMem_SetAllocator(domain: PyMemAllocatorDomain, allocator: *mut PyMemAllocatorEx) {
    // SAFETY: the program guarantees that no other thread is in the library, and that `allocator` is NULL or may be read.
    let hooks = unsafe { allocator.as_ref() }.copied().filter(PyMemAllocatorEx::is_complete);
    if let (Some(domain), Some(hooks)) = (Domain::from_c(domain), hooks) {
        // SAFETY: the program guarantees that no other thread is in the library, and that `allocator` is NULL or may be read.
        unsafe { alloc::set_allocator(domain, hooks) };
    }
}
