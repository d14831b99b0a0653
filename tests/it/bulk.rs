//! New rows in bulk: what is brought is what is stored, whatever stands in it, and batches follow one another.
//!
//! What is brought once more is compared with what is stored by the database itself, and as parameters of
//! their own: a row that does not count as unchanged was not stored as it should be.

use domain::{
    id::ClientId, money::Score, proposal::CaseKind, record::OrderStatus, time::Timestamp,
};
use store::import::{CaseRow, ClientRow, OrderRow, Origin, UpsertCount};
use testkit::{
    database::TestDb,
    rows::{self, at, day},
    world::{SOURCE, World},
};

on_both!(
    awkward_texts_come_back_as_they_went,
    numbers_days_and_flags_come_back_as_they_went,
    moments_come_back_as_they_went,
    orders_come_back_with_all_of_their_lines,
    later_batches_of_a_moment_sort_behind,
    a_key_is_found_only_where_it_is,
);

/// What a text within a text could stumble over.
const AWKWARD: [&str; 8] = [
    r#"O'Neil "and" Sons"#,
    r"C:\new\u0041",
    r#"["a", {"b": null}]"#,
    "$1 ? %s ::json",
    "Müller 漢字 🚚",
    "null",
    "12",
    " two\n lines\tand a tab ",
];

/// Around what the databases count by, and around what they would round.
const MOMENTS: [&str; 6] = [
    "1969-12-31T23:59:59.999999Z",
    "2026-03-03T09:30:00Z",
    "2026-03-03T09:30:00.1Z",
    "2026-03-03T09:30:00.000001Z",
    "2026-03-03T09:30:00.123456789Z",
    "9999-12-31T23:59:59Z",
];

fn inserted(inserted: u64) -> UpsertCount {
    UpsertCount { inserted, ..UpsertCount::default() }
}

fn unchanged(unchanged: u64) -> UpsertCount {
    UpsertCount { unchanged, ..UpsertCount::default() }
}

async fn awkward_texts_come_back_as_they_went(test: TestDb) {
    let world = World::new(&test, "north").await;
    let clients =
        AWKWARD.map(|text| ClientRow { name: text.to_owned(), ..rows::client(text) }).to_vec();
    let (scope, origin) = (world.scope(), world.origin());
    assert_eq!(scope.upsert_clients(&origin, &clients).await.unwrap(), inserted(8));
    assert_eq!(scope.upsert_clients(&origin, &clients).await.unwrap(), unchanged(8));
    assert_eq!(scope.client_ids(SOURCE, &AWKWARD).await.unwrap().len(), AWKWARD.len());
}

async fn numbers_days_and_flags_come_back_as_they_went(test: TestDb) {
    let world = World::new(&test, "north").await;
    let extremes = [Some(i64::MIN), Some(i64::MAX), Some(0), None];
    let clients: Vec<ClientRow> = (0..)
        .zip(extremes)
        .map(|(number, annual_value_minor)| ClientRow {
            annual_value_minor,
            is_active: number % 2 == 0,
            churn_risk: (number > 0).then_some(Score(number)),
            known_since: (number != 1).then(|| day(&format!("200{number}-02-28"))),
            ..rows::client(&format!("C{number}"))
        })
        .collect();
    let (scope, origin) = (world.scope(), world.origin());
    assert_eq!(scope.upsert_clients(&origin, &clients).await.unwrap(), inserted(4));
    assert_eq!(scope.upsert_clients(&origin, &clients).await.unwrap(), unchanged(4));
}

async fn moments_come_back_as_they_went(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let cases: Vec<CaseRow> = MOMENTS
        .iter()
        .enumerate()
        .map(|(number, text)| CaseRow {
            opened_at: at(text),
            closed_at: (number % 2 == 0).then(|| at(text)),
            ..rows::case(text, client, CaseKind::Complaint)
        })
        .collect();
    let (scope, origin) = (world.scope(), world.origin());
    assert_eq!(scope.upsert_cases(&origin, &cases).await.unwrap(), inserted(6));
    assert_eq!(scope.upsert_cases(&origin, &cases).await.unwrap(), unchanged(6));
}

async fn orders_come_back_with_all_of_their_lines(test: TestDb) {
    let world = World::new(&test, "north").await;
    let clients = [world.client("C1").await, world.client("C2").await];
    let product = world.product("A-1").await;
    let orders: Vec<OrderRow> = (0_i32..7)
        .map(|number| OrderRow {
            attachments: AWKWARD.iter().take(number as usize).map(|&it| it.to_owned()).collect(),
            lines: (1..=number).map(|line| rows::line(line, product)).collect(),
            ..rows::order(&format!("O{number}"), clients[number as usize % 2])
        })
        .collect();
    let (scope, origin) = (world.scope(), world.origin());
    let write = || scope.upsert_orders(&origin, OrderStatus::New, &orders);
    assert_eq!(write().await.unwrap(), inserted(7));
    assert_eq!(write().await.unwrap(), unchanged(7));
}

async fn later_batches_of_a_moment_sort_behind(test: TestDb) {
    let world = World::new(&test, "north").await;
    let mut batches = Vec::new();
    for batch in 0..3 {
        batches.push(batch_of_clients(&world, world.origin(), batch).await);
    }
    for two in batches.windows(2) {
        assert!(two[0].iter().max() < two[1].iter().min(), "{batches:?}");
    }
    // A batch that was brought earlier is not put behind those of later moments.
    let earlier: Timestamp = world.in_hours(-1);
    let early = batch_of_clients(&world, Origin { at: earlier, ..world.origin() }, 3).await;
    assert!(early.iter().max() < batches[0].iter().min());
}

async fn batch_of_clients(world: &World<'_>, origin: Origin<'_>, batch: u32) -> Vec<ClientId> {
    let keys: Vec<String> = (0..5).map(|number| format!("{batch}-{number}")).collect();
    let clients: Vec<ClientRow> = keys.iter().map(|key| rows::client(key)).collect();
    world.scope().upsert_clients(&origin, &clients).await.unwrap();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    world.scope().client_ids(SOURCE, &keys).await.unwrap().into_values().collect()
}

async fn a_key_is_found_only_where_it_is(test: TestDb) {
    let (north, south) = (World::new(&test, "north").await, World::new(&test, "south").await);
    let client = north.client("C1").await;
    let (scope, keys) = (north.scope(), ["C1", "C2", "C1"]);
    let found = scope.client_ids(SOURCE, &keys).await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [("C1".to_owned(), client)]);
    assert!(scope.client_ids(SOURCE, &[]).await.unwrap().is_empty());
    assert!(scope.client_ids("erp", &keys).await.unwrap().is_empty());
    assert!(south.scope().client_ids(SOURCE, &keys).await.unwrap().is_empty());
}
