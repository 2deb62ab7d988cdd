//! Lines of small steps, copied by a program that is made once for each plan and run for each line.

use crate::kernels::cpu::{Level, by_level};
use crate::kernels::odometer::walk;
use crate::layout::{Axis, Lines, Plan};

use super::contiguous::stream_end;
use super::thresholds::{FAR, PROGRAM_LINE, SCATTERED_ITEM, STREAMED};

mod program;

mod run;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod channels;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(in crate::kernels::copy) use channels::ChannelCopier;
pub(in crate::kernels) use program::{PeriodicLine, Program};
pub(in crate::kernels) use run::RunSteps;

/// Copies lines of small steps by a program.
pub(in crate::kernels::copy) struct LineCopier<'p> {
    program: &'p Program,
    steps: RunSteps,
    /// The same with non-temporal stores, where that pays and vectors are aligned.
    streaming: Option<RunSteps>,
    line: Axis,
    /// Which direct axes of the plan these are.
    taken: u64,
}

impl<'p> LineCopier<'p> {
    /// Makes the program for lines of units in `slot`, for walks of so many `bytes`; `None` where there is no program for them, or
    /// none that takes less time than a loop.
    pub(in crate::kernels::copy) fn new(
        slot: &'p mut Option<Program>,
        lines: &Lines,
        unit: usize,
        bytes: usize,
        level: Level,
    ) -> Option<Self> {
        let Lines { line, period, taken } = *lines;
        let stream = bytes >= STREAMED;
        if line.len.unsigned_abs() * period.len.unsigned_abs() * unit < PROGRAM_LINE {
            return None;
        }
        if stream && unit >= SCATTERED_ITEM && line.dst.stride.unsigned_abs() == 2 * unit && period.len == 1 {
            return None;
        }
        // In the caches a vector of at most four items takes no less time than they do, where it is made of three.
        let halved = by_level! { level; avx512: false, avx2: true, neon: false, portable: false };
        let apart = line.src.stride.unsigned_abs() / 3 >= unit;
        if halved && !stream && unit >= SCATTERED_ITEM && apart && period.len == 1 {
            return None;
        }
        // The loop that reverses adjacent items (`reversed.rs`) has no indices to load.
        let is_reversed = line.src.stride == line.dst.stride.wrapping_neg() && line.dst.stride.unsigned_abs() == unit;
        if halved && !stream && is_reversed && period.len == 1 && matches!(unit, 1 | 2 | 4 | 8) {
            return None;
        }
        let program = PeriodicLine {
            unit,
            items: period.len.unsigned_abs(),
            src_item: period.src.stride,
            dst_item: period.dst.stride,
            src_step: line.src.stride,
            dst_step: line.dst.stride,
            far: bytes >= FAR,
        };
        let program = program.program(level, slot).filter(|program| line.len.unsigned_abs() >= program.periods)?;
        let steps = program.steps(level, false)?;
        let streaming = if stream { program.steps(level, true) } else { None };
        Some(Self { program, steps, streaming, line, taken })
    }

    /// Copies all lines of the plan that it was made for.
    ///
    /// # Safety
    /// W1 to W4; the level that it was made for is that of the processor.
    pub(in crate::kernels::copy) unsafe fn copy(&self, plan: &mut Plan<'_>, src: *const u8, dst: *mut u8) {
        plan.remove_direct(self.taken);
        // SAFETY: the caller guarantees W1 to W4 for each line, and the level.
        unsafe { walk(plan, src, dst, |src, dst| self.run(src, dst)) };
        if self.streaming.is_some() {
            stream_end();
        }
    }

    /// # Safety
    /// W1 to W4 for the items of a line.
    unsafe fn run(&self, src: *const u8, dst: *mut u8) {
        let all = self.line.len.unsigned_abs();
        let periods = self.program.periods;
        let run = |steps: RunSteps, at: usize, count: usize| {
            // Offsets wrap, as addresses do (W1).
            let at = at.cast_signed();
            let from = src.wrapping_offset(at.wrapping_mul(self.line.src.stride));
            let to = dst.wrapping_offset(at.wrapping_mul(self.line.dst.stride));
            // SAFETY: W1 to W4: the periods are on the line. The program is for this level.
            unsafe { steps(self.program, from, to, count) };
        };
        // `new` refuses shorter lines.
        let Some(last) = all.checked_sub(periods) else { return };
        // The main run starts at a cache line. A few more steps copy what is before it, and one what is left at the end. Both
        // overlap the main run, where they write the same bytes.
        let head = self.program.periods_before_line(dst, self.line.dst.stride);
        let head = head.filter(|head| *head <= last && last > 4 * periods);
        if let Some(head) = head {
            run(self.steps, 0, head.div_ceil(periods.max(1)));
        }
        let steps = self.streaming.filter(|_| head.is_some()).unwrap_or(self.steps);
        let head = head.unwrap_or(0);
        let count = (all - head).checked_div(periods).unwrap_or(0);
        run(steps, head, count);
        if head + count * periods != all {
            run(self.steps, last, 1);
        }
    }

    /// The program in words.
    #[cfg(test)]
    pub(in crate::kernels::copy) fn name(&self) -> std::string::String {
        let streamed = if self.streaming.is_some() { ", streamed" } else { "" };
        std::format!("{}{streamed}", self.program.name())
    }
}
