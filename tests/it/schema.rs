//! The schema as both databases know it: the specification's tables, and whose rows are whose.

use std::collections::{BTreeMap, BTreeSet};

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value, prelude::Uuid};
use testkit::{
    database::{Backend, TestDb, open, open_empty},
    world::World,
};

use crate::{
    catalog::{self, Catalog, ForeignKey, Holds},
    full::fill,
};

on_both!(
    migrations_run_from_nothing_and_only_once,
    amounts_have_sixty_four_bits_and_words_are_ordered_by_bytes,
    the_tables_of_the_specification_have_their_columns,
    every_row_belongs_to_its_tenant,
    jobs_that_are_not_over_are_found_by_small_indexes,
    no_reference_can_leave_its_tenant,
    what_is_recognised_again_is_unique,
);

/// The columns of `P0.1` and `P0.4`, and those of violations, which the specification leaves open.
const OF_THE_SPECIFICATION: &[(&str, &str)] = &[
    (
        "agent_autonomous_runs",
        "id tenant_id cycle_number started_at ended_at phase status metrics work_block created_at \
         error hours_covered due_hour plan_output act_output react_output reflect_output",
    ),
    ("agent_tenant_locks", "tenant_id locked_at locked_by expires_at fence run_id"),
    (
        "engagement_clocks",
        "id tenant_id entity_type entity_id last_touch_at last_touch_type last_touch_by \
         next_touch_due touch_count_30d priority_score created_at updated_at",
    ),
    (
        "agent_policy_violations",
        "id tenant_id run_id action_id decision_id rule_id action_kind reasons actor occurred_at",
    ),
];

/// Ids that are no foreign keys, and why.
const LOOSE: &[(&str, &str)] = &[
    ("actions.subject_id", "points into one of nine tables"),
    ("agent_policy_violations.subject_id", "points into one of nine tables"),
    ("decisions.subject_id", "points into one of nine tables"),
    ("engagement_clocks.entity_id", "points at a contact or an account"),
    ("engagement_touches.source_id", "points at a message or an outbound message"),
    ("idempotency_keys.subject_id", "points at whatever a request made"),
    ("memories.scope_id", "points into several tables"),
    ("agent_tenant_locks.run_id", "the lock is taken before the run is written"),
    ("agent_tenant_locks.held_by_job", "records of jobs are forgotten, and the lock's row is not"),
];

/// Indexes for the few queries that look across tenants.
const ACROSS_TENANTS: &[(&str, &[&str])] = &[
    // A request brings a key, and the key says whose data it opens.
    ("api_keys", &["secret_sha256"]),
    // The relay tells the queue what anybody has just called off.
    ("recorded_jobs", &["settled_at"]),
];

async fn migrations_run_from_nothing_and_only_once(migrated: TestDb) {
    let test = open_empty(migrated.backend).await;
    assert!(catalog::read(&test).await.is_empty(), "nothing is there before");
    Migrator::up(&test.db, None).await.unwrap();
    let first = catalog::read(&test).await;
    assert_eq!(first, catalog::read(&migrated).await);
    assert!(Migrator::get_pending_migrations(&test.db).await.unwrap().is_empty());

    let world = World::new(&test, "north").await;
    world.client("C1").await;
    Migrator::up(&test.db, None).await.unwrap();

    assert_eq!(catalog::read(&test).await, first);
    assert_eq!(world.scope().client_ids("crm", &["C1"]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn both_databases_have_one_schema() {
    let sqlite = catalog::read(&open(Backend::Sqlite).await).await;
    let postgres = catalog::read(&open(Backend::Postgres).await).await;
    let names = |catalog: &Catalog| catalog.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&sqlite), names(&postgres));
    for (name, table) in &sqlite {
        let mut other = postgres[name].clone();
        for column in other.columns.iter_mut().filter(|it| it.holds == Holds::Integer) {
            column.holds = Holds::BigInteger;
        }
        assert_eq!(table, &other, "{name}");
    }
}

async fn amounts_have_sixty_four_bits_and_words_are_ordered_by_bytes(test: TestDb) {
    let catalog = catalog::read(&test).await;
    let mut amounts = 0;
    for (name, table) in &catalog {
        for column in &table.columns {
            let place = format!("{name}.{}", column.name);
            let is_amount = ["_minor", "_milli"].iter().any(|unit| column.name.ends_with(unit));
            if is_amount || ["fence", "target"].contains(&column.name.as_str()) {
                amounts += 1;
                assert_eq!(column.holds, Holds::BigInteger, "{place}");
            }
            // Keys break ties, and a server's language must not decide who is written to first.
            let is_words = column.holds == Holds::Text;
            assert_eq!(column.is_ordered_by_bytes, is_words, "{place}");
        }
    }
    assert!(10 < amounts, "only {amounts} columns for amounts");
}

async fn the_tables_of_the_specification_have_their_columns(test: TestDb) {
    let catalog = catalog::read(&test).await;
    for (table, columns) in OF_THE_SPECIFICATION {
        for column in columns.split_whitespace() {
            assert!(catalog[*table].column(column).is_some(), "{table}.{column} is missing");
        }
    }
    let due = vec!["tenant_id".to_owned(), "next_touch_due".to_owned()];
    assert!(catalog["engagement_clocks"].indexes.contains(&due), "the specification's index");
}

async fn every_row_belongs_to_its_tenant(test: TestDb) {
    let catalog = catalog::read(&test).await;
    let mut loose = BTreeSet::new();
    for (name, table) in catalog.iter().filter(|(_, table)| table.is_of_tenants()) {
        let owner = key(&["tenant_id"], "tenants", &["id"]);
        assert!(table.foreign_keys.contains(&owner), "{name} has rows of no tenant");
        assert!(table.column("tenant_id").is_some_and(|it| it.is_required), "{name}");
        if table.column("id").is_some() {
            let own = vec!["tenant_id".to_owned(), "id".to_owned()];
            assert!(table.uniques.contains(&own), "{name} lacks UNIQUE (tenant_id, id)");
        }
        for key in table.foreign_keys.iter().filter(|key| **key != owner) {
            let is_composite = key.columns.len() == 2
                && key.columns[0] == "tenant_id"
                && key.to_columns == ["tenant_id", "id"];
            assert!(is_composite, "{name}: {key:?} can leave the tenant");
        }
        for columns in table.indexes.iter().chain(&table.uniques) {
            let leads = columns[0] == "tenant_id"
                || columns == &["id"]
                || ACROSS_TENANTS.iter().any(|(table, of)| *table == name && columns == of);
            assert!(leads, "{name}: an index on {columns:?} is not led by the tenant");
        }
        for column in &table.columns {
            let is_id = column.holds == Holds::Uuid && column.name != "id";
            let is_key = table.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
            if is_id && !is_key {
                loose.insert(format!("{name}.{}", column.name));
            }
        }
    }
    let excused: BTreeSet<String> = LOOSE.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(loose, excused, "every reference is a composite foreign key, but for these");
    let without: Vec<&String> =
        catalog.iter().filter(|(_, it)| !it.is_of_tenants()).map(|(name, _)| name).collect();
    let expected =
        ["admin_keys", "deleted_tenants", "job_pauses", "runner_leases", "tenants", "workers"];
    assert_eq!(without, expected, "tables outside the tenants");
}

/// As the outbox asks: with the state in words, by which a planner knows the index.
async fn jobs_that_are_not_over_are_found_by_small_indexes(test: TestDb) {
    let questions = [
        ("waiting", "state = 'waiting' ORDER BY id LIMIT 5"),
        ("relayed", "state = 'relayed' ORDER BY id LIMIT 5"),
        ("dead", "state = 'dead' ORDER BY id DESC LIMIT 5"),
        ("cancelled", "state = 'cancelled' AND settled_at > '2026-01-01' ORDER BY settled_at DESC"),
    ];
    let (explain, place) = match test.backend {
        Backend::Sqlite => ("EXPLAIN QUERY PLAN", 3),
        Backend::Postgres => ("EXPLAIN", 0),
    };
    for (state, question) in questions {
        let sql = format!("{explain} SELECT id FROM recorded_jobs WHERE {question}");
        let rows =
            test.db.query_all_raw(Statement::from_string(test.db.get_database_backend(), sql));
        let plan: Vec<String> =
            rows.await.unwrap().iter().map(|row| row.try_get_by_index(place).unwrap()).collect();
        let index = format!("ax_recorded_jobs_{state}");
        assert!(plan.join("; ").contains(&index), "{state}: {plan:?}");
    }
}

async fn no_reference_can_leave_its_tenant(test: TestDb) {
    let catalog = catalog::read(&test).await;
    let north = World::new(&test, "north").await;
    fill(&north).await;
    let south = World::new(&test, "south").await;
    fill(&south).await;
    let mut tried = 0;
    for (name, table) in &catalog {
        for key in table.foreign_keys.iter().filter(|key| key.columns.len() == 2) {
            let place = format!("{name}.{}", key.columns[1]);
            let ours = any_id(&north, name).await.unwrap_or_else(|| panic!("{name} is empty"));
            let theirs = any_id(&south, &key.to_table).await.unwrap();
            let sql = format!("UPDATE {name} SET {} = $1 WHERE id = $2", key.columns[1]);
            let refused = change(&test, &sql, [theirs.into(), ours.into()]).await;
            assert!(refused.is_err(), "{place} points into another tenant");

            // The same change to a row of the tenant's own is no fault, so it was refused for that.
            let ours_there = any_id(&north, &key.to_table).await.unwrap();
            let values = [ours_there.into(), ours.into()];
            if let Err(error) = change(&test, &sql, values).await {
                let is_taken = error.to_string().to_lowercase().contains("unique");
                assert!(is_taken, "{place}: {error}");
            }
            tried += 1;
        }
    }
    assert!(40 < tried, "only {tried} foreign keys were tried");
}

async fn what_is_recognised_again_is_unique(test: TestDb) {
    let catalog = catalog::read(&test).await;
    let expected: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("agent_autonomous_runs", ["tenant_id", "due_hour"].as_slice()),
        ("actions", &["tenant_id", "dedup_key"]),
        ("outbound_messages", &["tenant_id", "action_id"]),
        ("tasks", &["tenant_id", "proof_key"]),
        ("engagement_touches", &["tenant_id", "source_kind", "source_id"]),
        ("engagement_clocks", &["tenant_id", "entity_type", "entity_id"]),
        ("messages", &["tenant_id", "mailbox_id", "provider_id"]),
        ("message_readings", &["tenant_id", "message_id", "reader_version"]),
        ("order_exceptions", &["tenant_id", "order_id", "code", "field_path"]),
        ("order_lines", &["tenant_id", "order_id", "line_no"]),
        ("memories", &["tenant_id", "key"]),
        ("suppressions", &["tenant_id", "address"]),
        ("recorded_jobs", &["tenant_id", "dedup_key"]),
        ("idempotency_keys", &["tenant_id", "key"]),
        ("line_limits", &["tenant_id", "queue"]),
        ("import_chunks", &["tenant_id", "import_id", "part", "position"]),
        ("admin_keys", &["secret_sha256"]),
        ("tenants", &["slug"]),
    ]);
    for (table, columns) in expected {
        let columns: Vec<String> = columns.iter().map(|it| (*it).to_owned()).collect();
        assert!(catalog[table].uniques.contains(&columns), "{table} {columns:?}");
    }
    for (name, table) in catalog.iter().filter(|(_, it)| it.column("external_id").is_some()) {
        let columns = ["tenant_id", "source", "external_id"].map(str::to_owned).to_vec();
        assert!(table.uniques.contains(&columns), "{name} can be imported twice");
    }
}

fn key(columns: &[&str], to_table: &str, to_columns: &[&str]) -> ForeignKey {
    let owned = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect();
    ForeignKey {
        columns: owned(columns),
        to_table: to_table.to_owned(),
        to_columns: owned(to_columns),
    }
}

async fn any_id(world: &World<'_>, table: &str) -> Option<Uuid> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let sql = format!("SELECT id FROM {table} WHERE tenant_id = $1 ORDER BY id LIMIT 1");
    let rows: Vec<Row> = world.rows(&sql, [world.tenant.uuid().into()]).await;
    rows.first().map(|row| row.id)
}

async fn change(
    test: &TestDb,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, sea_orm::DbErr> {
    let statement = Statement::from_sql_and_values(test.db.get_database_backend(), sql, values);
    Ok(test.db.execute_raw(statement).await?.rows_affected())
}
