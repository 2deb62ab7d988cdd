//! Which formats consist of numbers, and of which of them loops over memory can take.

use super::codec::{Codec, Form};
use super::codes::ByteOrder;
use super::compiled::CompiledFormat;
use crate::error::{Error, Result};

/// A type of number in memory, as in C; `coerce` has the rules for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Half,
    Single,
    Double,
}

impl Scalar {
    /// Its bytes.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Bool | Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 | Self::Half => 2,
            Self::I32 | Self::U32 | Self::Single => 4,
            Self::I64 | Self::U64 | Self::Double => 8,
        }
    }

    /// The widest type of its kind that C programs have, which has every number that this one has.
    pub(crate) const fn widest(self) -> CType {
        match self {
            Self::Bool | Self::I8 | Self::I16 | Self::I32 | Self::I64 | Self::U8 | Self::U16 | Self::U32 => {
                CType::Int64
            }
            Self::U64 => CType::Uint64,
            Self::Half | Self::Single | Self::Double => CType::Double,
        }
    }

    pub(super) const fn of(form: Form) -> Option<Self> {
        Some(match form {
            Form::Bool => Self::Bool,
            Form::I8 => Self::I8,
            Form::I16 => Self::I16,
            Form::I32 => Self::I32,
            Form::I64 => Self::I64,
            Form::U8 => Self::U8,
            Form::U16 => Self::U16,
            Form::U32 => Self::U32,
            Form::U64 => Self::U64,
            Form::Address if size_of::<usize>() == 8 => Self::U64,
            Form::Half => Self::Half,
            Form::Single => Self::Single,
            Form::Double => Self::Double,
            _ => return None,
        })
    }
}

/// A type that C programs have arrays of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CType {
    Double,
    Float,
    Int64,
    Uint64,
}

impl CType {
    pub(crate) const fn scalar(self) -> Scalar {
        match self {
            Self::Double => Scalar::Double,
            Self::Float => Scalar::Single,
            Self::Int64 => Scalar::I64,
            Self::Uint64 => Scalar::U64,
        }
    }

    /// The C type of these numbers, if it is one of them.
    pub(crate) const fn of(scalar: Scalar) -> Option<Self> {
        Some(match scalar {
            Scalar::Double => Self::Double,
            Scalar::Single => Self::Float,
            Scalar::I64 => Self::Int64,
            Scalar::U64 => Self::Uint64,
            _ => return None,
        })
    }

    /// `sizeof`.
    pub(crate) const fn size(self) -> usize {
        self.scalar().size()
    }
}

/// Items of contiguous equal numbers, without a byte besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) scalar: Scalar,
    /// Their byte order is not the machine's.
    pub(crate) swapped: bool,
    /// How many of them an item has, at least one.
    pub(crate) count: usize,
}

pub(super) fn is_swapped(scalar: Scalar, order: ByteOrder) -> bool {
    scalar.size() != 1 && order != ByteOrder::NATIVE
}

impl Codec {
    /// The numbers that `count` elements are; a complex element is two.
    pub(super) fn numbers(self, count: usize) -> Option<Numbers> {
        let (scalar, count) = match self.form {
            Form::ComplexHalf => (Scalar::Half, count.checked_mul(2)?),
            Form::ComplexSingle => (Scalar::Single, count.checked_mul(2)?),
            Form::ComplexDouble => (Scalar::Double, count.checked_mul(2)?),
            form => (Scalar::of(form)?, count),
        };
        Some(Numbers { scalar, swapped: is_swapped(scalar, self.order), count })
    }
}

impl<'o> CompiledFormat<'o> {
    /// The numbers that the items consist of, if they contain nothing else.
    pub(crate) fn numbers(&self) -> Option<Numbers> {
        let first = self.ops.first()?;
        let scalar = Scalar::of(first.codec.form)?;
        let mut end = 0;
        for op in self.ops {
            if op.offset != end || op.codec != first.codec {
                return None;
            }
            end = op.end;
        }
        let swapped = is_swapped(scalar, first.codec.order);
        (end == self.counts().size).then_some(Numbers { scalar, swapped, count: self.counts().values })
    }

    /// Whether all values of an item are numbers.
    ///
    /// # Errors
    /// `TypeError` that says what they are.
    pub(crate) fn check_format_of_numbers(&self) -> Result<()> {
        let text = self.ops.iter().find_map(|op| op.codec.no_number());
        text.map_or(Ok(()), |text| Err(Error::wrong_type(text)))
    }
}

#[cfg(test)]
mod tests {
    use core::ffi::CStr;

    use super::super::compile::{Op, compile};
    use super::*;

    fn numbers(format: &CStr) -> Option<Numbers> {
        let mut ops = [Op::default(); 8];
        let counts = compile(format, &mut ops).ok()?;
        CompiledFormat::new(&ops, counts).numbers()
    }

    fn swapped(format: &CStr) -> Option<bool> {
        numbers(format).map(|numbers| numbers.swapped)
    }

    #[test]
    fn one_number_and_many_equal_ones_are_plain() {
        assert_eq!(numbers(c"d"), Some(Numbers { scalar: Scalar::Double, swapped: false, count: 1 }));
        for format in [c"3f", c"fff", c"(3)f", c"T{f:r:f:g:f:b:}", c"@f2f"] {
            assert_eq!(
                numbers(format),
                Some(Numbers { scalar: Scalar::Single, swapped: false, count: 3 }),
                "{format:?}"
            );
        }
        for format in [c"", c"x", c"g", c"t", c"c", c"Zd", c"fd", c"xB", c"Bx", c"<h>h", c"2T{BB}", c"BBB3x", c"O"] {
            assert_eq!(numbers(format), None, "{format:?}");
        }
    }

    #[test]
    fn the_other_byte_order_is_told() {
        let (same, other) = if cfg!(target_endian = "big") { (c">h", c"<h") } else { (c"<h", c">h") };
        assert_eq!((swapped(c"=h"), swapped(same), swapped(other)), (Some(false), Some(false), Some(true)));
        assert_eq!((swapped(c">B"), swapped(c"<b"), swapped(c">?")), (Some(false), Some(false), Some(false)));
        assert_eq!(numbers(c"P").map(|numbers| numbers.scalar.size()), Some(size_of::<usize>()));
    }
}
