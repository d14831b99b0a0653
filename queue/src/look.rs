//! What is seen of a queue from outside.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jobs::{JobId, Priority, Queue, TenantId, Timestamp};

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It waits for its time.
    Scheduled,
    /// It waits for a worker.
    Ready,
    /// A worker has it.
    Running,
    /// It is done.
    Completed,
    /// It failed for good.
    Dead,
    /// Somebody called it off.
    Cancelled,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Scheduled, Self::Ready, Self::Running, Self::Completed, Self::Dead, Self::Cancelled];

    /// The name by which it is stored and spoken of.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing follows by itself.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Dead | Self::Cancelled)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no state: give one of scheduled, ready, running, completed, dead, cancelled")]
pub struct UnknownState(String);

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or_else(|| UnknownState(text.chars().take(64).collect()))
    }
}

/// A job as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Which.
    pub id: JobId,
    /// Where it waits or waited.
    pub queue: Queue,
    /// What kind it is.
    pub name: String,
    /// Whose it is.
    pub tenant: Option<TenantId>,
    /// How pressing.
    pub priority: Priority,
    /// Where it is.
    pub state: State,
    /// Attempts that were made or begun.
    pub attempt: u32,
    /// How often its worker went away.
    pub rescues: u32,
    /// How often it put itself off.
    pub snoozes: u32,
    /// When it was kept.
    pub enqueued_at: Timestamp,
    /// When it may run, if it is scheduled; when it ended, if it has.
    pub at: Option<Timestamp>,
    /// Who has it, if it runs.
    pub worker: Option<String>,
    /// Whether it was asked to stop.
    pub is_cancelling: bool,
    /// Its key, if it has one.
    pub unique_key: Option<String>,
    /// What went wrong last.
    pub error: Option<String>,
    /// As it was given.
    pub body: Vec<u8>,
}

/// A page of jobs, and where the next one begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The jobs, oldest first.
    pub jobs: Vec<Found>,
    /// Give this to go on; none at the end.
    pub next: Option<JobId>,
}

/// Jobs by state.
pub type Counts = BTreeMap<State, u64>;

/// A queue in figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueStats {
    /// Which.
    pub queue: Queue,
    /// How many jobs are in each state.
    pub counts: Counts,
    /// Tenants with jobs that wait for a worker.
    pub lines: u64,
    /// When the job that waits longest for a worker became ready.
    pub oldest_ready_at: Option<Timestamp>,
    /// Whether the queue is paused.
    pub is_paused: bool,
    /// Settlements that came too late, since the engine was opened.
    pub leases_lost: u64,
    /// Jobs that were taken from workers that went away, since the engine was opened.
    pub rescues: u64,
}

impl QueueStats {
    /// A queue that nothing was ever kept in.
    pub fn empty(queue: Queue) -> Self {
        Self {
            queue,
            counts: Counts::new(),
            lines: 0,
            oldest_ready_at: None,
            is_paused: false,
            leases_lost: 0,
            rescues: 0,
        }
    }
}

/// How much of a queue is one tenant's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantLoad {
    /// Whose; none for the house's own.
    pub tenant: Option<TenantId>,
    /// Jobs that wait for a worker.
    pub ready: u64,
    /// Jobs that a worker has.
    pub running: u64,
}
