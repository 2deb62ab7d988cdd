//! What follows each other in an item, and how the items of two formats pair up, run by run.

use super::codec::{Codec, Form};
use super::coerce::OTHER_BYTES;
use super::compile::Op;
use super::compiled::CompiledFormat;
use super::number::{CType, Numbers, Scalar, is_swapped};
use crate::error::{Error, Result};

/// How deep repeated records of [`Fields`] nest, so that little stack is enough for a recursion over them.
const NESTED: usize = 3;

/// How deep records may nest that are taken apart, since the other format has no such records.
const APART: usize = 3;

/// How many runs two formats may pair up in. More are not worth a loop for each.
const MOST_RUNS: usize = 1 << 10;

/// Contiguous equal elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elements {
    codec: Codec,
    /// The bytes of each.
    pub(crate) size: usize,
    pub(crate) count: usize,
}

/// The fields of an item, in its order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fields<'o> {
    /// Those of a compiled format.
    Ops(&'o [Op]),
    /// One, which has no more than these.
    Elements(Elements),
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'o> {
    /// Where it starts in the item.
    pub(crate) offset: usize,
    pub(crate) part: Part<'o>,
}

/// What a field consists of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part<'o> {
    Elements(Elements),
    /// As many contiguous records of `size` bytes.
    Records {
        count: usize,
        size: usize,
        fields: Fields<'o>,
    },
}

impl Elements {
    /// Those of a step that is not a loop.
    pub(super) const fn of(op: &Op) -> Self {
        Self { codec: op.codec, size: op.size, count: op.count }
    }

    /// The bytes of all.
    fn bytes(self) -> usize {
        self.size.saturating_mul(self.count)
    }

    /// The first of them.
    const fn first(self, count: usize) -> Self {
        Self { count, ..self }
    }
}

impl Fields<'_> {
    /// Those of an array of as many C numbers.
    pub(crate) const fn of_array(ctype: CType, count: usize) -> Self {
        let form = match ctype {
            CType::Double => Form::Double,
            CType::Float => Form::Single,
            CType::Int64 => Form::I64,
            CType::Uint64 => Form::U64,
        };
        Self::Elements(Elements { codec: Codec::plain(form), size: ctype.size(), count })
    }

    /// The values of an item.
    pub(crate) fn values(self) -> usize {
        self.map(Field::values).fold(0, usize::saturating_add)
    }

    /// Whether all are real numbers of the machine, in repeated records that nest at most so deep.
    fn are_numbers(mut self, depth: usize) -> bool {
        self.all(|field| match field.part {
            Part::Elements(elements) => Scalar::of(elements.codec.form).is_some(),
            Part::Records { fields, .. } => depth.checked_sub(1).is_some_and(|depth| fields.are_numbers(depth)),
        })
    }

    /// Whether they, which are no bits, leave no byte of an item of this size.
    pub(crate) fn fill(self, size: usize) -> bool {
        let mut end = 0;
        for Field { offset, part } in self {
            let length = match part {
                Part::Elements(elements) => elements.bytes(),
                Part::Records { count, size, fields } if fields.fill(size) => size.saturating_mul(count),
                _ => return false,
            };
            if offset != end {
                return false;
            }
            end = end.saturating_add(length);
        }
        end == size
    }
}

impl Field<'_> {
    /// Its values.
    fn values(self) -> usize {
        match self.part {
            Part::Elements(elements) => elements.count,
            Part::Records { count, fields, .. } => count.saturating_mul(fields.values()),
        }
    }
}

impl<'o> Iterator for Fields<'o> {
    type Item = Field<'o>;

    fn next(&mut self) -> Option<Field<'o>> {
        let (op, rest) = match *self {
            Self::Ops(ops) => ops.split_first()?,
            Self::Elements(elements) => {
                *self = Self::Ops(&[]);
                return Some(Field { offset: 0, part: Part::Elements(elements) });
            }
        };
        let part = if op.codec.form == Form::Loop {
            let (inner, after) = rest.split_at_checked(op.inner)?;
            *self = Self::Ops(after);
            Part::Records { count: op.count, size: op.size, fields: Self::Ops(inner) }
        } else {
            *self = Self::Ops(rest);
            Part::Elements(Elements::of(op))
        };
        Some(Field { offset: op.offset, part })
    }
}

impl<'o> CompiledFormat<'o> {
    /// The numbers, as many and in the same order, that the items of both formats consist of, if they contain nothing else.
    pub(crate) fn numbers_with(&self, other: &CompiledFormat<'_>) -> Option<[Numbers; 2]> {
        if let (Some(a), Some(b)) = (self.numbers(), other.numbers()) {
            return (a.count == b.count).then_some([a, b]);
        }
        let mut joint = Joint::new([self.fields(), other.fields()]);
        match (joint.next(), joint.next()) {
            (Some(JointField { offsets: [0, 0], parts: JointParts::Elements([a, b]) }), None)
                if a.bytes() == self.counts().size && b.bytes() == other.counts().size =>
            {
                Elements::conversion(a, b).ok().flatten()
            }
            _ => None,
        }
    }

    /// The fields of the items.
    pub(crate) fn fields(&self) -> Fields<'o> {
        Fields::Ops(self.ops())
    }

    /// The fields, if each is a real number of the machine, or a record of such, in at most [`NESTED`] repeated ones.
    pub(crate) fn fields_of_numbers(&self) -> Option<Fields<'o>> {
        Some(self.fields()).filter(|fields| fields.are_numbers(NESTED))
    }
}

/// How far the fields of an item have been taken.
#[derive(Clone, Copy, Debug)]
struct Cursor<'o> {
    /// The fields of the item, and of the records around what is next.
    levels: [Level<'o>; APART + 1],
    depth: usize,
}

#[derive(Clone, Copy, Debug)]
struct Level<'o> {
    /// What is left of the field that has been taken from the rest.
    head: Option<Field<'o>>,
    rest: Fields<'o>,
    /// Where the item or record starts.
    base: usize,
}

impl<'o> Cursor<'o> {
    const fn new(fields: Fields<'o>) -> Self {
        let nothing = Level { head: None, rest: Fields::Ops(&[]), base: 0 };
        let mut levels = [nothing; APART + 1];
        if let Some(first) = levels.first_mut() {
            first.rest = fields;
        }
        Self { levels, depth: 0 }
    }

    fn level(&mut self) -> Option<&mut Level<'o>> {
        self.levels.get_mut(self.depth)
    }

    /// The next field, at its place in the item.
    fn head(&mut self) -> Option<Field<'o>> {
        loop {
            let level = self.level()?;
            if level.head.is_none() {
                let base = level.base;
                level.head =
                    level.rest.next().map(|field| Field { offset: field.offset.saturating_add(base), ..field });
            }
            if level.head.is_some() {
                return level.head;
            }
            self.depth = self.depth.checked_sub(1)?;
        }
    }

    /// Takes as many of the next field's elements, or records.
    fn take(&mut self, taken: usize) {
        let Some(level) = self.level() else { return };
        let Some(Field { offset, part }) = &mut level.head else { return };
        let (size, left) = match part {
            Part::Elements(elements) => (elements.size, &mut elements.count),
            Part::Records { count, size, .. } => (*size, count),
        };
        *offset = offset.saturating_add(size.saturating_mul(taken));
        *left = left.saturating_sub(taken);
        if *left == 0 {
            level.head = None;
        }
    }

    /// Takes the next record apart; `None` where records nest too deep.
    fn enter(&mut self, Field { offset, .. }: Field<'o>, fields: Fields<'o>) -> Option<()> {
        self.take(1);
        let depth = self.depth.saturating_add(1);
        *self.levels.get_mut(depth)? = Level { head: None, rest: fields, base: offset };
        self.depth = depth;
        Some(())
    }
}

/// Walks the fields of two formats with as many values in step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joint<'o> {
    cursors: [Cursor<'o>; 2],
    /// Records nest too deep.
    is_stuck: bool,
}

/// Fields of both formats with as many values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JointField<'o> {
    /// Where they start in the items.
    pub(crate) offsets: [usize; 2],
    pub(crate) parts: JointParts<'o>,
}

/// What they consist of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum JointParts<'o> {
    /// As many elements.
    Elements([Elements; 2]),
    /// As many records, with as many values each.
    Records { count: usize, sizes: [usize; 2], fields: [Fields<'o>; 2] },
}

impl<'o> Part<'o> {
    /// The values of a record.
    fn values_of_record(self) -> Option<usize> {
        match self {
            Self::Elements(_) => None,
            Self::Records { fields, .. } => Some(fields.values()),
        }
    }

    /// The same as records of so many values, of elements as many as there are whole ones.
    fn as_records(self, values: usize) -> Option<Records<'o>> {
        match self {
            Self::Elements(elements) => {
                let count = elements.count.checked_div(values).filter(|&count| count != 0)?;
                let size = elements.size.saturating_mul(values);
                Some(Records { count, size, fields: Fields::Elements(elements.first(values)), taken: values })
            }
            Self::Records { count, size, fields } => {
                (fields.values() == values).then_some(Records { count, size, fields, taken: 1 })
            }
        }
    }
}

/// A part of a field as records.
struct Records<'o> {
    count: usize,
    size: usize,
    fields: Fields<'o>,
    /// What of the field is taken for each.
    taken: usize,
}

impl<'o> Joint<'o> {
    pub(crate) const fn new([a, b]: [Fields<'o>; 2]) -> Self {
        Self { cursors: [Cursor::new(a), Cursor::new(b)], is_stuck: false }
    }
}

impl<'o> Iterator for Joint<'o> {
    type Item = JointField<'o>;

    fn next(&mut self) -> Option<JointField<'o>> {
        let [left, right] = &mut self.cursors;
        loop {
            let (a, b) = left.head().zip(right.head())?;
            let offsets = [a.offset, b.offset];
            if let (Part::Elements(of_a), Part::Elements(of_b)) = (a.part, b.part) {
                let count = of_a.count.min(of_b.count);
                left.take(count);
                right.take(count);
                return Some(JointField {
                    offsets,
                    parts: JointParts::Elements([of_a.first(count), of_b.first(count)]),
                });
            }
            // The larger records decide: the others, or elements, are taken as such, or they are taken apart.
            let each = [a.part.values_of_record(), b.part.values_of_record()];
            let values = each.into_iter().flatten().fold(0, usize::max);
            if let (Some(of_a), Some(of_b)) = (a.part.as_records(values), b.part.as_records(values)) {
                let count = of_a.count.min(of_b.count);
                left.take(count.saturating_mul(of_a.taken));
                right.take(count.saturating_mul(of_b.taken));
                let (sizes, fields) = ([of_a.size, of_b.size], [of_a.fields, of_b.fields]);
                return Some(JointField { offsets, parts: JointParts::Records { count, sizes, fields } });
            }
            let entered = match (a.part, b.part) {
                (Part::Records { fields, .. }, _) if each.first() == Some(&Some(values)) => left.enter(a, fields),
                (_, Part::Records { fields, .. }) => right.enter(b, fields),
                _ => None,
            };
            if entered.is_none() {
                self.is_stuck = true;
                return None;
            }
        }
    }
}

/// How the values of one format become those of another, the simplest way last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Conversions {
    /// Some are no numbers of the machine, or there are too many runs: value by value.
    Values {
        /// Every value fits.
        always: bool,
    },
    /// All runs are numbers of the machine.
    Numbers,
    /// They are the same bytes at the same places.
    Bytes,
}

impl Conversions {
    /// For the fields of items of these sizes with as many values.
    ///
    /// # Errors
    /// `TypeError` or `ValueError` where there is no such conversion, whatever the values.
    pub(crate) fn new(fields: [Fields<'_>; 2], sizes: [usize; 2]) -> Result<Self> {
        let ([from, _], [_, dest]) = (sizes, fields);
        let found = Self::within(fields, sizes, NESTED, &mut MOST_RUNS.clone())?;
        Ok(if found == Self::Bytes && !dest.fill(from) { Self::Numbers } else { found })
    }

    fn within(fields: [Fields<'_>; 2], sizes: [usize; 2], depth: usize, left: &mut usize) -> Result<Self> {
        const UNKNOWN: Conversions = Conversions::Values { always: false };
        let alike = |[a, b]: [usize; 2]| if a == b { Self::Bytes } else { Self::Numbers };
        let (mut found, mut others, mut by_value) = (alike(sizes), false, None);
        let mut joint = Joint::new(fields);
        for JointField { offsets, parts } in &mut joint {
            let Some(rest) = left.checked_sub(1) else { return Ok(UNKNOWN) };
            *left = rest;
            let conversions = match parts {
                JointParts::Elements([from, to]) => match Elements::conversion(from, to)? {
                    Some(_) if from.is_stored_as(to) => alike(offsets),
                    Some(_) => Self::Numbers,
                    None => Self::Values { always: to.codec.takes_all_numbers() },
                },
                JointParts::Records { fields, sizes, .. } => match depth.checked_sub(1) {
                    Some(depth) => Self::within(fields, sizes, depth, left)?.min(alike(offsets)),
                    None => UNKNOWN,
                },
            };
            match conversions {
                Self::Values { always } => by_value = Some(always && by_value.unwrap_or(true)),
                conversions => {
                    others = true;
                    found = found.min(conversions);
                }
            }
        }
        Ok(match by_value {
            _ if joint.is_stuck => UNKNOWN,
            // Which other numbers fit only the loops know.
            Some(always) => Self::Values { always: always && !others },
            None => found,
        })
    }
}

impl Elements {
    /// As many numbers of the machine as the elements of both formats are, where the first become the second number by number;
    /// `None` where it has to be done value by value.
    ///
    /// # Errors
    /// `TypeError` or `ValueError` where there is no such conversion, whatever the values.
    pub(crate) fn conversion(from: Self, to: Self) -> Result<Option<[Numbers; 2]>> {
        let (of_from, of_to) = (Class::of(from.codec), Class::of(to.codec));
        let in_loops = || Some([from.as_numbers()?, to.as_numbers()?]);
        Ok(match (of_from, of_to) {
            // Long doubles, too, stay as they are.
            _ if of_from != Class::Pointer && from.is_stored_as(to) => Some([from.as_bytes(), to.as_bytes()]),
            (Class::Bytes, Class::Bytes) if from.size == to.size => Some([from.as_bytes(), to.as_bytes()]),
            (Class::Bytes | Class::Pascal, Class::Bytes | Class::Pascal) => {
                return Err(OTHER_BYTES);
            }
            (Class::Real, Class::Real) | (Class::Complex, Class::Complex) | (Class::Text, Class::Text) => in_loops(),
            (Class::Real, Class::Complex) => None,
            _ => {
                let text = from.codec.no_number().or(to.codec.no_number());
                return Err(Error::wrong_type(text.unwrap_or(c"values of such formats cannot be converted")));
            }
        })
    }

    /// Whether an element has the same bytes in both formats.
    fn is_stored_as(self, other: Self) -> bool {
        self.size == other.size && self.codec.is_stored_as(other.codec)
    }

    /// The numbers of the machine that the elements are, of text the code units.
    fn as_numbers(self) -> Option<Numbers> {
        let units = match self.codec.form {
            Form::Ucs2 => Scalar::U16,
            Form::Ucs4 => Scalar::U32,
            _ => return self.codec.numbers(self.count),
        };
        Some(Numbers { scalar: units, swapped: is_swapped(units, self.codec.order), count: self.count })
    }

    /// The bytes of the elements, in the largest units.
    fn as_bytes(self) -> Numbers {
        let unit = 1 << self.size.trailing_zeros().min(3);
        let scalar = match unit {
            1 => Scalar::U8,
            2 => Scalar::U16,
            4 => Scalar::U32,
            _ => Scalar::U64,
        };
        Numbers { scalar, swapped: false, count: self.bytes() / unit }
    }
}

/// Which values convert to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Real,
    Complex,
    Text,
    Bytes,
    Pascal,
    Pointer,
}

impl Class {
    const fn of(codec: Codec) -> Self {
        match codec.form {
            Form::ComplexHalf | Form::ComplexSingle | Form::ComplexDouble | Form::ComplexLong => Self::Complex,
            Form::Ucs2 | Form::Ucs4 => Self::Text,
            Form::Char | Form::Bytes => Self::Bytes,
            Form::Pascal => Self::Pascal,
            Form::Pointer => Self::Pointer,
            _ => Self::Real,
        }
    }
}

#[cfg(test)]
mod tests;
