//! Tiles with NEON: a quarter of a cache line is one register, and every small transpose is rounds of zips. Items of 3, 6 and 12 bytes
//! are three numbers, which are transposed each by itself.

use core::arch::aarch64::*;

use crate::kernels::interleaved::{Channels, Interleaved};

use super::direct;
use super::squares::{self, Rows, Square};
use super::tables::{Ahead, DirectKernel, DirectPlane, Kernel, Lines, MicroKernel, Tile};

/// The micro-kernels. Items of 16 bytes, of which a register holds one, use the scalar tiles.
static TILES: [MicroKernel; 7] = [of::<1>(), of::<2>(), of::<3>(), of::<4>(), of::<6>(), of::<8>(), of::<12>()];

/// The kernel for items of this size.
pub(super) fn kernel(unit: usize) -> Option<Kernel> {
    Kernel::find(&TILES, &[], unit).map(|kernel| Kernel { direct: direct(unit), ..kernel })
}

/// The kernel for planes without tables.
pub(super) fn direct(unit: usize) -> Option<DirectKernel> {
    const fn of<const UNIT: usize>() -> DirectKernel
    where
        Transposes: Square<UNIT>,
    {
        DirectKernel { copy: plane::<UNIT>, side: <Transposes as Square<UNIT>>::SIDE }
    }
    Some(match unit {
        1 => of::<1>(),
        2 => of::<2>(),
        3 => of::<3>(),
        4 => of::<4>(),
        6 => of::<6>(),
        8 => of::<8>(),
        12 => of::<12>(),
        _ => return None,
    })
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
    MicroKernel::square(UNIT, <Transposes as Square<UNIT>>::TILE, whole::<UNIT>, None, part::<UNIT>)
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

/// For items of these many bytes, which are three numbers: the sides of a square and of a tile, what holds the numbers of a row, how
/// rows are loaded and stored as such, and the two zips of them.
macro_rules! threes {
    ($($unit:literal: $side:literal $tile:literal $register:ident $load:path, $store:path, $low:ident $high:ident;)*) => {$(
        impl Square<$unit> for Transposes {
            const SIDE: usize = $side;
            const TILE: usize = $tile;

            #[inline(always)]
            unsafe fn square<L: Lines>(lines: L) {
                // SAFETY: the caller guarantees W1 to W4 for the square, each of whose lines is three registers; every AArch64 has
                // the instructions.
                unsafe {
                    let load = |row: usize| core::mem::transmute::<_, [$register; 3]>($load(lines.from(row)));
                    let rows: [_; $side] = core::array::from_fn(load);
                    let zip = |a, b| ($low(a, b), $high(a, b));
                    let first = rows.map(|[number, _, _]| number).transposed(zip);
                    let second = rows.map(|[_, number, _]| number).transposed(zip);
                    let third = rows.map(|[_, _, number]| number).transposed(zip);
                    for (column, ((first, second), third)) in first.into_iter().zip(second).zip(third).enumerate() {
                        $store(lines.to(column), core::mem::transmute::<[$register; 3], _>([first, second, third]));
                    }
                }
            }
        }
    )*};
}

threes! {
    3: 8 16 uint8x8_t vld3_u8, vst3_u8, vzip1_u8 vzip2_u8;
    6: 8 8 uint16x8_t Interleaved::<2, 3>::load, Interleaved::<2, 3>::store, vzip1q_u16 vzip2q_u16;
    12: 4 4 uint32x4_t Interleaved::<4, 3>::load, Interleaved::<4, 3>::store, vzip1q_u32 vzip2q_u32;
}
