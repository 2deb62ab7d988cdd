//! Layout algebra: shape, strides, suboffsets, contiguity, bounds, and the planning of walks. Integers only.
//!
//! No objects, no pointers, no memory access; `kernels` runs what is planned here. Invariants
//! that the functions rely on and `Structure::check` establishes:
//!
//! 1. `ndim <= MAX_NDIM`; shape, strides and suboffsets, where present, have `ndim` entries.
//! 2. No entry of shape is negative, and `itemsize >= 0`.
//! 3. `product(shape)` and `product(shape) * itemsize` fit in an `isize`; both are 0 where an axis has no items.
//! 4. A stride, suboffset or offset may be any number, and their sums may wrap: hence the wrapping
//!    arithmetic on these. Everything else is plain arithmetic, which a debug build checks: an overflow would be a bug.
#![forbid(unsafe_code)]

mod structure;

mod axes;

mod small;

mod planned;

mod plan;

mod places;

mod windows;

mod sides;

mod subscript;

mod subscript_text;

mod transform;

mod pieces;

mod placed;

pub use axes::{Axis, Step};
pub use pieces::{Pieces, Spacing};
pub use placed::{Placed, Pointers};
pub use places::{Enough, FEW_BEHIND_POINTERS, FEW_PAIRS, MORE_PAIRS, Operand, Places, common_divisor};
pub use plan::{Pair, Purpose};
pub use planned::Plan;
pub use sides::{Lines, Offset, Side, SidePart, Sides};
pub use small::{SMALL, SMALL_TRANSPOSE, Small, SmallAxis, SmallPlane};
pub use structure::{AxesMut, Order, Structure, bytes_of, fill_strides, items_of, too_many_axes};
pub use subscript::{Clipped, Subscript, axes_left, clip, select};
pub use subscript_text::SubscriptText;
pub use transform::{
    AddedAxes, NEEDS_COPY, NO_PERMUTATION, NO_SUCH_SHAPE, broadcast, flip, narrow, permute, reshape, squeeze,
};

/// The most axes of a view; CPython's `PyBUF_MAX_NDIM`.
pub const MAX_NDIM: usize = 64;

/// The number of axes up to which a walk is planned in little memory.
pub const FEW: usize = 8;

/// An expression for a walk over `$ndim` axes, in which `$room` is memory for its axes. (It is there once: code for little memory and the
/// same for much would make the library larger.)
macro_rules! with_room {
    ($ndim:expr, $room:ident => $walk:expr) => {{
        let (mut few, mut many);
        let $room: &mut [$crate::layout::Axis] = if $ndim <= $crate::layout::FEW {
            few = [$crate::layout::Axis::NONE; $crate::layout::FEW];
            &mut few
        } else {
            many = [$crate::layout::Axis::NONE; $crate::layout::MAX_NDIM];
            &mut many
        };
        $walk
    }};
}
pub(crate) use with_room;
