//! The boundary to C: turns a `Result` into a return value and a pending error.

use core::ffi::c_int;
use core::ptr::NonNull;

use crate::abi::object::PyObject;
use crate::error::{Error, Result};

use super::indicator;
use super::refs::{Object, Owned};

/// A C return type with a value that reports failure.
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

/// The result of the body of a function that returns a `C` to C.
pub(crate) trait IntoC<C> {
    /// The value as C gets it.
    fn into_c(self) -> C;
}

/// C return types are returned unchanged.
impl<C: Failure> IntoC<C> for C {
    fn into_c(self) -> C {
        self
    }
}

/// 0: success.
impl IntoC<c_int> for () {
    fn into_c(self) -> c_int {
        0
    }
}

/// 1 or 0.
impl IntoC<c_int> for bool {
    fn into_c(self) -> c_int {
        self.into()
    }
}

/// A pointer that is not NULL.
impl<T> IntoC<*mut T> for NonNull<T> {
    fn into_c(self) -> *mut T {
        self.as_ptr()
    }
}

/// A new reference.
impl<T: Object> IntoC<*mut PyObject> for Owned<T> {
    fn into_c(self) -> *mut PyObject {
        self.into_object()
    }
}

/// A new reference, or NULL without an error.
impl<T: Object> IntoC<*mut PyObject> for Option<Owned<T>> {
    fn into_c(self) -> *mut PyObject {
        self.map_or(core::ptr::null_mut(), Owned::into_object)
    }
}

/// Runs the body of a function that C calls. An error becomes pending in this thread, and the failure value is returned.
pub(crate) fn boundary<T: IntoC<C>, C: Failure>(body: impl FnOnce() -> Result<T>) -> C {
    match body() {
        Ok(value) => value.into_c(),
        Err(error) => {
            indicator::raise(error);
            C::FAILED
        }
    }
}

/// [`boundary`] for calls of a few instructions: their errors fit a register, and become an [`Error`] once they have failed, so
/// that a success writes nothing of a result to memory.
#[inline(always)]
pub(crate) fn boundary_of<T: IntoC<C>, C: Failure, E: Into<Error>>(result: core::result::Result<T, E>) -> C {
    match result {
        Ok(value) => value.into_c(),
        Err(refusal) => failed(refusal),
    }
}

/// Raises an error.
#[cold]
#[inline(never)]
fn failed<C: Failure, E: Into<Error>>(refusal: E) -> C {
    indicator::raise(refusal.into());
    C::FAILED
}

/// An argument that must not be NULL.
pub(crate) fn non_null<T>(pointer: *mut T) -> Result<NonNull<T>> {
    NonNull::new(pointer).ok_or(Error::NullArgument)
}

/// The result of a foreign slot that answers 0, or -1 with an error set.
pub(crate) fn slot_succeeded(status: c_int) -> Result<()> {
    if status < 0 { Err(Error::Raised) } else { Ok(()) }
}
