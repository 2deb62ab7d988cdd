//! Views, pins and claims, which keep memory in its place; counted in one word of the object.
//!
//! * A **view** is a consumer's. It lasts as long as the consumer likes, so a claim does not wait for its end but is
//!   refused while there are views.
//! * A **pin** is a short access by this library, for a few instructions or a copy. A claim waits for the end of all pins. A
//!   thread that has one runs no foreign code and makes no claim until it ends.
//! * A **claim** is exclusive access to the memory, in order to move it. Views and pins wait for its end. A thread that has one
//!   runs no foreign code and does not wait.
//!
//! A waiting claim sets a bit in the word, and new views and pins let it go first, except for the second pin of a thread:
//! the claim may be waiting for the first one.

use core::sync::atomic::Ordering;

use crate::abi::object::Py_ssize_t;

use super::refs::atomic;
use super::wait::Wait;
use super::word::Word;

/// The lowest bits count the views, so that the word is their number while there are no pins or claims.
const VIEW: isize = 1;
/// The bits from here on count the pins.
const PIN: isize = 1 << 40;
/// A thread waits to make a claim.
const WANTED: isize = 1 << 62;
/// There is a claim, and nothing else.
const CLAIMED: isize = isize::MIN;
const VIEWS: isize = PIN - VIEW;

/// What a thread may do for a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pin {
    /// Let a claim go first that waits for others.
    First,
    /// Do not let it go first: the thread has a pin already.
    Second,
}

/// The word of an object.
#[derive(Clone, Copy)]
pub(crate) struct Holds<'a>(&'a Word);

impl Holds<'_> {
    /// The holds that are counted in a word, which is 0 in a new object.
    ///
    /// # Safety
    /// As [`atomic`]; no other code changes the word.
    pub(crate) unsafe fn of(word: *mut Py_ssize_t) -> Self {
        // SAFETY: O3: only `Holds` changes the word.
        Self(unsafe { atomic(word) })
    }

    /// Adds to the word as soon as none of the bits is set.
    #[inline(always)]
    fn add(self, hold: isize, without: isize) {
        if !self.has_added(hold, without) {
            self.wait_and_add(hold, without);
        }
    }

    /// Adds to the word unless one of the bits is set. Returns whether it has.
    #[inline(always)]
    fn has_added(self, hold: isize, without: isize) -> bool {
        let add = |word| (word & without == 0).then(|| word + hold);
        self.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, add).is_ok()
    }

    #[cold]
    #[inline(never)]
    fn wait_and_add(self, hold: isize, without: isize) {
        let mut wait = Wait::new();
        while !self.has_added(hold, without) {
            wait.pause();
        }
    }

    /// Counts a view.
    pub(crate) fn add_view(self) {
        self.add(VIEW, CLAIMED | WANTED);
    }

    /// Counts a view, unless it has to wait. Returns whether it has.
    #[inline(always)]
    pub(crate) fn has_added_view(self) -> bool {
        self.has_added(VIEW, CLAIMED | WANTED)
    }

    /// Ends a view, if there is one: an exporter may name the object in `obj` of a view that the object never filled.
    #[inline]
    pub(crate) fn end_view(self) {
        let end = |word: isize| (word >= 0 && word & VIEWS != 0).then(|| word - VIEW);
        let _ = self.0.fetch_update(Ordering::Release, Ordering::Relaxed, end);
    }

    /// Counts a pin.
    #[inline(never)]
    pub(crate) fn pin(self, which: Pin) {
        self.add(PIN, if which == Pin::First { CLAIMED | WANTED } else { CLAIMED });
    }

    /// Ends a pin.
    #[inline(never)]
    pub(crate) fn unpin(self) {
        self.0.fetch_sub(PIN, Ordering::Release);
    }

    /// Makes a claim, unless there are views. Returns whether it has.
    pub(crate) fn claim(self) -> bool {
        let mut wait = Wait::new();
        let mut word = 0;
        loop {
            match self.0.compare_exchange(word, CLAIMED, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(found) => word = found,
            }
            // Only the waiting bit may be left; other waiting threads set it again.
            while word != word & WANTED {
                if word >= 0 && word & VIEWS != 0 {
                    if word & WANTED != 0 {
                        self.0.fetch_and(!WANTED, Ordering::Relaxed);
                    }
                    return false;
                }
                if word >= 0 && word & WANTED == 0 {
                    let wanted = word | WANTED;
                    let _ = self.0.compare_exchange(word, wanted, Ordering::Relaxed, Ordering::Relaxed);
                }
                wait.pause();
                word = self.0.load(Ordering::Relaxed);
            }
        }
    }

    /// Ends the claim.
    pub(crate) fn end_claim(self) {
        self.0.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::thread;
    use std::time::Duration;

    const fn holds(word: &Word) -> Holds<'_> {
        Holds(word)
    }

    #[test]
    fn the_word_is_the_number_of_views_and_refuses_a_claim() {
        let word = Word::new(0);
        holds(&word).add_view();
        holds(&word).add_view();
        assert_eq!(word.load(Ordering::Relaxed), 2);
        assert!(!holds(&word).claim());
        holds(&word).end_view();
        holds(&word).end_view();
        assert!(holds(&word).claim());
        holds(&word).end_claim();
        assert_eq!(word.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_view_that_nobody_has_does_not_end() {
        for word in [0, PIN, WANTED | PIN, CLAIMED] {
            let word = Word::new(word);
            let before = word.load(Ordering::Relaxed);
            holds(&word).end_view();
            assert_eq!(word.load(Ordering::Relaxed), before);
        }
    }

    /// Runs a body while another thread waits to make a claim, and gives what it got; it ends its claim itself.
    fn while_claiming(word: &Word, body: impl FnOnce()) -> bool {
        thread::scope(|scope| {
            let claim = scope.spawn(|| {
                let claimed = holds(word).claim();
                if claimed {
                    holds(word).end_claim();
                }
                claimed
            });
            while word.load(Ordering::Relaxed) & WANTED == 0 {
                thread::yield_now();
            }
            body();
            claim.join().unwrap_or(false)
        })
    }

    #[test]
    fn a_claim_waits_for_all_pins_of_a_thread() {
        let word = Word::new(0);
        holds(&word).pin(Pin::First);
        let claimed = while_claiming(&word, || {
            // It does not wait for the claim that waits for the first one.
            holds(&word).pin(Pin::Second);
            holds(&word).unpin();
            thread::sleep(Duration::from_millis(5));
            assert_eq!(word.load(Ordering::Relaxed), WANTED | PIN);
            holds(&word).unpin();
        });
        assert!(claimed);
        assert_eq!(word.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn others_let_a_claim_go_first() {
        let word = Word::new(0);
        holds(&word).pin(Pin::First);
        thread::scope(|scope| {
            let claimed = while_claiming(&word, || {
                for pins in [false, true] {
                    let word = &word;
                    scope.spawn(move || if pins { holds(word).pin(Pin::First) } else { holds(word).add_view() });
                }
                thread::sleep(Duration::from_millis(5));
                assert_eq!(word.load(Ordering::Relaxed), WANTED | PIN);
                holds(&word).unpin();
            });
            assert!(claimed, "neither of the two came between");
        });
        assert_eq!(word.load(Ordering::Relaxed), PIN | VIEW);
    }

    #[test]
    fn a_claim_that_is_refused_lets_others_in() {
        // A view as it comes where a pin has been followed by one, in the place of an exporter's slot.
        let word = Word::new(PIN);
        let claimed = while_claiming(&word, || {
            word.fetch_add(VIEW, Ordering::Relaxed);
        });
        assert!(!claimed);
        assert_eq!(word.load(Ordering::Relaxed), PIN | VIEW);
        holds(&word).pin(Pin::First);
        assert_eq!(word.load(Ordering::Relaxed), (2 * PIN) | VIEW);
    }
}
