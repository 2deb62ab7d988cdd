//! Plans compared with the tree of their format, element by element: two ways to the same values and bytes, for random formats
//! with all that PEP 3118 has, from a fixed seed.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

#[path = "common/random.rs"]
mod random;

use std::ffi::CString;

use pybuffer::error::Result;
use pybuffer::format::{
    Counts, Item, Kind, Op, Plan, Sink, Value, compile, count_ops, decode, encode, nth, values_per_element, walk,
};

use random::Random;

fn random_items(random: &mut Random, depth: usize, format: &mut String) {
    for _ in 0..random.pick(&[0, 1, 1, 2, 3, 4]) {
        if random.chance(25) {
            format.push(random.pick(&['@', '=', '<', '>', '!', '^', ' ']));
        }
        if random.chance(15) {
            format.push_str(random.pick(&["(2)", "(2,3)", "(0)", "(3,0,2)", "(1,1)", "(4)"]));
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
                "u", "w", "O", "z", "Z", "Ze", "Zf", "Zd", "Zg", "F", "D", "X{}", "&i",
            ])),
        }
        if random.chance(25) {
            format.push_str(":n:");
        }
    }
}

/// An item with those inside of it.
struct Node {
    item: Option<Item>,
    inner: Vec<Node>,
}

/// The items that have begun and not ended, the outermost first.
struct Tree(Vec<Node>);

impl Sink for Tree {
    fn begin(&mut self) {
        self.0.push(Node { item: None, inner: vec![] });
    }

    fn dimension(&mut self, _: usize) {}

    fn cancel(&mut self) {
        self.0.pop();
    }

    fn end(&mut self, item: &Item) {
        let mut node = self.0.pop().expect("it began");
        node.item = Some(*item);
        self.0.last_mut().expect("there is a root").inner.push(node);
    }
}

/// Calls `visit` with the place and the unit of each value.
fn visit_values(nodes: &[Node], base: usize, visit: &mut impl FnMut(&Item, usize)) {
    for node in nodes {
        let item = node.item.as_ref().expect("it ended");
        for index in 0..item.elements {
            let mut element = nth(item, index).expect("it is one of the elements");
            element.offset += base;
            if item.kind == Kind::Record {
                visit_values(&node.inner, element.offset, visit);
            }
            (0..values_per_element(&element)).for_each(|unit| visit(&element, unit));
        }
    }
}

fn unpack<'a>(plan: Plan<'_>, item: &'a [u8]) -> Result<Vec<Value<'a>>> {
    let mut values = vec![];
    plan.unpack(item, &mut |value| {
        values.push(value);
        Ok(())
    })?;
    Ok(values)
}

#[test]
fn plans_give_and_take_what_the_elements_do() {
    let mut random = Random(5);
    let (mut valid, mut packed, mut refused) = (0, 0, 0);
    for _ in 0..40_000 {
        let mut text = String::new();
        random_items(&mut random, 3, &mut text);
        let format = CString::new(text).expect("it has no NUL");
        let mut tree = Tree(vec![Node { item: None, inner: vec![] }]);
        let Ok(extent) = walk(&format, &mut tree) else {
            assert!(count_ops(&format).is_err(), "{format:?}");
            continue;
        };
        valid += 1;
        let nodes = &tree.0.first().expect("the root").inner;
        let counts: Counts = count_ops(&format).expect("walk took it");
        let mut ops = vec![Op::default(); counts.ops];
        assert_eq!(compile(&format, &mut ops), Ok(counts), "{format:?}");
        assert_eq!(counts.size, extent.size, "{format:?}");
        let plan = Plan::new(&ops, counts);

        let mut item: Vec<u8> = (0..counts.size).map(|_| random.next() as u8).collect();
        if random.chance(70) {
            // No code points that are none.
            item.iter_mut().for_each(|byte| *byte &= 1);
        }
        let values = unpack(plan, &item).expect("it is large enough");
        assert_eq!(values.len(), counts.values, "{format:?}");
        let mut expected = vec![];
        visit_values(nodes, 0, &mut |element, unit| {
            let bytes = item.get(element.offset..).expect("it lies in the item");
            expected.push(decode(element, unit, bytes).expect("it has this value"));
        });
        // Not ==, for NaN.
        assert_eq!(format!("{values:?}"), format!("{expected:?}"), "{format:?}");

        let mut ours = vec![0; counts.size];
        let result = plan.pack(&mut ours, values.iter().copied());
        let mut each = vec![0; counts.size];
        let mut rest = values.iter();
        let mut each_result = Ok(());
        visit_values(nodes, 0, &mut |element, unit| {
            let value = rest.next().expect("there are as many");
            if each_result.is_ok() {
                let bytes = each.get_mut(element.offset..).expect("it lies in the item");
                each_result = encode(element, unit, value, bytes);
            }
        });
        assert_eq!(result, each_result, "{format:?}");
        if result.is_ok() {
            packed += 1;
            assert_eq!(ours, each, "{format:?}");
            let again = unpack(plan, &ours).expect("it is large enough");
            assert_eq!(format!("{again:?}"), format!("{values:?}"), "{format:?}");
        } else {
            refused += 1;
            assert!(ours.iter().all(|&byte| byte == 0));
        }
    }
    println!("{valid} valid formats, {packed} items packed, {refused} refused");
    assert!(valid > 30_000 && packed > 20_000 && refused > 500);
}
