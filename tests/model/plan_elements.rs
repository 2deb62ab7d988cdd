//! Plans compared with the tree of their format, element by element: two ways to the same places, for random formats with
//! all that PEP 3118 has, from a fixed seed.
//!
//! The tree says where each element lies. Its bytes, taken from there, are an item of a format that is this one element,
//! and the plan of that has nothing to place. What such a plan makes of them is tested elsewhere (`tests/oracle/pack.rs`,
//! `src/format/codec_tests.rs`). Bits are read and written one by one.

use std::ffi::CString;

use pybuffer::error::Result;
use pybuffer::format::{ByteOrder, CompiledFormat, Counts, Item, Kind, Op, Sink, Value, compile, count_ops, walk};

use crate::common::model::enough;
use crate::common::random::Random;

fn random_items(random: &mut Random, depth: usize, format: &mut String) {
    for _ in 0..random.pick(&[0, 1, 1, 2, 3, 4]) {
        if random.chance(25) {
            format.push(random.pick(&['@', '=', '<', '>', '!', '^', ' ']));
        }
        if random.chance(15) {
            format.push_str(random.pick(&["(2)", "(2,3)", "(2)(3)", "(0)", "(3,0,2)", "(1,1)", "(4)"]));
        }
        if random.chance(25) {
            format.push_str(random.pick(&["0", "1", "2", "3", "5", "13"]));
        }
        match random.below(10) {
            0..2 if depth > 0 => {
                format.push_str("T{");
                random_items(random, depth - 1, format);
                format.push('}');
            }
            2 if depth > 0 => {
                format.push_str("&T{");
                random_items(random, depth - 1, format);
                format.push('}');
            }
            3..5 => format.push_str(random.pick(&["t", "2t", "3t", "7t", "11t", "64t"])),
            _ => format.push_str(random.pick(&[
                "x", "c", "b", "B", "?", "h", "H", "i", "I", "l", "L", "q", "Q", "e", "f", "d", "s", "p", "P", "g",
                "u", "w", "O", "z", "Z", "Ze", "Zf", "Zd", "Zg", "F", "D", "G", "X{}", "&i",
            ])),
        }
        if random.chance(25) {
            format.push_str(":n:");
        }
    }
}

/// A compiled format.
struct Compiled {
    ops: Vec<Op>,
    counts: Counts,
}

impl Compiled {
    fn of(format: &str) -> Self {
        let format = CString::new(format).expect("it has no NUL");
        let counts = count_ops(&format).expect("it is valid");
        let mut ops = vec![Op::default(); counts.ops];
        assert_eq!(compile(&format, &mut ops), Ok(counts), "{format:?}");
        Self { ops, counts }
    }

    fn plan(&self) -> CompiledFormat<'_> {
        CompiledFormat::new(&self.ops, self.counts)
    }

    fn unpack<'a>(&self, item: &'a [u8]) -> Vec<Value<'a>> {
        let mut values = vec![];
        let mut keep = |value| {
            values.push(value);
            Ok(())
        };
        self.plan().unpack(item, &mut keep).expect("it is large enough");
        assert_eq!(values.len(), self.counts.values);
        values
    }

    fn pack(&self, item: &mut [u8], values: &[Value<'_>]) -> Result<()> {
        self.plan().pack(item, values.iter().copied())
    }
}

/// The format of one element of this item, which is not a record.
fn alone(item: &Item) -> String {
    let mut format = String::from(if item.native { '@' } else { char::from(item.order.sign()) });
    if matches!(item.kind, Kind::Pad | Kind::Bytes | Kind::Pascal | Kind::Text | Kind::Bits) {
        format += &item.length.to_string();
    }
    format.extend(item.code.iter().filter(|&&letter| letter != 0).map(|&letter| char::from(letter)));
    format += match item.code {
        [b'&', _] => "B",
        [b'X', _] => "{}",
        // With a name it has a value.
        [b'x', _] => ":n:",
        _ => "",
    };
    format
}

/// An item with those inside of it, and the plan of one element.
struct Node {
    item: Item,
    inner: Vec<Node>,
    alone: Option<Compiled>,
}

/// The contents of the open items, the outermost first.
struct Tree(Vec<Vec<Node>>);

impl Sink for Tree {
    fn begin(&mut self) {
        self.0.push(vec![]);
    }

    fn axis(&mut self, _: usize) {}

    fn cancel(&mut self) {
        self.0.pop();
    }

    fn end(&mut self, item: &Item) {
        let inner = self.0.pop().expect("it began");
        let alone = (item.kind != Kind::Record).then(|| Compiled::of(&alone(item)));
        self.0.last_mut().expect("there is a root").push(Node { item: *item, inner, alone });
    }
}

/// An element that is not a record.
enum Element<'n> {
    /// The plan of its format, and the byte that it starts with.
    Bytes(&'n Compiled, usize),
    /// The order, the bit that it starts with, and how many they are.
    Bits(ByteOrder, usize, usize),
}

/// Calls `visit` with each element of the items, which lie in what starts at `base`.
fn visit_elements(nodes: &[Node], base: usize, visit: &mut impl FnMut(Element<'_>)) {
    for Node { item, inner, alone } in nodes {
        for index in 0..item.elements {
            let (offset, bits) = (base + item.offset, index * item.length);
            match (item.kind, alone) {
                (Kind::Bits, _) => visit(Element::Bits(item.order, 8 * offset + item.first_bit + bits, item.length)),
                (_, Some(alone)) => {
                    assert_eq!(alone.counts.size, item.size);
                    visit(Element::Bytes(alone, offset + index * item.size));
                }
                (_, None) => visit_elements(inner, offset + index * item.size, visit),
            }
        }
    }
}

/// The byte that a bit is in, and the bit alone: bytes fill from the lowest bit upwards, or from the highest downwards.
fn place(order: ByteOrder, bit: usize) -> (usize, u8) {
    let mask = match order {
        ByteOrder::Little => 1 << (bit % 8),
        ByteOrder::Big => 0x80 >> (bit % 8),
    };
    (bit / 8, mask)
}

/// The bit of the value that is the `index`th of `count` in memory.
fn weight(order: ByteOrder, index: usize, count: usize) -> u64 {
    match order {
        ByteOrder::Little => 1 << index,
        ByteOrder::Big => 1 << (count - 1 - index),
    }
}

fn read_bits(item: &[u8], order: ByteOrder, first: usize, count: usize) -> u64 {
    let mut number = 0;
    for index in 0..count {
        let (byte, mask) = place(order, first + index);
        if item.get(byte).expect("it lies in the item") & mask != 0 {
            number |= weight(order, index, count);
        }
    }
    number
}

fn write_bits(item: &mut [u8], order: ByteOrder, first: usize, count: usize, number: u64) {
    for index in 0..count {
        let (byte, mask) = place(order, first + index);
        if number & weight(order, index, count) != 0 {
            *item.get_mut(byte).expect("it lies in the item") |= mask;
        }
    }
}

/// The values of the item, element by element.
fn unpack_elements<'a>(nodes: &[Node], item: &'a [u8], numbers_of_bits: &mut usize) -> Vec<Value<'a>> {
    let mut values = vec![];
    visit_elements(nodes, 0, &mut |element| match element {
        Element::Bytes(alone, offset) => {
            values.extend(alone.unpack(item.get(offset..).expect("it lies in the item")));
        }
        Element::Bits(order, first, count) => {
            *numbers_of_bits += 1;
            values.push(Value::Bits(read_bits(item, order, first, count)));
        }
    });
    values
}

/// Packs all values, which must be as many, element by element into zeros; or gives the first error.
fn pack_elements(nodes: &[Node], size: usize, mut values: &[Value<'_>]) -> Result<Vec<u8>> {
    let mut item = vec![0; size];
    let mut result = Ok(());
    visit_elements(nodes, 0, &mut |element| {
        let count = if let Element::Bytes(alone, _) = element { alone.counts.values } else { 1 };
        let (own, rest) = values.split_at_checked(count).expect("there are as many");
        values = rest;
        if result.is_err() {
            return;
        }
        match element {
            Element::Bytes(alone, offset) => {
                result = alone.pack(item.get_mut(offset..).expect("it lies in the item"), own);
            }
            Element::Bits(order, first, count) => {
                if let &[Value::Bits(number)] = own {
                    write_bits(&mut item, order, first, count, number);
                }
            }
        }
    });
    assert!(values.is_empty());
    result.map(|()| item)
}

#[test]
fn plans_give_and_take_what_the_elements_do() {
    let mut random = Random(5);
    let (mut valid, mut packed, mut refused) = (0, 0, 0);
    let (mut numbers, mut numbers_of_bits) = (0, 0);
    let cases = 100 * enough(400) as usize;
    for _ in 0..cases {
        let mut text = String::new();
        random_items(&mut random, 3, &mut text);
        let format = CString::new(&*text).expect("it has no NUL");
        let mut tree = Tree(vec![vec![]]);
        let Ok(extent) = walk(&format, &mut tree) else {
            assert!(count_ops(&format).is_err(), "{format:?}");
            continue;
        };
        valid += 1;
        let nodes = tree.0.first().expect("the root");
        let compiled = Compiled::of(&text);
        let size = compiled.counts.size;
        assert_eq!(size, extent.size, "{format:?}");

        let mut item: Vec<u8> = (0..size).map(|_| random.next() as u8).collect();
        if random.chance(70) {
            // Only valid code points.
            item.iter_mut().for_each(|byte| *byte &= 1);
        }
        let values = compiled.unpack(&item);
        numbers += values.len();
        let expected = unpack_elements(nodes, &item, &mut numbers_of_bits);
        // Not ==, for NaN.
        assert_eq!(format!("{values:?}"), format!("{expected:?}"), "{format:?}");

        let mut ours = vec![0; size];
        let result = compiled.pack(&mut ours, &values);
        let each = pack_elements(nodes, size, &values);
        assert_eq!(result, each.as_ref().map(|_| ()).map_err(|error| *error), "{format:?}");
        if let Ok(each) = each {
            packed += 1;
            assert_eq!(ours, each, "{format:?}");
            let again = compiled.unpack(&ours);
            assert_eq!(format!("{again:?}"), format!("{values:?}"), "{format:?}");
        } else {
            refused += 1;
            assert!(ours.iter().all(|&byte| byte == 0));
        }
    }
    println!(
        "{valid} valid formats, {packed} items packed, {refused} refused; {numbers} values, {numbers_of_bits} of bits"
    );
    assert!(valid > cases * 3 / 4 && packed > cases / 2 && refused > cases / 80);
    assert!(numbers > cases * 5 / 2 && numbers_of_bits > cases / 4);
}
