//! The job of the `poisoned` worker: what a test enqueues, and that process runs.

use std::time::Duration;

use jobs::{Job, Limits, Queue, TenantId};
use serde::{Deserialize, Serialize};

/// The lease of that process.
pub const LEASE: Duration = Duration::from_secs(1);

/// Takes some time, and then perhaps its process along.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Work {
    /// Its number in the ledger.
    pub number: usize,
    /// How long it takes.
    pub takes_ms: u64,
    /// Whether it ends its process.
    pub kills: bool,
}

impl Job for Work {
    const NAME: &'static str = "work";
    const QUEUE: Queue = Queue::Bulk;
    const LIMITS: Limits = Limits::new(3, Duration::from_secs(20));

    fn tenant(&self) -> Option<TenantId> {
        None
    }
}
