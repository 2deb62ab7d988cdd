//! Words that threads share: reference counts, counts of views, states. All changes to them go through here.
//!
//! A locked instruction costs five to twenty times what a plain one does, and most programs have one thread. So while the
//! process has one, a change is a load and a store (of the same atomic, relaxed, so that there is nothing that Rust or
//! ThreadSanitizer would call a race); with several it is one locked instruction. Each change asks first, before it reads the
//! word, since a second thread may start between any two changes. It cannot start during one: only the thread that makes the
//! change could start it, and between the question and the store it runs no other code. The new thread sees what the first one
//! has stored, since starting a thread synchronizes.
//!
//! glibc knows (2.32 and later, `__libc_single_threaded`). It says "several" early rather than late: from before the first
//! `pthread_create` on, mostly for good, and always in a namespace of `dlmopen`. The reference is weak (`platform/thread.c`): with
//! another C library, or in a static program without threads, the answer is "several". The header's inline functions ask the
//! same variable. The program must synchronize what glibc does not see, as the header says: threads made by `clone` itself,
//! signal handlers that change a count, objects in memory that processes share.

use core::sync::atomic::{AtomicIsize, Ordering};

use crate::platform;

/// Whether this is the only thread of the process.
#[inline(always)]
fn is_alone() -> bool {
    #[cfg(test)]
    if let Some(forced) = tests::FORCED.get() {
        return forced;
    }
    let flag = platform::single_threaded();
    // SAFETY: what it points to lives as long as the process, and is written only by a thread that is alone and about to start
    // another, so no other thread reads it meanwhile.
    unsafe { !flag.is_null() && flag.read() != 0 }
}

/// A word that other threads may change at the same time. The methods are those of `AtomicIsize`.
#[repr(transparent)]
pub(crate) struct Word(AtomicIsize);

impl Word {
    /// # Safety
    /// `value` is valid and aligned, and for the life of the result changed through atomics only (O3).
    #[inline(always)]
    pub(crate) unsafe fn from_ptr<'a>(value: *mut isize) -> &'a Self {
        // SAFETY: the caller guarantees a valid, aligned number that only atomics change (O3); a `Word` has its layout.
        unsafe { &*value.cast::<Self>() }
    }

    #[inline(always)]
    pub(crate) fn load(&self, order: Ordering) -> isize {
        self.0.load(order)
    }

    #[inline(always)]
    pub(crate) fn store(&self, value: isize, order: Ordering) {
        self.0.store(value, order);
    }

    #[inline(always)]
    pub(crate) fn fetch_add(&self, number: isize, order: Ordering) -> isize {
        if is_alone() {
            let before = self.0.load(Ordering::Relaxed);
            self.0.store(before.wrapping_add(number), Ordering::Relaxed);
            before
        } else {
            self.0.fetch_add(number, order)
        }
    }

    #[inline(always)]
    pub(crate) fn fetch_sub(&self, number: isize, order: Ordering) -> isize {
        self.fetch_add(number.wrapping_neg(), order)
    }

    #[inline(always)]
    pub(crate) fn fetch_and(&self, mask: isize, order: Ordering) -> isize {
        if is_alone() {
            let before = self.0.load(Ordering::Relaxed);
            self.0.store(before & mask, Ordering::Relaxed);
            before
        } else {
            self.0.fetch_and(mask, order)
        }
    }

    #[inline(always)]
    pub(crate) fn compare_exchange(
        &self,
        current: isize,
        new: isize,
        success: Ordering,
        failure: Ordering,
    ) -> Result<isize, isize> {
        if is_alone() {
            let before = self.0.load(Ordering::Relaxed);
            if before != current {
                return Err(before);
            }
            self.0.store(new, Ordering::Relaxed);
            Ok(before)
        } else {
            self.0.compare_exchange(current, new, success, failure)
        }
    }

    /// `change` only calculates.
    #[inline(always)]
    pub(crate) fn fetch_update(
        &self,
        success: Ordering,
        failure: Ordering,
        mut change: impl FnMut(isize) -> Option<isize>,
    ) -> Result<isize, isize> {
        if is_alone() {
            let before = self.0.load(Ordering::Relaxed);
            self.0.store(change(before).ok_or(before)?, Ordering::Relaxed);
            Ok(before)
        } else {
            self.0.fetch_update(success, failure, change)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::cell::Cell;
    use std::thread;

    std::thread_local! {
        /// What [`is_alone`] answers in this thread instead of the truth.
        pub(super) static FORCED: Cell<Option<bool>> = const { Cell::new(None) };
    }

    impl Word {
        pub(crate) const fn new(value: isize) -> Self {
            Self(AtomicIsize::new(value))
        }
    }

    /// Runs a body as the only thread would, and as one of several would.
    fn both_ways(body: impl Fn()) {
        for alone in [true, false] {
            FORCED.set(Some(alone));
            body();
        }
        FORCED.set(None);
    }

    const RELAXED: Ordering = Ordering::Relaxed;

    #[test]
    fn one_thread_and_several_do_the_same() {
        both_ways(|| {
            let word = Word::new(5);
            assert_eq!((word.fetch_add(3, RELAXED), word.load(RELAXED)), (5, 8));
            assert_eq!((word.fetch_sub(2, RELAXED), word.load(RELAXED)), (8, 6));
            assert_eq!((word.fetch_and(!4, RELAXED), word.load(RELAXED)), (6, 2));
            assert_eq!((word.compare_exchange(2, 9, RELAXED, RELAXED), word.load(RELAXED)), (Ok(2), 9));
            assert_eq!((word.compare_exchange(2, 1, RELAXED, RELAXED), word.load(RELAXED)), (Err(9), 9));
            let double = |value: isize| (value < 10).then_some(value * 2);
            assert_eq!((word.fetch_update(RELAXED, RELAXED, double), word.load(RELAXED)), (Ok(9), 18));
            assert_eq!((word.fetch_update(RELAXED, RELAXED, double), word.load(RELAXED)), (Err(18), 18));
        });
    }

    #[test]
    fn numbers_wrap_either_way() {
        both_ways(|| {
            let word = Word::new(isize::MAX);
            assert_eq!((word.fetch_add(1, RELAXED), word.load(RELAXED)), (isize::MAX, isize::MIN));
            assert_eq!((word.fetch_sub(isize::MIN, RELAXED), word.load(RELAXED)), (isize::MIN, 0));
        });
    }

    #[test]
    fn a_process_with_threads_is_not_alone() {
        assert!(!thread::spawn(is_alone).join().unwrap_or(true));
    }
}
