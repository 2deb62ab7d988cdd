//! Decides which bytes between items are read with them, by the rule in `mod.rs`.

/// Whether a load that has bytes of two items of one operand, both of which are read, may have the `gap` bytes between them,
/// too. A gap this small never contains a page.
pub(super) const fn may_cover(gap: usize) -> bool {
    gap < 256
}
