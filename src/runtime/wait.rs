//! Waiting for another thread. All waits of the library are here.
//!
//! Waits are short: a few instructions, a copy, or one `realloc` of the C library. The thread that is waited for runs
//! no foreign code meanwhile (no slot, no `destroy`, no allocator of the program) and does not wait itself, so every
//! wait ends. docs/ownership.md lists all waits.

use crate::platform;

/// How long a thread has been waiting.
pub(crate) struct Wait(u32);

/// The turns that spin: 63 pauses of the processor in all, a few microseconds.
const SPINS: u32 = 6;
/// The turns after these that let other threads run first.
const YIELDS: u32 = 16;
/// How many nanoseconds each turn after that sleeps. Yielding is not enough for a thread of higher priority than the one it waits for.
const SLEEP: u32 = 50_000;

impl Wait {
    /// No waiting yet.
    pub(crate) const fn new() -> Self {
        Self(0)
    }

    /// Lets a little time pass: spins first, then yields, then sleeps.
    #[cold]
    pub(crate) fn pause(&mut self) {
        let turn = self.0;
        self.0 = turn.saturating_add(1);
        if turn < SPINS {
            (0..1u32 << turn).for_each(|_| core::hint::spin_loop());
        } else if turn < SPINS.saturating_add(YIELDS) {
            platform::yield_now();
        } else {
            platform::sleep(SLEEP);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SPINS, Wait, YIELDS};

    /// A thread that waits long leaves the processor to others: each kind of turn is taken.
    #[test]
    fn waits_of_any_length_end() {
        let mut wait = Wait::new();
        (0..SPINS + YIELDS + 2).for_each(|_| wait.pause());
        assert_eq!(wait.0, SPINS + YIELDS + 2);
        // However long that is.
        let mut wait = Wait(u32::MAX);
        wait.pause();
        assert_eq!(wait.0, u32::MAX);
    }
}
