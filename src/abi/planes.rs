//! The planes of pictures, as decoders describe them.

use core::ffi::{c_char, c_int, c_void};

use super::object::Py_ssize_t;

/// A plane: rows of one length, at one distance. FFmpeg: an entry of `data` and of `linesize` in an `AVFrame`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pybuffer_plane {
    /// The first item of row 0; NULL only where there are no items.
    pub data: *mut c_void,
    /// Bytes from a row to the next one. Negative where row 0 is the last one in memory; else at least the bytes of a row,
    /// and more where rows are padded.
    pub line_size: Py_ssize_t,
    /// The number of rows.
    pub rows: Py_ssize_t,
    /// The samples of a row; where several components are interleaved, the groups of them.
    pub columns: Py_ssize_t,
    /// The items of a group, which are an axis of their own: 2 for U and V in NV12, 3 for RGB. 0 where each column is one item,
    /// and the plane has two axes.
    pub components: Py_ssize_t,
    /// The format of an item; NULL is "B".
    pub format: *const c_char,
}

/// The most planes of a pixel format that `pybuffer_planes_layout` knows.
pub const PYBUFFER_MAX_PLANES: c_int = 4;

const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<pybuffer_plane>() == 48 && offset_of!(pybuffer_plane, rows) == 16);
    assert!(offset_of!(pybuffer_plane, components) == 32 && offset_of!(pybuffer_plane, format) == 40);
};
