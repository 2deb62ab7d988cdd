//! What values become when they are converted for an element of another format.

use core::ffi::CStr;

use super::codec::{Codec, Form};
use super::coerce::{Fault, Half, Native, Truth, fitted, rounded};
use super::float::{single_of_double, single_to_double};
use super::value::Value;
use crate::error::Result;

impl Codec {
    /// Converts a real number for such an element, by the rules of [`coerce`](super::coerce), as a value that
    /// [`encode`](Self::encode) takes unchanged.
    pub(super) fn fit(self, number: Value<'_>) -> core::result::Result<Value<'static>, Fault> {
        Ok(match self.form {
            Form::Bool => Value::Bool(fitted::<Truth>(number)?.to_bytes() != [0]),
            Form::I8 => Value::Signed(fitted::<i8>(number)?.into()),
            Form::I16 => Value::Signed(fitted::<i16>(number)?.into()),
            Form::I32 => Value::Signed(fitted::<i32>(number)?.into()),
            Form::I64 => Value::Signed(fitted(number)?),
            Form::U8 => Value::Unsigned(fitted::<u8>(number)?.into()),
            Form::U16 => Value::Unsigned(fitted::<u16>(number)?.into()),
            Form::U32 => Value::Unsigned(fitted::<u32>(number)?.into()),
            Form::U64 | Form::Address => Value::Unsigned(fitted(number)?),
            Form::Bits => {
                let bits = fitted(number)?;
                if u128::from(bits) > self.mask() {
                    return Err(Fault::Range);
                }
                Value::Bits(bits)
            }
            Form::Half => Value::Float(rounded::<Half>(number)?),
            Form::Single => Value::Float(rounded::<f32>(number)?),
            Form::Double => Value::Float(rounded::<f64>(number)?),
            // It holds every such number.
            Form::Long => match number {
                Value::Signed(number) => Value::Signed(number),
                Value::Unsigned(number) | Value::Address(number) | Value::Bits(number) => Value::Unsigned(number),
                Value::LongDouble(number) => Value::LongDouble(number),
                _ => Value::Float(fitted(number)?),
            },
            _ => {
                return Err(Fault::NoNumber(
                    self.no_number().unwrap_or(c"the format contains values that are not numbers"),
                ));
            }
        })
    }

    /// Writes one element, which fills this memory, of a value that [`converted`](Self::converted) gives.
    pub(super) fn store_converted(self, value: Value<'_>, memory: &mut [u8]) -> Result<()> {
        match (self.form, value) {
            // Text in memory need not be code points.
            (Form::Ucs4, Value::CodePoint(unit)) => self.store_u32(memory, unit),
            _ => self.encode(value, memory),
        }
    }

    /// Converts any value for such an element, as a value that [`store_converted`](Self::store_converted) takes unchanged. Bytes
    /// are of the same kind and length: the formats have been asked.
    pub(super) fn converted(self, value: Value<'_>) -> core::result::Result<Value<'_>, Fault> {
        Ok(match (self.form, value) {
            (Form::Char | Form::Bytes | Form::Pascal, Value::Bytes(_)) => value,
            (Form::Ucs2, Value::CodePoint(unit)) if unit > 0xffff => return Err(Fault::Range),
            (Form::Ucs2 | Form::Ucs4, Value::CodePoint(_)) => value,
            (Form::ComplexHalf, Value::Complex(real, imaginary)) => {
                Value::Complex(rounded::<Half>(Value::Float(real))?, rounded::<Half>(Value::Float(imaginary))?)
            }
            (Form::ComplexSingle, Value::Complex(real, imaginary)) => {
                let single = |part| single_to_double(single_of_double(part));
                Value::Complex(single(real), single(imaginary))
            }
            (Form::ComplexDouble | Form::ComplexLong, Value::Complex(..)) => value,
            // A real number is rounded once, too.
            (Form::ComplexHalf, _) => Value::Complex(rounded::<Half>(value)?, 0.0),
            (Form::ComplexSingle, _) => Value::Complex(rounded::<f32>(value)?, 0.0),
            (Form::ComplexDouble, _) => Value::Complex(rounded::<f64>(value)?, 0.0),
            (Form::ComplexLong, _) => self.of_form(Form::Long).fit(value)?,
            _ => self.fit(value)?,
        })
    }

    /// The text of the `TypeError` for elements whose values are not numbers.
    pub(super) const fn no_number(self) -> Option<&'static CStr> {
        match self.form {
            Form::Char | Form::Bytes | Form::Pascal => Some(c"the format contains bytes, which are not numbers"),
            Form::ComplexHalf | Form::ComplexSingle | Form::ComplexDouble | Form::ComplexLong => {
                Some(c"the format contains complex numbers, which are not real numbers")
            }
            Form::Ucs2 | Form::Ucs4 => Some(c"the format contains text, which is not a number"),
            Form::Pointer => Some(c"the format contains pointers, which are not numbers"),
            _ => None,
        }
    }
}
