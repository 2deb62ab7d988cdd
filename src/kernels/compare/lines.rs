//! The loops that compare lines of items.

use core::marker::PhantomData;

use crate::format::{signed_equals_float, unsigned_equals_float};
use crate::layout::Axis;

use crate::kernels::convert::move_numbers::Packed;
use crate::kernels::multiversion::Loop;

/// Items of a line that are compared before the result is checked.
const PART: usize = 256;

/// Exact equality of two numbers, as in Python.
pub(super) trait SameAs<B> {
    fn same_as(self, other: B) -> bool;
}

macro_rules! same_as {
    ($($a:ty, $b:ty: |$x:ident, $y:ident| $same:expr;)*) => {
        $(impl SameAs<$b> for $a {
            #[inline(always)]
            fn same_as(self, other: $b) -> bool {
                let ($x, $y) = (self, other);
                $same
            }
        })*
    };
}

same_as! {
    u8, u8: |x, y| x == y;
    u16, u16: |x, y| x == y;
    u32, u32: |x, y| x == y;
    f32, f32: |x, y| x == y;
    i64, i64: |x, y| x == y;
    u64, u64: |x, y| x == y;
    f64, f64: |x, y| x == y;
    i64, u64: |x, y| x >= 0 && x.cast_unsigned() == y;
    u64, i64: |x, y| y.same_as(x);
    i64, f64: |x, y| signed_equals_float(x, y);
    f64, i64: |x, y| signed_equals_float(y, x);
    u64, f64: |x, y| unsigned_equals_float(x, y);
    f64, u64: |x, y| unsigned_equals_float(y, x);
}

/// Whether the values of two rows without gaps are equal, at any address.
// Over slices: the loop below with constant strides takes a fifth longer for doubles.
pub(super) struct DenseEqual<A, B>(PhantomData<(A, B)>);

impl<A: Copy + SameAs<B>, B: Copy> Loop for DenseEqual<A, B> {
    type On = (*const u8, *const u8, usize);
    type Out = bool;

    /// # Safety
    /// Of W1 to W3 what concerns as many contiguous values of both types.
    #[inline(always)]
    unsafe fn run((a, b, count): Self::On) -> bool {
        // SAFETY: the caller guarantees W1 to W3 for the items of the line; what is packed needs no alignment.
        unsafe {
            let a = core::slice::from_raw_parts(a.cast::<Packed<A>>(), count);
            let b = core::slice::from_raw_parts(b.cast::<Packed<B>>(), count);
            a.chunks(PART)
                .zip(b.chunks(PART))
                .all(|(a, b)| a.iter().zip(b).fold(true, |all, (a, b)| all & { a.0 }.same_as(b.0)))
        }
    }
}

/// Whether the items of two lines are equal.
pub(super) struct StridedEqual<T>(PhantomData<T>);

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
                // SAFETY: the caller guarantees W1 to W3 for the items of the line; the values may stand at any address.
                all &= unsafe { a.cast::<T>().read_unaligned() == b.cast::<T>().read_unaligned() };
                a = a.wrapping_offset(line.src.stride);
                b = b.wrapping_offset(line.dst.stride);
            }
            if !all {
                return false;
            }
            left -= part;
        }
        true
    }
}
