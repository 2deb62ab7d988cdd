//! Text from a format and arguments: the codes of CPython's `PyErr_Format` that need no Python object.
//!
//! `%d %i %u %x %X %o` with `l ll z j t`, `%c`, `%s`, `%ls`, `%p`, `%%`; flags `-` and `0`; width and precision, also `*`.
//! Any other code is a `SystemError`, as is one that takes an object. Text is rendered twice: once to measure, once into
//! memory.

use core::ffi::{CStr, c_char};

use crate::error::{Argument, Error, ErrorKind, Result};

/// The length modifier of an integer code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// `int`
    Int,
    /// `l`
    Long,
    /// `ll`
    LongLong,
    /// `z`
    Size,
    /// `j`
    Max,
    /// `t`
    Pointer,
}

/// A source of arguments, in order.
pub(crate) trait Arguments {
    /// The next signed integer, or unsigned one, as the bits of the widest.
    fn integer(&mut self, length: Length, signed: bool) -> u64;
    /// The next pointer.
    fn pointer(&mut self) -> *const c_char;
}

/// The arguments of an [`Error`].
impl Arguments for core::slice::Iter<'_, Argument> {
    fn integer(&mut self, _: Length, _: bool) -> u64 {
        match self.next() {
            Some(Argument::Size(size)) => *size as u64,
            _ => 0,
        }
    }

    fn pointer(&mut self) -> *const c_char {
        match self.next() {
            Some(Argument::Text(text)) => *text,
            _ => c"?".as_ptr(),
        }
    }
}

/// An output that counts text, and writes as much as fits.
pub(crate) struct MessageWriter {
    memory: *mut u8,
    room: usize,
    /// The bytes of all text so far.
    pub(crate) length: usize,
}

impl MessageWriter {
    /// Only counts.
    pub(crate) fn measure() -> Self {
        Self { memory: core::ptr::null_mut(), room: 0, length: 0 }
    }

    /// Writes to `memory`.
    ///
    /// # Safety
    /// `room` bytes may be written at `memory` for the life of this value.
    pub(crate) unsafe fn write(memory: *mut u8, room: usize) -> Self {
        Self { memory, room, length: 0 }
    }

    pub(crate) fn push(&mut self, text: &[u8]) {
        for &byte in text {
            if self.length < self.room {
                // SAFETY: `write`'s contract: `length` is within the room.
                unsafe { self.memory.add(self.length).write(byte) };
            }
            self.length = self.length.saturating_add(1);
        }
    }

    /// Appends a number in decimal digits.
    pub(crate) fn decimal(&mut self, number: usize) {
        decimal(self, false, number as u64);
    }

    /// Appends a byte any number of times; what does not fit is counted at once.
    fn repeat(&mut self, byte: u8, times: usize) {
        let here = times.min(self.room.saturating_sub(self.length));
        if here != 0 {
            // SAFETY: `write`'s contract: from `length` on there is room for as many.
            unsafe { self.memory.add(self.length).write_bytes(byte, here) };
        }
        self.length = self.length.saturating_add(times);
    }
}

/// The part of a directive between `%` and the code.
#[derive(Default)]
struct Spec {
    left: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    /// A width or a precision was given, whatever it is.
    sized: bool,
}

/// Renders `format` with its arguments into `out`.
///
/// # Errors
/// `SystemError` for an unknown code, `ValueError` for a format that is not ASCII or a width or precision above the
/// greatest size, `MemoryError` for a text larger than memory, `OverflowError` for a `%c` that is not a character.
///
/// # Safety
/// The arguments are what the codes say; each `%s` is a C string (or has as many bytes as the precision), each `%ls` a
/// wide C string.
pub(crate) unsafe fn render(format: &CStr, arguments: &mut dyn Arguments, out: &mut MessageWriter) -> Result<()> {
    let mut rest = format.to_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte != b'%' {
            if !byte.is_ascii() {
                return Err(not_ascii(byte));
            }
            out.push(&[byte]);
            rest = after;
            continue;
        }
        // The rest of the format ends with the NUL of the format.
        let shown = Argument::Text(rest.as_ptr().cast());
        let invalid = Error::with(ErrorKind::System, c"invalid format string: %s", shown, Argument::None);
        let invalid = rest.iter().find(|byte| !byte.is_ascii()).map_or(invalid, |&byte| not_ascii(byte));
        rest = after;
        let spec = spec(&mut rest, arguments)?;
        // As in CPython, a percent sign stands alone, and the others take no width or precision, though flags without effect.
        let bare = rest.len() == after.len();
        let (length, code) = length(&mut rest);
        if matches!(code, Some(b'%')) && !bare || matches!(code, Some(b'c' | b'p')) && spec.sized {
            return Err(invalid);
        }
        match (code, length) {
            (Some(b'%'), None) => out.push(b"%"),
            (Some(b'd' | b'i'), length) => {
                let value = arguments.integer(length.unwrap_or(Length::Int), true).cast_signed();
                integer(out, &spec, value < 0, value.unsigned_abs(), 10, false);
            }
            (Some(code @ (b'u' | b'x' | b'X' | b'o')), length) => {
                let value = arguments.integer(length.unwrap_or(Length::Int), false);
                let base = if code == b'u' {
                    10
                } else if code == b'o' {
                    8
                } else {
                    16
                };
                integer(out, &spec, false, value, base, code == b'X');
            }
            (Some(b'c'), None) => {
                let value = arguments.integer(Length::Int, false);
                match u32::try_from(value).ok().filter(|&point| point < 0x11_0000) {
                    Some(point) => {
                        let character = char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER);
                        padded(out, &spec, 1, |out| out.push(character.encode_utf8(&mut [0; 4]).as_bytes()));
                    }
                    None => {
                        return Err(Error::new(ErrorKind::Overflow, c"character argument not in range(0x110000)"));
                    }
                }
            }
            // SAFETY: the caller guarantees that the argument is what the code says.
            (Some(b's'), None) => unsafe { text(out, &spec, arguments.pointer()) },
            // SAFETY: the caller guarantees that the argument is what the code says.
            (Some(b's'), Some(Length::Long)) => unsafe { wide_text(out, &spec, arguments.pointer().cast()) },
            (Some(b'p'), None) => {
                out.push(b"0x");
                let spec = Spec::default();
                integer(out, &spec, false, arguments.pointer().addr() as u64, 16, false);
            }
            _ => return Err(invalid),
        }
        if out.length > LONGEST {
            return Err(Error::no_memory());
        }
    }
    Ok(())
}

/// The error for a byte of the format.
fn not_ascii(byte: u8) -> Error {
    Error::with(
        ErrorKind::Value,
        c"PyUnicode_FromFormatV() expects an ASCII-encoded format string, got a non-ASCII byte: 0x%02zx",
        Argument::Size(byte.into()),
        Argument::None,
    )
}

/// The longest text: a width or a precision may ask for any.
const LONGEST: usize = isize::MAX.unsigned_abs();

/// Reads flags, width and precision.
fn spec(rest: &mut &[u8], arguments: &mut dyn Arguments) -> Result<Spec> {
    let mut spec = Spec::default();
    loop {
        match rest.split_first() {
            Some((b'-', after)) => (spec.left, *rest) = (true, after),
            Some((b'0', after)) => (spec.zero, *rest) = (true, after),
            // CPython accepts it without effect here.
            Some((b'#', after)) => *rest = after,
            _ => break,
        }
    }
    if let Some(width) = number(rest, arguments, c"width too big")? {
        spec.sized = true;
        spec.left |= width < 0;
        spec.width = width.unsigned_abs();
    }
    if let Some((b'.', after)) = rest.split_first() {
        *rest = after;
        // As in CPython and unlike C, a missing number counts as not given, and a negative one, which only `*` has, as 0.
        let precision = number(rest, arguments, c"precision too big")?;
        spec.sized |= precision.is_some();
        spec.precision = precision.map(|precision| usize::try_from(precision).unwrap_or(0));
    }
    Ok(spec)
}

/// Reads a decimal number, or takes an argument for `*`.
fn number(rest: &mut &[u8], arguments: &mut dyn Arguments, too_big: &'static CStr) -> Result<Option<isize>> {
    if let Some((b'*', after)) = rest.split_first() {
        *rest = after;
        return Ok(Some(arguments.integer(Length::Int, true).cast_signed() as isize));
    }
    let mut number = None;
    while let Some((&digit @ b'0'..=b'9', after)) = rest.split_first() {
        let digit = isize::from(digit - b'0');
        let next = number.unwrap_or(0isize).checked_mul(10).and_then(|tens| tens.checked_add(digit));
        number = Some(next.ok_or(Error::value(too_big))?);
        *rest = after;
    }
    Ok(number)
}

/// Reads the length modifier and the code.
fn length(rest: &mut &[u8]) -> (Option<Length>, Option<u8>) {
    let (length, after) = match *rest {
        [b'l', b'l', after @ ..] => (Some(Length::LongLong), after),
        [b'l', after @ ..] => (Some(Length::Long), after),
        [b'z', after @ ..] => (Some(Length::Size), after),
        [b'j', after @ ..] => (Some(Length::Max), after),
        [b't', after @ ..] => (Some(Length::Pointer), after),
        other => (None, other),
    };
    let code = after.split_first();
    *rest = code.map_or(after, |(_, behind)| behind);
    (length, code.map(|(code, _)| *code))
}

/// Writes text of `size` characters, padded with blanks to the width.
fn padded(out: &mut MessageWriter, spec: &Spec, size: usize, write: impl FnOnce(&mut MessageWriter)) {
    let blanks = spec.width.saturating_sub(size);
    if !spec.left {
        out.repeat(b' ', blanks);
    }
    write(out);
    if spec.left {
        out.repeat(b' ', blanks);
    }
}

/// Writes a number in decimal digits.
pub(crate) fn decimal(out: &mut MessageWriter, negative: bool, number: u64) {
    integer(out, &Spec::default(), negative, number, 10, false);
}

/// Writes a number in hexadecimal digits.
pub(crate) fn hexadecimal(out: &mut MessageWriter, number: u64) {
    integer(out, &Spec::default(), false, number, 16, false);
}

fn integer(out: &mut MessageWriter, spec: &Spec, negative: bool, value: u64, base: u64, upper: bool) {
    // 22 octal digits hold 64 bits.
    let mut digits = [0u8; 22];
    let mut count = 0usize;
    let mut left = value;
    for place in digits.iter_mut().rev() {
        let digit = (left % base) as u8;
        *place = match (digit, upper) {
            (0..=9, _) => b'0' | digit,
            (_, false) => digit + (b'a' - 10),
            (_, true) => digit + (b'A' - 10),
        };
        count += 1;
        left /= base;
        if left == 0 {
            break;
        }
    }
    let sign = usize::from(negative);
    let mut zeros = spec.precision.unwrap_or(0).saturating_sub(count);
    if spec.zero && !spec.left {
        zeros = zeros.max(spec.width.saturating_sub(count).saturating_sub(sign));
    }
    padded(out, spec, sign.saturating_add(zeros).saturating_add(count), |out| {
        out.push(if negative { b"-" } else { b"" });
        out.repeat(b'0', zeros);
        out.push(digits.get(digits.len() - count..).unwrap_or(&[]));
    });
}

/// # Safety
/// `text` is NULL, or a C string or has as many bytes as the precision.
unsafe fn text(out: &mut MessageWriter, spec: &Spec, text: *const c_char) {
    if text.is_null() {
        return padded(out, spec, 6, |out| out.push(b"(null)"));
    }
    let limit = spec.precision.unwrap_or(usize::MAX);
    // SAFETY: the caller guarantees that the text is a C string, or has as many bytes as the precision.
    let bytes = unsafe {
        let length = libc::strnlen(text, limit);
        core::slice::from_raw_parts(text.cast::<u8>(), length)
    };
    // As in CPython 3.14, a character that the precision cuts is left out. Other invalid UTF-8 is replaced.
    let bytes = if bytes.len() == limit { whole_characters(bytes) } else { bytes };
    let size = bytes.utf8_chunks().fold(0usize, |size, chunk| {
        let replaced = usize::from(!chunk.invalid().is_empty());
        size + chunk.valid().chars().count() + replaced
    });
    padded(out, spec, size, |out| {
        for chunk in bytes.utf8_chunks() {
            out.push(chunk.valid().as_bytes());
            if !chunk.invalid().is_empty() {
                out.push("\u{fffd}".as_bytes());
            }
        }
    });
}

/// The text without the start of a character at its end.
fn whole_characters(text: &[u8]) -> &[u8] {
    let last = text.utf8_chunks().last().map_or(&[][..], |chunk| chunk.invalid());
    let is_cut = core::str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
    text.strip_suffix(last).filter(|_| is_cut).unwrap_or(text)
}

/// # Safety
/// `text` is NULL, or a wide C string or has as many characters as the precision.
unsafe fn wide_text(out: &mut MessageWriter, spec: &Spec, text: *const libc::wchar_t) {
    if text.is_null() {
        return padded(out, spec, 6, |out| out.push(b"(null)"));
    }
    let limit = spec.precision.unwrap_or(usize::MAX);
    let mut size = 0usize;
    // SAFETY: the caller guarantees that the text is a wide C string, or has as many characters as the precision: everything up
    // to the NUL or the limit may be read.
    while size < limit && unsafe { text.add(size).read() } != 0 {
        size += 1;
    }
    padded(out, spec, size, |out| {
        for at in 0..size {
            // SAFETY: before the end that was found.
            let point = unsafe { text.add(at).read() } as u32;
            let character = char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.push(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    });
}
