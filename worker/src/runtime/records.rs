//! The record's word on a job: whether it is settled, and that it is.

use std::sync::Arc;

use jobs::{Clock, JobId, TenantId};
use queue::Verdict;
use store::{Store, StoreError, recorded::RecordedState};

/// Asks and tells the database about recorded jobs.
#[derive(Clone)]
pub struct Records {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
}

impl Records {
    /// The records of a database.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// How a job has ended already, if it has: its record says so, or is gone.
    pub(super) async fn ended(
        &self,
        tenant: TenantId,
        id: JobId,
    ) -> Result<Option<Verdict>, StoreError> {
        let Some(job) = self.store.tenant(tenant).find_recorded_job(id).await? else {
            return Ok(Some(Verdict::Completed));
        };
        Ok(match job.state {
            RecordedState::Waiting | RecordedState::Relayed => None,
            RecordedState::Completed => Some(Verdict::Completed),
            RecordedState::Cancelled => Some(Verdict::Cancelled),
            RecordedState::Dead => {
                let error = job.error.unwrap_or_else(|| "its record is dead".to_owned());
                Some(Verdict::Dead { error })
            }
        })
    }

    /// Writes down how a job ended. Its handler may have done so already, with what it changed.
    pub(super) async fn settle(
        &self,
        tenant: TenantId,
        id: JobId,
        verdict: &Verdict,
    ) -> Result<(), StoreError> {
        let (to, error) = match verdict {
            Verdict::Completed => (RecordedState::Completed, None),
            Verdict::Dead { error } => (RecordedState::Dead, Some(error.as_str())),
            Verdict::Cancelled => (RecordedState::Cancelled, None),
            Verdict::Retry { .. } | Verdict::Snooze { .. } | Verdict::Released => return Ok(()),
        };
        self.store.tenant(tenant).mark_job_settled(id, to, error, self.clock.now()).await?;
        Ok(())
    }
}
