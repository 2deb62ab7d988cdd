//! With NEON, which splits channels as it loads them, and interleaves them as it stores them.

use core::arch::aarch64::*;

use crate::kernels::interleaved::{Channels, Interleaved, Register};

use super::{ChannelCopier, CopyBlocks, REGISTER, Way};

/// The function for items of `unit` bytes, and for so many channels.
pub(super) fn blocks(way: Way, unit: usize, channels: isize) -> Option<CopyBlocks> {
    Some(match (way, unit) {
        (Way::Second, 1) => every_second::<1>,
        (Way::Second, 2) => every_second::<2>,
        (Way::Second, 4) => every_second::<4>,
        (Way::Second, 8) => every_second::<8>,
        (_, 1) => of_channels::<1>(way, channels)?,
        (_, 2) => of_channels::<2>(way, channels)?,
        (_, 4) => of_channels::<4>(way, channels)?,
        (_, 8) => of_channels::<8>(way, channels)?,
        _ => return None,
    })
}

fn of_channels<const UNIT: usize>(way: Way, channels: isize) -> Option<CopyBlocks>
where
    Interleaved<UNIT, 2>: Channels<2>,
    Interleaved<UNIT, 3>: Channels<3>,
    Interleaved<UNIT, 4>: Channels<4>,
{
    Some(match (way, channels) {
        (Way::Split, 2) => split::<UNIT, 2>,
        (Way::Split, 3) => split::<UNIT, 3>,
        (Way::Split, 4) => split::<UNIT, 4>,
        (Way::Join, 2) => join::<UNIT, 2>,
        (Way::Join, 3) => join::<UNIT, 3>,
        (Way::Join, 4) => join::<UNIT, 4>,
        _ => return None,
    })
}

/// # Safety
/// As [`CopyBlocks`], with W1 to W4 for the items: a [`Way::Split`] of so many channels.
unsafe fn split<const UNIT: usize, const CHANNELS: usize>(
    copier: &ChannelCopier,
    mut src: *const u8,
    mut dst: *mut u8,
    blocks: usize,
    _: bool,
) where
    Interleaved<UNIT, CHANNELS>: Channels<CHANNELS>,
{
    for _ in 0..blocks {
        // SAFETY: the caller guarantees W1 and W2: the first operand has a register for each channel, the second has one in each.
        unsafe {
            let mut to = dst;
            for register in Interleaved::<UNIT, CHANNELS>::load(src) {
                to.cast::<Register>().write_unaligned(register);
                to = to.wrapping_offset(copier.period.dst.stride);
            }
        }
        src = src.wrapping_add(CHANNELS * REGISTER);
        dst = dst.wrapping_add(REGISTER);
    }
}

/// # Safety
/// As [`CopyBlocks`], with W1 to W4 for the items: a [`Way::Join`] of so many channels.
unsafe fn join<const UNIT: usize, const CHANNELS: usize>(
    copier: &ChannelCopier,
    mut src: *const u8,
    mut dst: *mut u8,
    blocks: usize,
    _: bool,
) where
    Interleaved<UNIT, CHANNELS>: Channels<CHANNELS>,
{
    for _ in 0..blocks {
        let mut from = src;
        // SAFETY: the caller guarantees W1 and W2: the second operand has a register for each channel, the first has one in each.
        unsafe {
            let registers = core::array::from_fn(|_| {
                let register = from.cast::<Register>().read_unaligned();
                from = from.wrapping_offset(copier.period.src.stride);
                register
            });
            Interleaved::<UNIT, CHANNELS>::store(dst, registers);
        }
        src = src.wrapping_add(REGISTER);
        dst = dst.wrapping_add(CHANNELS * REGISTER);
    }
}

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
