//! How long ended jobs are kept.

use std::time::Duration;

/// For how long, and how many, ended jobs are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Completed and cancelled ones.
    pub completed_age: Duration,
    /// At most so many of each.
    pub completed_max: u64,
    /// Dead ones.
    pub dead_age: Duration,
    /// At most so many.
    pub dead_max: u64,
}

impl Default for Retention {
    /// An hour to look at what was done, a month to bring back what was not.
    fn default() -> Self {
        Self {
            completed_age: Duration::from_secs(60 * 60),
            completed_max: 10_000,
            dead_age: Duration::from_secs(30 * 24 * 60 * 60),
            dead_max: 10_000,
        }
    }
}
