//! Bytes that are written before they become an object. CPython 3.15: `PyBytesWriter` in `bytesobject.c`.

mod format;

use core::ffi::{CStr, c_char};
use core::mem::{MaybeUninit, size_of};
use core::ptr::NonNull;

use crate::abi::bytes::{PyBytesObject, PyBytesWriter};
use crate::abi::object::Py_ssize_t;
use crate::error::{Error, Result};
use crate::objects::bytes;
use crate::runtime::alloc::{self, Domain};
use crate::runtime::message::Arguments;
use crate::runtime::refs::Owned;

/// How many bytes need no object.
const SMALL: usize = 256;

/// What a `PyBytesWriter` is.
pub(crate) struct Writer {
    /// As many bytes as have been asked for.
    length: usize,
    /// Where they are, once they are too many for `small`: an object that no other code has seen, with room for more.
    object: Option<Owned<PyBytesObject>>,
    small: [MaybeUninit<u8>; SMALL],
}

/// The error for a size below 0.
const NEGATIVE: Error = Error::value(c"size must be >= 0");

impl Writer {
    const fn empty() -> Self {
        Self { length: 0, object: None, small: [MaybeUninit::uninit(); SMALL] }
    }

    fn room(&self) -> usize {
        // SAFETY: O2: the object is a bytes object.
        self.object.as_ref().map_or(SMALL, |object| unsafe { (*object.as_ptr()).ob_base.ob_size }.unsigned_abs())
    }

    /// `PyBytesWriter_GetData`: where the bytes start, until there are more of them.
    pub(crate) fn data(&mut self) -> *mut u8 {
        match &self.object {
            // SAFETY: O2: the object is a bytes object.
            Some(object) => unsafe { bytes::start(object.as_non_null()) }.cast(),
            None => self.small.as_mut_ptr().cast(),
        }
    }

    /// How far a pointer is from the start of the bytes.
    pub(crate) fn place(&mut self, pointer: NonNull<u8>) -> Py_ssize_t {
        pointer.addr().get().wrapping_sub(self.data().addr()).cast_signed()
    }

    /// `PyBytesWriter_GetSize`.
    pub(crate) fn length(&self) -> Py_ssize_t {
        self.length.cast_signed()
    }

    /// Makes room for `length` bytes, and where they are to be exactly so many, for no more.
    fn reserve(&mut self, length: usize, exact: bool) -> Result<()> {
        if length <= self.room() {
            return Ok(());
        }
        let spare = if exact { 0 } else { length / 4 };
        let room = isize::try_from(length.saturating_add(spare)).unwrap_or(length.cast_signed());
        if let Some(object) = &mut self.object {
            // SAFETY: O2; no other code has seen the object, which is larger than those that are shared.
            return unsafe { bytes::reallocate(object, room) };
        }
        let object = bytes::uninitialised(room)?;
        // SAFETY: a fresh object of more bytes than there are; as many have been asked for, of the ones that this has.
        unsafe {
            let to = bytes::start(object.as_non_null()).cast::<MaybeUninit<u8>>();
            core::ptr::copy_nonoverlapping(self.small.as_ptr(), to, self.length);
        }
        self.object = Some(object);
        Ok(())
    }

    /// `PyBytesWriter_Resize`: new bytes are uninitialised.
    pub(crate) fn resize(&mut self, length: Py_ssize_t) -> Result<()> {
        let length = usize::try_from(length).map_err(|_| NEGATIVE)?;
        self.reserve(length, false)?;
        self.length = length;
        Ok(())
    }

    /// `PyBytesWriter_Grow`: by a number that may be negative.
    pub(crate) fn grow(&mut self, by: Py_ssize_t) -> Result<()> {
        let length = self.length().checked_add(by).ok_or(Error::no_memory())?;
        if length < 0 {
            return Err(Error::value(c"invalid size"));
        }
        self.resize(length)
    }

    /// Appends bytes.
    fn push(&mut self, more: &[u8]) -> Result<()> {
        let before = self.length;
        self.grow(more.len().cast_signed())?;
        // SAFETY: there is room for as many after those that there were.
        unsafe { core::ptr::copy_nonoverlapping(more.as_ptr(), self.data().add(before), more.len()) };
        Ok(())
    }

    /// `PyBytesWriter_WriteBytes`: appends `length` bytes, or where that is negative, those of a C string.
    ///
    /// # Safety
    /// So many bytes may be read, which are not this writer's.
    pub(crate) unsafe fn write(&mut self, from: *const c_char, length: Py_ssize_t) -> Result<()> {
        // SAFETY: the caller guarantees as many bytes, or a C string.
        let more = unsafe {
            match usize::try_from(length) {
                Ok(0) => &[],
                Ok(length) => core::slice::from_raw_parts(from.cast(), length),
                Err(_) => CStr::from_ptr(from).to_bytes(),
            }
        };
        self.push(more)
    }

    /// `PyBytesWriter_Format`: appends what the format makes of the arguments; nothing on failure.
    ///
    /// # Safety
    /// The arguments are what the codes say.
    pub(crate) unsafe fn format(&mut self, format: &CStr, arguments: &mut impl Arguments) -> Result<()> {
        let before = self.length;
        // SAFETY: the caller guarantees the arguments.
        unsafe { format::append(self, format, arguments) }.inspect_err(|_| self.length = before)
    }

    /// The object of the first `length` bytes.
    fn object(&mut self, length: Py_ssize_t) -> Result<Owned<PyBytesObject>> {
        let Ok(size) = usize::try_from(length) else { return Err(Error::value(c"size must be positive")) };
        if size > self.length {
            return Err(Error::value(c"size larger than allocated size"));
        }
        match self.object.take() {
            // SAFETY: O2; no other code has seen the object.
            Some(object) if size > 1 => unsafe { bytes::resize(object, length) },
            kept => {
                self.object = kept;
                // SAFETY: as many bytes are here.
                unsafe { bytes::from_memory(self.data(), length) }
            }
        }
    }
}

/// `PyBytesWriter_Create`: of `length` uninitialised bytes.
pub(crate) fn create(length: Py_ssize_t) -> Result<NonNull<PyBytesWriter>> {
    let length = usize::try_from(length).map_err(|_| NEGATIVE)?;
    let memory = alloc::malloc(Domain::Mem, size_of::<Writer>());
    let memory = NonNull::new(memory.cast::<Writer>()).ok_or(Error::no_memory())?;
    // SAFETY: fresh memory for a writer.
    let writer = unsafe {
        memory.write(Writer::empty());
        &mut *memory.as_ptr()
    };
    let reserved = writer.reserve(length, true);
    writer.length = length;
    // SAFETY: no other code has seen the writer.
    reserved.inspect_err(|_| unsafe { discard(memory.cast()) })?;
    Ok(memory.cast())
}

/// The writer that C holds.
///
/// # Safety
/// It is one of [`create`], and no other thread uses it.
pub(crate) unsafe fn writer<'a>(writer: NonNull<PyBytesWriter>) -> &'a mut Writer {
    // SAFETY: the caller guarantees a writer to itself.
    unsafe { &mut *writer.as_ptr().cast() }
}

/// `PyBytesWriter_Discard`.
///
/// # Safety
/// As [`writer`]; it is not used afterwards.
pub(crate) unsafe fn discard(writer: NonNull<PyBytesWriter>) {
    let writer: *mut Writer = writer.as_ptr().cast();
    // SAFETY: the caller gives up the writer, which `create` has allocated.
    unsafe {
        writer.drop_in_place();
        alloc::free(Domain::Mem, writer.cast());
    }
}

/// `PyBytesWriter_FinishWithSize`: the object of the first bytes. The writer is gone in any case.
///
/// # Safety
/// As [`discard`].
pub(crate) unsafe fn finish(done: NonNull<PyBytesWriter>, length: Py_ssize_t) -> Result<Owned<PyBytesObject>> {
    // SAFETY: the caller gives up the writer.
    unsafe {
        let object = writer(done).object(length);
        discard(done);
        object
    }
}

/// `PyBytes_FromFormat`.
///
/// # Safety
/// The arguments are what the codes say.
pub(crate) unsafe fn formatted(format: &CStr, arguments: &mut impl Arguments) -> Result<Owned<PyBytesObject>> {
    let mut writer = Writer::empty();
    // SAFETY: the caller guarantees the arguments.
    unsafe { writer.format(format, arguments)? };
    writer.object(writer.length())
}
