//! Compares items with equal columns at the same places by their bytes, with a mask for those in between.

use core::marker::PhantomData;
use core::ops::Range;

use crate::format::{Column, Pairs, Scalar};
use crate::layout::Axis;

use crate::kernels::convert::move_numbers::Unit;
use crate::kernels::multiversion::{Compiled, Loop, compiled};
use crate::kernels::page_rule::may_cover;
use crate::kernels::prefetch::LINE;

/// The most elements of an item that are compared one after the other for many items; more are compared item by item.
pub(super) const FEW: usize = 16;

/// The most bytes of a mask.
const MASK: usize = 1 << 11;

/// Columns of the same bytes or floats at the same places in the items of both operands, with the same stride: the
/// bytes of all of them are compared at once, and those in between are masked out. Where they differ, floats may still be
/// equal; where they do not, one may be NaN.
pub(super) struct Mask<'m> {
    pattern: Pattern<'m>,
    alike: Compiled<MaskedEqual<'m, true>>,
    /// Bytes from item to item, and those of an item from the first one to the last that counts.
    step: usize,
    reach: usize,
}

/// Memory for a pattern.
pub(super) type Room = Option<[[u8; MASK]; 2]>;

impl<'m> Mask<'m> {
    /// `None` where there are no such columns, too few of them in too large items, or nothing between them.
    pub(super) fn new(columns: &[Option<Column>], line: &Axis, room: &'m mut Room) -> Option<Self> {
        // Less than a step lies between bytes that count.
        let step = usize::try_from(line.src.stride).ok().filter(|&step| may_cover(step))?;
        if line.dst.stride != line.src.stride || line.len.unsigned_abs().checked_mul(step)? < MASK {
            return None;
        }
        let [mask, tops] = room.insert([[0; MASK], [NO_TOP; MASK]]);
        let (mut counted, mut reach) = (0_usize, 0);
        for (column, range) in columns.iter().flatten().filter_map(|column| Some((column, same_bytes(column, step)?))) {
            counted += range.len();
            reach = reach.max(range.end);
            mask.get_mut(range.clone())?.fill(0xff);
            if let Pairs::Numbers([numbers, _]) = column.pairs {
                let first_byte = numbers.swapped != cfg!(target_endian = "big");
                for float in tops.get_mut(range)?.chunks_mut(numbers.scalar.size()) {
                    *(if first_byte { float.first_mut() } else { float.last_mut() })? = TOP;
                }
            }
        }
        // Loading cache lines that are not compared does not pay.
        if counted == 0 || counted.saturating_mul(4) < step {
            return None;
        }
        // As many items as fill whole vectors, or nearly.
        let most = MASK.checked_div(step)?;
        let whole = LINE >> step.trailing_zeros().min(LINE.trailing_zeros());
        let items = if most >= whole { most - most.checked_rem(whole)? } else { most };
        let len = items * step;
        let pattern = Pattern { mask: repeated(mask, step, len)?, tops: repeated(tops, step, len)? };
        let floats = columns.iter().flatten().any(|column| matches!(column.pairs, Pairs::Numbers(_)));
        let alike = if floats { compiled::<MaskedEqual<'_, true>>() } else { compiled::<MaskedEqual<'_, false>>() };
        Some(Self { pattern, alike, step, reach })
    }

    /// Whether the mask is for such a column.
    pub(super) fn covers(&self, column: &Column) -> bool {
        same_bytes(column, self.step).is_some()
    }

    /// # Safety
    /// W1 to W3 of the module's contract, nothing being written, for the columns of as many items, at least one.
    pub(super) unsafe fn alike(&self, a: *const u8, b: *const u8, count: usize) -> Alike {
        let bytes = (count - 1) * self.step + self.reach;
        // SAFETY: the caller guarantees W1 to W3 for the columns, at least one; what lies between the columns may be read, see
        // `page_rule`.
        unsafe { (self.alike)((a, b, bytes, self.pattern)) }
    }
}

/// Repeats the first `step` bytes.
fn repeated(bytes: &mut [u8; MASK], step: usize, len: usize) -> Option<&[u8]> {
    let mut filled = step;
    while filled < len {
        let more = filled.min(len - filled);
        let (from, to) = bytes.split_at_mut_checked(filled)?;
        to.get_mut(..more)?.copy_from_slice(from.get(..more)?);
        filled += more;
    }
    bytes.get(..len)
}

/// The bytes of a column that are the same where its elements are equal, most often, and lie at the same place in both items,
/// which are `step` bytes apart.
fn same_bytes(column: &Column, step: usize) -> Option<Range<usize>> {
    let [start, other] = column.offsets;
    let is_float = |scalar: Scalar| matches!(scalar, Scalar::Single | Scalar::Double);
    let count = match column.pairs {
        Pairs::Bytes(count) => count,
        Pairs::Numbers([a, b]) if a == b && is_float(a.scalar) && a.count <= FEW => a.count * a.scalar.size(),
        Pairs::Numbers(_) => return None,
    };
    Some(start..start.checked_add(count)?).filter(|range| start == other && range.end <= step)
}

/// The result for two runs of bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Alike {
    /// They differ.
    No,
    /// They are equal, but there may be a NaN.
    Perhaps,
    /// They are equal.
    Yes,
}

/// Which bytes are compared, and which of them are the first of a float, with its sign and most of its exponent. As many of
/// both; what comes after them is as at their start.
#[derive(Clone, Copy)]
struct Pattern<'m> {
    /// 0xff for a byte that is compared, else 0.
    mask: &'m [u8],
    /// [`TOP`] for the first byte of a float, else [`NO_TOP`].
    tops: &'m [u8],
}

/// The first byte, but for the sign, of a NaN, an infinite float, or a very large one.
const TOP: u8 = 0x7f;
/// A byte that has a sign.
const NO_TOP: u8 = 0x80;

/// Whether two runs of bytes are the same where a pattern says so, and, where there are `FLOATS`, whether these are large.
struct MaskedEqual<'m, const FLOATS: bool>(PhantomData<&'m ()>);

impl<'m, const FLOATS: bool> Loop for MaskedEqual<'m, FLOATS> {
    type On = (*const u8, *const u8, usize, Pattern<'m>);
    type Out = Alike;

    /// # Safety
    /// Of W1 to W3 what concerns the bytes for which the mask is 0xff; the others may be read.
    #[inline(always)]
    unsafe fn run((a, b, count, pattern): Self::On) -> Alike {
        // SAFETY: the caller guarantees W1 to W3 for the bytes that count, and the others may be read.
        let (a, b) = unsafe { (core::slice::from_raw_parts(a, count), core::slice::from_raw_parts(b, count)) };
        let width = pattern.mask.len().max(1);
        let mut large = 0;
        for (a, b) in a.chunks(width).zip(b.chunks(width)) {
            let mut differences = 0;
            for (((a, b), mask), top) in a.iter().zip(b).zip(pattern.mask).zip(pattern.tops) {
                differences |= (a ^ b) & mask;
                if FLOATS {
                    large |= u8::from(a & TOP == *top);
                }
            }
            if differences != 0 {
                return Alike::No;
            }
        }
        if large == 0 { Alike::Yes } else { Alike::Perhaps }
    }
}

/// The bits of a float.
pub(super) trait Bits: Unit + core::ops::BitOr<Output = Self> + Default {
    /// An integer whose highest bit is set for NaN.
    fn nan(self) -> Self;
    fn is_set(self) -> bool;
}

macro_rules! bits {
    ($($bits:ty, $float:ty;)*) => {
        $(impl Bits for $bits {
            #[inline(always)]
            fn nan(self) -> Self {
                // Greater than infinity, but for the sign, so that the difference wraps.
                <$float>::INFINITY.to_bits().wrapping_sub(self & (<$bits>::MAX >> 1))
            }
            #[inline(always)]
            fn is_set(self) -> bool {
                self > <$bits>::MAX >> 1
            }
        })*
    };
}

bits! {
    u32, f32;
    u64, f64;
}

/// Whether any float of a line of the first operand is NaN. All are in the other byte order, or none.
///
/// # Safety
/// Of W1 and W3 what concerns the items of the line, which have these bits.
// Integer arithmetic: several instructions, of which a cycle runs many, and no branch.
pub(super) unsafe fn has_nan<T: Bits, const SWAPPED: bool>(mut a: *const u8, line: Axis) -> bool {
    let mut found = T::default();
    for _ in 0..line.len {
        // SAFETY: the caller guarantees W1 and W3 for the items of the line; the values may stand at any address.
        let bits = unsafe { a.cast::<T>().read_unaligned() };
        found = found | if SWAPPED { bits.swapped() } else { bits }.nan();
        a = a.wrapping_offset(line.src.stride);
    }
    found.is_set()
}
