//! Recorded jobs: kept once, handed on in order, settled once.

use std::time::Duration;

use domain::{id::TenantId, time::Timestamp};
use jobs::{AnyJob, Job, JobId, Limits, Priority, Queue};
use serde::{Deserialize, Serialize};
use store::{
    StoreError, Transition,
    recorded::{JobFilter, JobsRead, NewJob, Recorded, RecordedState, Sameness},
};
use testkit::{database::TestDb, world::World};

on_both!(
    a_job_comes_back_as_it_was_recorded,
    the_same_work_is_recorded_once,
    a_job_is_settled_once_and_for_all,
    jobs_are_handed_on_in_their_order,
    a_job_that_is_rolled_back_was_never_recorded,
    what_is_dead_can_be_brought_back_with_its_key,
    what_was_settled_long_ago_is_forgotten,
    what_is_called_off_is_told_to_the_queue_that_has_it,
    a_row_that_cannot_be_read_keeps_no_other_back,
    each_job_is_handed_on_by_one,
    many_are_recorded_as_one_is,
    many_are_settled_as_one_is,
    another_tenants_job_is_not_settled_by_ours,
);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    tenant: TenantId,
    what: String,
}

impl Job for Probe {
    const NAME: &'static str = "probe";
    const VERSION: u16 = 3;
    const QUEUE: Queue = Queue::Mail;
    const LIMITS: Limits = Limits::new(3, Duration::from_secs(60));
    const PRIORITY: Priority = match Priority::new(4) {
        Ok(priority) => priority,
        Err(_) => panic!("4 is a priority"),
    };

    fn tenant(&self) -> Option<TenantId> {
        Some(self.tenant)
    }
}

pub async fn record_as(world: &World<'_>, what: &str, same: Sameness) -> Recorded {
    let probe = Probe { tenant: world.tenant, what: what.to_owned() };
    world.scope().record_job(&probe, &same, world.now, world.now).await.unwrap()
}

fn id_of(recorded: Recorded) -> JobId {
    match recorded {
        Recorded::New(id) => id,
        Recorded::Duplicate(id) => panic!("{id} was there"),
    }
}

async fn record(world: &World<'_>, what: &str) -> JobId {
    id_of(record_as(world, what, Sameness::Never).await)
}

async fn settle(world: &World<'_>, id: JobId, to: RecordedState) -> Transition {
    world.scope().mark_job_settled(id, to, None, world.in_hours(1)).await.unwrap()
}

async fn a_job_comes_back_as_it_was_recorded(test: TestDb) {
    let world = World::new(&test, "north").await;
    let probe =
        Probe { tenant: world.tenant, what: "a \u{1F469}\u{200D}\u{1F680} mailbox".to_owned() };
    let run_at = world.in_hours(2);
    let scope = world.scope();
    let recorded = scope.record_job(&probe, &Sameness::Never, run_at, world.now).await.unwrap();
    let id = id_of(recorded);
    let found = scope.find_recorded_job(id).await.unwrap().unwrap();
    assert_eq!((found.queue, found.run_at, found.priority.value()), (Queue::Mail, run_at, 4));
    assert_eq!((found.state, found.error), (RecordedState::Waiting, None));
    assert_eq!(found.envelope.open::<Probe>().unwrap(), probe);
    assert_eq!((found.envelope.id, found.envelope.version), (id, 3));
    assert_eq!(found.envelope.tenant, Some(world.tenant));
    assert!(found.envelope.is_recorded);
    for far in [Timestamp::MAX_UTC, Timestamp::MIN_UTC, world.in_hours(24 * 367)] {
        let refused = scope.record_job(&probe, &Sameness::Never, far, world.now).await;
        let error = refused.unwrap_err().to_string();
        assert_eq!(error, "run_at: is before 1970 or more than 366 days ahead");
    }
}

async fn the_same_work_is_recorded_once(test: TestDb) {
    let world = World::new(&test, "north").await;
    let pending = || Sameness::WhilePending("M1".to_owned());
    let once = || Sameness::Once("cycle:2026-03-03T09".to_owned());
    let first = id_of(record_as(&world, "M1", pending()).await);
    let tick = id_of(record_as(&world, "M1", once()).await);
    assert_eq!(record_as(&world, "M1", pending()).await, Recorded::Duplicate(first));
    assert_eq!(record_as(&world, "M1", once()).await, Recorded::Duplicate(tick));
    settle(&world, first, RecordedState::Completed).await;
    settle(&world, tick, RecordedState::Completed).await;
    let second = id_of(record_as(&world, "M1", pending()).await);
    assert_eq!(record_as(&world, "M1", once()).await, Recorded::Duplicate(tick), "for good");
    settle(&world, second, RecordedState::Dead).await;
    id_of(record_as(&world, "M1", pending()).await);

    let south = World::new(&test, "south").await;
    id_of(record_as(&south, "M1", pending()).await);
    id_of(record_as(&south, "M1", once()).await);

    let probe = Probe { tenant: world.tenant, what: String::new() };
    for key in [String::new(), "k".repeat(10 * 1024)] {
        let same = Sameness::Once(key);
        let refused = world.scope().record_job(&probe, &same, world.now, world.now).await;
        let error = refused.unwrap_err().to_string();
        assert!(error.starts_with("job: unique key: "), "{error}");
    }
    let large = Probe { tenant: world.tenant, what: "x".repeat(70_000) };
    let refused = world.scope().record_job(&large, &Sameness::Never, world.now, world.now).await;
    assert!(refused.unwrap_err().to_string().starts_with("job: payload: has "));
}

async fn a_job_is_settled_once_and_for_all(test: TestDb) {
    let world = World::new(&test, "north").await;
    let id = record(&world, "M1").await;
    let scope = world.scope();
    let dead = RecordedState::Dead;
    let moved = scope.mark_job_settled(id, dead, Some("no answer"), world.in_hours(1)).await;
    assert_eq!(moved.unwrap(), Transition::Moved);
    assert_eq!(settle(&world, id, dead).await, Transition::AlreadyThere);
    assert_eq!(settle(&world, id, RecordedState::Completed).await, Transition::Lost);
    let found = scope.find_recorded_job(id).await.unwrap().unwrap();
    assert_eq!((found.state, found.error.as_deref()), (dead, Some("no answer")));
    assert!(take(&test, &world).await.is_empty(), "the relay comes too late");
    test.store.system().mark_jobs_relayed(&[id], world.now).await.unwrap();
    let found = scope.find_recorded_job(id).await.unwrap().unwrap();
    assert_eq!(found.state, dead, "and so does whoever had taken it before");
    let nobody = JobId::from_uuid(world.tenant.uuid());
    assert_eq!(settle(&world, nobody, dead).await, Transition::Lost);
}

async fn jobs_are_handed_on_in_their_order(test: TestDb) {
    let (north, south) = (World::new(&test, "north").await, World::new(&test, "south").await);
    let mut all = Vec::new();
    for number in 0..6 {
        let world = if number % 2 == 0 { &north } else { &south };
        all.push(record(world, "M1").await);
    }
    all.sort();
    let system = test.store.system();
    let (now, later) = (north.now, north.in_hours(1));
    let take = async |limit, at| {
        ids(system.take_jobs_to_relay(limit, at, at - chrono::TimeDelta::minutes(1)).await.unwrap())
    };
    assert_eq!(take(4, now).await, all[..4]);
    assert_eq!(take(9, now).await, all[4..], "each is taken by one");
    assert_eq!(take(9, later).await, all, "unless whoever took it went away");
    system.mark_jobs_not_taken(&all[1..2]).await.unwrap();
    assert_eq!(take(9, later).await, all[1..2]);
    system.mark_jobs_relayed(&all[..4], later).await.unwrap();
    let relayed = async |after, limit| ids(system.list_jobs_relayed(after, limit).await.unwrap());
    assert_eq!(relayed(None, 3).await, all[..3]);
    assert_eq!(relayed(Some(all[2]), 9).await, all[3..4]);
    let first = &system.list_jobs_relayed(None, 1).await.unwrap().jobs[0];
    let of_owner = test.store.tenant(first.envelope.tenant.unwrap());
    of_owner.mark_job_settled(all[0], RecordedState::Completed, None, north.now).await.unwrap();
    assert_eq!(relayed(None, 1).await, all[1..2]);
}

fn ids(read: JobsRead) -> Vec<JobId> {
    read.jobs.into_iter().map(|job| job.envelope.id).collect()
}

async fn take(test: &TestDb, world: &World<'_>) -> Vec<JobId> {
    ids(test.store.system().take_jobs_to_relay(9, world.now, world.now).await.unwrap())
}

/// Several processes take at the same time.
async fn each_job_is_handed_on_by_one(test: TestDb) {
    let world = World::new(&test, "north").await;
    let mut all = Vec::new();
    for _ in 0..40 {
        all.push(record(&world, "M1").await);
    }
    let system = test.store.system();
    let take = || system.take_jobs_to_relay(10, world.now, world.now);
    let taken = tokio::join!(take(), take(), take(), take());
    let taken = [taken.0, taken.1, taken.2, taken.3];
    let mut taken: Vec<JobId> = taken.into_iter().flat_map(|read| ids(read.unwrap())).collect();
    taken.sort();
    all.sort();
    assert_eq!(taken, all);
}

async fn many_are_recorded_as_one_is(test: TestDb) {
    let world = World::new(&test, "north").await;
    let there = id_of(record_as(&world, "M0", Sameness::WhilePending("M0".to_owned())).await);
    let job = |what: &str| {
        let probe = Probe { tenant: world.tenant, what: what.to_owned() };
        AnyJob::of(&probe).unwrap()
    };
    let (first, second, other) = (job("M1"), job("M2"), job("M0"));
    let foreign = AnyJob { tenant: None, ..job("M3") };
    let same = |key: &str| Sameness::WhilePending(key.to_owned());
    let new = |job, sameness| NewJob { job, sameness, run_at: world.now };
    let far = world.now + chrono::TimeDelta::days(4_000);
    let jobs = [
        new(&first, Sameness::Never),
        new(&other, same("M0")),
        new(&foreign, Sameness::Never),
        new(&first, same("twice")),
        new(&first, same("twice")),
        NewJob { run_at: far, ..new(&second, Sameness::Never) },
        new(&second, Sameness::Never),
    ];
    let answers = world.scope().record_jobs(&jobs, world.now).await.unwrap();
    let told: Vec<String> = answers
        .iter()
        .map(|answer| match answer {
            Ok(Recorded::New(_)) => "new".to_owned(),
            Ok(Recorded::Duplicate(id)) if *id == there => "there".to_owned(),
            Ok(Recorded::Duplicate(_)) => "twice".to_owned(),
            Err(error) => error.to_string().split(':').next().unwrap().to_owned(),
        })
        .collect();
    assert_eq!(told, ["new", "there", "job", "new", "twice", "run_at", "new"]);
    let Ok(Recorded::New(id)) = answers[0] else { panic!("it is new") };
    let found = world.scope().find_recorded_job(id).await.unwrap().unwrap();
    assert_eq!(found.envelope.open::<Probe>().unwrap().what, "M1");
    assert_eq!(take(&test, &world).await.len(), 4);
}

async fn many_are_settled_as_one_is(test: TestDb) {
    let (north, south) = (World::new(&test, "north").await, World::new(&test, "south").await);
    let plain = record(&north, "M1").await;
    let keyed = id_of(record_as(&north, "M2", Sameness::WhilePending("M2".to_owned())).await);
    let (done, dead) = (record(&north, "M3").await, record(&north, "M4").await);
    let theirs = record(&south, "M5").await;
    settle(&north, done, RecordedState::Completed).await;
    settle(&north, dead, RecordedState::Dead).await;
    let nobody = JobId::from_uuid(north.tenant.uuid());
    let ours = north.tenant;
    let jobs = [
        (ours, plain),
        (ours, keyed),
        (ours, done),
        (ours, dead),
        (south.tenant, theirs),
        // Another tenant's job under this tenant's name.
        (ours, theirs),
        (ours, nobody),
    ];
    let system = test.store.system();
    let answers = system.mark_jobs_completed(&jobs[..5], north.now).await.unwrap();
    use Transition::{AlreadyThere, Lost, Moved};
    assert_eq!(answers, [Moved, Moved, AlreadyThere, Lost, Moved]);
    assert_eq!(system.mark_jobs_completed(&jobs[5..], north.now).await.unwrap(), [Lost, Lost]);
    let again = id_of(record_as(&north, "M2", Sameness::WhilePending("M2".to_owned())).await);
    assert_ne!(again, keyed, "its key is free");
    let ends = system.list_job_ends(&[(ours, dead), (ours, theirs), (ours, again)]).await.unwrap();
    assert_eq!(ends.len(), 2, "{ends:?}");
    assert_eq!(
        (ends[&dead].state, ends[&again].state),
        (RecordedState::Dead, RecordedState::Waiting)
    );
}

async fn another_tenants_job_is_not_settled_by_ours(test: TestDb) {
    let (north, south) = (World::new(&test, "north").await, World::new(&test, "south").await);
    let theirs = record(&south, "M1").await;
    let (system, as_ours) = (test.store.system(), [(north.tenant, theirs)]);
    let answers = system.mark_jobs_completed(&as_ours, north.now).await.unwrap();
    assert_eq!(answers, [Transition::Lost]);
    let found = south.scope().find_recorded_job(theirs).await.unwrap().unwrap();
    assert_eq!(found.state, RecordedState::Waiting);
}

async fn a_job_that_is_rolled_back_was_never_recorded(test: TestDb) {
    let world = World::new(&test, "north").await;
    let work = test.store.begin(world.tenant).await.unwrap();
    let probe = Probe { tenant: world.tenant, what: "M1".to_owned() };
    let same = Sameness::Once("tick".to_owned());
    let lost = work.scope().record_job(&probe, &same, world.now, world.now).await.unwrap();
    drop(work);
    assert!(world.scope().find_recorded_job(id_of(lost)).await.unwrap().is_none());
    id_of(record_as(&world, "M1", same).await);
}

async fn what_is_dead_can_be_brought_back_with_its_key(test: TestDb) {
    let world = World::new(&test, "north").await;
    let pending = || Sameness::WhilePending("M1".to_owned());
    let id = id_of(record_as(&world, "M1", pending()).await);
    let scope = world.scope();
    let later = world.in_hours(5);
    assert_eq!(scope.mark_job_reopened(id, later).await.unwrap(), Transition::AlreadyThere);
    assert_eq!(take(&test, &world).await, [id]);
    settle(&world, id, RecordedState::Dead).await;
    assert_eq!(scope.mark_job_reopened(id, later).await.unwrap(), Transition::Moved);
    let found = scope.find_recorded_job(id).await.unwrap().unwrap();
    let seen = (found.state, found.run_at, found.settled_at, found.error);
    assert_eq!(seen, (RecordedState::Waiting, later, None, None));
    assert_eq!(record_as(&world, "M1", pending()).await, Recorded::Duplicate(id));

    settle(&world, id, RecordedState::Cancelled).await;
    let second = id_of(record_as(&world, "M1", pending()).await);
    let refused = scope.mark_job_reopened(id, later).await.unwrap_err();
    assert!(matches!(refused, StoreError::AlreadyExists(_)), "{refused:?}");
    settle(&world, second, RecordedState::Completed).await;
    assert_eq!(scope.mark_job_reopened(second, later).await.unwrap(), Transition::Lost);
    assert_eq!(scope.mark_job_reopened(id, later).await.unwrap(), Transition::Moved);
}

async fn what_was_settled_long_ago_is_forgotten(test: TestDb) {
    let world = World::new(&test, "north").await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(record(&world, "M1").await);
    }
    let scope = world.scope();
    let early = |id| scope.mark_job_settled(id, RecordedState::Dead, None, world.now);
    early(all[0]).await.unwrap();
    early(all[1]).await.unwrap();
    settle(&world, all[2], RecordedState::Completed).await;
    let before = world.in_hours(1);
    assert_eq!(scope.expire_recorded_jobs(before, 1).await.unwrap(), 1);
    assert_eq!(scope.expire_recorded_jobs(before, 9).await.unwrap(), 1);
    assert_eq!(scope.expire_recorded_jobs(before, 9).await.unwrap(), 0);
    let left = scope.list_recorded_jobs(&JobFilter::default(), 9).await.unwrap();
    let left: Vec<JobId> = left.into_iter().map(|job| job.envelope.id).collect();
    let mut kept = [all[2], all[3]];
    kept.sort_by(|one, other| other.cmp(one));
    assert_eq!(left, kept, "newest first: one that is open, and one that ended later");
}

async fn what_is_called_off_is_told_to_the_queue_that_has_it(test: TestDb) {
    let world = World::new(&test, "north").await;
    let known = record(&world, "M1").await;
    assert_eq!(take(&test, &world).await, [known]);
    let unknown = record(&world, "M2").await;
    let system = test.store.system();
    for id in [known, unknown] {
        settle(&world, id, RecordedState::Cancelled).await;
    }
    let list = |since| system.list_jobs_cancelled(since, 9);
    assert_eq!(list(world.in_hours(1)).await.unwrap(), [known], "the queue never had the other");
    assert_eq!(list(world.in_hours(2)).await.unwrap(), []);
}

async fn a_row_that_cannot_be_read_keeps_no_other_back(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (bad, good) = (record(&world, "M1").await, record(&world, "M2").await);
    let sql = "UPDATE recorded_jobs SET queue = 'pigeon' WHERE id = $1";
    world.execute(sql, [bad.uuid().into()]).await;
    let read = test.store.system().take_jobs_to_relay(9, world.now, world.now).await.unwrap();
    assert_eq!((read.len(), read.jobs[0].envelope.id, read.unreadable[0].id), (2, good, bad));
    assert_eq!(settle(&world, bad, RecordedState::Dead).await, Transition::Moved);
}
