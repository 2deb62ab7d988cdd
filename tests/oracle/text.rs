//! The text of memoryviews compared with CPython 3.13's: `hex`, and the `repr` of lists of what `struct` unpacks. The cases
//! are random, from fixed seeds; one interpreter answers all cases of a test.

use std::ffi::{CStr, CString, c_int};
use std::ptr::{NonNull, null_mut};

use pybuffer::abi::buffer::Py_buffer;
use pybuffer::abi::object::PyObject;

use crate::common::capi::{
    Py_DecRef, PyBuffer_SizeFromFormat, PyBytes_AsStringAndSize, PyMemoryView_FromBuffer, pybuffer_error_message,
    pybuffer_memoryview_hex, pybuffer_memoryview_text,
};
use crate::common::levels;
use crate::common::random::Random;
use crate::support::interpreter::{self, hex};

/// Answers a line for each line of input.
///
/// `hex BYTES SEPARATOR GROUP`: `memoryview.hex`; a negative separator is none.
/// `struct FORMAT SHAPE LIMIT BYTES`: the lists of what `struct` unpacks. A shape is numbers, each followed by a comma.
/// `cast FORMAT SHAPE LIMIT BYTES`: the same, with `memoryview.tolist` of a cast for the lists.
/// `complex FORMAT SHAPE LIMIT BYTES`: of pairs of the format.
/// `ascii FORMAT SHAPE LIMIT BYTES`: of characters.
const ORACLE: &str = r#"
import math, struct, sys

class Text(str):
    def __repr__(self): return ascii(str(self))

def nested(items, shape):
    if not shape: return next(items)
    return [nested(items, shape[1:]) for _ in range(shape[0])]

def text(item, limit):
    """The text of an item, or list, of which `limit` are shown, and how many more may be."""
    if type(item) is not list: return repr(item), limit - 1
    parts = []
    for inner in item:
        if limit == 0:
            parts.append("...")
            break
        part, limit = ("[]", limit - 1) if inner == [] else text(inner, limit)
        parts.append(part)
    return "[" + ", ".join(parts) + "]", limit

def shown(item, limit):
    if limit < 0: return repr(item)
    if limit == 0 and type(item) is not list: return "..."
    return text(item, limit)[0]

def unpacked(format, data):
    size = struct.calcsize(format)
    for at in range(0, len(data), size):
        item = struct.unpack_from(format, data, at)
        yield item[0] if len(item) == 1 else item

def lists(function, format, shape, limit, data=""):
    data, shape = bytes.fromhex(data), [int(n) for n in shape.split(",")[:-1]]
    if function == "cast":
        item = memoryview(data).cast(format, shape).tolist()
    else:
        if function == "struct": items = unpacked(format, data)
        if function == "complex": items = (complex(*pair) for pair in unpacked(format + format[1:], data))
        if function == "ascii": items = (Text(chr(point)) for point in unpacked(format, data))
        item = nested(items, shape)
    return shown(item, int(limit))

def hexed(data, separator, group):
    view = memoryview(bytes.fromhex(data))
    return view.hex() if int(separator) < 0 else view.hex(chr(int(separator)), int(group))

for line in sys.stdin:
    function, *arguments = line.rstrip("\n").split(" ")
    print(hexed(*arguments) if function == "hex" else lists(function, *arguments))
"#;

fn ask(questions: Vec<String>) -> Option<Vec<String>> {
    interpreter::ask(ORACLE, questions)
}

/// A reference that this test owns.
struct Object(NonNull<PyObject>);

impl Object {
    /// Panics with the message of the error where there is none.
    fn new(object: *mut PyObject) -> Self {
        NonNull::new(object).map(Self).unwrap_or_else(|| {
            // SAFETY: a call has failed, so there is a message.
            let message = unsafe { CStr::from_ptr(pybuffer_error_message()) };
            assert_eq!(message.to_string_lossy(), "no error");
            unreachable!()
        })
    }

    /// The text of a bytes object.
    fn text(&self) -> String {
        let (mut start, mut size) = (null_mut(), 0);
        // SAFETY: a bytes object, which has a NUL after its bytes.
        let bytes = unsafe {
            assert_eq!(PyBytes_AsStringAndSize(self.0.as_ptr(), &raw mut start, &raw mut size), 0);
            CStr::from_ptr(start).to_bytes()
        };
        assert_eq!(bytes.len().cast_signed(), size);
        String::from_utf8(bytes.to_vec()).expect("the text is ASCII")
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the reference is owned.
        unsafe { Py_DecRef(self.0.as_ptr()) };
    }
}

/// Runs `act` with a memoryview of these items, `stride` items from each one to the next along the last axis.
fn with_view<R>(
    format: &CStr,
    shape: &[isize],
    memory: &[u8],
    start: usize,
    stride: isize,
    act: impl FnOnce(*mut PyObject) -> R,
) -> R {
    // SAFETY: a C string.
    let itemsize = unsafe { PyBuffer_SizeFromFormat(format.as_ptr()) };
    let mut shape = shape.to_vec();
    let mut strides = vec![0; shape.len()];
    let mut step = itemsize * stride;
    for (stride, len) in strides.iter_mut().zip(&shape).rev() {
        *stride = step;
        step *= len;
    }
    let info = Py_buffer {
        buf: memory[start..].as_ptr().cast_mut().cast(),
        len: shape.iter().product::<isize>() * itemsize,
        itemsize,
        readonly: 1,
        ndim: i32::try_from(shape.len()).expect("there are few axes"),
        format: format.as_ptr().cast_mut(),
        shape: shape.as_mut_ptr(),
        strides: strides.as_mut_ptr(),
        obj: null_mut(),
        suboffsets: null_mut(),
        internal: null_mut(),
    };
    // SAFETY: the callers see to it that the items are in the memory, which outlives the view.
    let view = Object::new(unsafe { PyMemoryView_FromBuffer(&raw const info) });
    act(view.0.as_ptr())
}

fn text_of(format: &CStr, shape: &[isize], limit: isize, memory: &[u8]) -> String {
    with_view(format, shape, memory, 0, 1, |view| {
        // SAFETY: a memoryview.
        Object::new(unsafe { pybuffer_memoryview_text(view, limit) }).text()
    })
}

/// A question about lists, and what they are of.
struct Case {
    function: &'static str,
    /// As the oracle knows it, and as this library does.
    formats: [CString; 2],
    shape: Vec<isize>,
    limit: isize,
    memory: Vec<u8>,
}

impl Case {
    fn new(function: &'static str, formats: [&str; 2], shape: &[isize], memory: Vec<u8>) -> Self {
        let formats = formats.map(|format| CString::new(format).expect("no format here has a NUL"));
        Self { function, formats, shape: shape.to_vec(), limit: -1, memory }
    }

    fn question(&self) -> String {
        let [theirs, _] = &self.formats;
        let format = theirs.to_str().expect("formats are ASCII");
        let shape: String = self.shape.iter().map(|len| format!("{len},")).collect();
        format!("{} {format} {shape} {} {}", self.function, self.limit, hex(&self.memory))
    }
}

/// The number of characters that were compared.
fn check(cases: &[Case]) {
    let Some(answers) = ask(cases.iter().map(Case::question).collect()) else { return };
    for (case, answer) in cases.iter().zip(&answers) {
        let [_, ours] = &case.formats;
        let text = text_of(ours, &case.shape, case.limit, &case.memory);
        if text != *answer {
            // The whole would be too much to read.
            let at = text.bytes().zip(answer.bytes()).take_while(|(a, b)| a == b).count().saturating_sub(30);
            let part = |text: &str| text.chars().skip(at).take(100).collect::<String>();
            panic!("{ours:?} {:?} limit {}: {} is {}", case.shape, case.limit, part(&text), part(answer));
        }
    }
}

/// Doubles of all kinds: every exponent, few and many digits, what lies in the middle of two decimal numbers.
fn random_double(random: &mut Random) -> f64 {
    let number = match random.below(12) {
        0..5 => f64::from_bits(random.next()),
        5 => f64::from_bits(random.next() >> random.pick(&[12, 13, 20, 40, 60])),
        6 => 2_f64.powi(random.below(2098) as i32 - 1074),
        7 => format!("1e{}", random.below(650) as i32 - 330).parse().expect("a number"),
        8 => (random.next() >> random.below(64)) as f64 / 10_f64.powi(random.below(20) as i32),
        9 => (random.next() >> random.below(64)) as f64,
        10 => f64::from(f32::from_bits(random.next() as u32)),
        _ => {
            random.pick(&[0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN, f64::MAX, 1e16, 1e-4, 1e-5])
        }
    };
    match random.below(6) {
        0 => number.next_up(),
        1 => number.next_down(),
        2 => -number,
        _ => number,
    }
}

fn random_doubles(random: &mut Random, count: usize) -> Vec<u8> {
    (0..count).flat_map(|_| random_double(random).to_le_bytes()).collect()
}

#[test]
fn floats_have_pythons_digits() {
    let mut random = Random(11);
    let all_halves: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    let singles: Vec<u8> = (0..60_000).flat_map(|_| (random.next() as u32).to_le_bytes()).collect();
    let doubles = random_doubles(&mut random, 120_000);
    let powers: Vec<u8> = (-1074..1024).flat_map(|power| 2_f64.powi(power).to_le_bytes()).collect();
    let subnormals: Vec<u8> = (0..20_000_u64).flat_map(|_| (random.next() >> 12).to_le_bytes()).collect();
    check(&[
        Case::new("struct", ["<e", "<e"], &[1 << 16], all_halves),
        Case::new("struct", ["<f", "<f"], &[60_000], singles),
        Case::new("struct", ["<d", "<d"], &[120_000], doubles),
        Case::new("struct", ["<d", "<d"], &[2098], powers),
        Case::new("struct", ["<d", "<d"], &[20_000], subnormals),
    ]);
}

#[test]
fn complex_numbers_are_pythons() {
    let mut random = Random(12);
    let doubles = random_doubles(&mut random, 40_000);
    let few: Vec<u8> = (0..2000)
        .flat_map(|_| {
            random.pick(&[0.0, -0.0, 1.0, -2.0, f64::NAN, f64::INFINITY, -f64::INFINITY, 1e300]).to_le_bytes()
        })
        .collect();
    let singles: Vec<u8> = (0..10_000).flat_map(|_| (random.next() as u32).to_le_bytes()).collect();
    check(&[
        Case::new("complex", ["<d", "<Zd"], &[20_000], doubles),
        Case::new("complex", ["<d", "<D"], &[10, 100], few),
        Case::new("complex", ["<f", "<Zf"], &[5000], singles),
    ]);
}

#[test]
fn bytes_and_characters_are_pythons() {
    let mut random = Random(13);
    let mut cases = vec![
        Case::new("struct", ["c", "c"], &[256], (0..=255).collect()),
        Case::new("struct", ["256s", "256s"], &[], (0..=255).collect()),
    ];
    for length in 1..600 {
        let format = format!("{length}{}", random.pick(&["s", "p"]));
        let mut memory = random.bytes(length);
        // Many quotes.
        for byte in &mut memory {
            if random.chance(30) {
                *byte = random.pick(b"\"\"'\\\n\tab");
            }
            if random.chance(20) {
                *byte = b' ';
            }
        }
        if length % 3 == 0 {
            memory.iter_mut().filter(|byte| **byte == b'"').for_each(|byte| *byte = b'_');
        }
        cases.push(Case::new("struct", [&format, &format], &[], memory));
    }
    let all: Vec<u8> = (0..=0x10_ffff_u32).step_by(7).chain(0..0x500).flat_map(u32::to_le_bytes).collect();
    let count = (all.len() / 4).cast_signed();
    cases.push(Case::new("ascii", ["<I", "<w"], &[count], all));
    let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_be_bytes).collect();
    cases.push(Case::new("ascii", [">H", ">u"], &[1 << 16], all));
    check(&cases);
}

/// A format in the syntax of the struct module, with a size.
fn random_format(random: &mut Random) -> String {
    let mut format: String = random.pick(&["", "@", "=", "<", ">", "!"]).into();
    let native = matches!(format.as_str(), "" | "@");
    for _ in 0..random.pick(&[1, 1, 1, 2, 3, 6]) {
        if random.chance(25) {
            format += random.pick(&["0", "2", "3"]);
        }
        let codes: &[u8] = if native { b"xcbB?hHiIlLqQnNPefdsp" } else { b"xcbB?hHiIlLqQefdsp" };
        format.push(random.pick(codes).into());
    }
    format
}

#[test]
fn lists_are_those_of_tolist_in_every_shape_and_format() {
    let mut random = Random(14);
    let mut values = 0;
    let mut cases = vec![];
    while cases.len() < 4000 {
        let cast = random.chance(30);
        let format =
            if cast { char::from(random.pick(b"cbB?hHiIlLqQnNefdP")).to_string() } else { random_format(&mut random) };
        let c_format = CString::new(format.as_str()).expect("no format here has a NUL");
        // SAFETY: a C string.
        let size = usize::try_from(unsafe { PyBuffer_SizeFromFormat(c_format.as_ptr()) }).expect("a valid format");
        let shape: Vec<isize> = (0..random.below(5)).map(|_| random.pick(&[1, 1, 2, 3, 4, 7])).collect();
        let items = usize::try_from(shape.iter().product::<isize>()).expect("it is positive");
        // Padding alone is bytes here, and nothing to the struct module.
        if size == 0 || format.bytes().all(|code| !code.is_ascii_alphabetic() || code == b'x') {
            continue;
        }
        values += items;
        let function = if cast { "cast" } else { "struct" };
        let mut case = Case::new(function, [&format, &format], &shape, random.bytes(items * size));
        if random.chance(60) {
            case.limit = random.below(items + 2).cast_signed();
        }
        cases.push(case);
    }
    assert!(values > 50_000, "{values} items");
    check(&cases);
}

#[test]
fn empty_lists_are_shown_as_such() {
    let mut random = Random(15);
    let cases: Vec<Case> = (0..600)
        .map(|_| {
            let mut shape: Vec<isize> = (0..1 + random.below(4)).map(|_| random.pick(&[0, 1, 2, 3])).collect();
            let at = random.below(shape.len());
            shape[at] = 0;
            let mut case = Case::new("struct", ["i", "i"], &shape, vec![]);
            case.limit = random.below(12).cast_signed() - 1;
            case
        })
        .collect();
    check(&cases);
}

#[test]
fn hex_is_pythons_for_every_separator() {
    let mut random = Random(16);
    let cases: Vec<(Vec<u8>, c_int, isize)> = (0..6000)
        .map(|_| {
            let length = random.pick(&[0, 1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 64, 100, 257, 1000]) + random.below(3);
            let group = match random.below(8) {
                0 => random.pick(&[0, length.cast_signed(), -length.cast_signed(), 0x7fff_ffff, -0x7fff_ffff]),
                1..3 => random.below(300).cast_signed() - 150,
                _ => random.below(40).cast_signed() - 20,
            };
            let separator = if random.chance(15) { -1 } else { 33 + random.below(94) as c_int };
            (random.bytes(length), separator, group)
        })
        .collect();
    let questions =
        cases.iter().map(|(bytes, separator, group)| format!("hex {} {separator} {group}", hex(bytes))).collect();
    let Some(answers) = ask(questions) else { return };
    for ((bytes, separator, group), answer) in cases.iter().zip(&answers) {
        let hexed = |view| {
            // SAFETY: a memoryview.
            Object::new(unsafe { pybuffer_memoryview_hex(view, *separator, *group) }).text()
        };
        let len = bytes.len().cast_signed();
        assert_eq!(with_view(c"B", &[len], bytes, 0, 1, hexed), *answer, "{bytes:?} {separator} {group}");
        // With gaps, and from the end.
        let spread: Vec<u8> = bytes.iter().flat_map(|&byte| [byte, 1, 2]).collect();
        assert_eq!(with_view(c"B", &[len], &spread, 0, 3, hexed), *answer, "{bytes:?} {separator} {group}");
        let reversed: Vec<u8> = bytes.iter().rev().copied().collect();
        let start = bytes.len().saturating_sub(1);
        assert_eq!(with_view(c"B", &[len], &reversed, start, -1, hexed), *answer, "{bytes:?} {separator} {group}");
    }
}

#[test]
fn at_every_level() {
    levels::run_at_every_level(module_path!());
}
