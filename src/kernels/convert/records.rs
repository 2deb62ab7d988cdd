//! Converts records to and from arrays of numbers, column by column, in parts that the cache holds.
//!
//! A column is one number of each record of a part: numbers a record apart on one side, and as far apart as a record has numbers
//! on the other one, so that it is a plane like any other. Where a field is long, or repeated more often than there are
//! records, its own numbers are the line instead.

use crate::format::{CType, Fault, Field, Fields, Numbers, Part};
use crate::layout::{Axis, Step};

use super::pairs::{Conversion, Operand};
use super::plane::{CHUNK, Failure, NumberPlane, TILE};

/// The bytes of both operands that a part has, or a few records.
const PART: usize = 1 << 15;

/// The least number of records of a part that there are enough of.
const FEW: usize = 64;

/// The elements of a field up to which each is a column.
const ELEMENTS: usize = 8;

/// A conversion of records of numbers to or from an array that has the numbers of all records in their order.
pub(crate) struct RecordConversion<'o> {
    fields: Fields<'o>,
    /// The bytes of a record.
    size: usize,
    array: CType,
    act: Act,
}

/// What is done with the numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    /// The records are converted to the array.
    Read,
    /// The array, whose numbers fit, is converted to the records, whose bytes are cleared first if some belong to no field.
    Write { clear: bool },
    /// It is found whether the records can take the array's numbers.
    Check,
}

impl<'o> RecordConversion<'o> {
    /// To an array.
    pub(crate) fn to_array(fields: Fields<'o>, size: usize, array: CType) -> Self {
        Self { fields, size, array, act: Act::Read }
    }

    /// From an array. What belongs to no field becomes 0.
    pub(crate) fn from_array(fields: Fields<'o>, size: usize, array: CType) -> Self {
        Self { fields, size, array, act: Act::Write { clear: !fields.fill(size) } }
    }

    /// The first number of the array of as many records that does not fit, and why.
    ///
    /// # Safety
    /// Of W1 and W3 what concerns the array.
    pub(crate) unsafe fn first_misfit(&self, array: *const u8, records: usize) -> Option<(usize, Fault)> {
        let size = self.array.size();
        let src = Step { stride: (self.fields.values() * size).cast_signed(), suboffset: None };
        let line = Axis { len: records.cast_signed(), src, dst: Step::NONE };
        let check = Self { act: Act::Check, ..*self };
        // SAFETY: the caller passes on W1 and W3; nothing is written.
        let misfit = unsafe { check.convert([SINGLE, line], false, array, core::ptr::null_mut()) }.err();
        misfit.map(|(place, fault)| (place.addr().wrapping_sub(array.addr()).checked_div(size).unwrap_or(0), fault))
    }

    /// Converts a plane of records; the error is the place in the array, and why: the first one if it is a check.
    ///
    /// # Safety
    /// W1 to W4 for the walk over the two axes, as far as it reads and writes.
    pub(super) unsafe fn convert(
        &self,
        axes: [Axis; 2],
        tiled: bool,
        src: *const u8,
        dst: *mut u8,
    ) -> Result<(), Failure> {
        // SAFETY: the caller passes on W1 to W4.
        unsafe { self.records(self.fields, (self.size, true), axes, tiled, (src, dst)) }
    }

    /// Converts a plane of records of as many bytes, which are the whole records, or repeated ones of them. Recursion is as
    /// deep as the format's.
    ///
    /// # Safety
    /// As [`convert`](Self::convert).
    unsafe fn records(
        &self,
        fields: Fields<'_>,
        (size, whole): (usize, bool),
        [rows, line]: [Axis; 2],
        tiled: bool,
        (src, dst): (*const u8, *mut u8),
    ) -> Result<(), Failure> {
        let (height, width) = (rows.len.unsigned_abs(), line.len.unsigned_abs());
        let bytes = size.saturating_add(fields.values().saturating_mul(self.array.size()));
        let most = PART.checked_div(bytes).unwrap_or(0).clamp(FEW, CHUNK);
        let columns = if tiled { most.checked_div(TILE[0]).unwrap_or(0) } else { most }.min(width).max(1);
        let lines = most.checked_div(columns).unwrap_or(0).max(1);
        for row in (0..height).step_by(lines) {
            for column in (0..width).step_by(columns) {
                let part = [part_of(rows, lines.min(height - row)), part_of(line, columns.min(width - column))];
                let at = |row_step: Step, step: Step| {
                    let down = row_step.stride.wrapping_mul(row.cast_signed());
                    down.wrapping_add(step.stride.wrapping_mul(column.cast_signed()))
                };
                let src = src.wrapping_offset(at(rows.src, line.src));
                let dst = dst.wrapping_offset(at(rows.dst, line.dst));
                // SAFETY: the part lies within both axes, so the contract covers it.
                unsafe {
                    if whole && self.act == (Act::Write { clear: true }) {
                        clear(part, size, dst);
                    }
                    self.columns(fields, part, (src, dst))?;
                }
            }
        }
        Ok(())
    }

    /// Converts a part column by column.
    ///
    /// # Safety
    /// As [`convert`](Self::convert).
    unsafe fn columns(
        &self,
        fields: Fields<'_>,
        [rows, line]: [Axis; 2],
        (src, dst): (*const u8, *mut u8),
    ) -> Result<(), Failure> {
        let mut first: Option<Failure> = None;
        let mut failed = |result: Result<(), Failure>| match result {
            Err(failure) if self.act == Act::Check => {
                first = Some(first.filter(|first| first.0 < failure.0).unwrap_or(failure));
                Ok(())
            }
            result => result,
        };
        let mut passed = 0;
        for field in fields {
            let (start, in_array) = (field.offset, passed * self.array.size());
            passed += field.values();
            let (elements, size, inner) = self.elements(field);
            let (from, to) = if self.act == Act::Read { (start, in_array) } else { (in_array, start) };
            let (mut src, mut dst) = (src.wrapping_add(from), dst.wrapping_add(to));
            let along = elements.len.unsigned_abs() > ELEMENTS || elements.len > line.len;
            // Each number, or record, of the field in all records, or all of the field in each row of records.
            let (times, axes, step) =
                if along { (rows.len, [line, elements], rows) } else { (elements.len, [rows, line], elements) };
            for _ in 0..times {
                // SAFETY: the caller passes on W1 to W4; the part of it.
                failed(unsafe {
                    match inner {
                        Inner::Numbers(numbers) => self.numbers(numbers, axes, (src, dst)),
                        Inner::Records(fields) if along => self.records(fields, (size, false), axes, false, (src, dst)),
                        Inner::Records(fields) => self.columns(fields, axes, (src, dst)),
                    }
                })?;
                src = src.wrapping_offset(step.src.stride);
                dst = dst.wrapping_offset(step.dst.stride);
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// The elements of a field as an axis, the bytes of each, and what they are.
    fn elements<'f>(&self, field: Field<'f>) -> (Axis, usize, Inner<'f>) {
        let (count, size, values, inner) = match field.part {
            Part::Numbers(numbers) => (numbers.count, numbers.scalar.size(), 1, Inner::Numbers(numbers)),
            Part::Records { count, size, fields } => (count, size, fields.values(), Inner::Records(fields)),
        };
        let step = |stride: usize| Step { stride: stride.cast_signed(), suboffset: None };
        let (record, array) = (step(size), step(values * self.array.size()));
        let (src, dst) = match self.act {
            Act::Read => (record, array),
            Act::Write { .. } => (array, record),
            Act::Check => (array, Step::NONE),
        };
        (Axis { len: count.cast_signed(), src, dst }, size, inner)
    }

    /// Converts a plane of numbers of one type.
    ///
    /// # Safety
    /// As [`convert`](Self::convert).
    #[inline(never)]
    unsafe fn numbers(
        &self,
        numbers: Numbers,
        axes: [Axis; 2],
        (src, dst): (*const u8, *mut u8),
    ) -> Result<(), Failure> {
        let operand = Operand::of(numbers);
        let conversion = match self.act {
            Act::Read => Conversion::to_array(operand, self.array),
            Act::Write { .. } => Conversion::from_array(self.array, operand).of_known(),
            Act::Check => Conversion::from_array(self.array, operand),
        };
        let plane = NumberPlane::new(axes, &conversion, false, [None, None]);
        // SAFETY: the caller passes on W1 to W4; it says that what is written fits.
        unsafe { if self.act == Act::Check { plane.first_misfit(src) } else { plane.convert(src, dst) } }
    }
}

/// What the elements of a field are.
#[derive(Clone, Copy)]
enum Inner<'o> {
    Numbers(Numbers),
    Records(Fields<'o>),
}

/// An axis of one item.
const SINGLE: Axis = Axis { len: 1, ..Axis::NONE };

fn part_of(axis: Axis, len: usize) -> Axis {
    Axis { len: len.cast_signed(), ..axis }
}

/// Clears the first bytes of the records of a part.
///
/// # Safety
/// W2 and W3 for them.
unsafe fn clear([rows, line]: [Axis; 2], size: usize, dst: *mut u8) {
    let together = line.dst.stride == size.cast_signed();
    let (times, bytes) = if together { (1, size * line.len.unsigned_abs()) } else { (line.len, size) };
    let mut row = dst;
    for _ in 0..rows.len {
        let mut at = row;
        for _ in 0..times {
            // SAFETY: the caller passes on W2 and W3; adjacent records are one block.
            unsafe { at.write_bytes(0, bytes) };
            at = at.wrapping_offset(line.dst.stride);
        }
        row = row.wrapping_offset(rows.dst.stride);
    }
}
