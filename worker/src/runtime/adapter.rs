//! The one place where a job of the framework becomes a call of a handler, and its end a verdict.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jobs::{Envelope, Jitter, Limits, Timestamp, metrics as names};
use queue::{
    Leased, Verdict,
    desk::{GRACE, OnHand, Stop},
};
use store::Transition;
use tokio::{
    sync::{oneshot, watch},
    task::JoinSet,
};
use tracing::Instrument;

use super::{
    conclude,
    handler::{JobContext, JobError, JobResult},
    ledger::{Ledger, Word},
    records::RecordsError,
    registry::Registry,
};

/// Runs a job to its end, whatever that is.
pub(super) async fn run<A: Send + Sync + 'static>(
    registry: &Registry<A>,
    app: Arc<A>,
    ledger: Option<&Ledger>,
    job: OnHand,
) -> Verdict {
    let task = job.task();
    let span = tracing::info_span!(
        "job",
        job = %task.name,
        id = %task.lease.id,
        attempt = task.attempt,
        tenant = task.tenant.map(tracing::field::display),
    );
    let verdict = recorded(registry, app, ledger, &job).instrument(span.clone()).await;
    span.in_scope(|| tell(&verdict));
    verdict
}

/// An attempt, and before and after it the word of the job's record, if it has one.
///
/// The record is written before the queue may forget the job: what is lost in between is only a repeat.
async fn recorded<A: Send + Sync + 'static>(
    registry: &Registry<A>,
    app: Arc<A>,
    ledger: Option<&Ledger>,
    job: &OnHand,
) -> Verdict {
    let task = job.task();
    let envelope = match Envelope::from_bytes(&task.body) {
        Ok(envelope) => envelope,
        Err(error) => return Verdict::Dead { error: error.to_string() },
    };
    let Some(tenant) = envelope.tenant.filter(|_| envelope.is_recorded) else {
        return attempt(registry, app, &envelope, job).await;
    };
    let Some(ledger) = ledger else {
        let error = "it is recorded, and this process has no database".to_owned();
        return Verdict::Dead { error };
    };
    let mut stop = job.stopped();
    let word = tokio::select! {
        word = ledger.ended(tenant, task.lease.id) => word,
        stop = told(&mut stop) => return stopped(stop),
    };
    match word {
        Ok(Word::Ended(verdict)) => return verdict,
        Ok(Word::Open { run_at }) => {
            let since = run_at.max(envelope.enqueued_at);
            count_wait(registry, task, since, ledger.now());
        }
        Err(error) => return later(&error),
    }
    let verdict = attempt(registry, app, &envelope, job).await;
    ledger.ring();
    settle(ledger, &envelope, verdict).await
}

/// Tells the record what an attempt came to; what the record says by then is what the queue is told.
async fn settle(ledger: &Ledger, envelope: &Envelope, verdict: Verdict) -> Verdict {
    let mut waits = SETTLE_AGAIN.iter();
    loop {
        match (ledger.settle(envelope, &verdict).await, waits.next()) {
            (Ok(Transition::Lost), _) => return records_word(ledger, envelope, verdict).await,
            (Ok(Transition::Moved | Transition::AlreadyThere), _) => return verdict,
            (Err(error), Some(wait)) if error.is_passing() => tokio::time::sleep(*wait).await,
            (Err(error), _) => return later(&error),
        }
    }
}

/// Somebody has settled the job otherwise: a person has called it off, perhaps, while it came to a good end.
async fn records_word(ledger: &Ledger, envelope: &Envelope, verdict: Verdict) -> Verdict {
    let Some(tenant) = envelope.tenant else { return verdict };
    match ledger.ended(tenant, envelope.id).await {
        Ok(Word::Ended(word)) => word,
        Ok(Word::Open { .. }) => verdict,
        Err(error) => later(&error),
    }
}

/// A moment's trouble with the record must not have the job done once more: it is told again after these waits.
const SETTLE_AGAIN: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1_500)];

/// How long a job waits whose record cannot be reached.
const RECORD_AGAIN: Duration = Duration::from_secs(5);

/// The record cannot be reached: the job comes again, which costs it no attempt. One that cannot be read never can.
fn later(error: &RecordsError) -> Verdict {
    if !error.is_passing() {
        return Verdict::Dead { error: error.to_string() };
    }
    tracing::warn!(%error, "the job's record cannot be reached; it comes again");
    Verdict::Snooze { after: RECORD_AGAIN }
}

async fn attempt<A: Send + Sync + 'static>(
    registry: &Registry<A>,
    app: Arc<A>,
    envelope: &Envelope,
    job: &OnHand,
) -> Verdict {
    let began = Instant::now();
    let verdict = attempted(registry, app, envelope, job).await;
    count(registry, job.task(), &verdict, began.elapsed());
    verdict
}

async fn attempted<A: Send + Sync + 'static>(
    registry: &Registry<A>,
    app: Arc<A>,
    envelope: &Envelope,
    job: &OnHand,
) -> Verdict {
    let task = job.task();
    let Some(entry) = registry.find(&task.name) else {
        let error = "no handler here knows this kind of job: it is retired, or newer";
        return Verdict::Dead { error: format!("{error} (`{}`)", task.name) };
    };
    let stop = job.stopped();
    let context = JobContext {
        app,
        id: task.lease.id,
        attempt: task.attempt,
        tenant: task.tenant,
        stop: stop.clone(),
    };
    job.begin(entry.limits.timeout);
    tracing::debug!("job begins");
    let running = match entry.open(envelope, context) {
        Ok(running) => running,
        Err(error) => return Verdict::Dead { error: error.to_string() },
    };
    let ended = watch_over(running, job, entry.limits.timeout, stop).await;
    match ended {
        End::Itself(result) => judge(result, task, &entry.limits),
        End::Stopped(stop) => stopped(stop),
    }
}

/// What becomes of a job that was told to stop.
fn stopped(stop: Stop) -> Verdict {
    match stop {
        Stop::Cancelled => Verdict::Cancelled,
        Stop::LeaseLost | Stop::Draining => Verdict::Released,
    }
}

fn judge(result: JobResult, task: &Leased, limits: &Limits) -> Verdict {
    let jitter = Jitter::of(task.lease.id, task.attempt);
    conclude(result, task.attempt, task.snoozes, limits, jitter)
}

/// How a handler came to its end.
enum End {
    /// By itself, or by its time limit.
    Itself(JobResult),
    /// It was told to stop.
    Stopped(Stop),
}

/// Runs a handler as a task of its own, so that one that panics or never ends takes nobody along.
///
/// Its time counts from when it has a thread: what its neighbours hold up is not its fault.
/// Until then the limit that was set at the claim stands, so that it does not wait for ever.
async fn watch_over(
    running: impl Future<Output = JobResult> + Send + 'static,
    job: &OnHand,
    timeout: Duration,
    mut stop: watch::Receiver<Option<Stop>>,
) -> End {
    let mut task = JoinSet::new();
    let (begins, begun) = oneshot::channel();
    let alive = Arc::new(());
    let with_it = Arc::clone(&alive);
    let running = async move {
        let _alive = with_it;
        // Nobody listens when the job was given up meanwhile; then it is aborted as well.
        let _ = begins.send(());
        running.await
    };
    task.spawn(running.in_current_span());
    let limit = async {
        if begun.await.is_ok() {
            job.begin(timeout);
        }
        tokio::time::sleep(timeout).await;
    };
    let told = tokio::select! {
        // What has ended has ended, however late somebody looks.
        biased;
        ended = task.join_next() => return End::Itself(result_of(ended)),
        stop = told(&mut stop) => Some(stop),
        () = limit => None,
    };
    if told == Some(Stop::Cancelled) {
        // It may come to a good end by itself.
        if let Ok(Some(Ok(result))) = tokio::time::timeout(GRACE / 2, task.join_next()).await {
            return match result {
                Ok(_) => End::Itself(result),
                Err(_) => End::Stopped(Stop::Cancelled),
            };
        }
    }
    task.abort_all();
    let ended = tokio::time::timeout(GRACE / 2, task.join_next()).await;
    if ended.is_err() {
        // It holds a thread and cannot be taken off it. Its lease is extended no more.
        tracing::error!("the job ignores that it is to stop, and blocks a thread");
        job.leave_behind(Arc::downgrade(&alive));
        task.detach_all();
    }
    match (told, ended) {
        // It came to its end just before it was ended: to run it again would do its work twice.
        (None, Ok(Some(Ok(result)))) => End::Itself(result),
        (Some(stop), _) => End::Stopped(stop),
        (None, _) => {
            let error = format!("it took longer than {} s", timeout.as_secs_f64());
            End::Itself(Err(JobError::retry(error)))
        }
    }
}

async fn told(stop: &mut watch::Receiver<Option<Stop>>) -> Stop {
    match stop.wait_for(Option::is_some).await {
        Ok(told) => (*told).unwrap_or(Stop::Draining),
        // The desk has forgotten the job: nobody waits for it any more.
        Err(_) => Stop::LeaseLost,
    }
}

fn result_of(ended: Option<Result<JobResult, tokio::task::JoinError>>) -> JobResult {
    match ended {
        Some(Ok(result)) => result,
        // What it said stands in the log of the panic: it may hold anybody's text.
        Some(Err(error)) if error.is_panic() => Err(JobError::retry("its handler panicked")),
        Some(Err(_)) | None => Err(JobError::retry("its handler was taken down with the process")),
    }
}

/// The name under which attempts at jobs are counted that nobody here knows.
const UNKNOWN: &str = "unknown";

/// Begins at nothing what wakes somebody the first time it happens.
pub(super) fn begin_counting<A: Send + Sync + 'static>(registry: &Registry<A>) {
    for name in registry.names().into_iter().chain([UNKNOWN]) {
        for outcome in ["completed", "retried", "dead"] {
            metrics::counter!(names::JOB_ATTEMPTS, "name" => name, "outcome" => outcome)
                .increment(0);
        }
    }
}

/// Under a name that is known here: a payload from outside cannot make up others.
fn count<A: Send + Sync + 'static>(
    registry: &Registry<A>,
    task: &Leased,
    verdict: &Verdict,
    took: Duration,
) {
    let name = registry.known_name(&task.name).unwrap_or(UNKNOWN);
    let outcome = match verdict {
        Verdict::Completed => "completed",
        Verdict::Retry { .. } => "retried",
        Verdict::Snooze { .. } => "snoozed",
        Verdict::Dead { .. } => "dead",
        Verdict::Cancelled => "cancelled",
        Verdict::Released => "released",
    };
    metrics::counter!(names::JOB_ATTEMPTS, "name" => name, "outcome" => outcome).increment(1);
    metrics::histogram!(names::JOB_SECONDS, "name" => name).record(took);
}

/// How long a job waited for its first attempt; what it waits for after that is its own business.
fn count_wait<A: Send + Sync + 'static>(
    registry: &Registry<A>,
    task: &Leased,
    since: Timestamp,
    now: Timestamp,
) {
    let Some(entry) = registry.find(&task.name) else { return };
    if task.attempt == 1 && task.snoozes == 0 {
        let waited = (now - since).as_seconds_f64().max(0.0);
        metrics::histogram!(names::JOB_WAIT_SECONDS, "queue" => entry.queue.as_str())
            .record(waited);
    }
}

fn tell(verdict: &Verdict) {
    match verdict {
        Verdict::Completed => tracing::debug!("job completed"),
        Verdict::Retry { after, error } => {
            tracing::info!(error, after_ms = after.as_millis(), "job failed and is tried again");
        }
        Verdict::Snooze { after } => {
            tracing::debug!(after_ms = after.as_millis(), "job put itself off");
        }
        Verdict::Dead { error } => tracing::warn!(error, "job failed for good"),
        Verdict::Cancelled => tracing::info!("job cancelled"),
        Verdict::Released => tracing::info!("job given back"),
    }
}
