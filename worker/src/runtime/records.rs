//! The record's word on a job: whether it is settled, and that it is.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jobs::{Clock, Envelope};
use store::{Store, StoreError, Transition, recorded::RecordedState};
use tokio::sync::Notify;

use super::{handler::JobError, registry::Registry};

/// Asks and tells the database about recorded jobs.
#[derive(Clone)]
pub struct Records {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    heirs: Arc<dyn Heirs>,
    /// Rung when a job has ended, which may have recorded another one.
    bell: Arc<Notify>,
}

/// Why a job's end could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database does not answer; told to each of many who asked together.
    #[error("{0}")]
    Unavailable(String),
    /// Nobody is left who would ask the database.
    #[error("the process stops")]
    Stopping,
    /// What the job would have finished could not be put right.
    #[error("what it leaves behind could not be put right: {0}")]
    Heirs(#[from] JobError),
}

impl RecordsError {
    /// Whether it may work another time.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Store(error) => matches!(error, StoreError::Unavailable(_)),
            Self::Unavailable(_) | Self::Stopping => true,
            Self::Heirs(error) => matches!(error, JobError::Retry { .. }),
        }
    }
}

/// Whoever puts right what a job leaves behind that nobody will finish.
#[async_trait]
trait Heirs: Send + Sync {
    async fn abandon(&self, envelope: &Envelope, because: &str) -> Result<(), JobError>;

    /// Whether a job of this name can be brought back once it has ended.
    fn can_come_back(&self, name: &str) -> bool;
}

struct Registered<A> {
    registry: Arc<Registry<A>>,
    app: Arc<A>,
}

#[async_trait]
impl<A: Send + Sync + 'static> Heirs for Registered<A> {
    async fn abandon(&self, envelope: &Envelope, because: &str) -> Result<(), JobError> {
        let abandoned = self.registry.abandon(Arc::clone(&self.app), envelope, because);
        match tokio::time::timeout(ABANDON_TIMEOUT, abandoned).await {
            Ok(result) => result,
            Err(_) => Err(JobError::retry("it took too long")),
        }
    }

    fn can_come_back(&self, name: &str) -> bool {
        self.registry.kinds().iter().all(|kind| kind.name != name || kind.can_come_back)
    }
}

/// How long putting right may take.
const ABANDON_TIMEOUT: Duration = Duration::from_secs(30);

impl Records {
    /// The records of a database, and what puts right what jobs leave behind.
    pub fn new<A: Send + Sync + 'static>(
        store: Store,
        clock: Arc<dyn Clock>,
        registry: Arc<Registry<A>>,
        app: Arc<A>,
    ) -> Self {
        let heirs = Arc::new(Registered { registry, app });
        Self { store, clock, heirs, bell: Arc::default() }
    }

    /// Tells the relay of this process that something may have been recorded: it need not wait for its next look.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    pub(super) fn can_come_back(&self, name: &str) -> bool {
        self.heirs.can_come_back(name)
    }

    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Ends a job that is not settled yet; what it leaves behind is put right first.
    pub async fn end(
        &self,
        envelope: &Envelope,
        to: RecordedState,
        error: Option<&str>,
    ) -> Result<Transition, RecordsError> {
        let Some(tenant) = envelope.tenant else { return Ok(Transition::Lost) };
        let (scope, now) = (self.store.tenant(tenant), self.clock.now());
        let because = match to {
            RecordedState::Dead => Some(error.unwrap_or("its job is dead")),
            RecordedState::Cancelled => Some("its job was called off"),
            RecordedState::Completed | RecordedState::Waiting | RecordedState::Relayed => None,
        };
        if let Some(because) = because {
            // What is settled left nothing behind: its end was written with what it changed, or put right before.
            let there = scope.find_recorded_job(envelope.id).await?;
            if there.is_none_or(|job| job.state.is_settled()) {
                return Ok(Transition::Lost);
            }
            match self.heirs.abandon(envelope, because).await {
                Ok(()) => {}
                Err(JobError::Bury { error }) => {
                    // Waiting would not help: the job ends all the same, and its record says what is left to people.
                    tracing::error!(job = %envelope.id, error, "what a job leaves behind cannot be put right");
                    let told =
                        format!("{because}; what it leaves behind cannot be put right: {error}");
                    return Ok(scope.mark_job_settled(envelope.id, to, Some(&told), now).await?);
                }
                Err(error @ JobError::Retry { .. }) => return Err(error.into()),
            }
        }
        Ok(scope.mark_job_settled(envelope.id, to, error, now).await?)
    }
}
