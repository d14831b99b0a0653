//! A runtime over an embedded engine, with jobs that do as they are told.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use jobs::{Backoff, Envelope, Job, JobId, Limits, Priority, Queue, TenantId};
use platform::{RandomIds, SystemClock};
use queue::{
    Engine, Found, LiveTime, NewTask, Retention, State,
    embedded::{Embedded, Options, file_in},
};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinHandle,
};
use worker::runtime::{
    Ended, JobContext, JobError, JobResult, Outcome, Registry, Run, Runtime, RuntimeError,
    RuntimeOptions, Stopping,
};

/// The shortest lease there is.
pub const LEASE: Duration = Duration::from_secs(1);
/// Longer than anything that is waited for takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What handlers share with the test.
pub struct Stage {
    /// How often each job was begun.
    pub begun: Mutex<BTreeMap<JobId, usize>>,
    /// Jobs that run at this moment, and the most that ever did.
    pub running: AtomicUsize,
    pub together: Mutex<BTreeMap<JobId, usize>>,
    /// Jobs that wait take one permit each.
    pub gate: Semaphore,
}

impl Stage {
    fn enter(self: &Arc<Self>, id: JobId) -> Inside {
        *self.begun.lock().unwrap().entry(id).or_default() += 1;
        let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.together.lock().unwrap().insert(id, now);
        Inside(Arc::clone(self))
    }

    pub fn begun(&self, id: JobId) -> usize {
        self.begun.lock().unwrap().get(&id).copied().unwrap_or(0)
    }

    pub fn total(&self) -> usize {
        self.begun.lock().unwrap().values().sum()
    }
}

struct Inside(Arc<Stage>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What a job of the test does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Do {
    Succeed,
    Skip,
    Fail,
    FailOnce,
    Bury,
    SnoozeOnce,
    Panic,
    /// Waits for the gate.
    Wait,
    /// Never ends, and does not listen.
    Forever,
    /// Ends well when it is told to stop.
    Listen,
    /// Holds its thread.
    Block {
        ms: u64,
    },
}

/// A job of the test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Act(pub Do);

impl Job for Act {
    const NAME: &'static str = "act";
    const QUEUE: Queue = Queue::Agent;
    const LIMITS: Limits = Limits {
        attempts_max: 3,
        timeout: Duration::from_secs(3),
        backoff: Backoff::Schedule(&[Duration::from_millis(20)]),
        snoozes_max: 5,
    };

    fn tenant(&self) -> Option<TenantId> {
        None
    }
}

impl Run<Stage> for Act {
    async fn run(self, context: JobContext<Stage>) -> JobResult {
        let _inside = context.app.enter(context.id);
        let is_first = context.app.begun(context.id) == 1;
        match self.0 {
            Do::Succeed => Ok(Outcome::Done),
            Do::Skip => Ok(Outcome::Skipped("there is nothing to do")),
            Do::Fail => Err(JobError::retry("no answer")),
            Do::FailOnce if is_first => Err(JobError::retry("no answer")),
            Do::SnoozeOnce if is_first => Ok(Outcome::Snooze(Duration::from_millis(20))),
            Do::FailOnce | Do::SnoozeOnce => Ok(Outcome::Done),
            Do::Bury => Err(JobError::bury("no such thing")),
            Do::Panic => panic!("as the test wants it"),
            Do::Wait => {
                context.app.gate.acquire().await.unwrap().forget();
                Ok(Outcome::Done)
            }
            Do::Forever => std::future::pending().await,
            Do::Listen => {
                while !context.is_stopping() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Ok(Outcome::Done)
            }
            Do::Block { ms } => {
                std::thread::sleep(Duration::from_millis(ms));
                Ok(Outcome::Done)
            }
        }
    }
}

/// Asks again and again, for what nobody sends a signal: that a row, or a job, has come to be in a state.
pub async fn eventually<T>(ask: impl AsyncFn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "it did not come to be");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// An engine, and what is needed to run on it.
pub struct Rig {
    pub engine: Arc<Embedded>,
    pub stage: Arc<Stage>,
    ids: RandomIds,
    _folder: tempfile::TempDir,
}

/// A runtime that runs.
pub struct Process {
    pub stop: watch::Sender<Stopping>,
    ended: JoinHandle<Result<Ended, RuntimeError>>,
}

impl Process {
    /// Asks it to stop, and waits until it has.
    pub async fn stop(self, urgency: Stopping) -> Ended {
        self.stop.send_replace(urgency);
        self.ended().await
    }

    pub async fn ended(self) -> Ended {
        let ended = tokio::time::timeout(PATIENCE, self.ended).await;
        ended.expect("it ends").unwrap().unwrap()
    }
}

impl Rig {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let engine = Embedded::open(Options {
            path: file_in(folder.path()),
            time: Arc::new(LiveTime::new(Arc::new(SystemClock))),
            retention: Retention::default(),
            tends_itself: true,
        });
        Self {
            engine: Arc::new(engine.unwrap()),
            stage: Arc::new(Stage {
                begun: Mutex::default(),
                running: AtomicUsize::new(0),
                together: Mutex::default(),
                gate: Semaphore::new(0),
            }),
            ids: RandomIds,
            _folder: folder,
        }
    }

    pub fn start(&self, concurrency: usize) -> Process {
        self.start_draining(concurrency, Duration::from_secs(20))
    }

    /// Jobs that run at this moment.
    pub fn running(&self) -> usize {
        self.stage.running.load(Ordering::SeqCst)
    }

    pub fn start_draining(&self, concurrency: usize, drain: Duration) -> Process {
        self.start_with(self.engine.clone(), concurrency, drain)
    }

    /// A process that reaches the engine in a way of its own.
    pub fn start_over(&self, engine: Arc<dyn Engine>, concurrency: usize) -> Process {
        self.start_with(engine, concurrency, Duration::from_secs(20))
    }

    fn start_with(&self, engine: Arc<dyn Engine>, concurrency: usize, drain: Duration) -> Process {
        let registry = Arc::new(Registry::new().with::<Act>().unwrap());
        let options = RuntimeOptions {
            worker: "here".to_owned(),
            concurrency: vec![(Queue::Agent, concurrency), (Queue::Mail, 1)],
            lease: LEASE,
            drain,
        };
        let runtime = Runtime::new(engine, registry, self.stage.clone(), options);
        let (stop, stopped) = watch::channel(Stopping::No);
        #[expect(clippy::disallowed_methods, reason = "the process awaits it")]
        let ended = tokio::spawn(runtime.run(stopped));
        Process { stop, ended }
    }

    /// A job of any envelope.
    pub fn task(&self, change: impl FnOnce(&mut Envelope)) -> NewTask {
        use domain::{id::IdSource, time::Clock};
        let now = SystemClock.now();
        let source: &dyn IdSource = &self.ids;
        let mut envelope = Envelope::seal(source.next(now), &Act(Do::Succeed), now).unwrap();
        change(&mut envelope);
        NewTask {
            id: envelope.id,
            queue: Queue::Agent,
            name: envelope.name.clone(),
            tenant: None,
            priority: Priority::default(),
            run_at: None,
            unique: None,
            body: envelope.to_bytes().unwrap(),
        }
    }

    pub async fn keep(&self, task: NewTask) -> JobId {
        let id = task.id;
        self.engine.enqueue(vec![task]).await.unwrap();
        id
    }

    pub async fn add(&self, what: Do) -> JobId {
        let payload = serde_json::value::to_raw_value(&Act(what)).unwrap();
        self.keep(self.task(|envelope| envelope.payload = payload)).await
    }

    pub async fn found(&self, id: JobId) -> Found {
        self.engine.find(id).await.unwrap().expect("the job is known")
    }

    /// Waits until a job is in a state.
    pub async fn until(&self, id: JobId, state: State) -> Found {
        eventually(async || {
            let found = self.found(id).await;
            (found.state == state).then_some(found)
        })
        .await
    }

    /// Waits until so many jobs were begun.
    pub async fn until_begun(&self, count: usize) {
        eventually(async || (count <= self.stage.total()).then_some(())).await;
    }
}
