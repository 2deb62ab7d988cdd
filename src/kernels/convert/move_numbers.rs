//! Moves numbers without converting them, in the same byte order or in the other one.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

#[cfg(target_arch = "x86_64")]
use crate::kernels::copy::bytes_reversed;
use crate::kernels::copy::copy_lines;
use crate::kernels::copy::permute::{PeriodicLine, Program, RunSteps};
#[cfg(target_arch = "x86_64")]
use crate::kernels::cpu::Level;
use crate::kernels::cpu::level;
use crate::kernels::multiversion::{Loop, compiled};
use crate::layout::{SmallAxis, SmallPlane};

/// Bytes from one number of a line to the next, in the first operand and in the second.
pub(in crate::kernels) type Strides = [isize; 2];

/// Moves rows of numbers.
#[derive(Clone, Copy)]
pub(in crate::kernels) struct NumberMover<'p> {
    strides: Strides,
    rows: unsafe fn(Rows),
    program: Option<NumberProgram<'p>>,
}

/// Numbers of both operands.
#[derive(Clone, Copy)]
pub(in crate::kernels) struct Rows {
    pub(in crate::kernels) src: *const u8,
    pub(in crate::kernels) dst: *mut u8,
    /// How many rows, and how many numbers each has.
    pub(in crate::kernels) counts: [usize; 2],
    /// From row to row.
    pub(in crate::kernels) steps: Strides,
    /// From number to number.
    numbers: Strides,
}

impl Rows {
    /// One row, or as many as there are steps for.
    pub(in crate::kernels) fn new(src: *const u8, dst: *mut u8, counts: [usize; 2], steps: Strides) -> Self {
        Self { src, dst, counts, steps, numbers: [0, 0] }
    }

    /// Calls `act` with each row, which is one number or many.
    ///
    /// # Safety
    /// `act` may be called with the addresses of each row and the number of its numbers.
    #[inline(always)]
    pub(super) unsafe fn each(self, mut act: impl FnMut(*const u8, *mut u8, usize)) {
        let (mut src, mut dst) = (self.src, self.dst);
        let ([rows, columns], [src_step, dst_step]) = (self.counts, self.steps);
        for _ in 0..rows {
            act(src, dst, columns);
            src = src.wrapping_offset(src_step);
            dst = dst.wrapping_offset(dst_step);
        }
    }
}

/// A program that moves several numbers at once.
#[derive(Clone, Copy)]
struct NumberProgram<'p> {
    program: &'p Program,
    steps: RunSteps,
}

impl<'p> NumberProgram<'p> {
    /// For lines of numbers of this size; `None` where they are not of small steps.
    fn new(slot: &'p mut Option<Program>, size: usize, [src_step, dst_step]: Strides) -> Option<Self> {
        let level = level();
        let line = PeriodicLine { unit: size, items: 1, src_item: 0, dst_item: 0, src_step, dst_step, far: true };
        let program = line.program(level, slot)?;
        let steps = program.steps(level, false)?;
        Some(Self { program, steps })
    }

    /// Moves as many of `count` numbers as fill its steps, and returns how many.
    ///
    /// # Safety
    /// W1, W2 and W4 of the module's contract for these numbers.
    unsafe fn run(&self, src: *const u8, dst: *mut u8, count: usize) -> usize {
        let times = count.checked_div(self.program.periods).unwrap_or(0);
        // SAFETY: the caller passes on W1, W2 and W4 for the numbers, for the periods, each of one number. The program is for
        // this level.
        unsafe { (self.steps)(self.program, src, dst, times) };
        times * self.program.periods
    }
}

impl<'p> NumberMover<'p> {
    /// For numbers of `size` bytes, a power of two, whose bytes are reversed where they are `swapped`. Where there is
    /// a `slot`, the walk is [`LONG`] enough for a program.
    pub(in crate::kernels) fn new(
        size: usize,
        swapped: bool,
        strides: Strides,
        slot: Option<&'p mut Option<Program>>,
    ) -> Self {
        let dense = strides == [size.cast_signed(); 2];
        let rows = match (dense, swapped, size) {
            (true, false, 1) | (true, true, 1) => copied::<1>,
            (true, false, 2) => copied::<2>,
            (true, false, 4) => copied::<4>,
            (true, false, _) => copied::<8>,
            (true, true, 2) => reversing::<u16>(),
            (true, true, 4) => reversing::<u32>(),
            (true, true, _) => reversing::<u64>(),
            (false, _, 1) => moved::<1>,
            (false, false, 2) => moved::<2>,
            (false, false, 4) => moved::<4>,
            (false, false, _) => moved::<8>,
            (false, true, 2) => turned::<u16>,
            (false, true, 4) => turned::<u32>,
            (false, true, _) => turned::<u64>,
        };
        let slot = slot.filter(|_| !dense && (!swapped || size == 1));
        let program = slot.and_then(|slot| NumberProgram::new(slot, size, strides));
        Self { strides, rows, program }
    }

    /// Whether several numbers are moved at once.
    pub(super) fn has_program(&self) -> bool {
        self.program.is_some()
    }

    /// Moves the numbers of all rows.
    ///
    /// # Safety
    /// W1, W2 and W4 of the module's contract for these numbers.
    #[inline]
    pub(in crate::kernels) unsafe fn run(&self, rows: Rows) {
        let rows = Rows { numbers: self.strides, ..rows };
        // SAFETY: the caller passes on W1, W2 and W4 for the numbers; what a program leaves over is a row.
        unsafe {
            match self.program {
                None => (self.rows)(rows),
                Some(program) => rows.each(|src, dst, count| {
                    let done = program.run(src, dst, count);
                    let [from, to] = self.strides.map(|step| step.wrapping_mul(done.cast_signed()));
                    let (src, dst) = (src.wrapping_offset(from), dst.wrapping_offset(to));
                    (self.rows)(Rows { src, dst, counts: [1, count - done], ..rows });
                }),
            }
        }
    }
}

/// Copies rows of numbers that keep their type and byte order.
///
/// # Safety
/// Of W1, W2 and W4 what concerns them.
unsafe fn copied<const SIZE: usize>(rows: Rows) {
    // SAFETY: the caller guarantees W1, W2 and W4 for these numbers.
    unsafe { rows.each(|src, dst, count| core::ptr::copy_nonoverlapping(src, dst, count * SIZE)) }
}

/// An unsigned integer of the size of the numbers.
pub(in crate::kernels) trait Unit: Copy {
    fn swapped(self) -> Self;
}

macro_rules! units {
    ($($unit:ty)*) => {
        $(impl Unit for $unit {
            #[inline(always)]
            fn swapped(self) -> Self {
                self.swap_bytes()
            }
        })*
    };
}

units! { u8 u16 u32 u64 }

/// The integer with its bytes reversed.
struct Swap<T>(PhantomData<T>);

/// The loop that reverses the bytes of contiguous numbers.
fn reversing<T: Unit>() -> unsafe fn(Rows) {
    #[cfg(target_arch = "x86_64")]
    if level() == Level::Portable {
        return reverse_by_shifts::<T>;
    }
    compiled::<Swap<T>>()
}

/// [`Swap`] with what every x86-64 has.
///
/// # Safety
/// As [`Swap`].
#[cfg(target_arch = "x86_64")]
unsafe fn reverse_by_shifts<T: Unit>(rows: Rows) {
    use core::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_storeu_si128};
    const VECTORS: usize = 2;
    let per_vector = size_of::<__m128i>() / size_of::<T>();
    // SAFETY: the caller passes on W1, W2 and W4 for the numbers: each vector is as many, and those that are left are a row.
    unsafe {
        rows.each(|mut src, mut dst, count| {
            // Two a round: the compiler does not unroll loops of any number of rounds.
            for _ in 0..count / (VECTORS * per_vector) {
                let vectors: [__m128i; VECTORS] =
                    core::array::from_fn(|at| _mm_loadu_si128(src.cast::<__m128i>().wrapping_add(at)));
                for (at, vector) in vectors.into_iter().enumerate() {
                    _mm_storeu_si128(dst.cast::<__m128i>().wrapping_add(at), bytes_reversed::<T>(vector));
                }
                src = src.wrapping_add(size_of::<[__m128i; VECTORS]>());
                dst = dst.wrapping_add(size_of::<[__m128i; VECTORS]>());
            }
            Swap::<T>::run(Rows::new(src, dst, [1, count % (VECTORS * per_vector)], [0, 0]));
        });
    }
}

/// A value at any address.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub(in crate::kernels) struct Packed<T>(pub(in crate::kernels) T);

impl<T: Unit> Loop for Swap<T> {
    type On = Rows;
    type Out = ();

    /// # Safety
    /// Of W1, W2 and W4 what concerns the numbers, which are contiguous in the rows of both operands.
    #[inline(always)]
    unsafe fn run(rows: Rows) {
        // SAFETY: the caller passes on W1, W2 and W4 for the numbers; what is packed needs no alignment.
        unsafe {
            rows.each(|src, dst, count| {
                let src = core::slice::from_raw_parts(src.cast::<Packed<T>>(), count);
                let dst = core::slice::from_raw_parts_mut(dst.cast::<MaybeUninit<Packed<T>>>(), count);
                for (from, to) in src.iter().zip(dst) {
                    to.write(Packed({ from.0 }.swapped()));
                }
            });
        }
    }
}

/// Moves numbers with gaps between them in one operand or both.
///
/// # Safety
/// Of W1, W2 and W4 what concerns them.
unsafe fn moved<const SIZE: usize>(rows: Rows) {
    let axis = |len: usize, [src, dst]: Strides| SmallAxis { len: len.cast_signed(), src, dst };
    let [count, columns] = rows.counts;
    let (down, line) = (axis(count, rows.steps), axis(columns, rows.numbers));
    // SAFETY: the caller passes on W1, W2 and W4 for these numbers.
    unsafe { copy_lines(&SmallPlane { rows: down, line, unit: SIZE }, rows.src, rows.dst) }
}

/// The same with their bytes reversed.
///
/// # Safety
/// As [`moved`].
unsafe fn turned<T: Unit>(rows: Rows) {
    let [src_step, dst_step] = rows.numbers;
    // SAFETY: the caller guarantees W1, W2 and W4 for these numbers; the numbers may stand at any address.
    unsafe {
        rows.each(|mut src, mut dst, count| {
            for _ in 0..count {
                dst.cast::<T>().write_unaligned(src.cast::<T>().read_unaligned().swapped());
                src = src.wrapping_offset(src_step);
                dst = dst.wrapping_offset(dst_step);
            }
        });
    }
}
