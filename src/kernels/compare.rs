//! Compares item with item as a plan says.

use core::ffi::{c_int, c_long, c_longlong, c_short};
use core::ops::ControlFlow;

use crate::layout::Plan;

use super::walk::visit;

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
    /// # Safety
    /// As `native_equal`, for the type `T`, of which every bit pattern is a value.
    unsafe fn same_values<T: PartialEq>(plan: &Plan<'_>, a: *const u8, b: *const u8) -> bool {
        // SAFETY: the function's contract: both addresses hold a `T`, at any alignment.
        unsafe { all_equal(plan, a, b, |a, b| a.cast::<T>().read_unaligned() == b.cast::<T>().read_unaligned()) }
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
            b'f' => same_values::<f32>(plan, a, b),
            b'd' => same_values::<f64>(plan, a, b),
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
    /// # Safety
    /// As `bytes_equal`, and `UNIT` is the unit.
    unsafe fn of_size<const UNIT: usize>(plan: &Plan<'_>, a: *const u8, b: *const u8) -> bool {
        // SAFETY: the function's contract; an array of bytes needs no alignment.
        unsafe { all_equal(plan, a, b, |a, b| a.cast::<[u8; UNIT]>().read() == b.cast::<[u8; UNIT]>().read()) }
    }
    plan.unit = size;
    plan.take_block();
    // SAFETY: the function's contract, passed on; a constant unit is the unit itself.
    unsafe {
        match plan.unit {
            1 => of_size::<1>(plan, a, b),
            2 => of_size::<2>(plan, a, b),
            4 => of_size::<4>(plan, a, b),
            8 => of_size::<8>(plan, a, b),
            unit => all_equal(plan, a, b, |a, b| {
                core::slice::from_raw_parts(a, unit) == core::slice::from_raw_parts(b, unit)
            }),
        }
    }
}
