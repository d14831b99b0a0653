//! Whether a desk gets on, and with what: for whoever watches the process.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use jobs::{JobId, Queue, TenantId};

use super::Shared;

/// Where a process's desk can be looked at, while it has one.
#[derive(Clone, Default)]
pub struct Pulse(Arc<Mutex<Weak<Shared>>>);

impl std::fmt::Debug for Pulse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pulse").field(&self.standing()).finish()
    }
}

/// How a desk stands at this moment.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The queues that it serves.
    pub queues: Vec<QueueStanding>,
    /// The jobs that it has in hand.
    pub jobs: Vec<JobStanding>,
    /// For how long answers have been refused by the engine, if they are.
    pub unsettled_for: Option<Duration>,
    /// Handlers that could not be stopped and hold a thread each.
    pub left_behind: usize,
}

/// How a desk stands with a queue.
#[derive(Clone, Debug)]
pub struct QueueStanding {
    /// Which.
    pub queue: Queue,
    /// Jobs that may be in hand at once.
    pub slots: usize,
    /// Jobs in hand.
    pub in_hand: usize,
    /// Those of them whose time is over, and whose end cannot be written down.
    pub overdue: usize,
    /// For how long the engine has not answered whether there is work.
    pub unanswered_for: Duration,
}

/// A job in hand.
#[derive(Clone, Debug)]
pub struct JobStanding {
    /// Which.
    pub id: JobId,
    /// What kind it is.
    pub name: String,
    /// Whose it is.
    pub tenant: Option<TenantId>,
    /// Where it waited.
    pub queue: Queue,
    /// How long it has been in hand.
    pub held_for: Duration,
}

impl Pulse {
    /// How the desk stands; none while the process has none.
    pub fn standing(&self) -> Option<Standing> {
        let shared = self.0.lock().unwrap_or_else(PoisonError::into_inner).upgrade()?;
        Some(shared.standing())
    }

    pub(super) fn of(&self, shared: &Arc<Shared>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(shared);
    }
}

impl Shared {
    fn standing(&self) -> Standing {
        let now = Instant::now();
        let table = self.table();
        let is_overdue = |until: Option<Instant>| until.is_some_and(|until| until <= now);
        let queues = table.shelves.iter().map(|(queue, shelf)| QueueStanding {
            queue: *queue,
            slots: shelf.slots,
            in_hand: shelf.in_hand,
            overdue: (table.in_hand.values())
                .filter(|it| it.queue == *queue && is_overdue(it.until))
                .count(),
            unanswered_for: now.saturating_duration_since(shelf.answered_at),
        });
        let jobs = table.in_hand.iter().map(|(lease, it)| JobStanding {
            id: lease.id,
            name: it.name.clone(),
            tenant: it.tenant,
            queue: it.queue,
            held_for: now.saturating_duration_since(it.since),
        });
        let (mut queues, mut jobs): (Vec<_>, Vec<_>) = (queues.collect(), jobs.collect());
        let unsettled_for = table.unsettled_since.map(|at| now.saturating_duration_since(at));
        let left_behind = table.left_behind.iter().filter(|it| 0 < it.strong_count()).count();
        drop(table);
        queues.sort_unstable_by_key(|it| it.queue);
        jobs.sort_unstable_by_key(|it| it.id);
        Standing { queues, jobs, unsettled_for, left_behind }
    }
}
