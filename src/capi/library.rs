//! The library
//!
//! Nothing has to be initialised. The functions of that name are there so that a program can be built with CPython as
//! well.

use core::ffi::{c_char, c_int};
use core::sync::atomic::{AtomicBool, Ordering};

static INITIALIZED: AtomicBool = AtomicBool::new(false);

/// Does nothing but to be remembered by `Py_IsInitialized`.
#[unsafe(no_mangle)]
pub extern "C" fn Py_Initialize() {
    INITIALIZED.store(true, Ordering::Relaxed);
}

/// The same; the argument is not used.
#[unsafe(no_mangle)]
pub extern "C" fn Py_InitializeEx(initsigs: c_int) {
    let _ = initsigs;
    Py_Initialize();
}

/// Does nothing but to be remembered by `Py_IsInitialized`; all objects stay.
#[unsafe(no_mangle)]
pub extern "C" fn Py_Finalize() {
    INITIALIZED.store(false, Ordering::Relaxed);
}

/// The same. Returns 0.
#[unsafe(no_mangle)]
pub extern "C" fn Py_FinalizeEx() -> c_int {
    Py_Finalize();
    0
}

/// Whether `Py_Initialize` was called, and not `Py_Finalize` since: 1 or 0.
#[unsafe(no_mangle)]
pub extern "C" fn Py_IsInitialized() -> c_int {
    INITIALIZED.load(Ordering::Relaxed).into()
}

/// The version of the library that is linked, as "0.1.0"; compare `PYBUFFER_VERSION`, that of the header.
#[unsafe(no_mangle)]
pub extern "C" fn pybuffer_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// The same as a number: `major * 1000000 + minor * 1000 + patch`; compare `PYBUFFER_VERSION_NUMBER`.
#[unsafe(no_mangle)]
pub extern "C" fn pybuffer_version_number() -> c_int {
    const fn number(digits: &[u8]) -> c_int {
        match digits {
            [head @ .., last @ b'0'..=b'9'] => number(head) * 10 + (*last - b'0') as c_int,
            _ => 0,
        }
    }
    const VERSION: c_int = number(env!("CARGO_PKG_VERSION_MAJOR").as_bytes()) * 1_000_000
        + number(env!("CARGO_PKG_VERSION_MINOR").as_bytes()) * 1_000
        + number(env!("CARGO_PKG_VERSION_PATCH").as_bytes());
    VERSION
}
