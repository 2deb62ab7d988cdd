//! Pairs of items of which all others follow where values are compared: a spanning forest of the graph whose nodes are the places of
//! both operands, and whose edges are the pairs. It is made axis by axis, for many axes of different steps that lead through few places.
//!
//! Equality is transitive, so all pairs are equal where those of a spanning forest are. (A NaN differs from everything. Each place that
//! has a pair has one in the forest, so it is met there.) Let `F` span the pairs `X` of the axes so far. With one more axis, which moves
//! both operands by the step `v`, the pairs become those of `X`, `X + v`, `X + 2v` and so on. Once a forest spans `X` to `X + kv`, what
//! is missing are the pairs of the last of these, moved once more. All but the pairs that were added last have been moved before, and
//! what the moved ones span was spanned then. So each pair is moved once along each axis, and stays if it joins two trees.

use super::axes::Axis;
use super::places::Places;

/// The numbers that a table needs for each place: the node above it, and a pair.
const ENTRIES: usize = 3;

/// The entries of the table for so many places.
pub(super) const fn entries(places: usize) -> usize {
    places.saturating_mul(ENTRIES)
}

/// A forest that spans the pairs of the axes, the last one first, as the numbers of two places each. The table, of as many [`entries`]
/// as both operands have places, may have any values.
pub(super) fn spanning<'t>(axes: &[Axis], [src, dst]: [&Places; 2], table: &'t mut [usize]) -> &'t [[usize; 2]] {
    let nodes = table.len() / ENTRIES;
    let (above, pairs) = table.split_at_mut_checked(nodes).unwrap_or_default();
    above.iter_mut().enumerate().for_each(|(node, above)| *above = node);
    let mut forest = Forest { above, seconds: src.count, pairs: pairs.as_chunks_mut().0, count: 0 };
    forest.add([src.origin(), dst.origin()]);
    for axis in axes.iter().rev() {
        let steps = |stride: isize, places: &Places| stride.checked_div(places.step).unwrap_or(0);
        forest.extend(axis.len, [steps(axis.src.stride, src), steps(axis.dst.stride, dst)]);
    }
    let Forest { pairs, count, .. } = forest;
    pairs.get(..count).unwrap_or(&[])
}

struct Forest<'t> {
    /// For each node one above it in its tree, or itself. The nodes of the first operand's places come first;
    above: &'t mut [usize],
    /// so many.
    seconds: usize,
    pairs: &'t mut [[usize; 2]],
    count: usize,
}

impl Forest<'_> {
    /// The top of a node's tree. Halves the way there.
    fn top(&mut self, mut node: usize) -> usize {
        while let Some(&above) = self.above.get(node)
            && above != node
        {
            let next = self.above.get(above).copied().unwrap_or(above);
            if let Some(slot) = self.above.get_mut(node) {
                *slot = next;
            }
            node = next;
        }
        node
    }

    /// Adds a pair, unless its places are in one tree.
    fn add(&mut self, pair: [usize; 2]) {
        let [a, b] = [self.top(pair[0]), self.top(self.seconds.wrapping_add(pair[1]))];
        if a != b
            && let (Some(above), Some(slot)) = (self.above.get_mut(a.max(b)), self.pairs.get_mut(self.count))
        {
            (*above, *slot) = (a.min(b), pair);
            self.count += 1;
        }
    }

    /// Adds what an axis makes of the pairs.
    fn extend(&mut self, len: isize, [src, dst]: [isize; 2]) {
        let mut moved = 0;
        for _ in 1..len {
            let end = self.count;
            while moved < end {
                let Some(&[a, b]) = self.pairs.get(moved) else { return };
                moved += 1;
                self.add([a.wrapping_add_signed(src), b.wrapping_add_signed(dst)]);
            }
            if self.count == end {
                return;
            }
        }
    }
}
