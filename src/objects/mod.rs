//! The objects of the library, a file or folder each: the struct, its slots, and its operations.
//!
//! Bytes objects are made by the others; memoryviews use formats, bytes objects and bytearrays; sequences are all objects that
//! have items. Nothing else here uses its neighbours. Each has its own layer in the table of `lib.rs`, so that
//! `tests/house/layers.rs` enforces this.

pub(crate) mod bytes;

pub(crate) mod bytearray;
pub(crate) mod bytes_writer;
pub(crate) mod memory;
pub(crate) mod ndarray;
pub(crate) mod oldbuffer;
pub(crate) mod picklebuffer;

pub(crate) mod format;

pub(crate) mod memoryview;

pub(crate) mod sequence;
