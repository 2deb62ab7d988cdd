//! Converts the numbers of memoryviews to and from arrays of C types.
//!
//! Items that are arrays of one type of number go through the loops of `kernels::convert`, all others are unpacked and
//! packed value by value. CPython has no counterpart.

use core::ptr::NonNull;

use crate::abi::object::PyObject;
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::format::{CNumber, CType, CompiledFormat, Fault, Fields, Numbers, Value};
use crate::kernels::{self, Conversion, Operand, RecordConversion};
use crate::layout::{Axis, Order, Pair, Plan, Purpose, Structure, with_room};
use crate::objects::format::{CompiledFor, with_compiled_for};

use super::access::Access;
use super::items::{bytes_mut_of, bytes_of, try_each, values_of};
use super::whole::Whole;

/// `pybuffer_memoryview_to_*`.
///
/// # Safety
/// O1; W3; `count` numbers of the type may be written at `array`, which is not memory of the view.
pub(crate) unsafe fn to_array(op: NonNull<PyObject>, array: NonNull<u8>, count: isize, ctype: CType) -> Result<()> {
    // SAFETY: the caller guarantees O1 and W3; W4: the array is not memory of the view.
    unsafe {
        let access = Access::new(op)?;
        with_compiled_for(access.format(), CompiledFor::Numbers(access.view().itemsize), |compiled| {
            let work = Work::new(&access, compiled, array.as_ptr(), count, ctype)?;
            if work.count == 0 {
                return Ok(());
            }
            let axes = work.structure.ndim + 1;
            let numbers = compiled.numbers();
            match numbers.and_then(|numbers| with_room!(axes, room => work.numbers_to_array(numbers, room))) {
                Some(result) => result,
                None => with_room!(axes, room => work.items_to_array(room)),
            }
        })
    }
}

/// `pybuffer_memoryview_from_*`.
///
/// # Safety
/// As [`to_array`], but `count` numbers may be read at `array`.
pub(crate) unsafe fn from_array(op: NonNull<PyObject>, array: NonNull<u8>, count: isize, ctype: CType) -> Result<()> {
    // SAFETY: the caller guarantees O1 and W3; W4: the array is not memory of the view.
    unsafe {
        let access = Access::new(op)?;
        access.writable()?;
        with_compiled_for(access.format(), CompiledFor::Numbers(access.view().itemsize), |compiled| {
            let work = Work::new(&access, compiled, array.as_ptr(), count, ctype)?;
            if work.count == 0 {
                return Ok(());
            }
            let axes = work.structure.ndim + 1;
            let numbers = compiled.numbers();
            match numbers.and_then(|numbers| with_room!(axes, room => work.numbers_from_array(numbers, room))) {
                Some(result) => result,
                None => with_room!(axes, room => work.items_from_array(room)),
            }
        })
    }
}

/// How many numbers for each step of a format are worth a loop for it.
pub(super) const WORTH: usize = 4;

/// A memoryview and an array with as many numbers.
struct Work<'a> {
    structure: Structure<'a>,
    memory: *mut u8,
    compiled: &'a CompiledFormat<'a>,
    array: *mut u8,
    ctype: CType,
    /// The numbers of the array.
    count: usize,
    /// The bytes in the array of the numbers of an item.
    stride: isize,
}

impl<'a> Work<'a> {
    fn new(
        view: &'a Whole,
        compiled: &'a CompiledFormat<'a>,
        array: *mut u8,
        count: isize,
        ctype: CType,
    ) -> Result<Self> {
        let structure = view.structure()?;
        compiled.check_format_of_numbers()?;
        let counts = compiled.counts();
        view.holds(counts.size)?;
        let numbers = values_of(structure.items(), counts.values).map(usize::cast_signed);
        if numbers != Some(count) {
            let text = match numbers {
                Some(_) => c"wrong count: expected %zd, got %zd",
                None => c"wrong count: expected more than %zd, got %zd",
            };
            let numbers = Argument::Size(numbers.unwrap_or(isize::MAX));
            return Err(Error::with(ErrorKind::Value, text, numbers, Argument::Size(count)));
        }
        // Larger arrays do not exist.
        let size = ctype.size().cast_signed();
        let stride = counts.values.cast_signed().checked_mul(size).filter(|_| count.checked_mul(size).is_some());
        Ok(Self {
            structure,
            memory: view.view().buf.cast(),
            compiled,
            array,
            ctype,
            count: count.unsigned_abs(),
            stride: stride.ok_or(Error::bad_argument())?,
        })
    }

    /// Which number of the array is that many bytes from its start.
    fn number_at(&self, offset: usize) -> usize {
        offset.checked_div(self.ctype.size()).unwrap_or(0)
    }

    fn array_operand(&self) -> Operand {
        Operand { scalar: self.ctype.scalar(), swapped: false }
    }

    /// `None` if there is no room for another axis.
    ///
    /// # Safety
    /// W1 to W4.
    unsafe fn numbers_to_array(&self, numbers: Numbers, room: &mut [Axis]) -> Option<Result<()>> {
        let conversion = Conversion::new(Operand::of(numbers), self.array_operand())?;
        let size = numbers.scalar.size();
        let steps = (size.cast_signed(), self.ctype.size().cast_signed());
        let pair = Pair::to_array(room, &self.structure, self.stride, Order::C)?;
        // Each number of the array is written once, so the order does not matter.
        let mut plan = pair.by_element(numbers.count, size, steps)?.plan(Purpose::Each, Order::C)?;
        // SAFETY: the caller passes on W1 to W4; what a copy covers is one number.
        unsafe {
            if conversion.is_copy() {
                plan.unit = size;
                kernels::copy(plan, self.memory, self.array);
                return Some(Ok(()));
            }
            let result = kernels::convert(plan, &conversion, self.memory, self.array);
            Some(result.map_err(|misfit| misfit.fault.at(self.number_at(misfit.offset.unsigned_abs()))))
        }
    }

    /// `None` if there is no room for another axis.
    ///
    /// # Safety
    /// W1 to W4, for the array first.
    unsafe fn numbers_from_array(&self, numbers: Numbers, room: &mut [Axis]) -> Option<Result<()>> {
        let conversion = Conversion::new(self.array_operand(), Operand::of(numbers))?;
        let size = numbers.scalar.size();
        let steps = (self.ctype.size().cast_signed(), size.cast_signed());
        let pair = Pair::from_array(room, &self.structure, self.stride, Order::C)?;
        let mut plan = pair.by_element(numbers.count, size, steps)?.plan(Purpose::Write, Order::C)?;
        // SAFETY: the caller passes on W1 to W4; what a copy covers is one number.
        unsafe {
            if conversion.is_copy() {
                plan.unit = size;
                kernels::copy(plan, self.array, self.memory);
                return Some(Ok(()));
            }
            if let Some((index, fault)) = conversion.first_misfit(self.array, self.count) {
                return Some(Err(fault.at(index)));
            }
            let result = kernels::convert(plan, &conversion.of_known(), self.array, self.memory);
            Some(result.map_err(|misfit| misfit.fault.into()))
        }
    }

    /// The fields of the items, where loops over them take less time than going from value to value.
    fn fields(&self) -> Option<Fields<'a>> {
        let steps = self.compiled.counts().ops;
        self.compiled.fields_of_numbers().filter(|_| self.count >= steps.saturating_mul(WORTH))
    }

    /// # Safety
    /// W1 to W4.
    unsafe fn items_to_array(&self, room: &mut [Axis]) -> Result<()> {
        let pair = Pair::to_array(room, &self.structure, self.stride, Order::C).ok_or(Error::bad_argument())?;
        let walk = pair.plan(Purpose::Each, Order::C);
        // SAFETY: the caller passes on W1 to W4; the item is not smaller than its format says, and has as many values as the
        // array has room for.
        unsafe {
            let (walk, fields) = match (walk, self.fields()) {
                (Some(walk), Some(fields)) => (walk, fields),
                (walk, _) => return self.values_to_array(walk),
            };
            let conversion = RecordConversion::to_array(fields, self.compiled.counts().size, self.ctype);
            let result = kernels::convert_records(walk, &conversion, self.memory, self.array);
            result.map_err(|misfit| misfit.fault.at(self.number_at(misfit.offset.unsigned_abs())))
        }
    }

    /// # Safety
    /// W1 to W4 for the walk, with items as the format says.
    #[inline(never)]
    unsafe fn values_to_array(&self, walk: Option<Plan<'_>>) -> Result<()> {
        // SAFETY: the caller passes on W1 to W4.
        unsafe { try_each(walk, self.memory, self.array, |item, numbers| self.unpack(item, numbers)) }
    }

    /// # Safety
    /// W1 to W4, for one item.
    #[inline(never)]
    unsafe fn unpack(&self, item: *const u8, numbers: *mut u8) -> Result<()> {
        let mut to = numbers;
        // SAFETY: the caller guarantees W1 to W4 for the item.
        unsafe {
            self.compiled.unpack(bytes_of(item, self.compiled.counts().size), &mut |value| {
                match number_bytes(self.ctype, value) {
                    Ok(number) => core::ptr::copy_nonoverlapping(number.as_ptr(), to, self.ctype.size()),
                    Err(fault) => return Err(fault.at(self.number_at(to.addr().wrapping_sub(self.array.addr())))),
                }
                to = to.wrapping_add(self.ctype.size());
                Ok(())
            })
        }
    }

    /// # Safety
    /// W1 to W4, for the array first.
    unsafe fn items_from_array(&self, room: &mut [Axis]) -> Result<()> {
        let pair = Pair::from_array(room, &self.structure, self.stride, Order::C).ok_or(Error::bad_argument())?;
        let walk = pair.plan(Purpose::Write, Order::C);
        // SAFETY: the caller passes on W1 to W4; the item is not smaller than its format says, and the array has as many
        // numbers as it has values, all of which fit if none is found that does not.
        unsafe {
            let (walk, fields) = match (walk, self.fields()) {
                // Of items that share memory, the last one must win.
                (Some(walk), Some(fields)) if !walk.ordered => (walk, fields),
                (walk, _) => return self.values_from_array(walk),
            };
            let conversion = RecordConversion::from_array(fields, self.compiled.counts().size, self.ctype);
            let records = self.structure.items();
            if let Some((place, fault)) = conversion.first_misfit(self.array, records) {
                return Err(fault.at(self.number_at(place.addr().wrapping_sub(self.array.addr()))));
            }
            let result = kernels::convert_records(walk, &conversion.of_known(), self.array, self.memory);
            result.map_err(|misfit| misfit.fault.into())
        }
    }

    /// # Safety
    /// W1 to W4 for the walk, for the array first, with items as the format says.
    #[inline(never)]
    unsafe fn values_from_array(&self, walk: Option<Plan<'_>>) -> Result<()> {
        // SAFETY: the caller passes on W1 to W4.
        unsafe {
            self.check_array()?;
            try_each(walk, self.array, self.memory, |numbers, item| self.pack(numbers, item))
        }
    }

    /// Whether the items can take all numbers of the array.
    ///
    /// # Safety
    /// W1 for the array.
    #[inline(never)]
    unsafe fn check_array(&self) -> Result<()> {
        let mut array = ArrayValues { at: self.array, left: self.count, ctype: self.ctype };
        while array.left > 0 {
            let checked = self.count - array.left;
            self.compiled.check_numbers(&mut array, checked)?;
        }
        Ok(())
    }

    /// # Safety
    /// W1 to W4, for one item.
    #[inline(never)]
    unsafe fn pack(&self, numbers: *const u8, item: *mut u8) -> Result<()> {
        let counts = self.compiled.counts();
        let mut array = ArrayValues { at: numbers, left: counts.values, ctype: self.ctype };
        // SAFETY: the caller guarantees W1 to W4 for the item.
        let item = unsafe { bytes_mut_of(item, counts.size) };
        self.compiled.write_numbers(item, &mut array)
    }
}

/// The values of the numbers at `at`, all that are left; they may be read.
struct ArrayValues {
    at: *const u8,
    left: usize,
    ctype: CType,
}

impl Iterator for ArrayValues {
    type Item = Value<'static>;

    fn next(&mut self) -> Option<Value<'static>> {
        self.left = self.left.checked_sub(1)?;
        let mut bytes = [0; 8];
        // SAFETY: the struct's contract; no number has more bytes.
        unsafe { core::ptr::copy_nonoverlapping(self.at, bytes.as_mut_ptr(), self.ctype.size()) };
        self.at = self.at.wrapping_add(self.ctype.size());
        Some(value_of(self.ctype, bytes))
    }
}

/// The bytes of the number that a value is, as many of them as the type has.
fn number_bytes(ctype: CType, value: Value<'_>) -> core::result::Result<[u8; 8], Fault> {
    let mut bytes = [0; 8];
    match ctype {
        CType::Double => bytes = f64::from_value(value)?.to_ne_bytes(),
        CType::Int64 => bytes = i64::from_value(value)?.to_ne_bytes(),
        CType::Uint64 => bytes = u64::from_value(value)?.to_ne_bytes(),
        CType::Float => {
            if let Some(first) = bytes.first_chunk_mut() {
                *first = f32::from_value(value)?.to_ne_bytes();
            }
        }
    }
    Ok(bytes)
}

/// The value of a number with these bytes.
fn value_of(ctype: CType, bytes: [u8; 8]) -> Value<'static> {
    match ctype {
        CType::Double => f64::from_ne_bytes(bytes).to_value(),
        CType::Int64 => i64::from_ne_bytes(bytes).to_value(),
        CType::Uint64 => u64::from_ne_bytes(bytes).to_value(),
        CType::Float => f32::from_ne_bytes(*bytes.first_chunk().unwrap_or(&[0; 4])).to_value(),
    }
}
