//! The buffer protocol: requests, the filling and checking of views, acquire and release, copies.
//!
//! # The contract on views
//!
//! SAFETY comments above this layer cite these rules by name:
//!
//! * **B1** a `Py_buffer` that comes in from C is one that `PyObject_GetBuffer` or `PyBuffer_FillInfo` filled, or one
//!   that the program filled by the same rules: each of `shape`, `strides` and `suboffsets` is NULL or has `ndim`
//!   entries, `format` is NULL or a C string, and the memory that it describes may be read (and written, where
//!   `readonly` is 0). `layout::Structure::check` finds the contradictions that can be found. Views that this library asks
//!   for itself come from `acquire`, which also checks them against the request.
//! * **B2** a filled `Py_buffer` is not moved: `PyBuffer_FillInfo` lets `shape` and `strides` point into it.
//! * **B3** the exporter keeps memory and arrays alive and unchanged until the view is released.

mod request;

mod look;

mod view;

mod acquired;

mod kept;

mod fill_info;

mod answer;

mod reach;

mod parts;

mod copy;

mod segment;

mod report;

mod verify;

mod check;

#[cfg(test)]
mod parts_tests;
#[cfg(test)]
mod view_tests;

pub(crate) use acquired::{Acquired, AskedBoth, Both, Which, Within};
pub(crate) use answer::{
    Contiguity, answer_complete, answer_described, can_answer, check_answer, described, fill_complete, fill_view,
    write_answer,
};
pub(crate) use check::check_exporter;
pub(crate) use copy::{
    copy_apart, copy_data, copy_to_object, copy_view, from_contiguous, to_contiguous, to_fresh, transfer,
};
pub(crate) use fill_info::{UNSIGNED_BYTES, fill_bytes, fill_info, requested};
pub(crate) use kept::Kept;
pub(crate) use look::{Ending, LookProcs, end_look, look, nothing_to_end};
pub(crate) use parts::in_parts;
pub(crate) use report::Listener;
pub(crate) use request::{Refusal, Request};
pub(crate) use segment::{CANNOT_CONCAT, Concatenation, is_readable, read_segment, write_segment};
pub(crate) use view::{
    MostAxes, NEGATIVE, acquire, checked_structure, format_of, get_buffer, hand_on, is_exporter, item_pointer,
    last_answerer, may_stand_for_another, obeys, release, same_format, select_from, structure,
};
