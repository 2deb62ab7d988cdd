//! Converts numbers as a plan says, from one type to another.
//!
//! Items that are not contiguous, or have the other byte order, are gathered in a small buffer first, and
//! spread afterwards, so that there is one loop for each pair of types.

use core::mem::MaybeUninit;
use core::ops::ControlFlow;

use crate::format::{Fault, Scalar};
use crate::layout::{Axis, Plan};

use super::copy::LONG;
use super::copy::permute::Program;
use super::odometer::visit_over;

pub(super) mod move_numbers;
mod pairs;

use move_numbers::{NumberMover, Rows};
use pairs::KnownLoop;
pub(crate) use pairs::{Conversion, Operand};

/// The numbers converted at a time, if they go through a buffer.
const CHUNK: usize = 512;

/// How many contiguous numbers are worth a call.
const WORTH: usize = 64;

/// Rows and columns of a tile, which is a chunk: rows are few bytes apart in the first operand, columns in the second.
const TILE: [usize; 2] = [16, CHUNK / 16];

/// A number that does not fit.
pub(crate) struct Misfit {
    /// The place that it would have been written to, in bytes from the second operand's base.
    pub(crate) offset: isize,
    pub(crate) fault: Fault,
}

/// Converts every number of the walk. If one does not fit it stops there or some numbers earlier; which one it
/// reports, if there are several, depends on the walk.
///
/// # Safety
/// W1 to W4 of the module's contract, with items that have the sizes of the two types. Where the conversion is of known
/// numbers, they all fit.
pub(crate) unsafe fn convert(
    mut plan: Plan<'_>,
    conversion: &Conversion,
    src: *const u8,
    dst: *mut u8,
) -> Result<(), Misfit> {
    let tiled = plan.tile();
    // A program writes several numbers at once, in no order.
    let long = plan.bytes() >= LONG && !tiled && !plan.ordered;
    let mut programs = [const { None }; 2];
    let (outer, plane) = plan.planes();
    let plane = NumberPlane::new(plane, conversion, tiled, programs.each_mut().map(|program| long.then_some(program)));
    let mut result = Ok(());
    let convert_plane = |from: *const u8, to: *mut u8| {
        // SAFETY: W1 to W4: `from` and `to` belong to an index tuple of all axes outside the plane.
        match unsafe { plane.convert(from, to) } {
            Ok(()) => ControlFlow::Continue(()),
            Err((to, fault)) => {
                result = Err(Misfit { offset: to.addr().wrapping_sub(dst.addr()).cast_signed(), fault });
                ControlFlow::Break(())
            }
        }
    };
    // SAFETY: W1 to W4. Whether it has stopped is in the result.
    let _: ControlFlow<()> = unsafe { visit_over(&plan, outer, src, dst, convert_plane) };
    result
}

/// Reads the numbers of lines, as contiguous numbers of another type.
pub(super) struct Reader<'p> {
    /// Gathers them, if they are not contiguous.
    gather: Option<NumberMover<'p>>,
    /// Converts them.
    convert: Option<KnownLoop>,
}

impl<'p> Reader<'p> {
    /// For numbers `stride` bytes apart, all of which fit the other type; `None` where there is no such conversion. The slot
    /// is as that of [`NumberMover::new`].
    pub(super) fn new(
        operand: Operand,
        stride: isize,
        scalar: Scalar,
        slot: Option<&'p mut Option<Program>>,
    ) -> Option<Self> {
        let native = Operand { scalar, swapped: false };
        let convert = if operand.scalar == scalar { None } else { Some(Conversion::new(operand, native)?.known()) };
        let size = operand.scalar.size().cast_signed();
        let gather = if stride == size && !operand.swapped {
            None
        } else {
            Some(NumberMover::new(operand.scalar.size(), operand.swapped, [stride, size], slot))
        };
        Some(Self { gather, convert })
    }

    /// Returns where the numbers are now: where they were, or in `room`. `other` is scratch memory.
    ///
    /// # Safety
    /// W1 and W3 for `count` numbers, which fit, of which both buffers hold as many.
    pub(super) unsafe fn read(
        &self,
        src: *const u8,
        room: &mut [MaybeUninit<u64>],
        other: &mut [MaybeUninit<u64>],
        count: usize,
    ) -> *const u8 {
        let (room, other) = (room.as_mut_ptr().cast::<u8>(), other.as_mut_ptr().cast::<u8>());
        let mut numbers = src;
        // SAFETY: the caller guarantees W1 and W3 for `count` numbers, for which both buffers have room; the buffers are other
        // memory.
        unsafe {
            if let Some(gather) = &self.gather {
                let gathered = if self.convert.is_some() { other } else { room };
                gather.run(Rows::new(numbers, gathered, [1, count], [0, 0]));
                numbers = gathered.cast_const();
            }
            if let Some(convert) = self.convert {
                convert((numbers, room, count));
                numbers = room.cast_const();
            }
        }
        numbers
    }
}

/// The two innermost axes of a walk, in parts of `part` numbers along each.
struct NumberPlane<'c> {
    conversion: &'c Conversion,
    rows: Axis,
    line: Axis,
    part: [usize; 2],
    /// Gathers and scatters numbers. Only the first is used where nothing else is to be done.
    gather: NumberMover<'c>,
    spread: NumberMover<'c>,
}

/// Where one operand's numbers are: bytes from row to row, and from number to number.
#[derive(Clone, Copy)]
struct NumberSteps {
    row: isize,
    number: isize,
}

impl NumberSteps {
    /// The steps of rows of that many contiguous numbers.
    fn contiguous(scalar: Scalar, columns: usize) -> Self {
        let size = scalar.size();
        Self { row: (size * columns).cast_signed(), number: size.cast_signed() }
    }
}

/// Memory for the numbers of a chunk.
type Buffer = [MaybeUninit<u64>; CHUNK];

impl<'c> NumberPlane<'c> {
    fn new(
        axes: &[Axis],
        conversion: &'c Conversion,
        tiled: bool,
        [gather, spread]: [Option<&'c mut Option<Program>>; 2],
    ) -> Self {
        let single = Axis { len: 1, ..Axis::default() };
        let (rows, line) = match *axes {
            [rows, line, ..] => (rows, line),
            [line] => (single, line),
            [] => (single, single),
        };
        let Conversion { src: from, dst: to, .. } = *conversion;
        let (src, dst) = (line.src.stride, line.dst.stride);
        let (from_size, to_size) = (from.scalar.size(), to.scalar.size());
        let direct = from.scalar == to.scalar;
        let gathered = if direct { dst } else { from_size.cast_signed() };
        let mut plane = Self {
            conversion,
            rows,
            line,
            part: TILE,
            gather: NumberMover::new(from_size, from.swapped != (direct && to.swapped), [src, gathered], gather),
            spread: NumberMover::new(to_size, to.swapped, [to_size.cast_signed(), dst], spread),
        };
        let columns = line.len.unsigned_abs();
        if !tiled {
            let (src, dst) = plane.steps();
            let plain = direct || (is_plain(from, src) && is_plain(to, dst));
            let columns = if plain && columns >= WORTH { columns } else { columns.clamp(1, CHUNK) };
            plane.part = [CHUNK.checked_div(columns).unwrap_or(0).max(1), columns];
        }
        plane
    }

    fn steps(&self) -> (NumberSteps, NumberSteps) {
        (
            NumberSteps { row: self.rows.src.stride, number: self.line.src.stride },
            NumberSteps { row: self.rows.dst.stride, number: self.line.dst.stride },
        )
    }

    /// Converts the plane; the error is the place in the second operand, and why.
    ///
    /// # Safety
    /// W1 to W4 for the walk over the two axes.
    unsafe fn convert(&self, src: *const u8, dst: *mut u8) -> Result<(), (*mut u8, Fault)> {
        let mut buffers: [Buffer; 2] = [[const { MaybeUninit::uninit() }; CHUNK]; 2];
        let [gathered, converted] = buffers.each_mut().map(|buffer| buffer.as_mut_ptr().cast::<u8>());
        let (from, to) = self.steps();
        let [height, width] = self.part;
        let (rows, columns) = (self.rows.len.unsigned_abs(), self.line.len.unsigned_abs());
        let mut row = 0;
        while row < rows {
            let height = height.min(rows - row);
            let mut column = 0;
            while column < columns {
                let width = width.min(columns - column);
                let at = |steps: NumberSteps| {
                    let along = steps.row.wrapping_mul(row.cast_signed());
                    along.wrapping_add(steps.number.wrapping_mul(column.cast_signed()))
                };
                // SAFETY: the part lies within both axes, so the contract covers it; where it is larger than a chunk it
                // needs no buffer, see `new`.
                unsafe {
                    self.part(
                        [height, width],
                        (src.wrapping_offset(at(from)), from, gathered),
                        (dst.wrapping_offset(at(to)), to, converted),
                    )?;
                }
                column += width;
            }
            row += height;
        }
        Ok(())
    }

    /// # Safety
    /// As `convert`, for as many rows and columns; the buffers have room for a chunk.
    #[inline(always)]
    unsafe fn part(
        &self,
        [rows, columns]: [usize; 2],
        (src, src_steps, gathered): (*const u8, NumberSteps, *mut u8),
        (dst, dst_steps, converted): (*mut u8, NumberSteps, *mut u8),
    ) -> Result<(), (*mut u8, Fault)> {
        let Conversion { src: from, dst: to, .. } = *self.conversion;
        if from.scalar == to.scalar {
            // Only the order of the bytes changes.
            // SAFETY: the caller passes on W1 to W4 for the rows and columns.
            unsafe { self.gather.run(Rows::new(src, dst, [rows, columns], [src_steps.row, dst_steps.row])) };
            return Ok(());
        }
        let is_dense = |operand: Operand, steps: NumberSteps| {
            is_plain(operand, steps) && (rows == 1 || columns >= WORTH || steps.row == row_size(operand, columns))
        };
        // SAFETY: the caller passes on W1 to W4 for the rows and columns, and that of the buffers.
        unsafe {
            let (mut source, mut source_steps) = (src, src_steps);
            if !is_dense(from, src_steps) {
                (source, source_steps) = (gathered.cast_const(), NumberSteps::contiguous(from.scalar, columns));
                let steps = [src_steps.row, source_steps.row];
                self.gather.run(Rows::new(src, gathered, [rows, columns], steps));
            }
            let (mut target, mut target_steps) = (dst, dst_steps);
            let spread = !is_dense(to, dst_steps);
            if spread {
                (target, target_steps) = (converted, NumberSteps::contiguous(to.scalar, columns));
            }
            let together = source_steps.row == row_size(from, columns) && target_steps.row == row_size(to, columns);
            let (runs, length) = if rows == 1 || together { (1, rows * columns) } else { (rows, columns) };
            for at in 0..runs {
                let start = at.cast_signed();
                let source = source.wrapping_offset(source_steps.row.wrapping_mul(start));
                let target = target.wrapping_offset(target_steps.row.wrapping_mul(start));
                if let Err((place, fault)) = self.conversion.run(source, target, length) {
                    let place = at * length + place;
                    let row = place.checked_div(columns).unwrap_or(0).cast_signed();
                    let column = place.checked_rem(columns).unwrap_or(0).cast_signed();
                    let down = dst_steps.row.wrapping_mul(row);
                    return Err((dst.wrapping_offset(down.wrapping_add(dst_steps.number.wrapping_mul(column))), fault));
                }
            }
            if spread {
                let steps = [target_steps.row, dst_steps.row];
                self.spread.run(Rows::new(converted, dst, [rows, columns], steps));
            }
        }
        Ok(())
    }
}

/// Whether the loops can take a line of numbers as it is.
fn is_plain(operand: Operand, steps: NumberSteps) -> bool {
    !operand.swapped && steps.number.unsigned_abs() == operand.scalar.size() && steps.number > 0
}

fn row_size(operand: Operand, columns: usize) -> isize {
    (operand.scalar.size() * columns).cast_signed()
}
