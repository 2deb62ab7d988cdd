//! `PyBytes_Join`. CPython: `stringlib/join.h`.

use core::mem::size_of;
use core::ptr::NonNull;

use crate::abi::bytes::PyBytesObject;
use crate::abi::object::PyObject;
use crate::buffer::{Acquired, Request};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::objects::bytes;
use crate::runtime::alloc::Scratch;
use crate::runtime::refs::Owned;
use crate::runtime::types;

use super::iterate::Items;

/// An item, and the view of it.
struct Part {
    view: Acquired,
    /// Dropped after the view.
    item: Owned<PyObject>,
}

/// The items, which grow in number before any is asked for a view, since a view must stay where it is.
struct Parts {
    memory: Option<Scratch>,
    room: usize,
    count: usize,
}

impl Parts {
    const NONE: Self = Self { memory: None, room: 0, count: 0 };

    fn as_mut(&mut self) -> &mut [Part] {
        match &self.memory {
            // SAFETY: the first `count` are written.
            Some(memory) => unsafe { core::slice::from_raw_parts_mut(memory.as_ptr().cast(), self.count) },
            None => &mut [],
        }
    }

    fn push(&mut self, item: Owned<PyObject>) -> Result<()> {
        if self.count == self.room {
            let room = self.room.saturating_mul(2).max(8);
            let memory = Scratch::new(room.saturating_mul(size_of::<Part>()))?;
            if let Some(old) = self.memory.replace(memory) {
                let new = self.memory.as_ref().map_or(old.as_ptr(), Scratch::as_ptr);
                // SAFETY: the first `count` move; they have no view yet.
                unsafe { core::ptr::copy_nonoverlapping(old.as_ptr().cast::<Part>(), new.cast(), self.count) };
            }
            self.room = room;
        }
        if let Some(memory) = &self.memory {
            // SAFETY: there is room for one more.
            unsafe { memory.as_ptr().cast::<Part>().add(self.count).write(Part { view: Acquired::empty(), item }) };
            self.count += 1;
        }
        Ok(())
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        // SAFETY: they are written, and not used afterwards.
        unsafe { core::ptr::drop_in_place(self.as_mut()) };
    }
}

/// The bytes of all items, with a separator between each two.
///
/// # Safety
/// O1 and O2 for the separator, O1 for the items, and W3.
pub(crate) unsafe fn join(separator: NonNull<PyBytesObject>, items: NonNull<PyObject>) -> Result<Owned<PyBytesObject>> {
    // SAFETY: O1, O2; the exporters vouch for the bytes (B1); the new object is as long as what is written there.
    unsafe {
        let mut parts = Parts::NONE;
        let mut source = Items::of(items, c"can only join an iterable")?;
        while let Some(item) = source.next()? {
            parts.push(item)?;
        }
        drop(source);
        let parts = parts.as_mut();
        if let [only] = parts
            && bytes::check_exact(only.item.as_ptr())
        {
            return Ok(Owned::share(only.item.as_non_null().cast()));
        }
        let separator = bytes::content(separator);
        let mut length = 0isize;
        let add = |length: isize, more: usize| {
            let too_long = Error::new(ErrorKind::Overflow, c"join() result is too long");
            length.checked_add_unsigned(more).ok_or(too_long)
        };
        for (at, part) in parts.iter_mut().enumerate() {
            part.view.acquire(part.item.as_ptr(), Request::SIMPLE).map_err(|error| match error.kind() {
                Some(ErrorKind::Memory) => error,
                _ => Error::with(
                    ErrorKind::Type,
                    c"sequence item %zd: expected a bytes-like object, %.80s found",
                    Argument::count(at),
                    Argument::Text((*types::type_of(part.item.as_ptr())).tp_name),
                ),
            })?;
            length = add(length, part.view.bytes().len())?;
            if at != 0 {
                length = add(length, separator.len())?;
            }
        }
        let object = bytes::uninitialised(length)?;
        let mut to = bytes::start(object.as_non_null()).cast::<u8>();
        let mut write = |bytes: &[u8]| {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len());
            to = to.add(bytes.len());
        };
        for (at, part) in parts.iter().enumerate() {
            if at != 0 {
                write(separator);
            }
            write(part.view.bytes());
        }
        Ok(object)
    }
}
