//! Converts numbers as a plan says, from one type to another.
//!
//! Items that do not lie behind each other, or in the other byte order, are brought together in a small buffer first, and
//! spread afterwards, so that there is one loop for each pair of types, from contiguous memory to contiguous memory. It
//! does not look whether a number fits: another loop has done so before, for a part that the cache holds. What a number
//! becomes is a rule of `format`.

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::ControlFlow;

use crate::format::{Fault, Half, Native, Numbers, Scalar, To, Truth, fault};
use crate::layout::{Axis, Plan, Step};

use super::compiled::{Loop, compiled};
use super::walk::visit_over;

/// Numbers that are converted at a time where they go through a buffer.
pub(super) const CHUNK: usize = 512;

/// Numbers behind each other that are checked, then converted.
const PART: usize = 2048;

/// Numbers behind each other that are worth a call.
const WORTH: usize = 64;

/// Rows and columns of a tile, which is a chunk: rows are few bytes apart in the first operand, columns in the second.
const TILE: [usize; 2] = [16, CHUNK / 16];

/// One operand's numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operand {
    /// Their type.
    pub(crate) scalar: Scalar,
    /// Whether they stand in the other byte order.
    pub(crate) swapped: bool,
}

impl Operand {
    pub(crate) fn of(numbers: Numbers) -> Self {
        Self { scalar: numbers.scalar, swapped: numbers.swapped }
    }
}

/// The way from one type to another.
#[derive(Clone, Copy)]
pub(crate) struct Conversion {
    src: Operand,
    dst: Operand,
    loops: Loops,
    /// Whether it is not known that all numbers fit.
    checks: bool,
}

/// The loops over contiguous numbers in the machine's byte order, at any address.
#[derive(Clone, Copy)]
struct Loops {
    /// Whether as many numbers fit.
    fit: unsafe fn((*const u8, usize)) -> bool,
    /// Converts as many numbers, which fit.
    run: unsafe fn((*const u8, *mut u8, usize)),
    /// Why a number does not fit.
    fault: unsafe fn(*const u8) -> Fault,
}

/// A number that does not fit.
pub(crate) struct Misfit {
    /// Where it would have been written, in bytes from the second operand's base.
    pub(crate) offset: isize,
    pub(crate) fault: Fault,
}

/// [`To`] for a number that is known to fit: the machine's own instruction.
trait Known<T>: To<T> {
    /// # Safety
    /// The number fits.
    unsafe fn known(self) -> T;
}

/// What has no faster way.
macro_rules! known {
    ($($from:ty),*) => {
        $(impl<T> Known<T> for $from where $from: To<T> {
            #[inline(always)]
            unsafe fn known(self) -> T {
                self.to()
            }
        })*
    };
}

/// Floats, which a safe conversion would keep in range once more. The small types go through one that vectors have.
macro_rules! known_floats {
    ($($from:ty),*; truncated: $($integer:ty as $through:ty),*; ruled: $($other:ty),*) => {
        known_floats!(@each $($from),*; [$($integer as $through),*]; [$($other),*]);
    };
    (@each $($from:ty),*; $integers:tt; $others:tt) => {
        $(known_floats!(@one $from; $integers; $others);)*
    };
    (@one $from:ty; [$($integer:ty as $through:ty),*]; [$($other:ty),*]) => {
        $(impl Known<$integer> for $from {
            #[inline(always)]
            unsafe fn known(self) -> $integer {
                // SAFETY: the function's contract: without its fraction it is in range.
                unsafe { self.to_int_unchecked::<$through>() as $integer }
            }
        })*
        $(impl Known<$other> for $from {
            #[inline(always)]
            unsafe fn known(self) -> $other {
                self.to()
            }
        })*
    };
}

known!(i8, i16, i32, i64, u8, u16, u32, u64, Half, Truth);
known_floats!(f32, f64; truncated: i8 as i32, i16 as i32, i32 as i32, i64 as i64, u8 as i32, u16 as i32, u32 as u32,
    u64 as u64; ruled: f32, f64, Half, Truth);

/// Whether as many numbers fit.
struct Fit<S, T>(PhantomData<(S, T)>);

impl<S: Native + To<T>, T> Loop for Fit<S, T> {
    type On = (*const u8, usize);
    type Out = bool;

    /// # Safety
    /// Of W1 what concerns `count` numbers behind each other.
    #[inline(always)]
    unsafe fn run((src, count): (*const u8, usize)) -> bool {
        // SAFETY: the function's contract. Bytes need no alignment.
        let src = unsafe { core::slice::from_raw_parts(src.cast::<S::Bytes>(), count) };
        src.iter().fold(true, |all, from| all & To::<T>::fits(S::from_bytes(*from)))
    }
}

/// Converts as many numbers.
struct Convert<S, T>(PhantomData<(S, T)>);

impl<S: Native + Known<T>, T: Native> Loop for Convert<S, T> {
    type On = (*const u8, *mut u8, usize);
    type Out = ();

    /// # Safety
    /// Of W1, W2 and W4 what concerns `count` numbers behind each other at both places; all of them fit.
    #[inline(always)]
    unsafe fn run((src, dst, count): (*const u8, *mut u8, usize)) {
        // SAFETY: the function's contract. Bytes need no alignment.
        unsafe {
            let src = core::slice::from_raw_parts(src.cast::<S::Bytes>(), count);
            let dst = core::slice::from_raw_parts_mut(dst.cast::<MaybeUninit<T::Bytes>>(), count);
            for (from, to) in src.iter().zip(dst) {
                to.write(Known::<T>::known(S::from_bytes(*from)).to_bytes());
            }
        }
    }
}

/// # Safety
/// A number may be read there.
unsafe fn fault_at<S: Native>(src: *const u8) -> Fault {
    // SAFETY: the function's contract.
    fault(S::from_bytes(unsafe { src.cast::<S::Bytes>().read() }))
}

impl Loops {
    fn of<S: Native + Known<T>, T: Native>() -> Self {
        Self { fit: compiled::<Fit<S, T>>(), run: compiled::<Convert<S, T>>(), fault: fault_at::<S> }
    }

    /// To a type that C programs have.
    fn to_c<T: Native>(from: Scalar) -> Self
    where
        i8: Known<T>,
        i16: Known<T>,
        i32: Known<T>,
        i64: Known<T>,
        u8: Known<T>,
        u16: Known<T>,
        u32: Known<T>,
        u64: Known<T>,
        f32: Known<T>,
        f64: Known<T>,
        Half: Known<T>,
        Truth: Known<T>,
    {
        match from {
            Scalar::Bool => Self::of::<Truth, T>(),
            Scalar::I8 => Self::of::<i8, T>(),
            Scalar::I16 => Self::of::<i16, T>(),
            Scalar::I32 => Self::of::<i32, T>(),
            Scalar::I64 => Self::of::<i64, T>(),
            Scalar::U8 => Self::of::<u8, T>(),
            Scalar::U16 => Self::of::<u16, T>(),
            Scalar::U32 => Self::of::<u32, T>(),
            Scalar::U64 => Self::of::<u64, T>(),
            Scalar::Half => Self::of::<Half, T>(),
            Scalar::Single => Self::of::<f32, T>(),
            Scalar::Double => Self::of::<f64, T>(),
        }
    }

    /// From a type that C programs have; to another of those types it is [`to_c`](Self::to_c)'s.
    fn from_c<T: Native>(from: Scalar) -> Option<Self>
    where
        i64: Known<T>,
        u64: Known<T>,
        f32: Known<T>,
        f64: Known<T>,
    {
        Some(match from {
            Scalar::I64 => Self::of::<i64, T>(),
            Scalar::U64 => Self::of::<u64, T>(),
            Scalar::Single => Self::of::<f32, T>(),
            Scalar::Double => Self::of::<f64, T>(),
            _ => return None,
        })
    }
}

impl Conversion {
    /// `None` where neither type is one that C programs have.
    pub(crate) fn new(src: Operand, dst: Operand) -> Option<Self> {
        let from = src.scalar;
        let loops = match dst.scalar {
            Scalar::I64 => Loops::to_c::<i64>(from),
            Scalar::U64 => Loops::to_c::<u64>(from),
            Scalar::Single => Loops::to_c::<f32>(from),
            Scalar::Double => Loops::to_c::<f64>(from),
            Scalar::Bool => Loops::from_c::<Truth>(from)?,
            Scalar::I8 => Loops::from_c::<i8>(from)?,
            Scalar::I16 => Loops::from_c::<i16>(from)?,
            Scalar::I32 => Loops::from_c::<i32>(from)?,
            Scalar::U8 => Loops::from_c::<u8>(from)?,
            Scalar::U16 => Loops::from_c::<u16>(from)?,
            Scalar::U32 => Loops::from_c::<u32>(from)?,
            Scalar::Half => Loops::from_c::<Half>(from)?,
        };
        Some(Self { src, dst, loops, checks: true })
    }

    /// The same for numbers that are known to fit.
    pub(crate) fn of_known(&self) -> Self {
        Self { checks: false, ..*self }
    }

    /// Whether numbers stay as they are, byte by byte.
    pub(crate) fn is_copy(&self) -> bool {
        self.src.scalar == self.dst.scalar && self.src.swapped == self.dst.swapped
    }

    /// The first of `count` numbers behind each other, in the machine's byte order, that does not fit, and why.
    ///
    /// # Safety
    /// Of W1 and W3 what concerns these numbers.
    pub(crate) unsafe fn first_misfit(&self, src: *const u8, count: usize) -> Option<(usize, Fault)> {
        let size = self.src.scalar.size();
        (0..count).step_by(PART).find_map(|start| {
            // SAFETY: the function's contract, for a part of the numbers.
            let misfit = unsafe { self.misfit(src.wrapping_add(start * size), PART.min(count - start)) };
            misfit.map(|(at, fault)| (start + at, fault))
        })
    }

    /// The same, in one part.
    ///
    /// # Safety
    /// As [`first_misfit`](Self::first_misfit).
    #[inline(always)]
    unsafe fn misfit(&self, src: *const u8, count: usize) -> Option<(usize, Fault)> {
        // SAFETY: the function's contract.
        unsafe {
            if (self.loops.fit)((src, count)) {
                return None;
            }
            let at = self.search(src, count);
            Some((at, (self.loops.fault)(src.wrapping_add(at * self.src.scalar.size()))))
        }
    }

    /// Converts numbers behind each other, as far as they fit; what fails is which one, and why.
    ///
    /// # Safety
    /// Of W1, W2 and W4 what concerns `count` numbers; they fit if they are known to.
    unsafe fn run(&self, src: *const u8, dst: *mut u8, count: usize) -> Result<(), (usize, Fault)> {
        // SAFETY: the function's contract, for a part of the numbers; they fit, or it is not converted.
        unsafe {
            if !self.checks {
                (self.loops.run)((src, dst, count));
                return Ok(());
            }
            let mut start = 0;
            while start < count {
                let part = PART.min(count - start);
                let source = src.wrapping_add(start * self.src.scalar.size());
                if let Some((at, fault)) = self.misfit(source, part) {
                    return Err((start + at, fault));
                }
                (self.loops.run)((source, dst.wrapping_add(start * self.dst.scalar.size()), part));
                start += part;
            }
        }
        Ok(())
    }

    /// Which of these numbers is the first that does not fit, where one does not.
    ///
    /// # Safety
    /// As [`first_misfit`](Self::first_misfit).
    #[cold]
    unsafe fn search(&self, src: *const u8, count: usize) -> usize {
        let (mut start, mut count) = (0, count);
        while count > 1 {
            let half = count / 2;
            // SAFETY: the function's contract, for a part of the numbers.
            if unsafe { (self.loops.fit)((src.wrapping_add(start * self.src.scalar.size()), half)) } {
                start += half;
                count -= half;
            } else {
                count = half;
            }
        }
        start
    }
}

/// Converts every number of the walk. Where one does not fit it stops, at that one or some numbers earlier; which one it
/// tells of, if there are several, depends on the walk.
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
    let plane = Plane::new(plane, conversion, tiled);
    let mut result = Ok(());
    let convert_plane = |from: *const u8, to: *mut u8| {
        // SAFETY: W1 to W4: `from` and `to` belong to an index tuple of all axes outside the plane.
        match unsafe { plane.convert(from, to) } {
            Ok(()) => ControlFlow::Continue(()),
            Err((to, fault)) => {
                result = Err(Misfit { offset: to.addr().wrapping_sub(dst.addr()).cast_signed(), fault });
                ControlFlow::Break(())
            }
        }
    };
    // SAFETY: W1 to W4. Whether it has stopped is in the result.
    let _: ControlFlow<()> = unsafe { visit_over(&plan, outer, src, dst, convert_plane) };
    result
}

/// Converts numbers, `stride` bytes apart, to numbers behind each other.
///
/// # Safety
/// W1 to W4 for `count` numbers; the conversion is [of known ones](Conversion::of_known), and they all fit.
pub(super) unsafe fn convert_line(
    conversion: &Conversion,
    (src, stride): (*const u8, isize),
    dst: *mut u8,
    count: usize,
) {
    let (src_axis, dst_axis) =
        (Step { stride, ..Step::NONE }, Step { stride: conversion.dst.scalar.size().cast_signed(), ..Step::NONE });
    let line = Axis { len: count.cast_signed(), src: src_axis, dst: dst_axis };
    // SAFETY: the function's contract. As all fit, there is nothing to say.
    let _: Result<(), (*mut u8, Fault)> = unsafe { Plane::new(&[line], conversion, false).convert(src, dst) };
}

/// The two innermost axes of a walk, in parts of `part` numbers along each.
struct Plane<'c> {
    conversion: &'c Conversion,
    rows: Axis,
    line: Axis,
    part: [usize; 2],
}

/// Where one operand's numbers are: bytes from row to row, and from number to number.
#[derive(Clone, Copy)]
struct Steps {
    row: isize,
    number: isize,
}

impl Steps {
    /// Rows of that many numbers behind each other.
    fn contiguous(scalar: Scalar, columns: usize) -> Self {
        let size = scalar.size();
        Self { row: (size * columns).cast_signed(), number: size.cast_signed() }
    }
}

/// Memory for the numbers of a chunk.
pub(super) type Buffer = [MaybeUninit<u64>; CHUNK];

impl<'c> Plane<'c> {
    fn new(axes: &[Axis], conversion: &'c Conversion, tiled: bool) -> Self {
        let single = Axis { len: 1, ..Axis::default() };
        let (rows, line) = match *axes {
            [rows, line, ..] => (rows, line),
            [line] => (single, line),
            [] => (single, single),
        };
        let mut plane = Self { conversion, rows, line, part: TILE };
        let columns = line.len.unsigned_abs();
        if !tiled {
            let (src, dst) = plane.steps();
            let plain = is_plain(conversion.src, src) && is_plain(conversion.dst, dst);
            let columns = if plain && columns >= WORTH { columns } else { columns.clamp(1, CHUNK) };
            plane.part = [CHUNK.checked_div(columns).unwrap_or(0).max(1), columns];
        }
        plane
    }

    fn steps(&self) -> (Steps, Steps) {
        (
            Steps { row: self.rows.src.stride, number: self.line.src.stride },
            Steps { row: self.rows.dst.stride, number: self.line.dst.stride },
        )
    }

    /// Converts the plane; what fails is the place in the second operand, and why.
    ///
    /// # Safety
    /// W1 to W4 for the walk over the two axes.
    unsafe fn convert(&self, src: *const u8, dst: *mut u8) -> Result<(), (*mut u8, Fault)> {
        let mut buffers: [Buffer; 2] = [[const { MaybeUninit::uninit() }; CHUNK]; 2];
        let [gathered, converted] = buffers.each_mut().map(|buffer| buffer.as_mut_ptr().cast::<u8>());
        let (from, to) = self.steps();
        let [height, width] = self.part;
        let (rows, columns) = (self.rows.len.unsigned_abs(), self.line.len.unsigned_abs());
        let mut row = 0;
        while row < rows {
            let height = height.min(rows - row);
            let mut column = 0;
            while column < columns {
                let width = width.min(columns - column);
                let at = |steps: Steps| {
                    let along = steps.row.wrapping_mul(row.cast_signed());
                    along.wrapping_add(steps.number.wrapping_mul(column.cast_signed()))
                };
                // SAFETY: the part lies within both axes, so the contract covers it; where it is larger than a chunk it
                // needs no buffer, see `new`.
                unsafe {
                    self.part(
                        [height, width],
                        (src.wrapping_offset(at(from)), from, gathered),
                        (dst.wrapping_offset(at(to)), to, converted),
                    )?;
                }
                column += width;
            }
            row += height;
        }
        Ok(())
    }

    /// # Safety
    /// As `convert`, for as many rows and columns; the buffers have room for a chunk.
    #[inline(always)]
    unsafe fn part(
        &self,
        [rows, columns]: [usize; 2],
        (src, src_steps, gathered): (*const u8, Steps, *mut u8),
        (dst, dst_steps, converted): (*mut u8, Steps, *mut u8),
    ) -> Result<(), (*mut u8, Fault)> {
        let Conversion { src: from, dst: to, .. } = *self.conversion;
        if from.scalar == to.scalar {
            // Only the order of the bytes changes.
            // SAFETY: the function's contract.
            unsafe {
                arrange(from.scalar, from.swapped != to.swapped, [rows, columns], (src, src_steps), (dst, dst_steps))
            };
            return Ok(());
        }
        let is_dense = |operand: Operand, steps: Steps| {
            is_plain(operand, steps) && (rows == 1 || columns >= WORTH || steps.row == row_size(operand, columns))
        };
        // SAFETY: the function's contract, and that of the buffers.
        unsafe {
            let (mut source, mut source_steps) = (src, src_steps);
            if !is_dense(from, src_steps) {
                (source, source_steps) = (gathered.cast_const(), Steps::contiguous(from.scalar, columns));
                arrange(from.scalar, from.swapped, [rows, columns], (src, src_steps), (gathered, source_steps));
            }
            let (mut target, mut target_steps) = (dst, dst_steps);
            let spread = !is_dense(to, dst_steps);
            if spread {
                (target, target_steps) = (converted, Steps::contiguous(to.scalar, columns));
            }
            let together = source_steps.row == row_size(from, columns) && target_steps.row == row_size(to, columns);
            let (runs, length) = if rows == 1 || together { (1, rows * columns) } else { (rows, columns) };
            for at in 0..runs {
                let start = at.cast_signed();
                let source = source.wrapping_offset(source_steps.row.wrapping_mul(start));
                let target = target.wrapping_offset(target_steps.row.wrapping_mul(start));
                if let Err((place, fault)) = self.conversion.run(source, target, length) {
                    let place = at * length + place;
                    let row = place.checked_div(columns).unwrap_or(0).cast_signed();
                    let column = place.checked_rem(columns).unwrap_or(0).cast_signed();
                    let down = dst_steps.row.wrapping_mul(row);
                    return Err((dst.wrapping_offset(down.wrapping_add(dst_steps.number.wrapping_mul(column))), fault));
                }
            }
            if spread {
                arrange(to.scalar, to.swapped, [rows, columns], (converted, target_steps), (dst, dst_steps));
            }
        }
        Ok(())
    }
}

/// Whether the loops can take a line of numbers as it is.
fn is_plain(operand: Operand, steps: Steps) -> bool {
    !operand.swapped && steps.number.unsigned_abs() == operand.scalar.size() && steps.number > 0
}

fn row_size(operand: Operand, columns: usize) -> isize {
    (operand.scalar.size() * columns).cast_signed()
}

/// Copies numbers, and turns their bytes round where they are swapped.
///
/// # Safety
/// Of W1, W2 and W4 what concerns these numbers.
unsafe fn arrange(scalar: Scalar, swapped: bool, counts: [usize; 2], src: (*const u8, Steps), dst: (*mut u8, Steps)) {
    // SAFETY: the function's contract.
    unsafe {
        match (scalar.size(), swapped) {
            (1, _) => arrange_units::<1, false>(counts, src, dst),
            (2, false) => arrange_units::<2, false>(counts, src, dst),
            (2, true) => arrange_units::<2, true>(counts, src, dst),
            (4, false) => arrange_units::<4, false>(counts, src, dst),
            (4, true) => arrange_units::<4, true>(counts, src, dst),
            (_, false) => arrange_units::<8, false>(counts, src, dst),
            (_, true) => arrange_units::<8, true>(counts, src, dst),
        }
    }
}

/// # Safety
/// As `arrange`, for numbers of `SIZE` bytes.
unsafe fn arrange_units<const SIZE: usize, const SWAP: bool>(
    [rows, columns]: [usize; 2],
    (mut src, src_steps): (*const u8, Steps),
    (mut dst, dst_steps): (*mut u8, Steps),
) {
    let arranged = |mut bytes: [u8; SIZE]| {
        if SWAP {
            bytes.reverse();
        }
        bytes
    };
    for _ in 0..rows {
        // SAFETY: the function's contract. Bytes need no alignment.
        unsafe {
            if src_steps.number == SIZE.cast_signed() && dst_steps.number == SIZE.cast_signed() {
                let from = core::slice::from_raw_parts(src.cast::<[u8; SIZE]>(), columns);
                let to = core::slice::from_raw_parts_mut(dst.cast::<MaybeUninit<[u8; SIZE]>>(), columns);
                for (from, to) in from.iter().zip(to) {
                    to.write(arranged(*from));
                }
            } else {
                let (mut from, mut to) = (src, dst);
                for _ in 0..columns {
                    to.cast::<[u8; SIZE]>().write(arranged(from.cast::<[u8; SIZE]>().read()));
                    from = from.wrapping_offset(src_steps.number);
                    to = to.wrapping_offset(dst_steps.number);
                }
            }
        }
        src = src.wrapping_offset(src_steps.row);
        dst = dst.wrapping_offset(dst_steps.row);
    }
}
