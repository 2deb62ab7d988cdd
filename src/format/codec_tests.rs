//! Tests of `codec`: what the codes take and give, by formats of one item, compiled.

use core::ffi::CStr;
use std::{vec, vec::Vec};

use super::coerce::tests::of_machine;
use super::compile::{Counts, Op, compile};
use super::compiled::CompiledFormat;
use super::long_double::LongDouble;
use super::value::Value;
use crate::error::{Error, ErrorKind, Result};

/// What becomes of an item, or the kind of the error.
type PackedBytes = core::result::Result<Vec<u8>, ErrorKind>;

const TYPE: PackedBytes = Err(ErrorKind::Type);
const RANGE: PackedBytes = Err(ErrorKind::Value);
const OVERFLOW: PackedBytes = Err(ErrorKind::Overflow);

/// A format of few items, compiled.
fn compiled<'o>(format: &CStr, ops: &'o mut [Op; 4]) -> Result<CompiledFormat<'o>> {
    let counts = compile(format, ops)?;
    Ok(CompiledFormat::new(ops, counts))
}

fn counts(format: &CStr) -> Option<Counts> {
    compiled(format, &mut Default::default()).ok().map(|compiled| compiled.counts())
}

/// The values of the item at the start of this memory.
fn get_all<'a>(format: &CStr, memory: &'a [u8]) -> Option<Vec<Value<'a>>> {
    let mut values = vec![];
    let mut keep = |value| {
        values.push(value);
        Ok(())
    };
    compiled(format, &mut Default::default()).ok()?.unpack(memory, &mut keep).ok()?;
    Some(values)
}

/// The only value.
fn get<'a>(format: &CStr, memory: &'a [u8]) -> Option<Value<'a>> {
    match get_all(format, memory)?[..] {
        [value] => Some(value),
        _ => None,
    }
}

/// What `write` makes of an item of ones.
fn written(format: &CStr, write: impl FnOnce(&CompiledFormat<'_>, &mut [u8]) -> Result<()>) -> PackedBytes {
    let kind = |error: Error| error.kind().unwrap_or(ErrorKind::System);
    let mut ops = Default::default();
    let compiled = compiled(format, &mut ops).map_err(kind)?;
    let mut item = vec![0xff; compiled.counts().size];
    let result = write(&compiled, &mut item);
    assert!(result.is_ok() || item.iter().all(|&byte| byte == 0xff), "nothing is written on failure");
    result.map(|()| item).map_err(kind)
}

/// What an item becomes of values.
fn put_all(format: &CStr, values: &[Value<'_>]) -> PackedBytes {
    written(format, |compiled, item| compiled.pack(item, values.iter().copied()))
}

/// The same for the only value. The codec, which is not asked before it writes, must do and refuse the same.
fn put(format: &CStr, value: Value<'_>) -> PackedBytes {
    let packed = put_all(format, &[value]);
    let unasked = written(format, |compiled, item| match compiled.ops() {
        [op] if op.count == 1 => op.codec.encode(value, item),
        _ => compiled.pack(item, core::iter::once(value)),
    });
    assert_eq!(unasked, packed, "{format:?} {value:?}");
    packed
}

/// The item that a C number is written as.
fn put_number(format: &CStr, number: Value<'_>) -> PackedBytes {
    written(format, |compiled, item| {
        let numbers = || core::iter::once(number);
        let checked = compiled.check_numbers(&mut numbers(), 0);
        if let Err(error) = checked {
            let unchecked = compiled.write_numbers(&mut vec![0; item.len()], &mut numbers());
            assert_eq!(unchecked.err().and_then(|error| error.kind()), error.kind(), "{format:?}");
        }
        checked?;
        compiled.write_numbers(item, &mut numbers())
    })
}

#[test]
fn integers_take_integers_in_range() {
    assert_eq!(put(c">h", Value::Signed(-2)), Ok(vec![0xff, 0xfe]));
    assert_eq!(put(c"<H", Value::Unsigned(0x1234)), Ok(vec![0x34, 0x12]));
    assert_eq!(put(c"b", Value::Bool(true)), Ok(vec![1]));
    assert_eq!(put(c"<i", Value::Bits(7)), Ok(vec![7, 0, 0, 0]));
    assert_eq!(put(c"b", Value::Signed(128)), RANGE);
    assert_eq!(put(c"B", Value::Signed(-1)), RANGE);
    assert_eq!(put(c"q", Value::Unsigned(1 << 63)), RANGE);
    assert_eq!(put(c"Q", Value::Signed(-1)), RANGE);
    for value in [Value::Float(1.0), Value::Bytes(b"1"), Value::CodePoint(1), Value::Complex(1.0, 0.0)] {
        assert_eq!(put(c"i", value), TYPE);
    }
}

#[test]
fn integers_come_back_with_their_sign() {
    for format in [c"<b", c">b", c"<h", c">h", c"<i", c">i", c"<q", c">q"] {
        for number in [-128, -2, 0, 127] {
            let bytes = put(format, Value::Signed(number)).unwrap_or_default();
            assert_eq!(get(format, &bytes), Some(Value::Signed(number)), "{format:?}");
        }
    }
    for format in [c"<B", c">B", c"<H", c">H", c"<I", c">I", c"<Q", c">Q"] {
        let bytes = put(format, Value::Unsigned(254)).unwrap_or_default();
        assert_eq!(get(format, &bytes), Some(Value::Unsigned(254)), "{format:?}");
    }
    assert_eq!(get(c">i", &[0xff, 0xff, 0xff, 0xfe]), Some(Value::Signed(-2)));
    assert_eq!(get(c"<I", &[4, 3, 2, 1]), Some(Value::Unsigned(0x0102_0304)));
}

#[test]
fn floats_take_real_numbers() {
    assert_eq!(put(c">e", Value::Float(1.5)), Ok(vec![0x3e, 0]));
    assert_eq!(put(c">e", Value::Signed(-1)), Ok(vec![0xbc, 0]));
    assert_eq!(put(c"e", Value::Float(65520.0)), RANGE);
    assert_eq!(put(c">f", Value::Float(1e39)), RANGE);
    assert_eq!(put(c"f", Value::Float(1e39)), Ok(f32::INFINITY.to_ne_bytes().to_vec()));
    assert_eq!(put(c">d", Value::Unsigned(u64::MAX)), Ok(18_446_744_073_709_551_616.0_f64.to_be_bytes().to_vec()));
    assert_eq!(put(c">d", Value::LongDouble(0.5.into())), Ok(0.5_f64.to_be_bytes().to_vec()));
    assert_eq!(put(c">d", Value::Bool(true)), Ok(1_f64.to_be_bytes().to_vec()));
    let infinite = LongDouble::from(f64::NEG_INFINITY);
    assert_eq!(put(c">d", Value::LongDouble(infinite)), Ok(f64::NEG_INFINITY.to_be_bytes().to_vec()));
    assert_eq!(put(c"d", Value::Complex(1.0, 0.0)), TYPE);
    assert_eq!(put(c"d", Value::Bytes(b"")), TYPE);
}

/// The processor does not see to it everywhere.
#[test]
fn nans_keep_their_sign() {
    let signs = |value: Option<Value<'_>>| match value {
        Some(Value::Float(number)) if number.is_nan() => vec![number.is_sign_negative()],
        Some(Value::Complex(real, imaginary)) => vec![real.is_sign_negative(), imaginary.is_sign_negative()],
        _ => vec![],
    };
    let items: [(&CStr, &[u8]); 5] = [
        (c">e", &[0x7e, 0]),
        (c">f", &[0x7f, 0xc0, 0, 0]),
        (c">d", &[0x7f, 0xf8, 0, 0, 0, 0, 0, 0]),
        (c">Ze", &[0xbc, 0, 0x7e, 0]),
        (c">Zf", &[0xbf, 0x80, 0, 0, 0x7f, 0xc0, 0, 0]),
    ];
    for (format, positive) in items {
        let complex = format.count_bytes() > 2;
        let mut negative = positive.to_vec();
        if let Some(byte) = negative.get_mut(if complex { positive.len() / 2 } else { 0 }) {
            *byte |= 0x80;
        }
        for (item, sign) in [(positive, false), (&negative, true)] {
            let value = get(format, item);
            assert_eq!(signs(value), if complex { vec![true, sign] } else { vec![sign] }, "{format:?}");
            assert_eq!(value.map(|value| put(format, value)), Some(Ok(item.to_vec())));
            if !complex {
                assert_eq!(value.map(|value| put_number(format, value)), Some(Ok(item.to_vec())));
            }
        }
    }
}

#[test]
fn long_doubles_are_kept_unrounded() {
    let mut bytes = LongDouble::from(-2.5).to_ne_bytes();
    assert_eq!(put(c"g", Value::Float(-2.5)).ok().as_deref(), bytes.get(..LongDouble::SIZE));
    assert_eq!(get(c"g", &bytes), Some(Value::Float(-2.5)));
    for other in [Value::Bytes(b""), Value::CodePoint(1), Value::Complex(1.0, 0.0)] {
        assert_eq!(put(c"g", other), TYPE, "{other:?}");
    }
    if let (Some(low), 16) = (bytes.first_mut(), LongDouble::SIZE) {
        *low |= 1;
        let value = get(c"g", &bytes);
        assert_ne!(value, Some(Value::Float(-2.5)));
        assert_eq!(value.map(|value| put(c"g", value)), Some(Ok(bytes.to_vec())));
        let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
        let swapped = if cfg!(target_endian = "big") { c"<g" } else { c">g" };
        assert_eq!(get(swapped, &reversed), value);
        assert_eq!(value.map(|value| put(swapped, value)), Some(Ok(reversed.clone())));
        let huge = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xfe, 0x7f, 0, 0, 0, 0, 0, 0];
        if cfg!(target_arch = "x86_64") {
            assert_eq!(get(c"g", &huge).map(|huge| put(c"d", huge)), Some(RANGE));
        }
    }
}

#[test]
fn numbers_are_converted_as_c_converts() {
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
    assert_eq!(put_number(c">5t", Value::Float(31.5)), Ok(vec![0b1111_1000]));
    assert_eq!(put_number(c">5t", Value::Unsigned(32)), OVERFLOW);
    assert_eq!(put_number(c"P", Value::Float(7.0)), Ok(7_usize.to_ne_bytes().to_vec()));
    assert_eq!(put_number(c"P", Value::Signed(-1)), OVERFLOW);
    let number = (1_i64 << 61) | (1 << 37) | 1;
    assert_eq!(put_number(c"<f", Value::Signed(number)), Ok(of_machine(number).to_le_bytes().to_vec()));
    assert_eq!(
        put_number(c"g", Value::Unsigned(u64::MAX)),
        put(c"g", Value::Unsigned(u64::MAX)),
        "a long double has room for every integer"
    );
}

#[test]
fn what_is_no_number_takes_none() {
    let all_numbers =
        |format| compiled(format, &mut Default::default()).map(|compiled| compiled.check_format_of_numbers());
    for format in [c"c", c"3s", c"3p", c"u", c"w", c"Zd", c"F", c"O", c"&i", c"X{}", c"z", c"Z", c"x:pad:"] {
        assert_eq!(put_number(format, Value::Signed(1)), TYPE, "{format:?}");
        assert!(all_numbers(format).is_ok_and(|result| result.is_err()), "{format:?}");
    }
    for format in [c"b", c"Q", c"?", c"e", c"g", c"P", c"T{i}", c"T{}", c"2x0b", c"3t"] {
        assert_eq!(all_numbers(format), Ok(Ok(())), "{format:?}");
    }
}

#[test]
fn complex_numbers_are_two_floats() {
    assert_eq!(put(c">Ze", Value::Complex(1.0, -1.0)), Ok(vec![0x3c, 0, 0xbc, 0]));
    assert_eq!(put(c">F", Value::Signed(1)), Ok(vec![0x3f, 0x80, 0, 0, 0, 0, 0, 0]));
    assert_eq!(put(c">Zf", Value::Complex(0.0, 1e300)), RANGE);
    assert_eq!(put(c"Zd", Value::Bytes(b"")), TYPE);
    for format in [c"<Zd", c">D", c"Zg", c">Zg", c"Ze"] {
        let bytes = put(format, Value::Complex(1.5, -0.25)).unwrap_or_default();
        assert_eq!(get(format, &bytes), Some(Value::Complex(1.5, -0.25)), "{format:?}");
    }
}

#[test]
fn bytes_are_cut_or_filled() {
    assert_eq!(put(c"3s", Value::Bytes(b"a")), Ok(b"a\0\0".to_vec()));
    assert_eq!(put(c"1s", Value::Bytes(b"ab")), Ok(b"a".to_vec()));
    assert_eq!(put(c"3p", Value::Bytes(b"a")), Ok(b"\x01a\0".to_vec()));
    assert_eq!(put(c"3p", Value::Bytes(b"abc")), Ok(b"\x02ab".to_vec()));
    assert_eq!(put(c"0p", Value::Bytes(b"abc")), Ok(vec![]));
    assert_eq!(put(c"300p", Value::Bytes(&[1; 400])).map(|bytes| bytes.first().copied()), Ok(Some(255)));
    assert_eq!(put(c"2x:pad:", Value::Bytes(b"a")), Ok(b"a\0".to_vec()));
    assert_eq!(put(c"c", Value::Bytes(b"ab")), RANGE);
    assert_eq!(put(c"c", Value::Unsigned(1)), TYPE);
    assert_eq!(put(c"s", Value::CodePoint(97)), TYPE);
    assert_eq!(get(c"3p", b"\xffab"), Some(Value::Bytes(b"ab")));
    assert_eq!(get(c"2s", b"abc"), Some(Value::Bytes(b"ab")));
}

#[test]
fn truth_is_that_of_anything() {
    let truths = [Value::Float(f64::NAN), Value::Bytes(b"\0"), Value::CodePoint(0), Value::Complex(0.0, 1.0)];
    for value in truths {
        assert_eq!(put(c"?", value), Ok(vec![1]), "{value:?}");
    }
    for value in [Value::Float(-0.0), Value::Bytes(b""), Value::Signed(0), Value::LongDouble(0.0.into())] {
        assert_eq!(put(c"?", value), Ok(vec![0]), "{value:?}");
    }
}

#[test]
fn text_has_a_value_for_each_unit() {
    let [a, last] = [97, 0x10_ffff].map(Value::CodePoint);
    assert_eq!(counts(c">2u").map(|counts| (counts.values, counts.size)), Some((2, 4)));
    assert_eq!(get_all(c">2u", &[0, 97, 0xd8, 0]), Some(vec![a, Value::CodePoint(0xd800)]));
    assert_eq!(put_all(c">2w", &[a, last]), Ok(vec![0, 0, 0, 97, 0, 0x10, 255, 255]));
    assert_eq!(put(c"w", Value::CodePoint(0x11_0000)), RANGE);
    assert_eq!(put(c"u", Value::CodePoint(0x1_0000)), RANGE);
    assert_eq!(put(c"u", Value::Unsigned(97)), TYPE);
    assert_eq!(put_all(c"u", &[a, a]), RANGE);
}

#[test]
fn addresses_are_integers_of_either_sign() {
    let ones = vec![0xff; size_of::<usize>()];
    assert_eq!(put(c"P", Value::Signed(-1)), Ok(ones.clone()));
    assert_eq!(put(c"O", Value::Address(usize::MAX as u64)), Ok(ones.clone()));
    assert_eq!(put(c"X{}", Value::Float(0.0)), TYPE);
    assert_eq!(get(c"&i", &ones), Some(Value::Address(usize::MAX as u64)));
}

#[test]
fn bits_lie_where_the_order_says() {
    let [zero, five] = [0, 0b101].map(Value::Bits);
    assert_eq!(put_all(c"<2t3t", &[zero, five]), Ok(vec![0b0001_0100]));
    assert_eq!(put_all(c">2t3t", &[zero, five]), Ok(vec![0b0010_1000]));
    assert_eq!(get_all(c"<2t3t", &[0b0001_0100]), Some(vec![zero, five]));
    assert_eq!(get_all(c">2t3t", &[0b0010_1000]), Some(vec![zero, five]));
    assert_eq!(put(c"3t", Value::Unsigned(8)), RANGE);
    assert_eq!(put(c"3t", Value::Signed(-1)), RANGE);
    assert_eq!(put(c"3t", Value::Float(1.0)), TYPE);
    let large = Value::Unsigned(0x0123_4567_89ab_cdef);
    for format in [c"<7t64t", c">7t64t"] {
        let all = put_all(format, &[zero, large]).unwrap_or_default();
        assert_eq!(all.len(), 9);
        assert_eq!(get_all(format, &all), Some(vec![zero, large]), "{format:?}");
    }
}

/// The codec of the last step, which a compiled format uses on bytes that it has cleared.
#[test]
fn bits_leave_those_beside_them() {
    let five = |format, byte: u8| -> Result<[u8; 1]> {
        let mut ops = Default::default();
        let last = *compiled(format, &mut ops)?.ops().last().ok_or_else(Error::bad_argument)?;
        let mut bytes = [byte];
        last.codec.encode(Value::Unsigned(0b101), &mut bytes)?;
        Ok(bytes)
    };
    assert_eq!(five(c"<2t3t", 0xff), Ok([0b1111_0111]));
    assert_eq!(five(c">2t3t", 0xff), Ok([0b1110_1111]));
    assert_eq!(five(c"<2t3t", 0), Ok([0b0001_0100]));
    assert_eq!(five(c">2t3t", 0), Ok([0b0010_1000]));
}

#[test]
fn elements_lie_behind_each_other() {
    let integers = [0, 1, 2, 3].map(Value::Signed);
    assert_eq!(get_all(c"<b3h", &[0, 1, 0, 2, 0, 3, 0]).as_deref(), Some(&integers[..]));
    assert_eq!(put_all(c"<b3h", &integers), Ok(vec![0, 1, 0, 2, 0, 3, 0]));
    // Two bits, then four times five, the middle ones of which lie in two bytes.
    let bits = [0b01, 0b10001, 0b10010, 0b10100, 0b11000].map(Value::Bits);
    let (little, big) = ([0b0100_0101, 0b0100_1001, 0b0011_0001], [0b0110_0011, 0b0010_1010, 0b0110_0000]);
    for (format, bytes) in [(c"<2t(4)5t", little), (c">2t(4)5t", big)] {
        assert_eq!(get_all(format, &bytes).as_deref(), Some(&bits[..]), "{format:?}");
        assert_eq!(put_all(format, &bits), Ok(bytes.to_vec()), "{format:?}");
    }
}

#[test]
fn what_has_no_value_gives_none_and_takes_none() {
    for format in [c"T{}", c"2x0b", c"0i", c"0u", c"(0)d", c"0T{i}"] {
        assert_eq!(counts(format).map(|counts| counts.values), Some(0), "{format:?}");
        assert_eq!(get_all(format, &[1; 2]), Some(vec![]), "{format:?}");
        assert_eq!(put(format, Value::Signed(0)), RANGE, "{format:?}");
    }
    assert_eq!(get(c"T{<i}", &[1, 0, 0, 0]), Some(Value::Signed(1)), "a record is no value, its members are");
    assert_eq!(get(c"<i", &[0; 3]), None);
    assert_eq!(put_all(c"<i", &[Value::Signed(0); 2]), RANGE);
}
