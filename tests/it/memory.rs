//! Memories: beliefs that are held once and judged once, patterns that are renewed, and their end.

use chrono::TimeDelta;
use domain::{
    cycle::{Hypothesis, HypothesisState, Prediction, judge},
    engagement::TouchKind,
    id::RunId,
    order::FaultCode,
    record::{OrderStatus, TouchSource},
    time::Timestamp,
};
use entity::memories;
use sea_orm::{EntityTrait, QueryOrder};
use store::{engagement::Touch, import::OrderRow, memory::Pattern, order::CheckedOrder};
use testkit::{
    database::TestDb,
    rows::{self, at, day},
    world::{World, calendar},
};

use crate::full::{fault, verdict};

on_both!(
    a_belief_is_held_once_until_it_is_judged,
    a_belief_is_judged_once,
    a_pattern_is_renewed,
    memories_end_with_their_time,
    an_order_after_the_belief_is_seen,
    a_buyers_word_after_the_belief_is_seen,
    a_price_that_is_named_again_is_seen,
);

async fn a_belief_is_held_once_until_it_is_judged(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (run, scope) = (world.run(None).await, world.scope());
    let belief = order_from(&world).await;
    let other = Hypothesis {
        prediction: Prediction::SignalOn { deal: domain::id::Id::from_uuid(world.tenant.uuid()) },
        ..belief.clone()
    };
    let kept = scope.insert_hypotheses(run, &[belief.clone(), other.clone()], world.now).await;
    assert_eq!(kept.unwrap(), [belief.key(), other.key()]);

    // Believing it again in the same batch or a later one changes nothing.
    let later = world.in_hours(5);
    let again = Hypothesis { because: "again".to_owned(), ..belief.clone() };
    let kept = scope.insert_hypotheses(run, &[again.clone(), again.clone()], later).await;
    assert!(kept.unwrap().is_empty());
    let open = scope.list_open_hypotheses(10).await.unwrap();
    assert_eq!(open.iter().map(|it| &it.hypothesis).collect::<Vec<_>>(), [&belief, &other]);
    assert_eq!(open[0].key, belief.key());
    assert_eq!(scope.list_open_hypotheses(1).await.unwrap().len(), 1);

    // Once judged, the same belief may be held anew.
    scope.mark_judged(open[0].id, HypothesisState::Dropped, later).await.unwrap();
    assert_eq!(scope.list_open_hypotheses(10).await.unwrap().len(), 1);
    let kept = scope.insert_hypotheses(run, std::slice::from_ref(&again), later).await.unwrap();
    assert_eq!(kept, [belief.key()]);
    let open = scope.list_open_hypotheses(10).await.unwrap();
    assert!(open.iter().any(|it| it.hypothesis == again));
    assert_eq!(stored(&test).await.len(), 2, "a key has one row");
}

async fn a_belief_is_judged_once(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (run, scope) = (world.run(None).await, world.scope());
    let belief = order_from(&world).await;
    scope.insert_hypotheses(run, &[belief], world.now).await.unwrap();
    let id = scope.list_open_hypotheses(1).await.unwrap()[0].id;

    scope.mark_judged(id, HypothesisState::Active, world.in_hours(1)).await.unwrap();
    assert_eq!(stored(&test).await[0].confidence_bp, 5_000, "nobody knows yet");
    scope.mark_judged(id, HypothesisState::Confirmed, world.in_hours(2)).await.unwrap();
    scope.mark_judged(id, HypothesisState::Dropped, world.in_hours(3)).await.unwrap();
    let row = stored(&test).await.remove(0);
    assert_eq!((row.status.as_str(), row.confidence_bp), ("confirmed", 9_000));
    assert_eq!(row.updated_at, world.in_hours(2));
}

async fn a_pattern_is_renewed(test: TestDb) {
    let world = World::new(&test, "north").await;
    let scope = world.scope();
    let (first, second) = (world.run(None).await, world.run(None).await);
    for (run, hour) in [(first, 1), (second, 2)] {
        pattern(&world, run, "pattern:quote_lost:price", hour).await;
    }
    let rows = stored(&test).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].run_id, Some(second.uuid()));
    assert_eq!(rows[0].evidence, serde_json::json!([2]));
    assert_eq!((rows[0].created_at, rows[0].updated_at), (world.in_hours(1), world.in_hours(2)));
    assert_eq!(rows[0].expires_at, world.in_hours(2) + TimeDelta::days(180));

    // What had expired is alive again when it is seen again.
    let end = rows[0].expires_at;
    assert_eq!(scope.expire_memories(end).await.unwrap(), 1);
    pattern(&world, first, "pattern:quote_lost:price", 3).await;
    assert_eq!(stored(&test).await[0].status, "active");
}

async fn memories_end_with_their_time(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (run, scope) = (world.run(None).await, world.scope());
    let south = World::new(&test, "south").await;
    let theirs = south.run(None).await;
    for (key, hour) in [("a", 1), ("b", 2), ("c", 3)] {
        pattern(&world, run, key, hour).await;
        pattern(&south, theirs, key, hour).await;
    }
    let end = world.in_hours(2) + TimeDelta::days(180);
    let just_before = end - TimeDelta::microseconds(1);
    assert_eq!(scope.expire_memories(just_before).await.unwrap(), 1);
    assert_eq!(scope.expire_memories(end).await.unwrap(), 1, "at the very moment");
    assert_eq!(scope.expire_memories(end).await.unwrap(), 0, "once");
    let active = stored(&test).await.iter().filter(|row| row.status == "active").count();
    assert_eq!(active, 1 + 3, "and nobody else's");

    // A belief outlives its own end, so that people can see what became of it.
    let belief = order_from(&world).await;
    let until = belief.until;
    scope.insert_hypotheses(run, &[belief], world.now).await.unwrap();
    assert_eq!(scope.expire_memories(until + TimeDelta::days(29)).await.unwrap(), 1, "`c` alone");
    assert_eq!(scope.list_open_hypotheses(10).await.unwrap().len(), 1);
    assert_eq!(scope.expire_memories(until + TimeDelta::days(30)).await.unwrap(), 1);
    assert!(scope.list_open_hypotheses(10).await.unwrap().is_empty());
}

async fn an_order_after_the_belief_is_seen(test: TestDb) {
    let world = World::new(&test, "north").await;
    let belief = order_from(&world).await;
    let Prediction::OrderFrom { client } = belief.prediction else { unreachable!() };
    let other = world.client("C2").await;
    let order = async |key: &str, client, on: &str| {
        let row = OrderRow { ordered_on: day(on), ..rows::order(key, client) };
        world.order(OrderStatus::New, &row).await;
    };
    order("the day itself", client, "2026-02-10").await;
    order("another's", other, "2026-02-20").await;
    order("ahead", client, "2026-03-04").await;
    assert_eq!(seen(&world, &belief, world.now).await, None);

    order("second", client, "2026-02-20").await;
    order("first", client, "2026-02-15").await;
    let at_its_day = calendar().start_of(day("2026-02-15"));
    assert_eq!(seen(&world, &belief, world.now).await, Some(at_its_day));
    let state = judge(&belief, Some(at_its_day), world.now);
    assert_eq!(state, HypothesisState::Confirmed);
}

async fn a_buyers_word_after_the_belief_is_seen(test: TestDb) {
    let world = World::new(&test, "north").await;
    let client = world.client("C1").await;
    let contact = world.contact("P1", client).await;
    let deal = world.deal("D1", client).await;
    let since = at("2026-03-01T10:00:00Z");
    let belief = Hypothesis {
        prediction: Prediction::SignalOn { deal },
        since,
        until: at("2026-03-15T10:00:00Z"),
        because: "a follow-up".to_owned(),
    };
    let other = world.client("C2").await;
    let touch = async |number: u64, client, contact, kind, at| {
        let source = (TouchSource::Message, domain::id::uuid_v7(number, [5; 10]));
        let touch = Touch { contact, client, at, kind, by: "contact", source };
        world.scope().record_touch(&touch, &calendar(), world.now).await.unwrap();
    };
    let hours = |hours| since + TimeDelta::hours(hours);
    let (inbound, ours) = (TouchKind::InboundEmail, TouchKind::Email);
    touch(1, client, Some(contact), inbound, since).await;
    touch(2, client, Some(contact), ours, hours(1)).await;
    touch(3, other, None, inbound, hours(1)).await;
    touch(4, client, Some(contact), inbound, world.in_hours(1)).await;
    // A message by itself is no touch: it may be a note of absence.
    world.message("M1", Some((client, contact)), hours(1)).await;
    assert_eq!(seen(&world, &belief, world.now).await, None, "ours, another's, or not in time");

    let answer = since + TimeDelta::microseconds(1);
    touch(5, client, Some(contact), inbound, hours(9)).await;
    touch(6, client, Some(contact), inbound, answer).await;
    assert_eq!(seen(&world, &belief, world.now).await, Some(answer));
}

async fn a_price_that_is_named_again_is_seen(test: TestDb) {
    let world = World::new(&test, "north").await;
    let (run, client) = (world.run(None).await, world.client("C1").await);
    let product = world.product("A-1").await;
    let belief = Hypothesis {
        prediction: Prediction::PriceAgain { product, unit_price_minor: 1_000 },
        since: world.in_hours(1),
        until: world.in_hours(24 * 60),
        because: "3 order lines".to_owned(),
    };
    let order = async |key: &str, code: FaultCode, hour: i64, price: i64| {
        let line =
            store::import::OrderLineRow { unit_price_minor: price, ..rows::line(1, product) };
        let row = OrderRow { lines: vec![line], ..rows::order(key, client) };
        let id = world.order(OrderStatus::New, &row).await;
        let verdict = verdict(&[fault(code, "lines[1].unit_price")]);
        let checked = CheckedOrder { id, from: OrderStatus::New, verdict };
        world.scope().mark_orders_checked(&[checked], run, world.in_hours(hour)).await.unwrap();
    };
    order("before", FaultCode::PriceMismatch, 1, 1_000).await;
    order("another fault", FaultCode::NoPrice, 2, 1_000).await;
    order("another price", FaultCode::PriceMismatch, 2, 1_001).await;
    order("ahead", FaultCode::PriceMismatch, 9, 1_000).await;
    let now = world.in_hours(8);
    assert_eq!(seen(&world, &belief, now).await, None);
    assert_eq!(seen(&world, &belief, world.in_hours(9)).await, Some(world.in_hours(9)));
    order("again", FaultCode::PriceMismatch, 2, 1_000).await;
    assert_eq!(seen(&world, &belief, now).await, Some(now));
}

async fn order_from(world: &World<'_>) -> Hypothesis {
    let client = world.client("C1").await;
    Hypothesis {
        prediction: Prediction::OrderFrom { client },
        since: at("2026-02-10T09:00:00Z"),
        until: at("2026-12-01T09:00:00Z"),
        because: "a letter went to an account whose orders had slowed".to_owned(),
    }
}

async fn seen(world: &World<'_>, belief: &Hypothesis, now: Timestamp) -> Option<Timestamp> {
    world.scope().find_seen(belief, &calendar(), now).await.unwrap()
}

async fn pattern(world: &World<'_>, run: RunId, key: &str, hour: i64) {
    let now = world.in_hours(hour);
    let pattern = Pattern {
        key,
        content: serde_json::json!({ "pattern": "quote_lost" }),
        evidence: serde_json::json!([hour]),
        expires_at: now + TimeDelta::days(180),
    };
    world.scope().upsert_pattern(run, &pattern, now).await.unwrap();
}

async fn stored(test: &TestDb) -> Vec<memories::Model> {
    memories::Entity::find().order_by_asc(memories::Column::Key).all(&test.db).await.unwrap()
}
