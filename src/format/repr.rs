//! A value as text, as by Python's `repr`.
//!
//! CPython's counterparts are the `tp_repr` of `int`, `float`, `complex` and `bytes`; a unit of text is written as `ascii`
//! writes a string of length 1. The digits of floats are those of the crate `ryu`: the fewest that lead back to the same
//! double, and of these the nearest to it, as CPython's `_Py_dg_dtoa` in mode 0.

use super::value::Value;
use crate::error::Result;

/// What takes text in pieces.
pub type Write<'a> = dyn FnMut(&[u8]) -> Result<()> + 'a;

/// Writes the text of a value, in pieces, all of them ASCII.
///
/// Addresses and bits are integers. A long double is written as the nearest double, since Python has no text for more.
///
/// # Errors
/// What `write` returns.
pub fn write_repr(value: &Value<'_>, write: &mut Write<'_>) -> Result<()> {
    match *value {
        Value::Signed(number) => write_integer(number < 0, number.unsigned_abs(), write),
        Value::Unsigned(number) | Value::Address(number) | Value::Bits(number) => write_integer(false, number, write),
        Value::Bool(truth) => write(if truth { b"True" } else { b"False" }),
        Value::Float(number) => write_float(number, Style { whole: true, plus: false }, write),
        Value::LongDouble(number) => write_float(number.to_f64(), Style { whole: true, plus: false }, write),
        Value::Complex(real, imaginary) => write_complex(real, imaginary, write),
        Value::Bytes(bytes) => write_bytes_repr(bytes, true, write),
        Value::CodePoint(point) => write_code_point(point, write),
    }
}

/// Text of limited length.
struct ShortText {
    text: [u8; 48],
    length: usize,
}

impl ShortText {
    fn new() -> Self {
        Self { text: [0; 48], length: 0 }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.text.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.push(byte));
    }

    fn zeros(&mut self, count: usize) {
        (0..count).for_each(|_| self.push(b'0'));
    }

    fn as_slice(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or(&self.text)
    }
}

fn write_integer(negative: bool, mut number: u64, write: &mut Write<'_>) -> Result<()> {
    // A sign and 20 digits.
    let mut text = [0; 21];
    let mut start = text.len();
    for place in text.iter_mut().rev() {
        if start < 21 && number == 0 {
            if negative {
                *place = b'-';
                start -= 1;
            }
            break;
        }
        *place = b'0' | (number % 10) as u8;
        number /= 10;
        start -= 1;
    }
    write(text.get(start..).unwrap_or(&[]))
}

/// How `repr` writes a float, or a part of a complex number.
#[derive(Clone, Copy)]
struct Style {
    /// `.0` after a number that looks like an integer.
    whole: bool,
    /// `+` before a number without a `-`.
    plus: bool,
}

fn write_float(number: f64, style: Style, write: &mut Write<'_>) -> Result<()> {
    let mut line = ShortText::new();
    // The sign of a NaN is not shown.
    if number.is_sign_negative() && !number.is_nan() {
        line.push(b'-');
    } else if style.plus {
        line.push(b'+');
    }
    if number.is_nan() {
        line.extend(b"nan");
    } else if number.is_infinite() {
        line.extend(b"inf");
    } else {
        Decimal::of(number.abs()).lay_out(style, &mut line);
    }
    write(line.as_slice())
}

/// The digits of a finite number, of which the first is not 0 unless the number is, and the last not unless it is the
/// only one.
struct Decimal {
    digits: ShortText,
    /// The number of digits before the decimal point.
    point: i32,
}

impl Decimal {
    /// The digits of a number that is finite and not negative.
    fn of(number: f64) -> Self {
        let mut buffer = ryu::Buffer::new();
        // Such as 0.0, 1.5, 1200.0, 0.0012, 1e16, 1.2e-7.
        let text = buffer.format_finite(number).as_bytes();
        let mut digits = ShortText::new();
        let mut point = 0_i32;
        let mut rest = text.iter();
        let mut behind = false;
        for &byte in rest.by_ref() {
            match byte {
                b'e' => break,
                b'.' => behind = true,
                b'0' if digits.length == 0 => point -= i32::from(behind),
                _ => {
                    digits.push(byte);
                    point += i32::from(!behind);
                }
            }
        }
        let (mut exponent, mut negative) = (0_i32, false);
        for &byte in rest {
            match byte {
                b'-' => negative = true,
                _ => exponent = exponent * 10 + i32::from(byte & 0x0f),
            }
        }
        point += if negative { -exponent } else { exponent };
        while let [_, .., b'0'] = digits.as_slice() {
            digits.length -= 1;
        }
        if digits.length == 0 {
            digits.push(b'0');
            point = 1;
        }
        Self { digits, point }
    }

    /// As `float_repr_style` "short" has it.
    fn lay_out(&self, style: Style, line: &mut ShortText) {
        let digits = self.digits.as_slice();
        if !(-3..=16).contains(&self.point) {
            let exponent = self.point - 1;
            let (first, others) = digits.split_at_checked(1).unwrap_or((digits, &[]));
            line.extend(first);
            if !others.is_empty() {
                line.push(b'.');
                line.extend(others);
            }
            line.extend(if exponent < 0 { b"e-" } else { b"e+" });
            let exponent = exponent.unsigned_abs();
            if exponent >= 100 {
                line.push(b'0' | (exponent / 100) as u8);
            }
            line.push(b'0' | (exponent / 10 % 10) as u8);
            line.push(b'0' | (exponent % 10) as u8);
        } else if self.point <= 0 {
            line.extend(b"0.");
            line.zeros(self.point.unsigned_abs() as usize);
            line.extend(digits);
        } else {
            let point = self.point.unsigned_abs() as usize;
            match digits.split_at_checked(point) {
                Some((before, behind @ [_, ..])) => {
                    line.extend(before);
                    line.push(b'.');
                    line.extend(behind);
                }
                _ => {
                    line.extend(digits);
                    line.zeros(point.saturating_sub(digits.len()));
                    line.extend(if style.whole { b".0" } else { b"" });
                }
            }
        }
    }
}

fn write_complex(real: f64, imaginary: f64, write: &mut Write<'_>) -> Result<()> {
    let style = Style { whole: false, plus: false };
    if real == 0.0 && real.is_sign_positive() {
        write_float(imaginary, style, write)?;
        return write(b"j");
    }
    write(b"(")?;
    write_float(real, style, write)?;
    write_float(imaginary, Style { plus: true, ..style }, write)?;
    write(b"j)")
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The lowest hexadecimal digits of a number.
fn hex_digits<const N: usize>(number: u32) -> [u8; N] {
    let mut left = number;
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit = HEX.get((left & 15) as usize).copied().unwrap_or(b'0');
        left >>= 4;
    }
    digits
}

/// The escape of two characters that a character has inside these quotes.
fn short_escape(character: u32, quote: u8) -> Option<&'static [u8]> {
    Some(match u8::try_from(character).ok()? {
        b'\t' => b"\\t",
        b'\n' => b"\\n",
        b'\r' => b"\\r",
        b'\\' => b"\\\\",
        b'\'' if quote == b'\'' => b"\\'",
        _ => return None,
    })
}

fn is_plain(byte: u8, quote: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'\\' && byte != quote
}

/// Writes bytes as Python's `repr` does; in double quotes only where `smart_quotes` spares them a backslash. CPython:
/// `PyBytes_Repr`.
///
/// # Errors
/// Those of `write`.
pub(crate) fn write_bytes_repr(bytes: &[u8], smart_quotes: bool, write: &mut Write<'_>) -> Result<()> {
    let is_double = smart_quotes && bytes.contains(&b'\'') && !bytes.contains(&b'"');
    let quote = if is_double { b'"' } else { b'\'' };
    write(&[b'b', quote])?;
    let mut rest = bytes;
    loop {
        let plain = rest.iter().position(|&byte| !is_plain(byte, quote)).unwrap_or(rest.len());
        let (before, behind) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        if !before.is_empty() {
            write(before)?;
        }
        let Some((&byte, after)) = behind.split_first() else { break };
        match short_escape(byte.into(), quote) {
            Some(escape) => write(escape)?,
            None => {
                let [high, low] = hex_digits(byte.into());
                write(&[b'\\', b'x', high, low])?;
            }
        }
        rest = after;
    }
    write(&[quote])
}

fn write_code_point(point: u32, write: &mut Write<'_>) -> Result<()> {
    let quote = if point == u32::from(b'\'') { b'"' } else { b'\'' };
    let mut line = ShortText::new();
    line.push(quote);
    match (u8::try_from(point), u16::try_from(point), short_escape(point, quote)) {
        (Ok(byte), ..) if is_plain(byte, quote) => line.push(byte),
        (.., Some(escape)) => line.extend(escape),
        (Ok(_), ..) => {
            line.extend(b"\\x");
            line.extend(&hex_digits::<2>(point));
        }
        (_, Ok(_), _) => {
            line.extend(b"\\u");
            line.extend(&hex_digits::<4>(point));
        }
        _ => {
            line.extend(b"\\U");
            line.extend(&hex_digits::<8>(point));
        }
    }
    line.push(quote);
    write(line.as_slice())
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::super::long_double::LongDouble;
    use super::*;
    use crate::error::Error;

    fn repr(value: Value<'_>) -> String {
        let mut text = String::new();
        let result = write_repr(&value, &mut |piece| {
            text.extend(piece.iter().map(|&byte| char::from(byte)));
            Ok(())
        });
        assert_eq!(result, Ok(()));
        assert!(text.is_ascii());
        text
    }

    #[test]
    fn integers_have_all_their_digits() {
        assert_eq!(repr(Value::Signed(i64::MIN)), "-9223372036854775808");
        assert_eq!(repr(Value::Unsigned(u64::MAX)), "18446744073709551615");
        assert_eq!(repr(Value::Signed(-7)), "-7");
        assert_eq!(repr(Value::Bits(0)), "0");
        assert_eq!(repr(Value::Address(10)), "10");
        assert_eq!(repr(Value::Bool(true)), "True");
        assert_eq!(repr(Value::Bool(false)), "False");
    }

    #[test]
    fn floats_are_pythons() {
        let texts = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e16, "1.5e+16"),
            (123_456.75, "123456.75"),
            (1e-4, "0.0001"),
            (0.000_123, "0.000123"),
            (1e-5, "1e-05"),
            (-1.25e-7, "-1.25e-07"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (f64::NEG_INFINITY, "-inf"),
            (-f64::NAN, "nan"),
        ];
        for (number, text) in texts {
            assert_eq!(repr(Value::Float(number)), text);
        }
        assert_eq!(repr(Value::LongDouble(LongDouble::from(0.1))), "0.1");
    }

    #[test]
    fn complex_numbers_are_pythons() {
        assert_eq!(repr(Value::Complex(1.0, 2.0)), "(1+2j)");
        assert_eq!(repr(Value::Complex(0.0, -1.0)), "-1j");
        assert_eq!(repr(Value::Complex(-0.0, 1.0)), "(-0+1j)");
        assert_eq!(repr(Value::Complex(f64::NAN, -f64::NAN)), "(nan+nanj)");
    }

    #[test]
    fn quotes_are_chosen_and_the_rest_is_escaped() {
        assert_eq!(repr(Value::Bytes(b"a\"'\\\x00\xff\n")), r#"b'a"\'\\\x00\xff\n'"#);
        assert_eq!(repr(Value::Bytes(b"it's")), r#"b"it's""#);
        assert_eq!(repr(Value::Bytes(b"")), "b''");
        assert_eq!(repr(Value::CodePoint(0x27)), r#""'""#);
        assert_eq!(repr(Value::CodePoint(0x22)), r#"'"'"#);
        for (point, text) in
            [(9, r"'\t'"), (10, r"'\n'"), (11, r"'\x0b'"), (13, r"'\r'"), (0x5c, r"'\\'"), (0x7f, r"'\x7f'")]
        {
            assert_eq!(repr(Value::CodePoint(point)), text);
        }
        assert_eq!(repr(Value::CodePoint(0xe9)), r"'\xe9'");
        assert_eq!(repr(Value::CodePoint(0x20ac)), r"'\u20ac'");
        assert_eq!(repr(Value::CodePoint(0x1f40d)), r"'\U0001f40d'");
        assert_eq!(repr(Value::CodePoint(u32::MAX)), r"'\Uffffffff'");
    }

    #[test]
    fn an_error_of_the_writer_ends_it() {
        let mut pieces: usize = 0;
        let result = write_repr(&Value::Bytes(b"a\n"), &mut |_| {
            pieces = pieces.saturating_add(1);
            if pieces == 2 { Err(Error::Raised) } else { Ok(()) }
        });
        assert_eq!((result, pieces), (Err(Error::Raised), 2));
    }
}
