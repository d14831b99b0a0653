//! The four phases of a tenant's hour.

use std::{sync::Arc, time::Duration};

use agent::{AgentError, PhaseEnd, PhaseJob};
use domain::cycle::Phase;
use jobs::{ActCycle, CycleHour, Job, JobId, PlanCycle, ReactCycle, ReflectCycle};
use store::StoreError;

use super::App;
use crate::runtime::{JobContext, JobError, JobResult, Outcome, Run};

/// How long a phase waits while another run works for its tenant, or one that went away holds the lock.
const BUSY_AGAIN: Duration = Duration::from_secs(5);

/// Longest wait for an hour that has not come yet.
const EARLY_AGAIN: Duration = Duration::from_secs(5 * 60);

/// The handler of a phase: the same for all four.
macro_rules! phases {
    ($($job:ident => $phase:expr),+ $(,)?) => {
        $(impl Run<App> for $job {
            // Its run is closed with it, and the next hour's goes on from there.
            const CAN_COME_BACK: bool = false;

            async fn run(self, context: JobContext<App>) -> JobResult {
                phase(self.0, $phase, Self::LIMITS.attempts_max, context).await
            }

            async fn abandon(self, app: Arc<App>, id: JobId, because: &str) -> Result<(), JobError> {
                abandon(self.0, $phase, &app, id, because).await
            }
        })+
    };
}

phases! {
    PlanCycle => Phase::Plan,
    ActCycle => Phase::Act,
    ReactCycle => Phase::React,
    ReflectCycle => Phase::Reflect,
}

async fn phase(
    hour: CycleHour,
    phase: Phase,
    attempts_max: u32,
    context: JobContext<App>,
) -> JobResult {
    let agent = &context.app.agent;
    let tenant = match agent.store.tenant(hour.tenant_id).get_tenant().await {
        Ok(tenant) => tenant,
        Err(StoreError::UnknownTenant(_)) => return Ok(Outcome::Skipped("the tenant is gone")),
        Err(error) => return Err(JobError::retry(error)),
    };
    let asked = PhaseJob {
        job: context.id,
        due_hour: hour.due_hour,
        phase,
        is_last_attempt: attempts_max <= context.attempt,
    };
    match agent.run_phase(&tenant, &asked).await {
        Ok(PhaseEnd::Done) => {
            if phase == Phase::Reflect {
                context.app.tell_ended(&hour);
            }
            Ok(Outcome::Done)
        }
        Ok(PhaseEnd::NothingLeft) => Ok(Outcome::Skipped("nothing of the phase is left to do")),
        Err(AgentError::Busy { .. } | AgentError::Paused { .. }) => Ok(Outcome::Snooze(BUSY_AGAIN)),
        // Neither says anything about the cycle: attempts are kept for failures of its own.
        Err(AgentError::Store(StoreError::Unavailable(_) | StoreError::FenceLost { .. })) => {
            Ok(Outcome::Snooze(BUSY_AGAIN))
        }
        // A clock that is a little behind the one that recorded the hour; in doubt it is looked at again.
        Err(AgentError::TooEarly { until }) => {
            let left = (until - agent.clock.now()).to_std().unwrap_or(BUSY_AGAIN);
            Ok(Outcome::Snooze(left.clamp(BUSY_AGAIN, EARLY_AGAIN)))
        }
        // Whoever closed the run, or called this job off, speaks for the hour.
        Err(AgentError::RunClosed(_)) => Ok(Outcome::Skipped("the run was closed meanwhile")),
        Err(error) => Err(JobError::retry(error)),
    }
}

/// The run of a phase that nobody will finish is closed, so that its hour has an end and the next one makes up for it.
async fn abandon(
    hour: CycleHour,
    phase: Phase,
    app: &App,
    job: JobId,
    because: &str,
) -> Result<(), JobError> {
    let agent = &app.agent;
    let tenant = match agent.store.tenant(hour.tenant_id).get_tenant().await {
        Ok(tenant) => tenant,
        Err(StoreError::UnknownTenant(_)) => return Ok(()),
        Err(error) => return Err(JobError::retry(error)),
    };
    let asked = PhaseJob { job, due_hour: hour.due_hour, phase, is_last_attempt: true };
    match agent.abandon_phase(&tenant, &asked, because).await {
        Ok(()) => {
            app.tell_ended(&hour);
            Ok(())
        }
        Err(
            error @ (AgentError::Busy { .. }
            | AgentError::Store(StoreError::Unavailable(_) | StoreError::FenceLost { .. })),
        ) => Err(JobError::retry(error)),
        Err(error) => Err(JobError::bury(error)),
    }
}
