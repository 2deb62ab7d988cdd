//! The exporters that come with the library besides bytes, a file (and a folder where it is too long) each; none uses
//! another.

pub(crate) mod bytearray;
pub(crate) mod memory;
pub(crate) mod ndarray;
pub(crate) mod oldbuffer;
pub(crate) mod picklebuffer;
