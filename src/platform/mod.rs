//! What systems and machines differ in, behind one interface: a file for each kind of system, which defines all of it.
//!
//! | | Linux | macOS, FreeBSD | Windows |
//! | --- | --- | --- | --- |
//! | [`random`] | `getrandom` | `getentropy` | `rand_s` |
//! | [`now`] | `clock_gettime` | the same | the performance counter |
//! | [`Key`] | POSIX's thread keys | the same | fiber-local storage |
//! | [`large_pages`] | `madvise` | by themselves, or not at all | not without a privilege |
//! | [`write_error`] | `write` | the same | the same, of the C runtime |
//! | [`yield_now`], [`sleep`] | `sched_yield`, `nanosleep` | the same | `SwitchToThread`, `Sleep` |
//! | [`single_threaded`] | glibc's variable | never known | never known |
//! | a thread's slot | `thread.c`, since Rust has no such variables without its standard library | the same | the same |
//!
//! `assembly` has what object formats and processors differ in. Everything else that the library takes from the C library
//! is C's own (`malloc`, `getenv`, `strnlen`, `abort`), and is called where it is needed.

use core::ffi::CStr;

pub(crate) mod assembly;

#[cfg(unix)]
mod posix;

#[cfg(target_os = "linux")]
#[path = "linux.rs"]
mod system;

#[cfg(any(target_os = "macos", target_os = "freebsd"))]
#[path = "bsd.rs"]
mod system;

#[cfg(windows)]
#[path = "windows.rs"]
mod system;

pub(crate) use system::{Key, large_pages, now, random, single_threaded, sleep, write_error, yield_now};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("libpybuffer supports machines with 64-bit pointers only");

/// How C's `long double` is stored.
pub(crate) enum LongDouble {
    /// The ten bytes of the x87.
    Extended,
    /// IEEE 754's 128 bits.
    Quad,
    /// As a double.
    Double,
    /// Two doubles, whose sum it is (PowerPC).
    Pair,
}

/// The C compiler's `long double`.
pub(crate) const LONG_DOUBLE: LongDouble = if cfg!(any(
    target_env = "msvc",
    all(target_vendor = "apple", target_arch = "aarch64"),
    all(windows, target_arch = "aarch64")
)) {
    LongDouble::Double
} else if cfg!(target_arch = "x86_64") {
    LongDouble::Extended
} else if cfg!(target_arch = "powerpc64") && !cfg!(any(target_env = "musl", target_os = "freebsd")) {
    LongDouble::Pair
} else if cfg!(target_arch = "powerpc64") {
    LongDouble::Double
} else {
    LongDouble::Quad
};

/// The size and the alignment of it.
pub(crate) const LONG_DOUBLE_SIZE: (u8, u8) = match LONG_DOUBLE {
    LongDouble::Double => (8, 8),
    LongDouble::Quad if cfg!(target_arch = "s390x") => (16, 8),
    _ => (16, 16),
};

/// Whether a NaN loses its sign where the processor converts between singles and doubles (RISC-V).
pub(crate) const NAN_LOSES_SIGN: bool = cfg!(target_arch = "riscv64");

/// A variable of the environment.
pub(crate) fn variable(name: &CStr) -> Option<&'static CStr> {
    // SAFETY: a C string as the name; what is found lives until the environment changes, which a program with threads must
    // not do, and which it orders with its calls, as C asks of it.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        if value.is_null() { None } else { Some(CStr::from_ptr(value)) }
    }
}
