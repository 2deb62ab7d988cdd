//! The exporters that come with the library, a file each; none uses another.

pub(crate) mod bytearray;
pub(crate) mod bytes;
pub(crate) mod memory;
pub(crate) mod picklebuffer;
