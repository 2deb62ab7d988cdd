//! What threads do to words that they share, in every order that the memory model allows (loom). The sources are the library's
//! own: `core` is replaced by one whose atomics are loom's. Prints TAP. Each model runs as it is, and must fail once a fault has been
//! planted in the atomics.

#![allow(dead_code, reason = "a model uses a part of each source")]
#![allow(non_camel_case_types, reason = "the names are CPython's")]

// In the place of the real one, in all modules.
extern crate pybuffer_models as core;

mod abi {
    pub mod object {
        pub type Py_ssize_t = isize;
    }
}

mod platform {
    /// The process always has threads.
    pub fn single_threaded() -> *const u8 {
        std::ptr::null()
    }
}

#[path = "../../src/runtime/word.rs"]
mod word;

mod refs {
    use super::word::Word;

    /// # Safety
    /// As `Word::from_ptr`.
    pub unsafe fn atomic<'a>(value: *mut isize) -> &'a Word {
        // SAFETY: the caller's.
        unsafe { Word::from_ptr(value) }
    }
}

mod wait {
    /// Lets other threads run: nothing that a model does takes time.
    pub struct Wait;

    impl Wait {
        pub const fn new() -> Self {
            Self
        }

        pub fn pause(&mut self) {
            loom::thread::yield_now();
        }
    }
}

#[path = "../../src/runtime/holds.rs"]
mod holds;

use core::Planted;
use core::sync::atomic::AtomicIsize;
use holds::{Holds, Pin};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

/// A bytearray: the word of its holds, and memory, whose accesses loom checks.
struct Memory {
    word: AtomicIsize,
    bytes: UnsafeCell<usize>,
}

// SAFETY: as the library's objects are: who has a hold may use the memory, which is what the models find out.
unsafe impl Sync for Memory {}
// SAFETY: as above.
unsafe impl Send for Memory {}

impl Memory {
    fn new() -> Arc<Self> {
        Arc::new(Self { word: AtomicIsize::new(0), bytes: UnsafeCell::new(0) })
    }

    fn holds(&self) -> Holds<'_> {
        // SAFETY: the address is that of the atomic, and only holds change it.
        unsafe { Holds::of((&raw const self.word).cast_mut().cast()) }
    }

    fn read(&self) -> usize {
        // SAFETY: the callers have a hold; loom finds an access at the same time.
        self.bytes.with(|bytes| unsafe { *bytes })
    }

    /// As `realloc` would.
    fn change(&self) {
        // SAFETY: as above.
        self.bytes.with_mut(|bytes| unsafe { *bytes += 1 });
    }

    fn pinned_read(&self, which: Pin) -> usize {
        self.holds().pin(which);
        let read = self.read();
        self.holds().unpin();
        read
    }

    fn claimed_change(&self) -> bool {
        let claimed = self.holds().claim();
        if claimed {
            self.change();
            self.holds().end_claim();
        }
        claimed
    }
}

fn a_resize_waits_for_a_read() {
    let memory = Memory::new();
    let other = Arc::clone(&memory);
    let resize = thread::spawn(move || assert!(other.claimed_change()));
    memory.pinned_read(Pin::First);
    resize.join().unwrap();
    assert_eq!(memory.pinned_read(Pin::First), 1);
}

fn two_resizes_exclude_each_other() {
    let memory = Memory::new();
    let other = Arc::clone(&memory);
    let resize = thread::spawn(move || assert!(other.claimed_change()));
    assert!(memory.claimed_change());
    resize.join().unwrap();
    assert_eq!(memory.pinned_read(Pin::First), 2);
}

fn a_view_refuses_a_resize() {
    let memory = Memory::new();
    let other = Arc::clone(&memory);
    let resize = thread::spawn(move || other.claimed_change());
    memory.holds().add_view();
    let seen = memory.read();
    assert_eq!(memory.read(), seen);
    memory.holds().end_view();
    let changed = resize.join().unwrap();
    assert_eq!(memory.pinned_read(Pin::First), usize::from(changed));
}

fn a_second_pin_does_not_wait_for_the_resize_that_waits_for_the_first() {
    let memory = Memory::new();
    let other = Arc::clone(&memory);
    let resize = thread::spawn(move || assert!(other.claimed_change()));
    memory.holds().pin(Pin::First);
    memory.pinned_read(Pin::Second);
    memory.holds().unpin();
    resize.join().unwrap();
}

/// A model, and the faults that it must find.
type Model = (&'static str, fn(), &'static [Planted]);

const MODELS: [Model; 4] = [
    ("a resize waits for a read", a_resize_waits_for_a_read, &[Planted::Relaxed, Planted::TwoSteps]),
    ("two resizes exclude each other", two_resizes_exclude_each_other, &[Planted::Relaxed, Planted::TwoSteps]),
    ("a view refuses a resize", a_view_refuses_a_resize, &[Planted::Relaxed, Planted::TwoSteps]),
    (
        "a second pin does not wait for the resize that waits for the first",
        a_second_pin_does_not_wait_for_the_resize_that_waits_for_the_first,
        &[Planted::Relaxed, Planted::TwoSteps],
    ),
];

/// Whether the model holds in all orders.
fn holds(model: fn(), fault: Planted) -> bool {
    core::plant(fault);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    std::panic::catch_unwind(move || builder.check(model)).is_ok()
}

fn main() {
    if std::env::var_os("MODELS_SHOW").is_none() {
        std::panic::set_hook(Box::new(|_| {}));
    }
    let (mut number, mut failed) = (0, false);
    let mut test = |name: String, good: bool| {
        number += 1;
        failed |= !good;
        println!("{}ok {number} - {name}", if good { "" } else { "not " });
    };
    for (name, model, faults) in MODELS {
        test(name.to_owned(), holds(model, Planted::Nothing));
        for fault in faults {
            test(format!("{name}: {fault:?} is found"), !holds(model, *fault));
        }
    }
    println!("1..{number}");
    std::process::exit(failed.into());
}
