//! What systems and machines differ in, behind one interface: a file for each system, which defines all of it.
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

#[cfg(target_os = "macos")]
#[path = "macos.rs"]
mod system;

#[cfg(target_os = "freebsd")]
#[path = "freebsd.rs"]
mod system;

#[cfg(windows)]
#[path = "windows.rs"]
mod system;

pub(crate) use system::{Key, large_pages, now, random, single_threaded, sleep, write_error, yield_now};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("libpybuffer supports machines with 64-bit pointers only");

/// A variable of the environment.
pub(crate) fn variable(name: &CStr) -> Option<&'static CStr> {
    // SAFETY: a C string as the name; what is found lives until the environment changes, which a program with threads must
    // not do, and which it orders with its calls, as C asks of it.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        if value.is_null() { None } else { Some(CStr::from_ptr(value)) }
    }
}
