//! From the text of a format to runs of equal elements, each at its offset in the item.
//!
//! CPython's counterpart is `prepare_s` in `_struct.c`, which stores its runs (`formatcode`). Here the text itself is the
//! only store: whoever needs the runs parses it again, which costs a few instructions per code and no memory.

use core::ffi::CStr;

use super::codes::{Kind, Mode, Order, lookup};
use crate::error::{Argument, Error, Kind as ErrorKind, Result};

/// No item can be larger than this (`PY_SSIZE_T_MAX`); a `usize` that passed this check fits an `isize`.
pub(super) const MAX: usize = isize::MAX.cast_unsigned();

/// One element, and how to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) kind: Kind,
    pub(super) order: Order,
    /// In bytes. For `s` and `p` this is the count before the code, as they are one element of that length.
    pub(super) size: usize,
}

/// Equal elements that follow each other without gaps, each of them a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) element: Element,
    /// Where in the item the first one begins.
    pub(super) offset: usize,
    /// How many there are; at least one.
    pub(super) repeat: usize,
}

impl Run {
    /// The run without its first elements, `None` if none are left.
    pub(super) fn skip(self, count: usize) -> Option<Self> {
        let repeat = self.repeat.checked_sub(count).filter(|&left| left > 0)?;
        let offset = self.element.size.checked_mul(count)?.checked_add(self.offset)?;
        Some(Self { offset, repeat, ..self })
    }
}

/// Reads a format from left to right. What has no value (pads, counts of zero) moves `offset` and yields no run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parser<'f> {
    /// The whole text, to say where in it an error is.
    text: &'f [u8],
    rest: &'f [u8],
    mode: Mode,
    /// The size of all that was read so far; never more than [`MAX`].
    offset: usize,
}

impl<'f> Parser<'f> {
    fn new(text: &'f [u8]) -> Self {
        let (mode, rest) = match text.split_first() {
            Some((&first, rest)) if let Some(mode) = Mode::of_prefix(first) => (mode, rest),
            _ => (Mode::NATIVE, text),
        };
        Self { text, rest, mode, offset: 0 }
    }

    /// The next run, `None` at the end of the format. After an error the parser is of no more use.
    pub(super) fn next_run(&mut self) -> Result<Option<Run>> {
        while let Some(byte) = self.take() {
            if is_space(byte) {
                continue;
            }
            let (count, letter) = match digit(byte) {
                Some(first) => self.count(first)?,
                None => (1, byte),
            };
            let (mut element, align) = self.element(letter)?;
            let (offset, end) = place(self.offset, align, element.size, count)
                .ok_or_else(|| self.error(c"the item is too large at byte %zd of the format"))?;
            self.offset = end;
            let repeat = match element.kind {
                Kind::Pad => continue,
                Kind::Bytes | Kind::Pascal => {
                    element.size = count;
                    1
                }
                _ if count == 0 => continue,
                _ => count,
            };
            return Ok(Some(Run { element, offset, repeat }));
        }
        Ok(None)
    }

    /// The rest of a count that begins with this digit, and the code that must follow at once.
    fn count(&mut self, first: usize) -> Result<(usize, u8)> {
        let mut count = first;
        while let Some(byte) = self.take() {
            let Some(digit) = digit(byte) else { return Ok((count, byte)) };
            count = count
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(digit))
                .filter(|&count| count <= MAX)
                .ok_or_else(|| self.error(c"the repeat count is too large at byte %zd of the format"))?;
        }
        Err(self.error(c"a repeat count without a format code after it: the last character is byte %zd of the format"))
    }

    /// The element of a code in the mode of this format, and its alignment.
    fn element(&self, letter: u8) -> Result<(Element, usize)> {
        let code = lookup(letter).ok_or_else(|| {
            self.error(c"expected one of the format codes xcbB?hHiIlLqQnNefdspP at byte %zd of the format")
        })?;
        let (size, align) = if self.mode.native {
            (code.native_size, code.native_align)
        } else {
            let size = code.standard_size.ok_or_else(|| {
                self.error(c"a code that only a native format has (n, N, P) at byte %zd: use '@' or no prefix")
            })?;
            (size, 1)
        };
        Ok((Element { kind: code.kind, order: self.mode.order, size: size.into() }, align.into()))
    }

    fn take(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// A `ValueError` about the byte that was taken last; the first byte of the format is byte 0.
    #[cold]
    fn error(&self, text: &'static CStr) -> Error {
        let taken = self.text.len().wrapping_sub(self.rest.len());
        let at = Argument::Size(taken.wrapping_sub(1).cast_signed());
        Error::with(ErrorKind::Value, text, at, Argument::None)
    }
}

/// Where `count` elements begin and end that come after `offset` bytes; `None` if they end beyond [`MAX`].
pub(super) fn place(offset: usize, align: usize, size: usize, count: usize) -> Option<(usize, usize)> {
    let mask = align.wrapping_sub(1);
    let start = offset.checked_add(mask)? & !mask;
    let end = size.checked_mul(count)?.checked_add(start)?;
    (end <= MAX).then_some((start, end))
}

/// C's `isspace` in the C locale: `Py_ISSPACE`.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

pub(super) fn digit(byte: u8) -> Option<usize> {
    byte.is_ascii_digit().then(|| usize::from(byte.wrapping_sub(b'0')))
}

/// A valid format: CPython's `struct.Struct`.
#[derive(Clone, Copy, Debug)]
pub struct Format<'f> {
    parser: Parser<'f>,
    size: usize,
    values: usize,
}

impl<'f> Format<'f> {
    /// Reads the whole format once.
    ///
    /// # Errors
    /// `ValueError` for everything that the `struct` module refuses.
    pub fn new(format: &'f CStr) -> Result<Self> {
        let start = Parser::new(format.to_bytes());
        let mut parser = start;
        let mut values = 0_usize;
        while let Some(run) = parser.next_run()? {
            // Every value takes a byte of the item or of the text, so the sum would only saturate for a text of 2**63.
            values = values.saturating_add(run.repeat);
        }
        Ok(Self { parser: start, size: parser.offset, values })
    }

    /// The size of an item in bytes, without padding at the end: `struct.calcsize`.
    #[must_use]
    pub fn size(&self) -> isize {
        self.size.cast_signed()
    }

    /// How many values an item has.
    #[must_use]
    pub fn values(&self) -> usize {
        self.values
    }

    /// Whether memory of this many bytes holds an item.
    #[must_use]
    pub fn fits(&self, itemsize: usize) -> bool {
        self.size <= itemsize
    }

    /// A parser before the first run, for another pass.
    pub(super) fn parser(&self) -> Parser<'f> {
        self.parser
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{format, vec, vec::Vec};

    fn runs(format: &CStr) -> Result<Vec<(Kind, usize, usize, usize)>> {
        let mut parser = Parser::new(format.to_bytes());
        let mut runs = vec![];
        while let Some(run) = parser.next_run()? {
            runs.push((run.element.kind, run.element.size, run.offset, run.repeat));
        }
        Ok(runs)
    }

    fn size(format: &CStr) -> Option<isize> {
        Format::new(format).ok().map(|format| format.size())
    }

    fn position(format: &CStr) -> Option<isize> {
        match Format::new(format) {
            Err(Error::New { arguments: [Argument::Size(position), _], .. }) => Some(position),
            _ => None,
        }
    }

    #[test]
    fn runs_lie_at_their_native_alignment() {
        assert_eq!(runs(c"b2h"), Ok(vec![(Kind::Signed, 1, 0, 1), (Kind::Signed, 2, 2, 2)]));
        assert_eq!(runs(c"=b2h"), Ok(vec![(Kind::Signed, 1, 0, 1), (Kind::Signed, 2, 1, 2)]));
        assert_eq!(size(c"hb"), Some(3), "no padding at the end");
        assert_eq!(size(c"b0h"), Some(2), "a count of zero aligns");
        assert_eq!(size(c"0hb"), Some(1));
    }

    #[test]
    fn only_values_are_runs() {
        assert_eq!(runs(c"3x 0i 2s 0s"), Ok(vec![(Kind::Bytes, 2, 4, 1), (Kind::Bytes, 0, 6, 1)]));
        assert_eq!(Format::new(c"3x0i").map(|format| format.values()), Ok(0));
        assert_eq!(Format::new(c"3x4i2p").map(|format| format.values()), Ok(5));
    }

    #[test]
    fn space_separates_codes_and_nothing_else() {
        assert_eq!(size(c" \t\n\x0b\x0c\rb 2b "), Some(3));
        assert_eq!(position(c"2 b"), Some(1));
        assert_eq!(position(c" @b"), Some(1));
        assert_eq!(position(c"b\x85"), Some(1));
        assert_eq!(size(c"@ b"), Some(1));
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(position(c"bz"), Some(1));
        assert_eq!(position(c"<bn"), Some(2));
        assert_eq!(position(c"b12"), Some(2));
        assert_eq!(position(c"99999999999999999999999b"), Some(isize::MAX.ilog10() as isize));
        assert_eq!(position(c"@@b"), Some(1));
    }

    #[test]
    fn sizes_and_counts_end_at_the_largest_size() -> core::result::Result<(), std::ffi::NulError> {
        let max = isize::MAX;
        let size = |text: std::string::String| std::ffi::CString::new(text).map(|text| size(&text));
        assert_eq!(size(format!("{max}s"))?, Some(max));
        assert_eq!(size(format!("0000{max}x0s"))?, Some(max));
        assert_eq!(size(format!("{max}x0h"))?, None, "the alignment of nothing passes the end");
        assert_eq!(size(format!("{max}xx"))?, None);
        assert_eq!(size(format!("{}s", max.cast_unsigned().wrapping_add(1)))?, None);
        assert_eq!(size(format!("<{}h", max.wrapping_div(2)))?, Some(max.wrapping_sub(1)));
        assert_eq!(size(format!("<{}hh", max.wrapping_div(2)))?, None);
        assert_eq!(size(format!("<{max}q"))?, None);
        Ok(())
    }
}
