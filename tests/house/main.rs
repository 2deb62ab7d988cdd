//! The house in order: the ABI, the generated header, the layers and what the built library exports.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

/// What the test programs share.
#[path = "../common"]
mod common {
    #[expect(dead_code, reason = "the other test programs use the rest")]
    pub(crate) mod cpython;
    pub(crate) mod library;
    pub(crate) mod skip;
}

mod bindings;

mod abi;
mod header;
mod layers;
mod library;
mod security;
