//! Memoryviews through the C functions, and all that can be observed of one as text, in the words of the oracles' scripts.

use std::ffi::{CStr, CString, c_char, c_int};
use std::fmt::{Debug, Write as _};
use std::ptr::{NonNull, null};

use pybuffer::abi::buffer::Py_buffer;
use pybuffer::abi::format as abi;
use pybuffer::abi::format::{pybuffer_bytes, pybuffer_value, pybuffer_value_as};
use pybuffer::abi::memoryview::{self as abi_view, PyMemoryViewObject, pybuffer_subscript};
use pybuffer::abi::object::PyObject;
use pybuffer::format::Value;
use pybuffer::layout::Order;

pub(crate) use crate::common::capi::take_error as raised;
use crate::common::capi::{
    Py_DecRef, PyBuffer_IsContiguous, PyBytes_AsString, PyBytes_Size, PyMemoryView_FromBuffer, PyObject_Hash,
    PyObject_Length, pybuffer_memoryview_assign, pybuffer_memoryview_is_released, pybuffer_memoryview_subscript,
    pybuffer_memoryview_tobytes, pybuffer_memoryview_values,
};
use crate::common::format::{Format, NO_VALUE, bytes, number};
use crate::support::interpreter::hex;
use crate::support::sample::{Sample, text};

/// The name of an exception.
pub(crate) type Raised = String;

/// The result of a call that gives -1 and an error, or what it is for.
pub(crate) fn status<T: PartialEq + From<i8>>(result: T) -> Result<T, Raised> {
    if result == T::from(-1) { Err(raised()) } else { Ok(result) }
}

/// An owned reference.
pub(crate) struct Object(NonNull<PyObject>);

impl Object {
    /// What a call gives.
    ///
    /// # Safety
    /// NULL with an error, or a new reference.
    pub(crate) unsafe fn new(result: *mut PyObject) -> Result<Self, Raised> {
        NonNull::new(result).map(Self).ok_or_else(raised)
    }

    pub(crate) fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: the reference is owned.
        unsafe { Py_DecRef(self.as_ptr()) };
    }
}

/// A memoryview.
pub(crate) struct View(pub(crate) Object);

impl View {
    /// A view of what `info` describes.
    ///
    /// # Safety
    /// It describes memory that outlives the view, as does the format.
    pub(crate) unsafe fn of_buffer(info: &Py_buffer) -> Result<Self, Raised> {
        // SAFETY: the function's contract.
        unsafe { Object::new(PyMemoryView_FromBuffer(info)).map(Self) }
    }

    pub(crate) fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }

    pub(crate) fn buffer(&self) -> &Py_buffer {
        // SAFETY: it is a memoryview.
        unsafe { &(*self.as_ptr().cast::<PyMemoryViewObject>()).view }
    }

    pub(crate) fn ndim(&self) -> usize {
        self.buffer().ndim.unsigned_abs() as usize
    }

    /// One of the arrays, which may be missing.
    fn array(&self, start: *const isize) -> &[isize] {
        // SAFETY: NULL, or an entry for each axis.
        if start.is_null() { &[] } else { unsafe { std::slice::from_raw_parts(start, self.ndim()) } }
    }

    pub(crate) fn shape(&self) -> &[isize] {
        self.array(self.buffer().shape)
    }

    /// The number of items. Other axes may be as long as they like where one has none.
    pub(crate) fn count(&self) -> isize {
        if self.shape().contains(&0) { 0 } else { self.shape().iter().product() }
    }

    pub(crate) fn strides(&self) -> &[isize] {
        self.array(self.buffer().strides)
    }

    pub(crate) fn suboffsets(&self) -> &[isize] {
        self.array(self.buffer().suboffsets)
    }

    pub(crate) fn format(&self) -> &CStr {
        // SAFETY: a memoryview always has a format.
        unsafe { CStr::from_ptr(self.buffer().format) }
    }

    /// What `memoryview.c_contiguous` says, or `f_contiguous`: like `PyBuffer_IsContiguous`, but for no items.
    pub(crate) fn is_flagged_contiguous(&self, order: Order) -> bool {
        let flag = if order == Order::C { abi_view::_Py_MEMORYVIEW_C } else { abi_view::_Py_MEMORYVIEW_FORTRAN };
        // SAFETY: a memoryview, whose flags do not change meanwhile.
        unsafe { (*self.as_ptr().cast::<PyMemoryViewObject>()).flags & flag != 0 }
    }

    pub(crate) fn is_released(&self) -> bool {
        // SAFETY: a memoryview.
        unsafe { pybuffer_memoryview_is_released(self.as_ptr()) == 1 }
    }

    pub(crate) fn subscript(&self, subscripts: &[pybuffer_subscript]) -> Result<Self, Raised> {
        // SAFETY: a memoryview, and that many subscripts.
        unsafe { Object::new(pybuffer_memoryview_subscript(self.as_ptr(), subscripts.as_ptr(), int(subscripts.len()))) }
            .map(Self)
    }

    pub(crate) fn assign(&self, subscripts: &[pybuffer_subscript], source: &Object) -> Result<(), Raised> {
        // SAFETY: a memoryview, that many subscripts, and an object.
        let result = unsafe {
            pybuffer_memoryview_assign(self.as_ptr(), subscripts.as_ptr(), int(subscripts.len()), source.as_ptr())
        };
        status(result).map(drop)
    }

    /// How many values an item has.
    pub(crate) fn values_of_an_item(&self) -> usize {
        Format::parse(self.format()).and_then(|format| format.value_count()).unwrap_or(0)
    }

    /// The values of all items, item after item.
    pub(crate) fn values(&self) -> Result<Vec<pybuffer_value>, Raised> {
        let items = self.count().unsigned_abs();
        let mut values = vec![NO_VALUE; items * self.values_of_an_item()];
        // Not NULL, also where there are none.
        let count = values.len().cast_signed();
        // SAFETY: a memoryview; there is room for as many values.
        status(unsafe { pybuffer_memoryview_values(self.as_ptr(), values.as_mut_ptr(), count) })?;
        Ok(values)
    }

    /// The items as Python's `tolist` nests them.
    pub(crate) fn items(&self) -> Result<String, Raised> {
        fn nest(shape: &[isize], items: &mut impl Iterator<Item = String>, to: &mut String) {
            let Some((&len, rest)) = shape.split_first() else {
                // Nothing, for an item without values.
                return to.push_str(&items.next().unwrap_or_default());
            };
            to.push('[');
            for at in 0..len {
                to.push_str(if at > 0 { "," } else { "" });
                nest(rest, items, to);
            }
            to.push(']');
        }
        let values = self.values()?;
        let each = self.values_of_an_item().max(1);
        let mut items = values.chunks(each).map(|item| item.iter().map(shown).collect::<Vec<_>>().join("+"));
        let mut nested = String::new();
        nest(self.shape(), &mut items, &mut nested);
        Ok(nested)
    }

    pub(crate) fn tobytes(&self, order: u8) -> Result<Vec<u8>, Raised> {
        // SAFETY: a memoryview; the bytes object is ours.
        unsafe {
            let copy = Object::new(pybuffer_memoryview_tobytes(self.as_ptr(), order as c_char))?;
            let len = PyBytes_Size(copy.as_ptr()).unsigned_abs();
            Ok(std::slice::from_raw_parts(PyBytes_AsString(copy.as_ptr()).cast::<u8>(), len).to_vec())
        }
    }

    /// The hash, which is not made twice.
    pub(crate) fn hash(&self) -> Result<isize, Raised> {
        // SAFETY: a memoryview.
        status(unsafe { PyObject_Hash(self.as_ptr()) })
    }

    /// All that can be observed; the place of the first item counts from the address `base`.
    pub(crate) fn look(&self, base: usize) -> String {
        // SAFETY: a memoryview.
        let len = || status(unsafe { PyObject_Length(self.as_ptr()) });
        let mut seen = match self.is_released() {
            true => String::from("released"),
            false => self.structure(base),
        };
        let mut add = |text: Result<String, Raised>| {
            seen.push(' ');
            seen.push_str(&text.unwrap_or_else(|error| format!("!{error}")));
        };
        add(len().map(|len| len.to_string()));
        add(self.items());
        for order in *b"CFA" {
            add(self.tobytes(order).map(|bytes| format!("x{}", hex(&bytes))));
        }
        seen
    }

    /// What there is of the items: the shape, the strides of axes of more than one item, the place of the first item
    /// from the address `base`, and all items in C order.
    pub(crate) fn look_at_items(&self, base: usize) -> String {
        let items = self.count();
        let stride =
            |(&len, &stride): (&isize, &isize)| if len > 1 && items > 0 { stride.to_string() } else { "_".into() };
        let strides: Vec<_> = self.shape().iter().zip(self.strides()).map(stride).collect();
        let offset = self.buffer().buf.addr().wrapping_sub(base).cast_signed();
        format!(
            "{} {} {} {}",
            tuple(self.shape()),
            if strides.is_empty() { "()".into() } else { strides.join(",") },
            if items > 0 { offset.to_string() } else { "_".into() },
            if items > 4096 { "many".into() } else { answer(self.tobytes(b'C').map(|items| word(&items))) },
        )
    }

    fn structure(&self, base: usize) -> String {
        let view = self.buffer();
        // SAFETY: the view of a memoryview that lives.
        let contiguous = b"CFA".map(|order| unsafe { PyBuffer_IsContiguous(view, order as c_char) });
        let [c, f, a] = contiguous;
        let [flag_c, flag_f] = [Order::C, Order::Fortran].map(|order| u8::from(self.is_flagged_contiguous(order)));
        format!(
            "x{} {} {} {} {} {} {} {c}{f}{a}{flag_c}{flag_f} {} {}",
            hex(self.format().to_bytes()),
            view.itemsize,
            view.ndim,
            tuple(self.shape()),
            tuple(self.strides()),
            tuple(self.suboffsets()),
            view.readonly,
            view.len,
            view.buf.addr().wrapping_sub(base).cast_signed(),
        )
    }
}

pub(crate) fn int(count: usize) -> c_int {
    c_int::try_from(count).expect("there are few")
}

/// The numbers of an array in the words of the scripts.
pub(crate) fn tuple<T: Debug>(entries: &[T]) -> String {
    if entries.is_empty() {
        return "()".into();
    }
    entries.iter().map(|entry| format!("{entry:?}")).collect::<Vec<_>>().join(",")
}

/// An answer in the words of the scripts.
pub(crate) fn answer<T: ToString>(result: Result<T, Raised>) -> String {
    result.map_or_else(|error| format!("!{error}"), |value| value.to_string())
}

/// A value in the words of the scripts.
pub(crate) fn shown(value: &pybuffer_value) -> String {
    let (i, u, [real, imaginary]) = number(value);
    match value.kind {
        abi::PYBUFFER_KIND_SIGNED => text(Value::Signed(i)),
        abi::PYBUFFER_KIND_UNSIGNED | abi::PYBUFFER_KIND_POINTER => text(Value::Unsigned(u)),
        abi::PYBUFFER_KIND_BOOL => text(Value::Bool(u != 0)),
        abi::PYBUFFER_KIND_FLOAT => text(Value::Float(real)),
        abi::PYBUFFER_KIND_COMPLEX => text(Value::Complex(real, imaginary)),
        abi::PYBUFFER_KIND_BYTES => text(Value::Bytes(bytes(value))),
        abi::PYBUFFER_KIND_TEXT => format!("u{u}"),
        kind => panic!("no script has a word for a value of the kind {kind}"),
    }
}

/// A value for C. It points to the bytes of the sample.
pub(crate) fn value_of(sample: &Sample) -> pybuffer_value {
    let (kind, r#as) = match *sample {
        Sample::Signed(i) => (abi::PYBUFFER_KIND_SIGNED, pybuffer_value_as { i }),
        Sample::Unsigned(u) => (abi::PYBUFFER_KIND_UNSIGNED, pybuffer_value_as { u }),
        Sample::Bool(truth) => (abi::PYBUFFER_KIND_BOOL, pybuffer_value_as { u: truth.into() }),
        Sample::Float(real) => (abi::PYBUFFER_KIND_FLOAT, pybuffer_value_as { real }),
        Sample::Complex(real, imaginary) => {
            (abi::PYBUFFER_KIND_COMPLEX, pybuffer_value_as { parts: [real, imaginary] })
        }
        Sample::CodePoint(point) => (abi::PYBUFFER_KIND_TEXT, pybuffer_value_as { u: point.into() }),
        Sample::Bytes(ref bytes) => {
            let start = if bytes.is_empty() { null() } else { bytes.as_ptr().cast() };
            let bytes = pybuffer_bytes { start, length: bytes.len().cast_signed() };
            (abi::PYBUFFER_KIND_BYTES, pybuffer_value_as { bytes })
        }
    };
    pybuffer_value { kind, r#as }
}

/// A subscript.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key {
    Index(isize),
    Slice([Option<isize>; 3]),
    Ellipsis,
    NewAxis,
}

impl Key {
    pub(crate) const ALL: Self = Self::Slice([None; 3]);

    pub(crate) fn to_c(self) -> pybuffer_subscript {
        let bare = |kind| pybuffer_subscript { kind, start: 0, stop: 0, step: 0 };
        match self {
            Self::Index(start) => pybuffer_subscript { start, ..bare(abi_view::PYBUFFER_SUBSCRIPT_INDEX) },
            Self::Slice(ends) => {
                let [start, stop, step] = ends.map(|end| end.unwrap_or(isize::MIN));
                pybuffer_subscript { kind: abi_view::PYBUFFER_SUBSCRIPT_SLICE, start, stop, step }
            }
            Self::Ellipsis => bare(abi_view::PYBUFFER_SUBSCRIPT_ELLIPSIS),
            Self::NewAxis => bare(abi_view::PYBUFFER_SUBSCRIPT_NEWAXIS),
        }
    }

    /// In the words of the scripts: `3`, `1:2:-`, `...` or `new`.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Slice(ends) => ends.map(|end| end.map_or("-".into(), |end| end.to_string())).join(":"),
            Self::Ellipsis => "...".into(),
            Self::NewAxis => "new".into(),
        }
    }
}

/// All subscripts of one part.
pub(crate) fn keys_text(keys: &[Key]) -> String {
    if keys.is_empty() {
        return "()".into();
    }
    keys.iter().map(|key| key.text()).collect::<Vec<_>>().join(",")
}

pub(crate) fn keys_to_c(keys: &[Key]) -> Vec<pybuffer_subscript> {
    keys.iter().map(|key| key.to_c()).collect()
}

/// The CRC-32 of zlib.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// A format for C.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text).expect("no NUL")
}

/// Hexadecimal digits with a letter in front, so that no bytes are a word, too.
pub(crate) fn word(bytes: &[u8]) -> String {
    let mut word = String::from("x");
    write!(word, "{}", hex(bytes)).expect("a String takes all");
    word
}
