//! libpybuffer: Python's buffer protocol (PEP 3118) and memoryviews for C, without an interpreter.
//!
//! This file holds the layer map and nothing else. A module uses only modules of lower layers, and within a folder a
//! file uses only those listed above it in its `mod.rs`; `tests/house/layers.rs` enforces both. Each object has a layer of its
//! own. ARCHITECTURE.md has the reasons.
//!
//! | layer | module | what lives there |
//! | --- | --- | --- |
//! | 0 | [`abi`] | what C sees: `repr(C)` structs, constants, layout assertions; no logic |
//! | 0 | [`platform`] | what systems and processors differ in |
//! | 0 | [`error`] | `Error`, `Result` |
//! | 1 | [`layout`] | shape, strides, suboffsets, contiguity, the planner; integers only |
//! | 1 | [`format`] | PEP 3118 format strings: size, items, equality; bytes only |
//! | 2 | [`kernels`] | raw memory: the walks that copy, compare and convert |
//! | 3 | [`runtime`] | allocator, reference counts, types, the error indicator, hashing, the boundary to C |
//! | 4 | [`buffer`] | request flags and the answers to them, acquire and release, contiguous copies, the exporter checker |
//! | 5 | [`objects::bytes`] | bytes objects, which the other objects make |
//! | 6 | [`objects::bytearray`] | bytearrays |
//! | 6 | [`objects::bytes_writer`] | bytes that are written before they become an object |
//! | 6 | [`objects::memory`] | memory with an owner |
//! | 6 | [`objects::ndarray`] | arrays of any structure, to test consumers with |
//! | 6 | [`objects::oldbuffer`] | Python 2's buffer objects |
//! | 6 | [`objects::picklebuffer`] | PickleBuffer |
//! | 6 | [`objects::format`] | parsed formats: the tree, its canonical spelling, equivalence |
//! | 7 | [`objects::memoryview`] | managed buffer, view, export, items, parts, compare, hash, numbers, text |
//! | 7 | [`objects::sequence`] | sequences: items and slices of any object that has them; iteration, joins |
//! | 8 | [`interop`] | bridges to DLPack, Arrow and NumPy's array interface; planes of pictures |
//! | 9 | [`capi`] | the `extern "C"` skin, one file per section of the header |

#![no_std]

// For the unit tests, and so that Cargo's own builds have a panic handler. Nothing here uses it otherwise.
#[cfg(feature = "std")]
extern crate std;

/// The C library has no std, so it must say what a panic does. Nothing in it can panic: `tests/house/library.rs` finds neither
/// this function nor any other panicking code in it.
#[cfg(not(feature = "std"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: abort may be called anywhere.
    unsafe { libc::abort() }
}

pub mod abi;

mod platform;

pub mod error;

pub mod layout;

pub mod format;

mod kernels;

mod runtime;

mod buffer;

mod objects;

mod interop;

mod capi;
