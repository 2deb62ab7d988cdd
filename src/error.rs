//! The error type of the core. Layer 0: no objects and no allocation.
//!
//! An [`Error`] is a kind (which CPython exception type it becomes), a text with CPython's `PyErr_Format` codes, and up
//! to two arguments for them. Making one never allocates, so running out of memory can be reported.
//! Only the boundary (`runtime::boundary`) turns an `Error` into the thread's error indicator.

use core::ffi::{CStr, c_char};

/// The exception types that this library raises, one for each `PyExc_*` that the core uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `PyExc_BufferError`: the exporter cannot satisfy the request, or the memory is in use.
    Buffer,
    /// `PyExc_ValueError`: right type, wrong value.
    Value,
    /// `PyExc_TypeError`: an object of the wrong type.
    Type,
    /// `PyExc_IndexError`: an index that is out of bounds.
    Index,
    /// `PyExc_OverflowError`: a size larger than memory, or a number that does not fit its type.
    Overflow,
    /// `PyExc_NotImplementedError`: an operation that the layout of the memory does not allow.
    NotImplemented,
    /// `PyExc_RuntimeError`: a call at the wrong time.
    Runtime,
    /// `PyExc_MemoryError`: an allocation failed.
    Memory,
    /// `PyExc_SystemError`: the caller broke the contract of the C function.
    System,
}

/// Says that its branch is taken seldom. It is `core::hint::cold_path`, which is there from Rust 1.95 on.
#[cold]
#[inline(always)]
pub(crate) const fn cold_path() {}

/// An argument of an error's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// No argument.
    None,
    /// `%s`, `%.100s`: a C string that outlives the raising of the error, such as a `tp_name`.
    Text(*const c_char),
    /// `%zd`: a size, count or position.
    Size(isize),
}

impl Argument {
    /// A count, saturated to the greatest `Py_ssize_t`.
    #[must_use]
    pub const fn count(count: usize) -> Self {
        Self::Size(if count > isize::MAX.unsigned_abs() { isize::MAX } else { count.cast_signed() })
    }
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// A callee that is not ours (a slot of a C type) failed and has set the error indicator itself, or chose not to.
    Raised,
    /// NULL for an object or pointer that is required: a `SystemError`, unless an error is pending already, since the NULL
    /// then most likely comes from the call that failed.
    NullArgument,
    /// This library's own diagnosis.
    New {
        /// Which exception type it becomes.
        kind: ErrorKind,
        /// The message, with the codes `%s` and `%zd` for the arguments.
        text: &'static CStr,
        /// The arguments in order.
        arguments: [Argument; 2],
    },
}

/// The result of everything in the core that can fail.
pub type Result<T> = core::result::Result<T, Error>;

impl Error {
    /// An error whose text has no arguments.
    #[must_use]
    pub const fn new(kind: ErrorKind, text: &'static CStr) -> Self {
        Self::with(kind, text, Argument::None, Argument::None)
    }

    /// An error whose text has one or two arguments.
    #[must_use]
    pub const fn with(kind: ErrorKind, text: &'static CStr, first: Argument, second: Argument) -> Self {
        Self::New { kind, text, arguments: [first, second] }
    }

    /// `BufferError`.
    #[must_use]
    pub const fn buffer(text: &'static CStr) -> Self {
        Self::new(ErrorKind::Buffer, text)
    }

    /// `ValueError`.
    #[must_use]
    pub const fn value(text: &'static CStr) -> Self {
        Self::new(ErrorKind::Value, text)
    }

    /// `IndexError`.
    #[must_use]
    pub const fn index(text: &'static CStr) -> Self {
        Self::new(ErrorKind::Index, text)
    }

    /// `NotImplementedError`.
    #[must_use]
    pub const fn not_implemented(text: &'static CStr) -> Self {
        Self::new(ErrorKind::NotImplemented, text)
    }

    /// `TypeError`.
    #[must_use]
    pub const fn wrong_type(text: &'static CStr) -> Self {
        Self::new(ErrorKind::Type, text)
    }

    /// `TypeError` about the type with this name; the text holds one `%s`.
    #[must_use]
    pub const fn type_name(text: &'static CStr, name: *const c_char) -> Self {
        Self::with(ErrorKind::Type, text, Argument::Text(name), Argument::None)
    }

    /// `SystemError`: the caller broke the contract.
    #[must_use]
    pub const fn system(text: &'static CStr) -> Self {
        Self::new(ErrorKind::System, text)
    }

    /// `SystemError` for any other argument that no correct caller passes.
    #[must_use]
    pub const fn bad_argument() -> Self {
        Self::system(c"bad argument to internal function")
    }

    /// `MemoryError`, with no text, as CPython raises it.
    #[must_use]
    pub const fn no_memory() -> Self {
        Self::new(ErrorKind::Memory, c"")
    }

    /// Which kind this is; `None` for [`Error::Raised`].
    #[must_use]
    pub const fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::Raised => None,
            Self::NullArgument => Some(ErrorKind::System),
            Self::New { kind, .. } => Some(*kind),
        }
    }
}
