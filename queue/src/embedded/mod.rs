//! The embedded engine: a SQLite file of its own, owned by one process, and one thread that does everything.
//!
//! What lives here: the thread, how calls reach it, and how several of them share one transaction.
//! What does not: the operations (one file for each kind) and whose turn it is (`fair`).
//!
//! Calls that arrive while a transaction is written are done together in the next one, so that a hundred callers
//! cost little more than one. A call is answered when its transaction is written.

mod claim;
mod control;
mod core;
mod enqueue;
mod look;
mod reader;
mod schema;
mod settle;
mod tend;
mod thread;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use jobs::{JobId, Queue, TenantId, Timestamp};

pub use self::reader::Reader;
use self::{
    claim::OwnedClaim,
    core::{Core, Sql},
    thread::Hand,
};
use crate::{
    BATCH_MAX, Beat, CancelOutcome, Claim, Claimed, Engine, Enqueued, Filter, Found, Heart, Lease,
    LineLimits, ListPage, NewTask, Pause, QueueResult, QueueStats, Replayed, Retention, Settled,
    Settlement, State, TenantLoad, Tended, Time,
    check::{check_batch, check_moment, check_task, check_text, checked_lease},
};

/// How an embedded engine is opened.
pub struct Options {
    /// The file; made if it is missing.
    pub path: PathBuf,
    /// The times it lives by.
    pub time: Arc<dyn Time>,
    /// How long ended jobs are kept.
    pub retention: Retention,
    /// Whether it tends itself; a test that sets the clock tends it by hand.
    pub tends_itself: bool,
}

/// An open engine. Dropped, it finishes what was asked of it and closes the file.
pub struct Embedded {
    hand: Hand,
}

impl Embedded {
    /// Opens the file. Only one process at a time may: who that is, the runner's lease says.
    pub fn open(options: Options) -> QueueResult<Self> {
        let Options { path, time, retention, tends_itself } = options;
        let core = Core::open(&path, time, retention)?;
        Ok(Self { hand: Hand::start(core, path, tends_itself)? })
    }

    async fn call<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Core) -> Sql<T> + Send + 'static,
    ) -> QueueResult<T> {
        self.hand.call(work).await
    }
}

#[async_trait]
impl Engine for Embedded {
    async fn enqueue(&self, tasks: Vec<NewTask>) -> QueueResult<Vec<Enqueued>> {
        check_batch("tasks", tasks.len())?;
        let now = self.hand.wall_ms();
        tasks.iter().try_for_each(|task| check_task(task, now))?;
        self.call(move |core| core.enqueue(&tasks)).await
    }

    async fn claim(&self, claim: Claim<'_>) -> QueueResult<Claimed> {
        check_batch("max", claim.max)?;
        check_text("worker", claim.worker)?;
        let claim = OwnedClaim {
            queue: claim.queue,
            worker: claim.worker.to_owned(),
            max: claim.max,
            lease_ms: checked_lease(claim.lease)?,
            is_idle: claim.is_idle,
        };
        self.call(move |core| core.claim(&claim)).await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> QueueResult<Vec<Settled>> {
        check_batch("settlements", settlements.len())?;
        self.call(move |core| core.settle(&settlements)).await
    }

    async fn extend(&self, leases: Vec<Lease>, lease: Duration) -> QueueResult<Vec<Beat>> {
        check_batch("leases", leases.len())?;
        let lease_ms = checked_lease(lease)?;
        self.call(move |core| core.extend(&leases, lease_ms)).await
    }

    fn heart(&self) -> QueueResult<Box<dyn Heart>> {
        Ok(Box::new(self.hand.heart()))
    }

    async fn tend(&self) -> QueueResult<Tended> {
        self.call(Core::tend).await
    }

    async fn cancel(&self, id: JobId) -> QueueResult<CancelOutcome> {
        self.call(move |core| core.cancel(id)).await
    }

    async fn retry(&self, id: JobId) -> QueueResult<Replayed> {
        self.call(move |core| core.retry(id)).await
    }

    async fn replay(&self, filter: Filter, max: usize) -> QueueResult<usize> {
        check_batch("max", max)?;
        self.call(move |core| core.replay(&filter, max)).await
    }

    async fn purge(&self, filter: Filter, max: usize) -> QueueResult<usize> {
        check_batch("max", max)?;
        self.call(move |core| core.purge(&filter, max)).await
    }

    async fn set_pauses(&self, pauses: Vec<Pause>) -> QueueResult<()> {
        self.call(move |core| core.set_pauses(&pauses)).await
    }

    async fn set_limits(
        &self,
        queue: Queue,
        tenant: Option<TenantId>,
        limits: Option<LineLimits>,
    ) -> QueueResult<()> {
        limits.unwrap_or_default().check()?;
        self.call(move |core| core.set_limits(queue, tenant, limits)).await
    }

    async fn park(
        &self,
        queue: Queue,
        tenant: Option<TenantId>,
        until: Timestamp,
    ) -> QueueResult<()> {
        let until_ms = until.timestamp_millis();
        check_moment("until", until_ms, self.hand.wall_ms())?;
        self.call(move |core| core.park(queue, tenant, until_ms)).await
    }

    async fn find(&self, id: JobId) -> QueueResult<Option<Found>> {
        self.call(move |core| look::find(&core.db, id)).await
    }

    async fn states(&self, ids: Vec<JobId>) -> QueueResult<Vec<Option<State>>> {
        check_batch("ids", ids.len())?;
        self.call(move |core| look::states(&core.db, &ids)).await
    }

    async fn list(
        &self,
        filter: Filter,
        state: State,
        after: Option<JobId>,
        max: usize,
    ) -> QueueResult<ListPage> {
        check_batch("max", max)?;
        self.call(move |core| look::list(&core.db, &filter, state, after, max)).await
    }

    async fn stats(&self, queue: Queue) -> QueueResult<QueueStats> {
        self.call(move |core| core.stats(queue)).await
    }

    async fn top(&self, queue: Queue, max: usize) -> QueueResult<Vec<TenantLoad>> {
        check_batch("max", max)?;
        self.call(move |core| Ok(core.top(queue, max))).await
    }

    async fn load(&self, queue: Queue, tenant: Option<TenantId>) -> QueueResult<TenantLoad> {
        self.call(move |core| Ok(core.load(queue, tenant))).await
    }

    async fn ready(&self, queue: Queue) {
        self.hand.ready(queue).await;
    }
}

/// The most that a reader gives at once.
fn checked_page(max: usize) -> usize {
    max.min(BATCH_MAX)
}

/// The usual name of the file, within a folder.
pub fn file_in(folder: &Path) -> PathBuf {
    folder.join("queue.db")
}
