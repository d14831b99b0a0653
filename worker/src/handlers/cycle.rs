//! The four phases of a tenant's hour.

use std::time::Duration;

use agent::{AgentError, PhaseEnd, PhaseJob};
use domain::cycle::Phase;
use jobs::{ActCycle, CycleHour, Job, PlanCycle, ReactCycle, ReflectCycle};
use store::StoreError;

use super::App;
use crate::runtime::{JobContext, JobError, JobResult, Outcome, Run};

/// How long a phase waits while another run works for its tenant, or one that went away holds the lock.
const BUSY_AGAIN: Duration = Duration::from_secs(5);

impl Run<App> for PlanCycle {
    async fn run(self, context: JobContext<App>) -> JobResult {
        phase(self.0, Phase::Plan, Self::LIMITS.attempts_max, context).await
    }
}

impl Run<App> for ActCycle {
    async fn run(self, context: JobContext<App>) -> JobResult {
        phase(self.0, Phase::Act, Self::LIMITS.attempts_max, context).await
    }
}

impl Run<App> for ReactCycle {
    async fn run(self, context: JobContext<App>) -> JobResult {
        phase(self.0, Phase::React, Self::LIMITS.attempts_max, context).await
    }
}

impl Run<App> for ReflectCycle {
    async fn run(self, context: JobContext<App>) -> JobResult {
        phase(self.0, Phase::Reflect, Self::LIMITS.attempts_max, context).await
    }
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
        Ok(PhaseEnd::Done) => Ok(Outcome::Done),
        Ok(PhaseEnd::NothingLeft) => Ok(Outcome::Skipped("nothing of the phase is left to do")),
        Err(AgentError::Busy { .. }) => Ok(Outcome::Snooze(BUSY_AGAIN)),
        // Whoever closed the run, or called this job off, speaks for the hour.
        Err(AgentError::RunClosed(_)) => Ok(Outcome::Skipped("the run was closed meanwhile")),
        Err(error) => Err(JobError::retry(error)),
    }
}
