//! The face that the worker framework sees: a backend that pops a buffer, and a layer that takes results.

use std::{
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use apalis_core::{
    backend::{Backend, BackendConfig, finalize::Ephemeral},
    error::BoxDynError,
    task::{Task, task_id::RandomId},
    worker::context::WorkerContext,
};
use jobs::Queue;
use tokio::sync::watch;
use tower_layer::Layer;
use tower_service::Service;

use super::{GRACE, Shared, Stop};
use crate::{Lease, Leased, Verdict};

/// A job in hand. Dropped before it was begun, it gives itself back.
pub struct OnHand {
    shared: Arc<Shared>,
    task: Leased,
    stopped: watch::Receiver<Option<Stop>>,
    slip: Option<Slip>,
}

impl OnHand {
    pub(super) fn new(
        shared: Arc<Shared>,
        task: Leased,
        stopped: watch::Receiver<Option<Stop>>,
    ) -> Self {
        let slip = Slip { shared: Arc::clone(&shared), lease: task.lease, is_answered: false };
        Self { shared, task, stopped, slip: Some(slip) }
    }

    /// The job.
    pub fn task(&self) -> &Leased {
        &self.task
    }

    /// Hears why it is to stop.
    pub fn stopped(&self) -> watch::Receiver<Option<Stop>> {
        self.stopped.clone()
    }

    /// Begins: its lease is extended until its time and a grace are over, and then no more.
    pub fn begin(&self, timeout: Duration) {
        let until = Instant::now().checked_add(timeout.saturating_add(GRACE));
        if let Some(it) = self.shared.table().in_hand.get_mut(&self.task.lease) {
            it.until = until;
        }
    }

    /// Its handler cannot be stopped and goes on without a lease; it is gone when nothing holds this any more.
    pub fn leave_behind(&self, alive: Weak<()>) {
        let mut table = self.shared.table();
        table.left_behind.retain(|it| 0 < it.strong_count());
        table.left_behind.push(alive);
    }
}

impl std::fmt::Debug for OnHand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnHand").field("job", &self.task.lease.id).finish_non_exhaustive()
    }
}

/// The right to answer for a job, once. Dropped without, the job is given back: its future is gone.
struct Slip {
    shared: Arc<Shared>,
    lease: Lease,
    is_answered: bool,
}

impl Slip {
    fn answer(mut self, verdict: Verdict) {
        self.is_answered = true;
        self.shared.give_back(self.lease, verdict);
    }
}

impl Drop for Slip {
    fn drop(&mut self) {
        if !self.is_answered {
            self.shared.give_back(self.lease, Verdict::Released);
        }
    }
}

/// A backend never fails: an engine that is away is a buffer that is empty.
#[derive(Debug, thiserror::Error)]
pub enum CounterError {}

/// Where the framework gets a queue's jobs.
pub struct Counter {
    shared: Arc<Shared>,
    queue: Queue,
}

impl Counter {
    pub(super) fn new(shared: Arc<Shared>, queue: Queue) -> Self {
        Self { shared, queue }
    }
}

impl Backend for Counter {
    type Task = Task<OnHand>;
    type Error = CounterError;

    fn poll_ready(
        &mut self,
        _cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Result<(), CounterError>> {
        Poll::Ready(Ok(()))
    }

    fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Option<Result<Task<OnHand>, CounterError>>> {
        let mut table = self.shared.table();
        let Some(shelf) = table.shelves.get_mut(&self.queue) else { return Poll::Pending };
        match shelf.buffer.pop_front() {
            Some(job) => Poll::Ready(Some(Ok(Task::new(job)))),
            None => {
                shelf.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn poll_close(
        &mut self,
        _cx: &mut Context<'_>,
        _worker: &WorkerContext,
    ) -> Poll<Result<(), CounterError>> {
        // The desk was stopped before the worker and settles what is left; it is closed after it.
        Poll::Ready(Ok(()))
    }
}

impl BackendConfig for Counter {
    type Args = OnHand;
    type Id = RandomId;
    type Kind = Ephemeral;
    type Config = ();
    type Layer = CounterLayer;

    fn config(&self) -> &() {
        &()
    }

    fn middleware(&mut self, _worker: &mut WorkerContext) -> CounterLayer {
        CounterLayer
    }
}

/// Takes the results of jobs and gives them to the settler.
#[derive(Clone, Copy, Debug)]
pub struct CounterLayer;

impl<S> Layer<S> for CounterLayer {
    type Service = CounterService<S>;

    fn layer(&self, service: S) -> CounterService<S> {
        CounterService { service }
    }
}

/// See [`CounterLayer`].
#[derive(Clone, Debug)]
pub struct CounterService<S> {
    service: S,
}

/// What the framework is told: the answer itself has gone to the settler.
type Answered = Pin<Box<dyn Future<Output = Result<(), BoxDynError>> + Send>>;

impl<S> Service<Task<OnHand>> for CounterService<S>
where
    S: Service<Task<OnHand>, Response = Verdict>,
    S::Error: Into<BoxDynError>,
    S::Future: Send + 'static,
{
    type Response = ();
    type Error = BoxDynError;
    type Future = Answered;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxDynError>> {
        self.service.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, task: Task<OnHand>) -> Answered {
        let (mut job, context) = task.take();
        let slip = job.slip.take();
        let done = self.service.call(Task::new_with_ctx(job, context));
        Box::pin(async move {
            let verdict = done.await.map_err(Into::into)?;
            if let Some(slip) = slip {
                slip.answer(verdict);
            }
            Ok(())
        })
    }
}
