//! A format compiled once, to unpack and pack many items without reading its text again.
//!
//! CPython's counterpart is `struct.Struct`. A [`CompiledFormat`] executes the operations that `compile` has written.

use core::cell::Cell;
use core::ffi::CStr;

use super::codec::{Codec, Form};
use super::coerce::Fault;
use super::compile::{Counts, Op};
use super::value::Value;
use crate::error::{Argument, Error, ErrorKind, Result};

/// A compiled format: CPython's `struct.Struct`. It borrows its steps, and may be used by many threads at once.
#[derive(Clone, Copy, Debug)]
pub struct CompiledFormat<'o> {
    pub(super) ops: &'o [Op],
    counts: Counts,
}

/// Writes a value to an element, which fills the memory; the size of the element comes third.
trait Put<'v>: Fn(Codec, Value<'v>, usize, &mut [u8]) -> Result<()> + Copy {}

impl<'v, F: Fn(Codec, Value<'v>, usize, &mut [u8]) -> Result<()> + Copy> Put<'v> for F {}

/// The operation does not fit the item, so it is of another format.
const MISMATCH: Error = Error::bad_argument();

const PACK_NEEDS: &CStr = c"pack_into needs %zd or more bytes";

impl<'o> CompiledFormat<'o> {
    /// The compiled format that [`compile`](super::compile()) wrote, with the counts that it gave.
    #[must_use]
    pub fn new(ops: &'o [Op], counts: Counts) -> Self {
        Self { ops: ops.get(..counts.ops).unwrap_or(ops), counts }
    }

    /// The totals of the format.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The steps.
    pub(super) fn ops(&self) -> &'o [Op] {
        self.ops
    }

    /// Visits the values of the item at the start of this memory, in the order of the format: `struct.unpack_from`. An
    /// error of the visitor's ends it. The visitor is called through a pointer, so that this is compiled once.
    ///
    /// # Errors
    /// `ValueError` if the memory is smaller than an item, before the first visit; else what the visitor returns.
    pub fn unpack<'a>(&self, item: &'a [u8], visit: &mut dyn FnMut(Value<'a>) -> Result<()>) -> Result<()> {
        self.unpack_inline(item, &mut |value| visit(value))
    }

    /// As [`unpack`](Self::unpack), but compiled for this visitor: 6 KB of code, for visitors that do little with each of many
    /// values.
    ///
    /// # Errors
    /// As [`unpack`](Self::unpack).
    #[inline]
    pub fn unpack_inline<'a, V>(&self, item: &'a [u8], visit: &mut V) -> Result<()>
    where
        V: FnMut(Value<'a>) -> Result<()>,
    {
        let item = item.get(..self.counts.size).ok_or_else(|| self.too_small(c"unpack needs %zd or more bytes"))?;
        unpack(self.ops, item, visit)
    }

    /// The first value of the item, if it has one and the memory is large enough.
    #[must_use]
    pub fn first<'a>(&self, item: &'a [u8]) -> Option<Value<'a>> {
        let (mut ops, mut memory) = (self.ops, item);
        loop {
            let (op, rest) = ops.split_first()?;
            let bytes = memory.get(op.offset..op.end)?;
            if op.codec.form != Form::Loop {
                return op.codec.decode(bytes.get(..op.size)?);
            }
            // Each step has at least one value.
            (ops, memory) = (rest.get(..op.inner)?, bytes.get(..op.size)?);
        }
    }

    /// Writes the values to the item at the start of this memory: `struct.pack_into`. Bytes without a value become 0.
    ///
    /// The values are read twice. The first time they are only checked: nothing is written if this fails, provided that a
    /// clone of the iterator gives the same values.
    ///
    /// * Integers, addresses and bits take integers and bools, in range; an address also a negative one
    ///   (`PyLong_AsVoidPtr`).
    /// * Units of text take code points: up to 0xFFFF for `u`, up to 0x10FFFF for `w`.
    /// * Floats take every real number, complex numbers every number. What is too large for `e` or `f` is out of range,
    ///   but becomes infinite in a native `f` (all as CPython).
    /// * `?` takes the truth of anything.
    /// * `c` takes one byte; `s` and `p` (at most 255) cut the bytes off, or fill up with zeros.
    ///
    /// # Errors
    /// `TypeError` for a value of the wrong type; `ValueError` for one out of range, for too many or too few, and if the
    /// memory is smaller than an item.
    pub fn pack<'v>(&self, item: &mut [u8], values: impl Iterator<Item = Value<'v>> + Clone) -> Result<()> {
        if item.len() < self.counts.size {
            return Err(self.too_small(PACK_NEEDS));
        }
        let mut checked = values.clone();
        self.check_values(&mut checked)?;
        if checked.next().is_some() {
            return Err(self.wrong_number(c"wrong number of values to pack: expected %zd, got more"));
        }
        let mut values = values;
        self.write_values(item, &mut values)
    }

    /// Whether an item can take the next values, as many as it has.
    ///
    /// # Errors
    /// `TypeError` for a value of the wrong type; `ValueError` for one out of range, and for too few.
    pub fn check_values<'v>(&self, values: &mut impl Iterator<Item = Value<'v>>) -> Result<()> {
        self.check(self.ops, values, |codec, value, size| codec.check(value, size))
    }

    /// Writes the next values, which [`check_values`](Self::check_values) has accepted, to the item at the start of this
    /// memory. Bytes without a value become 0.
    ///
    /// # Errors
    /// As [`check_values`](Self::check_values), and then part of the item may be written; `ValueError` if the memory is
    /// smaller than an item.
    pub fn write_values<'v>(&self, item: &mut [u8], values: &mut impl Iterator<Item = Value<'v>>) -> Result<()> {
        let item = self.cleared(item)?;
        self.write(self.ops, item, values, |codec: Codec, value, _, memory: &mut [u8]| codec.encode(value, memory))
    }

    /// The bytes of the item at the start of this memory, all 0.
    pub(super) fn cleared<'m>(&self, memory: &'m mut [u8]) -> Result<&'m mut [u8]> {
        let item = memory.get_mut(..self.counts.size).ok_or_else(|| self.too_small(PACK_NEEDS))?;
        item.fill(0);
        Ok(item)
    }

    /// Whether an item can take the next C numbers, as many as it has values. The values are those of
    /// [`CNumber::to_value`](super::CNumber::to_value); `first` is how many came before, for the error.
    ///
    /// # Errors
    /// `OverflowError` for a number out of range; `ValueError` for NaN where an integer is needed, and for too few;
    /// `TypeError` if values of the item are no numbers.
    pub fn check_numbers<'v>(&self, numbers: &mut impl Iterator<Item = Value<'v>>, first: usize) -> Result<()> {
        let next = Cell::new(first);
        self.check(self.ops, numbers, |codec, number, _| {
            let index = next.get();
            next.set(index + 1);
            match codec.fit(number) {
                Ok(_) => Ok(()),
                Err(fault) => Err(fault.at(index)),
            }
        })
    }

    /// [`check_numbers`](Self::check_numbers) for an item of one value; its error names no position.
    ///
    /// # Errors
    /// As [`check_numbers`](Self::check_numbers).
    pub fn check_number(&self, number: Value<'_>) -> Result<()> {
        self.check(self.ops, &mut core::iter::once(number), |codec, number, _| {
            codec.fit(number).map(drop).map_err(Error::from)
        })
    }

    /// Writes the next C numbers, which [`check_numbers`](Self::check_numbers) has accepted, to the item at the start
    /// of this memory, converted as [`coerce`](super::coerce) says. Bytes without a value become 0.
    ///
    /// # Errors
    /// As [`check_numbers`](Self::check_numbers), and then part of the item may be written; `ValueError` if the memory is
    /// smaller than an item.
    pub fn write_numbers<'v>(&self, item: &mut [u8], numbers: &mut impl Iterator<Item = Value<'v>>) -> Result<()> {
        let item = self.cleared(item)?;
        self.write(self.ops, item, numbers, |codec: Codec, number, _, memory: &mut [u8]| {
            codec.encode(codec.fit(number)?, memory)
        })
    }

    /// The first of the next values, as many as an item has, that it cannot take even when it is converted, and why.
    ///
    /// # Errors
    /// `ValueError` for too few.
    pub(super) fn misfit<'v>(
        &self,
        values: &mut impl Iterator<Item = Value<'v>>,
    ) -> Result<Option<(Value<'v>, Fault)>> {
        let misfit = Cell::new(None);
        let checked = self.check(self.ops, values, |codec, value, _| {
            codec.converted(value).map(drop).map_err(|fault| {
                misfit.set(Some((value, fault)));
                fault.into()
            })
        });
        match misfit.take() {
            Some(misfit) => Ok(Some(misfit)),
            None => checked.map(|()| None),
        }
    }

    /// Writes the next values, converted, to the item at the start of this memory. Bytes without a value become 0.
    ///
    /// # Errors
    /// For a value that does not fit, and then part of the item may be written; `ValueError` for too few, or if the memory is
    /// smaller than an item.
    pub(super) fn write_converted<'v>(
        &self,
        item: &mut [u8],
        values: &mut impl Iterator<Item = Value<'v>>,
    ) -> Result<()> {
        let item = self.cleared(item)?;
        self.write(self.ops, item, values, |codec: Codec, value, _, memory: &mut [u8]| {
            codec.store_converted(codec.converted(value)?, memory)
        })
    }

    #[cold]
    fn too_small(&self, text: &'static CStr) -> Error {
        Error::with(ErrorKind::Value, text, Argument::count(self.counts.size), Argument::None)
    }

    #[cold]
    fn wrong_number(&self, text: &'static CStr) -> Error {
        Error::with(ErrorKind::Value, text, Argument::count(self.counts.values), Argument::None)
    }

    fn next<'v>(&self, values: &mut impl Iterator<Item = Value<'v>>) -> Result<Value<'v>> {
        values.next().ok_or_else(|| self.wrong_number(c"wrong number of values to pack: expected %zd, got fewer"))
    }

    /// Whether every element takes its value, by what the last argument says of one; its size is the third one's.
    /// Recursion is as deep as the format's.
    fn check<'v>(
        &self,
        mut ops: &[Op],
        values: &mut impl Iterator<Item = Value<'v>>,
        takes: impl Fn(Codec, Value<'v>, usize) -> Result<()> + Copy,
    ) -> Result<()> {
        while let Some((op, mut rest)) = ops.split_first() {
            if op.codec.form == Form::Loop {
                let (inner, after) = rest.split_at_checked(op.inner).ok_or(MISMATCH)?;
                // Every round takes at least one value, so a long loop ends when the values run out.
                for _ in 0..op.count {
                    self.check(inner, values, takes)?;
                }
                rest = after;
            } else {
                for _ in 0..op.count {
                    takes(op.codec, self.next(values)?, op.size)?;
                }
            }
            ops = rest;
        }
        Ok(())
    }

    fn write<'v, I: Iterator<Item = Value<'v>>>(
        &self,
        mut ops: &[Op],
        memory: &mut [u8],
        values: &mut I,
        put: impl Put<'v>,
    ) -> Result<()> {
        while let Some((op, mut rest)) = ops.split_first() {
            let mut bytes = memory.get_mut(op.offset..op.end).ok_or(MISMATCH)?;
            match op.codec.form {
                Form::Loop => {
                    let (inner, after) = rest.split_at_checked(op.inner).ok_or(MISMATCH)?;
                    for _ in 0..op.count {
                        let (element, behind) = bytes.split_at_mut_checked(op.size).ok_or(MISMATCH)?;
                        self.write(inner, element, values, put)?;
                        bytes = behind;
                    }
                    rest = after;
                }
                Form::Bits => {
                    for index in 0..op.count {
                        let (offset, codec) = op.codec.nth_bits(index);
                        put(codec, self.next(values)?, op.size, bytes.get_mut(offset..).ok_or(MISMATCH)?)?;
                    }
                }
                _ => {
                    for _ in 0..op.count {
                        let (element, behind) = bytes.split_at_mut_checked(op.size).ok_or(MISMATCH)?;
                        put(op.codec, self.next(values)?, op.size, element)?;
                        bytes = behind;
                    }
                }
            }
            ops = rest;
        }
        Ok(())
    }
}

#[inline]
fn unpack<'a, V>(mut ops: &[Op], memory: &'a [u8], visit: &mut V) -> Result<()>
where
    V: FnMut(Value<'a>) -> Result<()>,
{
    while let Some((op, mut rest)) = ops.split_first() {
        let bytes = memory.get(op.offset..op.end).ok_or(MISMATCH)?;
        if op.codec.form == Form::Loop {
            let (inner, after) = rest.split_at_checked(op.inner).ok_or(MISMATCH)?;
            unpack_loop(op, inner, bytes, visit)?;
            rest = after;
        } else {
            op.codec.for_each(op.count, op.size, bytes, visit)?;
        }
        ops = rest;
    }
    Ok(())
}

/// Recursion is as deep as the format's.
#[inline(never)]
fn unpack_loop<'a, V>(op: &Op, inner: &[Op], mut bytes: &'a [u8], visit: &mut V) -> Result<()>
where
    V: FnMut(Value<'a>) -> Result<()>,
{
    for _ in 0..op.count {
        let (element, behind) = bytes.split_at_checked(op.size).ok_or(MISMATCH)?;
        unpack(inner, element, visit)?;
        bytes = behind;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use super::super::compile::{compile, count_ops};
    use super::super::tree::MAX_DEPTH;
    use super::*;

    struct OwnedFormat {
        ops: Vec<Op>,
        counts: Counts,
    }

    fn compiled(format: &CStr) -> Result<OwnedFormat> {
        let counts = count_ops(format)?;
        let mut ops = vec![Op::default(); counts.ops];
        assert_eq!(compile(format, &mut ops), Ok(counts), "{format:?}");
        Ok(OwnedFormat { ops, counts })
    }

    impl OwnedFormat {
        fn plan(&self) -> CompiledFormat<'_> {
            CompiledFormat::new(&self.ops, self.counts)
        }

        fn unpack<'a>(&self, item: &'a [u8]) -> Result<Vec<Value<'a>>> {
            let mut values = vec![];
            self.plan().unpack(item, &mut |value| {
                values.push(value);
                Ok(())
            })?;
            assert_eq!(values.len(), self.counts.values);
            assert_eq!(self.plan().first(item), values.first().copied());
            Ok(values)
        }

        fn pack(&self, values: &[Value<'_>]) -> Result<Vec<u8>> {
            let mut item = vec![0xff; self.counts.size];
            let result = self.plan().pack(&mut item, values.iter().copied());
            assert!(result.is_ok() || item.iter().all(|&byte| byte == 0xff), "a failure writes nothing");
            result.map(|()| item)
        }
    }

    fn counts(format: &CStr) -> Option<(usize, usize, usize)> {
        count_ops(format).ok().map(|counts| (counts.ops, counts.values, counts.size))
    }

    fn numbers(format: &CStr, item: &[u8]) -> Result<Vec<u64>> {
        let compiled = compiled(format)?;
        let values = compiled.unpack(item)?;
        assert_eq!(compiled.pack(&values).as_deref(), Ok(item), "the item comes back");
        Ok(values
            .iter()
            .map(|value| match *value {
                Value::Unsigned(number) | Value::Bits(number) | Value::Address(number) => number,
                _ => u64::MAX,
            })
            .collect())
    }

    #[test]
    fn records_of_one_element_dissolve() {
        assert_eq!(counts(c"<ihd"), Some((3, 3, 14)));
        assert_eq!(counts(c"T{<i:x:T{T{<d:y:}}}"), Some((2, 2, 12)));
        assert_eq!(numbers(c"<BT{BT{H:a:B}B}B", &[1, 2, 3, 0, 4, 5, 6]), Ok(vec![1, 2, 3, 4, 5, 6]));
    }

    #[test]
    fn records_of_many_elements_are_loops() {
        assert_eq!(counts(c"<(2,3)T{BH}"), Some((3, 12, 18)));
        let item: Vec<u8> = (0..16).collect();
        assert_eq!(numbers(c"B3T{T{B}2T{BB}}", &item), Ok((0..16).collect()));
        assert_eq!(
            numbers(c"2T{B2T{BT{B}2T{B}}}", &item.get(..18).map_or(vec![7; 18], <[u8]>::to_vec)).map(|v| v.len()),
            Ok(18)
        );
        assert_eq!(
            counts(c"0T{i}(0)T{i}(0)i(3)T{}(9)T{T{}}(9)0wT{0i}").map(|(ops, values, _)| (ops, values)),
            Some((0, 0))
        );
    }

    #[test]
    fn pointers_are_values_and_their_targets_are_not() {
        let size = size_of::<usize>();
        assert_eq!(counts(c"&<i"), Some((1, 1, size)));
        assert_eq!(counts(c"2&T{i&d}"), Some((1, 2, size.saturating_mul(2))));
        assert_eq!(counts(c"X{i}O&0i"), Some((3, 3, size.saturating_mul(3))));
    }

    #[test]
    fn depth_has_its_limit_only() {
        let nested = |depth| {
            let text = ["2T{".repeat(depth), "B".into(), "}".repeat(depth)].concat();
            std::ffi::CString::new(text).ok().and_then(|text| counts(&text))
        };
        assert_eq!(nested(12), Some((13, 4096, 4096)));
        let deep = ["T{".repeat(MAX_DEPTH), "B".into(), "}".repeat(MAX_DEPTH)].concat();
        let deep = std::ffi::CString::new(deep).unwrap_or_default();
        assert_eq!(numbers(&deep, &[7]), Ok(vec![7]));
    }

    #[test]
    fn text_and_bits_have_many_values() {
        let text = compiled(c"<(2)2u").map(|compiled| {
            assert_eq!(compiled.counts, Counts { ops: 1, values: 4, size: 8 });
            let text = [b'a', b'b', b'c', b'd'].map(|point| Value::CodePoint(point.into()));
            let item = compiled.pack(&text);
            assert_eq!(item.as_deref(), Ok(&b"a\0b\0c\0d\0"[..]));
            assert_eq!(compiled.unpack(b"a\0b\0c\0d\0").as_deref(), Ok(&text[..]));
        });
        assert_eq!(text, Ok(()));
        assert_eq!(numbers(c"<t(3)3t6t", &[0b1101_0111, 0b1010_1010]), Ok(vec![1, 3, 5, 5, 42]));
        assert_eq!(numbers(c">t(3)3t6t", &[0b1011_1010, 0b1110_1010]), Ok(vec![1, 3, 5, 3, 42]));
    }

    #[test]
    fn pads_become_zero_and_the_rest_of_the_memory_stays() {
        let result = compiled(c"<Bx2xH").and_then(|compiled| {
            let mut memory = [0xff; 8];
            compiled.plan().pack(&mut memory, [Value::Unsigned(1), Value::Unsigned(2)].into_iter())?;
            Ok(memory)
        });
        assert_eq!(result, Ok([1, 0, 0, 0, 2, 0, 0xff, 0xff]));
    }

    #[test]
    fn a_failed_pack_changes_nothing() {
        let kind = |format, values: &[Value<'_>]| {
            compiled(format).and_then(|compiled| compiled.pack(values)).err().and_then(|error| error.kind())
        };
        let one = Value::Unsigned(1);
        assert_eq!(kind(c"2B", &[one]), Some(ErrorKind::Value));
        assert_eq!(kind(c"2B", &[one, one, one]), Some(ErrorKind::Value));
        assert_eq!(kind(c"2B", &[one, Value::Float(1.0)]), Some(ErrorKind::Type));
        assert_eq!(kind(c"Q2T{2B}", &[one, one, one, one, Value::Signed(-1)]), Some(ErrorKind::Value));
        assert_eq!(kind(c"B3t", &[one, Value::Unsigned(8)]), Some(ErrorKind::Value));
        assert_eq!(kind(c"Bp", &[one, one]), Some(ErrorKind::Type));
        assert_eq!(kind(c"Bp", &[one, Value::Bytes(&[1; 400])]), None);
    }

    #[test]
    fn items_too_small_and_values_too_many() {
        let result = compiled(c"<i").map(|compiled| {
            assert!(compiled.unpack(&[0; 3]).is_err());
            assert!(compiled.plan().pack(&mut [0; 3], [Value::Signed(0)].into_iter()).is_err());
        });
        assert_eq!(result, Ok(()));
        assert_eq!(counts(c"4611686018427387904T{0s0s}"), None);
        assert_eq!(compile(c"iid", &mut [Op::default(); 2]), Err(Error::bad_argument()));
        assert_eq!(CompiledFormat::new(&[], Counts::default()).counts().size, 0);
    }

    #[test]
    fn an_error_of_the_visitor_ends_it() {
        let mut visits: usize = 0;
        let result = compiled(c"9T{B}").and_then(|compiled| {
            compiled.plan().unpack(&[0; 9], &mut |_| {
                visits = visits.saturating_add(1);
                if visits == 3 { Err(Error::Raised) } else { Ok(()) }
            })
        });
        assert_eq!((result, visits), (Err(Error::Raised), 3));
    }
}
