//! Small walks, copied without a plan.

use crate::layout::{Small, SmallPlane};

use super::strided::StridedPlane;

/// Copies every unit of a walk over two axes.
///
/// # Safety
/// W1 to W4 of the module's contract, for the index tuples of the walk.
#[inline(always)]
pub(crate) unsafe fn copy_plane(plane: &SmallPlane, src: *const u8, dst: *mut u8) {
    // SAFETY: the caller guarantees W1 to W4 for the walk, of which `src` and `dst` are index 0 of both axes.
    unsafe {
        if plane.line.len == 1 {
            core::ptr::copy_nonoverlapping(src, dst, plane.unit);
        } else {
            StridedPlane::of_plane(plane).copy(src, dst, false);
        }
    }
}

/// Copies every unit of the walk from the first operand to the second.
///
/// # Safety
/// W1 to W4 of the module's contract, for the index tuples of the walk.
#[inline(always)]
pub(crate) unsafe fn copy_small(small: &Small<'_>, src: *const u8, dst: *mut u8) {
    // SAFETY: the caller guarantees W1 to W4 for the walk, of which `src` and `dst` are index 0 of all axes.
    unsafe {
        match small.shape.len() {
            0 => core::ptr::copy_nonoverlapping(src, dst, small.unit),
            1 | 2 => StridedPlane::of_small(small).copy(src, dst, false),
            _ => planes(small, &StridedPlane::of_small(small), 0, src, dst),
        }
    }
}

/// Copies all planes from this axis on.
///
/// # Safety
/// As [`copy_small`]; the addresses belong to index 0 of this axis and those after it.
unsafe fn planes(small: &Small<'_>, plane: &StridedPlane, axis: usize, src: *const u8, dst: *mut u8) {
    let inner = axis + 1;
    if inner + 1 >= small.shape.len() {
        // SAFETY: the caller guarantees W1 to W4 for the plane of the two innermost axes.
        return unsafe { plane.copy(src, dst, false) };
    }
    let step = |strides: &[isize]| strides.get(axis).copied().unwrap_or(0);
    let (by_src, by_dst) = (step(small.src), step(small.dst));
    let (mut src, mut dst) = (src, dst);
    for _ in 0..step(small.shape) {
        // SAFETY: the caller guarantees W1 to W4 for each index of this axis, with all of the axes after it.
        unsafe { planes(small, plane, inner, src, dst) };
        src = src.wrapping_offset(by_src);
        dst = dst.wrapping_offset(by_dst);
    }
}
