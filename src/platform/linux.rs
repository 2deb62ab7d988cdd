//! Linux, with glibc or musl.

use core::ffi::c_char;
#[cfg(not(target_env = "gnu"))]
use core::ptr::null;

pub(crate) use super::posix::{Key, now, write_error, yield_now};

/// Fills the words with random bits; `false` where the system has none.
pub(crate) fn random(words: &mut [u64; 2]) -> bool {
    // SAFETY: the array may be written for its whole size.
    let got = unsafe { libc::getrandom(words.as_mut_ptr().cast(), size_of_val(words), 0) };
    got == size_of_val(words).cast_signed()
}

/// Asks for large pages for these bytes, which are whole pages of 2 MB.
///
/// # Safety
/// The bytes lie in one allocation.
pub(crate) unsafe fn large_pages(memory: *mut u8, size: usize) {
    // SAFETY: it is a hint about whole pages within the memory, and changes nothing that it holds. Where there are no such
    // pages the answer is an error, which does not matter.
    unsafe { libc::madvise(memory.cast(), size, libc::MADV_HUGEPAGE) };
}

/// Sleeps at least this long, which is less than a second, unless a signal comes. It is not by `nanosleep`, in which a thread that
/// is cancelled would end, with what it holds.
pub(crate) fn sleep(nanoseconds: u32) {
    let time = libc::timespec { tv_sec: 0, tv_nsec: nanoseconds.into() };
    // SAFETY: a time that may be read; the rest of it after a signal is not requested.
    unsafe { libc::syscall(libc::SYS_nanosleep, &raw const time, core::ptr::null_mut::<libc::timespec>()) };
}

#[cfg(target_env = "gnu")]
unsafe extern "C" {
    /// glibc's variable, which is not 0 while the process has one thread; NULL where there is none (`thread.c`).
    static pybuffer__single_threaded: *const c_char;
}

/// A byte that is not 0 while the process has one thread; NULL where nothing knows. Rust would take the address of the
/// library's own pointer from a table first, since it does not know that the pointer is hidden.
#[cfg(all(target_env = "gnu", target_arch = "x86_64"))]
#[inline(always)]
pub(crate) fn single_threaded() -> *const c_char {
    let flag;
    // SAFETY: the instruction reads a constant.
    unsafe {
        core::arch::asm!(
            "mov {flag}, qword ptr [rip + {pointer}]",
            flag = lateout(reg) flag,
            pointer = sym pybuffer__single_threaded,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    flag
}

/// A byte that is not 0 while the process has one thread; NULL where nothing knows.
#[cfg(all(target_env = "gnu", not(target_arch = "x86_64")))]
#[inline(always)]
pub(crate) fn single_threaded() -> *const c_char {
    // SAFETY: the pointer is a constant.
    unsafe { pybuffer__single_threaded }
}

/// musl does not say.
#[cfg(not(target_env = "gnu"))]
#[inline(always)]
pub(crate) fn single_threaded() -> *const c_char {
    null()
}
