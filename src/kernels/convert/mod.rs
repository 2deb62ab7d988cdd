//! Converts numbers as a plan says, from one type to another.
//!
//! There is one loop for each pair of types that takes contiguous numbers, as vectors. Numbers with gaps between them go through
//! another one, number by number, or are gathered in a small buffer first, and spread afterwards, where programs or the other
//! byte order make that faster, or where they have to be checked. Every conversion is one of planes (`plane`): records are one
//! plane for each field (`records`), transposes become contiguous block by block (`blocks`).

use core::mem::MaybeUninit;
use core::ops::ControlFlow;

use crate::format::{Fault, Scalar};
use crate::layout::{Axis, Plan};

use super::copy::LONG;
use super::copy::permute::Program;
use super::cpu::{by_level, level};
use super::odometer::visit_over;

pub(super) mod move_numbers;

mod fit;

mod pairs;

mod plane;

mod parts;

mod blocks;

mod route;

mod records;

use blocks::Blocks;
use move_numbers::{NumberMover, Rows};
use pairs::KnownLoop;
pub(crate) use pairs::{Conversion, Operand};
use plane::{Failure, NumberPlane};
pub(crate) use records::RecordConversion;
pub(crate) use route::Route;

/// A number that does not fit.
pub(crate) struct Misfit {
    /// The place that it would have been written to, in bytes from the second operand's base.
    pub(crate) offset: isize,
    pub(crate) fault: Fault,
}

/// Converts every number of the walk. If one does not fit it stops there or some numbers earlier; which one it
/// reports, if there are several, depends on the walk.
///
/// # Safety
/// W1 to W4 of the module's contract, with items that have the sizes of the two types. Where the conversion is of known
/// numbers, they all fit.
pub(crate) unsafe fn convert(
    mut plan: Plan<'_>,
    conversion: &Conversion,
    src: *const u8,
    dst: *mut u8,
) -> Result<(), Misfit> {
    let tiled = plan.tile();
    let (outer, plane) = plan.planes();
    match Blocks::new(two_axes(plane), conversion, plan.bytes()).filter(|_| tiled) {
        // SAFETY: W1 to W4: each pair of addresses belongs to an index tuple of all axes outside the plane.
        Some(blocks) => unsafe { try_over(&plan, outer, src, dst, |src, dst| blocks.convert(src, dst)) },
        // SAFETY: the function's contract.
        None => unsafe { convert_planes(&plan, conversion, tiled, src, dst) },
    }
}

/// Converts plane by plane. (Not inlined: it needs memory for programs, which others do not.)
///
/// # Safety
/// As [`convert`].
#[inline(never)]
unsafe fn convert_planes(
    plan: &Plan<'_>,
    conversion: &Conversion,
    tiled: bool,
    src: *const u8,
    dst: *mut u8,
) -> Result<(), Misfit> {
    let (outer, plane) = plan.planes();
    let axes = two_axes(plane);
    // A program writes several numbers at once, in no order.
    let long = plan.bytes() >= LONG && !tiled && !plan.ordered && !prefers_strided(axes[1], conversion);
    // Not an array, of which all bytes would be written.
    let (mut gather, mut spread) = (None, None);
    let slots = [&mut gather, &mut spread].map(|program| long.then_some(program));
    let plane = NumberPlane::new(axes, conversion, tiled, slots);
    // SAFETY: W1 to W4: each pair of addresses belongs to an index tuple of all axes outside the plane.
    unsafe { try_over(plan, outer, src, dst, |src, dst| plane.convert(src, dst)) }
}

/// Whether a loop over numbers with gaps takes less time than programs that gather or spread them, which is so where a vector has
/// few.
fn prefers_strided(line: Axis, conversion: &Conversion) -> bool {
    let (src, dst) = (conversion.src.scalar.size(), conversion.dst.scalar.size());
    let gathers = line.dst.stride == dst.cast_signed();
    let few = by_level! { level();
        avx512: false,
        avx2: src >= 4 && dst >= 4 && (src == 8 || !gathers),
        neon: src >= 4 && dst >= 4,
        portable: src >= 4 && dst >= 4 && !gathers,
    };
    few && conversion.strided().is_some()
}

/// Converts every record of the walk. If a number does not fit, it stops there or some numbers earlier or later; which one it
/// reports, if there are several, depends on the walk.
///
/// # Safety
/// W1 to W4 of the module's contract, with records in both operands. The plan is not ordered. Where the conversion is of known
/// numbers, they all fit.
pub(crate) unsafe fn convert_records(
    mut plan: Plan<'_>,
    conversion: &RecordConversion<'_>,
    src: *const u8,
    dst: *mut u8,
) -> Result<(), Misfit> {
    let tiled = plan.tile();
    let (outer, plane) = plan.planes();
    let axes = two_axes(plane);
    // SAFETY: W1 to W4: each pair of addresses belongs to an index tuple of all axes outside the plane.
    unsafe { try_over(&plan, outer, src, dst, |src, dst| conversion.convert(axes, tiled, src, dst)) }
}

/// As [`convert`], by way of a route.
///
/// # Safety
/// As [`convert`].
pub(crate) unsafe fn convert_by(mut plan: Plan<'_>, route: &Route, src: *const u8, dst: *mut u8) -> Result<(), Misfit> {
    if let Route::Direct(conversion) = route {
        // SAFETY: the caller passes on the contract of the function.
        return unsafe { convert(plan, conversion, src, dst) };
    }
    let tiled = plan.tile();
    let (outer, plane) = plan.planes();
    let axes = two_axes(plane);
    // SAFETY: W1 to W4: each pair of addresses belongs to an index tuple of all axes outside the plane.
    unsafe { try_over(&plan, outer, src, dst, |src, dst| route.convert(axes, tiled, src, dst)) }
}

/// Whether all numbers of the first operand fit; nothing is written.
///
/// # Safety
/// W1 and W3, and W2 as far as pointers are concerned, with items that have the size of the first type.
pub(crate) unsafe fn numbers_fit(plan: &Plan<'_>, route: &Route, src: *const u8, dst: *mut u8) -> bool {
    let (outer, plane) = plan.planes();
    let axes = two_axes(plane);
    // SAFETY: W1 and W3: each address belongs to an index tuple of all axes outside the plane.
    unsafe { try_over(plan, outer, src, dst, |src, _| route.first_misfit(axes, src)) }.is_ok()
}

/// Whether all numbers of the records of the first operand fit; nothing is written.
///
/// # Safety
/// As [`numbers_fit`], with records in the first operand.
pub(crate) unsafe fn records_fit(
    plan: &Plan<'_>,
    conversion: &RecordConversion<'_>,
    src: *const u8,
    dst: *mut u8,
) -> bool {
    let (outer, plane) = plan.planes();
    let axes = two_axes(plane);
    // SAFETY: W1 and W3: each address belongs to an index tuple of all axes outside the plane.
    unsafe { try_over(plan, outer, src, dst, |src, _| conversion.check(axes, src)) }.is_ok()
}

/// The two innermost axes of a walk, of which there may be fewer.
fn two_axes(axes: &[Axis]) -> [Axis; 2] {
    match *axes {
        [rows, line, ..] => [rows, line],
        [line] => [Axis::SINGLE, line],
        [] => [Axis::SINGLE; 2],
    }
}

/// Calls `act` with the two addresses of each index tuple of the `outer` axes of a plan, until it fails.
///
/// # Safety
/// W1 and W2 as far as pointers are concerned; `act` may be called with each pair.
unsafe fn try_over(
    plan: &Plan<'_>,
    outer: &[Axis],
    src: *const u8,
    dst: *mut u8,
    mut act: impl FnMut(*const u8, *mut u8) -> Result<(), Failure>,
) -> Result<(), Misfit> {
    let mut result = Ok(());
    let act = |from: *const u8, to: *mut u8| match act(from, to) {
        Ok(()) => ControlFlow::Continue(()),
        Err((to, fault)) => {
            result = Err(Misfit { offset: to.addr().wrapping_sub(dst.addr()).cast_signed(), fault });
            ControlFlow::Break(())
        }
    };
    // SAFETY: the function's contract. Whether it has stopped is in the result.
    let _: ControlFlow<()> = unsafe { visit_over(plan, outer, src, dst, act) };
    result
}

/// Reads the numbers of lines, as contiguous numbers of another type.
pub(super) struct Reader<'p> {
    /// Gathers them, if they are not contiguous.
    gather: Option<NumberMover<'p>>,
    /// Converts them.
    convert: Option<KnownLoop>,
}

impl<'p> Reader<'p> {
    /// For numbers `stride` bytes apart, all of which fit the other type; `None` where there is no such conversion. The slot
    /// is as that of [`NumberMover::new`].
    pub(super) fn new(
        operand: Operand,
        stride: isize,
        scalar: Scalar,
        slot: Option<&'p mut Option<Program>>,
    ) -> Option<Self> {
        let native = Operand { scalar, swapped: false };
        let convert = if operand.scalar == scalar { None } else { Some(Conversion::new(operand, native)?.known()) };
        let size = operand.scalar.size().cast_signed();
        let gather = if stride == size && !operand.swapped {
            None
        } else {
            Some(NumberMover::new(operand.scalar.size(), operand.swapped, [stride, size], slot))
        };
        Some(Self { gather, convert })
    }

    /// Returns where the numbers are now: where they were, or in `room`. `other` is scratch memory.
    ///
    /// # Safety
    /// W1 and W3 for `count` numbers, which fit, of which both buffers hold as many.
    pub(super) unsafe fn read(
        &self,
        src: *const u8,
        room: &mut [MaybeUninit<u64>],
        other: &mut [MaybeUninit<u64>],
        count: usize,
    ) -> *const u8 {
        let (room, other) = (room.as_mut_ptr().cast::<u8>(), other.as_mut_ptr().cast::<u8>());
        let mut numbers = src;
        // SAFETY: the caller guarantees W1 and W3 for `count` numbers, for which both buffers have room; the buffers are other
        // memory.
        unsafe {
            if let Some(gather) = &self.gather {
                let gathered = if self.convert.is_some() { other } else { room };
                gather.run(Rows::new(numbers, gathered, [1, count], [0, 0]));
                numbers = gathered.cast_const();
            }
            if let Some(convert) = self.convert {
                convert((numbers, room, count));
                numbers = room.cast_const();
            }
        }
        numbers
    }
}
