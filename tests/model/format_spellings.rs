//! One sequence of values in two spellings, compared by the library and by a model that writes the sequence out: values with
//! few bytes and with none, in loops that are grouped otherwise. And the same repeated so often that nothing can write it out.

use pybuffer::format::{Comparer, Value};

use crate::common::random::Random;
use crate::support::compiled::Compiled;

/// A kind of value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Letter {
    /// An empty string, of no bytes or of some.
    Empty,
    LongEmpty,
    /// The number 0 in no bits, and in some bytes.
    Zero,
    LongZero,
    One,
    /// No value.
    Nothing,
}

use Letter::{Empty, LongEmpty, LongZero, Nothing, One, Zero};

impl Letter {
    fn codes(self) -> &'static [&'static str] {
        match self {
            Empty => &["0s", "0p", "0x:n:"],
            LongEmpty => &["1p", "3p"],
            Zero => &["0t"],
            LongZero | One => &["B", "<h", ">i", "?", "3t"],
            Nothing => &["0u", "0w", "0b", "T{}", "0x0b", "0T{0s0t}", "(0)0s"],
        }
    }

    fn value(self) -> Option<Value<'static>> {
        match self {
            Empty | LongEmpty => Some(Value::Bytes(b"")),
            Zero | LongZero => Some(Value::Unsigned(0)),
            One => Some(Value::Unsigned(1)),
            Nothing => None,
        }
    }

    /// One that is usually equal to it.
    fn other(self, random: &mut Random) -> Self {
        match self {
            Empty | LongEmpty => random.pick(&[Empty, LongEmpty, Zero]),
            Zero | LongZero => random.pick(&[Zero, LongZero, Empty]),
            One => random.pick(&[LongZero, Empty]),
            Nothing => Nothing,
        }
    }
}

#[derive(Clone, Debug)]
enum Node {
    Leaf(Letter, usize),
    Record(Vec<Node>, usize),
}

fn random_nodes(random: &mut Random, letters: &[Letter], depth: usize) -> Vec<Node> {
    (0..random.pick(&[1, 1, 2, 2, 3, 4]))
        .map(|_| {
            if depth == 0 || random.chance(55) {
                Node::Leaf(random.pick(letters), random.pick(&[1, 1, 1, 2, 3, 40]))
            } else {
                Node::Record(random_nodes(random, letters, depth - 1), random.pick(&[1, 2, 2, 3, 4, 6, 35]))
            }
        })
        .collect()
}

/// The sequence; `None` where it is too long to be written out.
fn expand(nodes: &[Node]) -> Option<Vec<Letter>> {
    let mut all = vec![];
    for node in nodes {
        match node {
            Node::Leaf(letter, count) => all.extend(std::iter::repeat_n(*letter, *count)),
            Node::Record(inner, count) => all.extend(expand(inner)?.repeat(*count)),
        }
        if all.len() > 4000 {
            return None;
        }
    }
    Some(all)
}

/// One value of the sequence becomes another, everywhere that this leaf stands for.
fn change(random: &mut Random, nodes: &mut [Node]) {
    let at = random.below(nodes.len());
    match &mut nodes[at] {
        Node::Leaf(letter, _) => *letter = letter.other(random),
        Node::Record(inner, _) => change(random, inner),
    }
}

fn spell(random: &mut Random, nodes: &[Node]) -> String {
    let mut text = String::new();
    for node in nodes {
        match node {
            Node::Leaf(letter, count) => {
                let mut left = *count;
                while left > 0 {
                    let run = if random.chance(70) { left } else { 1 + random.below(left) };
                    let code = random.pick(letter.codes());
                    let bits = code.ends_with('t') && code != "0t";
                    text += &match random.below(4) {
                        0 if run < 5 => format!(" {code}").repeat(run),
                        1 => format!("{run}T{{{code}}}"),
                        2 if run % 2 == 0 => format!("{}T{{{code} {code}}}", run / 2),
                        // A name belongs to the array, and bits would be packed otherwise.
                        _ if bits || code.starts_with('(') => format!("{run}T{{{code}}}"),
                        _ => format!("({run}){code}"),
                    };
                    left -= run;
                }
            }
            Node::Record(inner, count) => {
                let record = |random: &mut Random, count| {
                    let inner = spell(random, inner);
                    if count == 1 && random.chance(50) {
                        format!("T{{{inner}}}")
                    } else {
                        format!("{count}T{{{inner}}}")
                    }
                };
                let cut = random.below(*count + 1);
                text += &match random.below(4) {
                    0 if *count < 7 => (0..*count).map(|_| record(random, 1)).collect(),
                    1 => record(random, cut) + &record(random, *count - cut),
                    2 if count % 2 == 0 => {
                        format!("{}T{{{} {}}}", count / 2, spell(random, inner), spell(random, inner))
                    }
                    _ => record(random, *count),
                };
            }
        }
        if random.chance(10) {
            text += random.pick(Nothing.codes());
        }
    }
    text
}

/// Whether items of the formats are equal, both ways, and as comparers of many items say.
fn equal(a: &Compiled, x: &[u8], b: &Compiled, y: &[u8]) -> bool {
    let answers = [(a, x, b, y), (b, y, a, x)].map(|(a, x, b, y)| {
        let comparer = Comparer::new(a.plan(), b.plan());
        let answer = comparer.equal(x, y);
        if let Some(mut walker) = comparer.by_values() {
            // A walker can start again.
            assert_eq!([(); 2].map(|()| walker.equal(x, y)), [answer; 2], "{:?} {:?}", a.text, b.text);
        }
        answer
    });
    assert_eq!(answers[0], answers[1], "{:?} {:?}", a.text, b.text);
    answers[0]
}

fn packed(format: &Compiled, sequence: &[Letter]) -> Vec<u8> {
    let mut item = vec![0; format.counts.size];
    let values = sequence.iter().filter_map(|letter| letter.value());
    format.plan().pack(&mut item, values).unwrap_or_else(|error| panic!("{:?}: {error:?}", format.text));
    item
}

#[test]
fn spellings_of_a_sequence_are_equal() {
    let mut random = Random(31);
    let mut answers = [0; 2];
    let mut by_values = 0;
    for _ in 0..3000 {
        let letters: &[Letter] = random.pick(&[
            &[Empty, Zero][..],
            &[Empty, Zero, Nothing],
            &[Empty, LongEmpty, Nothing],
            &[Empty, Zero, LongZero, One],
            &[Empty, LongEmpty, Zero, LongZero, One, Nothing],
        ]);
        let nodes = random_nodes(&mut random, letters, 3);
        let mut others = nodes.clone();
        if random.chance(50) {
            change(&mut random, &mut others);
        }
        let (Some(left), Some(right)) = (expand(&nodes), expand(&others)) else { continue };
        let [a, b] = [&nodes, &others].map(|nodes| Compiled::new(&spell(&mut random, nodes)));
        let (x, y) = (packed(&a, &left), packed(&b, &right));
        let values = |sequence: &[Letter]| sequence.iter().filter_map(|letter| letter.value()).collect::<Vec<_>>();
        let expected = values(&left) == values(&right);
        assert_eq!(a.counts.values, values(&left).len(), "{:?}", a.text);
        assert_eq!(equal(&a, &x, &b, &y), expected, "{:?} {x:?} == {:?} {y:?}", a.text, b.text);
        // The naive way through the plans.
        assert_eq!(a.values(&x) == b.values(&y), expected, "{:?} {x:?} == {:?} {y:?}", a.text, b.text);
        answers[usize::from(expected)] += 1;
        by_values += usize::from(Comparer::new(a.plan(), b.plan()).by_values().is_some());
    }
    println!("{answers:?}, {by_values} value by value");
    assert!(answers.iter().all(|&count| count > 400) && by_values > 700, "{answers:?} {by_values}");
}

/// Without a byte, sequences may be of any length: what is equal follows from how they are made. A comparison that visits each
/// of 2**48 values never ends.
#[test]
fn spellings_of_endless_sequences_are_equal_at_once() {
    let mut random = Random(32);
    let mut answers = [0; 2];
    for _ in 0..1500 {
        let nodes = random_nodes(&mut random, &[Empty, Zero, Nothing], 3);
        let Some(sequence) = expand(&nodes) else { continue };
        let mut changed = nodes.clone();
        if random.chance(50) {
            change(&mut random, &mut changed);
        }
        let values = |letters: &[Letter]| letters.iter().filter_map(|letter| letter.value()).collect::<Vec<_>>();
        let expected = values(&sequence) == values(&expand(&changed).expect("as long as the other"));
        if expand(&changed).is_none_or(|letters| letters.iter().any(|letter| matches!(letter, LongEmpty | LongZero))) {
            continue;
        }
        let rounds = 1_usize << random.pick(&[31, 40, 48]);
        let mut texts = [&nodes, &changed].map(|nodes| {
            let cut = random.below(nodes.len() + 1);
            let (before, behind) = nodes.split_at(cut);
            let mut part = |nodes: &[Node]| spell(&mut random, nodes);
            match cut % 4 {
                // As it is; twice as much half as often; nested loops; starting in the middle.
                0 => format!("{rounds}T{{{}}}", part(nodes)),
                1 => format!("{}T{{{}{}}}", rounds / 2, part(nodes), part(nodes)),
                2 => format!("{}T{{1024T{{{}}}}}", rounds / 1024, part(nodes)),
                _ => format!("{}{}T{{{}{}}}{}", part(before), rounds - 1, part(behind), part(before), part(behind)),
            }
        });
        if random.chance(20) {
            // With a byte here and there.
            texts = texts.map(|text| format!("B3T{{{text}B}}"));
        }
        let [a, b] = texts.map(|text| Compiled::new(&text));
        assert_eq!(a.counts.values, b.counts.values, "{:?} == {:?}", a.text, b.text);
        let (x, y) = (vec![0; a.counts.size], vec![0; b.counts.size]);
        assert_eq!(equal(&a, &x, &b, &y), expected, "{:?} == {:?}", a.text, b.text);
        answers[usize::from(expected)] += 1;
    }
    println!("{answers:?}");
    assert!(answers.iter().all(|&count| count > 100), "{answers:?}");
}

/// Long texts are read once or twice. Once for each byte would be 2**34 steps, minutes for each text.
#[test]
fn long_texts_take_their_length() {
    let long = 1 << 17;
    for (before, piece, behind) in [
        ("", "(1)", "i"),
        ("", "T{", ""),
        ("", "T{}", ""),
        ("i", ":n:", ""),
        ("i:", "n", ":"),
        ("", "0", "i"),
        ("", "9", "i"),
        ("", " ", ""),
        ("", "@", "i"),
        ("", " <", "i"),
        ("", "0s", ""),
        ("", "0s0t", ""),
        ("", "&", "i"),
        ("", "X{", ""),
        ("X{", "{}", "}"),
        ("", "x", ""),
        ("", "t", ""),
        ("(", "1,", "1)i"),
        ("u", "i", ""),
        ("9T{", "0sB", "}"),
    ] {
        let text = format!("{before}{}{behind}", piece.repeat(long / piece.len()));
        let text = std::ffi::CString::new(text).expect("no NUL");
        let Ok(counts) = pybuffer::format::count_ops(&text) else { continue };
        let compiled = Compiled::new(text.to_str().expect("ASCII"));
        if counts.size < 1 << 24 {
            let item = vec![0; counts.size];
            assert!(equal(&compiled, &item, &compiled, &item));
        }
    }
}
