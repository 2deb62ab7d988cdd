//! The values of an [`Item`]'s elements, one by one: for who walks a description, not for many items (`plan`).

use core::ops::Range;

use super::codec::{Codec, TOO_SMALL};
use super::codes::Kind;
use super::tree::Item;
use super::value::Value;
use crate::error::{Error, Kind as ErrorKind, Result};

/// How many values an element of this item has: as many as units if it is text, none if it is a record or padding
/// without a name, else one.
#[must_use]
pub fn values_per_element(item: &Item) -> usize {
    match Codec::of(item) {
        Some(codec) if codec.unit().is_some() => item.length,
        Some(_) => 1,
        None => 0,
    }
}

/// The item that is one of this one's elements: with an offset, for bits also a size and a first bit, of its own, but without
/// the others; `None` if there is no such element.
#[must_use]
pub fn nth(item: &Item, index: usize) -> Option<Item> {
    if index >= item.elements {
        return None;
    }
    if item.kind != Kind::Bits {
        let offset = item.size.checked_mul(index)?.checked_add(item.offset)?;
        return Some(Item { offset, elements: 1, ..*item });
    }
    let (bytes, codec) = Codec::of(item)?.nth_bits(index);
    let offset = item.offset.checked_add(bytes)?;
    Some(Item { offset, size: codec.bits_size(1), first_bit: codec.first_bit.into(), elements: 1, ..*item })
}

/// The bytes of a value: those of the element, or of the unit in it.
fn place(item: &Item, unit: usize) -> Option<(Codec, Range<usize>)> {
    let codec = Codec::of(item)?;
    let (size, count) = codec.unit().map_or((item.size, 1), |size| (size, item.length));
    let start = size.checked_mul(unit).filter(|_| unit < count)?;
    Some((codec, start..start.checked_add(size)?))
}

/// The value of an element whose bytes these are, in memory of at least the item's size.
///
/// `unit` is the number of the value in the element: not 0 for text only, where each unit is a value. Of an item of bits
/// this is the first element, see [`nth`]. `None` if there is no such value, or too little memory.
#[must_use]
pub fn decode<'a>(item: &Item, unit: usize, element: &'a [u8]) -> Option<Value<'a>> {
    let (codec, place) = place(item, unit)?;
    codec.decode(element.get(place)?)
}

/// Writes a value to an element, as [`decode`] reads it. Other bits of its bytes stay as they are.
///
/// * Integers, addresses and bits take integers and bools, in range; an address also a negative one (`PyLong_AsVoidPtr`).
/// * Units of text take code points: up to 0xFFFF for `u`, up to 0x10FFFF for `w`.
/// * Floats take every real number, complex numbers every number. What is too large for `e` or `f` is out of range,
///   but becomes infinite in a native `f` (all as CPython).
/// * `?` takes the truth of anything.
/// * `c` takes one byte; `s` and `p` (at most 255) cut the bytes off, or fill up with zeros.
///
/// # Errors
/// `TypeError` for a value of the wrong type; `ValueError` for one out of range, and for too little memory; `SystemError`
/// if the item has no such value. Nothing is written then.
pub fn encode(item: &Item, unit: usize, value: &Value<'_>, element: &mut [u8]) -> Result<()> {
    let (codec, place) = place(item, unit).ok_or_else(Error::bad_argument)?;
    codec.encode(*value, element.get_mut(place).ok_or(TOO_SMALL)?)
}

/// Writes a number of C's to an element, converted as [`convert`](super::convert) says; the value is one of
/// [`CNumber::to_value`](super::CNumber::to_value). Nothing is written on failure.
///
/// # Errors
/// `TypeError` if the item's values are no numbers; `OverflowError` for a number out of range, `ValueError` for NaN where an
/// integer is needed, and for too little memory; `SystemError` if the item has no such value.
pub fn encode_number(item: &Item, unit: usize, number: &Value<'_>, element: &mut [u8]) -> Result<()> {
    let (codec, place) = place(item, unit).ok_or_else(Error::bad_argument)?;
    codec.encode(codec.fit(*number)?, element.get_mut(place).ok_or(TOO_SMALL)?)
}

/// Whether the item's values are numbers, or it has none.
///
/// # Errors
/// `TypeError` that says what they are.
pub fn check_number(item: &Item) -> Result<()> {
    let text = Codec::of(item).and_then(Codec::no_number);
    text.map_or(Ok(()), |text| Err(Error::new(ErrorKind::Type, text)))
}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;
    use std::{vec, vec::Vec};

    use super::super::float::LongDouble;
    use super::super::tree::{Sink, walk};
    use super::*;

    struct Last(Option<Item>);

    impl Sink for Last {
        fn begin(&mut self) {}
        fn dimension(&mut self, _: usize) {}
        fn cancel(&mut self) {}
        fn end(&mut self, item: &Item) {
            self.0 = Some(*item);
        }
    }

    /// The item that ends last.
    fn item(format: &CStr) -> Option<Item> {
        let mut last = Last(None);
        walk(format, &mut last).ok()?;
        last.0
    }

    fn get<'a>(format: &CStr, unit: usize, element: &'a [u8]) -> Option<Value<'a>> {
        decode(&item(format)?, unit, element)
    }

    /// What an element of ones becomes.
    fn put(format: &CStr, unit: usize, value: Value<'_>) -> core::result::Result<Vec<u8>, ErrorKind> {
        let item = item(format).ok_or(ErrorKind::System)?;
        let mut element = vec![0xff; item.size];
        let result = encode(&item, unit, &value, &mut element);
        assert!(result.is_ok() || element.iter().all(|&byte| byte == 0xff), "nothing is written on failure");
        result.map(|()| element).map_err(|error| error.kind().unwrap_or(ErrorKind::System))
    }

    const TYPE: core::result::Result<Vec<u8>, ErrorKind> = Err(ErrorKind::Type);
    const RANGE: core::result::Result<Vec<u8>, ErrorKind> = Err(ErrorKind::Value);

    #[test]
    fn integers_take_integers_in_range() {
        assert_eq!(put(c">h", 0, Value::Signed(-2)), Ok(vec![0xff, 0xfe]));
        assert_eq!(put(c"<H", 0, Value::Unsigned(0x1234)), Ok(vec![0x34, 0x12]));
        assert_eq!(put(c"b", 0, Value::Bool(true)), Ok(vec![1]));
        assert_eq!(put(c"<i", 0, Value::Bits(7)), Ok(vec![7, 0, 0, 0]));
        assert_eq!(put(c"b", 0, Value::Signed(128)), RANGE);
        assert_eq!(put(c"B", 0, Value::Signed(-1)), RANGE);
        assert_eq!(put(c"q", 0, Value::Unsigned(1 << 63)), RANGE);
        assert_eq!(put(c"Q", 0, Value::Signed(-1)), RANGE);
        for value in [Value::Float(1.0), Value::Bytes(b"1"), Value::CodePoint(1), Value::Complex(1.0, 0.0)] {
            assert_eq!(put(c"i", 0, value), TYPE);
        }
    }

    #[test]
    fn floats_take_real_numbers() {
        assert_eq!(put(c">e", 0, Value::Float(1.5)), Ok(vec![0x3e, 0]));
        assert_eq!(put(c">e", 0, Value::Signed(-1)), Ok(vec![0xbc, 0]));
        assert_eq!(put(c"e", 0, Value::Float(65520.0)), RANGE);
        assert_eq!(put(c">f", 0, Value::Float(1e39)), RANGE);
        assert_eq!(put(c"f", 0, Value::Float(1e39)), Ok(f32::INFINITY.to_ne_bytes().to_vec()));
        assert_eq!(
            put(c">d", 0, Value::Unsigned(u64::MAX)),
            Ok(18_446_744_073_709_551_616.0_f64.to_be_bytes().to_vec())
        );
        assert_eq!(put(c">d", 0, Value::LongDouble(0.5.into())), Ok(0.5_f64.to_be_bytes().to_vec()));
        assert_eq!(put(c"d", 0, Value::Complex(1.0, 0.0)), TYPE);
        assert_eq!(put(c"d", 0, Value::Bytes(b"")), TYPE);
    }

    #[test]
    fn long_doubles_are_kept_unrounded() {
        let mut bytes = LongDouble::from(-2.5).to_ne_bytes();
        assert_eq!(put(c"g", 0, Value::Float(-2.5)).ok().as_deref(), bytes.get(..LongDouble::SIZE));
        assert_eq!(get(c"g", 0, &bytes), Some(Value::Float(-2.5)));
        if let (Some(low), 16) = (bytes.first_mut(), LongDouble::SIZE) {
            *low |= 1;
            let value = get(c"g", 0, &bytes);
            assert_ne!(value, Some(Value::Float(-2.5)));
            assert_eq!(value.map(|value| put(c"g", 0, value)), Some(Ok(bytes.to_vec())));
            let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
            let swapped = if cfg!(target_endian = "big") { c"<g" } else { c">g" };
            assert_eq!(get(swapped, 0, &reversed), value);
            assert_eq!(value.map(|value| put(swapped, 0, value)), Some(Ok(reversed.clone())));
            let huge = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xfe, 0x7f, 0, 0, 0, 0, 0, 0];
            if cfg!(target_arch = "x86_64") {
                assert_eq!(get(c"g", 0, &huge).map(|huge| put(c"d", 0, huge)), Some(RANGE));
            }
        }
    }

    /// What an element of ones becomes of a number of C's.
    fn put_number(format: &CStr, number: Value<'_>) -> core::result::Result<Vec<u8>, ErrorKind> {
        let item = item(format).ok_or(ErrorKind::System)?;
        let mut element = vec![0xff; item.size];
        let result = encode_number(&item, 0, &number, &mut element);
        assert!(result.is_ok() || element.iter().all(|&byte| byte == 0xff), "nothing is written on failure");
        result.map(|()| element).map_err(|error| error.kind().unwrap_or(ErrorKind::System))
    }

    #[test]
    fn numbers_are_converted_as_c_converts() {
        const OVERFLOW: core::result::Result<Vec<u8>, ErrorKind> = Err(ErrorKind::Overflow);
        assert_eq!(put_number(c">h", Value::Float(-2.9)), Ok(vec![0xff, 0xfe]));
        assert_eq!(put_number(c">h", Value::Float(32768.0)), OVERFLOW);
        assert_eq!(put_number(c">h", Value::Float(f64::NAN)), RANGE);
        assert_eq!(put_number(c"B", Value::Signed(-1)), OVERFLOW);
        assert_eq!(put_number(c"?", Value::Float(0.25)), Ok(vec![1]));
        assert_eq!(put_number(c"?", Value::Float(f64::NAN)), Ok(vec![1]));
        assert_eq!(put_number(c"?", Value::Float(-0.0)), Ok(vec![0]));
        assert_eq!(put_number(c">e", Value::Float(1e300)), Ok(vec![0x7c, 0]));
        assert_eq!(put_number(c">e", Value::Signed(i64::MIN)), Ok(vec![0xfc, 0]));
        assert_eq!(put_number(c">f", Value::Float(-1e39)), Ok(f32::NEG_INFINITY.to_be_bytes().to_vec()));
        assert_eq!(put_number(c">5t", Value::Float(31.5)), Ok(vec![0xff]));
        assert_eq!(put_number(c">5t", Value::Unsigned(32)), OVERFLOW);
        assert_eq!(put_number(c"P", Value::Float(7.0)), Ok(7_usize.to_ne_bytes().to_vec()));
        assert_eq!(put_number(c"P", Value::Signed(-1)), OVERFLOW);
        let number = (1_i64 << 61) | (1 << 37) | 1;
        assert_eq!(put_number(c"<f", Value::Signed(number)), Ok((number as f32).to_le_bytes().to_vec()));
        assert_eq!(
            put_number(c"g", Value::Unsigned(u64::MAX)),
            put(c"g", 0, Value::Unsigned(u64::MAX)),
            "a long double has room for every integer"
        );
        for format in [c"c", c"3s", c"3p", c"u", c"w", c"Zd", c"F", c"O", c"&i", c"X{}", c"z", c"Z", c"x:pad:"] {
            assert_eq!(put_number(format, Value::Signed(1)), TYPE, "{format:?}");
            assert!(item(format).is_some_and(|item| check_number(&item).is_err()), "{format:?}");
        }
        for format in [c"b", c"Q", c"?", c"e", c"g", c"3t", c"P", c"T{i}"] {
            assert!(item(format).is_some_and(|item| check_number(&item).is_ok()), "{format:?}");
        }
    }

    #[test]
    fn complex_numbers_are_two_floats() {
        assert_eq!(put(c">Ze", 0, Value::Complex(1.0, -1.0)), Ok(vec![0x3c, 0, 0xbc, 0]));
        assert_eq!(put(c">F", 0, Value::Signed(1)), Ok(vec![0x3f, 0x80, 0, 0, 0, 0, 0, 0]));
        assert_eq!(put(c">Zf", 0, Value::Complex(0.0, 1e300)), RANGE);
        assert_eq!(put(c"Zd", 0, Value::Bytes(b"")), TYPE);
        for format in [c"<Zd", c">D", c"Zg", c">Zg", c"Ze"] {
            let bytes = put(format, 0, Value::Complex(1.5, -0.25)).unwrap_or_default();
            assert_eq!(get(format, 0, &bytes), Some(Value::Complex(1.5, -0.25)), "{format:?}");
        }
    }

    #[test]
    fn bytes_are_cut_or_filled() {
        assert_eq!(put(c"3s", 0, Value::Bytes(b"a")), Ok(b"a\0\0".to_vec()));
        assert_eq!(put(c"1s", 0, Value::Bytes(b"ab")), Ok(b"a".to_vec()));
        assert_eq!(put(c"3p", 0, Value::Bytes(b"a")), Ok(b"\x01a\0".to_vec()));
        assert_eq!(put(c"3p", 0, Value::Bytes(b"abc")), Ok(b"\x02ab".to_vec()));
        assert_eq!(put(c"0p", 0, Value::Bytes(b"abc")), Ok(vec![]));
        assert_eq!(put(c"300p", 0, Value::Bytes(&[1; 400])).map(|bytes| bytes.first().copied()), Ok(Some(255)));
        assert_eq!(put(c"2x:pad:", 0, Value::Bytes(b"a")), Ok(b"a\0".to_vec()));
        assert_eq!(put(c"c", 0, Value::Bytes(b"ab")), RANGE);
        assert_eq!(put(c"c", 0, Value::Unsigned(1)), TYPE);
        assert_eq!(put(c"s", 0, Value::CodePoint(97)), TYPE);
        assert_eq!(get(c"3p", 0, b"\xffab"), Some(Value::Bytes(b"ab")));
        assert_eq!(get(c"2s", 0, b"abc"), Some(Value::Bytes(b"ab")));
    }

    #[test]
    fn truth_is_that_of_anything() {
        let truths = [Value::Float(f64::NAN), Value::Bytes(b"\0"), Value::CodePoint(0), Value::Complex(0.0, 1.0)];
        for value in truths {
            assert_eq!(put(c"?", 0, value), Ok(vec![1]), "{value:?}");
        }
        for value in [Value::Float(-0.0), Value::Bytes(b""), Value::Signed(0), Value::LongDouble(0.0.into())] {
            assert_eq!(put(c"?", 0, value), Ok(vec![0]), "{value:?}");
        }
    }

    #[test]
    fn text_has_a_value_for_each_unit() {
        let text = item(c">2u");
        assert_eq!(text.as_ref().map(values_per_element), Some(2));
        assert_eq!(get(c">2u", 1, &[0, 97, 0xd8, 0]), Some(Value::CodePoint(0xd800)));
        assert_eq!(get(c">2u", 2, &[0, 97, 0, 98, 0, 99]), None);
        assert_eq!(put(c">2w", 1, Value::CodePoint(0x10_ffff)), Ok(vec![255, 255, 255, 255, 0, 0x10, 255, 255]));
        assert_eq!(put(c"w", 0, Value::CodePoint(0x11_0000)), RANGE);
        assert_eq!(put(c"u", 0, Value::CodePoint(0x1_0000)), RANGE);
        assert_eq!(put(c"u", 0, Value::Unsigned(97)), TYPE);
        assert_eq!(put(c"u", 1, Value::CodePoint(97)), Err(ErrorKind::System));
    }

    #[test]
    fn addresses_are_integers_of_either_sign() {
        let ones = vec![0xff; size_of::<usize>()];
        assert_eq!(put(c"P", 0, Value::Signed(-1)), Ok(ones.clone()));
        assert_eq!(put(c"O", 0, Value::Address(usize::MAX as u64)), Ok(ones.clone()));
        assert_eq!(put(c"X{}", 0, Value::Float(0.0)), TYPE);
        assert_eq!(get(c"&i", 0, &ones), Some(Value::Address(usize::MAX as u64)));
    }

    #[test]
    fn bits_lie_where_the_order_says() {
        // The second item of three bits, beside ones that stay.
        assert_eq!(put(c"<2t3t", 0, Value::Unsigned(0b101)), Ok(vec![0b1111_0111]));
        assert_eq!(put(c">2t3t", 0, Value::Unsigned(0b101)), Ok(vec![0b1110_1111]));
        assert_eq!(get(c"<2t3t", 0, &[0b0001_0100]), Some(Value::Bits(0b101)));
        assert_eq!(get(c">2t3t", 0, &[0b0010_1000]), Some(Value::Bits(0b101)));
        assert_eq!(put(c"3t", 0, Value::Unsigned(8)), RANGE);
        assert_eq!(put(c"3t", 0, Value::Signed(-1)), RANGE);
        assert_eq!(put(c"3t", 0, Value::Float(1.0)), TYPE);
        for format in [c"<7t64t", c">7t64t"] {
            let all = put(format, 0, Value::Unsigned(0x0123_4567_89ab_cdef)).unwrap_or_default();
            assert_eq!(all.len(), 9);
            assert_eq!(get(format, 0, &all), Some(Value::Bits(0x0123_4567_89ab_cdef)), "{format:?}");
        }
    }

    #[test]
    fn elements_lie_behind_each_other() {
        let place = |format, index| {
            let nth = nth(&item(format)?, index)?;
            Some((nth.offset, nth.size, nth.first_bit, nth.elements))
        };
        assert_eq!(place(c"<b3h", 2), Some((5, 2, 0, 1)));
        assert_eq!(place(c"<b3h", 3), None);
        assert_eq!(place(c"2t(4)5t", 0), Some((0, 1, 2, 1)));
        assert_eq!(place(c"2t(4)5t", 1), Some((0, 2, 7, 1)));
        assert_eq!(place(c"2t(4)5t", 3), Some((2, 1, 1, 1)));
    }

    #[test]
    fn what_has_no_value_gives_none() {
        assert_eq!(get(c"T{i}", 0, &[0; 4]), None);
        assert_eq!(item(c"T{i}").as_ref().map(values_per_element), Some(0));
        assert_eq!(get(c"<i", 0, &[0; 3]), None);
        assert_eq!(get(c"<i", 1, &[0; 8]), None);
        assert_eq!(put(c"T{i}", 0, Value::Signed(0)), Err(ErrorKind::System));
    }
}
