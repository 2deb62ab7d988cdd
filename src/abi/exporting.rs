//! The functions that programs pass to the helpers for exporters.

use core::ffi::{c_char, c_int, c_void};

/// Called once when a `pybuffer_memory_new` object is destroyed, with the context that it was made with, from whichever thread
/// drops the last reference. Errors that it leaves pending are dropped.
pub type pybuffer_destroy = Option<unsafe extern "C" fn(context: *mut c_void)>;

/// Called by `pybuffer_check_exporter` for a broken rule: the context, the flags of the request at fault (-1 where
/// it concerns the answers as a whole), and a message with the names of the flags; UTF-8, and valid until
/// the function returns. Errors that it leaves pending are dropped.
pub type pybuffer_report = Option<unsafe extern "C" fn(context: *mut c_void, flags: c_int, message: *const c_char)>;
