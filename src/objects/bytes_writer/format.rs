//! Bytes from a format and arguments. CPython: `bytes_fromformat`, whose codes are fewer than those of `PyErr_Format`, and
//! whose errors are others.

use core::ffi::{CStr, c_char};

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::message::{Arguments, Length, MessageWriter, decimal, hexadecimal};

use super::Writer;

/// Appends what the format makes of the arguments: `%c` (a byte), `%d %u` (also with `l` and `z`), `%i`, `%x`, `%s` (with a
/// precision above 0), `%p`, `%%`. Widths, flags and other precisions are read over. Anything else ends the format, and the
/// rest of it is appended as it is.
///
/// # Safety
/// The arguments are what the codes say; each `%s` is NULL, or a C string or as many bytes as the precision says.
pub(super) unsafe fn append(out: &mut Writer, format: &CStr, arguments: &mut impl Arguments) -> Result<()> {
    let mut rest = format.to_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        let (plain, directive) = split(rest, at);
        out.push(plain)?;
        let (precision, length, code);
        (precision, rest) = precision_of(directive.get(1..).unwrap_or(&[]));
        (length, code, rest) = match *rest {
            [b'l', code @ (b'd' | b'u'), ref after @ ..] => (Length::Long, code, after),
            [b'z', code @ (b'd' | b'u'), ref after @ ..] => (Length::Size, code, after),
            [code, ref after @ ..] => (Length::Int, code, after),
            [] => (Length::Int, 0, &[][..]),
        };
        let mut text = [0; 24];
        match code {
            b'c' => {
                let value = arguments.integer(Length::Int, true);
                let text = c"PyBytes_FromFormatV(): %c format expects an integer in range [0; 255]";
                out.push(&[u8::try_from(value).map_err(|_| Error::new(ErrorKind::Overflow, text))?])?;
            }
            b'd' | b'i' => {
                let value = arguments.integer(length, true).cast_signed();
                out.push(written(&mut text, |line| decimal(line, value < 0, value.unsigned_abs())))?;
            }
            b'u' => {
                let value = arguments.integer(length, false);
                out.push(written(&mut text, |line| decimal(line, false, value)))?;
            }
            b'x' => {
                let value = arguments.integer(Length::Int, false);
                out.push(written(&mut text, |line| hexadecimal(line, value)))?;
            }
            b'p' => {
                let value = arguments.pointer().addr() as u64;
                out.push(b"0x")?;
                out.push(written(&mut text, |line| hexadecimal(line, value)))?;
            }
            // SAFETY: the caller guarantees that the argument is what the code says.
            b's' => out.push(unsafe { text_of(arguments.pointer(), precision) })?,
            b'%' => out.push(b"%")?,
            _ => return out.push(directive),
        }
    }
    out.push(rest)
}

/// Reads what may stand between `%` and the code. Returns the precision, and the rest.
fn precision_of(directive: &[u8]) -> (usize, &[u8]) {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (_, mut rest) = split(directive, digits(directive));
    let mut precision = 0usize;
    if let Some((b'.', after)) = rest.split_first() {
        let (number, behind) = split(after, digits(after));
        let append = |number: usize, digit: &u8| number.saturating_mul(10).saturating_add((digit - b'0').into());
        precision = number.iter().fold(0, append);
        rest = behind;
    }
    let ignored = rest.iter().take_while(|&&byte| byte != b'%' && !byte.is_ascii_alphabetic()).count();
    (precision, split(rest, ignored).1)
}

/// What is before a place in the text, and what starts there.
fn split(text: &[u8], at: usize) -> (&[u8], &[u8]) {
    text.split_at_checked(at).unwrap_or((text, &[]))
}

/// Writes a number, which fits.
fn written(text: &mut [u8; 24], write: impl FnOnce(&mut MessageWriter)) -> &[u8] {
    // SAFETY: the array may be written for its size.
    let mut line = unsafe { MessageWriter::write(text.as_mut_ptr(), text.len()) };
    write(&mut line);
    let length = line.length;
    text.get(..length).unwrap_or(&[])
}

/// The bytes of a `%s`, all or at most as many as a precision above 0.
///
/// # Safety
/// As [`append`].
unsafe fn text_of<'a>(text: *const c_char, precision: usize) -> &'a [u8] {
    if text.is_null() {
        return b"(null)";
    }
    let limit = if precision == 0 { usize::MAX } else { precision };
    // SAFETY: the caller guarantees a C string, or as many bytes.
    unsafe { core::slice::from_raw_parts(text.cast(), libc::strnlen(text, limit)) }
}
