//! Operations on memoryviews, as this library does them, and as text for the oracles' scripts.

use std::collections::HashMap;
use std::ffi::{CString, c_char, c_int};
use std::fmt::{self, Display};
use std::ptr::null;
use std::rc::Rc;

use pybuffer::abi::buffer::{Py_buffer, PyBUF_FULL_RO};
use pybuffer::abi::object::PyObject;
use pybuffer::layout::Order;

use crate::common::capi::{
    PyBuffer_Release, PyByteArray_AsString, PyByteArray_FromStringAndSize, PyBytes_AsString, PyBytes_FromStringAndSize,
    PyErr_Occurred, PyMemoryView_FromObject, PyObject_GetBuffer, PyObject_RichCompareBool,
    pybuffer_memoryview_broadcast, pybuffer_memoryview_cast, pybuffer_memoryview_count, pybuffer_memoryview_fill,
    pybuffer_memoryview_flip, pybuffer_memoryview_get_item, pybuffer_memoryview_index, pybuffer_memoryview_iter,
    pybuffer_memoryview_next, pybuffer_memoryview_next_item, pybuffer_memoryview_permute, pybuffer_memoryview_release,
    pybuffer_memoryview_reshape, pybuffer_memoryview_set_item, pybuffer_memoryview_toreadonly,
};
use crate::common::format::NO_VALUE;
use crate::common::memory::{Arena, Builder, Placed};
use crate::support::interpreter::hash_as_cpython;
use crate::support::sample::{Sample, text};
use crate::support::views::{
    Key, Object, Raised, View, answer, crc32, int, keys_text, keys_to_c, raised, shown, status, tuple, value_of, word,
};

/// `PyObject_RichCompareBool`'s operator.
const EQ: c_int = 2;

/// Memory with a structure in it.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) builder: Builder,
    pub(crate) placed: Placed,
    pub(crate) format: Option<CString>,
    pub(crate) readonly: bool,
    /// What CPython's memoryview is made of: "buffer", the structure; "ndarray", that of an ndarray of it; or
    /// "plain-ndarray", that ndarray by itself.
    pub(crate) exporter: &'static str,
}

/// The place of something that an operation makes, and that later ones use.
pub(crate) type Register = usize;

/// An operation. Its result is stored in the first register.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Bytes(Register, Vec<u8>),
    ByteArray(Register, Vec<u8>),
    Memory(Register, Rc<Memory>),
    View(Register, Register),
    Slice(Register, Register, Key),
    Part(Register, Register, Vec<Key>),
    Cast(Register, Register, CString, Option<Vec<isize>>),
    ReadOnly(Register, Register),
    Get(Register, Vec<isize>),
    Set(Register, Vec<isize>, Sample),
    Assign(Register, Vec<Key>, Register),
    Fill(Register, Vec<Key>, Sample),
    Permute(Register, Register, Option<Vec<c_int>>),
    Flip(Register, Register, c_int),
    Broadcast(Register, Register, Vec<isize>),
    Reshape(Register, Register, Vec<isize>, char),
    Count(Register, Sample),
    Index(Register, Sample, isize, isize),
    Iter(Register, Register),
    Next(Register),
    Row(Register, Register),
    Equal(Register, Register),
    Hash(Register),
    Look(Register),
    Release(Register),
    Export(Register, Register),
    Drop(Register),
}

impl Op {
    /// The first word of the text.
    pub(crate) fn name(&self) -> String {
        self.to_string().split(' ').next().map(String::from).unwrap_or_default()
    }
}

/// In the words of the script.
impl Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(to, content) => write!(f, "bytes {to} {}", word(content)),
            Self::ByteArray(to, content) => write!(f, "bytearray {to} {}", word(content)),
            Self::Memory(to, memory) => {
                let layout = &memory.placed.layout;
                let array = |entries: Option<&Vec<isize>>| entries.map_or("-".into(), |entries| tuple(entries));
                let pointers: Vec<_> =
                    memory.builder.pointers().iter().map(|(at, target)| format!("{at}:{target}")).collect();
                write!(
                    f,
                    "memory {to} {} {} {} {} {} {} {} {} {} {} {} {}",
                    memory.exporter,
                    u8::from(memory.readonly),
                    word(memory.builder.bytes()),
                    if pointers.is_empty() { "-".into() } else { pointers.join(",") },
                    memory.placed.origin,
                    layout.len(),
                    layout.itemsize,
                    memory.format.as_ref().map_or("-".into(), |format| word(format.to_bytes())),
                    layout.shape.len(),
                    array((!layout.bare).then_some(&layout.shape)),
                    array(layout.strides.as_ref()),
                    array(layout.suboffsets.as_ref()),
                )
            }
            Self::View(to, of) => write!(f, "view {to} {of}"),
            Self::Slice(to, of, key) => write!(f, "slice {to} {of} {}", key.text()),
            Self::Part(to, of, keys) => write!(f, "part {to} {of} {}", keys_text(keys)),
            Self::Cast(to, of, format, shape) => {
                let shape = shape.as_ref().map_or("-".into(), |shape| tuple(shape));
                write!(f, "cast {to} {of} {} {shape}", word(format.to_bytes()))
            }
            Self::ReadOnly(to, of) => write!(f, "readonly {to} {of}"),
            Self::Get(of, indices) => write!(f, "get {of} {}", tuple(indices)),
            Self::Set(of, indices, item) => write!(f, "set {of} {} {}", tuple(indices), text(item.value())),
            Self::Assign(of, keys, source) => write!(f, "assign {of} {} {source}", keys_text(keys)),
            Self::Fill(of, keys, item) => write!(f, "fill {of} {} {}", keys_text(keys), text(item.value())),
            Self::Permute(to, of, axes) => {
                let axes = axes.as_ref().map_or("-".into(), |axes| tuple(axes));
                write!(f, "permute {to} {of} {axes}")
            }
            Self::Flip(to, of, axis) => write!(f, "flip {to} {of} {axis}"),
            Self::Broadcast(to, of, shape) => write!(f, "broadcast {to} {of} {}", tuple(shape)),
            Self::Reshape(to, of, shape, order) => write!(f, "reshape {to} {of} {} {order}", tuple(shape)),
            Self::Count(of, item) => write!(f, "count {of} {}", text(item.value())),
            Self::Index(of, item, start, stop) => write!(f, "index {of} {} {start} {stop}", text(item.value())),
            Self::Iter(to, of) => write!(f, "iter {to} {of}"),
            Self::Next(of) => write!(f, "next {of}"),
            Self::Row(to, of) => write!(f, "row {to} {of}"),
            Self::Equal(a, b) => write!(f, "equal {a} {b}"),
            Self::Hash(of) => write!(f, "hash {of}"),
            Self::Look(of) => write!(f, "look {of}"),
            Self::Release(of) => write!(f, "release {of}"),
            Self::Export(to, of) => write!(f, "export {to} {of}"),
            Self::Drop(of) => write!(f, "drop {of}"),
        }
    }
}

/// What all views of one sequence lead to: its first byte and all of its bytes.
struct Base {
    address: usize,
    len: usize,
    /// Where pointers stand, which are not the same in the two worlds.
    holes: Vec<isize>,
    _keeps: Keeps,
}

enum Keeps {
    Object { _object: Rc<Object> },
    Arena { _arena: Arena, _memory: Rc<Memory> },
}

impl Base {
    fn crc(&self) -> u32 {
        // SAFETY: the base keeps its memory, which nobody writes meanwhile.
        let content =
            unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance::<u8>(self.address), self.len) };
        let mut content = content.to_vec();
        for &hole in &self.holes {
            content[hole.unsigned_abs()..hole.unsigned_abs() + 8].fill(0);
        }
        crc32(&content)
    }
}

/// What is in a register; dropped before its base.
enum Thing {
    Object(Rc<Object>),
    View(View),
    Iterator { iterator: Object, values: usize },
    Export(Box<Py_buffer>),
}

impl Drop for Thing {
    fn drop(&mut self) {
        if let Self::Export(view) = self {
            // SAFETY: it was filled, and has not moved.
            unsafe { PyBuffer_Release(&raw mut **view) };
        }
    }
}

/// What a step came to.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) text: String,
    /// Where this library is documented to do more than CPython: what it is.
    pub(crate) beyond: Option<&'static str>,
}

/// Whether CPython's memoryview knows the items of this format.
pub(crate) fn is_native(format: &[u8]) -> bool {
    let code = format.strip_prefix(b"@").unwrap_or(format);
    matches!(code, [code] if b"cbB?hHiIlLqQnNefdP".contains(code))
}

/// Who plays, too, and what it is that can be seen there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Player {
    CPython,
    NumPy,
}

/// One sequence, played here.
pub(crate) struct World {
    player: Player,
    traced: bool,
    registers: HashMap<Register, (Thing, Rc<Base>)>,
}

impl World {
    /// Nothing yet. Hashes are those of CPython with PYTHONHASHSEED=0.
    pub(crate) fn new(player: Player) -> Self {
        hash_as_cpython();
        Self { player, traced: std::env::var_os("PYBUFFER_TRACE").is_some(), registers: HashMap::new() }
    }

    /// The memoryviews, in the order of their registers.
    pub(crate) fn views(&self) -> Vec<(Register, &View)> {
        let mut views: Vec<_> = self
            .registers
            .iter()
            .filter_map(|(&at, (thing, _))| match thing {
                Thing::View(view) => Some((at, view)),
                _ => None,
            })
            .collect();
        views.sort_by_key(|&(at, _)| at);
        views
    }

    pub(crate) fn view(&self, of: Register) -> Option<&View> {
        match self.registers.get(&of) {
            Some((Thing::View(view), _)) => Some(view),
            _ => None,
        }
    }

    fn base(&self, of: Register) -> Option<Rc<Base>> {
        self.registers.get(&of).map(|(_, base)| base.clone())
    }

    fn pointer(&self, of: Register) -> Option<*mut PyObject> {
        Some(match &self.registers.get(&of)?.0 {
            Thing::Object(object) => object.as_ptr(),
            Thing::View(view) => view.as_ptr(),
            Thing::Iterator { .. } | Thing::Export(_) => return None,
        })
    }

    fn look(&self, of: Register) -> Option<String> {
        let (view, base) = (self.view(of)?, self.registers.get(&of)?.1.address);
        Some(match self.player {
            Player::CPython => view.look(base),
            Player::NumPy => view.look_at_items(base),
        })
    }

    /// The base of a bytes object or a bytearray.
    fn begin(
        &mut self,
        to: Register,
        object: Result<Object, Raised>,
        start: impl Fn(*mut PyObject) -> *mut c_char,
        len: usize,
    ) -> String {
        let object = Rc::new(object.expect("memory is there"));
        let address = start(object.as_ptr()).expose_provenance();
        let base = Base { address, len, holes: vec![], _keeps: Keeps::Object { _object: object.clone() } };
        self.registers.insert(to, (Thing::Object(object), Rc::new(base)));
        "ok".into()
    }

    fn make(&mut self, to: Register, base: Rc<Base>, view: Result<View, Raised>) -> String {
        match view {
            Ok(view) => {
                self.registers.insert(to, (Thing::View(view), base));
                self.look(to).expect("it is there")
            }
            Err(error) => format!("!{error}"),
        }
    }

    /// Does an operation; "skip" where there is nothing to do it with. The variable PYBUFFER_TRACE has each one printed
    /// before, for when the process dies of it.
    pub(crate) fn step(&mut self, op: &Op) -> Answer {
        if self.traced {
            eprintln!("{op}");
        }
        let beyond = self.beyond(op);
        let text = self.attempt(op).unwrap_or_else(|| "skip".into());
        if let (Some(_), Op::Cast(to, ..)) = (beyond, op) {
            // CPython cannot go on with it, and memory must stay the same.
            self.registers.remove(to);
        }
        // SAFETY: no argument.
        assert!(unsafe { PyErr_Occurred() }.is_null(), "an error is left pending by {op}");
        Answer { text, beyond }
    }

    /// Documented: casts take any format, and views that are Fortran-contiguous where the result has one axis.
    fn beyond(&self, op: &Op) -> Option<&'static str> {
        let Op::Cast(_, of, format, shape) = op else { return None };
        let view = self.view(*of).filter(|view| !view.is_released())?;
        if !is_native(view.format().to_bytes()) || !is_native(format.to_bytes()) {
            return Some("a cast of formats other than native ones of one code");
        }
        let to_one_axis = shape.as_ref().is_none_or(|shape| shape.len() == 1);
        (to_one_axis && view.is_flagged_contiguous(Order::Fortran) && !view.is_flagged_contiguous(Order::C))
            .then_some("a cast of a Fortran-contiguous view")
    }

    fn attempt(&mut self, op: &Op) -> Option<String> {
        Some(match op {
            // SAFETY: as many bytes as the slice has.
            Op::Bytes(to, content) => unsafe {
                let object =
                    Object::new(PyBytes_FromStringAndSize(content.as_ptr().cast(), content.len().cast_signed()));
                self.begin(*to, object, |object| PyBytes_AsString(object), content.len())
            },
            // SAFETY: as many bytes as the slice has.
            Op::ByteArray(to, content) => unsafe {
                let object =
                    Object::new(PyByteArray_FromStringAndSize(content.as_ptr().cast(), content.len().cast_signed()));
                self.begin(*to, object, |object| PyByteArray_AsString(object), content.len())
            },
            Op::Memory(to, memory) => self.memory(*to, memory),
            Op::View(to, of) => {
                let object = self.pointer(*of)?;
                // SAFETY: an object.
                let view = unsafe { Object::new(PyMemoryView_FromObject(object)) };
                self.make(*to, self.base(*of)?, view.map(View))
            }
            Op::Slice(to, of, key) => {
                let part = self.view(*of)?.subscript(&[key.to_c()]);
                self.make(*to, self.base(*of)?, part)
            }
            Op::Part(to, of, keys) => {
                let part = self.view(*of)?.subscript(&keys_to_c(keys));
                match part {
                    // What is an item in Python.
                    Ok(item) if item.ndim() == 0 && self.player == Player::CPython => answer(item.items()),
                    part => self.make(*to, self.base(*of)?, part),
                }
            }
            Op::Cast(to, of, format, shape) => {
                let (ndim, start) = match shape {
                    // Not NULL, also where there are no entries.
                    Some(shape) => (int(shape.len()), shape.as_ptr()),
                    None => (0, null()),
                };
                let view = self.view(*of)?.as_ptr();
                // SAFETY: a memoryview, a C string, as many entries as `ndim` says.
                let view = unsafe {
                    Object::new(pybuffer_memoryview_cast(view, format.as_ptr(), ndim, start, b'C' as c_char))
                };
                self.make(*to, self.base(*of)?, view.map(View))
            }
            Op::Fill(of, keys, item) => {
                let (view, keys) = (self.view(*of)?.as_ptr(), keys_to_c(keys));
                // SAFETY: a memoryview, that many subscripts, and one value.
                let result = status(unsafe {
                    pybuffer_memoryview_fill(view, keys.as_ptr(), int(keys.len()), &value_of(item), 1)
                });
                self.written(*of, result.map(drop))?
            }
            Op::Permute(to, of, axes) => {
                let (start, count) = axes.as_ref().map_or((null(), 0), |axes| (axes.as_ptr(), int(axes.len())));
                // SAFETY: a memoryview, and that many axes.
                self.arrange(*to, *of, |view| unsafe { pybuffer_memoryview_permute(view, start, count) })?
            }
            Op::Flip(to, of, axis) => {
                // SAFETY: a memoryview.
                self.arrange(*to, *of, |view| unsafe { pybuffer_memoryview_flip(view, *axis) })?
            }
            // SAFETY: a memoryview, and as many entries as there are axes.
            Op::Broadcast(to, of, shape) => self.arrange(*to, *of, |view| unsafe {
                pybuffer_memoryview_broadcast(view, int(shape.len()), shape.as_ptr())
            })?,
            // SAFETY: a memoryview, and as many entries as there are axes.
            Op::Reshape(to, of, shape, order) => self.arrange(*to, *of, |view| unsafe {
                pybuffer_memoryview_reshape(view, int(shape.len()), shape.as_ptr(), *order as c_char)
            })?,
            // SAFETY: a memoryview.
            Op::ReadOnly(to, of) => self.arrange(*to, *of, |view| unsafe { pybuffer_memoryview_toreadonly(view) })?,
            Op::Get(of, indices) => answer(get(self.view(*of)?, indices)),
            Op::Set(of, indices, item) => self.written(*of, set(self.view(*of)?, indices, item))?,
            Op::Assign(of, keys, source) => {
                let source = match &self.registers.get(source)?.0 {
                    Thing::Object(object) => object,
                    Thing::View(view) => &view.0,
                    _ => return None,
                };
                self.written(*of, self.view(*of)?.assign(&keys_to_c(keys), source))?
            }
            Op::Count(of, item) => {
                // SAFETY: a memoryview and a value.
                answer(status(unsafe { pybuffer_memoryview_count(self.view(*of)?.as_ptr(), &value_of(item), 1) }))
            }
            // SAFETY: a memoryview and a value.
            Op::Index(of, item, start, stop) => answer(status(unsafe {
                pybuffer_memoryview_index(self.view(*of)?.as_ptr(), &value_of(item), 1, *start, *stop)
            })),
            Op::Iter(to, of) => {
                let view = self.view(*of)?;
                let values = view.values_of_an_item();
                // SAFETY: a memoryview.
                match unsafe { Object::new(pybuffer_memoryview_iter(view.as_ptr())) } {
                    Ok(iterator) => {
                        self.registers.insert(*to, (Thing::Iterator { iterator, values }, self.base(*of)?));
                        "ok".into()
                    }
                    Err(error) => format!("!{error}"),
                }
            }
            Op::Next(of) => {
                let (Thing::Iterator { iterator, values: count }, _) = self.registers.get(of)? else { return None };
                let mut values = vec![NO_VALUE; *count];
                // SAFETY: an iterator, and room for the values of an item.
                match unsafe { pybuffer_memoryview_next_item(iterator.as_ptr(), values.as_mut_ptr(), int(*count)) } {
                    0 => "end".into(),
                    1 => values.iter().map(shown).collect::<Vec<_>>().join("+"),
                    _ => format!("!{}", raised()),
                }
            }
            Op::Row(to, of) => {
                let (Thing::Iterator { iterator, .. }, _) = self.registers.get(of)? else { return None };
                // SAFETY: an iterator.
                let row = unsafe { pybuffer_memoryview_next(iterator.as_ptr()) };
                // SAFETY: no argument.
                if row.is_null() && unsafe { PyErr_Occurred() }.is_null() {
                    return Some("end".into());
                }
                // SAFETY: NULL with an error, or a new reference.
                self.make(*to, self.base(*of)?, unsafe { Object::new(row) }.map(View))
            }
            Op::Equal(a, b) => {
                let (a, b) = (self.pointer(*a)?, self.pointer(*b)?);
                // SAFETY: two objects.
                answer(status(unsafe { PyObject_RichCompareBool(a, b, EQ) }))
            }
            Op::Hash(of) => answer(self.view(*of)?.hash()),
            Op::Look(of) => self.look(*of)?,
            Op::Release(of) => {
                // SAFETY: a memoryview.
                answer(status(unsafe { pybuffer_memoryview_release(self.view(*of)?.as_ptr()) }).map(|_| "ok"))
            }
            Op::Export(to, of) => {
                let mut view: Box<Py_buffer> = Box::new(no_view());
                // SAFETY: an object, and a view that stays where it is.
                match status(unsafe { PyObject_GetBuffer(self.pointer(*of)?, &raw mut *view, PyBUF_FULL_RO) }) {
                    Ok(_) => {
                        self.registers.insert(*to, (Thing::Export(view), self.base(*of)?));
                        "ok".into()
                    }
                    Err(error) => format!("!{error}"),
                }
            }
            Op::Drop(of) => {
                self.registers.remove(of)?;
                "ok".into()
            }
        })
    }

    fn memory(&mut self, to: Register, memory: &Rc<Memory>) -> String {
        let arena = memory.builder.clone().finish();
        let mut placed = memory.placed.clone();
        let format = memory.format.as_ref().map_or(std::ptr::null_mut(), |format| format.as_ptr().cast_mut());
        let info = Py_buffer { format, readonly: memory.readonly.into(), ..arena.buffer(&mut placed) };
        // SAFETY: it describes the arena, which the base keeps.
        let view = unsafe { View::of_buffer(&info) };
        let base = Base {
            address: arena.at(0).expose_provenance(),
            len: memory.builder.bytes().len(),
            holes: memory.builder.pointers().iter().map(|&(at, _)| at).collect(),
            _keeps: Keeps::Arena { _arena: arena, _memory: memory.clone() },
        };
        self.make(to, Rc::new(base), view)
    }

    /// Another arrangement of the axes.
    fn arrange(&mut self, to: Register, of: Register, call: impl Fn(*mut PyObject) -> *mut PyObject) -> Option<String> {
        let view = self.view(of)?.as_ptr();
        // SAFETY: NULL with an error, or a new reference.
        let view = unsafe { Object::new(call(view)) };
        Some(self.make(to, self.base(of)?, view.map(View)))
    }

    /// What the memory and the view are like after a change.
    fn written(&self, of: Register, result: Result<(), Raised>) -> Option<String> {
        let (_, base) = self.registers.get(&of)?;
        Some(answer(result.map(|()| format!("{} {}", base.crc(), self.look(of).unwrap_or_default()))))
    }
}

/// A view to be filled.
fn no_view() -> Py_buffer {
    // SAFETY: pointers and integers, for which 0 is a value.
    unsafe { std::mem::zeroed() }
}

fn get(view: &View, indices: &[isize]) -> Result<String, Raised> {
    let mut values = vec![NO_VALUE; view.values_of_an_item()];
    let (count, all) = (int(indices.len()), int(values.len()));
    // SAFETY: a memoryview, that many indices, and room for the values of an item.
    status(unsafe { pybuffer_memoryview_get_item(view.as_ptr(), indices.as_ptr(), count, values.as_mut_ptr(), all) })?;
    Ok(values.iter().map(shown).collect::<Vec<_>>().join("+"))
}

fn set(view: &View, indices: &[isize], item: &Sample) -> Result<(), Raised> {
    // SAFETY: a memoryview, that many indices, and one value.
    status(unsafe {
        pybuffer_memoryview_set_item(view.as_ptr(), indices.as_ptr(), int(indices.len()), &value_of(item), 1)
    })
    .map(drop)
}
