//! Checks one answer by the rules of the protocol, by itself and against the other answers.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::null_mut;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::Py_ssize_t;
use crate::error::Argument;
use crate::format;
use crate::layout::{MAX_NDIM, Order, Structure, bytes_of};
use crate::runtime::hash;

use super::report::{Field, Reporter, Rule, names};
use super::request::Request;

/// The target of pointers that the exporter has not set.
static NOWHERE: [[Py_ssize_t; 1]; 5] = [[0]; 5];

const fn nowhere(number: usize) -> *mut Py_ssize_t {
    (&raw const NOWHERE).cast::<Py_ssize_t>().cast_mut().wrapping_add(number)
}

/// An uninitialised view, as on the stack of a program: full of invalid values. Only `obj`, which CPython's own exporters leave
/// as it is when they fail, and `internal`, which is the exporter's, are NULL.
pub(super) const UNSET: Py_buffer = Py_buffer {
    buf: nowhere(0).cast(),
    obj: null_mut(),
    len: Py_ssize_t::MIN + 0x5a,
    itemsize: Py_ssize_t::MIN + 0x5b,
    readonly: 0x5a5a_5a5a,
    ndim: c_int::MIN + 0x5c,
    format: nowhere(1).cast(),
    shape: nowhere(2),
    strides: nowhere(3),
    suboffsets: nowhere(4),
    internal: null_mut(),
};

/// A value that all answers must share, and the flags of the first one that had it.
type Agreed<T> = Option<(T, c_int)>;

/// One of the three arrays.
#[derive(Clone, Copy)]
struct KnownArray {
    entries: [Py_ssize_t; MAX_NDIM],
    /// Whether there is one, and in the answer to which request; `None` before that is known.
    known: Agreed<bool>,
}

impl KnownArray {
    const UNKNOWN: Self = Self { entries: [0; MAX_NDIM], known: None };

    /// The entries, where there is an array.
    fn get(&self, ndim: usize) -> Option<&[Py_ssize_t]> {
        match self.known {
            Some((true, _)) => self.entries.get(..ndim),
            _ => None,
        }
    }
}

/// What the answers so far say about the memory.
pub(super) struct Model {
    buf: Agreed<*mut c_void>,
    len: Agreed<Py_ssize_t>,
    itemsize: Agreed<Py_ssize_t>,
    readonly: Agreed<bool>,
    ndim: Agreed<usize>,
    /// Length and hash of the text; `None` for a NULL.
    format: Agreed<Option<(usize, isize)>>,
    shape: KnownArray,
    strides: KnownArray,
    suboffsets: KnownArray,
    /// Whether each shape is consistent with `len`; otherwise nothing follows from it.
    sound: bool,
}

impl Model {
    /// Nothing is known.
    pub(super) const fn new() -> Self {
        Self {
            buf: None,
            len: None,
            itemsize: None,
            readonly: None,
            ndim: None,
            format: None,
            shape: KnownArray::UNKNOWN,
            strides: KnownArray::UNKNOWN,
            suboffsets: KnownArray::UNKNOWN,
            sound: true,
        }
    }

    /// Whether the memory may be written, by all answers.
    pub(super) const fn is_writable(&self) -> bool {
        matches!(self.readonly, Some((false, _)))
    }

    /// Whether the memory is reached without pointers; `false` where it is not known.
    pub(super) const fn is_direct(&self) -> bool {
        matches!(self.suboffsets.known, Some((false, _)))
    }

    /// Whether a consumer that does not follow pointers reads wrong memory.
    fn has_pointers(&self) -> bool {
        let ndim = self.ndim.map_or(0, |(ndim, _)| ndim);
        self.suboffsets.get(ndim).is_some_and(|suboffsets| suboffsets.iter().any(|&suboffset| suboffset >= 0))
    }

    /// Whether the memory is contiguous; `None` where it is not known.
    pub(super) fn is_contiguous(&self, order: Order) -> Option<bool> {
        let ((ndim, _), (len, _), (itemsize, _)) = (self.ndim?, self.len?, self.itemsize?);
        let array = |array: &'_ KnownArray| -> bool { ndim == 0 || array.get(ndim).is_some() };
        if !self.sound || !array(&self.shape) || !array(&self.strides) {
            return None;
        }
        let structure = Structure {
            ndim,
            len,
            itemsize,
            shape: self.shape.entries.get(..ndim),
            strides: self.strides.entries.get(..ndim),
            suboffsets: None,
        };
        Some(structure.is_contiguous(order))
    }

    /// Whether there are bytes; a memory of none counts as contiguous for some exporters and not for others.
    pub(super) const fn has_bytes(&self) -> bool {
        matches!(self.len, Some((1.., _)))
    }
}

/// One answer, and its known faults, so that no fault is reported twice in different words.
struct Answer<'a> {
    view: &'a Py_buffer,
    flags: c_int,
    request: Request,
    reporter: &'a mut Reporter,
}

/// Checks an answer by itself, and then against the others. Returns whether the memory meets the request.
///
/// # Safety
/// `getbuffer` has filled the view, which held `UNSET`, and the view has not been released; what it points to is there: a
/// `format` that is not NULL is a C string, and arrays that are not NULL have `ndim` entries where that is 0 to 64.
pub(super) unsafe fn verify(view: &Py_buffer, flags: c_int, model: &mut Model, reporter: &mut Reporter) -> bool {
    let request = Request::of_slot(flags);
    let mut answer = Answer { view, flags, request, reporter };
    let ndim = answer.ndim();
    let numbers = answer.numbers();
    let may_be_written = answer.readonly();
    // SAFETY: the caller guarantees that the view is one that `getbuffer` has filled, so what it points to is there.
    unsafe {
        let arrays = answer.arrays(ndim);
        let format = answer.format_text();
        // If this answer differs from the earlier ones, its contradictions only follow from that.
        let same = answer.compare(model, ndim, &numbers, may_be_written, &arrays, format);
        let sound = answer.contents(&numbers, &arrays, format, same);
        model.sound &= sound;
        !same || !sound || answer.keeps_promises(model, &numbers, &arrays)
    }
}

/// The numbers of an answer, `None` where one is invalid.
struct Sizes {
    len: Option<Py_ssize_t>,
    itemsize: Option<Py_ssize_t>,
}

/// The arrays of an answer that were asked for and are there; empty slices where there are no axes.
struct Arrays<'a> {
    ndim: Option<usize>,
    shape: Option<&'a [Py_ssize_t]>,
    strides: Option<&'a [Py_ssize_t]>,
    suboffsets: Option<&'a [Py_ssize_t]>,
    /// There are suboffsets, asked for or not.
    has_suboffsets: bool,
}

impl<'a> Answer<'a> {
    fn broken(&mut self, rule: Rule, text: &CStr, arguments: &[Argument]) {
        // SAFETY: each text in this file has the arguments for its codes beside it, the texts among them C strings.
        unsafe { self.reporter.broken(rule, self.flags, text, arguments) };
    }

    /// Reports a field that has not been set.
    fn unset(&mut self, field: Field) {
        self.broken(Rule::Unset(field), c"%s is not set", &[field.name()]);
    }

    /// The number of axes, if it is valid.
    fn ndim(&mut self) -> Option<usize> {
        let ndim = self.view.ndim;
        if ndim == UNSET.ndim {
            self.unset(Field::Ndim);
            return None;
        }
        let valid = usize::try_from(ndim).ok().filter(|&ndim| ndim <= MAX_NDIM);
        if valid.is_none() {
            self.broken(Rule::Ndim, c"ndim is %zd, not 0 to 64", &[Argument::Size(ndim as isize)]);
        }
        valid
    }

    fn numbers(&mut self) -> Sizes {
        let (len, itemsize) = (self.view.len, self.view.itemsize);
        let mut numbers = Sizes { len: None, itemsize: None };
        if len == UNSET.len {
            self.unset(Field::Len);
        } else if len < 0 {
            self.broken(Rule::Len, c"len is negative (%zd)", &[Argument::Size(len)]);
        } else {
            numbers.len = Some(len);
        }
        if itemsize == UNSET.itemsize {
            self.unset(Field::Itemsize);
        } else if itemsize < 0 {
            self.broken(Rule::Itemsize, c"itemsize is negative (%zd)", &[Argument::Size(itemsize)]);
        } else {
            numbers.itemsize = Some(itemsize);
        }
        if self.view.buf == UNSET.buf {
            self.unset(Field::Buf);
        } else if self.view.buf.is_null() && len > 0 {
            self.broken(Rule::Buf, c"buf is NULL though len is %zd", &[Argument::Size(len)]);
        }
        numbers
    }

    /// Whether the memory may be written; `None` where that contradicts the request.
    fn readonly(&mut self) -> Option<bool> {
        let readonly = self.view.readonly;
        if readonly == UNSET.readonly {
            self.unset(Field::Readonly);
            return None;
        }
        if readonly != 0 && self.request.writable() {
            self.broken(
                Rule::Readonly,
                c"readonly is %zd though writable memory was asked for",
                &[Argument::Size(readonly as isize)],
            );
            return None;
        }
        Some(readonly == 0)
    }

    /// One of the three arrays. Reports one that is missing, and one that was not asked for.
    ///
    /// # Safety
    /// As [`verify`].
    unsafe fn array(
        &mut self,
        field: Field,
        array: *mut Py_ssize_t,
        unset: *mut Py_ssize_t,
        asked: bool,
        ndim: Option<usize>,
    ) -> Option<&'a [Py_ssize_t]> {
        if array == unset {
            self.unset(field);
            return None;
        }
        if !asked && !array.is_null() {
            self.broken(Rule::Unasked(field), c"%s is not NULL though it was not asked for", &[field.name()]);
        }
        match ndim {
            Some(0) if asked && !array.is_null() => {
                self.broken(Rule::Unasked(field), c"%s is not NULL though ndim is 0", &[field.name()]);
                Some(&[])
            }
            Some(0) if asked => Some(&[]),
            // SAFETY: the caller guarantees that an array that is not NULL has `ndim` entries.
            Some(ndim) if asked && !array.is_null() => unsafe {
                Some(core::slice::from_raw_parts(array.cast_const(), ndim))
            },
            Some(_) if asked && !matches!(field, Field::Suboffsets) => {
                self.broken(Rule::Missing(field), c"%s is NULL though it was asked for", &[field.name()]);
                None
            }
            _ => None,
        }
    }

    /// # Safety
    /// As [`verify`].
    unsafe fn arrays(&mut self, ndim: Option<usize>) -> Arrays<'a> {
        let (view, request) = (self.view, self.request);
        // SAFETY: the caller guarantees that an array that is not NULL has `ndim` entries.
        unsafe {
            let shape = self.array(Field::Shape, view.shape, UNSET.shape, request.shape(), ndim);
            let negative = shape.and_then(|shape| shape.iter().enumerate().find(|(_, items)| **items < 0));
            if let Some((axis, items)) = negative {
                self.broken(
                    Rule::Shape,
                    c"shape[%zd] is negative (%zd)",
                    &[Argument::Size(axis.cast_signed()), Argument::Size(*items)],
                );
            }
            Arrays {
                ndim,
                shape: shape.filter(|_| negative.is_none()),
                strides: self.array(Field::Strides, view.strides, UNSET.strides, request.strides(), ndim),
                suboffsets: self.array(Field::Suboffsets, view.suboffsets, UNSET.suboffsets, request.indirect(), ndim),
                has_suboffsets: !view.suboffsets.is_null(),
            }
        }
    }

    /// The format that was asked for; the outer `None` where there should be none, or none was set.
    ///
    /// # Safety
    /// As [`verify`].
    unsafe fn format_text(&mut self) -> Option<Option<&'a CStr>> {
        let format = self.view.format;
        if format == UNSET.format {
            self.unset(Field::Format);
            return None;
        }
        if !self.request.format() {
            if !format.is_null() {
                self.broken(Rule::Unasked(Field::Format), c"format is not NULL though it was not asked for", &[]);
            }
            return None;
        }
        // SAFETY: the caller guarantees that a format that is not NULL is a C string.
        Some((!format.is_null()).then(|| unsafe { CStr::from_ptr(format) }))
    }

    /// Compares the answer with the earlier ones, field by field. Returns whether all fields that they share are equal.
    fn compare(
        &mut self,
        model: &mut Model,
        ndim: Option<usize>,
        numbers: &Sizes,
        writable: Option<bool>,
        arrays: &Arrays<'_>,
        format: Option<Option<&CStr>>,
    ) -> bool {
        let plain = !self.request.shape();
        let mut same = true;
        let buf = Some(self.view.buf).filter(|&buf| buf != UNSET.buf);
        if let Some(other) = differs(&mut model.buf, buf, self.flags) {
            let with = names(other.1);
            self.broken(Rule::Differs(Field::Buf), c"buf differs from the one with %s", &[with.argument()]);
            same = false;
        }
        same &= self.compare_number(Field::Len, &mut model.len, numbers.len);
        // Plain bytes: an exporter may say so, or keep the values that the memory has.
        let is_one = |number: &Py_ssize_t| plain && *number == 1;
        let itemsize = numbers.itemsize.filter(|itemsize| !is_one(itemsize));
        same &= self.compare_number(Field::Itemsize, &mut model.itemsize, itemsize);
        let axes = ndim.map(usize::cast_signed).filter(|ndim| !plain || !(0..=1).contains(ndim));
        let mut known_axes = model.ndim.map(|(ndim, flags)| (ndim.cast_signed(), flags));
        let same_axes = self.compare_number(Field::Ndim, &mut known_axes, axes);
        if !plain {
            model.ndim = known_axes.map(|(ndim, flags)| (ndim.unsigned_abs(), flags));
        }
        same &= same_axes;
        if let Some((other, flags)) = differs(&mut model.readonly, writable.map(|writable| !writable), self.flags) {
            let with = names(flags);
            let (now, then) = (isize::from(!other), isize::from(other));
            self.broken(
                Rule::Differs(Field::Readonly),
                c"readonly is %zd, but %zd with %s",
                &[Argument::Size(now), Argument::Size(then), with.argument()],
            );
        }
        if let Some(text) = format
            && !plain
        {
            let print = text.map(|text| (text.count_bytes(), hash::of_bytes(text.to_bytes())));
            if let Some((_, flags)) = differs(&mut model.format, Some(print), self.flags) {
                let (now, with) = (text.unwrap_or(c"NULL"), names(flags));
                self.broken(
                    Rule::Differs(Field::Format),
                    c"format is %.100s, but differs from the one with %s",
                    &[Argument::Text(now.as_ptr()), with.argument()],
                );
                same = false;
            }
        }
        if same_axes {
            same &= self.compare_array(Field::Shape, &mut model.shape, arrays.shape, |_| true);
            let shape = model.shape;
            let empty = arrays.shape.is_some_and(|shape| shape.contains(&0));
            // A stride along one item is arbitrary; NumPy has others for each order.
            let leads = |axis| !empty && shape.entries.get(axis).is_some_and(|&items| items > 1);
            same &= self.compare_array(Field::Strides, &mut model.strides, arrays.strides, leads);
            if self.request.indirect() && arrays.ndim.is_some() && self.view.suboffsets != UNSET.suboffsets {
                same &= self.compare_suboffsets(&mut model.suboffsets, arrays.suboffsets);
            }
        }
        same
    }

    fn compare_number(&mut self, field: Field, known: &mut Agreed<Py_ssize_t>, number: Option<Py_ssize_t>) -> bool {
        let Some((other, flags)) = differs(known, number, self.flags) else { return true };
        let with = names(flags);
        self.broken(
            Rule::Differs(field),
            c"%s is %zd, but %zd with %s",
            &[field.name(), Argument::Size(number.unwrap_or(0)), Argument::Size(other), with.argument()],
        );
        false
    }

    /// Compares the entries of the axes that matter.
    fn compare_array(
        &mut self,
        field: Field,
        known: &mut KnownArray,
        array: Option<&[Py_ssize_t]>,
        matters: impl Fn(usize) -> bool,
    ) -> bool {
        let Some(array) = array else { return true };
        let Some((true, flags)) = known.known else {
            known.entries.iter_mut().zip(array).for_each(|(to, &from)| *to = from);
            known.known = Some((true, self.flags));
            return true;
        };
        let Some((axis, (now, then))) =
            array.iter().zip(&known.entries).enumerate().find(|(axis, (now, then))| now != then && matters(*axis))
        else {
            return true;
        };
        let with = names(flags);
        self.broken(
            Rule::Differs(field),
            c"%s[%zd] is %zd, but %zd with %s",
            &[
                field.name(),
                Argument::Size(axis.cast_signed()),
                Argument::Size(*now),
                Argument::Size(*then),
                with.argument(),
            ],
        );
        false
    }

    /// Compares the suboffsets, which may be missing.
    fn compare_suboffsets(&mut self, known: &mut KnownArray, suboffsets: Option<&[Py_ssize_t]>) -> bool {
        let there = suboffsets.is_some_and(|suboffsets| !suboffsets.is_empty());
        match known.known {
            Some((was_there, flags)) if was_there != there => {
                let with = names(flags);
                let text = if there {
                    c"there are suboffsets, but none with %s"
                } else {
                    c"suboffsets is NULL, but not with %s"
                };
                self.broken(Rule::Differs(Field::Suboffsets), text, &[with.argument()]);
                false
            }
            None if !there => {
                known.known = Some((false, self.flags));
                true
            }
            _ if there => self.compare_array(Field::Suboffsets, known, suboffsets, |_| true),
            _ => true,
        }
    }

    /// Checks the fields of the answer together. Returns whether the shape is consistent with `len`.
    fn contents(&mut self, numbers: &Sizes, arrays: &Arrays<'_>, format: Option<Option<&CStr>>, same: bool) -> bool {
        let mut sound = true;
        if let (Some(shape), Some(len), Some(itemsize), true) = (arrays.shape, numbers.len, numbers.itemsize, same) {
            sound = self.product(shape, len, itemsize);
        }
        if let Some(suboffsets) = arrays.suboffsets
            && !suboffsets.is_empty()
            && suboffsets.iter().all(|&suboffset| suboffset < 0)
        {
            self.broken(Rule::Suboffsets, c"suboffsets is not NULL though all of them are negative", &[]);
        }
        if let Some(text) = format {
            self.format(text, numbers.itemsize.filter(|_| same));
        }
        sound
    }

    fn product(&mut self, shape: &[Py_ssize_t], len: Py_ssize_t, itemsize: Py_ssize_t) -> bool {
        let product = bytes_of(shape, itemsize);
        let text = match product {
            Some(bytes) if bytes == len => return true,
            Some(_) => c"len is %zd, but product(shape) * itemsize is %zd",
            None => c"len is %zd, but product(shape) * itemsize is more than memory can hold",
        };
        self.broken(Rule::Product, text, &[Argument::Size(len), Argument::Size(product.unwrap_or(0))]);
        false
    }

    fn format(&mut self, text: Option<&CStr>, itemsize: Option<Py_ssize_t>) {
        let plain = !self.request.shape();
        let Some(text) = text else {
            if let Some(itemsize) = itemsize
                && itemsize != 1
                && !plain
            {
                let text = c"format is NULL, which means bytes, but itemsize is %zd";
                self.broken(Rule::Missing(Field::Format), text, &[Argument::Size(itemsize)]);
            }
            return;
        };
        let argument = Argument::Text(text.as_ptr());
        match itemsize.map_or_else(|| format::size(text), |itemsize| format::size_of_items(text, itemsize)) {
            Ok(size) => {
                // For plain bytes "B" is fine.
                if let Some(itemsize) = itemsize
                    && itemsize != size
                    && !(plain && size == 1)
                {
                    let text = if size == 1 {
                        c"format '%.100s' has items of %zd byte, but itemsize is %zd"
                    } else {
                        c"format '%.100s' has items of %zd bytes, but itemsize is %zd"
                    };
                    self.broken(Rule::FormatSize, text, &[argument, Argument::Size(size), Argument::Size(itemsize)]);
                }
            }
            // SAFETY: the text is a C string; the error is one of the parser's.
            Err(reason) => unsafe {
                let text = c"format '%.100s' is not in the syntax of PEP 3118";
                self.reporter.broken_for(Rule::Format, self.flags, text, &[argument], reason);
            },
        }
    }

    /// Checks what the request was promised: contiguous memory, and no pointers unless asked for.
    fn keeps_promises(&mut self, model: &Model, numbers: &Sizes, arrays: &Arrays<'_>) -> bool {
        let request = self.request;
        if arrays.has_suboffsets {
            return true;
        }
        if !request.indirect() && model.has_pointers() {
            let text = c"answered, though the memory is reached by pointers, which need suboffsets";
            self.broken(Rule::Pointers, text, &[]);
            return false;
        }
        if !request.strides() {
            let contiguous = model.is_contiguous(Order::C) != Some(false);
            if !contiguous {
                let text = c"answered without strides, though the memory is not C-contiguous";
                self.broken(Rule::Contiguous, text, &[]);
            }
            return contiguous;
        }
        let (Some(ndim), Some(len), Some(itemsize)) = (arrays.ndim, numbers.len, numbers.itemsize) else { return true };
        let (Some(shape), Some(strides)) = (arrays.shape, arrays.strides) else { return true };
        let structure = Structure { ndim, len, itemsize, shape: Some(shape), strides: Some(strides), suboffsets: None };
        let mut kept = true;
        for (asked, order, text) in [
            (request.c_contiguous(), Order::C, c"the memory is not C-contiguous, though that was asked for"),
            (
                request.f_contiguous(),
                Order::Fortran,
                c"the memory is not Fortran-contiguous, though that was asked for",
            ),
            (request.any_contiguous(), Order::Any, c"the memory is not contiguous, though that was asked for"),
        ] {
            if asked && !structure.is_contiguous(order) {
                self.broken(Rule::Contiguous, text, &[]);
                kept = false;
            }
        }
        kept
    }
}

/// Returns the known value if it differs from `value`; if none is known, stores `value`.
fn differs<T: Copy + PartialEq>(known: &mut Agreed<T>, value: Option<T>, flags: c_int) -> Agreed<T> {
    let value = value?;
    match *known {
        Some((other, _)) if other == value => None,
        None => {
            *known = Some((value, flags));
            None
        }
        different => different,
    }
}
