//! Fetching lines of the cache ahead.

/// Fetches to the nearest cache.
pub(super) const NEAREST: bool = true;
/// Fetches to the second cache.
pub(super) const SECOND: bool = false;

/// Has a line of the cache fetched that will be read or written, where there is an instruction for it. Nothing is read that
/// anybody can tell, so that any address will do.
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
