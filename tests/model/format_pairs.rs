//! Pairs of formats by example, where their items are equal and where they are not: each kind of number with each other one, gaps,
//! values without a byte. What is compared how is the comparer's choice; that bytes are compared as such is asked here, too.

use std::ffi::CString;

use pybuffer::error::Error;
use pybuffer::format::{Comparer, CompiledFormat, Counts, Op, Value, compile, count_ops};

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

    fn packed(&self, values: &[Value<'_>]) -> Vec<u8> {
        let mut item = vec![0; self.counts.size];
        self.plan().pack(&mut item, values.iter().copied()).expect("they fit");
        item
    }
}

/// Whether two items are equal, in both directions; the comparer by values agrees where there is one.
fn equal(a: &str, x: &[u8], b: &str, y: &[u8]) -> bool {
    let (left, right) = (Compiled::of(a), Compiled::of(b));
    let comparer = Comparer::new(left.plan(), right.plan());
    let found = comparer.equal(x, y);
    assert_eq!(Comparer::new(right.plan(), left.plan()).equal(y, x), found, "{a} {x:?} {b} {y:?}");
    if let Some(mut by_values) = comparer.by_values() {
        assert_eq!(by_values.equal(x, y), found, "{a} {x:?} {b} {y:?}");
    }
    found
}

/// The bytes of the items, if they are equal exactly where those are.
fn bytewise(a: &str, b: &str) -> Option<usize> {
    let (left, right) = (Compiled::of(a), Compiled::of(b));
    Comparer::new(left.plan(), right.plan()).bytewise()
}

#[test]
fn each_kind_of_number_equals_each_other_one() {
    let mut formats: Vec<String> = "?bBhHiIlLqQnNefdPgFDG".chars().map(String::from).collect();
    for order in ["<", ">"] {
        formats.extend("bBhHiIqQefdFD".chars().map(|code| format!("{order}{code}")));
    }
    for a in &formats {
        for b in &formats {
            let packed = |format: &str, number| Compiled::of(format).packed(&[Value::Unsigned(number)]);
            let (zero, one) = (packed(a, 0), packed(a, 1));
            assert!(equal(a, &zero, b, &packed(b, 0)) && equal(a, &one, b, &packed(b, 1)), "{a} {b}");
            assert!(!equal(a, &zero, b, &packed(b, 1)) && !equal(a, &one, b, &packed(b, 0)), "{a} {b}");
        }
    }
}

#[test]
fn bytes_are_compared_where_they_are_the_values() {
    for (a, b, size) in [
        ("<4s", ">4s", Some(4)),
        ("<c3s", ">4c", None),
        ("<i", "<i", Some(4)),
        ("<i", ">i", None),
        ("<b", ">b", Some(1)),
        ("<i", "<I", None),
        ("<f", "<f", None),
        ("=ih", "=ih", Some(6)),
        ("=hxi", "=hxi", None),
        ("=ixx", "=ixx", None),
        ("=xi", "=xi", None),
        ("=2T{ih}", "=2T{ih}", Some(12)),
        ("=2T{ihx}", "=2T{ihx}", None),
        ("=2T{ih}x", "=2T{ih}x", None),
        ("=2T{ih}", "=ihih", None),
        ("=2T{3T{ih}}b", "=2T{3T{ih}}b", Some(37)),
        ("=3T{ih}2T{ih}", "=2T{ih}3T{ih}", None),
    ] {
        assert_eq!(bytewise(a, b), size, "{a} {b}");
    }
}

#[test]
fn gaps_do_not_count_and_all_values_do() {
    for format in ["=hxxi", "=hixx", "=xxhi", "=bhxxi", "=ixxs", "=4T{hx}", "=hT{xi}h"] {
        let compiled = Compiled::of(format);
        let item: Vec<u8> = (1..=compiled.counts.size).map(|at| at as u8).collect();
        let mut all = vec![];
        let mut keep = |value| {
            all.push(value);
            Ok(())
        };
        compiled.plan().unpack(&item, &mut keep).expect("it is large enough");
        let again = compiled.packed(&all);
        for (at, byte) in again.iter().enumerate() {
            let mut other = item.clone();
            other[at] ^= 0x40;
            assert_eq!(equal(format, &item, format, &other), *byte == 0, "byte {at} of {format}");
        }
    }
}

/// As many bytes and values, in as many rounds: but they pair up otherwise.
#[test]
fn values_pair_up_by_their_number() {
    for (a, b) in [
        ("=2T{ih0s}2T{ih}", "=2T{ih}2T{ih0s}"),
        ("=2T{ih}2T{ih0s}", "=2T{ih0s}2T{ih}"),
        ("=2T{ih0p}2T{hi}", "=2T{ih}2T{hi0p}"),
    ] {
        assert_eq!(bytewise(a, b), None, "{a} {b}");
        assert!(!equal(a, &[0; 24], b, &[0; 24]), "{a} {b}");
        assert!(equal(a, &[0; 24], a, &[0; 24]), "{a}");
    }
}

#[test]
fn strings_without_a_byte_are_compared_one_by_one() {
    // The second operand's strings are as long as their first byte says.
    for count in 1..4 {
        let (a, b) = (format!("({count})0p"), format!("({count})5p"));
        let mut item = vec![0; 5 * count];
        assert!(equal(&a, &[], &b, &item));
        for at in 0..count {
            item[5 * at] = 1;
            assert!(!equal(&a, &[], &b, &item), "string {at} of {count}");
            item[5 * at] = 0;
        }
        assert!(equal(&a, &[], &a, &[]));
    }
}

/// What comes after many values without a byte is compared, whatever the runs that they come in.
#[test]
fn what_follows_values_without_a_byte_counts() {
    for runs in [10, 15, 16, 17, 20, 31, 32, 33, 40, 200, 300] {
        let empty = "0s0t".repeat(runs);
        let (a, b) = (format!("={empty}i"), format!("={empty}q"));
        assert!(equal(&a, &7_i32.to_ne_bytes(), &b, &7_i64.to_ne_bytes()), "{runs}");
        assert!(!equal(&a, &7_i32.to_ne_bytes(), &b, &8_i64.to_ne_bytes()), "{runs}");
        let (a, b) = (format!("=i{empty}0s0si"), format!("=q{empty}0s0tq"));
        let zeros = [0; 16];
        assert!(!equal(&a, &zeros[..8], &b, &zeros), "{runs}");
        // One side ends in the middle of a run of the other.
        let (a, b) = (format!("={empty}(50)0s"), format!("={empty}(10)0s(40)1p"));
        let mut lengths = [0; 40];
        assert!(equal(&a, &[], &b, &lengths), "{runs}");
        lengths[39] = 1;
        // A `1p` has no room for a byte, so that its length does not count.
        assert!(equal(&a, &[], &b, &lengths), "{runs}");
        let b = format!("={empty}(10)0s(40)2p");
        let mut strings = [0; 80];
        assert!(equal(&a, &[], &b, &strings), "{runs}");
        strings[78] = 1;
        assert!(!equal(&a, &[], &b, &strings), "{runs}");
        // Loops of them.
        let (a, b) = (format!("={runs}T{{0s0t}}i"), format!("={empty}q"));
        assert!(equal(&a, &7_i32.to_ne_bytes(), &b, &7_i64.to_ne_bytes()), "{runs}");
        assert!(!equal(&a, &7_i32.to_ne_bytes(), &b, &8_i64.to_ne_bytes()), "{runs}");
    }
}

#[test]
fn values_are_refused_in_their_own_words() {
    let refused = |format: &str, value| {
        let compiled = Compiled::of(format);
        match compiled.plan().pack(&mut vec![0; compiled.counts.size], [value].into_iter()) {
            Err(Error::New { text, .. }) => text.to_str().expect("it is ASCII"),
            other => panic!("{format}: {other:?}"),
        }
    };
    for format in ["F", "D", "G", "<F", ">D"] {
        assert_eq!(refused(format, Value::Bytes(b"x")), "required argument is not a complex", "{format}");
        assert_eq!(refused(format, Value::CodePoint(5)), "required argument is not a complex", "{format}");
    }
    for format in ["e", "f", "d", "g"] {
        assert_eq!(refused(format, Value::Bytes(b"x")), "required argument is not a float", "{format}");
        assert_eq!(refused(format, Value::CodePoint(5)), "required argument is not a float", "{format}");
    }
}

/// Long doubles stay as they are, bit by bit, NaNs that signal among them.
#[test]
fn long_doubles_are_packed_as_they_are_unpacked() {
    let compiled = Compiled::of("g");
    let one = compiled.packed(&[Value::Float(1.0)]);
    for (byte, bit) in (0..one.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
        for base in [&one, &compiled.packed(&[Value::Float(f64::INFINITY)]), &compiled.packed(&[Value::Float(5e-324)])]
        {
            let mut item = base.clone();
            item[byte] ^= 1 << bit;
            let mut values = vec![];
            let mut keep = |value| {
                values.push(value);
                Ok(())
            };
            compiled.plan().unpack(&item, &mut keep).expect("it is large enough");
            let again = compiled.packed(&values);
            let mut twice = vec![];
            let mut keep = |value| {
                twice.push(value);
                Ok(())
            };
            compiled.plan().unpack(&again, &mut keep).expect("it is large enough");
            assert_eq!(format!("{twice:?}"), format!("{values:?}"), "{item:?}");
        }
    }
}

#[test]
fn formats_are_valid_up_to_each_limit() {
    let size = |format: &str| count_ops(&CString::new(format).expect("it has no NUL")).ok().map(|counts| counts.size);
    let most = isize::MAX.unsigned_abs();
    assert_eq!(size(&format!("{most}x")), Some(most));
    assert_eq!(size(&format!("{}xx", most - 1)), Some(most));
    assert_eq!(size(&format!("{}x", most + 1)), None);
    assert_eq!(size(&format!("{most}xx")), None);
    assert_eq!(size(&format!("T{{{most}x}}")), Some(most));
    assert_eq!(size(&format!("({})8t", most / 8)), Some(most / 8));
    assert_eq!(size(&format!("({most})1t")), Some(most / 8 + 1));
    assert_eq!(size(&format!("({most})1t1t")), None);
    let axes = |count| format!("({})B", vec!["1"; count].join(","));
    assert_eq!((size(&axes(64)), size(&axes(65))), (Some(1), None));
    // More values than can be counted, once or twice.
    let many = format!("({most})0s");
    assert_eq!((size(&many), size(&format!("{many}0s")), size(&format!("{many}{many}"))), (Some(0), None, None));
    assert_eq!(size(&format!("{many}{many}{many}")), None);
    assert_eq!([size("< i"), size("< "), size(" <  >i"), size("T{< i }")], [Some(4), Some(0), Some(4), Some(4)]);
    assert_eq!((size("0s"), size("0i"), size("0p"), size("3t")), (Some(0), Some(0), Some(0), Some(1)));
    for (format, values) in [("0s", 1), ("0p", 1), ("0u", 0), ("0w", 0), ("0i", 0), ("(0)s", 0)] {
        let counts = count_ops(&CString::new(format).expect("it has no NUL")).expect("it is valid");
        assert_eq!(counts.values, values, "{format}");
    }
}
