//! Pictures as decoders hand them out: planes with line sizes as memoryviews, and memoryviews of planes as one exporter.
//!
//! A picture that was wrapped is one `pybuffer.memory` object for each plane. The first one has the function that frees the
//! picture; the others keep a reference to it.
//!
//! Joined planes are a `pybuffer.memory` object, too: two axes, pieces of rows and their items (`layout::Pieces`). Where the pieces
//! do not lie at one distance, a table has their addresses, and the first axis follows these pointers.

use core::ffi::{CStr, c_int, c_void};
use core::mem::size_of;
use core::ops::ControlFlow;
use core::ptr::{NonNull, null_mut};

use crate::abi::buffer::Py_buffer;
use crate::abi::exporting::pybuffer_destroy;
use crate::abi::memoryview::PyMemoryViewObject;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::abi::planes::pybuffer_plane;
use crate::buffer;
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::format;
use crate::kernels;
use crate::layout::{AxesMut, Axis, MAX_NDIM, Order, Pair, Pieces, Spacing, Structure, bytes_of, with_room};
use crate::objects::memory::{self, MemoryObject};
use crate::objects::memoryview;
use crate::runtime::alloc::Scratch;
use crate::runtime::refs::Owned;

use super::pixels::TOO_LARGE;

/// The axes of a plane: rows, columns, components.
type Entries = [Py_ssize_t; 3];

/// `pybuffer_planes_wrap`: writes a memoryview of each plane to `views`; on failure NULL, and `destroy` is not called.
///
/// # Safety
/// P1 for the planes, as many as `count` says, where the deleter is `destroy` with the context; as many views may be written.
pub(crate) unsafe fn wrap(
    planes: *const pybuffer_plane,
    count: usize,
    readonly: bool,
    destroy: pybuffer_destroy,
    context: *mut c_void,
    views: NonNull<*mut PyObject>,
) -> Result<()> {
    // SAFETY: P1; nothing else has seen the views until all are there, so their references are this function's.
    unsafe {
        let view = |number: usize| views.as_ptr().wrapping_add(number);
        (0..count).for_each(|number| view(number).write(null_mut()));
        if planes.is_null() {
            return Err(Error::NullArgument);
        }
        if count == 0 {
            return Err(Error::value(c"planes: a picture has at least one plane"));
        }
        let mut owner: Option<Owned<MemoryObject>> = None;
        let mut wrap_one = |number: usize| {
            let (mut shape, mut strides) = ([0; 3], [0; 3]);
            let plane = planes.wrapping_add(number).read();
            let obj = owner.as_ref().map_or(null_mut(), |owner| owner.as_ptr().cast());
            let description = Py_buffer { obj, ..described(&plane, readonly, &mut shape, &mut strides)? };
            let memory = match owner {
                Some(_) => memory::new(&description, None, null_mut())?,
                None => {
                    let first = memory::new(&description, destroy, context)?;
                    owner = Some(Owned::share(first.as_non_null()));
                    first
                }
            };
            view(number).write(memoryview::of_memory(memory)?.into_object());
            Ok(())
        };
        let made = (0..count).try_for_each(&mut wrap_one);
        if let (Err(_), Some(owner)) = (&made, &owner) {
            memory::disown(owner);
            (0..count).for_each(|number| drop(Owned::from_raw(view(number).replace(null_mut()))));
        }
        made
    }
}

/// The full description of a plane, without an object.
///
/// # Safety
/// P1 for the plane. The arrays live as long as the result is used.
unsafe fn described(
    plane: &pybuffer_plane,
    readonly: bool,
    shape: &mut Entries,
    strides: &mut Entries,
) -> Result<Py_buffer> {
    let &pybuffer_plane { data, line_size, rows, columns, components, format } = plane;
    if rows < 0 || columns < 0 || components < 0 {
        return Err(Error::value(c"planes: rows, columns and components must not be negative"));
    }
    // SAFETY: P1: NULL or a C string.
    let format = if format.is_null() { c"B" } else { unsafe { CStr::from_ptr(format) } };
    let itemsize = format::size(format)?;
    let ndim = if components == 0 { 2 } else { 3 };
    let column = itemsize.checked_mul(components.max(1)).ok_or(TOO_LARGE)?;
    let row = bytes_of(&[columns], column).ok_or(TOO_LARGE)?;
    *shape = [rows, columns, components];
    *strides = [line_size, column, itemsize];
    let len = bytes_of(shape.get(..ndim).unwrap_or_default(), itemsize).ok_or(TOO_LARGE)?;
    if len != 0 {
        if data.is_null() {
            return Err(Error::buffer(c"planes: data is NULL"));
        }
        if rows > 1 && line_size.unsigned_abs() < row.unsigned_abs() {
            let (line_size, row) = (Argument::Size(line_size), Argument::Size(row));
            let text = c"planes: rows of %zd bytes overlap with a line size of %zd";
            return Err(Error::with(ErrorKind::Value, text, row, line_size));
        }
        let last = (rows - 1).checked_mul(line_size).and_then(|offset| data.addr().checked_add_signed(offset));
        let fits = |start: usize| start.checked_add_signed(row).is_some();
        if !(fits(data.addr()) && last.is_some_and(fits)) {
            return Err(TOO_LARGE);
        }
    }
    Ok(Py_buffer {
        buf: data,
        len,
        itemsize,
        readonly: readonly.into(),
        ndim: ndim as c_int,
        format: format.as_ptr().cast_mut(),
        shape: shape.as_mut_ptr(),
        strides: strides.as_mut_ptr(),
        ..Py_buffer::EMPTY
    })
}

/// What keeps joined planes. In one allocation with this struct, and after it, are the memoryviews.
#[repr(C)]
struct Joined {
    /// The number of memoryviews.
    count: usize,
    /// The addresses of the pieces, where these do not lie at one distance.
    table: Option<Scratch>,
}

/// It, while it is being made.
struct Kept(NonNull<Joined>);

impl Kept {
    /// Without views or table, with room for so many views.
    fn with_room_for(views: usize) -> Result<Self> {
        let size = size_of::<Joined>() + views * size_of::<Owned<PyMemoryViewObject>>();
        let memory: *mut Joined = Scratch::new(size)?.into_raw().cast();
        // SAFETY: new memory of that size, which is not NULL.
        unsafe {
            memory.write(Joined { count: 0, table: None });
            Ok(Self(NonNull::new_unchecked(memory)))
        }
    }

    /// Where the views start.
    fn start(&self) -> *mut Owned<PyMemoryViewObject> {
        // SAFETY: the allocation has the struct at its start.
        unsafe { self.0.as_ptr().add(1).cast() }
    }

    /// Adds a view.
    ///
    /// # Safety
    /// There is room for it.
    unsafe fn push(&mut self, view: Owned<PyMemoryViewObject>) {
        // SAFETY: the caller guarantees room.
        unsafe {
            let count = &raw mut (*self.0.as_ptr()).count;
            self.start().add(*count).write(view);
            *count += 1;
        }
    }

    /// The views' own views, each complete.
    fn views(&self) -> impl Iterator<Item = &Py_buffer> + Clone {
        // SAFETY: so many views are there. A memoryview's view does not change.
        unsafe {
            let views = core::slice::from_raw_parts(self.start(), (*self.0.as_ptr()).count);
            views.iter().map(|view| &(*view.as_ptr()).view)
        }
    }

    /// Makes room for this many pointers.
    fn table(&mut self, pointers: isize) -> Result<*mut *const u8> {
        let size = bytes_of(&[pointers], size_of::<*const u8>().cast_signed()).ok_or(Error::no_memory())?;
        let table = Scratch::new(size.unsigned_abs())?;
        let start = table.as_ptr().cast();
        // SAFETY: the struct is there.
        unsafe { (*self.0.as_ptr()).table = Some(table) };
        Ok(start)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: this is the last use of it. Each view is dropped once, which may run foreign code.
        unsafe {
            let views = core::ptr::slice_from_raw_parts_mut(self.start(), (*self.0.as_ptr()).count);
            views.drop_in_place();
            Scratch::end(self.0);
        }
    }
}

/// `destroy` of joined planes.
///
/// # Safety
/// Called once, with what `join` has passed on.
unsafe extern "C" fn end(context: *mut c_void) {
    drop(NonNull::new(context.cast()).map(Kept));
}

/// `pybuffer_planes_join`: a memoryview of all items of these exporters, one after the other, each in C order.
///
/// # Safety
/// O1 for the objects, as many as `count` says.
pub(crate) unsafe fn join(planes: NonNull<*mut PyObject>, count: usize) -> Result<Owned<PyMemoryViewObject>> {
    // SAFETY: O1, and each object is read once, since foreign code may run. B1 for the memoryviews, which are complete and keep the
    // memory. The description's arrays live as long as it.
    unsafe {
        let mut kept = Kept::with_room_for(count)?;
        for number in 0..count {
            let plane = NonNull::new(planes.as_ptr().add(number).read()).ok_or(Error::NullArgument)?;
            kept.push(memoryview::from_object(plane)?);
        }
        let Some(first) = kept.views().next() else {
            return Err(Error::value(c"planes: there must be at least one"));
        };
        let (mut pieces, mut items, mut readonly) = (Pieces::NONE, 0_isize, false);
        for view in kept.views() {
            let structure = buffer::checked_structure(view)?;
            if structure.suboffsets.is_some() {
                return Err(Error::not_implemented(c"planes: memory behind pointers (suboffsets) cannot be joined"));
            }
            if !buffer::same_format(view, first) {
                return Err(Error::buffer(c"planes: the items must have one format"));
            }
            pieces.add(&structure)?;
            items = items.checked_add_unsigned(structure.items()).ok_or(TOO_LARGE)?;
            readonly |= view.readonly != 0;
        }
        let (Py_buffer { buf: empty, itemsize, format, .. }, len) = (*first, pieces.items());
        let bytes = bytes_of(&[items], itemsize).ok_or(TOO_LARGE)?;
        let mut shape = [items.checked_div(len).unwrap_or(0), len];
        let stride = pieces.stride(itemsize);
        let (buf, step, is_indirect) = match bytes {
            0 => (empty, len.wrapping_mul(itemsize), false),
            _ => place(&mut kept, &pieces, len.wrapping_mul(stride))?,
        };
        let mut strides = [step, stride];
        let mut suboffsets = [0, -1];
        let description = Py_buffer {
            buf,
            len: bytes,
            itemsize,
            readonly: readonly.into(),
            ndim: 2,
            format,
            shape: shape.as_mut_ptr(),
            strides: strides.as_mut_ptr(),
            suboffsets: if is_indirect { suboffsets.as_mut_ptr() } else { null_mut() },
            ..Py_buffer::EMPTY
        };
        let memory = memory::new(&description, Some(end), kept.0.as_ptr().cast())?;
        let view = memoryview::of_memory(memory)?;
        core::mem::forget(kept);
        Ok(view)
    }
}

/// Where the first piece is, and how far it is to the next one; or a table of pointers to the pieces. There is at least one.
///
/// # Safety
/// B1 for the views, which have no suboffsets; they have these pieces, of `size` bytes.
unsafe fn place(kept: &mut Kept, pieces: &Pieces, size: isize) -> Result<(*mut c_void, isize, bool)> {
    let (mut spacing, mut start) = (Spacing::NONE, null_mut::<u8>());
    // SAFETY: the caller guarantees B1.
    unsafe {
        each(kept, pieces, |base, axes| {
            if start.is_null() {
                start = base;
            }
            spacing.add(base.addr(), axes);
        })?;
        if let Some(distance) = spacing.distance(size) {
            return Ok((start.cast(), distance, false));
        }
        let table = kept.table(spacing.count())?;
        let mut next = table;
        each(kept, pieces, |base, axes| {
            with_room!(axes.ndim, room => point(room, axes, base, next));
            next = next.wrapping_add(axes.items());
        })?;
        Ok((table.cast(), size_of::<*const u8>().cast_signed(), true))
    }
}

/// Writes the addresses of the pieces along these axes to a table.
///
/// # Safety
/// There is room for as many pointers as there are pieces.
unsafe fn point(room: &mut [Axis], axes: &Structure<'_>, base: *const u8, table: *mut *const u8) {
    let pair = Pair::to_array(room, axes, size_of::<*const u8>().cast_signed(), Order::C);
    if let Some(plan) = pair.and_then(Pair::in_index_order) {
        // SAFETY: no axis follows a pointer; the caller guarantees the room.
        let _: ControlFlow<()> = unsafe {
            kernels::visit(&plan, base, table.cast(), |piece, entry| {
                entry.cast::<*const u8>().write(piece);
                ControlFlow::Continue(())
            })
        };
    }
}

/// Calls `act` with the first piece of each view that has items, and the axes along which its pieces lie.
///
/// # Safety
/// B1 for the views, which have no suboffsets.
unsafe fn each(kept: &Kept, pieces: &Pieces, mut act: impl FnMut(*mut u8, &Structure<'_>)) -> Result<()> {
    for view in kept.views() {
        // SAFETY: the caller guarantees B1.
        let structure = unsafe { buffer::checked_structure(view) }?;
        if structure.items() == 0 {
            continue;
        }
        let (mut shape, mut strides, mut suboffsets) = ([0; MAX_NDIM], [0; MAX_NDIM], [-1; MAX_NDIM]);
        let mut to = AxesMut { shape: &mut shape, strides: &mut strides, suboffsets: &mut suboffsets };
        let ndim = pieces.of(&structure, &mut to)?;
        let axes = Structure {
            ndim,
            len: structure.len,
            itemsize: 1,
            shape: shape.get(..ndim),
            strides: strides.get(..ndim),
            suboffsets: None,
        };
        act(view.buf.cast(), &axes);
    }
    Ok(())
}
