//! The structs of Arrow's C data interface. The header has them under the guard that Arrow's specification gives them.

use core::ffi::{c_char, c_void};

/// The type of an array.
#[repr(C)]
pub struct ArrowSchema {
    /// What the items are.
    pub format: *const c_char,
    /// The name of the field; may be NULL.
    pub name: *const c_char,
    /// Counted keys and values, not a C string; may be NULL.
    pub metadata: *const c_char,
    /// `ARROW_FLAG_*`.
    pub flags: i64,
    /// The number of children.
    pub n_children: i64,
    /// The types that this one is made of.
    pub children: *mut *mut ArrowSchema,
    /// The type of the values where the items are indices of them; else NULL.
    pub dictionary: *mut ArrowSchema,
    /// Frees all but this struct, and sets itself to NULL; NULL where that has been done.
    pub release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    /// The producer's.
    pub private_data: *mut c_void,
}

/// The memory of an array.
#[repr(C)]
pub struct ArrowArray {
    /// The number of items.
    pub length: i64,
    /// The number of nulls, -1 where it is not known.
    pub null_count: i64,
    /// The number of the first item in the buffers.
    pub offset: i64,
    /// The number of buffers.
    pub n_buffers: i64,
    /// The number of children.
    pub n_children: i64,
    /// The buffers: the first one tells which items are not null, and may be NULL.
    pub buffers: *mut *const c_void,
    /// The arrays that this one is made of.
    pub children: *mut *mut ArrowArray,
    /// The values where the items are indices of them; else NULL.
    pub dictionary: *mut ArrowArray,
    /// Frees all but this struct, and sets itself to NULL; NULL where that has been done.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    /// The producer's.
    pub private_data: *mut c_void,
}

/// The order of the dictionary's values means something.
pub const ARROW_FLAG_DICTIONARY_ORDERED: i64 = 1;
/// The keys of each map are sorted.
pub const ARROW_FLAG_MAP_KEYS_SORTED: i64 = 4;
/// Items may be null.
pub const ARROW_FLAG_NULLABLE: i64 = 2;

impl ArrowSchema {
    /// A schema that has been released.
    pub(crate) const RELEASED: Self = Self {
        format: core::ptr::null(),
        name: core::ptr::null(),
        metadata: core::ptr::null(),
        flags: 0,
        n_children: 0,
        children: core::ptr::null_mut(),
        dictionary: core::ptr::null_mut(),
        release: None,
        private_data: core::ptr::null_mut(),
    };
}

impl ArrowArray {
    /// An array that has been released.
    pub(crate) const RELEASED: Self = Self {
        length: 0,
        null_count: 0,
        offset: 0,
        n_buffers: 0,
        n_children: 0,
        buffers: core::ptr::null_mut(),
        children: core::ptr::null_mut(),
        dictionary: core::ptr::null_mut(),
        release: None,
        private_data: core::ptr::null_mut(),
    };
}

const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<ArrowSchema>() == 72 && offset_of!(ArrowSchema, release) == 56);
    assert!(size_of::<ArrowArray>() == 80 && offset_of!(ArrowArray, release) == 64);
};
