//! Units of work, the tenant's lock with its fence, and the lease of the process that runs cycles.

use chrono::TimeDelta;
use domain::{cycle::RunStatus, id::RunId, time::Timestamp};
use entity::agent_tenant_locks as locks;
use sea_orm::EntityTrait;
use store::{
    Fence, Store, StoreError,
    lock::TenantLock,
    recorded::{Recorded, RecordedState, Sameness},
    run::NewRun,
    system::RunnerLease,
};
use testkit::{database::TestDb, rows, world::World};

use crate::{dice::Dice, recorded::record_as};

on_both!(
    work_without_a_commit_leaves_no_trace,
    work_is_seen_by_itself_alone_until_it_commits,
    each_hold_of_a_lock_draws_a_higher_number,
    another_run_is_busy_until_the_hold_lapses,
    a_lock_that_was_given_back_is_free_and_an_old_fence_gives_nothing_back,
    a_late_worker_loses_its_fence_and_writes_nothing,
    a_job_takes_over_from_a_job_of_its_run_and_from_nobody_else,
    a_takeover_waits_for_work_that_has_begun,
    a_lock_of_a_run_that_is_over_is_free,
    of_many_who_ask_at_once_one_gets_the_lock,
    a_lock_behaves_like_its_model,
    a_second_runner_is_told_who_the_first_is,
    of_many_runners_at_once_one_gets_the_lease,
);

const HOST_A: &str = "a.example/1/aaaaaa";
const HOST_B: &str = "b.example/2/bbbbbb";

async fn work_without_a_commit_leaves_no_trace(test: TestDb) {
    let world = World::new(&test, "north").await;
    let origin = world.origin();

    let work = test.store.begin(world.tenant).await.unwrap();
    work.scope().upsert_clients(&origin, &[rows::client("C1")]).await.unwrap();
    drop(work);

    let work = test.store.begin(world.tenant).await.unwrap();
    work.scope().upsert_clients(&origin, &[rows::client("C2")]).await.unwrap();
    let nobody = domain::id::Id::from_uuid(world.tenant.uuid());
    let refused = work.scope().upsert_contacts(&origin, &[rows::contact("P1", nobody)]).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    drop(work);

    assert!(known(&world, &["C1", "C2"]).await.is_empty());
    let work = test.store.begin(world.tenant).await.unwrap();
    work.scope().upsert_clients(&origin, &[rows::client("C3")]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(known(&world, &["C1", "C2", "C3"]).await, ["C3"]);
}

async fn work_is_seen_by_itself_alone_until_it_commits(test: TestDb) {
    let world = World::new(&test, "north").await;
    let work = test.store.begin(world.tenant).await.unwrap();
    work.scope().upsert_clients(&world.origin(), &[rows::client("C1")]).await.unwrap();
    assert_eq!(work.scope().client_ids("crm", &["C1"]).await.unwrap().len(), 1);
    assert!(known(&world, &["C1"]).await.is_empty());
    work.commit().await.unwrap();
    assert_eq!(known(&world, &["C1"]).await, ["C1"]);
}

async fn each_hold_of_a_lock_draws_a_higher_number(test: TestDb) {
    let world = World::new(&test, "north").await;
    let run = new_run(&world);
    let mut last = 0;
    for minute in 0..5 {
        let now = world.now + TimeDelta::minutes(minute);
        let fence = held(&world, run, now).await;
        assert_eq!((fence.run, fence.number), (run, last + 1), "the same run, a new phase");
        last = fence.number;
    }
    // Only the newest number writes.
    let old = Fence { run, number: last - 1 };
    let lost = test.store.begin_fenced(world.tenant, old).await.err();
    assert!(matches!(lost, Some(StoreError::FenceLost { held: 4, current: 5 })), "{lost:?}");
    test.store.begin_fenced(world.tenant, Fence { run, number: last }).await.unwrap();
}

async fn another_run_is_busy_until_the_hold_lapses(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (first, second) = (new_run(&world), new_run(&world));
    let expires_at = world.in_hours(1);
    held(&world, first, world.now).await;
    let just_before = expires_at - TimeDelta::microseconds(1);
    for now in [world.now, just_before] {
        let busy = ask(&test.store, &world, second, HOST_B, now).await;
        assert_eq!(busy, TenantLock::Busy { locked_by: HOST_A.to_owned(), expires_at });
    }
    // Another instance that works on the same run is another worker.
    let busy = ask(&test.store, &world, first, HOST_B, just_before).await;
    assert_eq!(busy, TenantLock::Busy { locked_by: HOST_A.to_owned(), expires_at });

    let taken = ask(&test.store, &world, second, HOST_B, expires_at).await;
    assert_eq!(taken, TenantLock::Held(Fence { run: second, number: 2 }));
    let busy = ask(&test.store, &world, first, HOST_A, expires_at).await;
    assert!(matches!(busy, TenantLock::Busy { locked_by, .. } if locked_by == HOST_B));

    // A neighbour's lock is another lock.
    let south = World::new(&test, "south").await;
    assert_eq!(held(&south, new_run(&south), south.now).await.number, 1);
}

async fn a_lock_that_was_given_back_is_free_and_an_old_fence_gives_nothing_back(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (first, second) = (new_run(&world), new_run(&world));
    let old = held(&world, first, world.now).await;
    let fence = held(&world, first, world.now).await;

    test.store.release_tenant(world.tenant, old, world.now).await.unwrap();
    let busy = ask(&test.store, &world, second, HOST_B, world.now).await;
    assert!(matches!(busy, TenantLock::Busy { .. }), "an old fence gave the lock back");

    test.store.release_tenant(world.tenant, fence, world.now).await.unwrap();
    let taken = ask(&test.store, &world, second, HOST_B, world.now).await;
    assert_eq!(taken, TenantLock::Held(Fence { run: second, number: 3 }));
    assert_eq!(locks::Entity::find().all(&test.db).await.unwrap().len(), 1);
}

async fn a_job_takes_over_from_a_job_of_its_run_and_from_nobody_else(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (store, run, other) = (&test.store, new_run(&world), new_run(&world));
    let until = world.in_hours(1);
    let record = async |what: &str| match record_as(&world, what, Sameness::Never).await {
        Recorded::New(id) | Recorded::Duplicate(id) => id,
    };
    let (plan, act) = (record("plan").await, record("act").await);
    let ask =
        |run, (job, by)| store.acquire_tenant(world.tenant, run, by, Some(job), world.now, until);
    let is_busy = async |run, by| matches!(ask(run, by).await.unwrap(), TenantLock::Busy { .. });
    let TenantLock::Held(first) = ask(run, (plan, HOST_A)).await.unwrap() else {
        panic!("it is free")
    };
    assert!(is_busy(other, (plan, HOST_B)).await, "another run");
    assert!(is_busy(run, (act, HOST_B)).await, "the one that holds it is not over");
    assert!(is_busy(run, (act, HOST_A)).await, "not in the same process either");
    let walk =
        store.acquire_tenant(world.tenant, run, HOST_B, None, world.now, until).await.unwrap();
    assert!(matches!(walk, TenantLock::Busy { .. }), "a process that walks the run by itself");

    // The same job, handed out again because its worker is gone.
    let again = ask(run, (plan, HOST_B)).await.unwrap();
    let TenantLock::Held(second) = again else { panic!("its turn") };
    assert!(first.number < second.number);
    let late = store.begin_fenced(world.tenant, first).await.err();
    assert!(matches!(late, Some(StoreError::FenceLost { .. })), "{late:?}");
    // The next one, once that is settled: its worker died before it gave the lock back.
    let completed = RecordedState::Completed;
    world.scope().mark_job_settled(plan, completed, None, world.now).await.unwrap();
    let TenantLock::Held(third) = ask(run, (act, HOST_A)).await.unwrap() else { panic!("over") };
    store.release_tenant(world.tenant, third, world.now).await.unwrap();

    let walk =
        store.acquire_tenant(world.tenant, run, HOST_A, None, world.now, until).await.unwrap();
    assert!(matches!(walk, TenantLock::Held(_)));
    assert!(is_busy(run, (act, HOST_B)).await, "somebody else's walk is alive");
}

/// A worker was killed between the last commit of a run and giving its lock back.
async fn a_lock_of_a_run_that_is_over_is_free(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (run, next) = (new_run(&world), new_run(&world));
    let until = world.in_hours(1);
    let ask = |run| test.store.acquire_tenant(world.tenant, run, HOST_B, None, world.now, until);
    let first = held(&world, run, world.now).await;
    let new = NewRun { due_hour: None, as_of: None, hours_covered: 1, started_at: world.now };
    world.scope().insert_run(run, &new).await.unwrap();
    assert!(matches!(ask(next).await.unwrap(), TenantLock::Busy { .. }), "it runs");
    world.scope().mark_run_closed(run, RunStatus::Failed, "no", world.now).await.unwrap();
    let TenantLock::Held(second) = ask(next).await.unwrap() else { panic!("it is over") };
    assert!(first.number < second.number);
    assert!(matches!(ask(run).await.unwrap(), TenantLock::Busy { .. }), "the other way round");
}

async fn a_late_worker_loses_its_fence_and_writes_nothing(test: TestDb) {
    let world = World::new(&test, "north").await;
    let never = Fence { run: new_run(&world), number: 1 };
    let lost = test.store.begin_fenced(world.tenant, never).await.err();
    assert!(matches!(lost, Some(StoreError::FenceLost { held: 1, current: 0 })), "{lost:?}");

    let frozen = held(&world, new_run(&world), world.now).await;
    let later = world.in_hours(2);
    let awake = held(&world, new_run(&world), later).await;

    let lost = test.store.begin_fenced(world.tenant, frozen).await.err();
    assert!(matches!(lost, Some(StoreError::FenceLost { held: 1, current: 2 })), "{lost:?}");
    let work = test.store.begin_fenced(world.tenant, awake).await.unwrap();
    work.scope().upsert_clients(&world.origin(), &[rows::client("C1")]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(known(&world, &["C1"]).await, ["C1"]);
}

async fn a_takeover_waits_for_work_that_has_begun(test: TestDb) {
    let world = World::new(&test, "north").await;
    let fence = held(&world, new_run(&world), world.now).await;
    let (second, later) = (new_run(&world), world.in_hours(2));
    let elsewhere = test.open_another(8).await;

    // The work begins under a hold that lapses while it is being written.
    let work = test.store.begin_fenced(world.tenant, fence).await.unwrap();
    work.scope().upsert_clients(&world.origin(), &[rows::client("C1")]).await.unwrap();
    let (taken, seen) = tokio::join!(
        async {
            let taken = ask(&elsewhere, &world, second, HOST_B, later).await;
            let seen = elsewhere.tenant(world.tenant).client_ids("crm", &["C1"]).await.unwrap();
            assert_eq!(seen.len(), 1, "the takeover did not wait for the work's commit");
            taken
        },
        async {
            work.scope().upsert_clients(&world.origin(), &[rows::client("C2")]).await.unwrap();
            work.commit().await.unwrap();
            known(&world, &["C1", "C2"]).await
        }
    );

    assert_eq!(taken, TenantLock::Held(Fence { run: second, number: 2 }));
    assert_eq!(seen, ["C1", "C2"], "what had begun was kept");
    let lost = test.store.begin_fenced(world.tenant, fence).await.err();
    assert!(matches!(lost, Some(StoreError::FenceLost { .. })), "{lost:?}");
}

async fn of_many_who_ask_at_once_one_gets_the_lock(test: TestDb) {
    let world = World::new(&test, "north").await;
    let elsewhere = test.open_another(8).await;
    let [a, b, c, d] = [(); 4].map(|()| new_run(&world));
    let answers: [TenantLock; 4] = tokio::join!(
        ask(&test.store, &world, a, "a.example", world.now),
        ask(&elsewhere, &world, b, "b.example", world.now),
        ask(&test.store, &world, c, "c.example", world.now),
        ask(&elsewhere, &world, d, "d.example", world.now),
    )
    .into();
    let held: Vec<_> = answers.iter().filter(|it| matches!(it, TenantLock::Held(_))).collect();
    assert_eq!(held.len(), 1, "{answers:?}");
}

/// What a lock should be, in plain values.
struct LockModel {
    holder: Option<(RunId, &'static str)>,
    expires_at: Timestamp,
    fence: i64,
}

async fn a_lock_behaves_like_its_model(test: TestDb) {
    let world = World::new(&test, "north").await;
    let runs = [(); 3].map(|()| new_run(&world));
    let mut dice = Dice::new(11);
    let mut now = world.now;
    let mut model = LockModel { holder: None, expires_at: Timestamp::UNIX_EPOCH, fence: 0 };
    let mut drawn: Vec<Fence> = Vec::new();
    for step in 0..150 {
        now += TimeDelta::minutes(dice.below(40));
        if dice.below(4) == 0 && !drawn.is_empty() {
            let fence = drawn[dice.index(drawn.len())];
            test.store.release_tenant(world.tenant, fence, now).await.unwrap();
            if fence.number == model.fence {
                (model.holder, model.expires_at) = (None, now);
            }
        } else {
            let run = runs[dice.index(runs.len())];
            let host = [HOST_A, HOST_B][dice.index(2)];
            let is_free =
                model.holder.is_none_or(|holder| holder == (run, host)) || model.expires_at <= now;
            match ask(&test.store, &world, run, host, now).await {
                TenantLock::Held(fence) => {
                    assert!(is_free, "step {step}: it was taken from its holder");
                    assert_eq!(fence, Fence { run, number: model.fence + 1 }, "step {step}");
                    model = LockModel {
                        holder: Some((run, host)),
                        expires_at: now + TimeDelta::hours(1),
                        fence: fence.number,
                    };
                    drawn.push(fence);
                }
                TenantLock::Busy { expires_at, .. } => {
                    assert!(!is_free, "step {step}: it was free");
                    assert_eq!(expires_at, model.expires_at, "step {step}");
                }
            }
        }
        let stored = locks::Entity::find().all(&test.db).await.unwrap();
        let fences: Vec<i64> = stored.iter().map(|row| row.fence).collect();
        assert_eq!(fences, if model.fence == 0 { vec![] } else { vec![model.fence] });
    }
    assert!(20 < drawn.len(), "the lock changed hands only {} times", drawn.len());
}

async fn a_second_runner_is_told_who_the_first_is(test: TestDb) {
    let system = test.store.system();
    let now = rows::at("2026-03-03T09:30:00Z");
    let minute = TimeDelta::minutes(1);
    assert_eq!(system.find_runner(now).await.unwrap(), None);

    let first = system.acquire_runner(HOST_A, now, now + minute).await.unwrap();
    assert_eq!(first, RunnerLease::Held { expires_at: now + minute });
    let busy = RunnerLease::Busy { holder: HOST_A.to_owned(), expires_at: now + minute };
    assert_eq!(system.acquire_runner(HOST_B, now, now + minute).await.unwrap(), busy);
    assert_eq!(system.find_runner(now).await.unwrap(), Some(busy));

    // The holder extends it; whoever else waits, waits longer.
    let extended = system.acquire_runner(HOST_A, now, now + minute * 2).await.unwrap();
    assert_eq!(extended, RunnerLease::Held { expires_at: now + minute * 2 });
    let still = system.acquire_runner(HOST_B, now + minute, now + minute * 3).await.unwrap();
    assert!(matches!(still, RunnerLease::Busy { holder, .. } if holder == HOST_A));

    // A lapsed lease is nobody's.
    assert_eq!(system.find_runner(now + minute * 2).await.unwrap(), None);
    let taken = system.acquire_runner(HOST_B, now + minute * 2, now + minute * 4).await.unwrap();
    assert_eq!(taken, RunnerLease::Held { expires_at: now + minute * 4 });

    // Giving back what one does not have changes nothing.
    system.release_runner(HOST_A, now + minute * 2).await.unwrap();
    let busy = system.acquire_runner(HOST_A, now + minute * 3, now + minute * 5).await.unwrap();
    assert!(matches!(busy, RunnerLease::Busy { holder, .. } if holder == HOST_B));
    system.release_runner(HOST_B, now + minute * 3).await.unwrap();
    let free = system.acquire_runner(HOST_A, now + minute * 3, now + minute * 5).await.unwrap();
    assert_eq!(free, RunnerLease::Held { expires_at: now + minute * 5 });
}

async fn of_many_runners_at_once_one_gets_the_lease(test: TestDb) {
    let elsewhere = test.open_another(8).await;
    let (here, there) = (test.store.system(), elsewhere.system());
    let now = rows::at("2026-03-03T09:30:00Z");
    let until = now + TimeDelta::minutes(1);
    let (a, b, c, d) = tokio::join!(
        here.acquire_runner("a.example", now, until),
        there.acquire_runner("b.example", now, until),
        here.acquire_runner("c.example", now, until),
        there.acquire_runner("d.example", now, until),
    );
    let answers = [a, b, c, d].map(Result::unwrap);
    let held: Vec<_> = answers.iter().filter(|it| matches!(it, RunnerLease::Held { .. })).collect();
    assert_eq!(held.len(), 1, "{answers:?}");
}

fn new_run(world: &World<'_>) -> RunId {
    world.test.store.new_run_id(world.now)
}

/// Asks for the lock for an hour.
async fn ask(
    store: &Store,
    world: &World<'_>,
    run: RunId,
    locked_by: &str,
    now: Timestamp,
) -> TenantLock {
    let expires_at = now + TimeDelta::hours(1);
    store.acquire_tenant(world.tenant, run, locked_by, None, now, expires_at).await.unwrap()
}

async fn held(world: &World<'_>, run: RunId, now: Timestamp) -> Fence {
    match ask(&world.test.store, world, run, HOST_A, now).await {
        TenantLock::Held(fence) => fence,
        busy @ TenantLock::Busy { .. } => panic!("nobody else has it: {busy:?}"),
    }
}

/// Which of some clients there are, sorted.
async fn known(world: &World<'_>, keys: &[&str]) -> Vec<String> {
    let found = world.scope().client_ids("crm", keys).await.unwrap();
    let mut keys: Vec<String> = found.into_keys().collect();
    keys.sort();
    keys
}
