//! From the text of a format to the steps of a compiled format: runs of equal elements, and loops for repeated records.
//!
//! CPython's counterpart is `prepare_s` in `_struct.c`, whose runs (`formatcode`) are the operations here. They are in memory
//! of the caller: [`count_ops`] says how many there are, [`compile`] writes them, a
//! [`CompiledFormat`](super::CompiledFormat) executes them. Records of one element dissolve into their members, those
//! of many become loops. Items without a value have no operation.

use core::ffi::CStr;

use super::codec::{Codec, Form};
use super::codes::Kind;
use super::item::{Item, lone_item};
use super::parse::MAX;
use super::tree::{MAX_DEPTH, Reading, Sink, walk_as};
use crate::error::{Argument, Error, ErrorKind, Result};

/// One step of a [`CompiledFormat`](super::CompiledFormat): contiguous equal elements, or a loop over the steps
/// that follow. Plain data, without pointers; the default is a step that does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    pub(super) codec: Codec,
    /// Where it starts and ends in the item, or in the element of the loop around it.
    pub(super) offset: usize,
    pub(super) end: usize,
    /// How many elements (units of text) or rounds, and the bytes of each.
    pub(super) count: usize,
    pub(super) size: usize,
    /// Of a loop: how many of the steps that follow belong to it.
    pub(super) inner: usize,
}

const _: () = assert!(size_of::<Op>() <= 48);

impl Default for Op {
    fn default() -> Self {
        Self { codec: Codec::NOTHING, offset: 0, end: 0, count: 0, size: 0, inner: 0 }
    }
}

/// The totals of a format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The steps of its compiled format.
    pub ops: usize,
    /// The values of an item.
    pub values: usize,
    /// The bytes of an item; `struct.calcsize`.
    pub size: usize,
}

/// `len`, `values` and `too_many` of the compiler at the start of an item.
type Begin = (usize, usize, bool);

/// Writes the operations that fit, and counts all.
struct Compiler<'o> {
    ops: &'o mut [Op],
    len: usize,
    values: usize,
    /// The state at the start of each open item. By reference: moving it takes longer than reading most formats.
    open: &'o mut [Begin; MAX_DEPTH + 2],
    depth: usize,
    too_many: bool,
}

impl<'o> Compiler<'o> {
    fn run(reading: Reading, format: &CStr, ops: &'o mut [Op]) -> Result<Counts> {
        let mut open = [(0, 0, false); MAX_DEPTH + 2];
        let mut builder = Compiler { ops, len: 0, values: 0, open: &mut open, depth: 0, too_many: false };
        let extent = walk_as(reading, format, &mut builder)?;
        if builder.too_many {
            let end = Argument::Size(format.count_bytes().cast_signed());
            return Err(Error::with(
                ErrorKind::Value,
                c"the item has too many values before byte %zd of the format, its end",
                end,
                Argument::None,
            ));
        }
        Ok(Counts { ops: builder.len, values: builder.values, size: extent.size })
    }

    /// Closes the innermost open item, and returns the state at its start.
    fn close(&mut self) -> Begin {
        self.depth = self.depth.saturating_sub(1);
        self.open.get(self.depth).copied().unwrap_or_default()
    }

    /// Puts an operation before those from `start` on.
    fn insert(&mut self, start: usize, mut op: Op) {
        let end = self.ops.len().min(self.len.saturating_add(1));
        for slot in self.ops.get_mut(start..end).into_iter().flatten() {
            core::mem::swap(slot, &mut op);
        }
        self.len = self.len.saturating_add(1);
    }

    /// Moves the operations from `start` on by `offset`, to their place in what encloses their record.
    fn shift(&mut self, start: usize, offset: usize) {
        let written = self.ops.len().min(self.len);
        let mut ops = self.ops.get_mut(start..written).into_iter().flatten();
        while let Some(op) = ops.next() {
            op.offset = op.offset.saturating_add(offset);
            op.end = op.end.saturating_add(offset);
            // Offsets inside a loop are relative to its element.
            for _ in 0..op.inner {
                ops.next();
            }
        }
    }

    /// Sets the number of values to `before` plus `count` times `each`.
    fn set_values(&mut self, before: usize, each: usize, count: usize) {
        let values = each.checked_mul(count).and_then(|more| more.checked_add(before)).filter(|&values| values <= MAX);
        self.too_many |= values.is_none();
        self.values = values.unwrap_or(before);
    }

    fn record(&mut self, item: &Item, (start, before, too_many): Begin) {
        let inner = self.len.saturating_sub(start);
        match item.elements {
            1 => self.shift(start, item.offset),
            0 => (self.len, self.values, self.too_many) = (start, before, too_many),
            _ if inner == 0 => {}
            count => {
                self.set_values(before, self.values.saturating_sub(before), count);
                let end = item.offset.saturating_add(item.size.saturating_mul(count));
                let codec = Codec::plain(Form::Loop);
                self.insert(start, Op { codec, offset: item.offset, end, count, size: item.size, inner });
            }
        }
    }
}

impl Sink for Compiler<'_> {
    fn begin(&mut self) {
        if let Some(slot) = self.open.get_mut(self.depth) {
            *slot = (self.len, self.values, self.too_many);
        }
        self.depth = self.depth.saturating_add(1);
    }

    fn axis(&mut self, _: usize) {}

    fn cancel(&mut self) {
        (self.len, self.values, self.too_many) = self.close();
    }

    fn end(&mut self, item: &Item) {
        let (start, before, too_many) = self.close();
        if item.kind == Kind::Record {
            return self.record(item, (start, before, too_many));
        }
        // The target of a pointer is not part of the item.
        (self.len, self.values, self.too_many) = (start, before, too_many);
        let Some(codec) = Codec::of(item) else { return };
        let (size, units) = codec.unit().map_or((item.size, 1), |size| (size, item.length));
        let count = item.elements.saturating_mul(units);
        if count == 0 {
            return;
        }
        self.set_values(before, 1, count);
        let bytes = if codec.form == Form::Bits { codec.bits_size(count) } else { size.saturating_mul(count) };
        self.insert(
            start,
            Op { codec, offset: item.offset, end: item.offset.saturating_add(bytes), count, size, inner: 0 },
        );
    }
}

/// How many steps [`compile`] writes for this format, and how many values and bytes its items have.
///
/// # Errors
/// `ValueError` for an invalid format, and for one whose items have too many values to count.
pub fn count_ops(format: &CStr) -> Result<Counts> {
    count_ops_as(Reading::ALONE, format)
}

/// The same of a format that is read in this way.
///
/// # Errors
/// As [`count_ops`].
pub fn count_ops_as(reading: Reading, format: &CStr) -> Result<Counts> {
    Compiler::run(reading, format, &mut [])
}

/// Compiles a format into the start of this memory.
///
/// # Errors
/// As [`count_ops`]; `SystemError` if the memory has no room for all steps. Its content is invalid then.
pub fn compile(format: &CStr, ops: &mut [Op]) -> Result<Counts> {
    compile_as(Reading::ALONE, format, ops)
}

/// The same of a format that is read in this way.
///
/// # Errors
/// As [`compile`].
pub fn compile_as(reading: Reading, format: &CStr, ops: &mut [Op]) -> Result<Counts> {
    let room = ops.len();
    let counts = compile_or_count(reading, format, ops)?;
    if counts.ops > room {
        return Err(Error::bad_argument());
    }
    Ok(counts)
}

/// The same where it is not known how many steps there are. If the counts say that they are more than there is room for,
/// the memory is of no use, and the counts say how much is needed.
///
/// # Errors
/// As [`count_ops`].
pub fn compile_or_count(reading: Reading, format: &CStr, ops: &mut [Op]) -> Result<Counts> {
    if let (Some(item), Some(op)) = (lone_item(format), ops.first_mut())
        && let Some(codec) = Codec::of(&item)
    {
        // The common case.
        *op = Op { codec, offset: 0, end: item.size, count: 1, size: item.size, inner: 0 };
        return Ok(Counts { ops: 1, values: 1, size: item.size });
    }
    Compiler::run(reading, format, ops)
}
