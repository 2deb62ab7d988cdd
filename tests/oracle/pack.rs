//! Plans compared with CPython 3.13's `struct`: `calcsize`, `pack_into` and `unpack_from` of random formats and values, valid
//! and invalid, from fixed seeds. One interpreter answers all cases.
//!
//! `struct` raises `struct.error` for nearly everything, `OverflowError` for floats that are too large. Ours raise a
//! `TypeError` exactly where a value of that type fits no format of that code whatever its value is, else a `ValueError`.

use std::collections::HashMap;
use std::ffi::CString;
use std::fmt::Write as _;

use pybuffer::error::{Error, ErrorKind, Result};
use pybuffer::format::{CompiledFormat, Counts, Op, Reading, compile_as, count_ops_as};

use crate::common::random::Random;
use crate::support::interpreter::{self, hex};
use crate::support::sample::{Sample, random_fitting, random_sample, text};

/// Answers a line for each line of input.
///
/// `pack FORMAT VALUE...`: `SIZE BYTES`, of memory that was filled with 0xff, or `bad format`, or `error`.
/// `unpack FORMAT BYTES`: `VALUE...`, or `bad format`, or `error`.
///
/// A value is `i` and a decimal integer, `t` or `f`, `d` and the bits of a double, `b` and bytes, `c` and the bits of two
/// doubles, `u` and the number of a code point; all bits and bytes are hexadecimal.
const ORACLE: &str = r#"
import struct, sys

def number(bits):
    return struct.unpack(">d", bytes.fromhex(bits))[0]

def value(text):
    kind, text = text[0], text[1:]
    if kind == "i": return int(text)
    if kind == "t": return True
    if kind == "f": return False
    if kind == "d": return number(text)
    if kind == "b": return bytes.fromhex(text)
    if kind == "c": return complex(number(text[:16]), number(text[16:]))
    if kind == "u": return chr(int(text))

def text(value):
    kind = type(value)
    if kind is bool: return "t" if value else "f"
    if kind is int: return "i%d" % value
    if kind is float: return "d" + struct.pack(">d", value).hex()
    if kind is bytes: return "b" + value.hex()

def pack(format, size, *values):
    memory = bytearray(b"\xff" * (size + 1))
    try:
        struct.pack_into(format, memory, 0, *map(value, values))
    except (struct.error, OverflowError):
        assert memory.count(255) == len(memory) or values
        return "error"
    # A byte behind the item, which the item does not change.
    return "%d %s" % (size, memory.hex())

def unpack(format, size, item):
    try:
        return " ".join(["ok", *map(text, struct.unpack_from(format, bytes.fromhex(item)))])
    except struct.error:
        return "error"

for line in sys.stdin:
    function, format, *arguments = line.rstrip("\n").split(" ")
    format = bytes.fromhex(format)
    try:
        size = struct.calcsize(format)
    except struct.error:
        print("bad format")
        continue
    print({"pack": pack, "unpack": unpack}[function](format, size, *arguments))
"#;

/// The oracle's answers; `None` if there is no CPython.
fn ask(questions: Vec<String>) -> Option<Vec<String>> {
    interpreter::ask(ORACLE, questions)
}

struct Case {
    format: Vec<u8>,
    /// The code of each value.
    codes: Vec<u8>,
}

/// A format in the syntax of the struct module, which a spoiling may take from it; without what only PEP 3118 has.
///
/// Not for packing: `0p`, for which CPython 3.13 writes a byte after the item.
fn random_format(random: &mut Random, for_packing: bool) -> Case {
    let mut format = vec![];
    let prefix = random.pick(b"  @=<>!");
    let native = matches!(prefix, b' ' | b'@');
    if prefix != b' ' {
        format.push(prefix);
    }
    let mut codes = vec![];
    for _ in 0..random.pick(&[0, 1, 1, 1, 1, 2, 2, 3, 4, 9]) {
        while random.chance(8) {
            format.push(random.pick(b" \t\n\x0b\x0c\r"));
        }
        let code =
            if native { random.pick(b"xcbB?hHiIlLqQnNPefdspefdsp") } else { random.pick(b"xcbB?hHiIlLqQefdspefdsp") };
        let mut count = 1;
        if matches!(code, b's' | b'p') && random.chance(90) || random.chance(20) {
            count = random.pick(&[0, 1, 1, 2, 3, 4, 5, 10]);
            if matches!(code, b's' | b'p') && random.chance(20) {
                count = random.pick(&[254, 255, 256, 257, 300]);
            }
            if for_packing && code == b'p' {
                count = count.max(1);
            }
            format.extend(format!("{count}").bytes());
        }
        format.push(code);
        match code {
            b'x' => (),
            b's' | b'p' => codes.push(code),
            _ => codes.extend(std::iter::repeat_n(code, count)),
        }
    }
    if random.chance(12) {
        // Junk, but none that PEP 3118 gives a meaning: prefixes, names, records, shapes, and the codes tguwOZFDGXz&^.
        match random.below(4) {
            0 => format.push(random.pick(b"aACEjJkKmMorRSUvVyYW*+-./;'\"#$%|~_\\[]}),\x01\x7f\x80\xff")),
            1 => format.extend(b"12"),
            2 => format.extend(b"9223372036854775808x"),
            _ => {
                // Not before the prefix, which a space would put into mid-string, where only PEP 3118 has it.
                let at = 1.min(format.len()) + random.below(format.len().max(1));
                format.insert(at, random.pick(b"aAjkrvy*+-.;\xe9 "));
            }
        }
    }
    Case { format, codes }
}

struct Compiled {
    ops: Vec<Op>,
    counts: Counts,
}

fn compiled(format: &[u8]) -> Result<Compiled> {
    let format = CString::new(format).expect("no format here has a NUL");
    let counts = count_ops_as(Reading::STRUCT, &format)?;
    let mut ops = vec![Op::default(); counts.ops];
    compile_as(Reading::STRUCT, &format, &mut ops)?;
    Ok(Compiled { ops, counts })
}

impl Compiled {
    fn pack(&self, samples: &[Sample]) -> Result<String> {
        let mut memory = vec![0xff; self.counts.size + 1];
        let result = CompiledFormat::new(&self.ops, self.counts).pack(&mut memory, samples.iter().map(Sample::value));
        assert!(result.is_ok() || memory.iter().all(|&byte| byte == 0xff), "a failure writes nothing");
        result.map(|()| format!("{} {}", self.counts.size, hex(&memory)))
    }

    fn unpack(&self, item: &[u8]) -> Result<String> {
        let mut all = String::from("ok");
        CompiledFormat::new(&self.ops, self.counts).unpack(item, &mut |value| {
            write!(all, " {}", text(value)).expect("a String takes all");
            Ok(())
        })?;
        Ok(all)
    }
}

/// Checks our error; returns what is wrong with it, if anything.
fn is_right_kind(error: &Error, samples: &[Sample], codes: &[u8]) -> bool {
    let type_error = samples.iter().zip(codes).any(|(sample, &code)| sample.has_wrong_type(code));
    match error.kind() {
        // With more than one mistake, the first counts; so only one of them must be of this kind.
        Some(ErrorKind::Type) => type_error,
        Some(ErrorKind::Value) => {
            samples.len() != codes.len()
                || samples.iter().zip(codes).any(|(sample, &code)| !sample.has_wrong_type(code))
        }
        _ => false,
    }
}

fn tally(counts: &mut HashMap<&'static str, usize>, answer: &str) {
    let kind = match answer {
        "error" => "error",
        "bad format" => "bad format",
        _ => "ok",
    };
    *counts.entry(kind).or_default() += 1;
}

fn check_tally(counts: &HashMap<&'static str, usize>) {
    println!("{counts:?}");
    for kind in ["error", "bad format", "ok"] {
        assert!(counts.get(kind).is_some_and(|&count| count >= 3_000), "the cases are one-sided: {counts:?}");
    }
}

#[test]
fn plans_pack_what_struct_packs() {
    let mut random = Random(3);
    let mut cases = vec![];
    for _ in 0..90_000 {
        let Case { format, codes } = random_format(&mut random, true);
        let spoiled = random.chance(15);
        let mut samples: Vec<_> = codes.iter().map(|&code| random_fitting(&mut random, code)).collect();
        if spoiled {
            match random.below(8) {
                0 => _ = samples.pop(),
                1 => samples.push(random_sample(&mut random)),
                _ => {
                    let at = random.below(samples.len().max(1));
                    if let Some(sample) = samples.get_mut(at) {
                        *sample = random_sample(&mut random);
                    }
                }
            }
        }
        cases.push((format, codes, samples));
    }
    let questions = cases
        .iter()
        .map(|(format, _, samples)| {
            samples.iter().fold(format!("pack {}", hex(format)), |line, sample| line + " " + &text(sample.value()))
        })
        .collect();
    let Some(answers) = ask(questions) else { return };
    let mut counts = HashMap::new();
    for ((format, codes, samples), answer) in cases.iter().zip(&answers) {
        let shown = || format!("{:?} {samples:?}: Python says {answer}", format.escape_ascii().to_string());
        let ours = match compiled(format) {
            Err(error) => {
                assert_eq!(error.kind(), Some(ErrorKind::Value), "{}", shown());
                "bad format".into()
            }
            Ok(compiled) => compiled.pack(samples).unwrap_or_else(|error| {
                assert!(is_right_kind(&error, samples, codes), "{error:?} of {}", shown());
                "error".into()
            }),
        };
        assert_eq!(&ours, answer, "{}", shown());
        tally(&mut counts, answer);
    }
    check_tally(&counts);
}

#[test]
fn plans_unpack_what_struct_unpacks() {
    let mut random = Random(4);
    let cases: Vec<_> = (0..60_000)
        .map(|_| {
            let Case { format, .. } = random_format(&mut random, false);
            let size = compiled(&format).map_or(0, |compiled| compiled.counts.size);
            let length = match random.below(10) {
                0 => random.below(size + 1),
                1 => size + random.below(9),
                _ => size,
            };
            let mut item = random.bytes(length);
            // Bytes of few values, so that there are zeros, NaNs and infinities.
            if random.chance(30) {
                item.fill_with(|| random.pick(&[0, 0, 0xff, 0x7f, 0x7c, 0x80, 1, 0xf0]));
            }
            (format, item)
        })
        .collect();
    let questions = cases.iter().map(|(format, item)| format!("unpack {} {}", hex(format), hex(item))).collect();
    let Some(answers) = ask(questions) else { return };
    let mut counts = HashMap::new();
    for ((format, item), answer) in cases.iter().zip(&answers) {
        let ours = match compiled(format) {
            Err(_) => "bad format".into(),
            Ok(compiled) => compiled.unpack(item).unwrap_or("error".into()),
        };
        assert_eq!(&ours, answer, "{:?} {item:?}", format.escape_ascii().to_string());
        tally(&mut counts, answer);
    }
    check_tally(&counts);
}
