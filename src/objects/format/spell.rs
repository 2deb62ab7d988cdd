//! Writes a parsed format as text, in its canonical spelling.
//!
//! It is the same on every machine: numbers have the standard code of their size, a prefix stands where the byte order
//! matters and changes, and padding is written out. So two formats that describe the same item, names included, have the
//! same canonical spelling, and parsing it gives the same items.

use core::ffi::CStr;
use core::ptr::NonNull;

use crate::abi::bytes::PyBytesObject;
use crate::abi::chars::byte;
use crate::abi::format::{
    PYBUFFER_KIND_BITS, PYBUFFER_KIND_BYTES, PYBUFFER_KIND_COMPLEX, PYBUFFER_KIND_FLOAT, PYBUFFER_KIND_FUNCTION,
    PYBUFFER_KIND_OBJECT, PYBUFFER_KIND_PAD, PYBUFFER_KIND_PASCAL, PYBUFFER_KIND_POINTER, PYBUFFER_KIND_RECORD,
    PYBUFFER_KIND_SIGNED, PYBUFFER_KIND_TEXT, PYBUFFER_KIND_UNSIGNED, pybuffer_item,
};
use crate::error::Result;
use crate::format::{ByteOrder, common_item};
use crate::objects::bytes;
use crate::runtime::message::MessageWriter;
use crate::runtime::refs::Owned;

use super::FormatObject;

/// `pybuffer_format_canonical`: the canonical spelling, as a bytes object.
///
/// # Safety
/// O1, O2.
pub(crate) unsafe fn canonical(format: NonNull<FormatObject>) -> Result<Owned<PyBytesObject>> {
    // SAFETY: the caller guarantees O1 and O2; the items belong to the object.
    unsafe {
        let (root, size) = (&*(*format.as_ptr()).root, (*format.as_ptr()).size);
        spelled(false, |speller| speller.whole(root, size))
    }
}

/// `pybuffer_item_format`: the canonical spelling of an item with its shape, but without its name.
///
/// # Safety
/// The item belongs to a format.
pub(crate) unsafe fn format_of_item(item: &pybuffer_item) -> Result<Owned<PyBytesObject>> {
    // SAFETY: the caller guarantees that the item belongs to a format.
    unsafe {
        spelled(false, |speller| {
            speller.shape(item);
            speller.unnamed(item);
            speller.end_padding();
        })
    }
}

/// The format of a view whose items are the elements of an item: as others spell it who have nothing else in the format,
/// where that is the same.
///
/// # Safety
/// The item belongs to a format.
pub(crate) unsafe fn format_of_elements(item: &pybuffer_item) -> Result<Owned<PyBytesObject>> {
    // SAFETY: the caller guarantees that the item belongs to a format.
    unsafe {
        // What contains others needs their prefixes.
        spelled(item.kind != PYBUFFER_KIND_RECORD && item.fields.is_null(), |speller| {
            speller.unnamed(item);
            speller.end_padding();
        })
    }
}

/// The text that is written, twice, as a bytes object.
fn spelled(alone: bool, write: impl Fn(&mut Speller)) -> Result<Owned<PyBytesObject>> {
    let mut measured = Speller::new(MessageWriter::measure(), alone);
    write(&mut measured);
    let text = bytes::uninitialised(measured.out.length.cast_signed())?;
    // SAFETY: the bytes object is new and as long as measured.
    let out = unsafe { MessageWriter::write(bytes::start(text.as_non_null()).cast(), measured.out.length) };
    write(&mut Speller::new(out, alone));
    Ok(text)
}

struct Speller {
    out: MessageWriter,
    /// The prefix that is in force; none yet at the start.
    prefix: Option<u8>,
    /// The end of the last `Z` that is a code by itself.
    wide: Option<usize>,
    /// There is padding between items, and something that is neither a record nor padding.
    padded: bool,
    coded: bool,
    /// Nothing else is in the format, so that native sizes need no prefix: nothing is to be aligned.
    alone: bool,
}

/// Where the next byte, and the next bit, would lie.
#[derive(Clone, Copy, Default)]
struct Place {
    offset: isize,
    /// More than a size can be: a byte has eight.
    bits: i128,
}

impl Place {
    /// Where the next whole byte lies.
    fn end(self) -> isize {
        self.offset + ((self.bits + 7) >> 3) as isize
    }
}

impl Speller {
    fn new(out: MessageWriter, alone: bool) -> Self {
        Self { out, prefix: None, wide: None, padded: false, coded: false, alone }
    }

    /// # Safety
    /// `root` is the root of a format of this size.
    unsafe fn whole(&mut self, root: &pybuffer_item, size: isize) {
        // SAFETY: the caller guarantees that the root is that of a format, so all its items are there.
        unsafe {
            if root.kind == PYBUFFER_KIND_RECORD && is_code(root, b"") {
                self.fields(root, size);
            } else {
                self.item(root);
            }
        }
        self.end_padding();
    }

    /// An item without elements keeps padding alone from becoming an item itself.
    fn end_padding(&mut self) {
        if self.padded && !self.coded {
            self.out.push(b"0b");
        }
    }

    /// Separates a `Z` from a code that it would combine with.
    fn separate(&mut self) {
        if self.wide == Some(self.out.length) {
            self.out.push(b" ");
        }
    }

    /// The fields of a record of this size, with the padding between and after them.
    ///
    /// # Safety
    /// The item belongs to a format.
    unsafe fn fields(&mut self, record: &pybuffer_item, size: isize) {
        let mut place = Place::default();
        // SAFETY: the caller guarantees that the item belongs to a format: each field leads to the next one.
        unsafe {
            let mut field = record.fields.as_ref();
            while let Some(item) = field {
                if item.kind == PYBUFFER_KIND_BITS {
                    if item.first_bit == 0 {
                        let gap = item.offset - place.end();
                        self.pad(gap);
                        if gap == 0 && place.bits & 7 != 0 && self.prefix == prefix_of(item) {
                            // An item of nothing ends the byte.
                            self.out.push(b"0x");
                        }
                        place = Place { offset: item.offset, bits: 0 };
                    }
                    place.bits += item.length as i128 * item.elements as i128;
                } else {
                    self.pad(item.offset - place.end());
                    place = Place { offset: item.offset + item.itemsize * item.elements, bits: 0 };
                }
                self.item(item);
                field = item.next.as_ref();
            }
        }
        self.pad(size - place.end());
    }

    fn pad(&mut self, bytes: isize) {
        if bytes < 1 {
            return;
        }
        self.padded = true;
        self.separate();
        match bytes {
            1 => self.out.push(b"x"),
            _ => {
                self.out.decimal(bytes.unsigned_abs());
                self.out.push(b"x");
            }
        }
    }

    /// One item, with its shape and its name.
    ///
    /// # Safety
    /// The item belongs to a format.
    unsafe fn item(&mut self, item: &pybuffer_item) {
        self.separate();
        // SAFETY: the caller guarantees that the item belongs to a format: the name is NULL or a C string.
        unsafe {
            self.shape(item);
            self.unnamed(item);
            self.coded |= !item.name.is_null();
            if !item.name.is_null() {
                self.out.push(b":");
                self.out.push(CStr::from_ptr(item.name).to_bytes());
                self.out.push(b":");
            }
        }
    }

    /// The shape of an item that has one; as the struct module spells it, where that is possible, after the prefix.
    ///
    /// # Safety
    /// The item belongs to a format.
    unsafe fn shape(&mut self, item: &pybuffer_item) {
        if item.ndim == 0 {
            return;
        }
        if item.ndim == 1 && item.elements > 1 && !has_length(item) && item.kind != PYBUFFER_KIND_RECORD {
            self.prefix(item);
            return self.out.decimal(item.elements.unsigned_abs());
        }
        for axis in 0..item.ndim {
            self.out.push(if axis == 0 { b"(" } else { b"," });
            // SAFETY: the caller guarantees that the item belongs to a format: the shape has `ndim` entries.
            self.out.decimal(unsafe { item.shape.offset(axis).read() }.unsigned_abs());
        }
        self.out.push(b")");
    }

    /// One element, with its prefix and its length.
    ///
    /// # Safety
    /// The item belongs to a format.
    unsafe fn unnamed(&mut self, item: &pybuffer_item) {
        self.prefix(item);
        if has_length(item) && item.length != 1 {
            self.out.decimal(item.length.unsigned_abs());
        }
        // SAFETY: the caller guarantees that the item belongs to a format.
        unsafe { self.element(item) };
    }

    /// The code, and its parts.
    ///
    /// # Safety
    /// The item belongs to a format.
    unsafe fn element(&mut self, item: &pybuffer_item) {
        let [first, second, _] = if self.alone { native_code(item) } else { standard_code(item) };
        self.coded |= !matches!(item.kind, PYBUFFER_KIND_RECORD | PYBUFFER_KIND_PAD);
        // A format as a whole is a record like any other.
        self.out.push(&[if first == 0 { b'T' } else { first }]);
        if first == b'Z' && second == 0 {
            self.wide = Some(self.out.length);
        }
        if second != 0 {
            self.out.push(&[second]);
        }
        // SAFETY: the caller guarantees that the item belongs to a format: a pointer has one field or none.
        unsafe {
            match item.kind {
                PYBUFFER_KIND_RECORD => {
                    self.out.push(b"{");
                    self.fields(item, item.itemsize);
                    self.out.push(b"}");
                }
                PYBUFFER_KIND_FUNCTION => self.out.push(b"{}"),
                PYBUFFER_KIND_POINTER => {
                    if let Some(target) = item.fields.as_ref() {
                        let prefix = self.prefix;
                        self.item(target);
                        // A prefix inside the target ends with it.
                        self.prefix = prefix;
                    } else if first == b'&' {
                        // The target may have no value.
                        self.out.push(b"x");
                    }
                }
                _ => {}
            }
        }
    }

    /// The prefix, where another one has to be in force. It stands after the shape, as NumPy and ctypes have it.
    fn prefix(&mut self, item: &pybuffer_item) {
        if let Some(prefix) = prefix_of(item)
            && self.prefix != Some(prefix)
            && !(self.alone && matches!(prefix, NATIVE | b'^'))
        {
            self.prefix = Some(prefix);
            self.out.push(&[prefix]);
        }
    }
}

/// The prefix of the machine's byte order.
const NATIVE: u8 = ByteOrder::NATIVE.sign();

/// Whether the count before the item's code is a length, not a repetition.
fn has_length(item: &pybuffer_item) -> bool {
    matches!(
        item.kind,
        PYBUFFER_KIND_PAD | PYBUFFER_KIND_BYTES | PYBUFFER_KIND_PASCAL | PYBUFFER_KIND_TEXT | PYBUFFER_KIND_BITS
    )
}

/// Whether the item's code is this.
pub(super) fn is_code(item: &pybuffer_item, code: &[u8]) -> bool {
    let [first, second, _] = item.code.map(byte);
    match *code {
        [] => first == 0,
        [only] => first == only && second == 0,
        [one, two] => first == one && second == two,
        _ => false,
    }
}

/// The code with the same size among the standard ones.
pub(super) fn standard_code(item: &pybuffer_item) -> [u8; 3] {
    let code = item.code.map(byte);
    let [first, ..] = code;
    let letter = match (item.kind, item.itemsize) {
        (PYBUFFER_KIND_SIGNED, 1) => b'b',
        (PYBUFFER_KIND_SIGNED, 2) => b'h',
        (PYBUFFER_KIND_SIGNED, 4) => b'i',
        (PYBUFFER_KIND_SIGNED, _) => b'q',
        (PYBUFFER_KIND_UNSIGNED, 1) => b'B',
        (PYBUFFER_KIND_UNSIGNED, 2) => b'H',
        (PYBUFFER_KIND_UNSIGNED, 4) => b'I',
        (PYBUFFER_KIND_UNSIGNED, _) => b'Q',
        // As the items of a view may have it.
        (PYBUFFER_KIND_TEXT, size) if size != 0 && size == item.length.wrapping_mul(4) => b'w',
        (PYBUFFER_KIND_COMPLEX, _) if first == b'F' => return [b'Z', b'f', 0],
        (PYBUFFER_KIND_COMPLEX, _) if first == b'D' => return [b'Z', b'd', 0],
        (PYBUFFER_KIND_COMPLEX, _) if first == b'G' => return [b'Z', b'g', 0],
        _ => return code,
    };
    [letter, 0, 0]
}

/// The code of an integer as it was written, if that is a native one of the same size; else as [`standard_code`].
fn native_code(item: &pybuffer_item) -> [u8; 3] {
    let code = item.code.map(byte);
    let [first, ..] = code;
    let is_integer = matches!(item.kind, PYBUFFER_KIND_SIGNED | PYBUFFER_KIND_UNSIGNED);
    let is_native = byte(item.byteorder) == NATIVE
        && common_item(first).is_some_and(|native| native.size == item.itemsize.unsigned_abs());
    if is_integer && is_native { code } else { standard_code(item) }
}

/// The prefix that the item needs; `None` where any will do. A code without a standard size has its native one without being
/// aligned (`^`), unless it is in the other byte order.
fn prefix_of(item: &pybuffer_item) -> Option<u8> {
    let order = byte(item.byteorder);
    let [first, second, _] = standard_code(item);
    let is_long_double = first == b'g' || (first == b'Z' && second == b'g');
    match item.kind {
        PYBUFFER_KIND_POINTER | PYBUFFER_KIND_OBJECT | PYBUFFER_KIND_FUNCTION => Some(b'^'),
        _ if is_long_double && order == ByteOrder::NATIVE.sign() => Some(b'^'),
        _ => orders(item).then_some(order),
    }
}

/// Whether the byte order matters for the item.
pub(super) fn orders(item: &pybuffer_item) -> bool {
    match item.kind {
        PYBUFFER_KIND_BITS | PYBUFFER_KIND_TEXT => true,
        PYBUFFER_KIND_SIGNED | PYBUFFER_KIND_UNSIGNED | PYBUFFER_KIND_FLOAT | PYBUFFER_KIND_COMPLEX => {
            item.itemsize > 1
        }
        _ => false,
    }
}
