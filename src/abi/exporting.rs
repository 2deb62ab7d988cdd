//! The functions that programs pass to the helpers for exporters.

use core::ffi::{c_char, c_int, c_void};

/// Called once when a `pybuffer_memory_new` object is destroyed, with the context that it was made with, from whichever thread
/// drops the last reference. Errors that it leaves pending are dropped.
pub type pybuffer_destroy = Option<unsafe extern "C" fn(context: *mut c_void)>;

/// Called by `pybuffer_check_exporter` for a broken rule: the context, the flags of the request at fault (-1 where
/// it concerns the answers as a whole), and a message with the names of the flags; UTF-8, and valid until
/// the function returns. Errors that it leaves pending are dropped.
pub type pybuffer_report = Option<unsafe extern "C" fn(context: *mut c_void, flags: c_int, message: *const c_char)>;

/// A broken rule, as `pybuffer_find_faults` finds it. All texts are C strings, UTF-8, and valid until the function that is told
/// of it returns; none is NULL.
#[repr(C)]
pub struct pybuffer_finding {
    /// The name of the rule: lower-case words with hyphens, as "contiguous" or "differs-strides". Names do not change.
    pub rule: *const c_char,
    /// How severe it is: "wrong-bytes" where a consumer that believes the answer reads or writes other bytes than those of the
    /// array, "crash" where it may follow a pointer that is not one or lose an object that it uses, "protocol" for other rules,
    /// "cosmetic" for what harms no consumer that keeps to its request.
    pub severity: *const c_char,
    /// The flags of the first request that shows it, -1 where it concerns the answers as a whole.
    pub flags: c_int,
    /// Their names, "" for -1.
    pub request: *const c_char,
    /// What is wrong, as `pybuffer_check_exporter` reports it.
    pub message: *const c_char,
    /// What the rule asks for.
    pub expected: *const c_char,
    /// The section of PEP 3118 or of CPython's documentation that has the rule.
    pub source: *const c_char,
}

const _: () = assert!(core::mem::size_of::<pybuffer_finding>() == 56);

/// Called by `pybuffer_find_faults` for a broken rule, with the context. Errors that it leaves pending are dropped.
pub type pybuffer_find = Option<unsafe extern "C" fn(context: *mut c_void, finding: *const pybuffer_finding)>;

/// Called by `pybuffer_find_faults` after each call of the exporter's slots, with the context. It sets the error that the
/// exporter has raised where this library does not see it, as in an interpreter in the same process, and clears it there.
pub type pybuffer_settle = Option<unsafe extern "C" fn(context: *mut c_void)>;
