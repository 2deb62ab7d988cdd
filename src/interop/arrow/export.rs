//! From a view to an array and its schema.

use core::ffi::c_void;
use core::ptr::{NonNull, null, null_mut};

use crate::abi::arrow::{ARROW_FLAG_NULLABLE, ArrowArray, ArrowSchema};
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::PyObject;
use crate::buffer;
use crate::error::{Error, Result};
use crate::layout::{Order, items_of};
use crate::objects::memoryview;
use crate::runtime::alloc::Scratch;
use crate::runtime::refs::Owned;

use super::super::element::Element;
use super::super::text::Text;
use super::tensor;
use super::types::{self, MOST};

/// What an exported array owns. Each has a reference of its own, since a consumer may move a child out of its parent and release
/// the parent first.
struct ArrayParts {
    _view: Owned<PyMemoryViewObject>,
    buffers: [*const c_void; 2],
    child: ArrowArray,
    children: [*mut ArrowArray; 1],
}

/// What an exported schema owns; after it, its metadata.
struct SchemaParts {
    format: Text<32>,
    child: ArrowSchema,
    children: [*mut ArrowSchema; 1],
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: P2: an export, or a copy of it, that has not been released; its parts are those that `export` has given it. It
    // counts as released before foreign code runs.
    unsafe {
        let Some(parts) = NonNull::new((*array).private_data.cast::<ArrayParts>()) else { return };
        ((*array).release, (*array).private_data) = (None, null_mut());
        let child = &raw mut (*parts.as_ptr()).child;
        if let Some(release) = (*child).release {
            release(child);
        }
        Scratch::end(parts);
    }
}

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: P2: an export, or a copy of it, that has not been released; its parts are those that `export` has given it.
    unsafe {
        let Some(parts) = NonNull::new((*schema).private_data.cast::<SchemaParts>()) else { return };
        ((*schema).release, (*schema).private_data) = (None, null_mut());
        let child = &raw mut (*parts.as_ptr()).child;
        if let Some(release) = (*child).release {
            release(child);
        }
        Scratch::end(parts);
    }
}

/// Room for the parts of an array.
fn array_room() -> Result<Scratch> {
    Scratch::new(size_of::<ArrayParts>())
}

/// An array without nulls of this length, with these parts.
///
/// # Safety
/// The memory is that of `array_room`.
unsafe fn array(
    memory: Scratch,
    length: usize,
    data: Option<*const c_void>,
    child: ArrowArray,
    view: Owned<PyMemoryViewObject>,
) -> ArrowArray {
    let has_child = child.release.is_some();
    let parts: *mut ArrayParts = memory.into_raw().cast();
    // SAFETY: the memory is large enough, and this function's own.
    unsafe {
        let buffers = [null(), data.unwrap_or(null())];
        parts.write(ArrayParts { _view: view, buffers, child, children: [null_mut()] });
        (*parts).children = [&raw mut (*parts).child];
        ArrowArray {
            length: length as i64,
            n_buffers: if data.is_some() { 2 } else { 1 },
            n_children: has_child.into(),
            buffers: (&raw mut (*parts).buffers).cast(),
            children: if has_child { (&raw mut (*parts).children).cast() } else { null_mut() },
            release: Some(release_array),
            private_data: parts.cast(),
            ..ArrowArray::RELEASED
        }
    }
}

/// Room for the parts of a schema with so many bytes of metadata.
fn schema_room(metadata: &[u8]) -> Result<Scratch> {
    Scratch::new(size_of::<SchemaParts>() + metadata.len())
}

/// A schema with these parts. Items may be null by their type, as those of most producers, and never are.
///
/// # Safety
/// The memory is that of `schema_room` for this metadata.
unsafe fn schema(
    memory: Scratch,
    format: Text<32>,
    metadata: &[u8],
    child: ArrowSchema,
    is_child: bool,
) -> ArrowSchema {
    let has_child = child.release.is_some();
    let parts: *mut SchemaParts = memory.into_raw().cast();
    // SAFETY: the memory is large enough, and this function's own.
    unsafe {
        parts.write(SchemaParts { format, child, children: [null_mut()] });
        (*parts).children = [&raw mut (*parts).child];
        let behind: *mut u8 = parts.add(1).cast();
        core::ptr::copy_nonoverlapping(metadata.as_ptr(), behind, metadata.len());
        ArrowSchema {
            format: (*parts).format.as_ptr(),
            name: if is_child { c"item".as_ptr() } else { c"".as_ptr() },
            metadata: if metadata.is_empty() { null() } else { behind.cast() },
            flags: ARROW_FLAG_NULLABLE,
            n_children: has_child.into(),
            children: if has_child { (&raw mut (*parts).children).cast() } else { null_mut() },
            release: Some(release_schema),
            private_data: parts.cast(),
            ..ArrowSchema::RELEASED
        }
    }
}

/// `pybuffer_arrow_export`: an array of the items along the first axis: of one axis, items; of two, fixed-size lists; of more,
/// tensors of a fixed shape, whose storage is such lists.
///
/// # Safety
/// O1; P2 for what is returned.
pub(crate) unsafe fn export(obj: NonNull<PyObject>) -> Result<(ArrowArray, ArrowSchema)> {
    // SAFETY: O1. A memoryview has a format, shape and strides (B1), which stay while there is a reference to it. All memory is
    // there before any is used, so that nothing fails from then on.
    unsafe {
        let memoryview = memoryview::from_object(obj)?;
        let view = &(*memoryview.as_ptr()).view;
        let structure = buffer::structure(view).ok_or(buffer::NEGATIVE)?;
        if structure.suboffsets.is_some() {
            return Err(Error::not_implemented(c"Arrow: memory behind pointers (suboffsets) is not contiguous"));
        }
        if !structure.is_contiguous(Order::C) {
            return Err(Error::buffer(c"Arrow: the memory is not C-contiguous"));
        }
        let name = Element::of_view(view)?.and_then(types::name_of).ok_or(Error::buffer(
            c"Arrow: items must be integers or floats of up to 8 bytes in the machine's byte order, or bytes",
        ))?;
        let Some((&length, inner)) = structure.shape.and_then(|shape| shape.split_first()) else {
            return Err(Error::buffer(c"Arrow: an array has at least one axis"));
        };
        let size = items_of(inner).map(isize::unsigned_abs).filter(|&size| inner.is_empty() || size <= MOST);
        let size = size.ok_or(Error::buffer(c"Arrow: more than 2147483647 items for each index of the first axis"))?;
        let length = length.unsigned_abs();
        let data = Some(view.buf.cast_const());

        let (memory, names) = (array_room()?, schema_room(&[])?);
        if inner.is_empty() {
            let items = array(memory, length, data, ArrowArray::RELEASED, memoryview);
            return Ok((items, schema(names, name, &[], ArrowSchema::RELEASED, false)));
        }
        let metadata = if inner.len() > 1 { tensor::metadata(inner) } else { Text::EMPTY };
        let metadata = metadata.bytes();
        let (list_memory, list_names) = (array_room()?, schema_room(metadata)?);
        let another = Owned::share(memoryview.as_non_null());
        let items = array(memory, structure.items(), data, ArrowArray::RELEASED, memoryview);
        let item = schema(names, name, &[], ArrowSchema::RELEASED, true);
        let lists = array(list_memory, length, None, items, another);
        Ok((lists, schema(list_names, types::sized(b"+w:", size), metadata, item, false)))
    }
}
