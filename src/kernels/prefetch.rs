//! Cache lines: their size, alignment and prefetching.

/// Bytes of a cache line.
pub(super) const LINE: usize = 64;

/// How many steps of so many bytes lead from an address to the start of a cache line; `None` if none
/// do.
pub(super) fn steps_to_line(address: usize, step: isize) -> Option<usize> {
    let missing = address.wrapping_neg() % LINE;
    let twos = step.trailing_zeros().min(LINE.trailing_zeros());
    // The odd part of the step has an inverse, modulo 64 this one: all of this is modulo a power of two, and wraps.
    let odd = step.cast_unsigned() >> twos;
    let inverse = odd.wrapping_mul(2_usize.wrapping_sub(odd.wrapping_mul(odd)));
    let steps = (missing >> twos).wrapping_mul(inverse) % (LINE >> twos).max(1);
    let reached = address.wrapping_add_signed(step.wrapping_mul(steps.cast_signed()));
    reached.is_multiple_of(LINE).then_some(steps)
}

/// Prefetches to L1.
pub(super) const NEAREST: bool = true;
/// Prefetches to L2.
pub(super) const SECOND: bool = false;

/// Prefetches a cache line, where there is an instruction for it. Any address is valid, since
/// a prefetch has no visible effect.
#[inline(always)]
pub(super) fn prefetch<const CACHE: bool>(address: *const u8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 has it, and it may be called with any address.
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
        if CACHE == NEAREST {
            _mm_prefetch::<_MM_HINT_T0>(address.cast());
        } else {
            _mm_prefetch::<_MM_HINT_T1>(address.cast());
        }
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above. Nothing changes but what is in the caches.
    unsafe {
        use core::arch::asm;
        if CACHE == NEAREST {
            asm!("prfm pldl1keep, [{}]", in(reg) address, options(readonly, nostack, preserves_flags));
        } else {
            asm!("prfm pldl2keep, [{}]", in(reg) address, options(readonly, nostack, preserves_flags));
        }
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = address;
}
