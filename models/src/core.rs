//! `core` as the library's sources see it in the models: its atomics are loom's, and can be made faulty on purpose.

#![allow(unused_imports, reason = "explicit modules hide those of core")]

pub use ::core::*;

/// Faults that are planted in all atomics of a model, which must find them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    Nothing,
    /// Every ordering is `Relaxed`.
    Relaxed,
    /// Reading, changing and writing a word are two steps.
    TwoSteps,
}

static PLANTED: ::std::sync::Mutex<Planted> = ::std::sync::Mutex::new(Planted::Nothing);

pub fn plant(fault: Planted) {
    *PLANTED.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = fault;
}

fn planted() -> Planted {
    *PLANTED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

pub mod sync {
    pub mod atomic {
        pub use ::core::sync::atomic::Ordering;

        use crate::{Planted, planted};

        fn order(order: Ordering) -> Ordering {
            if planted() == Planted::Relaxed { Ordering::Relaxed } else { order }
        }

        #[derive(Debug)]
        pub struct AtomicIsize(loom::sync::atomic::AtomicIsize);

        impl AtomicIsize {
            pub fn new(value: isize) -> Self {
                Self(loom::sync::atomic::AtomicIsize::new(value))
            }

            pub fn load(&self, o: Ordering) -> isize {
                self.0.load(order(o))
            }

            pub fn store(&self, value: isize, o: Ordering) {
                self.0.store(value, order(o));
            }

            pub fn fetch_add(&self, number: isize, o: Ordering) -> isize {
                if planted() == Planted::TwoSteps {
                    let before = self.load(Ordering::Acquire);
                    self.store(before.wrapping_add(number), Ordering::Release);
                    return before;
                }
                self.0.fetch_add(number, order(o))
            }

            pub fn fetch_and(&self, mask: isize, o: Ordering) -> isize {
                if planted() == Planted::TwoSteps {
                    let before = self.load(Ordering::Acquire);
                    self.store(before & mask, Ordering::Release);
                    return before;
                }
                self.0.fetch_and(mask, order(o))
            }

            pub fn compare_exchange(
                &self,
                current: isize,
                new: isize,
                o: Ordering,
                fail: Ordering,
            ) -> Result<isize, isize> {
                if planted() == Planted::TwoSteps {
                    let before = self.load(Ordering::Acquire);
                    if before != current {
                        return Err(before);
                    }
                    self.store(new, Ordering::Release);
                    return Ok(before);
                }
                self.0.compare_exchange(current, new, order(o), order(fail))
            }

            pub fn fetch_update(
                &self,
                o: Ordering,
                fail: Ordering,
                change: impl FnMut(isize) -> Option<isize>,
            ) -> Result<isize, isize> {
                let mut change = change;
                let mut before = self.load(fail);
                while let Some(next) = change(before) {
                    match self.compare_exchange(before, next, o, fail) {
                        Ok(found) => return Ok(found),
                        Err(found) => before = found,
                    }
                }
                Err(before)
            }
        }
    }
}
