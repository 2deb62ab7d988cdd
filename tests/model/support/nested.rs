//! Nested lists: what a memoryview's items are to Python. A [`Nested`] knows the place of each item and nothing else, so
//! that every part, transpose and reshape is a list of places, worked out item by item.

use pybuffer::layout::Order;

use crate::common::model::indices;

/// A subscript as the tests draw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subscript {
    Index(isize),
    Slice(Option<isize>, Option<isize>, Option<isize>),
    Ellipsis,
    NewAxis,
}

/// Why there is no such part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Index,
    Value,
    Type,
}

/// Places of items, in C order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nested {
    pub(crate) shape: Vec<isize>,
    pub(crate) places: Vec<usize>,
}

/// The places along an axis that a slice means, as Python's reference says: those of the form `start + n * step` that lie
/// before the stop, both bounds moved into the axis.
pub(crate) fn slice(
    start: Option<isize>,
    stop: Option<isize>,
    step: Option<isize>,
    len: isize,
) -> Result<Vec<isize>, Refusal> {
    let (step, len) = (step.unwrap_or(1) as i128, len as i128);
    if step == 0 {
        return Err(Refusal::Value);
    }
    let (low, high) = if step < 0 { (-1, len - 1) } else { (0, len) };
    let moved = |bound: isize| {
        let bound = bound as i128;
        (if bound < 0 { bound + len } else { bound }).clamp(low, high.max(low))
    };
    let start = start.map_or(if step < 0 { high } else { low }, moved);
    let stop = stop.map_or(if step < 0 { low } else { high }, moved);
    let mut places = vec![];
    let mut place = start;
    while if step < 0 { place > stop } else { place < stop } {
        places.push(place as isize);
        place += step;
    }
    Ok(places)
}

impl Nested {
    fn at(&self, index: &[isize]) -> usize {
        let position = index.iter().zip(&self.shape).fold(0, |position, (&at, &len)| position * len + at);
        self.places[position.unsigned_abs()]
    }

    /// The items of a shape, each at the index tuple of this one that `of` says.
    fn pick(&self, shape: Vec<isize>, of: impl Fn(&[isize]) -> Vec<isize>) -> Self {
        let places = indices(&shape, Order::C).iter().map(|index| self.at(&of(index))).collect();
        Self { shape, places }
    }

    pub(crate) fn subscript(&self, subscripts: &[Subscript]) -> Result<Self, Refusal> {
        let named = |subscript: &&Subscript| matches!(subscript, Subscript::Index(_) | Subscript::Slice(..));
        let named = subscripts.iter().filter(named).count();
        if named > self.shape.len() {
            return Err(Refusal::Type);
        }
        match subscripts.iter().filter(|&&subscript| subscript == Subscript::Ellipsis).count() {
            0 => {
                let all: Vec<_> = subscripts.iter().copied().chain([Subscript::Ellipsis]).collect();
                return self.subscript(&all);
            }
            1 => {}
            _ => return Err(Refusal::Index),
        }
        // For each axis of the part, the places that it has along the old axis; for each old axis, where it comes from.
        let (mut shape, mut sources) = (vec![], vec![]);
        for &subscript in subscripts {
            let old = sources.len();
            match subscript {
                Subscript::NewAxis => shape.push(1),
                Subscript::Index(index) => {
                    let len = self.shape[old];
                    let place = if index < 0 { index.checked_add(len) } else { Some(index) };
                    let place = place.filter(|place| (0..len).contains(place)).ok_or(Refusal::Index)?;
                    sources.push((None, vec![place]));
                }
                Subscript::Slice(start, stop, step) => {
                    let places = slice(start, stop, step, self.shape[old])?;
                    sources.push((Some(shape.len()), places.clone()));
                    shape.push(places.len().cast_signed());
                }
                Subscript::Ellipsis => {
                    for &len in &self.shape[old..old + self.shape.len() - named] {
                        sources.push((Some(shape.len()), (0..len).collect()));
                        shape.push(len);
                    }
                }
            }
        }
        if shape.len() > 64 {
            return Err(Refusal::Value);
        }
        Ok(self.pick(shape, |index| {
            let place = |(axis, places): &(Option<usize>, Vec<isize>)| {
                places[axis.map_or(0, |axis| index[axis].unsigned_abs())]
            };
            sources.iter().map(place).collect()
        }))
    }

    pub(crate) fn permute(&self, axes: &[i32]) -> Result<Self, Refusal> {
        let ndim = self.shape.len().cast_signed();
        let axes: Vec<isize> =
            axes.iter().map(|&axis| axis as isize).map(|a| if a < 0 { a + ndim } else { a }).collect();
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        if sorted != (0..ndim).collect::<Vec<_>>() {
            return Err(Refusal::Value);
        }
        let shape = axes.iter().map(|&axis| self.shape[axis.unsigned_abs()]).collect();
        Ok(self.pick(shape, |index| {
            let mut old = vec![0; index.len()];
            axes.iter().zip(index).for_each(|(&axis, &at)| old[axis.unsigned_abs()] = at);
            old
        }))
    }

    pub(crate) fn broadcast(&self, shape: &[isize]) -> Result<Self, Refusal> {
        let new = shape.len().checked_sub(self.shape.len()).ok_or(Refusal::Value)?;
        let fits = |(&own, &len): (&isize, &isize)| len >= 0 && (own == len || own == 1);
        if !self.shape.iter().zip(&shape[new..]).all(fits) || shape.iter().any(|&len| len < 0) {
            return Err(Refusal::Value);
        }
        Ok(self.pick(shape.to_vec(), |index| {
            index[new..].iter().zip(&self.shape).map(|(&at, &own)| if own == 1 { 0 } else { at }).collect()
        }))
    }

    pub(crate) fn reshape(&self, shape: &[isize], order: Order) -> Result<Self, Refusal> {
        let items = self.places.len().cast_signed();
        let mut shape = shape.to_vec();
        let known: isize = shape.iter().filter(|&&len| len != -1).product();
        if let Some(free) = shape.iter().position(|&len| len == -1) {
            shape[free] = items.checked_div(known).ok_or(Refusal::Value)?;
        }
        if shape.iter().any(|&len| len < 0) || shape.iter().product::<isize>() != items {
            return Err(Refusal::Value);
        }
        // The n-th index tuple of one shape is the n-th of the other, both counted in the order.
        let old = indices(&self.shape, order);
        let new = indices(&shape, order);
        Ok(self.pick(shape.clone(), |index| {
            let position = new.iter().position(|other| other == index).expect("it is one of them");
            old[position].clone()
        }))
    }

    /// Whether a start and strides can say where the items are.
    pub(crate) fn is_strided(&self) -> bool {
        let Some(&start) = self.places.first() else { return true };
        let stride = |axis: usize| {
            let mut second = vec![0; self.shape.len()];
            second[axis] = 1;
            if self.shape[axis] < 2 { 0 } else { self.at(&second).cast_signed() - start.cast_signed() }
        };
        let strides: Vec<isize> = (0..self.shape.len()).map(stride).collect();
        indices(&self.shape, Order::C).iter().all(|index| {
            let offset: isize = index.iter().zip(&strides).map(|(&at, &stride)| at * stride).sum();
            self.at(index).cast_signed() == start.cast_signed() + offset
        })
    }
}
