//! A worker of the tests that has a job which takes its process along.
//!
//! Called with a folder: the queue's file lies there, and a ledger to which every start and every end is written.

use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use jobs::{Job, Limits, Queue, TenantId};
use platform::{SystemClock, shutdown::StopRequests};
use queue::{
    LiveTime, Retention,
    embedded::{Embedded, Options, file_in},
};
use serde::{Deserialize, Serialize};
use testkit::poison::{LEASE, Work};
use tokio::sync::watch;
use worker::runtime::{
    JobContext, JobError, JobResult, Outcome, Registry, Run, Runtime, RuntimeOptions, Stopping,
};

struct Ledger(PathBuf);

impl Ledger {
    fn note(&self, line: &str) -> std::io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(&self.0)?;
        // One write: lines of several jobs do not mix.
        file.write_all(format!("{line} {}\n", std::process::id()).as_bytes())?;
        file.sync_all()
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
        None
    }
}

impl Run<Ledger> for Doing {
    async fn run(self, context: JobContext<Ledger>) -> JobResult {
        context.app.note(&format!("begin {}", self.0.number)).map_err(JobError::retry)?;
        tokio::time::sleep(Duration::from_millis(self.0.takes_ms)).await;
        if self.0.kills {
            std::process::abort();
        }
        context.app.note(&format!("end {}", self.0.number)).map_err(JobError::retry)?;
        Ok(Outcome::Done)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).context("give a folder")?;
    let folder = Path::new(&folder);
    let engine = Embedded::open(Options {
        path: file_in(folder),
        time: Arc::new(LiveTime::new(Arc::new(SystemClock))),
        retention: Retention::default(),
        tends_itself: true,
    })?;
    let registry = Arc::new(Registry::new().with::<Doing>()?);
    let options = RuntimeOptions {
        worker: std::process::id().to_string(),
        concurrency: vec![(Queue::Bulk, 4)],
        lease: LEASE,
        drain: Duration::from_secs(20),
    };
    let ledger = Arc::new(Ledger(folder.join("ledger")));
    let runtime = Runtime::new(Arc::new(engine), registry, ledger, options);
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
