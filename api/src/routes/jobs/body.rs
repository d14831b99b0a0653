//! A job as it is asked for: one of the kinds that callers may enqueue, with its payload.
//!
//! Whose job it is, the key says; a payload has no tenant.

use domain::{id::TenantId, time::Timestamp};
use jobs::{
    AnyJob, CycleHour, Envelope, EnvelopeError, ForgetSettledJobs, JobId, PlanCycle, Probe,
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    error::{ApiError, ApiResult},
    wire::{Line, Moment},
};

/// A job to enqueue.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    /// What is to be done.
    pub job: Work,
    /// Not before then; at once if left out or past.
    #[serde(default)]
    pub run_at: Option<Moment>,
    /// Another job with this key is the same work, as long as this one has not ended.
    #[serde(default)]
    pub unique_key: Option<Line<200>>,
}

/// What is to be done: a job's name and payload.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "Job")]
pub enum Work {
    /// Runs the cycle of an hour, if it was not run: Plan, and the other phases after it.
    #[schemars(title = "PlanCycleJob")]
    PlanCycle {
        /// The hour, by its beginning; the tenant's present one or one before it.
        due_hour: Moment,
    },
    /// Forgets jobs that were settled more than thirty days ago.
    #[schemars(title = "ForgetSettledJobsJob")]
    ForgetSettledJobs {},
    /// Does nothing, and shows by that how long jobs wait. Volatile: it lives in the queue alone.
    #[schemars(title = "ProbeJob")]
    Probe {},
}

/// A job that is read.
pub enum Read {
    /// It has a row in the database.
    Recorded(AnyJob),
    /// It lives in the queue alone.
    Volatile(Box<Envelope>),
}

impl Work {
    /// The job's name.
    pub fn name(&self) -> &'static str {
        use jobs::Job;
        match self {
            Self::PlanCycle { .. } => PlanCycle::NAME,
            Self::ForgetSettledJobs {} => ForgetSettledJobs::NAME,
            Self::Probe {} => Probe::NAME,
        }
    }

    /// Whether the tenant's present has to be known to read it.
    pub fn asks_for_present(&self) -> bool {
        matches!(self, Self::PlanCycle { .. })
    }

    /// The job, as a tenant's, at a moment; `present` is that moment on the tenant's clock.
    pub fn read(
        &self,
        tenant_id: TenantId,
        id: JobId,
        at: Timestamp,
        present: Timestamp,
    ) -> ApiResult<Read> {
        let read = match self {
            Self::PlanCycle { due_hour } => {
                let due_hour = domain::time::due_hour(due_hour.0);
                if present < due_hour {
                    let detail = format!("has not begun: it is {present} at the tenant");
                    return Err(ApiError::field("job.due_hour", detail));
                }
                AnyJob::of(&PlanCycle(CycleHour { tenant_id, due_hour })).map(Read::Recorded)
            }
            Self::ForgetSettledJobs {} => {
                AnyJob::of(&ForgetSettledJobs { tenant_id }).map(Read::Recorded)
            }
            Self::Probe {} => {
                let sealed = Envelope::seal(id, &Probe { tenant_id }, at);
                sealed.map(|it| Read::Volatile(Box::new(it)))
            }
        };
        read.map_err(|error: EnvelopeError| ApiError::field("job", error.to_string()))
    }
}
