//! The same bytes many times.

/// Writes `part` `count` times.
///
/// # Safety
/// `part.len() * count` bytes may be written at `to`, which is memory of its own (W2 to W4).
pub(crate) unsafe fn repeat(part: &[u8], count: usize, to: *mut u8) {
    // SAFETY: the function's contract; what has been written is doubled as long as that is no more than all.
    unsafe {
        if let [byte] = part {
            return to.write_bytes(*byte, count);
        }
        let all = part.len().saturating_mul(count);
        let mut done = part.len().min(all);
        core::ptr::copy_nonoverlapping(part.as_ptr(), to, done);
        while done < all {
            let more = done.min(all - done);
            core::ptr::copy_nonoverlapping(to, to.wrapping_add(done), more);
            done += more;
        }
    }
}
