//! Arrow's C data interface: arrays of items of one size, and fixed-size lists of them, which are axes.

mod types;

mod tensor;

mod nulls;

mod export;

mod import;

pub(crate) use export::export;
pub(crate) use import::import;
