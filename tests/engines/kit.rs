//! An engine to test, whose times the test sets.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use jobs::{Clock, JobId, Priority, Queue, TenantId, Timestamp, Unique};
use queue::{
    Claim, Claimed, Engine, Enqueued, Found, Lease, Leased, NewTask, QueueResult, Retention,
    Settled, Settlement, State, Time, Verdict,
    embedded::{Embedded, Options},
    fleet::{self, Fleet},
};
use testkit::redis::PrivateRedis;
use uuid::Uuid;

/// The lease that tests take.
pub const LEASE: Duration = Duration::from_secs(15);
/// When every test begins: a Monday in May 2026.
const OPENING_MS: i64 = 1_778_486_400_000;

/// Times that stand still until they are moved.
pub struct SetTime {
    wall: AtomicI64,
    steady: AtomicI64,
}

impl Time for SetTime {
    fn wall_ms(&self) -> i64 {
        self.wall.load(Ordering::SeqCst)
    }

    fn steady_ms(&self) -> i64 {
        self.steady.load(Ordering::SeqCst)
    }
}

/// A job to be.
#[derive(Clone)]
pub struct Wish {
    pub tenant: Option<u128>,
    pub name: &'static str,
    pub queue: Queue,
    pub priority: u8,
    pub after_ms: Option<i64>,
    pub unique: Option<Unique>,
}

pub fn wish() -> Wish {
    Wish {
        tenant: Some(1),
        name: "work",
        queue: Queue::Agent,
        priority: 0,
        after_ms: None,
        unique: None,
    }
}

/// The wall's clock, for what is checked before an engine is asked.
struct Wall(Arc<SetTime>);

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        Timestamp::from_timestamp_millis(self.0.wall_ms()).unwrap()
    }
}

/// An open engine.
pub struct Kit {
    pub engine: Option<Box<dyn Engine>>,
    pub time: Arc<SetTime>,
    pub path: PathBuf,
    pub retention: Retention,
    ids: AtomicU64,
    /// Jobs that the fleet's engine hands out together at least.
    pub together_min: usize,
    /// Where in Redis, if it is there.
    redis: Option<(String, String)>,
    _folder: tempfile::TempDir,
}

impl Kit {
    pub fn embedded() -> Self {
        Self::keeping(Retention::default())
    }

    pub fn keeping(retention: Retention) -> Self {
        Self::of(None, retention)
    }

    /// On a server that this process shares, under a prefix that nobody else has.
    pub fn fleet() -> Self {
        Self::fleet_keeping(Retention::default())
    }

    pub fn fleet_keeping(retention: Retention) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let prefix = format!("test:{}", NEXT.fetch_add(1, Ordering::SeqCst));
        Self::of(Some((PrivateRedis::shared().unwrap(), prefix)), retention)
    }

    fn of(redis: Option<(String, String)>, retention: Retention) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let time = Arc::new(SetTime {
            wall: AtomicI64::new(OPENING_MS),
            steady: AtomicI64::new(OPENING_MS),
        });
        let mut kit = Self {
            engine: None,
            time,
            path: queue::embedded::file_in(folder.path()),
            retention,
            ids: AtomicU64::new(1),
            together_min: 1,
            redis,
            _folder: folder,
        };
        kit.reopen();
        kit
    }

    /// Closes the engine and opens it again, as a process that starts anew would.
    pub fn reopen(&mut self) {
        self.engine = None;
        self.engine = Some(self.open().unwrap());
    }

    pub fn open(&self) -> QueueResult<Box<dyn Engine>> {
        let Some((url, prefix)) = self.redis.clone() else {
            let engine = Embedded::open(Options {
                path: self.path.clone(),
                time: self.time.clone(),
                retention: self.retention,
                tends_itself: false,
            })?;
            return Ok(Box::new(engine));
        };
        let options = fleet::Options {
            url,
            prefix,
            retention: self.retention,
            tends_itself: false,
            together_min: self.together_min,
            clock: Arc::new(Wall(Arc::clone(&self.time))),
            times: Some(self.time.clone()),
        };
        // On a thread of its own: whoever opens one may be in a runtime, or in none.
        let open = move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            runtime.block_on(Fleet::open(options))
        };
        let engine = std::thread::spawn(open).join().unwrap()?;
        Ok(Box::new(engine))
    }

    /// Whether a worker that is to become idle is known beyond a process.
    pub fn remembers_reservations(&self) -> bool {
        self.redis.is_some()
    }

    pub fn engine(&self) -> &dyn Engine {
        self.engine.as_deref().unwrap()
    }

    /// Time goes by.
    pub fn pass(&self, ms: i64) {
        self.time.wall.fetch_add(ms, Ordering::SeqCst);
        self.time.steady.fetch_add(ms, Ordering::SeqCst);
    }

    /// Somebody sets the clock on the wall.
    pub fn step_wall(&self, ms: i64) {
        self.time.wall.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_timestamp_millis(self.time.wall_ms()).unwrap()
    }

    pub fn in_ms(&self, ms: i64) -> Timestamp {
        Timestamp::from_timestamp_millis(self.time.wall_ms() + ms).unwrap()
    }

    pub fn task(&self, wish: &Wish) -> NewTask {
        let number = self.ids.fetch_add(1, Ordering::SeqCst);
        NewTask {
            id: JobId::from_uuid(Uuid::from_u128(u128::from(number))),
            queue: wish.queue,
            name: wish.name.to_owned(),
            tenant: wish.tenant.map(tenant),
            priority: Priority::new(wish.priority).unwrap(),
            run_at: wish.after_ms.map(|ms| self.in_ms(ms)),
            unique: wish.unique.clone(),
            body: number.to_string().into_bytes(),
        }
    }

    pub async fn enqueue(&self, wish: &Wish) -> Enqueued {
        self.engine().enqueue(vec![self.task(wish)]).await.unwrap()[0]
    }

    /// Keeps a job that is no duplicate.
    pub async fn add(&self, wish: &Wish) -> JobId {
        match self.enqueue(wish).await {
            Enqueued::New(id) => id,
            Enqueued::Duplicate(id) => panic!("there is {id} already"),
        }
    }

    pub async fn claim(&self, max: usize) -> Vec<Leased> {
        self.claim_as("here", max, true).await.tasks
    }

    pub async fn claim_as(&self, worker: &str, max: usize, is_idle: bool) -> Claimed {
        let claim = Claim { queue: Queue::Agent, worker, max, lease: LEASE, is_idle };
        self.engine().claim(claim).await.unwrap()
    }

    /// Claims the one job that there is.
    pub async fn take(&self) -> Leased {
        let mut claimed = self.claim(2).await;
        assert_eq!(claimed.len(), 1, "there is not one job to claim");
        claimed.remove(0)
    }

    pub async fn settle(&self, lease: Lease, verdict: Verdict) -> Settled {
        self.engine().settle(vec![Settlement { lease, verdict }]).await.unwrap()[0]
    }

    pub async fn found(&self, id: JobId) -> Found {
        self.engine().find(id).await.unwrap().expect("the job is known")
    }

    pub async fn state(&self, id: JobId) -> State {
        self.found(id).await.state
    }

    /// Lets a worker go away with what it has.
    pub async fn lose_leases(&self) -> queue::Tended {
        self.pass(i64::try_from(LEASE.as_millis()).unwrap());
        self.engine().tend().await.unwrap()
    }

    pub async fn count(&self, state: State) -> u64 {
        let stats = self.engine().stats(Queue::Agent).await.unwrap();
        stats.counts.get(&state).copied().unwrap_or(0)
    }
}

pub fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

pub fn ids(tasks: &[Leased]) -> Vec<JobId> {
    tasks.iter().map(|task| task.lease.id).collect()
}

pub fn retry(ms: u64) -> Verdict {
    Verdict::Retry { after: Duration::from_millis(ms), error: "it failed".to_owned() }
}

pub fn dead() -> Verdict {
    Verdict::Dead { error: "it failed for good".to_owned() }
}
