//! Channels that are split or interleaved, and every second item, where an architecture has better than a shuffle by an index.

use crate::kernels::cpu::{Level, by_level};
use crate::kernels::odometer::walk;
use crate::kernels::page_rule::may_cover;
use crate::kernels::prefetch::{LINE, steps_to_line};
use crate::layout::{Axis, Lines, Plan};

use crate::kernels::copy::contiguous::stream_end;
use crate::kernels::copy::strided::StridedPlane;

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod sse2;

#[cfg(target_arch = "aarch64")]
use neon::blocks;
#[cfg(target_arch = "x86_64")]
use sse2::blocks;

/// Bytes of a register.
const REGISTER: usize = 16;

/// Which operand has its items adjacent, all channels of one period before those of the next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// The first one.
    Split,
    /// The second one.
    Join,
    /// The first one, of two channels, of which one is copied.
    Second,
}

/// Copies that many blocks, each of as many periods as a register has items; the flag says to use non-temporal stores.
type CopyBlocks = unsafe fn(&ChannelCopier, *const u8, *mut u8, usize, bool);

/// Copies lines of channels.
pub(in crate::kernels::copy) struct ChannelCopier {
    line: Axis,
    period: Axis,
    /// Which direct axes of the plan these are.
    taken: u64,
    unit: usize,
    way: Way,
    blocks: CopyBlocks,
    stream: bool,
}

impl ChannelCopier {
    /// For lines of units; `None` where they are not such lines, or a program takes less time.
    pub(in crate::kernels::copy) fn new(lines: &Lines, unit: usize, stream: bool, level: Level) -> Option<Self> {
        let Lines { line, period, taken } = *lines;
        let is_fast = by_level! {
            level;
            avx512: false,
            // Three channels of small items take many shuffles, where one by an index would do.
            avx2: period.len != 3 || unit >= 4,
            neon: true,
            portable: cfg!(target_arch = "x86_64"),
        };
        if !is_fast {
            return None;
        }
        let size = unit.cast_signed();
        let step = size * period.len;
        let way = if period.len == 1 {
            let every_second = line.src.stride == 2 * size && line.dst.stride == size && may_cover(unit);
            every_second.then_some(Way::Second)?
        } else if period.src.stride == size && line.src.stride == step && line.dst.stride == size {
            Way::Split
        } else if period.dst.stride == size && line.dst.stride == step && line.src.stride == size {
            Way::Join
        } else {
            return None;
        };
        let blocks = blocks(way, unit, period.len)?;
        Some(Self { line, period, taken, unit, way, blocks, stream })
    }

    /// Copies all lines of the plan that it was made for.
    ///
    /// # Safety
    /// W1 to W4.
    pub(in crate::kernels::copy) unsafe fn copy(&self, plan: &mut Plan<'_>, src: *const u8, dst: *mut u8) {
        plan.remove_direct(self.taken);
        // SAFETY: the caller guarantees W1 to W4 for each line.
        unsafe { walk(plan, src, dst, |src, dst| self.run(src, dst)) };
        if self.stream {
            stream_end();
        }
    }

    /// # Safety
    /// W1 to W4 for the items of a line.
    unsafe fn run(&self, src: *const u8, dst: *mut u8) {
        let all = self.line.len.unsigned_abs();
        let side = REGISTER.checked_div(self.unit).unwrap_or(1);
        let head = if self.stream { self.periods_before_line(dst) } else { None };
        let start = head.unwrap_or(0).min(all);
        // A block also reads the gap after its last item, so the last item of the line is left out.
        let left = if self.way == Way::Second { (all - start).saturating_sub(1) } else { all - start };
        let blocks = left.checked_div(side).unwrap_or(0);
        let end = start + blocks * side;
        let at = |periods: usize| {
            let periods = periods.cast_signed();
            (
                src.wrapping_offset(periods.wrapping_mul(self.line.src.stride)),
                dst.wrapping_offset(periods.wrapping_mul(self.line.dst.stride)),
            )
        };
        // SAFETY: the caller guarantees W1 to W4 for the line, which the three parts make up. Registers are aligned where they
        // are streamed.
        unsafe {
            let (from, to) = at(start);
            (self.blocks)(self, from, to, blocks, head.is_some());
            self.few(src, dst, start);
            let (from, to) = at(end);
            self.few(from, to, all - end);
        }
    }

    /// Some periods, item by item.
    ///
    /// # Safety
    /// W1 to W4 for their items.
    unsafe fn few(&self, src: *const u8, dst: *mut u8, periods: usize) {
        let axes = [Axis { len: periods.cast_signed(), ..self.line }, self.period];
        // SAFETY: the caller guarantees W1 to W4 for the items of `periods` periods.
        unsafe { StridedPlane::new(&axes, self.unit).copy(src, dst, false) };
    }

    /// How many periods lie before the first one at which all channels that are written start where cache lines do; `None` where they
    /// never do.
    fn periods_before_line(&self, dst: *mut u8) -> Option<usize> {
        let apart = if self.way == Way::Split { self.period.dst.stride } else { 0 };
        if apart % LINE.cast_signed() != 0 { None } else { steps_to_line(dst.addr(), self.line.dst.stride) }
    }

    /// The way in words.
    #[cfg(test)]
    pub(in crate::kernels::copy) fn name(&self) -> std::string::String {
        let streamed = if self.stream { ", streamed" } else { "" };
        match self.way {
            Way::Split => std::format!("{} channels split{streamed}", self.period.len),
            Way::Join => std::format!("{} channels joined{streamed}", self.period.len),
            Way::Second => std::format!("every second item{streamed}"),
        }
    }
}
