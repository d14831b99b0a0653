//! The standing of accounts: what it rests on, who can be reached, and how many were touched in time.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use domain::{
    engagement::{
        ClockState, ComplianceCount, StandingFacts, in_time_since, standing, standing_points,
    },
    id::{ClientId, ContactId},
    money::Score,
    proposal::CaseKind,
    record::{ClockOwner, OpenOrClosed, OrderStatus, Unreachable, unreachable_because},
    time::Timestamp,
};
use entity::engagement_clocks as clocks;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use store::{
    Transition,
    import::{ClientRow, ContactRow, OrderRow, SuppressionRow},
    standing::StandingUpdate,
};
use testkit::{
    database::TestDb,
    rows::{self, day},
    world::{World, calendar},
};

use crate::dice::Dice;

on_both!(
    compliance_equals_a_plain_model,
    a_standing_rests_on_what_is_visible_today,
    everybody_who_cannot_be_reached_is_listed_with_the_reason,
    accounts_of_unknown_standing_are_refreshed_first,
    a_standing_that_says_the_same_is_not_written_again,
    a_closed_case_opens_the_account_again,
    an_address_is_suppressed_for_everybody_who_has_it,
);

async fn compliance_equals_a_plain_model(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let rows: Vec<_> = (0..300).map(|n| rows::contact(&format!("P{n:03}"), client)).collect();
    world.scope().upsert_contacts(&world.origin(), &rows).await.unwrap();
    let south = World::new(&test, "south").await;
    let theirs = south.client("C1").await;
    south.contact("P1", theirs).await;

    let (mut dice, calendar) = (Dice::new(23), calendar());
    for clock in contact_clocks(&world).await {
        let last = dice.percent(80).then(|| world.now - TimeDelta::minutes(dice.below(60_000)));
        let until = world.now + TimeDelta::minutes(dice.below(20_000) - 10_000);
        let paused = dice.percent(20).then_some(until);
        let unreachable = dice.percent(15).then_some("suppressed");
        world
            .execute(
                "UPDATE engagement_clocks SET last_touch_at = $1, paused_until = $2, \
                 unreachable_because = $3 WHERE id = $4",
                [last.into(), paused.into(), unreachable.into(), clock.id.into()],
            )
            .await;
    }
    for minutes in [-9_000, -1, 0, 1, 7_777, 60_000] {
        let now = world.now + TimeDelta::minutes(minutes);
        let mut expected = ComplianceCount::default();
        for clock in contact_clocks(&world).await {
            let state = ClockState {
                last_touch_at: clock.last_touch_at,
                paused_until: clock.paused_until,
                ..ClockState::default()
            };
            let is_reachable = clock.unreachable_because.is_none();
            expected.record(standing(&state, now, &calendar), is_reachable);
        }
        let since = in_time_since(now, &calendar);
        assert_eq!(world.scope().count_compliance(now, since).await.unwrap(), expected, "{now}");
        let metrics = world.scope().measure(now, since, world.today()).await.unwrap();
        assert_eq!(metrics.engagement_compliance, expected.rate());
        let counted = (metrics.contacts_overdue, metrics.contacts_never_touched);
        assert_eq!(counted, (expected.overdue as i64, expected.never_touched as i64));
    }
}

async fn a_standing_rests_on_what_is_visible_today(test: TestDb) {
    let world = World::new(&test, "north").await;
    let row = ClientRow {
        annual_value_minor: Some(77_000),
        churn_risk: Some(Score::points(12)),
        ..rows::client("C1")
    };
    let client = world.client_row(&row).await;
    let quiet = world.client("C2").await;
    let order = |key: &str, on: &str, total: Option<i64>| OrderRow {
        ordered_on: day(on),
        declared_total_minor: total,
        ..rows::order(key, client)
    };
    for (status, row) in [
        (OrderStatus::New, order("today", "2026-03-03", Some(100))),
        (OrderStatus::Open, order("this year", "2026-01-15", Some(1_000))),
        (OrderStatus::Open, order("same day", "2026-01-15", Some(10_000))),
        (OrderStatus::Done, order("last year", "2025-03-04", Some(100_000))),
        (OrderStatus::Done, order("a year ago", "2025-03-03", Some(1_000_000))),
        (OrderStatus::Done, order("without a total", "2025-06-01", None)),
        (OrderStatus::Done, order("too long ago", "2024-03-02", Some(7))),
        (OrderStatus::Cancelled, order("cancelled", "2026-02-01", Some(7))),
        (OrderStatus::New, order("tomorrow", "2026-03-04", Some(7))),
    ] {
        world.order(status, &row).await;
    }
    world.deal("D1", client).await;
    world.quote("Q1", client).await;

    let today = world.today();
    let facts = world.scope().load_account_facts(&[client, quiet], world.now, today).await.unwrap();
    let it = &facts[&client];
    assert_eq!((it.annual_value_minor, it.churn_risk), (Some(77_000), Some(1_200)));
    assert_eq!(it.ordered_minor, 111_100, "the last 365 days");
    assert_eq!(it.open_orders, 3, "neither done nor called off nor of tomorrow");
    let days: BTreeSet<_> = it.order_dates.iter().copied().collect();
    let expected = ["2025-03-03", "2025-03-04", "2025-06-01", "2026-01-15", "2026-03-03"].map(day);
    assert_eq!(days, BTreeSet::from(expected), "each day once, of two years");
    assert_eq!(it.order_dates.len(), 5);
    assert_eq!((it.open_deals, it.has_quote_pending), (1, true));
    let quiet = &facts[&quiet];
    assert_eq!((quiet.ordered_minor, quiet.open_orders, quiet.open_deals), (0, 0, 0));
    assert!(quiet.is_active && !quiet.has_quote_pending && !quiet.has_open_case);
}

async fn everybody_who_cannot_be_reached_is_listed_with_the_reason(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let inactive = world.client_row(&ClientRow { is_active: false, ..rows::client("C2") }).await;
    let complaining = world.client("C3").await;
    let served = world.client("C4").await;
    world.case(&rows::case("K1", complaining, CaseKind::Complaint)).await;
    world.case(&rows::case("K2", served, CaseKind::Service)).await;

    let fine = world.contact("P1", client).await;
    let without = ContactRow { email: None, ..rows::contact("P2", client) };
    let left = ContactRow { is_active: false, ..rows::contact("P3", client) };
    let expected = [
        (world.contact_row(&without).await, client, Unreachable::NoAddress),
        (world.contact_row(&left).await, client, Unreachable::Inactive),
        (world.contact("P4", client).await, client, Unreachable::Suppressed),
        (world.contact("P5", inactive).await, inactive, Unreachable::ClientInactive),
        (world.contact("P6", complaining).await, complaining, Unreachable::OpenCase),
    ];
    let also_fine = world.contact("P7", served).await;
    suppress(&world, "p4@people.example").await;

    assert_eq!(refresh(&world, world.now).await.len(), 4);

    let listed = world.scope().list_unreachable(100).await.unwrap();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from(expected));
    assert_eq!(listed.len(), 5);
    assert!(listed.windows(2).all(|pair| pair[0].2.as_str() <= pair[1].2.as_str()));
    assert_eq!(world.scope().list_unreachable(2).await.unwrap(), listed[..2]);
    let due: BTreeSet<ContactId> = due(&world, world.now).await;
    assert_eq!(due, BTreeSet::from([fine, also_fine]), "a service case silences nobody");
    let default = world.scope().default_contacts(&[client]).await.unwrap();
    assert_eq!(default.get(&client), Some(&fine));
    suppress(&world, "p1@people.example").await;
    let default = world.scope().default_contacts(&[client]).await.unwrap();
    assert!(default.is_empty(), "nobody is left who may be written to: {default:?}");
}

async fn accounts_of_unknown_standing_are_refreshed_first(test: TestDb) {
    let world = World::new(&test, "north").await;
    let mut ids = Vec::new();
    for key in ["C1", "C2", "C3", "C4", "C5"] {
        ids.push(world.client(key).await);
    }
    let scope = world.scope();
    let hours = |hours| world.now + TimeDelta::hours(hours);
    scope.mark_standing(&ids[3..4], &[], hours(-50)).await.unwrap();
    scope.mark_standing(&ids[1..2], &[], hours(-30)).await.unwrap();
    scope.mark_standing(&ids[2..3], &[], hours(-1)).await.unwrap();

    let stale = hours(-24);
    let listed = scope.list_clients_to_refresh(stale, 10).await.unwrap();
    assert_eq!(listed, [ids[0], ids[4], ids[3], ids[1]], "unknown, then the oldest");
    assert_eq!(scope.list_clients_to_refresh(stale, 3).await.unwrap(), listed[..3]);
    // "All of them" is a moment after every other.
    let all = scope.list_clients_to_refresh(Timestamp::MAX_UTC, 10).await.unwrap();
    assert_eq!(all.len(), 5);

    scope.mark_standing_stale(&ids[2..3]).await.unwrap();
    let listed = scope.list_clients_to_refresh(stale, 10).await.unwrap();
    assert_eq!(listed, [ids[0], ids[2], ids[4], ids[3], ids[1]]);
}

async fn a_standing_that_says_the_same_is_not_written_again(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let contact = world.contact("P1", client).await;
    let write = async |points, unreachable, now| {
        let owner = ClockOwner::Contact;
        let update = StandingUpdate { owner, entity: contact.uuid(), points, unreachable };
        world.scope().mark_standing(&[client], &[update], now).await.unwrap();
        contact_clocks(&world).await.remove(0)
    };
    let gone = Some(Unreachable::Suppressed);
    for (hour, points, unreachable, is_news) in [
        (1, 30, None, true),
        (2, 30, None, false),
        (3, 31, None, true),
        (4, 31, gone, true),
        (5, 31, gone, false),
        (6, 31, Some(Unreachable::OpenCase), true),
        (7, 31, None, true),
        (8, 31, None, false),
    ] {
        let now = world.in_hours(hour);
        let clock = write(points, unreachable, now).await;
        assert_eq!(clock.updated_at == now, is_news, "hour {hour}");
        assert_eq!(clock.standing_points, points);
        assert_eq!(clock.unreachable_because.as_deref(), unreachable.map(Unreachable::as_str));
        assert_eq!(clock.is_open, unreachable.is_none(), "hour {hour}");
    }
}

async fn a_closed_case_opens_the_account_again(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let contact = world.contact("P1", client).await;
    let case = world.case(&rows::case("K1", client, CaseKind::Safety)).await;
    let other = world.case(&rows::case("K2", client, CaseKind::Complaint)).await;
    let scope = world.scope();
    refresh(&world, world.now).await;
    assert!(due(&world, world.now).await.is_empty());
    assert!(scope.load_people(&[contact], world.now, None).await.unwrap()[&contact].has_open_case);

    let later = world.in_hours(1);
    assert_eq!(scope.mark_case_closed(other, later).await.unwrap(), Transition::Moved);
    refresh(&world, later).await;
    assert!(due(&world, later).await.is_empty(), "the other case is still open");

    assert_eq!(scope.mark_case_closed(case, later).await.unwrap(), Transition::Moved);
    assert_eq!(scope.mark_case_closed(case, later).await.unwrap(), Transition::AlreadyThere);
    // A rehearsal of an earlier moment still sees them as they were.
    for (moment, was_open) in [(world.now, true), (later, false), (world.in_hours(-26), false)] {
        let people = scope.load_people(&[contact], moment, None).await.unwrap();
        assert_eq!(people[&contact].has_open_case, was_open, "{moment}");
        let cases = scope.list_open_safety_cases(moment, 10).await.unwrap();
        assert_eq!(cases.len(), usize::from(was_open), "{moment}");
    }
    // Nothing is stale by age: closing the case alone asks for it.
    assert_eq!(refresh(&world, later).await, [client]);
    assert_eq!(due(&world, later).await, BTreeSet::from([contact]));
    assert!(scope.list_open_safety_cases(later, 10).await.unwrap().is_empty());
    assert!(scope.list_unreachable(10).await.unwrap().is_empty());

    // The source's own word closes a case as well.
    world.case(&rows::case("K3", client, CaseKind::Complaint)).await;
    assert_eq!(refresh(&world, later).await, [client]);
    assert!(due(&world, later).await.is_empty());
    let mut closed = rows::case("K3", client, CaseKind::Complaint);
    closed.status = OpenOrClosed::Closed;
    closed.closed_at = Some(later);
    world.case(&closed).await;
    assert_eq!(refresh(&world, later).await, [client]);
    assert_eq!(due(&world, later).await, BTreeSet::from([contact]));
}

async fn an_address_is_suppressed_for_everybody_who_has_it(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (one, two) = (world.client("C1").await, world.client("C2").await);
    let shared = Some("shared@people.example".to_owned());
    let with =
        |key: &str, client| ContactRow { email: shared.clone(), ..rows::contact(key, client) };
    let contacts =
        [world.contact_row(&with("P1", one)).await, world.contact_row(&with("P2", two)).await];
    refresh(&world, world.now).await;
    suppress(&world, "shared@people.example").await;
    let refreshed: BTreeSet<ClientId> = refresh(&world, world.now).await.into_iter().collect();
    assert_eq!(refreshed, BTreeSet::from([one, two]), "both are asked about again");
    assert!(due(&world, world.now).await.is_empty());
    let people = world.scope().load_people(&contacts, world.now, None).await.unwrap();
    for contact in contacts {
        assert_eq!(people[&contact].suppressed_because.as_deref(), Some("bounced"));
        assert_eq!(people[&contact].unreachable(), Some(Unreachable::Suppressed));
    }
    // The first reason stays, and saying it again asks nobody anything.
    suppress(&world, "shared@people.example").await;
    assert!(refresh(&world, world.now).await.is_empty());

    let south = World::new(&test, "south").await;
    let theirs = south.client("C1").await;
    let contact = south.contact_row(&with("P1", theirs)).await;
    refresh(&south, south.now).await;
    assert_eq!(due(&south, south.now).await, BTreeSet::from([contact]));
}

/// What a plan does before it looks at anybody; returns the accounts it did it for.
async fn refresh(world: &World<'_>, now: Timestamp) -> Vec<ClientId> {
    let scope = world.scope();
    let stale_before = now - TimeDelta::hours(24);
    let clients = scope.list_clients_to_refresh(stale_before, 100).await.unwrap();
    let facts = scope.load_account_facts(&clients, now, world.today()).await.unwrap();
    let mut updates = Vec::new();
    for person in scope.load_reach_facts(&clients).await.unwrap() {
        let account = &facts[&person.client];
        let standing = StandingFacts {
            annual_value_major: account.ordered_minor / 100,
            churn_risk: Score(0),
            open_orders: account.open_orders,
            open_deals: account.open_deals,
            has_quote_pending: account.has_quote_pending,
        };
        updates.push(StandingUpdate {
            owner: ClockOwner::Contact,
            entity: person.contact.uuid(),
            points: standing_points(&standing).points.value(),
            unreachable: unreachable_because(
                person.has_address,
                person.is_suppressed,
                person.is_active,
                account.is_active,
                account.has_open_case,
            ),
        });
    }
    scope.mark_standing(&clients, &updates, now).await.unwrap();
    clients
}

async fn suppress(world: &World<'_>, address: &str) {
    let row = SuppressionRow { address: address.to_owned(), reason: "bounced".to_owned() };
    world.scope().upsert_suppressions(&world.origin(), &[row]).await.unwrap();
}

async fn due(world: &World<'_>, now: Timestamp) -> BTreeSet<ContactId> {
    let found = world.scope().select_next_contacts_to_touch(now, 100).await.unwrap();
    found.into_iter().map(|it| it.contact).collect()
}

async fn contact_clocks(world: &World<'_>) -> Vec<clocks::Model> {
    clocks::Entity::find()
        .filter(clocks::Column::TenantId.eq(world.tenant.uuid()))
        .filter(clocks::Column::EntityType.eq("contact"))
        .all(&world.test.db)
        .await
        .unwrap()
}
