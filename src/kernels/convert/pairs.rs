//! Conversions of numbers: a loop for each pair of types, from contiguous memory to contiguous
//! memory.
//!
//! A loop does not check that a number fits: another loop has done so, for a part that the cache holds. What a
//! number becomes is a rule of `format`.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::format::{Fault, Half, Native, Numbers, Scalar, To, Truth, fault};

use crate::kernels::multiversion::{Loop, compiled};

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
    /// Whether as many numbers fit.
    fit: unsafe fn((*const u8, usize)) -> bool,
    run: KnownLoop,
    /// Why a number does not fit.
    fault: unsafe fn(*const u8) -> Fault,
}

/// [`To`] for a number that is known to fit: the machine's own instruction.
trait Known<T>: To<T> {
    /// # Safety
    /// The number fits.
    unsafe fn known(self) -> T;
}

/// For types without a faster instruction.
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
            #[inline(always)]
            unsafe fn known(self) -> $integer {
                // SAFETY: the caller guarantees that the number fits: without its fraction it is in range.
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
    /// Of W1 what concerns `count` contiguous numbers.
    #[inline(always)]
    unsafe fn run((src, count): (*const u8, usize)) -> bool {
        // SAFETY: the caller guarantees W1, W2 and W4 for `count` numbers. Bytes need no alignment.
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
    /// Of W1, W2 and W4 what concerns `count` contiguous numbers at both places; all of them fit.
    #[inline(always)]
    unsafe fn run((src, dst, count): (*const u8, *mut u8, usize)) {
        // SAFETY: the caller guarantees W1, W2 and W4 for `count` numbers. Bytes need no alignment.
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
    // SAFETY: the caller guarantees that a number may be read there (W1).
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

    /// Converts numbers that are known to fit.
    pub(crate) fn of_known(&self) -> Self {
        Self { checks: false, ..*self }
    }

    /// The loop for as many contiguous numbers, which fit.
    pub(super) fn known(&self) -> KnownLoop {
        self.loops.run
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
        let size = self.src.scalar.size();
        (0..count).step_by(PART).find_map(|start| {
            // SAFETY: the caller passes on W1 and W3, for a part of the numbers.
            let misfit = unsafe { self.misfit(src.wrapping_add(start * size), PART.min(count - start)) };
            misfit.map(|(at, fault)| (start + at, fault))
        })
    }

    /// As [`first_misfit`](Self::first_misfit), in one part.
    ///
    /// # Safety
    /// As [`first_misfit`](Self::first_misfit).
    #[inline(always)]
    unsafe fn misfit(&self, src: *const u8, count: usize) -> Option<(usize, Fault)> {
        // SAFETY: the caller passes on W1 and W3.
        unsafe {
            if (self.loops.fit)((src, count)) {
                return None;
            }
            let at = self.search(src, count);
            Some((at, (self.loops.fault)(src.wrapping_add(at * self.src.scalar.size()))))
        }
    }

    /// Converts contiguous numbers as far as they fit; the error is the first that does not, and why.
    ///
    /// # Safety
    /// Of W1, W2 and W4 what concerns `count` numbers; they fit if they are known to.
    pub(super) unsafe fn run(&self, src: *const u8, dst: *mut u8, count: usize) -> Result<(), (usize, Fault)> {
        // SAFETY: the caller guarantees W1, W2 and W4 for `count` numbers, for a part of the numbers; they fit, or it is not
        // converted.
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

    /// The first of these numbers that does not fit; one of them does not.
    ///
    /// # Safety
    /// As [`first_misfit`](Self::first_misfit).
    #[cold]
    unsafe fn search(&self, src: *const u8, count: usize) -> usize {
        let (mut start, mut count) = (0, count);
        while count > 1 {
            let half = count / 2;
            // SAFETY: the caller passes on W1 and W3, for a part of the numbers.
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
