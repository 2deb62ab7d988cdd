//! The extension type `arrow.fixed_shape_tensor`: lists whose items are arrays of several axes, which its metadata names.

use core::ffi::c_char;

use crate::error::{Error, Result};
use crate::layout::items_of;

use super::super::text::Text;

const NAME: &[u8] = b"ARROW:extension:name";
const TENSOR: &[u8] = b"arrow.fixed_shape_tensor";
const METADATA: &[u8] = b"ARROW:extension:metadata";

/// Room for the metadata of a tensor: 63 axes of 19 digits.
pub(super) const ROOM: usize = 1536;

/// The metadata of a list that is an array of this shape.
pub(super) fn metadata(shape: &[isize]) -> Text<ROOM> {
    let mut json = Text::<ROOM>::of(b"{\"shape\":[");
    for (axis, items) in shape.iter().enumerate() {
        json.push(if axis == 0 { b"" } else { b"," });
        json.push_number(items.unsigned_abs());
    }
    json.push(b"]}");
    let mut text = Text::EMPTY;
    let count = |text: &mut Text<ROOM>, count: usize| text.push(&(count as i32).to_ne_bytes());
    count(&mut text, 2);
    for part in [NAME, TENSOR, METADATA, json.bytes()] {
        count(&mut text, part.len());
        text.push(part);
    }
    text
}

/// The values of some metadata, by their keys.
struct Entries {
    at: *const u8,
    left: i32,
}

impl Entries {
    /// # Safety
    /// P1: `at` has a number.
    unsafe fn number(&mut self) -> Result<i32> {
        // SAFETY: P1.
        unsafe {
            let number: i32 = self.at.cast::<i32>().read_unaligned();
            self.at = self.at.add(size_of::<i32>());
            if number < 0 { Err(Error::value(c"Arrow: the metadata has a negative count")) } else { Ok(number) }
        }
    }

    /// # Safety
    /// P1: `at` has counted bytes.
    unsafe fn bytes<'a>(&mut self) -> Result<&'a [u8]> {
        // SAFETY: P1.
        unsafe {
            let length = self.number()?.unsigned_abs() as usize;
            let bytes = core::slice::from_raw_parts(self.at, length);
            self.at = self.at.add(length);
            Ok(bytes)
        }
    }
}

/// The axes that the metadata of lists of `size` items gives them: their number, in `shape`; `None` where they have no
/// metadata, or that of another type. The order of the axes (`permutation`) is that of memory.
///
/// # Safety
/// P1: NULL, or metadata.
pub(super) unsafe fn shape_of(metadata: *const c_char, size: usize, shape: &mut [isize]) -> Result<Option<usize>> {
    if metadata.is_null() {
        return Ok(None);
    }
    let (mut is_tensor, mut json) = (false, None);
    let mut entries = Entries { at: metadata.cast(), left: 0 };
    // SAFETY: P1.
    unsafe {
        entries.left = entries.number()?;
        while entries.left > 0 {
            let (key, value) = (entries.bytes()?, entries.bytes()?);
            is_tensor |= key == NAME && value == TENSOR;
            json = if key == METADATA { Some(value) } else { json };
            entries.left -= 1;
        }
    }
    if !is_tensor {
        return Ok(None);
    }
    let invalid = Error::value(c"Arrow: the metadata of the tensors has no shape that fits their size");
    let ndim = json.and_then(|json| Json(json).shape(shape)).ok_or(invalid)?;
    let items = shape.get(..ndim).and_then(items_of);
    if items == Some(size.cast_signed()) { Ok(Some(ndim)) } else { Err(invalid) }
}

/// What is left of a JSON text. Each function returns `None` where the text is not what it reads.
struct Json<'a>(&'a [u8]);

impl Json<'_> {
    fn skip_spaces(&mut self) {
        while let Some((b' ' | b'\t' | b'\n' | b'\r', rest)) = self.0.split_first() {
            self.0 = rest;
        }
    }

    /// Reads this character, after spaces, if it is there.
    fn takes(&mut self, character: u8) -> bool {
        self.skip_spaces();
        match self.0.split_first() {
            Some((&first, rest)) if first == character => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn require(&mut self, character: u8) -> Option<()> {
        self.takes(character).then_some(())
    }

    /// Reads a string, whose escapes are left as they are.
    fn string(&mut self) -> Option<&[u8]> {
        self.require(b'"')?;
        let mut is_escaped = false;
        let end = self.0.iter().position(|&byte| {
            let is_end = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            is_end
        })?;
        let (string, rest) = self.0.split_at_checked(end)?;
        self.0 = rest.get(1..)?;
        Some(string)
    }

    fn number(&mut self) -> Option<isize> {
        self.skip_spaces();
        let end = self.0.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        core::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// Reads any value. Brackets need only be as many.
    fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.skip_spaces();
            match *self.0.first()? {
                b'"' => drop(self.string()?),
                b',' | b'}' | b']' if depth == 0 => return Some(()),
                byte => {
                    match byte {
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    self.0 = self.0.get(1..)?;
                }
            }
        }
    }

    /// Reads an object; the numbers of its member `shape`, of which there is room for so many. Returns how many there are.
    fn shape(mut self, shape: &mut [isize]) -> Option<usize> {
        let mut found = None;
        self.require(b'{')?;
        while !self.takes(b'}') {
            let is_shape = self.string()? == b"shape";
            self.require(b':')?;
            if is_shape {
                found = Some(self.numbers(shape)?);
            } else {
                self.skip_value()?;
            }
            if !self.takes(b',') {
                self.require(b'}')?;
                break;
            }
        }
        found
    }

    fn numbers(&mut self, to: &mut [isize]) -> Option<usize> {
        let mut count = 0;
        self.require(b'[')?;
        while !self.takes(b']') {
            *to.get_mut(count)? = self.number()?;
            count += 1;
            if !self.takes(b',') {
                self.require(b']')?;
                break;
            }
        }
        Some(count)
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::vec;
    use std::vec::Vec;

    use super::*;
    use crate::layout::MAX_NDIM;

    fn read(json: &str) -> Option<Vec<isize>> {
        let mut shape = [0; MAX_NDIM];
        let ndim = Json(json.as_bytes()).shape(&mut shape)?;
        Some(shape.get(..ndim)?.to_vec())
    }

    #[test]
    fn shapes_are_read_from_json() {
        assert_eq!(read(r#"{"shape":[2,3]}"#), Some(vec![2, 3]));
        assert_eq!(read(r#" { "shape" : [ 2 , 30 ] } "#), Some(vec![2, 30]));
        let all = r#"{"dim_names":["C\"]","}"],"permutation":[1,0],"x":{"shape":[7]},"shape":[4,5],"y":null}"#;
        assert_eq!(read(all), Some(vec![4, 5]));
        assert_eq!(read(r#"{"shape":[]}"#), Some(vec![]));
    }

    #[test]
    fn what_is_no_shape_is_refused() {
        for json in
            ["", "{", "{}", "[2]", r#"{"shape":2}"#, r#"{"shape":[-2]}"#, r#"{"shape":[2.5]}"#, r#"{"shape":[2"#]
        {
            assert_eq!(read(json), None, "{json}");
        }
        for json in [r#"{"shape":[99999999999999999999]}"#, r#"{"shape"}"#, r#"{"shape:[2]}"#, r#"{"a":"#, r#"{"a":"\"#]
        {
            assert_eq!(read(json), None, "{json}");
        }
        let many = format!("{{\"shape\":[{}1]}}", "1,".repeat(MAX_NDIM));
        assert_eq!(read(&many), None);
    }

    #[test]
    fn metadata_is_read_back() {
        let most = [isize::MAX; 63];
        for shape in [&[2, 3][..], &[1, 0, 7], &most] {
            let written = metadata(shape);
            assert!(written.bytes().ends_with(b"]}"), "it has no room");
            let mut read = [0; MAX_NDIM];
            let size = items_of(shape).unwrap_or(0).unsigned_abs();
            // SAFETY: metadata.
            let ndim = unsafe { shape_of(written.bytes().as_ptr().cast(), size, &mut read) };
            if items_of(shape).is_some() {
                assert_eq!(ndim, Ok(Some(shape.len())));
                assert_eq!(read.get(..shape.len()), Some(shape));
            } else {
                assert!(ndim.is_err());
            }
        }
    }
}
