//! Copies bytes as a plan says: chooses the kernel, once for each plan.

use core::ops::ControlFlow;

use crate::layout::{Axis, Plan, SMALL};

use super::odometer::visit_over;
use super::prefetch::LINE;

mod contiguous;
mod strided;

mod small;

pub(super) mod permute;

mod transpose;

pub(crate) use contiguous::copy_block;
use contiguous::{STREAMED, stream_block, stream_end};
use permute::{PERIOD, copy_lines};
pub(crate) use small::copy_small;
use strided::StridedPlane;
use transpose::copy_tiles;

/// Items of a walk up to which it takes less time to copy them one by one than to prepare a program.
const FEW_ITEMS: usize = 1 << 10;

/// Copies every unit of the walk from the first operand to the second.
///
/// # Safety
/// W1 to W4 of the module's contract.
pub(crate) unsafe fn copy(mut plan: Plan<'_>, src: *const u8, dst: *mut u8) {
    plan.take_block();
    let bytes = plan.bytes();
    // SAFETY: the function's contract.
    unsafe {
        if bytes < SMALL || plan.ordered {
            // What is small is in the cache, whatever the order.
            let tiled = bytes >= SMALL && plan.tile();
            return copy_planes(&plan, src, dst, tiled);
        }
        if plan.unit > LINE / 2 {
            return copy_blocks(&plan, src, dst, bytes >= STREAMED);
        }
        if bytes / plan.unit.max(1) > FEW_ITEMS
            && let Some(lines) = plan.lines(PERIOD.cast_signed())
            && copy_lines(&mut plan, &lines, src, dst)
        {
            return;
        }
        if copy_tiles(&mut plan, src, dst) {
            return;
        }
        let tiled = plan.tile();
        copy_planes(&plan, src, dst, tiled);
    }
}

/// Calls `act` with the two addresses of each index tuple of the plan's axes.
///
/// # Safety
/// W1 and W2 as far as pointers are concerned; `act` may be called with each pair.
unsafe fn walk(plan: &Plan<'_>, src: *const u8, dst: *mut u8, act: impl FnMut(*const u8, *mut u8)) {
    // SAFETY: the function's contract.
    unsafe { walk_over(plan, plan.direct(), src, dst, act) };
}

/// The same for only the `direct` axes of the plan's direct ones.
///
/// # Safety
/// As [`walk`].
unsafe fn walk_over(
    plan: &Plan<'_>,
    direct: &[Axis],
    src: *const u8,
    dst: *mut u8,
    mut act: impl FnMut(*const u8, *mut u8),
) {
    let act = |src: *const u8, dst: *mut u8| {
        act(src, dst);
        ControlFlow::Continue(())
    };
    // SAFETY: the function's contract. The closure never breaks, so the flow that comes back says nothing.
    let _: ControlFlow<()> = unsafe { visit_over(plan, direct, src, dst, act) };
}

/// Item by item.
///
/// # Safety
/// W1 to W4.
unsafe fn copy_planes(plan: &Plan<'_>, src: *const u8, dst: *mut u8, tiled: bool) {
    let (outer, plane) = plan.planes();
    let plane = StridedPlane::new(plane, plan.unit);
    // SAFETY: W1 to W4: each pair of addresses belongs to an index tuple of all axes outside the plane.
    unsafe { walk_over(plan, outer, src, dst, |src, dst| plane.copy(src, dst, tiled)) };
}

/// Block by block.
///
/// # Safety
/// W1 to W4.
unsafe fn copy_blocks(plan: &Plan<'_>, src: *const u8, dst: *mut u8, stream: bool) {
    let unit = plan.unit;
    // SAFETY: W1 to W4 for each block.
    unsafe {
        if stream && unit >= 4 * LINE {
            walk(plan, src, dst, |src, dst| stream_block(src, dst, unit));
            stream_end();
        } else {
            walk(plan, src, dst, |src, dst| core::ptr::copy_nonoverlapping(src, dst, unit));
        }
    }
}
