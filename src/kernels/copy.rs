//! Copies bytes as a plan says: chooses the kernel, once for each plan.

use core::ops::ControlFlow;

use crate::layout::{Axis, Lines, Plan, SMALL};

use super::blocks::{STREAMED, stream_block, stream_end};
use super::plane::Plane;
use super::shuffle::{Line, PERIOD, Program};
use super::shuffle_run::Steps;
use super::tile::LINE;
use super::tiles::copy_tiles;
use super::walk::visit_over;

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

/// Copies by a program for these lines; says whether there is one.
///
/// # Safety
/// W1 to W4.
// Not in line: what is copied otherwise needs no memory for a program.
#[inline(never)]
unsafe fn copy_lines(plan: &mut Plan<'_>, lines: &Lines, src: *const u8, dst: *mut u8) -> bool {
    let streamed = plan.bytes() >= STREAMED;
    let mut program = None;
    let Some(runner) = LineRunner::new(&mut program, lines, plan.unit, streamed) else { return false };
    plan.remove_direct(lines.taken);
    // SAFETY: the function's contract, for each line.
    unsafe { walk(plan, src, dst, |src, dst| runner.run(src, dst)) };
    if streamed {
        stream_end();
    }
    true
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
    let plane = Plane::new(plane, plan.unit);
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

/// What copies lines of small steps.
struct LineRunner<'p> {
    program: &'p Program,
    steps: Steps,
    /// The same past the caches, where that pays.
    streaming: Option<Steps>,
    line: Axis,
    /// What the program leaves over: the axes are the line and the period.
    axes: [Axis; 2],
    unit: usize,
}

impl<'p> LineRunner<'p> {
    fn new(slot: &'p mut Option<Program>, lines: &Lines, unit: usize, stream: bool) -> Option<Self> {
        let Lines { line, period, .. } = *lines;
        // Where every second number is written, to memory that no cache has, single stores take less time than vectors of which
        // parts are left out.
        if stream && unit >= 4 && line.dst.stride.unsigned_abs() == 2 * unit && period.len == 1 {
            return None;
        }
        let program = Line {
            unit,
            items: period.len.unsigned_abs(),
            src_item: period.src.stride,
            dst_item: period.dst.stride,
            src_step: line.src.stride,
            dst_step: line.dst.stride,
        };
        let program = program.program(slot).filter(|program| line.len.unsigned_abs() >= program.periods)?;
        let steps = program.steps(false)?;
        let streaming = if stream { program.steps(true) } else { None };
        Some(Self { program, steps, streaming, line, axes: [line, period], unit })
    }

    /// # Safety
    /// W1 to W4 for the items of a line.
    unsafe fn run(&self, src: *const u8, dst: *mut u8) {
        let all = self.line.len.unsigned_abs();
        let periods = self.program.periods;
        let run = |steps: Steps, at: usize, count: usize| {
            let at = at.cast_signed();
            let from = src.wrapping_offset(at.wrapping_mul(self.line.src.stride));
            let to = dst.wrapping_offset(at.wrapping_mul(self.line.dst.stride));
            // SAFETY: W1 to W4: the periods are on the line. The program is for this level.
            unsafe { steps(self.program, from, to, count) };
        };
        let Some(last) = all.checked_sub(periods) else {
            // SAFETY: the function's contract.
            return unsafe { self.few(src, dst, all) };
        };
        // Where lines of the cache begin; what is before is a few steps more, and what is left at the end is one. Both write
        // again what others write, the same.
        let head = self.program.periods_before_line(dst, self.line.dst.stride);
        let head = head.filter(|head| *head <= last && last > 4 * periods);
        if let Some(head) = head {
            run(
                self.steps,
                0,
                head.checked_next_multiple_of(periods).and_then(|all| all.checked_div(periods)).unwrap_or(0),
            );
        }
        let steps = self.streaming.filter(|_| head.is_some()).unwrap_or(self.steps);
        let head = head.unwrap_or(0);
        let count = all.wrapping_sub(head).checked_div(periods).unwrap_or(0);
        run(steps, head, count);
        if head.wrapping_add(count.wrapping_mul(periods)) != all {
            run(self.steps, last, 1);
        }
    }

    /// Some periods, item by item.
    ///
    /// # Safety
    /// W1 to W4 for their items.
    unsafe fn few(&self, src: *const u8, dst: *mut u8, periods: usize) {
        let [line, period] = self.axes;
        // SAFETY: the function's contract.
        unsafe { Plane::new(&[Axis { len: periods.cast_signed(), ..line }, period], self.unit).copy(src, dst, false) };
    }
}
