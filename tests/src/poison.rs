//! The jobs of the `poisoned` worker: what a test enqueues, and that process runs.

use std::time::Duration;

use domain::{id::IdSource, time::Clock};
use jobs::{Envelope, EnvelopeError, Job, Limits, Priority, Queue, TenantId};
use platform::{RandomIds, SystemClock};
use queue::NewTask;
use serde::{Deserialize, Serialize};

/// The lease of that process.
pub const LEASE: Duration = Duration::from_secs(1);

/// What becomes of a job that has run for its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is done.
    Ends,
    /// It panics.
    Panics,
    /// It takes its process along.
    Kills,
}

/// Takes some time, and then meets its fate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Work {
    /// Its number in the ledger.
    pub number: usize,
    /// Whose it is.
    pub tenant: Option<TenantId>,
    /// How long it takes.
    pub takes_ms: u64,
    /// What then.
    pub fate: Fate,
}

impl Job for Work {
    const NAME: &'static str = "work";
    const QUEUE: Queue = Queue::Bulk;
    const LIMITS: Limits = Limits::new(3, Duration::from_secs(20));

    fn tenant(&self) -> Option<TenantId> {
        self.tenant
    }
}

/// Never ends by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Endless {
    /// Its number in the ledger.
    pub number: usize,
}

impl Job for Endless {
    const NAME: &'static str = "endless";
    const QUEUE: Queue = Queue::Bulk;
    const LIMITS: Limits = Limits::new(2, Duration::from_secs(1));

    fn tenant(&self) -> Option<TenantId> {
        None
    }
}

/// A job as an engine takes it.
pub fn task<J: Job>(job: &J) -> Result<NewTask, EnvelopeError> {
    let now = SystemClock.now();
    let source: &dyn IdSource = &RandomIds;
    let envelope = Envelope::seal(source.next(now), job, now)?;
    Ok(NewTask {
        id: envelope.id,
        queue: J::QUEUE,
        name: envelope.name.clone(),
        tenant: job.tenant(),
        priority: Priority::default(),
        run_at: None,
        unique: None,
        body: envelope.to_bytes()?,
    })
}
