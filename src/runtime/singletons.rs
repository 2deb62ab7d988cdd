//! `None`, `NotImplemented`, `True` and `False`: immortal objects that have an address and nothing else.

use core::mem::size_of;

use crate::abi::object::PyObject;
use crate::abi::types::PyTypeObject;

use super::types::{PyBaseObject_Type, PyType_Type, identity_hash};

/// Defines a singleton and its type.
macro_rules! singleton {
    ($(#[$doc:meta])* $exported:ident, $ty:ident, $name:literal) => {
        static mut $ty: PyTypeObject = PyTypeObject {
            tp_base: &raw mut PyBaseObject_Type,
            tp_hash: Some(identity_hash),
            ..PyTypeObject::empty(&raw mut PyType_Type, $name.as_ptr(), size_of::<PyObject>(), 0)
        };
        $(#[$doc])*
        #[unsafe(no_mangle)]
        pub static mut $exported: PyObject = PyObject::immortal(&raw mut $ty);
    };
}

singleton!(
    /// The object behind `Py_None`.
    _Py_NoneStruct, NONE_TYPE, c"NoneType"
);
singleton!(
    /// The object behind `Py_NotImplemented`: what a `tp_richcompare` slot returns for operands that it does not know.
    _Py_NotImplementedStruct, NOT_IMPLEMENTED_TYPE, c"NotImplementedType"
);
singleton!(
    /// The object behind `Py_True`.
    _Py_TrueStruct, TRUE_TYPE, c"bool"
);
singleton!(
    /// The object behind `Py_False`.
    _Py_FalseStruct, FALSE_TYPE, c"bool"
);
