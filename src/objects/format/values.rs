//! Converts the values of items between C's struct and those of `format`.

use core::ffi::CStr;
use core::ptr::{NonNull, null};

use crate::abi::format as c;
use crate::abi::format::{pybuffer_bytes, pybuffer_value, pybuffer_value_as};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::format::{CompiledFormat, Counts, LongDouble, Op, Reading, Value, compile_as, compile_or_count};
use crate::runtime::alloc::Scratch;

use super::FormatObject;

/// The error for an invalid value.
pub(crate) const NO_VALUE: Error = Error::wrong_type(c"unknown value kind");

/// Runs `act` with a format, compiled.
///
/// # Safety
/// O1, O2.
unsafe fn with_compiled<R>(
    format: NonNull<FormatObject>,
    act: impl FnOnce(&CompiledFormat<'_>) -> Result<R>,
) -> Result<R> {
    // SAFETY: the caller guarantees O1 and O2; the steps and the text belong to the object.
    unsafe {
        let format = &*format.as_ptr();
        let (values, size) = (format.values.unsigned_abs(), format.size.unsigned_abs());
        if format.ops.is_null() && values != 0 {
            // One native code.
            return with_compiled_for(CStr::from_ptr(format.text), CompiledFor::Itself, act);
        }
        let ops: &[Op] = if format.nops == 0 { &[] } else { core::slice::from_raw_parts(format.ops, format.nops) };
        act(&CompiledFormat::new(ops, Counts { ops: format.nops, values, size }))
    }
}

/// How the text of a format is read: see [`Reading`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CompiledFor {
    /// By itself.
    Itself,
    /// As that of items of this size, which decides the width of `u`.
    Items(isize),
    /// As that of items of this size, for its numbers; padding is not an item.
    Numbers(isize),
    /// As the struct module reads it.
    Struct,
}

/// Runs `act` with a format given as text, compiled. Memory is allocated only for more than a few steps.
pub(crate) fn with_compiled_for<R>(
    format: &CStr,
    of: CompiledFor,
    act: impl FnOnce(&CompiledFormat<'_>) -> Result<R>,
) -> Result<R> {
    let mut few = [Op::default(); 4];
    let (mut reading, itemsize) = match of {
        CompiledFor::Itself => (Reading::ALONE, None),
        CompiledFor::Items(itemsize) => (Reading::ALONE, Some(itemsize.unsigned_abs())),
        CompiledFor::Numbers(itemsize) => (Reading::STRUCT, Some(itemsize.unsigned_abs())),
        CompiledFor::Struct => (Reading::STRUCT, None),
    };
    let mut counts = compile_or_count(reading, format, &mut few)?;
    if let Some(itemsize) = itemsize
        && itemsize != counts.size
    {
        let other = reading.of_items(format, counts.size, itemsize);
        if other != reading {
            (reading, counts) = (other, compile_or_count(other, format, &mut few)?);
        }
    }
    if counts.ops <= few.len() {
        return act(&CompiledFormat::new(&few, counts));
    }
    let memory = Scratch::new(counts.ops.checked_mul(size_of::<Op>()).ok_or(Error::no_memory())?)?;
    let ops: *mut Op = memory.as_ptr().cast();
    // SAFETY: fresh memory for as many steps, aligned for anything, and written before it is read.
    let ops = unsafe {
        for at in 0..counts.ops {
            ops.add(at).write(Op::default());
        }
        core::slice::from_raw_parts_mut(ops, counts.ops)
    };
    compile_as(reading, format, ops)?;
    act(&CompiledFormat::new(ops, counts))
}

/// `MemoryError` if an array of so many values is larger than memory: an item may have any number of values without bytes.
fn check_array(values: Option<usize>) -> Result<()> {
    let size = values.and_then(|values| values.checked_mul(size_of::<pybuffer_value>()));
    if size.is_some_and(|size| isize::try_from(size).is_ok()) { Ok(()) } else { Err(Error::no_memory()) }
}

/// `pybuffer_format_unpack_items`: the values of `count` items, each `stride` bytes after the one before.
///
/// # Safety
/// O1, O2; an item may be read at each place, and as many values written.
pub(crate) unsafe fn unpack(
    format: NonNull<FormatObject>,
    items: *const u8,
    stride: isize,
    count: usize,
    values: *mut pybuffer_value,
) -> Result<()> {
    // SAFETY: the caller guarantees O1 and O2, and has the items, and room for the values; the compiled format visits as many
    // values as it has.
    unsafe {
        let size = (*format.as_ptr()).size.unsigned_abs();
        let each = (*format.as_ptr()).values.unsigned_abs();
        if each == 0 {
            // For any number of items.
            return Ok(());
        }
        check_array(each.checked_mul(count))?;
        with_compiled(format, |compiled| {
            // Items without values, however many, give nothing.
            if compiled.counts().values == 0 {
                return Ok(());
            }
            let (mut item, mut to) = (items, values);
            for _ in 0..count {
                let bytes = if size == 0 { &[] } else { core::slice::from_raw_parts(item, size) };
                write_values(compiled, bytes, to)?;
                to = to.add(each);
                item = item.wrapping_offset(stride);
            }
            Ok(())
        })
    }
}

/// `pybuffer_format_pack`: one item from its values.
///
/// # Safety
/// O1, O2; an item may be written, and the values read; none of them lies in the item.
pub(crate) unsafe fn pack(format: NonNull<FormatObject>, item: *mut u8, values: *const pybuffer_value) -> Result<()> {
    // SAFETY: the caller guarantees O1 and O2, and has the values, and room for the items.
    unsafe {
        let (size, count) = ((*format.as_ptr()).size.unsigned_abs(), (*format.as_ptr()).values.unsigned_abs());
        check_array(Some(count))?;
        let item = if size == 0 { &mut [] } else { core::slice::from_raw_parts_mut(item, size) };
        let values = if count == 0 { &[] } else { core::slice::from_raw_parts(values, count) };
        if values.iter().any(|value| read_value(value).is_none()) {
            return Err(NO_VALUE);
        }
        with_compiled(format, |compiled| compiled.pack(item, values.iter().filter_map(|value| read_value(value))))
    }
}

/// How many items of a format as many values make, to the struct module, with which `_testbuffer.ndarray` packs.
pub(crate) fn count_items(format: &CStr, values: usize) -> Result<usize> {
    with_compiled_for(format, CompiledFor::Struct, |compiled| {
        let each = compiled.counts().values;
        if each == 0 {
            return Err(Error::value(c"items of this format have no values"));
        }
        let (items, rest) = (values.checked_div(each), values.checked_rem(each));
        items.filter(|_| rest == Some(0)).ok_or(Error::with(
            ErrorKind::Value,
            c"wrong number of values: expected a multiple of %zd, got %zd",
            Argument::count(each),
            Argument::count(values),
        ))
    })
}

/// Packs contiguous items, as many as there are values for, which [`count_items`] has said.
///
/// # Safety
/// What [`read_value`] needs of the values.
pub(crate) unsafe fn pack_items(format: &CStr, values: &[pybuffer_value], memory: &mut [u8]) -> Result<()> {
    // SAFETY: the caller guarantees that the values are what `read_value` needs.
    let value = |value| unsafe { read_value(value) };
    if values.iter().any(|one| value(one).is_none()) {
        return Err(NO_VALUE);
    }
    with_compiled_for(format, CompiledFor::Struct, |compiled| {
        let counts = compiled.counts();
        let items = values.chunks(counts.values.max(1)).zip(memory.chunks_mut(counts.size.max(1)));
        items.into_iter().try_for_each(|(values, item)| compiled.pack(item, values.iter().filter_map(value)))
    })
}

/// Writes the values of one item as C sees them.
///
/// # Safety
/// As many values may be written as the compiled format has; the bytes among them are those of the item.
#[inline(never)]
pub(crate) unsafe fn write_values(
    compiled: &CompiledFormat<'_>,
    item: &[u8],
    values: *mut pybuffer_value,
) -> Result<()> {
    let mut to = values;
    compiled.unpack_inline(item, &mut |value| {
        // SAFETY: the caller has room for the values: an item has as many values as its compiled format counts.
        unsafe {
            write_value(to, &value);
            to = to.add(1);
        }
        Ok(())
    })
}

/// Writes a value as C sees it.
///
/// # Safety
/// `to` may be written.
#[inline]
unsafe fn write_value(to: *mut pybuffer_value, value: &Value<'_>) {
    let (kind, r#as) = match *value {
        Value::Signed(i) => (c::PYBUFFER_KIND_SIGNED, pybuffer_value_as { i }),
        Value::Unsigned(u) => (c::PYBUFFER_KIND_UNSIGNED, pybuffer_value_as { u }),
        Value::Bool(truth) => (c::PYBUFFER_KIND_BOOL, pybuffer_value_as { u: truth.into() }),
        Value::CodePoint(unit) => (c::PYBUFFER_KIND_TEXT, pybuffer_value_as { u: unit.into() }),
        Value::Address(u) => (c::PYBUFFER_KIND_POINTER, pybuffer_value_as { u }),
        Value::Bits(u) => (c::PYBUFFER_KIND_BITS, pybuffer_value_as { u }),
        Value::Float(real) => (c::PYBUFFER_KIND_FLOAT, pybuffer_value_as { real }),
        Value::LongDouble(exact) => {
            (c::PYBUFFER_KIND_LONG_DOUBLE, pybuffer_value_as { long_double: exact.to_ne_bytes() })
        }
        Value::Complex(real, imag) => (c::PYBUFFER_KIND_COMPLEX, pybuffer_value_as { parts: [real, imag] }),
        Value::Bytes(bytes) => {
            let start = if bytes.is_empty() { null() } else { bytes.as_ptr().cast() };
            let bytes = pybuffer_bytes { start, length: bytes.len().cast_signed() };
            (c::PYBUFFER_KIND_BYTES, pybuffer_value_as { bytes })
        }
    };
    // SAFETY: the caller guarantees that `to` may be written.
    unsafe { to.write(pybuffer_value { kind, r#as }) };
}

/// The value that C passes; `None` if its kind or its bytes are invalid.
///
/// # Safety
/// The member that the kind names is initialised; where that is bytes, `length` of them may be read.
pub(crate) unsafe fn read_value(value: &pybuffer_value) -> Option<Value<'_>> {
    let r#as = &value.r#as;
    // SAFETY: the caller guarantees that the kind names the member that is initialised.
    unsafe {
        Some(match value.kind {
            c::PYBUFFER_KIND_SIGNED => Value::Signed(r#as.i),
            c::PYBUFFER_KIND_UNSIGNED => Value::Unsigned(r#as.u),
            c::PYBUFFER_KIND_BOOL => Value::Bool(r#as.u != 0),
            c::PYBUFFER_KIND_TEXT => Value::CodePoint(u32::try_from(r#as.u).ok()?),
            c::PYBUFFER_KIND_POINTER | c::PYBUFFER_KIND_OBJECT | c::PYBUFFER_KIND_FUNCTION => Value::Address(r#as.u),
            c::PYBUFFER_KIND_BITS => Value::Bits(r#as.u),
            c::PYBUFFER_KIND_FLOAT => Value::Float(r#as.real),
            c::PYBUFFER_KIND_LONG_DOUBLE => Value::LongDouble(LongDouble::from_ne_bytes(r#as.long_double)),
            c::PYBUFFER_KIND_COMPLEX => {
                let [real, imag] = r#as.parts;
                Value::Complex(real, imag)
            }
            c::PYBUFFER_KIND_CHAR | c::PYBUFFER_KIND_BYTES | c::PYBUFFER_KIND_PASCAL | c::PYBUFFER_KIND_PAD => {
                let bytes = r#as.bytes;
                match (usize::try_from(bytes.length).ok()?, bytes.start.is_null()) {
                    (0, _) => Value::Bytes(&[]),
                    (_, true) => return None,
                    (length, false) => Value::Bytes(core::slice::from_raw_parts(bytes.start.cast(), length)),
                }
            }
            _ => return None,
        })
    }
}
