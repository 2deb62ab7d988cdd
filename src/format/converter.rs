//! Converts items of any format to another one, value by value.

use super::codec::Codec;
use super::coerce::Fault;
use super::compiled::CompiledFormat;
use super::empty;
use super::fields::Elements;
use super::value::Value;
use super::value_walk::ValueWalk;
use crate::error::{Error, Result};
use core::ops::Range;

/// Converts items of one format to another one with as many values.
pub(crate) struct Converter<'p> {
    from: ValueWalk<'p>,
    to: &'p CompiledFormat<'p>,
    /// The second format's walk, if both have values without a byte, which then takes time proportional to the bytes of the items
    /// and the steps of the formats.
    in_step: Option<ValueWalk<'p>>,
}

/// A value, what it is converted for, and where that is in the item; or why some value does not fit.
type Next<'v> = core::result::Result<(Value<'v>, Codec, Range<usize>), Fault>;

/// There are values without a byte, bytes in one item and numbers in the other.
const DIFFERENT: Fault = Fault::NoNumber(c"the format contains values that are not numbers");

impl<'p> Converter<'p> {
    pub(crate) fn new(from: &'p CompiledFormat<'p>, to: &'p CompiledFormat<'p>) -> Self {
        Self { from: from.values(), to, in_step: both_have_empty(from, to).then(|| to.values()) }
    }

    /// Asks for each value whether its type converts to that of the one in its place, where
    /// [`Conversions`](super::Conversions) has not paired them all up. It takes a step for each run of equal values.
    ///
    /// # Errors
    /// Those of [`Elements::conversion`].
    // Not inlined: the walks take some KB of stack.
    #[inline(never)]
    pub(crate) fn check(from: &CompiledFormat<'_>, to: &CompiledFormat<'_>) -> Result<()> {
        let both_empty = both_have_empty(from, to);
        let (mut from, mut to) = (from.values(), to.values());
        loop {
            let next = if both_empty {
                empty::settle_both(&mut from, &mut to).ok_or(DIFFERENT)?
            } else {
                (from.settle(), to.settle())
            };
            let (Some(left), Some(right)) = next else { return Ok(()) };
            Elements::conversion(Elements::of(left), Elements::of(right))?;
            let run = from.left(left).min(to.left(right));
            from.pass(run);
            to.pass(run);
        }
    }

    /// The first value of the item that does not fit, and why.
    ///
    /// # Errors
    /// `SystemError` for an item that is smaller than its format.
    pub(crate) fn misfit<'v>(&mut self, item: &'v [u8]) -> Result<Option<(Value<'v>, Fault)>> {
        let Some(to) = &mut self.in_step else { return self.to.misfit(&mut self.from.of(item)) };
        restart(&mut self.from, to);
        while let Some(next) = next(&mut self.from, item, to)? {
            match next {
                Ok((value, codec, _)) => {
                    if let Err(fault) = codec.converted(value) {
                        return Ok(Some((value, fault)));
                    }
                }
                Err(fault) => return Ok(Some((Value::Bytes(&[]), fault))),
            }
        }
        Ok(None)
    }

    /// Writes the values of an item, converted, to the item at the start of `dest`. Bytes without a value become 0.
    ///
    /// # Errors
    /// For a value that does not fit, and then part of the item may be written; for an item that is smaller than its format.
    pub(crate) fn convert(&mut self, item: &[u8], dest: &mut [u8]) -> Result<()> {
        let Some(to) = &mut self.in_step else { return self.to.write_converted(dest, &mut self.from.of(item)) };
        let dest = self.to.cleared(dest)?;
        restart(&mut self.from, to);
        while let Some(next) = next(&mut self.from, item, to)? {
            let (value, codec, place) = next?;
            let value = codec.converted(value)?;
            codec.store_converted(value, dest.get_mut(place).ok_or(Error::bad_argument())?)?;
        }
        Ok(())
    }
}

fn both_have_empty(from: &CompiledFormat<'_>, to: &CompiledFormat<'_>) -> bool {
    empty::has_empty(from.ops()) && empty::has_empty(to.ops())
}

fn restart(from: &mut ValueWalk<'_>, to: &mut ValueWalk<'_>) {
    from.restart();
    to.restart();
}

/// The next values but those that both formats have without a byte; `None` after the last one.
fn next<'v>(from: &mut ValueWalk<'_>, item: &'v [u8], to: &mut ValueWalk<'_>) -> Result<Option<Next<'v>>> {
    match empty::settle_both(from, to) {
        Some((Some(left), Some(right))) => {
            let (value, place) = (from.take(left, item), to.place(right));
            let (value, (codec, place)) = value.zip(place).ok_or(Error::bad_argument())?;
            Ok(Some(Ok((value, codec, place))))
        }
        Some((None, None)) => Ok(None),
        Some(_) => Err(Error::bad_argument()),
        None => Ok(Some(Err(DIFFERENT))),
    }
}
