//! From the text of a format to the tree of its items, each with its offset: all of PEP 3118.
//!
//! The tree is not stored here. [`walk`] reads a format from left to right and tells a [`Sink`] of each item, when it
//! begins and, with all that is known then, when it ends; `parse` and the description objects are built on that. The
//! recursion is that of the format's nesting, at most [`MAX_DEPTH`].
//!
//! Where PEP 3118 leaves a choice, or those who emit formats disagree:
//!
//! * A prefix holds until the next one, also out of and into records (PEP 3118, NumPy). It may stand between a shape and
//!   its code (ctypes).
//! * Only `@` aligns. In a record, `@` in force at its end pads it to its alignment, which is the largest of its aligned
//!   items' (C, NumPy), and such a record is itself aligned to that in what encloses it. Outside of a record nothing is
//!   padded at the end (struct; NumPy pads here, too).
//! * A count is a repetition, the same as a shape of one dimension, but for `x`, `s`, `p`, `u`, `w` and `t`, where it is a
//!   length. A count of 0 aligns, and is no item (struct); a shape with a 0 is an item without elements.
//! * `x` with a name is an item of bytes (NumPy's void), without one it is padding.
//! * `u` is UCS-2 (PEP 3118); ctypes writes `<u` for a `wchar_t` of four bytes, and pads as if it were.
//! * `g`, `O`, `P`, `&`, `X`, `z` and `Z` have their native size with every prefix (ctypes writes `<g`, `<P`, `<O`), and
//!   addresses the native byte order, too (ctypes and NumPy leave a `>` in force before them). The struct module refuses
//!   `<P`.
//! * Bits (`t`) fill bytes from the lowest bit upwards, in a big-endian format from the highest downwards; what is not
//!   bits, or is bits of the other order, begins with the next byte.

use core::ffi::CStr;

use super::codes::{Code, Kind, Mode, Order, lookup, lookup_addition, part};
use super::parse::{MAX, digit, is_space, place};
use crate::error::{Argument, Error, Kind as ErrorKind, Result};

/// How deep records and pointers may nest.
pub const MAX_DEPTH: usize = 64;

/// How many dimensions a sub-array may have.
pub const MAX_SHAPE: usize = 64;

/// A part of the format's text, as byte positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last.
    pub end: usize,
}

/// The item of a native format that is one code of the struct module's, with a value; `None` for every other letter.
#[must_use]
pub const fn common_item(letter: u8) -> Option<Item> {
    let Some(row) = lookup(letter) else { return None };
    if !row.kind.is_scalar() {
        return None;
    }
    Some(Item {
        kind: if letter == b'P' { Kind::Pointer } else { row.kind },
        code: [letter, 0],
        order: Order::NATIVE,
        native: true,
        aligned: true,
        offset: 0,
        size: row.native_size as usize,
        align: row.native_align as usize,
        elements: 1,
        length: 1,
        first_bit: 0,
        name: None,
    })
}

/// The same for a format that is such a code with or without a prefix of the struct module's, unless it is one whose size
/// depends on that.
#[must_use]
pub(super) fn lone_item(format: &CStr) -> Option<Item> {
    let (mode, letter) = match *format.to_bytes() {
        [letter] => (Mode::NATIVE, letter),
        [prefix, letter] => (Mode::of_prefix(prefix)?, letter),
        _ => return None,
    };
    let item = common_item(letter)?;
    if mode.native {
        return Some(item);
    }
    let size = lookup(letter)?.standard_size?.into();
    Some(Item { order: mode.order, native: false, aligned: false, size, align: 1, ..item })
}

/// All that is known of an item at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// What an element of it is.
    pub kind: Kind,
    /// The format code; two letters for `Zd` and its kin, else the second is 0.
    pub code: [u8; 2],
    /// The byte order of its numbers.
    pub order: Order,
    /// Whether its sizes are native ones, and whether it is aligned natively (`@`).
    pub native: bool,
    /// See `native`.
    pub aligned: bool,
    /// Where it begins, in bytes from the begin of what encloses it.
    pub offset: usize,
    /// The bytes of one element.
    pub size: usize,
    /// The alignment of an element: 1 unless it is aligned.
    pub align: usize,
    /// The number of elements: the product of the shape.
    pub elements: usize,
    /// The count of a code for which it is a length: bytes of `s` and `p`, units of `u` and `w`, bits of `t`; else 1.
    pub length: usize,
    /// For bits: the number of the first one, counted from the one that a byte is filled from.
    pub first_bit: usize,
    /// Its name in the text.
    pub name: Option<Span>,
}

/// Where the items of a format go.
pub trait Sink {
    /// An item begins, inside the one that began last and has not ended.
    fn begin(&mut self);
    /// The item that began last has one more dimension.
    fn dimension(&mut self, length: usize);
    /// The item that began last turns out to be padding, or nothing.
    fn cancel(&mut self);
    /// It ends.
    fn end(&mut self, item: &Item);
}

/// Takes the items and forgets them: for the size alone.
struct Nowhere;

impl Sink for Nowhere {
    fn begin(&mut self) {}
    fn dimension(&mut self, _: usize) {}
    fn cancel(&mut self) {}
    fn end(&mut self, _: &Item) {}
}

/// What a whole format comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Bytes, without padding at the end unless it is a record's.
    pub size: usize,
    /// The largest alignment of an aligned item, at least 1.
    pub align: usize,
}

/// Reads a format and tells `sink` of its items.
///
/// # Errors
/// `ValueError` that says what was expected, and at which byte of the format.
pub fn walk(format: &CStr, sink: &mut impl Sink) -> Result<Extent> {
    let text = format.to_bytes();
    Reader { text, at: 0, mode: Mode::NATIVE }.items(0, sink)
}

/// The extent of a format.
///
/// # Errors
/// As [`walk`].
pub(super) fn extent(format: &CStr) -> Result<Extent> {
    walk(format, &mut Nowhere)
}

struct Reader<'f> {
    text: &'f [u8],
    /// The position of the next byte.
    at: usize,
    mode: Mode,
}

/// The layout so far of what encloses the items that are being read.
struct Level {
    offset: usize,
    align: usize,
    /// Bits that are used of the byte at `offset` and behind, and the order that they fill it in.
    bits: usize,
    bits_order: Order,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at = self.at.wrapping_add(1);
        Some(byte)
    }

    /// Takes the next byte if it is this one.
    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.take();
        }
        found
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.take();
        }
    }

    /// Takes prefixes; the last one holds.
    fn skip_prefixes(&mut self) {
        while let Some(mode) = self.peek().and_then(Mode::of_any_prefix) {
            self.mode = mode;
            self.take();
        }
    }

    /// A `ValueError` about the next byte.
    #[cold]
    fn error(&self, text: &'static CStr) -> Error {
        Error::with(ErrorKind::Value, text, Argument::Size(self.at.cast_signed()), Argument::None)
    }

    fn too_large(&self) -> Error {
        self.error(c"the item is too large at byte %zd of the format")
    }

    /// All items up to the end of the format, or of the record.
    fn items(&mut self, depth: usize, sink: &mut impl Sink) -> Result<Extent> {
        let mut level = Level { offset: 0, align: 1, bits: 0, bits_order: Order::NATIVE };
        loop {
            self.skip_space();
            self.skip_prefixes();
            match self.peek() {
                None if depth == 0 => break,
                None => return Err(self.error(c"expected '}' at byte %zd of the format, its end")),
                Some(b'}') if depth > 0 => {
                    self.take();
                    break;
                }
                Some(byte) if is_space(byte) => {}
                Some(_) => self.item(depth, &mut level, true, sink)?,
            }
        }
        self.close_bits(&mut level)?;
        let mut size = level.offset;
        if depth > 0 && self.mode.aligned {
            (size, _) = place(size, level.align, 0, 0).ok_or_else(|| self.too_large())?;
        }
        Ok(Extent { size, align: level.align })
    }

    /// What is not bits begins with a whole byte.
    fn close_bits(&self, level: &mut Level) -> Result<()> {
        let bytes = level.bits.div_ceil(8);
        level.offset = level.offset.checked_add(bytes).filter(|&end| end <= MAX).ok_or_else(|| self.too_large())?;
        level.bits = 0;
        Ok(())
    }

    /// One item with its shape and, where it may have one, its name.
    fn item(&mut self, depth: usize, level: &mut Level, named: bool, sink: &mut impl Sink) -> Result<()> {
        sink.begin();
        let shaped = self.peek() == Some(b'(');
        let (elements, dimensions) = if shaped { self.shape(sink)? } else { (1, 0) };
        self.skip_prefixes();
        let count = self.count()?;
        let length = count.unwrap_or(1);
        // A count is a length, or a repetition.
        let is_length = matches!(self.peek(), Some(b'x' | b's' | b'p' | b'u' | b'w' | b't'));
        let repeat = if is_length { 1 } else { length };
        if repeat != 1 {
            self.check_dimensions(dimensions.saturating_add(1))?;
            sink.dimension(repeat);
        }
        let mut item = self.element(depth, sink)?;
        if is_length {
            item.length = length;
            if item.kind != Kind::Bits {
                item.size = item.size.checked_mul(length).ok_or_else(|| self.too_large())?;
            }
        }
        item.elements = elements.checked_mul(repeat).filter(|&n| n <= MAX).ok_or_else(|| self.too_large())?;
        if item.kind == Kind::Bits {
            self.place_bits(&mut item, level)?;
        } else {
            self.close_bits(level)?;
            let (offset, end) =
                place(level.offset, item.align, item.size, item.elements).ok_or_else(|| self.too_large())?;
            item.offset = offset;
            level.offset = end;
            level.align = level.align.max(item.align);
        }
        let has_name = named && self.peek() == Some(b':');
        let is_nothing = match item.kind {
            Kind::Pad => true,
            Kind::Bytes | Kind::Pascal | Kind::Text => false,
            _ => repeat == 0,
        };
        if is_nothing && !has_name {
            sink.cancel();
            return Ok(());
        }
        if has_name {
            item.name = Some(self.name()?);
        }
        sink.end(&item);
        Ok(())
    }

    /// `(k1,k2,...)`; gives the product, and how many they are.
    fn shape(&mut self, sink: &mut impl Sink) -> Result<(usize, usize)> {
        self.take();
        let mut elements: usize = 1;
        let mut dimensions: usize = 0;
        loop {
            self.skip_space();
            let length = self.count()?.ok_or_else(|| self.error(c"expected a number at byte %zd of the format"))?;
            dimensions = dimensions.saturating_add(1);
            self.check_dimensions(dimensions)?;
            sink.dimension(length);
            elements = elements.checked_mul(length).filter(|&n| n <= MAX).ok_or_else(|| self.too_large())?;
            self.skip_space();
            if self.accept(b')') {
                self.skip_space();
                return Ok((elements, dimensions));
            }
            if !self.accept(b',') {
                return Err(self.error(c"expected ',' or ')' at byte %zd of the format"));
            }
        }
    }

    fn check_dimensions(&self, dimensions: usize) -> Result<()> {
        if dimensions > MAX_SHAPE {
            return Err(self.error(c"more than 64 dimensions at byte %zd of the format"));
        }
        Ok(())
    }

    /// A decimal number, if one stands here.
    fn count(&mut self) -> Result<Option<usize>> {
        let mut count = None;
        while let Some(value) = self.peek().and_then(digit) {
            let next = count.unwrap_or(0_usize).checked_mul(10).and_then(|tens| tens.checked_add(value));
            let next = next.filter(|&next| next <= MAX);
            count = Some(next.ok_or_else(|| self.error(c"the number is too large at byte %zd of the format"))?);
            self.take();
        }
        Ok(count)
    }

    /// The code, and for records and pointers what belongs to it. Offset, elements and name are still open.
    fn element(&mut self, depth: usize, sink: &mut impl Sink) -> Result<Item> {
        let expected = c"expected a format code at byte %zd of the format";
        let letter = self.peek().ok_or_else(|| self.error(expected))?;
        if letter == b'T' {
            return self.record(depth, sink);
        }
        let mut row = lookup(letter).or_else(|| lookup_addition(letter)).ok_or_else(|| self.error(expected))?;
        if row.standard_size.is_none() && letter != b'P' && !self.mode.native {
            return Err(self.error(c"a code that only a native format has (n, N) at byte %zd: use '@' or '^'"));
        }
        self.take();
        let mut code = [letter, 0];
        match letter {
            b'P' => row.kind = Kind::Pointer,
            b'Z' => {
                if let Some(float @ (b'e' | b'f' | b'd' | b'g')) = self.peek() {
                    self.take();
                    code = [letter, float];
                    row = part(float);
                }
            }
            b'X' => self.signature()?,
            b'&' => {
                let deeper = self.deeper(depth)?;
                self.skip_space();
                let mut level = Level { offset: 0, align: 1, bits: 0, bits_order: Order::NATIVE };
                let mode = self.mode;
                self.item(deeper, &mut level, false, sink)?;
                // What is pointed to does not change how the pointer is stored.
                self.mode = mode;
            }
            _ => {}
        }
        Ok(self.item_of(row, code))
    }

    fn item_of(&self, row: Code, code: [u8; 2]) -> Item {
        let size = if self.mode.native { row.native_size } else { row.standard_size.unwrap_or(row.native_size) };
        let is_address = matches!(row.kind, Kind::Pointer | Kind::Object | Kind::Function);
        Item {
            kind: row.kind,
            code,
            order: if is_address { Order::NATIVE } else { self.mode.order },
            native: self.mode.native,
            aligned: self.mode.aligned,
            offset: 0,
            size: size.into(),
            align: if self.mode.aligned { row.native_align.into() } else { 1 },
            elements: 1,
            length: 1,
            first_bit: 0,
            name: None,
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize> {
        if depth >= MAX_DEPTH {
            return Err(self.error(c"nested more than 64 deep at byte %zd of the format"));
        }
        Ok(depth.saturating_add(1))
    }

    /// `T{...}`.
    fn record(&mut self, depth: usize, sink: &mut impl Sink) -> Result<Item> {
        let deeper = self.deeper(depth)?;
        self.take();
        if !self.accept(b'{') {
            return Err(self.error(c"expected '{' at byte %zd of the format"));
        }
        let extent = self.items(deeper, sink)?;
        let record = Code { kind: Kind::Record, native_size: 0, native_align: 1, standard_size: Some(0) };
        let align = if self.mode.aligned { extent.align } else { 1 };
        Ok(Item { size: extent.size, align, ..self.item_of(record, [b'T', 0]) })
    }

    /// `{...}` of a function: braces in pairs, what is between them is not looked at.
    fn signature(&mut self) -> Result<()> {
        if !self.accept(b'{') {
            return Err(self.error(c"expected '{' at byte %zd of the format"));
        }
        let mut open: usize = 1;
        while open > 0 {
            match self.take() {
                Some(b'{') => open = open.saturating_add(1),
                Some(b'}') => open = open.saturating_sub(1),
                Some(_) => {}
                None => return Err(self.error(c"expected '}' at byte %zd of the format, its end")),
            }
        }
        Ok(())
    }

    /// `:name:`. Anything may be in it but a colon.
    fn name(&mut self) -> Result<Span> {
        self.take();
        let start = self.at;
        while let Some(byte) = self.take() {
            if byte == b':' {
                return Ok(Span { start, end: self.at.saturating_sub(1) });
            }
        }
        Err(self.error(c"expected ':' at byte %zd of the format, its end"))
    }

    /// Bits follow bits without a gap.
    fn place_bits(&self, item: &mut Item, level: &mut Level) -> Result<()> {
        if item.length > 64 {
            return Err(self.error(c"more than 64 bits in one value before byte %zd of the format"));
        }
        if level.bits_order != item.order {
            // The other order fills bytes from the other end.
            self.close_bits(level)?;
            level.bits_order = item.order;
        }
        item.offset = level.offset.checked_add(level.bits >> 3).ok_or_else(|| self.too_large())?;
        item.first_bit = level.bits & 7;
        let bits = item.length.checked_mul(item.elements).and_then(|bits| bits.checked_add(level.bits));
        level.bits = bits.filter(|&bits| bits <= MAX).ok_or_else(|| self.too_large())?;
        item.size = item.first_bit.saturating_add(item.length).div_ceil(8);
        item.align = 1;
        Ok(())
    }
}
