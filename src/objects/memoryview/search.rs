//! Searches items by value: count and first index.

use core::ops::ControlFlow;
use core::ptr::{NonNull, null_mut};

use crate::abi::format::pybuffer_value;
use crate::abi::object::PyObject;
use crate::buffer;
use crate::error::{Error, Result};
use crate::format::CompiledFormat;
use crate::kernels;
use crate::layout::{Enough, Order, Pair, Purpose, Structure, with_room};
use crate::objects::format::read_value;

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
                let pair = Pair::of_views(room, &structure, &structure).ok_or(Error::bad_argument())?;
                let mut count = 0_usize;
                buffer::in_parts(pair, Enough::Counted, (base.cast_const(), base), &mut |part| {
                    let Some(walk) = part.pair.plan(Purpose::Each, Order::C) else { return ControlFlow::Continue(()) };
                    kernels::visit(&walk, part.src, part.dst, |item, _| {
                        count += if has_values(compiled, bytes_of(item, size), values) { part.times } else { 0 };
                        ControlFlow::Continue(())
                    })
                })?;
                // Not more than there are items.
                Ok(count.cast_signed())
            })
        })
    }
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
    // SAFETY: the caller passes on W1 and W3, for parts of the walk.
    unsafe {
        buffer::in_parts(pair, Enough::First, (base, null_mut()), &mut |part| {
            let Some(walk) = part.pair.in_index_order() else { return ControlFlow::Continue(()) };
            kernels::visit(&walk, part.src, part.dst, |item, at| {
                if !has_values(compiled, bytes_of(item, size), values) {
                    return ControlFlow::Continue(());
                }
                place = Some(at.addr().cast_signed());
                ControlFlow::Break(())
            })
        })?;
    }
    Ok(place)
}
