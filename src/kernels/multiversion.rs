//! Plain loops, compiled once for each instruction level, so that the compiler can vectorise them.

use super::cpu::{Level, by_level, level};

/// A portable loop.
pub(super) trait Loop {
    /// The arguments.
    type On;
    /// The result.
    type Out;

    /// The loop; inlined into a function of each level, which a function that it calls has to be, too.
    ///
    /// # Safety
    /// As the implementation says.
    unsafe fn run(on: Self::On) -> Self::Out;
}

/// A compiled loop, with the contract of [`Loop::run`].
pub(super) type Compiled<L> = unsafe fn(<L as Loop>::On) -> <L as Loop>::Out;

/// The loop for the instructions that the processor has.
pub(super) fn compiled<L: Loop>() -> Compiled<L> {
    compiled_at::<L>(level())
}

/// The same for that level, which a caller has asked for.
#[inline(always)]
pub(super) fn compiled_at<L: Loop>(level: Level) -> Compiled<L> {
    by_level! {
        level;
        avx512: avx512::<L>,
        avx2: avx2::<L>,
        // On AArch64 every loop is compiled with NEON.
        neon: L::run,
        portable: L::run,
    }
}

/// # Safety
/// As the loop, at the level `Avx512`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi")]
unsafe fn avx512<L: Loop>(on: L::On) -> L::Out {
    // SAFETY: the caller has the level, and passes on the contract of the loop.
    unsafe { L::run(on) }
}

/// # Safety
/// As the loop, at the level `Avx2`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn avx2<L: Loop>(on: L::On) -> L::Out {
    // SAFETY: the caller has the level, and passes on the contract of the loop.
    unsafe { L::run(on) }
}
