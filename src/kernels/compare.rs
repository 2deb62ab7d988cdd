//! Compares item with item as a plan says.

use core::ffi::{c_int, c_long, c_longlong, c_short};
use core::mem::MaybeUninit;
use core::ops::ControlFlow;

use crate::format::Scalar;
use crate::layout::Plan;

use super::compiled::{Compiled, compiled};
use super::convert::{Buffer, CHUNK, Conversion, Operand, convert_line};
use super::equal::{DenseEqual, StridedEqual, WideEqual};
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

/// Whether every pair of items is equal, which are numbers of these types. `None` where there is no loop for them.
///
/// # Safety
/// As [`all_equal`]; the items of both operands are not smaller than the types.
pub(crate) unsafe fn numbers_equal(
    plan: &mut Plan<'_>,
    operands: [Operand; 2],
    a: *const u8,
    b: *const u8,
) -> Option<bool> {
    let [x, y] = operands;
    if x == y && !x.swapped {
        // SAFETY: the function's contract.
        unsafe {
            match x.scalar {
                Scalar::Single => return Some(values_equal::<f32>(plan, a, b)),
                Scalar::Double => return Some(values_equal::<f64>(plan, a, b)),
                _ => {}
            }
        }
    }
    let conversion = |operand: Operand| {
        let wide = Operand { scalar: operand.scalar.widest(), swapped: false };
        Conversion::new(operand, wide).map(|conversion| (conversion.of_known(), wide.scalar))
    };
    let ((x, x_wide), (y, y_wide)) = (conversion(x)?, conversion(y)?);
    let equal = wide_equal(x_wide, y_wide)?;
    let line = plan.take_line();
    let mut buffers: [Buffer; 2] = [[const { MaybeUninit::uninit() }; CHUNK]; 2];
    let [left, right] = buffers.each_mut().map(|buffer| buffer.as_mut_ptr().cast::<u8>());
    let line_equal = |mut a: *const u8, mut b: *const u8| {
        let mut remaining = line.len.unsigned_abs();
        while remaining > 0 {
            let count = remaining.min(CHUNK);
            // SAFETY: the function's contract, for a part of the line; a buffer has room for a chunk, and is aligned.
            // Every number fits the widest type of its kind.
            unsafe {
                convert_line(&x, (a, line.src.stride), left, count);
                convert_line(&y, (b, line.dst.stride), right, count);
                if !equal((left, right, count)) {
                    return false;
                }
            }
            a = a.wrapping_offset(line.src.stride.wrapping_mul(count.cast_signed()));
            b = b.wrapping_offset(line.dst.stride.wrapping_mul(count.cast_signed()));
            remaining = remaining.wrapping_sub(count);
        }
        true
    };
    // SAFETY: the function's contract, for each line.
    Some(unsafe { all_equal(plan, a, b, line_equal) })
}

/// The loop that compares numbers of these types, which are widest ones.
fn wide_equal(a: Scalar, b: Scalar) -> Option<Compiled<WideEqual<f64, f64>>> {
    Some(match (a, b) {
        (Scalar::I64, Scalar::I64) => compiled::<WideEqual<i64, i64>>(),
        (Scalar::I64, Scalar::U64) => compiled::<WideEqual<i64, u64>>(),
        (Scalar::I64, Scalar::Double) => compiled::<WideEqual<i64, f64>>(),
        (Scalar::U64, Scalar::I64) => compiled::<WideEqual<u64, i64>>(),
        (Scalar::U64, Scalar::U64) => compiled::<WideEqual<u64, u64>>(),
        (Scalar::U64, Scalar::Double) => compiled::<WideEqual<u64, f64>>(),
        (Scalar::Double, Scalar::I64) => compiled::<WideEqual<f64, i64>>(),
        (Scalar::Double, Scalar::U64) => compiled::<WideEqual<f64, u64>>(),
        (Scalar::Double, Scalar::Double) => compiled::<WideEqual<f64, f64>>(),
        _ => return None,
    })
}
