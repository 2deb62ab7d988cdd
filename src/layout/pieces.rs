//! Several views one after the other, each in C order, as rows of one length: how long these can be, and whether they lie at one
//! distance.

use crate::error::{Error, Result};

use super::structure::{AxesMut, Order, Structure};
use super::transform::{axes, reshape};

/// How views are cut into pieces, each of which is a line: as many items, at the same distance.
///
/// A row of a view is what belongs to one index of its first axis; a view of one axis is one row. A piece never extends over two
/// rows, so the pieces of a padded plane are those of one without padding.
#[derive(Clone, Copy, Debug)]
pub struct Pieces {
    len: isize,
    stride: Option<isize>,
}

impl Pieces {
    /// Of no views.
    pub const NONE: Self = Self { len: 0, stride: None };

    /// Includes a view, which has shape and strides and no suboffsets. One without items does not matter.
    ///
    /// # Errors
    /// Only where shape or strides are missing.
    pub fn add(&mut self, view: &Structure<'_>) -> Result<()> {
        let line = Line::of_rows(view)?;
        if line.len == 0 {
            return Ok(());
        }
        let differs = self.stride.zip(line.stride).is_some_and(|(a, b)| a != b);
        self.len = if differs { 1 } else { gcd(self.len, line.len) };
        self.stride = self.stride.or(line.stride);
        Ok(())
    }

    /// The items of a piece; 0 where there are none.
    #[must_use]
    pub const fn items(&self) -> isize {
        self.len
    }

    /// Bytes from one item of a piece to the next.
    #[must_use]
    pub fn stride(&self, itemsize: isize) -> isize {
        self.stride.filter(|_| self.len > 1).unwrap_or(itemsize)
    }

    /// Writes to `to` the axes along which the pieces of a view with items lie, and gives how many axes these are. The view has
    /// been added.
    ///
    /// # Errors
    /// Only where there is no room for as many axes as the view has, or for one.
    pub fn of(&self, view: &Structure<'_>, to: &mut AxesMut<'_>) -> Result<usize> {
        let (shape, strides) = axes(view)?;
        let line = Line::of_rows(view)?;
        let no_room = Error::bad_argument();
        for (axis, (&len, &stride)) in shape.iter().zip(strides).take(line.outer).enumerate() {
            to.set(axis, len, stride, -1).ok_or(no_room)?;
        }
        let step = line.stride.unwrap_or(0).wrapping_mul(self.len);
        to.set(line.outer, line.len.checked_div(self.len).unwrap_or(0), step, -1).ok_or(no_room)?;
        Ok(line.outer + 1)
    }
}

/// Items at one distance, `None` for a single one, along the axes after the `outer` first ones.
struct Line {
    outer: usize,
    len: isize,
    stride: Option<isize>,
}

impl Line {
    /// The longest one in C order that is part of a row, so that each row consists of such lines.
    fn of_rows(view: &Structure<'_>) -> Result<Self> {
        let (shape, strides) = axes(view)?;
        let first = usize::from(shape.len() > 1);
        let mut line = Self { outer: shape.len().min(first), len: 1, stride: None };
        if shape.contains(&0) {
            line.len = 0;
            return Ok(line);
        }
        for (axis, (&len, &stride)) in shape.iter().zip(strides).enumerate().skip(first).rev() {
            if len == 1 {
                continue;
            }
            if line.stride.is_some_and(|inner| inner.checked_mul(line.len) != Some(stride)) {
                line.outer = axis + 1;
                break;
            }
            line.len *= len;
            line.stride = line.stride.or(Some(stride));
        }
        Ok(line)
    }
}

fn gcd(mut a: isize, mut b: isize) -> isize {
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

/// Whether the pieces of several views, one after the other, lie at one distance.
#[derive(Clone, Copy, Debug)]
pub struct Spacing {
    first: usize,
    count: isize,
    distance: Option<isize>,
    even: bool,
}

impl Spacing {
    /// Of no pieces.
    pub const NONE: Self = Self { first: 0, count: 0, distance: None, even: true };

    /// Adds the pieces along these axes, at least one, from this address on. All pieces together are no more than fit in an
    /// `isize`.
    pub fn add(&mut self, address: usize, pieces: &Structure<'_>) {
        let count = pieces.items().cast_signed();
        if self.count == 0 {
            self.first = address;
        }
        let (mut shape, mut strides, mut suboffsets) = ([count], [0], [-1]);
        let mut line = AxesMut { shape: &mut shape, strides: &mut strides, suboffsets: &mut suboffsets };
        let is_line = reshape(pieces, &[count], Order::C, &mut line).is_ok();
        let own = Some(strides[0]).filter(|_| count > 1);
        let link = address.wrapping_sub(self.first).cast_signed();
        let expected = match self.count {
            0 => own,
            1 => Some(link),
            count => self.distance.filter(|distance| distance.checked_mul(count) == Some(link)),
        };
        self.even &= is_line && (self.count == 0 || expected.is_some()) && (own.is_none() || own == expected);
        self.distance = expected;
        self.count += count;
    }

    /// The number of pieces.
    #[must_use]
    pub const fn count(&self) -> isize {
        self.count
    }

    /// The bytes from one piece to the next, where it is the same for all; of a single piece, `size`.
    #[must_use]
    pub fn distance(&self, size: isize) -> Option<isize> {
        self.even.then_some(self.distance.unwrap_or(size))
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use super::*;

    fn structure<'a>(shape: &'a [isize], strides: &'a [isize]) -> Structure<'a> {
        let len = shape.iter().product();
        Structure { ndim: shape.len(), len, itemsize: 1, shape: Some(shape), strides: Some(strides), suboffsets: None }
    }

    /// The addresses of all items in C order.
    fn items(address: usize, shape: &[isize], strides: &[isize]) -> Vec<usize> {
        let (Some((&len, shape)), Some((&stride, strides))) = (shape.split_first(), strides.split_first()) else {
            return vec![address];
        };
        (0..len).flat_map(|index| items(address.wrapping_add_signed(index * stride), shape, strides)).collect()
    }

    type View = (usize, Vec<isize>, Vec<isize>);

    /// Pieces have the items of the views in their order, and the spacing is even exactly where they lie at one distance.
    fn check(views: &[View]) -> (isize, Option<isize>) {
        let mut pieces = Pieces::NONE;
        for (_, shape, strides) in views {
            pieces.add(&structure(shape, strides)).unwrap();
        }
        let (mut spacing, mut starts, mut wanted) = (Spacing::NONE, Vec::new(), Vec::new());
        for (address, shape, strides) in views.iter().filter(|view| !view.1.contains(&0)) {
            let (mut a, mut b, mut c) = ([0; 8], [0; 8], [0; 8]);
            let mut to = AxesMut { shape: &mut a, strides: &mut b, suboffsets: &mut c };
            let ndim = pieces.of(&structure(shape, strides), &mut to).unwrap();
            spacing.add(*address, &structure(&a[..ndim], &b[..ndim]));
            starts.extend(items(*address, &a[..ndim], &b[..ndim]));
            wanted.extend(items(*address, shape, strides));
        }
        let stride = pieces.stride(1);
        let got = starts.iter().flat_map(|&start| items(start, &[pieces.items()], &[stride])).collect::<Vec<_>>();
        assert_eq!(got, wanted, "{views:?}");
        assert_eq!(spacing.count(), starts.len().cast_signed());
        let distances = starts.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]).cast_signed()).collect::<Vec<_>>();
        let is_even = distances.windows(2).all(|pair| pair[0] == pair[1]);
        assert_eq!(spacing.distance(7), is_even.then(|| distances.first().copied().unwrap_or(7)), "{views:?}");
        (pieces.items(), spacing.distance(7))
    }

    fn plane(address: usize, line: isize, shape: &[isize]) -> View {
        let strides = match shape {
            [_, _] => vec![line, 1],
            _ => vec![line, shape[2], 1],
        };
        (address, shape.to_vec(), strides)
    }

    #[test]
    fn pictures_as_decoders_have_them() {
        let i420 = |line, half| [plane(0, line, &[4, 6]), plane(1000, half, &[2, 3]), plane(2000, half, &[2, 3])];
        assert_eq!(check(&i420(32, 32)), (3, None));
        assert_eq!(check(&i420(6, 3)), (3, None));
        // Packed.
        assert_eq!(check(&[plane(0, 6, &[4, 6]), plane(24, 3, &[2, 3]), plane(30, 3, &[2, 3])]), (3, Some(3)));
        // Y and UV at one distance, as hardware has them, and upside down.
        assert_eq!(check(&[plane(0, 64, &[4, 6]), plane(256, 64, &[2, 3, 2])]), (6, Some(64)));
        assert_eq!(check(&[plane(1256, -64, &[4, 6]), plane(1000, -64, &[2, 3, 2])]), (6, Some(-64)));
        assert_eq!(check(&[plane(0, 64, &[4, 6]), plane(257, 64, &[2, 3, 2])]), (6, None));
        // An odd width has nothing in common with its half.
        assert_eq!(check(&[plane(0, 5, &[3, 5]), plane(15, 3, &[2, 3])]), (1, Some(1)));
        assert_eq!(check(&[plane(0, 8, &[3, 5]), plane(99, 8, &[2, 3])]), (1, None));
    }

    #[test]
    fn pieces_of_one_item_have_no_stride() {
        let stride = |views: &[View]| {
            let mut pieces = Pieces::NONE;
            views.iter().for_each(|(_, shape, strides)| pieces.add(&structure(shape, strides)).unwrap());
            (pieces.items(), pieces.stride(1))
        };
        assert_eq!(stride(&[(0, vec![4, 6], vec![60, 5])]), (6, 5));
        assert_eq!(stride(&[(0, vec![4, 6], vec![60, 5]), (0, vec![4, 2], vec![60, 5])]), (2, 5));
        assert_eq!(stride(&[(0, vec![4, 6], vec![60, 5]), (0, vec![4, 3], vec![60, 4])]), (1, 1));
        assert_eq!(stride(&[(0, vec![4, 6], vec![60, 5]), (0, vec![4, 5], vec![60, 5])]), (1, 1));
        assert_eq!(stride(&[(0, vec![4, 1], vec![60, 5])]), (1, 1));
    }

    #[test]
    fn single_and_missing_pieces() {
        assert_eq!(check(&[]), (0, Some(7)));
        assert_eq!(check(&[plane(5, 9, &[0, 3])]), (0, Some(7)));
        assert_eq!(check(&[plane(5, 9, &[1, 3])]), (3, Some(7)));
        assert_eq!(check(&[plane(5, 9, &[1, 3]), plane(100, 3, &[0, 2]), plane(45, 9, &[1, 3])]), (3, Some(40)));
        assert_eq!(check(&[plane(5, 9, &[1, 3]), plane(45, 9, &[2, 3])]), (3, None));
        assert_eq!(check(&[plane(5, 9, &[1, 3]), plane(14, 9, &[2, 3]), plane(32, 9, &[1, 3])]), (3, Some(9)));
        assert_eq!(check(&[(5, vec![], vec![]), (9, vec![], vec![])]), (1, Some(4)));
        assert_eq!(check(&[(5, vec![3], vec![2]), (11, vec![3], vec![2])]), (3, Some(6)));
        // Items at different distances are pieces of their own.
        assert_eq!(check(&[(5, vec![3], vec![2]), (11, vec![3], vec![3])]), (1, None));
    }

    #[test]
    fn any_views() {
        // A small generator is enough: few views, few axes, few steps.
        let mut state = 12345_u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % below).cast_signed() as isize
        };
        let (mut evenly, mut long) = (0, 0);
        for _ in 0..200_000 {
            let views = (0..next(4)).map(|_| {
                let ndim = next(4);
                let shape = (0..ndim).map(|_| if next(40) == 0 { 0 } else { next(4) + 1 }).collect::<Vec<_>>();
                let mut strides = vec![if next(5) == 0 { next(9) - 4 } else { 1 }];
                for &len in shape.iter().skip(1).rev() {
                    let step = strides[0] * len;
                    strides.insert(0, if next(3) == 0 { next(30) - 10 } else { step });
                }
                strides.truncate(shape.len());
                (100 + next(40).unsigned_abs(), shape, strides)
            });
            let (len, distance) = check(&views.collect::<Vec<_>>());
            evenly += i32::from(distance.is_some());
            long += i32::from(len > 1);
        }
        assert!(evenly > 10_000 && evenly < 190_000 && long > 10_000, "{evenly} {long}");
    }
}
