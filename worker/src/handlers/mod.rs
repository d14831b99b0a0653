//! The handlers: what each job does, and which come by themselves.

mod cycle;
mod import;
mod upkeep;

use agent::Agent;
use chrono::TimeDelta;
use domain::schedule::Missed;
use jobs::{
    ActCycle, AnyJob, CycleHour, DeleteTenant, ForgetIdempotencyKeys, ForgetImports,
    ForgetSettledJobs, ImportUpload, PlanCycle, Probe, ReactCycle, ReflectCycle,
};
use tokio::sync::mpsc;

use crate::runtime::{Registry, RegistryError, Schedule, Zone};

/// What the handlers work with.
pub struct App {
    /// The account manager.
    pub agent: Agent,
    /// Whom to tell that an hour's cycle has come to an end, if anybody wants to know. It is a courtesy: nothing waits
    /// for a listener that is slow.
    pub ended: Option<mpsc::Sender<CycleHour>>,
}

impl App {
    fn tell_ended(&self, hour: &CycleHour) {
        if let Some(ended) = &self.ended
            && ended.try_send(hour.clone()).is_err()
        {
            tracing::debug!(tenant = %hour.tenant_id, "nobody listens for cycles that end");
        }
    }
}

/// Every job that this release can run.
pub fn registry() -> Result<Registry<App>, RegistryError> {
    Registry::new()
        .with::<PlanCycle>()?
        .with::<ActCycle>()?
        .with::<ReactCycle>()?
        .with::<ReflectCycle>()?
        .with::<ForgetSettledJobs>()?
        .with::<ForgetIdempotencyKeys>()?
        .with::<ForgetImports>()?
        .with::<DeleteTenant>()?
        .with::<ImportUpload>()?
        .with::<Probe>()
}

/// Cycles take their turns in the hour's first fifty minutes, so that the last has time before the next hour.
const CYCLES_OVER: TimeDelta = TimeDelta::minutes(50);
/// Chores take their turns within an hour.
const CHORES_OVER: TimeDelta = TimeDelta::minutes(60);

/// Everything that comes by itself.
pub const SCHEDULES: &[Schedule] = &[
    Schedule {
        name: "hourly_cycle",
        cron: "0 * * * *",
        // Hours are counted in UTC, so a night that changes the clocks neither skips nor doubles one.
        zone: Zone::Utc,
        missed: Missed::Coalesce,
        spread: CYCLES_OVER,
        job: |tenant, fire| {
            AnyJob::of(&PlanCycle(CycleHour { tenant_id: tenant.id, due_hour: fire.at }))
        },
    },
    Schedule {
        name: "forget_settled_jobs",
        cron: "15 3 * * *",
        zone: Zone::Tenants,
        missed: Missed::Coalesce,
        spread: CHORES_OVER,
        job: |tenant, _| AnyJob::of(&ForgetSettledJobs { tenant_id: tenant.id }),
    },
    Schedule {
        name: "forget_idempotency_keys",
        cron: "45 3 * * *",
        zone: Zone::Tenants,
        missed: Missed::Coalesce,
        spread: CHORES_OVER,
        job: |tenant, _| AnyJob::of(&ForgetIdempotencyKeys { tenant_id: tenant.id }),
    },
    Schedule {
        name: "forget_imports",
        cron: "30 4 * * *",
        zone: Zone::Tenants,
        missed: Missed::Coalesce,
        spread: CHORES_OVER,
        job: |tenant, _| AnyJob::of(&ForgetImports { tenant_id: tenant.id }),
    },
];
