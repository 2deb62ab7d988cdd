//! Compares item with item as a plan says.

use core::ffi::{c_int, c_long, c_longlong, c_short};
use core::ops::ControlFlow;

use crate::format::{Column, Numbers, Pairs, Scalar};
use crate::layout::{Axis, Plan};

use super::copy::LONG;
use super::odometer::visit;

mod lines;
mod masked;

mod fields;

use fields::{CHUNK, Values, Way, buffers};
use masked::{Alike, FEW, Mask};

/// The most columns that items have.
const COLUMNS: usize = 8;

/// The size of a block of items that is compared column by column, so that the cache holds both sides.
const BLOCK: usize = 1 << 13;

/// Whether `equal` holds for every pair of items of the walk.
///
/// # Safety
/// W1 to W3 of the module's contract, nothing being written; `equal` may be called with the addresses of each pair.
pub(crate) unsafe fn all_equal(
    plan: &Plan<'_>,
    a: *const u8,
    b: *const u8,
    mut equal: impl FnMut(*const u8, *const u8) -> bool,
) -> bool {
    let compare = |a: *const u8, b: *mut u8| {
        if equal(a, b.cast_const()) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    // SAFETY: the caller passes on W1 to W3. The visit itself writes nothing through the second address.
    unsafe { visit(plan, a, b.cast_mut(), compare) }.is_continue()
}

/// Items of the native type `code` (of the struct module) as a column. `None` where the code is not one that is compared here.
pub(crate) fn native_column(code: u8) -> Option<Column> {
    let float = |scalar: Scalar| Pairs::Numbers([Numbers { scalar, swapped: false, count: 1 }; 2]);
    let pairs = match code {
        b'c' | b'b' | b'B' => Pairs::Bytes(1),
        b'h' | b'H' => Pairs::Bytes(size_of::<c_short>()),
        b'i' | b'I' => Pairs::Bytes(size_of::<c_int>()),
        b'l' | b'L' => Pairs::Bytes(size_of::<c_long>()),
        b'q' | b'Q' => Pairs::Bytes(size_of::<c_longlong>()),
        b'n' | b'N' | b'P' => Pairs::Bytes(size_of::<isize>()),
        b'f' => float(Scalar::Single),
        b'd' => float(Scalar::Double),
        _ => return None,
    };
    Some(Column { offsets: [0, 0], pairs })
}

/// Whether every pair of items of the walk is equal in a [native](native_column) column. The bytes of an item after it do not count.
///
/// # Safety
/// As [`all_equal`]; the items of both operands are not smaller than the type.
pub(crate) unsafe fn column_equal(plan: &mut Plan<'_>, column: &Column, a: *const u8, b: *const u8) -> bool {
    // SAFETY: the caller passes on W1 to W3; the type is not larger than the items.
    unsafe {
        match column.pairs {
            Pairs::Bytes(size) => bytes_equal(plan, size, a, b),
            // There is a way to compare native numbers.
            Pairs::Numbers(_) => columns_equal(plan, &[Some(*column)], a, b).unwrap_or(false),
        }
    }
}

/// Whether every pair of items has the same bytes, `size` of them from the start of each.
///
/// # Safety
/// As [`all_equal`]; the items of both operands are not smaller.
pub(crate) unsafe fn bytes_equal(plan: &mut Plan<'_>, size: usize, a: *const u8, b: *const u8) -> bool {
    if size == 0 {
        return true;
    }
    plan.unit = size;
    plan.take_block();
    let unit = plan.unit;
    if plan.direct().is_empty() {
        // SAFETY: the caller passes on W1 to W3; the column is the bytes of the items.
        return unsafe {
            all_equal(plan, a, b, |a, b| core::slice::from_raw_parts(a, unit) == core::slice::from_raw_parts(b, unit))
        };
    }
    let column = Column { offsets: [0, 0], pairs: Pairs::Bytes(unit) };
    // SAFETY: the caller passes on W1 to W3; the column is the bytes of the items. There is a way to compare bytes.
    unsafe { columns_equal(plan, &[Some(column)], a, b) }.unwrap_or(false)
}

/// Whether every pair of items is equal, which is so where all their columns are. `None` where there is no way to compare
/// one.
///
/// # Safety
/// As [`all_equal`]; the columns lie within the items of both operands.
pub(crate) unsafe fn columns_equal(
    plan: &mut Plan<'_>,
    columns: &[Option<Column>],
    a: *const u8,
    b: *const u8,
) -> Option<bool> {
    let long = plan.bytes() >= LONG;
    let mut line = plan.take_line();
    let single = match columns {
        [Some(column)] | [Some(column), None, ..] => [Some(joined(column, &mut line))],
        _ => [None],
    };
    let [Some(column)] = &single else {
        // SAFETY: the caller passes on W1 to W3; the columns lie within the items.
        return unsafe { lines_equal(plan, line, columns, long, a, b) };
    };
    // For a single column of values there are loops that need no preparation.
    if let Some(values) = Values::new(column, &line)
        && (!long || values.is_dense())
    {
        let [x, y] = column.offsets;
        // SAFETY: the caller passes on W1 to W3; the columns lie within the items, for each line. Pointers on the way stand
        // where the items say.
        return Some(unsafe { all_equal(plan, a, b, |a, b| values.equal(a.wrapping_add(x), b.wrapping_add(y), line)) });
    }
    // SAFETY: the caller passes on W1 to W3; the columns lie within the items.
    unsafe { lines_equal(plan, line, &single, long, a, b) }
}

/// Whether the items of all lines are equal, column by column.
///
/// # Safety
/// As [`columns_equal`], which has taken the line out of the plan.
// Not inlined: it uses much stack.
#[inline(never)]
unsafe fn lines_equal(
    plan: &Plan<'_>,
    line: Axis,
    columns: &[Option<Column>],
    long: bool,
    a: *const u8,
    b: *const u8,
) -> Option<bool> {
    let mut room = None;
    let mask = if long { Mask::new(columns, &line, &mut room) } else { None };
    // Not an array, of which all bytes would be written.
    let (mut left, mut right) = (None, None);
    let mut slots = [&mut left, &mut right].map(|slot| long.then_some(slot));
    let mut ways = [const { None }; COLUMNS];
    let mut free = ways.iter_mut();
    for column in columns.iter().flatten() {
        let masked = mask.as_ref().is_some_and(|mask| mask.covers(column));
        // Only the first one may have programs: a record has no small steps.
        *free.next()? = Some(Way::new(column, &line, masked, core::mem::take(&mut slots))?);
    }
    let step = line.src.stride.unsigned_abs().max(line.dst.stride.unsigned_abs());
    let part = match (columns, &mask) {
        ([_], None) => usize::MAX,
        _ => BLOCK.checked_div(step).unwrap_or(CHUNK).clamp(FEW, CHUNK),
    };
    let mut buffers = buffers();
    let line_equal = |mut a: *const u8, mut b: *const u8| {
        let mut remaining = line.len.unsigned_abs();
        while remaining > 0 {
            let count = remaining.min(part);
            // SAFETY: the caller passes on W1 to W3; the columns lie within the items, for a part of the line.
            let equal = unsafe {
                let alike = mask.as_ref().map_or(Alike::No, |mask| mask.alike(a, b, count));
                ways.iter().map_while(Option::as_ref).all(|way| match alike {
                    Alike::Yes if way.masked => true,
                    Alike::Perhaps if way.masked => !way.has_nan(a, count),
                    _ => way.equal(a, b, count, &mut buffers),
                })
            };
            if !equal {
                return false;
            }
            a = a.wrapping_offset(line.src.stride.wrapping_mul(count.cast_signed()));
            b = b.wrapping_offset(line.dst.stride.wrapping_mul(count.cast_signed()));
            remaining -= count;
        }
        true
    };
    // SAFETY: the caller passes on W1 to W3; the columns lie within the items, for each line.
    Some(unsafe { all_equal(plan, a, b, line_equal) })
}

/// The only column of the items of a line. Where nothing lies between its numbers, they are the line.
fn joined(column: &Column, line: &mut Axis) -> Column {
    let Pairs::Numbers(numbers) = column.pairs else { return *column };
    let [a, b] = numbers.map(|numbers| numbers.scalar.size().cast_signed());
    let count = numbers.first().map_or(1, |numbers| numbers.count);
    let len = count.cast_signed();
    if line.src.stride != a * len || line.dst.stride != b * len {
        return *column;
    }
    line.len *= len;
    (line.src.stride, line.dst.stride) = (a, b);
    Column { pairs: Pairs::Numbers(numbers.map(|numbers| Numbers { count: 1, ..numbers })), ..*column }
}
