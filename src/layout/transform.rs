//! The same items with other axes: permuted, repeated, or in another shape. Nothing is copied, so each function here
//! fails where strides and suboffsets cannot express the result.

use crate::error::{Error, Result};

use super::MAX_NDIM;
use super::structure::{AxesMut, Order, Structure, bytes_of, fill_strides, items_of, too_many_axes};

/// The error for axes that are not a permutation. Who knows the axes says which they are.
pub const NO_PERMUTATION: Error = Error::value(c"axes must name each axis of the view once");

/// The error for a shape that the items have in a copy only.
pub const NEEDS_COPY: Error = Error::buffer(c"the view cannot have this shape without a copy");

/// The error for a shape that the items cannot have. Who knows both shapes says which they are.
pub const NO_SUCH_SHAPE: Error = Error::value(c"the view cannot have this shape");

/// Shape and strides, which a memoryview always has.
pub(super) fn axes<'a>(view: &Structure<'a>) -> Result<(&'a [isize], &'a [isize])> {
    Ok((view.shape.ok_or(Error::bad_argument())?, view.strides.ok_or(Error::bad_argument())?))
}

/// Writes to `to` the axes of `view`, which has no suboffsets, with one of them turned round; gives the bytes from the first
/// item to the one that is first then. NumPy: `flip`. Pointers have to be followed first, which is a selection.
///
/// # Errors
/// Only where there is no such axis or no room.
pub fn flip(view: &Structure<'_>, axis: usize, to: &mut AxesMut<'_>) -> Result<isize> {
    let (shape, strides) = axes(view)?;
    let mut offset = Err(Error::bad_argument());
    for (at, (&len, &stride)) in shape.iter().zip(strides).enumerate() {
        let turned = at == axis;
        if turned {
            offset = Ok((len - 1).wrapping_mul(stride));
        }
        let stride = if turned { stride.wrapping_neg() } else { stride };
        to.set(at, len, stride, -1).ok_or(Error::bad_argument())?;
    }
    offset
}

/// Writes to `to` the axes of `view` in another order: axis `i` is what axis `order(i)` was. NumPy: `transpose`.
///
/// Axes before a pointer can be permuted among themselves only.
///
/// # Errors
/// `ValueError` where `order` is no permutation of the axes; `NotImplementedError` where a pointer stands between two
/// that change places.
pub fn permute(view: &Structure<'_>, order: impl Fn(usize) -> isize, to: &mut AxesMut<'_>) -> Result<()> {
    let (shape, strides) = axes(view)?;
    let old = |at: usize| {
        let axis = order(at);
        usize::try_from(if axis < 0 { axis + view.ndim.cast_signed() } else { axis }).ok()
    };
    let mut seen = [false; MAX_NDIM];
    for at in 0..view.ndim {
        let place = old(at).filter(|&axis| axis < view.ndim).and_then(|axis| seen.get_mut(axis));
        if place.is_none_or(|seen| core::mem::replace(seen, true)) {
            return Err(NO_PERMUTATION);
        }
    }
    // The axes before `first` are done, with the pointers that they lead to; `end` is after the next pointer axis.
    let (mut first, mut end) = (0, 0);
    for at in 0..view.ndim {
        if at == end {
            first = at;
            end = (at..view.ndim).find(|&axis| view.pointer(axis).is_some()).map_or(view.ndim, |a| a + 1);
        }
        let Some(axis) = old(at).filter(|axis| (first..end).contains(axis)) else {
            return Err(Error::not_implemented(
                c"axes on different sides of a pointer cannot be swapped without a copy",
            ));
        };
        let (&len, &stride) = shape.get(axis).zip(strides.get(axis)).ok_or(Error::bad_argument())?;
        let last = end - 1;
        let suboffset = if at == last { view.pointer(last).unwrap_or(-1) } else { -1 };
        to.set(at, len, stride, suboffset).ok_or(Error::bad_argument())?;
    }
    Ok(())
}

/// Writes to `to` the axes of `view` repeated to `shape`: axes of one item, and missing leading ones, have as
/// many as `shape` says, all in the same place. NumPy: `broadcast_to`. Says whether anything is repeated.
///
/// # Errors
/// `ValueError` where the shape of the view does not allow it.
pub fn broadcast(view: &Structure<'_>, shape: &[isize], to: &mut AxesMut<'_>) -> Result<bool> {
    let (own, strides) = axes(view)?;
    let mismatch = NO_SUCH_SHAPE;
    let new = shape.len().checked_sub(view.ndim).ok_or(mismatch)?;
    let mut repeats = false;
    for (at, &len) in shape.iter().enumerate() {
        let old = at.checked_sub(new);
        let (items, stride) = match old {
            Some(axis) => own.get(axis).copied().zip(strides.get(axis).copied()).ok_or(mismatch)?,
            None => (1, 0),
        };
        if len < 0 || (items != len && items != 1) {
            return Err(mismatch);
        }
        repeats |= items != len && len != 0;
        let stride = if items == len { stride } else { 0 };
        let suboffset = old.and_then(|axis| view.pointer(axis)).unwrap_or(-1);
        to.set(at, len, stride, suboffset).ok_or(Error::bad_argument())?;
    }
    bytes_of(shape, view.itemsize).ok_or(TOO_MANY)?;
    Ok(repeats)
}

/// Calls its argument with the length and the stride of each axis that the elements of an item add, outermost first.
pub type AddedAxes<'a> = dyn Fn(&mut dyn FnMut(isize, isize)) + 'a;

/// Writes to `to` the axes of `view`, and after them those of elements that each item has `offset` bytes after its start; gives
/// how many bytes the base moves: none behind pointers, where the last one's suboffset does. NumPy: a field of a structured
/// array.
///
/// # Errors
/// Only where there is no room.
pub fn narrow(view: &Structure<'_>, offset: isize, added: &AddedAxes<'_>, to: &mut AxesMut<'_>) -> Result<isize> {
    let (shape, strides) = axes(view)?;
    let mut pointer = None;
    for (at, (&len, &stride)) in shape.iter().zip(strides).enumerate() {
        let suboffset = view.pointer(at);
        pointer = suboffset.map(|_| at).or(pointer);
        to.set(at, len, stride, suboffset.unwrap_or(-1)).ok_or(Error::bad_argument())?;
    }
    let (mut at, mut room) = (view.ndim, Ok(()));
    added(&mut |len, stride| {
        room = room.and(to.set(at, len, stride, -1).ok_or(Error::bad_argument()));
        at += 1;
    });
    room?;
    match pointer.and_then(|axis| to.suboffsets.get_mut(axis)) {
        Some(suboffset) => {
            *suboffset = suboffset.wrapping_add(offset);
            Ok(0)
        }
        None => Ok(offset),
    }
}

/// Writes to `to` the axes of `view` but for those of one item, which lead nowhere; gives how many they are. Pointers are
/// kept. NumPy: `squeeze`. Of an array with items, of which memory has no more than `2**63`, at most 63 are left.
///
/// # Errors
/// `ValueError` where there is no room for them.
pub fn squeeze(view: &Structure<'_>, to: &mut AxesMut<'_>) -> Result<usize> {
    let (shape, strides) = axes(view)?;
    let mut used = 0_usize;
    for (axis, (&len, &stride)) in shape.iter().zip(strides).enumerate() {
        let suboffset = view.pointer(axis);
        if len != 1 || suboffset.is_some() {
            to.set(used, len, stride, suboffset.unwrap_or(-1)).ok_or(too_many_axes(MAX_NDIM))?;
            used += 1;
        }
    }
    Ok(used)
}

/// The error where invariant 3 would be broken.
const TOO_MANY: Error = Error::value(c"product(shape) * itemsize is more than memory can hold");

/// Writes to `to`, as many axes as `shape` has, with the same items counted in `order`. One length may be -1: it is what is
/// left for it. NumPy: `reshape` without a copy.
///
/// # Errors
/// `ValueError` where the numbers of items differ; `BufferError` where it takes a copy.
pub fn reshape(view: &Structure<'_>, shape: &[isize], order: Order, to: &mut AxesMut<'_>) -> Result<()> {
    let (own, _) = axes(view)?;
    let items = items_of(own).ok_or(TOO_MANY)?;
    for (at, &len) in shape.iter().enumerate() {
        to.set(at, len, view.itemsize, -1).ok_or(Error::bad_argument())?;
    }
    complete(to.shape, items)?;
    if items == 0 {
        fill_strides(to.shape, view.itemsize, order, to.strides);
        return Ok(());
    }
    let regrouping = Regrouping { view, order, old: 0, new: 0 };
    if regrouping.run(to).is_none() {
        return Err(NEEDS_COPY);
    }
    Ok(())
}

/// Replaces the length -1, and checks the number of items.
fn complete(shape: &mut [isize], items: isize) -> Result<()> {
    let mismatch = NO_SUCH_SHAPE;
    let free = shape.iter().position(|&len| len == -1);
    if let Some(len) = free.and_then(|axis| shape.get_mut(axis)) {
        *len = 1;
    }
    if shape.iter().any(|&len| len < 0) {
        return Err(mismatch);
    }
    let mut product = items_of(shape).ok_or(mismatch)?;
    if let Some(len) = free.and_then(|axis| shape.get_mut(axis)) {
        *len = items.checked_div(product).ok_or(mismatch)?;
        product = product.checked_mul(*len).ok_or(mismatch)?;
    }
    if product == items { Ok(()) } else { Err(mismatch) }
}

/// Old axes become new ones group by group: the fewest of each from the first on that have as many items.
struct Regrouping<'v, 'a> {
    view: &'v Structure<'a>,
    order: Order,
    /// The first axes that belong to no group yet.
    old: usize,
    new: usize,
}

impl Regrouping<'_, '_> {
    /// An old axis: length and stride.
    fn axis(&self, axis: usize) -> Option<(isize, isize)> {
        Some((*self.view.shape?.get(axis)?, *self.view.strides?.get(axis)?))
    }

    /// Skips old axes of one item.
    fn skip_single(&mut self) {
        while matches!(self.axis(self.old), Some((1, _))) && self.view.pointer(self.old).is_none() {
            self.old += 1;
        }
    }

    /// `None` where it takes a copy.
    fn run(mut self, to: &mut AxesMut<'_>) -> Option<()> {
        self.skip_single();
        while self.old < self.view.ndim && self.new < to.shape.len() {
            self.group(to)?;
            self.skip_single();
        }
        // The new axes that are left have one item each; an old axis that is left leads to a pointer.
        (self.old == self.view.ndim).then_some(())
    }

    fn group(&mut self, to: &mut AxesMut<'_>) -> Option<()> {
        let (mut old_end, mut new_end) = (self.old, self.new);
        let mut take_old = || {
            let (len, _) = self.axis(old_end)?;
            old_end += 1;
            Some(len)
        };
        let mut take_new = || {
            let len = to.shape.get(new_end).copied()?;
            new_end += 1;
            Some(len)
        };
        let (mut old_items, mut new_items) = (take_old()?, take_new()?);
        while old_items != new_items {
            // Neither can be more than all items.
            if new_items < old_items {
                new_items = new_items.checked_mul(take_new()?)?;
            } else {
                old_items = old_items.checked_mul(take_old()?)?;
            }
        }
        let step = self.one_step(old_end)?;
        let group = self.new..new_end;
        let (shape, strides) = (to.shape.get(group.clone())?, to.strides.get_mut(group)?);
        fill_strides(shape, step, self.order, strides);
        // The new axes lead to the pointer of the old ones.
        let (last_old, last_new) = (old_end - 1, new_end - 1);
        *to.suboffsets.get_mut(last_new)? = self.view.pointer(last_old).unwrap_or(-1);
        (self.old, self.new) = (old_end, new_end);
        Some(())
    }

    /// The stride of the old axes up to `end`, if they behave as one axis.
    fn one_step(&self, end: usize) -> Option<isize> {
        let mut step: Option<(isize, isize)> = None;
        for axis in self.old..end {
            let (len, stride) = self.axis(axis)?;
            if axis + 1 < end && self.view.pointer(axis).is_some() {
                return None;
            }
            if len == 1 {
                continue;
            }
            step = match (step, self.order) {
                (None, _) => Some((stride, stride.checked_mul(len)?)),
                // The previous axis is faster, and this one continues it; or the reverse.
                (Some((first, next)), Order::Fortran) if next == stride => Some((first, stride.checked_mul(len)?)),
                (Some((outer, _)), Order::C | Order::Any) if stride.checked_mul(len) == Some(outer) => {
                    Some((stride, 0))
                }
                _ => return None,
            };
        }
        Some(step.map_or(self.view.itemsize, |(stride, _)| stride))
    }
}
