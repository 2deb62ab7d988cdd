//! `==` of two items in two formats, as memoryviews compare.
//!
//! CPython's counterparts are `struct_get_unpacker` and `struct_unpack_cmp` in `memoryobject.c`.

use core::ffi::CStr;

use super::codes::Kind;
use super::parse::{Element, Format};
use super::value::Value;

/// Compares items of one format with items of another by value. Make one, then walk the items.
#[derive(Clone, Debug)]
pub struct Comparer<'f> {
    a: Format<'f>,
    b: Format<'f>,
    plan: Plan,
}

/// How the values of the two formats pair up. `struct.unpack` gives a tuple; a tuple of one counts as its value.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is no heap to box it on")]
enum Plan {
    /// The numbers of values differ, so no two items are equal.
    Never,
    /// All pairs of values, as a few steps.
    Steps([Option<Step>; MAX_STEPS]),
    /// As many values on each side, but more steps than there is room for: the formats are read again for each item.
    Items,
}

/// Enough for nearly every record; more would make each [`Comparer`] larger.
const MAX_STEPS: usize = 8;

/// Elements that follow each other in both items.
#[derive(Clone, Copy, Debug)]
struct Step {
    a: Element,
    a_offset: usize,
    b: Element,
    b_offset: usize,
    /// How many pairs of elements.
    count: usize,
    /// Whether the values are equal exactly if the bytes are; then these are compared at once.
    bytewise: bool,
}

impl<'f> Comparer<'f> {
    /// Reads both formats; `None` if one is invalid. Then CPython calls any two views unequal, even without items.
    #[must_use]
    pub fn new(a: &'f CStr, b: &'f CStr) -> Option<Self> {
        let a = Format::new(a).ok()?;
        let b = Format::new(b).ok()?;
        let plan = if a.values() == b.values() { steps(&a, &b).map_or(Plan::Items, Plan::Steps) } else { Plan::Never };
        Some(Self { a, b, plan })
    }

    /// Whether items of these sizes can be compared: each at least as large as its format says.
    ///
    /// If they cannot, CPython's comparison raises `struct.error` when it comes to the first pair of items.
    #[must_use]
    pub fn fits(&self, a_itemsize: usize, b_itemsize: usize) -> bool {
        self.a.fits(a_itemsize) && self.b.fits(b_itemsize)
    }

    /// Whether two items hold equal values; false if the items do not [fit](Self::fits).
    #[must_use]
    #[inline]
    pub fn equal(&self, a_item: &[u8], b_item: &[u8]) -> bool {
        if !self.fits(a_item.len(), b_item.len()) {
            return false;
        }
        match &self.plan {
            Plan::Never => false,
            Plan::Steps(steps) => steps.iter().map_while(Option::as_ref).all(|step| step.equal(a_item, b_item)),
            Plan::Items => match (self.a.items(a_item), self.b.items(b_item)) {
                (Some(a), Some(b)) => a.eq(b),
                _ => false,
            },
        }
    }
}

/// The steps for two formats with as many values; `None` if they are too many.
fn steps(a: &Format<'_>, b: &Format<'_>) -> Option<[Option<Step>; MAX_STEPS]> {
    let mut steps = [None; MAX_STEPS];
    let mut free = steps.iter_mut();
    let (mut a_parser, mut b_parser) = (a.parser(), b.parser());
    let (mut a_left, mut b_left) = (None, None);
    loop {
        let Some(a_run) = a_left.or_else(|| a_parser.next_run().ok().flatten()) else { return Some(steps) };
        let Some(b_run) = b_left.or_else(|| b_parser.next_run().ok().flatten()) else { return Some(steps) };
        let count = a_run.repeat.min(b_run.repeat);
        let (a, a_offset) = (a_run.element, a_run.offset);
        let (b, b_offset) = (b_run.element, b_run.offset);
        *free.next()? = Some(Step { a, a_offset, b, b_offset, count, bytewise: a == b && has_one_form(a.kind) });
        a_left = a_run.skip(count);
        b_left = b_run.skip(count);
    }
}

/// Whether each value of this kind has one representation only, and equals itself.
fn has_one_form(kind: Kind) -> bool {
    matches!(kind, Kind::Char | Kind::Signed | Kind::Unsigned | Kind::Bytes)
}

impl Step {
    #[inline]
    fn equal(&self, a_item: &[u8], b_item: &[u8]) -> bool {
        let (Some(mut a), Some(mut b)) = (a_item.get(self.a_offset..), b_item.get(self.b_offset..)) else {
            return false;
        };
        if self.bytewise {
            let length = self.a.size.saturating_mul(self.count);
            return a.get(..length) == b.get(..length);
        }
        (0..self.count).all(|_| match (Value::split_first(self.a, a), Value::split_first(self.b, b)) {
            (Some((a_value, a_rest)), Some((b_value, b_rest))) => {
                (a, b) = (a_rest, b_rest);
                a_value.equal_plain(b_value)
            }
            _ => false,
        })
    }
}

/// Whether two items in two formats hold equal values, for a single pair; see [`Comparer`].
///
/// False if a format is invalid or its item too small.
#[must_use]
pub fn items_equal(a: &CStr, a_item: &[u8], b: &CStr, b_item: &[u8]) -> bool {
    Comparer::new(a, b).is_some_and(|comparer| comparer.equal(a_item, b_item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_in_other_formats_are_equal() {
        assert!(items_equal(c"<i", &[1, 0, 0, 0], c">h", &[0, 1]));
        assert!(items_equal(c"<i", &[1, 0, 0, 0], c"?", &[200]));
        assert!(items_equal(c"<d", &2_f64.to_le_bytes(), c">e", &[0x40, 0]));
        assert!(items_equal(c"3B", &[1, 2, 3], c"<bxbxb", &[1, 9, 2, 9, 3]));
        assert!(items_equal(c"2s", b"ab", c"3p", b"\x02ab"));
        assert!(!items_equal(c"2s", b"ab", c"cc", b"ab"), "bytes are not a tuple");
        assert!(!items_equal(c"<f", &f32::NAN.to_le_bytes(), c"<f", &f32::NAN.to_le_bytes()));
    }

    #[test]
    fn runs_of_other_lengths_pair_up() {
        let little = [1, 0, 2, 0, 3, 0, 4, 0];
        assert!(items_equal(c"<4h", &little, c"<h2hh", &little));
        assert!(items_equal(c"<2h2h", &little, c">h3h", &[0, 1, 0, 2, 0, 3, 0, 4]));
        assert!(!items_equal(c"<3hh", &little, c">h3h", &[0, 1, 0, 2, 0, 3, 0, 5]));
        assert!(!items_equal(c"<4h", &little, c"<3h", &little));
    }

    #[test]
    fn more_steps_than_have_room() {
        let (a, b) = (c"bBbBbBbBbB", c"bbbbbbbbbb");
        assert!(items_equal(a, b"0123456789", b, b"0123456789"));
        assert!(!items_equal(a, b"0123456789", b, b"012345678 "));
        assert!(matches!(Comparer::new(a, b), Some(Comparer { plan: Plan::Items, .. })));
    }

    #[test]
    fn no_values_are_the_empty_tuple() {
        assert!(items_equal(c"2x", &[1, 2], c"", &[]));
        assert!(items_equal(c"0i", &[1, 2], c"x", &[3]));
        assert!(!items_equal(c"x", &[0], c"B", &[0]));
    }

    #[test]
    fn nothing_equals_what_cannot_be_read() {
        assert!(!items_equal(c"z", &[1], c"z", &[1]));
        assert!(!items_equal(c"<h", &[1], c"<h", &[1]));
        assert!(!items_equal(c"Bx", &[1], c"B", &[1]), "the pad is missing");
        assert!(!items_equal(c"BBx", &[1, 2], c"BB", &[1, 2]));
        assert!(items_equal(c"B", &[1, 7], c"B", &[1, 8]), "what follows the item is not compared");
    }

    #[test]
    fn fits_needs_both_items_whole() {
        let fits = |a, b| Comparer::new(c"Bx", c"<h").map(|comparer| comparer.fits(a, b));
        assert_eq!(fits(2, 2), Some(true));
        assert_eq!(fits(1, 2), Some(false));
        assert_eq!(fits(2, 1), Some(false));
    }
}
