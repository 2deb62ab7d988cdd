//! The structure of a view, as in PEP 3118: contiguity, checks, sizes.

use crate::error::{Argument, Error, ErrorKind, Result};

use super::MAX_NDIM;

/// The order of the items of a contiguous copy. CPython: the `order` or `fort` character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// 'C': the last index changes fastest.
    C,
    /// 'F': the first index changes fastest.
    Fortran,
    /// 'A': either, as the memory has it; C where it has none.
    Any,
}

impl Order {
    /// The order that a character of the C API names.
    #[must_use]
    pub const fn from_char(order: u8) -> Option<Self> {
        match order {
            b'C' => Some(Self::C),
            b'F' => Some(Self::Fortran),
            b'A' => Some(Self::Any),
            _ => None,
        }
    }
}

/// The structure of a view. Arrays that the exporter left out are `None`, with PEP 3118's meaning: no shape, one axis of
/// `len / itemsize` items; no strides, C-contiguous; no suboffsets, no pointers to follow.
#[derive(Clone, Copy, Debug)]
pub struct Structure<'a> {
    /// The number of axes.
    pub ndim: usize,
    /// The bytes of all items together.
    pub len: isize,
    /// The bytes of one item.
    pub itemsize: isize,
    /// Items along each axis.
    pub shape: Option<&'a [isize]>,
    /// Bytes from one item to the next along each axis.
    pub strides: Option<&'a [isize]>,
    /// Where not negative: follow the pointer there, then add this.
    pub suboffsets: Option<&'a [isize]>,
}

/// The axes of a structure that is being made.
#[derive(Debug)]
pub struct AxesMut<'a> {
    /// Items along each axis.
    pub shape: &'a mut [isize],
    /// Bytes from one item to the next along each axis.
    pub strides: &'a mut [isize],
    /// Where not negative: follow the pointer there, then add this.
    pub suboffsets: &'a mut [isize],
}

impl AxesMut<'_> {
    /// Writes one axis; `None` where there is no room.
    pub(super) fn set(&mut self, axis: usize, len: isize, stride: isize, suboffset: isize) -> Option<()> {
        *self.shape.get_mut(axis)? = len;
        *self.strides.get_mut(axis)? = stride;
        *self.suboffsets.get_mut(axis)? = suboffset;
        Some(())
    }
}

impl<'a> Structure<'a> {
    /// Whether the items lie without gaps in `order`. CPython: `PyBuffer_IsContiguous`. A view of no bytes is contiguous
    /// in every order, an axis of one item does not count, and memory behind pointers never is.
    #[must_use]
    #[inline(always)]
    pub fn is_contiguous(&self, order: Order) -> bool {
        if self.suboffsets.is_some() {
            return false;
        }
        match order {
            Order::C => self.is_c_contiguous(),
            Order::Fortran => self.is_fortran_contiguous(),
            Order::Any => self.is_c_contiguous() || self.is_fortran_contiguous(),
        }
    }

    #[inline(always)]
    fn is_c_contiguous(&self) -> bool {
        match (self.shape, self.strides) {
            _ if self.len == 0 => true,
            (Some(shape), Some(strides)) => follows_itemsize(self.itemsize, shape.iter().zip(strides).rev()),
            _ => true,
        }
    }

    #[inline(always)]
    fn is_fortran_contiguous(&self) -> bool {
        match (self.shape, self.strides) {
            _ if self.len == 0 => true,
            (Some(shape), Some(strides)) => follows_itemsize(self.itemsize, shape.iter().zip(strides)),
            (Some(shape), None) => is_one_line(shape),
            (None, _) => self.ndim <= 1,
        }
    }

    /// Checks invariants 1 to 3 and that `len` is large enough. A walk over a structure that fails could leave the memory.
    ///
    /// # Errors
    /// `BufferError` that says which rule is broken.
    pub fn check(&self) -> Result<()> {
        if self.ndim > MAX_NDIM {
            return Err(too_many_axes(MAX_NDIM));
        }
        self.check_sizes()
    }

    /// Checks invariants 2 and 3 only, for views with more axes than can be walked.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn check_sizes(&self) -> Result<()> {
        if self.itemsize < 0 || self.len < 0 {
            return Err(Error::buffer(c"itemsize and len must not be negative"));
        }
        match self.shape {
            Some(shape) => {
                if shape.iter().any(|&items| items < 0) {
                    return Err(Error::buffer(c"shape must not be negative"));
                }
                match bytes_of(shape, self.itemsize) {
                    // It may be less, as for a view of 14 bytes in items of 4, which CPython accepts.
                    Some(bytes) if bytes <= self.len => {}
                    // The number of items must fit even if they have no bytes.
                    None if self.itemsize == 0 => return Err(Error::buffer(c"product(shape) is too large")),
                    _ => return Err(Error::buffer(c"product(shape) * itemsize is more than len")),
                }
            }
            None if self.ndim > 1 => return Err(Error::buffer(c"a view of several axes needs a shape")),
            None if self.ndim == 0 && self.len != self.itemsize => {
                return Err(Error::buffer(c"a view of no axes holds one item"));
            }
            None if self.itemsize == 0 && self.len != 0 => return Err(Error::buffer(c"itemsize must not be 0")),
            None => {}
        }
        Ok(())
    }

    /// The bytes of all items, which `check` has found not to be more than `len`.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let len = self.len.unsigned_abs();
        match self.shape {
            Some(shape) => bytes_of(shape, self.itemsize).map_or(len, isize::unsigned_abs).min(len),
            None => len,
        }
    }

    /// The number of items, which `check` has found to fit in an `isize`; else `usize::MAX`.
    #[must_use]
    pub fn items(&self) -> usize {
        let mut implied = [0];
        items_of(self.shape_or_implied(&mut implied)).map_or(usize::MAX, isize::unsigned_abs)
    }

    /// The suboffset of an axis, where it follows a pointer.
    pub(super) fn pointer(&self, axis: usize) -> Option<isize> {
        self.suboffsets?.get(axis).copied().filter(|&suboffset| suboffset >= 0)
    }

    /// Items along each axis. Where the shape of a view of one axis was left out they are CPython's `len / itemsize`,
    /// and stand in `implied`.
    pub fn shape_or_implied<'b>(&self, implied: &'b mut [isize; 1]) -> &'b [isize]
    where
        'a: 'b,
    {
        match self.shape {
            Some(shape) => shape,
            None if self.ndim == 0 => &[],
            None => {
                *implied = [self.len.checked_div(self.itemsize).unwrap_or(0)];
                implied
            }
        }
    }

    /// Writes the three arrays, with an entry for each axis. Missing shape and strides are computed;
    /// missing suboffsets leave their array unchanged.
    pub fn complete(&self, shape: &mut [isize], strides: &mut [isize], suboffsets: &mut [isize]) {
        let copy = |from: &[isize], to: &mut [isize]| to.iter_mut().zip(from).for_each(|(to, &from)| *to = from);
        copy(self.shape_or_implied(&mut [0]), shape);
        match self.strides {
            Some(given) => copy(given, strides),
            None => fill_strides(shape, self.itemsize, Order::C, strides),
        }
        copy(self.suboffsets.unwrap_or_default(), suboffsets);
    }

    /// Whether the other view has the same number of axes, and as many items along each of them.
    #[must_use]
    pub fn has_exact_shape_of(&self, other: &Structure<'_>) -> bool {
        let (mut mine, mut theirs) = ([0], [0]);
        self.ndim == other.ndim && self.shape_or_implied(&mut mine) == other.shape_or_implied(&mut theirs)
    }

    /// Whether the other view has the same items along each axis, so that item can be paired with item. As in CPython
    /// (`equiv_shape`), axes after one of no items are not looked at.
    #[must_use]
    pub fn has_shape_of(&self, other: &Structure<'_>) -> bool {
        if self.ndim != other.ndim {
            return false;
        }
        let (mut mine, mut theirs) = ([0], [0]);
        for (a, b) in self.shape_or_implied(&mut mine).iter().zip(other.shape_or_implied(&mut theirs)) {
            if a != b {
                return false;
            }
            if *a == 0 {
                return true;
            }
        }
        true
    }
}

/// Whether C-contiguous memory of this shape is Fortran-contiguous, too: if only one axis has more than one item.
#[inline(never)]
fn is_one_line(shape: &[isize]) -> bool {
    shape.iter().filter(|&&items| items > 1).count() <= 1
}

/// Whether each stride is the size of all faster axes together. No stride is one that does not fit.
#[inline(always)]
fn follows_itemsize<'a>(itemsize: isize, mut axes: impl Iterator<Item = (&'a isize, &'a isize)>) -> bool {
    let mut expected = itemsize;
    while let Some((&items, &stride)) = axes.next() {
        if items > 1 && stride != expected {
            return false;
        }
        let Some(size) = expected.checked_mul(items) else { return axes.all(|(&items, _)| items <= 1) };
        expected = size;
    }
    true
}

/// The `ValueError` for more axes than `most`. CPython's words.
#[cold]
#[must_use]
pub fn too_many_axes(most: usize) -> Error {
    let most = Argument::Size(most.cast_signed());
    Error::with(ErrorKind::Value, c"number of dimensions must not exceed %zd", most, Argument::None)
}

/// The number of items of a shape without negative entries, or `None` where it does not fit. A zero anywhere makes it 0.
/// All code counts items with this function.
#[must_use]
pub fn items_of(shape: &[isize]) -> Option<isize> {
    let mut items = 1_isize;
    for &len in shape {
        let Some(product) = items.checked_mul(len) else { return shape.contains(&0).then_some(0) };
        items = product;
    }
    Some(items)
}

/// `product(shape) * itemsize`, or `None` where the number of items or of their bytes does not fit.
#[must_use]
pub fn bytes_of(shape: &[isize], itemsize: isize) -> Option<isize> {
    items_of(shape)?.checked_mul(itemsize)
}

/// Writes the strides of contiguous memory of this shape. CPython: `PyBuffer_FillContiguousStrides`, which has no way to
/// report an overflow; like there, the values wrap.
pub fn fill_strides(shape: &[isize], itemsize: isize, order: Order, strides: &mut [isize]) {
    let mut step = itemsize;
    let mut next = |(stride, &items): (&mut isize, &isize)| {
        *stride = step;
        step = step.wrapping_mul(items);
    };
    let axes = strides.iter_mut().zip(shape);
    if order == Order::Fortran { axes.for_each(&mut next) } else { axes.rev().for_each(&mut next) }
}
