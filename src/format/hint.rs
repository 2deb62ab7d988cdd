//! Names of types that are no formats, and how PEP 3118 spells them: those of C and NumPy, and of NumPy's array interface.

use core::ffi::CStr;

use super::codes::Mode;

/// The types by their kind and their size in bytes, as `__array_interface__` names them.
const KINDS: [(u8, &[u8], &CStr); 16] = [
    (b'b', b"1", c"?"),
    (b'i', b"1", c"b"),
    (b'i', b"2", c"h"),
    (b'i', b"4", c"i"),
    (b'i', b"8", c"q"),
    (b'u', b"1", c"B"),
    (b'u', b"2", c"H"),
    (b'u', b"4", c"I"),
    (b'u', b"8", c"Q"),
    (b'f', b"2", c"e"),
    (b'f', b"4", c"f"),
    (b'f', b"8", c"d"),
    (b'f', b"16", c"g"),
    (b'c', b"8", c"Zf"),
    (b'c', b"16", c"Zd"),
    (b'c', b"32", c"Zg"),
];

/// Words, each followed by its size in bits or by nothing; C's are also followed by `_t`.
const WORDS: [(&[u8], &[u8], &CStr); 28] = [
    (b"bool", b"", c"?"),
    (b"bool", b"8", c"?"),
    (b"int", b"8", c"b"),
    (b"int", b"16", c"h"),
    (b"int", b"32", c"i"),
    (b"int", b"64", c"q"),
    (b"uint", b"8", c"B"),
    (b"uint", b"16", c"H"),
    (b"uint", b"32", c"I"),
    (b"uint", b"64", c"Q"),
    (b"float", b"", c"f"),
    (b"float", b"16", c"e"),
    (b"float", b"32", c"f"),
    (b"float", b"64", c"d"),
    (b"float", b"128", c"g"),
    (b"complex", b"", c"Zd"),
    (b"complex", b"64", c"Zf"),
    (b"complex", b"128", c"Zd"),
    (b"complex", b"256", c"Zg"),
    (b"half", b"", c"e"),
    (b"double", b"", c"d"),
    (b"char", b"", c"c"),
    (b"short", b"", c"h"),
    (b"long", b"", c"l"),
    (b"unsigned", b"", c"I"),
    (b"size", b"", c"N"),
    (b"ssize", b"", c"n"),
    (b"byte", b"", c"B"),
];

/// How the type is spelled that this text, which is no format, names in another way: its code.
#[cold]
pub(super) fn spelling(text: &[u8]) -> Option<&'static CStr> {
    let without_prefix = match text.split_first() {
        Some((b'|', rest)) => rest,
        Some((&first, rest)) if Mode::of_any_prefix(first).is_some() => rest,
        _ => text,
    };
    if let Some((kind, size)) = without_prefix.split_first() {
        if !size.is_empty() && size.iter().all(u8::is_ascii_digit) {
            match kind {
                b'S' => return Some(c"3s, with the length first"),
                b'U' => return Some(c"3w, with the length first"),
                b'V' => return Some(c"3x, with the length first"),
                _ => {}
            }
        }
        let known = KINDS.iter().find(|(known, bytes, _)| known == kind && *bytes == size);
        if let Some((_, _, code)) = known {
            return Some(code);
        }
    }
    let word = without_prefix.strip_suffix(b"_t").unwrap_or(without_prefix);
    let known = WORDS.iter().find(|(name, bits, _)| word.strip_prefix(*name) == Some(*bits));
    known.map(|&(_, _, code)| code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::size;

    #[test]
    fn names_are_told_from_formats() {
        for (name, code) in [
            (c"float32", c"f"),
            (c"<f4", c"f"),
            (c"|u1", c"B"),
            (c">i8", c"q"),
            (c"int64", c"q"),
            (c"uint8_t", c"B"),
            (c"size_t", c"N"),
            (c"complex128", c"Zd"),
            (c"=c16", c"Zd"),
            (c"double", c"d"),
            (c"<U10", c"3w, with the length first"),
            (c"|S5", c"3s, with the length first"),
            (c"S1", c"3s, with the length first"),
            (c"|V16", c"3x, with the length first"),
        ] {
            assert_eq!(spelling(name.to_bytes()), Some(code), "{name:?}");
            assert!(size(name).is_err(), "{name:?}");
        }
        for other in [c"", c"f3", c"i3", c"<", c"S", c"x4", c"int7", c"floaty", c"f4 ", c"W5", c"|", c"S5x"] {
            assert_eq!(spelling(other.to_bytes()), None, "{other:?}");
        }
    }

    #[test]
    fn what_is_proposed_has_the_size_that_is_named() {
        for (kind, bytes, code) in KINDS {
            let expected = core::str::from_utf8(bytes).ok().and_then(|digits| digits.parse().ok());
            // A long double may have fewer bytes.
            assert!(code.to_bytes().contains(&b'g') || size(code).ok() == expected, "{} {code:?}", kind as char);
        }
        for (word, bits, code) in WORDS {
            let expected: Option<isize> = core::str::from_utf8(bits).ok().and_then(|digits| digits.parse().ok());
            let bits = size(code).ok().map(|bytes| bytes.saturating_mul(8));
            assert!(
                expected.is_none_or(|expected| code.to_bytes().contains(&b'g') || bits == Some(expected)),
                "{word:?}"
            );
        }
    }
}
