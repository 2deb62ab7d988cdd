//! The way in from C and out to it: the only place where a `Result` becomes a return value and an error indicator.

use core::ffi::c_int;
use core::ptr::NonNull;

use crate::error::{Error, Result};

use super::indicator;

/// A type of C's that has a value which says that the call failed.
pub(crate) trait Failure {
    /// That value.
    const FAILED: Self;
}

impl Failure for c_int {
    const FAILED: Self = -1;
}

impl Failure for isize {
    const FAILED: Self = -1;
}

impl<T> Failure for *mut T {
    const FAILED: Self = core::ptr::null_mut();
}

impl Failure for () {
    const FAILED: Self = ();
}

/// Runs the body of a function that C calls. An error is made pending in this thread and answered with the failure value.
pub(crate) fn boundary<T: Failure>(body: impl FnOnce() -> Result<T>) -> T {
    match body() {
        Ok(value) => value,
        Err(error) => {
            indicator::raise(error);
            T::FAILED
        }
    }
}

/// An argument that must not be NULL.
pub(crate) fn non_null<T>(pointer: *mut T) -> Result<NonNull<T>> {
    NonNull::new(pointer).ok_or(Error::NullArgument)
}

/// The result of a foreign slot that answers 0, or -1 with an error set.
pub(crate) fn slot_succeeded(status: c_int) -> Result<()> {
    if status < 0 { Err(Error::Raised) } else { Ok(()) }
}
