//! Text of limited length for the message of an error: values, shapes, formats.

use core::ffi::CStr;

use crate::error::{Argument, Error, Result};

use super::indicator;
use super::message::MessageWriter;

/// The most bytes of a note; what is longer ends in three dots.
const ROOM: usize = 400;

/// Text on the stack, to which the arguments of an error may point.
pub(crate) struct Note {
    /// The rest is 0.
    text: [u8; ROOM + 1],
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
        Self { text: [0; ROOM + 1], length: 0 }
    }

    /// Appends text.
    pub(crate) fn push(&mut self, text: &[u8]) {
        for &byte in text {
            match self.text.get_mut(self.length).filter(|_| self.length < ROOM) {
                Some(place) => *place = byte,
                None => self.end_in_dots(),
            }
            self.length = self.length.saturating_add(1).min(ROOM);
        }
    }

    fn end_in_dots(&mut self) {
        if let Some(end) = self.text.get_mut(ROOM - 3..ROOM) {
            end.fill(b'.');
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
        self.push(b"(");
        for (axis, len) in shape.iter().enumerate() {
            if axis != 0 {
                self.push(b", ");
            }
            if *len < 0 {
                self.push(b"-");
            }
            let mut digits = [0; 20];
            // SAFETY: the writer lives no longer than the digits, of which no number has more.
            let mut writer = unsafe { MessageWriter::write(digits.as_mut_ptr(), digits.len()) };
            writer.decimal(len.unsigned_abs());
            let count = writer.length;
            self.push(digits.get(..count).unwrap_or(&[]));
        }
        self.push(if shape.len() == 1 { b",)" } else { b")" });
    }

    /// All of it, as the argument of an error.
    pub(crate) fn argument(&self) -> Argument {
        // The last byte is 0.
        Argument::Text(self.text.as_ptr().cast())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(note: &Note) -> &[u8] {
        CStr::from_bytes_until_nul(&note.text).map_or(&[], CStr::to_bytes)
    }

    #[test]
    fn shapes_are_written_as_python_does() {
        let written = |shape: &[isize]| {
            let mut note = Note::empty();
            note.shape(shape);
            text(&note).to_vec()
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
        assert!(text(&note).ends_with(b"aaa"));
        note.push(b"b");
        assert_eq!(text(&note).len(), ROOM);
        assert!(text(&note).ends_with(b"a..."));
        note.push(&[b'c'; 1000]);
        assert!(text(&note).ends_with(b"a..."));
    }
}
