//! A process's desk: what it has taken from an engine, for how long, and what it gives back.
//!
//! What lives here: the table of what is in hand, the claimer and the settler, the thread that keeps leases, and the
//! face that the worker framework sees.
//! What does not: running a job and judging how it ended, which is the worker's.
//!
//! Nothing here depends on being polled by the framework, or on a thread that a handler may block: claiming and settling
//! have a thread of their own, and so has the keeping of leases. A job that is handed out is noted at once, however busy
//! the handlers are.

mod claimer;
mod counter;
mod heart;
mod own_runtime;
mod pulse;
mod settler;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::Waker,
    time::{Duration, Instant},
};

use jobs::{Backoff, Queue, TenantId};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinSet,
};

pub use self::counter::{Counter, CounterError, CounterLayer, CounterService, OnHand};
pub use self::pulse::{JobStanding, Pulse, QueueStanding, Standing};
use self::{heart::HeartThread, own_runtime::OwnRuntime};
use crate::{Engine, Lease, Leased, QueueResult, Settlement, Verdict, measure};

/// Beyond its time limit, a job has so long to stop by itself until its lease is extended no more.
pub const GRACE: Duration = Duration::from_secs(10);

/// How long an engine that cannot be reached is left alone: not at random, since this process is one caller.
const ENGINE_AWAY: Backoff =
    Backoff::Exponential { base: Duration::from_millis(50), cap: Duration::from_secs(5) };

/// Why a job in hand is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Somebody called it off.
    Cancelled,
    /// Its lease is lost: whatever it does now, somebody else may do too.
    LeaseLost,
    /// The process stops, and has waited long enough.
    Draining,
}

/// A job that was claimed and not yet settled.
struct InHand {
    queue: Queue,
    name: String,
    tenant: Option<TenantId>,
    since: Instant,
    stop: watch::Sender<Option<Stop>>,
    /// From then on its lease is not extended: it had its time and did not stop.
    until: Option<Instant>,
    /// The lease goes on at least so long; after that somebody else may have the job.
    held_until: Instant,
    is_alone: bool,
}

/// What a queue's counter shares with the tasks that serve it.
struct Shelf {
    /// Claimed, and not yet taken by the framework.
    buffer: VecDeque<OnHand>,
    /// Who waits for the buffer to fill, or for the shelf to close.
    waker: Option<Waker>,
    /// Claimed and not yet settled, the buffer included.
    in_hand: usize,
    /// How many that may be.
    slots: usize,
    /// When the engine last said whether there is work, or did not have to be asked.
    answered_at: Instant,
}

impl Shelf {
    fn new(slots: usize) -> Self {
        Self {
            buffer: VecDeque::new(),
            waker: None,
            in_hand: 0,
            slots,
            answered_at: Instant::now(),
        }
    }
}

struct Table {
    in_hand: HashMap<Lease, InHand>,
    /// Those of them that have to run alone.
    alone: usize,
    shelves: HashMap<Queue, Shelf>,
    /// The queue for whose job that has to run alone this process becomes idle.
    draining_for: Option<Queue>,
    is_stopping: bool,
    /// Since when the engine has taken no answers, if it does not.
    unsettled_since: Option<Instant>,
    /// Handlers that could not be stopped, as long as they hold a thread.
    left_behind: Vec<Weak<()>>,
}

/// What all parts of a desk share.
struct Shared {
    engine: Arc<dyn Engine>,
    worker: String,
    lease: Duration,
    table: Mutex<Table>,
    /// Something was settled, or the desk stops.
    changed: Notify,
    /// One claim at a time, so that what has to run alone does.
    claiming: tokio::sync::Mutex<()>,
    settle: mpsc::UnboundedSender<Settlement>,
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        // A panic elsewhere leaves the table as it was: each change is made in one step.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends an answer on its way. Their number is bounded by what is in hand.
    fn give_back(&self, lease: Lease, verdict: Verdict) {
        if self.settle.send(Settlement { lease, verdict }).is_err() {
            tracing::warn!(job = %lease.id, "an answer came after the desk was closed; the lease will run out");
        }
    }
}

/// How a desk works.
#[derive(Clone, Debug)]
pub struct DeskOptions {
    /// The name of this process, for people.
    pub worker: String,
    /// How long a lease is; it is extended five times in that time.
    pub lease: Duration,
    /// Where the desk is to be looked at.
    pub pulse: Pulse,
}

/// A process's desk. Closed by [`Desk::close`]; dropped without it, leases run out.
pub struct Desk {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
    own: OwnRuntime,
    /// Ends with the desk.
    _heart: HeartThread,
}

impl Desk {
    /// Opens one over an engine.
    pub fn open(engine: Arc<dyn Engine>, options: DeskOptions) -> QueueResult<Self> {
        let (settle, settlements) = mpsc::unbounded_channel();
        let heart = engine.heart()?;
        let shared = Arc::new(Shared {
            engine,
            worker: options.worker,
            lease: options.lease,
            table: Mutex::new(Table {
                in_hand: HashMap::new(),
                alone: 0,
                shelves: HashMap::new(),
                draining_for: None,
                is_stopping: false,
                unsettled_since: None,
                left_behind: Vec::new(),
            }),
            changed: Notify::new(),
            claiming: tokio::sync::Mutex::new(()),
            settle,
        });
        options.pulse.of(&shared);
        measure::begin_counting();
        let own = OwnRuntime::start()?;
        let mut tasks = JoinSet::new();
        tasks.spawn_on(settler::run(Arc::clone(&shared), settlements), &own.handle);
        let heart = HeartThread::start(Arc::clone(&shared), heart)?;
        Ok(Self { shared, tasks: Mutex::new(tasks), own, _heart: heart })
    }

    /// Opens a counter: claims jobs of a queue for so many who work at once.
    pub fn counter(&self, queue: Queue, concurrency: usize) -> Counter {
        let slots = concurrency.max(1);
        self.shared.table().shelves.insert(queue, Shelf::new(slots));
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let claimer = claimer::run(Arc::clone(&self.shared), queue, slots);
        tasks.spawn_on(claimer, &self.own.handle);
        Counter::new(Arc::clone(&self.shared), queue)
    }

    /// Jobs in hand, those that wait for their start included.
    pub fn in_hand(&self) -> usize {
        self.shared.table().in_hand.len()
    }

    /// Claims nothing more, and gives back at once what was claimed and not begun.
    pub fn stop(&self) {
        let mut table = self.shared.table();
        table.is_stopping = true;
        let waiting: Vec<OnHand> =
            table.shelves.values_mut().flat_map(|shelf| shelf.buffer.drain(..)).collect();
        let wakers: Vec<Waker> =
            table.shelves.values_mut().filter_map(|shelf| shelf.waker.take()).collect();
        drop(table);
        // Dropped without having begun, each gives itself back.
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
        self.shared.changed.notify_waiters();
    }

    /// Tells everything in hand to stop: its attempt is given back.
    pub fn give_up(&self) {
        for it in self.shared.table().in_hand.values() {
            it.stop
                .send_if_modified(|stop| stop.is_none() && stop.replace(Stop::Draining).is_none());
        }
    }

    /// Waits until nothing is in hand and everything is settled, at most for so long; says whether it came to that.
    pub async fn settled(&self, within: Duration) -> bool {
        let wait = async {
            // A claim that is on its way brings jobs that count, and that go back if the desk stops.
            drop(self.shared.claiming.lock().await);
            loop {
                let changed = self.shared.changed.notified();
                if self.in_hand() == 0 {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(within, wait).await.is_ok()
    }

    /// Ends the desk's tasks and its thread. What is still in hand is lost with its lease.
    pub async fn close(self) {
        self.stop();
        let mut tasks =
            std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        tasks.shutdown().await;
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Table {
    /// Notes what was claimed, and lays it out for the framework.
    fn take(
        &mut self,
        shared: &Arc<Shared>,
        queue: Queue,
        tasks: Vec<Leased>,
        asked_at: Instant,
    ) -> Option<Waker> {
        let held_until = asked_at + shared.lease;
        for task in tasks {
            let (stop, stopped) = watch::channel(None);
            let is_alone = task.is_alone;
            let (name, tenant, since) = (task.name.clone(), task.tenant, asked_at);
            let entry =
                InHand { queue, name, tenant, since, stop, until: None, held_until, is_alone };
            self.in_hand.insert(task.lease, entry);
            self.alone += usize::from(is_alone);
            let Some(shelf) = self.shelves.get_mut(&queue) else { continue };
            shelf.in_hand += 1;
            shelf.buffer.push_back(OnHand::new(Arc::clone(shared), task, stopped));
        }
        self.shelves.get_mut(&queue).and_then(|shelf| shelf.waker.take())
    }

    /// Forgets what was settled; gives its queue.
    fn put_down(&mut self, lease: &Lease) -> Option<Queue> {
        let it = self.in_hand.remove(lease)?;
        self.alone -= usize::from(it.is_alone);
        if let Some(shelf) = self.shelves.get_mut(&it.queue) {
            shelf.in_hand = shelf.in_hand.saturating_sub(1);
        }
        Some(it.queue)
    }

    fn runs_alone(&self) -> bool {
        0 < self.alone
    }
}
