//! Objects without an interpreter: allocation, reference counts, types, errors, hashing, and the boundary to C.
//!
//! # The contract on objects
//!
//! SAFETY comments above this layer cite these rules by name:
//!
//! * **O1** a `*mut PyObject` (or a pointer to a struct that starts with one) that comes in from C is NULL or points to
//!   a live object whose type object is live and laid out as `abi::types::PyTypeObject`; the caller holds a reference
//!   to it for the duration of the call. NULL is checked at the boundary.
//! * **O2** an object that `Py_TYPE` says is of one of this library's types has that type's layout.
//! * **O3** fields that change after construction are read and written atomically, or by a thread that has exclusive
//!   access, which the comment there establishes.
//! * **O4** a slot of a type may be called with what its type in `abi::slots` says; it is foreign code, which may call
//!   back into this library, so no exclusive access is held across it.
//! * **O5** static type objects are immortal: a pointer to one is always valid.

pub(crate) mod alloc;

pub(crate) mod list;

pub(crate) mod wait;

mod thread;

pub(crate) mod word;

pub(crate) mod pending;

pub(crate) mod refs;

pub(crate) mod holds;

pub(crate) mod types;

pub(crate) mod exceptions;

pub(crate) mod message;

pub(crate) mod variadic;

pub(crate) mod indicator;

pub(crate) mod boundary;

pub(crate) mod note;

pub(crate) mod hash;

pub(crate) mod ready;

pub(crate) mod object;

pub(crate) mod richcompare;
