//! The runtime: from an engine's jobs to handlers and back.
//!
//! What lives here: the registry of handlers, the one adapter that knows the framework, the judgement of how an
//! attempt ended, and an orderly stop.
//! What does not: handlers.

mod adapter;
mod back;
mod conclude;
mod handler;
mod ledger;
mod records;
mod registry;
mod relay;
mod schedule;
mod settings;

use std::{sync::Arc, time::Duration};

use apalis::prelude::{WorkerBuilder, WorkerError, task_fn};
use jobs::Queue;
use queue::{
    Engine, QueueError, Verdict,
    desk::{Desk, DeskOptions, GRACE, OnHand, Pulse},
};
use tokio::{sync::watch, task::JoinSet};

use self::ledger::Ledger;
pub use self::{
    back::{Reopened, Replayed},
    conclude::conclude,
    handler::{JobContext, JobError, JobResult, Outcome, Run},
    records::{Records, RecordsError},
    registry::{Kind, Registry, RegistryError},
    relay::{Reconciled, Relay, RelayError},
    schedule::{Pass, Schedule, Scheduler, Zone},
    settings::SettingsCopier,
};

/// How a process works.
#[derive(Clone, Debug)]
pub struct RuntimeOptions {
    /// The name of this process, for people.
    pub worker: String,
    /// How many jobs of a queue run at once; queues that are not named are not served.
    pub concurrency: Vec<(Queue, usize)>,
    /// How long a lease is: a process that goes away keeps its jobs for so long.
    pub lease: Duration,
    /// How long jobs may go on after the process was asked to stop.
    pub drain: Duration,
}

/// Why a runtime ended otherwise than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// It could not begin.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A queue is served no more.
    #[error("the worker of queue {queue} ended: {problem}")]
    WorkerEnded {
        /// Which queue.
        queue: Queue,
        /// What it said.
        problem: String,
    },
}

/// How a runtime came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Jobs that had to be given back unfinished, or that did not even stop when they were told to.
    pub unfinished: usize,
}

/// A process's runtime over what its handlers need.
pub struct Runtime<A> {
    engine: Arc<dyn Engine>,
    registry: Arc<Registry<A>>,
    app: Arc<A>,
    records: Option<Records>,
    options: RuntimeOptions,
    pulse: Pulse,
}

impl<A: Send + Sync + 'static> Runtime<A> {
    /// Puts one together.
    pub fn new(
        engine: Arc<dyn Engine>,
        registry: Arc<Registry<A>>,
        app: Arc<A>,
        options: RuntimeOptions,
    ) -> Self {
        Self { engine, registry, app, records: None, options, pulse: Pulse::default() }
    }

    /// Serves recorded jobs too: their records are asked before each attempt and told after it.
    pub fn with_records(mut self, records: Records) -> Self {
        self.records = Some(records);
        self
    }

    /// Lets others look at what it does, and whether it gets on.
    pub fn with_pulse(mut self, pulse: Pulse) -> Self {
        self.pulse = pulse;
        self
    }

    /// Works until `stop` comes true; then takes nothing more, lets jobs finish for a while, and gives the rest back.
    ///
    /// If `stop` comes true a second time, nothing is waited for.
    pub async fn run(self, mut stop: watch::Receiver<Stopping>) -> Result<Ended, RuntimeError> {
        adapter::begin_counting(&self.registry);
        let desk = Desk::open(
            Arc::clone(&self.engine),
            DeskOptions {
                worker: self.options.worker.clone(),
                lease: self.options.lease,
                pulse: self.pulse.clone(),
            },
        )?;
        let (stop_workers, workers_stop) = watch::channel(false);
        let mut workers = JoinSet::new();
        let ledger = self.records.clone().map(Ledger::open);
        for (queue, concurrency) in &self.options.concurrency {
            workers.spawn(self.serve(
                &desk,
                ledger.as_ref(),
                *queue,
                *concurrency,
                workers_stop.clone(),
            ));
        }
        let lost = tokio::select! {
            () = told(&mut stop, Stopping::Drain) => None,
            Some(ended) = workers.join_next() => Some(ended),
        };
        // The engine's side first: what was claimed and not begun goes back at once.
        desk.stop();
        let drained = tokio::select! {
            all = desk.settled(self.options.drain) => all,
            () = told(&mut stop, Stopping::AtOnce) => false,
        };
        let mut unfinished = 0;
        if !drained {
            unfinished = desk.in_hand();
            desk.give_up();
            // A job that is told to stop has its grace, and the answers have to be written.
            tokio::select! {
                _ = desk.settled(GRACE) => {}
                () = told(&mut stop, Stopping::AtOnce) => { desk.settled(AT_ONCE).await; }
            }
        }
        // Whoever listened is gone if all workers have ended by themselves.
        stop_workers.send_replace(true);
        let _ended =
            tokio::time::timeout(GRACE, async { while workers.join_next().await.is_some() {} })
                .await;
        workers.shutdown().await;
        // What was dropped with them gives itself back.
        desk.settled(AT_ONCE).await;
        desk.close().await;
        match lost {
            None => Ok(Ended { unfinished }),
            Some(Ok((queue, problem))) => Err(RuntimeError::WorkerEnded { queue, problem }),
            Some(Err(error)) => {
                let queue =
                    self.options.concurrency.first().map_or(Queue::Agent, |(queue, _)| *queue);
                Err(RuntimeError::WorkerEnded { queue, problem: error.to_string() })
            }
        }
    }

    /// Serves one queue until it is told to stop.
    fn serve(
        &self,
        desk: &Desk,
        ledger: Option<&Ledger>,
        queue: Queue,
        concurrency: usize,
        mut stop: watch::Receiver<bool>,
    ) -> impl Future<Output = (Queue, String)> + Send + 'static + use<A> {
        let counter = desk.counter(queue, concurrency);
        let registry = Arc::clone(&self.registry);
        let app = Arc::clone(&self.app);
        let ledger = ledger.cloned();
        let run = move |job: OnHand| {
            let (registry, app) = (Arc::clone(&registry), Arc::clone(&app));
            let ledger = ledger.clone();
            async move {
                let verdict = adapter::run(&registry, app, ledger.as_ref(), job).await;
                Ok::<Verdict, WorkerError>(verdict)
            }
        };
        let name = format!("{}-{queue}", self.options.worker);
        async move {
            let worker = WorkerBuilder::new(name.as_str()).backend(counter).build(task_fn(run));
            let stopped = async move {
                // An error means that nobody can tell it any more, which is the end as well.
                let _told = stop.wait_for(|stop| *stop).await;
                Ok::<(), WorkerError>(())
            };
            let ended = worker.run_until(stopped).await;
            (queue, ended.map_or_else(|error| error.to_string(), |()| "it was told to".to_owned()))
        }
    }
}

/// What "at once" takes: the time in which an answer is written.
const AT_ONCE: Duration = Duration::from_millis(500);

/// How urgently a process is to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stopping {
    /// Not at all.
    #[default]
    No,
    /// When what runs is finished, or has had its time.
    Drain,
    /// Now.
    AtOnce,
}

/// Waits until it is at least so urgent; for ever if nobody can say so any more.
async fn told(stop: &mut watch::Receiver<Stopping>, urgency: Stopping) {
    if stop.wait_for(|it| urgency <= *it).await.is_err() {
        std::future::pending::<()>().await;
    }
}
