//! Converts the values of one view to the format of another one.
//!
//! Numbers, and records whose fields are such, go through the loops of `kernels::convert`, all others are unpacked,
//! converted and packed value by value. NumPy's counterparts are the assignment `a[...] = b` and `astype`.

use core::ffi::CStr;
use core::ops::ControlFlow;
use core::ptr::{NonNull, null};

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::buffer::{self, Acquired, Request, Within};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::format::{self, CompiledFormat, Conversions, Converter, Fault, Numbers, Value, write_repr};
use crate::kernels::{self, Operand, RecordConversion, Route};
use crate::layout::{Enough, Order, Pair, Plan, Purpose, Structure, bytes_of as bytes_of_shape, with_room};
use crate::objects::bytearray;
use crate::objects::format::{CompiledFor, with_compiled_for};
use crate::runtime::note::{Note, with_note};
use crate::runtime::refs::Owned;

use super::access::Access;
use super::copies::{laid_over, order_of_copy};
use super::items::{bytes_mut_of, bytes_of, check_writable};
use super::numbers::WORTH;
use super::whole::SMALLER;

/// `pybuffer_memoryview_convert`.
///
/// # Safety
/// O1 for both, and W3.
pub(crate) unsafe fn convert(dest: NonNull<PyObject>, source: NonNull<PyObject>) -> Result<()> {
    // SAFETY: the caller guarantees O1 and W3; the view stays where it is. The exporters vouch for the memory (B1).
    with_note(|note| unsafe {
        let access = Access::new(dest)?;
        access.writable()?;
        // It ends before the access, since the end of that may release the exporter's view.
        let mut src = Acquired::empty();
        src.look(source.as_ptr(), Request::FULL_RO, Within::Allocations)?;
        converted(src.view(), access.view(), note)
    })
}

/// `pybuffer_view_convert`.
///
/// # Safety
/// B1 for both, and W3.
pub(crate) unsafe fn convert_between(from: &Py_buffer, to: &Py_buffer) -> Result<()> {
    // SAFETY: the caller guarantees B1 and W3 for both.
    with_note(|note| unsafe {
        check_writable(to)?;
        converted(from, to, note)
    })
}

/// # Safety
/// B1 for both, and W3.
#[inline(never)]
unsafe fn converted(from: &Py_buffer, to: &Py_buffer, note: &mut Note) -> Result<()> {
    // SAFETY: the caller guarantees B1 and W3 for both.
    unsafe {
        let (a, b) = (buffer::checked_structure(from)?, buffer::checked_structure(to)?);
        if !a.has_shape_of(&b) {
            return Err(different_shapes(&a, &b, note));
        }
        of_views(from, to, note, &mut |work, note| work.checked(note))
    }
}

/// `pybuffer_memoryview_astype`: new memory of this format with the same shape, contiguous in `order`.
///
/// # Safety
/// O1, and W3.
pub(crate) unsafe fn as_type(op: NonNull<PyObject>, format: &CStr, order: Order) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: the caller guarantees O1 and W3; the memory is new, and no other code has seen it.
    with_note(|note| unsafe {
        let access = Access::new(op)?;
        let (view, structure) = (access.view(), access.structure()?);
        let (itemsize, shape) = (format::size(format)?, structure.shape.unwrap_or(&[]));
        let bytes = bytes_of_shape(shape, itemsize).ok_or(Error::no_memory())?;
        let memory = bytearray::from_memory(null(), bytes)?;
        let start = bytearray::start(memory.as_non_null());
        let made = laid_over(&memory.upcast(), format, itemsize, shape, order_of_copy(&structure, order))?;
        let to = &(*made.as_ptr()).view;
        of_views(view, to, note, &mut |work, note| {
            if work.values == 0 {
                start.write_bytes(0, bytes.unsigned_abs());
            }
            work.converted(note)
        })?;
        Ok(made)
    })
}

/// The error for views of two shapes.
#[cold]
fn different_shapes(source: &Structure<'_>, dest: &Structure<'_>, note: &mut Note) -> Error {
    note.push(b"the shape of the source is ");
    note.shape(source.shape.unwrap_or(&[source.len]));
    note.push(b", that of the destination ");
    note.shape(dest.shape.unwrap_or(&[]));
    note.error(ErrorKind::Value)
}

/// Two views of the same shape, and what becomes of the values of one in the other.
struct Work<'a> {
    src: Structure<'a>,
    dst: Structure<'a>,
    src_base: *const u8,
    dst_base: *mut u8,
    from: &'a CompiledFormat<'a>,
    to: &'a CompiledFormat<'a>,
    /// The values of an item.
    values: usize,
    way: Way<'a>,
    format: &'a CStr,
}

/// How items are converted.
enum Way<'a> {
    /// Items are arrays of numbers of one type, of which they have as many.
    Numbers([Numbers; 2], Route),
    Records(RecordConversion<'a>),
    /// Items have the same bytes.
    Bytes,
    Values {
        /// Every value fits.
        always: bool,
    },
}

/// Runs `act` with two views.
///
/// # Safety
/// B1 for both, and W3; they have the same shape.
unsafe fn of_views(
    from: &Py_buffer,
    to: &Py_buffer,
    note: &mut Note,
    act: &mut dyn FnMut(&Work<'_>, &mut Note) -> Result<()>,
) -> Result<()> {
    // SAFETY: the caller guarantees B1 for both.
    let (src, dst, format, of_source) = unsafe {
        let structure = |view| buffer::structure(view).ok_or(Error::bad_argument());
        (structure(from)?, structure(to)?, buffer::format_of(to), buffer::format_of(from))
    };
    with_compiled_for(of_source, CompiledFor::Items(from.itemsize), |source| {
        with_compiled_for(format, CompiledFor::Items(to.itemsize), |dest| {
            let (of_from, of_to) = (source.counts(), dest.counts());
            if of_from.size > from.itemsize.unsigned_abs() || of_to.size > to.itemsize.unsigned_abs() {
                return Err(SMALLER);
            }
            if of_from.values != of_to.values {
                let text = c"the number of values of an item is %zd in the source, %zd in the destination";
                let [a, b] = [of_from.values, of_to.values].map(Argument::count);
                return Err(Error::with(ErrorKind::Value, text, a, b));
            }
            let work = Work {
                // Only so many bytes of each item are read and written.
                src: Structure { itemsize: of_from.size.cast_signed(), ..src },
                dst: Structure { itemsize: of_to.size.cast_signed(), ..dst },
                src_base: from.buf.cast::<u8>().cast_const(),
                dst_base: to.buf.cast(),
                from: source,
                to: dest,
                values: of_from.values,
                way: Way::new(source, dest, src.items())?,
                format,
            };
            act(&work, note)
        })
    })
}

impl<'a> Way<'a> {
    /// For so many items. What it needs of the stack is given back before items are converted.
    #[inline(never)]
    fn new(from: &CompiledFormat<'a>, to: &CompiledFormat<'a>, items: usize) -> Result<Self> {
        let (fields, sizes) = ([from.fields(), to.fields()], [from.counts().size, to.counts().size]);
        let (steps, values) = (from.counts().ops.max(to.counts().ops), items.saturating_mul(from.counts().values));
        let conversions = Conversions::new(fields, sizes)?;
        if conversions == Conversions::Numbers
            && let Some([a, b]) = from.numbers_with(to)
        {
            return Ok(Self::Numbers([a, b], Route::new(Operand::of(a), Operand::of(b))));
        }
        Ok(match conversions {
            Conversions::Bytes => Self::Bytes,
            Conversions::Numbers if values >= steps.saturating_mul(WORTH) => {
                Self::Records(RecordConversion::new(fields, sizes))
            }
            Conversions::Numbers => Self::Values { always: false },
            Conversions::Values { always } => {
                // Of items without a byte the search asks the same.
                if !always && items != 0 && sizes != [0, 0] {
                    Converter::check(from, to)?;
                }
                Self::Values { always }
            }
        })
    }
}

impl Work<'_> {
    /// Converts all items, and writes nothing unless all values fit.
    ///
    /// # Safety
    /// B1 for both views, and W3.
    unsafe fn checked(&self, note: &mut Note) -> Result<()> {
        if self.values == 0 {
            return Ok(());
        }
        // SAFETY: the caller guarantees B1 and W3.
        unsafe {
            self.check(note)?;
            buffer::transfer(self.src_base, &self.src, self.dst_base, &self.dst, &mut |part, purpose, from, to| {
                self.run(part, purpose, true, (from, to)).map(drop)
            })
        }
    }

    /// Converts all items to memory that nothing else refers to, as far as their values fit.
    ///
    /// # Safety
    /// B1 for both views, and W3 and W4.
    unsafe fn converted(&self, note: &mut Note) -> Result<()> {
        if self.values == 0 {
            return Ok(());
        }
        // SAFETY: the caller guarantees B1, W3 and W4.
        unsafe {
            if [self.src.itemsize, self.dst.itemsize] == [0, 0] {
                // Nothing is written, and whether the types convert is for the search to find out.
                return self.check(note);
            }
            let fit = with_room!(self.src.ndim.saturating_add(1), room => {
                let pair = Pair::of_views(room, &self.src, &self.dst).ok_or(Error::bad_argument())?;
                self.run(pair, Purpose::Once, false, (self.src_base, self.dst_base))?
            });
            if fit {
                Ok(())
            } else {
                self.search(note).and(Err(Error::new(ErrorKind::Overflow, c"a value is out of range")))
            }
        }
    }

    /// Finds out whether all values fit.
    ///
    /// # Safety
    /// B1 for the first view, and W3.
    #[inline(never)]
    unsafe fn check(&self, note: &mut Note) -> Result<()> {
        // SAFETY: W1 and W3 follow from B1 for the view.
        let fit = unsafe {
            match &self.way {
                Way::Bytes | Way::Values { always: true } => true,
                Way::Numbers(_, route) if route.always_fits() => true,
                Way::Records(conversion) if conversion.always_fits() => true,
                Way::Numbers([from, _], route) => {
                    self.each_source(from.count, |plan, base| kernels::numbers_fit(plan, route, base, base.cast_mut()))?
                }
                Way::Records(conversion) => {
                    self.each_source(1, |plan, base| kernels::records_fit(plan, conversion, base, base.cast_mut()))?
                }
                Way::Values { always: false } => false,
            }
        };
        // SAFETY: W1 and W3 follow from B1 for the view.
        if fit { Ok(()) } else { unsafe { self.search(note) } }
    }

    /// Calls `act` with walks that together reach all items of the first view, or all of so many equal parts of each, and the address from
    /// which each starts, until it returns `false`. Both operands are that view.
    ///
    /// # Safety
    /// B1 for the first view.
    unsafe fn each_source(&self, parts: usize, mut act: impl FnMut(&Plan<'_>, *const u8) -> bool) -> Result<bool> {
        let mut all = true;
        with_room!(self.src.ndim.saturating_add(1), room => {
            let size = self.src.itemsize.unsigned_abs().checked_div(parts).unwrap_or(0);
            let steps = (size.cast_signed(), size.cast_signed());
            let pair = Pair::of_views(room, &self.src, &self.src).and_then(|pair| pair.by_element(parts, size, steps));
            // Without room for one more axis they are searched one by one.
            let Some(pair) = pair else { return Ok(false) };
            // SAFETY: W1 and W2 follow from B1 for the view.
            unsafe {
                buffer::in_parts(pair, Enough::First, (self.src_base, self.src_base.cast_mut()), &mut |part| {
                    all = part.pair.plan(Purpose::Read, Order::C).is_none_or(|plan| act(&plan, part.src));
                    if all { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                })?;
            }
        });
        Ok(all)
    }

    /// The error of a value that does not fit, if there is one.
    ///
    /// # Safety
    /// B1 for the first view, and W3.
    #[inline(never)]
    unsafe fn search(&self, note: &mut Note) -> Result<()> {
        let mut result = Ok(());
        let mut converter = Converter::new(self.from, self.to);
        let size = self.from.counts().size;
        // SAFETY: the caller guarantees B1 for the view, hence W1, and W3; an item has as many bytes as its format says.
        unsafe {
            self.each_source(1, |plan, base| {
                let _: ControlFlow<()> = kernels::visit(plan, base, base.cast_mut(), |item, _| {
                    result = match converter.misfit(bytes_of(item, size)) {
                        Ok(None) => Ok(()),
                        Ok(Some((value, fault))) => Err(refused(value, fault, self.format, note)),
                        Err(error) => Err(error),
                    };
                    if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                });
                result.is_ok()
            })?;
        }
        result
    }

    /// Converts the items of a walk; `false` where a value does not fit.
    ///
    /// # Safety
    /// W1 to W4; all values fit if they are `known` to.
    unsafe fn run(
        &self,
        part: Pair<'_>,
        purpose: Purpose,
        known: bool,
        (src, dst): (*const u8, *mut u8),
    ) -> Result<bool> {
        // SAFETY: the caller passes on W1 to W4; what a copy covers is one number.
        unsafe {
            if let Way::Numbers([numbers, others], route) = &self.way
                && (part.has_room() || numbers.count == 1)
            {
                let [from, to] = [numbers, others].map(|numbers| numbers.scalar.size());
                let steps = (from.cast_signed(), to.cast_signed());
                let part = part.by_element(numbers.count, to, steps).ok_or(Error::bad_argument())?;
                let Some(plan) = part.plan(purpose, Order::C) else { return Ok(true) };
                let route = if known { &route.of_known() } else { route };
                return Ok(kernels::convert_by(plan, route, src, dst).is_ok());
            }
            let part = part.by_element(1, self.dst.itemsize.unsigned_abs(), (0, 0)).ok_or(Error::bad_argument())?;
            let Some(plan) = part.plan(purpose, Order::C) else { return Ok(true) };
            match &self.way {
                Way::Bytes => {
                    kernels::copy(plan, src, dst);
                    Ok(true)
                }
                // Of items that share memory, the last one must win.
                Way::Records(conversion) if !plan.ordered && known => {
                    Ok(kernels::convert_records(plan, &conversion.of_known(), src, dst).is_ok())
                }
                Way::Records(conversion) if !plan.ordered => {
                    Ok(kernels::convert_records(plan, conversion, src, dst).is_ok())
                }
                _ => self.by_values(&plan, src, dst),
            }
        }
    }

    /// Converts the items of a walk value by value; `false` where one does not fit.
    ///
    /// # Safety
    /// W1 to W4.
    #[inline(never)]
    unsafe fn by_values(&self, plan: &Plan<'_>, src: *const u8, dst: *mut u8) -> Result<bool> {
        let mut converter = Converter::new(self.from, self.to);
        let [from, to] = [self.from, self.to].map(|compiled| compiled.counts().size);
        // SAFETY: the caller passes on W1 to W4; items have as many bytes as their formats say.
        let done = unsafe {
            kernels::visit(plan, src, dst, |src, dst| {
                match converter.convert(bytes_of(src, from), bytes_mut_of(dst, to)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            })
        };
        Ok(done.is_continue())
    }
}

/// The error for a value that has no place in a format.
#[cold]
fn refused(value: Value<'_>, fault: Fault, format: &CStr, note: &mut Note) -> Error {
    let (kind, text) = match fault {
        Fault::NoNumber(_) => return fault.into(),
        Fault::Nan => (ErrorKind::Value, b" cannot be converted to an integer, as items of the format ".as_slice()),
        Fault::Range => (ErrorKind::Overflow, b" is out of range for items of the format ".as_slice()),
    };
    let _: Result<()> = write_repr(&value, &mut |piece| {
        note.push(piece);
        Ok(())
    });
    note.push(text);
    note.format(format);
    note.error(kind)
}
