//! Compares formats: do two describe the same item?

use core::ffi::CStr;
use core::ptr::NonNull;

use crate::abi::format::pybuffer_item;

use super::FormatObject;
use super::spell::{orders, standard_code};

/// `pybuffer_format_equivalent`: the same values in the same bytes; with `names`, also under the same names.
///
/// # Safety
/// O1, O2.
pub(crate) unsafe fn equivalent(a: NonNull<FormatObject>, b: NonNull<FormatObject>, names: bool) -> bool {
    // SAFETY: the caller guarantees O1 and O2; the items belong to the objects.
    unsafe {
        let (a, b) = (a.as_ptr(), b.as_ptr());
        (*a).size == (*b).size && same_item(&*(*a).root, &*(*b).root, names)
    }
}

/// # Safety
/// Both items belong to formats.
unsafe fn same_item(a: &pybuffer_item, b: &pybuffer_item, names: bool) -> bool {
    let layout = |item: &pybuffer_item| {
        (item.kind, item.offset, item.itemsize, item.elements, item.length, item.first_bit, item.ndim, item.nfields)
    };
    let implied = |item: &pybuffer_item| {
        let [first, ..] = standard_code(item);
        // A format as a whole is a record like any other.
        if first == 0 { [b'T', 0, 0] } else { standard_code(item) }
    };
    // SAFETY: the caller guarantees that both items belong to formats: shapes have `ndim` entries, names are C strings, fields
    // lead to the next.
    unsafe {
        layout(a) == layout(b)
            && implied(a) == implied(b)
            && (!orders(a) || a.byteorder == b.byteorder)
            && (0..a.ndim).all(|axis| a.shape.offset(axis).read() == b.shape.offset(axis).read())
            && (!names || name(a) == name(b))
            && same_fields(a, b, names)
    }
}

/// # Safety
/// Both items belong to formats, and have as many fields.
unsafe fn same_fields(a: &pybuffer_item, b: &pybuffer_item, names: bool) -> bool {
    // SAFETY: the caller guarantees that both items belong to formats: each field leads to the next.
    unsafe {
        let (mut a, mut b) = (a.fields.as_ref(), b.fields.as_ref());
        while let (Some(field_a), Some(field_b)) = (a, b) {
            if !same_item(field_a, field_b, names) {
                return false;
            }
            (a, b) = (field_a.next.as_ref(), field_b.next.as_ref());
        }
    }
    true
}

/// # Safety
/// The item belongs to a format.
unsafe fn name(item: &pybuffer_item) -> Option<&CStr> {
    // SAFETY: NULL or a C string.
    (!item.name.is_null()).then(|| unsafe { CStr::from_ptr(item.name) })
}
