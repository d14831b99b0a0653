//! A worker of the tests with jobs that end, panic, never end, or take their process along.
//!
//! Called with a folder, in which there is a ledger to which every start and every end is written, and the queue's file,
//! unless a Redis' URL follows.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use jobs::{Job, Limits, Queue, TenantId};
use platform::{SystemClock, shutdown::StopRequests};
use queue::{
    Engine, LiveTime, Retention,
    embedded::{Embedded, Options, file_in},
    fleet::{self, Fleet},
};
use serde::{Deserialize, Serialize};
use testkit::poison::{Endless, Fate, LEASE, Work};
use tokio::sync::watch;
use worker::runtime::{
    JobContext, JobError, JobResult, Outcome, Registry, Run, Runtime, RuntimeOptions, Stopping,
};

struct Ledger(File);

impl Ledger {
    fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Self(OpenOptions::new().create(true).append(true).open(path)?))
    }

    fn note(&self, line: &str) -> std::io::Result<()> {
        // One write: lines of several jobs and processes do not mix. What is written outlives the process.
        (&self.0).write_all(format!("{line} {}\n", std::process::id()).as_bytes())
    }
}

/// The job, as this process runs it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Doing(Work);

impl Job for Doing {
    const NAME: &'static str = Work::NAME;
    const QUEUE: Queue = Work::QUEUE;
    const LIMITS: Limits = Work::LIMITS;

    fn tenant(&self) -> Option<TenantId> {
        self.0.tenant()
    }
}

impl Run<Ledger> for Doing {
    async fn run(self, context: JobContext<Ledger>) -> JobResult {
        context.app.note(&format!("begin {}", self.0.number)).map_err(JobError::retry)?;
        if 0 < self.0.takes_ms {
            tokio::time::sleep(Duration::from_millis(self.0.takes_ms)).await;
        }
        match self.0.fate {
            Fate::Ends => {}
            Fate::Panics => panic!("job {} panics", self.0.number),
            Fate::Kills => std::process::abort(),
        }
        context.app.note(&format!("end {}", self.0.number)).map_err(JobError::retry)?;
        Ok(Outcome::Done)
    }
}

/// The job that never ends, as this process runs it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Hanging(Endless);

impl Job for Hanging {
    const NAME: &'static str = Endless::NAME;
    const QUEUE: Queue = Endless::QUEUE;
    const LIMITS: Limits = Endless::LIMITS;

    fn tenant(&self) -> Option<TenantId> {
        self.0.tenant()
    }
}

impl Run<Ledger> for Hanging {
    async fn run(self, context: JobContext<Ledger>) -> JobResult {
        context.app.note(&format!("begin {}", self.0.number)).map_err(JobError::retry)?;
        std::future::pending().await
    }
}

/// The queue: in Redis, or in a file of the folder.
async fn open(folder: &Path, redis: Option<String>) -> anyhow::Result<Arc<dyn Engine>> {
    let Some(url) = redis else {
        return Ok(Arc::new(Embedded::open(Options {
            path: file_in(folder),
            time: Arc::new(LiveTime::new(Arc::new(SystemClock))),
            retention: Retention::default(),
            tends_itself: true,
        })?));
    };
    let engine = Fleet::open(fleet::Options {
        url,
        prefix: fleet::PREFIX.to_owned(),
        retention: Retention::default(),
        tends_itself: true,
        together_min: fleet::TOGETHER_MIN,
        clock: Arc::new(SystemClock),
        times: None,
    });
    Ok(Arc::new(engine.await?))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("give a folder")?;
    let folder = Path::new(&folder);
    let engine = open(folder, arguments.next()).await?;
    let registry = Arc::new(Registry::new().with::<Doing>()?.with::<Hanging>()?);
    let options = RuntimeOptions {
        worker: std::process::id().to_string(),
        concurrency: vec![(Queue::Bulk, 4)],
        lease: LEASE,
        drain: Duration::from_secs(20),
    };
    let ledger = Arc::new(Ledger::open(&folder.join("ledger"))?);
    let runtime = Runtime::new(engine, registry, ledger, options);
    let (stop, stopped) = watch::channel(Stopping::No);
    let mut requests = StopRequests::listen();
    let asked = async {
        requests.next().await;
        stop.send_replace(Stopping::Drain);
    };
    let (ended, ()) = tokio::join!(runtime.run(stopped), asked);
    ended?;
    Ok(())
}
