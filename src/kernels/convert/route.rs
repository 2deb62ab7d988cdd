//! The way from one type of numbers to any other: one conversion, or two with the widest type of the first one's kind between.

use core::mem::MaybeUninit;

use crate::layout::{Axis, Step};

use super::pairs::{Conversion, Operand};
use super::parts::each_part;
use super::plane::{CHUNK, Failure, NumberPlane, TILE};

/// The conversions from one type to another.
#[derive(Clone, Copy)]
pub(crate) enum Route {
    /// One of the types is one that C programs have, or both are integers of at most 32 bits, or they are the same.
    Direct(Conversion),
    /// The first, to which every number fits, and the second.
    Through(Conversion, Conversion),
}

/// Numbers between two conversions.
type Buffer = [MaybeUninit<u64>; CHUNK];

impl Route {
    pub(crate) fn new(src: Operand, dst: Operand) -> Self {
        Conversion::new(src, dst).map_or_else(
            || {
                let widest = src.scalar.widest();
                Self::Through(Conversion::to_array(src, widest), Conversion::from_array(widest, dst))
            },
            Self::Direct,
        )
    }

    /// The same for numbers that are known to fit.
    pub(crate) fn of_known(&self) -> Self {
        match self {
            Self::Direct(conversion) => Self::Direct(conversion.of_known()),
            Self::Through(first, second) => Self::Through(*first, second.of_known()),
        }
    }

    /// Whether every number fits.
    pub(crate) fn always_fits(&self) -> bool {
        let (Self::Direct(last) | Self::Through(_, last)) = self;
        last.check().is_none()
    }

    /// Converts a plane of numbers; the error is the place in the second operand, and why.
    ///
    /// # Safety
    /// W1 to W4 for the walk over the two axes; the numbers fit if they are known to.
    pub(super) unsafe fn convert(
        &self,
        axes: [Axis; 2],
        tiled: bool,
        src: *const u8,
        dst: *mut u8,
    ) -> Result<(), Failure> {
        // SAFETY: the caller passes on W1 to W4.
        unsafe {
            match self {
                Self::Direct(conversion) => NumberPlane::new(axes, conversion, tiled, [None, None]).convert(src, dst),
                Self::Through(first, second) => Self::convert_through([first, second], axes, tiled, (src, dst)),
            }
        }
    }

    /// (Not inlined: it needs memory for a buffer.)
    ///
    /// # Safety
    /// As [`convert`](Self::convert).
    #[inline(never)]
    unsafe fn convert_through(
        [first, second]: [&Conversion; 2],
        axes: [Axis; 2],
        tiled: bool,
        (src, dst): (*const u8, *mut u8),
    ) -> Result<(), Failure> {
        let mut buffer: Buffer = [const { MaybeUninit::uninit() }; CHUNK];
        let buffer = buffer.as_mut_ptr().cast::<u8>();
        // SAFETY: the caller passes on W1 to W4 for each part; the buffer is other memory, with room for a part, which the first
        // conversion writes.
        unsafe {
            each_part(axes, part_of(axes, tiled), (src, dst), |axes, (src, dst)| {
                NumberPlane::new(to_buffer(axes, first), first, false, [None, None]).convert(src, buffer)?;
                NumberPlane::new(from_buffer(axes, second), second, false, [None, None]).convert(buffer, dst)
            })
        }
    }

    /// The first number of the first operand, row by row, that does not fit, and why; nothing is written.
    ///
    /// # Safety
    /// W1 and W3 for the walk over the two axes.
    pub(super) unsafe fn first_misfit(&self, axes: [Axis; 2], src: *const u8) -> Result<(), Failure> {
        let (first, second) = match self {
            // SAFETY: the caller passes on W1 and W3.
            Self::Direct(conversion) => unsafe {
                return NumberPlane::new(axes, conversion, false, [None, None]).first_misfit(src);
            },
            Self::Through(first, second) => (first, second),
        };
        let Some(check) = second.check() else { return Ok(()) };
        let mut buffer: Buffer = [const { MaybeUninit::uninit() }; CHUNK];
        let buffer = buffer.as_mut_ptr().cast::<u8>();
        // One row at a time, so that the first is found. SAFETY: as in `convert`; nothing is written but the buffer.
        unsafe {
            each_part(axes, [1, CHUNK], (src, core::ptr::null_mut()), |[rows, line], (src, _)| {
                NumberPlane::new(to_buffer([rows, line], first), first, false, [None, None]).convert(src, buffer)?;
                match check.misfit(buffer, line.len.unsigned_abs()) {
                    None => Ok(()),
                    Some((at, fault)) => {
                        Err((src.wrapping_offset(line.src.stride.wrapping_mul(at.cast_signed())), fault))
                    }
                }
            })
        }
    }
}

/// Rows and columns of a part that the buffer has room for.
fn part_of([_, line]: [Axis; 2], tiled: bool) -> [usize; 2] {
    if tiled {
        return TILE;
    }
    let columns = line.len.unsigned_abs().clamp(1, CHUNK);
    [CHUNK.checked_div(columns).unwrap_or(1), columns]
}

/// The steps of contiguous numbers, from row to row and from number to number.
fn steps(size: usize, columns: isize) -> [Step; 2] {
    let size = size.cast_signed();
    [size.wrapping_mul(columns), size].map(|stride| Step { stride, suboffset: None })
}

fn to_buffer([rows, line]: [Axis; 2], first: &Conversion) -> [Axis; 2] {
    let [row, number] = steps(first.dst.scalar.size(), line.len);
    [Axis { dst: row, ..rows }, Axis { dst: number, ..line }]
}

fn from_buffer([rows, line]: [Axis; 2], second: &Conversion) -> [Axis; 2] {
    let [row, number] = steps(second.src.scalar.size(), line.len);
    [Axis { src: row, ..rows }, Axis { src: number, ..line }]
}
