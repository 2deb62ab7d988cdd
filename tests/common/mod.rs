//! What the test programs share.

pub(crate) mod capi;
pub(crate) mod cpython;
pub(crate) mod format;
pub(crate) mod levels;
pub(crate) mod library;
pub(crate) mod memory;
pub(crate) mod model;
pub(crate) mod numpy;
pub(crate) mod random;
pub(crate) mod script;
pub(crate) mod skip;
