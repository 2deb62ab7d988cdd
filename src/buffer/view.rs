//! Asks exporters for views, releases them, and reads them; `acquired` has a value that does this by itself.

use core::ffi::{CStr, c_int, c_void};
use core::ptr::{NonNull, null_mut};

use crate::abi::buffer::Py_buffer;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::abi::slots::PyBufferProcs;
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::layout::{AxesMut, MAX_NDIM, Order, Structure, Subscript, select};
use crate::runtime::boundary::{boundary, non_null};
use crate::runtime::indicator;
use crate::runtime::refs::{self, Owned};
use crate::runtime::types::{self, Links};

use super::request::Request;

/// A `bf_getbuffer` that is there.
pub(super) type GetBuffer = unsafe extern "C" fn(*mut PyObject, *mut Py_buffer, c_int) -> c_int;

/// The buffer slots of an object's type, where it has them.
///
/// # Safety
/// O1.
unsafe fn procs<'a>(obj: *mut PyObject) -> Option<&'a PyBufferProcs> {
    // SAFETY: O1; `tp_as_buffer` is NULL or a table that lives as long as the type.
    unsafe { (*types::type_of(obj)).tp_as_buffer.as_ref() }
}

/// `PyObject_CheckBuffer`.
///
/// # Safety
/// O1.
pub(crate) unsafe fn is_exporter(obj: *mut PyObject) -> bool {
    // SAFETY: O1.
    unsafe { procs(obj) }.is_some_and(|procs| procs.bf_getbuffer.is_some())
}

/// The slot that answers requests, where there is one.
///
/// # Safety
/// O1.
#[inline(always)]
unsafe fn slot(obj: *mut PyObject) -> Option<GetBuffer> {
    // SAFETY: O1.
    unsafe { procs(obj)?.bf_getbuffer }
}

/// The slot that answers requests, or a `TypeError`.
///
/// # Safety
/// O1.
pub(super) unsafe fn getbuffer_slot(obj: *mut PyObject) -> Result<GetBuffer> {
    // SAFETY: O1.
    unsafe { slot(obj).ok_or_else(|| not_an_exporter(obj)) }
}

/// # Safety
/// O1.
#[cold]
#[inline(never)]
unsafe fn not_an_exporter(obj: *mut PyObject) -> Error {
    // SAFETY: O1.
    unsafe { Error::type_name(c"a bytes-like object is required, not '%.100s'", (*types::type_of(obj)).tp_name) }
}

/// Whether [`answerer`] may have another object.
///
/// # Safety
/// O1.
#[inline]
pub(crate) unsafe fn may_stand_for_another(obj: *mut PyObject) -> bool {
    // SAFETY: O1.
    unsafe { Links::of(obj).answerer.is_some() }
}

/// The object that answers requests in the place of this one, which stands for it; `None` where it answers itself.
///
/// # Safety
/// O1.
unsafe fn answerer(obj: *mut PyObject) -> Result<Option<Owned<PyObject>>> {
    // SAFETY: O1; the link is the object's.
    unsafe { Links::of(obj).answerer.map_or(Ok(None), |answerer| answerer(obj)) }
}

/// `PyObject_GetBuffer`, for a consumer outside this library: what the exporter answers is handed on as it is, and so is
/// the status. Where it is not asked the error is raised here. What this library itself reads or writes comes from [`acquire`].
///
/// # Safety
/// O1; `view` may be written, and is not moved while it is filled (B2).
#[inline(always)]
pub(crate) unsafe fn get_buffer(obj: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int {
    // SAFETY: O1; O4 for the slot.
    unsafe {
        if !obj.is_null()
            && Request::is_valid(flags)
            && !view.is_null()
            && let Some(getbuffer) = slot(obj)
        {
            return getbuffer(obj, view, flags);
        }
        unasked(obj, flags)
    }
}

/// Raises the error of a request that no exporter is asked.
///
/// # Safety
/// NULL or O1.
#[cold]
#[inline(never)]
unsafe fn unasked(obj: *mut PyObject, flags: c_int) -> c_int {
    boundary(|| {
        let obj = non_null(obj)?;
        Request::new(flags)?;
        // SAFETY: O1.
        unsafe { getbuffer_slot(obj.as_ptr())? };
        Err::<(), _>(Error::buffer(c"PyObject_GetBuffer: view==NULL argument is obsolete"))
    })
}

/// The object that finally answers requests in place of this one; `None` where it answers itself. That one may stand
/// for another in turn, and so on: in a loop, so that a chain of them takes no stack. `pass` gets each of them and says whom
/// to ask next, itself or what it keeps alive.
///
/// # Safety
/// O1.
pub(crate) unsafe fn last_answerer(
    obj: *mut PyObject,
    mut pass: impl FnMut(*mut PyObject) -> Result<*mut PyObject>,
) -> Result<Option<Owned<PyObject>>> {
    let (mut next, mut found) = (obj, None);
    // SAFETY: O1; the object that has been found is kept alive while it is asked.
    while let Some(exporter) = unsafe { answerer(next)? } {
        next = pass(exporter.as_ptr())?;
        found = Some(exporter);
    }
    Ok(found)
}

/// [`get_buffer`] of an exporter that another object stands for, which passes the request on to the one that answers it.
///
/// # Safety
/// As [`get_buffer`].
pub(crate) unsafe fn hand_on(obj: *mut PyObject, view: *mut Py_buffer, request: Request) -> Result<c_int> {
    // SAFETY: the caller guarantees O1, and has the view to write to; the object that has been found is kept alive while it is
    // asked.
    unsafe {
        let found = last_answerer(obj, Ok)?;
        Ok(get_buffer(found.as_ref().map_or(obj, Owned::as_ptr), view, request.flags()))
    }
}

/// The most axes that a consumer accepts.
#[derive(Clone, Copy)]
pub(crate) struct MostAxes {
    /// How many.
    pub(crate) number: usize,
    /// The `ValueError` of more; it holds one `%zd`.
    pub(crate) text: &'static CStr,
}

impl MostAxes {
    /// The limit of walks.
    pub(crate) const OF_WALKS: Self = Self { number: MAX_NDIM, text: c"number of dimensions must not exceed %zd" };

    /// Whether there are more.
    pub(crate) fn check(self, ndim: usize) -> Result<()> {
        if ndim <= self.number {
            return Ok(());
        }
        Err(Error::with(ErrorKind::Value, self.text, Argument::count(self.number), Argument::None))
    }
}

/// Asks an exporter for a view that this library itself reads or writes. Exporters are foreign code: what comes back is
/// checked against what was asked for, here and nowhere else. On failure there is no view, and `obj` is NULL; one that is
/// not what was asked for has been released. Inlined, so that a constant request leaves only a few comparisons.
///
/// # Safety
/// O1; `view` may be written, and is not moved while it is filled (B2); its `obj` is NULL.
#[inline(always)]
pub(crate) unsafe fn acquire(obj: *mut PyObject, view: *mut Py_buffer, request: Request, most: MostAxes) -> Result<()> {
    // SAFETY: O1; O4 for the slot; what it has filled is a view (B1) as far as it is looked at.
    unsafe {
        let status = getbuffer_slot(obj)?(obj, view, request.flags());
        if status == 0 && is_as_most(&*view, request, most) { Ok(()) } else { settle(obj, status, view, request, most) }
    }
}

/// Checks an answer that is not the common case.
///
/// # Safety
/// As [`acquire`], for an exporter that has given this status.
#[cold]
unsafe fn settle(
    obj: *mut PyObject,
    status: c_int,
    view: *mut Py_buffer,
    request: Request,
    most: MostAxes,
) -> Result<()> {
    // SAFETY: the caller's view is what the exporter has left there.
    unsafe {
        if status != 0 {
            // Whatever the exporter left there, it is not a view.
            (*view).obj = null_mut();
            let silent = status > 0 && indicator::occurred().is_null();
            return Err(if silent { Error::system(c"bf_getbuffer returns neither 0 nor -1") } else { Error::Raised });
        }
        // An object that stands for another passes on its answer, which may name any object.
        let own = types::is_own(obj) && !may_stand_for_another(obj) && (*view).obj == obj;
        let kept = keeps_promises(&*view, request, most, own);
        if kept.is_err() {
            release(view);
        }
        kept
    }
}

/// Whether a view is one of those that [`keeps_promises`] has no doubt about, which are most: no pointers, as many bytes as
/// items, and no array that was not asked for but a shape. Every request comes through here, so the bytes are not counted by
/// `layout::bytes_of`: one pass finds negative lengths, too, and may refuse what is right.
///
/// # Safety
/// As [`keeps_promises`].
#[inline(always)]
pub(super) unsafe fn is_as_most(view: &Py_buffer, request: Request, most: MostAxes) -> bool {
    let ndim = usize::try_from(view.ndim).unwrap_or(usize::MAX);
    let simple = ndim <= most.number && view.len >= 0 && view.itemsize > 0 && !view.buf.is_null();
    let given = view.suboffsets.is_null() && (view.strides.is_null() || request.strides());
    if !simple || !given || request.may_name_an_order() || (request.writable() && view.readonly != 0) {
        return false;
    }
    if ndim == 0 || view.shape.is_null() {
        return !request.shape() || (ndim == 0 && view.len == view.itemsize);
    }
    // SAFETY: B1: `ndim` entries.
    let shape = unsafe { core::slice::from_raw_parts(view.shape.cast_const(), ndim) };
    let product =
        shape.iter().try_fold(view.itemsize, |bytes, &items| if items < 0 { None } else { bytes.checked_mul(items) });
    product == Some(view.len)
}

/// Whether a view is what the request asked for, as far as the view itself can say. `BufferError` where it is not, or where
/// it contradicts itself so that a consumer would leave its memory.
///
/// Fields that were not asked for may be filled in (`ctypes` always fills shape and format), provided that a consumer
/// may ignore them. An array that is missing has the meaning of PEP 3118 (`Structure`). An object of this library
/// (`own`) may pass on a `len` of more than the shape holds: the program has vouched for it (`PyMemoryView_FromBuffer`).
///
/// # Safety
/// B1, but that the arrays are only read where there may be as many axes.
#[cold]
pub(super) unsafe fn keeps_promises(view: &Py_buffer, request: Request, most: MostAxes, own: bool) -> Result<()> {
    let refused = |lie: bool, text| if lie { Err(Error::buffer(text)) } else { Ok(()) };
    let ndim = usize::try_from(view.ndim).map_err(|_| NEGATIVE)?;
    most.check(ndim)?;
    refused(view.len < 0 || view.itemsize < 0, c"itemsize and len must not be negative")?;
    refused(
        request.writable() && view.readonly != 0,
        c"the memory is read-only, though writable memory was asked for",
    )?;
    // SAFETY: the caller guarantees B1, for as many axes as the arrays are read of.
    let structure = unsafe { structure(view) }.ok_or(NEGATIVE)?;
    let pointers = structure.suboffsets.is_some_and(|all| all.iter().any(|&suboffset| suboffset >= 0));
    refused(view.buf.is_null() && view.len != 0, c"buf must not be NULL where len is not 0")?;
    refused(pointers && !request.indirect(), c"there are suboffsets, though none were asked for")?;
    refused(pointers && structure.strides.is_none(), c"suboffsets need strides")?;
    let followed = pointers && !structure.shape.is_some_and(|shape| shape.contains(&0));
    refused(view.buf.is_null() && followed, c"buf must not be NULL where suboffsets are followed")?;
    if request.shape() || (ndim != 0 && structure.shape.is_some()) {
        structure.check_sizes()?;
        // The rest of a division is what a view has of which CPython makes up the shape, such as 14 bytes in items of 4.
        let rest = view.len.unsigned_abs() - structure.bytes();
        let division = ndim == 1 && rest < view.itemsize.unsigned_abs();
        refused(rest != 0 && !division && !own, c"product(shape) * itemsize is less than len")?;
    }
    if structure.strides.is_none() && !request.f_contiguous() {
        // C-contiguous, as it is said.
        return Ok(());
    }
    let mut implied = [0];
    let shape = structure.shape_or_implied(&mut implied);
    refused(shape.len() != ndim, c"strides need a shape")?;
    let flat = Structure { shape: Some(shape), suboffsets: None, ..structure };
    let contiguous = |order| !pointers && flat.is_contiguous(order);
    refused(
        !request.strides() && !contiguous(Order::C),
        c"the memory is not C-contiguous, though no strides were asked for",
    )?;
    // A shape that is missing is made up of all the bytes, which then have to lie together.
    refused(structure.shape.is_none() && !contiguous(Order::C), c"strides need a shape")?;
    refused(
        request.c_contiguous() && !contiguous(Order::C),
        c"the memory is not C-contiguous, though that was asked for",
    )?;
    refused(
        request.f_contiguous() && !contiguous(Order::Fortran),
        c"the memory is not Fortran-contiguous, though that was asked for",
    )?;
    refused(
        request.any_contiguous() && !contiguous(Order::Any),
        c"the memory is not contiguous, though that was asked for",
    )
}

/// Whether a view is what a request asked for, as [`acquire`] checks it.
///
/// # Safety
/// As [`keeps_promises`].
#[inline(never)]
pub(crate) unsafe fn obeys(view: &Py_buffer, request: Request) -> Result<()> {
    // SAFETY: the caller guarantees B1, as far as it can be checked.
    unsafe {
        let most = MostAxes::OF_WALKS;
        if is_as_most(view, request, most) { Ok(()) } else { keeps_promises(view, request, most, false) }
    }
}

/// `PyBuffer_Release`. A pending error is left as it is. What foreign code is called on the way may release the view once
/// more, which does nothing.
///
/// # Safety
/// B1; the view is not used any more.
pub(crate) unsafe fn release(view: *mut Py_buffer) {
    // SAFETY: B1: `obj` is NULL or an owned reference; O4 for the slot.
    unsafe {
        let obj = (*view).obj;
        if obj.is_null() {
            return;
        }
        if let Some(releasebuffer) = procs(obj).and_then(|procs| procs.bf_releasebuffer) {
            if !types::is_own(obj) {
                return release_foreign(view, obj, releasebuffer);
            }
            // The library's own slots look at `internal` only.
            (*view).obj = null_mut();
            releasebuffer(obj, view);
        }
        (*view).obj = null_mut();
        refs::decref(obj);
    }
}

/// [`release`], where the slot is foreign code.
///
/// # Safety
/// As [`release`]; the slot is that of the view's object.
#[inline(never)]
unsafe fn release_foreign(
    view: *mut Py_buffer,
    obj: *mut PyObject,
    releasebuffer: unsafe extern "C" fn(*mut PyObject, *mut Py_buffer),
) {
    // SAFETY: the caller guarantees B1, and O4 for the slot.
    unsafe {
        if refs::releasing(view.cast_const().cast(), || releasebuffer(obj, view)) {
            (*view).obj = null_mut();
            refs::decref(obj);
        }
    }
}

/// The error for a view with a negative `ndim`.
pub(crate) const NEGATIVE: Error = Error::buffer(c"ndim must not be negative");

/// The structure of a view, as it stands there. `None` where `ndim` is negative.
///
/// # Safety
/// B1.
#[inline]
pub(crate) unsafe fn structure(view: &Py_buffer) -> Option<Structure<'_>> {
    let ndim = usize::try_from(view.ndim).ok()?;
    let array = |entries: *mut Py_ssize_t| {
        let start = if ndim == 0 { NonNull::dangling().as_ptr() } else { entries };
        // SAFETY: B1: NULL or `ndim` entries; none need no memory.
        (!start.is_null()).then(|| unsafe { core::slice::from_raw_parts(start.cast_const(), ndim) })
    };
    Some(Structure {
        ndim,
        len: view.len,
        itemsize: view.itemsize,
        shape: array(view.shape),
        strides: array(view.strides),
        suboffsets: if view.suboffsets.is_null() { None } else { array(view.suboffsets) },
    })
}

/// The structure of a view, checked, so that it may be walked.
///
/// # Safety
/// B1.
pub(crate) unsafe fn checked_structure(view: &Py_buffer) -> Result<Structure<'_>> {
    // SAFETY: the caller guarantees B1.
    let structure = unsafe { structure(view) }.ok_or(NEGATIVE)?;
    structure.check()?;
    Ok(structure)
}

/// The format of a view; NULL means bytes.
///
/// # Safety
/// B1, for as long as the result is used.
pub(crate) unsafe fn format_of(view: &Py_buffer) -> &CStr {
    // SAFETY: B1: NULL or a C string.
    if view.format.is_null() { c"B" } else { unsafe { CStr::from_ptr(view.format) } }
}

/// Whether two views have the same format, as CPython compares for an assignment: the same text, apart from a leading `@`.
///
/// # Safety
/// B1 for both.
pub(crate) unsafe fn same_format(a: &Py_buffer, b: &Py_buffer) -> bool {
    fn plain(format: &CStr) -> &[u8] {
        let text = format.to_bytes();
        text.strip_prefix(b"@").unwrap_or(text)
    }
    // SAFETY: the caller guarantees B1 for both.
    unsafe { a.itemsize == b.itemsize && plain(format_of(a)) == plain(format_of(b)) }
}

/// `PyBuffer_GetPointer`: the address of the item at `indices`. Missing strides are those of C-contiguous
/// memory.
///
/// # Safety
/// B1; `indices` has `ndim` entries, each within the shape.
pub(crate) unsafe fn item_pointer(view: &Py_buffer, indices: *const Py_ssize_t) -> Result<*mut c_void> {
    // SAFETY: B1.
    let structure = unsafe { structure(view) }.ok_or(Error::bad_argument())?;
    if structure.ndim != 0 && indices.is_null() {
        return Err(Error::NullArgument);
    }
    let indices: &[Py_ssize_t] = match structure.ndim {
        0 => &[],
        // SAFETY: the caller guarantees that `indices` has `ndim` entries.
        ndim => unsafe { core::slice::from_raw_parts(indices, ndim) },
    };
    let mut pointer = view.buf.cast::<u8>();
    let Some(strides) = structure.strides else {
        let shape = match structure.shape {
            Some(shape) => shape,
            None if structure.ndim == 1 => &[0],
            None => return Err(Error::bad_argument()),
        };
        let items = indices
            .iter()
            .zip(shape)
            .fold(0isize, |items, (&index, &length)| items.wrapping_mul(length).wrapping_add(index));
        return Ok(pointer.wrapping_offset(items.wrapping_mul(view.itemsize)).cast());
    };
    for (axis, (&index, &stride)) in indices.iter().zip(strides).enumerate() {
        pointer = pointer.wrapping_offset(stride.wrapping_mul(index));
        if let Some(&suboffset) = structure.suboffsets.and_then(|suboffsets| suboffsets.get(axis))
            && suboffset >= 0
        {
            // SAFETY: B1: a suboffset says that a pointer stands here.
            pointer = unsafe { pointer.cast::<*mut u8>().read_unaligned() }.wrapping_offset(suboffset);
        }
    }
    Ok(pointer.cast())
}

/// The address of a part: the base, or where the pointers lead that [`select`] follows at once.
///
/// # Safety
/// B1, for the view that is selected from, of which `buf` is the base.
pub(crate) unsafe fn select_from(
    view: &Structure<'_>,
    buf: *mut u8,
    subscripts: impl Iterator<Item = Subscript> + Clone,
    part: &mut AxesMut<'_>,
) -> Result<*mut u8> {
    let mut base = buf;
    let offset = select(view, subscripts, part, |offset, suboffset| {
        // SAFETY: B1: there are items, the indices are within the shape, and a suboffset says that a pointer stands here.
        base = unsafe { base.wrapping_offset(offset).cast::<*mut u8>().read_unaligned() }.wrapping_offset(suboffset);
    })?;
    Ok(base.wrapping_offset(offset))
}
