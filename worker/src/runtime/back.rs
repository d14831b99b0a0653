//! Bringing recorded jobs back that are dead or were called off.

use jobs::TenantId;
use store::{
    StoreError, StoreResult, Transition,
    recorded::{JobFilter, RecordedJob, RecordedState},
};

use super::Records;

/// What came of bringing a job back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reopened {
    /// It waits again, with all its attempts.
    Waits,
    /// The same work was recorded again meanwhile.
    Duplicate,
    /// It is not over, or has ended well.
    NotOver,
    /// Its end cannot be undone: what it would have done was closed.
    Closed,
}

/// What came of bringing back many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Jobs that wait again.
    pub brought_back: u64,
    /// Dead jobs that were left where they are.
    pub left: u64,
}

/// Dead jobs that are looked at together …
const PAGE: u64 = 500;
/// … and how often, for the sake of those that cannot come back.
const PAGES_MAX: usize = 200;

impl Records {
    /// Brings back one job. One that waits already is left as it is, so repeating this changes nothing.
    pub async fn reopen(&self, job: &RecordedJob) -> StoreResult<Reopened> {
        if !self.can_come_back(&job.envelope.name) {
            return Ok(Reopened::Closed);
        }
        let Some(tenant) = job.envelope.tenant else { return Ok(Reopened::NotOver) };
        let work = self.store.begin(tenant).await?;
        let moved = work.scope().mark_job_reopened(job.envelope.id, self.clock.now()).await;
        match moved {
            Ok(Transition::Moved) => {
                work.commit().await?;
                self.ring();
                Ok(Reopened::Waits)
            }
            Ok(Transition::AlreadyThere) if job.state == RecordedState::Waiting => {
                Ok(Reopened::Waits)
            }
            Ok(Transition::AlreadyThere | Transition::Lost) => Ok(Reopened::NotOver),
            Err(StoreError::AlreadyExists(_)) => Ok(Reopened::Duplicate),
            Err(error) => Err(error),
        }
    }

    /// Brings back dead jobs, newest first and at most so many: those of one tenant, or of all.
    pub async fn replay(
        &self,
        tenant: Option<TenantId>,
        of: JobFilter,
        max: u64,
    ) -> StoreResult<Replayed> {
        let mut dead = JobFilter { state: Some(RecordedState::Dead), ..of };
        let mut told = Replayed::default();
        for _ in 0..PAGES_MAX {
            let page = self.store.system().list_recorded_jobs(tenant, &dead, PAGE).await?;
            let Some(last) = page.last() else { break };
            dead.before = Some(last.envelope.id);
            for job in &page {
                if told.brought_back == max {
                    return Ok(told);
                }
                match self.reopen(job).await? {
                    Reopened::Waits => told.brought_back += 1,
                    Reopened::Duplicate | Reopened::NotOver | Reopened::Closed => told.left += 1,
                }
            }
        }
        Ok(told)
    }
}
