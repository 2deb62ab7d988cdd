//! The library compared with CPython and NumPy: a test asks an interpreter, which answers many questions at once.

#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
#[warn(dead_code)]
mod common;
mod support;

mod dtype;
mod format;
mod live_exporters;
mod memoryview;
mod ndarray;
mod numpy;
mod pack;
mod testbuffer;
mod text;
