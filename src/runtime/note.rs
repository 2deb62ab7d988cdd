//! Text of limited length for the message of an error: values, shapes, formats.

use core::ffi::CStr;
use core::mem::MaybeUninit;

use crate::error::{Argument, Error, ErrorKind, Result};

use super::indicator;
use super::message::MessageWriter;

/// The most bytes of a note; what is longer ends in three dots.
const ROOM: usize = 400;

/// Text on the stack, to which the arguments of an error may point.
pub(crate) struct Note {
    /// Not written where there is no text yet: most calls succeed.
    text: [MaybeUninit<u8>; ROOM + 1],
    length: usize,
}

/// Runs `act`, whose error may have texts of the note as arguments. The error becomes pending after everything that `act` holds
/// has been given up, since whatever was pending before is dropped then, which may run foreign code.
pub(crate) fn with_note<R>(act: impl FnOnce(&mut Note) -> Result<R>) -> Result<R> {
    let mut note = Note::empty();
    act(&mut note).map_err(|error| {
        indicator::raise(error);
        Error::Raised
    })
}

impl Note {
    const fn empty() -> Self {
        Self { text: [const { MaybeUninit::uninit() }; ROOM + 1], length: 0 }
    }

    /// Appends text.
    pub(crate) fn push(&mut self, text: &[u8]) {
        for &byte in text {
            match self.text.get_mut(self.length).filter(|_| self.length < ROOM) {
                Some(place) => *place = MaybeUninit::new(byte),
                None => self.end_in_dots(),
            }
            self.length = self.length.saturating_add(1).min(ROOM);
        }
    }

    fn end_in_dots(&mut self) {
        for place in self.text.get_mut(ROOM - 3..ROOM).into_iter().flatten() {
            *place = MaybeUninit::new(b'.');
        }
    }

    /// Appends a format in quotation marks.
    pub(crate) fn format(&mut self, format: &CStr) {
        self.push(b"'");
        self.push(format.to_bytes());
        self.push(b"'");
    }

    /// Appends a shape as Python writes it: `(2, 3)`, `(2,)`.
    pub(crate) fn shape(&mut self, shape: &[isize]) {
        self.tuple(shape.iter().copied());
    }

    /// Appends numbers as Python writes a tuple of them.
    pub(crate) fn tuple(&mut self, numbers: impl ExactSizeIterator<Item = isize>) {
        let count = numbers.len();
        self.push(b"(");
        for (place, number) in numbers.enumerate() {
            if place != 0 {
                self.push(b", ");
            }
            if number < 0 {
                self.push(b"-");
            }
            let mut digits = [0; 20];
            // SAFETY: the writer lives no longer than the digits, of which no number has more.
            let mut writer = unsafe { MessageWriter::write(digits.as_mut_ptr(), digits.len()) };
            writer.decimal(number.unsigned_abs());
            let written = writer.length;
            self.push(digits.get(..written).unwrap_or(&[]));
        }
        self.push(if count == 1 { b",)" } else { b")" });
    }

    /// An error with all of it as its message.
    #[cold]
    pub(crate) fn error(&mut self, kind: ErrorKind) -> Error {
        // There is a byte more than text.
        if let Some(end) = self.text.get_mut(self.length) {
            *end = MaybeUninit::new(0);
        }
        Error::with(kind, c"%s", Argument::Text(self.text.as_ptr().cast()), Argument::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(note: &mut Note) -> &[u8] {
        match note.error(ErrorKind::Value) {
            // SAFETY: the text has just been ended.
            Error::New { arguments: [Argument::Text(text), _], .. } => unsafe { CStr::from_ptr(text) }.to_bytes(),
            _ => &[],
        }
    }

    #[test]
    fn shapes_are_written_as_python_does() {
        let written = |shape: &[isize]| {
            let mut note = Note::empty();
            note.shape(shape);
            text(&mut note).to_vec()
        };
        assert_eq!(written(&[]), b"()");
        assert_eq!(written(&[7]), b"(7,)");
        assert_eq!(written(&[2, 0, -13]), b"(2, 0, -13)");
        assert_eq!(written(&[isize::MIN]), b"(-9223372036854775808,)");
    }

    #[test]
    fn long_text_ends_in_dots() {
        let mut note = Note::empty();
        note.push(&[b'a'; ROOM]);
        assert!(text(&mut note).ends_with(b"aaa"));
        note.push(b"b");
        assert_eq!(text(&mut note).len(), ROOM);
        assert!(text(&mut note).ends_with(b"a..."));
        note.push(&[b'c'; 1000]);
        assert!(text(&mut note).ends_with(b"a..."));
    }
}
