//! The house's own chores.

use std::time::Duration;

use chrono::TimeDelta;
use jobs::{
    DeleteTenant, ForgetIdempotencyKeys, ForgetImports, ForgetSettledJobs, Probe, TenantId,
};
use store::deletion::Deletion;

use super::App;
use crate::runtime::{JobContext, JobError, JobResult, Outcome, Run};

/// How long a settled job's record is kept, and an import's: as long as people look back for what went wrong.
const KEPT_DAYS: i64 = 30;
/// Records of one transaction.
const TOGETHER: u64 = 1_000;
/// Transactions of one job; what is left is the next one's.
const BATCHES_MAX: usize = 100;
/// How long a deletion rests between a hundred thousand rows and the next.
const BETWEEN_DELETIONS: Duration = Duration::from_secs(1);

/// What is forgotten.
enum Old {
    Jobs,
    Keys,
    Imports,
}

/// Forgets again and again, until there is less to forget than goes together, or the job is to stop.
async fn forget(context: &JobContext<App>, tenant: TenantId, old: Old) -> JobResult {
    let agent = &context.app.agent;
    let (scope, now) = (agent.store.tenant(tenant), agent.clock.now());
    let before = now - TimeDelta::days(KEPT_DAYS);
    for _ in 0..BATCHES_MAX {
        let gone = match old {
            Old::Jobs => scope.expire_recorded_jobs(before, TOGETHER).await,
            Old::Keys => scope.expire_idempotency_keys(now, TOGETHER).await,
            Old::Imports => scope.expire_imports(before, now, TOGETHER).await,
        };
        if gone.map_err(JobError::retry)? < TOGETHER || context.is_stopping() {
            break;
        }
    }
    Ok(Outcome::Done)
}

impl Run<App> for ForgetSettledJobs {
    async fn run(self, context: JobContext<App>) -> JobResult {
        forget(&context, self.tenant_id, Old::Jobs).await
    }
}

impl Run<App> for ForgetIdempotencyKeys {
    async fn run(self, context: JobContext<App>) -> JobResult {
        forget(&context, self.tenant_id, Old::Keys).await
    }
}

impl Run<App> for ForgetImports {
    async fn run(self, context: JobContext<App>) -> JobResult {
        forget(&context, self.tenant_id, Old::Imports).await
    }
}

impl Run<App> for DeleteTenant {
    async fn run(self, context: JobContext<App>) -> JobResult {
        let agent = &context.app.agent;
        let system = agent.store.system();
        for _ in 0..BATCHES_MAX {
            let went = system.delete_tenant_rows(self.tenant_id, TOGETHER, agent.clock.now()).await;
            if went.map_err(JobError::retry)? == Deletion::Done {
                return Ok(Outcome::Done);
            }
            if context.is_stopping() {
                break;
            }
        }
        // Others have their turn in between.
        Ok(Outcome::Snooze(BETWEEN_DELETIONS))
    }
}

impl Run<App> for Probe {
    async fn run(self, _: JobContext<App>) -> JobResult {
        Ok(Outcome::Done)
    }
}
