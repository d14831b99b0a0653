//! What no engine takes, and what all of them do with it.

use std::time::Duration;

use jobs::AHEAD_DAYS_MAX;

use crate::{BATCH_MAX, NewTask, QueueError, QueueResult};

/// Shortest lease: less than a busy machine may keep a heartbeat waiting.
const LEASE_MIN: Duration = Duration::from_secs(1);
/// Longest body: a payload with its envelope.
const BODY_BYTES_MAX: usize = 80 * 1024;
/// Longest name of a job, of a worker.
const NAME_BYTES_MAX: usize = 255;

/// Longest lease that is given, and that one found at the start may still have.
pub(crate) const LEASE_MAX: Duration = Duration::from_secs(5 * 60);
/// How long a worker has at least to become idle before another one may.
pub(crate) const RESERVED_FOR: Duration = Duration::from_secs(15);
/// Characters of an error that are kept.
const ERROR_CHARS_MAX: usize = 2_000;

/// Refuses more than one call takes.
pub(crate) fn check_batch(field: &'static str, length: usize) -> QueueResult<()> {
    if BATCH_MAX < length {
        let problem = format!("{length} in one call; give at most {BATCH_MAX}");
        return Err(QueueError::invalid(field, problem));
    }
    Ok(())
}

pub(crate) fn check_task(task: &NewTask, now: i64) -> QueueResult<()> {
    check_text("name", &task.name)?;
    if BODY_BYTES_MAX < task.body.len() {
        let problem = format!("has {} bytes of at most {BODY_BYTES_MAX}", task.body.len());
        return Err(QueueError::invalid("body", problem));
    }
    match task.run_at {
        Some(at) => check_moment("run_at", at.timestamp_millis(), now),
        None => Ok(()),
    }
}

pub(crate) fn check_text(field: &'static str, text: &str) -> QueueResult<()> {
    if text.is_empty() || NAME_BYTES_MAX < text.len() {
        let problem = format!("has {} bytes; give 1 to {NAME_BYTES_MAX}", text.len());
        return Err(QueueError::invalid(field, problem));
    }
    Ok(())
}

/// A moment that is past means now; one in another era is a mistake in its unit.
pub(crate) fn check_moment(field: &'static str, at_ms: i64, now_ms: i64) -> QueueResult<()> {
    let ahead_ms = AHEAD_DAYS_MAX * 24 * 60 * 60 * 1_000;
    if at_ms < 0 || now_ms.saturating_add(ahead_ms) < at_ms {
        let problem = format!("is before 1970 or more than {AHEAD_DAYS_MAX} days ahead");
        return Err(QueueError::invalid(field, problem));
    }
    Ok(())
}

pub(crate) fn checked_lease(lease: Duration) -> QueueResult<i64> {
    if lease < LEASE_MIN || LEASE_MAX < lease {
        let problem = format!(
            "{} ms; give {} to {} s",
            lease.as_millis(),
            LEASE_MIN.as_secs(),
            LEASE_MAX.as_secs()
        );
        return Err(QueueError::invalid("lease", problem));
    }
    Ok(millis(lease))
}

pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn shortened(error: &str) -> String {
    error.chars().take(ERROR_CHARS_MAX).collect()
}
