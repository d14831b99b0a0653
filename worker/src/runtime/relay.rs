//! From the database to the queue: hands on what was recorded, and again what a queue has lost.
//!
//! What lives here: the relay and the reconciler; repeats of either are harmless, since a queue keeps a job once under
//! its id, and a settled one is not run again.
//! What does not: what a job means.

use std::{collections::HashSet, sync::Arc, time::Duration};

use jobs::{Backoff, EnvelopeError, Jitter, JobId};
use queue::{Engine, NewTask, QueueError, State};
use store::{
    StoreError,
    recorded::{JOBS_PER_STATEMENT, RecordedJob, RecordedState},
};
use tokio::sync::watch;

use super::{Stopping, records::Records, told};

/// Jobs of one step.
const TOGETHER_MAX: u64 = JOBS_PER_STATEMENT as u64;
/// How often the outbox is looked into.
const RELAY_EVERY: Duration = Duration::from_millis(100);
/// How often what was handed on is compared with what the queue knows.
const RECONCILE_EVERY: Duration = Duration::from_secs(10);
/// Pages that are compared before the outbox is looked into again.
const PAGES_AT_ONCE_MAX: usize = 4;
/// Batches that are handed on before the stop is listened to again.
const BATCHES_AT_ONCE_MAX: usize = 20;
/// How long a database or a queue that cannot be reached is left alone.
const AWAY: Backoff =
    Backoff::Exponential { base: Duration::from_millis(200), cap: Duration::from_secs(5) };

/// Why a step did nothing.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A record that cannot travel.
    #[error("recorded job {id}: {error}")]
    Envelope {
        /// Which.
        id: JobId,
        /// Why.
        error: EnvelopeError,
    },
}

impl RelayError {
    /// Whether it lies in a job, and not in the way.
    fn is_of_a_job(&self) -> bool {
        match self {
            Self::Store(_) => false,
            Self::Queue(error) => matches!(error, QueueError::Invalid { .. }),
            Self::Envelope { .. } => true,
        }
    }
}

/// What comparing found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Jobs that the queue did not know any more, and was given again.
    pub enqueued_again: usize,
    /// Jobs that ended in the queue, and whose record did not say so yet.
    pub settled: usize,
}

/// Hands recorded jobs on.
pub struct Relay {
    records: Records,
    engine: Arc<dyn Engine>,
}

impl Relay {
    /// Between a database and a queue.
    pub fn new(records: Records, engine: Arc<dyn Engine>) -> Self {
        Self { records, engine }
    }

    /// Works until it is told to stop. Either side may go away and come back in the meantime.
    pub async fn run(&self, mut stop: watch::Receiver<Stopping>) {
        let mut misses = 0;
        let mut reconciled: Option<tokio::time::Instant> = None;
        let mut cursor = None;
        loop {
            let wait = if misses == 0 { RELAY_EVERY } else { AWAY.wait(misses, Jitter::MOST) };
            tokio::select! {
                () = told(&mut stop, Stopping::Drain) => return,
                () = tokio::time::sleep(wait) => {}
            }
            let is_time = reconciled.is_none_or(|at| RECONCILE_EVERY <= at.elapsed());
            match self.step(is_time.then_some(&mut cursor)).await {
                Ok(()) => misses = 0,
                Err(error) => {
                    tracing::warn!(%error, "recorded jobs cannot be handed on for now");
                    misses += 1;
                    continue;
                }
            }
            if is_time {
                reconciled = Some(tokio::time::Instant::now());
            }
        }
    }

    /// Relays all there is, and compares a share, from where the last one ended, if it is time for that.
    async fn step(&self, cursor: Option<&mut Option<JobId>>) -> Result<(), RelayError> {
        for _ in 0..BATCHES_AT_ONCE_MAX {
            if self.relay().await? < JOBS_PER_STATEMENT {
                break;
            }
        }
        if let Some(cursor) = cursor {
            let found = self.reconcile(cursor).await?;
            if found != Reconciled::default() {
                tracing::warn!(
                    enqueued_again = found.enqueued_again,
                    settled = found.settled,
                    "the queue had lost recorded jobs, or had ended them by itself"
                );
            }
        }
        Ok(())
    }

    /// Hands on what is waiting, oldest first; says how many there were.
    pub async fn relay(&self) -> Result<usize, RelayError> {
        let jobs = self.records.store.system().list_jobs_to_relay(TOGETHER_MAX).await?;
        self.hand_on_or_bury(&jobs).await?;
        Ok(jobs.len())
    }

    /// One job that no queue takes must not keep the others back: it is found, and dead with the reason.
    async fn hand_on_or_bury(&self, jobs: &[RecordedJob]) -> Result<(), RelayError> {
        match self.hand_on(jobs).await {
            Err(error) if error.is_of_a_job() => {}
            result => return result,
        }
        for job in jobs {
            match self.hand_on(std::slice::from_ref(job)).await {
                Err(error) if error.is_of_a_job() => self.bury(job, &error).await?,
                result => result?,
            }
        }
        Ok(())
    }

    async fn bury(&self, job: &RecordedJob, error: &RelayError) -> Result<(), RelayError> {
        let id = job.envelope.id;
        tracing::error!(job = %id, %error, "a recorded job that no queue takes is dead");
        let Some(tenant) = job.envelope.tenant else { return Ok(()) };
        let (scope, now) = (self.records.store.tenant(tenant), self.records.clock.now());
        scope.mark_job_settled(id, RecordedState::Dead, Some(&error.to_string()), now).await?;
        Ok(())
    }

    async fn hand_on(&self, jobs: &[RecordedJob]) -> Result<(), RelayError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let tasks = jobs.iter().map(task).collect::<Result<Vec<_>, _>>()?;
        self.engine.enqueue(tasks).await?;
        // A crash in between hands them on once more, which changes nothing.
        let ids: Vec<JobId> = jobs.iter().map(|job| job.envelope.id).collect();
        let now = self.records.clock.now();
        self.records.store.system().mark_jobs_relayed(&ids, now).await?;
        Ok(())
    }

    /// Compares what was handed on and is not settled with what the queue knows: a share, from the cursor on, which
    /// is none at the end.
    pub async fn reconcile(&self, cursor: &mut Option<JobId>) -> Result<Reconciled, RelayError> {
        let mut found = Reconciled::default();
        for _ in 0..PAGES_AT_ONCE_MAX {
            *cursor = self.reconcile_page(*cursor, &mut found).await?;
            if cursor.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// Compares the jobs after a certain one; gives the last of them, or none at the end.
    async fn reconcile_page(
        &self,
        after: Option<JobId>,
        found: &mut Reconciled,
    ) -> Result<Option<JobId>, RelayError> {
        let system = self.records.store.system();
        let jobs = system.list_jobs_relayed(after, TOGETHER_MAX).await?;
        let Some(last) = jobs.last().map(|job| job.envelope.id) else { return Ok(None) };
        let ids: Vec<JobId> = jobs.iter().map(|job| job.envelope.id).collect();
        let known: HashSet<JobId> = self.engine.known(ids).await?.into_iter().collect();
        let (there, lost): (Vec<_>, Vec<_>) =
            jobs.into_iter().partition(|job| known.contains(&job.envelope.id));
        found.enqueued_again += lost.len();
        self.hand_on_or_bury(&lost).await?;
        for job in there {
            found.settled += usize::from(self.settle_if_ended(&job).await?);
        }
        Ok(Some(last))
    }

    /// A job that the queue ended without its worker, as one that took its workers along, is settled here.
    async fn settle_if_ended(&self, job: &RecordedJob) -> Result<bool, RelayError> {
        let Some(tenant) = job.envelope.tenant else { return Ok(false) };
        let Some(found) = self.engine.find(job.envelope.id).await? else { return Ok(false) };
        let to = match found.state {
            State::Dead => RecordedState::Dead,
            State::Cancelled => RecordedState::Cancelled,
            State::Completed => RecordedState::Completed,
            State::Scheduled | State::Ready | State::Running => return Ok(false),
        };
        let scope = self.records.store.tenant(tenant);
        let now = self.records.clock.now();
        scope.mark_job_settled(job.envelope.id, to, found.error.as_deref(), now).await?;
        Ok(true)
    }
}

fn task(job: &RecordedJob) -> Result<NewTask, RelayError> {
    let envelope = &job.envelope;
    let body =
        envelope.to_bytes().map_err(|error| RelayError::Envelope { id: envelope.id, error })?;
    Ok(NewTask {
        id: envelope.id,
        queue: job.queue,
        name: envelope.name.clone(),
        tenant: envelope.tenant,
        priority: job.priority,
        run_at: Some(job.run_at),
        // Uniqueness of recorded jobs is the database's, answered when they were recorded.
        unique: None,
        body,
    })
}
