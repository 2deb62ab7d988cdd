//! The models. Each is a few calls of the C API by two threads; that objects and views are given up once, and not used afterwards, is
//! found by the memory that they are in.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use loom::cell::UnsafeCell;
use loom::sync::{Arc, Mutex};
use loom::thread::JoinHandle;

use core::Planted::{self, Alone, NoAcquire, NoRelease, Relaxed, TwoSteps};
use core::sync::atomic::AtomicIsize;

use crate::abi::buffer::Py_buffer;
use crate::abi::format::pybuffer_value;
use crate::abi::object::{Py_hash_t, Py_ssize_t, PyObject};
use crate::abi::types::{PyTypeObject, TPFLAGS_READY};
use crate::exporter;
use crate::runtime::holds::{Holds, Pin};
use crate::runtime::types;

unsafe extern "C" {
    pub fn Py_IncRef(op: *mut PyObject);
    pub fn Py_DecRef(op: *mut PyObject);
    fn PyUnstable_TryIncRef(op: *mut PyObject) -> c_int;
    fn PyErr_Clear();
    fn PyErr_Occurred() -> *mut PyObject;
    fn PyErr_SetString(exception: *mut PyObject, message: *const c_char);
    static PyExc_ValueError: *mut PyObject;
    fn PyObject_GetBuffer(op: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int;
    fn PyBuffer_Release(view: *mut Py_buffer);
    fn PyObject_Hash(op: *mut PyObject) -> Py_hash_t;
    fn PyMemoryView_FromObject(op: *mut PyObject) -> *mut PyObject;
    fn pybuffer_memoryview_release(view: *mut PyObject) -> c_int;
    fn pybuffer_memoryview_get_item(
        view: *mut PyObject,
        indices: *const Py_ssize_t,
        nindices: c_int,
        values: *mut pybuffer_value,
        nvalues: c_int,
    ) -> c_int;
    fn PyPickleBuffer_FromObject(base: *mut PyObject) -> *mut PyObject;
    fn PyPickleBuffer_Release(picklebuffer: *mut PyObject) -> c_int;
    fn PyBuffer_FromObject(base: *mut PyObject, offset: Py_ssize_t, size: Py_ssize_t) -> *mut PyObject;
    fn PyBytes_FromString(text: *const c_char) -> *mut PyObject;
    fn pybuffer_set_hash_key(k0: u64, k1: u64) -> c_int;
    fn PyByteArray_FromStringAndSize(bytes: *const c_char, size: Py_ssize_t) -> *mut PyObject;
    fn PyByteArray_Resize(op: *mut PyObject, size: Py_ssize_t) -> c_int;
    fn pybuffer_ndarray_zeros(
        format: *const c_char,
        ndim: c_int,
        shape: *const Py_ssize_t,
        flags: c_int,
    ) -> *mut PyObject;
    fn pybuffer_ndarray_push(
        nd: *mut PyObject,
        items: *const c_void,
        nbytes: Py_ssize_t,
        format: *const c_char,
        ndim: c_int,
        shape: *const Py_ssize_t,
        strides: *const Py_ssize_t,
        offset: Py_ssize_t,
        flags: c_int,
    ) -> c_int;
    fn pybuffer_ndarray_pop(nd: *mut PyObject) -> c_int;
}

/* ---- threads -------------------------------------------------------------------------------------------------- */

/// What glibc says: whether the process has one thread.
static SINGLE: AtomicU8 = AtomicU8::new(1);

#[repr(transparent)]
struct Pointer(*const AtomicU8);

// SAFETY: it is a constant.
unsafe impl Sync for Pointer {}

#[unsafe(export_name = "pybuffer__single_threaded")]
static SINGLE_THREADED: Pointer = Pointer(&raw const SINGLE);

loom::thread_local! {
    static OWN: std::cell::UnsafeCell<[usize; 7]> = std::cell::UnsafeCell::new([0; 7]);
}

#[unsafe(no_mangle)]
extern "C" fn pybuffer__thread() -> *mut [usize; 7] {
    OWN.with(std::cell::UnsafeCell::get)
}

static EXECUTIONS: AtomicUsize = AtomicUsize::new(0);

/// How many orders of steps there have been.
pub fn executions() -> usize {
    EXECUTIONS.load(Ordering::Relaxed)
}

/// Runs a model, which starts in the only thread.
pub fn alone(model: fn()) {
    EXECUTIONS.fetch_add(1, Ordering::Relaxed);
    SINGLE.store(1, Ordering::Relaxed);
    model();
    // SAFETY: may always be called.
    unsafe { PyErr_Clear() };
}

/// Starts another thread, of which glibc knows.
fn spawn<T: 'static>(body: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
    SINGLE.store(u8::from(core::planted() == Alone), Ordering::Relaxed);
    loom::thread::spawn(move || {
        let result = body();
        // SAFETY: may always be called.
        unsafe { PyErr_Clear() };
        result
    })
}

/// The line of a panic's output that says what it was.
pub fn reason(text: &str) -> &str {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let at = lines.iter().position(|line| line.contains("panicked at"));
    at.and_then(|at| lines.get(at + 1)).or(lines.last()).copied().unwrap_or("no output")
}

/* ---- reference counts ----------------------------------------------------------------------------------------- */

fn the_last_reference_frees_the_object() {
    // SAFETY: each thread has a reference.
    unsafe {
        let op = exporter::new();
        Py_IncRef(op);
        let other = spawn(move || Py_DecRef(op));
        Py_DecRef(op);
        other.join().unwrap();
    }
}

fn references_are_taken_and_given_up_at_the_same_time() {
    // SAFETY: each thread has a reference.
    unsafe {
        let op = exporter::new();
        Py_IncRef(op);
        let other = spawn(move || {
            Py_IncRef(op);
            Py_DecRef(op);
            Py_DecRef(op);
        });
        Py_IncRef(op);
        Py_DecRef(op);
        Py_DecRef(op);
        other.join().unwrap();
    }
}

/// An object that a table knows without a reference, until it is destroyed.
#[repr(C)]
struct Listed {
    ob_base: PyObject,
    table: *const Mutex<*mut PyObject>,
}

static mut LISTED: PyTypeObject = PyTypeObject {
    tp_flags: TPFLAGS_READY,
    tp_dealloc: Some(dealloc_listed),
    ..types::derived(c"model.Listed", size_of::<Listed>(), 0)
};

unsafe extern "C" fn dealloc_listed(op: *mut PyObject) {
    // SAFETY: a slot of this type; the table outlives the object.
    unsafe {
        *(*(*op.cast::<Listed>()).table).lock().unwrap() = null_mut();
        core::free(op.cast());
    }
}

fn an_object_that_is_destroyed_gives_no_reference() {
    // SAFETY: the table outlives the object; an object is in it while its memory is there.
    unsafe {
        let table = Arc::new(Mutex::new(null_mut()));
        let op: *mut Listed = core::malloc(size_of::<Listed>()).cast();
        op.write(Listed { ob_base: PyObject { ob_refcnt: 1, ob_type: &raw mut LISTED }, table: &raw const *table });
        *table.lock().unwrap() = op.cast();
        let of_other = Arc::clone(&table);
        let other = spawn(move || {
            let table = of_other.lock().unwrap();
            let found = Some(*table).filter(|&op| !op.is_null() && PyUnstable_TryIncRef(op) != 0);
            drop(table);
            if let Some(op) = found {
                Py_DecRef(op);
            }
        });
        Py_DecRef(op.cast());
        other.join().unwrap();
    }
}

/* ---- memoryviews and their managed buffer --------------------------------------------------------------------- */

/// Uses the memory of a memoryview, as a consumer with a view of it does, if it can be had. Returns whether it could.
unsafe fn consume(op: *mut PyObject) -> bool {
    let mut view = MaybeUninit::<Py_buffer>::uninit();
    // SAFETY: the callers have a reference.
    unsafe {
        if PyObject_GetBuffer(op, view.as_mut_ptr(), 0) != 0 {
            return false;
        }
        let view = view.assume_init_mut();
        core::touch(view.buf);
        PyBuffer_Release(view);
        true
    }
}

fn two_memoryviews() -> [*mut PyObject; 2] {
    // SAFETY: objects of the model.
    unsafe {
        let op = exporter::new();
        let first = PyMemoryView_FromObject(op);
        Py_DecRef(op);
        [first, PyMemoryView_FromObject(first)]
    }
}

fn the_last_memoryview_releases_the_view() {
    let [first, second] = two_memoryviews();
    // SAFETY: each thread has a memoryview.
    unsafe {
        let other = spawn(move || Py_DecRef(second));
        Py_DecRef(first);
        other.join().unwrap();
    }
}

fn the_last_release_releases_the_view() {
    let [first, second] = two_memoryviews();
    // SAFETY: each thread has a memoryview.
    unsafe {
        let other = spawn(move || {
            assert_eq!(pybuffer_memoryview_release(second), 0);
            Py_DecRef(second);
        });
        assert_eq!(pybuffer_memoryview_release(first), 0);
        Py_DecRef(first);
        other.join().unwrap();
    }
}

fn a_memoryview_is_released_once() {
    // SAFETY: both threads have a reference.
    unsafe {
        let op = exporter::new();
        let view = PyMemoryView_FromObject(op);
        Py_DecRef(op);
        Py_IncRef(view);
        let other = spawn(move || {
            assert_eq!(pybuffer_memoryview_release(view), 0);
            Py_DecRef(view);
        });
        assert_eq!(pybuffer_memoryview_release(view), 0);
        Py_DecRef(view);
        other.join().unwrap();
    }
}

fn a_memoryview_is_taken_of_one_that_is_released() {
    // SAFETY: both threads have a reference.
    unsafe {
        let op = exporter::new();
        let view = PyMemoryView_FromObject(op);
        Py_DecRef(op);
        let other = spawn(move || assert_eq!(pybuffer_memoryview_release(view), 0));
        let taken = PyMemoryView_FromObject(view);
        if !taken.is_null() {
            assert!(consume(taken));
            Py_DecRef(taken);
        }
        other.join().unwrap();
        Py_DecRef(view);
    }
}

fn a_consumer_of_a_memoryview_that_is_released() {
    // SAFETY: both threads have a reference.
    unsafe {
        let op = exporter::new();
        let view = PyMemoryView_FromObject(op);
        Py_DecRef(op);
        let other = spawn(move || pybuffer_memoryview_release(view));
        consume(view);
        other.join().unwrap();
        assert_eq!(pybuffer_memoryview_release(view), 0, "the export has ended");
        assert!(!consume(view));
        Py_DecRef(view);
    }
}

fn exports_of_a_memoryview_are_counted() {
    // SAFETY: both threads have a reference.
    unsafe {
        let op = exporter::new();
        let view = PyMemoryView_FromObject(op);
        Py_DecRef(op);
        let other = spawn(move || assert!(consume(view)));
        assert!(consume(view));
        other.join().unwrap();
        assert_eq!(pybuffer_memoryview_release(view), 0, "both exports have ended");
        Py_DecRef(view);
    }
}

fn an_item_is_read_of_a_memoryview_that_is_released() {
    // SAFETY: both threads have a reference.
    unsafe {
        let op = exporter::new();
        let view = PyMemoryView_FromObject(op);
        Py_DecRef(op);
        let other = spawn(move || assert_eq!(pybuffer_memoryview_release(view), 0));
        let mut value = MaybeUninit::<pybuffer_value>::zeroed().assume_init();
        if pybuffer_memoryview_get_item(view, &0, 1, &raw mut value, 1) == 0 {
            assert_eq!(value.r#as.u, 1, "the byte of the first view");
        }
        other.join().unwrap();
        Py_DecRef(view);
    }
}

/* ---- Kept ----------------------------------------------------------------------------------------------------- */

fn what_an_object_keeps_is_released_once() {
    // SAFETY: both threads have a reference.
    unsafe {
        let op = exporter::new();
        let keeper = PyPickleBuffer_FromObject(op);
        Py_DecRef(op);
        Py_IncRef(keeper);
        let other = spawn(move || {
            assert_eq!(PyPickleBuffer_Release(keeper), 0);
            Py_DecRef(keeper);
        });
        assert_eq!(PyPickleBuffer_Release(keeper), 0);
        Py_DecRef(keeper);
        other.join().unwrap();
    }
}

fn what_an_object_keeps_is_asked_for_while_it_is_released() {
    // SAFETY: both threads have a reference.
    unsafe {
        let op = exporter::new();
        let keeper = PyPickleBuffer_FromObject(op);
        Py_DecRef(op);
        let other = spawn(move || assert_eq!(PyPickleBuffer_Release(keeper), 0));
        // It passes the request on to its exporter.
        consume(keeper);
        other.join().unwrap();
        assert!(!consume(keeper));
        Py_DecRef(keeper);
    }
}

/* ---- what is made once ---------------------------------------------------------------------------------------- */

/// The hash of some bytes, by a new object.
unsafe fn hash() -> Py_hash_t {
    // SAFETY: an object of its own.
    unsafe {
        let bytes = PyBytes_FromString(c"bytes".as_ptr());
        let hash = PyObject_Hash(bytes);
        Py_DecRef(bytes);
        hash
    }
}

fn all_hashes_are_made_with_one_key() {
    // SAFETY: objects of their own.
    unsafe {
        let other = spawn(|| hash());
        let first = hash();
        assert_eq!(other.join().unwrap(), first);
        assert_eq!(hash(), first);
    }
}

fn the_key_of_hashes_is_set_while_one_is_made() {
    // SAFETY: objects of their own.
    unsafe {
        let other = spawn(|| pybuffer_set_hash_key(1, 2));
        let first = hash();
        let was_set = other.join().unwrap() == 0;
        assert_eq!(hash(), first);
        assert_eq!(pybuffer_set_hash_key(1, 2) == 0, was_set, "it is the key in use");
    }
}

fn two_keys_of_hashes_are_set() {
    // SAFETY: may always be called.
    unsafe {
        let other = spawn(|| assert_eq!(pybuffer_set_hash_key(1, 2), 0));
        assert_eq!(pybuffer_set_hash_key(3, 4), 0);
        other.join().unwrap();
        let of_bytes = hash();
        let known = pybuffer_set_hash_key(1, 2) == 0 || pybuffer_set_hash_key(3, 4) == 0;
        assert!(known && of_bytes == hash(), "one of the two");
    }
}

fn a_hash_that_was_given_stays() {
    // SAFETY: both threads have a reference.
    unsafe {
        // The exporter has other bytes each time that it is asked.
        let op = exporter::new();
        let buffer = PyBuffer_FromObject(op, 0, 8);
        Py_DecRef(op);
        let other = spawn(move || PyObject_Hash(buffer));
        let first = PyObject_Hash(buffer);
        assert_eq!(other.join().unwrap(), first);
        Py_DecRef(buffer);
    }
}

fn errors_are_dropped_by_one_key_of_threads() {
    // SAFETY: an exception type.
    unsafe {
        let other = spawn(|| PyErr_SetString(PyExc_ValueError, c"one".as_ptr()));
        PyErr_SetString(PyExc_ValueError, c"two".as_ptr());
        other.join().unwrap();
        assert_eq!(core::keys(), 1);
    }
}

/* ---- bytearrays and ndarrays ---------------------------------------------------------------------------------- */

fn a_bytearray_is_resized_while_it_is_read() {
    // SAFETY: both threads have a reference.
    unsafe {
        let op = PyByteArray_FromStringAndSize(c"12345678".as_ptr(), 8);
        let other = spawn(move || PyByteArray_Resize(op, 1000));
        assert!(consume(op));
        other.join().unwrap();
        assert_eq!(PyByteArray_Resize(op, 2000), 0, "the view has ended");
        Py_DecRef(op);
    }
}

fn a_base_is_pushed_while_another_is_read() {
    // SAFETY: both threads have a reference.
    unsafe {
        let op = pybuffer_ndarray_zeros(c"B".as_ptr(), 1, &8, 0);
        let other = spawn(move || {
            let items = [7u8; 8];
            pybuffer_ndarray_push(op, items.as_ptr().cast(), 8, c"B".as_ptr(), 1, &8, null(), 0, 0)
        });
        assert!(consume(op));
        other.join().unwrap();
        Py_DecRef(op);
    }
}

/* ---- holds ---------------------------------------------------------------------------------------------------- */

/// The word of a bytearray's holds, and memory, whose accesses loom checks.
struct Memory {
    word: AtomicIsize,
    bytes: UnsafeCell<usize>,
}

// SAFETY: as the library's objects are: who has a hold may use the memory, which is what the models find out.
unsafe impl Sync for Memory {}
// SAFETY: as above.
unsafe impl Send for Memory {}

impl Memory {
    fn new() -> Arc<Self> {
        Arc::new(Self { word: AtomicIsize::new(0), bytes: UnsafeCell::new(0) })
    }

    fn holds(&self) -> Holds<'_> {
        // SAFETY: the address is that of the atomic, and only holds change it.
        unsafe { Holds::of((&raw const self.word).cast_mut().cast()) }
    }

    fn read(&self) -> usize {
        // SAFETY: the callers have a hold; loom finds an access at the same time.
        self.bytes.with(|bytes| unsafe { *bytes })
    }

    /// As `realloc` would.
    fn change(&self) {
        // SAFETY: as above.
        self.bytes.with_mut(|bytes| unsafe { *bytes += 1 });
    }

    fn pinned_read(&self, which: Pin) -> usize {
        self.holds().pin(which);
        let read = self.read();
        self.holds().unpin();
        read
    }

    fn claimed_change(&self) -> bool {
        let claimed = self.holds().claim();
        if claimed {
            self.change();
            self.holds().end_claim();
        }
        claimed
    }
}

fn a_resize_waits_for_a_read() {
    let memory = Memory::new();
    let other = Arc::clone(&memory);
    let resize = spawn(move || assert!(other.claimed_change()));
    memory.pinned_read(Pin::First);
    resize.join().unwrap();
    assert_eq!(memory.pinned_read(Pin::First), 1);
}

fn two_resizes_exclude_each_other() {
    let memory = Memory::new();
    let other = Arc::clone(&memory);
    let resize = spawn(move || assert!(other.claimed_change()));
    assert!(memory.claimed_change());
    resize.join().unwrap();
    assert_eq!(memory.pinned_read(Pin::First), 2);
}

fn a_view_refuses_a_resize() {
    let memory = Memory::new();
    let other = Arc::clone(&memory);
    let resize = spawn(move || other.claimed_change());
    memory.holds().add_view();
    let seen = memory.read();
    assert_eq!(memory.read(), seen);
    memory.holds().end_view();
    let changed = resize.join().unwrap();
    assert_eq!(memory.pinned_read(Pin::First), usize::from(changed));
}

fn a_second_pin_does_not_wait_for_the_resize_that_waits_for_the_first() {
    let memory = Memory::new();
    let other = Arc::clone(&memory);
    let resize = spawn(move || assert!(other.claimed_change()));
    memory.holds().pin(Pin::First);
    memory.pinned_read(Pin::Second);
    memory.holds().unpin();
    resize.join().unwrap();
}

/* ---- all ------------------------------------------------------------------------------------------------------ */

/// A model, and the faults that it must find: those of the memory order only where what it watches depends on it.
type Model = (&'static str, fn(), &'static [Planted]);

const ALL: &[Planted] = &[Relaxed, NoAcquire, NoRelease, TwoSteps];
const COUNTS: &[Planted] = &[Relaxed, NoAcquire, NoRelease, TwoSteps, Alone];

/// The models by name.
macro_rules! models {
    ($($model:ident: $faults:expr;)*) => {
        pub const MODELS: &[Model] = &[$((stringify!($model), $model, $faults),)*];
    };
}

models! {
    the_last_reference_frees_the_object: COUNTS;
    references_are_taken_and_given_up_at_the_same_time: COUNTS;
    an_object_that_is_destroyed_gives_no_reference: COUNTS;
    the_last_memoryview_releases_the_view: ALL;
    the_last_release_releases_the_view: ALL;
    a_memoryview_is_released_once: ALL;
    a_memoryview_is_taken_of_one_that_is_released: ALL;
    a_consumer_of_a_memoryview_that_is_released: ALL;
    exports_of_a_memoryview_are_counted: &[TwoSteps, Alone];
    an_item_is_read_of_a_memoryview_that_is_released: &[TwoSteps];
    what_an_object_keeps_is_released_once: ALL;
    what_an_object_keeps_is_asked_for_while_it_is_released: ALL;
    all_hashes_are_made_with_one_key: ALL;
    the_key_of_hashes_is_set_while_one_is_made: ALL;
    two_keys_of_hashes_are_set: &[TwoSteps];
    a_hash_that_was_given_stays: &[TwoSteps, Alone];
    errors_are_dropped_by_one_key_of_threads: ALL;
    a_bytearray_is_resized_while_it_is_read: ALL;
    a_base_is_pushed_while_another_is_read: ALL;
    a_resize_waits_for_a_read: ALL;
    two_resizes_exclude_each_other: ALL;
    a_view_refuses_a_resize: ALL;
    a_second_pin_does_not_wait_for_the_resize_that_waits_for_the_first: ALL;
}
