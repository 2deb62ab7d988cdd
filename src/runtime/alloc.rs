//! Memory from the hooks that a program can set; all allocations of the library use them.

use core::ffi::c_void;
use core::ptr::{NonNull, fn_addr_eq, null_mut};
use core::sync::atomic::{AtomicBool, Ordering};

use crate::abi::allocators::{PyMemAllocatorDomain, PyMemAllocatorEx};
use crate::error::{Error, Result};
use crate::platform;

/// What the memory is for. CPython: `PYMEM_DOMAIN_RAW`, `_MEM`, `_OBJ`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Any purpose.
    Raw,
    /// Buffers and arrays.
    Mem,
    /// Objects.
    Object,
}

impl Domain {
    /// The domain that a number of the C API names.
    pub(crate) const fn from_c(domain: PyMemAllocatorDomain) -> Option<Self> {
        match domain {
            0 => Some(Self::Raw),
            1 => Some(Self::Mem),
            2 => Some(Self::Object),
            _ => None,
        }
    }

    /// The functions behind the domain.
    const fn hooks(self) -> *mut PyMemAllocatorEx {
        match self {
            Self::Raw => &raw mut RAW,
            Self::Mem => &raw mut MEM,
            Self::Object => &raw mut OBJECT,
        }
    }
}

const SYSTEM: PyMemAllocatorEx = PyMemAllocatorEx {
    ctx: null_mut(),
    malloc: Some(system_malloc),
    calloc: Some(system_calloc),
    realloc: Some(system_realloc),
    free: Some(system_free),
};

static mut RAW: PyMemAllocatorEx = SYSTEM;
static mut MEM: PyMemAllocatorEx = SYSTEM;
static mut OBJECT: PyMemAllocatorEx = SYSTEM;

unsafe extern "C" fn system_malloc(_: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: malloc may be called with any size; 0 is raised to 1 so that NULL always means failure.
    unsafe { libc::malloc(size.max(1)) }
}

unsafe extern "C" fn system_calloc(_: *mut c_void, count: usize, size: usize) -> *mut c_void {
    let (count, size) = if count == 0 || size == 0 { (1, 1) } else { (count, size) };
    // SAFETY: calloc may be called with any sizes.
    unsafe { libc::calloc(count, size) }
}

unsafe extern "C" fn system_realloc(_: *mut c_void, memory: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: `memory` is NULL or came from these functions, by the contract of `realloc`.
    unsafe { libc::realloc(memory, size.max(1)) }
}

unsafe extern "C" fn system_free(_: *mut c_void, memory: *mut c_void) {
    // SAFETY: `memory` is NULL or came from these functions, by the contract of `free`.
    unsafe { libc::free(memory) }
}

/// The functions behind a domain.
pub(crate) fn allocator(domain: Domain) -> PyMemAllocatorEx {
    // SAFETY: the hooks are written by `set_allocator` only, whose contract excludes other threads.
    unsafe { *domain.hooks() }
}

/// Replaces the functions behind a domain.
///
/// # Safety
/// No other thread is inside this library. The functions keep C's rules for `malloc` and its kin, from any thread, and
/// can free what the functions before them allocated.
pub(crate) unsafe fn set_allocator(domain: Domain, hooks: PyMemAllocatorEx) {
    // SAFETY: the caller guarantees that no other thread is inside the library, so none reads meanwhile.
    unsafe { *domain.hooks() = hooks };
    let is_system = |domain| {
        let PyMemAllocatorEx { malloc, calloc, realloc, free, .. } = allocator(domain);
        malloc.is_some_and(|malloc| fn_addr_eq(malloc, system_malloc as unsafe extern "C" fn(_, _) -> _))
            && calloc.is_some_and(|calloc| fn_addr_eq(calloc, system_calloc as unsafe extern "C" fn(_, _, _) -> _))
            && realloc.is_some_and(|realloc| fn_addr_eq(realloc, system_realloc as unsafe extern "C" fn(_, _, _) -> _))
            && free.is_some_and(|free| fn_addr_eq(free, system_free as unsafe extern "C" fn(_, _)))
    };
    let foreign = ![Domain::Raw, Domain::Mem, Domain::Object].into_iter().all(is_system);
    FOREIGN.store(foreign, Ordering::Relaxed);
}

static FOREIGN: AtomicBool = AtomicBool::new(false);

/// Whether an allocation may run functions of the program, which may use the objects of this library.
pub(crate) fn is_foreign() -> bool {
    FOREIGN.load(Ordering::Relaxed)
}

/// The greatest size that is passed to an allocator, as in CPython: it must fit in a `Py_ssize_t`.
const LARGEST: usize = isize::MAX.unsigned_abs();

/// `PyMem_Malloc` and kin: `size` bytes, uninitialised; NULL on failure.
pub(crate) fn malloc(domain: Domain, size: usize) -> *mut c_void {
    let hooks = allocator(domain);
    match hooks.malloc {
        // SAFETY: the contract of `set_allocator`: it may be called like C's malloc.
        Some(malloc) if size <= LARGEST => unsafe { malloc(hooks.ctx, size) },
        _ => null_mut(),
    }
}

/// `PyMem_Calloc` and kin: `count * size` bytes, zeroed; NULL on failure.
pub(crate) fn calloc(domain: Domain, count: usize, size: usize) -> *mut c_void {
    let hooks = allocator(domain);
    match hooks.calloc {
        // SAFETY: the contract of `set_allocator`: it may be called like C's calloc.
        Some(calloc) if count.checked_mul(size).is_some_and(|bytes| bytes <= LARGEST) => unsafe {
            calloc(hooks.ctx, count, size)
        },
        _ => null_mut(),
    }
}

/// `PyMem_Realloc` and kin: the memory, moved or not, with `size` bytes; NULL on failure, and then `memory` is
/// unchanged.
///
/// # Safety
/// `memory` is NULL or a live allocation of the same domain.
pub(crate) unsafe fn realloc(domain: Domain, memory: *mut c_void, size: usize) -> *mut c_void {
    let hooks = allocator(domain);
    match hooks.realloc {
        // SAFETY: the caller guarantees that the memory is NULL or of the same domain; the caller of `set_allocator` guarantees
        // the function.
        Some(realloc) if size <= LARGEST => unsafe { realloc(hooks.ctx, memory, size) },
        _ => null_mut(),
    }
}

/// `PyMem_Free` and kin. Does nothing for NULL.
///
/// # Safety
/// `memory` is NULL or a live allocation of the same domain that is no longer used.
pub(crate) unsafe fn free(domain: Domain, memory: *mut c_void) {
    let hooks = allocator(domain);
    if let Some(free) = hooks.free {
        // SAFETY: the caller guarantees that the memory is NULL or of the same domain, and unused; the caller of
        // `set_allocator` guarantees the function.
        unsafe { free(hooks.ctx, memory) };
    }
}

/// The size of fresh memory from which large pages pay: faulting in small ones takes longer than filling them.
const LARGE: usize = 16 << 20;
/// The size of a large page, or a fraction of it.
const LARGE_PAGE: usize = 2 << 20;

/// Asks the system for large pages for fresh memory that is about to be written, if it is much.
pub(crate) fn prepare(memory: *mut u8, size: usize) {
    let head = memory.align_offset(LARGE_PAGE);
    if size >= LARGE
        && let Some(len) = size.checked_sub(head)
    {
        // SAFETY: whole pages within the memory.
        unsafe { platform::large_pages(memory.wrapping_add(head), len & !(LARGE_PAGE - 1)) };
    }
}

/// Memory of the domain `Mem` for the length of a scope.
pub(crate) struct Scratch(NonNull<u8>);

impl Scratch {
    /// `size` bytes, uninitialised.
    pub(crate) fn new(size: usize) -> Result<Self> {
        let memory = NonNull::new(malloc(Domain::Mem, size).cast()).ok_or(Error::no_memory())?;
        prepare(memory.as_ptr(), size);
        Ok(Self(memory))
    }

    /// Takes over memory from [`Scratch::into_raw`].
    ///
    /// # Safety
    /// A live allocation of the domain `Mem` that no other code frees.
    pub(crate) const unsafe fn from_raw(memory: NonNull<u8>) -> Self {
        Self(memory)
    }

    /// Ends a value in memory from [`Scratch::into_raw`], whose first bytes it has: drops it, which may run foreign code, and then
    /// frees the memory, whatever that code does.
    ///
    /// # Safety
    /// As for [`Scratch::from_raw`]; there is such a value, which no other code uses.
    pub(crate) unsafe fn end<T>(value: NonNull<T>) {
        // SAFETY: the caller guarantees it.
        unsafe {
            let memory = Self::from_raw(value.cast());
            value.as_ptr().drop_in_place();
            drop(memory);
        }
    }

    /// Makes it so large, and moves what is in it. Where there is no memory, nothing changes.
    pub(crate) fn resize(&mut self, size: usize) -> Result<()> {
        // SAFETY: a live allocation of this domain, which nothing else refers to.
        let memory = unsafe { realloc(Domain::Mem, self.0.as_ptr().cast(), size) };
        self.0 = NonNull::new(memory.cast()).ok_or(Error::no_memory())?;
        Ok(())
    }

    /// The memory; it stays this object's.
    pub(crate) fn as_ptr(&self) -> *mut u8 {
        self.0.as_ptr()
    }

    /// The memory; it becomes the caller's, to be freed in the domain `Mem`.
    pub(crate) fn into_raw(self) -> *mut u8 {
        let memory = self.0.as_ptr();
        core::mem::forget(self);
        memory
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: `new` allocated it in this domain, and nothing else frees it.
        unsafe { free(Domain::Mem, self.0.as_ptr().cast()) };
    }
}
