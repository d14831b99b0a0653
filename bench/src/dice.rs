//! Numbers that look random and are the same at every run, so that two runs measure the same world.

/// A generator of 64-bit numbers (SplitMix64, by Steele, Lea and Flood).
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

/// The golden ratio as a fraction of 2^64: the step that visits every state.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Dice {
    /// The numbers that this seed stands for.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        let count = most.saturating_sub(least).max(0).unsigned_abs() + 1;
        least + i64::try_from(self.next() % count).unwrap_or(0)
    }

    /// A place in a list of `count` things, which must not be empty.
    pub fn place(&mut self, count: usize) -> usize {
        let last = i64::try_from(count.saturating_sub(1)).unwrap_or(0);
        usize::try_from(self.between(0, last)).unwrap_or(0)
    }

    /// True in `percent` of a hundred throws.
    pub fn happens(&mut self, percent: i64) -> bool {
        self.between(0, 99) < percent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_within_bounds() {
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            (0..1_000).map(|_| dice.between(-3, 3)).collect::<Vec<_>>()
        };
        assert_eq!(throws(1), throws(1));
        assert_ne!(throws(1), throws(2));
        assert!(throws(1).iter().all(|throw| (-3..=3).contains(throw)));
        assert!((-3..=3).all(|wanted| throws(1).contains(&wanted)));
    }

    #[test]
    fn shares_are_about_right() {
        let mut dice = Dice::new(7);
        let hits = (0..10_000).filter(|_| dice.happens(10)).count();
        assert!((900..1_100).contains(&hits), "{hits}");
        assert_eq!(dice.place(1), 0);
    }
}
