//! The description of a format, as C walks it.

use core::ffi::{c_char, c_int};

use super::object::Py_ssize_t;

/// Padding (`x`) that has a name, or is alone in the format; as a value, bytes.
pub const PYBUFFER_KIND_PAD: c_int = 0;
/// One byte, as bytes (`c`).
pub const PYBUFFER_KIND_CHAR: c_int = 1;
/// A signed integer (`b h i l q n`).
pub const PYBUFFER_KIND_SIGNED: c_int = 2;
/// An unsigned integer (`B H I L Q N`).
pub const PYBUFFER_KIND_UNSIGNED: c_int = 3;
/// A truth value (`?`).
pub const PYBUFFER_KIND_BOOL: c_int = 4;
/// A floating-point number (`e f d g`).
pub const PYBUFFER_KIND_FLOAT: c_int = 5;
/// Bytes (`s`).
pub const PYBUFFER_KIND_BYTES: c_int = 6;
/// Bytes, whose first is the length in use (`p`).
pub const PYBUFFER_KIND_PASCAL: c_int = 7;
/// A complex number (`Ze Zf Zd Zg F D G`).
pub const PYBUFFER_KIND_COMPLEX: c_int = 8;
/// Code units of text (`u`, UCS-2; `w`, UCS-4).
pub const PYBUFFER_KIND_TEXT: c_int = 9;
/// Bits (`t`).
pub const PYBUFFER_KIND_BITS: c_int = 10;
/// An address (`P`, `&` and what it is the address of, `z`, `Z`).
pub const PYBUFFER_KIND_POINTER: c_int = 11;
/// The address of a Python object (`O`).
pub const PYBUFFER_KIND_OBJECT: c_int = 12;
/// The address of a function (`X{}`).
pub const PYBUFFER_KIND_FUNCTION: c_int = 13;
/// Consecutive items (`T{}`, or several at the top).
pub const PYBUFFER_KIND_RECORD: c_int = 14;

/// An item of a format: a number, a string, an array of them, a record with fields of its own. Items are made by
/// `pybuffer_format_parse`, belong to the format, never change, and live as long as it does.
#[repr(C)]
pub struct pybuffer_item {
    /// The name of a field, without its colons; NULL where it has none.
    pub name: *const c_char,
    /// What an element is: `PYBUFFER_KIND_*`.
    pub kind: c_int,
    /// '<' or '>': the order of the bytes of its numbers.
    pub byteorder: c_char,
    /// The format code, as a C string: "i", "Zd", "T"; "" for a record that is the format as a whole.
    pub code: [c_char; 3],
    /// The bytes from the start of the record to this field; 0 at the top.
    pub offset: Py_ssize_t,
    /// The bytes of one element.
    pub itemsize: Py_ssize_t,
    /// The alignment that an element has by the format: 1 unless it is aligned natively.
    pub alignment: Py_ssize_t,
    /// The number of elements: the product of the shape.
    pub elements: Py_ssize_t,
    /// Bytes of `s` and `p`, code units of `u` and `w`, bits of `t`; else 1.
    pub length: Py_ssize_t,
    /// For bits: the number of the first one in its byte, counted from the end that bytes are filled from.
    pub first_bit: Py_ssize_t,
    /// The number of axes of a sub-array; 0 for a single element.
    pub ndim: Py_ssize_t,
    /// The lengths of the axes.
    pub shape: *const Py_ssize_t,
    /// The number of fields of a record; 1 for a pointer that says what it points to.
    pub nfields: Py_ssize_t,
    /// The first field of a record, or what a pointer points to; NULL where there is none.
    pub fields: *const pybuffer_item,
    /// The field after this one in its record; NULL for the last.
    pub next: *const pybuffer_item,
}

/// Of a value only: a C `long double`, from an item of the kind `FLOAT` with the code "g".
pub const PYBUFFER_KIND_LONG_DOUBLE: c_int = 15;

/// Some bytes, which the struct does not own.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pybuffer_bytes {
    /// The first one.
    pub start: *const c_char,
    /// Their number.
    pub length: Py_ssize_t,
}

/// What a value is; its kind says which member. (`SIGNED` is short for `PYBUFFER_KIND_SIGNED`, and so on.)
#[repr(C)]
#[derive(Clone, Copy)]
pub union pybuffer_value_as {
    /// `SIGNED`.
    pub i: i64,
    /// `UNSIGNED`; `BOOL`, 0 or 1; `BITS`; `TEXT`, one code unit; `POINTER`, `OBJECT` and `FUNCTION`, the address.
    pub u: u64,
    /// `FLOAT`.
    pub real: f64,
    /// `COMPLEX`: the real part and the imaginary part.
    pub parts: [f64; 2],
    /// `CHAR`, `BYTES`, `PASCAL` and `PAD`; in the item's memory when unpacked.
    pub bytes: pybuffer_bytes,
    /// `LONG_DOUBLE`: the bytes of a C `long double`, to be copied to one; their alignment is that of the struct.
    pub long_double: [u8; 16],
}

/// One value of an item. Unpacking gives the kinds `SIGNED`, `UNSIGNED`, `BOOL`, `FLOAT`, `LONG_DOUBLE`, `COMPLEX`, `BYTES` (of
/// all items that are bytes), `TEXT`, `BITS` and `POINTER` (of all addresses); packing takes all that an item can be.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pybuffer_value {
    /// `PYBUFFER_KIND_*`.
    pub kind: c_int,
    /// The value.
    pub r#as: pybuffer_value_as,
}

const _: () = assert!(core::mem::size_of::<pybuffer_value>() == 24);
