//! The odometer: visits every index tuple of some axes with the two addresses it leads to.

use core::ops::ControlFlow;

use crate::layout::{Axis, Plan, Step};

/// Calls `act` with the two addresses of each pair of items of the walk, until it breaks.
///
/// # Safety
/// W1 and W2 of the module's contract as far as pointers that the axes follow are concerned; `act` may be called with the
/// addresses of each pair.
pub(crate) unsafe fn visit(
    plan: &Plan<'_>,
    src: *const u8,
    dst: *mut u8,
    act: impl FnMut(*const u8, *mut u8) -> ControlFlow<()>,
) -> ControlFlow<()> {
    // SAFETY: the function's contract.
    unsafe { visit_over(plan, plan.direct(), src, dst, act) }
}

/// The same, where of the plan's direct axes only these are walked over: `act` takes care of the others.
///
/// # Safety
/// As [`visit`].
pub(super) unsafe fn visit_over(
    plan: &Plan<'_>,
    direct: &[Axis],
    src: *const u8,
    dst: *mut u8,
    mut act: impl FnMut(*const u8, *mut u8) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let (src, dst) = (src.wrapping_offset(plan.src_offset), dst.wrapping_offset(plan.dst_offset));
    // SAFETY: the function's contract.
    unsafe { each(plan.indirect(), src, dst, &mut |src, dst| each(direct, src, dst, &mut act)) }
}

/// Calls `act` with the two addresses of each index tuple of `axes`, in index order, until it breaks.
///
/// # Safety
/// W1 and W2 of the module's contract as far as pointers that the axes follow are concerned.
unsafe fn each(
    axes: &[Axis],
    src: *const u8,
    dst: *mut u8,
    act: &mut impl FnMut(*const u8, *mut u8) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let (mut src, mut dst) = (src, dst);
    match axes {
        [] => return act(src, dst),
        // Most of the time is spent here, so this loop stands by itself.
        [line] if !line.is_indirect() => {
            for _ in 0..line.len {
                act(src, dst)?;
                src = src.wrapping_offset(line.src.stride);
                dst = dst.wrapping_offset(line.dst.stride);
            }
        }
        [axis, inner @ ..] => {
            for _ in 0..axis.len {
                // SAFETY: W1 and W2: both addresses belong to an index tuple of the walk, so the pointers there may be
                // read.
                unsafe {
                    let behind = (follow(src, axis.src), follow(dst.cast_const(), axis.dst).cast_mut());
                    each(inner, behind.0, behind.1, act)?;
                }
                src = src.wrapping_offset(axis.src.stride);
                dst = dst.wrapping_offset(axis.dst.stride);
            }
        }
    }
    ControlFlow::Continue(())
}

/// The address behind `address` on this axis.
///
/// # Safety
/// Where the step has a suboffset, a pointer may be read at `address`.
unsafe fn follow(address: *const u8, step: Step) -> *const u8 {
    match step.suboffset {
        // SAFETY: the function's contract; the pointer may stand at any address, hence unaligned.
        Some(suboffset) => unsafe { address.cast::<*const u8>().read_unaligned().wrapping_offset(suboffset) },
        None => address,
    }
}
