//! Short texts, written in place.

use core::ffi::{CStr, c_char};

/// A text of at most `N` bytes, its NUL included. Each user writes a bounded text, and gives room for the longest.
#[derive(Clone, Copy)]
pub(super) struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    /// Nothing.
    pub(super) const EMPTY: Self = Self { bytes: [0; N], length: 0 };

    /// This text.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut text = Self::EMPTY;
        text.push(bytes);
        text
    }

    /// Appends bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let end = self.length.saturating_add(bytes.len());
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.iter_mut().zip(bytes).for_each(|(to, &from)| *to = from);
            self.length = end;
        }
    }

    /// Appends a number in decimal digits.
    pub(super) fn push_number(&mut self, number: usize) {
        if number > 9 {
            self.push_number(number / 10);
        }
        self.push(&[b'0' + (number % 10) as u8]);
    }

    /// What has been written.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// It as a C string; "" where it was given no room for its NUL.
    pub(super) fn c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }

    /// It as a C string's start.
    pub(super) fn as_ptr(&self) -> *const c_char {
        self.c_str().as_ptr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal() {
        for (number, digits) in
            [(0, "0"), (9, "9"), (10, "10"), (1_234_567, "1234567"), (usize::MAX, "18446744073709551615")]
        {
            let mut text = Text::<24>::of(b"w:");
            text.push_number(number);
            assert_eq!(text.bytes(), [b"w:", digits.as_bytes()].concat());
            assert_eq!(text.c_str().to_bytes(), text.bytes());
        }
    }
}
