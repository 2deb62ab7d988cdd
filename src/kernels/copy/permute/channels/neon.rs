//! With NEON, which splits channels as it loads them, and interleaves them as it stores them.
//!
//! The instructions take any address, but Rust's functions for them only that of an aligned item: core may load by other means.
//! Items at other addresses go through registers on the stack.

use core::arch::aarch64::*;

use super::{ChannelCopier, CopyBlocks, REGISTER, Way};

/// The function for items of `unit` bytes, and for so many channels.
pub(super) fn blocks(way: Way, unit: usize, channels: isize) -> Option<CopyBlocks> {
    /// For each size of items: loads and stores of two, three and four channels.
    macro_rules! of {
        ($($unit:literal $item:ident: $($channels:literal $load:ident $store:ident)*;)*) => {
            match (way, unit, channels) {
                $($((Way::Split, $unit, $channels) => {
                    /// # Safety
                    /// As [`CopyBlocks`], with W1 to W4 for the items: a [`Way::Split`] of so many channels.
                    unsafe fn split(copier: &ChannelCopier, mut src: *const u8, mut dst: *mut u8, blocks: usize, _: bool) {
                        for _ in 0..blocks {
                            // SAFETY: the caller guarantees W1 and W2: the first operand has a register for each channel, the
                            // second has one in each; every AArch64 has the instructions. The items that are loaded are aligned.
                            unsafe {
                                let registers: [Register; $channels] = if src.cast::<$item>().is_aligned() {
                                    core::mem::transmute($load(src.cast::<$item>()))
                                } else {
                                    let items = src.cast::<[Register; $channels]>().read_unaligned();
                                    core::mem::transmute($load(items.as_ptr().cast::<$item>()))
                                };
                                let mut to = dst;
                                for register in registers {
                                    to.cast::<Register>().write_unaligned(register);
                                    to = to.wrapping_offset(copier.period.dst.stride);
                                }
                            }
                            src = src.wrapping_add($channels * REGISTER);
                            dst = dst.wrapping_add(REGISTER);
                        }
                    }
                    split as CopyBlocks
                }
                (Way::Join, $unit, $channels) => {
                    /// # Safety
                    /// As [`CopyBlocks`], with W1 to W4 for the items: a [`Way::Join`] of so many channels.
                    unsafe fn join(copier: &ChannelCopier, mut src: *const u8, mut dst: *mut u8, blocks: usize, _: bool) {
                        for _ in 0..blocks {
                            let mut from = src;
                            // SAFETY: the caller guarantees W1 and W2: the second operand has a register for each channel, the
                            // first has one in each; every AArch64 has the instructions. The items that are stored are aligned.
                            unsafe {
                                let registers: [Register; $channels] = core::array::from_fn(|_| {
                                    let register = from.cast::<Register>().read_unaligned();
                                    from = from.wrapping_offset(copier.period.src.stride);
                                    register
                                });
                                if dst.cast::<$item>().is_aligned() {
                                    $store(dst.cast::<$item>(), core::mem::transmute(registers));
                                } else {
                                    let mut items = registers;
                                    $store(items.as_mut_ptr().cast::<$item>(), core::mem::transmute(registers));
                                    dst.cast::<[Register; $channels]>().write_unaligned(items);
                                }
                            }
                            src = src.wrapping_add(REGISTER);
                            dst = dst.wrapping_add($channels * REGISTER);
                        }
                    }
                    join as CopyBlocks
                })*)*
                (Way::Second, 1, _) => every_second::<1>,
                (Way::Second, 2, _) => every_second::<2>,
                (Way::Second, 4, _) => every_second::<4>,
                (Way::Second, 8, _) => every_second::<8>,
                _ => return None,
            }
        };
    }
    Some(of! {
        1 u8: 2 vld2q_u8 vst2q_u8 3 vld3q_u8 vst3q_u8 4 vld4q_u8 vst4q_u8;
        2 u16: 2 vld2q_u16 vst2q_u16 3 vld3q_u16 vst3q_u16 4 vld4q_u16 vst4q_u16;
        4 u32: 2 vld2q_u32 vst2q_u32 3 vld3q_u32 vst3q_u32 4 vld4q_u32 vst4q_u32;
        8 u64: 2 vld2q_u64 vst2q_u64 3 vld3q_u64 vst3q_u64 4 vld4q_u64 vst4q_u64;
    })
}

/// A register of any items.
type Register = uint8x16_t;

/// # Safety
/// As [`CopyBlocks`], with W1 to W4 for the items, and another one after them: a [`Way::Second`].
unsafe fn every_second<const UNIT: usize>(
    _: &ChannelCopier,
    mut src: *const u8,
    mut dst: *mut u8,
    blocks: usize,
    _: bool,
) {
    for _ in 0..blocks {
        // SAFETY: the caller guarantees W1 and W2. The page rule, which `new` has asked, covers the bytes between two items,
        // and those after the last item of the blocks, since another item follows. Every AArch64 has the instructions.
        unsafe {
            let (first, second) = (vld1q_u8(src), vld1q_u8(src.wrapping_add(REGISTER)));
            let items = match UNIT {
                1 => vuzp1q_u8(first, second),
                2 => vreinterpretq_u8_u16(vuzp1q_u16(vreinterpretq_u16_u8(first), vreinterpretq_u16_u8(second))),
                4 => vreinterpretq_u8_u32(vuzp1q_u32(vreinterpretq_u32_u8(first), vreinterpretq_u32_u8(second))),
                _ => vreinterpretq_u8_u64(vuzp1q_u64(vreinterpretq_u64_u8(first), vreinterpretq_u64_u8(second))),
            };
            vst1q_u8(dst, items);
        }
        src = src.wrapping_add(2 * REGISTER);
        dst = dst.wrapping_add(REGISTER);
    }
}
