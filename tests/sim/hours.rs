//! Hours: missed ones, those of the nights in which the clocks change, and a tenant that has nothing to do.

use agent::CycleRequest;
use chrono::{TimeDelta, Timelike};
use domain::{
    action::TenantMode,
    cycle::{RunStatus, WorkBlock},
    time::{Clock, Timestamp},
};
use testkit::database::Backend;

use crate::{
    look::Snapshot,
    rig::{Rig, at},
    town::{OPENING, Setup, Town, found},
};

#[tokio::test]
async fn hours_that_were_missed_are_stood_for_by_one_run() {
    for backend in Backend::ALL {
        let rig = Rig::on(backend, at(OPENING)).await;
        let town = Town::build(&rig, "ahorn", &Setup::default()).await;
        // Where the clock stands, how many hours the run stands for, and which number it has.
        let table = [
            ("2026-11-10T09:59:59Z", 1, 1),
            ("2026-11-10T10:00:00Z", 1, 2),
            ("2026-11-10T15:20:00Z", 5, 3),
            ("2026-11-11T15:00:00Z", 24, 4),
            ("2027-01-01T00:30:00Z", 1_209, 5),
        ];
        for (now, hours_covered, cycle_number) in table {
            rig.clock.set(at(now));
            let block = rig.cycle(&rig.agent(), town.slug).await;
            assert_eq!((block.hours_covered, block.cycle_number), (hours_covered, cycle_number));
            assert_eq!(block.started_at, at(now));
            let again = rig.try_cycle(&rig.agent(), town.slug).await.unwrap();
            assert!(again.was_there, "an hour was done twice");
            assert_eq!(again.work_block, block);
        }
        // A rehearsal stands for no hour, and hides none.
        let tenant = rig.tenant(town.slug).await;
        let request = CycleRequest::AsOf(at("2027-01-02T09:00:00Z"));
        let rehearsed = rig.agent().run_cycle(&tenant, request).await.unwrap().work_block;
        assert_eq!((rehearsed.due_hour, rehearsed.hours_covered), (None, 1));
        rig.clock.set(at("2027-01-01T04:00:00Z"));
        assert_eq!(rig.cycle(&rig.agent(), town.slug).await.hours_covered, 4);
    }
}

/// Walks hourly through a weekend; gives the records, and when each letter left.
async fn weekend(backend: Backend, from: &str, hours: usize) -> (Vec<WorkBlock>, Vec<Timestamp>) {
    let rig = Rig::on(backend, at(from)).await;
    let town = Town::build(&rig, "ahorn", &Setup::default()).await;
    let mut blocks = Vec::new();
    for _ in 0..hours {
        blocks.push(rig.cycle(&rig.agent(), town.slug).await);
        assert!(rig.try_cycle(&rig.agent(), town.slug).await.unwrap().was_there);
        rig.next_hour();
    }
    let runs = rig.test.store.tenant(town.tenant).list_runs(1_000).await.unwrap();
    assert_eq!(runs.len(), hours);
    assert!(runs.iter().all(|run| run.status == RunStatus::Completed));
    let mut left: Vec<_> = rig.transport.sent().iter().map(|(mail, _)| mail.date).collect();
    left.sort();
    (blocks, left)
}

/// Each hour of the night has its run, the doubled one two and the skipped one none; business opens by the wall.
#[tokio::test]
async fn nights_that_change_the_clocks_neither_skip_nor_double_an_hour() {
    // From Friday evening over the change on Sunday to Monday, when business opens at nine in Berlin.
    let table = [
        ("2026-10-23T19:00:00Z", "2026-10-26T08:00:00Z"),
        ("2027-03-26T19:00:00Z", "2027-03-29T07:00:00Z"),
    ];
    for backend in Backend::ALL {
        for (from, opens_at) in table {
            let hours = (at(opens_at) - at(from)).num_hours() + 2;
            let hours = usize::try_from(hours).unwrap();
            let (blocks, left) = weekend(backend, from, hours).await;
            for (hour, block) in blocks.iter().enumerate() {
                let due = at(from) + TimeDelta::hours(i64::try_from(hour).unwrap());
                assert_eq!(block.due_hour, Some(due));
                assert_eq!(block.hours_covered, 1);
                assert_eq!(usize::try_from(block.cycle_number).unwrap(), hour + 1);
            }
            assert_eq!(left.first(), Some(&at(opens_at)), "the first letter after {from}");
        }
    }
}

/// The doubled hour of the local night is two hours of the tenant, and the skipped one none.
#[tokio::test]
async fn the_doubled_hour_has_two_runs() {
    for (from, local_hours) in
        [("2026-10-24T23:00:00Z", [1, 2, 2, 3]), ("2027-03-27T23:00:00Z", [0, 1, 3, 4])]
    {
        let (blocks, _) = weekend(Backend::Sqlite, from, 4).await;
        let zone: domain::time::Tz = "Europe/Berlin".parse().unwrap();
        let local: Vec<u32> =
            blocks.iter().map(|block| block.started_at.with_timezone(&zone).hour()).collect();
        assert_eq!(local, local_hours);
    }
}

#[tokio::test]
async fn a_tenant_without_data_has_completed_cycles_with_nothing_in_them() {
    for backend in Backend::ALL {
        for mode in [TenantMode::Approval, TenantMode::Autonomous] {
            let rig = Rig::on(backend, at(OPENING)).await;
            let setup = Setup { mode, ..Setup::default() };
            let tenant = found(&rig.test.store, "leer", &setup).await;
            let before = Snapshot::of(&rig.test.db, tenant).await;
            for _ in 0..3 {
                let block = rig.cycle(&rig.agent(), "leer").await;
                let plan = block.plan.unwrap();
                assert_eq!(plan.inputs, domain::cycle::InputCounts::default());
                assert!(plan.queue.is_empty() && plan.awaiting.is_empty());
                assert!(plan.blocked.is_empty());
                let act = block.act.unwrap();
                assert!(act.done.is_empty() && act.failed.is_empty() && act.deferred.is_empty());
                let react = block.react.unwrap();
                assert!(react.outcomes.is_empty() && react.metric_changes.is_empty());
                assert!(block.reflect.unwrap().what_we_did.is_empty());
                rig.next_hour();
            }
            let after = Snapshot::of(&rig.test.db, tenant).await;
            let changed: Vec<&str> = before.changed_until(&after).into_iter().collect();
            assert_eq!(changed, ["agent_autonomous_runs", "agent_tenant_locks"]);
            let now = rig.clock.now();
            let request = CycleRequest::AsOf(now);
            let tenant = rig.tenant("leer").await;
            let rehearsed = rig.agent().run_cycle(&tenant, request).await.unwrap().work_block;
            assert!(rehearsed.reflect.is_some());
        }
    }
}
