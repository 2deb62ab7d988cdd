//! The house in order: the ABI, the generated header, the layers and what the built library exports.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "it is shared with the other test programs, and each uses a part")]
mod common;

mod bindings;

mod abi;
mod header;
mod layers;
mod library;
