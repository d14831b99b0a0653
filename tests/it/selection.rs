//! Whom to touch next, against a plain model: every clock looked at, scored, sorted and cut.

use chrono::TimeDelta;
use domain::{
    engagement::{STANDING_POINTS_MAX, StandingPoints, TouchKind, stored_score},
    id::{ClientId, ContactId},
    record::{ClockOwner, TouchSource, Unreachable},
    time::Timestamp,
};
use entity::engagement_clocks as clocks;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use store::{
    engagement::{DueClock, Touch, sort_due},
    standing::StandingUpdate,
};
use testkit::{
    database::TestDb,
    rows,
    world::{World, calendar},
};

use crate::dice::Dice;

on_both!(
    the_selection_equals_a_plain_model_over_any_clocks,
    the_selection_equals_a_plain_model_after_any_history,
    ties_are_broken_by_the_bytes_of_the_key,
    clocks_of_one_level_beyond_the_limit_change_nothing,
);

/// The limits that are asked for: none, few, the default, more than there are.
const LIMITS: [u32; 6] = [0, 1, 3, 10, 61, 2_000];

/// Keys that a language would sort otherwise than their bytes.
const KEYS: [&str; 10] = ["a", "B", "b", "_b", "ä", "Z", "z", "10", "9", "é"];

async fn the_selection_equals_a_plain_model_over_any_clocks(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    people(&world, client, 400).await;
    // A neighbour's clocks are as due as ours.
    let south = World::new(&test, "south").await;
    let theirs = south.client("C1").await;
    people(&south, theirs, 50).await;

    let mut dice = Dice::new(3);
    for round in 0..4 {
        scatter(&world, &mut dice).await;
        for _ in 0..4 {
            let now = moment(&mut dice, world.now);
            compare(&world, now, &format!("round {round} at {now}")).await;
        }
    }
}

/// Puts every clock into any state that the store could have left it in.
async fn scatter(world: &World<'_>, dice: &mut Dice) {
    let dues: Vec<Timestamp> = (0..12).map(|_| moment(dice, world.now)).collect();
    for clock in clocks_of(world).await {
        let points = dice.below(i64::from(STANDING_POINTS_MAX) + 1);
        let is_never = dice.percent(30);
        let due = match (is_never, dice.percent(70)) {
            (true, true) => Timestamp::UNIX_EPOCH,
            // Many share a moment, so that keys have to decide.
            _ => dues[dice.index(dues.len())],
        };
        let epoch = dice.below(3);
        let fired = if dice.percent(25) { epoch } else { epoch - 1 };
        let unreachable = dice.percent(15).then_some("no_address");
        let is_open = unreachable.is_none() && fired != epoch;
        let last = (!is_never).then(|| due - TimeDelta::days(19));
        world
            .execute(
                "UPDATE engagement_clocks SET standing_points = $1, next_touch_due = $2, \
                 last_touch_at = $3, epoch = $4, fired_epoch = $5, unreachable_because = $6, \
                 is_open = $7 WHERE id = $8",
                [
                    points.into(),
                    due.into(),
                    last.into(),
                    epoch.into(),
                    fired.into(),
                    unreachable.into(),
                    is_open.into(),
                    clock.id.into(),
                ],
            )
            .await;
    }
}

async fn the_selection_equals_a_plain_model_after_any_history(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let contacts = people(&world, client, 60).await;
    let mut dice = Dice::new(5);
    let mut now = world.now - TimeDelta::days(60);
    for step in 0..400_u64 {
        now += TimeDelta::minutes(dice.below(400));
        let contact = contacts[dice.index(contacts.len())];
        happen(&world, client, contact, step, now, &mut dice).await;
        if step % 40 == 39 {
            assert_clocks_are_sound(&world, &format!("step {step}")).await;
            compare(&world, now, &format!("step {step}")).await;
            compare(&world, now + TimeDelta::days(25), &format!("long after step {step}")).await;
        }
    }
}

/// Lets one thing happen to one clock.
async fn happen(
    world: &World<'_>,
    client: ClientId,
    contact: ContactId,
    step: u64,
    now: Timestamp,
    dice: &mut Dice,
) {
    let scope = world.scope();
    let calendar = calendar();
    let clock = scope.find_clock(ClockOwner::Contact, contact.uuid()).await.unwrap().unwrap();
    match dice.below(6) {
        0 => {
            let source = test_uuid(step);
            let touch = Touch {
                contact: Some(contact),
                client,
                at: now - TimeDelta::days(dice.below(30)),
                kind: TouchKind::Email,
                by: "agent",
                source: (TouchSource::Outbound, source),
            };
            scope.record_touch(&touch, &calendar, now).await.unwrap();
        }
        1 => {
            scope.mark_fired(&[(contact, clock.state.epoch)], now).await.unwrap();
        }
        2 => {
            let at = now + TimeDelta::days(dice.below(8));
            scope.mark_rearmed(contact, clock.state.epoch, at, now).await.unwrap();
        }
        3 => {
            let until = now + TimeDelta::days(dice.below(20));
            scope.mark_paused(contact, until, "out of office", now).await.unwrap();
        }
        4 => {
            scope.mark_resumed(contact, &calendar, now).await.unwrap();
        }
        _ => {
            let points = i32::try_from(dice.below(4)).unwrap() * 20;
            let unreachable = dice.percent(30).then_some(Unreachable::NoAddress);
            let owner = ClockOwner::Contact;
            let update = StandingUpdate { owner, entity: contact.uuid(), points, unreachable };
            scope.mark_standing(&[client], &[update], now).await.unwrap();
        }
    }
}

async fn assert_clocks_are_sound(world: &World<'_>, when: &str) {
    for clock in clocks_of(world).await {
        let may_fire = clock.unreachable_because.is_none() && clock.fired_epoch != clock.epoch;
        assert_eq!(clock.is_open, may_fire, "{when}: {clock:?}");
        assert!(
            clock.paused_until.is_none_or(|until| until <= clock.next_touch_due),
            "{when}: it is due while it rests: {clock:?}"
        );
        assert!(clock.fired_epoch <= clock.epoch, "{when}: {clock:?}");
    }
}

async fn ties_are_broken_by_the_bytes_of_the_key(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let rows: Vec<_> = KEYS.iter().map(|key| rows::contact(key, client)).collect();
    world.scope().upsert_contacts(&world.origin(), &rows).await.unwrap();
    let mut expected = KEYS;
    expected.sort_unstable();
    for limit in [1, 3, 10] {
        let found = world.scope().select_next_contacts_to_touch(world.now, limit).await.unwrap();
        let keys: Vec<&str> = found.iter().map(|it| it.key.as_str()).collect();
        assert_eq!(keys, expected[..keys.len()], "limit {limit}");
        assert_eq!(keys.len(), limit as usize);
    }
}

async fn clocks_of_one_level_beyond_the_limit_change_nothing(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    people(&world, client, 30).await;
    // All share one level and one moment; one more, of a higher level, has been due for a minute.
    let late = world.contact("late", client).await;
    let update = StandingUpdate {
        owner: ClockOwner::Contact,
        entity: late.uuid(),
        points: STANDING_POINTS_MAX,
        unreachable: None,
    };
    world.scope().mark_standing(&[client], &[update], world.now).await.unwrap();
    let due = world.now - TimeDelta::minutes(1);
    world.scope().mark_rearmed(late, 0, due, world.now).await.unwrap();
    let found = world.scope().select_next_contacts_to_touch(world.now, 2).await.unwrap();
    assert_eq!(found[0].contact, late, "sixty points of standing against forty of waiting");
    compare(&world, world.now, "one level").await;
}

/// Holds the store's answer against a model that looks at every clock.
async fn compare(world: &World<'_>, now: Timestamp, when: &str) {
    let mut expected: Vec<DueClock> = clocks_of(world)
        .await
        .into_iter()
        .filter(|clock| clock.is_open && clock.next_touch_due <= now)
        .map(|clock| due_clock(clock, now))
        .collect();
    sort_due(&mut expected);
    for limit in LIMITS {
        let found = world.scope().select_next_contacts_to_touch(now, limit).await.unwrap();
        let cut = &expected[..expected.len().min(limit as usize)];
        assert_eq!(found, cut, "{when}, limit {limit}");
    }
}

fn due_clock(clock: clocks::Model, now: Timestamp) -> DueClock {
    let standing = StandingPoints::from(clock.standing_points);
    let is_never = clock.last_touch_at.is_none();
    DueClock {
        contact: ContactId::from_uuid(clock.entity_id),
        key: clock.entity_key,
        client: ClientId::from_uuid(clock.client_id.unwrap()),
        epoch: clock.epoch,
        due: clock.next_touch_due,
        last_touch_at: clock.last_touch_at,
        standing,
        score: stored_score(standing, clock.next_touch_due, is_never, now),
    }
}

async fn clocks_of(world: &World<'_>) -> Vec<clocks::Model> {
    clocks::Entity::find()
        .filter(clocks::Column::TenantId.eq(world.tenant.uuid()))
        .filter(clocks::Column::EntityType.eq("contact"))
        .all(&world.test.db)
        .await
        .unwrap()
}

/// People under keys of every kind.
async fn people(world: &World<'_>, client: ClientId, count: usize) -> Vec<ContactId> {
    let key = |n: usize| format!("{}{n}", KEYS[n % KEYS.len()]);
    let keys: Vec<String> = (0..count).map(key).collect();
    let rows: Vec<_> = keys.iter().map(|key| rows::contact(key, client)).collect();
    world.scope().upsert_contacts(&world.origin(), &rows).await.unwrap();
    let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
    let ids = world.scope().contact_ids("crm", &asked).await.unwrap();
    keys.iter().map(|key| ids[key]).collect()
}

/// Some moment within eight weeks, often with a fraction of a second.
fn moment(dice: &mut Dice, about: Timestamp) -> Timestamp {
    let micros = if dice.percent(50) { dice.below(1_000_000) } else { 0 };
    let seconds = dice.below(8 * 7 * 86_400) - 6 * 7 * 86_400;
    about + TimeDelta::seconds(seconds) + TimeDelta::microseconds(micros)
}

fn test_uuid(step: u64) -> sea_orm::prelude::Uuid {
    domain::id::uuid_v7(step, [7; 10])
}
