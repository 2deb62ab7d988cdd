//! `pybuffer_memoryview_equal`, and the comparer behind it, against comparing unpacked values one by one: random formats in
//! two spellings, with records, sub-arrays, complex numbers, text and bits in them, and items that are equal or nearly so.

use std::collections::HashMap;
use std::ffi::c_int;

use pybuffer::abi::buffer::Py_buffer;
use pybuffer::abi::object::PyObject;
use pybuffer::format::{Comparer, Value, is_of_struct};

use crate::common::capi::{Py_DecRef, PyMemoryView_FromBuffer, PyObject_RichCompareBool, pybuffer_memoryview_equal};
use crate::common::levels;
use crate::common::model::enough;
use crate::common::random::Random;
use crate::support::compiled::Compiled;

/// `PyObject_RichCompareBool`'s operator.
const EQ: c_int = 2;

/// A format, independent of its spelling.
#[derive(Clone, Debug)]
enum Node {
    /// Codes that take the same values, most often; how many of them.
    Number(&'static [&'static str], usize),
    /// A code with its length.
    Text(&'static [&'static str], usize),
    Record(Vec<Node>, usize),
}

const INTEGERS: &[&str] = &["b", "h", "H", "i", "I", "q", "Q", "l", "f", "d", "g", "B"];
const FLOATS: &[&str] = &["e", "f", "d", "g", "Ze", "Zf", "Zd", "F", "D"];
const COMPLEX: &[&str] = &["Ze", "Zf", "Zd", "Zg", "F", "D", "G"];
const BOOLS: &[&str] = &["?", "?", "?", "B", "i", "d"];
const CHARS: &[&str] = &["c", "1s", "2p", "c"];
const ADDRESSES: &[&str] = &["P", "&i", "O", "X{}", "z"];
const BYTES: &[&str] = &["s"];
const UNITS: &[&str] = &["u", "w"];
const BITS: &[&str] = &["t"];

fn random_node(random: &mut Random, depth: usize) -> Node {
    let count = random.pick(&[1, 1, 1, 1, 2, 3, 6]);
    match random.below(if depth == 0 { 17 } else { 24 }) {
        0..5 => Node::Number(INTEGERS, count),
        5..8 => Node::Number(FLOATS, count),
        8 => Node::Number(COMPLEX, count),
        9..11 => Node::Number(BOOLS, count),
        11 => Node::Number(CHARS, count),
        12 => Node::Number(ADDRESSES, count),
        13 => Node::Text(BYTES, random.below(5)),
        14..16 => Node::Text(UNITS, 1 + random.below(4)),
        16 => Node::Text(BITS, 1 + random.below(12)),
        _ => Node::Record(random_nodes(random, depth - 1), random.pick(&[1, 1, 2, 3])),
    }
}

fn random_nodes(random: &mut Random, depth: usize) -> Vec<Node> {
    (0..random.pick(&[1, 1, 1, 2, 2, 3, 5])).map(|_| random_node(random, depth)).collect()
}

/// Writes the nodes in one of the ways that there are.
fn spell(random: &mut Random, nodes: &[Node], plain: bool, text: &mut String) {
    for node in nodes {
        if !plain && random.chance(15) {
            *text += random.pick(&["x", "2x", "<", ">", "=", "@", "^"]);
        }
        match node {
            Node::Number(codes, count) => {
                let code = if plain { codes[0] } else { random.pick(codes) };
                // Codes with a length, and those that would combine with the previous one, stand alone.
                let lone = code.starts_with(|first: char| first.is_ascii_digit());
                match random.below(3) {
                    0 if *count > 1 && !lone => *text += &format!("{count}{code}"),
                    1 if *count > 1 => *text += &format!("({count}){code}"),
                    _ => (0..*count).for_each(|_| *text += &format!(" {code}")),
                }
            }
            Node::Text(codes, length) => {
                let code = if plain { codes[0] } else { random.pick(codes) };
                *text += &format!("{length}{code}");
            }
            Node::Record(inner, count) => {
                let unrolled = random.chance(30);
                for _ in 0..if unrolled { *count } else { 1 } {
                    *text += &if unrolled || *count == 1 { "T{".into() } else { format!("{count}T{{") };
                    spell(random, inner, plain, text);
                    *text += "}";
                    *text += random.pick(&["", "", ":name:"]);
                }
            }
        }
    }
}

impl Compiled {
    /// A memoryview of items of this format.
    fn view(&self, items: &[u8], shape: &mut [isize; 1]) -> *mut PyObject {
        let info = Py_buffer {
            buf: items.as_ptr().cast_mut().cast(),
            obj: std::ptr::null_mut(),
            len: items.len().cast_signed(),
            itemsize: self.counts.size.cast_signed(),
            readonly: 1,
            ndim: 1,
            format: self.text.as_ptr().cast_mut(),
            shape: shape.as_mut_ptr(),
            strides: std::ptr::null_mut(),
            suboffsets: std::ptr::null_mut(),
            internal: std::ptr::null_mut(),
        };
        // SAFETY: a consistent view; memory and format outlive it, the shape is copied.
        let view = unsafe { PyMemoryView_FromBuffer(&raw const info) };
        assert!(!view.is_null(), "{:?}", self.text);
        view
    }
}

/// Items of values that are small, so that they fit other formats, and often equal.
fn random_item(random: &mut Random, format: &Compiled) -> Vec<u8> {
    if random.chance(15) {
        return random.bytes(format.counts.size);
    }
    let kinds = random.below(8);
    let texts: [&[u8]; 4] = [b"", b"a", b"ab", b"\0"];
    let template = vec![0; format.counts.size];
    let mut values = format.values(&template);
    for value in &mut values {
        let small = random.below(4) as f64;
        *value = match *value {
            Value::Signed(_) => Value::Signed(small as i64),
            Value::Unsigned(_) => Value::Unsigned(small as u64),
            Value::Bool(_) => Value::Bool(small >= 2.0),
            Value::Float(_) if kinds == 0 => Value::Float(random.pick(&[f64::NAN, -0.0, f64::INFINITY, 0.1])),
            Value::Float(_) => Value::Float(small),
            Value::LongDouble(_) => Value::LongDouble(small.into()),
            Value::Complex(..) if kinds < 3 => Value::Complex(small, random.pick(&[0.0, 1.0, -0.0, f64::NAN])),
            Value::Complex(..) => Value::Complex(small, 0.0),
            Value::CodePoint(_) => Value::CodePoint(small as u32 + 97),
            Value::Address(_) => Value::Address(small as u64),
            Value::Bits(_) => Value::Bits((small as u64).min(1)),
            Value::Bytes(_) => Value::Bytes(random.pick(&texts)),
        };
    }
    // A character takes one byte only.
    let ones: Vec<_> =
        values.iter().map(|value| if let Value::Bytes(_) = value { Value::Bytes(b"a") } else { *value }).collect();
    let mut item = template.clone();
    if format.plan().pack(&mut item, values.iter().copied()).is_err() {
        assert_eq!(format.plan().pack(&mut item, ones.into_iter()), Ok(()), "{:?}", format.text);
    }
    item
}

#[test]
fn items_are_equal_where_their_values_are() {
    let mut random = Random(21);
    let mut counts: HashMap<(&str, bool), usize> = HashMap::new();
    let cases = 100 * enough(400) as usize;
    for _ in 0..cases {
        let nodes = random_nodes(&mut random, 3);
        let same = random.chance(25);
        let texts = [same, same || random.chance(20)].map(|plain| {
            let mut text = String::from(if plain { "=" } else { random.pick(&["", "<", ">", "@", "="]) });
            spell(&mut random, &nodes, plain, &mut text);
            text
        });
        let [a, b] = [Compiled::new(&texts[0]), Compiled::new(&texts[usize::from(!random.chance(10))])];
        let items = 1 + random.below(3);
        let (mut left, mut right) = (vec![], vec![]);
        for _ in 0..items {
            let item = random_item(&mut random, &a);
            let mut other = vec![0; b.counts.size];
            let packed = b.plan().pack(&mut other, a.values(&item).into_iter());
            if packed.is_err() || random.chance(10) {
                other = random_item(&mut random, &b);
            }
            if random.chance(10) && !other.is_empty() {
                let at = random.below(other.len());
                other[at] ^= random.pick(&[1, 0x80, 0xff]);
            }
            left.extend(item);
            right.extend(other);
        }
        let comparer = Comparer::new(a.plan(), b.plan());
        let mut walker = comparer.by_values();
        let mut all = true;
        for index in 0..items {
            let of = |items: &[u8], size: usize| items[index * size..][..size].to_vec();
            let (x, y) = (of(&left, a.counts.size), of(&right, b.counts.size));
            let (x_values, y_values) = (a.values(&x), b.values(&y));
            let expected = x_values.len() == y_values.len() && x_values.iter().zip(&y_values).all(|(x, y)| x == y);
            let case = format!("{:?} {x_values:?} == {:?} {y_values:?}", a.text, b.text);
            assert_eq!(comparer.equal(&x, &y), expected, "{case}");
            assert!(walker.as_mut().is_none_or(|walker| walker.equal(&x, &y) == expected), "{case}");
            all &= expected;
        }
        let way = match (&walker, comparer.bytewise(), a.counts.values == b.counts.values) {
            (Some(_), ..) => "values",
            (_, Some(_), _) => "bytes",
            (.., true) => "steps",
            _ => "never",
        };
        *counts.entry((way, all)).or_default() += 1;

        let (mut a_shape, mut b_shape) = ([items.cast_signed()], [items.cast_signed()]);
        let (a_view, b_view) = (a.view(&left, &mut a_shape), b.view(&right, &mut b_shape));
        let known = is_of_struct(&a.text) && is_of_struct(&b.text);
        // SAFETY: two memoryviews, whose references are ours.
        unsafe {
            let case = || format!("{:?} {left:?} == {:?} {right:?}", a.text, b.text);
            assert_eq!(pybuffer_memoryview_equal(a_view, b_view), c_int::from(all), "{}", case());
            let answer = PyObject_RichCompareBool(a_view, b_view, EQ);
            assert_eq!(answer, c_int::from(all && known), "{}", case());
            Py_DecRef(a_view);
            Py_DecRef(b_view);
        }
    }
    println!("{counts:?}");
    for way in ["values", "bytes", "steps"] {
        for equal in [true, false] {
            let count = counts.get(&(way, equal)).copied().unwrap_or(0);
            assert!(count >= cases / 40, "too few cases of {way} {equal}: {counts:?}");
        }
    }
}

/// Rows of numbers of two types are compared many at a time: all pairs of types, in both byte orders, with gaps and
/// without, with one number anywhere that is another one, or hard to tell from it.
#[test]
fn rows_of_numbers_are_equal_where_all_numbers_are() {
    const CODES: &[&str] = &["?", "b", "B", "h", "H", "i", "I", "q", "Q", "e", "f", "d"];
    const TWO_53: f64 = 9_007_199_254_740_992.0;
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    // Each with a number that it could be mistaken for.
    let pairs = [
        (Value::Signed(-1), Value::Unsigned(u64::MAX)),
        (Value::Signed(i64::MIN), Value::Unsigned(1 << 63)),
        (Value::Signed(i64::MIN), Value::Float(-TWO_63)),
        (Value::Signed(i64::MAX), Value::Float(TWO_63)),
        (Value::Signed((1 << 53) + 1), Value::Float(TWO_53)),
        (Value::Unsigned((1 << 53) + 1), Value::Float(TWO_53)),
        (Value::Unsigned(u64::MAX), Value::Float(2.0 * TWO_63)),
        (Value::Unsigned(1 << 63), Value::Float(TWO_63)),
        (Value::Float(f64::NAN), Value::Float(f64::NAN)),
        (Value::Float(-0.0), Value::Unsigned(0)),
        (Value::Float(0.5), Value::Unsigned(0)),
        (Value::Signed(-1), Value::Float(-1.0)),
    ];
    let mut random = Random(22);
    let mut answers = [0; 2];
    let times = enough(40) as usize;
    for case in 0..CODES.len() * CODES.len() * times {
        let code = |at: usize| CODES[at % CODES.len()];
        let [a, b] = [code(case), code(case / CODES.len())].map(|code| {
            let padding = random.pick(&["", "", "x", "4x"]);
            Compiled::new(&format!("{}{code}{padding}", random.pick(&["<", ">"])))
        });
        let items = random.pick(&[1, 2, 63, 64, 255, 256, 257, 511, 512, 513, 1400]);
        let place = random.below(items);
        let (first, second) = random.pick(&pairs);
        let (first, second) = if random.chance(50) { (first, second) } else { (second, first) };
        let second = if random.chance(30) { first } else { second };
        let row = |format: &Compiled, special: Value<'_>| {
            let mut row = vec![0; items * format.counts.size];
            for (at, item) in row.chunks_mut(format.counts.size).enumerate() {
                let small = Value::Unsigned((at % 2) as u64);
                if at != place || format.plan().pack(item, [special].into_iter()).is_err() {
                    let truth = Value::Bool(at % 2 == 1);
                    let packed = format.plan().pack(item, [small].into_iter());
                    let float = Value::Float((at % 2) as f64);
                    packed
                        .or_else(|_| format.plan().pack(item, [truth].into_iter()))
                        .or_else(|_| format.plan().pack(item, [float].into_iter()))
                        .expect("every type has 0 and 1");
                }
            }
            row
        };
        let (x, y) = (row(&a, first), row(&b, second));
        let comparer = Comparer::new(a.plan(), b.plan());
        let expected = x.chunks(a.counts.size).zip(y.chunks(b.counts.size)).all(|(x, y)| comparer.equal(x, y));
        let views = [a.view(&x, &mut [items.cast_signed()]), b.view(&y, &mut [items.cast_signed()])];
        // SAFETY: two memoryviews, which this test owns.
        unsafe {
            let equal = pybuffer_memoryview_equal(views[0], views[1]);
            assert_eq!(equal, expected.into(), "{:?} {:?} {items} {place} {first:?} {second:?}", a.text, b.text);
            views.into_iter().for_each(|view| Py_DecRef(view));
        }
        answers[usize::from(expected)] += 1;
    }
    assert!(answers.iter().all(|&count| count > 5 * times), "{answers:?}");
}

#[test]
fn at_every_level() {
    levels::run_at_every_level(module_path!());
}
