//! Conversions of numbers: a loop for each pair of types, from contiguous memory to contiguous
//! memory.
//!
//! A loop does not check that a number fits: another loop has done so, for a part that the cache holds. What a
//! number becomes is a rule of `format`.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::format::{CType, Fault, Half, Native, Numbers, Scalar, To, Truth};

#[cfg(target_arch = "x86_64")]
use crate::kernels::copy::bytes_reversed;
#[cfg(target_arch = "x86_64")]
use crate::kernels::cpu::{Level, level};
use crate::kernels::multiversion::{Loop, compiled};

use super::fit::{Check, Range, Words};
use super::move_numbers::Strides;

/// How many contiguous numbers are checked before they are converted, while they are in the cache.
const PART: usize = 2048;

/// One operand's numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operand {
    /// Their type.
    pub(crate) scalar: Scalar,
    /// Whether they have the other byte order.
    pub(crate) swapped: bool,
}

impl Operand {
    /// Of an array of a C type.
    pub(crate) fn array(ctype: CType) -> Self {
        Self { scalar: ctype.scalar(), swapped: false }
    }

    pub(crate) fn of(numbers: Numbers) -> Self {
        Self { scalar: numbers.scalar, swapped: numbers.swapped }
    }
}

/// A conversion from one type to another.
#[derive(Clone, Copy)]
pub(crate) struct Conversion {
    pub(super) src: Operand,
    pub(super) dst: Operand,
    loops: Loops,
    /// Whether numbers must be checked, since some may not fit.
    checks: bool,
}

/// Converts as many contiguous numbers, which fit.
pub(super) type KnownLoop = unsafe fn((*const u8, *mut u8, usize));

/// The loops over contiguous numbers in the machine's byte order, at any address.
#[derive(Clone, Copy)]
struct Loops {
    /// Finds numbers that do not fit, if there may be any.
    check: Option<Check>,
    run: KnownLoop,
    /// The same where the other type than that of the array has the other byte order. `None` where it takes as little time to
    /// reverse them first.
    reversing: Option<KnownLoop>,
    /// Converts numbers, which fit, with gaps between them; and the same where the other type than that of the array has the
    /// other byte order. `None` where vectors do much better, even through buffers.
    strided: Option<[StridedLoop; 2]>,
}

/// Converts numbers of both operands with gaps between them, which fit.
pub(super) type StridedLoop = unsafe fn(*const u8, *mut u8, usize, Strides);

/// [`To`] for a number that is known to fit: the machine's own instruction, and from there to the type without another check.
trait Known<T>: To<T> {
    /// What the instruction makes.
    type Through: Copy;

    /// # Safety
    /// The number fits.
    unsafe fn through(self) -> Self::Through;

    fn end(through: Self::Through) -> T;
}

/// For types without a faster instruction.
macro_rules! known {
    ($($from:ty),*) => {
        $(impl<T: Copy> Known<T> for $from where $from: To<T> {
            known! { by T }
        })*
    };
    ($from:ty: $($to:ty),*) => {
        $(impl Known<$to> for $from {
            known! { by $to }
        })*
    };
    (by $to:ty) => {
        type Through = $to;

        #[inline(always)]
        unsafe fn through(self) -> $to {
            self.to()
        }

        #[inline(always)]
        fn end(through: $to) -> $to {
            through
        }
    };
}

/// By way of a single, of which vectors have twice as many as of doubles.
impl Known<f64> for Half {
    type Through = f32;

    #[inline(always)]
    unsafe fn through(self) -> f32 {
        self.to()
    }

    #[inline(always)]
    fn end(through: f32) -> f64 {
        through.to()
    }
}

/// Floats, which a safe conversion would clamp once more. The small types go through one that vector instructions have.
macro_rules! known_floats {
    ($($from:ty),*; truncated: $($integer:ty as $through:ty),*; ruled: $($other:ty),*) => {
        known_floats!(@each $($from),*; [$($integer as $through),*]; [$($other),*]);
    };
    (@each $($from:ty),*; $integers:tt; $others:tt) => {
        $(known_floats!(@one $from; $integers; $others);)*
    };
    (@one $from:ty; [$($integer:ty as $through:ty),*]; [$($other:ty),*]) => {
        $(impl Known<$integer> for $from {
            type Through = $through;

            #[inline(always)]
            unsafe fn through(self) -> $through {
                // SAFETY: the caller guarantees that the number fits: without its fraction it is in range.
                unsafe { self.to_int_unchecked() }
            }

            #[inline(always)]
            fn end(through: $through) -> $integer {
                through as $integer
            }
        })*
        known!($from: $($other),*);
    };
}

known!(i8, i16, i32, i64, u8, u16, u32, u64, Truth);
known!(Half: i64, u64, f32);
known_floats!(f32, f64; truncated: i8 as i32, i16 as i32, i32 as i32, i64 as i64, u8 as i32, u16 as i32, u32 as u32,
    u64 as u64; ruled: f32, f64, Half, Truth);

/// Converts as many numbers.
struct Convert<S, T, const SWAPPED: u8>(PhantomData<(S, T)>);

impl<S: Words + Known<T>, T: Native + Range, const SWAPPED: u8> Loop for Convert<S, T, SWAPPED> {
    type On = (*const u8, *mut u8, usize);
    type Out = ();

    /// # Safety
    /// Of W1, W2 and W4 what concerns `count` contiguous numbers at both places; all of them fit.
    #[inline(always)]
    unsafe fn run((src, dst, count): (*const u8, *mut u8, usize)) {
        // SAFETY: the caller guarantees W1, W2 and W4 for `count` numbers. Bytes need no alignment.
        unsafe {
            let known = |from: S::Bytes| MaybeUninit::new(known_in_order::<S, T, SWAPPED>(from));
            let from = core::slice::from_raw_parts(src.cast::<S::Bytes>(), count);
            let to = core::slice::from_raw_parts_mut(dst.cast::<MaybeUninit<T::Bytes>>(), count);
            if S::FRACTIONS && const { is_in_two_steps(size_of::<S>(), size_of::<S::Through>(), size_of::<T>()) } {
                let (chunks, rest) = from.as_chunks();
                for (from, to) in chunks.iter().zip(to.as_chunks_mut().0) {
                    in_two_steps::<S, T, SWAPPED>(from, to);
                }
                let done = count - rest.len();
                let (src, dst) = (src.wrapping_add(done * size_of::<S>()), dst.wrapping_add(done * size_of::<T>()));
                let steps = [size_of::<S>().cast_signed(), size_of::<T>().cast_signed()];
                return strided::<S, T, SWAPPED>(src, dst, rest.len(), steps);
            }
            for (from, to) in from.iter().zip(to) {
                *to = known(*from);
            }
        }
    }
}

/// Numbers that are converted in two steps at a time, a multiple of what any vector has.
const CHUNK: usize = 64;

/// Whether numbers of such sizes are converted in two steps, by way of a third type.
const fn is_in_two_steps(from: usize, through: usize, to: usize) -> bool {
    through != to && (from >= 4 * to || to >= 4 * from)
}

/// Converts floats to much smaller integers, and halves to doubles. In one step, the compiler would make vectors of as few small
/// numbers as it has large ones in one.
///
/// # Safety
/// All fit.
#[inline(always)]
unsafe fn in_two_steps<S: Native + Known<T>, T: Native, const SWAPPED: u8>(
    from: &[S::Bytes; CHUNK],
    to: &mut [MaybeUninit<T::Bytes>; CHUNK],
) {
    let mut steps = [MaybeUninit::<S::Through>::uninit(); CHUNK];
    for (from, step) in from.iter().zip(&mut steps) {
        // SAFETY: the caller guarantees that the number fits.
        step.write(unsafe { read::<S, SWAPPED>(*from).through() });
    }
    for (step, to) in steps.iter().zip(to) {
        // SAFETY: it has just been written.
        to.write(written::<T, SWAPPED>(S::end(unsafe { step.assume_init() })));
    }
}

/// Which operand has the other byte order.
const NEITHER: u8 = 0;
const SRC: u8 = 1;
const DST: u8 = 2;

/// A number of the first operand.
#[inline(always)]
fn read<S: Native, const SWAPPED: u8>(mut from: S::Bytes) -> S {
    if SWAPPED == SRC {
        from.as_mut().reverse();
    }
    S::from_bytes(from)
}

/// The bytes of a number in the second operand.
#[inline(always)]
fn written<T: Native, const SWAPPED: u8>(number: T) -> T::Bytes {
    let mut to = number.to_bytes();
    if SWAPPED == DST {
        to.as_mut().reverse();
    }
    to
}

/// Converts a number.
///
/// # Safety
/// It fits.
#[inline(always)]
unsafe fn known_in_order<S: Native + Known<T>, T: Native, const SWAPPED: u8>(from: S::Bytes) -> T::Bytes {
    // SAFETY: the caller guarantees that the number fits.
    written::<T, SWAPPED>(S::end(unsafe { read::<S, SWAPPED>(from).through() }))
}

/// Converts as many integers of at most four bytes to doubles with what every x86-64 has: the compiler would extend two of
/// them at a time.
///
/// # Safety
/// As [`Convert`].
#[cfg(target_arch = "x86_64")]
unsafe fn extend<S: Words + Range + Known<T>, T: Native + Range, const SWAPPED: u8>(
    (mut src, mut dst, count): (*const u8, *mut u8, usize),
) {
    use core::arch::x86_64::{
        __m128i, _mm_cmpgt_epi8, _mm_cmpgt_epi16, _mm_cvtepi32_pd, _mm_loadu_si128, _mm_setzero_si128,
        _mm_shuffle_epi32, _mm_storeu_pd, _mm_unpackhi_epi8, _mm_unpackhi_epi16, _mm_unpacklo_epi8, _mm_unpacklo_epi16,
    };
    /// The upper half of a vector.
    const UPPER: i32 = 0b11_10_11_10;
    let per_vector = size_of::<__m128i>() / size_of::<S>();
    // SAFETY: the caller passes on W1, W2 and W4 for the numbers: each vector is as many, and those that are left are converted
    // one by one. Every x86-64 has the instructions.
    unsafe {
        let zero = _mm_setzero_si128();
        for _ in 0..count / per_vector {
            let mut vector = _mm_loadu_si128(src.cast());
            if SWAPPED == SRC {
                vector = bytes_reversed::<S>(vector);
            }
            let signs = if S::SIGNED { _mm_cmpgt_epi8(zero, vector) } else { zero };
            let pairs = match size_of::<S>() {
                1 => [_mm_unpacklo_epi8(vector, signs), _mm_unpackhi_epi8(vector, signs)],
                _ => [vector, zero],
            };
            for pair in pairs.into_iter().take(if size_of::<S>() == 1 { 2 } else { 1 }) {
                let signs = if S::SIGNED { _mm_cmpgt_epi16(zero, pair) } else { zero };
                let fours = match size_of::<S>() {
                    4 => [pair, zero],
                    _ => [_mm_unpacklo_epi16(pair, signs), _mm_unpackhi_epi16(pair, signs)],
                };
                for four in fours.into_iter().take(if size_of::<S>() == 4 { 1 } else { 2 }) {
                    _mm_storeu_pd(dst.cast(), _mm_cvtepi32_pd(four));
                    dst = dst.wrapping_add(size_of::<__m128i>());
                    _mm_storeu_pd(dst.cast(), _mm_cvtepi32_pd(_mm_shuffle_epi32::<UPPER>(four)));
                    dst = dst.wrapping_add(size_of::<__m128i>());
                }
            }
            src = src.wrapping_add(size_of::<__m128i>());
        }
        let steps = [size_of::<S>().cast_signed(), size_of::<T>().cast_signed()];
        strided::<S, T, SWAPPED>(src, dst, count % per_vector, steps);
    }
}

/// Converts as many numbers with gaps between them. (Not inlined where vectors leave a rest.)
///
/// # Safety
/// Of W1, W2 and W4 what concerns them; all of them fit.
#[inline(never)]
unsafe fn strided<S: Native + Known<T>, T: Native, const SWAPPED: u8>(
    src: *const u8,
    dst: *mut u8,
    count: usize,
    [src_step, dst_step]: Strides,
) {
    let (mut src, mut dst) = (src.cast::<S::Bytes>(), dst.cast::<T::Bytes>());
    for _ in 0..count {
        // SAFETY: the caller guarantees W1, W2 and W4 for the numbers, and that they fit. Bytes need no alignment.
        unsafe {
            dst.write(known_in_order::<S, T, SWAPPED>(src.read()));
        }
        src = src.wrapping_byte_offset(src_step);
        dst = dst.wrapping_byte_offset(dst_step);
    }
}

impl Loops {
    fn of<S: Words + Range + Known<T>, T: Native + Range, const SWAPPED: u8>() -> Self {
        let loops: [StridedLoop; 2] = [strided::<S, T, NEITHER>, strided::<S, T, SWAPPED>];
        let in_one = S::IN_ONE && T::IN_ONE;
        // The pairs of doubles and smaller numbers that have a byte order.
        let (array, other) =
            if SWAPPED == SRC { (size_of::<T>(), size_of::<S>()) } else { (size_of::<S>(), size_of::<T>()) };
        let is_double = if SWAPPED == SRC { T::BITS == 0 } else { S::FRACTIONS };
        let reversing = in_one && is_double && array == 8 && matches!(other, 2 | 4);
        let run: KnownLoop = compiled::<Convert<S, T, NEITHER>>();
        let reversing: Option<KnownLoop> = reversing.then(compiled::<Convert<S, T, SWAPPED>>);
        #[cfg(target_arch = "x86_64")]
        let (run, reversing) = if level() == Level::Portable {
            let extends = S::BITS > 0 && T::BITS == 0 && size_of::<T>() == 8;
            let extends = extends && (size_of::<S>() <= 2 || (size_of::<S>() == 4 && S::SIGNED));
            let (in_order, swapped): (KnownLoop, KnownLoop) = (extend::<S, T, NEITHER>, extend::<S, T, SWAPPED>);
            // Else the compiler reverses bytes more slowly than a loop for that alone.
            (if extends { in_order } else { run }, reversing.and(extends.then_some(swapped)))
        } else {
            (run, reversing)
        };
        Self { check: Check::new::<S, T>(), run, reversing, strided: in_one.then_some(loops) }
    }

    /// Only for contiguous numbers.
    fn of_contiguous<S: Words + Known<T>, T: Native + Range>() -> Self {
        Self { check: Check::new::<S, T>(), run: compiled::<Convert<S, T, NEITHER>>(), reversing: None, strided: None }
    }

    /// From a truth value or an integer of at most 32 bits to another such type.
    fn small(from: Scalar, to: Scalar) -> Option<Self> {
        Some(match to {
            Scalar::Bool => Self::of_small::<Truth>(from)?,
            Scalar::I8 => Self::of_small::<i8>(from)?,
            Scalar::I16 => Self::of_small::<i16>(from)?,
            Scalar::I32 => Self::of_small::<i32>(from)?,
            Scalar::U8 => Self::of_small::<u8>(from)?,
            Scalar::U16 => Self::of_small::<u16>(from)?,
            Scalar::U32 => Self::of_small::<u32>(from)?,
            _ => return None,
        })
    }

    fn of_small<T: Native + Range>(from: Scalar) -> Option<Self>
    where
        i8: Known<T>,
        i16: Known<T>,
        i32: Known<T>,
        u8: Known<T>,
        u16: Known<T>,
        u32: Known<T>,
        Truth: Known<T>,
    {
        Some(match from {
            Scalar::Bool => Self::of_contiguous::<Truth, T>(),
            Scalar::I8 => Self::of_contiguous::<i8, T>(),
            Scalar::I16 => Self::of_contiguous::<i16, T>(),
            Scalar::I32 => Self::of_contiguous::<i32, T>(),
            Scalar::U8 => Self::of_contiguous::<u8, T>(),
            Scalar::U16 => Self::of_contiguous::<u16, T>(),
            Scalar::U32 => Self::of_contiguous::<u32, T>(),
            _ => return None,
        })
    }

    /// To a type that C programs have.
    fn to_c<T: Native + Range>(from: Scalar) -> Self
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
            Scalar::Bool => Self::of::<Truth, T, SRC>(),
            Scalar::I8 => Self::of::<i8, T, SRC>(),
            Scalar::I16 => Self::of::<i16, T, SRC>(),
            Scalar::I32 => Self::of::<i32, T, SRC>(),
            Scalar::I64 => Self::of::<i64, T, SRC>(),
            Scalar::U8 => Self::of::<u8, T, SRC>(),
            Scalar::U16 => Self::of::<u16, T, SRC>(),
            Scalar::U32 => Self::of::<u32, T, SRC>(),
            Scalar::U64 => Self::of::<u64, T, SRC>(),
            Scalar::Half => Self::of::<Half, T, SRC>(),
            Scalar::Single => Self::of::<f32, T, SRC>(),
            Scalar::Double => Self::of::<f64, T, SRC>(),
        }
    }

    /// From a type that C programs have.
    fn from_c<T: Native + Range>(from: CType) -> Self
    where
        i64: Known<T>,
        u64: Known<T>,
        f32: Known<T>,
        f64: Known<T>,
    {
        match from {
            CType::Int64 => Self::of::<i64, T, DST>(),
            CType::Uint64 => Self::of::<u64, T, DST>(),
            CType::Float => Self::of::<f32, T, DST>(),
            CType::Double => Self::of::<f64, T, DST>(),
        }
    }
}

impl Conversion {
    /// `None` where no loop leads from one type to the other: neither is one that C programs have, nor are both small
    /// integers, nor are they the same.
    pub(crate) fn new(src: Operand, dst: Operand) -> Option<Self> {
        match (CType::of(src.scalar), CType::of(dst.scalar)) {
            // Where only the order of bytes may change no loop is used.
            _ if src.scalar == dst.scalar => {
                Some(Self { src, dst, ..Self::to_array(Operand::array(CType::Int64), CType::Int64) })
            }
            (_, Some(ctype)) => Some(Self { dst, ..Self::to_array(src, ctype) }),
            (Some(ctype), None) => Some(Self { src, ..Self::from_array(ctype, dst) }),
            (None, None) => Some(Self { src, dst, loops: Loops::small(src.scalar, dst.scalar)?, checks: true }),
        }
    }

    /// To numbers of a type that C programs have.
    pub(crate) fn to_array(src: Operand, ctype: CType) -> Self {
        let loops = match ctype {
            CType::Int64 => Loops::to_c::<i64>(src.scalar),
            CType::Uint64 => Loops::to_c::<u64>(src.scalar),
            CType::Float => Loops::to_c::<f32>(src.scalar),
            CType::Double => Loops::to_c::<f64>(src.scalar),
        };
        Self { src, dst: Operand::array(ctype), loops, checks: true }
    }

    /// From numbers of a type that C programs have.
    pub(crate) fn from_array(ctype: CType, dst: Operand) -> Self {
        let src = Operand::array(ctype);
        let loops = match dst.scalar {
            Scalar::Bool => Loops::from_c::<Truth>(ctype),
            Scalar::I8 => Loops::from_c::<i8>(ctype),
            Scalar::I16 => Loops::from_c::<i16>(ctype),
            Scalar::I32 => Loops::from_c::<i32>(ctype),
            Scalar::U8 => Loops::from_c::<u8>(ctype),
            Scalar::U16 => Loops::from_c::<u16>(ctype),
            Scalar::U32 => Loops::from_c::<u32>(ctype),
            Scalar::Half => Loops::from_c::<Half>(ctype),
            // Types that C programs have, too.
            Scalar::I64 => Loops::to_c::<i64>(src.scalar),
            Scalar::U64 => Loops::to_c::<u64>(src.scalar),
            Scalar::Single => Loops::to_c::<f32>(src.scalar),
            Scalar::Double => Loops::to_c::<f64>(src.scalar),
        };
        Self { src, dst, loops, checks: true }
    }

    /// Converts numbers that are known to fit.
    pub(crate) fn of_known(&self) -> Self {
        Self { checks: false, ..*self }
    }

    /// The loop for as many contiguous numbers, which fit.
    pub(super) fn known(&self) -> KnownLoop {
        self.loops.run
    }

    /// The loop for numbers with gaps between them that fit, in the byte orders of the operands, if there is one.
    pub(super) fn strided(&self) -> Option<StridedLoop> {
        let [plain, swapped] = self.loops.strided.filter(|_| self.check().is_none())?;
        self.is_swapped().map(|is_swapped| if is_swapped { swapped } else { plain })
    }

    /// Whether the numbers other than the array's have the other byte order; `None` where those of the array do.
    fn is_swapped(&self) -> Option<bool> {
        let array = if CType::of(self.dst.scalar).is_some() { self.dst } else { self.src };
        (!array.swapped).then_some(self.src.swapped || self.dst.swapped)
    }

    /// The loop for contiguous numbers in the byte orders of the operands, if there is one besides that for the machine's.
    pub(super) fn reversing(&self) -> Option<KnownLoop> {
        self.loops.reversing.filter(|_| self.is_swapped() == Some(true))
    }

    /// What finds numbers that do not fit, if there may be any.
    pub(super) fn check(&self) -> Option<Check> {
        self.loops.check.filter(|_| self.checks)
    }

    /// Whether numbers stay as they are, byte by byte.
    pub(crate) fn is_copy(&self) -> bool {
        self.src.scalar == self.dst.scalar && self.src.swapped == self.dst.swapped
    }

    /// The first of `count` contiguous numbers, in the machine's byte order, that does not fit, and why.
    ///
    /// # Safety
    /// Of W1 and W3 what concerns these numbers.
    pub(crate) unsafe fn first_misfit(&self, src: *const u8, count: usize) -> Option<(usize, Fault)> {
        let check = self.check()?;
        let size = self.src.scalar.size();
        (0..count).step_by(PART).find_map(|start| {
            // SAFETY: the caller passes on W1 and W3, for a part of the numbers.
            let misfit = unsafe { check.misfit(src.wrapping_add(start * size), PART.min(count - start)) };
            misfit.map(|(at, fault)| (start + at, fault))
        })
    }

    /// Converts contiguous numbers by one of the loops as far as they fit; the error is the first that does not, and why. (None
    /// that is to be checked has the other byte order.)
    ///
    /// # Safety
    /// Of W1, W2 and W4 what concerns `count` numbers; they fit if they are known to.
    pub(super) unsafe fn run(
        &self,
        convert: KnownLoop,
        src: *const u8,
        dst: *mut u8,
        count: usize,
    ) -> Result<(), (usize, Fault)> {
        // SAFETY: the caller guarantees W1, W2 and W4 for `count` numbers, for a part of the numbers; they fit, or it is not
        // converted.
        unsafe {
            let Some(check) = self.check() else {
                convert((src, dst, count));
                return Ok(());
            };
            let mut start = 0;
            while start < count {
                let part = PART.min(count - start);
                let source = src.wrapping_add(start * self.src.scalar.size());
                if let Some((at, fault)) = check.misfit(source, part) {
                    return Err((start + at, fault));
                }
                convert((source, dst.wrapping_add(start * self.dst.scalar.size()), part));
                start += part;
            }
        }
        Ok(())
    }
}
