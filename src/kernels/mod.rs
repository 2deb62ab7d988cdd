//! Raw memory: what a plan does to bytes, a folder for each operation. Everything that walks viewed memory is here; the layers
//! above touch such memory where it is contiguous, as the slice of one item or as one block.
//!
//! * `copy` moves items; its folders `transpose` and `permute` have the vectors for it, a file for each machine.
//! * `convert` makes numbers of one type numbers of another, `compare` compares items, `linearize` hands on the bytes of a
//!   view in order, `hex` writes digits.
//! * `odometer` walks over the outer axes, `cpu` finds the level of instructions, `multiversion` compiles plain loops for each
//!   level, `prefetch` knows cache lines, and `page_rule` says what may be read besides items.
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
//! Arithmetic on addresses, and on strides as the view has them, is that of W1: it wraps. Numbers of items and of bytes are those of
//! memory that is there, so they are added and multiplied plainly; an overflow would be a bug, which debug builds find.
//!
//! # What else is read
//!
//! Bytes of items, and pointers on the way, are all that is read and written, with one exception, the **page rule**: a load may
//! cover the bytes between two items of the same operand, if both are read and fewer than 256 bytes lie between them. From this
//! follows:
//!
//! * nothing before the first item is read, and nothing after the last one, of a walk or of a part of it;
//! * every page that is touched has a byte of an item;
//! * a load of which no byte is wanted does not take place.
//!
//! Nothing is made of the values of such bytes, so that another thread may write them. Stores cover items only. What is prefetched
//! may be any address. [`page_rule::may_cover`] decides whether a gap is covered, nobody else does; what covers gaps is the programs of
//! `copy::permute` and the masks of `compare::masked`.
//!
//! The exporter vouches for W1 and W2 with the view that it filled, which `layout::Structure::check` has found to be
//! consistent; W3 is the thread rule of the header; W4 is established by `buffer::copy`.

mod cpu;
mod odometer;
mod page_rule;
mod prefetch;

mod multiversion;

mod copy;

mod convert;

mod hex;
mod linearize;

mod compare;

pub(crate) use compare::{all_equal, bytes_equal, columns_equal, native_equal};
pub(crate) use convert::{Conversion, Operand, convert};
pub(crate) use copy::{copy, copy_block, copy_small, repeat};
pub(crate) use hex::{Grouping, hex, hex_length};
pub(crate) use linearize::gather;
pub(crate) use odometer::{Extent, are_apart, visit};
