//! Compares elements at the same places of many items.

use core::mem::MaybeUninit;

use crate::format::{CType, Column, Numbers, Pairs, Scalar};
use crate::layout::{Axis, Step};

use crate::kernels::convert::{Operand, Reader};
use crate::kernels::copy::permute::Program;
use crate::kernels::multiversion::{Compiled, compiled};

use super::lines::{DenseEqual, SameAs, StridedEqual};
use super::masked::{FEW, has_nan};

/// The number of values compared at a time, if they go through a buffer.
pub(super) const CHUNK: usize = 256;

/// Memory for the numbers of a chunk: those of each operand, and intermediate ones.
pub(super) type Buffers = [[MaybeUninit<u64>; CHUNK]; 3];

/// Memory for the numbers of a chunk.
pub(super) const fn buffers() -> Buffers {
    [const { [const { MaybeUninit::uninit() }; CHUNK] }; 3]
}

/// The loop that compares a line of values of one type.
#[derive(Clone, Copy)]
pub(super) enum Values {
    /// Contiguous values.
    Dense(Compiled<DenseEqual<u8, u8>>),
    Strided(Compiled<StridedEqual<u8>>),
}

impl Values {
    /// For the elements of a column, one of each item of a line; `None` where they are not that.
    pub(super) fn new(column: &Column, line: &Axis) -> Option<Self> {
        Some(match column.pairs {
            Pairs::Bytes(1) => Self::of::<u8>(line),
            Pairs::Bytes(2) => Self::of::<u16>(line),
            Pairs::Bytes(4) => Self::of::<u32>(line),
            Pairs::Bytes(8) => Self::of::<u64>(line),
            Pairs::Numbers([a, b]) if a == b && !a.swapped && a.count == 1 => match a.scalar {
                Scalar::Single => Self::of::<f32>(line),
                Scalar::Double => Self::of::<f64>(line),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn of<T: Copy + PartialEq + SameAs<T>>(line: &Axis) -> Self {
        let is_dense = |stride: isize| stride == size_of::<T>().cast_signed();
        if is_dense(line.src.stride) && is_dense(line.dst.stride) {
            Self::Dense(compiled::<DenseEqual<T, T>>())
        } else {
            Self::Strided(compiled::<StridedEqual<T>>())
        }
    }

    pub(super) fn is_dense(&self) -> bool {
        matches!(self, Self::Dense(_))
    }

    /// # Safety
    /// W1 to W3 of the module's contract, nothing being written, for the values of the line.
    #[inline(always)]
    pub(super) unsafe fn equal(&self, a: *const u8, b: *const u8, line: Axis) -> bool {
        // SAFETY: the caller passes on W1 to W3 for the values of the line; the loop for lines without gaps is for those.
        unsafe {
            match self {
                Self::Dense(equal) => equal((a, b, line.len.unsigned_abs())),
                Self::Strided(equal) => equal((a, b, line)),
            }
        }
    }
}

/// How a column of the items of a line is compared.
pub(super) struct Way<'p> {
    offsets: [usize; 2],
    /// From item to item, and from element to element of an item.
    items: Axis,
    elements: Axis,
    /// Whether the elements of one item are compared at once, rather than an element of all items.
    by_item: bool,
    compare: Compare<'p>,
    /// Whether the [`Mask`](super::masked::Mask) covers this column, too; where it finds equal bytes, only a NaN
    /// may still be unequal.
    pub(super) masked: bool,
    nan: Option<unsafe fn(*const u8, Axis) -> bool>,
}

/// How a line of elements is compared.
enum Compare<'p> {
    Values(Values),
    /// A number of bytes.
    Bytes(usize),
    /// Numbers that are converted to two other types.
    Numbers([Reader<'p>; 2], Compiled<DenseEqual<u8, u8>>),
}

impl<'p> Way<'p> {
    /// `None` where the elements are not compared here. The slots are those of `Reader::new`.
    pub(super) fn new(
        column: &Column,
        line: &Axis,
        masked: bool,
        slots: [Option<&'p mut Option<Program>>; 2],
    ) -> Option<Self> {
        let axis = |len: usize, [src, dst]: [usize; 2]| {
            let step = |size: usize| Step { stride: size.cast_signed(), suboffset: None };
            Axis { len: len.cast_signed(), src: step(src), dst: step(dst) }
        };
        let mut way = Self {
            offsets: column.offsets,
            items: *line,
            elements: axis(1, [0, 0]),
            by_item: false,
            compare: Compare::Bytes(0),
            masked,
            nan: None,
        };
        let numbers = match column.pairs {
            Pairs::Bytes(count) => {
                way.compare = Values::new(column, line).map_or(Compare::Bytes(count), Compare::Values);
                return Some(way);
            }
            Pairs::Numbers(numbers) => numbers,
        };
        let [a, b] = numbers;
        way.elements = axis(a.count, [a.scalar.size(), b.scalar.size()]);
        way.by_item = a.count > FEW;
        way.nan = match (a.scalar, a.swapped) {
            (Scalar::Single, false) => Some(has_nan::<u32, false>),
            (Scalar::Single, true) => Some(has_nan::<u32, true>),
            (Scalar::Double, false) => Some(has_nan::<u64, false>),
            (Scalar::Double, true) => Some(has_nan::<u64, true>),
            _ => None,
        };
        let inner = if way.by_item { way.elements } else { way.items };
        let one = Column { pairs: Pairs::Numbers(numbers.map(|numbers| Numbers { count: 1, ..numbers })), ..*column };
        way.compare = match Values::new(&one, &inner) {
            Some(values) => Compare::Values(values),
            None => Compare::numbers(numbers.map(Operand::of), &inner, slots)?,
        };
        Some(way)
    }

    /// Whether any number of the column is NaN.
    ///
    /// # Safety
    /// W1 to W3 of the module's contract, nothing being written, for the column of as many items.
    pub(super) unsafe fn has_nan(&self, a: *const u8, count: usize) -> bool {
        let Some(has_nan) = self.nan else { return false };
        let mut numbers = a.wrapping_add(self.offsets.first().copied().unwrap_or(0));
        (0..self.elements.len).any(|_| {
            // SAFETY: the caller passes on W1 and W3 for the column.
            let found = unsafe { has_nan(numbers, Axis { len: count.cast_signed(), ..self.items }) };
            numbers = numbers.wrapping_offset(self.elements.src.stride);
            found
        })
    }

    /// # Safety
    /// W1 to W3 of the module's contract, nothing being written, for the column of as many items.
    pub(super) unsafe fn equal(&self, a: *const u8, b: *const u8, count: usize, buffers: &mut Buffers) -> bool {
        let items = Axis { len: count.cast_signed(), ..self.items };
        let (line, others) = if self.by_item { (self.elements, items) } else { (items, self.elements) };
        let [mut a, mut b] =
            [(a, 0), (b, 1)].map(|(start, side)| start.wrapping_add(self.offsets.get(side).copied().unwrap_or(0)));
        for _ in 0..others.len {
            // SAFETY: the caller passes on W1 to W3 for the values of the line.
            if !unsafe { self.compare.equal(a, b, line, buffers) } {
                return false;
            }
            a = a.wrapping_offset(others.src.stride);
            b = b.wrapping_offset(others.dst.stride);
        }
        true
    }
}

impl<'p> Compare<'p> {
    /// `None` where there is no loop for them. The slots are as that of `Reader::new`.
    fn numbers(
        [a, b]: [Operand; 2],
        line: &Axis,
        [a_slot, b_slot]: [Option<&'p mut Option<Program>>; 2],
    ) -> Option<Self> {
        let (a_scalar, b_scalar) = comparable(a.scalar, b.scalar);
        let readers =
            [Reader::new(a, line.src.stride, a_scalar, a_slot)?, Reader::new(b, line.dst.stride, b_scalar, b_slot)?];
        Some(Self::Numbers(readers, dense_equal(a_scalar, b_scalar)?))
    }

    /// # Safety
    /// As [`Way::equal`], for the elements of a line.
    #[inline]
    unsafe fn equal(&self, mut a: *const u8, mut b: *const u8, line: Axis, buffers: &mut Buffers) -> bool {
        let mut remaining = line.len.unsigned_abs();
        match self {
            // SAFETY: the caller passes on W1 to W3 for the values of the line.
            Self::Values(values) => unsafe { values.equal(a, b, line) },
            Self::Bytes(size) => (0..remaining).all(|_| {
                // SAFETY: the caller passes on W1 to W3 for the values of the line.
                let equal = unsafe { core::slice::from_raw_parts(a, *size) == core::slice::from_raw_parts(b, *size) };
                a = a.wrapping_offset(line.src.stride);
                b = b.wrapping_offset(line.dst.stride);
                equal
            }),
            Self::Numbers([left, right], equal) => {
                let [left_room, right_room, other] = buffers;
                while remaining > 0 {
                    let count = remaining.min(CHUNK);
                    // SAFETY: the caller passes on W1 to W3 for the values of the line, for a part of the line; a buffer has
                    // room for a chunk. Every number fits the type that it is compared as.
                    unsafe {
                        let left = left.read(a, left_room, other, count);
                        let right = right.read(b, right_room, other, count);
                        if !equal((left, right, count)) {
                            return false;
                        }
                    }
                    a = a.wrapping_offset(line.src.stride.wrapping_mul(count.cast_signed()));
                    b = b.wrapping_offset(line.dst.stride.wrapping_mul(count.cast_signed()));
                    remaining -= count;
                }
                true
            }
        }
    }
}

/// The types as which numbers of two types are compared: they have every such number, and there is a loop for them.
fn comparable(a: Scalar, b: Scalar) -> (Scalar, Scalar) {
    let is_short = |scalar: Scalar| scalar.size() < 8 || scalar == Scalar::Double;
    let is_float = |scalar: Scalar| scalar.widest() == CType::Double;
    match (a, b) {
        // A `?` is true unless it is 0, and the machine has no halves.
        _ if a == b && !matches!(a, Scalar::Bool | Scalar::Half) => (a, b),
        _ if is_short(a) && is_short(b) && (is_float(a) || is_float(b)) => (Scalar::Double, Scalar::Double),
        _ => (a.widest().scalar(), b.widest().scalar()),
    }
}

/// The loop that compares numbers of these types.
fn dense_equal(a: Scalar, b: Scalar) -> Option<Compiled<DenseEqual<u8, u8>>> {
    Some(match (a, b) {
        (Scalar::I8, Scalar::I8) | (Scalar::U8, Scalar::U8) => compiled::<DenseEqual<u8, u8>>(),
        (Scalar::I16, Scalar::I16) | (Scalar::U16, Scalar::U16) => compiled::<DenseEqual<u16, u16>>(),
        (Scalar::I32, Scalar::I32) | (Scalar::U32, Scalar::U32) => compiled::<DenseEqual<u32, u32>>(),
        (Scalar::I64, Scalar::I64) | (Scalar::U64, Scalar::U64) => compiled::<DenseEqual<u64, u64>>(),
        (Scalar::Single, Scalar::Single) => compiled::<DenseEqual<f32, f32>>(),
        (Scalar::Double, Scalar::Double) => compiled::<DenseEqual<f64, f64>>(),
        (Scalar::I64, Scalar::U64) => compiled::<DenseEqual<i64, u64>>(),
        (Scalar::I64, Scalar::Double) => compiled::<DenseEqual<i64, f64>>(),
        (Scalar::U64, Scalar::I64) => compiled::<DenseEqual<u64, i64>>(),
        (Scalar::U64, Scalar::Double) => compiled::<DenseEqual<u64, f64>>(),
        (Scalar::Double, Scalar::I64) => compiled::<DenseEqual<f64, i64>>(),
        (Scalar::Double, Scalar::U64) => compiled::<DenseEqual<f64, u64>>(),
        _ => return None,
    })
}
