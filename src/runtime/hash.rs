//! Hashes: of bytes (SipHash-1-3 with a key of the process, as CPython 3.11 and later), of addresses in tables that no program sees,
//! and none at all.

use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::abi::object::{Py_hash_t, PyObject};
use crate::error::{Error, ErrorKind, Result};
use crate::platform;

use super::boundary::{boundary, non_null};
use super::types;
use super::wait::Wait;

/// The `tp_hash` for types whose objects have no hash: -1 with `TypeError`. `PyType_Ready` gives it to a type that has
/// `tp_richcompare` and no `tp_hash`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_HashNotImplemented(op: *mut PyObject) -> Py_hash_t {
    boundary(|| -> Result<Py_hash_t> {
        let op = non_null(op)?.as_ptr();
        // SAFETY: O1.
        Err(Error::type_name(c"unhashable type: '%.200s'", unsafe { (*types::type_of(op)).tp_name }))
    })
}

/// The hash of bytes: equal bytes have equal hashes, whatever object holds them.
pub(crate) fn of_bytes(bytes: &[u8]) -> Py_hash_t {
    // The empty string needs no key.
    if bytes.is_empty() {
        return 0;
    }
    let mut hasher = Hasher::new();
    hasher.add(bytes);
    hasher.finish()
}

/// A hash function for addresses, another one each time: whoever chooses the addresses does not know which have the same hash.
#[derive(Clone, Copy)]
pub(crate) struct OfAddresses(u64, u64);

impl OfAddresses {
    pub(crate) fn new() -> Self {
        let (k0, k1) = random_key();
        Self(k0, k1 | 1)
    }

    /// All bits of the address matter to each bit of the hash. (Multiplied once, evenly spaced addresses sometimes come in long runs.)
    pub(crate) fn hash(self, address: usize) -> usize {
        let folded = |number: u64| {
            let product = u128::from(number) * u128::from(self.1);
            (product ^ (product >> 64)) as u64
        };
        folded(folded(address as u64 ^ self.0)) as usize
    }
}

static KEY: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];
static KEY_STATE: AtomicU8 = AtomicU8::new(UNSET);
const UNSET: u8 = 0;
const BEING_SET: u8 = 1;
/// The program has set it, and no hash has been made with it.
const GIVEN: u8 = 2;
/// A hash has been made, so it stays.
const IN_USE: u8 = 3;

/// The key of this process, made on the first use where the program has not set it.
fn key() -> (u64, u64) {
    let mut wait = Wait::new();
    loop {
        match KEY_STATE.load(Ordering::Acquire) {
            IN_USE => return stored_key(),
            UNSET => {
                // Computed before it is claimed, so that others wait for two stores only.
                let key = new_key();
                if claim(UNSET, BEING_SET) {
                    store_key(key, IN_USE);
                }
            }
            GIVEN if claim(GIVEN, IN_USE) => {}
            _ => wait.pause(),
        }
    }
}

/// `pybuffer_set_hash_key`: sets the key of the process. `RuntimeError` where hashes have been made with another.
pub(crate) fn set_key(k0: u64, k1: u64) -> Result<()> {
    let mut wait = Wait::new();
    loop {
        match KEY_STATE.load(Ordering::Acquire) {
            IN_USE if stored_key() == (k0, k1) => return Ok(()),
            IN_USE => return Err(Error::new(ErrorKind::Runtime, c"a hash has been made with another key")),
            state @ (UNSET | GIVEN) if claim(state, BEING_SET) => {
                store_key((k0, k1), GIVEN);
                return Ok(());
            }
            _ => wait.pause(),
        }
    }
}

/// Moves the key from one state to another, unless another thread was faster.
fn claim(from: u8, to: u8) -> bool {
    KEY_STATE.compare_exchange(from, to, Ordering::Acquire, Ordering::Relaxed).is_ok()
}

/// Writes the key, which this thread has claimed.
fn store_key((new0, new1): (u64, u64), state: u8) {
    let [k0, k1] = &KEY;
    k0.store(new0, Ordering::Relaxed);
    k1.store(new1, Ordering::Relaxed);
    KEY_STATE.store(state, Ordering::Release);
}

/// The key, which is final.
fn stored_key() -> (u64, u64) {
    let [k0, k1] = &KEY;
    (k0.load(Ordering::Relaxed), k1.load(Ordering::Relaxed))
}

/// The key that `PYTHONHASHSEED` asks for, so that a number gives CPython's own hashes; else a random one.
fn new_key() -> (u64, u64) {
    if let Some(seed) = seed_from_environment() {
        return seeded_key(seed);
    }
    random_key()
}

fn random_key() -> (u64, u64) {
    let mut key = [0u64; 2];
    if !platform::random(&mut key) {
        // No entropy is available: addresses and the time are better than a constant.
        let (time, fraction) = platform::now();
        let [first, second] = &mut key;
        *first ^= fraction.rotate_left(32) ^ time;
        *second ^= ((&raw const time).addr() as u64).rotate_left(17);
    }
    let [k0, k1] = key;
    (k0, k1)
}

/// The number in `PYTHONHASHSEED`, where it is one that CPython takes: 0 to 4294967295.
fn seed_from_environment() -> Option<u32> {
    let text = platform::variable(c"PYTHONHASHSEED")?;
    let digits = text.to_bytes();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u32::from(digit & 0x0F))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// CPython's key for a seed: 0 is the zero key; others run a linear congruential generator, a byte a step.
fn seeded_key(seed: u32) -> (u64, u64) {
    let mut state = seed;
    let mut word = || {
        (0..8).fold(0u64, |word, byte| {
            state = state.wrapping_mul(214_013).wrapping_add(2_531_011);
            word | u64::from((state >> 16) & 0xFF) << (8 * byte)
        })
    };
    if seed == 0 { (0, 0) } else { (word(), word()) }
}

/// The hash of bytes that come piece by piece: SipHash with one round a block and three at the end (Aumasson and Bernstein).
pub(crate) struct Hasher {
    v: [u64; 4],
    /// The bytes of the incomplete block, from the lowest one on, and their number times eight.
    block: u64,
    bits: u32,
    length: u64,
}

impl Hasher {
    pub(crate) fn new() -> Self {
        let (k0, k1) = key();
        let v = [
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ];
        Self { v, block: 0, bits: 0, length: 0 }
    }

    /// Adds bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        let words = words.iter().map(|word| u64::from_le_bytes(*word));
        // Keeps the state in registers.
        let (mut v, mut block) = (self.v, self.block);
        if self.bits == 0 {
            words.for_each(|word| absorb(&mut v, word));
        } else {
            words.for_each(|word| {
                absorb(&mut v, block | word.wrapping_shl(self.bits));
                block = word.wrapping_shr(u64::BITS.wrapping_sub(self.bits));
            });
        }
        (self.v, self.block) = (v, block);
        for &byte in rest {
            self.block |= u64::from(byte).wrapping_shl(self.bits);
            self.bits = self.bits.wrapping_add(8);
            if self.bits == u64::BITS {
                absorb(&mut self.v, self.block);
                (self.block, self.bits) = (0, 0);
            }
        }
    }

    /// The hash of all bytes added.
    pub(crate) fn finish(mut self) -> Py_hash_t {
        if self.length == 0 {
            return 0;
        }
        absorb(&mut self.v, self.length << 56 | self.block);
        let [_, _, v2, _] = &mut self.v;
        *v2 ^= 0xff;
        for _ in 0..3 {
            round(&mut self.v);
        }
        let [v0, v1, v2, v3] = self.v;
        types::hash_of_bits(v0 ^ v1 ^ v2 ^ v3)
    }
}

fn absorb(v: &mut [u64; 4], word: u64) {
    let [.., v3] = v;
    *v3 ^= word;
    round(v);
    let [v0, ..] = v;
    *v0 ^= word;
}

fn round(v: &mut [u64; 4]) {
    let [v0, v1, v2, v3] = v;
    *v0 = v0.wrapping_add(*v1);
    *v2 = v2.wrapping_add(*v3);
    *v1 = v1.rotate_left(13) ^ *v0;
    *v3 = v3.rotate_left(16) ^ *v2;
    *v0 = v0.rotate_left(32);
    *v2 = v2.wrapping_add(*v1);
    *v0 = v0.wrapping_add(*v3);
    *v1 = v1.rotate_left(17) ^ *v2;
    *v3 = v3.rotate_left(21) ^ *v0;
    *v2 = v2.rotate_left(32);
}
