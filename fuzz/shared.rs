//! What must hold for any bytes: of the parser, of the canonical spelling, of unpacking and packing. The bodies of the fuzz
//! targets, which `tests/model/fuzz_corpus.rs` runs, too. Around it there is `tests/common/format.rs`, as `format`.

use std::ffi::{CStr, CString};

use pybuffer::abi::format::*;
use pybuffer::format::LongDouble;

use super::format::{self, Format};

/// Larger items, and such of more values, are not unpacked.
const MAX_ITEM: usize = 1 << 14;

/// The bytes before the first NUL, and those after it.
fn split(data: &[u8]) -> (CString, &[u8]) {
    let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let text = CString::new(&data[..end]).expect("no NUL before the first");
    (text, data.get(end + 1..).unwrap_or(&[]))
}

/// Parses any bytes, walks what comes of it, and spells it canonically. Whether it is a format.
pub(crate) fn format_parse(data: &[u8]) -> bool {
    let (text, _) = split(data);
    parse(&text).is_some()
}

fn parse(text: &CStr) -> Option<(Format, Format)> {
    let format = match Format::parse(text) {
        Ok(format) => format,
        Err(error) => {
            // Values without a byte can be more than there are numbers, at no place of the format in particular.
            let is_clear = error.contains(" byte ");
            assert!(error.starts_with("ValueError: ") && is_clear, "{text:?}: {error}");
            return None;
        }
    };
    assert_eq!(format.text(), text);
    assert!(format.alignment().is_power_of_two());
    let root = format.root();
    assert_eq!(root.offset, 0, "{text:?}");
    assert_eq!(root.itemsize.checked_mul(root.elements), Some(format.itemsize().cast_signed()), "{text:?}");
    walk(text, root);

    let spelling = format.canonical();
    let spelled =
        Format::parse(&spelling).unwrap_or_else(|error| panic!("{text:?}, canonically {spelling:?}: {error}"));
    assert_eq!(spelled.itemsize(), format.itemsize(), "{text:?}, canonically {spelling:?}");
    assert!(spelled.is_equivalent(&format, true), "{text:?}, canonically {spelling:?}");
    assert_eq!(spelled.canonical(), spelling, "{text:?}");
    Some((format, spelled))
}

/// Items are inside what encloses them, and do not overlap.
fn walk(text: &CStr, item: &pybuffer_item) {
    assert!((PYBUFFER_KIND_PAD..=PYBUFFER_KIND_RECORD).contains(&item.kind), "{text:?}");
    assert!([b'<', b'>'].contains(&(item.byteorder as u8)), "{text:?}");
    assert!(item.itemsize >= 0 && item.length >= 0 && (0..8).contains(&item.first_bit), "{text:?}");
    assert!(item.alignment.cast_unsigned().is_power_of_two(), "{text:?}");
    assert!(format::name(item).is_none_or(|name| !name.to_bytes().contains(&b':')), "{text:?}");
    let shape = format::shape(item);
    assert!(shape.iter().all(|&length| length >= 0), "{text:?}");
    let product = shape.iter().try_fold(1_isize, |product, &length| product.checked_mul(length));
    assert!(shape.contains(&0) && item.elements == 0 || product == Some(item.elements), "{text:?}");
    assert_eq!(format::fields(item).count().cast_signed(), item.nfields, "{text:?}");

    // Where the last field ended, in bits.
    let mut end = 0_i128;
    for field in format::fields(item) {
        walk(text, field);
        let bits = |bytes: isize| 8 * i128::from(bytes as i64);
        let begin = bits(field.offset) + i128::from(field.first_bit as i64);
        let length = match field.kind {
            PYBUFFER_KIND_BITS => i128::from(field.length as i64),
            _ => bits(field.itemsize),
        };
        if item.kind == PYBUFFER_KIND_RECORD {
            assert!(begin >= end, "{text:?}: fields overlap");
            end = begin + length * i128::from(field.elements as i64);
            assert!(end <= bits(item.itemsize), "{text:?}: a field ends outside of its record");
        } else {
            assert_eq!((item.kind, item.nfields, field.offset), (PYBUFFER_KIND_POINTER, 1, 0), "{text:?}");
        }
    }
}

/// Unpacks an item of any bytes, packs the values and unpacks them again. Whether there was an item to be unpacked.
pub(crate) fn format_values(data: &[u8]) -> bool {
    let (text, item) = split(data);
    let Some((format, spelled)) = parse(&text) else { return false };
    let size = format.itemsize();
    if size > MAX_ITEM || format.value_count().map_or(true, |count| count > MAX_ITEM) {
        return false;
    }
    // At an odd address, and as much as is needed.
    let mut memory = vec![0; size + 1];
    for (to, &from) in memory[1..].iter_mut().zip(item) {
        *to = from;
    }
    let item = &memory[1..];
    let unpack = |format: &Format, item: &[u8]| -> Vec<String> {
        let values = format.unpack(item).unwrap_or_else(|error| panic!("{text:?} {item:02x?}: {error}"));
        values.iter().map(|value| show(value, item)).collect()
    };
    let values = unpack(&format, item);
    assert_eq!(unpack(&spelled, item), values, "{text:?} {item:02x?}");

    let mut packed = vec![0xa5; size + 1];
    let raw = format.unpack(item).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    if let Err(error) = format.pack(&mut packed[1..], &raw) {
        // Not every number is a code point.
        assert!(error.starts_with("ValueError: "), "{text:?} {item:02x?}: {error}");
        assert!(raw.iter().any(|value| value.kind == PYBUFFER_KIND_TEXT), "{text:?} {item:02x?}: {error}");
        assert!(packed.iter().all(|&byte| byte == 0xa5), "{text:?} {item:02x?}: something was written");
        return true;
    }
    assert_eq!(unpack(&format, &packed[1..]), values, "{text:?} {item:02x?}: packed {packed:02x?}");
    let mut again = vec![0x5a; size];
    format.pack(&mut again, &raw).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(&again, &packed[1..], "{text:?} {item:02x?}: not every byte was written");
    true
}

/// The value as text; NaNs are one.
fn show(value: &pybuffer_value, item: &[u8]) -> String {
    let double = |value: f64| if value.is_nan() { "nan".into() } else { format!("{:x}", value.to_bits()) };
    let (i, u, [real, imag]) = format::number(value);
    let content = match value.kind {
        PYBUFFER_KIND_SIGNED => format!("{i}"),
        PYBUFFER_KIND_FLOAT => double(real),
        PYBUFFER_KIND_LONG_DOUBLE => double(LongDouble::from_ne_bytes(format::long_double(value)).to_f64()),
        PYBUFFER_KIND_COMPLEX => double(real) + ":" + &double(imag),
        PYBUFFER_KIND_PAD | PYBUFFER_KIND_CHAR | PYBUFFER_KIND_BYTES | PYBUFFER_KIND_PASCAL => {
            let bytes = format::bytes(value);
            let (inside, here) = (item.as_ptr_range(), bytes.as_ptr_range());
            assert!(
                bytes.is_empty() || inside.start <= here.start && here.end <= inside.end,
                "bytes outside of the item"
            );
            format!("{bytes:02x?}")
        }
        PYBUFFER_KIND_BOOL => {
            assert!(u < 2);
            format!("{u}")
        }
        PYBUFFER_KIND_UNSIGNED..=PYBUFFER_KIND_FUNCTION => format!("{u}"),
        _ => panic!("a value of no kind"),
    };
    format!("{}:{content}", value.kind)
}
