//! What the systems that follow POSIX have in common.

use core::ffi::c_void;

/// A key that each thread may set, and whose function is called when a thread that has set it ends.
#[derive(Clone, Copy)]
pub(crate) struct Key(libc::pthread_key_t);

impl Key {
    /// A new key; `None` where the system has none left.
    pub(crate) fn new(at_end: unsafe extern "C" fn(*mut c_void)) -> Option<Self> {
        let mut key: libc::pthread_key_t = 0;
        // SAFETY: `key` may be written; the function has the type that it must have.
        let status = unsafe { libc::pthread_key_create(&raw mut key, Some(at_end)) };
        (status == 0).then_some(Self(key))
    }

    /// Gives up a key that nothing else knows.
    pub(crate) fn delete(self) {
        // SAFETY: a key that was made.
        unsafe { libc::pthread_key_delete(self.0) };
    }

    /// Has the key's function called when this thread ends. Where there is no memory for that, it is not.
    pub(crate) fn set(self) {
        static ANY: u8 = 0;
        // SAFETY: a key that was made; any value but NULL has the function called.
        unsafe { libc::pthread_setspecific(self.0, (&raw const ANY).cast()) };
    }

    /// The key as a number.
    pub(crate) fn number(self) -> usize {
        self.0 as usize
    }

    /// The key with this number, which [`number`](Self::number) gave.
    pub(crate) fn numbered(number: usize) -> Self {
        Self(number as libc::pthread_key_t)
    }
}

/// The time of day: seconds and nanoseconds.
pub(crate) fn now() -> (u64, u64) {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` may be written.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    (now.tv_sec.cast_unsigned(), now.tv_nsec.cast_unsigned())
}

/// Writes to standard error, once. A failure cannot be reported.
pub(crate) fn write_error(text: &[u8]) {
    // SAFETY: as many bytes as the slice has.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}

/// Lets other threads run.
pub(crate) fn yield_now() {
    // SAFETY: may always be called.
    unsafe { libc::sched_yield() };
}
