//! Lines of small steps: every second or third item, items backwards, channels that are interleaved or split, one item
//! repeated.
//!
//! Along such a line the same few items come again and again: a period. A program moves the bytes of some periods at once, by
//! vectors: for each vector of the destination it says which windows of the source to load, and where each byte comes from.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "there are no vectors for programs yet"))]

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::*;

use super::tile::{LINE, steps_to_line};

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

/// Bytes between items up to which what lies between them is read, too, and left out afterwards: much less than a page.
const NEAR: usize = 4 * LINE;

/// How far ahead lines that are written in part are fetched.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 16 * LINE;

/// A vector of the destination.
#[derive(Clone, Copy)]
struct Out {
    windows: [Window; MOST],
    /// Where it is, from the first byte of the step.
    offset: isize,
    /// Which bytes of it are written.
    write: u64,
}

impl Out {
    /// Makes one index of those of two windows, whose bytes count on: 64 is the first one of the second.
    fn pair(&mut self) {
        let [a, b, c, d] = &mut self.windows;
        for (first, second) in [(a, b), (c, d)] {
            for (at, (index, other)) in first.index.iter_mut().zip(&second.index).enumerate() {
                if second.gives >> at & 1 == 1 {
                    *index = other | LINE as u8;
                }
            }
            first.gives |= second.gives;
        }
    }
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
    /// Bytes of a vector, a power of two.
    width: usize,
    /// Whether every vector is written whole, and the vectors of all steps are a multiple of a vector apart.
    whole: bool,
    /// Whether every window can be read whole.
    readable: bool,
}

/// Where the bytes of a vector come from, from the first byte of the step; those that the vector writes have a meaning.
type Sources = [isize; LINE];

impl Line {
    /// For each item of a period, the part of the source that it has in some periods; that of the item alone where others are
    /// far. So no page lies in it that has no byte of an item.
    fn spans(&self, periods: usize) -> [(isize, isize); PERIOD] {
        let others = if self.src_step.unsigned_abs() <= NEAR { periods.cast_signed().wrapping_sub(1) } else { 0 };
        let reach = self.src_step.wrapping_mul(others);
        let mut spans = [(0, 0); PERIOD];
        let mut at = 0_isize;
        for span in spans.iter_mut().take(self.items) {
            *span = (at.wrapping_add(reach.min(0)), at.wrapping_add(reach.max(0)).wrapping_add_unsigned(self.unit));
            at = at.wrapping_add(self.src_item);
        }
        // Items that lie beside each other have one part in common.
        for _ in 1..self.items {
            let known = spans;
            for (start, end) in &mut spans {
                for other in known {
                    if other.0 <= *end && *start <= other.1 && other.0 != other.1 {
                        (*start, *end) = ((*start).min(other.0), (*end).max(other.1));
                    }
                }
            }
        }
        spans
    }

    /// The vectors that the bytes of some periods are in, and where the bytes come from; how many vectors there are. `None`
    /// where there are too many.
    fn outs(
        &self,
        periods: usize,
        width: isize,
        outs: &mut [Out; MOST],
        sources: &mut [Sources; MOST],
    ) -> Option<usize> {
        let mut count = 0_usize;
        let (mut src, mut dst) = (0_isize, 0_isize);
        for _ in 0..self.items {
            let (mut from, mut to) = (src, dst);
            let mut here = 0;
            for _ in 0..periods {
                for byte in 0..self.unit.cast_signed() {
                    let place = to.wrapping_add(byte);
                    let within = |out: &Out| (0..width).contains(&place.wrapping_sub(out.offset));
                    if !outs.get(here).is_some_and(|out| here < count && within(out)) {
                        let known = outs.iter().take(count);
                        here = known.clone().position(within).unwrap_or(count);
                        if here == count {
                            // Behind another one without a gap, if that is what it is.
                            let ends = known.map(|out| out.offset.wrapping_add(width));
                            let end = ends.filter(|end| (0..width).contains(&place.wrapping_sub(*end))).max();
                            outs.get_mut(here)?.offset = end.unwrap_or(place);
                            count = count.wrapping_add(1);
                        }
                    }
                    let out = outs.get_mut(here)?;
                    let at = place.wrapping_sub(out.offset).unsigned_abs();
                    out.write |= 1_u64.wrapping_shl(at as u32);
                    *sources.get_mut(here)?.get_mut(at)? = from.wrapping_add(byte);
                }
                from = from.wrapping_add(self.src_step);
                to = to.wrapping_add(self.dst_step);
            }
            src = src.wrapping_add(self.src_item);
            dst = dst.wrapping_add(self.dst_item);
        }
        Some(count)
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
            width,
            whole: true,
            readable: true,
        };
        let size = width.cast_signed();
        let all = if width == 64 { u64::MAX } else { (1_u64 << width).wrapping_sub(1) };
        let spans = self.spans(periods);
        let mut sources = [[0; LINE]; MOST];
        program.out_count = self.outs(periods, size, &mut program.outs, &mut sources)?;
        for (out, sources) in program.outs.iter_mut().zip(&sources).take(program.out_count) {
            let mut left = out.write;
            let mut count = 0_usize;
            let mut last = 0;
            let mut windows = out.windows.iter_mut();
            while left != 0 {
                let window = windows.next()?;
                count = count.wrapping_add(1);
                let is_left = |at: usize| left >> at & 1 == 1;
                let places = sources.iter().enumerate().filter(|(at, _)| is_left(*at));
                let lowest = places.map(|(_, place)| *place).min()?;
                let readable = readable(&spans, lowest, size);
                program.readable &= readable.is_some();
                window.offset = readable.unwrap_or(lowest);
                last = window.offset;
                for (at, place) in sources.iter().enumerate().filter(|(at, _)| is_left(*at)) {
                    let byte = place.wrapping_sub(window.offset);
                    if (0..size).contains(&byte)
                        && let Some(index) = window.index.get_mut(at)
                    {
                        *index = byte as u8;
                        window.read |= 1_u64.wrapping_shl(byte as u32);
                        window.gives |= 1_u64.wrapping_shl(at as u32);
                    }
                }
                left &= !window.gives;
            }
            // Where another vector has more windows, these are read, too, and give nothing.
            windows.for_each(|window| window.offset = last);
            program.window_count = program.window_count.max(count);
            program.whole &= out.write == all;
        }
        program.whole &= program.dst_step & (size - 1) == 0;
        if masks {
            program.outs.iter_mut().for_each(Out::pair);
        }
        (masks || (program.whole && program.readable)).then_some(program)
    }
}

/// Where a window of `size` bytes that has the byte at `lowest` can be read whole.
fn readable(spans: &[(isize, isize)], lowest: isize, size: isize) -> Option<isize> {
    let (start, end) = spans.iter().find(|span| (span.0..span.1).contains(&lowest))?;
    let latest = end.wrapping_sub(size);
    (*start <= latest).then_some(lowest.min(latest))
}

/// Vectors that a program can be run with. The functions are inlined into one that has the instructions that they need.
#[cfg(target_arch = "x86_64")]
trait Vector: Copy {
    /// The bytes of a vector of the destination. `MASKED` says that windows cannot be read whole.
    ///
    /// # Safety
    /// What the windows need may be read, and where they are not `MASKED`, all of them.
    unsafe fn make<const WINDOWS: usize, const MASKED: bool>(src: *const u8, out: &Out) -> Self;
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
    unsafe fn make<const WINDOWS: usize, const MASKED: bool>(src: *const u8, out: &Out) -> Self {
        let [a, b, c, d] = &out.windows;
        // SAFETY: the function's contract: what a mask leaves out is not read.
        unsafe {
            let load = |window: &Window| {
                let from = src.wrapping_offset(window.offset);
                if MASKED { _mm512_maskz_loadu_epi8(window.read, from.cast()) } else { _mm512_loadu_si512(from.cast()) }
            };
            let index = |window: &Window| _mm512_load_si512(window.index.as_ptr().cast());
            if WINDOWS == 1 {
                return _mm512_permutexvar_epi8(index(a), load(a));
            }
            let first = _mm512_permutex2var_epi8(load(a), index(a), load(b));
            match WINDOWS {
                2 => first,
                3 => _mm512_mask_permutexvar_epi8(first, c.gives, index(c), load(c)),
                _ => _mm512_mask_blend_epi8(c.gives, first, _mm512_permutex2var_epi8(load(c), index(c), load(d))),
            }
        }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u8, write: u64) {
        // SAFETY: the function's contract: what the mask leaves out is not written.
        unsafe {
            if write == u64::MAX {
                _mm512_storeu_si512(to.cast(), self);
            } else {
                // The processor does not fetch lines ahead for stores that leave bytes out.
                _mm_prefetch::<_MM_HINT_T0>(to.wrapping_add(AHEAD).cast());
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
    unsafe fn make<const WINDOWS: usize, const MASKED: bool>(src: *const u8, out: &Out) -> Self {
        let [a, b, c, d] = &out.windows;
        // SAFETY: the function's contract. An index with its highest bit gives 0.
        unsafe {
            let part = |window: &Window| {
                let loaded = _mm_loadu_si128(src.wrapping_offset(window.offset).cast());
                _mm_shuffle_epi8(loaded, _mm_load_si128(window.index.as_ptr().cast()))
            };
            match WINDOWS {
                1 => part(a),
                2 => _mm_or_si128(part(a), part(b)),
                3 => _mm_or_si128(_mm_or_si128(part(a), part(b)), part(c)),
                _ => _mm_or_si128(_mm_or_si128(part(a), part(b)), _mm_or_si128(part(c), part(d))),
            }
        }
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

/// How many steps ahead the source is fetched.
#[cfg(target_arch = "x86_64")]
const STEPS_AHEAD: isize = 16;

/// A function that runs some steps of a program.
pub(super) type Steps = unsafe fn(&Program, *const u8, *mut u8, usize);

/// # Safety
/// W1 to W4 for the periods of all steps; the processor has the instructions; where `STREAM`, the program writes whole
/// vectors, which are aligned; where not `MASKED`, it can read whole windows.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn steps<V: Vector, const OUTS: usize, const WINDOWS: usize, const MASKED: bool, const STREAM: bool>(
    program: &Program,
    mut src: *const u8,
    mut dst: *mut u8,
    steps: usize,
) {
    let Some(outs) = program.outs.first_chunk::<OUTS>() else { return };
    for _ in 0..steps {
        if STREAM {
            // Where destinations are large, sources are, too.
            let ahead = src.wrapping_offset(program.src_step.wrapping_mul(STEPS_AHEAD));
            for line in 0..WINDOWS {
                // SAFETY: fetching ahead reads nothing that anybody can tell, at any address.
                unsafe { _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line * LINE).cast()) };
            }
        }
        for out in outs {
            // SAFETY: the function's contract: windows and vectors have what the items of the step have.
            unsafe {
                let made = V::make::<WINDOWS, MASKED>(src, out);
                let to = dst.wrapping_offset(out.offset);
                if STREAM { made.stream(to) } else { made.store(to, out.write) }
            }
        }
        src = src.wrapping_offset(program.src_step);
        dst = dst.wrapping_offset(program.dst_step);
    }
}

impl Program {
    /// How many periods lie before the first one at which a vector begins where a line of the cache does, for a destination
    /// at `dst`; `None` where that never is so, or not for all vectors of a step.
    pub(super) fn periods_before_line(&self, dst: *mut u8, step: isize) -> Option<usize> {
        let (first, others) = self.outs.get(..self.out_count)?.split_first()?;
        let width = self.width.cast_signed();
        if !self.whole || others.iter().any(|out| out.offset.wrapping_sub(first.offset) & (width - 1) != 0) {
            return None;
        }
        steps_to_line(dst.wrapping_offset(first.offset).addr(), step)
    }

    /// The function that runs the program.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn steps(&self, masks: bool, stream: bool) -> Option<Steps> {
        macro_rules! of {
            ($($outs:literal: $($windows:literal)*;)*) => {
                match (self.out_count, self.window_count) {
                    $($(($outs, $windows) => Some(match (masks, self.readable, stream) {
                        (true, true, true) => avx512::<$outs, $windows, false, true>,
                        (true, true, false) => avx512::<$outs, $windows, false, false>,
                        (true, false, true) => avx512::<$outs, $windows, true, true>,
                        (true, false, false) => avx512::<$outs, $windows, true, false>,
                        (false, _, true) => avx2::<$outs, $windows, true>,
                        (false, _, false) => avx2::<$outs, $windows, false>,
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
unsafe fn avx512<const OUTS: usize, const WINDOWS: usize, const MASKED: bool, const STREAM: bool>(
    program: &Program,
    src: *const u8,
    dst: *mut u8,
    count: usize,
) {
    // SAFETY: the function's contract; the instructions are enabled.
    unsafe { steps::<__m512i, OUTS, WINDOWS, MASKED, STREAM>(program, src, dst, count) }
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
    unsafe { steps::<__m128i, OUTS, WINDOWS, false, STREAM>(program, src, dst, count) }
}
