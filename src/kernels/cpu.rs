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

    /// # Safety
    /// The system uses XSAVE.
    #[target_feature(enable = "xsave")]
    unsafe fn saved() -> u64 {
        // SAFETY: the caller guarantees that the system uses XSAVE; XCR0 is always there.
        unsafe { _xgetbv(0) }
    }

    #[allow(unused_unsafe, reason = "older Rusts want it to be unsafe")]
    // SAFETY: every x86-64 has CPUID.
    let cpuid = |leaf, subleaf| unsafe { __cpuid_count(leaf, subleaf) };
    let mut answers = Answers { basic: cpuid(1, 0).ecx, ..Answers::default() };
    if cpuid(0, 0).eax >= 7 {
        let more = cpuid(7, 0);
        (answers.ebx, answers.ecx) = (more.ebx, more.ecx);
    }
    if has(answers.basic, Answers::XSAVE) {
        // SAFETY: CPUID says that the system uses XSAVE.
        answers.saved = unsafe { saved() };
    }
    answers.level()
}

#[cfg(target_arch = "x86_64")]
const fn has(word: u32, bits: u32) -> bool {
    word & bits == bits
}

/// What an x86-64 says about itself: 0 where it says nothing.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Default)]
struct Answers {
    /// ECX of leaf 1.
    basic: u32,
    /// EBX and ECX of leaf 7.
    ebx: u32,
    ecx: u32,
    /// Which registers the system saves.
    saved: u64,
}

#[cfg(target_arch = "x86_64")]
impl Answers {
    const SSSE3_AND_SSE4: u32 = 1 << 9 | 1 << 19 | 1 << 20;
    /// The processor has it, and the system uses it.
    const XSAVE: u32 = 1 << 26 | 1 << 27;
    const AVX: u32 = 1 << 28;
    const AVX2: u32 = 1 << 5;
    const AVX512_F_DQ_BW_VL: u32 = 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31;
    const AVX512_VBMI: u32 = 1 << 1;
    const YMM: u64 = 0b110;
    const ZMM: u64 = 0b1110_0110;

    fn level(self) -> Level {
        let saves = |registers: u64| self.saved & registers == registers;
        let avx = has(self.basic, Self::SSSE3_AND_SSE4 | Self::XSAVE | Self::AVX) && saves(Self::YMM);
        if !avx || !has(self.ebx, Self::AVX2) {
            Level::Portable
        } else if saves(Self::ZMM) && has(self.ebx, Self::AVX512_F_DQ_BW_VL) && has(self.ecx, Self::AVX512_VBMI) {
            Level::Avx512
        } else {
            Level::Avx2
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Level;

    /// What processors say, and systems that do not save all of their registers.
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_level_is_what_processor_and_system_have() {
        use super::Answers;

        let nehalem = Answers { basic: 0x0098_e3bd, ..Answers::default() };
        let sandy_bridge = Answers { basic: 0x1fba_e3ff, saved: 0b111, ..Answers::default() };
        let haswell = Answers { basic: 0x7ffa_fbff, ebx: 0x27ab, ..sandy_bridge };
        let skylake = Answers { ebx: 0xd39f_fffb, saved: 0xe7, ..haswell };
        let ice_lake = Answers { ecx: 0x4041_5f4e, ebx: 0xf2bf_27ef, ..skylake };
        for (answers, level, what) in [
            (Answers::default(), Level::Portable, "nothing"),
            (nehalem, Level::Portable, "no AVX"),
            (sandy_bridge, Level::Portable, "no AVX2"),
            (haswell, Level::Avx2, "AVX2"),
            (skylake, Level::Avx2, "no VBMI"),
            (ice_lake, Level::Avx512, "all"),
            (Answers { saved: 0b11, ..haswell }, Level::Portable, "a system that does not save YMM"),
            (Answers { saved: 0, ..ice_lake }, Level::Portable, "a system that saves nothing"),
            (Answers { saved: 0b111, ..ice_lake }, Level::Avx2, "a system that saves YMM only"),
            (Answers { saved: 0xc7, ..ice_lake }, Level::Avx2, "a system that does not save the masks"),
            (Answers { ebx: ice_lake.ebx & !(1 << 30), ..ice_lake }, Level::Avx2, "no AVX-512 BW"),
            (Answers { basic: haswell.basic & !(1 << 20), ..haswell }, Level::Portable, "no SSE4.2"),
        ] {
            assert_eq!(answers.level(), level, "{what}");
        }
    }

    #[test]
    fn levels_have_names_and_numbers() {
        for (name, number) in
            [("portable", 1), ("avx2", 2), ("avx512", 3), ("neon", 2), ("AVX2", 0), ("", 0), ("sse2", 0)]
        {
            let level = Level::named(name.as_bytes());
            assert!(
                level.is_none_or(|level| level as u8 == number && Level::numbered(number) == Some(level)),
                "{name}"
            );
        }
        assert_eq!(Level::named(b"portable"), Some(Level::Portable));
        assert_eq!((Level::numbered(0), Level::numbered(4)), (None, None));
    }
}
