//! A queue's figures, as they are counted for dashboards and alerts.

use jobs::{Queue, Timestamp, metrics as names};

use crate::{QueueStats, State};

/// Tells how a queue stands. Whichever process tells it, it is the same.
pub fn measure_queue(stats: &QueueStats, now: Timestamp) {
    let queue = stats.queue.as_str();
    for state in State::ALL {
        let count = stats.counts.get(&state).copied().unwrap_or(0);
        let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        metrics::gauge!(names::QUEUE_JOBS, "queue" => queue, "state" => state.as_str()).set(count);
    }
    let waited = stats.oldest_ready_at.map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
    metrics::gauge!(names::QUEUE_OLDEST_SECONDS, "queue" => queue).set(waited);
}

/// Tells how many recorded jobs wait to be handed to the queue, and since when the oldest of them does.
pub fn measure_outbox(jobs: u64, oldest_at: Option<Timestamp>, now: Timestamp) {
    let jobs = f64::from(u32::try_from(jobs).unwrap_or(u32::MAX));
    metrics::gauge!(names::OUTBOX_JOBS).set(jobs);
    let waited = oldest_at.map_or(0.0, |at| (now - at).as_seconds_f64().max(0.0));
    metrics::gauge!(names::OUTBOX_OLDEST_SECONDS).set(waited);
}

/// Begins at nothing what wakes somebody the first time it happens: a count that is not there yet cannot have risen.
pub(crate) fn begin_counting() {
    for queue in Queue::ALL {
        metrics::counter!(names::QUEUE_RESCUES, "queue" => queue.as_str()).increment(0);
        metrics::counter!(names::QUEUE_LEASES_LOST, "queue" => queue.as_str()).increment(0);
    }
}

/// Jobs were taken from workers that went away, by this process.
pub(crate) fn rescued(queue: Queue, jobs: usize) {
    let jobs = u64::try_from(jobs).unwrap_or(u64::MAX);
    metrics::counter!(names::QUEUE_RESCUES, "queue" => queue.as_str()).increment(jobs);
}

/// An answer of this process came after its lease was lost.
pub(crate) fn lease_lost(queue: Queue) {
    metrics::counter!(names::QUEUE_LEASES_LOST, "queue" => queue.as_str()).increment(1);
}
