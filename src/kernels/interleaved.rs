//! Items of several channels, by the instructions of NEON that split channels as they load them, and interleave them as they store
//! them.
//!
//! The instructions take any address, but Rust's functions for them only that of an aligned number: core may load by other means.
//! Numbers at other addresses go through registers on the stack.

use core::arch::aarch64::*;

/// A register of any numbers.
pub(super) type Register = uint8x16_t;

/// As many items of `CHANNELS` numbers of `UNIT` bytes as a register has such numbers.
pub(super) struct Interleaved<const UNIT: usize, const CHANNELS: usize>;

/// Registers of one channel each.
pub(super) trait Channels<const CHANNELS: usize> {
    /// Reads the items.
    ///
    /// # Safety
    /// They may be read.
    unsafe fn load(src: *const u8) -> [Register; CHANNELS];

    /// Writes the items.
    ///
    /// # Safety
    /// They may be written.
    unsafe fn store(dst: *mut u8, channels: [Register; CHANNELS]);
}

/// For each size of numbers: the loads and stores of two, three and four channels.
macro_rules! channels {
    ($($unit:literal $number:ident: $($channels:literal $load:ident $store:ident)*;)*) => {$($(
        impl Channels<$channels> for Interleaved<$unit, $channels> {
            #[inline(always)]
            unsafe fn load(src: *const u8) -> [Register; $channels] {
                // SAFETY: the caller guarantees that the bytes may be read; the numbers that are loaded are aligned. Every AArch64
                // has the instructions, and the registers are as many bytes.
                unsafe {
                    if src.cast::<$number>().is_aligned() {
                        core::mem::transmute($load(src.cast::<$number>()))
                    } else {
                        let numbers = src.cast::<[Register; $channels]>().read_unaligned();
                        core::mem::transmute($load(numbers.as_ptr().cast::<$number>()))
                    }
                }
            }

            #[inline(always)]
            unsafe fn store(dst: *mut u8, channels: [Register; $channels]) {
                // SAFETY: the caller guarantees that the bytes may be written; the numbers that are stored are aligned. Every
                // AArch64 has the instructions, and the registers are as many bytes.
                unsafe {
                    if dst.cast::<$number>().is_aligned() {
                        $store(dst.cast::<$number>(), core::mem::transmute(channels));
                    } else {
                        let mut numbers = channels;
                        $store(numbers.as_mut_ptr().cast::<$number>(), core::mem::transmute(channels));
                        dst.cast::<[Register; $channels]>().write_unaligned(numbers);
                    }
                }
            }
        }
    )*)*};
}

channels! {
    1 u8: 2 vld2q_u8 vst2q_u8 3 vld3q_u8 vst3q_u8 4 vld4q_u8 vst4q_u8;
    2 u16: 2 vld2q_u16 vst2q_u16 3 vld3q_u16 vst3q_u16 4 vld4q_u16 vst4q_u16;
    4 u32: 2 vld2q_u32 vst2q_u32 3 vld3q_u32 vst3q_u32 4 vld4q_u32 vst4q_u32;
    8 u64: 2 vld2q_u64 vst2q_u64 3 vld3q_u64 vst3q_u64 4 vld4q_u64 vst4q_u64;
}
