//! The bytes of a walk in order, handed to a function part by part through a small buffer.

use core::mem::MaybeUninit;
use core::ops::ControlFlow;

use crate::layout::Plan;

use super::convert::move_numbers::{NumberMover, Rows};
use super::copy::LONG;
use super::odometer::visit;
use super::prefetch::LINE;

/// The bytes gathered at a time.
const PART: usize = 1 << 12;

/// Passes the bytes of all units of the first operand, in the order of the walk, to `take`. Returns `false`, without a call,
/// where they are so far apart that a copy in another order is faster.
///
/// # Safety
/// W1 and W3 of the module's contract; the second operand is not looked at.
// Not inlined: a caller that gets `false` needs the stack for something else.
#[inline(never)]
pub(crate) unsafe fn gather(mut plan: Plan<'_>, src: *const u8, mut take: impl FnMut(&[u8])) -> bool {
    let long = plan.bytes() >= LONG;
    plan.take_block();
    let unit = plan.unit;
    let line = plan.take_line();
    let (len, stride) = (line.len.unsigned_abs(), line.src.stride);
    let is_number = unit <= 8 && unit.is_power_of_two();
    if unit < LINE && (!is_number || stride.unsigned_abs() >= LINE) {
        return false;
    }
    let mut program = None;
    let arranger = NumberMover::new(unit, false, [stride, unit.cast_signed()], long.then_some(&mut program));
    let mut buffer = [MaybeUninit::<u8>::uninit(); PART];
    let most = PART.checked_div(unit).unwrap_or(0);
    let mut used = 0_usize;
    let mut add = |mut src: *const u8, _: *mut u8| {
        let mut left = len;
        while left > 0 {
            if !is_number {
                // SAFETY: W1 and W3.
                take(unsafe { core::slice::from_raw_parts(src, unit) });
                left -= 1;
                src = src.wrapping_offset(stride);
                continue;
            }
            let count = left.min(most - used);
            let free = buffer.as_mut_ptr().wrapping_add(used * unit).cast();
            // SAFETY: W1 and W3, for a part of a line; the buffer has room for it.
            unsafe { arranger.run(Rows::new(src, free, [1, count], [0, 0])) };
            used += count;
            left -= count;
            src = src.wrapping_offset(stride.wrapping_mul(count.cast_signed()));
            if used == most {
                // SAFETY: so many units have been brought there.
                take(unsafe { core::slice::from_raw_parts(buffer.as_ptr().cast(), used * unit) });
                used = 0;
            }
        }
        ControlFlow::Continue(())
    };
    // SAFETY: W1; of the second operand only addresses are computed, and not used.
    let _: ControlFlow<()> = unsafe { visit(&plan, src, core::ptr::null_mut(), &mut add) };
    if used != 0 {
        // SAFETY: as above.
        take(unsafe { core::slice::from_raw_parts(buffer.as_ptr().cast(), used * unit) });
    }
    true
}
