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

    /// Whether there is nothing left to do for a job: it is settled, or its record is gone.
    pub(super) async fn is_settled(&self, tenant: TenantId, id: JobId) -> Result<bool, StoreError> {
        let found = self.store.tenant(tenant).find_recorded_job(id).await?;
        Ok(found.is_none_or(|job| job.state.is_settled()))
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
