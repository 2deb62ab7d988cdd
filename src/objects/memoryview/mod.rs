//! The memoryview and the managed buffer behind it. CPython: `memoryobject.c`.
//!
//! A memoryview never asks an exporter twice: the first one takes a full view, and the managed buffer keeps that
//! snapshot for all memoryviews made from each other, until the last one is released. References: a memoryview owns one
//! to its managed buffer; the managed buffer's view owns one to the exporter; a consumer's view of a memoryview owns one
//! to the memoryview. `view.obj` of a memoryview is borrowed from the managed buffer.
//!
//! The type objects are here, since they name the slots in the files below, which in turn name the types.

mod managed;

mod whole;

mod unfinished;

mod view;

mod export;

mod access;

mod parts;

mod fields;

mod items;

mod assign;

mod cast;

mod search;

mod iterate;

mod equality;

mod copies;

mod numbers;

mod convert;

mod text;

use core::mem::{offset_of, size_of};

use crate::abi::memoryview::{_PyManagedBufferObject, PyMemoryViewObject};
use crate::abi::types::{PyTypeObject, TPFLAGS_LEAF, TPFLAGS_LOOKS, TPFLAGS_OWN, TPFLAGS_READY};
use crate::runtime::types::{self, Links};

pub(crate) use assign::{assign, copy_between, fill};
pub(crate) use cast::{cast, cast_whole};
pub(crate) use convert::{as_type, convert, convert_between};
pub(crate) use copies::{copy, copy_line, get_contiguous, new, to_bytes};
pub(crate) use equality::{equal_values, equal_views, hash_view};
pub(crate) use fields::{PartsOf, elements, field, parts_of_whole};
pub(crate) use items::{get_item, get_number, item_pointer, set_item, set_number, set_values, values};
pub(crate) use iterate::{iterate, next, next_item};
pub(crate) use numbers::{from_array, to_array};
pub(crate) use parts::{
    broadcast, broadcast_whole, flip, permute, permute_whole, reshape, reshape_whole, select, subscript, to_readonly,
};
pub(crate) use search::{count, index};
pub(crate) use text::{Separator, hex, repr, text};
pub(crate) use view::{from_buffer, from_memory, from_object, is_released, of_memory, release};
pub(crate) use whole::{Stacked, Whole};

static LINKS: Links = Links { voucher: Some(equality::voucher), ..Links::NONE };

/// The type of managed buffers.
#[unsafe(no_mangle)]
pub static mut _PyManagedBuffer_Type: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_LEAF,
    tp_dealloc: Some(managed::dealloc),
    ..types::derived(c"managedbuffer", size_of::<_PyManagedBufferObject>(), 0)
};

/// The type of memoryviews.
#[unsafe(no_mangle)]
pub static mut PyMemoryView_Type: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY | TPFLAGS_OWN | TPFLAGS_LEAF | TPFLAGS_LOOKS,
    tp_dealloc: Some(view::dealloc),
    tp_hash: Some(equality::hash),
    tp_richcompare: Some(equality::richcompare),
    tp_as_sequence: &raw mut view::SEQUENCE,
    tp_as_buffer: (&raw mut export::BUFFER).cast(),
    tp_subclasses: LINKS.slot(),
    ..types::derived(c"memoryview", offset_of!(PyMemoryViewObject, ob_array), size_of::<isize>())
};
