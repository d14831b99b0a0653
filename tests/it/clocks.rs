//! Engagement clocks: what winds them, what stops them, and what counts once.

use chrono::TimeDelta;
use domain::{
    engagement::{TouchKind, next_touch_due},
    id::{ClientId, ContactId},
    record::{ClockOwner, TouchSource, Unreachable},
    time::Timestamp,
};
use entity::{engagement_clocks as clocks, engagement_touches as touches};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, prelude::Uuid};
use store::{Transition, engagement::Touch, standing::StandingUpdate};
use testkit::{
    database::TestDb,
    rows::{self, at},
    world::{World, calendar},
};

on_both!(
    a_new_contact_and_its_account_are_due_since_ever,
    a_touch_winds_the_contact_and_its_account,
    a_source_counts_once,
    an_older_touch_changes_no_clock,
    touches_of_thirty_days_are_counted,
    a_touch_fires_once_in_an_epoch,
    a_clock_can_be_armed_again,
    a_rest_puts_a_touch_off_and_the_longer_one_holds,
    a_rest_can_be_ended,
    a_person_who_changes_companies_takes_the_clock_along,
);

/// A contact and the account they are at.
struct Pair<'d> {
    world: World<'d>,
    client: ClientId,
    contact: ContactId,
}

async fn a_new_contact_and_its_account_are_due_since_ever(test: TestDb) {
    let pair = pair(&test).await;
    for (owner, entity) in
        [(ClockOwner::Contact, pair.contact.uuid()), (ClockOwner::Account, pair.client.uuid())]
    {
        let clock = stored(&pair, owner, entity).await;
        assert_eq!(clock.next_touch_due, Timestamp::UNIX_EPOCH);
        assert!(clock.is_open && clock.last_touch_at.is_none());
        assert_eq!((clock.epoch, clock.touch_count_30d), (0, 0));
        assert_eq!(clock.client_id, Some(pair.client.uuid()));
    }
    // Importing them again makes no second clock.
    pair.world.contact("P1", pair.client).await;
    assert_eq!(clocks::Entity::find().all(&test.db).await.unwrap().len(), 2);
}

async fn a_touch_winds_the_contact_and_its_account(test: TestDb) {
    let pair = pair(&test).await;
    let when = at("2026-03-02T15:20:00.250Z");
    assert_eq!(touch(&pair, 1, Some(pair.contact), when).await, Transition::Moved);
    for (owner, entity) in
        [(ClockOwner::Contact, pair.contact.uuid()), (ClockOwner::Account, pair.client.uuid())]
    {
        let clock = stored(&pair, owner, entity).await;
        assert_eq!(clock.last_touch_at, Some(when), "{owner}");
        assert_eq!(clock.next_touch_due, next_touch_due(Some(when), &calendar()));
        assert_eq!(clock.last_touch_type.as_deref(), Some("email"));
        assert_eq!(clock.last_touch_by.as_deref(), Some("agent"));
        assert_eq!((clock.epoch, clock.touch_count_30d, clock.is_open), (1, 1, true));
    }

    // The account may hear from us without any one person.
    let later = at("2026-03-03T08:00:00Z");
    assert_eq!(touch(&pair, 2, None, later).await, Transition::Moved);
    let contact = stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await;
    assert_eq!((contact.last_touch_at, contact.epoch), (Some(when), 1));
    let account = stored(&pair, ClockOwner::Account, pair.client.uuid()).await;
    assert_eq!((account.last_touch_at, account.epoch), (Some(later), 2));

    let found = pair
        .world
        .scope()
        .find_clock(ClockOwner::Contact, pair.contact.uuid())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.state.last_touch_kind, Some(TouchKind::Email));
    assert_eq!((found.state.last_touch_at, found.is_fired), (Some(when), false));
}

async fn a_source_counts_once(test: TestDb) {
    let pair = pair(&test).await;
    let first = at("2026-03-01T10:00:00Z");
    assert_eq!(touch(&pair, 1, Some(pair.contact), first).await, Transition::Moved);
    let before = stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await;
    // The same message, delivered again with a later date.
    let later = first + TimeDelta::days(1);
    assert_eq!(touch(&pair, 1, Some(pair.contact), later).await, Transition::AlreadyThere);
    assert_eq!(stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await, before);
    // A letter with the same number is another source.
    let letter = Touch { source: (TouchSource::Outbound, source(1)), ..made(&pair, 1, later) };
    let scope = pair.world.scope();
    let moved = scope.record_touch(&letter, &calendar(), pair.world.now).await.unwrap();
    assert_eq!(moved, Transition::Moved);
    assert_eq!(touches::Entity::find().all(&test.db).await.unwrap().len(), 2);
}

async fn an_older_touch_changes_no_clock(test: TestDb) {
    let pair = pair(&test).await;
    let newest = at("2026-03-02T15:20:00Z");
    touch(&pair, 1, Some(pair.contact), newest).await;
    let before = stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await;
    for (number, when) in [(2, newest), (3, newest - TimeDelta::milliseconds(1))] {
        let kept = touch(&pair, number, Some(pair.contact), when).await;
        assert_eq!(kept, Transition::Moved, "it is on record all the same");
        let clock = stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await;
        assert_eq!(clock, before, "{when}");
    }
    assert_eq!(touches::Entity::find().all(&test.db).await.unwrap().len(), 3);
}

async fn touches_of_thirty_days_are_counted(test: TestDb) {
    let pair = pair(&test).await;
    let other = pair.world.contact("P2", pair.client).await;
    let last = at("2026-03-02T12:00:00Z");
    let days_before = [60, 31, 30, 29, 10];
    for (number, days) in (1..).zip(days_before) {
        touch(&pair, number, Some(pair.contact), last - TimeDelta::days(days)).await;
    }
    touch(&pair, 50, Some(other), last - TimeDelta::days(1)).await;
    touch(&pair, 51, Some(pair.contact), last).await;
    let contact = stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await;
    assert_eq!(contact.touch_count_30d, 3, "29 and 10 days before, and the last one");
    let account = stored(&pair, ClockOwner::Account, pair.client.uuid()).await;
    assert_eq!(account.touch_count_30d, 4, "the other person counts for the account");
}

async fn a_touch_fires_once_in_an_epoch(test: TestDb) {
    let pair = pair(&test).await;
    let (scope, now) = (pair.world.scope(), pair.world.now);
    assert_eq!(due(&pair, now).await, [pair.contact]);
    assert_eq!(scope.mark_fired(&[(pair.contact, 0)], now).await.unwrap(), Transition::Moved);
    assert!(due(&pair, now).await.is_empty(), "it has fired");
    assert_eq!(
        scope.mark_fired(&[(pair.contact, 0)], now).await.unwrap(),
        Transition::AlreadyThere
    );
    let found = scope.find_clock(ClockOwner::Contact, pair.contact.uuid()).await.unwrap();
    assert!(found.unwrap().is_fired);

    // A touch opens the next epoch, in which it is due again in its time.
    touch(&pair, 1, Some(pair.contact), now).await;
    let clock = stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await;
    assert!(clock.is_open);
    assert!(due(&pair, clock.next_touch_due - TimeDelta::microseconds(1)).await.is_empty());
    assert_eq!(due(&pair, clock.next_touch_due).await, [pair.contact]);
    // What was proposed in an earlier epoch fires nothing now.
    scope.mark_fired(&[(pair.contact, 0)], now).await.unwrap();
    assert_eq!(due(&pair, clock.next_touch_due).await, [pair.contact]);
}

async fn a_clock_can_be_armed_again(test: TestDb) {
    let pair = pair(&test).await;
    let (scope, now) = (pair.world.scope(), pair.world.now);
    scope.mark_fired(&[(pair.contact, 0)], now).await.unwrap();
    let next_week = now + TimeDelta::days(7);
    let moved = scope.mark_rearmed(pair.contact, 0, next_week, now).await.unwrap();
    assert_eq!(moved, Transition::Moved);
    let again = scope.mark_rearmed(pair.contact, 0, now, now).await.unwrap();
    assert_eq!(again, Transition::Lost, "its epoch has passed");
    assert!(due(&pair, next_week - TimeDelta::seconds(1)).await.is_empty());
    assert_eq!(due(&pair, next_week).await, [pair.contact]);

    // Nobody can be reached there meanwhile: armed, and yet not open.
    unreachable(&pair, Some(Unreachable::Suppressed)).await;
    scope.mark_rearmed(pair.contact, 1, now, now).await.unwrap();
    assert!(due(&pair, next_week).await.is_empty());
    unreachable(&pair, None).await;
    assert_eq!(due(&pair, now).await, [pair.contact]);
}

async fn a_rest_puts_a_touch_off_and_the_longer_one_holds(test: TestDb) {
    let pair = pair(&test).await;
    let (scope, now) = (pair.world.scope(), pair.world.now);
    let until = now + TimeDelta::days(10);
    let pause = async |until| scope.mark_paused(pair.contact, until, "absent", now).await.unwrap();
    assert_eq!(pause(until).await, Transition::Moved);
    assert_eq!(pause(until).await, Transition::AlreadyThere);
    assert_eq!(pause(now).await, Transition::AlreadyThere, "a shorter rest changes nothing");
    assert!(due(&pair, until - TimeDelta::microseconds(1)).await.is_empty());
    assert_eq!(due(&pair, until).await, [pair.contact]);

    let longer = until + TimeDelta::days(30);
    assert_eq!(pause(longer).await, Transition::Moved);
    let clock = stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await;
    assert_eq!((clock.paused_until, clock.next_touch_due), (Some(longer), longer));
    // A touch ends no rest, and neither does arming the clock again.
    touch(&pair, 1, Some(pair.contact), now).await;
    let clock = stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await;
    assert_eq!((clock.paused_until, clock.next_touch_due), (Some(longer), longer));
    scope.mark_rearmed(pair.contact, 1, now, now).await.unwrap();
    assert!(due(&pair, longer - TimeDelta::microseconds(1)).await.is_empty());
    let after = longer + TimeDelta::days(1);
    scope.mark_rearmed(pair.contact, 2, after, now).await.unwrap();
    assert!(due(&pair, longer).await.is_empty(), "later than the rest is later");
    assert_eq!(due(&pair, after).await, [pair.contact]);
}

async fn a_rest_can_be_ended(test: TestDb) {
    let pair = pair(&test).await;
    let (scope, now) = (pair.world.scope(), pair.world.now);
    let calendar = calendar();
    let resume = async || scope.mark_resumed(pair.contact, &calendar, now).await.unwrap();
    assert_eq!(resume().await, Transition::AlreadyThere);
    let until = now + TimeDelta::days(90);
    scope.mark_paused(pair.contact, until, "absent", now).await.unwrap();
    assert_eq!(resume().await, Transition::Moved);
    let clock = stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await;
    assert_eq!((clock.paused_until, clock.pause_reason), (None, None));
    assert_eq!(clock.next_touch_due, Timestamp::UNIX_EPOCH, "never touched");

    let touched_at = now - TimeDelta::days(3);
    touch(&pair, 1, Some(pair.contact), touched_at).await;
    scope.mark_paused(pair.contact, until, "absent", now).await.unwrap();
    resume().await;
    let clock = stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await;
    assert_eq!(clock.next_touch_due, next_touch_due(Some(touched_at), &calendar));
}

async fn a_person_who_changes_companies_takes_the_clock_along(test: TestDb) {
    let pair = pair(&test).await;
    touch(&pair, 1, Some(pair.contact), pair.world.now).await;
    let elsewhere = pair.world.client("C2").await;
    let moved = rows::contact("P1", elsewhere);
    assert_eq!(pair.world.contact_row(&moved).await, pair.contact);
    let clock = stored(&pair, ClockOwner::Contact, pair.contact.uuid()).await;
    assert_eq!(clock.client_id, Some(elsewhere.uuid()));
    assert_eq!((clock.last_touch_at, clock.epoch), (Some(pair.world.now), 1), "it goes on");
}

async fn pair(test: &TestDb) -> Pair<'_> {
    let world = World::new(test, "north").await;
    let client = world.client("C1").await;
    let contact = world.contact("P1", client).await;
    Pair { world, client, contact }
}

fn source(number: u64) -> Uuid {
    domain::id::uuid_v7(number, [9; 10])
}

fn made<'a>(pair: &Pair<'_>, number: u64, when: Timestamp) -> Touch<'a> {
    Touch {
        contact: Some(pair.contact),
        client: pair.client,
        at: when,
        kind: TouchKind::Email,
        by: "agent",
        source: (TouchSource::Message, source(number)),
    }
}

async fn touch(
    pair: &Pair<'_>,
    number: u64,
    contact: Option<ContactId>,
    when: Timestamp,
) -> Transition {
    let touch = Touch { contact, ..made(pair, number, when) };
    pair.world.scope().record_touch(&touch, &calendar(), pair.world.now).await.unwrap()
}

async fn unreachable(pair: &Pair<'_>, unreachable: Option<Unreachable>) {
    let owner = ClockOwner::Contact;
    let update = StandingUpdate { owner, entity: pair.contact.uuid(), points: 0, unreachable };
    let now = pair.world.now;
    pair.world.scope().mark_standing(&[pair.client], &[update], now).await.unwrap();
}

async fn due(pair: &Pair<'_>, now: Timestamp) -> Vec<ContactId> {
    let found = pair.world.scope().select_next_contacts_to_touch(now, 10).await.unwrap();
    found.into_iter().map(|it| it.contact).collect()
}

async fn stored(pair: &Pair<'_>, owner: ClockOwner, entity: Uuid) -> clocks::Model {
    clocks::Entity::find()
        .filter(clocks::Column::EntityType.eq(owner.as_str()))
        .filter(clocks::Column::EntityId.eq(entity))
        .one(&pair.world.test.db)
        .await
        .unwrap()
        .unwrap()
}
