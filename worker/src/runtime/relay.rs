//! From the database to the queue: hands on what was recorded, and again what a queue has lost.
//!
//! What lives here: the relay and the reconciler; repeats of either are harmless, since a queue keeps a job once under
//! its id, and a settled one is not run again.
//! What does not: what a job means.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::TimeDelta;
use jobs::{Backoff, EnvelopeError, Jitter, JobId, metrics as names};
use queue::{Engine, Enqueued, NewTask, QueueError, State};
use store::{
    StoreError,
    recorded::{JOBS_PER_STATEMENT, JobsRead, RecordedJob, RecordedState},
};
use tokio::{sync::watch, time::Instant};

use super::{
    Stopping,
    records::{Records, RecordsError},
    told,
};

/// How often the queue is told what was called off.
const CANCEL_EVERY: Duration = Duration::from_millis(500);
/// How far back that looks: clocks of two machines may differ by so much, and a process may have been away.
const CANCEL_LOOK_BACK: TimeDelta = TimeDelta::seconds(60);
/// Jobs that were called off within that time, and that are told.
const CANCELLED_MAX: u64 = 1_000;
/// Jobs of one step.
const TOGETHER_MAX: u64 = JOBS_PER_STATEMENT as u64;
/// How often the outbox is looked into.
const RELAY_EVERY: Duration = Duration::from_millis(100);
/// How often what was handed on is compared with what the queue knows.
const RECONCILE_EVERY: Duration = Duration::from_secs(10);
/// How long jobs are left to the process that took them; handing them on later than that only repeats it.
const TAKEN_FOR: TimeDelta = TimeDelta::seconds(5);
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
    /// Whether the queue cannot be reached for now.
    pub fn is_of_the_queue(&self) -> bool {
        matches!(self, Self::Queue(error) if error.is_passing())
    }

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
        // A count that is not there yet cannot have risen.
        OUTCOMES.into_iter().for_each(|outcome| count(outcome, 0));
        let mut misses = 0;
        let (mut reconciled, mut cancelled) =
            (Every(RECONCILE_EVERY, None), Every(CANCEL_EVERY, None));
        let mut cursor = None;
        let mut told_of = HashSet::new();
        loop {
            let wait = if misses == 0 { RELAY_EVERY } else { AWAY.wait(misses, Jitter::MOST) };
            tokio::select! {
                () = told(&mut stop, Stopping::Drain) => return,
                () = tokio::time::sleep(wait) => {}
                () = self.records.rung(), if misses == 0 => {}
            }
            let to_reconcile = reconciled.is_due().then_some(&mut cursor);
            let to_cancel = cancelled.is_due().then_some(&mut told_of);
            match self.step(to_reconcile, to_cancel).await {
                Ok(()) => misses = 0,
                Err(error) => {
                    tracing::warn!(%error, "recorded jobs cannot be handed on for now");
                    misses += 1;
                    continue;
                }
            }
            reconciled.done();
            cancelled.done();
        }
    }

    /// Relays all there is, and compares a share, from where the last one ended, if it is time for that.
    async fn step(
        &self,
        cursor: Option<&mut Option<JobId>>,
        told_of: Option<&mut HashSet<JobId>>,
    ) -> Result<(), RelayError> {
        for _ in 0..BATCHES_AT_ONCE_MAX {
            if self.relay().await? < JOBS_PER_STATEMENT {
                break;
            }
        }
        if let Some(told_of) = told_of {
            self.tell_of_cancelled(told_of).await?;
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
    ///
    /// Other processes may do so at the same time: each takes others, and what one took that died is taken again.
    pub async fn relay(&self) -> Result<usize, RelayError> {
        let (system, now) = (self.records.store.system(), self.records.clock.now());
        let read = system.take_jobs_to_relay(TOGETHER_MAX, now, now - TAKEN_FOR).await?;
        let handed_on = self.hand_on_taken(&read).await;
        if handed_on.is_err() {
            let ids: Vec<JobId> = read.jobs.iter().map(|job| job.envelope.id).collect();
            if let Err(error) = system.mark_jobs_not_taken(&ids).await {
                tracing::warn!(%error, "jobs that could not be handed on wait for a while");
            }
        }
        handed_on.map(|()| read.len())
    }

    async fn hand_on_taken(&self, read: &JobsRead) -> Result<(), RelayError> {
        self.bury_unreadable(read).await?;
        self.hand_on_or_bury(&read.jobs).await
    }

    /// Tells the queue what people have called off, once each: what waits is gone, and what runs is asked to stop.
    async fn tell_of_cancelled(&self, told_of: &mut HashSet<JobId>) -> Result<(), RelayError> {
        let since = self.records.clock.now() - CANCEL_LOOK_BACK;
        let ids = self.records.store.system().list_jobs_cancelled(since, CANCELLED_MAX).await?;
        told_of.retain(|id| ids.contains(id));
        for id in ids {
            if !told_of.contains(&id) {
                self.engine.cancel(id).await?;
                told_of.insert(id);
            }
        }
        Ok(())
    }

    /// A record that this version cannot read must not keep the others back.
    async fn bury_unreadable(&self, read: &JobsRead) -> Result<(), RelayError> {
        for it in &read.unreadable {
            tracing::error!(job = %it.id, error = %it.error, "a recorded job that cannot be read is dead");
            let (scope, now) = (self.records.store.tenant(it.tenant), self.records.clock.now());
            let error = it.error.to_string();
            scope.mark_job_settled(it.id, RecordedState::Dead, Some(&error), now).await?;
            count("buried", 1);
        }
        Ok(())
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
        let error = error.to_string();
        if self.end(job, RecordedState::Dead, Some(&error)).await? {
            count("buried", 1);
        }
        Ok(())
    }

    async fn hand_on(&self, jobs: &[RecordedJob]) -> Result<(), RelayError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let tasks = jobs.iter().map(task).collect::<Result<Vec<_>, _>>()?;
        let mut ids: Vec<JobId> = jobs.iter().map(|job| job.envelope.id).collect();
        let enqueued = self.engine.enqueue(tasks).await?.into_iter();
        let there: Vec<JobId> = enqueued
            .filter_map(|it| if let Enqueued::Duplicate(id) = it { Some(id) } else { None })
            .collect();
        if !there.is_empty() {
            for (id, state) in there.iter().zip(self.engine.states(there.clone()).await?) {
                if !self.bring_back(*id, state).await? {
                    ids.retain(|it| it != id);
                }
            }
        }
        // A crash in between hands them on once more, which changes nothing.
        let now = self.records.clock.now();
        self.records.store.system().mark_jobs_relayed(&ids, now).await?;
        count("relayed", ids.len());
        Ok(())
    }

    /// The queue may remember a job as dead that somebody has brought back. Says whether it has it to do by now.
    ///
    /// One that still runs is looked at again: its end may be that of the attempt before it was brought back.
    async fn bring_back(&self, id: JobId, state: Option<State>) -> Result<bool, RelayError> {
        match state {
            Some(State::Dead | State::Cancelled) => {
                self.engine.retry(id).await?;
                Ok(true)
            }
            Some(State::Running) => Ok(false),
            Some(State::Scheduled | State::Ready | State::Completed) | None => Ok(true),
        }
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
        let read = system.list_jobs_relayed(after, TOGETHER_MAX).await?;
        let Some(last) = read.last() else { return Ok(None) };
        self.bury_unreadable(&read).await?;
        let jobs = read.jobs;
        let ids: Vec<JobId> = jobs.iter().map(|job| job.envelope.id).collect();
        let (mut lost, mut ended) = (Vec::new(), Vec::new());
        for (job, state) in jobs.into_iter().zip(self.engine.states(ids).await?) {
            match state {
                None => lost.push(job),
                Some(state) if state.is_end() => ended.push(job),
                Some(_) => {}
            }
        }
        found.enqueued_again += lost.len();
        count("lost_by_queue", lost.len());
        self.hand_on_or_bury(&lost).await?;
        for job in ended {
            if self.settle_if_ended(&job).await? {
                found.settled += 1;
                count("ended_by_queue", 1);
            }
        }
        Ok(Some(last))
    }

    /// A job that the queue ended without its worker, as one that took its workers along, is settled here.
    async fn settle_if_ended(&self, job: &RecordedJob) -> Result<bool, RelayError> {
        let Some(found) = self.engine.find(job.envelope.id).await? else { return Ok(false) };
        let to = match found.state {
            State::Dead => RecordedState::Dead,
            State::Cancelled => RecordedState::Cancelled,
            State::Completed => RecordedState::Completed,
            State::Scheduled | State::Ready | State::Running => return Ok(false),
        };
        self.end(job, to, found.error.as_deref()).await
    }

    /// One whose end cannot be written down must not keep the others back; it is looked at again.
    async fn end(
        &self,
        job: &RecordedJob,
        to: RecordedState,
        error: Option<&str>,
    ) -> Result<bool, RelayError> {
        match self.records.end(&job.envelope, to, error).await {
            Ok(_) => Ok(true),
            Err(RecordsError::Store(error @ StoreError::Unavailable(_))) => Err(error.into()),
            Err(error) => {
                tracing::warn!(job = %job.envelope.id, %error, "a job's end cannot be written down for now");
                Ok(false)
            }
        }
    }
}

/// What becomes of recorded jobs between outbox and queue, as it is counted.
const OUTCOMES: [&str; 4] = ["relayed", "buried", "lost_by_queue", "ended_by_queue"];

fn count(outcome: &'static str, jobs: usize) {
    let jobs = u64::try_from(jobs).unwrap_or(u64::MAX);
    metrics::counter!(names::JOBS_RELAYED, "outcome" => outcome).increment(jobs);
}

/// Something that is done every so often.
struct Every(Duration, Option<Instant>);

impl Every {
    fn is_due(&self) -> bool {
        self.1.is_none_or(|at| self.0 <= at.elapsed())
    }

    /// Counts from now, if it was due.
    fn done(&mut self) {
        if self.is_due() {
            self.1 = Some(Instant::now());
        }
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
        // One that was to run at once runs at once, also by a clock that was set back since.
        run_at: (envelope.enqueued_at < job.run_at).then_some(job.run_at),
        // Uniqueness of recorded jobs is the database's, answered when they were recorded.
        unique: None,
        body,
    })
}
