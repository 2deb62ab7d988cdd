//! `==` of two items in two formats: equal if they have as many values and each pair is equal.
//!
//! CPython's counterparts are `struct_get_unpacker` and `struct_unpack_cmp` in `memoryobject.c`.

use super::codec::{Codec, Form};
use super::compile::Op;
use super::compiled::CompiledFormat;
use super::empty;
use super::number::Numbers;
use super::value_walk::ValueWalk;

/// Compares items of one format with items of another by value. Make one, then walk the items.
#[derive(Clone, Debug)]
pub struct Comparer<'p> {
    a: CompiledFormat<'p>,
    b: CompiledFormat<'p>,
    pairing: Pairing,
    steps: [Option<PairedRun>; MAX_STEPS],
}

/// How the values of the two formats pair up. `struct.unpack` gives a tuple; a tuple of one counts as its value.
#[derive(Clone, Copy, Debug)]
enum Pairing {
    /// The numbers of values differ, so no two items are equal.
    Never,
    /// Items are equal where their bytes are.
    Bytes,
    /// The steps are compared, one after the other.
    Steps,
    /// There are more steps than fit, or loops: the values are compared one by one.
    ValueWalk,
}

/// Enough for nearly every record; a higher limit makes every [`Comparer`] larger.
const MAX_STEPS: usize = 8;

/// Elements that follow each other in both items.
#[derive(Clone, Copy, Debug)]
struct PairedRun {
    a: Elements,
    b: Elements,
    /// How many pairs of elements.
    count: usize,
    comparison: Comparison,
}

/// Elements of one side of a step.
#[derive(Clone, Copy, Debug)]
struct Elements {
    codec: Codec,
    offset: usize,
    size: usize,
}

/// Elements at the same places in all items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Where they are in the items of both formats.
    pub(crate) offsets: [usize; 2],
    pub(crate) pairs: Pairs,
}

/// What the elements of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairs {
    /// As many bytes, to be equal.
    Bytes(usize),
    /// As many numbers of both types.
    Numbers([Numbers; 2]),
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    /// The values are equal exactly where the bytes are; these are compared at once.
    Bytes,
    /// See [`Codec::is_plain`].
    Plain,
    Any,
}

impl<'p> Comparer<'p> {
    /// For items of these two formats.
    #[must_use]
    #[inline]
    pub fn new(a: CompiledFormat<'p>, b: CompiledFormat<'p>) -> Self {
        let mut comparer = Self { a, b, pairing: Pairing::ValueWalk, steps: [None; MAX_STEPS] };
        if a.counts().values != b.counts().values {
            comparer.pairing = Pairing::Never;
        } else if a.counts().size == b.counts().size && same_bytes(a.ops(), b.ops(), a.counts().size) {
            comparer.pairing = Pairing::Bytes;
        } else if make_steps(a.ops(), b.ops(), &mut comparer.steps).is_some() {
            comparer.pairing = Pairing::Steps;
        }
        comparer
    }

    /// Whether items of these sizes can be compared: each at least as large as its format says.
    ///
    /// If they cannot, CPython's comparison raises `struct.error` when it comes to the first pair of items.
    #[must_use]
    #[inline]
    pub fn fits(&self, a_itemsize: usize, b_itemsize: usize) -> bool {
        self.a.counts().size <= a_itemsize && self.b.counts().size <= b_itemsize
    }

    /// The size of the items in both formats, if two items are equal exactly where their bytes are.
    #[must_use]
    pub fn bytewise(&self) -> Option<usize> {
        matches!(self.pairing, Pairing::Bytes).then_some(self.a.counts().size)
    }

    /// The columns of items of both formats: the items are equal where they are equal in all columns. `None` where some values
    /// are of neither kind.
    #[must_use]
    pub(crate) fn columns(&self) -> Option<[Option<Column>; MAX_STEPS]> {
        if !matches!(self.pairing, Pairing::Steps) {
            return None;
        }
        let mut columns = [None; MAX_STEPS];
        for (column, step) in columns.iter_mut().zip(self.steps.iter().map_while(Option::as_ref)) {
            *column = Some(step.column()?);
        }
        Some(columns)
    }

    /// Whether two items hold equal values; false if the items do not [fit](Self::fits).
    #[must_use]
    #[inline]
    pub fn equal(&self, a_item: &[u8], b_item: &[u8]) -> bool {
        match self.pairing {
            _ if !self.fits(a_item.len(), b_item.len()) => false,
            Pairing::Steps => self.steps.iter().map_while(Option::as_ref).all(|step| step.equal(a_item, b_item)),
            Pairing::Never => false,
            Pairing::Bytes => {
                let size = self.a.counts().size;
                a_item.get(..size) == b_item.get(..size)
            }
            Pairing::ValueWalk => self.values_equal(a_item, b_item),
        }
    }

    // Not inlined: it uses much stack.
    #[inline(never)]
    fn values_equal(&self, a_item: &[u8], b_item: &[u8]) -> bool {
        self.walker().equal(a_item, b_item)
    }

    /// A comparer by values, if the formats need one: for many items it is faster than [`equal`](Self::equal).
    #[must_use]
    pub fn by_values(&self) -> Option<ByValues<'p>> {
        matches!(self.pairing, Pairing::ValueWalk).then(|| self.walker())
    }

    fn walker(&self) -> ByValues<'p> {
        // Otherwise one value of each pair has a byte.
        let both_empty = empty::has_empty(self.a.ops()) && empty::has_empty(self.b.ops());
        ByValues { a: self.a.values(), b: self.b.values(), both_empty }
    }
}

/// Compares items value by value, whatever their formats.
#[derive(Clone, Debug)]
pub struct ByValues<'p> {
    a: ValueWalk<'p>,
    b: ValueWalk<'p>,
    /// Both have values without a byte.
    both_empty: bool,
}

impl ByValues<'_> {
    /// Whether two items, which [fit](Comparer::fits), hold equal values.
    #[must_use]
    pub fn equal(&mut self, a_item: &[u8], b_item: &[u8]) -> bool {
        if self.both_empty {
            return empty::equal(&mut self.a, a_item, &mut self.b, b_item);
        }
        self.a.of(a_item).eq(self.b.of(b_item))
    }
}

/// The steps of one compiled format that are left; some elements of the first may have been taken.
struct OpsLeft<'o> {
    ops: &'o [Op],
    behind: usize,
}

impl OpsLeft<'_> {
    /// Skips so many elements.
    fn advance(&mut self, count: usize) {
        if let Some((op, rest)) = self.ops.split_first() {
            self.behind = self.behind.saturating_add(count);
            if self.behind >= op.count {
                *self = OpsLeft { ops: rest, behind: 0 };
            }
        }
    }

    /// The next elements and their number; `None` for a loop or bits.
    fn elements(&self) -> Option<(Elements, usize)> {
        let op = self.ops.first().filter(|op| !matches!(op.codec.form, Form::Loop | Form::Bits))?;
        let offset = op.size.saturating_mul(self.behind).saturating_add(op.offset);
        Some((Elements { codec: op.codec, offset, size: op.size }, op.count.saturating_sub(self.behind)))
    }
}

/// Writes the steps for two formats with as many values; `None` if they are too many, or there are loops or bits.
fn make_steps(a: &[Op], b: &[Op], steps: &mut [Option<PairedRun>; MAX_STEPS]) -> Option<()> {
    let mut free = steps.iter_mut();
    let mut last: Option<PairedRun> = None;
    let (mut left, mut right) = (OpsLeft { ops: a, behind: 0 }, OpsLeft { ops: b, behind: 0 });
    while !left.ops.is_empty() {
        let ((a, a_count), (b, b_count)) = (left.elements()?, right.elements()?);
        let count = a_count.min(b_count);
        let comparison = if a.has_form_of(b) {
            Comparison::Bytes
        } else if a.codec.is_plain() && b.codec.is_plain() {
            Comparison::Plain
        } else {
            Comparison::Any
        };
        // All pairs of values without a byte are alike, so one is enough.
        let pairs = if a.size == 0 && b.size == 0 { count.min(1) } else { count };
        let step = PairedRun { a, b, count: pairs, comparison };
        if !last.as_mut().is_some_and(|last| last.extend(&step))
            && let Some(last) = last.replace(step)
        {
            *free.next()? = Some(last);
        }
        left.advance(count);
        right.advance(count);
    }
    if last.is_some() {
        *free.next()? = last;
    }
    Some(())
}

/// Whether the items of two compiled formats are equal exactly where their bytes are, all `size` of them: the same
/// values at the same places without gaps, each of which has one representation only. Recursion is as deep as the
/// format's.
fn same_bytes(a: &[Op], b: &[Op], size: usize) -> bool {
    let (mut left, mut right) = (OpsLeft { ops: a, behind: 0 }, OpsLeft { ops: b, behind: 0 });
    let mut end = 0_usize;
    while let (Some((x, x_rest)), Some((y, y_rest))) = (left.ops.split_first(), right.ops.split_first()) {
        if let (Some((a, a_count)), Some((b, b_count))) = (left.elements(), right.elements()) {
            if !a.has_form_of(b) || a.offset != end || b.offset != end {
                return false;
            }
            let count = a_count.min(b_count);
            end = end.saturating_add(a.size.saturating_mul(count));
            left.advance(count);
            right.advance(count);
            continue;
        }
        let (Some((x_inner, x_rest)), Some((y_inner, y_rest))) =
            (x_rest.split_at_checked(x.inner), y_rest.split_at_checked(y.inner))
        else {
            return false;
        };
        let alike = x.codec.form == Form::Loop && (x.codec, x.count, x.size) == (y.codec, y.count, y.size);
        if !alike || x.offset != end || y.offset != end || !same_bytes(x_inner, y_inner, x.size) {
            return false;
        }
        end = x.end;
        (left, right) = (OpsLeft { ops: x_rest, behind: 0 }, OpsLeft { ops: y_rest, behind: 0 });
    }
    left.ops.is_empty() && right.ops.is_empty() && end == size
}

impl Elements {
    /// Whether an element of both is equal exactly where its bytes are.
    fn has_form_of(self, other: Self) -> bool {
        let same_order = self.codec.order() == other.codec.order() || self.size == 1;
        self.size == other.size
            && match (one_form(self.codec.form), one_form(other.codec.form)) {
                (Some(Form::Bytes), Some(Form::Bytes)) => true,
                (Some(a), Some(b)) => a == b && same_order,
                _ => false,
            }
    }

    /// The bytes of this element, and of the others after it.
    #[inline(always)]
    fn of<'a>(&self, item: &'a [u8]) -> &'a [u8] {
        item.get(self.offset..).unwrap_or(&[])
    }
}

/// A form with equal values exactly where this one has them, if each value has one representation only, and equals itself.
fn one_form(form: Form) -> Option<Form> {
    Some(match form {
        Form::Char | Form::Bytes => Form::Bytes,
        Form::Address | Form::Pointer if size_of::<usize>() == 8 => Form::U64,
        Form::I8 | Form::I16 | Form::I32 | Form::I64 | Form::U8 | Form::U16 | Form::U32 | Form::U64 => form,
        Form::Address | Form::Pointer => Form::Address,
        Form::Ucs2 | Form::Ucs4 => form,
        _ => return None,
    })
}

impl PairedRun {
    /// Merges the next step into this one, if both compare bytes that are adjacent. Returns whether it has.
    fn extend(&mut self, next: &Self) -> bool {
        let length = self.a.size.saturating_mul(self.count);
        let follows = |elements: Elements, next: Elements| elements.offset.saturating_add(length) == next.offset;
        let joins = matches!((self.comparison, next.comparison), (Comparison::Bytes, Comparison::Bytes))
            && follows(self.a, next.a)
            && follows(self.b, next.b);
        if joins {
            self.count = length.saturating_add(next.a.size.saturating_mul(next.count));
            (self.a.size, self.b.size) = (1, 1);
        }
        joins
    }

    /// The column that the step compares, if it is of one of these kinds.
    fn column(&self) -> Option<Column> {
        let pairs = match self.comparison {
            Comparison::Bytes => Pairs::Bytes(self.a.size.saturating_mul(self.count)),
            _ => {
                let (a, b) = (self.a.codec.numbers(self.count)?, self.b.codec.numbers(self.count)?);
                // A complex number is two numbers, and has its own rule for equality with a real one.
                if a.count != b.count {
                    return None;
                }
                Pairs::Numbers([a, b])
            }
        };
        Some(Column { offsets: [self.a.offset, self.b.offset], pairs })
    }

    #[inline(always)]
    fn equal(&self, a_item: &[u8], b_item: &[u8]) -> bool {
        let (a, b) = (self.a.of(a_item), self.b.of(b_item));
        match self.comparison {
            Comparison::Plain => {
                self.pairs(a, b, |a, b| match (self.a.codec.decode_plain(a), self.b.codec.decode_plain(b)) {
                    (Some(a), Some(b)) => a.equal_plain(b),
                    _ => false,
                })
            }
            Comparison::Bytes => {
                let length = self.a.size.saturating_mul(self.count);
                a.get(..length) == b.get(..length)
            }
            Comparison::Any => self.any_equal(a, b),
        }
    }

    // Not inlined: it would slow the other comparisons down.
    #[inline(never)]
    fn any_equal(&self, a: &[u8], b: &[u8]) -> bool {
        self.pairs(a, b, |a, b| match (self.a.codec.decode(a), self.b.codec.decode(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        })
    }

    /// Whether `equal` holds for all pairs of elements.
    #[inline(always)]
    fn pairs(&self, mut a: &[u8], mut b: &[u8], equal: impl Fn(&[u8], &[u8]) -> bool) -> bool {
        (0..self.count).all(|_| match (a.split_at_checked(self.a.size), b.split_at_checked(self.b.size)) {
            (Some((a_element, a_rest)), Some((b_element, b_rest))) => {
                (a, b) = (a_rest, b_rest);
                equal(a_element, b_element)
            }
            _ => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;
    use std::vec;

    use super::super::compile::{compile, count_ops};
    use super::*;

    /// Asks the comparer of two formats.
    fn asked<R>(a: &CStr, b: &CStr, ask: impl FnOnce(&Comparer<'_>) -> R) -> Option<R> {
        let (a_counts, b_counts) = (count_ops(a).ok()?, count_ops(b).ok()?);
        let (mut a_ops, mut b_ops) = (vec![Op::default(); a_counts.ops], vec![Op::default(); b_counts.ops]);
        compile(a, &mut a_ops).ok()?;
        compile(b, &mut b_ops).ok()?;
        Some(ask(&Comparer::new(CompiledFormat::new(&a_ops, a_counts), CompiledFormat::new(&b_ops, b_counts))))
    }

    fn equal(a: &CStr, a_item: &[u8], b: &CStr, b_item: &[u8]) -> bool {
        let answer = asked(a, b, |comparer| {
            let answer = comparer.equal(a_item, b_item);
            assert!(comparer.by_values().is_none_or(|mut walker| walker.equal(a_item, b_item) == answer));
            answer
        });
        assert!(answer.is_some(), "{a:?} {b:?}");
        answer == Some(true)
    }

    #[test]
    fn equal_values_in_other_formats_are_equal() {
        assert!(equal(c"<i", &[1, 0, 0, 0], c">h", &[0, 1]));
        assert!(equal(c"<i", &[1, 0, 0, 0], c"?", &[200]));
        assert!(equal(c"<d", &2_f64.to_le_bytes(), c">e", &[0x40, 0]));
        assert!(equal(c"3B", &[1, 2, 3], c"<bxbxb", &[1, 9, 2, 9, 3]));
        assert!(equal(c"2s", b"ab", c"3p", b"\x02ab"));
        assert!(!equal(c"2s", b"ab", c"cc", b"ab"), "bytes are not a tuple");
        assert!(!equal(c"<f", &f32::NAN.to_le_bytes(), c"<f", &f32::NAN.to_le_bytes()));
    }

    #[test]
    fn what_pep_3118_adds_is_compared() {
        assert!(equal(c"T{<h:x:B:y:}", &[1, 0, 2], c"<B>h", &[1, 0, 2]));
        assert!(equal(c"2T{<hB}", &[1, 0, 2, 3, 0, 4], c"4B", &[1, 2, 3, 4]));
        assert!(!equal(c"2T{<hB}", &[1, 0, 2, 3, 0, 4], c"4B", &[1, 2, 3, 5]));
        assert!(equal(c"<2T{Bh}", &[1, 2, 0, 3, 4, 0], c"<x2T{Bh}", &[9, 1, 2, 0, 3, 4, 0]));
        assert!(!equal(c"<x2T{Bh}", &[9, 1, 2, 0, 3, 4, 0], c"<2T{Bh}x", &[9, 1, 2, 0, 3, 4, 0]));
        assert!(!equal(c"<2T{Bh}x", &[9, 1, 2, 0, 3, 4, 0], c"<x2T{Bh}", &[9, 1, 2, 0, 3, 4, 0]));
        assert!(equal(c"<2u", b"a\0b\0", c">2w", b"\0\0\0a\0\0\0b"));
        assert!(!equal(c"<u", b"a\0", c"<H", b"a\0"));
        assert!(equal(c"<3t5t", &[0b0101_0011], c"2B", &[0b011, 0b01010]));
        assert!(equal(c">Ze", &[0x3c, 0, 0, 0], c"B", &[1]));
        assert!(equal(c"&i", &7_usize.to_ne_bytes(), c"=Q", &7_u64.to_ne_bytes()));
    }

    #[test]
    fn runs_of_other_lengths_pair_up() {
        let little = [1, 0, 2, 0, 3, 0, 4, 0];
        assert!(equal(c"<4h", &little, c"<h2hh", &little));
        assert!(equal(c"<2h2h", &little, c">h3h", &[0, 1, 0, 2, 0, 3, 0, 4]));
        assert!(!equal(c"<3hh", &little, c">h3h", &[0, 1, 0, 2, 0, 3, 0, 5]));
        assert!(!equal(c"<4h", &little, c"<3h", &little));
    }

    #[test]
    fn more_steps_than_have_room() {
        let (a, b) = (c"bBbBbBbBbB", c"bbbbbbbbbb");
        assert!(equal(a, b"0123456789", b, b"0123456789"));
        assert!(!equal(a, b"0123456789", b, b"012345678 "));
        assert_eq!(asked(a, b, |comparer| comparer.by_values().is_some()), Some(true));
    }

    #[test]
    fn values_of_one_form_without_gaps_are_compared_as_bytes() {
        for (a, b, size) in [
            (c"<i", c"<i", 4),
            (c"<hhh", c"<3h", 6),
            (c"4sc", c"4s1s", 5),
            (c"bB", c">bB", 2),
            (c"<2T{h3T{BB}2s}Q", c"<2T{h3T{BB}2s}Q", 28),
            (c"(2,3)<u", c"<6u", 12),
            (c"P", c"=Q", 8),
            (c"", c"", 0),
        ] {
            assert_eq!(asked(a, b, |comparer| comparer.bytewise()), Some(Some(size)), "{a:?} {b:?}");
        }
        for (a, b) in [
            (c"<i", c">i"),
            (c"<i", c"<I"),
            (c"<f", c"<f"),
            (c"?", c"?"),
            (c"3p", c"3p"),
            (c"bx", c"bx"),
            (c"<bxh", c"<bxh"),
            (c"2T{bx}", c"2T{bx}"),
            (c"2T{bh}", c"2T{hb}"),
            (c"2T{BB}", c"4B"),
            (c"2s", c"ss"),
            (c"8t", c"8t"),
            (c"Zd", c"Zd"),
        ] {
            assert_eq!(asked(a, b, |comparer| comparer.bytewise()), Some(None), "{a:?} {b:?}");
        }
    }

    #[test]
    fn no_values_are_the_empty_tuple() {
        assert!(equal(c"2x0b", &[1, 2], c"", &[]));
        assert!(equal(c"0i", &[1, 2], c"x0b", &[3]));
        assert!(!equal(c"x", &[0], c"B", &[0]));
    }

    #[test]
    fn padding_that_is_all_there_is_is_bytes() {
        for format in [c"3x", c"=3x", c"T{3x}", c"@T{T{3x}}"] {
            assert!(equal(format, b"abc", c"3s", b"abc"), "{format:?}");
            assert!(!equal(format, b"abc", format, b"xyz"), "{format:?}");
        }
        assert!(equal(c"(2)2x", b"abcd", c"2x2x", b"abcd"));
        assert!(!equal(c"(2)2x", b"abcd", c"2x2x", b"abce"));
        assert!(equal(c"b3x", b"abcd", c"b3x", b"axyz"), "padding is not compared");
        assert!(equal(c"0x", &[], c"0s", &[]));
    }

    #[test]
    fn values_without_bytes_take_no_time() {
        for (a, b, expected) in [
            (c"(2305843009213693952)0s", c"(2305843009213693952)0p", true),
            (c"1000000000T{1000000000T{0s}}", c"1000000000T{1000000000T{0p}}", true),
            (c"1000000000T{1000000000T{0s}}", c"(1000000000,1000000000)0p", true),
            (c"1152921504606846976T{0s0u}", c"576460752303423488T{0w0s0p}", true),
            (c"(2305843009213693952)0s", c"(2305843009213693952)0t", false),
            (c"1152921504606846976T{0s0t}", c"1152921504606846976T{0p0t}", true),
            (c"1152921504606846976T{0s0t}", c"576460752303423488T{0p0t0s0t}", true),
            (c"1152921504606846976T{0s0t}", c"0s1152921504606846975T{0t0s}0t", true),
            (c"1152921504606846976T{0s0t}", c"0s1152921504606846975T{0t0s}0p", false),
            (c"1152921504606846976T{0s0t}", c"1152921504606846976T{0t0s}", false),
            (c"1073741824T{1073741823T{0s0t}0s0t}", c"1152921504606846976T{0s0t}", true),
            (c"1073741824T{1073741823T{0s0t}0t0s}", c"1152921504606846976T{0s0t}", false),
            (c"3T{1000000T{1000000T{0s0t}0t}}", c"1000000T{1000000T{0s0t}0t}2T{1000000T{1000000T{0p0t}0t}}", true),
            (c"3T{1000000T{1000000T{0s0t}0t}}", c"1000000T{1000000T{0s0t}0t}2T{1000000T{1000000T{0p0t}0s}}", false),
        ] {
            assert_eq!(equal(a, &[], b, &[]), expected, "{a:?} {b:?}");
            assert_eq!(equal(b, &[], a, &[]), expected, "{b:?} {a:?}");
        }
        // Values without a byte, with bytes between them.
        let (a, b) = (c"3T{b1000000000T{0s0t}}b", c"2T{b1000000000T{0p0t}}b500000000T{0s0t0s0t}b");
        assert!(equal(a, &[1, 2, 3, 4], b, &[1, 2, 3, 4]));
        assert!(!equal(a, &[1, 2, 3, 4], b, &[1, 2, 3, 5]));
        assert!(!equal(a, &[1, 2, 3, 4], b, &[1, 2, 7, 4]));
    }

    #[test]
    fn nothing_equals_an_item_that_is_too_small() {
        assert!(!equal(c"<h", &[1], c"<h", &[1]));
        assert!(!equal(c"Bx", &[1], c"B", &[1]), "the pad is missing");
        assert!(!equal(c"BBx", &[1, 2], c"BB", &[1, 2]));
        assert!(equal(c"B", &[1, 7], c"B", &[1, 8]), "what follows the item is not compared");
    }

    #[test]
    fn fits_needs_both_items_whole() {
        let fits = |a, b| asked(c"Bx", c"<h", |comparer| comparer.fits(a, b));
        assert_eq!(fits(2, 2), Some(true));
        assert_eq!(fits(1, 2), Some(false));
        assert_eq!(fits(2, 1), Some(false));
    }
}
