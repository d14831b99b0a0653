//! Dice that fall the same way for the same seed, so that a failure can be repeated.

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// Seeded dice.
pub struct Dice(StdRng);

impl Dice {
    /// The dice that this seed stands for.
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// A number from 0 up to but not `bound`.
    pub fn below(&mut self, bound: i64) -> i64 {
        self.0.random_range(0..bound)
    }

    /// An index into something of this length.
    pub fn index(&mut self, length: usize) -> usize {
        self.0.random_range(0..length)
    }

    /// Yes with this chance out of a hundred.
    pub fn percent(&mut self, chance: i64) -> bool {
        self.below(100) < chance
    }
}
