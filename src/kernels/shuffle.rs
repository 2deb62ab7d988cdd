//! Lines of small steps: every second or third item, items backwards, channels that are interleaved or split, one item
//! repeated.
//!
//! Along such a line the same few items come again and again: a period. A program moves the bytes of some periods at once, by
//! vectors: for each vector of the destination it says which windows of the source to load, and where each byte comes from.

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::*;

use super::tile::LINE;

/// The most vectors that a program writes, and the most windows that each is made of.
const MOST: usize = 4;

/// The most items of a period.
pub(super) const PERIOD: usize = 4;

/// What a vector is made of: the bytes of a window of the source.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Window {
    /// For each byte of the destination, which byte of the window it is.
    index: [u8; LINE],
    /// Where the window is, from the first byte of the step.
    offset: isize,
    /// Which bytes of it are needed.
    read: u64,
    /// Which bytes of the destination come from it.
    gives: u64,
}

/// A vector of the destination.
#[derive(Clone, Copy)]
struct Out {
    windows: [Window; MOST],
    /// Where it is, from the first byte of the step.
    offset: isize,
    /// Which bytes of it are written.
    write: u64,
}

/// A line: items of `unit` bytes, a few in each period.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub(super) unit: usize,
    /// The items of a period: how many, and the bytes from one to the next in both operands.
    pub(super) items: usize,
    pub(super) src_item: isize,
    pub(super) dst_item: isize,
    /// Bytes from one period to the next.
    pub(super) src_step: isize,
    pub(super) dst_step: isize,
}

/// What to do, step by step.
pub(super) struct Program {
    outs: [Out; MOST],
    /// How many vectors are written, and of how many windows each is made at most.
    out_count: usize,
    window_count: usize,
    /// Periods in a step.
    pub(super) periods: usize,
    src_step: isize,
    dst_step: isize,
    /// Whether every vector is written whole, and the vectors of all steps are a multiple of a vector apart.
    pub(super) whole: bool,
}

impl Line {
    /// Calls `act` with the places of each byte of the first `periods` periods.
    #[inline(always)]
    fn bytes(&self, periods: usize, mut act: impl FnMut(isize, isize)) {
        let (mut src, mut dst) = (0_isize, 0_isize);
        for _ in 0..periods {
            let (mut from, mut to) = (src, dst);
            for _ in 0..self.items {
                for byte in 0..self.unit.cast_signed() {
                    act(from.wrapping_add(byte), to.wrapping_add(byte));
                }
                from = from.wrapping_add(self.src_item);
                to = to.wrapping_add(self.dst_item);
            }
            src = src.wrapping_add(self.src_step);
            dst = dst.wrapping_add(self.dst_step);
        }
    }

    /// The least of some bytes' places; `None` where there are none.
    fn least(&self, periods: usize, place: impl Fn(isize, isize) -> Option<isize>) -> Option<isize> {
        let mut least: Option<isize> = None;
        self.bytes(periods, |src, dst| {
            if let Some(at) = place(src, dst) {
                least = Some(least.map_or(at, |least| least.min(at)));
            }
        });
        least
    }

    /// A program with vectors of `width` bytes; `None` where the line is not of small steps. `masks` says whether loads and
    /// stores can leave bytes out.
    pub(super) fn program(&self, width: usize, masks: bool) -> Option<Program> {
        let step = self.dst_step.unsigned_abs();
        // As many periods as begin again where a vector does; else as many as one vector holds.
        let dense = |step: usize| width.checked_shr(step.trailing_zeros().min(width.trailing_zeros()));
        let periods = dense(step).unwrap_or(1);
        self.of_periods(periods, width, masks).or_else(|| {
            let fitting = width.checked_div(step).unwrap_or(0);
            if masks && fitting > 1 { self.of_periods(fitting, width, masks) } else { None }
        })
    }

    fn of_periods(&self, periods: usize, width: usize, masks: bool) -> Option<Program> {
        let bytes = periods.checked_mul(self.items)?.checked_mul(self.unit)?;
        if bytes > MOST.wrapping_mul(width) || bytes < width / 4 {
            return None;
        }
        let nothing = Window { index: [0x80; LINE], offset: 0, read: 0, gives: 0 };
        let none = Out { windows: [nothing; MOST], offset: 0, write: 0 };
        let mut program = Program {
            outs: [none; MOST],
            out_count: 0,
            window_count: 0,
            periods,
            src_step: self.src_step.wrapping_mul(periods.cast_signed()),
            dst_step: self.dst_step.wrapping_mul(periods.cast_signed()),
            whole: true,
        };
        let size = width.cast_signed();
        let all = if width == 64 { u64::MAX } else { (1_u64 << width).wrapping_sub(1) };
        let mut outs = program.outs.iter_mut();
        let mut next = self.least(periods, |_, dst| Some(dst));
        while let Some(offset) = next {
            let end = offset.wrapping_add(size);
            let out = outs.next()?;
            out.offset = offset;
            program.out_count = program.out_count.wrapping_add(1);
            let here = |dst: isize| (offset..end).contains(&dst);
            let mut windows = out.windows.iter_mut();
            let mut first = self.least(periods, |src, dst| here(dst).then_some(src));
            let (mut count, mut last) = (0_usize, 0);
            while let Some(lowest) = first {
                let window = windows.next()?;
                count = count.wrapping_add(1);
                let past = lowest.wrapping_add(size);
                window.offset = if masks { lowest } else { self.readable(periods, lowest, size)? };
                let start = window.offset;
                self.bytes(periods, |src, dst| {
                    if here(dst) && (lowest..past).contains(&src) {
                        let (to, from) = (dst.wrapping_sub(offset), src.wrapping_sub(start));
                        if let Some(index) = window.index.get_mut(to.unsigned_abs()) {
                            *index = from.unsigned_abs() as u8;
                        }
                        window.read |= 1_u64.wrapping_shl(from as u32);
                        window.gives |= 1_u64.wrapping_shl(to as u32);
                    }
                });
                out.write |= window.gives;
                last = window.offset;
                first = self.least(periods, |src, dst| (here(dst) && src >= past).then_some(src));
            }
            // Where another vector has more windows, these are read, too, and give nothing.
            windows.for_each(|window| window.offset = last);
            program.window_count = program.window_count.max(count);
            program.whole &= out.write == all;
            next = self.least(periods, |_, dst| (dst >= end).then_some(dst));
        }
        program.whole &= program.dst_step % size == 0;
        (program.whole || masks).then_some(program)
    }

    /// Where a window of `size` bytes that has the byte at `lowest` can be read whole: nothing in it is further than a line from
    /// a byte of an item on either side.
    fn readable(&self, periods: usize, lowest: isize, size: isize) -> Option<isize> {
        let near = |end: isize, reach: isize| {
            self.least(periods, |src, _| (src >= end && src < end.wrapping_add(reach)).then_some(src))
        };
        let last = lowest.wrapping_add(size).wrapping_sub(1);
        if near(last, size).is_some() {
            return Some(lowest);
        }
        // The last byte that is needed ends the window.
        let mut highest = lowest;
        self.bytes(periods, |src, _| highest = if src < last { highest.max(src) } else { highest });
        let start = highest.wrapping_add(1).wrapping_sub(size);
        near(start.wrapping_sub(size), size.wrapping_add(1)).is_some().then_some(start)
    }
}

/// Vectors that a program can be run with. The functions are inlined into one that has the instructions that they need.
#[cfg(target_arch = "x86_64")]
trait Vector: Copy {
    /// The bytes of `read` at `from`.
    ///
    /// # Safety
    /// They may be read, and where loads have no masks, all bytes of the vector.
    unsafe fn load(from: *const u8, read: u64) -> Self;
    /// Bytes by index.
    unsafe fn pick(self, window: &Window) -> Self;
    /// The bytes that the window gives by index, the others from `other`.
    unsafe fn pick_over(self, window: &Window, other: Self) -> Self;
    /// # Safety
    /// The bytes of `write` may be written.
    unsafe fn store(self, to: *mut u8, write: u64);
    /// # Safety
    /// All bytes may be written; the address is aligned.
    unsafe fn stream(self, to: *mut u8);
}

#[cfg(target_arch = "x86_64")]
impl Vector for __m512i {
    #[inline(always)]
    unsafe fn load(from: *const u8, read: u64) -> Self {
        // SAFETY: the function's contract: what the mask leaves out is not read.
        unsafe { _mm512_maskz_loadu_epi8(read, from.cast()) }
    }
    #[inline(always)]
    unsafe fn pick(self, window: &Window) -> Self {
        // SAFETY: the level.
        unsafe { _mm512_permutexvar_epi8(_mm512_load_si512(window.index.as_ptr().cast()), self) }
    }
    #[inline(always)]
    unsafe fn pick_over(self, window: &Window, other: Self) -> Self {
        // SAFETY: the level.
        unsafe {
            let index = _mm512_load_si512(window.index.as_ptr().cast());
            _mm512_mask_permutexvar_epi8(other, window.gives, index, self)
        }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u8, write: u64) {
        // SAFETY: the function's contract: what the mask leaves out is not written.
        unsafe {
            if write == u64::MAX {
                _mm512_storeu_si512(to.cast(), self);
            } else {
                _mm512_mask_storeu_epi8(to.cast(), write, self);
            }
        }
    }
    #[inline(always)]
    unsafe fn stream(self, to: *mut u8) {
        // SAFETY: the function's contract.
        unsafe { _mm512_stream_si512(to.cast(), self) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Vector for __m128i {
    #[inline(always)]
    unsafe fn load(from: *const u8, _: u64) -> Self {
        // SAFETY: the function's contract.
        unsafe { _mm_loadu_si128(from.cast()) }
    }
    #[inline(always)]
    unsafe fn pick(self, window: &Window) -> Self {
        // SAFETY: the level. An index with its highest bit gives 0.
        unsafe { _mm_shuffle_epi8(self, _mm_load_si128(window.index.as_ptr().cast())) }
    }
    #[inline(always)]
    unsafe fn pick_over(self, window: &Window, other: Self) -> Self {
        // SAFETY: the level.
        unsafe { _mm_or_si128(other, self.pick(window)) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u8, _: u64) {
        // SAFETY: the function's contract: such programs write whole vectors.
        unsafe { _mm_storeu_si128(to.cast(), self) }
    }
    #[inline(always)]
    unsafe fn stream(self, to: *mut u8) {
        // SAFETY: the function's contract.
        unsafe { _mm_stream_si128(to.cast(), self) }
    }
}

/// A function that runs some steps of a program.
pub(super) type Steps = unsafe fn(&Program, *const u8, *mut u8, usize);

/// # Safety
/// W1 to W4 for the periods of all steps; the processor has the instructions; where `STREAM`, the program writes whole
/// vectors, which are aligned.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn steps<V: Vector, const OUTS: usize, const WINDOWS: usize, const STREAM: bool>(
    program: &Program,
    mut src: *const u8,
    mut dst: *mut u8,
    steps: usize,
) {
    let Some(outs) = program.outs.first_chunk::<OUTS>() else { return };
    for _ in 0..steps {
        for out in outs {
            let Some((first, others)) = out.windows.first_chunk::<WINDOWS>().and_then(|windows| windows.split_first())
            else {
                return;
            };
            // SAFETY: the function's contract: windows and vectors have what the items of the step have.
            unsafe {
                let mut made = V::load(src.wrapping_offset(first.offset), first.read).pick(first);
                for window in others {
                    made = V::load(src.wrapping_offset(window.offset), window.read).pick_over(window, made);
                }
                let to = dst.wrapping_offset(out.offset);
                if STREAM { made.stream(to) } else { made.store(to, out.write) }
            }
        }
        src = src.wrapping_offset(program.src_step);
        dst = dst.wrapping_offset(program.dst_step);
    }
}

impl Program {
    /// Items of the first periods that lie before where vectors are aligned to lines, for a destination at `dst`; `None` where
    /// they never are.
    pub(super) fn periods_before_line(&self, dst: *mut u8, step: isize) -> Option<usize> {
        let size = LINE.cast_signed();
        let written = self.outs.get(..self.out_count)?;
        let aligned = |at: usize| {
            let start = dst.wrapping_offset(step.wrapping_mul(at.cast_signed()));
            written.iter().all(|out| start.wrapping_offset(out.offset).addr() % LINE == 0)
        };
        if !self.whole || self.dst_step % size != 0 { None } else { (0..LINE).find(|at| aligned(*at)) }
    }

    /// The function that runs the program.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn steps(&self, masks: bool, stream: bool) -> Option<Steps> {
        macro_rules! of {
            ($($outs:literal: $($windows:literal)*;)*) => {
                match (self.out_count, self.window_count) {
                    $($(($outs, $windows) => Some(match (masks, stream) {
                        (true, true) => avx512::<$outs, $windows, true>,
                        (true, false) => avx512::<$outs, $windows, false>,
                        (false, true) => avx2::<$outs, $windows, true>,
                        (false, false) => avx2::<$outs, $windows, false>,
                    }),)*)*
                    _ => None,
                }
            };
        }
        of! { 1: 1 2 3 4; 2: 1 2 3 4; 3: 1 2 3 4; 4: 1 2 3 4; }
    }
}

/// # Safety
/// As [`steps`], at the level `Avx512`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
unsafe fn avx512<const OUTS: usize, const WINDOWS: usize, const STREAM: bool>(
    program: &Program,
    src: *const u8,
    dst: *mut u8,
    count: usize,
) {
    // SAFETY: the function's contract; the instructions are enabled.
    unsafe { steps::<__m512i, OUTS, WINDOWS, STREAM>(program, src, dst, count) }
}

/// # Safety
/// As [`steps`], at the level `Avx2`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2<const OUTS: usize, const WINDOWS: usize, const STREAM: bool>(
    program: &Program,
    src: *const u8,
    dst: *mut u8,
    count: usize,
) {
    // SAFETY: the function's contract; the instructions are enabled.
    unsafe { steps::<__m128i, OUTS, WINDOWS, STREAM>(program, src, dst, count) }
}
