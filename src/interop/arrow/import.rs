//! From an array and its schema to a memoryview.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::{NonNull, null_mut};

use crate::abi::arrow::{ArrowArray, ArrowSchema};
use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::PyMemoryViewObject;
use crate::error::{Error, Result};
use crate::layout::{MAX_NDIM, bytes_of};
use crate::objects::{memory, memoryview};
use crate::runtime::alloc::Scratch;
use crate::runtime::indicator;
use crate::runtime::refs::Owned;

use super::nulls::all_valid;
use super::tensor;
use super::types::{self, Type};

/// `pybuffer_arrow_import`: a memoryview of the array. Both structs are taken over, and released on failure.
///
/// # Safety
/// P1; both structs may be written.
pub(crate) unsafe fn import(
    array: NonNull<ArrowArray>,
    schema: NonNull<ArrowSchema>,
) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: P1: moved, as Arrow's specification says: the caller's are released from now on. The error may name the type, so
    // it is raised before the schema is released. Foreign code does not disturb the pending error.
    unsafe {
        let mut moved = array.as_ptr().read();
        let mut schema_moved = schema.as_ptr().read();
        (*array.as_ptr()).release = None;
        (*schema.as_ptr()).release = None;
        let made = view_of(&moved, &schema_moved).map_err(|error| {
            indicator::raise(error);
            Error::Raised
        });
        if made.is_err() {
            release_quietly(&mut moved);
        }
        if let Some(release) = schema_moved.release {
            indicator::quietly(|| release(&raw mut schema_moved));
        }
        made
    }
}

/// # Safety
/// P1.
unsafe fn release_quietly(array: &mut ArrowArray) {
    if let Some(release) = array.release {
        // SAFETY: P1: it has not been released.
        indicator::quietly(|| unsafe { release(array) });
    }
}

/// `destroy` of an import's memory.
///
/// # Safety
/// P1; called once, with an array in memory that `view_of` has made.
unsafe extern "C" fn destroy(context: *mut c_void) {
    let Some(array) = NonNull::new(context.cast::<ArrowArray>()) else { return };
    // SAFETY: P1; the array is this library's copy, in memory of its own.
    unsafe {
        let memory = Scratch::from_raw(array.cast());
        if let Some(release) = (*array.as_ptr()).release {
            release(array.as_ptr());
        }
        drop(memory);
    }
}

/// A memoryview that owns a copy of the array struct. On failure nothing has been taken over.
///
/// # Safety
/// P1.
unsafe fn view_of(array: &ArrowArray, schema: &ArrowSchema) -> Result<Owned<PyMemoryViewObject>> {
    let mut axes = Axes { shape: [0; MAX_NDIM], ndim: 0 };
    // SAFETY: P1. The copy is owned by the memory object, or freed here.
    unsafe {
        let items = axes.walk(array, schema)?;
        let shape = axes.shape.get(..axes.ndim).unwrap_or_default();
        let len = bytes_of(shape, items.itemsize).ok_or(TOO_LARGE)?;
        let description = Py_buffer {
            buf: items.data,
            len,
            itemsize: items.itemsize,
            readonly: 1,
            ndim: axes.ndim as c_int,
            format: items.format.as_ptr().cast_mut(),
            shape: axes.shape.as_mut_ptr(),
            ..Py_buffer::EMPTY
        };
        let copy = Scratch::new(size_of::<ArrowArray>())?;
        let context: *mut ArrowArray = copy.as_ptr().cast();
        context.write(core::ptr::from_ref(array).read());
        let view = memoryview::of_memory(memory::new(&description, Some(destroy), context.cast())?)?;
        copy.into_raw();
        Ok(view)
    }
}

const TOO_LARGE: Error = Error::value(c"Arrow: the array is too large");
const TOO_DEEP: Error = Error::value(c"Arrow: lists in more than 64 axes");

fn refused(condition: bool, text: &'static CStr) -> Result<()> {
    if condition { Err(Error::value(text)) } else { Ok(()) }
}

/// A count that must not be negative.
fn count(number: i64, text: &'static CStr) -> Result<usize> {
    usize::try_from(number).map_err(|_| Error::value(text))
}

/// The items at the end of the nested lists.
struct Items {
    /// The first one; NULL where there are none.
    data: *mut c_void,
    itemsize: isize,
    format: super::super::text::Text<32>,
}

/// The axes, from the outermost list inwards.
struct Axes {
    shape: [isize; MAX_NDIM],
    ndim: usize,
}

impl Axes {
    fn push(&mut self, items: usize) -> Result<()> {
        let axis = self.shape.get_mut(self.ndim).ok_or(TOO_DEEP)?;
        *axis = items.cast_signed();
        self.ndim += 1;
        Ok(())
    }

    /// Follows the lists to the items.
    ///
    /// # Safety
    /// P1.
    unsafe fn walk(&mut self, mut array: &ArrowArray, mut schema: &ArrowSchema) -> Result<Items> {
        // The items of the array that belong to the view, counted from its offset.
        let (mut start, mut length) = (0, count(array.length, c"Arrow: the length must not be negative")?);
        self.push(length)?;
        // Tensors of no axes would lead to the end of any chain, and nowhere where it leads back to itself.
        for _ in 0..=MAX_NDIM {
            // SAFETY: P1: pointers that are not NULL lead to what their type says.
            unsafe {
                let offset = check(array, schema)?;
                let first = offset.checked_add(start).ok_or(TOO_LARGE)?;
                let end = first.checked_add(length).filter(|&end| isize::try_from(end).is_ok()).ok_or(TOO_LARGE)?;
                match types::parse(CStr::from_ptr(schema.format))? {
                    Type::Items(element) => {
                        refused(array.n_buffers != 2, c"Arrow: items must have two buffers")?;
                        refused(
                            array.n_children != 0 || schema.n_children != 0,
                            c"Arrow: items must have no children",
                        )?;
                        refuse_nulls(array, first, length)?;
                        let fits = end.checked_mul(element.size).is_some_and(|bytes| isize::try_from(bytes).is_ok());
                        refused(!fits, c"Arrow: the array is too large")?;
                        let data = array.buffers.add(1).read().cast_mut();
                        let is_empty = length == 0 || element.size == 0;
                        refused(!is_empty && data.is_null(), c"Arrow: the buffer of the items is NULL")?;
                        return Ok(Items {
                            data: if data.is_null() {
                                null_mut()
                            } else {
                                data.wrapping_byte_add(first * element.size)
                            },
                            itemsize: element.size.cast_signed(),
                            format: element.format().ok_or(Error::bad_argument())?,
                        });
                    }
                    Type::Lists(size) => {
                        refused(array.n_buffers != 1, c"Arrow: lists must have one buffer")?;
                        refused(array.n_children != 1 || schema.n_children != 1, c"Arrow: lists must have one child")?;
                        refuse_nulls(array, first, length)?;
                        let rest = self.shape.get_mut(self.ndim..).unwrap_or_default();
                        match tensor::shape_of(schema.metadata, size, rest)? {
                            Some(ndim) => self.ndim += ndim,
                            None => self.push(size)?,
                        }
                        start = first.checked_mul(size).ok_or(TOO_LARGE)?;
                        length = length.checked_mul(size).ok_or(TOO_LARGE)?;
                        array = child(array.children.cast_const())?;
                        schema = child(schema.children.cast_const())?;
                        let all = count(array.length, c"Arrow: the length must not be negative")?;
                        let is_inside = start.checked_add(length).is_some_and(|end| end <= all);
                        refused(!is_inside, c"Arrow: the child has fewer items than the lists")?;
                    }
                }
            }
        }
        Err(TOO_DEEP)
    }
}

/// Checks what all arrays have. Returns the offset.
fn check(array: &ArrowArray, schema: &ArrowSchema) -> Result<usize> {
    refused(array.release.is_none(), c"Arrow: the array has been released")?;
    refused(schema.release.is_none(), c"Arrow: the schema has been released")?;
    refused(schema.format.is_null(), c"Arrow: the format is NULL")?;
    if !array.dictionary.is_null() || !schema.dictionary.is_null() {
        return Err(Error::buffer(c"Arrow: the items are indices of a dictionary"));
    }
    refused(array.n_buffers > 0 && array.buffers.is_null(), c"Arrow: the array of buffers is NULL")?;
    count(array.offset, c"Arrow: the offset must not be negative")
}

/// The only child.
///
/// # Safety
/// P1: NULL, or the children.
unsafe fn child<'a, T>(children: *const *mut T) -> Result<&'a T> {
    // SAFETY: P1.
    let child = if children.is_null() { None } else { unsafe { children.read().as_ref() } };
    child.ok_or(Error::value(c"Arrow: the child is NULL"))
}

/// Refuses an array with nulls among these items.
///
/// # Safety
/// P1; the array has a buffer.
unsafe fn refuse_nulls(array: &ArrowArray, first: usize, length: usize) -> Result<()> {
    refused(array.null_count < -1, c"Arrow: the number of nulls must not be negative")?;
    if array.null_count == 0 {
        return Ok(());
    }
    // SAFETY: P1: the first buffer is NULL, or has a bit for each item.
    let has_nulls = unsafe {
        let bitmap: *const u8 = array.buffers.read().cast();
        if bitmap.is_null() { array.null_count > 0 } else { !all_valid(bitmap, first, length) }
    };
    if has_nulls { Err(Error::buffer(c"Arrow: the array has nulls")) } else { Ok(()) }
}
