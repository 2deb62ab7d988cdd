//! Compares item with item as a plan says.

use core::ffi::{c_int, c_long, c_longlong, c_short, c_uint, c_ulong, c_ulonglong, c_ushort, c_void};
use core::ops::ControlFlow;

use crate::layout::Plan;

use super::walk::each;

/// Whether `equal` holds for every pair of items of the walk.
///
/// # Safety
/// W1 to W3 of the module's contract, nothing being written; `equal` may be called with the addresses of each pair.
pub(crate) unsafe fn all_equal<const N: usize>(
    plan: &Plan<N>,
    a: *const u8,
    b: *const u8,
    mut equal: impl FnMut(*const u8, *const u8) -> bool,
) -> bool {
    let mut visit = |a: *const u8, b: *mut u8| {
        if equal(a, b.cast_const()) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let (a, b) = (a.wrapping_offset(plan.src_offset), b.wrapping_offset(plan.dst_offset).cast_mut());
    // SAFETY: the function's contract. The odometer itself writes nothing through the second address.
    unsafe { each(plan.indirect(), a, b, &mut |a, b| each(plan.direct(), a, b, &mut visit)) }.is_continue()
}

/// Whether every pair of items of the walk is equal, both operands being of the native type `code` (of the struct
/// module). `None` where the code is not one that is compared here.
///
/// # Safety
/// As [`all_equal`]; the items of both operands have the size of the type.
pub(crate) unsafe fn native_equal<const N: usize>(
    code: u8,
    plan: &Plan<N>,
    a: *const u8,
    b: *const u8,
) -> Option<bool> {
    /// # Safety
    /// As `native_equal`, for the type `T`, of which every bit pattern is a value.
    unsafe fn typed<T: PartialEq, const N: usize>(plan: &Plan<N>, a: *const u8, b: *const u8) -> bool {
        // SAFETY: the function's contract: both addresses hold a `T`, at any alignment.
        unsafe { all_equal(plan, a, b, |a, b| a.cast::<T>().read_unaligned() == b.cast::<T>().read_unaligned()) }
    }
    // SAFETY: the function's contract; every bit pattern is a value of each of these types.
    let equal = unsafe {
        match code {
            // As CPython does between two native '?': by byte, although every byte but 0 is true.
            b'c' | b'b' | b'B' | b'?' => typed::<u8, N>(plan, a, b),
            b'h' => typed::<c_short, N>(plan, a, b),
            b'H' => typed::<c_ushort, N>(plan, a, b),
            b'i' => typed::<c_int, N>(plan, a, b),
            b'I' => typed::<c_uint, N>(plan, a, b),
            b'l' => typed::<c_long, N>(plan, a, b),
            b'L' => typed::<c_ulong, N>(plan, a, b),
            b'q' => typed::<c_longlong, N>(plan, a, b),
            b'Q' => typed::<c_ulonglong, N>(plan, a, b),
            b'n' => typed::<isize, N>(plan, a, b),
            b'N' => typed::<usize, N>(plan, a, b),
            b'f' => typed::<f32, N>(plan, a, b),
            b'd' => typed::<f64, N>(plan, a, b),
            b'P' => typed::<*const c_void, N>(plan, a, b),
            _ => return None,
        }
    };
    Some(equal)
}
