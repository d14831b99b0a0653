//! The engines: no-op jobs, kept, handed out and taken back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use jobs::{JobId, Priority, Queue, TenantId};
use platform::SystemClock;
use queue::{
    Claim, Engine, Leased, LiveTime, NewTask, Retention, Settlement, Verdict,
    embedded::{Embedded, Options, file_in},
    fleet::{self, Fleet},
};
use testkit::{proxy::Proxy, redis::PrivateRedis};
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
/// What an engine is to reach.
pub(super) struct Aims {
    /// Claimed and settled in a second.
    processed: f64,
    /// Enqueued in a second, many at once.
    bulk: Option<f64>,
    /// Enqueued in a second, one by one: by one caller, by many.
    singles: Option<(f64, f64)>,
    /// Milliseconds from enqueueing to the start, while nothing else happens.
    pick_up_ms: f64,
}

/// "Enough" for one process: a thousand tenants' hours in a second.
const EMBEDDED: Aims = Aims { processed: 10_000.0, bulk: None, singles: None, pick_up_ms: 5.0 };
/// The figures of the fleet.
pub(super) const FLEET: Aims = Aims {
    processed: 200_000.0,
    bulk: Some(300_000.0),
    singles: Some((20_000.0, 80_000.0)),
    pick_up_ms: 3.0,
};

/// Measures: the embedded engine on a file of its own, and the fleet's on a server of its own.
pub async fn run(printer: &Printer) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let engine = Arc::new(Embedded::open(Options {
        path: file_in(folder.path()),
        time: Arc::new(LiveTime::new(Arc::new(SystemClock))),
        retention: Retention::default(),
        tends_itself: true,
    })?);
    let lab = Lab { printer, suite: Suite::Queue, name: "embedded", engine, aims: &EMBEDDED };
    lab.run().await?;
    let bytes = std::fs::metadata(file_in(folder.path())).context("the queue's file")?.len();
    let per_job = u32::try_from(bytes / u64::try_from(BACKLOG - JOBS)?)?;
    let measure = "embedded: file, for each queued job";
    tell(printer, Suite::Queue, measure, f64::from(per_job), "bytes")?;
    drop(lab);

    let server = PrivateRedis::start(&[])?;
    let engine = fleet(server.url()).await?;
    let lab = Lab { printer, suite: Suite::Queue, name: "Redis", engine, aims: &FLEET };
    let floor = floor(server.url()).await?;
    lab.figure("the bare server: pushed, moved and removed again", floor, None)?;
    let alone = floor_alone(server.url()).await?;
    lab.figure("the bare server: set one by one, one caller", alone, None)?;
    let before = used(server.url()).await?;
    let processed = lab.run().await?;
    let per_job = (used(server.url()).await? - before) / rate_of(BACKLOG - JOBS);
    let measure = "Redis: memory of the server, for each queued job beyond its body";
    let beyond = per_job - rate_of(BODY);
    judge(printer, Suite::Queue, measure, beyond, "bytes", Aim::AtMost(300.0))?;
    let measure = "Redis: claimed and settled, as a share of the bare server";
    judge(printer, Suite::Queue, measure, processed / floor, "×", Aim::AtLeast(1.0 / 3.0))?;
    lab.neighbour(&mut Ids(u128::from(u64::MAX))).await?;
    drop(lab);
    server.flush()?;

    let (line, url) = Proxy::before(server.url())?;
    let engine = fleet(&url).await?;
    line.delay(Duration::from_millis(1));
    let lab = Lab { printer, suite: Suite::Queue, name: "Redis, 1 ms away", engine, aims: &FAR };
    lab.far().await
}

/// Jobs through the bare server: pushed to one list, moved to another, removed from that.
pub(super) async fn floor(url: &str) -> anyhow::Result<f64> {
    let client = redis::Client::open(url)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let body = vec![b'x'; BODY];
    let began = Instant::now();
    for _ in 0..JOBS / BATCH {
        let mut pipe = redis::pipe();
        for _ in 0..BATCH {
            pipe.lpush("floor", &body).ignore();
        }
        for _ in 0..BATCH {
            pipe.cmd("LMOVE").arg(&["floor", "taken", "RIGHT", "RIGHT"]).ignore();
        }
        for _ in 0..BATCH {
            pipe.lrem("taken", 1, &body).ignore();
        }
        pipe.query_async::<()>(&mut connection).await?;
    }
    Ok(rate(JOBS / BATCH * BATCH, began))
}

/// One command after the other through the bare server.
async fn floor_alone(url: &str) -> anyhow::Result<f64> {
    let client = redis::Client::open(url)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let body = vec![b'x'; BODY];
    let began = Instant::now();
    for _ in 0..SINGLES / 10 {
        redis::cmd("SET").arg("floor").arg(&body).query_async::<()>(&mut connection).await?;
    }
    Ok(rate(SINGLES / 10, began))
}

/// Bytes that a server uses.
async fn used(url: &str) -> anyhow::Result<f64> {
    let client = redis::Client::open(url)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let info: String = redis::cmd("INFO").arg("memory").query_async(&mut connection).await?;
    let line = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    Ok(line.context("the server says nothing of its memory")?.trim().parse()?)
}

/// The fleet's engine on a server.
pub async fn fleet(url: &str) -> anyhow::Result<Arc<dyn Engine>> {
    let engine = Fleet::open(fleet::Options {
        url: url.to_owned(),
        prefix: fleet::PREFIX.to_owned(),
        retention: Retention::default(),
        tends_itself: true,
        together_min: fleet::TOGETHER_MIN,
        clock: Arc::new(SystemClock),
        times: None,
    });
    Ok(Arc::new(engine.await?))
}

/// An engine, and what it is to reach.
pub(super) struct Lab<'a> {
    pub printer: &'a Printer,
    pub suite: Suite,
    pub name: &'static str,
    pub engine: Arc<dyn Engine>,
    pub aims: &'a Aims,
}

impl Lab<'_> {
    /// All that is measured of every engine; gives jobs claimed and settled in a second.
    async fn run(&self) -> anyhow::Result<f64> {
        let mut processed: f64 = 0.0;
        let engine = self.engine.as_ref();
        let mut ids = Ids::default();
        self.pick_up(&mut ids).await?;
        self.singles(&mut ids).await?;
        process(engine, SINGLES).await?;
        for name in ["few queued", "the same again"] {
            let kept = fill(engine, &mut ids, JOBS).await?;
            self.figure(&format!("enqueued in bulk, {name}"), kept, self.aims.bulk)?;
            let done = process(engine, JOBS).await?;
            let measure = format!("claimed and settled, {name}");
            self.figure(&measure, done, Some(self.aims.processed))?;
            processed = processed.max(done);
        }
        let kept = fill(engine, &mut ids, BACKLOG).await?;
        self.figure("enqueued in bulk, up to 1,000,000 queued", kept, self.aims.bulk)?;
        let done = process(engine, JOBS).await?;
        self.figure("claimed and settled, 1,000,000 queued", done, Some(self.aims.processed))?;
        let asked = Instant::now();
        engine.stats(Queue::Agent).await?;
        let measure = format!("{}: figures of 1,000,000 queued", self.name);
        tell(self.printer, self.suite, measure, ms(asked.elapsed()), "ms")?;
        Ok(processed)
    }

    /// How soon jobs are taken and picked up, and nothing else.
    pub async fn enqueueing(&self) -> anyhow::Result<()> {
        let mut ids = Ids::default();
        self.pick_up(&mut ids).await?;
        self.singles(&mut ids).await?;
        let kept = fill(self.engine.as_ref(), &mut ids, JOBS).await?;
        self.figure("enqueued in bulk, one caller", kept, self.aims.bulk)
    }

    /// What a server that is not on this machine costs: several callers share the way.
    async fn far(&self) -> anyhow::Result<()> {
        let mut ids = Ids::default();
        let began = Instant::now();
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..LANES {
            let (engine, tasks) = (Arc::clone(&self.engine), ids.tasks(JOBS / LANES));
            callers.spawn(async move {
                for some in tasks.chunks(BATCH) {
                    engine.enqueue(some.to_vec()).await?;
                }
                Ok::<(), queue::QueueError>(())
            });
        }
        while let Some(done) = callers.join_next().await {
            done??;
        }
        self.figure("enqueued in bulk, 4 callers", rate(JOBS, began), self.aims.bulk)?;
        let began = Instant::now();
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..LANES {
            let engine = Arc::clone(&self.engine);
            workers.spawn(async move { process(engine.as_ref(), JOBS / LANES).await });
        }
        while let Some(done) = workers.join_next().await {
            done??;
        }
        let measure = "claimed and settled, 4 at once";
        self.figure(measure, rate(JOBS, began), Some(self.aims.processed))
    }

    /// How much later a tenant's only job begins while another tenant has a hundred thousand waiting.
    async fn neighbour(&self, ids: &mut Ids) -> anyhow::Result<()> {
        let engine = self.engine.as_ref();
        let quiet = TenantId::from_uuid(Uuid::from_u128(u128::MAX));
        let mut waits = [Vec::new(), Vec::new()];
        for (round, waits) in waits.iter_mut().enumerate() {
            if round == 1 {
                let loud = Some(TenantId::from_uuid(Uuid::from_u128(1)));
                let of_loud = |it| NewTask { queue: Queue::Bulk, tenant: loud, ..it };
                let flood: Vec<NewTask> = ids.tasks(JOBS).into_iter().map(of_loud).collect();
                for some in flood.chunks(BATCH) {
                    engine.enqueue(some.to_vec()).await?;
                }
            }
            for _ in 0..PICK_UPS / 5 {
                let task = NewTask { tenant: Some(quiet), queue: Queue::Bulk, ..ids.task() };
                let (id, began) = (task.id, Instant::now());
                engine.enqueue(vec![task]).await?;
                loop {
                    let claimed = engine.claim(Claim { queue: Queue::Bulk, ..claim(2) }).await?;
                    let is_there = claimed.tasks.iter().any(|it| it.lease.id == id);
                    if is_there {
                        waits.push(began.elapsed());
                    }
                    engine.settle(done(&claimed.tasks)).await?;
                    if is_there {
                        break;
                    }
                }
            }
        }
        let [alone, beside] = waits.map(|it| ms(percentile(&it, 99)));
        let measure = format!(
            "{}: a tenant's wait beside another one's 100,000 jobs, as a multiple of that on an idle queue, p99",
            self.name
        );
        judge(self.printer, self.suite, measure, beside / alone, "×", Aim::AtMost(2.0))
    }

    /// Prints jobs in a second, beside the least that they are to be.
    fn figure(&self, measure: &str, per_second: f64, least: Option<f64>) -> anyhow::Result<()> {
        let measure = format!("{}: {measure}", self.name);
        match least {
            Some(least) => {
                let aim = Aim::AtLeast(least);
                judge(self.printer, self.suite, measure, per_second, "jobs/s", aim)
            }
            None => tell(self.printer, self.suite, measure, per_second, "jobs/s"),
        }
    }

    async fn singles(&self, ids: &mut Ids) -> anyhow::Result<()> {
        let alone = SINGLES / 10;
        let began = Instant::now();
        for _ in 0..alone {
            self.engine.enqueue(vec![ids.task()]).await?;
        }
        let aims = self.aims.singles.unzip();
        self.figure("enqueued one by one, one caller", rate(alone, began), aims.0)?;
        let began = Instant::now();
        let mut callers = tokio::task::JoinSet::new();
        let each = (SINGLES - alone) / CALLERS;
        let rest = SINGLES - alone - each * CALLERS;
        for _ in 0..CALLERS {
            let engine = Arc::clone(&self.engine);
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
        self.figure("enqueued one by one, 32 callers", rate(each * CALLERS, began), aims.1)?;
        for _ in 0..rest {
            self.engine.enqueue(vec![ids.task()]).await?;
        }
        Ok(())
    }

    /// How long a job that comes while nothing happens waits until a worker has it.
    async fn pick_up(&self, ids: &mut Ids) -> anyhow::Result<()> {
        let engine = self.engine.as_ref();
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
        let measure = format!("{}: enqueued to started, nothing else happening", self.name);
        tell(self.printer, self.suite, format!("{measure}, p50"), ms(median(&waits)), "ms")?;
        let aim = Aim::AtMost(self.aims.pick_up_ms);
        let p99 = ms(percentile(&waits, 99));
        judge(self.printer, self.suite, format!("{measure}, p99"), p99, "ms", aim)
    }
}

/// The same for a server that is a millisecond away.
const FAR: Aims = Aims { processed: 120_000.0, bulk: None, singles: None, pick_up_ms: 10.0 };
/// Callers that share the way to a server that is far away.
const LANES: usize = 4;

/// Ids in the order of time, as they are in life.
#[derive(Default)]
struct Ids(u128);

impl Ids {
    fn tasks(&mut self, count: usize) -> Vec<NewTask> {
        (0..count).map(|_| self.task()).collect()
    }

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

fn rate_of(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

fn rate(count: usize, began: Instant) -> f64 {
    rate_of(count) / began.elapsed().as_secs_f64()
}

async fn fill(engine: &dyn Engine, ids: &mut Ids, count: usize) -> anyhow::Result<f64> {
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
async fn process(engine: &dyn Engine, count: usize) -> anyhow::Result<f64> {
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
        settlements = self::done(&claimed.tasks);
    }
    engine.settle(settlements).await?;
    Ok(rate(count, began))
}

fn done(tasks: &[Leased]) -> Vec<Settlement> {
    let done = |task: &Leased| Settlement { lease: task.lease, verdict: Verdict::Completed };
    tasks.iter().map(done).collect()
}

fn claim(max: usize) -> Claim<'static> {
    let lease = Duration::from_secs(15);
    Claim { queue: Queue::Agent, worker: "bench", max, lease, is_idle: false }
}
