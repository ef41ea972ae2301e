//! Chance that repeats itself: the same names give the same menu on every machine and every day.

use super::dishes::Dish;

/// What makes a dish another dish once a station has run through its courses.
const STYLES: [&str; 24] = [
    "Smoky", "Herbed", "Golden", "Rustic", "Spiced", "Garden", "Harvest", "Coastal", "Valley",
    "Zesty", "Hearty", "Country", "Summer", "Winter", "Toasted", "Glazed", "Chilled", "Crisp",
    "Savory", "Sweet", "Peppered", "Lemony", "Classic", "Midnight",
];

/// A stream of numbers that a name decides (splitmix64).
#[derive(Debug, Clone)]
pub(crate) struct Picker(u64);

impl Picker {
    pub(crate) fn new(name: &str) -> Self {
        let mut hash = Fnv::new();
        name.bytes().for_each(|byte| hash.fold(u64::from(byte)));
        Self(hash.0)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 when there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    /// True once in `times`, on average.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// `count` dishes with their names, no name twice. Past the end of the pool the dishes come
    /// again under a style's name.
    pub(crate) fn dishes(
        &mut self,
        pool: &[&'static Dish],
        count: usize,
    ) -> Vec<(String, &'static Dish)> {
        let mut picked = Vec::with_capacity(count);
        for style in std::iter::once("").chain(STYLES) {
            let mut left = pool.to_vec();
            while picked.len() < count && !left.is_empty() {
                let dish = left.swap_remove(self.below(left.len()));
                let gap = if style.is_empty() { "" } else { " " };
                picked.push((format!("{style}{gap}{}", dish.name), dish));
            }
        }
        picked
    }
}

/// FNV-1a: short, and the same everywhere, which the standard hasher does not promise.
pub(crate) struct Fnv(pub(crate) u64);

impl Fnv {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) const fn fold(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x0100_0000_01b3);
    }
}
