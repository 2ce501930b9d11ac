//! Chance that can be repeated: the same seed gives the same day in the shop.

/// A small generator of numbers (SplitMix64): fast, seeded, and no secret to anyone.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that always fall the same way for one seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = end.max(1) as u64;
        usize::try_from(self.roll() % end).unwrap_or(0)
    }

    /// One of them, if there is any.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// Up to `count` of them, none twice, in random order.
    pub fn pick_many<T>(&mut self, mut from: Vec<T>, count: usize) -> Vec<T> {
        let count = count.min(from.len());
        for i in 0..count {
            let j = i + self.below(from.len() - i);
            from.swap(i, j);
        }
        from.truncate(count);
        from
    }

    /// So many capital letters.
    pub fn letters(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'A' + u8::try_from(self.below(26)).unwrap_or(0))).collect()
    }

    /// So many digits.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap_or(0))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_day() {
        let (mut a, mut b) = (Dice::new(7), Dice::new(7));
        assert_eq!(
            (0..9).map(|_| a.roll()).collect::<Vec<_>>(),
            (0..9).map(|_| b.roll()).collect::<Vec<_>>()
        );
        assert_ne!(Dice::new(7).roll(), Dice::new(8).roll());
    }

    #[test]
    fn picks_nothing_twice() {
        let mut picked = Dice::new(1).pick_many((0..20).collect(), 15);
        picked.sort_unstable();
        picked.dedup();
        assert_eq!(picked.len(), 15);
        assert_eq!(Dice::new(1).pick_many(vec![1, 2], 5).len(), 2);
    }
}
