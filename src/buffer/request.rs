//! Requests: the flags of PEP 3118.

use core::ffi::c_int;

use crate::abi::buffer as c;
use crate::error::Error;

/// The flags of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request(c_int);

/// The bits that only requests for one of the orders have.
const ORDERS: c_int = (c::PyBUF_C_CONTIGUOUS | c::PyBUF_F_CONTIGUOUS | c::PyBUF_ANY_CONTIGUOUS) & !c::PyBUF_STRIDES;

impl Request {
    /// `PyBUF_SIMPLE`
    pub(crate) const SIMPLE: Self = Self(c::PyBUF_SIMPLE);
    /// `PyBUF_WRITABLE`
    pub(crate) const WRITABLE: Self = Self(c::PyBUF_WRITABLE);
    /// `PyBUF_FULL`
    pub(crate) const FULL: Self = Self(c::PyBUF_FULL);
    /// `PyBUF_FULL_RO`
    pub(crate) const FULL_RO: Self = Self(c::PyBUF_FULL_RO);

    /// The flags that C passed. `PyBUF_READ` and `PyBUF_WRITE` alone are not requests but arguments of other functions.
    #[inline(always)]
    pub(crate) const fn new(flags: c_int) -> Result<Self, Refusal> {
        if Self::is_valid(flags) { Ok(Self(flags)) } else { Err(Refusal::Invalid) }
    }

    /// Whether flags that C passed are a request.
    #[inline(always)]
    pub(crate) const fn is_valid(flags: c_int) -> bool {
        flags != c::PyBUF_READ && flags != c::PyBUF_WRITE
    }

    /// The flags that a `bf_getbuffer` slot was called with; any are taken as a request.
    pub(crate) const fn of_slot(flags: c_int) -> Self {
        Self(flags)
    }

    /// The flags as C passes them.
    pub(crate) const fn flags(self) -> c_int {
        self.0
    }

    const fn has(self, all: c_int) -> bool {
        self.0 & all == all
    }

    /// The memory must be writable.
    pub(crate) const fn writable(self) -> bool {
        self.has(c::PyBUF_WRITABLE)
    }

    /// The format is wanted.
    pub(crate) const fn format(self) -> bool {
        self.has(c::PyBUF_FORMAT)
    }

    /// The shape is wanted; else the consumer takes the memory as plain bytes.
    pub(crate) const fn shape(self) -> bool {
        self.has(c::PyBUF_ND)
    }

    /// The strides are wanted; else the memory must be C-contiguous.
    pub(crate) const fn strides(self) -> bool {
        self.has(c::PyBUF_STRIDES)
    }

    /// The memory must be C-contiguous.
    pub(crate) const fn c_contiguous(self) -> bool {
        self.has(c::PyBUF_C_CONTIGUOUS)
    }

    /// The memory must be Fortran-contiguous.
    pub(crate) const fn f_contiguous(self) -> bool {
        self.has(c::PyBUF_F_CONTIGUOUS)
    }

    /// The memory must be contiguous in one of the two orders.
    pub(crate) const fn any_contiguous(self) -> bool {
        self.has(c::PyBUF_ANY_CONTIGUOUS)
    }

    /// Whether one of these three orders may be asked for: each has a bit of its own beside those of the strides.
    pub(crate) const fn may_name_an_order(self) -> bool {
        self.0 & ORDERS != 0
    }

    /// The consumer takes memory of any layout and format.
    pub(crate) const fn takes_any(self) -> bool {
        self.0 & (ORDERS | c::PyBUF_FULL_RO) == c::PyBUF_FULL_RO
    }

    /// The consumer follows pointers.
    pub(crate) const fn indirect(self) -> bool {
        self.has(c::PyBUF_INDIRECT)
    }
}

/// Why a request is refused, whatever is exported. It fits a register, unlike an [`Error`], which it becomes at the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The flags are no request.
    Invalid,
    /// There is no view to fill.
    NoView,
    /// Read-only memory cannot be written.
    NotWritable,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid => Self::bad_argument(),
            Refusal::NoView => Self::buffer(c"PyBuffer_FillInfo: view==NULL argument is obsolete"),
            Refusal::NotWritable => Self::buffer(c"Object is not writable."),
        }
    }
}
