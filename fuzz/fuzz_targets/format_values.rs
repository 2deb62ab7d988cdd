//! Any bytes as a format, a NUL, and an item.
#![no_main]

#[path = "../shared.rs"]
mod shared;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    shared::format_values(data);
});
