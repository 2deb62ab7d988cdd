//! ndarrays compared with CPython 3.13's `_testbuffer.ndarray`: the same random programs are run on both, a line for each
//! operation with its answer: the type of the error, or all that there is to know of the object. The programs are random,
//! from fixed seeds; one interpreter runs all programs of a test.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::fmt::Write as _;
use std::mem::MaybeUninit;
use std::ptr::{NonNull, null, null_mut};

use pybuffer::abi::buffer::{Py_buffer, PyBUF_FULL_RO};
use pybuffer::abi::format::pybuffer_value;
use pybuffer::abi::memoryview::{PYBUFFER_SUBSCRIPT_INDEX, PYBUFFER_SUBSCRIPT_SLICE, pybuffer_subscript};
use pybuffer::abi::ndarray::{
    PYBUFFER_ND_C, PYBUFFER_ND_FORTRAN, PYBUFFER_ND_GETBUF_FAIL, PYBUFFER_ND_GETBUF_UNDEFINED, PYBUFFER_ND_PIL,
    PYBUFFER_ND_REDIRECT, PYBUFFER_ND_SCALAR, PYBUFFER_ND_VAREXPORT, PYBUFFER_ND_WRITABLE, pybuffer_ndarray_state,
};
use pybuffer::abi::object::PyObject;

use crate::common::random::Random;
use crate::support::interpreter::{self, hash_as_cpython, hex};

// SAFETY: the prototypes of include/pybuffer/pybuffer.h, which tests/house/abi.rs compares with the definitions.
unsafe extern "C" {
    fn pybuffer_ndarray_new(
        items: *const c_void,
        nbytes: isize,
        format: *const c_char,
        ndim: c_int,
        shape: *const isize,
        strides: *const isize,
        offset: isize,
        flags: c_int,
    ) -> *mut PyObject;
    fn pybuffer_ndarray_from_values(
        values: *const pybuffer_value,
        nvalues: isize,
        format: *const c_char,
        ndim: c_int,
        shape: *const isize,
        strides: *const isize,
        offset: isize,
        flags: c_int,
    ) -> *mut PyObject;
    fn pybuffer_ndarray_push(
        nd: *mut PyObject,
        items: *const c_void,
        nbytes: isize,
        format: *const c_char,
        ndim: c_int,
        shape: *const isize,
        strides: *const isize,
        offset: isize,
        flags: c_int,
    ) -> c_int;
    fn pybuffer_ndarray_push_values(
        nd: *mut PyObject,
        values: *const pybuffer_value,
        nvalues: isize,
        format: *const c_char,
        ndim: c_int,
        shape: *const isize,
        strides: *const isize,
        offset: isize,
        flags: c_int,
    ) -> c_int;
    fn pybuffer_ndarray_from_object(obj: *mut PyObject, request: c_int, flags: c_int) -> *mut PyObject;
    fn pybuffer_ndarray_pop(nd: *mut PyObject) -> c_int;
    fn pybuffer_ndarray_get_state(nd: *mut PyObject, state: *mut pybuffer_ndarray_state) -> c_int;
    fn pybuffer_ndarray_subscript(
        nd: *mut PyObject,
        subscripts: *const pybuffer_subscript,
        count: c_int,
    ) -> *mut PyObject;
    fn pybuffer_ndarray_assign(
        nd: *mut PyObject,
        subscripts: *const pybuffer_subscript,
        count: c_int,
        source: *mut PyObject,
    ) -> c_int;
    fn pybuffer_ndarray_add_suboffsets(nd: *mut PyObject) -> c_int;
    fn pybuffer_verify_structure(
        memlen: isize,
        itemsize: isize,
        ndim: isize,
        shape: *const isize,
        strides: *const isize,
        offset: isize,
    ) -> c_int;
    fn pybuffer_format_parse(format: *const c_char) -> *mut PyObject;
    fn pybuffer_format_value_count(format: *mut PyObject) -> isize;
    fn pybuffer_format_unpack_items(
        format: *mut PyObject,
        items: *const c_void,
        stride: isize,
        count: isize,
        values: *mut pybuffer_value,
    ) -> c_int;
    fn PyMemoryView_FromObject(obj: *mut PyObject) -> *mut PyObject;
    fn pybuffer_memoryview_text(view: *mut PyObject, limit: isize) -> *mut PyObject;
    fn pybuffer_memoryview_release(view: *mut PyObject) -> c_int;
    fn PyBytes_FromObject(obj: *mut PyObject) -> *mut PyObject;
    fn PyBytes_FromStringAndSize(bytes: *const c_char, size: isize) -> *mut PyObject;
    fn PyBytes_AsString(obj: *mut PyObject) -> *mut c_char;
    fn PyBytes_Size(obj: *mut PyObject) -> isize;
    fn PyBuffer_IsContiguous(view: *const Py_buffer, order: c_char) -> c_int;
    fn PyObject_Hash(obj: *mut PyObject) -> isize;
    fn PyErr_Clear();
    fn pybuffer_error_name() -> *const c_char;
    fn pybuffer_error_message() -> *const c_char;
    fn Py_DecRef(op: *mut PyObject);
}

/// Runs a program for each line of input. Operations are separated by '|', and their arguments by blanks; objects are
/// numbers in the order that they are made in.
const ORACLE: &str = r#"
import struct, sys
from _testbuffer import ndarray

def numbers(text):
    return [int(n) for n in text.split(",")[:-1]]

def items_of(format, data, ndim):
    try:
        size = struct.calcsize(format)
    except struct.error:
        size = 0
    if size == 0: return [0]
    data = bytes.fromhex(data)
    items = [struct.unpack_from(format, data, at) for at in range(0, len(data), size)]
    items = [item[0] if len(item) == 1 else item for item in items]
    return items[0] if ndim == 0 else items

def described(act):
    try:
        return act()
    except Exception as error:
        return "ValueError" if isinstance(error, struct.error) else type(error).__name__

def flag(value):
    return str(int(value))

def fields(nd):
    # Where there are no items nothing is added to pointers; CPython moves suboffsets to below 0 all the same.
    suboffsets = [0 if 0 in nd.shape else n for n in nd.suboffsets]
    return ":".join([str(nd.nbytes), str(nd.itemsize), flag(nd.readonly), str(nd.ndim), nd.format,
                     str(list(nd.shape)), str(list(nd.strides)), str(suboffsets)])

def matrix(nd):
    runs = []
    for request in range(512):
        answer = described(lambda: fields(ndarray(nd, getbuf=request)))
        if not runs or runs[-1][1] != answer: runs.append((request, answer))
    return " ".join(f"{request}={answer}" for request, answer in runs)

def hashes(nd):
    return flag(hash(nd) == hash(nd.tobytes()))

def listed(nd):
    with memoryview(nd): return repr(nd.tolist())

def state(nd):
    contiguous = described(lambda: flag(nd.c_contiguous) + flag(nd.f_contiguous) + flag(nd.contiguous))
    return " ".join([fields(nd), str(nd.flags & 0x1ff), str(nd.offset), contiguous, nd.tobytes().hex(),
                     described(lambda: hashes(nd)),
                     described(lambda: bytes(memoryview(nd)).hex()),
                     described(lambda: listed(nd)) if nd.format else ""])

def slices(text):
    def bound(n): return int(n) if n else None
    parts = text.split(",")[:-1]
    if parts[0][0] == "i": return int(parts[0][1:])
    parts = tuple(slice(*map(bound, part.split(":"))) for part in parts)
    return parts[0] if len(parts) == 1 else parts

def array(format, shape, strides, offset, flags, data):
    shape = numbers(shape)
    kwargs = dict(shape=shape, offset=int(offset), format=format, flags=int(flags))
    if strides != "-": kwargs["strides"] = numbers(strides)
    return items_of(format, data, len(shape)), kwargs

def run(program):
    objects, views, answers = [], [], []
    def made(act):
        def made():
            nd = act()
            objects.append(nd)
            return state(nd)
        answers.append(described(made))
    def stacked(nd, act):
        try:
            act(nd)
        except BufferError as error:
            answers.append(str(error))
            return
        except Exception as error:
            answers.append("ValueError" if isinstance(error, struct.error) else type(error).__name__)
            return
        answers.append(state(nd))
    for line in program.split("|"):
        name, *args = line.split(" ")
        # What went wrong before is to be told of.
        if name != "new" and args[0] and int(args[0]) >= len(views if name == "release" else objects): break
        if name == "new":
            items, kwargs = array(*args)
            made(lambda: ndarray(items, **kwargs))
        elif name == "from":
            made(lambda: ndarray(objects[int(args[0])], getbuf=int(args[1]), flags=int(args[2])))
        elif name == "push":
            items, kwargs = array(*args[1:])
            stacked(objects[int(args[0])], lambda nd: nd.push(items, **kwargs))
        elif name == "pop":
            stacked(objects[int(args[0])], lambda nd: nd.pop())
        elif name == "suboffsets":
            stacked(objects[int(args[0])], lambda nd: nd.add_suboffsets())
        elif name == "slice":
            made(lambda: objects[int(args[0])][slices(args[1])])
        elif name == "assign":
            nd, key, source = objects[int(args[0])], slices(args[1]), objects[int(args[2])]
            def assign():
                nd[key] = source
                return state(nd)
            answers.append(described(assign))
        elif name == "matrix":
            answers.append(matrix(objects[int(args[0])]))
        elif name == "hold":
            def hold():
                view = memoryview(objects[int(args[0])])
                views.append(view)
                return view.tobytes().hex()
            answers.append(described(hold))
        elif name == "release":
            view = views.pop(int(args[0]))
            text = view.tobytes().hex()
            view.release()
            answers.append(text)
    return "\t".join(answers)

for line in sys.stdin:
    print(run(line.rstrip("\n")))
"#;

/// The rule as CPython's documentation has it, executed; lengths and sizes that are none are no.
const VERIFY: &str = r#"
import sys

def verified(memlen, itemsize, offset, shape, strides):
    if itemsize <= 0 or any(n < 0 for n in shape): return False
    if any(n % itemsize for n in [offset, *strides]): return False
    if not 0 <= offset <= memlen - itemsize: return False
    if 0 in shape: return True
    reaches = [(n - 1) * stride for n, stride in zip(shape, strides)]
    low, high = sum(n for n in reaches if n < 0), sum(n for n in reaches if n > 0)
    return offset + low >= 0 and offset + high + itemsize <= memlen

for line in sys.stdin:
    sizes, shape, strides = ([int(n) for n in part.split(",")[:-1]] for part in line.rstrip("\n").split(" "))
    print(int(verified(*sizes, shape, strides)))
"#;

/// The name of the error that is set, and its message; it is cleared.
fn take_error() -> (String, String) {
    // SAFETY: both are C strings that live until the error is cleared.
    unsafe {
        let text = |text: *const c_char| {
            assert!(!text.is_null(), "a call failed without an error");
            CStr::from_ptr(text).to_string_lossy().into_owned()
        };
        let error = (text(pybuffer_error_name()), text(pybuffer_error_message()));
        PyErr_Clear();
        error
    }
}

/// A reference that this test owns.
struct Object(NonNull<PyObject>);

impl Object {
    fn new(object: *mut PyObject) -> Result<Self, String> {
        NonNull::new(object).map(Self).ok_or_else(|| take_error().0)
    }

    fn get(&self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// What a bytes object holds.
    fn bytes(&self) -> &[u8] {
        // SAFETY: a bytes object, which does not change.
        unsafe {
            let size = usize::try_from(PyBytes_Size(self.get())).expect("a bytes object");
            std::slice::from_raw_parts(PyBytes_AsString(self.get()).cast(), size)
        }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the reference is owned.
        unsafe { Py_DecRef(self.get()) };
    }
}

fn succeeded(status: c_int) -> Result<(), String> {
    if status < 0 { Err(take_error().0) } else { Ok(()) }
}

fn either(result: Result<String, String>) -> String {
    result.unwrap_or_else(|error| error)
}

fn state_of(nd: &Object) -> pybuffer_ndarray_state {
    let mut state = MaybeUninit::uninit();
    // SAFETY: it is written where the call succeeds.
    unsafe {
        assert_eq!(pybuffer_ndarray_get_state(nd.get(), state.as_mut_ptr()), 0);
        state.assume_init()
    }
}

fn base_of(state: &pybuffer_ndarray_state) -> &Py_buffer {
    // SAFETY: it lives as long as the base, which the callers leave alone.
    unsafe { &*state.base }
}

fn array_of(start: *const isize, ndim: c_int) -> &'static [isize] {
    // SAFETY: NULL or as many entries, which the callers leave alone.
    unsafe {
        if start.is_null() { &[] } else { std::slice::from_raw_parts(start, usize::try_from(ndim).expect("axes")) }
    }
}

fn fields(view: &Py_buffer) -> String {
    // SAFETY: NULL or a C string.
    let format = unsafe { if view.format.is_null() { c"" } else { CStr::from_ptr(view.format) } };
    let array = |start: *mut isize| array_of(start, view.ndim);
    let mut suboffsets = array(view.suboffsets).to_vec();
    if array(view.shape).contains(&0) {
        suboffsets.fill(0);
    }
    let parts = [
        view.len.to_string(),
        view.itemsize.to_string(),
        view.readonly.to_string(),
        view.ndim.to_string(),
        format.to_string_lossy().into_owned(),
        format!("{:?}", array(view.shape)),
        format!("{:?}", array(view.strides)),
        format!("{suboffsets:?}"),
    ];
    parts.join(":")
}

fn matrix(nd: &Object) -> String {
    let mut runs: Vec<(c_int, String)> = vec![];
    for request in 0..512 {
        // SAFETY: an exporter.
        let again = Object::new(unsafe { pybuffer_ndarray_from_object(nd.get(), request, 0) });
        let answer = either(again.map(|again| fields(base_of(&state_of(&again)))));
        if runs.last().is_none_or(|(_, last)| *last != answer) {
            runs.push((request, answer));
        }
    }
    runs.iter().map(|(request, answer)| format!("{request}={answer}")).collect::<Vec<_>>().join(" ")
}

/// The bytes of a base in C order, item by item: of any number of axes, and by nothing of this library's.
fn bytes_of(view: &Py_buffer) -> Vec<u8> {
    fn walk(view: &Py_buffer, axis: usize, place: *const u8, bytes: &mut Vec<u8>) {
        let entry = |start: *const isize| array_of(start, view.ndim).get(axis).copied();
        let Some(len) = entry(view.shape) else {
            let itemsize = usize::try_from(view.itemsize).expect("a size");
            // SAFETY: there is an item.
            bytes.extend(unsafe { std::slice::from_raw_parts(place, itemsize) });
            return;
        };
        for index in 0..len {
            let mut place = place.wrapping_offset(index * entry(view.strides).expect("strides"));
            if let Some(suboffset) = entry(view.suboffsets).filter(|&suboffset| suboffset >= 0) {
                // SAFETY: a suboffset says that a pointer stands there.
                place = unsafe { place.cast::<*const u8>().read_unaligned() }.wrapping_offset(suboffset);
            }
            walk(view, axis + 1, place, bytes);
        }
    }
    let len = usize::try_from(view.len).expect("a length");
    let mut bytes = Vec::with_capacity(len);
    if view.ndim > 0 && view.strides.is_null() {
        // SAFETY: contiguous.
        bytes.extend(unsafe { std::slice::from_raw_parts(view.buf.cast::<u8>(), len) });
    } else if !array_of(view.shape, view.ndim).contains(&0) {
        walk(view, 0, view.buf.cast_const().cast(), &mut bytes);
    }
    assert_eq!(bytes.len(), len);
    bytes
}

fn state(nd: &Object) -> String {
    hash_as_cpython();
    let state = state_of(nd);
    let view = base_of(&state);
    let bytes = bytes_of(view);
    // SAFETY: a full description, bytes, and an exporter.
    unsafe {
        let mut contiguous = String::new();
        for order in *b"CFA" {
            write!(contiguous, "{}", PyBuffer_IsContiguous(view, order as c_char)).expect("a String takes all");
        }
        let hash = match PyObject_Hash(nd.get()) {
            -1 => take_error().0,
            hash => {
                let bytes = Object::new(PyBytes_FromStringAndSize(bytes.as_ptr().cast(), bytes.len().cast_signed()))
                    .expect("a bytes object");
                u8::from(PyObject_Hash(bytes.get()) == hash).to_string()
            }
        };
        let viewed = Object::new(PyMemoryView_FromObject(nd.get()));
        let copied = either(
            viewed
                .as_ref()
                .map_err(Clone::clone)
                .map(|view| hex(Object::new(PyBytes_FromObject(view.get())).expect("bytes").bytes())),
        );
        let listed = match &viewed {
            _ if view.format.is_null() => String::new(),
            Ok(view) => {
                let text = Object::new(pybuffer_memoryview_text(view.get(), -1)).expect("text");
                String::from_utf8_lossy(text.bytes()).into_owned()
            }
            Err(error) => error.clone(),
        };
        let flags = state.flags & 0x1ff;
        format!("{} {flags} {} {contiguous} {} {hash} {copied} {listed}", fields(view), state.offset, hex(&bytes))
    }
}

fn numbers(numbers: &[isize]) -> String {
    numbers.iter().map(|number| format!("{number},")).collect()
}

/// What an array is made from.
#[derive(Clone, Debug)]
struct Array {
    format: &'static str,
    shape: Vec<isize>,
    strides: Option<Vec<isize>>,
    offset: isize,
    flags: c_int,
    memory: Vec<u8>,
}

impl Array {
    fn arguments(&self) -> String {
        let Self { format, shape, strides, offset, flags, memory } = self;
        let strides = strides.as_ref().map_or("-".into(), |strides| numbers(strides));
        format!("{format} {} {strides} {offset} {flags} {}", numbers(shape), hex(memory))
    }

    /// The values of all items, where there are such.
    fn values(&self) -> Option<Vec<pybuffer_value>> {
        let format = CString::new(self.format).expect("no NUL");
        // SAFETY: a format; there are as many items and room for as many values.
        unsafe {
            let parsed = Object::new(pybuffer_format_parse(format.as_ptr())).ok()?;
            let size = size_of_format(self.format)?;
            let items = self.memory.len() / size;
            let each = usize::try_from(pybuffer_format_value_count(parsed.get())).expect("a format");
            let mut values = Vec::with_capacity(items * each);
            let start = self.memory.as_ptr().cast();
            let (stride, count) = (size.cast_signed(), items.cast_signed());
            assert_eq!(pybuffer_format_unpack_items(parsed.get(), start, stride, count, values.as_mut_ptr()), 0);
            values.set_len(items * each);
            Some(values)
        }
    }

    /// Calls one of the functions that take bytes and values.
    fn make<R>(
        &self,
        of_bytes: impl FnOnce(*const c_void, isize, *const c_char, c_int, *const isize, *const isize) -> R,
        of_values: impl FnOnce(*const pybuffer_value, isize, *const c_char, c_int, *const isize, *const isize) -> R,
        by_values: bool,
    ) -> R {
        let format = CString::new(self.format).expect("no NUL");
        let ndim = c_int::try_from(self.shape.len()).expect("few axes");
        let strides = self.strides.as_ref().map_or(null(), |strides| strides.as_ptr());
        let (format, shape) = (format.as_ptr(), self.shape.as_ptr());
        match self.values().filter(|_| by_values) {
            Some(values) => of_values(values.as_ptr(), values.len().cast_signed(), format, ndim, shape, strides),
            None => {
                let bytes = self.memory.as_ptr().cast();
                of_bytes(bytes, self.memory.len().cast_signed(), format, ndim, shape, strides)
            }
        }
    }
}

/// Formats without padding, whose bytes are what Python packs again.
const FORMATS: &[(&str, usize)] = &[
    ("B", 1),
    ("b", 1),
    ("c", 1),
    ("H", 2),
    ("<h", 2),
    (">i", 4),
    ("L", 8),
    ("q", 8),
    ("2s", 2),
    ("3s", 3),
    ("=Bh", 3),
    ("=Bih", 7),
];

fn size_of_format(format: &str) -> Option<usize> {
    FORMATS.iter().find(|(known, _)| *known == format).map(|(_, size)| *size)
}

/// An array, most often one that lies in its memory.
fn random_array(random: &mut Random, flags: &[c_int]) -> Array {
    let (format, size) = random.pick(FORMATS);
    let itemsize = size.cast_signed();
    let ndim = match random.below(60) {
        0 => random.pick(&[63, 64, 65, 128, 129]),
        1..5 => 0,
        _ => 1 + random.below(4),
    };
    let mut shape: Vec<isize> = (0..ndim)
        .map(|_| if ndim > 5 { 1 + isize::from(random.chance(2)) } else { random.pick(&[1, 1, 2, 2, 3, 4]) })
        .collect();
    if ndim > 0 && random.chance(8) {
        let at = random.below(ndim);
        shape[at] = 0;
    }
    let mut array =
        Array { format, shape, strides: None, offset: 0, flags: random.pick(flags), memory: random.bytes(0) };
    let Array { shape, strides, offset, .. } = &mut array;
    let mut items = shape.iter().product::<isize>().max(1);
    if random.chance(60) {
        // Contiguous in some order of the axes, and then stretched, turned round, or laid over each other.
        let mut order: Vec<usize> = (0..ndim).collect();
        for at in (1..ndim).rev() {
            order.swap(at, random.below(at + 1));
        }
        let (mut step, mut given, mut low, mut high) = (itemsize, vec![0; ndim], 0, 0);
        for axis in order {
            let stretch = random.pick(&[1, 1, 1, 2, 3]);
            let sign = random.pick(&[1, 1, -1]);
            given[axis] = if random.chance(6) { 0 } else { sign * stretch * step };
            step = (step * stretch * shape[axis].max(1)).min(itemsize * 300);
            let reach = given[axis] * (shape[axis] - 1).max(0);
            if reach < 0 { low += reach } else { high += reach }
        }
        *offset = -low;
        if random.chance(30) {
            *offset += itemsize * random.below(3).cast_signed();
        }
        items = (*offset + high) / itemsize + 1;
        if random.chance(30) {
            items += random.below(3).cast_signed();
        }
        *strides = Some(given);
    } else if random.chance(20) {
        *offset = itemsize * random.below(3).cast_signed();
        items += *offset / itemsize;
    }
    // What is wrong with it.
    match random.below(40) {
        0 => items -= 1,
        1 => *offset += random.pick(&[1, -1, itemsize, -itemsize]),
        2 if ndim > 0 => shape[random.below(ndim)] += random.pick(&[1, -1, -3]),
        3 => {
            if let Some(stride) = strides.as_mut().filter(|_| ndim > 0).map(|all| &mut all[random.below(ndim)]) {
                *stride += random.pick(&[1, -1, itemsize, -itemsize, 1000]);
            }
        }
        4 => array.format = random.pick(&["y", "<", "i:", "T{"]),
        5 => items = 0,
        _ => {}
    }
    // One item is one value in Python.
    let items = if ndim == 0 { 1 } else { items };
    array.memory = random.bytes(usize::try_from(items).unwrap_or(0) * size);
    array
}

/// A slice or index for each of some axes, as the oracle reads them and as this library does.
fn random_slices(random: &mut Random, shape: &[isize]) -> (String, Vec<pybuffer_subscript>) {
    let absent = isize::MIN;
    let len = |axis: usize| shape.get(axis).copied().unwrap_or(1);
    if shape.len() > 1 && random.chance(25) {
        let index = random.below(usize::try_from(len(0)).expect("a length") * 2 + 2).cast_signed() - len(0) - 1;
        let one = pybuffer_subscript { kind: PYBUFFER_SUBSCRIPT_INDEX, start: index, stop: absent, step: absent };
        return (format!("i{index},"), vec![one]);
    }
    let count = if shape.is_empty() { 1 } else { 1 + random.below(shape.len().min(6)) };
    let mut text = String::new();
    let mut subscripts = vec![];
    for axis in 0..count {
        let mut bound = |most: isize| match random.below(4) {
            0 | 1 => absent,
            2 => random.below(usize::try_from(2 * most + 3).expect("a length")).cast_signed() - most - 1,
            _ => random.pick(&[0, 1, -1, 100, -100, isize::MAX, -isize::MAX]),
        };
        let (start, stop) = (bound(len(axis)), bound(len(axis)));
        let step = random.pick(&[absent, absent, 1, 1, -1, 2, -2, 3, 0, isize::MAX]);
        let step = if step == 0 && random.chance(80) { 1 } else { step };
        let shown = |number: isize| if number == absent { String::new() } else { number.to_string() };
        write!(text, "{}:{}:{},", shown(start), shown(stop), shown(step)).expect("a String takes all");
        subscripts.push(pybuffer_subscript { kind: PYBUFFER_SUBSCRIPT_SLICE, start, stop, step });
    }
    (text, subscripts)
}

/// A program, and what this library answers.
#[derive(Default)]
struct Run {
    program: Vec<String>,
    answers: Vec<String>,
    objects: Vec<Object>,
    /// Which objects share memory: those of the same number.
    roots: Vec<usize>,
    views: Vec<Object>,
    /// How many operations failed.
    failed: usize,
}

impl Run {
    fn record(&mut self, operation: String, answer: Result<String, String>) {
        self.program.push(operation);
        self.failed += usize::from(answer.is_err());
        self.answers.push(either(answer));
    }

    fn made(&mut self, operation: String, root: Option<usize>, object: Result<Object, String>) {
        let answer = object.map(|object| {
            let text = state(&object);
            self.roots.push(root.unwrap_or(self.objects.len()));
            self.objects.push(object);
            text
        });
        self.record(operation, answer);
    }

    /// An operation on the stack of an object; its message counts, too.
    fn stacked(&mut self, operation: String, object: usize, status: c_int) {
        let answer = if status == 0 {
            Ok(state(&self.objects[object]))
        } else {
            let (name, message) = take_error();
            Err(if name == "BufferError" { message } else { name })
        };
        self.record(operation, answer);
    }

    fn new_array(&mut self, random: &mut Random, array: &Array) {
        // SAFETY: as many bytes, values and entries as are said.
        let made = unsafe {
            array.make(
                |items, len, format, ndim, shape, strides| {
                    pybuffer_ndarray_new(items, len, format, ndim, shape, strides, array.offset, array.flags)
                },
                |values, len, format, ndim, shape, strides| {
                    pybuffer_ndarray_from_values(values, len, format, ndim, shape, strides, array.offset, array.flags)
                },
                random.chance(50),
            )
        };
        self.made(format!("new {}", array.arguments()), None, Object::new(made));
    }

    fn push(&mut self, random: &mut Random, object: usize, array: &Array) {
        let nd = self.objects[object].get();
        let (offset, flags) = (array.offset, array.flags);
        // SAFETY: as many bytes, values and entries as are said.
        let status = unsafe {
            array.make(
                |items, len, format, ndim, shape, strides| {
                    pybuffer_ndarray_push(nd, items, len, format, ndim, shape, strides, offset, flags)
                },
                |values, len, format, ndim, shape, strides| {
                    pybuffer_ndarray_push_values(nd, values, len, format, ndim, shape, strides, offset, flags)
                },
                random.chance(50),
            )
        };
        self.stacked(format!("push {object} {}", array.arguments()), object, status);
    }

    fn pop(&mut self, object: usize) {
        // SAFETY: an ndarray.
        let status = unsafe { pybuffer_ndarray_pop(self.objects[object].get()) };
        self.stacked(format!("pop {object}"), object, status);
    }

    fn reexport(&mut self, object: usize, request: c_int, flags: c_int) {
        // SAFETY: an exporter.
        let made = unsafe { pybuffer_ndarray_from_object(self.objects[object].get(), request, flags) };
        self.made(format!("from {object} {request} {flags}"), Some(self.roots[object]), Object::new(made));
    }

    fn shape(&self, object: usize) -> Vec<isize> {
        let state = state_of(&self.objects[object]);
        array_of(base_of(&state).shape, base_of(&state).ndim).to_vec()
    }

    fn fails(&self, object: usize) -> bool {
        state_of(&self.objects[object]).flags & PYBUFFER_ND_GETBUF_FAIL != 0
    }

    fn random_slices(&self, random: &mut Random, object: usize) -> (String, Vec<pybuffer_subscript>) {
        let fails = self.fails(object);
        loop {
            let (text, subscripts) = random_slices(random, &self.shape(object));
            // CPython looks at an index before it makes a request.
            if !fails || !text.starts_with('i') {
                return (text, subscripts);
            }
        }
    }

    fn slice(&mut self, random: &mut Random, object: usize) {
        // CPython looks for axes before it makes a request.
        if self.fails(object) && self.shape(object).is_empty() {
            return;
        }
        let (text, subscripts) = self.random_slices(random, object);
        let count = c_int::try_from(subscripts.len()).expect("few axes");
        // SAFETY: an ndarray, and as many subscripts.
        let made = unsafe { pybuffer_ndarray_subscript(self.objects[object].get(), subscripts.as_ptr(), count) };
        self.made(format!("slice {object} {text}"), Some(self.roots[object]), Object::new(made));
    }

    fn matrix(&mut self, object: usize) {
        let answer = matrix(&self.objects[object]);
        self.record(format!("matrix {object}"), Ok(answer));
    }

    fn assign(&mut self, random: &mut Random, object: usize, source: usize) {
        // An index of one axis is for a value in Python.
        let (text, subscripts) = self.random_slices(random, object);
        let count = c_int::try_from(subscripts.len()).expect("few axes");
        let (to, from) = (self.objects[object].get(), self.objects[source].get());
        // SAFETY: an ndarray, as many subscripts, and an exporter.
        let status = unsafe { pybuffer_ndarray_assign(to, subscripts.as_ptr(), count, from) };
        let answer = succeeded(status).map(|()| state(&self.objects[object]));
        self.record(format!("assign {object} {text} {source}"), answer);
    }

    fn hold(&mut self, object: usize) {
        // SAFETY: an exporter.
        let view = Object::new(unsafe { PyMemoryView_FromObject(self.objects[object].get()) });
        let answer = view.map(|view| {
            let text = view_text(&view);
            self.views.push(view);
            text
        });
        self.record(format!("hold {object}"), answer);
    }

    fn release(&mut self, at: usize) {
        let view = self.views.remove(at);
        let text = view_text(&view);
        // SAFETY: a memoryview.
        assert_eq!(unsafe { pybuffer_memoryview_release(view.get()) }, 0);
        self.record(format!("release {at}"), Ok(text));
    }
}

fn view_text(view: &Object) -> String {
    // SAFETY: a memoryview.
    hex(Object::new(unsafe { PyBytes_FromObject(view.get()) }).expect("bytes").bytes())
}

/// Compares all answers; gives how many operations succeeded and failed.
fn check(runs: &[Run]) -> Option<(usize, usize)> {
    let answers = interpreter::ask(ORACLE, runs.iter().map(|run| run.program.join("|")).collect())?;
    let (mut good, mut bad) = (0, 0);
    for (run, answer) in runs.iter().zip(&answers) {
        let theirs: Vec<&str> = answer.split('\t').collect();
        for (at, (ours, theirs)) in run.answers.iter().zip(&theirs).enumerate() {
            if ours != theirs {
                let program = run.program[..=at].join("\n");
                panic!("after\n{program}\nthis library says\n{ours}\nand CPython\n{theirs}");
            }
        }
        assert_eq!(run.answers.len(), theirs.len());
        bad += run.failed;
        good += theirs.len() - run.failed;
    }
    println!("{} programs, {good} operations that succeed, {bad} that fail", runs.len());
    Some((good, bad))
}

const PLAIN: &[c_int] = &[0, 0, PYBUFFER_ND_WRITABLE, PYBUFFER_ND_WRITABLE];
const MOST: &[c_int] = &[
    0,
    PYBUFFER_ND_WRITABLE,
    PYBUFFER_ND_WRITABLE,
    PYBUFFER_ND_FORTRAN,
    PYBUFFER_ND_WRITABLE | PYBUFFER_ND_FORTRAN,
    PYBUFFER_ND_PIL,
    PYBUFFER_ND_PIL,
    PYBUFFER_ND_WRITABLE | PYBUFFER_ND_PIL,
    PYBUFFER_ND_FORTRAN | PYBUFFER_ND_PIL,
    PYBUFFER_ND_WRITABLE | PYBUFFER_ND_REDIRECT,
    PYBUFFER_ND_GETBUF_FAIL,
    PYBUFFER_ND_GETBUF_FAIL | PYBUFFER_ND_GETBUF_UNDEFINED | PYBUFFER_ND_PIL,
];

#[test]
fn arrays_are_made_where_cpython_makes_them_and_answer_every_request_alike() {
    let mut random = Random(21);
    let runs: Vec<Run> = (0..4000)
        .map(|_| {
            let mut run = Run::default();
            let array = random_array(&mut random, MOST);
            run.new_array(&mut random, &array);
            if !run.objects.is_empty() && random.chance(15) {
                run.matrix(0);
            }
            run
        })
        .collect();
    if let Some((good, bad)) = check(&runs) {
        assert!(good > 2500 && bad > 200, "{good} {bad}");
    }
}

#[test]
fn arrays_that_are_exported_again_know_what_they_were_asked_for() {
    let mut random = Random(22);
    let runs: Vec<Run> = (0..1500)
        .map(|_| {
            let mut run = Run::default();
            let array = random_array(&mut random, MOST);
            run.new_array(&mut random, &array);
            for _ in 0..3 {
                let Some(last) = run.objects.len().checked_sub(1) else { break };
                let request = match random.below(3) {
                    0 => PyBUF_FULL_RO,
                    1 => random.pick(&[0, 4, 8, 12, 0x18, 0x1c, 0x38, 0x3c, 0x58, 0x5c, 0x98, 0x118, 0x11d, 0x19]),
                    _ => random.below(512) as c_int,
                };
                let flags = random.pick(&[0, 0, PYBUFFER_ND_REDIRECT, PYBUFFER_ND_WRITABLE]);
                run.reexport(last, request, flags);
            }
            if let Some(last) = run.objects.len().checked_sub(1).filter(|_| random.chance(25)) {
                run.matrix(last);
            }
            run
        })
        .collect();
    if let Some((good, bad)) = check(&runs) {
        assert!(good > 2000 && bad > 500, "{good} {bad}");
    }
}

#[test]
fn parts_and_assignments_to_parts_are_those_of_cpython() {
    let mut random = Random(23);
    let runs: Vec<Run> = (0..3000)
        .map(|_| {
            let mut run = Run::default();
            let array = random_array(&mut random, MOST);
            // The source has the same items in other memory.
            let mut source = random_array(&mut random, PLAIN);
            if random.chance(80) {
                source = array.clone();
                source.memory = random.bytes(array.memory.len());
                source.flags &= !PYBUFFER_ND_GETBUF_FAIL;
                if random.chance(30) && !source.shape.is_empty() {
                    source.flags ^= PYBUFFER_ND_PIL;
                }
            }
            run.new_array(&mut random, &array);
            run.new_array(&mut random, &source);
            for _ in 0..6 {
                if run.objects.is_empty() {
                    break;
                }
                let object = random.below(run.objects.len());
                match random.below(10) {
                    0..5 => run.slice(&mut random, object),
                    5 => {
                        let operation = format!("suboffsets {object}");
                        // SAFETY: an ndarray.
                        let status = unsafe { pybuffer_ndarray_add_suboffsets(run.objects[object].get()) };
                        run.stacked(operation, object, status);
                    }
                    _ => {
                        let source = random.below(run.objects.len());
                        // Where they share memory CPython's answer depends on its order. A lone item takes a value there,
                        // and more than 64 axes are not copied here.
                        let [to, from] = [object, source].map(|object| run.shape(object).len());
                        if run.roots[object] != run.roots[source] && (1..=64).contains(&to) && from <= 64 {
                            run.assign(&mut random, object, source);
                        }
                    }
                }
            }
            if let Some(last) = run.objects.len().checked_sub(1).filter(|_| random.chance(5)) {
                run.matrix(last);
            }
            run
        })
        .collect();
    if let Some((good, bad)) = check(&runs) {
        assert!(good > 8000 && bad > 1500, "{good} {bad}");
    }
}

#[test]
fn stacks_change_where_cpythons_do_while_views_are_held() {
    let mut random = Random(24);
    let runs: Vec<Run> = (0..2000)
        .map(|_| {
            let mut run = Run::default();
            let mut array = random_array(&mut random, PLAIN);
            if random.chance(60) {
                array.flags |= PYBUFFER_ND_VAREXPORT;
            }
            run.new_array(&mut random, &array);
            if run.objects.is_empty() {
                return run;
            }
            if random.chance(10) {
                run.reexport(0, PyBUF_FULL_RO, 0);
            }
            for _ in 0..16 {
                let object = if random.chance(10) { run.objects.len() - 1 } else { 0 };
                match random.below(12) {
                    0..3 => {
                        let mut array = random_array(&mut random, MOST);
                        if random.chance(4) {
                            array.flags |= PYBUFFER_ND_VAREXPORT;
                        }
                        run.push(&mut random, object, &array);
                    }
                    3..5 => run.pop(object),
                    5..8 => run.hold(object),
                    8 => run.slice(&mut random, object),
                    _ => {
                        if !run.views.is_empty() {
                            run.release(random.below(run.views.len()));
                        }
                    }
                }
            }
            run
        })
        .collect();
    if let Some((good, bad)) = check(&runs) {
        assert!(good > 10_000 && bad > 500, "{good} {bad}");
    }
}

#[test]
fn structures_are_verified_by_the_rule_of_the_documentation() {
    let mut random = Random(25);
    let most = isize::MAX;
    let mut cases = vec![];
    for _ in 0..60_000 {
        let edge = random.chance(40);
        let itemsize = random.pick(&[1, 1, 2, 3, 4, 8, 8, 16, 0, -1]);
        let ndim = random.below(5);
        let mut near = |plain: isize| match random.below(if edge { 5 } else { 1 }) {
            0 | 1 => plain,
            2 => random.pick(&[most, -most, isize::MIN, most - 1, most - 7, 1 << 62, -(1 << 62), 1 << 61, 1 << 32]),
            3 => random.next().cast_signed() as isize >> random.below(63),
            _ => plain.wrapping_add(random.pick(&[-1, 1])),
        };
        let shape: Vec<isize> = (0..ndim).map(|axis| near([2, 3, 1, 4, 0][(axis + ndim) % 5])).collect();
        let strides: Vec<isize> =
            (0..ndim).map(|axis| near(itemsize * [1, 2, -3, 6, 0, -1][(axis * 5 + ndim) % 6])).collect();
        let reaches = shape.iter().zip(&strides).map(|(len, stride)| len.wrapping_sub(1).wrapping_mul(*stride));
        let (mut low, mut high) = (0_isize, 0_isize);
        for reach in reaches {
            if reach < 0 { low = low.wrapping_add(reach) } else { high = high.wrapping_add(reach) }
        }
        let offset = near(low.wrapping_neg());
        let memlen = near(offset.wrapping_add(high).wrapping_add(itemsize));
        cases.push((memlen, itemsize, offset, shape, strides));
    }
    let questions = cases.iter().map(|(memlen, itemsize, offset, shape, strides)| {
        format!("{} {} {}", numbers(&[*memlen, *itemsize, *offset]), numbers(shape), numbers(strides))
    });
    let Some(answers) = interpreter::ask(VERIFY, questions.collect()) else { return };
    let mut yes = 0;
    for ((memlen, itemsize, offset, shape, strides), answer) in cases.iter().zip(&answers) {
        let ndim = shape.len().cast_signed();
        // SAFETY: both arrays have as many entries.
        let ours =
            unsafe { pybuffer_verify_structure(*memlen, *itemsize, ndim, shape.as_ptr(), strides.as_ptr(), *offset) };
        assert_eq!(ours.to_string(), *answer, "{memlen} {itemsize} {offset} {shape:?} {strides:?}");
        yes += ours;
    }
    println!("{} structures, {yes} of them valid", cases.len());
    assert!(yes > 10_000 && yes < 50_000, "{yes}");
}

#[test]
fn claims_that_are_not_so_are_refused_or_answered_as_by_cpython() {
    let mut random = Random(26);
    let claims = &[PYBUFFER_ND_SCALAR, PYBUFFER_ND_C, PYBUFFER_ND_C | PYBUFFER_ND_SCALAR];
    for _ in 0..2000 {
        let array = random_array(&mut random, claims);
        let mut run = Run::default();
        run.new_array(&mut random, &array);
        let Some(nd) = run.objects.first() else { continue };
        let state = state_of(nd);
        // SAFETY: a full description.
        let is_c = unsafe { PyBuffer_IsContiguous(state.base, b'C' as c_char) } != 0;
        for request in 0..512 {
            // SAFETY: an exporter.
            let answer = Object::new(unsafe { pybuffer_ndarray_from_object(nd.get(), request, 0) });
            assert!(is_c || answer.is_err(), "{array:?} {request}");
        }
    }
    // SAFETY: NULL is refused.
    assert!(Object::new(unsafe { pybuffer_ndarray_subscript(null_mut(), null(), 0) }).is_err());
}
