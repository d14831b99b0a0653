//! What a kind of job promises about itself.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use crate::{Backoff, InvalidKey, Queue, TenantId, Unique};

/// Highest priority.
pub const PRIORITY_MAX: u8 = 9;

/// How far ahead a job may be put, in days: what is further away is a mistake in its unit, or a calendar's affair.
pub const AHEAD_DAYS_MAX: i64 = 366;

/// How pressing a job is among those of its own tenant: 0 can wait, 9 goes first.
///
/// A waiting job gains on those that come after it, so that none waits for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

/// The number is no priority.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("priority: {0} is not between 0 and {PRIORITY_MAX}")]
pub struct InvalidPriority(pub u8);

impl Priority {
    /// A priority between 0 and 9.
    pub const fn new(value: u8) -> Result<Self, InvalidPriority> {
        if PRIORITY_MAX < value { Err(InvalidPriority(value)) } else { Ok(Self(value)) }
    }

    /// As a number.
    pub const fn value(self) -> u8 {
        self.0
    }
}

/// How long and how often a job may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Attempts, the first included, after which a failing job is dead.
    pub attempts_max: u32,
    /// How long one attempt may take; then it is cancelled and counts as failed.
    pub timeout: Duration,
    /// How long a failed one waits.
    pub backoff: Backoff,
    /// How often it may put itself off without using an attempt.
    pub snoozes_max: u32,
}

impl Limits {
    /// Limits of the usual kind: some attempts with a growing wait between them.
    pub const fn new(attempts_max: u32, timeout: Duration) -> Self {
        Self { attempts_max, timeout, backoff: Backoff::USUAL, snoozes_max: 1_000 }
    }
}

/// A kind of job: ids and an intent, never the data itself.
///
/// An incompatible change of the payload is a new name; the old one stays until it has drained.
pub trait Job: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its name, for ever.
    const NAME: &'static str;
    /// The version of its payload, for changes that an older worker can still read.
    const VERSION: u16 = 1;
    /// Where it waits.
    const QUEUE: Queue;
    /// How long and how often it may be tried.
    const LIMITS: Limits;
    /// How pressing it is among those of its own tenant.
    const PRIORITY: Priority = Priority(0);

    /// Whose work it is; none for the house's own.
    fn tenant(&self) -> Option<TenantId>;

    /// What makes another one the same work, if anything does.
    fn unique(&self) -> Result<Option<Unique>, InvalidKey> {
        Ok(None)
    }
}
