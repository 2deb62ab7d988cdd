//! Subscripts: integers, slices, an ellipsis and new axes, in any mix, applied to a structure.
//!
//! CPython's counterparts are `PySlice_Unpack`, `PySlice_AdjustIndices`, `lookup_dimension` and `init_slice`; there a
//! memoryview of several axes cannot be sliced.

use crate::error::{Argument, Error, ErrorKind, Result};

use super::structure::{AxesMut, Structure, too_many_axes};

/// One subscript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscript {
    /// One place along an axis, which is dropped; negative ones count from the end.
    Index(isize),
    /// Every `step`th place from `start` to before `stop`, clipped to the axis as in Python. The defaults are the
    /// begin, the end (the other way round where the step is negative), or 1.
    Slice {
        /// The first place.
        start: Option<isize>,
        /// The end, which is not among them.
        stop: Option<isize>,
        /// How far to the next.
        step: Option<isize>,
    },
    /// All axes that have no other subscript. Without an ellipsis these are the last ones.
    Ellipsis,
    /// A new axis of one item.
    NewAxis,
}

impl Subscript {
    /// All of an axis.
    pub const ALL: Self = Self::Slice { start: None, stop: None, step: None };

    const fn takes_an_axis(self) -> bool {
        matches!(self, Self::Index(_) | Self::Slice { .. })
    }
}

/// The place along an axis that an index means, or an `IndexError` that names the axis, counted from 1 as in CPython.
pub(super) fn place(index: isize, len: isize, axis: usize) -> Result<isize> {
    let place = if index < 0 { index + len } else { index };
    if (0..len).contains(&place) {
        return Ok(place);
    }
    Err(Error::with(
        ErrorKind::Index,
        c"index out of bounds on dimension %zd",
        Argument::Size((axis + 1).cast_signed()),
        Argument::None,
    ))
}

/// A slice clipped to an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clipped {
    /// The first place; where there are none it is still between 0 and the length.
    pub start: isize,
    /// From one to the next, never 0.
    pub step: isize,
    /// How many.
    pub count: isize,
}

/// Clips a slice to an axis.
///
/// # Errors
/// `ValueError` for a step of 0.
pub fn clip(start: Option<isize>, stop: Option<isize>, step: Option<isize>, len: isize) -> Result<Clipped> {
    // The least integer has no opposite; the step above it selects the same.
    let step = step.unwrap_or(1).max(-isize::MAX);
    if step == 0 {
        return Err(Error::value(c"slice step cannot be zero"));
    }
    let backwards = step < 0;
    let (first, last) = if backwards { (-1, len - 1) } else { (0, len) };
    let bound = |given: isize| {
        let place = if given < 0 { given.saturating_add(len) } else { given };
        place.max(first).min(last)
    };
    let start = start.map_or(if backwards { last } else { first }, bound);
    let stop = stop.map_or(if backwards { first } else { last }, bound);
    let span = if backwards { start.saturating_sub(stop) } else { stop.saturating_sub(start) };
    let steps = (span - 1).checked_div(step.abs()).unwrap_or(0);
    let count = if span > 0 { steps + 1 } else { 0 };
    Ok(Clipped { start, step, count })
}

/// How many axes of `ndim` are left after the subscripts; at most `most` are allowed.
///
/// # Errors
/// `TypeError` for more subscripts than axes, `IndexError` for a second ellipsis, `ValueError` where more
/// would be left.
pub fn axes_left(ndim: usize, subscripts: impl Iterator<Item = Subscript>, most: usize) -> Result<usize> {
    let (mut taken, mut gone, mut new, mut ellipses) = (0_usize, 0_usize, 0_usize, 0_usize);
    for subscript in subscripts {
        let counter = match subscript {
            Subscript::Index(_) => &mut gone,
            Subscript::NewAxis => &mut new,
            Subscript::Ellipsis => &mut ellipses,
            Subscript::Slice { .. } => &mut taken,
        };
        *counter = counter.saturating_add(1);
    }
    taken = taken.saturating_add(gone);
    if taken > ndim {
        return Err(Error::with(
            ErrorKind::Type,
            c"cannot index %zd-dimension view with %zd-element tuple",
            Argument::Size(ndim.cast_signed()),
            Argument::Size(taken.cast_signed()),
        ));
    }
    if ellipses > 1 {
        return Err(Error::index(c"an index can only have a single ellipsis ('...')"));
    }
    let left = ndim.saturating_sub(gone).saturating_add(new);
    if left > most {
        return Err(too_many_axes(most));
    }
    Ok(left)
}

/// The part that is being made: its axes so far, and what offsets are added to.
struct Selection<'p, 'a> {
    axes: &'p mut AxesMut<'a>,
    used: usize,
    /// Bytes from the base, or from where the pointers lead that were followed at once.
    base: isize,
    /// The last axis so far that follows a pointer: after it, its suboffset is what moves, and by how much.
    pointer: Option<usize>,
    moved: isize,
    /// Whether a suboffset would have to be negative, which means that there is no pointer.
    before_pointer: bool,
}

impl Selection<'_, '_> {
    fn push(&mut self, len: isize, stride: isize) -> Result<()> {
        self.axes.set(self.used, len, stride, -1).ok_or(Error::bad_argument())?;
        self.used += 1;
        Ok(())
    }

    fn advance(&mut self, bytes: isize) {
        let offset = if self.pointer.is_some() { &mut self.moved } else { &mut self.base };
        *offset = offset.wrapping_add(bytes);
    }

    /// Ends the axes between the last pointer and the next, or the items.
    fn settle(&mut self) {
        if let Some(suboffset) = self.pointer.and_then(|axis| self.axes.suboffsets.get_mut(axis)) {
            let moved = suboffset.wrapping_add(self.moved);
            self.before_pointer |= moved < 0;
            *suboffset = moved.max(0);
            self.moved = 0;
        }
    }

    /// Follows the pointer that the axes so far lead to.
    fn follow(&mut self, suboffset: isize, read: Option<&mut impl FnMut(isize, isize)>) -> Result<()> {
        let last = self.used.checked_sub(1).filter(|&last| self.pointer.is_none_or(|pointer| pointer < last));
        match (last, self.pointer, read) {
            (Some(last), ..) => {
                self.settle();
                if let Some(free) = self.axes.suboffsets.get_mut(last) {
                    *free = suboffset;
                }
                self.pointer = Some(last);
            }
            (None, Some(_), _) => {
                return Err(Error::not_implemented(
                    c"two consecutive pointers need an axis each: use a slice of one item instead of an index",
                ));
            }
            // No axis is left before it, so there is only one pointer, which can be followed at once.
            (None, None, Some(read)) => {
                read(self.base, suboffset);
                self.base = 0;
            }
            (None, None, None) => {}
        }
        Ok(())
    }
}

/// Writes the axes of the part that the subscripts make of `view`, which has shape and strides, to `part`, which has room
/// for as many as [`axes_left`] says; gives the bytes from the base to the part's. Where pointers are to be followed right
/// away, `read` is told, in order, how far from the base the pointer stands, and its suboffset; what it finds there is
/// the base from then on.
///
/// # Errors
/// `IndexError` for an index out of bounds; `ValueError` for a step of 0; `NotImplementedError` where suboffsets cannot
/// express the part; those of [`axes_left`].
pub fn select(
    view: &Structure<'_>,
    subscripts: impl Iterator<Item = Subscript> + Clone,
    part: &mut AxesMut<'_>,
    mut read: impl FnMut(isize, isize),
) -> Result<isize> {
    let (Some(shape), Some(strides)) = (view.shape, view.strides) else { return Err(Error::bad_argument()) };
    let named = subscripts.clone().filter(|subscript| subscript.takes_an_axis()).count();
    let mut others = view.ndim.checked_sub(named).ok_or(Error::bad_argument())?;
    let has_items = !shape.contains(&0);
    let mut part = Selection { axes: part, used: 0, base: 0, pointer: None, moved: 0, before_pointer: false };
    let mut axes = shape.iter().zip(strides).enumerate();
    // A missing ellipsis comes last.
    for subscript in subscripts.chain([Subscript::Ellipsis]) {
        let (count, subscript) = match subscript {
            Subscript::NewAxis => {
                part.push(1, 0)?;
                continue;
            }
            Subscript::Ellipsis => (core::mem::take(&mut others), Subscript::ALL),
            one => (1, one),
        };
        for (axis, (&len, &stride)) in axes.by_ref().take(count) {
            match subscript {
                Subscript::Index(index) => part.advance(place(index, len, axis)?.wrapping_mul(stride)),
                Subscript::Slice { start, stop, step } => {
                    let clipped = clip(start, stop, step, len)?;
                    part.advance(clipped.start.wrapping_mul(stride));
                    part.push(clipped.count, clipped.step.wrapping_mul(stride))?;
                }
                Subscript::Ellipsis | Subscript::NewAxis => {}
            }
            if let Some(suboffset) = view.pointer(axis) {
                part.follow(suboffset, has_items.then_some(&mut read))?;
            }
        }
    }
    part.settle();
    if part.before_pointer && !part.axes.shape.contains(&0) {
        return Err(Error::not_implemented(
            c"the part starts before the address that its pointers lead to, which no suboffset can express",
        ));
    }
    Ok(part.base)
}
