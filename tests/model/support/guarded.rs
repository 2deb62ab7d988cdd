//! Memory between two pages that cannot be accessed.

use std::ptr::null_mut;

use crate::common::random::Random;

pub(crate) const PAGE: usize = 4096;

/// Memory between two pages that cannot be accessed.
pub(crate) struct Guarded {
    map: *mut u8,
    pages: usize,
}

impl Guarded {
    pub(crate) fn new(len: usize) -> Self {
        let pages = len.div_ceil(PAGE).max(1);
        // SAFETY: a new mapping of a page more on each side, which is then closed.
        unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let map = libc::mmap(null_mut(), (pages + 2) * PAGE, protection, flags, -1, 0).cast::<u8>();
            assert!(map.addr() != usize::MAX, "no memory");
            let last = map.wrapping_add((pages + 1) * PAGE);
            assert_eq!(libc::mprotect(map.cast(), PAGE, libc::PROT_NONE), 0);
            assert_eq!(libc::mprotect(last.cast(), PAGE, libc::PROT_NONE), 0);
            Self { map, pages }
        }
    }

    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the pages between the two are open; nobody else has them.
        unsafe { std::slice::from_raw_parts_mut(self.map.wrapping_add(PAGE), self.pages * PAGE) }
    }

    pub(crate) fn fill(&mut self, seed: usize) {
        for (at, byte) in self.bytes().iter_mut().enumerate() {
            *byte = (at.wrapping_mul(0x9e37_79b9).wrapping_add(seed) >> 11) as u8;
        }
    }

    /// A start for `len` bytes: at the first page, before the last one, or at any place between.
    pub(crate) fn place(&self, len: usize, random: &mut Random) -> usize {
        let free = self.pages * PAGE - len;
        match random.below(3) {
            0 => 0,
            1 => free,
            _ => random.below(free + 1),
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`.
        unsafe { libc::munmap(self.map.cast(), (self.pages + 2) * PAGE) };
    }
}
