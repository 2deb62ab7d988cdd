//! Bridges to other protocols for arrays: DLPack, Arrow's C data interface, NumPy's array interface; and to the planes of pictures,
//! as decoders have them. Nothing is copied.
//!
//! An export is a struct for C in one allocation with what it points to and a memoryview, whose reference keeps the memory; the
//! struct's own deleter, which any thread may call, drops all of it. An import is a `pybuffer.memory` object, whose `destroy`
//! calls the foreign deleter, and a memoryview of it.
//!
//! # The contract on structs of other protocols
//!
//! SAFETY comments in this folder cite it by name:
//!
//! * **P1** a struct that comes in from C is laid out as its protocol, or its description here, says, and its pointers are NULL or
//!   lead to as much as its counts say: the memory that it describes may be read (and written, where it does not say otherwise)
//!   until its deleter is called, which may be done once, from any thread. Counts, types and sizes themselves are checked here.
//! * **P2** a struct of an export is used and freed as its protocol says: its deleter gets a struct that an export made, or,
//!   where the protocol allows that, a copy of it, once.

mod text;

mod element;

mod dlpack;

mod arrow;

mod array_interface;

mod pixels;

mod planes;

pub(crate) use array_interface::import as array_interface_import;
pub(crate) use array_interface::{export as array_interface_export, free as array_interface_free};
pub(crate) use arrow::{export as arrow_export, import as arrow_import};
pub(crate) use dlpack::{export as dlpack_export, import as dlpack_import};
pub(crate) use pixels::layout as planes_layout;
pub(crate) use planes::{join as planes_join, wrap as planes_wrap};
