//! Walks of far more index tuples than there are items, with the memory that they may need.

use core::ops::ControlFlow;

use crate::error::Result;
use crate::layout::{Enough, Pair};
use crate::runtime::alloc::Numbers;

/// Runs, one after the other, walks of which the pairs are [`Enough`], until one breaks. An error comes before the first.
pub(crate) fn in_parts(pair: Pair<'_>, enough: Enough, run: &mut dyn FnMut(Pair<'_>) -> ControlFlow<()>) -> Result<()> {
    if let Some(walk) = pair.in_parts(enough, run) {
        let mut table = Numbers::new(walk.entries())?;
        _ = walk.run(table.as_mut_slice(), run);
    }
    Ok(())
}
