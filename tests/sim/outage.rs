//! A database that fails in the midst of a cycle: a clear error, nothing half done, and the next try goes on.

use std::{collections::BTreeSet, sync::Arc};

use agent::{Agent, AgentError, CycleRequest};
use domain::cycle::RunStatus;
use platform::{
    SeededIds,
    config::DatabaseConfig,
    database::{DatabaseConnection, connect},
};
use sea_orm::ConnectionTrait;
use store::{Store, StoreError, run::RunRow};
use testkit::database::{Backend, TestDb};

use crate::{
    crash::{complete, steps, undisturbed},
    dice::{Dice, Told},
    effects::{assert_same, effects, letters},
    rig::{Rig, at},
    takeover::without_beliefs,
    town::{OPENING, Setup, Town},
    wire::Wire,
};

/// Tables that a town's first cycle writes to.
const WRITTEN: [&str; 19] = [
    "actions",
    "agent_autonomous_runs",
    "agent_policy_violations",
    "agent_tenant_locks",
    "cases",
    "clients",
    "compliance_items",
    "deal_stage_changes",
    "deals",
    "decisions",
    "engagement_clocks",
    "engagement_touches",
    "memories",
    "messages",
    "order_exceptions",
    "orders",
    "outbound_messages",
    "quotes",
    "tasks",
];

async fn fresh(backend: Backend) -> (Rig, Town) {
    let rig = Rig::on(backend, at(OPENING)).await;
    let town = Town::build(&rig, "ahorn", &Setup::default()).await;
    (rig, town)
}

async fn runs(rig: &Rig, town: &Town) -> Vec<RunRow> {
    rig.test.store.tenant(town.tenant).list_runs(100).await.expect("runs can be read")
}

/// An agent whose connections the test can break.
async fn over(url: &str, rig: &Rig) -> Agent {
    let db = connect(&DatabaseConfig { url: url.to_owned() }).await.expect("it answers");
    Agent { store: Store::new(db, Arc::new(SeededIds::new(8))), ..rig.agent() }
}

/// What an error of a database that is gone has to be, and to say.
fn assert_unavailable(error: &AgentError) {
    let is_it = matches!(error, AgentError::Store(StoreError::Unavailable(_)));
    assert!(is_it, "not told as a database that is gone: {error:?}");
    assert!(error.to_string().starts_with("the database is not available"), "{error}");
}

/// After an outage: the run, if it had begun, waits to be gone on with; then it is, and everything is done once.
async fn goes_on(rig: &Rig, town: &Town, agent: &Agent, expected: &BTreeSet<String>) {
    let left = runs(rig, town).await;
    assert!(left.iter().all(|run| run.status != RunStatus::Failed), "{left:?}");
    let result = complete(rig, agent, town.slug).await;
    let there = runs(rig, town).await;
    assert_eq!(there.len(), 1, "{there:?}");
    assert_eq!(there[0].status, RunStatus::Completed);
    assert!(left.iter().all(|run| run.id == result.work_block.run), "another run took over");
    assert!(letters(rig).values().all(|times| *times == 1), "a letter left twice");
    assert_same(&effects(rig, town).await, expected, "what was done in the end");
}

/// The line to the server breaks after so many steps of a cycle, and is mended later.
#[tokio::test]
async fn a_server_that_cannot_be_reached_ends_the_cycle_and_not_the_run() {
    const CUTS: usize = 16;
    let (whole, of_whole, _, of_a_cycle) = undisturbed(Backend::Postgres).await;
    let expected = effects(&whole, &of_whole).await;
    let mut dice = Dice::new(31);
    let mut broken = 0;
    for cut in 0..CUTS {
        let after = (of_a_cycle * cut + dice.below(of_a_cycle)) / CUTS;
        let _told = Told(format!("a line that was cut after {after} steps"));
        let (rig, town) = fresh(Backend::Postgres).await;
        let (wire, url) = Wire::to(&rig.test.config().url);
        let agent = over(&url, &rig).await;
        let mut cycle = Box::pin(rig.try_cycle(&agent, town.slug));
        let early = steps(&mut cycle, after).await;
        wire.cut();
        let result = match early {
            Some(result) => result,
            None => cycle.await,
        };
        if let Err(error) = &result {
            assert_unavailable(error);
            broken += 1;
        }
        wire.mend();
        if result.is_err() {
            goes_on(&rig, &town, &agent, &expected).await;
        }
    }
    assert!(CUTS / 2 < broken, "the line broke in only {broken} cycles");
}

/// An administrator ends every connection of the database, which is what a server's restart looks like.
#[tokio::test]
async fn connections_that_the_server_ends_lose_nothing() {
    const CUTS: usize = 12;
    let (whole, of_whole, _, of_a_cycle) = undisturbed(Backend::Postgres).await;
    let expected = effects(&whole, &of_whole).await;
    let mut dice = Dice::new(32);
    for cut in 0..CUTS {
        let after = (of_a_cycle * cut + dice.below(of_a_cycle)) / CUTS;
        let _told = Told(format!("connections that were ended after {after} steps"));
        let (rig, town) = fresh(Backend::Postgres).await;
        let agent = over(&rig.test.config().url, &rig).await;
        // Read beforehand: the test's own connections are ended as well.
        let tenant = rig.tenant(town.slug).await;
        let mut cycle = Box::pin(agent.run_cycle(&tenant, CycleRequest::Due));
        let early = steps(&mut cycle, after).await;
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        rig.test.db.execute_unprepared(others).await.expect("they are ended");
        let result = match early {
            Some(result) => result,
            None => cycle.await,
        };
        match result {
            Err(error) => {
                assert_unavailable(&error);
                goes_on(&rig, &town, &agent, &expected).await;
            }
            // Between two statements nobody notices: another connection takes the place.
            Ok(_) => assert_same(&effects(&rig, &town).await, &expected, "what was done"),
        }
    }
}

/// Lets every write to a table fail with a message, once it has so many rows.
async fn break_table(test: &TestDb, table: &str, how: &str, rows: u64, message: &str) {
    let db: &DatabaseConnection = &test.db;
    let is_reached = format!("(SELECT COUNT(*) FROM {table}) >= {rows}");
    let sql = format!(
        "CREATE TRIGGER broken BEFORE {how} ON {table} WHEN {is_reached} \
         BEGIN SELECT RAISE(ABORT, '{message}'); END"
    );
    db.execute_unprepared(&sql).await.expect("the trigger is planted");
}

async fn mend_table(test: &TestDb) {
    test.db.execute_unprepared("DROP TRIGGER broken").await.expect("the trigger is removed");
}

/// The disk fails under one statement after the other, at the first row of a table and at the third.
#[tokio::test]
async fn a_disk_that_fails_under_any_table_ends_the_cycle_and_not_the_run() {
    let (whole, of_whole, ..) = undisturbed(Backend::Sqlite).await;
    let expected = effects(&whole, &of_whole).await;
    let mut broken = BTreeSet::new();
    for table in WRITTEN {
        for (how, more) in [("INSERT", 0), ("INSERT", 2), ("UPDATE", 0)] {
            let _told = Told(format!("{how} on {table}, after {more} rows"));
            let (rig, town) = fresh(Backend::Sqlite).await;
            let sql = format!("SELECT COUNT(*) AS it FROM {table}");
            let rows = crate::look::count(&rig.test.db, &sql).await;
            break_table(&rig.test, table, how, rows + more, "disk I/O error").await;
            let result = rig.try_cycle(&rig.agent(), town.slug).await;
            mend_table(&rig.test).await;
            if let Err(error) = &result {
                assert_unavailable(error);
                broken.insert(table);
                goes_on(&rig, &town, &rig.agent(), &expected).await;
            }
        }
    }
    let unbroken: Vec<&&str> = WRITTEN.iter().filter(|table| !broken.contains(*table)).collect();
    assert!(unbroken.is_empty(), "nothing was written to {unbroken:?}");
}

/// A statement that the database refuses for good ends the hour's run; the next hour's makes up for it.
#[tokio::test]
async fn a_refused_statement_fails_the_hour_and_leaves_nothing_half_done() {
    let (whole, of_whole, ..) = undisturbed(Backend::Sqlite).await;
    for _ in 0..3 {
        whole.next_hour();
        whole.cycle(&whole.agent(), of_whole.slug).await;
    }
    let expected = without_beliefs(effects(&whole, &of_whole).await);
    for table in ["actions", "tasks", "outbound_messages", "engagement_touches", "memories"] {
        let _told = Told(format!("a refused INSERT on {table}"));
        let (rig, town) = fresh(Backend::Sqlite).await;
        let sql = format!("SELECT COUNT(*) AS it FROM {table}");
        let rows = crate::look::count(&rig.test.db, &sql).await;
        break_table(&rig.test, table, "INSERT", rows + 1, "not in this house").await;
        let refused = rig.try_cycle(&rig.agent(), town.slug).await.map(|_| ()).unwrap_err();
        assert!(refused.to_string().contains("not in this house"), "{refused}");
        mend_table(&rig.test).await;
        let failed = runs(&rig, &town).await.remove(0);
        assert_eq!(failed.status, RunStatus::Failed);
        assert!(failed.error.unwrap().contains("not in this house"));

        rig.next_hour();
        assert_eq!(rig.cycle(&rig.agent(), town.slug).await.hours_covered, 2);
        for _ in 0..2 {
            rig.next_hour();
            rig.cycle(&rig.agent(), town.slug).await;
        }
        assert!(letters(&rig).values().all(|times| *times == 1), "a letter left twice");
        let found = without_beliefs(effects(&rig, &town).await);
        assert_same(&found, &expected, "what was done in the end");
    }
}

/// Somebody else writes to the file for longer than a cycle waits.
#[tokio::test]
async fn a_file_that_stays_locked_is_told_as_such() {
    let (whole, of_whole, ..) = undisturbed(Backend::Sqlite).await;
    let expected = effects(&whole, &of_whole).await;
    let (rig, town) = fresh(Backend::Sqlite).await;
    let other = rig.test.open_another(8).await;
    let work = other.begin(town.tenant).await.expect("it is free");
    let locked = rig.try_cycle(&rig.agent(), town.slug).await.map(|_| ()).unwrap_err();
    assert_unavailable(&locked);
    assert!(locked.to_string().contains("locked"), "{locked}");
    drop(work);
    goes_on(&rig, &town, &rig.agent(), &expected).await;
}
