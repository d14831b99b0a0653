//! How long a failed job waits before it is tried again.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use crate::JobId;

/// A share of a wait, another one for each job and attempt, so that what failed together does not come back together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jitter(f64);

impl Jitter {
    /// From a number of 32 random bits.
    pub fn from_bits(bits: u32) -> Self {
        Self(f64::from(bits) / f64::from(u32::MAX))
    }

    /// Of an attempt of a job: ids are random, so nothing has to be drawn, and a repeat gives the same.
    pub fn of(id: JobId, attempt: u32) -> Self {
        let mut hasher = DefaultHasher::new();
        (id, attempt).hash(&mut hasher);
        let bits = hasher.finish() >> 32;
        Self::from_bits(u32::try_from(bits).unwrap_or(u32::MAX))
    }

    /// The longest wait.
    pub const MOST: Self = Self(1.0);
    /// No wait beyond the shortest.
    pub const LEAST: Self = Self(0.0);
}

/// Shortest wait of all: what failed at once would fail at once again.
const WAIT_MIN: Duration = Duration::from_millis(100);

/// The waits of a kind of job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// Anything up to `base × 2^(attempt − 1)`, and never more than `cap`: full jitter.
    Exponential {
        /// The most that follows the first attempt.
        base: Duration,
        /// The most that follows any.
        cap: Duration,
    },
    /// Exactly these, one after each attempt; the last one again and again.
    Schedule(&'static [Duration]),
}

impl Backoff {
    /// Seconds at first, a quarter of an hour at most.
    pub const USUAL: Self =
        Self::Exponential { base: Duration::from_secs(5), cap: Duration::from_secs(15 * 60) };

    /// How long to wait after an attempt; the first is number 1.
    pub fn wait(&self, attempt: u32, jitter: Jitter) -> Duration {
        match self {
            Self::Exponential { base, cap } => {
                let doublings = attempt.saturating_sub(1).min(DOUBLINGS_MAX);
                let most = base.saturating_mul(1 << doublings).min(*cap);
                most.mul_f64(jitter.0).max(WAIT_MIN.min(most))
            }
            Self::Schedule(waits) => {
                let place = usize::try_from(attempt.saturating_sub(1)).unwrap_or(usize::MAX);
                let last = waits.len().saturating_sub(1);
                waits.get(place.min(last)).copied().unwrap_or(WAIT_MIN)
            }
        }
    }
}

/// Beyond thirty doublings a second is a lifetime.
const DOUBLINGS_MAX: u32 = 30;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_grow_to_the_cap_and_stay_there() {
        let backoff = Backoff::Exponential { base: SECOND, cap: 60 * SECOND };
        let most = |attempt| backoff.wait(attempt, Jitter::MOST);
        assert_eq!([1, 2, 3, 7, 8, 1_000].map(most), [1, 2, 4, 60, 60, 60].map(|it| it * SECOND));
        assert_eq!(backoff.wait(5, Jitter::LEAST), WAIT_MIN);
        assert_eq!(most(0), SECOND, "an attempt that was not counted is the first");
    }

    #[test]
    fn a_schedule_is_kept_and_its_last_wait_repeated() {
        const WAITS: [Duration; 2] = [SECOND, Duration::from_secs(30)];
        let backoff = Backoff::Schedule(&WAITS);
        let waits = [1, 2, 3, 9].map(|attempt| backoff.wait(attempt, Jitter::MOST).as_secs());
        assert_eq!(waits, [1, 30, 30, 30]);
        assert_eq!(Backoff::Schedule(&[]).wait(1, Jitter::MOST), WAIT_MIN);
    }

    #[test]
    fn jobs_that_fail_together_come_back_one_by_one() {
        let backoff = Backoff::Exponential { base: 60 * SECOND, cap: 60 * SECOND };
        let id = |number| JobId::from_uuid(uuid::Uuid::from_u128(number));
        let mut waits: Vec<_> =
            (0..100).map(|number| backoff.wait(1, Jitter::of(id(number), 1)).as_secs()).collect();
        assert_eq!(Jitter::of(id(7), 1), Jitter::of(id(7), 1));
        waits.sort_unstable();
        assert!(waits[10] < 20 && 40 < waits[90], "{waits:?}");
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_the_cap(
            base_ms in 0_u64..100_000, cap_ms in 0_u64..1_000_000, attempt in any::<u32>(), bits in any::<u32>(),
        ) {
            let (base, cap) = (Duration::from_millis(base_ms), Duration::from_millis(cap_ms));
            let wait = Backoff::Exponential { base, cap }.wait(attempt, Jitter::from_bits(bits));
            prop_assert!(wait <= cap);
        }
    }
}
