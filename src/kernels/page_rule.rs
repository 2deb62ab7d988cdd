//! Which bytes between items are read with them. The rule is that of `mod.rs`; this is the one place that decides.

/// Whether a load that has bytes of two items of one operand, both of which are read, may have the `gap` bytes between them, too.
/// So few are never a page.
pub(super) const fn may_cover(gap: usize) -> bool {
    gap < 256
}
