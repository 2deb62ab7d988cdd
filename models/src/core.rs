//! `core` and `libc` as the library's sources see them in the models: atomics are loom's and can be made faulty on purpose, memory is
//! watched, waiting lets another of loom's threads run.

#![allow(unused_imports, ambiguous_glob_reexports, reason = "explicit items hide those of core and libc")]

pub use ::core::*;
pub use ::libc::*;

mod memory;

pub use memory::{free, malloc, run, touch};

use ::std::sync::atomic::{AtomicU64 as Plain, AtomicUsize as PlainSize, Ordering as Order};

/// Faults that are planted in all atomics of a model, or around them. The model must find them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planted {
    Nothing,
    /// Every ordering is `Relaxed`.
    Relaxed,
    /// Nothing acquires.
    NoAcquire,
    /// Nothing releases.
    NoRelease,
    /// Reading, changing and writing a word are two steps.
    TwoSteps,
    /// A change is made as by the only thread, though there are two.
    Alone,
}

static PLANTED: ::std::sync::Mutex<Planted> = ::std::sync::Mutex::new(Planted::Nothing);

pub fn plant(fault: Planted) {
    *PLANTED.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = fault;
}

pub fn planted() -> Planted {
    *PLANTED.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/* What the library takes from the C library. The rest is the real one. */

pub unsafe fn calloc(count: usize, size: usize) -> *mut ffi::c_void {
    // SAFETY: the memory has this size.
    unsafe {
        let memory = malloc(count * size);
        memory.cast::<u8>().write_bytes(0, count * size);
        memory
    }
}

pub unsafe fn realloc(memory: *mut ffi::c_void, size: usize) -> *mut ffi::c_void {
    // SAFETY: both have this size.
    unsafe {
        let new = malloc(size);
        if !memory.is_null() {
            let kept = memory::size_of(memory).min(size);
            new.cast::<u8>().copy_from_nonoverlapping(memory.cast(), kept);
            free(memory);
        }
        new
    }
}

/// Other bits each time, the same in each execution.
pub unsafe fn getrandom(bytes: *mut ffi::c_void, size: usize, _: ffi::c_uint) -> isize {
    let next = memory::next_random();
    // SAFETY: the caller's.
    unsafe { bytes.cast::<u8>().write_bytes(next, size) };
    size.cast_signed()
}

pub unsafe fn getenv(_: *const ffi::c_char) -> *mut ffi::c_char {
    ptr::null_mut()
}

pub unsafe fn sched_yield() -> ffi::c_int {
    loom::thread::yield_now();
    0
}

pub unsafe fn syscall(_: ffi::c_long, _: *const timespec, _: *mut timespec) -> ffi::c_long {
    loom::thread::yield_now();
    0
}

pub unsafe fn pthread_key_create(
    key: *mut pthread_key_t,
    _: Option<unsafe extern "C" fn(*mut ffi::c_void)>,
) -> ffi::c_int {
    // SAFETY: the caller's.
    unsafe { key.write(memory::new_key()) };
    0
}

pub unsafe fn pthread_key_delete(key: pthread_key_t) -> ffi::c_int {
    memory::end_key(key);
    0
}

pub unsafe fn pthread_setspecific(key: pthread_key_t, _: *const ffi::c_void) -> ffi::c_int {
    memory::use_key(key);
    0
}

pub use memory::keys;

pub mod hint {
    pub use ::core::hint::*;

    pub fn spin_loop() {
        loom::thread::yield_now();
    }
}

pub mod sync {
    pub mod atomic {
        pub use ::core::sync::atomic::Ordering;

        use ::core::cell::UnsafeCell;
        use ::core::ptr::with_exposed_provenance_mut;

        use crate::memory::Place;

        /// An atomic in its place: it has the layout of the number, and its value is the last one written, so that who has the object to
        /// itself may read and write it without.
        macro_rules! atomic {
            ($name:ident, $number:ty, [$($generic:ident)?], |$value:ident| $bits:expr, |$from:ident| $number_of:expr) => {
                #[repr(transparent)]
                pub struct $name$(<$generic>)?(UnsafeCell<$number>);

                // SAFETY: one of loom's threads runs at a time.
                unsafe impl$(<$generic>)? Sync for $name$(<$generic>)? {}
                // SAFETY: as above.
                unsafe impl$(<$generic>)? Send for $name$(<$generic>)? {}

                impl$(<$generic>)? ::core::fmt::Debug for $name$(<$generic>)? {
                    fn fmt(&self, to: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        to.write_str(stringify!($name))
                    }
                }

                impl$(<$generic>)? $name$(<$generic>)? {
                    pub const fn new(value: $number) -> Self {
                        Self(UnsafeCell::new(value))
                    }

                    pub const unsafe fn from_ptr<'a>(value: *mut $number) -> &'a Self {
                        // SAFETY: the caller's; the layout is the same.
                        unsafe { &*value.cast::<Self>() }
                    }

                    fn bits($value: $number) -> u64 {
                        $bits
                    }

                    fn number($from: u64) -> $number {
                        $number_of
                    }

                    fn place(&self) -> Place {
                        Place::of(self.0.get().cast(), size_of::<$number>())
                    }

                    pub fn load(&self, o: Ordering) -> $number {
                        Self::number(self.place().load(o))
                    }

                    pub fn store(&self, value: $number, o: Ordering) {
                        self.place().store(Self::bits(value), o);
                    }

                    pub fn compare_exchange(
                        &self,
                        current: $number,
                        new: $number,
                        o: Ordering,
                        fail: Ordering,
                    ) -> Result<$number, $number> {
                        self.place()
                            .compare_exchange(Self::bits(current), Self::bits(new), o, fail)
                            .map(Self::number)
                            .map_err(Self::number)
                    }

                    pub fn fetch_update(
                        &self,
                        o: Ordering,
                        fail: Ordering,
                        mut change: impl FnMut($number) -> Option<$number>,
                    ) -> Result<$number, $number> {
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
            };
        }

        macro_rules! number {
            ($name:ident, $number:ty) => {
                atomic!($name, $number, [], |value| value as u64, |bits| bits as $number);

                impl $name {
                    pub fn fetch_add(&self, number: $number, o: Ordering) -> $number {
                        self.place().change(o, |bits| (bits as $number).wrapping_add(number) as u64) as $number
                    }

                    pub fn fetch_and(&self, mask: $number, o: Ordering) -> $number {
                        self.place().change(o, |bits| (bits as $number & mask) as u64) as $number
                    }
                }
            };
        }

        number!(AtomicIsize, isize);
        number!(AtomicUsize, usize);
        number!(AtomicI32, i32);
        number!(AtomicU64, u64);
        number!(AtomicU8, u8);
        atomic!(AtomicBool, bool, [], |value| value.into(), |bits| bits != 0);
        atomic!(AtomicPtr, *mut T, [T], |value| value.expose_provenance() as u64, |bits| {
            with_exposed_provenance_mut(bits as usize)
        });
    }
}
