//! The engine beside its peers and the bare server, in one run on one server: apalis-redis in this process, and BullMQ
//! where `npm install` was done in `bench/peers/bullmq`.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use apalis_core::{
    backend::TaskSink, error::BoxDynError, worker::builder::WorkerBuilder,
    worker::ext::parallelize::ParallelizeExt,
};
use apalis_redis::{Config, RedisStorage};
use serde::{Deserialize, Serialize};
use testkit::redis::PrivateRedis;

use super::{fleet, queue};
use crate::{
    figure::{Figure, Printer},
    meter::{median, ms, percentile, rate},
    suite::{Suite, tell},
};

/// Jobs that apalis-redis runs: 8,000 that are due would wedge it.
const JOBS: usize = 50_000;
/// Jobs of it that wait at most.
const WAITING_MAX: usize = 4_000;
/// Jobs of one call.
const BATCH: usize = 1_000;
/// Jobs that are enqueued one by one.
const SINGLES: usize = 5_000;
/// Jobs that are picked up while nothing else happens.
const PICK_UPS: usize = 200;
/// For how long nothing happens before each.
const IDLE: Duration = Duration::from_millis(50);
/// How long a peer has for all its jobs.
const FED_MAX: Duration = Duration::from_secs(120);
/// How long one of them is waited for.
const PICK_UP_MAX: Duration = Duration::from_secs(60);
/// How long a peer is asked for more.
const PICK_UPS_MAX: Duration = Duration::from_secs(40);

/// Measures all of them, one after the other.
pub async fn run(printer: &Printer) -> anyhow::Result<()> {
    let server = PrivateRedis::start(&[])?;
    let floor = queue::floor(server.url()).await?;
    say(printer, "the bare server", "pushed, moved and removed again", floor)?;
    let engine = queue::fleet(server.url()).await?;
    queue::Lab { printer, suite: Suite::Peers, name: "Steward", engine, aims: &queue::FLEET }
        .enqueueing()
        .await?;
    server.flush()?;
    fleet::picked_up(printer, "Steward", queue::fleet(server.url()).await?, PICK_UPS, IDLE).await?;
    server.flush()?;
    fleet::volatile(printer, Suite::Peers, "Steward", queue::fleet(server.url()).await?).await?;
    server.flush()?;
    fleet::drained(printer, Suite::Peers, "Steward", queue::fleet(server.url()).await?).await?;
    server.flush()?;
    upstream(printer, server.url()).await?;
    server.flush()?;
    bullmq(printer, server.url()).await?;
    let again = queue::floor(server.url()).await?;
    say(printer, "the bare server, once more", "pushed, moved and removed again", again)
}

fn say(printer: &Printer, whose: &str, measure: &str, value: f64) -> anyhow::Result<()> {
    tell(printer, Suite::Peers, format!("{whose}: {measure}"), value, "jobs/s")
}

/// What the peers are given: 150 bytes, less than an envelope of ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Payload {
    of: u32,
    body: String,
}

fn payload() -> Payload {
    Payload { of: 7, body: "x".repeat(130) }
}

async fn storage(
    url: &str,
    queue: &str,
) -> anyhow::Result<RedisStorage<Payload, redis::aio::ConnectionManager>> {
    let config = Config::default().queue(queue).batch_size(250);
    Ok(RedisStorage::new(apalis_redis::connect(url).await?).with_config(config))
}

/// apalis-redis, with as many due at once as it stands.
async fn upstream(printer: &Printer, url: &str) -> anyhow::Result<()> {
    const NAME: &str = "apalis-redis 1.0";
    let mut alone = storage(url, "singles").await?;
    let began = Instant::now();
    for _ in 0..SINGLES {
        alone.push(payload()).await?;
    }
    let per_second = rate(u64::try_from(SINGLES)?, began.elapsed());
    say(printer, NAME, "enqueued one by one, one caller", per_second)?;
    let mut bulk = storage(url, "bulk").await?;
    let began = Instant::now();
    for _ in 0..WAITING_MAX / BATCH {
        bulk.push_bulk(vec![payload(); BATCH]).await?;
    }
    let per_second = rate(u64::try_from(WAITING_MAX)?, began.elapsed());
    say(printer, NAME, "enqueued in bulk, one caller", per_second)?;

    let done = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&done);
    let work = move |_: Payload| {
        let counted = Arc::clone(&counted);
        async move {
            counted.fetch_add(1, Ordering::Relaxed);
            Ok::<(), BoxDynError>(())
        }
    };
    let worker = WorkerBuilder::new("bench").backend(storage(url, "run").await?);
    #[expect(clippy::disallowed_methods, reason = "the peer's worker awaits what it gives away")]
    let worker = worker.parallelize(tokio::spawn).build(work);
    let mut feed = storage(url, "run").await?;
    let fed = async {
        let began = Instant::now();
        let mut enqueued = 0;
        while enqueued < JOBS {
            while WAITING_MAX - BATCH < enqueued - done.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            feed.push_bulk(vec![payload(); BATCH]).await?;
            enqueued += BATCH;
        }
        while done.load(Ordering::Relaxed) < JOBS {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        anyhow::Ok(rate(u64::try_from(JOBS)?, began.elapsed()))
    };
    let per_second = tokio::select! {
        ended = worker.run() => anyhow::bail!("the peer's worker gave up: {ended:?}"),
        fed = tokio::time::timeout(FED_MAX, fed) => fed.context("the peer does not get on")??,
    };
    say(printer, NAME, "50,000 no-op jobs enqueued and run, one process", per_second)?;
    upstream_pick_up(printer, NAME, url).await
}

async fn upstream_pick_up(printer: &Printer, name: &str, url: &str) -> anyhow::Result<()> {
    let began = Arc::new(Mutex::new(Instant::now()));
    let (tell_wait, mut waits) = tokio::sync::mpsc::channel(1);
    let seen = Arc::clone(&began);
    let work = move |_: Payload| {
        let wait = seen.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        let tell_wait = tell_wait.clone();
        async move {
            tell_wait.send(wait).await?;
            Ok::<(), BoxDynError>(())
        }
    };
    let worker = WorkerBuilder::new("idle").backend(storage(url, "idle").await?).build(work);
    let mut enqueue = storage(url, "idle").await?;
    let picked = async {
        let mut all = Vec::new();
        let first = Instant::now();
        while all.len() < PICK_UPS && first.elapsed() < PICK_UPS_MAX {
            tokio::time::sleep(IDLE).await;
            *began.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            enqueue.push(payload()).await?;
            let wait = tokio::time::timeout(PICK_UP_MAX, waits.recv()).await?;
            all.push(wait.context("the peer's worker is gone")?);
        }
        anyhow::Ok(all)
    };
    let all = tokio::select! {
        ended = worker.run() => anyhow::bail!("the peer's worker gave up: {ended:?}"),
        picked = picked => picked?,
    };
    let measure = format!("{name}: enqueued to started by a worker, nothing else happening");
    tell(printer, Suite::Peers, format!("{measure}, p50"), ms(median(&all)), "ms")?;
    tell(printer, Suite::Peers, format!("{measure}, p99"), ms(percentile(&all, 99)), "ms")
}

/// A figure that a program printed.
#[derive(Deserialize)]
struct Told {
    measure: String,
    value: f64,
    unit: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/bullmq")
}

async fn bullmq(printer: &Printer, url: &str) -> anyhow::Result<()> {
    let folder = folder();
    if !folder.join("node_modules/bullmq").is_dir() {
        eprintln!("note: no BullMQ beside it; `npm install` in bench/peers/bullmq brings it");
        return Ok(());
    }
    let mut command = Command::new("node");
    command.arg("run.mjs").arg(url).arg(PICK_UPS.to_string()).arg(IDLE.as_millis().to_string());
    command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("node does not start")?;
    let began = Instant::now();
    // It prints less than a pipe holds.
    while child.try_wait()?.is_none() {
        if FED_MAX < began.elapsed() {
            child.kill()?;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ran = child.wait_with_output()?;
    let problem = String::from_utf8_lossy(&ran.stderr);
    ensure!(ran.status.success(), "BullMQ's program failed: {problem}");
    for line in String::from_utf8(ran.stdout)?.lines() {
        let told: Told = serde_json::from_str(line).context("a line that is no figure")?;
        let unit = if told.unit == "ms" { "ms" } else { "jobs/s" };
        printer.print(&Figure {
            suite: "peers",
            measure: format!("BullMQ 6.7: {}", told.measure),
            value: Some(told.value),
            unit,
            aim: None,
        })?;
    }
    Ok(())
}
