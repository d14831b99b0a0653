//! Whether tenants feel each other: jobs that take their time, run by a process, of one tenant alone and beside another
//! one's flood.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jobs::{Clock, Envelope, Job, JobId, Limits, Priority, Queue, TenantId};
use platform::SystemClock;
use queue::{Engine, LineLimits, NewTask};
use serde::{Deserialize, Serialize};
use testkit::redis::PrivateRedis;
use tokio::sync::{Notify, watch};
use uuid::Uuid;
use worker::runtime::{
    JobContext, JobResult, Outcome, Registry, Run, Runtime, RuntimeOptions, Stopping,
};

use super::{fleet, queue as engines};
use crate::{
    figure::{Aim, Printer},
    meter::{median, ms, percentile},
    suite::{Suite, judge, tell},
};

/// Jobs of the tenant that floods the queue.
const FLOOD: usize = 100_000;
/// Jobs of one call.
const BATCH: usize = 500;
/// Jobs of the quiet tenant, one after the other.
const CALM: usize = 300;
/// How long a job takes.
const TAKES: Duration = Duration::from_millis(5);
/// Jobs that the process runs at once.
const AT_ONCE: usize = 4;
/// How much longer a tenant may wait beside a flood.
const LONGER_MAX: f64 = 2.0;
/// What two tenants with jobs enough are given: one turn to the first for each of so many to the second.
const WEIGHT: u32 = 3;
/// How long all of it may take on one engine.
const LOOK_MAX: Duration = Duration::from_secs(300);
/// Jobs after which their shares are counted.
const SHARED: usize = 2_000;

/// Measures: the embedded engine, and the fleet's.
pub async fn run(printer: &Printer) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let engine = fleet::engine(folder.path(), Arc::new(SystemClock))?;
    measure(printer, "embedded", engine).await?;
    let server = PrivateRedis::start(&[])?;
    measure(printer, "Redis", engines::fleet(server.url()).await?).await
}

/// A job that takes its time.
#[derive(Serialize, Deserialize)]
struct Timed {
    tenant: TenantId,
}

impl Job for Timed {
    const NAME: &'static str = "timed";
    const QUEUE: Queue = Queue::Agent;
    const LIMITS: Limits = Limits::new(3, Duration::from_secs(60));

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant)
    }
}

/// When jobs began, and how many of each tenant.
#[derive(Default)]
struct Book {
    begun: Mutex<HashMap<JobId, Instant>>,
    shares: Mutex<HashMap<TenantId, usize>>,
    told: Notify,
}

impl Run<Book> for Timed {
    async fn run(self, context: JobContext<Book>) -> JobResult {
        let book = &context.app;
        let now = Instant::now();
        book.begun.lock().unwrap_or_else(PoisonError::into_inner).insert(context.id, now);
        *book.shares().entry(self.tenant).or_default() += 1;
        book.told.notify_one();
        tokio::time::sleep(TAKES).await;
        Ok(Outcome::Done)
    }
}

impl Book {
    fn shares(&self) -> std::sync::MutexGuard<'_, HashMap<TenantId, usize>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn begin_of(&self, id: JobId) -> Instant {
        loop {
            if let Some(at) = self.begun.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
            {
                return at;
            }
            self.told.notified().await;
        }
    }
}

fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

fn task(number: &mut u128, tenant: TenantId) -> anyhow::Result<NewTask> {
    *number += 1;
    let id = JobId::from_uuid(Uuid::from_u128(*number));
    let envelope = Envelope::seal(id, &Timed { tenant }, SystemClock.now())?;
    Ok(NewTask {
        id,
        queue: Queue::Agent,
        name: Timed::NAME.to_owned(),
        tenant: Some(tenant),
        priority: Priority::default(),
        run_at: None,
        unique: None,
        body: envelope.to_bytes()?,
    })
}

async fn flood(
    engine: &dyn Engine,
    number: &mut u128,
    of: TenantId,
    count: usize,
) -> anyhow::Result<()> {
    for _ in 0..count / BATCH {
        let tasks: anyhow::Result<Vec<_>> = (0..BATCH).map(|_| task(number, of)).collect();
        engine.enqueue(tasks?).await?;
    }
    Ok(())
}

/// How long the quiet tenant's jobs waited, one after the other.
async fn waits(
    engine: &dyn Engine,
    book: &Book,
    number: &mut u128,
) -> anyhow::Result<Vec<Duration>> {
    let mut all = Vec::with_capacity(CALM);
    for _ in 0..CALM {
        let task = task(number, tenant(1))?;
        let (id, came) = (task.id, Instant::now());
        engine.enqueue(vec![task]).await?;
        all.push(book.begin_of(id).await.duration_since(came));
        tokio::time::sleep(TAKES).await;
    }
    Ok(all)
}

async fn measure(printer: &Printer, name: &str, engine: Arc<dyn Engine>) -> anyhow::Result<()> {
    let book = Arc::new(Book::default());
    let registry = Arc::new(Registry::new().with::<Timed>()?);
    let options = RuntimeOptions {
        worker: "bench".to_owned(),
        concurrency: vec![(Queue::Agent, AT_ONCE)],
        lease: Duration::from_secs(15),
        drain: Duration::ZERO,
    };
    let runtime = Runtime::new(Arc::clone(&engine), registry, Arc::clone(&book), options);
    let (stop, stopped) = watch::channel(Stopping::No);
    let look = async {
        let looked = async {
            let mut number = 0;
            let alone = waits(engine.as_ref(), &book, &mut number).await?;
            flood(engine.as_ref(), &mut number, tenant(2), FLOOD).await?;
            let beside = waits(engine.as_ref(), &book, &mut number).await?;
            engine
                .set_limits(
                    Queue::Agent,
                    Some(tenant(3)),
                    Some(LineLimits { weight: WEIGHT, ..LineLimits::default() }),
                )
                .await?;
            flood(engine.as_ref(), &mut number, tenant(3), SHARED * 2).await?;
            book.shares().clear();
            loop {
                let begun: usize = book.shares().values().sum();
                if SHARED <= begun {
                    break;
                }
                book.told.notified().await;
            }
            let share = |of| book.shares().get(&tenant(of)).copied().unwrap_or(0);
            let (first, second) = (u32::try_from(share(2))?, u32::try_from(share(3))?);
            anyhow::Ok((alone, beside, f64::from(second) / f64::from(first)))
        };
        let looked = tokio::time::timeout(LOOK_MAX, looked).await;
        // In every case: whoever runs the jobs waits for it.
        stop.send_replace(Stopping::AtOnce);
        looked?
    };
    let (ended, looked) = tokio::join!(runtime.run(stopped), look);
    ended?;
    let (alone, beside, shares) = looked?;
    let told = |measure: &str, value, unit| {
        tell(printer, Suite::Fairness, format!("{name}: {measure}"), value, unit)
    };
    told("a tenant's wait on an idle queue, p50", ms(median(&alone)), "ms")?;
    told("a tenant's wait on an idle queue, p99", ms(percentile(&alone, 99)), "ms")?;
    told("the same beside another one's 100,000 jobs of 5 ms, p50", ms(median(&beside)), "ms")?;
    told(
        "the same beside another one's 100,000 jobs of 5 ms, p99",
        ms(percentile(&beside, 99)),
        "ms",
    )?;
    let longer = (ms(percentile(&beside, 99)) - ms(TAKES)) / ms(percentile(&alone, 99));
    let measure =
        format!("{name}: p99 beyond one job's length, as a multiple of that on an idle queue");
    judge(printer, Suite::Fairness, measure, longer.max(0.0), "×", Aim::AtMost(LONGER_MAX))?;
    told("jobs of a tenant of weight 3 for each of one of weight 1", shares, "×")
}
