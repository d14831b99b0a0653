//! The outbound ledger: one intent for an action, one claim for an intent, one result for a claim.

use domain::{
    action::{ActionStatus, OutboundStatus},
    id::{ActionId, ClientId, ContactId, DecisionId, OutboundId},
    proposal::{LetterPayload, Payload},
    time::Timestamp,
};
use entity::outbound_messages as outbound;
use sea_orm::EntityTrait;
use store::{Transition, outbound::NewOutbound};
use testkit::{
    database::TestDb,
    world::{World, letter},
};

on_both!(
    an_action_has_one_intent,
    of_two_who_claim_at_once_one_gets_it,
    a_result_needs_a_claim_and_comes_once,
    a_claim_can_be_given_back_and_an_intent_withdrawn,
    what_left_is_counted_and_remembered,
);

/// An allowed letter, ready to be written down.
struct Desk<'d> {
    world: World<'d>,
    client: ClientId,
    contact: ContactId,
}

async fn an_action_has_one_intent(test: TestDb) {
    let desk = desk(&test).await;
    let (action, decision) = wish(&desk, "a").await;
    let scope = desk.world.scope();
    assert!(scope.find_outbound_of(action).await.unwrap().is_none());
    let first = intend(&desk, action, decision, "first words").await;
    let again = intend(&desk, action, decision, "other words").await;
    assert_eq!(first, again, "the intent that is there stays as it was written");
    let row = scope.find_outbound_of(action).await.unwrap().unwrap();
    assert_eq!((row.id, row.status, row.action), (first, OutboundStatus::Intended, action));
    assert_eq!((row.body.as_str(), row.to_address.as_str()), ("first words", "ada@buyer.example"));
    assert_eq!((row.contact, row.client, row.sent_at), (desk.contact, desk.client, None));
    assert!(row.touches_clock);
    assert_eq!(outbound::Entity::find().all(&test.db).await.unwrap().len(), 1);
}

async fn of_two_who_claim_at_once_one_gets_it(test: TestDb) {
    let desk = desk(&test).await;
    let (action, decision) = wish(&desk, "a").await;
    let id = intend(&desk, action, decision, "words").await;
    let elsewhere = test.open_another(8).await;
    let (here, there) = (desk.world.scope(), elsewhere.tenant(desk.world.tenant));
    let now = desk.world.now;
    let (one, two) = tokio::join!(
        here.mark_outbound_claimed(id, "a.example", now),
        there.mark_outbound_claimed(id, "b.example", now),
    );
    let mut answers = [one.unwrap(), two.unwrap()];
    answers.sort_by_key(|it| *it != Transition::Moved);
    assert_eq!(answers, [Transition::Moved, Transition::AlreadyThere]);
    let row = outbound::Entity::find().one(&test.db).await.unwrap().unwrap();
    assert!(row.claimed_by.is_some() && row.claimed_at == Some(now));
}

async fn a_result_needs_a_claim_and_comes_once(test: TestDb) {
    let desk = desk(&test).await;
    let (scope, now) = (desk.world.scope(), desk.world.now);
    let later = desk.world.in_hours(1);
    let results = [OutboundStatus::Sent, OutboundStatus::Failed, OutboundStatus::Unknown];
    for to in results {
        let (action, decision) = wish(&desk, to.as_str()).await;
        let id = intend(&desk, action, decision, "words").await;
        let result = async |to: OutboundStatus| {
            scope.mark_outbound_result(id, to, Some("1.eml"), Some("why"), later).await.unwrap()
        };
        assert_eq!(result(to).await, Transition::Lost, "nobody claimed it");
        scope.mark_outbound_claimed(id, "a.example", now).await.unwrap();
        assert_eq!(result(to).await, Transition::Moved);
        assert_eq!(result(to).await, Transition::AlreadyThere);
        for other in results.into_iter().filter(|other| *other != to) {
            assert_eq!(result(other).await, Transition::Lost, "{to} stays {to}");
        }
        let claimed = scope.mark_outbound_claimed(id, "b.example", now).await.unwrap();
        assert_eq!(claimed, Transition::Lost, "it is never sent again");
        let row = scope.find_outbound_of(action).await.unwrap().unwrap();
        assert_eq!(row.status, to);
        assert_eq!(row.sent_at, (to == OutboundStatus::Sent).then_some(later), "{to}");
    }
}

async fn a_claim_can_be_given_back_and_an_intent_withdrawn(test: TestDb) {
    let desk = desk(&test).await;
    let (scope, now) = (desk.world.scope(), desk.world.now);
    let (action, decision) = wish(&desk, "a").await;
    let id = intend(&desk, action, decision, "words").await;
    let status = async || scope.find_outbound_of(action).await.unwrap().unwrap().status;

    let given_back = scope.mark_outbound_released(id).await.unwrap();
    assert_eq!(given_back, Transition::AlreadyThere, "nobody had claimed it");
    scope.mark_outbound_claimed(id, "a.example", now).await.unwrap();
    assert_eq!(scope.mark_outbound_released(id).await.unwrap(), Transition::Moved);
    assert_eq!(status().await, OutboundStatus::Intended);
    let again = scope.mark_outbound_claimed(id, "b.example", now).await.unwrap();
    assert_eq!(again, Transition::Moved, "the next worker gets it");
    scope.mark_outbound_withdrawn(action, "the client has left").await.unwrap();
    assert_eq!(status().await, OutboundStatus::Claimed, "what is claimed may have left");

    scope.mark_outbound_released(id).await.unwrap();
    scope.mark_outbound_withdrawn(action, "the client has left").await.unwrap();
    assert_eq!(status().await, OutboundStatus::Failed);
    let claimed = scope.mark_outbound_claimed(id, "a.example", now).await.unwrap();
    assert_eq!(claimed, Transition::Lost);
    assert_eq!(scope.mark_outbound_released(id).await.unwrap(), Transition::Lost);
}

async fn what_left_is_counted_and_remembered(test: TestDb) {
    let desk = desk(&test).await;
    let (world, scope) = (&desk.world, desk.world.scope());
    let sent = Some(OutboundStatus::Sent);
    for (key, claimed, result, hour) in [
        ("a", 1, sent, 2),
        ("b", 3, sent, 4),
        ("failed", 9, Some(OutboundStatus::Failed), 10),
        ("intended", 0, None, 0),
    ] {
        let (action, decision) = wish(&desk, key).await;
        let id = intend(&desk, action, decision, key).await;
        let Some(to) = result else { continue };
        scope.mark_outbound_claimed(id, "a.example", world.in_hours(claimed)).await.unwrap();
        scope.mark_outbound_result(id, to, None, None, world.in_hours(hour)).await.unwrap();
    }
    assert_eq!(counted(&desk).await, [2, 2, 1, 1, 0, 0]);
    assert_eq!(last_letter(&desk).await, Some(world.in_hours(4)));
    let before = last_letter_at(&desk, world.in_hours(3)).await;
    assert!(before < Some(world.in_hours(4)), "a rehearsal of an earlier moment: {before:?}");

    // Of what was handed over and not answered for, nobody knows that it did not leave.
    for (key, hour, result) in [("claimed", 5, None), ("unknown", 5, Some(OutboundStatus::Unknown))]
    {
        let (action, decision) = wish(&desk, key).await;
        let id = intend(&desk, action, decision, key).await;
        scope.mark_outbound_claimed(id, "a.example", world.in_hours(hour)).await.unwrap();
        let Some(to) = result else { continue };
        scope.mark_outbound_result(id, to, None, None, world.in_hours(hour)).await.unwrap();
    }
    assert_eq!(counted(&desk).await, [4, 4, 3, 3, 2, 0]);
    assert_eq!(last_letter(&desk).await, Some(world.in_hours(5)));
    assert_eq!(scope.list_outbound(3).await.unwrap().len(), 3);
}

/// How many letters left after each of the first hours.
async fn counted(desk: &Desk<'_>) -> [u32; 6] {
    let mut counts = [0; 6];
    for (hour, count) in (0..).zip(&mut counts) {
        let since = desk.world.in_hours(hour);
        *count = desk.world.scope().count_sent_since(since).await.unwrap();
    }
    counts
}

async fn last_letter(desk: &Desk<'_>) -> Option<Timestamp> {
    last_letter_at(desk, desk.world.in_hours(1_000)).await
}

async fn last_letter_at(desk: &Desk<'_>, now: Timestamp) -> Option<Timestamp> {
    let people = desk.world.scope().load_people(&[desk.contact], now, Some(now)).await.unwrap();
    people[&desk.contact].last_letter_at
}

async fn desk(test: &TestDb) -> Desk<'_> {
    let world = World::new(test, "north").await;
    let client = world.client("C1").await;
    let contact = world.contact("P1", client).await;
    Desk { world, client, contact }
}

/// An action with the decision that allows it.
async fn wish(desk: &Desk<'_>, key: &str) -> (ActionId, DecisionId) {
    let world = &desk.world;
    let run = world.run(None).await;
    let wish = letter(desk.client, desk.contact, key);
    let action = world.actions(run, ActionStatus::Executing, &[wish]).await[0];
    (action, world.decision_of(action).await)
}

async fn intend(desk: &Desk<'_>, action: ActionId, decision: DecisionId, body: &str) -> OutboundId {
    let Payload::Letter(letter) = letter(desk.client, desk.contact, "any").payload else {
        unreachable!("a letter has a letter's payload")
    };
    let letter = LetterPayload { body: body.to_owned(), ..letter };
    let new = NewOutbound {
        action,
        decision,
        client: desk.client,
        letter: &letter,
        transport: "file",
        touches_clock: true,
    };
    desk.world.scope().insert_outbound(&[new], desk.world.now).await.unwrap()[0].id
}
