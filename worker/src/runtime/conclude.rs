//! How an attempt's end is judged: the whole policy of retries, without I/O.

use jobs::{Jitter, Limits};
use queue::Verdict;

use super::handler::{JobError, JobResult, Outcome};

/// What becomes of a job after an attempt.
///
/// `attempt` counts from 1, `snoozes` are those that came before.
pub fn conclude(
    result: JobResult,
    attempt: u32,
    snoozes: u32,
    limits: &Limits,
    jitter: Jitter,
) -> Verdict {
    match result {
        Ok(Outcome::Done | Outcome::Skipped(_)) => Verdict::Completed,
        // Snoozes are counted apart: a provider's rate limit must not use up the attempts that are kept for failures.
        Ok(Outcome::Snooze(_)) if limits.snoozes_max <= snoozes => {
            Verdict::Dead { error: format!("it put itself off {snoozes} times") }
        }
        Ok(Outcome::Snooze(after)) => Verdict::Snooze { after },
        Err(JobError::Bury { error }) => Verdict::Dead { error },
        Err(JobError::Retry { error, .. }) if limits.attempts_max <= attempt => {
            Verdict::Dead { error: format!("failed {attempt} times, at last: {error}") }
        }
        Err(JobError::Retry { error, after }) => {
            let after = after.unwrap_or_else(|| limits.backoff.wait(attempt, jitter));
            Verdict::Retry { after, error }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jobs::Backoff;

    use super::*;

    const LIMITS: Limits = Limits {
        attempts_max: 3,
        timeout: Duration::from_secs(1),
        backoff: Backoff::Exponential {
            base: Duration::from_secs(2),
            cap: Duration::from_secs(60),
        },
        snoozes_max: 2,
    };

    #[test]
    fn every_end_of_an_attempt_has_its_verdict() {
        let seconds = Duration::from_secs;
        let failed = || JobError::retry("no answer");
        let retry = |after| Verdict::Retry { after: seconds(after), error: "no answer".to_owned() };
        let dead = |error: &str| Verdict::Dead { error: error.to_owned() };
        let table = [
            (Ok(Outcome::Done), 1, 0, Verdict::Completed),
            (Ok(Outcome::Skipped("it is gone")), 1, 0, Verdict::Completed),
            (Ok(Outcome::Snooze(seconds(9))), 3, 1, Verdict::Snooze { after: seconds(9) }),
            (Ok(Outcome::Snooze(seconds(9))), 1, 2, dead("it put itself off 2 times")),
            (Err(failed()), 1, 0, retry(2)),
            (Err(failed()), 2, 5, retry(4)),
            (Err(failed()), 3, 0, dead("failed 3 times, at last: no answer")),
            (Err(failed()), 9, 0, dead("failed 9 times, at last: no answer")),
            (Err(JobError::retry_after("no answer", seconds(77))), 1, 0, retry(77)),
            (Err(JobError::bury("no such mailbox")), 1, 0, dead("no such mailbox")),
        ];
        for (result, attempt, snoozes, expected) in table {
            let told = format!("{result:?}, attempt {attempt}, after {snoozes} snoozes");
            assert_eq!(
                conclude(result, attempt, snoozes, &LIMITS, Jitter::MOST),
                expected,
                "{told}"
            );
        }
    }
}
