//! Pixel formats: the planes of a picture by the name that FFmpeg, or the industry, has for its format.

use core::ffi::{CStr, c_void};
use core::ptr::null_mut;

use crate::abi::planes::{PYBUFFER_MAX_PLANES, pybuffer_plane};
use crate::error::{Argument, Error, ErrorKind, Result};
use crate::layout::bytes_of;

/// The planes of a picture, as many as a format has.
type Planes = [Option<pybuffer_plane>; PYBUFFER_MAX_PLANES as usize];

/// A kind of plane.
#[derive(Clone, Copy)]
struct Kind {
    /// Items in a column that are an axis of their own; 0: a column is an item.
    components: isize,
    /// A column and a row of it are so many powers of two of pixels.
    shift: (u32, u32),
}

const fn kind(components: isize, across: u32, down: u32) -> Kind {
    Kind { components, shift: (across, down) }
}

/// One item for each pixel.
const FULL: Kind = kind(0, 0, 0);

/// How wide the items are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// A byte.
    Eight,
    /// A byte; with a number from 9 to 16 after the name, two bytes.
    Any,
    /// Two bytes.
    Sixteen,
}

use Depth::{Any, Eight, Sixteen};

/// All pixel formats. Those with the same planes, in another order or of other colours, are one entry.
const FORMATS: &[(&[&str], Depth, &[Kind])] = &[
    (&["gray", "grey", "gray8", "y8", "y800"], Any, &[FULL]),
    // Planes of Y, U and V, or V and U; the last one is alpha.
    (&["yuv420p", "yuvj420p", "i420", "iyuv", "yv12"], Any, &[FULL, kind(0, 1, 1), kind(0, 1, 1)]),
    (&["yuv422p", "yuvj422p", "i422", "yv16", "y42b"], Any, &[FULL, kind(0, 1, 0), kind(0, 1, 0)]),
    (&["yuv444p", "yuvj444p", "i444", "yv24", "gbrp"], Any, &[FULL, FULL, FULL]),
    (&["yuv440p", "yuvj440p"], Any, &[FULL, kind(0, 0, 1), kind(0, 0, 1)]),
    (&["yuv411p", "yuvj411p", "i411", "y41b"], Any, &[FULL, kind(0, 2, 0), kind(0, 2, 0)]),
    (&["yuv410p"], Any, &[FULL, kind(0, 2, 2), kind(0, 2, 2)]),
    (&["yuva420p"], Any, &[FULL, kind(0, 1, 1), kind(0, 1, 1), FULL]),
    (&["yuva422p"], Any, &[FULL, kind(0, 1, 0), kind(0, 1, 0), FULL]),
    (&["yuva444p", "gbrap"], Any, &[FULL, FULL, FULL, FULL]),
    // Y, then pairs of U and V, or V and U.
    (&["nv12", "nv21"], Eight, &[FULL, kind(2, 1, 1)]),
    (&["nv16", "nv61"], Eight, &[FULL, kind(2, 1, 0)]),
    (&["nv24", "nv42"], Eight, &[FULL, kind(2, 0, 0)]),
    (&["p010", "p012", "p016"], Sixteen, &[FULL, kind(2, 1, 1)]),
    (&["p210", "p212", "p216"], Sixteen, &[FULL, kind(2, 1, 0)]),
    (&["p410", "p412", "p416"], Sixteen, &[FULL, kind(2, 0, 0)]),
    // One plane, the components of a pixel interleaved; of YUYV and the like, those of two pixels.
    (&["ya8", "gray8a"], Eight, &[kind(2, 0, 0)]),
    (&["ya16"], Sixteen, &[kind(2, 0, 0)]),
    (&["rgb24", "bgr24"], Eight, &[kind(3, 0, 0)]),
    (&["rgba", "bgra", "argb", "abgr", "rgb0", "bgr0", "0rgb", "0bgr"], Eight, &[kind(4, 0, 0)]),
    (&["rgb48", "bgr48"], Sixteen, &[kind(3, 0, 0)]),
    (&["rgba64", "bgra64"], Sixteen, &[kind(4, 0, 0)]),
    (&["yuyv422", "yuyv", "yuy2", "uyvy422", "uyvy", "yvyu422", "yvyu"], Eight, &[kind(4, 1, 0)]),
];

/// The formats of items of two bytes: of the machine's byte order, little-endian, big-endian.
const WIDE: [&CStr; 3] = if cfg!(target_endian = "little") { [c"H", c"H", c">H"] } else { [c"H", c"<H", c"H"] };

/// The name without this ending, in any case.
fn without<'n>(name: &'n [u8], ending: &[u8]) -> Option<&'n [u8]> {
    let (start, end) = name.split_at_checked(name.len().checked_sub(ending.len())?)?;
    end.eq_ignore_ascii_case(ending).then_some(start)
}

/// The name without the depth, 9 to 16, that it ends with.
fn without_depth(name: &[u8]) -> Option<&[u8]> {
    match name {
        [start @ .., b'9'] | [start @ .., b'1', b'0'..=b'6'] => Some(start),
        _ => None,
    }
}

/// The kinds of planes that this name stands for, and the format of their items.
fn find(name: &[u8]) -> Option<(&'static [Kind], &'static CStr)> {
    let [native, little, big] = WIDE;
    let entry = |name: &[u8], accepted: fn(Depth) -> bool| {
        let is_it = |(names, depth, _): &&(&[&str], Depth, &[Kind])| {
            accepted(*depth) && names.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(name))
        };
        FORMATS.iter().find(is_it).map(|(_, _, kinds)| *kinds)
    };
    if let Some(kinds) = entry(name, |depth| depth != Sixteen) {
        return Some((kinds, c"B"));
    }
    let (name, format) = match (without(name, b"le"), without(name, b"be")) {
        (Some(name), _) => (name, little),
        (_, Some(name)) => (name, big),
        _ => (name, native),
    };
    let kinds = entry(name, |depth| depth == Sixteen).or_else(|| entry(without_depth(name)?, |depth| depth == Any));
    Some((kinds?, format))
}

/// `pybuffer_planes_layout`: the planes of a picture of this size, packed, one after the other from `data` on, and how many they
/// are.
pub(crate) fn layout(name: &CStr, width: isize, height: isize, data: *mut c_void) -> Result<(Planes, usize)> {
    if width < 0 || height < 0 {
        return Err(Error::value(c"planes: width and height must not be negative"));
    }
    let (kinds, format) = find(name.to_bytes()).ok_or(Error::with(
        ErrorKind::Value,
        c"planes: unknown pixel format '%.100s'",
        Argument::Text(name.as_ptr()),
        Argument::None,
    ))?;
    let itemsize = if format == c"B" { 1 } else { 2 };
    let mut planes: Planes = [None; PYBUFFER_MAX_PLANES as usize];
    let mut offset = 0_isize;
    for (&Kind { components, shift }, plane) in kinds.iter().zip(&mut planes) {
        // A chroma sample at the edge stands for fewer pixels.
        let subsampled = |pixels: isize, shift: u32| (pixels >> shift) + isize::from(pixels & ((1 << shift) - 1) != 0);
        let (columns, rows) = (subsampled(width, shift.0), subsampled(height, shift.1));
        let row = [columns, components.max(1)];
        let line_size = bytes_of(&row, itemsize).ok_or(TOO_LARGE)?;
        *plane = Some(pybuffer_plane {
            data: if data.is_null() { null_mut() } else { data.wrapping_byte_offset(offset) },
            line_size,
            rows,
            columns,
            components,
            format: format.as_ptr(),
        });
        let size = line_size.checked_mul(rows);
        offset = size.and_then(|size| size.checked_add(offset)).ok_or(TOO_LARGE)?;
    }
    data.addr().checked_add_signed(offset).ok_or(TOO_LARGE)?;
    Ok((planes, kinds.len()))
}

/// The error for sizes that do not fit.
pub(super) const TOO_LARGE: Error = Error::value(c"planes: a picture of this size is too large");

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn names_are_unambiguous_and_formats_have_room() {
        let names = FORMATS.iter().flat_map(|(names, _, _)| names.iter()).collect::<Vec<_>>();
        for (at, name) in names.iter().enumerate() {
            assert!(!names[..at].contains(name), "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name}");
            // A name that means something with a depth does not already end with one.
            assert!(without_depth(name.as_bytes()).is_none_or(|start| find(start).is_none()), "{name}");
        }
        assert!(FORMATS.iter().all(|(_, _, kinds)| (1..=PYBUFFER_MAX_PLANES as usize).contains(&kinds.len())));
    }

    #[test]
    fn depths_and_byte_orders_are_endings() {
        let format = |name: &str| find(name.as_bytes()).map(|(kinds, format)| (kinds.len(), format));
        let little = if cfg!(target_endian = "little") { c"H" } else { c"<H" };
        let big = if cfg!(target_endian = "little") { c">H" } else { c"H" };
        for (name, expected) in [
            ("yuv420p", Some((3, c"B"))),
            ("I420", Some((3, c"B"))),
            ("YUV420P10", Some((3, c"H"))),
            ("yuv420p9le", Some((3, little))),
            ("yuv422p12BE", Some((3, big))),
            ("gray", Some((1, c"B"))),
            ("gray8", Some((1, c"B"))),
            ("gray16be", Some((1, big))),
            ("p010", Some((2, c"H"))),
            ("P010LE", Some((2, little))),
            ("rgb48be", Some((1, big))),
            ("yuva444p16", Some((4, c"H"))),
            ("yuv420p8", None),
            ("yuv420p17", None),
            ("yuv420p10l", None),
            ("yuv420ple", None),
            ("nv12le", None),
            ("nv1210", None),
            ("p01016", None),
            ("gray8le", None),
            ("le", None),
            ("10", None),
            ("", None),
        ] {
            assert_eq!(format(name), expected, "{name}");
        }
    }
}
