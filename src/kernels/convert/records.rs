//! Converts records, column by column, in parts that the cache holds.
//!
//! A column is one number of each record of a part: numbers a record apart in both operands, so that it is a plane like any other. An
//! array of C numbers is one of records of as many as the records of the other operand have. Where a field is long, or
//! repeated more often than there are records, its own numbers are the line instead.

use crate::format::{CType, Elements, Fault, Fields, Joint, JointField, JointParts};
use crate::layout::{Axis, Step};

use super::fit::Periodic;
use super::pairs::Operand;
use super::parts::each_part;
use super::plane::{CHUNK, Failure, TILE};
use super::route::Route;

/// The bytes of both operands that a part has, or a few records.
const PART: usize = 1 << 16;

/// The least number of records of a part that there are enough of, and the most: each column of a part takes some calls.
const FEW: usize = 64;
const MANY: usize = 4 * CHUNK;

/// The elements of a field up to which each is a column.
const ELEMENTS: usize = 8;

/// A conversion of records of numbers to records with as many, whose fields pair up.
pub(crate) struct RecordConversion<'o> {
    fields: [Fields<'o>; 2],
    /// The bytes of a record.
    sizes: [usize; 2],
    /// Whether some bytes of the records that are written belong to no field, so that they are cleared first.
    clear: bool,
    act: Act,
}

/// What is done with the numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    /// They are converted as far as they fit.
    Convert,
    /// They are converted, and all fit.
    ConvertKnown,
    /// It is found whether they fit.
    Check,
}

impl<'o> RecordConversion<'o> {
    /// From records of one size to others, whose fields pair up in runs of numbers. What belongs to no field becomes 0.
    pub(crate) fn new(fields: [Fields<'o>; 2], sizes: [usize; 2]) -> Self {
        let ([_, to], [_, size]) = (fields, sizes);
        Self { fields, sizes, clear: !to.fill(size), act: Act::Convert }
    }

    /// To an array that has the numbers of all records in their order.
    pub(crate) fn to_array(fields: Fields<'o>, size: usize, array: CType) -> Self {
        let values = fields.values();
        Self::new([fields, Fields::of_array(array, values)], [size, values * array.size()])
    }

    /// From such an array.
    pub(crate) fn from_array(fields: Fields<'o>, size: usize, array: CType) -> Self {
        let values = fields.values();
        Self::new([Fields::of_array(array, values), fields], [values * array.size(), size])
    }

    /// The same for numbers that are known to fit.
    pub(crate) fn of_known(&self) -> Self {
        Self { act: Act::ConvertKnown, ..*self }
    }

    /// Whether every number fits, whatever it is.
    pub(crate) fn always_fits(&self) -> bool {
        all_fit(self.fields)
    }

    /// The first number of an array that does not fit the records, as many as there are, and why.
    ///
    /// # Safety
    /// Of W1 and W3 what concerns the array.
    pub(crate) unsafe fn first_misfit(&self, array: *const u8, records: usize) -> Option<(*const u8, Fault)> {
        let [size, _] = self.sizes;
        // SAFETY: the caller passes on W1 and W3.
        if records >= FEW && unsafe { self.surely_fit(array, records) } {
            return None;
        }
        let src = Step { stride: size.cast_signed(), suboffset: None };
        let line = Axis { len: records.cast_signed(), src, dst: Step::NONE };
        // SAFETY: the caller passes on W1 and W3.
        unsafe { self.check([Axis::SINGLE, line], array) }.err()
    }

    /// Whether the numbers of an array fit as many records, in one pass, where each record has few of eight bytes. If not, they may still
    /// fit. (Not inlined: it needs memory for tests.)
    ///
    /// # Safety
    /// As [`first_misfit`](Self::first_misfit).
    #[inline(never)]
    unsafe fn surely_fit(&self, array: *const u8, records: usize) -> bool {
        const WORD: usize = size_of::<u64>();
        let [size, _] = self.sizes;
        let Some(mut tests) = Periodic::new(size / WORD) else { return false };
        for JointField { offsets: [from, _], parts } in Joint::new(self.fields) {
            let Some((elements, inner)) = inner_of(parts) else { continue };
            let Inner::Numbers([src, dst]) = inner else { return false };
            let Route::Direct(conversion) = Route::new(src, dst) else { return false };
            let Some(check) = conversion.check() else { continue };
            for at in 0..elements.len.unsigned_abs().min(Periodic::MOST) {
                if !tests.test(from / WORD + at, &check) {
                    return false;
                }
            }
        }
        // SAFETY: the caller passes on W1; an array has only its numbers, whose records are as long as those of the tests.
        unsafe { tests.surely_fit(array, records) }
    }

    /// Finds out whether the numbers of a plane of records fit; the error is the place of one that does not, the first in memory
    /// of a part, and why.
    ///
    /// # Safety
    /// W1 and W3 for the walk over the two axes.
    pub(super) unsafe fn check(&self, axes: [Axis; 2], src: *const u8) -> Result<(), Failure> {
        let check = Self { act: Act::Check, ..*self };
        // SAFETY: the caller passes on W1 and W3; nothing is written.
        unsafe { check.convert(axes, false, src, core::ptr::null_mut()) }
    }

    /// Converts a plane of records; the error is the place in the second operand, and why.
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
        unsafe { self.records((self.fields, self.sizes, true), axes, tiled, (src, dst)) }
    }

    /// Converts a plane of records of as many bytes, which are the whole records, or repeated ones of them. Recursion is as
    /// deep as the format's.
    ///
    /// # Safety
    /// As [`convert`](Self::convert).
    unsafe fn records(
        &self,
        (fields, sizes, whole): ([Fields<'_>; 2], [usize; 2], bool),
        axes: [Axis; 2],
        tiled: bool,
        bases: (*const u8, *mut u8),
    ) -> Result<(), Failure> {
        let [from, to] = sizes;
        let [_, line] = axes;
        let most = PART.checked_div(from.saturating_add(to)).unwrap_or(0).clamp(FEW, MANY);
        let columns = if tiled { most.checked_div(TILE[0]).unwrap_or(0) } else { most }.min(line.len.unsigned_abs());
        let lines = most.checked_div(columns).unwrap_or(0);
        let clears = whole && self.clear && self.act != Act::Check;
        // SAFETY: the caller passes on W1 to W4 for each part.
        unsafe {
            each_part(axes, [lines, columns], bases, |part, bases| {
                if clears {
                    clear(part, to, bases.1);
                }
                self.columns(fields, part, bases)
            })
        }
    }

    /// Converts a part column by column.
    ///
    /// # Safety
    /// As [`convert`](Self::convert).
    unsafe fn columns(
        &self,
        fields: [Fields<'_>; 2],
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
        for JointField { offsets: [from, to], parts } in Joint::new(fields) {
            let (mut src, mut dst) = (src.wrapping_add(from), dst.wrapping_add(to));
            let Some((elements, inner)) = inner_of(parts) else { continue };
            let along = elements.len.unsigned_abs() > ELEMENTS || elements.len > line.len;
            // Each number, or record, of the field in all records, or all of the field in each row of records.
            let (times, axes, step) =
                if along { (rows.len, [line, elements], rows) } else { (elements.len, [rows, line], elements) };
            for _ in 0..times {
                // SAFETY: the caller passes on W1 to W4; the part of it.
                failed(unsafe {
                    match inner {
                        Inner::Numbers(operands) => self.numbers(operands, axes, (src, dst)),
                        Inner::Records(fields, sizes) if along => {
                            self.records((fields, sizes, false), axes, false, (src, dst))
                        }
                        Inner::Records(fields, _) => self.columns(fields, axes, (src, dst)),
                    }
                })?;
                src = src.wrapping_offset(step.src.stride);
                dst = dst.wrapping_offset(step.dst.stride);
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// Converts a plane of numbers of one type.
    ///
    /// # Safety
    /// As [`convert`](Self::convert).
    #[inline(never)]
    unsafe fn numbers(
        &self,
        [from, to]: [Operand; 2],
        axes: [Axis; 2],
        (src, dst): (*const u8, *mut u8),
    ) -> Result<(), Failure> {
        let route = Route::new(from, to);
        // SAFETY: the caller passes on W1 to W4; it says whether what is written fits.
        unsafe {
            match self.act {
                Act::Convert => route.convert(axes, false, src, dst),
                Act::ConvertKnown => route.of_known().convert(axes, false, src, dst),
                Act::Check => route.first_misfit(axes, src),
            }
        }
    }
}

/// Recursion is as deep as the format's.
fn all_fit(fields: [Fields<'_>; 2]) -> bool {
    Joint::new(fields).all(|field| match inner_of(field.parts) {
        Some((_, Inner::Numbers([from, to]))) => Route::new(from, to).always_fits(),
        Some((_, Inner::Records(fields, _))) => all_fit(fields),
        None => true,
    })
}

/// What the elements of a field are.
#[derive(Clone, Copy)]
enum Inner<'o> {
    Numbers([Operand; 2]),
    Records([Fields<'o>; 2], [usize; 2]),
}

/// The elements of a field as an axis, and what they are; `None` if they have no bytes.
fn inner_of(parts: JointParts<'_>) -> Option<(Axis, Inner<'_>)> {
    let (count, [src, dst], inner) = match parts {
        JointParts::Elements([from, to]) => {
            // The caller has asked before whether all fields are numbers.
            let [from, to] = Elements::conversion(from, to).ok()??;
            let sizes = [from.scalar.size(), to.scalar.size()];
            (from.count, sizes, Inner::Numbers([from, to].map(Operand::of)))
        }
        JointParts::Records { count, sizes, fields } => (count, sizes, Inner::Records(fields, sizes)),
    };
    let step = |stride: usize| Step { stride: stride.cast_signed(), suboffset: None };
    (count != 0).then(|| (Axis { len: count.cast_signed(), src: step(src), dst: step(dst) }, inner))
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
