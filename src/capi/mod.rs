//! The `extern "C"` skin: what C programs call. One file for each section of the header, whose text it is: the first
//! comment of a file opens the section, and the comments of the functions precede their declarations.
//!
//! A function here checks its pointers, makes one call into the core, and turns the result into C's convention. Logic
//! lives below.

mod object;

mod allocators;

mod error;

mod buffer;

mod format;

mod memoryview;

mod items;

mod parts;

mod numbers;

mod text;

mod picklebuffer;

mod views;

mod exporting;

mod ndarray;

mod interop;

mod planes;

mod bytes;

mod bytearray;

mod sequence;

mod oldbuffer;

mod library;
