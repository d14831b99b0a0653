//! A small seeded generator: the same seed throws the same numbers on every machine.
//!
//! It makes a world look lived in. It is no source of randomness, and no secret may come from it.

/// A row of numbers that a seed stands for (SplitMix64).
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// The row that this seed stands for.
    pub(crate) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn throw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to one less than `faces`; 0 if there are none.
    pub(crate) fn below(&mut self, faces: usize) -> usize {
        let faces = u64::try_from(faces).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.throw() % faces).unwrap_or(0)
    }

    /// A number between two others, both included.
    pub(crate) fn between(&mut self, least: i64, most: i64) -> i64 {
        let faces = usize::try_from(most - least + 1).unwrap_or(0);
        least + i64::try_from(self.below(faces)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_throws_the_same_numbers_and_all_faces() {
        let thrown = |seed| {
            let mut dice = Dice::new(seed);
            (0..200).map(|_| dice.below(6)).collect::<Vec<_>>()
        };
        assert_eq!(thrown(1), thrown(1));
        assert_ne!(thrown(1), thrown(2));
        assert!((0..6).all(|face| thrown(1).contains(&face)));
        let mut dice = Dice::new(3);
        assert!((0..200).all(|_| (-2..=2).contains(&dice.between(-2, 2))));
        assert_eq!(dice.below(0), 0);
    }
}
