//! Which fields formats have, how those of two pair up, and which way leads from one format to another.

use core::ffi::CStr;

use super::super::compile::compile;
use super::*;

/// Offset, bytes and number of the elements of each field, those of repeated records within them.
fn shape_of(fields: Fields<'_>) -> std::vec::Vec<(usize, usize, usize)> {
    let mut shape = std::vec![];
    for Field { offset, part } in fields {
        match part {
            Part::Elements(elements) => shape.push((offset, elements.size, elements.count)),
            Part::Records { count, size, fields } => {
                shape.push((offset, size, count));
                shape.extend(shape_of(fields));
            }
        }
    }
    shape
}

#[test]
fn records_of_numbers_have_fields() {
    let asked = |format: &CStr| {
        let mut ops = [Op::default(); 8];
        let counts = compile(format, &mut ops).ok()?;
        let fields = CompiledFormat::new(&ops, counts).fields_of_numbers()?;
        assert_eq!(fields.values(), counts.values, "{format:?}");
        Some((shape_of(fields), fields.fill(counts.size)))
    };
    assert_eq!(asked(c"<ihd"), Some((std::vec![(0, 4, 1), (4, 2, 1), (6, 8, 1)], true)));
    assert_eq!(asked(c"@ihd"), Some((std::vec![(0, 4, 1), (4, 2, 1), (8, 8, 1)], false)));
    assert_eq!(asked(c"<Bx?"), Some((std::vec![(0, 1, 1), (2, 1, 1)], false)));
    assert_eq!(asked(c"<?2x"), Some((std::vec![(0, 1, 1)], false)));
    let nested = std::vec![(0, 1, 1), (1, 10, 2), (0, 2, 1), (2, 4, 2), (0, 1, 1), (1, 1, 3)];
    assert_eq!(asked(c"<B2T{h2T{b3B}}"), Some((nested.clone(), true)));
    assert_eq!(asked(c"<B2T{h2T{b3?}}x"), Some((nested, false)));
    assert_eq!(
        asked(c"<B2T{e2T{bxBx}}"),
        Some((std::vec![(0, 1, 1), (1, 10, 2), (0, 2, 1), (2, 4, 2), (0, 1, 1), (2, 1, 1)], false))
    );
    let nested = |depth: usize| std::format!("<{}bh{}", "2T{".repeat(depth), "}".repeat(depth));
    let deep = |depth: usize| {
        let format = std::ffi::CString::new(nested(depth)).unwrap_or_default();
        let mut ops = [Op::default(); 16];
        let counts = compile(&format, &mut ops).ok()?;
        CompiledFormat::new(&ops, counts).fields_of_numbers().map(Fields::values)
    };
    assert_eq!((deep(NESTED), deep(NESTED + 1)), (Some(2 << NESTED), None));
    for format in [c"<ig", c"<hs", c"<i3t", c"<hZd", c"<B2T{hc}", c"<h&i", c"<hO"] {
        assert_eq!(asked(format), None, "{format:?}");
    }
}

/// What `ask` makes of two formats.
fn with<R>(formats: [&str; 2], ask: impl FnOnce(CompiledFormat<'_>, CompiledFormat<'_>) -> R) -> R {
    let mut ops = [[Op::default(); 128]; 2];
    let [a, b] = formats.map(|format| std::ffi::CString::new(format).unwrap_or_default());
    let [of_a, of_b] = &mut ops;
    let compiled = [compile(&a, of_a), compile(&b, of_b)];
    assert!(compiled.iter().all(Result::is_ok), "{formats:?}");
    let [counts_a, counts_b] = compiled.map(Result::unwrap_or_default);
    assert_eq!(counts_a.values, counts_b.values, "{formats:?}");
    ask(CompiledFormat::new(of_a, counts_a), CompiledFormat::new(of_b, counts_b))
}

/// The way from one format to another, or the text of the error.
fn way(a: &str, b: &str) -> core::result::Result<Conversions, &'static CStr> {
    let found = with([a, b], |a, b| Conversions::new([a.fields(), b.fields()], [a.counts().size, b.counts().size]));
    found.map_err(|error| match error {
        Error::New { text, .. } => text,
        _ => c"",
    })
}

/// Records in records that nest so deep, and the same numbers without them, one by one.
fn nested(depth: usize) -> [std::string::String; 2] {
    let (mut records, mut flat) = (std::string::String::from("bi"), std::string::String::from("bi"));
    for level in 0..depth {
        let head = if level + 1 == depth { "" } else { "b" };
        records = std::format!("{head}2T{{{records}}}");
        flat = std::format!("{head}{flat}{flat}");
    }
    [std::format!("<{records}"), std::format!("<{flat}")]
}

#[test]
fn each_pair_of_formats_has_the_simplest_way() {
    const BYTES: Conversions = Conversions::Bytes;
    const NUMBERS: Conversions = Conversions::Numbers;
    let values = |always| Conversions::Values { always };
    for (a, b, found) in [
        ("<i", "<i", BYTES),
        ("<ih3s", "<ih3s", BYTES),
        ("<2T{ih}", "<ihih", BYTES),
        ("<g", "<g", BYTES),
        ("<i", ">i", NUMBERS),
        ("<i", "<d", NUMBERS),
        ("<ih", "<ihx", NUMBERS),
        ("<hi", "<hxi", NUMBERS),
        ("<ixh", "<ixh", NUMBERS),
        ("<bxi", "<xbi", NUMBERS),
        ("<2T{ih}", "<2T{ihx}", NUMBERS),
        ("<2T{ih}", "<2T{dd}", NUMBERS),
        ("<2T{bi}2T{hb}", "<bibihbhb", BYTES),
        ("<2T{bi}2T{hb}", "<bibihbhh", NUMBERS),
        ("3u", "3w", NUMBERS),
        ("<3w", ">3w", NUMBERS),
        ("<2d", "<2f", NUMBERS),
        ("<Zd", "<Zf", NUMBERS),
        ("<3s", "<3s", BYTES),
        ("g", "d", values(true)),
        ("g", "i", values(false)),
        ("gg", "df", values(true)),
        ("gg", "di", values(false)),
        ("gi", "dd", values(false)),
        ("<d", "<Zd", values(true)),
        ("<3t", "<i", values(false)),
    ] {
        assert_eq!(way(a, b), Ok(found), "{a} to {b}");
    }
    let other = Err(c"bytes can only be converted to bytes of the same kind and length");
    for (a, b) in [("3s", "4s"), ("3p", "4p"), ("3s", "3p"), ("3p", "3s")] {
        assert_eq!(way(a, b), other, "{a} to {b}");
    }
    let text = Err(c"the format contains text, which is not a number");
    for (a, b) in [("u", "h"), ("h", "u"), ("w", "i")] {
        assert_eq!(way(a, b), text, "{a} to {b}");
    }
    assert_eq!(way("3s", "b"), Err(c"the format contains bytes, which are not numbers"));
    assert_eq!(way("Zd", "d"), Err(c"the format contains complex numbers, which are not real numbers"));

    // As deep as records are taken apart, on either side.
    for (depth, found) in [(1, BYTES), (APART, BYTES), (APART + 1, values(false))] {
        let [records, flat] = nested(depth);
        assert_eq!((way(&records, &flat), way(&flat, &records)), (Ok(found), Ok(found)), "{records}");
    }
}

/// Where the fields that pair up start, and how many elements or records there are.
fn pairs(a: &str, b: &str) -> std::vec::Vec<(usize, usize, char, usize)> {
    with([a, b], |a, b| {
        let each = Joint::new([a.fields(), b.fields()]).map(|JointField { offsets: [a, b], parts }| match parts {
            JointParts::Elements([elements, _]) => (a, b, 'e', elements.count),
            JointParts::Records { count, .. } => (a, b, 'r', count),
        });
        each.collect()
    })
}

#[test]
fn fields_pair_up_run_by_run() {
    let of = |all: &[(usize, usize, char, usize)]| all.to_vec();
    assert_eq!(pairs("<3i2h", "<2i3h"), of(&[(0, 0, 'e', 2), (8, 8, 'e', 1), (12, 10, 'e', 2)]));
    // Elements are records where they are as many.
    assert_eq!(pairs("<3T{2h}", "<6i"), of(&[(0, 0, 'r', 3)]));
    assert_eq!(pairs("<6i", "<3T{2h}"), of(&[(0, 0, 'r', 3)]));
    assert_eq!(pairs("<2T{bi}", "<b3i"), of(&[(0, 0, 'e', 1), (1, 1, 'e', 1), (5, 5, 'r', 1)]));
    assert_eq!(pairs("<b3i", "<2T{bi}"), of(&[(0, 0, 'e', 1), (1, 1, 'e', 1), (5, 5, 'r', 1)]));
    // The larger records are taken apart.
    assert_eq!(pairs("<2T{b2T{hi}}", "<b2T{hi}b2T{hi}").len(), 4);
    assert_eq!(pairs("<b2T{hi}b2T{hi}", "<2T{b2T{hi}}").len(), 4);
    assert_eq!(pairs("<2T{2T{hi}x}", "<4T{hi}"), of(&[(0, 0, 'r', 2), (13, 12, 'r', 2)]));
    assert_eq!(pairs("<4T{hi}", "<2T{2T{hi}x}"), of(&[(0, 0, 'r', 2), (12, 13, 'r', 2)]));
}

#[test]
fn items_that_are_numbers_alone_are_known() {
    let counts = |a, b| with([a, b], |a, b| a.numbers_with(&b).map(|[a, b]| (a.count, b.count)));
    assert_eq!(counts("<2i", "<2d"), Some((2, 2)));
    assert_eq!(counts("<2i", "<id"), None);
    assert_eq!(counts("3u", "3w"), Some((3, 3)));
    assert_eq!(counts("3ux", "3w"), None);
    assert_eq!(counts("3u", "3wx"), None);
    assert_eq!(counts("x3u", "3w"), None);
    assert_eq!(counts("<Zd", "<Zf"), Some((2, 2)));
    assert_eq!(counts("<Zd", "<d"), None);
}
