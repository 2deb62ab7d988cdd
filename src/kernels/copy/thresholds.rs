//! Where one way to copy takes over from another, and how much is done at a time: all in this table, each with its reason.
//!
//! Numbers of bytes are those of the whole walk, unless they say otherwise. docs/performance.md has the measurements.

use crate::kernels::prefetch::LINE;

/// Bytes below which a walk is copied as it stands: planning takes longer than copying, and whatever the order, all of it is in
/// L1.
pub(super) use crate::layout::SMALL;

/// Bytes from which on the destination is written with non-temporal stores: no cache would still have it, and its lines are
/// not read before they are written.
pub(super) const STREAMED: usize = 16 << 20;

/// Bytes of a row from which on a row that is contiguous in both operands is streamed by itself: both its ends are written
/// with ordinary stores, which take longer than what is saved on fewer lines.
pub(super) const STREAMED_ROW: usize = 4 * LINE;

/// Bytes of a unit above which a unit is a block for `memcpy`: half a cache line at a time is as fast as any vectors.
pub(super) const LARGE_UNIT: usize = LINE / 2;

/// Items up to which it takes less time to copy them one by one than to make a program: 0.1 us for each of its vectors.
pub(super) const FEW_ITEMS: usize = 1 << 10;

/// Bytes of a line along which one item is repeated, from which on a block of it is made: fewer are written one by one as fast.
pub(super) const REPEATED_LINE: usize = 4 * LINE;

/// Bytes of a line from which on a program copies it: in shorter lines, what is left after whole steps takes longer than the
/// steps save.
pub(super) const PROGRAM_LINE: usize = 4 * LINE;

/// Bytes of a walk over numbers from which on programs are made for it, where the loops that they replace do more than copy.
pub(in crate::kernels) const LONG: usize = 1 << 13;

/// The most items of a period: pictures have up to 4 channels, and a program writes up to 4 vectors.
pub(super) const PERIOD: usize = 4;

/// Bytes of an item from which on every second item is streamed item by item rather than by a program, where it is written to
/// memory that no cache has: single stores take less time than vectors of which parts are masked out.
pub(super) const SCATTERED_ITEM: usize = 4;

/// Bytes of a plane of two axes up to which it is copied without tables: L2 holds both operands.
pub(super) const DIRECT: usize = 1 << 19;

/// The same where destination lines are a multiple of `1 << CROWDED_SHIFT` bytes apart, so that few sets of L1 hold them all.
pub(super) const DIRECT_CROWDED: usize = 1 << 15;
/// See [`DIRECT_CROWDED`].
pub(super) const CROWDED_SHIFT: u32 = 8;

/// Bytes of a plane below which it is copied with tables all the same, if there are more planes than one.
pub(super) const DIRECT_LEAST: usize = 1 << 11;

/// Bytes from which on tiles start where cache lines do: below, the lines are in L1, where a store that crosses two costs
/// little.
pub(super) const ALIGNED: usize = 1 << 15;

/// Bytes after which addresses fall into the same set of L1: rows so far apart, or a multiple of it, crowd each other out.
pub(super) const SET: crate::layout::Offset = 4096;

/// Bytes from which on what is read next is prefetched: L2 holds less.
pub(super) const FAR: usize = 1 << 20;

/// Bytes from which on the tables of rows and columns are long. Filling them takes time, which having fewer ends makes up for.
pub(super) const LARGE: usize = 1 << 18;

/// Rows of the tables of a plane, and columns. Short ones hold a tile of any kernel; long ones are limited by the stack, on which
/// strips of bytes need so much scratch memory that there are half as many rows for them.
pub(super) const SHORT_TABLE: usize = 64;
/// The same for columns of large walks, and rows of bytes.
pub(super) const MIDDLE_TABLE: usize = 512;
/// The same for rows of large walks.
pub(super) const LONG_TABLE: usize = 1024;
/// Rows of the next column that the tables have room for: as many as make up a cache line wherever the column starts.
pub(super) const ROWS_BEYOND: usize = 64;

/// Offsets that a long table of rows has more room for, so that it can start elsewhere in its page than the destination.
pub(super) const APART: usize = 128;

/// Bytes of a line that are copied before the next line, or twice or half as many: memory is read and written at its best
/// speed where so much of it is contiguous.
pub(super) const BLOCK: usize = 512;

/// How many steps of a program ahead the source is prefetched: enough for it to arrive from memory.
pub(super) const STEPS_AHEAD: isize = 16;

/// The same for vectors that are shorter than a cache line.
pub(super) const SHORT_STEPS_AHEAD: isize = 32;

/// How many bytes ahead lines are prefetched that are written in part, which the processor does not do for masked stores.
#[cfg(target_arch = "x86_64")]
pub(super) const WRITTEN_AHEAD: usize = 16 * LINE;
