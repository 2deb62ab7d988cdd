//! The reports of the checker of exporters: the requests by name, and each rule once, in words.

use core::ffi::{CStr, c_int, c_void};

use crate::abi::buffer as c;
use crate::abi::exporting::pybuffer_report;
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
        let name = match self {
            Self::Buf => c"buf",
            Self::Len => c"len",
            Self::Itemsize => c"itemsize",
            Self::Readonly => c"readonly",
            Self::Ndim => c"ndim",
            Self::Format => c"format",
            Self::Shape => c"shape",
            Self::Strides => c"strides",
            Self::Suboffsets => c"suboffsets",
        };
        Argument::Text(name.as_ptr())
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
    /// Reference counts are the same at the end as at the start.
    Balance,
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

impl Rule {
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
            Self::Balance => 8,
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
        Argument::Text(self.bytes.as_ptr().cast())
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

/// Counts broken rules, and reports each once.
pub(super) struct Reporter {
    report: pybuffer_report,
    context: *mut c_void,
    broken: u128,
    /// The end of a message about one answer.
    pub(super) situation: &'static CStr,
}

impl Reporter {
    /// # Safety
    /// The function may be called with this context.
    pub(super) unsafe fn new(report: pybuffer_report, context: *mut c_void) -> Self {
        Self { report, context, broken: 0, situation: c"" }
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
        let Some(report) = self.report else { return };
        let mut line = CutText::<600>::new();
        if let Some(flags) = flags {
            let name = names(flags);
            // SAFETY: a C string for `%s`.
            line.add(|out| unsafe { message::render(c"%s: ", &mut [name.argument()].iter(), out) }.unwrap_or(()));
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
        let message = line.bytes.as_ptr().cast();
        // SAFETY: the contract of `new`; a C string that lives until the function returns.
        indicator::quietly(|| unsafe { report(self.context, flags.unwrap_or(-1), message) });
    }
}
