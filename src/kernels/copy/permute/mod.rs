//! Lines of small steps, which a program copies: the program is made once for each plan, then run for each line.

use core::ops::ControlFlow;

use crate::kernels::odometer::visit;
use crate::layout::{Axis, Lines, Plan};

use super::contiguous::{STREAMED, stream_end};
use super::strided::StridedPlane;

mod program;

mod run;

pub(super) use program::PERIOD;
pub(in crate::kernels) use program::{PeriodicLine, Program};
pub(in crate::kernels) use run::RunSteps;

/// Copies by a program for these lines; says whether there is one.
///
/// # Safety
/// W1 to W4.
// Not in line: what is copied otherwise needs no memory for a program.
#[inline(never)]
pub(super) unsafe fn copy_lines(plan: &mut Plan<'_>, lines: &Lines, src: *const u8, dst: *mut u8) -> bool {
    let streamed = plan.bytes() >= STREAMED;
    let mut program = None;
    let Some(runner) = LineRunner::new(&mut program, lines, plan.unit, streamed) else { return false };
    plan.remove_direct(lines.taken);
    // SAFETY: the function's contract, for each line. The closure never breaks, so the flow that comes back says nothing.
    let _: ControlFlow<()> = unsafe {
        visit(plan, src, dst, |src, dst| {
            runner.run(src, dst);
            ControlFlow::Continue(())
        })
    };
    if streamed {
        stream_end();
    }
    true
}

/// What copies lines of small steps.
struct LineRunner<'p> {
    program: &'p Program,
    steps: RunSteps,
    /// The same past the caches, where that pays.
    streaming: Option<RunSteps>,
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
        let program = PeriodicLine {
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
        let run = |steps: RunSteps, at: usize, count: usize| {
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
        unsafe {
            StridedPlane::new(&[Axis { len: periods.cast_signed(), ..line }, period], self.unit).copy(src, dst, false)
        };
    }
}
