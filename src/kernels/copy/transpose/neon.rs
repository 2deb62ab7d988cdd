//! Tiles with NEON: a quarter of a cache line is one register, and every small transpose is rounds of zips.

use core::arch::aarch64::*;

use crate::layout::Offset;

use super::driver::{Kernel, Run, Tile, run};
use super::squares::{Square, Squares, transposed};

/// The function for items of this size. Those of 16 bytes, of which a register holds one, are for the tiles of any machine.
pub(super) fn kernel(unit: usize) -> Option<Kernel> {
    let near = match unit {
        1 => of::<Squares<Transposes, 1>>(),
        2 => of::<Squares<Transposes, 2>>(),
        4 => of::<Squares<Transposes, 4>>(),
        8 => of::<Squares<Transposes, 8>>(),
        _ => return None,
    };
    Some(Kernel { near, past: None })
}

/// The function for this tile.
fn of<T: Tile>() -> Run {
    Run { copy: run::<T>, rows: T::ROWS }
}

/// The transposes for each size.
struct Transposes;

/// For items of these many bytes: how many a register holds, as what type, and the two zips of it.
macro_rules! transposes {
    ($($unit:literal: $side:literal $register:ident $low:ident $high:ident;)*) => {$(
        impl Square<$unit> for Transposes {
            const SIDE: usize = $side;

            #[inline(always)]
            unsafe fn square<const STREAM: bool>(
                src: *const u8,
                rows: *const Offset,
                dst: *mut u8,
                columns: *const Offset,
            ) {
                // SAFETY: the function's contract: a register is `SIDE` items. Every AArch64 has the instructions.
                unsafe {
                    let load = |row: usize| {
                        let from = src.wrapping_offset(*rows.wrapping_add(row) as isize);
                        from.cast::<$register>().read_unaligned()
                    };
                    let rows: [_; $side] = core::array::from_fn(load);
                    for (column, line) in transposed(rows, |a, b| ($low(a, b), $high(a, b))).into_iter().enumerate() {
                        let to = dst.wrapping_offset(*columns.wrapping_add(column) as isize);
                        to.cast::<$register>().write_unaligned(line);
                    }
                }
            }
        }
    )*};
}

transposes! {
    1: 16 uint8x16_t vzip1q_u8 vzip2q_u8;
    2: 8 uint16x8_t vzip1q_u16 vzip2q_u16;
    4: 4 uint32x4_t vzip1q_u32 vzip2q_u32;
    8: 2 uint64x2_t vzip1q_u64 vzip2q_u64;
}
