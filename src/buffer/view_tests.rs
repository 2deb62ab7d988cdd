//! Which answers are accepted at once: to check them as well gives the same result, only later.

use core::ptr::null_mut;

use crate::abi::buffer::{self as c, Py_buffer};

use super::request::Request;
use super::view::{MostAxes, is_as_most};

/// Whether there is no doubt about an answer to `flags`, which `change` has made of a view of four items along one axis.
fn is_sure(flags: i32, change: impl FnOnce(&mut Py_buffer, &mut [isize; 3], &mut [isize; 3])) -> bool {
    let (mut shape, mut strides, mut memory) = ([4, 1, 1], [2, 2, 2], [0_u8; 8]);
    let mut view = Py_buffer {
        buf: memory.as_mut_ptr().cast(),
        len: 8,
        itemsize: 2,
        ndim: 1,
        shape: shape.as_mut_ptr(),
        ..Py_buffer::EMPTY
    };
    change(&mut view, &mut shape, &mut strides);
    if !view.strides.is_null() {
        view.strides = strides.as_mut_ptr();
    }
    // SAFETY: the arrays have three entries.
    unsafe { is_as_most(&view, Request::of_slot(flags), MostAxes { number: 3, text: c"%zd" }) }
}

/// For an array that is there.
const THERE: *mut isize = core::ptr::dangling_mut();

#[test]
fn most_answers_are_accepted_at_once() {
    for flags in [c::PyBUF_SIMPLE, c::PyBUF_WRITABLE, c::PyBUF_ND, c::PyBUF_STRIDES, c::PyBUF_FULL, c::PyBUF_FULL_RO] {
        assert!(is_sure(flags, |_, _, _| ()), "{flags:#x}");
        assert!(is_sure(flags, |view, shape, _| (view.ndim, *shape) = (3, [2, 2, 1])));
        assert!(is_sure(flags, |view, shape, _| (view.len, *shape) = (0, [0, 1, 1])));
        assert!(is_sure(flags, |view, _, _| (view.ndim, view.len, view.shape) = (0, 2, null_mut())));
        // Read-only where it is not to be written.
        assert_eq!(is_sure(flags, |view, _, _| view.readonly = 1), flags & c::PyBUF_WRITABLE == 0);
        // Strides where they were asked for; a shape may be missing where it was not.
        let has = |flag: i32| flags & flag == flag;
        assert_eq!(is_sure(flags, |view, _, _| view.strides = THERE), has(c::PyBUF_STRIDES));
        assert_eq!(is_sure(flags, |view, _, _| view.shape = null_mut()), !has(c::PyBUF_ND));
        assert_eq!(is_sure(flags, |view, _, _| (view.ndim, view.len) = (0, 8)), !has(c::PyBUF_ND));
        assert_eq!(is_sure(flags, |view, _, _| (view.len, view.shape) = (2, null_mut())), !has(c::PyBUF_ND));
        assert_eq!(is_sure(flags, |view, _, _| (view.ndim, view.shape) = (2, null_mut())), !has(c::PyBUF_ND));
    }
}

#[test]
fn all_others_are_checked() {
    for flags in [c::PyBUF_C_CONTIGUOUS, c::PyBUF_F_CONTIGUOUS, c::PyBUF_ANY_CONTIGUOUS] {
        assert!(Request::of_slot(flags).may_name_an_order());
        assert!(!is_sure(flags, |_, _, _| ()), "{flags:#x}");
    }
    for flags in [c::PyBUF_SIMPLE, c::PyBUF_FULL, c::PyBUF_STRIDES | c::PyBUF_FORMAT, c::PyBUF_INDIRECT] {
        assert!(!Request::of_slot(flags).may_name_an_order());
        assert!(!is_sure(flags, |view, _, _| view.buf = null_mut()));
        assert!(!is_sure(flags, |view, _, _| view.len = -1));
        assert!(!is_sure(flags, |view, _, _| view.len = 6));
        assert!(!is_sure(flags, |view, _, _| view.len = 10));
        assert!(!is_sure(flags, |view, _, _| (view.len, view.itemsize) = (0, 0)));
        assert!(!is_sure(flags, |view, shape, _| (view.len, view.itemsize, shape[0]) = (0, -2, 0)));
        assert!(!is_sure(flags, |view, _, _| (view.itemsize, view.shape) = (-2, null_mut())));
        assert!(!is_sure(flags, |view, _, _| view.ndim = -1));
        assert!(!is_sure(flags, |view, _, _| view.ndim = 4));
        assert!(!is_sure(flags, |view, _, _| view.suboffsets = THERE));
        assert!(!is_sure(flags, |view, shape, _| (view.ndim, *shape) = (2, [-2, -2, 1])));
        assert!(!is_sure(flags, |view, shape, _| (view.ndim, *shape) = (3, [isize::MAX, 4, 4])));
    }
}
