//! Converts planes in which the operands disagree about the fastest axis: block by block, one operand's numbers are transposed as
//! they are, by the copies' tiles, so that contiguous numbers are converted.

use core::mem::MaybeUninit;

use crate::kernels::copy::copy;
use crate::kernels::cpu::{Level, level};
use crate::kernels::prefetch::{SECOND, prefetch};
use crate::layout::{Axis, Plan, Step};

use super::pairs::Conversion;
use super::parts::each_part;
use super::plane::{Failure, NumberPlane};

/// Bytes of scratch memory, which a block fills. More would not leave enough of the stack to others.
const SCRATCH: usize = 1 << 13;

/// The most numbers along an axis of a block, and the least number along one of a plane.
const LONGEST: usize = 512;
const SHORTEST: isize = 24;

/// The most bytes that are contiguous in the operand that is transposed: a cache line that is read, two of small numbers that are
/// written.
const LINE: usize = 64;

/// Bytes of both operands from which on the lines that the next block reads are prefetched: other caches than those near the
/// processor hold less, or share it with others.
const FAR: usize = 1 << 23;

type Scratch = [MaybeUninit<u64>; SCRATCH / 8];

/// A plane that is converted in blocks.
pub(super) struct Blocks<'c> {
    conversion: &'c Conversion,
    /// The axis along which the first operand's numbers are contiguous, and that along which the second operand's are.
    rows: Axis,
    line: Axis,
    /// The bytes of a number in scratch memory, and whether it has the type of the first operand.
    unit: usize,
    first: bool,
    /// Whether what the next block reads is prefetched.
    ahead: bool,
}

impl<'c> Blocks<'c> {
    /// For the plane of a transpose, in a walk over so many bytes; `None` where the numbers are not contiguous, or few.
    pub(super) fn new([rows, line]: [Axis; 2], conversion: &'c Conversion, bytes: usize) -> Option<Self> {
        let [src, dst] = [conversion.src, conversion.dst].map(|operand| operand.scalar.size());
        // The smaller numbers are transposed.
        let first = src <= dst;
        let (unit, step) = if first { (src, rows.src) } else { (dst, line.dst) };
        let fits = rows.len >= SHORTEST && line.len >= SHORTEST && step.stride.unsigned_abs() == unit;
        // Where a loop takes numbers as they lie, the largest take less time that way, and so do others from memory, but for small
        // ones where vectors are long.
        let (always, far) = if level() == Level::Portable { (0, 1 << 21) } else { (2, 1 << 22) };
        let worth = conversion.strided().is_none() || unit <= always || (unit <= 4 && bytes < far);
        let ahead = first && bytes.checked_div(unit).unwrap_or(0).saturating_mul(src + dst) >= FAR;
        (fits && worth).then_some(Self { conversion, rows, line, unit, first, ahead })
    }

    /// Converts the plane; the error is the place in the second operand, and why. (Not inlined: it needs scratch memory.)
    ///
    /// # Safety
    /// W1 to W4 for the walk over the two axes.
    #[inline(never)]
    pub(super) unsafe fn convert(&self, src: *const u8, dst: *mut u8) -> Result<(), Failure> {
        let mut scratch: Scratch = [const { MaybeUninit::uninit() }; SCRATCH / 8];
        let scratch = scratch.as_mut_ptr().cast::<u8>();
        let most = |bytes: usize, size: usize| bytes.checked_div(size).unwrap_or(0).min(LONGEST);
        let contiguous = most(if self.first || self.unit > 2 { LINE } else { 2 * LINE }, self.unit);
        let others = most(SCRATCH, self.unit * contiguous);
        let part = if self.first { [contiguous, others] } else { [others, contiguous] };
        // SAFETY: the caller passes on W1 to W4 for each part; scratch memory has room for it.
        unsafe {
            each_part([self.rows, self.line], part, (src, dst), |[rows, line], (src, dst)| {
                if self.ahead {
                    fetch(src.wrapping_offset(line.src.stride.wrapping_mul(line.len)), line);
                }
                self.block([rows.len.unsigned_abs(), line.len.unsigned_abs()], src, scratch, dst)
            })
        }
    }

    /// # Safety
    /// As [`convert`](Self::convert), for as many rows and columns; scratch memory has room for them.
    unsafe fn block(
        &self,
        [rows, columns]: [usize; 2],
        src: *const u8,
        scratch: *mut u8,
        dst: *mut u8,
    ) -> Result<(), Failure> {
        let axis = |len: usize, src: Step, dst: Step| Axis { len: len.cast_signed(), src, dst };
        let every = |numbers: usize| Step { stride: (self.unit * numbers).cast_signed(), suboffset: None };
        let (down, along) = (&self.rows, &self.line);
        let room = &mut [Axis::NONE; 2];
        // SAFETY: the caller passes on W1 to W4; scratch memory is other memory, of which what is read has been written.
        unsafe {
            if self.first {
                let axes = [axis(rows, down.src, every(columns)), axis(columns, along.src, every(1))];
                copy(Plan::of_plane(room, axes, self.unit), src, scratch);
                let axes = [axis(rows, every(columns), down.dst), axis(columns, every(1), along.dst)];
                NumberPlane::new(axes, self.conversion, false, [None, None]).convert(scratch, dst)
            } else {
                let axes = [axis(columns, along.src, every(rows)), axis(rows, down.src, every(1))];
                let plane = NumberPlane::new(axes, self.conversion, false, [None, None]);
                if let Err((place, fault)) = plane.convert(src, scratch) {
                    let number = place.addr().wrapping_sub(scratch.addr()).checked_div(self.unit).unwrap_or(0);
                    let [column, row] =
                        [number.checked_div(rows), number.checked_rem(rows)].map(Option::unwrap_or_default);
                    let offset = down.dst.stride.wrapping_mul(row.cast_signed());
                    let offset = offset.wrapping_add(along.dst.stride.wrapping_mul(column.cast_signed()));
                    return Err((dst.wrapping_offset(offset).cast_const(), fault));
                }
                let axes = [axis(rows, every(1), down.dst), axis(columns, every(rows), along.dst)];
                copy(Plan::of_plane(room, axes, self.unit), scratch, dst);
                Ok(())
            }
        }
    }
}

/// Prefetches the source lines of a block, the middle of each, since most are parts of two cache lines.
fn fetch(src: *const u8, line: Axis) {
    for at in 0..line.len {
        prefetch::<SECOND>(src.wrapping_offset(line.src.stride.wrapping_mul(at)).wrapping_add(LINE / 2));
    }
}
