//! Whether an array lies within its memory, and the same array behind a table of pointers.
//!
//! The rules are those of CPython's documentation of the buffer protocol (`verify_structure`). CPython's counterparts in C are
//! `verify_structure` and `init_suboffsets` in `Modules/_testbuffer.c`.

use crate::error::{Error, Result};

use super::structure::bytes_of;

/// An array in some memory, as its maker describes it.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// The bytes of the memory.
    pub memlen: isize,
    /// The bytes of one item.
    pub itemsize: isize,
    /// Items along each axis.
    pub shape: &'a [isize],
    /// Bytes from one item to the next along each axis, as many entries as `shape`.
    pub strides: &'a [isize],
    /// Bytes from the start of the memory to the item at index 0 of every axis.
    pub offset: isize,
}

impl Placed<'_> {
    /// The error for a negative length of an axis.
    pub const NEGATIVE: Error = Error::value(c"elements of shape must not be negative");

    /// The error for items outside of the memory.
    pub const DOES_NOT_FIT: Error = Error::value(c"invalid combination of buffer, shape and strides");

    /// Checks that every item lies in the memory, and that no item starts inside another.
    ///
    /// # Errors
    /// `ValueError` that says which rule is broken.
    pub fn verify(&self) -> Result<()> {
        self.verify_offset()?;
        if self.shape.iter().any(|&len| len < 0) {
            return Err(Self::NEGATIVE);
        }
        if self.strides.iter().any(|stride| stride.checked_rem(self.itemsize) != Some(0)) {
            return Err(Error::value(c"strides must be a multiple of itemsize"));
        }
        if self.shape.contains(&0) || self.reaches().is_some() {
            return Ok(());
        }
        Err(Self::DOES_NOT_FIT)
    }

    /// Checks the offset: there must be room for one item, whatever the shape.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_offset(&self) -> Result<()> {
        if self.itemsize <= 0 {
            return Err(Error::value(c"itemsize must be positive"));
        }
        if self.offset.checked_rem(self.itemsize) != Some(0) {
            return Err(Error::value(c"offset must be a multiple of itemsize"));
        }
        if self.offset < 0 || self.offset.checked_add(self.itemsize).is_none_or(|end| end > self.memlen) {
            return Err(Error::value(c"offset out of bounds"));
        }
        Ok(())
    }

    /// The lowest and the highest place of an item, from the one at index 0 of every axis, where both lie in the memory.
    /// What does not fit in 64 bits does not fit in memory.
    fn reaches(&self) -> Option<(isize, isize)> {
        let (mut lowest, mut highest) = (0_isize, 0_isize);
        for (len, &stride) in self.shape.iter().zip(self.strides) {
            let reach = len.checked_sub(1)?.checked_mul(stride)?;
            let end = if stride <= 0 { &mut lowest } else { &mut highest };
            *end = end.checked_add(reach)?;
        }
        let first = self.offset.checked_add(lowest)?;
        let end = self.offset.checked_add(highest)?.checked_add(self.itemsize)?;
        (first >= 0 && end <= self.memlen).then_some((lowest, highest))
    }

    /// The bytes of all items, if memory can hold as many.
    #[must_use]
    pub fn bytes(&self) -> Option<isize> {
        bytes_of(self.shape, self.itemsize)
    }

    /// The table of pointers that replaces the first axis, before the memory. `None` where there is no such axis,
    /// or memory cannot hold the table. The array has been verified.
    #[must_use]
    pub fn pointers(&self) -> Option<Pointers> {
        let ((&count, inner_shape), (&stride, inner_strides)) =
            (self.shape.split_first()?, self.strides.split_first()?);
        let size = count.checked_mul(POINTER)?.checked_add(7)? & !7;
        // As in CPython, axes after one without items do not count; no pointer is followed then. That is why all of this
        // may wrap.
        let backwards = |(&len, &stride): (&isize, &isize)| match stride {
            1.. => 0,
            _ => len.wrapping_sub(1).wrapping_mul(stride),
        };
        let inner = if count == 0 {
            0
        } else {
            let axes = inner_shape.iter().zip(inner_strides).take_while(|(len, _)| **len != 0);
            axes.map(backwards).fold(0_isize, isize::wrapping_add)
        };
        let outer = if count == 0 { 0 } else { backwards((&count, &stride)) };
        Some(Pointers {
            size,
            count,
            first: size.wrapping_add(self.offset).wrapping_add(inner).wrapping_add(outer),
            step: stride.wrapping_abs(),
            suboffset: inner.wrapping_neg(),
            stride: if stride < 0 { -POINTER } else { POINTER },
            start: if stride < 0 && count > 0 { (count - 1) * POINTER } else { 0 },
        })
    }
}

/// The bytes of a pointer.
const POINTER: isize = size_of::<*const u8>().cast_signed();

/// A table of pointers before the memory of an array, one for each place along its first axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointers {
    /// The bytes of the table, with the padding after it.
    pub size: isize,
    /// The number of pointers.
    pub count: isize,
    /// Where the first pointer leads, from the start of the table.
    pub first: isize,
    /// How much further each other one leads.
    pub step: isize,
    /// What is added to a pointer that has been followed.
    pub suboffset: isize,
    /// Bytes from one pointer to the next along the axis; negative where the axis was walked backwards.
    pub stride: isize,
    /// Where the pointer of index 0 stands, from the start of the table.
    pub start: isize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed<'a>(
        memlen: isize,
        itemsize: isize,
        shape: &'a [isize],
        strides: &'a [isize],
        offset: isize,
    ) -> Placed<'a> {
        Placed { memlen, itemsize, shape, strides, offset }
    }

    #[test]
    fn the_last_byte_counts() {
        assert!(placed(12, 2, &[2, 3], &[6, 2], 0).verify().is_ok());
        assert!(placed(11, 2, &[2, 3], &[6, 2], 0).verify().is_err());
        assert!(placed(12, 2, &[2, 3], &[-6, -2], 10).verify().is_ok());
        assert!(placed(12, 2, &[2, 3], &[-6, -2], 8).verify().is_err());
    }

    #[test]
    fn one_item_is_there_whatever_the_shape() {
        assert!(placed(1, 1, &[0, 9], &[100, -100], 0).verify().is_ok());
        assert!(placed(0, 1, &[0], &[1], 0).verify().is_err());
        assert!(placed(4, 4, &[], &[], 0).verify().is_ok());
        assert!(placed(3, 4, &[], &[], 0).verify().is_err());
    }

    #[test]
    fn what_overflows_is_outside() {
        let most = isize::MAX;
        for (shape, strides) in [
            (&[most, most][..], &[most, most][..]),
            (&[2, 2], &[most, most]),
            (&[2, 2], &[isize::MIN, isize::MIN]),
            (&[most], &[isize::MIN]),
        ] {
            assert!(placed(most, 1, shape, strides, 0).verify().is_err(), "{shape:?} {strides:?}");
        }
        assert!(placed(most, 1, &[most], &[1], 0).verify().is_ok());
        assert!(placed(most, 1, &[most], &[1], 1).verify().is_err());
        assert!(placed(most, 1, &[1], &[1], most).verify().is_err());
        assert!(placed(8, isize::MIN, &[], &[], 0).verify().is_err());
        assert!(placed(8, -1, &[], &[], isize::MIN).verify().is_err());
    }

    #[test]
    fn pointers_lead_to_what_the_first_axis_is_made_of() {
        let forwards = Pointers { size: 16, count: 2, first: 16, step: 6, suboffset: 0, stride: 8, start: 0 };
        assert_eq!(placed(12, 1, &[2, 2, 3], &[6, 3, 1], 0).pointers(), Some(forwards));
        let backwards = Pointers { size: 16, count: 2, first: 16, step: 6, suboffset: 2, stride: -8, start: 8 };
        assert_eq!(placed(12, 1, &[2, 2, 3], &[-6, 3, -1], 8).pointers(), Some(backwards));
        // The table of no pointers has no last one.
        let none = Pointers { size: 0, count: 0, first: 0, step: 6, suboffset: 0, stride: -8, start: 0 };
        assert_eq!(placed(12, 1, &[0, 2, 3], &[-6, 3, -1], 0).pointers(), Some(none));
        assert_eq!(placed(12, 1, &[], &[], 0).pointers(), None);
        assert_eq!(placed(12, 1, &[isize::MAX], &[0], 0).pointers(), None);
    }
}
