//! macOS and FreeBSD, which differ in one number.

use core::ffi::{c_char, c_int};
use core::ptr::{null, null_mut};

pub(crate) use super::posix::{Key, now, write_error, yield_now};

/// Fills the words with random bits; `false` where the system has none.
pub(crate) fn random(words: &mut [u64; 2]) -> bool {
    // SAFETY: the array may be written for its whole size, which is not more than the 256 bytes of one request.
    unsafe { libc::getentropy(words.as_mut_ptr().cast(), size_of_val(words)) == 0 }
}

/// FreeBSD uses large pages by itself; macOS has none that a program could ask for in memory that it has already.
///
/// # Safety
/// The bytes lie in one allocation.
pub(crate) const unsafe fn large_pages(_memory: *mut u8, _size: usize) {}

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
}

/// `PTHREAD_CANCEL_DISABLE`.
const DISABLE: c_int = if cfg!(target_os = "freebsd") { 1 } else { 0 };

/// Sleeps at least this long, which is less than a second, unless a signal comes. A thread that is cancelled does not end in
/// it, with what it holds.
pub(crate) fn sleep(nanoseconds: u32) {
    let time = libc::timespec { tv_sec: 0, tv_nsec: nanoseconds.into() };
    let mut state: c_int = 0;
    // SAFETY: a time that may be read; the rest of it after a signal is not requested. The state is set back to what it was.
    unsafe {
        pthread_setcancelstate(DISABLE, &raw mut state);
        libc::nanosleep(&raw const time, null_mut());
        pthread_setcancelstate(state, null_mut());
    }
}

/// The system does not say whether there is one thread.
#[inline(always)]
pub(crate) fn single_threaded() -> *const c_char {
    null()
}
