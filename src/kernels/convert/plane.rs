//! Converts the numbers of the two innermost axes of a walk, in parts.

use core::mem::MaybeUninit;

use crate::format::{Fault, Scalar};
use crate::kernels::copy::permute::Program;
use crate::kernels::prefetch::LINE;
use crate::layout::Axis;

use super::move_numbers::{NumberMover, Rows};
use super::pairs::{Conversion, Operand, StridedLoop};

/// The numbers converted at a time, if they go through a buffer.
pub(super) const CHUNK: usize = 512;

/// How many contiguous numbers are worth a call.
const WORTH: usize = 64;

/// Rows and columns of a tile, which is a chunk: rows are few bytes apart in the first operand, columns in the second.
pub(super) const TILE: [usize; 2] = [16, CHUNK / 16];

/// The columns of a tile that needs no buffer. It has so many rows that whole cache lines are read.
const WIDE_TILE: usize = 128;

/// Where a number does not fit, and why.
pub(super) type Failure = (*const u8, Fault);

/// The two innermost axes of a walk, in parts of `part` numbers along each.
pub(super) struct NumberPlane<'c> {
    conversion: &'c Conversion,
    rows: Axis,
    line: Axis,
    part: [usize; 2],
    /// Gathers and scatters numbers. Only the first is used where nothing else is to be done.
    gather: NumberMover<'c>,
    spread: NumberMover<'c>,
    /// Does all of it at once, where that takes less time.
    strided: Option<StridedLoop>,
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
    pub(super) fn new(
        [rows, line]: [Axis; 2],
        conversion: &'c Conversion,
        tiled: bool,
        [gather, spread]: [Option<&'c mut Option<Program>>; 2],
    ) -> Self {
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
            strided: None,
        };
        // Vectors do better where numbers are contiguous, even if bytes are to be reversed first.
        let dense = src == from_size.cast_signed() && dst == to_size.cast_signed();
        if !direct && !dense && !plane.gather.has_program() && !plane.spread.has_program() {
            plane.strided = conversion.strided();
        }
        let columns = line.len.unsigned_abs();
        if tiled && plane.strided.is_some() {
            plane.part = [LINE / from_size, WIDE_TILE];
        }
        if !tiled {
            let (src, dst) = plane.steps();
            let plain = direct || plane.strided.is_some() || (plane.is_plain(from, src) && plane.is_plain(to, dst));
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
    pub(super) unsafe fn convert(&self, src: *const u8, dst: *mut u8) -> Result<(), Failure> {
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

    /// The first number of the first operand that does not fit, row by row, and why. Nothing is written.
    ///
    /// # Safety
    /// W1 and W3 for the walk over the two axes.
    pub(super) unsafe fn first_misfit(&self, src: *const u8) -> Result<(), Failure> {
        let Some(check) = self.conversion.check() else { return Ok(()) };
        let mut buffer: Buffer = [const { MaybeUninit::uninit() }; CHUNK];
        let gathered = buffer.as_mut_ptr().cast::<u8>();
        let steps = NumberSteps { row: self.rows.src.stride, number: self.line.src.stride };
        let plain = is_dense(self.conversion.src, steps) && !self.conversion.src.swapped;
        let spaced = !plain && !self.conversion.src.swapped;
        let columns = self.line.len.unsigned_abs();
        let mut row = src;
        for _ in 0..self.rows.len {
            let (mut numbers, mut remaining) = (row, columns);
            while remaining > 0 {
                let count = remaining.min(CHUNK);
                let mut source = numbers;
                // SAFETY: the caller passes on W1 and W3, for a part of a row, for which the buffer has room.
                unsafe {
                    if !spaced || !check.surely_fit(numbers, count, steps.number) {
                        if !plain {
                            self.gather.run(Rows::new(numbers, gathered, [1, count], [0, 0]));
                            source = gathered.cast_const();
                        }
                        if let Some((at, fault)) = check.misfit(source, count) {
                            return Err((numbers.wrapping_offset(steps.number.wrapping_mul(at.cast_signed())), fault));
                        }
                    }
                }
                numbers = numbers.wrapping_offset(steps.number.wrapping_mul(count.cast_signed()));
                remaining -= count;
            }
            row = row.wrapping_offset(steps.row);
        }
        Ok(())
    }

    /// Whether the loops can take a line of numbers as it is.
    fn is_plain(&self, operand: Operand, steps: NumberSteps) -> bool {
        is_dense(operand, steps) && (!operand.swapped || self.conversion.reversing().is_some())
    }

    /// # Safety
    /// As `convert`, for as many rows and columns; the buffers have room for a chunk.
    #[inline(always)]
    unsafe fn part(
        &self,
        [rows, columns]: [usize; 2],
        (src, src_steps, gathered): (*const u8, NumberSteps, *mut u8),
        (dst, dst_steps, converted): (*mut u8, NumberSteps, *mut u8),
    ) -> Result<(), Failure> {
        let Conversion { src: from, dst: to, .. } = *self.conversion;
        if let Some(strided) = self.strided {
            let numbers = [src_steps.number, dst_steps.number];
            let rows = Rows::new(src, dst, [rows, columns], [src_steps.row, dst_steps.row]);
            // SAFETY: the caller passes on W1 to W4 for the rows and columns; where no check is needed they fit.
            unsafe { rows.each(|src, dst, count| strided(src, dst, count, numbers)) };
            return Ok(());
        }
        if from.scalar == to.scalar {
            // Only the order of the bytes changes.
            // SAFETY: the caller passes on W1 to W4 for the rows and columns.
            unsafe { self.gather.run(Rows::new(src, dst, [rows, columns], [src_steps.row, dst_steps.row])) };
            return Ok(());
        }
        let is_plain = |operand: Operand, steps: NumberSteps| {
            self.is_plain(operand, steps) && (rows == 1 || columns >= WORTH || steps.row == row_size(operand, columns))
        };
        // SAFETY: the caller passes on W1 to W4 for the rows and columns, and that of the buffers.
        unsafe {
            let (mut source, mut source_steps) = (src, src_steps);
            let gathers = !is_plain(from, src_steps);
            if gathers {
                (source, source_steps) = (gathered.cast_const(), NumberSteps::contiguous(from.scalar, columns));
                let steps = [src_steps.row, source_steps.row];
                self.gather.run(Rows::new(src, gathered, [rows, columns], steps));
            }
            let (mut target, mut target_steps) = (dst, dst_steps);
            let spread = !is_plain(to, dst_steps);
            if spread {
                (target, target_steps) = (converted, NumberSteps::contiguous(to.scalar, columns));
            }
            // What goes through a buffer is reversed on the way.
            let swapped = (from.swapped && !gathers) || (to.swapped && !spread);
            let convert = self.conversion.reversing().filter(|_| swapped).unwrap_or(self.conversion.known());
            let together = source_steps.row == row_size(from, columns) && target_steps.row == row_size(to, columns);
            let (runs, length) = if rows == 1 || together { (1, rows * columns) } else { (rows, columns) };
            for at in 0..runs {
                let start = at.cast_signed();
                let source = source.wrapping_offset(source_steps.row.wrapping_mul(start));
                let target = target.wrapping_offset(target_steps.row.wrapping_mul(start));
                if let Err((place, fault)) = self.conversion.run(convert, source, target, length) {
                    let place = at * length + place;
                    let row = place.checked_div(columns).unwrap_or(0).cast_signed();
                    let column = place.checked_rem(columns).unwrap_or(0).cast_signed();
                    let down = dst_steps.row.wrapping_mul(row);
                    let place = dst.wrapping_offset(down.wrapping_add(dst_steps.number.wrapping_mul(column)));
                    return Err((place.cast_const(), fault));
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

/// Whether the numbers of a line are adjacent.
fn is_dense(operand: Operand, steps: NumberSteps) -> bool {
    steps.number == operand.scalar.size().cast_signed()
}

fn row_size(operand: Operand, columns: usize) -> isize {
    (operand.scalar.size() * columns).cast_signed()
}
