//! Decodes and encodes one element of an item, for every kind that has values.
//!
//! CPython's counterparts are the `unpack` and `pack` functions in the tables of `_struct.c`. [`Codec`] is the part of an
//! [`Item`] that matters here, in few bytes; `compiled` stores those.

use super::codes::{ByteOrder, Kind};
use super::coerce::{NOT_COMPLEX, bytes, code_point, complex, double, integer, long, truth};
use super::float::{half, single_of_double, single_to_double, to_half};
use super::item::Item;
use super::long_double::LongDouble;
use super::value::{Value, pascal};
use crate::error::{Error, Result};

/// The bytes of an element: what they mean, and how many they are where that is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// No value.
    Nothing,
    /// For `compiled`: the operations that follow are repeated.
    Loop,
    Bool,
    Char,
    Bytes,
    Pascal,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Half,
    Single,
    Double,
    Long,
    ComplexHalf,
    ComplexSingle,
    ComplexDouble,
    ComplexLong,
    Ucs2,
    Ucs4,
    /// `P`, which conversions of numbers take as a number.
    Address,
    /// `& O X z Z`, which they do not.
    Pointer,
    Bits,
}

/// How to read and write an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Codec {
    pub(super) form: Form,
    pub(super) order: ByteOrder,
    /// In native formats a double that is too large for a single becomes infinite, as in CPython.
    native: bool,
    /// Of `t`: at most 7 and 64.
    pub(super) first_bit: u8,
    bits: u8,
}

impl Codec {
    /// No value.
    pub(super) const NOTHING: Self = Self::plain(Form::Nothing);

    pub(super) const fn plain(form: Form) -> Self {
        Self { form, order: ByteOrder::NATIVE, native: true, first_bit: 0, bits: 0 }
    }

    /// The codec of an item's elements, or of its units if it is text; `None` for what has no values.
    pub(super) fn of(item: &Item) -> Option<Self> {
        let form = match (item.kind, item.size) {
            (Kind::Bool, 1) => Form::Bool,
            (Kind::Char, 1) => Form::Char,
            // Padding may be an item; and a `p` of no bytes has no length byte.
            (Kind::Bytes | Kind::Pad, _) | (Kind::Pascal, 0) => Form::Bytes,
            (Kind::Pascal, _) => Form::Pascal,
            (Kind::Signed, 1) => Form::I8,
            (Kind::Signed, 2) => Form::I16,
            (Kind::Signed, 4) => Form::I32,
            (Kind::Signed, 8) => Form::I64,
            (Kind::Unsigned, 1) => Form::U8,
            (Kind::Unsigned, 2) => Form::U16,
            (Kind::Unsigned, 4) => Form::U32,
            (Kind::Unsigned, 8) => Form::U64,
            // A long double may be as large as a double.
            (Kind::Float, _) if item.code == [b'g', 0] => Form::Long,
            (Kind::Complex, _) if matches!(item.code, [b'Z', b'g'] | [b'G', 0]) => Form::ComplexLong,
            (Kind::Float, 2) => Form::Half,
            (Kind::Float, 4) => Form::Single,
            (Kind::Float, 8) => Form::Double,
            (Kind::Complex, 4) => Form::ComplexHalf,
            (Kind::Complex, 8) => Form::ComplexSingle,
            (Kind::Complex, 16) => Form::ComplexDouble,
            (Kind::Text, _) if item.code == [b'u', 0] => Form::Ucs2,
            (Kind::Text, _) => Form::Ucs4,
            (Kind::Pointer, _) if item.code == [b'P', 0] => Form::Address,
            (Kind::Pointer | Kind::Object | Kind::Function, _) => Form::Pointer,
            (Kind::Bits, _) => Form::Bits,
            _ => return None,
        };
        let bits = if form == Form::Bits { u8::try_from(item.length).ok()? } else { 0 };
        // Without bits there is no byte, hence no first bit.
        let first_bit = if bits == 0 { 0 } else { (item.first_bit & 7) as u8 };
        Some(Self { form, order: item.order, native: item.native, first_bit, bits })
    }

    /// The bytes of a unit of text.
    pub(super) const fn unit(self) -> Option<usize> {
        match self.form {
            Form::Ucs2 => Some(2),
            Form::Ucs4 => Some(4),
            _ => None,
        }
    }

    /// Visits the values of the elements that fill this memory. `count` is their number, which matters for `s`, `p` and
    /// `t`, and `size` the bytes of each, which matters for `s` and `p`.
    // The match is outside of the loops, which check nothing but their end.
    #[inline(always)]
    pub(super) fn for_each<'a, V>(self, count: usize, size: usize, memory: &'a [u8], visit: &mut V) -> Result<()>
    where
        V: FnMut(Value<'a>) -> Result<()>,
    {
        match self.form {
            Form::Nothing | Form::Loop => Ok(()),
            Form::Bool => each(memory, visit, |[byte]| Value::Bool(byte != 0)),
            Form::Char => memory.chunks_exact(1).try_for_each(|byte| visit(Value::Bytes(byte))),
            Form::Bytes => pieces(count, size, memory, |bytes| visit(Value::Bytes(bytes))),
            Form::Pascal => pieces(count, size, memory, |bytes| visit(Value::Bytes(pascal(bytes)))),
            Form::I8 => each(memory, visit, |bytes| Value::Signed(i8::from_ne_bytes(bytes).into())),
            Form::I16 => each(memory, visit, |bytes| Value::Signed(self.u16(bytes).cast_signed().into())),
            Form::I32 => each(memory, visit, |bytes| Value::Signed(self.u32(bytes).cast_signed().into())),
            Form::I64 => each(memory, visit, |bytes| Value::Signed(self.u64(bytes).cast_signed())),
            Form::U8 => each(memory, visit, |[byte]| Value::Unsigned(byte.into())),
            Form::U16 => each(memory, visit, |bytes| Value::Unsigned(self.u16(bytes).into())),
            Form::U32 => each(memory, visit, |bytes| Value::Unsigned(self.u32(bytes).into())),
            Form::U64 => each(memory, visit, |bytes| Value::Unsigned(self.u64(bytes))),
            Form::Half => each(memory, visit, |bytes| Value::Float(self.half(bytes))),
            Form::Single => each(memory, visit, |bytes| Value::Float(self.single(bytes))),
            Form::Double => each(memory, visit, |bytes| Value::Float(self.double(bytes))),
            Form::Long => each(memory, visit, |bytes| Value::LongDouble(self.long(bytes))),
            Form::ComplexHalf => pairs(memory, visit, |bytes| self.half(bytes)),
            Form::ComplexSingle => pairs(memory, visit, |bytes| self.single(bytes)),
            Form::ComplexDouble => pairs(memory, visit, |bytes| self.double(bytes)),
            Form::ComplexLong => pairs(memory, visit, |bytes| self.long(bytes).to_f64()),
            Form::Ucs2 => each(memory, visit, |bytes| Value::CodePoint(self.u16(bytes).into())),
            Form::Ucs4 => each(memory, visit, |bytes| Value::CodePoint(self.u32(bytes))),
            Form::Address | Form::Pointer => each(memory, visit, |bytes| Value::Address(self.address(bytes) as u64)),
            Form::Bits => self.each_bits(count, memory, visit),
        }
    }

    /// The value of one element.
    pub(super) fn decode(self, element: &[u8]) -> Option<Value<'_>> {
        let mut first = None;
        // The error ends the visits, so that there is no loop.
        let mut keep = |value| {
            first = Some(value);
            Err(TOO_SMALL)
        };
        let _: Result<()> = self.for_each(1, element.len(), element, &mut keep);
        first
    }

    /// The value of one element of the simple forms, those of the struct module, an address as the integer that it is; `None`
    /// for all others.
    // Always inline, as `Value::equal_plain`: a `Value` that passes through memory halves the speed of a comparison. So does
    // one that may be a long double, hence the second table.
    #[inline(always)]
    pub(super) fn decode_plain(self, element: &[u8]) -> Option<Value<'_>> {
        Some(match self.form {
            Form::Bool => Value::Bool(*element.first()? != 0),
            Form::Char | Form::Bytes => Value::Bytes(element),
            Form::Pascal => Value::Bytes(pascal(element)),
            Form::I8 => Value::Signed(i8::from_ne_bytes(*element.first_chunk()?).into()),
            Form::I16 => Value::Signed(self.u16(*element.first_chunk()?).cast_signed().into()),
            Form::I32 => Value::Signed(self.u32(*element.first_chunk()?).cast_signed().into()),
            Form::I64 => Value::Signed(self.u64(*element.first_chunk()?).cast_signed()),
            Form::U8 => Value::Unsigned((*element.first()?).into()),
            Form::U16 => Value::Unsigned(self.u16(*element.first_chunk()?).into()),
            Form::U32 => Value::Unsigned(self.u32(*element.first_chunk()?).into()),
            Form::U64 => Value::Unsigned(self.u64(*element.first_chunk()?)),
            Form::Half => Value::Float(self.half(*element.first_chunk()?)),
            Form::Single => Value::Float(self.single(*element.first_chunk()?)),
            Form::Double => Value::Float(self.double(*element.first_chunk()?)),
            Form::Address | Form::Pointer => Value::Unsigned(self.address(*element.first_chunk()?) as u64),
            _ => return None,
        })
    }

    /// Whether [`decode_plain`](Self::decode_plain) knows the form.
    pub(super) const fn is_plain(self) -> bool {
        use Form::{ComplexDouble, ComplexHalf, ComplexLong, ComplexSingle};
        !matches!(self.form, Form::Nothing | Form::Loop | Form::Long | Form::Ucs2 | Form::Ucs4 | Form::Bits)
            && !matches!(self.form, ComplexHalf | ComplexSingle | ComplexDouble | ComplexLong)
    }

    /// Whether an element takes every real number, rounded or infinite where it has to be.
    pub(super) const fn takes_all_numbers(self) -> bool {
        use Form::{Bool, ComplexDouble, ComplexHalf, ComplexLong, ComplexSingle, Double, Half, Long, Single};
        matches!(
            self.form,
            Bool | Half | Single | Double | Long | ComplexHalf | ComplexSingle | ComplexDouble | ComplexLong
        )
    }

    /// Whether an element has the same bytes in both, if these are as many.
    pub(super) fn is_stored_as(self, other: Self) -> bool {
        self.form == other.form && self.form != Form::Bits && (self.order == other.order || self.is_single())
    }

    /// Whether an element is one byte, or any number without an order.
    const fn is_single(self) -> bool {
        matches!(self.form, Form::Bool | Form::Char | Form::Bytes | Form::Pascal | Form::I8 | Form::U8)
    }

    /// The codec of another form in the same order.
    pub(super) const fn of_form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    pub(super) const fn order(self) -> ByteOrder {
        self.order
    }

    /// Writes one element, which fills this memory. If that fails, nothing is written.
    #[inline]
    pub(super) fn encode(self, value: Value<'_>, memory: &mut [u8]) -> Result<()> {
        match self.form {
            Form::Nothing | Form::Loop => Err(Error::bad_argument()),
            Form::Bool => store(memory, [truth(value).into()]),
            Form::Char => match bytes(value)? {
                &[byte] => store(memory, [byte]),
                _ => Err(Error::value(c"char format requires a bytes object of length 1")),
            },
            Form::Bytes => {
                pad(memory, bytes(value)?);
                Ok(())
            }
            Form::Pascal => {
                let text = bytes(value)?;
                if let Some((length, room)) = memory.split_first_mut() {
                    *length = text.len().min(room.len()).min(255) as u8;
                    pad(room, text);
                }
                Ok(())
            }
            Form::I8 => {
                store(memory, integer::<i8>(value, c"the format requires -128 <= number <= 127")?.to_ne_bytes())
            }
            Form::I16 => {
                let number: i16 = integer(value, c"the format requires -32768 <= number <= 32767")?;
                self.store_u16(memory, number.cast_unsigned())
            }
            Form::I32 => {
                let number: i32 = integer(value, c"the format requires -2147483648 <= number <= 2147483647")?;
                self.store_u32(memory, number.cast_unsigned())
            }
            Form::I64 => {
                let number: i64 =
                    integer(value, c"the format requires -9223372036854775808 <= number <= 9223372036854775807")?;
                self.store_u64(memory, number.cast_unsigned())
            }
            Form::U8 => store(memory, [integer(value, c"the format requires 0 <= number <= 255")?]),
            Form::U16 => self.store_u16(memory, integer(value, c"the format requires 0 <= number <= 65535")?),
            Form::U32 => self.store_u32(memory, integer(value, c"the format requires 0 <= number <= 4294967295")?),
            Form::U64 => {
                self.store_u64(memory, integer(value, c"the format requires 0 <= number <= 18446744073709551615")?)
            }
            Form::Half => store(memory, self.half_bytes(double(value)?)?),
            Form::Single => store(memory, self.single_bytes(double(value)?)?),
            Form::Double => self.store_u64(memory, double(value)?.to_bits()),
            Form::Long => store(memory, self.long_bytes(long(value)?)),
            Form::ComplexHalf => {
                let (real, imaginary) = complex(value)?;
                store_pair(memory, self.half_bytes(real)?, self.half_bytes(imaginary)?)
            }
            Form::ComplexSingle => {
                let (real, imaginary) = complex(value)?;
                store_pair(memory, self.single_bytes(real)?, self.single_bytes(imaginary)?)
            }
            Form::ComplexDouble => {
                let (real, imaginary) = complex(value)?;
                let part = |part: f64| self.arrange(part.to_ne_bytes());
                store_pair(memory, part(real), part(imaginary))
            }
            Form::ComplexLong => {
                let (real, imaginary) = match value {
                    Value::Complex(real, imaginary) => (real.into(), imaginary.into()),
                    _ => (long(value).map_err(|_| NOT_COMPLEX)?, 0.0.into()),
                };
                store_pair(memory, self.long_bytes(real), self.long_bytes(imaginary))
            }
            Form::Ucs2 => {
                let unit = u16::try_from(code_point(value)?);
                self.store_u16(memory, unit.map_err(|_| Error::value(c"UCS-2 requires a code point <= 0xffff"))?)
            }
            Form::Ucs4 => self.store_u32(memory, code_point(value)?),
            Form::Address | Form::Pointer => {
                // `PyLong_AsVoidPtr` takes what fits the signed type, too.
                let text = c"the integer is out of range for an address";
                let address = match integer::<i64>(value, text) {
                    Ok(number) if number < 0 => {
                        isize::try_from(number).map_err(|_| Error::value(text))?.cast_unsigned()
                    }
                    _ => usize::try_from(integer::<u64>(value, text)?).map_err(|_| Error::value(text))?,
                };
                store(memory, self.arrange(address.to_ne_bytes()))
            }
            Form::Bits => self.store_bits(memory, value),
        }
    }

    /// Checks that an element of `size` bytes can take the value, with the errors of [`encode`](Self::encode).
    #[inline]
    pub(super) fn check(self, value: Value<'_>, size: usize) -> Result<()> {
        if self.surely_takes(value) {
            return Ok(());
        }
        let mut scratch = [0; 2 * LongDouble::SIZE];
        let end = size.min(scratch.len());
        self.encode(value, scratch.get_mut(..end).ok_or_else(Error::bad_argument)?)
    }

    /// A quick check: `true` is certain, `false` means that [`check`](Self::check) must decide.
    #[inline(always)]
    fn surely_takes(self, value: Value<'_>) -> bool {
        match (self.form, value) {
            (Form::I8, Value::Signed(number)) => i8::try_from(number).is_ok(),
            (Form::I16, Value::Signed(number)) => i16::try_from(number).is_ok(),
            (Form::I32, Value::Signed(number)) => i32::try_from(number).is_ok(),
            (Form::I64 | Form::Single | Form::Double, Value::Signed(_)) => true,
            (Form::U8, Value::Unsigned(number)) => u8::try_from(number).is_ok(),
            (Form::U16, Value::Unsigned(number)) => u16::try_from(number).is_ok(),
            (Form::U32, Value::Unsigned(number)) => u32::try_from(number).is_ok(),
            (Form::U64 | Form::Single | Form::Double, Value::Unsigned(_)) => true,
            (Form::Single, Value::Float(_)) => self.native,
            (Form::Double, Value::Float(_)) | (Form::Bytes | Form::Pascal, Value::Bytes(_)) | (Form::Bool, _) => true,
            _ => false,
        }
    }

    fn u16(self, bytes: [u8; 2]) -> u16 {
        match self.order {
            ByteOrder::Little => u16::from_le_bytes(bytes),
            ByteOrder::Big => u16::from_be_bytes(bytes),
        }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        match self.order {
            ByteOrder::Little => u32::from_le_bytes(bytes),
            ByteOrder::Big => u32::from_be_bytes(bytes),
        }
    }

    fn u64(self, bytes: [u8; 8]) -> u64 {
        match self.order {
            ByteOrder::Little => u64::from_le_bytes(bytes),
            ByteOrder::Big => u64::from_be_bytes(bytes),
        }
    }

    fn address(self, bytes: [u8; size_of::<usize>()]) -> usize {
        usize::from_ne_bytes(self.arrange(bytes))
    }

    fn half(self, bytes: [u8; 2]) -> f64 {
        half(self.u16(bytes))
    }

    fn single(self, bytes: [u8; 4]) -> f64 {
        single_to_double(f32::from_bits(self.u32(bytes)))
    }

    fn double(self, bytes: [u8; 8]) -> f64 {
        f64::from_bits(self.u64(bytes))
    }

    fn long(self, bytes: [u8; LongDouble::SIZE]) -> LongDouble {
        let mut all = [0; 16];
        if let Some(first) = all.first_chunk_mut() {
            *first = self.arrange(bytes);
        }
        LongDouble::from_ne_bytes(all)
    }

    fn long_bytes(self, number: LongDouble) -> [u8; LongDouble::SIZE] {
        let all = number.to_ne_bytes();
        self.arrange(*all.first_chunk().unwrap_or(&[0; LongDouble::SIZE]))
    }

    /// `PyFloat_Pack2`.
    fn half_bytes(self, double: f64) -> Result<[u8; 2]> {
        let bits = to_half(double).ok_or(Error::value(c"float too large to pack with e format"))?;
        Ok(self.arrange(bits.to_ne_bytes()))
    }

    /// `PyFloat_Pack4`, and `np_float` in native formats.
    fn single_bytes(self, double: f64) -> Result<[u8; 4]> {
        let single = single_of_double(double);
        if single.is_infinite() && double.is_finite() && !self.native {
            return Err(Error::value(c"float too large to pack with f format"));
        }
        Ok(self.arrange(single.to_ne_bytes()))
    }

    /// From the machine's order to the element's, or back.
    fn arrange<const N: usize>(self, mut bytes: [u8; N]) -> [u8; N] {
        if self.order != ByteOrder::NATIVE {
            bytes.reverse();
        }
        bytes
    }

    fn store_u16(self, memory: &mut [u8], number: u16) -> Result<()> {
        store(memory, self.arrange(number.to_ne_bytes()))
    }

    pub(super) fn store_u32(self, memory: &mut [u8], number: u32) -> Result<()> {
        store(memory, self.arrange(number.to_ne_bytes()))
    }

    fn store_u64(self, memory: &mut [u8], number: u64) -> Result<()> {
        store(memory, self.arrange(number.to_ne_bytes()))
    }

    /// The codec of the bits that come after `index` elements, and the byte they start in.
    pub(super) fn nth_bits(self, index: usize) -> (usize, Self) {
        let first = index.saturating_mul(self.bits.into()).saturating_add(self.first_bit.into());
        (first >> 3, Self { first_bit: (first & 7) as u8, ..self })
    }

    /// The bytes that hold the bits of `count` elements.
    pub(super) fn bits_size(self, count: usize) -> usize {
        count.saturating_mul(self.bits.into()).saturating_add(self.first_bit.into()).div_ceil(8)
    }

    #[inline(never)]
    fn each_bits<'a>(
        self,
        count: usize,
        memory: &'a [u8],
        visit: &mut impl FnMut(Value<'a>) -> Result<()>,
    ) -> Result<()> {
        for index in 0..count {
            let (offset, codec) = self.nth_bits(index);
            let bytes = memory.get(offset..).and_then(|rest| rest.get(..codec.bits_size(1))).ok_or(TOO_SMALL)?;
            visit(Value::Bits(((codec.gather(bytes) >> codec.shift()) & codec.mask()) as u64))?;
        }
        Ok(())
    }

    /// A one for each bit.
    pub(super) const fn mask(self) -> u128 {
        (1_u128 << self.bits) - 1
    }

    /// The position of the lowest bit in [`gather`](Self::gather)'s integer.
    fn shift(self) -> u32 {
        let first = u32::from(self.first_bit);
        match self.order {
            ByteOrder::Little => first,
            ByteOrder::Big => {
                (self.bits_size(1) as u32).saturating_mul(8).saturating_sub(first).saturating_sub(self.bits.into())
            }
        }
    }

    /// The bytes, at most nine, as one integer.
    fn gather(self, bytes: &[u8]) -> u128 {
        let push = |all: u128, &byte: &u8| (all << 8) | u128::from(byte);
        match self.order {
            ByteOrder::Little => bytes.iter().rev().fold(0, push),
            ByteOrder::Big => bytes.iter().fold(0, push),
        }
    }

    /// Leaves the other bits of the bytes as they are.
    #[inline(never)]
    fn store_bits(self, memory: &mut [u8], value: Value<'_>) -> Result<()> {
        let text = c"the integer is out of range for its number of bits";
        let number = u128::from(integer::<u64>(value, text)?);
        if number > self.mask() {
            return Err(Error::value(text));
        }
        let bytes = memory.get_mut(..self.bits_size(1)).ok_or(TOO_SMALL)?;
        let mut all = self.gather(bytes) & !(self.mask() << self.shift());
        all |= number << self.shift();
        let mut pop = |byte: &mut u8| {
            *byte = all as u8;
            all >>= 8;
        };
        match self.order {
            ByteOrder::Little => bytes.iter_mut().for_each(&mut pop),
            ByteOrder::Big => bytes.iter_mut().rev().for_each(&mut pop),
        }
        Ok(())
    }
}

const TOO_SMALL: Error = Error::value(c"the memory is smaller than the element");

#[inline(always)]
fn each<'a, const N: usize, V>(mut memory: &'a [u8], visit: &mut V, value: impl Fn([u8; N]) -> Value<'a>) -> Result<()>
where
    V: FnMut(Value<'a>) -> Result<()>,
{
    while let Some((bytes, rest)) = memory.split_first_chunk() {
        visit(value(*bytes))?;
        memory = rest;
    }
    Ok(())
}

#[inline(always)]
fn pairs<'a, const N: usize, V>(mut memory: &'a [u8], visit: &mut V, part: impl Fn([u8; N]) -> f64) -> Result<()>
where
    V: FnMut(Value<'a>) -> Result<()>,
{
    while let Some((real, rest)) = memory.split_first_chunk()
        && let Some((imaginary, rest)) = rest.split_first_chunk()
    {
        visit(Value::Complex(part(*real), part(*imaginary)))?;
        memory = rest;
    }
    Ok(())
}

/// The pieces of the memory; since pieces may be empty, their number is given.
#[inline(always)]
fn pieces<'a>(
    count: usize,
    size: usize,
    mut memory: &'a [u8],
    mut visit: impl FnMut(&'a [u8]) -> Result<()>,
) -> Result<()> {
    for _ in 0..count {
        let (bytes, rest) = memory.split_at_checked(size).ok_or(TOO_SMALL)?;
        visit(bytes)?;
        memory = rest;
    }
    Ok(())
}

#[inline(always)]
fn store<const N: usize>(memory: &mut [u8], bytes: [u8; N]) -> Result<()> {
    *memory.first_chunk_mut().ok_or(TOO_SMALL)? = bytes;
    Ok(())
}

fn store_pair<const N: usize>(memory: &mut [u8], real: [u8; N], imaginary: [u8; N]) -> Result<()> {
    let (first, rest) = memory.split_first_chunk_mut().ok_or(TOO_SMALL)?;
    store(rest, imaginary)?;
    *first = real;
    Ok(())
}

/// Copies as much as fits, and fills the rest with zeros.
fn pad(memory: &mut [u8], bytes: &[u8]) {
    let mut bytes = bytes.iter();
    for byte in memory {
        *byte = bytes.next().copied().unwrap_or(0);
    }
}
