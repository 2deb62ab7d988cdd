//! Raw memory: what a plan does to bytes. Everything that walks viewed memory is in this folder; what lies above touches
//! such memory where it is contiguous, as the slice of one item or as one block.
//!
//! # The contract of every walk
//!
//! A caller of a function here that takes a [`Plan`](crate::layout::Plan), a first base and a second base promises:
//!
//! * **W1** for every index tuple of the plan, the address that the first operand reaches (base, offset and strides added
//!   with wrapping arithmetic, pointers followed as the suboffsets say) may be read for as many bytes as an item of it
//!   has, and so may every pointer on the way;
//! * **W2** the same for the second operand, which may also be written where the function writes;
//! * **W3** no other thread writes the memory that is read, or touches the memory that is written, meanwhile;
//! * **W4** for a function that writes: no byte that is written is read through the first operand, unless the function
//!   says otherwise.
//!
//! # What else is read
//!
//! Bytes of items, and pointers on the way, are all that is read and written, with one exception, the **page rule**: a load may
//! cover the bytes between two items of the same operand, if both are read and fewer than 256 bytes lie between them. From this
//! follows:
//!
//! * nothing before the first item is read, and nothing behind the last one, of a walk or of a part of it;
//! * every page that is touched has a byte of an item;
//! * a load of which no byte is wanted does not take place.
//!
//! Nothing is made of the values of such bytes, so that another thread may write them. Stores cover items only. What is prefetched
//! may be any address. [`gap::may_cover`] decides whether a gap is covered, nobody else does; what covers gaps is the programs of
//! `shuffle` and the masks of `mask`.
//!
//! The exporter vouches for W1 and W2 with the view that it filled, which `layout::Structure::check` has found to be
//! consistent; W3 is the thread rule of the header; W4 is established by `buffer::copy`.

mod cpu;
mod gap;
mod walk;

mod compiled;

mod prefetch;
mod tile;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod tile_small;

#[cfg(target_arch = "x86_64")]
mod tile_avx2;
#[cfg(target_arch = "x86_64")]
mod tile_avx512_strip;

#[cfg(target_arch = "x86_64")]
mod tile_avx512;
#[cfg(target_arch = "aarch64")]
mod tile_neon;

mod blocks;
mod plane;
mod shuffle;
mod shuffle_run;
mod small;
mod tiles;

mod arrange;
mod conversion;

mod convert;
mod gather;
mod hex;

mod equal;
mod mask;

mod columns;

mod compare;

mod copy;
mod repeat;

pub(crate) use blocks::copy_block;
pub(crate) use compare::{all_equal, bytes_equal, columns_equal, native_equal};
pub(crate) use conversion::{Conversion, Operand};
pub(crate) use convert::convert;
pub(crate) use copy::copy;
pub(crate) use gather::gather;
pub(crate) use hex::{Grouping, hex, hex_length};
pub(crate) use repeat::repeat;
pub(crate) use small::copy_small;
pub(crate) use walk::{Extent, are_apart, visit};
