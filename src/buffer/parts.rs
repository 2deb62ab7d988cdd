//! Walks of far more index tuples than there are items, in parts that are enough.
//!
//! Without pointers `layout::windows` finds boxes. Where these are too many, and where the axes that lead to pointers do so many times, the
//! walk is run by the addresses that it reaches (`reach`). Most walks behind pointers are of rows that lie one after the other, or apart in
//! another order: `reach::Pieces` finds that out as it goes along the pointers.

use core::ops::ControlFlow;

use crate::error::{Error, Result};
use crate::kernels::{self, Extent};
use crate::layout::{Axis, Enough, FEW_BEHIND_POINTERS, FEW_PAIRS, MAX_NDIM, Operand, Order, Pair, Step};

use super::reach::{Pieces, Reach, Reached};

/// A walk, and where it starts.
#[derive(Debug)]
pub(crate) struct Part<'m> {
    pub(crate) pair: Pair<'m>,
    pub(crate) src: *const u8,
    pub(crate) dst: *mut u8,
    /// How many pairs of the whole walk each pair stands for, where they are counted.
    pub(crate) times: usize,
}

/// What is done with each part, until it breaks.
type Run<'r> = dyn FnMut(Part<'_>) -> ControlFlow<()> + 'r;

/// Runs, one after the other, walks of which the pairs are [`Enough`], until one breaks: parts of a walk from these two addresses on. Where
/// something is written, an error comes before the first.
///
/// # Safety
/// W1 and W2 of the walk, as far as pointers are concerned.
pub(crate) unsafe fn in_parts(
    mut pair: Pair<'_>,
    enough: Enough,
    (src, dst): (*const u8, *mut u8),
    run: &mut Run<'_>,
) -> Result<()> {
    let times = if enough == Enough::Counted { pair.leave(enough) } else { 1 };
    if pair.may_be_tangled(pair.items(), enough) {
        // SAFETY: the caller guarantees W1 and W2 for the pointers.
        return unsafe { behind_pointers(Part { pair, src, dst, times }, enough, run) };
    }
    match pair.in_parts(enough, &mut |pair| run(Part { pair, src, dst, times })) {
        // SAFETY: as above.
        Some(pair) if pair.items() != 0 => unsafe { by_addresses(Part { pair, src, dst, times }, 0, enough, run) },
        _ => Ok(()),
    }
}

/// As [`in_parts`], for a walk that may be tangled.
///
/// # Safety
/// As [`in_parts`].
#[cold]
#[inline(never)]
unsafe fn behind_pointers(whole: Part<'_>, enough: Enough, run: &mut Run<'_>) -> Result<()> {
    let Part { mut pair, src, dst, times } = whole;
    _ = pair.leave(enough);
    let mut at = 0;
    // What is looked for is often found soon.
    if matches!(enough, Enough::First | Enough::Equal) {
        let room = &mut [Axis::NONE; MAX_NDIM];
        if let Some((pair, next)) = pair.slab(0, FEW_BEHIND_POINTERS, Order::C, room) {
            if run(Part { pair, src, dst, times }).is_break() {
                return Ok(());
            }
            at = next;
        }
    }
    let whole = Part { pair, src, dst, times };
    // SAFETY: the caller guarantees W1 and W2 for the pointers.
    unsafe {
        let left = if is_tangled(&whole.pair, whole.pair.items(), enough, (src, dst))? {
            Some(whole)
        } else {
            as_it_is(whole, at, enough, run)
        };
        left.map_or(Ok(()), |whole| by_addresses(whole, at, enough, run))
    }
}

/// Runs a walk that is not tangled from a number of pairs on, which have been run. Returns one that is to be run by its places.
fn as_it_is<'m>(whole: Part<'m>, mut at: usize, enough: Enough, run: &mut Run<'_>) -> Option<Part<'m>> {
    let Part { pair, src, dst, times } = whole;
    if at == 0 || pair.is_larger_than_memory(enough) {
        let left = pair.in_parts(enough, &mut |pair| run(Part { pair, src, dst, times }));
        return left.map(|pair| Part { pair, src, dst, times });
    }
    let room = &mut [Axis::NONE; MAX_NDIM];
    while let Some((pair, next)) = pair.slab(at, usize::MAX, Order::C, room) {
        if run(Part { pair, src, dst, times }).is_break() {
            break;
        }
        at = next;
    }
    None
}

/// Whether so many pairs are many more than there is memory behind pointers. Ends as soon as they are, so it takes no longer than the
/// memory is large.
///
/// # Safety
/// As [`in_parts`].
unsafe fn is_tangled(pair: &Pair<'_>, pairs: usize, enough: Enough, (src, dst): (*const u8, *mut u8)) -> Result<bool> {
    if !pair.may_be_tangled(pairs, enough) {
        return Ok(false);
    }
    let room = &mut [Axis::NONE; MAX_NDIM];
    let Some(plan) = pair.copied(room).and_then(Pair::in_index_order) else { return Ok(false) };
    // If one operand is no smaller, the walk is no longer than that.
    for &operand in enough.operands() {
        // An operand that leads too far is not small.
        let Some(mut pieces) = Pieces::new(pair, operand) else { return Ok(false) };
        let mut apart = Some(true);
        let meet = |src: *const u8, dst: *mut u8| {
            apart = pieces.meet(if operand == Operand::Src { src.addr() } else { dst.addr() });
            if apart == Some(true) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        // SAFETY: the caller guarantees W1 and W2 for the pointers, the only memory that is read.
        let _: ControlFlow<()> = unsafe { kernels::visit_behind(&plan, src, dst, meet) };
        if apart.ok_or(Error::no_memory())? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Runs a walk by the addresses that the axes up to the last one with pointers lead to, or all axes. So many pairs, the first ones, have
/// been run already, if it is to be run as it is after all.
///
/// # Safety
/// As [`in_parts`].
#[cold]
#[inline(never)]
pub(super) unsafe fn by_addresses(whole: Part<'_>, at: usize, enough: Enough, run: &mut Run<'_>) -> Result<()> {
    let Part { mut pair, src, dst, times } = whole;
    let equal = enough == Enough::Equal;
    if equal {
        pair.sort_direct();
    }
    let (from, to) = pair.start();
    let mut reach = Reach::new(enough, Reached::new(src.wrapping_offset(from), dst.wrapping_offset(to), times))?;
    let mut tuples = 1_usize;
    for axis in pair.outer() {
        tuples = tuples.saturating_mul(axis.len.unsigned_abs());
        reach.extend(axis)?;
        // SAFETY: the caller guarantees W1 and W2 for the pointers.
        unsafe { reach.follow(axis)? };
    }
    let room = &mut [Axis::NONE; MAX_NDIM];
    let mut kept = pair.is_indirect() && !reach.is_crowded(&pair)?;
    let behind = pair.behind(Axis::SINGLE, true, room).ok_or(Error::bad_argument())?;
    let larger = behind.is_larger_than_memory(enough);
    kept &= !(larger && behind.is_for_places(enough));
    if kept && reach.len() >= tuples / 2 {
        match as_it_is(Part { pair, src, dst, times }, at, enough, run) {
            None => return Ok(()),
            Some(left) => (pair, kept) = (left.pair, false),
        }
    }
    if !kept {
        for at in 0..pair.direct().len() {
            // Pairs of places may be found in any order; in this one they come in long lines.
            let axis = if equal { pair.direct().iter().nth_back(at) } else { pair.direct().get(at) };
            axis.map_or(Ok(()), |axis| reach.extend(axis))?;
        }
    }
    let mut at = 0;
    while let Some((Reached { src, dst, times, .. }, mut line)) = reach.line(at) {
        if kept && larger {
            line.len = 1;
        }
        at += line.len.unsigned_abs();
        let pair = pair.behind(line, kept, room).ok_or(Error::bad_argument())?;
        let mut run = |pair: Pair<'_>| run(Part { pair, src, dst, times });
        let flow = if kept && larger { pair.in_boxes(enough, FEW_PAIRS, &mut run) } else { run(pair) };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// Whether no item of the second operand overlaps items of the first one, or pointers that lead to them, where there are pointers. May be
/// `false` where it cannot tell.
///
/// # Safety
/// As [`in_parts`].
#[inline(never)]
pub(super) unsafe fn are_apart(pair: &Pair<'_>, src: *const u8, dst: *mut u8) -> Result<bool> {
    let tuples = pair.outer().iter().fold(1_usize, |tuples, axis| tuples.saturating_mul(axis.len.unsigned_abs()));
    // SAFETY: the caller guarantees W1 and W2 for the pointers, the only memory that is read.
    unsafe {
        let room = &mut [Axis::NONE; MAX_NDIM];
        let Some(plan) = pair.copied(room).and_then(Pair::in_index_order) else { return Ok(true) };
        if !is_tangled(pair, tuples, Enough::Equal, (src, dst))? {
            return Ok(kernels::are_apart(&plan, src, dst));
        }
        let Some([of_src, of_dst]) = plan.direct_bounds() else { return Ok(false) };
        let (from, to) = pair.start();
        let read = extents(pair, Operand::Src, src.wrapping_offset(from), of_src)?;
        let written = extents(pair, Operand::Dst, dst.wrapping_offset(to), of_dst)?;
        let Some(([pointers, items], [_, written])) = read.zip(written) else { return Ok(false) };
        Ok(!pointers.meets(written) && !items.meets(written))
    }
}

/// The bytes of the pointers that lead to an operand's items, and of the items, which are at these offsets from where pointers lead.
/// `None` where they are unknown.
///
/// # Safety
/// As [`in_parts`], for the operand, which starts at an address.
unsafe fn extents(
    pair: &Pair<'_>,
    operand: Operand,
    start: *const u8,
    items: (isize, isize),
) -> Result<Option<[Extent; 2]>> {
    let mut reach = Reach::new(Enough::First, Reached::new(start, core::ptr::null_mut(), 1))?;
    let mut extents = [Extent::EMPTY; 2];
    let [pointers, memory] = &mut extents;
    for axis in pair.outer() {
        let axis = Axis { src: operand.step(axis), dst: Step::NONE, ..*axis };
        reach.extend(&axis)?;
        if axis.is_indirect() {
            let pointer = (0, size_of::<usize>().cast_signed());
            if reach.addresses().any(|address| pointers.cover(address, pointer).is_break()) {
                return Ok(None);
            }
        }
        // SAFETY: the caller guarantees W1 or W2 for the operand's pointers.
        unsafe { reach.follow(&axis)? };
    }
    let known = reach.addresses().all(|address| memory.cover(address, items).is_continue());
    Ok(known.then_some(extents))
}
