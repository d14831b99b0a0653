//! A process that reaches its engine no more: it stops by itself what it may not do any longer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use jobs::{JobId, Queue, TenantId, Timestamp};
use queue::{
    Beat, CancelOutcome, Claim, Claimed, Engine, Enqueued, Filter, Found, Heart, Lease, LineLimits,
    ListPage, NewTask, Pause, QueueError, QueueResult, QueueStats, Replayed, Settled, Settlement,
    State, TenantLoad, Tended, embedded::Embedded,
};

use crate::rig::{Do, LEASE, Rig, eventually};

/// An engine from which its heart, and whoever enqueues, can be cut off.
pub struct CutOff {
    pub engine: Arc<Embedded>,
    pub is_cut: Arc<AtomicBool>,
}

struct CutHeart {
    heart: Box<dyn Heart>,
    is_cut: Arc<AtomicBool>,
}

impl Heart for CutHeart {
    fn beat(&mut self, leases: &[Lease], lease: Duration) -> QueueResult<Vec<Beat>> {
        if self.is_cut.load(Ordering::SeqCst) {
            return Err(QueueError::Unavailable { problem: "cut off".to_owned() });
        }
        self.heart.beat(leases, lease)
    }
}

#[async_trait]
impl Engine for CutOff {
    async fn enqueue(&self, tasks: Vec<NewTask>) -> QueueResult<Vec<Enqueued>> {
        if self.is_cut.load(Ordering::SeqCst) {
            return Err(QueueError::Unavailable { problem: "cut off".to_owned() });
        }
        self.engine.enqueue(tasks).await
    }
    async fn claim(&self, claim: Claim<'_>) -> QueueResult<Claimed> {
        self.engine.claim(claim).await
    }
    async fn settle(&self, settlements: Vec<Settlement>) -> QueueResult<Vec<Settled>> {
        self.engine.settle(settlements).await
    }
    async fn extend(&self, leases: Vec<Lease>, lease: Duration) -> QueueResult<Vec<Beat>> {
        self.engine.extend(leases, lease).await
    }
    fn heart(&self) -> QueueResult<Box<dyn Heart>> {
        Ok(Box::new(CutHeart { heart: self.engine.heart()?, is_cut: Arc::clone(&self.is_cut) }))
    }
    async fn tend(&self) -> QueueResult<Tended> {
        self.engine.tend().await
    }
    async fn cancel(&self, id: JobId) -> QueueResult<CancelOutcome> {
        self.engine.cancel(id).await
    }
    async fn retry(&self, id: JobId) -> QueueResult<Replayed> {
        self.engine.retry(id).await
    }
    async fn replay(&self, filter: Filter, max: usize) -> QueueResult<usize> {
        self.engine.replay(filter, max).await
    }
    async fn purge(&self, filter: Filter, max: usize) -> QueueResult<usize> {
        self.engine.purge(filter, max).await
    }
    async fn set_pauses(&self, pauses: Vec<Pause>) -> QueueResult<()> {
        self.engine.set_pauses(pauses).await
    }
    async fn set_limits(
        &self,
        queue: Queue,
        tenant: Option<TenantId>,
        limits: Option<LineLimits>,
    ) -> QueueResult<()> {
        self.engine.set_limits(queue, tenant, limits).await
    }
    async fn park(
        &self,
        queue: Queue,
        tenant: Option<TenantId>,
        until: Timestamp,
    ) -> QueueResult<()> {
        self.engine.park(queue, tenant, until).await
    }
    async fn find(&self, id: JobId) -> QueueResult<Option<Found>> {
        self.engine.find(id).await
    }
    async fn states(&self, ids: Vec<JobId>) -> QueueResult<Vec<Option<State>>> {
        self.engine.states(ids).await
    }
    async fn list(
        &self,
        filter: Filter,
        state: State,
        after: Option<JobId>,
        max: usize,
    ) -> QueueResult<ListPage> {
        self.engine.list(filter, state, after, max).await
    }
    async fn stats(&self, queue: Queue) -> QueueResult<QueueStats> {
        self.engine.stats(queue).await
    }
    async fn top(&self, queue: Queue, max: usize) -> QueueResult<Vec<TenantLoad>> {
        self.engine.top(queue, max).await
    }
    async fn load(&self, queue: Queue, tenant: Option<TenantId>) -> QueueResult<TenantLoad> {
        self.engine.load(queue, tenant).await
    }
    async fn ready(&self, queue: Queue) {
        self.engine.ready(queue).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_reaches_its_engine_no_more_stops_when_its_lease_is_over() {
    let rig = Rig::new();
    let is_cut = Arc::new(AtomicBool::new(false));
    let engine = CutOff { engine: rig.engine.clone(), is_cut: Arc::clone(&is_cut) };
    let process = rig.start_over(Arc::new(engine), 4);
    let id = rig.add(Do::Wait).await;
    rig.until_begun(1).await;
    // As long as its heart is heard, it may take longer than a lease.
    tokio::time::sleep(LEASE * 6 / 5).await;
    assert_eq!((rig.found(id).await.rescues, rig.running()), (0, 1));

    is_cut.store(true, Ordering::SeqCst);
    let began = Instant::now();
    // Who may do it from now on finds that nobody else is at it.
    eventually(async || (rig.stage.begun(id) == 2).then_some(())).await;
    assert!(began.elapsed() < LEASE * 4, "{:?}", began.elapsed());
    assert_eq!(rig.running(), 1, "the one that lost it has stopped");

    is_cut.store(false, Ordering::SeqCst);
    rig.stage.gate.add_permits(2);
    rig.until(id, State::Completed).await;
    process.stop(worker::runtime::Stopping::Drain).await;
}
