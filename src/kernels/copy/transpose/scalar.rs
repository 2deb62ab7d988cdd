//! Tiles for any machine: item by item, of one cache line each way.

use crate::layout::Offset;

use crate::kernels::prefetch::LINE;

use super::driver::{Ahead, Kernel, Plane, Run, Tile, items, run};

/// A tile for any machine: item by item, all lines in the cache.
struct Portable<const UNIT: usize>;

impl<const UNIT: usize> Tile for Portable<UNIT> {
    const UNIT: usize = UNIT;
    const ROWS: usize = if UNIT > LINE / 4 { 4 } else { LINE / UNIT };
    const COLUMNS: usize = Self::ROWS;

    #[inline(always)]
    unsafe fn whole<const STREAM: bool>(
        src: *const u8,
        rows: *const Offset,
        dst: *mut u8,
        columns: *const Offset,
        ahead: &mut Ahead,
    ) {
        ahead.step();
        // SAFETY: the function's contract: the tables have that many entries.
        unsafe {
            let rows = core::slice::from_raw_parts(rows, Self::ROWS);
            let columns = core::slice::from_raw_parts(columns, Self::COLUMNS);
            items::<UNIT>(src, rows, dst, columns);
        }
    }
}

/// The function for items of this size on any machine.
pub(super) fn kernel(unit: usize) -> Option<Kernel> {
    /// # Safety
    /// As [`run`].
    unsafe fn plane<const UNIT: usize>(plane: &Plane<'_>) {
        // SAFETY: the function's contract.
        unsafe { run::<Portable<UNIT>>(plane) }
    }
    macro_rules! of {
        ($($unit:literal)*) => {
            match unit {
                $($unit => Run { copy: plane::<$unit>, rows: Portable::<$unit>::ROWS },)*
                _ => return None,
            }
        };
    }
    Some(Kernel { near: of!(1 2 3 4 6 8 12 16 24 32), past: None })
}
