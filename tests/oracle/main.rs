//! The library compared with CPython and NumPy: a test asks an interpreter, which answers many questions at once.

#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

/// What the test programs share.
#[path = "../common"]
mod common {
    #[expect(dead_code, reason = "the other test programs use the rest")]
    pub(crate) mod capi;
    #[expect(dead_code, reason = "the other test programs use the rest")]
    pub(crate) mod cpython;
    pub(crate) mod format;
    pub(crate) mod levels;
    pub(crate) mod library;
    #[expect(dead_code, reason = "the other test programs use the rest")]
    pub(crate) mod memory;
    #[expect(dead_code, reason = "the other test programs use the rest")]
    pub(crate) mod model;
    pub(crate) mod numpy;
    pub(crate) mod random;
    pub(crate) mod script;
    pub(crate) mod skip;
}
mod support;

mod dtype;
mod format;
mod interop;
mod live_exporters;
mod memoryview;
mod ndarray;
mod numpy;
mod pack;
mod testbuffer;
mod text;
mod typed;
