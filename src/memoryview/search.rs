//! Items by value: how many there are, and where the first one is.

use core::ops::ControlFlow;
use core::ptr::{NonNull, null_mut};

use crate::abi::format::pybuffer_value;
use crate::abi::object::PyObject;
use crate::description::read_value;
use crate::error::{Error, Kind, Result};
use crate::format::Plan;
use crate::kernels;
use crate::layout::{Order, Pair, Purpose, Structure, with_room};

use super::access::Access;
use super::items::{bytes_of, check_values};

/// Whether an item has these values.
///
/// # Safety
/// What `read_value` needs of the values, which the plan has as many of.
unsafe fn has_values(plan: &Plan<'_>, item: &[u8], values: &[pybuffer_value]) -> bool {
    let mut wanted = values.iter();
    // The only error is the one that ends it.
    plan.unpack(item, &mut |value| {
        // SAFETY: the function's contract.
        let same = wanted.next().is_some_and(|wanted| unsafe { read_value(wanted) } == Some(value));
        if same { Ok(()) } else { Err(Error::Raised) }
    })
    .is_ok()
}

/// What of the items of a view is looked at: as many bytes of each as the format says.
fn looked_at(structure: Structure<'_>, size: usize) -> Structure<'_> {
    Structure { itemsize: size.cast_signed(), ..structure }
}

/// `memoryview.count(value)`.
///
/// # Safety
/// O1 and W3; what `read_value` needs of the values.
pub(crate) unsafe fn count(op: NonNull<PyObject>, values: &[pybuffer_value]) -> Result<isize> {
    // SAFETY: the function's contract; each item has as many bytes as the plan needs, and is only read.
    unsafe {
        let access = Access::new(op)?;
        let (structure, base) = (access.structure()?, access.view().buf.cast::<u8>());
        check_values(values)?;
        access.with_plan(values.len(), |plan, size| {
            let structure = looked_at(structure, size);
            with_room!(structure.ndim, room => {
                let mut pair = Pair::of_views(room, &structure, &structure).ok_or(Error::bad_argument())?;
                let times = pair.leave_first();
                let Some(walk) = pair.plan(Purpose::Each, Order::C) else { return Ok(0) };
                let mut count = 0_usize;
                let _: ControlFlow<()> = kernels::visit(&walk, base, base, |item, _| {
                    count = count.wrapping_add(has_values(plan, bytes_of(item, size), values).into());
                    ControlFlow::Continue(())
                });
                // Not more than there are items.
                Ok(count.saturating_mul(times).cast_signed())
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
    // SAFETY: the function's contract; each item has as many bytes as the plan needs, and is only read.
    unsafe {
        let access = Access::new(op)?;
        let (structure, base) = (access.structure()?, access.view().buf.cast::<u8>());
        if structure.ndim == 0 {
            return Err(Error::new(Kind::Type, c"invalid lookup on 0-dim memory"));
        }
        let items = structure.items().cast_signed();
        let bound = |given: isize| {
            let place = if given < 0 { given.saturating_add(items) } else { given };
            place.max(0).min(items).cast_unsigned()
        };
        let (start, stop) = (bound(start), bound(stop));
        check_values(values)?;
        let place = access.with_plan(values.len(), |plan, size| {
            let structure = looked_at(structure, size);
            // The second operand is the number of the item, as an offset from 0.
            with_room!(structure.ndim, room => {
                let pair = Pair::to_array(room, &structure, 1, Order::C).ok_or(Error::bad_argument())?;
                if start == 0 && stop == structure.items() {
                    return Ok(first_in(pair, base, plan, size, values));
                }
                with_room!(structure.ndim, room => {
                    let mut at = start;
                    while let Some((slab, next)) = pair.slab(at, stop, Order::C, room) {
                        if let Some(place) = first_in(slab, base, plan, size, values) {
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

/// The number of the first item of a walk that has these values: its address in the second operand, of which nothing is
/// touched.
///
/// # Safety
/// W1 and W3 for the first operand, whose items are as large as the plan's; what `read_value` needs of the values.
unsafe fn first_in(
    mut pair: Pair<'_>,
    base: *const u8,
    plan: &Plan<'_>,
    size: usize,
    values: &[pybuffer_value],
) -> Option<isize> {
    pair.leave_first();
    let walk = pair.in_index_order()?;
    let mut place = None;
    // SAFETY: the function's contract.
    let _: ControlFlow<()> = unsafe {
        kernels::visit(&walk, base, null_mut(), |item, at| {
            if !has_values(plan, bytes_of(item, size), values) {
                return ControlFlow::Continue(());
            }
            place = Some(at.addr().cast_signed());
            ControlFlow::Break(())
        })
    };
    place
}
