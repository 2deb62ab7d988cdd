//! Copies bytes as a plan says: chooses the kernel, once for each plan, and runs it.

use crate::layout::Plan;

use super::cpu::level;
use super::odometer::{walk, walk_blocks, walk_over};

mod thresholds;

mod contiguous;

mod reversed;

mod strided;

mod repeat;

pub(super) mod permute;

mod transpose;

mod small;

mod strategy;

pub(crate) use contiguous::copy_block;
use contiguous::{stream_block, stream_end};
use repeat::copy_repeated;
pub(crate) use repeat::repeat;
#[cfg(target_arch = "x86_64")]
pub(super) use reversed::bytes_reversed;
pub(super) use small::copy_lines;
pub(crate) use small::{copy_plane, copy_small, copy_small_transpose, copy_transpose};
use strategy::{Strategy, choose};
use strided::StridedPlane;
pub(super) use thresholds::LONG;

/// Copies every unit of the walk from the first operand to the second.
///
/// # Safety
/// W1 to W4 of the module's contract.
// Not inlined: its callers should not need stack for a program.
#[inline(never)]
pub(crate) unsafe fn copy(mut plan: Plan<'_>, src: *const u8, dst: *mut u8) {
    plan.take_block();
    let mut slot = None;
    // SAFETY: the caller guarantees W1 to W4; the strategy was chosen for this plan and the processor's level.
    unsafe {
        match choose(&plan, level(), &mut slot) {
            Strategy::Contiguous { stream } => copy_blocks(&plan, src, dst, stream),
            Strategy::Repeat { stream } => copy_repeated(&mut plan, src, dst, stream),
            Strategy::Permute(lines) => lines.copy(&mut plan, src, dst),
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Strategy::Channels(lines) => lines.copy(&mut plan, src, dst),
            Strategy::Transpose(transpose) => {
                if !transpose.copy(&mut plan, src, dst) {
                    copy_planes(&mut plan, src, dst, true);
                }
            }
            Strategy::Strided { tiled } => copy_planes(&mut plan, src, dst, tiled),
        }
    }
}

/// Copies item by item.
///
/// # Safety
/// W1 to W4.
unsafe fn copy_planes(plan: &mut Plan<'_>, src: *const u8, dst: *mut u8, tiled: bool) {
    let tiled = tiled && plan.tile();
    let (outer, plane) = plan.planes();
    let plane = StridedPlane::new(plane, plan.unit);
    // SAFETY: W1 to W4: each pair of addresses belongs to an index tuple of all axes outside the plane.
    unsafe { walk_over(plan, outer, src, dst, |src, dst| plane.copy(src, dst, tiled)) };
}

/// Copies block by block.
///
/// # Safety
/// W1 to W4.
unsafe fn copy_blocks(plan: &Plan<'_>, src: *const u8, dst: *mut u8, stream: bool) {
    let unit = plan.unit;
    // SAFETY: W1 to W4 for each block.
    unsafe {
        if stream {
            walk(plan, src, dst, |src, dst| stream_block(src, dst, unit));
            stream_end();
        } else if plan.direct().is_empty() {
            walk_blocks(plan, src, dst, |src, dst, bytes| core::ptr::copy_nonoverlapping(src, dst, bytes));
        } else {
            walk(plan, src, dst, |src, dst| core::ptr::copy_nonoverlapping(src, dst, unit));
        }
    }
}
