//! Small walks, copied without a plan.

use crate::kernels::cpu::level;
use crate::layout::{Small, SmallPlane};

use super::strided::StridedPlane;
use super::transpose;

/// Items along each axis from which on a plane may be a transpose for the kernels: squares of bytes are that large, and of other items a
/// few take no less time.
const fn least_side(unit: usize) -> isize {
    if unit == 1 { 16 } else { 8 }
}

/// Copies every unit of a walk over two axes.
///
/// # Safety
/// W1 to W4 of the module's contract, for the index tuples of the walk.
#[inline(always)]
pub(crate) unsafe fn copy_plane(plane: &SmallPlane, src: *const u8, dst: *mut u8) {
    // SAFETY: the caller guarantees W1 to W4 for the walk, of which `src` and `dst` are index 0 of both axes.
    unsafe {
        if plane.line.len == 1 {
            return core::ptr::copy_nonoverlapping(src, dst, plane.unit);
        }
        copy_axes(&StridedPlane::of_plane(plane), src, dst);
    }
}

/// Copies every unit of a walk over two axes, line by line.
///
/// # Safety
/// As [`copy_plane`].
pub(in crate::kernels) unsafe fn copy_lines(plane: &SmallPlane, src: *const u8, dst: *mut u8) {
    // SAFETY: the caller guarantees W1 to W4 for the walk.
    unsafe { StridedPlane::of_plane(plane).copy(src, dst, false) }
}

/// # Safety
/// As [`copy_plane`].
#[inline(always)]
unsafe fn copy_axes(plane: &StridedPlane, src: *const u8, dst: *mut u8) {
    let side = least_side(plane.unit);
    let is_large = plane.rows.len >= side && plane.line.len >= side;
    // SAFETY: the caller guarantees W1 to W4 for the walk.
    unsafe { if is_large { copy_large(plane, src, dst) } else { plane.copy(src, dst, false) } }
}

/// As [`copy_plane`], which may be a transpose. (Not inlined: most planes are smaller.)
///
/// # Safety
/// As it.
#[inline(never)]
unsafe fn copy_large(plane: &StridedPlane, src: *const u8, dst: *mut u8) {
    // SAFETY: the caller guarantees W1 to W4 for the walk.
    unsafe {
        if !transposed(plane, src, dst) {
            plane.copy(src, dst, false);
        }
    }
}

/// Copies every unit of a walk over two axes of any size, where there is a kernel for it that needs no plan; says whether there is.
///
/// # Safety
/// As [`copy_plane`].
pub(crate) unsafe fn copy_transpose(plane: &SmallPlane, src: *const u8, dst: *mut u8) -> bool {
    // SAFETY: the caller guarantees W1 to W4 for the walk.
    unsafe { transposed(&StridedPlane::of_plane(plane), src, dst) }
}

/// As [`copy_transpose`], for a walk over two axes.
///
/// # Safety
/// As it.
pub(crate) unsafe fn copy_small_transpose(small: &Small<'_>, src: *const u8, dst: *mut u8) -> bool {
    // SAFETY: the caller guarantees W1 to W4 for the walk.
    unsafe { transposed(&StridedPlane::of_small(small), src, dst) }
}

/// # Safety
/// As [`copy_transpose`].
#[inline(never)]
unsafe fn transposed(plane: &StridedPlane, src: *const u8, dst: *mut u8) -> bool {
    let &StridedPlane { rows, line, unit } = plane;
    let is_adjacent = |stride: isize| stride == unit.cast_signed();
    // Items are adjacent along columns where they are read, along rows where they are written.
    let [rows, columns] = match [rows, line] {
        [columns, rows] if is_adjacent(columns.src) && is_adjacent(rows.dst) => [rows, columns],
        [rows, columns] if is_adjacent(columns.src) && is_adjacent(rows.dst) => [rows, columns],
        _ => return false,
    };
    // SAFETY: the caller guarantees W1 to W4 for the walk, which is this plane, and the level is the processor's.
    unsafe { transpose::copy_near(level(), unit, [rows, columns], src, dst) }
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
            1 | 2 => copy_axes(&StridedPlane::of_small(small), src, dst),
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
