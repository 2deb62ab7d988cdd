//! Searches items by value: count and first index.

use core::ops::ControlFlow;
use core::ptr::{NonNull, null_mut};

use crate::abi::format::pybuffer_value;
use crate::abi::object::PyObject;
use crate::buffer;
use crate::error::{Error, Result};
use crate::format::CompiledFormat;
use crate::kernels;
use crate::layout::{Enough, Order, Pair, Places, Purpose, Structure, with_room};
use crate::objects::format::read_value;
use crate::runtime::alloc::Numbers;

use super::access::Access;
use super::items::{bytes_of, check_values};

/// Whether an item has these values.
///
/// # Safety
/// What `read_value` needs of the values, which the compiled format has as many of.
unsafe fn has_values(compiled: &CompiledFormat<'_>, item: &[u8], values: &[pybuffer_value]) -> bool {
    let mut wanted = values.iter();
    // The only error is the one that ends it.
    compiled
        .unpack(item, &mut |value| {
            // SAFETY: the caller guarantees that the values are what `read_value` needs.
            let same = wanted.next().is_some_and(|wanted| unsafe { read_value(wanted) } == Some(value));
            if same { Ok(()) } else { Err(Error::Raised) }
        })
        .is_ok()
}

/// The part of the items that is compared: as many bytes of each as its format has.
fn looked_at(structure: Structure<'_>, size: usize) -> Structure<'_> {
    Structure { itemsize: size.cast_signed(), ..structure }
}

/// `memoryview.count(value)`.
///
/// # Safety
/// O1 and W3; what `read_value` needs of the values.
pub(crate) unsafe fn count(op: NonNull<PyObject>, values: &[pybuffer_value]) -> Result<isize> {
    // SAFETY: the caller guarantees O1 and W3; its values are what `read_value` needs; each item has as many bytes as the
    // compiled format needs, and is only read.
    unsafe {
        let access = Access::new(op)?;
        let (structure, base) = (access.structure()?, access.view().buf.cast::<u8>());
        check_values(values)?;
        access.with_compiled(values.len(), |compiled, size| {
            let structure = looked_at(structure, size);
            with_room!(structure.ndim, room => {
                let mut pair = Pair::of_views(room, &structure, &structure).ok_or(Error::bad_argument())?;
                if let Some(places) = pair.places() {
                    return count_by_places(pair, places, base, compiled, size, values);
                }
                let times = pair.leave_first();
                let Some(walk) = pair.plan(Purpose::Each, Order::C) else { return Ok(0) };
                let mut count = 0_usize;
                let _: ControlFlow<()> = kernels::visit(&walk, base, base, |item, _| {
                    count += usize::from(has_values(compiled, bytes_of(item, size), values));
                    ControlFlow::Continue(())
                });
                // Not more than there are items.
                Ok(count.saturating_mul(times).cast_signed())
            })
        })
    }
}

/// Counts where many index tuples lead to each item: how many is computed first.
///
/// # Safety
/// W1 and W3 for the first operand, whose items are as large as the compiled format's; what `read_value` needs of the values.
#[cold]
#[inline(never)]
unsafe fn count_by_places(
    mut pair: Pair<'_>,
    places: Places,
    base: *const u8,
    compiled: &CompiledFormat<'_>,
    size: usize,
    values: &[pybuffer_value],
) -> Result<isize> {
    let mut table = Numbers::new(places.count)?;
    let table = table.as_mut_slice();
    pair.count_places(&places, table);
    pair.over_places(&places);
    let Some(walk) = pair.in_index_order() else { return Ok(0) };
    let mut count = 0_usize;
    // SAFETY: the caller guarantees W1 and W3 for the items: a place to which an index tuple leads is that of an item. No other
    // is looked at.
    let _: ControlFlow<()> = unsafe {
        kernels::visit(&walk, base, null_mut(), |item, at| {
            let times = table.get(at.addr()).copied().unwrap_or(0);
            if times != 0 && has_values(compiled, bytes_of(item, size), values) {
                count += times;
            }
            ControlFlow::Continue(())
        })
    };
    // Not more than there are items.
    Ok(count.cast_signed())
}

/// `memoryview.index(value, start, stop)`, items counted in C order.
///
/// # Safety
/// O1 and W3; what `read_value` needs of the values.
pub(crate) unsafe fn index(
    op: NonNull<PyObject>,
    values: &[pybuffer_value],
    start: isize,
    stop: isize,
) -> Result<isize> {
    // SAFETY: the caller guarantees O1 and W3; its values are what `read_value` needs; each item has as many bytes as the
    // compiled format needs, and is only read.
    unsafe {
        let access = Access::new(op)?;
        let (structure, base) = (access.structure()?, access.view().buf.cast::<u8>());
        if structure.ndim == 0 {
            return Err(Error::wrong_type(c"invalid lookup on 0-dim memory"));
        }
        let items = structure.items().cast_signed();
        let bound = |given: isize| {
            let place = if given < 0 { given.saturating_add(items) } else { given };
            place.max(0).min(items).cast_unsigned()
        };
        let (start, stop) = (bound(start), bound(stop));
        check_values(values)?;
        let place = access.with_compiled(values.len(), |compiled, size| {
            let structure = looked_at(structure, size);
            // The second operand is the number of the item, as an offset from 0.
            with_room!(structure.ndim, room => {
                let pair = Pair::to_array(room, &structure, 1, Order::C).ok_or(Error::bad_argument())?;
                if start == 0 && stop == structure.items() {
                    return first_in(pair, base, compiled, size, values);
                }
                with_room!(structure.ndim, room => {
                    let mut at = start;
                    while let Some((slab, next)) = pair.slab(at, stop, Order::C, room) {
                        if let Some(place) = first_in(slab, base, compiled, size, values)? {
                            return Ok(Some(place));
                        }
                        at = next;
                    }
                });
                Ok(None)
            })
        })?;
        place.ok_or(Error::value(c"memoryview.index(x): x not found"))
    }
}

/// The number of the first item of a walk that has these values: its address in the second operand, whose memory is not
/// touched.
///
/// # Safety
/// W1 and W3 for the first operand, whose items are as large as the compiled format's; what `read_value` needs of the values.
unsafe fn first_in(
    mut pair: Pair<'_>,
    base: *const u8,
    compiled: &CompiledFormat<'_>,
    size: usize,
    values: &[pybuffer_value],
) -> Result<Option<isize>> {
    pair.leave_first();
    let mut place = None;
    buffer::in_parts(pair, Enough::First, &mut |part| {
        let Some(walk) = part.in_index_order() else { return ControlFlow::Continue(()) };
        // SAFETY: the caller passes on W1 and W3, for a part of the walk.
        unsafe {
            kernels::visit(&walk, base, null_mut(), |item, at| {
                if !has_values(compiled, bytes_of(item, size), values) {
                    return ControlFlow::Continue(());
                }
                place = Some(at.addr().cast_signed());
                ControlFlow::Break(())
            })
        }
    })?;
    Ok(place)
}
