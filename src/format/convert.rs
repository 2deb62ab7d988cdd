//! What a format takes a value for: an integer, a float, bytes; and what it says if the value is none.
//!
//! CPython's counterparts are `get_pylong` in `_struct.c` and the conversions of `PyFloat`, `PyComplex` and `PyLong`. A value
//! of the wrong type is a `TypeError`, one out of range a `ValueError`; there, both are `struct.error`, but for floats,
//! which raise `OverflowError`.

use core::ffi::CStr;

use super::float::{LongDouble, Real};
use super::value::Value;
use crate::error::{Error, Kind, Result};

/// For what packs as a complex number.
pub(super) const NOT_COMPLEX: Error = Error::new(Kind::Type, c"required argument is not a complex");

/// An integer of the format's type (`get_pylong` and what follows it); the text is that of the range.
#[inline(always)]
pub(super) fn integer<T: TryFrom<i64> + TryFrom<u64> + From<bool>>(value: Value<'_>, text: &'static CStr) -> Result<T> {
    let number = match value {
        Value::Signed(number) => T::try_from(number).ok(),
        Value::Unsigned(number) | Value::Address(number) | Value::Bits(number) => T::try_from(number).ok(),
        Value::Bool(truth) => Some(truth.into()),
        _ => return Err(Error::new(Kind::Type, c"required argument is not an integer")),
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
        Value::Complex(..) | Value::Bytes(_) | Value::CodePoint(_) => {
            Err(Error::new(Kind::Type, c"required argument is not a float"))
        }
    }
}

/// A real number, unrounded where a long double has room for it.
pub(super) fn long(value: Value<'_>) -> Result<LongDouble> {
    match value {
        Value::LongDouble(number) => Ok(number),
        _ => match value.real() {
            Some(number) => Ok(number.into()),
            None => Err(Error::new(Kind::Type, c"required argument is not a float")),
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
        _ => Err(Error::new(Kind::Type, c"required argument is not a code point")),
    }
}

pub(super) fn bytes(value: Value<'_>) -> Result<&[u8]> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        _ => Err(Error::new(Kind::Type, c"required argument is not a bytes object")),
    }
}

/// `PyObject_IsTrue`: everything has a truth value. Only zeros and empty bytes are false; NaN is true.
pub(super) fn truth(value: Value<'_>) -> bool {
    match value {
        Value::Bytes(bytes) => !bytes.is_empty(),
        Value::CodePoint(_) => true,
        _ => value != Value::Unsigned(0),
    }
}
