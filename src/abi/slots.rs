//! The tables of slots, by their names, and those that this library fills.

use super::object::lenfunc;
pub use super::object::{
    PyAsyncMethods, PyBufferProcs, PyGetSetDef, PyMappingMethods, PyMemberDef, PyMethodDef, PyNumberMethods,
    PySequenceMethods,
};

impl PySequenceMethods {
    /// The slots of a type that has a length, and of a sequence nothing else.
    pub(crate) const fn of_length(sq_length: lenfunc) -> Self {
        Self {
            sq_length,
            sq_concat: None,
            sq_repeat: None,
            sq_item: None,
            was_sq_slice: core::ptr::null_mut(),
            sq_ass_item: None,
            was_sq_ass_slice: core::ptr::null_mut(),
            sq_contains: None,
            sq_inplace_concat: None,
            sq_inplace_repeat: None,
        }
    }
}
