//! The memory of a model: which words are atomics, and which blocks live. It finds what is used after it was freed, freed while a
//! thread may use it, freed twice, or not at all.
//!
//! A word is one of loom's atomics from the first time that it is used as one. That holds the place of its value among all that the word
//! has had, since loom wants an atomic to be made before the threads that use it: all are made at the start, with the place 0.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::ffi::c_void;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicUsize;

use crate::{Planted, planted};

/// As many words and blocks as a model may use.
const WORDS: usize = 64;
const BLOCKS: usize = 48;

/// No place of a value.
const NOWHERE: usize = usize::MAX;

struct Word {
    place: AtomicUsize,
    values: RefCell<Vec<u64>>,
    /// The place of the last value.
    last: Cell<usize>,
}

impl Word {
    fn add(&self, value: u64) -> usize {
        let mut values = self.values.borrow_mut();
        values.push(value);
        values.len() - 1
    }

    fn value(&self, place: usize) -> u64 {
        self.values.borrow()[place]
    }
}

struct Block {
    size: usize,
    lives: bool,
    /// Read by each use, written by making and freeing it: loom finds those that are not in order.
    use_of: Rc<UnsafeCell<()>>,
}

#[derive(Default)]
struct Execution {
    unused_words: Vec<Rc<Word>>,
    unused_cells: Vec<Rc<UnsafeCell<()>>>,
    words: HashMap<usize, Rc<Word>>,
    blocks: BTreeMap<usize, Block>,
    /// What words that are not in blocks were at first: address, size and value.
    changed: Vec<(usize, usize, u64)>,
    randoms: u8,
    /// Of each key whether it is there, and its use.
    keys: Vec<(bool, Rc<UnsafeCell<()>>)>,
}

thread_local! {
    /// All of loom's threads run in one.
    static EXECUTION: RefCell<Option<Execution>> = const { RefCell::new(None) };
}

fn with<R>(act: impl FnOnce(&mut Execution) -> R) -> R {
    EXECUTION.with_borrow_mut(|execution| act(execution.as_mut().expect("a model is running")))
}

/// Runs a model once: everything that it allocates must be freed at its end, and what it changes is as before.
pub fn run(model: impl FnOnce()) {
    let word = || Rc::new(Word { place: AtomicUsize::new(0), values: RefCell::default(), last: Cell::new(0) });
    let unused_cells = (0..BLOCKS).map(|_| Rc::new(UnsafeCell::new(()))).collect();
    let execution =
        Execution { unused_words: (0..WORDS).map(|_| word()).collect(), unused_cells, ..Execution::default() };
    EXECUTION.set(Some(execution));
    model();
    let execution = EXECUTION.take().expect("it runs");
    for &(address, size, value) in &execution.changed {
        write(address as *mut u8, size, value);
    }
    for (&address, block) in &execution.blocks {
        assert!(!block.lives, "{} bytes are not freed", block.size);
        // SAFETY: it was allocated, and is freed here only.
        unsafe { libc::free(address as *mut c_void) };
    }
}

fn read(address: *const u8, size: usize) -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: the callers have a word of this size.
    unsafe { bytes.as_mut_ptr().copy_from_nonoverlapping(address, size) };
    u64::from_le_bytes(bytes)
}

fn write(address: *mut u8, size: usize, value: u64) {
    // SAFETY: as above.
    unsafe { address.copy_from_nonoverlapping(value.to_le_bytes().as_ptr(), size) };
}

impl Execution {
    fn block(&self, address: usize) -> Option<(usize, &Block)> {
        let (&start, block) = self.blocks.range(..=address).next_back()?;
        (address < start + block.size).then_some((start, block))
    }

    /// The use of the block at an address, which must live.
    fn use_of(&self, address: usize) -> Option<Rc<UnsafeCell<()>>> {
        self.block(address).map(|(_, block)| {
            assert!(block.lives, "used after it was freed");
            Rc::clone(&block.use_of)
        })
    }
}

/// A word that is used as an atomic.
pub struct Place {
    address: *mut u8,
    size: usize,
    word: Rc<Word>,
}

impl Place {
    pub fn of(address: *mut u8, size: usize) -> Self {
        let at = address.addr();
        if let Some(use_of) = with(|execution| execution.use_of(at)) {
            use_of.with(|_| {});
        }
        let now = read(address, size);
        let word = with(|execution| {
            // Whoever has an object to itself may write its words in another way.
            match execution.words.get(&at).filter(|word| word.value(word.last.get()) == now) {
                Some(word) => Rc::clone(word),
                None => {
                    if execution.block(at).is_none() && !execution.words.contains_key(&at) {
                        execution.changed.push((at, size, now));
                    }
                    let word = execution.unused_words.pop().expect("more words than a model has");
                    word.add(now);
                    execution.words.insert(at, Rc::clone(&word));
                    word
                }
            }
        });
        Self { address, size, word }
    }

    /// After each step: the last value stands in the memory, which must still be there.
    fn end(&self, last: Option<usize>) {
        with(|execution| execution.use_of(self.address.addr()));
        if let Some(last) = last {
            self.word.last.set(last);
            write(self.address, self.size, self.word.value(last));
        }
    }

    pub fn load(&self, order: Ordering) -> u64 {
        let place = self.word.place.load(of_load(order));
        self.end(None);
        self.word.value(place)
    }

    pub fn store(&self, value: u64, order: Ordering) {
        let place = self.word.add(self.cut(value));
        self.word.place.store(place, of_store(order));
        self.end(Some(place));
    }

    /// The bits that the word has.
    fn cut(&self, value: u64) -> u64 {
        if self.size == 8 { value } else { value & ((1 << (8 * self.size)) - 1) }
    }

    pub fn change(&self, order: Ordering, change: impl FnOnce(u64) -> u64) -> u64 {
        if planted() == Planted::TwoSteps {
            let before = self.load(Ordering::Acquire);
            self.store(change(before), Ordering::Release);
            return before;
        }
        let place = self.word.add(0);
        let before = self.word.value(self.word.place.swap(place, of_change(order)));
        self.word.values.borrow_mut()[place] = self.cut(change(before));
        self.end(Some(place));
        before
    }

    pub fn compare_exchange(&self, current: u64, new: u64, order: Ordering, fail: Ordering) -> Result<u64, u64> {
        let (current, new) = (self.cut(current), self.cut(new));
        if planted() == Planted::TwoSteps {
            let before = self.load(Ordering::Acquire);
            if before != current {
                return Err(before);
            }
            self.store(new, Ordering::Release);
            return Ok(before);
        }
        // The place whose value it has, if it still has it when its turn comes.
        let mut last = self.word.last.get();
        loop {
            let expected = if self.word.value(last) == current { last } else { NOWHERE };
            let place = self.word.add(new);
            match self.word.place.compare_exchange(expected, place, of_change(order), of_load(fail)) {
                Ok(_) => {
                    self.end(Some(place));
                    return Ok(current);
                }
                Err(found) => {
                    self.end(None);
                    let value = self.word.value(found);
                    if value != current {
                        return Err(value);
                    }
                    last = found;
                }
            }
        }
    }
}

fn of_load(order: Ordering) -> Ordering {
    match planted() {
        Planted::Relaxed | Planted::NoAcquire => Ordering::Relaxed,
        _ => order,
    }
}

fn of_store(order: Ordering) -> Ordering {
    match planted() {
        Planted::Relaxed | Planted::NoRelease => Ordering::Relaxed,
        _ => order,
    }
}

fn of_change(order: Ordering) -> Ordering {
    match (planted(), order) {
        (Planted::Relaxed, _) | (Planted::NoAcquire, Ordering::Acquire) | (Planted::NoRelease, Ordering::Release) => {
            Ordering::Relaxed
        }
        (Planted::NoAcquire, Ordering::AcqRel) => Ordering::Release,
        (Planted::NoRelease, Ordering::AcqRel) => Ordering::Acquire,
        _ => order,
    }
}

/// C's: memory that no other block of the execution has had.
///
/// # Safety
/// None.
pub unsafe fn malloc(size: usize) -> *mut c_void {
    // SAFETY: malloc may be called with any size.
    let memory = unsafe { libc::malloc(size.max(1)) };
    let use_of = with(|execution| {
        let use_of = execution.unused_cells.pop().expect("more blocks than a model has");
        execution.blocks.insert(memory.addr(), Block { size: size.max(1), lives: true, use_of: Rc::clone(&use_of) });
        use_of
    });
    use_of.with_mut(|_| {});
    memory
}

/// C's.
///
/// # Safety
/// NULL, or from [`malloc`].
pub unsafe fn free(memory: *mut c_void) {
    if memory.is_null() {
        return;
    }
    let use_of = with(|execution| {
        let block = execution.blocks.get_mut(&memory.addr()).expect("it was allocated");
        assert!(block.lives, "freed twice");
        block.lives = false;
        Rc::clone(&block.use_of)
    });
    use_of.with_mut(|_| {});
}

/// Uses memory, which must not have been freed.
pub fn touch(memory: *mut c_void) {
    if let Some(use_of) = with(|execution| execution.use_of(memory.addr())) {
        use_of.with(|_| {});
    }
}

pub(crate) fn size_of(memory: *mut c_void) -> usize {
    with(|execution| execution.blocks[&memory.addr()].size)
}

pub(crate) fn next_random() -> u8 {
    with(|execution| {
        execution.randoms += 1;
        execution.randoms
    })
}

/// A new key of threads.
pub(crate) fn new_key() -> u32 {
    let (number, use_of) = with(|execution| {
        let use_of = execution.unused_cells.pop().expect("more keys than a model has");
        execution.keys.push((true, Rc::clone(&use_of)));
        (execution.keys.len() - 1, use_of)
    });
    use_of.with_mut(|_| {});
    number as u32
}

fn key(key: u32) -> Rc<UnsafeCell<()>> {
    with(|execution| {
        let (lives, use_of) = &execution.keys[key as usize];
        assert!(lives, "a key that was deleted");
        Rc::clone(use_of)
    })
}

pub(crate) fn use_key(number: u32) {
    key(number).with(|_| {});
}

pub(crate) fn end_key(number: u32) {
    key(number).with_mut(|_| {});
    with(|execution| execution.keys[number as usize].0 = false);
}

/// How many keys there are.
pub fn keys() -> usize {
    with(|execution| execution.keys.iter().filter(|(lives, _)| *lives).count())
}
