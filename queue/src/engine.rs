//! The engine's contract, which every engine keeps to the letter.

use std::time::Duration;

use async_trait::async_trait;
use jobs::{JobId, Queue, TenantId, Timestamp};

use crate::{
    Beat, CancelOutcome, Claim, Claimed, Enqueued, Filter, Found, Lease, LineLimits, ListPage,
    NewTask, Pause, QueueResult, QueueStats, Replayed, Settled, Settlement, State, TenantLoad,
    Tended,
};

/// Keeps jobs and hands them out.
///
/// A call is done as a whole or not at all; one for jobs of several queues, in an engine that keeps queues apart, queue
/// by queue. What it takes is limited to [`crate::BATCH_MAX`] tasks.
#[async_trait]
pub trait Engine: Send + Sync {
    /// Keeps jobs; answers in order.
    async fn enqueue(&self, tasks: Vec<NewTask>) -> QueueResult<Vec<Enqueued>>;

    /// Hands out jobs that are ready: each under a lease, its attempt counted.
    async fn claim(&self, claim: Claim<'_>) -> QueueResult<Claimed>;

    /// Takes what became of jobs; answers in order. A stale token changes nothing.
    async fn settle(&self, settlements: Vec<Settlement>) -> QueueResult<Vec<Settled>>;

    /// Makes leases last for `lease` from now; answers in order. Errors if nobody answered for any of them.
    async fn extend(&self, leases: Vec<Lease>, lease: Duration) -> QueueResult<Vec<Beat>>;

    /// The same for a thread that no future can keep waiting.
    fn heart(&self) -> QueueResult<Box<dyn Heart>>;

    /// Readies what is due, takes back what was lost, forgets what is old: a bounded share of each.
    async fn tend(&self) -> QueueResult<Tended>;

    /// Calls a job off.
    async fn cancel(&self, id: JobId) -> QueueResult<CancelOutcome>;

    /// Readies a job that waits for its time, or brings back one that is dead or was called off.
    async fn retry(&self, id: JobId) -> QueueResult<Replayed>;

    /// Brings dead jobs back, oldest first, at most `max`; says how many.
    async fn replay(&self, filter: Filter, max: usize) -> QueueResult<usize>;

    /// Forgets dead jobs, oldest first, at most `max`; says how many.
    async fn purge(&self, filter: Filter, max: usize) -> QueueResult<usize>;

    /// What is not to run; replaces what was given before.
    async fn set_pauses(&self, pauses: Vec<Pause>) -> QueueResult<()>;

    /// How a tenant's line in a queue is served; none gives it the usual limits.
    async fn set_limits(
        &self,
        queue: Queue,
        tenant: Option<TenantId>,
        limits: Option<LineLimits>,
    ) -> QueueResult<()>;

    /// Hands out nothing of a tenant's line until then: its provider asked for silence.
    async fn park(
        &self,
        queue: Queue,
        tenant: Option<TenantId>,
        until: Timestamp,
    ) -> QueueResult<()>;

    /// A job, if it is known.
    async fn find(&self, id: JobId) -> QueueResult<Option<Found>>;

    /// Where these are, as far as they are known; answers in order.
    async fn states(&self, ids: Vec<JobId>) -> QueueResult<Vec<Option<State>>>;

    /// Which of these are known, in whatever state.
    async fn known(&self, ids: Vec<JobId>) -> QueueResult<Vec<JobId>> {
        let states = self.states(ids.clone()).await?;
        Ok(ids.into_iter().zip(states).filter_map(|(id, state)| state.map(|_| id)).collect())
    }

    /// Jobs in a state, oldest first, after a certain one.
    async fn list(
        &self,
        filter: Filter,
        state: State,
        after: Option<JobId>,
        max: usize,
    ) -> QueueResult<ListPage>;

    /// A queue in figures, however many jobs there are.
    async fn stats(&self, queue: Queue) -> QueueResult<QueueStats>;

    /// The tenants with the most jobs in a queue, most first.
    async fn top(&self, queue: Queue, max: usize) -> QueueResult<Vec<TenantLoad>>;

    /// How much of a queue is one tenant's.
    async fn load(&self, queue: Queue, tenant: Option<TenantId>) -> QueueResult<TenantLoad>;

    /// Waits until a queue may have something to hand out that it had not before.
    ///
    /// What happened since the last wait counts: ask for work, then wait, and nothing is missed.
    async fn ready(&self, queue: Queue);
}

/// Extends leases from a thread of its own.
pub trait Heart: Send {
    /// Makes leases last for `lease` from now; answers in order.
    fn beat(&mut self, leases: &[Lease], lease: Duration) -> QueueResult<Vec<Beat>>;
}
