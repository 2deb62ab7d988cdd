//! Asks interpreters, and plays random sequences of operations here and there.

pub(crate) mod contest;
pub(crate) mod draw;
pub(crate) mod interpreter;
pub(crate) mod play;
pub(crate) mod sample;
pub(crate) mod views;
