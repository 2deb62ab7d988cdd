//! The reports of the checker of exporters: the requests by name, and each rule once, in words.

use core::ffi::{CStr, c_char, c_int, c_void};

use crate::abi::buffer as c;
use crate::abi::exporting::{pybuffer_find, pybuffer_finding, pybuffer_report};
use crate::error::{Argument, Error};
use crate::runtime::indicator;
use crate::runtime::message::{self, MessageWriter};

/// What a request asks of the memory, from the least to the most demanding; the last three ask for the same.
pub(super) const STRUCTURES: [(c_int, &CStr); 7] = [
    (c::PyBUF_INDIRECT, c"PyBUF_INDIRECT"),
    (c::PyBUF_STRIDES, c"PyBUF_STRIDES"),
    (c::PyBUF_ANY_CONTIGUOUS, c"PyBUF_ANY_CONTIGUOUS"),
    (c::PyBUF_F_CONTIGUOUS, c"PyBUF_F_CONTIGUOUS"),
    (c::PyBUF_C_CONTIGUOUS, c"PyBUF_C_CONTIGUOUS"),
    (c::PyBUF_ND, c"PyBUF_ND"),
    (c::PyBUF_SIMPLE, c"PyBUF_SIMPLE"),
];

/// The flags that are combined with each of them.
pub(super) const WITH: [(c_int, &CStr); 4] = [
    (c::PyBUF_FORMAT, c"PyBUF_FORMAT"),
    (0, c""),
    (c::PyBUF_WRITABLE | c::PyBUF_FORMAT, c"PyBUF_WRITABLE|PyBUF_FORMAT"),
    (c::PyBUF_WRITABLE, c"PyBUF_WRITABLE"),
];

/// A field of a view.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Buf,
    Len,
    Itemsize,
    Readonly,
    Ndim,
    Format,
    Shape,
    Strides,
    Suboffsets,
}

impl Field {
    /// Its name.
    pub(super) const fn name(self) -> Argument {
        Argument::Text(self.text().as_ptr())
    }

    const fn text(self) -> &'static CStr {
        match self {
            Self::Buf => c"buf",
            Self::Len => c"len",
            Self::Itemsize => c"itemsize",
            Self::Readonly => c"readonly",
            Self::Ndim => c"ndim",
            Self::Format => c"format",
            Self::Shape => c"shape",
            Self::Strides => c"strides",
            Self::Suboffsets => c"suboffsets",
        }
    }
}

/// A rule of the protocol.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// `bf_getbuffer` returns 0 or -1.
    Status,
    /// A failure comes with an error.
    Silence,
    /// The error is a `BufferError`.
    ForeignError,
    /// `obj` is NULL after a failure.
    ObjOfFailure,
    /// No error is pending after a success.
    ErrorOfSuccess,
    /// `obj` is not NULL after a success.
    Obj,
    /// `obj` is a new reference.
    Reference,
    /// No error is pending after a release.
    ErrorOfRelease,
    /// No reference is left at the end.
    Leak,
    /// No reference is dropped too often.
    Drop,
    /// `ndim` is 0 to 64.
    Ndim,
    /// `itemsize` is not negative.
    Itemsize,
    /// `len` is not negative.
    Len,
    /// `buf` is not NULL where `len` is not 0.
    Buf,
    /// No entry of `shape` is negative.
    Shape,
    /// `len` is `product(shape) * itemsize`.
    Product,
    /// `format` is valid.
    Format,
    /// `format` describes items of `itemsize` bytes.
    FormatSize,
    /// The answer to `PyBUF_WRITABLE` may be written.
    Readonly,
    /// The memory is contiguous where that was asked for.
    Contiguous,
    /// A consumer that asks for no suboffsets does not need them.
    Pointers,
    /// Suboffsets that are all negative are NULL.
    Suboffsets,
    /// A request that can be answered is not refused.
    Refused,
    /// Some request is answered.
    NothingAnswered,
    /// The same request has the same outcome twice.
    Outcome,
    /// Every field is set.
    Unset(Field),
    /// Every field that was asked for is present.
    Missing(Field),
    /// Every field that was not asked for is NULL.
    Unasked(Field),
    /// A field is the same in all answers.
    Differs(Field),
}

/// What a finding says of a rule besides the message: its name, to which that of the field is added; how severe it is to break it;
/// what a consumer expects; where it is written.
struct Words {
    name: &'static CStr,
    field: Option<Field>,
    severity: &'static CStr,
    expected: &'static CStr,
    source: &'static CStr,
}

const WRONG_BYTES: &CStr = c"wrong-bytes";
const CRASH: &CStr = c"crash";
const PROTOCOL: &CStr = c"protocol";
const COSMETIC: &CStr = c"cosmetic";

const GETBUFFER: &CStr = c"Python/C API, Type Objects, bf_getbuffer";
const RELEASEBUFFER: &CStr = c"Python/C API, Type Objects, bf_releasebuffer";
const STRUCT: &CStr = c"Python/C API, Buffer Protocol, Buffer structure";
const REQUESTS: &CStr = c"Python/C API, Buffer Protocol, Buffer request types";
const INDEPENDENT: &CStr = c"Python/C API, Buffer Protocol, request-independent fields";
const ARRAYS: &CStr = c"Python/C API, Buffer Protocol, shape, strides, suboffsets";
const CONTIGUITY: &CStr = c"Python/C API, Buffer Protocol, contiguity requests";
const COMPLEX_ARRAYS: &CStr = c"Python/C API, Buffer Protocol, Complex arrays";
const SYNTAX: &CStr = c"PEP 3118, Additions to the struct string-syntax";
const EXPORTING: &CStr = c"PEP 3118, Exporting";

impl Rule {
    const fn words(self) -> Words {
        let (name, field, severity, expected, source) = match self {
            Self::Status => (c"status", None, PROTOCOL, c"bf_getbuffer returns 0 or -1", GETBUFFER),
            Self::Silence => (c"failure-without-error", None, PROTOCOL, c"a failure raises BufferError", GETBUFFER),
            Self::ForeignError => (c"other-error", None, PROTOCOL, c"a refused request raises BufferError", GETBUFFER),
            Self::ObjOfFailure => (c"obj-after-failure", None, PROTOCOL, c"obj is NULL after a failure", GETBUFFER),
            Self::ErrorOfSuccess => {
                (c"error-after-success", None, PROTOCOL, c"no exception is pending after a success", GETBUFFER)
            }
            Self::Obj => (c"obj", None, CRASH, c"obj is the exporter, which the view keeps alive", GETBUFFER),
            Self::Reference => (c"obj-reference", None, CRASH, c"obj is a new reference", GETBUFFER),
            Self::ErrorOfRelease => {
                (c"error-after-release", None, PROTOCOL, c"no exception is pending after a release", RELEASEBUFFER)
            }
            Self::Leak => (c"leak", None, PROTOCOL, c"no reference is left after the release", RELEASEBUFFER),
            Self::Drop => (
                c"reference-dropped",
                None,
                CRASH,
                c"the release does not drop obj, which PyBuffer_Release does",
                RELEASEBUFFER,
            ),
            Self::Ndim => (c"ndim", None, CRASH, c"ndim is 0 to 64", STRUCT),
            Self::Itemsize => (c"itemsize", None, CRASH, c"itemsize is not negative", STRUCT),
            Self::Len => (c"len", None, CRASH, c"len is not negative", STRUCT),
            Self::Buf => (c"buf", None, CRASH, c"buf points to the memory", STRUCT),
            Self::Shape => (c"shape", None, CRASH, c"no entry of shape is negative", STRUCT),
            Self::Product => (c"len-of-shape", None, WRONG_BYTES, c"len is product(shape) * itemsize", STRUCT),
            Self::Format => (c"format", None, PROTOCOL, c"format is in the syntax of PEP 3118", SYNTAX),
            Self::FormatSize => {
                (c"format-itemsize", None, WRONG_BYTES, c"itemsize is the size that format describes", STRUCT)
            }
            Self::Readonly => (c"writable", None, CRASH, c"writable memory, or BufferError", REQUESTS),
            Self::Contiguous => (c"contiguous", None, WRONG_BYTES, c"contiguous memory, or BufferError", CONTIGUITY),
            Self::Pointers => {
                (c"suboffsets-needed", None, WRONG_BYTES, c"memory without suboffsets, or BufferError", COMPLEX_ARRAYS)
            }
            Self::Suboffsets => (
                c"suboffsets-negative",
                None,
                COSMETIC,
                c"suboffsets is NULL where all of them are negative",
                COMPLEX_ARRAYS,
            ),
            Self::Refused => (
                c"refused",
                None,
                PROTOCOL,
                c"an answer, since a request that is at least as strict is answered",
                REQUESTS,
            ),
            Self::NothingAnswered => (c"nothing-answered", None, PROTOCOL, c"some request is answered", EXPORTING),
            Self::Outcome => (c"outcome", None, PROTOCOL, c"the same outcome when asked again", EXPORTING),
            Self::Unset(field) => (c"unset", Some(field), CRASH, c"every field is set", GETBUFFER),
            Self::Missing(field @ Field::Format) => {
                (c"missing", Some(field), WRONG_BYTES, c"format, unless the items are bytes", REQUESTS)
            }
            Self::Missing(field) => (c"missing", Some(field), CRASH, c"a field that was asked for is there", REQUESTS),
            Self::Unasked(field) => {
                (c"unasked", Some(field), COSMETIC, c"NULL for a field that was not asked for", REQUESTS)
            }
            Self::Differs(field @ (Field::Readonly | Field::Buf)) => {
                (c"differs", Some(field), PROTOCOL, c"the same in the answers to all requests", INDEPENDENT)
            }
            Self::Differs(field @ (Field::Len | Field::Itemsize | Field::Ndim)) => {
                (c"differs", Some(field), WRONG_BYTES, c"the same in the answers to all requests", INDEPENDENT)
            }
            Self::Differs(field) => {
                (c"differs", Some(field), WRONG_BYTES, c"the same in the answers to all requests", ARRAYS)
            }
        };
        Words { name, field, severity, expected, source }
    }

    /// The bit of the rule; rules about fields have a bit for each field.
    const fn bit(self) -> u128 {
        let number = match self {
            Self::Status => 0,
            Self::Silence => 1,
            Self::ForeignError => 2,
            Self::ObjOfFailure => 3,
            Self::ErrorOfSuccess => 4,
            Self::Obj => 5,
            Self::Reference => 6,
            Self::ErrorOfRelease => 7,
            Self::Leak => 8,
            Self::Drop => 24,
            Self::Ndim => 9,
            Self::Itemsize => 10,
            Self::Len => 11,
            Self::Buf => 12,
            Self::Shape => 13,
            Self::Product => 14,
            Self::Format => 15,
            Self::FormatSize => 16,
            Self::Readonly => 17,
            Self::Contiguous => 18,
            Self::Pointers => 19,
            Self::Suboffsets => 20,
            Self::Refused => 21,
            Self::NothingAnswered => 22,
            Self::Outcome => 23,
            Self::Unset(field) => 32 + field as u32,
            Self::Missing(field) => 48 + field as u32,
            Self::Unasked(field) => 64 + field as u32,
            Self::Differs(field) => 80 + field as u32,
        };
        1u128 << number
    }
}

/// A C string that is truncated when it is full.
pub(super) struct CutText<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> CutText<N> {
    /// No text yet.
    const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    /// Adds what `write` writes.
    fn add(&mut self, write: impl FnOnce(&mut MessageWriter)) {
        // The last byte stays 0.
        let room = self.bytes.get_mut(self.length..N - 1).unwrap_or_default();
        let length = room.len();
        // SAFETY: as many bytes as the rest of the array has.
        let mut sink = unsafe { MessageWriter::write(room.as_mut_ptr(), length) };
        write(&mut sink);
        self.length = self.length.saturating_add(sink.length.min(length));
    }

    /// As an argument of a message, for as long as this value lives.
    pub(super) fn argument(&self) -> Argument {
        Argument::Text(self.as_ptr())
    }

    /// As a C string, for as long as this value lives.
    const fn as_ptr(&self) -> *const c_char {
        self.bytes.as_ptr().cast()
    }
}

/// The names of the flags of a request.
pub(super) fn names(flags: c_int) -> CutText<80> {
    let mut text = CutText::new();
    for (structure, name) in STRUCTURES {
        for (with, more) in WITH {
            if structure | with == flags {
                text.add(|out| match (structure, with) {
                    (_, 0) => out.push(name.to_bytes()),
                    (c::PyBUF_SIMPLE, _) => out.push(more.to_bytes()),
                    _ => {
                        out.push(name.to_bytes());
                        out.push(b"|");
                        out.push(more.to_bytes());
                    }
                });
            }
        }
    }
    text
}

/// The function that is told of broken rules, if any.
#[derive(Clone, Copy)]
pub(crate) enum Listener {
    /// Of each rule its message.
    Report(pybuffer_report),
    /// All that there is to say.
    Find(pybuffer_find),
}

/// Counts broken rules, and reports each once.
pub(super) struct Reporter {
    listener: Listener,
    context: *mut c_void,
    broken: u128,
    /// The end of a message about one answer.
    pub(super) situation: &'static CStr,
}

impl Reporter {
    /// # Safety
    /// The function may be called with this context.
    pub(super) const unsafe fn new(listener: Listener, context: *mut c_void) -> Self {
        Self { listener, context, broken: 0, situation: c"" }
    }

    /// The number of rules that are broken.
    pub(super) const fn count(&self) -> u32 {
        self.broken.count_ones()
    }

    /// Whether this rule is broken.
    pub(super) const fn is_broken(&self, rule: Rule) -> bool {
        self.broken & rule.bit() != 0
    }

    /// Reports that the answer to the request with these flags breaks the rule.
    ///
    /// # Safety
    /// The arguments fit the codes of the text (`message::render`).
    pub(super) unsafe fn broken(&mut self, rule: Rule, flags: c_int, text: &CStr, arguments: &[Argument]) {
        // SAFETY: the caller's arguments fit the text.
        unsafe { self.tell(rule, Some(flags), text, arguments, None) };
    }

    /// As [`broken`](Self::broken), followed by the text of an error.
    ///
    /// # Safety
    /// As [`Self::broken`]; the error's text fits its own arguments.
    pub(super) unsafe fn broken_for(
        &mut self,
        rule: Rule,
        flags: c_int,
        text: &CStr,
        arguments: &[Argument],
        reason: Error,
    ) {
        // SAFETY: the caller's arguments fit the text, and the error's fit its own.
        unsafe { self.tell(rule, Some(flags), text, arguments, Some(reason)) };
    }

    /// Reports that the answers as a whole break the rule.
    pub(super) fn broken_by_all(&mut self, rule: Rule, text: &CStr) {
        // SAFETY: no codes, no arguments.
        unsafe { self.tell(rule, None, text, &[], None) };
    }

    /// # Safety
    /// As [`Self::broken_for`].
    unsafe fn tell(
        &mut self,
        rule: Rule,
        flags: Option<c_int>,
        text: &CStr,
        arguments: &[Argument],
        reason: Option<Error>,
    ) {
        if self.is_broken(rule) {
            return;
        }
        self.broken |= rule.bit();
        if matches!(self.listener, Listener::Report(None) | Listener::Find(None)) {
            return;
        }
        let request = flags.map_or(CutText::new(), names);
        let mut line = CutText::<600>::new();
        if flags.is_some() {
            // SAFETY: a C string for `%s`.
            line.add(|out| unsafe { message::render(c"%s: ", &mut [request.argument()].iter(), out) }.unwrap_or(()));
        }
        // SAFETY: the caller's arguments fit the text.
        line.add(|out| unsafe { message::render(text, &mut arguments.iter(), out) }.unwrap_or(()));
        if let Some(Error::New { text, arguments, .. }) = reason {
            line.add(|out| out.push(b": "));
            // SAFETY: an error is made with arguments that fit its text (`Error::with`).
            line.add(|out| unsafe { message::render(text, &mut arguments.iter(), out) }.unwrap_or(()));
        }
        if flags.is_some() {
            line.add(|out| out.push(self.situation.to_bytes()));
        }
        let flags = flags.unwrap_or(-1);
        // SAFETY: the contract of `new`; C strings that live until the function returns.
        indicator::quietly(|| unsafe {
            match self.listener {
                Listener::Report(Some(report)) => report(self.context, flags, line.as_ptr()),
                Listener::Find(Some(find)) => {
                    let words = rule.words();
                    let mut name = CutText::<40>::new();
                    name.add(|out| out.push(words.name.to_bytes()));
                    if let Some(field) = words.field {
                        name.add(|out| out.push(b"-"));
                        name.add(|out| out.push(field.text().to_bytes()));
                    }
                    let finding = pybuffer_finding {
                        rule: name.as_ptr(),
                        severity: words.severity.as_ptr(),
                        flags,
                        request: request.as_ptr(),
                        message: line.as_ptr(),
                        expected: words.expected.as_ptr(),
                        source: words.source.as_ptr(),
                    };
                    find(self.context, &raw const finding);
                }
                _ => {}
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn each_rule_about_each_field_has_a_bit() {
        use Field::{Buf, Format, Itemsize, Len, Ndim, Readonly, Shape, Strides, Suboffsets};
        let fields = [Buf, Len, Itemsize, Readonly, Ndim, Format, Shape, Strides, Suboffsets];
        let rules = [
            Rule::Status,
            Rule::Silence,
            Rule::ForeignError,
            Rule::ObjOfFailure,
            Rule::ErrorOfSuccess,
            Rule::Obj,
            Rule::Reference,
            Rule::ErrorOfRelease,
            Rule::Leak,
            Rule::Drop,
            Rule::Ndim,
            Rule::Itemsize,
            Rule::Len,
            Rule::Buf,
            Rule::Shape,
            Rule::Product,
            Rule::Format,
            Rule::FormatSize,
            Rule::Readonly,
            Rule::Contiguous,
            Rule::Pointers,
            Rule::Suboffsets,
            Rule::Refused,
            Rule::NothingAnswered,
            Rule::Outcome,
        ];
        let about = [Rule::Unset, Rule::Missing, Rule::Unasked, Rule::Differs];
        let all: Vec<_> = about.iter().flat_map(|rule| fields.map(rule)).chain(rules).map(Rule::bit).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn a_text_is_cut_off_before_the_end_of_its_room() {
        let mut text = CutText::<8>::new();
        for _ in 0..3 {
            text.add(|out| out.push(b"four"));
        }
        assert_eq!(text.bytes, *b"fourfou\0");
        let last = text.as_ptr();
        // SAFETY: the last byte is 0.
        assert_eq!(unsafe { CStr::from_ptr(last) }, c"fourfou");
    }
}
