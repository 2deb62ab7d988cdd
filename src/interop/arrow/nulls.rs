//! Bitmaps of validity: a 1 for each item that is there.

/// Whether all `count` bits from bit `first` on are 1. Bits are counted from the lowest of the first byte.
///
/// # Safety
/// The bytes with these bits may be read.
pub(super) unsafe fn all_valid(bitmap: *const u8, first: usize, count: usize) -> bool {
    let Some(last) = count.checked_sub(1).map(|rest| first + rest) else { return true };
    // SAFETY: the caller guarantees the bytes with the first and the last bit, and those between them.
    let bytes = unsafe { core::slice::from_raw_parts(bitmap.add(first / 8), last / 8 - first / 8 + 1) };
    let before = !(0xff << (first % 8));
    let after = !(0xff >> (7 - last % 8));
    match bytes {
        [only] => only | before | after == 0xff,
        [head, between @ .., tail] => {
            head | before == 0xff && tail | after == 0xff && between.iter().all(|&byte| byte == 0xff)
        }
        [] => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_counts_where_it_is_in_the_range() {
        for zero in 0..32_usize {
            let bits = !(1_u32 << zero);
            let bitmap = bits.to_le_bytes();
            for first in 0..32 {
                for count in 0..=32 - first {
                    // SAFETY: within the bitmap.
                    let valid = unsafe { all_valid(bitmap.as_ptr(), first, count) };
                    assert_eq!(valid, !(first..first + count).contains(&zero), "{zero} {first} {count}");
                }
            }
        }
    }
}
