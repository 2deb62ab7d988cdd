//! Lists that grow, in memory of the domain `Mem`, for the length of a scope.

use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crate::error::{Error, Result};

use super::alloc::Scratch;

/// A list of plain values, which need no more alignment than an allocation has.
pub(crate) struct List<T> {
    memory: Scratch,
    count: usize,
    room: usize,
    values: PhantomData<T>,
}

impl<T: Copy> List<T> {
    /// A list without values, with room for so many, at least one.
    pub(crate) fn with_room(room: usize) -> Result<Self> {
        const { assert!(align_of::<T>() <= align_of::<usize>()) };
        let room = room.max(1);
        Ok(Self { memory: Scratch::new(Self::bytes(room)?)?, count: 0, room, values: PhantomData })
    }

    /// The same value so many times.
    #[inline(never)]
    pub(crate) fn filled(value: T, count: usize) -> Result<Self> {
        let mut list = Self::with_room(count)?;
        for _ in 0..count {
            list.push(value)?;
        }
        Ok(list)
    }

    fn bytes(count: usize) -> Result<usize> {
        count.checked_mul(size_of::<T>()).ok_or(Error::no_memory())
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> Result<()> {
        let room = self.room.checked_mul(2).ok_or(Error::no_memory())?;
        self.memory.resize(Self::bytes(room)?)?;
        self.room = room;
        Ok(())
    }

    /// Adds a value at the end. Where there is no memory, nothing changes.
    pub(crate) fn push(&mut self, value: T) -> Result<()> {
        if self.count == self.room {
            self.grow()?;
        }
        // SAFETY: the memory has room for more values than there are, and is aligned as every allocation is.
        unsafe { self.memory.as_ptr().cast::<T>().add(self.count).write(value) };
        self.count += 1;
        Ok(())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: so many values have been written, to memory that is aligned as every allocation is.
        unsafe { core::slice::from_raw_parts(self.memory.as_ptr().cast(), self.count) }
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above; the list is borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.memory.as_ptr().cast(), self.count) }
    }
}
