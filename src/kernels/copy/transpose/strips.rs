//! Strips: tiles of small items that are four cache lines of the destination long, for memory that no cache holds.
//!
//! Lines that are written with non-temporal stores must be whole, and memory is written fastest a few lines at a time. So each
//! source line is copied once to scratch memory, since a cache set may not hold all of them. Small transposes go from there to
//! other scratch memory, from which whole lines are written.

use core::mem::MaybeUninit;

use crate::kernels::prefetch::LINE;
use crate::layout::Offset;

use super::squares::{Square, squares};
use super::tables::{Ahead, CopyPart, Lines, MicroKernel, Tile, Whole};

/// Cache lines of a destination line.
const LINES: usize = 4;

/// The most rows of a small transpose.
const MOST_ROWS: usize = 16;

/// A cache line of scratch memory.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Scratch(#[expect(dead_code, reason = "it is written and read as bytes")] [MaybeUninit<u8>; LINE]);

const NOTHING: Scratch = Scratch([MaybeUninit::uninit(); LINE]);

/// Copies of cache lines. The function is inlined into one that has the instructions that it needs.
pub(super) trait CopyLine {
    /// Copies a cache line, which is aligned in the destination where it is to `STREAM`.
    ///
    /// # Safety
    /// W1 to W4 for its bytes; the processor has the instructions.
    unsafe fn copy_line<const STREAM: bool>(from: *const u8, to: *mut u8);
}

/// The micro-kernel for items of `unit` bytes; `whole` copies strips that are not streamed, `part` what is smaller than a strip.
pub(super) const fn strip(unit: usize, whole: Whole, streamed: Whole, part: CopyPart) -> MicroKernel {
    MicroKernel {
        unit,
        rows: LINES * LINE / unit,
        columns: LINE / unit,
        steps: LINES,
        whole,
        streamed: Some(streamed),
        part,
        own_driver: None,
        smaller: None,
    }
}

/// Copies whole strips of items of `UNIT` bytes with non-temporal stores.
///
/// # Safety
/// As [`Whole`] for aligned destination lines; the processor has the instructions of `S`.
#[inline(always)]
pub(super) unsafe fn whole<S: Square<UNIT> + CopyLine, const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    let width = const { LINE / UNIT };
    // One array each, so that pointers may walk over all of it.
    let mut turned = [[NOTHING; LINES]; LINE];
    let mut packed = [NOTHING; MOST_ROWS];
    let (turned, packed) = (turned.as_mut_ptr().cast::<u8>(), packed.as_mut_ptr().cast::<u8>());
    let rows: [Offset; MOST_ROWS] = core::array::from_fn(|row| (row * LINE) as Offset);
    let columns: [Offset; LINE] = core::array::from_fn(|column| (column * LINES * LINE) as Offset);
    let (Some(rows), Some(columns), Some(all)) = (rows.get(..S::SIDE), columns.get(..width), tile.columns.get(..width))
    else {
        return;
    };
    for strip in (Tile { columns: all, ..*tile }).tiles(LINES * width, UNIT) {
        let mut dst = turned;
        for (at, small) in strip.tiles(S::SIDE, UNIT).enumerate() {
            if at.is_multiple_of(const { LINE / UNIT / S::SIDE }) {
                ahead.step();
            }
            // SAFETY: the caller guarantees W1 for a cache line of each row; there is scratch memory for as many rows.
            unsafe {
                for row in 0..S::SIDE {
                    S::copy_line::<false>(small.from(row), packed.wrapping_add(row * LINE));
                }
                squares::<S, UNIT>(Tile { src: packed, rows, dst, columns });
            }
            dst = dst.wrapping_add(S::SIDE * UNIT);
        }
        for column in 0..width {
            // SAFETY: the caller guarantees W2 for the destination lines, which are aligned; the scratch memory of each column
            // has just been written whole.
            unsafe {
                let (from, to) = (turned.wrapping_add(column * LINES * LINE), strip.to(column));
                for line in 0..LINES {
                    S::copy_line::<true>(from.wrapping_add(line * LINE), to.wrapping_add(line * LINE));
                }
            }
        }
    }
}
