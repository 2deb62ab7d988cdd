//! Any bytes as a format, a NUL, and an item.
#![no_main]

#[allow(dead_code, reason = "tests use more of it")]
#[path = "../../tests/common/format.rs"]
mod format;
#[path = "../shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    shared::format_values(data);
});
