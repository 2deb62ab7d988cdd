//! Sequences of operations, played on this library and on CPython or NumPy: the comparison, and the search for a short
//! sequence among those on which the two disagree.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::common::numpy;
use crate::support::interpreter;
use crate::support::play::{Answer, Op, Player, World};

/// The script, on CPython with the same hashes as here.
fn oracle(player: Player) -> Option<Command> {
    let (interpreter, script) = match player {
        Player::CPython => (interpreter::interpreter()?, "tests/oracle/memoryview_oracle.py"),
        Player::NumPy => (numpy::python()?, "tests/oracle/numpy_oracle.py"),
    };
    let mut python = Command::new(interpreter);
    python.args(["-s", "-B"]).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script));
    python.env_remove("PYTHONPATH").env_remove("PYTHONHOME").env("PYTHONHASHSEED", "0");
    Some(python)
}

/// The answers of the script to each operation of each sequence; `None` if there is no such player.
fn ask<'a>(player: Player, sequences: impl Iterator<Item = &'a [Op]>) -> Option<Vec<Vec<String>>> {
    let line = |ops: &[Op]| ops.iter().map(Op::to_string).collect::<Vec<_>>().join(";");
    let answers = interpreter::ask_interpreter(&mut oracle(player)?, sequences.map(line).collect());
    Some(answers.iter().map(|line| line.split(';').map(String::from).collect()).collect())
}

/// How two answers compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Same,
    /// Equal except for parts that the other one cannot answer.
    Partly,
    NotComparable(&'static str),
    Different,
}

fn verdict(ours: &Answer, theirs: &str) -> Verdict {
    if theirs == "?" {
        return Verdict::NotComparable("what the other one does not support");
    }
    if ours.text == theirs {
        return if theirs == "skip" { Verdict::NotComparable("what comes after such") } else { Verdict::Same };
    }
    if theirs == "skip" {
        return Verdict::NotComparable("what comes after such");
    }
    // Any error.
    if theirs == "!" && ours.text.starts_with('!') {
        return Verdict::Same;
    }
    let (left, right): (Vec<_>, Vec<_>) = (ours.text.split(' ').collect(), theirs.split(' ').collect());
    if left.len() == right.len() && left.iter().zip(&right).all(|(ours, theirs)| ours == theirs || *theirs == "?") {
        return Verdict::Partly;
    }
    ours.beyond.map_or(Verdict::Different, Verdict::NotComparable)
}

/// The first step on which the two disagree: its number, our answer and theirs.
fn disagreement<'a>(ours: &'a [Answer], theirs: &'a [String]) -> Option<(usize, &'a str, &'a str)> {
    assert_eq!(ours.len(), theirs.len());
    let at = ours.iter().zip(theirs).position(|(ours, theirs)| verdict(ours, theirs) == Verdict::Different)?;
    Some((at, &ours[at].text, &theirs[at]))
}

/// The answers here.
fn play(player: Player, ops: &[Op]) -> Vec<Answer> {
    let mut world = World::new(player);
    ops.iter().map(|op| world.step(op)).collect()
}

/// Removes operations as long as a disagreement remains.
fn shrink(player: Player, mut ops: Vec<Op>) -> Vec<Op> {
    loop {
        let shorter: Vec<Vec<Op>> = (0..ops.len())
            .map(|at| ops.iter().enumerate().filter(|&(other, _)| other != at).map(|(_, op)| op.clone()).collect())
            .collect();
        let answers = ask(player, shorter.iter().map(Vec::as_slice)).expect("it was there");
        let still = shorter.into_iter().zip(answers).rev().find_map(|(ops, theirs)| {
            let (at, ..) = disagreement(&play(player, &ops), &theirs)?;
            Some(ops.into_iter().take(at + 1).collect())
        });
        match still {
            Some(found) => ops = found,
            None => return ops,
        }
    }
}

/// A sequence with the answers that it had while it was made.
pub(crate) struct Sequence {
    pub(crate) seed: u64,
    pub(crate) ops: Vec<Op>,
    pub(crate) answers: Vec<Answer>,
}

/// Compares all sequences with those of the player, and says how much could be compared: at least `share` percent must be.
/// Fails with the shortest sequence that can be found.
pub(crate) fn compare(player: Player, sequences: Vec<Sequence>, share: usize) {
    let Some(answers) = ask(player, sequences.iter().map(|sequence| sequence.ops.as_slice())) else { return };
    let (mut counts, mut kinds) = (BTreeMap::<&str, usize>::new(), BTreeMap::<String, [usize; 2]>::new());
    let mut steps = 0;
    for (sequence, theirs) in sequences.iter().zip(&answers) {
        if let Some((at, first_ours, first_theirs)) = disagreement(&sequence.answers, theirs) {
            let ops = shrink(player, sequence.ops[..=at].to_vec());
            let theirs = ask(player, [ops.as_slice()].into_iter()).expect("it was there").remove(0);
            let ours = play(player, &ops);
            let mut shown =
                format!("seed {}: {first_ours} here, {first_theirs} in {player:?}; shortened:\n", sequence.seed);
            for (op, (ours, theirs)) in ops.iter().zip(ours.iter().zip(&theirs)) {
                shown += &format!("  {op}\n    here    {}\n    {player:?} {theirs}\n", ours.text);
            }
            panic!("{shown}");
        }
        for (op, (ours, theirs)) in sequence.ops.iter().zip(sequence.answers.iter().zip(theirs)) {
            steps += 1;
            let count = match verdict(ours, theirs) {
                Verdict::Same => "compared",
                Verdict::Partly => "compared but for values",
                Verdict::NotComparable(why) => why,
                Verdict::Different => unreachable!("there is no disagreement"),
            };
            *counts.entry(count).or_default() += 1;
            if count.starts_with("compared") {
                let kind = kinds.entry(op.name()).or_default();
                kind[usize::from(theirs.starts_with('!'))] += 1;
            }
        }
    }
    println!("{steps} steps of {} sequences: {counts:?}\nresults and errors: {kinds:?}", sequences.len());
    let compared: usize = counts.iter().filter(|(why, _)| why.starts_with("compared")).map(|(_, count)| count).sum();
    assert!(compared * 100 >= steps * share, "only {compared} of {steps} steps could be compared");
}
