//! Subscripts as text, in Python's syntax: `1:-1, ::2, ..., None, 0`.

use core::ffi::CStr;

use super::subscript::Subscript;
use crate::error::{Argument, Error, ErrorKind, Result};

/// Subscripts that have been read once without an error.
#[derive(Clone, Debug)]
pub struct SubscriptText<'t> {
    reader: Reader<'t>,
}

impl<'t> SubscriptText<'t> {
    /// Reads the text: one subscript or more, with commas between them, and perhaps one at the end.
    ///
    /// # Errors
    /// `ValueError` that says what was expected, and at which byte.
    pub fn new(text: &'t CStr) -> Result<Self> {
        let reader = Reader { rest: text.to_bytes(), at: 0 };
        let mut checked = reader.clone();
        checked.next()?.ok_or_else(|| checked.expected(SUBSCRIPT))?;
        while checked.next()?.is_some() {}
        Ok(Self { reader })
    }
}

impl Iterator for SubscriptText<'_> {
    type Item = Subscript;

    fn next(&mut self) -> Option<Subscript> {
        self.reader.next().ok().flatten()
    }
}

const SUBSCRIPT: &CStr = c"expected a number, ':', '...' or None at byte %zd of the subscripts";
const COMMA: &CStr = c"expected ',' at byte %zd of the subscripts";

/// What a slice has at one of its ends; the outer `None` where there is nothing.
type Bound = Option<Option<isize>>;

#[derive(Clone, Debug)]
struct Reader<'t> {
    rest: &'t [u8],
    /// The number of bytes before the rest.
    at: usize,
}

impl Reader<'_> {
    fn expected(&self, text: &'static CStr) -> Error {
        Error::with(ErrorKind::Value, text, Argument::count(self.at), Argument::None)
    }

    fn take(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or(&[]);
        self.at = self.at.saturating_add(count);
    }

    fn skip_space(&mut self) {
        let space = self.rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b).count();
        if space != 0 {
            self.take(space);
        }
    }

    /// Takes this text, and the space after it, if it comes next.
    fn accept(&mut self, text: &[u8]) -> bool {
        let found = self.rest.starts_with(text);
        if found {
            self.take(text.len());
            self.skip_space();
        }
        found
    }

    /// The next subscript, with the comma after it; `None` at the end of the text.
    fn next(&mut self) -> Result<Option<Subscript>> {
        self.skip_space();
        if self.rest.is_empty() {
            return Ok(None);
        }
        let subscript = if self.accept(b"...") {
            Subscript::Ellipsis
        } else if self.accept(b"newaxis") {
            Subscript::NewAxis
        } else {
            self.numbers()?
        };
        if self.rest.is_empty() || self.accept(b",") { Ok(Some(subscript)) } else { Err(self.expected(COMMA)) }
    }

    /// An index or a slice, or the `None` that is a new axis.
    fn numbers(&mut self) -> Result<Subscript> {
        let start = self.bound()?;
        if !self.accept(b":") {
            return match start {
                Some(Some(index)) => Ok(Subscript::Index(index)),
                Some(None) => Ok(Subscript::NewAxis),
                None => Err(self.expected(SUBSCRIPT)),
            };
        }
        let stop = self.bound()?;
        let step = if self.accept(b":") { self.bound()? } else { None };
        Ok(Subscript::Slice { start: start.flatten(), stop: stop.flatten(), step: step.flatten() })
    }

    /// A number, which saturates, as a slice does in Python; or `None`; or nothing.
    fn bound(&mut self) -> Result<Bound> {
        if self.accept(b"None") {
            return Ok(Some(None));
        }
        let (mut negative, mut signed) = (false, false);
        while let Some(sign @ (b'-' | b'+')) = self.rest.first() {
            signed = true;
            negative ^= *sign == b'-';
            self.take(1);
            self.skip_space();
        }
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return if signed {
                Err(self.expected(c"expected a number at byte %zd of the subscripts"))
            } else {
                Ok(None)
            };
        }
        let digits = self.rest.get(..digits).unwrap_or(&[]);
        let number = digits.iter().fold(0_isize, |number, digit| {
            let digit = isize::from(digit - b'0');
            let ten = number.saturating_mul(10);
            if negative { ten.saturating_sub(digit) } else { ten.saturating_add(digit) }
        });
        self.take(digits.len());
        self.skip_space();
        Ok(Some(Some(number)))
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn read(text: &CStr) -> Result<Vec<Subscript>> {
        SubscriptText::new(text).map(Iterator::collect)
    }

    fn slice(start: Option<isize>, stop: Option<isize>, step: Option<isize>) -> Subscript {
        Subscript::Slice { start, stop, step }
    }

    #[test]
    fn all_kinds_are_read() {
        let all = [slice(Some(1), Some(-1), None), slice(None, None, Some(2)), Subscript::Ellipsis];
        let rest = [Subscript::NewAxis, Subscript::Index(0)];
        assert_eq!(read(c"1:-1, ::2, ..., None, 0"), Ok([&all[..], &rest].concat()));
        assert_eq!(read(c"1:-1,::2,...,newaxis,0,"), Ok([&all[..], &rest].concat()));
        assert_eq!(read(c" \t- 1\n: + 2 : --3 , "), Ok(std::vec![slice(Some(-1), Some(2), Some(3))]));
        assert_eq!(read(c"None:None:None"), Ok(std::vec![Subscript::ALL]));
        assert_eq!(read(c":"), Ok(std::vec![Subscript::ALL]));
        assert_eq!(read(c"007"), Ok(std::vec![Subscript::Index(7)]));
    }

    #[test]
    fn numbers_saturate() {
        assert_eq!(read(c"99999999999999999999"), Ok(std::vec![Subscript::Index(isize::MAX)]));
        assert_eq!(read(c"-99999999999999999999:"), Ok(std::vec![slice(Some(isize::MIN), None, None)]));
        assert_eq!(read(c"-9223372036854775808"), Ok(std::vec![Subscript::Index(isize::MIN)]));
    }

    #[test]
    fn errors_name_the_byte() {
        let at = |text: &CStr| match read(text) {
            Err(Error::New { kind: ErrorKind::Value, arguments: [Argument::Size(at), _], .. }) => Some(at),
            _ => None,
        };
        for (text, byte) in [
            (c"", 0),
            (c"  ", 2),
            (c",", 0),
            (c"1,,2", 2),
            (c"1 2", 2),
            (c"1:2:3:4", 5),
            (c"..", 0),
            (c"....", 3),
            (c"a", 0),
            (c"[0]", 0),
            (c"1:x", 2),
            (c"-", 1),
            (c"0, -:", 4),
            (c"Nonesuch", 4),
            (c"1_000", 1),
            (c"0.5", 1),
        ] {
            assert_eq!(at(text), Some(byte), "{text:?}");
        }
    }
}
