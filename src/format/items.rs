//! The values of one item, one after the other.
//!
//! CPython's counterpart is `s_unpack_internal` in `_struct.c`, which fills a tuple.

use core::iter::FusedIterator;

use super::codes::{Kind, Order};
use super::parse::{Element, Format, Parser};
use super::value::Value;

/// The values that `struct.unpack_from(format, item)` gives. See [`Format::items`].
#[derive(Clone, Debug)]
pub struct Items<'f, 'a> {
    parser: Parser<'f>,
    item: &'a [u8],
    /// The elements of the current run that are left, and where they begin.
    left: usize,
    element: Element,
    rest: &'a [u8],
}

impl<'f> Format<'f> {
    /// The values of the item at the start of this memory; `None` if the memory is smaller than an item.
    #[must_use]
    pub fn items<'a>(&self, item: &'a [u8]) -> Option<Items<'f, 'a>> {
        let element = Element { kind: Kind::Pad, order: Order::NATIVE, size: 0 };
        self.fits(item.len()).then_some(Items { parser: self.parser(), item, left: 0, element, rest: &[] })
    }
}

impl<'a> Iterator for Items<'_, 'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        if self.left == 0 {
            // `Format` has read the text and `items` has checked the memory: no error and no short slice from here on.
            let run = self.parser.next_run().ok().flatten()?;
            self.left = run.repeat;
            self.element = run.element;
            self.rest = self.item.get(run.offset..)?;
        }
        let (value, rest) = Value::split_first(self.element, self.rest)?;
        self.left = self.left.wrapping_sub(1);
        self.rest = rest;
        Some(value)
    }
}

impl FusedIterator for Items<'_, '_> {}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;
    use std::vec::Vec;

    use super::*;

    fn unpack<'a>(format: &CStr, item: &'a [u8]) -> Option<Vec<Value<'a>>> {
        Format::new(format).ok()?.items(item).map(Iterator::collect)
    }

    #[test]
    fn pads_give_nothing_and_counts_give_many() {
        let item = [9, 9, 1, 0, 2, 0, 255, 255, 7];
        let values = [Value::Signed(1), Value::Signed(2), Value::Signed(-1)];
        assert_eq!(unpack(c"<2x3h", &item).as_deref(), Some(&values[..]));
        assert_eq!(unpack(c"<2x0h", &item).as_deref(), Some(&[][..]));
    }

    #[test]
    fn byte_strings_are_one_value() {
        let values =
            [Value::Bytes(b"ab"), Value::Bytes(b""), Value::Bytes(b"c"), Value::Bytes(b"d"), Value::Bytes(b"e")];
        assert_eq!(unpack(c"2s0scc3p", b"abcd\x01ef").as_deref(), Some(&values[..]));
    }

    #[test]
    fn every_byte_order_at_any_address() {
        let item = [0, 1, 2, 3, 4];
        assert_eq!(unpack(c"<xi", &item).as_deref(), Some(&[Value::Signed(0x0403_0201)][..]));
        assert_eq!(unpack(c">xi", &item).as_deref(), Some(&[Value::Signed(0x0102_0304)][..]));
        assert_eq!(unpack(c"!xi", &item).as_deref(), Some(&[Value::Signed(0x0102_0304)][..]));
        let native = i32::from_ne_bytes([1, 2, 3, 4]);
        assert_eq!(unpack(c"=xi", &item).as_deref(), Some(&[Value::Signed(native.into())][..]));
        assert_eq!(unpack(c"i", &item[1..]).as_deref(), Some(&[Value::Signed(native.into())][..]));
    }

    #[test]
    fn an_item_may_be_larger_than_its_format_but_not_smaller() {
        assert_eq!(unpack(c"<h", &[1, 0, 9]).as_deref(), Some(&[Value::Signed(1)][..]));
        assert!(unpack(c"<h", &[1]).is_none());
        assert!(unpack(c"9223372036854775807s", &[1]).is_none());
    }

    #[test]
    fn the_end_is_the_end() {
        let items = Format::new(c"B").ok().and_then(|format| format.items(&[1, 2]));
        assert_eq!(
            items.map(|mut items| (items.next(), items.next(), items.next())),
            Some((Some(Value::Unsigned(1)), None, None))
        );
    }
}
