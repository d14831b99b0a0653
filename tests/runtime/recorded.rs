//! Recorded jobs: from the transaction that made them necessary to the one that settles them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use domain::id::TenantId;
use entity::recorded_jobs;
use jobs::{Backoff, Clock, Job, JobId, Limits, Queue};
use platform::SystemClock;
use queue::{Claim, Engine, State};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde::{Deserialize, Serialize};
use store::{
    Store, Transition,
    recorded::{Recorded, RecordedState, Sameness},
};
use testkit::{
    database::{Backend, FixedClock, TestDb, open},
    world::World,
};
use tokio::sync::watch;
use worker::runtime::{
    Ended, JobContext, JobError, JobResult, Outcome, Reconciled, Records, Registry, Relay, Run,
    Runtime, RuntimeOptions, Stopping,
};

use crate::{
    cut_off::CutOff,
    rig::{LEASE, Rig, eventually},
};

/// What handlers share with the test.
struct Books {
    store: Store,
    begun: AtomicUsize,
    abandoned: AtomicUsize,
}

/// Settles itself together with what it does, and then ends as it is told.
#[derive(Serialize, Deserialize)]
struct Keep {
    tenant: TenantId,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
enum End {
    Well,
    /// Fails after it has settled itself, as one whose answer is lost.
    AfterCommit,
    /// Never does anything.
    Badly,
    /// Never does anything, and what it leaves behind can never be put right.
    Cursed,
    /// Does not listen the first time, and ends well the second.
    DeafOnce,
}

impl Job for Keep {
    const NAME: &'static str = "keep";
    const QUEUE: Queue = Queue::Agent;
    const LIMITS: Limits = Limits {
        attempts_max: 2,
        timeout: Duration::from_secs(20),
        backoff: Backoff::Schedule(&[Duration::from_millis(20)]),
        snoozes_max: 5,
    };

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant)
    }
}

impl Run<Books> for Keep {
    async fn run(self, context: JobContext<Books>) -> JobResult {
        let before = context.app.begun.fetch_add(1, Ordering::SeqCst);
        match self.end {
            End::Badly | End::Cursed => return Err(JobError::retry("no answer")),
            End::DeafOnce if before == 0 => std::future::pending().await,
            End::Well | End::AfterCommit | End::DeafOnce => {}
        }
        let work = context.app.store.begin(self.tenant).await.map_err(JobError::retry)?;
        let (id, now) = (context.id, SystemClock.now());
        let completed = RecordedState::Completed;
        work.scope().mark_job_settled(id, completed, None, now).await.map_err(JobError::retry)?;
        work.commit().await.map_err(JobError::retry)?;
        match self.end {
            End::AfterCommit => Err(JobError::retry("the answer was lost")),
            _ => Ok(Outcome::Done),
        }
    }

    async fn abandon(self, books: Arc<Books>, _: JobId, because: &str) -> Result<(), JobError> {
        assert!(!because.is_empty());
        if self.end == End::Cursed {
            return Err(JobError::bury("its books are gone"));
        }
        // The first time it does not get through, as when the database is away for a moment.
        match books.abandoned.fetch_add(1, Ordering::SeqCst) {
            0 => Err(JobError::retry("not now")),
            _ => Ok(()),
        }
    }
}

/// A database with a tenant, and a queue.
struct Office {
    test: TestDb,
    tenant: TenantId,
    rig: Rig,
    books: Arc<Books>,
}

impl Office {
    async fn open(backend: Backend) -> Self {
        let test = open(backend).await;
        let tenant = World::new(&test, "north").await.tenant;
        let books = Arc::new(Books {
            store: test.store.clone(),
            begun: AtomicUsize::new(0),
            abandoned: AtomicUsize::new(0),
        });
        Self { test, tenant, rig: Rig::new(), books }
    }

    fn registry(&self) -> Arc<Registry<Books>> {
        Arc::new(Registry::new().with::<Keep>().unwrap())
    }

    fn records(&self) -> Records {
        let store = self.test.store.clone();
        Records::new(store, Arc::new(SystemClock), self.registry(), self.books.clone())
    }

    fn relay(&self) -> Relay {
        Relay::new(self.records(), self.rig.engine.clone())
    }

    /// A relay by whose clock whoever took jobs must have gone away.
    fn relay_later(&self) -> Relay {
        let (store, later) = (self.test.store.clone(), SystemClock.now() + TimeDelta::minutes(1));
        let clock = Arc::new(FixedClock::new(later));
        let records = Records::new(store, clock, self.registry(), self.books.clone());
        Relay::new(records, self.rig.engine.clone())
    }

    /// As a relay does that is killed before it hands on what it has taken.
    async fn take(&self) -> usize {
        let now = SystemClock.now();
        self.test.store.system().take_jobs_to_relay(9, now, now).await.unwrap().len()
    }

    async fn record(&self, end: End) -> JobId {
        let now = SystemClock.now();
        let work = self.test.store.begin(self.tenant).await.unwrap();
        let job = Keep { tenant: self.tenant, end };
        let recorded = work.scope().record_job(&job, &Sameness::Never, now, now).await.unwrap();
        work.commit().await.unwrap();
        match recorded {
            Recorded::New(id) => id,
            Recorded::Duplicate(id) => panic!("{id} was there"),
        }
    }

    /// Runs a process until a job is settled.
    async fn work_until_settled(&self, id: JobId) -> (RecordedState, Option<String>) {
        self.work_until(self.until_settled(id)).await
    }

    /// Runs a process until something has come to be.
    async fn work_until<T>(&self, it: impl Future<Output = T>) -> T {
        let options = RuntimeOptions {
            worker: "here".to_owned(),
            concurrency: vec![(Queue::Agent, 2)],
            lease: LEASE,
            drain: Duration::from_secs(20),
        };
        let engine = self.rig.engine.clone();
        let runtime = Runtime::new(engine, self.registry(), self.books.clone(), options)
            .with_records(self.records());
        let (stop, stopped) = watch::channel(Stopping::No);
        let it = async {
            let found = it.await;
            stop.send_replace(Stopping::Drain);
            found
        };
        let (found, ended) = tokio::join!(it, runtime.run(stopped));
        assert_eq!(ended.unwrap(), Ended { unfinished: 0 });
        found
    }

    async fn until_settled(&self, id: JobId) -> (RecordedState, Option<String>) {
        eventually(async || {
            let job = self.test.store.tenant(self.tenant).find_recorded_job(id).await.unwrap();
            let job = job.expect("it is recorded");
            job.state.is_settled().then_some((job.state, job.error))
        })
        .await
    }

    fn begun(&self) -> usize {
        self.books.begun.load(Ordering::SeqCst)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_job_is_handed_on_run_and_settled() {
    for backend in Backend::ALL {
        let office = Office::open(backend).await;
        let id = office.record(End::Well).await;
        assert!(office.rig.engine.find(id).await.unwrap().is_none(), "the queue knows nothing yet");
        assert_eq!(office.relay().relay().await.unwrap(), 1);
        assert_eq!(office.relay().relay().await.unwrap(), 0);
        assert_eq!(office.rig.found(id).await.tenant, Some(office.tenant));
        assert_eq!(office.work_until_settled(id).await, (RecordedState::Completed, None));
        assert_eq!(office.begun(), 1);
        office.rig.until(id, State::Completed).await;
    }
}

/// The relay goes away after it has told the queue and before it has told the database.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_handed_on_twice_runs_once() {
    let office = Office::open(Backend::Sqlite).await;
    let id = office.record(End::Well).await;
    let job = office.test.store.tenant(office.tenant).find_recorded_job(id).await.unwrap().unwrap();
    let task = queue::NewTask {
        tenant: Some(office.tenant),
        body: job.envelope.to_bytes().unwrap(),
        name: "keep".to_owned(),
        id,
        ..office.rig.task(|_| {})
    };
    office.rig.keep(task).await;
    assert_eq!(office.relay().relay().await.unwrap(), 1);
    assert_eq!(office.work_until_settled(id).await.0, RecordedState::Completed);
    assert_eq!(office.begun(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_queue_lost_is_handed_on_again() {
    for backend in Backend::ALL {
        let mut office = Office::open(backend).await;
        let done = office.record(End::Well).await;
        office.relay().relay().await.unwrap();
        office.work_until_settled(done).await;
        let lost = [office.record(End::Well).await, office.record(End::Well).await];
        office.relay().relay().await.unwrap();
        assert_eq!(office.relay().reconcile(&mut None).await.unwrap(), Reconciled::default());

        office.rig = Rig::new();
        let found = office.relay().reconcile(&mut None).await.unwrap();
        assert_eq!(found, Reconciled { enqueued_again: 2, settled: 0 }, "what is settled is left");
        assert_eq!(office.relay().reconcile(&mut None).await.unwrap(), Reconciled::default());
        for id in lost {
            office.work_until_settled(id).await;
        }
        assert_eq!(office.begun(), 3);
    }
}

/// The job has settled itself with what it did, and its answer to the queue is lost.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_settled_is_not_done_again() {
    for backend in Backend::ALL {
        let office = Office::open(backend).await;
        let id = office.record(End::AfterCommit).await;
        office.relay().relay().await.unwrap();
        assert_eq!(office.work_until_settled(id).await.0, RecordedState::Completed);
        let found = office.work_until(office.rig.until(id, State::Completed)).await;
        assert_eq!((found.attempt, office.begun()), (2, 1), "the second attempt found it settled");
    }
}

/// A row that nobody could have recorded stands before all others.
#[tokio::test(flavor = "multi_thread")]
async fn one_job_that_no_queue_takes_keeps_nobody_back() {
    for backend in Backend::ALL {
        let office = Office::open(backend).await;
        let bad = office.record(End::Well).await;
        let good = office.record(End::Well).await;
        let far = SystemClock.now() + TimeDelta::days(4_000);
        recorded_jobs::Entity::update_many()
            .col_expr(recorded_jobs::Column::RunAt, Expr::value(far))
            .filter(recorded_jobs::Column::Id.eq(bad.uuid()))
            .exec(&office.test.db)
            .await
            .unwrap();
        assert_eq!(office.relay().relay().await.unwrap(), 2);
        assert_eq!(office.relay_later().relay().await.unwrap(), 1, "the bad one, whose end waited");
        assert_eq!(office.work_until_settled(good).await.0, RecordedState::Completed);
        let (state, error) = office.until_settled(bad).await;
        assert_eq!((state, office.begun()), (RecordedState::Dead, 1));
        assert!(error.unwrap().starts_with("run_at: "));
    }
}

/// A relay that was killed after it took jobs and before it handed them on, and a queue that is away.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_and_not_handed_on_is_not_lost() {
    for backend in Backend::ALL {
        let office = Office::open(backend).await;
        let id = office.record(End::Well).await;
        assert_eq!(office.take().await, 1);
        assert_eq!(office.relay().relay().await.unwrap(), 0, "it may be on its way");
        assert_eq!(office.relay_later().relay().await.unwrap(), 1);
        assert_eq!(office.work_until_settled(id).await.0, RecordedState::Completed);

        let id = office.record(End::Well).await;
        let is_cut = Arc::new(AtomicBool::new(true));
        let away = CutOff { engine: office.rig.engine.clone(), is_cut };
        let away = Relay::new(office.records(), Arc::new(away));
        assert!(away.relay().await.unwrap_err().is_of_the_queue());
        assert_eq!(office.relay().relay().await.unwrap(), 1, "it was put back");
        assert_eq!(office.work_until_settled(id).await.0, RecordedState::Completed);
    }
}

/// Somebody brings a dead job back, and the relay that takes it is killed before it has told the queue.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_brought_back_is_not_buried_by_a_relay_that_was_killed() {
    for backend in Backend::ALL {
        let office = Office::open(backend).await;
        let id = office.record(End::Badly).await;
        office.relay().relay().await.unwrap();
        assert_eq!(office.work_until_settled(id).await.0, RecordedState::Dead);
        office.work_until(office.rig.until(id, State::Dead)).await;
        let scope = office.test.store.tenant(office.tenant);
        scope.mark_job_reopened(id, SystemClock.now()).await.unwrap();
        assert_eq!(office.take().await, 1);
        office.relay().reconcile(&mut None).await.unwrap();
        assert_eq!(office.relay_later().relay().await.unwrap(), 1);
        office.relay().reconcile(&mut None).await.unwrap();
        let state = scope.find_recorded_job(id).await.unwrap().unwrap().state;
        assert_eq!(state, RecordedState::Relayed);
        assert_eq!(office.rig.found(id).await.state, State::Ready, "with all its attempts");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_good_is_dead_in_the_record_too() {
    let office = Office::open(Backend::Sqlite).await;
    let id = office.record(End::Badly).await;
    office.relay().relay().await.unwrap();
    let (state, error) = office.work_until_settled(id).await;
    assert_eq!((state, office.begun()), (RecordedState::Dead, 2));
    assert_eq!(error.as_deref(), Some("failed 2 times, at last: no answer"));
    let abandoned = office.books.abandoned.load(Ordering::SeqCst);
    assert_eq!(abandoned, 2, "what it leaves behind was put right, at the second try");
}

/// No worker lives to tell that the job took each of them along.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_queue_ended_by_itself_is_settled_by_the_reconciler() {
    let office = Office::open(Backend::Sqlite).await;
    let id = office.record(End::Well).await;
    office.relay().relay().await.unwrap();
    while office.rig.found(id).await.state != State::Dead {
        let claim =
            Claim { queue: Queue::Agent, worker: "gone", max: 1, lease: LEASE, is_idle: true };
        let claimed = office.rig.engine.claim(claim).await.unwrap();
        assert_eq!(claimed.tasks.len(), 1);
        eventually(async || (office.rig.found(id).await.state != State::Running).then_some(()))
            .await;
    }
    // What it leaves behind cannot be put right at first, and until then its end is not written.
    let found = office.relay().reconcile(&mut None).await.unwrap();
    assert_eq!(found, Reconciled { enqueued_again: 0, settled: 0 });
    let found = office.relay().reconcile(&mut None).await.unwrap();
    assert_eq!(found, Reconciled { enqueued_again: 0, settled: 1 });
    let (state, error) = office.until_settled(id).await;
    assert_eq!((state, office.begun()), (RecordedState::Dead, 0));
    assert!(error.unwrap().contains("went away"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_works_by_itself_until_it_is_told_to_stop() {
    let office = Office::open(Backend::Sqlite).await;
    let (stop, stopped) = watch::channel(Stopping::No);
    let relay = office.relay();
    let work = async {
        let id = office.record(End::Well).await;
        let settled = office.work_until_settled(id).await;
        stop.send_replace(Stopping::Drain);
        settled
    };
    let (settled, ()) = tokio::join!(work, relay.run(stopped));
    assert_eq!(settled.0, RecordedState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_put_right_is_told_and_keeps_no_job_alive() {
    let office = Office::open(Backend::Sqlite).await;
    let id = office.record(End::Cursed).await;
    office.relay().relay().await.unwrap();
    let (state, error) = office.work_until_settled(id).await;
    assert_eq!((state, office.begun()), (RecordedState::Dead, 2));
    let error = error.unwrap();
    assert!(error.contains("no answer") && error.contains("its books are gone"), "{error}");
}

/// Called off while it runs, and brought back before it has stopped: it is not lost between the two.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_brought_back_while_it_stops_runs_again() {
    for backend in Backend::ALL {
        let office = Office::open(backend).await;
        let id = office.record(End::DeafOnce).await;
        let scope = office.test.store.tenant(office.tenant);
        let (stop, stopped) = watch::channel(Stopping::No);
        let relay = office.relay();
        let people = async {
            eventually(async || (office.begun() == 1).then_some(())).await;
            let envelope = scope.find_recorded_job(id).await.unwrap().unwrap().envelope;
            let cancelled = RecordedState::Cancelled;
            let records = office.records();
            // The first time, what it leaves behind cannot be put right yet.
            records.end(&envelope, cancelled, None).await.unwrap_err();
            assert_eq!(records.end(&envelope, cancelled, None).await.unwrap(), Transition::Moved);
            eventually(async || office.rig.found(id).await.is_cancelling.then_some(())).await;
            let reopened = scope.mark_job_reopened(id, SystemClock.now()).await.unwrap();
            assert_eq!(reopened, Transition::Moved);
            let settled = office.until_settled(id).await;
            stop.send_replace(Stopping::Drain);
            settled
        };
        let (settled, ()) = tokio::join!(office.work_until(people), relay.run(stopped));
        assert_eq!((settled.0, office.begun()), (RecordedState::Completed, 2));
    }
}
