//! Tiles with NEON: a quarter of a cache line is one register, and every small transpose is rounds of zips.

use core::arch::aarch64::*;

use crate::kernels::prefetch::LINE;

use super::direct;
use super::squares::{self, Rows, Square};
use super::tables::{Ahead, CopyDirect, DirectKernel, DirectPlane, Kernel, Lines, MicroKernel, Tile};

/// The micro-kernels. Items of 16 bytes, of which a register holds one, use the scalar tiles.
static TILES: [MicroKernel; 4] = [of::<1>(), of::<2>(), of::<4>(), of::<8>()];

/// The kernel for items of this size.
pub(super) fn kernel(unit: usize) -> Option<Kernel> {
    Kernel::find(&TILES, &[], unit).map(|kernel| Kernel { direct: direct(unit), ..kernel })
}

/// The kernel for planes without tables.
pub(super) fn direct(unit: usize) -> Option<DirectKernel> {
    let copy: CopyDirect = match unit {
        1 => plane::<1>,
        2 => plane::<2>,
        4 => plane::<4>,
        8 => plane::<8>,
        _ => return None,
    };
    Some(DirectKernel { copy, side: size_of::<uint8x16_t>() / unit.max(1) })
}

/// # Safety
/// As [`CopyDirect`].
unsafe fn plane<const UNIT: usize>(plane: &DirectPlane)
where
    Transposes: Square<UNIT>,
{
    // SAFETY: the caller guarantees W1 to W4 for the items of the plane; every AArch64 has the instructions.
    unsafe { direct::copy::<Transposes, UNIT>(plane) }
}

const fn of<const UNIT: usize>() -> MicroKernel
where
    Transposes: Square<UNIT>,
{
    MicroKernel::square(UNIT, LINE / UNIT, whole::<UNIT>, None, part::<UNIT>)
}

/// # Safety
/// As [`Whole`](super::tables::Whole).
unsafe fn whole<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead)
where
    Transposes: Square<UNIT>,
{
    // SAFETY: the caller guarantees W1 to W4 for the items of the tiles; every AArch64 has the instructions.
    unsafe { squares::whole::<Transposes, UNIT>(tile, ahead) }
}

/// # Safety
/// As [`CopyPart`](super::tables::CopyPart).
unsafe fn part<const UNIT: usize>(tile: &Tile<'_>, _: bool)
where
    Transposes: Square<UNIT>,
{
    // SAFETY: the caller guarantees W1 to W4 for the items of the part; every AArch64 has the instructions.
    unsafe { squares::part::<Transposes, UNIT>(tile) }
}

/// The transposes for each size.
struct Transposes;

/// For items of these many bytes: how many a register holds, as what type, and the two zips of it.
macro_rules! transposes {
    ($($unit:literal: $side:literal $register:ident $low:ident $high:ident;)*) => {$(
        impl Square<$unit> for Transposes {
            const SIDE: usize = $side;

            #[inline(always)]
            unsafe fn square<L: Lines>(lines: L) {
                // SAFETY: the caller guarantees W1 to W4 for the square, whose lines are one register; every AArch64 has the
                // instructions.
                unsafe {
                    let load = |row: usize| lines.from(row).cast::<$register>().read_unaligned();
                    let rows: [_; $side] = core::array::from_fn(load);
                    for (column, line) in rows.transposed(|a, b| ($low(a, b), $high(a, b))).into_iter().enumerate() {
                        lines.to(column).cast::<$register>().write_unaligned(line);
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
