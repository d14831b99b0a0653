//! Recorded jobs: kept once, handed on in order, settled once.

use std::time::Duration;

use domain::{id::TenantId, time::Timestamp};
use jobs::{Job, JobId, Limits, Priority, Queue};
use serde::{Deserialize, Serialize};
use store::{
    Transition,
    recorded::{Recorded, RecordedState, Sameness},
};
use testkit::{database::TestDb, world::World};

on_both!(
    a_job_comes_back_as_it_was_recorded,
    the_same_work_is_recorded_once,
    a_job_is_settled_once_and_for_all,
    jobs_are_handed_on_in_their_order,
    a_job_that_is_rolled_back_was_never_recorded,
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
    test.store.system().mark_jobs_relayed(&[id], world.now).await.unwrap();
    let found = scope.find_recorded_job(id).await.unwrap().unwrap();
    assert_eq!(found.state, dead, "the relay comes too late");
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
    let ids = |jobs: Vec<store::recorded::RecordedJob>| -> Vec<JobId> {
        jobs.into_iter().map(|job| job.envelope.id).collect()
    };
    assert_eq!(ids(system.list_jobs_to_relay(4).await.unwrap()), all[..4]);
    system.mark_jobs_relayed(&all[..4], north.now).await.unwrap();
    assert_eq!(ids(system.list_jobs_to_relay(9).await.unwrap()), all[4..]);
    assert_eq!(ids(system.list_jobs_relayed(None, 3).await.unwrap()), all[..3]);
    assert_eq!(ids(system.list_jobs_relayed(Some(all[2]), 3).await.unwrap()), all[3..4]);
    let owner = system.list_jobs_relayed(None, 1).await.unwrap()[0].envelope.tenant.unwrap();
    let of_owner = test.store.tenant(owner);
    of_owner.mark_job_settled(all[0], RecordedState::Completed, None, north.now).await.unwrap();
    assert_eq!(ids(system.list_jobs_relayed(None, 1).await.unwrap()), all[1..2]);
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
