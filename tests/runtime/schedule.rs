//! Schedules, kept by several processes at once over clocks that step and nights that change the hour.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use domain::{
    schedule::Missed,
    time::{BusinessCalendar, Timestamp, Tz, due_hour},
};
use jobs::{CycleHour, ForgetSettledJobs, JobId, Pause, PlanCycle, TenantId};
use store::{recorded::JobFilter, tenant::NewTenant};
use testkit::{
    database::{Backend, FixedClock, TestDb, open},
    rows::at,
    world::new_tenant,
};
use worker::{
    handlers::SCHEDULES,
    runtime::{Schedule, Scheduler},
};

/// A database with tenants, and several processes that keep its schedules.
struct Town {
    test: TestDb,
    clock: Arc<FixedClock>,
    tenants: Vec<TenantId>,
}

impl Town {
    async fn open(backend: Backend, now: Timestamp, tenants: usize) -> Self {
        let test = open(backend).await;
        let mut ids = Vec::new();
        for number in 0..tenants {
            let calendar = BusinessCalendar::weekdays(Tz::Europe__Berlin);
            let new = NewTenant { calendar, ..new_tenant(&format!("tenant-{number}")) };
            ids.push(test.store.system().create_tenant(new, now).await.unwrap());
        }
        Self { test, clock: Arc::new(FixedClock::new(now)), tenants: ids }
    }

    fn scheduler(&self, schedules: &[Schedule]) -> Scheduler {
        Scheduler::new(self.test.store.clone(), self.clock.clone(), schedules).unwrap()
    }

    /// Two processes ask at the same time, as they would.
    async fn both_look(&self) {
        let (one, other) = (self.scheduler(SCHEDULES), self.scheduler(SCHEDULES));
        let (first, second) = tokio::join!(one.pass(), other.pass());
        first.unwrap();
        second.unwrap();
    }

    /// The hours of the cycles that were recorded for a tenant, and the moments from which they may run.
    async fn cycles(&self, tenant: TenantId) -> Vec<(Timestamp, Timestamp)> {
        let filter = JobFilter { name: Some("plan_cycle".to_owned()), ..JobFilter::default() };
        let jobs = self.test.store.tenant(tenant).list_recorded_jobs(&filter, 1_000).await.unwrap();
        let mut hours: Vec<_> = jobs
            .iter()
            .map(|job| (job.envelope.open::<PlanCycle>().unwrap().0.due_hour, job.run_at))
            .collect();
        hours.sort();
        hours
    }

    async fn chores(&self, tenant: TenantId) -> usize {
        let filter =
            JobFilter { name: Some("forget_settled_jobs".to_owned()), ..JobFilter::default() };
        self.test.store.tenant(tenant).list_recorded_jobs(&filter, 1_000).await.unwrap().len()
    }
}

fn hours_from(first: Timestamp, count: i64) -> Vec<Timestamp> {
    (0..count).map(|hour| first + TimeDelta::hours(hour)).collect()
}

/// Through a night that changes the clocks, asked every eleven minutes by two at once.
async fn live_through(backend: Backend, from: &str, hours: i64) {
    let begin = at(from);
    let town = Town::open(backend, begin, 3).await;
    while town.clock_now() < begin + TimeDelta::hours(hours) {
        town.both_look().await;
        town.clock.advance(TimeDelta::minutes(11));
    }
    for tenant in &town.tenants {
        let cycles = town.cycles(*tenant).await;
        let names: Vec<_> = cycles.iter().map(|(hour, _)| *hour).collect();
        assert_eq!(names, hours_from(due_hour(begin), hours + 1), "each hour exactly once");
        // Once at the start, for its latest moment, and once in the night.
        assert_eq!(town.chores(*tenant).await, 2, "03:15 comes once a night");
    }
}

impl Town {
    fn clock_now(&self) -> Timestamp {
        use domain::time::Clock;
        self.clock.now()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_schedulers_fire_each_hour_once_through_both_nights() {
    for backend in Backend::ALL {
        live_through(backend, "2026-03-28T22:40:00Z", 8).await;
        live_through(backend, "2026-10-24T22:40:00Z", 8).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_steps_forth_and_back_fires_each_hour_once() {
    for backend in Backend::ALL {
        let begin = at("2026-05-04T08:59:00Z");
        let town = Town::open(backend, begin, 2).await;
        // Forth over an hour's border, back before it, and on as before; then five hours forth and back.
        let steps = [0, 2, -2, 1, 1, 1, 60, -30, 30, 300, -300, 60, 240, 60];
        for minutes in steps {
            town.clock.advance(TimeDelta::minutes(minutes));
            town.both_look().await;
        }
        for tenant in &town.tenants {
            let cycles = town.cycles(*tenant).await;
            let hours: Vec<_> = cycles.iter().map(|(hour, _)| *hour).collect();
            let expected =
                ["08", "09", "10", "15", "16"].map(|hour| at(&format!("2026-05-04T{hour}:00:00Z")));
            // Five hours at once are one fire; a clock that then shows them again fires none of them.
            assert_eq!(hours, expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cycles_take_their_turns_within_the_hour_and_always_the_same() {
    let begin = at("2026-05-04T09:00:00Z");
    let town = Town::open(Backend::Sqlite, begin, 40).await;
    town.both_look().await;
    for tenant in &town.tenants {
        let cycles = town.cycles(*tenant).await;
        assert_eq!(cycles, [(begin, begin)], "the first one ever comes at once");
    }
    for _ in 0..2 {
        town.clock.advance(TimeDelta::hours(1));
        town.both_look().await;
    }
    let mut turns: BTreeMap<i64, usize> = BTreeMap::new();
    for tenant in &town.tenants {
        let cycles = town.cycles(*tenant).await;
        let waits: Vec<_> = cycles[1..].iter().map(|(hour, run_at)| *run_at - *hour).collect();
        assert_eq!(waits[0], waits[1], "a tenant's minute stays");
        assert!(waits[0] < TimeDelta::minutes(50));
        *turns.entry(waits[0].num_minutes() / 10).or_default() += 1;
    }
    assert!(4 <= turns.len(), "they are spread: {turns:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_one_cycle_and_a_paused_tenant_makes_up_for_it_when_it_goes_on() {
    let begin = at("2026-05-04T09:00:00Z");
    let town = Town::open(Backend::Sqlite, begin, 2).await;
    town.both_look().await;
    let [away, paused] = [town.tenants[0], town.tenants[1]];
    let system = town.test.store.system();
    system.insert_pause(&Pause::Tenant(paused), "cli:test", begin).await.unwrap();
    town.clock.advance(TimeDelta::hours(7));
    town.both_look().await;
    let cycles = town.cycles(away).await;
    assert_eq!(cycles.len(), 2, "one stands for seven: {cycles:?}");
    let (hour, run_at) = cycles[1];
    assert_eq!(hour, at("2026-05-04T16:00:00Z"));
    assert!(run_at - hour < TimeDelta::minutes(5), "and it comes soon");
    assert_eq!(town.cycles(paused).await.len(), 1, "nothing piles up for one that is paused");

    system.delete_pause(&Pause::Tenant(paused)).await.unwrap();
    town.both_look().await;
    assert_eq!(town.cycles(paused).await.len(), 2);
}

/// A schedule that makes up for each of what it missed, up to a limit.
#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_catches_up_records_each_fire() {
    let begin = at("2026-05-04T09:00:00Z");
    let town = Town::open(Backend::Sqlite, begin, 1).await;
    let catching_up = Schedule { missed: Missed::CatchUp { max: 3 }, ..SCHEDULES[0] };
    let scheduler = town.scheduler(&[catching_up]);
    scheduler.pass().await.unwrap();
    town.clock.advance(TimeDelta::hours(5));
    assert_eq!(scheduler.pass().await.unwrap().recorded, 3);
    assert_eq!(scheduler.pass().await.unwrap().recorded, 0);
    let hours: Vec<_> = town.cycles(town.tenants[0]).await.into_iter().map(|it| it.0).collect();
    let expected = ["09", "12", "13", "14"].map(|hour| at(&format!("2026-05-04T{hour}:00:00Z")));
    assert_eq!(hours, expected);
}

/// One tenant whose schedule cannot be kept, and what is recorded for the others.
#[tokio::test(flavor = "multi_thread")]
async fn one_tenants_trouble_keeps_no_other_waiting() {
    let begin = at("2026-05-04T09:00:00Z");
    let town = Town::open(Backend::Sqlite, begin, 3).await;
    let troubled = Schedule {
        job: |tenant, fire| {
            if tenant.slug == "tenant-1" {
                // Another tenant's work is refused.
                let id = JobId::from_uuid(tenant.id.uuid());
                let other = TenantId::from_uuid(uuid::Uuid::from_u128(id.uuid().as_u128() ^ 1));
                return jobs::AnyJob::of(&ForgetSettledJobs { tenant_id: other });
            }
            let hour = CycleHour { tenant_id: tenant.id, due_hour: fire.at };
            jobs::AnyJob::of(&PlanCycle(hour))
        },
        ..SCHEDULES[0]
    };
    let pass = town.scheduler(&[troubled]).pass().await.unwrap();
    assert_eq!(pass.recorded, 2);
    assert_eq!(town.cycles(town.tenants[2]).await.len(), 1);
    // It has not fired either: once it can be kept, it fires.
    assert_eq!(town.scheduler(&SCHEDULES[..1]).pass().await.unwrap().recorded, 1);
}

/// The demo's hours may pass faster than the world's, and come to lie years ahead of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_whose_clock_is_ahead_is_not_kept_waiting_for_the_worlds() {
    let begin = at("2026-05-04T09:20:00Z");
    let town = Town::open(Backend::Sqlite, begin, 0).await;
    let ahead = begin + TimeDelta::days(4_000);
    let new = NewTenant { simulated_now: Some(ahead), ..new_tenant("ahead") };
    let tenant = town.test.store.system().create_tenant(new, begin).await.unwrap();
    let scheduler = town.scheduler(SCHEDULES);
    assert_eq!(scheduler.pass().await.unwrap().recorded, SCHEDULES.len());
    let cycles = town.cycles(tenant).await;
    assert_eq!(cycles, [(due_hour(ahead), begin)]);
    let rests = scheduler.pass().await.unwrap();
    assert_eq!(rests.recorded, 0);
    assert!(rests.simulated_in.unwrap() > std::time::Duration::from_secs(3_000), "{rests:?}");
}
