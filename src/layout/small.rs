//! Walks that are too small to be worth a plan: few bytes, few axes, no pointers to follow. They run as they are, in
//! index order: whatever the order, their memory is in the cache.

use super::FEW;
use super::axes::reach;
use super::structure::{Order, Structure};

/// The size in bytes from which a walk is planned.
pub const SMALL: usize = 1 << 10;

/// The same for a transpose of two axes, where both operands have an axis along which items are adjacent: one kernel copies it as it
/// is, so that a plan would only find out what is known.
pub const SMALL_TRANSPOSE: usize = 1 << 19;

/// One axis of a walk over two operands.
#[derive(Clone, Copy, Debug)]
pub struct SmallAxis {
    /// Its items; at least one.
    pub len: isize,
    /// Bytes from one item to the next, in the operand that is read.
    pub src: isize,
    /// Bytes from one item to the next, in the operand that is written.
    pub dst: isize,
}

impl SmallAxis {
    /// No axis.
    pub const SINGLE: Self = Self { len: 1, src: 0, dst: 0 };

    const fn turned(self) -> Self {
        Self { len: self.len, src: self.dst, dst: self.src }
    }
}

/// A walk over at most two axes between a view and contiguous memory, line by line. Most small copies are one, so it is worked
/// out without a loop.
#[derive(Clone, Copy, Debug)]
pub struct SmallPlane {
    /// From one line to the next.
    pub rows: SmallAxis,
    /// From one unit of a line to the next. Only a walk of one unit has lines of one.
    pub line: SmallAxis,
    /// Bytes that each visit covers in both operands.
    pub unit: usize,
}

impl SmallPlane {
    /// The walk that reads `view` and writes contiguous memory in `order`; `None` where it has more axes, or has to be planned,
    /// or is not small, or the view does not pass [`Structure::check`], which need not have been asked.
    #[must_use]
    #[inline(always)]
    pub fn to_contiguous(view: &Structure<'_>, order: Order) -> Option<Self> {
        Self::of_at_most(SMALL, view, order)
    }

    /// The same for a walk of fewer than [`SMALL_TRANSPOSE`] bytes, if it may be a transpose.
    #[must_use]
    #[inline]
    pub fn transpose(view: &Structure<'_>, order: Order) -> Option<Self> {
        Self::of_at_most(SMALL_TRANSPOSE, view, order).filter(|plane| plane.rows.len > 1 && plane.line.len > 1)
    }

    /// As [`to_contiguous`](Self::to_contiguous), for a walk of fewer than `most` bytes.
    #[inline(always)]
    fn of_at_most(most: usize, view: &Structure<'_>, order: Order) -> Option<Self> {
        let ((rows, row_stride), (len, stride)) = match (view.shape?, view.strides?) {
            ([], _) => ((1, 0), (1, 0)),
            (&[len], &[stride]) => ((1, 0), (len, stride)),
            (&[first, second], &[by_first, by_second]) if order == Order::Fortran => {
                ((second, by_second), (first, by_first))
            }
            (&[first, second], &[by_first, by_second]) => ((first, by_first), (second, by_second)),
            _ => return None,
        };
        let itemsize = view.itemsize;
        let is_small = |number: isize| (number - 1).cast_unsigned() < SMALL;
        if view.suboffsets.is_some() || !is_small(itemsize) || !is_small(rows) || !is_small(len) {
            return None;
        }
        // Three small numbers, whose product fits.
        let bytes = itemsize * len;
        let size = bytes * rows;
        if size != view.len || size >= most.cast_signed() {
            return None;
        }
        let (rows, line, unit) = if len != 1 && stride != itemsize {
            let rows = SmallAxis { len: rows, src: row_stride, dst: bytes };
            (rows, SmallAxis { len, src: stride, dst: itemsize }, itemsize)
        } else if rows != 1 && row_stride != bytes {
            // Lines without gaps.
            (SmallAxis::SINGLE, SmallAxis { len: rows, src: row_stride, dst: bytes }, bytes)
        } else {
            return Some(Self { rows: SmallAxis::SINGLE, line: SmallAxis::SINGLE, unit: size.unsigned_abs() });
        };
        // Memory that is contiguous in the other order is taken as one block.
        (order != Order::Any).then_some(Self { rows, line, unit: unit.unsigned_abs() })
    }

    /// The walk that reads contiguous memory and writes `view`. Lines are in the order of that memory, so that where items share
    /// memory, the last one wins.
    #[must_use]
    #[inline(always)]
    pub fn from_contiguous(view: &Structure<'_>, order: Order) -> Option<Self> {
        Some(Self::to_contiguous(view, order)?.turned())
    }

    /// The walk between the same operands the other way.
    #[must_use]
    #[inline(always)]
    pub const fn turned(self) -> Self {
        Self { rows: self.rows.turned(), line: self.line.turned(), unit: self.unit }
    }
}

/// A walk over two operands in index order. The three slices are of the same length.
#[derive(Clone, Copy, Debug)]
pub struct Small<'a> {
    /// Items along each axis; at least one.
    pub shape: &'a [isize],
    /// Bytes from one item to the next, in the operand that is read.
    pub src: &'a [isize],
    /// Bytes from one item to the next, in the operand that is written.
    pub dst: &'a [isize],
    /// Bytes that each visit covers in both operands.
    pub unit: usize,
}

impl<'a> Small<'a> {
    /// The walk that reads `view` and writes contiguous memory in `order`; `None` where it has to be planned, or is not small,
    /// or the view does not pass [`Structure::check`], which need not have been asked. The strides of the contiguous memory
    /// go to `room`.
    #[must_use]
    #[inline]
    pub fn to_contiguous(view: &Structure<'a>, order: Order, room: &'a mut [isize; FEW]) -> Option<Self> {
        let (shape, strides) = view.shape.zip(view.strides)?;
        let packed = room.get_mut(..shape.len())?;
        if view.itemsize <= 0 || view.suboffsets.is_some() {
            return None;
        }
        // One pass, from the fastest axis on. A product of at most SMALL with at most SMALL cannot overflow; of a view that
        // is not small it may wrap.
        let most = SMALL.cast_signed();
        let (mut size, mut gapless, mut small) = (view.itemsize, true, true);
        let mut block = (shape.len(), size);
        let mut left = shape.len();
        let mut pass = |((&len, &stride), step): ((&isize, &isize), &mut isize)| {
            small &= len > 0 && len <= most && size <= most;
            gapless &= len == 1 || stride == size;
            *step = size;
            size = size.wrapping_mul(len);
            left -= 1;
            if gapless {
                block = (left, size);
            }
        };
        let axes = shape.iter().zip(strides).zip(packed.iter_mut());
        if order == Order::Fortran {
            axes.for_each(&mut pass)
        } else {
            axes.rev().for_each(&mut pass)
        }
        // Memory that is contiguous in the other order is taken as one block.
        if !small || size != view.len || size >= most || (order == Order::Any && !gapless) {
            return None;
        }
        // Inner axes that are contiguous in both operands are one unit. (In Fortran order they are the outer ones.)
        let (axes, unit) = if gapless || order != Order::Fortran { block } else { (shape.len(), view.itemsize) };
        let unit = unit.unsigned_abs();
        Some(Self { shape: shape.get(..axes)?, src: strides.get(..axes)?, dst: packed.get(..axes)?, unit })
    }

    /// The walk that reads contiguous memory and writes `view`.
    #[must_use]
    #[inline]
    pub fn from_contiguous(view: &Structure<'a>, order: Order, room: &'a mut [isize; FEW]) -> Option<Self> {
        let walk = Self::to_contiguous(view, order, room)?;
        // Where items share memory, the last one in that order must win, which need not be index order.
        let order_matters = order == Order::Fortran && walk.shape.len() > 1;
        (!order_matters).then_some(Self { src: walk.dst, dst: walk.src, ..walk })
    }

    /// The walk that pairs each item of `src` with the item of `dst` at the same indices; `None` where it has to be planned, or
    /// is not small. Both have passed [`Structure::check`], and have the same shape and itemsize.
    #[must_use]
    pub fn of_views(src: &Structure<'a>, dst: &Structure<'a>) -> Option<Self> {
        Self::of_at_most(SMALL, src, dst)
    }

    /// The same for a walk of fewer than [`SMALL_TRANSPOSE`] bytes over two axes, which may be a transpose.
    #[must_use]
    pub fn transpose_of_views(src: &Structure<'a>, dst: &Structure<'a>) -> Option<Self> {
        Self::of_at_most(SMALL_TRANSPOSE, src, dst).filter(|walk| walk.shape.len() == 2)
    }

    /// As [`of_views`](Self::of_views), for views of fewer than `most` bytes.
    fn of_at_most(most: usize, src: &Structure<'a>, dst: &Structure<'a>) -> Option<Self> {
        let shape = src.shape?;
        let plain = |view: &Structure<'_>| view.suboffsets.is_none() && view.len.unsigned_abs() < most;
        if src.itemsize == 0 || shape.contains(&0) || !plain(src) || !plain(dst) {
            return None;
        }
        let mut walk = Self { shape, src: src.strides?, dst: dst.strides?, unit: src.itemsize.unsigned_abs() };
        // Inner axes that are contiguous in both operands are one unit.
        while let (Some((&len, shape)), Some((&by_src, src)), Some((&by_dst, dst))) =
            (walk.shape.split_last(), walk.src.split_last(), walk.dst.split_last())
            && (len == 1 || (by_src == walk.unit.cast_signed() && by_dst == by_src))
        {
            walk = Self { shape, src, dst, unit: walk.unit * len.unsigned_abs() };
        }
        Some(walk)
    }

    /// The bytes that each operand touches, as offsets from its base, first operand first: the first byte, and one past the
    /// last. `None` where the offsets do not fit.
    #[must_use]
    pub fn bounds(&self) -> Option<[(isize, isize); 2]> {
        let bounds = |strides: &[isize]| reach(0, self.unit, self.shape.iter().copied().zip(strides.iter().copied()));
        Some([bounds(self.src)?, bounds(self.dst)?])
    }
}
