//! Formats that NumPy and ctypes emit, compared with the types that they were made from: size, names, offsets, kinds, byte
//! orders and shapes of all items, and the values of an item, unpacked and packed again. And the canonical spelling: that
//! it is equivalent to what it was made from, and that NumPy's own parser finds the same in both.
//!
//! `dtype_oracle.py` makes the types, from fixed seeds, and describes them; where what they emit is not what PEP 3118 says,
//! it names one of [`KNOWN`].

use std::collections::BTreeMap;
use std::ffi::CString;

use pybuffer::abi::format as abi;
use pybuffer::abi::format::{pybuffer_item, pybuffer_value};
use pybuffer::format::LongDouble;

use crate::common::cpython;
use crate::common::format::{self, Format};
use crate::common::numpy;
use crate::common::script::{run, unhex};

const SCRIPT: &str = "oracle/dtype_oracle.py";

/// Where the emitter's format is not a description of its type: what is compared then, and why it is so.
const KNOWN: &[(&str, &str)] = &[
    (
        "numpy-tail",
        "NumPy does not write the padding at the end of a record; it emits '@' where fields happen to be aligned in the \
         array, though '@' pads records at the end. So a record may be longer or shorter than its format. Compared with \
         what NumPy's own parser makes of the format",
    ),
    ("ctypes-union", "'B' for a union of any size"),
    ("ctypes-bits", "each bit field is emitted as a whole integer of its type, also those that share one"),
    ("ctypes-base", "a derived structure is emitted without the fields of its base"),
    ("ctypes-opaque", "'B' for what is behind a pointer to a structure without fields so far"),
];

const KINDS: &[(&str, i32)] = &[
    ("pad", abi::PYBUFFER_KIND_PAD),
    ("char", abi::PYBUFFER_KIND_CHAR),
    ("signed", abi::PYBUFFER_KIND_SIGNED),
    ("unsigned", abi::PYBUFFER_KIND_UNSIGNED),
    ("bool", abi::PYBUFFER_KIND_BOOL),
    ("float", abi::PYBUFFER_KIND_FLOAT),
    ("bytes", abi::PYBUFFER_KIND_BYTES),
    ("complex", abi::PYBUFFER_KIND_COMPLEX),
    ("text", abi::PYBUFFER_KIND_TEXT),
    ("pointer", abi::PYBUFFER_KIND_POINTER),
    ("object", abi::PYBUFFER_KIND_OBJECT),
    ("function", abi::PYBUFFER_KIND_FUNCTION),
    ("record", abi::PYBUFFER_KIND_RECORD),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

/// An item as the script prints it, or as this library has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    depth: usize,
    name: Option<Vec<u8>>,
    kind: &'static str,
    order: char,
    offset: isize,
    itemsize: isize,
    length: isize,
    shape: Vec<isize>,
}

impl Item {
    fn told(words: &[&str]) -> Self {
        let &[depth, name, kind, order, offset, itemsize, length, shape] = words else { panic!("{words:?}") };
        let (kind, _) = KINDS.iter().find(|&&(known, _)| known == kind).expect("a kind");
        Self {
            depth: number(depth),
            name: (name != "-").then(|| unhex(name)),
            kind,
            order: number(order),
            offset: number(offset),
            itemsize: number(itemsize),
            length: number(length),
            shape: if shape == "-" { vec![] } else { shape.split(',').map(number).collect() },
        }
    }

    fn ours(item: &pybuffer_item, depth: usize) -> Self {
        let (kind, _) = KINDS.iter().find(|&&(_, number)| number == item.kind).expect("a kind");
        Self {
            depth,
            name: format::name(item).map(|name| name.to_bytes().to_vec()),
            kind,
            order: char::from(item.byteorder as u8),
            offset: item.offset,
            itemsize: item.itemsize,
            length: item.length,
            shape: format::shape(item).to_vec(),
        }
    }
}

/// All items, in preorder, with what must hold for each by itself.
fn walk(item: &pybuffer_item, depth: usize, items: &mut Vec<Item>) {
    items.push(Item::ours(item, depth));
    assert_eq!(item.elements, format::shape(item).iter().product::<isize>());
    assert_eq!(item.nfields, format::fields(item).count().cast_signed());
    for field in format::fields(item) {
        walk(field, depth + 1, items);
    }
}

/// A type, and its description by the script.
struct Case<'a> {
    tags: Vec<&'a str>,
    text: CString,
    size: usize,
    real_size: usize,
    items: Vec<Item>,
    /// Bytes of an item, and the bits in them that belong to values.
    data: Option<(Vec<u8>, Vec<u8>)>,
    values: Vec<&'a str>,
}

fn cases(output: &str) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = vec![];
    for line in output.lines() {
        let words: Vec<_> = line.split(' ').collect();
        match (words[0], cases.last_mut()) {
            ("case", _) => cases.push(Case {
                tags: words[1].split(',').filter(|&tag| tag != "-").collect(),
                text: CString::new(unhex(words[2])).expect("no format has a NUL"),
                size: number(words[3]),
                real_size: number(words[4]),
                items: vec![],
                data: None,
                values: vec![],
            }),
            ("item", Some(case)) => case.items.push(Item::told(&words[1..])),
            ("data", Some(case)) => case.data = Some((unhex(words[1]), unhex(words[2]))),
            ("values", Some(case)) => case.values = words[1..].to_vec(),
            _ => panic!("{line}"),
        }
    }
    cases
}

impl Case<'_> {
    /// The description: size and all items.
    fn check_items(&self) -> Format {
        let text = &self.text;
        // Where the format is wrong, its items may be larger than the real ones.
        let itemsize = self.real_size.max(self.size);
        let format = Format::parse_sized(text, itemsize).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(format.itemsize(), self.size, "{text:?} {:?}", self.tags);
        assert_eq!(format.text(), text.as_c_str());
        assert!(format.alignment().is_power_of_two());
        let mut items = vec![];
        walk(format.root(), 0, &mut items);
        assert_eq!(items.len(), self.items.len(), "{text:?} {:?}", self.tags);
        for (ours, told) in items.iter().zip(&self.items) {
            let mut ours = ours.clone();
            if told.order == '|' {
                ours.order = '|';
            }
            assert_eq!(&ours, told, "{text:?} {:?}", self.tags);
        }
        if self.tags.is_empty() {
            assert_eq!(self.size, self.real_size, "{text:?}");
        }
        format
    }

    /// The values, from the item and back into it.
    fn check_values(&self, format: &Format) {
        let Some((data, mask)) = &self.data else { return };
        let text = &self.text;
        // At an odd address.
        let mut memory = vec![0; data.len() + 1];
        memory[1..].copy_from_slice(data);
        let values = format.unpack(&memory[1..]).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let shown: Vec<_> = values.iter().map(show).collect();
        assert_eq!(shown, self.values, "{text:?} {data:02x?}");
        assert_eq!(values.len(), self.values.len(), "{text:?}");

        let mut packed = vec![0x5a; data.len() + 1];
        format.pack(&mut packed[1..], &values).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        for (at, (&written, (&bits, &mask))) in packed[1..].iter().zip(data.iter().zip(mask)).enumerate() {
            assert_eq!(written & mask, bits & mask, "{text:?} {data:02x?} at {at}: {packed:02x?}");
        }
    }
}

/// A double as the script shows it: NaNs are one.
fn double(value: f64) -> String {
    if value.is_nan() { "nan".into() } else { format!("{:016x}", value.to_bits()) }
}

/// The value as the script prints it.
fn show(value: &pybuffer_value) -> String {
    let (i, u, [real, imag]) = format::number(value);
    match value.kind {
        abi::PYBUFFER_KIND_SIGNED => format!("i:{i}"),
        abi::PYBUFFER_KIND_BOOL => format!("b:{u}"),
        abi::PYBUFFER_KIND_UNSIGNED
        | abi::PYBUFFER_KIND_TEXT
        | abi::PYBUFFER_KIND_POINTER
        | abi::PYBUFFER_KIND_OBJECT
        | abi::PYBUFFER_KIND_FUNCTION => format!("u:{u}"),
        abi::PYBUFFER_KIND_LONG_DOUBLE => {
            let exact = format::long_double(value);
            format!("g:{}:{}", double(LongDouble::from_ne_bytes(exact).to_f64()), hex(&exact[..10]))
        }
        abi::PYBUFFER_KIND_FLOAT => format!("f:{}", double(real)),
        abi::PYBUFFER_KIND_COMPLEX => format!("c:{}:{}", double(real), double(imag)),
        _ => format!("s:{}", hex(format::bytes(value))),
    }
}

/// Checks all cases; says how often each tag occurs.
fn check(output: &str, agreeing: usize) {
    let mut tags: BTreeMap<&str, usize> = BTreeMap::new();
    let mut with_values = 0;
    let cases = cases(output);
    for case in &cases {
        let format = case.check_items();
        case.check_values(&format);
        with_values += usize::from(case.data.is_some());
        if case.tags.is_empty() {
            *tags.entry("none").or_default() += 1;
        }
        for &tag in &case.tags {
            assert!(KNOWN.iter().any(|&(known, _)| known == tag), "{tag} is not in the table");
            *tags.entry(tag).or_default() += 1;
        }
    }
    println!("{} types, {with_values} of them with values; disagreements: {tags:?}", cases.len());
    assert!(
        tags["none"] >= agreeing && with_values >= agreeing * 3 / 4,
        "too few types without disagreement: {tags:?}"
    );
}

/// Every row of the table that starts so occurs.
fn check_known(output: &str, prefix: &str) {
    for (tag, reason) in KNOWN.iter().filter(|(tag, _)| tag.starts_with(prefix)) {
        let count = cases(output).iter().filter(|case| case.tags.contains(tag)).count();
        assert!(count >= 3, "{tag} does not occur any more: {reason}");
    }
}

#[test]
fn numpy_dtypes_are_what_their_formats_say() {
    let Some(python) = numpy::python() else { return };
    let output = run(&python, SCRIPT, &["numpy", "1", "3500"], String::new());
    check(&output, 2000);
    check_known(&output, "numpy-");
}

#[test]
fn ctypes_types_are_what_their_formats_say() {
    let Some(prefix) = cpython::prefix(cpython::ORACLE) else { return };
    let python = prefix.join(format!("bin/python{}", cpython::ORACLE));
    let output = run(&python, SCRIPT, &["ctypes", "1", "1500"], String::new());
    check(&output, 500);
    check_known(&output, "ctypes-");
}

mod spelling {
    use super::*;

    /// SplitMix64.
    struct Random(u64);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) % end as u64) as usize
        }

        fn chance(&mut self, percent: usize) -> bool {
            self.below(100) < percent
        }

        fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
            choices[self.below(choices.len())]
        }
    }

    const CODES: &[&str] =
        &["x", "c", "b", "B", "?", "h", "H", "i", "I", "l", "L", "q", "Q", "e", "f", "d", "Zf", "Zd", "s", "w"];
    const MORE_CODES: &[&str] = &[
        "p",
        "P",
        "g",
        "u",
        "t",
        "O",
        "F",
        "D",
        "G",
        "Ze",
        "Zg",
        "X{}",
        "X{i{}}",
        "z",
        "Z",
        "&i",
        "&>i",
        "&<i",
        "&(2)T{<d:x:}",
        "&&3s",
    ];

    /// A valid format. `common` leaves out what NumPy does not understand, or otherwise: see the test that says so.
    fn random_format(random: &mut Random, common: bool) -> CString {
        let mut text = String::new();
        if common {
            text.push_str("T{");
        }
        let mut names = 0;
        for _ in 0..random.below(5) + 1 {
            item(random, common, 3, &mut names, &mut text);
        }
        if common {
            text.push('}');
        }
        CString::new(text).expect("no NUL")
    }

    fn item(random: &mut Random, common: bool, depth: usize, names: &mut usize, text: &mut String) {
        if !common && random.chance(10) {
            text.push(random.pick(&[' ', '\n']));
        }
        let shaped = random.chance(20);
        if shaped {
            let lengths: Vec<_> = (0..random.below(3) + 1)
                .map(|_| if random.chance(3) && !common { 0 } else { random.below(4) + 1 }.to_string())
                .collect();
            text.push_str(&format!("({})", lengths.join(if !common && random.chance(20) { ")(" } else { "," })));
        }
        if random.chance(35) {
            text.push(random.pick(&['@', '=', '<', '>', '!', '^']));
        }
        if random.chance(25) {
            text.push_str(&(random.below(9) + usize::from(common)).to_string());
        }
        let is_record = depth > 0 && random.chance(20);
        let before = text.len();
        if is_record {
            text.push_str("T{");
            for _ in 0..random.below(4) + usize::from(common) {
                item(random, common, depth - 1, names, text);
            }
            text.push('}');
        } else if common || random.chance(60) {
            text.push_str(random.pick(CODES));
        } else {
            text.push_str(random.pick(MORE_CODES));
        }
        let is_padding = text[before..] == *"x";
        if random.chance(if is_padding { 20 } else { 60 }) {
            text.push_str(&format!(":f{names}:"));
            *names += 1;
        } else if text[before..] == *"Z" {
            // It must not stand before what may make another code of it.
            text.push(' ');
        }
    }

    /// The canonical spelling, after checking that it is canonical.
    fn canonical(text: &CString) -> CString {
        let format = Format::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let spelling = format.canonical();
        let case = format!("{text:?}, canonically {spelling:?}");
        let parsed = Format::parse(&spelling).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(parsed.itemsize(), format.itemsize(), "{case}");
        for names in [false, true] {
            assert!(parsed.is_equivalent(&format, names) && format.is_equivalent(&parsed, names), "{case}");
        }
        assert_eq!(parsed.canonical(), spelling, "{case}");
        spelling
    }

    #[test]
    fn canonical_formats_parse_to_what_they_are_made_from() {
        let mut random = Random(3);
        let mut texts = std::collections::BTreeSet::new();
        for _ in 0..50_000 {
            let common = random.chance(30);
            let text = random_format(&mut random, common);
            canonical(&text);
            texts.insert(text);
        }
        assert!(texts.len() > 30_000, "only {} formats", texts.len());
    }

    /// What NumPy's own parser finds in formats and their canonical spellings.
    #[test]
    fn numpy_reads_canonical_formats_as_what_they_are_made_from() {
        let Some(python) = numpy::python() else { return };
        let output = run(&python, SCRIPT, &["numpy", "2", "1000"], String::new());
        let mut texts: Vec<_> = cases(&output).into_iter().map(|case| case.text).collect();
        let mut random = Random(4);
        texts.extend((0..5000).map(|_| random_format(&mut random, true)));

        let spellings: Vec<_> = texts.iter().map(canonical).collect();
        let line = |(a, b): (&CString, &CString)| format!("{} {}\n", hex(a.to_bytes()), hex(b.to_bytes()));
        let answers = run(&python, SCRIPT, &["parse"], texts.iter().zip(&spellings).map(line).collect());
        assert_eq!(answers.lines().count(), texts.len());
        for ((text, spelling), answer) in texts.iter().zip(&spellings).zip(answers.lines()) {
            // It emits a shape after another, and does not read it.
            let expected = if text.to_bytes().windows(2).any(|pair| pair == b")(") { "second" } else { "same" };
            assert_eq!(answer, expected, "{text:?}, canonically {spelling:?}");
        }
    }
}
