//! Items by value: how many there are, and where the first one is.

use core::ops::ControlFlow;
use core::ptr::NonNull;

use crate::abi::format::pybuffer_value;
use crate::abi::object::PyObject;
use crate::description::read_value;
use crate::error::{Error, Kind, Result};
use crate::format::Plan;
use crate::kernels;
use crate::layout::{Order, Pair, Purpose, with_room};

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

/// Tells `found` of the items that have these values, in index order or in any, until it breaks: how many items came
/// before.
///
/// # Safety
/// O1 and W3; what `read_value` needs of the values.
unsafe fn find(
    access: &Access,
    values: &[pybuffer_value],
    in_order: bool,
    mut found: impl FnMut(usize) -> ControlFlow<()>,
) -> Result<()> {
    let structure = access.structure()?;
    // SAFETY: the function's contract.
    unsafe { check_values(values)? };
    access.with_plan(values.len(), |plan, size| {
        let base = access.view().buf.cast::<u8>();
        let mut position = 0_usize;
        with_room!(structure.ndim, room => {
            let pair = Pair::of_views(room, &structure, &structure).ok_or(Error::bad_argument())?;
            let walk = if in_order { pair.in_index_order() } else { pair.plan(Purpose::Read, Order::C) };
            let Some(walk) = walk else { return Ok(()) };
            // SAFETY: the function's contract; each item has as many bytes as the plan needs, and is only read.
            let _: ControlFlow<()> = unsafe {
                kernels::visit(&walk, base, base, |item, _| {
                    let at = position;
                    position = position.wrapping_add(1);
                    if has_values(plan, bytes_of(item, size), values) { found(at) } else { ControlFlow::Continue(()) }
                })
            };
        });
        Ok(())
    })
}

/// `memoryview.count(value)`.
///
/// # Safety
/// O1 and W3; what `read_value` needs of the values.
pub(crate) unsafe fn count(op: NonNull<PyObject>, values: &[pybuffer_value]) -> Result<isize> {
    let mut count = 0_isize;
    // SAFETY: the function's contract.
    unsafe {
        find(&Access::new(op)?, values, false, |_| {
            count = count.wrapping_add(1);
            ControlFlow::Continue(())
        })?;
    }
    Ok(count)
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
    // SAFETY: the function's contract.
    unsafe {
        let access = Access::new(op)?;
        let structure = access.structure()?;
        if structure.ndim == 0 {
            return Err(Error::new(Kind::Type, c"invalid lookup on 0-dim memory"));
        }
        let items = structure.items().cast_signed();
        let bound = |given: isize| {
            let place = if given < 0 { given.saturating_add(items) } else { given };
            place.max(0).min(items).cast_unsigned()
        };
        let (start, stop) = (bound(start), bound(stop));
        let mut place = None;
        find(&access, values, true, |at| {
            if at >= stop {
                return ControlFlow::Break(());
            }
            if at < start {
                return ControlFlow::Continue(());
            }
            place = Some(at.cast_signed());
            ControlFlow::Break(())
        })?;
        place.ok_or(Error::value(c"memoryview.index(x): x not found"))
    }
}
