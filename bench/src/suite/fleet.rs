//! The runtime over the embedded engine: no-op jobs, and the hour of a thousand tenants.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use domain::cycle::RunStatus;
use jobs::{Clock, Envelope, Job, JobId, Limits, Priority, Queue, TenantId};
use platform::SystemClock;
use queue::{
    Engine, LiveTime, NewTask, Retention,
    embedded::{Embedded, Options, file_in},
};
use serde::{Deserialize, Serialize};
use testkit::{
    database::{Backend, FixedClock},
    redis::PrivateRedis,
};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;
use worker::{
    handlers::{self, SCHEDULES},
    runtime::{
        JobContext, JobError, JobResult, Outcome, Records, Registry, Relay, Run, Runtime,
        RuntimeOptions, Scheduler, Stopping,
    },
};

use crate::{
    database::Database,
    figure::{Aim, Printer},
    meter::{median, ms, percentile, rate},
    suite::{Suite, agent, judge, tell},
    world::{self, Size},
};

/// Jobs through one process, after which its memory has to be what it was.
const JOBS: usize = 1_000_000;
/// Jobs after which memory is read for the first time.
const WARM_UP: usize = 100_000;
/// Jobs that wait at once.
const IN_QUEUE: usize = 10_000;
/// How long a look at a worker may take.
const LOOK_MAX: Duration = Duration::from_secs(120);
/// Jobs that wait already when a process begins.
const BACKLOG: usize = 300_000;
/// How many of them it is to run in a second.
const DRAINED_MIN: f64 = 200_000.0;
/// Jobs of one call.
const BATCH: usize = 500;
/// How much more memory the second half of them may leave behind.
const GROWTH_MAX: f64 = 1.1;
/// Tenants of the hour.
const TENANTS: usize = 1_000;
/// A small customer's accounts and people: nearly all tenants are small.
const SMALL: Size = Size { clients: 5, contacts: 10, products: 5 };
/// Orders that wait for a check at each of them.
const NEW_ORDERS: usize = 2;
/// A thousand tenants' hours within the fifty minutes that they are spread over, ten times over.
const CYCLES_PER_SECOND_MIN: f64 = 1_000.0 / 300.0;
/// Jobs of a queue that run at once.
const CONCURRENCY: usize = 8;

/// Measures; recorded jobs and cycles on each of these databases.
pub async fn run(printer: &Printer, backends: &[Backend]) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    volatile(printer, Suite::Fleet, "embedded", engine(folder.path(), Arc::new(SystemClock))?)
        .await?;
    let server = PrivateRedis::start(&[])?;
    volatile(printer, Suite::Fleet, "Redis", super::queue::fleet(server.url()).await?).await?;
    for backend in backends {
        cycles(printer, &Database::open(*backend).await?).await?;
    }
    Ok(())
}

/// A job that does nothing, and says so.
#[derive(Serialize, Deserialize)]
pub(super) struct Nothing {
    pub tenant: Option<TenantId>,
}

impl Job for Nothing {
    const NAME: &'static str = "nothing";
    const QUEUE: Queue = Queue::Agent;
    const LIMITS: Limits = Limits::new(3, Duration::from_secs(60));

    fn tenant(&self) -> Option<TenantId> {
        self.tenant
    }
}

impl Run<AtomicUsize> for Nothing {
    async fn run(self, context: JobContext<AtomicUsize>) -> JobResult {
        context.app.fetch_add(1, Ordering::Relaxed);
        Ok(Outcome::Done)
    }
}

pub(super) fn engine(folder: &Path, clock: Arc<dyn Clock>) -> anyhow::Result<Arc<dyn Engine>> {
    Ok(Arc::new(Embedded::open(Options {
        path: file_in(folder),
        time: Arc::new(LiveTime::new(clock)),
        retention: Retention::default(),
        tends_itself: true,
    })?))
}

pub(super) fn options() -> RuntimeOptions {
    RuntimeOptions {
        worker: "bench".to_owned(),
        concurrency: vec![(Queue::Agent, CONCURRENCY), (Queue::Maintenance, CONCURRENCY)],
        lease: Duration::from_secs(15),
        drain: Duration::from_secs(20),
    }
}

pub(super) async fn until(is_so: impl AsyncFn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    while !is_so().await? {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// A million jobs through one process: how fast, and what they leave behind.
pub(super) async fn volatile(
    printer: &Printer,
    suite: Suite,
    name: &str,
    engine: Arc<dyn Engine>,
) -> anyhow::Result<()> {
    let done = Arc::new(AtomicUsize::new(0));
    let registry = Arc::new(Registry::new().with::<Nothing>()?);
    let runtime =
        Runtime::new(Arc::clone(&engine), registry, Arc::clone(&done), wide(IN_QUEUE / 10));
    let (stop, stopped) = watch::channel(Stopping::No);
    let feed = async {
        let mut number = 0_u128;
        let (mut half_way, mut began) = (0.0, Instant::now());
        let mut enqueued = 0;
        while enqueued < WARM_UP + JOBS {
            if enqueued == WARM_UP {
                until(async || Ok(done.load(Ordering::Relaxed) == WARM_UP)).await?;
                began = Instant::now();
            }
            if enqueued == WARM_UP + JOBS / 2 {
                half_way = resident_mib()?;
            }
            while IN_QUEUE < enqueued - done.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let tasks: anyhow::Result<Vec<NewTask>> =
                (0..BATCH).map(|_| task(&mut number)).collect();
            engine.enqueue(tasks?).await?;
            enqueued += BATCH;
        }
        until(async || Ok(done.load(Ordering::Relaxed) == enqueued)).await?;
        let per_second = rate(u64::try_from(JOBS)?, began.elapsed());
        let memory = (half_way, resident_mib()?);
        stop.send_replace(Stopping::Drain);
        anyhow::Ok((per_second, memory))
    };
    let (ended, fed) = tokio::join!(runtime.run(stopped), feed);
    let (per_second, (before, after)) = fed?;
    ended?;
    let measure = format!("{name}: 1,000,000 no-op jobs enqueued and run, one process");
    tell(printer, suite, measure, per_second, "jobs/s")?;
    tell(printer, suite, format!("{name}: memory of the process"), after, "MiB")?;
    let measure = format!("{name}: memory after 1,000,000 jobs, as a multiple of that after half");
    judge(printer, suite, measure, after / before, "×", Aim::AtMost(GROWTH_MAX))
}

/// A job that says when it began.
#[derive(Serialize, Deserialize)]
struct Awaited;

impl Job for Awaited {
    const NAME: &'static str = "awaited";
    const QUEUE: Queue = Queue::Agent;
    const LIMITS: Limits = Limits::new(3, Duration::from_secs(60));

    fn tenant(&self) -> Option<TenantId> {
        None
    }
}

impl Run<mpsc::Sender<Instant>> for Awaited {
    async fn run(self, context: JobContext<mpsc::Sender<Instant>>) -> JobResult {
        context.app.send(Instant::now()).await.map_err(JobError::retry)?;
        Ok(Outcome::Done)
    }
}

/// How soon a worker that has nothing to do begins a job.
pub(super) async fn picked_up(
    printer: &Printer,
    name: &str,
    engine: Arc<dyn Engine>,
    count: usize,
    idle: Duration,
) -> anyhow::Result<()> {
    let (tell_begin, mut begun) = mpsc::channel(1);
    let registry = Arc::new(Registry::new().with::<Awaited>()?);
    let runtime = Runtime::new(Arc::clone(&engine), registry, Arc::new(tell_begin), options());
    let (stop, stopped) = watch::channel(Stopping::No);
    let look = async {
        let looked = async {
            let mut waits = Vec::with_capacity(count);
            for number in 1..=count {
                tokio::time::sleep(idle).await;
                let id = JobId::from_uuid(Uuid::from_u128(u128::try_from(number)?));
                let envelope = Envelope::seal(id, &Awaited, world::now())?;
                let body = envelope.to_bytes()?;
                let mut task = task(&mut 0)?;
                task = NewTask { id, name: Awaited::NAME.to_owned(), tenant: None, body, ..task };
                let came = Instant::now();
                engine.enqueue(vec![task]).await?;
                let at = begun.recv().await.context("the worker is gone")?;
                waits.push(at.duration_since(came));
            }
            anyhow::Ok(waits)
        };
        let looked = tokio::time::timeout(LOOK_MAX, looked).await;
        // In every case: whoever runs the jobs waits for it.
        stop.send_replace(Stopping::Drain);
        looked?
    };
    let (ended, waits) = tokio::join!(runtime.run(stopped), look);
    ended?;
    let waits = waits?;
    let measure = format!("{name}: enqueued to started by a worker, nothing else happening");
    tell(printer, Suite::Peers, format!("{measure}, p50"), ms(median(&waits)), "ms")?;
    tell(printer, Suite::Peers, format!("{measure}, p99"), ms(percentile(&waits, 99)), "ms")
}

/// Jobs that wait already, through one process.
pub(super) async fn drained(
    printer: &Printer,
    suite: Suite,
    name: &str,
    engine: Arc<dyn Engine>,
) -> anyhow::Result<()> {
    let mut number = u128::from(u64::MAX);
    for _ in 0..BACKLOG / BATCH {
        let tasks: anyhow::Result<Vec<NewTask>> = (0..BATCH).map(|_| task(&mut number)).collect();
        engine.enqueue(tasks?).await?;
    }
    let done = Arc::new(AtomicUsize::new(0));
    let registry = Arc::new(Registry::new().with::<Nothing>()?);
    let (stop, stopped) = watch::channel(Stopping::No);
    let began = Instant::now();
    let runtime = Runtime::new(engine, registry, Arc::clone(&done), wide(IN_QUEUE / 10));
    let work = async {
        until(async || Ok(done.load(Ordering::Relaxed) == BACKLOG)).await?;
        let per_second = rate(u64::try_from(BACKLOG)?, began.elapsed());
        stop.send_replace(Stopping::Drain);
        anyhow::Ok(per_second)
    };
    let (ended, per_second) = tokio::join!(runtime.run(stopped), work);
    ended?;
    let measure = format!("{name}: 300,000 no-op jobs that waited, run, one process");
    judge(printer, suite, measure, per_second?, "jobs/s", Aim::AtLeast(DRAINED_MIN))
}

fn wide(concurrency: usize) -> RuntimeOptions {
    RuntimeOptions { concurrency: vec![(Queue::Agent, concurrency)], ..options() }
}

fn task(number: &mut u128) -> anyhow::Result<NewTask> {
    *number += 1;
    let id = JobId::from_uuid(Uuid::from_u128(*number));
    let tenant = TenantId::from_uuid(Uuid::from_u128(*number % 50 + 1));
    let envelope = Envelope::seal(id, &Nothing { tenant: Some(tenant) }, world::now())?;
    Ok(NewTask {
        id,
        queue: Queue::Agent,
        name: Nothing::NAME.to_owned(),
        tenant: Some(tenant),
        priority: Priority::default(),
        run_at: None,
        unique: None,
        body: envelope.to_bytes()?,
    })
}

fn resident_mib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("no /proc to read")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1_024.0)
}

/// The hour of a thousand small tenants, from the schedule to the last work block.
async fn cycles(printer: &Printer, database: &Database) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let clock = Arc::new(FixedClock::new(world::now()));
    let engine = engine(folder.path(), Arc::clone(&clock) as Arc<_>)?;
    let mut tenants = Vec::with_capacity(TENANTS);
    for number in 0..TENANTS {
        let mut world = world::furnish(&database.store, &format!("small-{number}"), SMALL).await?;
        world.add_new_orders(&database.store, NEW_ORDERS).await?;
        tenants.push(world.tenant.id);
    }
    if database.is_server() {
        database.analyze().await?;
    }
    let app =
        Arc::new(handlers::App { agent: agent(database, &clock, folder.path()), ended: None });
    let registry = Arc::new(handlers::registry()?);
    let store = database.store.clone();
    let records = Records::new(
        store.clone(),
        Arc::clone(&clock) as Arc<_>,
        Arc::clone(&registry),
        Arc::clone(&app),
    );
    let relay = Relay::new(records.clone(), Arc::clone(&engine));
    let runtime = Runtime::new(engine, registry, app, options()).with_records(records);
    let scheduler = Scheduler::new(store.clone(), clock as Arc<_>, &SCHEDULES[..1])?.at_once();
    let (stop, stopped) = watch::channel(Stopping::No);
    let gauge = database.gauge();
    let began = Instant::now();
    let work = async {
        let pass = scheduler.pass().await?;
        ensure!(pass.recorded == TENANTS, "each tenant has an hour to run");
        let recorded = began.elapsed();
        for tenant in &tenants {
            let scope = store.tenant(*tenant);
            until(async || {
                let run = scope.find_latest_run().await?;
                Ok(run.is_some_and(|run| run.status == RunStatus::Completed))
            })
            .await?;
        }
        let (took, bill) = (began.elapsed(), gauge.read());
        stop.send_replace(Stopping::Drain);
        anyhow::Ok((recorded, took, bill))
    };
    let (ended, (), work) = tokio::join!(runtime.run(stopped.clone()), relay.run(stopped), work);
    ended?;
    let (recorded, took, bill) = work?;
    let name = database.name;
    let measure = format!("the schedules of 1,000 tenants recorded, {name}");
    tell(printer, Suite::Fleet, measure, ms(recorded), "ms")?;
    let each = |spent: Duration| ms(spent) / f64::from(u32::try_from(TENANTS).unwrap_or(u32::MAX));
    let measure = format!("processor of a small tenant's cycle, {name}");
    tell(printer, Suite::Fleet, measure, each(bill.all_processors()), "ms")?;
    if database.is_server() {
        let measure = format!("processor of a small tenant's cycle, of which the server, {name}");
        tell(printer, Suite::Fleet, measure, each(bill.server), "ms")?;
    }
    let measure = format!("cycles of 1,000 small tenants, {name}");
    let aim = Aim::AtLeast(CYCLES_PER_SECOND_MIN);
    judge(printer, Suite::Fleet, measure, rate(u64::try_from(TENANTS)?, took), "cycles/s", aim)
}
