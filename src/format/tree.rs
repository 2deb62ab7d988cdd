//! From the text of a format to the tree of its items, each with its offset: all of PEP 3118.
//!
//! The tree is not stored here. [`walk`] reads a format from left to right and tells a [`Sink`] when each item
//! starts and, with all that is known then, when it ends; `compile` and the format objects are built on that. The
//! recursion is that of the format's nesting, at most [`MAX_DEPTH`].
//!
//! Where PEP 3118 leaves a choice, or those who emit formats disagree:
//!
//! * A prefix holds until the next one, also out of and into records (PEP 3118, NumPy). It may stand between a shape and
//!   its code (ctypes).
//! * Only `@` aligns. In a record, `@` in force at its end pads it to its alignment, which is the largest of its aligned
//!   items' (C, NumPy), and such a record is itself aligned to that in what encloses it. Outside of a record nothing is
//!   padded at the end (struct; NumPy pads here, too).
//! * A count is a repetition, the same as a shape of one axis, but for `x`, `s`, `p`, `u`, `w` and `t`, where it is a
//!   length. A count of 0 aligns, and is no item (struct); a shape with a 0 is an item without elements.
//! * `x` with a name is an item of bytes (NumPy's void), without one it is padding. But a format that has nothing else in
//!   it, `3x` as well as `(2)3x` or `T{x2x}`, is bytes, too: so NumPy writes a void that is not a field. ([`Reading`].)
//! * `u` is UCS-2 (PEP 3118); ctypes writes `<u` for a `wchar_t` of four bytes, and pads as if it were. The size of the
//!   items of a view tells which it is ([`Reading::of_items`]).
//! * Consecutive shapes are one: `(2)(3)i` is `(2,3)i` (NumPy's sub-arrays of sub-arrays).
//! * `Z` before `e`, `f`, `d` and `g` makes a complex number of them, and may stand before no other code. By itself it is
//!   ctypes' `wchar_t *`.
//! * Items without bytes may be repeated any number of times: only bytes can be too many, wherever the count of 0 stands.
//! * `g`, `O`, `P`, `&`, `X`, `z` and `Z` have their native size with every prefix (ctypes writes `<g`, `<P`, `<O`), and
//!   addresses the native byte order, too (ctypes and NumPy leave a `>` in force before them). The struct module refuses
//!   `<P`.
//! * Bits (`t`) fill bytes from the lowest bit upwards, in a big-endian format from the highest downwards; what is not
//!   bits, or is bits of the other order, starts with the next byte.

use core::ffi::CStr;

use super::codes::{ByteOrder, Code, Kind, Mode, lookup, lookup_addition, part};
use super::hint;
use super::item::{Item, TextSpan};
use super::parse::{MAX, digit, is_space};
use crate::error::{Argument, Error, ErrorKind, Result};

/// How deep records and pointers may nest.
pub const MAX_DEPTH: usize = 64;

/// How many axes a sub-array may have.
pub const MAX_SHAPE: usize = 64;

/// A consumer of the items of a format.
pub trait Sink {
    /// An item starts, inside the innermost open one.
    fn begin(&mut self);
    /// The innermost open item has one more axis.
    fn axis(&mut self, length: usize);
    /// The innermost open item turns out to be padding, or nothing.
    fn cancel(&mut self);
    /// The innermost open item ends.
    fn end(&mut self, item: &Item);
}

/// How a format is read where its text is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// `u` has four bytes, and is what `w` is.
    wide: bool,
    /// `x` is an item of bytes where there is nothing else in the format.
    void: bool,
}

impl Reading {
    /// By itself: `u` has two bytes, and an item of nothing but padding is bytes.
    pub const ALONE: Self = Self { wide: false, void: true };

    /// As the struct module reads it, to which `x` is nothing.
    pub const STRUCT: Self = Self { wide: false, void: false };

    /// The reading for the format of items of `itemsize` bytes, which read this way take `size`: `u` has the width with which
    /// they take `itemsize`, and two bytes if they do with both widths or with neither.
    #[must_use]
    pub fn of_items(self, format: &CStr, size: usize, itemsize: usize) -> Self {
        let wide = Self { wide: true, ..self };
        let is_wide = size < itemsize
            && format.to_bytes().contains(&b'u')
            && extent(wide, format).is_ok_and(|extent| extent.size == itemsize);
        if is_wide { wide } else { self }
    }
}

/// Whether a format has padding in it and nothing else: no other code, and no name.
fn is_padding(text: &[u8]) -> bool {
    let mut found = false;
    let mut is_part = |byte| match byte {
        b'x' => {
            found = true;
            true
        }
        b'T' | b'{' | b'}' | b'(' | b')' | b',' => true,
        _ => digit(byte).is_some() || is_space(byte) || Mode::of_any_prefix(byte).is_some(),
    };
    text.iter().all(|&byte| is_part(byte)) && found
}

/// A sink that ignores the items, for the size alone.
struct Nowhere;

impl Sink for Nowhere {
    fn begin(&mut self) {}
    fn axis(&mut self, _: usize) {}
    fn cancel(&mut self) {}
    fn end(&mut self, _: &Item) {}
}

/// The size and alignment of a whole format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeAlign {
    /// Bytes, without padding at the end unless it is a record's.
    pub size: usize,
    /// The largest alignment of an aligned item, at least 1.
    pub align: usize,
}

/// Reads a format by itself and tells `sink` of its items.
///
/// # Errors
/// `ValueError` that says what was expected, and at which byte of the format.
pub fn walk(format: &CStr, sink: &mut impl Sink) -> Result<SizeAlign> {
    walk_as(Reading::ALONE, format, sink)
}

/// Reads a format in this way and tells `sink` of its items.
///
/// # Errors
/// As [`walk`].
pub fn walk_as(reading: Reading, format: &CStr, sink: &mut impl Sink) -> Result<SizeAlign> {
    let text = format.to_bytes();
    let void = reading.void && is_padding(text);
    let mut reader =
        Parser { text, at: 0, mode: Mode::NATIVE, wide: reading.wide, void, overflow: None, failure: None };
    let extent = reader.items(0, sink).and_then(|extent| match reader.overflow {
        None => Some(extent),
        Some(at) => {
            reader.at = at;
            reader.fail(c"the item is too large at byte %zd of the format")
        }
    });
    extent.ok_or_else(|| hinted(text, reader.failure.unwrap_or(Error::bad_argument())))
}

/// The error, with a hint where the text is the name of a type.
#[cold]
fn hinted(text: &[u8], error: Error) -> Error {
    match (hint::spelling(text), error) {
        (Some(code), Error::New { kind, arguments: [at, _], .. }) => {
            let text = c"expected a format code at byte %zd of the format; the format of this type is %s";
            Error::with(kind, text, at, Argument::Text(code.as_ptr()))
        }
        _ => error,
    }
}

/// The extent of a format.
///
/// # Errors
/// As [`walk`].
pub(super) fn extent(reading: Reading, format: &CStr) -> Result<SizeAlign> {
    walk_as(reading, format, &mut Nowhere)
}

struct Parser<'f> {
    text: &'f [u8],
    /// The position of the next byte.
    at: usize,
    mode: Mode,
    /// See [`Reading`].
    wide: bool,
    /// Every `x` is an item.
    void: bool,
    /// The position at which the sizes became too large, unless that is in something of which there are no elements.
    /// Sizes saturate, so that one that is too large stays more than [`MAX`].
    overflow: Option<usize>,
    /// The error, when a function here returns `None`. It is not part of their results, which are on the stack
    /// once for each depth.
    failure: Option<Error>,
}

/// The layout so far of what encloses the items that are being read.
struct Enclosing {
    offset: usize,
    align: usize,
    /// How many bits from the byte at `offset` on are used, and the order that they fill it in.
    bits: usize,
    bits_order: ByteOrder,
}

impl Enclosing {
    /// Nothing has been read.
    const EMPTY: Self = Self { offset: 0, align: 1, bits: 0, bits_order: ByteOrder::NATIVE };
}

/// What has been read of an item before its code.
struct BeforeCode {
    /// The product of its shape.
    elements: usize,
    /// Its count, and whether that is a length, not a repetition.
    length: usize,
    is_length: bool,
    /// `Parser::overflow` before the item.
    overflow: Option<usize>,
}

/// What has been read inside an item.
#[derive(Clone, Copy)]
enum Inner {
    None,
    /// The fields of a record.
    Fields(SizeAlign),
    /// What a pointer points to.
    Target,
}

/// The axes of an item so far, and their product, which saturates: one of 0 makes it 0, wherever it stands.
struct Shape {
    elements: usize,
    axes: usize,
}

/// The next place of this alignment; saturates.
fn aligned(offset: usize, align: usize) -> usize {
    let mask = align - 1;
    offset.saturating_add(mask) & !mask
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
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

    /// Ends the walk with a `ValueError` about the next byte.
    #[cold]
    fn fail<T>(&mut self, text: &'static CStr) -> Option<T> {
        self.failure = Some(Error::with(ErrorKind::Value, text, Argument::Size(self.at.cast_signed()), Argument::None));
        None
    }

    /// Records the position where a size becomes too large.
    fn check_size(&mut self, size: usize) {
        if size > MAX {
            self.overflow.get_or_insert(self.at);
        }
    }

    /// All items up to the end of the format, or of the record.
    fn items(&mut self, depth: usize, sink: &mut impl Sink) -> Option<SizeAlign> {
        let mut level = Enclosing::EMPTY;
        loop {
            self.skip_space();
            self.skip_prefixes();
            match self.peek() {
                None if depth == 0 => break,
                None => return self.fail(c"expected '}' at byte %zd of the format, its end"),
                Some(b'}') if depth > 0 => {
                    self.take();
                    break;
                }
                Some(byte) if is_space(byte) => {}
                Some(_) => self.item(depth, &mut level, true, sink)?,
            }
        }
        self.close_bits(&mut level);
        let mut size = level.offset;
        if depth > 0 && self.mode.aligned {
            size = aligned(size, level.align);
            self.check_size(size);
        }
        Some(SizeAlign { size, align: level.align })
    }

    /// What is not bits starts with a whole byte.
    fn close_bits(&mut self, level: &mut Enclosing) {
        level.offset = level.offset.saturating_add(level.bits.div_ceil(8));
        level.bits = 0;
        self.check_size(level.offset);
    }

    /// One item with its shape and, where it may have one, its name. The functions that read the parts around inner items are
    /// not inlined, so that little stays on the stack while these are read.
    fn item(&mut self, depth: usize, level: &mut Enclosing, named: bool, sink: &mut impl Sink) -> Option<()> {
        sink.begin();
        let head = self.head(sink)?;
        let inner = match self.peek() {
            Some(b'T') => {
                let deeper = self.deeper(depth)?;
                self.take();
                if !self.accept(b'{') {
                    return self.fail(c"expected '{' at byte %zd of the format");
                }
                Inner::Fields(self.items(deeper, sink)?)
            }
            Some(b'&') => {
                self.take();
                let deeper = self.deeper(depth)?;
                self.skip_space();
                let mut level = Enclosing::EMPTY;
                let mode = self.mode;
                self.item(deeper, &mut level, false, sink)?;
                // Prefixes inside the target do not apply to the pointer.
                self.mode = mode;
                Inner::Target
            }
            _ => Inner::None,
        };
        self.settle(&head, inner, level, named, sink)
    }

    /// What stands before the code of an item.
    #[inline(never)]
    fn head(&mut self, sink: &mut impl Sink) -> Option<BeforeCode> {
        let overflow = self.overflow;
        let mut shape = Shape { elements: 1, axes: 0 };
        self.skip_prefixes();
        while self.peek() == Some(b'(') {
            self.shape(&mut shape, sink)?;
            self.skip_prefixes();
        }
        let length = self.count()?.unwrap_or(1);
        // A count is a length, or a repetition.
        let is_length = matches!(self.peek(), Some(b'x' | b's' | b'p' | b'u' | b'w' | b't'));
        if !is_length && length != 1 {
            self.axis(&mut shape, length, sink)?;
        }
        Some(BeforeCode { elements: shape.elements, length, is_length, overflow })
    }

    /// The rest of an item: the code, unless it has been read, its place, its name, and its end.
    #[inline(never)]
    fn settle(
        &mut self,
        head: &BeforeCode,
        inner: Inner,
        level: &mut Enclosing,
        named: bool,
        sink: &mut impl Sink,
    ) -> Option<()> {
        let mut item = self.element(inner)?;
        if head.is_length {
            item.length = head.length;
            if item.kind != Kind::Bits {
                item.size = item.size.saturating_mul(head.length);
                self.check_size(item.size);
            }
        }
        item.elements = head.elements;
        if item.elements == 0 {
            // Without elements no size is too large.
            self.overflow = head.overflow;
        }
        if item.kind == Kind::Bits {
            self.place_bits(&mut item, level)?;
        } else {
            self.close_bits(level);
            item.offset = aligned(level.offset, item.align);
            level.offset = item.offset.saturating_add(item.size.saturating_mul(item.elements));
            self.check_size(level.offset);
            level.align = level.align.max(item.align);
        }
        let has_name = named && self.peek() == Some(b':');
        let is_nothing = match item.kind {
            Kind::Pad => !self.void,
            _ => !head.is_length && head.length == 0,
        };
        if is_nothing && !has_name {
            sink.cancel();
            return Some(());
        }
        if has_name {
            item.name = Some(self.name()?);
        }
        sink.end(&item);
        Some(())
    }

    /// `(k1,k2,...)`.
    fn shape(&mut self, shape: &mut Shape, sink: &mut impl Sink) -> Option<()> {
        self.take();
        loop {
            self.skip_space();
            let Some(length) = self.count()? else {
                return self.fail(c"expected a number at byte %zd of the format");
            };
            self.axis(shape, length, sink)?;
            self.skip_space();
            if self.accept(b')') {
                self.skip_space();
                return Some(());
            }
            if !self.accept(b',') {
                return self.fail(c"expected ',' or ')' at byte %zd of the format");
            }
        }
    }

    fn axis(&mut self, shape: &mut Shape, length: usize, sink: &mut impl Sink) -> Option<()> {
        shape.axes = shape.axes.saturating_add(1);
        if shape.axes > MAX_SHAPE {
            return self.fail(c"more than 64 axes at byte %zd of the format");
        }
        shape.elements = shape.elements.saturating_mul(length);
        sink.axis(length);
        Some(())
    }

    /// A decimal number, if one stands here.
    fn count(&mut self) -> Option<Option<usize>> {
        let mut count = None;
        while let Some(value) = self.peek().and_then(digit) {
            let next = count.unwrap_or(0_usize).checked_mul(10).and_then(|tens| tens.checked_add(value));
            let next = next.filter(|&next| next <= MAX);
            if next.is_none() {
                return self.fail(c"the number is too large at byte %zd of the format");
            }
            count = next;
            self.take();
        }
        Some(count)
    }

    /// The code, which has been read where something is inside the item. Offset, elements and name are still open.
    fn element(&mut self, inner: Inner) -> Option<Item> {
        if let Inner::Fields(extent) = inner {
            let record = Code { kind: Kind::Record, native_size: 0, native_align: 1, standard_size: Some(0) };
            let align = if self.mode.aligned { extent.align } else { 1 };
            return Some(Item { size: extent.size, align, ..self.item_of(record, [b'T', 0]) });
        }
        let expected = c"expected a format code at byte %zd of the format";
        let known = if let Inner::Target = inner { Some(b'&') } else { self.peek() };
        let Some(mut letter) = known else { return self.fail(expected) };
        if letter == b'u' && self.wide {
            letter = b'w';
        }
        let Some(mut row) = lookup(letter).or_else(|| lookup_addition(letter)) else { return self.fail(expected) };
        if let Inner::Target = inner {
            return Some(self.item_of(row, [letter, 0]));
        }
        if row.standard_size.is_none() && letter != b'P' && !self.mode.native {
            return self.fail(c"a code of native formats only (n, N) at byte %zd: use '@' or '^'");
        }
        self.take();
        let mut code = [letter, 0];
        match letter {
            b'P' => row.kind = Kind::Pointer,
            b'Z' => match self.peek() {
                Some(float @ (b'e' | b'f' | b'd' | b'g')) => {
                    self.take();
                    code = [letter, float];
                    row = part(float);
                }
                // By itself it is ctypes' `wchar_t *`.
                None | Some(b':' | b'}') => {}
                Some(byte) if is_space(byte) => {}
                Some(_) => return self.fail(c"expected one of 'e', 'f', 'd', 'g' at byte %zd of the format"),
            },
            b'X' => self.signature()?,
            _ => {}
        }
        Some(self.item_of(row, code))
    }

    fn item_of(&self, row: Code, code: [u8; 2]) -> Item {
        let size = if self.mode.native { row.native_size } else { row.standard_size.unwrap_or(row.native_size) };
        let is_address = matches!(row.kind, Kind::Pointer | Kind::Object | Kind::Function);
        Item {
            kind: row.kind,
            code,
            order: if is_address { ByteOrder::NATIVE } else { self.mode.order },
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

    fn deeper(&mut self, depth: usize) -> Option<usize> {
        if depth >= MAX_DEPTH {
            return self.fail(c"nested more than 64 deep at byte %zd of the format");
        }
        Some(depth.saturating_add(1))
    }

    /// `{...}` of a function: skipped to the matching brace.
    fn signature(&mut self) -> Option<()> {
        if !self.accept(b'{') {
            return self.fail(c"expected '{' at byte %zd of the format");
        }
        let mut open: usize = 1;
        while open > 0 {
            match self.take() {
                Some(b'{') => open = open.saturating_add(1),
                Some(b'}') => open = open.saturating_sub(1),
                Some(_) => {}
                None => return self.fail(c"expected '}' at byte %zd of the format, its end"),
            }
        }
        Some(())
    }

    /// `:name:`. A name may contain anything but a colon.
    fn name(&mut self) -> Option<TextSpan> {
        self.take();
        let start = self.at;
        while let Some(byte) = self.take() {
            if byte == b':' {
                return Some(TextSpan { start, end: self.at.saturating_sub(1) });
            }
        }
        self.fail(c"expected ':' at byte %zd of the format, its end")
    }

    /// Bits follow bits without a gap.
    fn place_bits(&mut self, item: &mut Item, level: &mut Enclosing) -> Option<()> {
        if item.length > 64 {
            return self.fail(c"more than 64 bits in one value before byte %zd of the format");
        }
        if level.bits_order != item.order {
            // The other order fills bytes from the other end.
            self.close_bits(level);
            level.bits_order = item.order;
        }
        item.offset = level.offset.saturating_add(level.bits >> 3);
        item.first_bit = level.bits & 7;
        level.bits = item.length.saturating_mul(item.elements).saturating_add(level.bits);
        if level.bits > MAX {
            (level.offset, level.bits) = (usize::MAX, 0);
            self.check_size(level.offset);
        }
        item.size = item.first_bit.saturating_add(item.length).div_ceil(8);
        item.align = 1;
        Some(())
    }
}
