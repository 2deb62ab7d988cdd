//! The odometer: visits every index tuple of some axes with the two addresses it leads to.

use core::ops::ControlFlow;

use crate::layout::{Axis, Plan, Step};

/// Calls `act` with the two addresses of each pair of items of the walk, until it breaks.
///
/// # Safety
/// W1 and W2 of the module's contract as far as pointers that the axes follow are concerned; `act` may be called with the
/// addresses of each pair.
pub(crate) unsafe fn visit(
    plan: &Plan<'_>,
    src: *const u8,
    dst: *mut u8,
    act: impl FnMut(*const u8, *mut u8) -> ControlFlow<()>,
) -> ControlFlow<()> {
    // SAFETY: the caller passes on W1 and W2 for the pointers, and `act` may be called.
    unsafe { visit_over(plan, plan.direct(), src, dst, act) }
}

/// As [`visit`], over the indirect axes of the plan and these direct ones: `act` handles the others.
///
/// # Safety
/// As [`visit`].
pub(super) unsafe fn visit_over(
    plan: &Plan<'_>,
    direct: &[Axis],
    src: *const u8,
    dst: *mut u8,
    mut act: impl FnMut(*const u8, *mut u8) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let (src, dst) = (src.wrapping_offset(plan.src_offset), dst.wrapping_offset(plan.dst_offset));
    // SAFETY: the caller passes on W1 and W2 for the pointers, and `act` may be called.
    unsafe { each(plan.indirect(), src, dst, &mut |src, dst| each(direct, src, dst, &mut act)) }
}

/// Calls `act` with the two addresses of each pair of items of the walk: [`visit`] where nothing breaks.
///
/// # Safety
/// W1 and W2 as far as pointers are concerned; `act` may be called with each pair.
pub(super) unsafe fn walk(plan: &Plan<'_>, src: *const u8, dst: *mut u8, act: impl FnMut(*const u8, *mut u8)) {
    // SAFETY: the caller guarantees W1 and W2 for pointers, and that `act` may be called with each pair.
    unsafe { walk_over(plan, plan.direct(), src, dst, act) };
}

/// As [`walk`], over only these of the plan's direct axes.
///
/// # Safety
/// As [`walk`].
pub(super) unsafe fn walk_over(
    plan: &Plan<'_>,
    direct: &[Axis],
    src: *const u8,
    dst: *mut u8,
    mut act: impl FnMut(*const u8, *mut u8),
) {
    let act = |src: *const u8, dst: *mut u8| {
        act(src, dst);
        ControlFlow::Continue(())
    };
    // SAFETY: the caller guarantees W1 and W2 for pointers, and that `act` may be called with each pair. The closure never
    // breaks, so the result says nothing.
    let _: ControlFlow<()> = unsafe { visit_over(plan, direct, src, dst, act) };
}

/// Calls `act` with the addresses that each index tuple of the axes up to the last one with pointers leads to, until it breaks: in a loop
/// over the pointers of each last table.
///
/// # Safety
/// W1 and W2 as far as pointers are concerned; `act` may be called with these addresses.
#[inline(always)]
pub(crate) unsafe fn visit_behind(
    plan: &Plan<'_>,
    src: *const u8,
    dst: *mut u8,
    mut act: impl FnMut(*const u8, *mut u8) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let (src, dst) = (src.wrapping_offset(plan.src_offset), dst.wrapping_offset(plan.dst_offset));
    let Some((last, before)) = plan.indirect().split_last() else { return act(src, dst) };
    let mut table = |mut src: *const u8, mut dst: *mut u8| {
        for _ in 0..last.len {
            // SAFETY: W1 and W2: both addresses belong to an index tuple of the walk, so the pointers there may be read.
            let (behind, other) = unsafe { (follow(src, last.src), follow(dst.cast_const(), last.dst).cast_mut()) };
            act(behind, other)?;
            src = src.wrapping_offset(last.src.stride);
            dst = dst.wrapping_offset(last.dst.stride);
        }
        ControlFlow::Continue(())
    };
    // SAFETY: the caller passes on W1 and W2 for the pointers of the other axes.
    unsafe { each(before, src, dst, &mut table) }
}

/// As [`walk`], for a plan without direct axes whose units are blocks: calls `act` with the addresses and the bytes of blocks that are
/// adjacent in both operands, as one. Pointers may lead to pieces of lines, even to single bytes.
///
/// # Safety
/// W1 and W2 as far as pointers are concerned; `act` may be called with each block, and with adjacent ones as one. (The pointers
/// are read from the program's memory, where it may have stored any that reach all blocks: it vouches for the bytes.)
pub(super) unsafe fn walk_blocks(
    plan: &Plan<'_>,
    src: *const u8,
    dst: *mut u8,
    mut act: impl FnMut(*const u8, *mut u8, usize),
) {
    let (mut from, mut to, mut bytes) = (src, dst, 0);
    let block = |src: *const u8, dst: *mut u8| {
        if src != from.wrapping_add(bytes) || dst != to.wrapping_add(bytes) {
            if bytes != 0 {
                act(from, to, bytes);
            }
            (from, to, bytes) = (src, dst, 0);
        }
        bytes += plan.unit;
        ControlFlow::Continue(())
    };
    // SAFETY: the caller passes on W1 and W2 for the pointers. The closure never breaks.
    let _: ControlFlow<()> = unsafe { visit_behind(plan, src, dst, block) };
    if bytes != 0 {
        act(from, to, bytes);
    }
}

/// A range of addresses, from the first byte to one past the last; an empty one runs from the greatest to the least address.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    start: usize,
    end: usize,
}

impl Extent {
    pub(crate) const EMPTY: Self = Self { start: usize::MAX, end: 0 };

    /// The range of bytes at these offsets from an address; `None` if it leaves the address space.
    pub(crate) fn of(address: usize, (first, end): (isize, isize)) -> Option<Self> {
        Some(Self { start: address.checked_add_signed(first)?, end: address.checked_add_signed(end)? })
    }

    /// Extends the range to these bytes; breaks if they are unknown.
    pub(crate) fn cover(&mut self, address: usize, bounds: (isize, isize)) -> ControlFlow<()> {
        let Some(Self { start, end }) = Self::of(address, bounds) else { return ControlFlow::Break(()) };
        *self = Self { start: self.start.min(start), end: self.end.max(end) };
        ControlFlow::Continue(())
    }

    /// Whether the two have bytes in common.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// Whether no item of the second operand overlaps items of the first one, or pointers that lead to them. May be `false` where
/// it cannot tell, and where items are interleaved, but is never wrongly `true`.
///
/// # Safety
/// W1 and W2 of the module's contract as far as pointers that the axes follow are concerned.
pub(crate) unsafe fn are_apart(plan: &Plan<'_>, src: *const u8, dst: *const u8) -> bool {
    let Some([src_bounds, dst_bounds]) = plan.direct_bounds() else { return false };
    let (mut read, mut written) = (Extent::EMPTY, Extent::EMPTY);
    let items = |src: *const u8, dst: *mut u8| {
        read.cover(src.addr(), src_bounds)?;
        written.cover(dst.addr(), dst_bounds)
    };
    // SAFETY: the caller passes on W1 and W2 for the pointers; nothing is written.
    let mut flow = unsafe { visit_behind(plan, src, dst.cast_mut(), items) };
    let mut apart = !read.meets(written);
    let (src, dst) = (src.wrapping_offset(plan.src_offset), dst.wrapping_offset(plan.dst_offset).cast_mut());
    let mut before = plan.indirect();
    while let Some((axis, rest)) = before.split_last().filter(|_| flow.is_continue() && apart) {
        before = rest;
        let Some(bounds) = axis.src.pointers(axis.len) else { continue };
        let mut pointers = Extent::EMPTY;
        let mut table = |src: *const u8, _| pointers.cover(src.addr(), bounds);
        // SAFETY: the caller passes on W1 and W2 for the pointers: these are the addresses at which pointers stand.
        flow = unsafe { each(before, src, dst, &mut table) };
        apart = !pointers.meets(written);
    }
    flow.is_continue() && apart
}

/// Acts on each line of a walk: the hot loop, which is compiled for each `act`, and nothing else is. (A closure would be compiled
/// a second time, to be called by value.)
trait EachLine {
    /// The same with the addresses of the first items.
    fn line(&mut self, src: *const u8, dst: *mut u8) -> ControlFlow<()>;
}

struct Line<'a, F> {
    len: isize,
    by_src: isize,
    by_dst: isize,
    act: &'a mut F,
}

impl<F: FnMut(*const u8, *mut u8) -> ControlFlow<()>> EachLine for Line<'_, F> {
    fn line(&mut self, mut src: *const u8, mut dst: *mut u8) -> ControlFlow<()> {
        for _ in 0..self.len {
            (self.act)(src, dst)?;
            src = src.wrapping_offset(self.by_src);
            dst = dst.wrapping_offset(self.by_dst);
        }
        ControlFlow::Continue(())
    }
}

/// Calls `act` with the two addresses of each index tuple of `axes`, in index order, until it breaks.
///
/// # Safety
/// W1 and W2 of the module's contract as far as pointers that the axes follow are concerned.
unsafe fn each(
    axes: &[Axis],
    src: *const u8,
    dst: *mut u8,
    act: &mut impl FnMut(*const u8, *mut u8) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let (outer, mut line) = match axes {
        [outer @ .., line] if !line.is_indirect() => {
            (outer, Line { len: line.len, by_src: line.src.stride, by_dst: line.dst.stride, act })
        }
        _ => (axes, Line { len: 1, by_src: 0, by_dst: 0, act }),
    };
    // SAFETY: the caller passes on W1 and W2.
    unsafe { each_line(outer, src, dst, &mut line) }
}

/// The same for lines.
///
/// # Safety
/// As [`each`].
unsafe fn each_line(axes: &[Axis], src: *const u8, dst: *mut u8, lines: &mut dyn EachLine) -> ControlFlow<()> {
    let [axis, inner @ ..] = axes else { return lines.line(src, dst) };
    let (mut src, mut dst) = (src, dst);
    for _ in 0..axis.len {
        // SAFETY: W1 and W2: both addresses belong to an index tuple of the walk, so the pointers there may be read.
        unsafe {
            let behind = (follow(src, axis.src), follow(dst.cast_const(), axis.dst).cast_mut());
            each_line(inner, behind.0, behind.1, lines)?;
        }
        src = src.wrapping_offset(axis.src.stride);
        dst = dst.wrapping_offset(axis.dst.stride);
    }
    ControlFlow::Continue(())
}

/// The address after following the pointer at `address`, if the axis has one.
///
/// # Safety
/// Where the step has a suboffset, a pointer may be read at `address`.
pub(crate) unsafe fn follow(address: *const u8, step: Step) -> *const u8 {
    match step.suboffset {
        // SAFETY: the caller guarantees W1 and W2: where there is a suboffset, there is a pointer; the pointer may stand at any
        // address, hence unaligned.
        Some(suboffset) => unsafe { address.cast::<*const u8>().read_unaligned().wrapping_offset(suboffset) },
        None => address,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "tests")]

    use core::ptr::without_provenance;

    use crate::layout::{MAX_NDIM, Order, Pair, Purpose, Structure};

    use super::*;

    /// Whether a copy of 64-bit items of these strides to contiguous memory would be apart.
    fn apart(shape: &[isize], strides: &[isize], suboffsets: Option<&[isize]>, src: *const u8, dst: usize) -> bool {
        let (shape, strides) = (Some(shape), Some(strides));
        let view = Structure { ndim: 2, len: 48, itemsize: 8, shape, strides, suboffsets };
        let room = &mut [Axis::NONE; MAX_NDIM];
        let pair = Pair::to_contiguous(room, &view, Order::C).expect("there is room");
        let plan = pair.plan(Purpose::Write, Order::C).expect("there are items");
        // SAFETY: pointers stand where the view says, if it has some; nothing else is read.
        unsafe { are_apart(&plan, src, without_provenance(dst)) }
    }

    #[test]
    fn memory_is_apart_where_no_byte_is_in_both() {
        // Rows of 24 bytes, 32 bytes apart: bytes 1000 to 1056.
        let of = |src: usize, dst| apart(&[2, 3], &[32, 8], None, without_provenance(src), dst);
        for (dst, expected) in [(1056, true), (1055, false), (1000, false), (952, true), (953, false), (1024, false)] {
            assert_eq!(of(1000, dst), expected, "{dst}");
        }
        assert!(of(usize::MAX - 56, 1000) && of(1000, usize::MAX - 48));
        // Past the last address, or further than addresses go: nothing is known.
        assert!(!of(usize::MAX - 54, 1000) && !of(1000, usize::MAX - 46));
        assert!(!apart(&[3, 2], &[isize::MAX, 8], None, without_provenance(1 << 20), 1000));
    }

    #[test]
    fn pointers_are_apart_from_what_is_written_too() {
        let rows = [1000, 2000].map(without_provenance::<u8>);
        let table = rows.as_ptr().cast::<u8>();
        let of = |table, dst| apart(&[2, 3], &[8, 8], Some(&[16, -1]), table, dst);
        // Rows are at 1016 and 2016; between them nothing is said.
        for (dst, expected) in [(2040, true), (2039, false), (968, true), (969, false), (1500, false)] {
            assert_eq!(of(table, dst), expected, "{dst}");
        }
        assert!(!of(table, table.addr()) && !of(table, table.addr() + 15));
        assert!(of(table, table.addr() + 16) && of(table, table.addr() - 48));
        let wrong = [1000, usize::MAX - 20].map(without_provenance::<u8>);
        assert!(!of(wrong.as_ptr().cast(), 1 << 20));
    }
}
