//! Windows, with the C runtime of MinGW or of MSVC. The functions of the system are those of `kernel32.dll`, which every program
//! links; on 64-bit machines they are called as C's are.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::ptr::{null, null_mut};

type AtEnd = unsafe extern "C" fn(*mut c_void);

unsafe extern "C" {
    fn FlsAlloc(at_end: AtEnd) -> u32;
    fn FlsFree(index: u32) -> c_int;
    fn FlsSetValue(index: u32, value: *const c_void) -> c_int;
    fn GetModuleHandleExW(flags: u32, address: *const c_void, module: *mut *mut c_void) -> c_int;
    fn QueryPerformanceCounter(count: *mut i64) -> c_int;
    fn GetSystemTimeAsFileTime(time: *mut [u32; 2]);
    fn SwitchToThread() -> c_int;
    fn Sleep(milliseconds: u32);

    /// The C runtime's.
    fn rand_s(number: *mut c_uint) -> c_int;
}

/// `FLS_OUT_OF_INDEXES`.
const NO_INDEX: u32 = u32::MAX;
/// `GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS`.
const PIN_BY_ADDRESS: u32 = 1 | 4;

/// A key that each thread may set, and whose function is called when a thread that has set it ends.
#[derive(Clone, Copy)]
pub(crate) struct Key(u32);

impl Key {
    /// A new key; `None` where the system has none left.
    pub(crate) fn new(at_end: AtEnd) -> Option<Self> {
        let mut module = null_mut();
        // SAFETY: the function's address is in this library, which then stays: threads that end would else call what is no
        // longer there. `module` may be written, and the function has the type that it must have.
        let index = unsafe {
            GetModuleHandleExW(PIN_BY_ADDRESS, at_end as *const c_void, &raw mut module);
            FlsAlloc(at_end)
        };
        (index != NO_INDEX).then_some(Self(index))
    }

    /// Gives up a key that nothing else knows.
    pub(crate) fn delete(self) {
        // SAFETY: an index that was made.
        unsafe { FlsFree(self.0) };
    }

    /// Has the key's function called when this thread ends. Where there is no memory for that, it is not.
    pub(crate) fn set(self) {
        static ANY: u8 = 0;
        // SAFETY: an index that was made; any value but NULL has the function called.
        unsafe { FlsSetValue(self.0, (&raw const ANY).cast()) };
    }

    /// The key as a number.
    pub(crate) fn number(self) -> usize {
        self.0 as usize
    }

    /// The key with this number, which [`number`](Self::number) gave.
    pub(crate) fn numbered(number: usize) -> Self {
        Self(number as u32)
    }
}

/// Fills the words with random bits; `false` where the system has none.
pub(crate) fn random(words: &mut [u64; 2]) -> bool {
    words.iter_mut().all(|word| {
        let mut halves: [c_uint; 2] = [0; 2];
        // SAFETY: each half may be written.
        let got = halves.iter_mut().all(|half| unsafe { rand_s(half) == 0 });
        let [low, high] = halves;
        *word = u64::from(high) << 32 | u64::from(low);
        got
    })
}

/// Numbers that are others each time: the time of day and a fast counter.
pub(crate) fn now() -> (u64, u64) {
    let (mut time, mut count) = ([0u32; 2], 0i64);
    // SAFETY: both may be written.
    unsafe {
        GetSystemTimeAsFileTime(&raw mut time);
        QueryPerformanceCounter(&raw mut count);
    }
    let [low, high] = time;
    (u64::from(high) << 32 | u64::from(low), count.cast_unsigned())
}

/// Windows gives large pages only to programs with a privilege, and not for memory that they have already.
///
/// # Safety
/// The bytes lie in one allocation.
pub(crate) const unsafe fn large_pages(_memory: *mut u8, _size: usize) {}

/// Writes to standard error, once. A failure cannot be reported.
pub(crate) fn write_error(text: &[u8]) {
    const STANDARD_ERROR: c_int = 2;
    if let Ok(length) = c_uint::try_from(text.len()) {
        // SAFETY: as many bytes as the slice has.
        unsafe { libc::write(STANDARD_ERROR, text.as_ptr().cast(), length) };
    }
}

/// Lets other threads run.
pub(crate) fn yield_now() {
    // SAFETY: may always be called.
    unsafe { SwitchToThread() };
}

/// Sleeps at least this long, which is less than a second.
pub(crate) fn sleep(nanoseconds: u32) {
    // SAFETY: may always be called.
    unsafe { Sleep(nanoseconds.div_ceil(1_000_000)) };
}

/// The system does not say whether there is one thread.
#[inline(always)]
pub(crate) fn single_threaded() -> *const c_char {
    null()
}
