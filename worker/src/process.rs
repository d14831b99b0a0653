//! What a process that works is, and whether it gets on: as its port tells it, and the list of workers.
//!
//! What lives here: the judgement of whether something moves, and the process' own line in the list.
//! What does not: the port (`health`), and what is in hand (`queue::desk`).

use std::{sync::Arc, time::Duration};

use jobs::{Clock, Timestamp};
use queue::desk::{Pulse, Standing};
use store::{
    Store,
    worker::{Doing, DoingJob, DoingQueue, SAY_EVERY, WorkerRow},
};
use tokio::sync::{oneshot, watch};

use crate::runtime::Stopping;

/// How long the engine may not answer before this process counts as standing still: twice what it takes to give up a
/// call and connect again.
const STANDSTILL: Duration = Duration::from_secs(30);
/// How long the database has to say that it is there, or to take a line.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);
/// Jobs that are named.
const JOBS_NAMED_MAX: usize = 100;

/// A process that works.
#[derive(Clone)]
pub struct Process {
    /// What it has in hand.
    pub pulse: Pulse,
    /// Its database.
    pub store: Store,
    /// The machine's time.
    pub clock: Arc<dyn Clock>,
    /// Whether it is to end.
    pub stopping: watch::Receiver<Stopping>,
    /// Which process this is.
    pub instance: String,
    /// When it was started.
    pub started_at: Timestamp,
    /// Threads on which its handlers run.
    pub threads: usize,
}

impl Process {
    /// What it is, and what it is doing, as it can be said without asking anybody.
    pub fn row(&self) -> WorkerRow {
        let standing = self.pulse.standing();
        let problems = self.problems(standing.as_ref());
        let standing = standing.unwrap_or_default();
        let queues = standing.queues.iter().map(|it| DoingQueue {
            queue: it.queue,
            slots: it.slots,
            in_hand: it.in_hand,
            overdue: it.overdue,
        });
        let jobs = standing.jobs.iter().take(JOBS_NAMED_MAX).map(|it| DoingJob {
            id: it.id,
            name: it.name.clone(),
            tenant: it.tenant,
            queue: it.queue,
            held_for_seconds: it.held_for.as_secs_f64(),
        });
        WorkerRow {
            instance: self.instance.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.started_at,
            seen_at: self.clock.now(),
            doing: Doing {
                problems,
                queues: queues.collect(),
                jobs: jobs.collect(),
                left_behind: standing.left_behind,
            },
        }
    }

    /// Why nothing moves here, if nothing does or could.
    pub async fn judge(&self) -> Vec<String> {
        let mut problems = self.problems(self.pulse.standing().as_ref());
        match tokio::time::timeout(ASK_TIMEOUT, self.store.system().ping()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, "not ready: the database");
                problems.push("the database refuses, or cannot be reached".to_owned());
            }
            Err(_) => problems.push("the database does not answer in time".to_owned()),
        }
        problems
    }

    fn problems(&self, standing: Option<&Standing>) -> Vec<String> {
        let mut problems = Vec::new();
        if *self.stopping.borrow() != Stopping::No {
            problems.push("it is stopping".to_owned());
        }
        match standing {
            Some(standing) => problems.extend(standstill(standing, self.threads)),
            None => problems.push("nothing runs here: it waits for its lease".to_owned()),
        }
        problems
    }

    /// Says until it has ended that this process works, and on what, and then that it works no more. A database that is
    /// away is told later, or not at all: then the line is forgotten by itself.
    pub async fn be_listed(&self, mut ended: oneshot::Receiver<()>) {
        loop {
            let row = self.row();
            let system = self.store.system();
            match tokio::time::timeout(ASK_TIMEOUT, system.upsert_worker(&row)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the list of workers was not told"),
                Err(_) => tracing::warn!("the list of workers was not told in time"),
            }
            tokio::select! {
                // Also if whoever tells is gone.
                _ = &mut ended => break,
                () = tokio::time::sleep(SAY_EVERY) => {}
            }
        }
        let system = self.store.system();
        match tokio::time::timeout(ASK_TIMEOUT, system.delete_worker(&self.instance)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the list of workers was not told"),
            Err(_) => tracing::warn!("the list of workers was not told in time"),
        }
    }
}

/// Why nothing moves, if nothing does.
fn standstill(standing: &Standing, threads: usize) -> Vec<String> {
    let mut reasons = Vec::new();
    for it in &standing.queues {
        let queue = it.queue;
        if STANDSTILL < it.unanswered_for {
            let seconds = it.unanswered_for.as_secs();
            reasons.push(format!("the queue {queue} has not answered for {seconds} s"));
        }
        if 0 < it.slots && it.slots <= it.overdue {
            reasons.push(format!("nothing of what became of jobs of {queue} can be written down"));
        }
    }
    if 0 < threads && threads <= standing.left_behind {
        reasons.push("every thread is held by a handler that does not stop".to_owned());
    }
    if let Some(time) = standing.unsettled_for.filter(|time| STANDSTILL < *time) {
        let seconds = time.as_secs();
        reasons.push(format!("what became of jobs has been refused for {seconds} s"));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use jobs::Queue;
    use queue::desk::QueueStanding;

    use super::*;

    fn agent(change: impl FnOnce(&mut QueueStanding)) -> Standing {
        let mut queue = QueueStanding {
            queue: Queue::Agent,
            slots: 2,
            in_hand: 2,
            overdue: 1,
            unanswered_for: Duration::from_secs(5),
        };
        change(&mut queue);
        Standing { queues: vec![queue], ..Standing::default() }
    }

    #[test]
    fn a_process_stands_still_when_nothing_can_move() {
        let none: Vec<String> = Vec::new();
        assert_eq!(standstill(&Standing::default(), 2), none);
        assert_eq!(standstill(&agent(|_| {}), 2), none, "one place is left");
        let full = standstill(&agent(|it| it.overdue = 2), 2);
        assert_eq!(full, ["nothing of what became of jobs of agent can be written down"]);
        let silent = standstill(&agent(|it| it.unanswered_for = Duration::from_secs(31)), 2);
        assert_eq!(silent, ["the queue agent has not answered for 31 s"]);
        let refused = Standing { unsettled_for: Some(Duration::from_secs(40)), ..agent(|_| {}) };
        assert_eq!(standstill(&refused, 2), ["what became of jobs has been refused for 40 s"]);
        let held = Standing { left_behind: 2, ..agent(|_| {}) };
        assert_eq!(standstill(&held, 3), none, "one thread is left");
        assert_eq!(standstill(&held, 2), ["every thread is held by a handler that does not stop"]);
    }
}
