//! The contract between those who want work done and those who do it.
//!
//! What lives here: what a job is (a stable name, a queue, limits, uniqueness), the envelope in which it travels,
//! and how long a failed one waits.
//! What does not: how jobs are kept and handed out (`queue`), and what they do (`worker`).
//!
//! A job's name is a promise for ever: it stands in databases and queues, and no type's path is read from it.

mod any;
mod backoff;
mod cycle;
mod envelope;
mod import;
mod key;
mod limits;
mod pause;
mod pressure;
mod probe;
mod unique;
mod upkeep;

pub use any::AnyJob;
pub use backoff::{Backoff, Jitter};
pub use cycle::{ActCycle, CycleHour, PlanCycle, ReactCycle, ReflectCycle};
pub use domain::{
    id::TenantId,
    metrics,
    time::{Clock, Timestamp},
};
pub use envelope::{
    Envelope, EnvelopeError, NAME_BYTES_MAX, PAYLOAD_BYTES_MAX, TRACE_BYTES_MAX, TraceContext,
};
pub use import::ImportUpload;
pub use key::{JobId, JobKey};
pub use limits::{AHEAD_DAYS_MAX, InvalidPriority, Job, Limits, PRIORITY_MAX, Priority};
pub use pause::{InvalidPause, Pause};
pub use pressure::{Queue, UnknownQueue};
pub use probe::Probe;
pub use unique::{InvalidKey, KEY_BYTES_MAX, Unique, WINDOW_MAX};
pub use upkeep::{DeleteTenant, ForgetIdempotencyKeys, ForgetImports, ForgetSettledJobs};
