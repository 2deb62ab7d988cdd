//! Copies between views and contiguous memory, and between views: all through the planner of `layout`.

use core::ops::ControlFlow;

use crate::abi::buffer::Py_buffer;
use crate::abi::object::PyObject;
use crate::error::{Error, Result};
use crate::kernels;
use crate::layout::{Axis, Enough, FEW, Order, Pair, Purpose, Small, SmallPlane, Structure, with_room};
use crate::runtime::alloc::{self, Scratch};

use super::acquired::{Acquired, Both, Within};
use super::parts::{Part, are_apart as are_apart_behind_pointers, in_parts};
use super::request::Request;
use super::view::{NEGATIVE, checked_structure, is_exporter, structure};

/// The error for a destination that is too small, with CPython's text.
const TOO_SMALL: Error = Error::buffer(c"destination is too small to receive data from source");

/// `PyBuffer_ToContiguous`: all items of `view`, to `len` bytes at `buf`, in `order`.
///
/// # Safety
/// B1 and W3; `len` bytes may be written at `buf`, which is not memory of the view.
pub(crate) unsafe fn to_contiguous(buf: *mut u8, view: &Py_buffer, len: isize, order: Order) -> Result<()> {
    if len != view.len {
        return Err(Error::value(c"PyBuffer_ToContiguous: len != view->len"));
    }
    // SAFETY: the caller guarantees B1 and W3; W4: `buf` is not memory of the view.
    unsafe { copy_out(buf, view, order, Freshness::Used) }
}

/// All items of `view`, in `order`, to fresh memory of `view.len` bytes at `buf`. Where the shape holds less than `len`
/// says, the rest becomes 0.
///
/// # Safety
/// As [`to_contiguous`].
pub(crate) unsafe fn to_fresh(buf: *mut u8, view: &Py_buffer, order: Order) -> Result<()> {
    // SAFETY: the caller guarantees B1 and W3; W4: `buf` is not memory of the view.
    unsafe { copy_out(buf, view, order, Freshness::Fresh) }
}

/// What is known about the memory that is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Freshness {
    Used,
    /// It has never been touched, and the rest after the items must become 0.
    Fresh,
}

/// All items of `view`, in `order`, to contiguous memory.
///
/// # Safety
/// As [`to_contiguous`].
#[inline]
unsafe fn copy_out(buf: *mut u8, view: &Py_buffer, order: Order, memory: Freshness) -> Result<()> {
    // SAFETY: the caller guarantees B1 and W3; W4: `buf` is not memory of the view.
    unsafe {
        let structure = structure(view).ok_or(NEGATIVE)?;
        if let Some(plane) = SmallPlane::to_contiguous(&structure, order) {
            kernels::copy_plane(&plane, view.buf.cast::<u8>(), buf);
            return Ok(());
        }
        copy_out_planned(buf, view, order, memory)
    }
}

/// As [`copy_out`], for walks that are not small, or have several axes.
///
/// # Safety
/// As [`to_contiguous`].
#[inline(never)]
unsafe fn copy_out_planned(buf: *mut u8, view: &Py_buffer, order: Order, memory: Freshness) -> Result<()> {
    let src = view.buf.cast::<u8>().cast_const();
    // SAFETY: the caller guarantees B1 and W3; W4: `buf` is not memory of the view; the items take no more than `len` bytes,
    // see `Structure::check`.
    unsafe {
        let structure = structure(view).ok_or(NEGATIVE)?;
        if let Some(plane) = SmallPlane::transpose(&structure, order)
            && kernels::copy_transpose(&plane, src, buf)
        {
            return Ok(());
        }
        if let Some(small) = Small::to_contiguous(&structure, order, &mut [0; FEW]) {
            kernels::copy_small(&small, src, buf);
            return Ok(());
        }
        structure.check()?;
        if memory == Freshness::Fresh {
            let items = structure.bytes();
            alloc::prepare(buf, items);
            buf.add(items).write_bytes(0, view.len.unsigned_abs().saturating_sub(items));
        }
        if structure.is_contiguous(order) {
            kernels::copy_block(src, buf, view.len.unsigned_abs());
            return Ok(());
        }
        with_room!(structure.ndim, room => {
            let pair = Pair::to_contiguous(room, &structure, order).ok_or(Error::bad_argument())?;
            run(pair, Purpose::Once, Order::C, src, buf);
        });
        Ok(())
    }
}

/// Runs a walk whose second operand is apart from the first.
///
/// # Safety
/// W1 to W4.
unsafe fn run(pair: Pair<'_>, purpose: Purpose, order: Order, src: *const u8, dst: *mut u8) {
    if let Some(plan) = pair.plan(purpose, order) {
        // SAFETY: the caller passes on W1 to W4.
        unsafe { kernels::copy(plan, src, dst) };
    }
}

/// `PyBuffer_FromContiguous`: `len` bytes at `buf`, which are items in `order`, to as many items of `view`.
///
/// # Safety
/// B1 and W3; `len` bytes may be read at `buf`, which is not memory of the view; the view's memory may be written.
pub(crate) unsafe fn from_contiguous(view: &Py_buffer, buf: *const u8, len: isize, order: Order) -> Result<()> {
    let len = usize::try_from(len.min(view.len)).map_err(|_| Error::bad_argument())?;
    // SAFETY: the caller guarantees B1 and W3; W4: `buf` is not memory of the view.
    unsafe {
        let structure = structure(view).ok_or(NEGATIVE)?;
        if len == view.len.unsigned_abs()
            && let Some(plane) = SmallPlane::from_contiguous(&structure, order)
        {
            kernels::copy_plane(&plane, buf, view.buf.cast::<u8>());
            return Ok(());
        }
        copy_in_planned(view, buf, len, order)
    }
}

/// `len` bytes at `buf`, not more than the view has, to the items of a view.
///
/// # Safety
/// As [`from_contiguous`].
#[inline(never)]
unsafe fn copy_in_planned(view: &Py_buffer, buf: *const u8, len: usize, order: Order) -> Result<()> {
    // SAFETY: the caller guarantees B1 and W3; W4: `buf` is not memory of the view.
    unsafe {
        let structure = structure(view).ok_or(NEGATIVE)?;
        let dst = view.buf.cast::<u8>();
        if len == view.len.unsigned_abs()
            && let Some(plane) = SmallPlane::transpose(&structure, order)
            && kernels::copy_transpose(&plane.turned(), buf, dst)
        {
            return Ok(());
        }
        if len == view.len.unsigned_abs()
            && let Some(small) = Small::from_contiguous(&structure, order, &mut [0; FEW])
        {
            kernels::copy_small(&small, buf, dst);
            return Ok(());
        }
        structure.check()?;
        if structure.is_contiguous(order) {
            kernels::copy_block(buf, dst, len);
            return Ok(());
        }
        scatter(&structure, len, order, buf, dst)
    }
}

/// Runs as much of a walk as its first operand, `len` contiguous bytes, has whole items for, as CPython does.
///
/// # Safety
/// W1 to W4.
unsafe fn scatter(structure: &Structure<'_>, len: usize, order: Order, src: *const u8, dst: *mut u8) -> Result<()> {
    with_room!(structure.ndim, room => {
        let pair = Pair::from_contiguous(room, structure, order).ok_or(Error::bad_argument())?;
        let items = len.checked_div(pair.itemsize()).unwrap_or(0);
        // SAFETY: the caller passes on W1 to W4.
        unsafe {
            if order == Order::Fortran && pair.writes_indirectly() {
                scatter_lines(pair, structure.ndim, items, src, dst);
            } else if items < pair.items() {
                scatter_some(pair, structure.ndim, items, order, src, dst);
            } else {
                run(pair, Purpose::Write, order, src, dst);
            }
        }
    });
    Ok(())
}

/// The first items of a walk. (Not inlined: it needs memory for more axes, which others do not.)
///
/// # Safety
/// W1 to W4.
#[inline(never)]
unsafe fn scatter_some(pair: Pair<'_>, ndim: usize, items: usize, order: Order, src: *const u8, dst: *mut u8) {
    with_room!(ndim, room => pair.prefix(items, order, room, &mut |part| {
        // SAFETY: the caller passes on W1 to W4, for a part of the walk.
        unsafe { run(part, Purpose::Write, order, src, dst) }
    }));
}

/// As [`scatter_some`], in Fortran order, where the walk writes behind pointers.
///
/// # Safety
/// W1 to W4.
#[inline(never)]
unsafe fn scatter_lines(pair: Pair<'_>, ndim: usize, items: usize, src: *const u8, dst: *mut u8) {
    with_room!(ndim, room => with_room!(ndim, spare => {
        pair.prefix(items, Order::Fortran, room, &mut |part| part.fortran_lines(spare, &mut |part| {
            // SAFETY: the caller passes on W1 to W4, for a part of the walk.
            unsafe { run(part, Purpose::Write, Order::Fortran, src, dst) }
        }));
    }));
}

/// `PyObject_CopyData`: the items of `src` to the items of `dest`.
///
/// # Safety
/// O1 for both, and W3.
pub(crate) unsafe fn copy_data(dest: *mut PyObject, src: *mut PyObject) -> Result<()> {
    let mut both = Both::empty();
    // SAFETY: O1; the views stay where they are. The exporters vouch for the memory (B1).
    unsafe {
        if !is_exporter(dest) || !is_exporter(src) {
            return Err(Error::wrong_type(c"both destination and source must be bytes-like objects"));
        }
        let requests = [(dest, Request::FULL), (src, Request::FULL_RO)];
        both.look(requests, Within::Allocations).map_err(|(_, error)| error)?;
        let (from, to) = (both.second.view(), both.first.view());
        if to.len < from.len {
            return Err(TOO_SMALL);
        }
        // Their structures have been checked with what the exporters have answered.
        let (src, dst) = (structure(from).ok_or(NEGATIVE)?, structure(to).ok_or(NEGATIVE)?);
        // CPython copies all of `len` where both are contiguous, whatever the items are.
        copy_between(from, &src, to, &dst, from.len.unsigned_abs())
    }
}

/// Copies the items of one view to those of another, as if through a temporary; not what `len` says beyond them, as CPython's
/// `copy_single`.
///
/// # Safety
/// B1 for both, which have the same shape and itemsize, and W3; the memory of `to` may be written.
pub(crate) unsafe fn copy_view(from: &Py_buffer, to: &Py_buffer) -> Result<()> {
    // SAFETY: the caller guarantees B1 for both views, and W3; both have as many items of the same size.
    unsafe {
        let (src, dst) = (checked_structure(from)?, checked_structure(to)?);
        let bytes = src.items().saturating_mul(src.itemsize.unsigned_abs());
        copy_between(from, &src, to, &dst, bytes)
    }
}

/// # Safety
/// As [`copy_view`]; the structures are those of the views, and have been checked; where both are contiguous, both have this many
/// bytes.
#[inline]
unsafe fn copy_between(
    from: &Py_buffer,
    src: &Structure<'_>,
    to: &Py_buffer,
    dst: &Structure<'_>,
    bytes: usize,
) -> Result<()> {
    // SAFETY: the caller guarantees B1 for both views, and W3.
    unsafe {
        let alike = |order| src.is_contiguous(order) && dst.is_contiguous(order);
        if alike(Order::C) || alike(Order::Fortran) {
            kernels::copy_block(from.buf.cast::<u8>(), to.buf.cast::<u8>(), bytes);
            return Ok(());
        }
        if src.itemsize != dst.itemsize || !src.has_shape_of(dst) {
            return Err(Error::buffer(c"destination and source must have the same shape and itemsize"));
        }
        copy_items(from, src, to, dst)
    }
}

/// # Safety
/// As [`copy_view`]; the structures are those of the views, of the same shape and itemsize.
unsafe fn copy_items(from: &Py_buffer, src: &Structure<'_>, to: &Py_buffer, dst: &Structure<'_>) -> Result<()> {
    let (src_base, dst_base) = (from.buf.cast::<u8>(), to.buf.cast::<u8>());
    // SAFETY: W1 to W3 follow from B1, which the caller guarantees for both views; W4 is checked here for the memory of
    // the two, or the temporary.
    unsafe {
        if let Some(small) = Small::of_views(src, dst)
            && are_apart(small.bounds(), src_base, dst_base)
        {
            kernels::copy_small(&small, src_base, dst_base);
            return Ok(());
        }
        if let Some(small) = Small::transpose_of_views(src, dst)
            && are_apart(small.bounds(), src_base, dst_base)
            && kernels::copy_small_transpose(&small, src_base, dst_base)
        {
            return Ok(());
        }
        transfer(src_base, src, dst_base, dst, &mut |part, purpose, from, to| {
            run(part, purpose, Order::C, from, to);
            Ok(())
        })
    }
}

/// Runs a walk over items of two operands that do not overlap, in index order where one shares memory with another that is written.
/// It has room for one more axis, unless it has as many as there can be.
pub(crate) type Transfer<'a> = dyn FnMut(Pair<'_>, Purpose, *const u8, *mut u8) -> Result<()> + 'a;

/// Transfers the items of one view to those of another of the same shape, as if through a temporary, and really through one if they
/// may overlap.
///
/// # Safety
/// B1 for both structures and their bases, and W3; the memory at `dst_base` may be written. `transfer` may be called with walks
/// over parts of both, W1 to W4, in which the second operand may also be memory for items of the second view.
pub(crate) unsafe fn transfer(
    src_base: *const u8,
    src: &Structure<'_>,
    dst_base: *mut u8,
    dst: &Structure<'_>,
    transfer: &mut Transfer<'_>,
) -> Result<()> {
    // SAFETY: the caller guarantees B1 for both views, W3, and what `transfer` needs; the temporary is memory of its own.
    unsafe {
        if transfer_if_apart(src_base, src, dst_base, dst, transfer)? {
            return Ok(());
        }
        let size = bytes_written(src_base, src, dst, dst_base)?;
        let memory = Scratch::new(size)?;
        let temporary = (memory.as_ptr(), size);
        gather(src_base, src, dst, dst_base, temporary, transfer)?;
        ungather(src_base, src, dst, dst_base, temporary)
    }
}

/// Transfers items to memory that does not overlap theirs; `false` if the two may overlap. (It and what `transfer` calls besides are
/// not inlined: each needs memory for axes, one after the other.)
///
/// # Safety
/// As [`transfer`].
#[inline(never)]
unsafe fn transfer_if_apart(
    src_base: *const u8,
    src: &Structure<'_>,
    dst_base: *mut u8,
    dst: &Structure<'_>,
    transfer: &mut Transfer<'_>,
) -> Result<bool> {
    // SAFETY: W1 to W3 follow from B1, which the caller guarantees for both views; W4 is checked here for the memory of
    // the two.
    unsafe {
        with_room!(src.ndim.saturating_add(1), room => {
            // Both are taken to have the larger items.
            let pair = last_writes(room, src, dst, src.itemsize.max(dst.itemsize))?;
            let apart = if pair.is_indirect() {
                are_apart_behind_pointers(&pair, src_base, dst_base)?
            } else {
                pair.items() == 0 || are_apart(pair.bounds(), src_base, dst_base)
            };
            if apart {
                // What is enough depends on the size of what is written.
                let pair = pair.by_element(1, dst.itemsize.unsigned_abs(), (0, 0)).ok_or(Error::bad_argument())?;
                each_last(pair, (src_base, dst_base), |part| transfer(part.pair, Purpose::Write, part.src, part.dst))?;
            }
            Ok(apart)
        })
    }
}

/// The walk over two views of the same shape, without pairs that are written over: those of a repeated item of the second view but
/// the last. So a temporary for items of this size is no larger than what is written.
fn last_writes<'m>(
    room: &'m mut [Axis],
    src: &Structure<'_>,
    dst: &Structure<'_>,
    itemsize: isize,
) -> Result<Pair<'m>> {
    let pair = Pair::of_views(room, src, dst).and_then(|pair| pair.by_element(1, itemsize.unsigned_abs(), (0, 0)));
    let mut pair = pair.ok_or(Error::bad_argument())?;
    pair.leave_last();
    Ok(pair)
}

/// The bytes of all items of the second view that are to be written.
///
/// # Safety
/// As [`transfer`].
#[inline(never)]
unsafe fn bytes_written(
    src_base: *const u8,
    src: &Structure<'_>,
    dst: &Structure<'_>,
    dst_base: *mut u8,
) -> Result<usize> {
    with_room!(src.ndim, room => {
        let mut size = 0_usize;
        let pair = last_writes(room, src, dst, dst.itemsize)?;
        // SAFETY: W1 and W2 follow from B1, which the caller guarantees for both views.
        unsafe {
            each_last(pair, (src_base, dst_base), |part| {
                size = size.saturating_add(part.pair.bytes());
                Ok(())
            })?;
        }
        Ok(size)
    })
}

/// Runs walks that write what the whole walk leaves written, until one fails.
///
/// # Safety
/// W1 and W2 as far as pointers are concerned.
unsafe fn each_last(
    pair: Pair<'_>,
    bases: (*const u8, *mut u8),
    mut run: impl FnMut(Part<'_>) -> Result<()>,
) -> Result<()> {
    let mut result = Ok(());
    // SAFETY: the caller guarantees W1 and W2 for the pointers.
    unsafe {
        in_parts(pair, Enough::Last, bases, &mut |part| {
            result = run(part);
            if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
    }
    result
}

/// The same walks, each with the place of its items in a temporary of so many bytes, where they are contiguous. Fails where there is no
/// room for all, since the pointers have been changed meanwhile.
///
/// # Safety
/// As [`each_last`].
unsafe fn each_last_in(
    (temporary, size): (*mut u8, usize),
    pair: Pair<'_>,
    bases: (*const u8, *mut u8),
    mut run: impl FnMut(Part<'_>, *mut u8) -> Result<()>,
) -> Result<()> {
    let mut used = 0_usize;
    // SAFETY: the caller guarantees W1 and W2 for the pointers.
    unsafe {
        each_last(pair, bases, |part| {
            let place = temporary.wrapping_add(used);
            used = used.saturating_add(part.pair.bytes());
            if used > size {
                return Err(Error::buffer(c"pointers have been changed while they were followed"));
            }
            run(part, place)
        })
    }
}

/// Transfers the items of the first view that are to be written to a temporary, one after the other.
///
/// # Safety
/// As [`transfer`], for the first view; the temporary has so many bytes.
#[inline(never)]
unsafe fn gather(
    src_base: *const u8,
    src: &Structure<'_>,
    dst: &Structure<'_>,
    dst_base: *mut u8,
    temporary: (*mut u8, usize),
    transfer: &mut Transfer<'_>,
) -> Result<()> {
    // SAFETY: W1 and W2 follow from B1, which the caller guarantees for both views.
    unsafe {
        with_room!(src.ndim.saturating_add(1), room => {
            let pair = last_writes(room, src, dst, dst.itemsize)?;
            each_last_in(temporary, pair, (src_base, dst_base), |part, to| {
                transfer(part.pair.to_temporary(), Purpose::Once, part.src, to)
            })
        })
    }
}

/// Copies them from the temporary to the second view.
///
/// # Safety
/// As [`transfer`], for the second view; the temporary has so many bytes.
#[inline(never)]
unsafe fn ungather(
    src_base: *const u8,
    src: &Structure<'_>,
    dst: &Structure<'_>,
    dst_base: *mut u8,
    temporary: (*mut u8, usize),
) -> Result<()> {
    // SAFETY: W1 to W3 follow from B1 for the views; W4: the temporary is memory of its own, with all items.
    unsafe {
        with_room!(src.ndim, room => {
            let pair = last_writes(room, src, dst, dst.itemsize)?;
            each_last_in(temporary, pair, (src_base, dst_base), |part, from| {
                run(part.pair.from_temporary(), Purpose::Write, Order::C, from, part.dst);
                Ok(())
            })
        })
    }
}

/// Copies items to others of the same shape and itemsize, in other memory.
///
/// # Safety
/// B1 for both structures and their bases, and W3 and W4; the memory at `dst_base` may be written.
pub(crate) unsafe fn copy_apart(
    src_base: *const u8,
    src: &Structure<'_>,
    dst_base: *mut u8,
    dst: &Structure<'_>,
) -> Result<()> {
    // SAFETY: W1 and W2 follow from B1, which the caller guarantees for both views, together with W3 and W4.
    unsafe {
        with_room!(src.ndim, room => {
            each_last(last_writes(room, src, dst, dst.itemsize)?, (src_base, dst_base), |part| {
                run(part.pair, Purpose::Write, Order::C, part.src, part.dst);
                Ok(())
            })
        })
    }
}

/// Whether two operands with these bounds do not overlap.
fn are_apart(bounds: Option<[(isize, isize); 2]>, src: *const u8, dst: *const u8) -> bool {
    let extent = |base: *const u8, bounds| kernels::Extent::of(base.addr(), bounds);
    let Some([of_src, of_dst]) = bounds else { return false };
    extent(src, of_src).zip(extent(dst, of_dst)).is_some_and(|(src, dst)| !src.meets(dst))
}

/// `PyObject_CopyToObject`, as Python 2.7 documents it: `len` bytes at `buf`, which are items in `order`, to `obj`.
///
/// # Safety
/// O1 and W3; `len` bytes may be read at `buf`.
pub(crate) unsafe fn copy_to_object(obj: *mut PyObject, buf: *const u8, len: isize, order: Order) -> Result<()> {
    let mut to = Acquired::empty();
    // SAFETY: O1; the view stays where it is. The exporter vouches for the memory (B1).
    unsafe {
        to.look(obj, Request::FULL, Within::Walks)?;
        if len > to.view().len {
            return Err(TOO_SMALL);
        }
        from_contiguous(to.view(), buf, len, order)
    }
}
