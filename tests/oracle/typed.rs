//! Fields of records, elements of items, subscripts as text, and conversions, compared with NumPy: place, shape, strides, format and
//! items of what comes out.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{NonNull, null, null_mut};

use pybuffer::abi::memoryview::PyMemoryViewObject;
use pybuffer::abi::object::PyObject;

use crate::common::capi::{
    Py_DecRef, PyBytes_AsStringAndSize, pybuffer_error_message, pybuffer_memoryview_tobytes, take_error,
};
use crate::common::levels;
use crate::common::numpy;
use crate::common::script::{run, unhex};

// SAFETY: the prototypes of include/pybuffer/pybuffer.h, which tests/house/abi.rs compares with the definitions.
unsafe extern "C" {
    fn pybuffer_format_equivalent(a: *mut PyObject, b: *mut PyObject, names: c_int) -> c_int;
    fn pybuffer_format_parse_sized(format: *const c_char, itemsize: isize) -> *mut PyObject;
    fn pybuffer_memoryview_astype(view: *mut PyObject, format: *const c_char, order: c_char) -> *mut PyObject;
    fn pybuffer_memoryview_convert(dest: *mut PyObject, source: *mut PyObject) -> c_int;
    fn pybuffer_memoryview_elements(view: *mut PyObject) -> *mut PyObject;
    fn pybuffer_memoryview_field(view: *mut PyObject, path: *const c_char) -> *mut PyObject;
    fn pybuffer_memoryview_new(format: *const c_char, ndim: c_int, shape: *const isize, order: c_char)
    -> *mut PyObject;
    fn pybuffer_memoryview_select(view: *mut PyObject, subscripts: *const c_char) -> *mut PyObject;
    fn pybuffer_memoryview_wrap(
        data: *mut c_void,
        format: *const c_char,
        ndim: c_int,
        shape: *const isize,
        strides: *const isize,
        readonly: c_int,
        destroy: Option<unsafe extern "C" fn(*mut c_void)>,
        context: *mut c_void,
    ) -> *mut PyObject;
}

/// An owned reference.
struct Object(NonNull<PyObject>);

impl Object {
    fn new(made: *mut PyObject) -> Option<Self> {
        NonNull::new(made).map(Self)
    }

    fn get(&self) -> *mut PyObject {
        self.0.as_ptr()
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the reference is owned, and given up once.
        unsafe { Py_DecRef(self.get()) };
    }
}

fn text(word: &str) -> CString {
    CString::new(unhex(word)).expect("no NUL in it")
}

fn numbers(word: &str) -> Vec<isize> {
    if word == "()" { vec![] } else { word.split(',').map(|number| number.parse().expect("a number")).collect() }
}

/// Place, shape, strides, format, items.
type Description = (isize, Vec<isize>, Vec<isize>, CString, Vec<u8>);

fn described(view: &Object, base: *const u8) -> Description {
    // SAFETY: a memoryview, whose view is complete; the bytes object lives until it is dropped.
    unsafe {
        let is = &(*view.get().cast::<PyMemoryViewObject>()).view;
        let ndim = usize::try_from(is.ndim).expect("not negative");
        let array = |start: *mut isize| {
            if ndim == 0 { vec![] } else { std::slice::from_raw_parts(start, ndim).to_vec() }
        };
        let bytes = Object::new(pybuffer_memoryview_tobytes(view.get(), b'C' as c_char)).expect("bytes");
        let (mut start, mut size) = (null_mut(), 0);
        assert_eq!(PyBytes_AsStringAndSize(bytes.get(), &raw mut start, &raw mut size), 0);
        let items = std::slice::from_raw_parts(start.cast::<u8>(), size.unsigned_abs()).to_vec();
        let place = is.buf.addr().wrapping_sub(base.addr()).cast_signed();
        (place, array(is.shape), array(is.strides), CStr::from_ptr(is.format).to_owned(), items)
    }
}

/// Whether two formats of items of this size describe the same item.
fn are_equivalent(a: &CStr, b: &CStr, itemsize: isize) -> bool {
    // SAFETY: C strings.
    unsafe {
        let parsed = |text: &CStr| {
            let format = Object::new(pybuffer_format_parse_sized(text.as_ptr(), itemsize));
            format.unwrap_or_else(|| panic!("{text:?} of {itemsize}: {:?}", CStr::from_ptr(pybuffer_error_message())))
        };
        let (a, b) = (parsed(a), parsed(b));
        pybuffer_format_equivalent(a.get(), b.get(), 1) == 1
    }
}

/// What the library makes of a case; `None` where it refuses it.
fn made(view: &Object, action: &str, argument: &CStr) -> Option<Object> {
    // SAFETY: a memoryview, and C strings.
    unsafe {
        Object::new(match action {
            "field" => pybuffer_memoryview_field(view.get(), argument.as_ptr()),
            "elements" => pybuffer_memoryview_elements(view.get()),
            "select" => pybuffer_memoryview_select(view.get(), argument.as_ptr()),
            "astype" => pybuffer_memoryview_astype(view.get(), argument.as_ptr(), b'C' as c_char),
            other => panic!("{other}"),
        })
    }
}

/// Whether the case could be compared: the padding that NumPy leaves out of the formats of records is that of another item.
fn check(line: &str) -> bool {
    let (question, answer) = line.split_once(" = ").expect("an answer");
    let [action, itemsize, format, memory, offset, shape, strides, argument] =
        question.split(' ').collect::<Vec<_>>().try_into().expect("eight words");
    let (format, mut memory, argument) = (text(format), unhex(memory), text(argument));
    let (shape, strides) = (numbers(shape), numbers(strides));
    let offset: isize = offset.parse().expect("a number");
    let case = format!("{action} of {format:?} {shape:?} {strides:?} by {argument:?}");
    let base = memory.as_mut_ptr();
    let ndim = shape.len() as c_int;
    // SAFETY: NumPy has found that the items lie within the memory, which lives as long as the view.
    let view = unsafe {
        let data = base.wrapping_offset(offset).cast();
        let strides = strides.as_ptr();
        Object::new(pybuffer_memoryview_wrap(data, format.as_ptr(), ndim, shape.as_ptr(), strides, 0, None, null_mut()))
    };
    let view = view.unwrap_or_else(|| panic!("{case}: {}", take_error()));
    // SAFETY: a memoryview.
    if unsafe { (*view.get().cast::<PyMemoryViewObject>()).view.itemsize }.to_string() != itemsize {
        return false;
    }
    let Some(part) = made(&view, action, &argument) else {
        // SAFETY: an error is pending.
        let message = unsafe { CStr::from_ptr(pybuffer_error_message()) }.to_owned();
        take_error();
        assert_eq!(answer, "!", "{case}: {message:?}");
        return true;
    };
    let [right_offset, right_shape, right_strides, right_format, right_items] =
        answer.split(' ').collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("{case}: NumPy refuses it"));
    let (place, made_shape, made_strides, made_format, items) = described(&part, base);
    let (right_shape, right_format, right_items) = (numbers(right_shape), text(right_format), unhex(right_items));
    assert_eq!(made_shape, right_shape, "{case}: shape");
    if action == "astype" && items.len() != right_items.len() {
        return false;
    }
    let count = right_shape.iter().product::<isize>();
    if count != 0 {
        let moving = |strides: &[isize]| -> Vec<isize> {
            strides.iter().zip(&right_shape).filter(|&(_, &len)| len != 1).map(|(&stride, _)| stride).collect()
        };
        assert_eq!(moving(&made_strides), moving(&numbers(right_strides)), "{case}: strides");
        if action != "astype" {
            assert_eq!(place, right_offset.parse().expect("a number"), "{case}: place");
        }
        let itemsize = right_items.len().cast_signed() / count;
        assert!(are_equivalent(&made_format, &right_format, itemsize), "{case}: {made_format:?}, not {right_format:?}");
    }
    assert_eq!(items, right_items, "{case}: items");
    if action == "astype" {
        // SAFETY: a format and a shape; both memoryviews live.
        let other = unsafe {
            let other = pybuffer_memoryview_new(argument.as_ptr(), ndim, shape.as_ptr(), b'F' as c_char);
            let other = Object::new(other).expect("memory");
            assert_eq!(pybuffer_memoryview_convert(other.get(), view.get()), 0, "{case}");
            other
        };
        assert_eq!(described(&other, null()).4, right_items, "{case}: converted");
    }
    true
}

#[test]
fn typed_views_are_those_of_numpy() {
    let Some(python) = numpy::python() else { return };
    let cases = run(&python, "oracle/typed_oracle.py", &["1", "4000"], String::new());
    let compared = cases.lines().filter(|line| check(line)).count();
    assert!(compared > 3000, "only {compared} could be compared");
}

#[test]
fn at_every_level() {
    levels::run_at_every_level(module_path!());
}
