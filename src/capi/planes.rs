//! Planes of pictures
//!
//! Decoders and cameras hand out a picture as planes: Y, U and V, or Y and pairs of U and V. Each has rows at a distance of its own,
//! the line size (stride, pitch), which is more than a row where rows are padded, and negative where row 0 is the last one in
//! memory. These functions make memoryviews of the planes, and one exporter of memoryviews of planes. No item is copied.
//!
//!     pybuffer_plane planes[PYBUFFER_MAX_PLANES];
//!     PyObject *views[PYBUFFER_MAX_PLANES], *picture;
//!     int count = pybuffer_planes_layout(planes, "yuv420p", frame->width, frame->height, NULL);
//!     for (int i = 0; i < count; i++) {
//!         planes[i].data = frame->data[i];
//!         planes[i].line_size = frame->linesize[i];
//!     }
//!     if (count > 0 && pybuffer_planes_wrap(planes, count, 0, free_frame, frame, views) == 0) {
//!         picture = pybuffer_planes_join(views, count);
//!         ...
//!
//! Of I420, `views` have the shapes {height, width} and twice {height / 2, width / 2}; of NV12 {height, width} and
//! {height / 2, width / 2, 2}, where `pybuffer_memoryview_select(views[1], "..., 0")` is U; halves are rounded up. The bytes
//! of `picture` in C order are those of the picture in a file: `PyBuffer_ToContiguous` packs it, `PyBuffer_FromContiguous` writes a
//! packed one to the planes, and `PyObject_CopyData` copies from one picture to another, whatever the line sizes are.

use core::ffi::{CStr, c_char, c_int, c_void};

use crate::abi::exporting::pybuffer_destroy;
use crate::abi::object::{Py_ssize_t, PyObject};
use crate::abi::planes::pybuffer_plane;
use crate::interop;
use crate::runtime::boundary::{boundary, non_null};

use super::buffer::count_of;

/// Describes the planes of a picture of `width` times `height` pixels: writes rows, columns, components and format of each, and as
/// `line_size` the bytes of a row. With `data`, which may be NULL, the planes are those of a packed picture that starts there, one
/// after the other without padding; without it they have no `data` yet. Their format is static. Chroma planes of odd sizes are
/// rounded up, as everywhere; a picture may have no pixels.
///
/// `name` is FFmpeg's name of a pixel format, in upper or lower case, or one of those in parentheses:
///
///     gray (grey, gray8, y8, y800); yuv420p (i420, iyuv, yv12), yuv422p (i422, yv16, y42b), yuv444p (i444, yv24), yuv440p,
///     yuv411p (i411, y41b), also as yuvj...; yuv410p; yuva420p, yuva422p, yuva444p, with alpha last; gbrp, gbrap
///     nv12, nv21, nv16, nv61, nv24, nv42; p010, p012, p016, p210, p212, p216, p410, p412, p416
///     ya8 (gray8a), ya16, rgb24, bgr24, rgba, bgra, argb, abgr, rgb0, bgr0, 0rgb, 0bgr, rgb48, bgr48, rgba64, bgra64
///     yuyv422 (yuyv, yuy2), uyvy422 (uyvy), yvyu422 (yvyu): a column is two pixels, of four components
///
/// The planes stand in the order of the name's letters (yv12, yv16, yv24: Y, V, U). Names of the first line, and those of planar
/// RGB, may end in a number of bits from 9 to 16 (gray16, yuv420p10), and then, like p010, rgb48 and the like, in `le` or `be`.
/// Samples of more than 8 bits are "H"; in the other byte order than the machine's ">H" or "<H". Their values are those in memory:
/// p010 has the number in the 10 upper bits, yuv420p10 in the lower ones.
///
/// Returns the number of planes, at most `PYBUFFER_MAX_PLANES`, for which there must be room; -1 with `ValueError` for another
/// name, a negative size or one too large for memory, `SystemError` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_planes_layout(
    planes: *mut pybuffer_plane,
    name: *const c_char,
    width: Py_ssize_t,
    height: Py_ssize_t,
    data: *mut c_void,
) -> c_int {
    boundary(|| {
        let (planes, name) = (non_null(planes)?, non_null(name.cast_mut())?);
        // SAFETY: not NULL, so the program guarantees a C string, and room for the most planes.
        unsafe {
            let (found, count) = interop::planes_layout(CStr::from_ptr(name.as_ptr()), width, height, data)?;
            for (number, plane) in found.into_iter().flatten().enumerate() {
                planes.as_ptr().add(number).write(plane);
            }
            Ok(count as c_int)
        }
    })
}

/// Memoryviews of the `count` planes of a picture, at least one, as new references in `views`: of {rows, columns} items, or
/// {rows, columns, components}. `planes` is read now and never again. `readonly` is 0 or not.
///
/// The memory stays the program's until the last memoryview, and the last view, of any of the planes has been released. Then
/// `destroy(context)` is called, once, as with `pybuffer_memoryview_wrap`; it may be NULL.
///
/// Returns 0; -1 with an error set, and then all of `views` are NULL (where it is not NULL itself) and `destroy` is not called:
/// `ValueError` for negative rows, columns or components, rows that overlap (a line size of fewer bytes than a row, of more than
/// one row; `pybuffer_memoryview_broadcast` repeats a row), sizes and line sizes that lead out of memory, no plane and an invalid
/// format; `BufferError` where `data` is NULL though there are items; `MemoryError`, `SystemError` for NULL or a negative count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_planes_wrap(
    planes: *const pybuffer_plane,
    count: c_int,
    readonly: c_int,
    destroy: pybuffer_destroy,
    context: *mut c_void,
    views: *mut *mut PyObject,
) -> c_int {
    boundary(|| {
        let (views, count) = (non_null(views)?, count_of(count)?);
        // SAFETY: the program guarantees P1, where `destroy` is the deleter, and as many planes and room for as many views.
        unsafe { interop::planes_wrap(planes, count, readonly != 0, destroy, context, views) }
    })
}

/// One exporter of the planes of a picture: a memoryview whose items, in C order, are those of the `count` bytes-like objects, at
/// least one, one after the other, each in C order. Planes may come from `pybuffer_planes_wrap`, from several exporters, and be
/// cropped, flipped or repeated. All have one format. A new reference; it keeps views of the objects until it, and the last view
/// of it, have been released, and is read-only where one of them is.
///
/// It has two axes: pieces, and the items of a piece. A piece has as many items as the greatest common divisor of the lengths of
/// all rows: width / 2 for I420, width for NV12 and of even width. Where the pieces lie at one distance, it is plain strided memory,
/// contiguous where the planes are packed. Else the first axis follows pointers (suboffsets {0, -1}) in a table, which takes 8 bytes
/// for each piece; consumers must ask with `PyBUF_INDIRECT`, as all functions of this library do. An odd width has nothing in common
/// with its half, so that I420 has pieces of one item then: a large table, of which copies take adjacent items as one.
///
/// (A row is what belongs to one index of the first axis; a view of one axis is one row. Where the items of a row do not lie at one
/// distance, as in the first three of four components, pieces are shorter; where those of two planes lie at different
/// distances, as in a plane and half of an interleaved one, pieces have one item. Planes without items do not matter.)
///
/// NULL with an error set: `TypeError` where an object exports nothing; `BufferError` for several formats; `NotImplementedError` for
/// suboffsets; `ValueError` for no objects, more items than memory has, a released memoryview and more than 64 axes; whatever an
/// exporter raises; `MemoryError`, `SystemError` for NULL or a negative count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pybuffer_planes_join(planes: *const *mut PyObject, count: c_int) -> *mut PyObject {
    boundary(|| {
        let (planes, count) = (non_null(planes.cast_mut())?, count_of(count)?);
        // SAFETY: O1; the program guarantees as many objects.
        unsafe { interop::planes_join(planes, count) }
    })
}
