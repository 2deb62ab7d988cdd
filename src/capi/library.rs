//! The library
//!
//! Nothing has to be initialised. `Py_Initialize` and its kin exist so that a program can be built with CPython as
//! well.

use core::ffi::{c_char, c_int};
use core::sync::atomic::{AtomicBool, Ordering};

use crate::runtime::boundary::boundary;
use crate::runtime::hash;

static INITIALIZED: AtomicBool = AtomicBool::new(false);

/// Only sets the state that `Py_IsInitialized` returns.
#[unsafe(no_mangle)]
pub extern "C" fn Py_Initialize() {
    INITIALIZED.store(true, Ordering::Relaxed);
}

/// `Py_Initialize`; the argument is not used.
#[unsafe(no_mangle)]
pub extern "C" fn Py_InitializeEx(initsigs: c_int) {
    let _ = initsigs;
    Py_Initialize();
}

/// Only clears the state that `Py_IsInitialized` returns; all objects stay.
#[unsafe(no_mangle)]
pub extern "C" fn Py_Finalize() {
    INITIALIZED.store(false, Ordering::Relaxed);
}

/// `Py_Finalize`. Returns 0.
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

/// The version of the library as a number: `major * 1000000 + minor * 1000 + patch`; compare `PYBUFFER_VERSION_NUMBER`.
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

/// Sets the key of the process's hashes, two numbers that must be hard to guess if the hashed data come from
/// outside. It overrides PYTHONHASHSEED. Without it, the first hash takes the key from PYTHONHASHSEED, or a random
/// one. With `k0` and `k1` both 0 the hashes of bytes are those of CPython (3.11 and later, 64 bits) with PYTHONHASHSEED=0.
///
/// To be called before the first hash of bytes is made, for all hashes of a process are made with one key; that of no bytes
/// is always 0 and does not count. Until then the last call wins. Any thread may call it, while others make hashes, too.
///
/// Returns 0, also where hashes have been made with this same key; -1 with `RuntimeError` where they have been made with
/// another one, which stays.
#[unsafe(no_mangle)]
pub extern "C" fn pybuffer_set_hash_key(k0: u64, k1: u64) -> c_int {
    boundary(|| hash::set_key(k0, k1))
}
