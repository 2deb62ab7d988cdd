//! The house in order: the ABI, the generated header, the layers and what the built library exports.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
#[warn(dead_code)]
mod common;

mod bindings;

mod abi;
mod header;
mod layers;
mod library;
