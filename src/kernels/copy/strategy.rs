//! The choice of a kernel: a function of the plan and the level of instructions. It changes neither, so that tests can ask it
//! about any plan at any level.

use crate::kernels::cpu::Level;
use crate::layout::Plan;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::permute::ChannelCopier;
use super::permute::{LineCopier, Program};
use super::repeat::is_repeated;
use super::thresholds::{FEW_ITEMS, LARGE_UNIT, PERIOD, SMALL, STREAMED, STREAMED_ROW};
use super::transpose::Transpose;

/// How the units of a plan are copied, with what the kernel needs.
pub(super) enum Strategy<'p> {
    /// Unit by unit, each a block for `memcpy`, or for non-temporal stores (`stream`).
    Contiguous { stream: bool },
    /// Line by line, each one item repeated; with non-temporal stores where it is to `stream`.
    Repeat { stream: bool },
    /// Line by line, each by a program.
    Permute(LineCopier<'p>),
    /// Line by line, channels that are split or interleaved, without a program.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    Channels(ChannelCopier),
    /// Plane by plane, in tiles that are transposed in registers.
    Transpose(Transpose),
    /// Unit by unit with any strides; in tiles that fit the caches, where the operands disagree about the fastest axis.
    Strided { tiled: bool },
}

/// The strategy for a plan of which [`Plan::take_block`] has made units of what is contiguous in both operands. A program goes to
/// `slot`, since it is large.
#[inline(always)]
pub(super) fn choose<'p>(plan: &Plan<'_>, level: Level, slot: &'p mut Option<Program>) -> Strategy<'p> {
    let bytes = plan.bytes();
    // Small walks are in L1, whatever the order.
    if bytes < SMALL || plan.ordered {
        return Strategy::Strided { tiled: false };
    }
    let stream = bytes >= STREAMED;
    // What pointers lead to may be pieces of lines.
    if plan.unit > LARGE_UNIT || plan.direct().is_empty() {
        return Strategy::Contiguous { stream: stream && plan.unit >= STREAMED_ROW };
    }
    if is_repeated(plan) {
        return Strategy::Repeat { stream };
    }
    if bytes / plan.unit.max(1) > FEW_ITEMS
        && let Some(lines) = plan.lines(PERIOD.cast_signed())
    {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        if let Some(copier) = ChannelCopier::new(&lines, plan.unit, stream, level) {
            return Strategy::Channels(copier);
        }
        if let Some(copier) = LineCopier::new(slot, &lines, plan.unit, bytes, level) {
            return Strategy::Permute(copier);
        }
    }
    match Transpose::of(plan, level) {
        Some(transpose) => Strategy::Transpose(transpose),
        None => Strategy::Strided { tiled: plan.is_transpose() },
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

    use std::format;
    use std::string::String;
    use std::vec::Vec;

    use crate::layout::{Axis, MAX_NDIM, Order, Pair, Purpose, Structure};

    use super::*;

    /// The levels of this architecture, and the place of each among what is expected: portable on x86-64, AVX2,
    /// AVX-512, NEON, portable elsewhere.
    #[cfg(target_arch = "x86_64")]
    const LEVELS: &[(Level, usize)] = &[(Level::Portable, 0), (Level::Avx2, 1), (Level::Avx512, 2)];
    #[cfg(target_arch = "aarch64")]
    const LEVELS: &[(Level, usize)] = &[(Level::Portable, 4), (Level::Neon, 3)];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    const LEVELS: &[(Level, usize)] = &[(Level::Portable, 4)];

    /// A walk that reads items of these strides, and writes contiguous memory in C order.
    struct Walk {
        itemsize: isize,
        shape: Vec<isize>,
        strides: Vec<isize>,
        suboffsets: Option<Vec<isize>>,
    }

    impl Walk {
        fn new(itemsize: isize, shape: &[isize], strides: &[isize]) -> Self {
            Self { itemsize, shape: shape.to_vec(), strides: strides.to_vec(), suboffsets: None }
        }

        /// A matrix of so many rows, read column by column.
        fn transpose(itemsize: isize, rows: isize, columns: isize) -> Self {
            Self::new(itemsize, &[columns, rows], &[itemsize, columns * itemsize])
        }

        fn view(&self) -> Structure<'_> {
            Structure {
                ndim: self.shape.len(),
                len: self.shape.iter().product::<isize>() * self.itemsize,
                itemsize: self.itemsize,
                shape: Some(&self.shape),
                strides: Some(&self.strides),
                suboffsets: self.suboffsets.as_deref(),
            }
        }

        /// Calls `ask` with the plan of the walk, or of the one that writes the items and reads contiguous memory.
        fn planned<R>(&self, back: bool, ask: impl FnOnce(&mut Plan<'_>) -> R) -> R {
            let room = &mut [Axis::NONE; MAX_NDIM];
            let make = if back { Pair::from_contiguous } else { Pair::to_contiguous };
            let pair = make(room, &self.view(), Order::C).expect("there is room");
            let mut plan = pair.plan(Purpose::Write, Order::C).expect("there are items");
            plan.take_block();
            ask(&mut plan)
        }
    }

    /// The strategy in words.
    fn name(plan: &Plan<'_>, level: Level) -> String {
        match choose(plan, level, &mut None) {
            Strategy::Contiguous { stream } => format!("blocks{}", if stream { ", streamed" } else { "" }),
            Strategy::Repeat { stream } => format!("one item{}", if stream { ", streamed" } else { "" }),
            Strategy::Permute(lines) => lines.name(),
            #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
            Strategy::Channels(lines) => lines.name(),
            Strategy::Transpose(transpose) => transpose.name(),
            Strategy::Strided { tiled } => format!("items{}", if tiled { " in tiles" } else { "" }),
        }
    }

    #[test]
    fn each_kind_of_copy_has_its_strategy_at_each_level() {
        let everywhere = |name: &str| [(); 5].map(|()| String::from(name));
        let vectors =
            |portable: &str, avx2: &str, avx512: &str| [portable, avx2, avx512, avx2, portable].map(String::from);
        // Squares of so many rows, or tiles where there are none.
        let squares = |sse2: usize, avx2: usize, tiles: &str, neon: usize| {
            [sse2, avx2, 0, neon, 0].map(|rows| match rows {
                0 => String::from(tiles),
                rows => format!("squares of {rows} rows"),
            })
        };
        let mut indirect = Walk::new(4, &[8, 100, 100], &[8, 4, 400]);
        indirect.suboffsets = Some([0, -1, -1].into());
        let mut pieces = Walk::new(1, &[5000, 1], &[8, 1]);
        pieces.suboffsets = Some([0, -1].into());
        let to = |walk: Walk| (walk, false);
        let from = |walk: Walk| (walk, true);
        let cases = [
            ("contiguous", to(Walk::new(1, &[100_000], &[1])), everywhere("blocks")),
            ("contiguous and large", to(Walk::new(1, &[1 << 24], &[1])), everywhere("blocks, streamed")),
            ("rows with gaps", to(Walk::new(4, &[100, 300], &[1400, 4])), everywhere("blocks")),
            ("large rows with gaps", to(Walk::new(4, &[2000, 2200], &[9000, 4])), everywhere("blocks, streamed")),
            ("short large rows with gaps", to(Walk::new(4, &[400_000, 20], &[100, 4])), everywhere("blocks")),
            ("small, transposed", to(Walk::transpose(4, 15, 17)), everywhere("items")),
            ("no longer small", to(Walk::transpose(4, 16, 16)), squares(4, 8, "tiles of 16 rows, Short", 4)),
            (
                "reversed u8",
                to(Walk::new(1, &[5000], &[-1])),
                ["items", "items", "program of 64 bytes: 1 from 1", "program of 16 bytes: 1 from 1", "items"]
                    .map(String::from),
            ),
            (
                "reversed f64",
                to(Walk::new(8, &[5000], &[-8])),
                ["items", "items", "program of 64 bytes: 1 from 1", "program of 16 bytes: 1 from 1", "items"]
                    .map(String::from),
            ),
            (
                "reversed 6 bytes",
                to(Walk::new(6, &[5000], &[-6])),
                vectors("items", "program of 16 bytes: 3 from 2", "program of 64 bytes: 3 from 2"),
            ),
            (
                "reversed u8, large",
                to(Walk::new(1, &[1 << 24], &[-1])),
                vectors("items", "program of 16 bytes: 1 from 1, streamed", "program of 64 bytes: 1 from 1, streamed"),
            ),
            ("few items reversed", to(Walk::new(4, &[1024], &[-4])), everywhere("items")),
            (
                "one more",
                to(Walk::new(4, &[1025], &[-4])),
                ["items", "items", "program of 64 bytes: 1 from 1", "program of 16 bytes: 1 from 1", "items"]
                    .map(String::from),
            ),
            (
                "every second u8",
                to(Walk::new(1, &[5000], &[2])),
                [
                    "every second item",
                    "every second item",
                    "program of 64 bytes: 1 from 2",
                    "every second item",
                    "items",
                ]
                .map(String::from),
            ),
            (
                "to every second u8",
                from(Walk::new(1, &[5000], &[2])),
                vectors("items", "items", "program of 64 bytes: 1 from 1"),
            ),
            (
                "every second f64, large",
                to(Walk::new(8, &[1 << 22], &[16])),
                [
                    "every second item, streamed",
                    "every second item, streamed",
                    "program of 64 bytes: 1 from 2, streamed",
                    "every second item, streamed",
                    "items",
                ]
                .map(String::from),
            ),
            ("to every second f64, large", from(Walk::new(8, &[1 << 22], &[16])), everywhere("items")),
            ("every 300th byte", to(Walk::new(1, &[5000], &[300])), everywhere("items")),
            (
                "RGB to planes",
                to(Walk::new(1, &[3, 10_000], &[1, 3])),
                [
                    "3 channels split",
                    "program of 16 bytes: 3 from 3",
                    "program of 64 bytes: 3 from 3",
                    "3 channels split",
                    "tiles of 64 rows, Short",
                ]
                .map(String::from),
            ),
            (
                "planes to RGB",
                to(Walk::new(1, &[10_000, 3], &[1, 10_000])),
                [
                    "3 channels joined",
                    "program of 16 bytes: 3 from 3",
                    "program of 64 bytes: 3 from 3",
                    "3 channels joined",
                    "tiles of 64 rows, Short",
                ]
                .map(String::from),
            ),
            (
                "f32 RGB to planes",
                to(Walk::new(4, &[3, 10_000], &[4, 12])),
                [
                    "3 channels split",
                    "3 channels split",
                    "program of 64 bytes: 3 from 3",
                    "3 channels split",
                    "tiles of 16 rows, Aligned",
                ]
                .map(String::from),
            ),
            (
                "RGBA to RGB",
                to(Walk::new(1, &[10_000, 3], &[4, 1])),
                vectors("items", "program of 16 bytes: 3 from 2", "program of 64 bytes: 3 from 2"),
            ),
            ("one item repeated", to(Walk::new(2, &[5000], &[0])), everywhere("one item")),
            ("one item repeated, large", to(Walk::new(3, &[1 << 23], &[0])), everywhere("one item, streamed")),
            (
                "items repeated a few times",
                to(Walk::new(4, &[1000, 8], &[4, 0])),
                squares(4, 8, "tiles of 16 rows, Short", 4),
            ),
            ("u8 transposed", to(Walk::transpose(1, 64, 64)), squares(16, 16, "tiles of 64 rows, Short", 16)),
            ("u8 transposed, large", to(Walk::transpose(1, 5000, 5000)), everywhere("tiles of 64 rows, Middle")),
            ("u16 transposed, large", to(Walk::transpose(2, 4000, 4000)), everywhere("tiles of 32 rows, Long")),
            (
                "3 bytes transposed",
                to(Walk::transpose(3, 200, 200)),
                [
                    "tiles of 21 rows, Aligned",
                    "tiles of 16 rows, Aligned",
                    "tiles of 64 rows, Aligned",
                    "squares of 8 rows",
                    "tiles of 21 rows, Aligned",
                ]
                .map(String::from),
            ),
            ("f32 transposed", to(Walk::transpose(4, 64, 64)), squares(4, 8, "tiles of 16 rows, Short", 4)),
            ("f64 transposed", to(Walk::transpose(8, 50, 50)), squares(4, 4, "tiles of 8 rows, Short", 2)),
            ("f64 transposed, large", to(Walk::transpose(8, 2048, 2048)), everywhere("tiles of 8 rows, Long")),
            (
                "12 bytes transposed",
                to(Walk::transpose(12, 100, 100)),
                [
                    "tiles of 5 rows, Aligned",
                    "tiles of 4 rows, Aligned",
                    "tiles of 16 rows, Aligned",
                    "squares of 4 rows",
                    "tiles of 5 rows, Aligned",
                ]
                .map(String::from),
            ),
            ("5 bytes transposed", to(Walk::transpose(5, 100, 100)), everywhere("items in tiles")),
            ("32 bytes transposed", to(Walk::transpose(32, 100, 100)), everywhere("tiles of 4 rows, Long")),
            ("40 bytes transposed", to(Walk::transpose(40, 100, 100)), everywhere("blocks")),
            (
                "transposed, further than tables tell",
                to(Walk::new(4, &[40, 40], &[4, 1 << 32])),
                everywhere("items in tiles"),
            ),
            (
                "transposed with gaps between items",
                to(Walk::new(4, &[50, 50], &[8, 400])),
                everywhere("items in tiles"),
            ),
            ("ordered: windows that overlap", from(Walk::new(4, &[600, 5], &[4, 4])), everywhere("items")),
            ("behind pointers", to(indirect), squares(4, 8, "tiles of 16 rows, Long", 4)),
            ("single bytes behind pointers", to(pieces), everywhere("blocks")),
        ];
        let mut wrong = String::new();
        for (what, (walk, back), expected) in &cases {
            for &(level, place) in LEVELS {
                let name = walk.planned(*back, |plan| name(plan, level));
                let expected = expected.get(place).expect("a place");
                if name != *expected {
                    wrong += &format!("{what} at {level:?}: {name}, expected {expected}\n");
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    }

    /// Which transposes are streamed where no cache holds them.
    #[test]
    fn sizes_that_have_vectors_are_streamed() {
        for &(level, place) in LEVELS {
            let units = (1..=32).filter(|&unit| {
                Walk::transpose(unit, 100, 100).planned(false, |plan| match choose(plan, level, &mut None) {
                    Strategy::Transpose(transpose) => transpose.may_stream(),
                    _ => false,
                })
            });
            let expected = [&[1, 2, 4, 8, 16][..], &[1, 2, 3, 4, 6, 8, 12, 16], &[1, 2, 3, 4, 6, 8, 12, 16], &[], &[]];
            assert_eq!(units.collect::<Vec<_>>(), expected[place], "{level:?}");
        }
    }

    /// Where [`Transpose::of`] says that there is a plane, [`Plan::take_sides`] finds one, and where it says that there is none, that
    /// does not either.
    #[test]
    fn planes_are_found_where_the_choice_says_so() {
        let mut state = 41_u64;
        let mut below = |end: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % end).cast_signed() as isize
        };
        let (mut found, mut all) = (0, 0);
        for _ in 0..20_000 {
            let itemsize: isize = 1 << below(5);
            let mut size = itemsize;
            let mut axes: Vec<(isize, isize)> = (0..1 + below(4))
                .map(|_| {
                    let stride = [size, size, size, 2 * size, size + 1, 1 << 32, (1 << 31) - 1, -(1 << 31)];
                    let (len, stride) = (1 + below(9), stride[below(8).unsigned_abs()]);
                    size = size.max(stride.saturating_mul(len));
                    (len, if below(4) == 0 { -stride } else { stride })
                })
                .collect();
            for at in 1..axes.len() {
                axes.swap(at, below(at as u64 + 1).unsigned_abs());
            }
            let (shape, strides): (Vec<_>, Vec<_>) = axes.into_iter().unzip();
            Walk::new(itemsize, &shape, &strides).planned(below(2) == 0, |plan| {
                let kernel = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32].contains(&plan.unit);
                let chosen = Transpose::of(plan, Level::Portable).is_some();
                let (mut rows, mut columns) = ([0; 64], [0; 64]);
                let sides = plan.take_sides(64, 64, [&mut rows, &mut columns]).is_some();
                assert_eq!(chosen, kernel && sides, "{itemsize} {shape:?} {strides:?}");
                found += i32::from(chosen);
                all += 1;
            });
        }
        assert!(found > all / 20 && found < all, "{found} of {all}");
    }
}
