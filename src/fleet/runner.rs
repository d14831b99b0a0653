//! The process that does the work: the runtime, and everything that goes on beside it.
//!
//! What lives here: how the parts are put together, the lease that keeps a second such process away, and their stop.
//! What does not: the parts themselves (`worker`).

use std::{path::PathBuf, pin::pin, sync::Arc, time::Duration};

use agent::Agent;
use anyhow::Context;
use chrono::TimeDelta;
use jobs::{CycleHour, Queue, TenantId};
use platform::shutdown::StopRequests;
use queue::{
    Engine,
    embedded::{Embedded, LiveTime, Options, Retention, file_in},
};
use store::{StoreError, system::RunnerLease};
use tokio::sync::{mpsc, watch};
use worker::{
    handlers::{self, SCHEDULES},
    runtime::{
        Ended, PauseCopier, Records, Registry, Relay, Runtime, RuntimeError, RuntimeOptions,
        Scheduler, Stopping,
    },
};

use crate::{app::App, output::Output};

/// How a process works.
#[derive(Clone, Debug)]
pub struct RunnerOptions {
    /// Jobs of the agent's queue that run at once.
    pub concurrency: usize,
    /// How long jobs may go on after the process was asked to stop.
    pub drain: Duration,
    /// The one tenant whose schedules are kept; all if there is none.
    pub only: Option<TenantId>,
    /// How long an hour of tenants with a clock of their own takes.
    pub simulated_hour: Duration,
    /// Whether everything that is due is done at once, instead of being spread over the hour.
    pub at_once: bool,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        Self {
            concurrency: CONCURRENCY,
            drain: DRAIN,
            only: None,
            simulated_hour: Duration::from_secs(60 * 60),
            at_once: false,
        }
    }
}

/// Tenants whose cycles run at once: enough for two cores that wait for a database.
pub const CONCURRENCY: usize = 4;
/// Jobs of every other queue that run at once.
const CONCURRENCY_ELSEWHERE: usize = 2;
/// Longer than any phase of a healthy system takes.
pub const DRAIN: Duration = Duration::from_secs(25);
/// Cycles that have ended and that nobody has shown yet.
const ENDED_MAX: usize = 1_000;
/// Signs of life in the time of a lease.
const BEATS_PER_LEASE: u32 = 3;

/// The queue's file.
pub fn queue_file(app: &App) -> PathBuf {
    file_in(app.data_dir())
}

/// A process that is put together and has the right to work.
pub struct Runner<'a> {
    app: &'a App,
    output: &'a Output,
    options: RunnerOptions,
    engine: Arc<dyn Engine>,
    registry: Arc<Registry<handlers::App>>,
    work: Arc<handlers::App>,
    /// What the process is asked to do.
    pub stop: watch::Sender<Stopping>,
    /// Hours whose cycle came to an end.
    pub ended: mpsc::Receiver<CycleHour>,
}

impl<'a> Runner<'a> {
    /// Puts one together over the queue's file. The caller has the lease.
    pub async fn open(
        app: &'a App,
        output: &'a Output,
        options: RunnerOptions,
    ) -> anyhow::Result<Self> {
        let path = queue_file(app);
        std::fs::create_dir_all(app.data_dir())
            .with_context(|| format!("cannot make the folder {}", app.data_dir().display()))?;
        let time = Arc::new(LiveTime::new(Arc::clone(&app.clock)));
        let retention = Retention::default();
        let engine = Embedded::open(Options { path, time, retention, tends_itself: true })?;
        let engine: Arc<dyn Engine> = Arc::new(engine);
        let (tell, ended) = mpsc::channel(ENDED_MAX);
        let work = Arc::new(handlers::App { agent: app.agent(), ended: Some(tell) });
        let (stop, _) = watch::channel(Stopping::No);
        let registry = Arc::new(handlers::registry()?);
        // Before anything can begin.
        PauseCopier::new(app.store.clone(), Arc::clone(&engine)).copy().await?;
        Ok(Self { app, output, options, engine, registry, work, stop, ended })
    }

    /// The engine, for whoever has to hurry a job.
    pub fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.engine)
    }

    /// What keeps the schedules.
    pub fn scheduler(&self) -> anyhow::Result<Scheduler> {
        let (store, clock) = (self.app.store.clone(), Arc::clone(&self.app.clock));
        let mut scheduler = Scheduler::new(store, clock, SCHEDULES)?
            .with_simulated_hour(self.options.simulated_hour);
        if let Some(only) = self.options.only {
            scheduler = scheduler.only(only);
        }
        if self.options.at_once {
            scheduler = scheduler.at_once();
        }
        Ok(scheduler)
    }

    /// Works until it is asked to stop, by a signal or through `stop`, or another process takes over.
    pub fn work(&self) -> impl Future<Output = anyhow::Result<Ended>> + use<'a> {
        let records = self.records();
        let runtime = Runtime::new(
            Arc::clone(&self.engine),
            Arc::clone(&self.registry),
            Arc::clone(&self.work),
            self.runtime_options(),
        );
        let runtime = runtime.with_records(records.clone());
        let relay = Relay::new(records, Arc::clone(&self.engine));
        let pauses = PauseCopier::new(self.app.store.clone(), Arc::clone(&self.engine));
        let (app, output, stop) = (self.app, self.output, self.stop.clone());
        async move {
            let told = stop.subscribe();
            let beside = async {
                tokio::join!(relay.run(told.clone()), pauses.run(told.clone()));
                std::future::pending::<()>().await;
            };
            let (signals, lease) = (signals(&stop, output), keep_lease(app, &stop));
            let (mut beside, mut signals, mut lease) = (pin!(beside), pin!(signals), pin!(lease));
            let mut runtime = pin!(runtime.run(told.clone()));
            let mut lost = None;
            loop {
                tokio::select! {
                    ended = &mut runtime => break finish(ended, lost),
                    () = &mut beside => {}
                    () = &mut signals => {}
                    error = &mut lease, if lost.is_none() => {
                        // Another process works by now: what this one has in hand is lost to it.
                        stop.send_replace(Stopping::AtOnce);
                        lost = Some(error);
                    }
                }
            }
        }
    }

    fn records(&self) -> Records {
        Records::new(
            self.app.store.clone(),
            Arc::clone(&self.app.clock),
            Arc::clone(&self.registry),
            Arc::clone(&self.work),
        )
    }

    fn runtime_options(&self) -> RuntimeOptions {
        let of = |queue| match queue {
            Queue::Agent => self.options.concurrency,
            Queue::Interactive
            | Queue::Mail
            | Queue::Bulk
            | Queue::Documents
            | Queue::Maintenance => CONCURRENCY_ELSEWHERE,
        };
        RuntimeOptions {
            worker: self.app.instance.clone(),
            concurrency: Queue::ALL.map(|queue| (queue, of(queue))).into(),
            lease: self.app.lease(),
            drain: self.options.drain,
        }
    }
}

fn finish(
    ended: Result<Ended, RuntimeError>,
    lost: Option<anyhow::Error>,
) -> anyhow::Result<Ended> {
    match lost {
        Some(error) => Err(error),
        None => Ok(ended?),
    }
}

/// The first request lets what runs finish, the second does not.
async fn signals(stop: &watch::Sender<Stopping>, output: &Output) {
    let mut requests = StopRequests::listen();
    requests.next().await;
    output.note("stopping: what runs is finished first; once more to stop at once");
    stop.send_replace(Stopping::Drain);
    requests.next().await;
    output.note("stopping at once");
    stop.send_replace(Stopping::AtOnce);
    std::future::pending::<()>().await;
}

/// Records for commands that change jobs without running them.
pub fn records_of(app: &App) -> anyhow::Result<(Arc<Registry<handlers::App>>, Records)> {
    let registry = Arc::new(handlers::registry()?);
    let agent: Agent = app.agent();
    let work = Arc::new(handlers::App { agent, ended: None });
    let (store, clock) = (app.store.clone(), Arc::clone(&app.clock));
    let records = Records::new(store, clock, Arc::clone(&registry), work);
    Ok((registry, records))
}

/// Takes the lease of the one process that works on this database, without Redis.
///
/// One that went away keeps it until it ends: that long is waited, and one that still gives signs of life is told of.
pub async fn take_lease(app: &App, output: &Output) -> anyhow::Result<()> {
    let Err(first) = try_lease(app).await? else { return Ok(()) };
    let left = (first.expires_at - app.clock.now()).to_std().unwrap_or(Duration::ZERO);
    let wait = left.min(app.lease()) + AFTER_LEASE;
    output.note(&format!(
        "{} has the lease of this database; waiting {} s, in case it is gone",
        first.holder,
        wait.as_secs().max(1)
    ));
    tokio::time::sleep(wait).await;
    match try_lease(app).await? {
        Ok(()) => Ok(()),
        Err(Busy { holder, expires_at }) => anyhow::bail!(
            "another process works on this database: {holder} (host/process), with a lease until {expires_at}; \
             stop it first. Other commands work beside it"
        ),
    }
}

/// A lease is over a moment after it ends, however clocks are rounded.
const AFTER_LEASE: Duration = Duration::from_millis(100);

struct Busy {
    holder: String,
    expires_at: jobs::Timestamp,
}

async fn try_lease(app: &App) -> Result<Result<(), Busy>, StoreError> {
    let now = app.clock.now();
    let lease = TimeDelta::from_std(app.lease()).unwrap_or(TimeDelta::seconds(60));
    match app.store.system().acquire_runner(&app.instance, now, now + lease).await? {
        RunnerLease::Held { .. } => Ok(Ok(())),
        RunnerLease::Busy { holder, expires_at } => Ok(Err(Busy { holder, expires_at })),
    }
}

/// Gives signs of life; ends with the reason when another process holds the lease.
async fn keep_lease(app: &App, stop: &watch::Sender<Stopping>) -> anyhow::Error {
    loop {
        tokio::time::sleep(app.lease() / BEATS_PER_LEASE).await;
        match try_lease(app).await {
            Ok(Ok(())) => {}
            Ok(Err(Busy { holder, .. })) => {
                let stopping = *stop.borrow();
                tracing::error!(%holder, ?stopping, "the lease of this database was lost");
                return anyhow::anyhow!("another process works on this database by now: {holder}");
            }
            // A database that is gone for a moment ends nothing: the next sign of life may get through.
            Err(error) => tracing::warn!(%error, "the lease could not be extended"),
        }
    }
}

/// Gives the lease back.
pub async fn release_lease(app: &App) -> anyhow::Result<()> {
    let released = app.store.system().release_runner(&app.instance, app.clock.now()).await;
    released.context("the lease could not be given back; it ends by itself")
}
