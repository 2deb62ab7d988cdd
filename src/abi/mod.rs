//! What C sees: structs, constants and function types with CPython's layout. No logic lives here.
//!
//! The layout is that of CPython 3.8 to 3.13, GIL build. The names are CPython's, so that a search for one ends here.
//! The `const` assertions pin sizes and offsets; `tests/house/abi.rs` compares every one of them with what bindgen reads in
//! our header and in the headers of the installed CPythons.
#![expect(non_camel_case_types, non_upper_case_globals, reason = "CPython's names")]

pub(crate) mod chars;

pub mod object;

pub mod buffer;

pub mod slots;

pub mod allocators;
pub mod arrow;
pub mod bytes;
pub mod dlpack;
pub mod exporting;
pub mod format;
pub mod interop;
pub mod memoryview;
pub mod ndarray;
pub mod planes;
pub mod types;
