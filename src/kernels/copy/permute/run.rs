//! Runs programs for lines of small steps with the vectors of each level.
#![cfg_attr(
    not(any(target_arch = "x86_64", target_arch = "aarch64")),
    allow(dead_code, unused_imports, unused_macros, unused_variables, reason = "there are no vectors for programs")
)]

#[cfg(target_arch = "aarch64")]
use core::arch::aarch64::*;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::*;

use crate::kernels::cpu::{Level, by_level};
use crate::kernels::prefetch::{LINE, NEAREST, prefetch};

#[cfg(target_arch = "x86_64")]
use crate::kernels::copy::thresholds::WRITTEN_AHEAD;
use crate::kernels::copy::thresholds::{SHORT_STEPS_AHEAD, STEPS_AHEAD};

use super::program::{Out, Program, Window};

/// A type of vectors that can run programs. The functions are inlined into one in which their instructions are enabled.
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
        // SAFETY: the caller guarantees that windows may be read, whole where they are not `MASKED`; a masked load reads only
        // the bytes of its mask.
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
        // SAFETY: the caller guarantees that the bytes of `write` may be written; a masked store writes no others.
        unsafe {
            if write == u64::MAX {
                _mm512_storeu_si512(to.cast(), self);
            } else {
                // The processor does not prefetch lines for masked stores.
                prefetch::<NEAREST>(to.wrapping_add(WRITTEN_AHEAD));
                _mm512_mask_storeu_epi8(to.cast(), write, self);
            }
        }
    }
    #[inline(always)]
    unsafe fn stream(self, to: *mut u8) {
        // SAFETY: the caller guarantees that all 64 bytes may be written and are aligned.
        unsafe { _mm512_stream_si512(to.cast(), self) }
    }
}

#[cfg(target_arch = "x86_64")]
impl Vector for __m128i {
    #[inline(always)]
    unsafe fn make<const WINDOWS: usize, const MASKED: bool>(src: *const u8, out: &Out) -> Self {
        let [a, b, c, d] = &out.windows;
        // SAFETY: the caller guarantees that whole windows may be read: such programs have no masks. An index with its highest
        // bit set gives 0.
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
        // SAFETY: the caller guarantees that the bytes of `write` may be written: in such programs, all 16.
        unsafe { _mm_storeu_si128(to.cast(), self) }
    }
    #[inline(always)]
    unsafe fn stream(self, to: *mut u8) {
        // SAFETY: the caller guarantees that all 16 bytes may be written and are aligned.
        unsafe { _mm_stream_si128(to.cast(), self) }
    }
}

#[cfg(target_arch = "aarch64")]
impl Vector for uint8x16_t {
    #[inline(always)]
    unsafe fn make<const WINDOWS: usize, const MASKED: bool>(src: *const u8, out: &Out) -> Self {
        let [a, b, c, d] = &out.windows;
        // SAFETY: the caller guarantees that whole windows may be read: such programs have no masks. An index above 15 gives 0.
        unsafe {
            let part = |window: &Window| {
                vqtbl1q_u8(vld1q_u8(src.wrapping_offset(window.offset)), vld1q_u8(window.index.as_ptr()))
            };
            match WINDOWS {
                1 => part(a),
                2 => vorrq_u8(part(a), part(b)),
                3 => vorrq_u8(vorrq_u8(part(a), part(b)), part(c)),
                _ => vorrq_u8(vorrq_u8(part(a), part(b)), vorrq_u8(part(c), part(d))),
            }
        }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut u8, _: u64) {
        // SAFETY: the caller guarantees that the bytes of `write` may be written: in such programs, all 16.
        unsafe { vst1q_u8(to, self) }
    }
    #[inline(always)]
    unsafe fn stream(self, to: *mut u8) {
        // SAFETY: the caller guarantees that all 16 bytes may be written. (NEON has no non-temporal store of one vector.)
        unsafe { vst1q_u8(to, self) }
    }
}

/// Runs a number of steps of a program.
pub(in crate::kernels) type RunSteps = unsafe fn(&Program, *const u8, *mut u8, usize);

/// Runs steps of a program that writes `OUTS` vectors in each; 0 where their number is known at run time only. Where `FETCH`, the
/// source is prefetched.
///
/// # Safety
/// W1 to W4 for the periods of all steps; the processor has the instructions; where `STREAM`, the program writes whole
/// vectors, which are aligned; where not `MASKED`, it can read whole windows.
#[inline(always)]
unsafe fn steps<
    V: Vector,
    const OUTS: usize,
    const WINDOWS: usize,
    const MASKED: bool,
    const STREAM: bool,
    const FETCH: bool,
>(
    program: &Program,
    mut src: *const u8,
    mut dst: *mut u8,
    steps: usize,
) {
    /// Steps that are made in one round of the loop, where each is short.
    const fn at_once(outs: usize, windows: usize) -> usize {
        if outs == 1 && windows <= 3 { 4 } else { 1 }
    }
    let Some(outs) = program.outs.get(..if OUTS == 0 { program.out_count } else { OUTS }) else { return };
    let (src_step, dst_step) = (program.src_step, program.dst_step);
    // SAFETY: the caller passes on the contract, of which each step is a part.
    unsafe {
        for _ in 0..steps / const { at_once(OUTS, WINDOWS) } {
            // Of one window for one vector, a round of 16-byte vectors reads no more than a cache line.
            let by_round = FETCH && OUTS == 1 && WINDOWS == 1 && size_of::<V>() == 16;
            if by_round {
                program.prefetch::<V>(src);
            }
            for _ in 0..const { at_once(OUTS, WINDOWS) } {
                if FETCH && !by_round {
                    program.prefetch::<V>(src);
                }
                step::<V, WINDOWS, MASKED, STREAM>(outs, src, dst);
                (src, dst) = (src.wrapping_offset(src_step), dst.wrapping_offset(dst_step));
            }
        }
        for _ in 0..steps % const { at_once(OUTS, WINDOWS) } {
            step::<V, WINDOWS, MASKED, STREAM>(outs, src, dst);
            (src, dst) = (src.wrapping_offset(src_step), dst.wrapping_offset(dst_step));
        }
    }
}

/// Runs one step. (No closure, which would be compiled without the instructions where it is called twice.)
///
/// # Safety
/// As [`steps`].
#[inline(always)]
unsafe fn step<V: Vector, const WINDOWS: usize, const MASKED: bool, const STREAM: bool>(
    outs: &[Out],
    src: *const u8,
    dst: *mut u8,
) {
    for out in outs {
        // SAFETY: the caller guarantees W1 to W4 for the step, within whose items and gaps the windows lie, and alignment
        // where it is to `STREAM`.
        unsafe {
            let made = V::make::<WINDOWS, MASKED>(src, out);
            let to = dst.wrapping_offset(out.offset);
            if STREAM { made.stream(to) } else { made.store(to, out.write) }
        }
    }
}

impl Program {
    /// Prefetches what a later step of these vectors reads, when the step at `src` is next.
    #[inline(always)]
    fn prefetch<V>(&self, src: *const u8) {
        let steps = if size_of::<V>() == LINE { STEPS_AHEAD } else { SHORT_STEPS_AHEAD };
        let ahead = src.wrapping_offset(self.src_step.wrapping_mul(steps));
        for offset in self.fetched.iter().take(self.fetched_count) {
            prefetch::<NEAREST>(ahead.wrapping_offset(*offset));
        }
    }

    /// The function that runs the program at a level. Each number of vectors has its own function, except where windows are
    /// masked or stores are non-temporal: these wait for memory, and one function serves any number. What is streamed is prefetched.
    pub(in crate::kernels) fn steps(&self, level: Level, stream: bool) -> Option<RunSteps> {
        macro_rules! of {
            ($run:ident, $masked:literal, $stream:literal, $fetch:literal, $outs:expr; $($out:literal)*) => {
                match ($outs, self.window_count) {
                    $(
                        ($out, 1) => Some($run::<$out, 1, $masked, $stream, $fetch> as RunSteps),
                        ($out, 2) => Some($run::<$out, 2, $masked, $stream, $fetch> as RunSteps),
                        ($out, 3) => Some($run::<$out, 3, $masked, $stream, $fetch> as RunSteps),
                        ($out, 4) => Some($run::<$out, 4, $masked, $stream, $fetch> as RunSteps),
                    )*
                    _ => None,
                }
            };
        }
        // For whole windows, and vectors that are not streamed.
        macro_rules! stored {
            ($run:ident) => {
                if self.sparse {
                    of!($run, false, false, true, self.out_count; 1 2 3 4)
                } else {
                    of!($run, false, false, false, self.out_count; 1 2 3 4)
                }
            };
        }
        by_level! {
            level;
            avx512: match (self.readable, stream) {
                (true, false) => stored!(avx512),
                (true, true) => of!(avx512, false, true, true, 0; 0),
                (false, false) if self.sparse => of!(avx512, true, false, true, 0; 0),
                (false, false) => of!(avx512, true, false, false, 0; 0),
                (false, true) => of!(avx512, true, true, true, 0; 0),
            },
            avx2: self.blended_steps(stream).or(match (stream, self.out_count, self.window_count) {
                // Reversed lines: a vector is made so fast that it does not wait for memory.
                (true, 1, 1) => Some(avx2::<1, 1, false, true, true>),
                (true, ..) => of!(avx2, false, true, true, 0; 0),
                (false, ..) => stored!(avx2),
            }),
            neon: if stream { of!(neon, false, true, true, 0; 0) } else { stored!(neon) },
            portable: None,
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Program {
    /// The function that runs a program that [blends](Program::blends), at the level `Avx2`; `None` where to shuffle each window is
    /// as fast.
    fn blended_steps(&self, stream: bool) -> Option<RunSteps> {
        macro_rules! of {
            ($($run:ident $outs:literal from $windows:literal),*) => {
                match (self.out_count, self.window_count) {
                    $(($outs, $windows) if stream => Some($run::<$outs, $windows, true, true> as RunSteps),
                    ($outs, $windows) if self.sparse => Some($run::<$outs, $windows, false, true> as RunSteps),
                    ($outs, $windows) => Some($run::<$outs, $windows, false, false> as RunSteps),)*
                    _ => None,
                }
            };
        }
        if self.blends { of!(blended 1 from 2, blended 1 from 3, blended_pairs 3 from 3) } else { None }
    }
}

/// # Safety
/// As [`steps`], at the level `Avx512`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
unsafe fn avx512<const OUTS: usize, const WINDOWS: usize, const MASKED: bool, const STREAM: bool, const FETCH: bool>(
    program: &Program,
    src: *const u8,
    dst: *mut u8,
    count: usize,
) {
    // SAFETY: the caller guarantees what `steps` needs; the instructions are enabled.
    unsafe { steps::<__m512i, OUTS, WINDOWS, MASKED, STREAM, FETCH>(program, src, dst, count) }
}

/// # Safety
/// As [`steps`], at the level `Avx2`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2<const OUTS: usize, const WINDOWS: usize, const MASKED: bool, const STREAM: bool, const FETCH: bool>(
    program: &Program,
    src: *const u8,
    dst: *mut u8,
    count: usize,
) {
    // SAFETY: the caller guarantees what `steps` needs; the instructions are enabled.
    unsafe { steps::<__m128i, OUTS, WINDOWS, MASKED, STREAM, FETCH>(program, src, dst, count) }
}

/// Steps of a program that [blends](Program::blends): windows are loaded once for all vectors, and each vector is blended from
/// them, then shuffled once.
///
/// # Safety
/// As [`steps`], at the level `Avx2`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn blended<const OUTS: usize, const WINDOWS: usize, const STREAM: bool, const FETCH: bool>(
    program: &Program,
    mut src: *const u8,
    mut dst: *mut u8,
    steps: usize,
) {
    let Some(outs) = program.outs.first_chunk::<OUTS>() else { return };
    let Some(windows) = outs.first().and_then(|out| out.windows.first_chunk::<WINDOWS>()) else { return };
    // (Loops, since closures over vectors are not inlined into this function.)
    let nothing = _mm_setzero_si128();
    let (mut tables, mut masks) = ([nothing; OUTS], [[nothing; WINDOWS]; OUTS]);
    for ((out, table), masks) in outs.iter().zip(&mut tables).zip(&mut masks) {
        // SAFETY: the tables have the bytes of a register.
        unsafe {
            *table = _mm_loadu_si128(out.blended.as_ptr().cast());
            for (window, mask) in out.windows.iter().zip(masks) {
                *mask = _mm_loadu_si128(window.blend.as_ptr().cast());
            }
        }
    }
    for _ in 0..steps {
        if FETCH {
            program.prefetch::<__m128i>(src);
        }
        let mut loaded = [nothing; WINDOWS];
        for (window, loaded) in windows.iter().zip(&mut loaded) {
            // SAFETY: the caller guarantees W1 for the step, whose windows can be read whole.
            *loaded = unsafe { _mm_loadu_si128(src.wrapping_offset(window.offset).cast()) };
        }
        for ((out, masks), table) in outs.iter().zip(&masks).zip(&tables) {
            let mut made = nothing;
            for (window, mask) in loaded.iter().zip(masks) {
                made = _mm_blendv_epi8(made, *window, *mask);
            }
            let made = _mm_shuffle_epi8(made, *table);
            let to = dst.wrapping_offset(out.offset);
            // SAFETY: the caller guarantees W2 for the step: such programs write whole vectors, which are aligned where they
            // are streamed.
            unsafe { if STREAM { made.stream(to) } else { made.store(to, u64::MAX) } }
        }
        src = src.wrapping_offset(program.src_step);
        dst = dst.wrapping_offset(program.dst_step);
    }
}

/// As [`blended`], two steps at a time, one in each half of the registers. This pays where vectors share what is loaded.
///
/// # Safety
/// As [`blended`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn blended_pairs<const OUTS: usize, const WINDOWS: usize, const STREAM: bool, const FETCH: bool>(
    program: &Program,
    mut src: *const u8,
    mut dst: *mut u8,
    steps: usize,
) {
    let Some(outs) = program.outs.first_chunk::<OUTS>() else { return };
    let Some(windows) = outs.first().and_then(|out| out.windows.first_chunk::<WINDOWS>()) else { return };
    let nothing = _mm256_setzero_si256();
    let (mut tables, mut masks) = ([nothing; OUTS], [[nothing; WINDOWS]; OUTS]);
    for ((out, table), masks) in outs.iter().zip(&mut tables).zip(&mut masks) {
        // SAFETY: the tables have the bytes of half a register.
        unsafe {
            *table = _mm256_broadcastsi128_si256(_mm_loadu_si128(out.blended.as_ptr().cast()));
            for (window, mask) in out.windows.iter().zip(masks) {
                *mask = _mm256_broadcastsi128_si256(_mm_loadu_si128(window.blend.as_ptr().cast()));
            }
        }
    }
    let (src_step, dst_step) = (program.src_step, program.dst_step);
    for _ in 0..steps / 2 {
        let (next_src, next_dst) = (src.wrapping_offset(src_step), dst.wrapping_offset(dst_step));
        if FETCH {
            program.prefetch::<__m128i>(src);
            program.prefetch::<__m128i>(next_src);
        }
        let mut loaded = [nothing; WINDOWS];
        for (window, loaded) in windows.iter().zip(&mut loaded) {
            // SAFETY: the caller guarantees W1 for both steps, whose windows can be read whole.
            *loaded = unsafe {
                let first = _mm_loadu_si128(src.wrapping_offset(window.offset).cast());
                let second = _mm_loadu_si128(next_src.wrapping_offset(window.offset).cast());
                _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(first), second)
            };
        }
        for ((out, masks), table) in outs.iter().zip(&masks).zip(&tables) {
            let mut made = nothing;
            for (window, mask) in loaded.iter().zip(masks) {
                made = _mm256_blendv_epi8(made, *window, *mask);
            }
            let made = _mm256_shuffle_epi8(made, *table);
            let (first, second) = (_mm256_castsi256_si128(made), _mm256_extracti128_si256::<1>(made));
            let (to, next) = (dst.wrapping_offset(out.offset), next_dst.wrapping_offset(out.offset));
            // SAFETY: the caller guarantees W2 for both steps: such programs write whole vectors, which are aligned where they
            // are streamed.
            unsafe {
                if STREAM {
                    first.stream(to);
                    second.stream(next);
                } else if dst_step == size_of::<__m128i>().cast_signed() {
                    _mm256_storeu_si256(to.cast(), made);
                } else {
                    first.store(to, u64::MAX);
                    second.store(next, u64::MAX);
                }
            }
        }
        (src, dst) = (next_src.wrapping_offset(src_step), next_dst.wrapping_offset(dst_step));
    }
    // SAFETY: the caller guarantees what `blended` needs for all steps, hence for the last one.
    unsafe { blended::<OUTS, WINDOWS, STREAM, FETCH>(program, src, dst, steps % 2) }
}

/// # Safety
/// As [`steps`].
#[cfg(target_arch = "aarch64")]
unsafe fn neon<const OUTS: usize, const WINDOWS: usize, const MASKED: bool, const STREAM: bool, const FETCH: bool>(
    program: &Program,
    src: *const u8,
    dst: *mut u8,
    count: usize,
) {
    // SAFETY: the caller guarantees what `steps` needs; every AArch64 has the instructions.
    unsafe { steps::<uint8x16_t, OUTS, WINDOWS, MASKED, STREAM, FETCH>(program, src, dst, count) }
}
