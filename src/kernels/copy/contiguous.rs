//! Blocks that are contiguous in both operands.

use crate::kernels::cpu::{by_level, level};
use crate::kernels::prefetch::LINE;

use super::thresholds::STREAMED;

/// Copies `len` bytes.
///
/// # Safety
/// W1 to W3 for `len` bytes; the two may overlap.
pub(crate) unsafe fn copy_block(src: *const u8, dst: *mut u8, len: usize) {
    let apart = src.addr().abs_diff(dst.addr()) >= len;
    // SAFETY: the caller guarantees W1 to W3 for `len` bytes. `copy` allows overlap, and only blocks that are apart (W4) are
    // streamed.
    unsafe {
        if len < STREAMED || !apart {
            core::ptr::copy(src, dst, len);
        } else {
            stream_block(src, dst, len);
            stream_end();
        }
    }
}

/// Copies `len` bytes with non-temporal stores, where the level has them. [`stream_end`] is called after the last block.
///
/// # Safety
/// W1 to W4 for `len` bytes.
pub(super) unsafe fn stream_block(src: *const u8, dst: *mut u8, len: usize) {
    let head = dst.align_offset(LINE).min(len);
    let count = (len - head) / LINE;
    let done = head + count * LINE;
    // SAFETY: the caller guarantees W1 to W4 for the three parts together. `head` aligns the lines; the level has the
    // instructions.
    unsafe {
        core::ptr::copy_nonoverlapping(src, dst, head);
        let (from, to) = (src.wrapping_add(head), dst.wrapping_add(head));
        by_level! {
            level();
            avx512: x86::lines_avx512(from, to, count),
            avx2: x86::lines_avx2(from, to, count),
            neon: lines(from, to, count),
            portable: lines(from, to, count),
        }
        core::ptr::copy_nonoverlapping(src.wrapping_add(done), dst.wrapping_add(done), len - done);
    }
}

/// Copies `count` cache lines, aligned at `dst`.
///
/// # Safety
/// W1 to W4 for the lines.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn lines(src: *const u8, dst: *mut u8, count: usize) {
    // SAFETY: the caller guarantees W1 to W4 for `count` lines.
    unsafe { core::ptr::copy_nonoverlapping(src, dst, count * LINE) };
}

#[cfg(target_arch = "x86_64")]
use x86::lines_sse2 as lines;

/// Orders non-temporal stores before the stores that follow, as ordinary stores are.
pub(super) fn stream_end() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 has the instruction.
    unsafe {
        core::arch::x86_64::_mm_sfence();
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use core::arch::x86_64::*;

    /// # Safety
    /// W1 to W4 for `count` lines, aligned at `dst`.
    pub(super) unsafe fn lines_sse2(src: *const u8, dst: *mut u8, count: usize) {
        let (mut from, mut to) = (src.cast::<__m128i>(), dst.cast::<__m128i>());
        for _ in 0..4 * count {
            // SAFETY: the caller guarantees W1 to W4 for `count` lines, aligned at `dst`; every x86-64 has the instructions.
            unsafe { _mm_stream_si128(to, _mm_loadu_si128(from)) };
            (from, to) = (from.wrapping_add(1), to.wrapping_add(1));
        }
    }

    /// # Safety
    /// W1 to W4 for `count` lines, aligned at `dst`; the level is `Avx512`.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn lines_avx512(src: *const u8, dst: *mut u8, count: usize) {
        let (mut from, mut to) = (src.cast::<__m512i>(), dst.cast::<__m512i>());
        for _ in 0..count {
            // SAFETY: the caller guarantees W1 to W4 for `count` lines, aligned at `dst`; the instructions are enabled.
            unsafe { _mm512_stream_si512(to, _mm512_loadu_si512(from)) };
            (from, to) = (from.wrapping_add(1), to.wrapping_add(1));
        }
    }

    /// # Safety
    /// As [`lines_avx512`], at the level `Avx2`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn lines_avx2(src: *const u8, dst: *mut u8, count: usize) {
        let (mut from, mut to) = (src.cast::<__m256i>(), dst.cast::<__m256i>());
        for _ in 0..2 * count {
            // SAFETY: the caller guarantees W1 to W4 for `count` lines, aligned at `dst`; the instructions are enabled.
            unsafe { _mm256_stream_si256(to, _mm256_loadu_si256(from)) };
            (from, to) = (from.wrapping_add(1), to.wrapping_add(1));
        }
    }
}
