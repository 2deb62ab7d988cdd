//! pybuffer.ndarray: the general exporter. CPython: `ndarray` in `Modules/_testbuffer.c`.
//!
//! An ndarray has a stack of bases, each an array with memory of its own, of which the one on top answers requests; or it
//! re-exports, and then its one base is the view of another exporter, or a part of that. Views carry their base in
//! `internal`: a base counts its views, and is freed with the last one if it is no longer on the top. Looks of this library's
//! own are pins, counted apart: they change nothing but that a base that has left the stack is freed with the last of them.
//!
//! The stack, the counts and what `add_suboffsets` changes are guarded by a lock that is held for a few instructions, and at
//! most one walk over the axes of a base, in which nothing is allocated or freed and no foreign code runs.

mod base;

mod lock;

mod part;

use core::ffi::{c_char, c_int};
use core::mem::size_of;
use core::ptr::{NonNull, null_mut, without_provenance_mut};

use crate::abi::buffer::Py_buffer;
use crate::abi::ndarray as c;
use crate::abi::ndarray::pybuffer_ndarray_state;
use crate::abi::object::{Py_hash_t, Py_ssize_t, PyObject};
use crate::abi::slots::PyBufferProcs;
use crate::abi::types::{PyTypeObject, TPFLAGS_LOOKS, TPFLAGS_OWN, TPFLAGS_READY};
use crate::buffer::{self, Contiguity, Ending, Kept, LookProcs, Request};
use crate::error::{Error, Result};
use crate::layout::Order;
use crate::runtime::alloc::Scratch;
use crate::runtime::boundary::boundary;
use crate::runtime::hash;
use crate::runtime::holds::Pin;
use crate::runtime::object;
use crate::runtime::refs::{self, Object, Owned};
use crate::runtime::types::{self, Links, object_dealloc};

use base::{Base, Loose};
use lock::{Locked, PinnedBase};

pub(crate) use base::Layout;
pub(crate) use part::{assign, subscript};

/// An ndarray. Opaque to C.
#[repr(C)]
pub(crate) struct NdArrayObject {
    ob_base: PyObject,
    /// 1 while a thread holds the lock, otherwise 0.
    lock: Py_ssize_t,
    /// Whether the layout may change while views are held. Constant.
    varexport: bool,
    /// Whether `source` is filled, and what the only base is of. Constant.
    reexports: bool,
    /// The top of the stack; NULL before the object is made, and while it is being destroyed.
    head: *mut Base,
    /// The number of bases in the stack.
    bases: isize,
    /// The other exporter's view.
    source: Kept,
}

// SAFETY: `repr(C)`, and its first field is a `PyObject`.
unsafe impl Object for NdArrayObject {}

/// The type of ndarrays. Those that are read-only have a hash, that of their bytes.
#[unsafe(no_mangle)]
pub static mut pybuffer_ndarray_type: PyTypeObject = PyTypeObject {
    tp_dealloc: Some(ndarray_dealloc),
    tp_hash: Some(ndarray_hash),
    tp_as_buffer: (&raw mut BUFFER).cast(),
    tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_LOOKS,
    tp_subclasses: LINKS.slot(),
    ..types::derived(c"pybuffer.ndarray", size_of::<NdArrayObject>(), 0)
};

static LINKS: Links = Links { answerer: Some(answerer), voucher: Some(voucher) };

static mut BUFFER: LookProcs = LookProcs {
    procs: PyBufferProcs { bf_getbuffer: Some(ndarray_getbuffer), bf_releasebuffer: Some(ndarray_releasebuffer) },
    look: ndarray_look,
    end: ndarray_end_look,
};

/// The object as ndarray, or a `TypeError`.
///
/// # Safety
/// O1.
unsafe fn downcast(op: NonNull<PyObject>) -> Result<NonNull<NdArrayObject>> {
    // SAFETY: O1.
    unsafe { object::expect_type(op.as_ptr(), &raw mut pybuffer_ndarray_type, c"expected ndarray, %.200s found")? };
    Ok(op.cast())
}

/// An object without a base, which must not be published before it has one.
fn empty(varexport: bool, reexports: bool) -> Result<Owned<NdArrayObject>> {
    // SAFETY: the head has one reference and a static type.
    unsafe {
        object::new(
            size_of::<NdArrayObject>(),
            NdArrayObject {
                ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut pybuffer_ndarray_type },
                lock: 0,
                varexport,
                reexports,
                head: null_mut(),
                bases: 0,
                source: Kept::EMPTY,
            },
        )
    }
}

/// An ndarray with memory of its own: `memlen` bytes, which are 0 until `fill` has written them.
pub(crate) fn new(
    memlen: isize,
    layout: &Layout<'_>,
    fill: impl FnOnce(&mut [u8]) -> Result<()>,
) -> Result<Owned<NdArrayObject>> {
    let varexport = layout.flags & c::PYBUFFER_ND_VAREXPORT != 0;
    let layout = Layout { flags: layout.flags & !c::PYBUFFER_ND_VAREXPORT, ..*layout };
    let base = Loose::of_memory(memlen, &layout, fill)?;
    let object = empty(varexport, false)?;
    // SAFETY: a fresh object, of this type.
    unsafe { Locked::new(object.as_non_null()) }.push(base);
    Ok(object)
}

/// An object that holds a view of another exporter, and has no base yet.
///
/// # Safety
/// O1.
unsafe fn of_exporter(exporter: NonNull<PyObject>, request: Request) -> Result<Owned<NdArrayObject>> {
    let object = empty(false, true)?;
    // SAFETY: O1; a fresh object, in which the view stays where it is (B2). The exporter has filled it (B1).
    unsafe {
        Kept::fill(&raw mut (*object.as_ptr()).source, exporter, request, base::MOST_AXES)?;
        Ok(object)
    }
}

/// The view that an object that is being made holds.
///
/// # Safety
/// The object comes from [`of_exporter`], and lives as long as the result.
unsafe fn source<'a>(object: &Owned<NdArrayObject>) -> Result<&'a Py_buffer> {
    // SAFETY: O1 and O2: the caller guarantees that the object comes from `of_exporter`.
    unsafe { Kept::view(&raw mut (*object.as_ptr()).source).map(|view| view.as_ref()) }.ok_or(Error::bad_argument())
}

/// An ndarray that exports again what the exporter answers to a request.
///
/// # Safety
/// O1.
pub(crate) unsafe fn from_object(
    exporter: NonNull<PyObject>,
    request: c_int,
    flags: c_int,
) -> Result<Owned<NdArrayObject>> {
    if flags & !c::PYBUFFER_ND_REDIRECT != 0 {
        return Err(Error::wrong_type(c"an ndarray of an exporter takes only the flag PYBUFFER_ND_REDIRECT"));
    }
    // SAFETY: O1; the object keeps the view until its base is freed.
    unsafe {
        let object = of_exporter(exporter, Request::new(request)?)?;
        let mut base = Loose::of_view(source(&object)?)?;
        base.get().flags |= flags;
        Locked::new(object.as_non_null()).push(base);
        Ok(object)
    }
}

/// `ndarray.push`: another array on the top of the stack.
///
/// # Safety
/// O1.
pub(crate) unsafe fn push(
    op: NonNull<PyObject>,
    memlen: isize,
    layout: &Layout<'_>,
    fill: impl FnOnce(&mut [u8]) -> Result<()>,
) -> Result<()> {
    if layout.flags & c::PYBUFFER_ND_VAREXPORT != 0 {
        return Err(Error::value(c"PYBUFFER_ND_VAREXPORT can only be used during object creation"));
    }
    // SAFETY: O1; O2 after the downcast.
    unsafe {
        let nd = downcast(op)?;
        let held = !(*nd.as_ptr()).varexport;
        // Checked early for a better error; other threads may ask for views until the base is ready.
        Locked::new(nd).changeable(held)?;
        let base = Loose::of_memory(memlen, layout, fill)?;
        let mut locked = Locked::new(nd);
        match locked.changeable(held) {
            Ok(()) => {
                locked.push(base);
                Ok(())
            }
            Err(error) => {
                drop(locked);
                drop(base);
                Err(error)
            }
        }
    }
}

/// `ndarray.pop`: frees the array on the top of the stack.
///
/// # Safety
/// O1.
pub(crate) unsafe fn pop(op: NonNull<PyObject>) -> Result<()> {
    // SAFETY: O1; O2 after the downcast. No view of the base is held.
    unsafe {
        let nd = downcast(op)?;
        let mut locked = Locked::new(nd);
        locked.changeable(true)?;
        let head = locked.head()?;
        if head.next.is_null() {
            return Err(Error::buffer(c"list only has a single base"));
        }
        let head = NonNull::from(head);
        let base = locked.take(head);
        drop(locked);
        drop(base);
        Ok(())
    }
}

/// `ndarray.add_suboffsets`: an array of suboffsets that follow nothing.
///
/// # Safety
/// O1.
pub(crate) unsafe fn add_suboffsets(op: NonNull<PyObject>) -> Result<()> {
    // SAFETY: O1; O2 after the downcast.
    unsafe {
        let mut locked = Locked::new(downcast(op)?);
        let base = locked.head()?;
        if !base.view.suboffsets.is_null() {
            return Err(Error::wrong_type(c"cannot add suboffsets to PIL-style array"));
        }
        if base.view.strides.is_null() {
            return Err(Error::wrong_type(c"cannot add suboffsets to array without strides"));
        }
        base.add_suboffsets(usize::try_from(base.view.ndim).unwrap_or(0));
        Ok(())
    }
}

/// What the ndarray is at the moment.
///
/// # Safety
/// O1.
pub(crate) unsafe fn state(op: NonNull<PyObject>) -> Result<pybuffer_ndarray_state> {
    // SAFETY: O1; O2 after the downcast. Nothing changes while it is locked.
    unsafe {
        let nd = downcast(op)?;
        let mut locked = Locked::new(nd);
        let head = locked.head()?;
        Ok(pybuffer_ndarray_state {
            base: &raw const head.view,
            flags: head.flags,
            reexports: (*nd.as_ptr()).reexports.into(),
            offset: head.offset,
            memlen: head.memlen,
            exports: head.exports,
            bases: (*nd.as_ptr()).bases,
        })
    }
}

unsafe extern "C" fn ndarray_dealloc(op: *mut PyObject) {
    let nd: *mut NdArrayObject = op.cast();
    // SAFETY: O1, O2; no reference is left, so this thread has the object to itself, and no view of it is held. The bases
    // point to the arrays of the source, and go before it.
    unsafe {
        let empty = || {
            while let Some(base) = NonNull::new((*nd).head) {
                (*nd).head = base.as_ref().next;
                drop(Loose::from_raw(base));
            }
            Kept::give_back_at_last(&raw mut (*nd).source);
        };
        if refs::emptied(op, empty) {
            object_dealloc(op);
        }
    }
}

/// The exporter that requests are passed on to, if the flags say so.
///
/// # Safety
/// O1, O2.
unsafe fn answerer(op: *mut PyObject) -> Result<Option<Owned<PyObject>>> {
    // SAFETY: O1, O2; the ndarray owns a reference to the exporter for as long as it lives.
    unsafe {
        let mut locked = Locked::new(NonNull::new_unchecked(op.cast()));
        Ok(locked.head()?.redirects_to().map(|exporter| Owned::share(exporter)))
    }
}

/// The exporter that has to have a hash for the ndarray to have one.
///
/// # Safety
/// O1, O2.
unsafe fn voucher(op: *mut PyObject) -> Result<Option<Owned<PyObject>>> {
    // SAFETY: O1, O2; as in `answerer`.
    unsafe {
        let base = PinnedBase::new(NonNull::new_unchecked(op.cast()))?;
        Ok(vouched(&base.view())?.map(|exporter| Owned::share(exporter)))
    }
}

/// The exporter that has to be hashable, for a base: only then the memory will not change.
fn vouched(view: &Py_buffer) -> Result<Option<NonNull<PyObject>>> {
    if view.readonly == 0 {
        return Err(Error::value(c"cannot hash writable ndarray object"));
    }
    Ok(NonNull::new(view.obj))
}

unsafe extern "C" fn ndarray_getbuffer(op: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int {
    boundary(|| {
        if view.is_null() {
            return Err(Error::buffer(c"pybuffer.ndarray: view==NULL argument is obsolete"));
        }
        let request = Request::of_slot(flags);
        // SAFETY: O1, O2: a slot of this type; `view` may be written. The other exporter lives as long as the view of it, so
        // it is asked without the lock.
        unsafe {
            let mut locked = Locked::new(NonNull::new_unchecked(op.cast()));
            let base = locked.head().inspect_err(|_| (&raw mut (*view).obj).write(null_mut()))?;
            if let Some(exporter) = base.redirects_to() {
                drop(locked);
                (&raw mut (*view).obj).write(null_mut());
                return buffer::hand_on(exporter.as_ptr(), view, request);
            }
            match answer(base, request) {
                Ok(answer) => {
                    base.exports += 1;
                    refs::incref(op);
                    view.write(Py_buffer { obj: op, ..answer });
                    Ok(0)
                }
                Err(error) => {
                    let undefined = c::PYBUFFER_ND_GETBUF_FAIL | c::PYBUFFER_ND_GETBUF_UNDEFINED;
                    let left = if base.flags & undefined == undefined { without_provenance_mut(1) } else { null_mut() };
                    (&raw mut (*view).obj).write(left);
                    Err(error)
                }
            }
        }
    })
}

/// Pins the base on the top, unless another exporter would have to be asked.
///
/// # Safety
/// O1, O2, and B2 for the view.
unsafe fn ndarray_look(op: *mut PyObject, view: *mut Py_buffer, request: Request, _: Pin) -> Result<Ending> {
    // SAFETY: the caller guarantees O1, O2 and B2; the view of the base carries the base.
    unsafe {
        let mut locked = Locked::new(NonNull::new_unchecked(op.cast()));
        let base = locked.head()?;
        if base.redirects_to().is_some() {
            return Ok(Ending::Release);
        }
        let answer = answer(base, request)?;
        base.pins += 1;
        view.write(Py_buffer { obj: null_mut(), ..answer });
        Ok(Ending::Share)
    }
}

/// # Safety
/// O1, O2; the view is that of a look at it.
unsafe fn ndarray_end_look(op: *mut PyObject, view: &Py_buffer) {
    if let Some(base) = NonNull::new(view.internal.cast::<Base>()) {
        // SAFETY: the look keeps the ndarray (O1, O2), and has pinned the base.
        drop(unsafe { PinnedBase::of(NonNull::new_unchecked(op.cast()), base) });
    }
}

/// What the base answers a request, without a reference. CPython: `ndarray_getbuf`.
///
/// # Safety
/// B1 for the view of the base.
#[inline(always)]
unsafe fn answer(base: &Base, request: Request) -> Result<Py_buffer> {
    let has = |flags: c_int| base.flags & flags != 0;
    let given = &base.view;
    // For a view that was not a full request; no exporter that keeps the rules.
    let is_missing = |asked: bool, array: *mut Py_ssize_t| asked && array.is_null() && given.ndim != 0;
    if is_missing(request.shape(), given.shape) || is_missing(request.strides(), given.strides) {
        return Err(Error::buffer(c"re-exporter does not provide format, shape or strides"));
    }
    if has(c::PYBUFFER_ND_GETBUF_FAIL) {
        return Err(Error::buffer(c"PYBUFFER_ND_GETBUF_FAIL: forced test exception"));
    }
    // By the flags, which a program may have set.
    let contiguity = Contiguity {
        c: has(c::PYBUFFER_ND_SCALAR | c::PYBUFFER_ND_C),
        fortran: has(c::PYBUFFER_ND_SCALAR | c::PYBUFFER_ND_FORTRAN),
        indirect: has(c::PYBUFFER_ND_PIL),
    };
    let format = if given.format.is_null() { buffer::UNSIGNED_BYTES } else { given.format };
    let complete = Py_buffer { format, ..*given };
    // SAFETY: the caller guarantees B1 for the view of the base; the type is static.
    unsafe {
        buffer::check_answer(&complete, contiguity, request, TYPE_NAME)?;
        // Of the base, not of the answer as in CPython: one without strides would lead out of the memory. That of the
        // other order matters to consumers that ask for it, and, as in CPython, to those that look at format and shape.
        let is = |order| buffer::structure(given).is_some_and(|structure| structure.is_contiguous(order));
        let (c, fortran) = (is(Order::C), is(Order::Fortran));
        let by_order = request.f_contiguous() || (request.any_contiguous() && !c);
        let looked_at = by_order || (request.format() && request.shape());
        if contiguity.c != c || (looked_at && contiguity.fortran != fortran) {
            return Err(Error::buffer(c"pybuffer.ndarray: the flags claim an order that the memory does not have"));
        }
        let mut answer = Py_buffer::EMPTY;
        buffer::write_answer(&raw mut answer, null_mut(), &complete, request);
        Ok(answer)
    }
}

const TYPE_NAME: *const c_char = c"pybuffer.ndarray".as_ptr();

unsafe extern "C" fn ndarray_releasebuffer(op: *mut PyObject, view: *mut Py_buffer) {
    // SAFETY: O1, O2: a slot of this type; called once for each view that was filled above, which carries its base.
    unsafe {
        if let Some(base) = NonNull::new((*view).internal.cast::<Base>()) {
            let mut locked = Locked::new(NonNull::new_unchecked(op.cast()));
            let unused = locked.end_view(base);
            drop(locked);
            drop(unused);
        }
    }
}

/// `tp_hash`: the hash of the bytes in C order. Writable memory may change, so it has no hash.
unsafe extern "C" fn ndarray_hash(op: *mut PyObject) -> Py_hash_t {
    boundary(|| {
        // SAFETY: O1, O2: a slot of this type; B1 for the view of a base, which is pinned.
        unsafe {
            let base = PinnedBase::new(NonNull::new_unchecked(op.cast()))?;
            let view = base.view();
            if let Some(exporter) = vouched(&view)? {
                object::vouch(exporter.as_ptr())?;
            }
            if view.len == 0 {
                return Ok(hash::of_bytes(&[]));
            }
            let temporary = Scratch::new(view.len.unsigned_abs())?;
            part::copy_out(temporary.as_ptr(), &view)?;
            Ok(hash::of_bytes(core::slice::from_raw_parts(temporary.as_ptr(), view.len.unsigned_abs())))
        }
    })
}
