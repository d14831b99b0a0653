//! The fleet engine: keeps jobs, hands them out under leases, and gets back what became of them.
//!
//! What lives here: the engine's contract, its embedded form on a SQLite file of its own, and the desk of a process
//! that works on jobs.
//! What does not: what a job means. An engine sees a name, a tenant and opaque bytes; it knows nothing of accounts
//! or mail, decides no retry, and reads no payload.

mod check;
pub mod desk;
pub mod embedded;
mod engine;
mod error;
mod fair;
pub mod fleet;
mod look;
mod measure;
mod retention;
mod task;
mod time;

pub use engine::{Engine, Heart};
pub use error::{QueueError, QueueResult};
pub use fair::LineLimits;
pub use jobs::Pause;
pub use look::{Counts, Found, ListPage, QueueStats, State, TenantLoad};
pub use measure::{measure_outbox, measure_queue};
pub use retention::Retention;
pub use task::{
    Beat, CancelOutcome, Claim, Claimed, Enqueued, Filter, Lease, Leased, NewTask, Replayed,
    Settled, Settlement, Tended, Token, Verdict,
};
pub use time::{LiveTime, Time};

/// Rescues of a job after which it is claimed alone: the first may have been anybody's fault.
pub const RESCUES_TOGETHER_MAX: u32 = 1;
/// Rescues of a job that ran alone after which it is dead: it kills the process that runs it.
pub const RESCUES_ALONE_MAX: u32 = 3;
/// What a step of priority is worth: a job waits this much less long than one that came at the same time.
pub const AGEING_MS: i64 = 60_000;
/// How long a job that has to run alone waits for a worker that happens to be idle, before one is made idle for it.
pub const ALONE_PATIENCE_MS: i64 = 5_000;
/// Tasks of one call, whatever is asked for.
pub const BATCH_MAX: usize = 1_000;
