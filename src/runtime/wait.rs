//! Waiting for another thread, which happens here and nowhere else in the library.
//!
//! What is waited for is short: a few instructions, a copy, or one `realloc` of the C library's. Whoever is waited for runs
//! no foreign code meanwhile (no slot, no `destroy`, no allocator of the program's) and waits for nobody itself, so that every
//! wait ends. docs/ownership.md lists what there is to wait for.

/// How long somebody has been waiting.
pub(crate) struct Wait(u32);

/// The turns that spin: 63 pauses of the processor in all, a few microseconds.
const SPINS: u32 = 6;
/// The turns after these that let other threads run first.
const YIELDS: u32 = 16;
/// How long each turn after that sleeps. A thread of higher priority than the one it waits for must not only yield.
static SLEEP: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 50_000 };

impl Wait {
    /// Nobody has waited yet.
    pub(crate) const fn new() -> Self {
        Self(0)
    }

    /// Lets a little time pass: first the processor's, then that of other threads.
    #[cold]
    pub(crate) fn pause(&mut self) {
        let turn = self.0;
        self.0 = turn.saturating_add(1);
        if turn < SPINS {
            (0..1u32 << turn).for_each(|_| core::hint::spin_loop());
        } else if turn < SPINS.saturating_add(YIELDS) {
            // SAFETY: may always be called.
            unsafe { libc::sched_yield() };
        } else {
            // SAFETY: a time that may be read; what is left of it after a signal is not asked for. It is not by `nanosleep`, in
            // which a thread that is cancelled would end, with what it holds.
            unsafe { libc::syscall(libc::SYS_nanosleep, &raw const SLEEP, core::ptr::null_mut::<libc::timespec>()) };
        }
    }
}
