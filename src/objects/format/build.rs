//! Parses the text of a format into its object.

use core::ffi::{CStr, c_char, c_int};
use core::mem::size_of;
use core::ptr::{NonNull, null};

use crate::abi::chars::char_of;
use crate::abi::format::pybuffer_item;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::format::{
    self, ByteOrder, Item, Kind, MAX_DEPTH, Op, Reading, Sink, SizeAlign, common_item, compile_as, count_ops_as,
    walk_as,
};
use crate::runtime::object;
use crate::runtime::refs::Owned;

use super::{FormatObject, pybuffer_format_type};

/// The object as format, or a `TypeError`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn downcast(op: NonNull<PyObject>) -> Result<NonNull<FormatObject>> {
    // SAFETY: O1.
    unsafe { object::expect_type(op.as_ptr(), &raw mut pybuffer_format_type, c"expected a format, got %.200s")? };
    Ok(op.cast())
}

/// The native formats of one code are immortal singletons, with a place for each capital and small letter and sign.
const COMMON: usize = 128;
static mut COMMON_TEXTS: [[c_char; 2]; COMMON] = {
    let mut texts = [[0; 2]; COMMON];
    let mut rest: &mut [[c_char; 2]] = &mut texts;
    let mut letter = 0;
    while let Some((text, others)) = rest.split_first_mut() {
        *text = [letter, 0];
        // Wraps to 0 after the last one.
        letter = letter.wrapping_add(1);
        rest = others;
    }
    texts
};
static mut COMMON_ITEMS: [pybuffer_item; COMMON] = {
    let mut items = [const { item_of(&NOTHING) }; COMMON];
    let mut rest: &mut [pybuffer_item] = &mut items;
    let mut letter: u8 = 0;
    while let Some((item, others)) = rest.split_first_mut() {
        if let Some(common) = common_item(letter) {
            *item = item_of(&common);
        }
        // Wraps to 0 after the last one.
        letter = letter.wrapping_add(1);
        rest = others;
    }
    items
};
static mut COMMON_OBJECTS: [FormatObject; COMMON] = {
    const BLANK: FormatObject = FormatObject {
        ob_base: PyObject::immortal(&raw mut pybuffer_format_type),
        root: null(),
        text: null(),
        size: 0,
        align: 1,
        values: 1,
        ops: null(),
        nops: 0,
    };
    let mut objects = [BLANK; COMMON];
    let mut rest: &mut [FormatObject] = &mut objects;
    let mut letter: u8 = 0;
    while let Some((object, others)) = rest.split_first_mut() {
        if let Some(common) = common_item(letter) {
            object.size = common.size.cast_signed();
            object.align = common.align.cast_signed();
            // SAFETY: both arrays have as many entries as this one.
            unsafe {
                object.root = (&raw const COMMON_ITEMS).cast::<pybuffer_item>().add(letter as usize);
                object.text = (&raw const COMMON_TEXTS).cast::<c_char>().add(2 * letter as usize);
            }
        }
        // Wraps to 0 after the last one.
        letter = letter.wrapping_add(1);
        rest = others;
    }
    objects
};

/// A placeholder.
const NOTHING: Item = Item {
    kind: Kind::Record,
    code: [0, 0],
    order: ByteOrder::NATIVE,
    native: true,
    aligned: true,
    offset: 0,
    size: 0,
    align: 1,
    elements: 1,
    length: 1,
    first_bit: 0,
    name: None,
};

/// An item as C sees it, without its shape, name and fields.
const fn item_of(item: &Item) -> pybuffer_item {
    let [first, second] = item.code;
    pybuffer_item {
        name: null(),
        kind: item.kind as c_int,
        byteorder: char_of(item.order.sign()),
        code: [char_of(first), char_of(second), 0],
        offset: item.offset.cast_signed(),
        itemsize: item.size.cast_signed(),
        alignment: item.align.cast_signed(),
        elements: item.elements.cast_signed(),
        length: item.length.cast_signed(),
        first_bit: item.first_bit.cast_signed(),
        ndim: 0,
        shape: null(),
        nfields: 0,
        fields: null(),
        next: null(),
    }
}

/// `pybuffer_format_parse`.
pub(crate) fn parse(format: &CStr) -> Result<Owned<FormatObject>> {
    parse_as(Reading::ALONE, format)
}

/// `pybuffer_format_parse_sized`: the format of items of this size.
pub(crate) fn parse_sized(format: &CStr, itemsize: usize) -> Result<Owned<FormatObject>> {
    let alone = format::size(format)?.unsigned_abs();
    let reading = Reading::ALONE.of_items(format, alone, itemsize);
    if reading == Reading::ALONE && alone > itemsize {
        return Err(Error::with(
            ErrorKind::Value,
            if alone == 1 {
                c"the format has items of %zd byte, more than the itemsize of %zd"
            } else {
                c"the format has items of %zd bytes, more than the itemsize of %zd"
            },
            Argument::Size(alone.cast_signed()),
            Argument::Size(itemsize.cast_signed()),
        ));
    }
    parse_as(reading, format)
}

fn parse_as(reading: Reading, format: &CStr) -> Result<Owned<FormatObject>> {
    if let &[letter] = format.to_bytes()
        && common_item(letter).is_some()
    {
        // SAFETY: an immortal object; `common_item` knows ASCII letters only, so there is an entry.
        unsafe {
            let object = (&raw mut COMMON_OBJECTS).cast::<FormatObject>().add(letter.into());
            return Ok(Owned::share(NonNull::new_unchecked(object)));
        }
    }
    let text = format.to_bytes_with_nul();
    let mut builder = TreeBuilder::counting(text);
    let extent = walk_as(reading, format, &mut builder)?;
    let counts = count_ops_as(reading, format)?;
    if builder.beyond {
        // Only items without elements or bytes get here; all others would be too large for a format.
        let text =
            c"an item has too many elements, or elements of too many bytes, before byte %zd of the format, its end";
        let end = Argument::Size(format.count_bytes().cast_signed());
        return Err(Error::with(ErrorKind::Value, text, end, Argument::None));
    }

    let ops_size = counts.ops.checked_mul(size_of::<Op>()).ok_or(Error::no_memory())?;
    let size = builder.peak.size(text.len()).and_then(|size| size.checked_add(ops_size)).ok_or(Error::no_memory())?;
    let head = FormatObject {
        ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut pybuffer_format_type },
        root: null(),
        text: null(),
        size: extent.size.cast_signed(),
        align: extent.align.cast_signed(),
        values: counts.values.cast_signed(),
        ops: null(),
        nops: counts.ops,
    };
    // SAFETY: the head has one reference and a static type; the memory has room for what was counted, in that order,
    // which is that of falling alignment. The second walks see the same text, so they write as much as was counted.
    unsafe {
        let object = object::new(size, head)?;
        let ops: *mut Op = object.as_ptr().add(1).cast();
        for at in 0..counts.ops {
            ops.add(at).write(Op::default());
        }
        compile_as(reading, format, core::slice::from_raw_parts_mut(ops, counts.ops))?;
        (*object.as_ptr()).ops = ops;
        let items: *mut pybuffer_item = ops.add(counts.ops).cast();
        let lengths: *mut Py_ssize_t = items.add(builder.peak.items).cast();
        let names: *mut c_char = lengths.add(builder.peak.lengths).cast();
        let copy: *mut c_char = names.add(builder.peak.names);
        core::ptr::copy_nonoverlapping(text.as_ptr().cast(), copy, text.len());
        builder.write(items, lengths, names);
        walk_as(reading, format, &mut builder)?;
        (*object.as_ptr()).root = builder.root(extent);
        (*object.as_ptr()).text = copy;
        Ok(object)
    }
}

/// The room that the items of a format need.
#[derive(Clone, Copy, Default)]
struct Used {
    items: usize,
    lengths: usize,
    names: usize,
}

impl Used {
    /// The bytes of the object as a whole.
    fn size(&self, text: usize) -> Option<usize> {
        let items = self.items.checked_mul(size_of::<pybuffer_item>())?;
        let lengths = self.lengths.checked_mul(size_of::<Py_ssize_t>())?;
        size_of::<FormatObject>().checked_add(items)?.checked_add(lengths)?.checked_add(self.names)?.checked_add(text)
    }
}

/// An item that has started and not ended.
#[derive(Clone, Copy, Default)]
struct Open {
    /// What was used before it started, and whether something did not fit.
    before: Used,
    beyond: bool,
    /// Its place, that of its last field so far, and how many fields it has.
    at: usize,
    last_field: Option<usize>,
    nfields: usize,
    ndim: usize,
    /// The place of its first length.
    lengths: usize,
}

/// Counts items, or writes them where there is memory.
struct TreeBuilder<'t> {
    text: &'t [u8],
    items: *mut pybuffer_item,
    lengths: *mut Py_ssize_t,
    names: *mut c_char,
    used: Used,
    /// The most that was used: cancelled items take room until they are cancelled.
    peak: Used,
    /// The open items: the top, one more at each depth, and the innermost.
    open: [Open; MAX_DEPTH + 2],
    depth: usize,
    /// A number is too large for C, which a format may contain where it does not affect the size.
    beyond: bool,
}

impl<'t> TreeBuilder<'t> {
    fn counting(text: &'t [u8]) -> Self {
        // The first item is the root.
        let used = Used { items: 1, ..Used::default() };
        Self {
            text,
            items: core::ptr::null_mut(),
            lengths: core::ptr::null_mut(),
            names: core::ptr::null_mut(),
            used,
            peak: used,
            open: [Open::default(); MAX_DEPTH + 2],
            depth: 0,
            beyond: false,
        }
    }

    /// Starts the second walk, which writes to memory for what has been counted.
    fn write(&mut self, items: *mut pybuffer_item, lengths: *mut Py_ssize_t, names: *mut c_char) {
        (self.items, self.lengths, self.names) = (items, lengths, names);
        self.used = Used { items: 1, ..Used::default() };
        self.depth = 0;
        if let Some(top) = self.top() {
            *top = Open::default();
        }
    }

    /// Reserves room; returns its start.
    fn take(&mut self, part: fn(&mut Used) -> &mut usize, amount: usize) -> usize {
        let used = part(&mut self.used);
        let at = *used;
        *used = at.saturating_add(amount);
        let (used, peak) = (*used, part(&mut self.peak));
        *peak = used.max(*peak);
        at
    }

    fn top(&mut self) -> Option<&mut Open> {
        self.open.get_mut(self.depth)
    }

    /// Changes an item, if there is memory.
    fn change(&mut self, at: usize, change: impl FnOnce(&mut pybuffer_item)) {
        if !self.items.is_null() {
            // SAFETY: `at` is below the count that the memory was made for; `end` has written the item, but for the
            // first, which `root` writes.
            change(unsafe { &mut *self.items.add(at) });
        }
    }

    /// The root: the only item, if nothing else is in the format, otherwise a record of all.
    ///
    /// # Safety
    /// The walk is over, and there is memory.
    unsafe fn root(&mut self, extent: SizeAlign) -> *const pybuffer_item {
        let Some(&top) = self.open.first() else { return null() };
        // SAFETY: the caller has walked over the format, and there is memory; the fields are those that `end` has written.
        unsafe {
            let first = if top.nfields == 0 { null() } else { self.items.add(1).cast_const() };
            if top.nfields == 1
                && (*first).name.is_null()
                && (*first).offset == 0
                && (*first).first_bit == 0
                // An array of bits takes fewer bytes than its elements by themselves.
                && ((*first).kind != Kind::Bits as c_int || (*first).elements == 1)
                && (*first).itemsize * (*first).elements == extent.size.cast_signed()
            {
                return first;
            }
            let whole = Item { size: extent.size, align: extent.align, ..NOTHING };
            self.items.write(pybuffer_item { nfields: top.nfields.cast_signed(), fields: first, ..item_of(&whole) });
            self.items
        }
    }
}

impl Sink for TreeBuilder<'_> {
    fn begin(&mut self) {
        let (before, beyond) = (self.used, self.beyond);
        let at = self.take(|used| &mut used.items, 1);
        self.depth = self.depth.saturating_add(1);
        if let Some(top) = self.top() {
            *top = Open { before, beyond, at, last_field: None, nfields: 0, ndim: 0, lengths: before.lengths };
        }
    }

    fn axis(&mut self, length: usize) {
        let place = self.take(|used| &mut used.lengths, 1);
        if !self.lengths.is_null() {
            // SAFETY: below the count that the memory was made for.
            unsafe { self.lengths.add(place).write(length.cast_signed()) };
        }
        if let Some(top) = self.top() {
            top.ndim = top.ndim.saturating_add(1);
        }
    }

    fn cancel(&mut self) {
        if let Some(&Open { before, beyond, .. }) = self.open.get(self.depth) {
            (self.used, self.beyond) = (before, beyond);
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn end(&mut self, item: &Item) {
        let Some(&ended) = self.open.get(self.depth) else { return };
        self.beyond |= [item.offset, item.size, item.elements].into_iter().any(|size| isize::try_from(size).is_err());
        let name = item.name.and_then(|name| self.text.get(name.start..name.end));
        let name_at = self.take(|used| &mut used.names, name.map_or(0, |name| name.len().saturating_add(1)));
        self.depth = self.depth.saturating_sub(1);
        let previous = self.top().and_then(|parent| {
            parent.nfields = parent.nfields.saturating_add(1);
            parent.last_field.replace(ended.at)
        });
        if self.items.is_null() {
            return;
        }
        // SAFETY: all places are below the counts that the memory was made for; the fields were written before.
        unsafe {
            let mut written = item_of(item);
            if let Some(name) = name {
                core::ptr::copy_nonoverlapping(name.as_ptr().cast(), self.names.add(name_at), name.len());
                self.names.add(name_at).add(name.len()).write(0);
                written.name = self.names.add(name_at);
            }
            written.ndim = ended.ndim.cast_signed();
            written.shape = if ended.ndim == 0 { null() } else { self.lengths.add(ended.lengths) };
            written.nfields = ended.nfields.cast_signed();
            written.fields = if ended.nfields == 0 { null() } else { self.items.add(ended.at).add(1) };
            let place = self.items.add(ended.at);
            place.write(written);
            if let Some(previous) = previous {
                self.change(previous, |item| item.next = place);
            }
        }
    }
}
