//! Tiles for any machine: item by item, of one cache line each way.

use crate::kernels::prefetch::LINE;
use crate::layout::Offset;

use super::driver::drive_one;
use super::tables::{Ahead, Kernel, MicroKernel, OwnDriver, Plane, Tile};

/// The micro-kernels for any machine.
static TILES: [MicroKernel; 10] =
    [of::<1>(), of::<2>(), of::<3>(), of::<4>(), of::<6>(), of::<8>(), of::<12>(), of::<16>(), of::<24>(), of::<32>()];

/// The kernel for items of this size on any machine.
pub(super) fn kernel(unit: usize) -> Option<Kernel> {
    Kernel::find(&TILES, &[], unit)
}

/// The micro-kernel for items of `UNIT` bytes.
pub(super) const fn of<const UNIT: usize>() -> MicroKernel {
    let own_driver: Option<OwnDriver> = if UNIT == 16 { Some(drive::<UNIT>) } else { None };
    MicroKernel { own_driver, ..MicroKernel::square(UNIT, side(UNIT), whole::<UNIT>, None, part::<UNIT>) }
}

/// # Safety
/// As [`OwnDriver`].
unsafe fn drive<const UNIT: usize>(kernel: &MicroKernel, plane: &Plane<'_>, block: usize) {
    // SAFETY: the caller guarantees W1 to W4 for the plane.
    unsafe { drive_one(kernel, plane, block, |tile, ahead| whole::<UNIT>(tile, ahead)) };
}

/// Items along each side of a tile.
const fn side(unit: usize) -> usize {
    if unit > LINE / 4 { 4 } else { LINE / unit }
}

/// # Safety
/// As [`Whole`](super::tables::Whole).
unsafe fn whole<const UNIT: usize>(tile: &Tile<'_>, ahead: &mut Ahead) {
    let side = const { side(UNIT) };
    // Constant numbers of rows and columns, so that the compiler unrolls the loops.
    let Some(columns) = tile.columns.get(..side) else { return };
    for tile in (Tile { columns, ..*tile }).tiles(side, UNIT) {
        ahead.step();
        // SAFETY: the caller guarantees W1 to W4 for the tiles; `tiles` and `get` give this one `side` rows and columns.
        unsafe {
            if UNIT <= 4 {
                large::<UNIT>(tile.src, tile.rows.as_ptr(), tile.dst, tile.columns.as_ptr());
            } else {
                each::<UNIT>(tile.src, tile.rows, tile.dst, tile.columns);
            }
        }
    }
}

/// Copies a whole tile of many items.
///
/// # Safety
/// As [`whole`], for one tile.
// Not inlined: the compiler uses a register for each source line, and has none left for the loop over tiles.
#[inline(never)]
unsafe fn large<const UNIT: usize>(src: *const u8, rows: *const Offset, dst: *mut u8, columns: *const Offset) {
    let side = const { side(UNIT) };
    // SAFETY: the caller guarantees W1 to W4 for one tile, and `side` entries in both tables.
    unsafe {
        let (rows, columns) = (core::slice::from_raw_parts(rows, side), core::slice::from_raw_parts(columns, side));
        each::<UNIT>(src, rows, dst, columns);
    }
}

/// # Safety
/// As [`CopyPart`](super::tables::CopyPart).
unsafe fn part<const UNIT: usize>(tile: &Tile<'_>, _: bool) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the part.
    unsafe { items::<UNIT>(tile) }
}

/// Copies item after item.
///
/// # Safety
/// W1 to W4 for the items of the tile, which are `UNIT` bytes.
// Not inlined: the micro-kernels of all levels share this copy for what they leave over.
#[inline(never)]
pub(super) unsafe fn items<const UNIT: usize>(tile: &Tile<'_>) {
    // SAFETY: the caller guarantees W1 to W4 for the items of the tile, which are `UNIT` bytes.
    unsafe { each::<UNIT>(tile.src, tile.rows, tile.dst, tile.columns) }
}

/// # Safety
/// As [`items`].
#[inline(always)]
unsafe fn each<const UNIT: usize>(src: *const u8, rows: &[Offset], dst: *mut u8, columns: &[Offset]) {
    let mut from = src;
    for &column in columns {
        let mut to = dst.wrapping_offset(column as isize);
        for &row in rows {
            // SAFETY: W1 and W2; an array of bytes needs no alignment.
            unsafe { to.cast::<[u8; UNIT]>().write(from.wrapping_offset(row as isize).cast::<[u8; UNIT]>().read()) };
            to = to.wrapping_add(UNIT);
        }
        from = from.wrapping_add(UNIT);
    }
}
