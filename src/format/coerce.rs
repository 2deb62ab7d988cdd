//! How formats take values: as an integer, a float or bytes, with an error for a value of another type. And what numbers
//! become when they are converted from one type to another, as in C.
//!
//! CPython's counterparts are `get_pylong` in `_struct.c` and the conversions of `PyFloat`, `PyComplex` and `PyLong`. A value
//! of the wrong type is a `TypeError`, one out of range a `ValueError`; there, both are `struct.error`, but for floats,
//! which raise `OverflowError`.

use core::ffi::CStr;

use super::float::{Real, half_of_double, half_of_single, half_to_single, single_of_double, single_to_double};
use super::long_double::LongDouble;
use super::value::Value;
use crate::error::{Argument, Error, ErrorKind, Result};

/// For what packs as a complex number.
pub(super) const NOT_COMPLEX: Error = Error::wrong_type(c"required argument is not a complex");

const NOT_FLOAT: Error = Error::wrong_type(c"required argument is not a float");

/// An integer of the format's type (`get_pylong` and what follows it); the text is that of the range.
#[inline(always)]
pub(super) fn integer<T: TryFrom<i64> + TryFrom<u64> + From<bool>>(value: Value<'_>, text: &'static CStr) -> Result<T> {
    let number = match value {
        Value::Signed(number) => T::try_from(number).ok(),
        Value::Unsigned(number) | Value::Address(number) | Value::Bits(number) => T::try_from(number).ok(),
        Value::Bool(truth) => Some(truth.into()),
        _ => return Err(Error::wrong_type(c"required argument is not an integer")),
    };
    number.ok_or(Error::value(text))
}

/// `PyFloat_AsDouble`: integers round to the nearest double, of two to the even one.
#[inline(always)]
pub(super) fn double(value: Value<'_>) -> Result<f64> {
    match value {
        Value::Float(number) => Ok(number),
        Value::Signed(number) => Ok(number as f64),
        Value::Unsigned(number) | Value::Address(number) | Value::Bits(number) => Ok(number as f64),
        Value::Bool(truth) => Ok(truth.into()),
        Value::LongDouble(number) => {
            let double = number.to_f64();
            if double.is_infinite() && !matches!(number.real(), Real::Infinite { .. }) {
                return Err(Error::value(c"long double too large to convert to double"));
            }
            Ok(double)
        }
        Value::Complex(..) | Value::Bytes(_) | Value::CodePoint(_) => Err(NOT_FLOAT),
    }
}

/// A real number, unrounded where a long double has room for it.
pub(super) fn long(value: Value<'_>) -> Result<LongDouble> {
    match value {
        Value::LongDouble(number) => Ok(number),
        _ => match value.real() {
            Some(number) => Ok(number.into()),
            None => Err(NOT_FLOAT),
        },
    }
}

/// `PyComplex_AsCComplex`: a real number has no imaginary part.
pub(super) fn complex(value: Value<'_>) -> Result<(f64, f64)> {
    match value {
        Value::Complex(real, imaginary) => Ok((real, imaginary)),
        Value::Bytes(_) | Value::CodePoint(_) => Err(NOT_COMPLEX),
        _ => Ok((double(value)?, 0.0)),
    }
}

pub(super) fn code_point(value: Value<'_>) -> Result<u32> {
    match value {
        Value::CodePoint(point) if point <= 0x10_ffff => Ok(point),
        Value::CodePoint(_) => Err(Error::value(c"a code point must be <= 0x10ffff")),
        _ => Err(Error::wrong_type(c"required argument is not a code point")),
    }
}

pub(super) fn bytes(value: Value<'_>) -> Result<&[u8]> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(Error::wrong_type(c"required argument is not a bytes object")),
    }
}

/// `PyObject_IsTrue`: everything has a truth value. Only zeros and empty bytes are false; NaN is true.
pub(super) fn truth(value: Value<'_>) -> bool {
    match value {
        Value::Bytes(bytes) => !bytes.is_empty(),
        // Text equals no number.
        _ => value != Value::Unsigned(0),
    }
}

/// Why a value cannot be converted to a type of number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// NaN, where an integer is needed.
    Nan,
    /// Out of the type's range, or infinite where an integer is needed.
    Range,
    /// Not a number; the text is that of the error.
    NoNumber(&'static CStr),
}

impl Fault {
    /// The error that says which number of many it is, counted from 0.
    #[cold]
    pub(crate) fn at(self, index: usize) -> Error {
        let index = Argument::Size(index.cast_signed());
        match self {
            Self::Nan => Error::with(
                ErrorKind::Value,
                c"number %zd is NaN and cannot be converted to an integer",
                index,
                Argument::None,
            ),
            Self::Range => Error::with(ErrorKind::Overflow, c"number %zd is out of range", index, Argument::None),
            Self::NoNumber(_) => self.into(),
        }
    }
}

/// The error for bytes that are to become other ones.
pub(super) const OTHER_BYTES: Error = Error::value(c"bytes can only be converted to bytes of the same kind and length");

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Nan => Self::value(c"cannot convert NaN to an integer"),
            Fault::Range => Self::new(ErrorKind::Overflow, c"the number is out of range"),
            Fault::NoNumber(text) => Self::wrong_type(text),
        }
    }
}

/// A type of numbers as they lie in memory, in the machine's byte order.
pub(crate) trait Native: Copy {
    /// An array of its bytes.
    type Bytes: Copy + AsMut<[u8]> + 'static;

    /// Whether the machine converts it by an instruction or a few.
    const IN_ONE: bool = true;

    fn from_bytes(bytes: Self::Bytes) -> Self;
    fn to_bytes(self) -> Self::Bytes;

    fn is_nan(self) -> bool;
}

/// Conversion by value, as C converts: integers and floats round to the nearest float, of two to the even one, and become
/// infinite where they are too large; floats are truncated to integers; all but zero is true.
///
/// Every pair of types has its rule here, once; both loops over memory and [`Value`]s follow it.
pub(crate) trait To<T>: Copy {
    /// Whether every number fits.
    const ALWAYS: bool;

    /// Whether the other type has such a number.
    fn fits(self) -> bool;

    /// That number; any number if it does not fit.
    fn to(self) -> T;
}

/// Bits of a half.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Half(u16);

/// The byte of a `?`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Truth(u8);

macro_rules! native {
    ($($type:ty),*) => {
        $(impl Native for $type {
            type Bytes = [u8; size_of::<$type>()];
            #[inline(always)]
            fn from_bytes(bytes: Self::Bytes) -> Self {
                Self::from_ne_bytes(bytes)
            }
            #[inline(always)]
            fn to_bytes(self) -> Self::Bytes {
                self.to_ne_bytes()
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                // Only NaN does not equal itself.
                self != self
            }
        })*
    };
}

native!(i8, i16, i32, i64, u8, u16, u32, u64, f32, f64);

impl Native for Half {
    type Bytes = [u8; 2];
    const IN_ONE: bool = false;
    #[inline(always)]
    fn from_bytes(bytes: Self::Bytes) -> Self {
        Self(u16::from_ne_bytes(bytes))
    }
    #[inline(always)]
    fn to_bytes(self) -> Self::Bytes {
        self.0.to_ne_bytes()
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        half_to_single(self.0).is_nan()
    }
}

impl Native for Truth {
    type Bytes = [u8; 1];
    #[inline(always)]
    fn from_bytes([byte]: Self::Bytes) -> Self {
        Self(byte)
    }
    #[inline(always)]
    fn to_bytes(self) -> Self::Bytes {
        [self.0]
    }
    #[inline(always)]
    fn is_nan(self) -> bool {
        false
    }
}

/// The rule for the way from some types to another: what fits, and what it becomes.
macro_rules! to {
    ($number:ident: $($from:ty),* => $to:ty: true, $becomes:expr) => {
        to!(@each $number: [$($from),*] => $to: true, true, $becomes);
    };
    ($number:ident: $($from:ty),* => $to:ty: $fits:expr, $becomes:expr) => {
        to!(@each $number: [$($from),*] => $to: false, $fits, $becomes);
    };
    (@each $number:ident: [$($from:ty),*] => $to:ty: $always:expr, $fits:expr, $becomes:expr) => {
        $(impl To<$to> for $from {
            const ALWAYS: bool = $always;
            #[inline(always)]
            fn fits(self) -> bool {
                let $number = self;
                let _ = $number;
                $fits
            }
            #[inline(always)]
            fn to(self) -> $to {
                let $number = self;
                $becomes
            }
        })*
    };
}

to!(n: i64 => i64: true, n);
to!(n: u64 => u64: true, n);
to!(n: f64 => f64: true, n);
to!(n: f32 => f32: true, n);
to!(n: i64 => u64: n >= 0, n.cast_unsigned());
to!(n: u64 => i64: n <= u64::MAX / 2, n.cast_signed());
to!(n: f64 => f32: true, single_of_double(n));
to!(n: f32 => f64: true, single_to_double(n));

to!(n: i8, i16, i32, u8, u16, u32 => i64: true, n.into());
to!(n: u8, u16, u32 => u64: true, n.into());
to!(n: i8, i16, i32 => u64: n >= 0, n as u64);

macro_rules! narrow {
    ($($integer:ty),*) => { $(to!(n: i64, u64 => $integer: <$integer>::try_from(n).is_ok(), n as $integer);)* };
}

narrow!(i8, i16, i32, u8, u16, u32);

/// Small integers to each other, and to and from truth values.
macro_rules! small {
    ($($from:ty),*) => { $(small!(@to $from; i8, i16, i32, u8, u16, u32);)* };
    (@to $from:ty; $($to:ty),*) => {
        $(to!(@each n: [$from] => $to: <$from>::MIN as i64 >= <$to>::MIN as i64 && <$from>::MAX as i64 <= <$to>::MAX as i64,
            <$to>::try_from(n).is_ok(), n as $to);)*
        to!(n: Truth => $from: true, (n.0 != 0).into());
        to!(n: $from => Truth: true, Truth((n != 0).into()));
    };
}

small!(i8, i16, i32, u8, u16, u32);
to!(n: Truth => Truth: true, n);

/// Whether a float without its fraction is in the range of an integer type. NaN is not.
macro_rules! truncates {
    ($number:ident: $float:ty => $integer:ty) => {{
        const LEAST: $float = <$integer>::MIN as $float;
        /// As above, where floats next to the limits have no fraction.
        const BELOW: $float = LEAST - 1.0;
        /// The greatest rounds to a power of two, or is next to one.
        const END: $float = <$integer>::MAX as $float + 1.0;
        ($number < END) & (if BELOW < LEAST { $number > BELOW } else { $number >= LEAST })
    }};
}

macro_rules! floats {
    ($($integer:ty),*) => {
        $(to!(n: $integer => f32: true, n as f32);
        to!(n: $integer => f64: true, n as f64);
        to!(n: f32 => $integer: truncates!(n: f32 => $integer), n as $integer);
        to!(n: f64 => $integer: truncates!(n: f64 => $integer), n as $integer);)*
    };
}

floats!(i8, i16, i32, i64, u8, u16, u32, u64);

to!(n: Half => f32: true, half_to_single(n.0));
to!(n: Half => f64: true, single_to_double(half_to_single(n.0)));
to!(n: Half => i64: To::<i64>::fits(half_to_single(n.0)), half_to_single(n.0).to());
to!(n: Half => u64: To::<u64>::fits(half_to_single(n.0)), half_to_single(n.0).to());
to!(n: f64 => Half: true, Half(half_of_double(n)));
to!(n: f32 => Half: true, Half(half_of_single(n)));
// Every integer that a single has to round is too large for a half.
to!(n: i64, u64 => Half: true, Half(half_of_single(n as f32)));

to!(n: Truth => i64: true, (n.0 != 0).into());
to!(n: Truth => u64: true, (n.0 != 0).into());
to!(n: Truth => f32: true, (n.0 != 0).into());
to!(n: Truth => f64: true, (n.0 != 0).into());
to!(n: i64, u64 => Truth: true, Truth((n != 0).into()));
to!(n: f32, f64 => Truth: true, Truth((n != 0.0).into()));

/// Why a number does not fit.
pub(crate) fn fault<S: Native>(number: S) -> Fault {
    if number.is_nan() { Fault::Nan } else { Fault::Range }
}

fn checked<S: Native + To<T>, T>(number: S) -> core::result::Result<T, Fault> {
    if To::<T>::fits(number) { Ok(number.to()) } else { Err(fault(number)) }
}

/// A number of any type but that of `long`, which is for long doubles.
fn number<T>(
    value: Value<'_>,
    long: impl FnOnce(LongDouble) -> core::result::Result<T, Fault>,
) -> core::result::Result<T, Fault>
where
    i64: To<T>,
    u64: To<T>,
    f64: To<T>,
{
    match value {
        Value::Signed(number) => checked(number),
        Value::Unsigned(number) | Value::Address(number) | Value::Bits(number) => checked(number),
        Value::Bool(truth) => checked(u64::from(truth)),
        Value::Float(number) => checked(number),
        Value::LongDouble(number) => long(number),
        Value::Bytes(_) => Err(Fault::NoNumber(c"bytes are not a number")),
        Value::CodePoint(_) => Err(Fault::NoNumber(c"text is not a number")),
        Value::Complex(..) => Err(Fault::NoNumber(c"a complex number is not a real number")),
    }
}

/// A long double without its fraction.
fn whole<T: TryFrom<i128>>(number: LongDouble) -> core::result::Result<T, Fault> {
    let (negative, magnitude) = number.real().truncated().ok_or(Fault::Nan)?;
    let magnitude = i128::try_from(magnitude).map_err(|_| Fault::Range)?;
    T::try_from(if negative { -magnitude } else { magnitude }).map_err(|_| Fault::Range)
}

/// A type that C programs have numbers in: `double`, `float`, `int64_t`, `uint64_t`.
pub(crate) trait CNumber: Native {
    /// The number that a value is, converted by the rules of [`To`]. An address is the integer that it is.
    fn from_value(value: Value<'_>) -> core::result::Result<Self, Fault>;

    /// The same number as a value, for `CompiledFormat::write_numbers`.
    fn to_value(self) -> Value<'static>;
}

impl CNumber for f64 {
    fn from_value(value: Value<'_>) -> core::result::Result<Self, Fault> {
        number(value, |long| Ok(long.to_f64()))
    }
    fn to_value(self) -> Value<'static> {
        Value::Float(self)
    }
}

impl CNumber for f32 {
    fn from_value(value: Value<'_>) -> core::result::Result<Self, Fault> {
        number(value, |long| Ok(long.real().to_f32()))
    }
    fn to_value(self) -> Value<'static> {
        Value::Float(single_to_double(self))
    }
}

impl CNumber for i64 {
    fn from_value(value: Value<'_>) -> core::result::Result<Self, Fault> {
        number(value, whole)
    }
    fn to_value(self) -> Value<'static> {
        Value::Signed(self)
    }
}

impl CNumber for u64 {
    fn from_value(value: Value<'_>) -> core::result::Result<Self, Fault> {
        number(value, whole)
    }
    fn to_value(self) -> Value<'static> {
        Value::Unsigned(self)
    }
}

/// A type that a long double can be converted to, by the rules of [`To`].
pub(super) trait OfLong: Sized {
    fn of_long(number: LongDouble) -> core::result::Result<Self, Fault>;
}

macro_rules! of_long {
    ($($type:ty: $of:expr;)*) => {
        $(impl OfLong for $type {
            fn of_long(number: LongDouble) -> core::result::Result<Self, Fault> {
                $of(number)
            }
        })*
    };
}

of_long! {
    i8: whole; i16: whole; i32: whole; i64: whole; u8: whole; u16: whole; u32: whole; u64: whole;
    f32: |number: LongDouble| Ok(number.real().to_f32());
    f64: |number: LongDouble| Ok(number.to_f64());
    Half: |number: LongDouble| Ok(Half(number.real().to_half()));
    Truth: |number: LongDouble| Ok(Truth((number.real() != Real::from(0.0)).into()));
}

/// A real number as the float of type `T` nearest to it.
pub(super) fn rounded<T: OfLong + To<f64>>(value: Value<'_>) -> core::result::Result<f64, Fault>
where
    i64: To<T>,
    u64: To<T>,
    f64: To<T>,
{
    fitted::<T>(value).map(To::to)
}

/// A number converted for memory of type `T`, as a value that packs without another rounding.
pub(super) fn fitted<T: OfLong>(value: Value<'_>) -> core::result::Result<T, Fault>
where
    i64: To<T>,
    u64: To<T>,
    f64: To<T>,
{
    number(value, T::of_long)
}

#[cfg(test)]
pub(super) mod tests {
    use core::fmt::Debug;

    use super::*;

    /// Asserts that the rule for two types and the one for values give the same number.
    fn agree<S: Native + To<T> + Debug, T: CNumber + PartialEq + Debug>(number: S, value: Value<'_>) {
        let (rule, of_value) = (checked::<S, T>(number), T::from_value(value));
        let is_nan = |result: &core::result::Result<T, Fault>| result.is_ok_and(|number| number.is_nan());
        assert!(rule == of_value || (is_nan(&rule) && is_nan(&of_value)), "{number:?}: {rule:?}, {of_value:?}");
    }

    fn all_agree<S: Native + To<f64> + To<f32> + To<i64> + To<u64> + Debug>(number: S, value: Value<'_>) {
        agree::<S, f64>(number, value);
        agree::<S, f32>(number, value);
        agree::<S, i64>(number, value);
        agree::<S, u64>(number, value);
        if let Some(real) = value.real() {
            let long = Value::LongDouble(real.into());
            if LongDouble::SIZE == 16 {
                agree::<S, f64>(number, long);
                agree::<S, f32>(number, long);
                agree::<S, i64>(number, long);
                agree::<S, u64>(number, long);
            }
        }
    }

    #[test]
    fn values_follow_the_rules_for_types() {
        for bits in 0..=u16::MAX {
            all_agree(Half(bits), Value::Float(half_to_single(bits).into()));
            all_agree(bits, Value::Unsigned(bits.into()));
            all_agree(bits.cast_signed(), Value::Signed(bits.cast_signed().into()));
            all_agree(Truth(bits as u8), Value::Bool(bits as u8 != 0));
        }
        // Numbers around each power of two, as of every type.
        for power in 0..64 {
            for near in -2..=2_i64 {
                let number = (1_u64 << power).wrapping_add_signed(near);
                all_agree(number, Value::Unsigned(number));
                all_agree(number.cast_signed(), Value::Signed(number.cast_signed()));
                all_agree(number as i32, Value::Signed((number as i32).into()));
                for double in [number as f64, -(number as f64), (number as f64).next_up(), (number as f64).next_down()]
                {
                    all_agree(double, Value::Float(double));
                    all_agree(double as f32, Value::Float((double as f32).into()));
                    all_agree(-0.75 + double, Value::Float(-0.75 + double));
                }
            }
        }
        for double in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -f64::MAX, 5e-324, -0.0] {
            all_agree(double, Value::Float(double));
        }
    }

    #[test]
    fn floats_that_are_no_integers_are_refused() {
        assert_eq!(i64::from_value(Value::Float(f64::NAN)), Err(Fault::Nan));
        assert_eq!(i64::from_value(Value::Float(f64::INFINITY)), Err(Fault::Range));
        assert_eq!(i64::from_value(Value::Float(2_f64.powi(63))), Err(Fault::Range));
        assert_eq!(i64::from_value(Value::Float(-2_f64.powi(63))), Ok(i64::MIN));
        assert_eq!(u64::from_value(Value::Float(-0.99)), Ok(0));
        assert_eq!(u64::from_value(Value::Float(-1.0)), Err(Fault::Range));
        assert_eq!(u64::from_value(Value::Float(2_f64.powi(64).next_down())), Ok(u64::MAX - 2047));
        assert_eq!(u64::from_value(Value::Signed(-1)), Err(Fault::Range));
        assert_eq!(fitted::<i8>(Value::Float(-128.9)), Ok(-128));
        assert_eq!(fitted::<i8>(Value::Float(-129.0)), Err(Fault::Range));
        assert_eq!(fitted::<u8>(Value::Float(255.9)), Ok(255));
        assert_eq!(fitted::<u8>(Value::Float(256.0)), Err(Fault::Range));
    }

    #[test]
    fn an_integer_is_rounded_once() {
        let number = (1_i64 << 61) | (1 << 37) | 1;
        let once = of_machine(number);
        assert_ne!(number as f64 as f32, number as f32, "twice would be another number");
        assert!(once == number as f32 || cfg!(target_arch = "powerpc64"), "{once:e}");
        assert_eq!(f32::from_value(Value::Signed(number)), Ok(once));
        assert_eq!(fitted::<f32>(Value::Signed(number)), Ok(once));
    }

    /// The single that the machine makes of an integer: the nearest one, but with an emulator of PowerPC that rounds it to a double
    /// first (`docs/platforms.md`).
    pub(in crate::format) fn of_machine(number: i64) -> f32 {
        core::hint::black_box(number) as f32
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for value in [Value::Bytes(b"1"), Value::CodePoint(49), Value::Complex(1.0, 0.0)] {
            assert!(matches!(f64::from_value(value), Err(Fault::NoNumber(_))), "{value:?}");
            assert!(matches!(i64::from_value(value), Err(Fault::NoNumber(_))), "{value:?}");
        }
    }
}
