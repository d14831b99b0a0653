//! A job as it is shown: by its record, and while the queue has it, by the queue.

use jobs::{Envelope, Queue};
use queue::Found;
use schemars::JsonSchema;
use serde::Serialize;
use store::recorded::{RecordedJob, RecordedState};
use uuid::Uuid;

use crate::wire::{Moment, Word};

/// A job.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "JobStatus")]
pub struct View {
    /// Its id.
    id: Uuid,
    /// What kind it is.
    name: String,
    /// Where it waits or waited.
    queue: Word<Queue>,
    /// Where it is: waiting, relayed, scheduled, ready, running, completed, dead or cancelled.
    state: String,
    /// Whether it has a row in the database; if not, it lives in the queue alone.
    is_recorded: bool,
    /// What it was given; ids and intent.
    payload: Option<serde_json::Value>,
    /// When it was enqueued.
    enqueued_at: Moment,
    /// Not before then.
    run_at: Option<Moment>,
    /// When it ended.
    settled_at: Option<Moment>,
    /// Attempts that were made or begun, as far as the queue remembers.
    attempt: Option<u32>,
    /// What went wrong last.
    error: Option<String>,
}

/// A job by its record, and what the queue says of it.
pub fn recorded(job: &RecordedJob, found: Option<&Found>) -> View {
    let state = match (job.state, found) {
        (RecordedState::Relayed, Some(found)) => found.state.to_string(),
        (state, _) => state.to_string(),
    };
    let envelope = &job.envelope;
    View {
        id: envelope.id.uuid(),
        name: envelope.name.clone(),
        queue: Word::of(job.queue),
        state,
        is_recorded: true,
        payload: serde_json::from_str(envelope.payload.get()).ok(),
        enqueued_at: Moment(envelope.enqueued_at),
        run_at: Some(Moment(job.run_at)),
        settled_at: job.settled_at.map(Moment),
        attempt: found.map(|it| it.attempt),
        error: job.error.clone().or_else(|| found.and_then(|it| it.error.clone())),
    }
}

/// A job that lives in the queue alone.
pub fn volatile(found: &Found) -> View {
    let envelope = Envelope::from_bytes(&found.body).ok();
    let payload = envelope.and_then(|it| serde_json::from_str(it.payload.get()).ok());
    View {
        id: found.id.uuid(),
        name: found.name.clone(),
        queue: Word::of(found.queue),
        state: found.state.to_string(),
        is_recorded: false,
        payload,
        enqueued_at: Moment(found.enqueued_at),
        run_at: found.at.filter(|_| !found.state.is_end()).map(Moment),
        settled_at: found.at.filter(|_| found.state.is_end()).map(Moment),
        attempt: Some(found.attempt),
        error: found.error.clone(),
    }
}
