//! One item repeated: lines along which the source has stride 0.
//!
//! The bytes are made once, in a block that L1 holds, and copied from there: the destination is written at the speed of memory
//! at every level, and nothing else is read.

use core::mem::MaybeUninit;

use crate::kernels::odometer::walk;
use crate::kernels::prefetch::LINE;
use crate::layout::Plan;

use super::contiguous::{stream_block, stream_end};
use super::thresholds::{LARGE_UNIT, REPEATED_LINE};

/// The fewest bytes of a block: with fewer, the calls would take longer than the bytes.
const BLOCK: usize = 2048;

/// Bytes reserved for a block, which is whole units and whole cache lines, and for one unit more.
const ROOM: usize = BLOCK + LARGE_UNIT * LINE;

/// Writes `part` `count` times.
///
/// # Safety
/// `part.len() * count` bytes may be written at `to`, which is memory of its own (W2 to W4).
pub(crate) unsafe fn repeat(part: &[u8], count: usize, to: *mut u8) {
    // SAFETY: the caller guarantees W2 to W4 for `all` bytes; what has been written is doubled up to them.
    unsafe {
        if let [byte] = part {
            return to.write_bytes(*byte, count);
        }
        let all = part.len().saturating_mul(count);
        let mut done = part.len().min(all);
        core::ptr::copy_nonoverlapping(part.as_ptr(), to, done);
        while done < all {
            let more = done.min(all - done);
            core::ptr::copy_nonoverlapping(to, to.wrapping_add(done), more);
            done += more;
        }
    }
}

/// Whether [`copy_repeated`] copies the plan: the items of its innermost axis are one item of the first operand, and contiguous in
/// the second.
pub(super) fn is_repeated(plan: &Plan<'_>) -> bool {
    plan.unit != 0
        && plan.unit <= LARGE_UNIT
        && plan.direct().last().is_some_and(|line| {
            let bytes = line.len.unsigned_abs().saturating_mul(plan.unit);
            line.src.stride == 0 && line.dst.stride == plan.unit.cast_signed() && bytes >= REPEATED_LINE
        })
}

/// Copies a plan that [`is_repeated`], with non-temporal stores where it is to `stream`.
///
/// # Safety
/// W1 to W4.
// Not inlined: its block is on the stack.
#[inline(never)]
pub(super) unsafe fn copy_repeated(plan: &mut Plan<'_>, src: *const u8, dst: *mut u8, stream: bool) {
    let unit = plan.unit;
    let bytes = plan.take_line().len.unsigned_abs() * unit;
    let mut room = [const { MaybeUninit::<u8>::uninit() }; ROOM];
    let block = room.as_mut_ptr().cast::<u8>();
    // Whole units and whole cache lines.
    let period = unit << (LINE.trailing_zeros() - unit.trailing_zeros().min(LINE.trailing_zeros()));
    let size = period * BLOCK.checked_div(period).unwrap_or(0).max(1);
    let line = |from: *const u8, to: *mut u8| {
        // SAFETY: W1 and W2: there is an item at `from`, and a line of its repetitions at `to`, which is other memory (W4). The
        // block has room for `size` bytes and a unit, and no byte is read before it is written.
        unsafe {
            let item = core::slice::from_raw_parts(from, unit);
            if bytes <= size {
                return repeat(item, bytes.checked_div(unit).unwrap_or(0), to);
            }
            let head = if stream { to.align_offset(LINE).min(bytes) } else { 0 };
            repeat(item, size.checked_div(unit).unwrap_or(0) + 1, block);
            core::ptr::copy_nonoverlapping(block, to, head);
            let from = block.wrapping_add(head.checked_rem(unit).unwrap_or(0));
            let mut done = head;
            while done < bytes {
                let part = size.min(bytes - done);
                if stream {
                    stream_block(from, to.wrapping_add(done), part);
                } else {
                    core::ptr::copy_nonoverlapping(from, to.wrapping_add(done), part);
                }
                done += part;
            }
        }
    };
    // SAFETY: the caller guarantees W1 to W4 for each line.
    unsafe { walk(plan, src, dst, line) };
    if stream {
        stream_end();
    }
}
