//! Compares item with item as a plan says.

use core::ffi::{c_int, c_long, c_longlong, c_short};
use core::marker::PhantomData;
use core::ops::ControlFlow;

use crate::layout::{Axis, Plan};

use super::compiled::{Loop, compiled};
use super::walk::visit;

/// Items of a line that are compared before it is looked whether they were equal.
const PART: usize = 256;

/// Whether `equal` holds for every pair of items of the walk.
///
/// # Safety
/// W1 to W3 of the module's contract, nothing being written; `equal` may be called with the addresses of each pair.
pub(crate) unsafe fn all_equal(
    plan: &Plan<'_>,
    a: *const u8,
    b: *const u8,
    mut equal: impl FnMut(*const u8, *const u8) -> bool,
) -> bool {
    let compare = |a: *const u8, b: *mut u8| {
        if equal(a, b.cast_const()) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    // SAFETY: the function's contract. The visit itself writes nothing through the second address.
    unsafe { visit(plan, a, b.cast_mut(), compare) }.is_continue()
}

/// Whether every pair of items of the walk is equal, both operands being of the native type `code` (of the struct
/// module). `None` where the code is not one that is compared here. What an item has behind its value does not count.
///
/// # Safety
/// As [`all_equal`]; the items of both operands are not smaller than the type.
pub(crate) unsafe fn native_equal(code: u8, plan: &mut Plan<'_>, a: *const u8, b: *const u8) -> Option<bool> {
    /// # Safety
    /// As `native_equal`, for a type of which two values are equal exactly where their bytes are.
    unsafe fn same_bytes<T>(plan: &mut Plan<'_>, a: *const u8, b: *const u8) -> bool {
        // SAFETY: the function's contract.
        unsafe { bytes_equal(plan, size_of::<T>(), a, b) }
    }
    // SAFETY: the function's contract.
    let equal = unsafe {
        match code {
            // '?' is compared by byte, although every byte but 0 is true: so does CPython between two native '?'.
            b'c' | b'b' | b'B' | b'?' => same_bytes::<u8>(plan, a, b),
            b'h' | b'H' => same_bytes::<c_short>(plan, a, b),
            b'i' | b'I' => same_bytes::<c_int>(plan, a, b),
            b'l' | b'L' => same_bytes::<c_long>(plan, a, b),
            b'q' | b'Q' => same_bytes::<c_longlong>(plan, a, b),
            b'n' | b'N' | b'P' => same_bytes::<isize>(plan, a, b),
            b'f' => values_equal::<f32>(plan, a, b),
            b'd' => values_equal::<f64>(plan, a, b),
            _ => return None,
        }
    };
    Some(equal)
}

/// Whether every pair of items has the same bytes, `size` of them from the begin of each.
///
/// # Safety
/// As [`all_equal`]; the items of both operands are not smaller.
pub(crate) unsafe fn bytes_equal(plan: &mut Plan<'_>, size: usize, a: *const u8, b: *const u8) -> bool {
    plan.unit = size;
    plan.take_block();
    // SAFETY: the function's contract, passed on; a constant unit is the unit itself.
    unsafe {
        match plan.unit {
            1 => values_equal::<u8>(plan, a, b),
            2 => values_equal::<u16>(plan, a, b),
            4 => values_equal::<u32>(plan, a, b),
            8 => values_equal::<u64>(plan, a, b),
            unit => all_equal(plan, a, b, |a, b| {
                core::slice::from_raw_parts(a, unit) == core::slice::from_raw_parts(b, unit)
            }),
        }
    }
}

/// Whether every pair of items is equal, all of them of the type `T`, of which every bit pattern is a value.
///
/// # Safety
/// As [`all_equal`]; the items of both operands are not smaller than the type.
unsafe fn values_equal<T: Copy + PartialEq>(plan: &mut Plan<'_>, a: *const u8, b: *const u8) -> bool {
    let line = plan.take_line();
    let is_dense = |stride: isize| stride == size_of::<T>().cast_signed();
    let dense = is_dense(line.src.stride) && is_dense(line.dst.stride);
    let equal = if dense { compiled::<DenseEqual<T>>() } else { compiled::<StridedEqual<T>>() };
    // SAFETY: the function's contract, for each line; the loop for lines without gaps is for those.
    unsafe { all_equal(plan, a, b, |a, b| equal((a, b, line))) }
}

/// Whether the items of two lines without gaps are equal.
struct DenseEqual<T>(PhantomData<T>);

impl<T: Copy + PartialEq> Loop for DenseEqual<T> {
    type On = (*const u8, *const u8, Axis);
    type Out = bool;

    /// # Safety
    /// Of W1 to W3 what concerns the items of the line, which are `T`s behind each other.
    #[inline(always)]
    unsafe fn run((a, b, line): Self::On) -> bool {
        // SAFETY: the function's contract; what is packed needs no alignment.
        unsafe {
            let a = core::slice::from_raw_parts(a.cast::<Packed<T>>(), line.len.unsigned_abs());
            let b = core::slice::from_raw_parts(b.cast::<Packed<T>>(), line.len.unsigned_abs());
            a.chunks(PART)
                .zip(b.chunks(PART))
                .all(|(a, b)| a.iter().zip(b).fold(true, |all, (a, b)| all & ({ a.0 } == { b.0 })))
        }
    }
}

/// A value at any address.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Packed<T>(T);

/// Whether the items of two lines are equal.
struct StridedEqual<T>(PhantomData<T>);

impl<T: Copy + PartialEq> Loop for StridedEqual<T> {
    type On = (*const u8, *const u8, Axis);
    type Out = bool;

    /// # Safety
    /// Of W1 to W3 what concerns the items of the line, which are `T`s.
    #[inline(always)]
    unsafe fn run((mut a, mut b, line): Self::On) -> bool {
        let mut left = line.len.unsigned_abs();
        while left > 0 {
            let part = left.min(PART);
            let mut all = true;
            for _ in 0..part {
                // SAFETY: the function's contract; the values may stand at any address.
                all &= unsafe { a.cast::<T>().read_unaligned() == b.cast::<T>().read_unaligned() };
                a = a.wrapping_offset(line.src.stride);
                b = b.wrapping_offset(line.dst.stride);
            }
            if !all {
                return false;
            }
            left = left.wrapping_sub(part);
        }
        true
    }
}
