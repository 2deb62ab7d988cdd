//! Equality by value and hash. CPython: `memory_richcompare`, `memory_hash`.

use core::ffi::c_int;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use crate::abi::buffer::Py_buffer;
use crate::abi::memoryview::{_Py_MEMORYVIEW_C, PyMemoryViewObject};
use crate::abi::object::{Py_hash_t, PyObject};
use crate::buffer::{self, Acquired, Request};
use crate::error::{Error, Result};
use crate::format::{Comparer, native_code};
use crate::kernels;
use crate::layout::{Order, Pair, Plan, Purpose, with_room};
use crate::runtime::alloc::Scratch;
use crate::runtime::boundary::boundary;
use crate::runtime::compare::Operator;
use crate::runtime::hash;
use crate::runtime::indicator;
use crate::runtime::object;
use crate::runtime::refs::atomic;
use crate::runtime::types::answer;

use super::access::Access;
use super::view::{check, flags, inaccessible};

/// `tp_richcompare`: only `==` and `!=` have an answer.
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
            // What exports nothing is not comparable; that is no error.
            if indicator::quietly(|| other.acquire(b, Request::FULL_RO)).is_err() {
                return Ok(answer(None));
            }
            let equal = equal(access.view(), other.view())?;
            Ok(answer(Some(equal != negated)))
        }
    })
}

/// Whether two views have the same shape and equal items.
///
/// # Safety
/// B1 for both, and W3.
unsafe fn equal(a: &Py_buffer, b: &Py_buffer) -> Result<bool> {
    // SAFETY: the function's contract.
    unsafe {
        let (left, right) = (buffer::checked_structure(a)?, buffer::checked_structure(b)?);
        if !left.has_shape_of(&right) {
            return Ok(false);
        }
        with_room!(left.ndim, N => equal_items(Pair::<N>::of_views(&left, &right), a, b))
    }
}

/// # Safety
/// As [`equal`]; the pair is that of the two views.
unsafe fn equal_items<const N: usize>(pair: Option<Pair<N>>, a: &Py_buffer, b: &Py_buffer) -> Result<bool> {
    // SAFETY: the function's contract.
    let (format_a, format_b) = unsafe { (buffer::format_of(a), buffer::format_of(b)) };
    let plan = pair.ok_or(Error::bad_argument())?.plan(Purpose::Read, Order::C);
    // A format that the struct module does not know makes the views unequal, items or not.
    let Some(comparer) = Comparer::new(format_a, format_b) else { return Ok(false) };
    let Some(plan) = plan else { return Ok(true) };
    let (size_a, size_b) = (a.itemsize.unsigned_abs(), b.itemsize.unsigned_abs());
    if !comparer.fits(size_a, size_b) {
        return Err(Error::value(c"memoryview: an item is smaller than its format"));
    }
    // SAFETY: the function's contract; `fits` has made sure that each item is as large as its format.
    unsafe {
        // Two views of the same native type are compared as such, all others as the struct module would unpack them.
        if let (Some(code_a), Some(code_b)) = (native_code(Some(format_a)), native_code(Some(format_b)))
            && code_a == code_b
            && let Some(equal) = kernels::native_equal(code_a, &plan, a.buf.cast(), b.buf.cast())
        {
            return Ok(equal);
        }
        Ok(equal_by_format(&comparer, &plan, (a.buf.cast(), size_a), (b.buf.cast(), size_b)))
    }
}

/// # Safety
/// W1 to W3, with items of the given sizes.
unsafe fn equal_by_format<const N: usize>(
    comparer: &Comparer<'_>,
    plan: &Plan<N>,
    (a, size_a): (*const u8, usize),
    (b, size_b): (*const u8, usize),
) -> bool {
    // SAFETY: the function's contract: both items may be read.
    unsafe {
        kernels::all_equal(plan, a, b, |a, b| {
            comparer.equal(core::slice::from_raw_parts(a, size_a), core::slice::from_raw_parts(b, size_b))
        })
    }
}

/// `tp_hash`: of the bytes, so that a view and the bytes object with the same content have the same hash.
///
/// # Safety
/// O1; `op` is a memoryview.
pub(super) unsafe extern "C" fn hash(op: *mut PyObject) -> Py_hash_t {
    boundary(|| {
        // SAFETY: the function's contract. The hash is kept atomically, and every thread comes to the same.
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

/// # Safety
/// O1, O2, and W3.
unsafe fn content_hash(memoryview: NonNull<PyMemoryViewObject>) -> Result<Py_hash_t> {
    // SAFETY: the function's contract; the view is complete (B1).
    unsafe {
        let access = Access::of_memoryview(memoryview)?;
        let view = access.view();
        if view.readonly == 0 {
            return Err(Error::value(c"cannot hash writable memoryview object"));
        }
        if !matches!(native_code(Some(access.format())), Some(b'B' | b'b' | b'c')) {
            return Err(Error::value(c"memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
        }
        // Only what an exporter that can be hashed vouches for will not change.
        if !view.obj.is_null() {
            object::hash(view.obj)?;
        }
        let len = view.len.unsigned_abs();
        let of = |start: *const u8| match len {
            0 => hash::of_bytes(&[]),
            _ => hash::of_bytes(core::slice::from_raw_parts(start, len)),
        };
        if flags(memoryview) & _Py_MEMORYVIEW_C != 0 {
            return Ok(of(view.buf.cast()));
        }
        let temporary = Scratch::new(len)?;
        buffer::to_contiguous(temporary.as_ptr(), view, view.len, Order::C)?;
        Ok(of(temporary.as_ptr()))
    }
}
