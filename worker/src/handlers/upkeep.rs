//! The house's own chores.

use chrono::TimeDelta;
use jobs::{ForgetIdempotencyKeys, ForgetSettledJobs, Probe};

use super::App;
use crate::runtime::{JobContext, JobError, JobResult, Outcome, Run};

/// How long a settled job's record is kept: as long as people look back for what went wrong.
const KEPT_DAYS: i64 = 30;
/// Records of one transaction.
const TOGETHER: u64 = 1_000;
/// Transactions of one job; what is left is the next one's.
const BATCHES_MAX: usize = 100;

impl Run<App> for ForgetSettledJobs {
    async fn run(self, context: JobContext<App>) -> JobResult {
        let agent = &context.app.agent;
        let before = agent.clock.now() - TimeDelta::days(KEPT_DAYS);
        let scope = agent.store.tenant(self.tenant_id);
        for _ in 0..BATCHES_MAX {
            let gone = scope.expire_recorded_jobs(before, TOGETHER).await;
            if gone.map_err(JobError::retry)? < TOGETHER || context.is_stopping() {
                break;
            }
        }
        Ok(Outcome::Done)
    }
}

impl Run<App> for ForgetIdempotencyKeys {
    async fn run(self, context: JobContext<App>) -> JobResult {
        let agent = &context.app.agent;
        let scope = agent.store.tenant(self.tenant_id);
        for _ in 0..BATCHES_MAX {
            let gone = scope.expire_idempotency_keys(agent.clock.now(), TOGETHER).await;
            if gone.map_err(JobError::retry)? < TOGETHER || context.is_stopping() {
                break;
            }
        }
        Ok(Outcome::Done)
    }
}

impl Run<App> for Probe {
    async fn run(self, _: JobContext<App>) -> JobResult {
        Ok(Outcome::Done)
    }
}
