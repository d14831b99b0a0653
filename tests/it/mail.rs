//! Messages: kept once, considered once, read by the newest reader.

use chrono::TimeDelta;
use domain::{
    id::MessageId,
    mail::{MessageKind, READER_VERSION},
    record::Direction,
    time::Timestamp,
};
use entity::{message_readings as readings, messages};
use sea_orm::EntityTrait;
use testkit::{
    database::TestDb,
    rows::{self, at},
    world::World,
};

on_both!(
    a_message_is_considered_once,
    messages_come_oldest_first_and_not_before_their_time,
    a_rehearsal_sees_what_came_in_its_days,
    a_message_is_kept_once_and_gains_the_person_it_missed,
    the_newest_reading_counts,
    a_message_is_a_witness_for_its_own_client_alone,
);

async fn a_message_is_considered_once(test: TestDb) {
    let world = World::new(&test, "north").await;
    let scope = world.scope();
    let mut ids = Vec::new();
    for key in ["M1", "M2", "M3"] {
        ids.push(world.message(key, None, world.in_hours(-2)).await);
    }
    scope.mark_messages_handled(&ids[..2], world.now).await.unwrap();
    let listed = unhandled(&world, None, world.now).await;
    assert_eq!(listed, ids[2..]);
    // A later cycle does not overwrite when a message was considered first.
    scope.mark_messages_handled(&ids, world.in_hours(1)).await.unwrap();
    assert!(unhandled(&world, None, world.now).await.is_empty());
    let mut handled: Vec<Option<Timestamp>> = messages::Entity::find()
        .all(&test.db)
        .await
        .unwrap()
        .iter()
        .map(|it| it.handled_at)
        .collect();
    handled.sort();
    let (now, later) = (Some(world.now), Some(world.in_hours(1)));
    assert_eq!(handled, [now, now, later]);
}

async fn messages_come_oldest_first_and_not_before_their_time(test: TestDb) {
    let world = World::new(&test, "north").await;
    let mut ids = Vec::new();
    for (key, received_at) in [
        ("b", "2026-03-01T10:00:00Z"),
        ("a", "2026-03-01T10:00:00Z"),
        ("c", "2026-03-01T09:59:59.999999Z"),
        ("d", "2026-03-01T10:00:00.000001Z"),
    ] {
        ids.push(world.message(key, None, at(received_at)).await);
    }
    let [b, a, c, d] = ids[..] else { unreachable!("there are four") };
    assert_eq!(unhandled(&world, None, world.now).await, [c, a, b, d]);
    assert_eq!(unhandled(&world, None, at("2026-03-01T10:00:00Z")).await, [c, a, b]);
    assert_eq!(unhandled(&world, None, at("2026-03-01T09:59:59.9999Z")).await, []);
    let two = world.scope().list_unhandled_messages(None, world.now, 2).await.unwrap();
    assert_eq!(two.iter().map(|it| it.id).collect::<Vec<_>>(), [c, a]);
}

async fn a_rehearsal_sees_what_came_in_its_days(test: TestDb) {
    let world = World::new(&test, "north").await;
    let old = world.message("M1", None, world.in_hours(-100)).await;
    let recent = world.message("M2", None, world.in_hours(-2)).await;
    world.message("M3", None, world.in_hours(2)).await;
    // It sees what a cycle has considered already, and what is too old to matter it does not.
    world.scope().mark_messages_handled(&[recent], world.now).await.unwrap();
    let since = Some(world.in_hours(-100));
    assert_eq!(unhandled(&world, since, world.now).await, [recent]);
    let since = Some(world.in_hours(-100) - TimeDelta::microseconds(1));
    assert_eq!(unhandled(&world, since, world.now).await, [old, recent]);
}

async fn a_message_is_kept_once_and_gains_the_person_it_missed(test: TestDb) {
    let world = World::new(&test, "north").await;
    let when = at("2026-03-01T10:00:00.5Z");
    let stranger = world.message("M1", None, when).await;
    let (client, contact) = known(&world).await;
    assert_eq!(world.message("M1", Some((client, contact)), world.now).await, stranger);
    let row = world.scope().load_messages(&[stranger]).await.unwrap().remove(0);
    assert_eq!((row.client, row.contact), (Some(client), Some(contact)));
    assert_eq!(row.received_at, when, "it stays as it came");
    let stored = messages::Entity::find().all(&test.db).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].raw, b"Subject: M1\r\n\r\nPlease send the certificate for M1.");
    assert_eq!(stored[0].to_addresses, serde_json::json!(["sales@us.example"]));
    assert_eq!(readings::Entity::find().all(&test.db).await.unwrap().len(), 1);

    let other = world.contact("P2", client).await;
    world.message("M1", Some((client, other)), world.now).await;
    let row = world.scope().load_messages(&[stranger]).await.unwrap().remove(0);
    assert_eq!(row.contact, Some(contact), "whoever is known stays");
}

async fn the_newest_reading_counts(test: TestDb) {
    let world = World::new(&test, "north").await;
    let id = world.message("M1", None, world.now).await;
    for (version, kind) in [(READER_VERSION + 1, "list"), (READER_VERSION - 1, "bounce")] {
        let mut row = readings::Entity::find().one(&test.db).await.unwrap().unwrap();
        row.id = domain::id::uuid_v7(u64::try_from(version).unwrap(), [3; 10]);
        row.reader_version = version;
        row.findings["kind"] = serde_json::json!(kind);
        row.body = format!("as read by {version}");
        readings::Entity::insert(sea_orm::IntoActiveModel::into_active_model(row))
            .exec_without_returning(&test.db)
            .await
            .unwrap();
    }
    let row = world.scope().load_messages(&[id]).await.unwrap().remove(0);
    assert_eq!(row.findings.kind, MessageKind::List);
    assert_eq!(row.body, format!("as read by {}", READER_VERSION + 1));
}

async fn a_message_is_a_witness_for_its_own_client_alone(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (client, contact) = known(&world).await;
    let other = world.client("C2").await;
    let id = world.message("M1", Some((client, contact)), world.now).await;
    let scope = world.scope();
    let facts = async |id, client| scope.find_message_facts(id, client).await.unwrap();
    let witness = facts(id, Some(client)).await.unwrap();
    assert!(witness.is_inbound && witness.is_from_client_person);
    assert_eq!((witness.received_at, witness.findings.asks.len()), (world.now, 0));
    assert!(!facts(id, Some(other)).await.unwrap().is_from_client_person);
    assert!(!facts(id, None).await.unwrap().is_from_client_person);

    let stranger = world.message("M2", None, world.now).await;
    assert!(!facts(stranger, Some(client)).await.unwrap().is_from_client_person);
    assert!(!facts(stranger, None).await.unwrap().is_from_client_person);
    let ours = world
        .message_row("M3", |thread| {
            let mut row = rows::message("M3", thread, Some((client, contact)), world.now);
            row.direction = Direction::Outbound;
            row
        })
        .await;
    assert!(!facts(ours, Some(client)).await.unwrap().is_inbound);
    assert!(facts(MessageId::from_uuid(client.uuid()), Some(client)).await.is_none());
}

async fn known(world: &World<'_>) -> (domain::id::ClientId, domain::id::ContactId) {
    let client = world.client("C1").await;
    (client, world.contact("P1", client).await)
}

async fn unhandled(world: &World<'_>, since: Option<Timestamp>, now: Timestamp) -> Vec<MessageId> {
    let found = world.scope().list_unhandled_messages(since, now, 100).await.unwrap();
    found.into_iter().map(|it| it.id).collect()
}
