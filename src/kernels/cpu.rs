//! The instruction level of the processor, determined once.
//!
//! The environment variable PYBUFFER_CPU lowers it, for tests and for finding bugs: "portable", on x86-64 "avx2" or "avx512",
//! on AArch64 "neon". It is read once, and never raises the level above what the processor has.

use core::sync::atomic::{AtomicU8, Ordering};

use crate::platform;

/// The levels of the target's architecture. All levels are listed here.
macro_rules! levels {
    ($($(#[doc = $doc:literal])* $(#[cfg($there:meta)])? $level:ident = $number:literal, $name:literal;)*) => {
        /// Instruction levels that kernels are written for. Each includes those before it.
        /// [`by_level`] picks what belongs to the level of this processor.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub(crate) enum Level {
            $($(#[doc = $doc])* $(#[cfg($there)])? $level = $number,)*
        }

        impl Level {
            fn numbered(number: u8) -> Option<Self> {
                match number {
                    $($(#[cfg($there)])? $number => Some(Self::$level),)*
                    _ => None,
                }
            }

            fn named(name: &[u8]) -> Option<Self> {
                match name {
                    $($(#[cfg($there)])? $name => Some(Self::$level),)*
                    _ => None,
                }
            }
        }
    };
}

levels! {
    /// The instructions that every processor of the target has.
    Portable = 1, b"portable";
    /// AVX2 (and what comes with it: SSSE3, SSE4).
    #[cfg(target_arch = "x86_64")]
    Avx2 = 2, b"avx2";
    /// AVX-512 F, BW, VL, DQ and VBMI: Ice Lake, Zen 4 and later.
    #[cfg(target_arch = "x86_64")]
    Avx512 = 3, b"avx512";
    /// NEON (Advanced SIMD), which every AArch64 has.
    #[cfg(target_arch = "aarch64")]
    Neon = 2, b"neon";
}

/// Selects by level. What belongs to another architecture is not compiled, so it may name items that do
/// not exist here.
macro_rules! by_level {
    ($level:expr; avx512: $avx512:expr, avx2: $avx2:expr, neon: $neon:expr, portable: $portable:expr $(,)?) => {
        match $level {
            #[cfg(target_arch = "x86_64")]
            $crate::kernels::cpu::Level::Avx512 => $avx512,
            #[cfg(target_arch = "x86_64")]
            $crate::kernels::cpu::Level::Avx2 => $avx2,
            #[cfg(target_arch = "aarch64")]
            $crate::kernels::cpu::Level::Neon => $neon,
            $crate::kernels::cpu::Level::Portable => $portable,
        }
    };
}
pub(super) use by_level;

/// The level, or 0 until it is determined.
static LEVEL: AtomicU8 = AtomicU8::new(0);

/// The level to use.
pub(crate) fn level() -> Level {
    Level::numbered(LEVEL.load(Ordering::Relaxed)).unwrap_or_else(find)
}

#[cold]
fn find() -> Level {
    // Threads that race all store the same value, and it publishes nothing else.
    let found = detected();
    let found = allowed().map_or(found, |allowed| found.min(allowed));
    LEVEL.store(found as u8, Ordering::Relaxed);
    found
}

/// The level that PYBUFFER_CPU allows; `None` if it names none of this architecture.
fn allowed() -> Option<Level> {
    Level::named(platform::variable(c"PYBUFFER_CPU")?.to_bytes())
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detected() -> Level {
    Level::Portable
}

#[cfg(target_arch = "aarch64")]
fn detected() -> Level {
    Level::Neon
}

/// The level of the processor (CPUID) whose registers the system saves (XCR0).
#[cfg(target_arch = "x86_64")]
fn detected() -> Level {
    use core::arch::x86_64::{__cpuid_count, _xgetbv};

    const XSAVE_AND_AVX: u32 = 1 << 26 | 1 << 27 | 1 << 28;
    const SSSE3_AND_SSE4: u32 = 1 << 9 | 1 << 19 | 1 << 20;
    const AVX2: u32 = 1 << 5;
    const AVX512_F_DQ_BW_VL: u32 = 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31;
    const AVX512_VBMI: u32 = 1 << 1;
    const YMM: u64 = 0b110;
    const ZMM: u64 = 0b1110_0110;

    /// # Safety
    /// The system uses XSAVE.
    #[target_feature(enable = "xsave")]
    unsafe fn saved() -> u64 {
        // SAFETY: the caller guarantees that the system uses XSAVE; XCR0 is always there.
        unsafe { _xgetbv(0) }
    }

    let has = |word: u32, bits: u32| word & bits == bits;
    #[allow(unused_unsafe, reason = "older Rusts want it to be unsafe")]
    // SAFETY: every x86-64 has CPUID.
    let cpuid = |leaf, subleaf| unsafe { __cpuid_count(leaf, subleaf) };
    let (last, basic) = (cpuid(0, 0).eax, cpuid(1, 0).ecx);
    if last < 7 || !has(basic, XSAVE_AND_AVX | SSSE3_AND_SSE4) {
        return Level::Portable;
    }
    let more = cpuid(7, 0);
    // SAFETY: CPUID says that the system uses XSAVE.
    let saved = unsafe { saved() };
    if saved & YMM != YMM || !has(more.ebx, AVX2) {
        return Level::Portable;
    }
    if saved & ZMM == ZMM && has(more.ebx, AVX512_F_DQ_BW_VL) && has(more.ecx, AVX512_VBMI) {
        return Level::Avx512;
    }
    Level::Avx2
}
