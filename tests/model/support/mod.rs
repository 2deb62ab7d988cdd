//! The parts of the models that several tests use.

pub(crate) mod compiled;
pub(crate) mod guarded;
pub(crate) mod nested;
pub(crate) mod number;
pub(crate) mod symbolic;
