//! The records' word on many jobs at a time: what is asked and told while one statement is on its way goes together in
//! the next.
//!
//! What lives here: the gathering.
//! What does not: what the words mean for a job (`adapter`), and ends that have something to put right (`records`).

use std::{sync::Arc, time::Duration};

use jobs::{Envelope, JobId, TenantId, Timestamp};
use queue::Verdict;
use store::{
    StoreError, Transition,
    recorded::{RecordedEnd, RecordedState},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use super::records::{Records, RecordsError};

/// How long a statement may take.
const ASK_TIMEOUT: Duration = Duration::from_secs(10);
/// Jobs of one statement.
const TOGETHER_MAX: usize = 256;

/// Somebody who wants to know something of a job.
struct Asked<T> {
    tenant: TenantId,
    id: JobId,
    answer: oneshot::Sender<Result<T, RecordsError>>,
}

/// Who asks; how many there are is bounded by the jobs that run.
type Line<T> = mpsc::UnboundedSender<Asked<T>>;

/// What a record says of a job.
#[derive(Debug)]
pub(super) enum Word {
    /// How it has ended already.
    Ended(Verdict),
    /// It is to be done, not before then.
    Open { run_at: Timestamp },
}

/// Asks and tells the records, many at a time.
#[derive(Clone)]
pub(super) struct Ledger {
    records: Records,
    ends: Line<Option<RecordedEnd>>,
    completed: Line<Transition>,
    /// What asks the database; ends with the last of the ledger.
    _tasks: Arc<JoinSet<()>>,
}

impl Ledger {
    pub fn open(records: Records) -> Self {
        let (ends, asked) = mpsc::unbounded_channel();
        let (completed, told) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(answer(asked, records.clone(), find_ends));
        tasks.spawn(answer(told, records.clone(), mark_completed));
        Self { records, ends, completed, _tasks: Arc::new(tasks) }
    }

    /// The time by which records are written.
    pub fn now(&self) -> Timestamp {
        self.records.clock.now()
    }

    /// See [`Records::ring`].
    pub fn ring(&self) {
        self.records.ring();
    }

    /// How a job has ended already, if it has: its record says so, or is gone.
    pub async fn ended(&self, tenant: TenantId, id: JobId) -> Result<Word, RecordsError> {
        let Some(end) = ask(&self.ends, tenant, id).await? else {
            return Ok(Word::Ended(Verdict::Completed));
        };
        Ok(Word::Ended(match end.state {
            RecordedState::Waiting | RecordedState::Relayed => {
                return Ok(Word::Open { run_at: end.run_at });
            }
            RecordedState::Completed => Verdict::Completed,
            RecordedState::Cancelled => Verdict::Cancelled,
            RecordedState::Dead => {
                let error = end.error.unwrap_or_else(|| "its record is dead".to_owned());
                Verdict::Dead { error }
            }
        }))
    }

    /// Writes down what an attempt came to, if that is an end. Its handler may have done so already, with what it
    /// changed.
    pub async fn settle(
        &self,
        envelope: &Envelope,
        verdict: &Verdict,
    ) -> Result<Transition, RecordsError> {
        match (verdict, envelope.tenant) {
            (Verdict::Completed, Some(tenant)) => ask(&self.completed, tenant, envelope.id).await,
            (Verdict::Completed, None) => Ok(Transition::Lost),
            (Verdict::Dead { error }, _) => {
                self.records.end(envelope, RecordedState::Dead, Some(error)).await
            }
            // Whoever called it off has written that down; one that is open again was brought back meanwhile.
            (
                Verdict::Cancelled
                | Verdict::Retry { .. }
                | Verdict::Snooze { .. }
                | Verdict::Released,
                _,
            ) => Ok(Transition::AlreadyThere),
        }
    }
}

async fn ask<T>(line: &Line<T>, tenant: TenantId, id: JobId) -> Result<T, RecordsError> {
    let (answer, answered) = oneshot::channel();
    line.send(Asked { tenant, id, answer }).map_err(|_| RecordsError::Stopping)?;
    answered.await.map_err(|_| RecordsError::Stopping)?
}

/// Answers until nobody can ask any more, as many together as there are.
async fn answer<T>(
    mut asked: mpsc::UnboundedReceiver<Asked<T>>,
    records: Records,
    find: impl AsyncFn(&Records, &[(TenantId, JobId)]) -> Result<Vec<T>, StoreError>,
) {
    let mut together = Vec::with_capacity(TOGETHER_MAX);
    while 0 < asked.recv_many(&mut together, TOGETHER_MAX).await {
        let these: Vec<(TenantId, JobId)> = together.iter().map(|it| (it.tenant, it.id)).collect();
        match in_time(find(&records, &these)).await {
            // Whoever has gone meanwhile needs no answer.
            Ok(found) => {
                for (it, found) in together.drain(..).zip(found) {
                    let _gone = it.answer.send(Ok(found));
                }
            }
            Err(
                error @ (RecordsError::Unavailable(_)
                | RecordsError::Store(StoreError::Unavailable(_))),
            ) => {
                for it in together.drain(..) {
                    let _gone = it.answer.send(Err(RecordsError::Unavailable(error.to_string())));
                }
            }
            // One that cannot be read or written must not keep the others back.
            Err(_) => {
                for it in together.drain(..) {
                    let alone = in_time(find(&records, &[(it.tenant, it.id)])).await;
                    let alone = alone.map(|found| found.into_iter().next());
                    let _gone = it.answer.send(match alone {
                        Ok(Some(found)) => Ok(found),
                        Ok(None) => Err(RecordsError::Stopping),
                        Err(error) => Err(error),
                    });
                }
            }
        }
    }
}

/// A statement that waits for somebody else's lock, or on a dead line, must not hold up every job of the process.
async fn in_time<T>(
    asking: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, RecordsError> {
    match tokio::time::timeout(ASK_TIMEOUT, asking).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(RecordsError::Unavailable("the database does not answer in time".to_owned())),
    }
}

async fn find_ends(
    records: &Records,
    jobs: &[(TenantId, JobId)],
) -> Result<Vec<Option<RecordedEnd>>, StoreError> {
    let ends = records.store.system().list_job_ends(jobs).await?;
    Ok(jobs.iter().map(|(_, id)| ends.get(id).cloned()).collect())
}

async fn mark_completed(
    records: &Records,
    jobs: &[(TenantId, JobId)],
) -> Result<Vec<Transition>, StoreError> {
    records.store.system().mark_jobs_completed(jobs, records.clock.now()).await
}
