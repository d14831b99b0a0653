//! What goes into an engine and what comes out.

use std::time::Duration;

use jobs::{JobId, Priority, Queue, TenantId, Timestamp, Unique};

/// A job to keep.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Its id. A job whose id is known already is kept once.
    pub id: JobId,
    /// Where it waits.
    pub queue: Queue,
    /// What kind it is.
    pub name: String,
    /// In whose line it stands; none for the house's own.
    pub tenant: Option<TenantId>,
    /// How pressing it is in its line.
    pub priority: Priority,
    /// Not before then; at once if that is past.
    pub run_at: Option<Timestamp>,
    /// What keeps another one away.
    pub unique: Option<Unique>,
    /// What the worker gets: opaque here.
    pub body: Vec<u8>,
}

/// What came of keeping a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// It is kept, under its own id.
    New(JobId),
    /// One with its id or its key is there.
    Duplicate(JobId),
}

/// Asks for work.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// From where.
    pub queue: Queue,
    /// Who asks.
    pub worker: &'a str,
    /// At most so many. To ask for none keeps the asker's place with a job that has to run alone.
    pub max: usize,
    /// How long the lease is.
    pub lease: Duration,
    /// Whether the asking process has nothing running and nothing buffered.
    pub is_idle: bool,
}

/// The right to say what became of a job. Never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub i64);

/// A job and the right to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Which job.
    pub id: JobId,
    /// The right.
    pub token: Token,
}

/// A job that was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leased {
    /// The right to it.
    pub lease: Lease,
    /// What kind it is.
    pub name: String,
    /// Whose it is.
    pub tenant: Option<TenantId>,
    /// Which attempt this is; the first is 1. Rescues, snoozes and releases are not counted.
    pub attempt: u32,
    /// How often it put itself off.
    pub snoozes: u32,
    /// Whether nothing else may run beside it.
    pub is_alone: bool,
    /// As it was given.
    pub body: Vec<u8>,
}

/// What came of asking for work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The jobs.
    pub tasks: Vec<Leased>,
    /// A job has to run alone, and this worker is to finish what it has and then ask again.
    pub drain: bool,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done.
    Completed,
    /// It failed and is tried again.
    Retry {
        /// How long to wait.
        after: Duration,
        /// What went wrong.
        error: String,
    },
    /// It put itself off, which costs no attempt.
    Snooze {
        /// For how long.
        after: Duration,
    },
    /// It failed for good.
    Dead {
        /// What went wrong.
        error: String,
    },
    /// It obeyed a cancellation.
    Cancelled,
    /// It was not begun, or given up by a worker that stops: its attempt is given back.
    Released,
}

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The right to say so.
    pub lease: Lease,
    /// What is said.
    pub verdict: Verdict,
}

/// What came of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It is written down.
    Written,
    /// The lease was lost: somebody else speaks for the job by now.
    Lost,
}

/// What came of asking for more time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// The lease goes on.
    Held,
    /// The lease goes on, and the job is to stop.
    Cancel,
    /// The lease was lost.
    Lost,
    /// Nobody answered for this one, while others were answered.
    Unheard,
}

/// What came of a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// It was waiting, and will not run.
    Cancelled,
    /// It is running, and its worker is told with its next heartbeat.
    Requested,
    /// It had ended before.
    Ended,
    /// There is no such job here.
    Unknown,
}

/// What came of bringing a job back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It waits again, with all its attempts.
    Ready,
    /// Its key belongs to another job by now.
    Duplicate(JobId),
    /// It is running, or has ended well.
    NotWaiting,
    /// There is no such job here.
    Unknown,
}

/// Which jobs; what is not given matters not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In which queue.
    pub queue: Option<Queue>,
    /// Of which kind.
    pub name: Option<String>,
    /// Whose.
    pub tenant: Option<TenantId>,
}

/// What tending found to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tended {
    /// Jobs whose time came.
    pub promoted: usize,
    /// Jobs whose lease ran out.
    pub rescued: usize,
    /// Jobs that were rescued too often, and are dead.
    pub poisoned: usize,
    /// Ended jobs that are forgotten.
    pub pruned: usize,
    /// Whether there is more of any than one call does.
    pub has_more: bool,
}
