//! Items: addresses, values, and the values of all.

use core::ffi::c_void;
use core::ops::ControlFlow;
use core::ptr::NonNull;

use crate::abi::buffer::Py_buffer;
use crate::abi::format::pybuffer_value;
use crate::abi::object::PyObject;
use crate::buffer;
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::format::{CNumber, CompiledFormat, Counts};
use crate::kernels;
use crate::layout::{self, AxesMut, Order, Pair, Purpose, Structure, Subscript, with_room};
use crate::objects::format::{NO_VALUE, read_value, write_values};
use crate::runtime::alloc::Scratch;

use super::access::Access;
use super::whole::Whole;

/// The error for writing to a read-only memoryview, with CPython's text.
const READ_ONLY: Error = Error::wrong_type(c"cannot modify read-only memory");

/// Checks that the memory of a view may be written; otherwise a `TypeError`.
pub(super) fn check_writable(view: &Py_buffer) -> Result<()> {
    if view.readonly == 0 { Ok(()) } else { Err(READ_ONLY) }
}

impl Whole {
    /// Checks that the memory may be written; otherwise a `TypeError`.
    pub(super) fn writable(&self) -> Result<()> {
        check_writable(self.view())
    }

    /// The address of the item at these indices, one for each axis; negative ones count from the end.
    ///
    /// # Safety
    /// W3.
    pub(super) unsafe fn item(&self, indices: &[isize]) -> Result<*mut u8> {
        let structure = self.structure()?;
        if indices.len() != structure.ndim {
            return Err(Error::with(
                ErrorKind::Type,
                c"wrong number of indices: expected %zd, got %zd",
                Argument::Size(structure.ndim.cast_signed()),
                Argument::Size(indices.len().cast_signed()),
            ));
        }
        let mut none = AxesMut { shape: &mut [], strides: &mut [], suboffsets: &mut [] };
        let subscripts = indices.iter().map(|&index| Subscript::Index(index));
        // SAFETY: the view is complete (B1).
        unsafe { buffer::select_from(&structure, self.view().buf.cast(), subscripts, &mut none) }
    }

    /// Runs `act` with the compiled format, which has `count` values, and with the bytes of an item that they take.
    pub(super) fn with_compiled<R>(
        &self,
        count: usize,
        act: impl FnOnce(&CompiledFormat<'_>, usize) -> Result<R>,
    ) -> Result<R> {
        self.with_format(|compiled| {
            let counts = compiled.counts();
            if counts.values != count {
                return Err(Error::with(
                    ErrorKind::Value,
                    c"wrong number of values for an item: expected %zd, got %zd",
                    Argument::count(counts.values),
                    Argument::count(count),
                ));
            }
            self.holds(counts.size)?;
            act(compiled, counts.size)
        })
    }

    /// Checks that an item of the view can be packed from these values, for views without items.
    ///
    /// # Safety
    /// What [`read_value`] needs of the values.
    pub(super) unsafe fn check_packed(&self, values: &[pybuffer_value]) -> Result<()> {
        // SAFETY: the caller guarantees that the values are what `read_value` needs.
        unsafe {
            check_values(values)?;
            self.with_compiled(values.len(), |compiled, _| {
                compiled.check_values(&mut values.iter().filter_map(|value| read_value(value)))
            })
        }
    }

    /// Packs an item of the view from its values, if there are as many as it has, and passes it to `act`.
    ///
    /// # Safety
    /// What [`read_value`] needs of the values.
    pub(super) unsafe fn with_packed<R>(
        &self,
        values: &[pybuffer_value],
        act: impl FnOnce(*const u8, usize) -> Result<R>,
    ) -> Result<R> {
        // SAFETY: the caller guarantees that the values are what `read_value` needs.
        unsafe { check_values(values)? };
        // SAFETY: the caller guarantees that the values are what `read_value` needs.
        let known = |value| unsafe { read_value(value) };
        self.with_compiled(values.len(), |compiled, size| {
            let values = values.iter().filter_map(known);
            // Not in place: the values may be bytes of the item itself.
            let mut small = [0; 64];
            if let Some(item) = small.get_mut(..size) {
                compiled.pack(item, values)?;
                return act(item.as_ptr(), size);
            }
            let memory = Scratch::new(size)?;
            // SAFETY: fresh memory of that size; every byte is written before it is read.
            let item = unsafe {
                memory.as_ptr().write_bytes(0, size);
                core::slice::from_raw_parts_mut(memory.as_ptr(), size)
            };
            compiled.pack(item, values)?;
            act(item.as_ptr(), size)
        })
    }

    /// The values of an item.
    ///
    /// # Safety
    /// W3; `count` values may be written.
    pub(crate) unsafe fn get_item(&self, indices: &[isize], values: *mut pybuffer_value, count: usize) -> Result<()> {
        // SAFETY: the caller guarantees W3, and has room for the values; the item has as many bytes as the compiled format needs.
        unsafe {
            let item = self.item(indices)?;
            self.with_compiled(count, |compiled, size| write_values(compiled, bytes_of(item, size), values))
        }
    }

    /// Writes an item.
    ///
    /// # Safety
    /// W3; what [`read_value`] needs of the values.
    pub(crate) unsafe fn set_item(&self, indices: &[isize], values: &[pybuffer_value]) -> Result<()> {
        // SAFETY: the caller guarantees W3; its values are what `read_value` needs; the item has as many bytes as were packed.
        unsafe {
            self.writable()?;
            let item = self.item(indices)?;
            self.with_packed(values, |packed, size| {
                core::ptr::copy_nonoverlapping(packed, item, size);
                Ok(())
            })
        }
    }

    /// The values of all items in C order.
    ///
    /// # Safety
    /// W3; `count` values may be written.
    pub(crate) unsafe fn values(&self, values: *mut pybuffer_value, count: usize) -> Result<()> {
        let (structure, base) = (self.structure()?, self.view().buf.cast());
        with_all(self, count, |compiled, element| {
            // Items without values may be any number.
            if count == 0 {
                return Ok(());
            }
            with_room!(structure.ndim, room => {
                let pair = Pair::to_array(room, &structure, element, Order::C).ok_or(Error::bad_argument())?;
                // SAFETY: the caller guarantees W3, and has room for the values; each item has as many bytes as the compiled
                // format needs, and room for its values.
                unsafe {
                    try_each(pair.plan(Purpose::Each, Order::C), base, values.cast(), |item, to| {
                        write_values(compiled, bytes_of(item, compiled.counts().size), to.cast())
                    })
                }
            })
        })
    }
}

/// `TypeError` for a value of unknown kind.
///
/// # Safety
/// What [`read_value`] needs of the values.
pub(super) unsafe fn check_values(values: &[pybuffer_value]) -> Result<()> {
    // SAFETY: the caller guarantees that the values are what `read_value` needs.
    if values.iter().any(|value| unsafe { read_value(value) }.is_none()) {
        return Err(NO_VALUE);
    }
    Ok(())
}

/// The bytes of an item.
///
/// # Safety
/// `size` bytes may be read at `item`, for as long as the result is used, and W3.
pub(super) unsafe fn bytes_of<'a>(item: *const u8, size: usize) -> &'a [u8] {
    // SAFETY: the caller guarantees that as many bytes may be read there, and W3. Items without bytes may be anywhere.
    if size == 0 { &[] } else { unsafe { core::slice::from_raw_parts(item, size) } }
}

/// The bytes of an item, to be written.
///
/// # Safety
/// As [`bytes_of`], and the bytes may be written.
pub(super) unsafe fn bytes_mut_of<'a>(item: *mut u8, size: usize) -> &'a mut [u8] {
    // SAFETY: the caller guarantees that as many bytes may be written there, and W3.
    if size == 0 { &mut [] } else { unsafe { core::slice::from_raw_parts_mut(item, size) } }
}

/// The address of an item.
///
/// # Safety
/// O1, and W3 for the pointers that lead there.
pub(crate) unsafe fn item_pointer(op: NonNull<PyObject>, indices: &[isize]) -> Result<*mut c_void> {
    // SAFETY: the caller guarantees O1, and W3 for the pointers.
    unsafe { Access::new(op)?.item(indices) }.map(<*mut u8>::cast)
}

/// The values of an item.
///
/// # Safety
/// O1 and W3; `count` values may be written.
pub(crate) unsafe fn get_item(
    op: NonNull<PyObject>,
    indices: &[isize],
    values: *mut pybuffer_value,
    count: usize,
) -> Result<()> {
    // SAFETY: the caller guarantees O1 and W3, and has room for the values.
    unsafe { Access::new(op)?.get_item(indices, values, count) }
}

/// Writes an item.
///
/// # Safety
/// O1 and W3; what [`read_value`] needs of the values.
pub(crate) unsafe fn set_item(op: NonNull<PyObject>, indices: &[isize], values: &[pybuffer_value]) -> Result<()> {
    // SAFETY: the caller guarantees O1 and W3; its values are what `read_value` needs.
    unsafe { Access::new(op)?.set_item(indices, values) }
}

/// Reads an item as a number.
///
/// # Safety
/// O1 and W3.
pub(crate) unsafe fn get_number<T: CNumber>(op: NonNull<PyObject>, indices: &[isize]) -> Result<T> {
    // SAFETY: the caller guarantees O1 and W3; the item has as many bytes as the compiled format needs.
    unsafe {
        let access = Access::new(op)?;
        let item = access.item(indices)?;
        access.with_compiled(1, |compiled, size| {
            compiled.check_format_of_numbers()?;
            let value = compiled.first(bytes_of(item, size)).ok_or(Error::bad_argument())?;
            Ok(T::from_value(value)?)
        })
    }
}

/// Writes a number to an item.
///
/// # Safety
/// O1 and W3.
pub(crate) unsafe fn set_number<T: CNumber>(op: NonNull<PyObject>, indices: &[isize], number: T) -> Result<()> {
    // SAFETY: the caller guarantees O1 and W3; the item has as many bytes as the compiled format needs.
    unsafe {
        let access = Access::new(op)?;
        access.writable()?;
        let item = access.item(indices)?;
        access.with_compiled(1, |compiled, size| {
            compiled.check_format_of_numbers()?;
            let number = number.to_value();
            compiled.check_number(number)?;
            compiled.write_numbers(bytes_mut_of(item, size), &mut core::iter::once(number))
        })
    }
}

/// How many values as many items have, each so many; `None` where it does not fit in an `isize`.
pub(super) fn values_of(items: usize, each: usize) -> Option<usize> {
    items.checked_mul(each).filter(|&values| isize::try_from(values).is_ok())
}

/// Runs `act` with the compiled format where all items together have `count` values, and with the bytes that those of
/// one item take in an array.
fn with_all<R>(view: &Whole, count: usize, act: impl FnOnce(&CompiledFormat<'_>, isize) -> Result<R>) -> Result<R> {
    let items = view.structure()?.items();
    view.with_format(|compiled| {
        let Counts { values: each, size, .. } = compiled.counts();
        let values = values_of(items, each);
        if values != Some(count) {
            return Err(Error::with(
                ErrorKind::Value,
                if values.is_some() {
                    c"wrong number of values: expected %zd, got %zd"
                } else {
                    c"wrong number of values: expected more than %zd, got %zd"
                },
                Argument::count(values.unwrap_or(usize::MAX)),
                Argument::count(count),
            ));
        }
        view.holds(size)?;
        if count.checked_mul(size_of::<pybuffer_value>()).is_none_or(|size| isize::try_from(size).is_err()) {
            return Err(Error::no_memory());
        }
        // Each has no more values than all, unless there are no items, and then there is no array.
        let element = each.saturating_mul(size_of::<pybuffer_value>());
        act(compiled, isize::try_from(element).unwrap_or(0))
    })
}

/// Runs `act` with the two addresses of each pair of items of a walk until it fails.
///
/// # Safety
/// As `kernels::visit`.
pub(super) unsafe fn try_each(
    walk: Option<layout::Plan<'_>>,
    src: *const u8,
    dst: *mut u8,
    mut act: impl FnMut(*const u8, *mut u8) -> Result<()>,
) -> Result<()> {
    let Some(walk) = walk else { return Ok(()) };
    let mut result = Ok(());
    // SAFETY: the caller passes on the contract of `kernels::visit`, W1 and W2.
    let _: ControlFlow<()> = unsafe {
        kernels::visit(&walk, src, dst, |src, dst| {
            result = act(src, dst);
            if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    };
    result
}

/// `memoryview.tolist()`: the values of all items in C order.
///
/// # Safety
/// O1 and W3; `count` values may be written.
pub(crate) unsafe fn values(op: NonNull<PyObject>, values: *mut pybuffer_value, count: usize) -> Result<()> {
    // SAFETY: the caller guarantees O1 and W3, and has room for the values.
    unsafe { Access::new(op)?.values(values, count) }
}

/// Writes all items from their values, which are all checked before anything is written.
///
/// # Safety
/// O1 and W3; what [`read_value`] needs of the `count` values, none of which is bytes in the memory of the view.
pub(crate) unsafe fn set_values(op: NonNull<PyObject>, values: *const pybuffer_value, count: usize) -> Result<()> {
    // SAFETY: the caller guarantees O1 and W3; its values are what `read_value` needs, and not in the view; each item has as
    // many bytes as the compiled format needs.
    unsafe {
        let access = Access::new(op)?;
        access.writable()?;
        let (structure, base) = (access.structure()?, access.view().buf.cast());
        with_all(&access, count, |compiled, element| {
            let values = core::slice::from_raw_parts(values, count);
            check_values(values)?;
            let mut checked = values.iter().filter_map(|value| read_value(value));
            let Counts { values: each, size, .. } = compiled.counts();
            for _ in 0..values.len().checked_div(each).unwrap_or(0) {
                compiled.check_values(&mut checked)?;
            }
            // Only so many bytes of each item are written, possibly none.
            let structure = Structure { itemsize: size.cast_signed(), ..structure };
            with_room!(structure.ndim, room => {
                let pair = Pair::from_array(room, &structure, element, Order::C).ok_or(Error::bad_argument())?;
                let walk = pair.plan(Purpose::Write, Order::C);
                try_each(walk, values.as_ptr().cast(), base, |from, item| {
                    let values = if each == 0 { &[] } else { core::slice::from_raw_parts(from.cast(), each) };
                    compiled.write_values(bytes_mut_of(item, size), &mut values.iter().filter_map(|value| read_value(value)))
                })
            })
        })
    }
}
