//! The embedded engine: no-op jobs, kept, handed out and taken back, each step written to the file.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use jobs::{JobId, Priority, Queue, TenantId};
use platform::SystemClock;
use queue::{
    Claim, Engine, LiveTime, NewTask, Retention, Settlement, Verdict,
    embedded::{Embedded, Options, file_in},
};
use uuid::Uuid;

use crate::{
    figure::{Aim, Printer},
    meter::{median, ms, percentile},
    suite::{Suite, judge, tell},
};

/// Jobs of a run.
const JOBS: usize = 100_000;
/// Jobs that wait beside them in the large run.
const BACKLOG: usize = 1_000_000;
/// Jobs of one call.
const BATCH: usize = 256;
/// Tenants that they belong to.
const TENANTS: usize = 50;
/// Bytes of a payload.
const BODY: usize = 150;
/// Callers that enqueue one job at a time.
const CALLERS: usize = 32;
/// Jobs that they enqueue.
const SINGLES: usize = 20_000;
/// Jobs that are picked up while nothing else happens.
const PICK_UPS: usize = 500;
/// "Enough" for one process: a thousand tenants' hours in a second.
const PER_SECOND_MIN: f64 = 10_000.0;
/// Milliseconds from enqueueing to the start, while nothing else happens.
const PICK_UP_MS_MAX: f64 = 5.0;

/// Measures, on a file of its own.
pub async fn run(printer: &Printer) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let engine = Arc::new(Embedded::open(Options {
        path: file_in(folder.path()),
        time: Arc::new(LiveTime::new(Arc::new(SystemClock))),
        retention: Retention::default(),
        tends_itself: true,
    })?);
    let mut ids = Ids::default();
    pick_up(printer, &engine, &mut ids).await?;
    singles(printer, &engine, &mut ids).await?;
    process(&engine, SINGLES).await?;
    for name in ["few queued", "the same again"] {
        let kept = fill(&engine, &mut ids, JOBS).await?;
        tell(printer, Suite::Queue, format!("enqueued in bulk, {name}"), kept, "jobs/s")?;
        let done = process(&engine, JOBS).await?;
        let measure = format!("claimed and settled, {name}");
        judge(printer, Suite::Queue, measure, done, "jobs/s", Aim::AtLeast(PER_SECOND_MIN))?;
    }
    let kept = fill(&engine, &mut ids, BACKLOG).await?;
    tell(printer, Suite::Queue, "enqueued in bulk, up to 1,000,000 queued", kept, "jobs/s")?;
    let done = process(&engine, JOBS).await?;
    let aim = Aim::AtLeast(PER_SECOND_MIN);
    judge(printer, Suite::Queue, "claimed and settled, 1,000,000 queued", done, "jobs/s", aim)?;
    let asked = Instant::now();
    engine.stats(Queue::Agent).await?;
    tell(printer, Suite::Queue, "figures of 1,000,000 queued", ms(asked.elapsed()), "ms")?;
    let bytes = std::fs::metadata(file_in(folder.path())).context("the queue's file")?.len();
    let per_job = u32::try_from(bytes / u64::try_from(BACKLOG - JOBS)?)?;
    tell(printer, Suite::Queue, "file, for each queued job", f64::from(per_job), "bytes")
}

/// Ids in the order of time, as they are in life.
#[derive(Default)]
struct Ids(u128);

impl Ids {
    fn task(&mut self) -> NewTask {
        self.0 += 1;
        let tenant = u128::try_from(TENANTS).map_or(1, |tenants| self.0 % tenants + 1);
        NewTask {
            id: JobId::from_uuid(Uuid::from_u128(self.0)),
            queue: Queue::Agent,
            name: "no_op".to_owned(),
            tenant: Some(TenantId::from_uuid(Uuid::from_u128(tenant))),
            priority: Priority::default(),
            run_at: None,
            unique: None,
            body: vec![b'x'; BODY],
        }
    }
}

fn rate(count: usize, began: Instant) -> f64 {
    let count = u32::try_from(count).map_or(f64::INFINITY, f64::from);
    count / began.elapsed().as_secs_f64()
}

async fn fill(engine: &Embedded, ids: &mut Ids, count: usize) -> anyhow::Result<f64> {
    let began = Instant::now();
    let mut left = count;
    while 0 < left {
        let batch = left.min(BATCH);
        engine.enqueue((0..batch).map(|_| ids.task()).collect()).await?;
        left -= batch;
    }
    Ok(rate(count, began))
}

/// Claims and settles so many jobs: the next are claimed while the last are settled, as a worker does.
async fn process(engine: &Embedded, count: usize) -> anyhow::Result<f64> {
    let began = Instant::now();
    let mut done = 0;
    let mut settlements: Vec<Settlement> = Vec::new();
    while done < count {
        let batch = BATCH.min(count - done);
        let settle = engine.settle(std::mem::take(&mut settlements));
        let (claimed, settled) = tokio::try_join!(engine.claim(claim(batch)), settle)?;
        ensure!(settled.iter().all(|it| *it == queue::Settled::Written), "a lease was lost");
        ensure!(!claimed.tasks.is_empty(), "there are fewer jobs than were enqueued");
        done += claimed.tasks.len();
        settlements = claimed
            .tasks
            .iter()
            .map(|task| Settlement { lease: task.lease, verdict: Verdict::Completed })
            .collect();
    }
    engine.settle(settlements).await?;
    Ok(rate(count, began))
}

fn claim(max: usize) -> Claim<'static> {
    let lease = Duration::from_secs(15);
    Claim { queue: Queue::Agent, worker: "bench", max, lease, is_idle: false }
}

async fn singles(printer: &Printer, engine: &Arc<Embedded>, ids: &mut Ids) -> anyhow::Result<()> {
    let alone = SINGLES / 10;
    let began = Instant::now();
    for _ in 0..alone {
        engine.enqueue(vec![ids.task()]).await?;
    }
    let measure = "enqueued one by one, one caller";
    tell(printer, Suite::Queue, measure, rate(alone, began), "jobs/s")?;
    let began = Instant::now();
    let mut callers = tokio::task::JoinSet::new();
    let each = (SINGLES - alone) / CALLERS;
    let rest = SINGLES - alone - each * CALLERS;
    for _ in 0..CALLERS {
        let engine = Arc::clone(engine);
        let tasks: Vec<NewTask> = (0..each).map(|_| ids.task()).collect();
        callers.spawn(async move {
            for task in tasks {
                engine.enqueue(vec![task]).await?;
            }
            Ok::<(), queue::QueueError>(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    let measure = "enqueued one by one, 32 callers";
    tell(printer, Suite::Queue, measure, rate(each * CALLERS, began), "jobs/s")?;
    for _ in 0..rest {
        engine.enqueue(vec![ids.task()]).await?;
    }
    Ok(())
}

/// How long a job that comes while nothing happens waits until a worker has it.
async fn pick_up(printer: &Printer, engine: &Embedded, ids: &mut Ids) -> anyhow::Result<()> {
    let mut waits = Vec::with_capacity(PICK_UPS);
    for _ in 0..PICK_UPS {
        tokio::time::sleep(Duration::from_millis(2)).await;
        let task = ids.task();
        let began = Instant::now();
        let enqueue = async {
            engine.enqueue(vec![task]).await?;
            Ok::<(), queue::QueueError>(())
        };
        let work = async {
            loop {
                engine.ready(Queue::Agent).await;
                let mut claimed = engine.claim(claim(1)).await?;
                if let Some(task) = claimed.tasks.pop() {
                    return Ok::<_, queue::QueueError>((began.elapsed(), task.lease));
                }
            }
        };
        let (_, (wait, lease)) = tokio::try_join!(enqueue, work)?;
        waits.push(wait);
        engine.settle(vec![Settlement { lease, verdict: Verdict::Completed }]).await?;
    }
    let measure = "enqueued to started, nothing else happening, p50";
    tell(printer, Suite::Queue, measure, ms(median(&waits)), "ms")?;
    let aim = Aim::AtMost(PICK_UP_MS_MAX);
    let p99 = ms(percentile(&waits, 99));
    judge(printer, Suite::Queue, "enqueued to started, nothing else happening, p99", p99, "ms", aim)
}
