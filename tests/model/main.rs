//! The library compared with slow models, which are written down here, by brute force and without any of its short cuts.

#![expect(clippy::panic, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "../common/mod.rs"]
#[warn(dead_code)]
mod common;
mod support;

mod copies;
mod extreme;
mod format_spellings;
mod fuzz_corpus;
mod guarded;
mod kernels;
mod layout;
mod memoryview;
mod numbers;
mod page_rule;
mod plan_elements;
mod value_equality;
mod windows;
