//! Raw memory: runs plans, with a folder for each operation. Everything that walks viewed memory is here; the layers
//! above access such memory only as the slice of one item or as one contiguous block.
//!
//! * `copy` moves items; its folders `transpose` and `permute` have vectorised kernels, a file for each architecture.
//! * `convert` converts numbers from one type to another, `compare` compares items, `linearize` passes on the bytes of a
//!   view in order, `hex` writes digits.
//! * `odometer` walks over the outer axes, `cpu` finds the instruction level, `multiversion` compiles plain loops for each
//!   level, `prefetch` knows cache lines, and `page_rule` decides what may be read besides items.
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
//! Arithmetic on addresses, and on strides as the view has them, is that of W1: it wraps. Counts of items and of bytes are
//! those of existing memory, so they use plain arithmetic; an overflow would be a bug, which debug builds find.
//!
//! # What else is read
//!
//! Bytes of items, and pointers on the way, are all that is read and written, with one exception, the **page rule**: a load may
//! cover the bytes between two items of the same operand, if both are read and fewer than 256 bytes lie between them. From this
//! follows:
//!
//! * nothing before the first item is read, and nothing after the last one, of a walk or of a part of it;
//! * every page that is touched has a byte of an item;
//! * there is no load of which no byte is used.
//!
//! The values of such bytes are not used, so another thread may write them. Stores cover items only. A prefetch
//! may have any address. Only [`page_rule::may_cover`] decides whether a gap is covered; gaps are covered by the programs of
//! `copy::permute`, by its `channels` for every second item, by `copy::strided` for items of 3 bytes, and by the masks of
//! `compare::masked`.
//!
//! The exporter vouches for W1 and W2 with the view that it filled, which `layout::Structure::check` has found to be
//! consistent; W3 is the thread rule of the header; W4 is established by `buffer::copy`.

mod cpu;
mod odometer;
mod page_rule;
mod prefetch;

#[cfg(target_arch = "aarch64")]
mod interleaved;

mod multiversion;

mod copy;

mod convert;

mod hex;
mod linearize;

mod compare;

pub(crate) use compare::{all_equal, bytes_equal, column_equal, columns_equal, native_column};
pub(crate) use convert::{
    Conversion, Operand, RecordConversion, Route, convert, convert_by, convert_records, numbers_fit, records_fit,
};
pub(crate) use copy::{copy, copy_block, copy_plane, copy_small, copy_small_transpose, copy_transpose, repeat};
pub(crate) use hex::{Grouping, hex, hex_length};
pub(crate) use linearize::gather;
pub(crate) use odometer::{Extent, are_apart, follow, visit, visit_behind};
