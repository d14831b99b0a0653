//! Moments and days: stored exactly, and ordered alike with and without a fraction of a second.

use chrono::TimeDelta;
use domain::time::{Clock, Timestamp};
use store::Transition;
use testkit::{
    database::{FixedClock, TestDb},
    rows::{at, day},
    world::World,
};

use crate::dice::Dice;

on_both!(
    moments_come_back_to_the_microsecond,
    moments_are_ordered_like_time,
    a_tenants_own_clock_goes_forward_only,
);

/// Around a second, with every number of digits that a fraction can have.
const AROUND_A_SECOND: [&str; 10] = [
    "2026-03-03T09:29:59.999999Z",
    "2026-03-03T09:30:00Z",
    "2026-03-03T09:30:00.000001Z",
    "2026-03-03T09:30:00.001Z",
    "2026-03-03T09:30:00.001001Z",
    "2026-03-03T09:30:00.1Z",
    "2026-03-03T09:30:00.100001Z",
    "2026-03-03T09:30:00.9Z",
    "2026-03-03T09:30:00.999999Z",
    "2026-03-03T09:30:01Z",
];

/// The ends of what is stored, and what lies between.
const FAR_APART: [&str; 6] = [
    "1970-01-01T00:00:00Z",
    "1998-05-06T12:00:00Z",
    "1999-12-31T23:59:59.999999Z",
    "2000-01-01T00:00:00Z",
    "2026-03-03T09:30:00+05:30",
    "9999-12-31T23:59:59Z",
];

async fn moments_come_back_to_the_microsecond(test: TestDb) {
    let world = World::new(&test, "north").await;
    let moments = AROUND_A_SECOND.iter().chain(&FAR_APART).map(|text| at(text));
    for (number, moment) in (0..).zip(moments) {
        let id = world.message(&format!("M{number}"), None, moment).await;
        let row = world.scope().load_messages(&[id]).await.unwrap().remove(0);
        assert_eq!(row.received_at, moment);
    }
    let hour = world.run(Some(at("2026-03-03T09:00:00Z"))).await;
    let found = world.scope().find_run_of_hour(at("2026-03-03T10:00:00+01:00")).await.unwrap();
    assert_eq!(found.unwrap().id, hour, "an hour has one name");
}

async fn moments_are_ordered_like_time(test: TestDb) {
    let world = World::new(&test, "north").await;
    let mut dice = Dice::new(41);
    let mut moments: Vec<Timestamp> =
        AROUND_A_SECOND.iter().chain(&FAR_APART).map(|text| at(text)).collect();
    for _ in 0..40 {
        let digits = [1_000_000, 100_000, 1_000, 10, 1][dice.index(5)];
        let micros = dice.below(4_000_000) / digits * digits;
        moments.push(world.now + TimeDelta::microseconds(micros));
    }
    let client = world.client("C1").await;
    let contact = world.contact("P1", client).await;
    for due in moments.iter().take(24) {
        world
            .execute(
                "UPDATE engagement_clocks SET next_touch_due = $1 WHERE entity_id = $2",
                [(*due).into(), contact.uuid().into()],
            )
            .await;
        for now in &moments {
            let is_due = !world.scope().list_due_clocks(*now, 1).await.unwrap().is_empty();
            assert_eq!(is_due, due <= now, "due at {due}, asked at {now}");
        }
    }
}

async fn a_tenants_own_clock_goes_forward_only(test: TestDb) {
    let clock = FixedClock::new(at("2026-03-03T09:30:00Z"));
    let world = World::new(&test, "north").await;
    let scope = world.scope();
    let tenant = scope.get_tenant().await.unwrap();
    assert_eq!(tenant.now(&clock), clock.now(), "it has none of its own");
    let lost = scope.mark_simulated_now(clock.advance(TimeDelta::hours(1))).await.unwrap();
    assert_eq!(lost, Transition::Lost, "who lives in the present stays there");

    let start = at("2026-05-04T07:00:00.5Z");
    world.execute("UPDATE tenants SET simulated_now = $1", [start.into()]).await;
    for (to, expected) in [
        ("2026-05-04T07:00:00.5Z", Transition::Lost),
        ("2026-05-04T07:00:00Z", Transition::Lost),
        ("2026-05-04T07:00:00.500001Z", Transition::Moved),
        ("2026-05-04T08:00:00Z", Transition::Moved),
        ("2026-05-04T07:59:59.999Z", Transition::Lost),
    ] {
        assert_eq!(scope.mark_simulated_now(at(to)).await.unwrap(), expected, "{to}");
    }
    let tenant = scope.get_tenant().await.unwrap();
    assert_eq!(tenant.now(&clock), at("2026-05-04T08:00:00Z"));
    assert!(tenant.is_simulated());
    assert_eq!(tenant.calendar.local_date(tenant.now(&clock)), day("2026-05-04"));
}
