//! Memoryviews as text, in bytes objects: hexadecimal digits, `repr`, items. CPython: `memoryview.hex`,
//! `memory_repr`, and the `repr` of the result of `memoryview.tolist`.

use core::mem::MaybeUninit;
use core::ops::ControlFlow;
use core::ptr::{NonNull, null_mut};

use crate::abi::bytes::PyBytesObject;
use crate::abi::memoryview::_Py_MEMORYVIEW_C;
use crate::abi::object::PyObject;
use crate::buffer;
use crate::error::{Argument, Error, Result};
use crate::format::{CompiledFormat, write_repr};
use crate::kernels::{self, Grouping};
use crate::layout::{MAX_NDIM, Order, Pair, with_room};
use crate::objects::bytes;
use crate::runtime::alloc::Scratch;
use crate::runtime::message::{MessageWriter, render};
use crate::runtime::refs::Owned;

use super::access::Access;
use super::view::{downcast, flags, inaccessible};

/// The separator of the digits: this byte after each so many, counted from the right, or, where negative, from the
/// left; 0 means none.
pub(crate) type Separator = (u8, isize);

/// `memoryview.hex`.
///
/// # Safety
/// O1, and W3.
pub(crate) unsafe fn hex(op: NonNull<PyObject>, separator: Option<Separator>) -> Result<Owned<PyBytesObject>> {
    let grouping = separator.filter(|&(_, bytes)| bytes != 0).map(|(separator, bytes)| Grouping {
        separator,
        bytes: bytes.unsigned_abs(),
        from_right: bytes > 0,
    });
    // SAFETY: the caller guarantees O1 and W3. The new object, and the temporary copy, are as large as what is written there.
    unsafe {
        let access = Access::new(op)?;
        let view = access.view();
        let len = view.len.unsigned_abs();
        let length = kernels::hex_length(len, grouping).and_then(|length| isize::try_from(length).ok());
        let text = bytes::uninitialised(length.ok_or(Error::no_memory())?)?;
        let room = match length {
            None | Some(0) => return Ok(text),
            Some(length) => length.unsigned_abs(),
        };
        let room = core::slice::from_raw_parts_mut(bytes::start(text.as_non_null()).cast::<MaybeUninit<u8>>(), room);
        if flags(access.memoryview()) & _Py_MEMORYVIEW_C != 0 {
            kernels::hex(core::slice::from_raw_parts(view.buf.cast(), len), grouping, room);
        } else {
            let copy = Scratch::new(len)?;
            buffer::to_fresh(copy.as_ptr(), view, Order::C)?;
            kernels::hex(core::slice::from_raw_parts(copy.as_ptr(), len), grouping, room);
        }
        Ok(text)
    }
}

/// `memory_repr`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn repr(op: NonNull<PyObject>) -> Result<Owned<PyBytesObject>> {
    // SAFETY: O1; O2 after the downcast; the address is an argument that is not followed; the text has the length that was
    // measured.
    unsafe {
        let format = if inaccessible(downcast(op)?) { c"<released memory at %p>" } else { c"<memory at %p>" };
        let arguments = [Argument::Text(op.as_ptr().cast())];
        let mut measured = MessageWriter::measure();
        render(format, &mut arguments.iter(), &mut measured)?;
        let text = bytes::uninitialised(measured.length.cast_signed())?;
        let start = bytes::start(text.as_non_null()).cast();
        render(format, &mut arguments.iter(), &mut MessageWriter::write(start, measured.length))?;
        Ok(text)
    }
}

/// The items as `repr(memoryview.tolist())` shows them, at most `limit` of them.
///
/// # Safety
/// O1, and W3.
pub(crate) unsafe fn text(op: NonNull<PyObject>, limit: Option<usize>) -> Result<Owned<PyBytesObject>> {
    // SAFETY: the caller guarantees O1 and W3.
    unsafe {
        let access = Access::new(op)?;
        access.with_format(|compiled| {
            let structure = access.structure()?;
            access.holds(compiled.counts().size)?;
            let shape = structure.shape.unwrap_or(&[]);
            if let Some(empty) = shape.iter().position(|&len| len == 0) {
                return empty_lists(shape.get(..empty).unwrap_or(&[]), limit);
            }
            with_room!(structure.ndim, room => {
                let pair = Pair::to_array(room, &structure, 1, Order::C).ok_or(Error::bad_argument())?;
                items(pair, access.view().buf.cast(), compiled, Lists::new(shape, limit, compiled.counts().values)?)
            })
        })
    }
}

/// The text where there are no items: lists of this shape, in which each item is an empty list.
fn empty_lists(shape: &[isize], limit: Option<usize>) -> Result<Owned<PyBytesObject>> {
    // There is always an outermost list.
    let mut lists = Lists::new(shape, limit.filter(|_| !shape.is_empty()), 1)?;
    while lists.has_next() && lists.next()? {
        lists.text.push(b"[]")?;
        lists.end()?;
    }
    lists.finish()
}

/// The text of the items of a walk, as their compiled format reads them.
///
/// # Safety
/// W1 and W3 for the first operand, whose items are as large as the compiled format's.
unsafe fn items(
    pair: Pair<'_>,
    start: *const u8,
    compiled: &CompiledFormat<'_>,
    mut lists: Lists<'_>,
) -> Result<Owned<PyBytesObject>> {
    let Some(walk) = pair.in_index_order() else { return lists.finish() };
    let mut result = Ok(());
    let show = |item: *const u8, _: *mut u8| {
        // SAFETY: the caller passes on W1 and W3.
        match unsafe { show(item, compiled, &mut lists) } {
            Ok(true) => ControlFlow::Continue(()),
            Ok(false) => ControlFlow::Break(()),
            Err(error) => {
                result = Err(error);
                ControlFlow::Break(())
            }
        }
    };
    // SAFETY: the caller passes on W1 and W3; of the second operand only addresses are computed, and not used.
    let _: ControlFlow<()> = unsafe { kernels::visit(&walk, start, null_mut(), show) };
    result?;
    lists.finish()
}

/// Adds an item to the text; `false` where it is beyond the limit.
///
/// # Safety
/// An item of the compiled format's may be read.
#[inline(never)]
unsafe fn show(item: *const u8, compiled: &CompiledFormat<'_>, lists: &mut Lists<'_>) -> Result<bool> {
    if !lists.next()? {
        return Ok(false);
    }
    let counts = compiled.counts();
    // SAFETY: the caller guarantees that an item may be read there (W1 and W3); where an item has no bytes, its address may be
    // anything.
    let item = if counts.size == 0 { &[] } else { unsafe { core::slice::from_raw_parts(item, counts.size) } };
    let text = &mut lists.text;
    let mut before: &[u8] = b"(";
    compiled.unpack(item, &mut |value| {
        if counts.values != 1 {
            text.push(before)?;
            before = b", ";
        }
        write_repr(&value, &mut |piece| text.push(piece))
    })?;
    match counts.values {
        0 => text.push(b"()")?,
        1 => {}
        _ => text.push(b")")?,
    }
    lists.end()?;
    Ok(true)
}

/// The brackets of nested lists, around items in index order.
struct Lists<'v> {
    text: GrowingText,
    shape: &'v [isize],
    /// The indices of the next item.
    indices: [isize; MAX_NDIM],
    /// How many lists start with the next item, or, after the last one, all of them.
    opening: usize,
    shown: usize,
    limit: usize,
}

impl<'v> Lists<'v> {
    /// For items of so many values. `MemoryError` if the text would certainly be too long: items or values without memory may
    /// be any number.
    fn new(shape: &'v [isize], limit: Option<usize>, values: usize) -> Result<Self> {
        let items = shape.iter().fold(1_usize, |items, len| items.saturating_mul(len.unsigned_abs()));
        let limit = limit.unwrap_or(usize::MAX);
        // The least that each value takes: a character, a comma, a blank.
        let least = items.min(limit).checked_mul(values.max(1)).and_then(|values| values.checked_mul(3));
        let text = GrowingText::new(least.ok_or(Error::no_memory())?)?;
        Ok(Self { text, shape, indices: [0; MAX_NDIM], opening: shape.len(), shown: 0, limit })
    }

    /// Whether there is another item.
    fn has_next(&self) -> bool {
        self.shown == 0 || self.opening < self.shape.len()
    }

    /// Writes the text before the next item; `false` where it is beyond the limit.
    #[inline]
    fn next(&mut self) -> Result<bool> {
        if self.shown == self.limit {
            return Ok(false);
        }
        if self.shown != 0 {
            self.text.push(b", ")?;
        }
        self.text.push_all(b'[', self.opening)?;
        self.shown = self.shown.saturating_add(1);
        Ok(true)
    }

    /// Writes the text after an item.
    #[inline]
    fn end(&mut self) -> Result<()> {
        self.opening = 0;
        for (index, &len) in self.indices.iter_mut().take(self.shape.len()).rev().zip(self.shape.iter().rev()) {
            *index += 1;
            if *index < len {
                break;
            }
            *index = 0;
            self.opening += 1;
        }
        self.text.push_all(b']', self.opening)
    }

    /// Writes `...` for items that are not shown, and returns the text.
    fn finish(mut self) -> Result<Owned<PyBytesObject>> {
        if self.shown == 0 {
            self.text.push(if self.shape.is_empty() { b"..." } else { b"[...]" })?;
        } else if self.has_next() {
            let open = self.shape.len() - self.opening;
            // The innermost one has its next item in the indices, the others the one that is being shown.
            let mut following = 0;
            for (&index, &len) in self.indices.iter().zip(self.shape).take(open).rev() {
                self.text.push(if index + following < len { b", ...]" } else { b"]" })?;
                following = 1;
            }
        }
        self.text.finish()
    }
}

/// A bytes object that grows.
struct GrowingText {
    object: Option<Owned<PyBytesObject>>,
    length: usize,
    room: usize,
}

impl GrowingText {
    /// Room for so many bytes, or a few more.
    fn new(room: usize) -> Result<Self> {
        let room = room.max(32);
        let object = bytes::uninitialised(isize::try_from(room).map_err(|_| Error::no_memory())?)?;
        Ok(Self { object: Some(object), length: 0, room })
    }

    #[inline]
    fn push(&mut self, piece: &[u8]) -> Result<()> {
        let end = self.length.checked_add(piece.len()).ok_or(Error::no_memory())?;
        if end > self.room {
            self.grow(end)?;
        }
        if let Some(object) = &self.object {
            // SAFETY: the object has `room` bytes, not less than `end`, and no other code sees it (O3).
            unsafe {
                let start = bytes::start(object.as_non_null()).cast::<u8>();
                core::ptr::copy_nonoverlapping(piece.as_ptr(), start.add(self.length), piece.len());
            }
            self.length = end;
        }
        Ok(())
    }

    #[inline]
    fn push_all(&mut self, byte: u8, count: usize) -> Result<()> {
        for _ in 0..count {
            self.push(&[byte])?;
        }
        Ok(())
    }

    #[cold]
    fn grow(&mut self, least: usize) -> Result<()> {
        self.resize(self.room.saturating_mul(2).max(least))
    }

    fn resize(&mut self, room: usize) -> Result<()> {
        let length = isize::try_from(room).map_err(|_| Error::no_memory())?;
        let object = self.object.take().ok_or(Error::no_memory())?;
        // SAFETY: this value's own object, which no other code uses.
        self.object = Some(unsafe { bytes::resize(object, length)? });
        self.room = room;
        Ok(())
    }

    /// The object, with as many bytes as were pushed.
    fn finish(mut self) -> Result<Owned<PyBytesObject>> {
        self.resize(self.length)?;
        self.object.ok_or(Error::no_memory())
    }
}
