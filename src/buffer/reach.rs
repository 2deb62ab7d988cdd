//! The addresses that a walk leads to, found along one axis after the other, each of them once: for walks of far more index tuples than
//! there are items.
//!
//! A list has the index tuples of the axes so far, those that are [`Enough`], by the addresses to which they lead. Along one more axis
//! each address leads to as many as the axis is long, of which most may have been reached from others; behind a pointer, where pointers
//! lead to the same memory, fewer are left. A table finds the number of an address in the list.
//!
//! * Of the first tuple that leads to each address: the list is in C order, and so are the new addresses if each tuple takes those along
//!   the axis, from index 0 on, that no tuple before it has taken. Each address knows how many after it have been taken, too, so they are
//!   passed in a few steps. The last tuples are the first ones of all axes backwards.
//! * Of pairs from whose equality that of all follows: a spanning forest of the graph whose nodes are the addresses of both operands, and
//!   whose edges are the pairs. (A NaN differs from everything. Each address that has a pair has one in the forest, so it is met there.)
//!   Let `F` span the pairs `X` of the axes so far. With one more axis, which moves both operands by the step `v`, the pairs become those
//!   of `X`, `X + v`, `X + 2v` and so on. Once a forest spans `X` to `X + kv`, what is missing are the pairs of the last of these, moved
//!   once more. All but the pairs that were added last have been moved before, and what the moved ones span was spanned then. So each
//!   pair is moved once along each axis, and stays if it joins two trees. Behind a pointer, the memory of two addresses is equal where
//!   that along a path from the one to the other is, so the pairs of the forest are followed, and no others.
//! * Of the number of all tuples that lead to an address: the sum of the numbers of those within the axis's length before it.
//!
//! Each address takes 100 to 200 bytes of memory, twice as many where pairs are compared, and a few hundred instructions for each axis.

use crate::error::{Error, Result};
use crate::kernels;
use crate::layout::{Axis, Enough, MORE_PAIRS, Operand, Pair, common_divisor};
use crate::runtime::hash::OfAddresses;
use crate::runtime::list::List;

/// Items that are more than so many times the places for them are crowded: to find the places takes as long as many items.
const MANY_TIMES: usize = 1 << 7;

/// So few pieces more do not matter.
const FEW_PIECES: usize = 4;

/// A table of pieces has room for so many, or all, from the start.
const MANY_PIECES: usize = 1 << 12;

/// The numbers of addresses in a list: a hash table, probed linearly.
struct Numbers {
    /// Of each slot an address, and its number and 1; 0 where there is none.
    slots: List<[usize; 2]>,
    used: usize,
    hash: OfAddresses,
}

impl Numbers {
    /// A table with room for so many.
    #[inline(never)]
    fn with_room(room: usize, hash: OfAddresses) -> Result<Self> {
        let slots = room.checked_mul(2).and_then(usize::checked_next_power_of_two).ok_or(Error::no_memory())?;
        Ok(Self { slots: List::filled([0, 0], slots.max(16))?, used: 0, hash })
    }

    /// The number of an address; as an error, the slot that is free for it.
    fn find(&self, address: usize) -> core::result::Result<usize, usize> {
        // The number of slots is a power of 2, and not all are used.
        let last = self.slots.len().wrapping_sub(1);
        let mut slot = self.hash.hash(address) & last;
        loop {
            match self.slots.get(slot) {
                Some(&[found, number]) if number != 0 && found != address => slot = (slot + 1) & last,
                Some(&[_, number]) if number != 0 => return Ok(number - 1),
                _ => return Err(slot),
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> Result<()> {
        let larger = List::filled([0, 0], self.slots.len() * 2)?;
        let smaller = core::mem::replace(&mut self.slots, larger);
        for entry in smaller.iter().filter(|entry| entry[1] != 0) {
            if let Err(free) = self.find(entry[0])
                && let Some(slot) = self.slots.get_mut(free)
            {
                *slot = *entry;
            }
        }
        Ok(())
    }

    /// Gives an address a number. The slot is the one that has been found for it.
    fn add(&mut self, slot: usize, address: usize, number: usize) -> Result<()> {
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = [address, number + 1];
        }
        self.used += 1;
        if self.used > self.slots.len() / 4 * 3 { self.grow() } else { Ok(()) }
    }
}

/// How many pieces of memory the addresses of an operand are in that the axes up to the last one with pointers lead to.
///
/// As long as each address lies beyond the memory behind the one before, in one direction, as rows mostly do, they are all in pieces of
/// their own, and no table is needed to know that.
pub(super) struct Pieces {
    /// The bytes of a piece: those behind an address.
    size: usize,
    /// How many times as many pairs as places there are behind each address.
    times: usize,
    /// How many addresses there may be.
    most: usize,
    last: usize,
    upwards: Option<bool>,
    addresses: usize,
    /// Where addresses do not lie in a line: the pieces, and how many addresses there were before.
    found: Option<(Numbers, usize)>,
}

impl Pieces {
    /// For a walk; `None` where its direct axes lead too far.
    pub(super) fn new(pair: &Pair<'_>, operand: Operand) -> Option<Self> {
        let (places, pairs) = pair.behind_each(operand)?;
        Some(Self {
            size: places.span.saturating_add(pair.itemsize().max(1)),
            times: pairs.checked_div(places.count()).unwrap_or(1).max(1),
            most: pair.outer().iter().fold(1, |most, axis| most.saturating_mul(axis.len.unsigned_abs())),
            last: 0,
            upwards: None,
            addresses: 0,
            found: None,
        })
    }

    /// Takes account of an address. Returns whether there are still about as many pieces as addresses; `None` where there is no memory to
    /// know.
    #[inline(always)]
    pub(super) fn meet(&mut self, address: usize) -> Option<bool> {
        let last = core::mem::replace(&mut self.last, address);
        self.addresses += 1;
        if self.found.is_none() && self.times <= MORE_PAIRS {
            let upwards = address > last;
            let is_beyond = address.abs_diff(last) >= self.size && *self.upwards.get_or_insert(upwards) == upwards;
            if is_beyond || self.addresses == 1 {
                // Only from the second address on is there a direction.
                self.upwards = self.upwards.filter(|_| self.addresses != 1);
                return Some(true);
            }
        }
        self.find(address)
    }

    #[inline(never)]
    fn find(&mut self, address: usize) -> Option<bool> {
        if self.found.is_none() {
            let before = self.addresses - 1;
            self.found = Some((Numbers::with_room(self.most.min(MANY_PIECES), OfAddresses::new()).ok()?, before));
        }
        let (pieces, before) = self.found.as_mut()?;
        let piece = address.checked_div(self.size).unwrap_or(0);
        if let Err(slot) = pieces.find(piece) {
            pieces.add(slot, piece, 0).ok()?;
        }
        let enough = pieces.used.saturating_add(*before).saturating_add(FEW_PIECES).saturating_mul(MORE_PAIRS);
        Some(self.addresses.saturating_mul(self.times) <= enough)
    }
}

/// Where an index tuple leads.
#[derive(Clone, Copy)]
pub(super) struct Reached {
    pub(super) src: *const u8,
    pub(super) dst: *mut u8,
    /// How many tuples lead there, where they are counted.
    pub(super) times: usize,
    /// How many steps it is along the axis to an address that may not have been reached; later, how many tuples led there before.
    mark: usize,
}

impl Reached {
    pub(super) const fn new(src: *const u8, dst: *mut u8, times: usize) -> Self {
        Self { src, dst, times, mark: 0 }
    }

    fn address(&self, operand: Operand) -> usize {
        match operand {
            Operand::Src => self.src.addr(),
            Operand::Dst => self.dst.addr(),
        }
    }

    /// So many steps along an axis.
    fn moved(self, axis: &Axis, index: usize) -> Self {
        let far = |stride: isize| stride.wrapping_mul(index.cast_signed());
        Self {
            src: self.src.wrapping_offset(far(axis.src.stride)),
            dst: self.dst.wrapping_offset(far(axis.dst.stride)),
            ..self
        }
    }

    /// How far another one is from here, in all that lines are made of.
    fn apart(&self, next: &Self) -> [isize; 3] {
        [
            next.src.addr().wrapping_sub(self.src.addr()).cast_signed(),
            next.dst.addr().wrapping_sub(self.dst.addr()).cast_signed(),
            next.times.wrapping_sub(self.times).cast_signed(),
        ]
    }
}

/// The trees that pairs of addresses make.
struct Forest {
    /// For each node one above it in its tree, or itself.
    above: List<usize>,
    /// The nodes of the addresses of each operand.
    nodes: [Numbers; 2],
}

impl Forest {
    /// For so many pairs.
    #[inline(never)]
    fn with_room(room: usize, hash: OfAddresses) -> Result<Self> {
        let nodes = [Numbers::with_room(room, hash)?, Numbers::with_room(room, hash)?];
        Ok(Self { above: List::with_room(room)?, nodes })
    }

    /// The top of the tree that an address of one operand is in. Halves the way there.
    fn top(&mut self, operand: Operand, address: usize) -> Result<usize> {
        let [src, dst] = &mut self.nodes;
        let numbers = if operand == Operand::Src { src } else { dst };
        let mut node = match numbers.find(address) {
            Ok(node) => node,
            Err(slot) => {
                let node = self.above.len();
                self.above.push(node)?;
                numbers.add(slot, address, node)?;
                return Ok(node);
            }
        };
        while let Some(&above) = self.above.get(node)
            && above != node
        {
            let next = self.above.get(above).copied().unwrap_or(above);
            if let Some(slot) = self.above.get_mut(node) {
                *slot = next;
            }
            node = next;
        }
        Ok(node)
    }

    /// Joins the trees of two addresses; `false` if they are in one.
    fn join(&mut self, pair: &Reached) -> Result<bool> {
        let a = self.top(Operand::Src, pair.src.addr())?;
        let b = self.top(Operand::Dst, pair.dst.addr())?;
        if let Some(above) = self.above.get_mut(a.max(b)) {
            *above = a.min(b);
        }
        Ok(a != b)
    }
}

/// What a walk has reached along the axes so far.
pub(super) struct Reach {
    enough: Enough,
    /// The operand whose addresses are different, if one decides.
    operand: Operand,
    list: List<Reached>,
    forest: Forest,
    hash: OfAddresses,
}

impl Reach {
    pub(super) fn new(enough: Enough, start: Reached) -> Result<Self> {
        let hash = OfAddresses::new();
        let operand = if enough == Enough::Last { Operand::Dst } else { Operand::Src };
        let mut forest = Forest::with_room(1, hash)?;
        _ = forest.join(&start)?;
        Ok(Self { enough, operand, list: List::filled(start, 1)?, forest, hash })
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The addresses of the operand that decides.
    pub(super) fn addresses(&self) -> impl Iterator<Item = usize> {
        self.list.iter().map(|reached| reached.address(self.operand))
    }

    /// Goes on along one more axis, which has items. Where the operand that decides does not move, `Pair::leave` has left one.
    pub(super) fn extend(&mut self, axis: &Axis) -> Result<()> {
        let len = axis.len.unsigned_abs();
        if self.enough == Enough::Equal {
            return self.grow(axis, len);
        }
        if self.operand.step(axis).stride == 0 { Ok(()) } else { self.take(axis, len) }
    }

    /// Lets each tuple take the addresses along an axis that have not been taken.
    fn take(&mut self, axis: &Axis, len: usize) -> Result<()> {
        let room = self.list.len().saturating_mul(2);
        let mut list: List<Reached> = List::with_room(room)?;
        let mut numbers = Numbers::with_room(room, self.hash)?;
        let counted = self.enough == Enough::Counted;
        for start in self.list.iter() {
            let (mut at, mut before) = (0_usize, None);
            while at < len {
                let index = if self.enough == Enough::Last { len - 1 - at } else { at };
                let next = start.moved(axis, index);
                let address = next.address(self.operand);
                let times = if counted && at != 0 { 0 } else { start.times };
                match numbers.find(address) {
                    Ok(number) => {
                        let Some(met) = list.get_mut(number) else { break };
                        let steps = met.mark;
                        met.times += if counted { times } else { 0 };
                        if let Some(passed) = before.and_then(|number: usize| list.get_mut(number)) {
                            passed.mark += steps;
                        }
                        before = Some(number);
                        at = at.saturating_add(steps);
                    }
                    Err(slot) => {
                        numbers.add(slot, address, list.len())?;
                        list.push(Reached { mark: 1, times, ..next })?;
                        before = None;
                        at += 1;
                    }
                }
            }
        }
        self.list = list;
        if counted {
            self.add_up(&numbers, self.operand.step(axis).stride, len);
        }
        Ok(())
    }

    /// Gives each address the sum of the numbers of those up to `len` steps before it.
    fn add_up(&mut self, numbers: &Numbers, stride: isize, len: usize) {
        for first in 0..self.list.len() {
            let Some(mut address) = self.list.get(first).map(|reached| reached.src.addr()) else { return };
            if numbers.find(address.wrapping_add_signed(stride.wrapping_neg())).is_ok() {
                continue;
            }
            // The first one of a chain, within which no step leads to an address that has not been reached.
            let (mut sum, mut at, mut number) = (0_usize, 0_usize, first);
            let back = stride.wrapping_mul(len.cast_signed()).wrapping_neg();
            while let Some(reached) = self.list.get_mut(number) {
                reached.mark = reached.times;
                sum += reached.times;
                if at >= len
                    && let Ok(passed) = numbers.find(address.wrapping_add_signed(back))
                {
                    sum -= self.list.get(passed).map_or(0, |passed| passed.mark);
                }
                if let Some(reached) = self.list.get_mut(number) {
                    reached.times = sum;
                }
                address = address.wrapping_add_signed(stride);
                let Ok(next) = numbers.find(address) else { break };
                (number, at) = (next, at + 1);
            }
        }
    }

    /// Lets the forest grow along an axis.
    fn grow(&mut self, axis: &Axis, len: usize) -> Result<()> {
        let mut moved = 0;
        for _ in 1..len {
            let end = self.list.len();
            while moved < end {
                let Some(pair) = self.list.get(moved).map(|pair| pair.moved(axis, 1)) else { break };
                moved += 1;
                if self.forest.join(&pair)? {
                    self.list.push(pair)?;
                }
            }
            if self.list.len() == end {
                break;
            }
        }
        Ok(())
    }

    /// Follows the pointers to which an axis has led.
    ///
    /// # Safety
    /// W1 and W2 of the walk, as far as pointers are concerned.
    pub(super) unsafe fn follow(&mut self, axis: &Axis) -> Result<()> {
        if !axis.is_indirect() {
            return Ok(());
        }
        let room = self.list.len();
        let mut list: List<Reached> = List::with_room(room)?;
        let mut numbers = Numbers::with_room(room, self.hash)?;
        self.forest = Forest::with_room(if self.enough == Enough::Equal { room } else { 1 }, self.hash)?;
        for table in self.list.iter() {
            // SAFETY: the caller guarantees W1 and W2: an index tuple leads to both addresses.
            let behind = unsafe {
                let dst = kernels::follow(table.dst.cast_const(), axis.dst).cast_mut();
                Reached { src: kernels::follow(table.src, axis.src), dst, ..*table }
            };
            if self.enough == Enough::Equal {
                if self.forest.join(&behind)? {
                    list.push(behind)?;
                }
                continue;
            }
            let address = behind.address(self.operand);
            match numbers.find(address) {
                Ok(number) => {
                    if let Some(met) = list.get_mut(number).filter(|_| self.enough == Enough::Counted) {
                        met.times += behind.times;
                    }
                }
                Err(slot) => {
                    numbers.add(slot, address, list.len())?;
                    list.push(behind)?;
                }
            }
        }
        self.list = list;
        Ok(())
    }

    /// Whether the items that direct axes lead to from all addresses are many more than there are places for them, in all operands that
    /// decide.
    pub(super) fn is_crowded(&self, pair: &Pair<'_>) -> Result<bool> {
        for &operand in self.enough.operands() {
            let Some((places, pairs)) = pair.behind_each(operand) else { return Ok(false) };
            // The memory from each address on, in pieces of this size: if few pieces have an address, many addresses have the same items.
            let size = places.span.saturating_add(pair.itemsize().max(1));
            let mut pieces = Numbers::with_room(64, self.hash)?;
            let mut step = places.step;
            let mut first = None;
            for reached in self.list.iter() {
                let address = reached.address(operand);
                step = common_divisor(step, address.abs_diff(*first.get_or_insert(address)));
                let piece = address.checked_div(size).unwrap_or(0);
                if let Err(slot) = pieces.find(piece) {
                    pieces.add(slot, piece, 0)?;
                }
            }
            let all = size.checked_div(step).unwrap_or(0).saturating_add(1).saturating_mul(pieces.used);
            if self.list.len().saturating_mul(pairs) <= all.saturating_mul(MANY_TIMES) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where the tuples lead from the one with number `from` on that lie in a line, in C order where that matters, and the line.
    pub(super) fn line(&self, from: usize) -> Option<(Reached, Axis)> {
        let get = |at: usize| {
            let number = if self.enough == Enough::Last { self.list.len().checked_sub(at + 1)? } else { at };
            self.list.get(number)
        };
        let first = get(from)?;
        let mut line = Axis::SINGLE;
        let mut last = first;
        let mut step = None;
        while let Some(next) = get(from + line.len.unsigned_abs()) {
            let apart = last.apart(next);
            if apart[2] != 0 || apart != *step.get_or_insert(apart) {
                break;
            }
            (line.src.stride, line.dst.stride) = (apart[0], apart[1]);
            line.len += 1;
            last = next;
        }
        Some((*first, line))
    }
}
