//! Lines of small steps: every second or third item, items backwards, channels that are interleaved or split, one item
//! repeated.
//!
//! Along such a line the same few items come again and again: a period. A program moves the bytes of some periods at once, by
//! vectors: for each vector of the destination it says which windows of the source to load, and where each byte comes from.
#![cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    allow(dead_code, unused_macros, unused_variables, reason = "there are no vectors for programs")
)]

use core::marker::PhantomData;

use crate::kernels::copy::thresholds::PERIOD;
use crate::kernels::cpu::{Level, by_level};
use crate::kernels::multiversion::{Loop, compiled};
use crate::kernels::page_rule::may_cover;
use crate::kernels::prefetch::{LINE, steps_to_line};

/// The most vectors that a program writes, and the most windows that each is made of.
const MOST: usize = 4;

/// What a vector is made of: the bytes of a window of the source.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Window {
    /// For each byte of the destination, which byte of the window it is.
    pub(super) index: [u8; LINE],
    /// Where the window is, from the first byte of the step.
    pub(super) offset: isize,
    /// Which bytes of it are needed.
    pub(super) read: u64,
    /// Which bytes of the destination come from it.
    pub(super) gives: u64,
    /// Of a program that [`blends`](Program::blends): all bits of those bytes of the window that are needed.
    pub(super) blend: [u8; BLENDED],
}

impl Window {
    /// A window that gives nothing.
    const NOTHING: Self = Self { index: [NOWHERE; LINE], offset: 0, read: 0, gives: 0, blend: [0; BLENDED] };
}

/// Bytes of the vectors of programs that may blend.
pub(super) const BLENDED: usize = 16;

/// The index of a byte that does not come from a window.
const NOWHERE: u8 = 0x80;

/// A vector of the destination, which has bytes of items: where none are written, none are read.
#[derive(Clone, Copy)]
pub(super) struct Out {
    pub(super) windows: [Window; MOST],
    /// Where it is, from the first byte of the step.
    pub(super) offset: isize,
    /// Which bytes of it are written.
    pub(super) write: u64,
    /// Of a program that [`blends`](Program::blends): where each byte is in the blended window.
    pub(super) blended: [u8; BLENDED],
}

impl Out {
    /// Makes the masks and the index for windows that are blended first, then shuffled once. `None` where two windows have needed
    /// bytes at the same place.
    #[inline(always)]
    fn blend(&mut self) -> Option<()> {
        let mut known = 0_u64;
        self.blended = [NOWHERE; BLENDED];
        for window in &mut self.windows {
            if known & window.read != 0 {
                return None;
            }
            known |= window.read;
            for (at, byte) in window.blend.iter_mut().enumerate() {
                *byte = if window.read >> at & 1 == 1 { u8::MAX } else { 0 };
            }
            for (blended, index) in self.blended.iter_mut().zip(&window.index) {
                *blended = if *index == NOWHERE { *blended } else { *index };
            }
        }
        Some(())
    }

    /// Makes one index of those of two windows, whose bytes count on: 64 is the first one of the second.
    #[inline(always)]
    fn pair(&mut self) {
        let [a, b, c, d] = &mut self.windows;
        for (first, second) in [(a, b), (c, d)] {
            for (index, other) in first.index.iter_mut().zip(&second.index) {
                *index = if *other == NOWHERE { *index } else { other | LINE as u8 };
            }
            first.gives |= second.gives;
        }
    }

    /// Chooses windows for the bytes that are written, which come from these places. Returns how many there are, and whether
    /// all can be read whole; `None` where there are too many.
    #[inline(always)]
    fn cover(&mut self, sources: &Sources, spans: &Spans, width: isize) -> Option<(usize, bool)> {
        // Adjacent windows take the least work, unless others are fewer. (A loop, so that the code exists once.)
        let mut known = None;
        for adjacent in [true, false, true] {
            let (count, readable, reach) = self.cover_by(sources, spans, width, adjacent);
            let is_chosen = match known {
                None => {
                    let fewest = reach.checked_div(width).unwrap_or(0).unsigned_abs() + 1;
                    count <= fewest.min(MOST)
                }
                Some(known) if !adjacent => count < known,
                Some(_) => return (count <= MOST).then_some((count, readable)),
            };
            if is_chosen {
                return Some((count, readable));
            }
            known = Some(count);
        }
        None
    }

    /// As [`cover`](Self::cover), with adjacent windows, or with windows that each start at the first byte that the ones before
    /// do not have. Also returns the distance from the first byte to the last. A count above the most windows means too many.
    #[inline(always)]
    fn cover_by(&mut self, sources: &Sources, spans: &Spans, width: isize, adjacent: bool) -> (usize, bool, isize) {
        let mut left = self.write;
        let (mut count, mut all_readable, mut last) = (0_usize, true, 0);
        let (mut first, mut highest) = (0, isize::MIN);
        for window in &mut self.windows {
            *window = Window { offset: last, ..Window::NOTHING };
            if left == 0 {
                // Where another vector has more windows, the last one of this vector is read again, and gives nothing.
                continue;
            }
            let mut lowest = isize::MAX;
            for (at, place) in sources.iter().enumerate() {
                let is_left = left >> at & 1 == 1;
                lowest = lowest.min(if is_left { *place } else { isize::MAX });
                highest = highest.max(if is_left { *place } else { isize::MIN });
            }
            let (offset, readable) = spans.window(lowest, width, adjacent);
            (first, last, all_readable) = (if count == 0 { lowest } else { first }, offset, all_readable && readable);
            let mut gives = 0;
            let mut read = 0;
            for (at, (place, index)) in sources.iter().zip(&mut window.index).enumerate() {
                let byte = place.wrapping_sub(offset);
                let given = left >> at & u64::from(byte.cast_unsigned() < width.cast_unsigned());
                *index = if given == 1 { byte as u8 } else { NOWHERE };
                gives |= given << at;
                // A byte that is not given is 0, wherever it is shifted.
                read |= given.wrapping_shl(byte as u32);
            }
            (window.offset, window.gives, window.read) = (offset, gives, read);
            left &= !gives;
            count += 1;
        }
        (if left == 0 { count } else { MOST + 1 }, all_readable, highest.wrapping_sub(first))
    }
}

/// Where the bytes of a vector come from, from the first byte of the step; those that the vector writes have a meaning. Such places
/// are sums of the view's strides, and wrap as addresses do (W1); numbers of items, vectors and windows do not.
type Sources = [isize; LINE];

/// The parts of an operand that the items of a period have, each from its first byte to one past its last.
struct Spans([(isize, isize); PERIOD]);

impl Spans {
    /// The parts that the `count` items have in some periods, which lie in `reach`, counted from the item of the first one.
    /// Adjacent items share one part.
    #[inline(always)]
    fn new(count: usize, item: isize, unit: usize, reach: isize) -> Self {
        let mut spans = [(0, 0); PERIOD];
        let mut at = 0_isize;
        for span in spans.iter_mut().take(count) {
            *span = (at.wrapping_add(reach.min(0)), at.wrapping_add(reach.max(0)).wrapping_add_unsigned(unit));
            at = at.wrapping_add(item);
        }
        for _ in 1..count {
            let known = spans;
            for (start, end) in &mut spans {
                for other in known {
                    if other.0 <= *end && *start <= other.1 && other.0 != other.1 {
                        (*start, *end) = ((*start).min(other.0), (*end).max(other.1));
                    }
                }
            }
        }
        Self(spans)
    }

    /// Where a window of so many bytes is that has the byte at `lowest`, and whether it can be read whole; one of those that
    /// are adjacent from the start of the part on, or one that starts there.
    #[inline(always)]
    fn window(&self, lowest: isize, width: isize, adjacent: bool) -> (isize, bool) {
        let span = self.0.iter().find(|span| (span.0..span.1).contains(&lowest));
        let Some((start, end)) = span.copied() else { return (lowest, false) };
        // The width is a power of two.
        let within = lowest.wrapping_sub(start) & (width - 1);
        let offset = if adjacent { lowest.wrapping_sub(within) } else { lowest };
        let latest = end.wrapping_sub(width);
        if start <= latest { (offset.min(latest), true) } else { (offset, false) }
    }
}

/// A line: items of `unit` bytes, a few in each period.
#[derive(Clone, Copy)]
pub(in crate::kernels) struct PeriodicLine {
    pub(in crate::kernels) unit: usize,
    /// The items of a period: how many, and the bytes from one to the next in both operands.
    pub(in crate::kernels) items: usize,
    pub(in crate::kernels) src_item: isize,
    pub(in crate::kernels) dst_item: isize,
    /// Bytes from one period to the next.
    pub(in crate::kernels) src_step: isize,
    pub(in crate::kernels) dst_step: isize,
    /// Whether the caches near the processor do not hold the walk.
    pub(in crate::kernels) far: bool,
}

/// What to do, step by step.
pub(in crate::kernels) struct Program {
    pub(super) outs: [Out; MOST],
    /// How many vectors are written, and of how many windows each is made at most.
    pub(super) out_count: usize,
    pub(super) window_count: usize,
    /// Periods in a step.
    pub(in crate::kernels) periods: usize,
    pub(super) src_step: isize,
    pub(super) dst_step: isize,
    /// Bytes of a vector, a power of two.
    width: usize,
    /// Whether the source is far, and a step covers more of it than the bytes that it needs: then it is prefetched. Otherwise it is
    /// prefetched only for non-temporal stores, where the processor's own prefetching is too late.
    pub(super) sparse: bool,
    /// What is prefetched: the middle of each window, once for windows that share most of a cache line.
    pub(super) fetched: [isize; MOST],
    pub(super) fetched_count: usize,
    /// Whether every vector is written whole, and the vectors of all steps are a multiple of a vector apart.
    whole: bool,
    /// Whether every window can be read whole.
    pub(super) readable: bool,
    /// Whether all vectors are made of the same windows, and need bytes at other places in each: channels that are split.
    pub(super) blends: bool,
}

/// The most bytes from the first byte of a step of the destination to its last.
const REACH: isize = (MOST * LINE) as isize;

impl PeriodicLine {
    /// Where the bytes of a vector come from, and which it has: all bytes of these periods that lie in it.
    #[inline(always)]
    fn sources(&self, periods: usize, out: &mut Out, sources: &mut Sources) {
        // Steps of the destination go upwards here: the last period is first where they go downwards.
        let periods = periods.cast_signed();
        let (first, turn) = if self.dst_step < 0 { (periods - 1, -1) } else { (0, 1) };
        let step = if periods == 1 { REACH } else { self.dst_step.wrapping_abs() };
        // A product in the place of a division: right for what is less than REACH, whatever the step up to there.
        let inverse = 0x1_0000_i32.checked_div(step as i32).unwrap_or(0) + 1;
        out.write = 0;
        for item in 0..self.items.cast_signed() {
            let begin = item.wrapping_mul(self.dst_item).wrapping_add(first.wrapping_mul(self.dst_step));
            let from = item.wrapping_mul(self.src_item).wrapping_add(first.wrapping_mul(self.src_step));
            let before = out.offset.wrapping_sub(begin);
            if before >= REACH || before <= -REACH {
                continue;
            }
            for (at, source) in sources.iter_mut().enumerate() {
                let byte = before as i32 + at as i32;
                let period = (byte * inverse) >> 16;
                let within = byte - period * step as i32;
                let here = byte >= 0 && byte < REACH as i32 && (period as isize) < periods && within < self.unit as i32;
                let place = from
                    .wrapping_add(self.src_step.wrapping_mul(turn).wrapping_mul(period as isize))
                    .wrapping_add(within as isize);
                *source = if here { place } else { *source };
                out.write |= u64::from(here) << at;
            }
        }
    }

    /// Whether the items of the destination have no bytes between them: each item's periods are contiguous, or all periods are.
    fn is_gapless(&self) -> bool {
        let step = self.dst_step.unsigned_abs();
        step == self.unit || (step == self.items * self.unit && self.dst_item.unsigned_abs() == self.unit)
    }

    /// Makes the program for the vectors of a level in the caller's `slot`, since it is large; `None` where the line is not one
    /// of small steps.
    pub(in crate::kernels) fn program<'p>(&self, level: Level, slot: &'p mut Option<Program>) -> Option<&'p Program> {
        // Bytes of a vector, and whether loads and stores can leave bytes out.
        let vectors: Option<(usize, bool)> = by_level! {
            level;
            avx512: Some((64, true)),
            avx2: Some((16, false)),
            neon: Some((16, false)),
            portable: None,
        };
        self.program_of(vectors?, slot)
    }

    /// As [`program`](Self::program), for vectors of `width` bytes, whatever the processor has.
    fn program_of<'p>(&self, (width, masks): (usize, bool), slot: &'p mut Option<Program>) -> Option<&'p Program> {
        let program = slot.insert(Program::EMPTY);
        let step = self.dst_step.unsigned_abs();
        // As many periods as fill whole vectors; else as many as one vector holds.
        let dense = |step: usize| width.checked_shr(step.trailing_zeros().min(width.trailing_zeros()));
        let periods = dense(step).unwrap_or(1);
        // SAFETY: `Fill` requires nothing of its caller; it is compiled for the processor's level.
        let mut fill = |periods: usize| unsafe { compiled::<Fill<'_>>()((self, &mut *program, periods, width, masks)) };
        let filled = if masks {
            let fitting = width.checked_div(step).unwrap_or(0);
            fill(periods).is_some() || (fitting > 1 && fill(fitting).is_some())
        } else {
            if !self.is_gapless() {
                return None;
            }
            // More periods where fewer do not have enough source bytes for a whole window.
            [1, 2, MOST].into_iter().any(|times| fill(periods * times).is_some())
        };
        filled.then_some(program)
    }

    #[inline(always)]
    fn fill(&self, program: &mut Program, periods: usize, width: usize, masks: bool) -> Option<()> {
        let bytes = periods.checked_mul(self.items)?.checked_mul(self.unit)?;
        let others = periods.cast_signed() - 1;
        if bytes > MOST * width || bytes < width / 4 || (others != 0 && self.dst_step.wrapping_abs() >= REACH) {
            return None;
        }
        program.periods = periods;
        program.src_step = self.src_step.wrapping_mul(periods.cast_signed());
        program.dst_step = self.dst_step.wrapping_mul(periods.cast_signed());
        program.width = width;
        program.sparse = self.far && program.src_step.unsigned_abs() > bytes;
        let size = width.cast_signed();
        let all = if width == LINE { u64::MAX } else { (1_u64 << width) - 1 };
        // The source that an item has in all periods; that of the item alone where it must not be read with others.
        let near = may_cover(self.src_step.unsigned_abs().saturating_sub(self.unit));
        let spans =
            Spans::new(self.items, self.src_item, self.unit, if near { self.src_step.wrapping_mul(others) } else { 0 });
        let outs = Spans::new(self.items, self.dst_item, self.unit, self.dst_step.wrapping_mul(others));
        (program.out_count, program.window_count, program.fetched_count) = (0, 0, 0);
        (program.whole, program.readable) = (program.dst_step & (size - 1) == 0, true);
        let mut sources = [0; LINE];
        for (item, (start, end)) in outs.0.iter().enumerate().take(self.items) {
            let known = outs.0.iter().take(item);
            if known.into_iter().any(|known| known.0 == *start) {
                continue;
            }
            if end.wrapping_sub(*start) > REACH {
                return None;
            }
            let mut offset = *start;
            while offset < *end {
                let out = program.outs.get_mut(program.out_count)?;
                out.offset = offset;
                self.sources(periods, out, &mut sources);
                offset = offset.wrapping_add(size);
                out.write &= all;
                if out.write == 0 {
                    // Between items of the destination.
                    continue;
                }
                program.out_count += 1;
                let (count, readable) = out.cover(&sources, &spans, size)?;
                program.window_count = program.window_count.max(count);
                for window in out.windows.iter().take(count) {
                    let middle = window.offset.wrapping_add(size / 2);
                    let known = program.fetched.iter().take(program.fetched_count);
                    let near = |known: &isize| known.abs_diff(middle) < LINE / 2;
                    if !known.clone().any(near)
                        && let Some(fetched) = program.fetched.get_mut(program.fetched_count)
                    {
                        *fetched = middle;
                        program.fetched_count += 1;
                    }
                }
                program.readable &= readable;
                program.whole &= out.write == all;
                if masks {
                    out.pair();
                }
            }
        }
        program.blends = !masks && program.blend().is_some();
        (masks || (program.whole && program.readable)).then_some(())
    }
}

/// Fills in a program. It is compiled for each level, since it visits every byte of the vectors.
struct Fill<'p>(PhantomData<&'p Program>);

impl<'p> Loop for Fill<'p> {
    /// The line, the program, the periods of a step, the bytes of a vector, and whether loads and stores can leave bytes out.
    type On = (&'p PeriodicLine, &'p mut Program, usize, usize, bool);
    type Out = Option<()>;

    #[inline(always)]
    unsafe fn run((line, program, periods, width, masks): Self::On) -> Option<()> {
        line.fill(program, periods, width, masks)
    }
}

impl Program {
    /// A program that does nothing.
    const EMPTY: Self = Self {
        outs: [Out { windows: [Window::NOTHING; MOST], offset: 0, write: 0, blended: [NOWHERE; BLENDED] }; MOST],
        out_count: 0,
        window_count: 0,
        periods: 1,
        src_step: 0,
        dst_step: 0,
        width: 1,
        sparse: false,
        fetched: [0; MOST],
        fetched_count: 0,
        whole: true,
        readable: true,
        blends: false,
    };

    /// Makes masks for blending the windows, which all vectors have in common; `None` where they do not.
    #[inline(always)]
    fn blend(&mut self) -> Option<()> {
        if self.window_count < 2 {
            return None;
        }
        let outs = self.outs.get_mut(..self.out_count)?;
        let offsets = outs.first()?.windows.map(|window| window.offset);
        for out in outs {
            let same =
                out.windows.iter().zip(&offsets).take(self.window_count).all(|(one, other)| one.offset == *other);
            if !same || out.blend().is_none() {
                return None;
            }
        }
        Some(())
    }

    /// How many periods lie before the first one at which a vector starts a cache line, for a destination at `dst`; `None`
    /// where that never happens, or not for all vectors of a step.
    pub(super) fn periods_before_line(&self, dst: *mut u8, step: isize) -> Option<usize> {
        let (first, others) = self.outs.get(..self.out_count)?.split_first()?;
        let width = self.width.cast_signed();
        if !self.whole || others.iter().any(|out| out.offset.wrapping_sub(first.offset) & (width - 1) != 0) {
            return None;
        }
        steps_to_line(dst.wrapping_offset(first.offset).addr(), step)
    }

    /// The program in words.
    #[cfg(test)]
    pub(super) fn name(&self) -> std::string::String {
        std::format!("program of {} bytes: {} from {}", self.width, self.out_count, self.window_count)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

    use std::vec::Vec;

    use super::*;

    /// Numbers from a fixed seed.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: isize) -> isize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33).cast_signed() as isize % end
        }

        fn sign(&mut self) -> isize {
            1 - 2 * self.below(2)
        }
    }

    /// The bytes of one operand: for each place from `first` on, the byte, and whether it may be touched.
    struct Memory {
        first: isize,
        bytes: Vec<(u8, bool)>,
    }

    impl Memory {
        /// Items of `unit` bytes at these places. What lies between may be read where `gaps` says so.
        fn new(places: &[isize], unit: isize, gaps: bool) -> Self {
            let mut sorted = places.to_vec();
            sorted.sort_unstable();
            let (first, end) = (sorted[0], sorted[sorted.len() - 1] + unit);
            let mut bytes: Vec<(u8, bool)> = (first..end).map(|at| (((at * 37) >> 3) as u8, false)).collect();
            let mut known = first;
            for place in sorted {
                let start = if gaps && may_cover((place - known).max(0).unsigned_abs()) { known } else { place };
                for byte in &mut bytes[(start.min(place) - first).unsigned_abs()..(place + unit - first).unsigned_abs()]
                {
                    byte.1 = true;
                }
                known = place + unit;
            }
            Self { first, bytes }
        }

        fn at(&mut self, place: isize) -> &mut u8 {
            let byte = usize::try_from(place - self.first).ok().and_then(|at| self.bytes.get_mut(at));
            assert!(byte.as_ref().is_some_and(|(_, allowed)| *allowed), "{place} is neither an item's nor between two");
            &mut byte.expect("it is there").0
        }
    }

    /// Runs steps of a program as `run` does, byte by byte.
    fn run(program: &Program, masks: bool, steps: isize, src: &mut Memory, dst: &mut Memory) {
        let width = program.width;
        for step in 0..steps {
            for out in &program.outs[..program.out_count] {
                let start = step * program.src_step;
                let loaded: Vec<[u8; LINE]> = out.windows[..program.window_count]
                    .iter()
                    .map(|window| {
                        let mut loaded = [0; LINE];
                        for (at, byte) in loaded.iter_mut().enumerate().take(width) {
                            if program.readable || window.read >> at & 1 == 1 {
                                *byte = *src.at(start + window.offset + at.cast_signed());
                            }
                        }
                        loaded
                    })
                    .collect();
                let index = |window: usize, at: usize| usize::from(out.windows[window].index[at]);
                for at in 0..width {
                    let of_pair = |first: usize| {
                        let index = index(first, at);
                        loaded[if loaded.len() > first + 1 { first + index / LINE % 2 } else { first }][index % LINE]
                    };
                    let byte = if !masks {
                        let given = (0..loaded.len()).filter(|window| index(*window, at) < LINE);
                        given.fold(0, |byte, window| byte | loaded[window][index(window, at)])
                    } else if loaded.len() > 2 && out.windows[2].gives >> at & 1 == 1 {
                        of_pair(2)
                    } else {
                        of_pair(0)
                    };
                    if out.write >> at & 1 == 1 {
                        *dst.at(step * program.dst_step + out.offset + at.cast_signed()) = byte;
                    }
                }
            }
        }
    }

    /// Programs for vectors of any processor touch what the page rule allows, and nothing else, and copy all items.
    #[test]
    fn programs_touch_items_and_what_lies_between_them() {
        let rounds = std::env::var("PYBUFFER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1);
        let mut random = Random(12);
        let mut slot = None;
        let mut made = 0;
        for case in 0..20_000 * rounds {
            let unit = 1 + random.below(if case % 2 == 0 { 8 } else { 32 });
            let items = 1 + random.below(if case % 3 == 0 { PERIOD.cast_signed() } else { 1 });
            let gap = |random: &mut Random| if random.below(2) == 0 { 0 } else { random.below(288) };
            // Items of the destination do not overlap: the periods lie between the items of one, or these between the periods.
            let (inner, outer) = (unit + gap(&mut random), gap(&mut random));
            let apart = 5000 + random.below(64);
            let (dst_item, dst_step) =
                if random.below(3) == 0 { (apart, inner) } else { (inner, items * inner + outer) };
            let line = PeriodicLine {
                unit: unit.unsigned_abs(),
                items: items.unsigned_abs(),
                src_item: random.sign() * random.below(300),
                dst_item: random.sign() * dst_item,
                src_step: random.sign() * (random.below(2) * unit + gap(&mut random)),
                dst_step: random.sign() * dst_step,
                far: true,
            };
            for vectors in [(64, true), (16, false)] {
                let Some(program) = line.program_of(vectors, &mut slot) else { continue };
                made += 1;
                let steps = 1 + random.below(3);
                let places = |item: isize, step: isize| -> Vec<isize> {
                    let periods = steps * program.periods.cast_signed();
                    (0..items).flat_map(|at| (0..periods).map(move |period| at * item + period * step)).collect()
                };
                let (from, to) = (places(line.src_item, line.src_step), places(line.dst_item, line.dst_step));
                if program.periods > 1 && program.periods.cast_signed() * dst_step > apart {
                    continue;
                }
                let (mut src, mut dst) = (Memory::new(&from, unit, true), Memory::new(&to, unit, false));
                run(program, vectors.1, steps, &mut src, &mut dst);
                for (from, to) in from.iter().zip(&to) {
                    for byte in 0..unit {
                        let (was, is) = (*src.at(from + byte), *dst.at(to + byte));
                        assert_eq!(was, is, "{vectors:?} {steps} {:?}", (unit, line.src_step, line.dst_step));
                    }
                }
            }
        }
        assert!(made > 5000, "only {made} programs");
    }
}
