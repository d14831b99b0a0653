//! The process that does the work: the runtime, and everything that goes on beside it.
//!
//! What lives here: how the parts are put together, and their stop.
//! What does not: the parts themselves (`worker`), and the lease that keeps a second such process away (`lease`).

use std::{pin::pin, sync::Arc, time::Duration};

use agent::Agent;
use jobs::{CycleHour, Queue, TenantId, Timestamp};
use platform::shutdown::StopRequests;
use queue::{Engine, desk::Pulse};
use tokio::sync::{mpsc, oneshot, watch};
use worker::{
    handlers::{self, SCHEDULES},
    health::Health,
    process::Process,
    runtime::{
        Ended, Records, Registry, Relay, Runtime, RuntimeOptions, Scheduler, SettingsCopier,
        Stopping,
    },
};

use super::{
    engine::{self, ToWork},
    lease::{self, LeaseEnd},
};
use crate::{app::App, output::Output};

/// How a process works.
#[derive(Clone, Debug)]
pub struct RunnerOptions {
    /// Queues that are worked on, and how many of their jobs run at once.
    pub concurrency: Vec<(Queue, usize)>,
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
            concurrency: concurrency(&Queue::ALL, None),
            drain: DRAIN,
            only: None,
            simulated_hour: Duration::from_secs(60 * 60),
            at_once: false,
        }
    }
}

/// Tenants whose cycles run at once: enough for two cores that wait for a database.
const CONCURRENCY: usize = 4;
/// Jobs of every other queue that run at once.
const CONCURRENCY_ELSEWHERE: usize = 2;
/// How many jobs of these queues run at once: so many of each, or as many as is usual there.
pub fn concurrency(queues: &[Queue], each: Option<usize>) -> Vec<(Queue, usize)> {
    let usual = |queue| match queue {
        Queue::Agent => CONCURRENCY,
        Queue::Interactive | Queue::Mail | Queue::Bulk | Queue::Documents | Queue::Maintenance => {
            CONCURRENCY_ELSEWHERE
        }
    };
    queues.iter().map(|queue| (*queue, each.unwrap_or_else(|| usual(*queue)))).collect()
}

/// How long a step of the relay may take until a process that stops ends without it.
const STEP_MAX: Duration = Duration::from_secs(2);
/// Longer than any phase of a healthy system takes.
pub const DRAIN: Duration = Duration::from_secs(25);
/// How long a queue that cannot be reached at the start is left alone.
const COPY_AGAIN: Duration = Duration::from_secs(2);
/// Cycles that have ended and that nobody has shown yet.
const ENDED_MAX: usize = 1_000;

/// A process that is put together and has the right to work.
pub struct Runner<'a> {
    app: &'a App,
    output: &'a Output,
    options: RunnerOptions,
    engine: Arc<dyn Engine>,
    registry: Arc<Registry<handlers::App>>,
    work: Arc<handlers::App>,
    pulse: Pulse,
    started_at: Timestamp,
    /// What the process is asked to do.
    pub stop: watch::Sender<Stopping>,
    /// Hours whose cycle came to an end.
    pub ended: mpsc::Receiver<CycleHour>,
}

impl<'a> Runner<'a> {
    /// Puts one together over the queue. Without Redis the caller has the lease.
    pub async fn open(
        app: &'a App,
        output: &'a Output,
        options: RunnerOptions,
    ) -> anyhow::Result<Self> {
        let ToWork { engine, turnstile } = engine::open_to_work(app).await?;
        let (tell, ended) = mpsc::channel(ENDED_MAX);
        let work = Arc::new(handlers::App {
            agent: Agent { turnstile, ..app.agent() },
            ended: Some(tell),
        });
        let (stop, _) = watch::channel(Stopping::No);
        let registry = Arc::new(handlers::registry()?);
        agent::begin_counting();
        let pulse = Pulse::default();
        let started_at = app.clock.now();
        Ok(Self { app, output, options, engine, registry, work, pulse, started_at, stop, ended })
    }

    /// The engine, for whoever has to hurry a job.
    pub fn engine(&self) -> Arc<dyn Engine> {
        Arc::clone(&self.engine)
    }

    /// What there is to tell of this process.
    pub fn health(&self) -> anyhow::Result<Health> {
        let metrics = platform::telemetry::metrics()?;
        Ok(Health { process: self.process(), engine: self.engine(), metrics })
    }

    /// The process as others see it.
    fn process(&self) -> Process {
        Process {
            pulse: self.pulse.clone(),
            store: self.app.store.clone(),
            clock: Arc::clone(&self.app.clock),
            stopping: self.stop.subscribe(),
            instance: self.app.instance.clone(),
            started_at: self.started_at,
            threads: tokio::runtime::Handle::current().metrics().num_workers(),
        }
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
    ///
    /// While the lease cannot be extended, nothing runs here: another process may have taken over, or may be about to.
    pub async fn work(&self) -> anyhow::Result<()> {
        let signals = signals(&self.stop, self.output);
        let sessions = async {
            let mut asked = self.stop.subscribe();
            tokio::select! {
                copied = self.copy_settings() => copied?,
                _ = asked.wait_for(|stop| *stop != Stopping::No) => return Ok(()),
            }
            loop {
                // Also before the first: what was done since it was taken may have taken its time.
                tokio::select! {
                    regained = lease::regain(self.app) => regained?,
                    _ = asked.wait_for(|stop| *stop != Stopping::No) => return Ok(()),
                }
                match self.session().await? {
                    SessionEnd::Asked(ended) => {
                        if 0 < ended.unfinished {
                            let count = ended.unfinished;
                            self.output.note(&format!("{count} jobs were given back unfinished"));
                        }
                        return Ok(());
                    }
                    SessionEnd::LeaseLapsed => {
                        self.output
                            .note("the lease could not be extended; nothing runs until it can");
                    }
                }
            }
        };
        let process = self.process();
        let (end, ended) = oneshot::channel();
        let work = async {
            let worked = tokio::select! {
                done = sessions => done,
                never = signals => never,
            };
            drop(end);
            worked
        };
        let (worked, ()) = tokio::join!(work, process.be_listed(ended));
        worked
    }

    /// What is paused is known before anything can begin. A queue that cannot be reached yet is waited for.
    async fn copy_settings(&self) -> anyhow::Result<()> {
        let settings = SettingsCopier::new(self.app.store.clone(), Arc::clone(&self.engine));
        while let Err(error) = settings.copy().await {
            if !error.is_of_the_queue() {
                return Err(error.into());
            }
            self.output.note(&format!("{error}; it is tried again"));
            tokio::time::sleep(COPY_AGAIN).await;
        }
        Ok(())
    }

    /// Works for as long as the lease is held.
    async fn session(&self) -> anyhow::Result<SessionEnd> {
        let (stop, told) = watch::channel(Stopping::No);
        let records = self.records();
        let runtime = Runtime::new(
            Arc::clone(&self.engine),
            Arc::clone(&self.registry),
            Arc::clone(&self.work),
            self.runtime_options(),
        );
        let runtime = runtime.with_records(records.clone()).with_pulse(self.pulse.clone());
        let relay = Relay::new(records, Arc::clone(&self.engine));
        let settings = SettingsCopier::new(self.app.store.clone(), Arc::clone(&self.engine));
        let beside = async {
            tokio::join!(relay.run(told.clone()), settings.run(told.clone()));
        };
        let passed_on = async {
            let mut asked = self.stop.subscribe();
            loop {
                let urgency = *asked.borrow_and_update();
                stop.send_modify(|stop| *stop = urgency.max(*stop));
                if asked.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let (mut beside, mut passed_on) = (pin!(beside), pin!(passed_on));
        let mut kept = pin!(lease::keep(self.app));
        let mut runtime = pin!(runtime.run(told.clone()));
        let (mut lost, mut is_beside_over) = (None, false);
        loop {
            tokio::select! {
                ended = &mut runtime => {
                    if !is_beside_over {
                        // Cut off in a step, it would leave jobs that it has taken to nobody for a while.
                        stop.send_modify(|stop| *stop = Stopping::Drain.max(*stop));
                        let _in_time = tokio::time::timeout(STEP_MAX, &mut beside).await;
                    }
                    return match (ended, lost) {
                        (_, Some(LeaseEnd::TakenBy(holder))) => Err(lease::taken(&holder)),
                        (_, Some(LeaseEnd::Lapsed)) => Ok(SessionEnd::LeaseLapsed),
                        (ended, None) => Ok(SessionEnd::Asked(ended?)),
                    };
                }
                () = &mut beside, if !is_beside_over => is_beside_over = true,
                () = &mut passed_on => {}
                end = &mut kept, if lost.is_none() => {
                    stop.send_replace(Stopping::AtOnce);
                    lost = Some(end);
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
        RuntimeOptions {
            worker: self.app.instance.clone(),
            concurrency: self.options.concurrency.clone(),
            lease: self.app.lease(),
            drain: self.options.drain,
        }
    }
}

/// Why a session ended.
enum SessionEnd {
    /// Because it was asked to.
    Asked(Ended),
    /// Because the lease could not be extended in time.
    LeaseLapsed,
}

/// The first request lets what runs finish, the second does not.
async fn signals<T>(stop: &watch::Sender<Stopping>, output: &Output) -> T {
    let mut requests = StopRequests::listen();
    requests.next().await;
    stop.send_replace(Stopping::Drain);
    output.note("stopping: what runs is finished first; once more to stop at once");
    requests.next().await;
    stop.send_replace(Stopping::AtOnce);
    output.note("stopping at once");
    std::future::pending().await
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
