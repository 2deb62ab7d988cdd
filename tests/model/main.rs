//! The library compared with slow models, which are written down here, by brute force and without any of its short cuts.

#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

/// What the test programs share.
#[path = "../common"]
mod common {
    #[expect(dead_code, reason = "the other test programs use the rest")]
    pub(crate) mod capi;
    #[expect(dead_code, reason = "the other test programs use the rest")]
    pub(crate) mod format;
    pub(crate) mod levels;
    #[expect(dead_code, reason = "the other test programs use the rest")]
    pub(crate) mod memory;
    pub(crate) mod model;
    pub(crate) mod numpy;
    pub(crate) mod random;
    pub(crate) mod script;
    pub(crate) mod skip;
}
mod support;

mod copies;
mod extreme;
mod format_pairs;
mod format_spellings;
mod fuzz_corpus;
mod guarded;
mod kernels;
mod layout;
mod memoryview;
mod numbers;
mod page_rule;
mod plan_choices;
mod plan_elements;
mod planes;
mod small_walks;
mod value_equality;
mod windows;
