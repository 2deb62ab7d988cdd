//! Rich comparison: both objects are asked, as in CPython.

use core::cmp::Ordering;
use core::ffi::{CStr, c_int};

use crate::abi::object::PyObject;
use crate::error::{Error, Result};

use super::object::{is_true, type_mismatch};
use super::refs::Owned;
use super::types::{self, _Py_NotImplementedStruct};

/// The operator. CPython: `Py_LT` to `Py_GE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl Operator {
    /// The operator that a number of the C API names.
    pub(crate) const fn from_c(op: c_int) -> Option<Self> {
        Some(match op {
            0 => Self::Less,
            1 => Self::LessEqual,
            2 => Self::Equal,
            3 => Self::NotEqual,
            4 => Self::Greater,
            5 => Self::GreaterEqual,
            _ => return None,
        })
    }

    const fn to_c(self) -> c_int {
        self as c_int
    }

    /// The operator that gives the same answer with the operands exchanged.
    const fn swapped(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            same => same,
        }
    }

    /// The result for operands in this order.
    pub(crate) const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Greater => order.is_gt(),
            Self::GreaterEqual => order.is_ge(),
        }
    }

    /// The result for bytes. Other lengths are enough to tell that they are not equal.
    pub(crate) fn holds_of(self, a: &[u8], b: &[u8]) -> bool {
        match self {
            Self::Equal if a.len() != b.len() => false,
            Self::NotEqual if a.len() != b.len() => true,
            _ => self.holds(a.cmp(b)),
        }
    }

    const fn not_supported(self) -> &'static CStr {
        match self {
            Self::Less => c"'<' not supported between instances of '%.100s' and '%.100s'",
            Self::LessEqual => c"'<=' not supported between instances of '%.100s' and '%.100s'",
            Self::Equal => c"'==' not supported between instances of '%.100s' and '%.100s'",
            Self::NotEqual => c"'!=' not supported between instances of '%.100s' and '%.100s'",
            Self::Greater => c"'>' not supported between instances of '%.100s' and '%.100s'",
            Self::GreaterEqual => c"'>=' not supported between instances of '%.100s' and '%.100s'",
        }
    }
}

/// `PyObject_RichCompareBool`: an object equals itself without being asked.
///
/// # Safety
/// O1 for both.
pub(crate) unsafe fn rich_compare_bool(a: *mut PyObject, b: *mut PyObject, operator: Operator) -> Result<bool> {
    match operator {
        Operator::Equal if a == b => return Ok(true),
        Operator::NotEqual if a == b => return Ok(false),
        _ => {}
    }
    // SAFETY: O1.
    unsafe {
        let (type_a, type_b) = (types::type_of(a), types::type_of(b));
        // A derived type is asked first.
        let derived = type_a != type_b && types::is_subtype(type_b, type_a) && (*type_b).tp_richcompare.is_some();
        if derived && let Some(truth) = ask(b, a, operator.swapped())? {
            return Ok(truth);
        }
        if let Some(truth) = ask(a, b, operator)? {
            return Ok(truth);
        }
        if !derived && let Some(truth) = ask(b, a, operator.swapped())? {
            return Ok(truth);
        }
        match operator {
            Operator::Equal => Ok(false),
            Operator::NotEqual => Ok(true),
            _ => Err(type_mismatch(operator.not_supported(), a, b)),
        }
    }
}

/// `PyObject_Cmp` of Python 2: the order of two objects.
///
/// # Safety
/// O1 for both.
pub(crate) unsafe fn compare(a: *mut PyObject, b: *mut PyObject) -> Result<Ordering> {
    const ANSWERS: [(Operator, Ordering); 3] =
        [(Operator::Equal, Ordering::Equal), (Operator::Less, Ordering::Less), (Operator::Greater, Ordering::Greater)];
    if a == b {
        return Ok(Ordering::Equal);
    }
    for (operator, order) in ANSWERS {
        // SAFETY: the caller guarantees O1 for both.
        if unsafe { rich_compare_bool(a, b, operator)? } {
            return Ok(order);
        }
    }
    // SAFETY: O1.
    Err(unsafe { type_mismatch(c"'%.100s' and '%.100s' are neither equal nor ordered", a, b) })
}

/// Asks the first object; `None` where it does not know.
///
/// # Safety
/// O1 for both.
unsafe fn ask(a: *mut PyObject, b: *mut PyObject, operator: Operator) -> Result<Option<bool>> {
    // SAFETY: O1; O4 for the slot, which gives a new reference or NULL.
    unsafe {
        let Some(slot) = (*types::type_of(a)).tp_richcompare else { return Ok(None) };
        let answer = Owned::from_raw(slot(a, b, operator.to_c())).ok_or(Error::Raised)?;
        if answer.as_ptr() == &raw mut _Py_NotImplementedStruct {
            return Ok(None);
        }
        is_true(answer.as_ptr()).map(Some)
    }
}
