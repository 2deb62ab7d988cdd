//! Equality by value and hash. CPython: `memory_richcompare`, `memory_hash`.

use core::ffi::c_int;
use core::ops::ControlFlow;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::{_Py_MEMORYVIEW_C, PyMemoryViewObject};
use crate::abi::object::{Py_hash_t, PyObject};
use crate::buffer::{self, Acquired, Request, Within};
use crate::error::{Error, ErrorKind, Result};
use crate::format::{Comparer, CompiledFormat, common_item, is_of_struct, native_code};
use crate::kernels;
use crate::layout::{Enough, Order, Pair, Plan, Purpose, Structure, with_room};
use crate::objects::format::{CompiledFor, with_compiled_for};
use crate::runtime::alloc::Scratch;
use crate::runtime::boundary::boundary;
use crate::runtime::hash;
use crate::runtime::indicator;
use crate::runtime::object;
use crate::runtime::refs::{Owned, atomic};
use crate::runtime::richcompare::Operator;
use crate::runtime::types::answer;

use super::access::Access;
use super::export;
use super::view::{check, downcast, flags, inaccessible, released};
use super::whole::SMALLER;

/// `tp_richcompare`: only `==` and `!=` are defined.
///
/// # Safety
/// O1; `a` is a memoryview.
pub(super) unsafe extern "C" fn richcompare(a: *mut PyObject, b: *mut PyObject, operator: c_int) -> *mut PyObject {
    boundary(|| {
        let negated = match Operator::from_c(operator) {
            Some(Operator::Equal) => false,
            Some(Operator::NotEqual) => true,
            _ => return Ok(answer(None)),
        };
        // SAFETY: O1; O2 for what `check` says is a memoryview; the view stays where it is.
        unsafe {
            let gone = |op: *mut PyObject| check(op) && inaccessible(NonNull::new_unchecked(op.cast()));
            if gone(a) || gone(b) {
                // A released view equals itself, and nothing else.
                return Ok(answer(Some((a == b) != negated)));
            }
            let Ok(access) = Access::of_memoryview(NonNull::new_unchecked(a.cast())) else {
                return Ok(answer(Some((a == b) != negated)));
            };
            let mut other = Acquired::empty();
            // An object that exports nothing is not comparable, which is not an error.
            if indicator::quietly(|| other.look(b, Request::FULL_RO, Within::Allocations)).is_err() {
                return Ok(answer(None));
            }
            let equal = equal(access.view(), other.view(), Formats::Struct)?;
            Ok(answer(Some(equal != negated)))
        }
    })
}

/// `pybuffer_memoryview_equal`: `==` for every format that this library knows, with an error for an object that exports
/// nothing.
///
/// # Safety
/// O1.
pub(crate) unsafe fn equal_values(a: NonNull<PyObject>, b: NonNull<PyObject>) -> Result<bool> {
    // SAFETY: O1; O2 for what `check` says is a memoryview; the view stays where it is.
    unsafe {
        let view = downcast(a)?;
        if inaccessible(view) || (check(b.as_ptr()) && inaccessible(b.cast())) {
            return Ok(a == b);
        }
        let Ok(access) = Access::of_memoryview(view) else { return Ok(a == b) };
        let mut other = Acquired::empty();
        other.look(b.as_ptr(), Request::FULL_RO, Within::Allocations)?;
        equal(access.view(), other.view(), Formats::All)
    }
}

/// `pybuffer_view_equal`: as `==`, or as [`equal_values`].
///
/// # Safety
/// B1 for both, and W3.
pub(crate) unsafe fn equal_views(a: &Py_buffer, b: &Py_buffer, all_formats: bool) -> Result<bool> {
    // SAFETY: the caller guarantees B1 and W3 for both.
    unsafe { equal(a, b, if all_formats { Formats::All } else { Formats::Struct }) }
}

/// The formats whose values can be compared. Views of any other are unequal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Formats {
    /// Those of the struct module.
    Struct,
    /// All formats that this library knows.
    All,
}

/// Whether two views have the same shape and equal items.
///
/// # Safety
/// B1 for both, and W3.
unsafe fn equal(a: &Py_buffer, b: &Py_buffer, formats: Formats) -> Result<bool> {
    // SAFETY: the caller guarantees B1 and W3 for both.
    unsafe {
        let (left, right) = (buffer::checked_structure(a)?, buffer::checked_structure(b)?);
        let alike = match formats {
            Formats::Struct => left.has_shape_of(&right),
            Formats::All => left.has_exact_shape_of(&right),
        };
        if !alike {
            return Ok(false);
        }
        with_room!(left.ndim, room => {
            let pair = Pair::of_views(room, &left, &right).ok_or(Error::bad_argument())?;
            equal_items(pair, a, b, formats)
        })
    }
}

/// # Safety
/// As [`equal`]; the pair is that of the two views.
unsafe fn equal_items(pair: Pair<'_>, a: &Py_buffer, b: &Py_buffer, formats: Formats) -> Result<bool> {
    // SAFETY: the caller guarantees B1 and W3 for both views.
    let (format_a, format_b) = unsafe { (buffer::format_of(a), buffer::format_of(b)) };
    let items = (Items::of(a), Items::of(b));
    // Two views of the same native type are compared as such, all others as the struct module would unpack them.
    if let (Some(code_a), Some(code_b)) = (native_code(Some(format_a)), native_code(Some(format_b)))
        && code_a == code_b
        && let Some(size) = common_item(code_a).map(|item| item.size)
        && let Some(column) = kernels::native_column(code_a)
    {
        // SAFETY: the caller guarantees B1 and W3 for both views, hence W1 to W3 for parts of them; each item is as large as its
        // format.
        return unsafe {
            equal_parts(pair, items, &mut |plan, (a, b)| {
                if size > a.size || size > b.size {
                    return Err(SMALLER);
                }
                Ok(kernels::column_equal(plan, &column, a.start, b.start))
            })
        };
    }
    // An unknown format makes the views unequal, even without items.
    if formats == Formats::Struct && !(is_of_struct(format_a) && is_of_struct(format_b)) {
        return Ok(false);
    }
    let compare = |a: &CompiledFormat<'_>, b: &CompiledFormat<'_>| {
        let comparer = Comparer::new(*a, *b);
        // SAFETY: the caller guarantees B1 and W3 for both views, hence W1 to W3 for parts of them.
        Ok(unsafe { equal_parts(pair, items, &mut |plan, items| equal_by_format(&comparer, plan, items)) })
    };
    let (of_a, of_b) = match formats {
        Formats::Struct => (CompiledFor::Struct, CompiledFor::Struct),
        Formats::All => (CompiledFor::Items(a.itemsize), CompiledFor::Items(b.itemsize)),
    };
    let compared = with_compiled_for(format_a, of_a, |compiled_a| {
        // The formats are usually the same.
        Ok(if (format_a, of_a) == (format_b, of_b) {
            compare(compiled_a, compiled_a)
        } else {
            with_compiled_for(format_b, of_b, |compiled_b| compare(compiled_a, compiled_b))
        })
    });
    match compared.and_then(|inner| inner) {
        Ok(answer) => answer,
        Err(error) if error.kind() == Some(ErrorKind::Memory) => Err(error),
        Err(_) => Ok(false),
    }
}

/// Compares a part, of the items from these addresses on.
type EqualPart<'e> = dyn FnMut(&mut Plan<'_>, (Items, Items)) -> Result<bool> + 'e;

/// Whether `equal` holds for all those parts of a walk that are enough, and have items; it is given the items from where each starts on.
///
/// # Safety
/// W1 and W2 of the walk, as far as pointers are concerned.
unsafe fn equal_parts(pair: Pair<'_>, (a, b): (Items, Items), equal: &mut EqualPart<'_>) -> Result<bool> {
    let mut answer = Ok(true);
    // SAFETY: the caller guarantees W1 and W2 for the pointers.
    unsafe {
        buffer::in_parts(pair, Enough::Equal, (a.start, b.start.cast_mut()), &mut |part| {
            if let Some(mut plan) = part.pair.plan(Purpose::Read, Order::C) {
                let items = (Items { start: part.src, ..a }, Items { start: part.dst, ..b });
                answer = equal(&mut plan, items);
            }
            if answer == Ok(true) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
    }
    answer
}

/// The items of one side.
#[derive(Clone, Copy, Debug)]
struct Items {
    start: *const u8,
    size: usize,
}

impl Items {
    fn of(view: &Py_buffer) -> Self {
        Self { start: view.buf.cast_const().cast(), size: view.itemsize.unsigned_abs() }
    }

    /// The bytes of the item at an address, which may be anything where there are none.
    ///
    /// # Safety
    /// Such an item may be read there.
    #[inline(always)]
    unsafe fn bytes_of<'a>(self, item: *const u8) -> &'a [u8] {
        // SAFETY: the caller guarantees that such an item may be read there.
        if self.size == 0 { &[] } else { unsafe { core::slice::from_raw_parts(item, self.size) } }
    }
}

/// # Safety
/// W1 to W3, with items of the given sizes.
unsafe fn equal_by_format(comparer: &Comparer<'_>, plan: &mut Plan<'_>, (a, b): (Items, Items)) -> Result<bool> {
    if !comparer.fits(a.size, b.size) {
        return Err(SMALLER);
    }
    // If no byte of the items matters, all pairs are equal or none is.
    if comparer.fits(0, 0) {
        plan.leave_one();
    }
    // SAFETY: the caller passes on W1 to W3: both items may be read, and `fits` has made sure that each is as large as its
    // format.
    unsafe {
        if let Some(size) = comparer.bytewise() {
            return Ok(kernels::bytes_equal(plan, size, a.start, b.start));
        }
        if let Some(columns) = comparer.columns()
            && let Some(equal) = kernels::columns_equal(plan, &columns, a.start, b.start)
        {
            return Ok(equal);
        }
        Ok(equal_by_values(comparer, plan, (a, b)))
    }
}

/// Compares item by item. (Not inlined: it needs memory for nested formats, which the columns do not.)
///
/// # Safety
/// W1 to W3, with items that are as large as their formats.
#[inline(never)]
unsafe fn equal_by_values(comparer: &Comparer<'_>, plan: &Plan<'_>, (a, b): (Items, Items)) -> bool {
    // SAFETY: the caller passes on W1 to W3; the items are as large as their formats.
    unsafe {
        match comparer.by_values() {
            Some(mut walker) => kernels::all_equal(plan, a.start, b.start, |left, right| {
                walker.equal(a.bytes_of(left), b.bytes_of(right))
            }),
            None => kernels::all_equal(plan, a.start, b.start, |left, right| {
                comparer.equal(a.bytes_of(left), b.bytes_of(right))
            }),
        }
    }
}

/// `tp_hash`: of the bytes, so that a view and the bytes object with the same content have the same hash.
///
/// # Safety
/// O1; `op` is a memoryview.
pub(super) unsafe extern "C" fn hash(op: *mut PyObject) -> Py_hash_t {
    boundary(|| {
        // SAFETY: the caller guarantees O1 and O2. The hash is kept atomically, and all threads compute the same.
        unsafe {
            let view = NonNull::new_unchecked(op.cast::<PyMemoryViewObject>());
            let kept = atomic(&raw mut (*view.as_ptr()).hash);
            match kept.load(Ordering::Relaxed) {
                -1 => {
                    let hash = content_hash(view)?;
                    kept.store(hash, Ordering::Relaxed);
                    Ok(hash)
                }
                hash => Ok(hash),
            }
        }
    })
}

/// The exporter that has to have a hash for the memoryview to have one.
///
/// # Safety
/// O1, O2.
pub(super) unsafe fn voucher(op: *mut PyObject) -> Result<Option<Owned<PyObject>>> {
    // SAFETY: O1, O2; the exporter lives until its view is released.
    unsafe {
        let view = NonNull::new_unchecked(op.cast::<PyMemoryViewObject>());
        if atomic(&raw mut (*view.as_ptr()).hash).load(Ordering::Relaxed) != -1 {
            return Ok(None);
        }
        let access = Access::of_memoryview(view)?;
        Ok(vouched(&access)?.map(|exporter| Owned::share(exporter)))
    }
}

/// The exporter that has to be hashable, for a memoryview that is being read.
fn vouched(access: &Access) -> Result<Option<NonNull<PyObject>>> {
    // SAFETY: a memoryview's view is complete (B1).
    unsafe { check_hashable(access.view())? };
    // Only a hashable exporter guarantees that the memory will not change.
    Ok(NonNull::new(access.view().obj))
}

/// `ValueError` unless a view has a hash, but for what its exporter says.
///
/// # Safety
/// B1.
unsafe fn check_hashable(view: &Py_buffer) -> Result<()> {
    if view.readonly == 0 {
        return Err(Error::value(c"cannot hash writable memoryview object"));
    }
    // SAFETY: the caller guarantees B1.
    if !matches!(native_code(Some(unsafe { buffer::format_of(view) })), Some(b'B' | b'b' | b'c')) {
        return Err(Error::value(c"memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
    }
    Ok(())
}

/// `pybuffer_view_hash`.
///
/// # Safety
/// B1, and W3.
pub(crate) unsafe fn hash_view(view: &Py_buffer) -> Result<Py_hash_t> {
    // SAFETY: the caller guarantees B1 and W3.
    unsafe {
        check_hashable(view)?;
        hash_of_items(view)
    }
}

/// # Safety
/// O1, O2, and W3.
unsafe fn content_hash(memoryview: NonNull<PyMemoryViewObject>) -> Result<Py_hash_t> {
    // SAFETY: the caller guarantees O1, O2 and W3; the view is complete (B1).
    unsafe {
        let access = Access::of_memoryview(memoryview)?;
        let view = access.view();
        if let Some(exporter) = vouched(&access)? {
            // Meanwhile foreign code may run, to which a release is refused.
            if !export::count(memoryview) {
                return Err(released());
            }
            let vouched = object::vouch(exporter.as_ptr());
            export::end(memoryview);
            vouched?;
        }
        if flags(memoryview) & _Py_MEMORYVIEW_C != 0 {
            let len = view.len.unsigned_abs();
            return Ok(hash::of_bytes(if len == 0 { &[] } else { core::slice::from_raw_parts(view.buf.cast(), len) }));
        }
        hash_of_items(view)
    }
}

/// The hash of the bytes of the items in C order.
///
/// # Safety
/// B1, and W3.
unsafe fn hash_of_items(view: &Py_buffer) -> Result<Py_hash_t> {
    // SAFETY: the caller guarantees B1 and W3.
    unsafe {
        let structure = buffer::checked_structure(view)?;
        // Bytes of `len` beyond the shape do not count, as for `==`.
        let len = structure.bytes();
        let mut hasher = hash::Hasher::new();
        if add_items(&mut hasher, view, &structure)? {
            return Ok(hasher.finish());
        }
        let temporary = Scratch::new(len)?;
        let items = Py_buffer { len: len.cast_signed(), ..*view };
        buffer::to_fresh(temporary.as_ptr(), &items, Order::C)?;
        Ok(hash::of_bytes(core::slice::from_raw_parts(temporary.as_ptr(), len)))
    }
}

/// Adds the bytes of all items. Returns `false`, and adds nothing, where a copy of them takes less time. (Not inlined: a copy
/// needs the stack.)
///
/// # Safety
/// B1, and W3.
#[inline(never)]
unsafe fn add_items(hasher: &mut hash::Hasher, view: &Py_buffer, structure: &Structure<'_>) -> Result<bool> {
    with_room!(structure.ndim, room => {
        // Contiguous memory has the items in this order.
        let pair = Pair::to_contiguous(room, structure, Order::C).ok_or(Error::bad_argument())?;
        // Of items that are repeated there may be more bytes than there is memory. What could not be copied, as CPython
        // does, is not hashed.
        let len = structure.bytes();
        if len != 0 && pair.bounds().is_none_or(|[(first, end), _]| end.abs_diff(first) < len) {
            drop(Scratch::new(len)?);
        }
        let plan = pair.plan(Purpose::Once, Order::C);
        // SAFETY: W1 follows from B1, which the caller guarantees for the view, as it does W3.
        Ok(plan.is_none_or(|plan| unsafe { kernels::gather(plan, view.buf.cast(), |bytes| hasher.add(bytes)) }))
    })
}
