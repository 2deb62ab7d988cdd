//! Formats compared with CPython 3.13: sizes with `struct.calcsize`, equality of items with `struct.unpack_from` and
//! with the `==` of memoryviews. The cases are random, from fixed seeds; one interpreter answers all cases of a test.

use std::collections::HashMap;
use std::ffi::{CStr, CString};

use pybuffer::format::{
    Comparer, CompiledFormat, Op, Reading, compile_as, count_ops_as, is_of_struct, native_code, size,
};

use crate::common::random::Random;
use crate::support::interpreter::{self, hex};

/// Answers a line for each line of input.
///
/// `size FORMAT`: the size, or `error`.
/// `native FORMAT`: whether `memoryview.cast` takes it, `yes` or `no`.
/// `equal FORMAT ITEM FORMAT ITEM`: the answer of `struct`, then that of memoryviews: `yes`, `no`, `error` (`struct.error`
/// is raised), or `unasked`. Two views of one native format compare without `struct`, and would read past a short item.
const ORACLE: &str = r#"
import ctypes, struct, sys

class Py_buffer(ctypes.Structure):
    _fields_ = [("buf", ctypes.c_void_p), ("obj", ctypes.c_void_p), ("len", ctypes.c_ssize_t),
                ("itemsize", ctypes.c_ssize_t), ("readonly", ctypes.c_int), ("ndim", ctypes.c_int),
                ("format", ctypes.c_char_p), ("shape", ctypes.c_void_p), ("strides", ctypes.c_void_p),
                ("suboffsets", ctypes.c_void_p), ("internal", ctypes.c_void_p)]

from_buffer = ctypes.pythonapi.PyMemoryView_FromBuffer
from_buffer.restype = ctypes.py_object
from_buffer.argtypes = [ctypes.POINTER(Py_buffer)]

def view(format, item):
    memory = ctypes.create_string_buffer(item, len(item) + 1)
    info = Py_buffer(ctypes.addressof(memory), None, len(item), len(item), 1, 0, format, None, None, None, None)
    return from_buffer(ctypes.byref(info)), info, memory

def unpack(format, item):
    values = struct.unpack_from(format, item)
    return values[0] if len(values) == 1 else values

def answer(function):
    try:
        return "yes" if function() else "no"
    except struct.error:
        return "error"

def size(format):
    try:
        return str(struct.calcsize(format))
    except struct.error:
        return "error"

def native(format):
    try:
        memoryview(bytes(8)).cast(format.decode("latin-1"))
        return "yes"
    except ValueError:
        return "no"

def equal(a, a_item, b, b_item):
    by_struct = answer(lambda: unpack(a, a_item) == unpack(b, b_item))
    native = a.lstrip(b"@") == b.lstrip(b"@") and len(a.lstrip(b"@")) == 1
    if native and (by_struct == "error" or b"?" in a):
        return by_struct + " unasked"
    (a_view, *a_memory), (b_view, *b_memory) = view(a, a_item), view(b, b_item)
    return by_struct + " " + answer(lambda: a_view == b_view)

for line in sys.stdin:
    function, *arguments = line.rstrip("\n").split(" ")
    print({"size": size, "equal": equal, "native": native}[function](*map(bytes.fromhex, arguments)))
"#;

/// The oracle's answers; `None` if there is no CPython.
fn ask(questions: Vec<String>) -> Option<Vec<String>> {
    interpreter::ask(ORACLE, questions)
}

/// Whether two items are equal, and whether both are as large as their formats; `None` where the struct module does not know
/// one of these.
fn compare(a: &CStr, a_item: &[u8], b: &CStr, b_item: &[u8]) -> Option<(bool, bool)> {
    let compiled = |format: &CStr| {
        let counts = count_ops_as(Reading::STRUCT, format).ok().filter(|_| is_of_struct(format))?;
        let mut ops = vec![Op::default(); counts.ops];
        assert_eq!(compile_as(Reading::STRUCT, format, &mut ops), Ok(counts));
        Some((ops, counts))
    };
    let ((a_ops, a_counts), (b_ops, b_counts)) = (compiled(a)?, compiled(b)?);
    let comparer = Comparer::new(CompiledFormat::new(&a_ops, a_counts), CompiledFormat::new(&b_ops, b_counts));
    let (equal, fits) = (comparer.equal(a_item, b_item), comparer.fits(a_item.len(), b_item.len()));
    assert!(comparer.by_values().is_none_or(|mut walker| !fits || walker.equal(a_item, b_item) == equal));
    Some((equal, fits))
}

fn c_string(text: &[u8]) -> CString {
    CString::new(text).expect("no format here has a NUL")
}

mod sizes {
    use super::*;

    const CODES: &[u8] = b"xcbB?hHiIlLqQnNefdspP";
    const SPACES: &[u8] = b" \t\n\x0b\x0c\r";
    const COUNTS: &[&str] = &[
        "0",
        "1",
        "00",
        "007",
        "2147483647",
        "4294967296",
        "1152921504606846975",
        "1152921504606846976",
        "2305843009213693951",
        "4611686018427387903",
        "4611686018427387904",
        "9223372036854775800",
        "9223372036854775806",
        "9223372036854775807",
        "9223372036854775808",
        "9223372036854775810",
        "18446744073709551615",
        "18446744073709551616",
        "18446744073709551617",
        "99999999999999999999999999",
    ];

    /// Mostly codes, sometimes with anything that makes a format invalid.
    fn random_format(random: &mut Random) -> Vec<u8> {
        let mut text = vec![];
        if random.chance(60) {
            text.push(random.pick(b"@=<>!"));
        }
        for _ in 0..random.below(7) {
            while random.chance(15) {
                text.push(random.pick(SPACES));
            }
            match random.below(100) {
                0..25 => text.extend(random.below(40).to_string().bytes()),
                25..33 => text.extend(random.pick(COUNTS).bytes()),
                _ => (),
            }
            match random.below(200) {
                0..4 => text.push(random.pick(SPACES)),
                4..6 => text.push(random.pick(b"@=<>!")),
                6..9 => text.push(random.below(255) as u8 + 1),
                9 => text.extend(
                    random.pick(&["T{i}", "(2,3)i", "Zd", "O", "i:x:", "é", "-1i", "+1i", "w", "X{}", "&i"]).bytes(),
                ),
                10..12 => (),
                12..60 => text.push(random.pick(b"bihq")),
                _ => text.push(random.pick(CODES)),
            }
        }
        if random.chance(10) {
            text.push(random.pick(SPACES));
        }
        text
    }

    /// Whether the format has something in it that PEP 3118 adds, or that ctypes writes (`<P`), and the struct module refuses.
    fn is_addition(format: &[u8]) -> bool {
        let (first, rest) = format.split_first().unwrap_or((&0, &[]));
        format.iter().any(|byte| b"^&tguwOzZFDGXT:(){},".contains(byte))
            || rest.iter().any(|byte| b"@=<>!".contains(byte))
            || (b"=<>!".contains(first) && rest.contains(&b'P'))
    }

    #[test]
    fn size_is_what_calcsize_says() {
        let mut random = Random(1);
        let mut formats: Vec<Vec<u8>> = (1..=255).map(|byte| vec![byte]).collect();
        for prefix in *b"@=<>! 2" {
            formats.extend((1..=255).map(|byte| vec![prefix, byte]));
        }
        formats.extend((0..40_000).map(|_| random_format(&mut random)));

        let Some(answers) = ask(formats.iter().map(|format| format!("size {}", hex(format))).collect()) else { return };
        let (mut valid, mut additions) = (0, 0);
        for (format, answer) in formats.iter().zip(&answers) {
            if answer == "error" && is_addition(format) {
                additions += 1;
                continue;
            }
            let ours = size(&c_string(format)).map_or("error".into(), |size| size.to_string());
            assert_eq!(&ours, answer, "size of {:?}", format.escape_ascii().to_string());
            valid += usize::from(answer != "error");
        }
        println!("{} formats, {valid} of them valid, {additions} that only PEP 3118 knows", formats.len());
        assert!((formats.len() / 4..formats.len() * 3 / 4).contains(&valid), "the cases are one-sided: {valid} valid");
    }
}

mod equality {
    use super::*;

    /// A Python value that a test packs in several ways.
    #[derive(Clone, Copy, Debug)]
    enum Sample {
        Integer(i128),
        Float(f64),
        Bytes([u8; 3], usize),
    }

    /// The bytes of samples, written independently of the library.
    struct Packer {
        /// The bits of the half for each double that is one, by the double's bits.
        halves: HashMap<u64, u16>,
    }

    impl Packer {
        fn new() -> Self {
            Self { halves: (0..=u16::MAX).map(|bits| (half(bits).to_bits(), bits)).collect() }
        }

        /// Big-endian bytes of the sample as this code of this size; `None` if the code cannot hold it exactly.
        fn pack(&self, sample: Sample, code: u8, size: usize) -> Option<Vec<u8>> {
            match (code, sample) {
                (b'c', Sample::Bytes(bytes, 1)) => Some(vec![bytes[0]]),
                (b's', Sample::Bytes(bytes, length)) => Some(bytes[..length].to_vec()),
                (b'p', Sample::Bytes(bytes, length)) => {
                    Some([length as u8].into_iter().chain(bytes[..length].iter().copied()).collect())
                }
                (b'e' | b'f' | b'd', Sample::Integer(integer)) => {
                    let float = integer as f64;
                    if float as i128 == integer { self.pack(Sample::Float(float), code, size) } else { None }
                }
                (b'e', Sample::Float(float)) => Some(self.halves.get(&float.to_bits())?.to_be_bytes().to_vec()),
                (b'f', Sample::Float(float)) => {
                    let single = float as f32;
                    (f64::from(single) == float || float.is_nan()).then(|| single.to_be_bytes().to_vec())
                }
                (b'd', Sample::Float(float)) => Some(float.to_be_bytes().to_vec()),
                (_, Sample::Float(float)) => {
                    let integer = float as i128;
                    if integer as f64 == float { self.pack(Sample::Integer(integer), code, size) } else { None }
                }
                (b'?', Sample::Integer(0)) => Some(vec![0]),
                (b'?', Sample::Integer(1)) => Some(vec![1]),
                (b'b' | b'h' | b'i' | b'l' | b'q' | b'n', Sample::Integer(integer)) => {
                    let half_range = 1_i128 << (8 * size - 1);
                    (-half_range..half_range).contains(&integer).then(|| integer.to_be_bytes()[16 - size..].to_vec())
                }
                (b'B' | b'H' | b'I' | b'L' | b'Q' | b'N' | b'P', Sample::Integer(integer)) => {
                    (0..1_i128 << (8 * size)).contains(&integer).then(|| integer.to_be_bytes()[16 - size..].to_vec())
                }
                _ => None,
            }
        }
    }

    fn half(bits: u16) -> f64 {
        let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
        let fraction = f64::from(bits & 0x3ff) / 1024.0;
        match i32::from(bits >> 10 & 0x1f) {
            0 => sign * fraction * 2_f64.powi(-14),
            31 if fraction == 0.0 => sign * f64::INFINITY,
            31 => f64::NAN,
            exponent => sign * (1.0 + fraction) * 2_f64.powi(exponent - 15),
        }
    }

    /// Size and alignment.
    fn dimensions(code: u8, native: bool) -> Option<(usize, usize)> {
        fn of<T>() -> (usize, usize) {
            (size_of::<T>(), align_of::<T>())
        }
        Some(match code {
            b'b' | b'B' | b'c' | b'?' | b's' | b'p' => (1, 1),
            b'h' | b'H' | b'e' => of::<i16>(),
            b'i' | b'I' | b'f' => of::<i32>(),
            b'l' | b'L' if native => of::<std::ffi::c_long>(),
            b'l' | b'L' => of::<i32>(),
            b'q' | b'Q' => of::<i64>(),
            b'd' => of::<f64>(),
            b'n' | b'N' | b'P' if native => of::<usize>(),
            _ => return None,
        })
    }

    fn random_sample(random: &mut Random) -> Sample {
        let near = |random: &mut Random, middle: i128| Sample::Integer(middle + random.below(5) as i128 - 2);
        match random.below(12) {
            0 => near(random, 0),
            1 => {
                let exponent = random.pick(&[7, 8, 11, 15, 16, 24, 31, 32, 53, 54, 62, 63, 64]);
                let power = 1_i128 << exponent;
                let power = if random.chance(30) { -power } else { power };
                near(random, power)
            }
            2 => near(random, 1 << 53),
            3 => {
                // Few bits that lie far apart, so that some sums fit a double and some just do not.
                let sum = (1 << random.below(64)) + (1 << random.below(64));
                near(random, sum)
            }
            4 => Sample::Integer(random.next() as i64 as i128),
            5 => Sample::Integer(random.below(300) as i128),
            6 => Sample::Float(half(random.next() as u16)),
            7 => Sample::Float(half(random.below(0x800) as u16)),
            8 => {
                let special =
                    [0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, 5e-324, 0.5, 1e300];
                Sample::Float(random.pick(&special))
            }
            9 => {
                let power = 2_f64.powi(random.pick(&[-1, 0, 24, 52, 53, 62, 63, 64, 65, 127]));
                let neighbours =
                    [power, power.next_up(), power.next_down(), -power, -power.next_up(), -power.next_down()];
                Sample::Float(random.pick(&neighbours))
            }
            10 => Sample::Float(f64::from(f32::from_bits(random.next() as u32))),
            _ => {
                let length = random.below(4);
                Sample::Bytes(std::array::from_fn(|_| random.pick(b"ab\0\x01\xff")), length)
            }
        }
    }

    /// A format and an item that hold these values, with pads, counts, spaces and garbage between them.
    fn pack_all(packer: &Packer, random: &mut Random, samples: &[Sample]) -> (Vec<u8>, Vec<u8>) {
        let prefix = random.pick(&["", "", "@", "=", "<", ">", "!"]);
        let native = matches!(prefix, "" | "@");
        let little = prefix == "<" || (prefix != ">" && prefix != "!" && cfg!(target_endian = "little"));
        let mut format = prefix.as_bytes().to_vec();
        let mut item = vec![];
        // The code of the last run, how many elements it has and where its text starts; `None` if it cannot grow.
        let mut run: Option<(u8, usize, usize)> = None;
        for &sample in samples {
            if random.chance(10) {
                format.push(random.pick(b" \t\n\x0b"));
                run = None;
            }
            if random.chance(12) {
                let pads = random.below(4);
                format.extend(format!("{pads}x").bytes());
                item.extend(random.bytes(pads));
                run = None;
            }
            let (code, align, mut bytes) = loop {
                let mut code = random.pick(b"cbB?hHiIlLqQnNPefddspbBq");
                if random.chance(30) {
                    code = run.map_or(code, |(same, ..)| same);
                }
                if let Some((size, align)) = dimensions(code, native)
                    && let Some(bytes) = packer.pack(sample, code, size)
                {
                    break (code, align, bytes);
                }
                // Nothing holds 2**64 + 1 or a signalling half: any bytes will do.
                if random.chance(2) {
                    break (b'B', 1, random.bytes(1));
                }
            };
            if native {
                let gap = item.len().next_multiple_of(align) - item.len();
                item.extend(random.bytes(gap));
            }
            match (code, run) {
                (b's', _) => {
                    format.extend(format!("{}s", bytes.len()).bytes());
                    run = None;
                }
                (b'p', _) => {
                    let room = random.below(3);
                    bytes.extend(random.bytes(room));
                    format.extend(format!("{}p", bytes.len()).bytes());
                    run = None;
                }
                (_, Some((same, count, start))) if same == code && random.chance(70) => {
                    format.truncate(start);
                    format.extend(format!("{}{}", count + 1, char::from(code)).bytes());
                    run = Some((code, count + 1, start));
                }
                _ => {
                    run = Some((code, 1, format.len()));
                    format.push(code);
                }
            }
            if little && !matches!(code, b's' | b'p') {
                bytes.reverse();
            }
            item.extend(bytes);
        }
        if random.chance(10) {
            let pads = random.below(3);
            format.extend(format!(" {pads}x").bytes());
            item.extend(random.bytes(pads));
        }
        (format, item)
    }

    /// Spoils a packed item a little.
    fn disturb(random: &mut Random, format: &mut Vec<u8>, item: &mut Vec<u8>) {
        match random.below(40) {
            0 => format.push(random.pick(b"z1:{@\xe9")),
            1 => item.truncate(random.below(item.len() + 1)),
            2 => {
                let count = random.below(9);
                item.extend(random.bytes(count));
            }
            3 => format.extend(b"0d"),
            4 => format.extend(b"0s"),
            5 => format.extend(b"0p"),
            6 => {
                if let Some(byte) = item.first_mut() {
                    *byte = random.next() as u8;
                }
            }
            _ => (),
        }
    }

    #[test]
    fn items_are_equal_where_memoryviews_are() {
        let packer = Packer::new();
        let mut random = Random(2);
        let mut cases = vec![];
        for _ in 0..60_000 {
            let count = random.pick(&[0, 1, 1, 1, 1, 1, 1, 2, 2, 3, 5, 14]);
            let samples: Vec<_> = (0..count).map(|_| random_sample(&mut random)).collect();
            let mut others = samples.clone();
            if random.chance(25)
                && let Some(last) = others.last_mut()
            {
                *last = match *last {
                    Sample::Integer(integer) => Sample::Integer(integer + random.pick(&[-1, 1, 256, 1 << 64])),
                    // The integer's double that is off by rounding, and the other way round.
                    Sample::Float(float) if random.chance(50) => Sample::Integer(float as i64 as i128),
                    _ => random_sample(&mut random),
                };
            } else if random.chance(15)
                && let Some(Sample::Integer(integer)) = others.last().copied()
            {
                others.pop();
                others.push(Sample::Float(integer as f64));
            }
            let (mut a, mut a_item) = pack_all(&packer, &mut random, &samples);
            let (mut b, mut b_item) = pack_all(&packer, &mut random, &others);
            disturb(&mut random, &mut a, &mut a_item);
            disturb(&mut random, &mut b, &mut b_item);
            cases.push((a, a_item, b, b_item));
        }

        let questions = cases
            .iter()
            .map(|(a, a_item, b, b_item)| format!("equal {} {} {} {}", hex(a), hex(a_item), hex(b), hex(b_item)))
            .collect();
        let Some(answers) = ask(questions) else { return };
        let mut counts = HashMap::new();
        for ((a, a_item, b, b_item), answer) in cases.iter().zip(&answers) {
            let (a_format, b_format) = (c_string(a), c_string(b));
            let answers = compare(&a_format, a_item, &b_format, b_item);
            let ours = answers.is_some_and(|(equal, _)| equal);
            let (by_struct, by_views) = answer.split_once(' ').expect("two answers");
            let case = format!("{a_format:?} {a_item:?} == {b_format:?} {b_item:?}: Python says {answer}");
            assert_eq!(ours, by_struct == "yes", "{case}");
            // A view of an invalid format is unequal, one of an item too small raises.
            let raises = answers.is_some_and(|(_, fits)| !fits);
            match by_views {
                "unasked" => (),
                "error" => assert!(raises, "{case}"),
                _ => assert_eq!((ours, raises), (by_views == "yes", false), "{case}"),
            }
            *counts.entry(answer.as_str()).or_insert(0) += 1;
        }
        println!("{counts:?}");
        for answer in ["yes yes", "no no", "error error", "error no"] {
            assert!(counts.get(answer).is_some_and(|&count| count >= 100), "too few cases of {answer}: {counts:?}");
        }
    }
}

/// `memoryview.cast` takes exactly the native formats of one element.
#[test]
fn native_codes_are_the_formats_that_cast_takes() {
    let mut formats: Vec<Vec<u8>> = vec![vec![], b"@@B".to_vec(), b"@BB".to_vec(), b"@1B".to_vec()];
    for last in 1..=255 {
        formats.push(vec![last]);
        formats.extend(b"@=<>!1 B".map(|first| vec![first, last]));
    }
    let Some(answers) = ask(formats.iter().map(|format| format!("native {}", hex(format))).collect()) else { return };
    for (format, answer) in formats.iter().zip(&answers) {
        let ours = native_code(Some(&c_string(format)));
        assert_eq!(ours.is_some(), answer == "yes", "{:?}", format.escape_ascii().to_string());
        assert!(ours.is_none_or(|code| format.last() == Some(&code)));
    }
}
