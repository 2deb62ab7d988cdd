//! The type of an item, as all the protocols know it, from a format and to one.

use core::ffi::{CStr, c_char};

use crate::abi::buffer::Py_buffer;
use crate::abi::format::{
    PYBUFFER_KIND_BOOL, PYBUFFER_KIND_BYTES, PYBUFFER_KIND_CHAR, PYBUFFER_KIND_COMPLEX, PYBUFFER_KIND_FLOAT,
    PYBUFFER_KIND_PAD, PYBUFFER_KIND_RECORD, PYBUFFER_KIND_SIGNED, PYBUFFER_KIND_TEXT, PYBUFFER_KIND_UNSIGNED,
};
use crate::error::Result;
use crate::format::{self, ByteOrder};
use crate::objects::format::parse_sized;

use super::text::Text;

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Signed,
    Unsigned,
    Bool,
    Float,
    Complex,
    /// `s`, and `c`, a single one.
    Bytes,
    /// UCS-4.
    Text,
    /// Bytes without a meaning: padding alone, or a record.
    Void,
}

/// The type of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) kind: Kind,
    /// The bytes of an item.
    pub(super) size: usize,
    /// Where it matters; else the machine's.
    pub(super) order: ByteOrder,
}

impl Element {
    /// In the byte order of the machine.
    pub(super) const fn native(kind: Kind, size: usize) -> Self {
        Self { kind, size, order: ByteOrder::NATIVE }
    }

    /// The type of a view's items; `None` where they are anything else, such as addresses, bits or sub-arrays.
    ///
    /// # Safety
    /// B1, for a view with a format.
    pub(super) unsafe fn of_view(view: &Py_buffer) -> Result<Option<Self>> {
        let size = view.itemsize.unsigned_abs();
        // SAFETY: B1: a C string; the root belongs to the format object, which lives until the end.
        unsafe {
            let parsed = parse_sized(CStr::from_ptr(view.format), size)?;
            let root = &*(*parsed.as_ptr()).root;
            if (*parsed.as_ptr()).size != view.itemsize || root.ndim != 0 {
                return Ok(None);
            }
            let kind = match root.kind {
                PYBUFFER_KIND_SIGNED => Kind::Signed,
                PYBUFFER_KIND_UNSIGNED => Kind::Unsigned,
                PYBUFFER_KIND_BOOL => Kind::Bool,
                PYBUFFER_KIND_FLOAT => Kind::Float,
                PYBUFFER_KIND_COMPLEX => Kind::Complex,
                PYBUFFER_KIND_BYTES | PYBUFFER_KIND_CHAR => Kind::Bytes,
                // Two bytes each are UCS-2.
                PYBUFFER_KIND_TEXT if root.length.checked_mul(4) == Some(view.itemsize) => Kind::Text,
                PYBUFFER_KIND_PAD | PYBUFFER_KIND_RECORD => Kind::Void,
                _ => return Ok(None),
            };
            let mut element = Self::native(kind, size);
            if element.part() > 1 && root.byteorder != ByteOrder::NATIVE.sign() as c_char {
                element.order = ByteOrder::NATIVE.other();
            }
            Ok(Some(element))
        }
    }

    /// The bytes of one of the numbers, all alike, that an item consists of, which are aligned to as many.
    pub(super) const fn part(self) -> usize {
        match self.kind {
            Kind::Signed | Kind::Unsigned | Kind::Bool | Kind::Float => self.size,
            Kind::Complex => self.size / 2,
            Kind::Text => 4,
            Kind::Bytes | Kind::Void => 1,
        }
    }

    /// Whether numbers have the byte order of the machine.
    pub(super) fn is_native(self) -> bool {
        self.order == ByteOrder::NATIVE
    }

    /// Its format; `None` where there is none of this size.
    pub(super) fn format(self) -> Option<Text<32>> {
        let mut text = Text::EMPTY;
        if !self.is_native() {
            text.push(&[self.order.sign()]);
        }
        let code: &[u8] = match (self.kind, self.size) {
            (Kind::Signed, 1) => b"b",
            (Kind::Signed, 2) => b"h",
            (Kind::Signed, 4) => b"i",
            (Kind::Signed, 8) => b"q",
            (Kind::Unsigned, 1) => b"B",
            (Kind::Unsigned, 2) => b"H",
            (Kind::Unsigned, 4) => b"I",
            (Kind::Unsigned, 8) => b"Q",
            (Kind::Bool, 1) => b"?",
            (Kind::Float, 2) => b"e",
            (Kind::Float, 4) => b"f",
            (Kind::Float, 8) => b"d",
            (Kind::Float, size) if format::size(c"g").map(isize::unsigned_abs) == Ok(size) => b"g",
            (Kind::Complex, 4) => b"Ze",
            (Kind::Complex, 8) => b"Zf",
            (Kind::Complex, 16) => b"Zd",
            (Kind::Complex, size) if format::size(c"Zg").map(isize::unsigned_abs) == Ok(size) => b"Zg",
            (Kind::Bytes, size) => {
                text.push_number(size);
                b"s"
            }
            (Kind::Text, size) if size % 4 == 0 => {
                text.push_number(size / 4);
                b"w"
            }
            (Kind::Void, size) => {
                text.push_number(size);
                b"x"
            }
            _ => return None,
        };
        text.push(code);
        Some(text)
    }
}
