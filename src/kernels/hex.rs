//! Hexadecimal digits of bytes.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use super::compiled::{Loop, compiled};

/// A character between groups of bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grouping {
    /// The character.
    pub(crate) separator: u8,
    /// The bytes of a group, not 0.
    pub(crate) bytes: usize,
    /// Whether it is the first group that has fewer bytes, rather than the last.
    pub(crate) from_right: bool,
}

/// The length of the text that [`hex`] writes; `None` where it is more than a number holds.
pub(crate) fn hex_length(bytes: usize, grouping: Option<Grouping>) -> Option<usize> {
    let separators = grouping.map_or(0, |grouping| bytes.saturating_sub(1).checked_div(grouping.bytes).unwrap_or(0));
    bytes.checked_mul(2)?.checked_add(separators)
}

/// Writes two lower-case digits for each byte, and a separator between groups, as far as there is room.
pub(crate) fn hex(bytes: &[u8], grouping: Option<Grouping>, text: &mut [MaybeUninit<u8>]) {
    // SAFETY: the loop is a safe function.
    unsafe { compiled::<Hex<'_>>()((bytes, grouping, text)) }
}

/// [`hex`].
struct Hex<'a>(PhantomData<&'a ()>);

impl<'a> Loop for Hex<'a> {
    type On = (&'a [u8], Option<Grouping>, &'a mut [MaybeUninit<u8>]);
    type Out = ();

    #[inline(always)]
    unsafe fn run((bytes, grouping, text): Self::On) {
        grouped(bytes, grouping, text);
    }
}

#[inline(always)]
fn grouped(bytes: &[u8], grouping: Option<Grouping>, text: &mut [MaybeUninit<u8>]) {
    let Some(Grouping { separator, bytes: size, from_right }) = grouping else {
        return digits(bytes, text);
    };
    let first = if from_right { bytes.len().checked_rem(size).filter(|&rest| rest != 0) } else { None };
    let (first, rest) = bytes.split_at_checked(first.unwrap_or(size)).unwrap_or((bytes, &[]));
    let (room, text) = text.split_at_mut_checked(first.len().wrapping_mul(2)).unwrap_or_default();
    digits(first, room);
    // The common sizes are constants, so that the digits of a group need no loop.
    match size {
        1 => groups::<1, 3>(rest, separator, text),
        2 => groups::<2, 5>(rest, separator, text),
        4 => groups::<4, 9>(rest, separator, text),
        8 => groups::<8, 17>(rest, separator, text),
        _ => {
            let mut text = text;
            for group in rest.chunks(size.max(1)) {
                let length = group.len().wrapping_mul(2).wrapping_add(1);
                let (place, behind) = text.split_at_mut_checked(length).unwrap_or_default();
                separated(group, separator, place);
                text = behind;
            }
        }
    }
}

/// Groups of `N` bytes, and a last one that may have fewer; `M` is the length of the text of a group.
#[inline(always)]
fn groups<const N: usize, const M: usize>(bytes: &[u8], separator: u8, text: &mut [MaybeUninit<u8>]) {
    const { assert!(M == 2 * N + 1) };
    let (groups, rest) = bytes.as_chunks::<N>();
    let (places, behind) = text.as_chunks_mut::<M>();
    for (group, place) in groups.iter().zip(places) {
        separated(group, separator, place);
    }
    if !rest.is_empty() {
        separated(rest, separator, behind);
    }
}

/// A separator, and the digits of a group.
#[inline(always)]
fn separated(group: &[u8], separator: u8, text: &mut [MaybeUninit<u8>]) {
    if let Some((place, room)) = text.split_first_mut() {
        place.write(separator);
        digits(group, room);
    }
}

/// Two digits for each byte.
// Arithmetic on lanes of 16 bits, without a table or a branch, so that it becomes vector instructions.
#[inline(always)]
fn digits(bytes: &[u8], text: &mut [MaybeUninit<u8>]) {
    let (pairs, _) = text.as_chunks_mut::<2>();
    for (&byte, pair) in bytes.iter().zip(pairs) {
        let byte = u16::from(byte);
        // The high half first.
        let halves = byte >> 4 | (byte & 0x0f) << 8;
        // 1 where the half is a letter.
        let letters = (halves.wrapping_add(0x0606) >> 4) & 0x0101;
        let text = halves.wrapping_add(0x3030).wrapping_add(letters.wrapping_mul(u16::from(b'a' - b'9' - 1)));
        *pair = text.to_le_bytes().map(MaybeUninit::new);
    }
}
