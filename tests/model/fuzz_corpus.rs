//! The functions of the fuzz targets, on the committed corpus and on seeded mutations of it: what a fuzzer would do, but
//! the same each time.

#[path = "../../fuzz/shared.rs"]
mod shared;

use std::fs;
use std::path::Path;

use crate::common::format;
use crate::common::model::enough;
use crate::common::random::Random;

/// How many mutations of each corpus.
fn mutations() -> usize {
    100 * enough(300) as usize
}

/// What mutations put in: all that has a meaning, and numbers at the edges.
const PIECES: &[&str] = &[
    "x",
    "c",
    "b",
    "B",
    "?",
    "h",
    "H",
    "i",
    "I",
    "l",
    "L",
    "q",
    "Q",
    "n",
    "N",
    "e",
    "f",
    "d",
    "g",
    "s",
    "p",
    "P",
    "u",
    "w",
    "t",
    "O",
    "F",
    "D",
    "Zf",
    "Zd",
    "Zg",
    "Ze",
    "Z",
    "z",
    "&",
    "X{}",
    "X{",
    "T{",
    "}",
    "(",
    ")",
    "(2)",
    "(2,3)",
    "(2)(3)",
    "(0)",
    ",",
    ":",
    ":a:",
    ":b",
    "@",
    "=",
    "<",
    ">",
    "!",
    "^",
    " ",
    "\n",
    "0",
    "1",
    "2",
    "3",
    "7",
    "8",
    "9",
    "64",
    "65",
    "255",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "\0",
    "\u{e9}",
];

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = fs::read_dir(directory)
        .expect("the corpus is there")
        .map(|entry| entry.expect("the directory can be read").path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 20, "the corpus is not complete: {paths:?}");
    paths.iter().map(|path| fs::read(path).expect("the file can be read")).collect()
}

/// A few small changes to one of the inputs.
fn mutate(random: &mut Random, inputs: &[Vec<u8>]) -> Vec<u8> {
    let mut input = inputs[random.below(inputs.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        let end = (at + random.below(6)).min(input.len());
        match random.below(8) {
            0..4 => drop(input.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
            4 => drop(input.drain(at..end)),
            5 => {
                let copy = input[at..end].to_vec();
                drop(input.splice(at..at, copy));
            }
            6 if at < input.len() => input[at] = random.below(256) as u8,
            _ => {
                let other = &inputs[random.below(inputs.len())];
                drop(input.splice(at.., other[random.below(other.len() + 1)..].iter().copied()));
            }
        }
    }
    input
}

/// Runs a target; says how many mutations were formats that it could work with.
fn run(target: &str, seed: u64, function: fn(&[u8]) -> bool) -> usize {
    let inputs = corpus(target);
    for input in &inputs {
        function(input);
    }
    let mut random = Random(seed);
    (0..mutations()).filter(|_| function(&mutate(&mut random, &inputs))).count()
}

#[test]
fn any_bytes_are_a_format_or_an_error() {
    let valid = run("format_parse", 1, shared::format_parse);
    assert!(
        (mutations() / 10..mutations() * 9 / 10).contains(&valid),
        "the mutations are one-sided: {valid} are formats"
    );
}

#[test]
fn any_item_unpacks_and_packs() {
    let valid = run("format_values", 2, shared::format_values);
    assert!(valid > mutations() / 10, "the mutations are one-sided: {valid} have items");
}
