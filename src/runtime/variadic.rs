//! The arguments of a C function with variable arguments, as `glue.c` takes them off a `va_list`, and how calls get there and
//! back.

use core::ffi::{c_char, c_int, c_void};

use super::message::{Arguments, Length};

/// `struct pybuffer__arguments` of `glue.c`: a `va_list`, of which only C knows what it is.
#[repr(C)]
pub(crate) struct VariadicArguments {
    opaque: [u8; 0],
}

unsafe extern "C" {
    fn pybuffer__next_integer(arguments: *mut VariadicArguments, length: c_int, is_signed: c_int) -> u64;
    fn pybuffer__next_pointer(arguments: *mut VariadicArguments) -> *const c_void;

    /// What `PyErr_Format` does; it is called with that function's arguments.
    pub(crate) fn pybuffer__err_format();
    /// What `PyErr_FormatV` does; it is called with that function's arguments.
    pub(crate) fn pybuffer__err_format_v();
    /// What `PyBytes_FromFormat` does; it is called with that function's arguments.
    pub(crate) fn pybuffer__bytes_format();
    /// What `PyBytes_FromFormatV` does; it is called with that function's arguments.
    pub(crate) fn pybuffer__bytes_format_v();
    /// What `PyBytesWriter_Format` does; it is called with that function's arguments.
    pub(crate) fn pybuffer__writer_format();
}

impl Arguments for &mut VariadicArguments {
    fn integer(&mut self, length: Length, signed: bool) -> u64 {
        // SAFETY: the format says that there is such an argument, by the contract of `PyErr_Format`.
        unsafe { pybuffer__next_integer(*self, length as c_int, signed.into()) }
    }

    fn pointer(&mut self) -> *const c_char {
        // SAFETY: the format says that there is such an argument, by the contract of `PyErr_Format`.
        unsafe { pybuffer__next_pointer(*self).cast() }
    }
}
